//! `callwright import`: a skill pack of what a system says of itself, for a person to go on with.

mod args;
mod grpc;
mod mcp;
mod openapi;
mod pinned;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use callwright_model::SecretRef;
use callwright_plan_core::Skeleton;

pub use self::args::Import;
pub use self::grpc::check as check_descriptors;
use crate::config::{Connector, GrpcSystem};

/// Imports, or looks again at what was imported.
///
/// # Errors
/// When the system does not answer, or the folder is not what it must be.
pub async fn run(import: Import) -> Result<ExitCode> {
    match import {
        Import::Mcp(args) => mcp::run(args).await,
        Import::Grpc(args) => grpc::run(args).await,
        Import::Openapi(args) => openapi::run(args).await,
    }
}

/// The name of pack and connector: as given, else that of the folder.
fn name_of(name: Option<String>, out: &Path) -> Result<String> {
    let folder = || out.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    let name = name.or_else(folder).context("--out names no folder; give a name with --name")?;
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if !plain {
        bail!("`{name}` is no name for a connector: letters, digits, `-` and `_`; give one with --name");
    }
    Ok(name)
}

/// Writes a new pack. What is there is never written over.
fn write(skeleton: &Skeleton, more: Vec<(String, String)>, out: &Path) -> Result<()> {
    for (path, text) in skeleton.files().into_iter().chain(more) {
        let file = out.join(&path);
        let folder = file.parent().context("a file without a folder")?;
        std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        let created = std::fs::File::create_new(&file);
        let mut created = created.with_context(|| format!("{} cannot be written", file.display()))?;
        std::io::Write::write_all(&mut created, text.as_bytes())
            .with_context(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(())
}

/// The connector as the configuration names it.
fn configuration(name: &str, connector: &Connector) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut lines = vec![format!("[connectors.{name}]")];
    let secrets = |key: &str, named: &BTreeMap<String, SecretRef>| {
        let each: Vec<String> = named
            .iter()
            .map(|(name, kept)| format!("{} = {}", quoted(name), quoted(&kept.to_string())))
            .collect();
        (!each.is_empty()).then(|| format!("{key} = {{ {} }}", each.join(", ")))
    };
    match connector {
        Connector::Own(address) => lines.push(format!("# {address}")),
        Connector::McpUrl(web) | Connector::Http(web) | Connector::Grpc(GrpcSystem { web, .. }) => {
            let key = match connector {
                Connector::Http(_) => "http",
                Connector::Grpc(_) => "grpc",
                Connector::Own(_) | Connector::McpUrl(_) | Connector::McpProgram(_) => "mcp",
            };
            lines.push(format!("{key} = {}", quoted(&web.url)));
            lines.extend(web.bearer.as_ref().map(|kept| format!("bearer = {}", quoted(&kept.to_string()))));
            lines.extend(secrets("headers", &web.headers));
        }
        Connector::McpProgram(program) => {
            let words: Vec<String> = program.command.iter().map(|word| quoted(word)).collect();
            lines.push(format!("mcp_command = [{}]", words.join(", ")));
            lines.extend(secrets("env", &program.env));
        }
    }
    if let Connector::Grpc(GrpcSystem { descriptor, authority, .. }) = connector {
        let file = |key: &str, file: &Path| format!("{key} = {}", quoted(&file.display().to_string()));
        lines.extend(descriptor.as_ref().map(|path| file("descriptor", path)));
        lines.extend(authority.as_ref().map(|path| file("authority", path)));
    }
    lines.join("\n")
}

fn named(list: &[NamedSecret]) -> BTreeMap<String, SecretRef> {
    list.iter().map(|secret| (secret.0.clone(), secret.1.clone())).collect()
}

/// `NAME=env:VARIABLE` or `NAME=file:PATH`, as the command line has it.
#[derive(Debug, Clone)]
pub struct NamedSecret(pub String, pub SecretRef);

impl std::str::FromStr for NamedSecret {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, kept) = text.split_once('=').ok_or("write it as NAME=env:VARIABLE or NAME=file:PATH")?;
        Ok(Self(name.to_owned(), kept.parse()?))
    }
}
