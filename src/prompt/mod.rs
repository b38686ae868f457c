//! What is said to a model: which tables a task is about, how they are described, and the messages of each phase.
//! No pgrx.

pub(crate) mod choice;
pub(crate) mod describe;
pub(crate) mod messages;
pub(crate) mod shapes;
pub(crate) mod templates;
#[cfg(test)]
pub(crate) mod test_schema;
