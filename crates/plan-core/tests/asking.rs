//! What policies see of who asks: how sure it is who the caller is, what they have consented to, through whom they ask, and when.

mod common;

use std::collections::BTreeSet;

use callwright_model::{PlanId, Value};
use callwright_plan_core::{Asker, Facts, Next, Now, Pack, Reads, Whose, bind, rehearse};
use common::{airline, airline_answers, caller, now, whose};

/// The airline, where a credit is given to who told a secret and consented, by Callwright, in office hours.
fn particular() -> Pack {
    let mut source = airline();
    for (file, from, to) in [
        (
            "schema.cedarschema",
            "entity Caller { verified: Set<String> };",
            "entity Caller { verified: Set<String>, level: Long, consents: Set<String> };",
        ),
        (
            "schema.cedarschema",
            "action \"apply_credit\", \"refund_fare\" appliesTo {
  principal: [Caller], resource: [Connector], context: { booking: String, amount: Long, currency: String }",
            "action \"refund_fare\" appliesTo {
  principal: [Caller], resource: [Connector], context: { booking: String, amount: Long, currency: String }
};
action \"apply_credit\" appliesTo {
  principal: [Caller], resource: [Connector],
  context: { booking: String, amount: Long, currency: String, agent: String, hour: Long, weekday: Long }",
        ),
        (
            "policies.cedar",
            "@id(\"credit-above-300-needs-a-human\")",
            "@id(\"told-a-secret\") forbid(principal, action == Action::\"apply_credit\", resource)
when { principal.level < 2 };
@id(\"consented\") forbid(principal, action == Action::\"apply_credit\", resource)
unless { principal.consents.contains(\"credits\") };
@id(\"office-hours\") forbid(principal, action == Action::\"apply_credit\", resource)
unless { context.weekday <= 5 && context.hour >= 8 && context.hour < 18 };
@id(\"ourselves\") forbid(principal, action == Action::\"apply_credit\", resource)
unless { context.agent == \"callwright\" };
@id(\"credit-above-300-needs-a-human\")",
        ),
    ] {
        let text = source.files.get_mut(file).expect("a file of the pack");
        assert!(text.contains(from), "{file} has no `{from}`");
        *text = text.replacen(from, to, 1);
    }
    let actions = source.files.get_mut("actions.yaml").expect("it has actions");
    let at = actions.find("  apply_credit:").expect("it gives credits");
    let context = actions[at..].find("context: { ").expect("policies see something of it") + at;
    actions.insert_str(context + "context: { ".len(), "agent: agent, hour: now.hour, weekday: now.weekday, ");
    Pack::load(&source).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// The rules that keep this asker from rebooking at this time; none when nothing does.
fn kept_by(pack: &Pack, asker: &Asker, now: &Now) -> Vec<String> {
    let id = PlanId("p1".to_owned());
    let whose = Whose { asker, now, ..whose(&id, 7) };
    let inputs = caller([("flight", Value::Int(1))]);
    let mut reads = Reads::default();
    loop {
        match bind(pack, "rebook", whose, &inputs, &reads).expect("it binds").next {
            Next::Read(read) => {
                let outcome = airline_answers(&read.call.action, &read.arguments, 15_000);
                reads.add(read, outcome);
            }
            Next::Refused(refused) => return refused.rules,
            Next::Ready { plan, .. } => {
                assert_eq!((plan.level, &plan.asker), (2, asker));
                return Vec::new();
            }
            other => panic!("{other:?}"),
        }
    }
}

fn asker(agent: &str, consents: &[&str]) -> Asker {
    Asker {
        agent: agent.to_owned(),
        consents: consents.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<String>>(),
        language: None,
    }
}

#[test]
fn who_asks_and_when_decides_where_policies_look_at_it() {
    let pack = particular();
    let ours = asker("callwright", &["credits"]);
    let (friday, night) = (now(), Now::at(1_795_750_000_000, chrono_tz::Tz::UTC));
    let sunday = Now::at(1_795_776_000_000 + 2 * 86_400_000, chrono_tz::Tz::UTC);
    assert!(kept_by(&pack, &ours, &friday).is_empty());
    assert_eq!(kept_by(&pack, &ours, &night), ["office-hours"]);
    assert_eq!(kept_by(&pack, &ours, &sunday), ["office-hours"]);
    assert_eq!(kept_by(&pack, &asker("agent", &["credits"]), &friday), ["ourselves"]);
    assert_eq!(kept_by(&pack, &asker("callwright", &["news"]), &friday), ["consented"]);
}

#[test]
fn a_caller_who_named_a_booking_without_its_secret_is_known_less_surely() {
    let mut source = airline();
    let schema = source.files.get_mut("schema.cedarschema").expect("it has one");
    *schema = schema.replacen("{ verified: Set<String> }", "{ verified: Set<String>, level: Long }", 1);
    let policies = source.files.get_mut("policies.cedar").expect("it has some");
    policies.push_str(
        "@id(\"told-a-secret\") forbid(principal, action == Action::\"find_flights\", resource) when { principal.level < 2 };",
    );
    let secret = Pack::load(&source).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert!(kept_by(&secret, &Asker::default(), &now()).is_empty());
    let actions = source.files.get_mut("actions.yaml").expect("it has actions");
    let marked = actions.matches(", secret: true").count();
    assert!(marked > 0, "the PIN is a secret");
    *actions = actions.replace(", secret: true", "");
    let open = Pack::load(&source).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!(kept_by(&open, &Asker::default(), &now()), ["told-a-secret"]);
}

#[test]
fn a_file_of_facts_tells_who_asks_and_when() {
    let pack = particular();
    let facts = |more: &str| {
        let text = format!("{}\n{more}", include_str!("../../../skills/airline/facts/rebook.yaml"));
        Facts::parse("facts.yaml", &text, &pack, "rebook").unwrap_or_else(|problems| panic!("{problems:#?}"))
    };
    let told = |more: &str| rehearse(&pack, "rebook", &facts(more), &now()).expect("a skill").explained.text;
    assert!(told("").contains("consented, ourselves"), "{}", told(""));
    let ours = "agent: callwright\nconsents: [credits]\n";
    assert!(!told(ours).contains("consented"), "{}", told(ours));
    let night = format!("{ours}now: 2026-11-27T03:00\n");
    assert!(told(&night).contains("office-hours"), "{}", told(&night));
    let wrong = Facts::parse("facts.yaml", "now: yesterday\n", &pack, "rebook").expect_err("no time");
    assert!(wrong[0].to_string().contains("`yesterday` is no time"), "{wrong:?}");
}

#[test]
fn a_rule_may_look_at_how_much_is_at_stake() {
    let stakes = |said: &str| {
        let mut source = airline();
        let schema = source.files.get_mut("schema.cedarschema").expect("it has one");
        *schema = schema.replacen(
            "{ booking: String, amount: Long",
            "{ risk: String, booking: String, amount: Long",
            1,
        );
        let policies = source.files.get_mut("policies.cedar").expect("it has some");
        policies.push_str(
            "@id(\"stakes\") forbid(principal, action == Action::\"apply_credit\", resource)
             when { context.risk == \"high\" };",
        );
        let actions = source.files.get_mut("actions.yaml").expect("it has actions");
        for action in ["  apply_credit:", "  refund_fare:"] {
            let at = actions.find(action).expect("an action of the pack");
            let context = actions[at..].find("context: { ").expect("policies see something of it") + at;
            actions.insert_str(context + "context: { ".len(), "risk: risk, ");
        }
        *actions = actions.replacen("  apply_credit:\n", &format!("  apply_credit:\n{said}"), 1);
        Pack::load(&source)
    };
    let kept = |said: &str| {
        let pack = stakes(said).unwrap_or_else(|problems| panic!("{problems:#?}"));
        kept_by(&pack, &Asker::default(), &now())
    };
    assert!(kept("").is_empty(), "what writes is of medium risk");
    assert_eq!(kept("    risk: high\n"), ["stakes"]);
    let wrong = stakes("    risk: hihg\n").expect_err("no risk");
    assert!(wrong[0].to_string().contains("`hihg` is not a risk (did you mean `high`?)"), "{wrong:?}");
}

#[test]
fn what_may_be_remembered_is_kept_with_the_plan_no_secret_and_with_the_consent_that_it_needs() {
    let remembering = |memory: &str, input: &str| {
        let mut source = airline();
        let mut change = |file: &str, from: &str, to: &str| {
            let text = source.files.get_mut(file).expect("a file of the pack");
            assert!(text.contains(from), "{file} has no `{from}`");
            *text = text.replacen(from, to, 1);
        };
        change("pack.yaml", "memory: { level: 2, days: 30 }", memory);
        let again = format!("again: ask-{input}-again");
        change("skills/rebook.yaml", &again, &format!("{again}, remember: true"));
        Pack::load(&source)
    };
    let (nobody, ours) = (asker("callwright", &[]), asker("callwright", &["memory"]));
    let kept = |pack: &Pack, asker: &Asker| {
        let (id, now) = (PlanId("p1".to_owned()), now());
        let whose = Whose { asker, now: &now, ..whose(&id, 7) };
        let inputs = caller([("flight", Value::Int(1))]);
        let mut reads = Reads::default();
        loop {
            match bind(pack, "rebook", whose, &inputs, &reads).expect("it binds").next {
                Next::Read(read) => {
                    let outcome = airline_answers(&read.call.action, &read.arguments, 15_000);
                    reads.add(read, outcome);
                }
                Next::Ready { plan, .. } => return plan.remembered.into_keys().collect::<Vec<_>>(),
                other => panic!("{other:?}"),
            }
        }
    };
    let pack = remembering("memory: { level: 2 }", "code").expect("it loads");
    assert_eq!(kept(&pack, &nobody), ["code"]);
    let pack = remembering("memory: { consent: memory }", "code").expect("it loads");
    assert_eq!((kept(&pack, &nobody), kept(&pack, &ours)), (vec![], vec!["code".to_owned()]));
    let pack = remembering("", "code").expect("it loads");
    assert_eq!(kept(&pack, &ours), Vec::<String>::new(), "nothing without a memory");
    let problems = remembering("memory: { level: 2 }", "pin").expect_err("a secret");
    assert!(problems.iter().any(|problem| problem.what.contains("must not be remembered")), "{problems:#?}");
}
