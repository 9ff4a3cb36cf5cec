//! A language model behind an OpenAI-compatible endpoint: asked what an utterance means, and for nothing else.
//!
//! What it is told and what of its answer is taken is `dialogue-core`'s; here are the connection, the time and the limits. A question
//! is never waited for: it has the budget that the dialogue has, and one that would be too many is not asked.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use callwright_conversation::Fact;
use callwright_dialogue_core::{Fault, Pack, Prompt, Proposal, Question, REPAIR};
use callwright_model::Secret;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};
use tracing::{debug, warn};

use crate::config;
use crate::gateway::client;

/// The way to the model. Clones are the same way.
#[derive(Clone)]
pub struct LanguageModel {
    client: reqwest::Client,
    url: String,
    model: String,
    key: Option<Secret>,
    budget: Duration,
    places: Arc<Semaphore>,
    health: Arc<Mutex<Health>>,
}

impl LanguageModel {
    /// Prepares to ask; nothing is sent yet.
    ///
    /// # Errors
    /// When the key is not there, or no client can be made.
    pub fn start(config: &config::LanguageModel) -> Result<Self> {
        let config::LanguageModel { base_url, model, budget, at_once, .. } = config;
        let key = config.resolve().map_err(|why| anyhow!("`understanding.language_model.api_key`: {why}"))?;
        Ok(Self {
            client: client(base_url, *budget).context("no client for `understanding.language_model`")?,
            url: format!("{}/chat/completions", base_url.trim_end_matches('/')),
            model: model.clone(),
            key,
            budget: *budget,
            places: Arc::new(Semaphore::new(*at_once)),
            health: Arc::default(),
        })
    }

    /// For how long a dialogue waits.
    pub fn budget(&self) -> Duration {
        self.budget
    }

    /// Tells a call what the model makes of an utterance. A call that is over takes it no more.
    pub fn answer(&self, pack: Arc<Pack>, number: u32, question: Question, facts: mpsc::Sender<Fact>) {
        let model = self.clone();
        tokio::spawn(async move {
            let answer = model.interpret(&pack, &question).await;
            drop(facts.send(Fact::Interpreted(number, answer)).await);
        });
    }

    /// What the model makes of an utterance, within the budget.
    async fn interpret(&self, pack: &Pack, question: &Question) -> Result<Proposal, Fault> {
        let Ok(_place) = self.places.try_acquire() else {
            count("busy");
            return Err(Fault::NotAsked);
        };
        let begun = Instant::now();
        if !self.health(|health| health.may_ask(begun)) {
            count("resting");
            return Err(Fault::NotAsked);
        }
        let mut repaired = false;
        let asked = self.ask(pack, question, &mut repaired);
        let answer = tokio::time::timeout(self.budget, asked).await;
        metrics::histogram!("callwright_language_model_seconds").record(begun.elapsed().as_secs_f64());
        count(match &answer {
            Ok(Ok(_)) if repaired => "repaired",
            Ok(Ok(_)) => "answered",
            Ok(Err(Fault::Unreachable)) => "unreachable",
            Ok(Err(_)) => "refused",
            Err(_) => "late",
        });
        let answer = answer.unwrap_or(Err(Fault::Late));
        let failed = matches!(answer, Err(Fault::Late | Fault::Unreachable));
        self.health(|health| health.tell(failed, Instant::now()));
        answer
    }

    fn health<T>(&self, look: impl FnOnce(&mut Health) -> T) -> T {
        look(&mut self.health.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks, and once more with the fault named when the answer has one that could be put right.
    async fn ask(&self, pack: &Pack, question: &Question, repaired: &mut bool) -> Result<Proposal, Fault> {
        let Prompt { system, user, schema } = question.prompt(pack);
        let mut messages =
            vec![json!({ "role": "system", "content": system }), json!({ "role": "user", "content": user })];
        let first = self.complete(&messages, &schema).await?;
        let fault = match question.check(pack, &first) {
            Ok(proposal) => return Ok(proposal),
            Err(fault) => fault,
        };
        debug!(fault = fault.name(), "an answer of the language model cannot be used");
        let correction = fault.correction().ok_or(fault)?;
        *repaired = true;
        // A long answer is not sent back whole: it was refused for its length.
        let first: String = first.chars().take(REPEATED_MAX).collect();
        messages.push(json!({ "role": "assistant", "content": first }));
        messages.push(json!({ "role": "user", "content": format!("{correction} {REPAIR}") }));
        question.check(pack, &self.complete(&messages, &schema).await?)
    }

    /// What the model says to these messages.
    async fn complete(&self, messages: &[Value], schema: &Value) -> Result<String, Fault> {
        let format = json!({ "name": "interpretation", "strict": true, "schema": schema });
        let body = json!({
            "model": self.model,
            "messages": messages,
            "temperature": 0,
            "seed": SEED,
            "max_tokens": TOKENS_MAX,
            "response_format": { "type": "json_schema", "json_schema": format },
        });
        let request = self.client.post(&self.url).header("Content-Type", "application/json");
        let request = match &self.key {
            Some(key) => request.bearer_auth(key.reveal()),
            None => request,
        };
        let answer = request.body(body.to_string()).send().await.map_err(unreachable)?;
        if !answer.status().is_success() {
            debug!(status = %answer.status(), "the language model refuses to answer");
            return Err(Fault::Unreachable);
        }
        let Completion { choices } =
            serde_json::from_slice(&body_of(answer).await?).map_err(|_| Fault::WrongShape)?;
        // Without content it has refused, which is an answer of no use.
        choices.into_iter().next().and_then(|choice| choice.message.content).ok_or(Fault::WrongShape)
    }
}

/// Whether the model answers at all. One that does not is left alone for a while, so that callers do not wait for it in vain.
#[derive(Debug, Default)]
struct Health {
    /// Questions in a row without an answer.
    failures: u32,
    rests_until: Option<Instant>,
}

impl Health {
    /// Whether it may be asked. After a rest one question tries, and the next rest begins with it unless it is answered.
    fn may_ask(&mut self, now: Instant) -> bool {
        match self.rests_until {
            Some(until) if now < until => false,
            Some(_) => {
                self.rests_until = Some(now + REST);
                true
            }
            None => true,
        }
    }

    fn tell(&mut self, failed: bool, now: Instant) {
        if !failed {
            *self = Self::default();
            return;
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures == FAILURES_MAX {
            warn!("the language model does not answer; it is tried again every {} s", REST.as_secs());
        }
        if self.failures >= FAILURES_MAX {
            self.rests_until = Some(now + REST);
        }
    }
}

/// A body, if it is no longer than an answer can be.
async fn body_of(mut answer: reqwest::Response) -> Result<Vec<u8>, Fault> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > BODY_BYTES_MAX {
            return Err(Fault::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn unreachable(error: reqwest::Error) -> Fault {
    debug!(error = %error.without_url(), "the language model does not answer");
    Fault::Unreachable
}

fn count(result: &'static str) {
    metrics::counter!("callwright_language_model_total", "result" => result).increment(1);
}

/// As much of a server's answer as matters; servers add what they like.
#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    content: Option<String>,
}

/// The same question shall get the same answer, as far as a server can promise it.
const SEED: u32 = 1;
/// The answer is a few names and the caller's own words; more of them than this take longer than any budget.
const TOKENS_MAX: u32 = 400;
/// Servers put a few hundred bytes around an answer, some also what the model thought.
const BODY_BYTES_MAX: usize = 65_536;
const REPEATED_MAX: usize = 2_000;
/// One late answer is the network's; so many in a row are the model's.
const FAILURES_MAX: u32 = 3;
/// Two or three unclear sentences of one caller.
const REST: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_does_not_answer_is_left_alone_and_tried_now_and_then() {
        let begun = Instant::now();
        let at = |ms: u64| begun + Duration::from_millis(ms);
        let mut health = Health::default();
        for failed in [true, true, false, true, true] {
            assert!(health.may_ask(at(0)), "two in a row are none");
            health.tell(failed, at(700));
        }
        health.tell(true, at(1_000));
        assert!(!health.may_ask(at(1_001)) && !health.may_ask(at(15_999)));
        assert!(health.may_ask(at(16_000)), "one tries");
        assert!(!health.may_ask(at(16_001)), "and no other");
        health.tell(true, at(16_700));
        assert!(!health.may_ask(at(31_000)));
        assert!(health.may_ask(at(31_700)));
        health.tell(false, at(32_000));
        assert!(health.may_ask(at(32_001)), "it is back");
    }
}
