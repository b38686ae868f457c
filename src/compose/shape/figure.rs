//! One row of figures over the rows that meet some conditions: "the average length of PG-13 films".

use super::super::aggregate::{self, Figure};
use super::super::condition::{self, Condition};
use super::super::draw::{Draft, Draw, apply};
use super::super::figures;
use super::super::phrase;
use super::super::probe::filter_probes;
use super::super::say::Speech;
use super::super::scope::{Place, Scope};
use super::super::sense;
use super::super::taste;
use crate::schema::roles::Role;

pub(in crate::compose) fn summarizable(scope: &Scope, place: Place) -> bool {
    let field = scope.field(place);
    place.node == 0
        && !field.traits.audit
        && match field.role() {
            // of two prices the average tells nothing
            Role::Measure => field.measurable() && field.varied && (field.distinct > 2 || scope.subject().rows == 0),
            Role::Time => !field.traits.personal && field.varied,
            Role::Dimension | Role::Code | Role::Year => {
                let rows = scope.entity(place.node).rows;
                field.varied
                    && !field.traits.personal
                    && !taste::classifies(field)
                    && (rows == 0 || field.distinct > 5 && field.distinct * 10 < rows * 8)
            }
            Role::Key => true,
            _ => false,
        }
}

/// Draws up to `most` figures over the subject's rows: a count, and one field's figures.
pub(in crate::compose) fn figures(draw: &mut Draw, least: usize, most: usize) -> Vec<Figure> {
    // three at once are a report, and no question
    let wanted = least + draw.rng.weighted(&[52, 37, 11][..=most - least]);
    let mut found: Vec<Figure> = Vec::new();
    if let Some(given) = draw.figure.take() {
        draw.measuring = true;
        found.extend((wanted > 1 && draw.rng.chance(60)).then(|| aggregate::count(&draw.scope)));
        found.push(given);
        return found;
    }
    // what is many to many is counted: the cost of films says little of their actors
    let many = draw.fan.is_some();
    if draw.rng.chance(if many {
        75
    } else if wanted == 1 {
        34
    } else {
        45
    }) {
        found.push(aggregate::count(&draw.scope));
    }
    found.extend(last_stamp(draw));
    let place = if (found.is_empty() || !many) && found.len() < wanted { measured(draw) } else { None };
    if let Some(place) = place {
        draw.use_place(place);
        draw.measuring = true;
        draw.timed |= draw.scope.field(place).role() == Role::Time;
        for _ in 0..wanted * 3 {
            if found.len() >= wanted {
                break;
            }
            let figure = aggregate::draw(&mut draw.rng, &draw.scope, place);
            // of two one cannot tell which is rounded
            let several = wanted > 1 + usize::from(found.first().is_some_and(|f| f.counts));
            let clear = |f: &Figure| !several || !f.noun.contains(" rounded to ");
            found.extend(figure.filter(|f| clear(f) && found.iter().all(|o| beside(o, f))));
        }
    }
    if found.is_empty() {
        found.push(aggregate::count(&draw.scope));
    }
    found
}

/// Whether two figures are told in one breath: not one twice, nor rounded and unrounded side by side.
fn beside(one: &Figure, other: &Figure) -> bool {
    let kind = |f: &Figure| f.alias.split('_').next().unwrap_or("").to_owned();
    let sums = |f: &Figure| f.counts || ["total", "avg"].contains(&kind(f).as_str());
    // "the total and the average total cost" sounds like the same twice
    let doubled = |f: &Figure| f.alias.starts_with("total_total");
    match one.counts || other.counts {
        _ if doubled(one) || doubled(other) => one.counts || other.counts,
        true => one.counts != other.counts && sums(one) && sums(other),
        false => kind(one) != kind(other),
    }
}

/// The field whose figures are asked for.
fn measured(draw: &mut Draw) -> Option<Place> {
    // of many to many one counts
    if draw.fan.is_some() && draw.rng.chance(88) {
        return None;
    }
    for _ in 0..4 {
        let place = draw.choose(|scope, p| summarizable(scope, p) && (taste::plain(scope.field(p)) || p.node == 0))?;
        let field = draw.scope.field(place);
        let waiting = draw.waiting() == Some(place);
        // how many different ones there are is seldom asked
        let kind = matches!(field.role(), Role::Key | Role::Dimension | Role::Code | Role::Year);
        let grouped = !draw.keyed.is_empty() || !draw.classed.is_empty();
        let seldom = kind && (grouped || !waiting) && (field.role() != Role::Key || draw.rng.chance(50));
        let few = kind && (1..30).contains(&draw.scope.subject().rows) && !waiting;
        // the first return of a rental, per customer: what is not the time that they are about is seldom asked for
        let aside = field.role() == Role::Time
            && !taste::timely(draw.scope.entity(place.node), place.field)
            && (grouped || !waiting || draw.rng.chance(50));
        // what order lines cost has to do with the products, and hardly with who shipped them
        let price = field.traits.money && !field.traits.additive && draw.scope.subject().label.is_empty();
        let aside = aside || price && grouped && !waiting && draw.rng.chance(75);
        let fixed = kind && draw.used.iter().any(|&u| sense::fixed_in(&draw.scope, u, place));
        // the latest of a month is a day of that month
        // the latest of a kind of rows says little
        let of_kinds = !draw.classed.is_empty() && !waiting;
        let timed = (draw.timed || of_kinds || draw.fan.is_some()) && field.role() == Role::Time;
        if (taste::plain(field) || waiting) && !(seldom || few || fixed || timed || aside) {
            return Some(place);
        }
    }
    None
}

/// A stamp that the system writes: only its latest value is worth asking for, and only where it is in focus.
fn last_stamp(draw: &mut Draw) -> Option<Figure> {
    let place = draw.waiting().filter(|p| p.node == 0)?;
    let field = draw.scope.field(place);
    if field.role() != Role::Time || field.traits.personal || field.varied && !field.traits.audit {
        return None;
    }
    draw.use_place(place);
    let noun = draw.scope.noun(place);
    // "the latest last update" stammers
    let said = match noun.strip_prefix("last ") {
        Some(rest) => format!("time of the most recent {rest}"),
        None => format!("latest {noun}"),
    };
    Some(Figure {
        sql: super::super::tree::aggregate("max({})", vec![draw.scope.column(place)]),
        alias: format!("latest_{}", aggregate::snake(&noun)),
        noun: said,
        counts: false,
        place: Some(place),
        time: true,
    })
}

pub(in crate::compose) fn draw(draw: &mut Draw) -> Option<Draft> {
    // one of the far side by a name that a key keeps single, or a row might count twice
    let mut conditions = match draw.fan {
        Some(fan) if draw.scope.entity(fan).label_keyed => vec![one_of(draw, fan)?],
        Some(_) => return None,
        None => Vec::new(),
    };
    let mut figures = figures(draw, 1, 3);
    let rounding = figures::rounding(&mut figures);
    let alone = figures.len() == 1 && figures[0].counts;
    draw.searching = alone;
    let least = usize::from((alone || draw.scope.nodes.len() > 1) && conditions.is_empty());
    conditions.extend(draw.conditions(least, 2)?);
    if conditions.is_empty() && figures.iter().any(|f| all_there_are(draw, f)) {
        return None;
    }
    let rows = draw.rows_phrase(&conditions);
    let mut query = draw.scope.select();
    query.columns = columns(&figures);
    apply(&mut query, &conditions);
    let probes = filter_probes(&query, &conditions);
    let mut speech = speech(draw, &figures, &rows);
    speech.extras.extend(rounding);
    Some(Draft { probes, ..Draft::new(query, speech) })
}

/// How many different countries have cities, where all of them have.
fn all_there_are(draw: &Draw, figure: &Figure) -> bool {
    let Some(place) = figure.place.filter(|p| draw.scope.field(*p).role() == Role::Key && !figure.counts) else {
        return false;
    };
    let field = draw.scope.field(place);
    draw.world.graph.parents(draw.scope.nodes[place.node].entity).iter().any(|&edge| {
        let e = &draw.world.graph.edges[edge];
        let rows = draw.world.entities[e.parent].rows;
        e.child_columns == [field.name.as_str()] && rows > 0 && field.distinct >= rows
    })
}

/// One of the entities across a bridge, by its name.
pub(in crate::compose) fn one_of(draw: &mut Draw, node: usize) -> Option<Condition> {
    let place = Place { node, field: *draw.scope.entity(node).label.first()? };
    let mut found = condition::draw(&mut draw.rng, &draw.scope, place)?;
    // several would count a row that is in both twice
    let single = found.equal;
    found.with = None;
    draw.use_place(place);
    single.then_some(found)
}

pub(in crate::compose) fn columns(figures: &[Figure]) -> Vec<(super::super::tree::Expr, Option<String>)> {
    figures.iter().map(|f| (f.sql.clone(), (figures.len() > 1 || !f.counts).then(|| f.alias.clone()))).collect()
}

fn speech(draw: &mut Draw, figures: &[Figure], rows: &str) -> Speech {
    let said = figures::of_rows(draw, figures, rows);
    let mut questions = Vec::new();
    let is = verb(figures);
    match figures {
        [only] if only.counts => {
            questions.extend(counting(draw, rows));
        }
        [first, rest @ ..] if first.counts => {
            let their: Vec<String> = rest.iter().map(|f| figures::theirs(&draw.scope, f, rows)).collect();
            let what = crate::schema::grammar::and_list(&their);
            let verb = if rest.len() > 1 { "are" } else { "is" };
            let many = phrase::how_many(rows, &draw.scope.subject().many);
            questions.push(format!("{many}, and what {verb} {what}"));
        }
        [only] if only.noun.starts_with("number of different") || only.noun.starts_with("number of distinct") => {
            let what = only.noun.trim_start_matches("number of ");
            // what rows refer to is not theirs
            let key = only.place.is_some_and(|p| draw.scope.field(p).role() == Role::Key);
            match (rows.split(' ').count() < 5, key) {
                (_, true) => questions.push(format!("how many {what} have {rows}")),
                (true, false) => questions.push(format!("how many {what} do {rows} have")),
                _ => {}
            }
            questions.push(format!("what is {said}"));
        }
        _ => {
            questions.extend(everyday(draw, figures, rows));
            questions.push(format!("what {is} {said}"));
            questions.push(format!("among {rows}, what {is} {}", list_the(figures)));
            questions.push(format!("for {rows}, what {is} {}", list_the(figures)));
        }
    }
    let mut nominal = vec![said];
    if !figures[0].counts && draw.rng.chance(40) {
        nominal.push(format!("{} across {}{rows}", list_the(figures), draw.rng.word(&["", "all "])));
    }
    Speech { nominal, questions, extras: Vec::new(), lists: false }
}

/// "what length do films have on average", "what do the amounts of payments add up to".
fn everyday(draw: &Draw, figures: &[Figure], rows: &str) -> Option<String> {
    let [Figure { alias, place: Some(place), time: false, .. }] = figures else { return None };
    let field = draw.scope.field(*place);
    if rows.split(' ').count() > 6 || field.unit.is_some() || condition::is_plural(&field.noun) {
        return None;
    }
    let noun = draw.scope.bare(*place);
    match alias.split_once('_')?.0 {
        "avg" => Some(format!("what {noun} do {rows} have on average")),
        "total" => Some(format!("what do the {} of {rows} add up to", crate::schema::grammar::plural(&noun))),
        "max" => Some(format!("how high does the {noun} of {rows} get")),
        "min" => Some(format!("how low does the {noun} of {rows} get")),
        _ => None,
    }
}

/// Ways to ask how many rows there are.
pub(in crate::compose) fn counting(draw: &Draw, rows: &str) -> Vec<String> {
    let many = phrase::how_many(rows, &draw.scope.subject().many);
    let plain = many.ends_with("are there");
    let others = ["how many {} do we have", "how many {} are on record", "how many {} exist"];
    let others = others.iter().map(|q| q.replace("{}", rows)).filter(|_| plain);
    std::iter::once(many.clone()).chain(others).chain([format!("what is the number of {rows}")]).collect()
}

/// "what is the number of .. and ..", "what are the average .. and the total ..".
pub(in crate::compose) fn verb(figures: &[Figure]) -> &'static str {
    let sums = condition::sums(&figures[0].noun) && condition::is_plural(&figures[0].noun);
    let several = figures.len() > 1 || sums;
    if several && !figures[0].noun.starts_with("number") { "are" } else { "is" }
}

pub(in crate::compose) fn list_the(figures: &[Figure]) -> String {
    let the: Vec<String> = figures.iter().map(|f| format!("the {}", f.noun)).collect();
    crate::schema::grammar::and_list(&the)
}
