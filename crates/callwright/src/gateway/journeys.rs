//! What is kept of persons: plans by the action core, calls by this gateway.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use callwright_console::{ErasedView, JourneyRefusal, Journeys};
use callwright_model::Pii;
use callwright_wire::actions::{ClientError, Person};
use tokio_stream::StreamExt as _;

use crate::gateway::Shared;
use crate::journey::{ERASED, delete_journals};
use crate::recordings::erase_in;

/// What the console may tell and erase of them.
pub(crate) struct JourneyList {
    pub(crate) shared: Arc<Shared>,
    /// Folder of the journals of calls.
    pub(crate) calls: PathBuf,
    /// Folder of their recordings.
    pub(crate) recordings: PathBuf,
}

#[async_trait]
impl Journeys for JourneyList {
    async fn export(&self, journey: &str) -> Result<Pii<String>, JourneyRefusal> {
        let person = Person::Journey(journey.to_owned());
        let mut lines = self.shared.core.export_journey(person).await.map_err(refusal)?;
        let mut text = String::new();
        while let Some(line) = lines.next().await {
            text.push_str(&line.map_err(refusal)?);
            text.push('\n');
            if text.len() > EXPORT_BYTES_MAX {
                let reason =
                    "it is too long for one answer; `callwright journey export` has no limit".to_owned();
                return Err(JourneyRefusal::Unavailable { reason });
            }
        }
        Ok(Pii::new(text))
    }

    async fn erase(&self, journey: &str) -> Result<ErasedView, JourneyRefusal> {
        let person = Person::Journey(journey.to_owned());
        let erased = self.shared.core.erase_journey(person).await.map_err(refusal)?;
        let (journals, recordings, calls) = (self.calls.clone(), self.recordings.clone(), erased.calls);
        let delete = move || {
            let deleted = delete_journals(&journals, &calls)?;
            erase_in(&recordings, &calls, ERASED)?;
            anyhow::Ok(deleted)
        };
        let deleted = tokio::task::spawn_blocking(delete).await;
        let failed = |reason: String| JourneyRefusal::Unavailable { reason };
        let calls = deleted.map_err(|error| failed(error.to_string()))?;
        let calls =
            calls.map_err(|error| failed(format!("the plans are erased; of the calls: {error:#}")))?;
        Ok(ErasedView { plans: erased.plans, calls, open: erased.open })
    }
}

fn refusal(error: ClientError) -> JourneyRefusal {
    match error {
        ClientError::NotFound(_) => JourneyRefusal::Unknown,
        ClientError::Invalid(reason) => JourneyRefusal::Invalid { reason },
        ClientError::NotReady(_)
        | ClientError::Forbidden(_)
        | ClientError::Unavailable(_)
        | ClientError::Busy(_)
        | ClientError::Protocol(_) => JourneyRefusal::Unavailable { reason: error.to_string() },
    }
}

/// A person with thousands of plans; what is longer is no answer to hold in memory.
const EXPORT_BYTES_MAX: usize = 16 << 20;
