//! `sip-configs/CONFORMANCE.md` is a list of claims: each names a test, and the test is there.

use std::path::{Path, PathBuf};

#[test]
fn each_claim_names_tests_that_are_there() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(repository.join("sip-configs/CONFORMANCE.md")).expect("it is there");
    let places = ["", "crates/sip/tests/wire"].map(|place| repository.join(place));
    let mut wrong = Vec::new();
    let mut rows = 0;
    for line in page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| document")) {
        rows += 1;
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").collect();
        let [document, _, tests, ..] = cells.as_slice() else { panic!("a row of too few columns: {line}") };
        let named: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        if named.is_empty() {
            wrong.push(format!("{document}: no test"));
        }
        for name in named {
            let there = |place: &PathBuf| {
                [name.to_owned(), format!("{name}.rs")].iter().any(|file| place.join(file).exists())
            };
            if !places.iter().any(there) {
                wrong.push(format!("{document}: {name} is not there"));
            }
        }
    }
    assert!(rows > 30, "{rows} rows");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
