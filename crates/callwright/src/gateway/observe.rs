//! What happens in calls, told to those who watch: the console's events, the terminal, the metrics.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use callwright_console::{
    AgentSpeech, CallEvent, CallFact, CallState, CallView, Channel, LineView, PhoneView, PlanOutcome,
    PlanView, Readiness, Snapshots, StoryRefusal, StoryView, TransferState, TrunkView, UserPhonesView,
};
use callwright_conversation::{Ending, Happening};
use callwright_dialogue_core::{Note, Pack, written};
use callwright_model::{
    CallId, LegId, MonoTime, Pii, PlanFact, PlanId, PlanReply, SayId, StepState, StepView, Supervise, TurnId,
    Verdict,
};
use callwright_sip::{PhoneContact, UserPhones};
use callwright_wire::actions::{ClientError, PlanState};
use tokio_stream::StreamExt;

use crate::gateway::briefings::Handovers;
use crate::gateway::{Shared, trunks};
use crate::lines::LoadedLine;
use crate::secrets::Secrets;

/// Follows one call and tells what it sees.
pub(crate) struct Observer {
    shared: Arc<Shared>,
    call: CallId,
    caller: LegId,
    pack: Arc<Pack>,
    since: MonoTime,
    state: CallState,
    /// What is being said, with the whole text.
    says: BTreeMap<SayId, Pii<String>>,
    /// The say whose first sound was sent last.
    started: Option<SayId>,
    /// The turn that waits for an answer, and since when.
    waiting: Option<(TurnId, MonoTime)>,
    /// Steps of the plan that runs.
    steps: BTreeMap<u32, StepView>,
    skill: String,
    secrets: Secrets,
    handovers: Handovers,
}

impl Observer {
    pub(crate) fn new(shared: Arc<Shared>, call: CallId, caller: LegId, line: &LoadedLine) -> Self {
        let since = shared.media.now();
        let handovers = Handovers::new(Arc::clone(&shared), call, line.line.name.clone());
        Self {
            shared,
            handovers,
            call,
            caller,
            pack: Arc::clone(&line.pack),
            since,
            state: CallState::Connecting,
            says: BTreeMap::new(),
            started: None,
            waiting: None,
            steps: BTreeMap::new(),
            skill: String::new(),
            secrets: line.secrets.clone(),
        }
    }

    pub(crate) fn tell(&mut self, happening: Happening) {
        let at = self.shared.media.now();
        self.translate(&happening, at);
        // Nobody may be watching.
        drop(self.shared.told.send(happening));
    }

    fn publish(&self, fact: CallFact) {
        let at_ms = self.shared.media.now().since(self.since).as_millis();
        let event = CallEvent { call: self.call, at_ms: u64::try_from(at_ms).unwrap_or(u64::MAX), fact };
        self.shared.hub.publish(event);
    }

    fn enter(&mut self, state: CallState) {
        if self.state == state {
            return;
        }
        self.state = state;
        if let Some(entry) = self.shared.calls().get_mut(&self.call) {
            entry.view.state = state;
        }
        self.publish(CallFact::CallStateChanged { state });
    }

    /// As `enter`, by what the agent hears or says: while people talk it may do either beside them.
    fn agent_is(&mut self, state: CallState) {
        if self.state != CallState::WithHuman {
            self.enter(state);
        }
    }

    fn translate(&mut self, happening: &Happening, at: MonoTime) {
        match happening {
            Happening::CallerSpeaks { turn } => {
                self.agent_is(CallState::Listening);
                self.publish(CallFact::UserStartedSpeaking { turn: *turn });
            }
            Happening::CallerPartial { turn, words } => {
                let language = self.language();
                let (turn, text) = (*turn, self.secrets.words(words));
                self.publish(CallFact::UserTranscription { turn, text, is_final: false, language });
            }
            Happening::CallerSaid { turn, words, language, .. } => {
                self.waiting = Some((*turn, at));
                self.publish(CallFact::UserStoppedSpeaking { turn: *turn });
                let (turn, text, language) = (*turn, self.secrets.words(words), *language);
                self.publish(CallFact::UserTranscription { turn, text, is_final: true, language });
                self.agent_is(CallState::Thinking);
            }
            Happening::CallerKeyed { digit } => {
                let digit = self.secrets.key(*digit.reveal());
                self.publish(CallFact::DtmfReceived { digit });
            }
            Happening::AgentSays { say, text, .. } => {
                self.says.insert(*say, written(text.reveal()).into());
            }
            Happening::AgentStarted { say } => {
                self.started = Some(*say);
                if let Some((turn, since)) = self.waiting.take() {
                    let latency = at.since(since);
                    metrics::histogram!("callwright_turn_reply_seconds").record(latency.as_secs_f64());
                    let latency_ms = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
                    self.publish(CallFact::ResponseMeasured { turn, latency_ms });
                }
                self.agent_is(CallState::Speaking);
                if let Some(text) = self.says.get(say).cloned() {
                    let speech = AgentSpeech::Speaking;
                    self.publish(CallFact::AgentTranscription { say: *say, text, speech });
                }
            }
            Happening::AgentStopped { say, share, heard, unheard } => {
                self.agent_stopped(*say, *share, heard, unheard);
            }
            Happening::Judged { turn, verdict, evidence } => {
                let (turn, verdict, evidence) = (*turn, *verdict, *evidence);
                metrics::counter!("callwright_turn_verdicts_total", "verdict" => name(verdict)).increment(1);
                self.publish(CallFact::SpeechJudged { turn, verdict, evidence });
            }
            Happening::Consent { what, given } => {
                let (what, given) = (what.clone(), *given);
                self.publish(CallFact::ConsentAnswered { what, given });
            }
            Happening::LateEcho => self.publish(CallFact::LateEcho),
            Happening::BargedIn { .. } => {
                metrics::counter!("callwright_turn_interruptions_total").increment(1);
                self.agent_is(CallState::Listening);
            }
            Happening::Resumed => self.publish(CallFact::AgentFalseInterruption { resumed: true }),
            Happening::Note(Note::Language(language)) => {
                if let Some(entry) = self.shared.calls().get_mut(&self.call) {
                    entry.view.language = *language;
                }
                self.publish(CallFact::LanguageChanged { language: *language });
            }
            Happening::Note(Note::Understood { intent, .. }) if self.pack.skill(intent).is_some() => {
                self.skill.clone_from(intent);
            }
            Happening::Note(Note::Interpreted { skill: Some(skill), came_to: "taken", .. }) => {
                self.skill.clone_from(skill);
            }
            Happening::Note(Note::Rated { score }) => {
                metrics::counter!("callwright_call_ratings_total", "score" => score.to_string()).increment(1);
            }
            Happening::Note(_) | Happening::Trouble(_) | Happening::Reached => {}
            Happening::CallBack { kept } => {
                let what =
                    if *kept { "the caller will be called back" } else { "a call back could not be kept" };
                let reason = Some(what.to_owned());
                self.publish(CallFact::TransferChanged { state: TransferState::Failed, reason });
            }
            Happening::Planned(reply) => self.planned(reply),
            Happening::Plan(event) => self.plan_moved(&event.plan, &event.fact),
            Happening::Transfer { reason, briefing } => {
                self.handovers.wanted(*reason, briefing);
                let reason = Some(format!("{reason:?}").to_lowercase());
                self.publish(CallFact::TransferChanged { state: TransferState::Requested, reason });
                self.enter(CallState::Transferring);
            }
            Happening::Briefing(briefing) => self.handovers.briefed(briefing),
            Happening::TransferState { state, human } => self.transfer_moved(state, *human),
            Happening::MachineAnswered { sign } => {
                let sign = sign.name();
                metrics::counter!("callwright_transfer_machines_total", "sign" => sign).increment(1);
                let reason = Some(format!("a machine answered, known by {sign}; it is hung up on"));
                self.publish(CallFact::TransferChanged { state: TransferState::Ringing, reason });
            }
            Happening::Held { who, on } => {
                let who = *who;
                self.publish(if *on { CallFact::Held { who } } else { CallFact::Resumed { who } });
            }
            Happening::Supervised { what, by } => {
                if let Some(what) = what {
                    metrics::counter!("callwright_supervisions_total", "mode" => mode(*what)).increment(1);
                }
                self.publish(CallFact::SupervisionChanged { what: *what, by: by.clone() });
            }
            Happening::HumanSaid { words, language } => {
                let (text, language) = (self.secrets.words(words), *language);
                self.publish(CallFact::HumanTranscription { text, language });
            }
            Happening::Whispered { text } => {
                self.publish(CallFact::AgentWhispered { text: written(text.reveal()).into() });
            }
            Happening::Ended(ending) => {
                let reason = match ending {
                    Ending::Caller => "the caller hung up",
                    Ending::Agent => "the agent said goodbye",
                    Ending::Transferred => "the caller's network has put them through to a human",
                    Ending::TransferredInDoubt => {
                        "the caller's network took them away and did not tell whether a human has answered"
                    }
                    Ending::Drained => "the gateway is shutting down",
                    Ending::Machine => "a machine answered the call back",
                };
                self.enter(CallState::Ended);
                let figures = self.shared.media.statistics(self.caller);
                let score = |hundredths: Option<u16>| hundredths.map(|mos| f32::from(mos) / 100.0);
                let mos = score(figures.and_then(|figures| figures.mos_100th));
                let peer_mos = score(figures.and_then(|figures| figures.peer_mos_100th));
                self.publish(CallFact::CallEnded { reason: reason.to_owned(), mos, peer_mos });
            }
        }
    }

    fn agent_stopped(&mut self, say: SayId, share: f32, heard: &Pii<String>, unheard: &Pii<String>) {
        // Of what was never begun nothing is told.
        let started = share > 0.0 || self.started == Some(say);
        if let Some(text) = self.says.remove(&say)
            && started
        {
            let speech = if share >= 1.0 {
                AgentSpeech::Spoken
            } else {
                AgentSpeech::Interrupted { heard: heard.clone(), unheard: unheard.clone() }
            };
            self.publish(CallFact::AgentTranscription { say, text, speech });
        }
        if self.says.is_empty() && self.state == CallState::Speaking {
            self.enter(CallState::Listening);
        }
    }

    fn planned(&mut self, reply: &PlanReply) {
        self.secrets.planned(reply);
        match reply {
            PlanReply::Need { plan, input, why, .. } => {
                let (plan, input, why) = (plan.clone(), input.clone(), why.clone());
                self.publish(CallFact::PlanNeedsInput { plan, input, why });
            }
            PlanReply::Choose { .. } => {}
            PlanReply::Ready { plan, steps, .. } => {
                self.steps = steps.iter().map(|step| (step.number, step.clone())).collect();
                let (plan, skill, steps) = (plan.clone(), self.skill.clone(), steps.clone());
                self.publish(CallFact::PlanReady { plan, skill, steps });
            }
            PlanReply::Answer { plan, .. } => {
                self.plan_ended(plan, PlanOutcome::Completed, None);
            }
            PlanReply::Refused { plan, words, facts, .. } => {
                // Which rules decided is in the core's journal; this is what the caller is told.
                let reason = self.pack.sentence(words, facts, self.language());
                self.plan_ended(plan, PlanOutcome::Refused, reason.map(|reason| written(&reason)));
            }
        }
    }

    fn plan_moved(&mut self, plan: &PlanId, fact: &PlanFact) {
        match fact {
            PlanFact::StepStarted { step } => self.step_moved(plan, step.clone(), None),
            PlanFact::StepFailed { step, reason } => {
                self.step_moved(plan, step.clone(), Some(reason.clone()));
            }
            PlanFact::StepUndone { step } => self.step_moved(plan, step.clone(), None),
            PlanFact::StepCommitted { receipt } => {
                if let Some(mut step) = self.steps.get(&receipt.step).cloned() {
                    step.state = StepState::Committed;
                    self.step_moved(plan, step, None);
                }
            }
            // What waits is in the operator's list.
            PlanFact::ApprovalAsked { .. } | PlanFact::Approved { .. } | PlanFact::Rejected { .. } => {}
            PlanFact::Completed { .. } => self.plan_ended(plan, PlanOutcome::Completed, None),
            PlanFact::Failed { reason, .. } => {
                self.plan_ended(plan, PlanOutcome::Failed, Some(reason.clone()));
            }
            PlanFact::InDoubt { step } => {
                let reason = format!("nobody can tell whether step {step} took effect");
                self.plan_ended(plan, PlanOutcome::InDoubt, Some(reason));
            }
        }
    }

    fn step_moved(&mut self, plan: &PlanId, step: StepView, reason: Option<String>) {
        self.steps.insert(step.number, step.clone());
        self.publish(CallFact::PlanStepChanged { plan: plan.clone(), step, reason });
    }

    fn plan_ended(&mut self, plan: &PlanId, outcome: PlanOutcome, reason: Option<String>) {
        let (plan, skill) = (plan.clone(), self.skill.clone());
        self.publish(CallFact::PlanEnded { plan, skill, outcome, reason });
    }

    fn transfer_moved(&mut self, state: &str, human: Option<usize>) {
        let state = match state {
            "seeking" => TransferState::Seeking,
            "ringing" => TransferState::Ringing,
            "briefing" => TransferState::Briefing,
            "connecting" => TransferState::Accepted,
            "bridged" => {
                self.enter(CallState::WithHuman);
                TransferState::Bridged
            }
            "referring" => TransferState::Referring,
            "moving" => TransferState::Moving,
            "agent" => {
                let returned = self.state == CallState::WithHuman;
                self.enter(CallState::Thinking);
                if returned { TransferState::Returned } else { TransferState::Failed }
            }
            _ => return,
        };
        self.handovers.moved(state, human);
        self.publish(CallFact::TransferChanged { state, reason: None });
    }

    fn language(&self) -> callwright_model::Language {
        let calls = self.shared.calls();
        calls.get(&self.call).map_or(callwright_model::Language::EN, |entry| entry.view.language)
    }
}

const fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Interruption => "interruption",
        Verdict::Backchannel => "backchannel",
        Verdict::Tic => "tic",
        Verdict::SideTalk => "side_talk",
        Verdict::Noise => "noise",
    }
}

const fn mode(what: Supervise) -> &'static str {
    match what {
        Supervise::Listen => "listen",
        Supervise::Whisper => "whisper",
        Supervise::Barge => "barge",
        Supervise::TakeOver => "take_over",
    }
}

impl Shared {
    /// A call exists.
    pub(crate) fn opened(&self, call: CallId, line: &LoadedLine, channel: Channel, trunk: Option<String>) {
        let fact = CallFact::CallStarted {
            line: line.line.name.clone(),
            channel,
            trunk,
            language: line.language,
            recogniser: self.recogniser(),
        };
        self.hub.publish(CallEvent { call, at_ms: 0, fact });
    }
}

/// A channel's name in metrics.
pub(crate) const fn channel_name(channel: Channel) -> &'static str {
    match channel {
        Channel::Sip => "sip",
        Channel::Browser => "browser",
        Channel::Text => "text",
        Channel::Terminal => "terminal",
    }
}

/// What the console may see.
pub(crate) struct Window(pub(crate) Arc<Shared>);

#[async_trait]
impl Snapshots for Window {
    fn capture(&self, call: &str) -> Option<Pii<Vec<u8>>> {
        self.0.capture.pcap(call)
    }

    fn readiness(&self) -> Readiness {
        if self.0.draining.load(Ordering::Acquire) {
            Readiness::Draining
        } else if self.0.systems.all_down() {
            let names: Vec<&str> = self.0.config.connectors.keys().map(String::as_str).collect();
            Readiness::Impaired { reason: format!("no business system answers: {}", names.join(", ")) }
        } else {
            Readiness::Ready
        }
    }

    fn phones(&self) -> Vec<UserPhonesView> {
        let phone = |contact: PhoneContact| PhoneView {
            transport: contact.transport.name().to_owned(),
            source: contact.source.to_string().into(),
            user_agent: contact.user_agent,
            expires_s: contact.expires_in.as_secs(),
        };
        let view = |user: UserPhones| UserPhonesView {
            registered: user.is_registered(),
            calls: user.calls,
            user: user.user,
            phones: user.contacts.into_iter().map(phone).collect(),
        };
        self.0.sip.phones().into_iter().map(view).collect()
    }

    fn trunks(&self) -> Vec<TrunkView> {
        self.0.sip.trunks().into_iter().map(trunks::view).collect()
    }

    fn lines(&self) -> Vec<LineView> {
        let recogniser = self.0.recogniser();
        self.0
            .lines
            .lines
            .iter()
            .map(|line| LineView {
                name: line.line.name.clone(),
                title: line.line.name.clone(),
                languages: if line.line.languages.is_empty() {
                    line.pack.languages().to_vec()
                } else {
                    line.line.languages.clone()
                },
                recogniser: recogniser.clone(),
                examples: line.pack.openings(line.language).iter().take(EXAMPLES).cloned().collect(),
            })
            .collect()
    }

    fn calls(&self) -> Vec<CallView> {
        let now = self.0.media.now();
        let calls = self.0.calls();
        calls
            .values()
            .map(|entry| CallView { age_s: now.since(entry.since).as_secs(), ..entry.view.clone() })
            .collect()
    }

    async fn plans(&self) -> Result<Vec<PlanView>, String> {
        let mut plans: Vec<_> = self.0.plans().values().cloned().collect();
        plans.sort_by_key(|plan| std::cmp::Reverse(plan.changed_unix_ms));
        let view = |plan: callwright_wire::actions::PlanView| PlanView {
            plan: plan.plan,
            call: Some(plan.call),
            skill: plan.skill,
            outcome: outcome(plan.state),
            steps: plan.steps,
        };
        Ok(plans.into_iter().map(view).collect())
    }

    async fn story(&self, plan: &PlanId) -> Result<StoryView, StoryRefusal> {
        let unavailable = |reason: String| StoryRefusal::Unavailable { reason };
        let told = match self.0.core.explain(plan).await {
            Ok(told) => told,
            Err(ClientError::NotFound(_)) => return Err(StoryRefusal::Unknown),
            Err(error) => return Err(unavailable(error.to_string())),
        };
        let story = serde_json::from_str(&told.json).map_err(|error| unavailable(error.to_string()))?;
        Ok(StoryView { plan: told.plan, text: Pii::new(told.text), story })
    }
}

/// Follows what the action core tells of plans, for as long as the gateway runs; a core elsewhere may come and go.
pub(crate) async fn follow_plans(shared: Arc<Shared>) {
    loop {
        match shared.core.watch_plans().await {
            Ok(mut plans) => {
                while let Some(Ok(plan)) = plans.next().await {
                    let mut known = shared.plans();
                    known.insert(plan.plan.clone(), plan);
                    if known.len() > PLANS_KEPT
                        && let Some(oldest) = known
                            .values()
                            .min_by_key(|plan| plan.changed_unix_ms)
                            .map(|plan| plan.plan.clone())
                    {
                        known.remove(&oldest);
                    }
                }
            }
            Err(error) => tracing::debug!(%error, "plans cannot be followed"),
        }
        tokio::time::sleep(FOLLOW_AGAIN).await;
    }
}

fn outcome(state: PlanState) -> Option<PlanOutcome> {
    match state {
        PlanState::Binding
        | PlanState::Ready
        | PlanState::Running
        | PlanState::AwaitingApproval
        | PlanState::Undoing => None,
        PlanState::Answered | PlanState::Completed => Some(PlanOutcome::Completed),
        PlanState::Refused => Some(PlanOutcome::Refused),
        PlanState::Failed => Some(PlanOutcome::Failed),
        PlanState::InDoubt => Some(PlanOutcome::InDoubt),
        PlanState::Cancelled => Some(PlanOutcome::Declined),
    }
}

/// Sentences shown on the page as a start.
const EXAMPLES: usize = 3;
/// Plans that the console remembers; the action core's journal has them all.
const PLANS_KEPT: usize = 200;
/// Pause before asking an action core again that went away.
const FOLLOW_AGAIN: std::time::Duration = std::time::Duration::from_secs(1);
