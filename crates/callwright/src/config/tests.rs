use super::*;

fn parse(text: &str, variables: &[(&str, &str)]) -> Result<Config, Vec<String>> {
    let variables = variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    let (config, problems) =
        Config::parse("callwright.toml", text, Path::new("/etc/callwright"), overrides(variables));
    match config {
        Some(config) if problems.is_empty() => Ok(config),
        _ => Err(problems.iter().map(ToString::to_string).collect()),
    }
}

const LINE: &str = "[[line]]\nname = \"airline\"\npack = \"skills/airline\"\nnumbers = [\"100\"]\n";

#[test]
fn a_line_is_enough() {
    let config = parse(LINE, &[]).expect("it is whole");
    assert_eq!(config.lines[0].pack, Path::new("/etc/callwright/skills/airline"));
    assert!(config.sip.listen.ip().is_loopback() && config.web.listen.ip().is_loopback());
    assert_eq!(config.line_for_number("100").map(|l| l.name.as_str()), Some("airline"));
    assert_eq!(config.line_for_number("200"), None);
}

#[test]
fn all_mistakes_are_told_at_once_with_their_lines() {
    let text = "\
[sip]
listn = \"127.0.0.1:5060\"
calls_max = \"many\"
[media]
codecs = [\"pcmu\", \"mp3\"]
[[line]]
nme = \"airline\"
pack = \"skills/airline\"
";
    let problems = parse(text, &[]).expect_err("it is full of mistakes");
    let wanted = [
        "callwright.toml:2: error: `sip.listn` is not a setting (did you mean `listen`?)",
        "callwright.toml:3: error: `sip.calls_max` cannot be `many`",
        "callwright.toml:5: error: `media.codecs` cannot hold `mp3`",
        "callwright.toml:7: error: `line.0.name` is missing",
        "callwright.toml:7: error: `line.0.nme` is not a setting (did you mean `name`?)",
    ];
    assert_eq!(problems.len(), wanted.len(), "{problems:#?}");
    for (problem, wanted) in problems.iter().zip(wanted) {
        assert!(problem.starts_with(wanted), "{problem}\n{wanted}");
    }
}

#[test]
fn broken_toml_is_told_with_its_line() {
    let problems = parse("[sip\nlisten = 1", &[]).expect_err("it is no TOML");
    assert!(problems[0].starts_with("callwright.toml:1: error: not TOML"), "{problems:?}");
}

#[test]
fn variables_take_the_files_place_and_unknown_ones_are_refused() {
    let config = parse(
        LINE,
        &[("CALLWRIGHT_SIP_LISTEN", "127.0.0.1:5099"), ("CALLWRIGHT_SIP_ALLOW", "10.0.0.0/8, 127.0.0.0/8")],
    )
    .expect("both are settings");
    assert_eq!(config.sip.listen.port(), 5099);
    assert_eq!(config.sip.allow.len(), 2);
    let problems = parse(LINE, &[("CALLWRIGHT_SIP_LISTNE", "x")]).expect_err("no such setting");
    assert!(problems[0].contains("did you mean `CALLWRIGHT_SIP_LISTEN`?"), "{problems:?}");
}

#[test]
fn one_number_reaches_one_line() {
    let text = format!("{LINE}{}", LINE.replace("name = \"airline\"", "name = \"shop\""));
    let problems = parse(&text, &[]).expect_err("the number is taken");
    assert!(problems[0].contains("number `100` already reaches line `airline`"), "{problems:?}");
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in "[\\[\\]a-z=\".,0-9\n#{} -]{0,200}") {
        drop(parse(&text, &[]));
    }
}
