//! What a human is told of a call, for as long as it lasts: for the operator, for whoever has the link of a handover, and for the
//! webhook.

use std::sync::Arc;

use callwright_console::{BriefingView, TransferState};
use callwright_dialogue_core::{Briefing, TransferReason};
use callwright_model::CallId;

use crate::gateway::Shared;
use crate::gateway::webhook::{Notice, unix_ms};

/// The briefing of a running call.
pub(crate) struct Briefed {
    view: BriefingView,
    /// Opens it once; taken by whoever used it.
    token: Option<String>,
}

/// Follows the handovers of one call.
pub(crate) struct Handovers {
    shared: Arc<Shared>,
    call: CallId,
    line: String,
    reason: Option<String>,
}

impl Handovers {
    pub(crate) fn new(shared: Arc<Shared>, call: CallId, line: String) -> Self {
        Self { shared, call, line, reason: None }
    }

    /// A human is wanted, who shall be told this.
    pub(crate) fn wanted(&mut self, reason: TransferReason, briefing: &Briefing) {
        let reason = serde_json::to_value(reason).ok().and_then(|it| it.as_str().map(str::to_owned));
        self.reason.clone_from(&reason);
        let Briefing { language, who, verified, asked, done, open } = briefing.clone();
        let reason = reason.unwrap_or_default();
        let (call, line) = (self.call, self.line.clone());
        let view = BriefingView { call, line, reason, language, who, verified, asked, done, open };
        let token = fresh_token();
        if let Some(entry) = self.shared.calls().get_mut(&self.call) {
            entry.briefing = Some(Briefed { view: view.clone(), token: token.clone() });
        }
        let path = token.map(|token| format!("/v1/calls/{call}/briefing?token={token}"));
        self.tell("handover.started", None, path, Some(view));
    }

    /// The human hears this, by now.
    pub(crate) fn briefed(&self, briefing: &Briefing) {
        let mut calls = self.shared.calls();
        if let Some(briefed) = calls.get_mut(&self.call).and_then(|entry| entry.briefing.as_mut()) {
            let Briefing { language, who, verified, asked, done, open } = briefing.clone();
            briefed.view =
                BriefingView { language, who, verified, asked, done, open, ..briefed.view.clone() };
        }
    }

    /// It is so far; `human` is who was found last.
    pub(crate) fn moved(&self, state: TransferState, human: Option<usize>) {
        let event = match state {
            TransferState::Ringing => "handover.ringing",
            TransferState::Briefing => "handover.briefing",
            TransferState::Accepted => "handover.accepted",
            TransferState::Failed => "handover.failed",
            TransferState::Requested
            | TransferState::Seeking
            | TransferState::Referring
            | TransferState::Bridged
            | TransferState::Moving
            | TransferState::Returned => return,
        };
        self.tell(
            event,
            human.and_then(|at| self.shared.humans.person(at)).map(|it| it.name.as_str()),
            None,
            None,
        );
    }

    fn tell(
        &self,
        event: &'static str,
        human: Option<&str>,
        briefing_path: Option<String>,
        briefing: Option<BriefingView>,
    ) {
        let Some(webhook) = &self.shared.webhook else { return };
        let (call, line, reason) = (self.call, self.line.as_str(), self.reason.as_deref());
        webhook.tell(Notice {
            event,
            call,
            line,
            at_unix_ms: unix_ms(),
            reason,
            human,
            briefing_path,
            briefing,
        });
    }
}

impl Shared {
    /// The briefing of a running call: for the operator, or by the link of its handover, which opens it once.
    pub(crate) fn briefing(&self, call: CallId, token: Option<&str>) -> Option<BriefingView> {
        let mut calls = self.calls();
        let briefed = calls.get_mut(&call)?.briefing.as_mut()?;
        if let Some(token) = token {
            briefed.token.take_if(|wanted| same(wanted, token))?;
        }
        Some(briefed.view.clone())
    }
}

/// Compares without telling by its duration how much was right.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |differences, (a, b)| differences | (a ^ b)) == 0
}

/// 128 bits that nobody can guess; `None` when the system gives no random bytes, and then there is no link.
fn fresh_token() -> Option<String> {
    let mut bytes = [0; 16];
    rustls::crypto::ring::default_provider().secure_random.fill(&mut bytes).ok()?;
    Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
