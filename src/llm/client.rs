//! One HTTP call at a time, blocking: verified TLS, no redirects, no proxy, a deadline for the whole call, a cap on
//! the bytes of an answer, and errors in words of our own.

use super::address::{Reach, reach};
use super::endpoint::{ApiStyle, Endpoint};
use super::fault::{Class, Fault, classify};
use super::headers::{RateLimits, retry_after};
use super::secret::Secret;
use super::wire::{Reply, Unreadable, plain_name};
use super::{chat, responses};
use crate::error::{Code, Error, Result};
use std::io::Read;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use ureq::config::Config;
use ureq::http::Uri;
use ureq::http::header::{HeaderName, HeaderValue};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

/// Bytes of an answer after decompression.
const ANSWER_BYTES: u64 = 4 << 20;
/// A connection is made within this, whatever the deadline of the call.
const CONNECT_SECONDS: u64 = 15;
/// Addresses are looked up again after this.
const RESOLVE_SECONDS: u64 = 60;

/// What came of a call, for the ledger and for the flow.
#[derive(Debug)]
pub(crate) struct Answer {
    pub result: std::result::Result<Reply, Fault>,
    pub status: Option<u16>,
    pub request_id: Option<String>,
    pub latency: Duration,
    pub limits: RateLimits,
}

/// Cheap to clone; all clones share connections.
#[derive(Clone)]
pub(crate) struct Client {
    agent: ureq::Agent,
    shared: Arc<Shared>,
}

struct Shared {
    chat: Uri,
    responses: Uri,
    /// Name, and the value as parts around the places of the key.
    headers: Vec<(HeaderName, Vec<String>)>,
    secret: Option<Secret>,
}

impl Client {
    /// `connections` are kept open at most.
    pub fn new(endpoint: &Endpoint, secret: Option<Secret>, connections: usize) -> Result<Client> {
        endpoint.check()?;
        let mut headers = Vec::new();
        for (name, value) in &endpoint.headers {
            let name: HeaderName =
                name.parse().map_err(|_| Error::invalid(format!("header \"{name}\" has no valid name")))?;
            headers.push((name, value.split("{key}").map(str::to_owned).collect()));
        }
        if secret.is_none() && headers.iter().any(|(_, parts): &(_, Vec<String>)| parts.len() > 1) {
            let message = format!("a header of endpoint \"{}\" needs a key and the endpoint has none", endpoint.name);
            return Err(Error::new(Code::ObjectNotInPrerequisiteState, message).hint("Set its key reference."));
        }
        let placed = headers.iter().any(|(_, parts): &(_, Vec<String>)| parts.len() > 1);
        if secret.is_some() && !placed {
            headers.push((HeaderName::from_static("authorization"), vec!["Bearer ".into(), String::new()]));
        }
        let resolver =
            Checked { allow_http: endpoint.allow_http, allow_private: endpoint.allow_private, last: Mutex::new(None) };
        let shared =
            Shared { chat: endpoint.uri(chat::PATH)?, responses: endpoint.uri(responses::PATH)?, headers, secret };
        let tls = shared.chat.scheme_str() == Some("https");
        let agent = ureq::Agent::with_parts(config(tls, connections)?, DefaultConnector::default(), resolver);
        Ok(Client { agent, shared: Arc::new(shared) })
    }

    pub fn call(&self, style: ApiStyle, body: &[u8], timeout: Duration) -> Answer {
        let started = Instant::now();
        let mut answer = self.exchange(style, body, timeout);
        answer.latency = started.elapsed();
        answer
    }

    /// Breaks every call in flight and refuses new ones.
    pub fn shutdown(&self) {
        self.agent.clone().shutdown();
    }

    fn exchange(&self, style: ApiStyle, body: &[u8], timeout: Duration) -> Answer {
        let mut answer = Answer {
            result: Err(Fault::new(Class::Transport)),
            status: None,
            request_id: None,
            latency: Duration::ZERO,
            limits: RateLimits::default(),
        };
        let uri = match style {
            ApiStyle::Chat => &self.shared.chat,
            ApiStyle::Responses => &self.shared.responses,
        };
        let mut request = self.agent.post(uri).header("content-type", "application/json");
        for (name, parts) in &self.shared.headers {
            let key = self.shared.secret.as_ref().map_or("", Secret::expose);
            let Ok(mut value) = HeaderValue::from_str(&parts.join(key)) else {
                answer.result = Err(Fault::new(Class::Config).note("a header has no valid value"));
                return answer;
            };
            value.set_sensitive(true);
            request = request.header(name.clone(), value);
        }
        let sent = request.config().timeout_global(Some(timeout)).build().send(body);
        let mut response = match sent {
            Ok(response) => response,
            Err(error) => {
                answer.result = Err(fault(&error));
                return answer;
            }
        };
        let status = response.status().as_u16();
        answer.status = Some(status);
        let headers = response.headers().clone();
        let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
        answer.limits = RateLimits::read(header);
        answer.request_id = ["x-request-id", "request-id", "apim-request-id"]
            .into_iter()
            .find_map(header)
            .and_then(plain_name)
            .filter(|id| !self.leaks(id.as_bytes()));
        let wait = retry_after(header, SystemTime::now());
        let mut bytes = Vec::new();
        let read = response.body_mut().as_reader().take(ANSWER_BYTES + 1).read_to_end(&mut bytes);
        answer.result = match read {
            _ if bytes.len() as u64 > ANSWER_BYTES => {
                Err(Fault { status: Some(status), ..Fault::new(Class::TooLarge) })
            }
            // an error's body may be cut off: its status says enough
            _ if status != 200 => Err(classify(status, &bytes, wait)),
            Err(error) => Err(fault(&ureq::Error::from(error))),
            Ok(_) if self.leaks(&bytes) => Err(Fault::new(Class::Leak)),
            Ok(_) => decode(style, &bytes, wait),
        };
        answer
    }

    fn leaks(&self, bytes: &[u8]) -> bool {
        self.shared.secret.as_ref().is_some_and(|s| s.occurs_in(bytes))
    }
}

fn decode(style: ApiStyle, bytes: &[u8], wait: Option<Duration>) -> std::result::Result<Reply, Fault> {
    let reply = match style {
        ApiStyle::Chat => chat::decode(bytes),
        ApiStyle::Responses => responses::decode(bytes),
    };
    reply.map_err(|why| {
        let fault = Fault { status: Some(200), ..Fault::new(Class::Malformed) };
        match why {
            Unreadable::NotJson => fault.note("no JSON"),
            Unreadable::NoAnswer => fault.note("no answer in it"),
            // some routers report an upstream's failure with a 200: its code says what it was
            Unreadable::Error => {
                let inner = classify(500, bytes, wait);
                Fault { status: Some(200), ..inner }
            }
        }
    })
}

fn config(tls: bool, connections: usize) -> Result<Config> {
    let builder = Config::builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .user_agent(concat!("nlsql/", env!("CARGO_PKG_VERSION")))
        .accept("application/json")
        .timeout_connect(Some(Duration::from_secs(CONNECT_SECONDS)))
        .max_response_header_size(32 * 1024)
        .max_idle_connections(connections)
        .max_idle_connections_per_host(connections)
        .max_idle_age(Duration::from_secs(20));
    let builder = if tls { builder.tls_config(TlsConfig::builder().root_certs(roots()?).build()) } else { builder };
    Ok(builder.build())
}

/// The system's certificates, or those of `SSL_CERT_FILE` and `SSL_CERT_DIR`.
fn roots() -> Result<RootCerts> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        return Err(Error::new(Code::ObjectNotInPrerequisiteState, "the server has no trusted certificates")
            .hint("Install the package ca-certificates, or set SSL_CERT_FILE in the environment of the postmaster."));
    }
    let certs: Vec<_> = found.certs.iter().map(|c| Certificate::from_der(c.as_ref()).to_owned()).collect();
    Ok(RootCerts::Specific(Arc::new(certs)))
}

/// Looks names up and lets only those addresses through that the endpoint may be at. It runs in the thread of the
/// call: a thread of its own for each look-up would be started under the checker's memory limit.
struct Checked {
    allow_http: bool,
    allow_private: bool,
    last: Mutex<Option<(Instant, String, Vec<SocketAddr>)>>,
}

impl std::fmt::Debug for Checked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Checked")
    }
}

/// An address that the endpoint may not be at.
#[derive(Debug)]
struct Refused(&'static str);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Refused {}

impl Resolver for Checked {
    fn resolve(&self, uri: &Uri, _: &Config, _: NextTimeout) -> std::result::Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().unwrap_or("").to_owned();
        let plain = uri.scheme_str() != Some("https");
        let port = uri.port_u16().unwrap_or(if plain { 80 } else { 443 });
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let known = last.as_ref().filter(|(when, name, _)| *name == host && when.elapsed().as_secs() < RESOLVE_SECONDS);
        let addresses = match known {
            Some((_, _, addresses)) => addresses.clone(),
            None => {
                let bare = host.trim_start_matches('[').trim_end_matches(']');
                (bare, port).to_socket_addrs().map_err(|_| ureq::Error::HostNotFound)?.collect()
            }
        };
        let mut result = self.empty();
        let mut refused = None;
        for address in &addresses {
            match self.judge(address, plain) {
                Ok(()) if result.len() < 16 => result.push(*address),
                Ok(()) => {}
                Err(why) => refused = Some(why),
            }
        }
        if result.is_empty() {
            return Err(refused.map_or(ureq::Error::HostNotFound, |why| ureq::Error::Other(Box::new(Refused(why)))));
        }
        *last = Some((Instant::now(), host, addresses));
        Ok(result)
    }
}

impl Checked {
    fn judge(&self, address: &SocketAddr, plain: bool) -> std::result::Result<(), &'static str> {
        match reach(address.ip()) {
            Reach::Never => Err("its address is one that no endpoint may have"),
            Reach::Loopback => Ok(()),
            Reach::Private if !self.allow_private => Err("its address is private and allow_private is off"),
            _ if plain && !self.allow_http => Err("it is plain http and allow_http is off"),
            _ => Ok(()),
        }
    }
}

/// The client's error in our own words; its text may hold the address with its query.
fn fault(error: &ureq::Error) -> Fault {
    match error {
        ureq::Error::Timeout(_) => Fault::new(Class::Timeout),
        ureq::Error::HostNotFound => Fault::new(Class::Transport).note("the host's name was not found"),
        ureq::Error::Rustls(error) => tls(error),
        ureq::Error::Tls(_) => Fault::new(Class::Config).note("TLS is not set up"),
        ureq::Error::Other(inner) => match inner.downcast_ref::<Refused>() {
            Some(Refused(why)) => Fault::new(Class::Config).note(why),
            None => Fault::new(Class::Transport),
        },
        ureq::Error::LargeResponseHeader(..) => Fault::new(Class::TooLarge),
        ureq::Error::Io(error) => io(error),
        _ => Fault::new(Class::Transport),
    }
}

fn io(error: &std::io::Error) -> Fault {
    if let Some(inner) = error.get_ref() {
        if let Some(inner) = inner.downcast_ref::<ureq::Error>() {
            return fault(inner);
        }
        if let Some(inner) = inner.downcast_ref::<rustls::Error>() {
            return tls(inner);
        }
    }
    match error.kind() {
        std::io::ErrorKind::TimedOut => Fault::new(Class::Timeout),
        std::io::ErrorKind::ConnectionRefused => Fault::new(Class::Transport).note("connection refused"),
        std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe => {
            Fault::new(Class::Transport).note("connection reset")
        }
        std::io::ErrorKind::UnexpectedEof => Fault::new(Class::Transport).note("the answer was cut off"),
        _ => Fault::new(Class::Transport),
    }
}

/// A certificate that does not verify will not do so on the next try.
fn tls(error: &rustls::Error) -> Fault {
    match error {
        rustls::Error::InvalidCertificate(_) | rustls::Error::UnsupportedNameType => {
            Fault::new(Class::Config).note("its certificate could not be verified")
        }
        _ => Fault::new(Class::Transport).note("TLS failed"),
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
