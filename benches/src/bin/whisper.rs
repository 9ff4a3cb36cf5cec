//! What whisper of the real sizes costs, with random weights: calls per core at each interval of words so far, and how long
//! callers wait for their utterance when many speak.

use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use callwright_benches::random_model::{self, Size, Weights};
use callwright_benches::whisper::{Figures, Run, measure};
use clap::Parser;
use serde::Serialize;

/// Measures whisper of the real sizes with random weights, through the real scheduler, in real time.
#[derive(Debug, Parser)]
#[command(max_term_width = 100)]
struct Arguments {
    /// Sizes: tiny, base, small.
    #[arg(long, value_delimiter = ',', default_value = "tiny,base,small")]
    sizes: Vec<Size>,
    /// How weights are written: f16, q8_0, q5_1.
    #[arg(long, default_value = "q8_0")]
    weights: Weights,
    /// Milliseconds between words so far; `off` for none.
    #[arg(long, value_delimiter = ',', default_value = "off,1000,600,300")]
    partials: Vec<String>,
    /// Callers at one time. A lone one tells what a call costs.
    #[arg(long, value_delimiter = ',', default_value = "1,10,20")]
    calls: Vec<usize>,
    /// For how long callers of one run begin new turns.
    #[arg(long, default_value_t = 26)]
    seconds: u64,
    /// Where the figures go as JSON.
    #[arg(long, default_value = "target/bench/whisper.json")]
    out: PathBuf,
}

#[derive(Debug, Serialize)]
struct Report {
    note: &'static str,
    command: String,
    cores: usize,
    optimised: bool,
    runs: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    size: &'static str,
    weights: &'static str,
    /// `None` is off.
    partial_ms: Option<u32>,
    calls: usize,
    #[serde(flatten)]
    figures: Figures,
}

#[expect(clippy::print_stdout, reason = "a measurement's answer")]
fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let partials: Vec<Option<u32>> =
        arguments.partials.iter().map(|text| interval(text)).collect::<Result<_>>()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let folder = tempfile::tempdir()?;
    println!("{NOTE}\n");
    println!(
        "model        words so far  calls  turns  unanswered  final p50   final p95   busy  calls per core"
    );
    let mut runs = Vec::new();
    for &size in &arguments.sizes {
        let model = folder.path().join(format!("ggml-{}.bin", size.name()));
        random_model::write(size, arguments.weights, BufWriter::new(File::create(&model)?))?;
        for &partial_ms in &partials {
            for &calls in &arguments.calls {
                let run = Run { partial_ms, calls, length: Duration::from_secs(arguments.seconds) };
                let figures = runtime.block_on(measure(&model, run))?;
                let row =
                    Row { size: size.name(), weights: arguments.weights.name(), partial_ms, calls, figures };
                println!("{}", row.line());
                runs.push(row);
            }
        }
        std::fs::remove_file(&model)?;
    }
    let report = Report {
        note: NOTE,
        command: std::env::args().skip(1).collect::<Vec<_>>().join(" "),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        optimised: !cfg!(debug_assertions),
        runs,
    };
    if let Some(folder) = arguments.out.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(&arguments.out, serde_json::to_string_pretty(&report)?)
        .with_context(|| format!("cannot write {}", arguments.out.display()))?;
    println!("\nwritten to {}", arguments.out.display());
    Ok(())
}

impl Row {
    fn line(&self) -> String {
        let Figures { turns, unanswered, final_ms_p50, final_ms_p95, busy, calls_per_core, .. } =
            &self.figures;
        let ms = |figure: &Option<f64>| figure.map_or("-".to_owned(), |ms| format!("{ms:.0} ms"));
        let partials = self.partial_ms.map_or("off".to_owned(), |ms| format!("{ms} ms"));
        // Only a lone caller's cost is a call's.
        let per_core = if self.calls == 1 { format!("{calls_per_core:.1}") } else { String::new() };
        format!(
            "{:<12} {partials:>12} {:>6} {turns:>6} {unanswered:>11} {:>10} {:>11} {:>5.0}%  {per_core:>14}",
            format!("{} {}", self.size, self.weights),
            self.calls,
            ms(final_ms_p50),
            ms(final_ms_p95),
            busy * 100.0,
        )
    }
}

fn interval(text: &str) -> Result<Option<u32>> {
    if text == "off" {
        return Ok(None);
    }
    text.parse().map(Some).with_context(|| format!("--partials: `{text}` is neither milliseconds nor `off`"))
}

const NOTE: &str = "Random weights: encoding costs what it does with real ones. Decoding goes on until the limit of tokens (120 \
for a final, 48 for words so far) unless chance ends it, where real weights end after a sentence's 10-20: the figures are an upper \
bound. Callers speak 3 s of every 8.6 s. Final: from the end of the turn, which follows 0.58 s of silence, to the utterance; the pass \
begins 0.46 s before.";
