//! What recognisers do to words: they drop some, run some together, and take some for others that sound like them.

use std::collections::BTreeMap;

use super::random::Random;
use crate::sounds::Sounds;

/// A language's noise: its sounds, and words that others may be taken for.
#[derive(Debug)]
pub(super) struct Noise {
    sounds: Sounds,
    /// Words by how they sound.
    alike: BTreeMap<String, Vec<String>>,
}

impl Noise {
    pub(super) fn new<'w>(sounds: &Sounds, words: impl Iterator<Item = &'w str>) -> Self {
        let mut alike: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut key = String::new();
        for word in words {
            sounds.key(word, &mut key);
            let same = alike.entry(key.clone()).or_default();
            if !same.iter().any(|known| known == word) {
                same.push(word.to_owned());
            }
        }
        Self { sounds: sounds.clone(), alike }
    }

    /// Folded words, of which so many percent are damaged, a third of these in each way. At least one word is left.
    pub(super) fn damaged(&self, folded: &str, percent: u8, random: &mut Random) -> String {
        let mut heard = String::with_capacity(folded.len() + 8);
        let mut together = false;
        for word in folded.split(' ') {
            let way = random.percent(percent).then(|| random.below(3));
            if way == Some(0) {
                continue;
            }
            if !heard.is_empty() && !together {
                heard.push(' ');
            }
            together = way == Some(1);
            match way {
                Some(2) => heard.push_str(&self.taken_for(word, random)),
                Some(_) | None => heard.push_str(word),
            }
        }
        if heard.is_empty() { folded.split(' ').next().unwrap_or_default().to_owned() } else { heard }
    }

    /// A word that sounds like this one, or nearly.
    fn taken_for(&self, word: &str, random: &mut Random) -> String {
        let mut key = String::new();
        self.sounds.key(word, &mut key);
        let first = key.chars().next().map(String::from).unwrap_or_default();
        let near = self.alike.range(first.clone()..).take_while(|(other, _)| other.starts_with(&first));
        let near = near.filter(|(other, _)| strsim::levenshtein(other, &key) <= 1);
        let words: Vec<&String> = near.flat_map(|(_, words)| words).filter(|other| *other != word).collect();
        if let Some(other) = random.pick(&words) {
            return (*other).clone();
        }
        if let Some(respelled) = self.sounds.respelled(word, |ways| random.below(ways)) {
            return respelled;
        }
        // No sound of it is in the table: one letter of it is missed.
        let count = word.chars().count();
        let gone = random.below(count);
        word.chars().enumerate().filter(|(at, _)| count == 1 || *at != gone).map(|(_, c)| c).collect()
    }
}

#[cfg(test)]
mod tests {
    use callwright_model::Language;

    use super::*;
    use crate::lexicon;

    #[test]
    fn noise_damages_about_as_many_words_as_it_is_told_to() {
        let sounds = &lexicon::of(Language::EN).expect("English is there").sounds;
        let noise = Noise::new(sounds, ["fare", "fair", "flight", "late", "light"].into_iter());
        let said = "please move me to a later flight as the fare is fair";
        let mut random = Random::new(7);
        let mut whole = 0;
        for _ in 0..1_000 {
            let heard = noise.damaged(said, 15, &mut random);
            assert!(!heard.is_empty());
            let kept: Vec<&str> = heard.split(' ').collect();
            whole += said.split(' ').filter(|word| kept.contains(word)).count();
        }
        // Words that run together take their neighbour with them.
        let share = whole as f64 / 12_000.0;
        assert!((0.78..0.90).contains(&share), "{share}");
        assert_eq!(noise.damaged(said, 0, &mut random), said);
        assert_eq!(noise.damaged("fare", 100, &mut random).split(' ').count(), 1);
        assert_eq!(noise.damaged("", 100, &mut random), "");
    }

    #[test]
    fn a_word_is_taken_for_one_that_sounds_like_it() {
        let sounds = &lexicon::of(Language::EN).expect("English is there").sounds;
        let noise = Noise::new(sounds, ["fare", "fair", "seat"].into_iter());
        assert_eq!(noise.taken_for("fare", &mut Random::new(1)), "fair");
    }
}
