//! What the callers say, read from YAML. Nothing in it knows the agent: it is only what people say to such an agent.
//!
//! ```yaml
//! conversation: airline
//! summary: A flight is rebooked, others are asked about.
//! turns:                       # in this order, one at a time
//!   - what is the status of flight two one two
//!   - kilo seven | mike four | x-ray two      # a pause where the bar is, if the profile has pauses
//! more:                        # after that, in any order, while there is still something to say over the agent
//!   - can you repeat that please
//! farewell: no thank you, goodbye
//! interruptions: [wait, please say that again]
//! backchannels: [mm-hm]
//! tics: [um]                   # spoken ones; coughs, sneezes, cleared throats and laughs are made besides
//! side_talk: [hold on a second]
//! background: [the weather is nice]           # what the people behind the caller talk about
//! ```

use std::path::Path;

use callwright_model::Problem;
use serde::Deserialize;

/// What the callers say.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conversation {
    /// Its name.
    #[serde(rename = "conversation")]
    pub name: String,
    /// What it is about, for people.
    #[serde(default)]
    pub summary: String,
    /// What is said first, in order.
    pub turns: Vec<String>,
    /// What is said after that, in any order.
    #[serde(default)]
    pub more: Vec<String>,
    /// What is said last.
    pub farewell: String,
    /// Said over the agent, to be heard.
    #[serde(default)]
    pub interruptions: Vec<String>,
    /// Said over the agent, who is to go on.
    #[serde(default)]
    pub backchannels: Vec<String>,
    /// Sounds that mean nothing and have a spelling.
    #[serde(default)]
    pub tics: Vec<String>,
    /// Said to somebody else.
    #[serde(default)]
    pub side_talk: Vec<String>,
    /// Said by others behind the caller.
    #[serde(default)]
    pub background: Vec<String>,
}

impl Conversation {
    /// The built-in one, for the airline.
    ///
    /// # Errors
    /// Never, as a test proves; the file is a part of this program.
    pub fn airline() -> Result<Self, Vec<Problem>> {
        Self::parse("airline.yaml", include_str!("../../../../audio-fixtures/duplex/airline.yaml"))
    }

    /// Reads a conversation.
    ///
    /// # Errors
    /// What is wrong with it, with file and line.
    pub fn load(path: &Path) -> Result<Self, Vec<Problem>> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            vec![Problem::error(&file, None, format!("the conversation cannot be read: {error}"))]
        })?;
        Self::parse(&file, &text)
    }

    fn parse(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let read: Self = serde_saphyr::from_str(text).map_err(|error| {
            let line = error.location().and_then(|at| u32::try_from(at.line()).ok()).filter(|&line| line > 0);
            let what = error.without_snippet().to_string();
            vec![Problem::error(file, line, what.lines().next().unwrap_or("it is not YAML").to_owned())]
        })?;
        if read.turns.is_empty() {
            return Err(vec![Problem::error(file, None, "the conversation has no turns")]);
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_one_has_everything() {
        let airline = Conversation::airline().expect("a good file");
        for (what, said) in [
            ("turns", &airline.turns),
            ("more", &airline.more),
            ("interruptions", &airline.interruptions),
            ("backchannels", &airline.backchannels),
            ("tics", &airline.tics),
            ("side talk", &airline.side_talk),
            ("background", &airline.background),
        ] {
            assert!(said.len() >= 3, "{what}: {said:?}");
        }
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        let bad = "conversation: a\nturns: [hello]\nfarewell: bye\nbackchanels: [mm]\n";
        let problems = Conversation::parse("a.yaml", bad).expect_err("a bad file");
        assert!(problems[0].to_string().contains("backchanels"), "{}", problems[0]);
        let empty = Conversation::parse("a.yaml", "conversation: a\nturns: []\nfarewell: bye\n");
        assert!(empty.expect_err("a bad file")[0].to_string().contains("no turns"));
    }
}
