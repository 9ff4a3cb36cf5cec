//! Skills as MCP tools: one tool a skill, called again and again with what the core asks for, until there is an end.

use std::sync::Arc;

use callwright_model::PlanId;
use callwright_wire::actions::{ClientError, SkillView};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ErrorData, Implementation, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler};
use serde_json::{Map, Value as Json, json};

use crate::door::{Door, Seen};
use crate::json::given;

/// The server, one for all sessions.
#[derive(Debug, Clone)]
pub(crate) struct Tools(pub(crate) Door);

impl ServerHandler for Tools {
    fn get_info(&self) -> ServerConfig {
        let mut info = ServerConfig::new(ServerCapabilities::builder().enable_tools().build());
        info.server_info = Implementation::new("callwright", env!("CARGO_PKG_VERSION"));
        info.instructions = Some(INSTRUCTIONS.to_owned());
        info
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let skills = self.0.skills().await.map_err(failed)?;
        Ok(ListToolsResult::with_all_items(skills.iter().map(tool).collect()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let name = request.name.to_string();
        let Some((pack, skill)) = name.split_once('.') else {
            return Err(ErrorData::invalid_params(format!("there is no tool `{name}`"), None));
        };
        let mut arguments = request.arguments.unwrap_or_default();
        let (plan, consent) = (text(&mut arguments, "plan")?, text(&mut arguments, "consent")?);
        let inputs = given(&arguments).map_err(|what| ErrorData::invalid_params(what, None))?;
        let seen = match plan {
            Some(plan) => self.0.go_on(PlanId(plan), inputs, consent).await,
            None if consent.is_some() => {
                let what = "`consent` goes with the `plan` that was read back";
                return Err(ErrorData::invalid_params(what, None));
            }
            None => self.0.begin(None, pack, skill, inputs).await,
        };
        Ok(match seen {
            Ok(seen) => CallToolResult::structured(result(&seen)),
            // Whoever asked can do something about these, and so must see them.
            Err(
                error @ (ClientError::NotFound(_)
                | ClientError::NotReady(_)
                | ClientError::Invalid(_)
                | ClientError::Busy(_)),
            ) => CallToolResult::structured_error(json!({ "error": error.to_string() })),
            Err(error) => return Err(failed(error)),
        }
        .into())
    }
}

/// A text among the arguments, taken out of them.
fn text(arguments: &mut Map<String, Json>, name: &str) -> Result<Option<String>, ErrorData> {
    match arguments.remove(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(_) => Err(ErrorData::invalid_params(format!("`{name}` must be a text"), None)),
    }
}

fn failed(error: ClientError) -> ErrorData {
    tracing::warn!(%error, "an agent's question had no answer");
    ErrorData::internal_error(error.to_string(), None)
}

fn result(seen: &Seen) -> Json {
    let mut result = seen.data.clone();
    result["plan"] = json!(seen.plan);
    result["status"] = json!(seen.stand.name());
    result["message"] = json!(seen.text);
    result
}

fn tool(skill: &SkillView) -> Tool {
    let mut properties: Map<String, Json> = skill
        .inputs
        .iter()
        .map(|input| (input.clone(), json!({ "type": ["string", "integer"], "description": "from the person; may be left out until it is asked for" })))
        .collect();
    properties.insert(
        "plan".to_owned(),
        json!({ "type": "string", "description": "goes on with this plan; left out, one is begun" }),
    );
    properties.insert("consent".to_owned(), json!({ "type": "string", "description": "the person's own words of yes, after the plan was read back to them" }));
    let schema = json!({
        "type": "object",
        "properties": properties,
        // Choices are inputs too, and known only once there are options.
        "additionalProperties": { "type": ["string", "integer", "boolean"] },
    });
    let schema = schema.as_object().cloned().unwrap_or_default();
    let does = skill.actions.join(", ");
    Tool::new(
        format!("{}.{}", skill.pack, skill.name),
        format!("{}. Uses: {does}.", skill.summary),
        Arc::new(schema),
    )
}

const INSTRUCTIONS: &str = "Each tool is a skill of a business: a whole plan, bound step by step. Call it with what the person \
    has said. The result's `status` is `input-required` while something is missing: `need` names an input, `choose` one whose value \
    is the number of an option, `confirm` a plan to read back. Call the same tool again with `plan` and what was asked, or, once the \
    person has agreed to the plan as read back, with `plan` and their words as `consent`. Nothing is written before. `auth-required` \
    waits for somebody in the business; ask again later with `plan` alone.";
