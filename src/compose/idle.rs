//! Joins that a query has no use for. A way up to a table of which nothing is said keeps every row that is spoken of: it
//! is left out, and a draw with a table too many is no draw in vain.

use super::draw::{Draft, Draw};
use super::scope::{Place, Scope};
use super::sense;
use super::tree::{Distinct, Expr, Join, JoinKind, Select, Source};
use std::collections::{BTreeMap, BTreeSet};

impl Draw<'_> {
    /// Whether so many of its tables have something to be spoken of that a query of them may come to use enough, and the
    /// reference in focus: what no shape can make complete is not worth a draw.
    pub(super) fn hopeful(&self) -> bool {
        let nodes = &self.scope.nodes;
        let prefer = self.waiting();
        let said = |node: usize| {
            !self.scope.constant(node)
                && (0..self.scope.entity(node).fields.len()).any(|field| {
                    let place = Place { node, field };
                    prefer == Some(place) || sense::worth(&self.scope, place)
                })
        };
        let mut met = vec![false; nodes.len()];
        met[0] = true;
        for node in (1..nodes.len()).filter(|&n| said(n)) {
            let mut at = node;
            while let Some((from, ..)) = nodes[at].via.filter(|_| !met[at]) {
                met[at] = true;
                at = from;
            }
        }
        let focused = match self.edge.filter(|_| prefer.is_none()) {
            Some(edge) => (1..nodes.len()).any(|n| met[n] && nodes[n].via.is_some_and(|v| v.1 == edge)),
            None => true,
        };
        focused && met.iter().filter(|m| **m).count() >= self.least
    }

    /// Leaves out the joined tables that neither the query nor its probes read.
    pub(super) fn shed(&mut self, draft: &mut Draft) {
        if self.idle_leaf().is_none() {
            return;
        }
        let mut read = Read::default();
        read.select(&draft.query);
        for (_, probe, _) in &draft.probes {
            read.select(probe);
        }
        if let Some(never) = &self.never {
            read.expr(never);
        }
        read.follow();
        let scope = &self.scope;
        let idle: Vec<usize> = (1..scope.nodes.len())
            .filter(|&n| {
                let node = &scope.nodes[n];
                let up = node.via.is_some_and(|(.., up)| up);
                up && node.kind == JoinKind::Inner && !read.aliases.contains(node.alias.as_str())
            })
            .collect();
        if idle.is_empty() {
            return;
        }
        leave_out(&mut draft.query, scope, &idle);
        for (_, probe, _) in &mut draft.probes {
            leave_out(probe, scope, &idle);
        }
        self.idle = idle;
    }
}

/// The aliases that a query reads columns of, at any depth, and the tables that each join condition hangs on.
#[derive(Default)]
struct Read<'q> {
    aliases: BTreeSet<&'q str>,
    ways: BTreeMap<&'q str, BTreeSet<&'q str>>,
}

impl<'q> Read<'q> {
    fn select(&mut self, query: &'q Select) {
        query.with.iter().for_each(|cte| self.select(&cte.query));
        query.from.iter().for_each(|from| self.source(from));
        for join in &query.joins {
            self.source(&join.source);
            match (&join.source, &join.on) {
                (Source::Table(_, alias), Some(on)) => {
                    let mut condition = Read::default();
                    condition.expr(on);
                    self.ways.entry(alias).or_default().extend(condition.aliases);
                }
                (_, on) => on.iter().for_each(|on| self.expr(on)),
            }
        }
        if let Distinct::On(keys) = &query.distinct {
            keys.iter().for_each(|e| self.expr(e));
        }
        query.columns.iter().for_each(|(e, _)| self.expr(e));
        query.filter.iter().chain(&query.group).chain(&query.having).for_each(|e| self.expr(e));
        query.order.iter().for_each(|o| self.expr(&o.by));
        query.set.iter().for_each(|(_, other)| self.select(other));
    }

    fn source(&mut self, source: &'q Source) {
        match source {
            Source::Query(query, _) => self.select(query),
            Source::Other(expr, _) => self.expr(expr),
            Source::Table(..) | Source::Values(..) => {}
        }
    }

    fn expr(&mut self, expr: &'q Expr) {
        match expr {
            Expr::Column(alias, _) => drop(self.aliases.insert(alias)),
            // whoever writes columns into texts has the alias before a dot
            Expr::Text(text) => {
                let words = text.match_indices('.').filter_map(|(at, _)| {
                    text[..at].rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().filter(|w| !w.is_empty())
                });
                self.aliases.extend(words);
            }
            Expr::Mix(parts) => parts.iter().for_each(|part| self.expr(part)),
            Expr::Aggregate(inner) | Expr::Window(inner) | Expr::Pattern(inner) => self.expr(inner),
            Expr::Query(query) => self.select(query),
        }
    }

    /// What is read leads to the tables on the way to it.
    fn follow(&mut self) {
        let mut open: Vec<&str> = self.aliases.iter().copied().collect();
        while let Some(alias) = open.pop() {
            for next in self.ways.get(alias).into_iter().flatten() {
                if self.aliases.insert(next) {
                    open.push(next);
                }
            }
        }
    }
}

/// From the levels of a query that join the tables of this scope.
fn leave_out(query: &mut Select, scope: &Scope, idle: &[usize]) {
    let table = |source: &Source, node: usize| {
        let node = &scope.nodes[node];
        matches!(source, Source::Table(name, alias) if *alias == node.alias && *name == scope.world.entities[node.entity].sql)
    };
    if query.from.as_ref().is_some_and(|from| table(from, 0)) {
        query.joins.retain(|join: &Join| !idle.iter().any(|&node| table(&join.source, node)));
    }
    query.with.iter_mut().for_each(|cte| leave_out(&mut cte.query, scope, idle));
    for source in query.from.iter_mut().chain(query.joins.iter_mut().map(|j| &mut j.source)) {
        if let Source::Query(inner, _) = source {
            leave_out(inner, scope, idle);
        }
    }
    if let Some((_, other)) = &mut query.set {
        leave_out(other, scope, idle);
    }
}

#[cfg(test)]
mod tests {
    use super::super::scope::Node;
    use super::super::tree::{fill, text};
    use super::super::world::{Entity, World};
    use super::*;

    fn column(alias: &str, name: &str) -> Expr {
        Expr::Column(alias.into(), name.into())
    }

    fn sales(shown: Expr) -> Select {
        let join = |table: &str, alias: &str, on: Vec<Expr>| Join {
            kind: JoinKind::Inner,
            source: Source::Table(table.into(), alias.into()),
            on: Some(fill("{} = {}", on)),
        };
        Select {
            columns: vec![(shown, None)],
            from: Some(Source::Table("sale".into(), "s".into())),
            joins: vec![
                join("book", "b", vec![column("b", "id"), column("s", "book_id")]),
                join("author", "a", vec![column("a", "id"), column("b", "author_id")]),
            ],
            ..Select::default()
        }
    }

    #[test]
    fn what_is_read_keeps_the_tables_on_the_way_to_it() {
        let read = |shown: Expr| {
            let query = sales(shown);
            let mut read = Read::default();
            read.select(&query);
            read.follow();
            read.aliases.iter().copied().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(read(column("s", "amount")), "s");
        assert_eq!(read(column("b", "title")), "b s");
        assert_eq!(read(column("a", "name")), "a b s");
        assert_eq!(read(text("upper(a.name)")), "a b s", "in a text, too");
    }

    #[test]
    fn idle_tables_are_left_out_of_inner_queries_as_well() {
        let entity = |sql: &str| Entity { sql: sql.into(), ..Entity::default() };
        let world = World { entities: vec![entity("sale"), entity("book"), entity("author")], ..World::default() };
        let mut scope = Scope::alone(&world, 0, "s");
        for (entity, alias) in [(1, "b"), (2, "a")] {
            let via = Some((entity - 1, 0, true));
            scope.nodes.push(Node { entity, alias: alias.into(), via, kind: JoinKind::Inner });
        }
        let inner = sales(column("b", "title"));
        let mut query = Select { from: Some(Source::Query(Box::new(inner), "found".into())), ..Select::default() };
        leave_out(&mut query, &scope, &[2]);
        assert!(query.sql().contains("JOIN book AS b") && !query.sql().contains("author"), "{}", query.sql());
    }
}
