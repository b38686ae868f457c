//! Two results put together or held against each other: UNION, INTERSECT and EXCEPT, as a person asks for them.

mod overlap;
mod routes;
mod rows;
mod stacked;
mod subjects;
mod values;

pub(in crate::compose) use overlap::{Side, tells};
pub(in crate::compose) use routes::routes;
pub(in crate::compose) use rows::rows;
pub(in crate::compose) use stacked::stacked;
pub(in crate::compose) use subjects::subjects;
pub(in crate::compose) use values::values;

use super::super::condition::{self, Condition};
use super::super::draw::Draw;
use super::super::phrase;
use super::super::random::Rng;
use super::super::say::Speech;
use super::super::scope::{Place, Scope};
use super::super::taste;
use super::super::tree::{Distinct, Expr, Limit, Select, Source, aggregate, fill, text};
use super::super::world::Entity;
use crate::candidate::Expect;
use crate::schema::grammar;
use crate::schema::roles::Role;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Except,
    Intersect,
    Union,
}

impl Kind {
    pub(super) fn draw(rng: &mut Rng) -> Kind {
        [Kind::Except, Kind::Intersect, Kind::Union][rng.weighted(&[45, 40, 15])]
    }

    fn word(self) -> &'static str {
        match self {
            Kind::Except => "EXCEPT",
            Kind::Intersect => "INTERSECT",
            Kind::Union => "UNION",
        }
    }
}

pub(super) type Probes = Vec<(&'static str, Select, Expect)>;

/// Both sides as one query, and the proof that neither side alone says the same.
pub(super) fn combine(kind: Kind, one: Select, two: Select, counted: bool) -> (Select, Probes) {
    let count = |inner: Select| match counted {
        true => Select {
            columns: vec![(aggregate("count(*)", vec![]), None)],
            from: Some(Source::Query(Box::new(inner), "found".into())),
            ..Select::default()
        },
        false => inner,
    };
    let alone = |side: &Select| count(Select { distinct: Distinct::Yes, ..side.clone() });
    let mut probes = vec![("set", alone(&one), Expect::Differs), ("set", alone(&two), Expect::Differs)];
    let set = Select { set: Some((kind.word(), Box::new(two))), ..one };
    if counted {
        // that there are none is a figure, too, but none worth asking for
        let some = Select {
            columns: vec![(text("1"), None)],
            from: Some(Source::Query(Box::new(set.clone()), "found".into())),
            limit: Some(Limit::Rows(1)),
            ..Select::default()
        };
        probes.push(("rows", some, Expect::Figure));
    }
    (count(set), probes)
}

/// What stands for a thing in a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shows {
    /// Its name, which no other has.
    Name,
    /// What it is, such as an address, which is no name of it.
    Itself,
    /// Its key, for want of a name.
    Id,
    /// Its name, which others may share: it is found by its key.
    Found,
    /// Nothing: they are counted.
    Count,
}

impl Shows {
    fn words(self) -> &'static str {
        match self {
            Shows::Id => "IDs",
            Shows::Name | Shows::Found | Shows::Itself | Shows::Count => "names",
        }
    }
}

/// The columns that tell the things of a node apart.
pub(super) fn told(scope: &Scope, node: usize) -> Option<(Vec<(Expr, Option<String>)>, Shows)> {
    let entity = scope.entity(node);
    // names that are different by chance only need not stay so
    if entity.label_keyed || entity.label_unique && entity.key.is_empty() {
        let names = entity.label.iter().map(|&field| (scope.column(Place { node, field }), None));
        return Some((names.collect(), shows(entity)));
    }
    let [key] = entity.key.as_slice() else { return None };
    let id = (scope.named(node, key), None);
    let shows = if entity.label.is_empty() { Shows::Id } else { Shows::Found };
    Some((vec![id], shows))
}

/// The names of the things whose keys were found, two of one name as two.
pub(super) fn named(scope: &Scope, shows: Shows, (query, probes): (Select, Probes)) -> (Select, Probes) {
    let subject = scope.subject();
    let [key] = subject.key.as_slice() else { return (query, probes) };
    if shows != Shows::Found {
        return (query, probes);
    }
    let alone = Scope::alone(scope.world, scope.nodes[0].entity, &scope.nodes[0].alias);
    let columns: Vec<(Expr, Option<String>)> =
        subject.label.iter().map(|&field| (alone.column(Place { node: 0, field }), None)).collect();
    let of = |keys: Select| Select {
        columns: columns.clone(),
        filter: vec![fill("{} IN {}", vec![alone.named(0, key), Expr::Query(Box::new(keys))])],
        ..alone.select()
    };
    (of(query), probes.into_iter().map(|(name, probe, expect)| (name, of(probe), expect)).collect())
}

/// The columns that tell things apart that are only counted: their key, which no two have, whatever they are called.
pub(super) fn counting(scope: &Scope, told: Vec<(Expr, Option<String>)>) -> Vec<(Expr, Option<String>)> {
    let key = &scope.subject().key;
    if key.is_empty() { told } else { key.iter().map(|k| (scope.named(0, k), None)).collect() }
}

/// What the label of a thing is to it.
pub(super) fn shows(entity: &Entity) -> Shows {
    let label = entity.label.first().map(|&f| &entity.fields[f]);
    if label.is_some_and(|f| f.traits.personal && f.noun == entity.one) { Shows::Itself } else { Shows::Name }
}

/// `form` says after the noun which things are meant: "with ..", "who have ..".
pub(super) fn speech(things: &str, form: &str, shows: Shows) -> Speech {
    let verb = form.strip_prefix("who ").or_else(|| form.strip_prefix("that ")).map(str::to_owned);
    let verb = verb
        .or_else(|| form.strip_prefix("with ").map(|w| format!("have {w}")))
        .or_else(|| form.strip_prefix("without any ").map(|w| format!("have no {w}")));
    let verb = verb.unwrap_or_else(|| format!("are {form}")).replace(", or with both", ", or both");
    // "providers who speak Spanish and have both clinics and hospitals"
    let last = [" who ", " that ", " whose ", " with "].into_iter().filter_map(|w| Some((things.rfind(w)?, w))).max();
    let clause = match last {
        Some((_, " who " | " that ")) if phrase::has_clause(things) => format!("and {verb}"),
        _ if phrase::has_clause(things) => format!("and {form}"),
        _ => form.to_owned(),
    };
    let form = &clause;
    let (nominal, questions) = match shows {
        Shows::Count => (
            vec![format!("the number of {things} {form}")],
            match phrase::has_clause(things) {
                true => vec![format!("how many {things} {verb}")],
                false => vec![format!("how many {things} {verb}"), format!("how many {things} are there {form}")],
            },
        ),
        Shows::Itself => (
            vec![format!("{things} {form}"), format!("all {things} {form}")],
            vec![format!("which {things} {verb}"), format!("which are the {things} {form}")],
        ),
        Shows::Name | Shows::Found => (
            vec![format!("{things} {form}"), format!("all {things} {form}"), format!("the names of {things} {form}")],
            vec![
                format!("which {things} {verb}"),
                format!("which are the {things} {form}"),
                format!("what are the names of the {things} {form}"),
            ],
        ),
        Shows::Id => {
            let what = shows.words();
            (
                vec![format!("the {what} of {things} {form}"), format!("{what} of all {things} {form}")],
                vec![format!("what are the {what} of the {things} {form}")],
            )
        }
    };
    Speech { nominal, questions, extras: Vec::new(), lists: shows != Shows::Count }
}

/// "with at least one rental from May but no rentals from June": each side as one of its rows and as many of them.
pub(super) fn having(rng: &mut Rng, kind: Kind, person: bool, one: (&str, &str), two: (&str, &str)) -> String {
    let who = if person { "who" } else { "that" };
    let (a, b) = (grammar::with_article(one.0), grammar::with_article(two.0));
    let ((first, firsts), (second, seconds)) = (one, two);
    let forms = match kind {
        Kind::Except => [
            format!("with at least one {first} but no {seconds}"),
            format!("{who} have {firsts} but no {seconds}"),
            format!("{who} have {a} but not a single {second}"),
        ],
        Kind::Intersect => [
            format!("with at least one {first} and also at least one {second}"),
            format!("{who} have both {firsts} and {seconds}"),
            format!("with {a} as well as {b}"),
        ],
        Kind::Union => [
            format!("with at least one {first}, or at least one {second}, or both"),
            format!("{who} have {firsts} or {seconds} (or both)"),
            format!("with {a} or {b}, or with both"),
        ],
    };
    rng.pick(&forms).cloned().unwrap_or_default()
}

/// A condition on the own fields of a scope's subject.
pub(super) fn own_condition(draw: &mut Draw, scope: &Scope) -> Option<Condition> {
    for _ in 0..8 {
        let place = Place { node: 0, field: draw.rng.below(scope.subject().fields.len()) };
        let f = scope.field(place);
        let fits =
            matches!(f.role(), Role::Measure | Role::Time | Role::Dimension | Role::Flag | Role::Year | Role::Array)
                && f.varied
                && taste::plain(f)
                && f.role() != Role::Measure;
        if fits && let Some(c) = condition::draw(&mut draw.rng, scope, place) {
            return Some(c);
        }
    }
    None
}
