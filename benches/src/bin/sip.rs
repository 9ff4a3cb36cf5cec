//! What telephony costs, beside what is wanted of it: a table, and `target/bench/sip.json`.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use callwright_benches::report::{Figure, Machine, Report, at_least, at_most};
use callwright_benches::sip::{self, Calls, Gateway, Loaded, Sipp};
use callwright_model::Codec;
use clap::Parser;
use serde::Serialize;

/// The program's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures telephony on two cores: the first for what is measured, the second for the telephones around it.
#[derive(Debug, Parser)]
#[command(max_term_width = 100)]
struct Arguments {
    /// The program, built in release.
    #[arg(long, default_value = "target/release/callwright", value_name = "FILE")]
    callwright: PathBuf,
    /// Short calls for the soak; 0 leaves it out.
    #[arg(long, default_value_t = 20_000)]
    soak: u32,
    /// Where the figures go as JSON.
    #[arg(long, default_value = "target/bench/sip.json", value_name = "FILE")]
    out: PathBuf,
}

#[derive(Debug, Serialize)]
struct Loads {
    idle: Loaded,
    same_codec: Loaded,
    transcoded: Loaded,
    set_ups: Vec<Sipp>,
    soak: Option<Sipp>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    ensure!(Machine::this().cores >= 2, "two cores are needed: one is measured, the other telephones");
    let mut report = Report::begin();

    let idle = sip::idle(IDLE)?;
    let held = if idle.is_held() { idle.legs as f64 } else { 0.0 };
    report.tell(Figure::new("idle legs on one core, every packet in time", held, "", at_least(IDLE as f64)));
    report.tell(Figure::new("of that core they take", idle.share * 100.0, "%", None));
    report.tell(Figure::new("memory of a leg's media", idle.bytes_a_leg as f64 / 1e3, "kB", None));
    let (pairs, same_codec) = sip::most(Codec::Pcmu, Codec::Pcmu, PAIRS)?;
    report.tell(Figure::new("bridged pairs of G.711 on one core", pairs as f64, "", at_least(700.0)));
    let (pairs, transcoded) = sip::most(Codec::Pcmu, Codec::Opus, TRANSCODED)?;
    report.tell(Figure::new(
        "bridged pairs of G.711 and Opus on one core",
        pairs as f64,
        "",
        at_least(150.0),
    ));

    let gateway = Gateway::start(&arguments.callwright)?;
    // The first calls, so that none takes what an earlier one has left. Caches fill with them.
    report.tell(Figure::new("memory of a whole call", call_bytes(&gateway)? / 1e3, "kB", None));
    let set_ups = set_ups(&gateway)?;
    let most = set_ups.iter().rev().find(|calls| calls.is_held()).map_or(0, |calls| calls.rate);
    report.tell(Figure::new("set-ups a second of whole calls, one core", most.into(), "/s", at_least(300.0)));
    let first = set_ups.first().context("some rate was tried")?;
    let what = format!("from INVITE to 200 at {}/s, mean", first.rate);
    report.tell(Figure::new(&what, first.answer_ms, "ms", None));
    drop(gateway);
    let soak = match arguments.soak {
        0 => None,
        count => Some(soak(&arguments, count, &mut report)?),
    };

    report.write(&arguments.out, Loads { idle, same_codec, transcoded, set_ups, soak })
}

/// Ever more calls a second, until one of them goes wrong twice: a machine that stands still for a moment is not held against a rate.
fn set_ups(gateway: &Gateway) -> Result<Vec<Sipp>> {
    let mut tried: Vec<Sipp> = Vec::new();
    let mut rate = 100;
    while tried.last().is_none_or(Sipp::is_held) {
        let calls = Calls { count: rate * SECONDS, rate, length: SHORT };
        let made = calls.make(&gateway.sip)?;
        tried.push(if made.is_held() {
            made
        } else {
            std::thread::sleep(RECOVERY);
            calls.make(&gateway.sip)?
        });
        rate += 50;
    }
    Ok(tried)
}

/// What a call costs while the agent speaks to it and waits.
fn call_bytes(gateway: &Gateway) -> Result<f64> {
    let before = gateway.resident_bytes()?;
    let calls = Calls { count: HELD, rate: 100, length: Duration::from_secs(8) };
    let running = calls.begin(&gateway.sip)?;
    std::thread::sleep(Duration::from_secs(6));
    let with = gateway.resident_bytes()?;
    let made = running.wait()?;
    // Who was not taken, because the machine is too slow for so many at a time, costs nothing.
    ensure!(made.successful > 0, "no call was taken while memory was measured: {made:?}");
    Ok(with.saturating_sub(before) as f64 / made.successful as f64)
}

/// Many short calls: what is resident after them, beside what was when the first were forgotten, so that as many are remembered.
fn soak(arguments: &Arguments, count: u32, report: &mut Report) -> Result<Sipp> {
    let gateway = Gateway::start(&arguments.callwright)?;
    let calls = |count| Calls { count, rate: SOAK_RATE, length: SHORT };
    let first = REMEMBERED.min(count / 2);
    calls(first).make(&gateway.sip)?;
    let before = gateway.resident_bytes()? as f64;
    let made = calls(count - first).make(&gateway.sip)?;
    let after = gateway.resident_bytes()? as f64;
    report.tell(Figure::new(&format!("{count} short calls: failed"), made.failed as f64, "", at_most(0.0)));
    report.tell(Figure::new(&format!("resident after the first {first} of them"), before / 1e6, "MB", None));
    report.tell(Figure::new("after all of them, more by", (after / before - 1.0) * 100.0, "%", at_most(5.0)));
    Ok(made)
}

const IDLE: usize = 1_000;
/// From here on more are tried.
const PAIRS: usize = 500;
const TRANSCODED: usize = 100;
/// Each rate is kept for so long.
const SECONDS: u32 = 8;
const SHORT: Duration = Duration::from_millis(500);
const HELD: u32 = 200;
/// A gateway that had too much to do takes no calls for five seconds.
const RECOVERY: Duration = Duration::from_secs(6);
/// Calls in as long as a server keeps what it knows of one (RFC 3261, 64 times T1: 32 s), and a little.
const REMEMBERED: u32 = 6_000;
/// Well within what one core sets up.
const SOAK_RATE: u32 = 150;
