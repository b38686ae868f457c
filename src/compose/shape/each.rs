//! Things with their own: the latest few of each by LATERAL, those that have one of every kind, chains of command.

use super::super::draw::{Draft, Draw};
use super::super::extreme::{extreme, outermost};
use super::super::moment;
use super::super::phrase;
use super::super::say::{Extra, Speech};
use super::super::scope::Place;
use super::super::taste;
use super::super::tree::{Cte, Distinct, Expr, Join, JoinKind, Order, Select, Source, aggregate, fill, text};
use super::super::world::Field;
use super::grouped::output;
use super::related;
use crate::candidate::Expect;
use crate::schema::grammar;
use crate::schema::roles::Role;

/// "for each customer, the two latest payments with date and amount".
pub(super) fn latest(draw: &mut Draw) -> Option<Draft> {
    let pair = related::pair(draw)?;
    let (parent, child) = (pair.scope.subject(), pair.scope.entity(pair.child));
    if parent.rows > 2000 || child.key.is_empty() {
        return None;
    }
    let alone = pair.scope.part(pair.child);
    let fields: Vec<usize> = (0..child.fields.len())
        .filter(|&f| {
            let field = &child.fields[f];
            let time = field.role() == Role::Time && !field.traits.audit && !field.traits.personal;
            !field.nullable
                && field.varied
                && (time && taste::timely(child, f) || field.measurable() && taste::plain(field) && field.distinct > 10)
        })
        .collect();
    let by = Place { node: 0, field: *draw.rng.pick(&fields)? };
    let time = alone.field(by).role() == Role::Time;
    let descending = draw.rng.chance(75);
    let n = [1, 1, 2, 3][draw.rng.below(4)];
    // the first row of each by DISTINCT ON
    let first = n == 1 && draw.rng.chance(70);
    // two of one name are two
    let keys: Vec<Expr> = {
        let mut names: Vec<Expr> = related::label(&pair).into_iter().map(|(e, _)| e).collect();
        names.reverse();
        let key = parent.key.iter().map(|k| pair.scope.named(0, k)).filter(|_| !parent.label_unique);
        names.extend(key.collect::<Vec<_>>());
        names
    };
    let extra: Vec<usize> = (0..child.fields.len())
        .filter(|&f| {
            let field = &child.fields[f];
            f != by.field
                && taste::plain(field)
                && (field.measurable() || field.groupable() || child.label == [f])
                && !field.traits.audit
        })
        .collect();
    let shown: Vec<Place> =
        std::iter::once(by).chain(draw.rng.pick(&extra).map(|&field| Place { node: 0, field })).collect();
    // which one it is, where it has a name
    let called = child.label.iter().map(|&field| Place { node: 0, field }).filter(|p| !shown.contains(p));
    let all: Vec<Place> = called.chain(shown.iter().copied()).collect();
    let make = |breaker: Option<bool>| {
        let mut order = vec![Order { by: alone.column(by), descending, nulls_last: false }];
        for key in child.key.iter().filter(|_| breaker.is_some()) {
            order.push(Order { by: alone.named(0, key), descending: breaker == Some(true), nulls_last: false });
        }
        if first {
            let by_key = keys.iter().map(|k| Order { by: k.clone(), descending: false, nulls_last: false });
            let mut query = pair.scope.select();
            query.columns = related::label(&pair);
            query.columns.extend(all.iter().map(|&p| (alone.column(p), None)));
            query.order = by_key.chain(order).collect();
            return Select { distinct: Distinct::On(keys.clone()), ..query };
        }
        let inner = Select {
            columns: all.iter().map(|&p| (alone.column(p), None)).collect(),
            filter: pair.scope.on(pair.child).into_iter().collect(),
            order,
            limit: Some(super::super::tree::Limit::Rows(n)),
            from: Some(Source::Table(child.sql.clone(), alone.nodes[0].alias.clone())),
            keep_alias: true,
            ..Select::default()
        };
        let mut query = related::parent_query(&pair, true);
        query.columns.extend(all.iter().map(|&p| {
            let name = alone.field(p).name.clone();
            (Expr::Column("picked".to_owned(), name), None)
        }));
        query.joins = vec![Join {
            kind: JoinKind::Lateral,
            source: Source::Query(Box::new(inner), "picked".to_owned()),
            on: None,
        }];
        query
    };
    let names: Vec<String> = make(None).columns.iter().map(super::grouped::output_name).collect();
    if names.iter().enumerate().any(|(i, n)| names[..i].contains(n)) {
        return None;
    }
    for &p in &all {
        draw.use_place(Place { node: pair.child, field: p.field });
    }
    let probes = vec![("tie", make(Some(false)), Expect::Same), ("tie", make(Some(true)), Expect::Same)];
    let noun = alone.noun(by);
    let top = match (time, descending) {
        (true, true) => draw.rng.word(&["latest", "most recent"]),
        (true, false) => "earliest",
        (false, high) => extreme(&mut draw.rng, &noun, high),
    };
    let main = child.when == Some(by.field);
    let rows = if n == 1 { child.one.clone() } else { format!("{} {}", grammar::number_word(n), child.many) };
    let what = if main {
        match n {
            1 => format!("the {top} {}", child.one),
            _ => format!("the {} {top} {}", grammar::number_word(n), child.many),
        }
    } else if let Some(happened) = moment::happened(&noun).filter(|_| time) {
        let verb = if n == 1 { happened.replacen("were ", "was ", 1) } else { happened.to_owned() };
        let who = if child.person { "who" } else { "that" };
        format!("the {rows} {who} {verb} {}", if descending { "most recently" } else { "first" })
    } else {
        let number = if n == 1 { String::new() } else { format!("{} ", grammar::number_word(n)) };
        let things = if n == 1 { &child.one } else { &child.many };
        format!("the {number}{}", outermost(things, top, &noun, descending))
    };
    let nouns: Vec<String> = shown.iter().map(|&p| alone.noun(p)).collect();
    let with = grammar::and_list(&nouns);
    let one = &parent.one;
    let mut nominal = vec![format!("for each {one}, {what}, showing {with}")];
    // "the visit that started first of each patient" is of nobody
    if !phrase::has_clause(&what) {
        nominal.push(format!("{what} for each {one}, with {with}"));
        nominal.push(format!("{what} of each {one}, with {with}"));
    }
    let (is, its) = if n == 1 && !child.person { ("is", "its") } else { (if n == 1 { "is" } else { "are" }, "their") };
    let are = if shown.len() > 1 { "are" } else { "is" };
    let questions = if all.len() > shown.len() {
        vec![format!("for each {one}, which {is} {what}, and what {are} {its} {with}")]
    } else {
        vec![
            format!("what {are} the {with} of {what} of each {one}"),
            format!("for every {one} with {}, what {are} the {with} of {what}", grammar::with_article(&child.one)),
        ]
    };
    let extras = match first {
        true if parent.label.len() == 2 => {
            vec![Extra::new(", in order of last name and first name", "Sort by last name and first name")]
        }
        true => vec![Extra::new(
            format!(", in order of {one} name"),
            format!("Sort by the {} name", grammar::possessive(one)),
        )],
        false => Vec::new(),
    };
    Some(Draft { probes, ..Draft::new(make(None), Speech { nominal, questions, extras, lists: true }) })
}

/// "customers who rented films of every category": as many different ones as there are.
pub(super) fn every(draw: &mut Draw) -> Option<Draft> {
    let pair = related::pair(draw)?;
    let parent = pair.scope.subject();
    let mut scope = pair.scope.clone();
    let mut node = pair.child;
    let mut kind = None;
    for _ in 0..3 {
        let entity = scope.nodes[node].entity;
        let ways: Vec<usize> = draw
            .world
            .graph
            .parents(entity)
            .iter()
            .copied()
            .filter(|&e| {
                let up = draw.world.graph.edges[e].parent;
                up != entity && draw.world.entities[up].usable && !scope.nodes.iter().any(|n| n.entity == up)
            })
            .collect();
        let &edge = draw.rng.pick(&ways)?;
        node = scope.join(node, edge, true, JoinKind::Inner);
        let e = scope.entity(node);
        if (2..=30).contains(&e.rows) && e.key.len() == 1 && !e.person {
            kind = Some(node);
            break;
        }
    }
    let node = kind?;
    let target = scope.entity(node);
    let key = scope.named(node, &target.key[0]);
    let mut query = scope.select();
    query.columns = related::label(&pair);
    query.group =
        parent.key.iter().map(|k| scope.named(0, k)).chain(query.columns.iter().map(|c| c.0.clone())).collect();
    query.group.dedup();
    let all = Select {
        columns: vec![(aggregate("count(*)", vec![]), None)],
        from: Some(Source::Table(target.sql.clone(), scope.nodes[node].alias.clone())),
        ..Select::default()
    };
    query.having = vec![fill("{} = {}", vec![aggregate("count(DISTINCT {})", vec![key]), Expr::Query(Box::new(all))])];
    let mut without = query.clone();
    without.having.clear();
    let probes = vec![("having", without, Expect::Differs)];
    draw.scope = scope;
    draw.use_place(Place { node, field: 0 });
    let role = draw.scope.role_noun(node);
    let child = draw.scope.entity(pair.child).many.clone();
    let (many, who) = (&parent.many, if parent.person { "who" } else { "that" });
    let nominal = vec![
        format!("{many} {who} have {child} for every single {role}"),
        format!("the {many} {who} have {child} for all of the {}", grammar::plural(&role)),
    ];
    let questions = vec![
        format!("which {many} have {child} for every {role}"),
        format!("which are the {many} with {child} for all of the {}", grammar::plural(&role)),
    ];
    Some(Draft { probes, ..Draft::new(query, Speech { nominal, questions, extras: Vec::new(), lists: true }) })
}

/// A reference of a table to itself, by a key of one column.
fn chain(draw: &mut Draw) -> Option<(usize, String, String)> {
    let entity = draw.scope.nodes[0].entity;
    let own: Vec<usize> = draw
        .world
        .graph
        .parents(entity)
        .iter()
        .copied()
        .filter(|&e| {
            let edge = &draw.world.graph.edges[e];
            // at the top nothing lies above
            let open = |f: &Field| edge.child_columns == [f.name.as_str()] && f.nullable;
            let tops = draw.world.entities[entity].fields.iter().any(open);
            edge.parent == entity && tops && (edge.filled || draw.schema_only)
        })
        .collect();
    let &edge = draw.rng.pick(&own)?;
    let e = &draw.world.graph.edges[edge];
    (!draw.scope.subject().label.is_empty()).then(|| (edge, e.child_columns[0].clone(), e.parent_columns[0].clone()))
}

/// WITH RECURSIVE over a self-reference: levels below the top, or everything below each.
pub(super) fn levels(draw: &mut Draw) -> Option<Draft> {
    let (edge, up, key) = chain(draw)?;
    draw.alone();
    let subject = draw.scope.subject();
    for &field in &subject.label {
        draw.use_place(Place { node: 0, field });
    }
    draw.unfocus();
    let boss = super::super::reference::edge_noun(draw.world, edge);
    // whose insurance one shares is nobody's superior
    const HEADS: [&str; 7] = ["manager", "supervisor", "boss", "head", "leader", "superior", "chief"];
    if subject.person && !boss.starts_with("parent ") && !boss.split(' ').any(|w| HEADS.contains(&w)) {
        return None;
    }
    let labels: Vec<(Expr, Option<String>)> =
        subject.label.iter().map(|&f| (draw.scope.column(Place { node: 0, field: f }), None)).collect();
    let names: Vec<String> = labels.iter().map(super::grouped::output_name).collect();
    let alias = draw.scope.nodes[0].alias.clone();
    let table = || Source::Table(subject.sql.clone(), alias.clone());
    let column = |name: &str| draw.scope.named(0, name);
    let of_chain = |name: &str| Expr::Column("chain".to_owned(), name.to_owned());
    let step =
        |on: Expr| Join { kind: JoinKind::Inner, source: Source::Table("chain".into(), "chain".into()), on: Some(on) };
    let (many, one) = (subject.many.clone(), subject.one.clone());
    let kind = draw.rng.below(4);
    if kind == 3 {
        let start = Select {
            columns: vec![(column(&key), Some("top".into())), (column(&key), Some("below".into()))],
            from: Some(table()),
            ..Select::default()
        };
        let next = Select {
            columns: vec![(of_chain("top"), None), (column(&key), None)],
            from: Some(table()),
            joins: vec![step(fill("{} = {}", vec![column(&up), of_chain("below")]))],
            ..Select::default()
        };
        let query = Select {
            with: vec![Cte {
                name: "chain".into(),
                columns: Vec::new(),
                query: Select { set: Some(("UNION ALL", Box::new(next))), ..start },
            }],
            recursive: true,
            columns: labels
                .iter()
                .cloned()
                .chain([(fill("{} - 1", vec![aggregate("count(*)", vec![])]), Some("below_count".to_owned()))])
                .collect(),
            from: Some(table()),
            joins: vec![step(fill("{} = {}", vec![of_chain("top"), column(&key)]))],
            group: std::iter::once(column(&key)).chain(labels.iter().map(|l| l.0.clone())).collect(),
            having: vec![fill("{} > 1", vec![aggregate("count(*)", vec![])])],
            ..Select::default()
        };
        let mut without = query.clone();
        without.having.clear();
        let (nominal, questions) = match grammar::is_person(&boss) {
            true => (
                vec![
                    format!("the number of {many} below each {boss}, directly or indirectly"),
                    format!("for each {boss}, the number of {many} who report to them, directly or through others"),
                ],
                vec![format!("how many {many} report to each {boss}, directly or indirectly")],
            ),
            false => (
                vec![
                    format!("for each {one} that has others below it, the number of {many} at all levels below"),
                    format!("the number of {many} below each {one} that has any, directly or indirectly"),
                ],
                vec![format!("how many {many} are there below each {one} that has any, directly or indirectly")],
            ),
        };
        let speech = Speech { nominal, questions, extras: Vec::new(), lists: true };
        return Some(Draft { probes: vec![("having", without, Expect::Differs)], ..Draft::new(query, speech) });
    }
    let start = Select {
        columns: std::iter::once((column(&key), None))
            .chain(labels.iter().cloned())
            .chain([(text("0"), Some("level".into()))])
            .collect(),
        from: Some(table()),
        filter: vec![fill("{} IS NULL", vec![column(&up)])],
        ..Select::default()
    };
    let next = Select {
        columns: std::iter::once((column(&key), None))
            .chain(labels.iter().cloned())
            .chain([(fill("{} + 1", vec![of_chain("level")]), None)])
            .collect(),
        from: Some(table()),
        joins: vec![step(fill("{} = {}", vec![column(&up), of_chain(&key)]))],
        ..Select::default()
    };
    let mut query = Select {
        with: vec![Cte {
            name: "chain".into(),
            columns: Vec::new(),
            query: Select { set: Some(("UNION ALL", Box::new(next))), ..start },
        }],
        recursive: true,
        from: Some(Source::Table("chain".into(), "chain".into())),
        ..Select::default()
    };
    let top = format!("0 for those without a {boss}");
    let by_level = Order { by: output("level"), descending: false, nulls_last: false };
    let (nominal, questions, extras) = match kind {
        0 => {
            query.columns = names.iter().map(|n| (output(n), None)).chain([(output("level"), None)]).collect();
            query.order = vec![by_level];
            (
                vec![
                    format!("all {many} with their level in the hierarchy, {top}"),
                    format!("the level of each {one} in the hierarchy, {top}"),
                ],
                vec![format!("on which level of the hierarchy does each {one} stand, {top}")],
                vec![Extra::new(", top level first", "Start with the top level")],
            )
        }
        1 => {
            query.columns = vec![(output("level"), None), (aggregate("count(*)", vec![]), Some("number".into()))];
            query.group = vec![output("level")];
            query.order = vec![by_level];
            (
                vec![format!("the number of {many} on each level of the hierarchy, {top}")],
                vec![format!("how many {many} are there on each level of the hierarchy, {top}")],
                vec![Extra::new(", from the top down", "Go from the top down")],
            )
        }
        _ => {
            query.columns = vec![(aggregate("max({})", vec![output("level")]), Some("depth".into()))];
            (
                vec![format!("the depth of the hierarchy of {many}, in levels below those without a {boss}")],
                vec![format!("how many levels deep is the hierarchy of {many} below those without a {boss}")],
                Vec::new(),
            )
        }
    };
    Some(Draft::new(query, Speech { nominal, questions, extras, lists: kind == 0 }))
}
