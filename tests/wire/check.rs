//! `callwright check`: every mistake at once, each with its place.

use std::path::Path;

use callwright_tests::{command, repository};

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("the folder is ours");
    for entry in std::fs::read_dir(from).expect("a pack") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("it can be copied");
        }
    }
}

fn spoil(file: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(file).expect("a file of the pack");
    assert!(text.contains(from), "{} has no `{from}`", file.display());
    std::fs::write(file, text.replacen(from, to, 1)).expect("the folder is ours");
}

#[test]
fn mistakes_in_config_skills_policies_and_words_are_listed_together() {
    let folder = tempfile::tempdir().expect("a folder");
    let pack = folder.path().join("airline");
    copy(&repository().join("skills/airline"), &pack);
    spoil(&pack.join("skills/rebook.yaml"), "read: find_flights", "read: find_flihgts");
    spoil(&pack.join("policies.cedar"), "permit(", "premit(");
    spoil(&pack.join("words/ko.ftl"), "rebook-done =", "rebook-dome =");
    let config = folder.path().join("callwright.toml");
    let text = "[sip]\nlistn = \"127.0.0.1:5060\"\n[[line]]\nname = \"airline\"\npack = \"airline\"\n";
    std::fs::write(&config, text).expect("the folder is ours");

    let output = command().args(["check", "--config"]).arg(&config).output().expect("it runs");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success(), "{printed}");
    for (file, what) in [
        ("callwright.toml:2:", "did you mean `listen`?"),
        ("skills/rebook.yaml:", "find_flihgts"),
        ("policies.cedar:", "premit"),
        ("ko.ftl", "rebook-done"),
    ] {
        let told = printed.lines().any(|line| line.contains(file) && line.contains(what));
        assert!(told, "`{what}` in {file} is not told:\n{printed}");
    }
}

#[test]
fn what_serve_would_refuse_is_refused_by_check_with_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("callwright.toml");
    let pack = repository().join("skills/airline");
    let text = format!(
        "[core]\njournal = \"nowhere/journal.sqlite\"\n[connectors]\nshop = \"http://127.0.0.1:1\"\n[[line]]\n\
         name = \"airline\"\npack = \"{}\"\nlanguages = [\"fr\"]\ngreeting = \"nokey\"\nvoice = \"zzz\"\n",
        pack.display()
    );
    std::fs::write(&config, text).expect("the folder is ours");
    let run = |what: &str| {
        let output = command().args([what, "--config"]).arg(&config).output().expect("it runs");
        assert!(!output.status.success(), "{what} goes on");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    let (checked, served) = (run("check"), run("serve"));
    for wanted in [
        "callwright.toml:2: error: the journal",
        "callwright.toml:3: error: the pack `airline` calls the connector `airline`",
        "callwright.toml:8: error: line `airline` speaks `fr`",
        "callwright.toml:9: error: the words of `en` have no sentence `nokey`",
        "callwright.toml:10: error: there is no voice `zzz`",
    ] {
        assert!(checked.contains(wanted), "check does not tell `{wanted}`:\n{checked}");
        assert!(served.contains(wanted), "serve does not tell `{wanted}`:\n{served}");
    }
}

#[test]
fn the_packs_and_the_example_are_right() {
    let output = command()
        .args(["check", "--config", "callwright.example.toml"])
        .current_dir(repository())
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn ready_files_for_trunks_are_right() {
    let folder = repository().join("sip-configs/trunks");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("it is there")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    assert_eq!(files.len(), 7, "{files:?}");
    for file in files {
        let mut check = command();
        check.arg("check").arg("--config").arg(&file);
        for carrier in ["TWILIO", "TELNYX", "OFFICE", "ASTERISK"] {
            check.env(format!("{carrier}_SIP_PASSWORD"), "a secret");
        }
        let output = check.output().expect("the program runs");
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && !told.contains("error:"), "{}: {told}", file.display());
        // As it stands, without a password, it says which one it wants.
        let text = std::fs::read_to_string(&file).expect("it can be read");
        if text.contains("password = \"env:") {
            let output = command().arg("check").arg("--config").arg(&file).output();
            let told = String::from_utf8_lossy(&output.expect("the program runs").stdout).into_owned();
            assert!(told.contains("_SIP_PASSWORD"), "{told}");
        }
    }
}

#[test]
fn what_a_language_needs_is_listed() {
    let list = |code: &str| {
        let mut check = command();
        let output =
            check.args(["check", "--language", code]).arg(repository().join("skills/airline")).output();
        let output = output.expect("it runs");
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (whole, printed) = list("qaa");
    assert!(!whole, "{printed}");
    for (name, what) in [
        ("numbers.unit", "0 to 9 as callers say them"),
        ("farewell", "Thank you for calling. Goodbye."),
        ("languages/qaa.yaml", ""),
        ("examples/qaa.yaml", ""),
    ] {
        assert!(printed.lines().any(|line| line.contains(name) && line.contains(what)), "{name}:\n{printed}");
    }
    assert!(
        printed.lines().any(|line| line.starts_with("  MISSING") && line.contains("say.numbers.cardinal"))
    );
    let (whole, printed) = list("de");
    assert!(whole && !printed.contains("MISSING"), "{printed}");
}
