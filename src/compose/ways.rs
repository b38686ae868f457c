//! Which tables a join pair takes: the reference in focus, ways down to more detailed rows and ways further up.

use super::learn::{Crowd, Heat};
use super::random::Rng;
use super::scope::{Place, Scope};
use super::sense;
use super::taste;
use super::tree::JoinKind;
use super::world::World;

/// Tables that a question can speak of in one breath.
const MOST: usize = 5;

/// The tables of a join pair: the reference in focus, a way down to more detailed rows, ways further up.
pub(super) fn joined<'w>(
    rng: &mut Rng,
    world: &'w World,
    crowd: Crowd<'w>,
    edge: usize,
    field: Option<usize>,
    least: usize,
    wide: bool,
) -> (Scope<'w>, Option<Place>, Option<usize>) {
    let e = &world.graph.edges[edge];
    if world.entities[e.child].bridge {
        return across(rng, world, crowd, edge, field, least, wide);
    }
    // go down to rows that refer to the child, sometimes
    let mut path = vec![edge];
    let mut subject = e.child;
    let spoken = |steps: usize| field.is_none_or(|f| sense::from_afar(world, e.parent, f, steps));
    // whose manager somebody's doctor has is nobody's question
    while path.len() < 3 && spoken(path.len() + 1) && e.child != e.parent {
        // of addresses one asks whose they are
        let through = taste::spot(world, subject);
        if !rng.chance(if through { 95 } else { 60 - 20 * (path.len() - 1).min(1) }) {
            break;
        }
        let below: Vec<usize> = world
            .graph
            .children(subject)
            .iter()
            .copied()
            .filter(|&d| {
                usable(world, d)
                    && crowd.bears_edge(world, d)
                    && !world.entities[world.graph.edges[d].child].bridge
                    && world.graph.edges[d].child != subject
                    // another way to the same parent makes the long way odd
                    && (taste::spot(world, subject) || ways_to(world, world.graph.edges[d].child, e.parent) <= 1)
            })
            .collect();
        let weights: Vec<usize> = below.iter().map(|&d| (100.0 / crowded(world, crowd.heat, d)) as usize).collect();
        if below.is_empty() {
            break;
        }
        let next = below[rng.weighted(&weights)];
        path.insert(0, next);
        subject = world.graph.edges[next].child;
    }
    let mut scope = Scope::new(world, subject);
    let mut node = 0;
    let mut focus_node = 0;
    for &step in &path {
        node = scope.join(node, step, true, JoinKind::Inner);
        if step == edge {
            focus_node = node;
        }
    }
    let extra = rng
        .weighted(if wide { &[3, 22, 45, 30] } else { &[12, 38, 32, 18] })
        .max((least + usize::from(e.child == e.parent)).saturating_sub(scope.nodes.len()));
    let wanted = (scope.nodes.len() + extra).min(MOST);
    for _ in 0..extra * 6 {
        if scope.nodes.len() >= wanted {
            break;
        }
        // a column in focus keeps its table at the end of the way or on it; others branch anywhere
        let from = if rng.chance(50) { node } else { rng.below(scope.nodes.len()) };
        // beyond another of its own kind it would be said of the wrong one
        let from = if e.child == e.parent { 0 } else { from };
        climb_once(rng, crowd, &mut scope, from);
    }
    (scope, field.map(|field| Place { node: focus_node, field }), None)
}

/// How many ways of at most four references lead from one entity up to another.
pub(super) fn ways_to(world: &World, from: usize, to: usize) -> usize {
    ways_within(world, from, to, 4)
}

pub(super) fn ways_within(world: &World, from: usize, to: usize, steps: usize) -> usize {
    fn walk(world: &World, at: usize, to: usize, left: usize) -> usize {
        let mut found = usize::from(at == to);
        if left > 0 {
            for &edge in world.graph.parents(at) {
                let next = world.graph.edges[edge].parent;
                if next != at {
                    found += walk(world, next, to, left - 1);
                }
            }
        }
        found
    }
    world.memo.ways((from, to, steps), || walk(world, from, to, steps))
}

fn usable(world: &World, edge: usize) -> bool {
    let e = &world.graph.edges[edge];
    (e.filled || world.schema_only) && world.entities[e.child].usable && world.entities[e.parent].usable
}

/// How crowded the columns are that a reference joins by.
fn crowded(world: &World, heat: &Heat, edge: usize) -> f64 {
    let e = &world.graph.edges[edge];
    let of = |entity: usize, columns: &[String]| {
        let fields = world.entities[entity].fields.iter().zip(&heat[entity]);
        fields.filter(|(f, _)| columns.contains(&f.name)).map(|(_, heat)| *heat).fold(0.1, f64::max)
    };
    of(e.child, &e.child_columns).max(of(e.parent, &e.parent_columns))
}

fn climb_once(rng: &mut Rng, crowd: Crowd, scope: &mut Scope, from: usize) {
    if scope.nodes.len() >= MOST {
        return;
    }
    let entity = scope.nodes[from].entity;
    // of what kind the terms are that rows refer to is asked of the terms
    if from != 0 && sense::hub(scope.world, entity) {
        return;
    }
    let graph = &scope.world.graph;
    let up: Vec<usize> = graph
        .parents(entity)
        .iter()
        .copied()
        .filter(|&edge| {
            let parent = graph.edges[edge].parent;
            // twice the same kind of thing would need telling apart
            usable(scope.world, edge)
                && crowd.bears_edge(scope.world, edge)
                && parent != entity
                && !scope.nodes.iter().any(|n| n.entity == parent)
        })
        .collect();
    // a thing that can be reached by several ways has to be told apart in words: seldom
    let plain: Vec<usize> = up
        .iter()
        .copied()
        .filter(|&e| ways_to(scope.world, scope.nodes[0].entity, graph.edges[e].parent) <= 1)
        .collect();
    let up = if plain.is_empty() || rng.chance(30) { up } else { plain };
    // kinds of things first, and then one of the references to them: a table of terms has many
    let weight = |e: &usize| {
        let parent = graph.edges[*e].parent;
        let same = up.iter().filter(|o| graph.edges[**o].parent == parent).count();
        let often = if sense::hub(scope.world, parent) { 240.0 } else { 1200.0 };
        (often / same.max(1) as f64 / crowded(scope.world, crowd.heat, *e)) as usize
    };
    let weights: Vec<usize> = up.iter().map(weight).collect();
    if weights.iter().sum::<usize>() > 0 {
        let edge = up[rng.weighted(&weights)];
        // where all ways lead through a crowd, most stay at home
        if scope.nodes.len() > 2 && !rng.chance((250.0 / crowded(scope.world, crowd.heat, edge)) as usize) {
            return;
        }
        scope.join(from, edge, true, JoinKind::Inner);
    }
}

/// Over a bridge: from one side to the other, the bridge itself unseen.
fn across<'w>(
    rng: &mut Rng,
    world: &'w World,
    crowd: Crowd<'w>,
    edge: usize,
    field: Option<usize>,
    least: usize,
    wide: bool,
) -> (Scope<'w>, Option<Place>, Option<usize>) {
    let bridge = world.graph.edges[edge].child;
    let sides = world.graph.parents(bridge);
    let other = sides.iter().copied().find(|&s| s != edge).unwrap_or(edge);
    let (near, far) = if rng.chance(50) { (edge, other) } else { (other, edge) };
    let mut scope = Scope::new(world, world.graph.edges[near].parent);
    let middle = scope.join(0, near, false, JoinKind::Inner);
    let end = scope.join(middle, far, true, JoinKind::Inner);
    let focus = if far == edge { end } else { 0 };
    if rng.chance(if wide { 55 } else { 35 }) || scope.nodes.len() < least {
        climb_once(rng, crowd, &mut scope, 0);
    }
    (scope, field.map(|field| Place { node: focus, field }), Some(end))
}
