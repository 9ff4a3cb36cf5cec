//! Packs made of what systems say of themselves. The way from there to a call is in docs/, whose pages `walk` follows.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use callwright_tests::{Place, command, repository};

fn callwright(folder: &Path, arguments: &[&str]) -> Output {
    command().args(arguments).current_dir(folder).output().expect("the program starts")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), output.stderr.as_slice()].concat()).into_owned()
}

/// The library of tests/http; ends with the test.
struct Library(Child, String);

impl Library {
    fn start(folder: &Path) -> Self {
        let mut process = Command::new("python3")
            .arg(repository().join("tests/http/library.py"))
            .arg("--data")
            .arg(folder.join("library.json"))
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 starts");
        let mut url = String::new();
        let printed = process.stdout.take().expect("it is piped");
        BufReader::new(printed).read_line(&mut url).expect("it says where it is");
        Self(process, url.trim().to_owned())
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn an_openapi_description_at_an_address_becomes_a_pack() {
    let _place = Place::take(false);
    let folder = tempfile::tempdir().expect("a folder");
    let library = Library::start(folder.path());
    let description = format!("{}/openapi.json", library.1);
    let import = ["import", "openapi", &description, "--out", "library"];
    let unknown = callwright(folder.path(), &import);
    assert!(
        !unknown.status.success() && said(&unknown).contains("name its address with --base"),
        "{}",
        said(&unknown)
    );

    let import = [&import[..], &["--base", &library.1, "--bearer", "env:LIBRARY_TOKEN"]].concat();
    let secretless = callwright(folder.path(), &import);
    assert!(
        said(&secretless).contains("the secret `env:LIBRARY_TOKEN` is not there"),
        "{}",
        said(&secretless)
    );
    let run = || {
        let mut program = command();
        program.args(&import).current_dir(folder.path()).env("LIBRARY_TOKEN", "open-sesame-74");
        program.output().expect("the program starts")
    };
    let imported = run();
    let told = said(&imported);
    assert!(imported.status.success(), "{told}");
    for wanted in [
        "4 operations, written to library: 2 only read",
        "[connectors.library]",
        &format!("http = \"{}\"", library.1),
        "bearer = \"env:LIBRARY_TOKEN\"",
    ] {
        assert!(told.contains(wanted), "{wanted}\n{told}");
    }
    assert!(!told.contains("sesame"), "{told}");
    let checked = said(&callwright(folder.path(), &["check", "library"]));
    assert!(checked.contains("the action `renew_loan` waits for you: `kind`"), "{checked}");
    assert!(!checked.contains("get_loan"), "reads load at once: {checked}");
    let again = run();
    assert!(!again.status.success() && said(&again).contains("library holds a pack"), "{}", said(&again));
}

/// Descriptors of the garage of tests/grpc, as its author would make them; with another text for a part of its proto.
fn garage_descriptor(folder: &Path, from: &str, to: &str) {
    let source = repository().join("tests/grpc");
    let proto = std::fs::read_to_string(source.join("garage.proto")).expect("it is there");
    assert!(proto.contains(from), "{from}");
    std::fs::write(folder.join("garage.proto"), proto.replacen(from, to, 1)).expect("written");
    let made = Command::new("/usr/bin/python3")
        .args(["-m", "grpc_tools.protoc", "-I.", "--include_imports", "--include_source_info"])
        .arg(format!("-I{}", source.display()))
        .args(["--descriptor_set_out=garage.bin", "garage.proto"])
        .current_dir(folder)
        .output()
        .expect("python3 starts");
    assert!(made.status.success(), "{}", said(&made));
}

#[test]
fn a_descriptor_file_becomes_a_pack_that_check_holds_to_it() {
    let _place = Place::take(false);
    let folder = tempfile::tempdir().expect("a folder");
    garage_descriptor(folder.path(), "", "");
    let import = [
        "import",
        "grpc",
        "--descriptor",
        "garage.bin",
        "--address",
        "https://garage.example",
        "--bearer",
        "env:T",
        "--out",
        "garage",
        "--method",
        "garage.v1.Workshop",
    ];
    let told = said(&callwright(folder.path(), &import));
    for wanted in [
        "4 methods, written to garage",
        "garage.v1.Workshop/Follow  left out: it streams",
        "grpc = \"https://garage.example\"\nbearer = \"env:T\"\ndescriptor = \"garage/descriptors/garage.bin\"",
    ] {
        assert!(told.contains(wanted), "{wanted}\n{told}");
    }
    let actions = folder.path().join("garage/actions.yaml");
    let yaml = std::fs::read_to_string(&actions).expect("it is there");
    assert!(yaml.contains("summary: \"Find a car by its plate.\""), "{yaml}");
    let checked = || said(&callwright(folder.path(), &["check", "garage"]));
    assert!(checked().contains("the action `book_slot` waits for you: `kind`"), "{}", checked());
    assert!(!checked().contains("not what was accepted"), "{}", checked());

    // Somebody grounds an action in a method that streams.
    std::fs::write(&actions, yaml.replace("Workshop/FindCar", "Workshop/Follow")).expect("written");
    assert!(
        checked().contains("`find_car`: its method streams, and a plan waits for one answer"),
        "{}",
        checked()
    );
    std::fs::write(&actions, yaml.replace("Workshop/FindCar", "Workshop/SellCar")).expect("written");
    assert!(checked().contains("descriptors/garage.bin has no such method"), "{}", checked());
    std::fs::write(&actions, &yaml).expect("written");

    garage_descriptor(
        folder.path(),
        "string slot = 2;\n}\n\nmessage Booking",
        "string slot = 3;\n}\n\nmessage Booking",
    );
    let changed = callwright(folder.path(), &import);
    let told = said(&changed);
    assert!(!changed.status.success() && told.contains("book_slot: changed"), "{told}");
    assert!(told.contains("- \"x-field\": 2") && told.contains("1 changed and not called"), "{told}");
    std::fs::copy(folder.path().join("garage.bin"), folder.path().join("garage/descriptors/garage.bin"))
        .expect("copied");
    assert!(checked().contains("`book_slot`: its method is not what was accepted"), "{}", checked());
    let accepted = callwright(folder.path(), &[&import[..], &["--accept"]].concat());
    assert!(accepted.status.success() && said(&accepted).contains("accepted: 1"), "{}", said(&accepted));
    assert!(!checked().contains("not what was accepted"), "{}", checked());
}

#[test]
fn what_is_no_server_and_no_description_is_told() {
    let _place = Place::take(false);
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("old.yaml"), "swagger: '2.0'\n").expect("written");
    for (arguments, what) in [
        (
            &["import", "mcp", "--stdio", "no-such-program", "--out", "p"][..],
            "`no-such-program` cannot be started",
        ),
        (&["import", "mcp", "--stdio", "true", "--out", "p"], "`true` does not answer as an MCP server"),
        (
            &["import", "mcp", "--url", "http://127.0.0.1:1/mcp", "--out", "p"],
            "is no MCP server that answers",
        ),
        (&["import", "mcp", "--stdio", "true", "--bearer", "env:X", "--out", "p"], "a program takes --env"),
        (
            &["import", "mcp", "--url", "http://127.0.0.1:1/", "--bearer", "x", "--out", "p"],
            "`env:NAME` or `file:PATH`",
        ),
        (&["import", "mcp", "--out", "p"], "--url"),
        (&["import", "grpc", "--out", "p"], "--descriptor"),
        (&["import", "grpc", "--descriptor", "old.yaml", "--out", "p"], "name it with --address"),
        (
            &["import", "grpc", "--descriptor", "old.yaml", "--address", "http://127.0.0.1:1", "--out", "p"],
            "old.yaml: it is no file descriptor set",
        ),
        (&["import", "grpc", "--reflect", "http://127.0.0.1:1", "--out", "p"], "its reflection: Unavailable"),
        (&["import", "openapi", "old.yaml", "--out", "p"], "old.yaml: `openapi` is ``, not 3.x"),
        (&["import", "openapi", "none.yaml", "--out", "p"], "none.yaml cannot be read"),
        (&["import", "openapi", "old.yaml", "--out", "9"], "`9` is no name for a connector"),
    ] {
        let output = callwright(folder.path(), arguments);
        assert!(!output.status.success() && said(&output).contains(what), "{arguments:?}\n{}", said(&output));
        assert!(!folder.path().join("p").exists(), "{arguments:?} leaves a pack");
    }
}
