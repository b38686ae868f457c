//! Talking to a model: endpoints and their keys, the wire forms, the HTTP client and its threads, which faults are
//! tried again, and what a call costs. No pgrx.

pub(crate) mod address;
pub(crate) mod chat;
pub(crate) mod client;
pub(crate) mod endpoint;
pub(crate) mod fault;
pub(crate) mod headers;
pub(crate) mod limits;
pub(crate) mod os;
pub(crate) mod pool;
pub(crate) mod price;
pub(crate) mod responses;
pub(crate) mod retry;
pub(crate) mod secret;
#[cfg(test)]
pub(crate) mod test_server;
pub(crate) mod wire;
