//! G.722: sound to 7 kHz in 64 kbit/s. Two halves of the band, each a prediction and what it missed (ITU-T G.722, mode 1).
//!
//! The names are the Recommendation's own (clause 6 gives the arithmetic in blocks of these names), so that both can be read side by
//! side. Numbers are 16 bits there; here they are held in `i32` and cut to 16 bits where it says so.

use band::{Band, HIGH, LOW};

mod band;

/// Codes a stream, two samples at 16 kHz a byte.
#[derive(Debug, Clone)]
pub(crate) struct G722Encoder {
    line: [i32; TAPS],
    low: Band,
    high: Band,
}

impl G722Encoder {
    pub(crate) fn new() -> Self {
        Self { line: [0; TAPS], low: Band::new(&LOW), high: Band::new(&HIGH) }
    }

    /// Writes a byte for every two of `samples`; as many as there is room for.
    pub(crate) fn encode(&mut self, samples: &[i16], out: &mut [u8]) {
        for (pair, out) in samples.chunks_exact(2).zip(out) {
            self.line.copy_within(2.., 0);
            (self.line[TAPS - 2], self.line[TAPS - 1]) = (i32::from(pair[0]), i32::from(pair[1]));
            let (even, odd) = filtered(&self.line);
            *out = self.code((odd + even) >> 14, (odd - even) >> 14);
        }
    }

    fn code(&mut self, low: i32, high: i32) -> u8 {
        let e = cut(low - self.low.s);
        let magnitude = if e < 0 { -(e + 1) } else { e };
        let mut level = 1;
        while level < 30 && magnitude >= (Q6[level] * self.low.det) >> 12 {
            level += 1;
        }
        let ilow = match (e < 0, level) {
            (true, 1 | 2) => 64 - level,
            (true, _) => 34 - level,
            (false, _) => 62 - level,
        };
        self.low.follow(self.low.scaled(QM4[ilow >> 2]), usize::from(RL42[ilow >> 2]));

        let e = cut(high - self.high.s);
        let magnitude = if e < 0 { -(e + 1) } else { e };
        let outer = magnitude >= (564 * self.high.det) >> 12;
        let ihigh = match (e < 0, outer) {
            (true, true) => 0,
            (true, false) => 1,
            (false, true) => 2,
            (false, false) => 3,
        };
        self.high.follow(self.high.scaled(QM2[ihigh]), usize::from(RH2[ihigh]));
        // Both are in range: six and two bits.
        (ihigh << 6 | ilow) as u8
    }
}

/// Decodes a stream. Any byte is a code.
#[derive(Debug, Clone)]
pub(crate) struct G722Decoder {
    line: [i32; TAPS],
    low: Band,
    high: Band,
}

impl G722Decoder {
    pub(crate) fn new() -> Self {
        Self { line: [0; TAPS], low: Band::new(&LOW), high: Band::new(&HIGH) }
    }

    /// Writes two samples for every byte; as many as there is room for.
    pub(crate) fn decode(&mut self, codes: &[u8], out: &mut [i16]) {
        for (&code, out) in codes.iter().zip(out.chunks_exact_mut(2)) {
            let (ilow, ihigh) = (usize::from(code & 0x3F), usize::from(code >> 6));
            let low = (self.low.s + self.low.scaled(QM6[ilow])).clamp(-16_384, 16_383);
            self.low.follow(self.low.scaled(QM4[ilow >> 2]), usize::from(RL42[ilow >> 2]));
            let difference = self.high.scaled(QM2[ihigh]);
            let high = (self.high.s + difference).clamp(-16_384, 16_383);
            self.high.follow(difference, usize::from(RH2[ihigh]));
            self.line.copy_within(2.., 0);
            (self.line[TAPS - 2], self.line[TAPS - 1]) = (low + high, low - high);
            let (even, odd) = filtered(&self.line);
            // Cut to 16 bits, so the casts lose nothing.
            (out[0], out[1]) = (cut(odd >> 11) as i16, cut(even >> 11) as i16);
        }
    }
}

/// The quadrature mirror filter: the sums over the samples in even and in odd places.
fn filtered(line: &[i32; TAPS]) -> (i32, i32) {
    let (mut even, mut odd) = (0, 0);
    for (n, pair) in line.chunks_exact(2).enumerate() {
        even += pair[0] * QMF[n];
        odd += pair[1] * QMF[TAPS / 2 - 1 - n];
    }
    (even, odd)
}

/// To the nearest number of 16 bits.
const fn cut(value: i32) -> i32 {
    if value > 32_767 {
        32_767
    } else if value < -32_768 {
        -32_768
    } else {
        value
    }
}

const TAPS: usize = 24;

/// Every other coefficient of the filter, which is symmetric.
const QMF: [i32; TAPS / 2] = [3, -11, 12, 32, -210, 951, 3_876, -805, 362, -156, 53, -11];

/// Levels of decision of the lower band.
const Q6: [i32; 30] = [
    0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1_023, 1_121,
    1_219, 1_339, 1_458, 1_612, 1_765, 1_980, 2_195, 2_557, 2_919,
];

/// What a code of the higher band stands for.
const QM2: [i32; 4] = [-7_408, -1_616, 7_408, 1_616];

/// What the four leading bits of a code of the lower band stand for.
const QM4: [i32; 16] = [
    0, -20_456, -12_896, -8_968, -6_288, -4_240, -2_584, -1_200, 20_456, 12_896, 8_968, 6_288, 4_240, 2_584,
    1_200, 0,
];

/// What all six bits of it stand for.
const QM6: [i32; 64] = [
    -136, -136, -136, -136, -24_808, -21_904, -19_008, -16_704, -14_984, -13_512, -12_280, -11_192, -10_232,
    -9_360, -8_576, -7_856, -7_192, -6_576, -6_000, -5_456, -4_944, -4_464, -4_008, -3_576, -3_168, -2_776,
    -2_400, -2_032, -1_688, -1_360, -1_040, -728, 24_808, 21_904, 19_008, 16_704, 14_984, 13_512, 12_280,
    11_192, 10_232, 9_360, 8_576, 7_856, 7_192, 6_576, 6_000, 5_456, 4_944, 4_464, 4_008, 3_576, 3_168,
    2_776, 2_400, 2_032, 1_688, 1_360, 1_040, 728, 432, 136, -432, -136,
];

/// By which multiplier a code changes the scale.
const RL42: [u8; 16] = [0, 7, 6, 5, 4, 3, 2, 1, 7, 6, 5, 4, 3, 2, 1, 0];
const RH2: [u8; 4] = [2, 1, 2, 1];

#[cfg(test)]
mod tests;
