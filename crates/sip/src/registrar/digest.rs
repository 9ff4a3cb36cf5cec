//! Digest authentication as a server (RFC 7616, in SIP: RFC 3261 section 22 and RFC 8760).

use std::fmt::Write;

use callwright_model::Pii;
use md5::Md5;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::fields::list::pieces;

/// A hash that both ends know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DigestAlgorithm {
    /// SHA-256.
    Sha256,
    /// MD5, broken for other uses; many phones know nothing else.
    Md5,
}

/// What a user proves to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// The password.
    Password(Pii<String>),
    /// The hash of name, realm and password (`HA1`) in hexadecimal: by MD5 32 digits long, by SHA-256 64.
    Ha1(Pii<String>),
}

/// The proof in an `Authorization` header.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Proof {
    pub(crate) user: String,
    pub(crate) realm: String,
    pub(crate) nonce: String,
    pub(crate) uri: String,
    pub(crate) algorithm: DigestAlgorithm,
    pub(crate) count: u32,
    count_text: String,
    cnonce: String,
    response: String,
}

impl DigestAlgorithm {
    /// All there are, the best first.
    pub const ALL: [Self; 2] = [Self::Sha256, Self::Md5];

    const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Md5 => "MD5",
        }
    }

    /// The algorithm of a name, as challenges write it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }

    pub(crate) fn hash(self, text: &str) -> String {
        match self {
            Self::Sha256 => hexadecimal(&Sha256::digest(text)),
            Self::Md5 => hexadecimal(&Md5::digest(text)),
        }
    }
}

impl Secret {
    /// By what a user can prove it, the best first.
    pub(crate) fn algorithms(&self) -> &'static [DigestAlgorithm] {
        match self {
            Self::Password(_) => &DigestAlgorithm::ALL,
            Self::Ha1(hash) if hash.reveal().len() == 32 => &[DigestAlgorithm::Md5],
            Self::Ha1(_) => &[DigestAlgorithm::Sha256],
        }
    }

    /// Whether it can be one: a hash has its length and is hexadecimal.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        match self {
            Self::Password(password) => !password.reveal().is_empty(),
            Self::Ha1(hash) => {
                matches!(hash.reveal().len(), 32 | 64)
                    && hash.reveal().bytes().all(|byte| byte.is_ascii_hexdigit())
            }
        }
    }

    fn ha1(&self, user: &str, realm: &str, algorithm: DigestAlgorithm) -> Option<String> {
        match self {
            Self::Password(password) => {
                Some(algorithm.hash(&format!("{user}:{realm}:{}", password.reveal())))
            }
            Self::Ha1(hash) => {
                self.algorithms().contains(&algorithm).then(|| hash.reveal().to_ascii_lowercase())
            }
        }
    }
}

impl Proof {
    /// Reads the value of an `Authorization` header; `None` for what we did not ask for: another scheme, another hash, no `qop`.
    pub(crate) fn read(value: &str) -> Option<Self> {
        let (scheme, rest) = value.trim().split_once(char::is_whitespace)?;
        if !scheme.eq_ignore_ascii_case("digest") || value.len() > VALUE_MAX {
            return None;
        }
        let parameter = |wanted: &str| {
            pieces(rest, ',').find_map(|piece| {
                let (name, value) = piece.split_once('=')?;
                name.trim().eq_ignore_ascii_case(wanted).then(|| unquoted(value.trim()))
            })
        };
        let count_text = parameter("nc").filter(|count| count.len() == 8)?;
        (parameter("qop")?.eq_ignore_ascii_case("auth")).then_some(())?;
        Some(Self {
            user: parameter("username")?,
            realm: parameter("realm")?,
            nonce: parameter("nonce")?,
            uri: parameter("uri")?,
            algorithm: parameter("algorithm")
                .map_or(Some(DigestAlgorithm::Md5), |name| DigestAlgorithm::named(&name))?,
            count: u32::from_str_radix(&count_text, 16).ok().filter(|count| *count > 0)?,
            count_text,
            cnonce: parameter("cnonce").filter(|cnonce| !cnonce.is_empty())?,
            response: parameter("response")?,
        })
    }

    /// Whether whoever made it knows the secret. Takes as long for a user that there is not.
    pub(crate) fn holds(&self, secret: Option<&Secret>, method: &str) -> bool {
        let known = secret.and_then(|secret| secret.ha1(&self.user, &self.realm, self.algorithm));
        let nobody = || self.algorithm.hash(&format!("{}:{}:", self.user, self.realm));
        let exists = known.is_some();
        let ha1 = known.unwrap_or_else(nobody);
        let ha2 = self.algorithm.hash(&format!("{method}:{}", self.uri));
        let Self { nonce, count_text, cnonce, response, algorithm, .. } = self;
        let wanted = algorithm.hash(&format!("{ha1}:{nonce}:{count_text}:{cnonce}:auth:{ha2}"));
        let equal: bool = wanted.as_bytes().ct_eq(response.to_ascii_lowercase().as_bytes()).into();
        equal && exists
    }
}

/// The value of a `WWW-Authenticate` header.
pub(crate) fn challenge(realm: &str, nonce: &str, algorithm: DigestAlgorithm, stale: bool) -> String {
    let stale = if stale { ", stale=true" } else { "" };
    format!(
        "Digest realm=\"{realm}\", nonce=\"{nonce}\", algorithm={}, qop=\"auth\"{stale}",
        algorithm.name()
    )
}

fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) else {
        return value.to_owned();
    };
    let mut text = String::with_capacity(inner.len());
    let mut escaped = false;
    for character in inner.chars() {
        if character == '\\' && !escaped {
            escaped = true;
        } else {
            escaped = false;
            text.push(character);
        }
    }
    text
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Real ones have about 300 characters.
const VALUE_MAX: usize = 2_048;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The example of RFC 7616 section 3.9.1, with both hashes.
    fn example(algorithm: &str, response: &str) -> String {
        format!(
            "Digest username=\"Mufasa\",\r\n realm=\"http-auth@example.org\", uri=\"/dir/index.html\", algorithm={algorithm}, \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, \
             cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, response=\"{response}\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        )
    }

    const MD5: &str = "8ca523f5e9506fed4657c9700eebdbec";
    const SHA: &str = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";

    #[test]
    fn the_examples_of_the_rfc_hold_and_nothing_else_does() {
        let right = Secret::Password(Pii::new("Circle of Life".to_owned()));
        let wrong = Secret::Password(Pii::new("circle of life".to_owned()));
        for (algorithm, response) in [("MD5", MD5), ("SHA-256", SHA)] {
            let proof = Proof::read(&example(algorithm, response)).expect("it reads");
            assert!(proof.holds(Some(&right), "GET"), "{algorithm}");
            assert!(!proof.holds(Some(&wrong), "GET"));
            assert!(!proof.holds(Some(&right), "POST"));
            assert!(!proof.holds(None, "GET"));
            let ha1 = proof.algorithm.hash("Mufasa:http-auth@example.org:Circle of Life");
            let hashed = Secret::Ha1(Pii::new(ha1.to_uppercase()));
            assert!(hashed.is_well_formed() && proof.holds(Some(&hashed), "GET"), "{algorithm}");
        }
        let md5 = Proof::read(&example("MD5", MD5)).expect("it reads");
        assert!(!md5.holds(Some(&Secret::Ha1(Pii::new("0".repeat(64)))), "GET"));
    }

    #[test]
    fn what_was_not_asked_for_is_no_proof() {
        let good = example("MD5", MD5);
        assert!(Proof::read(&good).is_some());
        for spoiled in [
            good.replace("Digest", "Basic"),
            good.replace("algorithm=MD5", "algorithm=MD5-sess"),
            good.replace("qop=auth", "qop=auth-int"),
            good.replace("qop=auth, ", ""),
            good.replace("nc=00000001", "nc=1"),
            good.replace("nc=00000001", "nc=00000000"),
            good.replace("nc=00000001", "nc=xxxxxxxx"),
            good.replace("cnonce", "xnonce"),
            good.replace("username", "userhash"),
            format!("{good}, x=\"{}\"", "y".repeat(3_000)),
        ] {
            assert_eq!(Proof::read(&spoiled), None, "{spoiled}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn junk_is_never_a_panic_and_never_a_proof(junk in "\\PC{0,80}") {
            let secret = Secret::Password(Pii::new("x".to_owned()));
            for text in [junk.clone(), format!("Digest {junk}"), example("MD5", &junk)] {
                if let Some(proof) = Proof::read(&text) {
                    prop_assert!(!proof.holds(Some(&secret), "REGISTER"));
                }
            }
        }
    }
}
