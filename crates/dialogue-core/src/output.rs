//! What a dialogue asks its shell to do, and what the shell tells it besides words.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use callwright_model::{
    CallId, Hints, Language, Pii, PlanId, PlanRequest, SayId, SaySource, TurnId, UtteranceSort,
};

use serde::{Deserialize, Serialize};

use crate::call_back::{CallBacks, CalledBack, Window};
use crate::interpret::{InterpretId, Question};
use crate::{Clock, Pack};

/// How a dialogue is set up.
#[derive(Debug, Clone)]
pub struct DialogueConfig {
    /// The skill pack of the line.
    pub pack: Arc<Pack>,
    /// The call it belongs to; travels in every plan request.
    pub call: CallId,
    /// The caller's address, if the network told it: the action core may use it, and the human hears it.
    pub caller: Option<Pii<String>>,
    /// The language it begins in. The pack's first one is used when the pack has no words in this one.
    pub language: Language,
    /// The line's own greeting; without it the pack's `greeting` is said.
    pub greeting: Option<String>,
    /// The language in which a human is briefed.
    pub human_language: Language,
    /// Whether the caller is asked first if the call may be recorded.
    pub ask_recording: bool,
    /// How calls back are promised for a time; `None`: people call when they can.
    pub call_backs: Option<CallBacks>,
    /// The agent has called, as was promised; `None`: the caller has.
    pub called: Option<CalledBack>,
    /// What date and time it is for the caller. Without it dates are understood only when they are said with their year.
    pub clock: Option<Clock>,
    /// Patience and thresholds.
    pub limits: Limits,
}

impl DialogueConfig {
    /// The usual set-up for a pack: its first language, its own greeting, an English speaking desk.
    #[must_use]
    pub fn new(pack: Arc<Pack>, call: CallId) -> Self {
        let language = pack.languages().first().copied().unwrap_or(Language::EN);
        Self {
            pack,
            call,
            caller: None,
            language,
            greeting: None,
            human_language: Language::EN,
            ask_recording: false,
            call_backs: None,
            called: None,
            clock: None,
            limits: Limits::default(),
        }
    }
}

/// How patient and how careful a dialogue is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Nobody made a sound for this long: the caller is asked whether they are still there.
    pub silence: Duration,
    /// So many unanswered prompts, then goodbye.
    pub silences: u8,
    /// A plan that takes longer than this is commented on ("one moment...").
    pub progress: Duration,
    /// And again each time this has passed.
    pub progress_again: Duration,
    /// Longest wait for a plan's reply before the action core counts as gone.
    pub planning: Duration,
    /// Longest wait for what is remembered of a caller from other calls, after which the call goes on without it.
    pub recall: Duration,
    /// Longest wait for a running plan before a human is brought in; the plan itself goes on.
    pub acting: Duration,
    /// Longest wait between two keys of one number.
    pub digit_gap: Duration,
    /// Longest wait for a human to be found.
    pub transfer: Duration,
    /// Longest wait for a caller who holds the line.
    pub hold: Duration,
    /// Longest wait for the words of a caller who has begun to speak.
    pub speaking: Duration,
    /// A recogniser less sure than this is asked again, never acted on.
    pub confidence: f32,
    /// What one less sure than this has heard is said in the next sentence, so that the caller can put it right.
    pub implicit: f32,
    /// How long words that are not clear wait for a language model's reading; `None`: there is no model.
    pub interpretation: Option<Duration>,
    /// Share of a read-back that the caller must have heard before a yes counts.
    pub read_back_heard: f32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            silence: Duration::from_secs(7),
            silences: 2,
            // People take a pause of two to three seconds on the phone for a broken line.
            progress: Duration::from_millis(2_500),
            progress_again: Duration::from_secs(8),
            planning: Duration::from_secs(20),
            // A look into an index takes a few milliseconds; a pause that is longer by this is none that anybody hears.
            recall: Duration::from_millis(250),
            acting: Duration::from_secs(90),
            digit_gap: Duration::from_secs(4),
            transfer: Duration::from_secs(120),
            hold: Duration::from_secs(600),
            speaking: Duration::from_secs(20),
            confidence: 0.4,
            implicit: 0.55,
            interpretation: None,
            read_back_heard: 0.8,
        }
    }
}

/// What the shell shall do. Drained with `Dialogue::poll_output` after each fact, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Say this to the caller, after whatever was said before.
    Say(Saying),
    /// This is what the caller may answer from now on: for the recogniser, and its `expect` for the floor.
    Listen(Hints),
    /// Ask the action core; hand the answer to `Dialogue::handle_plan` with the same number.
    Plan {
        /// Which question it is.
        ask: AskId,
        /// The question.
        request: PlanRequest,
    },
    /// Ask the action core what it remembers of the caller of this plan, who has just shown who they are; hand it to
    /// `Dialogue::handle_recalled` with the same number. The reply to the plan's question waits for it, for as long as
    /// [`Limits::recall`].
    Recall {
        /// The question whose reply waits.
        ask: AskId,
        /// The plan.
        plan: PlanId,
    },
    /// The caller has heard how this plan ended: have that kept. How it goes is not told.
    Heard {
        /// The plan.
        plan: PlanId,
    },
    /// Ask a language model what the caller meant; hand what it makes of it to `Dialogue::handle_interpretation` with the same number. It
    /// is waited for as long as `Limits::interpretation` says, and no longer.
    Interpret {
        /// Which question it is.
        id: InterpretId,
        /// The question.
        question: Question,
    },
    /// The caller has agreed: have the plan carried out and hand its events to `Dialogue::handle_plan_event`.
    Execute {
        /// The plan.
        plan: PlanId,
        /// The caller's own words of agreement, or the key they pressed.
        consent: Pii<String>,
    },
    /// Find a human; tell how it went with `Dialogue::handle_transfer`. Hold sound until then is the shell's.
    Transfer {
        /// Why.
        reason: TransferReason,
        /// What the human is told.
        briefing: Briefing,
        /// What they must be able to do.
        needs: BTreeSet<String>,
        /// Higher ones are found somebody first.
        priority: u8,
    },
    /// The caller does not wait for a human any more: nobody needs to be found. How that goes is not told.
    Unwanted,
    /// Nobody was free and the caller wants to be called: have it kept for whoever calls back, and tell
    /// `Dialogue::handle_call_back` whether it is.
    CallBack {
        /// Whom to call.
        number: Pii<String>,
        /// What they must know.
        briefing: Briefing,
        /// When; `None`: when somebody can.
        window: Option<Window>,
    },
    /// The caller has said whether they agree to something, or has gone on without an answer, which is a no.
    Consent {
        /// To what, as policies name it: `recording`.
        what: String,
        /// Whether they do.
        given: bool,
    },
    /// End the call once this was heard (or could not be).
    Hangup {
        /// The last say.
        after: SayId,
    },
    /// For the console and the journal.
    Note(Note),
}

/// One thing for the agent to say. The shell adds the voice and makes a `model::Say` of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saying {
    /// Its identity; `Dialogue::handle_played` tells what was heard of it.
    pub id: SayId,
    /// The turn it answers.
    pub turn: TurnId,
    /// Plain text, numbers written as they shall be read. May hold personal data unless `source` is `Fixed`.
    pub text: String,
    /// The language of the text.
    pub language: Language,
    /// Whether the same text is said to many callers.
    pub source: SaySource,
    /// What sort of sentence it is.
    pub kind: SayKind,
    /// Whether the caller may cut it short: not when the pack says that the law wants it heard.
    pub interruptible: bool,
}

/// What sort of sentence a say is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SayKind {
    /// The first sentence of a call.
    Greeting,
    /// An answer is awaited.
    Question,
    /// What will be done, awaiting an explicit yes.
    ReadBack,
    /// What was done; rendered from receipts only.
    Claim,
    /// What was looked up.
    Answer,
    /// Bad news: refused, failed, not understood.
    Apology,
    /// Work goes on.
    Progress,
    /// A human is being found.
    Handover,
    /// Is the caller still there?
    Prompt,
    /// The last sentence of a call.
    Farewell,
}

/// Which question to the action core an answer belongs to; older answers are dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AskId(pub u32);

/// How much of a say the caller heard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Played {
    /// To its end.
    pub complete: bool,
    /// Share of its words from 0 to 1; 0 for a say that was dropped before it began.
    pub share: f32,
}

impl Played {
    /// Heard to its end.
    pub const WHOLE: Self = Self { complete: true, share: 1.0 };
    /// Dropped before any of it was sent.
    pub const NOTHING: Self = Self { complete: false, share: 0.0 };

    /// So many words of those that a say has.
    #[must_use]
    pub fn words(heard: u16, of: u16) -> Self {
        if heard >= of {
            return Self::WHOLE;
        }
        Self { complete: false, share: f32::from(heard) / f32::from(of) }
    }
}

/// Why a human is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferReason {
    /// The caller asked.
    Asked,
    /// The skill or its policy says that a human decides.
    Refused,
    /// It is about more than the agent does alone, by the pack.
    Value,
    /// The agent did not understand the caller, or could not be made to.
    Misunderstood,
    /// What the caller gave leads nowhere, though it was understood.
    NotFound,
    /// A plan failed.
    Failed,
    /// Nobody can tell whether a step took effect.
    InDoubt,
    /// The action core does not answer.
    Unavailable,
    /// A plan waits for somebody's approval, and the caller wants to hear what comes of it.
    Approval,
}

/// How a search for a human went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TransferResult {
    /// Caller and human hear each other: the agent is silent.
    Connected,
    /// Nobody accepted in time.
    NoAnswer,
    /// No human is there to be rung: none configured, closed, or all refused.
    Unavailable,
    /// The human has left and the caller is the agent's again.
    Returned,
    /// The human has given the caller back to the agent.
    HandedBack,
}

/// What a human is told before taking over, as sentences in the human's language; empty where there is nothing to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Briefing {
    /// The language of the sentences.
    pub language: Language,
    /// Who calls.
    pub who: Pii<String>,
    /// Whether they were identified.
    pub verified: Pii<String>,
    /// What they want.
    pub asked: Pii<String>,
    /// What was done, from receipts.
    pub done: Pii<String>,
    /// What is open.
    pub open: Pii<String>,
}

impl Briefing {
    /// The sentences that there are, in order.
    pub fn lines(&self) -> impl Iterator<Item = &Pii<String>> {
        [&self.who, &self.verified, &self.asked, &self.done, &self.open]
            .into_iter()
            .filter(|line| !line.reveal().is_empty())
    }

    /// All of it as one text to say.
    #[must_use]
    pub fn text(&self) -> Pii<String> {
        Pii::new(self.lines().map(|line| line.reveal().as_str()).collect::<Vec<_>>().join(" "))
    }
}

/// What happened inside, for people who watch. Nothing depends on it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// An utterance was taken for this.
    Understood {
        /// The turn.
        turn: TurnId,
        /// The skill, or `yes`, `no`, `human`, ...
        intent: String,
        /// How sure, 0 to 1.
        probability: f32,
    },
    /// A language model was asked about an utterance.
    Interpreted {
        /// The turn.
        turn: TurnId,
        /// The skill that it found; `None` for none.
        skill: Option<String>,
        /// The words by which it found it.
        evidence: Pii<String>,
        /// The inputs that it found.
        slots: Vec<String>,
        /// What came of it: `taken`, `nothing` (that could be used), `late`, `overtaken` by what the caller did next, or the name of a
        /// [`crate::Fault`].
        came_to: &'static str,
        /// How long it was waited for.
        ms: u64,
    },
    /// An utterance could not be used.
    NotUnderstood {
        /// The turn.
        turn: TurnId,
        /// How many in a row by now.
        count: u8,
    },
    /// An utterance was left without an answer, for it wants none: an "um", a "mm-hm", a word to somebody else.
    NotForUs {
        /// The turn.
        turn: TurnId,
        /// What it was.
        sort: UtteranceSort,
    },
    /// A value was read out of an answer; what of it is kept is told by `Filled`.
    Taken {
        /// The turn.
        turn: TurnId,
        /// The input that was asked for.
        input: String,
        /// The words that it was read from.
        heard: Pii<String>,
        /// What was made of them.
        value: Pii<String>,
        /// How sure the reading is, 0 to 1, given that the words are right.
        sure: f32,
        /// The language that it was read in.
        language: Language,
    },
    /// An input of the skill is known.
    Filled {
        /// Its name.
        input: String,
        /// Its value.
        value: Pii<String>,
    },
    /// Something of an earlier call was made use of.
    Remembered {
        /// `outcome`, `running`, `approval`, `language`, `input` or `left_open`.
        what: &'static str,
        /// The skill, the language or the input that it is about.
        which: String,
    },
    /// The caller has rated the call, from 1 to 5.
    Rated {
        /// The rating.
        score: u8,
    },
    /// The call goes on in another language.
    Language(Language),
    /// A yes did not count because the read-back was not heard.
    YesTooEarly {
        /// The turn.
        turn: TurnId,
        /// What was heard of the read-back, 0 to 1.
        share: f32,
    },
    /// What should have been read back or offered cannot be put into words with the facts at hand: the pack's mistake.
    Speechless {
        /// The key of the sentence.
        words: String,
    },
    /// The dialogue is in a new state.
    State(&'static str),
    /// Something came that has no meaning any more; it was dropped.
    Stale(&'static str),
}

/// What a dialogue waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// A caller who says nothing.
    Silence,
    /// A caller who speaks without end, or whose words never come.
    Speaking,
    /// The next key.
    Digits,
    /// A language model's reading of what the caller said.
    Interpretation,
    /// The next word of comfort while a plan is bound or runs.
    Progress,
    /// The action core.
    Plan,
    /// What is remembered of the caller.
    Recall,
    /// A human.
    Transfer,
}

/// How a turn sounded. Tells what is said in passing, or away from the telephone, from what is said to us.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Manner {
    /// From the first sound to the last.
    pub length: Duration,
    /// Since the last sound, when the turn ended.
    pub silent: Duration,
    /// Its level against the caller's usual one, in dB, if that is known.
    pub level_db: Option<f32>,
    /// It sounded like a cough rather than like a voice.
    pub cough: bool,
}

impl Manner {
    /// Said away from the telephone.
    pub(crate) fn is_aside(&self) -> bool {
        self.level_db.is_some_and(|level| level < ASIDE_DB)
    }

    /// As short as a cough or an "um".
    pub(crate) fn is_short(&self) -> bool {
        self.length < SHORT
    }
}

/// A head turned away from a handset takes 6 dB; people vary by half of that.
const ASIDE_DB: f32 = -4.0;
/// Coughs, laughs and drawn-out "hmm"s of the fixtures last up to 920 ms; few answers of more than one word are shorter.
const SHORT: Duration = Duration::from_millis(960);
