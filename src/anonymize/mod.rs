//! Personal data: which columns hold it, fakes that stand for it, and the search for what slipped through.
//! No pgrx.

pub(crate) mod audit;
mod class;
mod detect;
mod document;
mod fresh;
pub(crate) mod group;
pub(crate) mod key;
mod moment;
mod names;
mod number;
mod originals;
mod patterns;
mod permute;
mod person;
pub(crate) mod policy;
pub(crate) mod query;
pub(crate) mod rows;
pub(crate) mod rule;
pub(crate) mod session;
mod shape;
mod steps;
mod stock;
pub(crate) mod texts;
mod words;

pub(crate) use class::Kind;
pub(crate) use detect::classify;
pub(crate) use originals::{OriginalSet, Originals, among};
