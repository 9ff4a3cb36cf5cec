//! Permission: Cedar policies, checked against a schema when they load and asked before every step.
//!
//! A rule may leave the last word to a person: a `forbid` with `@approval("role")` is lifted once somebody of that role has
//! approved, a `permit` with it counts only then. So a rule without the annotation is never softened: what it forbids no
//! approval allows. `@within("8h")` beside it says how long somebody is waited for; then it counts as rejected.

mod annotations;
mod outlook;
mod slices;

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr as _;
use std::time::Duration;

use annotations::{Notes, name_of, role_of};
pub(crate) use annotations::{duration as approval_time, is_role};
use callwright_model::{Problem, Record, Value};
use cedar_policy::{
    ActionConstraint, Authorizer, Context, Decision, Effect, Entities, Entity, EntityUid, PolicyId,
    PolicySet, PrincipalConstraint, Request, ResourceConstraint, RestrictedExpression, Schema,
    ValidationMode, Validator,
};
use miette::Diagnostic;
pub use outlook::Open;
pub(crate) use outlook::Outlook;
use slices::{CALLER, Slice, Slices, uid};

/// The policies of a pack.
#[derive(Debug)]
pub struct Policy {
    rules: Slice,
    schema: Schema,
    /// What the annotations of each rule say.
    notes: BTreeMap<PolicyId, Notes>,
    /// The rules by action: asking all of them takes the longer the more actions there are.
    slices: Slices,
    /// Actions of which a rule with `@approval` speaks.
    waits: BTreeSet<String>,
    /// Only for checking the rest of a pack whose policies are broken: it finds nothing wrong.
    stand_in: bool,
}

/// What a permission is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// Who asks.
    pub caller: Caller<'q>,
    /// The action, or [`RUN_PLAN`].
    pub action: &'q str,
    /// Type and name of what it is asked of: `Connector` and its name, or `Skill` and `pack/skill`.
    pub resource: (&'q str, &'q str),
    /// What else decides.
    pub context: &'q Record,
}

/// A caller, as policies know them.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'q> {
    /// Opaque: the call's id.
    pub name: &'q str,
    /// What they have proved to own.
    pub verified: &'q BTreeSet<String>,
    /// How sure that is, see [`crate::Plan::level`].
    pub level: i64,
    /// What they have consented to.
    pub consents: &'q BTreeSet<String>,
}

/// The answer, with the rules that decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What they say.
    pub ruling: Ruling,
    /// Ids of the rules that decided, in order; empty when nothing permits it.
    pub rules: Vec<String>,
}

/// What the rules say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// It may be done.
    Allowed,
    /// It may be done once somebody has approved.
    NeedsApproval(Approval),
    /// It may not be done.
    Denied {
        /// Words of the rule that forbids.
        words: Option<String>,
        /// The rule wants a human.
        transfer: bool,
    },
}

/// Whose approval is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The role of whoever may approve.
    pub role: String,
    /// How long they are waited for.
    pub within: Duration,
}

impl Verdict {
    /// Whether it may be done, by everything that is approved so far.
    #[must_use]
    pub fn allowed(&self) -> bool {
        self.ruling == Ruling::Allowed
    }

    /// The role whose approval is missing, when nothing else is.
    #[must_use]
    pub fn role(&self) -> Option<&str> {
        match &self.ruling {
            Ruling::NeedsApproval(approval) => Some(&approval.role),
            Ruling::Allowed | Ruling::Denied { .. } => None,
        }
    }
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
        set.policies().for_each(|policy| annotations::check(policy, file, text, problems));
        result.validation_passed().then(|| Self::of(set, schema))
    }

    fn of(set: PolicySet, schema: Schema) -> Self {
        let waiting = set.policies().filter(|policy| role_of(policy).is_some());
        let waits = waiting.flat_map(annotations::actions_of).collect();
        let notes = set.policies().map(|policy| (policy.id().clone(), Notes::of(policy))).collect();
        let slices = Slices::of(&set, &schema);
        Self { waits, notes, slices, rules: Slice::of(set), schema, stand_in: false }
    }

    /// In the place of policies that did not load, so that the mistakes in skills and actions are told along with theirs. A pack
    /// with it is never handed out.
    pub(crate) fn stand_in() -> Option<Self> {
        let (schema, _) = Schema::from_cedarschema_str("").ok()?;
        Some(Self { stand_in: true, ..Self::of(PolicySet::new(), schema) })
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
        let forbidden = |policy: &&cedar_policy::Policy| {
            policy.effect() == Effect::Forbid && always(policy) && role_of(policy).is_none()
        };
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
        self.rules.all.policies().filter(move |policy| match policy.action_constraint() {
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

    /// Whether a rule may leave the last word on this action to a person.
    pub(crate) fn may_wait(&self, action: &str) -> bool {
        self.waits.contains(action)
    }

    /// The actions whose last word a rule may leave to a person.
    pub(crate) fn waiting_actions(&self) -> impl Iterator<Item = &str> {
        self.waits.iter().map(String::as_str)
    }

    /// Asks for permission, with nothing approved. What cannot be asked (the schema does not take it) is denied.
    #[must_use]
    pub fn ask(&self, question: &Question<'_>) -> Verdict {
        self.ask_with(question, &BTreeSet::new())
    }

    /// Asks for permission, with what these roles have approved.
    #[must_use]
    pub fn ask_with(&self, question: &Question<'_>, approved: &BTreeSet<&str>) -> Verdict {
        let asked = match self.request(question) {
            Ok(asked) => asked,
            Err(why) => return denied(vec![format!("schema: {why}")], &[]),
        };
        let about = asked.0.action().and_then(|action| self.slices.about(action));
        self.judge(&asked, about.unwrap_or(&self.rules), approved)
    }

    /// What these rules say, which are all that can say something.
    fn judge(
        &self,
        (request, entities): &(Request, Entities),
        about: &Slice,
        approved: &BTreeSet<&str>,
    ) -> Verdict {
        let deciding = |set: &PolicySet| {
            let response = Authorizer::new().is_authorized(request, set, entities);
            let ids: BTreeSet<_> = response.diagnostics().reason().collect();
            // A policy that fails to evaluate (an overflow) does not count, as Cedar has it; name it for the audit.
            let errors: Vec<_> =
                response.diagnostics().errors().map(|error| format!("error: {error}")).collect();
            let rules: Vec<&Notes> = ids.into_iter().filter_map(|id| self.notes.get(id)).collect();
            (response.decision(), rules, errors)
        };
        let (decision, rules, errors) = deciding(&about.all);
        let waits = |rule: &&Notes| {
            rule.approval.as_ref().is_some_and(|approval| !approved.contains(approval.role.as_str()))
        };
        let (permits, lifted) = match decision {
            Decision::Allow => (rules, Vec::new()),
            Decision::Deny => {
                let firm: Vec<_> = rules.iter().copied().filter(|rule| rule.approval.is_none()).collect();
                let permits = match &about.permits {
                    Some(permits) if firm.is_empty() && !rules.is_empty() => deciding(permits).1,
                    Some(_) | None => Vec::new(),
                };
                if permits.is_empty() {
                    return denied(named(&firm, errors), &firm);
                }
                let open: Vec<_> = rules.iter().copied().filter(waits).collect();
                if let Some(approval) = needed(&open) {
                    return Verdict { ruling: Ruling::NeedsApproval(approval), rules: named(&open, errors) };
                }
                (permits, rules)
            }
        };
        let firm: Vec<_> = permits.iter().copied().filter(|rule| !waits(rule)).collect();
        match needed(&permits) {
            Some(approval) if firm.is_empty() => {
                Verdict { ruling: Ruling::NeedsApproval(approval), rules: named(&permits, errors) }
            }
            Some(_) | None => {
                let rules: Vec<_> = firm.into_iter().chain(lifted).collect();
                Verdict { ruling: Ruling::Allowed, rules: named(&rules, errors) }
            }
        }
    }

    fn request(&self, question: &Question<'_>) -> Result<(Request, Entities), String> {
        let (Asked { principal, action, resource }, entities) = self.asked(question)?;
        let pairs: Vec<_> =
            question.context.iter().map(|(name, value)| (name.clone(), expression(value))).collect();
        let context = Context::from_pairs(pairs).map_err(text)?;
        let request = Request::new(principal, action, resource, context, Some(&self.schema)).map_err(text)?;
        Ok((request, entities))
    }

    /// Who asks for what of whom, and what is known of them.
    fn asked(&self, question: &Question<'_>) -> Result<(Asked, Entities), String> {
        let principal = uid(CALLER, question.caller.name);
        let resource = uid(question.resource.0, question.resource.1);
        let caller = self.slices.caller(principal.clone(), question.caller)?;
        let known = (caller, Entity::with_uid(resource.clone()));
        let entities = self.slices.entities(known, question.resource.0, &self.schema)?;
        Ok((Asked { principal, action: uid("Action", question.action), resource }, entities))
    }
}

/// The three that a question is about.
struct Asked {
    principal: EntityUid,
    action: EntityUid,
    resource: EntityUid,
}

fn denied(rules: Vec<String>, deciding: &[&Notes]) -> Verdict {
    let words = deciding.iter().find_map(|rule| rule.words.clone());
    let transfer = deciding.iter().any(|rule| rule.transfer);
    Verdict { ruling: Ruling::Denied { words, transfer }, rules }
}

/// Whose approval these rules want, of several the first by name and the shortest time of its rules: when it is given, the rules
/// are asked again and want the next.
fn needed(rules: &[&Notes]) -> Option<Approval> {
    let wanted = rules.iter().filter_map(|rule| rule.approval.as_ref());
    wanted.min_by(|a, b| (&a.role, a.within).cmp(&(&b.role, b.within))).cloned()
}

fn named(rules: &[&Notes], errors: Vec<String>) -> Vec<String> {
    rules.iter().map(|rule| rule.name.clone()).chain(errors).collect()
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
    line_at(text, error.labels()?.next()?.offset())
}

fn line_at(text: &str, offset: usize) -> Option<u32> {
    let before = text.as_bytes().get(..offset)?;
    u32::try_from(before.iter().filter(|&&b| b == b'\n').count() + 1).ok()
}

#[cfg(test)]
mod tests;
