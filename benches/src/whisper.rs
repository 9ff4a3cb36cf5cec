//! Callers who speak into the real scheduler in real time, and what they wait for.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use callwright_model::{Expect, Frame, Heard, Hints, Language, MonoTime, Recognised, TurnId};
use callwright_speech::{Listening, RecogniserChoice, Speech, SpeechConfig};
use serde::Serialize;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

/// One run.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// Milliseconds between words so far; `None` for none at all.
    pub partial_ms: Option<u32>,
    /// Callers at one time.
    pub calls: usize,
    /// For how long they begin new turns.
    pub length: Duration,
}

/// What came of it. Times in milliseconds from the end of the turn, which the floor tells after its silence, to the utterance.
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    /// Turns that were begun.
    pub turns: usize,
    /// Turns whose utterance did not come within the wait at the end.
    pub unanswered: usize,
    /// Reports of words so far that arrived.
    pub partials: usize,
    /// Half of the utterances came within this.
    pub final_ms_p50: Option<f64>,
    /// 95 of 100 came within this.
    pub final_ms_p95: Option<f64>,
    /// Share of the machine's cores that was busy.
    pub busy: f64,
    /// Calls that one core carries at this cost per call. Only a lone caller's cost says so: among many, words so far are left out
    /// when it gets tight, which makes each call cheaper.
    pub calls_per_core: f64,
}

/// Runs callers against a model.
///
/// # Errors
/// When the model does not load.
pub async fn measure(model: &Path, run: Run) -> Result<Figures> {
    let speech = Speech::start(SpeechConfig {
        recogniser: RecogniserChoice::Whisper,
        whisper_model: Some(model.to_owned()),
        partial_every_ms: run.partial_ms.unwrap_or(NEVER_MS),
        ..SpeechConfig::default()
    })
    .context("the model does not load")?;
    let (began, busy_before) = (Instant::now(), processor_time());
    let mut callers = JoinSet::new();
    for nth in 0..run.calls {
        // Spread over one turn's time, so that not all of them speak at once.
        let first = TURN_PERIOD.mul_f64(nth as f64 / run.calls as f64);
        callers.spawn(call(speech.clone(), first, began + run.length));
    }
    let mut waits = Vec::new();
    let (mut turns, mut partials) = (0, 0);
    while let Some(told) = callers.join_next().await {
        let told = told?;
        turns += told.turns;
        partials += told.partials;
        waits.extend(told.waits);
    }
    let wall = began.elapsed().as_secs_f64();
    let busy = (processor_time() - busy_before).as_secs_f64();
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
    waits.sort_by(f64::total_cmp);
    Ok(Figures {
        turns,
        unanswered: turns - waits.len(),
        partials,
        final_ms_p50: share_of(&waits, 0.5),
        final_ms_p95: share_of(&waits, 0.95),
        busy: busy / wall / cores,
        calls_per_core: run.calls as f64 * wall / busy,
    })
}

/// What one caller tells.
#[derive(Default)]
struct Told {
    turns: usize,
    partials: usize,
    waits: Vec<f64>,
}

/// Speaks and listens by turns until the time is over, then waits for what is outstanding.
async fn call(speech: Speech, first: Duration, until: Instant) -> Told {
    let (mut ring, heard) = rtrb::RingBuffer::new(RING_ITEMS);
    let signal = Arc::new(Notify::new());
    let (outbox, mut reports) = mpsc::channel(64);
    let hints = Hints {
        expect: Expect::Anything,
        language: Language::EN,
        languages: Vec::new(),
        sentences: Arc::from([]),
        likely: Vec::new(),
    };
    let listening =
        Listening { heard, signal: Arc::clone(&signal), language: Language::EN, hints, reports: outbox };
    let _ear = speech.listen(listening);
    let mut told = Told::default();
    let mut ended: Vec<Instant> = Vec::new();
    let mut next = Instant::now() + first;
    let mut send = |item: Heard| {
        // The ring holds a whole turn; an item for which there is no room is one that a leg would drop as well.
        let _dropped = ring.push(item);
        signal.notify_one();
    };
    while next < until {
        tokio::time::sleep_until(next.into()).await;
        let turn = TurnId(told.turns as u32 + 1);
        told.turns += 1;
        send(Heard::Start { turn, at: MonoTime::ZERO });
        let mut tick = tokio::time::interval(FRAME);
        for nth in 0..SPEECH_FRAMES + END_FRAMES {
            tick.tick().await;
            send(Heard::Frame(if nth < SPEECH_FRAMES { speech_like(nth) } else { Frame::SILENCE }));
            if nth == SPEECH_FRAMES + PAUSE_FRAMES {
                send(Heard::Pause { turn });
            }
        }
        send(Heard::End { turn, at: MonoTime::ZERO });
        ended.push(Instant::now());
        next += TURN_PERIOD;
        // The agent answers meanwhile.
        let answer = tokio::time::sleep_until(next.into());
        tokio::pin!(answer);
        loop {
            tokio::select! {
                report = reports.recv() => take(report, &mut told, &ended),
                () = &mut answer => break,
            }
        }
    }
    let patience = tokio::time::Instant::now() + OUTSTANDING;
    while told.waits.len() < told.turns {
        match tokio::time::timeout_at(patience, reports.recv()).await {
            Ok(report @ Some(_)) => take(report, &mut told, &ended),
            Ok(None) | Err(_) => break,
        }
    }
    told
}

fn take(report: Option<Recognised>, told: &mut Told, ended: &[Instant]) {
    match report {
        Some(Recognised::Partial { .. }) => told.partials += 1,
        Some(Recognised::Final(utterance)) => {
            let turn = (utterance.turn.0 as usize).saturating_sub(1);
            if let Some(ended) = ended.get(turn) {
                told.waits.push(ended.elapsed().as_secs_f64() * 1_000.0);
            }
        }
        Some(Recognised::Provisional(_) | Recognised::TurnVote { .. }) | None => {}
    }
}

/// A voice without words: a tone of 140 Hz with overtones that comes and goes four times a second.
fn speech_like(frame: usize) -> Frame {
    let mut sound = Frame::SILENCE;
    for (nth, sample) in sound.0.iter_mut().enumerate() {
        let at = (frame * sound_length() + nth) as f32 / 16_000.0;
        let tone: f32 = (1..=8).map(|n| (at * 880.0 * n as f32).sin() / n as f32).sum();
        *sample = (tone * 4_000.0 * (0.6 + 0.4 * (at * 25.0).sin())) as i16;
    }
    sound
}

const fn sound_length() -> usize {
    callwright_model::FRAME_SAMPLES
}

/// Processor time of this process so far, all threads.
fn processor_time() -> Duration {
    // SAFETY: `usage` is plain numbers, written by the call.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &raw mut usage);
        usage
    };
    let part = |time: libc::timeval| {
        Duration::from_secs(time.tv_sec.unsigned_abs()) + Duration::from_micros(time.tv_usec.unsigned_abs())
    };
    part(usage.ru_utime) + part(usage.ru_stime)
}

fn share_of(sorted: &[f64], share: f64) -> Option<f64> {
    let place = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(place.saturating_sub(1)).copied()
}

const FRAME: Duration = Duration::from_millis(20);
/// A sentence: three seconds.
const SPEECH_FRAMES: usize = 150;
/// The floor tells a pause after 120 ms and the end after 580.
const PAUSE_FRAMES: usize = 6;
const END_FRAMES: usize = 29;
/// The sentence, the silence, and an answer of about five seconds.
const TURN_PERIOD: Duration = Duration::from_millis(8_600);
/// Longer than any turn.
const NEVER_MS: u32 = 3_600_000;
const RING_ITEMS: usize = 512;
/// Finals that come later than this are counted as unanswered.
const OUTSTANDING: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_counted_from_the_sorted_list() {
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(share_of(&hundred, 0.5), Some(50.0));
        assert_eq!(share_of(&hundred, 0.95), Some(95.0));
        assert_eq!(share_of(&[], 0.5), None);
    }

    #[test]
    fn the_voice_is_loud_enough_to_be_one() {
        assert!(speech_like(3).level_dbfs() > -30.0);
    }
}
