//! The Responses interface: the same requests and replies in its own clothes.

use super::chat::{TOOL_CALLS_MAX, strip_bom};
use super::wire::{Finish, Format, Message, Quirks, Reply, Request, Role, ToolCall, Unreadable, Usage, count};
use serde_json::{Map, Value, json};

pub(crate) const PATH: &str = "/responses";

pub(crate) fn encode(request: &Request<'_>, quirks: Quirks) -> Vec<u8> {
    let mut body = Map::new();
    body.insert("model".into(), json!(request.model));
    let instructions: Vec<&str> =
        request.messages.iter().filter(|m| m.role == Role::System).map(|m| m.content.as_str()).collect();
    if !instructions.is_empty() {
        body.insert("instructions".into(), json!(instructions.join("\n\n")));
    }
    let items = request.messages.iter().filter(|m| m.role != Role::System).flat_map(items);
    body.insert("input".into(), Value::Array(items.collect()));
    body.insert("max_output_tokens".into(), json!(request.max_tokens));
    // nothing of ours is kept on the other side
    body.insert("store".into(), json!(false));
    if let (Some(temperature), false) = (request.temperature, quirks.no_temperature) {
        body.insert("temperature".into(), json!(temperature));
    }
    if let (Some(effort), false) = (&request.reasoning_effort, quirks.no_reasoning_effort) {
        body.insert("reasoning".into(), json!({"effort": effort}));
    }
    match &request.format {
        Format::Text => {}
        Format::JsonObject => {
            body.insert("text".into(), json!({"format": {"type": "json_object"}}));
        }
        Format::JsonSchema { name, schema } => {
            let format = json!({"type": "json_schema", "name": name, "strict": true, "schema": **schema});
            body.insert("text".into(), json!({"format": format}));
        }
    }
    if !request.tools.is_empty() {
        let tools = request.tools.iter().map(|t| {
            json!({"type": "function", "name": t.name, "description": t.description, "parameters": *t.parameters,
                   "strict": !quirks.no_strict_tools})
        });
        body.insert("tools".into(), Value::Array(tools.collect()));
        if request.tool_required && !quirks.no_tool_choice {
            body.insert("tool_choice".into(), json!("required"));
        }
        if !quirks.no_parallel_switch {
            body.insert("parallel_tool_calls".into(), json!(false));
        }
    }
    Value::Object(body).to_string().into_bytes()
}

fn items(message: &Message) -> Vec<Value> {
    match message.role {
        Role::System => Vec::new(),
        Role::User => vec![json!({"role": "user", "content": message.content})],
        Role::Tool => {
            vec![json!({"type": "function_call_output", "call_id": message.tool_call_id, "output": message.content})]
        }
        Role::Assistant => {
            let text = (!message.content.is_empty()).then(|| json!({"role": "assistant", "content": message.content}));
            let calls = message
                .tool_calls
                .iter()
                .map(|c| json!({"type": "function_call", "call_id": c.id, "name": c.name, "arguments": c.arguments}));
            text.into_iter().chain(calls).collect()
        }
    }
}

pub(crate) fn decode(body: &[u8]) -> Result<Reply, Unreadable> {
    let value: Value = serde_json::from_slice(strip_bom(body)).map_err(|_| Unreadable::NotJson)?;
    if value.get("error").is_some_and(|e| !e.is_null()) {
        return Err(Unreadable::Error);
    }
    let output = value.get("output").and_then(Value::as_array).ok_or(Unreadable::NoAnswer)?;
    let mut text = String::new();
    let mut tool_calls = Vec::new();
    let mut refused = false;
    for item in output {
        match item.get("type").and_then(Value::as_str) {
            Some("function_call") if tool_calls.len() < TOOL_CALLS_MAX => tool_calls.extend(tool_call(item)),
            Some("message") => {
                for part in item.get("content").and_then(Value::as_array).into_iter().flatten() {
                    match part.get("type").and_then(Value::as_str) {
                        Some("refusal") => refused = true,
                        _ => text.push_str(part.get("text").and_then(Value::as_str).unwrap_or("")),
                    }
                }
            }
            _ => {}
        }
    }
    let finish = finish(&value, !tool_calls.is_empty());
    if text.is_empty() && tool_calls.is_empty() && !refused && finish == Finish::Stop {
        return Err(Unreadable::NoAnswer);
    }
    Ok(Reply { text, tool_calls, finish, refused, usage: usage(&value), model: super::chat::model(&value) })
}

fn finish(value: &Value, called: bool) -> Finish {
    let status = value.get("status").and_then(Value::as_str);
    let reason = value.get("incomplete_details").and_then(|d| d.get("reason")).and_then(Value::as_str);
    match (status, reason) {
        (_, Some("max_output_tokens")) => Finish::Length,
        (_, Some("content_filter")) => Finish::Filter,
        (Some("incomplete" | "failed" | "cancelled"), _) => Finish::Other,
        _ if called => Finish::ToolCalls,
        _ => Finish::Stop,
    }
}

fn tool_call(item: &Value) -> Option<ToolCall> {
    let text = |name: &str| item.get(name).and_then(Value::as_str);
    Some(ToolCall {
        id: text("call_id").or_else(|| text("id")).unwrap_or("call_0").to_owned(),
        name: text("name")?.to_owned(),
        arguments: text("arguments").unwrap_or("").to_owned(),
    })
}

fn usage(value: &Value) -> Usage {
    let Some(usage) = value.get("usage") else { return Usage::default() };
    Usage {
        prompt: count(usage.get("input_tokens")),
        cached: count(usage.get("input_tokens_details").and_then(|d| d.get("cached_tokens"))),
        completion: count(usage.get("output_tokens")),
        reasoning: count(usage.get("output_tokens_details").and_then(|d| d.get("reasoning_tokens"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::wire::Tool;
    use std::sync::Arc;

    #[test]
    fn a_dialogue_with_tools() {
        let mut called = Message::new(Role::Assistant, "");
        called.tool_calls = vec![ToolCall { id: "c1".into(), name: "check_sql".into(), arguments: "{}".into() }];
        let mut answer = Message::new(Role::Tool, "fine");
        answer.tool_call_id = Some("c1".into());
        let messages = [Message::new(Role::System, "s"), Message::new(Role::User, "u"), called, answer];
        let request = Request {
            model: "m",
            messages: &messages,
            format: Format::JsonSchema { name: "pairs", schema: Arc::new(json!({"type": "object"})) },
            tools: vec![Tool { name: "check_sql", description: "d", parameters: Arc::new(json!({})) }],
            tool_required: true,
            max_tokens: 9,
            temperature: None,
            reasoning_effort: Some("low".into()),
        };
        let body: Value = serde_json::from_slice(&encode(&request, Quirks::default())).unwrap();
        assert_eq!(body["instructions"], "s");
        assert_eq!(
            body["input"][1],
            json!({"type": "function_call", "call_id": "c1", "name": "check_sql", "arguments": "{}"})
        );
        assert_eq!(body["input"][2], json!({"type": "function_call_output", "call_id": "c1", "output": "fine"}));
        assert_eq!(body["max_output_tokens"], 9);
        assert_eq!(body["text"]["format"]["name"], "pairs");
        assert_eq!(body["tools"][0]["name"], "check_sql");
        assert_eq!(body["reasoning"]["effort"], "low");
        assert_eq!(body["tool_choice"], "required");
        assert_eq!(body["store"], false);
    }

    #[test]
    fn replies() {
        let text = r#"{"status":"completed","model":"m-1","output":[{"type":"reasoning","summary":[]},
            {"type":"message","content":[{"type":"output_text","text":"hi"}]},
            {"type":"function_call","call_id":"c","name":"n","arguments":"{}"}],
            "usage":{"input_tokens":3,"output_tokens":4,"output_tokens_details":{"reasoning_tokens":1}}}"#;
        let reply = decode(text.as_bytes()).unwrap();
        assert_eq!((reply.text.as_str(), reply.tool_calls[0].id.as_str()), ("hi", "c"));
        assert_eq!(reply.finish, Finish::ToolCalls);
        assert_eq!(reply.usage.reasoning, Some(1));
        let cut = r#"{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[]}"#;
        assert_eq!(decode(cut.as_bytes()).unwrap().finish, Finish::Length);
        let refusal = r#"{"output":[{"type":"message","content":[{"type":"refusal","refusal":"no"}]}]}"#;
        assert!(decode(refusal.as_bytes()).unwrap().refused);
        for bad in ["", "{}", r#"{"output":[]}"#, r#"{"error":{"code":"x"}}"#] {
            assert!(decode(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
