//! What each slot is to be about, so that all of a schema is used, and evenly: every column and every reference once in
//! each round, and more often what little else leads to. How often a column is used beside others is not known before
//! pairs are drawn, so some are drawn for that; they depend on the schema and the options alone.

use super::random::{mix, unit};
use super::reference::edge_noun;
use super::sense;
use super::shape::plain;
use super::spoken::said;
use super::taste;
use super::tree::{Expr, Select, Source};
use super::world::{Entity, Field, World};
use super::{Focus, OF_INTEREST, Options, Phase};
use crate::schema::graph::Edge;
use crate::schema::roles::Role;
use crate::schema::words;
use std::collections::{BTreeSet, HashMap};

/// What the pairs of a phase are about, each with how interesting it is.
pub(super) fn focuses(world: &World, phase: Phase, least: usize) -> Vec<(Focus, f64)> {
    let found = drawn(world, phase, least, |e| e.spoken);
    // where there is little else, one speaks of what programs are set up by
    let places: BTreeSet<(bool, usize)> = found
        .iter()
        .filter(|f| f.1 >= OF_INTEREST)
        .filter_map(|(focus, _)| match *focus {
            Focus::Edge { edge, .. } => Some((true, edge)),
            Focus::Field { entity, .. } => Some((false, entity)),
            Focus::Function(_) => None,
        })
        .collect();
    if places.len() >= ENOUGH { found } else { drawn(world, phase, least, |_| 1.0) }
}

/// Tables and references of interest that a run can do with.
const ENOUGH: usize = 8;

/// How often people speak of an entity.
type Spoken = fn(&Entity) -> f64;

fn drawn(world: &World, phase: Phase, least: usize, spoken: Spoken) -> Vec<(Focus, f64)> {
    match phase {
        Phase::Builtins => Vec::new(),
        Phase::SingleTable => fields(world, spoken),
        Phase::Joins => edges(world, spoken),
        Phase::ComplexSqls if least > 1 => apart(world, edges(world, spoken)),
        // the deeper shapes have one table to work on, too, and without references no other
        Phase::ComplexSqls => {
            let alone = fields(world, spoken).into_iter().filter(|(_, interest)| *interest > 0.4);
            apart(world, edges(world, spoken))
                .into_iter()
                .chain(alone.map(|(focus, interest)| (focus, 0.3 * interest)))
                .collect()
        }
    }
}

/// Without the references to what nearly everything refers to: those have their turns where joins are the point.
fn apart(world: &World, found: Vec<(Focus, f64)>) -> Vec<(Focus, f64)> {
    let common = |focus: &Focus| match *focus {
        Focus::Edge { edge, field: None } => sense::hub(world, world.graph.edges[edge].parent),
        _ => false,
    };
    let kept: Vec<(Focus, f64)> = found.iter().filter(|(focus, _)| !common(focus)).copied().collect();
    if kept.len() < 20 { found } else { kept }
}

fn fields(world: &World, spoken: Spoken) -> Vec<(Focus, f64)> {
    let mut found = Vec::new();
    let joined = joined(world);
    // where there are tables, views repeat them
    let behind = world.entities.iter().any(|e| e.usable && !e.view);
    for (entity, e) in world.entities.iter().enumerate().filter(|(_, e)| e.usable) {
        for (field, f) in e.fields.iter().enumerate() {
            // of a bridge the references say it all, and a few rows show several columns at once
            let first = &e.fields[field - field % plain::AT_ONCE];
            let legible = !plain::illegible(f) && !plain::illegible(first);
            let shown = e.rows > 0 && e.rows <= plain::HANDFUL && field % plain::AT_ONCE != 0 && legible;
            let handful = e.rows > 0 && e.rows <= plain::HANDFUL;
            if e.bridge && f.role() == Role::Key || shown || !handful && joined.contains(&(entity, f.name.as_str())) {
                continue;
            }
            // of a single row hardly anything is asked, and of a view less than of the tables behind it
            // addresses are asked for with what has them
            let own = if taste::spot(world, entity) { 0.14 } else { 1.0 };
            let weight = e.cheap
                * own
                * spoken(e)
                * match e {
                    _ if e.rows > 0 && e.rows < 4 => interest(f).min(0.25),
                    e if e.view && behind => 0.2 * interest(f),
                    _ => interest(f),
                };
            found.push((Focus::Field { entity, field }, weight));
        }
    }
    found
}

/// Keys that references are made of: they are read where tables are joined, and say nothing by themselves.
fn joined(world: &World) -> BTreeSet<(usize, &str)> {
    let usable = |e: &&Edge| e.filled && world.entities[e.child].usable && world.entities[e.parent].usable;
    world
        .graph
        .edges
        .iter()
        .filter(usable)
        .flat_map(|e| {
            let child = e.child_columns.iter().map(move |c| (e.child, c.as_str()));
            child.chain(e.parent_columns.iter().map(move |c| (e.parent, c.as_str())))
        })
        .collect()
}

/// How often a column is asked for: what says something more often than keys and stamps.
fn interest(field: &Field) -> f64 {
    if field.traits.audit || field.raw || !field.varied {
        return 0.12;
    }
    match field.role() {
        Role::Measure | Role::Dimension | Role::Time | Role::Array | Role::Range | Role::Json | Role::Year => 1.0,
        Role::Name | Role::Flag | Role::Search => 1.0,
        Role::Code | Role::FreeText | Role::Clock => 0.8,
        Role::Key | Role::Opaque => 0.2,
    }
}

/// Every reference, and every column of what is referred to, beside one of the references to it.
fn edges(world: &World, spoken: Spoken) -> Vec<(Focus, f64)> {
    let usable = |edge: usize| {
        let e = &world.graph.edges[edge];
        world.entities[e.child].usable && world.entities[e.parent].usable && (e.filled || world.schema_only)
    };
    // what no row refers to can be said to have none
    let idle = |&edge: &usize| {
        let e = &world.graph.edges[edge];
        !usable(edge) && e.declared && world.entities[e.child].usable && world.entities[e.parent].usable
    };
    let idle = (0..world.graph.edges.len()).filter(idle).map(|edge| (Focus::Edge { edge, field: None }, 0.1));
    let mut found: Vec<(Focus, f64)> = idle.collect();
    for (parent, entity) in world.entities.iter().enumerate() {
        let edges: Vec<usize> = world.graph.children(parent).iter().copied().filter(|&e| usable(e)).collect();
        if edges.is_empty() {
            continue;
        }
        // the rest is asked of in its own table
        let afar = (0..entity.fields.len()).filter(|&field| sense::from_afar(world, parent, field, 1));
        for (turn, field) in afar.enumerate() {
            let focus = Focus::Edge { edge: edges[turn % edges.len()], field: Some(field) };
            let child = &world.entities[world.graph.edges[edges[turn % edges.len()]].child];
            found.push((focus, interest(&entity.fields[field]) * spoken(entity).min(spoken(child))));
        }
        // a vocabulary's own concept is another one than those in it
        let mirrored = |edge: usize| {
            let e = &world.graph.edges[edge];
            let child = &world.entities[e.child];
            let back = world.graph.parents(e.parent).iter().any(|&o| world.graph.edges[o].parent == e.child);
            back && e.child_columns.iter().any(|c| {
                words::tokens(c).join(" ").starts_with(&format!("{} {}", child.one, world.entities[e.parent].one))
            })
        };
        // of tables that lead no further there is less to ask
        let further = |edge: usize| {
            let child = world.graph.edges[edge].child;
            let ways = world.graph.parents(child).len() + world.graph.parents(parent).len();
            let further = if ways > 1 || !world.graph.children(child).is_empty() { 1.0 } else { 0.5 };
            // what was written down at the source says the same in its words
            let role = edge_noun(world, edge);
            let copied = role.split(' ').any(|w| w == "source");
            // "obs event field concept": how a program ties things together
            let told = if role.contains(' ') { said(&role) } else { 1.0 };
            further * spoken(&world.entities[child]).min(told) * if copied || mirrored(edge) { 0.1 } else { 1.0 }
        };
        found.extend(edges.iter().map(|&edge| (Focus::Edge { edge, field: None }, further(edge))));
    }
    found
}

/// What a query about the focus reads.
pub(super) fn due(world: &World, focus: Focus) -> Vec<(&str, &str)> {
    let column = |entity: usize, name: &str| {
        let e = &world.entities[entity];
        e.fields.iter().find(|f| f.name == name).map(|f| (e.sql.as_str(), f.name.as_str()))
    };
    match focus {
        Focus::Function(_) => Vec::new(),
        Focus::Field { entity, field } => {
            column(entity, &world.entities[entity].fields[field].name).into_iter().collect()
        }
        Focus::Edge { edge, field: Some(field) } => {
            let parent = world.graph.edges[edge].parent;
            column(parent, &world.entities[parent].fields[field].name).into_iter().collect()
        }
        Focus::Edge { edge, field: None } => {
            let e = &world.graph.edges[edge];
            let child = e.child_columns.iter().filter_map(|c| column(e.child, c));
            child.chain(e.parent_columns.iter().filter_map(|c| column(e.parent, c))).collect()
        }
    }
}

/// Share of the slots of a join phase that hold out for three tables, and the attempts for which they do: in the first
/// round fewer, or what leads to no third table would have no turn.
const WIDE: f64 = 0.8;
const HELD: [u64; 2] = [4, 10];

/// Tables that a draw has to use, by its slot and attempt: two are joined with more ease than three, and would win where
/// no slot held out.
pub(super) fn tables(world: &World, options: &Options, first: u64, seed: &[u64]) -> usize {
    let least = match options.phase {
        Phase::Joins | Phase::ComplexSqls => options.min_joins as usize,
        _ => return 1,
    };
    let enough = options.phase == Phase::Joins && world.graph.edges.len() > 1;
    let held = enough && seed[2] < HELD[usize::from(seed[1] >= first)] && unit(mix(&[seed[0], seed[1], 41])) < WIDE;
    if held { least.max(3) } else { least }
}

/// Whether a query reads all of these columns, each given with its table.
pub(super) fn reads(query: &Select, wanted: &[(&str, &str)]) -> bool {
    let mut left = wanted.to_vec();
    columns(query, &mut HashMap::new(), &mut |table, column| left.retain(|w| *w != (table, column)));
    left.is_empty()
}

/// The columns that a query reads, at any depth, each with its table.
pub(super) fn columns<'q>(query: &'q Select, tables: &mut HashMap<&'q str, &'q str>, see: &mut dyn FnMut(&str, &str)) {
    let sources = || query.from.iter().chain(query.joins.iter().map(|j| &j.source));
    for cte in &query.with {
        columns(&cte.query, tables, see);
    }
    for source in sources() {
        match source {
            Source::Table(table, alias) => drop(tables.insert(alias, table)),
            Source::Query(inner, _) => columns(inner, tables, see),
            Source::Values(..) | Source::Other(..) => {}
        }
    }
    let mut exprs: Vec<&'q Expr> = query.columns.iter().map(|(e, _)| e).collect();
    exprs.extend(query.joins.iter().filter_map(|j| j.on.as_ref()));
    exprs.extend(query.filter.iter().chain(&query.group).chain(&query.having));
    exprs.extend(query.order.iter().map(|o| &o.by));
    while let Some(expr) = exprs.pop() {
        match expr {
            Expr::Column(alias, name) => {
                if let Some(table) = tables.get(alias.as_str()) {
                    see(table, name);
                }
            }
            Expr::Text(_) => {}
            Expr::Mix(parts) => exprs.extend(parts),
            Expr::Aggregate(inner) | Expr::Window(inner) | Expr::Pattern(inner) => exprs.push(inner),
            Expr::Query(inner) => columns(inner, tables, see),
        }
    }
    if let Some((_, other)) = &query.set {
        columns(other, tables, see);
    }
}
