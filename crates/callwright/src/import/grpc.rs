//! Methods of a gRPC service with a proto of its own, and whether a pack's descriptors still say what it was made for.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use callwright_actions::{described, reflected};
use callwright_model::{PackSource, Problem};
use callwright_plan_core::{MethodSpec, Standing, ToolSpec, of_methods, pinned, tool_file};

use super::args::ImportGrpc;
use super::pinned::{Kept, write_over};
use super::{configuration, name_of, named, write};
use crate::config::{Connector, GrpcSystem, WebSystem};

/// Writes a pack of a service's methods or, where there is one, compares it with what its descriptors say by now.
///
/// # Errors
/// When there are no descriptors, or the folder holds something else.
pub async fn run(args: ImportGrpc) -> Result<ExitCode> {
    let name = name_of(args.name.clone(), &args.out)?;
    let system = system(&args, &name)?;
    let (all, descriptor) = match &args.from.descriptor {
        Some(file) => {
            let bytes = read(file)?;
            (described(&bytes).map_err(|what| anyhow::anyhow!("{}: {what}", file.display()))?, bytes)
        }
        None => {
            let service = system.resolve().map_err(anyhow::Error::msg)?;
            reflected(&service).await.map_err(anyhow::Error::msg)?
        }
    };
    let kept = Kept { out: &args.out, connector: &name, grpc: true };
    if kept.actions().exists() {
        let code = kept.compare(&pins(&all), args.accept)?;
        if args.accept {
            write_over(&args.out.join(descriptor_file(&name)), &descriptor)?;
        }
        return Ok(code);
    }
    let methods = wanted(&args.method, all)?;
    let skeleton = of_methods(&name, &name, &methods);
    let specs = skeleton.actions.iter().zip(pins(&methods));
    let specs = specs.map(|(action, spec)| (kept.spec(&action.name), tool_file(&spec))).collect();
    write(&skeleton, specs, &args.out)?;
    write_over(&args.out.join(descriptor_file(&name)), &descriptor)?;
    let folder = args.out.display();
    answer!("{} methods, written to {folder}:", skeleton.actions.len());
    for method in &methods {
        let hint = match (method.streams, method.pinned.claims_to_read) {
            (true, _) => "  left out: it streams, and a plan waits for one answer",
            (false, true) => "  (its proto says that it has no side effects)",
            (false, false) => "",
        };
        answer!("  {}{hint}", method.pinned.name);
    }
    answer!("What waits for you is told by `callwright check {folder}`. For callwright.toml:\n");
    answer!("{}", configuration(&name, &Connector::Grpc(system)));
    Ok(ExitCode::SUCCESS)
}

/// The connector. What was read from a file is read from the pack's copy of it later.
fn system(args: &ImportGrpc, name: &str) -> Result<GrpcSystem> {
    let url = match (&args.from.reflect, &args.address) {
        (Some(_), Some(_)) => bail!("--address is for descriptors from a file; --reflect names the service"),
        (Some(url), None) | (None, Some(url)) => url.0.clone(),
        (None, None) => bail!("descriptors do not say where their service is: name it with --address"),
    };
    let web = WebSystem { url, bearer: args.bearer.clone(), headers: named(&args.header) };
    let descriptor = args.from.descriptor.as_ref().map(|_| args.out.join(descriptor_file(name)));
    Ok(GrpcSystem { web, descriptor, authority: args.authority.clone() })
}

/// The methods that are asked for, by their names or by that of their service.
fn wanted(names: &[String], all: Vec<MethodSpec>) -> Result<Vec<MethodSpec>> {
    let is = |method: &MethodSpec, name: &String| {
        let whole = &method.pinned.name;
        whole == name || whole.split_once('/').is_some_and(|(service, _)| service == name)
    };
    if let Some(unknown) = names.iter().find(|name| !all.iter().any(|method| is(method, name))) {
        let known: Vec<&str> = all.iter().map(|method| method.pinned.name.as_str()).collect();
        bail!("there is no method or service `{unknown}`, only {}", known.join(", "));
    }
    let methods: Vec<MethodSpec> = all
        .into_iter()
        .filter(|method| names.is_empty() || names.iter().any(|name| is(method, name)))
        .collect();
    if methods.iter().all(|method| method.streams) {
        bail!("there is no method of one request and one answer in the descriptors");
    }
    Ok(methods)
}

fn pins(methods: &[MethodSpec]) -> Vec<ToolSpec> {
    methods.iter().filter(|method| !method.streams).map(|method| method.pinned.clone()).collect()
}

/// What in a pack does not fit the descriptors that are kept beside it.
pub fn check(folder: &Path, source: &PackSource) -> Vec<Problem> {
    let Some(text) = source.files.get("actions.yaml") else { return Vec::new() };
    let file = folder.join("actions.yaml").display().to_string();
    // What else is wrong in the file is told by whoever loads it.
    let actions = pinned(&file, text).unwrap_or_default();
    let mut problems = Vec::new();
    for action in actions.iter().filter(|action| action.grpc) {
        let kept = folder.join(descriptor_file(&action.connector));
        if !kept.exists() {
            continue;
        }
        let shown = kept.display();
        let mut wrong = |what: String, help: &str| {
            problems.push(Problem::error(file.clone(), Some(action.line), what).help(help));
        };
        let methods =
            match read(&kept).map_err(|error| format!("{error:#}")).and_then(|bytes| described(&bytes)) {
                Ok(methods) => methods,
                Err(what) => {
                    wrong(format!("{shown}: {what}"), IMPORT_AGAIN);
                    continue;
                }
            };
        let method = methods.iter().find(|method| method.pinned.name == action.tool);
        let standing =
            method.map(|method| (method.streams, action.standing(std::slice::from_ref(&method.pinned))));
        let action = &action.action;
        match standing {
            None => wrong(format!("`{action}`: {shown} has no such method"), IMPORT_AGAIN),
            Some((true, _)) => {
                let what = format!("`{action}`: its method streams, and a plan waits for one answer");
                wrong(what, "ground the action in a method of one request and one answer");
            }
            Some((false, Standing::Same)) => {}
            Some((false, Standing::Changed { .. } | Standing::Gone)) => {
                wrong(format!("`{action}`: its method is not what was accepted, by {shown}"), IMPORT_AGAIN);
            }
        }
    }
    problems
}

fn read(file: &Path) -> Result<Vec<u8>> {
    let length = std::fs::metadata(file).with_context(|| format!("{} cannot be read", file.display()))?.len();
    if length > DESCRIPTOR_BYTES_MAX {
        bail!("{} is longer than {DESCRIPTOR_BYTES_MAX} bytes", file.display());
    }
    std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))
}

fn descriptor_file(connector: &str) -> PathBuf {
    Path::new("descriptors").join(format!("{connector}.bin"))
}

const IMPORT_AGAIN: &str =
    "`callwright import grpc` shows what has changed, and with `--accept` moves the pin";
/// The largest public APIs are a few million bytes.
const DESCRIPTOR_BYTES_MAX: u64 = 16 * 1024 * 1024;
