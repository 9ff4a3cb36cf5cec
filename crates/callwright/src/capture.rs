//! `callwright capture`: asks a running gateway for the packets of a call, as a file for tshark, Wireshark or sngrep.

use anyhow::{Context, Result, bail};

use crate::cli;
use crate::config::Config;
use crate::serve::all;

/// Writes the file.
///
/// # Errors
/// When the gateway does not answer, or keeps nothing of the call.
pub async fn run(args: &cli::Capture) -> Result<()> {
    // A gateway elsewhere, or one without a file, is named.
    let config = if args.at.is_some() && !args.config().exists() {
        None
    } else {
        Some(Config::load(args.config()).map_err(all)?)
    };
    let own = config.as_ref().map(|config| format!("http://{}", config.web.listen));
    let at =
        args.at.clone().or(own).context("name the gateway with --at, or a configuration with --config")?;
    let mut url: reqwest::Url = at.parse().with_context(|| format!("--at {at}"))?;
    match url.path_segments_mut() {
        Ok(mut path) => drop(path.pop_if_empty().extend(["v1", "calls", &args.call, "capture.pcap"])),
        Err(()) => bail!("--at {at}: write an address such as http://127.0.0.1:8080"),
    }
    let mut request = reqwest::Client::new().get(url);
    if let Some(token) = config.as_ref().and_then(|config| config.web.operator_token.as_ref()) {
        request = request.bearer_auth(token.reveal());
    }
    let answer =
        request.send().await.with_context(|| format!("the gateway at {at} does not answer; it must run"))?;
    let status = answer.status();
    let body = answer.bytes().await.with_context(|| format!("the gateway at {at} broke off"))?;
    if !status.is_success() {
        bail!("the gateway at {at} says {status}: {}", String::from_utf8_lossy(&body));
    }
    std::fs::write(&args.output, &body).with_context(|| args.output.display().to_string())?;
    answer!("{}", args.output.display());
    Ok(())
}
