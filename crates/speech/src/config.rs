//! What can be set, and what it changes for the caller.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Settings of [`crate::Speech`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpeechConfig {
    /// Where model files lie: `ggml-*.bin` for whisper, `silero_vad_op18_ifless.onnx` for voice activity. Without it, or without
    /// the files in it, the stand-ins are used: less accurate recognition in English only, more false alarms in noise.
    pub models_dir: Option<PathBuf>,
    /// Which recogniser hears callers.
    pub recogniser: RecogniserChoice,
    /// The whisper model to use; without it the largest `ggml-*.bin` in `models_dir`.
    pub whisper_model: Option<PathBuf>,
    /// The directory of the pocketsphinx model for US English: holds `en-us/` and `cmudict-en-us.dict`.
    pub pocketsphinx_dir: PathBuf,
    /// Whether a model hears from the melody that a turn is over, besides the length of the pause.
    pub turn_model: TurnModelChoice,
    /// Threads that recognise; 0 means one for each core. More callers than threads at one moment wait for each other.
    pub recogniser_threads: usize,
    /// Threads that synthesise; 0 means one for each core.
    pub synthesiser_threads: usize,
    /// How often words so far are reported while a caller speaks. They end a turn early once the answer is complete.
    pub partial_every_ms: u32,
    /// The longest turn that is listened to; what a caller says after it in the same turn is not heard.
    pub turn_seconds_max: u32,
    /// The `espeak-ng` program, which speaks the languages other than English.
    pub espeak_program: PathBuf,
    /// A sentence that takes longer than this to synthesise is given up.
    pub synthesis_timeout_ms: u32,
    /// Bytes of sound kept of fixed prompts.
    pub prompt_cache_bytes: usize,
}

impl Default for SpeechConfig {
    fn default() -> Self {
        Self {
            models_dir: None,
            recogniser: RecogniserChoice::default(),
            whisper_model: None,
            pocketsphinx_dir: PathBuf::from("/usr/share/pocketsphinx/model/en-us"),
            turn_model: TurnModelChoice::default(),
            recogniser_threads: 0,
            synthesiser_threads: 0,
            partial_every_ms: 300,
            turn_seconds_max: 30,
            espeak_program: PathBuf::from("espeak-ng"),
            synthesis_timeout_ms: 5_000,
            prompt_cache_bytes: 16 * 1024 * 1024,
        }
    }
}

impl SpeechConfig {
    pub(crate) fn synthesis_timeout(&self) -> Duration {
        Duration::from_millis(u64::from(self.synthesis_timeout_ms))
    }

    /// Samples of the longest turn.
    pub(crate) fn turn_samples_max(&self) -> usize {
        self.turn_seconds_max.max(1) as usize * callwright_model::SAMPLE_RATE as usize
    }
}

/// Which model votes on the end of turns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TurnModelChoice {
    /// None: pauses, words and what is expected decide.
    #[default]
    Off,
    /// smart-turn; it is an error when its file is not there. Costs about 50 ms of a core at each pause in free talk.
    SmartTurn,
}

/// Which recogniser hears callers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecogniserChoice {
    /// Whisper when a model file is there, else pocketsphinx.
    #[default]
    Auto,
    /// Whisper; it is an error when there is no model file.
    Whisper,
    /// Pocketsphinx, the offline stand-by: English, and honest only when it knows what is likely to be said.
    Pocketsphinx,
}
