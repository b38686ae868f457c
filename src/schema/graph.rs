//! The join graph: tables and the references between them, declared or inferred; which tables only tie others together.

use super::model::{Column, Schema};
use super::relationships::Relationship;
use super::roles::{self, Role};
use super::words::tokens;
use std::collections::BTreeMap;

/// A many-to-one reference between two tables, by index into `Schema::tables`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Edge {
    pub child: usize,
    pub child_columns: Vec<String>,
    pub parent: usize,
    pub parent_columns: Vec<String>,
    pub declared: bool,
    /// A child may have no parent.
    pub optional: bool,
    /// At most one child for a parent.
    pub one_to_one: bool,
    /// The data of both sides were seen to be there.
    pub filled: bool,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Graph {
    pub edges: Vec<Edge>,
    /// Edges by child and by parent.
    up: BTreeMap<usize, Vec<usize>>,
    down: BTreeMap<usize, Vec<usize>>,
    /// Tables that only tie two others together.
    bridges: Vec<bool>,
}

impl Graph {
    /// Declared keys, and of `links` those that are not declared already.
    pub(crate) fn new(schema: &Schema, links: &[Relationship]) -> Graph {
        let index: BTreeMap<(&str, &str), usize> =
            schema.tables.iter().enumerate().map(|(i, t)| ((t.schema.as_str(), t.name.as_str()), i)).collect();
        let mut graph = Graph::default();
        for (child, table) in schema.tables.iter().enumerate() {
            for key in &table.foreign_keys {
                if let Some(&parent) = index.get(&(key.ref_schema.as_str(), key.ref_table.as_str())) {
                    graph.add(schema, child, &key.columns, parent, &key.ref_columns, true);
                }
            }
        }
        // a partitioned parent often has its keys on the partitions alone
        for table in &schema.tables {
            let Some((space, name)) = &table.partition_of else { continue };
            let Some(&child) = index.get(&(space.as_str(), name.as_str())) else { continue };
            for key in &table.foreign_keys {
                if let Some(&parent) = index.get(&(key.ref_schema.as_str(), key.ref_table.as_str())) {
                    graph.add(schema, child, &key.columns, parent, &key.ref_columns, false);
                }
            }
        }
        for link in links {
            let child = index.get(&(link.child.0.as_str(), link.child.1.as_str()));
            let parent = index.get(&(link.parent.0.as_str(), link.parent.1.as_str()));
            if let (Some(&child), Some(&parent)) = (child, parent) {
                graph.add(schema, child, &link.child_columns, parent, &link.parent_columns, false);
            }
        }
        graph.bridges = (0..schema.tables.len()).map(|t| graph.find_bridge(schema, t)).collect();
        graph
    }

    fn add(
        &mut self,
        schema: &Schema,
        child: usize,
        columns: &[String],
        parent: usize,
        parent_columns: &[String],
        declared: bool,
    ) {
        let known = self.edges.iter().any(|e| e.child == child && e.parent == parent && e.child_columns == columns);
        let (from, to) = (&schema.tables[child], &schema.tables[parent]);
        let typed = columns.len() == parent_columns.len()
            && columns.iter().zip(parent_columns).all(|(a, b)| from.column(a).is_some() && to.column(b).is_some());
        if known || !typed || columns.is_empty() {
            return;
        }
        let profiled = |name: &String| from.column(name).and_then(|c| c.profile.as_ref());
        let optional = columns.iter().any(|c| {
            from.column(c).is_some_and(|column| match &column.profile {
                Some(profile) if from.sampled.as_ref().is_some_and(|s| s.rows > 0) => profile.nulls > 0,
                _ => !column.not_null,
            })
        });
        let rows = from.sampled.as_ref().map_or(0, |s| s.rows);
        let filled = rows > 0
            && to.sampled.as_ref().is_some_and(|s| s.rows > 0)
            && columns.iter().all(|c| profiled(c).is_none_or(|p| p.nulls < rows));
        let number = self.edges.len();
        self.up.entry(child).or_default().push(number);
        self.down.entry(parent).or_default().push(number);
        self.edges.push(Edge {
            child,
            child_columns: columns.to_vec(),
            parent,
            parent_columns: parent_columns.to_vec(),
            declared,
            // an inferred parent may be missing: nobody enforces it
            optional: optional || !declared && columns.len() > 1,
            one_to_one: from.is_unique(columns),
            filled,
        });
    }

    /// References of this table to others.
    pub(crate) fn parents(&self, table: usize) -> &[usize] {
        self.up.get(&table).map_or(&[], Vec::as_slice)
    }

    /// References of others to this table.
    pub(crate) fn children(&self, table: usize) -> &[usize] {
        self.down.get(&table).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn is_bridge(&self, table: usize) -> bool {
        self.bridges.get(table).copied().unwrap_or(false)
    }

    /// A table that says which things of two kinds belong together, and at most since when or in what role: its rows
    /// are spoken of as the one with the other.
    pub(crate) fn pairs_up(&self, schema: &Schema, table: usize) -> bool {
        let t = &schema.tables[table];
        let [one, other] = self.parents(table) else { return false };
        let keyed: Vec<&String> = [one, other].iter().flat_map(|&&e| &self.edges[e].child_columns).collect();
        let rest: Vec<&Column> = t.columns.iter().filter(|c| !keyed.contains(&&c.name)).collect();
        let parted = self.edges[*one].parent != self.edges[*other].parent && self.children(table).is_empty();
        let columns: Vec<String> = keyed.into_iter().cloned().collect();
        let amount = |c: &&Column| roles::traits(schema, t, c, false).role == Role::Measure;
        parted && rest.len() <= 2 && t.is_unique(&columns) && !rest.iter().any(amount)
    }

    /// A table of two or more references and nothing else to say.
    fn find_bridge(&self, schema: &Schema, table: usize) -> bool {
        let edges = self.parents(table);
        let relation = &schema.tables[table];
        if edges.len() != 2
            || self.edges[edges[0]].parent == self.edges[edges[1]].parent
            || !self.children(table).is_empty()
        {
            return false;
        }
        let keyed = |name: &String| edges.iter().any(|&e| self.edges[e].child_columns.contains(name));
        let silent = relation.columns.iter().all(|c| {
            let words = tokens(&c.name);
            let stamp = c.category == 'D'
                && words.iter().any(|w| matches!(w.as_str(), "update" | "updated" | "created" | "create" | "modified"));
            let own_key = relation.primary_key.as_ref().is_some_and(|k| k.len() == 1 && k[0] == c.name);
            let order = words.len() == 1 && matches!(words[0].as_str(), "pos" | "position");
            keyed(&c.name) || stamp || own_key || order
        });
        let columns: Vec<String> = edges.iter().flat_map(|&e| self.edges[e].child_columns.clone()).collect();
        silent && relation.is_unique(&columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str) -> String {
        format!(r#"{{"name":"{name}","number":1,"type":"integer","base":"int4","category":"N","not_null":true}}"#)
    }

    fn schema() -> Schema {
        let key = |c: &str, t: &str, r: &str| {
            format!(r#"{{"name":"k","columns":["{c}"],"ref_schema":"public","ref_table":"{t}","ref_columns":["{r}"]}}"#)
        };
        let table = |name: &str, columns: &[&str], primary: &[&str], keys: &[String]| {
            let columns: Vec<String> = columns.iter().map(|c| column(c)).collect();
            format!(
                r#"{{"schema":"public","name":"{name}","kind":"table","columns":[{}],"primary_key":{:?},"foreign_keys":[{}]}}"#,
                columns.join(","),
                primary,
                keys.join(",")
            )
        };
        let tables = [
            table("film", &["film_id", "length"], &["film_id"], &[]),
            table("actor", &["actor_id"], &["actor_id"], &[]),
            table(
                "film_actor",
                &["film_id", "actor_id"],
                &["film_id", "actor_id"],
                &[key("film_id", "film", "film_id"), key("actor_id", "actor", "actor_id")],
            ),
            table("copy", &["copy_id", "film"], &["copy_id"], &[]),
        ];
        Schema::from_json(&format!(r#"{{"database":"d","server_version":150000,"tables":[{}]}}"#, tables.join(",")))
            .unwrap()
    }

    #[test]
    fn declared_and_inferred_edges_meet_in_one_graph() {
        let link = Relationship {
            child: ("public".into(), "copy".into()),
            child_columns: vec!["film".into()],
            parent: ("public".into(), "film".into()),
            parent_columns: vec!["film_id".into()],
            declared: false,
            confidence: 0.9,
            evidence: serde_json::Value::Null,
        };
        let graph = Graph::new(&schema(), &[link.clone(), link]);
        assert_eq!(graph.edges.len(), 3);
        assert_eq!(graph.children(0).len(), 2);
        assert_eq!(graph.parents(2).len(), 2);
        assert!(graph.is_bridge(2));
        assert!(!graph.is_bridge(3));
        assert!(!graph.edges[2].declared);
    }
}
