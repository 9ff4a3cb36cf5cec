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
        (rebook, "type: digits", "type: digit", "`digit` is not a type"),
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
