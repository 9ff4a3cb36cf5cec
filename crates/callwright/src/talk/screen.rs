//! What a talk looks like: the story line by line, and below it, where a person looks, one line of levels and who has the floor.

use std::io::{IsTerminal, Write};

use callwright_conversation::Happening;

use super::wire::Levels;
use crate::demo::Terminal;

/// The terminal of a talk.
pub struct Screen {
    story: Terminal,
    /// Whether somebody watches: then the last line moves.
    live: bool,
    floor: Floor,
    /// Words so far of the turn that runs.
    partial: String,
}

/// Who has the floor, as far as the talk's happenings tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Floor {
    Open,
    You,
    /// You speak while the agent does, which is lowered until it is clear whether you cut in.
    Contested,
    Thinking,
    Agent,
}

impl Screen {
    /// An empty one.
    pub fn new() -> Self {
        let live = std::io::stdout().is_terminal();
        Self { story: Terminal::new(), live, floor: Floor::Open, partial: String::new() }
    }

    /// A line of its own.
    pub fn say(&self, text: &str) {
        self.clear();
        answer!("{text}");
    }

    /// What happens in the talk.
    pub fn told(&mut self, happening: &Happening) {
        self.clear();
        self.story.told(happening);
        let next = match happening {
            Happening::CallerSpeaks { .. } if self.floor == Floor::Agent => Floor::Contested,
            Happening::CallerSpeaks { .. } | Happening::BargedIn { .. } => Floor::You,
            Happening::Resumed | Happening::AgentStarted { .. } => Floor::Agent,
            Happening::CallerSaid { .. } => Floor::Thinking,
            Happening::AgentStopped { .. } if self.floor == Floor::Agent => Floor::Open,
            Happening::CallerPartial { words, .. } => {
                self.partial.clone_from(words.reveal());
                self.floor
            }
            _ => self.floor,
        };
        if next != self.floor {
            self.floor = next;
            self.partial.clear();
            if !self.live {
                self.say(&format!("         floor    {}", next.words()));
            }
        }
    }

    /// Draws the last line anew.
    pub fn draw(&self, levels: &Levels) {
        if !self.live {
            return;
        }
        let (you, agent) = levels.read();
        let line = format!(
            "\r\x1b[K\x1b[?7l you {} {you:>4} dB   agent {} {agent:>4} dB   {:<28} {}\x1b[?7h",
            bar(you),
            bar(agent),
            self.floor.words(),
            self.partial
        );
        let mut out = std::io::stdout();
        drop(out.write_all(line.as_bytes()).and_then(|()| out.flush()));
    }

    /// Takes the last line away.
    pub fn clear(&self) {
        if self.live {
            drop(write!(std::io::stdout(), "\r\x1b[K"));
        }
    }
}

impl Floor {
    const fn words(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::You => "you speak",
            Self::Contested => "you speak over the agent",
            Self::Thinking => "the agent thinks",
            Self::Agent => "the agent speaks",
        }
    }
}

/// A level from -60 dBFS, the room, to 0, as ten steps.
fn bar(dbfs: i32) -> String {
    let full = usize::try_from((dbfs + 60) / 6).unwrap_or(0).min(STEPS);
    "▇".repeat(full) + &"·".repeat(STEPS - full)
}

const STEPS: usize = 10;

#[cfg(test)]
mod tests {
    use callwright_model::{SayId, TurnId};

    use super::*;

    #[test]
    fn a_bar_grows_with_the_level() {
        assert_eq!(bar(-100), "··········");
        assert_eq!(bar(-30), "▇▇▇▇▇·····");
        assert_eq!(bar(0), "▇▇▇▇▇▇▇▇▇▇");
    }

    #[test]
    fn the_floor_is_followed_through_an_interruption() {
        let mut screen = Screen::new();
        let (turn, say) = (TurnId(1), SayId(1));
        for (happening, floor) in [
            (Happening::AgentStarted { say }, Floor::Agent),
            (Happening::CallerSpeaks { turn }, Floor::Contested),
            (Happening::Resumed, Floor::Agent),
            (Happening::CallerSpeaks { turn }, Floor::Contested),
            (Happening::BargedIn { turn, say }, Floor::You),
            (
                Happening::AgentStopped {
                    say,
                    share: 0.5,
                    heard: "a".to_owned().into(),
                    unheard: "b".to_owned().into(),
                },
                Floor::You,
            ),
        ] {
            screen.told(&happening);
            assert_eq!(screen.floor, floor, "{happening:?}");
        }
    }
}
