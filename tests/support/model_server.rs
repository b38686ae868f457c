//! A stand-in for a model server: real sockets and threads, both interfaces of the API, latency, faults, and a journal
//! of what it was asked. It answers from the prompt alone, as a model would: see `model_author.rs`.

use super::model_author::{Author, Shape};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    /// From 0, in the order in which they came.
    pub number: usize,
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Value,
    pub at: Instant,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub fn is_responses(&self) -> bool {
        self.path.ends_with("/responses")
    }

    /// All texts of the dialogue: system, user, assistant, tool.
    pub fn texts(&self) -> Vec<(String, String)> {
        let mut texts = Vec::new();
        if let Some(text) = self.body["instructions"].as_str() {
            texts.push(("system".to_owned(), text.to_owned()));
        }
        let list = self.body["messages"].as_array().or_else(|| self.body["input"].as_array());
        for message in list.into_iter().flatten() {
            let kind = message["type"].as_str().unwrap_or("");
            let role =
                if kind == "function_call_output" { "tool" } else { message["role"].as_str().unwrap_or("assistant") };
            let text = message["content"].as_str().or_else(|| message["output"].as_str()).unwrap_or("");
            texts.push((role.to_owned(), text.to_owned()));
        }
        texts
    }

    /// The last message of the user.
    pub fn wish(&self) -> String {
        self.texts().into_iter().rev().find(|(role, _)| role == "user").map(|(_, t)| t).unwrap_or_default()
    }

    pub fn tools(&self) -> Vec<String> {
        let tools = self.body["tools"].as_array().into_iter().flatten();
        tools.filter_map(|t| t["function"]["name"].as_str().or_else(|| t["name"].as_str())).map(str::to_owned).collect()
    }

    /// json_schema, json_object, tools or text: how the reply is asked for.
    pub fn form(&self) -> &'static str {
        let format = &self.body["response_format"]["type"];
        let format = if format.is_null() { &self.body["text"]["format"]["type"] } else { format };
        match format.as_str() {
            _ if !self.tools().is_empty() => "tools",
            Some("json_schema") => "json_schema",
            Some("json_object") => "json_object",
            _ => "text",
        }
    }
}

/// What the server does with a request.
#[derive(Debug, Clone)]
pub enum Play {
    /// The author's answer.
    Answer,
    /// The author's answer, billed with so many tokens of prompt and completion.
    AnswerFor(u64, u64),
    /// A reply of this text, as the interface wraps it.
    Say(String),
    /// The same with a reason for its end, such as `length`.
    SayAnd(String, &'static str),
    /// The model declines.
    Refuse,
    /// Calls of tools: name and arguments.
    Call(Vec<(String, String)>),
    /// Status, further headers (`name: value\r\n`), body.
    Status(u16, String, String),
    /// The author's answer, cut off after so many per cent of its bytes.
    Cut(usize),
    /// The connection is closed without a word.
    Close,
    /// Nothing ever comes.
    Stall,
    /// One byte of the answer in so many milliseconds.
    Drip(u64),
    /// Raw bytes, then the connection is closed.
    Raw(Vec<u8>),
}

type Script = dyn Fn(&Asked) -> Play + Send + Sync;

#[derive(Default)]
struct Seen {
    journal: Mutex<Vec<Asked>>,
    count: AtomicUsize,
    in_flight: AtomicUsize,
    most: AtomicUsize,
    answered: AtomicUsize,
}

struct Shared {
    seen: Seen,
    script: Box<Script>,
    author: Author,
    latency_ms: AtomicU64,
    keep_journal: AtomicBool,
}

pub struct ModelServer {
    port: u16,
    shared: Arc<Shared>,
}

impl ModelServer {
    /// Answers everything, at once.
    pub fn new() -> ModelServer {
        ModelServer::with(|_| Play::Answer)
    }

    pub fn with(script: impl Fn(&Asked) -> Play + Send + Sync + 'static) -> ModelServer {
        ModelServer::at(0, script)
    }

    pub fn at(port: u16, script: impl Fn(&Asked) -> Play + Send + Sync + 'static) -> ModelServer {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("a port of the loopback interface");
        let port = listener.local_addr().expect("a bound address").port();
        let shared = Arc::new(Shared {
            seen: Seen::default(),
            script: Box::new(script),
            author: Author::default(),
            latency_ms: AtomicU64::new(0),
            keep_journal: AtomicBool::new(true),
        });
        let server = ModelServer { port, shared: shared.clone() };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = shared.clone();
                std::thread::spawn(move || serve(&shared, stream));
            }
        });
        server
    }

    pub fn latency(self, milliseconds: u64) -> ModelServer {
        self.shared.latency_ms.store(milliseconds, Ordering::Relaxed);
        self
    }

    /// For measurements: requests are counted, not kept.
    pub fn without_journal(self) -> ModelServer {
        self.shared.keep_journal.store(false, Ordering::Relaxed);
        self
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    pub fn journal(&self) -> Vec<Asked> {
        self.shared.seen.journal.lock().expect("no thread panicked").clone()
    }

    pub fn count(&self) -> usize {
        self.shared.seen.count.load(Ordering::SeqCst)
    }

    pub fn in_flight(&self) -> usize {
        self.shared.seen.in_flight.load(Ordering::SeqCst)
    }

    pub fn most_in_flight(&self) -> usize {
        self.shared.seen.most.load(Ordering::SeqCst)
    }

    pub fn answered(&self) -> usize {
        self.shared.seen.answered.load(Ordering::SeqCst)
    }
}

fn serve(shared: &Shared, stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let Ok(reading) = stream.try_clone() else { return };
    let mut reader = BufReader::with_capacity(64 * 1024, reading);
    let mut stream = stream;
    while let Some(asked) = read(shared, &mut reader) {
        let seen = &shared.seen;
        seen.most.fetch_max(seen.in_flight.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let play = (shared.script)(&asked);
        let latency = shared.latency_ms.load(Ordering::Relaxed);
        if latency > 0 {
            std::thread::sleep(Duration::from_millis(latency));
        }
        let open = perform(shared, &mut stream, &asked, play);
        seen.answered.fetch_add(1, Ordering::SeqCst);
        seen.in_flight.fetch_sub(1, Ordering::SeqCst);
        if !open {
            return;
        }
    }
}

fn read(shared: &Shared, reader: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = Vec::new();
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length: usize = headers.iter().find(|(n, _)| n == "content-length")?.1.parse().ok()?;
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes).ok()?;
    let number = shared.seen.count.fetch_add(1, Ordering::SeqCst);
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    let asked = Asked { number, path, headers, body, at: Instant::now() };
    if shared.keep_journal.load(Ordering::Relaxed) {
        shared.seen.journal.lock().expect("no thread panicked").push(asked.clone());
    }
    Some(asked)
}

/// Whether the connection stays open.
fn perform(shared: &Shared, stream: &mut TcpStream, asked: &Asked, play: Play) -> bool {
    let whole = |play: &Play| http(200, "", &reply(shared, asked, play).to_string());
    match play {
        Play::Status(status, headers, body) => stream.write_all(&http(status, &headers, &body)).is_ok(),
        Play::Close => false,
        Play::Stall => {
            std::thread::sleep(Duration::from_secs(600));
            false
        }
        Play::Raw(bytes) => {
            let _ = stream.write_all(&bytes);
            false
        }
        Play::Cut(percent) => {
            let bytes = whole(&Play::Answer);
            let _ = stream.write_all(&bytes[..bytes.len() * percent / 100]);
            false
        }
        Play::Drip(pause) => {
            for byte in whole(&Play::Answer) {
                if stream.write_all(&[byte]).is_err() {
                    return false;
                }
                std::thread::sleep(Duration::from_millis(pause));
            }
            true
        }
        said => stream.write_all(&whole(&said)).is_ok(),
    }
}

pub fn http(status: u16, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
        .into_bytes()
}

/// The body of a 200, in the clothes of the interface that was asked.
fn reply(shared: &Shared, asked: &Asked, play: &Play) -> Value {
    let (mut text, mut calls, mut finish, refused) = (String::new(), Vec::new(), "stop", matches!(play, Play::Refuse));
    match play {
        Play::Say(said) => text.clone_from(said),
        Play::SayAnd(said, why) => {
            text.clone_from(said);
            finish = why;
        }
        Play::Call(list) => calls.clone_from(list),
        Play::Refuse => {}
        _ => (text, calls) = shared.author.answer(asked),
    }
    if !calls.is_empty() {
        finish = "tool_calls";
    }
    let (prompt, completion) = match play {
        Play::AnswerFor(prompt, completion) => (*prompt as usize, *completion as usize),
        _ => {
            let said = text.len() + calls.iter().map(|(_, a)| a.len()).sum::<usize>();
            (asked.texts().iter().map(|(_, t)| t.len()).sum::<usize>() / 4, said / 4 + 1)
        }
    };
    if asked.is_responses() {
        responses(asked, &text, &calls, finish, refused, prompt, completion)
    } else {
        chat(asked, &text, &calls, finish, refused, prompt, completion)
    }
}

fn chat(
    asked: &Asked,
    text: &str,
    calls: &[(String, String)],
    finish: &str,
    refused: bool,
    prompt: usize,
    completion: usize,
) -> Value {
    let mut message = json!({"role": "assistant", "content": text, "refusal": null});
    if refused {
        message["content"] = Value::Null;
        message["refusal"] = json!("I cannot help with that.");
    }
    if !calls.is_empty() {
        message["content"] = Value::Null;
        let list = calls.iter().enumerate().map(|(i, (name, arguments))| {
            json!({"id": format!("call_{}_{i}", asked.number), "type": "function", "function": {"name": name, "arguments": arguments}})
        });
        message["tool_calls"] = list.collect();
    }
    json!({"id": format!("chatcmpl-{}", asked.number), "object": "chat.completion", "model": "stand-in-1",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": 0}, "completion_tokens_details": {"reasoning_tokens": 0}}})
}

fn responses(
    asked: &Asked,
    text: &str,
    calls: &[(String, String)],
    finish: &str,
    refused: bool,
    prompt: usize,
    completion: usize,
) -> Value {
    let mut output = vec![json!({"type": "reasoning", "id": "rs_1", "summary": []})];
    for (i, (name, arguments)) in calls.iter().enumerate() {
        output.push(
            json!({"type": "function_call", "id": format!("fc_{i}"), "call_id": format!("call_{}_{i}", asked.number),
            "name": name, "arguments": arguments, "status": "completed"}),
        );
    }
    if refused {
        output.push(json!({"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "I cannot help with that."}]}));
    } else if calls.is_empty() {
        output
            .push(json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}));
    }
    let (status, details) = match finish {
        "length" => ("incomplete", json!({"reason": "max_output_tokens"})),
        "content_filter" => ("incomplete", json!({"reason": "content_filter"})),
        _ => ("completed", Value::Null),
    };
    json!({"id": format!("resp_{}", asked.number), "object": "response", "model": "stand-in-1", "status": status,
        "incomplete_details": details, "error": null, "output": output,
        "usage": {"input_tokens": prompt, "output_tokens": completion, "total_tokens": prompt + completion}})
}

/// The shape that a request asks for, by its schema, its tools or the words of its messages.
pub fn shape(asked: &Asked) -> Shape {
    let name = asked.body["response_format"]["json_schema"]["name"].as_str();
    if let Some(shape) = name.or_else(|| asked.body["text"]["format"]["name"].as_str()).and_then(Shape::named) {
        return shape;
    }
    if let Some(shape) = asked.tools().iter().find_map(|t| Shape::named(t.strip_prefix("submit_")?)) {
        return shape;
    }
    let texts = asked.texts();
    let told = texts.iter().rev().find_map(|(_, text)| {
        let at = text.find("in this form: {\"")?;
        Shape::named(text[at + 16..].split('"').next()?)
    });
    told.unwrap_or(Shape::Pairs)
}
