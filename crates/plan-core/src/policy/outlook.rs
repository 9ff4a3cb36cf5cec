//! What policies say of a call of which something is still to come: Cedar's partial evaluation leaves of each rule what depends on it.

use std::collections::BTreeSet;

use cedar_policy::{Authorizer, Context, Effect, Request, RestrictedExpression};
use serde_json::Value as Json;

use super::annotations::Notes;
use super::{Policy, Question, Verdict, denied, expression, text};

/// What can be said beforehand of a call whose context is not all known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// It will not be permitted, whatever comes.
    Denied(Verdict),
    /// It is decided when the rest is known.
    Open(Open),
}

/// What decides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Open {
    /// Parts of the context that are not known and that a rule looks at; none when whatever comes makes no difference.
    pub depends_on: BTreeSet<String>,
    /// The rules that do.
    pub rules: BTreeSet<String>,
}

impl Policy {
    /// Asks with a context of which these parts are still unknown.
    pub(crate) fn outlook(&self, question: &Question<'_>, unknown: &[&str]) -> Outlook {
        let response = match self.partial(question, unknown) {
            Ok(response) => response,
            Err(why) => return Outlook::Denied(denied(vec![format!("schema: {why}")], &[])),
        };
        let of = |policy: &cedar_policy::Policy| self.notes.get(policy.id());
        let (forbids, permits): (Vec<_>, Vec<_>) =
            response.definitely_satisfied().partition(|policy| policy.effect() == Effect::Forbid);
        let firm: Vec<&Notes> =
            forbids.iter().filter_map(of).filter(|rule| rule.approval.is_none()).collect();
        let open: Vec<_> = response.nontrivial_residuals().collect();
        let may_permit = !permits.is_empty() || open.iter().any(|rule| rule.effect() == Effect::Permit);
        if !firm.is_empty() || !may_permit {
            let names = firm.iter().map(|rule| rule.name.clone()).collect();
            return Outlook::Denied(denied(names, &firm));
        }
        let mut decides = Open::default();
        for rule in &open {
            decides.rules.extend(of(rule).map(|rule| rule.name.clone()));
            unknowns(&rule.to_json().unwrap_or_default(), &mut decides.depends_on);
        }
        Outlook::Open(decides)
    }

    fn partial(
        &self,
        question: &Question<'_>,
        unknown: &[&str],
    ) -> Result<cedar_policy::PartialResponse, String> {
        let (uids, entities) = self.asked(question)?;
        let known = question.context.iter().map(|(name, value)| (name.clone(), expression(value)));
        let unknown =
            unknown.iter().map(|name| ((*name).to_owned(), RestrictedExpression::new_unknown(name)));
        let context = Context::from_pairs(known.chain(unknown)).map_err(text)?;
        let rules = self.slices.about(&uids.action).unwrap_or(&self.rules);
        // Not held against the schema, which has no unknowns: that is done when all is known.
        let request =
            Request::new(uids.principal, uids.action, uids.resource, context, None).map_err(text)?;
        Ok(Authorizer::new().is_authorized_partial(&request, &rules.all, &entities))
    }
}

/// The names of what is unknown in what is left of a rule, as Cedar writes it in JSON: `{"unknown": [{"Value": "amount"}]}`.
fn unknowns(left: &Json, names: &mut BTreeSet<String>) {
    match left {
        Json::Object(fields) => {
            for (key, value) in fields {
                match value.pointer("/0/Value").and_then(Json::as_str) {
                    Some(name) if key == "unknown" => drop(names.insert(name.to_owned())),
                    _ => unknowns(value, names),
                }
            }
        }
        Json::Array(items) => items.iter().for_each(|item| unknowns(item, names)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use callwright_model::{Record, Value};

    use super::super::Caller;
    use super::*;

    const SCHEMA: &str = "entity Caller { verified: Set<String> }; entity Connector; entity Skill;
        action \"pay\" appliesTo {
          principal: [Caller], resource: [Connector], context: { owner: String, amount: Long, currency: String }
        };";
    const RULES: &str = "@id(\"own\") permit(principal, action, resource)
          when { principal.verified.contains(context.owner) };
        @id(\"much\") forbid(principal, action == Action::\"pay\", resource) when { context.amount > 100 };
        @id(\"more\") @approval(\"lead\") forbid(principal, action == Action::\"pay\", resource)
          when { context.amount > 50 && context.currency == \"USD\" };
        @id(\"elsewhere\") forbid(principal, action == Action::\"pay\", resource == Connector::\"post\");";

    fn outlook(rules: &str, owner: &str, connector: &str, unknown: &[&str]) -> Outlook {
        let mut problems = Vec::new();
        let policy = Policy::load(("s", SCHEMA), ("p", rules), &mut problems);
        let policy = policy.unwrap_or_else(|| panic!("{problems:?}"));
        let (verified, nothing) = (BTreeSet::from(["a".to_owned()]), BTreeSet::new());
        let all = [
            ("owner".to_owned(), Value::from(owner)),
            ("amount".to_owned(), Value::Int(70)),
            ("currency".to_owned(), Value::from("USD")),
        ];
        let known = all.into_iter().filter(|(name, _)| !unknown.contains(&name.as_str()));
        let question = Question {
            caller: Caller { name: "c", verified: &verified, level: 1, consents: &nothing },
            action: "pay",
            resource: ("Connector", connector),
            context: &known.collect::<Record>(),
        };
        policy.outlook(&question, unknown)
    }

    fn open(depends_on: &[&str], rules: &[&str]) -> Outlook {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Outlook::Open(Open { depends_on: set(depends_on), rules: set(rules) })
    }

    #[test]
    fn what_is_left_of_the_rules_tells_which_facts_decide() {
        assert_eq!(outlook(RULES, "a", "bank", &["amount"]), open(&["amount"], &["more", "much"]));
        assert_eq!(outlook(RULES, "a", "bank", &["currency"]), open(&["currency"], &["more"]));
        let all = outlook(RULES, "a", "bank", &["owner", "amount", "currency"]);
        assert_eq!(all, open(&["owner", "amount", "currency"], &["more", "much", "own"]));
    }

    #[test]
    fn what_no_fact_to_come_can_permit_is_denied_at_once() {
        let denied = |outlook: Outlook| match outlook {
            Outlook::Denied(verdict) => verdict.rules,
            Outlook::Open(open) => panic!("{open:?}"),
        };
        assert!(denied(outlook(RULES, "b", "bank", &["amount"])).is_empty(), "nothing permits it");
        assert_eq!(denied(outlook(RULES, "a", "post", &["amount"])), ["elsewhere"]);
    }

    #[test]
    fn a_fact_that_no_rule_looks_at_decides_nothing() {
        let rules = "@id(\"own\") permit(principal, action, resource) when { principal.verified.contains(context.owner) };";
        assert_eq!(outlook(rules, "a", "bank", &["amount"]), open(&[], &[]));
    }
}
