//! English speech by flite, in this process.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::ops::ControlFlow;
use std::sync::{Mutex, OnceLock, PoisonError};

use callwright_model::{Language, SAMPLE_RATE, Voice};

use crate::SynthesisError;
use crate::synthesiser::Synthesiser;

mod ffi;

/// The voices linked into this process. There is one set, because a voice is a static object of the library.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flite;

impl Flite {
    /// How the library's letter-to-sound rules pronounce a word, in the phones of the US English recogniser's model.
    pub(crate) fn pronounce(word: &str) -> Option<String> {
        if word.is_empty() || !word.bytes().all(|b| b.is_ascii_lowercase() || b == b'\'') {
            return None;
        }
        let voice = voices().get(DEFAULT_VOICE)?;
        let phones = voice.lock().unwrap_or_else(PoisonError::into_inner).phones(word);
        let phones: Vec<String> = phones
            .iter()
            .filter(|phone| *phone != "pau")
            .map(|phone| if phone == "ax" { "AH".to_owned() } else { phone.to_uppercase() })
            .collect();
        let known = !phones.is_empty() && phones.iter().all(|phone| PHONES.contains(&phone.as_str()));
        known.then(|| phones.join(" "))
    }
}

impl Synthesiser for Flite {
    fn name(&self) -> &'static str {
        "flite"
    }

    fn knows(&self, language: Language) -> bool {
        language == Language::EN
    }

    fn speak(
        &self,
        text: &str,
        _language: Language,
        voice: &Voice,
        take: &mut dyn FnMut(&[i16]) -> ControlFlow<()>,
    ) -> Result<(), SynthesisError> {
        let failed = |reason: &str| SynthesisError::Engine { engine: "flite", reason: reason.to_owned() };
        let text = CString::new(text).map_err(|_| failed("the text holds a zero byte"))?;
        let voices = voices();
        let voice = voices
            .get(voice.0.as_str())
            .or_else(|| voices.get(DEFAULT_VOICE))
            .ok_or_else(|| failed("no voice is linked"))?;
        let mut start = Some(LeadTrim::default());
        let mut stopped = false;
        let spoken =
            voice.lock().unwrap_or_else(PoisonError::into_inner).speak(&text, &mut |samples, rate| {
                if rate != SAMPLE_RATE {
                    return ControlFlow::Break(());
                }
                let rest = match &mut start {
                    None => samples,
                    Some(trim) => match trim.skip(samples) {
                        None => {
                            return if stopped { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
                        }
                        Some(rest) => {
                            let kept = start.take().map(|trim| trim.kept).unwrap_or_default();
                            if take(&kept).is_break() {
                                stopped = true;
                                return ControlFlow::Break(());
                            }
                            rest
                        }
                    },
                };
                let flow = take(rest);
                stopped = flow.is_break();
                flow
            });
        match (stopped, spoken) {
            (true, _) => Err(SynthesisError::Stopped),
            (false, true) => Ok(()),
            (false, false) => Err(failed("it made no sound of the text")),
        }
    }
}

/// Takes the silence off the start of a sentence but for a short lead-in.
#[derive(Debug, Default)]
struct LeadTrim {
    /// The last of the silence, kept so that the first sound is not clipped.
    kept: Vec<i16>,
}

impl LeadTrim {
    /// What of `samples` comes from the first sound on; `None` while it is still silent.
    fn skip<'a>(&mut self, samples: &'a [i16]) -> Option<&'a [i16]> {
        let sound = samples.iter().position(|sample| sample.unsigned_abs() > LEAD_LEVEL);
        let silence = sound.unwrap_or(samples.len());
        self.kept.extend_from_slice(&samples[..silence]);
        let excess = self.kept.len().saturating_sub(LEAD_SAMPLES);
        self.kept.drain(..excess);
        sound.map(|sound| &samples[sound..])
    }
}

fn voices() -> &'static BTreeMap<&'static str, Mutex<ffi::Voice>> {
    static VOICES: OnceLock<BTreeMap<&'static str, Mutex<ffi::Voice>>> = OnceLock::new();
    VOICES.get_or_init(|| {
        VOICE_NAMES.iter().filter_map(|name| Some((*name, Mutex::new(ffi::Voice::register(name)?)))).collect()
    })
}

/// Those that Debian and Ubuntu ship at 16 kHz.
const VOICE_NAMES: [&str; 4] = ["slt", "rms", "awb", "kal16"];
const DEFAULT_VOICE: &str = "slt";
/// Silence kept before the first sound: 10 ms. The voices begin with 140 to 270 ms of it, which the caller would wait for.
const LEAD_SAMPLES: usize = SAMPLE_RATE as usize / 100;
/// Samples up to this count as silence; the voices' own noise stays below it.
const LEAD_LEVEL: u16 = 160;
/// The phones that the recogniser's model knows.
const PHONES: [&str; 39] = [
    "AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH", "IH", "IY",
    "JH", "K", "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "T", "TH", "UH", "UW", "V", "W", "Y",
    "Z", "ZH",
];
