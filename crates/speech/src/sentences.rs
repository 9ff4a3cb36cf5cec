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
