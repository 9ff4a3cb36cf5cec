use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::{info, warn};

use crate::config::ConsoleConfig;
use crate::ports::ConsolePorts;
use crate::router::stoppable_router;

/// How often histograms are folded together, so that they do not grow when nobody scrapes.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// A running console.
#[derive(Debug)]
pub struct Console {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    server: JoinHandle<io::Result<()>>,
}

/// Why a console does not run.
#[derive(Debug, Error)]
pub enum ConsoleError {
    /// The address cannot be listened on.
    #[error(
        "cannot listen for HTTP on {address}: {source}; choose a free port and an address of this machine"
    )]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
}

impl Console {
    /// Listens and serves.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(config: ConsoleConfig, ports: ConsolePorts) -> Result<Self, ConsoleError> {
        let bind_error = |source| ConsoleError::Bind { address: config.bind, source };
        let listener = TcpListener::bind(config.bind).await.map_err(bind_error)?;
        let address = listener.local_addr().map_err(bind_error)?;
        if !address.ip().is_loopback() && config.operator_token.is_none() {
            warn!(%address, "the console is open to the network and has no `web.operator_token`: calls of others are not shown");
        }
        let (stop, stopping) = watch::channel(false);
        tokio::spawn(upkeep(ports.metrics.clone(), stopping.clone()));
        let app = stoppable_router(config, ports, stopping.clone());
        let mut until = stopping;
        let server = tokio::spawn(async move {
            let stopped = async move {
                let _ = until.wait_for(|stopping| *stopping).await;
            };
            axum::serve(listener, app).with_graceful_shutdown(stopped).await
        });
        info!(%address, "console");
        Ok(Self { address, stop, server })
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more requests, ends event streams, and returns when requests under way are answered.
    pub async fn shutdown(self) {
        let _ = self.stop.send(true);
        match self.server.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(%error, "the console ended with an error"),
            Err(error) => warn!(%error, "the console's task failed"),
        }
    }
}

async fn upkeep(metrics: metrics_exporter_prometheus::PrometheusHandle, mut stopping: watch::Receiver<bool>) {
    let mut tick = tokio::time::interval(UPKEEP_EVERY);
    loop {
        tokio::select! {
            _ = stopping.wait_for(|stopping| *stopping) => return,
            _ = tick.tick() => metrics.run_upkeep(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use callwright_model::{CallId, Pii, PlanId};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use tokio::time::timeout;

    use super::*;
    use crate::ports::{
        ApprovalAnswer, ApprovalRefusal, ApprovalView, Approvals, CallView, CallbackRefusal, CallbackView,
        Callbacks, ErasedView, JourneyRefusal, Journeys, LineView, PlanView, Readiness, Snapshots,
        StoryRefusal, StoryView, SuperviseRefusal, SuperviseWish, Supervisors, TrunkView, UserPhonesView,
        WhipAnswer, WhipHandler, WhipOffer, WhipRefusal,
    };

    struct Nothing;

    #[async_trait::async_trait]
    impl WhipHandler for Nothing {
        async fn offer(&self, _offer: WhipOffer) -> Result<WhipAnswer, WhipRefusal> {
            let text = "nobody answers here".to_owned();
            Err(WhipRefusal { status: 200, error: text.clone(), help: text, retry_after_s: None })
        }

        async fn hang_up(&self, _session: &str) -> bool {
            false
        }
    }

    #[async_trait::async_trait]
    impl Snapshots for Nothing {
        fn readiness(&self) -> Readiness {
            Readiness::Ready
        }

        fn lines(&self) -> Vec<LineView> {
            Vec::new()
        }

        fn trunks(&self) -> Vec<TrunkView> {
            Vec::new()
        }

        fn phones(&self) -> Vec<UserPhonesView> {
            Vec::new()
        }

        fn calls(&self) -> Vec<CallView> {
            Vec::new()
        }

        async fn plans(&self) -> Result<Vec<PlanView>, String> {
            Ok(Vec::new())
        }

        async fn story(&self, _plan: &PlanId) -> Result<StoryView, StoryRefusal> {
            Err(StoryRefusal::Unknown)
        }
    }

    #[async_trait::async_trait]
    impl Callbacks for Nothing {
        async fn list(&self, _done: bool) -> Result<Vec<CallbackView>, CallbackRefusal> {
            Ok(Vec::new())
        }

        async fn complete(&self, _call: CallId, _by: Pii<String>) -> Result<CallbackView, CallbackRefusal> {
            Err(CallbackRefusal::Unknown)
        }

        async fn cancel(&self, _call: CallId, _by: Pii<String>) -> Result<CallbackView, CallbackRefusal> {
            Err(CallbackRefusal::Unknown)
        }
    }

    #[async_trait::async_trait]
    impl Approvals for Nothing {
        async fn list(&self, _role: &str) -> Result<Vec<ApprovalView>, ApprovalRefusal> {
            Ok(Vec::new())
        }

        async fn answer(&self, _answer: ApprovalAnswer) -> Result<(), ApprovalRefusal> {
            Err(ApprovalRefusal::Unknown)
        }
    }

    #[async_trait::async_trait]
    impl Supervisors for Nothing {
        async fn supervise(&self, _: CallId, _: Option<SuperviseWish>) -> Result<(), SuperviseRefusal> {
            Err(SuperviseRefusal::Unknown)
        }
    }

    #[async_trait::async_trait]
    impl Journeys for Nothing {
        async fn export(&self, _journey: &str) -> Result<Pii<String>, JourneyRefusal> {
            Err(JourneyRefusal::Unknown)
        }

        async fn erase(&self, _journey: &str) -> Result<ErasedView, JourneyRefusal> {
            Err(JourneyRefusal::Unknown)
        }
    }

    async fn start(bind: SocketAddr) -> Result<Console, ConsoleError> {
        let ports = ConsolePorts {
            whip: Arc::new(Nothing),
            events: crate::EventHub::new(),
            snapshots: Arc::new(Nothing),
            callbacks: Arc::new(Nothing),
            approvals: Arc::new(Nothing),
            humans: Arc::new(()),
            journeys: Arc::new(Nothing),
            supervisors: Arc::new(Nothing),
            metrics: metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder().handle(),
        };
        Console::start(ConsoleConfig { bind, ..ConsoleConfig::default() }, ports).await
    }

    #[tokio::test]
    async fn shutting_down_ends_open_event_streams() {
        let console = start(([127, 0, 0, 1], 0).into()).await.expect("a free port");
        let mut client = TcpStream::connect(console.local_addr()).await.expect("it listens");
        let request = format!("GET /v1/events HTTP/1.1\r\nHost: {}\r\n\r\n", console.local_addr());
        client.write_all(request.as_bytes()).await.expect("it reads");
        let mut head = [0; 15];
        client.read_exact(&mut head).await.expect("it answers");
        assert_eq!(&head, b"HTTP/1.1 200 OK");
        timeout(Duration::from_secs(5), console.shutdown()).await.expect("it does not wait for the client");
    }

    #[tokio::test]
    async fn a_taken_port_is_told_with_what_to_do() {
        let first = start(([127, 0, 0, 1], 0).into()).await.expect("a free port");
        let error = start(first.local_addr()).await.expect_err("it is taken").to_string();
        assert!(
            error.contains(&first.local_addr().to_string()) && error.contains("choose a free port"),
            "{error}"
        );
        first.shutdown().await;
    }
}
