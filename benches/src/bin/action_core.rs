//! What the action core costs, beside what is wanted of it: a table, and `target/bench/core.json`.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use callwright_benches::action_core::{self, Core, Made, Pace, Quantiles, System};
use callwright_benches::report::{Figure, Report, Wanted, at_least};
use callwright_scratch_postgres::{Durability, Server};
use clap::Parser;
use serde::Serialize;

/// The program's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures the action core on this machine's disk.
#[derive(Debug, Parser)]
#[command(max_term_width = 100)]
struct Arguments {
    /// Plans of ten writes that are carried out one after another.
    #[arg(long, default_value_t = 300)]
    plans: usize,
    /// Plans of ten writes that are carried out a hundred at once.
    #[arg(long, default_value_t = 3_000)]
    plans_at_once: usize,
    /// Plans that wait.
    #[arg(long, default_value_t = 10_000)]
    waiting: usize,
    /// Where journals are written while it runs: on the disk to be measured.
    #[arg(long, default_value = "target/bench", value_name = "DIR")]
    folder: PathBuf,
    /// Where the figures go as JSON.
    #[arg(long, default_value = "target/bench/core.json", value_name = "FILE")]
    out: PathBuf,
    /// Be the core, before the system at this address.
    #[arg(long, hide = true, requires_all = ["journal", "socket", "writes"])]
    core_before: Option<String>,
    #[arg(long, hide = true)]
    journal: Option<PathBuf>,
    #[arg(long, hide = true)]
    database: Option<String>,
    #[arg(long, hide = true)]
    socket: Option<PathBuf>,
    #[arg(long, hide = true)]
    writes: Option<usize>,
}

#[derive(Debug, Serialize)]
struct Paces {
    /// Flushes of one page a second, by the disk itself, before and after the rest.
    disk_flushes_per_s: [f64; 2],
    one_after_another: Pace,
    at_once: Pace,
    /// The same two with the journal in Postgres, where there is one.
    postgres: Option<(Pace, Pace)>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match arguments {
        Arguments {
            core_before: Some(system),
            journal: Some(journal),
            socket: Some(socket),
            writes: Some(writes),
            database,
            ..
        } => {
            let made = Made { writes, actions: writes, policies_each: 1 };
            runtime.block_on(action_core::serve(&system, made, &journal, database.as_deref(), &socket))
        }
        arguments => runtime.block_on(measure(&arguments)),
    }
}

#[expect(clippy::print_stdout, reason = "a measurement's answer")]
async fn measure(arguments: &Arguments) -> Result<()> {
    std::fs::create_dir_all(&arguments.folder)?;
    let folder = tempfile::tempdir_in(&arguments.folder)?;
    let journal = |name: &str| folder.path().join(name);
    let mut report = Report::begin();

    let flushes_before = action_core::flushes_per_s(folder.path(), PROBE)?;
    report.tell(Figure::new("the disk itself: flushes of one page", flushes_before, "/s", None));
    let system = System::start()?;
    let paced = {
        let core = Core::start(&system, Made::ten_writes(), &journal("pace.sqlite"))?;
        let client = core.client().await?;
        // Connections and caches are made ready.
        action_core::pace(&client, 10, 2).await?;
        let one = action_core::pace(&client, arguments.plans, 1).await?;
        report.tell(Figure::new("steps, one plan after another", one.steps_per_s, "/s", at_least(1_500.0)));
        let many = action_core::pace(&client, arguments.plans_at_once, 100).await?;
        report.tell(Figure::new("steps, 100 plans at once", many.steps_per_s, "/s", at_least(10_000.0)));
        (one, many)
    };
    let postgres = match Server::start_in(&arguments.folder, Durability::Disk) {
        Ok(mut server) => {
            let address = server.create("plans")?;
            let core = Core::start_on(&system, Made::ten_writes(), &journal("postgres"), Some(&address))?;
            let client = core.client().await?;
            action_core::pace(&client, 10, 2).await?;
            let one = action_core::pace(&client, arguments.plans, 1).await?;
            report.tell(Figure::new(
                "in Postgres: steps, one plan after another",
                one.steps_per_s,
                "/s",
                None,
            ));
            let many = action_core::pace(&client, arguments.plans_at_once, 100).await?;
            report.tell(Figure::new("in Postgres: steps, 100 plans at once", many.steps_per_s, "/s", None));
            Some((one, many))
        }
        Err(error) => {
            println!("in Postgres: not measured, {error}");
            None
        }
    };
    let flushes_after = action_core::flushes_per_s(folder.path(), PROBE)?;
    report.tell(Figure::new("the disk itself, again", flushes_after, "/s", None));
    let flushes = f64::midpoint(flushes_before, flushes_after);
    report.tell(Figure::new(
        "steps a flush, one plan after another",
        paced.0.steps_per_s / flushes,
        "",
        None,
    ));
    report.tell(Figure::new("steps a flush, 100 plans at once", paced.1.steps_per_s / flushes, "", None));

    let spread = Made { writes: 7, actions: 50, policies_each: 10 };
    let one_action = Made { writes: 1, actions: 1, policies_each: 500 };
    for (what, made) in
        [("500 policies for 50 actions", spread), ("500 policies, all for the action asked", one_action)]
    {
        let times = action_core::permissions(made, PERMISSIONS)?;
        report.tell(Figure::new(&format!("a permission under {what}, p50"), times.p50, "us", None));
        let wanted = (made.actions > 1).then_some(Wanted::AtMost(100.0));
        report.tell(Figure::new(&format!("a permission under {what}, p99"), times.p99, "us", wanted));
    }
    let [planned, proved, checked] = action_core::plans(Made::ten_steps(), PLANS)?;
    for (what, Quantiles { p50, p99, .. }, wanted) in [
        ("planning ten steps, permitted and with its trail", planned, Some(Wanted::AtMost(1.0))),
        ("checking them, of a pack that is read", proved, Some(Wanted::AtMost(1.0))),
        ("reading and checking the whole pack, from its text", checked, None),
    ] {
        report.tell(Figure::new(&format!("{what}, p50"), p50 / 1e3, "ms", None));
        report.tell(Figure::new(&format!("{what}, p99"), p99 / 1e3, "ms", wanted));
    }
    let waiting = action_core::waiting(&system, &journal("waiting.sqlite"), arguments.waiting).await?;
    let cost = waiting.cost_bytes() as f64 / 1e6;
    let what = format!("memory of {} waiting plans", waiting.plans);
    report.tell(Figure::new(&what, cost, "MB", Some(Wanted::AtMost(100.0))));

    let paces = Paces {
        disk_flushes_per_s: [flushes_before, flushes_after],
        one_after_another: paced.0,
        at_once: paced.1,
        postgres,
    };
    report.write(&arguments.out, paces)
}

/// For each look at the disk.
const PROBE: Duration = Duration::from_secs(1);
const PERMISSIONS: usize = 20_000;
const PLANS: usize = 2_000;
