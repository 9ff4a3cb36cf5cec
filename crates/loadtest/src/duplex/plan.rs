//! Who says what in one call, decided by the seed before it begins.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::dice::Dice;
use super::generate::{Repertoire, Sounds};
use super::profile::Profile;
use crate::clip::Clip;
use crate::measure::Kind;

/// One call, or what is left of it after the other end hung up.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) profile: Arc<Profile>,
    pub(crate) sounds: Arc<Sounds>,
    pub(crate) seed: u64,
    pub(crate) turns: VecDeque<Clip>,
    /// Said after the turns as long as something is left to be said over the agent.
    pub(crate) more: VecDeque<Clip>,
    pub(crate) farewell: Clip,
    /// While the agent speaks.
    pub(crate) over: VecDeque<Aside>,
    /// While it is silent.
    pub(crate) in_silence: VecDeque<Aside>,
}

/// Something that the caller does besides taking turns.
#[derive(Debug, Clone)]
pub(crate) struct Aside {
    pub(crate) kind: Kind,
    pub(crate) clip: Clip,
    /// How long the agent must have been sounding, or silent, before it.
    pub(crate) after: Duration,
}

impl Plan {
    /// The plan of call `number`, from 1; `None` when there is no voice to speak.
    pub(crate) fn new(profile: Arc<Profile>, sounds: Arc<Sounds>, seed: u64, number: u64) -> Option<Self> {
        let seed = seed.wrapping_mul(1_000_003).wrapping_add(number);
        let mut dice = Dice::new(seed, "plan");
        let count = sounds.voices.len() as u64;
        let voice = sounds.voices.get(number.checked_sub(1)?.checked_rem(count)? as usize)?.clone();
        let pick = |variants: &Vec<Clip>, dice: &mut Dice| variants.get(dice.below(variants.len())).cloned();
        let turns = voice.turns.iter().filter_map(|variants| pick(variants, &mut dice)).collect();
        let mut more: Vec<Clip> = Vec::new();
        for _ in 0..ROUNDS {
            let mut round: Vec<Clip> =
                voice.more.iter().filter_map(|variants| pick(variants, &mut dice)).collect();
            dice.shuffle(&mut round);
            more.extend(round);
        }
        let (over, in_silence) = asides(&profile, &voice, &mut dice);
        Some(Self {
            farewell: voice.farewell.first()?.clone(),
            profile,
            sounds,
            seed,
            turns,
            more: more.into(),
            over,
            in_silence,
        })
    }
}

fn asides(profile: &Profile, voice: &Repertoire, dice: &mut Dice) -> (VecDeque<Aside>, VecDeque<Aside>) {
    let quiet = |count: usize| (count as f64 * profile.in_silence).round() as usize;
    let (quiet_tics, quiet_talk) = (quiet(profile.tics), quiet(profile.side_talk));
    let mut deal = |wanted: [(Kind, usize, &[Clip]); 4], range: [u64; 2]| {
        let mut deck = Vec::new();
        for (kind, count, clips) in wanted {
            // Each is used once before one is used again.
            let mut pool: Vec<&Clip> = Vec::new();
            for _ in 0..count {
                if pool.is_empty() {
                    pool = clips.iter().collect();
                    dice.shuffle(&mut pool);
                }
                if let Some(clip) = pool.pop() {
                    deck.push(Aside { kind, clip: clip.clone(), after: dice.within(range) });
                }
            }
        }
        dice.shuffle(&mut deck);
        VecDeque::from(deck)
    };
    let over = deal(
        [
            (Kind::Interruption, profile.interruptions, &voice.interruptions),
            (Kind::Backchannel, profile.backchannels, &voice.backchannels),
            (Kind::Tic, profile.tics - quiet_tics, &voice.tics),
            (Kind::SideTalk, profile.side_talk - quiet_talk, &voice.side_talk),
        ],
        profile.into_agent_ms,
    );
    let in_silence = deal(
        [
            (Kind::Tic, quiet_tics, &voice.tics),
            (Kind::SideTalk, quiet_talk, &voice.side_talk),
            (Kind::Interruption, 0, &[]),
            (Kind::Backchannel, 0, &[]),
        ],
        profile.take_turn_ms,
    );
    (over, in_silence)
}

/// How often the further turns are gone through at most: the call's length ends it before.
const ROUNDS: usize = 4;
