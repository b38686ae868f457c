//! Chat Completions: the body of a request and the reading of a reply. Servers differ in what they leave out, so
//! every field of a reply is optional but the answer itself.

use super::wire::{
    Finish, Format, Message, Quirks, Reply, Request, Role, ToolCall, Unreadable, Usage, count, plain_name,
};
use serde::Serialize;
use serde_json::{Map, Value, json};

pub(crate) const PATH: &str = "/chat/completions";

/// Tool calls of one reply that are looked at; more are dropped.
pub(crate) const TOOL_CALLS_MAX: usize = 8;

/// Borrows what is long: a prompt is written once, into the body.
#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<Said<'a>>,
    #[serde(flatten)]
    rest: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Form<'a>>,
}

#[derive(Serialize)]
struct Said<'a> {
    role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
    /// Null beside tool calls.
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Value>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Form<'a> {
    JsonObject,
    JsonSchema { json_schema: Schema<'a> },
}

#[derive(Serialize)]
struct Schema<'a> {
    name: &'static str,
    strict: bool,
    schema: &'a Value,
}

pub(crate) fn encode(request: &Request<'_>, quirks: Quirks) -> Vec<u8> {
    let mut rest = Map::new();
    let limit = if quirks.old_max_tokens { "max_tokens" } else { "max_completion_tokens" };
    rest.insert(limit.into(), json!(request.max_tokens));
    if let (Some(temperature), false) = (request.temperature, quirks.no_temperature) {
        rest.insert("temperature".into(), json!(temperature));
    }
    if let (Some(effort), false) = (&request.reasoning_effort, quirks.no_reasoning_effort) {
        rest.insert("reasoning_effort".into(), json!(effort));
    }
    if !request.tools.is_empty() {
        let strict = !quirks.no_strict_tools;
        let tools = request.tools.iter().map(|t| {
            let mut function = json!({"name": t.name, "description": t.description, "parameters": *t.parameters});
            if strict {
                function["strict"] = json!(true);
            }
            json!({"type": "function", "function": function})
        });
        rest.insert("tools".into(), Value::Array(tools.collect()));
        if request.tool_required && !quirks.no_tool_choice {
            rest.insert("tool_choice".into(), json!("required"));
        }
        if !quirks.no_parallel_switch {
            rest.insert("parallel_tool_calls".into(), json!(false));
        }
    }
    let response_format = match &request.format {
        Format::Text => None,
        Format::JsonObject => Some(Form::JsonObject),
        Format::JsonSchema { name, schema } => {
            Some(Form::JsonSchema { json_schema: Schema { name, strict: true, schema } })
        }
    };
    let messages = request.messages.iter().map(said).collect();
    // room for the texts with what is escaped in them: a prompt is long, and copied each time it grows out of its room
    let texts: usize = request.messages.iter().map(|m| m.content.len()).sum();
    let mut body = Vec::with_capacity(texts + texts / 8 + 1024);
    // texts and numbers can always be written
    let _ = serde_json::to_writer(&mut body, &Body { model: request.model, messages, rest, response_format });
    body
}

fn said(message: &Message) -> Said<'_> {
    let role = match message.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    };
    let calls = message
        .tool_calls
        .iter()
        .filter(|_| message.role == Role::Assistant)
        .map(|c| json!({"id": c.id, "type": "function", "function": {"name": c.name, "arguments": c.arguments}}));
    let tool_calls: Vec<Value> = calls.collect();
    Said {
        role,
        tool_call_id: message.tool_call_id.as_deref().filter(|_| message.role == Role::Tool),
        content: Some(message.content.as_str()).filter(|c| tool_calls.is_empty() || !c.is_empty()),
        tool_calls,
    }
}

pub(crate) fn decode(body: &[u8]) -> Result<Reply, Unreadable> {
    let value: Value = serde_json::from_slice(strip_bom(body)).map_err(|_| Unreadable::NotJson)?;
    let Some(choice) = value.get("choices").and_then(|c| c.get(0)) else {
        let failed = value.get("error").is_some_and(|e| !e.is_null());
        return Err(if failed { Unreadable::Error } else { Unreadable::NoAnswer });
    };
    if choice.get("error").is_some_and(|e| !e.is_null()) {
        return Err(Unreadable::Error);
    }
    let message = choice.get("message").ok_or(Unreadable::NoAnswer)?;
    let refused = message.get("refusal").is_some_and(|r| r.as_str().is_some_and(|s| !s.is_empty()));
    let tool_calls: Vec<ToolCall> = message
        .get("tool_calls")
        .and_then(Value::as_array)
        .map(|calls| calls.iter().take(TOOL_CALLS_MAX).filter_map(tool_call).collect())
        .unwrap_or_default();
    let text = message.get("content").map(content).unwrap_or_default();
    let finish = match choice.get("finish_reason").and_then(Value::as_str) {
        Some("stop") | None => Finish::Stop,
        Some("length") => Finish::Length,
        Some("content_filter") => Finish::Filter,
        Some("tool_calls" | "function_call") => Finish::ToolCalls,
        Some(_) => Finish::Other,
    };
    Ok(Reply { text, tool_calls, finish, refused, usage: usage(&value), model: model(&value) })
}

pub(crate) fn strip_bom(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

pub(crate) fn model(value: &Value) -> Option<String> {
    value.get("model").and_then(Value::as_str).and_then(plain_name)
}

/// A text, or the texts of a list of parts.
fn content(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|p| p.get("text").and_then(Value::as_str)).collect(),
        _ => String::new(),
    }
}

fn tool_call(value: &Value) -> Option<ToolCall> {
    let function = value.get("function")?;
    let arguments = match function.get("arguments") {
        Some(Value::String(text)) => text.clone(),
        // some servers give the object itself
        Some(object @ Value::Object(_)) => object.to_string(),
        _ => String::new(),
    };
    Some(ToolCall {
        id: value.get("id").and_then(Value::as_str).unwrap_or("call_0").to_owned(),
        name: function.get("name")?.as_str()?.to_owned(),
        arguments,
    })
}

fn usage(value: &Value) -> Usage {
    let Some(usage) = value.get("usage") else { return Usage::default() };
    Usage {
        prompt: count(usage.get("prompt_tokens")),
        cached: count(usage.get("prompt_tokens_details").and_then(|d| d.get("cached_tokens"))),
        completion: count(usage.get("completion_tokens")),
        reasoning: count(usage.get("completion_tokens_details").and_then(|d| d.get("reasoning_tokens"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn request(messages: &[Message]) -> Request<'_> {
        Request {
            model: "m",
            messages,
            format: Format::JsonSchema { name: "pairs", schema: Arc::new(json!({"type": "object"})) },
            tools: Vec::new(),
            tool_required: false,
            max_tokens: 100,
            temperature: None,
            reasoning_effort: None,
        }
    }

    #[test]
    fn a_body_says_what_was_set_and_nothing_else() {
        let messages = [Message::new(Role::System, "s"), Message::new(Role::User, "u")];
        let body = String::from_utf8(encode(&request(&messages), Quirks::default())).unwrap();
        assert_eq!(
            body,
            r#"{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":"u"}],"max_completion_tokens":100,"response_format":{"type":"json_schema","json_schema":{"name":"pairs","strict":true,"schema":{"type":"object"}}}}"#
        );
        let mut old = request(&messages);
        old.format = Format::Text;
        old.temperature = Some(0.5);
        let quirks = Quirks { old_max_tokens: true, no_temperature: true, ..Quirks::default() };
        let body = String::from_utf8(encode(&old, quirks)).unwrap();
        assert!(
            body.contains(r#""max_tokens":100"#) && !body.contains("temperature") && !body.contains("response_format")
        );
    }

    #[test]
    fn replies() {
        let text = r#"{"id":"x","model":"m-1","choices":[{"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],
            "usage":{"prompt_tokens":5,"completion_tokens":7,"prompt_tokens_details":{"cached_tokens":3},"completion_tokens_details":{"reasoning_tokens":2}}}"#;
        let reply = decode(text.as_bytes()).unwrap();
        assert_eq!(reply.text, "hi");
        assert_eq!(reply.usage, Usage { prompt: Some(5), cached: Some(3), completion: Some(7), reasoning: Some(2) });
        assert_eq!(reply.model.as_deref(), Some("m-1"));

        let tool = r#"{"choices":[{"message":{"content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"check_sql","arguments":"{\"sql\":1}"}}]},"finish_reason":"tool_calls"}]}"#;
        let reply = decode(tool.as_bytes()).unwrap();
        assert_eq!(reply.tool_calls[0].name, "check_sql");
        assert_eq!(reply.usage, Usage::default());

        for (body, expected) in [
            ("", Unreadable::NotJson),
            ("<html>", Unreadable::NotJson),
            ("{}", Unreadable::NoAnswer),
            (r#"{"choices":[]}"#, Unreadable::NoAnswer),
            (r#"{"choices":[{}]}"#, Unreadable::NoAnswer),
            (r#"{"error":{"message":"x"}}"#, Unreadable::Error),
            (r#"{"choices":[{"error":{"code":502}}]}"#, Unreadable::Error),
            (r#"{"choices":[{"message":{"content":"\ud800"}}]}"#, Unreadable::NotJson),
        ] {
            assert_eq!(decode(body.as_bytes()), Err(expected), "{body}");
        }
        assert!(decode(b"{\"choices\":[{\"message\":{\"content\":\"\xff\"}}]}").is_err(), "invalid UTF-8");
        let refusal = r#"{"choices":[{"message":{"content":null,"refusal":"no"},"finish_reason":"stop"}]}"#;
        assert!(decode(refusal.as_bytes()).unwrap().refused);
    }
}
