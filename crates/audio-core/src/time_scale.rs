//! Takes one cycle out of sound, or says one twice, without changing its pitch: how a receiver catches up when it is too far behind,
//! and how it waits for a sender whose clock is slow.

use crate::pcm_ring::PcmRing;

/// The shortest piece cut out: 2.5 ms.
const LAG_MIN: usize = 40;
/// The longest piece cut out: 15 ms, a cycle of a low voice.
const LAG_MAX: usize = 240;
/// Samples over which the sound before the cut fades into that after it, and over which likeness is judged.
const OVERLAP: usize = 160;
/// Samples over which a cycle that is said twice fades into itself: what is queued then is little more than a frame.
const SEAM: usize = 80;
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
    let head = &samples[..OVERLAP];
    let likeness = |lag: usize| likeness(head, &samples[lag..lag + OVERLAP]);
    let Some(lag) = cut(samples, LAG_MAX, OVERLAP, likeness) else { return 0 };
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

/// Says one cycle of the samples queued twice and tells its length: 0 when fewer than 7.5 ms are queued, there is no room, or nowhere is
/// alike enough for the seam not to be heard.
pub fn lengthen(pcm: &mut PcmRing) -> usize {
    let samples = pcm.as_slice();
    let count = samples.len();
    if count < LAG_MIN + SEAM || pcm.room() < LAG_MAX {
        return 0;
    }
    let likeness = |lag: usize| {
        let compared = OVERLAP.min(count - lag);
        likeness(&samples[..compared], &samples[lag..lag + compared])
    };
    let Some(lag) = cut(samples, LAG_MAX.min(count - SEAM), SEAM, likeness) else { return 0 };
    pcm.extend(lag);
    let samples = pcm.as_mut_slice();
    samples.copy_within(SEAM..count, lag + SEAM);
    // From the end, for the sound that is faded in lies before the place where it is written.
    for n in (0..SEAM).rev() {
        let weight = (n + 1) as f32 / (SEAM + 1) as f32;
        let faded = f32::from(samples[lag + n]) * (1.0 - weight) + f32::from(samples[n]) * weight;
        samples[lag + n] = faded as i16;
    }
    lag
}

/// Where the sound goes on most like it began; where both places are soft, as far on as may be. None when the step would be heard.
fn cut(samples: &[i16], longest: usize, faded: usize, likeness: impl Fn(usize) -> f32) -> Option<usize> {
    let energy = |from: usize| mean_energy(&samples[from..from + faded]);
    let is_soft = |lag: usize| energy(0).max(energy(lag)) <= SOFT;
    if is_soft(longest) {
        return Some(longest);
    }
    let all = (LAG_MIN..=longest).step_by(2).map(|lag| (lag, likeness(lag)));
    let (lag, best) = all.fold((longest, f32::MIN), |best, next| if next.1 > best.1 { next } else { best });
    (best >= LIKENESS_MIN || is_soft(lag)).then_some(lag)
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
    fn a_voice_gains_a_whole_cycle_without_a_click() {
        for cycle in [60usize, 100, 177] {
            let angle = std::f32::consts::TAU / cycle as f32;
            let voice: Vec<i16> = (0..320).map(|n| (8_000.0 * (n as f32 * angle).sin()) as i16).collect();
            let mut pcm = PcmRing::new();
            pcm.push(&voice);
            let gained = lengthen(&mut pcm);
            assert!(gained > 0, "a cycle of {cycle}");
            assert!(
                gained % cycle <= 1 || gained % cycle == cycle - 1,
                "{gained} gained of a cycle of {cycle}"
            );
            assert_eq!(pcm.len(), 320 + gained);
            let natural = voice.windows(2).map(|w| (w[0] - w[1]).abs()).max().unwrap_or(0);
            let worst = pcm.as_slice().windows(2).map(|w| (w[0] - w[1]).abs()).max().unwrap_or(0);
            assert!(worst <= natural + natural / 10, "a cycle of {cycle}: a step of {worst} among {natural}");
            assert_eq!(pcm.as_slice()[..gained], voice[..gained]);
            assert_eq!(pcm.as_slice()[gained + SEAM..], voice[SEAM..]);
        }
    }

    #[test]
    fn noise_and_too_little_sound_are_not_lengthened() {
        let mut seed = 9u32;
        let mut noise = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (12_000.0 * ((seed >> 8) as f32 / 8_388_608.0 - 1.0)) as i16
        };
        let mut pcm = PcmRing::new();
        pcm.push(&std::array::from_fn::<i16, 320, _>(|_| noise()));
        assert_eq!(lengthen(&mut pcm), 0);
        pcm.clear();
        pcm.push(&[0; LAG_MIN + SEAM - 1]);
        assert_eq!(lengthen(&mut pcm), 0);
        pcm.clear();
        pcm.push(&[0; PcmRing::CAPACITY - LAG_MAX + 1]);
        assert_eq!(lengthen(&mut pcm), 0);
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
