//! How an action's system is spoken to, and what an import has left for a person to fill in.

use callwright_model::yaml::{Kind, Node};

use super::read::Reader;
use crate::catalogue::Field;
use crate::door::{Door, Endpoint, Tool, Verb, decimals};
use crate::pin::is_pin;

/// Stands where only a person knows what belongs there. An action that holds it does not load.
pub const FILL_IN: &str = "FILL_IN";

impl Reader<'_> {
    /// The door of an action, and the name that its connector knows it by.
    pub(super) fn door(&mut self, name: &str, raw: &Node, inputs: &[Field]) -> (Door, String) {
        let method = self.text(raw, "method");
        let key_as = self.text(raw, "key_as");
        let not_found = self.text(raw, "not_found");
        if let Some(key) = key_as.as_ref().filter(|key| inputs.iter().any(|input| input.name == key.value)) {
            let what = format!("`key_as`: `{}` is an input, too", key.value);
            self.wrong(key.line, what, Some("take it out of `inputs`: the core fills it in".to_owned()));
        }
        if let Some(input) = not_found.as_ref().filter(|it| inputs.iter().all(|input| input.name != it.value))
        {
            let what = format!("`not_found`: `{}` is no input of `{name}`", input.value);
            let help = "name the one that names nothing when the system finds nothing";
            self.wrong(input.line, what, Some(help.to_owned()));
        }
        let doors: Vec<_> = DOORS.into_iter().filter_map(|kind| Some((kind, raw.field(kind)?))).collect();
        let Some(&(kind, node)) = doors.first() else {
            for stray in [&key_as, &not_found].into_iter().flatten() {
                self.wrong(
                    stray.line,
                    format!("`key_as` and `not_found` mean nothing to `{name}`"),
                    Some(OWN.to_owned()),
                );
            }
            return (Door::Own, method.map_or_else(|| name.to_owned(), |method| method.value));
        };
        if let Some(method) = method {
            self.wrong(method.line, format!("`{name}` has both `method` and `{kind}`"), Some(OWN.to_owned()));
        }
        if let [_, (other, _), ..] = doors[..] {
            self.wrong(Some(node.line), format!("`{name}` has both `{kind}` and `{other}`"), None);
        }
        let (key_as, not_found) = (key_as.map(|key| key.value), not_found.map(|input| input.value));
        let decimals = decimals(inputs);
        if kind == "tool" {
            let (tool, pin) = self.tool(name, node);
            return (Door::Tool(Box::new(Tool { pin, key_as, not_found, decimals })), tool);
        }
        if kind == "grpc" {
            let (method, pin) = self.grpc(name, node);
            return (Door::Grpc(Box::new(Tool { pin, key_as, not_found, decimals })), method);
        }
        let (verb, path, query) = self.http(name, node, inputs);
        let method = format!("{} {path}", verb.name());
        (Door::Http(Box::new(Endpoint { verb, path, query, key_as, not_found, decimals })), method)
    }

    /// `{ get: /path/{input}, query: [...] }`
    fn http(&mut self, name: &str, raw: &Node, inputs: &[Field]) -> (Verb, String, Vec<String>) {
        self.keys(raw, &["get", "post", "put", "patch", "delete", "query"]);
        let known = |name: &str| inputs.iter().any(|input| input.name == name);
        let verbs: Vec<_> = Verb::ALL.into_iter().filter(|(key, _)| raw.field(key).is_some()).collect();
        let [(key, verb)] = verbs[..] else {
            let help = "one of get, post, put, patch and delete, with the path: { get: \"/rooms/{room}\" }";
            self.wrong(
                Some(raw.line),
                format!("`http` of `{name}` says not what is asked for"),
                Some(help.to_owned()),
            );
            return (Verb::Get, String::new(), Vec::new());
        };
        let path = self.needed(raw, key, &format!("`http` of `{name}`"));
        if !path.value.starts_with('/') || path.value.contains(['?', '#', ' ']) {
            let what = format!("`{}` is no path", path.value);
            self.wrong(
                path.line,
                what,
                Some("it begins with `/` and goes on from the connector's address".to_owned()),
            );
        }
        match Endpoint::in_path(&path.value) {
            Err(what) => self.wrong(path.line, what, None),
            Ok(names) => {
                for unknown in names.into_iter().filter(|name| !known(name)) {
                    self.wrong(path.line, format!("`{unknown}` in the path is no input of `{name}`"), None);
                }
            }
        }
        let query: Vec<String> =
            self.items(raw, "query").iter().filter_map(Node::text).map(str::to_owned).collect();
        for unknown in query.iter().filter(|name| !known(name)) {
            self.wrong(path.line, format!("`{unknown}` in `query` is no input of `{name}`"), None);
        }
        (verb, path.value, query)
    }

    /// The name of a tool, and its pin.
    fn tool(&mut self, name: &str, raw: &Node) -> (String, String) {
        if raw.map().is_none() {
            self.wrong(
                Some(raw.line),
                "`tool` is not a mapping",
                Some("tool: { name: ..., pin: ... }".to_owned()),
            );
        }
        self.keys(raw, &["name", "pin"]);
        let pin = self.pin(name, raw, "mcp");
        (self.text(raw, "name").map_or_else(|| name.to_owned(), |tool| tool.value), pin)
    }

    /// The name of a method of gRPC, and its pin.
    fn grpc(&mut self, name: &str, raw: &Node) -> (String, String) {
        let help = "grpc: { method: shop.v1.Orders/FindOrder, pin: ... }";
        if raw.map().is_none() {
            self.wrong(Some(raw.line), "`grpc` is not a mapping", Some(help.to_owned()));
        }
        self.keys(raw, &["method", "pin"]);
        let pin = self.pin(name, raw, "grpc");
        let method = self.needed(raw, "method", &format!("`grpc` of `{name}`"));
        let named = |part: &str| !part.is_empty() && !part.contains(['/', ' ']);
        let whole =
            method.value.split_once('/').is_some_and(|(service, method)| named(service) && named(method));
        if raw.field("method").is_some() && !whole {
            let what = format!("`{}` is no method of a service", method.value);
            self.wrong(method.line, what, Some(help.to_owned()));
        }
        (method.value, pin)
    }

    fn pin(&mut self, name: &str, raw: &Node, import: &str) -> String {
        let pin = self.needed(raw, "pin", &format!("the action `{name}`"));
        if raw.field("pin").is_some() && !is_pin(&pin.value) {
            let what = format!("the `pin` of `{name}` is no hash of 64 hexadecimal digits");
            self.wrong(pin.line, what, Some(format!("`callwright import {import}` writes it")));
        }
        pin.value
    }

    /// Tells everything under this node that waits for a person.
    pub(super) fn unfilled(&mut self, whose: &str, key: &str, node: &Node) {
        match &node.kind {
            Kind::Empty => {}
            Kind::Scalar(text) if text == FILL_IN => {
                let what = format!("{whose} waits for you: `{key}` is to be filled in");
                let help = fill_in_with(key).map(str::to_owned);
                self.wrong(Some(node.line), what, help);
            }
            Kind::Scalar(_) => {}
            Kind::List(items) => items.iter().for_each(|item| self.unfilled(whose, key, item)),
            Kind::Map(entries) => {
                entries.iter().for_each(|(key, node)| self.unfilled(whose, &key.name, node));
            }
        }
    }
}

fn fill_in_with(key: &str) -> Option<&'static str> {
    Some(match key {
        "kind" => "`read` if calling it changes nothing, else `write`, with `idempotency` and `undo`",
        "type" => "text, code, int, bool, money, date, time, list or record",
        "scale" => {
            "how many digits it has after the point; for money make it `{ type: money, currency: ... }`"
        }
        "idempotency" => "key, natural, verify or none",
        "undo" => "the action that takes it back, or `none`",
        _ => return None,
    })
}

/// Keys of an action that say how another protocol than ours is spoken.
const DOORS: [&str; 3] = ["tool", "http", "grpc"];
const OWN: &str = "`method` is of our own protocol, `key_as` and `not_found` are of others";
