//! Writes a whisper model file of random weights: the shape of a real multilingual one, shrunk. It proves that a model loads, is
//! scheduled and stops when told to. It proves nothing about accuracy.

/// The bytes of the file.
pub fn model() -> Vec<u8> {
    let mut file = Writer { bytes: Vec::new(), seed: 0x2545_f491_4f6c_dd1d };
    file.numbers(&[0x6767_6d6c]);
    file.numbers(&[VOCABULARY, AUDIO_CTX, STATE, HEADS, LAYERS, TEXT_CTX, STATE, HEADS, LAYERS, MELS, HALF]);
    file.numbers(&[MELS, BINS]);
    for band in 0..MELS {
        for bin in 0..BINS {
            let near = bin.abs_diff(band * BINS / MELS) < 3;
            file.bytes.extend((if near { 0.02_f32 } else { 0.0 }).to_le_bytes());
        }
    }
    file.numbers(&[WORDS]);
    for number in 0..WORDS {
        // The library needs the blank; the other words are anything.
        let word = if number == 220 { " ".to_owned() } else { format!(" word{number}") };
        file.numbers(&[word.len() as u32]);
        file.bytes.extend(word.bytes());
    }
    file.plain("encoder.positional_embedding", &[AUDIO_CTX, STATE]);
    file.tensor("encoder.conv1.weight", &[STATE, MELS, 3]);
    file.plain("encoder.conv1.bias", &[STATE, 1]);
    file.tensor("encoder.conv2.weight", &[STATE, STATE, 3]);
    file.plain("encoder.conv2.bias", &[STATE, 1]);
    file.norm("encoder.ln_post");
    file.plain("decoder.positional_embedding", &[TEXT_CTX, STATE]);
    file.tensor("decoder.token_embedding.weight", &[VOCABULARY, STATE]);
    file.norm("decoder.ln");
    for side in ["encoder", "decoder"] {
        for layer in 0..LAYERS {
            let block = format!("{side}.blocks.{layer}");
            file.attention(&block, "attn");
            if side == "decoder" {
                file.attention(&block, "cross_attn");
            }
            file.tensor(&format!("{block}.mlp.0.weight"), &[4 * STATE, STATE]);
            file.plain(&format!("{block}.mlp.0.bias"), &[4 * STATE]);
            file.tensor(&format!("{block}.mlp.2.weight"), &[STATE, 4 * STATE]);
            file.plain(&format!("{block}.mlp.2.bias"), &[STATE]);
            file.norm(&format!("{block}.mlp_ln"));
        }
    }
    file.bytes
}

struct Writer {
    bytes: Vec<u8>,
    seed: u64,
}

impl Writer {
    fn numbers(&mut self, numbers: &[u32]) {
        numbers.iter().for_each(|number| self.bytes.extend(number.to_le_bytes()));
    }

    fn attention(&mut self, block: &str, name: &str) {
        for part in ["query", "key", "value", "out"] {
            self.tensor(&format!("{block}.{name}.{part}.weight"), &[STATE, STATE]);
            if part != "key" {
                self.plain(&format!("{block}.{name}.{part}.bias"), &[STATE]);
            }
        }
        self.norm(&format!("{block}.{name}_ln"));
    }

    fn norm(&mut self, name: &str) {
        self.header(&format!("{name}.weight"), &[STATE], 0);
        (0..STATE).for_each(|_| self.bytes.extend(1.0_f32.to_le_bytes()));
        self.plain(&format!("{name}.bias"), &[STATE]);
    }

    /// Numbers of four bytes.
    fn plain(&mut self, name: &str, shape: &[u32]) {
        self.header(name, shape, 0);
        for _ in 0..shape.iter().product::<u32>() {
            let value = self.random();
            self.bytes.extend(value.to_le_bytes());
        }
    }

    /// Numbers of two bytes.
    fn tensor(&mut self, name: &str, shape: &[u32]) {
        self.header(name, shape, HALF);
        for _ in 0..shape.iter().product::<u32>() {
            let bits = self.random().to_bits();
            let exponent = (bits >> 23 & 0xff).saturating_sub(112);
            let half =
                if exponent == 0 { 0 } else { exponent << 10 | bits >> 13 & 0x3ff } | bits >> 16 & 0x8000;
            self.bytes.extend((half as u16).to_le_bytes());
        }
    }

    fn header(&mut self, name: &str, shape: &[u32], kind: u32) {
        self.numbers(&[shape.len() as u32, name.len() as u32, kind]);
        let reversed: Vec<u32> = shape.iter().rev().copied().collect();
        self.numbers(&reversed);
        self.bytes.extend(name.bytes());
    }

    /// About -0.1 to 0.1.
    fn random(&mut self) -> f32 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        (self.seed >> 40) as f32 / (1 << 24) as f32 * 0.2 - 0.1
    }
}

/// That of the real multilingual models: places of special tokens follow from it.
const VOCABULARY: u32 = 51_865;
/// Entries written; the rest are special tokens that the library makes itself.
const WORDS: u32 = 50_257;
const AUDIO_CTX: u32 = 1_500;
const TEXT_CTX: u32 = 448;
const STATE: u32 = 64;
const HEADS: u32 = 1;
const LAYERS: u32 = 1;
const MELS: u32 = 80;
const BINS: u32 = 201;
/// The library's number for two-byte floats.
const HALF: u32 = 1;
