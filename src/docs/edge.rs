//! Facts about one relationship: where a key points, how its tables join, what a deletion does.

use super::context::{Context, Edge, idents, is_base, nulls_known};
use super::{Fact, Family, Said, text};
use serde_json::{Value, json};

struct Topic {
    name: &'static str,
    asks: &'static [&'static str],
    when: fn(&Context, &Edge) -> bool,
    tell: fn(&Context, &Edge) -> (String, Value),
}

pub(super) fn facts(context: &Context, groups: &mut Vec<Vec<Fact>>) {
    for (i, topic) in TOPICS.iter().enumerate() {
        let mut group = Vec::new();
        for (e, edge) in context.edges.iter().enumerate() {
            let child = context.table(edge.child);
            if !child.is_child() && once(context, e) && (topic.when)(context, edge) {
                group.push(Fact { family: Family::Edge, topic: i as u16, a: e as u32, b: 0 });
            }
        }
        groups.push(group);
    }
}

/// Two keys over the same columns would give the same question with two answers.
fn once(x: &Context, e: usize) -> bool {
    let edge = &x.edges[e];
    x.up[edge.child]
        .iter()
        .filter(|&&o| x.edges[o].relationship.child_columns == edge.relationship.child_columns)
        .count()
        == 1
}

pub(super) fn say(x: &Context, fact: Fact) -> Option<Said> {
    let topic = TOPICS.get(usize::from(fact.topic))?;
    let edge = x.edges.get(fact.a as usize)?;
    let r = edge.relationship;
    let (answer, mut facts) = (topic.tell)(x, edge);
    if let Some(object) = facts.as_object_mut() {
        object.insert("child".into(), json!(x.table(edge.child).qualified()));
        object.insert("child_columns".into(), json!(r.child_columns));
        object.insert("parent".into(), json!(x.table(edge.parent).qualified()));
        object.insert("parent_columns".into(), json!(r.parent_columns));
        object.insert("declared".into(), json!(r.declared));
        object.insert("confidence".into(), json!(r.confidence));
    }
    let fills = vec![
        ("child", x.name(edge.child)),
        ("parent", x.name(edge.parent)),
        ("key", text::list(&idents(&r.child_columns))),
        ("from", from(x, edge)),
    ];
    let mut columns = x.columns(edge.child, &r.child_columns);
    columns.extend(x.columns(edge.parent, &r.parent_columns));
    Some(Said {
        topic: topic.name,
        asks: topic.asks,
        fills,
        answer,
        tables: vec![edge.child, edge.parent],
        columns,
        facts,
    })
}

const TOPICS: &[Topic] = &[
    Topic {
        name: "reference",
        asks: &[
            "Where does {from} point to?",
            "What does {key} in {child} refer to?",
            "In which table do I look up {from}?",
            "Which table and column does {from} reference?",
            "{from} holds keys of which table?",
        ],
        when: |_, _| true,
        tell: |x, e| {
            let to = match e.relationship.parent_columns.as_slice() {
                [one] => x.dotted(e.parent, one),
                many => format!("{} of {}", text::list(&idents(many)), x.name(e.parent)),
            };
            (format!("{} refers to {to}{}", from(x, e), basis(e)), json!({}))
        },
    },
    Topic {
        name: "join_condition",
        asks: &[
            "How do I join {child} to {parent}?",
            "What is the join condition between {child} and {parent}?",
            "On which columns do {child} and {parent} meet?",
            "I want rows of {child} with their {parent} data: what goes into the ON clause?",
            "Which columns tie {child} to {parent}?",
        ],
        // asked of the first edge of a pair, answered with all of them
        when: |x, e| e.child != e.parent && is_first(x, e) && !crossed(x, e),
        tell: |x, e| {
            let all: Vec<&Edge> = between(x, e).collect();
            let said: Vec<String> = all.iter().map(|e| format!("{}{}", x.condition(e), basis(e))).collect();
            let answer = match said.as_slice() {
                [one] => format!("On {one}"),
                many => format!("There are {} ways, each with its own meaning: {}", many.len(), many.join("; or ")),
            };
            (answer, json!({ "conditions": said }))
        },
    },
    Topic {
        name: "cardinality",
        asks: &[
            "How many rows of {child} can belong to one row of {parent} through {key}?",
            "Is {from} a one-to-one or a many-to-one link to {parent}?",
            "Can two rows of {child} share the same {parent} through {key}?",
            "What is the cardinality of the link from {from} to {parent}?",
        ],
        when: |x, e| e.relationship.declared && is_base(x.table(e.child)),
        tell: |x, e| {
            let single = x.table(e.child).is_unique(&e.relationship.child_columns);
            let (child, parent) = (x.name(e.child), x.name(e.parent));
            let answer = if single {
                format!("One to one: {} is unique in {child}, so a row of {parent} has at most one of them", from(x, e))
            } else {
                format!(
                    "Many to one: any number of rows of {child} may share a row of {parent}, since {} is not unique",
                    from(x, e)
                )
            };
            (answer, json!({ "child_unique": single }))
        },
    },
    Topic {
        name: "optional_parent",
        asks: &[
            "Must every row of {child} have a row of {parent} through {key}?",
            "Can a row of {child} exist without a row of {parent} in {key}?",
            "Does an inner join from {child} to {parent} on {key} lose rows?",
            "Is the link from {from} to {parent} mandatory?",
        ],
        when: |x, e| {
            let columns = x.columns(e.child, &e.relationship.child_columns);
            e.relationship.declared
                && is_base(x.table(e.child))
                && columns.iter().all(|&(t, c)| nulls_known(&x.table(t).columns[c]))
        },
        tell: |x, e| {
            let columns = x.columns(e.child, &e.relationship.child_columns);
            let must = columns.iter().all(|&(t, c)| x.table(t).columns[c].not_null);
            let (from, parent) = (from(x, e), x.name(e.parent));
            let answer = if must {
                format!("{from} is NOT NULL, so every row has one of {parent} and an inner join loses none")
            } else {
                format!("{from} may be null; such rows have none of {parent} and an inner join would leave them out")
            };
            (answer, json!({ "not_null": must }))
        },
    },
    Topic {
        name: "on_delete",
        asks: &[
            "What happens to rows of {child} when the {parent} row in their {key} is deleted?",
            "If I delete a row of {parent}, what becomes of the rows of {child} that point to it through {key}?",
            "Which delete rule does the foreign key on {from} have?",
            "Can I delete a row of {parent} while {from} still refers to it?",
        ],
        when: |x, e| rule(x, e).is_some(),
        tell: |x, e| {
            let rule = rule(x, e).unwrap_or('a');
            let answer = match rule {
                'c' => "They are deleted with it (ON DELETE CASCADE)",
                'n' => "The key is set to null and the rows stay (ON DELETE SET NULL)",
                'd' => "The key is set to its default and the rows stay (ON DELETE SET DEFAULT)",
                'r' => "The delete is refused while such rows exist (ON DELETE RESTRICT)",
                _ => "The delete fails while such rows exist (ON DELETE NO ACTION)",
            };
            (answer.to_owned(), json!({ "on_delete": rule.to_string() }))
        },
    },
];

/// `rental.customer_id`, or `the columns a and b of rental`.
fn from(x: &Context, edge: &Edge) -> String {
    match edge.relationship.child_columns.as_slice() {
        [one] => x.dotted(edge.child, one),
        many => format!("the pair {} of {}", text::list(&idents(many)), x.name(edge.child)),
    }
}

fn basis(edge: &Edge) -> &'static str {
    if edge.relationship.declared { "" } else { " (inferred: no foreign key declares it)" }
}

fn between<'x>(x: &'x Context<'x>, edge: &Edge) -> impl Iterator<Item = &'x Edge<'x>> {
    let parent = edge.parent;
    x.up[edge.child].iter().map(|&e| &x.edges[e]).filter(move |e| e.parent == parent)
}

fn is_first(x: &Context, edge: &Edge) -> bool {
    between(x, edge).next().is_some_and(|first| first.relationship == edge.relationship)
}

/// Edges run both ways between the two tables.
fn crossed(x: &Context, edge: &Edge) -> bool {
    x.up[edge.parent].iter().any(|&e| x.edges[e].parent == edge.child)
}

fn rule(x: &Context, edge: &Edge) -> Option<char> {
    let name = edge.relationship.evidence.get("foreign_key")?.as_str()?;
    let key = x.table(edge.child).foreign_keys.iter().find(|k| k.name == name)?;
    key.on_delete
}
