//! What goes wrong on demand.

use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use callwright_model::{Record, Value};

/// One kind of misfortune, for the next calls of a method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The method; empty is every method.
    pub method: String,
    /// What happens.
    pub kind: FaultKind,
    /// To how many calls.
    pub times: u32,
}

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// It is done, and the answer is lost.
    LostReply,
    /// It is lost on the way here: not done, no answer.
    LostRequest,
    /// The business says no, for good.
    Refuse,
    /// The business says no, and may say yes a moment later.
    RefuseForNow,
    /// It takes this much longer.
    Delay(Duration),
}

impl FromStr for Fault {
    type Err = String;

    /// As a person asks for it: `METHOD=lost-reply`, `METHOD=lost-request`, `METHOD=refuse`, `METHOD=refuse-for-now` or
    /// `METHOD=delay:MS`. It strikes once.
    fn from_str(text: &str) -> Result<Self, String> {
        let help = "write ACTION=lost-reply, ACTION=lost-request, ACTION=refuse, ACTION=refuse-for-now or ACTION=delay:MS";
        let (method, kind) = text.split_once('=').filter(|(method, _)| !method.is_empty()).ok_or(help)?;
        let kind = match (kind, kind.strip_prefix("delay:")) {
            ("lost-reply", _) => FaultKind::LostReply,
            ("lost-request", _) => FaultKind::LostRequest,
            ("refuse", _) => FaultKind::Refuse,
            ("refuse-for-now", _) => FaultKind::RefuseForNow,
            (_, Some(ms)) => {
                FaultKind::Delay(Duration::from_millis(ms.parse::<u32>().map_err(|_| help)?.into()))
            }
            (_, None) => return Err(help.to_owned()),
        };
        Ok(Self { method: method.to_owned(), kind, times: 1 })
    }
}

/// Faults to come. Clones share one list.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Vec<Fault>>>);

impl Faults {
    /// Adds a fault behind those that are there.
    pub fn add(&self, fault: Fault) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
    }

    /// Adds a fault that strikes once.
    pub fn once(&self, method: &str, kind: FaultKind) {
        self.add(Fault { method: method.to_owned(), kind, times: 1 });
    }

    /// Forgets all faults.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The fault that strikes this call, if any; it is used up.
    pub(crate) fn strike(&self, method: &str) -> Option<FaultKind> {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = faults.iter().position(|f| f.times > 0 && (f.method.is_empty() || f.method == method))?;
        faults[at].times -= 1;
        let kind = faults[at].kind;
        faults.retain(|fault| fault.times > 0);
        Some(kind)
    }

    /// Adds the fault that a call of `_faults` describes: `method`, `kind` (`lost_reply`, `lost_request`, `refuse`,
    /// `refuse_for_now`, `delay` with `ms`, or `clear`) and `times`.
    pub(crate) fn apply(&self, arguments: &Record) -> Result<(), String> {
        let text = |name: &str| arguments.get(name).and_then(Value::as_text);
        let number = |name: &str| match arguments.get(name) {
            Some(Value::Int(number)) => u32::try_from(*number).ok(),
            _ => None,
        };
        let kind = match text("kind") {
            Some("lost_reply") => FaultKind::LostReply,
            Some("lost_request") => FaultKind::LostRequest,
            Some("refuse") => FaultKind::Refuse,
            Some("refuse_for_now") => FaultKind::RefuseForNow,
            Some("delay") => FaultKind::Delay(Duration::from_millis(number("ms").unwrap_or(1_000).into())),
            Some("clear") => {
                self.clear();
                return Ok(());
            }
            Some(_) | None => return Err("`kind` names no fault".to_owned()),
        };
        let method = text("method").unwrap_or_default().to_owned();
        self.add(Fault { method, kind, times: number("times").unwrap_or(1) });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_asked_for_in_words() {
        let fault = |text: &str| text.parse::<Fault>().map(|fault| (fault.method, fault.kind));
        assert_eq!(fault("pay=lost-reply"), Ok(("pay".to_owned(), FaultKind::LostReply)));
        let slow = FaultKind::Delay(Duration::from_millis(1_500));
        assert_eq!(fault("pay=delay:1500"), Ok(("pay".to_owned(), slow)));
        for text in ["pay", "=refuse", "pay=explode", "pay=delay", "pay=delay:-1", "pay=delay:soon"] {
            assert!(fault(text).expect_err(text).starts_with("write ACTION="), "{text}");
        }
    }

    #[test]
    fn a_fault_strikes_its_method_as_often_as_asked() {
        let faults = Faults::default();
        faults.add(Fault { method: "pay".to_owned(), kind: FaultKind::Refuse, times: 2 });
        assert_eq!(faults.strike("look"), None);
        assert_eq!(faults.strike("pay"), Some(FaultKind::Refuse));
        assert_eq!(faults.strike("pay"), Some(FaultKind::Refuse));
        assert_eq!(faults.strike("pay"), None);
    }
}
