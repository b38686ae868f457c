//! Which columns a list shows: the rows' own name, and what is worth a look beside it.

use super::super::aggregate::snake;
use super::super::condition;
use super::super::draw::Draw;
use super::super::flag;
use super::super::scope::{Place, Scope};
use super::super::sense;
use super::super::taste;
use super::super::tree::{Expr, fill};
use super::super::world::Field;
use crate::schema::roles::Role;

/// Shown columns and what they are called; `named` where the rows' own name comes first.
pub(in crate::compose) struct Shown {
    pub columns: Vec<(Expr, Option<String>)>,
    pub nouns: Vec<String>,
    pub named: bool,
    pub places: Vec<Place>,
}

impl Shown {
    /// Shows a field of the rows themselves, once.
    fn show(&mut self, draw: &mut Draw, place: Place) {
        if self.places.contains(&place) {
            return;
        }
        draw.use_place(place);
        self.columns.push((draw.scope.column(place), None));
        let noun = draw.scope.bare(place);
        // "their covered procedures" would be the procedures themselves
        let number = condition::counts(draw.scope.field(place), &noun) && !noun.starts_with("number of ");
        self.nouns.push(if number { format!("number of {noun}") } else { noun });
        self.places.push(place);
    }
}

pub(super) fn showable(scope: &Scope, place: Place) -> bool {
    let field = scope.field(place);
    let entity = scope.entity(place.node);
    match field.role() {
        Role::Key | Role::Opaque | Role::Search | Role::Json => false,
        _ if place.node != 0 && !taste::plain(field) => false,
        // how a category is described is no news of a product
        Role::FreeText if place.node != 0 && !entity.label.is_empty() => false,
        // what a code stands for says its description
        Role::Code if entity.label.is_empty() && entity.fields.iter().any(|f| f.noun == "description") => false,
        Role::Flag if !flag::describes(field) || flag::noun(field).split(' ').count() > 2 => false,
        // whether a customer is active is no news of a rental
        Role::Flag if place.node != 0 => false,
        _ => !(entity.rows > 0 && field.distinct <= 1) || matches!(field.role(), Role::Array),
    }
}

/// Of what is referred to, its name or its kind is of interest beside the subject, hardly its other details.
fn related(scope: &Scope, place: Place) -> bool {
    let entity = scope.entity(place.node);
    place.node == 0
        || entity.label.is_empty() && sense::worth(scope, place)
        || entity.label.contains(&place.field)
            && !taste::spot(scope.world, scope.nodes[place.node].entity)
            && !scope.role_noun(place.node).contains("'s ")
        || entity.fields[place.field].role() == Role::Dimension
            && (entity.label.is_empty() || sense::placed(&entity.fields[place.field]))
            && sense::worth(scope, place)
}

/// The subject's name and up to `most` further fields, those of joined tables first.
pub(in crate::compose) fn shown(draw: &mut Draw, least: usize, most: usize) -> Shown {
    let mut found = Shown { columns: Vec::new(), nouns: Vec::new(), named: false, places: Vec::new() };
    let label = draw.scope.subject().label.clone();
    if !label.is_empty() {
        found.named = true;
        let columns: Vec<Expr> = label.iter().map(|&field| draw.scope.column(Place { node: 0, field })).collect();
        if columns.len() == 2 && draw.rng.chance(25) {
            let form =
                draw.rng.word(&["{} || ' ' || {}", "{} || ' ' || {}", "concat({}, ' ', {})", "concat_ws(' ', {}, {})"]);
            found.columns.push((fill(form, columns), Some("name".to_owned())));
        } else {
            found.columns.extend(columns.into_iter().map(|c| (c, None)));
        }
        for field in label {
            draw.use_place(Place { node: 0, field });
        }
    }
    // rows without a name need two things to be told by, one of them their own
    if !found.named {
        match telling(draw) {
            Some(field) => found.show(draw, Place { node: 0, field }),
            // they would come out alike
            None if draw.scope.subject().rows > 0 => return found,
            None => {}
        }
    }
    // of payments one wants to see the amount
    if !found.named
        && draw.rng.chance(70)
        && let Some(place) = amount(draw)
    {
        found.show(draw, place);
    }
    // and of what has no name what it is
    if !found.named
        && let Some(place) = described(draw)
    {
        found.show(draw, place);
    }
    let floor = if found.named { 0 } else { 2usize.saturating_sub(found.columns.len()) };
    let wanted = draw.rng.between(least.max(floor), most.max(floor));
    for turn in 0..most.max(floor) {
        // what is joined has to be spoken of
        if turn >= wanted && draw.idle_leaf().is_none() {
            break;
        }
        let fan = draw.fan;
        let waiting = draw.waiting();
        let chosen = draw.choose(|scope, p| {
            showable(scope, p)
                && (waiting == Some(p) || taste::plain(scope.field(p)) && !sense::trifle(scope.field(p)))
                && fan != Some(p.node)
                && !scope.constant(p.node)
                && (waiting == Some(p) || related(scope, p))
        });
        let Some(place) = chosen else { break };
        if full_name(draw, place, &mut found) {
            continue;
        }
        draw.use_place(place);
        let noun = draw.scope.bare(place);
        let name = &draw.scope.field(place).name;
        let taken = found
            .columns
            .iter()
            .any(|(e, a)| a.as_deref() == Some(name) || matches!(e, Expr::Column(_, n) if n == name));
        let renamed = snake(&noun);
        let twice = found.columns.iter().any(|(_, a)| a.as_deref() == Some(&renamed));
        if taken && (renamed == *name || twice) {
            continue;
        }
        let alias = (taken || place.node != 0 && draw.rng.chance(40)).then_some(renamed).filter(|a| a != name);
        found.columns.push((draw.scope.column(place), alias));
        found.nouns.push(noun);
        found.places.push(place);
    }
    // the times of rows that nothing tells apart are of no use to anyone
    if !found.named && found.places.iter().all(|&p| draw.scope.field(p).role() == Role::Time) {
        found.columns.clear();
    }
    found
}

/// The description of rows without a name.
fn described(draw: &Draw) -> Option<Place> {
    let subject = draw.scope.subject();
    let says = |f: &Field| f.noun == "description" && f.varied && f.filled(subject.rows) && taste::plain(f);
    subject.fields.iter().position(says).map(|field| Place { node: 0, field })
}

/// The money that rows without a name are about.
fn amount(draw: &Draw) -> Option<Place> {
    let subject = draw.scope.subject();
    let money = |f: &Field| f.traits.money && f.traits.additive && f.varied && taste::plain(f);
    let mut found = (0..subject.fields.len()).filter(|&i| money(&subject.fields[i]));
    match (found.next(), found.next()) {
        (Some(field), None) => Some(Place { node: 0, field }),
        _ => None,
    }
}

/// People are shown by first and last name.
fn full_name(draw: &mut Draw, place: Place, found: &mut Shown) -> bool {
    let label = &draw.scope.entity(place.node).label;
    if place.node == 0 || label.len() < 2 || !label.contains(&place.field) {
        return false;
    }
    let role = draw.scope.role_noun(place.node);
    let named: Vec<Place> = label.iter().map(|&field| Place { node: place.node, field }).collect();
    let columns: Vec<Expr> = named.iter().map(|&p| draw.scope.column(p)).collect();
    let name = |e: &Expr| matches!(e, Expr::Column(_, name) if found.columns.iter().any(|(c, _)| matches!(c, Expr::Column(_, n) if n == name)));
    // names that are shown already stand for the rows themselves
    if columns.iter().any(name) || draw.rng.chance(40) {
        let whole = fill("{} || ' ' || {}", columns);
        found.columns.push((whole, Some(snake(&role))));
    } else {
        found.columns.extend(columns.into_iter().map(|c| (c, None)));
    }
    named.iter().for_each(|&p| draw.use_place(p));
    found.nouns.push(role);
    found.places.push(named[1]);
    true
}

/// A field of the subject by which most of its rows can be told apart.
fn telling(draw: &mut Draw) -> Option<usize> {
    let subject = draw.scope.subject();
    let fields: Vec<usize> = (0..subject.fields.len())
        .filter(|&i| {
            let f = &subject.fields[i];
            let kind = matches!(f.role(), Role::Time | Role::Code | Role::Measure);
            kind && !f.traits.audit && !f.traits.personal && f.nulls == 0 && f.distinct * 10 > subject.rows * 8
        })
        .collect();
    // what happens has its time
    let start =
        || fields.iter().copied().find(|&i| subject.fields[i].role() == Role::Time && subject.fields[i].begins());
    if let Some(when) = subject.when.filter(|&w| subject.fields[w].nulls == 0).or_else(start) {
        return Some(when);
    }
    // what has no name has a number
    let number = |f: &usize| subject.fields[*f].whole() && subject.key == [subject.fields[*f].name.clone()];
    if let Some(key) = (0..subject.fields.len()).find(number) {
        return Some(key);
    }
    draw.rng.pick(&fields).copied()
}
