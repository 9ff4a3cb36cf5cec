//! The text channel: the same agent, typed, in every language of the airline.

use std::io::Write;
use std::process::Stdio;

use callwright_tests::{command, repository};

/// Types these lines, one after each time the agent has asked, and gives what was printed.
fn chat(arguments: &[&str], lines: &[&str]) -> String {
    let mut child = command()
        .arg("chat")
        .args(arguments)
        .current_dir(repository())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("the program starts");
    let mut input = child.stdin.take().expect("it is piped");
    for line in lines {
        writeln!(input, "{line}").expect("it reads");
    }
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "it failed");
    String::from_utf8(output.stdout).expect("it prints text")
}

/// The writes of a rebooking are done before the sentence that claims them.
fn assert_rebooked(printed: &str, claim: &str) {
    let place = |what: &str| printed.find(what).unwrap_or_else(|| panic!("`{what}` is not in\n{printed}"));
    assert!(place("assign_seat] done") < place("update_booking] done"), "{printed}");
    assert!(place("update_booking] done") < place(claim), "claimed before it was done:\n{printed}");
}

#[test]
fn rebooks_in_english() {
    let said = ["my flight was cancelled", "K7M4X2", "4821", "the first one", "yes please", "no thanks, bye"];
    assert_rebooked(&chat(&[], &said), "You are booked");
}

#[test]
fn whose_number_is_not_known_gives_one_to_be_called_back_on() {
    let wish = "let me talk to a person";
    let printed = chat(&[], &[wish, "yes please", "five five five zero one nine nine", "yes"]);
    let place = |what: &str| printed.find(what).unwrap_or_else(|| panic!("`{what}` is not in\n{printed}"));
    assert!(place("Shall we call you back?") < place("which number"), "{printed}");
    assert!(
        place("I have 5 5 5, 0 1, 9 9. Is that right?") < place("would like to be called back"),
        "{printed}"
    );
}

#[test]
fn rebooks_in_spanish() {
    let said = [
        "cancelaron mi vuelo y necesito otro",
        "K7M4X2",
        "4821",
        "el primero",
        "sí, por favor",
        "no gracias, adiós",
    ];
    let printed = chat(&["--lang", "es"], &said);
    assert_rebooked(&printed, "confirmación");
}

#[test]
fn rebooks_in_korean() {
    let said =
        ["항공편이 취소되어서 새 항공편이 필요해요", "K7M4X2", "4821", "첫 번째", "네", "아니요, 끊을게요"];
    let printed = chat(&["--lang", "ko"], &said);
    assert_rebooked(&printed, "예약되었습니다");
}

#[test]
fn rebooks_in_german() {
    let said = [
        "mein flug wurde gestrichen",
        "K7M4X2",
        "4821",
        "den ersten",
        "ja bitte",
        "nein danke, auf wiederhören",
    ];
    let printed = chat(&["--lang", "de"], &said);
    assert_rebooked(&printed, "Bestätigung");
}

#[test]
fn the_language_changes_in_mid_call() {
    let said = [
        "my flight was cancelled",
        "español por favor",
        "K7M4X2",
        "4821",
        "el segundo",
        "sí",
        "no gracias, adiós",
    ];
    let printed = chat(&[], &said);
    assert_rebooked(&printed, "confirmación");
}

#[test]
fn a_no_to_the_read_back_writes_nothing() {
    let said = ["my flight was cancelled", "K7M4X2", "4821", "the first one", "no", "goodbye"];
    let printed = chat(&[], &said);
    assert!(!printed.contains("] done"), "{printed}");
}

#[test]
fn a_credit_above_the_policy_goes_to_a_human() {
    let said = ["my flight was cancelled", "R8W6N1", "1946", "the first one", "yes", "no"];
    let printed = chat(&[], &said);
    assert!(!printed.contains("assign_seat] done"), "nothing may be written:\n{printed}");
    assert!(printed.contains("more than I may give"), "the caller is told why:\n{printed}");
}

#[test]
fn returns_an_item_to_the_shop() {
    let said = [
        "I want to return my headphones",
        "804215",
        "3067",
        "the headphones",
        "I changed my mind",
        "yes please",
        "no thanks, goodbye",
    ];
    let printed = chat(&["--line", "shop"], &said);
    let done = printed.matches("] done").count();
    assert!(done >= 2, "payment and inventory are two systems' business:\n{printed}");
    assert!(printed.contains("refund"), "{printed}");
}

#[test]
fn an_unknown_language_is_refused_with_those_that_are_known() {
    let output = command()
        .args(["chat", "--lang", "fr"])
        .current_dir(repository())
        .stdin(Stdio::null())
        .output()
        .expect("the program starts");
    assert!(!output.status.success());
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(words.contains("it speaks en, es, ko, de"), "{words}");
}
