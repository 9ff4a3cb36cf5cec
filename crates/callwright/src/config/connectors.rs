//! `[connectors]`: business systems, each by the address of a service of ours or as a table that says what it speaks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use callwright_actions::{ConnectorConfig, GrpcService, McpServer, Program, Web};
use callwright_model::{Secret, SecretRef};

use super::reader::{Reader, Section};
use super::values::{Service, WebAddress};

/// One business system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connector {
    /// A gRPC service of `callwright.connector.v1`, with its address.
    Own(String),
    /// `mcp = "https://..."`
    McpUrl(WebSystem),
    /// `mcp_command = ["...", ...]`
    McpProgram(ProgramSystem),
    /// `http = "https://..."`
    Http(WebSystem),
    /// `grpc = "https://..."`
    Grpc(GrpcSystem),
}

/// A gRPC service with a proto of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrpcSystem {
    /// Where it is, and what lets us in.
    pub web: WebSystem,
    /// The file that describes its methods; without, it is asked by reflection.
    pub descriptor: Option<PathBuf>,
    /// A file of certificates of whom to trust.
    pub authority: Option<PathBuf>,
}

/// A system on the web, with where its secrets are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebSystem {
    /// Its address.
    pub url: String,
    /// Its bearer token.
    pub bearer: Option<SecretRef>,
    /// Further headers.
    pub headers: BTreeMap<String, SecretRef>,
}

/// A system that we start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramSystem {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Variables of its environment.
    pub env: BTreeMap<String, SecretRef>,
    /// Where it runs: the folder of the configuration.
    pub folder: Option<PathBuf>,
}

impl Connector {
    /// What it speaks, by the name that packs and messages use.
    pub fn speaks(&self) -> &'static str {
        match self {
            Self::Own(_) => "callwright.connector.v1",
            Self::McpUrl(_) | Self::McpProgram(_) => "MCP",
            Self::Http(_) => "HTTP",
            Self::Grpc(_) => "gRPC",
        }
    }

    /// The same with its secrets and files, which are read now.
    ///
    /// # Errors
    /// The secret or file that is not there.
    pub fn resolve(&self) -> Result<ConnectorConfig, String> {
        Ok(match self {
            Self::Own(address) => ConnectorConfig::Own(address.clone()),
            Self::McpUrl(system) => ConnectorConfig::Mcp(McpServer::Url(system.resolve()?)),
            Self::Http(system) => ConnectorConfig::Http(system.resolve()?),
            Self::Grpc(system) => ConnectorConfig::Grpc(system.resolve()?),
            Self::McpProgram(system) => ConnectorConfig::Mcp(McpServer::Program(system.resolve()?)),
        })
    }
}

impl WebSystem {
    /// The same with its secrets, which are read now.
    ///
    /// # Errors
    /// The secret that is not there.
    pub fn resolve(&self) -> Result<Web, String> {
        Ok(Web {
            url: self.url.clone(),
            bearer: self.bearer.as_ref().map(secret).transpose()?,
            headers: secrets(&self.headers)?,
        })
    }
}

impl GrpcSystem {
    /// The same with its secrets and files, which are read now.
    ///
    /// # Errors
    /// The secret or file that is not there.
    pub fn resolve(&self) -> Result<GrpcService, String> {
        let read = |file: &PathBuf| {
            std::fs::read(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))
        };
        Ok(GrpcService {
            web: self.web.resolve()?,
            descriptor: self.descriptor.as_ref().map(read).transpose()?,
            authority: self.authority.as_ref().map(read).transpose()?,
        })
    }
}

impl ProgramSystem {
    fn resolve(&self) -> Result<Program, String> {
        Ok(Program { command: self.command.clone(), env: secrets(&self.env)?, folder: self.folder.clone() })
    }
}

fn secrets(named: &BTreeMap<String, SecretRef>) -> Result<BTreeMap<String, Secret>, String> {
    named.iter().map(|(name, kept)| Ok((name.clone(), secret(kept)?))).collect()
}

/// Reads a secret where it is kept. The error names the place alone.
pub(super) fn secret(kept: &SecretRef) -> Result<Secret, String> {
    read_secret(kept).map(Secret::new)
}

/// The text of a secret.
pub(super) fn read_secret(kept: &SecretRef) -> Result<String, String> {
    let text = match kept {
        SecretRef::Env(name) => {
            std::env::var(name).map_err(|_| format!("the secret `{kept}` is not there: set the variable"))?
        }
        SecretRef::File(path) => {
            let length = std::fs::metadata(path).map(|file| file.len());
            if length.is_ok_and(|length| length > SECRET_BYTES_MAX) {
                return Err(format!("the secret `{kept}` is too long to be one"));
            }
            std::fs::read_to_string(path)
                .map_err(|error| format!("the secret `{kept}` cannot be read: {error}"))?
        }
    };
    let text = text.trim_end();
    if text.is_empty() {
        return Err(format!("the secret `{kept}` is empty"));
    }
    Ok(text.to_owned())
}

/// Reads `[connectors]`; programs run, and files are named, in `folder`.
pub(super) fn read(
    reader: &mut Reader,
    root: &mut Section<'_, '_>,
    folder: &Path,
) -> BTreeMap<String, Connector> {
    let mut connectors = BTreeMap::new();
    for (name, mut section) in reader.tables(root, "connectors") {
        let connector = table(reader, &mut section, folder);
        reader.close(section);
        connectors.extend(connector.map(|connector| (name, connector)));
    }
    let own: BTreeMap<String, Service> = reader.names(root, "connectors");
    connectors.extend(own.into_iter().map(|(name, service)| (name, Connector::Own(service.0))));
    connectors
}

fn table(reader: &mut Reader, section: &mut Section<'_, '_>, folder: &Path) -> Option<Connector> {
    let mcp: Option<WebAddress> = reader.parse(section, "mcp");
    let http: Option<WebAddress> = reader.parse(section, "http");
    let grpc: Option<WebAddress> = reader.parse(section, "grpc");
    let descriptor: Option<String> = reader.parse(section, "descriptor");
    let authority: Option<String> = reader.parse(section, "authority");
    let command: Option<Vec<String>> = reader.list(section, "mcp_command");
    let bearer = reader.secret(section, "bearer");
    let headers = reader.secrets(section, "headers");
    let env = reader.secrets(section, "env");
    let given: Vec<&str> = WAYS.into_iter().filter(|key| section.at(key).is_some()).collect();
    let [way] = given[..] else {
        let what = format!("`{}` must say what it speaks, in one way", section.path());
        reader.problem(section.start(), what).help = Some(
            "`mcp = \"https://...\"`, `mcp_command = [\"program\", \"argument\"]`, `http = \"https://...\"` or `grpc = \"https://...\"`"
                .to_owned(),
        );
        return None;
    };
    let strays = match way {
        "mcp_command" => &["bearer", "headers", "descriptor", "authority"][..],
        "grpc" => &["env"],
        _ => &["env", "descriptor", "authority"],
    };
    for at in strays.iter().filter_map(|key| Some((key, section.at(key)?))) {
        let what = format!("`{}.{}` means nothing here", section.path(), at.0);
        reader.problem(Some(at.1), what).help =
            Some("`env` is for a program, `bearer` and `headers` are for an address, `descriptor` and `authority` for `grpc`".to_owned());
    }
    // An address that is none was told as that.
    match way {
        "mcp" => mcp.map(|url| Connector::McpUrl(WebSystem { url: url.0, bearer, headers })),
        "grpc" => grpc.map(|url| {
            let in_folder = |file: String| folder.join(file);
            Connector::Grpc(GrpcSystem {
                web: WebSystem { url: url.0, bearer, headers },
                descriptor: descriptor.map(in_folder),
                authority: authority.map(in_folder),
            })
        }),
        "http" => http.map(|url| Connector::Http(WebSystem { url: url.0, bearer, headers })),
        _ => {
            let command = command.filter(|command| !command.is_empty());
            if command.is_none() {
                reader.problem(section.at(way), format!("`{}.{way}` names no program", section.path()));
            }
            let folder = Some(folder).filter(|folder| !folder.as_os_str().is_empty()).map(Path::to_path_buf);
            command.map(|command| Connector::McpProgram(ProgramSystem { command, env, folder }))
        }
    }
}

/// Keys that say what a system speaks.
const WAYS: [&str; 4] = ["mcp", "mcp_command", "http", "grpc"];
/// Tokens are some hundred bytes; keys with their certificates are a few thousand.
const SECRET_BYTES_MAX: u64 = 16 * 1024;
