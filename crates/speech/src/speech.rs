//! The crate's front door.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use callwright_model::{Hints, Language, Say, SayFrame, Voice, VoiceActivity};
use tokio::runtime::Handle;
use tracing::{info, warn};

use crate::espeak::Espeak;
use crate::flite::Flite;
use crate::listening::Limits;
use crate::pocketsphinx::Pocketsphinx;
use crate::prompt_cache::PromptCache;
use crate::recogniser::Recogniser;
use crate::scheduler::Scheduler;
use crate::speaking::Speakers;
use crate::synthesiser::Synthesiser;
use crate::turn_model::{SmartTurn, TurnModel};
use crate::voice_activity::VoiceActivitySource;
use crate::{
    Ear, Listening, Mouth, RecogniserChoice, SpeechConfig, SpeechError, StepEar, SynthesisError,
    TurnModelChoice, models, mouth,
};

/// All engines of a process and their threads. Cheap to clone. The threads end with the last clone: keep one as long as there are legs.
#[derive(Clone)]
pub struct Speech {
    shared: Arc<Shared>,
}

struct Shared {
    recogniser: Arc<dyn Recogniser>,
    voice_activity: VoiceActivitySource,
    scheduler: Scheduler,
    speakers: Arc<Speakers>,
    prompts: Arc<PromptCache>,
    turn_model: Option<Arc<dyn TurnModel>>,
    limits: Limits,
    runtime: Handle,
}

impl Speech {
    /// Loads models and starts threads. To be called inside a tokio runtime.
    ///
    /// # Errors
    /// When the recogniser that is wanted cannot be had.
    pub fn start(config: SpeechConfig) -> Result<Self, SpeechError> {
        let runtime = Handle::try_current().map_err(|_| SpeechError::NoRuntime)?;
        let cores = available_parallelism().map_or(1, usize::from);
        let threads = |wanted: usize| if wanted == 0 { cores } else { wanted };
        let recogniser = recogniser(&config, threads(config.recogniser_threads))?;
        let partial_every_ms = if recogniser.hears_along() {
            config.partial_every_ms.min(ALONG_EVERY_MS)
        } else {
            config.partial_every_ms
        };
        let voice_activity = VoiceActivitySource::find(config.models_dir.as_deref());
        let turn_model: Option<Arc<dyn TurnModel>> = match config.turn_model {
            TurnModelChoice::Off => None,
            TurnModelChoice::SmartTurn => Some(Arc::new(SmartTurn::load(config.models_dir.as_deref())?)),
        };
        info!(recogniser = recogniser.name(), voice_activity = voice_activity.name(), "speech starts");
        Ok(Self {
            shared: Arc::new(Shared {
                recogniser,
                voice_activity,
                scheduler: Scheduler::start(threads(config.recogniser_threads))?,
                speakers: Arc::new(Speakers::start(
                    threads(config.synthesiser_threads),
                    synthesisers(&config),
                )?),
                prompts: Arc::new(PromptCache::new(config.prompt_cache_bytes)),
                turn_model,
                limits: Limits {
                    partial_frames: (partial_every_ms / callwright_model::FRAME_MS).max(1) as usize,
                    turn_samples_max: config.turn_samples_max(),
                },
                runtime,
            }),
        })
    }

    /// A voice activity detector for one leg.
    #[must_use]
    pub fn voice_activity(&self) -> Box<dyn VoiceActivity> {
        self.shared.voice_activity.detector()
    }

    /// A voice activity detector without anything else, for who has no engines running.
    #[must_use]
    pub fn detector(models_dir: Option<&Path>) -> Box<dyn VoiceActivity> {
        VoiceActivitySource::find(models_dir).detector()
    }

    /// Listens to a leg until the ear is dropped or the leg's ring is abandoned.
    #[must_use]
    pub fn listen(&self, listening: Listening) -> Ear {
        let shared = &self.shared;
        Ear::open(
            listening,
            Arc::clone(&shared.recogniser),
            shared.turn_model.clone(),
            shared.scheduler.queue(),
            shared.limits,
            &shared.runtime,
        )
    }

    /// A mouth that speaks into a leg's ring until dropped.
    #[must_use]
    pub fn mouth(&self, say: rtrb::Producer<SayFrame>) -> Mouth {
        let shared = &self.shared;
        Mouth::open(say, Arc::clone(&shared.speakers), Arc::clone(&shared.prompts), &shared.runtime)
    }

    /// Speaks a whole text on the calling thread: for fixtures and load tests.
    ///
    /// # Errors
    /// When no engine can speak it.
    pub fn render(&self, text: &str, language: Language, voice: &Voice) -> Result<Vec<i16>, SynthesisError> {
        self.shared.speakers.render(text, language, voice)
    }

    /// Ears that work on the calling thread, for simulations.
    #[must_use]
    pub fn listen_in_step(&self, hints: Hints) -> StepEar {
        let shared = &self.shared;
        StepEar::new(hints, Arc::clone(&shared.recogniser), shared.turn_model.clone(), shared.limits)
    }

    /// All that a mouth would put into the leg's ring for a say, made on the calling thread, for simulations.
    #[must_use]
    pub fn say_in_step(&self, say: &Say) -> Vec<SayFrame> {
        mouth::in_step(say, &self.shared.speakers)
    }

    /// The longest that a caller waits for the words of a turn that is over, or has waited within the last seconds. When it grows,
    /// words so far are left out already, and more callers would make it worse.
    #[must_use]
    pub fn final_wait(&self) -> Duration {
        self.shared.scheduler.queue().final_wait(Instant::now())
    }

    /// The recogniser's name: `whisper` or `pocketsphinx`.
    #[must_use]
    pub fn recogniser(&self) -> &'static str {
        self.shared.recogniser.name()
    }

    /// Whether callers who speak this language are understood at all.
    #[must_use]
    pub fn understands(&self, language: Language) -> bool {
        self.shared.recogniser.knows(language)
    }

    /// The voice activity detector's name: `silero` or `earshot`.
    #[must_use]
    pub fn voice_activity_name(&self) -> &'static str {
        self.shared.voice_activity.name()
    }
}

/// The engines that speak, in order of preference.
pub(crate) fn synthesisers(config: &SpeechConfig) -> Vec<Box<dyn Synthesiser>> {
    let espeak = Espeak { program: config.espeak_program.clone(), timeout: config.synthesis_timeout() };
    vec![Box::new(Flite), Box::new(espeak)]
}

fn recogniser(config: &SpeechConfig, threads: usize) -> Result<Arc<dyn Recogniser>, SpeechError> {
    match config.recogniser {
        RecogniserChoice::Auto => match whisper_model(config) {
            Some(path) if cfg!(feature = "whisper") => whisper(path, threads),
            Some(_) | None => {
                warn!(
                    "callers are heard by the stand-by recogniser: English only, and only what is expected of them. \
                     `callwright models fetch whisper-base` brings a better one"
                );
                pocketsphinx(config)
            }
        },
        RecogniserChoice::Whisper => {
            whisper(whisper_model(config).ok_or(SpeechError::WhisperModelMissing)?, threads)
        }
        RecogniserChoice::Pocketsphinx => pocketsphinx(config),
    }
}

fn pocketsphinx(config: &SpeechConfig) -> Result<Arc<dyn Recogniser>, SpeechError> {
    Ok(Arc::new(Pocketsphinx::load(&config.pocketsphinx_dir, Flite::pronounce)?))
}

#[cfg(feature = "whisper")]
fn whisper(path: PathBuf, threads: usize) -> Result<Arc<dyn Recogniser>, SpeechError> {
    Ok(Arc::new(crate::whisper::Whisper::load(&path, threads)?))
}

#[cfg(not(feature = "whisper"))]
fn whisper(_path: PathBuf, _threads: usize) -> Result<Arc<dyn Recogniser>, SpeechError> {
    Err(SpeechError::WhisperNotBuilt)
}

fn whisper_model(config: &SpeechConfig) -> Option<PathBuf> {
    config.whisper_model.clone().or_else(|| models::largest_whisper(config.models_dir.as_deref()?))
}

/// Words so far of an engine that hears along: what silences the agent for an interruption should not wait longer.
const ALONG_EVERY_MS: u32 = 100;
