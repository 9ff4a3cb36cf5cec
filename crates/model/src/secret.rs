//! Secrets of systems: passwords and tokens, named where they are kept and never written where they are named.

use std::fmt;
use std::str::FromStr;

/// Where a secret is kept: `env:NAME` or `file:PATH`. Configuration names secrets in no other way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretRef {
    /// A variable of the environment.
    Env(String),
    /// A file; white space at its end is not part of the secret.
    File(String),
}

impl FromStr for SecretRef {
    type Err = String;

    /// The error never shows what was written: it may be the secret itself.
    fn from_str(text: &str) -> Result<Self, String> {
        let named = |name: &str| !name.is_empty() && !name.contains(['\0', '=']);
        match text.split_once(':') {
            Some(("env", name)) if named(name) => Ok(Self::Env(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.to_owned())),
            Some(_) | None => {
                Err("a secret is never written here: name where it is kept, as `env:NAME` or `file:PATH`"
                    .to_owned())
            }
        }
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{path}"),
        }
    }
}

/// A secret in memory. Its `Debug` and `Display` print `‹secret›`, and it cannot be serialised; the one place that sends it calls
/// [`Secret::reveal`].
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Holds a secret.
    #[must_use]
    pub const fn new(secret: String) -> Self {
        Self(secret)
    }

    /// The secret itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("‹secret›")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("‹secret›")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_named_and_never_shown() {
        assert_eq!("env:TOKEN".parse(), Ok(SecretRef::Env("TOKEN".to_owned())));
        assert_eq!("file:/run/token".parse(), Ok(SecretRef::File("/run/token".to_owned())));
        for inline in ["hunter2", "env:", "file:", "env:A=B", "http://u:hunter2@host", ""] {
            let why = inline.parse::<SecretRef>().expect_err("it is none");
            assert!(why.contains("`env:NAME` or `file:PATH`") && !why.contains("hunter2"), "{why}");
        }
        let secret = Secret::new("hunter2".to_owned());
        assert_eq!(format!("{secret} {secret:?} {:?}", Some(&secret)), "‹secret› ‹secret› Some(‹secret›)");
        assert_eq!(secret.reveal(), "hunter2");
    }
}
