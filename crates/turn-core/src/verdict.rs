//! Somebody sounds while the agent speaks: who, and what for?
//!
//! Words decide where there are some, for "right" is as long as "wait". Where the recogniser has none yet, length does: what
//! is said in passing is short, and what is said into the room is soft.

use std::time::Duration;

use callwright_model::{Evidence, Expect, MonoTime, Rule, UtteranceSort, Verdict};

use crate::config::FloorConfig;
use crate::levels::{ASIDE_DB, Levels};
use crate::turn::Turn;

/// What to do about it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Ruling {
    /// It is too early to tell.
    Wait,
    /// It takes the floor.
    Take(Rule),
    /// It seems to take the floor: the agent is silent until that is certain, and loses nothing.
    Hold(Rule),
    /// It was none: the agent goes on.
    Dismiss(Verdict, Rule),
}

/// Over a lowered agent.
pub(crate) fn contested(
    turn: &Turn,
    expect: &Expect,
    levels: &Levels,
    config: &FloorConfig,
    now: MonoTime,
) -> Ruling {
    let sort = turn.progress.sort;
    let silent = turn.silent(now);
    if let Some(rule) = claims(turn, expect, config) {
        return Ruling::Take(rule);
    }
    // The final pass over what was said takes a moment after the pause that starts it.
    let over = if sort.is_none() && turn.voiced >= config.voice_min {
        config.words_wait
    } else {
        config.interjection_silence
    };
    if silent >= over {
        return Ruling::Dismiss(passing(turn, config), Rule::Ended);
    }
    if sort == Some(UtteranceSort::SideTalk) || sort == Some(UtteranceSort::Echo) {
        return if now.since(turn.onset) >= config.verdict_max {
            Ruling::Dismiss(passing(turn, config), Rule::Cap)
        } else {
            Ruling::Wait
        };
    }
    if turn.voiced >= longest_in_passing(turn, levels, config) {
        return Ruling::Hold(Rule::Length);
    }
    if now.since(turn.onset) >= config.verdict_max {
        return Ruling::Dismiss(passing(turn, config), Rule::Cap);
    }
    Ruling::Wait
}

/// Over an agent that was silenced by a first guess.
pub(crate) fn held(turn: &Turn, expect: &Expect, config: &FloorConfig, now: MonoTime) -> Ruling {
    if let Some(rule) = claims(turn, expect, config) {
        return Ruling::Take(rule);
    }
    let silent = turn.silent(now);
    match turn.progress.sort {
        Some(UtteranceSort::SideTalk | UtteranceSort::Echo) => {
            return Ruling::Dismiss(passing(turn, config), Rule::NotForUs);
        }
        Some(UtteranceSort::Backchannel | UtteranceSort::Filler) if silent >= config.interjection_silence => {
            return Ruling::Dismiss(passing(turn, config), Rule::Ended);
        }
        Some(UtteranceSort::Backchannel | UtteranceSort::Filler | UtteranceSort::Speech) | None => {}
    }
    if turn.voiced >= config.certain {
        return Ruling::Take(Rule::Length);
    }
    if silent >= config.words_wait {
        Ruling::Dismiss(passing(turn, config), Rule::Ended)
    } else {
        Ruling::Wait
    }
}

/// What it was found by.
pub(crate) fn evidence(turn: &Turn, rule: Rule, levels: &Levels, now: MonoTime) -> Evidence {
    Evidence {
        rule,
        voiced: turn.voiced,
        silent: turn.silent(now),
        level_db: levels.against_usual(turn.level_dbfs()),
        progress: turn.progress,
    }
}

/// Words that take the floor whatever their length.
fn claims(turn: &Turn, expect: &Expect, config: &FloorConfig) -> Option<Rule> {
    match turn.progress.sort {
        Some(UtteranceSort::Speech) if turn.progress.words >= config.interruption_words => Some(Rule::Words),
        // One word may be misheard; with a little voice behind it, it counts.
        Some(UtteranceSort::Speech) if turn.voiced >= config.one_word => {
            let answers = matches!(expect, Expect::YesNo | Expect::Choice { .. }) && turn.progress.filled > 0;
            Some(if answers { Rule::Answer } else { Rule::Words })
        }
        Some(
            UtteranceSort::Speech
            | UtteranceSort::Backchannel
            | UtteranceSort::Filler
            | UtteranceSort::SideTalk
            | UtteranceSort::Echo,
        )
        | None => None,
    }
}

/// Voice that nothing said in passing has, as far as is known.
fn longest_in_passing(turn: &Turn, levels: &Levels, config: &FloorConfig) -> Duration {
    match turn.progress.sort {
        Some(UtteranceSort::Backchannel | UtteranceSort::Filler) => config.backchannel_max,
        Some(UtteranceSort::SideTalk | UtteranceSort::Echo) => Duration::MAX,
        Some(UtteranceSort::Speech) => config.interruption,
        None if levels.against_usual(turn.level_dbfs()).is_some_and(|level| level < -ASIDE_DB) => {
            config.aside_max
        }
        None => config.interruption,
    }
}

fn passing(turn: &Turn, config: &FloorConfig) -> Verdict {
    match turn.progress.sort {
        Some(UtteranceSort::SideTalk) => Verdict::SideTalk,
        Some(UtteranceSort::Filler) => Verdict::Tic,
        Some(UtteranceSort::Echo) => Verdict::Noise,
        Some(UtteranceSort::Backchannel | UtteranceSort::Speech) => Verdict::Backchannel,
        None if turn.voiced < config.voice_min => Verdict::Noise,
        None => Verdict::Backchannel,
    }
}
