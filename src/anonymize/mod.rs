//! Personal data: which columns hold it, fakes that stand for it, and the search for what slipped through.
//! No pgrx.

mod class;
mod detect;
mod names;
mod patterns;

pub(crate) use class::{Class, Kind};
pub(crate) use detect::{classify, classify_leaf};
