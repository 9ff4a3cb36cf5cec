//! Follows docs/mcp.md as a person would: types its commands, writes its files, and looks for what it says is printed.

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
    path.push(":");
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

#[test]
fn the_page_about_mcp_works_as_it_stands() {
    let _place = Place::take(false);
    let page = std::fs::read_to_string(repository().join("docs/mcp.md")).expect("the page is there");
    let folder = tempfile::tempdir().expect("a folder");
    let hotel = repository().join("tests/mcp/hotel.py");
    std::fs::copy(hotel, folder.path().join("hotel.py")).expect("copied");
    let mut commands = 0;
    for step in steps(&page) {
        match step {
            Step::File { name, text } => {
                let file = folder.path().join(name);
                std::fs::create_dir_all(file.parent().expect("a folder")).expect("made");
                std::fs::write(file, text).expect("written");
            }
            Step::Replace { name, entry, from, to } => {
                replace(&folder.path().join(name), entry.as_deref(), &from, &to);
            }
            Step::Run { command, wanted } => {
                commands += 1;
                let printed = run(folder.path(), &command);
                let mut rest = printed.to_lowercase();
                for line in wanted {
                    let at = rest.find(&line.to_lowercase());
                    let at = at.unwrap_or_else(|| panic!("$ {command}\ndoes not print `{line}`:\n{printed}"));
                    rest.drain(..at + line.len());
                }
            }
        }
    }
    assert!(commands >= 14, "the page has commands: {commands}");
}
