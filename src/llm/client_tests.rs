use super::*;
use crate::llm::test_server::{Server, Step, completion, http};

fn secret() -> Option<Secret> {
    let path =
        std::env::temp_dir().join(format!("nlsql_client_key_{}_{:?}", std::process::id(), std::thread::current().id()));
    std::fs::write(&path, "sk-CANARY-0123456789").unwrap();
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let secret = crate::llm::secret::read(&format!("file:{}", path.display())).ok().flatten();
    std::fs::remove_file(&path).unwrap();
    secret
}

fn client(base_url: &str) -> Client {
    let endpoint = Endpoint { name: "t".into(), base_url: base_url.into(), ..Endpoint::default() };
    Client::new(&endpoint, secret(), 4).unwrap()
}

fn call(client: &Client) -> Answer {
    client.call(ApiStyle::Chat, b"{}", Duration::from_secs(10))
}

fn class(answer: &Answer) -> Class {
    answer.result.as_ref().unwrap_err().class
}

/// The class of the fault that an answer made of these steps gives.
fn fault_of(steps: impl Fn() -> Vec<Step> + Send + Sync + 'static) -> Fault {
    let server = Server::start(move |_, _| steps());
    call(&client(&server.url())).result.unwrap_err()
}

#[test]
fn a_good_answer() {
    let server = Server::start(|_, _| {
        vec![Step::Send(http(200, "x-request-id: r-1\r\nx-ratelimit-remaining-requests: 9\r\n", &completion("hi")))]
    });
    let client = client(&server.url());
    for _ in 0..3 {
        let answer = call(&client);
        assert_eq!(answer.result.unwrap().text, "hi");
        assert_eq!(answer.request_id.as_deref(), Some("r-1"));
        assert_eq!(answer.limits.remaining_requests, Some(9));
    }
    let requests = server.requests.lock().unwrap();
    assert!(requests[0].starts_with("POST /v1/chat/completions HTTP/1.1\r\n"));
    assert!(requests[0].to_lowercase().contains("authorization: bearer sk-canary-0123456789\r\n"));
}

#[test]
fn a_key_header_of_the_endpoints_own() {
    let server = Server::start(|_, _| vec![Step::Send(http(200, "", &completion("hi")))]);
    let mut endpoint = Endpoint { base_url: server.url(), ..Endpoint::default() };
    endpoint.headers.insert("api-key".into(), "{key}".into());
    assert!(Client::new(&endpoint, None, 1).is_err(), "a place for a key and no key");
    call(&Client::new(&endpoint, secret(), 1).unwrap()).result.unwrap();
    let text = server.requests.lock().unwrap()[0].to_lowercase();
    assert!(text.contains("api-key: sk-canary-0123456789\r\n") && !text.contains("authorization"));
}

#[test]
fn statuses() {
    let fault = fault_of(|| vec![Step::Send(http(429, "retry-after: 7\r\n", "{}"))]);
    assert_eq!((fault.class, fault.retry_after), (Class::RateLimit, Some(Duration::from_secs(7))));
    assert_eq!(fault_of(|| vec![Step::Send(http(401, "", "{}"))]).class, Class::Auth);
    assert_eq!(fault_of(|| vec![Step::Send(http(500, "", "oops"))]).class, Class::Server);
    assert_eq!(fault_of(|| vec![Step::Send(http(200, "", "oops"))]).class, Class::Malformed);
    assert_eq!(fault_of(|| vec![Step::Send(http(204, "", ""))]).class, Class::Server);
    let upstream = r#"{"error":{"code":"rate_limit_exceeded"}}"#;
    assert_eq!(fault_of(|| vec![Step::Send(http(200, "", upstream))]).class, Class::Server);
}

#[test]
fn a_redirect_is_not_followed() {
    let second = Server::start(|_, _| vec![Step::Send(http(200, "", &completion("hi")))]);
    let location = format!("location: {}/chat/completions\r\n", second.url());
    for status in [301, 302, 307, 308] {
        let location = location.clone();
        let fault = fault_of(move || vec![Step::Send(http(status, &location, ""))]);
        assert_eq!(fault.class, Class::Config, "{status}");
    }
    assert_eq!(second.count(), 0);
}

#[test]
fn an_answer_cut_at_every_byte_is_a_transport_fault() {
    let whole = http(200, "", &completion("hi"));
    let length = whole.len();
    let server =
        Server::start(move |number, _| vec![Step::Send(whole[..number.min(whole.len())].to_vec()), Step::Close]);
    let client = client(&server.url());
    for cut in 0..length {
        let fault = call(&client).result.expect_err("cut off");
        assert_eq!(fault.class, Class::Transport, "cut at {cut} of {length}: {fault:?}");
    }
    assert!(call(&client).result.is_ok());
}

#[test]
fn chunks_cut_short() {
    let fault = fault_of(|| {
        let body =
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n10\r\n0123456789abcdef\r\n20\r\n01234".to_vec();
        vec![Step::Send(body), Step::Close]
    });
    assert_eq!(fault.class, Class::Transport);
}

#[test]
fn stalls_and_drips_end_at_the_deadline() {
    let stall = Server::start(|_, _| vec![Step::Sleep(5000), Step::Close]);
    let drip = Server::start(|_, _| {
        let start = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n".to_vec();
        let mut steps = vec![Step::Send(start)];
        steps.extend((0..50).flat_map(|_| [Step::Send(b" ".to_vec()), Step::Sleep(50)]));
        steps
    });
    for server in [stall, drip] {
        let answer = client(&server.url()).call(ApiStyle::Chat, b"{}", Duration::from_millis(400));
        assert_eq!(class(&answer), Class::Timeout);
        assert!((380..900).contains(&answer.latency.as_millis()), "{:?}", answer.latency);
    }
}

#[test]
fn huge_answers_end_at_the_cap() {
    let endless = Server::start(|_, _| {
        let start = b"HTTP/1.1 200 OK\r\ncontent-length: 10737418240\r\n\r\n".to_vec();
        let mut steps = vec![Step::Send(start)];
        steps.extend((0..100).map(|_| Step::Send(vec![b' '; 100_000])));
        steps
    });
    assert_eq!(class(&call(&client(&endless.url()))), Class::TooLarge);
    let headers = Server::start(|_, _| {
        let mut steps = vec![Step::Send(b"HTTP/1.1 200 OK\r\n".to_vec())];
        steps.extend((0..100).map(|n| Step::Send(format!("x-{n}: {}\r\n", "y".repeat(1000)).into_bytes())));
        steps
    });
    assert!(call(&client(&headers.url())).result.is_err());
    // 64 MB of blanks in 64 kB of gzip
    use std::io::Write;
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..64 {
        bomb.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    let server = Server::start(move |_, _| {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", bomb.len());
        vec![Step::Send(head.into_bytes()), Step::Send(bomb.clone())]
    });
    assert_eq!(class(&call(&client(&server.url()))), Class::TooLarge);
}

#[test]
fn a_repeated_key_goes_no_further() {
    let key = "sk-CANARY-0123456789";
    let fault = fault_of(move || vec![Step::Send(http(200, "", &completion(key)))]);
    assert_eq!(fault.class, Class::Leak);
    let server = Server::start(move |_, _| {
        let body = format!(r#"{{"error":{{"message":"Bearer {key}","code":"{key}"}}}}"#);
        vec![Step::Send(http(500, &format!("x-request-id: {key}\r\n"), &body))]
    });
    let answer = call(&client(&server.url()));
    assert_eq!(answer.request_id, None);
    assert!(!format!("{answer:?}").contains("CANARY"));
}

#[test]
fn nobody_listens() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let answer = call(&client(&format!("http://127.0.0.1:{port}")));
    assert_eq!(class(&answer), Class::Transport);
}

#[test]
fn addresses_that_no_endpoint_may_have() {
    let refused = |base_url: &str, allow_http, allow_private| {
        let endpoint = Endpoint { base_url: base_url.into(), allow_http, allow_private, ..Endpoint::default() };
        let client = Client::new(&endpoint, None, 1).unwrap();
        let answer = client.call(ApiStyle::Chat, b"{}", Duration::from_millis(200));
        class(&answer) == Class::Config
    };
    assert!(refused("http://169.254.169.254/latest", true, true));
    assert!(refused("http://[::ffff:169.254.169.254]/", true, true));
    assert!(refused("http://0.0.0.0:1/", true, true));
    assert!(refused("http://10.255.255.1:1/", true, false));
    assert!(refused("https://10.255.255.1:1/", false, false));
    assert!(refused("http://8.8.8.8:1/", false, false));
    assert!(!refused("http://127.0.0.1:1/", false, false));
    assert!(!refused("http://localhost:1/", false, false));
}

#[test]
fn what_the_endpoints_row_allows() {
    let judge = |ip: &str, plain, allow_http, allow_private| {
        let checked = Checked { allow_http, allow_private, last: Mutex::new(None) };
        checked.judge(&SocketAddr::new(ip.parse().unwrap(), 1), plain).is_ok()
    };
    assert!(judge("127.0.0.1", true, false, false));
    assert!(judge("8.8.8.8", false, false, false));
    assert!(!judge("8.8.8.8", true, false, false));
    assert!(judge("8.8.8.8", true, true, false));
    assert!(!judge("10.0.0.1", false, false, false));
    assert!(!judge("10.0.0.1", true, false, true));
    assert!(judge("10.0.0.1", true, true, true));
    assert!(!judge("169.254.169.254", false, true, true));
}

#[test]
fn a_certificate_that_does_not_verify_is_permanent() {
    // no TLS at all on the other side: not a certificate's fault, so it may be tried again
    let server = Server::start(|_, _| vec![Step::Close]);
    let endpoint = Endpoint { base_url: format!("https://127.0.0.1:{}", server.port), ..Endpoint::default() };
    let Ok(client) = Client::new(&endpoint, None, 1) else { return };
    assert_ne!(class(&client.call(ApiStyle::Chat, b"{}", Duration::from_millis(500))), Class::Config);
    let wrong = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
    assert_eq!(fault(&ureq::Error::Rustls(wrong.clone())).class, Class::Config);
    assert_eq!(fault(&ureq::Error::Io(std::io::Error::other(wrong))).class, Class::Config);
}
