//! The other end, as a caller knows it who waits for an answer.

use callwright_model::Samples;

use crate::detect::Sound;

/// What is known of the other end.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Other {
    /// It has not sounded since the caller last spoke to it.
    SilentSoFar,
    /// It sounds.
    Sounding {
        since: Samples,
        /// It sounded already when the caller spoke to it, so that is no answer.
        before_us: bool,
    },
    /// It has sounded since the caller last spoke to it.
    Finished { at: Samples },
}

impl Other {
    /// After it began or ended to sound.
    pub(crate) fn after(self, sound: Sound) -> Self {
        match (sound, self) {
            (Sound::Started(since), _) => Self::Sounding { since, before_us: false },
            // It fell silent because we spoke, or ended what it was saying before it heard us: no answer yet.
            (Sound::Stopped(_), Self::Sounding { before_us: true, .. }) => Self::SilentSoFar,
            (Sound::Stopped(segment), _) => Self::Finished { at: segment.end },
        }
    }

    /// After the caller began to speak to it.
    pub(crate) fn spoken_to(self) -> Self {
        match self {
            Self::Sounding { since, .. } => Self::Sounding { since, before_us: true },
            Self::SilentSoFar | Self::Finished { .. } => Self::SilentSoFar,
        }
    }
}
