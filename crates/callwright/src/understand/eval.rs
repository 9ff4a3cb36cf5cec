//! `callwright understand eval`: what is learnt from some sentences, measured with others.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context as _, bail};
use callwright_dialogue_core::{
    Intent, Interpreter, Judged, Measured, Mention, Pack, SlotsMeasured, Span, Tagger, slot_value,
};
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
        let trained = Trained::sentences(args.lang, &rows)?;
        curve.push((few, trained.read(&test, None), trained.slots(&test)));
    }
    if args.json {
        let curve: Vec<Value> = curve
            .iter()
            .map(|(few, measured, slots)| {
                json!({ "examples": few, "measured": shown(measured), "slots": slots.map(slots_shown) })
            })
            .collect();
        let measured: BTreeMap<&str, Value> =
            measured.iter().map(|(what, measured)| (what.as_str(), shown(measured))).collect();
        let slots = slots.map(slots_shown);
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
    for (few, measured, _) in &curve {
        print_row(&format!("{few} example(s) of each"), measured);
    }
    answer!(
        "\naccuracy: of sentences with a known meaning, those whose likeliest one is right; clear: acted on rightly; wrong: of all, acted \
         on wrongly;\nnone: of those that mean none, told as such where 5 % of the known are lost for it; ECE: expected calibration error"
    );
    let few = curve.iter().map(|(few, _, slots)| (format!("slots from {few} example(s) of each"), *slots));
    for (what, slots) in [("slots".to_owned(), slots)].into_iter().chain(few) {
        if let Some(slots) = slots {
            let SlotsMeasured { wanted, found, right } = slots;
            let f1 = slots.f1().unwrap_or(1.0) * 100.0;
            answer!("{what}: F1 {f1:.1} % ({wanted} in the sentences, {found} found, {right} of them right)");
        }
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
    Sentences(Box<Interpreter>, Tagger),
}

impl Trained {
    fn new(args: &UnderstandEval) -> anyhow::Result<Self> {
        match (&args.train, &args.pack) {
            (Some(file), _) => Self::sentences(args.lang, &corpus::read(file, Part::Train)?),
            (None, Some(folder)) => Ok(Self::Pack(Box::new(load_pack(folder, args.lang)?), args.lang)),
            (None, None) => bail!("--train FILE or --pack DIR tells what to learn from"),
        }
    }

    fn sentences(language: Language, rows: &[Row]) -> anyhow::Result<Self> {
        let mut examples: BTreeMap<Intent, Vec<String>> = BTreeMap::new();
        for row in rows {
            examples.entry(row.intent.clone()).or_default().push(row.said.clone());
        }
        let examples: Vec<_> = examples.into_iter().collect();
        let spans: Vec<Vec<Span>> = rows.iter().map(Row::spans).collect();
        let marked: Vec<(&str, &[Span])> =
            rows.iter().zip(&spans).map(|(row, spans)| (row.said.as_str(), spans.as_slice())).collect();
        let learnt = Interpreter::of_examples(language, &examples).zip(Tagger::learnt(language, &marked));
        let (interpreter, tagger) = learnt
            .with_context(|| format!("there are no words of the language `{language}` in this build"))?;
        Ok(Self::Sentences(Box::new(interpreter), tagger))
    }

    fn interpreter(&self) -> &Interpreter {
        match self {
            Self::Pack(pack, language) => pack.interpreter(*language),
            Self::Sentences(interpreter, _) => interpreter,
        }
    }

    /// How well the inputs are found that the sentences hold. `None` where they hold none.
    fn slots(&self, rows: &[Row]) -> Option<SlotsMeasured> {
        let mut measured = SlotsMeasured::default();
        for row in rows {
            measured.count(&self.wanted(row), &self.found(row));
        }
        (measured.wanted > 0).then_some(measured)
    }

    /// What is to be found: of a pack the values, else the words.
    fn wanted(&self, row: &Row) -> Vec<(String, String)> {
        let value = |name: &str, told: &Told| match (told, self) {
            (Told::Value(value), _) => value.clone(),
            (Told::Words(at), Self::Sentences(..)) => row.words(at),
            (Told::Words(at), Self::Pack(pack, language)) => {
                meant(pack, &row.intent, name, &row.words(at), *language)
            }
        };
        row.slots.iter().map(|(name, told)| (name.clone(), value(name, told))).collect()
    }

    fn found(&self, row: &Row) -> Vec<(String, String)> {
        match self {
            Self::Pack(pack, language) => {
                let reading = pack.read(&row.said, *language);
                let skill = reading.known().and_then(Intent::skill);
                let found = skill.map(|skill| pack.mentions(skill, &row.said, *language));
                found.unwrap_or_default().into_iter().map(Mention::into_texts).collect()
            }
            Self::Sentences(_, tagger) => {
                let found = tagger.spans(&row.said).into_iter();
                found.map(|Span { name, words }| (name, row.words(&words))).collect()
            }
        }
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
    taken.map_or_else(|| words.to_owned(), |taken| taken.value.written())
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

fn slots_shown(slots: SlotsMeasured) -> Value {
    json!({ "wanted": slots.wanted, "found": slots.found, "right": slots.right, "f1": slots.f1() })
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
        let trained = Trained::sentences(Language::EN, &rows).expect("English is there");
        assert_eq!(trained.read(&rows, None).accuracy, Some(1.0));
        let damaged = trained.read(&rows, Some(100));
        assert!(damaged.clear < Some(1.0), "{damaged:?}");
        assert_eq!(first_of_each(&rows, 1), [rows[0].clone(), rows[3].clone()]);
        assert_eq!(trained.slots(&rows), None, "they hold none");
        let missing = Trained::sentences("fr".parse().expect("French"), &rows);
        assert!(missing.is_err_and(|error| error.to_string().contains("`fr`")));
    }

    #[test]
    fn inputs_are_learnt_where_they_are_marked() {
        let row = |said: &str, at: std::ops::Range<usize>| Row {
            intent: Intent::Skill("book".into()),
            said: said.into(),
            slots: vec![("city".into(), Told::Words(at))],
        };
        let rows = [row("take me to New York", 3..5), row("i have to be in Lima tomorrow", 5..6)];
        let trained = Trained::sentences(Language::EN, &rows).expect("English is there");
        assert_eq!(trained.slots(&rows), Some(SlotsMeasured { wanted: 2, found: 2, right: 2 }));
        let other = [row("take me to Oslo", 3..4), row("the price please", 0..1)];
        assert_eq!(trained.slots(&other), Some(SlotsMeasured { wanted: 2, found: 1, right: 1 }));
    }
}
