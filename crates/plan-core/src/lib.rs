//! Skills and actions, their checks, binding, policy, and deciding the next command of a plan.
//!
//! Driven by a shell, in two halves that both are functions of data:
//!
//! - [`bind`] walks a skill with the caller's inputs and the reads done so far, and says what is missing: a read to perform,
//!   an input, a choice, a yes. It ends in a [`Plan`], an answer or a refusal.
//! - [`decide`] looks at a plan and at what is written down about it and says what to do next: write something down, make a
//!   call, or nothing any more.
//!
//! What is written down hangs together by hashes, and an [`Audit`] finds what was changed afterwards.
//!
//! What holds:
//!
//! - No write without consent: a plan exists only once every step is bound and every policy that can be asked allows it, and
//!   [`decide`] wants [`Event::Consented`] first.
//! - One effect per step: a write is decided only after [`Event::StepStarted`] is written down, always with the same key, and
//!   a step whose outcome is unknown is repeated only if its action says that this is safe. Otherwise a human looks
//!   ([`Event::InDoubt`]).
//! - Every write is asked of the policies twice, when bound and right before it. An undo is not asked: who may do a thing may
//!   take it back, and a plan must never be stuck half way.
//! - Where a rule leaves the last word to a person ([`Ruling::NeedsApproval`]), nothing is written until they have approved what they
//!   were shown; then the policies are asked again. A rejection, or no answer in time, is a failure like any other.
//! - A plan that has begun is cancelled as long as all that is done or under way can be taken back: no call is cut, and then
//!   everything is undone.
//! - What may be done in a day ([`Limits`]) is asked beside the policies, when bound and before the first write; the [`Ledger`] says what
//!   was done by others.
//! - Secrets (an action's `secret: true`, and the skill's inputs that go there) are in [`Reads`] only: not in facts, plans,
//!   events or explanations.
//! - Nothing here reads a clock, a file or a random number: the time that policies may look at is given, and one log at one time gives one
//!   command.
//!
//! - What a skill leaves out is filled when it loads, by reads alone and always in the same way; loops have a bound and skills do
//!   not use themselves, so that every walk ends.
//! - Until a write that nothing takes back (the pivot) a failure undoes what was done; after it only writes come that their
//!   systems never refuse for good, and when one fails all the same nothing is undone and a human looks.
//! - A plan carries calls, arguments, undos and closing words: it ends as it was bound, whatever became of its pack. Only the
//!   policies are those of now.
//!
//! Absent: reads after the confirmation, and blocks that depend on what a write answers (a write's own `when` may).

mod asker;
mod backoff;
mod bind;
mod catalogue;
mod chain;
mod diagram;
mod door;
mod execute;
mod explain;
mod expr;
mod import;
mod json;
mod limits;
mod load;
mod pin;
mod plan;
mod policy;
pub mod promise;
mod reason;
mod rehearse;
mod skill;
mod spans;
mod stats;
mod trail;

pub use asker::{Asker, Now, Whose};
pub use backoff::Backoff;
pub use bind::{BindError, Binding, Next, Read, ReadOutcome, Reads, Refused, bind, retrace};
pub use catalogue::{Action, Call, Field, FieldType, Follow, Risk, Undo};
pub use chain::{Audit, Audited, Finding, Hash, Head, Misfit, NoHash, Origin, Sealed, SealedPlan, Written};
pub use diagram::diagram;
pub use door::{Door, Endpoint, Tool, Verb};
pub use execute::{
    Asked, Command, Corrupt, Decision, Due, Event, Invoke, NoQuestion, NotCancelled, Outcome, Progress,
    Purpose, Upcoming, answer, asked, cancel, decide, fact, is_finished, lost_in_crash, progress, upcoming,
};
pub use explain::{Entry, Explained, explain, explain_draft, explain_refusal};
pub use expr::{Expr, ExprError};
pub use import::{
    MethodSpec, NewAction, NewField, Pinned, Skeleton, Standing, accept, base_of, of_methods, of_openapi,
    of_tools, pinned, tool_file,
};
pub use json::{from_json, to_json};
pub use limits::{DayLimit, Ledger, Limits, Over, Per, Sum, Then};
pub use load::{FILL_IN, Facts, Unproved, check, read};
pub use pin::{ToolSpec, pin};
pub use plan::{Argument, ArgumentValue, Bound, Plan, Step, Write};
pub use policy::{Approval, Caller, Open, Policy, Question, RUN_PLAN, Ruling, Verdict};
pub use reason::{Because, Reason, Source, SourceValue};
pub use rehearse::{End, Rehearsal, rehearse};
pub use skill::{CallStep, NotFound, Pack, Skill, Step as SkillStep, StepKind};
pub use spans::{Attribute, Note, PERSONAL, Span, spans};
pub use stats::{SkillStats, Stats, StepStats, Times, VersionStats};
pub use trail::{Basis, Bind, Given, Made, Met, Trail, Waypoint, bind_with_trail, trail};
