//! A language that a pack brings: what docs/languages.md tells, followed step by step with a language that nobody speaks.

use std::fmt::Write as _;
use std::sync::Arc;

use callwright_dialogue_core::{DialogueConfig, LanguageItem, Pack, language_checklist, spoken, yes_or_no};
use callwright_model::{CallId, Language, PackSource, Problem, Value};

use crate::script::{Core, Stage, source};

/// A code of those that ISO 639 keeps free for everybody's own use.
fn made_up(code: &str) -> Language {
    code.parse().expect("three letters")
}

fn told(source: &PackSource) -> Vec<String> {
    match Pack::load(source) {
        Ok(pack) => pack.warnings().iter().map(Problem::to_string).collect(),
        Err(problems) => problems.iter().map(Problem::to_string).collect(),
    }
}

/// The airline, in this language alone and without a word of it.
fn airline_in(code: &str) -> PackSource {
    let mut pack = source("airline");
    let head = pack.files.get_mut("pack.yaml").expect("a pack has it");
    *head = head.replace("[en, es, ko, de]", &format!("[{code}]"));
    pack.files.retain(|name, _| !name.starts_with("words/") && !name.starts_with("examples/"));
    pack
}

/// A table of the language: what is not named here is a word that nobody says.
fn table(name: &str) -> &'static str {
    match name {
        "numbers.unit" => {
            "0 = zil\n1 = un\n2 = du\n3 = tri\n4 = kar\n5 = pen\n6 = ses\n7 = sep\n8 = ok\n9 = nef"
        }
        "letters" => "k = kaf\nm = mem\nx = iks",
        "yes" => "ip",
        "no" => "op",
        "ordinals" => "1 = unim\n2 = duim\n-1 = fin",
        "compare" => "earliest = pram",
        "slots.email" => "@ = atu",
        "slots.tables.weekday" => "1 = lundu",
        "slots.tables.relative" => "1 = mornu",
        "slots.tables.unit" => "3600 = oru",
        "slots.tables.currency" => "EUR = eu",
        "slots.rules.date" => "weekday = {weekday}\nrelative = {relative}",
        "slots.rules.time" => "at = a {hour:number}",
        "slots.rules.number" => "number = {number}",
        "slots.rules.money" => "sum = {amount:decimal} {currency}",
        "slots.rules.duration" => "span = {count} {unit}",
        "requests" => "qab = sapak",
        "call_times.parts" => "8-12 = dilu",
        "say.numbers.cardinal" => "-x: sub >>\n0: zil\n1: un\n2: du\n3: =#=\n10: <<dek[-o->>]",
        "say.numbers.ordinal" => "0: =cardinal=im",
        "say.numbers.digit" | "say.numbers.spelled-digit" | "say.numbers.place" => "0: =#=",
        "say.alphabet" => "k = kaf",
        "say.day_parts" => "0 = notu\n6 = dilu",
        "say.ends" => "soft = a, e, i, o, u",
        "intents.hello" => "salu\nsalu salu\nsalu a tu",
        "intents.goodbye" => "adu\nadu adu\nadu a tu",
        "intents.none" => "bibi bobo bubu\nlalo lola lulu\npipo papo pupu\nfofo fafa fifi\ndada dodo dudu",
        name if name.starts_with("intents.") => {
            // Each as unlike the others as its name.
            Box::leak(format!("{0} {0}\n{0} pi {0}", name.trim_start_matches("intents.")).into_boxed_str())
        }
        _ => "zzz",
    }
}

/// What the list says is missing, written down.
fn write(items: &[LanguageItem], pack: &mut PackSource, language: Language) {
    let (mut tables, mut base) = (String::new(), String::new());
    let mut open: Vec<&str> = Vec::new();
    for item in items.iter().filter(|item| !item.there && (item.must || item.name == "say.ends")) {
        if item.file.ends_with(".yaml") && !item.name.is_empty() {
            let path: Vec<&str> = item.name.split('.').collect();
            for (depth, key) in path.iter().enumerate() {
                let known = open.len() > depth && open[..=depth] == path[..=depth];
                if !known {
                    open.truncate(depth);
                    open.push(key);
                    let last = depth + 1 == path.len();
                    writeln!(tables, "{}{key}:{}", "  ".repeat(depth), if last { " |" } else { "" })
                        .expect("text");
                }
            }
            for line in table(&item.name).lines() {
                writeln!(tables, "{}{line}", "  ".repeat(path.len())).expect("text");
            }
        } else if !item.name.is_empty() {
            // The facts of the English sentence behind a word of the language.
            let facts = item.what.split("{ $").skip(1).filter_map(|rest| rest.split([' ', ',']).next());
            let mut facts: Vec<&str> = facts.collect();
            facts.dedup();
            let sentence: Vec<String> = facts.iter().map(|fact| format!("{{ ${fact} }}")).collect();
            writeln!(base, "{} = {} {}", item.name, item.name.replace('-', ""), sentence.join(" "))
                .expect("text");
        }
    }
    pack.files.insert(format!("languages/{language}.yaml"), tables);
    pack.files.insert(format!("languages/{language}.ftl"), base);
}

#[test]
fn a_language_without_files_is_told_with_what_to_do() {
    let told = told(&airline_in("qaa"));
    assert!(
        told.iter().any(|told| told.contains("pack.yaml:2") && told.contains("languages/qaa.yaml")),
        "{told:?}"
    );
}

#[test]
fn all_that_is_missing_is_told_at_once_each_with_what_it_is_for() {
    let mut pack = airline_in("qaa");
    let half = "numbers:\n  unit: |\n    0 = zil\n    x = un\nyess: ip\nno: op\n\
        slots:\n  tables:\n    weekday: |\n      1 = lundu\n  rules:\n    date: |\n      dai = {weekday}\n      weekday = {wekday}\n";
    pack.files.insert("languages/qaa.yaml".to_owned(), half.to_owned());
    let half = "greeting = Salu. { $name }\nfarewel = Adu.\nhelp = { SPELL($skills, as: \"odd\") }\n";
    pack.files.insert("languages/qaa.ftl".to_owned(), half.to_owned());
    let told = told(&pack);
    for wanted in [
        "languages/qaa.yaml:4: error: `x` in `numbers.unit` is not a whole number",
        "languages/qaa.yaml:5: error: `yess` is not a key that is known here (did you mean `yes`?)",
        "languages/qaa.yaml:10: error: `slots.tables.weekday` is in none of the rules",
        "languages/qaa.yaml:13: error: the rule `dai = {weekday}` is of the kind `dai`, which `date` does not know (did you mean `day`?)",
        "languages/qaa.yaml:14: error: the rule `weekday = {wekday}` names `{wekday}`, which is no class",
        "languages/qaa.yaml: error: the table `slots.rules.time` is missing (how times of day are said",
        "languages/qaa.yaml: error: the table `yes` is missing (every way to agree)",
        "languages/qaa.yaml: error: the table `intents.human` is missing (wishes for a person, a line each)",
        "languages/qaa.yaml: error: the table `say.numbers.ordinal` is missing",
        "languages/qaa.ftl:1: error: `greeting` names the fact `name`, which is not known there",
        "languages/qaa.ftl:2: error: `farewel` is no sentence that is ever said (did you mean `farewell`?)",
        "languages/qaa.ftl:3: error: `help` calls the function `SPELL`, which does not know `as: \"odd\"`",
        "languages/qaa.ftl: error: the sentence `farewell` is missing (in English: Thank you for calling. Goodbye.)",
        "words/qaa.ftl: error: `qaa` needs this file too",
    ] {
        assert!(told.iter().any(|told| told.contains(wanted)), "{wanted}:\n{}", told.join("\n"));
    }
}

#[test]
fn whoever_writes_what_the_list_names_has_a_language_that_talks() {
    let language = made_up("qab");
    let mut pack = airline_in("qab");
    let items = language_checklist(language, Some(&pack));
    assert!(items.iter().all(|item| !item.there && !item.what.is_empty()), "nothing is there yet");
    write(&items, &mut pack, language);
    // The pack's own words are English ones behind a word of the language; its examples are the language's.
    let english = source("airline");
    pack.files.insert("words/qab.ftl".to_owned(), english.files["words/en.ftl"].replace(" = ", " = Ja, "));
    let mut examples = String::new();
    let named = [
        ("rebook", "alifly"),
        ("status", "kanfly"),
        ("cancel", "nofly"),
        ("cost", "kipag"),
        ("baggage", "sakos"),
    ];
    for (skill, word) in named {
        let lines = ["mi", "a mi", "tu", "a tu", "si", "a si", "no", "a no"];
        let lines: Vec<String> = lines.iter().map(|end| format!("  - {word} {end}")).collect();
        write!(examples, "{skill}:\n{}\n", lines.join("\n")).expect("text");
    }
    pack.files.insert("examples/qab.yaml".to_owned(), examples);

    let left = language_checklist(language, Some(&pack));
    assert_eq!(
        left.iter().filter(|item| item.must && !item.there).collect::<Vec<_>>(),
        Vec::<&LanguageItem>::new()
    );
    let pack = Arc::new(Pack::load(&pack).unwrap_or_else(|problems| panic!("{problems:#?}")));

    assert_eq!(yes_or_no("ip", language), Some(true));
    assert_eq!(spoken(&Value::Code("K7".to_owned()), language), "K 7");
    let mut config = DialogueConfig::new(pack, CallId(9));
    config.language = language;
    let mut stage = Stage::with(config, Core::Works);
    for (caller, wanted) in [
        ("alifly a mi", "Ja, What is your booking code?"),
        ("kaf sep mem kar iks du", "PIN"),
        ("kar ok du un", "saytime"),
        ("unim", "Shall I do that?"),
        ("ip", "Ja, You are booked"),
    ] {
        let answer = stage.caller(caller);
        assert!(answer.contains(wanted), "`{caller}` was answered `{answer}`, without `{wanted}`");
    }
    assert_eq!(stage.claims(), 1);
}

#[test]
fn a_language_is_one_for_all_packs() {
    let language = made_up("qac");
    let mut first = airline_in("qac");
    let items = language_checklist(language, Some(&first));
    write(&items, &mut first, language);
    // Its words are missing, but the language is whole, and there from now on.
    assert!(!told(&first).iter().any(|told| told.contains("languages/")));
    assert!(!told(&first).iter().any(|told| told.contains("languages/")), "the same files again");
    let mut second = first.clone();
    second.files.get_mut("languages/qac.ftl").expect("it is written").push_str("# Another.\n");
    let problems = told(&second);
    assert!(problems.iter().any(|told| told.contains("other words for `qac`")), "{problems:?}");
    let mut third = source("airline");
    third.files.insert("languages/ko.ftl".to_owned(), String::new());
    let problems = told(&third);
    assert!(problems.iter().any(|told| told.contains("`ko` is built in")), "{problems:?}");
}
