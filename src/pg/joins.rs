//! Columns that views set equal, read from the trees that the catalog keeps of their queries.

use super::gate::equal::{self, Body, Place};
use super::spi::{self, Arg};
use super::{owner, session};
use crate::error::{Error, Result};
use crate::schema::model::{Schema, TableKind};
use crate::schema::relationships::joins::Joins;
use pgrx::pg_sys;
use std::collections::BTreeMap;
use std::ffi::CString;

/// Bytes of trees that are read, the views in the order of their names: some tenths of a second.
const MOST: usize = 32 << 20;
/// Views over views are followed so far.
const DEEPEST: usize = 32;

const TREE: &str = "SELECT r.ev_action::pg_catalog.text FROM pg_catalog.pg_rewrite r
    WHERE r.ev_class = $1::pg_catalog.oid AND r.rulename = '_RETURN'";

/// Joins of the views of the schema, which are those that the role may read. `oids` are its relations.
pub(crate) fn read(schema: &Schema, oids: &BTreeMap<(String, String), pg_sys::Oid>) -> Result<Joins> {
    let oid = |number: usize| {
        let table = &schema.tables[number];
        oids.get(&(table.schema.clone(), table.name.clone())).map(|oid| oid.to_u32())
    };
    let views = (0..schema.tables.len())
        .filter(|t| matches!(schema.tables[*t].kind, TableKind::View | TableKind::MaterializedView));
    let mut bodies: BTreeMap<u32, (usize, Body)> = BTreeMap::new();
    let mut left = MOST;
    for number in views {
        let Some(view) = oid(number) else { continue };
        session::check_for_interrupts();
        let Some(tree) = spi::first(owner::with_catalog_path(|| spi::select_kept(TREE, &[Arg::Int(view.into())]))?)
        else {
            continue;
        };
        let Some(rest) = left.checked_sub(tree.len()) else { break };
        left = rest;
        let tree = CString::new(tree).map_err(|e| Error::internal(e.to_string()))?;
        // SAFETY: the catalog's own tree, inside a transaction.
        bodies.insert(view, (number, unsafe { equal::body(&tree) }));
    }
    let mut joins = Joins::default();
    if bodies.values().all(|(_, body)| body.equal.is_empty()) {
        return Ok(joins);
    }
    let numbers: BTreeMap<u32, usize> = (0..schema.tables.len()).filter_map(|t| Some((oid(t)?, t))).collect();
    let column = |place: Place| {
        let (relation, attribute) = base(&bodies, place)?;
        let number = *numbers.get(&relation)?;
        let column = schema.tables[number].columns.iter().position(|c| c.number == attribute)?;
        Some((number, column))
    };
    for (view, body) in bodies.values() {
        for (one, other) in &body.equal {
            if let (Some(one), Some(other)) = (column(*one), column(*other))
                && one != other
            {
                joins.add(one, other, *view);
            }
        }
    }
    Ok(joins)
}

/// The column of a table that a view's column hands on.
fn base(bodies: &BTreeMap<u32, (usize, Body)>, mut place: Place) -> Option<Place> {
    for _ in 0..DEEPEST {
        let Some((_, body)) = bodies.get(&place.0) else { return Some(place) };
        place = *body.outputs.get(&place.1)?;
    }
    None
}
