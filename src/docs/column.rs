//! Facts about one column: type, nulls, default, meaning, values, and where a fact is kept.

use super::context::{Context, idents, is_base, kind, nulls_known};
use super::{Fact, Family, Said, text};
use crate::schema::model::{Column, quote_ident};
use serde_json::{Value, json};

struct Topic {
    name: &'static str,
    asks: &'static [&'static str],
    when: fn(&Context, usize, &Column) -> bool,
    tell: fn(&Context, usize, &Column) -> (String, Value),
}

pub(super) fn facts(context: &Context, groups: &mut Vec<Vec<Fact>>) {
    for (i, topic) in TOPICS.iter().enumerate() {
        let mut group = Vec::new();
        for (t, table) in context.schema.tables.iter().enumerate().filter(|(_, t)| !t.is_child()) {
            for (c, _) in table.columns.iter().enumerate().filter(|(_, c)| (topic.when)(context, t, c)) {
                group.push(Fact { family: Family::Column, topic: i as u16, a: t as u32, b: c as u32 });
            }
        }
        groups.push(group);
    }
}

pub(super) fn say(x: &Context, fact: Fact) -> Option<Said> {
    let topic = TOPICS.get(usize::from(fact.topic))?;
    let (t, c) = (fact.a as usize, fact.b as usize);
    let column = x.table(t).columns.get(c)?;
    let (answer, mut facts) = (topic.tell)(x, t, column);
    if let Some(object) = facts.as_object_mut() {
        object.insert("table".into(), json!(x.table(t).qualified()));
        object.insert("column".into(), json!(column.name));
    }
    let (noun, thing) = (subject_words(x, t), column_words(x, t, column));
    let fills = vec![
        ("t", x.name(t)),
        ("k", kind(x.table(t)).to_owned()),
        ("c", quote_ident(&column.name)),
        ("tc", x.dotted(t, &column.name)),
        ("comment", text::quoted(column.comment.as_deref().unwrap_or_default())),
        ("a_noun", text::with_article(&noun)),
        ("noun", noun),
        ("thing", thing),
    ];
    Some(Said { topic: topic.name, asks: topic.asks, fills, answer, tables: vec![t], columns: vec![(t, c)], facts })
}

const TOPICS: &[Topic] = &[
    Topic {
        name: "column_type",
        asks: &[
            "What is the data type of {tc}?",
            "Of which type is the column {c} in {t}?",
            "How is {c} stored in {t}: as which type?",
            "Which data type does {t} use for {c}?",
            "Tell me the type of {tc}.",
        ],
        when: |_, _, _| true,
        tell: |x, t, c| {
            let under = match &c.domain {
                Some(_) => format!(", a domain over {}", text::type_name(&c.base)),
                None => String::new(),
            };
            (format!("{} is of type {}{under}", x.dotted(t, &c.name), c.type_name), json!({ "type": c.type_name }))
        },
    },
    Topic {
        name: "nullability",
        asks: &[
            "Can {tc} be null?",
            "Does every row of {t} have to have a value in {c}?",
            "May {c} be left empty in {t}?",
            "Is {c} a mandatory column of {t}?",
            "Could a value be missing from {tc}?",
        ],
        when: |x, t, c| is_base(x.table(t)) && nulls_known(c),
        tell: |x, t, c| {
            let name = x.dotted(t, &c.name);
            let answer = if c.not_null {
                format!("{name} is NOT NULL: every row has a value")
            } else {
                format!("{name} accepts nulls: a row may have no value there")
            };
            (answer, json!({ "not_null": c.not_null }))
        },
    },
    Topic {
        name: "column_default",
        asks: &[
            "What is the default of {tc}?",
            "Which value does {c} get in {t} when an INSERT leaves it out?",
            "If I do not mention {c} in an INSERT into {t}, what is stored?",
            "With what is {tc} filled when nothing is given?",
        ],
        when: |x, t, c| is_base(x.table(t)) && !c.generated && (c.default.is_some() || c.identity.is_some()),
        tell: |_, _, c| (default_in_words(c), json!({ "default": c.default, "identity": c.identity })),
    },
    Topic {
        name: "generated_column",
        asks: &[
            "How is {tc} computed?",
            "Can I write to {tc}, or is it generated?",
            "What expression generates {c} in {t}?",
            "Where does the value of {tc} come from?",
        ],
        when: |_, _, c| c.generated && c.default.is_some(),
        tell: |_, _, c| {
            let expression = c.default.clone().unwrap_or_default();
            (
                format!("It is generated from the row's other columns as {expression} and cannot be written"),
                json!({ "generated": expression }),
            )
        },
    },
    Topic {
        name: "column_meaning",
        asks: &[
            "What does {tc} mean?",
            "How does the catalog describe the column {c} of {t}?",
            "What is kept in {tc}, according to its comment?",
            "Explain the column {c} in {t}.",
            "I do not understand {c} in {t}: what is it?",
        ],
        when: |_, _, c| commented(c),
        tell: |x, t, c| {
            let comment = c.comment.clone().unwrap_or_default();
            (
                format!("The comment on {} reads: {}", x.dotted(t, &c.name), text::quoted(&comment)),
                json!({ "comment": comment }),
            )
        },
    },
    Topic {
        name: "column_by_comment",
        asks: &[
            "Which column of {t} is described as {comment}?",
            "In {t}, what is the column with the comment {comment} called?",
            "Find the column of {t} whose comment reads {comment}",
            "Which field of {t} carries this description: {comment}?",
        ],
        when: |x, t, c| {
            commented(c)
                && c.comment.as_ref().is_some_and(|d| d.len() <= 160)
                && x.table(t).columns.iter().filter(|o| o.comment == c.comment).count() == 1
        },
        tell: |_, _, c| (format!("{} ({})", quote_ident(&c.name), c.type_name), json!({ "comment": c.comment })),
    },
    Topic {
        name: "enum_values",
        asks: &[
            "Which values can {tc} take?",
            "What are the allowed values of {c} in {t}?",
            "{tc} is an enumerated column: what are its labels, in their order?",
            "List the possible values of {tc}.",
        ],
        when: |_, _, c| c.labels.as_ref().is_some_and(|l| (1..=40).contains(&l.len())) && c.category == 'E',
        tell: |_, _, c| {
            let labels = c.labels.clone().unwrap_or_default();
            (format!("In this order: {}", labels.join(", ")), json!({ "type": c.type_name, "labels": labels }))
        },
    },
    Topic {
        name: "domain",
        asks: &[
            "Which domain is {tc} declared with?",
            "{tc} is not of a built-in type: which domain is it, and over what?",
            "What domain restricts {c} in {t}?",
            "Over which base type is the domain of {tc} built?",
        ],
        when: |_, _, c| c.domain.is_some(),
        tell: |_, _, c| {
            let domain = c.domain.clone().unwrap_or_default();
            (
                format!("The domain {domain}, which is built on {}", text::type_name(&c.base)),
                json!({ "domain": domain, "base": c.base }),
            )
        },
    },
    Topic {
        name: "max_length",
        asks: &[
            "How long may {tc} be?",
            "What is the longest text that fits into {c} in {t}?",
            "How many characters does {tc} take at most?",
            "Is there a length limit on {c} in {t}?",
        ],
        when: |_, _, c| c.domain.is_none() && matches!(c.base.as_str(), "varchar" | "bpchar" | "text"),
        tell: |x, t, c| {
            let name = x.dotted(t, &c.name);
            let answer = match argument(&c.type_name) {
                Some(n) if c.base == "bpchar" => {
                    format!("{name} is {}: always {n} characters, padded with blanks", c.type_name)
                }
                Some(n) => format!("{name} takes at most {n} characters ({})", c.type_name),
                None => format!("{name} has no length limit of its own ({})", c.type_name),
            };
            (answer, json!({ "type": c.type_name }))
        },
    },
    Topic {
        name: "precision",
        asks: &[
            "How many decimal places does {tc} keep?",
            "With what precision is {c} stored in {t}?",
            "How many digits may {tc} have, and how many of them after the point?",
            "What is the scale of {tc}?",
        ],
        when: |_, _, c| c.base == "numeric" && c.domain.is_none() && scale(&c.type_name).is_some(),
        tell: |x, t, c| {
            let (digits, places) = scale(&c.type_name).unwrap_or_default();
            let name = x.dotted(t, &c.name);
            (
                format!("{name} is {}: {digits} digits in all, {places} of them after the decimal point", c.type_name),
                json!({ "type": c.type_name }),
            )
        },
    },
    Topic {
        name: "array_element",
        asks: &[
            "Can {tc} hold more than one value?",
            "What do the elements of {tc} look like, by type?",
            "{tc} is an array: of what?",
            "Is {c} in {t} a single value or a list?",
        ],
        when: |_, _, c| c.category == 'A' && c.element.is_some() && c.type_name.ends_with("[]"),
        tell: |x, t, c| {
            let element = c.type_name.trim_end_matches("[]");
            (
                format!("{} is an array; each element is of type {element}", x.dotted(t, &c.name)),
                json!({ "type": c.type_name }),
            )
        },
    },
    Topic {
        name: "uniqueness",
        asks: &[
            "Can two rows of {t} have the same {c}?",
            "Is {tc} unique?",
            "May a value of {c} occur twice in {t}?",
            "Does the schema keep {c} from repeating in {t}?",
        ],
        when: |x, t, c| {
            is_base(x.table(t)) && matches!(c.category, 'N' | 'S' | 'U' | 'D') && x.table(t).keys().next().is_some()
        },
        tell: |x, t, c| {
            let table = x.table(t);
            let own = std::slice::from_ref(&c.name);
            let name = x.dotted(t, &c.name);
            let wider = table.keys().find(|k| k.contains(&c.name) && k.len() > 1);
            let answer = if table.primary_key.as_deref() == Some(own) {
                format!("{name} is the primary key: each value occurs in one row only")
            } else if table.is_unique(own) {
                format!("{name} is unique: no value occurs twice (nulls aside)")
            } else if let Some(key) = wider {
                format!("{name} may repeat by itself; only the combination of {} is unique", text::list(&idents(key)))
            } else {
                format!("{name} may repeat: no key or unique index is on it")
            };
            (answer, json!({ "unique": table.is_unique(own) }))
        },
    },
    Topic {
        name: "same_name",
        asks: &[
            "Beside {t}, which tables and views have a column called {c}?",
            "Where else than in {t} is there a column named {c}?",
            "{t} has a column {c}: which other tables or views have one of that name?",
            "Which relations share the column name {c} with {t}?",
        ],
        when: |x, t, c| {
            is_base(x.table(t)) && x.by_column.get(c.name.as_str()).is_some_and(|l| (2..=12).contains(&l.len()))
        },
        tell: |x, t, c| {
            let others: Vec<usize> =
                x.by_column.get(c.name.as_str()).into_iter().flatten().copied().filter(|&o| o != t).collect();
            let names = x.names(&others);
            (text::list(&names), json!({ "others": names }))
        },
    },
    Topic {
        name: "where_kept",
        asks: &[
            "Where is the {thing} of {a_noun} kept?",
            "I need the {thing} of {a_noun}: which column has it?",
            "In which table and column do I find the {thing} of {a_noun}?",
            "Which column would I read to learn the {thing} of {a_noun}?",
            "Where do I look up {a_noun}'s {thing}?",
        ],
        when: says_where,
        tell: |x, t, c| {
            (
                format!("In {} of the {} {} ({})", quote_ident(&c.name), kind(x.table(t)), x.name(t), c.type_name),
                json!({ "type": c.type_name }),
            )
        },
    },
];

fn commented(column: &Column) -> bool {
    column.comment.as_deref().is_some_and(|c| !c.trim().is_empty())
}

/// `45` of `character varying(45)`.
fn argument(type_name: &str) -> Option<&str> {
    let inside = type_name.split_once('(')?.1.split_once(')')?.0;
    inside.chars().all(|c| c.is_ascii_digit()).then_some(inside)
}

/// `(5, 2)` of `numeric(5,2)`.
fn scale(type_name: &str) -> Option<(u32, u32)> {
    let (digits, places) = type_name.split_once('(')?.1.split_once(')')?.0.split_once(',')?;
    let pair = (digits.trim().parse().ok()?, places.trim().parse().ok()?);
    (pair.1 <= pair.0).then_some(pair)
}

fn default_in_words(column: &Column) -> String {
    if column.identity.is_some() {
        return "The next number of its sequence: it is an identity column".to_owned();
    }
    let expression = column.default.clone().unwrap_or_default();
    let gloss = match expression.to_ascii_lowercase().as_str() {
        e if e.starts_with("nextval(") => ", the next number of a sequence",
        "now()" | "current_timestamp" | "transaction_timestamp()" => ", the time at which the transaction began",
        "current_date" | "('now'::text)::date" => ", the current date",
        e if e.starts_with("gen_random_uuid") || e.starts_with("uuid_generate") => ", a fresh UUID",
        _ => "",
    };
    format!("{expression}{gloss}")
}

/// The noun of a table's rows, in plain words.
fn subject_words(x: &Context, t: usize) -> String {
    let mut words = text::words(&x.table(t).name);
    if let Some(last) = words.last_mut() {
        *last = text::singular(last);
    }
    words.join(" ")
}

/// A column's name in plain words, without the table's own name before it.
fn column_words(x: &Context, t: usize, column: &Column) -> String {
    let subject = subject_words(x, t);
    let words = text::words(&column.name).join(" ");
    match words.strip_prefix(&subject).map(str::trim) {
        Some(rest) if !rest.is_empty() => rest.to_owned(),
        _ => words,
    }
}

/// Asked only where both names are made of words and no other table would answer the same question.
fn says_where(x: &Context, t: usize, column: &Column) -> bool {
    let table = x.table(t);
    if !is_base(table) || x.is_shared(t) || table.primary_key.as_ref().is_some_and(|k| k.contains(&column.name)) {
        return false;
    }
    if matches!(column.category, 'B' | 'U')
        || x.up[t].iter().any(|&e| x.edges[e].relationship.child_columns.contains(&column.name))
    {
        return false;
    }
    let (noun, thing) = (text::words(&table.name), text::words(&column.name));
    let spoken =
        |w: &String| w.len() > 2 && w.chars().all(char::is_alphabetic) && w.chars().any(|c| "aeiouy".contains(c));
    let odd =
        ["ids", "key", "flag", "code", "info", "data", "num", "qty", "amt", "desc", "has", "was", "not", "and", "for"];
    noun.len() <= 3
        && thing.len() <= 3
        && noun.iter().chain(&thing).all(spoken)
        && !thing.iter().any(|w| odd.contains(&w.as_str()))
        && thing.last().is_some_and(|w| is_noun(w))
        && thing != noun
}

/// `active` or `deleted` is no thing that a row has.
fn is_noun(word: &str) -> bool {
    const NOT: [&str; 20] = [
        "active", "inactive", "valid", "visible", "hidden", "public", "private", "open", "available", "after",
        "before", "from", "until", "since", "with", "only", "last", "first", "default", "mandatory",
    ];
    !NOT.contains(&word) && !["ed", "ly", "ing", "able", "ible"].iter().any(|end| word.ends_with(end) && word.len() > 4)
}
