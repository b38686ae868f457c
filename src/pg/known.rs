//! Whether the run has a question or a statement already, and what questions it has on a template.

use super::owner::as_owner;
use super::spi::{self, Arg};
use crate::dataset::near::Met;
use crate::error::{Error, Result};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Of question and SQL of a record, the digests of their normal forms.
pub(crate) type Keys = (Option<String>, Option<String>);

/// What of a record the run has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Known {
    /// The statement, and perhaps the question.
    Sql,
    Question,
}

/// Those of the keys that the run has already, by position.
pub(crate) fn known(run_id: i64, keys: &[Keys]) -> Result<Vec<Option<Known>>> {
    as_owner(|| known_as_owner(run_id, keys))
}

fn known_as_owner(run_id: i64, keys: &[Keys]) -> Result<Vec<Option<Known>>> {
    let text = serde_json::to_string(keys).map_err(|e| Error::internal(e.to_string()))?;
    let known = spi::select_kept("SELECT nlsql.known_($1, $2::jsonb)::text", &[Arg::Int(run_id), Arg::Text(&text)])?;
    spi::json(&spi::first(known).ok_or_else(|| Error::internal("known returned nothing"))?)
}

/// As [`known`]; reads too the questions of those templates that the run has by now and that are not met yet. A run's
/// records get their ids under its lock, so that none with a lower one comes later.
pub(crate) fn known_and_met(
    run_id: i64,
    keys: &[Keys],
    templates: &[&str],
    met: &mut Met,
) -> Result<Vec<Option<Known>>> {
    met.make_room();
    let wanted: BTreeMap<&str, i64> = templates.iter().map(|t| (*t, met.last(t))).collect();
    let text = serde_json::to_string(&wanted).map_err(|e| Error::internal(e.to_string()))?;
    as_owner(|| {
        let rows = spi::select_kept("SELECT nlsql.meet_($1, $2::jsonb)::text", &[Arg::Int(run_id), Arg::Text(&text)])?;
        for row in rows.iter().flatten() {
            let (template, question, id): (String, String, i64) = spi::json(row)?;
            met.add(&template, &question, id);
        }
        known_as_owner(run_id, keys)
    })
}
