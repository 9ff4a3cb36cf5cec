//! Writes whisper models of the real sizes with random weights, quantised as the published ones. Passes over them cost what
//! passes over real ones of the same size cost; what they hear is nothing.

use std::io::{self, Write};
use std::str::FromStr;

/// A published size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// 39 million weights.
    Tiny,
    /// 74 million.
    Base,
    /// 244 million.
    Small,
}

/// How weights are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weights {
    /// Two bytes each.
    F16,
    /// Blocks of 32: a two-byte scale and a byte each.
    Q8_0,
    /// Blocks of 32: a two-byte scale and offset, and five bits each.
    Q5_1,
}

impl Size {
    /// Its name in file names.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tiny => "tiny",
            Self::Base => "base",
            Self::Small => "small",
        }
    }

    /// Width, heads, and layers of each half.
    const fn shape(self) -> (u32, u32, u32) {
        match self {
            Self::Tiny => (384, 6, 4),
            Self::Base => (512, 8, 6),
            Self::Small => (768, 12, 12),
        }
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Tiny, Self::Base, Self::Small]
            .into_iter()
            .find(|size| size.name() == text)
            .ok_or_else(|| "write tiny, base or small".to_owned())
    }
}

impl Weights {
    /// Its name in file names.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::F16 => "f16",
            Self::Q8_0 => "q8_0",
            Self::Q5_1 => "q5_1",
        }
    }

    /// The library's number for a file and for a tensor of this kind.
    const fn numbers(self) -> (u32, u32) {
        match self {
            Self::F16 => (1, 1),
            // Version 2 of the quantised layouts, counted in thousands.
            Self::Q8_0 => (2_007, 8),
            Self::Q5_1 => (2_009, 7),
        }
    }
}

impl FromStr for Weights {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::F16, Self::Q8_0, Self::Q5_1]
            .into_iter()
            .find(|weights| weights.name() == text)
            .ok_or_else(|| "write f16, q8_0 or q5_1".to_owned())
    }
}

/// Writes a model. The same arguments write the same bytes.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(size: Size, weights: Weights, out: impl Write) -> io::Result<()> {
    let (state, heads, layers) = size.shape();
    let mut file = Writer { out, seed: 0x2545_f491_4f6c_dd1d, state, weights };
    let (ftype, _) = weights.numbers();
    file.numbers(&[MAGIC, VOCABULARY, AUDIO_CTX, state, heads, layers, TEXT_CTX, state, heads, layers])?;
    file.numbers(&[MELS, ftype, MELS, BINS])?;
    for band in 0..MELS {
        for bin in 0..BINS {
            let near = bin.abs_diff(band * BINS / MELS) < 3;
            file.out.write_all(&(if near { 0.02_f32 } else { 0.0 }).to_le_bytes())?;
        }
    }
    file.words()?;
    file.plain("encoder.positional_embedding", &[AUDIO_CTX, state])?;
    file.convolution("encoder.conv1.weight", &[state, MELS, 3])?;
    file.plain("encoder.conv1.bias", &[state, 1])?;
    file.convolution("encoder.conv2.weight", &[state, state, 3])?;
    file.plain("encoder.conv2.bias", &[state, 1])?;
    file.norm("encoder.ln_post")?;
    file.plain("decoder.positional_embedding", &[TEXT_CTX, state])?;
    file.matrix("decoder.token_embedding.weight", VOCABULARY, state)?;
    file.norm("decoder.ln")?;
    for side in ["encoder", "decoder"] {
        for layer in 0..layers {
            file.block(&format!("{side}.blocks.{layer}"), side == "decoder")?;
        }
    }
    file.out.flush()
}

struct Writer<W> {
    out: W,
    seed: u64,
    state: u32,
    weights: Weights,
}

impl<W: Write> Writer<W> {
    fn words(&mut self) -> io::Result<()> {
        self.numbers(&[WORDS])?;
        for number in 0..WORDS {
            // The library needs the blank; the other words are anything.
            let word = if number == 220 { " ".to_owned() } else { format!(" word{number}") };
            self.numbers(&[word.len() as u32])?;
            self.out.write_all(word.as_bytes())?;
        }
        Ok(())
    }

    fn block(&mut self, name: &str, crosses: bool) -> io::Result<()> {
        self.attention(name, "attn")?;
        if crosses {
            self.attention(name, "cross_attn")?;
        }
        let state = self.state;
        self.matrix(&format!("{name}.mlp.0.weight"), 4 * state, state)?;
        self.plain(&format!("{name}.mlp.0.bias"), &[4 * state])?;
        self.matrix(&format!("{name}.mlp.2.weight"), state, 4 * state)?;
        self.plain(&format!("{name}.mlp.2.bias"), &[state])?;
        self.norm(&format!("{name}.mlp_ln"))
    }

    fn attention(&mut self, block: &str, name: &str) -> io::Result<()> {
        for part in ["query", "key", "value", "out"] {
            self.matrix(&format!("{block}.{name}.{part}.weight"), self.state, self.state)?;
            if part != "key" {
                self.plain(&format!("{block}.{name}.{part}.bias"), &[self.state])?;
            }
        }
        self.norm(&format!("{block}.{name}_ln"))
    }

    fn norm(&mut self, name: &str) -> io::Result<()> {
        self.header(&format!("{name}.weight"), &[self.state], PLAIN)?;
        for _ in 0..self.state {
            self.out.write_all(&1.0_f32.to_le_bytes())?;
        }
        self.plain(&format!("{name}.bias"), &[self.state])
    }

    /// Numbers of four bytes.
    fn plain(&mut self, name: &str, shape: &[u32]) -> io::Result<()> {
        self.header(name, shape, PLAIN)?;
        for _ in 0..shape.iter().product::<u32>() {
            let value = (self.random() >> 40) as f32 / (1 << 24) as f32 * 2.0 * SPREAD - SPREAD;
            self.out.write_all(&value.to_le_bytes())?;
        }
        Ok(())
    }

    /// What the library wants in two bytes whatever the rest is in.
    fn convolution(&mut self, name: &str, shape: &[u32]) -> io::Result<()> {
        self.header(name, shape, Weights::F16.numbers().1)?;
        self.halves(shape.iter().product())
    }

    /// A matrix as the model's weights are written. Rows are whole numbers of blocks in every size.
    fn matrix(&mut self, name: &str, rows: u32, columns: u32) -> io::Result<()> {
        self.header(name, &[rows, columns], self.weights.numbers().1)?;
        let blocks = rows * columns / BLOCK;
        match self.weights {
            Weights::F16 => self.halves(rows * columns),
            Weights::Q8_0 => (0..blocks).try_for_each(|_| {
                self.out.write_all(&half(SPREAD / 127.0).to_le_bytes())?;
                self.noise::<32>()
            }),
            Weights::Q5_1 => (0..blocks).try_for_each(|_| {
                self.out.write_all(&half(2.0 * SPREAD / 31.0).to_le_bytes())?;
                self.out.write_all(&half(-SPREAD).to_le_bytes())?;
                self.noise::<20>()
            }),
        }
    }

    fn halves(&mut self, count: u32) -> io::Result<()> {
        for _ in 0..count {
            let value = (self.random() >> 40) as f32 / (1 << 24) as f32 * 2.0 * SPREAD - SPREAD;
            self.out.write_all(&half(value).to_le_bytes())?;
        }
        Ok(())
    }

    /// Random bytes: every one is a weight, or several.
    fn noise<const BYTES: usize>(&mut self) -> io::Result<()> {
        let mut bytes = [0; BYTES];
        for eight in bytes.chunks_mut(8) {
            let random = self.random().to_le_bytes();
            eight.copy_from_slice(&random[..eight.len()]);
        }
        self.out.write_all(&bytes)
    }

    fn header(&mut self, name: &str, shape: &[u32], kind: u32) -> io::Result<()> {
        self.numbers(&[shape.len() as u32, name.len() as u32, kind])?;
        let reversed: Vec<u32> = shape.iter().rev().copied().collect();
        self.numbers(&reversed)?;
        self.out.write_all(name.as_bytes())
    }

    fn numbers(&mut self, numbers: &[u32]) -> io::Result<()> {
        numbers.iter().try_for_each(|number| self.out.write_all(&number.to_le_bytes()))
    }

    fn random(&mut self) -> u64 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        self.seed
    }
}

/// The two-byte float next to a small number; what is too small for a whole exponent becomes zero.
fn half(value: f32) -> u16 {
    let bits = value.to_bits();
    let exponent = (bits >> 23 & 0xff).saturating_sub(112);
    let magnitude = if exponent == 0 { 0 } else { exponent << 10 | bits >> 13 & 0x3ff };
    (magnitude | bits >> 16 & 0x8000) as u16
}

const MAGIC: u32 = 0x6767_6d6c;
/// That of the real multilingual models: places of special tokens follow from it.
const VOCABULARY: u32 = 51_865;
/// Entries written; the rest are special tokens that the library makes itself.
const WORDS: u32 = 50_257;
const AUDIO_CTX: u32 = 1_500;
const TEXT_CTX: u32 = 448;
const MELS: u32 = 80;
const BINS: u32 = 201;
/// Weights of a quantised block.
const BLOCK: u32 = 32;
/// The library's number for four-byte floats.
const PLAIN: u32 = 0;
/// Weights lie between this and its negative, about as wide as real ones.
const SPREAD: f32 = 0.1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantised_model_is_as_long_as_its_blocks_make_it() {
        let length = |weights| {
            let mut bytes = Vec::new();
            write(Size::Tiny, weights, &mut bytes).expect("memory is writable");
            bytes.len()
        };
        let [f16, q8, q5] = [Weights::F16, Weights::Q8_0, Weights::Q5_1].map(length);
        // The published files have 77.7, 43.5 and 32.2 MB.
        assert!((76_000_000..80_000_000).contains(&f16), "{f16}");
        assert!((42_000_000..46_000_000).contains(&q8), "{q8}");
        assert!((31_000_000..34_000_000).contains(&q5), "{q5}");
    }

    #[test]
    fn halves_are_near_what_they_stand_for() {
        assert_eq!(half(1.0), 0x3c00);
        assert_eq!(half(-0.5), 0xb800);
        assert_eq!(half(1e-9), 0);
    }
}
