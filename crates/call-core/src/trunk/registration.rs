//! Being known to a registrar (RFC 3261 section 10), as a machine.

use std::collections::VecDeque;
use std::time::Duration;

use callwright_model::MonoTime;

use super::jittered;

/// How a trunk is registered at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegistrationConfig {
    /// What is asked for; registrars may grant less.
    pub expires: Duration,
}

/// What came of a REGISTER. Challenges are answered by the shell, once; a second one in a row is a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistrationAnswer {
    /// 200, and for how long; zero when the binding is not there.
    Accepted {
        /// What the registrar grants.
        expires: Duration,
    },
    /// 423: it wants to be asked for at least so long (`Min-Expires`).
    TooBrief {
        /// Its least.
        min_expires: Duration,
    },
    /// Another final answer.
    Refused {
        /// SIP status.
        status: u16,
        /// What it said when to come back (`Retry-After`).
        retry_after: Option<Duration>,
        /// Its words, or ours for them.
        why: String,
    },
    /// No answer from any of its addresses.
    Unreachable {
        /// What happened instead.
        why: String,
    },
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistrationOutput {
    /// Send REGISTER for this long, zero to be forgotten, and tell [`Registration::handle_answer`] what came of it.
    Register {
        /// The value of `Expires`.
        expires: Duration,
    },
    /// We are known from now on.
    Registered,
    /// We are not known (any more), for this reason.
    Lost {
        /// In words.
        why: String,
    },
    /// Nothing comes after it: we were forgotten, or nobody answered.
    Gone,
}

/// Where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistrationState {
    /// A first REGISTER, or one after a failure, is under way.
    Asking,
    /// We are known until then; the refresh goes before.
    Registered {
        /// When the registrar forgets us.
        until: MonoTime,
        /// When the refresh goes; `None` while it is under way.
        refresh: Option<MonoTime>,
    },
    /// The last one failed; the next goes then.
    Waiting {
        /// When.
        retry: MonoTime,
        /// Why the last one failed.
        why: String,
    },
    /// Asked to be forgotten.
    Leaving,
    /// Over.
    Gone,
}

/// The machine.
#[derive(Debug)]
pub struct Registration {
    state: RegistrationState,
    /// What is asked for; a registrar's least raises it.
    expires: Duration,
    /// Failures in a row, which lengthen the wait.
    failures: u32,
    /// 423 in a row: a registrar that is never content must not be asked in a loop.
    raised: u32,
    /// A good-bye is wanted as soon as the request under way is answered.
    leave: bool,
    seed: u64,
    outputs: VecDeque<RegistrationOutput>,
}

impl Registration {
    /// The first REGISTER goes at once.
    #[must_use]
    pub fn new(config: RegistrationConfig, seed: u64) -> Self {
        let expires = config.expires;
        let outputs = VecDeque::from([RegistrationOutput::Register { expires }]);
        Self {
            state: RegistrationState::Asking,
            expires,
            failures: 0,
            raised: 0,
            leave: false,
            seed,
            outputs,
        }
    }

    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> &RegistrationState {
        &self.state
    }

    /// Whether the registrar knows us.
    #[must_use]
    pub fn is_registered(&self, now: MonoTime) -> bool {
        matches!(self.state, RegistrationState::Registered { until, .. } if now < until)
    }

    /// What came of the REGISTER under way.
    pub fn handle_answer(&mut self, answer: RegistrationAnswer, now: MonoTime) {
        match self.state {
            RegistrationState::Leaving => return self.go(),
            RegistrationState::Gone | RegistrationState::Waiting { .. } => return,
            RegistrationState::Asking | RegistrationState::Registered { .. } => {}
        }
        if self.leave {
            // Whatever it said, it may know us.
            return self.ask_to_be_forgotten();
        }
        match answer {
            RegistrationAnswer::Accepted { expires } if expires.is_zero() => {
                self.fail("the registrar took it, and does not list us".to_owned(), None, SLOW, now);
            }
            RegistrationAnswer::Accepted { expires } => self.accepted(expires, now),
            RegistrationAnswer::TooBrief { min_expires }
                if self.raised == 0 && min_expires > self.expires =>
            {
                self.raised += 1;
                self.expires = min_expires.min(EXPIRES_MAX);
                self.outputs.push_back(RegistrationOutput::Register { expires: self.expires });
            }
            RegistrationAnswer::TooBrief { .. } => {
                self.fail("423: no length of ours is long enough for it".to_owned(), None, SLOW, now);
            }
            RegistrationAnswer::Refused { status, retry_after, why } => {
                // Wrong passwords do not become right by being sent again, and carriers lock out who tries.
                let base = if matches!(status, 401 | 403 | 404 | 407) { SLOW } else { QUICK };
                self.fail(why, retry_after, base, now);
            }
            RegistrationAnswer::Unreachable { why } => self.fail(why, None, QUICK, now),
        }
    }

    /// We go: the registrar is asked to forget us. [`RegistrationOutput::Gone`] says when that is done.
    pub fn handle_leave(&mut self) {
        match self.state {
            RegistrationState::Registered { refresh: Some(_), .. } => self.ask_to_be_forgotten(),
            // Its answer is awaited first: two requests at once could be taken in the other order.
            RegistrationState::Asking | RegistrationState::Registered { refresh: None, .. } => {
                self.leave = true
            }
            RegistrationState::Waiting { .. } => self.go(),
            RegistrationState::Leaving | RegistrationState::Gone => {}
        }
    }

    /// The asked-for time has come.
    pub fn handle_timeout(&mut self, now: MonoTime) {
        match self.state {
            RegistrationState::Registered { until, refresh: Some(refresh) } if refresh <= now => {
                self.state = RegistrationState::Registered { until, refresh: None };
            }
            RegistrationState::Waiting { retry, .. } if retry <= now => {
                self.state = RegistrationState::Asking
            }
            RegistrationState::Registered { .. }
            | RegistrationState::Waiting { .. }
            | RegistrationState::Asking
            | RegistrationState::Leaving
            | RegistrationState::Gone => return,
        }
        self.outputs.push_back(RegistrationOutput::Register { expires: self.expires });
    }

    /// What is to be done next.
    pub fn poll_output(&mut self) -> Option<RegistrationOutput> {
        self.outputs.pop_front()
    }

    /// When [`Registration::handle_timeout`] is to be called; `None` while an answer is awaited, or after the end.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<MonoTime> {
        match self.state {
            RegistrationState::Registered { refresh, .. } => refresh,
            RegistrationState::Waiting { retry, .. } => Some(retry),
            RegistrationState::Asking | RegistrationState::Leaving | RegistrationState::Gone => None,
        }
    }

    fn accepted(&mut self, expires: Duration, now: MonoTime) {
        let expires = expires.clamp(EXPIRES_MIN, EXPIRES_MAX);
        let refresh = now + jittered(expires.mul_f64(REFRESH_LATEST), REFRESH_SPREAD, &mut self.seed);
        let known = matches!(self.state, RegistrationState::Registered { .. });
        self.state = RegistrationState::Registered { until: now + expires, refresh: Some(refresh) };
        (self.failures, self.raised) = (0, 0);
        if !known {
            self.outputs.push_back(RegistrationOutput::Registered);
        }
    }

    fn fail(&mut self, why: String, retry_after: Option<Duration>, base: Duration, now: MonoTime) {
        let doubled = base * 2_u32.saturating_pow(self.failures.min(DOUBLINGS_MAX));
        let wait = jittered(doubled.min(WAIT_MAX), WAIT_SPREAD, &mut self.seed);
        let wait = wait.max(retry_after.unwrap_or_default()).min(WAIT_MAX);
        self.failures = self.failures.saturating_add(1);
        self.raised = 0;
        self.state = RegistrationState::Waiting { retry: now + wait, why: why.clone() };
        self.outputs.push_back(RegistrationOutput::Lost { why });
    }

    fn ask_to_be_forgotten(&mut self) {
        self.state = RegistrationState::Leaving;
        self.outputs.push_back(RegistrationOutput::Register { expires: Duration::ZERO });
    }

    fn go(&mut self) {
        self.state = RegistrationState::Gone;
        self.outputs.push_back(RegistrationOutput::Gone);
    }
}

/// The refresh goes no later than this share of the time granted, which leaves room for a second try,
const REFRESH_LATEST: f64 = 0.9;
/// and no earlier than this share of that.
const REFRESH_SPREAD: f64 = 0.85;
/// Waits after failures are up to half shorter, so that gateways do not come back all at once.
const WAIT_SPREAD: f64 = 0.5;
/// Less would be a flood; a registrar that grants it is asked at this pace all the same.
const EXPIRES_MIN: Duration = Duration::from_secs(2);
/// A day; more helps nobody, and a registrar cannot put us to sleep with it.
const EXPIRES_MAX: Duration = Duration::from_secs(86_400);
/// First wait after silence or trouble at the registrar.
const QUICK: Duration = Duration::from_secs(2);
/// First wait after a refusal that another try does not mend.
const SLOW: Duration = Duration::from_secs(60);
/// The longest wait, as RFC 5626 section 4.5 has it.
const WAIT_MAX: Duration = Duration::from_secs(1_800);
/// 2 s doubled so often is past the longest wait.
const DOUBLINGS_MAX: u32 = 10;

#[cfg(test)]
mod tests;
