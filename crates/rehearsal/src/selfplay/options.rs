//! What is played.

use std::fmt;
use std::str::FromStr;

use callwright_model::Language;

/// What is played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// In which languages.
    pub languages: Vec<Language>,
    /// How many games in each; a multiple of [`TRIES`], or the rest is left out.
    pub games: u32,
    /// The seed: the same games for the same one.
    pub seed: u64,
    /// What becomes of words on their way.
    pub noise: Noise,
}

/// What becomes of words on their way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Noise {
    /// Nothing.
    None,
    /// What a recogniser on a bad line makes of them.
    Recogniser,
}

/// The name of a game: seed, language and number. With the pack and the noise it plays again as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GameId {
    /// The seed of all games.
    pub seed: u64,
    /// The language.
    pub language: Language,
    /// The number, from 0. Each [`TRIES`] in a row have one goal.
    pub number: u32,
}

impl fmt::Display for GameId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.seed, self.language, self.number)
    }
}

impl FromStr for GameId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no game: write SEED-LANGUAGE-NUMBER, such as 1-es-17");
        let mut parts = text.split('-');
        let (Some(seed), Some(language), Some(number), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong());
        };
        Ok(Self {
            seed: seed.parse().map_err(|_| wrong())?,
            language: language.parse().map_err(|_| wrong())?,
            number: number.parse().map_err(|_| wrong())?,
        })
    }
}

impl FromStr for Noise {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self::None),
            "recogniser" => Ok(Self::Recogniser),
            _ => Err(format!("`{text}` is no noise: write none or recogniser")),
        }
    }
}

/// Games with one goal: all of them must succeed for pass^4.
pub const TRIES: u32 = 4;
