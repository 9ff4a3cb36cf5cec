//! Follows docs/mcp.md and docs/grpc.md as a person would: types their commands, writes their files, and looks for what they say is printed.

use std::path::Path;
use std::process::Command;

use callwright_tests::{Place, program, repository};

/// One thing that the page tells to do.
enum Step {
    /// A file, whole.
    File { name: String, text: String },
    /// Some text of a file, in one entry of it or anywhere, becomes another.
    Replace { name: String, entry: Option<String>, from: String, to: String },
    /// A command, with lines of what it prints, in order.
    Run { command: String, wanted: Vec<String> },
}

/// The blocks of a page in order.
fn steps(page: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut lines = page.lines();
    while let Some(kind) = lines.by_ref().find_map(|line| line.strip_prefix("```")) {
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        if kind == "console" {
            for line in block {
                match (line.strip_prefix("$ "), steps.last_mut()) {
                    (Some(command), _) => {
                        steps.push(Step::Run { command: command.to_owned(), wanted: Vec::new() })
                    }
                    (None, Some(Step::Run { wanted, .. })) => wanted.push(line.to_owned()),
                    (None, _) => panic!("`{line}` is printed by nothing"),
                }
            }
        } else {
            steps.push(edit(&block));
        }
    }
    steps
}

/// The first line of a block, a comment, says which file it is: `# FILE` or `# FILE, ENTRY: in place of `TEXT``.
fn edit(block: &[&str]) -> Step {
    let (head, text) = block.split_first().expect("a block has a line that names its file");
    let head = head.trim_start_matches(['#', '/', ' ']);
    let text = text.join("\n");
    let Some((place, from)) = head.split_once(": in place of `") else {
        return Step::File { name: head.to_owned(), text: format!("{text}\n") };
    };
    let from = from.strip_suffix('`').expect("the text ends with a backtick").to_owned();
    let (name, entry) = match place.split_once(", ") {
        Some((name, entry)) => (name, Some(entry.to_owned())),
        None => (place, None),
    };
    Step::Replace { name: name.to_owned(), entry, from, to: text }
}

fn replace(file: &Path, entry: Option<&str>, from: &str, to: &str) {
    let mut text = std::fs::read_to_string(file).expect("the file is there");
    let begin = match entry {
        Some(entry) => text.find(&format!("\n  {entry}:\n")).expect("the entry is there"),
        None => 0,
    };
    let at =
        text[begin..].find(from).unwrap_or_else(|| panic!("`{from}` is not in {}", file.display())) + begin;
    text.replace_range(at..at + from.len(), to);
    std::fs::write(file, text).expect("written");
}

fn run(folder: &Path, command: &str) -> String {
    let ours = program();
    let mut path = ours.parent().expect("it is in a folder").as_os_str().to_owned();
    // Debian's Python, which has grpcio, before any other.
    path.push(":/usr/bin:");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(folder)
        .env("PATH", path)
        .env("CALLWRIGHT_SPEECH_MODELS", repository().join("models"))
        .output()
        .expect("a shell starts");
    [output.stdout.as_slice(), output.stderr.as_slice()].map(String::from_utf8_lossy).concat()
}

/// Does what a page says, in a folder that holds what these files of tests/ are.
fn follow(page: &str, folder: &Path, files: &[&str], commands_min: usize) {
    let page = std::fs::read_to_string(repository().join(page)).expect("the page is there");
    for file in files {
        let copy = folder.join(file.split_once('/').expect("it is in a folder of tests/").1);
        std::fs::create_dir_all(copy.parent().expect("a folder")).expect("made");
        std::fs::copy(repository().join("tests").join(file), copy).expect("copied");
    }
    let mut commands = 0;
    for step in steps(&page) {
        match step {
            Step::File { name, text } => {
                let file = folder.join(name);
                std::fs::create_dir_all(file.parent().expect("a folder")).expect("made");
                std::fs::write(file, text).expect("written");
            }
            Step::Replace { name, entry, from, to } => {
                replace(&folder.join(name), entry.as_deref(), &from, &to);
            }
            Step::Run { command, wanted } => {
                commands += 1;
                let printed = run(folder, &command);
                let mut rest = printed.to_lowercase();
                for line in wanted {
                    let at = rest.find(&line.to_lowercase());
                    let at = at.unwrap_or_else(|| panic!("$ {command}\ndoes not print `{line}`:\n{printed}"));
                    rest.drain(..at + line.len());
                }
            }
        }
    }
    assert!(commands >= commands_min, "the page has commands: {commands}");
}

#[test]
fn the_page_about_mcp_works_as_it_stands() {
    let _place = Place::take(false);
    let folder = tempfile::tempdir().expect("a folder");
    follow("docs/mcp.md", folder.path(), &["mcp/hotel.py"], 14);
}

/// A folder whose `garage.pid` names a process that ends with the test, however far that came.
struct Background(tempfile::TempDir);

impl Drop for Background {
    fn drop(&mut self) {
        if let Ok(pid) = std::fs::read_to_string(self.0.path().join("garage.pid")) {
            let _ = Command::new("kill").arg(pid.trim()).output();
        }
    }
}

#[test]
fn the_page_about_grpc_works_as_it_stands() {
    let _place = Place::take(false);
    let folder = Background(tempfile::tempdir().expect("a folder"));
    let files = ["grpc/garage.py", "grpc/garage.proto", "grpc/mirror.proto", "grpc/google/type/money.proto"];
    follow("docs/grpc.md", folder.0.path(), &files, 14);
}
