//! Facts about a schema or the whole database: what there is, what stands out.

use super::context::{Context, is_base};
use super::{Fact, Family, Said, text};
use crate::schema::model::{TableKind, quote_ident};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Longer lists are given as a number only.
const LISTED: usize = 60;

struct Topic {
    name: &'static str,
    asks: &'static [&'static str],
    /// The tables that answer, among those of one schema; none = not asked.
    tell: fn(&Context, &str, &[usize]) -> Option<(String, Vec<usize>)>,
}

pub(super) fn facts(x: &Context, groups: &mut Vec<Vec<Fact>>) {
    for (i, topic) in TOPICS.iter().enumerate() {
        let mut group = Vec::new();
        for (n, (schema, tables)) in x.namespaces.iter().enumerate() {
            if (topic.tell)(x, schema, tables).is_some() {
                group.push(Fact { family: Family::Overview, topic: i as u16, a: n as u32, b: 0 });
            }
        }
        groups.push(group);
    }
}

pub(super) fn say(x: &Context, fact: Fact) -> Option<Said> {
    let topic = TOPICS.get(usize::from(fact.topic))?;
    let (schema, all) = x.namespaces.iter().nth(fact.a as usize)?;
    let (answer, tables) = (topic.tell)(x, schema, all)?;
    Some(Said {
        topic: topic.name,
        asks: topic.asks,
        fills: vec![("s", quote_ident(schema))],
        answer,
        facts: json!({ "schema": schema, "tables": x.names(&tables) }),
        tables,
        columns: vec![],
    })
}

const TOPICS: &[Topic] = &[
    Topic {
        name: "tables",
        asks: &[
            "Which tables does the schema {s} hold?",
            "List the tables of the schema {s}.",
            "What tables are there in {s}?",
            "Name all tables in the schema {s}, partitions aside.",
        ],
        tell: |x, _, all| {
            let tables = only(x, all, |x, t| is_base(x.table(t)) && !x.table(t).is_child());
            let text = format!("{}: {}", text::count(tables.len(), "table"), text::list(&x.names(&tables)));
            (1..=LISTED).contains(&tables.len()).then_some((text, tables))
        },
    },
    Topic {
        name: "table_count",
        asks: &[
            "How many tables are there in the schema {s}, partitions and child tables aside?",
            "Count the tables of the schema {s}, without partitions and child tables.",
            "Partitions and child tables aside, how many tables does {s} hold?",
            "What is the number of tables in {s}, not counting partitions and child tables?",
        ],
        tell: |x, _, all| {
            let tables = only(x, all, |x, t| is_base(x.table(t)) && !x.table(t).is_child());
            (!tables.is_empty()).then(|| (text::count(tables.len(), "table"), vec![]))
        },
    },
    Topic {
        name: "views",
        asks: &[
            "Which views are there in the schema {s}?",
            "List the views of {s}.",
            "What ready-made views does the schema {s} offer?",
            "Does the schema {s} have views, and which?",
        ],
        tell: |x, _, all| {
            let views = only(x, all, |x, t| matches!(x.table(t).kind, TableKind::View | TableKind::MaterializedView));
            (1..=LISTED).contains(&views.len()).then(|| (text::list(&x.names(&views)), views))
        },
    },
    Topic {
        name: "no_primary_key",
        asks: &[
            "Which tables of the schema {s} have no primary key?",
            "Are there tables without a primary key in {s}?",
            "In the schema {s}, where is a primary key missing?",
            "Name the tables in {s} that declare no primary key.",
        ],
        tell: |x, _, all| {
            let base = only(x, all, |x, t| is_base(x.table(t)) && !x.table(t).is_child());
            let tables = only(x, &base, |x, t| x.table(t).primary_key.is_none());
            let text = if tables.is_empty() {
                "None: every table there has a primary key".to_owned()
            } else {
                text::list(&x.names(&tables))
            };
            (!base.is_empty() && tables.len() <= LISTED).then_some((text, tables))
        },
    },
    Topic {
        name: "most_referenced",
        asks: &[
            "Which table of the schema {s} is referred to by the most other tables?",
            "What is the hub of the schema {s}: the table that most others point to?",
            "In {s}, which table do the most tables refer to?",
            "On which table of {s} do the most other tables depend?",
        ],
        tell: |x, _, all| {
            let best = top(all, |t| referrers(x, t).len())?;
            let n = referrers(x, best).len();
            (n > 1).then(|| (format!("{}, which {} refer to", x.name(best), text::count(n, "other table")), vec![best]))
        },
    },
    Topic {
        name: "widest_table",
        asks: &[
            "Which table of the schema {s} has the most columns?",
            "What is the widest table in {s}?",
            "In the schema {s}, which table has the largest number of columns?",
            "Name the table of {s} with the most columns.",
        ],
        tell: |x, _, all| {
            let base = only(x, all, |x, t| is_base(x.table(t)) && !x.table(t).is_child());
            let best = top(&base, |t| x.table(t).columns.len())?;
            let n = x.table(best).columns.len();
            (base.len() > 2).then(|| (format!("{}, with {}", x.name(best), text::count(n, "column")), vec![best]))
        },
    },
    Topic {
        name: "hierarchies",
        asks: &[
            "Which tables of the schema {s} refer to themselves?",
            "Where in {s} is a hierarchy stored within one table?",
            "Which tables in the schema {s} have a key to their own rows?",
            "Are there self-referencing tables in {s}?",
        ],
        tell: |x, _, all| {
            let tables = only(x, all, |x, t| x.up[t].iter().any(|&e| x.edges[e].parent == t));
            (1..=LISTED).contains(&tables.len()).then(|| (text::list(&x.names(&tables)), tables))
        },
    },
    Topic {
        name: "partitioned_tables",
        asks: &[
            "Which tables of the schema {s} are partitioned?",
            "Are there partitioned tables in {s}?",
            "What in the schema {s} is split into partitions?",
            "Name the partitioned tables in {s}.",
        ],
        tell: |x, _, all| {
            let tables = only(x, all, |x, t| x.table(t).kind == TableKind::Partitioned && !x.table(t).is_child());
            (1..=LISTED).contains(&tables.len()).then(|| (text::list(&x.names(&tables)), tables))
        },
    },
    Topic {
        name: "enums",
        asks: &[
            "Which columns of the tables in {s} are of an enum type?",
            "Where do the tables of {s} use enums?",
            "What columns of tables in {s} take their values from an enum?",
            "List the enum columns of the tables in the schema {s}, with their types.",
        ],
        tell: |x, _, all| {
            let tables = only(x, all, |x, t| is_base(x.table(t)) && !x.table(t).is_child() && !enums(x, t).is_empty());
            let said: Vec<String> = tables.iter().flat_map(|&t| enums(x, t)).collect();
            (1..=LISTED).contains(&said.len()).then(|| (text::list(&said), tables))
        },
    },
    Topic {
        name: "unconnected",
        asks: &[
            "Which tables of the schema {s} have no foreign key and are the target of none?",
            "Which tables in {s} stand alone, without any foreign key to or from them?",
            "Name the tables of {s} that no foreign key connects to another.",
            "In the schema {s}, what is not connected to anything by a foreign key?",
        ],
        tell: |x, _, all| {
            let free = |x: &Context, t: usize| {
                let declared = |&e: &usize| x.edges[e].relationship.declared;
                is_base(x.table(t)) && !x.table(t).is_child() && !x.up[t].iter().chain(&x.down[t]).any(declared)
            };
            let tables = only(x, all, free);
            (1..=LISTED).contains(&tables.len()).then(|| (text::list(&x.names(&tables)), tables))
        },
    },
    Topic {
        name: "largest_table",
        asks: &[
            "Which table of the schema {s} holds the most rows, by the planner's estimate?",
            "By estimate, what is the largest table in {s}?",
            "Going by the planner's row counts, which table of {s} is the biggest?",
            "Name the table of {s} with the highest estimated number of rows.",
        ],
        tell: |x, _, all| {
            let base = only(x, all, |x, t| is_base(x.table(t)) && !x.table(t).is_child());
            let known = base.iter().all(|&t| x.table(t).rows >= 0.0 && x.parts[t].is_empty());
            let best = top(&base, |t| x.table(t).rows.max(0.0) as usize)?;
            let n = x.table(best).rows as usize;
            (known && n > 0).then(|| (format!("{}, with about {}", x.name(best), text::count(n, "row")), vec![best]))
        },
    },
];

fn only(x: &Context, tables: &[usize], keep: impl Fn(&Context, usize) -> bool) -> Vec<usize> {
    tables.iter().copied().filter(|&t| keep(x, t)).collect()
}

/// The one table with the highest measure; none where two share it.
fn top(tables: &[usize], measure: impl Fn(usize) -> usize) -> Option<usize> {
    let mut by: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    tables.iter().for_each(|&t| by.entry(measure(t)).or_default().push(t));
    match by.pop_last()?.1.as_slice() {
        [one] => Some(*one),
        _ => None,
    }
}

fn referrers(x: &Context, t: usize) -> BTreeSet<usize> {
    x.down[t].iter().map(|&e| x.edges[e].child).filter(|&c| c != t && !x.table(c).is_child()).collect()
}

fn enums(x: &Context, t: usize) -> Vec<String> {
    let columns = x.table(t).columns.iter().filter(|c| c.category == 'E');
    columns.map(|c| format!("{} ({})", x.dotted(t, &c.name), c.type_name)).collect()
}
