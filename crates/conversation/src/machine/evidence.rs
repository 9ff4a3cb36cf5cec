//! Which of the caller's turns an input was taken from: what the action core tells when it is asked what a plan rests on. The words
//! of a turn are in the call's journal; here is only where to look.

use std::collections::BTreeMap;

use callwright_model::{PlanRequest, TurnId};

/// What the inputs so far were taken from. It follows what the dialogue says it has filled, never the values: in a replay other
/// digits stand for secrets.
#[derive(Debug, Clone, Default)]
pub(super) struct Evidence {
    /// What the caller did last.
    latest: String,
    by_input: BTreeMap<String, String>,
}

impl Evidence {
    /// The caller said or typed something.
    pub(super) fn said(&mut self, turn: TurnId) {
        self.latest = turn.to_string();
    }

    /// The caller pressed a key.
    pub(super) fn keyed(&mut self) {
        "keys".clone_into(&mut self.latest);
    }

    /// The dialogue has filled an input from what the caller did last.
    pub(super) fn filled(&mut self, input: &str) {
        self.by_input.insert(input.to_owned(), self.latest.clone());
    }

    /// Puts to each input what it was taken from.
    pub(super) fn attach(&self, mut request: PlanRequest) -> PlanRequest {
        let given = self.by_input.iter().filter(|(input, _)| request.inputs.contains_key(*input));
        request.evidence = given.map(|(input, from)| (input.clone(), from.clone())).collect();
        request
    }
}

#[cfg(test)]
mod tests {
    use callwright_model::{CallId, Record, Value};

    use super::*;

    #[test]
    fn an_input_rests_on_what_the_caller_did_when_it_was_filled_last() {
        let mut evidence = Evidence::default();
        let told = |evidence: &Evidence, inputs: &[&str]| -> Vec<String> {
            let inputs = inputs.iter().map(|name| ((*name).to_owned(), Value::from("x")));
            let request = evidence.attach(PlanRequest {
                plan: None,
                pack: "airline".to_owned(),
                skill: "rebook".to_owned(),
                inputs: inputs.collect::<Record>(),
                call: CallId(1),
                caller: None,
                evidence: BTreeMap::new(),
                agent: String::new(),
                consents: std::collections::BTreeSet::new(),
                language: None,
                speculative: false,
            });
            request.evidence.iter().map(|(input, from)| format!("{input} {from}")).collect()
        };
        evidence.said(TurnId(2));
        evidence.filled("code");
        evidence.keyed();
        evidence.filled("pin");
        assert_eq!(told(&evidence, &["code", "pin"]), ["code turn-2", "pin keys"]);
        evidence.said(TurnId(5));
        assert_eq!(
            told(&evidence, &["code", "pin"]),
            ["code turn-2", "pin keys"],
            "what was said of other things"
        );
        evidence.filled("pin");
        assert_eq!(told(&evidence, &["code", "pin"]), ["code turn-2", "pin turn-5"]);
        assert_eq!(
            told(&evidence, &["flight", "pin"]),
            ["pin turn-5"],
            "what is not asked with, or not filled, is not told"
        );
    }
}
