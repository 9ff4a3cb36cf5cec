//! SIP over WebSocket (RFC 7118): a message of one is a message of the other.
//!
//! It has listeners of its own. The console's port is often behind a proxy that speaks HTTP only and is meant for people; here
//! the limits, sources and certificate of SIP hold, and neither shell needs to know the other.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use rsipstack::transport::TransportEvent;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderMap, HeaderValue, StatusCode, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::flow::{Flow, Reply, WRITE_TIME};
use crate::framing::MESSAGE_MAX;

/// Shakes hands, if the other end asks for SIP and its page may call.
pub(crate) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    origins: &[String],
) -> Result<WebSocketStream<S>, Error> {
    let config =
        WebSocketConfig::default().max_message_size(Some(MESSAGE_MAX)).max_frame_size(Some(MESSAGE_MAX));
    #[expect(clippy::result_large_err, reason = "the library says what an answer to a handshake is")]
    let judge = |request: &Request, mut response: Response| match refusal(request.headers(), origins) {
        Some(status) => {
            let mut refusal = ErrorResponse::new(None);
            *refusal.status_mut() = status;
            Err(refusal)
        }
        None => {
            response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static("sip"));
            Ok(response)
        }
    };
    tokio_tungstenite::accept_hdr_async_with_config(stream, judge, Some(config)).await
}

/// Why a handshake is refused. A program that is no browser tells no `Origin`; for it the rules of sources hold, as over UDP.
fn refusal(headers: &HeaderMap, origins: &[String]) -> Option<StatusCode> {
    let protocols =
        headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    if !protocols.flat_map(|list| list.split(',')).any(|protocol| protocol.trim().eq_ignore_ascii_case("sip"))
    {
        return Some(StatusCode::BAD_REQUEST);
    }
    let welcome = headers.get_all(header::ORIGIN).iter().all(|origin| {
        origins.iter().any(|allowed| allowed == "*" || allowed.as_bytes() == origin.as_bytes())
    });
    (!welcome).then_some(StatusCode::FORBIDDEN)
}

impl Flow {
    /// Carries a WebSocket until it ends.
    pub(crate) async fn run_websocket<S>(mut self, mut socket: WebSocketStream<S>)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let closed = self.closed.clone();
        let mut ping = tokio::time::interval_at(tokio::time::Instant::now() + PING_EVERY, PING_EVERY);
        let mut heard = true;
        loop {
            let goes_on = tokio::select! {
                biased;
                () = closed.cancelled() => false,
                event = self.outgoing.recv() => match event {
                    Some(TransportEvent::Incoming(message, ..)) => {
                        let bytes = message.to_bytes();
                        self.goes(&bytes);
                        send(&mut socket, framed(bytes)).await
                    }
                    Some(TransportEvent::New(_) | TransportEvent::Closed(_)) => true,
                    None => false,
                },
                _ = ping.tick() => {
                    let alive = std::mem::take(&mut heard);
                    alive && send(&mut socket, Message::Ping(Vec::new().into())).await
                }
                message = socket.next() => {
                    heard = true;
                    match message {
                        Some(Ok(Message::Text(text))) => self.take_message(&mut socket, text.as_bytes()).await,
                        Some(Ok(Message::Binary(bytes))) => self.take_message(&mut socket, &bytes).await,
                        // The library answers a ping by itself.
                        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => true,
                        Some(Ok(Message::Close(_)) | Err(_)) | None => false,
                    }
                }
            };
            if !goes_on {
                break;
            }
        }
        // A peer that does not take even this is gone.
        let _ = tokio::time::timeout(CLOSE_TIME, socket.close(None)).await;
    }

    async fn take_message<S>(&mut self, socket: &mut WebSocketStream<S>, message: &[u8]) -> bool
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        match self.deliver(message).await {
            Reply::Nothing => true,
            Reply::Bytes(bytes) => {
                self.goes(&bytes);
                send(socket, framed(bytes)).await
            }
            Reply::Close => false,
        }
    }
}

/// Text where it is text, as browsers' libraries expect it.
fn framed(bytes: Vec<u8>) -> Message {
    match String::from_utf8(bytes) {
        Ok(text) => Message::Text(text.into()),
        Err(error) => Message::Binary(error.into_bytes().into()),
    }
}

async fn send<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut WebSocketStream<S>, message: Message) -> bool {
    tokio::time::timeout(WRITE_TIME, socket.send(message)).await.is_ok_and(|sent| sent.is_ok())
}

/// Routers of homes forget a quiet connection after a minute or more.
const PING_EVERY: Duration = Duration::from_secs(25);
const CLOSE_TIME: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_must_ask_for_sip_and_come_from_a_known_page() {
        let origins = ["https://desk.example".to_owned()];
        for (lines, expected) in [
            (&[("sec-websocket-protocol", "sip")][..], None),
            (&[("sec-websocket-protocol", "xmpp, SIP"), ("origin", "https://desk.example")], None),
            (&[("sec-websocket-protocol", "sip"), ("origin", "https://else.example")], Some(403)),
            (&[("sec-websocket-protocol", "sip"), ("origin", "null")], Some(403)),
            (&[("sec-websocket-protocol", "sipp")], Some(400)),
            (&[("origin", "https://desk.example")], Some(400)),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                headers.append(*name, HeaderValue::from_static(value));
            }
            assert_eq!(refusal(&headers, &origins).map(|status| status.as_u16()), expected, "{lines:?}");
            if expected != Some(400) {
                assert_eq!(refusal(&headers, &["*".to_owned()]), None, "{lines:?}");
            }
        }
    }
}
