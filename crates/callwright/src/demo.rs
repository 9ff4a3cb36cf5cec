//! `callwright demo`: two recorded callers, real SIP calls over loopback, and proof of what came of them.
//!
//! The first caller's flight was cancelled; the agent rebooks it. The second wants a person and is put through to one. All
//! figures come from the callers' side: what they heard, sample by sample. The exit code says whether the booking really
//! changed in the airline's database, whether the confirmation was spoken after the receipts, and whether the second caller
//! and the human really heard each other.

mod story;
mod systems;
mod terminal;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use callwright_loadtest::{
    CallReport, Callee, CalleeConfig, LoadConfig, LoadReport, Observer, PartyEvent, Spread, run as place,
};
use serde::Serialize;
use tokio::sync::broadcast::error::RecvError;

use crate::cli::Demo;
use crate::gateway::{Gateway, install_metrics};
use crate::lines::Lines;
use crate::load::{open, save, scenario};
use crate::serve::all;
use story::Story;
pub use systems::Systems;
pub use terminal::Terminal;

/// Everything that the demo found out. Latencies in seconds.
#[derive(Debug, Serialize)]
pub struct Report {
    /// All of the below is as it should be.
    ok: bool,
    /// Who listened.
    recogniser: String,
    /// From the end of the caller's speech to the agent's first sound, at the caller's ear.
    response_latency_s: Spread,
    /// From the start of an interruption to the agent's silence, at the caller's ear.
    yield_latency_s: Spread,
    /// The booking is another one in the airline's database.
    booking_changed: bool,
    /// The claim's first sound came after the last receipt, and the caller heard it to its end.
    confirmed_after_receipts: bool,
    /// Caller and human heard each other.
    bridged_to_human: bool,
    /// What changed in the airline's database, a line for each row.
    changes: Vec<String>,
    /// The callers' own reports.
    calls: Vec<CallReport>,
    /// The human's.
    human: Option<CallReport>,
}

/// Runs the demo.
///
/// # Errors
/// When a part cannot start; what goes wrong in the calls is told by the exit code.
pub async fn run(args: Demo) -> Result<ExitCode> {
    let terminal = Terminal::new();
    let file = open(args.report.as_deref())?;
    let systems = Systems::start().await?;
    systems.fail(args.fault)?;
    let quiet: Arc<dyn Observer> = Arc::new(|_: PartyEvent| {});
    let desk = CalleeConfig { wav_dir: args.wav.clone(), ..CalleeConfig::new("desk", fixture("desk.yaml")?) };
    let desk = Callee::start(desk, quiet).await?;
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut config = systems.config(any, any, any, Some(desk.address()))?;
    config.speech.models.clone_from(&args.models);
    let lines = Lines::load(&config).map_err(all)?;
    let gateway = Gateway::start(config, lines, install_metrics()?).await?;
    let recogniser = gateway.recogniser();
    terminal.heading(&gateway, &desk.address());

    let before = systems.airline.snapshot()?;
    terminal.title("A flight was cancelled overnight; the caller wants another one.");
    let (first, story) = call(&gateway, &terminal, "rebook.yaml", args.wav.as_deref()).await?;
    let changes = systems.airline.snapshot()?.changes_since(&before);

    terminal.title("Another caller wants to talk to a person.");
    let (second, transfer) = call(&gateway, &terminal, "person.yaml", args.wav.as_deref()).await?;
    let human = if transfer.bridged {
        tokio::time::timeout(DESK_HANGS_UP, desk.next_report()).await.ok().flatten()
    } else {
        None
    };

    let calls: Vec<CallReport> = first.calls.into_iter().chain(second.calls).collect();
    let turns = || calls.iter().flat_map(|call| &call.turns);
    let mut report = Report {
        ok: false,
        recogniser: recogniser.engine,
        response_latency_s: Spread::of(turns().filter_map(|turn| turn.response_latency_s)),
        yield_latency_s: Spread::of(turns().filter_map(|turn| turn.yield_latency_s)),
        booking_changed: changes.iter().any(|change| change.starts_with("bookings K7M4X2:")),
        confirmed_after_receipts: story.confirmed_after_receipts(),
        bridged_to_human: transfer.bridged && human.as_ref().is_some_and(heard_after_speaking),
        changes,
        human,
        calls,
    };
    report.ok = report.booking_changed && report.confirmed_after_receipts && report.bridged_to_human;
    terminal.result(&report);

    gateway.shutdown(Duration::from_secs(2), std::future::pending()).await;
    desk.shutdown().await;
    systems.shutdown().await;
    save(&report, file)?;
    Ok(if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Places one recorded call and tells what happens in it, from both sides, while it happens.
async fn call(
    gateway: &Gateway,
    terminal: &Terminal,
    script: &str,
    wav: Option<&Path>,
) -> Result<(LoadReport, Story)> {
    let mut told = gateway.follow();
    let (heard, mut party) = tokio::sync::mpsc::unbounded_channel();
    let observer: Arc<dyn Observer> = Arc::new(move |event: PartyEvent| drop(heard.send(event)));
    let name = Path::new(script).file_stem().unwrap_or_default();
    let to = format!("sip:airline@{}", gateway.sip_address());
    terminal.dials(&to);
    let config = LoadConfig {
        calls: 1,
        concurrent: 1,
        wav_dir: wav.map(|folder| folder.join(name)),
        ..LoadConfig::new(to, fixture(script)?)
    };
    let placed = place(config, observer, |_| {});
    tokio::pin!(placed);
    let mut story = Story::default();
    let mut result = None;
    loop {
        tokio::select! {
            Some(event) = party.recv() => terminal.party(&event),
            event = told.recv() => match event {
                Ok(happening) => {
                    terminal.told(&happening);
                    story.take(&happening);
                }
                Err(RecvError::Lagged(missed)) => anyhow::bail!("{missed} happenings were missed"),
                Err(RecvError::Closed) => break,
            },
            report = &mut placed, if result.is_none() => result = Some(report?),
        }
        if result.is_some() && story.over {
            break;
        }
    }
    Ok((result.context("the call was not placed")?, story))
}

/// The human spoke to the caller and heard an answer: sound went both ways through the bridge.
fn heard_after_speaking(human: &CallReport) -> bool {
    let spoke = human.turns.iter().find(|turn| turn.name.contains("desk-hello"));
    spoke.is_some_and(|turn| human.heard_s.iter().any(|(start, _)| *start > turn.end_s))
}

fn fixture(name: &str) -> Result<Arc<callwright_loadtest::Scenario>> {
    scenario(&PathBuf::from("audio-fixtures/scenarios").join(name))
}

/// The desk says goodbye and hangs up soon after the caller; longer means that it does not.
const DESK_HANGS_UP: Duration = Duration::from_secs(20);
