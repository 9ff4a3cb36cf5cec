//! How trunks are, told to those who watch: the console's list and events, and the metrics.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use callwright_console::{TrunkEvent, TrunkView};
use callwright_sip::{TrunkRegistration, TrunkStatus};
use metrics::{counter, gauge};

use crate::gateway::Shared;

/// Publishes metrics once a second, and an event whenever a trunk is another than a second ago, for as long as the gateway runs.
pub(crate) async fn follow(shared: Arc<Shared>) {
    let mut tick = tokio::time::interval(PERIOD);
    let mut known: BTreeMap<String, (bool, Option<bool>)> = BTreeMap::new();
    loop {
        tick.tick().await;
        for status in shared.sip.trunks() {
            publish(&status);
            let state = (status.up, registered(&status));
            if known.insert(status.name.clone(), state) != Some(state) {
                let (up, registered) = state;
                let event = TrunkEvent { trunk: status.name, up, registered, problem: status.problem };
                shared.hub.publish_trunk(event);
            }
        }
    }
}

fn registered(status: &TrunkStatus) -> Option<bool> {
    let registration = status.registration.as_ref()?;
    Some(matches!(registration, TrunkRegistration::Registered { .. }))
}

fn publish(status: &TrunkStatus) {
    let name = || status.name.clone();
    let truth = |yes: bool| if yes { 1.0 } else { 0.0 };
    gauge!("callwright_trunk_up", "trunk" => name()).set(truth(status.up));
    if let Some(registered) = registered(status) {
        gauge!("callwright_trunk_registered", "trunk" => name()).set(truth(registered));
    }
    gauge!("callwright_trunk_calls", "trunk" => name()).set(status.calls as f64);
    for (direction, count) in [("in", status.calls_in), ("out", status.calls_out)] {
        counter!("callwright_trunk_calls_total", "trunk" => name(), "direction" => direction).absolute(count);
    }
    counter!("callwright_trunk_refused_total", "trunk" => name()).absolute(status.refused);
}

/// A trunk as the console shows it.
pub(crate) fn view(status: TrunkStatus) -> TrunkView {
    let (registration, left) = match status.registration {
        None => (None, None),
        Some(TrunkRegistration::Registered { left }) => (Some("registered"), Some(left)),
        Some(TrunkRegistration::Asking) => (Some("asking"), None),
        Some(TrunkRegistration::Waiting { left }) => (Some("waiting"), Some(left)),
        Some(TrunkRegistration::Gone) => (Some("gone"), None),
    };
    let servers = status.targets.iter();
    TrunkView {
        trunk: status.name,
        up: status.up,
        registration: registration.map(str::to_owned),
        registration_s: left.map(|left| left.as_secs()),
        calls: status.calls,
        calls_max: status.calls_max,
        calls_in: status.calls_in,
        calls_out: status.calls_out,
        refused: status.refused,
        servers: servers.map(|target| format!("{} ({})", target.address, target.transport.name())).collect(),
        problem: status.problem,
    }
}

/// As often as the other metrics that are read off.
const PERIOD: Duration = Duration::from_secs(1);
