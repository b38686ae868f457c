//! The SQL interface: thin functions that check arguments and call down.

pub(crate) mod anonymize;
pub(crate) mod ask;
pub(crate) mod audit;
pub(crate) mod catalog;
pub(crate) mod check;
pub(crate) mod export;
pub(crate) mod run;
pub(crate) mod shipped;
pub(crate) mod split;
