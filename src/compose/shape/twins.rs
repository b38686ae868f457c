//! Two rows of the same kind that have something in common: a table joined with itself.

use super::super::draw::{Draft, Draw};
use super::super::phrase;
use super::super::say::Speech;
use super::super::scope::Place;
use super::super::taste;
use super::super::tree::{Expr, Join, JoinKind, Source, fill};
use crate::candidate::Expect;
use crate::schema::grammar;
use crate::schema::roles::Role;

/// "Pairs of films with the same length and rating", each pair once.
pub(super) fn draw(draw: &mut Draw) -> Option<Draft> {
    // things that have a name, and not too many of them to be held against each other
    let named = |e: &usize| {
        let entity = &draw.world.entities[*e];
        let told = !entity.label.is_empty() && entity.key.len() == 1 && !entity.view;
        told && entity.usable && (4..=1500).contains(&entity.rows) && !taste::spot(draw.world, *e)
    };
    let found: Vec<usize> = draw.scope.nodes.iter().map(|n| n.entity).filter(named).collect();
    // or people, some of whom share a family name
    let family = |e: &usize| {
        let entity = &draw.world.entities[*e];
        matches!(*entity.label, [_, last] if (2..entity.rows).contains(&entity.fields[last].distinct))
    };
    let people: Vec<usize> = (0..draw.world.entities.len()).filter(named).filter(family).collect();
    draw.elsewhere = !people.is_empty() && draw.rng.chance(40);
    let found = if draw.elsewhere { people } else { found };
    let entity = *draw.rng.pick(&found)?;
    draw.turn_to(draw.scope.anew(entity));
    let subject = draw.scope.subject();
    let rows = subject.rows;
    let mut places = Vec::new();
    // as many fields as leave few enough pairs to be read
    let mut classes = 1;
    for _ in 0..2 {
        let Some(place) = draw.choose(|scope, p| {
            let f = scope.field(p);
            // people of one family name are looked for
            let family = scope.subject().label.len() == 2 && scope.subject().label[1] == p.field && places.is_empty();
            if family {
                return p.node == 0 && f.distinct < scope.subject().rows;
            }
            p.node == 0
                && f.varied
                && !f.traits.personal
                && !scope.subject().label.contains(&p.field)
                && taste::plain(f)
                && f.groupable()
                && f.role() != Role::Flag
                // of two in the same large group nobody asks
                && f.distinct * 2 >= scope.subject().rows
        }) else {
            break;
        };
        draw.use_place(place);
        places.push(place);
        classes *= draw.scope.field(place).distinct.max(1);
        if rows * rows / 2 / classes < 300 {
            break;
        }
    }
    if places.is_empty() || rows * rows / 2 / classes.max(1) > 2000 {
        return None;
    }
    let mut other = draw.scope.anew(draw.scope.nodes[0].entity);
    other.nodes[0].alias = format!("{}2", draw.scope.nodes[0].alias);
    let same = places.iter().map(|&p| fill("{} = {}", vec![other.column(p), draw.scope.column(p)]));
    let once = fill("{} < {}", vec![draw.scope.named(0, &subject.key[0]), other.named(0, &subject.key[0])]);
    let on: Vec<Expr> = same.chain([once]).collect();
    let pairs = rows as f64 * (rows as f64 / classes.max(1) as f64 - 1.0).max(0.1) / 2.0;
    let conditions = draw.conditions(usize::from(pairs > 100.0), 2)?;
    let mut query = draw.scope.select();
    let join = |on: &[Expr]| Join {
        kind: JoinKind::Inner,
        source: Source::Table(subject.sql.clone(), other.nodes[0].alias.clone()),
        on: Some(fill(&vec!["{}"; on.len()].join(" AND "), on.to_vec())),
    };
    query.joins.push(join(&on));
    // two of the same name have to be told apart
    let numbered = !subject.label_unique && rows > 0;
    for (scope, number) in [(&draw.scope, "first"), (&other, "second")] {
        if numbered {
            let key = &subject.key[0];
            query.columns.push((scope.named(0, key), Some(format!("{number}_{key}"))));
        }
        // what they share is shown once
        let own = subject.label.iter().map(|&field| Place { node: 0, field }).filter(|p| !places.contains(p));
        query.columns.extend(own.map(|p| (scope.column(p), Some(format!("{number}_{}", scope.field(p).name)))));
    }
    query.columns.extend(places.iter().map(|&p| (draw.scope.column(p), None)));
    for condition in &conditions {
        query.filter.extend(condition.sql.clone());
        for sql in &condition.sql {
            query.filter.push(sql.with_alias(&draw.scope.nodes[0].alias, &other.nodes[0].alias));
        }
    }
    // both of a pair have to meet the conditions
    draw.passing = draw.passing.powi(2) * pairs / rows.max(1) as f64;
    let mut probes = Vec::new();
    if !conditions.is_empty() {
        let mut without = query.clone();
        without.filter.clear();
        probes.push(("filter", without, Expect::Differs));
    }
    let rows = draw.rows_phrase(&conditions);
    let nouns: Vec<String> = places.iter().map(|&p| draw.scope.noun(p)).collect();
    let same = grammar::and_list(&nouns);
    let also = if numbered { " and their IDs" } else { "" };
    let (who, and) = (if subject.person { "who" } else { "that" }, if phrase::has_clause(&rows) { "and " } else { "" });
    let nominal = vec![
        format!("all pairs of {rows} {and}with the same {same}, each pair once, with what they share{also}"),
        format!("pairs of different {rows} {and}{who} have the {same} in common{also}, no pair twice"),
    ];
    let with = if numbered { ", with IDs" } else { "" };
    let it = if same.contains(" and ") { "are they" } else { "is it" };
    let questions = vec![format!("which two {rows} share the same {same}, and what {it}, naming each pair once{with}")];
    Some(Draft { probes, ..Draft::new(query, Speech { nominal, questions, extras: Vec::new(), lists: true }) })
}
