//! A server for the tests of client and pool: real sockets, and each answer a list of steps.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

pub(crate) enum Step {
    Send(Vec<u8>),
    Sleep(u64),
    Close,
}

pub(crate) struct Server {
    pub port: u16,
    pub requests: Arc<Mutex<Vec<String>>>,
    pub most_in_flight: Arc<AtomicUsize>,
}

impl Server {
    /// `answer` gets the number of the request (from 0) and its text.
    pub fn start(answer: impl Fn(usize, &str) -> Vec<Step> + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let most = Arc::new(AtomicUsize::new(0));
        let now = Arc::new(AtomicUsize::new(0));
        let answer = Arc::new(answer);
        let server = Server { port, requests: requests.clone(), most_in_flight: most.clone() };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (requests, most, now, answer) = (requests.clone(), most.clone(), now.clone(), answer.clone());
                std::thread::spawn(move || {
                    stream.set_nodelay(true).unwrap();
                    let mut stream = stream;
                    while let Some(text) = read_request(&mut stream) {
                        let number = {
                            let mut all = requests.lock().unwrap();
                            all.push(text.clone());
                            all.len() - 1
                        };
                        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        let open = play(&mut stream, answer(number, &text));
                        now.fetch_sub(1, Ordering::SeqCst);
                        if !open {
                            return;
                        }
                    }
                });
            }
        });
        server
    }

    pub fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }
}

/// Lets callers through by groups, each when it is whole: so a server has so many requests at once, or none is answered.
pub(crate) struct Together {
    size: usize,
    arrived: Mutex<usize>,
    one_more: Condvar,
}

impl Together {
    pub fn new(size: usize) -> Together {
        Together { size, arrived: Mutex::new(0), one_more: Condvar::new() }
    }

    /// Fails where the group does not become whole in a time that no load explains.
    pub fn wait(&self) {
        let mut arrived = self.arrived.lock().unwrap();
        *arrived += 1;
        let whole = arrived.div_ceil(self.size) * self.size;
        self.one_more.notify_all();
        let limit = Duration::from_secs(30);
        let waited = self.one_more.wait_timeout_while(arrived, limit, |arrived| *arrived < whole).unwrap().1;
        assert!(!waited.timed_out(), "fewer than {} calls at once", self.size);
    }
}

fn play(stream: &mut TcpStream, steps: Vec<Step>) -> bool {
    for step in steps {
        match step {
            Step::Send(bytes) => {
                if stream.write_all(&bytes).is_err() {
                    return false;
                }
            }
            Step::Sleep(millis) => std::thread::sleep(Duration::from_millis(millis)),
            Step::Close => return false,
        }
    }
    true
}

fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut chunk = [0u8; 4096];
    loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length: usize =
                head.lines().find_map(|l| l.strip_prefix("content-length:")).map_or(0, |v| v.trim().parse().unwrap());
            if bytes.len() >= end + 4 + length {
                return Some(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        match stream.read(&mut chunk) {
            Ok(n) if n > 0 => bytes.extend_from_slice(&chunk[..n]),
            _ => return None,
        }
    }
}

/// A whole answer.
pub(crate) fn http(status: u16, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
    .into_bytes()
}

pub(crate) fn completion(text: &str) -> String {
    let message = serde_json::json!({"role": "assistant", "content": text});
    serde_json::json!({"model": "m-1", "choices": [{"message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5}})
    .to_string()
}
