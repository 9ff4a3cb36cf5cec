//! Where systems are and what they are told to let us in. Read from configuration once; secrets are resolved by whoever reads it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use callwright_model::Secret;

/// One business system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectorConfig {
    /// A service of `callwright.connector.v1` at `http://host:port` or `unix:/path`.
    Own(String),
    /// An MCP server.
    Mcp(McpServer),
    /// An HTTP API; paths of actions go on from its address.
    Http(Web),
    /// A gRPC service with a proto of its own.
    Grpc(GrpcService),
}

/// A gRPC service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrpcService {
    /// Its address, `http://host:port` or `https://host:port`; token and headers are sent as metadata.
    pub web: Web,
    /// Its methods, as a file descriptor set; without, it is asked by reflection when connected and every minute.
    pub descriptor: Option<Vec<u8>>,
    /// Certificates (PEM) of whom to trust instead of those that browsers trust.
    pub authority: Option<Vec<u8>>,
}

/// Where an MCP server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum McpServer {
    /// It answers over streamable HTTP.
    Url(Web),
    /// It is a program of ours to start, and is spoken to over its standard input and output.
    Program(Program),
}

/// A system on the web.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Web {
    /// Its address: `https://host/path`.
    pub url: String,
    /// Sent as `Authorization: Bearer ...`.
    pub bearer: Option<Secret>,
    /// Sent with each request, by name.
    pub headers: BTreeMap<String, Secret>,
}

/// A program that is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Variables of its environment. Of ours it gets `PATH`, `HOME` and `LANG` and nothing else: the rest may hold secrets of others.
    pub env: BTreeMap<String, Secret>,
    /// Where it runs.
    pub folder: Option<PathBuf>,
}

impl ConnectorConfig {
    /// What it speaks, as messages say it.
    #[must_use]
    pub const fn speaks(&self) -> &'static str {
        match self {
            Self::Own(_) => "callwright.connector.v1",
            Self::Mcp(_) => "MCP",
            Self::Http(_) => "HTTP",
            Self::Grpc(_) => "gRPC",
        }
    }
}

impl From<String> for ConnectorConfig {
    fn from(address: String) -> Self {
        Self::Own(address)
    }
}
