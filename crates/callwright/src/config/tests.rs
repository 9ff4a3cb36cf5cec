use callwright_model::SecretRef;

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
    assert_eq!(config.line_for_number("100", None).map(|l| l.name.as_str()), Some("airline"));
    assert_eq!(config.line_for_number("200", None), None);
    assert_eq!(config.journal.dir, Path::new("/etc/callwright/calls"));
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
    let problems = parse(LINE, &[("CALLWRIGHT_SIP_MIN_SE", "1500ms")]).expect_err("no whole seconds");
    assert!(problems[0].contains("whole seconds"), "{problems:?}");
    let problems = parse(LINE, &[("CALLWRIGHT_SIP_LISTNE", "x")]).expect_err("no such setting");
    assert!(problems[0].contains("did you mean `CALLWRIGHT_SIP_LISTEN`?"), "{problems:?}");
}

#[test]
fn every_value_says_what_it_must_look_like() {
    let cases = [
        ("[sip]\nlisten = \"localhost\"", "callwright.toml:2: error: `sip.listen`", "127.0.0.1:5060"),
        (
            "[sip]\ncalls_max = \"abc\"",
            "callwright.toml:2: error: `sip.calls_max`",
            "a whole number from 1 to",
        ),
        ("[sip]\ncalls_max = 0", "callwright.toml:2: error: `sip.calls_max`", "a whole number from 1 to"),
        ("[sip]\nallow = [\"10.0.0.0/33\"]", "callwright.toml:2: error: `sip.allow`", "192.168.0.0/16"),
        ("[media]\nworkers = 100000", "callwright.toml:2: error: `media.workers`", "from 0 to 256"),
        ("[web]\norigins = [\"https://a.example/\"]", "callwright.toml:2: error: `web.origins`", "no path"),
        ("[web]\norigins = [\"a.example\"]", "callwright.toml:2: error: `web.origins`", "https://www"),
        (
            "[web]\norigins = [\"https://a.example:443\"]",
            "callwright.toml:2: error: `web.origins`",
            "the usual",
        ),
        ("[web]\noperator_token = \"short\"", "callwright.toml:2: error: `web.operator_token`", "openssl"),
        ("[core]\naddress = \"ftp//x\"", "callwright.toml:2: error: `core.address`", "http://127.0.0.1"),
        (
            "[connectors]\nshop = \"not a url\"",
            "callwright.toml:2: error: `connectors.shop`",
            "http://127.0.0.1",
        ),
        ("[connectors]\nshop = \"http://\"", "callwright.toml:2: error: `connectors.shop`", "unix:/run"),
    ];
    for (text, place, help) in cases {
        let problems = parse(&format!("{text}\n{LINE}"), &[]).expect_err(text);
        assert_eq!(problems.len(), 1, "{problems:#?}");
        assert!(problems[0].starts_with(place) && problems[0].contains(help), "{}", problems[0]);
    }
    for address in ["sip:@", "tel:+", "sip:desk@", "desk"] {
        let text = format!("{LINE}[[line.human]]\nname = \"desk\"\naddress = \"{address}\"\n");
        let problems = parse(&text, &[]).expect_err(address);
        assert!(
            problems[0].starts_with("callwright.toml:7: error: `line.0.human.0.address`"),
            "{problems:?}"
        );
    }
}

#[test]
fn systems_say_what_they_speak_and_secrets_where_they_are_kept() {
    let text = format!(
        "[connectors]\nshop = \"http://127.0.0.1:1\"\n[connectors.hotel]\nmcp = \"https://hotel.example/mcp\"\n\
         bearer = \"env:HOTEL\"\nheaders = {{ X-Key = \"file:/run/key\" }}\n[connectors.crm]\n\
         mcp_command = [\"crm\", \"--quick\"]\nenv = {{ TOKEN = \"env:CRM\" }}\n[connectors.garage]\n\
         grpc = \"https://garage.example\"\ndescriptor = \"garage.bin\"\n{LINE}"
    );
    let config =
        parse(&text, &[("CALLWRIGHT_CONNECTORS_HOTEL_BEARER", "env:OTHER")]).expect("all are settings");
    let Connector::McpUrl(hotel) = &config.connectors["hotel"] else { panic!("{config:?}") };
    assert_eq!(hotel.bearer, Some(SecretRef::Env("OTHER".to_owned())), "a variable may name another place");
    assert_eq!(hotel.headers["X-Key"], SecretRef::File("/run/key".to_owned()));
    let Connector::McpProgram(crm) = &config.connectors["crm"] else { panic!("{config:?}") };
    assert_eq!((crm.command.len(), &crm.env["TOKEN"]), (2, &SecretRef::Env("CRM".to_owned())));
    let Connector::Grpc(garage) = &config.connectors["garage"] else { panic!("{config:?}") };
    assert!(garage.descriptor.as_ref().is_some_and(|file| file.ends_with("garage.bin")), "{garage:?}");
    let why = config.connectors["garage"].resolve().expect_err("no such file");
    assert!(why.contains("garage.bin cannot be read"), "{why}");
    assert_eq!(config.connectors["shop"].speaks(), "callwright.connector.v1");
    let why = config.connectors["hotel"].resolve().expect_err("no such variable");
    assert!(why.contains("`env:OTHER` is not there: set the variable"), "{why}");
}

#[test]
fn an_inline_secret_is_refused_and_not_repeated() {
    for (lines, place) in [
        ("mcp = \"https://h.example/\"\nbearer = \"hunter2hunter2\"", "callwright.toml:3"),
        ("mcp = \"https://h.example/\"\nheaders = { X = \"hunter2hunter2\" }", "callwright.toml:3"),
        ("mcp_command = [\"crm\"]\nenv = { T = \"hunter2hunter2\" }", "callwright.toml:3"),
    ] {
        let problems = parse(&format!("[connectors.h]\n{lines}\n{LINE}"), &[]).expect_err(lines);
        assert_eq!(problems.len(), 1, "{problems:#?}");
        assert!(
            problems[0].starts_with(place) && problems[0].contains("`env:NAME` or `file:PATH`"),
            "{problems:?}"
        );
        assert!(!problems[0].contains("hunter2"), "{problems:?}");
    }
    for (lines, what) in [
        ("mcp = \"https://h.example/\"\nmcp_command = [\"crm\"]", "must say what it speaks, in one way"),
        ("bearer = \"env:A\"", "must say what it speaks, in one way"),
        ("mcp = \"h.example\"", "https://host.example/path"),
        ("mcp = \"https://h.example/\"\nenv = { T = \"env:A\" }", "`connectors.h.env` means nothing here"),
        (
            "http = \"https://h.example/\"\ndescriptor = \"a.bin\"",
            "`connectors.h.descriptor` means nothing here",
        ),
        ("mcp = \"https://h.example/\"\nbarer = \"env:A\"", "did you mean `bearer`?"),
    ] {
        let problems = parse(&format!("[connectors.h]\n{lines}\n{LINE}"), &[]).expect_err(lines);
        assert!(problems.len() == 1 && problems[0].contains(what), "{problems:#?}");
    }
}

#[test]
fn variables_reach_every_setting() {
    let text = format!("[connectors]\nairline = \"http://127.0.0.1:1\"\n{LINE}");
    let config = parse(
        &text,
        &[
            ("CALLWRIGHT_CONNECTORS_AIRLINE", "http://127.0.0.1:7101"),
            ("CALLWRIGHT_CONNECTORS_SHOP", "unix:/run/shop.sock"),
            ("CALLWRIGHT_LINE_0_GREETING", "welcome"),
            ("CALLWRIGHT_JOURNAL_DIR", "/var/lib/callwright/calls"),
            ("CALLWRIGHT_JOURNAL_KEEP_DAYS", "0"),
            ("CALLWRIGHT_WEB_OPERATOR_TOKEN", "0123456789abcdef"),
        ],
    )
    .expect("all are settings");
    assert_eq!(config.connectors["airline"], Connector::Own("http://127.0.0.1:7101".to_owned()));
    assert_eq!(config.connectors["shop"], Connector::Own("unix:/run/shop.sock".to_owned()));
    assert_eq!(config.lines[0].greeting.as_deref(), Some("welcome"));
    assert_eq!(config.journal.dir, Path::new("/var/lib/callwright/calls"));
    assert_eq!(config.journal.keep_days, 0);
    assert!(config.web.operator_token.is_some() && !format!("{config:?}").contains("0123456789abcdef"));
    let problem = config.places.problem("line.0.greeting", "is not there").to_string();
    assert_eq!(problem, "environment: error: CALLWRIGHT_LINE_0_GREETING: is not there");
}

#[test]
fn what_the_packs_and_the_disk_do_not_have_is_told_with_its_line() {
    let text = "\
[web]
listen = \"0.0.0.0:5060\"
webrtc = \"127.0.0.1:5060\"
[core]
journal = \"no/such/folder/journal.sqlite\"
[journal]
dir = \"airline/pack.yaml/calls\"
[speech]
recogniser = \"whisper\"
whisper_model = \"no-such-model.bin\"
[[line]]
name = \"airline\"
pack = \"airline\"
languages = [\"en\", \"fr\"]
voice = \"zzz\"
greeting = \"nokey\"
[[line]]
name = \"shop\"
pack = \"no-such-pack\"
[connectors]
shop = \"http://127.0.0.1:7102\"
";
    let skills = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../skills");
    let (config, problems) = Config::parse("callwright.toml", text, &skills, BTreeMap::new());
    assert!(problems.is_empty(), "{problems:#?}");
    let config = config.expect("it parses");
    let (packs, problems) = crate::lines::load_packs(&config);
    assert!(problems.is_empty(), "{problems:#?}");
    let found: Vec<String> = config.verify(&packs).iter().map(ToString::to_string).collect();
    let wanted = [
        "callwright.toml:2: error: `web.listen` cannot be `0.0.0.0:5060`: `sip.listen` listens there",
        "callwright.toml:3: error: `web.webrtc` cannot be `127.0.0.1:5060`: `sip.listen` listens there",
        "callwright.toml:5: error: the journal",
        "callwright.toml:7: error: journals of calls cannot be written into",
        "callwright.toml:10: error: there is no model file",
        "callwright.toml:14: error: line `airline` speaks `fr`, but its pack has no words in it (it has en, es, ko, de)",
        "callwright.toml:15: error: there is no voice `zzz`",
        "callwright.toml:16: error: the words of `en` have no sentence `nokey`",
        "callwright.toml:19: error: there is no folder",
        "callwright.toml:20: error: the pack `airline` calls the connector `airline`, which has no address",
    ];
    assert_eq!(found.len(), wanted.len(), "{found:#?}");
    for (found, wanted) in found.iter().zip(wanted) {
        assert!(found.starts_with(wanted), "{found}\n{wanted}");
    }
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

#[test]
fn plans_are_kept_in_a_file_or_in_a_database_and_no_password_is_shown() {
    let core = |text: &str| parse(&format!("[core]\n{text}\n{LINE}"), &[]).map(|config| config.core.store());
    assert_eq!(core("").expect("is fine").to_string(), "/etc/callwright/callwright.sqlite");
    let address = "store = \"postgres://me@db.example.com/plans\"";
    assert_eq!(core(address).expect("is fine").to_string(), "postgres plans at db.example.com");

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("password");
    std::fs::write(&file, "hunter2\n").expect("written");
    let named = format!("{address}\nstore_password = \"file:{}\"\nlease = \"30s\"", file.display());
    assert!(!format!("{:?}", core(&named)).contains("hunter2"));
    for (text, told) in [
        ("store = \"postgres://me:hunter2@db/plans\"", "a password does not belong"),
        ("store = \"mysql://hunter2@db/plans\"", "write an address"),
        (&*format!("{address}\nstore_password = \"hunter2\""), "write `env:NAME` or `file:PATH`"),
        (&*format!("{address}\nstore_password = \"file:/no/such/hunter\""), "cannot be read"),
        (&*format!("{address}\nstore_password = \"env:NO_SUCH_PASSWORD\""), "has no `NO_SUCH_PASSWORD`"),
        (&*format!("{address}\nlease = \"soon\""), "write a time"),
        (&*format!("{address}\nkeep_days = 30"), "is for a journal file"),
    ] {
        let problems = core(text).expect_err("it is a mistake");
        assert!(problems[0].starts_with("callwright.toml:"), "{problems:?}");
        assert!(problems[0].contains(told) && !problems[0].contains("hunter2"), "{problems:?}");
    }
}

#[test]
fn a_collector_is_named_by_the_file_or_as_all_programs_are_told() {
    let named = |text: &str, variables: &[(&str, &str)]| {
        parse(&format!("{text}\n{LINE}"), variables).expect("it is whole").telemetry.endpoint
    };
    assert_eq!(named("", &[]), None);
    let variable = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317");
    assert_eq!(named("", &[variable]).as_deref(), Some("http://127.0.0.1:4317"));
    assert_eq!(named("", &[("OTEL_EXPORTER_OTLP_ENDPOINT", "")]), None);
    let ours = ("CALLWRIGHT_TELEMETRY_ENDPOINT", "http://127.0.0.1:4318");
    assert_eq!(named("", &[variable, ours]).as_deref(), Some("http://127.0.0.1:4318"));
    let file = "[telemetry]\nendpoint = \"http://collector:4317\"";
    assert_eq!(named(file, &[]).as_deref(), Some("http://collector:4317"));
    let secure = "[telemetry]\nendpoint = \"https://collector:4317\"\nauthority = \"ca.pem\"";
    assert_eq!(named(secure, &[]).as_deref(), Some("https://collector:4317"));
    let other = parse(&format!("[telemetry]\nendpoint = \"collector:4317\"\n{LINE}"), &[]);
    let problems = other.expect_err("it does not say how");
    assert!(
        problems[0].contains("callwright.toml:2") && problems[0].contains("OTLP over gRPC"),
        "{problems:?}"
    );
}

#[test]
fn captures_have_limits_and_a_homer_collector_has_an_address() {
    let config = parse(LINE, &[]).expect("it is whole");
    assert_eq!((config.capture.legs, config.capture.rtp, config.telemetry.hep), (200, false, None));
    let text = "[telemetry]\nhep = \"udp:127.0.0.1:9060\"\nhep_id = 7\n[capture]\nlegs = 0\nrtp = \"heads\"";
    let config = parse(&format!("{text}\n{LINE}"), &[]).expect("it is whole");
    assert_eq!((config.capture.legs, config.capture.rtp), (0, true));
    let hep = config.telemetry.hep.expect("it is named");
    assert_eq!((hep.collector.port(), hep.id, hep.password()), (9_060, 7, Ok(None)));
    for (text, help) in [
        ("[telemetry]\nhep = \"127.0.0.1:9060\"", "udp:127.0.0.1:9060"),
        ("[telemetry]\nhep_password = \"sesame\"", "env:"),
        ("[capture]\nrtp = \"payload\"", "`off` or `heads`"),
    ] {
        let problems = parse(&format!("{text}\n{LINE}"), &[]).expect_err("it is wrong");
        assert!(problems[0].contains(help), "{problems:?}");
        assert!(!problems[0].contains("sesame"), "{problems:?}");
    }
}

#[test]
fn telephone_users_and_certificates_are_read_and_what_is_wrong_with_them_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = folder.path().join("anna");
    std::fs::write(&kept, "four words and more\n").expect("the folder is ours");
    let users = format!(
        "[sip]\ndigest = [\"MD5\"]\n[[sip.user]]\nname = \"anna\"\npassword = \"file:{0}\"\n\
         [[sip.user]]\nname = \"bert\"\nha1 = \"file:{0}\"\n{LINE}[[line.human]]\nname = \"Anna\"\naddress = \"user:anna\"\n\
         [[line.human]]\nname = \"Zoe\"\naddress = \"user:zoe\"\n",
        kept.display()
    );
    let config = parse(&users, &[]).expect("it parses");
    assert_eq!((config.sip.users.len(), config.sip.digest.len()), (2, 1));
    assert_eq!(config.lines[0].humans[0].addresses, ["user:anna"]);
    assert!(config.sip.users[0].resolve().is_ok());
    let found: Vec<String> = config.verify(&BTreeMap::new()).iter().map(ToString::to_string).collect();
    for wanted in ["does not hold an HA1", "has the phone `user:zoe`, and there is no such user"] {
        assert!(found.iter().any(|problem| problem.contains(wanted)), "{wanted}: {found:#?}");
    }

    let tls = format!(
        "[sip.tls]\nlisten = \"127.0.0.1:5061\"\ncertificate = \"{0}\"\nkey = \"{0}\"\n[sip.websocket]\n\
         listen = \"127.0.0.1:5061\"\n{LINE}",
        kept.display()
    );
    let found = parse(&tls, &[]).expect("it parses").verify(&BTreeMap::new());
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    for wanted in [
        "callwright.toml:3: error: the certificate file",
        "callwright.toml:6: error: `sip.websocket.listen` cannot be `127.0.0.1:5061`: `sip.tls.listen` listens there",
    ] {
        assert!(found.iter().any(|problem| problem.starts_with(wanted)), "{wanted}: {found:#?}");
    }

    let mistakes = "[sip]\nrealm = 'a\"b'\ndigest = [\"SHA-1\"]\n[sip.tls]\nkey = \"x\"\n[sip.websocket]\nlisten_secure = \"here\"\n\
                    [[sip.user]]\nname = \"a b\"\npassword = \"hunter2\"\n[[sip.user]]\nname = \"c\"\n";
    let problems = parse(&format!("{mistakes}{LINE}"), &[]).expect_err("it is full of mistakes");
    for wanted in [
        "callwright.toml:2: error: `sip.realm` cannot be",
        "callwright.toml:3: error: `sip.digest` cannot hold `SHA-1`: write `SHA-256` or `MD5`",
        "callwright.toml:5: error: `sip.tls.certificate` and `sip.tls.key` belong together",
        "callwright.toml:7: error: `sip.websocket.listen_secure` cannot be `here`",
        "callwright.toml:9: error: `sip.user.0.name` cannot be `a b`",
        "callwright.toml:12: error: `sip.user.1` needs either `password` or `ha1`",
    ] {
        assert!(problems.iter().any(|problem| problem.starts_with(wanted)), "{wanted}: {problems:#?}");
    }
    assert!(problems.iter().all(|problem| !problem.contains("hunter2")), "{problems:#?}");
}

#[test]
fn humans_of_all_lines_and_of_one_make_one_list() {
    let text = format!(
        "{LINE}[[line.human]]\nname = \"desk\"\naddress = \"sip:desk@127.0.0.1:5090\"\n\
         [[line]]\nname = \"shop\"\npack = \"skills/retail\"\n\
         [[line.human]]\nname = \"eve\"\naddress = \"user:eve\"\n\
         [[line.human]]\nname = \"desk\"\naddress = \"sip:desk@127.0.0.1:5090\"\n\
         [queue]\nring = \"all\"\nwait_max = \"90s\"\ntries = 2\n\
         [[human]]\nname = \"ada\"\naddresses = [\"user:ada\", \"sip:ada@127.0.0.1:5091\"]\nskills = [\"billing\"]\nlines = [\"shop\"]\n\
         rank = 3\nhours = [\"mo-fr 09:00-17:00\"]\nzone = \"Europe/Berlin\"\ndays_off = [\"2026-12-25\"]\nwrap_up = \"20s\"\n"
    );
    let config = parse(&text, &[]).expect("it is whole");
    let everybody = config.everybody();
    let names: Vec<&str> = everybody.iter().map(|human| human.name.as_str()).collect();
    assert_eq!(names, ["ada", "desk", "eve"], "the desk of both lines is one");
    let queued = config.queued();
    let serves: Vec<_> = queued.iter().map(|human| human.serves.clone()).collect();
    assert_eq!(serves, [[(1, 3)].into(), [(0, 0), (1, 1)].into(), [(1, 0)].into()]);
    assert_eq!(everybody[0].addresses[0], "user:ada");
    assert!(queued[0].hours.days_off.len() == 1 && queued[0].wrap_up == Duration::from_secs(20));
}

#[test]
fn mistakes_in_humans_are_told_with_their_lines() {
    let text = format!(
        "{LINE}[queue]\nring = \"some\"\n[[human]]\nname = \"ada\"\naddresses = [\"user:\"]\nlines = [\"shop\"]\n\
         hours = [\"mo 9-17\"]\nzone = \"Berlin\"\n[[human]]\nname = \"ada\"\naddresses = [\"sip:ada@127.0.0.1\"]\n"
    );
    let problems = parse(&text, &[]).expect_err("it is full of mistakes");
    for wanted in [
        "callwright.toml:6: error: `queue.ring` cannot be `some`",
        "callwright.toml:9: error: `human.0.addresses` cannot hold `user:`",
        "callwright.toml:10: error: there is no line `shop`",
        "callwright.toml:11: error: `human.0.hours` cannot hold `mo 9-17`",
        "callwright.toml:12: error: `human.0.zone` cannot be `Berlin`",
        "callwright.toml:14: error: there are two humans called `ada`",
    ] {
        assert!(problems.iter().any(|problem| problem.starts_with(wanted)), "{wanted}: {problems:#?}");
    }
}

#[test]
fn keys_of_humans_are_read_and_cannot_be_mistaken_for_each_other() {
    let line = |more: &str| format!("[[line]]\nname = \"a\"\npack = \"p\"\n{more}\n");
    let text = line(
        "hand_back_key = \"#1\"\nlisten_key = \"*22\"\nagent_listens = true\ntranscript_of_humans = false",
    );
    let line_read = parse(&text, &[]).expect("it is right").lines.remove(0);
    assert_eq!(
        (line_read.human_config.hand_back_key.as_str(), line_read.human_config.listen_key.as_str()),
        ("#1", "*22")
    );
    assert!(line_read.agent_listens && !line_read.human_config.transcript);
    let usual = parse(&line(""), &[]).expect("it is right").lines.remove(0);
    assert_eq!((usual.human_config, usual.agent_listens), (HumanConfig::default(), false));
    for (wrong, told) in [
        ("hand_back_key = \"9\"", "2 to 4 keys"),
        ("listen_key = \"*12345\"", "2 to 4 keys"),
        ("listen_key = \"*9\"", "cannot be told apart"),
    ] {
        let problems = parse(&line(wrong), &[]).expect_err("it is wrong").join("\n");
        assert!(problems.contains(told), "{wrong}: {problems}");
    }
}

#[test]
fn call_backs_are_off_until_wanted_and_what_cannot_work_is_told() {
    let usual = parse(LINE, &[]).expect("it is whole").call_backs;
    assert!(!usual.enabled && usual.lease > usual.ring && usual.numbers.is_empty());
    let text = format!("[call_backs]\nenabled = true\nring = \"90s\"\nlease = \"2m\"\n{LINE}");
    assert!(parse(&text, &[]).is_ok_and(|config| config.call_backs.enabled));
    for (setting, wanted) in [
        ("ring = \"95s\"", "`call_backs.lease` must be at least 30 s longer"),
        ("lease = \"20m\"", "at most 600 s"),
        ("window = \"0s\"", "`call_backs.window` must be more than nothing"),
        ("pause = \"2000m\"", "more than a day"),
        ("poll = \"10ms\"", "`call_backs.poll` is less than 200 ms"),
        ("tries = 11", "a whole number from 1 to 10"),
        ("trunk = \"nobody\"", "there is no trunk `nobody`"),
        ("zone = \"Moon\"", "write a time zone"),
    ] {
        let problems = parse(&format!("[call_backs]\n{setting}\n{LINE}"), &[]).expect_err("it cannot work");
        assert!(problems[0].contains(wanted), "{setting}: {problems:?}");
    }
}
