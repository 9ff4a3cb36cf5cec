//! The HTTP face: the page with its call button, WHIP, events, snapshots, metrics, health.
//!
//! | request | answer |
//! |---|---|
//! | `GET /` | the page |
//! | `GET /callwright.js` | `<callwright-call line="…">`, the page's one element, for any other page too |
//! | `POST /whip?line=NAME` | an `application/sdp` offer becomes a call: 201, `Location` to end it, `Callwright-Call` to follow it |
//! | `DELETE /whip/{session}` | hangs up |
//! | `GET /v1/events?call=ID` | what happens in that call, from its start, as server-sent events ([`CallEvent`] as JSON) |
//! | `GET /v1/lines` | the lines that can be called |
//! | `GET /v1/events`, `/v1/calls`, `/v1/plans` | every call, and in events named `trunk` what happens to trunks: for the operator only |
//! | `GET /v1/trunks` | trunks: up, registered, calls, what is wrong: for the operator only |
//! | `GET /v1/callbacks?done=true` | who waits to be called back, or who was: for the operator only |
//! | `PUT /v1/callbacks/{call}/done` | marks with `{"by": "…"}` that somebody has called; for the operator only |
//! | `GET /v1/calls/{call}/briefing` | what a human is told of a running call: for the operator, or once with `?token=` of a handover |
//! | `GET /v1/humans` | who can be rung, and what each is doing: for the operator only |
//! | `PUT /v1/humans/{name}` | `{"state": "paused"}` or `"available"`: whether they take calls; for the operator only |
//! | `GET /v1/approvals?role=NAME` | plans that wait for somebody's approval, with all that would be written: for the operator only |
//! | `PUT /v1/approvals/{plan}` | approves or rejects: `{"number": 2, "decision": "approve", "role": "…", "by": "…", "reason": "…"}` |
//! | `GET /v1/plans/{plan}` | what has become of a plan, and why: for the operator only |
//! | `POST /v1/calls/{call}/supervise` | rings a supervisor, or changes what one does: `{"mode": "whisper", "phone": "sip:…", "by": "…"}`; `DELETE` has them leave: for the operator only |
//! | `GET /desk` | a page for approvals and stories of plans; it asks for the operator's token where there is one |
//! | `GET /metrics`, `/healthz`, `/ready` | Prometheus, alive, taking calls |
//!
//! Invariants:
//! - The console holds no state of a call: it asks [`Snapshots`] and repeats what [`EventHub`] was told. Nothing waits for it:
//!   publishing never blocks, and a client that reads too slowly is told how much it missed.
//! - Whoever knows a call's identity may follow that call; to see all calls one must be the operator (a token, or a
//!   loopback address in the address bar of a console that listens on loopback only).
//! - Every refusal is JSON with `error`, what is wrong, and `help`, what to do about it.
//!
//! It knows no other shell. The binary joins it to them through [`ConsolePorts`].

mod access;
mod approvals;
mod callbacks;
mod captures;
mod config;
mod event;
mod hub;
mod humans;
mod journeys;
mod page;
mod ports;
mod problem;
mod router;
mod server;
mod sse;
mod supervise;
mod views;
mod whip;

pub use config::ConsoleConfig;
pub use event::{
    AgentSpeech, CallEvent, CallFact, CallState, CallbackEvent, Channel, PlanOutcome, RecogniserView,
    TransferState, TrunkEvent,
};
pub use hub::EventHub;
pub use ports::{
    ApprovalAnswer, ApprovalRefusal, ApprovalView, ApprovalWrite, Approvals, BriefingView, CallTryView,
    CallView, CallbackDone, CallbackRefusal, CallbackView, Callbacks, ConsolePorts, Decision, ErasedView,
    HumanRefusal, HumanState, HumanView, Humans, JourneyRefusal, Journeys, LineView, PhoneView, PlanView,
    PromiseView, Readiness, Snapshots, StoryRefusal, StoryView, SuperviseRefusal, SuperviseWish, Supervisors,
    TrunkView, UserPhonesView, WhipAnswer, WhipHandler, WhipOffer, WhipRefusal,
};
pub use router::router;
pub use server::{Console, ConsoleError};
