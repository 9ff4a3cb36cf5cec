use std::os::unix::fs::PermissionsExt;
use std::sync::mpsc as std_mpsc;
use std::sync::{LazyLock, Mutex};

use super::*;

const CALL: CallId = CallId(7);

fn whole_call(sheet: &mut Sheet) {
    sheet.open(CALL, "one.jsonl".to_owned(), "header".to_owned());
    sheet.write("line".to_owned());
    sheet.close("end".to_owned());
}

fn lost(journal: &Journal) -> u64 {
    journal.lost.0.load(Ordering::Relaxed)
}

#[tokio::test]
async fn a_call_is_a_file_that_only_its_owner_reads() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path().join("calls");
    let journal = Journal::start(&folder, Duration::from_secs(60)).expect("it starts");
    whole_call(&mut journal.sheet());
    journal.close().await;
    let file = folder.join("one.jsonl");
    assert_eq!(std::fs::read_to_string(&file).expect("it is there"), "header\nline\nend\n");
    let mode = |path: &Path| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(&folder)), (0o600, 0o700));
    assert_eq!(lost(&journal), 0);
}

/// A disk that is full after the header.
struct Full {
    writes: u32,
}

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writes += 1;
        if self.writes > 1 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_full_disk_is_counted_and_the_file_stays_cut_off() {
    let folder = Folder {
        folder: PathBuf::from("no folder"),
        keep: Duration::from_secs(60),
        cleared: None,
        create: |_| Ok(Full { writes: 0 }),
    };
    let journal = Journal::with(folder, 8).expect("it starts");
    whole_call(&mut journal.sheet());
    journal.close().await;
    assert_eq!(lost(&journal), 2, "the line, and the end that must not follow it");
}

/// Lets the disk take the next bytes.
static DISK: LazyLock<(std_mpsc::Sender<()>, Mutex<std_mpsc::Receiver<()>>)> = LazyLock::new(|| {
    let (go_on, wait) = std_mpsc::channel();
    (go_on, Mutex::new(wait))
});

struct Slow(File);

impl Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        DISK.1.lock().expect("one thread writes").recv().expect("the test goes on");
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_slow_disk_costs_lines_and_never_the_callers_time() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = Folder {
        folder: place.path().to_owned(),
        keep: Duration::from_secs(60),
        cleared: None,
        create: |file| create(file).map(Slow),
    };
    let journal = Journal::with(folder, 2).expect("it starts");
    let mut sheet = journal.sheet();
    sheet.open(CALL, "slow.jsonl".to_owned(), "header".to_owned());
    for number in 0..10 {
        // Nobody lets the disk go on: this returns all the same.
        sheet.write(number.to_string());
    }
    let (lines, missed) = sheet.counts();
    assert_eq!(lines + missed, 11);
    assert!((8..=9).contains(&missed), "two wait, one may be under way: {missed} were left out");
    assert_eq!(lost(&journal), missed);
    for _ in 0..=lines {
        DISK.0.send(()).expect("the disk waits");
    }
    // Room for the end, which says what is missing.
    let reserved = journal.orders.reserve().await.expect("the thread runs");
    drop(reserved);
    sheet.close(format!("lost {missed}"));
    journal.close().await;
    let text = std::fs::read_to_string(place.path().join("slow.jsonl")).expect("it is there");
    assert!(text.starts_with("header\n0\n") && text.ends_with(&format!("lost {missed}\n")), "{text}");
}

#[test]
fn old_journals_go_and_nothing_else_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let names = ["2026-11-26T150655Z-00000000c0ffee00.jsonl", "notes.jsonl", "2026-11-26T150655Z-c0ffee.txt"];
    for name in names {
        std::fs::write(folder.path().join(name), "x").expect("the folder is ours");
    }
    let there = |name: &str| folder.path().join(name).exists();
    let now = SystemTime::now();
    clear(folder.path(), Duration::from_secs(60), now);
    assert!(names.iter().all(|name| there(name)), "they are young");
    clear(folder.path(), Duration::from_secs(60), now + Duration::from_secs(120));
    assert!(!there(names[0]) && there(names[1]) && there(names[2]));
}
