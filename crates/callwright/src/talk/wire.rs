//! The wire between the sound card and the leg: RTP packets of Opus that never leave the process, so that a talk takes the
//! very way of a call, jitter buffer, echo cancelling and all.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use callwright_audio_core::{CodecError, Decoder, Downsampler, PcmRing, Upsampler};
use callwright_model::{AudioFormat, Codec, FRAME_MS, FRAME_SAMPLES, Frame, PacketIo, SAMPLE_RATE};
use callwright_rtp_core::{AudioSender, DatagramKind, RtpPacket};
use rtrb::{Consumer, Producer};

/// What a browser would have agreed on, without keys.
pub const FORMAT: AudioFormat = AudioFormat {
    codec: Codec::Opus,
    payload_type_in: 111,
    payload_type_out: 111,
    dtmf_in: None,
    dtmf_out: None,
    comfort_noise_in: None,
    comfort_noise_out: None,
    packet_ms_out: 20,
    voip_metrics_out: false,
};

/// How loud both sides are, in whole dBFS.
#[derive(Debug)]
pub struct Levels {
    microphone: AtomicI32,
    agent: AtomicI32,
}

impl Levels {
    /// The microphone's level and the agent's.
    pub fn read(&self) -> (i32, i32) {
        (self.microphone.load(Ordering::Relaxed), self.agent.load(Ordering::Relaxed))
    }
}

impl Default for Levels {
    fn default() -> Self {
        Self { microphone: AtomicI32::new(SILENCE_DBFS), agent: AtomicI32::new(SILENCE_DBFS) }
    }
}

/// The card's end of the wire.
pub struct Wire {
    microphone: Consumer<i16>,
    down: Option<Box<Downsampler<TIMES>>>,
    sender: AudioSender,
    pace: Pace,
    decoder: Decoder,
    pcm: PcmRing,
    up: Option<Box<Upsampler<TIMES>>>,
    speaker: Producer<i16>,
    levels: Arc<Levels>,
}

impl Wire {
    /// A wire from a microphone and to a speaker with their rates, each 48 or 16 kHz.
    ///
    /// # Errors
    /// When the codec cannot be set up.
    pub fn new(
        (microphone, rate_in): (Consumer<i16>, u32),
        (speaker, rate_out): (Producer<i16>, u32),
        levels: Arc<Levels>,
        seed: u64,
    ) -> Result<Self, CodecError> {
        Ok(Self {
            microphone,
            down: (rate_in != SAMPLE_RATE).then(Box::default),
            sender: AudioSender::new(FORMAT, seed)?,
            pace: Pace::start(Instant::now()),
            decoder: Decoder::new(FORMAT.codec)?,
            pcm: PcmRing::new(),
            up: (rate_out != SAMPLE_RATE).then(Box::default),
            speaker,
            levels,
        })
    }

    /// The microphone's next frame, if a whole one is there.
    fn frame(&mut self) -> Option<Frame> {
        let mut frame = Frame::SILENCE;
        match &mut self.down {
            Some(down) => {
                let mut wide = [0; FRAME_SAMPLES * TIMES];
                take(&mut self.microphone, &mut wide)?;
                down.process(&wide, &mut frame.0);
            }
            None => take(&mut self.microphone, &mut frame.0)?,
        }
        Some(frame)
    }

    fn sound(&mut self, frame: &Frame) {
        self.levels.agent.store(frame.level_dbfs() as i32, Ordering::Relaxed);
        match &mut self.up {
            Some(up) => {
                let mut wide = [0; FRAME_SAMPLES * TIMES];
                up.process(&frame.0, &mut wide);
                put(&mut self.speaker, &wide);
            }
            None => put(&mut self.speaker, &frame.0),
        }
    }
}

impl PacketIo for Wire {
    fn receive(&mut self, buffer: &mut [u8]) -> Option<usize> {
        if !self.pace.is_due(Instant::now()) {
            return None;
        }
        let frame = self.frame()?;
        self.pace.took();
        self.levels.microphone.store(frame.level_dbfs() as i32, Ordering::Relaxed);
        self.sender.send(&frame, buffer).ok()
    }

    fn send(&mut self, datagram: &[u8]) -> io::Result<()> {
        if self.speaker.is_abandoned() {
            return Err(io::ErrorKind::NotConnected.into());
        }
        // Its reports tell how the network is; there is none.
        if DatagramKind::of(datagram) != DatagramKind::Rtp {
            return Ok(());
        }
        let Ok(packet) = RtpPacket::parse(datagram) else { return Ok(()) };
        if self.decoder.decode(packet.payload, &mut self.pcm).is_ok() {
            let mut frame = Frame::SILENCE;
            while self.pcm.pop_frame(&mut frame) {
                self.sound(&frame);
            }
        }
        Ok(())
    }
}

fn take(ring: &mut Consumer<i16>, samples: &mut [i16]) -> Option<()> {
    let chunk = ring.read_chunk(samples.len()).ok()?;
    let (first, second) = chunk.as_slices();
    samples[..first.len()].copy_from_slice(first);
    samples[first.len()..].copy_from_slice(second);
    chunk.commit_all();
    Some(())
}

/// A frame for which there is no room is left out: the card's clock is the slower one, and the delay must not grow.
fn put(ring: &mut Producer<i16>, samples: &[i16]) {
    if let Ok(chunk) = ring.write_chunk_uninit(samples.len()) {
        chunk.fill_from_iter(samples.iter().copied());
    }
}

/// Lets a frame pass every 20 ms, and a few at once after a pause. It runs a little fast, so that a card whose clock is
/// fast never waits for us; only a file that plays the card is held back.
struct Pace {
    next: Instant,
    now: Instant,
}

impl Pace {
    const fn start(now: Instant) -> Self {
        Self { next: now, now }
    }

    fn is_due(&mut self, now: Instant) -> bool {
        self.now = now;
        now >= self.next
    }

    fn took(&mut self) {
        let earliest = self.now.checked_sub(BURST).unwrap_or(self.now);
        self.next = self.next.max(earliest) + PERIOD;
    }
}

/// 48 kHz is three times our rate.
const TIMES: usize = 3;
const SILENCE_DBFS: i32 = -100;
/// 20 ms less 0.2 %: clocks of sound cards are off by less than 0.05 %.
const PERIOD: Duration = Duration::from_micros(FRAME_MS as u64 * 998);
/// What a card may deliver at once when its periods are long.
const BURST: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_into_it_comes_out_of_it() {
        let (mut microphone, heard) = rtrb::RingBuffer::new(48_000);
        let (said, mut speaker) = rtrb::RingBuffer::new(48_000);
        let levels = Arc::new(Levels::default());
        let mut wire =
            Wire::new((heard, 48_000), (said, 48_000), Arc::clone(&levels), 7).expect("Opus is there");
        for n in 0..960 * 4 {
            let sample = (f64::from(n) * 0.05).sin() * 8_000.0;
            microphone.push(sample as i16).expect("there is room");
        }
        wire.pace.next = Instant::now() - BURST;
        let mut datagram = [0; 2_048];
        while let Some(length) = wire.receive(&mut datagram) {
            wire.send(&datagram[..length]).expect("the speaker is there");
        }
        let loudest = std::iter::from_fn(|| speaker.pop().ok()).map(i16::unsigned_abs).max();
        assert!(loudest.is_some_and(|peak| peak > 4_000), "{loudest:?}");
        assert!(levels.read().0 > -20, "{levels:?}");
        drop(speaker);
        assert!(wire.send(&datagram).is_err(), "a speaker that is gone ends the leg");
    }

    #[test]
    fn a_file_that_plays_the_card_is_read_in_real_time() {
        let start = Instant::now();
        let mut pace = Pace::start(start);
        let mut frames = 0;
        for ms in 0..10_000 {
            if pace.is_due(start + Duration::from_millis(ms)) {
                pace.took();
                frames += 1;
            }
        }
        assert!((500..=507).contains(&frames), "{frames} frames in ten seconds");
    }
}
