//! An HTTP API as a system: one request a call, never sent again by itself.
//!
//! What its answers mean: 2xx is done. 404 and 410 say that an input names nothing, where the action says which. 401 and 407 mean that
//! our secret is wrong. Other 4xx are a business no, 423, 425 and 429 one that may pass. Whatever else comes - 5xx, 408, a redirect, no
//! answer, an answer that cannot be read - tells nobody whether it was done.

use std::fmt::Write as _;
use std::time::Duration;

use callwright_model::Record;
use callwright_plan_core::{Endpoint, Verb, from_json, to_json};
use callwright_wire::connector::Refusal;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value as Json};

use super::config::Web;
use super::{Ask, Failure, web};

/// A system that is spoken to.
#[derive(Debug)]
pub(crate) struct Api {
    base: String,
    client: reqwest::Client,
    headers: HeaderMap,
}

impl Api {
    pub(crate) fn new(config: &Web) -> Result<Self, String> {
        let mut headers = web::headers(config)?;
        if let Some(bearer) = &config.bearer {
            let bearer = callwright_model::Secret::new(format!("Bearer {}", bearer.reveal()));
            headers.insert(http::header::AUTHORIZATION, web::value("bearer", &bearer)?);
        }
        headers.insert(http::header::ACCEPT, HeaderValue::from_static("application/json"));
        let base = config.url.trim_end_matches('/').to_owned();
        Ok(Self { base, client: web::client(config)?, headers })
    }

    /// Makes a call, once.
    pub(crate) async fn call(&self, ask: &Ask<'_>, endpoint: &Endpoint) -> Result<Record, Failure> {
        let request = self.request(ask, endpoint)?;
        let answered = tokio::time::timeout(ask.deadline, self.answer(request)).await;
        let (status, body) = match answered {
            Err(_) => return Err(Failure::Unknown("no answer in time".to_owned())),
            Ok(Err(error)) if web::never_reached(&error) => {
                return Err(Failure::not_sent("the system takes no connection"));
            }
            // The error's own text may hold the address, and so arguments.
            Ok(Err(error)) => return Err(Failure::Unknown(format!("no answer: {}", error.without_url()))),
            Ok(Ok(answer)) => answer,
        };
        match judged(status, ask) {
            Meaning::Done => read(body, ask),
            Meaning::Absent => {
                let reason = said(status, body.as_deref());
                Err(Failure::Refused(match &endpoint.not_found {
                    Some(argument) => Refusal::NotFound { argument: argument.clone(), reason },
                    None => Refusal::Refused { reason, retriable: false },
                }))
            }
            Meaning::No { retriable } => {
                Err(Failure::Refused(Refusal::Refused { reason: said(status, body.as_deref()), retriable }))
            }
            Meaning::Shut => Err(Failure::Misused(format!(
                "{status}: the system does not let us in: look at the connector's `bearer` or `headers`"
            ))),
            Meaning::Nothing => Err(Failure::Unknown(said(status, body.as_deref()))),
        }
    }

    fn request(&self, ask: &Ask<'_>, endpoint: &Endpoint) -> Result<reqwest::Request, Failure> {
        let mut arguments = to_json(ask.arguments, &endpoint.decimals).map_err(Failure::unfit)?;
        let mut url = format!("{}{}", self.base, path(&endpoint.path, &mut arguments)?);
        let in_query = |name: &str| !endpoint.verb.has_body() || endpoint.query.iter().any(|it| it == name);
        let (query, body): (Vec<_>, Vec<_>) = arguments.into_iter().partition(|(name, _)| in_query(name));
        let mut mark = if url.contains('?') { '&' } else { '?' };
        for (name, value) in &query {
            for value in scalars(name, value)? {
                url.push(mark);
                mark = '&';
                encode(name, &mut url);
                url.push('=');
                encode(&value, &mut url);
            }
        }
        let method = match endpoint.verb {
            Verb::Get => http::Method::GET,
            Verb::Post => http::Method::POST,
            Verb::Put => http::Method::PUT,
            Verb::Patch => http::Method::PATCH,
            Verb::Delete => http::Method::DELETE,
        };
        let mut headers = self.headers.clone();
        if let Some(key) = ask.key {
            let name = endpoint.key_as.as_deref().unwrap_or(KEY_HEADER);
            let name: HeaderName = name
                .parse()
                .map_err(|_| Failure::unfit(format!("`key_as`: `{name}` is no name of a header")))?;
            let value = HeaderValue::from_str(key).map_err(|_| Failure::unfit("the key is no header"))?;
            headers.insert(name, value);
        }
        let mut request = self.client.request(method, url).headers(headers);
        if endpoint.verb.has_body() {
            let body = Json::Object(body.into_iter().collect()).to_string();
            request = request.header(http::header::CONTENT_TYPE, "application/json").body(body);
        }
        request.build().map_err(|_| Failure::unfit(format!("`{}` makes no address", endpoint.path)))
    }

    /// The status and the body, which is `None` when it is longer than any answer should be.
    async fn answer(
        &self,
        request: reqwest::Request,
    ) -> Result<(StatusCode, Option<Vec<u8>>), reqwest::Error> {
        let mut answer = self.client.execute(request).await?;
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await? {
            if body.len() + piece.len() > ANSWER_BYTES_MAX {
                return Ok((answer.status(), None));
            }
            body.extend_from_slice(&piece);
        }
        Ok((answer.status(), Some(body)))
    }
}

/// Gets a document that somebody has named, such as a description of an API.
///
/// # Errors
/// Why it is not there.
pub async fn fetch(web: &Web) -> Result<String, String> {
    let api = Api::new(web)?;
    let request = api.client.get(&web.url).headers(api.headers.clone()).build();
    let request = request.map_err(|error| format!("`{}` is no address: {error}", web.url))?;
    let answered = tokio::time::timeout(FETCH_MAX, api.answer(request)).await;
    let answered = answered.map_err(|_| format!("`{}` does not answer in time", web.url))?;
    match answered.map_err(|error| error.to_string())? {
        (status, Some(body)) if status.is_success() => {
            String::from_utf8(body).map_err(|_| format!("what `{}` answers is no text", web.url))
        }
        (status, Some(_)) => Err(format!("`{}` answers {status}", web.url)),
        (_, None) => Err(format!("what `{}` answers is longer than {ANSWER_BYTES_MAX} bytes", web.url)),
    }
}

/// What a status means for whether it was done.
enum Meaning {
    Done,
    Absent,
    No { retriable: bool },
    Shut,
    Nothing,
}

fn judged(status: StatusCode, ask: &Ask<'_>) -> Meaning {
    match status.as_u16() {
        200..=299 => Meaning::Done,
        404 | 410 => Meaning::Absent,
        401 | 407 => Meaning::Shut,
        423 | 425 | 429 => Meaning::No { retriable: true },
        // A system that keeps our key says so while it still works on the attempt before.
        409 if ask.key.is_some() && ask.attempt > 1 => Meaning::Nothing,
        408 => Meaning::Nothing,
        400..=499 => Meaning::No { retriable: false },
        _ => Meaning::Nothing,
    }
}

fn read(body: Option<Vec<u8>>, ask: &Ask<'_>) -> Result<Record, Failure> {
    let unread = |what: &str| Failure::Unknown(format!("the answer {what}"));
    let body = body.ok_or_else(|| unread("is longer than any should be"))?;
    let answer = if body.iter().all(u8::is_ascii_whitespace) {
        Map::new()
    } else {
        match serde_json::from_slice(&body) {
            Ok(Json::Object(members)) => members,
            Ok(list @ Json::Array(_)) => Map::from_iter([("items".to_owned(), list)]),
            // Whoever wants nothing of the answer need not understand it.
            Ok(_) | Err(_) if ask.outputs.is_empty() => Map::new(),
            Ok(_) | Err(_) => return Err(unread("is no JSON object and no list")),
        }
    };
    from_json(&answer, ask.outputs).map_err(|what| Failure::Unknown(format!("the answer: {what}")))
}

/// A line for the operator: the status, and the title of a problem (RFC 9457), which is the same for everybody.
fn said(status: StatusCode, body: Option<&[u8]>) -> String {
    let problem = body.and_then(|body| serde_json::from_slice::<Json>(body).ok());
    let title = problem.as_ref().and_then(|problem| problem.get("title")?.as_str());
    let title: String =
        title.unwrap_or_default().chars().filter(|c| !c.is_control()).take(TITLE_CHARS_MAX).collect();
    if title.is_empty() { status.to_string() } else { format!("{status}: {title}") }
}

/// The path with its inputs, which are taken from the arguments.
fn path(template: &str, arguments: &mut Map<String, Json>) -> Result<String, Failure> {
    let mut path = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        let value = arguments.remove(name).unwrap_or(Json::Null);
        let value = one(name, &value)?;
        // These would be another path.
        if matches!(value.as_str(), "" | "." | "..") {
            return Err(Failure::unfit(format!("`{name}` cannot stand in a path: it is empty, or dots")));
        }
        path.push_str(before);
        encode(&value, &mut path);
        rest = after;
    }
    path.push_str(rest);
    Ok(path)
}

/// The values of a query's name: one, or those of a list.
fn scalars(name: &str, value: &Json) -> Result<Vec<String>, Failure> {
    match value {
        Json::Array(items) => items.iter().map(|item| one(name, item)).collect(),
        other => one(name, other).map(|one| vec![one]),
    }
}

fn one(name: &str, value: &Json) -> Result<String, Failure> {
    match value {
        Json::String(text) => Ok(text.clone()),
        Json::Number(_) | Json::Bool(_) => Ok(value.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => {
            Err(Failure::unfit(format!("`{name}` is no text and no number, which an address needs")))
        }
    }
}

/// Writes a text so that it can only be one part of an address: all but RFC 3986's unreserved characters are encoded.
fn encode(text: &str, to: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            to.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(to, "%{byte:02X}");
        }
    }
}

/// The name that most systems use, from an Internet draft of that name.
const KEY_HEADER: &str = "Idempotency-Key";
/// Facts for a sentence are under 10 KiB; a list of offers, or the description of an API, may be more.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
const TITLE_CHARS_MAX: usize = 120;
const FETCH_MAX: Duration = Duration::from_secs(30);
