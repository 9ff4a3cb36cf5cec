//! Conditions and values: CEL over named facts.

mod typing;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, LazyLock};

use callwright_model::{Money, Record, Value};
use cel::common::ast::{Expr as Ast, IdedExpr};
use thiserror::Error;

use crate::catalogue::FieldType;
pub(crate) use typing::Type;

/// A compiled expression. Two are equal when their sources are. Clones share it: every plan holds those of its writes.
#[derive(Clone)]
pub struct Expr(Arc<Compiled>);

struct Compiled {
    source: String,
    program: cel::Program,
    /// Top-level names it refers to, with the first field taken of each where there is one.
    references: BTreeSet<(String, Option<String>)>,
    /// The same by name: the fields that are looked at, `None` when it is the whole.
    looks_at: BTreeMap<String, Option<BTreeSet<String>>>,
}

/// Why an expression has no value. Facts come from connectors, so this is as often theirs as the pack's mistake.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{source_text}`: {what}")]
pub struct ExprError {
    /// The expression.
    pub source_text: String,
    /// What went wrong.
    pub what: String,
}

impl Expr {
    /// Compiles an expression; the error is one line for the person who wrote it.
    pub(crate) fn compile(source: &str) -> Result<Self, String> {
        if source.len() > SOURCE_BYTES_MAX {
            return Err(format!("an expression may be {SOURCE_BYTES_MAX} bytes long"));
        }
        // Nesting is what costs a recursive parser its stack; nothing a person writes comes near this.
        if source.bytes().filter(|b| b"([{!-?".contains(b)).count() > NESTING_MAX {
            return Err("the expression is too deeply nested".to_owned());
        }
        let program =
            with_stack(|| LIBRARY.compile(source)).map_err(|errors| match errors.errors.first() {
                Some(error) => error.msg.clone(),
                None => "is not an expression".to_owned(),
            })?;
        let mut references = BTreeSet::new();
        collect(program.expression(), &mut Vec::new(), &mut references);
        let mut looks_at: BTreeMap<String, Option<BTreeSet<String>>> = BTreeMap::new();
        for (name, field) in &references {
            let fields = looks_at.entry(name.clone()).or_insert_with(|| Some(BTreeSet::new()));
            match (field, fields.as_mut()) {
                (Some(field), Some(fields)) => drop(fields.insert(field.clone())),
                (None, _) | (_, None) => *fields = None,
            }
        }
        Ok(Self(Arc::new(Compiled { source: source.to_owned(), program, references, looks_at })))
    }

    /// As it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Names it refers to, with the first field taken of each.
    pub(crate) fn references(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.references.iter().map(|(name, field)| (name.as_str(), field.as_deref()))
    }

    /// Its value over these facts, as a fact of type `wanted`.
    pub(crate) fn value(&self, facts: &Record, wanted: FieldType) -> Result<Value, ExprError> {
        // A plain path keeps the types inside records and lists, which CEL does not know.
        let value = match self.path(facts) {
            Some(value) => value,
            None => {
                self.evaluate(facts).and_then(|value| from_cel(&value).map_err(|what| self.error(what)))?
            }
        };
        wanted.coerce(value).map_err(|what| self.error(what))
    }

    /// Whether it holds over these facts.
    pub(crate) fn holds(&self, facts: &Record) -> Result<bool, ExprError> {
        match self.evaluate(facts)? {
            cel::Value::Bool(holds) => Ok(holds),
            other => Err(self.error(format!("is {}, not yes or no", other.type_of()))),
        }
    }

    /// Its value whatever the type.
    pub(crate) fn any(&self, facts: &Record) -> Result<Value, ExprError> {
        if let Some(value) = self.path(facts) {
            return Ok(value);
        }
        from_cel(&self.evaluate(facts)?).map_err(|what| self.error(what))
    }

    fn path(&self, facts: &Record) -> Option<Value> {
        let mut names = self.0.source.split('.');
        let mut value = facts.get(names.next()?)?;
        while let Some(name) = names.next() {
            value = match (value, name) {
                (Value::Record(record), name) => record.get(name)?,
                (Value::Money(money), "minor") => return last(Value::Int(money.minor), names),
                (Value::Money(money), "currency") => return last(Value::Text(money.currency.clone()), names),
                _ => return None,
            };
        }
        Some(value.clone())
    }

    fn evaluate(&self, facts: &Record) -> Result<cel::Value, ExprError> {
        let mut context = cel::Context::with_env(Arc::clone(&LIBRARY));
        for (name, fields) in &self.0.looks_at {
            // Of a record only what is looked at is handed over: it is copied, and most of it is of no use here.
            let value = match (facts.get(name), fields) {
                (None, _) => continue,
                (Some(Value::Record(record)), Some(fields)) => {
                    let seen = record.iter().filter(|(field, _)| fields.contains(*field));
                    map(seen.map(|(field, value)| (field.clone(), to_cel(value))))
                }
                (Some(value), _) => to_cel(value),
            };
            context.add_variable_from_value(name.as_str(), value);
        }
        self.0.program.execute(&context).map_err(|error| self.error(error.to_string()))
    }

    fn error(&self, what: impl Into<String>) -> ExprError {
        ExprError { source_text: self.0.source.clone(), what: what.into() }
    }
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.0.source == other.0.source
    }
}

impl Eq for Expr {}

impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expr({})", self.0.source)
    }
}

impl serde::Serialize for Expr {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.source)
    }
}

impl<'de> serde::Deserialize<'de> for Expr {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let source = String::deserialize(deserializer)?;
        Self::compile(&source).map_err(serde::de::Error::custom)
    }
}

/// Walks the tree for free names. `bound` holds the variables of the macros (`all`, `filter`) around the place.
fn collect(node: &IdedExpr, bound: &mut Vec<String>, found: &mut BTreeSet<(String, Option<String>)>) {
    let free = |name: &str, bound: &[String]| !bound.iter().any(|b| b == name);
    match &node.expr {
        Ast::Ident(name) => {
            if free(name, bound) {
                found.insert((name.clone(), None));
            }
        }
        Ast::Select(select) => match &select.operand.expr {
            Ast::Ident(name) => {
                if free(name, bound) {
                    found.insert((name.clone(), Some(select.field.clone())));
                }
            }
            _ => collect(&select.operand, bound, found),
        },
        Ast::Call(call) => {
            call.target.iter().for_each(|target| collect(target, bound, found));
            call.args.iter().for_each(|arg| collect(arg, bound, found));
        }
        Ast::List(list) => list.elements.iter().for_each(|element| collect(element, bound, found)),
        Ast::Map(map) => {
            for entry in &map.entries {
                if let cel::common::ast::EntryExpr::MapEntry(entry) = &entry.expr {
                    collect(&entry.key, bound, found);
                    collect(&entry.value, bound, found);
                }
            }
        }
        Ast::Comprehension(comprehension) => {
            collect(&comprehension.iter_range, bound, found);
            let before = bound.len();
            bound.push(comprehension.iter_var.clone());
            bound.extend(comprehension.iter_var2.clone());
            bound.push(comprehension.accu_var.clone());
            collect(&comprehension.accu_init, bound, found);
            collect(&comprehension.loop_cond, bound, found);
            collect(&comprehension.loop_step, bound, found);
            collect(&comprehension.result, bound, found);
            bound.truncate(before);
        }
        Ast::Struct(_) | Ast::Literal(_) | Ast::Unspecified => {}
    }
}

/// This value, when no field of it is asked for.
fn last<'n>(value: Value, mut names: impl Iterator<Item = &'n str>) -> Option<Value> {
    names.next().is_none().then_some(value)
}

fn to_cel(value: &Value) -> cel::Value {
    match value {
        Value::Bool(yes) => cel::Value::Bool(*yes),
        Value::Int(number) => cel::Value::Int(*number),
        Value::Text(text) | Value::Code(text) | Value::Date(text) | Value::Time(text) => {
            cel::Value::String(Arc::new(text.clone()))
        }
        Value::Money(Money { minor, currency }) => map([
            ("minor".to_owned(), cel::Value::Int(*minor)),
            ("currency".to_owned(), cel::Value::String(Arc::new(currency.clone()))),
        ]),
        Value::List(values) => cel::Value::List(Arc::new(values.iter().map(to_cel).collect())),
        Value::Record(record) => map(record.iter().map(|(name, value)| (name.clone(), to_cel(value)))),
    }
}

fn map(fields: impl IntoIterator<Item = (String, cel::Value)>) -> cel::Value {
    let map: HashMap<cel::objects::Key, cel::Value> =
        fields.into_iter().map(|(name, value)| (cel::objects::Key::String(Arc::new(name)), value)).collect();
    cel::Value::Map(cel::objects::Map { map: Arc::new(map) })
}

fn from_cel(value: &cel::Value) -> Result<Value, String> {
    Ok(match value {
        cel::Value::Bool(yes) => Value::Bool(*yes),
        cel::Value::Int(number) => Value::Int(*number),
        cel::Value::UInt(number) => {
            Value::Int(i64::try_from(*number).map_err(|_| "is too large".to_owned())?)
        }
        cel::Value::String(text) => Value::Text(text.to_string()),
        cel::Value::List(values) => Value::List(values.iter().map(from_cel).collect::<Result<_, _>>()?),
        cel::Value::Map(fields) => {
            let mut record = BTreeMap::new();
            for (key, value) in fields.map.iter() {
                let cel::objects::Key::String(name) = key else {
                    return Err("has a key that is no text".to_owned());
                };
                record.insert(name.to_string(), from_cel(value)?);
            }
            match (record.len(), record.get("minor"), record.get("currency")) {
                (2, Some(Value::Int(minor)), Some(Value::Text(currency))) => {
                    Value::Money(Money { minor: *minor, currency: currency.clone() })
                }
                _ => Value::Record(record),
            }
        }
        other => return Err(format!("is {}, which is no fact", other.type_of())),
    })
}

/// Does what recurses as deep as an expression may be nested. A server's threads have 2 MiB of stack, which fifteen levels of
/// brackets take up. Inside another call of it the stack is there already; so whoever does many calls wraps them in one.
pub(crate) fn with_stack<T>(work: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(STACK_BYTES, STACK_BYTES + STACK_BYTES_AROUND, work)
}

/// The standard library, made once: that takes longer than most expressions.
static LIBRARY: LazyLock<Arc<cel::Env>> = LazyLock::new(|| Arc::new(cel::Env::stdlib()));

/// Ten times the longest that we have written.
const SOURCE_BYTES_MAX: usize = 2_000;
const NESTING_MAX: usize = 64;
/// Twice what the parser takes for that, unoptimised: some 140 KiB a level. What is not touched costs nothing.
const STACK_BYTES: usize = 16 * 1024 * 1024;
/// For what is between a call of [`with_stack`] and another one inside it.
const STACK_BYTES_AROUND: usize = 4 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    /// Paths are followed without CEL; what they lead to must be what CEL says.
    #[test]
    fn a_path_has_the_value_that_cel_gives_it() {
        let price = Value::Money(Money { minor: 1_250, currency: "USD".to_owned() });
        let offer = Value::Record([("price".to_owned(), price), ("seats".to_owned(), Value::Int(2))].into());
        let facts = Record::from([("offer".to_owned(), offer)]);
        for (source, found) in [
            ("offer.price.minor", true),
            ("offer.price.currency", true),
            ("offer.price", true),
            ("offer.seats", true),
            ("offer.price.cents", false),
            ("offer.price.currency.minor", false),
            ("offer.seats.minor", false),
            ("nothing.price", false),
        ] {
            let expr = Expr::compile(source).expect("it is an expression");
            let by_cel = expr.evaluate(&facts).ok().and_then(|value| from_cel(&value).ok());
            assert_eq!(expr.path(&facts), by_cel, "{source}");
            assert_eq!(by_cel.is_some(), found, "{source}");
        }
    }
}
