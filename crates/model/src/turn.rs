//! What is known of a caller's turn while it runs, and what it turned out to be.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What sort of thing was said, whatever it means. Depends on the words alone: whether a "right" is an answer is for whoever knows
/// what was asked. Ordered by how much they tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UtteranceSort {
    /// Our own words, come back over the line.
    Echo,
    /// A sound that carries nothing: a cough, an "um", or no words at all.
    Filler,
    /// "Mm-hm", "right": go on, I am listening.
    Backchannel,
    /// Said to somebody else in the room, or to win time: "hold on a second", "not now".
    SideTalk,
    /// Anything else: meant for us.
    Speech,
}

/// Whether what was said so far can stand as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Thought {
    /// Nobody can tell.
    #[default]
    Unknown,
    /// It breaks off: "I want to".
    Open,
    /// It tells what happened and asks for nothing yet: "my flight was cancelled". Many go on to say what they want.
    Told,
    /// It is a whole wish or answer, though more may follow.
    Whole,
}

/// How far a turn's words have come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Characters, digits or options of what is expected that are filled, as the interpreter counts.
    pub filled: u8,
    /// Words so far.
    pub words: u16,
    /// What they are; `None` before the first one.
    pub sort: Option<UtteranceSort>,
    /// Whether they can stand.
    pub thought: Thought,
    /// How sure the recogniser is of them, 0 to 1, if it can tell.
    pub confidence: Option<f32>,
}

impl Progress {
    /// Whether the words are something else than what was asked for: some, and most of them fill nothing of it.
    #[must_use]
    pub fn is_astray(&self) -> bool {
        self.words >= 2 && u16::from(self.filled) * 2 < self.words.max(2)
    }
}

/// What sound over the agent's speech turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The caller wants the floor.
    Interruption,
    /// The caller only listens aloud.
    Backchannel,
    /// A cough, an "um".
    Tic,
    /// The caller speaks to somebody else.
    SideTalk,
    /// Nothing that a caller said.
    Noise,
}

/// What a verdict was found by. The same evidence gives the same verdict.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The rule that decided.
    pub rule: Rule,
    /// Voice in it.
    pub voiced: Duration,
    /// Silence since the last of it.
    pub silent: Duration,
    /// Its level against this caller's usual one, in dB; `None` before the caller has said anything.
    pub level_db: Option<f32>,
    /// How bright it sounded: 0.01 to 0.15 for voices, more for coughs and sneezes.
    #[serde(default)]
    pub brightness: f32,
    /// What was recognised by then.
    pub progress: Progress,
}

/// A rule of the floor for sound over the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Words that are meant for us.
    Words,
    /// An answer to the question that is being asked.
    Answer,
    /// More voice than a word in passing has.
    Length,
    /// It ended before it was long enough.
    Ended,
    /// The words are not meant for us.
    NotForUs,
    /// A key was pressed.
    Key,
    /// It went on for too long without being any of these.
    Cap,
}
