//! From an OpenAPI description to a pack.

use callwright_model::PackSource;
use serde_json::json;

use super::*;
use crate::check;

fn api() -> Json {
    json!({
        "openapi": "3.1.0",
        "servers": [{"url": "https://books.example/v2/"}],
        "paths": {
            "/loans/{loan}": {
                "parameters": [{"$ref": "#/components/parameters/loan"}],
                "get": {
                    "operationId": "getLoan",
                    "summary": "Find a loan",
                    "parameters": [
                        {"name": "lang", "in": "query", "schema": {"type": "string"}},
                        {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
                    ],
                    "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/loan"}}}}},
                },
                "patch": {
                    "operationId": "renewLoan",
                    "parameters": [{"name": "dry", "in": "query", "required": true, "schema": {"type": "boolean"}}],
                    "requestBody": {"content": {"application/json": {"schema": {
                        "type": "object", "properties": {"days": {"type": "integer"}}, "required": ["days"],
                    }}}},
                    "responses": {"204": {"description": "done"}},
                },
            },
            "/loans": {"get": {
                "responses": {"200": {"content": {"application/json": {"schema": {
                    "type": "array", "items": {"$ref": "#/components/schemas/loan"},
                }}}}},
            }},
        },
        "components": {
            "parameters": {"loan": {"name": "loan", "in": "path", "required": true, "schema": {"type": "string"}}},
            "schemas": {"loan": {
                "type": "object",
                "properties": {"title": {"type": "string"}, "due": {"type": "string", "format": "date"}},
                "required": ["title", "due"],
            }},
        },
    })
}

fn problems(yaml: &str) -> Vec<String> {
    let mut files = of_openapi("library", "library", &api()).expect("it is OpenAPI").files();
    files.insert("actions.yaml".to_owned(), yaml.to_owned());
    check(&PackSource { folder: "library".to_owned(), files }).iter().map(ToString::to_string).collect()
}

#[test]
fn reads_load_at_once_and_writes_wait_for_a_person() {
    let files = of_openapi("library", "library", &api()).expect("it is OpenAPI").files();
    let yaml = &files["actions.yaml"];
    for wanted in [
        "http: { get: \"/loans/{loan}\" }\n    not_found: loan\n    inputs:\n      loan: text\n",
        "#  lang: text",
        "# The header \"X-Trace\" is not sent by the action.",
        "outputs:\n      items: { type: list, of: { due: date, title: text } }",
        "http: { patch: \"/loans/{loan}\", query: [dry] }\n    inputs:\n      loan: text\n      dry: bool\n      days: int\n    outputs: {}",
    ] {
        assert!(yaml.contains(wanted), "{wanted}\n---\n{yaml}");
    }
    let told = problems(yaml);
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told[0].contains("`renew_loan` waits for you: `kind`"), "{told:#?}");
    assert!(told[1].contains("there is no skill"), "{told:#?}");

    let half = yaml.replace("kind: FILL_IN", "kind: write");
    let told = problems(&half).join("\n");
    assert!(told.contains("`renew_loan` writes and does not say how its effect is kept to once"), "{told}");
    assert!(told.contains("`renew_loan`: it writes over HTTP and does not say what takes it back"), "{told}");
    let whole = yaml.replace("kind: FILL_IN", "kind: write\n    idempotency: key\n    undo: none");
    assert_eq!(problems(&whole), ["library/skills: error: there is no skill (skills/<name>.yaml)"]);
}

#[test]
fn what_does_not_fit_an_action_is_told() {
    let yaml =
        of_openapi("library", "library", &api()).expect("it is OpenAPI").files()["actions.yaml"].clone();
    for (from, to, what) in [
        ("get: \"/loans/{loan}\"", "get: \"/loans/{lone}\"", "`lone` in the path is no input"),
        ("get: \"/loans/{loan}\"", "get: \"/loans/{loan\"", "the braces of `/loans/{loan` do not fit"),
        ("get: \"/loans/{loan}\"", "get: \"loans?x\"", "`loans?x` is no path"),
        ("get: \"/loans/{loan}\"", "get: \"/l\", post: \"/l\"", "says not what is asked for"),
        ("query: [dry]", "query: [wet]", "`wet` in `query` is no input"),
        ("not_found: loan", "not_found: book", "`not_found`: `book` is no input"),
        ("not_found: loan", "not_found: loan\n    method: x", "has both `method` and `http`"),
    ] {
        let told = problems(&yaml.replacen(from, to, 1)).join("\n");
        assert!(told.contains(what), "{to}\n{told}");
    }
}

#[test]
fn other_documents_are_refused_and_an_address_is_whole_or_none() {
    assert!(of_openapi("a", "a", &json!({"swagger": "2.0"})).is_err_and(|what| what.contains("not 3.x")));
    assert!(of_openapi("a", "a", &json!([])).is_err());
    assert_eq!(base_of(&api()), Some("https://books.example/v2".to_owned()));
    assert_eq!(base_of(&json!({"servers": [{"url": "/v2"}]})), None);
    assert_eq!(base_of(&json!({"servers": [{"url": "https://{region}.example"}]})), None);
}
