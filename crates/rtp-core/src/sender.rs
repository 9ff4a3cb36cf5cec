//! From one frame a tick to packets: encoder, header and telephone events put together.

use std::time::Duration;

use callwright_audio_core::{CodecError, Encoder, ticks_of_samples};
use callwright_model::{AudioFormat, FRAME_SAMPLES, Frame, SAMPLE_RATE};
use thiserror::Error;

use crate::packet::{RtpHeader, RtpPacket};
use crate::random::SeededRandom;
use crate::telephone_event::{DtmfSendError, DtmfSender, EventPacket};

/// Why there is no packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SendError {
    /// The buffer is too short for it.
    #[error("the buffer has no room for the packet")]
    NoRoom,
    /// The encoder failed; the stream goes on with the next frame.
    #[error("the frame could not be encoded: {0}")]
    Codec(CodecError),
}

/// What was sent so far, for a sender report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SenderInfo {
    /// The timestamp that the next frame gets.
    pub timestamp: u32,
    /// Packets.
    pub packets: u64,
    /// Bytes of payload.
    pub octets: u64,
}

/// The sending half of a leg's sound.
pub struct AudioSender {
    format: AudioFormat,
    encoder: Encoder,
    /// What does not fill a packet yet.
    waiting: Box<[i16; WAITING_MAX]>,
    waiting_len: usize,
    dtmf: Option<DtmfSender>,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    /// The next packet starts a talk spurt.
    marker: bool,
    relay: Option<Relay>,
    packets: u64,
    octets: u64,
}

/// How another leg's packets are renumbered into this stream.
#[derive(Debug, Clone, Copy)]
struct Relay {
    ssrc: u32,
    sequence_offset: u16,
    timestamp_offset: u32,
}

impl AudioSender {
    /// A stream with numbers drawn from `seed`; the only place that allocates.
    ///
    /// # Errors
    /// [`CodecError::Unavailable`] when the codec cannot be set up.
    pub fn new(format: AudioFormat, seed: u64) -> Result<Self, CodecError> {
        let mut random = SeededRandom::new(seed);
        Ok(Self {
            format,
            encoder: Encoder::new(format.codec)?,
            waiting: Box::new([0; WAITING_MAX]),
            waiting_len: 0,
            dtmf: format.dtmf_out.map(|dtmf| DtmfSender::new(dtmf.clock_rate)),
            ssrc: random.next_u32(),
            // The lower half, so that a short call does not wrap: some receivers encrypt by counting wraps.
            sequence: random.next_u32() as u16 >> 1,
            timestamp: random.next_u32(),
            marker: true,
            relay: None,
            packets: 0,
            octets: 0,
        })
    }

    /// Writes this tick's packet into `datagram` and tells its length: the frame, or the telephone event that is being
    /// sent instead; 0 while a packet of the agreed length is not full. Where it is shorter than a frame, what is left comes by
    /// [`AudioSender::send_more`]. The stream's clock moves on by a frame in any case.
    ///
    /// # Errors
    /// [`SendError`]; there is nothing to send in this tick then.
    pub fn send(&mut self, frame: &Frame, datagram: &mut [u8]) -> Result<usize, SendError> {
        self.relay = None;
        if let Some(event) = self.next_event() {
            self.waiting_len = 0;
            self.timestamp = self.timestamp.wrapping_add(self.frame_ticks());
            return self.send_event(event, datagram);
        }
        // A packet longer than what may wait is a bug of ours, and sent in time all the same.
        let kept = self.waiting_len.min(WAITING_MAX - FRAME_SAMPLES);
        self.waiting[kept..kept + FRAME_SAMPLES].copy_from_slice(&frame.0);
        self.waiting_len = kept + FRAME_SAMPLES;
        self.timestamp = self.timestamp.wrapping_add(self.frame_ticks());
        self.send_more(datagram)
    }

    /// Writes a further packet of this tick into `datagram` and tells its length; 0 when there is none.
    ///
    /// # Errors
    /// [`SendError`]; its sound is lost then.
    pub fn send_more(&mut self, datagram: &mut [u8]) -> Result<usize, SendError> {
        let samples = usize::from(self.format.packet_ms_out) * (SAMPLE_RATE / 1_000) as usize;
        if samples == 0 || self.waiting_len < samples {
            return Ok(0);
        }
        let timestamp = self.timestamp.wrapping_sub(ticks_of_samples(self.format.codec, self.waiting_len));
        let payload = datagram.get_mut(RtpHeader::LEN..).ok_or(SendError::NoRoom)?;
        let encoded = self.encoder.encode_samples(&self.waiting[..samples], payload);
        self.waiting.copy_within(samples..self.waiting_len, 0);
        self.waiting_len -= samples;
        let length = encoded.map_err(|error| match error {
            CodecError::NoRoom => SendError::NoRoom,
            CodecError::Corrupt | CodecError::Unavailable(_) => SendError::Codec(error),
        })?;
        let marker = std::mem::take(&mut self.marker);
        self.seal(self.format.payload_type_out, timestamp, marker, length, datagram)
    }

    /// Writes into `datagram` how loud the silence is that begins or goes on (RFC 3389), in -dBov, and tells its length; 0 where comfort noise
    /// was not agreed on. Time does not pass.
    ///
    /// # Errors
    /// [`SendError::NoRoom`] when `datagram` is too short.
    pub fn send_comfort(&mut self, level: u8, datagram: &mut [u8]) -> Result<usize, SendError> {
        let Some(payload_type) = self.format.comfort_noise_out else { return Ok(0) };
        *datagram.get_mut(RtpHeader::LEN).ok_or(SendError::NoRoom)? = level.min(127);
        self.seal(payload_type, self.timestamp, false, 1, datagram)
    }

    /// Lets a tick pass without sending; the packet after it starts a talk spurt.
    pub fn pause(&mut self) {
        self.waiting_len = 0;
        self.timestamp = self.timestamp.wrapping_add(self.frame_ticks());
        self.marker = true;
    }

    /// Writes another leg's packet of the same codec into `datagram`, renumbered into this stream; its gaps and its order
    /// stay as they came, so that the far end conceals what the far end's network lost. A telephone event that is being
    /// sent is not held up by it: call [`AudioSender::send_pending_event`] each tick as well.
    ///
    /// # Errors
    /// [`SendError::NoRoom`] when `datagram` is too short.
    pub fn forward(&mut self, packet: &RtpPacket<'_>, datagram: &mut [u8]) -> Result<usize, SendError> {
        self.waiting_len = 0;
        let header = &packet.header;
        let relay = match self.relay {
            Some(relay) if relay.ssrc == header.ssrc => relay,
            Some(_) | None => {
                self.marker = true;
                Relay {
                    ssrc: header.ssrc,
                    sequence_offset: self.sequence.wrapping_sub(header.sequence),
                    timestamp_offset: self.timestamp.wrapping_sub(header.timestamp),
                }
            }
        };
        self.relay = Some(relay);
        let length = packet.payload.len();
        let room = datagram.get_mut(RtpHeader::LEN..RtpHeader::LEN + length).ok_or(SendError::NoRoom)?;
        room.copy_from_slice(packet.payload);
        let sequence = header.sequence.wrapping_add(relay.sequence_offset);
        let timestamp = header.timestamp.wrapping_add(relay.timestamp_offset);
        let marker = std::mem::take(&mut self.marker) || header.marker;
        let payload_type = self.format.payload_type_out;
        RtpHeader { marker, payload_type, sequence, timestamp, ssrc: self.ssrc }
            .write(datagram)
            .map_err(|_| SendError::NoRoom)?;
        // What is sent afterwards by our own count goes on behind the furthest of them.
        if (sequence.wrapping_sub(self.sequence) as i16) >= 0 {
            self.sequence = sequence.wrapping_add(1);
        }
        if (timestamp.wrapping_sub(self.timestamp) as i32) >= 0 {
            self.timestamp = timestamp.wrapping_add(self.frame_ticks());
        }
        self.count(length);
        Ok(RtpHeader::LEN + length)
    }

    /// Writes the packet of a telephone event that is due this tick, if there is one, while another leg's packets are
    /// forwarded. The relay is renumbered after it.
    ///
    /// # Errors
    /// [`SendError::NoRoom`] when `datagram` is too short.
    pub fn send_pending_event(&mut self, datagram: &mut [u8]) -> Result<Option<usize>, SendError> {
        let Some(event) = self.next_event() else { return Ok(None) };
        if let Some(relay) = &mut self.relay {
            relay.sequence_offset = relay.sequence_offset.wrapping_add(1);
        }
        self.send_event(event, datagram).map(Some)
    }

    /// Lines up a key press.
    ///
    /// # Errors
    /// [`DtmfSendError`]: not a key, too many waiting, or no telephone events agreed on.
    pub fn press(&mut self, digit: char, length: Duration) -> Result<(), DtmfSendError> {
        self.dtmf.as_mut().ok_or(DtmfSendError::NotAgreed)?.press(digit, length)
    }

    /// Goes on with what has been agreed anew, in the same stream (RFC 3550 section 5.1: the source stays).
    ///
    /// # Errors
    /// [`CodecError::Unavailable`] when the codec cannot be set up; all stays as it was then.
    pub fn agree(&mut self, format: AudioFormat) -> Result<(), CodecError> {
        if format.codec != self.format.codec {
            self.encoder = Encoder::new(format.codec)?;
            self.marker = true;
        }
        if format.dtmf_out != self.format.dtmf_out {
            self.dtmf = format.dtmf_out.map(|dtmf| DtmfSender::new(dtmf.clock_rate));
        }
        self.waiting_len = 0;
        self.relay = None;
        self.format = format;
        Ok(())
    }

    /// Tells whether what is sent has nothing above 4 kHz, until another codec is agreed on.
    pub fn expect_narrow(&mut self, narrow: bool) {
        self.encoder.expect_narrow(narrow);
    }

    /// Tells the loss that the receiver reports, for codecs that can do something about it.
    pub fn expect_loss(&mut self, percent: u8) {
        self.encoder.expect_loss(percent);
    }

    /// The stream's identity.
    #[must_use]
    pub const fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// What was sent so far.
    #[must_use]
    pub const fn info(&self) -> SenderInfo {
        SenderInfo { timestamp: self.timestamp, packets: self.packets, octets: self.octets }
    }

    fn next_event(&mut self) -> Option<EventPacket> {
        let timestamp = self.timestamp;
        self.dtmf.as_mut()?.next(timestamp)
    }

    fn send_event(&mut self, event: EventPacket, datagram: &mut [u8]) -> Result<usize, SendError> {
        let payload_type =
            self.format.dtmf_out.map_or(self.format.payload_type_out, |dtmf| dtmf.payload_type);
        let length = event.payload.len();
        let room = datagram.get_mut(RtpHeader::LEN..RtpHeader::LEN + length).ok_or(SendError::NoRoom)?;
        room.copy_from_slice(&event.payload);
        // Sound begins anew after it.
        self.marker = true;
        self.seal(payload_type, event.timestamp, event.marker, length, datagram)
    }

    fn seal(
        &mut self,
        payload_type: u8,
        timestamp: u32,
        marker: bool,
        length: usize,
        datagram: &mut [u8],
    ) -> Result<usize, SendError> {
        RtpHeader { marker, payload_type, sequence: self.sequence, timestamp, ssrc: self.ssrc }
            .write(datagram)
            .map_err(|_| SendError::NoRoom)?;
        self.sequence = self.sequence.wrapping_add(1);
        self.count(length);
        Ok(RtpHeader::LEN + length)
    }

    const fn count(&mut self, octets: usize) {
        self.packets += 1;
        self.octets += octets as u64;
    }

    const fn frame_ticks(&self) -> u32 {
        self.format.codec.clock_rate() / 50
    }
}

/// A packet of 60 ms, less than that of it before a frame comes, and that frame.
const WAITING_MAX: usize = 4 * FRAME_SAMPLES;

#[cfg(test)]
mod tests;
