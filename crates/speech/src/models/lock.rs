//! The lock file: checksums of files that nobody vouched for when they were first fetched. Its lines are those of `sha256sum`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::fetch::{FetchError, io_at};

/// Checksums by file name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Lock(BTreeMap<String, String>);

impl Lock {
    pub(super) fn read(dir: &Path) -> Result<Self, FetchError> {
        let path = dir.join(FILE);
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Self::parse(&text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(io_at(&path)(error)),
        }
    }

    pub(super) fn write(&self, dir: &Path) -> Result<(), FetchError> {
        let mut text = String::new();
        for (file, sha256) in &self.0 {
            writeln!(text, "{sha256}  {file}").expect("a String takes all");
        }
        let (new, path) = (dir.join(format!("{FILE}.new")), dir.join(FILE));
        std::fs::write(&new, text).map_err(io_at(&new))?;
        std::fs::rename(&new, &path).map_err(io_at(&path))
    }

    pub(super) fn pinned(&self, file: &str) -> Option<&str> {
        self.0.get(file).map(String::as_str)
    }

    pub(super) fn pin(&mut self, file: &str, sha256: &str) {
        self.0.insert(file.to_owned(), sha256.to_owned());
    }

    /// Lines that are none of ours are skipped: a checksum that cannot be read pins nothing.
    fn parse(text: &str) -> Self {
        let lines = text.lines().filter_map(|line| line.split_once("  "));
        let whole = lines.filter(|(sum, file)| {
            sum.len() == 64 && sum.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) && !file.is_empty()
        });
        Self(whole.map(|(sum, file)| (file.to_owned(), sum.to_owned())).collect())
    }
}

const FILE: &str = "models.lock";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_parses_and_what_was_pinned_is_found_again(junk in "\\PC{0,200}", sum in "[0-9a-f]{64}") {
            let lock = Lock::parse(&format!("{junk}\n{sum}  ggml-base-q8_0.bin\n{junk}"));
            prop_assert_eq!(lock.pinned("ggml-base-q8_0.bin"), Some(sum.as_str()));
        }
    }
}
