//! The SQL interface: thin functions that check arguments and call down.

pub(crate) mod catalog;
pub(crate) mod phases;
pub(crate) mod run;
