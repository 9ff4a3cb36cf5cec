//! `callwright understand`: what is made of a sentence, and why; and how good that is.

use std::path::Path;
use std::process::ExitCode;

use anyhow::bail;
use callwright_dialogue_core::{Evidence, Explanation, Intent, Kind, Mention, Pack};
use callwright_model::Language;
use serde_json::{Value, json};

use args::UnderstandCommand;

use crate::lines::read_pack;

mod args;
mod corpus;
mod eval;

pub use args::Understand;

/// Reads a sentence, or measures.
pub fn run(args: &Understand) -> anyhow::Result<ExitCode> {
    match (&args.command, &args.sentence) {
        (Some(UnderstandCommand::Eval(args)), _) => eval::run(args)?,
        (None, Some(sentence)) => {
            let pack = load_pack(&args.pack, args.lang)?;
            let explanation = pack.interpreter(args.lang).explain(sentence);
            let skill = explanation.reading.known().and_then(Intent::skill);
            let mentions = skill.map(|skill| pack.mentions(skill, sentence, args.lang)).unwrap_or_default();
            if args.json {
                let mut shown = shown(&explanation);
                shown["slots"] = mentions.iter().map(|mention| slot(mention, sentence)).collect();
                answer!("{}", serde_json::to_string_pretty(&shown)?);
            } else {
                print(&explanation);
                for mention in &mentions {
                    let value = mention.value.written();
                    answer!("\nslot {} = {value}, from \"{}\"", mention.input, heard(mention, sentence));
                }
            }
        }
        (None, None) => bail!("give a sentence, or `eval`"),
    }
    Ok(ExitCode::SUCCESS)
}

/// An input that was found, as JSON.
fn slot(mention: &Mention, sentence: &str) -> Value {
    json!({
        "input": mention.input,
        "value": mention.value.written(),
        "words": [mention.heard.start, mention.heard.end],
        "heard": heard(mention, sentence),
    })
}

fn heard(mention: &Mention, sentence: &str) -> String {
    let words: Vec<&str> = sentence.split_whitespace().collect();
    words.get(mention.heard.clone()).unwrap_or_default().join(" ")
}

fn load_pack(folder: &Path, language: Language) -> anyhow::Result<Pack> {
    let told = |problems: Vec<callwright_model::Problem>| {
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("{}", told.join("\n"))
    };
    let (source, problems) = read_pack(folder).map_err(told)?;
    if !problems.is_empty() {
        return Err(told(problems));
    }
    let pack = Pack::load(&source).map_err(told)?;
    if !pack.languages().contains(&language) {
        let known: Vec<String> = pack.languages().iter().map(Language::to_string).collect();
        bail!("the pack `{}` does not speak `{language}`, only {}", pack.name(), known.join(", "));
    }
    Ok(pack)
}

/// An intent's name; a skill may be called like something that can be said at any time.
fn name(intent: &Intent) -> &str {
    match intent {
        Intent::None => "none of these",
        Intent::Skill(_)
        | Intent::Answer(_)
        | Intent::Yes
        | Intent::No
        | Intent::Repeat
        | Intent::Slower
        | Intent::Spell
        | Intent::Recall
        | Intent::Human
        | Intent::Goodbye
        | Intent::Stop
        | Intent::Wait
        | Intent::Help
        | Intent::Hello
        | Intent::Thanks => intent.name(),
    }
}

fn print(explanation: &Explanation) {
    let Explanation { reading, between, words, features, unknown, nearest, signs, exact } = explanation;
    answer!("{:<24} {:.2}", name(&reading.intent), reading.probability);
    for (second, probability) in &reading.seconds {
        answer!("{:<24} {probability:.2}", name(second));
    }
    match (reading.clear(), reading.close()) {
        (Some(intent), _) => answer!("\nclear enough to act on: {}", name(intent)),
        (None, Some([one, other])) => answer!("\nworth a question: {one}, or {other}?"),
        (None, None) => answer!("\nnot clear: nothing is done"),
    }
    if *exact {
        answer!("it is an example, word for word");
    }
    answer!("\nfor {} (+) and for {} (-)", name(&between[0]), name(&between[1]));
    let each: Vec<String> = words.iter().map(|word| format!("{} {:+.2}", word.what, word.weight)).collect();
    answer!("  words     {}", each.join("  "));
    for Evidence { kind, what, weight } in features {
        answer!("  {:<9} {what:<24} {weight:+.2}", kind_name(*kind));
    }
    if !unknown.is_empty() {
        answer!("  unknown   {}", unknown.join(", "));
    }
    if let Some((line, intent, near)) = nearest {
        answer!("  nearest   \"{line}\" ({}, {near:.2})", name(intent));
    }
    answer!("\nknown (+) or none of these (-): {:.2} for none", reading.none);
    for (sign, weight) in signs {
        answer!("  {sign:<32} {weight:+.2}");
    }
}

const fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Word => "word",
        Kind::Pair => "pair",
        Kind::Part => "part",
        Kind::Sound => "sound",
    }
}

fn shown(explanation: &Explanation) -> Value {
    let Explanation { reading, between, words, features, unknown, nearest, signs, exact } = explanation;
    let likely =
        |intent: &Intent, probability: f32| json!({ "intent": name(intent), "probability": probability });
    let seconds: Vec<Value> = reading.seconds.iter().map(|(intent, it)| likely(intent, *it)).collect();
    let evidence = |all: &[Evidence]| -> Vec<Value> {
        let each =
            |it: &Evidence| json!({ "kind": kind_name(it.kind), "what": it.what, "weight": it.weight });
        all.iter().map(each).collect()
    };
    json!({
        "reading": likely(&reading.intent, reading.probability),
        "seconds": seconds,
        "clear": reading.clear().map(name),
        "close": reading.close(),
        "none": reading.none,
        "between": between.each_ref().map(name),
        "words": evidence(words),
        "features": evidence(features),
        "unknown": unknown,
        "nearest": nearest.as_ref().map(|(line, intent, near)| {
            json!({ "sentence": line, "intent": name(intent), "nearness": near })
        }),
        "signs": signs.iter().map(|(sign, weight)| json!({ "sign": sign, "weight": weight })).collect::<Vec<_>>(),
        "exact": exact,
    })
}
