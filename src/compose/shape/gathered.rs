//! What the rows of a group hold together: percentiles of a number, their names in one text.

use super::super::aggregate::snake;
use super::super::draw::{Draft, Draw, apply};
use super::super::group;
use super::super::probe::filter_probes;
use super::super::say::Speech;
use super::super::taste;
use super::super::tree::{Select, aggregate as call_of};
use crate::schema::grammar;

/// Percentiles, modes and lists within groups.
pub(super) fn ordered(draw: &mut Draw) -> Option<Draft> {
    let key = if draw.rng.chance(70) || draw.fan.is_some() { Some(group::key(draw)?) } else { None };
    // how amounts spread at an hour of the day is nobody's question
    if key.as_ref().is_some_and(group::Key::recurs) {
        return None;
    }
    let place = draw.choose(|scope, p| {
        p.node == 0 && scope.field(p).measurable() && taste::plain(scope.field(p)) && scope.field(p).distinct > 5
    })?;
    draw.use_place(place);
    let column = draw.scope.column(place);
    let noun = draw.scope.noun(place);
    draw.measuring = true;
    let conditions = draw.conditions(usize::from(key.is_none()), 1)?;
    let rows = draw.rows_phrase(&conditions);
    let (sql, what, alias) = match draw.rng.below(8) {
        0..6 => ("percentile_cont(0.5) WITHIN GROUP (ORDER BY {})", format!("the median {noun}"), "median"),
        6 => (
            "percentile_cont(0.9) WITHIN GROUP (ORDER BY {})",
            format!("the 90th percentile of the {noun}"),
            "percentile_90",
        ),
        _ => ("percentile_disc(0.5) WITHIN GROUP (ORDER BY {})", format!("the median {noun}"), "median"),
    };
    let meaning = match sql.split_once('(') {
        Some(("percentile_disc", _)) => Some("Of two values in the middle the median is the lower one"),
        _ if alias == "percentile_90" => Some("The percentile is interpolated between the two nearest values"),
        _ => None,
    };
    let with_average = draw.rng.chance(35);
    let mut query = draw.scope.select();
    query.columns = key.iter().flat_map(|k| k.columns.clone()).collect();
    query.columns.push((call_of(sql, vec![column.clone()]), Some(alias.into())));
    if with_average {
        query.columns.push((call_of("avg({})", vec![column]), Some("average".into())));
    }
    apply(&mut query, &conditions);
    query.group = key.iter().flat_map(|k| k.group.clone()).collect();
    let probes = filter_probes(&query, &conditions);
    let measure =
        if with_average { format!("{what} and the average {noun} of {rows}") } else { format!("{what} of {rows}") };
    let verb = if with_average { "are" } else { "is" };
    let (nominal, questions) = match &key {
        Some(k) => k.asked(&mut draw.rng, &measure, verb, !conditions.is_empty()),
        None => (
            vec![measure.clone()],
            vec![
                format!("what {verb} {measure}"),
                format!("looking at {rows}, what {verb} {}", measure.trim_end_matches(&format!(" of {rows}"))),
            ],
        ),
    };
    let speech = Speech { nominal, questions, extras: Vec::new(), lists: false };
    Some(Draft { probes, evidence: meaning.map(str::to_owned), ..Draft::new(query, speech) })
}

/// string_agg: the names in each group as one text.
pub(super) fn names(draw: &mut Draw) -> Option<Draft> {
    let subject = draw.scope.subject();
    let [label] = subject.label.as_slice() else { return None };
    let key = group::key(draw)?;
    let place = super::super::scope::Place { node: 0, field: *label };
    if subject.rows > 3000 || !subject.label_unique || key.places.contains(&place) {
        return None;
    }
    let conditions = draw.conditions(0, 1)?;
    let rows = draw.rows_phrase(&conditions);
    let column = draw.scope.column(place);
    let noun = subject.fields[*label].noun.clone();
    let array = draw.rng.chance(12);
    let call = if array { "array_agg({} ORDER BY {})" } else { "string_agg({}, ', ' ORDER BY {})" };
    let mut query: Select = draw.scope.select();
    query.columns = key.columns.clone();
    query.columns.push((call_of(call, vec![column.clone(), column]), Some(snake(&subject.many))));
    apply(&mut query, &conditions);
    query.group = key.group.clone();
    let probes = filter_probes(&query, &conditions);
    let form = if array { "an array" } else { "a comma-separated list" };
    let each = &key.one;
    let names = grammar::plural(&noun);
    let what = if names == subject.many { format!("the {rows}") } else { format!("the {names} of the {rows}") };
    let per = key.per(&mut draw.rng, !conditions.is_empty());
    let nominal = vec![format!("{per} {each}, {form} of {what} in alphabetical order")];
    let questions = vec![format!("{per} {each}, what are {what}, in alphabetical order as {form}")];
    Some(Draft { probes, ..Draft::new(query, Speech { nominal, questions, extras: Vec::new(), lists: true }) })
}
