//! `callwright serve` and `callwright core`: run until told to stop.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result, bail};
use callwright_actions::ActionCore;
use callwright_agents::AgentsServer;
use callwright_demo_backends::Fault;
use callwright_model::Problem;
use callwright_sip::Transport;
use callwright_wire::actions::Client;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::Config;
use crate::demo::Systems;
use crate::gateway::{Gateway, core_config, install_metrics};
use crate::lines::Lines;

/// Runs the gateway of a configuration.
///
/// # Errors
/// When it cannot start.
pub async fn serve(file: &Path) -> Result<()> {
    let config = Config::load(file).map_err(all)?;
    let lines = Lines::load(&config).map_err(all)?;
    run(config, lines).await
}

/// Runs the gateway for the demo airline and shop, which run beside it; on free ports when asked to.
///
/// # Errors
/// When it cannot start.
pub async fn serve_demo(any_port: bool, no_desk: bool, faults: Vec<Fault>) -> Result<()> {
    let systems = Systems::start().await?;
    systems.fail(faults)?;
    let any = loopback(0);
    let (sip, web, webrtc) = if any_port { (any, any, any) } else { (SERVE_SIP, SERVE_WEB, SERVE_WEBRTC) };
    let desk = (!no_desk).then(|| DESK.to_owned());
    let config = systems.config(sip, web, webrtc, desk)?;
    let lines = Lines::load(&config).map_err(all)?;
    if no_desk {
        answer!("human:       nobody is rung when a caller wants a person");
    } else {
        answer!(
            "human:       {DESK} is rung when a caller wants a person; a softphone that listens there answers"
        );
    }
    run(config, lines).await?;
    systems.shutdown().await;
    Ok(())
}

async fn run(config: Config, lines: Lines) -> Result<()> {
    let grace = config.grace;
    let gateway = Gateway::start(config, lines, install_metrics()?).await?;
    let recogniser = gateway.recogniser();
    answer!("telephones:  sip:airline@{} (UDP and TCP)", gateway.sip_address());
    for (transport, address) in gateway.sip_addresses() {
        match transport {
            Transport::Udp | Transport::Tcp => {}
            Transport::Tls => answer!("             sips:airline@{address} (TLS)"),
            Transport::Ws => answer!("             ws://{address} (SIP over WebSocket)"),
            Transport::Wss => answer!("             wss://{address} (SIP over WebSocket)"),
        }
    }
    answer!(
        "browsers:    http://{}/ (sound over UDP at {})",
        gateway.web_address(),
        gateway.webrtc_address()
    );
    answer!("recogniser:  {}", recogniser.engine);
    if let Some(note) = recogniser.note {
        answer!("             {note}");
    }
    if let Some(folder) = gateway.journals() {
        answer!("journals:    {}", folder.display());
    }
    answer!("stop with Ctrl-C or SIGTERM; running calls get {} s", grace.as_secs());
    let mut hangup = signal(SignalKind::hangup()).context("cannot listen for SIGHUP")?;
    loop {
        tokio::select! {
            stop = wait_for_stop() => break stop?,
            _ = hangup.recv() => gateway.reload(),
        }
    }
    let calls = gateway.calls();
    if calls > 0 {
        answer!("stopping: {calls} call(s) still run; once more stops at once");
    }
    let once_more = async {
        if wait_for_stop().await.is_err() {
            // Without signals nobody can say so.
            std::future::pending().await
        }
    };
    gateway.shutdown(grace, once_more).await;
    Ok(())
}

/// Runs the action core alone.
///
/// # Errors
/// When it cannot start.
pub async fn core(file: &Path) -> Result<()> {
    let config = Config::load(file).map_err(all)?;
    if config.core.address.is_some() {
        bail!("`core.address` names an action core elsewhere; remove it to run one here");
    }
    let lines = Lines::load(&config).map_err(all)?;
    let core = ActionCore::start(core_config(&config, lines.sources)?).await?;
    let agents = start_agents(&config, core.url()).await?;
    answer!("action core: {} (gRPC; journal {})", core.url(), config.core.store());
    wait_for_stop().await?;
    if let Some(agents) = agents {
        agents.shutdown().await;
    }
    core.shutdown().await;
    Ok(())
}

/// Opens the door for other agents, if the configuration says where.
///
/// # Errors
/// When it does not open.
pub async fn start_agents(config: &Config, core: &str) -> Result<Option<AgentsServer>> {
    let Some(listen) = config.core.agents else { return Ok(None) };
    let agents = AgentsServer::start(listen, Client::connect(core).await?).await?;
    answer!(
        "agents:      http://{0}/mcp (MCP), http://{0}/.well-known/agent-card.json (A2A)",
        agents.local_addr()
    );
    Ok(Some(agents))
}

/// Waits for SIGTERM or SIGINT.
///
/// # Errors
/// When signals cannot be had.
async fn wait_for_stop() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// All mistakes as one error.
pub fn all(problems: Vec<Problem>) -> anyhow::Error {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    anyhow::anyhow!("{}", lines.join("\n"))
}

/// Where `serve --demo` looks for a human.
const DESK: &str = "sip:desk@127.0.0.1:5090";
const SERVE_SIP: SocketAddr = loopback(5060);
const SERVE_WEB: SocketAddr = loopback(8080);
const SERVE_WEBRTC: SocketAddr = loopback(8081);

pub(crate) const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), port)
}
