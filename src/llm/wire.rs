//! What is said to a model and what it answers, in a form of our own. `chat` and `responses` turn it into the bodies
//! of the two interfaces and back.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    System,
    User,
    Assistant,
    /// The answer to a tool call.
    Tool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Message {
    pub role: Role,
    pub content: String,
    /// Of an assistant's message.
    pub tool_calls: Vec<ToolCall>,
    /// Of a tool's message.
    pub tool_call_id: Option<String>,
}

impl Message {
    pub fn new(role: Role, content: impl Into<String>) -> Message {
        Message { role, content: content.into(), tool_calls: Vec::new(), tool_call_id: None }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ToolCall {
    pub id: String,
    pub name: String,
    /// JSON text as the model wrote it: not yet proved to be JSON.
    pub arguments: String,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tool {
    pub name: &'static str,
    pub description: &'static str,
    pub parameters: Arc<Value>,
}

/// The form asked of a reply.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Format {
    Text,
    JsonObject,
    JsonSchema { name: &'static str, schema: Arc<Value> },
}

/// One call, before it becomes a body.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Request<'a> {
    pub model: &'a str,
    pub messages: &'a [Message],
    pub format: Format,
    pub tools: Vec<Tool>,
    /// The model has to call a tool.
    pub tool_required: bool,
    /// Always sent: the budget counts on it.
    pub max_tokens: u32,
    pub temperature: Option<f64>,
    pub reasoning_effort: Option<String>,
}

/// What an endpoint has refused so far and is not sent again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Quirks {
    /// Knows `max_tokens` alone.
    pub old_max_tokens: bool,
    pub no_temperature: bool,
    pub no_parallel_switch: bool,
    pub no_tool_choice: bool,
    pub no_reasoning_effort: bool,
    /// Tool definitions without `strict`.
    pub no_strict_tools: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finish {
    Stop,
    Length,
    Filter,
    ToolCalls,
    Other,
}

/// Tokens as the server counted them; none where it did not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub prompt: Option<u64>,
    pub cached: Option<u64>,
    pub completion: Option<u64>,
    pub reasoning: Option<u64>,
}

/// What a model answered, with a 200.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reply {
    pub text: String,
    pub tool_calls: Vec<ToolCall>,
    pub finish: Finish,
    /// The model declined to answer; what it said is not kept.
    pub refused: bool,
    pub usage: Usage,
    /// Snapshot that answered.
    pub model: Option<String>,
}

/// Why a body with status 200 is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreadable {
    NotJson,
    NoAnswer,
    /// A 200 that carries an `error`.
    Error,
}

/// Reads a count that servers write as a number, sometimes with a fraction.
pub(crate) fn count(value: Option<&Value>) -> Option<u64> {
    let value = value?;
    value.as_u64().or_else(|| value.as_f64().filter(|f| *f >= 0.0 && *f < 1e15).map(|f| f as u64))
}

/// A name from a server that is stored and shown: short and plain, or nothing.
pub(crate) fn plain_name(text: &str) -> Option<String> {
    let sound =
        (1..=120).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._:/@-".contains(&b));
    sound.then(|| text.to_owned())
}
