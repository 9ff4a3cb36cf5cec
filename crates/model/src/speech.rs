//! What travels between a leg, the recogniser, the synthesiser and the conversation.

use serde::{Deserialize, Serialize};

use crate::{Frame, Language, MonoTime, Pii, SayId, TurnId};

/// One item of the stream from a leg's floor to the recogniser. Boundaries travel in the same ring as the sound, so that
/// nothing has to be matched up by time.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "lives in rings of fixed size; boxing would allocate on the 20 ms path"
)]
pub enum Heard {
    /// A turn begins. The frames that follow start shortly before the onset, so that no first sound is lost.
    Start {
        /// The turn.
        turn: TurnId,
        /// When the caller's first sound was received.
        at: MonoTime,
    },
    /// 20 ms of the caller, echo removed.
    Frame(Frame),
    /// A short silence: a good moment for a speculative final pass. May be followed by more frames of the same turn.
    Pause {
        /// The turn.
        turn: TurnId,
    },
    /// The caller speaks on after a pause: what was made of the turn up to there is not all of it.
    GoesOn {
        /// The turn.
        turn: TurnId,
    },
    /// The turn is over: the final utterance is wanted now.
    End {
        /// The turn.
        turn: TurnId,
        /// When the caller's last sound was received.
        at: MonoTime,
    },
    /// It was no turn after all (a cough, an "mm-hm"): forget it.
    Discard {
        /// The turn.
        turn: TurnId,
    },
}

/// What was recognised in a turn. The words are the caller's, hence personal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Utterance {
    /// The turn it was said in.
    pub turn: TurnId,
    /// The best reading; empty when nothing was understood.
    pub words: Pii<String>,
    /// Other readings, best first, without the best.
    pub alternatives: Vec<Alternative>,
    /// How sure the recogniser is, 0 to 1; `None` when it cannot tell.
    pub confidence: Option<f32>,
    /// The language it was recognised in.
    pub language: Language,
    /// The language that the recogniser takes it for, whatever it recognised it in; `None` when it cannot tell or was not asked.
    #[serde(default)]
    pub identified: Option<Identified>,
}

/// Another reading of what was said. In journals one without a weight is its words alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "AlternativeText", into = "AlternativeText")]
pub struct Alternative {
    /// The words.
    pub words: Pii<String>,
    /// How likely it is beside the best reading, 0 to 1; `None` when the recogniser cannot tell.
    pub weight: Option<f32>,
}

impl From<String> for Alternative {
    fn from(words: String) -> Self {
        Self { words: words.into(), weight: None }
    }
}

/// How an alternative is written.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum AlternativeText {
    Words(Pii<String>),
    Weighed { words: Pii<String>, weight: f32 },
}

impl From<AlternativeText> for Alternative {
    fn from(text: AlternativeText) -> Self {
        match text {
            AlternativeText::Words(words) => Self { words, weight: None },
            AlternativeText::Weighed { words, weight } => Self { words, weight: Some(weight) },
        }
    }
}

impl From<Alternative> for AlternativeText {
    fn from(Alternative { words, weight }: Alternative) -> Self {
        match weight {
            Some(weight) => Self::Weighed { words, weight },
            None => Self::Words(words),
        }
    }
}

/// Which of the languages that are possible a recogniser takes an utterance for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Identified {
    /// The likeliest.
    pub language: Language,
    /// Its share among those that are possible, 0 to 1.
    pub probability: f32,
}

/// What a recogniser reports.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recognised {
    /// Words so far, not settled.
    Partial {
        /// The turn they belong to.
        turn: TurnId,
        /// The words.
        words: Pii<String>,
        /// How sure they are, 0 to 1, if the engine can tell.
        confidence: Option<f32>,
    },
    /// The utterance, should the turn be over: made at a pause, before it is known that the caller has finished. May come several
    /// times in a turn, or never.
    Provisional(Utterance),
    /// What a turn model makes of the turn up to its last pause.
    TurnVote {
        /// The turn it is about.
        turn: TurnId,
        /// How likely the caller has finished, 0 to 1.
        complete: f32,
    },
    /// The turn's utterance. Comes exactly once for every [`Heard::End`], also when nothing was understood.
    Final(Utterance),
}

/// A voice by its engine's name, such as `slt`; empty means the engine's default for the language.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Voice(pub String);

/// One thing for the agent to say on one leg.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Say {
    /// Its identity, so that what was heard of it can be told.
    pub id: SayId,
    /// The turn it answers; dropped when the floor has moved on.
    pub turn: TurnId,
    /// Plain text, numbers already written as they shall be read.
    pub text: String,
    /// The language of the text.
    pub language: Language,
    /// The voice.
    pub voice: Voice,
    /// The same text will be said to many callers: keep its sound.
    pub source: SaySource,
    /// Whether the caller may cut it short. Not when the law wants it heard; their words count all the same.
    pub interruptible: bool,
}

/// Something that will probably be said on a leg in a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LikelySay {
    /// The text, as it will stand in the [`Say`].
    pub text: String,
    /// The language of the text.
    pub language: Language,
    /// The voice.
    pub voice: Voice,
}

/// Whether the sound of a say is worth keeping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SaySource {
    /// A fixed prompt.
    Fixed,
    /// Rendered for this caller; never cached, for it may hold personal data.
    Rendered,
}

/// One item of the stream from the synthesiser to a leg. Everything of one say comes together, ended by one without a frame.
#[derive(Debug, Clone, PartialEq)]
pub struct SayFrame {
    /// The say it belongs to.
    pub say: SayId,
    /// The turn the say answers.
    pub turn: TurnId,
    /// Whether the caller may cut the say short.
    pub interruptible: bool,
    /// 20 ms of sound, or `None` after the last.
    pub frame: Option<Frame>,
    /// How many words of the say's text, counted as [`word_count`] does, have been spoken in full by the end of this frame.
    pub words: u16,
    /// The sample of this frame at which a word starts, the first if several do: where speech may be taken up again.
    pub word_at: Option<u16>,
}

impl SayFrame {
    /// A frame of a say of whose words nothing is known, and which may be cut short.
    #[must_use]
    pub const fn wordless(say: SayId, turn: TurnId, frame: Option<Frame>) -> Self {
        Self { say, turn, interruptible: true, frame, words: 0, word_at: None }
    }
}

/// How many words a text has: what white space parts. The synthesiser, the leg and the conversation count the same way, so
/// that a number is enough to tell what was heard.
#[must_use]
pub fn word_count(text: &str) -> u16 {
    u16::try_from(text.split_whitespace().count()).unwrap_or(u16::MAX)
}

/// A text's first so many words, and the rest of it, both without white space at their ends.
#[must_use]
pub fn split_at_word(text: &str, words: u16) -> (&str, &str) {
    let text = text.trim();
    let start = text.split_whitespace().nth(usize::from(words)).map(|word| word.as_ptr() as usize);
    // The word lies inside the text, so that the difference is its place in it.
    let place = start.map_or(text.len(), |start| start - text.as_ptr() as usize);
    (text[..place].trim_end(), &text[place..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternatives_are_written_as_they_were_before_they_had_weights() {
        let plain = Alternative::from("hold on".to_owned());
        let weighed = Alternative { weight: Some(0.25), ..plain.clone() };
        let written = |it: &Alternative| serde_json::to_string(it).expect("it is plain data");
        assert_eq!(written(&plain), "\"hold on\"");
        assert_eq!(written(&weighed), r#"{"words":"hold on","weight":0.25}"#);
        for alternative in [plain, weighed] {
            let read: Alternative = serde_json::from_str(&written(&alternative)).expect("it was written");
            assert_eq!(read, alternative);
        }
    }

    #[test]
    fn a_text_is_cut_after_a_word() {
        let text = " You are booked.  Your seat\nis 14 C. ";
        assert_eq!(word_count(text), 8);
        for (words, heard, rest) in [
            (0, "", "You are booked.  Your seat\nis 14 C."),
            (3, "You are booked.", "Your seat\nis 14 C."),
            (5, "You are booked.  Your seat", "is 14 C."),
            (8, "You are booked.  Your seat\nis 14 C.", ""),
            (u16::MAX, "You are booked.  Your seat\nis 14 C.", ""),
        ] {
            assert_eq!(split_at_word(text, words), (heard, rest), "{words}");
        }
        assert_eq!(split_at_word("오전 열 시", 2), ("오전 열", "시"));
        assert_eq!((word_count(""), split_at_word("", 3)), (0, ("", "")));
    }
}
