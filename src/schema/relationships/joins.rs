//! What the queries of views say: a column that a view sets equal to the key of a table belongs to that table, in the
//! words of somebody who knew. `pg/` reads the queries.

use super::parents::Index;
use crate::schema::model::Schema;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// One view says more than the best of names, and further ones add little.
const FIRST: f64 = 4.0;
const FURTHER: f64 = 0.3;
/// So many are counted and named.
const MOST: usize = 4;

/// Numbers of table and column.
type Place = (usize, usize);

/// Pairs of columns of tables, with the numbers of the views that set them equal.
#[derive(Debug, Default)]
pub(crate) struct Joins(BTreeSet<(Place, Place, usize)>);

/// The same by child: the parents that its views lead it to.
#[derive(Default)]
pub(super) struct Joined(BTreeMap<Place, BTreeMap<usize, Vec<String>>>);

impl Joins {
    pub(crate) fn add(&mut self, left: Place, right: Place, view: usize) {
        self.0.extend([(left, right, view), (right, left, view)]);
    }

    /// Two keys that are set equal do not say which of them leads to the other.
    pub(super) fn by_child(&self, schema: &Schema, index: &Index) -> Joined {
        let mut joined = Joined::default();
        let key = |(t, c): Place| index.by_table.get(&t)?.iter().copied().find(|p| index.parents[*p].column == c);
        for (child, parent, view) in &self.0 {
            let Some(parent) = key(*parent).filter(|_| key(*child).is_none()) else { continue };
            joined.0.entry(*child).or_default().entry(parent).or_default().push(schema.tables[*view].qualified());
        }
        joined
    }
}

impl Joined {
    pub(super) fn all(&self) -> impl Iterator<Item = (Place, usize)> {
        self.0.iter().flat_map(|(child, parents)| parents.keys().map(|parent| (*child, *parent)))
    }

    pub(super) fn parents(&self, child: Place) -> impl Iterator<Item = usize> {
        self.0.get(&child).into_iter().flat_map(|parents| parents.keys().copied())
    }

    /// Weight and names of the views that join the column to this parent.
    pub(super) fn vote(&self, child: Place, parent: usize) -> Option<(f64, Value)> {
        let views = self.0.get(&child)?.get(&parent)?;
        let named = &views[..views.len().min(MOST)];
        Some((FIRST + FURTHER * (named.len() - 1) as f64, json!(named)))
    }
}
