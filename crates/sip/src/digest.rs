//! Challenges of servers that ask who we are (RFC 3261 section 22, RFC 7616, RFC 8760).
//!
//! The library answers a challenge, but it reads only the first of several, only one in a header, and none that leaves a choice of
//! protection. So it is shown the best one, in the plainest words.

use rsipstack::sip::prelude::HasHeaders;
use rsipstack::sip::{Header, Response, StatusCode};

/// A challenge that we can answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Challenge {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: Algorithm,
    qop: bool,
    stale: bool,
}

/// Hashes that we can do, the weaker one first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Algorithm {
    Md5,
    Sha256,
}

/// Leaves of all challenges in a 401 or 407 the best one that can be answered. Where none can, none is left, and the refusal
/// stands as it is.
pub(crate) fn keep_the_best(response: &mut Response) {
    let proxy = match response.status_code {
        StatusCode::Unauthorized => false,
        StatusCode::ProxyAuthenticationRequired => true,
        _ => return,
    };
    let best = asked(response).into_iter().flat_map(|value| challenges(&value)).fold(None, better);
    let headers = response.headers_mut();
    headers.retain(|header| !matches!(header, Header::WwwAuthenticate(_) | Header::ProxyAuthenticate(_)));
    let Some(best) = best else { return };
    let value = best.to_string();
    headers.push(if proxy {
        Header::ProxyAuthenticate(value.into())
    } else {
        Header::WwwAuthenticate(value.into())
    });
}

/// Whether a refusal has a challenge that can be answered, after [`keep_the_best`].
pub(crate) fn is_answerable(response: &Response) -> bool {
    !asked(response).is_empty()
}

/// A proof of the library's as RFC 7616 and RFC 8760 write it: `qop` without quotes, and the hash by its name.
pub(crate) fn mended(proof: &str) -> String {
    proof.replacen("qop=\"auth\"", "qop=auth", 1).replacen("algorithm=SHA256", "algorithm=SHA-256", 1)
}

fn asked(response: &Response) -> Vec<String> {
    let headers = response.headers().iter();
    let values = headers.filter_map(|header| match header {
        Header::WwwAuthenticate(challenge) => Some(challenge.value()),
        Header::ProxyAuthenticate(challenge) => Some(challenge.value()),
        _ => None,
    });
    values.map(str::to_owned).collect()
}

/// Of equals the first: servers put what they like best first.
fn better(best: Option<Challenge>, next: Challenge) -> Option<Challenge> {
    match best {
        Some(best) if best.algorithm >= next.algorithm => Some(best),
        Some(_) | None => Some(next),
    }
}

/// The challenges in one header that can be answered: `Digest realm="a", nonce="b", Digest realm=...`.
fn challenges(value: &str) -> Vec<Challenge> {
    let mut found: Vec<Vec<(String, String)>> = Vec::new();
    let mut digest = false;
    for item in split_outside_quotes(value).into_iter().map(str::trim).filter(|item| !item.is_empty()) {
        let (name, rest) = item.split_once('=').unwrap_or((item, ""));
        // A scheme stands before the first parameter of its challenge.
        let name = match name.trim().rsplit_once(char::is_whitespace) {
            Some((scheme, name)) => {
                digest = scheme.trim().eq_ignore_ascii_case("digest");
                if digest {
                    found.push(Vec::new());
                }
                name
            }
            None => name.trim(),
        };
        if let Some(parameters) = found.last_mut().filter(|_| digest) {
            parameters.push((name.to_ascii_lowercase(), unquoted(rest.trim()).to_owned()));
        }
    }
    found.iter().filter_map(|parameters| Challenge::of(parameters)).collect()
}

impl Challenge {
    fn of(parameters: &[(String, String)]) -> Option<Self> {
        let value =
            |name: &str| parameters.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str());
        let algorithm = match value("algorithm").map(str::to_ascii_uppercase).as_deref() {
            None | Some("" | "MD5") => Algorithm::Md5,
            Some("SHA-256") => Algorithm::Sha256,
            // Sessions (`-sess`) and truncated hashes: the library cannot do them.
            Some(_) => return None,
        };
        let qop = match value("qop") {
            None | Some("") => false,
            Some(choices) if choices.split(',').any(|choice| choice.trim().eq_ignore_ascii_case("auth")) => {
                true
            }
            // Only protection of bodies is taken, which we do not do.
            Some(_) => return None,
        };
        Some(Self {
            realm: value("realm")?.to_owned(),
            nonce: value("nonce")?.to_owned(),
            opaque: value("opaque").map(str::to_owned),
            algorithm,
            qop,
            stale: value("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
        })
    }
}

impl std::fmt::Display for Challenge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let algorithm = match self.algorithm {
            Algorithm::Md5 => "MD5",
            // The library's word for it; [`mended`] puts the RFC's into what goes out.
            Algorithm::Sha256 => "SHA256",
        };
        write!(f, "Digest realm=\"{}\", nonce=\"{}\", algorithm={algorithm}", self.realm, self.nonce)?;
        if let Some(opaque) = &self.opaque {
            write!(f, ", opaque=\"{opaque}\"")?;
        }
        if self.qop {
            write!(f, ", qop=\"auth\"")?;
        }
        if self.stale {
            write!(f, ", stale=true")?;
        }
        Ok(())
    }
}

fn split_outside_quotes(value: &str) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    value
        .split(|c: char| {
            let ends = c == ',' && !quoted;
            (quoted, escaped) = match c {
                _ if escaped => (quoted, false),
                '\\' => (quoted, quoted),
                '"' => (!quoted, false),
                _ => (quoted, false),
            };
            ends
        })
        .take(PARAMETERS_MAX)
        .collect()
}

/// The text between quotes. What was escaped in it stays so: it is put between quotes again.
fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

/// A dozen challenges with all that there is.
const PARAMETERS_MAX: usize = 128;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn best(value: &str) -> Option<String> {
        challenges(value).into_iter().fold(None, better).map(|best| best.to_string())
    }

    #[test]
    fn the_best_challenge_that_we_can_do_is_kept() {
        let md5 = r#"Digest realm="a", nonce="n", algorithm=MD5"#;
        for (value, expected) in [
            (r#"Digest realm="a", nonce="n""#, Some(md5)),
            (r#"digest  Realm=a,NONCE=n ,algorithm="md5""#, Some(md5)),
            (
                r#"Digest realm="a", nonce="n", qop="auth,auth-int", opaque="o""#,
                Some(r#"Digest realm="a", nonce="n", algorithm=MD5, opaque="o", qop="auth""#),
            ),
            (
                r#"Digest realm="a, b", nonce="n", algorithm=MD5, Digest realm="a", nonce="m", algorithm=SHA-256, qop="auth", stale=TRUE"#,
                Some(r#"Digest realm="a", nonce="m", algorithm=SHA256, qop="auth", stale=true"#),
            ),
            (r#"Digest realm="a", nonce="x", algorithm=SHA-512-256, Digest realm="a", nonce="n""#, Some(md5)),
            (r#"Basic realm="x", Digest realm="a", nonce="n""#, Some(md5)),
            (r#"Digest realm="a", nonce="n", Basic realm="x""#, Some(md5)),
            (
                r#"Digest realm="q \" , r", nonce="n""#,
                Some(r#"Digest realm="q \" , r", nonce="n", algorithm=MD5"#),
            ),
            (r#"Digest realm="a", nonce="n", algorithm=MD5-sess"#, None),
            (r#"Digest realm="a", nonce="n", qop="auth-int""#, None),
            (r#"Digest realm="a""#, None),
            (r#"Basic realm="a""#, None),
            ("", None),
        ] {
            assert_eq!(best(value).as_deref(), expected, "{value}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn junk_in_a_challenge_never_panics(value in "(Digest |Basic )?(\\PC{0,6}|realm=|nonce=|qop=|,|\"|\\\\){0,30}") {
            for challenge in challenges(&value) {
                // What is made of it is read as the same again.
                let again = challenges(&challenge.to_string());
                prop_assert!(again.len() <= 1, "{}", challenge);
            }
        }
    }
}
