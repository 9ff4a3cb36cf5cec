//! `callwright load --duplex`: callers who play whole conversations over an impaired line and measure turn-taking.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use callwright_loadtest::Outcome;
use callwright_loadtest::duplex::{
    Conversation, DuplexConfig, DuplexProgress, DuplexReport, Profile, Sounds, run as place, simulate,
};
use callwright_model::{Language, Voice};
use callwright_speech::{RecogniserChoice, Speaker, SpeechConfig};
use tokio_util::sync::CancellationToken;

use crate::cli::Load;
use crate::load::codec;
use crate::print::answer;
use crate::rehearse::Stage;
use crate::serve::all;

/// Makes the sounds, places the calls and prints the figures.
///
/// # Errors
/// When profile, conversation or sounds are faulty, or no call can be placed at all.
pub async fn run(args: Load) -> Result<ExitCode> {
    let name = args.part.duplex.as_deref().unwrap_or("regular");
    let mut profile = Profile::find(name).map_err(|what| anyhow!(what))?;
    profile.echo = args.duplex.echo.or(profile.echo);
    let conversation = match &args.duplex.conversation {
        None => Conversation::airline(),
        Some(file) => Conversation::load(file),
    }
    .map_err(all)?;
    note(&format!("making the sounds of `{}` over `{}`", conversation.name, profile.name));
    let speaker = Speaker::new(&SpeechConfig::default())?;
    let (made, sounds_profile, seed) = (conversation.clone(), profile.clone(), args.duplex.seed);
    let folder = args.duplex.voices.clone();
    let sounds = tokio::task::spawn_blocking(move || {
        let speak = |text: &str, voice: &str| spoken(&speaker, text, voice);
        Sounds::make(&made, &sounds_profile, &speak, folder.as_deref(), seed)
    })
    .await?
    .map_err(|what| anyhow!(what))?;
    let config = DuplexConfig {
        to: args.to.unwrap_or_else(|| "rehearsal".to_owned()),
        profile,
        conversation: conversation.name,
        sounds: Arc::new(sounds),
        calls: args.calls as u64,
        concurrent: args.concurrent as u64,
        seed,
        wav_dir: args.wav,
        codec: codec(&args.codec)?,
    };
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            note("stopping: what has ended is summed up");
            stopping.cancel();
        }
    });
    let report = if args.duplex.rehearse {
        rehearse(config, stop.clone()).await?
    } else {
        place(config, stop.clone(), show).await?
    };
    answer(format_args!("{report}"));
    if let Some(file) = &args.report {
        let json = serde_json::to_string_pretty(&report)?;
        std::fs::write(file, json).with_context(|| format!("cannot write {}", file.display()))?;
    }
    let good = report.all_said_goodbye() && !stop.is_cancelled();
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Has the calls in virtual time, as many at a time as there are cores: how many does not change what happens in any.
async fn rehearse(config: DuplexConfig, stop: CancellationToken) -> Result<DuplexReport> {
    let stage = Stage::new(SpeechConfig {
        models_dir: Some("models".into()),
        recogniser: RecogniserChoice::Pocketsphinx,
        recogniser_threads: 1,
        synthesiser_threads: 1,
        ..SpeechConfig::default()
    });
    let concurrent = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let config = DuplexConfig { concurrent, ..config };
    let calls = move || simulate(config, &|number| stage.answer(number), &stop, &show);
    Ok(tokio::task::spawn_blocking(calls).await??)
}

/// A voice is one of flite's for English, such as `rms`, or begins with the language that espeak-ng is to speak in, such as
/// `de+f3`: that makes an accent.
fn spoken(speaker: &Speaker, text: &str, voice: &str) -> Result<Vec<i16>, String> {
    let language = voice.get(..2).filter(|_| voice.len() == 2 || voice[2..].starts_with(['+', '-']));
    let language = language.and_then(|code| code.parse().ok()).unwrap_or(Language::EN);
    speaker.render(text, language, &Voice(voice.to_owned())).map_err(|error| error.to_string())
}

fn show(progress: DuplexProgress) {
    let what = match progress.ended {
        Outcome::Completed => String::new(),
        outcome => format!(": {outcome}"),
    };
    note(&format!(
        "{:>6.0} s  {} of {} callers done, the last talked for {:.0} s{what}",
        progress.seconds, progress.over, progress.calls, progress.length_s
    ));
}

fn note(text: &str) {
    notice!("{text}");
}
