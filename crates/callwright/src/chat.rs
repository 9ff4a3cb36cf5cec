//! `callwright chat`: the same agent, typed. The dialogue, the transfer and the action core are those of a call; only sound
//! is left out, so that what was read counts as heard.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use callwright_call_core::call::Refer;
use callwright_conversation::{
    CallSetup, ConversationConfig, Fact, Happening, HumanFact, Moment, Switchboard, Wanted,
};
use callwright_dialogue_core::{Clock, DialogueConfig, Note, Pack, Question, SayKind};
use callwright_model::{
    CallId, Hints, Language, LegCommand, LegEvent, LegFact, LegId, LikelySay, MonoTime, PlanFact, Samples,
    Say, TurnId, word_count,
};
use callwright_wire::actions::Client;
use tokio::io::{AsyncBufRead, AsyncBufReadExt};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use crate::cli::Chat;
use crate::config::Config;
use crate::demo::Systems;
use crate::gateway::start_core;
use crate::language_model::LanguageModel;
use crate::lines::{Lines, LoadedLine};
use crate::secrets::Secrets;
use crate::serve::all;

/// Talks over `input` and `output` until either side ends it.
///
/// # Errors
/// When the line does not speak the language, or the terminal is gone.
pub async fn talk(
    line: &LoadedLine,
    language: Option<Language>,
    core: Client,
    model: Option<LanguageModel>,
    mut input: impl AsyncBufRead + Unpin + Send + 'static,
    output: impl Write + Send + 'static,
) -> Result<()> {
    let language = language.unwrap_or(line.language);
    if !line.pack.languages().contains(&language) {
        let known: Vec<_> = line.pack.languages().iter().map(Language::to_string).collect();
        bail!("line `{}` has no words in `{language}`; it speaks {}", line.line.name, known.join(", "));
    }
    let wall = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let unix_ms = u64::try_from(wall.as_millis()).unwrap_or(u64::MAX);
    let dialogue = DialogueConfig {
        language,
        greeting: line.line.greeting.clone(),
        clock: Some(Clock::new(unix_ms, MonoTime::ZERO, line.line.zone)),
        ..DialogueConfig::new(Arc::clone(&line.pack), CallId(random_id()))
    };
    let mut config = ConversationConfig::new(dialogue, CALLER);
    // Somebody who types thinks for as long as they like.
    config.dialogue.limits.silence = std::time::Duration::from_secs(3_600);
    config.dialogue.limits.interpretation = model.as_ref().map(LanguageModel::budget);
    let (facts, inbox) = mpsc::channel(64);
    let start = Instant::now();
    let clock = move || MonoTime(u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX));
    let ready = Arc::new(Notify::new());
    let board = Page {
        facts: facts.clone(),
        ready: Arc::clone(&ready),
        asks: false,
        pack: Arc::clone(&line.pack),
        model,
        secrets: line.secrets.clone(),
        output: Box::new(output),
        clock: Box::new(clock),
    };
    let typed = tokio::spawn(async move {
        // A script that is piped in waits, as a person would, until the agent has asked.
        loop {
            ready.notified().await;
            let Some(text) = next_line(&mut input).await else { break };
            if facts.send(Fact::Typed(text.into())).await.is_err() {
                break;
            }
        }
        drop(facts.send(Fact::CallerGone).await);
    });
    callwright_conversation::run(CallSetup { config, core, inbox }, board, clock).await;
    typed.abort();
    Ok(())
}

/// The next line that is text; one that is not is told of and left out. `None` at the end of the input.
async fn next_line(input: &mut (impl AsyncBufRead + Unpin)) -> Option<String> {
    let mut line = Vec::new();
    loop {
        line.clear();
        match input.read_until(b'\n', &mut line).await {
            Ok(0) => return None,
            Ok(_) => {}
            Err(error) => {
                notice!("callwright: the input cannot be read: {error}");
                return None;
            }
        }
        match std::str::from_utf8(&line) {
            Ok(text) => return Some(text.trim().to_owned()),
            Err(_) => notice!("callwright: a line was left out, for it is not UTF-8; type it again"),
        }
    }
}

/// A switchboard without sound: what is said is printed, and counts as heard at once.
struct Page {
    facts: mpsc::Sender<Fact>,
    ready: Arc<Notify>,
    /// What is said next waits for an answer.
    asks: bool,
    pack: Arc<Pack>,
    model: Option<LanguageModel>,
    secrets: Secrets,
    output: Box<dyn Write + Send>,
    clock: Box<dyn Fn() -> MonoTime + Send>,
}

impl Page {
    fn print(&mut self, line: &str) {
        // A reader who went away ends the talk by closing the input; there is nobody left to tell here.
        drop(writeln!(self.output, "{line}").and_then(|()| self.output.flush()));
    }

    fn inform(&self, fact: Fact) {
        // In order, and before anything that is typed next. The inbox has room for far more than one act leads to.
        if self.facts.try_send(fact).is_err() {
            tracing::warn!("a typed talk's inbox is full or gone");
        }
    }
}

impl Switchboard for Page {
    fn command(&mut self, _leg: LegId, _command: LegCommand) {}

    fn say(&mut self, leg: LegId, say: Say) {
        self.print(&format!("agent> {}", say.text));
        let words = word_count(&say.text);
        let fact = LegFact::SayEnded { say: say.id, played: Samples::default(), words };
        self.inform(Fact::Leg(LegEvent { leg, at: (self.clock)(), fact }));
        if std::mem::take(&mut self.asks) {
            self.ready.notify_one();
        }
    }

    fn prepare(&mut self, _leg: LegId, _says: Vec<LikelySay>) {}

    fn interpret(&mut self, number: u32, question: Question) {
        if let Some(model) = &self.model {
            model.answer(Arc::clone(&self.pack), number, question, self.facts.clone());
        }
    }

    fn stop(&mut self, _leg: LegId, _turn: TurnId) {}

    fn expect(&mut self, _leg: LegId, _hints: Hints) {}

    fn seek(&mut self, leg: LegId, _wanted: Wanted) {
        let why = "a typed talk cannot be put through to a telephone".to_owned();
        self.inform(Fact::Human(leg, HumanFact::Nobody { why, tried: false }));
    }

    fn dial(&mut self, leg: LegId) {
        let why = "a typed talk cannot be put through to a telephone".to_owned();
        self.inform(Fact::Human(leg, HumanFact::Refused(why)));
    }

    fn engaged(&mut self, _talks: bool) {}

    fn dial_target(&mut self, leg: LegId) {
        self.dial(leg);
    }

    fn dial_supervisor(&mut self, leg: LegId) {
        self.dial(leg);
    }

    fn refer(&mut self, _replaces: Option<LegId>) {
        self.inform(Fact::Refer(Refer::Failed));
    }

    fn move_answered(&mut self, _leg: LegId, _taken: bool) {}

    fn moved(&mut self, _leg: LegId, _worked: bool) {}

    fn probe(&mut self, _leg: LegId) {}

    fn hang_up(&mut self, _leg: LegId) {}

    fn record(&mut self, _at: MonoTime, _moment: Moment<'_>) {}

    fn tell(&mut self, happening: Happening) {
        match happening {
            Happening::AgentSays { kind, .. } => {
                self.asks = match kind {
                    SayKind::Greeting | SayKind::Question | SayKind::ReadBack | SayKind::Prompt => true,
                    SayKind::Claim
                    | SayKind::Answer
                    | SayKind::Apology
                    | SayKind::Progress
                    | SayKind::Handover
                    | SayKind::Farewell => false,
                };
            }
            Happening::Plan(event) => match event.fact {
                PlanFact::StepCommitted { receipt } => {
                    self.print(&format!("  [step {} {}] done", receipt.step, receipt.action));
                }
                PlanFact::StepFailed { step, reason } => {
                    self.print(&format!("  [step {} {}] failed: {reason}", step.number, step.action));
                }
                PlanFact::StepUndone { step } => {
                    self.print(&format!("  [step {} {}] undone", step.number, step.action));
                }
                PlanFact::ApprovalAsked { role } => {
                    self.print(&format!("  [plan {}] waits for the approval of {role}", event.plan));
                }
                PlanFact::Approved { role } => self.print(&format!("  [plan] approved by {role}")),
                PlanFact::Rejected { role } => self.print(&format!("  [plan] not approved by {role}")),
                PlanFact::StepStarted { .. }
                | PlanFact::Completed { .. }
                | PlanFact::Failed { .. }
                | PlanFact::InDoubt { .. } => {}
            },
            // An answer to a question has no intent of its own; what it filled is told.
            Happening::Note(Note::Understood { intent, .. }) if intent == NO_INTENT => {}
            Happening::Note(Note::Understood { intent, probability, .. }) => {
                self.print(&format!("  [{intent} {probability:.2}]"));
            }
            Happening::Note(Note::Filled { input, value }) => {
                let shown = self.secrets.value(&input, &value);
                self.print(&format!("  [{input}: {}]", shown.reveal()));
            }
            Happening::Note(Note::Interpreted { skill, came_to, .. }) => {
                self.print(&format!("  [model: {}, {came_to}]", skill.as_deref().unwrap_or(NO_INTENT)));
            }
            Happening::Note(Note::NotUnderstood { .. }) => self.print("  [not understood]"),
            Happening::Trouble(what) => self.print(&format!("  [trouble] {what}")),
            _ => {}
        }
    }
}

/// A call's number; two talks of one day must not share one.
pub fn random_id() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::time::SystemTime::now())
}

const CALLER: LegId = LegId(1);
/// What the interpreter calls a sentence that asks for nothing.
pub const NO_INTENT: &str = "none";

/// Talks over this terminal.
///
/// # Errors
/// When the configuration is faulty or the action core cannot be reached.
pub async fn run(args: Chat) -> Result<()> {
    let (systems, config) = match &args.config {
        Some(file) => (None, Config::load(file).map_err(all)?),
        None => {
            let systems = Systems::start().await?;
            let any = SocketAddr::from(([127, 0, 0, 1], 0));
            let config = systems.config(any, any, any, None)?;
            (Some(systems), config)
        }
    };
    let lines = Lines::load(&config).map_err(all)?;
    let line = match &args.line {
        Some(name) => lines.named(name).with_context(|| format!("there is no line `{name}`"))?.clone(),
        None => lines.lines.first().context("the configuration has no line")?.clone(),
    };
    let model = config.language_model.as_ref().map(LanguageModel::start).transpose()?;
    let (core, client) = start_core(&config, &lines).await?;
    let input = tokio::io::BufReader::new(tokio::io::stdin());
    let talked = talk(&line, args.lang, client, model, input, std::io::stdout()).await;
    if let Some(core) = core {
        core.shutdown().await;
    }
    if let Some(systems) = systems {
        systems.shutdown().await;
    }
    talked
}
