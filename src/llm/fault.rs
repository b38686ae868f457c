//! Why a call brought no answer, in words of our own. A server's text is looked at to find the class and never kept:
//! it may repeat the prompt or the key.

use serde_json::Value;
use std::fmt;
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// The key is missing, wrong or not allowed to.
    Auth,
    /// No credit left: the same status as a rate limit, another meaning.
    Quota,
    /// Address, model, certificate, redirect: nothing that waiting mends.
    Config,
    RateLimit,
    Server,
    Transport,
    Timeout,
    /// Prompt too long for the model.
    Context,
    /// The server does not know or not allow something that was sent.
    Parameter,
    /// A content filter stopped the prompt.
    Filter,
    /// Any other 4xx.
    Request,
    /// A 200 that is no answer.
    Malformed,
    /// More bytes than any answer has.
    TooLarge,
    /// The answer repeats the key.
    Leak,
    Cancelled,
}

/// Parts of a request that servers are known to refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    MaxCompletionTokens,
    MaxTokens,
    Temperature,
    ResponseFormat,
    ParallelToolCalls,
    ToolChoice,
    Tools,
    Strict,
    ReasoningEffort,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub class: Class,
    pub status: Option<u16>,
    /// One of the codes that are known; others are dropped.
    pub code: Option<&'static str>,
    pub part: Option<Part>,
    /// What the server asked to wait, unchecked.
    pub retry_after: Option<Duration>,
    /// Our own addition, such as which address was refused.
    pub note: Option<&'static str>,
}

impl Fault {
    pub fn new(class: Class) -> Fault {
        Fault { class, status: None, code: None, part: None, retry_after: None, note: None }
    }

    pub fn note(mut self, note: &'static str) -> Fault {
        self.note = Some(note);
        self
    }

    /// Ends a run: `auth`, `quota` or `config`.
    pub fn permanent(&self) -> Option<&'static str> {
        match self.class {
            Class::Auth => Some("auth"),
            Class::Quota => Some("quota"),
            Class::Config | Class::Leak => Some("config"),
            _ => None,
        }
    }

    /// What a person can do about a permanent fault.
    pub fn hint(&self) -> &'static str {
        match self.class {
            Class::Auth => "Check the endpoint's key reference and what the key may do.",
            Class::Quota => {
                "The account has no credit or has reached its limit; raise it, then nlsql.resume() the run."
            }
            Class::Leak => "The server repeats the key in its answers; do not use it.",
            _ => "Check base_url, model, allow_http and allow_private of the endpoint.",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.class {
            Class::Auth => "the endpoint refused the key",
            Class::Quota => "the endpoint's account has no credit left",
            Class::Config => "the endpoint cannot be used as it is set up",
            Class::RateLimit => "the endpoint's rate limit was reached",
            Class::Server => "the endpoint failed",
            Class::Transport => "the connection to the endpoint failed",
            Class::Timeout => "the endpoint did not answer in time",
            Class::Context => "the prompt is too long for the model",
            Class::Parameter => "the endpoint does not accept a part of the request",
            Class::Filter => "the endpoint's content filter stopped the request",
            Class::Request => "the endpoint refused the request",
            Class::Malformed => "the endpoint's answer could not be read",
            Class::TooLarge => "the endpoint's answer is too large",
            Class::Leak => "the endpoint's answer repeats the key",
            Class::Cancelled => "the call was cancelled",
        };
        f.write_str(what)?;
        let detail: Vec<String> = self
            .status
            .map(|s| format!("HTTP {s}"))
            .into_iter()
            .chain(self.code.map(str::to_owned))
            .chain(self.note.map(str::to_owned))
            .collect();
        if detail.is_empty() { Ok(()) } else { write!(f, " ({})", detail.join(", ")) }
    }
}

/// Codes and types that may be shown, each with the class that it decides, if it decides one.
const CODES: [(&str, Option<Class>); 28] = [
    ("insufficient_quota", Some(Class::Quota)),
    ("billing_hard_limit_reached", Some(Class::Quota)),
    ("billing_not_active", Some(Class::Quota)),
    ("credit_balance_exhausted", Some(Class::Quota)),
    ("project_spend_limit_exceeded", Some(Class::Quota)),
    ("organization_spend_limit_exceeded", Some(Class::Quota)),
    ("access_terminated", Some(Class::Auth)),
    ("account_deactivated", Some(Class::Auth)),
    ("invalid_api_key", Some(Class::Auth)),
    ("authentication_error", Some(Class::Auth)),
    ("permission_denied", Some(Class::Auth)),
    ("model_not_found", Some(Class::Config)),
    ("deployment_not_found", Some(Class::Config)),
    ("DeploymentNotFound", Some(Class::Config)),
    ("context_length_exceeded", Some(Class::Context)),
    ("exceed_context_size_error", Some(Class::Context)),
    ("string_above_max_length", Some(Class::Context)),
    ("content_filter", Some(Class::Filter)),
    ("content_policy_violation", Some(Class::Filter)),
    ("rate_limit_exceeded", None),
    ("rate_limit_error", None),
    ("tokens", None),
    ("requests", None),
    ("unsupported_parameter", Some(Class::Parameter)),
    ("unsupported_value", Some(Class::Parameter)),
    ("invalid_request_error", None),
    ("server_error", None),
    ("overloaded_error", None),
];

/// Names of parts as servers write them, the longer before those that they contain.
const PARTS: [(&str, Part); 9] = [
    ("parallel_tool_calls", Part::ParallelToolCalls),
    ("tool_choice", Part::ToolChoice),
    ("max_completion_tokens", Part::MaxCompletionTokens),
    ("response_format", Part::ResponseFormat),
    ("json_schema", Part::ResponseFormat),
    ("reasoning_effort", Part::ReasoningEffort),
    ("temperature", Part::Temperature),
    ("max_tokens", Part::MaxTokens),
    ("strict", Part::Strict),
];

/// The class of an answer with a status other than 200.
pub(crate) fn classify(status: u16, body: &[u8], retry_after: Option<Duration>) -> Fault {
    let value: Value = serde_json::from_slice(super::chat::strip_bom(body)).unwrap_or(Value::Null);
    let error = value.get("error").unwrap_or(&value);
    let field = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or("");
    let known =
        [field("code"), field("type")].into_iter().find_map(|text| CODES.iter().find(|(code, _)| *code == text));
    let known = known.filter(|(code, _)| *code != "invalid_request_error" || field("code").is_empty());
    let message = match error {
        Value::String(text) => text.to_lowercase(),
        _ => [field("message"), value.get("detail").and_then(Value::as_str).unwrap_or("")].join(" ").to_lowercase(),
    };
    let part = [field("param"), message.as_str()]
        .into_iter()
        .find_map(|text| PARTS.iter().find(|(name, _)| text.contains(name)).map(|(_, part)| *part))
        .or_else(|| (field("param").starts_with("tools") || message.contains("tool")).then_some(Part::Tools));
    let decided = known.and_then(|(_, class)| *class);
    let class = match status {
        401 | 403 => decided.filter(|c| matches!(c, Class::Quota | Class::Config)).unwrap_or(Class::Auth),
        402 => Class::Quota,
        429 => decided.filter(|c| *c == Class::Quota).unwrap_or(Class::RateLimit),
        408 | 409 | 425 => Class::Server,
        413 => Class::Context,
        400 | 422 => class_of_400(decided, part, &message),
        300..=399 | 404 | 405 | 410 | 421 | 426 => Class::Config,
        400..=499 => Class::Request,
        _ => decided.filter(|c| *c == Class::Quota).unwrap_or(Class::Server),
    };
    let note = (300..=399).contains(&status).then_some("redirects are not followed");
    Fault { class, status: Some(status), code: known.map(|(code, _)| *code), part, retry_after, note }
}

fn class_of_400(decided: Option<Class>, part: Option<Part>, message: &str) -> Class {
    let says = |words: &[&str]| words.iter().any(|w| message.contains(w));
    match decided {
        Some(Class::Parameter) | None => {}
        Some(other) => return other,
    }
    if says(&["context length", "context size", "maximum context", "too many tokens", "prompt is too long"]) {
        Class::Context
    } else if part.is_some() {
        Class::Parameter
    } else if says(&["api key"]) {
        // one large provider answers a wrong key with 400
        Class::Auth
    } else {
        Class::Request
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes() {
        let body =
            |code: &str, message: &str| format!(r#"{{"error":{{"message":"{message}","type":"x","code":"{code}"}}}}"#);
        let cases = [
            (401, body("invalid_api_key", "Incorrect key sk-abc"), Class::Auth),
            (403, body("", ""), Class::Auth),
            (402, String::new(), Class::Quota),
            (404, body("model_not_found", ""), Class::Config),
            (404, "<html>".into(), Class::Config),
            (302, String::new(), Class::Config),
            (429, body("rate_limit_exceeded", ""), Class::RateLimit),
            (429, body("insufficient_quota", ""), Class::Quota),
            (429, String::new(), Class::RateLimit),
            (500, String::new(), Class::Server),
            (503, body("server_error", ""), Class::Server),
            (529, String::new(), Class::Server),
            (408, String::new(), Class::Server),
            (413, String::new(), Class::Context),
            (400, body("context_length_exceeded", ""), Class::Context),
            (400, body("", "This model's maximum context length is 8192 tokens"), Class::Context),
            (400, body("content_filter", ""), Class::Filter),
            (
                400,
                body(
                    "unsupported_parameter",
                    "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
                ),
                Class::Parameter,
            ),
            (400, body("", "response_format is not supported by this model"), Class::Parameter),
            (400, body("", "API key not valid"), Class::Auth),
            (400, body("", "something else"), Class::Request),
            (422, r#"{"detail":"extra field: parallel_tool_calls"}"#.into(), Class::Parameter),
            (418, String::new(), Class::Request),
        ];
        for (status, body, class) in cases {
            assert_eq!(classify(status, body.as_bytes(), None).class, class, "{status} {body}");
        }
    }

    #[test]
    fn parts() {
        let part = |param: &str, message: &str| {
            let body = format!(r#"{{"error":{{"message":"{message}","param":"{param}"}}}}"#);
            classify(400, body.as_bytes(), None).part
        };
        assert_eq!(part("max_tokens", "use 'max_completion_tokens' instead"), Some(Part::MaxTokens));
        assert_eq!(part("response_format", ""), Some(Part::ResponseFormat));
        assert_eq!(part("", "Invalid schema for response_format 'pairs'"), Some(Part::ResponseFormat));
        assert_eq!(part("tools[0].function", ""), Some(Part::Tools));
        assert_eq!(part("temperature", ""), Some(Part::Temperature));
        assert_eq!(part("", "bad"), None);
    }

    #[test]
    fn a_fault_shows_nothing_that_the_server_wrote() {
        let body = r#"{"error":{"message":"Bearer sk-CANARY said SELECT secret","type":"sk-CANARY","code":"sk-CANARY","param":"sk-CANARY"}}"#;
        for status in [301, 400, 401, 404, 429, 500] {
            let fault = classify(status, body.as_bytes(), None);
            let shown = format!("{fault} {fault:?} {}", fault.hint());
            assert!(!shown.contains("CANARY") && !shown.contains("SELECT"), "{shown}");
        }
        assert_eq!(classify(401, b"", None).to_string(), "the endpoint refused the key (HTTP 401)");
    }
}
