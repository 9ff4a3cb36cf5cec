//! Somebody sounds while the agent speaks: who, and what for?
//!
//! Words decide where there are some, for "right" is as long as "wait". Where the recogniser has none yet, length does: what
//! is said in passing is short, and what is said into the room is soft.

use std::time::Duration;

use callwright_model::{Evidence, Expect, MonoTime, Progress, Rule, Thought, UtteranceSort, Verdict};

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
    Hold,
    /// It does not after all, so far: the agent goes on, and the verdict is open.
    Release,
    /// It was none: the agent goes on.
    Dismiss(Verdict, Rule),
}

/// What the agent does meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Agent {
    /// It speaks on with a lowered voice.
    Lowered,
    /// It is silent by a first guess.
    Silent,
}

/// What to do about a turn over the agent by now.
pub(crate) fn rule(
    agent: Agent,
    turn: &Turn,
    expect: &Expect,
    levels: &Levels,
    config: &FloorConfig,
    now: MonoTime,
) -> Ruling {
    let nearness = Nearness::of(turn, levels, config);
    match (claims(turn, expect, nearness, config), agent) {
        (Some(rule), _) => Ruling::Take(rule),
        (None, Agent::Lowered) => contested(turn, expect, levels, nearness, config, now),
        (None, Agent::Silent) => held(turn, nearness, config, now),
    }
}

fn contested(
    turn: &Turn,
    expect: &Expect,
    levels: &Levels,
    nearness: Nearness,
    config: &FloorConfig,
    now: MonoTime,
) -> Ruling {
    let sort = sort(turn, config);
    let silent = turn.silent(now);
    let word = sort == Some(UtteranceSort::Speech) && nearness == Nearness::Near;
    // The final pass over what was said takes a moment after the pause that starts it. It is worth waiting for where there was more than
    // a word, of which nobody is sure so far.
    let wordless = turn.progress.sort.is_none() && turn.voiced >= config.voice_min;
    let unknown = wordless || sort.is_none() && turn.voiced >= config.sentence;
    let over = if unknown { config.words_wait } else { config.interjection_silence };
    if silent >= over {
        if word && answers(turn, expect) {
            return Ruling::Take(Rule::Answer);
        }
        // "Wait" and "right" are over at the same time; only after the one something follows.
        return if word && turn.voiced >= config.voice_min {
            Ruling::Hold
        } else {
            Ruling::Dismiss(passing(turn, nearness, config), over_by(sort))
        };
    }
    // Whoever was told apart once must be certain to silence us again.
    let passing_max = longest_in_passing(turn, levels, nearness, config);
    let hold = if turn.released {
        turn.voiced >= passing_max.max(config.certain)
    } else {
        turn.voiced >= passing_max || word && turn.voiced >= config.one_word
    };
    if hold {
        return Ruling::Hold;
    }
    if now.since(turn.onset) >= config.verdict_max {
        return Ruling::Dismiss(passing(turn, nearness, config), Rule::Cap);
    }
    Ruling::Wait
}

/// What is taken back soon is heard as a pause between words.
fn held(turn: &Turn, nearness: Nearness, config: &FloorConfig, now: MonoTime) -> Ruling {
    let sort = sort(turn, config);
    let (certain, patience) = match sort {
        Some(UtteranceSort::SideTalk | UtteranceSort::Echo) => return Ruling::Release,
        // "Sure" may yet become "the first": whether that was all shows when the voice stops.
        Some(UtteranceSort::Backchannel | UtteranceSort::Filler) => {
            (config.backchannel_max, config.interjection_silence)
        }
        Some(UtteranceSort::Speech) => (config.certain, config.continuation),
        None if turn.voiced >= config.sentence => (config.certain, config.sentence_pause),
        None => (config.certain, config.interjection_silence),
    };
    if turn.voiced >= certain && nearness == Nearness::Near {
        return Ruling::Take(Rule::Length);
    }
    if turn.silent(now) >= patience {
        Ruling::Dismiss(passing(turn, nearness, config), over_by(sort))
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
        brightness: turn.brightness,
        progress: turn.progress,
    }
}

/// What was said, as far as the words are sure. An engine that does not tell how sure it is, is believed.
fn sort(turn: &Turn, config: &FloorConfig) -> Option<UtteranceSort> {
    let sure = turn.progress.confidence.is_none_or(|confidence| confidence >= config.words_confidence);
    turn.progress.sort.filter(|_| sure)
}

/// Why something that has ended took nothing.
const fn over_by(sort: Option<UtteranceSort>) -> Rule {
    match sort {
        Some(
            UtteranceSort::Echo
            | UtteranceSort::Filler
            | UtteranceSort::Backchannel
            | UtteranceSort::SideTalk,
        ) => Rule::NotForUs,
        Some(UtteranceSort::Speech) | None => Rule::Ended,
    }
}

/// What takes the floor before it is long enough for anybody's.
fn claims(turn: &Turn, expect: &Expect, nearness: Nearness, config: &FloorConfig) -> Option<Rule> {
    let sort = sort(turn, config);
    // Who was cut off says the rest: nobody hums to an answer that has hardly begun.
    if turn.cut_off
        && nearness == Nearness::Near
        && turn.voiced >= config.interruption
        && matches!(sort, Some(UtteranceSort::Speech) | None)
    {
        return Some(Rule::Length);
    }
    if sort != Some(UtteranceSort::Speech) {
        return None;
    }
    let Progress { words, thought, .. } = turn.progress;
    let meant = match nearness {
        // A word or two may be misheard in a cough. The agent is silent by then; what is settled here is only whether it stays so.
        Nearness::Near => {
            let plain =
                matches!(thought, Thought::Whole | Thought::Told) || words > config.interruption_words;
            // Nobody says that many words in less.
            let least = config.sentence.max((config.word * u32::from(words)).min(config.certain));
            plain && (turn.voiced >= least || turn.pause_told)
        }
        // Into the room one says whole sentences as well: only a long one that is none of the usual counts.
        Nearness::Away | Nearness::Cough => {
            words > 2 * config.interruption_words && turn.voiced >= config.aside_max
        }
        Nearness::Far => false,
    };
    meant.then_some(if answers(turn, expect) { Rule::Answer } else { Rule::Words })
}

/// Whether it answers the question that is being asked.
fn answers(turn: &Turn, expect: &Expect) -> bool {
    matches!(expect, Expect::YesNo | Expect::Choice { .. }) && turn.progress.filled > 0
}

/// Voice that nothing said in passing has, as far as is known.
fn longest_in_passing(turn: &Turn, levels: &Levels, nearness: Nearness, config: &FloorConfig) -> Duration {
    match (sort(turn, config), nearness) {
        (Some(UtteranceSort::SideTalk | UtteranceSort::Echo), _) | (_, Nearness::Far) => Duration::MAX,
        (_, Nearness::Away | Nearness::Cough) => config.aside_max,
        (Some(UtteranceSort::Backchannel | UtteranceSort::Filler), Nearness::Near) => config.backchannel_max,
        (Some(UtteranceSort::Speech) | None, Nearness::Near) if !levels.is_disturbed() => config.interruption,
        (Some(UtteranceSort::Speech) | None, Nearness::Near) if turn.anew => config.anew_in_noise,
        (Some(UtteranceSort::Speech) | None, Nearness::Near) => config.interruption_in_noise,
    }
}

/// Where a voice is, by its level against the caller's usual one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nearness {
    /// At the telephone, or nobody knows.
    Near,
    /// Turned away from it.
    Away,
    /// In the room behind.
    Far,
    /// It is no voice, wherever it is.
    Cough,
}

impl Nearness {
    fn of(turn: &Turn, levels: &Levels, config: &FloorConfig) -> Self {
        if turn.is_cough(config) {
            return Self::Cough;
        }
        match levels.against_usual(turn.level_dbfs()) {
            Some(level) if level < -FAR_DB => Self::Far,
            Some(level) if level < -ASIDE_DB => Self::Away,
            Some(_) | None => Self::Near,
        }
    }
}

fn passing(turn: &Turn, nearness: Nearness, config: &FloorConfig) -> Verdict {
    match (turn.progress.sort, nearness) {
        (Some(UtteranceSort::Echo), _) | (_, Nearness::Far) => Verdict::Noise,
        (_, Nearness::Cough) | (Some(UtteranceSort::Filler), Nearness::Near) => Verdict::Tic,
        (Some(UtteranceSort::SideTalk), _) | (_, Nearness::Away) => Verdict::SideTalk,
        (None, Nearness::Near) if turn.voiced < config.voice_min => Verdict::Noise,
        (Some(UtteranceSort::Backchannel | UtteranceSort::Speech) | None, Nearness::Near) => {
            Verdict::Backchannel
        }
    }
}

/// Other people's voices in a room lie 12 dB and more below whoever holds the telephone.
const FAR_DB: f32 = 9.0;
