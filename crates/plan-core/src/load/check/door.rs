//! What must be said by hand of actions whose systems know nothing of us: nobody but a person knows whether they change anything, how
//! an effect is kept to once, and what takes it back.

use callwright_model::{ActionKind, Idempotency};

use crate::catalogue::{Action, Undo};
use crate::door::Door;
use crate::skill::Pack;

/// What is wrong, each with the remedy.
pub(super) fn check_door(pack: &Pack, action: &Action) -> Vec<(String, Option<String>)> {
    let mut wrong = Vec::new();
    let protocol = action.call.door.name();
    if action.kind == ActionKind::Read || action.call.door == Door::Own {
        return wrong;
    }
    if action.undo == Undo::Undeclared {
        let what = format!("it writes over {protocol} and does not say what takes it back");
        wrong.push((what, Some("declare its `undo`, or `undo: none` if nothing does".to_owned())));
    }
    match &action.call.door {
        Door::Own => {}
        Door::Tool(tool) => {
            if action.call.idempotency == Idempotency::Key && tool.key_as.is_none() {
                let what = "`idempotency: key`, and MCP has no idempotency keys".to_owned();
                let help = "name the tool's argument that takes one with `key_as`, or make it `verify` or `none`; `natural` where \
                            doing it twice is the same as once";
                wrong.push((what, Some(help.to_owned())));
            }
        }
        // A header or metadata takes the key; whether the system keeps it is for its author to know.
        Door::Http(_) | Door::Grpc(_) => {}
    }
    let verify = action.verify.as_ref().and_then(|verify| pack.actions.get(&verify.action));
    let tells = |read: &Action| match &read.call.door {
        Door::Own => true,
        Door::Tool(tool) | Door::Grpc(tool) => tool.not_found.is_some(),
        Door::Http(endpoint) => endpoint.not_found.is_some(),
    };
    if let Some(read) = verify.filter(|read| !tells(read)) {
        let what = format!("`verify`: `{}` cannot tell that it was not done", read.call.action);
        let help =
            "give it a `not_found`: the input that names nothing when the system answers that there is none";
        wrong.push((what, Some(help.to_owned())));
    }
    wrong
}
