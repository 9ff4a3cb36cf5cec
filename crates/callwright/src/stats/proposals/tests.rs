use std::path::PathBuf;

use super::*;

/// A call's journal as far as it is read: what was said in which state, and why a human took over at the end.
fn journal(folder: &Path, call: &str, said: &[(&str, &str)], reason: Option<&str>) {
    let mut rows = vec![format!(
        r#"{{"journal":1,"call":"{call}","started_unix_ms":1000,"pack":{{"name":"airline","folder":"x","fingerprint":"y"}}}}"#
    )];
    let tell = |what: &str| format!(r#"{{"at_ms":1.0,"do":{{"tell":{what}}}}}"#);
    for (state, words) in said {
        rows.push(tell(&format!(r#"{{"note":{{"state":"{state}"}}}}"#)));
        rows.push(tell(&format!(
            r#"{{"caller_said":{{"turn":1,"words":"{words}","confidence":0.9,"language":"en"}}}}"#
        )));
    }
    rows.extend(reason.map(|reason| tell(&format!(r#"{{"transfer":{{"reason":"{reason}"}}}}"#))));
    std::fs::write(folder.join(call).with_extension("jsonl"), rows.join("\n")).expect("written");
}

fn config(folder: &Path) -> Config {
    let pack = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../skills/airline");
    let file = folder.join("callwright.toml");
    let text = format!(
        "[connectors]\nairline = \"http://127.0.0.1:1\"\n[[line]]\nname = \"airline\"\npack = \"{}\"\n",
        pack.display()
    );
    std::fs::write(&file, text).expect("written");
    Config::load(&file).expect("it is whole")
}

fn sentences(found: &[Proposal]) -> Vec<(&str, usize)> {
    found.iter().map(|it| (it.sentence.as_str(), it.calls)).collect()
}

#[test]
fn what_was_said_freely_before_a_human_came_is_proposed_without_what_is_personal() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path());
    let calls = folder.path().join("calls");
    std::fs::create_dir(&calls).expect("made");
    for (call, name) in [("a1", "zebediah"), ("a2", "ferdinand"), ("a3", "quentin")] {
        let said = format!("my flight was scrapped says {name} four eight two one");
        journal(&calls, call, &[("asking", "my flight kilo seven"), ("open", &said)], Some("misunderstood"));
    }
    journal(&calls, "b1", &[("open", "is my flight k7m4x2 late says wolfgang")], Some("not_found"));
    journal(&calls, "b2", &[("open", "can i get a refund for my flight")], None);
    journal(&calls, "b3", &[("open", "let me talk to a person please")], Some("asked"));
    journal(&calls, "b4", &[("open", "my flight is •••• today")], Some("misunderstood"));
    std::fs::write(calls.join("cut.jsonl"), "{\"journal\":1").expect("written");

    let found = find(&config, &calls, 0).expect("they are there");
    let expected = [("my flight was scrapped says …", 3), ("is my flight … late says …", 1)];
    assert_eq!(sentences(&found), expected);
    assert_eq!(found[0].because, BTreeMap::from([("misunderstood".to_owned(), 3)]));
    assert_eq!((found[0].pack.as_str(), found[0].language), ("airline", Language::EN));
    let text = told(&found);
    assert!(text.contains("Nothing is applied") && text.contains("3 call(s)  airline en"), "{text}");
    assert_eq!(find(&config, &calls, 2_000).expect("they are there"), [], "they are older");
}

#[test]
fn what_was_understood_is_not_proposed_however_the_call_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path());
    let calls = folder.path().join("calls");
    std::fs::create_dir(&calls).expect("made");
    // The first began a skill, also in the second call, after a question whether that was meant; the others led nowhere.
    let meant = [
        ("open", "my flight is cancelled today"),
        ("planning", "k7m4x2"),
        ("open", "is my flight not today"),
    ];
    journal(&calls, "a1", &meant, Some("failed"));
    let asked = [("open", "what is my flight today"), ("proposing", "yes"), ("asking", "k7m4x2")];
    journal(&calls, "a2", &asked, Some("not_found"));
    let unsure =
        [("open", "my new flight is not today"), ("proposing", "no"), ("open", "my flight is late today")];
    journal(&calls, "a3", &unsure, Some("misunderstood"));
    let found = find(&config, &calls, 0).expect("they are there");
    let mut told = sentences(&found);
    told.sort_unstable();
    let wanted = ["is my flight not today", "my flight is late today", "my new flight is not today"];
    assert_eq!(told, wanted.map(|sentence| (sentence, 1)));
}

#[test]
fn one_caller_alone_never_shows_a_word_that_the_pack_does_not_know() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path());
    let calls = folder.path().join("calls");
    std::fs::create_dir(&calls).expect("made");
    let again = [("open", "my flight was scrapped today"); 5];
    journal(&calls, "a1", &again, Some("misunderstood"));
    let found = find(&config, &calls, 0).expect("they are there");
    assert!(!told(&found).contains("scrapped"), "five times in one call is one caller: {found:?}");
}
