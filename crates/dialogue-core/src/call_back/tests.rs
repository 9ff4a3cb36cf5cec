use chrono::{NaiveDate, TimeZone as _};
use chrono_tz::Europe::Madrid;

use super::*;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;

fn on(day: u32, hour: u32, minute: u32) -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2026, 11, day).and_then(|day| day.and_hms_opt(hour, minute, 0)).expect("a time")
}

/// It is 16:00 in Madrid on a Friday; people are there from nine to five, not on Saturday and Sunday.
fn call_backs() -> CallBacks {
    let at = |local: NaiveDateTime| {
        let utc = Madrid.from_local_datetime(&local).earliest().expect("it is there");
        utc.timestamp_millis().cast_unsigned()
    };
    CallBacks {
        clock: Clock::new(at(on(27, 16, 0)), MonoTime::from_millis(1_000), Madrid),
        open: [27, 30].map(|day| (at(on(day, 9, 0)), at(on(day, 17, 0)))).to_vec(),
        soonest: Duration::from_secs(120),
        window: Duration::from_secs(1_800),
    }
}

/// What is promised, by the clock on the wall.
fn promised(wanted: Wanted) -> Option<(NaiveDateTime, NaiveDateTime)> {
    let it = call_backs();
    let window = it.window(wanted, MonoTime::from_millis(1_000))?;
    Some((it.clock.local(window.from_unix_ms), it.clock.local(window.to_unix_ms)))
}

#[test]
fn what_is_promised_lies_in_the_hours_of_those_who_are_there() {
    for (wanted, from, to) in [
        (Wanted::Soon, on(27, 16, 2), on(27, 16, 32)),
        (Wanted::From(on(27, 16, 30)), on(27, 16, 30), on(27, 17, 0)),
        (Wanted::From(on(27, 16, 40)), on(27, 16, 40), on(27, 17, 0)),
        // What is left of the day is too short, and then comes the weekend.
        (Wanted::From(on(27, 16, 50)), on(30, 9, 0), on(30, 9, 30)),
        (Wanted::From(on(28, 9, 0)), on(30, 9, 0), on(30, 9, 30)),
        (Wanted::From(on(30, 16, 0)), on(30, 16, 0), on(30, 16, 30)),
        // It is too late for that.
        (Wanted::From(on(27, 15, 0)), on(27, 16, 2), on(27, 16, 32)),
        (Wanted::Between(on(30, 8, 0), on(30, 12, 0)), on(30, 9, 0), on(30, 12, 0)),
        (Wanted::Between(on(27, 14, 0), on(27, 17, 0)), on(27, 16, 2), on(27, 17, 0)),
    ] {
        assert_eq!(promised(wanted), Some((from, to)), "{wanted:?}");
    }
    assert_eq!(promised(Wanted::From(on(30, 18, 0))), None, "nobody is known to be there");
    assert_eq!(promised(Wanted::Between(on(27, 9, 0), on(27, 12, 0))), None, "it has passed");
}

#[test]
fn time_goes_on_while_they_talk() {
    let it = call_backs();
    let later =
        it.window(Wanted::Soon, MonoTime::from_millis(1_000 + 10 * MINUTE)).expect("people are there");
    assert_eq!(it.clock.local(later.from_unix_ms), on(27, 16, 12));
    assert_eq!(later.to_unix_ms - later.from_unix_ms, HOUR / 2);
}
