//! What a call of `generate` means: the phases, their settings, and the tasks that a count is cut into. No pgrx.

pub(crate) mod options;
pub(crate) mod phase;
pub(crate) mod tasks;

pub(crate) use options::Options;
pub(crate) use phase::{Engine, Phase};
