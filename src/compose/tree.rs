//! The SQL side of a drawn query: a tree that prints itself and can leave a part out for a probe.

use crate::schema::model::quote_ident;
use std::collections::BTreeSet;

/// An expression: text with the parts marked that coverage, hardness and aliases need to see.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    /// Alias and column name.
    Column(String, String),
    /// Literals, keywords, operators.
    Text(String),
    /// Parts in a row.
    Mix(Vec<Expr>),
    Aggregate(Box<Expr>),
    Window(Box<Expr>),
    /// LIKE, regular expression and their kin.
    Pattern(Box<Expr>),
    /// A query in parentheses.
    Query(Box<Select>),
}

pub(super) fn text(text: impl Into<String>) -> Expr {
    Expr::Text(text.into())
}

/// `template` with each `{}` replaced by the next part.
pub(super) fn fill(template: &str, parts: Vec<Expr>) -> Expr {
    let mut mixed = Vec::new();
    let mut parts = parts.into_iter();
    for (i, piece) in template.split("{}").enumerate() {
        if i > 0 {
            mixed.extend(parts.next());
        }
        if !piece.is_empty() {
            mixed.push(text(piece));
        }
    }
    Expr::Mix(mixed)
}

pub(super) fn aggregate(template: &str, parts: Vec<Expr>) -> Expr {
    Expr::Aggregate(Box::new(fill(template, parts)))
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Source {
    /// Quoted table reference and alias.
    Table(String, String),
    Query(Box<Select>, String),
    /// `(VALUES ..) AS alias (column)`.
    Values(Vec<String>, String, String),
    /// Anything else with an alias, such as a function call.
    Other(Expr, String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JoinKind {
    Inner,
    Left,
    Cross,
    /// `CROSS JOIN LATERAL`.
    Lateral,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Join {
    pub kind: JoinKind,
    pub source: Source,
    pub on: Option<Expr>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Order {
    pub by: Expr,
    pub descending: bool,
    pub nulls_last: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Limit {
    Rows(u64),
    /// `FETCH FIRST n ROWS WITH TIES`.
    WithTies(u64),
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Distinct {
    #[default]
    No,
    Yes,
    On(Vec<Expr>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cte {
    pub name: String,
    pub columns: Vec<String>,
    pub query: Select,
}

/// One query. `set` continues it with UNION, INTERSECT or EXCEPT; order and limit then belong to the whole.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Select {
    pub with: Vec<Cte>,
    pub recursive: bool,
    pub distinct: Distinct,
    pub columns: Vec<(Expr, Option<String>)>,
    pub from: Option<Source>,
    pub joins: Vec<Join>,
    pub filter: Vec<Expr>,
    pub group: Vec<Expr>,
    /// `ROLLUP`, `CUBE`: printed around the keys.
    pub grouping: Option<&'static str>,
    pub having: Vec<Expr>,
    pub order: Vec<Order>,
    pub limit: Option<Limit>,
    pub set: Option<(&'static str, Box<Select>)>,
    /// An inner query speaks of this one's alias: print it.
    pub keep_alias: bool,
}

impl Select {
    /// The statement's text: one line where it is short, else a clause a line.
    pub(super) fn sql(&self) -> String {
        let flat = self.clauses(None).join(" ");
        if flat.chars().count() <= 100 && self.with.is_empty() { flat } else { self.print(0) }
    }

    /// The different tables that it reads, at any depth.
    pub(super) fn tables(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        self.collect_tables(&mut found);
        for cte in &self.with {
            found.remove(&cte.name);
        }
        found
    }

    fn collect_tables(&self, found: &mut BTreeSet<String>) {
        for source in self.from.iter().chain(self.joins.iter().map(|j| &j.source)) {
            match source {
                Source::Table(table, _) => {
                    found.insert(table.clone());
                }
                Source::Query(query, _) => found.extend(query.tables()),
                Source::Values(..) | Source::Other(..) => {}
            }
        }
        found.extend(self.with.iter().flat_map(|cte| cte.query.tables()));
        found.extend(self.set.iter().flat_map(|(_, other)| other.tables()));
        for condition in self.filter.iter().chain(&self.having) {
            condition.visit(&mut |e| {
                if let Expr::Query(query) = e {
                    found.extend(query.tables());
                }
            });
        }
    }

    fn print(&self, indent: usize) -> String {
        let pad = " ".repeat(indent);
        self.clauses(Some(indent)).join(&format!("\n{pad}"))
    }

    /// The alias that needs no printing, because nothing else could be meant.
    fn bare(&self) -> Option<&str> {
        match &self.from {
            Some(Source::Table(_, alias)) if self.joins.is_empty() && !self.keep_alias => Some(alias),
            _ => None,
        }
    }

    fn clauses(&self, indent: Option<usize>) -> Vec<String> {
        let mut out = Vec::new();
        let bare = self.bare();
        let show = |e: &Expr| e.print(bare, indent);
        let list = |items: &[Expr]| items.iter().map(show).collect::<Vec<_>>().join(", ");
        if !self.with.is_empty() {
            out.push(self.print_ctes(indent));
        }
        let distinct = match &self.distinct {
            Distinct::No => String::new(),
            Distinct::Yes => "DISTINCT ".to_owned(),
            Distinct::On(keys) => format!("DISTINCT ON ({}) ", list(keys)),
        };
        let columns: Vec<String> = self
            .columns
            .iter()
            .map(|(e, alias)| match alias {
                Some(alias) => format!("{} AS {}", show(e), quote_ident(alias)),
                None => show(e),
            })
            .collect();
        out.push(format!("SELECT {distinct}{}", columns.join(", ")));
        if let Some(from) = &self.from {
            out.push(format!("FROM {}", from.print(bare.is_none(), indent)));
        }
        for join in &self.joins {
            let word = match join.kind {
                JoinKind::Inner => "JOIN",
                JoinKind::Left => "LEFT JOIN",
                JoinKind::Cross => "CROSS JOIN",
                JoinKind::Lateral => "CROSS JOIN LATERAL",
            };
            let on = join.on.as_ref().map_or(String::new(), |on| format!(" ON {}", show(on)));
            out.push(format!("{word} {}{on}", join.source.print(true, indent)));
        }
        if !self.filter.is_empty() {
            out.push(format!("WHERE {}", conjunction(&self.filter, &show)));
        }
        if !self.group.is_empty() {
            out.push(match self.grouping {
                Some(word) => format!("GROUP BY {word} ({})", list(&self.group)),
                None => format!("GROUP BY {}", list(&self.group)),
            });
        }
        if !self.having.is_empty() {
            out.push(format!("HAVING {}", conjunction(&self.having, &show)));
        }
        if let Some((word, other)) = &self.set {
            out.push((*word).to_owned());
            out.extend(other.clauses(indent));
        }
        if !self.order.is_empty() {
            let keys: Vec<String> = self
                .order
                .iter()
                .map(|o| {
                    let direction = if o.descending { " DESC" } else { "" };
                    format!("{}{direction}{}", show(&o.by), if o.nulls_last { " NULLS LAST" } else { "" })
                })
                .collect();
            out.push(format!("ORDER BY {}", keys.join(", ")));
        }
        match &self.limit {
            Some(Limit::Rows(n)) => out.push(format!("LIMIT {n}")),
            Some(Limit::WithTies(n)) => out.push(format!("FETCH FIRST {n} ROWS WITH TIES")),
            None => {}
        }
        out
    }

    fn print_ctes(&self, indent: Option<usize>) -> String {
        let parts: Vec<String> = self
            .with
            .iter()
            .map(|cte| {
                let columns = if cte.columns.is_empty() {
                    String::new()
                } else {
                    format!(" ({})", cte.columns.iter().map(|c| quote_ident(c)).collect::<Vec<_>>().join(", "))
                };
                let body = match indent {
                    Some(indent) => {
                        format!("(\n{}{}\n{})", " ".repeat(indent + 2), cte.query.print(indent + 2), " ".repeat(indent))
                    }
                    None => format!("({})", cte.query.clauses(None).join(" ")),
                };
                format!("{}{columns} AS {body}", quote_ident(&cte.name))
            })
            .collect();
        format!("WITH {}{}", if self.recursive { "RECURSIVE " } else { "" }, parts.join(", "))
    }
}

fn conjunction(conditions: &[Expr], show: &impl Fn(&Expr) -> String) -> String {
    conditions.iter().map(show).collect::<Vec<_>>().join(" AND ")
}

impl Expr {
    fn print(&self, bare: Option<&str>, indent: Option<usize>) -> String {
        match self {
            Expr::Column(alias, name) if alias.is_empty() || bare == Some(alias.as_str()) => quote_ident(name),
            Expr::Column(alias, name) => format!("{alias}.{}", quote_ident(name)),
            Expr::Text(text) => text.clone(),
            Expr::Mix(parts) => parts.iter().map(|p| p.print(bare, indent)).collect(),
            Expr::Aggregate(inner) | Expr::Window(inner) | Expr::Pattern(inner) => inner.print(bare, indent),
            Expr::Query(query) => wrap(query, indent),
        }
    }

    /// Holds an aggregate call of its own.
    pub(super) fn aggregates(&self) -> bool {
        let mut found = false;
        self.visit(&mut |e| found |= matches!(e, Expr::Aggregate(_)));
        found
    }

    /// The same of another table: columns of `from` become columns of `to`.
    pub(super) fn with_alias(&self, from: &str, to: &str) -> Expr {
        let each = |parts: &[Expr]| parts.iter().map(|p| p.with_alias(from, to)).collect();
        let boxed = |inner: &Expr| Box::new(inner.with_alias(from, to));
        match self {
            Expr::Column(alias, name) if alias == from => Expr::Column(to.to_owned(), name.clone()),
            Expr::Mix(parts) => Expr::Mix(each(parts)),
            Expr::Aggregate(inner) => Expr::Aggregate(boxed(inner)),
            Expr::Window(inner) => Expr::Window(boxed(inner)),
            Expr::Pattern(inner) => Expr::Pattern(boxed(inner)),
            other => other.clone(),
        }
    }

    /// Visits this expression and everything in it, inner queries aside.
    pub(super) fn visit(&self, see: &mut dyn FnMut(&Expr)) {
        see(self);
        match self {
            Expr::Mix(parts) => parts.iter().for_each(|p| p.visit(see)),
            Expr::Aggregate(inner) | Expr::Window(inner) | Expr::Pattern(inner) => inner.visit(see),
            _ => {}
        }
    }
}

fn wrap(query: &Select, indent: Option<usize>) -> String {
    let flat = query.clauses(None).join(" ");
    match indent {
        Some(indent) if flat.chars().count() > 80 => {
            let inner = indent + 2;
            format!("(\n{}{}\n{})", " ".repeat(inner), query.print(inner), " ".repeat(indent))
        }
        _ => format!("({flat})"),
    }
}

impl Source {
    fn print(&self, alias: bool, indent: Option<usize>) -> String {
        let (body, name) = match self {
            Source::Values(values, name, column) => {
                let rows = values.iter().map(|v| format!("({v})")).collect::<Vec<_>>().join(", ");
                return format!("(VALUES {rows}) AS {name} ({column})");
            }
            Source::Table(table, name) => (table.clone(), name),
            Source::Query(query, name) => (wrap(query, indent), name),
            Source::Other(expr, name) => (expr.print(None, indent), name),
        };
        let plain = name.is_empty() || body == *name;
        if !plain && (alias || !matches!(self, Source::Table(..))) { format!("{body} AS {name}") } else { body }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(alias: &str, name: &str) -> Expr {
        Expr::Column(alias.into(), name.into())
    }

    #[test]
    fn one_table_needs_no_alias_and_two_do() {
        let mut query = Select {
            columns: vec![
                (column("f", "title"), None),
                (aggregate("count({})", vec![text("*")]), Some("number".into())),
            ],
            from: Some(Source::Table("film".into(), "f".into())),
            filter: vec![fill("{} > {}", vec![column("f", "length"), text("120")])],
            group: vec![column("f", "title")],
            order: vec![Order { by: column("f", "title"), descending: true, nulls_last: false }],
            limit: Some(Limit::Rows(3)),
            ..Select::default()
        };
        assert_eq!(
            query.sql(),
            "SELECT title, count(*) AS number\nFROM film\nWHERE length > 120\nGROUP BY title\nORDER BY title DESC\nLIMIT 3"
        );
        query.joins.push(Join {
            kind: JoinKind::Left,
            source: Source::Table("language".into(), "l".into()),
            on: Some(fill("{} = {}", vec![column("l", "language_id"), column("f", "language_id")])),
        });
        assert!(query.sql().contains(
            "FROM film AS f\nLEFT JOIN language AS l ON l.language_id = f.language_id\nWHERE f.length > 120"
        ));
    }
}
