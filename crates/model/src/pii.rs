//! Personal data, marked so that it cannot slip into a log.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A value that belongs to a caller: a number, a name, their words. Its `Debug` and `Display` print `‹redacted›`; code that
/// may see it says so by calling [`Pii::reveal`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pii<T>(T);

impl<T> Pii<T> {
    /// Marks a value as personal.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Each call is a place where personal data leaves the fence.
    pub const fn reveal(&self) -> &T {
        &self.0
    }

    /// Takes the value out.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> From<T> for Pii<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Pii<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("‹redacted›")
    }
}

impl<T> fmt::Display for Pii<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("‹redacted›")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printing_does_not_reveal() {
        let number = Pii::new("+1 555 0100");
        assert_eq!(format!("{number} {number:?}"), "‹redacted› ‹redacted›");
        assert_eq!(*number.reveal(), "+1 555 0100");
    }
}
