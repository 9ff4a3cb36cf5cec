//! Recordings on a disk: what a crash, an eraser and a forger leave of them.
#![expect(clippy::expect_used, reason = "a test says why it expects")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use callwright_model::{BothSides, CallId, FRAME_SAMPLES, Frame, MonoTime};
use callwright_recording::{
    CallTape, Head, KeyError, MasterKey, Order, RING_TICKS, ReadError, Reading, Recordings, Shelf,
};

fn master() -> MasterKey {
    MasterKey::parse(&MasterKey::generate().expect("random numbers")).expect("a key")
}

/// A tick whose every sample tells its place, on both sides.
fn tick(number: u64) -> BothSides {
    let at = MonoTime::from_millis(number * 20);
    let sample = |n: usize| i16::try_from((number as usize * FRAME_SAMPLES + n) % 30_000 + 1).expect("small");
    let heard = Frame(std::array::from_fn(sample));
    BothSides { tick: number, at, heard, sent: Frame(heard.0.map(|sample| -sample)) }
}

/// Feeds ticks as a leg does, waiting where the ring is full.
fn feed(leg: &mut rtrb::Producer<BothSides>, ticks: std::ops::Range<u64>) {
    for number in ticks {
        while leg.push(tick(number)).is_err() {
            std::thread::yield_now();
        }
    }
}

fn record(folder: &Path, master: &MasterKey, call: u64, ticks: u64) -> PathBuf {
    let recordings = Recordings::start(folder, master.clone(), None).expect("a thread");
    let head = Head::new(CallId(call), "airline", 1_795_705_615_000 + call);
    let (mut leg, tape): (_, CallTape) = recordings.call(head).expect("a place");
    tape.tell(Order::Start(MonoTime::ZERO));
    feed(&mut leg, 0..ticks);
    drop(tape);
    recordings.close();
    Shelf::new(folder).find(CallId(call)).expect("a folder").expect("a recording").file
}

/// Both sides of a WAV.
fn sides(wav: &Path) -> (Vec<i16>, Vec<i16>) {
    let mut wav = hound::WavReader::open(wav).expect("a WAV");
    assert_eq!((wav.spec().channels, wav.spec().sample_rate), (2, 16_000));
    let samples: Vec<i16> = wav.samples::<i16>().map(|sample| sample.expect("a sample")).collect();
    samples.as_chunks::<2>().0.iter().map(|[left, right]| (*left, *right)).unzip()
}

#[test]
fn a_recording_is_the_call_sample_by_sample() {
    let folder = tempfile::tempdir().expect("a folder");
    let (dir, master) = (folder.path().join("recordings"), master());
    let file = record(&dir, &master, 7, 500);
    for path in [file.clone(), file.with_extension("key")] {
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600, "{path:?}");
    }
    assert_eq!(fs::metadata(&dir).expect("there").permissions().mode() & 0o777, 0o700);
    let mut reading = Reading::open(&file, &master).expect("it opens");
    let wav = folder.path().join("x.wav");
    assert_eq!(reading.to_wav(&wav).expect("a WAV"), 500 * FRAME_SAMPLES as u64);
    assert!(reading.is_whole() && reading.lost() == 0);
    let (caller, sent) = sides(&wav);
    let expected: Vec<i16> = (0..500).flat_map(|number| tick(number).heard.0).collect();
    assert!(caller == expected, "each sample at its place");
    assert!(
        caller.iter().zip(&sent).all(|(left, right)| *left == -*right),
        "and on both sides the same place"
    );
    let sealed = fs::read(&file).expect("there");
    let sound: Vec<u8> = expected[..64].iter().flat_map(|sample| sample.to_le_bytes()).collect();
    assert!(!sealed.windows(sound.len()).any(|bytes| bytes == sound), "nothing of it is in clear");
}

#[test]
fn what_a_crash_leaves_is_read_up_to_the_last_second() {
    let folder = tempfile::tempdir().expect("a folder");
    let master = master();
    let recordings = Recordings::start(folder.path(), master.clone(), None).expect("a thread");
    let (mut leg, tape) = recordings.call(Head::new(CallId(1), "airline", 0)).expect("a place");
    tape.tell(Order::Start(MonoTime::ZERO));
    feed(&mut leg, 0..300);
    // The thread has taken everything: what it holds back now is what a crash would take.
    while leg.slots() < RING_TICKS {
        std::thread::yield_now();
    }
    let file = loop {
        if let Some(one) = Shelf::new(folder.path()).find(CallId(1)).expect("a folder") {
            let copy = folder.path().join("crashed.rec");
            fs::copy(&one.file, &copy).expect("copied");
            fs::copy(one.file.with_extension("key"), copy.with_extension("key")).expect("copied");
            let mut reading = match Reading::open(&copy, &master) {
                Ok(reading) => reading,
                // The copy was taken before its head was written.
                Err(ReadError::Unknown) => continue,
                Err(error) => panic!("it does not open: {error}"),
            };
            let samples = reading.to_wav(&folder.path().join("x.wav")).expect("a WAV");
            assert!(!reading.is_whole(), "its end was never written");
            if samples >= 250 * FRAME_SAMPLES as u64 {
                break copy;
            }
        }
    };
    // A torn piece at the end is no piece.
    let length = fs::metadata(&file).expect("there").len();
    fs::File::options().write(true).open(&file).expect("open").set_len(length - 100).expect("cut");
    let mut reading = Reading::open(&file, &master).expect("it opens");
    assert!(reading.to_wav(&folder.path().join("y.wav")).expect("a WAV") >= 230 * FRAME_SAMPLES as u64);
    drop(tape);
    recordings.close();
}

#[test]
fn a_changed_piece_and_another_key_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let own = master();
    let file = record(folder.path(), &own, 3, 100);
    let refused = Reading::open(&file, &master()).err();
    assert!(matches!(refused, Some(ReadError::Key(KeyError::Wrong))), "{refused:?}");
    let mut bytes = fs::read(&file).expect("there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).expect("written");
    let mut reading = Reading::open(&file, &own).expect("its head is the same");
    let changed = reading.to_wav(&folder.path().join("x.wav"));
    assert!(matches!(changed, Err(ReadError::Changed(_))), "{changed:?}");
}

#[test]
fn without_its_key_a_recording_is_erased_and_that_is_written_down() {
    let folder = tempfile::tempdir().expect("a folder");
    let master = master();
    let (one, other) = (record(folder.path(), &master, 3, 50), record(folder.path(), &master, 4, 50));
    let backup = folder.path().join("backup.rec");
    fs::copy(&one, &backup).expect("copied");
    let shelf = Shelf::new(folder.path());
    assert_eq!(shelf.erase(&[CallId(3), CallId(9)], "journey erased").expect("erased"), [CallId(3)]);
    assert!(!one.exists() && !one.with_extension("key").exists());
    let refused = Reading::open(&backup, &master).err();
    assert!(
        matches!(refused, Some(ReadError::Key(KeyError::Erased))),
        "a backup of it is nothing: {refused:?}"
    );
    let left: Vec<CallId> = shelf.list().expect("a folder").iter().map(|one| one.call).collect();
    assert_eq!(left, [CallId(4)]);
    assert!(shelf.clear(Duration::from_secs(60), SystemTime::now()).expect("cleared").is_empty(), "too new");
    let later = SystemTime::now() + Duration::from_secs(120);
    assert_eq!(shelf.clear(Duration::from_secs(60), later).expect("cleared"), [CallId(4)]);
    assert!(!other.exists());
    let notes = fs::read_to_string(folder.path().join("deletions.jsonl")).expect("a journal");
    let whys: Vec<&str> = notes.lines().map(|line| line.split("\"why\":\"").nth(1).unwrap_or("")).collect();
    assert_eq!(whys, ["journey erased\"}", "kept long enough\"}"], "{notes}");
}

#[test]
fn a_call_that_nobody_may_record_leaves_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let recordings = Recordings::start(folder.path(), master(), None).expect("a thread");
    let (mut leg, tape) = recordings.call(Head::new(CallId(1), "airline", 0)).expect("a place");
    feed(&mut leg, 0..300);
    drop(tape);
    recordings.close();
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
}
