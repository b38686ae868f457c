//! Facts about a table that reach beyond it: what it refers to, what refers to it, its partitions, its schema.

use super::context::{Context, idents};
use super::table::{Told, Topic, plain};
use super::text;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

pub(super) type Part = Map<String, Value>;

pub(super) const TOPICS: &[Topic] = &[
    Topic {
        name: "parents",
        asks: &[
            "Which tables does {t} refer to?",
            "What does a row of {t} point to in other tables?",
            "Which keys of {t} lead elsewhere, and where to?",
            "Starting from {t}, which tables can I reach over its own keys?",
        ],
        when: |x, t| !x.up[t].is_empty() && !x.table(t).is_child(),
        tell: |x, t| edges(x, &x.up[t], |x, e| x.edges[e].parent, "by"),
    },
    Topic {
        name: "children",
        asks: &[
            "Which tables refer to {t}?",
            "What depends on {t} through its keys?",
            "Where is {t} referenced from?",
            "Which tables hold a key of {t}?",
        ],
        when: |x, t| (1..=30).contains(&x.down[t].len()) && !x.table(t).is_child(),
        tell: |x, t| edges(x, &x.down[t], |x, e| x.edges[e].child, "through"),
    },
    Topic {
        name: "self_reference",
        asks: &[
            "Does any column of {t} refer back to {t} itself?",
            "How is a hierarchy stored in {t}?",
            "Which column of {t} points to another row of the same table?",
            "Through what can one row of {t} refer to another?",
        ],
        when: |x, t| x.up[t].iter().any(|&e| x.edges[e].parent == t),
        tell: |x, t| {
            let own: Vec<usize> = x.up[t].iter().copied().filter(|&e| x.edges[e].parent == t).collect();
            let said: Vec<String> = own
                .iter()
                .map(|&e| {
                    let r = x.edges[e].relationship;
                    let (from, to) = (text::list(&idents(&r.child_columns)), text::list(&idents(&r.parent_columns)));
                    format!("{from} refers to {to} of another row of {}", x.name(t))
                })
                .collect();
            let columns = own.iter().flat_map(|&e| x.columns(t, &x.edges[e].relationship.child_columns)).collect();
            Told { answer: text::list(&said), columns, tables: vec![], facts: json!({ "self": said }) }
        },
    },
    Topic {
        name: "partitioning",
        asks: &[
            "How is {t} partitioned?",
            "By what are the rows of {t} spread over partitions?",
            "What is the partition key of {t}, and how many partitions are there?",
            "Which partitions does {t} have?",
        ],
        when: |x, t| x.table(t).partition_key.is_some(),
        tell: |x, t| {
            let key = x.table(t).partition_key.clone().unwrap_or_default();
            let parts = &x.parts[t];
            let shown = if parts.len() <= 40 { format!(": {}", text::list(&x.names(parts))) } else { String::new() };
            let answer = match parts.len() {
                0 => format!("By {key}; it has no partitions yet"),
                n => format!("By {key}, into {}{shown}", text::count(n, "partition")),
            };
            Told {
                answer,
                columns: vec![],
                tables: vec![],
                facts: json!({ "partition_key": key, "partitions": parts.len() }),
            }
        },
    },
    Topic {
        name: "partition_bound",
        asks: &[
            "Which rows does the partition {t} take?",
            "Of which table is {t} a partition, and with what bounds?",
            "What part of the data is stored in {t}?",
            "When does a new row end up in {t}?",
        ],
        when: |x, t| x.table(t).partition_bound.is_some() && parent(x, t).is_some(),
        tell: |x, t| {
            let table = x.table(t);
            let bound = table.partition_bound.clone().unwrap_or_default();
            let above = parent(x, t).unwrap_or(t);
            let key = x.table(above).partition_key.clone().unwrap_or_default();
            Told {
                answer: format!("{} is a partition of {} (by {key}): {bound}", x.name(t), x.name(above)),
                columns: vec![],
                tables: vec![above],
                facts: json!({ "partition_of": x.table(above).qualified(), "bound": bound }),
            }
        },
    },
    Topic {
        name: "inheritance",
        asks: &[
            "From which table does {t} inherit?",
            "What is the parent table of {t}?",
            "Which table's columns does {t} take over by inheritance?",
            "{t} is a child table: of what?",
        ],
        when: |x, t| x.table(t).partition_of.is_none() && x.table(t).inherits.as_ref().is_some_and(|p| !p.is_empty()),
        tell: |x, t| {
            let above = || x.table(t).inherits.iter().flatten();
            let written: Vec<String> = above().map(|(s, n)| idents(&[s.clone(), n.clone()]).join(".")).collect();
            let tables: Vec<usize> = above().filter_map(|(s, n)| found(x, s, n)).collect();
            // a parent that the role may not read has no name of its own here
            let names = if tables.len() == written.len() { x.names(&tables) } else { written.clone() };
            Told {
                answer: format!("{} inherits from {}", x.name(t), text::list(&names)),
                columns: vec![],
                tables,
                facts: json!({ "inherits": written }),
            }
        },
    },
    Topic {
        name: "indexed_columns",
        asks: &[
            "Which columns of {t} lead an index?",
            "On which columns of {t} can a filter start from an index?",
            "Which columns come first in the indexes of {t}?",
            "Which single columns of {t} are indexed, alone or as the first of several?",
        ],
        when: |x, t| !x.table(t).indexed.is_empty() && !x.table(t).is_child(),
        tell: |x, t| {
            let indexed = &x.table(t).indexed;
            Told {
                answer: text::list(&idents(indexed)),
                columns: x.columns(t, indexed),
                tables: vec![],
                facts: json!({ "indexed": indexed }),
            }
        },
    },
    Topic {
        name: "namespace",
        asks: &[
            "Which schema is {t} in?",
            "Where in the database do I find {t}: in which schema?",
            "Under which schema name must I address {t}?",
            "What is the full name of {t}, schema included?",
        ],
        when: |x, t| x.namespaces.len() > 1 && !x.is_shared(t) && !x.table(t).is_child(),
        tell: |x, t| {
            let table = x.table(t);
            plain(
                format!(
                    "It is in the schema {}: {}",
                    idents(std::slice::from_ref(&table.schema))[0],
                    table.qualified()
                ),
                json!({ "schema": table.schema }),
            )
        },
    },
    Topic {
        name: "namespaces_of_name",
        asks: &[
            "Is there more than one table or view called {name}, besides {t}?",
            "Which other schemas have a relation with the same name as {t}?",
            "Beside {t}, where else does the name {name} occur as a table or view?",
            "Could {name} mean something other than {t}?",
        ],
        when: |x, t| x.is_shared(t) && !x.table(t).is_child(),
        tell: |x, t| {
            let name = &x.table(t).name;
            let others: Vec<usize> =
                (0..x.schema.tables.len()).filter(|&o| o != t && x.table(o).name == *name).collect();
            let names = x.names(&others);
            Told {
                answer: format!("There is also {}", text::list(&names)),
                columns: vec![],
                tables: others,
                facts: json!({ "others": names }),
            }
        },
    },
];

fn parent(x: &Context, t: usize) -> Option<usize> {
    let (schema, name) = x.table(t).partition_of.as_ref()?;
    found(x, schema, name)
}

fn found(x: &Context, schema: &str, name: &str) -> Option<usize> {
    x.namespaces.get(schema)?.iter().copied().find(|&p| x.table(p).name == name)
}

/// The tables at the other end of edges, each with the columns that lead there.
fn edges(x: &Context, edges: &[usize], other: fn(&Context, usize) -> usize, word: &str) -> Told {
    let ends: BTreeSet<usize> = edges.iter().map(|&e| other(x, e)).collect();
    let mut said = Vec::new();
    let mut facts = Part::new();
    for &end in &ends {
        let keys: Vec<String> = edges
            .iter()
            .filter(|&&e| other(x, e) == end)
            .map(|&e| {
                let r = x.edges[e].relationship;
                let sure = if r.declared { "" } else { " (not declared)" };
                format!("{}{sure}", idents(&r.child_columns).join(" + "))
            })
            .collect();
        facts.insert(x.table(end).qualified(), json!(keys));
        said.push(format!("{} ({word} {})", x.name(end), text::list(&keys)));
    }
    let columns = edges.iter().flat_map(|&e| x.columns(x.edges[e].child, &x.edges[e].relationship.child_columns));
    Told {
        answer: text::list(&said),
        columns: columns.collect(),
        tables: ends.into_iter().collect(),
        facts: json!({ "edges": facts }),
    }
}
