//! What the library's parser takes although it is wrong, and what it does not take although it is right (RFC 4475).

/// What is wrong with a request: a status and its words.
pub(crate) fn flaw(head: &str) -> Option<(u16, &'static str)> {
    let mut lines = head.lines();
    let mut words = lines.next()?.split(' ');
    let (Some(_), Some(uri), Some(_), None) = (words.next(), words.next(), words.next(), words.next()) else {
        return Some((400, "Request Line Is Not Three Words"));
    };
    if uri.starts_with('<') || uri.contains('?') {
        return Some((400, "Bad Request-URI"));
    }
    let Some((scheme, rest)) = uri.split_once(':') else { return Some((400, "Bad Request-URI")) };
    if !["sip", "sips"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return Some((416, "Unsupported URI Scheme"));
    }
    let host = rest.rsplit('@').next().unwrap_or_default();
    // An address of version 6 stands in brackets (RFC 5118 section 4.2).
    if !host.starts_with('[') && host.split(';').next().unwrap_or_default().matches(':').count() > 1 {
        return Some((400, "Bad Request-URI"));
    }
    lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is = |names: [&str; 2]| names.iter().any(|it| name.trim().eq_ignore_ascii_case(it));
        let open = is(["To", "t"]) || is(["From", "f"]) || is(["Contact", "m"]);
        if open && marks(value).last().is_some_and(|(_, quoted)| quoted) {
            return Some((400, "Quotes Do Not End"));
        }
        let empty = |value: &str| value.split(';').any(|part| part.trim().trim_matches(',').is_empty());
        (is(["Via", "v"]) && empty(value)).then_some((400, "Bad Via"))
    })
}

/// Whether there are characters that no header field has: a line end that is half of one is read as the end of a field by some and
/// not by others, which lets a field hide in another.
pub(crate) fn has_controls(head: &str) -> bool {
    head.split("\r\n").any(|line| line.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t'))
}

/// The same head with folded lines joined, and without white space around the marks of parameters; `None` when there is none.
pub(crate) fn tidied(head: &str) -> Option<String> {
    let joined = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let mut lines = Vec::new();
    for (number, line) in joined.split("\r\n").enumerate() {
        let name = line.split(':').next().unwrap_or_default().trim().to_ascii_lowercase();
        let has_parameters =
            matches!(name.as_str(), "to" | "t" | "from" | "f" | "contact" | "m" | "via" | "v");
        lines.push(if number > 0 && has_parameters { tight(line) } else { line.to_owned() });
    }
    let tidied = lines.join("\r\n");
    (tidied != head).then_some(tidied)
}

/// Without white space around `;` and `=`, where they are not in quotes.
fn tight(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut after_mark = false;
    for (character, quoted) in marks(line) {
        let mark = !quoted && matches!(character, ';' | '=');
        if mark {
            out.truncate(out.trim_end_matches([' ', '\t']).len());
        } else if after_mark && matches!(character, ' ' | '\t') {
            continue;
        }
        after_mark = mark;
        out.push(character);
    }
    out
}

/// The characters of a value, and whether they stand in quotes (the last quote itself does not).
fn marks(value: &str) -> impl Iterator<Item = (char, bool)> {
    let (mut quoted, mut escaped) = (false, false);
    value.chars().map(move |character| {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        (character, quoted)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn folds_and_spaces_go_and_quotes_stay() {
        for (head, expected) in [
            (
                "A b c\r\nFrom: \"x ; y\"\r\n <sip:a@b> ;\r\n tag = 1",
                Some("A b c\r\nFrom: \"x ; y\" <sip:a@b>;tag=1"),
            ),
            ("A b c\r\nFrom: <sip:a@b>;tag=1\r\nSubject: a ; b", None),
        ] {
            assert_eq!(tidied(head).as_deref(), expected);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn junk_never_panics_and_what_is_tidy_stays(head in "(\\PC|\r\n|\r\n |;|=|\"|From:|Via:){0,40}") {
            let _ = flaw(&head);
            if let Some(tidy) = tidied(&head) {
                prop_assert!(tidied(&tidy).is_none() || tidied(&tidy).is_some_and(|again| again.len() < tidy.len()));
            }
        }
    }
}
