//! `callwright trunk`: how trunks are, and what is wrong with one.

mod sound;

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use callwright_console::TrunkView;
use callwright_sip::{SipConfig, SipEndpoint, StepOutcome, TrunkCheck, TrunkConfig, TrunkStep};
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::cli::{TrunkList, TrunkTest};
use crate::config::Config;
use crate::gateway::sip_config;
use crate::serve::all;

/// Prints each trunk, as the gateway that runs knows it; without one, what the configuration says.
///
/// # Errors
/// When the configuration cannot be read, or the gateway refuses.
pub async fn list(file: &Path, args: &TrunkList) -> Result<ExitCode> {
    let config = Config::load(file).map_err(all)?;
    let running = ask_gateway(&config).await?;
    if args.json {
        answer!("{}", serde_json::to_string_pretty(&running).context("plain data")?);
    } else if config.trunks.is_empty() {
        answer!("no trunk is configured: add a `[[trunk]]`, see sip-configs/ for ready ones");
    } else {
        print_list(&config, running.as_deref());
    }
    let well = running.is_some_and(|trunks| trunks.iter().all(|trunk| trunk.up));
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print_list(config: &Config, running: Option<&[TrunkView]>) {
    for trunk in &config.trunks {
        let known = running.and_then(|all| all.iter().find(|view| view.trunk == trunk.name()));
        answer!("{}: {}", trunk.name(), trunk.config.uri);
        match known {
            Some(view) => {
                let state = if view.up { "up" } else { "down" };
                let registration = view.registration.as_ref().map(|state| format!(", {state}"));
                answer!(
                    "  {state}{}; {} of {} calls; since the start {} in, {} out, {} refused",
                    registration.unwrap_or_default(),
                    view.calls,
                    view.calls_max,
                    view.calls_in,
                    view.calls_out,
                    view.refused
                );
                if !view.servers.is_empty() {
                    answer!("  at {}", view.servers.join(", "));
                }
                if let Some(problem) = &view.problem {
                    answer!("  {problem}");
                }
            }
            None if running.is_some() => answer!("  the gateway that runs does not know it: start it again"),
            None => {}
        }
    }
    if running.is_none() {
        answer!("no gateway answers at http://{}: how they are is not known", config.web.listen);
    }
}

/// What the running gateway tells; `None` when none answers.
async fn ask_gateway(config: &Config) -> Result<Option<Vec<TrunkView>>> {
    let mut address = config.web.listen;
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            [127, 0, 0, 1].into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        });
    }
    let asked = async {
        let Ok(mut stream) = TcpStream::connect(address).await else { return Ok(None) };
        let token = config.web.operator_token.as_ref();
        let token = token.map(|token| format!("Authorization: Bearer {}\r\n", token.reveal()));
        let request = format!(
            "GET /v1/trunks HTTP/1.1\r\nHost: {address}\r\n{}Connection: close\r\n\r\n",
            token.unwrap_or_default()
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer).await?;
        let (head, body) = answer.split_once("\r\n\r\n").context("no HTTP answer")?;
        let status = head.lines().next().unwrap_or_default();
        if !status.contains(" 200 ") {
            bail!("{status}: set `web.operator_token` as the gateway has it");
        }
        Ok(Some(serde_json::from_str(body)?))
    };
    let answered =
        tokio::time::timeout(ANSWER_TIME, asked).await.unwrap_or_else(|_| Err(anyhow!("no answer in time")));
    answered.with_context(|| format!("the gateway at http://{address}"))
}

/// One step of the test, as it is printed.
#[derive(Debug, Serialize)]
struct Step {
    step: &'static str,
    outcome: &'static str,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

#[derive(Debug, Serialize)]
struct Report<'a> {
    trunk: &'a str,
    good: bool,
    steps: &'a [Step],
}

/// Looks at a trunk step by step. Exits with 0 when calls should go, 1 when something is wrong with the trunk, 2 when the
/// configuration is.
pub async fn test(file: &Path, args: &TrunkTest) -> ExitCode {
    let steps = match prepare(file, &args.name) {
        Ok((config, trunk)) => examine(&config, trunk, args).await,
        Err(error) => {
            let help = "`callwright check` lists every mistake in it".to_owned();
            let step =
                Step { step: "configuration", outcome: "bad", found: format!("{error:#}"), help: Some(help) };
            print(args, &[step]);
            return ExitCode::from(2);
        }
    };
    print(args, &steps);
    if is_good(&steps) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn is_good(steps: &[Step]) -> bool {
    steps.iter().all(|step| step.outcome != BAD)
}

fn prepare(file: &Path, name: &str) -> Result<(Config, TrunkConfig)> {
    let config = Config::load(file).map_err(all)?;
    let Some(trunk) = config.trunk(name) else {
        let names: Vec<&str> = config.trunks.iter().map(|trunk| trunk.name()).collect();
        bail!("there is no trunk `{name}` in {}; there are: {}", file.display(), names.join(", "));
    };
    let resolved = trunk.resolve().map_err(|why| anyhow!("the trunk `{name}`: {why}"))?;
    Ok((config, resolved))
}

async fn examine(config: &Config, trunk: TrunkConfig, args: &TrunkTest) -> Vec<Step> {
    let (name, found) = ("configuration", format!("{} is the address", trunk.uri));
    let mut steps = vec![Step { step: name, outcome: GOOD, found, help: None }];
    let endpoint = match beside(config, &trunk).await {
        Ok(endpoint) => endpoint,
        Err(error) => {
            let help = Some("see `[sip]` and `[sip.tls]`".to_owned());
            steps.push(Step { step: name, outcome: BAD, found: format!("{error:#}"), help });
            return steps;
        }
    };
    match endpoint.examine_trunk(trunk).await {
        Ok(found) => steps.extend(found.into_iter().map(Step::from)),
        Err(error) => steps.push(Step { step: name, outcome: BAD, found: error.to_string(), help: None }),
    }
    if let Some(number) = &args.call {
        steps.push(if is_good(&steps) {
            sound::call(config, &endpoint, &args.name, number).await
        } else {
            let found = "not placed: first the steps before must go well".to_owned();
            Step { step: CALL, outcome: SKIPPED, found, help: None }
        });
    }
    endpoint.shutdown(GOODBYE).await;
    steps
}

/// An endpoint at a free port, beside the gateway that may run: it has the trunk, registers nowhere and takes no calls.
async fn beside(config: &Config, trunk: &TrunkConfig) -> Result<SipEndpoint> {
    let mut quiet = trunk.clone();
    quiet.register = None;
    quiet.keepalive.every = Duration::ZERO;
    let sip = sip_config(config)?;
    let listen = sip.listen.iter().map(|listen| SocketAddr::new(listen.ip(), 0)).collect();
    let sip = SipConfig {
        listen,
        listen_tls: Vec::new(),
        listen_ws: Vec::new(),
        listen_wss: Vec::new(),
        users: Vec::new(),
        trunks: vec![quiet],
        ..sip
    };
    // Whoever calls meanwhile is told that nobody is there.
    let (endpoint, _) = SipEndpoint::start(sip).await?;
    Ok(endpoint)
}

impl From<TrunkStep> for Step {
    fn from(step: TrunkStep) -> Self {
        let outcome = match step.outcome {
            StepOutcome::Good => GOOD,
            StepOutcome::Doubtful => "doubtful",
            StepOutcome::Bad => BAD,
            StepOutcome::Skipped => SKIPPED,
        };
        let name = match step.what {
            TrunkCheck::Dns => "dns",
            TrunkCheck::Transport => "transport",
            TrunkCheck::Options => "options",
            TrunkCheck::Registration => "registration",
        };
        Self { step: name, outcome, found: step.found, help: step.help }
    }
}

fn print(args: &TrunkTest, steps: &[Step]) {
    let good = is_good(steps);
    if args.json {
        let report = Report { trunk: &args.name, good, steps };
        answer!("{}", serde_json::to_string_pretty(&report).expect("a report is texts and truths"));
        return;
    }
    for Step { step, outcome, found, help } in steps {
        answer!("{outcome:>8}  {step}: {found}");
        if let Some(help) = help {
            answer!("{:>8}  what to do: {help}", "");
        }
    }
    answer!("{}", if good { "nothing is wrong with it" } else { "calls by it will not go" });
}

const GOOD: &str = "good";
const BAD: &str = "bad";
const SKIPPED: &str = "skipped";
const CALL: &str = "call";
/// A list of trunks is a few kilobytes.
const ANSWER_BYTES_MAX: u64 = 1 << 20;
const ANSWER_TIME: Duration = Duration::from_secs(5);
/// For the BYE of the call that was tried.
const GOODBYE: Duration = Duration::from_secs(2);
