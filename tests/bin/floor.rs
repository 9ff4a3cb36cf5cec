//! What the floor decides about a recorded call: `cargo run -p callwright-tests --bin floor -- call-1.wav`
//!
//! Takes a stereo recording as `callwright load` writes it (caller left, agent right), sends the caller's side through a leg as
//! G.711, has the leg say the agent's side where it sounded, and prints each decision with its time in seconds. Words are not
//! recognised, so what only words can tell is decided by length.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a tool")]

use std::path::Path;
use std::process::ExitCode;

use callwright_tests::replay_floor;

fn main() -> ExitCode {
    for file in std::env::args().skip(1) {
        match replay_floor(Path::new(&file)) {
            Ok(decisions) => decisions.iter().for_each(|decision| println!("{decision}")),
            Err(why) => {
                eprintln!("{file}: {why}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
