//! Mistakes in packs, each told with its file, its line and what to do.

mod common;

use callwright_plan_core::check;
use common::airline;
use proptest::prelude::*;

/// Changes one file of the airline and gives what the check says.
fn told(file: &str, from: &str, to: &str) -> Vec<String> {
    let mut source = airline();
    let text = source.files.get_mut(file).expect("a file of the pack");
    assert!(text.contains(from), "{file} has no `{from}`");
    *text = text.replacen(from, to, 1);
    check(&source).iter().map(ToString::to_string).collect()
}

#[test]
fn a_read_cannot_wait_for_an_approval() {
    let read = "@id(\"anyone-may-look-up\")\n";
    let told = told("policies.cedar", read, "@id(\"anyone-may-look-up\") @approval(\"supervisor\")\n");
    let wanted = "policies.cedar: error: `find_booking` is a read, and cannot wait for an `@approval`";
    assert!(told.iter().any(|told| told.contains(wanted)), "{told:?}");
}

#[test]
fn mistakes_are_told_with_place_and_remedy() {
    let rebook = "skills/rebook.yaml";
    let cases: &[(&str, &str, &str, &str)] = &[
        (
            rebook,
            "read: find_booking",
            "read: find_bookin",
            "rebook.yaml:7: error: there is no action `find_bookin` in actions.yaml (did you mean `find_booking`?)",
        ),
        (
            rebook,
            "seat: seat.number",
            "seat: seat.numbr",
            "`seat.numbr`: `seat` has no `numbr` (did you mean `number`?)",
        ),
        (
            rebook,
            "amount: offers.credit",
            "amount: ofers.credit",
            "`ofers.credit`: nothing is called `ofers` here (did you mean `offers`?)",
        ),
        (rebook, "size(offers.flights) == 0", "size(offers.flights) = 0", "is not a condition or value"),
        (
            rebook,
            "  - confirm: read-back-rebook\n",
            "",
            "`assign_seat` writes before the caller has said yes (put a `confirm` before it)",
        ),
        (rebook, "done: rebook-done\n", "", "has no words under `done`"),
        (
            rebook,
            "booking.flight.status != \"cancelled\"",
            "pin != \"cancelled\"",
            "`pin` is secret and may only go to a secret argument",
        ),
        (rebook, "as: credit", "as: seat", "the name `seat` is taken already"),
        (rebook, "{ code: code, pin: pin }", "{ code: code }", "`find_booking` needs `pin` under `with`"),
        (rebook, "write: assign_seat", "read: assign_seat", "`assign_seat` writes, but the step says `read`"),
        (rebook, "most: 3", "most: 30", "between 2 and 9 can be offered"),
        (rebook, "summary:", "sumary:", "sumary"),
        (rebook, "type: digits", "type: digit", "input `pin` has no known type (did you mean `digits`?)"),
        (
            rebook,
            "type: digits",
            "type: money, currency: euro",
            "input `pin` has no currency of three letters",
        ),
        (rebook, "type: digits", "type: date, lean: back", "input `pin` leans no known way"),
        (rebook, "type: digits", "type: number, min: 5, max: 1", "input `pin` takes nothing"),
        (
            "actions.yaml",
            "    idempotency: key\n",
            "",
            "`assign_seat` writes and does not say how its effect is kept to once",
        ),
        (
            "actions.yaml",
            "    undo:\n      action: release_seat\n      with: { flight: input.flight, booking: input.booking, seat: result.number }\n",
            "",
            "`assign_seat` cannot be undone when a later step fails",
        ),
        ("actions.yaml", "seat: result.number", "seat: result.numbr", "`undo`: `result` has no `numbr`"),
        (
            "actions.yaml",
            "action: release_seat",
            "action: releas_seat",
            "`undo`: there is no action `releas_seat`",
        ),
        (
            "actions.yaml",
            "connector: airline",
            "connector: airlin",
            "the connector `airlin` is not in pack.yaml (did you mean `airline`?)",
        ),
        (
            "actions.yaml",
            "amount: input.amount.minor",
            "amount: input.amount.currency",
            "schema.cedarschema does not take it",
        ),
        (
            "actions.yaml",
            "verifies: code",
            "verifies: cod",
            "it verifies `cod`, which is none of its outputs (did you mean `code`?)",
        ),
        (
            "policies.cedar",
            "Action::\"assign_seat\", ",
            "",
            "no policy permits `assign_seat`, so the skill can never succeed",
        ),
        ("policies.cedar", "context.amount > 30000", "context.amout > 30000", "policies.cedar:"),
        ("policies.cedar", "forbid(", "forbit(", "policies.cedar:"),
        (
            "policies.cedar",
            "permit(principal, action == Action::\"run_plan\"",
            "forbid(principal, action == Action::\"run_plan\"",
            "no policy permits `run_plan`, so no plan can run",
        ),
        ("schema.cedarschema", "amount: Long", "amount: Lang", "schema.cedarschema:"),
        ("pack.yaml", "denied: not-allowed\n", "", "denied"),
    ];
    for (file, from, to, wanted) in cases {
        let told = told(file, from, to);
        assert!(told.iter().any(|line| line.contains(wanted)), "wanted `{wanted}`, told {told:#?}");
    }
}

#[test]
fn one_mistake_in_a_file_hides_no_other() {
    let mut source = airline();
    let actions = source.files.get_mut("actions.yaml").expect("a file of the pack");
    *actions = actions
        .replacen("kind: read", "kind: raed", 1)
        .replacen("      code: code\n", "      code: codex\n", 1)
        .replacen("timeout_ms: 2000", "timeout_ms: soon", 1)
        .replacen("connector: airline", "conector: airline", 1)
        .replacen("idempotency: key", "idempotency: kee", 1);
    let rebook = source.files.get_mut("skills/rebook.yaml").expect("a file of the pack");
    *rebook = rebook.replacen("summary:", "sumary:", 1).replacen("most: 3", "most: many", 1);
    let told: Vec<String> = check(&source).iter().map(ToString::to_string).collect();
    for wanted in [
        "`raed` is not a kind (did you mean `read`?)",
        "`codex` is not a type (did you mean `code`?)",
        "`timeout_ms` is `soon`",
        "`conector` is not a key that is known here (did you mean `connector`?)",
        "the action `find_booking` has no `connector`",
        "`kee` is not a way to keep an effect to once (did you mean `key`?)",
        "`sumary` is not a key",
        "`most` is `many`",
    ] {
        assert!(told.iter().any(|line| line.contains(wanted)), "wanted `{wanted}`, told {told:#?}");
    }
    assert!(told.iter().all(|line| !line.contains("only reads")), "{told:#?}");
}

/// Just below what is refused.
const NESTED: usize = 20;
const JOINED: usize = 60;

/// What would cost a recursive reader its stack is a problem with a line; what is just below is read on a small one.
#[test]
fn deep_nesting_is_a_problem_and_no_overflow() {
    let nested = |count: usize| format!("{}true{}", "(".repeat(count), ")".repeat(count));
    let joined = |with: &str, count: usize| format!("true{}", with.repeat(count));
    let cases = [
        (nested(NESTED), true),
        (nested(20_000), false),
        (joined(" && true", JOINED), true),
        (joined(" || true", JOINED), true),
        (joined(" && true", 20_000), false),
        (joined(".a", 2 * JOINED), true),
        (joined(".a", 20_000), false),
        (format!("{}true", "!".repeat(20_000)), false),
        (format!("{}true", "if true then true else ".repeat(2 * JOINED)), true),
        (format!("{}true", "if true then true else ".repeat(20_000)), false),
        (format!("\"{}\" == \"\" // {}", "(".repeat(500), "(".repeat(500)), true),
    ];
    for (condition, readable) in cases {
        let mut source = airline();
        let policies = source.files.get_mut("policies.cedar").expect("a file of the pack");
        policies.push_str(&format!("\npermit(principal, action, resource)\nwhen {{\n{condition}\n}};\n"));
        let told = check(&source);
        let deep: Vec<_> = told.iter().filter(|problem| problem.what.contains("too deeply nested")).collect();
        assert_eq!(deep.is_empty(), readable, "{:.40}: {told:#?}", condition);
        assert!(deep.iter().all(|problem| problem.line.is_some_and(|line| line > 30)), "{deep:?}");
    }
    for condition in [
        joined(" && true", 200),
        joined(" + 1", 490),
        joined(".a", 980),
        nested(60),
        nested(900),
        format!("{}true", "true ? true : ".repeat(60)),
    ] {
        let mut source = airline();
        let rebook = source.files.get_mut("skills/rebook.yaml").expect("a file of the pack");
        *rebook = rebook.replacen("size(offers.flights) == 0", &condition, 1);
        // The parser and the checks have come back; whether it means anything is not the question here.
        let told = check(&source);
        assert!(told.iter().all(|problem| !problem.what.is_empty()), "{told:?}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let mut source = airline();
    for (file, from, to) in [
        ("skills/rebook.yaml", "find_flights", "find_flight"),
        ("skills/cancel.yaml", "terms.refund.minor == 0", "terms.refunds == 0"),
        ("policies.cedar", "context.amount > 30000", "context.amout > 30000"),
    ] {
        let text = source.files.get_mut(file).expect("a file of the pack");
        *text = text.replacen(from, to, 1);
    }
    source.files.remove("actions.yaml");
    let files: Vec<String> = check(&source).into_iter().map(|problem| problem.file).collect();
    assert!(files.iter().any(|file| file.ends_with("actions.yaml")), "{files:?}");
    assert!(files.iter().any(|file| file.ends_with("policies.cedar")), "{files:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn junk_in_a_file_is_a_problem_and_never_a_panic(
        file in prop::sample::select(vec![
            "pack.yaml", "actions.yaml", "policies.cedar", "schema.cedarschema", "skills/rebook.yaml",
        ]),
        at in 0.0..1.0f64, length in 0usize..40, junk in "[ -~\\n]{0,20}",
    ) {
        let mut source = airline();
        let text = source.files.get_mut(file).expect("a file of the pack");
        let start = ((text.len() as f64) * at) as usize;
        let end = (start + length).min(text.len());
        text.replace_range(start..end, &junk);
        let _ = check(&source);
    }
}

#[test]
fn mistakes_in_limits_are_told_with_place_and_remedy() {
    let whole = include_str!("../../../skills/airline/limits.yaml");
    let check_with = |from: &str, to: &str, words: &str| -> Vec<String> {
        assert!(whole.contains(from), "there is no `{from}`");
        let mut source = airline();
        source.files.insert("limits.yaml".to_owned(), whole.replacen(from, to, 1));
        source.files.insert("words/en.ftl".to_owned(), words.to_owned());
        check(&source).iter().map(ToString::to_string).collect()
    };
    let words = "credit-limit-reached = Not today.\n";
    assert_eq!(check_with("most", "most", words), Vec::<String>::new());
    for (from, to, wanted) in [
        ("America/Denver", "America/Denvr", "`America/Denvr` is no time zone"),
        ("time_zone: America/Denver\n", "", "`time_zone` is missing"),
        (
            "of: apply_credit",
            "of: aply_credit",
            "of `aply_credit`, which there is not (did you mean `apply_credit`?)",
        ),
        ("of: apply_credit", "of: find_booking", "is of `find_booking`, which only reads"),
        (
            "of: apply_credit",
            "of: [apply_credit, assign_seat]",
            "adds up `amount`, which `assign_seat` does not take",
        ),
        ("sum: amount", "sum: booking", "adds up `booking` of `apply_credit`, which is no number"),
        ("unit: USD", "unit: cents", "adds up money in `cents`, which is no currency"),
        ("    unit: USD\n", "", "has no `unit`"),
        ("    sum: amount\n", "", "has a `unit` and no `sum`"),
        (
            "per: caller/day",
            "per: caller",
            "`caller` is not whose are counted together (known here: caller/day, day)",
        ),
        ("most: 100000", "most: -1", "is less than nothing"),
        ("    most: 100000\n", "", "has no `most`"),
        ("transfer: true", "within: 8h", "says `within`, and nobody is asked"),
        ("transfer: true", "approval: supervisor", "has `approval` beside `words` or `transfer`"),
        (
            "    words: credit-limit-reached\n    transfer: true",
            "    approval: Shift lead",
            "`Shift lead` is no role",
        ),
        (
            "    words: credit-limit-reached\n    transfer: true",
            "    approval: supervisor\n    within: soon",
            "`soon` is no time from a minute to 90 days",
        ),
        (
            "transfer: true",
            "transfr: true",
            "`transfr` is not a key that is known here (did you mean `transfer`?)",
        ),
    ] {
        let told = check_with(from, to, words);
        assert!(
            told.iter().any(|told| told.contains("limits.yaml") && told.contains(wanted)),
            "{to}: {told:?}"
        );
    }
    let told = check_with("most", "most", "credit-limit = Not today.\n");
    let wanted = "words/en.ftl: error: the sentence `credit-limit-reached` is missing (named in skills/airline/limits.yaml:";
    assert!(told.iter().any(|told| told.contains(wanted)), "{told:?}");
}

#[test]
fn waits_between_attempts_are_held_to_bounds() {
    for (retries, wanted) in [
        ("{ most: 3, first_ms: 100, cap_ms: 5000 }", None),
        ("{ most: 3 }", None),
        ("{ most: 3, first_ms: 3000 }", None),
        ("{ first_ms: 100 }", Some("`retries` does not say how many")),
        ("{ most: 3, first_ms: 0 }", Some("`retries` waits 0 ms at first")),
        ("{ most: 3, first_ms: 900, cap_ms: 100 }", Some("waits 900 ms at first and 100 ms at most")),
        ("{ most: 3, cap_ms: 90000 }", Some("and 90000 ms at most")),
        ("{ most: 21 }", Some("`retries` may be 20 at most")),
        (
            "{ most: 3, frist_ms: 10 }",
            Some("`frist_ms` is not a key that is known here (did you mean `first_ms`?)"),
        ),
        ("many", Some("`retries` is `many`, which is no whole number that fits")),
    ] {
        let told = told("actions.yaml", "retries: 3", &format!("retries: {retries}"));
        match wanted {
            None => assert_eq!(told, Vec::<String>::new(), "{retries}"),
            Some(wanted) => assert!(told.iter().any(|told| told.contains(wanted)), "{retries}: {told:?}"),
        }
    }
}
