//! What is decided without anybody being asked: permissions and plans.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use callwright_model::{CallId, PlanId, Problem, Record, Value};
use callwright_plan_core::{
    Asker, Caller, Next, Pack, Question, ReadOutcome, Reads, Whose, bind, check, read, trail,
};

use super::Quantiles;
use super::pack::{self, Made, OWNER, SKILL};

/// How long a permission takes under the policies of a pack: of every action in turn, small amounts and large ones, of callers who
/// are known and who are not.
///
/// # Errors
/// When the pack does not load.
pub fn permissions(made: Made, runs: usize) -> Result<Quantiles> {
    let pack = load(made)?;
    let (known, unknown) = (BTreeSet::from([OWNER.to_owned()]), BTreeSet::new());
    let actions: Vec<String> = (1..=made.actions).map(Made::action).collect();
    let mut times = Vec::with_capacity(runs);
    let mut allowed = 0;
    for run in 0..runs {
        let minor = if run % 3 == 0 { 90_000 } else { 5_000 };
        let context = Record::from([
            ("owner".to_owned(), Value::from(OWNER)),
            ("amount".to_owned(), Value::Int(minor)),
            ("currency".to_owned(), Value::from("USD")),
        ]);
        let question = Question {
            caller: Caller {
                name: "call-1",
                verified: if run % 5 == 0 { &unknown } else { &known },
                level: 2,
                consents: &unknown,
            },
            action: &actions[run % actions.len()],
            resource: ("Connector", pack::CONNECTOR),
            context: &context,
        };
        let begun = Instant::now();
        let verdict = pack.policy.ask(&question);
        times.push(begun.elapsed());
        allowed += usize::from(verdict.allowed());
    }
    // A schema that takes no question would be quick too.
    anyhow::ensure!(allowed > 0 && allowed < runs, "the policies allow {allowed} of {runs}");
    Ok(Quantiles::of(times))
}

/// How long it takes to plan a skill, from what the caller gave and the systems answered to a plan that is bound, permitted and
/// explained; to prove what is proved of a pack that is read; and to check the pack whole, from the text of its files.
///
/// # Errors
/// When it cannot be planned.
pub fn plans(made: Made, runs: usize) -> Result<[Quantiles; 3]> {
    let pack = load(made)?;
    let planned: Result<Vec<Duration>> = (0..runs).map(|_| plan(&pack)).collect();
    let source = made.source();
    let unproved = read(&source).0.context("the pack is not read")?;
    let proved: Result<Vec<Duration>> = (0..runs).map(|_| timed(|| unproved.prove(&source))).collect();
    // This takes longer; a tenth of the runs says as much.
    let checked: Result<Vec<Duration>> = (0..runs.div_ceil(10)).map(|_| timed(|| check(&source))).collect();
    Ok([planned?, proved?, checked?].map(Quantiles::of))
}

fn timed(check: impl FnOnce() -> Vec<Problem>) -> Result<Duration> {
    let begun = Instant::now();
    let problems = check();
    let took = begun.elapsed();
    anyhow::ensure!(problems.is_empty(), "the pack has mistakes: {problems:?}");
    Ok(took)
}

/// Binds as the core does, read by read, without the time that a system takes.
fn plan(pack: &Pack) -> Result<Duration> {
    let (id, inputs, mut reads) = (PlanId("plan".to_owned()), pack::inputs(), Reads::default());
    let asker = Asker::default();
    let now = pack.now(0);
    let whose = Whose { plan: &id, call: CallId(1), asker: &asker, now: &now };
    let mut took = Duration::ZERO;
    loop {
        let begun = Instant::now();
        let next = bind(pack, SKILL, whose, &inputs, &reads)?.next;
        took += begun.elapsed();
        match next {
            Next::Read(read) => {
                let answer = pack::answer(&read.call.method, &read.arguments);
                reads.add(read, ReadOutcome::Found(answer));
            }
            Next::Ready { plan, .. } => {
                let begun = Instant::now();
                let trail = trail(pack, SKILL, whose, &inputs, &BTreeMap::new(), &reads);
                took += begun.elapsed();
                drop((plan, trail));
                return Ok(took);
            }
            other @ (Next::Need { .. } | Next::Choose { .. } | Next::Answer { .. } | Next::Refused(_)) => {
                bail!("the skill is not bound: {other:?}")
            }
        }
    }
}

fn load(made: Made) -> Result<Pack> {
    Pack::load(&made.source()).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("{}", lines.join("\n"))
    })
}
