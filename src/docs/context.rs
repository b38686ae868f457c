//! What all topics need: how a table is called, which tables are subjects, and the edges of each.

use super::text;
use crate::schema::model::{Column, Schema, Table, TableKind, quote_ident};
use crate::schema::relationships::Relationship;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Inferred edges below this are not taught as facts.
const SURE: f64 = 0.8;

/// A relationship between tables of the schema, by index.
pub(super) struct Edge<'a> {
    pub child: usize,
    pub parent: usize,
    pub relationship: &'a Relationship,
}

pub(super) struct Context<'a> {
    pub schema: &'a Schema,
    pub edges: Vec<Edge<'a>>,
    /// Edges that leave a table (it is the child), and that arrive at it.
    pub up: Vec<Vec<usize>>,
    pub down: Vec<Vec<usize>>,
    /// Partitions and inheritance children of a table.
    pub parts: Vec<Vec<usize>>,
    /// Names that more than one schema uses, so that the schema must be said.
    shared: BTreeSet<&'a str>,
    /// Names of the schemas, with their tables.
    pub namespaces: BTreeMap<&'a str, Vec<usize>>,
    /// Base tables and views that hold a column of a name.
    pub by_column: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> Context<'a> {
    pub(super) fn new(schema: &'a Schema, relationships: &'a [Relationship]) -> Context<'a> {
        let tables = &schema.tables;
        let index: HashMap<(&str, &str), usize> =
            tables.iter().enumerate().map(|(i, t)| ((t.schema.as_str(), t.name.as_str()), i)).collect();
        let find = |(s, n): &(String, String)| index.get(&(s.as_str(), n.as_str())).copied();
        let mut seen = BTreeSet::new();
        let mut shared = BTreeSet::new();
        let mut namespaces: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut by_column: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut parts = vec![Vec::new(); tables.len()];
        for (i, table) in tables.iter().enumerate() {
            if !seen.insert(table.name.as_str()) {
                shared.insert(table.name.as_str());
            }
            namespaces.entry(table.schema.as_str()).or_default().push(i);
            for parent in table.partition_of.iter().chain(table.inherits.iter().flatten()) {
                find(parent).into_iter().for_each(|p| parts[p].push(i));
            }
            if !table.is_child() {
                table.columns.iter().for_each(|c| by_column.entry(c.name.as_str()).or_default().push(i));
            }
        }
        let (mut up, mut down) = (vec![Vec::new(); tables.len()], vec![Vec::new(); tables.len()]);
        let mut edges = Vec::new();
        for relationship in relationships.iter().filter(|r| r.declared || r.confidence >= SURE) {
            let (Some(child), Some(parent)) = (find(&relationship.child), find(&relationship.parent)) else { continue };
            let known = |t: usize, names: &[String]| names.iter().all(|n| tables[t].column(n).is_some());
            if known(child, &relationship.child_columns) && known(parent, &relationship.parent_columns) {
                up[child].push(edges.len());
                down[parent].push(edges.len());
                edges.push(Edge { child, parent, relationship });
            }
        }
        Context { schema, edges, up, down, parts, shared, namespaces, by_column }
    }

    pub(super) fn table(&self, t: usize) -> &'a Table {
        &self.schema.tables[t]
    }

    /// What a reader calls the table: its name, with the schema where the name alone would be open.
    pub(super) fn name(&self, t: usize) -> String {
        let table = self.table(t);
        if self.shared.contains(table.name.as_str()) { table.qualified() } else { quote_ident(&table.name) }
    }

    pub(super) fn is_shared(&self, t: usize) -> bool {
        self.shared.contains(self.table(t).name.as_str())
    }

    pub(super) fn dotted(&self, t: usize, column: &str) -> String {
        format!("{}.{}", self.name(t), quote_ident(column))
    }

    pub(super) fn names(&self, tables: &[usize]) -> Vec<String> {
        tables.iter().map(|&t| self.name(t)).collect()
    }

    /// The position of a column in its table.
    pub(super) fn column(&self, t: usize, name: &str) -> Option<(usize, usize)> {
        self.table(t).columns.iter().position(|c| c.name == name).map(|c| (t, c))
    }

    pub(super) fn columns(&self, t: usize, names: &[String]) -> Vec<(usize, usize)> {
        names.iter().filter_map(|n| self.column(t, n)).collect()
    }

    /// `a.x = b.y AND a.z = b.w`, in the names that the reader knows.
    pub(super) fn condition(&self, edge: &Edge) -> String {
        self.condition_as(edge, &self.name(edge.child), &self.name(edge.parent))
    }

    pub(super) fn condition_as(&self, edge: &Edge, child: &str, parent: &str) -> String {
        let pairs = edge.relationship.child_columns.iter().zip(&edge.relationship.parent_columns);
        let pairs = pairs.map(|(c, p)| format!("{child}.{} = {parent}.{}", quote_ident(c), quote_ident(p)));
        pairs.collect::<Vec<_>>().join(" AND ")
    }
}

pub(super) fn kind(table: &Table) -> &'static str {
    match table.kind {
        TableKind::Table => "table",
        TableKind::Partitioned => "partitioned table",
        TableKind::View => "view",
        TableKind::MaterializedView => "materialized view",
        TableKind::ForeignTable => "foreign table",
    }
}

/// Holds rows of its own, so that keys and nullability mean something.
pub(super) fn is_base(table: &Table) -> bool {
    matches!(table.kind, TableKind::Table | TableKind::Partitioned)
}

/// Whether the catalog alone says if a column takes nulls: a domain may forbid them by itself.
pub(super) fn nulls_known(column: &Column) -> bool {
    column.domain.is_none()
}

pub(super) fn idents(names: &[String]) -> Vec<String> {
    names.iter().map(|n| quote_ident(n)).collect()
}

/// `film_id (integer)`.
pub(super) fn typed(columns: &[&Column]) -> String {
    text::list(&columns.iter().map(|c| format!("{} ({})", quote_ident(&c.name), c.type_name)).collect::<Vec<_>>())
}
