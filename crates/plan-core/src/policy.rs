//! Permission: Cedar policies, checked against a schema when they load and asked before every step.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::str::FromStr as _;

use callwright_model::{Problem, Record, Value};
use cedar_policy::{
    ActionConstraint, Authorizer, Context, Decision, Effect, Entities, Entity, EntityId, EntityTypeName,
    EntityUid, PolicySet, PrincipalConstraint, Request, ResourceConstraint, RestrictedExpression, Schema,
    ValidationMode, Validator,
};
use miette::Diagnostic;

/// The policies of a pack.
#[derive(Debug)]
pub struct Policy {
    set: PolicySet,
    schema: Schema,
    /// Only for checking the rest of a pack whose policies are broken: it finds nothing wrong.
    stand_in: bool,
}

/// What a permission is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// The caller, opaque: the call's id.
    pub caller: &'q str,
    /// What they have proved to own.
    pub verified: &'q BTreeSet<String>,
    /// The action, or [`RUN_PLAN`].
    pub action: &'q str,
    /// Type and name of what it is asked of: `Connector` and its name, or `Skill` and `pack/skill`.
    pub resource: (&'q str, &'q str),
    /// What else decides.
    pub context: &'q Record,
}

/// The answer, with the rules that decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it may be done.
    pub allowed: bool,
    /// Ids of the rules that decided, in order; empty when nothing permits it.
    pub rules: Vec<String>,
    /// Words of the rule that forbids.
    pub words: Option<String>,
    /// The rule wants a human.
    pub transfer: bool,
}

/// The name under which a whole plan asks for permission.
pub const RUN_PLAN: &str = "run_plan";

impl Policy {
    /// Parses schema and policies and validates one against the other.
    pub(crate) fn load(
        schema: (&str, &str),
        policies: (&str, &str),
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let (schema_file, schema_text) = schema;
        let (file, text) = policies;
        let deep = [(schema_file, schema_text), policies].map(|(file, text)| {
            let line = too_deep(text)?;
            let problem = Problem::error(file, Some(line), "this is too deeply nested to be read");
            Some(problem.help("split it into several policies"))
        });
        if deep.iter().any(Option::is_some) {
            problems.extend(deep.into_iter().flatten());
            return None;
        }
        let schema = match Schema::from_cedarschema_str(schema_text) {
            Ok((schema, warnings)) => {
                problems.extend(
                    warnings.map(|w| Problem::warning(schema_file, line_of(&w, schema_text), w.to_string())),
                );
                Some(schema)
            }
            Err(error) => {
                problems.push(problem(schema_file, schema_text, &error));
                None
            }
        };
        let set = match PolicySet::from_str(text) {
            Ok(set) => Some(set),
            Err(errors) => {
                problems.extend(errors.iter().map(|error| problem(file, text, error)));
                None
            }
        };
        let (schema, set) = (schema?, set?);
        let result = Validator::new(schema.clone()).validate(&set, ValidationMode::Strict);
        problems.extend(result.validation_errors().map(|error| problem(file, text, error)));
        problems.extend(
            result.validation_warnings().map(|w| Problem::warning(file, line_of(w, text), w.to_string())),
        );
        result.validation_passed().then_some(Self { set, schema, stand_in: false })
    }

    /// In the place of policies that did not load, so that the mistakes in skills and actions are told along with theirs. A pack
    /// with it is never handed out.
    pub(crate) fn stand_in() -> Option<Self> {
        let (schema, _) = Schema::from_cedarschema_str("").ok()?;
        Some(Self { set: PolicySet::new(), schema, stand_in: true })
    }

    /// Why this action can never be permitted, whoever asks and for what; `None` when it can.
    pub(crate) fn why_never(&self, action: &str) -> Option<String> {
        if self.stand_in {
            return None;
        }
        let always = |policy: &cedar_policy::Policy| {
            policy.principal_constraint() == PrincipalConstraint::Any
                && policy.resource_constraint() == ResourceConstraint::Any
                && !policy.has_non_scope_constraint()
        };
        let forbidden = |policy: &&cedar_policy::Policy| policy.effect() == Effect::Forbid && always(policy);
        if let Some(policy) = self.about(action).find(forbidden) {
            return Some(format!("the policy `{}` always forbids `{action}`", name_of(policy)));
        }
        let permits = self.about(action).any(|policy| policy.effect() == Effect::Permit);
        (!permits).then(|| format!("no policy permits `{action}`"))
    }

    /// Ids of the rules that speak of this action, those that forbid first.
    pub(crate) fn rules_of(&self, action: &str) -> Vec<String> {
        let rule =
            |policy| (cedar_policy::Policy::effect(policy) == Effect::Permit, name_of(policy).to_owned());
        let rules: BTreeSet<(bool, String)> = self.about(action).map(rule).collect();
        rules.into_iter().map(|(_, id)| id).collect()
    }

    /// Policies whose head names this action, or any.
    fn about(&self, action: &str) -> impl Iterator<Item = &cedar_policy::Policy> {
        let action = uid("Action", action);
        self.set.policies().filter(move |policy| match policy.action_constraint() {
            ActionConstraint::Any => true,
            ActionConstraint::In(actions) => actions.contains(&action),
            ActionConstraint::Eq(only) => only == action,
        })
    }

    /// Whether the schema takes this question; the error says why not.
    pub(crate) fn takes(&self, question: &Question<'_>) -> Result<(), String> {
        if self.stand_in {
            return Ok(());
        }
        self.request(question).map(|_| ())
    }

    /// Asks for permission. What cannot be asked (the schema does not take it) is denied.
    #[must_use]
    pub fn ask(&self, question: &Question<'_>) -> Verdict {
        let (request, entities) = match self.request(question) {
            Ok(asked) => asked,
            Err(why) => {
                let rules = vec![format!("schema: {why}")];
                return Verdict { allowed: false, rules, words: None, transfer: false };
            }
        };
        let response = Authorizer::new().is_authorized(&request, &self.set, &entities);
        let mut verdict = Verdict {
            allowed: response.decision() == Decision::Allow,
            rules: Vec::new(),
            words: None,
            transfer: false,
        };
        let deciding: BTreeSet<_> = response.diagnostics().reason().cloned().collect();
        for policy in deciding.iter().filter_map(|id| self.set.policy(id)) {
            verdict.rules.push(name_of(policy).to_owned());
            if !verdict.allowed {
                verdict.words = verdict.words.or_else(|| policy.annotation("words").map(str::to_owned));
                verdict.transfer |= policy.annotation("transfer") == Some("true");
            }
        }
        // A policy that fails to evaluate (an overflow) does not count, as Cedar has it; name it for the audit.
        verdict.rules.extend(response.diagnostics().errors().map(|error| format!("error: {error}")));
        verdict
    }

    fn request(&self, question: &Question<'_>) -> Result<(Request, Entities), String> {
        let principal = uid("Caller", question.caller);
        let resource = uid(question.resource.0, question.resource.1);
        let action = uid("Action", question.action);
        let verified = question.verified.iter().map(|code| RestrictedExpression::new_string(code.clone()));
        let attributes = HashMap::from([("verified".to_owned(), RestrictedExpression::new_set(verified))]);
        let caller = Entity::new(principal.clone(), attributes, HashSet::new()).map_err(text)?;
        let entities =
            Entities::from_entities([caller, Entity::with_uid(resource.clone())], Some(&self.schema))
                .map_err(text)?;
        let pairs: Vec<_> =
            question.context.iter().map(|(name, value)| (name.clone(), expression(value))).collect();
        let context = Context::from_pairs(pairs).map_err(text)?;
        let request = Request::new(principal, action, resource, context, Some(&self.schema)).map_err(text)?;
        Ok((request, entities))
    }
}

/// The name that its author gave a policy.
fn name_of(policy: &cedar_policy::Policy) -> &str {
    policy.annotation("id").unwrap_or(policy.id().as_ref())
}

/// The line on which a statement nests deeper, or joins more, than a recursive reader can take: whoever wrote the file gets a
/// problem, and the process keeps its stack. Strings and comments are as Cedar has them.
fn too_deep(text: &str) -> Option<u32> {
    let (mut line, mut depth, mut joined) = (1, 0_usize, 0_usize);
    let mut bytes = text.bytes().peekable();
    let mut before = 0;
    while let Some(byte) = bytes.next() {
        match byte {
            b'\n' => line += 1,
            b'"' => {
                while let Some(inner) = bytes.next().filter(|&inner| inner != b'"') {
                    line += u32::from(inner == b'\n');
                    if inner == b'\\' {
                        line += u32::from(bytes.next() == Some(b'\n'));
                    }
                }
            }
            b'/' if bytes.peek() == Some(&b'/') => while bytes.next_if(|&next| next != b'\n').is_some() {},
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b';' if depth == 0 => joined = 0,
            b'&' | b'|' | b'!' | b'-' | b'+' | b'*' | b'.' | b'<' | b'>' | b'=' => joined += 1,
            // `if ... else if ...`
            b'i' if !u8::is_ascii_alphanumeric(&before) && bytes.peek() == Some(&b'f') => joined += 1,
            _ => {}
        }
        before = byte;
        if depth > NESTING_MAX || joined > JOINED_MAX {
            return Some(line);
        }
    }
    None
}

/// Several times what a policy that people can still read has. Tests hold both against a small stack.
const NESTING_MAX: usize = 24;
/// Characters of operators in one statement.
const JOINED_MAX: usize = 256;

fn uid(kind: &str, id: &str) -> EntityUid {
    let kind = EntityTypeName::from_str(kind).expect("our own names are identifiers");
    EntityUid::from_type_name_and_id(kind, EntityId::new(id))
}

fn expression(value: &Value) -> RestrictedExpression {
    match value {
        Value::Bool(yes) => RestrictedExpression::new_bool(*yes),
        Value::Int(number) => RestrictedExpression::new_long(*number),
        Value::Text(text) | Value::Code(text) | Value::Date(text) | Value::Time(text) => {
            RestrictedExpression::new_string(text.clone())
        }
        Value::Money(money) => record([
            ("minor".to_owned(), RestrictedExpression::new_long(money.minor)),
            ("currency".to_owned(), RestrictedExpression::new_string(money.currency.clone())),
        ]),
        Value::List(values) => RestrictedExpression::new_set(values.iter().map(expression)),
        Value::Record(fields) => record(fields.iter().map(|(name, value)| (name.clone(), expression(value)))),
    }
}

fn record(fields: impl IntoIterator<Item = (String, RestrictedExpression)>) -> RestrictedExpression {
    RestrictedExpression::new_record(fields).expect("names in a record differ")
}

fn text(error: impl std::error::Error) -> String {
    // The sources say what the outer error only announces.
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        words = format!("{words}: {inner}");
        source = inner.source();
    }
    words
}

fn problem(file: &str, text: &str, error: &(impl Diagnostic + ?Sized)) -> Problem {
    let problem = Problem::error(file, line_of(error, text), error.to_string());
    match error.help() {
        Some(help) => problem.help(help.to_string()),
        None => problem,
    }
}

fn line_of(error: &(impl Diagnostic + ?Sized), text: &str) -> Option<u32> {
    let offset = error.labels()?.next()?.offset();
    let before = text.as_bytes().get(..offset)?;
    u32::try_from(before.iter().filter(|&&b| b == b'\n').count() + 1).ok()
}
