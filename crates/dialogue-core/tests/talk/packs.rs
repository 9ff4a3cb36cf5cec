//! The packs in the tree, understood; and packs with mistakes, told.

use std::sync::Arc;
use std::time::{Duration, Instant};

use callwright_dialogue_core::{DialogueConfig, Pack};
use callwright_model::{CallId, Language, PackSource, Problem, Severity};
use proptest::prelude::*;

use crate::script::{Core, Stage, airline, source};

#[test]
fn the_packs_of_the_tree_load_without_a_warning() {
    for name in ["airline", "retail"] {
        let start = Instant::now();
        let pack = Pack::load(&source(name)).unwrap_or_else(|problems| panic!("{name}: {problems:#?}"));
        assert_eq!(pack.warnings(), [], "{name}");
        assert_eq!(pack.name(), name);
        // Unoptimised, on a busy machine, for each language; a release build takes a tenth.
        let limit = Duration::from_secs(2) * u32::try_from(pack.languages().len()).expect("a few");
        assert!(start.elapsed() < limit, "{name} took {:?}", start.elapsed());
    }
}

/// Sentences that no example has, with what they mean.
#[test]
fn paraphrases_are_understood() {
    let rows = [
        (
            Language::EN,
            "rebook",
            &[
                "hi my flight has been cancelled and i have to get home",
                "they cancelled my flight",
                "could you find me another flight please",
                "i need to get on a different flight today",
                "flight was cancelled",
                "please rebook me",
                "i need new flight",
                "my flight cancelled need another",
            ][..],
        ),
        (
            Language::EN,
            "status",
            &[
                "is flight two one two on time",
                "can you tell me if my flight is delayed",
                "when is my flight leaving",
                "what gate is my flight at",
                "has my flight been delayed",
            ],
        ),
        (
            Language::EN,
            "cancel",
            &[
                "i would like to cancel my reservation",
                "please cancel the booking",
                "i want to cancel my ticket and get my money back",
                "we want to cancel our trip",
            ],
        ),
        (
            Language::EN,
            "human",
            &[
                "i want to speak with a person",
                "can i please talk to a human",
                "give me a real person",
                "transfer me to an agent",
                "talk to a person",
            ],
        ),
        (
            Language::ES,
            "rebook",
            &[
                "me han cancelado el vuelo",
                "necesito que me cambien a otro vuelo",
                "mi vuelo está cancelado",
                "búsquenme un vuelo nuevo",
            ],
        ),
        (
            Language::ES,
            "status",
            &["quiero saber si mi vuelo sale a tiempo", "a qué hora sale el vuelo", "tiene retraso mi vuelo"],
        ),
        (Language::ES, "cancel", &["quisiera cancelar mi reserva", "quiero anular mi billete"]),
        (Language::ES, "human", &["quiero hablar con una persona real", "páseme con un operador"]),
        (
            Language::KO,
            "rebook",
            &["제 비행기가 취소됐습니다", "다른 항공편으로 바꾸고 싶어요", "항공편이 취소되었어요"],
        ),
        (Language::KO, "status", &["비행기가 언제 출발해요", "제 항공편이 지연됐어요?"]),
        (Language::KO, "cancel", &["예약을 취소해 주세요", "항공권을 환불받고 싶어요"]),
        (Language::KO, "human", &["상담원 바꿔 주세요", "사람과 통화하고 싶어요"]),
    ];
    let pack = airline();
    let mut wrong = Vec::new();
    for (language, intent, sentences) in rows {
        for sentence in sentences {
            let reading = pack.read(sentence, language);
            if reading.clear().is_none_or(|found| found.name() != intent) {
                wrong.push(format!("{language} `{sentence}`: {reading:?}, not {intent}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn what_is_no_skill_is_not_taken_for_one() {
    let rows = [
        (Language::EN, "how tall is the tower of pisa"),
        (Language::EN, "my washing machine is making noise"),
        (Language::EN, "could you order a pizza"),
        (Language::ES, "mi lavadora hace ruido"),
        (Language::KO, "세탁기에서 소리가 나요"),
    ];
    let pack = airline();
    let taken: Vec<_> = rows
        .iter()
        .map(|(language, sentence)| (sentence, pack.read(sentence, *language)))
        .filter(|(_, reading)| reading.clear().is_some())
        .collect();
    assert!(taken.is_empty(), "{taken:#?}");
}

fn problems(change: impl FnOnce(&mut PackSource)) -> Vec<Problem> {
    let mut source = source("airline");
    change(&mut source);
    match Pack::load(&source) {
        Ok(pack) => pack.warnings().to_vec(),
        Err(problems) => problems,
    }
}

fn replace(source: &mut PackSource, file: &str, from: &str, to: &str) {
    let text = source.files.get_mut(file).expect("the file is there");
    assert!(text.contains(from), "{from} is not in {file}");
    *text = text.replacen(from, to, 1);
}

/// That exactly one problem is told, in this file, with these words.
fn one(change: impl FnOnce(&mut PackSource), file: &str, line: bool, words: &str) {
    let problems = problems(change);
    assert_eq!(problems.len(), 1, "{problems:#?}");
    let told = problems[0].to_string();
    assert!(problems[0].file.ends_with(file) && told.contains(words), "{told}");
    assert_eq!(problems[0].line.is_some(), line, "{told}");
}

#[test]
fn what_the_law_wants_heard_is_not_interruptible() {
    let mut source = source("airline");
    replace(&mut source, "pack.yaml", "denied:", "uninterruptible: [greeting]\ndenied:");
    let pack = Arc::new(Pack::load(&source).unwrap_or_else(|problems| panic!("{problems:#?}")));
    for greeting in [None, Some("This call is recorded.".to_owned())] {
        let mut config = DialogueConfig::new(Arc::clone(&pack), CallId(1));
        config.greeting = greeting;
        let mut stage = Stage::with(config, Core::Works);
        assert!(!stage.last().interruptible, "{:?}", stage.last());
        stage.caller("my flight was cancelled");
        assert!(stage.last().interruptible, "{:?}", stage.last());
    }
}

#[test]
fn callers_are_addressed_as_the_pack_says() {
    let greeting = |more: &str| {
        let mut source = source("airline");
        replace(&mut source, "pack.yaml", "denied:", &format!("{more}denied:"));
        // Not with its own words, of which there is one form.
        replace(&mut source, "words/de.ftl", "greeting = ", "old-greeting = ");
        let pack = Arc::new(Pack::load(&source).unwrap_or_else(|problems| panic!("{problems:#?}")));
        let mut config = DialogueConfig::new(pack, CallId(1));
        config.language = "de".parse().expect("a language");
        Stage::with(config, Core::Works).last().text.clone()
    };
    assert!(greeting("").contains("Ihnen"), "{}", greeting(""));
    assert!(greeting("familiar: [de]\n").contains("dir"), "{}", greeting("familiar: [de]\n"));
    assert!(greeting("familiar: [es]\n").contains("Ihnen"));
    let told = problems(|s| replace(s, "pack.yaml", "denied:", "familiar: [fr]\ndenied:"));
    assert!(
        told.iter().any(|told| told.to_string().contains("`fr` is no language of this pack")),
        "{told:#?}"
    );
}

#[test]
fn each_mistake_is_told_with_its_place() {
    let told = problems(|s| replace(s, "pack.yaml", "denied:", "uninterruptible: [warning]\ndenied:"));
    for language in ["de", "en", "es", "ko"] {
        let file = format!("words/{language}.ftl");
        let here = told.iter().find(|one| one.file.ends_with(&file)).map(ToString::to_string);
        assert!(here.as_ref().is_some_and(|here| here.contains("`warning` is missing")), "{told:#?}");
    }
    one(
        |s| replace(s, "words/es.ftl", "ask-pin = ", "ask-pn = "),
        "words/es.ftl",
        false,
        "`ask-pin` is missing",
    );
    one(
        |s| replace(s, "words/ko.ftl", "skill-rebook", "skill-reboot"),
        "words/ko.ftl",
        false,
        "`skill-rebook`",
    );
    one(
        |s| replace(s, "words/en.ftl", "offer-flights-option", "offer-option"),
        "words/en.ftl",
        false,
        "offer-flights-option",
    );
    one(
        |s| replace(s, "words/en.ftl", "credit-too-high", "credit-high"),
        "words/en.ftl",
        false,
        "policies.cedar:",
    );
    one(
        |s| replace(s, "words/en.ftl", "{ $booking-flight-to }", "{ $bookin-flight-to }"),
        "words/en.ftl",
        true,
        "bookin-flight-to",
    );
    one(
        |s| replace(s, "words/en.ftl", "{ $booking-flight-to }", "{ nothere }"),
        "words/en.ftl",
        true,
        "nothere",
    );
    one(
        |s| replace(s, "pack.yaml", "connectors:", "conectors:"),
        "pack.yaml",
        true,
        "did you mean `connectors`?",
    );
    one(
        |s| replace(s, "pack.yaml", "[en, es, ko, de]", "[en, es, ko, de, fr]"),
        "pack.yaml",
        true,
        "there are no tables and base sentences for the language `fr`",
    );
    one(
        |s| replace(s, "pack.yaml", "[en, es, ko, de]", "[en, es, ko, German]"),
        "pack.yaml",
        true,
        "ISO 639",
    );
    one(
        |s| replace(s, "skills/rebook.yaml", "type: digits", "type: digit"),
        "skills/rebook.yaml",
        true,
        "did you mean `digits`?",
    );
    one(
        |s| replace(s, "skills/rebook.yaml", "ask: ask-pin, ", ""),
        "skills/rebook.yaml",
        true,
        "no words to ask",
    );
    one(
        |s| replace(s, "skills/rebook.yaml", "summary:", "sumary:"),
        "skills/rebook.yaml",
        true,
        "did you mean `summary`?",
    );
    one(
        |s| replace(s, "examples/en.yaml", "human:", "humann:"),
        "examples/en.yaml",
        true,
        "did you mean `human`?",
    );
    one(|s| drop(s.files.remove("examples/ko.yaml")), "examples/ko.yaml", false, "no examples");
    one(|s| drop(s.files.remove("pack.yaml")), "pack.yaml", false, "no pack.yaml");
    one(|s| replace(s, "examples/en.yaml", "rebook:\n", "rebook: [oh\n"), "examples/en.yaml", true, "");
}

/// Facts that are not there when the sentence is said, each in one place of the airline's English words.
#[test]
fn facts_that_nobody_has_are_told() {
    let cases = [
        // No such output, though the action is there.
        ("refund { $terms-refund }. Shall", "refund { $terms-refnd }. Shall", "terms-refnd"),
        // A record is no word; one of its fields is.
        ("Your flight { $booking-flight-number }", "Your flight { $booking-flight }", "booking-flight`"),
        // A question is asked before anything is known.
        ("What is your booking code?", "What is your booking code, { $code }?", "`code`"),
        // Read only after this is said, or known only once it is written.
        ("has not been cancelled", "has not been cancelled, { $offers-credit }", "offers-credit"),
        ("I will move you", "I will move you to { $seat-number }", "seat-number"),
        // A claim is made of receipts.
        (
            "Your booking is cancelled, and",
            "Your booking { $booking-code } is cancelled, and",
            "booking-code",
        ),
        // Used for the call, then forgotten.
        ("I will cancel your booking", "I will cancel your booking { $pin }", "`pin`"),
        ("rebook a cancelled flight", "rebook flight { $code }", "`code`"),
        ("I am not allowed to do that", "I am not allowed to do that, { $zzz }", "`zzz`"),
        ("greeting = Thank you", "greeting = Thank you, { $caller }", "`caller`"),
    ];
    for (from, to, fact) in cases {
        let told = problems(|s| replace(s, "words/en.ftl", from, to));
        assert_eq!(told.len(), 1, "{to}: {told:#?}");
        assert!(told[0].severity == Severity::Error && told[0].line.is_some(), "{told:#?}");
        assert!(told[0].what.contains("names the fact") && told[0].what.contains(fact), "{told:#?}");
    }
    // What was given before may be told with what is wrong.
    assert_eq!(problems(|s| replace(s, "words/en.ftl", "belong to the booking", "belong to { $code }")), []);
    // A way round the read: what it would have brought is not known.
    let told = problems(|s| {
        let read = "  - read: cancellation_terms\n    with: { booking: booking.code }\n    as: terms\n";
        let inner = "  - when: booking.status == \"x\"\n    steps:\n      - read: cancellation_terms\n        as: terms\n";
        replace(s, "skills/cancel.yaml", read, inner);
    });
    assert!(told.iter().any(|problem| problem.what.contains("read-back-cancel")), "{told:#?}");
}

/// What rebooking and cancelling have in common, as a skill that both use.
fn identify(source: &mut PackSource) {
    let inputs = "inputs:\n  code: { type: code, length: 6, ask: ask-code, again: ask-code-again }\n  pin: { type: digits, \
                  length: 4, ask: ask-pin, again: ask-pin-again }\n";
    let read = "  - read: find_booking\n    with: { code: code, pin: pin }\n    as: booking\n    not_found:\n      - { input: code, \
                words: no-such-booking }\n      - { input: pin, words: wrong-pin }\n";
    let text = format!("skill: identify\nsummary: s\ninternal: true\n{inputs}steps:\n{read}");
    source.files.insert("skills/identify.yaml".to_owned(), text);
    replace(source, "skills/cancel.yaml", inputs, "");
    replace(source, "skills/cancel.yaml", read, "  - use: identify\n    as: who\n");
}

#[test]
fn a_skill_asks_for_what_a_skill_that_it_uses_needs() {
    let mut source = source("airline");
    identify(&mut source);
    let pack = Pack::load(&source).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!(
        pack.skills().collect::<Vec<_>>(),
        ["cancel", "rebook", "status"],
        "nobody asks for `identify`"
    );
    let cancel = pack.skill("cancel").expect("it is there");
    let inputs: Vec<&str> = cancel.inputs.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(inputs, ["code", "pin"]);
    let sentence = |to: &'static str| {
        problems(|source| {
            identify(source);
            replace(source, "words/en.ftl", "I will cancel your booking", to);
        })
    };
    // What it brought is known under the name of its use, and a secret stays one.
    assert_eq!(sentence("I will cancel { $who-booking-code }"), []);
    let told = sentence("I will cancel { $pin }");
    assert!(told.len() == 1 && told[0].what.contains("`pin`"), "{told:#?}");
}

#[test]
fn a_declared_field_of_a_record_is_known_and_no_other() {
    let told = |from: &str, to: &str| problems(|source| replace(source, "actions.yaml", from, to));
    assert_eq!(told("departs: time, status: text } }", "departs: time, status: text, gate: code } }"), []);
    let unknown = told("to: text, departs: time, status", "departs: time, status");
    // The offer names where the flight goes, in three of the languages.
    assert!(
        unknown.len() == 3 && unknown.iter().all(|one| one.what.contains("booking-flight-to")),
        "{unknown:#?}"
    );
}

#[test]
fn a_claim_names_no_receipt_of_a_loop() {
    let told = problems(|source| {
        let write = "  - write: refund_fare\n    with: { booking: booking.code, amount: terms.refund }\n    as: refund\n";
        let inner = write.replace("  - ", "      - ").replace("\n    ", "\n        ");
        let many = format!("  - for_each: part\n    in: terms.parts\n    most: 3\n    steps:\n{inner}");
        replace(source, "skills/cancel.yaml", write, &many);
    });
    // In each of its languages.
    assert!(told.len() == 4 && told.iter().all(|one| one.what.contains("refund-amount")), "{told:#?}");
    // Before it, how many there are can be told, and of each turn what it is about.
    let told = problems(|source| {
        let confirm = "  - confirm: read-back-cancel\n";
        let each = "  - for_each: part\n    in: terms.parts\n    most: 3\n    as: seen\n    steps:\n      - when: part.bad\n        \
                    refuse: no-refund\n";
        replace(source, "skills/cancel.yaml", confirm, &format!("{each}{confirm}"));
        replace(source, "words/en.ftl", "I will cancel your booking", "Of { $seen-count } I will cancel");
        replace(source, "words/en.ftl", "this fare is not", "{ $part-name } of { $booking-code } is not");
        replace(source, "skills/cancel.yaml", "transfer: no-refund", "transfer: not-allowed");
    });
    assert_eq!(told, []);
}

#[test]
fn a_broken_sentence_is_told_with_its_line() {
    let problems = problems(|source| replace(source, "words/en.ftl", "{ $seat-number }", "{ $seat-number"));
    assert!(
        problems.iter().any(|problem| problem.line.is_some() && problem.what.contains("xpected")),
        "{problems:#?}"
    );
}

#[test]
fn all_mistakes_are_told_at_once() {
    let problems = problems(|source| {
        replace(source, "words/es.ftl", "ask-pin = ", "ask-pn = ");
        replace(source, "words/en.ftl", "ask-code = ", "ask-cod = ");
        replace(source, "pack.yaml", "connectors:", "conectors:");
    });
    assert!(problems.len() >= 3, "{problems:#?}");
}

#[test]
fn too_few_examples_are_refused() {
    let problems = problems(|source| {
        let short = "rebook: [a b, b c]\nstatus: [c d]\ncancel: [d e]\n".to_owned();
        source.files.insert("examples/en.yaml".to_owned(), short);
    });
    // Three skills have too few, and the two questions of `answers` none.
    assert_eq!(problems.len(), 5, "{problems:#?}");
}

#[test]
fn answers_need_sentences_that_can_be_said_and_names_of_their_own() {
    let answers = |text: &str| {
        problems(|source| {
            let pack = source.files.get_mut("pack.yaml").expect("it is there");
            let until = pack.find("answers:").expect("it has some");
            pack.truncate(until);
            pack.push_str(text);
        })
    };
    let tells = |text: &str, what: &str| {
        let problems = answers(text);
        assert!(problems.iter().any(|problem| problem.what.contains(what)), "{what}: {problems:#?}");
    };
    let rest = "  cost: answer-cost\n";
    tells(
        &format!("answers:\n  baggage: answer-nothing\n{rest}"),
        "the sentence `answer-nothing` is missing",
    );
    tells(&format!("answers:\n  baggage: answer-cost-rebook\n{rest}"), "names the fact `offers-credit`");
    tells(&format!("answers:\n  rebook: answer-baggage\n{rest}"), "which is a skill's name");
    tells(&format!("answers:\n  repeat: answer-baggage\n{rest}"), "a name of its own");
    tells("answers: [cost]\n", "must name questions");
    tells(&format!("answers:\n  hours: answer-baggage\n{rest}"), "the question `hours` of pack.yaml");
}

#[test]
fn identity_and_closing_are_proved() {
    let tells = |text: &str, what: &str| {
        let problems = problems(|source| {
            let pack = source.files.get_mut("pack.yaml").expect("it is there");
            let from = pack.find("identity:").expect("it has one");
            pack.truncate(from);
            pack.push_str(text);
        });
        assert!(problems.iter().any(|problem| problem.what.contains(what)), "{what}: {problems:#?}");
    };
    tells("identity: { inputs: [cod, pin] }\n", "names the input `cod`");
    tells("identity: { inputs: [code], caller: phone }\n", "names the input `phone`");
    tells("identity: { inputs: [code], tries: 0 }\n", "a whole number from 1 to 9");
    tells("identity: { inputs: [] }\n", "needs inputs");
    tells("closing: {}\n", "`closing` needs `satisfaction`");
    tells("closing: { satisfaction: ask-nothing }\n", "the sentence `ask-nothing` is missing");
    let doing = problems(|source| {
        let words = source.files.get_mut("words/en.ftl").expect("it is there");
        words.push_str("doing-fly = I am flying.\ndoing-assign-seat = A seat, { $seat-number }.\n");
    });
    let told: Vec<_> = doing.iter().map(|problem| problem.what.as_str()).collect();
    assert!(told.iter().any(|what| what.contains("the action `fly`, which there is not")), "{told:?}");
    assert!(told.iter().any(|what| what.contains("names the fact `seat-number`")), "{told:?}");
}

#[test]
fn empty_and_broken_sources_are_errors_not_panics() {
    assert!(Pack::load(&PackSource::default()).is_err());
    let mut broken = source("airline");
    for text in broken.files.values_mut() {
        let half = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
        text.truncate(half);
    }
    assert!(Pack::load(&broken).is_err());
}

proptest! {
    // Each case trains an interpreter.
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Any part of any file replaced by junk: problems or a pack, each problem with its file, and never a panic.
    #[test]
    fn junk_in_a_file_is_a_problem_and_never_a_panic(
        file in prop::sample::select(vec![
            "pack.yaml", "actions.yaml", "policies.cedar", "skills/return.yaml", "words/en.ftl", "examples/en.yaml",
        ]),
        at in 0.0..1.0_f64,
        length in 0_usize..60,
        junk in prop_oneof![
            "\\PC{0,30}",
            "[ -~\\n]{0,30}",
            prop::sample::select(vec![
                "{ $", "}", "{ { {", "\n  - [", "&a *a", "!!binary x", "\t", "{ -x }", "\nx = { x }\n", "\u{0}", ": |\n",
            ]).prop_map(str::to_owned),
        ],
    ) {
        let mut source = source("retail");
        let text = source.files.get_mut(file).expect("a file of the pack");
        let start = text.floor_char_boundary(((text.len() as f64) * at) as usize);
        let end = text.floor_char_boundary((start + length).min(text.len()));
        text.replace_range(start..end, &junk);
        if let Err(problems) = Pack::load(&source) {
            prop_assert!(problems.iter().any(|problem| problem.severity == Severity::Error));
            prop_assert!(problems.iter().all(|problem| !problem.file.is_empty() && !problem.what.is_empty()));
        }
    }
}
