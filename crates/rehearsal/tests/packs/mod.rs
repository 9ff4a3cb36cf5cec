//! The demo's packs from their folders.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use callwright_model::PackSource;

/// A pack of `skills/`.
pub fn pack(name: &str) -> PackSource {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../skills").join(name);
    let read = |path: PathBuf| fs::read_to_string(path).expect("it is text");
    let files = files(&folder).into_iter().map(|(name, path)| (name, read(path))).collect();
    PackSource { folder: format!("skills/{name}"), files }
}

/// All files below a folder, by their path from it.
pub fn files(folder: &Path) -> BTreeMap<String, PathBuf> {
    let mut files = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(inner) = open.pop() {
        for entry in fs::read_dir(&inner).expect("the folder is there") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("it is below").display().to_string();
                files.insert(name, path);
            }
        }
    }
    files
}
