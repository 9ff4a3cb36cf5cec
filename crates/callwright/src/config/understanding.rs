//! `[understanding]`: what helps the embedded interpreter.

use std::time::Duration;

use callwright_model::{Problem, Secret, SecretRef};

use super::reader::{Reader, Section};
use super::values::{Length, WebAddress, Whole};
use super::{Config, connectors};

/// `[understanding.language_model]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LanguageModel {
    /// Where its API begins: `/chat/completions` is put behind it.
    pub base_url: String,
    /// Its name there.
    pub model: String,
    /// What is sent as a bearer token; a server of one's own may want none.
    pub api_key: Option<SecretRef>,
    /// How long a caller whose words are not clear waits for it.
    pub budget: Duration,
    /// Questions at one time; more are not asked.
    pub at_once: usize,
}

impl LanguageModel {
    /// The key, which is read now.
    ///
    /// # Errors
    /// When it is not there.
    pub fn resolve(&self) -> Result<Option<Secret>, String> {
        self.api_key.as_ref().map(connectors::secret).transpose()
    }
}

pub(super) fn read(reader: &mut Reader, root: &mut Section<'_, '_>) -> Option<LanguageModel> {
    let mut section = reader.section(root, "understanding");
    let mut model = reader.section(&mut section, "language_model");
    let base_url = reader.parse::<WebAddress>(&mut model, "base_url").map(|url| url.0);
    let name = reader.parse::<String>(&mut model, "model").filter(|name| !name.trim().is_empty());
    let api_key = reader.secret(&mut model, "api_key");
    let budget = reader.parse_or(&mut model, "budget", Length(BUDGET)).0;
    let at_once = reader.parse_or(&mut model, "at_once", Whole::<1, AT_ONCE_MAX>(AT_ONCE)).0;
    if base_url.is_some() != name.is_some() {
        let there = if base_url.is_some() { "base_url" } else { "model" };
        let what = "`understanding.language_model.base_url` and `model` belong together".to_owned();
        reader.problem(model.at(there), what);
    }
    if budget < BUDGET_MIN || budget > BUDGET_MAX {
        let what = format!(
            "`understanding.language_model.budget` must be from {} to {} ms",
            BUDGET_MIN.as_millis(),
            BUDGET_MAX.as_millis()
        );
        reader.problem(model.at("budget"), what).help =
            Some("the caller hears nothing for so long when their words are not clear".to_owned());
    }
    reader.close(model);
    reader.close(section);
    let (base_url, model) = base_url.zip(name)?;
    Some(LanguageModel { base_url, model, api_key, budget, at_once })
}

impl Config {
    /// A key that is not there.
    pub(super) fn language_model_fits(&self) -> Vec<Problem> {
        let resolved = self.language_model.as_ref().map(LanguageModel::resolve);
        let error = resolved.and_then(Result::err);
        let place = "understanding.language_model.api_key";
        error.map(|error| self.places.problem(place, error)).into_iter().collect()
    }
}

/// With it an answer comes within 1.2 s where the embedded interpreter alone would have taken half a second.
const BUDGET: Duration = Duration::from_millis(700);
/// No network and model answer sooner.
const BUDGET_MIN: Duration = Duration::from_millis(50);
/// From two seconds on people take a pause on the telephone for a broken line.
const BUDGET_MAX: Duration = Duration::from_millis(2_000);
/// A caller whose words are not clear asks once in some ten seconds.
const AT_ONCE: usize = 16;
const AT_ONCE_MAX: usize = 1_000;
