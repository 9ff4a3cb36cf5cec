//! A gateway and a core as the tests want them.

use std::sync::Mutex;

use async_trait::async_trait;
use callwright_model::{ActionKind, CallId, Language, Pii, PlanId, StepState, StepView};

use crate::event::{CallState, Channel, RecogniserView};
use crate::ports::{
    ApprovalAnswer, ApprovalRefusal, ApprovalView, ApprovalWrite, Approvals, BriefingView, CallView,
    CallbackDone, CallbackRefusal, CallbackView, Callbacks, Decision, ErasedView, HumanRefusal, HumanState,
    HumanView, Humans, JourneyRefusal, Journeys, LineView, PhoneView, PlanView, Readiness, Snapshots,
    StoryRefusal, StoryView, SuperviseRefusal, SuperviseWish, Supervisors, TrunkView, UserPhonesView,
    WhipAnswer, WhipHandler, WhipOffer, WhipRefusal,
};

/// Answers everything but the offer `full`, and remembers what it was asked.
#[derive(Default)]
pub(super) struct Gateway {
    pub(super) offers: Mutex<Vec<WhipOffer>>,
}

#[async_trait]
impl WhipHandler for Gateway {
    async fn offer(&self, offer: WhipOffer) -> Result<WhipAnswer, WhipRefusal> {
        let full = offer.sdp.reveal() == "full";
        self.offers.lock().expect("no panic before").push(offer);
        if full {
            return Err(WhipRefusal {
                status: 503,
                error: "all lines are taken".to_owned(),
                help: "try later".to_owned(),
                retry_after_s: Some(10),
            });
        }
        Ok(WhipAnswer { session: "abc".to_owned(), call: CallId(0xca11), sdp: "v=0\r\n".to_owned() })
    }

    async fn hang_up(&self, session: &str) -> bool {
        session == "abc"
    }
}

/// One call runs, and somebody supervises it.
#[async_trait]
impl Supervisors for Gateway {
    async fn supervise(&self, call: CallId, wish: Option<SuperviseWish>) -> Result<(), SuperviseRefusal> {
        if call != CallId(0xca11) {
            return Err(SuperviseRefusal::Unknown);
        }
        match wish.and_then(|wish| wish.phone) {
            Some(phone) if phone.reveal() != "user:anna" => Err(SuperviseRefusal::Another),
            Some(_) | None => Ok(()),
        }
    }
}

pub(super) struct Snapshot(pub(super) Readiness);

#[async_trait]
impl Snapshots for Snapshot {
    fn readiness(&self) -> Readiness {
        self.0.clone()
    }

    fn capture(&self, call: &str) -> Option<Pii<Vec<u8>>> {
        (call == "a/b@c").then(|| Pii::new(b"packets".to_vec()))
    }

    fn lines(&self) -> Vec<LineView> {
        vec![LineView {
            name: "airline".to_owned(),
            title: "Aurora Air".to_owned(),
            languages: vec![Language::EN],
            recogniser: RecogniserView { engine: "pocketsphinx".to_owned(), stand_by: true, note: None },
            examples: Vec::new(),
        }]
    }

    fn phones(&self) -> Vec<UserPhonesView> {
        let phone = PhoneView {
            transport: "wss".to_owned(),
            source: "192.0.2.9:50000".to_owned().into(),
            user_agent: Some("Softphone 1".to_owned()),
            expires_s: 300,
        };
        vec![UserPhonesView { user: "anna".to_owned(), registered: true, calls: 1, phones: vec![phone] }]
    }

    fn trunks(&self) -> Vec<TrunkView> {
        vec![TrunkView {
            trunk: "carrier".to_owned(),
            up: true,
            registration: Some("registered".to_owned()),
            registration_s: Some(500),
            calls: 1,
            calls_max: 30,
            calls_in: 7,
            calls_out: 2,
            refused: 0,
            servers: vec!["192.0.2.10:5060 (udp)".to_owned()],
            problem: None,
        }]
    }

    fn calls(&self) -> Vec<CallView> {
        vec![CallView {
            call: CallId(0xca11),
            line: "airline".to_owned(),
            channel: Channel::Sip,
            trunk: None,
            state: CallState::Thinking,
            language: Language::EN,
            age_s: 12,
        }]
    }

    async fn plans(&self) -> Result<Vec<PlanView>, String> {
        if self.0 == Readiness::Draining {
            return Err("the action core does not answer".to_owned());
        }
        let step = StepView {
            number: 1,
            action: "find".to_owned(),
            kind: ActionKind::Read,
            state: StepState::Committed,
        };
        Ok(vec![PlanView {
            plan: PlanId("p1".to_owned()),
            call: None,
            skill: "rebook".to_owned(),
            outcome: None,
            steps: vec![step],
        }])
    }

    async fn story(&self, plan: &PlanId) -> Result<StoryView, StoryRefusal> {
        if self.0 == Readiness::Draining {
            return Err(StoryRefusal::Unavailable { reason: "the action core does not answer".to_owned() });
        }
        let known = (plan.0 == "p1").then(|| StoryView {
            plan: plan.clone(),
            text: Pii::new("Plan p1: completed.".to_owned()),
            story: serde_json::json!({ "state": "completed" }),
        });
        known.ok_or(StoryRefusal::Unknown)
    }
}

/// One call back that waits, unless the core is away.
pub(super) struct Desk {
    pub(super) away: bool,
    pub(super) done: Mutex<Option<CallbackDone>>,
}

#[async_trait]
impl Callbacks for Desk {
    async fn list(&self, done: bool) -> Result<Vec<CallbackView>, CallbackRefusal> {
        if self.away {
            return Err(CallbackRefusal::Unavailable {
                reason: "the action core does not answer".to_owned(),
            });
        }
        let mark = self.done.lock().expect("no panic before").clone();
        let view = CallbackView {
            call: CallId(0xca11),
            number: "15550100".to_owned().into(),
            briefing: "They want to rebook a cancelled flight.".to_owned().into(),
            asked_unix_ms: 1_795_000_000_000,
            done: mark,
            promise: None,
        };
        Ok([view].into_iter().filter(|view| view.done.is_some() == done).collect())
    }

    async fn complete(&self, call: CallId, by: Pii<String>) -> Result<CallbackView, CallbackRefusal> {
        if call != CallId(0xca11) {
            return Err(CallbackRefusal::Unknown);
        }
        let mark = CallbackDone { by, unix_ms: 1_795_000_060_000 };
        self.done.lock().expect("no panic before").get_or_insert(mark);
        Ok(Callbacks::list(self, true).await?.remove(0))
    }

    async fn cancel(&self, call: CallId, _by: Pii<String>) -> Result<CallbackView, CallbackRefusal> {
        if call != CallId(0xca11) {
            return Err(CallbackRefusal::Unknown);
        }
        if self.done.lock().expect("no panic before").is_some() {
            return Err(CallbackRefusal::Kept);
        }
        Ok(Callbacks::list(self, false).await?.remove(0))
    }
}

/// One plan that waits for a supervisor until somebody has answered.
#[async_trait]
impl Approvals for Desk {
    async fn list(&self, role: &str) -> Result<Vec<ApprovalView>, ApprovalRefusal> {
        if self.away {
            let reason = "the action core does not answer".to_owned();
            return Err(ApprovalRefusal::Unavailable { reason });
        }
        let credit = callwright_model::Value::Int(620);
        let write = ApprovalWrite {
            step: 4,
            action: "apply_credit".to_owned(),
            connector: "airline".to_owned(),
            method: "apply_credit".to_owned(),
            arguments: callwright_model::Record::from([("amount".to_owned(), credit)]).into(),
            later: Vec::new(),
            undo: Some("revoke_credit".to_owned()),
            asked: true,
        };
        let view = ApprovalView {
            plan: PlanId("p1".to_owned()),
            number: 2,
            role: "supervisor".to_owned(),
            rules: vec!["credit-above-300".to_owned()],
            pack: "airline".to_owned(),
            skill: "rebook".to_owned(),
            summary: "Rebook a cancelled flight".to_owned(),
            call: CallId(0xca11),
            verified: true,
            asked_unix_ms: 1_795_000_000_000,
            until_unix_ms: 1_795_028_800_000,
            writes: vec![write],
        };
        Ok([view].into_iter().filter(|view| role.is_empty() || view.role == role).collect())
    }

    async fn answer(&self, answer: ApprovalAnswer) -> Result<(), ApprovalRefusal> {
        if answer.plan.0 != "p1" {
            return Err(ApprovalRefusal::Unknown);
        }
        if answer.role != "supervisor" {
            return Err(ApprovalRefusal::OtherRole { reason: "it is asked of `supervisor`".to_owned() });
        }
        if answer.decision == Decision::Reject && answer.reason.reveal().is_empty() {
            return Err(ApprovalRefusal::Invalid { reason: "reason: is required".to_owned() });
        }
        let mark = CallbackDone { by: answer.by.clone(), unix_ms: 1 };
        let first = self.done.lock().expect("no panic before").get_or_insert(mark).by.clone();
        if first != answer.by {
            return Err(ApprovalRefusal::NotWaiting { reason: "somebody else was quicker".to_owned() });
        }
        Ok(())
    }
}

/// Ada, who may pause.
#[derive(Default)]
pub(super) struct Staff {
    paused: Mutex<bool>,
}

#[async_trait]
impl Humans for Staff {
    async fn list(&self) -> Vec<HumanView> {
        let paused = *self.paused.lock().expect("no panic before");
        let state = if paused { HumanState::Paused } else { HumanState::Available };
        vec![HumanView { name: "ada".to_owned(), state }]
    }

    async fn set(&self, name: &str, takes_calls: bool) -> Result<(), HumanRefusal> {
        if name != "ada" {
            return Err(HumanRefusal::Unknown);
        }
        *self.paused.lock().expect("no panic before") = !takes_calls;
        Ok(())
    }

    async fn briefing(&self, call: CallId, token: Option<String>) -> Option<BriefingView> {
        let known = call == CallId(7) && token.is_none_or(|token| token == "once");
        let text = |text: &str| Pii::new(text.to_owned());
        known.then(|| BriefingView {
            call,
            line: "air".to_owned(),
            reason: "asked".to_owned(),
            language: Language::EN,
            who: text("Somebody calls."),
            verified: text(""),
            asked: text(""),
            done: text(""),
            open: text(""),
        })
    }
}

/// One journey of two lines, until it is erased.
#[async_trait]
impl Journeys for Desk {
    async fn export(&self, journey: &str) -> Result<Pii<String>, JourneyRefusal> {
        if self.away {
            return Err(JourneyRefusal::Unavailable { reason: "the action core does not answer".to_owned() });
        }
        let erased = self.done.lock().expect("no panic before").is_some();
        match journey {
            "f00d" if !erased => Ok("{\"kind\":\"journey\"}\n{\"kind\":\"plan\"}\n".to_owned().into()),
            "f00d" | "beef" => Err(JourneyRefusal::Unknown),
            _other => Err(JourneyRefusal::Invalid { reason: "person.journey: is none".to_owned() }),
        }
    }

    async fn erase(&self, journey: &str) -> Result<ErasedView, JourneyRefusal> {
        self.export(journey).await?;
        let mark = CallbackDone { by: String::new().into(), unix_ms: 1 };
        *self.done.lock().expect("no panic before") = Some(mark);
        Ok(ErasedView { plans: 1, calls: 1, open: vec![PlanId("p1".to_owned())] })
    }
}
