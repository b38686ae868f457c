//! Rows by what refers to them: EXISTS, IN, counted subqueries, and sets of rows put together or against each other.

use super::super::condition::{self, Condition};
use super::super::conditions::ends;
use super::super::draw::{Draft, Draw};
use super::super::having::round_count;
use super::super::literal;
use super::super::phrase;
use super::super::probe::filter_probes;
use super::super::reference::acts;
use super::super::say::Extra;
use super::super::scope::{Place, Scope};
use super::super::sense;
use super::super::taste;
use super::super::tree::{Distinct, Expr, JoinKind, Select, aggregate, fill, text};
use super::super::world::Field;
use super::set::{self, Shows};
use crate::candidate::Expect;
use crate::schema::roles::Role;

/// A parent with a name and a kind of rows that refer to it.
pub(super) struct Pair<'w> {
    pub scope: Scope<'w>,
    pub child: usize,
    pub edge: usize,
}

/// Whether another reference leads from the same rows to the same things, so that which of them is meant would have to be
/// said, or from all kinds of rows, as to a table of terms; or whether it says what was done.
pub(super) fn rivals(draw: &Draw, edge: usize) -> bool {
    let e = &draw.world.graph.edges[edge];
    sense::hub(draw.world, e.parent)
        || acts(draw.world, edge)
        || draw.world.graph.parents(e.child).iter().any(|&o| o != edge && draw.world.graph.edges[o].parent == e.parent)
}

pub(super) fn pair<'w>(draw: &mut Draw<'w>) -> Option<Pair<'w>> {
    if draw.fan.is_some() {
        return None;
    }
    let (_, edge, up) = draw.scope.nodes.get(1)?.via?;
    let e = &draw.world.graph.edges[edge];
    let parent = &draw.world.entities[e.parent];
    if !up
        || rivals(draw, edge)
        || e.child == e.parent
        || taste::spot(draw.world, e.parent)
        || parent.label.is_empty()
        || parent.key.is_empty() && !parent.label_unique
    {
        return None;
    }
    let mut scope = draw.scope.anew(e.parent);
    let child = scope.join(0, edge, false, JoinKind::Inner);
    Some(turned(draw, scope, child, edge))
}

/// The same across a bridge: actors and the films that they are in.
pub(super) fn bridged<'w>(draw: &mut Draw<'w>) -> Option<Pair<'w>> {
    let far = draw.fan?;
    let (middle, there, _) = draw.scope.nodes[far].via?;
    let (_, here, _) = draw.scope.nodes[middle].via?;
    let (to, from) = if draw.rng.chance(65) { (there, here) } else { (here, there) };
    let (target, other) = (draw.world.graph.edges[to].parent, draw.world.graph.edges[from].parent);
    let parent = &draw.world.entities[target];
    let told = !parent.label.is_empty() && (parent.label_unique || !parent.key.is_empty());
    if !told || target == other || acts(draw.world, to) || acts(draw.world, from) || ends(&draw.scope, far) {
        return None;
    }
    let mut scope = draw.scope.anew(target);
    let bridge = scope.join(0, to, false, JoinKind::Inner);
    let child = scope.join(bridge, from, true, JoinKind::Inner);
    Some(turned(draw, scope, child, to))
}

/// Turns a draw to a pair's tables.
fn turned<'w>(draw: &mut Draw<'w>, scope: Scope<'w>, child: usize, edge: usize) -> Pair<'w> {
    let waiting = draw.waiting_in(scope.nodes[0].entity);
    draw.turn_to(scope.clone());
    if let Some(field) = waiting {
        draw.focus(Place { node: 0, field });
    }
    draw.use_place(Place { node: child, field: 0 });
    for &field in &scope.subject().label {
        draw.use_place(Place { node: 0, field });
    }
    Pair { scope, child, edge }
}

/// A condition on the child's own fields, worded as the child's.
pub(super) fn child_condition(draw: &mut Draw, pair: &Pair, wanted: impl Fn(&Field) -> bool) -> Option<Condition> {
    let alone = pair.scope.part(pair.child);
    let child = alone.subject();
    let fits = |&field: &usize| {
        let f = &child.fields[field];
        let told = match f.role() {
            Role::Time => taste::timely(child, field),
            Role::Measure | Role::Dimension | Role::Flag | Role::Year | Role::Array => true,
            _ => false,
        };
        told && f.varied && taste::plain(f) && wanted(f)
    };
    let fields: Vec<usize> = (0..child.fields.len()).filter(fits).collect();
    for _ in 0..8 {
        let field = *draw.rng.pick(&fields)?;
        if let Some(c) = condition::draw(&mut draw.rng, &alone, Place { node: 0, field }) {
            draw.use_place(Place { node: pair.child, field });
            return Some(c);
        }
    }
    None
}

/// A condition on the parent's own fields, now and then.
pub(super) fn own_condition(draw: &mut Draw, pair: &Pair) -> Option<Vec<Condition>> {
    let wanted = usize::from(draw.waiting().is_some() || draw.rng.chance(20));
    draw.keyed.push(pair.child);
    let found = draw.conditions(0, wanted);
    draw.keyed.clear();
    found
}

pub(super) fn child_words(draw: &mut Draw, pair: &Pair, condition: Option<&Condition>) -> (String, String) {
    let child = pair.scope.entity(pair.child);
    let conditions: Vec<Condition> = condition.cloned().into_iter().collect();
    let many = phrase::rows(&mut draw.rng, &child.many, child.person, &conditions);
    let one = phrase::single(&many, &child.many, &child.one);
    (one, many)
}

fn child_query(pair: &Pair, columns: Vec<(Expr, Option<String>)>, condition: Option<&Condition>, tied: bool) -> Select {
    let child = &pair.scope.nodes[pair.child];
    let mut filter: Vec<Expr> = if tied { pair.scope.on(pair.child).into_iter().collect() } else { Vec::new() };
    filter.extend(condition.iter().flat_map(|c| c.sql.clone()));
    let from = super::super::tree::Source::Table(pair.scope.entity(pair.child).sql.clone(), child.alias.clone());
    Select { columns, from: Some(from), filter, keep_alias: tied, ..Select::default() }
}

pub(super) fn label(pair: &Pair) -> Vec<(Expr, Option<String>)> {
    pair.scope.subject().label.iter().map(|&field| (pair.scope.column(Place { node: 0, field }), None)).collect()
}

pub(super) fn parent_query(pair: &Pair, correlated: bool) -> Select {
    let from = super::super::tree::Source::Table(pair.scope.subject().sql.clone(), pair.scope.nodes[0].alias.clone());
    Select { columns: label(pair), from: Some(from), keep_alias: correlated, ..Select::default() }
}

/// "customers with at least one payment above 10", "films without a rental in July 2005".
pub(super) fn exists(draw: &mut Draw) -> Option<Draft> {
    let pair = pair(draw)?;
    let e = &draw.world.graph.edges[pair.edge];
    let negative = draw.rng.chance(40) && taste::missed(draw.world, pair.edge);
    // what is missed is missed of some time or kind
    let condition = child_condition(draw, &pair, |f| !negative || f.role() == Role::Time)?;
    // where next to none have any, nobody asks who has none
    let each = pair.scope.entity(pair.child).rows as f64 / pair.scope.subject().rows.max(1) as f64;
    if negative && condition.share > 0.0 && each * condition.share < 0.7 {
        return None;
    }
    let own = own_condition(draw, &pair)?;
    let simple = e.child_columns.len() == 1;
    let membership = simple && draw.rng.chance(45) && (!negative || !e.optional);
    let counted = draw.rng.chance(30);
    // a join, each name once
    let joined = !negative && !counted && pair.scope.subject().label_unique && draw.rng.chance(25);
    let any = !negative && draw.rng.chance(30);
    let make = |with: Option<&Condition>| {
        if joined {
            let filter =
                with.iter().flat_map(|c| c.sql.clone()).chain(own.iter().flat_map(|c| c.sql.clone())).collect();
            return Select { distinct: Distinct::Yes, columns: label(&pair), filter, ..pair.scope.select() };
        }
        let mut query = parent_query(&pair, !membership);
        let not = if negative { "NOT " } else { "" };
        query.filter = if membership {
            let inner =
                child_query(&pair, vec![(pair.scope.named(pair.child, &e.child_columns[0]), None)], with, false);
            vec![fill(
                &if any { "{} = ANY {}".to_owned() } else { format!("{{}} {not}IN {{}}") },
                vec![pair.scope.named(0, &e.parent_columns[0]), Expr::Query(Box::new(inner))],
            )]
        } else {
            let inner = child_query(&pair, vec![(text("1"), None)], with, true);
            vec![fill(&format!("{not}EXISTS {{}}"), vec![Expr::Query(Box::new(inner))])]
        };
        query.filter.extend(own.iter().flat_map(|c| c.sql.clone()));
        query
    };
    let columns = |mut query: Select| {
        if counted {
            query.columns = vec![(aggregate("count(*)", vec![]), None)];
        }
        query
    };
    let query = columns(make(Some(&condition)));
    let mut all = if joined { parent_query(&pair, true) } else { query.clone() };
    if joined {
        all.filter = own.iter().flat_map(|c| c.sql.clone()).collect();
    } else {
        all.filter.remove(0);
    }
    let mut probes = vec![("filter", all, Expect::Differs), ("condition", columns(make(None)), Expect::Differs)];
    probes.extend(filter_probes(&query, &own));
    let (one, many) = child_words(draw, &pair, Some(&condition));
    let parent = pair.scope.subject();
    let parents = phrase::rows(&mut draw.rng, &parent.many, parent.person, &own);
    let who = if parent.person { "who" } else { "that" };
    let a_child = crate::schema::grammar::with_article(&one);
    let forms: Vec<String> = if negative {
        vec![
            format!("without any {many}"),
            format!("{who} have no {many}"),
            format!("{who} do not have a single {one}"),
        ]
    } else {
        vec![format!("with at least one {one}"), format!("{who} have {a_child}"), format!("{who} have any {many}")]
    };
    let form = draw.rng.pick(&forms).cloned()?;
    Some(Draft {
        probes,
        ..Draft::new(query, set::speech(&parents, &form, if counted { Shows::Count } else { set::shows(parent) }))
    })
}

/// "customers with more than 30 rentals": a count in a correlated subquery, in a grouped IN list, or in a joined table.
pub(super) fn counted(draw: &mut Draw) -> Option<Draft> {
    let pair = pair(draw)?;
    let e = &draw.world.graph.edges[pair.edge];
    let condition = if draw.rng.chance(50) { child_condition(draw, &pair, |_| true) } else { None };
    let own = own_condition(draw, &pair)?;
    // nobody knows how many are many
    if draw.schema_only && draw.rng.chance(75) {
        return None;
    }
    let (parents, children) = (pair.scope.subject().rows.max(1), pair.scope.entity(pair.child).rows);
    // of a handful that have any it is known how many each has
    let child = pair.scope.entity(pair.child);
    let used = match e.child_columns.as_slice() {
        [column] => child.fields.iter().find(|f| f.name == *column).map_or(0, |f| f.distinct),
        _ => 0,
    };
    if (1..6).contains(&used) {
        return None;
    }
    let mean = children as f64 / parents as f64 * if condition.is_some() { 0.4 } else { 1.0 };
    if mean < 1.2 && !draw.schema_only {
        return None;
    }
    let factor = [0.7, 1.0, 1.2, 1.4][draw.rng.below(4)];
    let n = match draw.schema_only {
        true => [5.0, 10.0, 20.0, 50.0][draw.rng.below(4)],
        false => round_count(mean * factor),
    };
    // who has at least one has any
    let (op, words) = [(">", "more than"), (">=", "at least")][if n < 2.0 { 0 } else { draw.rng.below(2) }];
    let limit = literal::number_sql(n);
    let simple = e.child_columns.len() == 1;
    let variant = draw.rng.below(if simple { 3 } else { 1 });
    let make = |with: Option<&Condition>| {
        let mut query = parent_query(&pair, variant != 1);
        match variant {
            0 => {
                let inner = child_query(&pair, vec![(aggregate("count(*)", vec![]), None)], with, true);
                query.filter = vec![fill(&format!("{{}} {op} {limit}"), vec![Expr::Query(Box::new(inner))])];
            }
            1 => {
                let key = pair.scope.named(pair.child, &e.child_columns[0]);
                let mut inner = child_query(&pair, vec![(key.clone(), None)], with, false);
                inner.group = vec![key];
                inner.having = vec![fill(&format!("{{}} {op} {limit}"), vec![aggregate("count(*)", vec![])])];
                query.filter = vec![fill(
                    "{} IN {}",
                    vec![pair.scope.named(0, &e.parent_columns[0]), Expr::Query(Box::new(inner))],
                )];
            }
            _ => {
                let key = pair.scope.named(pair.child, &e.child_columns[0]);
                let mut inner = child_query(
                    &pair,
                    vec![(key.clone(), None), (aggregate("count(*)", vec![]), Some("number".into()))],
                    with,
                    false,
                );
                inner.group = vec![key];
                let on = fill(
                    "counted.{} = {}",
                    vec![
                        Expr::Column(String::new(), e.child_columns[0].clone()),
                        pair.scope.named(0, &e.parent_columns[0]),
                    ],
                );
                query.joins = vec![super::super::tree::Join {
                    kind: JoinKind::Inner,
                    source: super::super::tree::Source::Query(Box::new(inner), "counted".into()),
                    on: Some(on),
                }];
                query.columns.push((Expr::Column("counted".into(), "number".into()), None));
                query.filter = vec![text(format!("counted.number {op} {limit}"))];
            }
        }
        query.filter.extend(own.iter().flat_map(|c| c.sql.clone()));
        query
    };
    let query = make(condition.as_ref());
    let mut all = query.clone();
    all.filter.remove(0);
    let mut probes = vec![("filter", all, Expect::Differs)];
    probes.extend(filter_probes(&query, &own));
    if condition.is_some() {
        probes.push(("condition", make(None), Expect::Differs));
    }
    let (one, many) = child_words(draw, &pair, condition.as_ref());
    let rows = if n == 1.0 { one } else { many };
    let parent = pair.scope.subject();
    let things = phrase::rows(&mut draw.rng, &parent.many, parent.person, &own);
    let form = format!("with {words} {} {rows}", literal::number_words(n, false));
    let mut speech = set::speech(&things, &form, set::shows(parent));
    if variant == 2 {
        speech.extras.push(Extra::new(", along with that number", "Show the number as well"));
    }
    Some(Draft { probes, ..Draft::new(query, speech) })
}
