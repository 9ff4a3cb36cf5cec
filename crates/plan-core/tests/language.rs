//! The language of skills: loops with a bound, skills within skills, arguments that follow from what they mean.

mod common;

use callwright_model::{NeedWhy, PackSource, Pii, PlanId, Record, Value};
use callwright_plan_core::{
    ArgumentValue, BindError, Command, Event, Next, Outcome, Pack, Plan, Reads, bind, check, decide,
};
use common::{dollars, loaded, now, record, travel, travel_answers, whose};
use proptest::prelude::*;

fn caller() -> Record {
    record([("code", "ab-12".into()), ("pin", "1234".into())])
}

/// Binds with reads answered; the actions that were read, in order, too.
fn bound(
    pack: &Pack,
    skill: &str,
    inputs: &Record,
    bags: &[(i64, i64)],
) -> (Result<Next, BindError>, Vec<String>) {
    let (mut reads, mut asked) = (Reads::default(), Vec::new());
    let id = PlanId("p1".to_owned());
    loop {
        match bind(pack, skill, whose(&id, 7), inputs, &reads).map(|binding| binding.next) {
            Ok(Next::Read(read)) => {
                asked.push(read.call.action.clone());
                let outcome = travel_answers(&read.call.action, &read.arguments, bags);
                reads.add(read, outcome);
            }
            next => return (next, asked),
        }
    }
}

fn ready(pack: &Pack, skill: &str, bags: &[(i64, i64)]) -> (Plan, Record) {
    match bound(pack, skill, &caller(), bags) {
        (Ok(Next::Ready { plan, facts, .. }), _) => (*plan, facts),
        (other, _) => panic!("everything is known: {other:?}"),
    }
}

/// Carries a plan out in a world where all goes well; the actions that were called with their arguments.
fn carried_out(pack: &Pack, plan: &Plan) -> (Vec<(String, Record)>, Vec<Event>) {
    let mut events = vec![Event::consented(&Pii::new("yes".to_owned()))];
    let mut calls = Vec::new();
    loop {
        match decide(plan, &pack.policy, &events, &now()).expect("our own log") {
            Command::Finished => return (calls, events),
            Command::Await { .. } => panic!("nobody is asked here"),
            Command::Append(event) => events.push(event),
            Command::Invoke(call) => {
                calls.push((call.method.clone(), call.arguments.clone()));
                let id = Value::Text(format!("{}-{}", call.method, call.step));
                events.push(call.outcome(Outcome::Done(record([("id", id)]))));
            }
        }
    }
}

#[test]
fn the_pack_loads_without_a_single_problem() {
    assert_eq!(check(&travel()), []);
}

#[test]
fn a_loop_reads_for_each_item_and_what_it_brought_is_a_list() {
    let pack = loaded(&travel());
    let (next, asked) = bound(&pack, "bags", &caller(), &[(20, 5_000), (8, 2_500)]);
    assert_eq!(asked, ["find_trip", "bag_price", "bag_price"]);
    let Ok(Next::Ready { facts, .. }) = next else { panic!("everything is known: {next:?}") };
    let Some(Value::List(quotes)) = facts.get("quotes") else { panic!("a list: {facts:?}") };
    let prices: Vec<_> = quotes.iter().map(|quote| quote.at("asked.price").cloned()).collect();
    assert_eq!(prices, [Some(dollars(5_000)), Some(dollars(2_500))]);
    assert_eq!(quotes[0].at("bag.colour"), None, "what is not declared is dropped");
    assert!(!facts.contains_key("bag") && !facts.contains_key("asked"), "a turn's names end with it");
}

#[test]
fn a_loop_writes_for_each_item_with_the_results_of_its_own_turn() {
    let pack = loaded(&travel());
    let (plan, _) = ready(&pack, "bags", &[(20, 5_000), (8, 2_500), (30, 6_000)]);
    let (calls, events) = carried_out(&pack, &plan);
    let told: Vec<_> = calls
        .iter()
        .map(|(method, arguments)| {
            let of = |name: &str| arguments.get(name).and_then(Value::as_text).unwrap_or_default();
            format!("{method} {}{}", of("bag"), of("label"))
        })
        .collect();
    // The light bag costs nothing: its charge is left out.
    let wanted =
        ["label_bag 0", "charge label_bag-5", "label_bag 1", "label_bag 2", "charge label_bag-8", "notify "];
    assert_eq!(told, wanted);
    assert_eq!(calls[1].1["amount"], dollars(5_000));
    assert_eq!(events.last(), Some(&Event::Completed));
}

#[test]
fn a_plan_of_loops_and_used_skills_survives_being_written_down() {
    let pack = loaded(&travel());
    let (plan, _) = ready(&pack, "bags", &[(20, 5_000), (30, 6_000)]);
    let text = serde_json::to_string(&plan).expect("writes");
    let read: Plan = serde_json::from_str(&text).expect("reads");
    assert_eq!(read, plan);
    assert_eq!(carried_out(&pack, &read).0, carried_out(&pack, &plan).0);
    assert!(!text.contains("1234"), "a secret of a used skill is nowhere");
}

#[test]
fn what_fails_inside_a_loop_is_undone_item_by_item_from_the_last() {
    let pack = loaded(&travel());
    let (plan, _) = ready(&pack, "bags", &[(20, 5_000), (30, 6_000)]);
    let mut events = vec![Event::consented(&Pii::new("yes".to_owned()))];
    let mut undone = Vec::new();
    loop {
        match decide(&plan, &pack.policy, &events, &now()).expect("our own log") {
            Command::Finished => break,
            Command::Await { .. } => panic!("nobody is asked here"),
            Command::Append(event) => events.push(event),
            Command::Invoke(call) if call.method == "charge" && call.step == 7 => {
                let reason = "no".to_owned();
                events.push(call.outcome(Outcome::Refused { reason, retriable: false }));
            }
            Command::Invoke(call) => {
                if call.method == "void_label" {
                    undone.push(call.arguments["id"].as_text().unwrap_or_default().to_owned());
                }
                let id = Value::Text(format!("{}-{}", call.method, call.step));
                events.push(call.outcome(Outcome::Done(record([("id", id)]))));
            }
        }
    }
    assert_eq!(undone, ["label_bag-6", "charge-5", "label_bag-4"]);
    assert!(matches!(events.last(), Some(Event::Failed { step: 7, .. })), "{events:?}");
}

#[test]
fn more_items_than_the_bound_are_nobodys_to_leave_out() {
    let pack = loaded(&travel());
    let (next, _) = bound(&pack, "bags", &caller(), &[(1, 1); 4]);
    let list = "who.trip.bags".to_owned();
    assert_eq!(next, Err(BindError::TooMany { list, length: 4, most: 3 }));
}

#[test]
fn a_used_skill_asks_for_what_it_needs_in_its_own_words() {
    let pack = loaded(&travel());
    let need = |inputs: Record| bound(&pack, "bags", &inputs, &[]).0;
    let missing = |input: &str| Ok(Next::Need { input: input.to_owned(), why: NeedWhy::Missing });
    assert_eq!(need(record([])), missing("code"));
    assert_eq!(need(record([("code", "AB12".into())])), missing("pin"));
    let wrong = need(record([("code", "AB12".into()), ("pin", "9999".into())]));
    let why = NeedWhy::NotFound { words: "wrong-pin".to_owned() };
    assert_eq!(wrong, Ok(Next::Need { input: "pin".to_owned(), why }));
    assert_eq!(pack.secret_inputs().into_iter().collect::<Vec<_>>(), ["pin"]);
}

#[test]
fn an_input_of_another_name_is_asked_for_again_under_its_own() {
    let mut source = travel();
    let skill = "skill: other\nsummary: s\ninputs:\n  trip_code: { type: code, length: 4, ask: a }\nsteps:\n\
                 \x20 - use: identify\n    with: { code: trip_code }\n  - answer: it-is-paid\n";
    source.files.insert("skills/other.yaml".to_owned(), skill.to_owned());
    let pack = loaded(&source);
    let inputs = |code: &str| record([("trip_code", code.into()), ("pin", "1234".into())]);
    let (next, _) = bound(&pack, "other", &inputs("ZZ99"), &[]);
    let why = NeedWhy::NotFound { words: "no-such-trip".to_owned() };
    assert_eq!(next, Ok(Next::Need { input: "trip_code".to_owned(), why }));
    let (next, _) = bound(&pack, "other", &inputs("AB12"), &[]);
    let Ok(Next::Answer { facts, .. }) = next else { panic!("it answers: {next:?}") };
    assert_eq!(facts["identify"].at("trip.paid"), Some(&Value::Bool(true)));
}

#[test]
fn a_read_is_added_for_what_only_it_can_tell_and_never_a_write() {
    let pack = loaded(&travel());
    let (next, asked) = bound(&pack, "giveup", &caller(), &[]);
    assert_eq!(asked, ["find_trip", "terms"]);
    let Ok(Next::Ready { plan, .. }) = next else { panic!("everything is known: {next:?}") };
    let steps: Vec<&str> = plan.steps.iter().map(|step| step.action.as_str()).collect();
    assert_eq!(steps, ["find_trip", "terms", "pay_back", "notify"]);
    let write = plan.steps[2].write.as_ref().expect("a write");
    assert!(write.arguments.iter().any(|argument| argument.value == ArgumentValue::Known(dollars(4_200))));
}

/// A file of the pack, changes to it, and what must be told.
type Broken<'b> = (&'b str, &'b [(&'b str, &'b str)], &'b str);

fn with(file: &str, changes: &[(&str, &str)]) -> PackSource {
    let mut source = travel();
    let text = source.files.get_mut(file).expect("a file of the pack");
    for (from, to) in changes {
        assert!(text.contains(from), "{file} has no `{from}`");
        *text = text.replacen(from, to, 1);
    }
    source
}

/// Packs that would go wrong some day, each told before it loads, with its place and the remedy.
#[test]
fn what_cannot_be_proved_is_told_with_place_and_remedy() {
    let (bags, giveup, actions) = ("skills/bags.yaml", "skills/giveup.yaml", "actions.yaml");
    let cases: &[Broken<'_>] = &[
        // It ends.
        (
            bags,
            &[("    most: 3\n", "")],
            "bags.yaml:6: error: `for_each` has no bound (add `most: <1 to 20>`; with more items a human goes on)",
        ),
        (
            bags,
            &[("most: 3", "most: 500")],
            "bags.yaml:6: error: `most: 500` is no bound of a `for_each` (between 1 and 20)",
        ),
        (
            giveup,
            &[("use: identify", "use: giveup")],
            "giveup.yaml:4: error: `giveup` uses `giveup`: a skill that uses itself never ends (take one of the uses out)",
        ),
        (
            "skills/identify.yaml",
            &[("  - read: find_trip\n", "  - use: bags\n  - read: find_trip\n")],
            "`bags` uses `identify` uses `bags`: a skill that uses itself never ends",
        ),
        (
            bags,
            &[
                ("    most: 3\n    as: quotes", "    most: 20\n    as: quotes"),
                (
                    "      - when: asked.price.minor",
                    "      - { read: terms, as: more }\n      - when: asked.price.minor",
                ),
            ],
            "bags.yaml:1: error: the skill may come to 41 reads (24 is the most; lower `most` of a `for_each`)",
        ),
        (
            bags,
            &[("      - when: asked.price.minor > 10000\n        transfer", "      - transfer")],
            "every way through this `for_each` ends the skill with its first item",
        ),
        (
            giveup,
            &[("  - confirm: read-back-giveup\n  - write: pay_back\n  - write: notify\n", "")],
            "giveup.yaml:1: error: a way through the skill ends in nothing (end it with `answer`, or with `confirm` and writes)",
        ),
        // Every input is bound and typed.
        (
            bags,
            &[("as: who", "as: whom")],
            "bags.yaml:6: error: `who.trip.bags`: nothing is called `who` here (did you mean `whom`?)",
        ),
        (bags, &[("in: who.trip.bags", "in: who.trip.paid")], "`who.trip.paid` is yes or no, not a list"),
        (
            bags,
            &[("bag: bag.id", "bag: bag.weight")],
            "`bag_price`: `bag` takes a text, but `bag.weight` is a number",
        ),
        (bags, &[("bag: bag.id", "bag: bag.ide")], "`bag.ide`: `bag` has no `ide` (did you mean `id`?)"),
        (bags, &[("bag: quote.bag.id", "bag: quote.bag.ide")], "`quote.bag` has no `ide`, only id, weight"),
        (
            bags,
            &[("asked.price.minor > 10000", "asked.price > 10000")],
            "bags.yaml:14: error: `asked.price > 10000`: puts money in order; compare its `minor`",
        ),
        (
            bags,
            &[("asked.price.minor > 10000", "asked.price.minor")],
            "`asked.price.minor` is a number, not yes or no",
        ),
        (
            bags,
            &[("size(quotes) == 0", "quotes == 0")],
            "compares a list with a number, which are never equal",
        ),
        (
            bags,
            &[("amount: quote.asked.price", "amount: quote.bag.weight")],
            "`charge`: `amount` takes money, but `quote.bag.weight` is a number",
        ),
        (
            bags,
            &[(
                "  - write: notify\n",
                "  - write: charge\n    with: { amount: \"quotes[0].asked.price\", label: label.id }\n",
            )],
            "nothing is called `label` here",
        ),
        (
            bags,
            &[(
                "        as: paid\n",
                "        as: paid\n      - write: notify\n        with: { trip: paid.id }\n",
            )],
            "`paid.id`: `paid` is written only when `quote.bag.weight > 10` (give this write the same `when`)",
        ),
        (
            actions,
            &[("with: { id: result.id } }\n  void", "with: { id: input.trip.x } }\n  void")],
            "`undo`: `input.trip.x`: `input.trip` is a text and has no `x`",
        ),
        (
            actions,
            &[("outputs: { price: money }", "outputs: { price: { type: money, of: { a: int } } }")],
            "`price` has fields under `of` and is no `record` and no `list` of them",
        ),
        // Units, formats, what holds before and after.
        (
            actions,
            &[
                (
                    "bags: { type: list, of: { id: text, weight: int } }",
                    "bags: { type: list, of: { id: text, weight: { type: int, unit: kg } } }",
                ),
                (
                    "bag: text }\n    outputs: { price",
                    "bag: text, weight: { type: int, unit: pounds, is: w } }\n    outputs: { price",
                ),
            ],
            "bags.yaml:11: error: `bag_price` needs `weight` under `with` (nothing known there means it, and no read tells it)",
        ),
        (
            actions,
            &[("price: money }", "price: { type: money, unit: cents } }")],
            "`price` has a `unit` and is no `int` (money has its currency)",
        ),
        (
            actions,
            &[("inputs: { id: text }", "inputs: { id: { type: text, format: \"[a-z\" } }")],
            "the `format` of `id` is no regular expression (such as [A-Z0-9]{6})",
        ),
        (
            actions,
            &[("outputs: { price: money }", "outputs: { price: { type: money, format: x } }")],
            "`price` has a `format` and is no text",
        ),
        (
            actions,
            &[("    verifies: code\n", "    verifies: code\n    requires: [result.paid]\n")],
            "actions.yaml:4: error: `find_trip`: `requires`: `result.paid`: `result` is not known here (only input)",
        ),
        (
            actions,
            &[("    verifies: code\n", "    verifies: code\n    ensures: [result.code]\n")],
            "`find_trip`: `ensures`: `result.code` is a text, not yes or no",
        ),
        (
            actions,
            &[("    verifies: code\n", "    verifies: code\n    ensures: [result.cod == input.code]\n")],
            "`ensures`: `result.cod == input.code`: `result` has no `cod`, only bags, code, paid",
        ),
        // Used skills.
        (
            giveup,
            &[("use: identify", "use: identfy")],
            "there is no skill `identfy` in this pack (did you mean `identify`?)",
        ),
        (
            giveup,
            &[("use: identify", "use: identify\n    with: { cod: \"'x'\" }")],
            "`identify` takes no `cod` (did you mean `code`?)",
        ),
        (
            giveup,
            &[("use: identify", "use: identify\n    with: { code: \"7\" }")],
            "`code` takes a text, but `7` is a number",
        ),
        (
            giveup,
            &[("summary: Give a trip up\n", "summary: s\ninputs:\n  code: { type: date, ask: a }\n")],
            "`identify` takes another kind of `code` than this skill asks for",
        ),
        (
            "skills/identify.yaml",
            &[(
                "  - read: find_trip\n",
                "  - write: notify\n    with: { trip: code }\n  - read: find_trip\n",
            )],
            "identify.yaml:8: error: `notify` writes before the caller has said yes, used in travel/skills/bags.yaml:4 (put a `confirm` before it)",
        ),
        ("skills/identify.yaml", &[("internal: true", "internal: maybe")], "`maybe` is not yes or no"),
        // Arguments that are left out.
        (
            actions,
            &[("outputs: { refund: { type: money, is: refund } }", "outputs: { refund: money }")],
            "giveup.yaml:6: error: `pay_back` needs `amount` under `with` (nothing known there means it, and no read tells it)",
        ),
        (
            actions,
            &[(
                "inputs: { trip: { type: code, is: trip } }\n    outputs: { refund",
                "inputs: { trip: code }\n    outputs: { refund",
            )],
            "(`terms` would tell it, but what its `trip` means is not declared)",
        ),
        (
            actions,
            &[
                ("outputs: { price: money }", "outputs: { price: { type: money, is: refund } }"),
                (
                    "bag: text }\n    outputs: { price",
                    "bag: { type: text, is: trip } }\n    outputs: { price",
                ),
            ],
            "(`bag_price` and `terms` tell it: write the one that is meant as a step)",
        ),
        (
            giveup,
            &[("  - confirm", "  - use: identify\n    as: again\n  - confirm")],
            "`pay_back` needs `trip` under `with` (`identify.trip.code` and `again.trip.code` would do)",
        ),
        (giveup, &[("  - write: notify\n", "  - write: charge\n")], "`charge` needs `label` under `with`"),
        // Saga order: what can be undone, then what cannot, then only what is never refused.
        (
            giveup,
            &[(
                "  - write: pay_back\n  - write: notify\n",
                "  - write: pay_back\n  - write: label_bag\n    with: { bag: \"'x'\" }\n",
            )],
            "giveup.yaml:7: error: `label_bag` may fail when `pay_back`, which nothing takes back, is done already (put it before, give `pay_back` an `undo`, or declare `label_bag` as `retriable: true` if its system never refuses it for good)",
        ),
        (
            actions,
            &[("    retriable: true\n", "")],
            "giveup.yaml:7: error: `notify` may fail when `pay_back`",
        ),
        (
            actions,
            &[(
                "label_bag:\n    summary: Print a label\n    kind: write\n    connector: rail\n    inputs: { trip: { type: code, is: trip }, bag: text }\n    outputs: { id: text }\n    context: { trip: input.trip }\n    idempotency: key\n    timeout_ms: 1000\n    undo: { action: void_label, with: { id: result.id } }",
                "label_bag:\n    summary: Print a label\n    kind: write\n    connector: rail\n    inputs: { trip: { type: code, is: trip }, bag: text }\n    outputs: { id: text }\n    context: { trip: input.trip }\n    idempotency: key\n    timeout_ms: 1000\n    undo: none",
            )],
            "bags.yaml:23: error: `label_bag` may fail when `label_bag`, which nothing takes back, is done already",
        ),
        (
            actions,
            &[(
                "idempotency: key\n    timeout_ms: 1000\n    undo: none\n    retriable",
                "idempotency: none\n    timeout_ms: 1000\n    undo: none\n    retriable",
            )],
            "`notify`: `retriable` with `idempotency: none`",
        ),
        (
            actions,
            &[("    verifies: code\n", "    verifies: code\n    retriable: true\n")],
            "`find_trip`: only a write is `retriable`",
        ),
        // A yes comes before, once, and to something.
        (
            bags,
            &[("      - when: asked", "      - confirm: read-back-bags\n      - when: asked")],
            "a `confirm` inside `for_each` (ask once, before a `for_each` that writes)",
        ),
        (
            bags,
            &[(
                "      - write: label_bag",
                "      - { choose: one, from: quotes, words: w }\n      - write: label_bag",
            )],
            "a choice inside `for_each`: one answer is for one question",
        ),
        (
            giveup,
            &[("  - write: notify\n", "  - { read: terms, as: late }\n  - write: notify\n")],
            "a read after `confirm`",
        ),
        (
            giveup,
            &[("  - write: notify\n", "  - write: notify\n    as: pay_back\n")],
            "the name `pay_back` is taken already",
        ),
        // Allowed by some policy.
        (
            "policies.cedar",
            &[("Action::\"charge\", ", "")],
            "bags.yaml:26: error: no policy permits `charge`, so the skill can never succeed (a `permit` for Action::\"charge\" in travel/policies.cedar)",
        ),
        (
            "policies.cedar",
            &[("Action::\"terms\", ", "")],
            "no policy permits `terms`, so the skill can never succeed",
        ),
        (
            "policies.cedar",
            &[(
                "@id(\"plans\")",
                "@id(\"never\")\nforbid(principal, action == Action::\"notify\", resource);\n@id(\"plans\")",
            )],
            "the policy `never` always forbids `notify`, so the skill can never succeed",
        ),
    ];
    let mut missed = Vec::new();
    for (file, changes, wanted) in cases {
        let told: Vec<String> = check(&with(file, changes)).iter().map(ToString::to_string).collect();
        if told.iter().all(|line| !line.contains(wanted)) {
            missed.push(format!("wanted `{wanted}`, told {told:#?}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// A pack of skills that each use the next one twice: small to write, endless to walk.
#[test]
fn skills_that_use_each_other_many_times_over_are_told_and_not_walked_for_ever() {
    let tower = |floors: usize, uses: &str| {
        let mut source = travel();
        for floor in 0..floors {
            let next = if floor + 1 == floors { "identify".to_owned() } else { format!("f{}", floor + 1) };
            let steps = uses.replace("NEXT", &next);
            let end = if floor == 0 { "  - answer: it-is-paid\n" } else { "" };
            let internal = if floor == 0 { "" } else { "internal: true\n" };
            let text = format!("skill: f{floor}\nsummary: s\n{internal}steps:\n{steps}{end}");
            source.files.insert(format!("skills/f{floor}.yaml"), text);
        }
        check(&source).iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let one = "  - use: NEXT\n    as: a\n";
    let two = "  - when: 'true'\n    use: NEXT\n    as: a\n    else:\n      - use: NEXT\n        as: a\n";
    assert_eq!(tower(7, one), Vec::<String>::new());
    assert!(tower(12, one).iter().any(|line| line.contains("is used too deep within other skills")));
    let many = two.repeat(4).replace("as: a", "as: a_X");
    let many: String = many
        .split("_X")
        .enumerate()
        .map(|(n, part)| format!("{part}{}", if n < 8 { n.to_string() } else { String::new() }))
        .collect();
    let told = tower(30, &many);
    assert!(
        told.iter().any(|line| line.contains("the skills that `f0` uses come to too many steps")),
        "{told:#?}"
    );
    let loops = (0..6).rev().fold("  - when: 'false'\n    refuse: w\n".to_owned(), |inner, depth| {
        let inner: String = inner.lines().map(|line| format!("    {line}\n")).collect();
        format!("  - for_each: i{depth}\n    in: '[1, 2]'\n    most: 20\n    steps:\n{inner}")
    });
    let told = tower(1, &loops);
    assert!(
        told.iter().any(|line| line.contains("steps (1000 is the most; lower `most` of a `for_each`)")),
        "{told:#?}"
    );
}

#[test]
fn a_number_of_one_unit_is_not_given_for_another() {
    let unit = |weighs: &str| {
        let source = with(
            "actions.yaml",
            &[
                ("of: { id: text, weight: int }", "of: { id: text, weight: { type: int, unit: kilograms } }"),
                ("bag: text }\n    outputs: { price", "bag: text, weighs: WEIGHS }\n    outputs: { price"),
                ("WEIGHS", weighs),
            ],
        );
        let mut source = source;
        let bags = source.files.get_mut("skills/bags.yaml").expect("a file of the pack");
        *bags = bags.replacen("bag: bag.id }", "bag: bag.id, weighs: bag.weight }", 1);
        check(&source).iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(unit("{ type: int, unit: kilograms }"), Vec::<String>::new());
    let told = unit("{ type: int, unit: pounds }");
    let wanted = "bags.yaml:11: error: `bag_price`: `weighs` takes a number of pounds, but `bag.weight` is a number of kilograms";
    assert!(told.len() == 1 && told[0].contains(wanted), "{told:?}");
}

#[test]
fn a_field_that_nobody_declared_is_warned_of() {
    let mut source = with(
        "actions.yaml",
        &[("of: { id: text, weight: int }", "of: { id: text, weight: int, tag: record }")],
    );
    let bags = source.files.get_mut("skills/bags.yaml").expect("a file of the pack");
    *bags = bags.replacen("asked.price.minor > 10000", "bag.tag.colour == 'red'", 1);
    let told: Vec<String> = check(&source).iter().map(ToString::to_string).collect();
    let wanted = "travel/skills/bags.yaml:14: warning: `bag.tag.colour == 'red'`: the fields of `bag.tag` are not declared, so nothing \
                  proves that they are there (declare them in actions.yaml, under `of` of the record or list)";
    assert_eq!(told, [wanted]);
    assert!(Pack::load(&source).is_ok(), "it loads all the same");
}

#[test]
fn what_an_action_requires_and_ensures_is_looked_at() {
    let bound_with = |changes: &[(&str, &str)]| {
        let pack = loaded(&with("actions.yaml", changes));
        bound(&pack, "giveup", &caller(), &[]).0
    };
    let (find, pay) = ("    verifies: code\n", "amount: { type: money, is: refund } }\n");
    let ok = [
        (find, "    verifies: code\n    ensures: [result.code == input.code]\n"),
        (pay, "amount: { type: money, is: refund } }\n    requires: [input.amount.minor > 0]\n"),
        ("code: { type: code, is: trip }", "code: { type: code, is: trip, format: \"[A-Z]{2}\\\\d{2}\" }"),
    ];
    assert!(matches!(bound_with(&ok), Ok(Next::Ready { .. })), "{:?}", bound_with(&ok));
    let dear = [(pay, "amount: { type: money, is: refund } }\n    requires: [input.amount.minor > 9000]\n")];
    let unmet =
        BindError::Unmet { action: "pay_back".to_owned(), condition: "input.amount.minor > 9000".to_owned() };
    assert_eq!(bound_with(&dear), Err(unmet));
    let short = [("code: { type: code, is: trip }", "code: { type: code, is: trip, format: \"[A-Z]{4}\" }")];
    let Err(BindError::Answer { action, what }) = bound_with(&short) else {
        panic!("AB12 is not of that form")
    };
    assert_eq!(action, "find_trip");
    assert!(what.contains("breaks what is ensured: `result.code.matches("), "{what}");
}

#[test]
fn an_internal_skill_is_nobodys_to_ask_for() {
    let pack = loaded(&travel());
    let offered: Vec<&str> = pack.offered().map(|skill| skill.name.as_str()).collect();
    assert_eq!(offered, ["bags", "giveup"]);
    // What a skill may come to is told with what the skills that it uses do.
    let actions = pack.actions_of(&pack.skills["bags"]);
    assert_eq!(actions, ["bag_price", "label_bag", "charge", "notify", "find_trip"]);
    let mut source = travel();
    source.files.insert(
        "skills/lone.yaml".to_owned(),
        "skill: lone\nsummary: s\ninternal: true\nsteps: []\n".to_owned(),
    );
    let told: Vec<String> = check(&source).iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("warning: no skill uses this one"), "{told:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn junk_in_a_file_is_a_problem_and_never_a_panic(
        file in prop::sample::select(vec![
            "actions.yaml", "skills/bags.yaml", "skills/giveup.yaml", "skills/identify.yaml",
        ]),
        at in 0.0..1.0f64, length in 0usize..40, junk in "[ -~\\n]{0,20}",
    ) {
        let mut source = travel();
        let text = source.files.get_mut(file).expect("a file of the pack");
        let start = ((text.len() as f64) * at) as usize;
        let end = (start + length).min(text.len());
        text.replace_range(start..end, &junk);
        if let Ok(pack) = Pack::load(&source) {
            for skill in ["bags", "giveup", "identify"] {
                let _ = bind(&pack, skill, whose(&PlanId("p".to_owned()), 1), &caller(), &Reads::default());
            }
        }
    }

    /// What passed the checks has a value for every argument, whatever the systems answer within their declared types.
    #[test]
    fn what_is_proved_holds_whatever_the_systems_answer(
        bags in prop::collection::vec((any::<i64>(), -1..20_000i64), 0..6), giveup in any::<bool>(),
    ) {
        static PACK: std::sync::OnceLock<Pack> = std::sync::OnceLock::new();
        let pack = PACK.get_or_init(|| loaded(&travel()));
        let skill = if giveup { "giveup" } else { "bags" };
        match bound(pack, skill, &caller(), &bags).0 {
            Ok(Next::Ready { plan, .. }) => {
                let (calls, events) = carried_out(pack, &plan);
                prop_assert_eq!(events.last(), Some(&Event::Completed));
                prop_assert_eq!(calls.len(), plan.steps.iter().filter(|step| step.write.is_some()).count());
            }
            Ok(Next::Refused(refused)) => prop_assert!(refused.rules.is_empty(), "{:?}", refused),
            Err(BindError::TooMany { .. }) => prop_assert!(bags.len() > 3),
            other => prop_assert!(false, "{:?}", other),
        }
    }
}
