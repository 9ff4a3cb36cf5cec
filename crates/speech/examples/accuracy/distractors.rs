//! What a recogniser must not take for an answer: coughs, hesitations, backchannels, talk to others in the room, babble.

use std::error::Error;

use callwright_model::{Language, Voice};
use callwright_speech::Speech;

/// One sound, of a kind, and what may be heard in it without harm.
pub struct Distractor {
    pub kind: &'static str,
    pub name: String,
    pub sound: Vec<i16>,
    /// The words that were really said, if any.
    said: &'static str,
}

impl Distractor {
    /// Whether these words do no harm: nothing, sounds that mean nothing, or what was really said.
    pub fn is_harmless(&self, heard: &str) -> bool {
        let heard: Vec<&str> = heard.split_whitespace().collect();
        if heard.iter().all(|word| MEANINGLESS.contains(word)) {
            return true;
        }
        let said: Vec<&str> = self.said.split(' ').collect();
        !self.said.is_empty() && crate::distance(&said, &heard) * 3 <= said.len()
    }
}

/// All of them, from four voices and eight seeds.
pub fn distractors(speech: &Speech) -> Result<Vec<Distractor>, Box<dyn Error>> {
    let mut all = Vec::new();
    for seed in 1..=16 {
        let name = format!("seed {seed}");
        all.push(Distractor { kind: "cough", name, sound: cough(seed), said: "" });
    }
    let voices = ["slt", "kal16", "rms", "awb"];
    for voice in voices {
        for (kind, sayings) in
            [("um", &HESITATIONS[..]), ("mm-hm", &BACKCHANNELS[..]), ("side talk", &SIDE_TALK[..])]
        {
            for said in sayings {
                let sound = speech.render(said, Language::EN, &Voice(voice.to_owned()))?;
                let name = format!("{voice} {said}");
                let said = if kind == "side talk" { said } else { "" };
                all.push(Distractor { kind, name, sound, said });
            }
        }
    }
    for seed in 1..=16 {
        let mut random = Random(seed);
        let mut sound = vec![0_i16; 16_000 + random.below(16_000)];
        for _ in 0..5 {
            let text = BABBLE[random.below(BABBLE.len())];
            let voice = Voice(voices[random.below(voices.len())].to_owned());
            let language = [Language::EN, Language::ES][random.below(2)];
            let voice = if language == Language::EN { voice } else { Voice::default() };
            let speaker = speech.render(text, language, &voice)?;
            let from = random.below(speaker.len().saturating_sub(sound.len()).max(1));
            for (sample, other) in sound.iter_mut().zip(&speaker[from..]) {
                *sample = sample.saturating_add(other / 4);
            }
        }
        all.push(Distractor { kind: "babble", name: format!("seed {seed}"), sound, said: "" });
    }
    Ok(all)
}

/// A cough: one to three bursts of noise through a throat, each with a sharp onset and a decay of about 100 ms.
fn cough(seed: u64) -> Vec<i16> {
    let mut random = Random(seed * 7_919);
    let mut sound = Vec::new();
    for _ in 0..=random.below(3) {
        // Two resonances, as an open mouth has.
        let formants = [500.0 + random.unit() * 400.0, 1_400.0 + random.unit() * 900.0];
        let mut state = [[0.0_f32; 2]; 2];
        let length = 2_400 + random.below(2_400);
        let decay = 1_200.0 + random.unit() * 1_600.0;
        for place in 0..length {
            let place = place as f32;
            let envelope = (place / 80.0).min(1.0) * (-place / decay).exp();
            let noise = (random.unit() * 2.0 - 1.0) * envelope;
            let mut out = noise * 0.3;
            for (formant, state) in formants.iter().zip(&mut state) {
                let (r, w) = (0.97, std::f32::consts::TAU * formant / 16_000.0);
                let y = noise * 0.25 + 2.0 * r * w.cos() * state[0] - r * r * state[1];
                *state = [y, state[0]];
                out += y;
            }
            sound.push((out * 5_000.0).clamp(-30_000.0, 30_000.0) as i16);
        }
        sound.extend(std::iter::repeat_n(0, 800 + random.below(1_600)));
    }
    sound
}

/// xorshift: the same sounds in each run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        ((self.next() >> 33) % bound.max(1) as u64) as usize
    }

    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1_u64 << 24) as f32
    }
}

const MEANINGLESS: [&str; 19] = [
    "um", "uh", "uhm", "hm", "hmm", "mm", "ah", "huh", "mm-hmm", "mm-hm", "mhm", "uh-huh", "mmhm", "oh",
    "okay", "right", "aha", "er", "erm",
];
// Written so that the voices say them as sounds, not letter by letter.
const HESITATIONS: [&str; 5] = ["um", "uh", "huh", "ahm", "uh um"];
const BACKCHANNELS: [&str; 4] = ["um hum", "uh huh", "uh hum", "right"];
const SIDE_TALK: [&str; 8] = [
    "hold on a second",
    "not now",
    "i'm on the phone",
    "one moment",
    "just a minute",
    "be right there",
    "can you close the door",
    "turn the tv down",
];
const BABBLE: [&str; 8] = [
    "the weather was quite nice yesterday so we took the children down to the lake for the whole afternoon",
    "and then she told me that nobody had seen the cat since monday which is strange",
    "we should paint the kitchen before winter because the walls look terrible",
    "did you hear what happened at the office last week it was unbelievable",
    "put two cups of flour and a little salt into the bowl and stir it slowly",
    "the match went into extra time and then they lost it on penalties again",
    "my sister lives near the harbour and works for the town council there",
    "there was so much traffic that it took us three hours to get home",
];
