//! The UDP socket as the library sees it: only what was looked at comes through.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rsipstack::platform::net::UdpSocket as LibrarySocket;
use rsipstack::sip::Transport as Wire;
use tracing::warn;

use crate::Transport;
use crate::gate::Gate;
use crate::screen::{Screened, screen};

pub(crate) struct ScreenedSocket {
    pub(crate) socket: tokio::net::UdpSocket,
    pub(crate) gate: Arc<Gate>,
}

#[async_trait]
impl LibrarySocket for ScreenedSocket {
    async fn recv_from(&self, buffer: &mut [u8]) -> rsipstack::Result<(usize, SocketAddr)> {
        loop {
            let (length, source) = match self.socket.recv_from(buffer).await {
                Ok(received) => received,
                Err(error) => {
                    // The library would try again at once and for ever.
                    warn!(%error, "receiving on the SIP socket");
                    tokio::time::sleep(RECEIVE_PAUSE).await;
                    continue;
                }
            };
            let counters = &self.gate.counters;
            let screened = screen(&buffer[..length], source, Wire::Udp, length == buffer.len());
            if !matches!(screened, Screened::Drop) {
                self.came(&buffer[..length], source);
            }
            match screened {
                Screened::KeepAlive => return Ok((length, source)),
                Screened::Pass if self.gate.let_in() => return Ok((length, source)),
                Screened::Mended(mended) if mended.len() < buffer.len() && self.gate.let_in() => {
                    buffer[..mended.len()].copy_from_slice(&mended);
                    return Ok((mended.len(), source));
                }
                Screened::Pass | Screened::Mended(_) => counters.dropped_overload.count(),
                Screened::Answer(answer) => {
                    counters.refused_malformed.count();
                    // Lost is lost: the sender repeats its request.
                    let _ = self.socket.try_send_to(&answer, source);
                    self.goes(&answer, source);
                }
                Screened::Drop => counters.dropped_junk.count(),
            }
        }
    }

    async fn send_to(&self, datagram: &[u8], to: SocketAddr) -> rsipstack::Result<usize> {
        self.goes(datagram, to);
        Ok(self.socket.send_to(datagram, to).await?)
    }

    fn local_addr(&self) -> rsipstack::Result<SocketAddr> {
        Ok(self.socket.local_addr()?)
    }
}

impl ScreenedSocket {
    fn came(&self, datagram: &[u8], source: SocketAddr) {
        if let (Some(tap), Ok(ours)) = (&self.gate.tap, self.socket.local_addr()) {
            tap.received(Transport::Udp, source, ours, datagram);
        }
    }

    fn goes(&self, datagram: &[u8], to: SocketAddr) {
        if let (Some(tap), Ok(ours)) = (&self.gate.tap, self.socket.local_addr()) {
            tap.sent(Transport::Udp, ours, to, datagram);
        }
    }
}

/// Long enough not to spin on a broken socket, short enough not to be noticed after one bad datagram.
const RECEIVE_PAUSE: Duration = Duration::from_millis(10);
