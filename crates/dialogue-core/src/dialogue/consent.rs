//! May the call be recorded? Asked before anything else, where the line says so. The answer changes nothing but that: who says no,
//! nothing, or what they want instead is served as anybody.

use callwright_model::MonoTime;

use super::Dialogue;
use super::line::{Line, Plain};
use super::state::{How, Proposal, State};
use crate::output::Output;
use crate::slots;
use crate::understand::{Intent, Reading};

impl Dialogue {
    pub(super) fn ask_recording(&mut self, now: MonoTime) {
        self.recording_asked = true;
        self.enter(State::Proposing(Proposal::Recording), now);
        self.ask(How::First, now);
    }

    /// The caller has said whether the call may be recorded, or has not.
    pub(super) fn may_record(&mut self, given: bool, now: MonoTime) {
        self.consented(given);
        let key = if given { "recording-on" } else { "recording-off" };
        let sentence = self.base(key);
        self.tell(Plain::Progress, sentence, now);
        self.greet(now);
    }

    /// Words that came in answer to the question. Who tells what they want has not said yes.
    pub(super) fn consider_recording(
        &mut self,
        words: &str,
        reading: &Reading,
        before: Vec<Line>,
        now: MonoTime,
    ) {
        let wish = matches!(
            reading.clear(),
            Some(Intent::Skill(_) | Intent::Human | Intent::Goodbye | Intent::Help | Intent::Stop)
        );
        if !wish || slots::yes_no(words, self.language).is_some() {
            return self.decide(words, reading, before, now);
        }
        self.enter(State::Open { more: false }, now);
        self.open(words, reading, before, now);
    }

    /// The call goes on with something else: that is a no.
    pub(super) fn recording_unanswered(&mut self) {
        if self.recording_asked {
            self.consented(false);
        }
    }

    fn consented(&mut self, given: bool) {
        self.recording_asked = false;
        self.misses = 0;
        if given {
            self.consents.insert(RECORDING.to_owned());
        }
        self.outputs.push_back(Output::Consent { what: RECORDING.to_owned(), given });
    }
}

/// The name of the consent, as policies know it.
const RECORDING: &str = "recording";
