//! Sentences with their meaning, from files of others: ours, and the layouts of public collections.

use std::ops::Range;
use std::path::Path;

use anyhow::{Context as _, bail};
use callwright_dialogue_core::{Intent, Span};
use serde::Deserialize;

/// A sentence and what it means.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub intent: Intent,
    pub said: String,
    /// Inputs that it holds, by name: each with its value, or with the words that stand for it.
    pub slots: Vec<(String, Told)>,
}

/// How a collection tells what an input is.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    Value(String),
    /// Which of the sentence's words.
    Words(Range<usize>),
}

impl Row {
    /// The words of this part of it.
    pub fn words(&self, at: &Range<usize>) -> String {
        let words: Vec<&str> = self.said.split_whitespace().collect();
        words.get(at.clone()).unwrap_or_default().join(" ")
    }

    /// Where its inputs are. A value that nobody says like that is nowhere.
    pub fn spans(&self) -> Vec<Span> {
        let folded = |text: &str| text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>();
        let said = folded(&self.said);
        let place = |told: &Told| match told {
            Told::Words(at) => Some(at.clone()),
            Told::Value(value) => {
                let value = folded(value);
                let at = said.windows(value.len().max(1)).position(|window| *window == value)?;
                Some(at..at + value.len())
            }
        };
        let span = |(name, told): &(String, Told)| Some(Span { name: name.clone(), words: place(told)? });
        self.slots.iter().filter_map(span).collect()
    }
}

/// Which part of a file is wanted, where one file holds several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Train,
    Test,
}

/// Larger files are no collections of sentences.
const BYTES_MAX: u64 = 64 << 20;

/// Labels for what means none of what is known, in the collections that have any.
const NONE: [&str; 2] = ["none", "oos"];

/// Reads a file by its ending: `.tsv` (label, tab, sentence, inputs), `.json` (CLINC150), `.csv` (Banking77) or `.conll`
/// (a word and its tag a line).
///
/// # Errors
/// What is wrong, with file and line.
pub fn read(file: &Path, part: Part) -> anyhow::Result<Vec<Row>> {
    let name = file.display();
    let size = std::fs::metadata(file).with_context(|| format!("{name} cannot be read"))?.len();
    if size > BYTES_MAX {
        bail!("{name} has {size} bytes; a collection of sentences has {BYTES_MAX} at most");
    }
    let text = std::fs::read_to_string(file).with_context(|| format!("{name} cannot be read"))?;
    let rows = match file.extension().and_then(|ending| ending.to_str()) {
        Some("tsv") => tsv(&text),
        Some("json") => clinc(&text, part),
        Some("csv") => banking(&text),
        Some("conll") => conll(&text),
        Some(_) | None => {
            bail!("{name}: the ending tells the layout, and only .tsv, .json, .csv and .conll are known")
        }
    };
    let rows = rows.map_err(|wrong| match wrong.line {
        Some(line) => anyhow::anyhow!("{name}:{line}: {}", wrong.what),
        None => anyhow::anyhow!("{name}: {}", wrong.what),
    })?;
    if rows.is_empty() {
        bail!("{name} has no sentence in it");
    }
    Ok(rows)
}

/// What is wrong with a file.
#[derive(Debug, PartialEq)]
struct Wrong {
    line: Option<usize>,
    what: String,
}

impl Wrong {
    fn at(line: usize, what: impl Into<String>) -> Self {
        Self { line: Some(line), what: what.into() }
    }
}

/// The label `none` or `oos` is what means none of these; all others are skills.
fn row(label: &str, said: &str) -> Row {
    let intent = if NONE.contains(&label) { Intent::None } else { Intent::Skill(label.to_owned()) };
    Row { intent, said: said.to_owned(), slots: Vec::new() }
}

/// `label<TAB>sentence[<TAB>name=value]...`; empty lines and those that begin with `#` are passed over.
fn tsv(text: &str) -> Result<Vec<Row>, Wrong> {
    let mut rows = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        if text.trim().is_empty() || text.starts_with('#') {
            continue;
        }
        let mut columns = text.split('\t').map(str::trim);
        match (columns.next(), columns.next()) {
            (Some(label), Some(said)) if !label.is_empty() && !said.is_empty() => {
                let mut row = row(label, said);
                for column in columns.filter(|column| !column.is_empty()) {
                    let Some((name, value)) = column.split_once('=') else {
                        return Err(Wrong::at(line, format!("`{column}` is no input, `name=value`")));
                    };
                    row.slots.push((name.to_owned(), Told::Value(value.to_owned())));
                }
                rows.push(row);
            }
            _ => return Err(Wrong::at(line, "a label, a tab and a sentence are expected")),
        }
    }
    Ok(rows)
}

/// The layout of CoNLL-2003 with a label: a word and, as the last column, its tag (`B-name`, `I-name`, `O`) a line, an empty line behind
/// each sentence, and before it `# intent: label`.
fn conll(text: &str) -> Result<Vec<Row>, Wrong> {
    let mut rows = Vec::new();
    let mut label: Option<&str> = None;
    let mut words: Vec<&str> = Vec::new();
    let mut slots: Vec<(String, Range<usize>)> = Vec::new();
    for (line, text) in (1..).zip(text.lines().chain([""])) {
        let text = text.trim();
        if let Some(remark) = text.strip_prefix('#') {
            label = remark.trim().strip_prefix("intent:").map(str::trim).or(label);
            continue;
        }
        if text.is_empty() {
            if !words.is_empty() {
                let told = "a sentence needs a line `# intent: label` before it";
                let mut row = row(label.ok_or_else(|| Wrong::at(line, told))?, &words.join(" "));
                row.slots = slots.drain(..).map(|(name, at)| (name, Told::Words(at))).collect();
                rows.push(row);
                words.clear();
                label = None;
            }
            continue;
        }
        let mut columns = text.split_whitespace();
        let (Some(word), Some(tag)) = (columns.next(), columns.next_back()) else {
            return Err(Wrong::at(line, "a word and its tag are expected"));
        };
        words.push(word);
        match (tag.split_once('-'), slots.last_mut()) {
            (Some(("B", name)), _) => slots.push((name.to_owned(), words.len() - 1..words.len())),
            (Some(("I", name)), Some((begun, at))) if begun == name && at.end + 1 == words.len() => {
                at.end += 1
            }
            (None, _) if tag == "O" => {}
            _ => {
                return Err(Wrong::at(
                    line,
                    format!("`{tag}` is no tag here: `B-name` begins, `I-name` goes on, `O`"),
                ));
            }
        }
    }
    Ok(rows)
}

/// The layout of CLINC150 (Larson et al., 2019): lists of `[sentence, label]`.
#[derive(Deserialize)]
struct Clinc {
    train: Vec<(String, String)>,
    test: Vec<(String, String)>,
    #[serde(default)]
    oos_train: Vec<(String, String)>,
    #[serde(default)]
    oos_test: Vec<(String, String)>,
}

fn clinc(text: &str, part: Part) -> Result<Vec<Row>, Wrong> {
    let read: Result<Clinc, _> = serde_json::from_str(text);
    let clinc = read.map_err(|error| Wrong {
        line: Some(error.line()).filter(|line| *line > 0),
        what: format!("not the layout of CLINC150, lists `train` and `test` of [sentence, label]: {error}"),
    })?;
    let (known, none) = match part {
        Part::Train => (clinc.train, clinc.oos_train),
        Part::Test => (clinc.test, clinc.oos_test),
    };
    Ok(known.iter().chain(&none).map(|(said, label)| row(label, said)).collect())
}

/// The layout of Banking77 (Casanueva et al., 2020): a head `text,category`, then CSV as RFC 4180 has it.
fn banking(text: &str) -> Result<Vec<Row>, Wrong> {
    let mut records = csv(text)?.into_iter();
    match records.next() {
        Some((_, head)) if head == ["text", "category"] => {}
        _ => return Err(Wrong::at(1, "a head `text,category` is expected")),
    }
    records
        .map(|(line, fields)| match fields.as_slice() {
            [said, label] if !said.trim().is_empty() && !label.trim().is_empty() => {
                Ok(row(label.trim(), said.trim()))
            }
            _ => Err(Wrong::at(line, format!("two fields are expected, here are {}", fields.len()))),
        })
        .collect()
}

/// Records, each with the line it begins in. Empty lines are none.
fn csv(text: &str) -> Result<Vec<(usize, Vec<String>)>, Wrong> {
    let mut records = Vec::new();
    let mut fields = vec![String::new()];
    let (mut line, mut begun) = (1, 1);
    // The line in which a field in quotes began that is still open.
    let mut open: Option<usize> = None;
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        line += usize::from(c == '\n');
        let field = fields.last_mut().expect("there is always one");
        match c {
            '"' if open.is_some() && characters.next_if_eq(&'"').is_some() => field.push('"'),
            '"' if open.is_some() => open = None,
            _ if open.is_some() => field.push(c),
            '"' if field.is_empty() => open = Some(line),
            ',' => fields.push(String::new()),
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' => {
                if fields != [""] {
                    records.push((begun, std::mem::take(&mut fields)));
                }
                fields = vec![String::new()];
                begun = line;
            }
            _ => field.push(c),
        }
    }
    if let Some(line) = open {
        return Err(Wrong::at(line, "a quote is opened here and never closed"));
    }
    if fields != [""] {
        records.push((begun, fields));
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skill(label: &str, said: &str) -> Row {
        Row { intent: Intent::Skill(label.to_owned()), said: said.to_owned(), slots: Vec::new() }
    }

    #[test]
    fn rows_are_a_label_and_a_sentence() {
        let rows = tsv("# of ours\n\nrefund\tmoney back please\tcode=K7M4X2\nnone\tthe dog barks\r\n");
        let none = Row { intent: Intent::None, said: "the dog barks".into(), slots: Vec::new() };
        let code = ("code".to_owned(), Told::Value("K7M4X2".to_owned()));
        let refund = Row { slots: vec![code], ..skill("refund", "money back please") };
        assert_eq!(rows, Ok(vec![refund, none]));
        assert_eq!(tsv("refund\tgive it back\tcode\n").map_err(|wrong| wrong.line), Err(Some(1)));
        assert_eq!(tsv("refund\tgive it back\nno label\n").map_err(|wrong| wrong.line), Err(Some(2)));
        assert_eq!(tsv("refund\t \n").map_err(|wrong| wrong.line), Err(Some(1)));
    }

    #[test]
    fn inputs_are_where_they_are_said() {
        let rows =
            tsv("book\tto New York on Friday\tcity=new york\tday=2026-11-27\tseat=\n").expect("it is right");
        assert_eq!(rows[0].spans(), [Span { name: "city".to_owned(), words: 1..3 }]);
        assert_eq!(rows[0].words(&(1..3)), "New York");
    }

    #[test]
    fn the_layout_of_clinc150_has_parts() {
        let text = r#"{"val": [], "train": [["move my table", "table"]], "test": [["another table", "table"]],
            "oos_val": [], "oos_train": [["it rains", "oos"]], "oos_test": [["it snows", "oos"]]}"#;
        let none = |said: &str| Row { intent: Intent::None, said: said.to_owned(), slots: Vec::new() };
        assert_eq!(clinc(text, Part::Train), Ok(vec![skill("table", "move my table"), none("it rains")]));
        assert_eq!(clinc(text, Part::Test), Ok(vec![skill("table", "another table"), none("it snows")]));
        let wrong = clinc("{\n\"train\": [[1, 2]]\n}", Part::Train).expect_err("numbers are no sentences");
        assert_eq!(wrong.line, Some(2), "{wrong:?}");
        assert!(clinc("[]", Part::Train).is_err());
    }

    #[test]
    fn the_layout_of_banking77_is_csv_with_quotes() {
        let text = "text,category\r\n\"My card, is it \"\"here\"\"\nyet?\",card_arrival\nTop up,top_up\n";
        let rows = banking(text).expect("it is right");
        assert_eq!(rows, [skill("card_arrival", "My card, is it \"here\"\nyet?"), skill("top_up", "Top up")]);
        for (text, line) in [
            ("category,text\na,b\n", 1),
            ("text,category\na,b\na,b,c\n", 3),
            ("text,category\n\"a\nb\",c\nd\n", 4),
            ("text,category\na,b\n\"open,b\n", 3),
            ("", 1),
        ] {
            assert_eq!(banking(text).map_err(|wrong| wrong.line), Err(Some(line)), "{text:?}");
        }
    }

    #[test]
    fn the_layout_of_conll_has_a_tag_for_each_word() {
        let text = "# intent: rebook\nmove NN O\nK B-code\nseven I-code\n\n# intent: none\nhello O\n";
        let code = ("code".to_owned(), Told::Words(1..3));
        let none = Row { intent: Intent::None, said: "hello".into(), slots: Vec::new() };
        assert_eq!(conll(text), Ok(vec![Row { slots: vec![code], ..skill("rebook", "move K seven") }, none]));
        for (text, line) in [
            ("hello O\n", 2),
            ("# intent: a\nhello\n", 2),
            ("# intent: a\nhello I-code\n", 2),
            ("# intent: a\nK B-code\nand O\nseven I-code\n", 4),
            ("# intent: a\nhello X\n", 2),
        ] {
            assert_eq!(conll(text).map_err(|wrong| wrong.line), Err(Some(line)), "{text:?}");
        }
    }

    #[test]
    fn mistakes_are_told_with_file_and_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let told = |name: &str, text: &str| {
            let file = folder.path().join(name);
            std::fs::write(&file, text).expect("it is written");
            format!("{:#}", read(&file, Part::Train).expect_err("there is a mistake"))
        };
        assert!(told("a.tsv", "refund\tback\nbroken\n").contains("a.tsv:2: a label, a tab"));
        assert!(told("a.csv", "x\n").contains("a.csv:1: a head"));
        assert!(told("a.json", "{}").contains("a.json:1: not the layout of CLINC150"));
        assert!(told("a.txt", "x").contains("only .tsv, .json, .csv"));
        assert!(told("b.tsv", "# nothing\n").contains("has no sentence"));
        let none = read(&folder.path().join("absent.tsv"), Part::Train).expect_err("it is not there");
        assert!(format!("{none:#}").contains("absent.tsv cannot be read"), "{none:#}");
    }
}
