//! Steps a second: each is written down before it is asked for and after it was done, both times flushed to the disk.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Result, bail};
use callwright_model::{CallId, Pii, PlanFact, PlanId, PlanReply};
use callwright_wire::actions::{Client, Consent};
use serde::Serialize;
use tokio::task::JoinSet;
use tokio_stream::StreamExt as _;

use super::pack;

/// How fast plans were carried out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Pace {
    /// Plans at one time.
    pub at_once: usize,
    /// Plans that were completed.
    pub plans: usize,
    /// Steps that took effect.
    pub steps: usize,
    /// How long it took, from the first yes to the last end.
    pub seconds: f64,
    /// Steps a second.
    pub steps_per_s: f64,
}

/// Carries out so many plans, so many of them at once. They are bound before: what is measured begins with the yes.
///
/// # Errors
/// When a plan does not end well.
pub async fn pace(client: &Client, plans: usize, at_once: usize) -> Result<Pace> {
    let ready = bind(client, plans).await?;
    let ready = Arc::new(Mutex::new(VecDeque::from(ready)));
    let begun = Instant::now();
    let mut workers = JoinSet::new();
    for _ in 0..at_once {
        let (client, ready) = (client.clone(), Arc::clone(&ready));
        workers.spawn(work(client, ready));
    }
    let mut steps = 0;
    while let Some(done) = workers.join_next().await {
        steps += done??;
    }
    let seconds = begun.elapsed().as_secs_f64();
    Ok(Pace { at_once, plans, steps, seconds, steps_per_s: steps as f64 / seconds })
}

/// Binds plans until they wait for a yes.
///
/// # Errors
/// When one cannot be bound.
pub(super) async fn bind(client: &Client, plans: usize) -> Result<Vec<PlanId>> {
    let mut ready = Vec::with_capacity(plans);
    let mut asked = JoinSet::new();
    for _ in 0..plans {
        if asked.len() >= BINDING_MAX
            && let Some(bound) = asked.join_next().await
        {
            ready.push(bound??);
        }
        asked.spawn(bind_one(client.clone()));
    }
    while let Some(bound) = asked.join_next().await {
        ready.push(bound??);
    }
    Ok(ready)
}

async fn bind_one(client: Client) -> Result<PlanId> {
    match client.plan(pack::request(CALL)).await? {
        PlanReply::Ready { plan, .. } => Ok(plan),
        other => bail!("a plan waits for no yes: {other:?}"),
    }
}

/// Carries out one plan after another until none is left; the number of steps.
async fn work(client: Client, ready: Arc<Mutex<VecDeque<PlanId>>>) -> Result<usize> {
    let mut steps = 0;
    loop {
        let next = ready.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(plan) = next else { return Ok(steps) };
        steps += carry_out(&client, &plan).await?;
    }
}

async fn carry_out(client: &Client, plan: &PlanId) -> Result<usize> {
    let consent = Consent { call: CALL, words: Pii::new("yes".to_owned()) };
    let mut events = client.execute(plan, consent).await?;
    let mut steps = 0;
    while let Some(event) = events.next().await {
        match event?.fact {
            PlanFact::StepCommitted { .. } => steps += 1,
            PlanFact::Completed { .. } => return Ok(steps),
            PlanFact::StepStarted { .. } => {}
            other @ (PlanFact::StepFailed { .. }
            | PlanFact::StepUndone { .. }
            | PlanFact::ApprovalAsked { .. }
            | PlanFact::Approved { .. }
            | PlanFact::Rejected { .. }
            | PlanFact::Failed { .. }
            | PlanFact::InDoubt { .. }) => bail!("a plan did not go through: {other:?}"),
        }
    }
    bail!("a plan has no end")
}

/// The call of all plans.
const CALL: CallId = CallId(1);
/// Plans that are bound at once.
const BINDING_MAX: usize = 32;
