//! Absence: parents counted with their children, childless ones included; parents that have none at all.

use super::super::condition::Condition;
use super::super::draw::{Draft, Draw, apply};
use super::super::group;
use super::super::phrase;
use super::super::probe::filter_probes;
use super::super::reference::referring_many;
use super::super::say::{Extra, Speech};
use super::super::scope::Place;
use super::super::taste;
use super::super::tree::{Expr, JoinKind, Order, Select, Source, aggregate, fill, text};
use crate::candidate::Expect;
use crate::schema::roles::Role;

/// The reference from the subject to its first parent, if the parent can be shown by name.
fn first_edge(draw: &Draw) -> Option<usize> {
    if draw.fan.is_some() {
        return None;
    }
    let (_, edge, up) = draw.scope.nodes.get(1)?.via?;
    let e = &draw.world.graph.edges[edge];
    let parent = &draw.world.entities[e.parent];
    // where every parent has a child there is nothing to include and nothing to miss
    let used = match e.child_columns.as_slice() {
        [column] => draw.world.entities[e.child].fields.iter().find(|f| f.name == *column).map_or(0, |f| f.distinct),
        _ => 0,
    };
    let all = parent.rows > 0 && used >= parent.rows;
    (up && !super::related::rivals(draw, edge)
        && !taste::spot(draw.world, e.parent)
        && !all
        && e.child != e.parent
        && !parent.label.is_empty()
        && (!parent.key.is_empty() || parent.label_unique))
        .then_some(edge)
}

/// "the number of rentals of each customer, also where there are none": LEFT JOIN and a count of the child's key.
pub(super) fn children(draw: &mut Draw) -> Option<Draft> {
    let edge = first_edge(draw)?;
    let e = &draw.world.graph.edges[edge];
    let mut scope = draw.scope.anew(e.parent);
    let child = scope.join(0, edge, false, JoinKind::Left);
    let many = referring_many(draw.world, edge);
    draw.scope = scope;
    draw.used.clear();
    let conditions = parents_condition(draw, child, 35)?;
    let parents = draw.rows_phrase(&conditions);
    let subject = draw.scope.subject();
    let one = phrase::single(&parents, &subject.many, &subject.one);
    let key = group::entity(draw, 0)?;
    draw.use_place(Place { node: child, field: 0 });
    let counted = draw.scope.entity(child).key.first().cloned().or_else(|| e.child_columns.first().cloned())?;
    let alias = format!("{}_count", super::super::aggregate::snake(&draw.scope.entity(child).one));
    let mut query = draw.scope.select();
    query.columns = key.columns.clone();
    query.columns.push((aggregate("count({})", vec![draw.scope.named(child, &counted)]), Some(alias.clone())));
    query.group = key.group.clone();
    apply(&mut query, &conditions);
    let mut probes = filter_probes(&query, &conditions);
    let mut inner = query.clone();
    if let Some(join) = inner.joins.first_mut() {
        join.kind = JoinKind::Inner;
    }
    probes.insert(0, ("outer join", inner, Expect::Differs));
    let mut extras = vec![including(draw, &key.many, &many)];
    if draw.rng.chance(45) {
        let descending = draw.rng.chance(50);
        query.order = vec![Order { by: Expr::Column(String::new(), alias), descending, nulls_last: false }];
        query.order.extend(key.group_shown().into_iter().map(|by| Order { by, descending: false, nulls_last: false }));
        let first = if descending { "highest" } else { "lowest" };
        extras.push(Extra::new(
            format!(", {first} number first and then by name"),
            format!("Sort by the number, {first} first, then by name"),
        ));
        for (_, probe, _) in &mut probes {
            probe.order = query.order.clone();
        }
    }
    let nominal = vec![
        format!("the number of {many} for each {one}"),
        format!("every {one}, with the number of {many}"),
        format!("all {parents} and how many {many} each of them has"),
    ];
    let questions = vec![
        format!("how many {many} does each {one} have"),
        format!("for every {one}, how many {many} are there"),
        format!("what is the number of {many} per {one}"),
    ];
    Some(Draft { probes, ..Draft::new(query, Speech { nominal, questions, extras, lists: true }) })
}

/// A condition on the parents themselves, now and then.
fn parents_condition(draw: &mut Draw, child: usize, percent: usize) -> Option<Vec<Condition>> {
    let wanted = usize::from(draw.rng.chance(percent));
    draw.keyed.push(child);
    let found = draw.conditions(0, wanted);
    draw.keyed.clear();
    found
}

fn including(draw: &mut Draw, parents: &str, children: &str) -> Extra {
    let inline = match draw.rng.below(3) {
        0 => format!(", including {parents} without any {children}"),
        1 => format!(", counting zero for {parents} that have none"),
        _ => format!(", also for {parents} with no {children}"),
    };
    Extra::new(inline, format!("Include {parents} that have no {children}"))
}

/// "customers without any rentals": an anti-join in one of three forms.
pub(super) fn none(draw: &mut Draw) -> Option<Draft> {
    let edge = first_edge(draw).filter(|&e| taste::missed(draw.world, e))?;
    let e = &draw.world.graph.edges[edge];
    let mut scope = draw.scope.anew(e.parent);
    let child = scope.join(0, edge, false, JoinKind::Left);
    let (many, parent) = (referring_many(draw.world, edge), scope.subject());
    let counted = draw.rng.chance(35);
    let mut query = Select::default();
    let label: Vec<(Expr, Option<String>)> =
        parent.label.iter().map(|&field| (scope.column(Place { node: 0, field }), None)).collect();
    let columns = if counted { vec![(aggregate("count(*)", vec![]), None)] } else { label };
    let absent = if draw.rng.chance(50) {
        // the reference itself is NULL where no child was found
        query = scope.select();
        vec![fill("{} IS NULL", vec![scope.named(child, e.child_columns.first()?)])]
    } else {
        query.from = Some(Source::Table(parent.sql.clone(), scope.nodes[0].alias.clone()));
        query.keep_alias = true;
        let inner = Select {
            columns: vec![(text("1"), None)],
            from: Some(Source::Table(scope.entity(child).sql.clone(), scope.nodes[child].alias.clone())),
            filter: scope.on(child).into_iter().collect(),
            keep_alias: true,
            ..Select::default()
        };
        vec![fill("NOT EXISTS {}", vec![Expr::Query(Box::new(inner))])]
    };
    query.columns = columns;
    draw.scope = scope;
    draw.used.clear();
    draw.use_place(Place { node: child, field: 0 });
    for &field in &parent.label {
        draw.use_place(Place { node: 0, field });
    }
    let conditions = parents_condition(draw, child, 40)?;
    let beside = if !counted && draw.rng.chance(35) { own_detail(draw) } else { None };
    query.columns.extend(beside.map(|p| (draw.scope.column(p), None)));
    apply(&mut query, &conditions);
    let mut probes = vec![("filter", query.clone(), Expect::Differs)];
    query.filter.extend(absent);
    probes.extend(filter_probes(&query, &conditions));
    let mut extras = Vec::new();
    if !counted && draw.rng.chance(40) {
        query.order = parent
            .label
            .iter()
            .rev()
            .map(|&field| Order {
                by: draw.scope.column(Place { node: 0, field }),
                descending: false,
                nulls_last: false,
            })
            .collect();
        extras.push(Extra::new(", in alphabetical order", "Put them in alphabetical order"));
        for (_, probe, _) in &mut probes {
            probe.order = query.order.clone();
        }
    }
    let parents = draw.rows_phrase(&conditions);
    if let Some(place) = beside {
        let noun = draw.scope.bare(place);
        extras.insert(0, Extra::new(format!(", with their {noun}"), format!("Show their {noun} too")));
    }
    let and = if phrase::has_clause(&parents) { "and " } else { "" };
    let who = if parent.person { "who" } else { "that" };
    let nominal = if counted {
        vec![
            format!("the number of {parents} {and}without any {many}"),
            format!("the number of {parents} {and}{who} have no {many}"),
        ]
    } else {
        vec![
            format!("{parents} {and}without any {many}"),
            format!("the {parents} {and}{who} have no {many} at all"),
            format!("all {parents} {and}for which there are no {many}"),
        ]
    };
    let questions = if counted {
        vec![format!("how many {parents} have no {many}"), format!("how many {parents} do not have any {many}")]
    } else {
        vec![
            format!("which {parents} have no {many}"),
            format!("which {parents} do not have any {many}"),
            format!("are there {parents} {and}without {many}, and which ones"),
        ]
    };
    Some(Draft { probes, ..Draft::new(query, Speech { nominal, questions, extras, lists: !counted }) })
}

/// A field of the parent that is worth a look beside its name.
fn own_detail(draw: &mut Draw) -> Option<Place> {
    let place = draw.choose(|scope, p| {
        let f = scope.field(p);
        let told = f.groupable() || f.measurable() || f.role() == Role::Code;
        p.node == 0 && told && !scope.subject().label.contains(&p.field)
    })?;
    draw.use_place(place);
    Some(place)
}
