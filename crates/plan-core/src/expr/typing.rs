//! The type of an expression before there are facts, as far as the declared types tell it.

use std::collections::BTreeMap;

use cel::common::ast::{CallExpr, EntryExpr, Expr as Ast, IdedExpr, LiteralValue, MapExpr, operators as op};

use super::{Expr, with_stack};
use crate::catalogue::FieldType;

/// A type as conditions know it: texts of all kinds are one, as they are in CEL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Type {
    /// Only the systems know: the fields of a record that nobody declared.
    Any,
    /// Yes or no.
    Bool,
    /// A whole number, of a unit where one is declared.
    Int(Option<String>),
    /// A text, code, date or time.
    Text,
    /// Money, with its parts `minor` and `currency`.
    Money,
    /// Several facts of a type.
    List(Box<Type>),
    /// Named facts; `None` when their names are not declared.
    Record(Option<BTreeMap<String, Type>>),
}

impl Type {
    /// A record of which every field is known.
    pub(crate) fn record(fields: impl IntoIterator<Item = (String, Self)>) -> Self {
        Self::Record(Some(fields.into_iter().collect()))
    }

    /// For messages.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Any => "anything".to_owned(),
            Self::Bool => "yes or no".to_owned(),
            Self::Int(None) => "a number".to_owned(),
            Self::Int(Some(unit)) => format!("a number of {unit}"),
            Self::Text => "a text".to_owned(),
            Self::Money => "money".to_owned(),
            Self::List(_) => "a list".to_owned(),
            Self::Record(_) => "a record".to_owned(),
        }
    }

    /// Whether a value of this type can stand where that one is wanted.
    pub(crate) fn is(&self, wanted: &Self) -> bool {
        match (self, wanted) {
            (Self::Any, _) | (_, Self::Any) => true,
            (Self::List(_), Self::List(_)) | (Self::Record(_), Self::Record(_)) => true,
            (Self::Int(one), Self::Int(other)) => one.is_none() || other.is_none() || one == other,
            (one, other) => one == other,
        }
    }

    /// What is known of a value that is of one type or of the other.
    pub(crate) fn or(self, other: Self) -> Self {
        match (self, other) {
            (one, other) if one == other => one,
            (Self::List(_), Self::List(_)) => Self::List(Box::new(Self::Any)),
            (Self::Record(_), Self::Record(_)) => Self::Record(None),
            (Self::Int(one), Self::Int(other)) if one.is_none() || other.is_none() => {
                Self::Int(one.or(other))
            }
            (Self::Int(_), Self::Int(_)) => Self::Int(None),
            (_, _) => Self::Any,
        }
    }

    fn part(&self, name: &str) -> Result<Self, String> {
        match self {
            Self::Any | Self::Record(None) => Ok(Self::Any),
            Self::Record(Some(fields)) => fields.get(name).cloned().ok_or_else(|| {
                let known: Vec<&str> = fields.keys().map(String::as_str).collect();
                format!("has no `{name}`, only {}", known.join(", "))
            }),
            Self::Money => match name {
                "minor" => Ok(Self::Int(None)),
                "currency" => Ok(Self::Text),
                other => Err(format!("is money and has no `{other}`, only `minor` and `currency`")),
            },
            Self::Bool | Self::Int(_) | Self::Text | Self::List(_) => {
                Err(format!("is {} and has no `{name}`", self.name()))
            }
        }
    }
}

impl From<FieldType> for Type {
    fn from(kind: FieldType) -> Self {
        match kind {
            FieldType::Text | FieldType::Code | FieldType::Date | FieldType::Time => Self::Text,
            FieldType::Int => Self::Int(None),
            FieldType::Bool => Self::Bool,
            FieldType::Money => Self::Money,
            FieldType::List => Self::List(Box::new(Self::Any)),
            FieldType::Record => Self::Record(None),
        }
    }
}

impl Expr {
    /// Its type over names of these types; the error says what in it can never have a value. A name that is not there is told
    /// elsewhere and counts as anything.
    pub(crate) fn infer(&self, names: &dyn Fn(&str) -> Option<Type>) -> Result<Type, String> {
        self.infer_noting(names).0
    }

    /// The same, with the first record of which it takes a field that nobody declared.
    pub(crate) fn infer_noting(
        &self,
        names: &dyn Fn(&str) -> Option<Type>,
    ) -> (Result<Type, String>, Option<String>) {
        let mut typing = Typing { names, bound: Vec::new(), undeclared: None };
        // As deep as the parser let it be.
        let kind = with_stack(|| typing.of(self.0.program.expression()));
        (kind, typing.undeclared)
    }
}

struct Typing<'t> {
    names: &'t dyn Fn(&str) -> Option<Type>,
    /// Variables of the macros (`all`, `filter`) around the place.
    bound: Vec<(String, Type)>,
    undeclared: Option<String>,
}

impl Typing<'_> {
    fn of(&mut self, node: &IdedExpr) -> Result<Type, String> {
        match &node.expr {
            Ast::Ident(name) => {
                let bound = self.bound.iter().rev().find(|(bound, _)| bound == name);
                let kind = bound.map(|(_, kind)| kind.clone()).or_else(|| (self.names)(name));
                Ok(kind.unwrap_or(Type::Any))
            }
            Ast::Literal(literal) => Ok(match literal {
                LiteralValue::Boolean(_) => Type::Bool,
                LiteralValue::Int(_) | LiteralValue::UInt(_) => Type::Int(None),
                LiteralValue::String(_) => Type::Text,
                LiteralValue::Bytes(_) | LiteralValue::Double(_) | LiteralValue::Null => Type::Any,
            }),
            Ast::Select(select) => {
                let whole = self.of(&select.operand)?;
                if whole == Type::Record(None) && self.undeclared.is_none() {
                    self.undeclared = spelled(&select.operand);
                }
                let part = whole.part(&select.field).map_err(|what| match spelled(&select.operand) {
                    Some(path) => format!("`{path}` {what}"),
                    None => format!("a part of it {what}"),
                })?;
                Ok(if select.test { Type::Bool } else { part })
            }
            Ast::Call(call) => self.call(call),
            Ast::List(list) => {
                let mut kinds = list.elements.iter().map(|element| self.of(element));
                let first = kinds.next().unwrap_or(Ok(Type::Any))?;
                let kind = kinds.try_fold(first, |one, other| Ok::<_, String>(one.or(other?)))?;
                Ok(Type::List(Box::new(kind)))
            }
            Ast::Map(map) => self.map(map),
            Ast::Comprehension(inner) => {
                let element = match self.of(&inner.iter_range)? {
                    Type::List(element) => *element,
                    Type::Any | Type::Record(_) => Type::Any,
                    other @ (Type::Bool | Type::Int(_) | Type::Text | Type::Money) => {
                        return Err(format!("goes through {}, which is no list", other.name()));
                    }
                };
                let gathered = match self.of(&inner.accu_init)? {
                    Type::List(_) => Type::List(Box::new(Type::Any)),
                    other => other,
                };
                let before = self.bound.len();
                self.bound.push((inner.iter_var.clone(), element));
                self.bound.extend(inner.iter_var2.clone().map(|name| (name, Type::Any)));
                self.bound.push((inner.accu_var.clone(), gathered));
                let kind = self.of(&inner.loop_step).and_then(|_| self.of(&inner.result));
                self.bound.truncate(before);
                kind
            }
            Ast::Struct(_) | Ast::Unspecified => Ok(Type::Any),
        }
    }

    fn map(&mut self, map: &MapExpr) -> Result<Type, String> {
        let mut fields = BTreeMap::new();
        for entry in &map.entries {
            let EntryExpr::MapEntry(entry) = &entry.expr else { return Ok(Type::Record(None)) };
            let kind = self.of(&entry.value)?;
            let Ast::Literal(LiteralValue::String(name)) = &entry.key.expr else {
                return Ok(Type::Record(None));
            };
            fields.insert(name.inner().to_owned(), kind);
        }
        // As the values are read: these two together are money.
        let money = fields.len() == 2 && fields.contains_key("minor") && fields.contains_key("currency");
        Ok(if money { Type::Money } else { Type::Record(Some(fields)) })
    }

    fn call(&mut self, call: &CallExpr) -> Result<Type, String> {
        let kinds: Vec<Type> = call
            .target
            .iter()
            .map(|target| &**target)
            .chain(&call.args)
            .map(|arg| self.of(arg))
            .collect::<Result<_, _>>()?;
        let name = call.func_name.as_str();
        match (name, kinds.as_slice()) {
            (op::LOGICAL_AND | op::LOGICAL_OR | op::LOGICAL_NOT, _) => {
                match kinds.iter().find(|kind| !kind.is(&Type::Bool)) {
                    Some(kind) => Err(format!("takes {} for yes or no", kind.name())),
                    None => Ok(Type::Bool),
                }
            }
            (op::CONDITIONAL, [condition, one, other]) => {
                if !condition.is(&Type::Bool) {
                    return Err(format!("takes {} for yes or no", condition.name()));
                }
                Ok(one.clone().or(other.clone()))
            }
            (op::EQUALS | op::NOT_EQUALS, [one, other]) => match one.is(other) {
                true => Ok(Type::Bool),
                false => Err(format!("compares {} with {}, which are never equal", one.name(), other.name())),
            },
            (op::LESS | op::LESS_EQUALS | op::GREATER | op::GREATER_EQUALS, [one, other]) => {
                match [one, other]
                    .into_iter()
                    .find(|kind| !kind.is(&Type::Int(None)) && !kind.is(&Type::Text))
                {
                    Some(Type::Money) => Err("puts money in order; compare its `minor`".to_owned()),
                    Some(kind) => Err(format!("puts {} in order", kind.name())),
                    None if !one.is(other) => Err(format!("compares {} with {}", one.name(), other.name())),
                    None => Ok(Type::Bool),
                }
            }
            (op::ADD, [one, other]) => match (one, other) {
                (Type::Any, _) | (_, Type::Any) => Ok(Type::Any),
                (Type::Int(_), Type::Int(_)) if one.is(other) => Ok(one.clone().or(other.clone())),
                (Type::Text, Type::Text) => Ok(Type::Text),
                (Type::List(_), Type::List(_)) => Ok(one.clone().or(other.clone())),
                (_, _) => Err(format!("adds {} and {}", one.name(), other.name())),
            },
            (op::SUBSTRACT | op::MULTIPLY | op::DIVIDE | op::MODULO | op::NEGATE, _) => {
                if let Some(kind) = kinds.iter().find(|kind| !kind.is(&Type::Int(None))) {
                    return Err(format!("counts with {}", kind.name()));
                }
                match (name, kinds.as_slice()) {
                    (op::SUBSTRACT | op::MODULO, [one, other]) if !one.is(other) => {
                        Err(format!("counts with {} and {}", one.name(), other.name()))
                    }
                    (op::SUBSTRACT | op::MODULO, [Type::Int(_), Type::Int(_)]) => {
                        Ok(kinds[0].clone().or(kinds[1].clone()))
                    }
                    // Three times a number of minutes is one; what two of them make has a unit that nobody declared.
                    (op::MULTIPLY | op::DIVIDE, [Type::Int(unit), Type::Int(None)]) => {
                        Ok(Type::Int(unit.clone()))
                    }
                    (op::NEGATE, [kind @ Type::Int(_)]) => Ok(kind.clone()),
                    (_, _) => Ok(Type::Int(None)),
                }
            }
            (op::INDEX, [Type::List(element), _]) => Ok((**element).clone()),
            (op::IN | op::NOT_STRICTLY_FALSE, _) => Ok(Type::Bool),
            ("size", [Type::Bool | Type::Int(_) | Type::Money]) => {
                Err(format!("asks for the size of {}", kinds[0].name()))
            }
            ("size" | "int", _) => Ok(Type::Int(None)),
            ("string", _) => Ok(Type::Text),
            ("startsWith" | "endsWith" | "matches", [text, _]) if !text.is(&Type::Text) => {
                Err(format!("`{name}` looks at {}", text.name()))
            }
            ("startsWith" | "endsWith" | "matches" | "contains", _) => Ok(Type::Bool),
            // What a function gives that is not named here is known when it is called.
            (_, _) => Ok(Type::Any),
        }
    }
}

/// `a.b.c` as it was written.
fn spelled(node: &IdedExpr) -> Option<String> {
    match &node.expr {
        Ast::Ident(name) => Some(name.clone()),
        Ast::Select(select) => Some(format!("{}.{}", spelled(&select.operand)?, select.field)),
        Ast::Call(_) | Ast::Comprehension(_) | Ast::List(_) | Ast::Literal(_) | Ast::Map(_) => None,
        Ast::Struct(_) | Ast::Unspecified => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(source: &str) -> String {
        let names = |name: &str| {
            Some(match name {
                "booking" => Type::record([
                    ("code".to_owned(), Type::Text),
                    ("fare".to_owned(), Type::Money),
                    ("flight".to_owned(), Type::Record(None)),
                    ("bags".to_owned(), Type::List(Box::new(Type::Any))),
                    ("paid".to_owned(), Type::Bool),
                    ("miles".to_owned(), Type::Int(Some("miles".to_owned()))),
                    ("minutes".to_owned(), Type::Int(Some("minutes".to_owned()))),
                ]),
                _ => return None,
            })
        };
        match Expr::compile(source).expect("an expression").infer(&names) {
            Ok(kind) => kind.name().to_owned(),
            Err(what) => format!("error: {what}"),
        }
    }

    #[test]
    fn types_follow_from_what_is_declared() {
        for (source, wanted) in [
            ("booking.code", "a text"),
            ("booking.code + \"x\"", "a text"),
            ("booking.fare", "money"),
            ("booking.fare.minor * 2", "a number"),
            ("{\"minor\": booking.miles, \"currency\": \"USD\"}", "money"),
            ("booking.flight.gate", "anything"),
            ("booking.flight.gate == 7 || booking.paid", "yes or no"),
            ("size(booking.bags) > 2", "yes or no"),
            ("booking.bags.all(b, b.weight < 23)", "yes or no"),
            ("booking.bags.filter(b, b.lost)", "a list"),
            ("booking.paid ? booking.code : \"none\"", "a text"),
            ("has(booking.flight.gate)", "yes or no"),
            ("elsewhere.known", "anything"),
            (
                "booking.cod",
                "error: `booking` has no `cod`, only bags, code, fare, flight, miles, minutes, paid",
            ),
            (
                "booking.fare.major",
                "error: `booking.fare` is money and has no `major`, only `minor` and `currency`",
            ),
            ("booking.code.length", "error: `booking.code` is a text and has no `length`"),
            ("booking.code == 7", "error: compares a text with a number, which are never equal"),
            ("booking.fare > 100", "error: puts money in order; compare its `minor`"),
            ("booking.miles > \"7\"", "error: compares a number of miles with a text"),
            ("!booking.code", "error: takes a text for yes or no"),
            ("booking.paid && booking.miles", "error: takes a number of miles for yes or no"),
            ("booking.code - 1", "error: counts with a text"),
            ("booking.code + 1", "error: adds a text and a number"),
            ("booking.bags.exists(b, booking.miles)", "error: takes a number of miles for yes or no"),
            ("booking.paid.all(b, b)", "error: goes through yes or no, which is no list"),
            ("size(booking.paid)", "error: asks for the size of yes or no"),
            ("booking.miles * 2 + 1", "a number of miles"),
            ("-booking.miles", "a number of miles"),
            ("booking.miles * booking.minutes", "a number"),
            ("booking.miles > booking.minutes", "error: compares a number of miles with a number of minutes"),
            (
                "booking.miles == booking.minutes",
                "error: compares a number of miles with a number of minutes, which are never equal",
            ),
            ("booking.miles + booking.minutes", "error: adds a number of miles and a number of minutes"),
            (
                "booking.miles - booking.minutes",
                "error: counts with a number of miles and a number of minutes",
            ),
        ] {
            assert_eq!(told(source), wanted, "{source}");
        }
    }
}
