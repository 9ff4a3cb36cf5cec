//! What the command line says of an import.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::NamedSecret;
use crate::config::WebAddress;

/// What to import.
#[derive(Debug, Subcommand)]
pub enum Import {
    /// Tools of an MCP server.
    ///
    /// Writes a pack with an action for each tool, pinned to what the tool says of itself now. Where the folder holds such a pack, compares
    /// it with the server instead, and tells what has changed; a tool that has is not called until it was accepted. Exits with 1 when
    /// one has changed or gone and was not accepted.
    Mcp(ImportMcp),
    /// Operations of an HTTP API, by its OpenAPI 3 description.
    ///
    /// Writes a pack with an action for each operation. What GETs only reads and loads at once; anything else waits for you.
    Openapi(ImportOpenapi),
    /// Methods of a gRPC service with a proto of its own, by its descriptors.
    ///
    /// Writes a pack with an action for each method of one request and one answer, pinned to what its descriptor says, and keeps the
    /// descriptors in it. Where the folder holds such a pack, compares it with the descriptors instead, as for MCP. Exits with 1 when a method
    /// has changed or gone and was not accepted.
    Grpc(ImportGrpc),
}

/// Arguments of `import grpc`.
#[derive(Debug, Args)]
pub struct ImportGrpc {
    #[command(flatten)]
    pub from: GrpcFrom,
    /// The folder of the pack.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Name of the connector, and of a new pack; the folder's when absent.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Only this method, such as shop.v1.Orders/FindOrder, or all of a service, shop.v1.Orders; may be given several times.
    #[arg(long, value_name = "METHOD")]
    pub method: Vec<String>,
    /// Where the service is, when its descriptors are read from a file.
    #[arg(long, value_name = "URL")]
    pub address: Option<WebAddress>,
    /// Where the bearer token is kept: env:NAME or file:PATH.
    #[arg(long, value_name = "SECRET")]
    pub bearer: Option<callwright_model::SecretRef>,
    /// An entry of metadata for the service, as NAME=env:VARIABLE or NAME=file:PATH; may be given several times.
    #[arg(long, value_name = "NAME=SECRET")]
    pub header: Vec<NamedSecret>,
    /// Certificates (PEM) of whom to trust over TLS, instead of those that browsers trust.
    #[arg(long, value_name = "FILE")]
    pub authority: Option<PathBuf>,
    /// Accept changed methods as they are now: their pins are moved, and nothing else in the pack is touched.
    #[arg(long)]
    pub accept: bool,
}

/// Where descriptors come from.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct GrpcFrom {
    /// A file descriptor set, as `protoc --include_imports --descriptor_set_out FILE` and `buf build -o FILE` write it.
    #[arg(long, value_name = "FILE")]
    pub descriptor: Option<PathBuf>,
    /// A running service that has gRPC reflection, such as http://127.0.0.1:50051.
    #[arg(long, value_name = "URL")]
    pub reflect: Option<WebAddress>,
}

/// Arguments of `import openapi`.
#[derive(Debug, Args)]
pub struct ImportOpenapi {
    /// The description, JSON or YAML: a file or an address.
    #[arg(value_name = "FILE|URL")]
    pub description: String,
    /// The folder of the pack.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Name of the connector and the pack; the folder's when absent.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Where the system is, when the description does not say it or says another place.
    #[arg(long, value_name = "URL")]
    pub base: Option<WebAddress>,
    /// Where the bearer token is kept: env:NAME or file:PATH. It is sent for the description, too, when that is at an address.
    #[arg(long, value_name = "SECRET")]
    pub bearer: Option<callwright_model::SecretRef>,
    /// A header for the system, as NAME=env:VARIABLE or NAME=file:PATH; may be given several times.
    #[arg(long, value_name = "NAME=SECRET")]
    pub header: Vec<NamedSecret>,
}

/// Arguments of `import mcp`.
#[derive(Debug, Args)]
pub struct ImportMcp {
    #[command(flatten)]
    pub at: McpAt,
    /// The folder of the pack.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Name of the connector, and of a new pack; the folder's when absent.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Only this tool; may be given several times.
    #[arg(long, value_name = "TOOL")]
    pub tool: Vec<String>,
    /// Where the bearer token is kept: env:NAME or file:PATH.
    #[arg(long, value_name = "SECRET")]
    pub bearer: Option<callwright_model::SecretRef>,
    /// A header for the server, as NAME=env:VARIABLE or NAME=file:PATH; may be given several times.
    #[arg(long, value_name = "NAME=SECRET")]
    pub header: Vec<NamedSecret>,
    /// A variable for the program, in the same way. Of our own it gets PATH, HOME and LANG.
    #[arg(long, value_name = "NAME=SECRET")]
    pub env: Vec<NamedSecret>,
    /// Accept changed tools as they are now: their pins are moved, and nothing else in the pack is touched.
    #[arg(long)]
    pub accept: bool,
}

/// Where an MCP server is.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct McpAt {
    /// Its address, for one that answers over streamable HTTP.
    #[arg(long, value_name = "URL")]
    pub url: Option<WebAddress>,
    /// The program to start and its arguments, parted by white space, for one that is spoken to over standard input and output.
    #[arg(long, value_name = "COMMAND")]
    pub stdio: Option<String>,
}
