//! Operations of an OpenAPI description.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use callwright_actions::{Web, fetch};
use callwright_model::ActionKind;
use callwright_plan_core::{base_of, of_openapi};
use serde_json::Value as Json;

use super::args::ImportOpenapi;
use super::{configuration, name_of, named, write};
use crate::config::{Connector, WebAddress, WebSystem};

/// Writes a pack of a description's operations.
///
/// # Errors
/// When the description is not there or is none, or the folder holds a pack.
pub async fn run(args: ImportOpenapi) -> Result<ExitCode> {
    let name = name_of(args.name.clone(), &args.out)?;
    if args.out.join("actions.yaml").exists() {
        bail!("{} holds a pack: import into another folder, and compare", args.out.display());
    }
    let text = match args.description.parse::<WebAddress>() {
        Ok(WebAddress(url)) => {
            let system = WebSystem { url, bearer: args.bearer.clone(), headers: named(&args.header) };
            let web: Web = system.resolve().map_err(anyhow::Error::msg)?;
            fetch(&web).await.map_err(anyhow::Error::msg)?
        }
        Err(_) => read(Path::new(&args.description))?,
    };
    // JSON is YAML, too.
    let api: Json = serde_saphyr::from_str(&text)
        .map_err(|error| anyhow::anyhow!("{}: {}", args.description, error.without_snippet()))?;
    let skeleton =
        of_openapi(&name, &name, &api).map_err(|what| anyhow::anyhow!("{}: {what}", args.description))?;
    let base = match (&args.base, base_of(&api)) {
        (Some(base), _) => base.0.clone(),
        (None, Some(base)) => base,
        (None, None) => {
            bail!("the description does not say where its system is: name its address with --base")
        }
    };
    let connector =
        Connector::Http(WebSystem { url: base, bearer: args.bearer.clone(), headers: named(&args.header) });
    write(&skeleton, Vec::new(), &args.out)?;
    let folder = args.out.display();
    let reads = skeleton.actions.iter().filter(|action| action.kind == Some(ActionKind::Read)).count();
    answer!("{} operations, written to {folder}: {reads} only read", skeleton.actions.len());
    answer!("What waits for you is told by `callwright check {folder}`. For callwright.toml:\n");
    answer!("{}", configuration(&name, &connector));
    Ok(ExitCode::SUCCESS)
}

fn read(file: &Path) -> Result<String> {
    let length = std::fs::metadata(file).with_context(|| format!("{} cannot be read", file.display()))?.len();
    if length > DESCRIPTION_BYTES_MAX {
        bail!("{} is longer than {DESCRIPTION_BYTES_MAX} bytes", file.display());
    }
    std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))
}

/// The largest public descriptions are a few million bytes.
const DESCRIPTION_BYTES_MAX: u64 = 16 * 1024 * 1024;
