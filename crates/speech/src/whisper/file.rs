//! Looks through a ggml whisper file before the library does, which reads without checking: that each part has a plausible size and
//! that the file ends where its last tensor does.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// Says what is wrong with a file, if anything.
pub(super) fn check(path: &Path) -> Result<(), String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let length = file.metadata().map_err(|error| error.to_string())?.len();
    walk(&mut BufReader::new(file), length)
}

/// Walks from the magic number to the end of the last tensor.
fn walk(file: &mut (impl Read + Seek), length: u64) -> Result<(), String> {
    let mut file = Walker { file, left: length };
    if file.number()? != MAGIC {
        return Err("it does not begin as a ggml file does".to_owned());
    }
    for (name, least, most) in SHAPE {
        let value = file.number()?;
        if !(least..=most).contains(&value) {
            return Err(format!("{name} is {value}"));
        }
    }
    let (mels, bins) = (file.number()?, file.number()?);
    if !(1..=256).contains(&mels) || !(1..=4_096).contains(&bins) {
        return Err(format!("its mel filters are {mels} by {bins}"));
    }
    file.skip(u64::from(mels) * u64::from(bins) * 4)?;
    let words = file.number()?;
    if words > 52_000 {
        return Err(format!("it has {words} words"));
    }
    let mut blank = false;
    for _ in 0..words {
        let bytes = file.number()?;
        if bytes > 1_024 {
            return Err(format!("it has a word of {bytes} bytes"));
        }
        if bytes == 1 {
            blank |= file.byte()? == b' ';
        } else {
            file.skip(u64::from(bytes))?;
        }
    }
    // The library looks this one up by name and throws when it is not there.
    if !blank {
        return Err("its vocabulary has no blank".to_owned());
    }
    let mut tensors = 0;
    while file.left > 0 {
        tensor(&mut file)?;
        tensors += 1;
    }
    if tensors == 0 { Err("it holds no tensors".to_owned()) } else { Ok(()) }
}

fn tensor<F: Read + Seek>(file: &mut Walker<'_, F>) -> Result<(), String> {
    let (dimensions, name, kind) = (file.number()?, file.number()?, file.number()?);
    if !(1..=4).contains(&dimensions) || !(1..=256).contains(&name) {
        return Err("a tensor's header is damaged".to_owned());
    }
    let mut elements = 1_u64;
    for _ in 0..dimensions {
        elements = elements.saturating_mul(u64::from(file.number()?));
    }
    let Some((_, block, bytes)) = KINDS.iter().find(|(number, ..)| *number == kind) else {
        return Err(format!("a tensor is of the unknown kind {kind}"));
    };
    if elements == 0 || elements > ELEMENTS_MAX || !elements.is_multiple_of(*block) {
        return Err(format!("a tensor has {elements} elements"));
    }
    file.skip(u64::from(name))?;
    file.skip(elements / block * bytes)
}

struct Walker<'a, F> {
    file: &'a mut F,
    left: u64,
}

impl<F: Read + Seek> Walker<'_, F> {
    fn number(&mut self) -> Result<u32, String> {
        if self.left < 4 {
            return Err("it ends too early".to_owned());
        }
        let mut bytes = [0; 4];
        self.file.read_exact(&mut bytes).map_err(|error: io::Error| error.to_string())?;
        self.left -= 4;
        Ok(u32::from_le_bytes(bytes))
    }

    fn byte(&mut self) -> Result<u8, String> {
        if self.left < 1 {
            return Err("it ends too early".to_owned());
        }
        let mut byte = [0];
        self.file.read_exact(&mut byte).map_err(|error| error.to_string())?;
        self.left -= 1;
        Ok(byte[0])
    }

    fn skip(&mut self, bytes: u64) -> Result<(), String> {
        if bytes > self.left {
            return Err("it ends too early".to_owned());
        }
        let bytes_signed = i64::try_from(bytes).map_err(|error| error.to_string())?;
        self.file.seek(SeekFrom::Current(bytes_signed)).map_err(|error| error.to_string())?;
        self.left -= bytes;
        Ok(())
    }
}

const MAGIC: u32 = 0x6767_6d6c;
/// The header's numbers in order with what is plausible: the largest published model has 1,280 by 32.
const SHAPE: [(&str, u32, u32); 11] = [
    // The places of its special tokens are fixed, and the library does not look whether they are there.
    ("n_vocab", 51_864, 52_000),
    ("n_audio_ctx", 1, 6_000),
    ("n_audio_state", 1, 8_192),
    ("n_audio_head", 1, 128),
    ("n_audio_layer", 1, 128),
    ("n_text_ctx", 1, 4_096),
    ("n_text_state", 1, 8_192),
    ("n_text_head", 1, 128),
    ("n_text_layer", 1, 128),
    ("n_mels", 1, 256),
    ("ftype", 0, 100_000),
];
/// The library's kinds of numbers: their number in files, elements in a block, bytes of a block.
const KINDS: [(u32, u64, u64); 12] = [
    (0, 1, 4),
    (1, 1, 2),
    (2, 32, 18),
    (3, 32, 20),
    (6, 32, 22),
    (7, 32, 24),
    (8, 32, 34),
    (10, 256, 84),
    (11, 256, 110),
    (12, 256, 144),
    (13, 256, 176),
    (14, 256, 210),
];
/// The largest tensor of the largest model has 66 million.
const ELEMENTS_MAX: u64 = 1 << 30;

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn junk_is_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..300), magic: bool) {
            if magic && bytes.len() >= 4 {
                bytes[..4].copy_from_slice(&MAGIC.to_le_bytes());
            }
            let length = bytes.len() as u64;
            prop_assert!(walk(&mut Cursor::new(bytes), length).is_err());
        }
    }
}
