//! Ground truth: what a line says that it did is what it did.

use super::super::generate::shape::active_level_dbfs;
use super::super::generate::tests::sounds;
use super::*;
use crate::detect::level_dbfs;

fn line(profile: &Profile, seed: u64) -> Line {
    Line::new(Arc::new(profile.clone()), &sounds(profile), seed)
}

/// What goes out in so many seconds when this is said round and round; lost frames too.
fn passed(line: &mut Line, said: &[i16], seconds: usize) -> (Vec<i16>, Vec<bool>) {
    let (mut out, mut sent) = (Vec::new(), Vec::new());
    for number in 0..seconds * 50 {
        let from = number * FRAME_SAMPLES;
        let mut frame = Frame::SILENCE;
        if !said.is_empty() {
            for (place, sample) in frame.0.iter_mut().enumerate() {
                *sample = said[(from + place) % said.len()];
            }
        }
        sent.push(line.handle_frame(Samples(from as u64), &mut frame));
        out.extend(frame.0);
    }
    (out, sent)
}

/// Noise alone.
fn noisy(snr_db: f32, drift_db: f32) -> Profile {
    Profile { noise_snr_db: Some(snr_db), noise_drift_db: drift_db, ..Profile::control() }
}

#[test]
fn a_clean_line_changes_nothing() {
    let said: Vec<i16> = (0..32_000).map(|n| (n % 321) as i16 * 20).collect();
    let (out, sent) = passed(&mut line(&Profile::control(), 1), &said, 2);
    assert_eq!(out, said);
    assert!(sent.iter().all(|sent| *sent));
}

#[test]
fn noise_lies_as_far_below_the_voice_as_the_profile_says() {
    for snr_db in [5.0, 15.0, 25.0] {
        let profile = noisy(snr_db, 0.0);
        let (noise, _) = passed(&mut line(&profile, 3), &[], 40);
        let snr = profile.speech_dbfs - level_dbfs(&noise);
        assert!((snr - snr_db).abs() < 0.5, "wanted {snr_db} dB, got {snr} dB");
    }
}

#[test]
fn noise_drifts_up_and_down_as_far_as_it_may() {
    let profile = noisy(15.0, 3.0);
    let (still, _) = passed(&mut line(&noisy(15.0, 0.0), 3), &[], 200);
    let (noise, _) = passed(&mut line(&profile, 3), &[], 200);
    // The same babble in the same place, so what differs second by second is the drift.
    let drift: Vec<f32> = noise
        .chunks(16_000)
        .zip(still.chunks(16_000))
        .map(|(drifting, still)| level_dbfs(drifting) - level_dbfs(still))
        .collect();
    let (low, high) = drift.iter().fold((0.0_f32, 0.0_f32), |(low, high), db| (low.min(*db), high.max(*db)));
    assert!((-3.2..-2.3).contains(&low) && (2.3..3.2).contains(&high), "{low} to {high}");
}

#[test]
fn packets_are_lost_in_the_share_and_lengths_of_the_profile() {
    let profile = Profile { loss: 0.02, ..Profile::control() };
    let mut line = line(&profile, 5);
    let (_, sent) = passed(&mut line, &[], 3_600);
    let lost = sent.iter().filter(|sent| !**sent).count();
    let share = lost as f64 / sent.len() as f64;
    assert!((share - 0.02).abs() < 0.002, "{share}");
    let lengths: Vec<u64> = line
        .into_log()
        .iter()
        .map(|lost| (lost.place.end - lost.place.start).0 / FRAME_SAMPLES as u64)
        .collect();
    assert_eq!(lengths.iter().sum::<u64>(), lost as u64, "every loss is written down");
    let drops = lengths.iter().filter(|length| (7..=8).contains(*length)).count();
    assert!(lengths.iter().all(|length| matches!(length, 5 | 7 | 8)), "{lengths:?}");
    assert!((drops * 4).abs_diff(lengths.len()) <= 4, "one of four is a drop: {drops} of {}", lengths.len());
}

#[test]
fn bursts_sound_where_they_are_written_down_and_as_loud() {
    let profile = Profile { bursts_per_minute: 1.0, ..Profile::control() };
    let mut line = line(&profile, 7);
    let (out, _) = passed(&mut line, &[], 1_200);
    let log = line.into_log();
    assert!((14..=26).contains(&log.len()), "about one a minute: {}", log.len());
    for burst in &log {
        let DisturbanceKind::Burst { snr_db, .. } = burst.kind else { panic!("{burst:?}") };
        let place = burst.place.start.0 as usize..burst.place.end.0 as usize;
        let level = active_level_dbfs(&out[place.clone()]);
        let wanted = profile.speech_dbfs - snr_db;
        assert!((level - wanted).abs() < 0.5, "{burst:?}: {level} dB instead of {wanted} dB");
        let before = level_dbfs(&out[place.start - 1_600..place.start - 160]);
        assert!(before < -50.0, "{before} dB before {burst:?}");
    }
}

#[test]
fn a_muffled_stretch_has_lost_what_lies_above_its_frequency() {
    let tone = |hz: f64| -> Vec<i16> {
        let sample = |n: usize| (4_000.0 * (n as f64 * hz * std::f64::consts::TAU / 16_000.0).sin()) as i16;
        (0..16_000).map(sample).collect()
    };
    let profile = Profile { muffle_probability: 1.0, ..Profile::control() };
    for (hz, low, high) in [(500.0, -0.5, 0.5), (1_500.0, -4.0, -2.0), (3_000.0, -60.0, -20.0)] {
        let mut line = line(&profile, 9);
        line.handle_turn(Segment { start: Samples(8_000), end: Samples(40_000) });
        let (out, _) = passed(&mut line, &tone(hz), 3);
        let log = line.into_log();
        let place = log[0].place;
        assert_eq!((log.len(), (place.end - place.start).0), (1, 8_000));
        assert!(place.start.0 >= 8_000 && place.end.0 <= 40_000, "{place:?}");
        let gain = level_dbfs(&out[place.start.0 as usize + 800..place.end.0 as usize - 800])
            - level_dbfs(&tone(hz));
        assert!((low..high).contains(&gain), "{hz} Hz: {gain} dB");
        let before = level_dbfs(&out[..place.start.0 as usize]) - level_dbfs(&tone(hz));
        assert!(before.abs() < 0.5, "{hz} Hz before: {before} dB");
    }
}

#[test]
fn the_agent_s_voice_comes_back_later_and_lower() {
    let profile = Profile { echo: Some(Echo { delay_ms: 200, db: -12.0 }), ..Profile::control() };
    let mut line = line(&profile, 11);
    let mut out = Vec::new();
    for number in 0..50_u64 {
        // The ear is 60 ms behind the mouth.
        if number >= 3 {
            line.handle_heard(&[if number < 13 { 0 } else { 8_000 }; FRAME_SAMPLES]);
        }
        let mut frame = Frame::SILENCE;
        line.handle_frame(Samples(number * FRAME_SAMPLES as u64), &mut frame);
        out.extend(frame.0);
    }
    // Heard from frame 10 on, so it comes back 200 ms, ten frames, after that.
    let onset = out.iter().position(|sample| *sample != 0);
    assert_eq!(onset, Some(20 * FRAME_SAMPLES));
    assert_eq!(out[20 * FRAME_SAMPLES], 2_010, "a quarter of the amplitude");
}

#[test]
fn one_seed_gives_one_line() {
    let run = |seed| {
        let mut line = line(&Profile::regular(), seed);
        line.handle_turn(Segment { start: Samples(8_000), end: Samples(40_000) });
        let passed = passed(&mut line, &[100; 320], 90);
        (passed, line.into_log())
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1).0, run(2).0);
}
