use proptest::prelude::*;

use super::*;

mod any_order;

fn at(seconds: u64) -> MonoTime {
    MonoTime::from_millis(seconds * 1_000)
}

/// Somebody who takes every caller of line 0.
fn person(rank: u32) -> Human {
    Human {
        serves: BTreeMap::from([(0, rank)]),
        skills: BTreeSet::new(),
        languages: Vec::new(),
        hours: Hours::default(),
        wrap_up: Duration::ZERO,
        calls: 1,
    }
}

fn wish() -> Wish {
    Wish { line: 0, language: Language::EN, skills: BTreeSet::new(), priority: 0 }
}

fn skilled(skill: &str) -> BTreeSet<String> {
    BTreeSet::from([skill.to_owned()])
}

/// What came of it, in words: `1<-0,2` is call 1 being offered humans 0 and 2, `1@2` its place, `1:Full` why nobody comes.
fn said(queue: &mut Queue) -> Vec<String> {
    std::iter::from_fn(|| queue.poll_output())
        .map(|output| match output {
            Output::Offer { call, humans } => {
                let humans: Vec<String> = humans.iter().map(ToString::to_string).collect();
                format!("{}<-{}", call.0, humans.join(","))
            }
            Output::Waits { call, place, minutes: None } => format!("{}@{place}", call.0),
            Output::Waits { call, place, minutes: Some(minutes) } => format!("{}@{place}~{minutes}", call.0),
            Output::Nobody { call, why } => format!("{}:{why:?}", call.0),
        })
        .collect()
}

fn new(config: Config, humans: Vec<Human>) -> Queue {
    Queue::new(config, humans, MONDAY_NOON, at(0))
}

/// Runs a script such as `"3 seek 1"`, and compares what came of each line.
fn check(queue: &mut Queue, script: &[(&str, &[&str])]) {
    for (line, wanted) in script {
        let parts: Vec<&str> = line.split(' ').collect();
        let number = |place: usize| parts[place].parse::<u64>().expect("a number");
        let (now, call) = (at(number(0)), CallId(number(2)));
        let human = usize::try_from(number(2)).expect("a place");
        match parts[1] {
            "seek" => queue.handle_seek(call, wish(), now),
            "urgent" => queue.handle_seek(call, Wish { priority: 1, ..wish() }, now),
            "taken" => queue.handle_taken(call, now),
            "leave" => queue.handle_leave(call, now),
            "pause" => queue.handle_paused(human, true, now),
            "back" => queue.handle_paused(human, false, now),
            "lost" => queue.handle_phones(human, Phones::Away, now),
            "busy" => queue.handle_phones(human, Phones::Busy, now),
            "free" => queue.handle_phones(human, Phones::Free, now),
            "timer" => {
                assert!(queue.poll_timeout().is_some_and(|due| due <= now), "{line}: no timer is due");
                queue.handle_timeout(now);
            }
            other => panic!("{other}: unknown fact"),
        }
        assert_eq!(said(queue), *wanted, "after {line}");
    }
}

#[test]
fn who_is_idle_longest_is_rung_first() {
    let mut queue = new(Config::default(), vec![person(0), person(0)]);
    check(
        &mut queue,
        &[
            ("1 seek 1", &["1<-0"]),
            ("2 taken 1", &[]),
            ("9 leave 1", &[]),
            ("10 seek 2", &["2<-1"]),
            ("11 taken 2", &[]),
            ("12 leave 2", &[]),
            ("13 seek 3", &["3<-0"]),
        ],
    );
}

#[test]
fn a_lower_rank_is_rung_before_who_is_idle_longer() {
    let mut queue = new(Config::default(), vec![person(1), person(0)]);
    check(
        &mut queue,
        &[("1 seek 1", &["1<-1"]), ("2 leave 1", &[]), ("3 seek 2", &["2<-1"]), ("4 seek 3", &["3<-0"])],
    );
}

#[test]
fn who_does_not_take_a_call_is_followed_by_the_next_and_not_rung_again() {
    let mut queue = new(Config::default(), vec![person(0), person(1)]);
    check(
        &mut queue,
        &[
            ("1 seek 1", &["1<-0"]),
            ("5 seek 1", &["1<-1"]),
            ("9 seek 1", &["1:Tried"]),
            ("10 seek 2", &["2<-0"]),
        ],
    );
}

#[test]
fn a_busy_human_is_not_rung_and_callers_wait_in_order() {
    let mut queue = new(Config::default(), vec![person(0)]);
    check(
        &mut queue,
        &[
            ("1 seek 1", &["1<-0"]),
            ("2 taken 1", &[]),
            ("3 seek 2", &["2@1"]),
            ("4 seek 3", &["3@2"]),
            ("5 urgent 4", &["4@1", "2@2", "3@3"]),
            // Two minutes of talk are told to those who wait.
            ("122 leave 1", &["4<-0", "2@1~2", "3@2~4"]),
            ("123 leave 2", &["3@1~2"]),
        ],
    );
}

#[test]
fn who_waits_grows_more_urgent() {
    let mut queue = new(Config::default(), vec![person(0)]);
    check(
        &mut queue,
        &[
            ("1 seek 1", &["1<-0"]),
            ("2 taken 1", &[]),
            ("3 seek 2", &["2@1"]),
            ("64 urgent 3", &["3@2"]),
            ("65 leave 1", &["2<-0", "3@1~2"]),
        ],
    );
}

#[test]
fn after_a_call_there_is_time_to_write_it_up() {
    let mut queue = new(Config::default(), vec![Human { wrap_up: Duration::from_secs(20), ..person(0) }]);
    check(
        &mut queue,
        &[("1 seek 1", &["1<-0"]), ("2 taken 1", &[]), ("62 leave 1", &[]), ("63 seek 2", &["2@1~1"])],
    );
    assert_eq!(queue.people(at(63)).next(), Some(Doing::WrapUp));
    check(&mut queue, &[("73 timer 0", &[]), ("82 timer 0", &["2<-0"])]);
}

#[test]
fn who_is_in_a_call_of_their_own_is_waited_for() {
    let mut queue = new(Config::default(), vec![person(0)]);
    check(&mut queue, &[("1 busy 0", &[]), ("2 seek 1", &["1@1"]), ("9 free 0", &["1<-0"])]);
}

#[test]
fn who_was_rung_for_in_vain_for_too_long_is_not_rung_for_again() {
    let config = Config { wait_max: Duration::from_secs(60), ..Config::default() };
    let mut queue = new(config, vec![person(0), person(0)]);
    check(&mut queue, &[("1 seek 1", &["1<-0"]), ("90 seek 1", &["1:TooLong"])]);
}

#[test]
fn skills_and_languages_decide_who_fits() {
    let billing = Human { skills: skilled("billing"), languages: vec![Language::EN], ..person(0) };
    let spanish = Human { languages: vec![Language::ES], ..person(0) };
    let mut queue = new(Config::default(), vec![billing, spanish]);
    queue.handle_seek(CallId(1), Wish { language: Language::ES, ..wish() }, at(1));
    assert_eq!(said(&mut queue), ["1<-1"]);
    queue.handle_seek(CallId(2), Wish { skills: skilled("billing"), ..wish() }, at(1));
    assert_eq!(said(&mut queue), ["2<-0"]);
    queue.handle_seek(CallId(3), Wish { skills: skilled("law"), ..wish() }, at(1));
    assert_eq!(said(&mut queue), ["3:Unfit"]);
    // Of those who can do it nobody speaks Korean: better another language than nobody.
    queue.handle_leave(CallId(2), at(2));
    queue.handle_seek(
        CallId(4),
        Wish { language: Language::KO, skills: skilled("billing"), ..wish() },
        at(2),
    );
    assert_eq!(said(&mut queue), ["4<-0"]);
    queue.handle_seek(CallId(5), Wish { line: 7, ..wish() }, at(2));
    assert_eq!(said(&mut queue), ["5:Unfit"]);
}

#[test]
fn several_ring_together_and_those_who_did_not_answer_are_free() {
    let mut queue =
        new(Config { ring: Ring::All, ..Config::default() }, vec![person(0), person(0), person(0)]);
    check(&mut queue, &[("1 seek 1", &["1<-0,1,2"]), ("1 seek 2", &["2@1"])]);
    queue.handle_answered(CallId(1), 1, at(3));
    assert_eq!(said(&mut queue), ["2<-0,2"]);
    check(&mut queue, &[("4 taken 1", &[])]);
    assert!(queue.people(at(4)).eq([Doing::Rung, Doing::Talking, Doing::Rung]));
}

#[test]
fn a_group_behind_one_address_takes_several_calls() {
    let mut queue = new(Config::default(), vec![Human { calls: 2, ..person(0) }]);
    check(
        &mut queue,
        &[("1 seek 1", &["1<-0"]), ("1 seek 2", &["2<-0"]), ("1 seek 3", &["3@1"]), ("2 leave 1", &["3<-0"])],
    );
}

#[test]
fn paused_unreachable_full_and_too_long_are_told_apart() {
    let config = Config { waiting_max: 1, wait_max: Duration::from_secs(60), ..Config::default() };
    let mut queue = new(config, vec![person(0)]);
    check(
        &mut queue,
        &[
            ("1 pause 0", &[]),
            ("2 seek 1", &["1:Away"]),
            ("3 back 0", &[]),
            ("4 seek 2", &["2<-0"]),
            ("5 taken 2", &[]),
            ("6 seek 3", &["3@1"]),
            ("7 seek 4", &["4:Full"]),
            ("17 timer 0", &[]),
            ("66 timer 0", &["3:TooLong"]),
            ("67 lost 0", &[]),
            ("68 leave 2", &[]),
            ("69 seek 5", &["5:Away"]),
        ],
    );
    assert_eq!(queue.poll_timeout(), None, "nobody waits");
}

#[test]
fn an_offer_that_nobody_speaks_of_is_taken_back() {
    let mut queue = new(Config::default(), vec![person(0)]);
    check(
        &mut queue,
        &[("1 seek 1", &["1<-0"]), ("2 seek 2", &["2@1"]), ("301 timer 0", &["1:TooLong", "2<-0"])],
    );
}

#[test]
fn outside_of_working_time_nobody_is_rung() {
    let shifts = vec!["mo-fr 09:00-17:00".parse().expect("a shift")];
    let hours = Hours { zone: chrono_tz::Europe::Berlin, shifts, ..Hours::default() };
    let mut queue = new(Config::default(), vec![Human { hours, ..person(0) }]);
    // It is 13:00 in Berlin.
    check(&mut queue, &[("1 seek 1", &["1<-0"]), ("2 taken 1", &[]), ("14395 seek 2", &["2@1"])]);
    assert_eq!(queue.next_open(&wish(), MONDAY_NOON), Some(MONDAY_NOON));
    check(&mut queue, &[("14405 timer 0", &[]), ("14406 leave 1", &["2:Closed"])]);
}

const HOUR: u64 = 3_600_000;
/// 2026-11-23, a Monday, 12:00 in UTC.
const MONDAY_NOON: u64 = 1_795_435_200_000;

fn hours(zone: chrono_tz::Tz, shifts: &[&str], days_off: &[(i32, u32, u32)]) -> Hours {
    let shifts = shifts.iter().map(|shift| shift.parse().expect("a shift")).collect();
    let day = |(y, m, d): &(i32, u32, u32)| chrono::NaiveDate::from_ymd_opt(*y, *m, *d).expect("a day");
    Hours { zone, shifts, days_off: days_off.iter().map(day).collect() }
}

#[test]
fn hours_open_next_where_the_calendar_says() {
    let office = hours(chrono_tz::Tz::UTC, &["mo-fr 09:00-17:30", "sa 10:00-12:00"], &[(2026, 11, 24)]);
    assert!(office.is_open(MONDAY_NOON));
    let evening = MONDAY_NOON + 6 * HOUR;
    assert!(!office.is_open(evening));
    // Tuesday is off: Wednesday at nine.
    assert_eq!(office.next_open(evening), Some(MONDAY_NOON + 45 * HOUR));
    let night = hours(chrono_tz::Tz::UTC, &["su-mo 22:00-06:00"], &[]);
    assert!(night.is_open(MONDAY_NOON - 7 * HOUR), "Monday at five, since Sunday");
    assert!(!night.is_open(MONDAY_NOON + 42 * HOUR), "Wednesday at six");
    assert!(night.is_open(MONDAY_NOON + 17 * HOUR), "Tuesday at five, since Monday");
    let never = hours(chrono_tz::Tz::UTC, &[], &[]);
    assert!(never.is_open(MONDAY_NOON), "without a shift it is always working time");
}

#[test]
fn working_times_are_told_in_order_and_apart_and_agree_with_whether_it_is_open() {
    let office = hours(
        chrono_tz::Tz::UTC,
        &["mo-fr 12:30-17:00", "mo-fr 09:00-12:30", "su-mo 22:00-06:00"],
        &[(2026, 11, 25)],
    );
    let at = |hours: i64| MONDAY_NOON.saturating_add_signed(hours * HOUR.cast_signed());
    let spans = office.spans(at(0), 2);
    // Monday, the night to Tuesday, Tuesday; Wednesday is off.
    assert_eq!(spans, [(at(-3), at(5)), (at(10), at(18)), (at(21), at(29))]);
    for hour in 0..60 {
        let inside = spans.iter().any(|(from, until)| (*from..*until).contains(&at(hour)));
        assert_eq!(office.is_open(at(hour)), inside, "{hour} hours after");
    }
    let always = hours(chrono_tz::Tz::UTC, &[], &[]).spans(at(0), 1);
    assert_eq!(always, [(at(-12), at(36))], "days that follow each other are one time");
    assert_eq!(
        common(&spans, &[(at(0), at(1)), (at(4), at(11))]),
        [(at(0), at(1)), (at(4), at(5)), (at(10), at(11))]
    );
}

#[test]
fn a_time_that_the_clock_skips_is_an_hour_later() {
    // On 28 March 2027 there is no 02:30 in Berlin.
    let office = hours(chrono_tz::Europe::Berlin, &["su 02:30-05:00"], &[]);
    let saturday = chrono::NaiveDate::from_ymd_opt(2027, 3, 27).and_then(|day| day.and_hms_opt(12, 0, 0));
    let saturday = unix_ms(chrono_tz::Tz::UTC, saturday.expect("a time")).expect("after 1970");
    assert_eq!(office.next_open(saturday), Some(saturday + 13 * HOUR + HOUR / 2));
}

#[test]
fn shifts_that_cannot_be_are_refused() {
    for text in [
        "",
        "mo",
        "mo 9",
        "xx 09:00-10:00",
        "mo 24:00-25:00",
        "mo 09:60-10:00",
        "mo- 09:00-10:00",
        "24:00-25:00",
    ] {
        assert!(text.parse::<Shift>().is_err(), "{text}");
    }
    assert!("mo-su 00:00-24:00".parse::<Shift>().is_ok());
}
