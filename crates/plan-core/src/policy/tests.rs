//! What rules say that leave the last word to a person.

use super::*;

const SCHEMA: &str = "entity Caller { verified: Set<String> }; entity Connector; entity Skill;
    action \"pay\", \"see\" appliesTo { principal: [Caller], resource: [Connector], context: { amount: Long } };";

/// A caller who has proved to own these.
fn known_by(verified: &BTreeSet<String>) -> Caller<'_> {
    static NONE: BTreeSet<String> = BTreeSet::new();
    Caller { name: "c", verified, level: 0, consents: &NONE }
}

fn load(rules: &str) -> (Option<Policy>, Vec<String>) {
    let mut problems = Vec::new();
    let policy = Policy::load(("s", SCHEMA), ("p", rules), &mut problems);
    (policy, problems.iter().map(ToString::to_string).collect())
}

/// The verdict on a payment of 9 in short, such as `lead within 8h by big`.
fn asked(rules: &str, approved: &[&str]) -> String {
    let (policy, problems) = load(rules);
    assert!(problems.is_empty(), "{problems:?}");
    let verdict = policy.expect("it loads").ask_with(
        &Question {
            caller: known_by(&BTreeSet::new()),
            action: "pay",
            resource: ("Connector", "bank"),
            context: &Record::from([("amount".to_owned(), Value::Int(9))]),
        },
        &approved.iter().copied().collect(),
    );
    let rules = verdict.rules.join(" ");
    match verdict.ruling {
        Ruling::Allowed => format!("yes by {rules}"),
        Ruling::NeedsApproval(Approval { role, within }) => {
            format!("{role} within {}h by {rules}", within.as_secs() / 3_600)
        }
        Ruling::Denied { .. } => format!("no by {rules}"),
    }
}

#[test]
fn an_approval_lifts_what_forbids_and_lets_count_what_permits_and_softens_nothing_else() {
    let any = "@id(\"any\") permit(principal, action, resource);";
    let big = "@id(\"big\") @approval(\"lead\") @within(\"8h\")
        forbid(principal, action == Action::\"pay\", resource) when { context.amount > 5 };";
    let huge = "@id(\"huge\") @approval(\"risk\")
        forbid(principal, action == Action::\"pay\", resource) when { context.amount > 8 };";
    let small = "@id(\"small\") @approval(\"lead\")
        forbid(principal, action == Action::\"pay\", resource) when { context.amount > 50 };";
    let never =
        "@id(\"never\") forbid(principal, action == Action::\"pay\", resource) when { context.amount > 8 };";
    let only = "@id(\"only\") @approval(\"lead\") permit(principal, action == Action::\"pay\", resource);";
    let cases: &[(&[&str], &[&str], &str)] = &[
        (&[any, big], &[], "lead within 8h by big"),
        (&[any, big], &["lead"], "yes by any big"),
        (&[any, big], &["risk"], "lead within 8h by big"),
        (&[any, small], &[], "yes by any"),
        // What is forbidden for good is not asked of anybody.
        (&[any, big, never], &[], "no by never"),
        (&[any, big, never], &["lead"], "no by never"),
        // Nor what nothing permits.
        (&[big], &[], "no by "),
        (&[big], &["lead"], "no by "),
        // Two must approve, one after the other.
        (&[any, big, huge], &[], "lead within 8h by big huge"),
        (&[any, big, huge], &["lead"], "risk within 24h by huge"),
        (&[any, big, huge], &["lead", "risk"], "yes by any big huge"),
        (&[only], &[], "lead within 24h by only"),
        (&[only], &["lead"], "yes by only"),
        (&[only, any], &[], "yes by any"),
        (&[only, never], &["lead"], "no by never"),
        // One approval is enough for both.
        (&[only, big], &[], "lead within 8h by big"),
        (&[only, big], &["lead"], "yes by only big"),
        (&[only, huge], &["risk"], "lead within 24h by only"),
    ];
    for (rules, approved, wanted) in cases {
        assert_eq!(asked(&rules.join("\n"), approved), *wanted, "{rules:?} {approved:?}");
    }
}

#[test]
fn an_annotation_that_is_not_understood_is_a_mistake() {
    let rule = |annotations: &str| {
        load(&format!(
            "{annotations}\nforbid(principal, action == Action::\"pay\", resource) when {{ true }};"
        ))
        .1
    };
    for (annotations, wanted) in [
        (
            "@id(\"a\") @aproval(\"lead\")",
            "p:1: error: `a`: `@aproval` is no annotation that is known here (did you mean `approval`?)",
        ),
        ("@id(\"a\")\n@Approval(\"lead\")", "p:2: error: `a`: `@Approval` is no annotation"),
        ("@approval(\"\")", "`@approval` names no role: ``"),
        ("@approval", "`@approval` names no role"),
        ("@approval(\"Shift lead\")", "`@approval` names no role: `Shift lead`"),
        (
            "@approval(\"lead\") @within(\"soon\")",
            "`@within` is `soon`, which is no time from a minute to 90 days",
        ),
        ("@approval(\"lead\") @within(\"91d\")", "`@within` is `91d`"),
        ("@within(\"8h\")", "`@within` says how long to wait, and nobody is asked"),
        ("@approval(\"lead\") @words(\"no\")", "`@words` beside `@approval`"),
        ("@approval(\"lead\") @transfer(\"true\")", "`@transfer` beside `@approval`"),
        ("@transfer(\"yes\")", "`@transfer` is `yes`"),
    ] {
        let told = rule(annotations);
        assert!(told.iter().any(|told| told.contains(wanted)), "{annotations}: {told:?}");
    }
    let told = load("@approval(\"lead\") forbid(principal, action, resource) when { true };").1;
    assert!(told[0].contains("names no action"), "{told:?}");
    assert!(rule("@approval(\"shift-lead_2\") @within(\"90d\")").is_empty());
}

#[test]
fn leaving_out_rules_about_other_actions_changes_no_answer() {
    const GROUPED: &str = "entity Caller { verified: Set<String> }; entity Connector; entity Skill;
        action \"money\", \"all\";
        action \"pay\" in [Action::\"money\"] appliesTo {
          principal: [Caller], resource: [Connector], context: { amount: Long }
        };
        action \"refund\" in [Action::\"money\", Action::\"all\"] appliesTo {
          principal: [Caller], resource: [Connector], context: { amount: Long }
        };
        action \"see\" in [Action::\"all\"] appliesTo { principal: [Caller], resource: [Connector], context: {} };
        action \"run_plan\" appliesTo { principal: [Caller], resource: [Skill], context: {} };";
    let flat =
        GROUPED.replace("in [Action::\"money\"]", "").replace("in [Action::\"money\", Action::\"all\"]", "");
    let flat = flat.replace("in [Action::\"all\"]", "");
    let grouped_rules = "@id(\"group\") permit(principal, action in Action::\"money\", resource)
          when { context.amount < 50 };
        @id(\"groups\") forbid(principal, action in [Action::\"all\", Action::\"run_plan\"], resource)
          when { !principal.verified.contains(\"a\") };
        @id(\"group-as-such\") forbid(principal, action == Action::\"money\", resource);
        @id(\"inside\") permit(principal, action, resource == Connector::\"bank\")
          when { action in Action::\"all\" };";
    let rules = "@id(\"any\") permit(principal, action, resource is Skill);
        @id(\"known\") permit(principal, action in [Action::\"pay\", Action::\"see\"], resource)
          when { principal.verified.contains(\"a\") };
        @id(\"overflow\") forbid(principal, action == Action::\"pay\", resource)
          when { context.amount * 9223372036854775807 > 7 };
        @id(\"lead\") @approval(\"lead\") forbid(principal, action == Action::\"pay\", resource)
          when { context.amount > 5 };
        @id(\"only\") @approval(\"risk\") permit(principal, action == Action::\"refund\", resource);";
    let (known, unknown) = (BTreeSet::from(["a".to_owned()]), BTreeSet::new());
    let mut answers = BTreeSet::new();
    for (schema, rules) in
        [(GROUPED.to_owned(), format!("{rules}\n{grouped_rules}")), (flat, rules.to_owned())]
    {
        let mut problems = Vec::new();
        let policy = Policy::load(("s", &schema), ("p", &rules), &mut problems);
        let policy = policy.unwrap_or_else(|| panic!("{problems:?}"));
        for action in ["pay", "refund", "see", "run_plan", "money", "nothing"] {
            for (verified, amount) in [(&known, 1), (&known, 9), (&known, 90), (&unknown, 1), (&unknown, 90)]
            {
                for connector in ["bank", "post"] {
                    let mut context = Record::new();
                    if ["pay", "refund"].contains(&action) {
                        context.insert("amount".to_owned(), Value::Int(amount));
                    }
                    let kind = if action == "run_plan" { "Skill" } else { "Connector" };
                    let resource = (kind, connector);
                    let question =
                        Question { caller: known_by(verified), action, resource, context: &context };
                    for approved in [&[][..], &["lead"], &["risk"], &["lead", "risk"]] {
                        let approved: BTreeSet<&str> = approved.iter().copied().collect();
                        let quick = policy.ask_with(&question, &approved);
                        let long = the_long_way(&policy, &question, &approved);
                        assert_eq!(quick, long, "{action} {verified:?} {amount} {connector} {approved:?}");
                        answers.insert(format!("{:?}", quick.ruling));
                    }
                }
            }
        }
    }
    // Yes, no, and two roles: a test in which all were refused would prove nothing.
    assert_eq!(answers.len(), 4, "{answers:?}");
}

/// As Cedar's documentation asks it: all rules, and entities that are held against the schema.
fn the_long_way(policy: &Policy, question: &Question<'_>, approved: &BTreeSet<&str>) -> Verdict {
    let (request, _) = match policy.request(question) {
        Ok(asked) => asked,
        Err(why) => return denied(vec![format!("schema: {why}")], &[]),
    };
    let known = [
        policy.slices.caller(uid(CALLER, question.caller.name), question.caller).expect("a caller"),
        Entity::with_uid(uid(question.resource.0, question.resource.1)),
    ];
    let entities = Entities::from_entities(known, Some(&policy.schema)).expect("they fit the schema");
    policy.judge(&(request, entities), &policy.rules, approved)
}

#[test]
fn what_the_schema_does_not_take_is_denied_also_when_it_is_asked_the_short_way() {
    for (schema, wanted) in [
        (SCHEMA.to_owned(), "is not declared in the schema"),
        (SCHEMA.replace("entity Connector", "entity Connector enum [\"bank\"]"), "post"),
        (SCHEMA.replace("Set<String>", "Set<Long>"), "verified"),
    ] {
        let policy =
            Policy::load(("s", &schema), ("p", "permit(principal, action, resource);"), &mut Vec::new());
        let verified = BTreeSet::from(["a".to_owned()]);
        let context = Record::from([("amount".to_owned(), Value::Int(1))]);
        let action = if schema == SCHEMA { "nothing" } else { "pay" };
        let resource = ("Connector", "post");
        let question = Question { caller: known_by(&verified), action, resource, context: &context };
        let verdict = policy.expect("it loads").ask(&question);
        assert!(!verdict.allowed());
        assert!(verdict.rules[0].starts_with("schema: ") && verdict.rules[0].contains(wanted), "{verdict:?}");
    }
}
