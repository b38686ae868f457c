//! One kind of value from two tables: "all e-mail addresses of staff and customers", "last names that occur among
//! actors but not among customers".

use super::super::super::draw::{Draft, Draw};
use super::super::super::say::Speech;
use super::super::super::scope::{Place, own_noun};
use super::super::super::sense;
use super::super::super::tree::Select;
use super::super::super::world::{Entity, Field, World};
use super::values::kinds;
use super::{Kind, combine};
use crate::schema::grammar;
use crate::schema::roles::Role;

pub(in crate::compose) fn stacked(draw: &mut Draw) -> Option<Draft> {
    let world = draw.world;
    let known: Vec<usize> = draw.scope.nodes.iter().map(|n| n.entity).collect();
    let mut found = Vec::new();
    for &one in known.iter().filter(|&&e| speaks(&world.entities[e])) {
        for two in (0..world.entities.len()).filter(|&e| e != one && speaks(&world.entities[e])) {
            found.extend(shared(world, one, two).into_iter().map(|fields| (one, two, fields)));
        }
    }
    let (one, two, (fields, others, noun, apart)) = draw.rng.pick(&found)?.clone();
    // addresses that nobody shares are put together, and never held against each other
    let kind = if apart { Kind::Union } else { Kind::draw(&mut draw.rng) };
    let counted = draw.rng.chance(10);
    draw.turn_to(draw.scope.anew(one));
    let fields_of: Vec<(usize, usize)> =
        fields.iter().map(|&f| (one, f)).chain(others.iter().map(|&f| (two, f))).collect();
    let mut sides = Vec::new();
    for (entity, fields) in [(one, fields), (two, others)] {
        let scope = draw.scope.anew(entity);
        let rows = scope.subject().many.clone();
        let columns = fields.iter().map(|&field| (scope.column(Place { node: 0, field }), None)).collect();
        sides.push((Select { columns, ..scope.select() }, rows));
        if entity == one {
            fields.iter().for_each(|&field| draw.use_place(Place { node: 0, field }));
        }
    }
    let [(first, first_rows), (second, second_rows)] = <[_; 2]>::try_from(sides).ok()?;
    // how many e-mail addresses there are in all is nobody's question
    if counted && apart {
        return None;
    }
    // nothing would be counted as one of them
    if counted && fields_of.iter().any(|&(entity, field)| world.entities[entity].fields[field].nullable) {
        return None;
    }
    let (query, probes) = combine(kind, first, second, counted);
    // "inactive customers and employees" are inactive, all of them
    let (first_rows, second_rows) = match kind {
        Kind::Union if second_rows == world.entities[two].many => (second_rows, first_rows),
        _ => (first_rows, second_rows),
    };
    let (nominal, questions) = match kind {
        Kind::Union => (
            vec![
                format!("all {noun} of {first_rows} and of {second_rows}, each once"),
                format!("the different {noun} of {first_rows} and of {second_rows}"),
                format!("one list of the {noun} of {first_rows} and of {second_rows}, without repetition"),
            ],
            vec![format!("what are the different {noun} of {first_rows} and of {second_rows}")],
        ),
        kind => kinds(&noun, kind, &first_rows, &second_rows),
    };
    let (nominal, questions) = if counted {
        let different = match kind {
            Kind::Union => {
                format!("the number of different {noun} among {first_rows} and among {second_rows} taken together")
            }
            _ => format!("the number of different {}", nominal.last()?),
        };
        (vec![different.clone()], vec![format!("what is {different}")])
    } else {
        (nominal, questions)
    };
    Some(Draft { probes, ..Draft::new(query, Speech { nominal, questions, extras: Vec::new(), lists: !counted }) })
}

fn speaks(e: &Entity) -> bool {
    e.usable && !e.bridge && !e.view
}

/// Fields of one table, the same of the other, what their values are called, and whether each row has its own.
type Shared = (Vec<usize>, Vec<usize>, String, bool);

fn shared(world: &World, one: usize, two: usize) -> Vec<Shared> {
    let (a, b) = (&world.entities[one], &world.entities[two]);
    let mut found = Vec::new();
    for x in 0..a.fields.len() {
        for y in (0..b.fields.len()).filter(|&y| alike(a, b, x, y)) {
            let noun = grammar::plural(&a.fields[x].noun);
            found.push((vec![x], vec![y], noun, contact(&a.fields[x])));
        }
    }
    found
}

/// Whether two fields hold the same kind of value, of which both tables may have the same.
fn alike(a: &Entity, b: &Entity, x: usize, y: usize) -> bool {
    let (f, g) = (&a.fields[x], &b.fields[y]);
    if f.noun != g.noun || f.base != g.base || f.role() != g.role() || !f.varied || !g.varied || f.nulls + g.nulls > 0 {
        return false;
    }
    if contact(f) {
        return true;
    }
    let spoken = match f.role() {
        Role::Dimension | Role::Year => !f.traits.personal,
        // where anything is
        Role::Name => !a.label.contains(&x) && !f.traits.personal && sense::placed(f),
        _ => false,
    };
    let meet = f.values.is_empty() && g.values.is_empty()
        || f.values.iter().any(|(v, _)| g.values.iter().any(|(other, _)| v == other));
    // TAUNTON and Taunton would be two
    let written = f.form.capitals == g.form.capitals;
    // a "type" of one thing is no type of another
    spoken && meet && written && own_noun(a, &f.noun) == f.noun && own_noun(b, &g.noun) == g.noun
}

fn contact(f: &Field) -> bool {
    let noun = f.noun.to_lowercase();
    ["email", "e-mail"].iter().any(|w| noun.contains(w)) && f.base != "bool" && f.distinct != 1
}
