//! Operations of an OpenAPI 3 description as actions.
//!
//! A GET is a read by HTTP's own rules and loads at once; anything else waits for a person, who knows whether it changes something, how its
//! effect is kept to once and what takes it back.

use std::collections::BTreeMap;

use callwright_model::ActionKind;
use serde_json::Value as Json;

use super::schema::{LEVELS_MAX, entry, fields};
use super::skeleton::{NewAction, NewField, Skeleton, action_names, one_line, quoted, snake, yaml_key};
use crate::door::{Endpoint, Verb};

/// A pack to be, of all operations of a description.
///
/// # Errors
/// When it is no OpenAPI 3, or has more operations than a person would look at.
pub fn of_openapi(pack: &str, connector: &str, api: &Json) -> Result<Skeleton, String> {
    let version = api.get("openapi").and_then(Json::as_str).unwrap_or_default();
    if !version.starts_with("3.") {
        return Err(format!(
            "`openapi` is `{version}`, not 3.x: it is no description that is understood here"
        ));
    }
    let paths = api.get("paths").and_then(Json::as_object).ok_or("it has no `paths`")?;
    let mut operations = Vec::new();
    let paths: BTreeMap<&String, &Json> = paths.iter().collect();
    for (path, item) in paths {
        for (key, verb) in Verb::ALL {
            if let Some(operation) = item.get(key) {
                operations.push(Operation { api, path, verb, item, operation });
            }
        }
    }
    if operations.len() > OPERATIONS_MAX {
        return Err(format!("it has {} operations; {OPERATIONS_MAX} are the most", operations.len()));
    }
    let names: Vec<String> = operations.iter().map(Operation::name).collect();
    let names = action_names(names.iter().map(String::as_str));
    let actions =
        names.into_iter().zip(&operations).map(|(name, operation)| operation.action(name)).collect();
    Ok(Skeleton {
        pack: pack.to_owned(),
        connector: connector.to_owned(),
        origin: "OpenAPI".to_owned(),
        actions,
    })
}

/// The address that a description gives its system, if it is a whole one.
#[must_use]
pub fn base_of(api: &Json) -> Option<String> {
    let url = api.pointer("/servers/0/url")?.as_str()?;
    let whole = url.starts_with("https://") || url.starts_with("http://");
    (whole && !url.contains('{')).then(|| url.trim_end_matches('/').to_owned())
}

struct Operation<'a> {
    api: &'a Json,
    path: &'a str,
    verb: Verb,
    item: &'a Json,
    operation: &'a Json,
}

impl Operation<'_> {
    fn name(&self) -> String {
        let id = self.operation.get("operationId").and_then(Json::as_str).filter(|id| !id.is_empty());
        id.map_or_else(|| format!("{}{}", self.verb.name(), self.path.replace(['{', '}'], "")), snake)
    }

    fn action(&self, name: String) -> NewAction {
        let mut notes = Vec::new();
        let (mut inputs, query) = self.parameters(&mut notes);
        inputs.extend(self.body(&mut notes));
        inputs.sort_by_key(|input| !input.needed);
        let path = Endpoint::in_path(self.path).unwrap_or_default();
        let query = match query.as_slice() {
            [] => String::new(),
            names if self.verb.has_body() => {
                format!(
                    ", query: [{}]",
                    names.iter().map(|name| yaml_key(name)).collect::<Vec<_>>().join(", ")
                )
            }
            _ => String::new(),
        };
        let verb = self.verb.name().to_ascii_lowercase();
        let mut door = vec![("http", format!("{{ {verb}: {}{query} }}", quoted(self.path)))];
        let kind = (self.verb == Verb::Get).then_some(ActionKind::Read);
        if kind.is_some() {
            door.extend(path.last().map(|input| ("not_found", yaml_key(input))));
        } else {
            notes.push("A write, with `idempotency` and `undo`, unless it only looks.".to_owned());
        }
        let told = |key: &str| self.operation.get(key).and_then(Json::as_str).map(one_line);
        let summary = told("summary").or_else(|| told("description")).filter(|line| !line.is_empty());
        let summary = summary.unwrap_or_else(|| format!("{} {}", self.verb.name(), self.path));
        NewAction { name, summary, kind, notes, door, inputs, outputs: self.answer() }
    }

    /// Parameters of path and query, and the names of the needed ones of the query.
    fn parameters(&self, notes: &mut Vec<String>) -> (Vec<NewField>, Vec<String>) {
        let listed = |of: &Json| of.get("parameters").and_then(Json::as_array).cloned().unwrap_or_default();
        let (mut fields, mut query): (Vec<NewField>, Vec<String>) = (Vec::new(), Vec::new());
        // Those of the operation come after those of its path, and stand in for them.
        for parameter in listed(self.item).iter().chain(&listed(self.operation)) {
            let parameter = self.referred(parameter);
            let text = |key: &str| parameter.get(key).and_then(Json::as_str).unwrap_or_default();
            let (name, place) = (text("name").to_owned(), text("in"));
            match place {
                "path" | "query" => {}
                "header" | "cookie" => {
                    notes.push(format!("The {place} {} is not sent by the action.", quoted(&name)));
                    continue;
                }
                _ => continue,
            }
            let needed = place == "path" || parameter.get("required") == Some(&Json::Bool(true));
            let schema = parameter.get("schema").unwrap_or(&Json::Null);
            fields.retain(|field| field.name != name);
            query.retain(|other| *other != name);
            if place == "query" && needed {
                query.push(name.clone());
            }
            fields.push(NewField { name, entry: entry(schema, self.api, LEVELS_MAX), needed });
        }
        (fields, query)
    }

    fn body(&self, notes: &mut Vec<String>) -> Vec<NewField> {
        let Some(body) = self.operation.get("requestBody").map(|body| self.referred(body)) else {
            return Vec::new();
        };
        match body.pointer("/content/application~1json/schema") {
            Some(schema) => fields(schema, self.api),
            None => {
                notes.push("Its body is no JSON, which cannot be sent.".to_owned());
                Vec::new()
            }
        }
    }

    /// What the first good answer holds. A list comes as `items`.
    fn answer(&self) -> Vec<NewField> {
        let responses = self.operation.get("responses").and_then(Json::as_object).into_iter().flatten();
        let mut good: Vec<_> = responses.filter(|(status, _)| status.starts_with('2')).collect();
        good.sort_by_key(|(status, _)| (*status).clone());
        let schema = good
            .first()
            .and_then(|(_, answer)| self.referred(answer).pointer("/content/application~1json/schema"));
        let Some(schema) = schema else { return Vec::new() };
        let list = entry(schema, self.api, LEVELS_MAX);
        if list == "list" || list.starts_with("{ type: list") {
            return vec![NewField { name: "items".to_owned(), entry: list, needed: true }];
        }
        fields(schema, self.api)
    }

    fn referred<'s>(&'s self, of: &'s Json) -> &'s Json {
        let at = of.get("$ref").and_then(Json::as_str).and_then(|at| at.strip_prefix('#'));
        at.and_then(|at| self.api.pointer(at)).unwrap_or(of)
    }
}

/// Beyond that nobody has looked at what they are allowed to do.
const OPERATIONS_MAX: usize = 500;

#[cfg(test)]
mod tests;
