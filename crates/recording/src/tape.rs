//! What of a call's sound may be kept, decided before any of it is written. Pure: ticks and orders in, pieces out.
//!
//! Orders speak of times, not of "now", so that it does not matter whether a tick or an order about it comes first, as long as the
//! order comes within [`HOLD`] of the tick.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use callwright_model::{BothSides, FRAME_MS, Frame, MonoTime, TurnId};

use crate::file::{Mark, MarkKind};
use crate::tone;

/// Which sides of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sides {
    /// What the caller said.
    pub caller: bool,
    /// What the caller was sent.
    pub sent: bool,
}

impl Sides {
    /// Both.
    pub const BOTH: Self = Self { caller: true, sent: true };
    /// The caller's.
    pub const CALLER: Self = Self { caller: true, sent: false };
    /// What the caller was sent.
    pub const SENT: Self = Self { caller: false, sent: true };
}

/// What the tape is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Keep what is heard from then on.
    Start(MonoTime),
    /// A secret is expected: nothing is kept from then on.
    Pause(MonoTime),
    /// It is not any more.
    Resume(MonoTime),
    /// The caller has begun to say something: what it is will be known later, so nothing since then is written yet.
    Listening {
        /// The turn.
        turn: TurnId,
        /// Since when.
        since: MonoTime,
    },
    /// It is known what they said in this turn and those before, and whatever must not be kept of it was told.
    Understood {
        /// The turn.
        turn: TurnId,
    },
    /// Never keep these sides of what was heard between the two.
    Blank {
        /// Of which sides.
        sides: Sides,
        /// From here.
        from: MonoTime,
        /// To here.
        to: MonoTime,
    },
    /// What was to be blank on these sides may be kept from here on after all.
    Unblank {
        /// On which sides.
        sides: Sides,
        /// From here.
        from: MonoTime,
    },
}

/// What comes out, in order.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nearly all are frames, which pass one by one")]
pub enum Piece {
    /// 20 ms, at their place from the start of the recording.
    Frame {
        /// Place in ticks.
        place: u64,
        /// The caller.
        caller: Frame,
        /// What they were sent.
        sent: Frame,
    },
    /// Something to know about a place.
    Mark(Mark),
}

/// One call's tape.
#[derive(Debug, Default)]
pub struct Tape {
    started: Option<MonoTime>,
    /// The tick at which the recording begins, once it has.
    origin: Option<u64>,
    held: VecDeque<Held>,
    newest: MonoTime,
    /// The tick after the last one that came.
    next: u64,
    /// Turns whose words are not known, and since when they run. The words of one may come when the next runs already.
    listening: BTreeMap<TurnId, MonoTime>,
    pauses: VecDeque<Pause>,
    blanks: VecDeque<Blank>,
    /// What is being left out just now, for the marks.
    left_out: Option<(MarkKind, u64)>,
    released: MonoTime,
    /// Whether the tick before was a key's tone, on either side.
    last_tone: (bool, bool),
    /// Ticks that never came.
    lost: u64,
    /// Orders that came when what they were about was written.
    late: u64,
    out: VecDeque<Piece>,
}

#[derive(Debug)]
struct Held {
    sides: BothSides,
    /// A key's tone on the caller's side, or on the other.
    tone: (bool, bool),
}

#[derive(Debug)]
struct Pause {
    since: MonoTime,
    until: Option<MonoTime>,
}

#[derive(Debug)]
struct Blank {
    sides: Sides,
    from: MonoTime,
    to: MonoTime,
}

impl Tape {
    /// A tape that keeps nothing until it is started.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a tick.
    pub fn handle_tick(&mut self, sides: BothSides) {
        self.newest = self.newest.max(sides.at);
        if self.origin.is_some() {
            self.lost += sides.tick.saturating_sub(self.next);
        }
        self.next = sides.tick + 1;
        let tone = (tone::is_key(&sides.heard), tone::is_key(&sides.sent));
        self.held.push_back(Held { sides, tone });
        self.release();
    }

    /// Takes an order.
    pub fn handle(&mut self, order: Order) {
        match order {
            Order::Start(at) => self.started = Some(self.started.map_or(at, |started| started.min(at))),
            Order::Pause(at) => {
                self.late += u64::from(self.is_written(at));
                if self.pauses.back().is_none_or(|pause| pause.until.is_some()) {
                    self.pauses.push_back(Pause { since: at, until: None });
                }
            }
            Order::Resume(at) => {
                if let Some(pause) = self.pauses.back_mut().filter(|pause| pause.until.is_none()) {
                    pause.until = Some(at);
                }
            }
            Order::Listening { turn, since } => {
                self.listening.entry(turn).or_insert(since);
            }
            Order::Understood { turn } => self.listening.retain(|running, _| *running > turn),
            Order::Blank { sides, from, to } => {
                self.late += u64::from(self.is_written(from));
                self.blanks.push_back(Blank { sides, from, to });
            }
            Order::Unblank { sides, from } => {
                for blank in self.blanks.iter_mut().filter(|blank| blank.sides == sides) {
                    blank.to = blank.to.min(from);
                }
            }
        }
    }

    /// Nothing more comes. What the caller said last and nobody has understood is left out.
    pub fn finish(&mut self) {
        for since in std::mem::take(&mut self.listening).into_values() {
            self.blanks.push_back(Blank { sides: Sides::CALLER, from: since, to: self.newest + TICK });
        }
        while let Some(held) = self.held.pop_front() {
            let next = self.held.front().map_or((false, false), |held| held.tone);
            self.write(&held, next);
        }
        self.end_mark(self.next);
    }

    /// The next piece.
    pub fn poll_output(&mut self) -> Option<Piece> {
        self.out.pop_front()
    }

    /// Ticks that never came, and orders that came too late.
    #[must_use]
    pub const fn counts(&self) -> (u64, u64) {
        (self.lost, self.late)
    }

    /// Writes what is old enough, and not part of a turn that runs. A turn that runs on for longer than can be held is left out on
    /// the caller's side.
    fn release(&mut self) {
        let old = self.newest.before(HOLD);
        while self.held.len() > 1 {
            let at = self.held[0].sides.at;
            let open = self.listening.values().any(|&since| at >= since);
            if self.held.len() <= HELD_MAX && (at > old || open) {
                return;
            }
            if open {
                self.blanks.push_back(Blank { sides: Sides::CALLER, from: at, to: at + TICK });
            }
            let next = self.held[1].tone;
            if let Some(held) = self.held.pop_front() {
                self.write(&held, next);
            }
        }
    }

    /// Writes one tick, or what stands for it.
    fn write(&mut self, held: &Held, next_tone: (bool, bool)) {
        let sides = &held.sides;
        let at = sides.at;
        let before = self.released;
        self.released = at;
        if self.started.is_none_or(|started| at < started) {
            return;
        }
        let origin = *self.origin.get_or_insert(sides.tick);
        let place = sides.tick.saturating_sub(origin);
        // A key's tone is longer than the ticks in which it fills most of the time: those beside it hold its edges.
        let keyed = |this: bool, next: bool, last: bool| this || next || last;
        let last = std::mem::replace(&mut self.last_tone, held.tone);
        let blank = |caller: bool| {
            self.blanks.iter().any(|blank| {
                (if caller { blank.sides.caller } else { blank.sides.sent })
                    && at >= blank.from
                    && at < blank.to
            })
        };
        let paused =
            self.pauses.iter().any(|pause| at >= pause.since && pause.until.is_none_or(|until| at < until));
        let (redact_caller, redact_sent) = (blank(true), blank(false));
        let (key_caller, key_sent) =
            (keyed(held.tone.0, next_tone.0, last.0), keyed(held.tone.1, next_tone.1, last.1));
        let why = if paused {
            Some(MarkKind::Paused)
        } else if redact_caller || redact_sent {
            Some(MarkKind::Redacted)
        } else if key_caller || key_sent {
            Some(MarkKind::Keys)
        } else {
            None
        };
        if self.left_out.map(|(kind, _)| kind) != why {
            self.end_mark(sides.tick);
            self.left_out = why.map(|kind| (kind, place));
        }
        let silent = |leave: bool, frame: &Frame| if leave { Frame::SILENCE } else { *frame };
        self.out.push_back(Piece::Frame {
            place,
            caller: silent(paused || redact_caller || key_caller, &sides.heard),
            sent: silent(paused || redact_sent || key_sent, &sides.sent),
        });
        self.forget(before);
    }

    /// Tells what was left out up to this tick.
    fn end_mark(&mut self, tick: u64) {
        if let Some((kind, place)) = self.left_out.take() {
            let end = tick.saturating_sub(self.origin.unwrap_or(tick));
            self.out.push_back(Piece::Mark(Mark { kind, place, ticks: end.saturating_sub(place) }));
        }
    }

    /// Lets go of what was about ticks that are written.
    fn forget(&mut self, before: MonoTime) {
        while self.pauses.front().is_some_and(|pause| pause.until.is_some_and(|until| until < before)) {
            self.pauses.pop_front();
        }
        self.blanks.retain(|blank| blank.to >= before);
    }

    fn is_written(&self, at: MonoTime) -> bool {
        self.origin.is_some() && at < self.released
    }
}

/// How long sound is held at least: the first sound of a turn is known some 300 ms after it was heard, and whoever decides about it
/// may be busy for as long again.
pub const HOLD: Duration = Duration::from_millis(600);

const TICK: Duration = Duration::from_millis(FRAME_MS as u64);

/// A minute: longer than anybody speaks without a pause, and 3.9 MB a call.
const HELD_MAX: usize = 3_000;

#[cfg(test)]
mod tests;
