//! `callwright vcon`: a call as a vCon, the container of draft-ietf-vcon-vcon-core: who took part, what was said and heard, consents, and
//! the plans with their receipts. `callwright journey export --vcon` makes the same of a person's calls.

mod document;
#[cfg(test)]
mod draft;
mod told;

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow, bail};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use callwright_model::{CallId, PlanId, SAMPLE_RATE};
use callwright_recording::{Reading, Shelf};
use serde_json::Value as Json;
use sha2::{Digest as _, Sha512};

use crate::config::Config;
use crate::journey::journals;
use crate::serve::all;
use crate::{audit, cli};
pub(crate) use document::PlanTold;
use document::{Content, Sound, Source};
pub(crate) use told::Told;

/// Writes a call as a vCon.
///
/// # Errors
/// When there is no journal of the call, or something of it cannot be read.
pub async fn run(args: &cli::Vcon) -> Result<()> {
    if let Some(url) = args.sound_at.as_deref().filter(|url| !url.starts_with("https://")) {
        bail!(
            "--sound-at {url}: a vCon refers to what is had over HTTPS only; give an address that begins with https://"
        );
    }
    let config = Config::load(args.config()).map_err(all)?;
    let (call, folder) = (args.call, &config.journal.dir);
    let journal = journals(folder, call)?.pop();
    let journal = journal.with_context(|| format!("no journal of call {call} in {}", folder.display()))?;
    let told = Told::read(&journal).with_context(|| journal.display().to_string())?;
    let mut plans = Vec::new();
    for plan in told.plans() {
        match audit::story(&config.core, &PlanId(plan.clone())).await? {
            Some(story) => plans.push(of_story(&story)?),
            None => notice!("plan {plan} is left out: nothing is kept of it any more"),
        }
    }
    let sound = sound(&config, args)?;
    write(&document::of(&Source { call, told: &told, sound, plans, now_unix_ms: now() }), &args.output)?;
    answer!("{}", args.output.display());
    Ok(())
}

/// A vCon of a call whose plans are known, without its sound.
pub(crate) fn without_sound(call: CallId, told: &Told, plans: Vec<PlanTold>) -> Json {
    document::of(&Source { call, told, sound: None, plans, now_unix_ms: now() })
}

/// Writes a vCon where people find it.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn write(vcon: &Json, to: &Path) -> Result<()> {
    std::fs::write(to, serde_json::to_string_pretty(vcon)?).with_context(|| to.display().to_string())
}

fn of_story(story: &str) -> Result<PlanTold> {
    let body: Json = serde_json::from_str(story).context("the story of a plan is no JSON")?;
    Ok(PlanTold { begun_unix_ms: body["times"]["consented_unix_ms"].as_u64().unwrap_or_default(), body })
}

/// The recording of a call, as it may be heard: without what was left out of it.
fn sound(config: &Config, args: &cli::Vcon) -> Result<Option<Sound>> {
    let (call, folder) = (args.call, &config.recording.dir);
    let found = Shelf::new(folder).find(call).with_context(|| folder.display().to_string())?;
    let Some(found) = found else { return Ok(None) };
    if !found.readable {
        notice!("the recording is left out: its key was erased");
        return Ok(None);
    }
    if !args.inline && args.sound_at.is_none() {
        notice!("the recording is left out: --inline puts it in, --sound-at URL beside it");
        return Ok(None);
    }
    let master = config.recording.master().map_err(|why| anyhow!("the key of recordings: {why}"))?;
    let name = || found.file.display().to_string();
    let mut reading = Reading::open(&found.file, &master).with_context(name)?;
    let filename = format!("{call}.wav");
    let wav = args.output.parent().map_or_else(PathBuf::new, Path::to_owned).join(&filename);
    let samples = reading.to_wav(&wav).with_context(name)?;
    let content = match &args.sound_at {
        Some(url) => {
            answer!("{}", wav.display());
            let url = format!("{}/{filename}", url.trim_end_matches('/'));
            Content::At { url, hash: hash(&wav)? }
        }
        None => Content::Inline(inline(&wav)?),
    };
    let seconds = samples as f64 / f64::from(SAMPLE_RATE);
    Ok(Some(Sound { content, filename, seconds, left_out: reading.marks().to_vec() }))
}

/// The whole file as text, and the file is gone.
fn inline(wav: &Path) -> Result<String> {
    let name = || wav.display().to_string();
    let length = std::fs::metadata(wav).with_context(name)?.len();
    let bytes = if length > INLINE_BYTES_MAX { Vec::new() } else { std::fs::read(wav).with_context(name)? };
    std::fs::remove_file(wav).with_context(name)?;
    if length > INLINE_BYTES_MAX {
        bail!(
            "the recording has {length} bytes, and a vCon takes {INLINE_BYTES_MAX}: refer to it with --sound-at URL"
        );
    }
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// The hash of what a URL leads to (section 2.4).
fn hash(file: &Path) -> Result<String> {
    let name = || file.display().to_string();
    let mut open = File::open(file).with_context(name)?;
    let mut hash = Sha512::new();
    let mut chunk = vec![0; 1 << 16];
    loop {
        match open.read(&mut chunk) {
            Ok(0) => break,
            Ok(length) => hash.update(&chunk[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error).with_context(name),
        }
    }
    Ok(format!("sha512-{}", BASE64_URL_SAFE_NO_PAD.encode(hash.finalize())))
}

fn now() -> u64 {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(wall.as_millis()).unwrap_or(u64::MAX)
}

/// An hour of a call in stereo. Whoever reads a vCon holds all of it in memory.
const INLINE_BYTES_MAX: u64 = 240 << 20;

#[cfg(test)]
mod tests;
