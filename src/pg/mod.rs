//! The only folder that touches PostgreSQL.

pub(crate) mod anonymize;
pub(crate) mod ask;
pub(crate) mod audit;
pub(crate) mod copy;
pub(crate) mod dataset;
pub(crate) mod directory;
pub(crate) mod enqueue;
pub(crate) mod error;
pub(crate) mod evaluation;
pub(crate) mod gate;
pub(crate) mod guc;
pub(crate) mod introspect;
pub(crate) mod json;
pub(crate) mod launch;
pub(crate) mod launcher;
pub(crate) mod ledger;
pub(crate) mod line;
pub(crate) mod owner;
pub(crate) mod relationships;
pub(crate) mod report;
pub(crate) mod session;
pub(crate) mod spi;
pub(crate) mod split;
pub(crate) mod store;
pub(crate) mod transaction;
pub(crate) mod worker;
