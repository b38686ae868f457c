//! Things by which kinds of rows lead to them: "customers with rentals but no payments", "cities that have both a store
//! and a customer".

use super::super::super::afar;
use super::super::super::condition::Condition;
use super::super::super::draw::{Draft, Draw};
use super::super::super::phrase;
use super::super::super::reference::acts;
use super::super::super::scope::{Place, Scope};
use super::super::super::sense;
use super::super::super::taste;
use super::super::super::tree::{JoinKind, Select};
use super::super::super::ways::ways_to;
use super::super::super::world::World;
use super::{Kind, Shows, Side, combine, counting, having, named, own_condition, speech, tells, told};
use crate::candidate::Expect;

/// References from rows up to a thing, the first one first.
type Way = Vec<usize>;

pub(in crate::compose) fn routes(draw: &mut Draw) -> Option<Draft> {
    if draw.fan.is_some() {
        return None;
    }
    let world = draw.world;
    // what the reference in focus leads to, or what that leads to
    let (_, edge, _) = draw.scope.nodes.iter().skip(1).find_map(|n| n.via.filter(|v| v.2))?;
    let near = world.graph.edges[edge].parent;
    let beyond: Vec<usize> = world.graph.parents(near).iter().map(|&e| world.graph.edges[e].parent).collect();
    let target = if draw.rng.chance(70) { near } else { draw.rng.pick(&beyond).copied().unwrap_or(near) };
    let mut ways = ways(world, target);
    if ways.len() < 2
        || world.entities[target].bridge
        || !world.entities[target].usable
        || taste::spot(world, target)
        || sense::hub(world, target)
    {
        return None;
    }
    // the reference in focus is one of the two, where it leads there
    let first = ways.iter().position(|w| w.contains(&edge)).unwrap_or_else(|| draw.rng.below(ways.len()));
    let first = ways.swap_remove(first);
    let second = draw.rng.pick(&ways)?.clone();
    let kind = match Kind::draw(&mut draw.rng) {
        // what lacks rows that hardly any has
        Kind::Except if !second.iter().all(|&e| taste::missed(world, e)) => Kind::Intersect,
        kind => kind,
    };
    // what has no name is counted rather than listed
    let counted = draw.rng.chance(if world.entities[target].label.is_empty() { 92 } else { 30 });
    let mut sides = Vec::new();
    let mut shown = None;
    let waiting = draw.waiting_in(target);
    draw.turn_to(draw.scope.anew(target));
    if let Some(field) = waiting {
        draw.focus(Place { node: 0, field });
    }
    // what is asked of the things themselves holds on both sides
    let own = if waiting.is_some() { draw.conditions(0, 1)? } else { Vec::new() };
    let mut conditions = Vec::new();
    for (way, percent) in [(&first, 30), (&second, 15)] {
        let mut scope = draw.scope.anew(target);
        let mut node = 0;
        for &step in way.iter().rev() {
            node = scope.join(node, step, false, JoinKind::Inner);
        }
        let rows = Scope::alone(world, scope.nodes[node].entity, &scope.nodes[node].alias);
        // where they are says nothing of places
        let apart = |c: &Condition| !c.places.iter().any(|p| sense::placed(rows.field(*p)));
        let condition = if draw.rng.chance(percent) { own_condition(draw, &rows).filter(apart) } else { None };
        let (columns, shows) = told(&scope, 0)?;
        let columns = if counted { counting(&scope, columns) } else { columns };
        shown = Some(shows);
        let entity = scope.entity(node);
        let many = phrase::rows(&mut draw.rng, &entity.many, entity.person, condition.as_slice());
        let one = phrase::single(&many, &entity.many, &entity.one);
        let filter = condition.iter().flat_map(|c| c.sql.clone()).collect();
        conditions.push(condition);
        sides.push((Select { columns, filter, ..scope.select() }, one, many));
    }
    let [(one, a, many_a), (two, b, many_b)] = <[_; 2]>::try_from(sides).ok()?;
    let [on_one, on_two] = conditions.as_slice() else { return None };
    let first = Side { way: &first, condition: on_one.as_ref() };
    let second = Side { way: &second, condition: on_two.as_ref() };
    if !tells(world, target, kind, &first, &second) {
        return None;
    }
    for &field in &draw.scope.subject().label {
        draw.use_place(Place { node: 0, field });
    }
    let subject = draw.scope.subject();
    let of_own = |side: &Select| {
        let filter = side.filter.iter().chain(own.iter().flat_map(|c| &c.sql)).cloned().collect();
        Select { filter, ..side.clone() }
    };
    let (query, mut probes) = combine(kind, of_own(&one), of_own(&two), counted);
    if !own.is_empty() {
        probes.push(("filter", combine(kind, one, two, counted).0, Expect::Differs));
    }
    // a condition at the end would be taken for that of both
    let (mut first, mut last) = ((a.as_str(), many_a.as_str()), (b.as_str(), many_b.as_str()));
    if kind != Kind::Except && on_one.is_none() && on_two.is_some() {
        std::mem::swap(&mut first, &mut last);
    }
    let form = having(&mut draw.rng, kind, subject.person, first, last);
    let shows = if counted { Shows::Count } else { shown? };
    let (query, probes) = named(&draw.scope, shows, (query, probes));
    let things = phrase::rows(&mut draw.rng, &subject.many, subject.person, &own);
    Some(Draft { probes, ..Draft::new(query, speech(&things, &form, shows)) })
}

/// The ways of one or two references that lead to a thing from different kinds of rows, where it is plain which one
/// is meant: no other way from the same rows is as short.
fn ways(world: &World, target: usize) -> Vec<Way> {
    let up = |from: usize, to: usize| {
        world.graph.parents(from).iter().filter(|&&e| world.graph.edges[e].parent == to).count()
    };
    let open = |edge: usize| {
        let e = &world.graph.edges[edge];
        let child = &world.entities[e.child];
        (e.filled || world.schema_only)
            && child.usable
            && !child.bridge
            && !child.view
            && e.child != e.parent
            && !acts(world, edge)
    };
    let mut found: Vec<Way> = Vec::new();
    for &last in world.graph.children(target).iter().filter(|&&e| open(e)) {
        let middle = world.graph.edges[last].child;
        if up(middle, target) != 1 {
            continue;
        }
        found.push(vec![last]);
        // what came of a visit is the patient's, and neither the doctor's nor the insurer's
        let thing = &world.entities[target];
        if afar::happens(&world.entities[middle]) && (!thing.person || afar::serves(thing)) {
            continue;
        }
        for &first in world.graph.children(middle).iter().filter(|&&e| open(e)) {
            let rows = world.graph.edges[first].child;
            let through: usize = world
                .graph
                .parents(rows)
                .iter()
                .map(|&e| if world.graph.edges[e].parent == rows { 0 } else { up(world.graph.edges[e].parent, target) })
                .sum();
            if rows != target && up(rows, target) == 0 && through == 1 && ways_to(world, rows, target) == 1 {
                found.push(vec![first, last]);
            }
        }
    }
    found
}
