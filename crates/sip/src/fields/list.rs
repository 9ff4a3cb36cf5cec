//! Values that stand in a list, each with parameters: `<sip:a@b>;x=1, "c, d" <sip:c@d>`.

/// One value of a list.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Item<'a> {
    /// What stands before the parameters.
    pub(crate) value: &'a str,
    parameters: &'a str,
}

impl<'a> Item<'a> {
    /// The value of a parameter, without quotes.
    pub(crate) fn parameter(&self, name: &str) -> Option<&'a str> {
        Self::parameter_of(self.parameters, name)
    }

    /// The value of a parameter in a text that has some.
    pub(crate) fn parameter_of(text: &'a str, name: &str) -> Option<&'a str> {
        pieces(text, ';').find_map(|parameter| {
            let (found, value) = parameter.split_once('=')?;
            found.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
        })
    }

    /// The address, without its brackets and the name before them.
    pub(crate) fn address(&self) -> Option<&'a str> {
        let address = match pieces(self.value, '<').nth(1) {
            Some(after) => after.split_once('>')?.0,
            None => self.value,
        };
        is_plain(address).then_some(address)
    }
}

/// The values of a list, without empty ones.
pub(crate) fn items(list: &str) -> impl Iterator<Item = Item<'_>> {
    pieces(list, ',').map(str::trim).filter(|item| !item.is_empty()).map(|item| {
        let value = pieces(item, ';').next().unwrap_or_default();
        Item { value: value.trim(), parameters: item.get(value.len() + 1..).unwrap_or_default() }
    })
}

/// Cuts at a character that stands neither in quotes nor in angle brackets.
pub(crate) fn pieces(text: &str, at: char) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let (mut in_quotes, mut in_brackets, mut escaped) = (false, false, false);
        for (place, character) in text.char_indices() {
            if character == at && !in_quotes && !in_brackets {
                rest = Some(&text[place + character.len_utf8()..]);
                return Some(&text[..place]);
            }
            match character {
                _ if escaped => escaped = false,
                '\\' if in_quotes => escaped = true,
                '"' => in_quotes = !in_quotes,
                '<' if !in_quotes => in_brackets = true,
                '>' if !in_quotes => in_brackets = false,
                _ => {}
            }
        }
        rest = None;
        Some(text)
    })
}

/// Whether a text can stand in angle brackets, and cannot begin another header.
pub(super) fn is_plain(uri: &str) -> bool {
    uri.contains(':')
        && !uri.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | '"'))
}

/// A value that is a token, or else in quotes.
pub(super) fn safe(value: &str) -> String {
    let token = |c: char| c.is_ascii_alphanumeric() || "-.!%*_+`'~".contains(c);
    if !value.is_empty() && value.chars().all(token) { value.to_owned() } else { quoted(value) }
}

/// A text in quotes, without what could end them or the line.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.chars().filter(|c| is_quotable(*c)).collect::<String>())
}

/// Whether a character can stand in quotes as it is.
pub(super) fn is_quotable(character: char) -> bool {
    !character.is_control() && !matches!(character, '"' | '\\')
}
