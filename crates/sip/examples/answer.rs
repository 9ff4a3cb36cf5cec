//! A telephone that answers every call with what it can do and says nothing: `cargo run --example answer -- 127.0.0.1:5070`.
//!
//! Something for sipp to call (sip-configs/sipp), and the shortest use of the crate.

use std::net::SocketAddr;

use callwright_call_core::sdp::{self, LocalMedia, SessionDescription};
use callwright_model::Codec;
use callwright_sip::{IncomingCall, SipConfig, SipEndpoint, SipEvent};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listen = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:5070".to_owned());
    let config = SipConfig { listen: vec![listen.parse::<SocketAddr>()?], ..SipConfig::default() };
    let (endpoint, mut events) = SipEndpoint::start(config).await?;
    eprintln!("answering at {:?}", endpoint.local_addresses());
    while let Some(SipEvent::Incoming(call)) = events.recv().await {
        tokio::spawn(async move {
            let answer = match describe(&call) {
                Ok(answer) => answer,
                Err(error) => return call.reject(error.status(), None),
            };
            let mut leg = call.accept(answer);
            while leg.next().await.is_some() {}
        });
    }
    Ok(())
}

fn describe(call: &IncomingCall) -> Result<String, sdp::SdpError> {
    // Nobody listens on this port: a real one comes from whoever does the media.
    let media = LocalMedia::new(call.local_ip, 40_000, &[Codec::Pcmu, Codec::Pcma], 1);
    match &call.offer {
        Some(offer) => Ok(sdp::answer(&offer.parse::<SessionDescription>()?, &media)?.0.to_string()),
        None => Ok(sdp::offer(&media).to_string()),
    }
}
