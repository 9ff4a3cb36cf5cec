//! Tools of an MCP server.

use std::process::ExitCode;

use anyhow::{Result, bail};
use callwright_actions::{ConnectorConfig, discover};
use callwright_plan_core::{of_tools, tool_file};

use super::args::ImportMcp;
use super::pinned::Kept;
use super::{configuration, name_of, named, write};
use crate::config::{Connector, ProgramSystem, WebSystem};

/// Writes a pack of a server's tools or, where there is one, compares it with what they are by now.
///
/// # Errors
/// When the server does not answer, or the folder holds something else.
pub async fn run(args: ImportMcp) -> Result<ExitCode> {
    let name = name_of(args.name.clone(), &args.out)?;
    let connector = connector(&args)?;
    let ConnectorConfig::Mcp(server) = connector.resolve().map_err(anyhow::Error::msg)? else {
        bail!("the command line names no MCP server");
    };
    let mut tools = discover(&server).await.map_err(anyhow::Error::msg)?;
    let kept = Kept { out: &args.out, connector: &name, grpc: false };
    if kept.actions().exists() {
        return kept.compare(&tools, args.accept);
    }
    let known: Vec<String> = tools.iter().map(|tool| tool.name.clone()).collect();
    if let Some(unknown) = args.tool.iter().find(|tool| !known.contains(tool)) {
        bail!("the server has no tool `{unknown}`, only {}", known.join(", "));
    }
    tools.retain(|tool| args.tool.is_empty() || args.tool.contains(&tool.name));
    let skeleton = of_tools(&name, &name, &tools);
    let specs = skeleton.actions.iter().zip(&tools);
    let specs = specs.map(|(action, tool)| (kept.spec(&action.name), tool_file(tool))).collect();
    write(&skeleton, specs, &args.out)?;
    let folder = args.out.display();
    answer!("{} of {} tools, written to {folder}:", tools.len(), known.len());
    for tool in &tools {
        let hint = if tool.claims_to_read { "  (the server says that it changes nothing)" } else { "" };
        answer!("  {}{hint}", tool.name);
    }
    answer!("What waits for you is told by `callwright check {folder}`. For callwright.toml:\n");
    answer!("{}", configuration(&name, &connector));
    Ok(ExitCode::SUCCESS)
}

fn connector(args: &ImportMcp) -> Result<Connector> {
    match (&args.at.url, &args.at.stdio) {
        (Some(url), _) if args.env.is_empty() => Ok(Connector::McpUrl(WebSystem {
            url: url.0.clone(),
            bearer: args.bearer.clone(),
            headers: named(&args.header),
        })),
        (None, Some(command)) if args.bearer.is_none() && args.header.is_empty() => {
            Ok(Connector::McpProgram(ProgramSystem {
                command: command.split_whitespace().map(str::to_owned).collect(),
                env: named(&args.env),
                folder: None,
            }))
        }
        (Some(_), _) => bail!("--env is for a program; a server at an address takes --bearer and --header"),
        (None, _) => bail!("--bearer and --header are for a server at an address; a program takes --env"),
    }
}
