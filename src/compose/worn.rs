//! The kind of a statement: its text without the names and the literals. Trial draws tell which kinds are worn.

use super::random::mix;
use super::tree::{Distinct, Expr, Limit, Select, Source};

/// A number that statements share where they differ in names and literals alone.
pub(super) fn kind(query: &Select) -> u64 {
    let mut text = String::new();
    select(query, &mut text);
    text.bytes().fold(0, |hash, byte| mix(&[hash, u64::from(byte)]))
}

fn select(query: &Select, out: &mut String) {
    for cte in &query.with {
        out.push_str(if query.recursive { "recursive(" } else { "with(" });
        select(&cte.query, out);
        out.push(')');
    }
    out.push_str(match query.distinct {
        Distinct::No => "select",
        Distinct::Yes => "distinct",
        Distinct::On(_) => "distinct on",
    });
    if let Distinct::On(keys) = &query.distinct {
        list("(", keys.iter(), out);
    }
    list(" ", query.columns.iter().map(|(e, _)| e), out);
    if let Some(from) = &query.from {
        source(from, out);
    }
    for join in &query.joins {
        out.push_str(&format!(" {:?} ", join.kind));
        source(&join.source, out);
        list(" on ", join.on.iter(), out);
    }
    list(" where ", query.filter.iter(), out);
    out.push_str(query.grouping.unwrap_or(""));
    list(" group ", query.group.iter(), out);
    list(" having ", query.having.iter(), out);
    if let Some((word, other)) = &query.set {
        out.push_str(word);
        select(other, out);
    }
    for order in &query.order {
        list(if order.descending { " down " } else { " up " }, std::iter::once(&order.by), out);
    }
    out.push_str(match query.limit {
        None => "",
        Some(Limit::Rows(_)) => " limit",
        Some(Limit::WithTies(_)) => " ties",
    });
}

fn source(source: &Source, out: &mut String) {
    match source {
        Source::Table(..) => out.push_str(" t "),
        Source::Query(query, _) => {
            out.push('(');
            select(query, out);
            out.push(')');
        }
        Source::Values(values, ..) => out.push_str(&"v".repeat(values.len())),
        Source::Other(other, _) => expr(other, out),
    }
}

fn list<'e>(word: &str, exprs: impl Iterator<Item = &'e Expr>, out: &mut String) {
    for (number, each) in exprs.enumerate() {
        out.push_str(if number == 0 { word } else { ", " });
        expr(each, out);
    }
}

fn expr(e: &Expr, out: &mut String) {
    match e {
        Expr::Column(..) => out.push('c'),
        Expr::Text(text) => masked(text, out),
        Expr::Mix(parts) => parts.iter().for_each(|part| expr(part, out)),
        Expr::Aggregate(inner) | Expr::Window(inner) | Expr::Pattern(inner) => expr(inner, out),
        Expr::Query(query) => {
            out.push('(');
            select(query, out);
            out.push(')');
        }
    }
}

/// A text with its literals as question marks.
fn masked(text: &str, out: &mut String) {
    let mut quoted = false;
    for letter in text.chars() {
        quoted ^= letter == '\'';
        let literal = quoted || letter == '\'' || letter.is_ascii_digit();
        if !literal {
            out.push(letter);
        } else if !out.ends_with('?') {
            out.push('?');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::{fill, text};
    use super::*;

    #[test]
    fn names_and_literals_make_no_kind_of_their_own() {
        let query = |table: &str, column: &str, test: &str, by: Option<&str>| Select {
            columns: vec![(Expr::Column(table.into(), column.into()), None)],
            from: Some(Source::Table(table.into(), table.into())),
            filter: vec![fill(&format!("{{}} {test}"), vec![Expr::Column(table.into(), column.into())])],
            group: by.map(text).into_iter().collect(),
            ..Select::default()
        };
        let one = kind(&query("film", "length", "> 120", None));
        assert_eq!(one, kind(&query("payment", "amount", "> 7", None)));
        assert_eq!(kind(&query("film", "rating", "= 'PG'", None)), kind(&query("actor", "name", "= 'O''Hara'", None)));
        assert_ne!(one, kind(&query("film", "length", "< 120", None)));
        assert_ne!(one, kind(&query("film", "length", "> 120", Some("1"))));
    }
}
