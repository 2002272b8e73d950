//! The contract: one golden file for each endpoint, every answer as the
//! OpenAPI document says, every documented parameter understood.

use evenkeel::publish::http::document;
use serde_json::Value;

use super::sample::Sample;
use super::server::{Server, golden, pretty};

const DAY: &str = "from=2026-11-18T00:00:00Z&to=2026-11-19T00:00:00Z";

/// Path of the contract, what is asked, and the golden file.
fn questions() -> Vec<(&'static str, String, &'static str)> {
    let id = "1".to_owned() + &"31".repeat(15) + "3";
    vec![
        ("/api/v1/slos", "/api/v1/slos?team=payments&label=tier=1&state=exhausted".to_owned(), "slos.json"),
        ("/api/v1/slos/{name}", "/api/v1/slos/search-availability?window=month".to_owned(), "slo.json"),
        (
            "/api/v1/slos/{name}/history",
            format!("/api/v1/slos/checkout-availability/history?{DAY}&step=4h"),
            "history.json",
        ),
        (
            "/api/v1/slos/{name}/generations",
            "/api/v1/slos/checkout-availability/generations".to_owned(),
            "generations.json",
        ),
        ("/api/v1/incidents", format!("/api/v1/incidents?{DAY}"), "incidents.json"),
        ("/api/v1/incidents/{id}", format!("/api/v1/incidents/{id}"), "incident.json"),
        ("/api/v1/alerts", format!("/api/v1/alerts?{DAY}&limit=2"), "alerts.json"),
        ("/api/v1/alerts/rules", "/api/v1/alerts/rules".to_owned(), "rules.json"),
        ("/api/v1/durations", "/api/v1/durations?by=service&to=2026-11-24T00:00:00Z".to_owned(), "durations.json"),
        ("/api/v1/replay", format!("/api/v1/replay?{DAY}&rule=CheckoutHighErrorRate&for=20m"), "replay.json"),
        ("/api/v1/noise", "/api/v1/noise".to_owned(), "noise.json"),
        ("/api/v1/changes", "/api/v1/changes?service=checkout".to_owned(), "changes.json"),
        ("/api/v1/cluster-events", "/api/v1/cluster-events?reason=BackOff".to_owned(), "cluster-events.json"),
        ("/api/v1/corrections", "/api/v1/corrections".to_owned(), "corrections.json"),
        ("/api/v1/incidents/{id}/times", format!("/api/v1/incidents/{id}/times"), "incident-times.json"),
        ("/api/v1/records", "/api/v1/records?kind=acknowledge".to_owned(), "records.json"),
        ("/api/v1/restatements", "/api/v1/restatements".to_owned(), "restatements.json"),
        ("/api/v1/trends", "/api/v1/trends".to_owned(), "trends.json"),
        ("/api/v1/kpis/{name}", "/api/v1/kpis/time-to-restore".to_owned(), "kpi.json"),
        ("/api/v1/status", "/api/v1/status".to_owned(), "status.json"),
    ]
}

#[tokio::test]
async fn answers_are_as_the_golden_files_say() {
    let server = Server::start(Sample::shop());
    for (_, question, file) in questions() {
        let made = pretty(&server.json(&question).await);
        assert_eq!(made, golden(file, &made), "{question}");
    }
}

#[tokio::test]
async fn answers_are_as_the_contract_says() {
    let server = Server::start(Sample::shop());
    let document = serde_json::to_value(document()).unwrap();
    for (path, question, _) in questions() {
        let answer = server.json(&question).await;
        let content = &document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"];
        let wrong = deviations(&answer, &content["schema"], &document, path);
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
    let problem = server.json("/api/v1/slos?nothing=1").await;
    let wrong = deviations(&problem, &document["components"]["schemas"]["Problem"], &document, "problem");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn the_whole_list_is_as_the_contract_says() {
    let server = Server::start(Sample::shop());
    let document = serde_json::to_value(document()).unwrap();
    let answer = server.json("/api/v1/slos").await;
    assert_eq!(answer["slos"].as_array().unwrap().len(), 13);
    let wrong = deviations(&answer, &document["components"]["schemas"]["SloList"], &document, "slos");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_checker_sees_deviations() {
    let document = serde_json::to_value(document()).unwrap();
    let state = serde_json::json!("tired");
    let wrong = deviations(&state, &document["components"]["schemas"]["SloState"], &document, "state");
    assert_eq!(wrong, ["state: `tired` is none of the words of the contract"]);
    let budget = serde_json::json!({"total_events": "many", "surprise": 1});
    let wrong = deviations(&budget, &document["components"]["schemas"]["Budget"], &document, "budget");
    assert!(wrong.iter().any(|w| w.contains("total_events")), "{wrong:?}");
    assert!(wrong.iter().any(|w| w.contains("surprise")), "{wrong:?}");
    assert!(wrong.iter().any(|w| w.contains("remaining_ratio")), "{wrong:?}");
}

#[tokio::test]
async fn every_path_answers_and_every_parameter_is_understood() {
    let server = Server::start(Sample::shop());
    for (path, item) in &document().paths.paths {
        // What is only pushed or taken back cannot be read.
        let Some(operation) = &item.get else {
            assert!(item.post.is_some() || item.delete.is_some(), "{path}");
            continue;
        };
        let name = if path.contains("/kpis/") { "time-to-restore" } else { "checkout-availability" };
        let real = path.replace("{name}", name).replace("{id}", &"13".repeat(16));
        let plain = server.get(&real).await;
        assert_eq!(plain.status(), 200, "{path}");
        let parameters = serde_json::to_value(&operation.parameters).unwrap();
        for parameter in parameters.as_array().into_iter().flatten().filter(|p| p["in"] == "query") {
            let name = parameter["name"].as_str().unwrap();
            let value = match name {
                "from" => "2026-11-20T00:00:00Z",
                "to" | "at" => "1795520000",
                "step" => "2h",
                "limit" => "3",
                "window" => "month",
                "state" if path.contains("incidents") => "closed",
                "kind" if path.contains("records") => "acknowledge",
                "state" => "ok",
                "severity" => "page",
                "by" => "team",
                "burn_rate" => "checkout-availability",
                "for" | "keep_firing_for" => "10m",
                "delete" | "below_floor" => "true",
                "label" => "tier=1",
                "month" => "2026-11",
                "months" => "24",
                "objective" => "historical",
                "format" => "html",
                _ => "payments",
            };
            // A change of alerting is one of a rule, and a rule is changed in one way.
            let beside = match name {
                "rule" if path.contains("replay") => "&delete=true",
                "equal" => "&rule=A&inhibit_by=B",
                "for" | "keep_firing_for" | "inhibit_by" | "delete" => "&rule=A",
                _ => "",
            };
            let asked = server.get(&format!("{real}?{name}={value}{beside}")).await;
            assert_eq!(asked.status(), 200, "{path}?{name}={value}");
        }
    }
}

#[tokio::test]
async fn the_document_is_served() {
    let server = Server::start(Sample::shop());
    let served = pretty(&server.json("/api/v1/openapi.json").await);
    assert_eq!(served, golden("openapi.json", &served));
}

/// Where a value is not as its schema says.
fn deviations(value: &Value, schema: &Value, document: &Value, at: &str) -> Vec<String> {
    if let Some(name) = schema["$ref"].as_str().and_then(|r| r.strip_prefix("#/components/schemas/")) {
        return deviations(value, &document["components"]["schemas"][name], document, at);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let tried: Vec<Vec<String>> = choices.iter().map(|c| deviations(value, c, document, at)).collect();
        return if tried.iter().any(Vec::is_empty) { Vec::new() } else { tried.concat() };
    }
    if let Some(all) = schema["allOf"].as_array() {
        return deviations(value, &merged(all, document), document, at);
    }
    let types = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect::<Vec<_>>(),
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let fits = types.contains(&kind) || (kind == "integer" && types.contains(&"number"));
    if !fits {
        return vec![format!("{at}: {kind} instead of {types:?}")];
    }
    match value {
        Value::String(word) if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) => {
            vec![format!("{at}: `{word}` is none of the words of the contract")]
        }
        Value::Array(items) => {
            let each = items.iter().enumerate();
            each.flat_map(|(i, item)| deviations(item, &schema["items"], document, &format!("{at}[{i}]"))).collect()
        }
        Value::Object(fields) => object_deviations(fields, schema, document, at),
        _ => Vec::new(),
    }
}

fn object_deviations(
    fields: &serde_json::Map<String, Value>,
    schema: &Value,
    document: &Value,
    at: &str,
) -> Vec<String> {
    if schema["additionalProperties"].is_object() {
        let each = fields.iter();
        let more = &schema["additionalProperties"];
        return each.flat_map(|(name, value)| deviations(value, more, document, &format!("{at}.{name}"))).collect();
    }
    let known = schema["properties"].as_object().cloned().unwrap_or_default();
    let mut wrong: Vec<String> =
        known.keys().filter(|name| !fields.contains_key(*name)).map(|name| format!("{at}.{name} is missing")).collect();
    for (name, value) in fields {
        match known.get(name) {
            Some(schema) => wrong.extend(deviations(value, schema, document, &format!("{at}.{name}"))),
            None => wrong.push(format!("{at}.{name} is not in the contract")),
        }
    }
    wrong
}

/// The properties of all parts of an `allOf` in one schema.
fn merged(parts: &[Value], document: &Value) -> Value {
    let mut properties = serde_json::Map::new();
    for part in parts {
        let part = match part["$ref"].as_str().and_then(|r| r.strip_prefix("#/components/schemas/")) {
            Some(name) => &document["components"]["schemas"][name],
            None => part,
        };
        properties.extend(part["properties"].as_object().cloned().unwrap_or_default());
    }
    serde_json::json!({"type": "object", "properties": properties})
}
