//! Call events as server-sent events.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use callwright_model::CallId;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, broadcast, watch};

use crate::access;
use crate::event::CallFact;
use crate::hub::{Numbered, Subscription, Told};
use crate::problem::Problem;
use crate::router::App;

#[derive(Deserialize)]
pub(crate) struct Which {
    call: Option<String>,
}

pub(crate) async fn events(
    State(app): State<App>,
    Query(Which { call }): Query<Which>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let call = call.map(|text| text.parse::<CallId>().map_err(|_| no_such_call())).transpose()?;
    match call {
        Some(call) if !app.ports.events.knows(call) => return Err(no_such_call()),
        Some(_) => {}
        None => access::operator(&app.config, &headers)?,
    }
    let permit = app.streams.clone().try_acquire_owned().map_err(|_| {
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "as many event streams as allowed are open",
            "close one, or try again shortly",
        )
        .retry_after(10)
    })?;
    let after = headers
        .get(HeaderName::from_static("last-event-id"))
        .and_then(|id| id.to_str().ok()?.parse().ok())
        .unwrap_or(0);
    let Subscription { so_far, live } = app.ports.events.subscribe(call, after);
    let follower =
        Follower { call, waiting: so_far.into(), live, stopping: app.stopping, over: false, _permit: permit };
    let stream = stream::unfold(follower, |mut follower| async move {
        let event = follower.next().await?;
        Some((Ok::<_, Infallible>(event), follower))
    });
    let headers = [(header::CACHE_CONTROL, "no-store"), (HeaderName::from_static("x-accel-buffering"), "no")];
    Ok((headers, Sse::new(stream).keep_alive(KeepAlive::default())).into_response())
}

/// One client of the stream.
struct Follower {
    call: Option<CallId>,
    waiting: VecDeque<Arc<Numbered>>,
    live: broadcast::Receiver<Told>,
    stopping: watch::Receiver<bool>,
    /// The one call that is followed has ended and said so.
    over: bool,
    _permit: OwnedSemaphorePermit,
}

impl Follower {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if self.over {
                return None;
            }
            if let Some(numbered) = self.waiting.pop_front() {
                if self.call.is_some() && matches!(numbered.event.fact, CallFact::CallEnded { .. }) {
                    self.over = true;
                }
                return Some(event_of(&numbered));
            }
            let received = tokio::select! {
                // A router without a server has a closed channel here and goes on.
                Ok(_) = self.stopping.wait_for(|stopping| *stopping) => return None,
                received = self.live.recv() => received,
            };
            match received {
                Ok(Told::Call(numbered)) if self.call.is_none_or(|call| call == numbered.event.call) => {
                    self.waiting.push_back(numbered);
                }
                Ok(Told::Trunk(event)) if self.call.is_none() => return Some(named("trunk", &*event)),
                Ok(Told::Callback(event)) if self.call.is_none() => return Some(named("callback", &*event)),
                Ok(Told::Call(_) | Told::Trunk(_) | Told::Callback(_)) => {}
                Err(RecvError::Lagged(missed)) => {
                    let told = format!("{{\"missed\":{missed}}}");
                    return Some(Event::default().event("lagged").data(told));
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

/// What is of no call. It has texts and truths only, which JSON always holds.
fn named(name: &str, event: &impl Serialize) -> Event {
    Event::default().event(name).data(serde_json::to_string(event).unwrap_or_default())
}

fn event_of(numbered: &Numbered) -> Event {
    let event = Event::default().id(numbered.number.to_string());
    match serde_json::to_string(&numbered.event) {
        Ok(json) => event.data(json),
        // No event type has a part that JSON cannot hold, so this is for the type checker.
        Err(error) => event.event("error").data(error.to_string()),
    }
}

fn no_such_call() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "there is no such call, or it was over long ago",
        "use the Callwright-Call header of the answer to POST /whip",
    )
}
