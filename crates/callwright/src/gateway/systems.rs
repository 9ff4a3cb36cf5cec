//! Whether the business systems answer. The action core finds out by itself with every call; this is for whoever sends callers
//! here, who should know before.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use callwright_wire::connector::Client;
use metrics::gauge;
use tracing::{info, warn};

use crate::config::Connector;
use crate::gateway::Shared;

/// What is known of the business systems.
#[derive(Debug, Default)]
pub(crate) struct Systems {
    all_down: AtomicBool,
}

impl Systems {
    /// Not one of them answers: callers can be talked to and put through, and nothing can be done for them.
    pub(crate) fn all_down(&self) -> bool {
        self.all_down.load(Ordering::Acquire)
    }
}

/// Asks each connector of the configuration what it is, again and again for as long as the gateway runs. An action core
/// elsewhere has connectors of its own, which are not ours to ask.
pub(crate) async fn follow(shared: Arc<Shared>) {
    if shared.config.core.address.is_some() {
        return;
    }
    let clients: BTreeMap<String, Client> = shared
        .config
        .connectors
        .iter()
        .filter_map(|(name, connector)| match connector {
            Connector::Own(address) => Some((name.clone(), Client::connect_lazy(address).ok()?)),
            // Others have no question that does nothing and that all of them answer.
            Connector::McpUrl(_) | Connector::McpProgram(_) | Connector::Http(_) | Connector::Grpc(_) => None,
        })
        .collect();
    let mut tick = tokio::time::interval(PERIOD);
    loop {
        tick.tick().await;
        let mut asked = tokio::task::JoinSet::new();
        for (name, client) in clients.clone() {
            asked.spawn(async move { (name, client.describe(PATIENCE).await.is_ok()) });
        }
        let mut any = clients.len() < shared.config.connectors.len() || clients.is_empty();
        while let Some(Ok((name, up))) = asked.join_next().await {
            any |= up;
            gauge!("callwright_connector_up", "connector" => name).set(if up { 1.0 } else { 0.0 });
        }
        let was_down = shared.systems.all_down.swap(!any, Ordering::AcqRel);
        match (was_down, any) {
            (false, false) => {
                let names: Vec<&str> = clients.keys().map(String::as_str).collect();
                warn!(connectors = names.join(", "), "no business system answers");
            }
            (true, true) => info!("business systems answer again"),
            (false, true) | (true, false) => {}
        }
    }
}

/// Often enough for a balancer that asks every ten seconds.
const PERIOD: Duration = Duration::from_secs(5);
/// A system that takes longer to say what it is keeps no caller waiting well.
const PATIENCE: Duration = Duration::from_secs(2);
