//! Random interleavings of what happens on all legs, against a model of the telephones: no leg left behind, no dead air, and
//! nothing is wanted that the state of a leg forbids.

use std::collections::BTreeMap;

use super::*;

/// A telephone as the outside sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leg {
    Ringing,
    Answered,
}

struct World {
    seed: u64,
    random: u64,
    call: Call,
    now: u64,
    legs: BTreeMap<Party, Leg>,
    caller_there: bool,
    referring: bool,
    seeking: bool,
    sound: Sound,
    caller_holds: bool,
    /// What happened, for whoever has to find out why a seed failed.
    story: Vec<String>,
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            seed,
            random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            call: Call::new(Config::default(), at(0)),
            now: 0,
            legs: BTreeMap::new(),
            caller_there: true,
            referring: false,
            seeking: false,
            sound: Sound::AGENT,
            caller_holds: false,
            story: Vec::new(),
        }
    }

    /// xorshift64: one seed, one run.
    fn draw(&mut self, below: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % below
    }

    fn claim(&self, holds: bool, what: &str) {
        assert!(holds, "seed {}: {what}\n{}\n{:?}", self.seed, self.story.join("\n"), self.call);
    }

    /// Whether a fact can come from telephones as they are.
    fn is_possible(&self, fact: Fact) -> bool {
        let human = self.legs.get(&Party::Human);
        let target = self.legs.get(&Party::Target);
        let supervisor = self.legs.get(&Party::Supervisor);
        match fact {
            Fact::Answered | Fact::Declined if human == Some(&Leg::Ringing) => true,
            Fact::Answered => false,
            Fact::Declined
            | Fact::Briefed
            | Fact::Accepted
            | Fact::Ready
            | Fact::MoveAsked
            | Fact::Replaced
            | Fact::HumanHolds
            | Fact::HumanPlaysMusic
            | Fact::HumanResumes
            | Fact::HumanIsQuiet
            | Fact::HumanIsHeard
            | Fact::HandedBack
            | Fact::AgentStays
            | Fact::AgentLeaves => human == Some(&Leg::Answered),
            Fact::HumanGone => human.is_some(),
            Fact::ReferGoesOn | Fact::ReferDone | Fact::ReferFailed => self.referring,
            Fact::Waiting | Fact::Found | Fact::Nobody | Fact::NobodyThere => self.seeking,
            Fact::TargetAnswered => target == Some(&Leg::Ringing),
            Fact::TargetGone => target.is_some(),
            Fact::SupervisorAnswered => supervisor == Some(&Leg::Ringing),
            Fact::SupervisorGone => supervisor.is_some(),
            Fact::CallerGone | Fact::CallerHolds | Fact::CallerResumes => self.caller_there,
            Fact::Wanted
            | Fact::Unwanted
            | Fact::Announced
            | Fact::Listen
            | Fact::Whisper
            | Fact::Barge
            | Fact::TakeOver
            | Fact::SuperviseEnds => true,
        }
    }

    fn happen(&mut self, fact: Fact, how: How) {
        match fact {
            Fact::Answered => {
                self.legs.insert(Party::Human, Leg::Answered);
            }
            Fact::TargetAnswered => {
                self.legs.insert(Party::Target, Leg::Answered);
            }
            Fact::SupervisorAnswered => {
                self.legs.insert(Party::Supervisor, Leg::Answered);
            }
            Fact::HumanGone => {
                self.legs.remove(&Party::Human);
            }
            // A phone that refuses is gone by that; a human who says no still holds the phone.
            Fact::Declined if self.legs.get(&Party::Human) == Some(&Leg::Ringing) => {
                self.legs.remove(&Party::Human);
            }
            Fact::TargetGone => {
                self.legs.remove(&Party::Target);
            }
            Fact::SupervisorGone => {
                self.legs.remove(&Party::Supervisor);
            }
            Fact::CallerGone => self.caller_there = false,
            Fact::CallerHolds => self.caller_holds = true,
            Fact::CallerResumes => self.caller_holds = false,
            _ => {}
        }
        let now = at(self.now);
        self.story.push(format!("{} {fact:?}", self.now));
        let (before, human_before) = (self.call.state(), self.legs.get(&Party::Human).copied());
        fact.tell(&mut self.call, how, now);
        self.drain();
        if fact >= Fact::Listen {
            // Whatever supervisors do: it ends no call, and takes nobody away from the caller but to be there in their place.
            self.claim((self.call.state() == "over") == (before == "over"), "a supervisor ends the call");
            let human = self.legs.get(&Party::Human).copied();
            let taken = self.call.is_bridged() && human == Some(Leg::Answered);
            self.claim(human == human_before || taken, "a supervisor sends the human away");
        }
    }

    fn drain(&mut self) {
        while let Some(output) = self.call.poll_output() {
            self.story.push(format!("    {output:?}"));
            let free = |party| !self.legs.contains_key(&party);
            match output {
                Output::Seek => {
                    self.claim(self.caller_there, "looks for somebody for nobody");
                    self.claim(free(Party::Human), "looks for somebody beside a human");
                    self.seeking = true;
                }
                Output::Ring => {
                    self.claim(self.caller_there, "rings for nobody");
                    self.claim(free(Party::Human), "rings a second human");
                    self.legs.insert(Party::Human, Leg::Ringing);
                }
                Output::RingTarget => {
                    self.claim(free(Party::Target), "rings a second target");
                    self.legs.insert(Party::Target, Leg::Ringing);
                }
                Output::RingSupervisor => {
                    self.claim(free(Party::Supervisor), "rings a second supervisor");
                    self.legs.insert(Party::Supervisor, Leg::Ringing);
                }
                Output::Drop(Party::Caller) => {
                    self.claim(self.caller_there, "drops a caller who is gone");
                    self.caller_there = false;
                }
                Output::Drop(party) => {
                    self.legs.remove(&party);
                }
                Output::BecomesHuman(party) => {
                    self.claim(free(Party::Human), "two humans at once");
                    let leg = self.legs.remove(&party);
                    self.claim(leg == Some(Leg::Answered), "whose phone was not answered is the human");
                    self.legs.insert(Party::Human, Leg::Answered);
                }
                Output::Refer { replaces, .. } => {
                    self.claim(self.caller_there, "refers a caller who is gone");
                    let human = self.legs.get(&Party::Human) == Some(&Leg::Answered);
                    self.claim(replaces == human, "refers to a dialog that is not there");
                    self.referring = true;
                }
                Output::Brief | Output::AskAgain | Output::Connect => {
                    let human = self.legs.get(&Party::Human) == Some(&Leg::Answered);
                    self.claim(human, "speaks to nobody");
                }
                Output::ComfortCaller => self.claim(self.caller_there, "comforts nobody"),
                Output::Sound(sound) => self.sound = sound,
                Output::Probe
                | Output::MoveAnswered(_)
                | Output::Moved(_)
                | Output::Held { .. }
                | Output::Supervised(_)
                | Output::Done(_) => {}
            }
        }
        self.settled();
    }

    /// What holds whenever the machine has said all it wanted.
    fn settled(&mut self) {
        let over = self.call.state() == "over";
        self.seeking &= self.call.state() == "seeking";
        self.referring &= self.call.state() == "referring";
        self.claim(over != self.call.poll_timeout().is_some(), "a timer exactly until the end");
        self.claim(over != self.caller_there, "the call lasts as long as its caller");
        let talks = |party| self.legs.get(&party) == Some(&Leg::Answered);
        if over {
            self.claim(self.legs.is_empty(), "a leg is left behind");
            self.claim(self.sound == Sound::default(), "somebody hears something after the end");
            return;
        }
        let caller = self.sound.caller;
        self.claim(!caller.human || talks(Party::Human), "the caller hears a human who is not there");
        self.claim(!caller.supervisor || talks(Party::Supervisor), "the caller hears no supervisor");
        let human = self.sound.human;
        self.claim(!human.agent || talks(Party::Human), "somebody hears who is not there");
        self.claim(self.sound.supervisor.caller == talks(Party::Supervisor), "a supervisor hears the call");
        let supervisor = self.legs.contains_key(&Party::Supervisor);
        self.claim(
            supervisor == (self.call.supervision() != "nobody"),
            "a supervisor's leg is there without a reason",
        );
        let whispers = self.call.supervision() == "whispering";
        self.claim(!(caller.supervisor && whispers), "the caller hears a whisper");
        // The agent's sound is the dialogue's, which has timers of its own, while nobody else has the call.
        let agent = caller.agent && matches!(self.call.state(), "agent" | "announcing");
        let heard = agent || caller.hold || caller.people() || self.caller_holds;
        self.claim(heard, "the caller hears nothing");
        self.claim(self.call.is_bridged() == caller.human, "who is bridged hears the human");
        let target = self.legs.contains_key(&Party::Target);
        self.claim(target == (self.call.state() == "moving"), "a target's leg is there without a reason");
    }

    /// Time passes to the next timer, or not so far.
    fn wait(&mut self, most: u64) {
        let Some((due, timer)) = self.call.poll_timeout() else { return };
        let due = due.as_millis().div_ceil(1_000);
        if due > self.now + most {
            self.now += most;
            return;
        }
        self.now = self.now.max(due);
        self.story.push(format!("{} {timer:?}", self.now));
        self.call.handle_timeout(at(self.now));
        self.drain();
    }
}

fn run(seed: u64) -> World {
    let mut world = World::new(seed);
    for _ in 0..world.draw(200) {
        let most = world.draw(30);
        world.wait(most);
        // Mostly what can happen, and callers do not hang up at every turn; one in eight comes at a time when it should not.
        let possible = Fact::ALL.into_iter().filter(|fact| world.is_possible(*fact));
        let possible: Vec<Fact> = possible.filter(|fact| *fact != Fact::CallerGone).collect();
        let fact = match world.draw(100) {
            0 => Fact::CallerGone,
            1..=12 => Fact::ALL[world.draw(Fact::ALL.len() as u64) as usize],
            _ => possible[world.draw(possible.len() as u64) as usize],
        };
        if world.is_possible(fact) || !needs_a_leg(fact) {
            let how = [How::Warm, How::Blind, How::Attended][world.draw(3) as usize];
            world.happen(fact, how);
        }
        if world.call.state() == "over" {
            return world;
        }
    }
    // Left alone, every transfer ends by itself within minutes, and what lasts asks whether its legs are there.
    for _ in 0..200 {
        world.wait(u64::MAX / 2);
    }
    let state = world.call.state();
    world.claim(matches!(state, "agent" | "bridged" | "over"), "a transfer never ended");
    world.claim(world.call.supervision() != "ringing", "a supervisor's phone rings for ever");
    if world.caller_there {
        world.happen(Fact::CallerGone, How::Warm);
    }
    world
}

/// The shell knows legs by name and never tells an answer, or the end, of one that it has not.
fn needs_a_leg(fact: Fact) -> bool {
    matches!(
        fact,
        Fact::Answered
            | Fact::TargetAnswered
            | Fact::SupervisorAnswered
            | Fact::HumanGone
            | Fact::TargetGone
            | Fact::SupervisorGone
            | Fact::CallerGone
            | Fact::Declined
    )
}

#[test]
fn ten_thousand_interleavings_leave_no_leg_behind_and_nobody_in_silence() {
    let mut reached: BTreeMap<&str, u32> = BTreeMap::new();
    for seed in 1..=10_000 {
        let world = run(seed);
        world.claim(world.call.state() == "over", "the call did not end with its caller");
        for line in &world.story {
            for word in [
                "Done(Bridged)",
                "Done(Referred)",
                "Done(HandedBack)",
                "BecomesHuman(Target)",
                "BecomesHuman(Supervisor)",
            ] {
                if line.contains(word) {
                    *reached.entry(word).or_default() += 1;
                }
            }
        }
    }
    // A model that never gets anywhere would prove nothing.
    assert!(reached.len() == 5 && reached.values().all(|&times| times > 100), "{reached:?}");
}
