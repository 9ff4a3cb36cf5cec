//! A short run of `make faults`: two blows to every place of both stories.

use std::process::Command;

use callwright_tests::Place;

#[test]
fn whoever_dies_every_effect_is_there_once_or_its_plan_is_in_doubt() {
    let _place = Place::take(false);
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("faults.json");
    let output = Command::new(env!("CARGO_BIN_EXE_faults"))
        .args(["--plans", "80", "--at-once", "40", "--stores", "8", "--out"])
        .arg(&out)
        .output()
        .expect("it runs");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    let report = std::fs::read_to_string(&out).expect("it is written");
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    let number = |path: &str| report.pointer(path).and_then(serde_json::Value::as_u64).unwrap_or_default();
    assert_eq!((number("/total/plans"), number("/total/unended")), (80, 0), "{told}");
    assert_eq!(
        (number("/total/lost"), number("/total/doubled"), number("/total/left"), number("/total/in_doubt")),
        (0, 0, 0, 0),
        "nobody stays away for long, so nothing need be in doubt:\n{told}"
    );
    // Twelve calls of both stories, seven writes and five undos, each struck twice. A machine that is slow may let one or two of
    // them go by before the blow.
    for (place, least) in
        [("in_write_before", 12), ("in_write_after", 12), ("in_undo_before", 8), ("in_undo_after", 8)]
    {
        assert!(number(&format!("/places/{place}/plans")) >= least, "{place}:\n{told}");
    }
}
