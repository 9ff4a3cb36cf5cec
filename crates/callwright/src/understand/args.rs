//! What `callwright understand` is told.

use std::path::PathBuf;

use callwright_model::Language;
use clap::{Args, Subcommand};

/// Arguments of `understand`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Understand {
    /// What a caller says.
    pub sentence: Option<String>,
    /// The skill pack.
    #[arg(long, default_value = "skills/airline", value_name = "DIR")]
    pub pack: PathBuf,
    /// The language that it is said in.
    #[arg(long, default_value = "en")]
    pub lang: Language,
    /// Print it as JSON.
    #[arg(long)]
    pub json: bool,
    /// What else to do.
    #[command(subcommand)]
    pub command: Option<UnderstandCommand>,
}

/// What else `understand` does.
#[derive(Debug, Subcommand)]
pub enum UnderstandCommand {
    /// Learn from some sentences and measure with others.
    ///
    /// A file is `.tsv` (label, tab, sentence, and if it holds inputs `name=value` after a tab each; `#` begins a remark), `.json` in the
    /// layout of CLINC150, `.csv` in that of Banking77 (`text,category`), or `.conll` (a word and its tag `B-name`, `I-name` or `O` a line,
    /// `# intent: label` before each sentence). Inputs are found by the types that a pack declares for them, or as the sentences to learn from have
    /// them marked. The labels `none` and `oos` are for what means none of the others.
    Eval(UnderstandEval),
}

/// Arguments of `understand eval`.
#[derive(Debug, Args)]
pub struct UnderstandEval {
    /// Sentences to learn from.
    #[arg(long, value_name = "FILE", conflicts_with = "pack", required_unless_present = "pack")]
    pub train: Option<PathBuf>,
    /// A skill pack to learn from instead.
    #[arg(long, value_name = "DIR")]
    pub pack: Option<PathBuf>,
    /// Sentences to measure with.
    #[arg(long, value_name = "FILE")]
    pub test: PathBuf,
    /// The language of both.
    #[arg(long, default_value = "en")]
    pub lang: Language,
    /// Also measure with so many percent of the words dropped, run together, or taken for others that sound alike.
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=100))]
    pub damage: Option<u8>,
    /// Also learn from only so many sentences of each label.
    #[arg(long, value_name = "COUNTS", value_delimiter = ',', requires = "train")]
    pub few: Vec<usize>,
    /// Print it as JSON.
    #[arg(long)]
    pub json: bool,
}
