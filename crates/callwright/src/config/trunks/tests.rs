use std::path::Path;

use callwright_model::Codec;

use super::*;
use crate::config::overrides;

const LINE: &str = "[[line]]\nname = \"airline\"\npack = \"skills/airline\"\nnumbers = [\"100\", \"*\"]\n";

fn parse(text: &str) -> Result<Config, Vec<String>> {
    let none = overrides(std::iter::empty());
    let (config, problems) =
        Config::parse("callwright.toml", &format!("{text}\n{LINE}"), Path::new(""), none);
    match config {
        Some(config) if problems.is_empty() => Ok(config),
        Some(_) | None => Err(problems.iter().map(ToString::to_string).collect()),
    }
}

#[test]
fn name_and_address_are_enough() {
    let config = parse("[[trunk]]\nname = \"a\"\naddress = \"sip.example.com\"").expect("it is whole");
    let trunk = config.trunk("a").expect("it is there");
    assert_eq!(trunk.config.uri, "sip:sip.example.com");
    assert_eq!((trunk.config.calls_max, trunk.config.routes.len()), (200, 0));
    assert_eq!(trunk.resolve().expect("no secret").credentials, None);
    assert_eq!(config.sound(Some("a")).0, config.media.codecs);
}

#[test]
fn everything_that_is_written_reaches_the_endpoint() {
    let text = "\
[[trunk]]
name = \"a\"
address = \"sip:sip.example.com\"
transport = \"tls\"
user = \"+4930123\"
auth_user = \"u1\"
password = \"env:PATH\"
register = \"600s\"
allow = [\"192.0.2.0/24\"]
codecs = [\"pcma\"]
srtp = \"dtls\"
calls_max = 7
calls_per_second_max = 3
answer_within = \"2s\"
[trunk.keepalive]
every = \"15s\"
misses_max = 2
answers_min = 1
[trunk.numbers]
country_code = \"49\"
international_prefix = \"00\"
national_prefix = \"0\"
[trunk.caller_id]
number = \"+4930999\"
trusted = true
[[trunk.route]]
numbers = \"+49*\"
strip = 3
add = \"0\"
";
    let config = parse(text).expect("it is whole");
    let trunk = config.trunks[0].resolve().expect("every process has a PATH");
    assert_eq!(trunk.uri, "sip:sip.example.com;transport=tls");
    assert_eq!(trunk.credentials.expect("a password").user, "u1");
    assert_eq!((trunk.register, trunk.sources.len()), (Some(Duration::from_secs(600)), 1));
    assert_eq!((trunk.calls_max, trunk.calls_per_second_max), (7, 3));
    assert_eq!(trunk.keepalive.every, Duration::from_secs(15));
    assert_eq!(trunk.numbers.to_e164("030555"), "+4930555");
    assert_eq!(trunk.caller_id.number.as_deref(), Some("+4930999"));
    assert_eq!((trunk.routes[0].strip, trunk.routes[0].add.as_str()), (3, "0"));
    assert_eq!(config.sound(Some("a")), (&[Codec::Pcma][..], Srtp::Dtls));
    assert_eq!(config.sound(None).1, Srtp::Off);
}

#[test]
fn mistakes_say_what_to_write() {
    let trunk = |rest: &str| format!("[[trunk]]\nname = \"a\"\naddress = \"sip:a.example\"\n{rest}");
    for (text, wanted) in [
        ("[[trunk]]\naddress = \"sip:a.example\"".to_owned(), "`trunk.0.name` is missing"),
        ("[[trunk]]\nname = \"a\"\naddress = \"sip:me@a.example\"".to_owned(), "without a user"),
        ("[[trunk]]\nname = \"a b\"\naddress = \"sip:a.example\"".to_owned(), "letters, digits"),
        (trunk("transport = \"ws\""), "`udp`, `tcp` or `tls`"),
        (trunk("register = \"600s\""), "registers without an account"),
        (trunk("user = \"a\"\nregister = \"5s\""), "from `60s`"),
        (trunk("password = \"env:PATH\""), "a password for nobody"),
        (trunk("user = \"a\"\npassword = \"hunter2\""), "`trunk.0.password`"),
        (trunk("pasword = \"env:PATH\""), "did you mean `password`?"),
        (trunk("[[trunk.route]]\nnumbers = \"4*9\""), "is not a number pattern"),
        (trunk("[trunk.numbers]\ncountry_code = \"+49\""), "at most 8 digits"),
        (format!("{}\n{}", trunk(""), trunk("")), "two trunks called `a`"),
    ] {
        let problems = parse(&text).expect_err(&text);
        assert!(problems.len() == 1 && problems[0].contains(wanted), "{wanted}: {problems:#?}");
        assert!(!problems[0].contains("hunter2"), "{problems:?}");
    }
}

#[test]
fn what_lines_want_of_trunks_must_be_there() {
    let trunk = "[[trunk]]\nname = \"a\"\naddress = \"sip:a.example\"\ntransport = \"tls\"\nuser = \"u\"\npassword = \"env:NOT_SET_ANYWHERE\"\n\
                 [[trunk.route]]\nnumbers = \"+49*\"\n";
    let line = "[[line]]\nname = \"x\"\npack = \"p\"\nnumbers = [\"7\"]\ntrunk = [\"b\"]\n";
    let human = |number: &str| format!("[[line.human]]\nname = \"h\"\naddress = \"{number}\"\n");
    let text = format!("{trunk}{line}{}{}", human("+48123"), human("tel:+4930123"));
    let config = parse(&text).expect("it reads");
    let problems: Vec<String> = config.trunks_fit().iter().map(ToString::to_string).collect();
    let wanted = [
        "warning: the trunk `a` is called over TLS",
        "NOT_SET_ANYWHERE",
        "the trunk `b`, and there is none",
        "+48123, which no trunk takes",
    ];
    assert_eq!(problems.len(), wanted.len(), "{problems:#?}");
    for wanted in wanted {
        assert!(problems.iter().any(|problem| problem.contains(wanted)), "{wanted}: {problems:#?}");
    }
}

#[test]
fn a_line_may_take_the_calls_of_its_trunks_alone() {
    let lines = "\
[[line]]
name = \"of-a\"
pack = \"p\"
numbers = [\"100\"]
trunk = [\"a\"]
[[line]]
name = \"rest-of-b\"
pack = \"p\"
numbers = [\"*\"]
trunk = [\"b\"]
";
    let config = parse(lines).expect("the same number by another trunk is another number");
    for (number, trunk, line) in [
        ("100", Some("a"), "of-a"),
        ("100", Some("b"), "airline"),
        ("100", None, "airline"),
        ("200", Some("a"), "airline"),
        ("200", Some("b"), "rest-of-b"),
        ("200", None, "airline"),
    ] {
        let found = config.line_for_number(number, trunk).map(|line| line.name.as_str());
        assert_eq!(found, Some(line), "{number} by {trunk:?}");
    }
    let twice =
        format!("{lines}[[line]]\nname = \"c\"\npack = \"p\"\nnumbers = [\"100\"]\ntrunk = [\"a\"]\n");
    let problems = parse(&twice).expect_err("two for one");
    assert!(problems[0].contains("number `100` already reaches line `of-a`"), "{problems:?}");
}
