//! From packets to one frame a tick: statistics, telephone events, jitter buffer and decoder put together.

use callwright_audio_core::{
    CodecError, ComfortNoise, Decoder, PcmRing, lengthen, packet_ticks, samples_of_ticks, shorten,
    ticks_of_samples,
};
use callwright_model::{AudioFormat, Codec, FRAME_SAMPLES, Frame, MonoTime};

use crate::jitter_buffer::{Incoming, Insertion, JitterBuffer, Play, ReceiverConfig};
use crate::packet::RtpPacket;
use crate::statistics::{Admission, StreamStatistics};
use crate::telephone_event::DtmfReceiver;

/// What a packet was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// Sound that will be played.
    Audio,
    /// A key was pressed.
    Digit(char),
    /// A telephone event that says nothing new.
    Event,
    /// Word that nobody speaks (RFC 3389); comfort noise is played.
    Comfort,
    /// Nothing of use.
    Dropped(DropReason),
}

/// Why a packet was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropReason {
    /// It came twice.
    Duplicate,
    /// It came after its sound was due.
    Late,
    /// It is of another stream, which may become ours with its next packet.
    OtherStream,
    /// Its payload type was not agreed on.
    PayloadType,
    /// Its payload is no packet of the codec.
    Malformed,
}

/// What a frame is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Played {
    /// The other side's sound.
    Voice,
    /// A guess, at least in part.
    Concealed,
    /// Nothing comes.
    Silence,
}

/// Counts since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReceiverCounters {
    /// Ticks.
    pub frames: u64,
    /// Frames with a guess in them.
    pub frames_concealed: u64,
    /// Frames without a stream.
    pub frames_silent: u64,
    /// Packets that came too late.
    pub packets_late: u64,
    /// Packets thrown away because too much was waiting.
    pub packets_skipped: u64,
    /// Packets of a payload type that was not agreed on.
    pub packets_unknown: u64,
    /// Packets that the codec refused.
    pub packets_malformed: u64,
    /// Samples left out to lower the delay.
    pub samples_shortened: u64,
    /// Samples added to raise it.
    pub samples_stretched: u64,
}

/// The receiving half of a leg's sound.
pub struct AudioReceiver {
    format: AudioFormat,
    config: ReceiverConfig,
    statistics: StreamStatistics,
    dtmf: DtmfReceiver,
    jitter: JitterBuffer,
    decoder: Decoder,
    pcm: PcmRing,
    counters: ReceiverCounters,
    /// What the other end wants to be heard while nobody speaks.
    comfort: Option<ComfortNoise>,
    /// Whether the last frame was soft enough that one more or less of it is not noticed.
    was_soft: bool,
    ticks_silent: u32,
    ticks_since_cut: u32,
    ticks_since_gain: u32,
}

impl AudioReceiver {
    /// Before the first packet; the only place that allocates.
    ///
    /// # Errors
    /// [`CodecError::Unavailable`] when the codec cannot be set up.
    pub fn new(format: AudioFormat, config: ReceiverConfig) -> Result<Self, CodecError> {
        let clock_rate = format.codec.clock_rate();
        Ok(Self {
            format,
            statistics: StreamStatistics::new(clock_rate),
            dtmf: DtmfReceiver::new(),
            jitter: JitterBuffer::new(clock_rate, &config),
            config,
            decoder: Decoder::new(format.codec)?,
            pcm: PcmRing::new(),
            counters: ReceiverCounters::default(),
            comfort: None,
            was_soft: true,
            ticks_silent: TICKS_OF_COMFORT,
            ticks_since_cut: 0,
            ticks_since_gain: 0,
        })
    }

    /// Goes on with what has been agreed anew. What waits in another codec is lost; counts go on.
    ///
    /// # Errors
    /// [`CodecError::Unavailable`] when the codec cannot be set up; all stays as it was then.
    pub fn agree(&mut self, format: AudioFormat) -> Result<(), CodecError> {
        let (old, new) = (self.format.codec, format.codec);
        if old != new {
            self.decoder = Decoder::new(new)?;
            self.jitter.begin_at(new.clock_rate(), &self.config);
            self.statistics.begin_at(new.clock_rate());
            self.comfort = None;
        }
        self.format = format;
        Ok(())
    }

    /// Takes a packet that came from the other side.
    pub fn handle_packet(&mut self, packet: &RtpPacket<'_>, now: MonoTime) -> Arrival {
        let payload_type = packet.header.payload_type;
        let is_event = self.format.dtmf_in.is_some_and(|dtmf| dtmf.payload_type == payload_type);
        let is_audio = payload_type == self.format.payload_type_in;
        if !is_event && !is_audio && self.is_comfort(payload_type) {
            return self.take_comfort(packet, now);
        }
        if !is_event && !is_audio {
            self.counters.packets_unknown += 1;
            return Arrival::Dropped(DropReason::PayloadType);
        }
        let ticks = packet_ticks(self.format.codec, packet.payload);
        if is_audio && ticks.is_none() {
            self.counters.packets_malformed += 1;
            return Arrival::Dropped(DropReason::Malformed);
        }
        let sequence = match self.statistics.handle(&packet.header, is_audio, now) {
            Admission::Accepted { sequence, restarted } => {
                if restarted {
                    self.begin_anew();
                }
                sequence
            }
            Admission::Duplicate => return Arrival::Dropped(DropReason::Duplicate),
            Admission::Old => return self.late(),
            Admission::Probation => return Arrival::Dropped(DropReason::OtherStream),
        };
        if is_event {
            let digit = self.dtmf.handle(packet.header.timestamp, packet.payload, now);
            return digit.map_or(Arrival::Event, Arrival::Digit);
        }
        let incoming = Incoming {
            sequence,
            timestamp: packet.header.timestamp,
            marker: packet.header.marker,
            ticks: ticks.unwrap_or(0),
            payload: packet.payload,
        };
        match self.jitter.insert(&incoming, now) {
            Insertion::Queued | Insertion::Restarted => {
                if is_silence(self.format.codec, packet.payload) {
                    self.jitter.expect_pause(sequence + 1);
                }
                Arrival::Audio
            }
            Insertion::Late => self.late(),
            Insertion::Duplicate => Arrival::Dropped(DropReason::Duplicate),
            Insertion::TooLarge => {
                self.counters.packets_malformed += 1;
                Arrival::Dropped(DropReason::Malformed)
            }
        }
    }

    /// Writes the next 20 ms over `frame`.
    pub fn tick(&mut self, now: MonoTime, frame: &mut Frame) -> Played {
        self.counters.frames += 1;
        let mut played = Played::Voice;
        self.stretch_if_short(now);
        while self.pcm.len() < FRAME_SAMPLES {
            match self.play_next(now) {
                Played::Voice => self.leave_out_if_long(now),
                Played::Concealed => played = Played::Concealed,
                Played::Silence => {
                    played = Played::Silence;
                    break;
                }
            }
        }
        self.shorten_if_very_long(now);
        if played == Played::Voice {
            self.lengthen_before_it_is_short(now);
        }
        if !self.pcm.pop_frame(frame) {
            *frame = Frame::SILENCE;
        }
        self.was_soft = is_soft(&frame.0);
        match played {
            Played::Voice => self.ticks_silent = 0,
            Played::Concealed => {
                self.ticks_silent = 0;
                self.counters.frames_concealed += 1;
            }
            Played::Silence => {
                self.ticks_silent = self.ticks_silent.saturating_add(1);
                self.counters.frames_silent += 1;
            }
        }
        played
    }

    /// Counts so far.
    #[must_use]
    pub fn counters(&self) -> ReceiverCounters {
        ReceiverCounters { packets_skipped: self.jitter.skipped(), ..self.counters }
    }

    /// The stream's statistics.
    #[must_use]
    pub const fn statistics(&self) -> &StreamStatistics {
        &self.statistics
    }

    /// The stream's statistics, for a report that starts a new interval.
    pub const fn statistics_mut(&mut self) -> &mut StreamStatistics {
        &mut self.statistics
    }

    /// The jitter buffer, to be looked at.
    #[must_use]
    pub const fn jitter_buffer(&self) -> &JitterBuffer {
        &self.jitter
    }

    /// How long the sound of the last tick had waited, beyond the fastest packet's way.
    #[must_use]
    pub fn delay(&self, now: MonoTime) -> std::time::Duration {
        self.jitter.delay(now, self.pending())
    }

    /// The key that the other side holds down, if any.
    #[must_use]
    pub fn key_held(&self, now: MonoTime) -> Option<char> {
        self.dtmf.held(now)
    }

    /// 13 is its number where the clock counts 8,000 (RFC 3389 section 4).
    fn is_comfort(&self, payload_type: u8) -> bool {
        self.format.comfort_noise_in == Some(payload_type)
            || payload_type == COMFORT_NOISE && self.format.codec.clock_rate() == 8_000
    }

    fn take_comfort(&mut self, packet: &RtpPacket<'_>, now: MonoTime) -> Arrival {
        match self.statistics.handle(&packet.header, true, now) {
            Admission::Accepted { sequence, restarted } => {
                if restarted {
                    self.begin_anew();
                }
                self.jitter.expect_pause(sequence);
                self.comfort = Some(ComfortNoise::of(packet.payload));
                Arrival::Comfort
            }
            Admission::Duplicate => Arrival::Dropped(DropReason::Duplicate),
            Admission::Old => self.late(),
            Admission::Probation => Arrival::Dropped(DropReason::OtherStream),
        }
    }

    /// Another stream, or the old one started over.
    fn begin_anew(&mut self) {
        self.jitter.reset();
        self.dtmf = DtmfReceiver::new();
        self.comfort = None;
    }

    fn late(&mut self) -> Arrival {
        self.counters.packets_late += 1;
        Arrival::Dropped(DropReason::Late)
    }

    fn pending(&self) -> u32 {
        ticks_of_samples(self.format.codec, self.pcm.len())
    }

    /// Moves what the jitter buffer gives out next into `pcm`.
    fn play_next(&mut self, now: MonoTime) -> Played {
        let codec: Codec = self.format.codec;
        let pending = ticks_of_samples(codec, self.pcm.len());
        match self.jitter.next(now, pending) {
            Play::Packet { payload } => {
                if self.decoder.decode(payload, &mut self.pcm).is_ok() {
                    return Played::Voice;
                }
                self.counters.packets_malformed += 1;
                self.decoder.conceal(FRAME_SAMPLES, &mut self.pcm);
                Played::Concealed
            }
            Play::Conceal { ticks, next } => {
                let samples = samples_of_ticks(codec, ticks).max(1);
                match next {
                    Some(next) => self.decoder.recover(next, samples, &mut self.pcm),
                    None => self.decoder.conceal(samples, &mut self.pcm),
                };
                Played::Concealed
            }
            Play::Silence => {
                // The background goes on for a while: a line that falls dead between two spurts sounds broken.
                // Whoever looks ahead may have more than a frame already.
                let missing = FRAME_SAMPLES.saturating_sub(self.pcm.len());
                if missing == 0 {
                    return Played::Silence;
                }
                if let Some(comfort) = &mut self.comfort {
                    let mut noise = [0; FRAME_SAMPLES];
                    comfort.fill(&mut noise[..missing]);
                    self.pcm.push(&noise[..missing]);
                } else if self.ticks_silent < TICKS_OF_COMFORT {
                    self.decoder.conceal(missing, &mut self.pcm);
                } else {
                    self.pcm.push(&[0; FRAME_SAMPLES][..missing]);
                }
                Played::Silence
            }
        }
    }

    /// The network has become slower: plays a soft frame twice rather than run dry in the middle of a word.
    fn stretch_if_short(&mut self, now: MonoTime) {
        if !self.was_soft || self.pcm.len() >= FRAME_SAMPLES {
            return;
        }
        let frame = i64::from(ticks_of_samples(self.format.codec, FRAME_SAMPLES));
        if self.jitter.surplus(now, self.pending()).is_some_and(|surplus| surplus <= -frame) {
            let added = self.decoder.conceal(FRAME_SAMPLES, &mut self.pcm);
            self.counters.samples_stretched += added as u64;
        }
    }

    /// The sender's clock is slow, or the network becomes slower: says a cycle of the voice twice, long before it would have to be
    /// invented.
    fn lengthen_before_it_is_short(&mut self, now: MonoTime) {
        self.ticks_since_gain = self.ticks_since_gain.saturating_add(1);
        if self.ticks_since_gain < TICKS_BETWEEN_GAINS {
            return;
        }
        if self.jitter.is_nearly_dry(now, ticks_of_samples(self.format.codec, FRAME_SAMPLES)) {
            self.counters.samples_stretched += lengthen(&mut self.pcm) as u64;
            self.ticks_since_gain = 0;
        }
    }

    /// The network has become faster: leaves a soft packet out.
    fn leave_out_if_long(&mut self, now: MonoTime) {
        let frame = i64::from(ticks_of_samples(self.format.codec, FRAME_SAMPLES));
        let surplus = self.jitter.surplus(now, self.pending()).unwrap_or(0);
        if self.pcm.len() >= FRAME_SAMPLES && surplus >= frame {
            let last = &self.pcm.as_slice()[self.pcm.len() - FRAME_SAMPLES..];
            if self.was_soft && is_soft(last) {
                self.pcm.truncate(self.pcm.len() - FRAME_SAMPLES);
                self.counters.samples_shortened += FRAME_SAMPLES as u64;
            }
        }
    }

    /// No soft packet comes: takes single cycles out of the voice.
    fn shorten_if_very_long(&mut self, now: MonoTime) {
        self.ticks_since_cut = self.ticks_since_cut.saturating_add(1);
        let frame = i64::from(ticks_of_samples(self.format.codec, FRAME_SAMPLES));
        let surplus = self.jitter.surplus(now, self.pending()).unwrap_or(0);
        if surplus < 2 * frame || self.ticks_since_cut < TICKS_BETWEEN_CUTS {
            return;
        }
        // A cut needs sound on both sides, and what is left has to fill the frame.
        while self.pcm.len() < 2 * FRAME_SAMPLES {
            if self.play_next(now) != Played::Voice {
                return;
            }
        }
        self.counters.samples_shortened += shorten(&mut self.pcm) as u64;
        self.ticks_since_cut = 0;
    }
}

/// Whether a packet says that silence begins: an empty frame, after which Opus need not send for 400 ms (RFC 6716 section 2.1.9).
fn is_silence(codec: Codec, payload: &[u8]) -> bool {
    match codec {
        Codec::Opus => payload.len() <= 2,
        Codec::Pcmu | Codec::Pcma | Codec::G722 => false,
    }
}

/// Below -45 dBFS a repeated or missing frame goes unnoticed.
fn is_soft(samples: &[i16]) -> bool {
    let energy: i64 = samples.iter().map(|&sample| i64::from(sample) * i64::from(sample)).sum();
    energy < 184 * 184 * samples.len() as i64
}

/// The static payload type of comfort noise.
const COMFORT_NOISE: u8 = 13;
/// Comfort noise is kept up for five seconds without packets.
const TICKS_OF_COMFORT: u32 = 250;
/// One cycle in 60 ms is a tempo nobody notices.
const TICKS_BETWEEN_CUTS: u32 = 3;
/// One cycle in 200 ms: what a search costs, and the tempo, go unnoticed even where nothing is alike.
const TICKS_BETWEEN_GAINS: u32 = 10;

#[cfg(test)]
mod tests;
