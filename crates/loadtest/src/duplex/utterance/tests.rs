use callwright_model::Samples;

use super::*;
use crate::duplex::dice::Dice;
use crate::measure::Kind;

/// Levels of an utterance with a rhythm of its own.
fn speech(which: u64, blocks: usize) -> Vec<f32> {
    let mut dice = Dice::new(which, "speech");
    let mut level = -20.0;
    (0..blocks)
        .map(|at| {
            if at % 8 == 0 {
                level = dice.between(-45.0, -15.0) as f32;
            }
            level
        })
        .collect()
}

/// A call in which these utterances lie one second apart; what is said over each, as a block into it.
fn call(utterances: &[(Vec<f32>, Option<usize>)]) -> (Vec<Said>, Vec<Segment>, Levels) {
    let (mut said, mut heard, mut levels) = (Vec::new(), Vec::new(), Levels::default());
    for (envelope, over) in utterances {
        levels.other.resize(levels.other.len() + 100, -100.0);
        let at = |block: usize| Samples((block * Levels::BLOCK) as u64);
        let start = levels.other.len();
        heard.push(Segment { start: at(start), end: at(start + envelope.len()) });
        levels.other.extend(envelope);
        if let Some(over) = over {
            let speech = Segment { start: at(start + over), end: at(start + over + 30) };
            said.push(Said { name: String::new(), kind: Kind::Backchannel, speech });
        }
    }
    (said, heard, levels)
}

fn ends(utterances: &[(Vec<f32>, Option<usize>)]) -> Vec<bool> {
    let (said, heard, levels) = call(utterances);
    let found = own_ends(&[Tracks { said: &said, heard: &heard, levels: &levels }]);
    found[0].iter().map(|heard| heard.own_end).collect()
}

#[test]
fn an_utterance_that_ends_where_it_ends_undisturbed_ended_itself() {
    assert_eq!(ends(&[(speech(1, 200), Some(150)), (speech(1, 200), None)]), [true, true]);
}

#[test]
fn an_utterance_that_is_longer_elsewhere_was_cut_off() {
    let cut = speech(1, 200)[..160].to_vec();
    assert_eq!(ends(&[(cut, Some(120)), (speech(1, 200), None)]), [false, true]);
}

#[test]
fn lowering_its_voice_does_not_hide_an_utterance() {
    let mut ducked = speech(1, 200);
    ducked[130..].iter_mut().for_each(|level| *level -= 12.0);
    assert_eq!(ends(&[(ducked.clone(), Some(125)), (speech(1, 200), None)]), [true, true]);
    ducked.truncate(170);
    assert_eq!(ends(&[(ducked, Some(125)), (speech(1, 200), None)]), [false, true]);
}

#[test]
fn the_last_words_are_enough_where_the_rest_differs() {
    let with = |name: u64| [speech(name, 100), speech(9, 150)].concat();
    assert_eq!(ends(&[(with(1), Some(200)), (with(2), None)]), [true, true]);
    let mut cut = with(1);
    cut.truncate(230);
    assert_eq!(ends(&[(cut.clone(), Some(200)), (with(2), None)]), [false, true]);
    // The same words, after which it goes on elsewhere.
    let on = [with(3), speech(4, 60)].concat();
    assert_eq!(ends(&[(with(1), Some(200)), (with(2), None), (on.clone(), None)]), [false, true, true]);
    // Which is an exception.
    let mut usual: Vec<_> = (10..14).map(|name| (with(name), None)).collect();
    usual.extend([(on, None), (with(1), Some(200))]);
    assert_eq!(ends(&usual).last(), Some(&true));
}

#[test]
fn what_was_never_heard_otherwise_counts_as_stopped() {
    assert_eq!(ends(&[(speech(1, 200), Some(150)), (speech(2, 200), None)]), [false, true]);
    // Both may have been stopped.
    assert_eq!(ends(&[(speech(1, 200), Some(150)), (speech(1, 200), Some(150))]), [false, false]);
}
