//! Transfers by REFER (RFC 3515) and `Replaces` (RFC 3891), both ways: what the call's machine wants of telephones, and what they
//! want of it.

use std::sync::Arc;

use callwright_call_core::call::Refer as Progress;
use callwright_call_core::trunk::dialled;
use callwright_conversation::{Fact, HUMAN_LEGS, HUMANS_PER_CALL, HumanFact};
use callwright_model::LegId;
use callwright_sip::{IncomingCall, IncomingRefer, Refer, ReferProgress, ReferReporter, SipLegControl};
use tracing::info;

use crate::gateway::Shared;
use crate::gateway::board::{Board, Legs, Phone};
use crate::gateway::phone::{self, Callee};

/// What a human's phone wants done with the caller. One at a time in a call.
#[derive(Default)]
pub(crate) enum Move {
    #[default]
    None,
    /// Asked, and not answered yet.
    Asked(IncomingRefer),
    /// Taken; whom to ring next.
    Taken { callee: Callee, reporter: ReferReporter },
    /// Their phone rings.
    Rung { target: LegId, reporter: ReferReporter, refused: Option<u16> },
}

/// What a REFER of ours means to the call.
pub(crate) fn progress(progress: ReferProgress) -> Progress {
    match progress {
        ReferProgress::Trying | ReferProgress::Ringing => Progress::Progress,
        ReferProgress::Accepted => Progress::Done,
        ReferProgress::Refused { .. } | ReferProgress::Unknown => Progress::Failed,
    }
}

/// Who we say we are.
pub(crate) fn our_address(shared: &Shared) -> String {
    format!("sip:callwright@{}", shared.sip.local_addresses()[0])
}

impl Board {
    /// Asks the caller's network to take the caller to who was found. A browser has none, and no network knows who has registered
    /// here.
    pub(crate) fn refer_caller(&self, replaces: Option<LegId>) {
        let legs = self.legs();
        let asked = (|| {
            let found = legs.table().found.first().copied()?;
            let human = legs.shared.humans.person(found)?;
            let named = |address: &String| self.named_to_caller(address);
            let mut refer = Refer::new(human.addresses.iter().find_map(named)?);
            refer.referred_by = Some(our_address(&legs.shared));
            if let Some(leg) = replaces {
                refer.replaces = Some(legs.control(leg)?.as_replaces()?);
            }
            legs.control(self.caller)?.refer(refer).ok()
        })();
        if asked.is_none() {
            info!("the caller's side cannot be asked to transfer: we do it");
            legs.inform(Fact::Refer(Progress::Failed));
        }
    }
}

impl Board {
    /// A human's address as the caller's side can call it; a number is one at the caller's own trunk.
    fn named_to_caller(&self, address: &str) -> Option<String> {
        if address.starts_with("user:") {
            return None;
        }
        let Some(number) = dialled(address) else { return Some(address.to_owned()) };
        let sip = &self.legs().shared.sip;
        let ways = sip.ways(&number);
        let way = ways.iter().find(|way| self.trunk.as_ref() == Some(&way.trunk))?;
        sip.address_at_trunk(way)
    }
}

impl Legs {
    /// How a leg that came or went by SIP is told something.
    fn control(&self, leg: LegId) -> Option<SipLegControl> {
        match &self.table().legs.get(&leg)?.phones.first()?.1 {
            Phone::Sip(control) => Some(control.clone()),
            Phone::Browser(_) => None,
            #[cfg(feature = "talk")]
            Phone::Card => None,
        }
    }

    /// A human's phone wants the caller moved on. False, and refused, when another such wish is not settled yet.
    pub(crate) fn move_asked(&self, refer: IncomingRefer) -> bool {
        let mut table = self.table();
        match table.moving {
            Move::None => {
                table.moving = Move::Asked(refer);
                true
            }
            Move::Asked(_) | Move::Taken { .. } | Move::Rung { .. } => {
                refer.reject(491);
                false
            }
        }
    }

    /// Answers it.
    pub(crate) fn move_answered(&self, taken: bool) {
        let mut table = self.table();
        if let Move::Asked(refer) = std::mem::take(&mut table.moving) {
            if !taken {
                return refer.reject(603);
            }
            let callee = Callee {
                name: "whom the human named".to_owned(),
                address: refer.target.reveal().clone(),
                replaces: refer.replaces.clone(),
                referred_by: refer.referred_by.clone(),
                rival: None,
            };
            table.moving = Move::Taken { callee, reporter: refer.accept() };
        }
    }

    /// Rings whom it names.
    pub(crate) fn dial_target(&self, target: LegId) {
        let callee = {
            let mut table = self.table();
            match std::mem::take(&mut table.moving) {
                Move::Taken { callee, reporter } => {
                    table.moving = Move::Rung { target, reporter, refused: None };
                    Some(callee)
                }
                Move::None | Move::Asked(_) | Move::Rung { .. } => None,
            }
        };
        match callee {
            Some(callee) => drop(tokio::spawn(phone::ring(self.clone(), target, callee))),
            None => {
                let why = "no phone has named anybody".to_owned();
                self.inform(Fact::Human(target, HumanFact::Refused(why)));
            }
        }
    }

    /// A phone said no, with this status: what is told to a human whose wish it was.
    pub(crate) fn declined(&self, leg: LegId, status: u16) {
        if let Move::Rung { target, refused, .. } = &mut self.table().moving
            && *target == leg
        {
            *refused = Some(status);
        }
    }

    /// Tells the human's phone what became of its wish.
    pub(crate) fn moved(&self, worked: bool) {
        let moving = std::mem::take(&mut self.table().moving);
        match moving {
            Move::Rung { reporter, .. } if worked => reporter.accepted(),
            Move::Rung { reporter, refused, .. } => reporter.refused(refused.unwrap_or(NO_ANSWER)),
            Move::Taken { reporter, .. } => reporter.refused(NO_ANSWER),
            Move::Asked(refer) => refer.reject(603),
            Move::None => {}
        }
    }

    /// A name for a leg that the call has not made, apart from those that it makes.
    fn name_beside(&self, leg: LegId) -> LegId {
        let mut table = self.table();
        table.named += 1;
        let first = leg.0 - leg.0 % HUMANS_PER_CALL;
        LegId(first + HUMANS_PER_CALL - 1 - table.named % (HUMANS_PER_CALL / 2))
    }

    /// The leg of a human that these words of another phone name.
    fn named_by(&self, call: &IncomingCall) -> Option<LegId> {
        let replaces = call.replaces.as_ref()?;
        let table = self.table();
        let phones =
            table.legs.iter().flat_map(|(leg, there)| there.phones.iter().map(move |it| (leg, &it.1)));
        phones.into_iter().find_map(|(leg, phone)| match phone {
            Phone::Sip(control) if control.is_named_by(replaces) => Some(*leg),
            Phone::Sip(_) | Phone::Browser(_) => None,
            #[cfg(feature = "talk")]
            Phone::Card => None,
        })
    }
}

/// An INVITE with `Replaces`: a phone takes the place of a human's (RFC 3891). The caller's is given to nobody.
pub(crate) fn take_place(shared: &Arc<Shared>, call: IncomingCall) {
    let calls: Vec<Legs> = shared.calls().values().map(|entry| entry.legs.clone()).collect();
    let found = calls.into_iter().find_map(|legs| legs.named_by(&call).map(|leg| (legs, leg)));
    match found {
        None => call.reject(481, None),
        Some((_, leg)) if leg.0 < HUMAN_LEGS => call.reject(603, None),
        Some((legs, replaced)) => {
            let leg = legs.name_beside(replaced);
            tokio::spawn(phone::answer_in_place(legs, leg, replaced, call));
        }
    }
}

/// What a phone is told that did not say why: 480, temporarily unavailable.
const NO_ANSWER: u16 = 480;
