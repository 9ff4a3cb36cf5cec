//! A business without a server: in memory, called directly. For calls in virtual time, where nothing may wait.

use std::collections::BTreeMap;
use std::time::Duration;

use callwright_model::Record;
use rusqlite::Connection;

use crate::date::Day;
use crate::faults::{FaultKind, Faults};
use crate::serve::StartError;
use crate::snapshot::Snapshot;
use crate::store::{self, Business};
use crate::wire::connector::{InvokeError, Refusal};

/// A demo business that answers at once, and tells how long it would have taken.
#[derive(Debug)]
pub struct InStep {
    connection: Connection,
    faults: Faults,
    perform: Perform,
    snapshot: fn(&Connection) -> rusqlite::Result<Snapshot>,
    known: fn() -> Vec<Vec<(&'static str, &'static str)>>,
}

/// See [`store::perform`].
type Perform = fn(&mut Connection, &str, &Record, Option<&str>) -> Result<Record, InvokeError>;

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The answer.
    pub result: Result<Record, InvokeError>,
    /// How long after the call it is there.
    pub after: Duration,
}

impl InStep {
    /// In memory, with its facts of this day (`YYYY-MM-DD`).
    pub(crate) fn open<B: Business>(date: &str, faults: Faults) -> Result<Self, StartError> {
        let day = Day::parse(date).ok_or_else(|| StartError::Date(date.to_owned()))?;
        let connection = store::open::<B>(None, day)?;
        let (perform, snapshot, known) = (store::perform::<B>, store::snapshot::<B>, B::known);
        Ok(Self { connection, faults, perform, snapshot, known })
    }

    /// What callers of the demo know, by the names that the demo's skills ask with: a booking's code and PIN, a flight's number.
    #[must_use]
    pub fn known(&self) -> Vec<BTreeMap<String, String>> {
        let owned = |row: Vec<(&str, &str)>| {
            row.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
        };
        (self.known)().into_iter().map(owned).collect()
    }

    /// Changes its data beforehand: one SQL statement or several.
    ///
    /// # Errors
    /// When the database does not take it.
    pub fn prepare(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.execute_batch(sql)
    }

    /// Makes a call, with a key when it is to be done once. Who asks gives up after `patience`.
    pub fn invoke(
        &mut self,
        method: &str,
        arguments: &Record,
        key: Option<&str>,
        (plan, patience): (&str, Duration),
    ) -> Answered {
        let fault = self.faults.strike(method, plan);
        let refused =
            |reason: &str, retriable| Err(Refusal::Refused { reason: reason.to_owned(), retriable }.into());
        let lost = || Err(InvokeError::Unknown("no answer in time, as asked for".to_owned()));
        let mut done = || (self.perform)(&mut self.connection, method, arguments, key);
        let (result, after) = match fault {
            None => (done(), USUAL),
            Some(FaultKind::Refuse) => (refused("refused, as asked for", false), USUAL),
            Some(FaultKind::RefuseForNow) => (refused("refused for now, as asked for", true), USUAL),
            // Nobody waits longer than their patience: what is held comes too late, as what is lost.
            Some(FaultKind::LostRequest | FaultKind::HoldRequest) => (lost(), patience),
            Some(FaultKind::LostReply | FaultKind::HoldReply) => {
                drop(done());
                (lost(), patience)
            }
            Some(FaultKind::Delay(length)) if length < patience => (done(), length),
            Some(FaultKind::Delay(_)) => {
                drop(done());
                (lost(), patience)
            }
        };
        Answered { result, after }
    }

    /// All its data as it is.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn snapshot(&self) -> rusqlite::Result<Snapshot> {
        (self.snapshot)(&self.connection)
    }
}

/// What a system in the same building takes to answer.
const USUAL: Duration = Duration::from_millis(30);

#[cfg(test)]
mod tests {
    use callwright_model::Value;

    use super::*;
    use crate::airline;

    fn told(pairs: [(&str, &str); 2]) -> Record {
        pairs.into_iter().map(|(name, value)| (name.to_owned(), Value::Code(value.to_owned()))).collect()
    }

    #[test]
    fn a_call_takes_effect_once_and_its_faults_cost_time_only() {
        let faults = Faults::default();
        let mut airline = airline::in_step("2026-11-23", faults.clone()).expect("it opens");
        let (before, whose) = (airline.snapshot().expect("it reads"), ("p", Duration::from_secs(2)));
        let seat = told([("flight", "CW318-2026-11-23"), ("booking", "K7M4X2")]);
        faults.once("assign_seat", FaultKind::LostReply);
        let first = airline.invoke("assign_seat", &seat, Some("k"), whose);
        assert!(matches!(first.result, Err(InvokeError::Unknown(_))), "{first:?}");
        assert_eq!(first.after, whose.1);
        let again = airline.invoke("assign_seat", &seat, Some("k"), whose);
        assert_eq!(again.result.map(|seat| seat["number"].clone()), Ok(Value::Code("11A".to_owned())));
        let changes = airline.snapshot().expect("it reads").changes_since(&before);
        assert_eq!(changes, ["seats CW318-2026-11-23 11A: booking - -> K7M4X2"]);
        faults.once("assign_seat", FaultKind::Refuse);
        let refused = airline.invoke("assign_seat", &seat, Some("other"), whose);
        assert!(matches!(refused.result, Err(InvokeError::Refused(_))), "{refused:?}");
        assert!(airline.prepare("DELETE FROM nothing").is_err());
        assert!(airline::in_step("2026-13-01", faults).is_err());
    }
}
