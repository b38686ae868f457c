//! Columns that hold the same values, so that their fakes have to be the same: keys and what points to them,
//! partitions and what they are part of.

use crate::schema::model::{Column, Schema};
use crate::schema::relationships::Relationship;
use std::collections::{BTreeMap, HashMap};

/// (schema, table, column).
pub(crate) type Place = (String, String, String);

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Group {
    /// The column that the others point to.
    pub root: Place,
    /// Largest number that every member can hold, where all are whole numbers.
    pub most: Option<i128>,
    /// Characters that every member can hold.
    pub limit: Option<usize>,
}

#[derive(Debug, Default)]
pub(crate) struct Groups {
    list: Vec<Group>,
    of: HashMap<Place, usize>,
}

impl Groups {
    pub(crate) fn of(schema: &Schema, relationships: &[Relationship]) -> Groups {
        let mut edges: Vec<(Place, Place)> = Vec::new();
        for r in relationships {
            for (child, parent) in r.child_columns.iter().zip(&r.parent_columns) {
                edges.push((place(&r.child, child), place(&r.parent, parent)));
            }
        }
        for table in &schema.tables {
            let whole = table.partition_of.iter().chain(table.inherits.iter().flatten());
            for whole in whole.filter(|w| schema.table(&w.0, &w.1).is_some()) {
                for column in &table.columns {
                    edges.push((
                        (table.schema.clone(), table.name.clone(), column.name.clone()),
                        place(whole, &column.name),
                    ));
                }
            }
        }
        join(schema, &edges)
    }

    pub(crate) fn get(&self, schema: &str, table: &str, column: &str) -> Option<&Group> {
        let at = self.of.get(&(schema.to_owned(), table.to_owned(), column.to_owned()))?;
        self.list.get(*at)
    }
}

fn place(table: &(String, String), column: &str) -> Place {
    (table.0.clone(), table.1.clone(), column.to_owned())
}

/// Connected components of the edges; the root is an end that points nowhere, the first by name among several.
fn join(schema: &Schema, edges: &[(Place, Place)]) -> Groups {
    let known = |p: &Place| schema.table(&p.0, &p.1).is_some_and(|t| t.column(&p.2).is_some());
    let edges: Vec<&(Place, Place)> = edges.iter().filter(|(c, p)| known(c) && known(p)).collect();
    let mut ids: BTreeMap<&Place, usize> = BTreeMap::new();
    for (child, parent) in &edges {
        ids.insert(child, 0);
        ids.insert(parent, 0);
    }
    for (i, id) in ids.values_mut().enumerate() {
        *id = i;
    }
    let mut up: Vec<usize> = (0..ids.len()).collect();
    for (child, parent) in &edges {
        let (a, b) = (find(&mut up, ids[child]), find(&mut up, ids[parent]));
        up[a.max(b)] = a.min(b);
    }
    let points: std::collections::HashSet<&Place> = edges.iter().filter(|(c, p)| c != p).map(|(c, _)| c).collect();
    let mut members: BTreeMap<usize, Vec<&Place>> = BTreeMap::new();
    for (place, id) in &ids {
        members.entry(find(&mut up, *id)).or_default().push(place);
    }
    let mut groups = Groups::default();
    for list in members.into_values() {
        let Some(root) = list.iter().find(|p| !points.contains(**p)).or(list.first()) else { continue };
        let columns: Vec<&Column> =
            list.iter().filter_map(|p| schema.table(&p.0, &p.1).and_then(|t| t.column(&p.2))).collect();
        let most = columns.iter().map(|c| most(c)).collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().min());
        let limit = columns.iter().filter_map(|c| limit(c)).min();
        groups.list.push(Group { root: (**root).clone(), most, limit });
        for place in list {
            groups.of.insert(place.clone(), groups.list.len() - 1);
        }
    }
    groups
}

fn find(up: &mut [usize], mut id: usize) -> usize {
    while up[id] != id {
        up[id] = up[up[id]];
        id = up[id];
    }
    id
}

/// The largest whole number of a column's type; None for what is no whole number.
pub(crate) fn most(column: &Column) -> Option<i128> {
    match column.base.as_str() {
        "int2" => Some(i128::from(i16::MAX)),
        "int4" => Some(i128::from(i32::MAX)),
        "int8" => Some(i128::from(i64::MAX)),
        "numeric" if !column.type_name.contains(',') || column.type_name.ends_with(",0)") => Some(digits_most(column)),
        _ => None,
    }
}

/// numeric(p,0) holds p digits.
fn digits_most(column: &Column) -> i128 {
    let digits = column.type_name.split(['(', ',']).nth(1).and_then(|d| d.trim().parse::<u32>().ok()).unwrap_or(18);
    10i128.pow(digits.min(36)) - 1
}

/// The n of varchar(n) and char(n).
pub(crate) fn limit(column: &Column) -> Option<usize> {
    let (name, rest) = column.type_name.split_once('(')?;
    matches!(name, "character varying" | "character").then(|| rest.split(')').next()?.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn edge(child: &str, column: &str, parent: &str, parent_column: &str) -> Relationship {
        Relationship {
            child: ("s".into(), child.into()),
            child_columns: vec![column.into()],
            parent: ("s".into(), parent.into()),
            parent_columns: vec![parent_column.into()],
            declared: true,
            confidence: 1.0,
            evidence: json!({}),
        }
    }

    fn schema() -> Schema {
        let column = |name: &str, ty: &str, base: &str| json!({"name": name, "number": 1, "type": ty, "base": base, "category": "N"});
        let table = |name: &str, columns: Vec<serde_json::Value>| json!({"schema": "s", "name": name, "kind": "table", "columns": columns});
        serde_json::from_value(json!({"database": "d", "server_version": 150000, "tables": [
            table("a", vec![column("id", "bigint", "int8")]),
            table("b", vec![column("a_id", "smallint", "int2"), column("boss", "smallint", "int2")]),
            table("c", vec![column("a", "integer", "int4"), column("code", "character varying(5)", "varchar")]),
        ]}))
        .unwrap()
    }

    #[test]
    fn what_points_to_a_key_is_faked_like_it() {
        let groups = Groups::of(&schema(), &[edge("c", "a", "b", "a_id"), edge("b", "a_id", "a", "id")]);
        let group = groups.get("s", "c", "a").unwrap();
        assert_eq!(group.root, ("s".into(), "a".into(), "id".into()));
        assert_eq!(group.most, Some(32_767));
        assert_eq!(groups.get("s", "a", "id"), Some(group));
        assert_eq!(groups.get("s", "b", "boss"), None);
    }

    #[test]
    fn limits_come_from_the_types() {
        let schema = schema();
        assert_eq!(limit(schema.tables[2].column("code").unwrap()), Some(5));
        assert_eq!(limit(schema.tables[2].column("a").unwrap()), None);
        assert_eq!(most(schema.tables[0].column("id").unwrap()), Some(i128::from(i64::MAX)));
    }
}
