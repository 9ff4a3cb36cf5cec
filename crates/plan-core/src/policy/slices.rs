//! What can be made ready for all questions when policies load: which rules may decide about which action, and what of a question
//! need not be held against the schema each time.
//!
//! A rule whose head names other actions is not satisfied and raises no error, whatever else is asked; so leaving it out changes
//! neither an answer nor the rules that decided it. A test compares the two ways.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::str::FromStr as _;
use std::sync::LazyLock;

use cedar_policy::{
    ActionConstraint, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, RestrictedExpression,
    Schema,
};

use super::{Caller, annotations, text};

/// Rules that may decide about one action, or about any.
#[derive(Debug)]
pub(super) struct Slice {
    pub(super) all: PolicySet,
    /// Those that permit, to ask what would be left were the others lifted; only where some can be.
    pub(super) permits: Option<PolicySet>,
}

impl Slice {
    /// All rules are of one set, so that no two have the same name.
    pub(super) fn of(all: PolicySet) -> Self {
        let lifts =
            |rule: &cedar_policy::Policy| annotations::role_of(rule).is_some() && annotations::forbids(rule);
        let permits = || all.policies().filter(|rule| !annotations::forbids(rule)).cloned();
        let permits = all.policies().any(lifts).then(|| PolicySet::from_policies(permits()).ok()).flatten();
        Self { all, permits }
    }
}

/// Rules by the actions of the schema, and the entities that each question has in common.
#[derive(Debug)]
pub(super) struct Slices {
    by_action: BTreeMap<EntityUid, Slice>,
    /// The schema's actions, where some are groups of others; else nothing of them can be asked but their names.
    actions: Entities,
    /// Types of entities that fit the schema as we make them, whatever their names are.
    fitting: BTreeSet<&'static str>,
    /// What the schema wants to know of a caller.
    told: Told,
}

impl Slices {
    /// Nothing is made ready where that does not go: then each question is asked the long way.
    pub(super) fn of(set: &PolicySet, schema: &Schema) -> Self {
        let hierarchy = schema.action_entities().unwrap_or_else(|_| Entities::empty());
        let slice = |action: &EntityUid| {
            let mut names: BTreeSet<&EntityUid> = hierarchy.ancestors(action).into_iter().flatten().collect();
            names.insert(action);
            let about = set.policies().filter(|rule| match rule.action_constraint() {
                ActionConstraint::Any => true,
                ActionConstraint::In(actions) => actions.iter().any(|named| names.contains(named)),
                // Only the action itself: a group is not equal to what is in it.
                ActionConstraint::Eq(only) => only == *action,
            });
            Some((action.clone(), Slice::of(PolicySet::from_policies(about.cloned()).ok()?)))
        };
        let by_action = schema.actions().filter_map(slice).collect();
        let grouped = schema.action_groups().next().is_some();
        let actions = if grouped { hierarchy } else { Entities::empty() };
        // What is odd about one name is odd about this: a type that lists its names takes no other.
        let fits = |entity: Result<Entity, String>| {
            entity.is_ok_and(|entity| Entities::from_entities([entity], Some(schema)).is_ok())
        };
        let someone = BTreeSet::from(["?".to_owned()]);
        let someone = Caller { name: "?", verified: &someone, level: 0, consents: &someone };
        let fits_told = |told: &Told| fits(told.entity(uid(CALLER, someone.name), someone));
        let told = Told::ALL.into_iter().find(fits_told);
        let others = ["Connector", "Skill"].into_iter();
        let others = others.filter(|kind| fits(Ok(Entity::with_uid(uid(kind, "?")))));
        let fitting = told.map(|_| CALLER).into_iter().chain(others).collect();
        Self { by_action, actions, fitting, told: told.unwrap_or(Told { level: false, consents: false }) }
    }

    /// Who asks, as the schema has it.
    pub(super) fn caller(&self, uid: EntityUid, caller: Caller<'_>) -> Result<Entity, String> {
        self.told.entity(uid, caller)
    }

    /// The rules that may decide about this action.
    pub(super) fn about(&self, action: &EntityUid) -> Option<&Slice> {
        self.by_action.get(action)
    }

    /// The entities of a question.
    pub(super) fn entities(
        &self,
        (caller, resource): (Entity, Entity),
        kind: &str,
        schema: &Schema,
    ) -> Result<Entities, String> {
        if self.fitting.contains(CALLER) && self.fitting.contains(kind) {
            return self.actions.clone().add_entities([caller, resource], None).map_err(text);
        }
        Entities::from_entities([caller, resource], Some(schema)).map_err(text)
    }
}

/// What a schema wants to know of a caller besides what they have proved to own. One that does not speak of a thing refuses to be told.
#[derive(Debug, Clone, Copy)]
struct Told {
    level: bool,
    consents: bool,
}

impl Told {
    const ALL: [Self; 4] = [
        Self { level: false, consents: false },
        Self { level: true, consents: false },
        Self { level: false, consents: true },
        Self { level: true, consents: true },
    ];

    fn entity(self, uid: EntityUid, caller: Caller<'_>) -> Result<Entity, String> {
        let texts = |set: &BTreeSet<String>| {
            RestrictedExpression::new_set(set.iter().cloned().map(RestrictedExpression::new_string))
        };
        let mut attributes = HashMap::from([("verified".to_owned(), texts(caller.verified))]);
        if self.level {
            attributes.insert("level".to_owned(), RestrictedExpression::new_long(caller.level));
        }
        if self.consents {
            attributes.insert("consents".to_owned(), texts(caller.consents));
        }
        Entity::new(uid, attributes, HashSet::new()).map_err(text)
    }
}

/// The name of one of our entities. Types are parsed once: that takes longer than the rules.
pub(super) fn uid(kind: &str, id: &str) -> EntityUid {
    let known = TYPES.iter().find(|(name, _)| *name == kind).map(|(_, kind)| kind.clone());
    let kind = known.unwrap_or_else(|| parsed(kind));
    EntityUid::from_type_name_and_id(kind, EntityId::new(id))
}

fn parsed(kind: &str) -> EntityTypeName {
    EntityTypeName::from_str(kind).expect("our own names are identifiers")
}

/// The type of whoever asks.
pub(super) const CALLER: &str = "Caller";

static TYPES: LazyLock<[(&str, EntityTypeName); 4]> =
    LazyLock::new(|| [CALLER, "Action", "Connector", "Skill"].map(|kind| (kind, parsed(kind))));
