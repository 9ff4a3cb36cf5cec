//! The core as an agent that speaks A2A 0.3: a card, and `message/send`, `tasks/get` and `tasks/cancel` as JSON-RPC. A task is a plan and
//! its context the conversation, so nothing is kept here.

use axum::Json as Body;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use callwright_model::{CallId, PlanId, Record, Value};
use callwright_wire::actions::{ClientError, SkillView};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::door::{Asked, Door, Seen};
use crate::json::given;

/// What handlers look at.
#[derive(Debug, Clone)]
pub(crate) struct Agent {
    pub(crate) door: Door,
    /// Where `/a2a` is.
    pub(crate) url: String,
}

#[derive(Deserialize)]
pub(crate) struct Request {
    jsonrpc: String,
    #[serde(default)]
    id: Json,
    method: String,
    #[serde(default)]
    params: Json,
}

/// Why a question has no answer, as JSON-RPC and A2A number it.
#[derive(Debug)]
struct Refusal {
    code: i32,
    message: String,
}

#[derive(Deserialize)]
struct Send {
    message: Message,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    parts: Vec<Part>,
    #[serde(default)]
    task_id: Option<String>,
    #[serde(default)]
    context_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Part {
    Text { text: String },
    Data { data: Map<String, Json> },
    File {},
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

/// The card, by which other agents find out what there is.
pub(crate) async fn card(State(agent): State<Agent>) -> Result<Body<Json>, axum::http::StatusCode> {
    let skills = agent.door.skills().await.map_err(|error| {
        tracing::warn!(%error, "the agent's card cannot be made");
        axum::http::StatusCode::BAD_GATEWAY
    })?;
    Ok(Body(json!({
        "protocolVersion": "0.3.0",
        "name": "Callwright",
        "description": "Plans and carries out what a business offers, under its policies: nothing is written before the person has said \
                        yes to the plan as a whole.",
        "url": agent.url,
        "preferredTransport": "JSONRPC",
        "version": env!("CARGO_PKG_VERSION"),
        "capabilities": { "streaming": false, "pushNotifications": false, "stateTransitionHistory": false },
        "defaultInputModes": ["application/json", "text/plain"],
        "defaultOutputModes": ["application/json", "text/plain"],
        "skills": skills.iter().map(skill).collect::<Vec<_>>(),
    })))
}

fn skill(skill: &SkillView) -> Json {
    let begin = json!({ "skill": format!("{}.{}", skill.pack, skill.name) });
    json!({
        "id": format!("{}.{}", skill.pack, skill.name),
        "name": skill.summary,
        "description": format!("{}. Asks for: {}. Begin with a data part {begin}.", skill.summary, skill.inputs.join(", ")),
        "tags": [skill.pack],
        "examples": [begin.to_string()],
    })
}

/// Any question.
pub(crate) async fn rpc(
    State(agent): State<Agent>,
    request: Result<Body<Request>, JsonRejection>,
) -> Body<Json> {
    let Body(request) = match request {
        Ok(request) => request,
        Err(rejection) => {
            let code = if matches!(rejection, JsonRejection::JsonDataError(_)) {
                INVALID_REQUEST
            } else {
                PARSE_ERROR
            };
            return Body(answer(Json::Null, Err(Refusal { code, message: rejection.body_text() })));
        }
    };
    let done = match (request.jsonrpc.as_str(), request.method.as_str()) {
        ("2.0", "message/send") => send(&agent.door, request.params).await,
        ("2.0", "tasks/get") => match params::<Named>(request.params) {
            Ok(named) => agent.door.look(&PlanId(named.id)).await.map(|seen| task(&seen)).map_err(refusal),
            Err(refusal) => Err(refusal),
        },
        ("2.0", "tasks/cancel") => match params::<Named>(request.params) {
            Ok(named) => {
                agent.door.cancel(&PlanId(named.id)).await.map(|seen| task(&seen)).map_err(uncancelled)
            }
            Err(refusal) => Err(refusal),
        },
        ("2.0", other) => {
            Err(Refusal { code: METHOD_NOT_FOUND, message: format!("`{other}` is not answered here") })
        }
        _other => Err(Refusal { code: INVALID_REQUEST, message: "`jsonrpc` must be \"2.0\"".to_owned() }),
    };
    Body(answer(request.id, done))
}

fn answer(id: Json, done: Result<Json, Refusal>) -> Json {
    match done {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(Refusal { code, message }) => {
            json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
        }
    }
}

fn params<T: for<'de> Deserialize<'de>>(params: Json) -> Result<T, Refusal> {
    serde_json::from_value(params).map_err(|error| invalid(format!("params: {error}")))
}

fn invalid(message: String) -> Refusal {
    Refusal { code: INVALID_PARAMS, message }
}

/// Begins a plan or goes on with one.
async fn send(door: &Door, asked: Json) -> Result<Json, Refusal> {
    let Message { parts, task_id, context_id } = params::<Send>(asked)?.message;
    let (mut data, mut words) = (Map::new(), String::new());
    for part in parts {
        match part {
            Part::Text { text } => words.push_str(&text),
            Part::Data { data: more } => data.extend(more),
            Part::File {} => {
                return Err(Refusal { code: CONTENT_TYPE, message: "files are not taken".to_owned() });
            }
        }
    }
    let inputs = match data.remove("inputs") {
        None => Map::new(),
        Some(Json::Object(inputs)) => inputs,
        Some(_) => return Err(invalid("`inputs` must be an object".to_owned())),
    };
    let (inputs, words) = (given(&inputs).map_err(invalid)?, words.trim().to_owned());
    let seen = match task_id {
        Some(task) => {
            let consent = data.get("consent").and_then(Json::as_str).map(str::to_owned);
            answered(door, PlanId(task), inputs, consent, words).await
        }
        None => {
            let skill = data.get("skill").and_then(Json::as_str);
            let Some((pack, skill)) = skill.and_then(|skill| skill.split_once('.')) else {
                let what = "begin with a data part whose `skill` is one of the agent card's";
                return Err(invalid(what.to_owned()));
            };
            let call = context_id.map(|context| context.parse::<CallId>());
            let call = call.transpose().map_err(|_| invalid("`contextId` is none of ours".to_owned()))?;
            match door.begin(call, pack, skill, inputs).await {
                // There is no task yet that could not be found.
                Err(error @ ClientError::NotFound(_)) => return Err(invalid(error.to_string())),
                begun => begun,
            }
        }
    };
    seen.map(|seen| task(&seen)).map_err(refusal)
}

/// Goes on with a plan. A text without anything else answers what the core asks for.
async fn answered(
    door: &Door,
    plan: PlanId,
    mut inputs: Record,
    mut consent: Option<String>,
    words: String,
) -> Result<Seen, ClientError> {
    if inputs.is_empty() && consent.is_none() && !words.is_empty() {
        match door.go_on(plan.clone(), Record::new(), None).await?.asked {
            Asked::Input(name) => drop(inputs.insert(name, Value::Text(words))),
            Asked::Choice(name) => {
                let number = words.parse().map_or(Value::Text(words), Value::Int);
                drop(inputs.insert(name, number));
            }
            Asked::Yes => consent = Some(words),
            Asked::Nothing => {}
        }
    }
    door.go_on(plan, inputs, consent).await
}

/// A plan as a task.
fn task(seen: &Seen) -> Json {
    let parts = json!([{ "kind": "text", "text": seen.text }, { "kind": "data", "data": seen.data }]);
    let mut task = json!({
        "kind": "task",
        "id": seen.plan,
        "contextId": seen.call,
        "status": {
            "state": seen.stand.name(),
            "message": {
                "kind": "message",
                "role": "agent",
                "messageId": format!("{}-{}", seen.plan, seen.stand.name()),
                "taskId": seen.plan,
                "contextId": seen.call,
                "parts": parts,
            },
        },
    });
    if let Some(receipts) = seen.data.get("receipts") {
        let part = json!({ "kind": "data", "data": { "receipts": receipts } });
        task["artifacts"] = json!([{ "artifactId": "receipts", "name": "receipts", "parts": [part] }]);
    }
    task
}

fn refusal(error: ClientError) -> Refusal {
    let code = match &error {
        ClientError::NotFound(_) => TASK_NOT_FOUND,
        ClientError::Invalid(_) | ClientError::NotReady(_) => INVALID_PARAMS,
        ClientError::Busy(_)
        | ClientError::Unavailable(_)
        | ClientError::Forbidden(_)
        | ClientError::Protocol(_) => INTERNAL_ERROR,
    };
    Refusal { code, message: error.to_string() }
}

fn uncancelled(error: ClientError) -> Refusal {
    match error {
        ClientError::NotReady(_) => Refusal { code: TASK_NOT_CANCELABLE, message: error.to_string() },
        other => refusal(other),
    }
}

// JSON-RPC 2.0, section 5.1.
const PARSE_ERROR: i32 = -32_700;
const INVALID_REQUEST: i32 = -32_600;
const METHOD_NOT_FOUND: i32 = -32_601;
const INVALID_PARAMS: i32 = -32_602;
const INTERNAL_ERROR: i32 = -32_603;
// A2A 0.3, section 8.2.
const TASK_NOT_FOUND: i32 = -32_001;
const TASK_NOT_CANCELABLE: i32 = -32_002;
const CONTENT_TYPE: i32 = -32_005;
