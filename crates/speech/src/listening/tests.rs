use super::*;
use crate::scheduler::Scheduler;

/// An engine that tells what was done with it.
#[derive(Default)]
struct Scripted {
    calls: Arc<Mutex<Vec<String>>>,
    fails: bool,
    /// It begins anew after a reading.
    anew: bool,
    /// Words so far take until they are stopped; told when they are begun.
    slow: Option<std::sync::mpsc::Sender<()>>,
}

impl Recogniser for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn knows(&self, _language: Language) -> bool {
        true
    }

    fn hears_along(&self) -> bool {
        false
    }

    fn prepare(&self, _hints: &Hints) {}

    fn hearing(&self, _given_up: GivenUp) -> Box<dyn Hearing> {
        Box::new(Self {
            calls: Arc::clone(&self.calls),
            fails: self.fails,
            anew: self.anew,
            slow: self.slow.clone(),
        })
    }
}

impl Scripted {
    fn call(&self, what: String) {
        self.calls.lock().expect("nobody panics").push(what);
    }
}

impl Hearing for Scripted {
    fn begin(&mut self, _hints: &Arc<Hints>) -> Result<(), RecogniseError> {
        self.call("begin".to_owned());
        Ok(())
    }

    fn extend(&mut self, samples: &[i16]) -> Result<(), RecogniseError> {
        self.call(format!("extend {}", samples.len() / 320));
        Ok(())
    }

    fn partial(&mut self, all: &[i16], stop: &GivenUp) -> Option<Reading> {
        if let Some(begun) = &self.slow {
            let _ = begun.send(());
            let patience = Instant::now() + Duration::from_secs(20);
            while !stop.is_set() && Instant::now() < patience {
                std::thread::yield_now();
            }
            self.call(if stop.is_set() { "partial stopped" } else { "partial not stopped" }.to_owned());
            return None;
        }
        Some(Reading { words: format!("{} frames", all.len() / 320), ..Reading::default() })
    }

    fn finish(&mut self, all: &[i16]) -> Result<Reading, RecogniseError> {
        self.call(format!("finish {}", all.len() / 320));
        if self.fails {
            return Err(RecogniseError::Engine { engine: "scripted", reason: "as told".to_owned() });
        }
        Ok(Reading { words: format!("heard {}", all.len() / 320), ..Reading::default() })
    }

    fn goes_on(&self) -> bool {
        !self.anew
    }

    fn forget(&mut self) {
        self.call("forget".to_owned());
    }
}

const LOUD: Frame = Frame([3_000; 320]);
const QUIET: Frame = Frame([3; 320]);
const START: Heard = Heard::Start { turn: TurnId(1), at: callwright_model::MonoTime::ZERO };
const PAUSE: Heard = Heard::Pause { turn: TurnId(1) };
const GOES_ON: Heard = Heard::GoesOn { turn: TurnId(1) };
const END: Heard = Heard::End { turn: TurnId(1), at: callwright_model::MonoTime::ZERO };

/// Serves each batch as one piece of work, and returns the engine's calls and the reports.
fn check(fails: bool, batches: &[&[Heard]]) -> (Vec<String>, Vec<String>) {
    check_with(fails, None, batches)
}

fn check_with(
    fails: bool,
    voter: Option<Arc<dyn TurnModel>>,
    batches: &[&[Heard]],
) -> (Vec<String>, Vec<String>) {
    let engine = Arc::new(Scripted { fails, ..Scripted::default() });
    let (leg, mut letters) = leg(&engine, voter);
    let queue = Queue::default();
    for batch in batches {
        leg.post(&mut batch.to_vec(), &queue);
        leg.work(&queue);
    }
    let mut reports = Vec::new();
    while let Ok(report) = letters.try_recv() {
        reports.push(match report {
            Recognised::Partial { words, .. } => format!("partial {}", words.reveal()),
            Recognised::Provisional(utterance) => format!("provisional {}", utterance.words.reveal()),
            Recognised::TurnVote { complete, .. } => format!("vote {complete}"),
            Recognised::Final(utterance) => format!("final {}", utterance.words.reveal()),
        });
    }
    let calls = engine.calls.lock().expect("nobody panics").clone();
    (calls, reports)
}

/// A leg that this engine hears, and what it reports.
fn leg(
    engine: &Arc<Scripted>,
    voter: Option<Arc<dyn TurnModel>>,
) -> (Arc<Leg>, mpsc::UnboundedReceiver<Recognised>) {
    let (outbox, letters) = mpsc::unbounded_channel();
    let hints = Arc::new(Hints {
        expect: Expect::Anything,
        language: Language::EN,
        languages: Vec::new(),
        sentences: Arc::from([]),
        likely: Vec::new(),
    });
    let given_up = GivenUp::default();
    let limits = Limits { partial_frames: 1, turn_samples_max: 320 * 50 };
    let ears = Ears {
        hearing: engine.hearing(given_up.clone()),
        recogniser: Arc::clone(engine) as Arc<dyn Recogniser>,
        turn_model: voter,
        turn: None,
        ahead: true,
        limits,
        outbox,
    };
    let mailbox =
        Mailbox { items: VecDeque::new(), hints, prepare: false, place: None, working: false, ending: false };
    let leg = Leg {
        mailbox: Mutex::new(mailbox),
        ears: Mutex::new(ears),
        given_up,
        partial_stop: GivenUp::default(),
        partial_frames: 1,
    };
    (Arc::new(leg), letters)
}

fn frames(frame: Frame, count: usize) -> Vec<Heard> {
    vec![Heard::Frame(frame); count]
}

#[test]
fn the_pass_made_at_a_pause_is_the_final_when_only_silence_follows() {
    let (calls, reports) = check(false, &[&[START], &frames(LOUD, 5), &[PAUSE], &frames(QUIET, 9), &[END]]);
    assert_eq!(calls, ["forget", "begin", "extend 0", "extend 5", "finish 5", "forget"]);
    assert_eq!(
        reports,
        ["partial 0 frames", "partial 5 frames", "provisional heard 5", "partial heard 5", "final heard 5"]
    );
}

#[test]
fn speech_after_a_pause_is_heard_on_or_from_the_first_sample_as_the_engine_can() {
    for (anew, heard) in
        [(false, vec!["extend 0", "extend 4"]), (true, vec!["begin", "extend 5", "extend 4"])]
    {
        let engine = Arc::new(Scripted { anew, ..Scripted::default() });
        let (leg, mut letters) = leg(&engine, None);
        let queue = Queue::default();
        let batches: [&[Heard]; 5] =
            [&[START], &frames(LOUD, 5), &[PAUSE, GOES_ON], &frames(LOUD, 4), &[PAUSE, END]];
        for batch in batches {
            leg.post(&mut batch.to_vec(), &queue);
            leg.work(&queue);
        }
        let calls = engine.calls.lock().expect("nobody panics").clone();
        let from = calls.iter().position(|call| call == "finish 5").expect("a reading at the pause");
        assert_eq!(calls[from + 1..], [heard, vec!["finish 9", "forget"]].concat());
        let last = std::iter::from_fn(|| letters.try_recv().ok()).last();
        assert!(matches!(last, Some(Recognised::Final(words)) if words.words.reveal() == "heard 9"));
    }
}

#[test]
fn nothing_is_made_at_a_pause_while_finals_wait_for_threads() {
    let engine = Arc::new(Scripted::default());
    let (leg, mut letters) = leg(&engine, Some(Arc::new(Voter)));
    let queue = Queue::default();
    queue.strain();
    for batch in [vec![START, Heard::Frame(LOUD), PAUSE], vec![END]] {
        leg.post(&mut batch.clone(), &queue);
        leg.work(&queue);
    }
    let calls = engine.calls.lock().expect("nobody panics").clone();
    assert_eq!(calls, ["forget", "begin", "extend 1", "finish 1", "forget"]);
    assert!(matches!(letters.try_recv(), Ok(Recognised::TurnVote { .. })), "the floor still gets its vote");
    assert!(is_final(std::iter::from_fn(|| letters.try_recv().ok()).last()));
}

#[test]
fn a_noise_that_is_let_go_of_does_not_spoil_the_words_before_it() {
    let (leg, _letters) = leg(&Arc::new(Scripted::default()), None);
    let queue = Queue::default();
    leg.post(&mut vec![START, Heard::Frame(LOUD), END], &queue);
    let noise = [
        Heard::Start { turn: TurnId(2), at: callwright_model::MonoTime::ZERO },
        Heard::Discard { turn: TurnId(2) },
    ];
    leg.post(&mut noise.to_vec(), &queue);
    assert!(!leg.given_up.is_set(), "the words of the first turn are still to be made");
    leg.work(&queue);
    leg.post(&mut noise.to_vec(), &queue);
    assert!(leg.given_up.is_set());
}

#[test]
fn an_engine_that_fails_still_brings_one_empty_final() {
    let (_, reports) = check(true, &[&[START], &frames(LOUD, 5), &[PAUSE], &[END]]);
    assert_eq!(reports.last().map(String::as_str), Some("final "));
    assert_eq!(reports.iter().filter(|report| report.starts_with("final")).count(), 1);
}

#[test]
fn what_comes_too_late_for_words_so_far_is_one_final() {
    let mut all = vec![START];
    all.extend(frames(LOUD, 8));
    all.extend([PAUSE, END]);
    all.splice(4..4, [PAUSE]);
    let (calls, reports) = check(false, &[&all]);
    assert_eq!(calls, ["forget", "begin", "finish 8", "forget"]);
    assert_eq!(reports, ["final heard 8"]);
}

#[test]
fn a_turn_without_an_end_is_listened_to_only_so_long() {
    let mut all = vec![START];
    all.extend(frames(LOUD, 80));
    all.push(END);
    assert_eq!(check(false, &[&all]).1, ["final heard 50"]);
}

/// A turn model that is sure of everything up to a second.
struct Voter;

impl TurnModel for Voter {
    fn complete(&self, sound: &[i16]) -> Result<f32, String> {
        Ok(sound.len() as f32 / 16_000.0)
    }
}

#[test]
fn a_turn_model_is_asked_at_each_pause_before_the_words_are_made() {
    let batch = [START, Heard::Frame(LOUD), Heard::Frame(LOUD), PAUSE];
    let (_, reports) = check_with(false, Some(Arc::new(Voter)), &[&batch, &[END]]);
    assert_eq!(reports, ["vote 0.04", "provisional heard 2", "partial heard 2", "final heard 2"]);
}

/// An engine whose words so far take until they are stopped, a leg that it hears, and a sign that it has begun with them.
fn slow_leg(
    queue: &Queue,
) -> (Arc<Scripted>, Arc<Leg>, mpsc::UnboundedReceiver<Recognised>, std::sync::mpsc::Receiver<()>) {
    let (begun, begins) = std::sync::mpsc::channel();
    let engine = Arc::new(Scripted { slow: Some(begun), ..Scripted::default() });
    let (leg, letters) = leg(&engine, None);
    leg.post(&mut vec![START, Heard::Frame(LOUD)], queue);
    (engine, leg, letters, begins)
}

fn stopped(engine: &Scripted) -> usize {
    let calls = engine.calls.lock().expect("nobody panics");
    assert!(!calls.iter().any(|call| call == "partial not stopped"), "{calls:?}");
    calls.iter().filter(|call| *call == "partial stopped").count()
}

fn is_final(report: Option<Recognised>) -> bool {
    matches!(report, Some(Recognised::Final(_)))
}

#[test]
fn a_final_that_finds_no_free_thread_stops_the_words_so_far_of_another() {
    let scheduler = Scheduler::start(1).expect("a thread");
    let queue = scheduler.queue();
    let (engine, slow, mut slow_letters, begins) = slow_leg(queue);
    begins.recv().expect("it begins");
    let (other, mut letters) = leg(&Arc::new(Scripted::default()), None);
    other.post(&mut vec![START, Heard::Frame(LOUD), END], queue);
    assert!(is_final(letters.blocking_recv()));
    assert_eq!(stopped(&engine), 1);
    // Nothing is lost of the turn whose words so far were given up.
    slow.post(&mut vec![Heard::Frame(LOUD), END], queue);
    assert!(is_final(slow_letters.blocking_recv()));
    assert!(engine.calls.lock().expect("nobody panics").contains(&"finish 2".to_owned()));
}

#[test]
fn a_pause_or_an_end_stops_the_words_so_far_of_its_own_turn() {
    for boundary in [PAUSE, END] {
        let scheduler = Scheduler::start(1).expect("a thread");
        let queue = scheduler.queue();
        let (engine, leg, mut letters, begins) = slow_leg(queue);
        begins.recv().expect("it begins");
        leg.post(&mut vec![boundary], queue);
        leg.post(&mut vec![END], queue);
        while !is_final(letters.blocking_recv()) {}
        assert_eq!(stopped(&engine), 1);
    }
}
