//! What the floor decides about a recorded call: `cargo run -p callwright-tests --example floor -- call-1.wav`
//!
//! Takes a stereo recording as `callwright load` writes it (caller left, agent right), sends the caller's side through a leg as
//! G.711, has the leg say the agent's side where it sounded, and prints each decision with its time in seconds. Words are not
//! recognised, so what only words can tell is decided by length.
#![expect(clippy::print_stdout, reason = "it is a tool")]

use std::path::Path;

use callwright_tests::{Decision, replay_floor};

fn main() {
    for file in std::env::args().skip(1) {
        let file = Path::new(&file);
        match replay_floor(file) {
            Ok(decisions) => {
                for Decision { at_ms, what } in decisions {
                    println!("{}.{:03}  {what}", at_ms / 1_000, at_ms % 1_000);
                }
            }
            Err(why) => println!("{}: {why}", file.display()),
        }
    }
}
