use callwright_model::Language;
use proptest::prelude::*;

use super::*;

fn promise() -> Promise {
    made(
        PromiseTerms {
            not_before_unix_ms: 1_000,
            not_after_unix_ms: 2_000,
            line: "airline".to_owned(),
            language: Language::EN,
            tries_max: 3,
            pause_ms: 200,
        },
        None,
    )
}

fn who() -> Pii<String> {
    Pii::new("desk".to_owned())
}

#[test]
fn nobody_is_called_before_the_time_nor_by_two_at_once() {
    let mut it = promise();
    assert_eq!(claim(&mut it, "a", 100, 999), None);
    assert_eq!(claim(&mut it, "a", 100, 1_000), Some(1));
    assert_eq!(claim(&mut it, "b", 100, 1_099), None);
    assert_eq!(report(&mut it, 1, TryOutcome::Talked, 1_050), Ok(()));
    assert_eq!(it.standing, Standing::Kept { unix_ms: 1_050 });
    assert_eq!(claim(&mut it, "b", 100, 1_900), None);
    assert_eq!((due_unix_ms(&it), closed_unix_ms(&it)), (None, Some(1_050)));
}

#[test]
fn who_was_not_reached_is_tried_again_after_a_pause_and_then_given_up() {
    let mut it = promise();
    let mut now = 1_000;
    for outcome in [TryOutcome::NoAnswer, TryOutcome::Busy, TryOutcome::Machine] {
        let token = claim(&mut it, "a", 100, now).expect("it is due");
        assert_eq!(report(&mut it, token, outcome, now + 50), Ok(()));
        assert_eq!(claim(&mut it, "a", 100, now + 249), None, "the pause");
        now += 250;
    }
    assert_eq!((it.standing.clone(), it.tries.len()), (Standing::GivenUp, 3));
    assert_eq!(claim(&mut it, "a", 100, now), None);
}

#[test]
fn a_try_that_would_begin_too_late_is_none() {
    let mut it = promise();
    let token = claim(&mut it, "a", 100, 1_900).expect("it is due");
    assert_eq!(report(&mut it, token, TryOutcome::NoAnswer, 1_950), Ok(()));
    assert_eq!(it.standing, Standing::GivenUp, "the pause ends after the time");

    let mut it = promise();
    assert_eq!(claim(&mut it, "a", 100, 2_001), None);
    assert_eq!((it.standing, it.tries), (Standing::GivenUp, vec![]));
}

#[test]
fn a_lease_that_ends_is_a_lost_try_and_the_next_is_due_at_once() {
    let mut it = promise();
    assert_eq!(claim(&mut it, "a", 100, 1_000), Some(1));
    assert_eq!(due_unix_ms(&it), Some(1_100));
    assert_eq!(claim(&mut it, "b", 100, 1_100), Some(2));
    assert_eq!(it.tries[0].ended, Some((1_100, TryOutcome::Lost)));
    assert_eq!(report(&mut it, 1, TryOutcome::Talked, 1_150), Err(NotTaken::Stale));
    assert_eq!(report(&mut it, 2, TryOutcome::Talked, 1_150), Ok(()));
}

#[test]
fn who_was_slow_is_believed_while_nobody_else_calls() {
    let mut it = promise();
    assert_eq!(claim(&mut it, "a", 100, 1_000), Some(1));
    assert_eq!(report(&mut it, 1, TryOutcome::Talked, 1_500), Ok(()));
    assert_eq!(it.standing, Standing::Kept { unix_ms: 1_500 });
    assert_eq!(report(&mut it, 1, TryOutcome::Talked, 1_501), Ok(()), "told twice is told once");
    assert_eq!(report(&mut it, 1, TryOutcome::Busy, 1_501), Err(NotTaken::Told));
    assert_eq!(report(&mut it, 2, TryOutcome::Busy, 1_501), Err(NotTaken::Stale));
}

#[test]
fn what_is_given_back_counts_as_no_try_and_its_token_is_not_given_again() {
    let mut it = promise();
    let token = claim(&mut it, "a", 100, 1_000).expect("it is due");
    for _ in 0..2 {
        assert_eq!(report(&mut it, token, TryOutcome::GivenBack, 1_010), Ok(()));
    }
    assert_eq!((it.tries.len(), due_unix_ms(&it)), (0, Some(1_010)));
    assert_eq!(report(&mut it, token, TryOutcome::Talked, 1_011), Err(NotTaken::Stale));
    assert_eq!(claim(&mut it, "b", 100, 1_011), Some(2));
}

#[test]
fn a_promise_that_is_let_go_of_is_tried_no_more() {
    let mut it = promise();
    let token = claim(&mut it, "a", 100, 1_000).expect("it is due");
    assert_eq!(cancel(&mut it, who(), 1_010), Ok(()));
    assert_eq!(cancel(&mut it, Pii::new("another".to_owned()), 1_020), Ok(()));
    assert_eq!(report(&mut it, token, TryOutcome::NoAnswer, 1_050), Ok(()), "what came of it is noted");
    assert_eq!(it.standing, Standing::Cancelled { by: who(), unix_ms: 1_010 });
    assert_eq!(claim(&mut it, "a", 100, 1_900), None);
    let mut kept = promise();
    let token = claim(&mut kept, "a", 100, 1_000).expect("it is due");
    assert_eq!(report(&mut kept, token, TryOutcome::Talked, 1_010), Ok(()));
    assert_eq!(cancel(&mut kept, who(), 1_020), Err(NotTaken::Kept));
}

#[test]
fn a_promise_made_anew_takes_no_token_of_the_one_before() {
    let mut first = promise();
    let token = claim(&mut first, "a", 100, 1_000).expect("it is due");
    let mut again = made(first.terms.clone(), Some(&first));
    assert_eq!(report(&mut again, token, TryOutcome::Talked, 1_010), Err(NotTaken::Stale));
    assert_eq!(claim(&mut again, "b", 100, 1_010), Some(token + 1));
}

proptest! {
    /// Whatever is asked and told in whatever order: tries do not overlap, stay in the promised time and within their number, and
    /// once somebody talked nobody is called.
    #[test]
    fn tries_never_overlap_and_end_with_the_first_talk(
        steps in prop::collection::vec((0_u64..120, 0_u8..9, 1_u64..150), 0..60)
    ) {
        let mut it = promise();
        let mut now = 900;
        let mut leased: Option<(u64, u64)> = None;
        let mut talked = false;
        for (passed, what, lease) in steps {
            now += passed;
            match what {
                0..=3 => if let Some(token) = claim(&mut it, "a", lease, now) {
                    prop_assert!(!talked && (1_000..=2_000).contains(&now));
                    prop_assert!(leased.is_none_or(|(old, until)| until <= now && old < token));
                    leased = Some((token, now + lease));
                },
                4..=7 => if let Some((token, _)) = leased {
                    let outcome = [TryOutcome::Talked, TryOutcome::NoAnswer, TryOutcome::Failed, TryOutcome::GivenBack]
                        [usize::from(what) - 4];
                    if report(&mut it, token, outcome, now).is_ok() {
                        talked |= outcome == TryOutcome::Talked;
                        leased = Some((token, now));
                    }
                },
                _ => settle(&mut it, now),
            }
            prop_assert!(it.tries.len() <= 3);
            let kept = matches!(it.standing, Standing::Kept { .. });
            prop_assert!(!talked || kept);
        }
    }
}
