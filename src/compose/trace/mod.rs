//! The plan of a query as numbered steps, told from the tree that prints the SQL: which tables, how joined, which rows
//! are kept, how they are grouped, what is computed, how it is ordered and cut. So it is true by construction.

mod words;

use super::shape::grouped::output_name;
use super::tree::{Distinct, Expr, JoinKind, Limit, Order, Select, Source};
use crate::schema::grammar::and_list;
use crate::schema::model::quote_ident;
use std::collections::{BTreeMap, BTreeSet};
use words::{called, plain};

/// The steps, one a line.
pub(super) fn trace(query: &Select) -> String {
    let mut plan = Plan { names: Names::of(query), told: BTreeSet::new(), steps: Vec::new() };
    plan.query(query, &Close::Return);
    let lines: Vec<String> = plan.steps.iter().enumerate().map(|(i, step)| format!("{}. {step}", i + 1)).collect();
    lines.join("\n")
}

/// How tables are called: by their own names, but for those that stand in the query more than once.
struct Names {
    of_alias: BTreeMap<String, String>,
    /// The only table: its columns need no name before them.
    single: bool,
}

impl Names {
    fn of(query: &Select) -> Names {
        let mut found = BTreeSet::new();
        collect(query, &mut found);
        let mut of_alias: BTreeMap<String, String> = BTreeMap::new();
        for (table, alias) in &found {
            let twice = found.iter().any(|(t, a)| (t == table) != (a == alias));
            let name = if twice { alias.clone() } else { table.clone() };
            of_alias.insert(alias.clone(), name);
        }
        Names { of_alias, single: found.len() == 1 }
    }

    fn column(&self, alias: &str, column: &str) -> String {
        let column = quote_ident(column);
        match self.of_alias.get(alias) {
            _ if alias.is_empty() || self.single => column,
            Some(name) => format!("{name}.{column}"),
            None => format!("{alias}.{column}"),
        }
    }

    /// A table where it is first spoken of.
    fn table(&self, table: &str, alias: &str) -> String {
        match self.of_alias.get(alias) {
            Some(name) if name == table || table == alias => table.to_owned(),
            _ => format!("{table} (as {alias})"),
        }
    }
}

/// Tables with their aliases, at any depth.
fn collect(query: &Select, found: &mut BTreeSet<(String, String)>) {
    for source in query.from.iter().chain(query.joins.iter().map(|j| &j.source)) {
        match source {
            Source::Table(table, alias) => {
                found.insert((table.clone(), alias.clone()));
            }
            Source::Query(inner, _) => collect(inner, found),
            Source::Values(..) | Source::Other(..) => {}
        }
    }
    query.with.iter().for_each(|cte| collect(&cte.query, found));
    query.set.iter().for_each(|(_, other)| collect(other, found));
    let outputs = query.columns.iter().map(|(e, _)| e);
    let ordered = query.order.iter().map(|o| &o.by);
    let on = query.joins.iter().filter_map(|j| j.on.as_ref());
    for part in outputs.chain(&query.filter).chain(&query.group).chain(&query.having).chain(ordered).chain(on) {
        part.visit(&mut |e| {
            if let Expr::Query(inner) = e {
                collect(inner, found);
            }
        });
    }
}

/// What becomes of a query's rows.
enum Close {
    Return,
    /// They are known by a name from there on.
    Call(String),
}

struct Plan {
    names: Names,
    /// Queries that were worked out in steps of their own.
    told: BTreeSet<String>,
    steps: Vec<String>,
}

impl Plan {
    fn step(&mut self, text: impl Into<String>) {
        self.steps.push(text.into());
    }

    fn query(&mut self, query: &Select, close: &Close) {
        for cte in &query.with {
            match &cte.query.set {
                Some((_, next)) if query.recursive => {
                    let start = Select { set: None, ..cte.query.clone() };
                    let (start, next) = (self.inline(&start), self.inline(next));
                    let name = &cte.name;
                    self.step(format!(
                        "Build {name}: begin with {start}, then keep adding {next} until there is nothing to add."
                    ));
                }
                _ => self.query(&cte.query, &Close::Call(cte.name.clone())),
            }
        }
        for source in query.from.iter().chain(query.joins.iter().map(|j| &j.source)) {
            if let Source::Query(inner, alias) = source
                && !lateral(query, source)
            {
                self.query(inner, &Close::Call(alias.clone()));
                self.told.insert(alias.clone());
            }
        }
        match &query.set {
            Some((word, other)) => {
                let first = Select { with: Vec::new(), set: None, order: Vec::new(), limit: None, ..query.clone() };
                self.body(&first, &Close::Call("the first list".to_owned()));
                self.query(other, &Close::Call("the second list".to_owned()));
                self.step(match *word {
                    "UNION" => "Put both lists together, each row once.".to_owned(),
                    "UNION ALL" => "Put both lists together.".to_owned(),
                    "INTERSECT" => "Keep what stands in both lists, each row once.".to_owned(),
                    "EXCEPT" => "Keep what stands in the first list but not in the second, each row once.".to_owned(),
                    other => format!("Combine both lists by {other}."),
                });
                self.ending(query);
                let names: Vec<String> = query.columns.iter().map(output_name).map(|n| quote_ident(&n)).collect();
                self.close(&and_list(&names), close);
            }
            None => self.body(query, close),
        }
    }

    /// One query without what stands before it.
    fn body(&mut self, query: &Select, close: &Close) {
        if let Some(from) = &query.from {
            let from = self.source(from);
            self.step(format!("Start from {from}."));
        }
        for join in &query.joins {
            let other = self.source(&join.source);
            let on = join.on.as_ref().map_or(String::new(), |on| format!(" on {}", self.words(on)));
            self.step(match join.kind {
                JoinKind::Inner => format!("Join {other}{on}."),
                JoinKind::Left => format!("Join {other}{on}; rows without a match stay, with nothing beside them."),
                JoinKind::Cross => format!("Put every row of {other} beside each row."),
                JoinKind::Lateral => format!("For each row, take {other}."),
            });
        }
        if !query.filter.is_empty() {
            let kept = self.all(&query.filter);
            self.step(format!("Keep the rows where {kept}."));
        }
        if !query.group.is_empty() {
            let keys = self.keys(query);
            let totals = match query.grouping {
                Some("ROLLUP") => ", with subtotals from the last key to the first and a grand total",
                Some("CUBE") => ", with subtotals for every choice of these keys and a grand total",
                Some(_) => ", with subtotals",
                None => "",
            };
            self.step(format!("Group by {keys}{totals}."));
        }
        self.computed(query);
        if !query.having.is_empty() {
            let kept = self.all(&query.having);
            self.step(format!("Keep the groups where {kept}."));
        }
        self.windows(query);
        if query.distinct == Distinct::Yes {
            self.step("Take each different row once.");
        }
        self.ending(query);
        let outputs: Vec<String> = query.columns.iter().map(|c| self.output(c)).collect();
        let outputs = and_list(&outputs);
        match (close, &query.from) {
            (Close::Call(name), None) => self.step(format!("Take {outputs}; call it {name}.")),
            _ => self.close(&outputs, close),
        }
    }

    /// What is grouped by; a number stands for an output.
    fn keys(&self, query: &Select) -> String {
        let key = |e: &Expr| match e {
            Expr::Text(number) => match number.parse::<usize>().ok().and_then(|n| query.columns.get(n.wrapping_sub(1)))
            {
                Some((_, Some(alias))) => quote_ident(alias),
                Some((output, None)) => self.words(output),
                None => self.words(e),
            },
            _ => self.words(e),
        };
        and_list(&query.group.iter().map(key).collect::<Vec<_>>())
    }

    fn close(&mut self, outputs: &str, close: &Close) {
        self.step(match close {
            Close::Return => format!("Return {outputs}."),
            Close::Call(name) => format!("Take {outputs} from that; call it {name}."),
        });
    }

    /// Aggregates that have a name.
    fn computed(&mut self, query: &Select) {
        let named: Vec<String> =
            query.columns.iter().filter(|(e, _)| holds(e, is_aggregate)).filter_map(|c| self.defined(c)).collect();
        if named.is_empty() {
            return;
        }
        let scope = if query.group.is_empty() { "Over all these rows" } else { "For each group" };
        self.step(format!("{scope}, compute {}.", and_list(&named)));
    }

    fn windows(&mut self, query: &Select) {
        let window = |e: &Expr| holds(e, |e| matches!(e, Expr::Window(_))) && !holds(e, is_aggregate);
        let named: Vec<String> =
            query.columns.iter().filter(|(e, _)| window(e)).filter_map(|c| self.defined(c)).collect();
        if !named.is_empty() {
            self.step(format!("Beside each row, compute {}.", and_list(&named)));
        }
    }

    /// Order and cut.
    fn ending(&mut self, query: &Select) {
        if !query.order.is_empty() {
            let keys: Vec<String> = query.order.iter().map(|o| self.order(o)).collect();
            self.step(format!("Sort by {}.", keys.join(", then ")));
        }
        if let Distinct::On(keys) = &query.distinct {
            let keys = self.each(keys);
            self.step(format!("For each different {keys}, keep the first row."));
        }
        let rows = |n: u64| if n == 1 { "row".to_owned() } else { format!("{n} rows") };
        match query.limit {
            Some(Limit::Rows(n)) => self.step(format!("Keep the first {}.", rows(n))),
            Some(Limit::WithTies(n)) => {
                self.step(format!("Keep the first {}, and all that tie with the last of them.", rows(n)));
            }
            None => {}
        }
    }

    fn order(&self, order: &Order) -> String {
        let by = self.words(&order.by);
        let direction = if order.descending { "descending" } else { "ascending" };
        let nulls = if order.nulls_last { ", missing values last" } else { "" };
        format!("{by} {direction}{nulls}")
    }

    /// "the number of rows as films"; none where the column has no name of its own.
    fn defined(&self, (expr, alias): &(Expr, Option<String>)) -> Option<String> {
        Some(format!("{} as {}", self.words(expr), quote_ident(alias.as_ref()?)))
    }

    /// A column where it is returned: what was computed before goes by its name.
    fn output(&self, column: &(Expr, Option<String>)) -> String {
        let (expr, alias) = column;
        match alias {
            Some(alias) if holds(expr, |e| is_aggregate(e) || matches!(e, Expr::Window(_))) => quote_ident(alias),
            Some(alias) => format!("{} as {}", self.words(expr), quote_ident(alias)),
            None => self.words(expr),
        }
    }

    fn source(&self, source: &Source) -> String {
        match source {
            Source::Table(table, alias) => self.names.table(table, alias),
            Source::Query(_, alias) if self.told.contains(alias) => alias.clone(),
            Source::Query(inner, alias) => format!("({}) as {alias}", self.inline(inner)),
            Source::Values(values, name, column) => format!("the list {} as {name}.{column}", values.join(", ")),
            Source::Other(expr, alias) => format!("the rows of {} as {alias}", self.words(expr)),
        }
    }

    fn all(&self, conditions: &[Expr]) -> String {
        conditions.iter().map(|c| self.words(c)).collect::<Vec<_>>().join(" and ")
    }

    fn each(&self, items: &[Expr]) -> String {
        and_list(&items.iter().map(|e| self.words(e)).collect::<Vec<_>>())
    }

    fn words(&self, expr: &Expr) -> String {
        match expr {
            Expr::Column(alias, name) => self.names.column(alias, name),
            Expr::Text(text) => plain(text),
            Expr::Mix(parts) => called(&parts.iter().map(|p| self.words(p)).collect::<String>()),
            Expr::Aggregate(inner) | Expr::Window(inner) => called(&self.words(inner)),
            Expr::Pattern(inner) => self.words(inner),
            Expr::Query(query) => format!("({})", self.inline(query)),
        }
    }

    /// A query within a step.
    fn inline(&self, query: &Select) -> String {
        let mut said = String::new();
        let shown: Vec<String> = query.columns.iter().map(|(e, _)| self.words(e)).collect();
        // of what is only asked whether it is there, nothing is shown
        if shown != ["1"] {
            said.push_str(if query.distinct == Distinct::Yes { "each different " } else { "" });
            said.push_str(&and_list(&shown));
        }
        if let Some(from) = &query.from {
            said.push_str(if said.is_empty() { "" } else { " from " });
            said.push_str(&self.source(from));
        }
        for join in &query.joins {
            let other = self.source(&join.source);
            let on = join.on.as_ref().map_or(String::new(), |on| format!(" on {}", self.words(on)));
            said.push_str(&format!(" joined with {other}{on}"));
        }
        let parts = [("where", &query.filter), ("having", &query.having)];
        let conditions = parts.map(|(word, list)| match list.as_slice() {
            [] => String::new(),
            list => format!(" {word} {}", self.all(list)),
        });
        said.push_str(&conditions[0]);
        if !query.group.is_empty() {
            said.push_str(&format!(", grouped by {}", self.keys(query)));
        }
        said.push_str(&conditions[1]);
        if let Some((word, other)) = &query.set {
            said.push_str(&format!(" {word} {}", self.inline(other)));
        }
        if !query.order.is_empty() {
            let keys: Vec<String> = query.order.iter().map(|o| self.order(o)).collect();
            said.push_str(&format!(", sorted by {}", keys.join(", then ")));
        }
        match query.limit {
            Some(Limit::Rows(n)) => said.push_str(&format!(", the first {n}")),
            Some(Limit::WithTies(n)) => said.push_str(&format!(", the first {n} and their ties")),
            None => {}
        }
        said
    }
}

/// A joined query that reads the row beside it cannot be worked out before.
fn lateral(query: &Select, source: &Source) -> bool {
    query.joins.iter().any(|j| j.kind == JoinKind::Lateral && std::ptr::eq(&j.source, source))
}

fn is_aggregate(expr: &Expr) -> bool {
    matches!(expr, Expr::Aggregate(_))
}

fn holds(expr: &Expr, what: impl Fn(&Expr) -> bool) -> bool {
    let mut found = false;
    expr.visit(&mut |e| found |= what(e));
    found
}

#[cfg(test)]
mod tests;
