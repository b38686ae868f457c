//! An endpoint as a superuser wrote it down: where a model answers, how it is spoken to, and where its key is.

use super::secret;
use crate::error::{Code, Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ureq::http::Uri;

/// Which of the two interfaces of the API is spoken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ApiStyle {
    /// Chat Completions, which every compatible server has.
    #[default]
    #[serde(alias = "auto", alias = "chat_completions")]
    Chat,
    Responses,
}

/// How a reply is made to have a form that can be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Structured {
    /// `json_schema`, and a step down each time that the server refuses.
    #[default]
    Auto,
    JsonSchema,
    JsonObject,
    Tools,
    Text,
}

/// One row of `nlsql.endpoint`, as JSON.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Endpoint {
    #[serde(default)]
    pub name: String,
    /// Such as `https://api.openai.com/v1`; a query stays at the end of the full address.
    pub base_url: String,
    #[serde(default)]
    pub model: String,
    #[serde(default)]
    pub api_style: ApiStyle,
    #[serde(default)]
    pub structured: Structured,
    /// Further headers; `{key}` in a value stands for the key, and then no `Authorization` header is added.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// `env:NAME`, `file:/absolute/path` or nothing.
    #[serde(default, alias = "api_key", alias = "key_reference")]
    pub key: String,
    #[serde(default)]
    pub allow_http: bool,
    #[serde(default)]
    pub allow_private: bool,
    #[serde(default)]
    pub parallelism: Option<u32>,
    #[serde(default, alias = "rpm")]
    pub requests_per_minute: Option<u32>,
    #[serde(default, alias = "tpm")]
    pub tokens_per_minute: Option<u32>,
}

/// The endpoint that is there without a row.
pub(crate) fn shipped() -> Endpoint {
    Endpoint {
        name: "openai".into(),
        base_url: "https://api.openai.com/v1".into(),
        model: "gpt-4.1-mini".into(),
        key: "env:OPENAI_API_KEY".into(),
        ..Endpoint::default()
    }
}

/// Headers that belong to the connection or to the body.
const RESERVED: [&str; 9] = [
    "accept-encoding", "connection", "content-encoding", "content-length", "content-type", "expect", "host", "te",
    "transfer-encoding",
];

/// Headers that carry keys: their values must come from the key reference.
const CREDENTIALS: [&str; 5] = ["authorization", "api-key", "x-api-key", "cookie", "proxy-authorization"];

impl Endpoint {
    /// Reads a row as `to_jsonb` gives it: absent and null are the same.
    pub fn from_json(row: &str) -> Result<Endpoint> {
        let bad = |e: serde_json::Error| Error::invalid(format!("the endpoint's row cannot be read: {e}"));
        let mut value: serde_json::Value = serde_json::from_str(row).map_err(bad)?;
        if let Some(fields) = value.as_object_mut() {
            fields.retain(|_, v| !v.is_null());
        }
        let endpoint: Endpoint = serde_json::from_value(value).map_err(bad)?;
        endpoint.check()?;
        Ok(endpoint)
    }

    /// Everything that can be known without the network and without the key.
    pub fn check(&self) -> Result<()> {
        self.uri("")?;
        secret::check_reference(&self.key)?;
        let bad = |name: &str, why: &str| {
            Err(Error::invalid(format!("header \"{name}\" of endpoint \"{}\" {why}", self.name)))
        };
        for (name, value) in &self.headers {
            let lower = name.to_ascii_lowercase();
            let token = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
            if !token || RESERVED.contains(&lower.as_str()) {
                return bad(name, "cannot be set");
            }
            if !value.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
                return bad(name, "has a value that is not plain ASCII");
            }
            if CREDENTIALS.contains(&lower.as_str()) && !value.contains("{key}") {
                return bad(name, "would hold a key in a table: write {key} and set the key reference");
            }
        }
        Ok(())
    }

    /// Address of a call, such as `/chat/completions`; the scheme has been checked.
    pub fn uri(&self, path: &str) -> Result<Uri> {
        let bad = |why: &str| {
            Error::new(Code::InvalidParameterValue, format!("base_url of endpoint \"{}\" {why}", self.name))
                .hint("Write it like https://host/v1.")
        };
        let text = self.base_url.trim();
        if text.contains('#') {
            return Err(bad("has a fragment"));
        }
        let (base, query) = match text.split_once('?') {
            Some((base, query)) => (base, format!("?{query}")),
            None => (text, String::new()),
        };
        let full = format!("{}{path}{query}", base.trim_end_matches('/'));
        let uri: Uri = full.parse().map_err(|_| bad("is no address"))?;
        match uri.scheme_str() {
            Some("https" | "http") => {}
            _ => return Err(bad("is neither https nor http")),
        }
        let authority = uri.authority().ok_or_else(|| bad("names no host"))?;
        if authority.as_str().contains('@') {
            return Err(bad("has a user in it"));
        }
        if authority.host().is_empty() {
            return Err(bad("names no host"));
        }
        Ok(uri)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(base_url: &str) -> Endpoint {
        Endpoint { base_url: base_url.into(), ..Endpoint::default() }
    }

    #[test]
    fn addresses() {
        let uri = |base: &str| at(base).uri("/chat/completions").map(|u| u.to_string()).map_err(|e| e.message);
        assert_eq!(uri("https://a.example/v1/").unwrap(), "https://a.example/v1/chat/completions");
        assert_eq!(
            uri("https://a.example/deployments/m?api-version=1").unwrap(),
            "https://a.example/deployments/m/chat/completions?api-version=1"
        );
        assert_eq!(uri("http://[::1]:8080/v1").unwrap(), "http://[::1]:8080/v1/chat/completions");
        for bad in [
            "",
            "a.example/v1",
            "ftp://a.example",
            "https://user:pw@a.example/v1",
            "https://a.example/#x",
            "https:///v1",
            "file:///etc/passwd",
        ] {
            assert!(uri(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn rows() {
        let row = r#"{"name":"azure","base_url":"https://r.example/openai/v1","model":"d","api_style":"responses",
            "headers":{"api-key":"{key}"},"key":"env:AZURE_KEY","parallelism":null,"rpm":60}"#;
        let endpoint = Endpoint::from_json(row).unwrap();
        assert_eq!(endpoint.api_style, ApiStyle::Responses);
        assert_eq!(endpoint.requests_per_minute, Some(60));
        assert_eq!(endpoint.parallelism, None);
        assert_eq!(endpoint.structured, Structured::Auto);
    }

    #[test]
    fn headers() {
        let with = |name: &str, value: &str| {
            let mut e = at("https://a.example");
            e.headers.insert(name.into(), value.into());
            e.check().is_ok()
        };
        assert!(with("X-Title", "nlsql"));
        assert!(with("api-key", "{key}"));
        assert!(!with("Authorization", "Bearer sk-1"));
        assert!(!with("Host", "other"));
        assert!(!with("X-A", "a\r\nB: c"));
        assert!(!with("X A", "a"));
    }
}
