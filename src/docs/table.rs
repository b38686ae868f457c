//! Facts about one table or view: what it is for, its columns, keys, rules, partitions and size.

use super::context::{Context, idents, is_base, kind, nulls_known, typed};
use super::wide::{self, Part};
use super::{Fact, Family, Said, text};
use crate::schema::model::{Column, Table, TableKind};
use serde_json::{Value, json};

/// Longer lists are read by no one.
const LISTED: usize = 40;
/// Longest view that is quoted whole, in bytes.
const VIEW_BYTES: usize = 3000;

/// What a topic says of a table: the answer, the columns it rests on, the facts.
pub(super) struct Told {
    pub answer: String,
    pub columns: Vec<(usize, usize)>,
    pub tables: Vec<usize>,
    pub facts: Value,
}

pub(super) struct Topic {
    pub name: &'static str,
    pub asks: &'static [&'static str],
    pub when: fn(&Context, usize) -> bool,
    pub tell: fn(&Context, usize) -> Told,
}

pub(super) fn facts(context: &Context, groups: &mut Vec<Vec<Fact>>) {
    for (i, topic) in topics().enumerate() {
        let subjects = (0..context.schema.tables.len()).filter(|&t| (topic.when)(context, t));
        groups.push(subjects.map(|t| Fact { family: Family::Table, topic: i as u16, a: t as u32, b: 0 }).collect());
    }
}

pub(super) fn say(context: &Context, fact: Fact) -> Option<Said> {
    let topic = topics().nth(usize::from(fact.topic))?;
    let t = fact.a as usize;
    let told = (topic.tell)(context, t);
    let mut tables = told.tables;
    tables.push(t);
    let fills = vec![
        ("t", context.name(t)),
        ("k", kind(context.table(t)).to_owned()),
        ("name", crate::schema::model::quote_ident(&context.table(t).name)),
    ];
    Some(Said {
        topic: topic.name,
        asks: topic.asks,
        fills,
        answer: told.answer,
        tables,
        columns: told.columns,
        facts: told.facts,
    })
}

fn topics() -> impl Iterator<Item = &'static Topic> {
    TOPICS.iter().chain(wide::TOPICS)
}

fn own(table: &Table) -> bool {
    is_base(table) && !table.is_child()
}

const TOPICS: &[Topic] = &[
    Topic {
        name: "table_purpose",
        asks: &[
            "What is the {k} {t} for?",
            "What does {t} hold, going by its comment?",
            "How does the catalog describe {t}?",
            "I have come across a {k} called {t}: what is in it?",
            "Tell me what {t} is about.",
        ],
        when: |x, t| x.table(t).comment.as_deref().is_some_and(|c| !c.trim().is_empty()),
        tell: |x, t| {
            let comment = x.table(t).comment.clone().unwrap_or_default();
            Told {
                answer: format!("The comment on {} reads: {}", x.name(t), text::quoted(&comment)),
                columns: vec![],
                tables: vec![],
                facts: json!({ "comment": comment }),
            }
        },
    },
    Topic {
        name: "table_columns",
        asks: &[
            "Which columns does {t} have?",
            "List the columns of {t} with their types.",
            "What fields are there in {t}, and of what type?",
            "How is the {k} {t} laid out?",
            "Name every column of {t}.",
        ],
        when: |x, t| !x.table(t).is_child() && (1..=LISTED).contains(&x.table(t).columns.len()),
        tell: |x, t| {
            let columns: Vec<&Column> = x.table(t).columns.iter().collect();
            part(x, t, &columns, |list| format!("{} has {}: {list}", x.name(t), text::count(columns.len(), "column")))
        },
    },
    Topic {
        name: "column_count",
        asks: &[
            "How many columns does {t} have?",
            "How wide is {t}, counted in columns?",
            "Count the columns of {t}.",
            "What is the number of columns in the {k} {t}?",
        ],
        when: |x, t| !x.table(t).is_child(),
        tell: |x, t| {
            let n = x.table(t).columns.len();
            plain(format!("{} has {}", x.name(t), text::count(n, "column")), json!({ "columns": n }))
        },
    },
    Topic {
        name: "primary_key",
        asks: &[
            "What is the primary key of {t}?",
            "What identifies a row of {t}?",
            "By what are the rows of {t} told apart?",
            "Does {t} have a primary key, and on what?",
            "Which column or columns make up the primary key of {t}?",
        ],
        when: |x, t| own(x.table(t)),
        tell: |x, t| {
            let table = x.table(t);
            let name = x.name(t);
            let answer = match table.primary_key.as_deref() {
                Some([one]) => format!("The primary key of {name} is {}", idents(std::slice::from_ref(one))[0]),
                Some(key) => format!("The primary key of {name} is made of {}", text::list(&idents(key))),
                None => format!("{name} declares no primary key"),
            };
            let key = table.primary_key.clone().unwrap_or_default();
            Told { answer, columns: x.columns(t, &key), tables: vec![], facts: json!({ "primary_key": key }) }
        },
    },
    Topic {
        name: "unique_keys",
        asks: &[
            "Besides its primary key, what has to be unique in {t}?",
            "What other keys does {t} have apart from the primary key?",
            "Apart from the primary key, which values of {t} must not repeat?",
            "Which unique constraints or unique indexes does {t} carry beyond its primary key?",
        ],
        when: |x, t| {
            let table = x.table(t);
            own(table) && table.primary_key.is_some() && table.keys().count() > 1
        },
        tell: |x, t| {
            let table = x.table(t);
            let mut keys: Vec<&Vec<String>> = table.uniques.iter().chain(&table.unique_indexes).collect();
            keys.sort();
            keys.dedup();
            let said: Vec<String> = keys
                .iter()
                .map(|k| match k.as_slice() {
                    [one] => format!("each value of {}", idents(std::slice::from_ref(one))[0]),
                    many => format!("each combination of {}", text::list(&idents(many))),
                })
                .collect();
            let columns = keys.iter().flat_map(|k| x.columns(t, k)).collect();
            let answer = format!("In {}, {} may occur only once (nulls aside)", x.name(t), text::list(&said));
            Told { answer, columns, tables: vec![], facts: json!({ "unique": keys }) }
        },
    },
    Topic {
        name: "required_columns",
        asks: &[
            "Which columns must an INSERT into {t} give a value for?",
            "What do I have to supply to add a row to {t}?",
            "Which columns of {t} are mandatory and have no default?",
            "Name the columns of {t} that cannot be left out of an INSERT.",
        ],
        when: |x, t| own(x.table(t)) && x.table(t).columns.iter().all(nulls_known),
        tell: |x, t| {
            let must = |c: &&Column| c.not_null && c.default.is_none() && c.identity.is_none() && !c.generated;
            let columns: Vec<&Column> = x.table(t).columns.iter().filter(must).collect();
            part(x, t, &columns, |list| match columns.len() {
                0 => "None: every column either accepts nulls or is filled by a default".to_owned(),
                1 => format!("{list}: it is NOT NULL and has no default"),
                _ => format!("{list}: they are NOT NULL and have no default"),
            })
        },
    },
    Topic {
        name: "nullable_columns",
        asks: &[
            "Which columns of {t} may be null?",
            "Where does {t} allow missing values?",
            "What can be left empty in a row of {t}?",
            "Which columns of {t} are optional?",
        ],
        when: |x, t| {
            own(x.table(t)) && x.table(t).columns.len() <= LISTED && x.table(t).columns.iter().all(nulls_known)
        },
        tell: |x, t| {
            let columns: Vec<&Column> = x.table(t).columns.iter().filter(|c| !c.not_null).collect();
            let all = columns.len() == x.table(t).columns.len();
            part(x, t, &columns, |list| match columns.len() {
                0 => format!("None: every column of {} is NOT NULL", x.name(t)),
                _ if all => format!("All of them: {list}"),
                _ => list.to_owned(),
            })
        },
    },
    Topic {
        name: "time_columns",
        asks: &[
            "Which columns of {t} hold dates or times?",
            "Where does {t} keep points in time?",
            "On which columns could I filter {t} by date?",
            "List the date and time columns of {t}.",
        ],
        when: |x, t| some(x, t, |c| c.category == 'D'),
        tell: |x, t| pick(x, t, |c| c.category == 'D'),
    },
    Topic {
        name: "number_columns",
        asks: &[
            "Which columns of {t} hold numbers?",
            "List the numeric columns of {t} with their types.",
            "What in {t} is stored as a number?",
            "Which fields of {t} have a numeric type?",
        ],
        when: |x, t| some(x, t, is_number),
        tell: |x, t| pick(x, t, is_number),
    },
    Topic {
        name: "flag_columns",
        asks: &[
            "Which columns of {t} are true-or-false flags?",
            "What does {t} store as a boolean?",
            "List the boolean columns of {t}.",
            "Which yes-or-no questions does {t} answer with a boolean column?",
        ],
        when: |x, t| some(x, t, |c| c.category == 'B'),
        tell: |x, t| pick(x, t, |c| c.category == 'B'),
    },
    Topic {
        name: "row_estimate",
        asks: &[
            "About how many rows does {t} have?",
            "How large is {t}, in rows?",
            "Is {t} a big table? Give the estimated number of rows.",
            "What size does the planner assume for {t}, in rows?",
        ],
        // an inheritance parent's estimate leaves out its children, a query does not
        when: |x, t| {
            let table = x.table(t);
            table.rows >= 0.0 && is_base(table) && (table.kind == TableKind::Partitioned || x.parts[t].is_empty())
        },
        tell: |x, t| {
            let rows = x.table(t).rows as u64;
            let answer = match rows {
                0 => format!("{} is empty, by the planner's estimate", x.name(t)),
                n => format!("{} has about {}, by the planner's estimate", x.name(t), text::count(n as usize, "row")),
            };
            plain(answer, json!({ "reltuples": rows }))
        },
    },
    Topic {
        name: "check_constraints",
        asks: &[
            "Which check constraints does {t} have?",
            "What rules does the database enforce on the rows of {t} by CHECK?",
            "What must hold for every row of {t}, according to its check constraints?",
            "List the CHECK constraints of {t}.",
        ],
        when: |x, t| own(x.table(t)) && !x.table(t).checks.is_empty(),
        tell: |x, t| {
            let checks = &x.table(t).checks;
            let said: Vec<String> = checks.iter().map(|c| format!("{}: {}", c.name, c.definition)).collect();
            Told {
                answer: said.join("; "),
                columns: checks.iter().flat_map(|c| x.columns(t, &c.columns)).collect(),
                tables: vec![],
                facts: json!({ "checks": said }),
            }
        },
    },
    Topic {
        name: "view_definition",
        asks: &[
            "How is the {k} {t} defined?",
            "What query stands behind {t}?",
            "Show the definition of {t}.",
            "Which SELECT does the {k} {t} run?",
        ],
        when: |x, t| x.table(t).definition.as_ref().is_some_and(|d| d.len() <= VIEW_BYTES),
        tell: |x, t| {
            let definition = x.table(t).definition.clone().unwrap_or_default();
            plain(definition.trim().to_owned(), json!({ "kind": kind(x.table(t)), "definition": definition }))
        },
    },
    Topic {
        name: "relation_kind",
        asks: &[
            "Is {t} a base table, a view or something else?",
            "What kind of relation is {t}?",
            "What sort of object is {t}?",
            "Does {t} store rows of its own, or is it a view?",
        ],
        when: |x, t| x.table(t).kind != TableKind::Table,
        tell: |x, t| {
            let table = x.table(t);
            let more = match table.kind {
                TableKind::Table | TableKind::ForeignTable => "",
                TableKind::Partitioned => ": its rows are stored in its partitions",
                TableKind::View => ": it stores nothing and runs its query each time",
                TableKind::MaterializedView => ": it stores the result of its query until it is refreshed",
            };
            plain(format!("{} is a {}{more}", x.name(t), kind(table)), json!({ "kind": kind(table) }))
        },
    },
];

fn is_number(column: &Column) -> bool {
    column.category == 'N' && !column.base.starts_with("reg") && column.base != "oid"
}

fn some(x: &Context, t: usize, wanted: fn(&Column) -> bool) -> bool {
    let table = x.table(t);
    !table.is_child() && (1..=LISTED).contains(&table.columns.iter().filter(|c| wanted(c)).count())
}

fn pick(x: &Context, t: usize, wanted: fn(&Column) -> bool) -> Told {
    let columns: Vec<&Column> = x.table(t).columns.iter().filter(|c| wanted(c)).collect();
    part(x, t, &columns, str::to_owned)
}

/// An answer that lists some of a table's columns with their types.
fn part(x: &Context, t: usize, columns: &[&Column], answer: impl Fn(&str) -> String) -> Told {
    let types: Part = columns.iter().map(|c| (c.name.clone(), json!(c.type_name))).collect();
    Told {
        answer: answer(&typed(columns)),
        columns: columns.iter().filter_map(|c| x.column(t, &c.name)).collect(),
        tables: vec![],
        facts: json!({ "types": types }),
    }
}

pub(super) fn plain(answer: String, facts: Value) -> Told {
    Told { answer, columns: vec![], tables: vec![], facts }
}
