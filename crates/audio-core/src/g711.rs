//! G.711: one byte a sample at 8 kHz, mu-law and A-law, bit-exact with the ITU tables.

/// A companding law.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Law {
    /// North America and Japan; PCMU in RTP.
    Mu,
    /// The rest of the world; PCMA in RTP.
    A,
}

impl Law {
    /// The linear value of a code.
    #[must_use]
    pub const fn decode(self, code: u8) -> i16 {
        match self {
            Self::Mu => MU_TO_LINEAR[code as usize],
            Self::A => A_TO_LINEAR[code as usize],
        }
    }

    /// The code of a linear value.
    #[must_use]
    pub const fn encode(self, sample: i16) -> u8 {
        match self {
            Self::Mu => encode_mu(sample),
            Self::A => encode_a(sample),
        }
    }

    /// Whether all of this is the digital silence of the law. A-law has no zero.
    #[must_use]
    pub fn is_silence(self, codes: &[u8]) -> bool {
        match self {
            Self::Mu => codes.iter().all(|code| code | 0x80 == 0xFF),
            Self::A => false,
        }
    }

    /// Decodes as many samples as fit and tells how many.
    pub fn decode_into(self, codes: &[u8], samples: &mut [i16]) -> usize {
        let table = match self {
            Self::Mu => &MU_TO_LINEAR,
            Self::A => &A_TO_LINEAR,
        };
        for (sample, &code) in samples.iter_mut().zip(codes) {
            *sample = table[usize::from(code)];
        }
        codes.len().min(samples.len())
    }

    /// Encodes as many samples as fit and tells how many.
    pub fn encode_into(self, samples: &[i16], codes: &mut [u8]) -> usize {
        for (code, &sample) in codes.iter_mut().zip(samples) {
            *code = self.encode(sample);
        }
        codes.len().min(samples.len())
    }
}

/// The offset that makes every mu-law segment begin at a power of two.
const MU_BIAS: i32 = 0x84;
/// The largest magnitude that the top mu-law segment holds.
const MU_CLIP: i32 = 32_635;

static MU_TO_LINEAR: [i16; 256] = table(Law::Mu);
static A_TO_LINEAR: [i16; 256] = table(Law::A);

const fn table(law: Law) -> [i16; 256] {
    let mut values = [0; 256];
    let mut code = 0;
    while code < 256 {
        values[code] = match law {
            Law::Mu => expand_mu(code as u8),
            Law::A => expand_a(code as u8),
        };
        code += 1;
    }
    values
}

const fn expand_mu(code: u8) -> i16 {
    let bits = !code as i32;
    let magnitude = ((((bits & 0x0F) << 3) + MU_BIAS) << ((bits >> 4) & 7)) - MU_BIAS;
    (if bits & 0x80 != 0 { -magnitude } else { magnitude }) as i16
}

const fn expand_a(code: u8) -> i16 {
    let bits = (code ^ 0x55) as i32;
    let segment = (bits >> 4) & 7;
    let step = ((bits & 0x0F) << 4) + 8;
    let magnitude = if segment == 0 { step } else { (step + 0x100) << (segment - 1) };
    (if bits & 0x80 != 0 { magnitude } else { -magnitude }) as i16
}

const fn encode_mu(sample: i16) -> u8 {
    let (sign, mut magnitude) = if sample < 0 { (0x80, -(sample as i32)) } else { (0, sample as i32) };
    if magnitude > MU_CLIP {
        magnitude = MU_CLIP;
    }
    magnitude += MU_BIAS;
    // The bias puts the highest set bit between 7 and 14: that is the segment.
    let segment = 31 - magnitude.leading_zeros() as i32 - 7;
    !(sign | (segment << 4) | ((magnitude >> (segment + 3)) & 0x0F)) as u8
}

const fn encode_a(sample: i16) -> u8 {
    let (mask, magnitude) = if sample < 0 { (0x55, !(sample as i32)) } else { (0xD5, sample as i32) };
    let magnitude = magnitude >> 3;
    let code = if magnitude < 32 {
        magnitude >> 1
    } else {
        let segment = 31 - magnitude.leading_zeros() as i32 - 4;
        (segment << 4) | ((magnitude >> segment) & 0x0F)
    };
    (code ^ mask) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_are_bit_exact() {
        // From the tables of ITU-T G.711: ends, zero, and the borders of segments.
        for (code, linear) in [
            (0xFF, 0),
            (0x7F, 0),
            (0x80, 32_124),
            (0x00, -32_124),
            (0xFE, 8),
            (0xF0, 120),
            (0xEF, 132),
            (0x8F, 16_764),
        ] {
            assert_eq!(Law::Mu.decode(code), linear, "mu-law {code:#04x}");
        }
        for (code, linear) in
            [(0xD5, 8), (0x55, -8), (0xAA, 32_256), (0x2A, -32_256), (0xD4, 24), (0xC5, 264), (0xF5, 528)]
        {
            assert_eq!(Law::A.decode(code), linear, "A-law {code:#04x}");
        }
        for (linear, mu, a) in [
            (0, 0xFF, 0xD5),
            (-1, 0x7F, 0x55),
            (1_000, 0xCE, 0xFA),
            (-1_000, 0x4E, 0x7A),
            (32_767, 0x80, 0xAA),
            (-32_768, 0x00, 0x2A),
        ] {
            assert_eq!(Law::Mu.encode(linear), mu, "mu-law of {linear}");
            assert_eq!(Law::A.encode(linear), a, "A-law of {linear}");
        }
    }

    #[test]
    fn every_code_survives_a_round_trip() {
        for law in [Law::Mu, Law::A] {
            for code in 0..=255u8 {
                let again = law.encode(law.decode(code));
                // Mu-law has two codes for zero; the negative one comes back as the positive.
                let expected = if law == Law::Mu && code == 0x7F { 0xFF } else { code };
                assert_eq!(again, expected, "{law:?} {code:#04x}");
            }
        }
    }

    #[test]
    fn the_error_is_at_most_half_a_step_for_every_sample() {
        for law in [Law::Mu, Law::A] {
            let mut last = i16::MIN;
            for sample in i16::MIN..=i16::MAX {
                let back = law.decode(law.encode(sample));
                let step = (i32::from(sample).abs() / 16).max(16);
                let clipped = i32::from(sample).clamp(-32_124 - 512, 32_124 + 512);
                assert!((i32::from(back) - clipped).abs() <= step / 2 + 8, "{law:?} {sample} -> {back}");
                assert!(back >= last, "{law:?} is not monotone at {sample}");
                last = back;
            }
        }
    }
}
