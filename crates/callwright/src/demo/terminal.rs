//! The demo on a terminal: who says what, what it is taken for, and what is done about it, as it happens.

use std::io::IsTerminal;
use std::time::Instant;

use callwright_conversation::{Ending, Happening};
use callwright_dialogue_core::Note;
use callwright_loadtest::{PartyEvent, PartyFact, Spread};
use callwright_model::{ActionKind, PlanFact, PlanReply, StepState};

use super::Report;
use crate::gateway::Gateway;

/// Where it is printed. Colours only where a person looks.
pub struct Terminal {
    since: Instant,
    colour: bool,
}

impl Terminal {
    /// A terminal whose clock starts now.
    pub fn new() -> Self {
        Self { since: Instant::now(), colour: std::io::stdout().is_terminal() }
    }

    /// What is running.
    pub fn heading(&self, gateway: &Gateway, desk: &str) {
        let recogniser = gateway.recogniser();
        self.plain(&format!("gateway     sip:airline@{} (UDP and TCP)", gateway.sip_address()));
        self.plain(&format!("page        http://{}/", gateway.web_address()));
        self.plain(&format!("human       {desk}"));
        if let Some(folder) = gateway.journals() {
            self.plain(&format!("journals    {}", folder.display()));
        }
        self.plain(&format!("recogniser  {}", recogniser.engine));
        if let Some(note) = recogniser.note {
            self.plain(&format!("            {note}"));
        }
    }

    /// Begins a call's story.
    pub fn title(&self, text: &str) {
        self.plain("");
        self.plain(&self.paint(text, BOLD));
    }

    /// The caller dials.
    pub fn dials(&self, to: &str) {
        self.line("caller", &format!("dials {to}"), DIM);
    }

    /// What the caller's side notices.
    pub fn party(&self, event: &PartyEvent) {
        match &event.fact {
            PartyFact::Answered { setup } => {
                self.line("", &format!("answered after {} ms", setup.as_millis()), DIM);
            }
            PartyFact::SayStarted { words: Some(words), .. } => self.line("caller", words, CALLER),
            PartyFact::Pressed { keys } => self.line("caller", &format!("presses {keys}"), CALLER),
            PartyFact::HeardStart { response_latency: Some(latency) } => {
                let text =
                    format!("the caller hears an answer {:.2} s after speaking", latency.as_secs_f64());
                self.line("", &text, DIM);
            }
            PartyFact::HeardStop { yield_latency: Some(latency) } => {
                let text = format!("silent {:.2} s after the caller cut in", latency.as_secs_f64());
                self.line("", &text, DIM);
            }
            PartyFact::Ended { outcome } => self.line("caller", &format!("done: {outcome}"), DIM),
            _ => {}
        }
    }

    /// What happens inside the gateway.
    pub fn told(&self, happening: &Happening) {
        match happening {
            Happening::AgentSays { text, .. } => self.line("agent", text.reveal(), AGENT),
            Happening::CallerSaid { words, .. } => {
                self.line("heard", &format!("\"{}\"", words.reveal()), DIM);
            }
            Happening::BargedIn { .. } => self.line("floor", "the caller cuts in; the agent is silent", DIM),
            Happening::AgentStopped { share, heard, .. } if (0.0..1.0).contains(share) => {
                self.line("", &format!("heard of it: \"{}\"", heard.reveal()), DIM);
            }
            // An answer to a question has no intent of its own; what it filled is told.
            Happening::Note(Note::Understood { intent, .. }) if intent == crate::chat::NO_INTENT => {}
            Happening::Note(Note::Filled { input, .. }) => {
                self.line("", &format!("taken for the {input}"), DIM);
            }
            Happening::Note(Note::Understood { intent, probability, .. }) => {
                self.line("", &format!("taken for: {intent} ({probability:.2})"), DIM);
            }
            Happening::Note(Note::NotUnderstood { .. }) => self.line("", "not understood", DIM),
            Happening::Planned(PlanReply::Ready { steps, .. }) => {
                self.line("plan", "bound and allowed; nothing is written before a yes", PLAN);
                for step in steps {
                    let kind = if step.kind == ActionKind::Read { "read" } else { "write" };
                    let done = if step.state == StepState::Committed { "done" } else { "to come" };
                    self.line(
                        "",
                        &format!("{:>2} {:<5} {:<20} {done}", step.number, kind, step.action),
                        PLAN,
                    );
                }
            }
            Happening::Planned(PlanReply::Refused { rules, .. }) => {
                self.line("plan", &format!("refused {}", rules.join(", ")), PLAN);
            }
            Happening::Plan(event) => self.plan(&event.fact),
            Happening::TransferState { state, .. } => self.line("human", state, PLAN),
            Happening::Trouble(what) => self.line("trouble", what, BOLD),
            Happening::Ended(ending) => {
                let who = match ending {
                    Ending::Caller => "the caller hung up",
                    Ending::Agent => "the agent hung up",
                    Ending::Transferred => "the caller's network has put them through to a human",
                    Ending::TransferredInDoubt => {
                        "the caller's network took them away and did not tell whether a human has answered"
                    }
                    Ending::Drained => "the gateway is stopping",
                    Ending::Machine => "a machine answered",
                };
                self.line("", who, DIM);
            }
            _ => {}
        }
    }

    fn plan(&self, fact: &PlanFact) {
        match fact {
            PlanFact::StepCommitted { receipt } => {
                self.line("step", &format!("{:>2} {} committed", receipt.step, receipt.action), PLAN);
            }
            PlanFact::StepFailed { step, reason } => {
                self.line("step", &format!("{:>2} {} failed: {reason}", step.number, step.action), PLAN);
            }
            PlanFact::StepUndone { step } => {
                self.line("step", &format!("{:>2} {} undone", step.number, step.action), PLAN);
            }
            PlanFact::Completed { .. } => self.line("plan", "completed", PLAN),
            PlanFact::Failed { reason, .. } => self.line("plan", &format!("failed: {reason}"), PLAN),
            PlanFact::InDoubt { step } => self.line("plan", &format!("in doubt at step {step}"), PLAN),
            PlanFact::ApprovalAsked { role } => {
                self.line("plan", &format!("waits for the approval of {role}"), PLAN);
            }
            PlanFact::Approved { role } => self.line("plan", &format!("approved by {role}"), PLAN),
            PlanFact::Rejected { role } => self.line("plan", &format!("not approved by {role}"), PLAN),
            PlanFact::StepStarted { .. } => {}
        }
    }

    /// What came of it.
    pub fn result(&self, report: &Report) {
        self.title("What changed in the airline's database");
        if report.changes.is_empty() {
            self.plain("  nothing");
        }
        for change in &report.changes {
            self.plain(&format!("  {change}"));
        }
        self.title("What the callers' ears measured");
        self.spread("response latency", &report.response_latency_s);
        self.spread("yield latency", &report.yield_latency_s);
        self.title("Verdict");
        self.verdict("the booking really changed", report.booking_changed);
        self.verdict("the confirmation was spoken after the receipts", report.confirmed_after_receipts);
        self.verdict("the second caller was bridged to the human's phone", report.bridged_to_human);
    }

    fn spread(&self, name: &str, spread: &Spread) {
        match (spread.mean, spread.p50, spread.p95) {
            (Some(mean), Some(p50), Some(p95)) => self.plain(&format!(
                "  {name:<18} mean {mean:.2} s   p50 {p50:.2} s   p95 {p95:.2} s   n {}",
                spread.n
            )),
            _ => self.plain(&format!("  {name:<18} not measured")),
        }
    }

    fn verdict(&self, what: &str, yes: bool) {
        let mark = if yes { "yes" } else { "NO " };
        self.plain(&format!("  {mark}  {what}"));
    }

    fn line(&self, who: &str, text: &str, style: &str) {
        let at = self.since.elapsed().as_secs_f64();
        self.plain(&format!("{at:>7.2}  {who:<8} {}", self.paint(text, style)));
    }

    fn paint(&self, text: &str, style: &str) -> String {
        if self.colour { format!("\x1b[{style}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn plain(&self, text: &str) {
        answer!("{text}");
    }
}

const BOLD: &str = "1";
const DIM: &str = "2";
const CALLER: &str = "36";
const AGENT: &str = "33";
const PLAN: &str = "32";
