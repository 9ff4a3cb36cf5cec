//! How well callers are understood, and what that costs, beside what is wanted: a table, and `target/bench/understanding.json`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;
use callwright_benches::memory::resident_bytes;
use callwright_benches::report::{Figure, Report, at_least, at_most};
use callwright_benches::understanding::{self, LANGUAGES, Row};
use callwright_dialogue_core::{Intent, Judged, Measured, Pack, SlotsMeasured};
use callwright_model::Language;
use callwright_rehearsal::{Noise, Options, SelfPlay};
use clap::Parser;

/// The program's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures understanding with sentences that were not learnt.
#[derive(Debug, Parser)]
#[command(max_term_width = 100)]
struct Arguments {
    /// Utterances over which memory must not grow.
    #[arg(long, default_value_t = 1_000_000)]
    utterances: usize,
    /// Percent of the words that are damaged.
    #[arg(long, default_value_t = 15)]
    damage: u8,
    /// Games of self-play in each language, four for each goal.
    #[arg(long, default_value_t = 400)]
    games: u32,
    /// List the sentences that were read wrongly.
    #[arg(long)]
    wrong: bool,
    /// The project's folder.
    #[arg(long, default_value = ".", value_name = "DIR")]
    root: PathBuf,
    /// Where the figures go as JSON.
    #[arg(long, default_value = "target/bench/understanding.json", value_name = "FILE")]
    out: PathBuf,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let data = arguments.root.join("benches/understanding");
    let mut report = Report::begin();
    let airline = understanding::load(&understanding::source(&arguments.root.join("skills/airline"))?)?;
    let mut all: Vec<(Language, Vec<Row>)> = Vec::new();
    for language in LANGUAGES {
        all.push((language, understanding::rows(&data, language)?));
    }
    let mut all_slots = SlotsMeasured::default();
    let (mut plain, mut damaged): (Vec<Judged>, Vec<Judged>) = (Vec::new(), Vec::new());
    for (language, rows) in &all {
        let read = understanding::judged(&airline, *language, rows, None);
        let misheard = understanding::judged(&airline, *language, rows, Some(arguments.damage));
        for figure in quality(&language.to_string(), &read, &misheard, arguments.damage) {
            report.tell(figure);
        }
        let slots = understanding::slots(&airline, *language, rows, &read);
        report.tell(slots_figure(&language.to_string(), &slots));
        all_slots.wanted += slots.wanted;
        all_slots.found += slots.found;
        all_slots.right += slots.right;
        if arguments.wrong {
            list_wrong(rows, &read);
        }
        plain.extend(read);
        damaged.extend(misheard);
    }
    for figure in quality("all", &plain, &damaged, arguments.damage) {
        report.tell(figure);
    }
    report.tell(slots_figure("all", &all_slots));
    for figure in selfplay(&arguments.root, arguments.games)? {
        report.tell(figure);
    }
    for figure in cost(&data.join("pack"), &all, arguments.utterances)? {
        report.tell(figure);
    }
    report.write(&arguments.out, serde_json::json!({}))
}

/// How well sentences were read.
fn quality(what: &str, plain: &[Judged], damaged: &[Judged], percent: u8) -> Vec<Figure> {
    let (plain, damaged) = (Measured::of(plain), Measured::of(damaged));
    let share = |share: Option<f64>| share.unwrap_or(0.0) * 100.0;
    let figure = |name: String, value, wanted| Figure::new(&format!("{what}: {name}"), value, "%", wanted);
    vec![
        figure("the right skill".to_owned(), share(plain.accuracy), at_least(95.0)),
        figure(
            format!("the right skill, {percent} % of words damaged"),
            share(damaged.accuracy),
            at_least(90.0),
        ),
        figure(
            "none of these is told, at 5 % of skills lost".to_owned(),
            share(plain.none_recall),
            at_least(80.0),
        ),
        figure("the right skill, acted on without a question".to_owned(), share(plain.clear), None),
        figure("acted on wrongly".to_owned(), share(plain.wrong), None),
        figure("expected calibration error".to_owned(), share(plain.calibration_error), None),
    ]
}

fn slots_figure(what: &str, slots: &SlotsMeasured) -> Figure {
    let name = format!("{what}: slots, F1 ({} of them)", slots.wanted);
    Figure::new(&name, slots.f1().unwrap_or(0.0) * 100.0, "%", at_least(93.0))
}

/// Simulated callers of both packs: how many goals are reached four times of four, without noise and with a recogniser's.
fn selfplay(root: &Path, games: u32) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for name in ["airline", "retail"] {
        let source = understanding::source(&root.join("skills").join(name))?;
        let play = SelfPlay::load(&source, &LANGUAGES).map_err(understanding::told)?;
        let mut clean = 0.0;
        for (noise, what) in
            [(Noise::None, "without noise"), (Noise::Recogniser, "with a recogniser's noise")]
        {
            let options = Options { languages: LANGUAGES.to_vec(), games, seed: 1, noise };
            let all = play.play(&options).map_err(|why| anyhow::anyhow!(why))?.all;
            let wanted = match noise {
                Noise::None => at_least(95.0),
                Noise::Recogniser => at_least(clean - 5.0),
            };
            let share = |all: f64| all * 100.0;
            figures.push(Figure::new(&format!("{name}: pass^1 {what}"), share(all.pass_1), "%", None));
            figures.push(Figure::new(&format!("{name}: pass^4 {what}"), share(all.pass_4), "%", wanted));
            clean = share(all.pass_4);
        }
    }
    Ok(figures)
}

/// What a large pack costs.
fn cost(folder: &Path, all: &[(Language, Vec<Row>)], utterances: usize) -> Result<Vec<Figure>> {
    let source = understanding::large(folder)?;
    let before = resident_bytes("self")?;
    let began = Instant::now();
    let large = understanding::load(&source)?;
    let took = began.elapsed().as_secs_f64();
    let held: usize = LANGUAGES.iter().map(|language| large.interpreter(*language).bytes()).sum();
    let grown = resident_bytes("self")?.saturating_sub(before);
    let mut figures = vec![
        Figure::new("30 skills in 3 languages: learnt in", took, "s", at_most(2.0)),
        Figure::new("its models", held as f64 / 1e6, "MB", at_most(50.0)),
        Figure::new("what the process grew by, learning included", grown as f64 / 1e6, "MB", None),
    ];
    let said: Vec<(Language, &str)> = all
        .iter()
        .flat_map(|(language, rows)| rows.iter().map(|row| (*language, row.said.as_str())))
        .collect();
    let mut times: Vec<f64> = Vec::with_capacity(said.len() * ROUNDS);
    for (language, said) in said.iter().cycle().take(said.len() * ROUNDS) {
        let began = Instant::now();
        std::hint::black_box(large.read(said, *language));
        times.push(began.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    let quantile = |share: f64| times.get((times.len() as f64 * share) as usize).copied().unwrap_or_default();
    figures.push(Figure::new("one reading, p50", quantile(0.5), "us", None));
    figures.push(Figure::new("one reading, p99", quantile(0.99), "us", at_most(500.0)));
    let before = resident_bytes("self")?;
    read_many(&large, &said, utterances);
    let grown = resident_bytes("self")?.saturating_sub(before) as f64 / 1e6;
    figures.push(Figure::new(&format!("growth over {utterances} utterances"), grown, "MB", at_most(1.0)));
    Ok(figures)
}

fn read_many(pack: &Pack, said: &[(Language, &str)], utterances: usize) {
    for (language, said) in said.iter().cycle().take(utterances) {
        std::hint::black_box(pack.read(said, *language));
    }
}

#[expect(clippy::print_stdout, reason = "a measurement's answer")]
fn list_wrong(rows: &[Row], read: &[Judged]) {
    for (row, judged) in rows.iter().zip(read) {
        let told = match judged.reading.clear() {
            Some(intent) => *intent == row.wanted,
            None => row.wanted == Intent::None,
        };
        if !told {
            let reading = &judged.reading;
            println!(
                "  {} for {}, {:.2}, none {:.2}: {}",
                reading.intent.name(),
                row.wanted.name(),
                reading.probability,
                reading.none,
                row.said
            );
        }
    }
}

/// Each sentence is read so often for its time.
const ROUNDS: usize = 20;
