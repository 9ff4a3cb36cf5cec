//! `[webhook]`: a system that is told of handovers.

use callwright_model::{Problem, Secret, SecretRef};

use super::reader::{Reader, Section};
use super::values::WebAddress;
use super::{Config, connectors};

/// `[webhook]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Where notices are sent.
    pub url: String,
    /// What they are signed with.
    pub secret: SecretRef,
    /// Whether briefings are sent along.
    pub personal: bool,
}

impl Webhook {
    /// The secret, which is read now.
    ///
    /// # Errors
    /// When it is not there, or so short that it could be guessed.
    pub fn resolve(&self) -> Result<Secret, String> {
        let secret = connectors::secret(&self.secret)?;
        if secret.reveal().len() < SECRET_MIN {
            return Err(format!(
                "it has less than {SECRET_MIN} characters: `openssl rand -hex 32` makes a good one"
            ));
        }
        Ok(secret)
    }
}

pub(super) fn read(reader: &mut Reader, root: &mut Section<'_, '_>) -> Option<Webhook> {
    let mut section = reader.section(root, "webhook");
    let url = reader.parse::<WebAddress>(&mut section, "url").map(|url| url.0);
    let secret = reader.secret(&mut section, "secret");
    let personal = reader.parse_or(&mut section, "personal", false);
    if url.is_some() != secret.is_some() {
        let there = if url.is_some() { "url" } else { "secret" };
        let what = "`webhook.url` and `webhook.secret` belong together".to_owned();
        reader.problem(section.at(there), what);
    }
    reader.close(section);
    url.zip(secret).map(|(url, secret)| Webhook { url, secret, personal })
}

impl Config {
    /// A secret that is not there.
    pub(super) fn webhook_fits(&self) -> Vec<Problem> {
        let resolved = self.webhook.as_ref().map(Webhook::resolve);
        let error = resolved.and_then(Result::err);
        error.map(|error| self.places.problem("webhook.secret", error)).into_iter().collect()
    }
}

/// 128 bits as letters.
const SECRET_MIN: usize = 16;
