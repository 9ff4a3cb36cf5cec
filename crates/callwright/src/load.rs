//! `callwright load` and `callwright call`: scripted callers against any SIP address.

use std::fs::File;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use callwright_loadtest::{
    LoadConfig, LoadReport, NoObserver, Observer, Outcome, PartyEvent, PartyFact, Progress, Scenario, run,
};
use callwright_model::Codec;
use serde::Serialize;

use crate::cli::{Call, Load};
use crate::print::answer;
use crate::serve::all;

/// Places many calls.
///
/// # Errors
/// When the scenario is faulty or no call can be placed at all.
pub async fn load(args: Load) -> Result<ExitCode> {
    let file = open(args.report.as_deref())?;
    let walked = args.part.scenario.as_deref().context("a scenario is needed")?;
    let config = LoadConfig {
        calls: args.calls as u64,
        concurrent: args.concurrent as u64,
        rate: args.rate,
        wav_dir: args.wav,
        codecs: vec![codec(&args.codec)?],
        ..LoadConfig::new(args.to.context("`--to` says whom to call")?, scenario(walked)?)
    };
    let report = run(config, Arc::new(NoObserver), show).await?;
    finish_line();
    answer(format_args!("{report}"));
    save(&report, file)?;
    Ok(verdict(&report))
}

/// Places one call and prints what happens in it.
///
/// # Errors
/// When the scenario is faulty or the call cannot be placed at all.
pub async fn call(args: Call) -> Result<ExitCode> {
    let file = open(args.report.as_deref())?;
    let config = LoadConfig {
        calls: 1,
        concurrent: 1,
        wav_dir: args.wav,
        codecs: vec![codec(&args.codec)?],
        ..LoadConfig::new(args.to, scenario(&args.scenario)?)
    };
    answer!("calling {} for at most {} s", config.to, config.answer_time.as_secs());
    let observer: Arc<dyn Observer> = Arc::new(|event: PartyEvent| answer!("{}", line(&event)));
    let report = run(config, observer, |_| {}).await?;
    answer(format_args!("{report}"));
    save(&report, file)?;
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
    Codec::ALL
        .into_iter()
        .find(|codec| codec.name().eq_ignore_ascii_case(name))
        .ok_or_else(|| anyhow!("there is no codec `{name}`: write pcmu, pcma, g722 or opus"))
}

/// Opens the file that a report will go to, so that nobody waits for calls whose figures cannot be kept. What stands in it stays
/// until then.
///
/// # Errors
/// When it cannot be written.
pub fn open(file: Option<&Path>) -> Result<Option<ReportFile>> {
    let Some(path) = file else { return Ok(None) };
    let opened = File::options().write(true).create(true).truncate(false).open(path);
    let file = opened.with_context(|| format!("cannot write the report to {}", path.display()))?;
    Ok(Some(ReportFile { path: path.to_owned(), file }))
}

/// A file that is open for a report.
pub struct ReportFile {
    path: PathBuf,
    file: File,
}

/// Writes a report as JSON.
///
/// # Errors
/// When the disk does not take it.
pub fn save(report: &impl Serialize, file: Option<ReportFile>) -> Result<()> {
    let Some(ReportFile { path, mut file }) = file else { return Ok(()) };
    let json = serde_json::to_string_pretty(report)?;
    file.set_len(0)
        .and_then(|()| file.write_all(json.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))
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
