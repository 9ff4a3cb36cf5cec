//! One wave: plans are brought to where they are to be struck, somebody is killed, and every plan is followed to its end.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use callwright_model::{CallId, Pii, PlanFact, PlanId, PlanReply, PlanRequest};
use callwright_wire::actions::{Client, ClientError, Consent};
use rusqlite::{Connection, OptionalExtension as _};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_stream::StreamExt as _;

use super::process::{Core, Setup};
use super::story::{Case, Ending, Heard, Place, Story, judge};
use super::system::{Kind, System};
use super::table::{Blow, Report, Stood, Suffered, Weather};

/// How much is tried.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// Plans in all.
    pub plans: usize,
    /// Plans in a wave.
    pub at_once: usize,
    /// Draws what else goes wrong.
    pub seed: u64,
}

/// One plan of a wave.
struct Subject {
    case: Case,
    customer: usize,
    plan: PlanId,
    weather: Option<(Weather, &'static str)>,
}

/// Tries it all, in a folder for databases, the journal and the core's log.
///
/// # Errors
/// When something cannot be tried: a process does not start, a plan cannot be bound.
pub async fn run(run: Run, folder: &Path, mut after_wave: impl FnMut(&Report)) -> Result<Report> {
    let systems: Vec<System> =
        Kind::ALL.into_iter().map(|kind| System::start(kind, folder)).collect::<Result<_>>()?;
    for story in Story::ALL {
        story.seed(&mut of(&systems, story)?.database()?, run.plans)?;
    }
    let setup = Setup::new(folder, &systems)?;
    let core = setup.start().await?;
    let mut field = Field { setup, systems, core, chance: run.seed, report: Report::default() };
    let cases = Case::all();
    let mut begun = 0;
    while begun < run.plans {
        let length = run.at_once.min(run.plans - begun);
        let wave = field.report.waves;
        let cases: Vec<Case> = (0..length).map(|index| cases[(begun + index) % cases.len()]).collect();
        let subjects = field.bind(&cases, begun).await?;
        field.wave(Blow::of(wave), wave, subjects).await?;
        field.report.waves += 1;
        begun += length;
        after_wave(&field.report);
    }
    field.report.journal_is_whole = field.setup.audited()?;
    Ok(field.report)
}

/// Everything that runs.
struct Field {
    setup: Setup,
    systems: Vec<System>,
    core: Core,
    chance: u64,
    report: Report,
}

impl Field {
    /// Binds plans until they wait for a yes, and sets what will go wrong with them.
    async fn bind(&mut self, cases: &[Case], customers: usize) -> Result<Vec<Subject>> {
        let mut subjects = Vec::new();
        for (index, &case) in cases.iter().enumerate() {
            let customer = customers + index;
            let plan = bind(&self.core.client, case, customer).await?;
            let system = of(&self.systems, case.story)?;
            if let Some(method) = case.refused() {
                system.fail(&plan, method, "refuse").await?;
            }
            match case.place {
                Place::Asked(method) => system.fail(&plan, method, "hold_request").await?,
                Place::Done(method) => system.fail(&plan, method, "hold_reply").await?,
                Place::Heard(_) => {}
            }
            let weather = self.weather(&case);
            if let Some((weather, method)) = weather {
                let system = of(&self.systems, case.story)?;
                system.fail(&plan, method, weather.name()).await?;
            }
            subjects.push(Subject { case, customer, plan, weather });
        }
        Ok(subjects)
    }

    /// What else goes wrong with a plan, in a call that is neither struck nor refused.
    fn weather(&mut self, case: &Case) -> Option<(Weather, &'static str)> {
        let struck = match case.place {
            Place::Asked(method) | Place::Done(method) => Some(method),
            Place::Heard(_) => None,
        };
        let free = |method: &&str| Some(*method) != struck && Some(*method) != case.refused();
        let methods: Vec<&str> = case.story.writes().iter().map(|write| write.method).filter(free).collect();
        let weather = Weather::ALL.get(self.draw(Weather::ALL.len() + 1)).copied()?;
        let method = methods.get(self.draw(methods.len().max(1)))?;
        Some((weather, method))
    }

    /// SplitMix64.
    fn draw(&mut self, below: usize) -> usize {
        self.chance = self.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.chance;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((bits ^ (bits >> 31)) % below as u64).unwrap_or_default()
    }

    async fn wave(&mut self, blow: Blow, number: usize, subjects: Vec<Subject>) -> Result<()> {
        let mut tasks = JoinSet::new();
        let (tell, mut told) = mpsc::unbounded_channel();
        let mut begin = |index: usize, client: &Client| {
            let Subject { plan, customer, .. } = &subjects[index];
            tasks.spawn(listen(client.clone(), plan.clone(), call(*customer), index, tell.clone()));
        };
        let (held, free): (Vec<usize>, Vec<usize>) =
            (0..subjects.len()).partition(|index| !matches!(subjects[*index].case.place, Place::Heard(_)));
        held.iter().for_each(|index| begin(*index, &self.core.client));
        let held = held.iter().map(|index| &subjects[*index]).map(|subject| (subject.case, &subject.plan));
        until_held(&self.systems, held).await?;
        free.iter().for_each(|index| begin(*index, &self.core.client));
        // One of those that are not held tells when to strike; the others are struck wherever they are.
        if let Some(trigger) = free.get(number % free.len().max(1)) {
            wait_until_heard(&mut told, *trigger, subjects[*trigger].case.place).await?;
        }
        let stood = self.strike(blow, &subjects).await?;
        drop(tasks);

        let mut endings = JoinSet::new();
        for (index, subject) in subjects.iter().enumerate() {
            let (client, plan, call) =
                (self.core.client.clone(), subject.plan.clone(), call(subject.customer));
            endings.spawn(async move { (index, ending(client, plan, call).await) });
        }
        let endings: BTreeMap<usize, Ending> = endings.join_all().await.into_iter().collect();
        if blow == Blow::SystemsForLong {
            self.systems.iter_mut().try_for_each(System::revive)?;
        }
        // Calls that are still held arrive now, long after they were asked for again.
        for subject in &subjects {
            of(&self.systems, subject.case.story)?.release(&subject.plan).await?;
        }
        for system in &self.systems {
            system.until_none_is_held().await?;
        }
        for (index, subject) in subjects.iter().enumerate() {
            let database = of(&self.systems, subject.case.story)?.database()?;
            let found = subject.case.story.found(&database, subject.customer)?;
            let ending = endings.get(&index).copied().unwrap_or(Ending::Unended);
            let suffered = Suffered {
                blow,
                stood: stood[index].0,
                weather: subject.weather.map(|(weather, _)| weather),
                ending,
                judged: judge(ending, &found),
            };
            self.report.add(&suffered, subject.case.story, &stood[index].1);
            if suffered.is_wrong() {
                self.report
                    .wrong
                    .push(format!("{} {}: {suffered:?} {found:?}", subject.plan, stood[index].1));
            }
        }
        Ok(())
    }

    /// Kills, looks at where every plan stands, and starts again. Half of the calls that are held go on in between.
    async fn strike(&mut self, blow: Blow, subjects: &[Subject]) -> Result<Vec<(Stood, String)>> {
        let mut held = Vec::new();
        for system in &self.systems {
            held.extend(system.held().await?);
        }
        let stood = match blow {
            Blow::Core | Blow::CoreTwice => {
                self.core.kill()?;
                self.look(subjects, &held)?
            }
            Blow::Both => {
                self.core.kill()?;
                self.systems.iter_mut().try_for_each(System::kill)?;
                self.look(subjects, &held)?
            }
            Blow::Systems | Blow::SystemsForLong => {
                // The core goes on, so afterwards they would stand elsewhere.
                let stood = self.look(subjects, &held)?;
                self.systems.iter_mut().try_for_each(System::kill)?;
                stood
            }
        };
        match blow {
            Blow::Core | Blow::CoreTwice => {
                for subject in subjects.iter().filter(|subject| subject.customer % 2 == 0) {
                    of(&self.systems, subject.case.story)?.release(&subject.plan).await?;
                }
            }
            Blow::Systems | Blow::Both => self.systems.iter_mut().try_for_each(System::revive)?,
            Blow::SystemsForLong => {}
        }
        match blow {
            Blow::Core | Blow::Both => self.core = self.setup.start().await?,
            Blow::CoreTwice => {
                // It has just taken up what had not ended.
                self.core = self.setup.start().await?;
                self.core.kill()?;
                self.core = self.setup.start().await?;
            }
            Blow::Systems | Blow::SystemsForLong => {}
        }
        Ok(stood)
    }

    /// Where the journal says that plans stand.
    fn look(&self, subjects: &[Subject], held: &[PlanId]) -> Result<Vec<(Stood, String)>> {
        let journal = self.setup.read_journal()?;
        subjects.iter().map(|subject| stood(&journal, subject, held.contains(&subject.plan))).collect()
    }
}

/// Binds a plan of a story until it waits for a yes.
pub(super) async fn bind(client: &Client, case: Case, customer: usize) -> Result<PlanId> {
    let request = || PlanRequest {
        plan: None,
        pack: case.story.pack().to_owned(),
        skill: case.story.skill().to_owned(),
        inputs: case.story.inputs(customer),
        call: call(customer),
        caller: None,
        evidence: BTreeMap::new(),
        agent: String::new(),
        consents: BTreeSet::new(),
        language: None,
        speculative: false,
    };
    let bound = async {
        loop {
            match client.plan(request()).await {
                Ok(PlanReply::Ready { plan, .. }) => return Ok(plan),
                Ok(other) => anyhow::bail!("a plan is not ready: {other:?}"),
                // A system that was away is left alone for a while after it is back.
                Err(ClientError::Unavailable(_)) => tokio::time::sleep(LOOK_EVERY).await,
                Err(error) => return Err(error.into()),
            }
        }
    };
    tokio::time::timeout(PATIENCE, bound).await.context("a plan cannot be bound")?
}

/// Waits until their systems hold a call of each of these plans.
pub(super) async fn until_held<'p>(
    systems: &[System],
    plans: impl Iterator<Item = (Case, &'p PlanId)>,
) -> Result<()> {
    let plans: Vec<(Case, &PlanId)> = plans.collect();
    for system in systems {
        let own = plans.iter().filter(|(case, _)| case.story.system() == system.kind());
        system.until_held(&own.map(|(_, plan)| *plan).collect::<Vec<_>>()).await?;
    }
    Ok(())
}

/// Carries a plan out and tells what is heard of it, until its core is gone.
pub(super) async fn listen(
    client: Client,
    plan: PlanId,
    call: CallId,
    index: usize,
    tell: mpsc::UnboundedSender<(usize, PlanFact)>,
) {
    let Ok(mut events) = client.execute(&plan, yes(call)).await else { return };
    while let Some(Ok(event)) = events.next().await {
        // Who listened may have heard enough.
        let _ = tell.send((index, event.fact));
    }
}

async fn wait_until_heard(
    told: &mut mpsc::UnboundedReceiver<(usize, PlanFact)>,
    of: usize,
    place: Place,
) -> Result<()> {
    let heard = async {
        while let Some((index, fact)) = told.recv().await {
            let this = match (place, &fact) {
                (Place::Heard(Heard::Started(number)), PlanFact::StepStarted { step }) => {
                    step.number == number
                }
                (Place::Heard(Heard::Committed(number)), PlanFact::StepCommitted { receipt }) => {
                    receipt.step == number
                }
                (Place::Heard(Heard::Failed(number)), PlanFact::StepFailed { step, .. })
                | (Place::Heard(Heard::Undone(number)), PlanFact::StepUndone { step }) => {
                    step.number == number
                }
                (Place::Heard(_) | Place::Asked(_) | Place::Done(_), fact) => fact.ends_plan(),
            };
            if index == of && this {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, heard).await.with_context(|| format!("{place:?} is never heard of"))
}

/// Follows a plan to its end.
pub(super) async fn ending(client: Client, plan: PlanId, call: CallId) -> Ending {
    let followed = async {
        let mut events = loop {
            match client.execute(&plan, yes(call)).await {
                Ok(events) => break events,
                // The yes was not written down, and so nothing may have been done.
                Err(ClientError::NotFound(_)) => return Some(Ending::Undone),
                // Another core has it still, or the journal is not back.
                Err(ClientError::Unavailable(_)) => tokio::time::sleep(LOOK_EVERY).await,
                Err(_) => return None,
            }
        };
        let mut last = None;
        while let Some(event) = events.next().await {
            last = Some(event.ok()?.fact);
        }
        match last? {
            PlanFact::Completed { .. } => Some(Ending::Completed),
            PlanFact::Failed { .. } => Some(Ending::Undone),
            PlanFact::InDoubt { .. } => Some(Ending::InDoubt),
            PlanFact::StepStarted { .. }
            | PlanFact::StepCommitted { .. }
            | PlanFact::StepFailed { .. }
            | PlanFact::StepUndone { .. }
            | PlanFact::ApprovalAsked { .. }
            | PlanFact::Approved { .. }
            | PlanFact::Rejected { .. } => None,
        }
    };
    tokio::time::timeout(PATIENCE, followed).await.ok().flatten().unwrap_or(Ending::Unended)
}

/// Where the journal says that a plan stands, and the same in words.
fn stood(journal: &Connection, subject: &Subject, held: bool) -> Result<(Stood, String)> {
    let last = journal
        .query_row(
            "SELECT event ->> 'event', event ->> 'step' FROM events WHERE plan = ?1 ORDER BY number DESC LIMIT 1",
            [&subject.plan.0],
            |row| Ok((row.get::<_, String>(0)?, row.get::<_, Option<u32>>(1)?)),
        )
        .optional()?;
    // It was said yes to, and nothing of that is written.
    let Some((event, step)) = last else { return Ok((Stood::NotBegun, "not begun".to_owned())) };
    let place = subject.case.place;
    let stood = match event.as_str() {
        "step_started" | "undo_started" if held => match (event.as_str(), matches!(place, Place::Done(_))) {
            ("step_started", false) => Stood::InWriteBefore,
            ("step_started", true) => Stood::InWriteAfter,
            (_, false) => Stood::InUndoBefore,
            (_, true) => Stood::InUndoAfter,
        },
        "step_started" | "undo_started" => Stood::OnTheWay,
        "completed" | "failed" | "in_doubt" => Stood::Ended,
        _ => Stood::Between,
    };
    let step = step.map(|step| format!(" {step}")).unwrap_or_default();
    Ok((stood, format!("{} {event}{step}", subject.case.story.skill())))
}

pub(super) fn of(systems: &[System], story: Story) -> Result<&System> {
    systems.iter().find(|system| system.kind() == story.system()).context("both systems run")
}

pub(super) fn call(customer: usize) -> CallId {
    CallId(customer as u64 + 1)
}

pub(super) fn yes(call: CallId) -> Consent {
    Consent { call, words: Pii::new("yes please".to_owned()) }
}

/// Longer than the longest that a plan may wait for a system that is away.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// How often whoever is away is asked again.
const LOOK_EVERY: Duration = Duration::from_millis(5);
