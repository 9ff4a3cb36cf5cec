//! What stands behind a connector, as far as a call must know of it: systems that do not speak our own protocol are told more than a
//! name and arguments.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::catalogue::Field;

/// The protocol that an action is called by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// `callwright.connector.v1`: our own.
    #[default]
    Own,
    /// A tool of an MCP server.
    Tool(Box<Tool>),
    /// A request to an HTTP API.
    Http(Box<Endpoint>),
    /// A unary method of a gRPC service with a proto of its own, `shop.v1.Orders/FindOrder`.
    Grpc(Box<Tool>),
}

/// A request to an HTTP API. What is neither in the path nor in the query goes into a JSON body where the verb has one, else into the query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// What is done.
    pub verb: Verb,
    /// The path below the system's address, with inputs in braces: `/rooms/{room}`.
    pub path: String,
    /// Inputs that go into the query of a request with a body.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub query: Vec<String>,
    /// The header that takes our idempotency key, for systems that keep one; `Idempotency-Key` unless the pack says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_as: Option<String>,
    /// The input that names nothing when the system answers 404 or 410.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_found: Option<String>,
    /// How numbers with a fraction are sent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub decimals: BTreeMap<String, u8>,
}

/// The methods of HTTP that APIs use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Looks.
    Get,
    /// Does something.
    Post,
    /// Puts in place.
    Put,
    /// Changes a part.
    Patch,
    /// Takes away.
    Delete,
}

impl Verb {
    /// All of them, by the names that packs and OpenAPI use.
    pub(crate) const ALL: [(&str, Self); 5] = [
        ("get", Self::Get),
        ("post", Self::Post),
        ("put", Self::Put),
        ("patch", Self::Patch),
        ("delete", Self::Delete),
    ];

    /// As HTTP writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether its requests have a body.
    #[must_use]
    pub const fn has_body(self) -> bool {
        match self {
            Self::Post | Self::Put | Self::Patch => true,
            Self::Get | Self::Delete => false,
        }
    }
}

impl Endpoint {
    /// The inputs in the path, in order; an error when its braces do not fit.
    pub(crate) fn in_path(path: &str) -> Result<Vec<&str>, String> {
        let mut names = Vec::new();
        let mut rest = path;
        while let Some(open) = rest.find(['{', '}']) {
            let inner = rest[open..].strip_prefix('{').and_then(|inner| inner.split_once('}'));
            let Some((name, after)) = inner.filter(|(name, _)| !name.is_empty() && !name.contains('{'))
            else {
                return Err(format!("the braces of `{path}` do not fit"));
            };
            names.push(name);
            rest = after;
        }
        Ok(names)
    }
}

/// A tool of an MCP server or a method of a gRPC service. Its name is the call's method.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// What it said of itself when somebody accepted it, see [`pin()`](crate::pin()). One that says another thing is not called.
    pub pin: String,
    /// The argument that takes our idempotency key. MCP has no other place for it, gRPC has metadata (`idempotency-key`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_as: Option<String>,
    /// The argument that names nothing when a tool answers with an error, for MCP does not tell one error from another, or a method with
    /// `NOT_FOUND`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_found: Option<String>,
    /// Digits after the point of arguments that are sent as numbers with a fraction.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub decimals: BTreeMap<String, u8>,
}

impl Door {
    /// What it is called in messages.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Own => "callwright.connector.v1",
            Self::Tool(_) => "MCP",
            Self::Http(_) => "HTTP",
            Self::Grpc(_) => "gRPC",
        }
    }

    /// Whether it is our own.
    pub(crate) const fn is_own(&self) -> bool {
        matches!(self, Self::Own)
    }
}

/// Digits after the point of each input that a system counts in fractions. Facts have none: 12.50 is 1250 with `scale: 2`.
pub(crate) fn decimals(inputs: &[Field]) -> BTreeMap<String, u8> {
    inputs.iter().filter_map(|field| Some((field.name.clone(), field.digits()?))).collect()
}
