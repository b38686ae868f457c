//! The same things by two kinds of the rows that they have: "customers with a rental in May but none in June".

use super::super::super::condition::Condition;
use super::super::super::draw::{Draft, Draw};
use super::super::super::phrase;
use super::super::super::scope::Place;
use super::super::super::taste;
use super::super::super::tree::Select;
use super::super::related::{bridged, child_condition, child_words, own_condition, pair};
use super::{Kind, Shows, Side, combine, counting, having, named, speech, tells, told};
use crate::candidate::Expect;
use crate::schema::roles::Role;

pub(in crate::compose) fn rows(draw: &mut Draw) -> Option<Draft> {
    let pair = if draw.fan.is_some() { bridged(draw)? } else { pair(draw)? };
    // two times or two kinds of the same are held against each other
    let one = child_condition(draw, &pair, |f| matches!(f.role(), Role::Time | Role::Dimension))?;
    let name = one.places.first().map(|p| pair.scope.entity(pair.child).fields[p.field].name.clone())?;
    let two = (0..40).find_map(|_| child_condition(draw, &pair, |f| f.name == name).filter(|two| one.rivals(two)))?;
    let own = if draw.waiting().is_some() { own_condition(draw, &pair)? } else { Vec::new() };
    let (columns, shows) = told(&pair.scope, 0)?;
    // any two of many kinds have nothing to do with each other
    let many = |p: &Place| taste::of_many(&pair.scope.entity(pair.child).fields[p.field]);
    if one.places.iter().any(many) {
        return None;
    }
    let (kind, counted) = (Kind::draw(&mut draw.rng), draw.rng.chance(25));
    // in the one time or in the other: in either of any two
    let timed = one.places.iter().any(|p| pair.scope.entity(pair.child).fields[p.field].role() == Role::Time);
    let few = one.places.iter().any(|p| pair.scope.entity(pair.child).fields[p.field].distinct < 4);
    if kind == Kind::Union && (timed || few) {
        return None;
    }
    let columns = if counted { counting(&pair.scope, columns) } else { columns };
    let side = |condition| Side { way: std::slice::from_ref(&pair.edge), condition: Some(condition) };
    let target = pair.scope.nodes[0].entity;
    if !tells(draw.world, target, kind, &side(&one), &side(&two)) {
        return None;
    }
    let part = |c: &Condition, own: &[Condition]| {
        let filter = c.sql.iter().chain(own.iter().flat_map(|c| &c.sql)).cloned().collect();
        Select { columns: columns.clone(), filter, ..pair.scope.select() }
    };
    let (query, mut probes) = combine(kind, part(&one, &own), part(&two, &own), counted);
    if !own.is_empty() {
        probes.push(("filter", combine(kind, part(&one, &[]), part(&two, &[]), counted).0, Expect::Differs));
    }
    let shows = if counted { Shows::Count } else { shows };
    let (query, probes) = named(&pair.scope, shows, (query, probes));
    let (first, firsts) = child_words(draw, &pair, Some(&one));
    let (second, seconds) = child_words(draw, &pair, Some(&two));
    let subject = pair.scope.subject();
    let form = having(&mut draw.rng, kind, subject.person, (&first, &firsts), (&second, &seconds));
    let things = phrase::rows(&mut draw.rng, &subject.many, subject.person, &own);
    let speech = speech(&things, &form, shows);
    Some(Draft { probes, ..Draft::new(query, speech) })
}
