//! Sound while the agent speaks.

use super::*;

#[test]
fn an_interruption_ducks_at_once_silences_when_long_enough_and_becomes_certain() {
    check(&[
        "0 agent speaks",
        "1000 caller speaks",
        "1040 -> started 1 from 1000",
        "1040 -> duck",
        "1360 -> hold",
        "1360 agent stops",
        "1900 -> hush 1",
        "1900 -> 1 is Interruption by Length",
        "2000 caller stops",
        "2120 -> pause 1",
        "2580 -> ended 1 at 2000 after 1000",
    ]);
}

#[test]
fn over_noise_it_takes_more_voice_and_less_when_it_begins_anew() {
    check(&[
        "0 noise begins",
        "0 agent speaks",
        "2000 caller speaks",
        "2040 -> started 1 from 2000",
        "2040 -> duck",
        "2640 -> hold",
        "2640 agent stops",
        "2900 -> hush 1",
        "2900 -> 1 is Interruption by Length",
        "3000 caller stops",
        "3120 -> pause 1",
        "3580 -> ended 1 at 3000 after 1000",
    ]);
    // What is 30 dB below the voice disturbs nobody's words.
    check(&[
        "0 hiss begins",
        "0 agent speaks",
        "2000 caller speaks",
        "2040 -> started 1 from 2000",
        "2040 -> duck",
        "2360 -> hold",
        "2360 agent stops",
        "2900 -> hush 1",
        "2900 -> 1 is Interruption by Length",
        "3000 caller stops",
        "3120 -> pause 1",
        "3580 -> ended 1 at 3000 after 1000",
    ]);
    check(&[
        "0 noise begins",
        "0 agent speaks",
        "2000 caller speaks",
        "2040 -> started 1 from 2000",
        "2040 -> duck",
        "2240 caller stops",
        "2360 -> pause 1",
        "2540 -> restore",
        "2540 -> 1 is Backchannel by Ended",
        "2540 -> discard 1",
        "2600 caller speaks",
        "2640 -> started 2 from 2600",
        "2640 -> duck",
        "2840 -> hold",
        "2840 agent stops",
        "3260 -> hush 2",
        "3260 -> 2 is Interruption by Length",
        "3400 caller stops",
        "3520 -> pause 2",
        "3980 -> ended 2 at 3400 after 800",
    ]);
}

#[test]
fn who_was_cut_off_has_the_floor_back_at_once() {
    check(&[
        "0 noise begins",
        "1400 caller speaks",
        "1440 -> started 1 from 1400",
        "2000 caller stops",
        "2120 -> pause 1",
        "2580 -> ended 1 at 2000 after 600",
        "2600 agent speaks",
        "2700 caller speaks",
        "2740 -> started 2 from 2700",
        "2740 -> duck",
        "3060 -> hush 2",
        "3060 -> 2 is Interruption by Length",
        "3060 agent stops",
        "3300 caller stops",
        "3420 -> pause 2",
        "4120 -> ended 2 at 3300 after 600",
    ]);
}

#[test]
fn backchannel_does_not_take_the_floor() {
    check(&[
        "0 agent speaks",
        "1000 caller speaks",
        "1040 -> started 1 from 1000",
        "1040 -> duck",
        "1280 caller stops",
        "1400 -> pause 1",
        "1420 partial 1 0 1 backchannel",
        "1420 -> restore",
        "1420 -> 1 is Backchannel by NotForUs",
        "1420 -> discard 1",
    ]);
}

#[test]
fn a_short_sound_without_words_is_forgotten_once_the_recogniser_had_its_time() {
    check(&[
        "0 agent speaks",
        "1000 caller speaks",
        "1040 -> started 1 from 1000",
        "1040 -> duck",
        "1280 caller stops",
        "1400 -> pause 1",
        "1580 -> restore",
        "1580 -> 1 is Backchannel by Ended",
        "1580 -> discard 1",
    ]);
}

#[test]
fn a_drawn_out_mm_hm_does_not_take_the_floor_and_one_known_late_gives_it_back() {
    check(&[
        "0 agent speaks",
        "1000 caller speaks",
        "1040 -> started 1 from 1000",
        "1040 -> duck",
        "1300 partial 1 0 1 backchannel",
        "1760 caller stops",
        "1880 -> pause 1",
        "1900 -> restore",
        "1900 -> 1 is Backchannel by NotForUs",
        "1900 -> discard 1",
    ]);
    check(&[
        "0 agent speaks",
        "1000 caller speaks",
        "1040 -> started 1 from 1000",
        "1040 -> duck",
        "1360 -> hold",
        "1360 agent stops",
        "1460 partial 1 0 1 backchannel",
        "1760 caller stops",
        "1880 -> pause 1",
        "1900 -> restore",
        "1900 -> 1 is Backchannel by NotForUs",
        "1900 -> discard 1",
    ]);
}

#[test]
fn a_wrong_stop_is_mended_within_700_ms_and_what_the_voice_goes_on_to_say_is_judged_once_more() {
    check(&[
        "0 agent speaks",
        "1000 caller speaks",
        "1040 -> started 1 from 1000",
        "1040 -> duck",
        "1360 -> hold",
        "1360 agent stops",
        "1760 partial 1 0 3 aside",
        "1760 -> restore",
        "1780 agent speaks",
        "2600 caller stops",
        "2720 -> pause 1",
        "2740 -> restore",
        "2740 -> 1 is SideTalk by NotForUs",
        "2740 -> discard 1",
    ]);
    check(&[
        "0 agent speaks",
        "1000 caller speaks",
        "1040 -> started 1 from 1000",
        "1040 -> duck",
        "1360 -> hold",
        "1760 partial 1 0 3 aside",
        "1760 -> restore",
        "2200 partial 1 0 6 speech",
        "2200 -> hush 1",
        "2200 -> 1 is Interruption by Words",
        "2200 agent stops",
        "2600 caller stops",
        "2720 -> pause 1",
        "3180 -> ended 1 at 2600 after 1600",
    ]);
    check(&[
        "0 agent speaks",
        "4000 caller speaks",
        "4040 -> started 1 from 4000",
        "4040 -> duck",
        "4140 caller stops",
        "4260 -> pause 1",
        "4440 -> restore",
        "4440 -> 1 is Backchannel by Ended",
        "4440 -> discard 1",
    ]);
}

#[test]
fn what_must_be_heard_is_not_cut_and_what_the_caller_says_meanwhile_is_a_turn() {
    check(&[
        "0 agent informs",
        "1000 caller speaks",
        "1040 -> started 1 from 1000",
        "2000 caller stops",
        "2120 -> pause 1",
        "2580 -> ended 1 at 2000 after 1000",
        "2700 key",
    ]);
    let mut floor = Floor::new(plain(), MonoTime::ZERO);
    for ms in (20..400).step_by(20) {
        floor.handle_frame(SPEECH, Sounding::Required, MonoTime::from_millis(ms));
    }
    assert_eq!(floor.admission(TurnId(0)), Admission::Play);
    for ms in (400..2_000).step_by(20) {
        floor.handle_frame(QUIET, Sounding::Required, MonoTime::from_millis(ms));
    }
    assert_eq!(floor.running(), None);
    assert_eq!(floor.admission(TurnId(0)), Admission::Play, "also after the turn");
}

#[test]
fn with_a_late_echo_only_words_take_the_floor() {
    check(&[
        "0 late echo",
        "0 agent speaks",
        "1000 caller speaks",
        "1040 -> started 1 from 1000",
        "2500 partial 1 0 3 speech",
        "2500 -> hush 1",
        "2500 -> 1 is Interruption by Words",
        "2500 agent stops",
        "2600 caller stops",
        "2720 -> pause 1",
        "3180 -> ended 1 at 2600 after 1600",
    ]);
}

#[test]
fn wait_and_a_pause_is_the_begin_of_a_sentence_and_right_is_not() {
    let opening = [
        "0 agent speaks",
        "1000 caller speaks",
        "1040 -> started 1 from 1000",
        "1040 -> duck",
        "1240 caller stops",
        "1360 -> pause 1",
        "1380 partial 1 0 1 speech",
        "1380 -> hold",
    ];
    check(
        &[
            &opening[..],
            &[
                "1380 agent stops",
                "1440 caller speaks",
                "1460 -> goes on 1",
                "2100 -> hush 1",
                "2100 -> 1 is Interruption by Length",
                "2200 caller stops",
                "2320 -> pause 1",
                "2780 -> ended 1 at 2200 after 1200",
            ],
        ]
        .concat(),
    );
    check(
        &[
            &opening[..],
            &[
                "1380 agent stops",
                "1500 -> restore",
                "1500 -> 1 is Backchannel by Ended",
                "1500 -> discard 1",
            ],
        ]
        .concat(),
    );
}

#[test]
fn a_sentence_that_begins_anew_over_the_agent_is_the_same_one() {
    check(&[
        "0 agent speaks",
        "1000 caller speaks",
        "1040 -> started 1 from 1000",
        "1040 -> duck",
        "1240 caller stops",
        "1360 -> pause 1",
        "1540 -> restore",
        "1540 -> 1 is Backchannel by Ended",
        "1540 -> discard 1",
        "1600 caller speaks",
        "1640 -> started 2 from 1600",
        "1640 -> duck",
        "1720 -> hold",
        "1720 agent stops",
        "2260 -> hush 2",
        "2260 -> 2 is Interruption by Length",
        "2400 caller stops",
        "2520 -> pause 2",
        "2980 -> ended 2 at 2400 after 800",
    ]);
}

#[test]
fn what_is_far_away_is_nobody_who_calls_whatever_it_says() {
    check(&[
        "0 caller speaks",
        "40 -> started 1 from 0",
        "600 caller stops",
        "720 -> pause 1",
        "1180 -> ended 1 at 600 after 600",
        "2000 agent speaks",
        "3000 room talks",
        "3040 -> started 2 from 3000",
        "3040 -> duck",
        "3400 partial 2 0 4 speech",
        "3900 caller stops",
        "4020 -> pause 2",
        "4040 -> restore",
        "4040 -> 2 is Noise by Ended",
        "4040 -> discard 2",
    ]);
}

#[test]
fn our_own_words_never_silence_us() {
    check(&[
        "0 agent speaks",
        "1000 caller speaks",
        "1040 -> started 1 from 1000",
        "1040 -> duck",
        "1300 partial 1 0 4 echo",
        "4000 -> restore",
        "4000 -> 1 is Noise by Cap",
        "4000 -> discard 1",
    ]);
}

#[test]
fn a_soft_voice_is_given_longer_to_turn_out_as_talk_to_somebody_else() {
    check(&[
        "0 caller speaks",
        "40 -> started 1 from 0",
        "600 caller stops",
        "720 -> pause 1",
        "1180 -> ended 1 at 600 after 600",
        "2000 agent speaks",
        "3000 caller mumbles",
        "3040 -> started 2 from 3000",
        "3040 -> duck",
        "3900 caller stops",
        "4020 -> pause 2",
        "4200 -> restore",
        "4200 -> 2 is SideTalk by Ended",
        "4200 -> discard 2",
    ]);
}

#[test]
fn a_blip_over_the_agent_does_not_even_duck() {
    check(&["0 agent speaks", "1000 caller speaks", "1020 caller stops"]);
    check(&["0 agent speaks", "1000 caller hums", "1400 caller stops"]);
}

#[test]
fn a_short_answer_over_the_question_takes_the_floor_and_an_okay_does_not() {
    check(&[
        "0 expect yesno",
        "0 agent speaks",
        "1000 caller speaks",
        "1040 -> started 1 from 1000",
        "1040 -> duck",
        "1260 caller stops",
        "1380 -> pause 1",
        "1400 partial 1 1 1 speech",
        "1400 -> hush 1",
        "1400 -> 1 is Interruption by Answer",
        "1400 agent stops",
        "1520 -> ended 1 at 1260 after 260",
    ]);
    check(&[
        "0 expect yesno",
        "0 agent speaks",
        "1000 caller speaks",
        "1040 -> started 1 from 1000",
        "1040 -> duck",
        "1260 caller stops",
        "1380 -> pause 1",
        "1400 partial 1 1 1 backchannel",
        "1400 -> restore",
        "1400 -> 1 is Backchannel by NotForUs",
        "1400 -> discard 1",
    ]);
}

#[test]
fn words_over_the_agent_settle_it_early() {
    check(&[
        "0 agent speaks",
        "1000 caller speaks",
        "1040 -> started 1 from 1000",
        "1040 -> duck",
        "1240 partial 1 0 3 speech",
        "1320 -> hold",
        "1320 agent stops",
        "1760 -> hush 1",
        "1760 -> 1 is Interruption by Words",
        "2000 caller stops",
        "2120 -> pause 1",
        "2580 -> ended 1 at 2000 after 1000",
    ]);
}

#[test]
fn a_cough_silences_nobody_whatever_words_are_made_of_it() {
    check(&[
        "0 agent speaks",
        "1000 caller coughs",
        "1040 -> started 1 from 1000",
        "1040 -> duck",
        "1400 partial 1 0 1 speech 0.9",
        "1700 caller stops",
        "1820 -> pause 1",
        "1840 -> restore",
        "1840 -> 1 is Tic by Ended",
        "1840 -> discard 1",
    ]);
}

#[test]
fn words_that_are_not_sure_neither_silence_the_agent_nor_excuse_anybody() {
    check(&[
        "0 agent speaks",
        "1000 caller speaks",
        "1040 -> started 1 from 1000",
        "1040 -> duck",
        "1200 partial 1 0 3 speech 0.1",
        "1300 partial 1 0 1 backchannel 0.3",
        "1360 -> hold",
        "1360 agent stops",
        "1800 partial 1 0 3 speech 0.8",
        "1800 -> hush 1",
        "1800 -> 1 is Interruption by Words",
        "1900 caller stops",
        "2020 -> pause 1",
        "2480 -> ended 1 at 1900 after 900",
    ]);
}

#[test]
fn a_detector_that_doubts_is_overruled_by_a_voice_as_loud_as_this_callers() {
    check(&["0 agent speaks", "1000 caller puzzles", "2000 caller stops"]);
    check(&[
        "0 caller speaks",
        "40 -> started 1 from 0",
        "600 caller stops",
        "720 -> pause 1",
        "1180 -> ended 1 at 600 after 600",
        "2000 agent speaks",
        "3000 caller puzzles",
        "3040 -> started 2 from 3000",
        "3040 -> duck",
        "3200 caller stops",
        "3320 -> pause 2",
        "3500 -> restore",
        "3500 -> 2 is Backchannel by Ended",
        "3500 -> discard 2",
    ]);
}

#[test]
fn speech_over_the_agents_last_word_becomes_a_plain_turn() {
    check(&[
        "0 agent speaks",
        "1000 caller speaks",
        "1040 -> started 1 from 1000",
        "1040 -> duck",
        "1100 agent stops",
        "1120 -> restore",
        "1240 caller stops",
        "1360 -> pause 1",
        "1820 -> ended 1 at 1240 after 240",
    ]);
}

#[test]
fn a_key_silences_the_agent_and_makes_a_turn_without_words() {
    check(&["0 agent speaks", "500 key", "500 -> hush 1", "500 agent stops"]);
    check(&[
        "0 agent speaks",
        "500 caller speaks",
        "540 -> started 1 from 500",
        "540 -> duck",
        "600 key",
        "600 -> hush 1",
        "600 -> 1 is Interruption by Key",
        "600 agent stops",
        "620 caller stops",
        "740 -> pause 1",
        "1200 -> ended 1 at 620 after 120",
    ]);
}

#[test]
fn silence_is_told_again_and_again_and_any_sound_starts_it_over() {
    check(&["5000 -> silence 5", "10000 -> silence 10", "15000 -> silence 15"]);
    check(&["0 agent speaks", "4000 agent stops", "9000 -> silence 5", "14000 -> silence 10"]);
    check(&["0 hold sound", "60000 caller stops"]);
    check(&["3000 key", "8000 -> silence 5"]);
}

#[test]
fn endless_speech_loses_the_floor_until_it_pauses() {
    let config = FloorConfig { turn_max: Duration::from_secs(3), ..plain() };
    check_with(
        config,
        &[
            "0 caller speaks",
            "40 -> started 1 from 0",
            "3000 -> ended 1 at 3000 after 3000",
            "3000 agent speaks",
            "6000 caller stops",
            "6300 caller speaks",
            "6340 -> started 2 from 6300",
            "6340 -> duck",
            "6660 -> hold",
            "6660 agent stops",
            "7200 -> hush 2",
            "7200 -> 2 is Interruption by Length",
            "7300 caller stops",
            "7420 -> pause 2",
            "7880 -> ended 2 at 7300 after 1000",
        ],
    );
}

#[test]
fn late_says_wait_while_the_caller_speaks_and_are_stale_when_it_was_a_turn() {
    let mut floor = Floor::new(plain(), MonoTime::ZERO);
    let mut ms = 0;
    let mut run = |floor: &mut Floor, facts: FrameFacts, sounding: Sounding, length: u64| {
        for _ in 0..length / 20 {
            ms += 20;
            floor.handle_frame(facts, sounding, MonoTime::from_millis(ms));
            while floor.poll_output().is_some() {}
        }
    };
    assert_eq!(floor.admission(TurnId(0)), Admission::Play);
    assert_eq!(floor.admission(TurnId(1)), Admission::Drop);

    run(&mut floor, SPEECH, Sounding::Nothing, 60);
    assert_eq!(floor.admission(TurnId(0)), Admission::Wait);
    run(&mut floor, QUIET, Sounding::Nothing, 700);
    assert_eq!(floor.admission(TurnId(0)), Admission::Play, "a cough changes nothing");

    run(&mut floor, SPEECH, Sounding::Nothing, 600);
    assert_eq!(floor.admission(TurnId(2)), Admission::Wait, "prepared before the turn is over");
    run(&mut floor, QUIET, Sounding::Nothing, 700);
    assert_eq!(floor.admission(TurnId(0)), Admission::Drop);
    assert_eq!(floor.admission(TurnId(2)), Admission::Play);

    run(&mut floor, QUIET, Sounding::Say, 1_000);
    run(&mut floor, SPEECH, Sounding::Say, 720);
    assert_eq!(floor.admission(TurnId(2)), Admission::Wait, "it may yet go on");
    run(&mut floor, SPEECH, Sounding::Nothing, 600);
    assert_eq!(floor.admission(TurnId(2)), Admission::Drop, "interrupted for good");
}
