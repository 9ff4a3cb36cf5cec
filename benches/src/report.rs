//! Figures beside what is wanted of them.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use serde::Serialize;

/// What a benchmark measures: a table that is printed as it comes, and at the end a file.
#[derive(Debug)]
pub struct Report {
    /// As it was found: a measurement may keep to one of its cores.
    machine: Machine,
    figures: Vec<Figure>,
}

/// The file of a report.
#[derive(Serialize)]
struct Written<'a, M> {
    command: String,
    unix_s: u64,
    machine: &'a Machine,
    optimised: bool,
    #[serde(flatten)]
    more: M,
    figures: &'a [Figure],
}

#[expect(clippy::print_stdout, reason = "a measurement's answer")]
impl Report {
    /// Prints the table's head.
    #[must_use]
    pub fn begin() -> Self {
        println!("{:<68} {:>14} {:>14}", "", "measured", "wanted");
        Self { machine: Machine::this(), figures: Vec::new() }
    }

    /// Prints a figure, and keeps it.
    pub fn tell(&mut self, figure: Figure) {
        println!("{}", figure.line());
        self.figures.push(figure);
    }

    /// Writes what was told, and what more there is, to a file as JSON.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, file: &Path, more: impl Serialize) -> Result<()> {
        let written = Written {
            command: std::env::args().skip(1).collect::<Vec<_>>().join(" "),
            unix_s: SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(),
            machine: &self.machine,
            optimised: !cfg!(debug_assertions),
            more,
            figures: &self.figures,
        };
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(file, serde_json::to_string_pretty(&written)?)
            .with_context(|| format!("cannot write {}", file.display()))?;
        let Machine { cpu, cores } = &self.machine;
        println!("\n{cpu} with {cores} cores; written to {}", file.display());
        Ok(())
    }
}

/// What was measured on.
#[derive(Debug, Serialize)]
pub struct Machine {
    /// The processor's name.
    pub cpu: String,
    /// How many of its cores we may use.
    pub cores: usize,
}

/// One figure beside what is wanted.
#[derive(Debug, Serialize)]
pub struct Figure {
    what: String,
    measured: f64,
    unit: &'static str,
    wanted: Option<Wanted>,
}

/// A mark.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// So much or more.
    AtLeast(f64),
    /// So much or less.
    AtMost(f64),
}

/// The mark of a figure that should be large.
#[must_use]
pub const fn at_least(value: f64) -> Option<Wanted> {
    Some(Wanted::AtLeast(value))
}

/// The mark of a figure that should be small.
#[must_use]
pub const fn at_most(value: f64) -> Option<Wanted> {
    Some(Wanted::AtMost(value))
}

impl Figure {
    /// A figure with its unit.
    #[must_use]
    pub fn new(what: &str, measured: f64, unit: &'static str, wanted: Option<Wanted>) -> Self {
        Self { what: what.to_owned(), measured, unit, wanted }
    }

    /// It as a row of the table.
    #[must_use]
    pub fn line(&self) -> String {
        let number = |value: f64| {
            let digits = if value >= 100.0 { 0 } else { 2 };
            format!("{value:.digits$} {}", self.unit)
        };
        let wanted = match self.wanted {
            Some(Wanted::AtLeast(least)) => format!(">= {}", number(least)),
            Some(Wanted::AtMost(most)) => format!("<= {}", number(most)),
            None => String::new(),
        };
        format!("{:<68} {:>14} {wanted:>14}", self.what, number(self.measured)).trim_end().to_owned()
    }
}

impl Machine {
    /// The one we run on.
    #[must_use]
    pub fn this() -> Self {
        let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let named = text.lines().find(|line| line.starts_with("model name"));
        let cpu = named.and_then(|line| line.split_once(": ")).map_or("a machine", |(_, name)| name);
        Self { cpu: cpu.to_owned(), cores: std::thread::available_parallelism().map_or(1, usize::from) }
    }
}
