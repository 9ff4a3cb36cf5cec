//! Why scripted parties cannot even begin.

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;

use callwright_model::Problem;
use callwright_sip::SipError;
use thiserror::Error;

/// Why a run or a phone could not be started. What happens to calls afterwards is in their reports.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The scenario, or a sound that it names, is not usable: everything that is wrong with it.
    #[error("the scenario cannot be played:{}", listed(.0))]
    Scenario(Vec<Problem>),
    /// The SIP side could not be started.
    #[error(transparent)]
    Sip(#[from] SipError),
    /// The thread for the sound could not be made.
    #[error("no thread for the phones: {0}")]
    Thread(io::Error),
    /// The folder for recordings could not be made.
    #[error("the folder {} cannot be made: {source}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Nobody can be called there.
    #[error("`{to}` cannot be called: {why}")]
    Nobody {
        /// Whom to call.
        to: String,
        /// Why not.
        why: String,
    },
    /// A file beside a recording could not be written: which, and why.
    #[error("{0}")]
    File(String),
    /// A setting makes no sense.
    #[error("{0}")]
    Setting(&'static str),
}

fn listed(problems: &[Problem]) -> String {
    problems.iter().fold(String::new(), |mut text, problem| {
        let _ = write!(text, "\n  {problem}");
        text
    })
}
