//! How to get from one table to another that it does not touch: up a chain of keys, or over a bridge.

use super::context::{Context, is_base};
use super::{Fact, Family, Said, text};
use serde_json::json;
use std::collections::BTreeMap;

/// Paths from one table that are asked for.
const FROM_ONE: usize = 6;

const CHAIN: &[&str] = &[
    "How do I get from {a} to {b}?",
    "{a} has no key of {b}: over which tables do I join them?",
    "Which joins lead from {a} to {b}?",
    "By what path of joins is {a} connected to {b}?",
    "For each row of {a} I want its {b}: how do I join?",
];

const BRIDGE: &[&str] = &[
    "How are {a} and {b} linked?",
    "Which table connects {a} with {b}?",
    "{a} and {b} are many-to-many: how do I join them?",
    "What do I need between {a} and {b} to join them?",
    "Through which table are rows of {a} matched with rows of {b}?",
];

pub(super) fn facts(x: &Context, groups: &mut Vec<Vec<Fact>>) {
    let (mut chains, mut bridges) = (Vec::new(), Vec::new());
    for t in 0..x.schema.tables.len() {
        if x.table(t).is_child() {
            continue;
        }
        for (end, _) in chain_ends(x, t).into_iter().take(FROM_ONE) {
            chains.push(Fact { family: Family::Path, topic: 0, a: t as u32, b: end as u32 });
        }
        if bridge(x, t).is_some() {
            bridges.push(Fact { family: Family::Path, topic: 1, a: t as u32, b: 0 });
        }
    }
    groups.push(chains);
    groups.push(bridges);
}

pub(super) fn say(x: &Context, fact: Fact) -> Option<Said> {
    if fact.topic == 0 { say_chain(x, fact.a as usize, fact.b as usize) } else { say_bridge(x, fact.a as usize) }
}

/// Tables two or three keys up from `t` that one path alone leads to, with that path.
fn chain_ends(x: &Context, t: usize) -> BTreeMap<usize, Vec<usize>> {
    let mut open: BTreeMap<usize, Vec<Vec<usize>>> = BTreeMap::new();
    let mut level: Vec<Vec<usize>> = steps(x, t).map(|e| vec![e]).collect();
    let mut near: Vec<usize> = level.iter().filter_map(|p| end(x, p)).collect();
    near.extend(x.down[t].iter().map(|&e| x.edges[e].child));
    for _ in 0..2 {
        let mut next = Vec::new();
        for path in level.iter().take(400) {
            let Some(last) = end(x, path) else { continue };
            for e in steps(x, last) {
                let to = x.edges[e].parent;
                if to == t || path.iter().any(|&p| x.edges[p].parent == to) {
                    continue;
                }
                let longer: Vec<usize> = path.iter().copied().chain([e]).collect();
                open.entry(to).or_default().push(longer.clone());
                next.push(longer);
            }
        }
        level = next;
    }
    open.retain(|to, paths| paths.len() == 1 && !near.contains(to));
    open.into_iter().filter_map(|(to, mut paths)| Some((to, paths.pop()?))).collect()
}

fn steps<'x>(x: &'x Context<'x>, t: usize) -> impl Iterator<Item = usize> + 'x {
    x.up[t].iter().copied().filter(move |&e| x.edges[e].parent != t)
}

fn end(x: &Context, path: &[usize]) -> Option<usize> {
    path.last().map(|&e| x.edges[e].parent)
}

fn say_chain(x: &Context, a: usize, b: usize) -> Option<Said> {
    let path = chain_ends(x, a).remove(&b)?;
    let joins: Vec<String> =
        path.iter().map(|&e| format!("{} on {}", x.name(x.edges[e].parent), x.condition(&x.edges[e]))).collect();
    let answer = format!("Join {} to {}", x.name(a), joins.join(", then to "));
    said(x, "join_path", CHAIN, (a, b), answer, &path)
}

/// The two edges of a table that does little but link two others.
fn bridge(x: &Context, t: usize) -> Option<[usize; 2]> {
    let table = x.table(t);
    let [one, two] = *x.up[t].as_slice() else { return None };
    let (e, f) = (&x.edges[one], &x.edges[two]);
    let key = table.primary_key.as_ref().or_else(|| table.keys().next())?;
    let ours: Vec<&String> = e.relationship.child_columns.iter().chain(&f.relationship.child_columns).collect();
    let both = key.iter().all(|c| ours.contains(&c)) && key.len() == ours.len();
    let apart = e.parent != f.parent && e.parent != t && f.parent != t;
    let touching = |a: usize, b: usize| x.up[a].iter().any(|&k| x.edges[k].parent == b);
    let only = !touching(e.parent, f.parent) && !touching(f.parent, e.parent);
    (is_base(table) && both && apart && only && lone(x, t, e.parent, f.parent)).then_some([one, two])
}

/// No second table links the same two.
fn lone(x: &Context, t: usize, a: usize, b: usize) -> bool {
    !x.down[a]
        .iter()
        .map(|&e| x.edges[e].child)
        .any(|c| c != t && !x.table(c).is_child() && x.up[c].iter().any(|&e| x.edges[e].parent == b))
}

fn say_bridge(x: &Context, t: usize) -> Option<Said> {
    let [one, two] = bridge(x, t)?;
    let (e, f) = (&x.edges[one], &x.edges[two]);
    let answer = format!(
        "Through {}: join it to {} on {} and to {} on {}",
        x.name(t),
        x.name(e.parent),
        x.condition(e),
        x.name(f.parent),
        x.condition(f)
    );
    said(x, "bridge", BRIDGE, (e.parent, f.parent), answer, &[one, two])
}

fn said(
    x: &Context,
    topic: &'static str,
    asks: &'static [&'static str],
    (a, b): (usize, usize),
    answer: String,
    path: &[usize],
) -> Option<Said> {
    let mut tables = vec![a, b];
    let mut columns = Vec::new();
    let mut conditions = Vec::new();
    let mut declared = true;
    for &e in path {
        let edge = &x.edges[e];
        tables.extend([edge.child, edge.parent]);
        columns.extend(x.columns(edge.child, &edge.relationship.child_columns));
        columns.extend(x.columns(edge.parent, &edge.relationship.parent_columns));
        conditions.push(x.condition(edge));
        declared &= edge.relationship.declared;
    }
    let note = if declared { "" } else { "; not all of these links are declared as foreign keys" };
    Some(Said {
        topic,
        asks,
        fills: vec![("a", x.name(a)), ("b", x.name(b))],
        answer: text::sentence(&format!("{answer}{note}")),
        tables,
        columns,
        facts: json!({ "conditions": conditions, "declared": declared }),
    })
}
