//! `callwright load` and `callwright call`: scripted callers against any SIP address.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use callwright_loadtest::{
    LoadConfig, LoadReport, NoObserver, Observer, Outcome, PartyEvent, PartyFact, Progress, Scenario, run,
};
use callwright_model::Codec;

use crate::cli::{Call, Load};
use crate::serve::all;

/// Places many calls.
///
/// # Errors
/// When the scenario is faulty or no call can be placed at all.
#[expect(clippy::print_stdout, reason = "a command's answer")]
pub async fn load(args: Load) -> Result<ExitCode> {
    let file = args.part.scenario.as_deref().context("a scenario is needed")?;
    let config = LoadConfig {
        calls: args.calls as u64,
        concurrent: args.concurrent as u64,
        rate: args.rate,
        wav_dir: args.wav,
        codecs: vec![codec(&args.codec)?],
        ..LoadConfig::new(args.to, scenario(file)?)
    };
    let report = run(config, Arc::new(NoObserver), show).await?;
    finish_line();
    print!("{report}");
    save(&report, args.report.as_deref())?;
    Ok(verdict(&report))
}

/// Places one call and prints what happens in it.
///
/// # Errors
/// When the scenario is faulty or the call cannot be placed at all.
#[expect(clippy::print_stdout, reason = "a command's answer")]
pub async fn call(args: Call) -> Result<ExitCode> {
    let config = LoadConfig {
        calls: 1,
        concurrent: 1,
        wav_dir: args.wav,
        codecs: vec![codec(&args.codec)?],
        ..LoadConfig::new(args.to, scenario(&args.scenario)?)
    };
    let observer: Arc<dyn Observer> = Arc::new(|event: PartyEvent| println!("{}", line(&event)));
    let report = run(config, observer, |_| {}).await?;
    print!("{report}");
    save(&report, args.report.as_deref())?;
    Ok(verdict(&report))
}

fn verdict(report: &LoadReport) -> ExitCode {
    if report.calls_completed == report.calls_placed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Reads a scenario with all its sounds.
///
/// # Errors
/// Every mistake in it.
pub fn scenario(path: &Path) -> Result<Arc<Scenario>> {
    Ok(Arc::new(Scenario::load(path).map_err(all)?))
}

/// The codec of a name.
///
/// # Errors
/// When there is none.
pub fn codec(name: &str) -> Result<Codec> {
    [Codec::Pcmu, Codec::Pcma, Codec::Opus]
        .into_iter()
        .find(|codec| codec.name().eq_ignore_ascii_case(name))
        .ok_or_else(|| anyhow!("there is no codec `{name}`: write pcmu, pcma or opus"))
}

fn save(report: &LoadReport, file: Option<&Path>) -> Result<()> {
    let Some(file) = file else { return Ok(()) };
    let json = serde_json::to_string_pretty(report)?;
    std::fs::write(file, json).with_context(|| format!("cannot write {}", file.display()))
}

/// What the caller's side notices, for people.
pub fn line(event: &PartyEvent) -> String {
    let what = match &event.fact {
        PartyFact::Ringing => "rings".to_owned(),
        PartyFact::Answered { setup } => format!("answered after {:.3} s", setup.as_secs_f64()),
        PartyFact::SayStarted { name, words, .. } => {
            format!("we say: {}", words.as_deref().unwrap_or(name))
        }
        PartyFact::SayEnded { .. } => "we have said it".to_owned(),
        PartyFact::Pressed { keys } => format!("we press {keys}"),
        PartyFact::HeardStart { response_latency: Some(latency) } => {
            format!("the other side speaks, {:.3} s after us", latency.as_secs_f64())
        }
        PartyFact::HeardStart { response_latency: None } => "the other side speaks".to_owned(),
        PartyFact::HeardStop { yield_latency: Some(latency) } => {
            format!("the other side is silent, {:.3} s after we cut in", latency.as_secs_f64())
        }
        PartyFact::HeardStop { yield_latency: None } => "the other side is silent".to_owned(),
        PartyFact::HeardKey { key } => format!("the other side pressed {key}"),
        PartyFact::Ended { outcome } => format!("over: {outcome}"),
    };
    format!("{:>8.3}  {what}", event.at.as_secs_f64())
}

fn show(progress: Progress) {
    if !std::io::stderr().is_terminal() {
        return;
    }
    let failed = match progress.ended {
        None | Some(Outcome::Completed) => String::new(),
        Some(outcome) => format!(", last one: {outcome}"),
    };
    // A terminal that went away changes nothing about the calls.
    drop(write!(
        std::io::stderr(),
        "\r{} of {} calls over, {} placed{failed} ",
        progress.over,
        progress.calls,
        progress.placed
    ));
}

fn finish_line() {
    if std::io::stderr().is_terminal() {
        drop(writeln!(std::io::stderr()));
    }
}
