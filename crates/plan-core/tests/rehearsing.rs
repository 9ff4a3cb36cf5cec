//! Skills tried with facts from a file: the plan and its reasons, and a clear word where the facts end.

mod common;

use std::collections::BTreeSet;

use callwright_plan_core::{End, Facts, Pack, Rehearsal, diagram, rehearse};
use common::{airline, loaded, now, travel};
use proptest::prelude::*;
use serde_json::Value as Json;

const REBOOK: &str = include_str!("../../../skills/airline/facts/rebook.yaml");

fn tried(pack: &Pack, skill: &str, facts: &str) -> Rehearsal {
    let facts =
        Facts::parse("facts.yaml", facts, pack, skill).unwrap_or_else(|problems| panic!("{problems:#?}"));
    rehearse(pack, skill, &facts, &now()).expect("there is such a skill")
}

fn json(rehearsal: &Rehearsal) -> Json {
    serde_json::from_str(&rehearsal.explained.json).expect("JSON")
}

#[test]
fn a_plan_is_told_with_the_reason_of_each_step() {
    let tried = tried(&loaded(&airline()), "rebook", REBOOK);
    assert_eq!(tried.end, End::Ready);
    let text = &tried.explained.text;
    for wanted in [
        "1 read  find_booking as booking  [skills/airline/skills/rebook.yaml:7]",
        "pin = (secret), from pin",
        "proves that `code` is the caller's",
        "allowed by anyone-may-look-up",
        "if    booking.flight.status != \"cancelled\"  [skills/airline/skills/rebook.yaml:13]\n      does not hold: booking.flight is",
        "pick  flight of offers.flights: number 1 of 2",
        "4 write apply_credit as credit",
        "amount = USD 15000 (minor units), from offers.credit",
        "undone by revoke_credit with booking: input.booking, credit: result.id",
        "seat = (once it is written), from seat.number",
        "nothing takes it back",
        "As a whole it is allowed by verified-may-run-plans.",
        "After a yes to `read-back-rebook` it would write 4 time(s); nothing was written.",
    ] {
        assert!(text.contains(wanted), "wanted `{wanted}` in\n{text}");
    }
    let json = json(&tried);
    let kinds: Vec<_> = json["steps"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|step| step["kind"].as_str().unwrap_or(""))
        .collect();
    let wanted = ["read", "if", "read", "if", "choose", "confirm", "write", "write", "write", "write"];
    assert_eq!(kinds, wanted);
    let update = &json["steps"][8];
    assert_eq!(update["arguments"]["seat"]["from"], "seat.number");
    // Its policies see the booking alone, which is known although the seat is not.
    assert_eq!(update["rules"][0], "verified-may-change-their-own");
    assert_eq!((&json["state"], &json["missing"]), (&Json::from("ready"), &Json::Null));
    assert!(!text.contains("4821") && !json.to_string().contains("4821"), "a secret is not told");
}

/// Facts that end too soon or lead nowhere: how it ends, and what is told.
#[test]
fn where_the_facts_end_it_says_what_is_missing() {
    let pack = loaded(&airline());
    let without = |from: &str, to: &str| {
        assert!(REBOOK.contains(from), "{from}");
        REBOOK.replace(from, to)
    };
    let flights = &REBOOK[REBOOK.find("  - read: find_flights").expect("it is there")..];
    for (facts, end, wanted) in [
        ("inputs: {}\n".to_owned(), End::Missing, "the caller has not given `code`. Add it under `inputs`"),
        (
            without(", pin: \"4821\", flight: 1 }\nreads", " }\nreads"),
            End::Missing,
            "the caller has not given `pin`",
        ),
        (without(", flight: 1", ""), End::Missing, "Add `flight: <1 to 2>` under `inputs`:\n  1: {"),
        (without(", flight: 1", ", flight: 7"), End::Missing, "the caller has not chosen"),
        (
            without(flights, ""),
            End::Missing,
            "the facts do not tell what `find_flights` answers for booking = K7M4X2.\nAdd under `reads`, with values for the types:\n\n  \
             - read: find_flights\n    with: { booking: \"K7M4X2\" }\n    found: { flights: [{ id: <text>, number: <code>, from: <text>, to: <text>, departs: <time>, seats: <int> }], credit: { minor: <int>, currency: <text> } }",
        ),
        (
            "inputs: { code: K7M4X2, pin: \"4821\" }\n".to_owned(),
            End::Missing,
            "for code = K7M4X2, pin (secret).",
        ),
        (
            without("inputs: { code: K7M4X2", "inputs: { code: AAAAAA"),
            End::Stuck,
            "with `no-such-booking` the caller is asked for another `code`",
        ),
        (
            without("minor: 15000", "minor: 90000"),
            End::Refused,
            "`apply_credit` is forbidden by credit-above-300-needs-a-human. The caller hears `credit-too-high`; a human goes on.",
        ),
        (
            without("status: cancelled", "status: on-time"),
            End::Refused,
            "the skill itself says no. The caller hears `not-cancelled`",
        ),
        (
            without(flights, "  - read: find_flights\n    refused: closed on Sundays\n"),
            End::Stuck,
            "It cannot go on: find_flights: closed on Sundays.",
        ),
    ] {
        let tried = tried(&pack, "rebook", &facts);
        assert_eq!(tried.end, end, "{facts}");
        assert!(tried.explained.text.contains(wanted), "wanted `{wanted}` in\n{}", tried.explained.text);
        assert_eq!(json(&tried)["state"], end.name());
    }
}

#[test]
fn what_is_missing_is_told_as_data_too() {
    let pack = loaded(&airline());
    let missing = |facts: &str| json(&tried(&pack, "rebook", facts))["missing"].clone();
    assert_eq!(missing("inputs: {}"), serde_json::json!({ "input": "code" }));
    let read = missing("inputs: { code: K7M4X2, pin: '4821' }");
    assert_eq!(
        (&read["read"], &read["with"]),
        (&Json::from("find_booking"), &serde_json::json!({ "code": "K7M4X2" }))
    );
    let choice = missing(&REBOOK.replace(", flight: 1", ""));
    assert_eq!(choice, serde_json::json!({ "choice": "flight", "options": 2 }));
}

const TRIP: &str = "inputs: { code: AB12, pin: '1234' }
reads:
  - read: find_trip
    found: { code: AB12, paid: true, bags: [{ id: a, weight: 20 }, { id: b, weight: 5 }] }
  - { read: bag_price, with: { bag: a }, found: { price: { minor: 900, currency: USD } } }
  - { read: bag_price, found: { price: { minor: 300, currency: USD } } }
  - { read: terms, found: { refund: { minor: 4200, currency: USD } } }
";

#[test]
fn loops_used_skills_and_added_reads_are_told() {
    let pack = loaded(&travel());
    let bags = tried(&pack, "bags", TRIP);
    assert_eq!(bags.end, End::Ready, "{}", bags.explained.text);
    for wanted in [
        "    use   the skill identify  [travel/skills/bags.yaml:4]",
        "    1 read  find_trip as trip  [travel/skills/identify.yaml:8]",
        "code = AB12, from code, bound by what it means",
        "each  bag of who.trip.bags: 2 of 2, 3 at most",
        "trip = AB12, from who.trip.code, bound by what it means",
        "amount = USD 900 (minor units), from quote.asked.price",
        "if    quote.bag.weight > 10  [travel/skills/bags.yaml:26]",
        "and it is never refused for good",
        "it would write 4 time(s)",
    ] {
        assert!(bags.explained.text.contains(wanted), "wanted `{wanted}` in\n{}", bags.explained.text);
    }
    let giveup = tried(&pack, "giveup", TRIP);
    for wanted in [
        "2 read  terms  [travel/skills/giveup.yaml:6]",
        "added by the pack's checks: it tells `amount` for `pay_back`",
        "amount = USD 4200 (minor units), from terms.refund, bound by what it means",
    ] {
        assert!(giveup.explained.text.contains(wanted), "wanted `{wanted}` in\n{}", giveup.explained.text);
    }
    let many = TRIP
        .replace("{ id: b, weight: 5 }", "{ id: b, weight: 5 }, { id: c, weight: 5 }, { id: d, weight: 5 }");
    let many = tried(&pack, "bags", &many);
    assert_eq!(many.end, End::Stuck);
    let wanted = "It cannot go on: `who.trip.bags` has 4 items, and `for_each` takes 3 at most.";
    assert!(many.explained.text.contains(wanted), "{}", many.explained.text);
}

#[test]
fn mistakes_in_facts_are_told_with_place_and_remedy() {
    let pack = loaded(&airline());
    for (from, to, wanted) in [
        (
            "inputs:",
            "input:",
            "facts.yaml:2: error: `input` is not a key that is known here (did you mean `inputs`?)",
        ),
        (
            "inputs: { code",
            "inputs: { cod",
            "facts.yaml:2: error: the skill asks for no `cod` (did you mean `code`?)",
        ),
        ("flight: 1 }\nreads", "flight: first }\nreads", "`flight` is not of type int"),
        ("inputs: { code: K7M4X2", "inputs: { code: K7", "`code` does not fit"),
        (
            "- read: find_flights",
            "- read: find_flihgts",
            "there is no read `find_flihgts` (did you mean `find_flights`?)",
        ),
        ("- read: find_flights", "- read: assign_seat", "there is no read `assign_seat`"),
        (
            "with: { code: K7M4X2",
            "with: { cod: K7M4X2",
            "`find_booking` takes no `cod` (did you mean `code`?)",
        ),
        ("      seat: 14F\n", "", "the answer of `find_booking` has no `seat` (add `seat: <code>`)"),
        ("seat: 14F", "seats: 14F", "`find_booking` answers no `seats` (did you mean `seat`?)"),
        (
            "credit: { minor: 15000, currency: USD }",
            "credit: 150",
            "`credit` is not of type money ({ minor: 15000, currency: USD } are 150 dollars)",
        ),
        ("    not_found: code\n", "", "what came of `find_booking` is not told (one of found"),
        (
            "    not_found: code\n",
            "    not_found: code\n    refused: no\n",
            "what came of `find_booking` is not told",
        ),
    ] {
        assert!(REBOOK.contains(from), "{from}");
        let facts = REBOOK.replacen(from, to, 1);
        let told = Facts::parse("facts.yaml", &facts, &pack, "rebook").expect_err("it has a mistake");
        let told: Vec<String> = told.iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|line| line.contains(wanted)), "wanted `{wanted}`, told {told:#?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]
    #[test]
    fn junk_in_facts_is_a_problem_or_an_end_and_never_a_panic(
        at in 0.0..1.0f64, length in 0usize..40, junk in "[ -~\\n]{0,20}",
    ) {
        static PACK: std::sync::OnceLock<Pack> = std::sync::OnceLock::new();
        let pack = PACK.get_or_init(|| loaded(&airline()));
        let start = ((REBOOK.len() as f64) * at) as usize;
        let end = (start + length).min(REBOOK.len());
        let mut facts = REBOOK.to_owned();
        facts.replace_range(start..end, &junk);
        if let Ok(facts) = Facts::parse("facts.yaml", &facts, pack, "rebook") {
            let tried = rehearse(pack, "rebook", &facts, &now()).expect("there is such a skill");
            prop_assert!(tried.explained.text.contains("airline/rebook"));
            prop_assert_eq!(&json(&tried)["state"], tried.end.name());
        }
    }
}

/// The nodes that a drawing defines, and those that its arrows and classes name.
fn nodes(drawing: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut defined, mut named) = (BTreeSet::new(), BTreeSet::new());
    for line in drawing.lines().map(str::trim) {
        if let Some((from, to)) = line.split_once(" -->") {
            let to = to.rsplit(' ').next().unwrap_or_default();
            named.extend([from.to_owned(), to.to_owned()]);
        } else if let Some(class) = line.strip_prefix("class ") {
            named.extend(class.trim_end_matches(" met").split(',').map(str::to_owned));
        } else if line.starts_with('n') {
            defined.extend(line.split(|c: char| !c.is_ascii_alphanumeric()).next().map(str::to_owned));
        }
    }
    (defined, named)
}

#[test]
fn a_skill_is_drawn_with_every_way_through_it_and_the_one_that_was_taken() {
    let pack = loaded(&travel());
    let plain = diagram(&pack, "bags", &[]).expect("there is such a skill");
    let (defined, named) = nodes(&plain);
    assert_eq!(defined, named, "every node is joined:\n{plain}");
    assert_eq!(plain.matches("subgraph ").count(), plain.lines().filter(|line| line.trim() == "end").count());
    for wanted in [
        "%% travel/skills/identify.yaml:8",
        "subgraph s2[\"identify\"]",
        "{{\"for each bag of who.trip.bags, 3 at most\"}}",
        "{\"asked.price.minor #gt; 10000\"}",
        "([\"transfer: too-dear\"])",
        "-->|all done| ",
        "[\"write charge as paid<br/>when quote.bag.weight #gt; 10<br/>undone by void_label\"]",
        "([\"done: bags-done\"])",
    ] {
        assert!(plain.contains(wanted), "wanted `{wanted}` in\n{plain}");
    }
    assert!(!plain.contains("class "), "no way was taken");
    let tried = tried(&pack, "bags", TRIP);
    let taken = diagram(&pack, "bags", &tried.reasons).expect("there is such a skill");
    let classes = taken.lines().find(|line| line.trim().starts_with("class ")).expect("a way was taken");
    let end = taken.lines().find(|line| line.contains("transfer: too-dear")).expect("it is drawn");
    let end = end.trim().split('(').next().expect("an id");
    assert!(!classes.split([' ', ',']).any(|node| node == end), "that way was not taken:\n{taken}");
    assert!(diagram(&pack, "nope", &[]).is_none());
}
