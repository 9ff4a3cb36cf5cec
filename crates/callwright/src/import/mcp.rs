//! Tools of an MCP server.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use callwright_actions::{ConnectorConfig, discover};
use callwright_plan_core::{Pinned, Standing, ToolSpec, accept, of_tools, pinned, tool_file};

use super::{configuration, name_of, named, write};
use crate::cli::ImportMcp;
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
    let actions = args.out.join("actions.yaml");
    if actions.exists() {
        return compare(&args, &name, &actions, &tools);
    }
    let known: Vec<String> = tools.iter().map(|tool| tool.name.clone()).collect();
    if let Some(unknown) = args.tool.iter().find(|tool| !known.contains(tool)) {
        bail!("the server has no tool `{unknown}`, only {}", known.join(", "));
    }
    tools.retain(|tool| args.tool.is_empty() || args.tool.contains(&tool.name));
    let skeleton = of_tools(&name, &name, &tools);
    let specs = skeleton.actions.iter().zip(&tools);
    let specs = specs.map(|(action, tool)| (spec_file(&action.name), tool_file(tool))).collect();
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

/// Tells how the pack's tools stand, and moves the pins of changed ones when told to.
fn compare(args: &ImportMcp, connector: &str, file: &Path, tools: &[ToolSpec]) -> Result<ExitCode> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let found = pinned(&file.display().to_string(), &text).map_err(|problem| anyhow::anyhow!("{problem}"))?;
    let ours: Vec<Pinned> = found.into_iter().filter(|action| action.connector == connector).collect();
    if ours.is_empty() {
        bail!(
            "{} has no action of a tool over the connector `{connector}`; name another with --name",
            file.display()
        );
    }
    let (mut changed, mut gone) = (0, 0);
    for action in &ours {
        let spec = args.out.join(spec_file(&action.action));
        let live = tools.iter().find(|tool| tool.name == action.tool);
        match (action.standing(tools), live) {
            (Standing::Same, _) => answer!("{}: as it was accepted", action.action),
            (Standing::Changed { misfits, .. }, Some(live)) => {
                changed += 1;
                answer!("{}: changed", action.action);
                let accepted = std::fs::read_to_string(&spec).unwrap_or_default();
                differences(&accepted, &tool_file(live));
                for misfit in misfits {
                    answer!("  {misfit}: change `inputs` in {}", file.display());
                }
                if args.accept {
                    write_over(&spec, &tool_file(live))?;
                }
            }
            (Standing::Gone | Standing::Changed { .. }, _) => {
                gone += 1;
                answer!("{}: the server has no tool `{}` any more", action.action, action.tool);
            }
        }
    }
    let known: BTreeSet<&str> = ours.iter().map(|action| action.tool.as_str()).collect();
    for tool in tools.iter().filter(|tool| !known.contains(tool.name.as_str())) {
        answer!("not in the pack: {}", tool.name);
    }
    if changed > 0 && args.accept {
        write_over(file, &accept(&text, &ours, tools))?;
        answer!("accepted: {changed}");
    } else if changed > 0 {
        answer!(
            "{changed} changed and not called until somebody has looked at them: the same command with --accept"
        );
    }
    let well = gone == 0 && (changed == 0 || args.accept);
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The lines that came and went. Both texts are written by the same hand, so that nothing else differs.
fn differences(before: &str, after: &str) {
    for line in before.lines().filter(|line| !after.lines().any(|other| other == *line)) {
        answer!("  - {}", line.trim());
    }
    for line in after.lines().filter(|line| !before.lines().any(|other| other == *line)) {
        answer!("  + {}", line.trim());
    }
}

/// Puts a file in the place of another in one step, so that a reader sees one or the other.
fn write_over(file: &Path, text: &str) -> Result<()> {
    let aside = file.with_extension("new");
    let wrote = std::fs::create_dir_all(file.parent().unwrap_or(Path::new(".")))
        .and_then(|()| std::fs::write(&aside, text))
        .and_then(|()| std::fs::rename(&aside, file));
    wrote.with_context(|| format!("{} cannot be written", file.display()))
}

fn spec_file(action: &str) -> String {
    format!("tools/{action}.json")
}
