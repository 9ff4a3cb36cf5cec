//! The client that proto/README.md shows is the one that is run here: text and commands are taken from the page.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use callwright_tests::{Airline, CoreAlone, Place, repository};

/// The only block of a language in a text.
fn block<'t>(text: &'t str, language: &str) -> &'t str {
    let opening = format!("```{language}\n");
    let mut blocks = text.split(&opening).skip(1).filter_map(|rest| rest.split("```").next());
    let found = blocks.next().unwrap_or_else(|| panic!("the page has no block of {language}"));
    assert!(blocks.next().is_none(), "the page has two blocks of {language}");
    found
}

/// Does what the page says in a folder that looks as the page assumes, while somebody types these lines.
fn run(folder: &Path, commands: &str, typed: &str) -> Output {
    let mut child = Command::new("sh")
        .args(["-e", "-c", commands])
        .current_dir(folder)
        // Where scripts/setup has put the two packages; another Python that comes first would not know them.
        .env("PATH", "/usr/bin:/bin")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("sh starts");
    child.stdin.take().expect("it is piped").write_all(typed.as_bytes()).expect("it reads");
    child.wait_with_output().expect("it ends")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_of_the_documentation_rebooks_a_passenger() {
    let _place = Place::take(false);
    let page = std::fs::read_to_string(repository().join("proto/README.md")).expect("the page is there");
    let client = block(&page, "python");
    assert!(client.lines().count() <= 40, "{} lines", client.lines().count());
    let airline = Airline::start().await;
    let core = CoreAlone::start(&airline.url(), "", "", &[]);
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("client.py"), client).expect("written");
    std::os::unix::fs::symlink(repository().join("proto"), folder.path().join("proto")).expect("linked");
    let commands = block(&page, "sh");
    assert!(commands.contains("127.0.0.1:7070"), "{commands}");
    let commands = commands.replace("127.0.0.1:7070", &core.address);

    let said = run(folder.path(), &commands, "K7M4X2\n4821\n1\nno\n");
    assert_eq!(String::from_utf8_lossy(&said.stderr).trim(), "nothing was written");
    assert_eq!(airline.changes(), Vec::<String>::new());

    let said = run(folder.path(), &commands, "K7M4X2\n4821\n1\nyes please\n");
    let printed = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.status.success(), "{printed}{}", String::from_utf8_lossy(&said.stderr));
    let mut rest = printed.as_str();
    for expected in [
        "rebook: Rebook a cancelled flight",
        "code? pin? 1 {",
        "CW318",
        "flight? ",
        "1 STEP_STATE_COMMITTED find_booking",
        "3 STEP_STATE_PENDING assign_seat",
        "Shall I do that? ",
        "step_started",
        "step_committed",
        "completed",
        "Plan ",
        "allowed by verified-may-change-their-own",
    ] {
        let place = rest.find(expected).unwrap_or_else(|| panic!("`{expected}` is not next in\n{printed}"));
        rest = &rest[place + expected.len()..];
    }
    assert_eq!(printed.matches("step_committed").count(), 4, "{printed}");
    let now = airline.snapshot();
    assert!(now.column("bookings", "K7M4X2", "flight").is_some_and(|flight| flight.starts_with("CW318")));
    assert_eq!(
        (now.count("credits", "booking", "K7M4X2"), now.count("messages", "booking", "K7M4X2")),
        (1, 1)
    );
    airline.handle.shutdown().await;
}
