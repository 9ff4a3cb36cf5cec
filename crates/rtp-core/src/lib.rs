//! RTP and RTCP packets and their encryption, jitter buffer with concealment, telephone events, statistics.
//!
//! One leg holds an [`AudioReceiver`], an [`AudioSender`] and an [`RtcpReporter`] and drives them with what it receives and
//! with its 20 ms tick. Time and seeds are handed in; nothing here reads a clock or a socket.
//!
//! ```
//! use callwright_model::{AudioFormat, Codec, Frame, MonoTime};
//! use callwright_rtp_core::{
//!     Arrival, AudioReceiver, AudioSender, DatagramKind, Played, ReceiverConfig, RtcpReporter, RtpPacket,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let format = AudioFormat { codec: Codec::Pcma, payload_type_in: 8, payload_type_out: 8, ..AudioFormat::PCMU };
//! let mut sender = AudioSender::new(format, 7)?;
//! let mut receiver = AudioReceiver::new(format, ReceiverConfig::default())?;
//! let mut reporter = RtcpReporter::new(sender.ssrc(), 7, "leg", MonoTime::ZERO);
//! let mut datagram = [0; 1_500];
//! let mut heard = Frame::SILENCE;
//! for tick in 0..10 {
//!     let now = MonoTime::from_millis(tick * 20);
//!     let length = sender.send(&Frame::SILENCE, &mut datagram)?; // goes to the socket
//!
//!     // Whatever came from the socket since the last tick:
//!     match DatagramKind::of(&datagram[..length]) {
//!         DatagramKind::Rtp => match RtpPacket::parse(&datagram[..length]) {
//!             Ok(packet) => match receiver.handle_packet(&packet, now) {
//!                 Arrival::Digit(digit) => println!("pressed {digit}"),
//!                 Arrival::Audio | Arrival::Event | Arrival::Comfort | Arrival::Dropped(_) => {}
//!             },
//!             Err(_) => { /* count it */ }
//!         },
//!         DatagramKind::Rtcp => {
//!             reporter.handle_datagram(&datagram[..length], now);
//!         }
//!         DatagramKind::Other => {}
//!     }
//!     // Every tick yields exactly one frame.
//!     match receiver.tick(now, &mut heard) {
//!         Played::Voice | Played::Concealed | Played::Silence => {}
//!     }
//!     if now >= reporter.poll_timeout() {
//!         let length = reporter.report(sender.info(), receiver.statistics_mut(), now, &mut datagram);
//!         assert!(length > 0); // goes to the socket
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Invariants
//! - After construction nothing allocates.
//! - Junk from the network is an error or a counted drop, never a panic.
//! - [`AudioReceiver::tick`] yields one frame a call, whatever arrives; what waits in the buffer never exceeds
//!   [`ReceiverConfig::buffered_max`] by more than a packet.
//! - The same packets at the same times give the same frames.
//!
//! # What is absent
//! Sockets, SDP, the exchange of keys, and the choice of when to send: that is the leg's tick.

#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod jitter_buffer;
mod latch;
mod packet;
mod quality;
mod random;
mod receiver;
mod reporter;
pub mod rtcp;
mod sender;
mod srtp;
mod statistics;
mod telephone_event;

pub use jitter_buffer::{Incoming, Insertion, JitterBuffer, Play, ReceiverConfig};
pub use latch::{Latch, Stream};
pub use packet::{DatagramKind, RtpError, RtpHeader, RtpPacket};
pub use quality::{Arrived, Quality};
pub use receiver::{Arrival, AudioReceiver, DropReason, Played, ReceiverCounters};
pub use reporter::{RtcpHeard, RtcpReporter};
pub use sender::{AudioSender, SendError, SenderInfo};
pub use srtp::{SRTP_OVERHEAD, SrtpError, SrtpReceiver, SrtpSender};
pub use statistics::{Admission, BurstSummary, GAP_MIN, StreamStatistics, StreamSummary};
pub use telephone_event::{DtmfReceiver, DtmfSendError, DtmfSender, EventPacket};
