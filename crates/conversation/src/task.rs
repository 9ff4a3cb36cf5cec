//! The shell of a call: one task, one inbox.

use std::time::Duration;

use callwright_model::{CallId, MonoTime, PlanEvent, PlanId};
use callwright_wire::actions::{Client, ClientError, Consent};
use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tracing::{Instrument, info_span, warn};

use crate::fact::{Act, Fact, Moment, Switchboard};
use crate::machine::{Conversation, ConversationConfig};

/// What a call's task is given.
pub struct CallSetup {
    /// The machine's set-up.
    pub config: ConversationConfig,
    /// The action core, always over gRPC.
    pub core: Client,
    /// Facts of this call, from legs, recognisers and phones.
    pub inbox: mpsc::Receiver<Fact>,
}

/// Runs a call to its end: until it is over, or everyone who could tell it something is gone.
pub async fn run(setup: CallSetup, mut board: impl Switchboard, clock: impl Fn() -> MonoTime + Send) {
    let call = setup.config.dialogue.call;
    let span = info_span!("call", %call);
    converse(setup, &mut board, clock).instrument(span).await;
}

async fn converse(setup: CallSetup, board: &mut impl Switchboard, clock: impl Fn() -> MonoTime + Send) {
    let CallSetup { config, core, mut inbox } = setup;
    let call = config.dialogue.call;
    let (answers, mut answered) = mpsc::channel(ANSWERS_WAITING);
    let mut now = clock();
    board.record(now, Moment::Began(&config));
    let mut conversation = Conversation::new(config, now);
    loop {
        while let Some(act) = conversation.poll_output() {
            board.record(now, Moment::Act(&act));
            match act {
                Act::Command(leg, command) => board.command(leg, command),
                Act::Say(leg, say) => board.say(leg, say),
                Act::Stop(leg, turn) => board.stop(leg, turn),
                Act::Expect(leg, hints) => board.expect(leg, hints),
                Act::Seek { leg, wanted } => board.seek(leg, wanted),
                Act::Dial { leg } => board.dial(leg),
                Act::Engaged(talks) => board.engaged(talks),
                Act::DialTarget { leg } => board.dial_target(leg),
                Act::DialSupervisor { leg } => board.dial_supervisor(leg),
                Act::Refer { replaces } => board.refer(replaces),
                Act::MoveAnswered { leg, taken } => board.move_answered(leg, taken),
                Act::Moved { leg, worked } => board.moved(leg, worked),
                Act::Probe(leg) => board.probe(leg),
                Act::CallBack { number, briefing, terms } => {
                    let (core, answers) = (core.clone(), answers.clone());
                    tokio::spawn(async move {
                        let kept = core.request_callback(call, number, briefing.text(), terms).await;
                        if let Err(error) = &kept {
                            warn!(%error, "the action core did not keep a wish to be called back");
                        }
                        drop(answers.send(Fact::CallBackKept(kept.is_ok())).await);
                    });
                }
                Act::Hangup(leg) => board.hang_up(leg),
                Act::Tell(happening) => board.tell(happening),
                Act::Plan(ask, request) => {
                    let (core, answers) = (core.clone(), answers.clone());
                    tokio::spawn(async move {
                        let reply = core.plan(request).await;
                        if let Err(error) = &reply {
                            warn!(%error, "the action core did not plan");
                        }
                        drop(answers.send(Fact::Plan(ask, reply.ok())).await);
                    });
                }
                Act::Speculate(number, request) => {
                    let (core, answers) = (core.clone(), answers.clone());
                    tokio::spawn(async move {
                        // A core that does not answer is found out by the real question.
                        let reply = core.plan(request).await.ok();
                        drop(answers.send(Fact::Speculated(number, reply)).await);
                    });
                }
                Act::Recall(ask, plan) => {
                    let (core, answers) = (core.clone(), answers.clone());
                    tokio::spawn(async move {
                        let recalled = core.recall(&plan, call).await;
                        if let Err(error) = &recalled {
                            warn!(%plan, %error, "the action core does not tell what it remembers");
                        }
                        drop(answers.send(Fact::Recalled(ask, recalled.ok())).await);
                    });
                }
                Act::Heard(plan) => drop(tokio::spawn(mark_heard(core.clone(), plan, call))),
                Act::Interpret(number, question) => board.interpret(number, question),
                Act::Prepare(leg, says) => board.prepare(leg, says),
                Act::Speculated { right, wasted } => count_guess(right, wasted),
                Act::Execute(plan, words) => {
                    tokio::spawn(watch(core.clone(), plan, Consent { call, words }, answers.clone()));
                }
            }
        }
        if conversation.is_over() {
            return;
        }
        let due = conversation.poll_timeout();
        let wait = due.map_or(LONGEST_WAIT, |due| due.since(clock()).min(LONGEST_WAIT));
        let fact = tokio::select! {
            fact = inbox.recv() => match fact {
                Some(fact) => fact,
                None => Fact::CallerGone,
            },
            Some(fact) = answered.recv() => fact,
            () = tokio::time::sleep(wait) => {
                now = clock();
                if due.is_some_and(|due| now >= due) {
                    board.record(now, Moment::Timer);
                    conversation.handle_timeout(now);
                }
                continue;
            }
        };
        now = clock();
        board.record(now, Moment::Fact(&fact));
        conversation.handle(fact, now);
    }
}

/// Has it kept that the caller has heard how a plan ended. The call may be over before it is.
async fn mark_heard(core: Client, plan: PlanId, call: CallId) {
    for attempt in 0..WATCH_ATTEMPTS {
        tokio::time::sleep(WATCH_AGAIN * attempt).await;
        match core.mark_heard(&plan, call).await {
            Err(ClientError::Unavailable(_) | ClientError::Busy(_)) => {}
            Err(error) => return warn!(%plan, %error, "an outcome may be told to its caller again"),
            Ok(()) => return,
        }
    }
    warn!(%plan, "an outcome may be told to its caller again, for the action core did not answer");
}

/// How often thinking ahead paid, and what it cost when it did not.
fn count_guess(right: bool, wasted: Duration) {
    let result = if right { "right" } else { "wrong" };
    metrics::counter!("callwright_speculation_total", "result" => result).increment(1);
    let wasted = u64::try_from(wasted.as_millis()).unwrap_or(u64::MAX);
    metrics::counter!("callwright_speculation_wasted_ms_total", "part" => "planning").increment(wasted);
}

/// Follows a plan to its end. The connection to the core may break while the plan runs on: executing it again gives its
/// events from the first, so it is taken up where it was left.
async fn watch(core: Client, plan: PlanId, consent: Consent, answers: mpsc::Sender<Fact>) {
    let mut seen = 0;
    for attempt in 0..WATCH_ATTEMPTS {
        if attempt > 0 {
            tokio::time::sleep(WATCH_AGAIN * attempt).await;
        }
        let mut events = match core.execute(&plan, consent.clone()).await {
            Ok(events) => events,
            Err(error) => {
                warn!(%plan, %error, "the action core did not take the plan");
                continue;
            }
        };
        loop {
            // A plan may wait for somebody's approval for days; who followed it here does not.
            let event = tokio::select! {
                event = events.next() => event,
                () = answers.closed() => return,
            };
            let Some(event) = event else { break };
            let event: PlanEvent = match event {
                Ok(event) => event,
                Err(error) => {
                    warn!(%plan, %error, "a plan's events broke off");
                    break;
                }
            };
            if event.number <= seen {
                continue;
            }
            seen = event.number;
            let last = event.fact.ends_plan();
            if answers.send(Fact::PlanEvent(event)).await.is_err() || last {
                return;
            }
        }
    }
    drop(answers.send(Fact::PlanLost(plan)).await);
}

/// Answers of the action core that may wait while the call is busy; more than one plan never acts at a time, and those that wait are quiet.
const ANSWERS_WAITING: usize = 64;
/// A call without a timer still looks up once a minute, so that nothing can be missed for long.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Tries to follow one plan before its outcome is left to a human.
const WATCH_ATTEMPTS: u32 = 4;
/// Pause before the next try; grows with each.
const WATCH_AGAIN: Duration = Duration::from_millis(300);
