//! A caller at the other end of a G.711 line, as a leg would hand them to the recogniser.
//!
//! Shared by the accuracy measurement and the tests, none of which uses all of it.
#![allow(dead_code, reason = "each of its users needs another part")]

use std::sync::Arc;

use callwright_audio_core::{Decoder, Encoder, PcmRing};
use callwright_model::{Codec, Frame, Heard, Hints, MonoTime, Recognised, TurnId, Utterance};
use callwright_speech::{Ear, Listening, Speech};
use tokio::sync::{Notify, mpsc};

/// What becomes of sound on a G.711 line.
pub fn over_the_line(sound: &[i16]) -> Vec<Frame> {
    let mut encoder = Encoder::new(Codec::Pcmu).expect("G.711 is always there");
    let mut decoder = Decoder::new(Codec::Pcmu).expect("G.711 is always there");
    let mut ring = PcmRing::new();
    let mut datagram = [0; 1_500];
    sound
        .chunks(320)
        .filter_map(|chunk| {
            let mut frame = Frame::SILENCE;
            frame.0[..chunk.len()].copy_from_slice(chunk);
            let length = encoder.encode(&frame, &mut datagram).expect("a frame fits");
            decoder.decode(&datagram[..length], &mut ring).expect("it is G.711");
            let mut heard = Frame::SILENCE;
            ring.pop_frame(&mut heard).then_some(heard)
        })
        .collect()
}

/// One leg's end of the rings.
pub struct Caller {
    ear: Ear,
    ring: rtrb::Producer<Heard>,
    signal: Arc<Notify>,
    reports: mpsc::Receiver<Recognised>,
    turn: TurnId,
}

impl Caller {
    pub fn new(speech: &Speech, hints: Hints) -> Self {
        let (ring, heard) = rtrb::RingBuffer::new(4_096);
        let signal = Arc::new(Notify::new());
        let (outbox, reports) = mpsc::channel(64);
        let language = hints.language;
        let listening = Listening { heard, signal: Arc::clone(&signal), language, hints, reports: outbox };
        Self { ear: speech.listen(listening), ring, signal, reports, turn: TurnId(0) }
    }

    /// Another question is asked.
    pub fn expect(&self, hints: Hints) {
        self.ear.expect(hints);
    }

    /// Puts one item into the ring.
    pub fn send(&mut self, item: Heard) {
        self.ring.push(item).expect("the ring has room for a turn");
        self.signal.notify_one();
    }

    /// Starts the next turn and tells which it is.
    pub fn start(&mut self) -> TurnId {
        self.turn = self.turn.next();
        self.send(Heard::Start { turn: self.turn, at: MonoTime::ZERO });
        self.turn
    }

    /// Sends sound as it comes out of the line.
    pub fn sound(&mut self, sound: &[i16]) {
        for frame in over_the_line(sound) {
            self.send(Heard::Frame(frame));
        }
    }

    /// A short silence has passed.
    pub fn pause(&mut self) {
        self.send(Heard::Pause { turn: self.turn });
    }

    /// The turn is over.
    pub fn end(&mut self) {
        self.send(Heard::End { turn: self.turn, at: MonoTime::ZERO });
    }

    /// The next report.
    pub async fn report(&mut self) -> Recognised {
        self.reports.recv().await.expect("reports come as long as the ear is there")
    }

    /// Says something in a turn of its own, as a floor would cut it: a little silence before, a pause after 120 ms of silence, the
    /// end after half a second.
    pub async fn says(&mut self, sound: &[i16]) -> Utterance {
        self.start();
        let mut before = vec![0; 16 * 200];
        before.extend_from_slice(sound);
        before.extend([0; 16 * 120]);
        self.sound(&before);
        self.pause();
        self.sound(&[0; 16 * 380]);
        self.end();
        self.utterance().await
    }

    /// The next final.
    pub async fn utterance(&mut self) -> Utterance {
        loop {
            if let Recognised::Final(utterance) = self.report().await {
                return utterance;
            }
        }
    }
}
