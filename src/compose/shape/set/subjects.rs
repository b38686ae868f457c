//! The same things under two conditions: "films over two hours except those rated PG". Any table can be asked so.

use super::super::super::condition::{self, Condition};
use super::super::super::draw::{Draft, Draw};
use super::super::super::phrase;
use super::super::super::say::{Speech, Style};
use super::super::super::scope::Place;
use super::super::super::taste;
use super::super::super::tree::Select;
use super::{Kind, Shows, combine, counting, named, told};
use crate::schema::roles::Role;

pub(in crate::compose) fn subjects(draw: &mut Draw) -> Option<Draft> {
    // a pronoun is lost among key words
    if draw.fan.is_some() || draw.style == Style::Keyword {
        return None;
    }
    let (columns, shows) = told(&draw.scope, 0)?;
    let (one, two) = (draw.conditions(1, 1)?.pop()?, draw.conditions(1, 1)?.pop()?);
    draw.prune();
    // what the rows are themselves, or what they belong to by name
    let own = |p: &Place| p.node == 0 || draw.scope.entity(p.node).label.contains(&p.field);
    if !one.places.iter().chain(&two.places).all(own) {
        return None;
    }
    if !one.places.iter().all(|&a| two.places.iter().all(|&b| taste::together(&draw.scope, a, b))) {
        return None;
    }
    // left out are kinds and periods: a bound on an amount is rather put the other way round
    if two.places.iter().any(|&p| draw.scope.field(p).role() == Role::Measure) {
        return None;
    }
    // what is in both meets two conditions, and is asked for so
    let kind = if draw.rng.chance(75) { Kind::Except } else { Kind::Union };
    // "except those that are not damaged" are the damaged ones
    // nor is anybody left out who hardly matters
    // nor is one thing by its name a set to leave rows out of
    if one.share > 0.0 && one.share < 0.01 {
        return None;
    }
    if kind == Kind::Except && (two.denies() || two.share > 0.0 && two.share < 0.08) {
        return None;
    }
    // those "except those since May" are those before
    let time = two.places.iter().any(|&p| draw.scope.field(p).role() == Role::Time);
    if time && two.span.is_none() {
        return None;
    }
    // what has no name is counted rather than listed
    let counted = draw.rng.chance(if shows == Shows::Id { 85 } else { 30 });
    let columns = if counted { counting(&draw.scope, columns) } else { columns };
    let part =
        |c: &Condition| Select { columns: columns.clone(), filter: c.sql.clone(), ..draw.scope.through(&c.places) };
    let shows = if counted { Shows::Count } else { shows };
    let (query, probes) = named(&draw.scope, shows, combine(kind, part(&one), part(&two), counted));
    // rows of both kinds are asked for as those that meet the one or the other
    let apart = one.places.first().map(|p| p.node) != two.places.first().map(|p| p.node);
    if apart && kind == Kind::Union {
        return None;
    }
    let both = if kind == Kind::Union { Some(condition::either(&draw.scope, &one, &two)?) } else { None };
    let those = those(draw, &two)?;
    let first = draw.rows_phrase(std::slice::from_ref(&one));
    let subject = draw.scope.subject();
    let many = &subject.many;
    // what is meant, how it is asked for, and how it is counted
    let (said, which, how_many) = match kind {
        Kind::Except => (
            vec![format!("{first} except {those}"), format!("{first}, leaving out {those}")],
            format!("which are the {first} except {those}"),
            format!("how many {first} are there, not counting {those}"),
        ),
        Kind::Union | Kind::Intersect => {
            let rows = draw.rows_phrase(&[both?]);
            let said = vec![rows.clone(), format!("{rows} (or both)"), format!("{rows}, each once")];
            (said, format!("which are the {rows}"), phrase::how_many(&rows, many))
        }
    };
    let said = draw.rng.pick(&said)?.clone();
    let (nominal, questions) = match shows {
        Shows::Count => (vec![format!("the number of {said}")], vec![how_many]),
        Shows::Itself => (vec![said.clone(), format!("all {said}")], vec![which]),
        Shows::Name | Shows::Found => {
            (vec![said.clone(), format!("all {said}"), format!("the names of {said}")], vec![which])
        }
        shows => {
            let what = shows.words();
            (vec![format!("the {what} of {said}")], vec![format!("what are the {what} of the {said}")])
        }
    };
    let lists = !counted;
    Some(Draft { probes, ..Draft::new(query, Speech { nominal, questions, extras: Vec::new(), lists }) })
}

/// "those whose rating is PG": what a pronoun can carry.
fn those(draw: &mut Draw, condition: &Condition) -> Option<String> {
    let carried = Condition { class: None, before: None, ..condition.clone() };
    let said = [&carried.post, &carried.with, &carried.that, &carried.whose].iter().any(|w| w.is_some());
    let person = draw.scope.subject().person;
    said.then(|| phrase::rows(&mut draw.rng, "those", person, &[carried]))
}
