//! `[recording]`, and what a line says about it.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use callwright_model::SecretRef;
use callwright_recording::MasterKey;

use super::reader::{Reader, Section};
use super::values::Whole;
use super::{DAYS_MAX, KEEP_DAYS, connectors};

/// `[recording]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// Folder with a recording for each call, and its key.
    pub dir: PathBuf,
    /// Where the key is kept that seals the keys of calls; unset means a file in the folder, which is made.
    pub key: Option<SecretRef>,
    /// After how many days a recording is erased; 0 keeps it until somebody erases it.
    pub keep_days: usize,
}

impl Recording {
    /// The key that seals the keys of calls. Where none is named, one is made beside the recordings.
    ///
    /// # Errors
    /// What is wrong with it, for a person.
    pub fn master(&self) -> Result<MasterKey, String> {
        let parse = |text: &str| MasterKey::parse(text).map_err(|error| error.to_string());
        if let Some(key) = &self.key {
            return parse(connectors::secret(key)?.reveal());
        }
        let file = self.dir.join(MASTER_KEY);
        let there = |error: io::Error| format!("{}: {error}", file.display());
        match std::fs::read_to_string(&file) {
            Ok(text) => parse(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = MasterKey::generate().map_err(|error| error.to_string())?;
                DirBuilder::new().recursive(true).mode(0o700).create(&self.dir).map_err(there)?;
                let mut made =
                    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file).map_err(there)?;
                made.write_all(key.as_bytes()).and_then(|()| made.sync_all()).map_err(there)?;
                parse(&key)
            }
            Err(error) => Err(there(error)),
        }
    }
}

/// `recording` of a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RecordingWhen {
    /// Never.
    #[default]
    Off,
    /// Every call, from its start.
    Always,
    /// From when the caller has said yes to it.
    Consent,
}

impl std::str::FromStr for RecordingWhen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self::Off),
            "always" => Ok(Self::Always),
            "consent" => Ok(Self::Consent),
            _ => Err("write `off`, `always` or `consent`".to_owned()),
        }
    }
}

pub(super) fn read(reader: &mut Reader, section: &mut Section<'_, '_>, folder: &Path) -> Recording {
    Recording {
        dir: folder.join(reader.parse_or(section, "dir", "recordings".to_owned())),
        key: reader.secret(section, "key"),
        keep_days: reader.parse_or(section, "keep_days", Whole::<0, DAYS_MAX>(KEEP_DAYS)).0,
    }
}

/// The file with the key beside the recordings, where no other is named.
const MASTER_KEY: &str = "master.key";
