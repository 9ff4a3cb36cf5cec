//! Packs that are made for measuring.

use std::fmt::Write as _;

use callwright_model::{CallId, Money, PackSource, PlanRequest, Record, Value};

/// A pack of one skill with three reads and as many writes as asked for, among so many actions and policies.
#[derive(Debug, Clone, Copy)]
pub struct Made {
    /// Writes of the skill.
    pub writes: usize,
    /// Actions that write; those of the skill are among them.
    pub actions: usize,
    /// Policies for each action that writes.
    pub policies_each: usize,
}

/// Its one skill.
pub const SKILL: &str = "change";
/// Its name.
pub const PACK: &str = "made";
/// The connector of all its actions.
pub const CONNECTOR: &str = "system";

impl Made {
    /// A skill of ten actions, three that read and seven that write, under a handful of policies.
    #[must_use]
    pub fn ten_steps() -> Self {
        Self { writes: 7, actions: 7, policies_each: 1 }
    }

    /// A skill of ten writes.
    #[must_use]
    pub fn ten_writes() -> Self {
        Self { writes: 10, actions: 10, policies_each: 1 }
    }

    /// The name of an action that writes, from 1.
    #[must_use]
    pub fn action(number: usize) -> String {
        format!("write_{number:03}")
    }

    /// Its files.
    #[must_use]
    pub fn source(self) -> PackSource {
        let head = format!("pack: {PACK}\nlanguages: [en]\nconnectors: [{CONNECTOR}]\ndenied: not-allowed\n");
        let files = [
            ("pack.yaml", head),
            ("actions.yaml", self.actions()),
            ("schema.cedarschema", self.schema()),
            ("policies.cedar", self.policies()),
            ("skills/change.yaml", self.skill()),
        ];
        let files = files.into_iter().map(|(path, text)| (path.to_owned(), text)).collect();
        PackSource { folder: PACK.to_owned(), files }
    }

    fn actions(self) -> String {
        let mut text = READS.to_owned();
        for number in 1..=self.actions {
            let name = Self::action(number);
            write!(
                text,
                "  {name}:
    summary: Change something
    kind: write
    connector: {CONNECTOR}
    inputs: {{ owner: code, item: text, amount: money }}
    outputs: {{ id: text, amount: money }}
    context: {{ owner: input.owner, amount: input.amount.minor, currency: input.amount.currency }}
    requires: [input.amount.minor > 0]
    ensures: [result.amount.minor == input.amount.minor]
    idempotency: key
    timeout_ms: 10000
    retries: 3
    undo:
      action: take_back
      with: {{ owner: input.owner, id: result.id }}
"
            )
            .expect("strings grow");
        }
        text
    }

    fn schema(self) -> String {
        let writes: Vec<String> =
            (1..=self.actions).map(|number| format!("\"{}\"", Self::action(number))).collect();
        format!(
            "entity Caller {{ verified: Set<String> }};
entity Connector;
entity Skill;
action \"find\" appliesTo {{ principal: [Caller], resource: [Connector], context: {{}} }};
action \"offers\", \"terms\" appliesTo {{
  principal: [Caller], resource: [Connector], context: {{ owner: String }}
}};
action {} appliesTo {{
  principal: [Caller], resource: [Connector], context: {{ owner: String, amount: Long, currency: String }}
}};
action \"run_plan\" appliesTo {{
  principal: [Caller], resource: [Skill], context: {{ writes: Long, amount: Long }}
}};
",
            writes.join(", ")
        )
    }

    /// The first policy of an action lets owners do it; of the others every second permits what is small, and the rest forbid
    /// what is large, each at another amount.
    fn policies(self) -> String {
        let mut text = POLICIES.to_owned();
        for number in 1..=self.actions {
            let name = Self::action(number);
            for policy in 0..self.policies_each {
                let minor = 10_000 + 100 * policy;
                let (effect, condition) = match policy {
                    0 => ("permit", "principal.verified.contains(context.owner)".to_owned()),
                    _ if policy % 2 == 1 => {
                        ("forbid", format!("context.amount > {minor} || context.currency != \"USD\""))
                    }
                    _ => {
                        let small = format!(
                            "context.amount < {policy} && principal.verified.contains(context.owner)"
                        );
                        ("permit", small)
                    }
                };
                write!(
                    text,
                    "@id(\"{name}-{policy}\")\n{effect}(principal, action == Action::\"{name}\", resource)\n\
                     when {{ {condition} }};\n"
                )
                .expect("strings grow");
            }
        }
        text
    }

    fn skill(self) -> String {
        let mut text = BEGINNING.to_owned();
        for number in 1..=self.writes {
            // Each needs what came of the one before, as a seat's number is needed to move a booking.
            let item = if number == 1 { "offer.id".to_owned() } else { format!("made_{}.id", number - 1) };
            write!(
                text,
                "  - write: {}\n    with: {{ owner: owner.code, item: {item}, amount: terms.price }}\n    \
                 as: made_{number}\n",
                Self::action(number)
            )
            .expect("strings grow");
        }
        text.push_str("done: change-done\nfailed: change-failed\n");
        text
    }
}

/// Everything that the skill must know, at once.
#[must_use]
pub fn request(call: CallId) -> PlanRequest {
    PlanRequest {
        plan: None,
        pack: PACK.to_owned(),
        skill: SKILL.to_owned(),
        inputs: inputs(),
        call,
        caller: None,
        evidence: std::collections::BTreeMap::new(),
        agent: String::new(),
        consents: std::collections::BTreeSet::new(),
        language: None,
        speculative: false,
    }
}

/// What the caller gives.
#[must_use]
pub fn inputs() -> Record {
    record([("code", Value::from(OWNER)), ("pin", Value::from("4821")), ("offer", Value::Int(1))])
}

/// What the system answers to a call of this method.
#[must_use]
pub fn answer(method: &str, arguments: &Record) -> Record {
    match method {
        "find" => record([
            ("code", Value::Code(OWNER.to_owned())),
            ("name", Value::from("M. Rivers")),
            ("status", Value::from("open")),
        ]),
        "offers" => {
            let offer =
                |id: &str, minor| Value::Record(record([("id", Value::from(id)), ("price", money(minor))]));
            record([("list", Value::List(vec![offer("first", 5_000), offer("second", 7_000)]))])
        }
        "terms" => record([("price", money(5_000)), ("accepted", Value::Bool(true))]),
        _ => {
            let amount = arguments.get("amount").cloned().unwrap_or_else(|| money(0));
            record([("id", Value::from("20417")), ("amount", amount)])
        }
    }
}

fn record<const N: usize>(fields: [(&str, Value); N]) -> Record {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn money(minor: i64) -> Value {
    Value::Money(Money { minor, currency: "USD".to_owned() })
}

/// Whose things are changed.
pub const OWNER: &str = "K7M4X2";

const READS: &str = "actions:
  find:
    summary: Find an owner
    kind: read
    connector: system
    inputs: { code: code, pin: { type: code, secret: true } }
    outputs: { code: code, name: { type: text, personal: true }, status: text }
    verifies: code
    timeout_ms: 10000
    retries: 2
  offers:
    summary: Find what there is
    kind: read
    connector: system
    inputs: { owner: code }
    outputs: { list: { type: list, of: { id: text, price: money } } }
    context: { owner: input.owner }
    timeout_ms: 10000
    retries: 2
  terms:
    summary: Tell what it costs
    kind: read
    connector: system
    inputs: { owner: code, item: text }
    outputs: { price: money, accepted: bool }
    context: { owner: input.owner }
    timeout_ms: 10000
    retries: 2
  take_back:
    summary: Take a change back
    kind: write
    connector: system
    inputs: { owner: code, id: text }
    outputs: { id: text }
    idempotency: natural
    timeout_ms: 10000
    retries: 5
    undo: none
";

const POLICIES: &str = "@id(\"anyone-may-look-up\")
permit(principal, action == Action::\"find\", resource);
@id(\"owners-may-see\")
permit(principal, action in [Action::\"offers\", Action::\"terms\"], resource)
when { principal.verified.contains(context.owner) };
@id(\"plans-have-a-size\")
permit(principal, action == Action::\"run_plan\", resource)
when { context.writes <= 20 };
";

const BEGINNING: &str = "skill: change
summary: Change something
inputs:
  code: { type: code, length: 6, ask: ask-code }
  pin: { type: digits, length: 4, ask: ask-pin }
steps:
  - read: find
    with: { code: code, pin: pin }
    as: owner
    not_found:
      - { input: code, words: no-such-owner }
  - when: owner.status != \"open\"
    refuse: closed
  - read: offers
    with: { owner: owner.code }
    as: found
  - choose: offer
    from: found.list
    most: 3
    words: offer-list
  - read: terms
    with: { owner: owner.code, item: offer.id }
    as: terms
  - when: \"!terms.accepted\"
    transfer: not-accepted
  - confirm: read-back
";
