//! What is wrong with a file that a person wrote, told so that they can mend it.

use std::fmt;

use serde::Serialize;

/// How bad a [`Problem`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It loads and works, but probably not as meant.
    Warning,
    /// It does not load.
    Error,
}

/// One mistake in a config, skill, policy or words file. Loaders return all of them at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// The file, as the person named it.
    pub file: String,
    /// Line, counted from 1; `None` when the mistake is that something is not there.
    pub line: Option<u32>,
    /// What is wrong, in one sentence.
    pub what: String,
    /// What to do about it, where that can be said.
    pub help: Option<String>,
}

impl Problem {
    /// An error at a place.
    pub fn error(file: impl Into<String>, line: Option<u32>, what: impl Into<String>) -> Self {
        Self { severity: Severity::Error, file: file.into(), line, what: what.into(), help: None }
    }

    /// A warning at a place.
    pub fn warning(file: impl Into<String>, line: Option<u32>, what: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(file, line, what) }
    }

    /// The same with a hint.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(f, ": {severity}: {}", self.what)?;
        if let Some(help) = &self.help {
            write!(f, " ({help})")?;
        }
        Ok(())
    }
}
