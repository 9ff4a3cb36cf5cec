use super::*;
use crate::echo::tests::Talker;

/// The share told in each frame of three seconds in which one talker is sent, and what is heard is made of the samples sent so far.
fn shares(heard: impl FnMut(&[i16]) -> Sound) -> Vec<f32> {
    told(heard).iter().map(|own| own.share).collect()
}

fn told(mut heard: impl FnMut(&[i16]) -> Sound) -> Vec<Own> {
    let mut talker = Talker::new(110.0, 7);
    let mut own_voice = OwnVoice::new();
    let mut sent = Vec::new();
    (0..FRAMES)
        .map(|_| {
            let near = heard(&sent);
            let far = std::array::from_fn(|_| talker.next() as i16);
            sent.extend_from_slice(&far);
            own_voice.process(&Frame(far), &Frame(near))
        })
        .collect()
}

type Sound = [i16; FRAME_SAMPLES];

fn echo(sent: &[i16], delay_ms: usize) -> Sound {
    std::array::from_fn(|n| {
        let at = (sent.len() + n).checked_sub(delay_ms * 16);
        at.and_then(|at| sent.get(at)).map_or(0, |sample| sample / 4)
    })
}

fn mixed(one: Sound, other: Sound) -> Sound {
    std::array::from_fn(|n| one[n].saturating_add(other[n]))
}

#[test]
fn an_echo_is_known_within_a_fifth_of_a_second_at_any_delay() {
    for delay_ms in [40, 150, 500, 800, 1_150] {
        let told = told(|sent| echo(sent, delay_ms));
        let known = |own: &Own| own.share > 0.8 && own.delay_ms.abs_diff(delay_ms as u32) <= 20;
        assert!(told[delay_ms / 20 + 10..].iter().all(known), "{delay_ms} ms: {told:?}");
    }
}

#[test]
fn another_voice_is_not_taken_for_our_own() {
    let mut neighbour = Talker::new(190.0, 99);
    let shares = shares(|_| std::array::from_fn(|_| neighbour.next() as i16));
    // The first frames are like some frames of anything.
    assert!(shares[3..].iter().all(|share| *share < 0.25), "{shares:?}");
}

#[test]
fn a_caller_who_speaks_over_the_echo_is_heard() {
    let mut neighbour = Talker::new(190.0, 99);
    let shares = shares(|sent| mixed(echo(sent, 200), std::array::from_fn(|_| neighbour.next() as i16)));
    let taken = shares.iter().filter(|share| **share > 0.25).count();
    assert!(taken < shares.len() / 20, "{taken} of {}: {shares:?}", shares.len());
}

const FRAMES: usize = 150;
