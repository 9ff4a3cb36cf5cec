//! The chain of a journal: whatever is written down is hashed together with the hash of what was written down before it, so
//! that a change to any of it shows.
//!
//! A journal is plans, and entries in the order of writing: events of plans, and refusals. Every entry holds two hashes, of the
//! entry before it in the journal and, an event, of the event before it in its plan. The first entry of a journal holds that of
//! the journal's [`Origin`], the first event of a plan that of the plan as it was consented to. So all of a journal hangs on its
//! last hash, the head, and one plan can be checked without the others.
//!
//! What is hashed, for whoever wants to do it without us: SHA-256 over fields, each as its length (8 bytes, big-endian) and its
//! bytes; numbers are fields of 8 bytes, big-endian.
//!
//! ```text
//! texts(salt, t...) = "callwright texts 1",   salt, t...
//! origin            = "callwright journal 1", id, unix_ms, adopted
//! plan              = "callwright plan 1",    id, texts(salt, plan, trail)
//! event             = "callwright event 1",   place, before, plan's id, number, before_in_plan, unix_ms, texts(salt, event)
//! refusal           = "callwright refusal 1", place, before, plan's id, unix_ms, texts(salt, text, json)
//! journey           = "callwright journey 1", id, pack, identity
//! ```
//!
//! Texts go in as they are stored, byte by byte, and by way of a hash of their own with a salt of their own: so what is personal
//! can be erased together with its salt, and the chain around it still holds. An erased plan or entry has empty texts, and in the place of
//! the salt the hash of what they were: 32 bytes, where a salt has 16. Without the salt nobody can find out the texts by trying.
//!
//! What a chain cannot show, having no key: that its newest entries were cut off, or that somebody who may write to the file wrote
//! all of it anew from some place on. Both leave a chain without a flaw, but never with the old head in it: whoever noted a head
//! elsewhere finds both. What such a somebody adds after the head that was noted last is told by nothing.

mod audit;

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

pub use audit::{Audit, Audited, Finding, Misfit};

/// A SHA-256. Shown and read as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hash([u8; 32]);

/// Not 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a hash is 64 hexadecimal digits")]
pub struct NoHash;

/// Where a chain begins. It differs from journal to journal, so that none can stand in for another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Drawn by lot.
    pub id: Vec<u8>,
    /// When the chain was begun, in milliseconds since 1970.
    pub unix_ms: u64,
    /// Entries that were there already, of a journal that had no chain. It shows changes to them only since then.
    pub adopted: u64,
}

/// A plan as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedPlan {
    /// Its identity.
    pub id: String,
    /// The plan, as JSON.
    pub text: String,
    /// How it came to be, as JSON; empty in journals that were kept before that was.
    pub trail: String,
    /// Drawn by lot; of an erased one the hash of its texts.
    pub salt: Vec<u8>,
    /// Marked as ended. The mark is for finding plans that go on; it follows from the events and is in no hash.
    pub finished: bool,
}

/// An entry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Place in the journal, from 1.
    pub place: u64,
    /// Hash of the entry before.
    pub before: Hash,
    /// The plan it is about.
    pub plan: String,
    /// When it was written, in milliseconds since 1970.
    pub unix_ms: u64,
    /// Drawn by lot; of an erased one the hash of its texts.
    pub salt: Vec<u8>,
    /// What is written.
    pub what: Written,
    /// Hash of all of this.
    pub hash: Hash,
}

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// Something happened to a plan.
    Event {
        /// Place in the plan, from 1.
        number: u64,
        /// Hash of the event before, of the first the plan's.
        before_in_plan: Hash,
        /// The event, as JSON.
        text: String,
    },
    /// A policy said no to a plan.
    Refusal {
        /// Why, in words.
        text: String,
        /// The same as JSON.
        json: String,
    },
}

/// The end of a chain as far as it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Place of the last entry; 0 when there is none.
    pub place: u64,
    /// Its hash; the origin's when there is none.
    pub hash: Hash,
}

impl Hash {
    /// A hash as it was stored. What is no hash becomes one that fits nothing.
    #[must_use]
    pub fn stored(bytes: &[u8]) -> Self {
        Self(bytes.try_into().unwrap_or_default())
    }

    /// Its bytes, to store.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn of(kind: &str, fields: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for field in std::iter::once(&kind.as_bytes()).chain(fields) {
            hash.update((field.len() as u64).to_be_bytes());
            hash.update(field);
        }
        Self(hash.finalize().into())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl FromStr for Hash {
    type Err = NoHash;

    fn from_str(text: &str) -> Result<Self, NoHash> {
        if !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(NoHash);
        }
        let bytes: Vec<u8> = text
            .as_bytes()
            .chunks(2)
            .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
            .collect();
        if text.len() != 2 * bytes.len() {
            return Err(NoHash);
        }
        bytes.try_into().map(Self).map_err(|_| NoHash)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Origin {
    /// What the first entry holds as the hash before it.
    #[must_use]
    pub fn hash(&self) -> Hash {
        let (time, adopted) = (self.unix_ms.to_be_bytes(), self.adopted.to_be_bytes());
        Hash::of("callwright journal 1", &[&self.id, &time, &adopted])
    }

    /// The name of what is kept of one person: whoever proved in a pack to own `identity`. Without the journal nobody can tell whose it
    /// is, and it is another one in another journal.
    #[must_use]
    pub fn journey(&self, pack: &str, identity: &str) -> Hash {
        Hash::of("callwright journey 1", &[&self.id, pack.as_bytes(), identity.as_bytes()])
    }

    /// The head of a journal without entries.
    #[must_use]
    pub fn head(&self) -> Head {
        Head { place: 0, hash: self.hash() }
    }
}

impl SealedPlan {
    /// Takes the texts and their salt away, for good. What was erased already stays as it is.
    pub fn erase(&mut self) {
        self.salt = texts(&self.salt, &[&self.text, &self.trail]).bytes().to_vec();
        (self.text, self.trail) = (String::new(), String::new());
    }

    /// Whether it was erased.
    #[must_use]
    pub fn is_erased(&self) -> bool {
        erased(&self.salt, &[&self.text, &self.trail]).is_some()
    }

    /// What the first event of the plan holds as the hash before it.
    #[must_use]
    pub fn hash(&self) -> Hash {
        let texts = texts(&self.salt, &[&self.text, &self.trail]);
        Hash::of("callwright plan 1", &[self.id.as_bytes(), texts.bytes()])
    }
}

impl Sealed {
    /// The entry that comes after `head`.
    #[must_use]
    pub fn after(head: Head, plan: String, unix_ms: u64, salt: Vec<u8>, what: Written) -> Self {
        let mut entry =
            Self { place: head.place + 1, before: head.hash, plan, unix_ms, salt, what, hash: Hash([0; 32]) };
        entry.hash = entry.computed();
        entry
    }

    /// Takes the texts and their salt away, for good. What was erased already stays as it is.
    pub fn erase(&mut self) {
        let gone = match &mut self.what {
            Written::Event { text, .. } => texts(&self.salt, &[&std::mem::take(text)]),
            Written::Refusal { text, json } => {
                texts(&self.salt, &[&std::mem::take(text), &std::mem::take(json)])
            }
        };
        self.salt = gone.bytes().to_vec();
    }

    /// Whether it was erased.
    #[must_use]
    pub fn is_erased(&self) -> bool {
        match &self.what {
            Written::Event { text, .. } => erased(&self.salt, &[text]).is_some(),
            Written::Refusal { text, json } => erased(&self.salt, &[text, json]).is_some(),
        }
    }

    /// The head once it is written.
    #[must_use]
    pub fn head(&self) -> Head {
        Head { place: self.place, hash: self.hash }
    }

    /// The hash that fits what the entry says.
    fn computed(&self) -> Hash {
        let (place, time) = (self.place.to_be_bytes(), self.unix_ms.to_be_bytes());
        let (before, plan) = (self.before.bytes(), self.plan.as_bytes());
        match &self.what {
            Written::Event { number, before_in_plan, text } => {
                let texts = texts(&self.salt, &[text]);
                let (number, in_plan) = (number.to_be_bytes(), before_in_plan.bytes());
                let fields = [&place[..], before, plan, &number, in_plan, &time, texts.bytes()];
                Hash::of("callwright event 1", &fields)
            }
            Written::Refusal { text, json } => {
                let texts = texts(&self.salt, &[text, json]);
                Hash::of("callwright refusal 1", &[&place, before, plan, &time, texts.bytes()])
            }
        }
    }
}

/// What the texts were hashed to, of those that were erased.
fn erased(salt: &[u8], texts: &[&str]) -> Option<Hash> {
    let bytes: [u8; 32] = salt.try_into().ok()?;
    texts.iter().all(|text| text.is_empty()).then_some(Hash(bytes))
}

fn texts(salt: &[u8], texts: &[&str]) -> Hash {
    if let Some(hash) = erased(salt, texts) {
        return hash;
    }
    let fields: Vec<&[u8]> = std::iter::once(salt).chain(texts.iter().map(|text| text.as_bytes())).collect();
    Hash::of("callwright texts 1", &fields)
}

#[cfg(test)]
mod tests;
