//! Plain questions about one reference, also where hardly a row makes it: how many rows refer to each thing, what does
//! each of a few rows refer to.

use super::super::aggregate::snake;
use super::super::condition::be;
use super::super::draw::{Draft, Draw};
use super::super::phrase;
use super::super::probe::cut_probe;
use super::super::reference::{edge_noun, referring_many};
use super::super::say::{Extra, Speech};
use super::super::scope::{Place, Scope};
use super::super::sense;
use super::super::taste;
use super::super::tree::{Expr, Join, JoinKind, Limit, Order, Select, Source, aggregate, fill, text};
use super::plain::FEW;
use super::{list, ranking};
use crate::candidate::Expect;
use crate::schema::grammar;

/// A question about the reference in focus.
pub(super) fn draw(draw: &mut Draw) -> Option<Draft> {
    let edge = draw.edge?;
    let e = &draw.world.graph.edges[edge];
    let small = draw.world.entities[e.child].rows <= FEW && !draw.schema_only;
    let named = !draw.world.entities[e.child].label.is_empty();
    if small && e.filled && draw.rng.chance(if named { 50 } else { 5 }) {
        return beside(draw, edge);
    }
    let spot = taste::spot(draw.world, e.child) || taste::spot(draw.world, e.parent);
    if (e.filled || draw.schema_only) && e.child != e.parent && !spot && draw.rng.chance(30) {
        return whether(draw, edge);
    }
    referring(draw, edge)
}

/// "settings groups that some, or no, setting types belong to": listed or counted.
fn whether(draw: &mut Draw, edge: usize) -> Option<Draft> {
    let e = &draw.world.graph.edges[edge];
    let mut scope = draw.scope.anew(e.parent);
    let child = scope.join(0, edge, false, JoinKind::Inner);
    let child_source = Source::Table(scope.entity(child).sql.clone(), scope.nodes[child].alias.clone());
    let reference = scope.named(child, e.child_columns.first()?);
    let (on, many) = (scope.on(child)?, referring_many(draw.world, edge));
    let role = edge_noun(draw.world, edge);
    scope.nodes.truncate(1);
    draw.turn_to(scope);
    let shown = called(&draw.scope, 0)?;
    let none = draw.rng.chance(50) && taste::missed(draw.world, edge);
    let counted = draw.rng.chance(40);
    let mut query = draw.scope.select();
    query.keep_alias = true;
    query.columns = match counted {
        true => vec![(aggregate("count(*)", vec![]), None)],
        false => shown.iter().map(|&p| (draw.scope.column(p), None)).collect(),
    };
    if none && draw.rng.chance(65) {
        // the reference is NULL where nothing was joined
        query.joins.push(Join { kind: JoinKind::Left, source: child_source, on: Some(on) });
        query.filter = vec![fill("{} IS NULL", vec![reference])];
    } else {
        let inner = Select {
            columns: vec![(text("1"), None)],
            from: Some(child_source),
            filter: vec![on],
            keep_alias: true,
            ..Select::default()
        };
        let not = if none { "NOT " } else { "" };
        query.filter = vec![fill(&format!("{not}EXISTS {{}}"), vec![Expr::Query(Box::new(inner))])];
    }
    let mut all = query.clone();
    all.filter.remove(0);
    let probes = vec![("filter", all, Expect::Differs)];
    for &p in &shown {
        draw.use_place(p);
    }
    let (subject, rows) = (draw.scope.subject(), draw.rows_phrase(&[]));
    let id = if subject.label.is_empty() { "IDs of the " } else { "" };
    let and = if phrase::has_clause(&rows) { "and " } else { "" };
    let (any, verb) = if none { ("no", "are not") } else { ("any", "are") };
    // what it is called by the rows that refer to it has to be said
    let (clause, asked) = match role == subject.one {
        true => {
            let who = if subject.person { "who" } else { "that" };
            // medications are paid for, and belong to somebody else
            let have = if pays(&subject.one) { "cover" } else { "have" };
            (format!("{who} {have} {any} {many}"), format!("{have} {any} {many}"))
        }
        // "the kind of episode of any episodes"
        false if role.contains(" of ") => return None,
        // a patient is no insurance
        false if subject.person && !grammar::is_person(&role) => return None,
        false if subject.person => {
            (format!("who {verb} the {role} of any {many}"), format!("{verb} the {role} of any {many}"))
        }
        false => {
            let not = if none { "not " } else { "" };
            (format!("that are {not}the {role} of any {many}"), format!("are {not}the {role} of any {many}"))
        }
    };
    let (nominal, questions) = match counted {
        true => (vec![format!("the number of {rows} {and}{clause}")], vec![format!("how many {rows} {asked}")]),
        false => (vec![format!("{id}{rows} {and}{clause}")], vec![format!("which {rows} {asked}")]),
    };
    let questions = if id.is_empty() || counted { questions } else { Vec::new() };
    Some(Draft { probes, ..Draft::new(query, Speech { nominal, questions, extras: Vec::new(), lists: !counted }) })
}

fn pays(one: &str) -> bool {
    ["payer", "insurer", "insurance"].iter().any(|w| one.ends_with(w))
}

/// The columns by which a row is called: its name, or its key for want of one.
fn called(scope: &Scope, node: usize) -> Option<Vec<Place>> {
    let entity = scope.entity(node);
    if !entity.label.is_empty() {
        return Some(entity.label.iter().map(|&field| Place { node, field }).collect());
    }
    let [key] = entity.key.as_slice() else { return None };
    let field = entity.fields.iter().position(|f| f.name == *key)?;
    Some(vec![Place { node, field }])
}

/// "for each language, how many films have it as their original language": those with none included.
fn referring(draw: &mut Draw, edge: usize) -> Option<Draft> {
    let e = &draw.world.graph.edges[edge];
    if e.child == e.parent {
        return None;
    }
    // of a table of terms those are of interest that are in use, and most
    let most = sense::hub(draw.world, e.parent) && (e.filled || draw.schema_only);
    if most && draw.world.entities[e.parent].label.is_empty() {
        return None;
    }
    let mut scope = draw.scope.anew(e.parent);
    // where each is referred to none is said to be without; "every" takes in those that come without later on
    let all = match e.child_columns.as_slice() {
        [column] => {
            let used = draw.world.entities[e.child].fields.iter().find(|f| f.name == *column).map_or(0, |f| f.distinct);
            used > 0 && used >= draw.world.entities[e.parent].rows
        }
        _ => false,
    };
    let child = scope.join(0, edge, false, if most { JoinKind::Inner } else { JoinKind::Left });
    draw.turn_to(scope);
    let shown = called(&draw.scope, 0)?;
    let subject = draw.scope.subject();
    let (many, one) = (referring_many(draw.world, edge), subject.one.clone());
    let role = edge_noun(draw.world, edge);
    let counted = draw.scope.entity(child).key.first().cloned().or_else(|| e.child_columns.first().cloned())?;
    let alias = format!("{}_count", snake(&draw.scope.entity(child).one));
    let mut query = draw.scope.select();
    query.columns = shown.iter().map(|&p| (draw.scope.column(p), None)).collect();
    query.columns.push((aggregate("count({})", vec![draw.scope.named(child, &counted)]), Some(alias.clone())));
    query.group = shown.iter().map(|&p| draw.scope.column(p)).collect();
    // what is referred to by is a key, whether it is declared or not
    let key = if subject.key.is_empty() { &e.parent_columns } else { &subject.key };
    let keys = key.iter().map(|k| draw.scope.named(0, k)).filter(|k| !query.group.contains(k));
    if !subject.label_keyed {
        query.group = keys.chain(query.group.clone()).collect();
    }
    for &p in &shown {
        draw.use_place(p);
    }
    draw.use_place(Place { node: child, field: 0 });
    let mut extras = Vec::new();
    if most {
        let n = [3, 5, 10][draw.rng.below(3)];
        query.order = vec![Order { by: Expr::Column(String::new(), alias), descending: true, nulls_last: false }];
        query.limit = Some(Limit::WithTies(n));
        let number = grammar::number_word(n);
        let roles = grammar::plural(&role);
        // "the kinds of condition with the most conditions" go round in a circle
        let kinds = role.ends_with(&format!(" of {}", draw.scope.entity(child).one));
        let (nominal, questions) = match kinds {
            true => (
                vec![format!("the {number} most frequent {roles}, with the number of {many} of each")],
                vec![format!("which {number} {roles} are the most frequent, and how many {many} are there of each")],
            ),
            false => (
                vec![format!("the {number} {roles} with the most {many}, and how many each has")],
                vec![format!("which {number} {roles} have the most {many}, and how many does each have")],
            ),
        };
        let speech = Speech { nominal, questions, extras: vec![ranking::ties_too(draw)], lists: true };
        return Some(Draft { probes: vec![cut_probe(&query)], ..Draft::new(query, speech) });
    }
    if draw.rng.chance(60) {
        query.order = vec![Order { by: Expr::Column(String::new(), alias), descending: true, nulls_last: false }];
        extras.push(Extra::new(", most first", "Most first"));
    }
    let zero =
        draw.rng.word(&["zero included", "including zeros", "including those with none", "0 where there are none"]);
    let zero = if all { String::new() } else { format!(", {zero}") };
    let it = if subject.person { "them" } else { "it" };
    let (nominal, questions) = if role == one {
        (
            vec![
                format!("the number of {many} for each {one}{zero}"),
                format!("every {one} with the number of {many}{zero}"),
            ],
            vec![
                format!("how many {many} does each {one} have{zero}"),
                format!("for every {one}, how many {many} are there{zero}"),
            ],
        )
    } else {
        (
            vec![
                format!("the number of {many} that have each {one} as their {role}{zero}"),
                format!("every {one} and the number of {many} with {it} as {role}{zero}"),
            ],
            vec![
                format!("how many {many} have each {one} as their {role}{zero}"),
                format!("for each {one}, how many {many} have {it} as their {role}{zero}"),
            ],
        )
    };
    Some(Draft::new(query, Speech { nominal, questions, extras, lists: true }))
}

/// "which staff member belongs to which store": a few rows, each with what it refers to.
fn beside(draw: &mut Draw, edge: usize) -> Option<Draft> {
    let e = &draw.world.graph.edges[edge];
    let mut scope = draw.scope.anew(e.child);
    // each row is shown, also one that refers to nothing
    let parent = scope.join(0, edge, true, if e.optional { JoinKind::Left } else { JoinKind::Inner });
    draw.turn_to(scope);
    let own = called(&draw.scope, 0)?;
    // of what has no name, what it refers to may have one
    let other = if draw.scope.entity(parent).label.is_empty() { further(draw, parent) } else { None };
    let other = match other {
        Some(node) => called(&draw.scope, node)?,
        None => {
            let named = !draw.scope.entity(parent).label.is_empty();
            let fields = draw.scope.entity(parent).fields.len();
            let detail = (0..fields)
                .map(|field| Place { node: parent, field })
                .find(|&p| list::showable(&draw.scope, p) && !draw.scope.field(p).traits.audit);
            if named { called(&draw.scope, parent)? } else { vec![detail?] }
        }
    };
    let mut query = draw.scope.select();
    query.columns = own.iter().map(|&p| (draw.scope.column(p), None)).collect();
    let node = other[0].node;
    let role = draw.scope.role_noun(node);
    for &p in &other {
        let name = &draw.scope.field(p).name;
        let taken = own.iter().any(|&o| draw.scope.field(o).name == *name);
        let alias = (taken || other.len() == 1 && snake(&role) != *name)
            .then(|| if other.len() == 1 { snake(&role) } else { format!("{}_{name}", snake(&role)) });
        query.columns.push((draw.scope.column(p), alias));
    }
    for &p in own.iter().chain(&other) {
        draw.use_place(p);
    }
    let subject = draw.scope.subject();
    let said = if other.len() == 1 { draw.scope.noun(other[0]) } else { role };
    let (one, many) = (&subject.one, &subject.many);
    if subject.label.is_empty() {
        let id = match draw.scope.field(own[0]) {
            key if key.name.to_lowercase().ends_with("id") => "ID".to_owned(),
            key => key.noun.clone(),
        };
        let nominal = vec![format!("the {id} of every {one} and the {said}"), format!("every {one}'s {id} and {said}")];
        let questions = vec![format!("what are the {id} and {said} of each {one}")];
        return Some(Draft::new(query, Speech { nominal, questions, extras: Vec::new(), lists: true }));
    }
    let nominal = vec![
        format!("every {one} with {} {said}", if subject.person { "their" } else { "its" }),
        format!("all {many} and the {said} of each"),
        format!("the {said} of each {one}"),
    ];
    let questions =
        vec![format!("what {} the {said} of each {one}", be(&said)), format!("which {said} does each {one} have")];
    Some(Draft::new(query, Speech { nominal, questions, extras: Vec::new(), lists: true }))
}

/// A table with a name that a joined one refers to.
fn further(draw: &mut Draw, node: usize) -> Option<usize> {
    let entity = draw.scope.nodes[node].entity;
    let graph = &draw.world.graph;
    let seen: Vec<usize> = draw.scope.nodes.iter().map(|n| n.entity).collect();
    let up: Vec<usize> = graph
        .parents(entity)
        .iter()
        .copied()
        .filter(|&o| {
            let p = graph.edges[o].parent;
            !seen.contains(&p) && draw.world.entities[p].usable && !draw.world.entities[p].label.is_empty()
        })
        .collect();
    let &next = draw.rng.pick(&up)?;
    let left = graph.edges[next].optional || draw.scope.nodes[node].kind == JoinKind::Left;
    Some(draw.scope.join(node, next, true, if left { JoinKind::Left } else { JoinKind::Inner }))
}
