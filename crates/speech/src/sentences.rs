//! Cuts a text into pieces to synthesise one after the other, so that the first sound comes soon.

/// The sentences of a text in order, none empty, none longer than `bytes_max` by more than a letter or two. A point ends a sentence only before white space and
/// then something that is no small letter, so that `a.m. flight` and `10.15` stay whole.
pub(crate) fn sentences(text: &str, bytes_max: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut space = None;
    let mut places = text.char_indices().peekable();
    while let Some((at, c)) = places.next() {
        let end = at + c.len_utf8();
        let next = places.peek().map(|(_, next)| *next);
        if c.is_whitespace() || matches!(c, ',' | ';' | '、' | '，') {
            space = Some(end);
        }
        let ends = match c {
            '\n' | '。' | '！' | '？' => true,
            '.' | '!' | '?' | '…' => {
                next.is_none_or(char::is_whitespace)
                    && !text[end..].trim_start().starts_with(|c: char| c.is_lowercase())
                    && (c != '.' || !is_abbreviated(&text[start..at]))
            }
            _ => false,
        };
        let cut = if ends {
            Some(end)
        } else if end - start >= bytes_max {
            Some(space.filter(|space| *space > start).unwrap_or(end))
        } else {
            None
        };
        if let Some(cut) = cut {
            pieces.push(&text[start..cut]);
            start = cut;
            space = None;
        }
    }
    pieces.push(&text[start..]);
    pieces.iter().map(|piece| piece.trim()).filter(|piece| piece.contains(char::is_alphanumeric)).collect()
}

/// The words of a text, counted as every part of the project counts them, and where each ends.
pub(crate) struct Words<'a> {
    text: &'a str,
    ends: Vec<usize>,
}

impl<'a> Words<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        let end = |word: &str| place(text, word) + word.len();
        Self { text, ends: text.split_whitespace().map(end).collect() }
    }

    /// How many words are over at this byte of the text.
    pub(crate) fn over_at(&self, byte: usize) -> u16 {
        u16::try_from(self.ends.partition_point(|end| *end <= byte)).unwrap_or(u16::MAX)
    }

    /// For each word of a piece of the text: how many of the text's words are over when it is.
    pub(crate) fn inside(&self, piece: &str) -> Vec<u16> {
        piece.split_whitespace().map(|word| self.over_at(place(self.text, word) + word.len())).collect()
    }
}

/// Where a part of a text begins in it.
fn place(text: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
}

/// Whether a point after `text` belongs to a title or a single letter.
fn is_abbreviated(text: &str) -> bool {
    let word = text.rsplit(|c: char| c.is_whitespace() || c == '.').next().unwrap_or_default();
    let single = word.chars().count() == 1 && word.chars().all(char::is_alphabetic);
    single || TITLES.contains(&word)
}

const TITLES: [&str; 8] = ["Mr", "Mrs", "Ms", "Dr", "St", "Sr", "Sra", "No"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_is_cut_where_one_would_breathe() {
        for (text, wanted) in [
            ("Hello. How can I help?", &["Hello.", "How can I help?"][..]),
            (
                "It leaves at 10.15 a.m. from gate B. Shall I book it?",
                &["It leaves at 10.15 a.m. from gate B. Shall I book it?"],
            ),
            ("Dr. Kim will call. Goodbye!", &["Dr. Kim will call.", "Goodbye!"]),
            ("안녕하세요. 무엇을 도와드릴까요?", &["안녕하세요.", "무엇을 도와드릴까요?"]),
            ("はい。どうぞ。", &["はい。", "どうぞ。"]),
            (" ... ", &[]),
        ] {
            assert_eq!(sentences(text, 300), wanted, "{text}");
        }
        assert_eq!(sentences("one two, three four", 12), ["one two,", "three four"]);
    }

    #[test]
    fn words_of_a_piece_are_counted_from_the_start_of_the_text() {
        let text = "Hello  there. ... How are,you? -";
        let words = Words::of(text);
        let inside: Vec<_> = sentences(text, 300).iter().map(|piece| words.inside(piece)).collect();
        assert_eq!(inside, [vec![1, 2], vec![4, 5]]);
        assert_eq!(words.over_at(text.len()), 6, "the dash is over with the text");
        assert_eq!(words.inside(&text[18..26]), [4, 4], "half a word is none");
    }

    proptest! {
        #[test]
        fn no_letter_is_lost_and_no_piece_is_too_long(text in "\\PC{0,200}", bytes_max in 8_usize..100) {
            let pieces = sentences(&text, bytes_max);
            let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
            prop_assert_eq!(letters(&pieces.concat()), letters(&text));
            prop_assert!(pieces.iter().all(|piece| piece.len() < bytes_max + 8));
        }
    }
}
