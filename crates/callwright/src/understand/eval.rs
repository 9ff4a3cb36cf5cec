//! `callwright understand eval`: what is learnt from some sentences, measured with others.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, bail};
use callwright_dialogue_core::{Intent, Interpreter, Judged, Measured, Pack, SlotsMeasured, slot_value};
use callwright_model::Language;
use serde_json::{Value, json};

use super::args::UnderstandEval;
use super::corpus::{self, Part, Row, Told};
use super::{load_pack, name};

/// Confusions that are printed.
const CONFUSIONS: usize = 15;

/// Measures and prints.
pub fn run(args: &UnderstandEval) -> anyhow::Result<()> {
    let test = corpus::read(&args.test, Part::Test)?;
    let began = Instant::now();
    let trained = Trained::new(args)?;
    let took = began.elapsed().as_secs_f64();
    let mut measured = vec![("as it is".to_owned(), trained.read(&test, None))];
    if let Some(percent) = args.damage {
        measured.push((format!("{percent} % of words damaged"), trained.read(&test, Some(percent))));
    }
    let slots = trained.slots(&test);
    let mut curve = Vec::new();
    for &few in &args.few {
        let Some(train) = &args.train else {
            bail!("--few needs --train: a pack has the examples that it has")
        };
        let rows = first_of_each(&corpus::read(train, Part::Train)?, few);
        let trained = Trained::Sentences(Box::new(learnt(args.lang, &rows)?));
        curve.push((few, trained.read(&test, None)));
    }
    if args.json {
        let curve: Vec<Value> = curve
            .iter()
            .map(|(few, measured)| json!({ "examples": few, "measured": shown(measured) }))
            .collect();
        let measured: BTreeMap<&str, Value> =
            measured.iter().map(|(what, measured)| (what.as_str(), shown(measured))).collect();
        let slots = slots.map(|slots| {
            json!({ "wanted": slots.wanted, "found": slots.found, "right": slots.right, "f1": slots.f1() })
        });
        let all = json!({ "learnt_in_s": took, "measured": measured, "slots": slots, "few": curve });
        answer!("{}", serde_json::to_string_pretty(&all).context("figures are plain data")?);
        return Ok(());
    }
    answer!("learnt in {took:.2} s; {} sentences to measure with\n", test.len());
    answer!(
        "{:<28} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "",
        "accuracy",
        "clear",
        "wrong",
        "macro F1",
        "none",
        "ECE"
    );
    for (what, measured) in &measured {
        print_row(what, measured);
    }
    for (few, measured) in &curve {
        print_row(&format!("{few} example(s) of each"), measured);
    }
    answer!(
        "\naccuracy: of sentences with a known meaning, those whose likeliest one is right; clear: acted on rightly; wrong: of all, acted \
         on wrongly;\nnone: of those that mean none, told as such where 5 % of the known are lost for it; ECE: expected calibration error"
    );
    if let Some(slots) = slots {
        let SlotsMeasured { wanted, found, right } = slots;
        let f1 = slots.f1().unwrap_or(1.0) * 100.0;
        answer!("slots: F1 {f1:.1} % ({wanted} in the sentences, {found} found, {right} of them right)");
    }
    let (_, plain) = &measured[0];
    if !plain.confusions.is_empty() {
        answer!("\ntaken for something else");
    }
    for (wanted, read, count) in plain.confusions.iter().take(CONFUSIONS) {
        answer!("{count:>6}  {} for {}", name(read), name(wanted));
    }
    Ok(())
}

/// What reads the sentences.
enum Trained {
    Pack(Box<Pack>, Language),
    Sentences(Box<Interpreter>),
}

impl Trained {
    fn new(args: &UnderstandEval) -> anyhow::Result<Self> {
        match (&args.train, &args.pack) {
            (Some(file), _) => {
                Ok(Self::Sentences(Box::new(learnt(args.lang, &corpus::read(file, Part::Train)?)?)))
            }
            (None, Some(folder)) => Self::pack(folder, args.lang),
            (None, None) => bail!("--train FILE or --pack DIR tells what to learn from"),
        }
    }

    fn pack(folder: &Path, language: Language) -> anyhow::Result<Self> {
        Ok(Self::Pack(Box::new(load_pack(folder, language)?), language))
    }

    fn interpreter(&self) -> &Interpreter {
        match self {
            Self::Pack(pack, language) => pack.interpreter(*language),
            Self::Sentences(interpreter) => interpreter,
        }
    }

    /// How well the inputs are found that the sentences hold. Only a pack knows of what type each is.
    fn slots(&self, rows: &[Row]) -> Option<SlotsMeasured> {
        let Self::Pack(pack, language) = self else { return None };
        if rows.iter().all(|row| row.slots.is_empty()) {
            return None;
        }
        let mut measured = SlotsMeasured::default();
        for row in rows {
            let reading = pack.read(&row.said, *language);
            let skill = reading.known().and_then(Intent::skill);
            let found = skill.map(|skill| pack.mentions(skill, &row.said, *language)).unwrap_or_default();
            let value = |(name, told): &(String, Told)| {
                let value = match told {
                    Told::Value(value) => value.clone(),
                    Told::Words(words) => meant(pack, &row.intent, name, words, *language),
                };
                (name.clone(), value)
            };
            measured.count(&row.slots.iter().map(value).collect::<Vec<_>>(), &found);
        }
        Some(measured)
    }

    fn read(&self, rows: &[Row], damaged: Option<u8>) -> Measured {
        let interpreter = self.interpreter();
        let judged: Vec<Judged> = (1..)
            .zip(rows)
            .map(|(seed, row)| {
                let said = damaged.map_or_else(
                    || row.said.clone(),
                    |percent| interpreter.misheard(&row.said, percent, seed),
                );
                Judged { wanted: row.intent.clone(), reading: interpreter.read(&said) }
            })
            .collect();
        Measured::of(&judged)
    }
}

/// The value that words stand for which are known to be an input; the words themselves where they cannot be read.
fn meant(pack: &Pack, intent: &Intent, name: &str, words: &str, language: Language) -> String {
    let spec = intent.skill().and_then(|skill| pack.input(skill, name));
    let taken = spec.and_then(|spec| slot_value(&spec.slot, words, language, None));
    taken.and_then(|taken| taken.value.as_text().map(str::to_owned)).unwrap_or_else(|| words.to_owned())
}

fn learnt(language: Language, rows: &[Row]) -> anyhow::Result<Interpreter> {
    let mut examples: BTreeMap<Intent, Vec<String>> = BTreeMap::new();
    for row in rows {
        examples.entry(row.intent.clone()).or_default().push(row.said.clone());
    }
    let examples: Vec<_> = examples.into_iter().collect();
    Interpreter::of_examples(language, &examples)
        .with_context(|| format!("there are no words of the language `{language}` in this build"))
}

/// The first so many sentences of each meaning.
fn first_of_each(rows: &[Row], few: usize) -> Vec<Row> {
    let mut counts: BTreeMap<&Intent, usize> = BTreeMap::new();
    let mut kept = Vec::new();
    for row in rows {
        let count = counts.entry(&row.intent).or_default();
        *count += 1;
        if *count <= few {
            kept.push(row.clone());
        }
    }
    kept
}

fn print_row(what: &str, measured: &Measured) {
    let percent =
        |share: Option<f64>| share.map_or("-".to_owned(), |share| format!("{:.1} %", share * 100.0));
    answer!(
        "{what:<28} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
        percent(measured.accuracy),
        percent(measured.clear),
        percent(measured.wrong),
        percent(measured.macro_f1),
        percent(measured.none_recall),
        percent(measured.calibration_error)
    );
}

fn shown(measured: &Measured) -> Value {
    let confusions: Vec<Value> = measured
        .confusions
        .iter()
        .map(|(wanted, read, count)| json!({ "wanted": name(wanted), "read": name(read), "count": count }))
        .collect();
    json!({
        "known": measured.known,
        "none": measured.none,
        "accuracy": measured.accuracy,
        "clear": measured.clear,
        "wrong": measured.wrong,
        "macro_f1": measured.macro_f1,
        "none_recall": measured.none_recall,
        "none_threshold": measured.none_threshold,
        "calibration_error": measured.calibration_error,
        "confusions": confusions,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_that_were_learnt_are_read_and_others_damaged() {
        let row = |label: &str, said: &str| Row {
            intent: Intent::Skill(label.into()),
            said: said.into(),
            slots: Vec::new(),
        };
        let rows = [
            row("refund", "i want my money back"),
            row("refund", "please refund my order"),
            row("refund", "give me a refund"),
            row("move", "move my table to friday"),
            row("move", "another day for the table please"),
            row("move", "change the day of my table"),
        ];
        let trained = Trained::Sentences(Box::new(learnt(Language::EN, &rows).expect("English is there")));
        assert_eq!(trained.read(&rows, None).accuracy, Some(1.0));
        let damaged = trained.read(&rows, Some(100));
        assert!(damaged.clear < Some(1.0), "{damaged:?}");
        assert_eq!(first_of_each(&rows, 1), [rows[0].clone(), rows[3].clone()]);
        let missing = learnt("fr".parse().expect("French"), &rows);
        assert!(missing.is_err_and(|error| error.to_string().contains("`fr`")));
    }
}
