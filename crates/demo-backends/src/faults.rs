//! What goes wrong on demand.

use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use callwright_model::{Record, Value};
use tokio::sync::{oneshot, watch};

/// One kind of misfortune, for the next calls of a method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The method; empty is every method.
    pub method: String,
    /// The plan that calls; empty is every plan, and none.
    pub plan: String,
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
    /// It is held before it is done, until it is released.
    HoldRequest,
    /// It is done, and its answer is held until it is released.
    HoldReply,
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
        Ok(Self { method: method.to_owned(), plan: String::new(), kind, times: 1 })
    }
}

/// Faults to come, and calls that are held. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    trouble: Mutex<Trouble>,
    /// Tells whoever waits that other calls are held than before.
    changed: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Trouble {
    faults: Vec<Fault>,
    held: Vec<Held>,
    /// Calls held so far.
    holds: u64,
}

/// A call that is held, or was and is being finished.
#[derive(Debug)]
struct Held {
    number: u64,
    plan: String,
    /// `None` once it was released.
    go: Option<oneshot::Sender<()>>,
}

/// A place among the calls that are held; given back when dropped.
#[derive(Debug)]
pub(crate) struct Hold {
    faults: Faults,
    number: u64,
    go: oneshot::Receiver<()>,
}

impl Hold {
    /// Waits until it is released.
    pub(crate) async fn released(&mut self) {
        // Whoever held it is never gone: `faults` keeps it.
        let _ = (&mut self.go).await;
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.faults.trouble().held.retain(|held| held.number != self.number);
        self.faults.0.changed.send_replace(());
    }
}

impl Faults {
    fn trouble(&self) -> MutexGuard<'_, Trouble> {
        self.0.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a fault behind those that are there.
    pub fn add(&self, fault: Fault) {
        self.trouble().faults.push(fault);
    }

    /// Adds a fault that strikes once.
    pub fn once(&self, method: &str, kind: FaultKind) {
        self.add(Fault { method: method.to_owned(), plan: String::new(), kind, times: 1 });
    }

    /// Forgets all faults. Calls that are held stay so.
    pub fn clear(&self) {
        self.trouble().faults.clear();
    }

    /// The fault that strikes this call, if any; it is used up.
    pub(crate) fn strike(&self, method: &str, plan: &str) -> Option<FaultKind> {
        let faults = &mut self.trouble().faults;
        let at = faults.iter().position(|fault| {
            let of_plan = fault.plan.is_empty() || fault.plan == plan;
            fault.times > 0 && of_plan && (fault.method.is_empty() || fault.method == method)
        })?;
        faults[at].times -= 1;
        let kind = faults[at].kind;
        faults.retain(|fault| fault.times > 0);
        Some(kind)
    }

    /// Takes a place among the calls that are held.
    pub(crate) fn hold(&self, plan: &str) -> Hold {
        let mut trouble = self.trouble();
        trouble.holds += 1;
        let (number, (release, go)) = (trouble.holds, oneshot::channel());
        trouble.held.push(Held { number, plan: plan.to_owned(), go: Some(release) });
        drop(trouble);
        self.0.changed.send_replace(());
        Hold { faults: self.clone(), number, go }
    }

    /// Lets the calls of a plan that are held go on; of all plans when it is empty.
    pub fn release(&self, plan: &str) {
        for held in self.trouble().held.iter_mut().filter(|held| plan.is_empty() || held.plan == plan) {
            if let Some(go) = held.go.take() {
                // A call that was given up in between needs none.
                let _ = go.send(());
            }
        }
    }

    /// Plans whose calls are held, or were and are being finished.
    #[must_use]
    pub fn held(&self) -> Vec<String> {
        self.trouble().held.iter().map(|held| held.plan.clone()).collect()
    }

    /// Waits until the plans whose calls are held, or were and are being finished, are as wanted.
    pub async fn until(&self, wanted: impl Fn(&[String]) -> bool) {
        let mut changed = self.0.changed.subscribe();
        // Who tells of changes is held by `self`, and so never gone.
        let _ = changed.wait_for(|()| wanted(&self.held())).await;
    }

    /// Does what a call of `_faults` asks for: adds the fault of `method`, `plan`, `kind` (`lost_reply`, `lost_request`, `refuse`,
    /// `refuse_for_now`, `delay` with `ms`, `hold_request`, `hold_reply`) and `times`; or `clear`, or `release` of a `plan`, or
    /// `look`; or waits until all `plans` are held (`await_held`), or none is (`await_none`). Answers which plans are held.
    pub(crate) async fn apply(&self, arguments: &Record) -> Result<Record, String> {
        match arguments.get("kind").and_then(Value::as_text) {
            Some("await_none") => self.until(<[String]>::is_empty).await,
            Some("await_held") => {
                let Some(Value::List(plans)) = arguments.get("plans") else {
                    return Err("`plans` is no list".to_owned());
                };
                let is_held =
                    |plan: &Value, held: &[String]| held.iter().any(|held| plan.as_text() == Some(held));
                self.until(|held| plans.iter().all(|plan| is_held(plan, held))).await;
            }
            Some(_) | None => self.change(arguments)?,
        }
        let held = self.held().into_iter().map(Value::Text).collect();
        Ok(Record::from([("held".to_owned(), Value::List(held))]))
    }

    fn change(&self, arguments: &Record) -> Result<(), String> {
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
            Some("hold_request") => FaultKind::HoldRequest,
            Some("hold_reply") => FaultKind::HoldReply,
            Some("clear") => {
                self.clear();
                return Ok(());
            }
            Some("release") => {
                self.release(text("plan").unwrap_or_default());
                return Ok(());
            }
            Some("look") => return Ok(()),
            Some(_) | None => return Err("`kind` names no fault".to_owned()),
        };
        let (method, plan) =
            (text("method").unwrap_or_default().to_owned(), text("plan").unwrap_or_default().to_owned());
        self.add(Fault { method, plan, kind, times: number("times").unwrap_or(1) });
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
        let pay = Fault { method: "pay".to_owned(), plan: String::new(), kind: FaultKind::Refuse, times: 2 };
        faults.add(pay.clone());
        faults.add(Fault { plan: "a".to_owned(), kind: FaultKind::LostReply, times: 1, ..pay });
        assert_eq!(faults.strike("look", ""), None);
        assert_eq!(faults.strike("pay", ""), Some(FaultKind::Refuse));
        assert_eq!(faults.strike("pay", "b"), Some(FaultKind::Refuse));
        assert_eq!(faults.strike("pay", "b"), None, "what is left is meant for another plan");
        assert_eq!(faults.strike("pay", "a"), Some(FaultKind::LostReply));
        assert_eq!(faults.strike("pay", "a"), None);
    }

    #[tokio::test]
    async fn a_call_is_held_until_its_plan_is_released_and_told_until_it_is_finished() {
        let faults = Faults::default();
        let (mut first, second) = (faults.hold("a"), faults.hold("b"));
        assert_eq!(faults.held(), ["a", "b"]);
        faults.release("a");
        first.released().await;
        assert_eq!(faults.held(), ["a", "b"], "it goes on and is not finished");
        drop(first);
        assert_eq!(faults.held(), ["b"]);
        drop(second);
        assert!(faults.held().is_empty());
    }

    #[tokio::test]
    async fn whoever_waits_for_calls_to_be_held_or_finished_is_told() {
        let faults = Faults::default();
        let plans = Value::List(vec!["a".into(), "b".into()]);
        let asked = Record::from([("kind".to_owned(), "await_held".into()), ("plans".to_owned(), plans)]);
        let (held, answer) =
            tokio::join!(biased; async { (faults.hold("b"), faults.hold("a")) }, faults.apply(&asked));
        assert!(answer.is_ok(), "{answer:?}");
        let none = Record::from([("kind".to_owned(), "await_none".into())]);
        let (answer, ()) = tokio::join!(biased; faults.apply(&none), async { drop(held) });
        assert_eq!(answer.map(|answer| answer["held"].clone()), Ok(Value::List(Vec::new())));
    }
}
