//! Shortens sound by one cycle without changing its pitch: how a receiver that is too far behind catches up.

use crate::pcm_ring::PcmRing;

/// The shortest piece cut out: 2.5 ms.
const LAG_MIN: usize = 40;
/// The longest piece cut out: 15 ms, a cycle of a low voice.
const LAG_MAX: usize = 240;
/// Samples over which the sound before the cut fades into that after it, and over which likeness is judged.
const OVERLAP: usize = 160;
/// How alike both sides of a cut have to be (1 is equal), unless both are soft.
const LIKENESS_MIN: f32 = 0.6;
/// Mean energy below which any cut goes unnoticed: about -45 dBFS.
const SOFT: f32 = 180.0 * 180.0;

/// Cuts one cycle out of the samples queued and tells its length: 0 when fewer than 25 ms are queued, or nowhere is alike
/// enough for the cut not to be heard.
pub fn shorten(pcm: &mut PcmRing) -> usize {
    let samples = pcm.as_mut_slice();
    if samples.len() < LAG_MAX + OVERLAP {
        return 0;
    }
    let (head, energy) = (&samples[..OVERLAP], mean_energy(&samples[..OVERLAP]));
    let mut best = (LAG_MAX, f32::MIN);
    for lag in (LAG_MIN..=LAG_MAX).step_by(2) {
        let likeness = likeness(head, &samples[lag..lag + OVERLAP]);
        if likeness > best.1 {
            best = (lag, likeness);
        }
    }
    let (lag, likeness) = best;
    if likeness < LIKENESS_MIN && energy.max(mean_energy(&samples[lag..lag + OVERLAP])) > SOFT {
        return 0;
    }
    // Written over the front, which is read no more, then moved next to what follows: the cut is made by dropping the front.
    for n in 0..OVERLAP {
        let weight = (n + 1) as f32 / (OVERLAP + 1) as f32;
        let faded = f32::from(samples[n]) * (1.0 - weight) + f32::from(samples[lag + n]) * weight;
        samples[n] = faded as i16;
    }
    samples.copy_within(0..OVERLAP, lag);
    pcm.discard(lag);
    lag
}

fn mean_energy(samples: &[i16]) -> f32 {
    samples.iter().map(|&s| f32::from(s) * f32::from(s)).sum::<f32>() / samples.len() as f32
}

fn likeness(a: &[i16], b: &[i16]) -> f32 {
    let (mut product, mut left, mut right) = (0.0f32, 1.0f32, 1.0f32);
    // Every other sample: the voice's cycle lies far below half the rate.
    for (&a, &b) in a.iter().zip(b).step_by(2) {
        let (a, b) = (f32::from(a), f32::from(b));
        product += a * b;
        left += a * a;
        right += b * b;
    }
    product / (left * right).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voice_loses_a_whole_cycle_without_a_click() {
        let mut pcm = PcmRing::new();
        let voice: Vec<i16> =
            (0..960).map(|n| (8_000.0 * (n as f32 * std::f32::consts::TAU / 100.0).sin()) as i16).collect();
        pcm.push(&voice);
        let cut = shorten(&mut pcm);
        assert_eq!(cut % 100, 0, "cut {cut} of a cycle of 100");
        assert!(cut > 0);
        assert_eq!(pcm.len(), 960 - cut);
        let worst = pcm.as_slice().windows(2).map(|w| (w[0] - w[1]).abs()).max();
        assert!(worst <= Some(520), "{worst:?}");
    }

    #[test]
    fn loud_noise_is_left_whole_and_soft_noise_is_not() {
        for (amplitude, may_cut) in [(12_000.0, false), (60.0, true)] {
            let mut seed = 9u32;
            let mut pcm = PcmRing::new();
            let noise: Vec<i16> = (0..800)
                .map(|_| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (amplitude * ((seed >> 8) as f32 / 8_388_608.0 - 1.0)) as i16
                })
                .collect();
            pcm.push(&noise);
            assert_eq!(shorten(&mut pcm) > 0, may_cut, "amplitude {amplitude}");
        }
    }

    #[test]
    fn too_little_sound_is_left_whole() {
        let mut pcm = PcmRing::new();
        pcm.push(&[0; LAG_MAX + OVERLAP - 1]);
        assert_eq!(shorten(&mut pcm), 0);
    }
}
