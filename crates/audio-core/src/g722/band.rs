//! Half of the band: what is expected next, and the scale of what the expectation misses.

use super::cut;

/// What differs between the two halves.
#[derive(Debug)]
pub(super) struct Kind {
    /// Multipliers of the scale.
    w: &'static [i32],
    nb_max: i32,
    shift: i32,
    det_at_rest: i32,
}

pub(super) static LOW: Kind =
    Kind { w: &[-60, -30, 58, 172, 334, 538, 1_198, 3_042], nb_max: 18_432, shift: 8, det_at_rest: 32 };
pub(super) static HIGH: Kind = Kind { w: &[0, -214, 798], nb_max: 22_528, shift: 10, det_at_rest: 8 };

/// The state of one half, the same in coder and decoder.
#[derive(Debug, Clone)]
pub(super) struct Band {
    kind: &'static Kind,
    /// What is expected next.
    pub(super) s: i32,
    /// The part of it that the zeros of the predictor tell.
    sz: i32,
    /// Reconstructed signals, newest first.
    r: [i32; 3],
    /// Partially reconstructed signals.
    p: [i32; 3],
    /// Coefficients of the poles.
    a: [i32; 2],
    /// Quantised differences.
    d: [i32; 7],
    /// Coefficients of the zeros.
    b: [i32; 6],
    /// The scale, as a logarithm and as such.
    nb: i32,
    pub(super) det: i32,
}

impl Band {
    pub(super) fn new(kind: &'static Kind) -> Self {
        Self {
            kind,
            s: 0,
            sz: 0,
            r: [0; 3],
            p: [0; 3],
            a: [0; 2],
            d: [0; 7],
            b: [0; 6],
            nb: 0,
            det: kind.det_at_rest,
        }
    }

    /// A difference by its place among the quantised ones (INVQAL, INVQBL, INVQAH).
    pub(super) const fn scaled(&self, quantised: i32) -> i32 {
        (self.det * quantised) >> 15
    }

    /// Goes on by a sample whose difference was `d`, by a code of such a place in the table of multipliers.
    pub(super) fn follow(&mut self, d: i32, place: usize) {
        self.adapt_scale(place);
        self.predict(d);
    }

    /// LOGSCL, SCALEL, LOGSCH, SCALEH.
    fn adapt_scale(&mut self, place: usize) {
        let Kind { w, nb_max, shift, .. } = self.kind;
        self.nb = (((self.nb * 127) >> 7) + w[place]).clamp(0, *nb_max);
        let mantissa = ILB[((self.nb >> 6) & 31) as usize];
        let down = shift - (self.nb >> 11);
        self.det = if down < 0 { mantissa << -down } else { mantissa >> down } << 2;
    }

    /// RECONS to PREDIC.
    fn predict(&mut self, d: i32) {
        self.d[0] = d;
        self.r[0] = cut(self.s + d);
        self.p[0] = cut(self.sz + d);
        self.adapt_poles();
        self.adapt_zeros();
        self.d.copy_within(..6, 1);
        self.r.copy_within(..2, 1);
        self.p.copy_within(..2, 1);
        let poles: i32 = self.a.iter().zip(&self.r[1..]).map(|(a, r)| (a * cut(2 * r)) >> 15).sum();
        let zeros: i32 = self.b.iter().zip(&self.d[1..]).map(|(b, d)| (b * cut(2 * d)) >> 15).sum();
        self.sz = cut(zeros);
        self.s = cut(cut(poles) + self.sz);
    }

    /// UPPOL2 and UPPOL1.
    fn adapt_poles(&mut self) {
        let sign = |n: usize| self.p[n] < 0;
        let same_as_last = sign(0) == sign(1);
        let slope = cut(4 * self.a[0]);
        let slope = cut(if same_as_last { -slope } else { slope });
        let step = if sign(0) == sign(2) { 128 } else { -128 };
        let second = ((slope >> 7) + step + ((self.a[1] * 32_512) >> 15)).clamp(-12_288, 12_288);
        let step = if same_as_last { 192 } else { -192 };
        let limit = cut(15_360 - second);
        let first = cut(step + ((self.a[0] * 32_640) >> 15)).clamp(-limit, limit);
        self.a = [first, second];
    }

    /// UPZERO.
    fn adapt_zeros(&mut self) {
        let step = if self.d[0] == 0 { 0 } else { 128 };
        let rises = self.d[0] < 0;
        for (b, d) in self.b.iter_mut().zip(&self.d[1..]) {
            let step = if (*d < 0) == rises { step } else { -step };
            *b = cut(step + ((*b * 32_640) >> 15));
        }
    }
}

/// 2,048 times the 32 steps from 1 to 2 of equal ratio.
const ILB: [i32; 32] = [
    2_048, 2_093, 2_139, 2_186, 2_233, 2_282, 2_332, 2_383, 2_435, 2_489, 2_543, 2_599, 2_656, 2_714, 2_774,
    2_834, 2_896, 2_960, 3_025, 3_091, 3_158, 3_228, 3_298, 3_371, 3_444, 3_520, 3_597, 3_676, 3_756, 3_838,
    3_922, 4_008,
];
