//! Makes the WAV files and the manifest of `audio-fixtures` from its `sentences.tsv`, with the programs flite and espeak-ng.

use std::error::Error;
use std::f64::consts::PI;
use std::fmt::Write as _;
use std::io::Cursor;
use std::path::Path;
use std::process::Command;

use callwright_loadtest::{Clip, Entry, Manifest};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: make_fixtures FOLDER")?;
    let folder = Path::new(&folder);
    let mut manifest = Manifest::default();
    for (number, line) in std::fs::read_to_string(folder.join("sentences.tsv"))?.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, language, engine, voice, words] = fields[..] else {
            return Err(format!("sentences.tsv:{}: five fields are wanted", number + 1).into());
        };
        let samples = assemble(engine, voice, words)?;
        let words = spoken_words(words);
        let file = format!("{name}.wav");
        save(&folder.join(&file), &samples)?;
        let clip = Clip::load(&folder.join(&file))?;
        manifest.clips.push(Entry {
            file,
            words,
            language: language.to_owned(),
            voice: format!("{engine} {voice}"),
            speech_start_ms: clip.speech.start.duration().as_millis().try_into()?,
            speech_end_ms: clip.speech.end.duration().as_millis().try_into()?,
            origin: format!("synthetic: output of {engine}; project licence (MIT OR Apache-2.0)"),
        });
    }
    std::fs::write(folder.join("manifest.toml"), print(&manifest))?;
    // What was written must be readable.
    Manifest::load(&folder.join("manifest.toml"))?;
    Ok(())
}

/// Rust's escapes in strings are TOML's for everything that a sentence holds.
fn print(manifest: &Manifest) -> String {
    let mut text =
        String::from("# Made by ./make from sentences.tsv. Add a [[clip]] for a recording of your own.\n");
    for Entry { file, words, language, voice, speech_start_ms, speech_end_ms, origin } in &manifest.clips {
        let _ = write!(
            text,
            "\n[[clip]]\nfile = {file:?}\nwords = {words:?}\nlanguage = {language:?}\nvoice = {voice:?}\n\
             speech_start_ms = {speech_start_ms}\nspeech_end_ms = {speech_end_ms}\norigin = {origin:?}\n"
        );
    }
    text
}

/// What stands between `<beep 1000>` (Hz, 400 ms) and `<pause 800>` (ms) is spoken.
fn assemble(engine: &str, voice: &str, words: &str) -> Result<Vec<i16>, Box<dyn Error>> {
    let mut all = Vec::new();
    for part in words.split('<') {
        let (mark, text) = part.split_once('>').unwrap_or(("", part));
        match mark.split_once(' ') {
            Some(("pause", ms)) => all.resize(all.len() + ms.parse::<usize>()? * RATE as usize / 1_000, 0),
            Some(("beep", hz)) => {
                let step = 2.0 * PI * hz.parse::<f64>()? / RATE;
                all.extend((0..BEEP_SAMPLES).map(|n| (9_000.0 * (step * f64::from(n)).sin()) as i16));
            }
            Some((other, _)) => return Err(format!("<{other}> is neither <pause> nor <beep>").into()),
            None => {}
        }
        if !text.trim().is_empty() {
            let (samples, rate) = speak(engine, voice, text.trim())?;
            let mut samples = trim(&resample(&samples, rate));
            level(&mut samples);
            all.extend(samples);
        }
    }
    Ok(all)
}

fn spoken_words(words: &str) -> String {
    let parts = words.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text).trim());
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Samples and their rate.
fn speak(engine: &str, voice: &str, words: &str) -> Result<(Vec<i16>, u32), Box<dyn Error>> {
    let output = match engine {
        "flite" => {
            let wav = std::env::temp_dir().join(format!("callwright-fixture-{}.wav", std::process::id()));
            let status =
                Command::new("flite").args(["-voice", voice, "-t", words, "-o"]).arg(&wav).status()?;
            if !status.success() {
                return Err(format!("flite: {status}").into());
            }
            let bytes = std::fs::read(&wav)?;
            std::fs::remove_file(&wav)?;
            bytes
        }
        "espeak-ng" => {
            let output =
                Command::new("espeak-ng").args(["-v", voice, "-s", "150", "--stdout", words]).output()?;
            if !output.status.success() {
                return Err(format!("espeak-ng: {}", output.status).into());
            }
            // A stream has no length in its header; what is missing is the file itself.
            let mut bytes = output.stdout;
            let length = u32::try_from(bytes.len().saturating_sub(44))?.to_le_bytes();
            bytes.get_mut(40..44).ok_or("espeak-ng wrote no WAV header")?.copy_from_slice(&length);
            bytes
        }
        other => return Err(format!("{other} is no engine: flite or espeak-ng").into()),
    };
    let mut reader = hound::WavReader::new(Cursor::new(output))?;
    let rate = reader.spec().sample_rate;
    Ok((reader.samples::<i16>().collect::<Result<_, _>>()?, rate))
}

/// To 8 kHz by a windowed sinc, cut off at 3.6 kHz. Slow and plain: it runs on a developer's machine, once.
fn resample(samples: &[i16], rate: u32) -> Vec<i16> {
    let step = f64::from(rate) / RATE;
    let cutoff = 3_600.0 / f64::from(rate);
    let half = (16.0 / (2.0 * cutoff)).ceil();
    let length = (samples.len() as f64 / step) as usize;
    let at = |n: usize| {
        let centre = n as f64 * step;
        let from = (centre - half).ceil().max(0.0) as usize;
        let to = ((centre + half).floor() as usize).min(samples.len().saturating_sub(1));
        let sum: f64 = (from..=to)
            .map(|place| {
                let x = place as f64 - centre;
                let angle = 2.0 * PI * cutoff * x;
                let sinc = if x.abs() < 1e-9 { 1.0 } else { angle.sin() / angle };
                let window = 0.5 + 0.5 * (PI * x / half).cos();
                f64::from(samples[place]) * sinc * window * 2.0 * cutoff
            })
            .sum();
        sum.clamp(-32_768.0, 32_767.0) as i16
    };
    (0..length).map(at).collect()
}

/// Leaves 60 ms of silence on both sides of the sound.
fn trim(samples: &[i16]) -> Vec<i16> {
    let loud = |&sample: &i16| sample.unsigned_abs() > 120;
    let from = samples.iter().position(loud).unwrap_or(0).saturating_sub(480);
    let to = (samples.iter().rposition(loud).unwrap_or(samples.len()) + 480).min(samples.len());
    samples[from..to].to_vec()
}

/// To a peak of -5 dBFS: the voices differ by more than people on telephones do.
fn level(samples: &mut [i16]) {
    let peak = samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0).max(1);
    let gain = 18_400.0 / f64::from(peak);
    for sample in samples {
        *sample = (f64::from(*sample) * gain) as i16;
    }
}

fn save(path: &Path, samples: &[i16]) -> Result<(), hound::Error> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE as u32,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec)?;
    for &sample in samples {
        writer.write_sample(sample)?;
    }
    writer.finalize()
}

const RATE: f64 = 8_000.0;
const BEEP_SAMPLES: u32 = 3_200;
