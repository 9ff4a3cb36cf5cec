//! The demo's two stories, where each can be struck, and what it must leave in a system's database.

use anyhow::Result;
use callwright_model::{Record, Value};
use rusqlite::{Connection, params};
use serde::Serialize;

use super::system::Kind;

/// One of the demo's stories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Story {
    /// A passenger is moved to another flight.
    Rebook,
    /// An item goes back to the shop.
    Return,
}

/// A write of a story.
#[derive(Debug, Clone, Copy)]
pub struct Write {
    /// Its step.
    pub step: u32,
    /// Its method.
    pub method: &'static str,
    /// The method that takes it back.
    pub undo: Option<&'static str>,
}

/// Where a plan is struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// As soon as its caller hears of this.
    Heard(Heard),
    /// Inside a call of this method that is not done yet.
    Asked(&'static str),
    /// Inside a call of this method that is done and not answered.
    Done(&'static str),
}

/// What is heard of a plan between two calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// A step was begun.
    Started(u32),
    /// A step took effect.
    Committed(u32),
    /// A step was refused for good.
    Failed(u32),
    /// A step was taken back.
    Undone(u32),
}

/// A story, whether it goes through, and where it is struck.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// The story.
    pub story: Story,
    /// Its last write is refused for good, so that the others are taken back.
    pub refused: bool,
    /// Where it is struck.
    pub place: Place,
}

impl Story {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Rebook, Self::Return];

    /// Its skill, by which it is called too.
    #[must_use]
    pub fn skill(self) -> &'static str {
        match self {
            Self::Rebook => "rebook",
            Self::Return => "return",
        }
    }

    /// Its pack.
    #[must_use]
    pub fn pack(self) -> &'static str {
        match self {
            Self::Rebook => "airline",
            Self::Return => "retail",
        }
    }

    /// The system in which it acts.
    #[must_use]
    pub fn system(self) -> Kind {
        match self {
            Self::Rebook => Kind::Airline,
            Self::Return => Kind::Shop,
        }
    }

    /// Its writes, as `skills/` has them.
    #[must_use]
    pub fn writes(self) -> &'static [Write] {
        match self {
            Self::Rebook => &[
                Write { step: 3, method: "assign_seat", undo: Some("release_seat") },
                Write { step: 4, method: "apply_credit", undo: Some("revoke_credit") },
                Write { step: 5, method: "update_booking", undo: Some("restore_booking") },
                Write { step: 6, method: "send_confirmation", undo: None },
            ],
            Self::Return => &[
                Write { step: 3, method: "refund_payment", undo: Some("cancel_refund") },
                Write { step: 4, method: "restock", undo: Some("cancel_restock") },
                Write { step: 5, method: "send_confirmation", undo: None },
            ],
        }
    }

    /// What a customer says.
    #[must_use]
    pub fn inputs(self, customer: usize) -> Record {
        let name = self.customer(customer);
        let inputs = match self {
            Self::Rebook => {
                vec![("code", Value::from(&*name)), ("pin", "4821".into()), ("flight", Value::Int(1))]
            }
            Self::Return => vec![
                ("order", Value::from(&*name)),
                ("pin", "3067".into()),
                ("reason", "damaged".into()),
                ("item", Value::Int(1)),
            ],
        };
        inputs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The booking or order of a customer.
    fn customer(self, number: usize) -> String {
        match self {
            Self::Rebook => format!("F{number:05}"),
            Self::Return => (100_000 + number).to_string(),
        }
    }

    /// Puts customers into the system's database, each as the demo's own.
    ///
    /// # Errors
    /// When the database is another than the demo's.
    pub fn seed(self, database: &mut Connection, customers: usize) -> Result<()> {
        let transaction = database.transaction()?;
        for number in 0..customers {
            let name = self.customer(number);
            match self {
                Self::Rebook => {
                    let (old, new) = (format!("O{number:05}"), format!("S{number:05}"));
                    transaction.execute(
                        "INSERT INTO bookings SELECT ?1, pin, name, status, flight, ?2, fare, credit_due, currency
                         FROM bookings WHERE code = 'K7M4X2'",
                        params![name, old],
                    )?;
                    transaction.execute(
                        "INSERT INTO seats SELECT flight, ?2, ?1 FROM bookings WHERE code = 'K7M4X2'",
                        params![name, old],
                    )?;
                    transaction.execute(
                        "INSERT INTO seats SELECT id, ?1, NULL FROM flights WHERE number = 'CW318'",
                        [new],
                    )?;
                }
                Self::Return => {
                    transaction.execute(
                        "INSERT INTO orders SELECT ?1, pin, name, placed, until, currency FROM orders
                         WHERE number = '804215'",
                        [&name],
                    )?;
                    transaction.execute(
                        "INSERT INTO items SELECT ?2, ?1, name, price, returnable, state FROM items
                         WHERE id = 'headphones-1'",
                        params![name, format!("headphones-{name}")],
                    )?;
                }
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// What the system's database holds of a customer's effects.
    ///
    /// # Errors
    /// When the database is another than the demo's.
    pub fn found(self, database: &Connection, customer: usize) -> Result<Vec<Found>> {
        let name = self.customer(customer);
        let count = |query: &str| database.query_row(query, [&name], |row| row.get::<_, u32>(0));
        let found = |active: &str, taken_back: Option<&str>| -> Result<Found> {
            let taken_back = taken_back.map_or(Ok(0), count)?;
            Ok(Found { active: count(active)?, taken_back })
        };
        match self {
            Self::Rebook => [
                found(
                    "SELECT count(*) FROM seats JOIN flights ON flights.id = seats.flight
                     WHERE flights.number = 'CW318' AND seats.booking = ?1",
                    None,
                ),
                found(
                    "SELECT count(*) FROM credits WHERE booking = ?1 AND state = 'active'",
                    Some("SELECT count(*) FROM credits WHERE booking = ?1 AND state = 'revoked'"),
                ),
                // On the flight, and in the seat that is held there.
                found(
                    "SELECT count(*) FROM bookings JOIN flights ON flights.id = bookings.flight
                     JOIN seats ON seats.flight = flights.id AND seats.number = bookings.seat
                       AND seats.booking = bookings.code
                     WHERE bookings.code = ?1 AND flights.number = 'CW318'",
                    None,
                ),
                found("SELECT count(*) FROM messages WHERE booking = ?1", None),
            ]
            .into_iter()
            .collect(),
            Self::Return => [
                found(
                    "SELECT count(*) FROM refunds WHERE purchase = ?1 AND state = 'active'",
                    Some("SELECT count(*) FROM refunds WHERE purchase = ?1 AND state = 'revoked'"),
                ),
                found(
                    "SELECT count(*) FROM returns WHERE purchase = ?1 AND state = 'expected'",
                    Some("SELECT count(*) FROM returns WHERE purchase = ?1 AND state = 'cancelled'"),
                ),
                found("SELECT count(*) FROM items WHERE purchase = ?1 AND state = 'returning'", None),
                found("SELECT count(*) FROM messages WHERE purchase = ?1", None),
            ]
            .into_iter()
            .collect(),
        }
    }
}

impl Case {
    /// Every place of both stories: each write and each undo, before and after it is done, and what lies between them.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut cases = Vec::new();
        for story in Story::ALL {
            let writes = story.writes();
            let mut add = |refused, place| cases.push(Self { story, refused, place });
            if let Some(first) = writes.first() {
                add(false, Place::Heard(Heard::Started(first.step)));
            }
            for write in writes {
                add(false, Place::Asked(write.method));
                add(false, Place::Done(write.method));
                add(false, Place::Heard(Heard::Committed(write.step)));
            }
            if let Some(last) = writes.last() {
                add(true, Place::Heard(Heard::Failed(last.step)));
            }
            for (write, undo) in writes.iter().rev().filter_map(|write| Some((write, write.undo?))) {
                add(true, Place::Asked(undo));
                add(true, Place::Done(undo));
                add(true, Place::Heard(Heard::Undone(write.step)));
            }
        }
        cases
    }

    /// The write that is refused for good.
    #[must_use]
    pub fn refused(&self) -> Option<&'static str> {
        self.story.writes().last().filter(|_| self.refused).map(|write| write.method)
    }
}

/// What a database holds of one effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Times that it is there.
    pub active: u32,
    /// Times that it was there and is marked as taken back.
    pub taken_back: u32,
}

/// How a plan ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// All of it is done.
    Completed,
    /// Nothing of it is left.
    Undone,
    /// A human must look.
    InDoubt,
    /// It did not end.
    Unended,
}

/// What is wrong with a plan's effects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// Effects that there were.
    pub effects: u32,
    /// Effects that a completed plan does not have.
    pub lost: u32,
    /// Effects that happened more than once.
    pub doubled: u32,
    /// Effects that are still there of a plan that says nothing is.
    pub left: u32,
}

/// Compares what a plan says with what its system's database holds.
#[must_use]
pub fn judge(ending: Ending, found: &[Found]) -> Judged {
    let mut judged = Judged::default();
    for Found { active, taken_back } in found {
        let all = active + taken_back;
        judged.effects += all;
        judged.doubled += all.saturating_sub(1);
        match ending {
            Ending::Completed => judged.lost += 1_u32.saturating_sub(*active),
            Ending::Undone => judged.left += active,
            // Whoever looks finds it, or does not.
            Ending::InDoubt | Ending::Unended => {}
        }
    }
    judged
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONCE: Found = Found { active: 1, taken_back: 0 };
    const NEVER: Found = Found { active: 0, taken_back: 0 };
    const TAKEN_BACK: Found = Found { active: 0, taken_back: 1 };
    const TWICE: Found = Found { active: 2, taken_back: 0 };

    #[test]
    fn an_effect_that_is_lost_doubled_or_left_is_found() {
        let told = |ending, found: &[Found]| {
            let Judged { lost, doubled, left, .. } = judge(ending, found);
            (lost, doubled, left)
        };
        assert_eq!(told(Ending::Completed, &[ONCE, ONCE]), (0, 0, 0));
        assert_eq!(told(Ending::Completed, &[ONCE, NEVER]), (1, 0, 0));
        assert_eq!(told(Ending::Completed, &[TWICE, TAKEN_BACK]), (1, 1, 0));
        assert_eq!(told(Ending::Undone, &[NEVER, TAKEN_BACK]), (0, 0, 0));
        assert_eq!(told(Ending::Undone, &[ONCE, Found { active: 1, taken_back: 1 }]), (0, 1, 2));
        assert_eq!(told(Ending::InDoubt, &[ONCE, NEVER]), (0, 0, 0));
        assert_eq!(told(Ending::InDoubt, &[TWICE]), (0, 1, 0));
    }

    #[test]
    fn every_write_and_every_undo_is_struck_before_and_after_it_is_done() {
        let cases = Case::all();
        let calls = |wanted: fn(&Place) -> bool| cases.iter().filter(|case| wanted(&case.place)).count();
        // Seven writes, five of which can be taken back.
        assert_eq!(calls(|place| matches!(place, Place::Asked(_))), 12);
        assert_eq!(calls(|place| matches!(place, Place::Done(_))), 12);
        assert_eq!(calls(|place| matches!(place, Place::Heard(_))), 16);
    }
}
