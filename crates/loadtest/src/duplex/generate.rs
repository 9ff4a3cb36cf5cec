//! Everything that is heard in a run, made from a seed: the callers' voices by a synthesiser that is handed in, all else by us.
//! Any class of sounds can be replaced by a folder of WAV files.

mod burst;
mod hum;
mod human;
pub(super) mod shape;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use callwright_model::Samples;

use super::conversation::Conversation;
use super::dice::Dice;
use super::profile::Profile;
use crate::clip::Clip;
use burst::Burst;
use hum::Hum;
use human::Tic;
use shape::{Biquad, for_telephone, voice_for_telephone};

/// Who speaks a text: samples at 16 kHz for a text and the name of a voice.
pub trait Speaker {
    /// Speaks a text.
    ///
    /// # Errors
    /// A sentence on why it cannot be spoken.
    fn speak(&self, text: &str, voice: &str) -> Result<Vec<i16>, String>;
}

impl<F: Fn(&str, &str) -> Result<Vec<i16>, String>> Speaker for F {
    fn speak(&self, text: &str, voice: &str) -> Result<Vec<i16>, String> {
        self(text, voice)
    }
}

/// All sounds of a run, at their levels.
#[derive(Debug, Clone)]
pub struct Sounds {
    /// What each voice says.
    pub voices: Vec<Repertoire>,
    /// The people behind the caller, to be played round and round, at the level of speech.
    pub babble: Arc<[i16]>,
    /// At the level of speech.
    pub(crate) bursts: Vec<Clip>,
}

/// What one voice says. A turn is there several times, with other pauses.
#[derive(Debug, Clone, Default)]
pub struct Repertoire {
    /// Turns in their order, each in several ways.
    pub turns: Vec<Vec<Clip>>,
    /// Turns for afterwards, each in several ways.
    pub more: Vec<Vec<Clip>>,
    /// The last turn, in several ways.
    pub farewell: Vec<Clip>,
    /// Said over the agent, to be heard.
    pub interruptions: Vec<Clip>,
    /// Said over the agent, who is to go on.
    pub backchannels: Vec<Clip>,
    /// Coughs and the like, spoken or made.
    pub tics: Vec<Clip>,
    /// Said away from the telephone.
    pub side_talk: Vec<Clip>,
}

impl Sounds {
    /// Makes all sounds. `folder` may hold folders `turns`, `interruptions`, `backchannels`, `tics`, `side_talk`, `babble` and
    /// `bursts` with WAV files, each of which takes the place of what would be made.
    ///
    /// # Errors
    /// What cannot be spoken or read.
    pub fn make(
        conversation: &Conversation,
        profile: &Profile,
        speaker: &dyn Speaker,
        folder: Option<&Path>,
        seed: u64,
    ) -> Result<Self, String> {
        let mut studio = Studio { profile, speaker, seed, spoken: BTreeMap::new() };
        let mut voices = Vec::new();
        for voice in &profile.voices {
            let dice = Dice::new(seed, voice);
            voices.push(studio.repertoire(conversation, voice, folder, dice)?);
        }
        let babble = match recorded(folder, "babble", profile.speech_dbfs)? {
            Some(talk) => overlaid(talk.iter().map(|clip| clip.samples.to_vec()).collect(), seed),
            None if profile.noise_snr_db.is_some() => studio.babble(conversation, seed)?,
            None => Vec::new(),
        };
        let bursts = match recorded(folder, "bursts", profile.speech_dbfs)? {
            Some(bursts) => bursts,
            None => made_bursts(profile, seed),
        };
        let babble = voice_for_telephone(&babble, profile.speech_dbfs).into();
        Ok(Self { voices, babble, bursts })
    }
}

struct Studio<'a> {
    profile: &'a Profile,
    speaker: &'a dyn Speaker,
    seed: u64,
    /// What was spoken before: text and voice.
    spoken: BTreeMap<(String, String), Vec<i16>>,
}

impl Studio<'_> {
    fn repertoire(
        &mut self,
        conversation: &Conversation,
        voice: &str,
        folder: Option<&Path>,
        mut dice: Dice,
    ) -> Result<Repertoire, String> {
        let level = self.profile.speech_dbfs;
        let (turns, more) = match recorded(folder, "turns", level)? {
            Some(turns) => (turns.into_iter().map(|turn| vec![turn]).collect(), Vec::new()),
            None => (
                self.turns(&conversation.turns, voice, &mut dice)?,
                self.turns(&conversation.more, voice, &mut dice)?,
            ),
        };
        let interruptions = match recorded(folder, "interruptions", level)? {
            Some(clips) => clips,
            None => self.said(&conversation.interruptions, voice)?,
        };
        let backchannels = match recorded(folder, "backchannels", level)? {
            Some(clips) => clips,
            None => self.said(&conversation.backchannels, voice)?,
        };
        let tics = match recorded(folder, "tics", level)? {
            Some(clips) => clips,
            None => self.tics(&conversation.tics, voice, &mut dice)?,
        };
        let side_talk = match recorded(folder, "side_talk", level)? {
            Some(clips) => clips,
            None => self.said(&conversation.side_talk, voice)?,
        };
        Ok(Repertoire {
            turns,
            more,
            farewell: vec![self.turn(&conversation.farewell, voice, &mut dice)?],
            interruptions,
            backchannels,
            tics,
            side_talk: side_talk
                .iter()
                .map(|clip| self.away_from_the_telephone(clip))
                .collect::<Result<_, _>>()?,
        })
    }

    fn turns(&mut self, texts: &[String], voice: &str, dice: &mut Dice) -> Result<Vec<Vec<Clip>>, String> {
        let variants =
            |text: &String| if text.contains('|') && self.profile.pause_ms.is_some() { VARIANTS } else { 1 };
        let counts: Vec<usize> = texts.iter().map(variants).collect();
        texts
            .iter()
            .zip(counts)
            .map(|(text, count)| (0..count).map(|_| self.turn(text, voice, dice)).collect())
            .collect()
    }

    /// A turn, with a pause at each bar when the profile has pauses.
    fn turn(&mut self, text: &str, voice: &str, dice: &mut Dice) -> Result<Clip, String> {
        let words = text.split('|').map(str::trim).collect::<Vec<_>>();
        let samples = match self.profile.pause_ms {
            None => self.spoken(&words.join(" "), voice)?,
            Some(range) => {
                let mut whole = Vec::new();
                for (place, part) in words.iter().enumerate() {
                    let part = self.spoken(part, voice)?;
                    if place > 0 {
                        whole.resize(whole.len() + frames(dice.within(range)), 0);
                    }
                    // The pause is as long as it is meant to be, so the parts bring no silence of their own.
                    let speech = clip("part", None, part.clone())?.speech;
                    whole.extend_from_slice(&part[speech.start.0 as usize..speech.end.0 as usize]);
                }
                whole
            }
        };
        let samples = voice_for_telephone(&samples, self.profile.speech_dbfs);
        clip(&words.join(" "), Some(words.join(" ")), samples)
    }

    fn said(&mut self, texts: &[String], voice: &str) -> Result<Vec<Clip>, String> {
        texts
            .iter()
            .map(|text| {
                let sound = match Hum::spelled(text) {
                    Some(hum) => self.hummed(&hum, text, voice)?,
                    None => self.spoken(text, voice)?,
                };
                clip(text, Some(text.clone()), voice_for_telephone(&sound, self.profile.speech_dbfs))
            })
            .collect()
    }

    /// A hum at the pitch of the voice. It has dice of its own, so that a hum more or less changes no other sound.
    fn hummed(&mut self, hum: &Hum, text: &str, voice: &str) -> Result<Vec<i16>, String> {
        let pitch = hum::pitch(&self.spoken(PITCH_OF, voice)?);
        Ok(hum.make(pitch.unwrap_or(USUAL_HZ), &mut Dice::new(self.seed, &format!("{text} {voice}"))))
    }

    /// Spoken ones, and as many again of those that have no words.
    fn tics(&mut self, words: &[String], voice: &str, dice: &mut Dice) -> Result<Vec<Clip>, String> {
        let mut clips = self.said(words, voice)?;
        for tic in Tic::ALL {
            for _ in 0..TICS_OF_A_KIND {
                let sound = for_telephone(&tic.make(dice), self.profile.speech_dbfs);
                clips.push(clip(tic.name(), None, sound)?);
            }
        }
        Ok(clips)
    }

    /// As a voice sounds that is turned away: lower and duller.
    fn away_from_the_telephone(&self, said: &Clip) -> Result<Clip, String> {
        let mut dull = Biquad::low_pass(self.profile.side_talk_hz, 0.707);
        let filtered: Vec<f32> = said.samples.iter().map(|&sample| dull.pass(f32::from(sample))).collect();
        let level = self.profile.speech_dbfs + self.profile.side_talk_db;
        clip(&said.name, said.words.clone(), for_telephone(&filtered, level))
    }

    fn spoken(&mut self, text: &str, voice: &str) -> Result<Vec<i16>, String> {
        let key = (text.to_owned(), voice.to_owned());
        if let Some(known) = self.spoken.get(&key) {
            return Ok(known.clone());
        }
        let samples = self
            .speaker
            .speak(text, voice)
            .map_err(|error| format!("`{text}` cannot be spoken by {voice}: {error}"))?;
        self.spoken.insert(key, samples.clone());
        Ok(samples)
    }

    /// Many people talking at once. Each sentence is also played faster and slower, which makes other people of few voices.
    fn babble(&mut self, conversation: &Conversation, seed: u64) -> Result<Vec<i16>, String> {
        let mut talk = Vec::new();
        for voice in self.profile.voices.clone() {
            for text in &conversation.background {
                let spoken = self.spoken(text, &voice)?;
                talk.extend(SPEEDS.iter().map(|speed| played(&spoken, *speed)));
            }
        }
        Ok(overlaid(talk, seed))
    }
}

/// Lays the talk over itself: so many people who each say one thing after another, in an order of their own.
fn overlaid(talk: Vec<Vec<i16>>, seed: u64) -> Vec<i16> {
    let mut dice = Dice::new(seed, "babble");
    let length = frames(BABBLE);
    let mut sum = vec![0_f32; length];
    if talk.is_empty() {
        return Vec::new();
    }
    for _ in 0..TALKERS {
        let mut at = dice.below(length);
        let loud = shape::decibels(dice.between(-4.0, 4.0) as f32);
        let mut said = 0;
        while said < length {
            let sentence = &talk[dice.below(talk.len())];
            for &sample in sentence {
                sum[at] += f32::from(sample) * loud;
                at = (at + 1) % length;
            }
            said += sentence.len();
        }
    }
    let peak = sum.iter().fold(1.0_f32, |peak, sample| peak.max(sample.abs()));
    sum.iter().map(|sample| shape::clamp(sample / peak * 16_000.0)).collect()
}

/// Played at another speed, pitch and all.
fn played(samples: &[i16], speed: f64) -> Vec<i16> {
    let length = (samples.len() as f64 / speed) as usize;
    (0..length)
        .map(|at| {
            let place = at as f64 * speed;
            let (left, share) = (place as usize, (place.fract()) as f32);
            let here = f32::from(samples[left]);
            let next = samples.get(left + 1).map_or(here, |&next| f32::from(next));
            shape::clamp(here + (next - here) * share)
        })
        .collect()
}

fn made_bursts(profile: &Profile, seed: u64) -> Vec<Clip> {
    let mut dice = Dice::new(seed, "bursts");
    Burst::ALL
        .into_iter()
        .filter_map(|burst| {
            let sound = for_telephone(&burst.make(&mut dice), profile.speech_dbfs);
            Clip::new(burst.name().to_owned(), None, sound)
        })
        .collect()
}

/// The WAV files of a class in name order, at the level of speech; `None` when there is no folder for it.
fn recorded(folder: Option<&Path>, class: &str, level: f32) -> Result<Option<Vec<Clip>>, String> {
    let Some(folder) = folder.map(|folder| folder.join(class)).filter(|folder| folder.is_dir()) else {
        return Ok(None);
    };
    let shown = folder.display();
    let entries = std::fs::read_dir(&folder).map_err(|error| format!("{shown} cannot be read: {error}"))?;
    let mut paths: Vec<_> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("wav")))
        .collect();
    paths.sort();
    let clips: Vec<Clip> = paths
        .iter()
        .map(|path| {
            let read = Clip::load(path)?;
            clip(&read.name, read.words.clone(), voice_for_telephone(&read.samples, level))
        })
        .collect::<Result<_, _>>()?;
    if clips.is_empty() {
        return Err(format!("{shown} holds no WAV file"));
    }
    Ok(Some(clips))
}

fn clip(name: &str, words: Option<String>, samples: Vec<i16>) -> Result<Clip, String> {
    Clip::new(name.to_owned(), words, samples).ok_or_else(|| format!("`{name}` makes no sound"))
}

fn frames(length: Duration) -> usize {
    Samples::of(length).0 as usize
}

/// What a voice says to show its pitch: vowels, in every language that has them.
const PITCH_OF: &str = "a o a o a";
/// Between a man's and a woman's.
const USUAL_HZ: f64 = 150.0;
/// Renderings of a turn with pauses: enough that no pause is learnt.
const VARIANTS: usize = 4;
/// Of each wordless tic, so that together they are more than the spoken ones.
const TICS_OF_A_KIND: usize = 3;
/// A crowd in which no word is understood any more: eight voices are the usual count from which babble is like noise.
const TALKERS: usize = 9;
/// As long as fits a few changes of who is loud, short enough to be made in a moment.
const BABBLE: Duration = Duration::from_secs(40);
/// From a child's to a big man's.
const SPEEDS: [f64; 3] = [0.88, 1.0, 1.2];

#[cfg(test)]
pub(super) mod tests;
