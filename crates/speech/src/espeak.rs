//! Speech in most languages by the `espeak-ng` program, a child process for each sentence.
//!
//! The program is under the GPL and therefore never linked. The text goes to its standard input, so that nothing in it can be taken
//! for an option; its standard output is a WAV stream whose header gives the rate and whose length field means nothing.
//!
//! The program tells no word times (its library would, its command line does not), so the words' places are worked out from the
//! sound by [`crate::word_share`].

use std::io::{Read, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use callwright_model::{Language, SAMPLE_RATE, Voice};

use crate::SynthesisError;
use crate::resample::Resampler;
use crate::synthesiser::{Spoken, Synthesiser};
use crate::wav::Header;

/// The engine.
#[derive(Debug, Clone)]
pub(crate) struct Espeak {
    pub(crate) program: PathBuf,
    pub(crate) timeout: Duration,
}

impl Synthesiser for Espeak {
    fn name(&self) -> &'static str {
        NAME
    }

    fn knows(&self, language: Language) -> bool {
        !UNREADABLE.contains(&language.code())
    }

    fn speak(
        &self,
        text: &str,
        language: Language,
        voice: &Voice,
        take: &mut dyn FnMut(Spoken<'_>) -> ControlFlow<()>,
    ) -> Result<(), SynthesisError> {
        if !self.knows(language) {
            return Err(SynthesisError::Language(language));
        }
        let mut child = Command::new(&self.program)
            .args([
                "--stdin",
                "--stdout",
                "-b",
                "1",
                "-s",
                WORDS_PER_MINUTE,
                "-v",
                &voice_name(language, voice),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|_| SynthesisError::Program(self.program.clone()))?;
        let result = self.run(&mut child, text, take);
        // It has ended, or nobody wants the rest. Killing what has ended does nothing.
        let _ = child.kill();
        let _ = child.wait();
        result
    }
}

impl Espeak {
    fn run(
        &self,
        child: &mut Child,
        text: &str,
        take: &mut dyn FnMut(Spoken<'_>) -> ControlFlow<()>,
    ) -> Result<(), SynthesisError> {
        let failed = |reason: &str| SynthesisError::Engine { engine: NAME, reason: reason.to_owned() };
        let stdin = child.stdin.take().ok_or_else(|| failed("it has no input"))?;
        let stdout = child.stdout.take().ok_or_else(|| failed("it has no output"))?;
        let (pieces_in, pieces) = sync_channel(PIECES_WAITING);
        std::thread::scope(|scope| {
            // Both threads end when the child does: its pipes break. So it is killed inside this scope on every way out.
            scope.spawn(move || {
                let mut stdin = stdin;
                // A child that died early breaks the pipe; its silence tells.
                let _ = stdin.write_all(text.as_bytes());
            });
            scope.spawn(move || read(stdout, &pieces_in));
            let mut sound = Sound::default();
            let deadline = Instant::now() + self.timeout;
            let result = loop {
                match pieces.recv_timeout(STOP_CHECK) {
                    Ok(piece) => match sound.add(&piece) {
                        None => break Err(failed("its output is not WAV")),
                        Some(samples) => {
                            if take(Spoken::Sound(samples)).is_break() {
                                break Err(SynthesisError::Stopped);
                            }
                        }
                    },
                    Err(RecvTimeoutError::Timeout) if take(Spoken::Sound(&[])).is_break() => {
                        break Err(SynthesisError::Stopped);
                    }
                    Err(RecvTimeoutError::Timeout) if Instant::now() > deadline => {
                        break Err(SynthesisError::Timeout(self.timeout));
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => {
                        break match sound.finish() {
                            [] => Err(failed("it said nothing")),
                            samples if take(Spoken::Sound(samples)).is_break() => {
                                Err(SynthesisError::Stopped)
                            }
                            _ => Ok(()),
                        };
                    }
                }
            };
            let _ = child.kill();
            drop(pieces);
            result
        })
    }
}

fn read(mut stdout: ChildStdout, pieces: &SyncSender<Vec<u8>>) {
    let mut piece = vec![0; PIECE_BYTES];
    while let Ok(length) = stdout.read(&mut piece) {
        if length == 0 || pieces.send(piece[..length].to_vec()).is_err() {
            return;
        }
    }
}

/// WAV bytes in, samples at 16 kHz out.
#[derive(Default)]
struct Sound {
    /// Bytes of the header, or an odd byte of a sample.
    bytes: Vec<u8>,
    resampler: Option<Resampler>,
    out: Vec<i16>,
    any: bool,
}

impl Sound {
    /// `None` when it is not the WAV we know.
    fn add(&mut self, piece: &[u8]) -> Option<&[i16]> {
        self.bytes.extend_from_slice(piece);
        self.out.clear();
        if self.resampler.is_none() {
            let Some(header) = Header::parse(&self.bytes).ok()? else { return Some(&[]) };
            if header.channels != 1 || header.bits != 16 {
                return None;
            }
            self.resampler = Some(Resampler::new(header.rate, SAMPLE_RATE)?);
            self.bytes.drain(..header.length);
        }
        let whole = self.bytes.len() / 2 * 2;
        let samples: Vec<i16> =
            self.bytes[..whole].chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
        self.bytes.drain(..whole);
        self.any |= !samples.is_empty();
        self.resampler.as_mut()?.push(&samples, &mut self.out);
        Some(&self.out)
    }

    fn finish(&mut self) -> &[i16] {
        self.out.clear();
        if let Some(resampler) = self.resampler.as_mut().filter(|_| self.any) {
            resampler.finish(&mut self.out);
        }
        &self.out
    }
}

/// Whether it is a voice of this engine for the language; one of another engine, such as `slt`, is not.
pub(crate) fn is_voice(language: Language, voice: &Voice) -> bool {
    let name = &voice.0;
    name.starts_with(language.code())
        && name.len() <= 32
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'_'))
}

fn voice_name(language: Language, voice: &Voice) -> String {
    if is_voice(language, voice) {
        return voice.0.clone();
    }
    match language.code() {
        "en" => "en-us",
        "es" => "es-419",
        "fr" => "fr-fr",
        "pt" => "pt-br",
        "no" => "nb",
        code => code,
    }
    .to_owned()
}

const NAME: &str = "espeak-ng";
/// A little slower than the program's 175: these are facts that the caller must catch.
const WORDS_PER_MINUTE: &str = "160";
const PIECE_BYTES: usize = 8_192;
/// Pieces read ahead of the resampler.
const PIECES_WAITING: usize = 8;
/// How soon a silent child is seen to be unwanted.
const STOP_CHECK: Duration = Duration::from_millis(20);
/// Languages whose script Debian's build of the program spells out instead of reading.
const UNREADABLE: [&str; 2] = ["ja", "zh"];
