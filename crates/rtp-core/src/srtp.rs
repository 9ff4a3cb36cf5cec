//! Encrypted media: SRTP and SRTCP (RFC 3711) with AES in counter mode and HMAC-SHA1, worked in the caller's buffer.
//!
//! The ciphers are a library's. What is around them is ours for two reasons: the libraries at hand allocate for each packet,
//! and keep something for every SSRC that a packet names before it has proved anything, so that whoever guesses a port can
//! fill the memory. Here a stream is remembered only once a packet of it was proved, and there are few places.
//!
//! One [`SrtpSender`] and one [`SrtpReceiver`] serve a leg. Keys come from `a=crypto` (RFC 4568) or from DTLS (RFC 5764);
//! neither type prints them. Absent: re-keying after a number of packets by MKI, key derivation rates other than zero, and
//! suites other than the two of [`SrtpSuite`].

mod keys;
mod window;

use callwright_model::{SrtpMaster, SrtpSuite};
use thiserror::Error;

use self::keys::Keys;
use self::window::Window;
use crate::packet::{DatagramKind, RtpPacket};

/// Why a packet was not encrypted or not believed. It is dropped and counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SrtpError {
    /// It is neither RTP nor RTCP, or cut short.
    #[error("not a packet of an encrypted stream")]
    Malformed,
    /// Its proof does not fit: another key, or changed on the way.
    #[error("the packet is not authentic")]
    Authentication,
    /// It was received or sent before, or is too old to tell.
    #[error("a packet of this number was there before")]
    Replayed,
    /// The buffer has no room for the proof.
    #[error("the buffer has no room for the packet's proof")]
    NoRoom,
    /// So many packets were sent that a key would be used twice.
    #[error("the key is used up")]
    KeyUsedUp,
}

/// Encrypts what we send.
#[derive(Debug)]
pub struct SrtpSender {
    keys: Keys,
    stream: Option<SendStream>,
    control_index: u32,
}

#[derive(Debug, Clone, Copy)]
struct SendStream {
    ssrc: u32,
    /// What was sent: a number used twice would encrypt two packets alike, which tells both (RFC 3711, 9.1).
    sent: Window,
}

/// Decrypts what we receive, and tells what is not worth believing.
#[derive(Debug)]
pub struct SrtpReceiver {
    keys: Keys,
    streams: [Option<ReceiveStream>; STREAMS],
    packets: u64,
}

#[derive(Debug, Clone, Copy)]
struct ReceiveStream {
    ssrc: u32,
    rtp: Window,
    rtcp: Window,
    /// Which packet of all was its last: the stream that has been silent longest gives way to a new one.
    used: u64,
}

impl SrtpSender {
    /// With the key that we told the other end.
    #[must_use]
    pub fn new(suite: SrtpSuite, master: &SrtpMaster) -> Self {
        Self { keys: Keys::derive(suite, master), stream: None, control_index: 0 }
    }

    /// Encrypts the RTP or RTCP packet in the first `length` bytes of `buffer` in place, and tells its new length.
    ///
    /// # Errors
    /// When it is none, there is no room for [`SRTP_OVERHEAD`] more bytes, its number was used, or the key is used up.
    pub fn protect(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, SrtpError> {
        if length > buffer.len() {
            return Err(SrtpError::NoRoom);
        }
        match DatagramKind::of(&buffer[..length]) {
            DatagramKind::Rtp => self.protect_rtp(buffer, length),
            DatagramKind::Rtcp => self.protect_rtcp(buffer, length),
            DatagramKind::Other => Err(SrtpError::Malformed),
        }
    }

    fn protect_rtp(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, SrtpError> {
        let tag = self.keys.suite.rtp_tag();
        let (header, sequence, ssrc) = rtp_header(&buffer[..length])?;
        let (packet, rest) = buffer.split_at_mut(length);
        let proof = rest.get_mut(..tag).ok_or(SrtpError::NoRoom)?;
        let stream = match &mut self.stream {
            Some(stream) if stream.ssrc == ssrc => stream,
            place => place.insert(SendStream { ssrc, sent: Window::new() }),
        };
        let index = stream.sent.guess(sequence);
        if index >= INDEX_END {
            return Err(SrtpError::KeyUsedUp);
        }
        if !stream.sent.is_new(index) {
            return Err(SrtpError::Replayed);
        }
        stream.sent.accept(index);
        self.keys.rtp.apply(ssrc, index, &mut packet[header..]);
        self.keys.rtp.prove(packet, &rollovers(index), proof);
        Ok(length + tag)
    }

    fn protect_rtcp(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, SrtpError> {
        let ssrc = rtcp_ssrc(&buffer[..length])?;
        let end = length + INDEX_LEN + CONTROL_TAG;
        let buffer = buffer.get_mut(..end).ok_or(SrtpError::NoRoom)?;
        if self.control_index > CONTROL_INDEX_MAX {
            return Err(SrtpError::KeyUsedUp);
        }
        self.keys.rtcp.apply(ssrc, self.control_index.into(), &mut buffer[RTCP_CLEAR..length]);
        buffer[length..length + INDEX_LEN].copy_from_slice(&(ENCRYPTED | self.control_index).to_be_bytes());
        let (packet, proof) = buffer.split_at_mut(length + INDEX_LEN);
        self.keys.rtcp.prove(packet, &[], proof);
        self.control_index += 1;
        Ok(end)
    }
}

impl SrtpReceiver {
    /// With the key that the other end told us.
    #[must_use]
    pub fn new(suite: SrtpSuite, master: &SrtpMaster) -> Self {
        Self { keys: Keys::derive(suite, master), streams: [None; STREAMS], packets: 0 }
    }

    /// Proves and decrypts the packet in the first `length` bytes of `buffer` in place, and tells its new length. Nothing is
    /// changed when it fails.
    ///
    /// # Errors
    /// When the packet is not to be believed.
    pub fn unprotect(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, SrtpError> {
        let packet = buffer.get_mut(..length).ok_or(SrtpError::Malformed)?;
        match DatagramKind::of(packet) {
            DatagramKind::Rtp => self.unprotect_rtp(packet),
            DatagramKind::Rtcp => self.unprotect_rtcp(packet),
            DatagramKind::Other => Err(SrtpError::Malformed),
        }
    }

    fn unprotect_rtp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let end = packet.len().checked_sub(self.keys.suite.rtp_tag()).ok_or(SrtpError::Malformed)?;
        let (packet, proof) = packet.split_at_mut(end);
        let (header, sequence, ssrc) = rtp_header(packet)?;
        let window = self.stream(ssrc).map_or_else(Window::new, |stream| stream.rtp);
        let index = window.guess(sequence);
        if index >= INDEX_END {
            return Err(SrtpError::KeyUsedUp);
        }
        // Asked first, for it is cheaper; an answer does not depend on a secret.
        if !window.is_new(index) {
            return Err(SrtpError::Replayed);
        }
        self.keys.rtp.verify(packet, &rollovers(index), proof)?;
        self.keys.rtp.apply(ssrc, index, &mut packet[header..]);
        self.place(ssrc).rtp.accept(index);
        Ok(end)
    }

    fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let signed = packet.len().checked_sub(CONTROL_TAG).ok_or(SrtpError::Malformed)?;
        let (packet, proof) = packet.split_at_mut(signed);
        let (content, trailer) = packet.split_last_chunk::<INDEX_LEN>().ok_or(SrtpError::Malformed)?;
        let ssrc = rtcp_ssrc(content)?;
        let (end, trailer) = (content.len(), u32::from_be_bytes(*trailer));
        let index = u64::from(trailer & CONTROL_INDEX_MAX);
        let window = self.stream(ssrc).map_or_else(Window::new, |stream| stream.rtcp);
        if !window.is_new(index) {
            return Err(SrtpError::Replayed);
        }
        self.keys.rtcp.verify(packet, &[], proof)?;
        if trailer & ENCRYPTED != 0 {
            self.keys.rtcp.apply(ssrc, index, &mut packet[RTCP_CLEAR..end]);
        }
        self.place(ssrc).rtcp.accept(index);
        Ok(end)
    }

    fn stream(&self, ssrc: u32) -> Option<&ReceiveStream> {
        self.streams.iter().flatten().find(|stream| stream.ssrc == ssrc)
    }

    /// The place of a stream that has proved itself; a new one takes that which has been silent longest.
    fn place(&mut self, ssrc: u32) -> &mut ReceiveStream {
        self.packets += 1;
        let used = self.packets;
        let found = self.streams.iter().position(|place| place.is_some_and(|stream| stream.ssrc == ssrc));
        let oldest = || self.streams.iter().enumerate().min_by_key(|(_, place)| place.map(|s| s.used));
        let place = found.or_else(|| oldest().map(|(place, _)| place)).unwrap_or(0);
        if found.is_none() {
            self.streams[place] = None;
        }
        let fresh = ReceiveStream { ssrc, rtp: Window::new(), rtcp: Window::new(), used };
        let stream = self.streams[place].get_or_insert(fresh);
        stream.used = used;
        stream
    }
}

/// Where the payload begins, the sequence number and the SSRC.
fn rtp_header(packet: &[u8]) -> Result<(usize, u16, u32), SrtpError> {
    let fixed: &[u8; 12] = packet.first_chunk().ok_or(SrtpError::Malformed)?;
    let payload = RtpPacket::payload_at(packet).ok_or(SrtpError::Malformed)?;
    let sequence = u16::from_be_bytes([fixed[2], fixed[3]]);
    Ok((payload, sequence, u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]])))
}

fn rtcp_ssrc(packet: &[u8]) -> Result<u32, SrtpError> {
    match packet.first_chunk::<RTCP_CLEAR>() {
        Some(&[_, _, _, _, a, b, c, d]) => Ok(u32::from_be_bytes([a, b, c, d])),
        None => Err(SrtpError::Malformed),
    }
}

/// What is signed behind a media packet although it is not sent: how often the sequence number has begun anew.
const fn rollovers(index: u64) -> [u8; 4] {
    ((index >> 16) as u32).to_be_bytes()
}

/// Bytes that encryption adds to a packet at most.
pub const SRTP_OVERHEAD: usize = INDEX_LEN + CONTROL_TAG;

/// A leg has one stream, and another after a transfer at the other end; more than a few at a time nobody needs.
const STREAMS: usize = 8;
/// The first index after the last: 48 bits (RFC 3711, 3.3.1).
const INDEX_END: u64 = 1 << 48;
/// Header and SSRC of a control packet stay readable (RFC 3711, 3.4).
const RTCP_CLEAR: usize = 8;
/// The word behind a control packet: whether it is encrypted, and its index.
const INDEX_LEN: usize = 4;
const ENCRYPTED: u32 = 1 << 31;
const CONTROL_INDEX_MAX: u32 = ENCRYPTED - 1;
/// Control packets carry ten bytes of proof in both suites (RFC 4568, 6.2).
const CONTROL_TAG: usize = 10;

#[cfg(test)]
mod tests;
