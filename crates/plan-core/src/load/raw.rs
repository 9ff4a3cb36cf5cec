//! The files as they are written. Unknown keys are refused.

use std::fmt;
use std::marker::PhantomData;

use callwright_model::{ActionKind, Idempotency};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde_saphyr::Spanned;

/// A value that knows where it was written.
#[derive(Debug, Clone)]
pub(super) struct Placed<T> {
    pub(super) value: T,
    line: u64,
}

/// A text that knows where it was written.
pub(super) type Text = Placed<String>;

impl<T> Placed<T> {
    pub(super) fn line(&self) -> Option<u32> {
        u32::try_from(self.line).ok().filter(|&line| line > 0)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Placed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, referenced, .. } = Spanned::deserialize(deserializer)?;
        Ok(Self { value, line: referenced.line() })
    }
}

/// A mapping in the order it was written in: inputs are asked for in that order.
#[derive(Debug, Clone)]
pub(super) struct Ordered<T>(pub(super) Vec<(String, T)>);

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = Ordered<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered<T>, A::Error> {
                let mut entries: Vec<(String, T)> = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, T>()? {
                    if entries.iter().any(|(other, _)| *other == name) {
                        return Err(de::Error::custom(format!("`{name}` is there twice")));
                    }
                    entries.push((name, value));
                }
                Ok(Ordered(entries))
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPack {
    pub(super) pack: String,
    // Words and examples are the dialogue's.
    #[expect(dead_code, reason = "read so that it is not refused")]
    pub(super) languages: Vec<String>,
    #[expect(dead_code, reason = "read so that it is not refused")]
    #[serde(default)]
    pub(super) uninterruptible: Vec<String>,
    pub(super) connectors: Vec<String>,
    pub(super) denied: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawActions {
    pub(super) actions: Ordered<RawAction>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAction {
    pub(super) summary: String,
    pub(super) kind: Placed<ActionKind>,
    pub(super) connector: String,
    pub(super) method: Option<String>,
    #[serde(default)]
    pub(super) inputs: Ordered<RawField>,
    #[serde(default)]
    pub(super) outputs: Ordered<RawField>,
    pub(super) verifies: Option<String>,
    #[serde(default)]
    pub(super) context: Ordered<Text>,
    pub(super) idempotency: Option<Idempotency>,
    pub(super) verify: Option<RawUndo>,
    pub(super) timeout_ms: u32,
    #[serde(default)]
    pub(super) retries: u32,
    pub(super) undo: Option<RawUndo>,
}

/// `name: type` or `name: { type: ..., secret: true }`.
#[derive(Debug)]
pub(super) struct RawField {
    pub(super) kind: Text,
    pub(super) secret: bool,
}

impl<'de> Deserialize<'de> for RawField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Long {
            r#type: String,
            #[serde(default)]
            secret: bool,
        }
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = (String, bool);

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a type or a mapping with `type`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<(String, bool), E> {
                Ok((text.to_owned(), false))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(String, bool), A::Error> {
                let Long { r#type, secret } = Long::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok((r#type, secret))
            }
        }
        struct Pair((String, bool));
        impl<'de> Deserialize<'de> for Pair {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(Either).map(Pair)
            }
        }
        let Placed { value: Pair((kind, secret)), line } = Placed::<Pair>::deserialize(deserializer)?;
        Ok(Self { kind: Placed { value: kind, line }, secret })
    }
}

/// `undo: none` or `undo: { action: ..., with: ... }`; `verify` is written likewise.
#[derive(Debug)]
pub(super) enum RawUndo {
    None,
    By { action: String, with: Ordered<Text> },
}

impl<'de> Deserialize<'de> for RawUndo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct By {
            action: String,
            #[serde(default)]
            with: Ordered<Text>,
        }
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = RawUndo;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`none` or a mapping with `action` and `with`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<RawUndo, E> {
                match text {
                    "none" => Ok(RawUndo::None),
                    _ => Err(de::Error::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawUndo, A::Error> {
                let By { action, with } = By::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(RawUndo::By { action, with })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSkill {
    pub(super) skill: String,
    pub(super) summary: String,
    #[serde(default)]
    pub(super) inputs: Ordered<RawInput>,
    pub(super) steps: Vec<RawStep>,
    pub(super) done: Option<String>,
    pub(super) failed: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawInput {
    #[serde(rename = "type")]
    pub(super) kind: Text,
    pub(super) length: Option<u8>,
    pub(super) of: Option<Vec<String>>,
    pub(super) ask: String,
    pub(super) again: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStep {
    pub(super) read: Option<Text>,
    pub(super) write: Option<Text>,
    pub(super) choose: Option<Text>,
    pub(super) confirm: Option<Text>,
    pub(super) answer: Option<Text>,
    pub(super) refuse: Option<Text>,
    pub(super) transfer: Option<Text>,
    pub(super) when: Option<Text>,
    pub(super) with: Option<Ordered<Text>>,
    #[serde(rename = "as")]
    pub(super) as_name: Option<String>,
    pub(super) not_found: Option<Vec<RawNotFound>>,
    pub(super) from: Option<Text>,
    pub(super) most: Option<usize>,
    pub(super) words: Option<String>,
    pub(super) steps: Option<Vec<RawStep>>,
    #[serde(rename = "else")]
    pub(super) otherwise: Option<Vec<RawStep>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawNotFound {
    pub(super) input: String,
    pub(super) words: String,
}

impl RawStep {
    fn kinds(&self) -> [(&'static str, Option<&Text>); 7] {
        [
            ("read", self.read.as_ref()),
            ("write", self.write.as_ref()),
            ("choose", self.choose.as_ref()),
            ("confirm", self.confirm.as_ref()),
            ("answer", self.answer.as_ref()),
            ("refuse", self.refuse.as_ref()),
            ("transfer", self.transfer.as_ref()),
        ]
    }

    /// What it says to do; one, in a step that makes sense.
    pub(super) fn named(&self) -> Vec<&'static str> {
        self.kinds().into_iter().filter(|(_, text)| text.is_some()).map(|(name, _)| name).collect()
    }

    /// Where it stands: at its first word.
    pub(super) fn line(&self) -> Option<u32> {
        self.kinds().into_iter().filter_map(|(_, text)| text).chain(&self.when).filter_map(Placed::line).min()
    }
}
