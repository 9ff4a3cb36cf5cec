//! The legs there are, by `Call-ID`: what the gate and requests that name another call look for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rsipstack::dialog::DialogId;
use rsipstack::dialog::dialog::Dialog;
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Request, Response};
use rsipstack::transaction::key::TransactionRole;
use tokio::sync::mpsc;

use crate::fields::{Reason, Replaces};
use crate::inside::Inside;
use crate::leg::Order;
use crate::reliable::{Provisionals, is_reliable};

#[derive(Debug, Default)]
pub(crate) struct Registry {
    legs: Mutex<HashMap<String, Vec<Arc<Known>>>>,
}

/// What others may know of a leg.
pub(crate) struct Known {
    dialog: Mutex<InviteDialog>,
    /// Why the other end ends it, as its BYE or CANCEL says.
    theirs: OnceLock<Reason>,
    /// Why we end it.
    ours: OnceLock<Reason>,
    pub(crate) orders: mpsc::Sender<Order>,
    pub(crate) inside: mpsc::Sender<Inside>,
    /// What our INVITE was answered reliably.
    pub(crate) provisionals: Mutex<Provisionals>,
}

/// A dialog that an INVITE with `Replaces` names, or the status that it is answered with (RFC 3891 section 3).
pub(crate) type Replaced = Result<(), u16>;

impl Registry {
    pub(crate) fn enter(&self, known: &Arc<Known>) {
        lock(&self.legs).entry(known.id().call_id).or_default().push(Arc::clone(known));
    }

    pub(crate) fn leave(&self, known: &Arc<Known>) {
        let mut legs = lock(&self.legs);
        let call_id = known.id().call_id;
        if let Some(of_call) = legs.get_mut(&call_id) {
            of_call.retain(|other| !Arc::ptr_eq(other, known));
            if of_call.is_empty() {
                legs.remove(&call_id);
            }
        }
    }

    pub(crate) fn of_call(&self, call_id: &str) -> Vec<Arc<Known>> {
        lock(&self.legs).get(call_id).cloned().unwrap_or_default()
    }

    /// Notes why the other end ends a call. Only who knows the other end's tag is believed.
    pub(crate) fn note_reason(&self, call_id: &str, their_tag: &str, reason: Reason) {
        let legs = self.of_call(call_id);
        if let Some(leg) = legs.iter().find(|leg| leg.id().remote_tag == their_tag) {
            // The first word stands: a repeated BYE says the same.
            let _ = leg.theirs.set(reason);
        }
    }

    /// The leg of ours that a request or an answer with our tag in `From` belongs to.
    pub(crate) fn ours(&self, message: &impl HeadersExt) -> Option<Arc<Known>> {
        let call_id = message.call_id_header().ok()?.value().to_owned();
        let tag = message.from_header().ok()?.tag().ok()??.value().to_owned();
        self.of_call(&call_id).into_iter().find(|leg| leg.id().local_tag == tag)
    }

    /// Whether an INVITE is one that came before by another way: it was forked and its branches meet here (RFC 3261 section 8.2.2.2).
    pub(crate) fn has_merged(&self, invite: &Request) -> bool {
        let call_id = invite.call_id_header().map(|id| id.value().to_owned()).unwrap_or_default();
        let number = |request: &Request| request.cseq_header().ok().and_then(|cseq| cseq.seq().ok());
        let tag = |request: &Request| {
            request
                .from_header()
                .ok()
                .and_then(|from| from.tag().ok().flatten())
                .map(|tag| tag.value().to_owned())
        };
        self.of_call(&call_id).iter().any(|leg| {
            let dialog = leg.dialog();
            let first = dialog.initial_request();
            dialog.role() == TransactionRole::Server
                && number(&first) == number(invite)
                && tag(&first) == tag(invite)
        })
    }

    /// Looks at an answer before the library does. Whether it may go on.
    pub(crate) fn answered(&self, response: &mut Response) -> bool {
        if !is_reliable(response) {
            return true;
        }
        let Some(leg) = self.ours(response) else { return true };
        let Some(target) = lock(&leg.provisionals).take(response) else { return false };
        Dialog::Invite(leg.dialog()).set_remote_target(target, None);
        true
    }

    /// Mends a PRACK before it goes out.
    pub(crate) fn mend_prack(&self, prack: &mut Request) {
        if let Some(leg) = self.ours(prack) {
            lock(&leg.provisionals).mend(prack);
        }
    }

    /// Whether an INVITE may take the place of the dialog that it names.
    pub(crate) fn replaced(&self, replaces: &Replaces) -> Replaced {
        let legs = self.of_call(&replaces.call_id);
        let Some(leg) = legs.iter().find(|leg| leg.is_named_by(replaces)) else { return Err(481) };
        let dialog = leg.dialog();
        let state = dialog.state();
        if state.is_terminated() {
            return Err(603);
        }
        let confirmed = state.is_confirmed() || state.waiting_ack();
        match (confirmed, replaces.early_only) {
            (true, true) => Err(486),
            (true, false) => Ok(()),
            // An early dialog can be taken over only where we called.
            (false, _) if dialog.role() == TransactionRole::Client => Ok(()),
            (false, _) => Err(481),
        }
    }
}

impl Known {
    pub(crate) fn new(
        dialog: InviteDialog,
        orders: mpsc::Sender<Order>,
        inside: mpsc::Sender<Inside>,
    ) -> Self {
        Self {
            dialog: Mutex::new(dialog),
            theirs: OnceLock::new(),
            ours: OnceLock::new(),
            orders,
            inside,
            provisionals: Mutex::default(),
        }
    }

    /// Our INVITE goes out once more, to somebody else or with other words; its `Call-ID` stays.
    pub(crate) fn begin_again(&self, dialog: InviteDialog) {
        *lock(&self.dialog) = dialog;
        *lock(&self.provisionals) = Provisionals::default();
    }

    pub(crate) fn dialog(&self) -> InviteDialog {
        lock(&self.dialog).clone()
    }

    pub(crate) fn id(&self) -> DialogId {
        lock(&self.dialog).id()
    }

    /// Whether the other end, or somebody it told, means this leg.
    pub(crate) fn is_named_by(&self, replaces: &Replaces) -> bool {
        let id = self.id();
        id.call_id == replaces.call_id
            && id.local_tag == replaces.to_tag
            && id.remote_tag == replaces.from_tag
    }

    /// How the other end would be told to give this leg up.
    pub(crate) fn as_replaces(&self) -> Option<Replaces> {
        let id = self.id();
        (!id.remote_tag.is_empty()).then_some(Replaces {
            call_id: id.call_id,
            to_tag: id.remote_tag,
            from_tag: id.local_tag,
            early_only: false,
        })
    }

    pub(crate) fn their_reason(&self) -> Option<Reason> {
        self.theirs.get().cloned()
    }

    pub(crate) fn our_reason(&self) -> Option<Reason> {
        self.ours.get().cloned()
    }

    pub(crate) fn set_our_reason(&self, reason: Reason) {
        // Who hung up first says why.
        let _ = self.ours.set(reason);
    }
}

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Known").field("call_id", &self.id().call_id).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Whoever panicked with the lock held left nothing half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
