//! Nothing personal gets into a log that is filtered as the crate asks for.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use callwright_model::Pii;
use callwright_sip::{Credentials, LOG_FILTER, LegEnd, SipLegEvent};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::expect_event;
use crate::support::{Peer, SDP_LINE, accept, call_to, config, incoming, start, uri};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn who_calls_whom_is_not_logged() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(format!("trace,{LOG_FILTER}")))
        .with_writer(lines.clone())
        .finish();
    // Every task of this test runs on its one thread.
    let _guard = tracing::subscriber::set_default(subscriber);
    let (here, _) = start(config()).await;
    let (there, mut calls) = start(config()).await;
    let mut call = call_to(uri(&there, "5550100", "udp"));
    call.from = "sip:caller-5550199@127.0.0.1".to_owned();
    call.from_name = Some(Pii::new("Maria Example".to_owned()));
    call.credentials =
        Some(Credentials { user: "maria".to_owned(), password: Pii::new("hunter2".to_owned()) });
    let mut out = here.invite(call).await.expect("it goes out");
    let mut leg = accept(incoming(&mut calls).await);
    expect_event!(out, SipLegEvent::Answered { .. });
    expect_event!(leg, SipLegEvent::Established { .. });
    let mut peer = Peer::new(&there).await;
    for junk in ["Contact", "CSeq", "From"] {
        peer.new_call();
        let request = peer.request("INVITE", 1, None, SDP_LINE, "v=0").replace("bob", "caller-5550199");
        peer.send(request.replace(junk, "X-Spoiled")).await;
        peer.receive_starting("SIP/2.0 400").await;
    }
    out.hangup();
    expect_event!(leg, SipLegEvent::Ended(LegEnd::ByPeer(None)));
    assert!(there.shutdown(Duration::from_secs(5)).await);
    let logged = lines.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let logged = String::from_utf8_lossy(&logged);
    assert!(logged.contains("SIP listens"), "something is logged: {logged}");
    for personal in ["5550199", "5550100", "Maria", "maria", "hunter2", "m=audio"] {
        assert!(!logged.contains(personal), "{personal} in {logged}");
    }
}
