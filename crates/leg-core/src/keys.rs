//! Keys by whichever way they come: in packets of their own, in the sound, in signalling. Each is told once.

use std::time::Duration;

use callwright_audio_core::KeyDetector;
use callwright_model::{AudioFormat, Codec, Frame, MonoTime};

/// How a key came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// As a telephone event (RFC 4733).
    Event,
    /// In the sound.
    Sound,
    /// In signalling, such as by INFO.
    Signalling,
}

pub(crate) struct Keys {
    /// Listens to the sound, where no other way was agreed on.
    detector: Option<Box<KeyDetector>>,
    told: [Option<Told>; TOLD],
    next: usize,
}

/// A key that was told, and the ways by which it has come.
#[derive(Clone, Copy)]
struct Told {
    digit: char,
    at: MonoTime,
    ways: u8,
}

impl Keys {
    pub(crate) fn new(format: &AudioFormat, in_sound: bool) -> Self {
        let mut keys = Self { detector: None, told: [None; TOLD], next: 0 };
        keys.agree(format, in_sound);
        keys
    }

    /// Listens to the sound only where no telephone events are to come. Opus is made for voices and keeps no tones; its ends have events.
    pub(crate) fn agree(&mut self, format: &AudioFormat, in_sound: bool) {
        let listens = in_sound && format.dtmf_in.is_none() && format.codec != Codec::Opus;
        self.detector = listens.then(|| Box::new(KeyDetector::new()));
    }

    /// Whether sound has to be decoded for keys to be heard.
    pub(crate) const fn listens(&self) -> bool {
        self.detector.is_some()
    }

    /// A key that begins in this frame.
    pub(crate) fn hear(&mut self, frame: &Frame) -> Option<char> {
        self.detector.as_mut()?.hear(frame)
    }

    /// Whether a key is held down in the sound.
    pub(crate) fn is_held(&self) -> bool {
        self.detector.as_ref().is_some_and(|detector| detector.held().is_some())
    }

    /// Whether this key is to be told. It is not when it has come by another way already and only now by this one.
    pub(crate) fn is_new(&mut self, digit: char, way: Way, now: MonoTime) -> bool {
        let bit = way.bit();
        let same = self
            .told
            .iter_mut()
            .flatten()
            .filter(|told| told.digit == digit && told.ways & bit == 0 && now.since(told.at) < SAME_KEY);
        // The oldest first, so that of two equal keys each meets its own.
        if let Some(told) = same.min_by_key(|told| told.at) {
            told.ways |= bit;
            return false;
        }
        self.told[self.next] = Some(Told { digit, at: now, ways: bit });
        self.next = (self.next + 1) % TOLD;
        true
    }
}

impl Way {
    const fn bit(self) -> u8 {
        match self {
            Self::Event => 1,
            Self::Sound => 2,
            Self::Signalling => 4,
        }
    }
}

/// An INFO that is lost is sent again after half a second.
const SAME_KEY: Duration = Duration::from_millis(1_200);
/// Keys of a fast typist within that time.
const TOLD: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn told(keys: &[(u64, char, Way)]) -> String {
        let mut all = Keys::new(&AudioFormat::PCMU, true);
        let new = keys.iter().filter(|(at, digit, way)| all.is_new(*digit, *way, MonoTime::from_millis(*at)));
        new.map(|(_, digit, _)| *digit).collect()
    }

    #[test]
    fn a_key_that_comes_by_several_ways_is_told_once() {
        let (e, s, i) = (Way::Event, Way::Sound, Way::Signalling);
        assert_eq!(told(&[(0, '1', e), (60, '1', s), (300, '1', i)]), "1");
        assert_eq!(told(&[(0, '1', s), (200, '1', s), (250, '1', i), (500, '1', i)]), "11", "pressed twice");
        assert_eq!(told(&[(0, '1', e), (200, '2', e), (300, '1', i), (400, '2', i)]), "12");
        assert_eq!(told(&[(0, '1', e), (3_000, '1', i)]), "11", "much later it is another one");
        assert_eq!(
            told(&[(0, '7', i), (100, '7', i), (200, '7', i)]),
            "777",
            "one way tells each key once by itself"
        );
    }

    #[test]
    fn the_sound_is_listened_to_only_where_no_events_come() {
        let events = callwright_model::DtmfFormat { payload_type: 101, clock_rate: 8_000 };
        assert!(Keys::new(&AudioFormat::PCMU, true).listens());
        assert!(!Keys::new(&AudioFormat::PCMU, false).listens());
        assert!(!Keys::new(&AudioFormat { dtmf_in: Some(events), ..AudioFormat::PCMU }, true).listens());
        assert!(!Keys::new(&AudioFormat { codec: Codec::Opus, ..AudioFormat::PCMU }, true).listens());
    }
}
