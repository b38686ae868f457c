//! Plain questions about one column, whatever it holds: is it filled, how many different ones are
//! there, which of them come twice, what is it for these rows. They are for what the richer shapes have no use for: keys,
//! codes, contact data, stamps, flags that are the same everywhere.

use super::super::aggregate::snake;
use super::super::condition::{be, is_plural};
use super::super::draw::{Draft, Draw, apply};
use super::super::flag;
use super::super::group;
use super::super::moment;
use super::super::phrase;
use super::super::probe::filter_probes;
use super::super::say::{Extra, Speech};
use super::super::scope::Place;
use super::super::tree::{Distinct, Expr, Select, aggregate, fill};
use super::super::world::Field;
use super::{list, repeated};
use crate::schema::grammar;
use crate::schema::roles::Role;

/// Rows that are read through without a condition.
pub(super) const FEW: u64 = 60;

/// Rows that are shown with several of their columns at once, so many of them.
pub(in crate::compose) const HANDFUL: u64 = 3;
pub(in crate::compose) const AT_ONCE: usize = 4;

/// What is not shown as it is.
pub(in crate::compose) fn illegible(field: &Field) -> bool {
    matches!(field.role(), Role::Json | Role::Opaque | Role::Search)
}

/// The place of a row in a list: how many have the same says nothing.
fn placing(field: &Field) -> bool {
    ["line number", "position", "sequence", "sort order", "rank"].iter().any(|end| field.noun.ends_with(end))
}

/// A question about the field in focus.
pub(super) fn draw(draw: &mut Draw) -> Option<Draft> {
    let place = draw.waiting().filter(|p| p.node == 0)?;
    draw.alone();
    let (f, rows) = (draw.scope.field(place), draw.scope.subject().rows);
    if rows > 0 && rows <= HANDFUL && !illegible(f) {
        return handful(draw, place);
    }
    let own_key = draw.scope.subject().key == [f.name.clone()];
    let missing = f.nulls > 0 || rows == 0 && f.nullable;
    let repeated = rows == 0 && !own_key || f.distinct > 1 && f.distinct + f.nulls < rows;
    let shown = rows == 0 || f.nulls < rows;
    let opaque = f.role() == Role::Opaque;
    let plain = !matches!(f.role(), Role::Json | Role::Search | Role::Array | Role::Range);
    // what things are called is theirs alone, but for the odd one
    let named = draw.scope.subject().label == [place.field];
    let verb = ["is_", "has_"].iter().any(|first| f.name.to_lowercase().starts_with(first));
    let counted = f.noun.starts_with("number of ");
    let several = !named && !counted && plain && repeated && !opaque && !verb && f.role() != Role::Flag;
    let weights = [
        if missing || opaque { 30 } else { 0 },
        if missing { 15 } else { 0 },
        if several && !matches!(f.role(), Role::Measure | Role::Time) { 25 } else { 0 },
        // which key occurs most is no news of anything
        if several && !matches!(f.role(), Role::Measure | Role::Time | Role::Key) && !placing(f) { 25 } else { 0 },
        if f.role() == Role::Flag && f.base == "bool" { 60 } else { 0 },
        // what a key refers to is counted rather than read
        if plain && shown && !opaque { if f.role() == Role::Key && !own_key { 8 } else { 40 } } else { 0 },
        if opaque && f.base == "bytea" && shown { 40 } else { 0 },
        if plain && rows > 0 && f.distinct == 1 && !own_key && f.role() != Role::Time { 20 } else { 0 },
        if f.role() == Role::Time && shown { 25 } else { 0 },
    ];
    if weights.iter().sum::<usize>() == 0 {
        return None;
    }
    draw.use_place(place);
    match draw.rng.weighted(&weights) {
        0 => known(draw, place),
        1 => filled_share(draw, place),
        2 => repeated::different(draw, place),
        3 => repeated::shared(draw, place),
        4 => flagged(draw, place),
        5 => show(draw, place, None),
        6 => show(draw, place, Some("octet_length({})")),
        7 => occurring(draw, place),
        _ => ends(draw, place),
    }
}

/// Breaks a figure down by another field, now and then: what is said of it then.
fn broken_down(draw: &mut Draw, query: &mut Select, place: Place, conditional: bool) -> String {
    let rows = draw.scope.subject().rows;
    if rows > 0 && rows < 20 || !draw.rng.chance(40) {
        return String::new();
    }
    let Some(key) = group::key(draw).filter(|k| !k.places.contains(&place)) else { return String::new() };
    query.columns = key.columns.iter().cloned().chain(query.columns.clone()).collect();
    query.group = key.group.clone();
    if let Some((_, alias)) = query.columns.last_mut().filter(|(_, alias)| alias.is_none()) {
        *alias = Some("number".to_owned());
    }
    format!(" {} {}", key.per(&mut draw.rng, conditional), key.one)
}

/// What a value of the field is called, without the word that says that it is a key.
pub(super) fn noun(draw: &Draw, place: Place) -> String {
    let bare = draw.scope.bare(place);
    if draw.scope.field(place).role() == Role::Key { bare.trim_end_matches(" ID").to_owned() } else { bare }
}

fn with_a(noun: &str) -> String {
    if is_plural(noun) { noun.to_owned() } else { grammar::with_article(noun) }
}

/// One figure of the rows that meet some conditions, broken down now and then: its value, and what is asked of the rows
/// and of each part.
pub(super) fn figure(
    draw: &mut Draw,
    place: Place,
    value: impl FnOnce(&Draw, bool) -> Vec<(Expr, Option<String>)>,
    say: impl FnOnce(&mut Draw, &str, &str) -> (Vec<String>, Vec<String>),
) -> Option<Draft> {
    let conditions = some_conditions(draw)?;
    let rows = draw.rows_phrase(&conditions);
    let mut query = draw.scope.select();
    query.columns = value(draw, !conditions.is_empty());
    apply(&mut query, &conditions);
    let per = broken_down(draw, &mut query, place, !conditions.is_empty());
    let probes = filter_probes(&query, &conditions);
    let (nominal, questions) = say(draw, &rows, &per);
    Some(Draft { probes, ..Draft::new(query, Speech { nominal, questions, extras: Vec::new(), lists: false }) })
}

/// "how many customers have an email address on file".
fn known(draw: &mut Draw, place: Place) -> Option<Draft> {
    let noun = noun(draw, place);
    let (a, is) = (with_a(&noun), be(&noun));
    let filled = aggregate("count({})", vec![draw.scope.column(place)]);
    let both = draw.rng.chance(30);
    let lacking = fill("{} - {}", vec![aggregate("count(*)", vec![]), filled.clone()]);
    let value = |_: &Draw, _: bool| match both {
        true => vec![(filled, Some("recorded".to_owned())), (lacking, Some("missing".to_owned()))],
        false => vec![(filled, None)],
    };
    figure(draw, place, value, |_, rows, per| {
        let link = if phrase::has_clause(rows) { "and" } else { "" };
        if both {
            let nominal = vec![format!("the number of {rows} {link} with {a} on file{per}, and of those without")];
            let questions = vec![format!("how many {rows} have {a} on file{per}, and how many do not")];
            return (nominal, questions);
        }
        let nominal = vec![
            format!("the number of {rows} {link} with {a} on file{per}"),
            format!("the number of {rows} for which {a} {is} recorded{per}"),
        ];
        let questions =
            vec![format!("how many {rows} have {a} on file{per}"), format!("for how many {rows} {is} there {a}{per}")];
        (nominal, questions)
    })
}

/// "what percentage of customers have an email address".
fn filled_share(draw: &mut Draw, place: Place) -> Option<Draft> {
    let noun = noun(draw, place);
    let value = |draw: &Draw, conditional: bool| {
        let (filled, all) = (aggregate("count({})", vec![draw.scope.column(place)]), aggregate("count(*)", vec![]));
        let all = if draw.schema_only || conditional { fill("nullif({}, 0)", vec![all]) } else { all };
        let share = fill("round(100.0 * {} / {}, 1)", vec![filled, all]);
        vec![(share, Some(format!("percent_with_{}", snake(&noun))))]
    };
    figure(draw, place, value, |draw, rows, per| {
        let a = with_a(&noun);
        let to = draw.rng.word(&["to one decimal", "with one decimal", "to the nearest tenth"]);
        let nominal = vec![
            format!("the percentage of {rows} for which {a} is recorded{per}, {to}"),
            format!("the share of {rows} that have {a}{per}, in percent {to}"),
        ];
        let questions = vec![
            format!("what percentage of {rows} have {a}{per}, {to}"),
            format!("for what percentage of {rows} do we know the {noun}{per}, {to}"),
        ];
        (nominal, questions)
    })
}

/// "how many customers are there, and how many of them are active".
fn flagged(draw: &mut Draw, place: Place) -> Option<Draft> {
    let conditions = some_conditions(draw)?;
    let rows = draw.rows_phrase(&conditions);
    let column = draw.scope.column(place);
    let mut query = draw.scope.select();
    let alias = snake(&draw.scope.field(place).noun);
    let part = Expr::Aggregate(Box::new(fill("count(*) FILTER (WHERE {})", vec![column])));
    query.columns = vec![(aggregate("count(*)", vec![]), Some("total".to_owned())), (part, Some(alias))];
    apply(&mut query, &conditions);
    let probes = filter_probes(&query, &conditions);
    let are = flag::plural_predicate(draw.scope.field(place));
    let many = phrase::how_many(&rows, &draw.scope.subject().many);
    let nominal = vec![
        format!("the number of {rows} and of those among them that {are}"),
        format!("the total number of {rows}, and how many of them {are}"),
    ];
    let questions = vec![format!("{many}, and how many of them {are}")];
    Some(Draft { probes, ..Draft::new(query, Speech { nominal, questions, extras: Vec::new(), lists: false }) })
}

/// "the phone numbers of staff members": by name, or beside what tells the rows apart.
fn show(draw: &mut Draw, place: Place, call: Option<&'static str>) -> Option<Draft> {
    let label = draw.scope.subject().label.clone();
    let column = draw.scope.column(place);
    let field = draw.scope.field(place);
    let own = label.contains(&place.field);
    let mut shown =
        list::Shown { columns: Vec::new(), nouns: Vec::new(), named: !label.is_empty(), places: Vec::new() };
    for &f in &label {
        draw.use_place(Place { node: 0, field: f });
        shown.columns.push((draw.scope.column(Place { node: 0, field: f }), None));
    }
    if !own {
        let (value, alias) = match call {
            Some(call) => (fill(call, vec![column]), Some(format!("{}_bytes", snake(&field.noun)))),
            None => (column, None),
        };
        shown.columns.push((value, alias));
        let said = draw.scope.bare(place);
        // "the can have volumes flag"
        if field.role() == Role::Flag && said.split(' ').count() > 2 {
            return None;
        }
        let key = field.role() == Role::Key && field.whole() && !said.ends_with(" ID");
        // nobody knows what an "sid" is the ID of
        if key && said.len() <= 3 {
            return None;
        }
        let said = if key { format!("{said} ID") } else { said };
        shown.nouns.push(if call.is_some() { format!("size of the {said} in bytes") } else { said });
        shown.places.push(place);
    }
    let rows = draw.scope.subject().rows;
    let unique = match rows {
        0 => draw.scope.subject().key == [field.name.clone()],
        rows => field.distinct + field.nulls >= rows && field.nulls <= 1,
    };
    if !shown.named && !unique || draw.rng.chance(35) {
        let more = draw.choose(|scope, p| p.node == 0 && list::showable(scope, p) && scope.field(p).nulls == 0)?;
        draw.use_place(more);
        shown.columns.push((draw.scope.column(more), None));
        shown.nouns.push(draw.scope.bare(more));
        shown.places.push(more);
    }
    // of how many rows nothing is known, there may be many
    let conditions = match rows {
        0 => draw.conditions(1, 2).unwrap_or_default(),
        rows if rows > FEW => draw.conditions(1, 2)?,
        _ => draw.conditions(0, 1)?,
    };
    let mut query = draw.scope.select();
    query.columns = shown.columns.clone();
    apply(&mut query, &conditions);
    let mut extras = Vec::new();
    if conditions.is_empty() || draw.rng.chance(30) {
        extras.extend(list::order(draw, &mut query.order, &shown));
    }
    let probes = filter_probes(&query, &conditions);
    let rows = draw.rows_phrase(&conditions);
    let speech = Speech { extras, ..list::speech(draw, &shown, &rows) };
    Some(Draft { probes, ..Draft::new(query, speech) })
}

/// "which release years occur among films", also where it is a single one.
fn occurring(draw: &mut Draw, place: Place) -> Option<Draft> {
    let rows = draw.scope.subject().many.clone();
    let column = draw.scope.column(place);
    let one = draw.scope.bare(place);
    let many = grammar::plural(&one);
    let mut query = draw.scope.select();
    query.columns = vec![(column.clone(), None)];
    if draw.scope.field(place).nulls > 0 {
        query.filter = vec![fill("{} IS NOT NULL", vec![column.clone()])];
    }
    let mut extras = Vec::new();
    if draw.rng.chance(50) {
        let counted = format!("{}_count", snake(&draw.scope.subject().one));
        query.columns.push((aggregate("count(*)", vec![]), Some(counted)));
        query.group = vec![column];
        extras.push(Extra::new(", and how many there are of each", "Count them for each as well"));
    } else {
        query.distinct = Distinct::Yes;
    }
    let nominal = vec![format!("the different {many} of {rows}"), format!("every {one} used by any of the {rows}")];
    let questions = vec![format!("which {many} occur among {rows}"), format!("what different {many} do {rows} have")];
    Some(Draft::new(query, Speech { nominal, questions, extras, lists: true }))
}

/// "when was the first and the last film updated", or one of the two.
fn ends(draw: &mut Draw, place: Place) -> Option<Draft> {
    let conditions = some_conditions(draw)?;
    let rows = draw.rows_phrase(&conditions);
    let noun = draw.scope.bare(place);
    let column = draw.scope.column(place);
    let mut query = draw.scope.select();
    let end =
        |call: &str, word: &str| (aggregate(call, vec![column.clone()]), Some(format!("{word}_{}", snake(&noun))));
    let (first, last) = (end("min({})", "earliest"), end("max({})", "latest"));
    let both = draw.rng.chance(40) && !noun.starts_with("last ");
    // of what is stamped with each change the last one counts
    let latest = !both && (draw.scope.field(place).traits.audit || draw.rng.chance(60));
    let day = !both && draw.scope.field(place).base.starts_with("timestamp") && draw.rng.chance(40);
    let one = |(value, alias): (Expr, Option<String>)| {
        if day { (fill("{}::date", vec![value]), alias) } else { (value, alias) }
    };
    query.columns = match (both, latest) {
        (true, _) => vec![first, last],
        (_, true) => vec![one(last)],
        _ => vec![one(first)],
    };
    apply(&mut query, &conditions);
    let per = broken_down(draw, &mut query, place, !conditions.is_empty());
    let probes = filter_probes(&query, &conditions);
    let (nominal, questions) = if both {
        let nominal = vec![
            format!("the earliest and the latest {noun} of {rows}{per}"),
            format!("the earliest and latest {noun} of {rows}{per}"),
        ];
        (nominal, vec![format!("what are the earliest and the latest {noun} of {rows}{per}")])
    } else if let Some(changed) = moment::done(&noun).filter(|done| latest && done.starts_with("last ")) {
        // "when were the films last updated"
        let (when, on) = if day { ("day on which", "on what day") } else { ("time when", "when") };
        let nominal = vec![format!("the {when} {rows} were {changed}{per}")];
        (nominal, vec![format!("{on} were {rows} {changed}{per}")])
    } else {
        let end = if latest { draw.rng.word(&["latest", "most recent"]) } else { "earliest" };
        let day = if day { draw.rng.word(&["day of the ", "date (without the time) of the "]) } else { "" };
        let nominal = vec![format!("the {day}{end} {noun} of {rows}{per}")];
        let questions = vec![format!("what is the {day}{end} {noun} of {rows}{per}")];
        (nominal, questions)
    };
    Some(Draft { probes, ..Draft::new(query, Speech { nominal, questions, extras: Vec::new(), lists: false }) })
}

/// The few rows there are, with the columns from that one on.
fn handful(draw: &mut Draw, place: Place) -> Option<Draft> {
    let subject = draw.scope.subject();
    let label = subject.label.clone();
    let mut shown =
        list::Shown { columns: Vec::new(), nouns: Vec::new(), named: !label.is_empty(), places: Vec::new() };
    for &field in &label {
        draw.use_place(Place { node: 0, field });
        shown.columns.push((draw.scope.column(Place { node: 0, field }), None));
    }
    for field in (place.field..subject.fields.len()).take(AT_ONCE).filter(|f| !label.contains(f)) {
        let next = Place { node: 0, field };
        if illegible(draw.scope.field(next)) {
            continue;
        }
        draw.use_place(next);
        shown.columns.push((draw.scope.column(next), None));
        shown.nouns.push(draw.scope.shown(next));
        shown.places.push(next);
    }
    draw.use_place(place);
    if shown.columns.is_empty() || !shown.named && shown.nouns.is_empty() {
        return None;
    }
    let mut query = draw.scope.select();
    query.columns = shown.columns.clone();
    let rows = subject.many.clone();
    let speech = list::speech(draw, &shown, &rows);
    Some(Draft::new(query, speech))
}

pub(super) fn some_conditions(draw: &mut Draw) -> Option<Vec<super::super::condition::Condition>> {
    let many = draw.scope.subject().rows > FEW || draw.schema_only;
    let wanted = many && draw.rng.chance(50);
    let found = if wanted { draw.conditions(1, 1) } else { None };
    found.or_else(|| draw.conditions(0, 0))
}
