//! The first few: rows by one of their fields, groups by a figure.

use super::super::aggregate;
use super::super::condition::{self, Condition};
use super::super::draw::{Draft, Draw, apply};
use super::super::extreme::{extreme, superlative};
use super::super::figures;
use super::super::group;
use super::super::having::having;
use super::super::literal;
use super::super::phrase;
use super::super::probe::{cut_probe, filter_probes};
use super::super::say::{Extra, Speech};
use super::super::scope::{Place, Scope};
use super::super::sense;
use super::super::taste;
use super::super::tree::{Expr, Limit, Order, Select, aggregate as call_of, fill};
use super::breakdown::{cut, of_number};
use super::{figure, kept, lately, list};
use crate::candidate::Expect;
use crate::schema::grammar;
use crate::schema::roles::Role;

/// "the five longest films": rows ordered by a measure or a time.
pub(super) fn rows(draw: &mut Draw) -> Option<Draft> {
    if draw.fan.is_some() || draw.scope.subject().key.is_empty() {
        return None;
    }
    // the cheapest of order lines is no thing of which one asks
    if draw.scope.subject().label.is_empty() && draw.scope.subject().when.is_none() {
        return None;
    }
    let waiting = draw.waiting();
    let timely = |scope: &Scope, p: Place| waiting == Some(p) || taste::timely(scope.subject(), p.field);
    let by = draw.choose(|scope, p| {
        let field = scope.field(p);
        p.node == 0
            && !field.nullable
            && !field.raw
            && (field.measurable() && field.distinct > 10
                || field.role() == Role::Time && timely(scope, p) && field.distinct > 10)
    })?;
    draw.use_place(by);
    // the latest of those that were returned in June: by which time
    draw.timed |= draw.scope.field(by).role() == Role::Time;
    let shown = list::shown(draw, 0, 2);
    let conditions = draw.conditions(0, 2)?;
    if !telling(&conditions) || sense::settled(&draw.scope, &shown.places, &conditions) {
        return None;
    }
    kept::beside(draw, &shown);
    let n = [1, 3, 3, 5, 5, 5, 10, 10, 20][draw.rng.below(9)] as u64;
    let (noun, field) = (draw.scope.noun(by), draw.scope.field(by));
    let time = field.role() == Role::Time;
    let descending = draw.rng.chance(65);
    let mut query = draw.scope.select();
    query.columns = shown.columns.clone();
    // the smallest of what has no name are told by what they are
    let show_by = draw.scope.subject().label.is_empty() || draw.rng.chance(55);
    if show_by && !query.columns.iter().any(|(e, _)| *e == draw.scope.column(by)) {
        query.columns.push((draw.scope.column(by), None));
    }
    apply(&mut query, &conditions);
    let every = n == 1 && conditions.is_empty() && !draw.scope.drops();
    let (mut probes, ties) = if every && draw.rng.chance(45) {
        topmost(draw, &mut query, by, descending)
    } else {
        query.order = vec![Order { by: draw.scope.column(by), descending, nulls_last: false }];
        let left = left(draw, &conditions);
        let end = if descending { field.ends.1 } else { field.ends.0 };
        let end = end as f64 * left / draw.scope.subject().rows.max(1) as f64;
        let alike = (left / field.distinct.max(1) as f64).max(if end < 1.5 { 0.0 } else { end });
        // where one of the first is likely to share its value with another, the name decides
        let tied = alike * n as f64 > 1.0 && draw.scope.subject().label_unique;
        limited(draw, &mut query, n, alike.max(f64::from(u8::from(tied))) as u64)?
    };
    probes.extend(filter_probes(&query, &conditions));
    let rows = draw.rows_phrase(&conditions);
    let speech = rows_speech(draw, &shown, &rows, &noun, time, descending, n, show_by);
    let extras = speech.extras.into_iter().chain(ties).collect();
    Some(Draft { probes, ..Draft::new(query, Speech { extras, ..speech }) })
}

/// All rows that have the highest value.
fn topmost(draw: &mut Draw, query: &mut Select, by: Place, highest: bool) -> Cut {
    let all = Scope::alone(draw.world, draw.scope.nodes[0].entity, &format!("{}_all", draw.scope.nodes[0].alias));
    let call = if highest { "max({})" } else { "min({})" };
    let top = Select { columns: vec![(call_of(call, vec![all.column(by)]), None)], ..all.select() };
    let without = query.clone();
    query.filter.push(fill("{} = {}", vec![draw.scope.column(by), Expr::Query(Box::new(top))]));
    (vec![("filter", without, Expect::Differs)], Some(ties_too(draw)))
}

/// About how many rows meet the conditions.
fn left(draw: &Draw, conditions: &[Condition]) -> f64 {
    let share = |c: &Condition| if c.share > 0.0 { c.share } else { 0.4 };
    draw.scope.subject().rows as f64 * conditions.iter().map(share).product::<f64>()
}

/// Conditions that nearly every row meets leave the first few as they are.
fn telling(conditions: &[Condition]) -> bool {
    conditions.iter().all(|c| c.passing() < 0.9)
}

/// Whether counts of rows by group are so near to each other that two of the first n are likely to be the same: chance
/// alone spreads them by the root of their mean.
fn likely_tied(rows: f64, groups: u64, n: u64) -> bool {
    let (groups, n) = (groups.max(2) as f64, n as f64);
    let gap = (rows / groups / (2.0 * groups.ln())).sqrt() / n;
    rows > 0.0 && gap < 1.0
}

/// Cuts rows by one of three honest ways: no tie (proved), ties kept, ties broken by name. Where about `alike` rows
/// share a value, the first of them is a matter of luck.
fn limited(draw: &mut Draw, query: &mut Select, n: u64, alike: u64) -> Option<Cut> {
    let subject = draw.scope.subject();
    let label = subject.label.first().filter(|_| subject.label_unique).map(|&field| Place { node: 0, field });
    let chance = draw.rng.below(100);
    match label {
        _ if alike < 4 && chance < 13 => Some(with_ties(draw, query, n)),
        Some(label) if alike > 0 || chance < 36 => {
            query.order.push(Order { by: draw.scope.column(label), descending: false, nulls_last: false });
            let noun = draw.scope.field(label).noun.clone();
            Some((cut(query, n), Some(broken(draw, &noun))))
        }
        _ if alike < 2 => Some((cut(query, n), None)),
        _ if alike < 6 && n <= 5 => Some(with_ties(draw, query, n)),
        _ => None,
    }
}

/// The proofs of a cut, and what is said of ties.
type Cut = (Vec<(&'static str, Select, Expect)>, Option<Extra>);

fn broken(draw: &mut Draw, noun: &str) -> Extra {
    let inline = match draw.rng.below(3) {
        0 => format!(", with ties broken by {noun}"),
        1 => format!(", ties broken by {noun}"),
        _ => format!(" (ties by {noun})"),
    };
    Extra::new(inline, format!("Break ties by {noun}"))
}

/// Rows that tie with the last one are kept.
pub(in crate::compose) fn ties_too(draw: &mut Draw) -> Extra {
    let inline = draw.rng.word(&[", including ties", ", with ties", " (with ties)", ", ties included"]);
    let sentence = draw.rng.word(&["Include ties", "Keep ties", "Include any ties"]);
    Extra::new(inline, sentence)
}

fn with_ties(draw: &mut Draw, query: &mut Select, n: u64) -> Cut {
    query.limit = Some(Limit::WithTies(n));
    (vec![cut_probe(query)], Some(ties_too(draw)))
}

#[allow(clippy::too_many_arguments)]
fn rows_speech(
    draw: &mut Draw,
    shown: &list::Shown,
    rows: &str,
    noun: &str,
    time: bool,
    descending: bool,
    n: u64,
    show_by: bool,
) -> Speech {
    let subject = draw.scope.subject();
    let main = draw.scope.subject().when.is_some_and(|w| draw.scope.noun(Place { node: 0, field: w }) == noun);
    let top = match (time, descending) {
        (true, true) => draw.rng.word(&["latest", "most recent"]),
        (true, false) if main => draw.rng.word(&["earliest", "oldest"]),
        (true, false) => "earliest",
        (false, high) => superlative(noun, high).unwrap_or_else(|| extreme(&mut draw.rng, noun, high)),
    };
    // "the five longest films", "the latest payments"
    let straight = main && time || !time && superlative(noun, descending).is_some();
    let one = phrase::single(rows, &subject.many, &subject.one);
    if let Some(speech) = lately::speech(draw, shown, (rows, &one), noun, time && !main, descending, n, show_by) {
        return speech;
    }
    let (number, these) = if n == 1 { (String::new(), one) } else { (format!("{} ", of_number(n)), rows.to_owned()) };
    let what = if straight { format!("{top} {these}") } else { these.clone() };
    let linked =
        rows.contains(" with ") || rows.contains(" whose ") || rows.contains(" that ") || rows.contains(" who ");
    let (by, having) = match (straight, linked) {
        (true, _) => (String::new(), String::new()),
        (false, false) => (format!(" with the {top} {noun}"), format!(" with the {top} {noun}")),
        (false, true) => (format!(" that {} the {top} {noun}", if n == 1 { "has" } else { "have" }), String::new()),
    };
    let by = if subject.person { by.replace(" that ", " who ") } else { by };
    let mut nominal = Vec::new();
    let mut questions = Vec::new();
    let mut nouns = shown.nouns.clone();
    if show_by && !nouns.iter().any(|n| n == noun) {
        nouns.push(noun.to_owned());
    }
    let list = grammar::and_list(&nouns);
    let head = if linked && !straight {
        let among = rows.strip_prefix(&subject.many).map_or_else(|| rows.to_owned(), |rest| format!("those{rest}"));
        let kind = if n == 1 { &subject.one } else { &subject.many };
        format!("the {number}{kind} with the {top} {noun} among {among}")
    } else {
        format!("the {number}{what}{having}")
    };
    let tail = if shown.named && nouns.is_empty() {
        String::new()
    } else {
        format!(", showing the {list}").replace(
            "showing the ",
            draw.rng.word(&["showing the ", "with the ", "with ", if n == 1 { "and its " } else { "and their " }]),
        )
    };
    if shown.named || !nouns.is_empty() {
        if shown.named {
            nominal.push(format!("{head}{tail}"));
        } else {
            nominal.push(format!("the {list} of {head}"));
        }
    }
    if !linked || straight {
        let verb = if n == 1 { "has" } else { "have" };
        if straight {
            questions.push(format!("which {number}{these} {} the {top}", if n == 1 { "is" } else { "are" }));
        } else {
            questions.push(format!("which {number}{these} {verb} the {top} {noun}"));
        }
        questions.push(format!("what {} the {number}{what}{by}", if n == 1 { "is" } else { "are" }));
    } else {
        questions
            .push(format!("among {rows}, which {number}{} the {top} {noun}", if n == 1 { "one has" } else { "have" }));
        questions
            .push(format!("of all {rows}, which {number}{} the {top} {noun}", if n == 1 { "has" } else { "have" }));
    }
    // what has no name is not found by which it is
    let (tail, questions) = match shown.named || nouns.is_empty() {
        true => (tail, questions),
        false => {
            let are = if let [only] = nouns.as_slice() { condition::be(only) } else { "are" };
            (String::new(), vec![format!("what {are} the {list} of {head}")])
        }
    };
    let mut extras = Vec::new();
    let questions = questions
        .into_iter()
        .map(|q| {
            if tail.is_empty() {
                q
            } else {
                format!(
                    "{q}, and what {} {} {list}",
                    match nouns.as_slice() {
                        [only] => condition::be(only),
                        _ => "are",
                    },
                    if n == 1 && !subject.person { "its" } else { "their" }
                )
            }
        })
        .collect();
    if n > 1 && !matches!(top, "most" | "fewest") && draw.rng.chance(15) {
        extras.push(Extra::new(format!(", {top} first"), format!("{} first", grammar::capitalize(top))));
    }
    Speech { nominal, questions, extras, lists: true }
}

/// "the five customers with the highest total amount": groups by a figure.
pub(super) fn groups(draw: &mut Draw) -> Option<Draft> {
    let key = group::key(draw)?;
    let flag = key.places.iter().any(|&p| draw.scope.field(p).role() == Role::Flag);
    if key.time && draw.rng.chance(60) || flag || key.size > 0 && key.size < 4 {
        return None;
    }
    // what ranks is not rounded, or ties would come of it
    let figure = figure::figures(draw, 1, 1).pop()?;
    let (sql, noun) =
        (aggregate::unrounded(&figure), figure.noun.split(" rounded to ").next().unwrap_or("").to_owned());
    let figure = aggregate::Figure { sql, noun, ..figure };
    // weekdays and months have many and few
    let recurring = !key.time && key.places.iter().any(|&p| draw.scope.field(p).role() == Role::Time);
    if recurring && !figure.counts {
        return None;
    }
    // the highest of the highest is one of the rows
    if figure.time || figure.alias.starts_with("max_") || figure.alias.starts_with("min_") {
        return None;
    }
    // "the two quarters in which they started with the most conditions", "the kind of condition with most of them"
    let circular = figure.counts && key.one.ends_with(&format!(" of {}", draw.scope.subject().one));
    if circular || key.one.contains("which they ") {
        return None;
    }
    let conditions = draw.conditions(0, 2)?;
    if !telling(&conditions) {
        return None;
    }
    let many = draw.scope.subject().many.clone();
    // no more groups than rows, and of groups that hardly have a row each none has more than the others
    let rows = left(draw, &conditions);
    if figure.counts && rows > 0.0 && rows < 1.5 * key.size as f64 {
        return None;
    }
    let most = if key.size == 0 { 10 } else { (key.size / 2).max(1) as usize };
    let n = [1, 3, 3, 3, 5, 5, 10, 1][draw.rng.below(8)].min(most) as u64;
    let figure_counts = figure.counts || figure.noun.starts_with("number ");
    let descending = draw.rng.chance(75) || figure_counts && key.has_gaps(!conditions.is_empty());
    let show = draw.rng.chance(60);
    let mut query = draw.scope.select();
    query.columns = key.columns.clone();
    if show {
        query.columns.push((figure.sql.clone(), Some(figure.alias.clone())));
    }
    apply(&mut query, &conditions);
    query.group = key.group.clone();
    let having = if draw.rng.chance(15) && !figure.counts {
        having(draw, std::slice::from_ref(&key), &many, &conditions, std::slice::from_ref(&figure))
    } else {
        None
    };
    query.having = having.iter().map(|h| h.sql.clone()).collect();
    let by = if show && !figure.alias.is_empty() {
        Expr::Column(String::new(), figure.alias.clone())
    } else {
        aggregate::unrounded(&figure)
    };
    // a group without a figure is not the first
    let missing = |p: Place| draw.scope.field(p).nulls > 0 || draw.schema_only && draw.scope.field(p).nullable;
    let nulls_last = descending && figure.place.is_some_and(missing) && !figure_counts;
    query.order = vec![Order { by, descending, nulls_last }];
    let mut ties = None;
    let breakable = key.columns.len() == 1 && key.group.len() == 1 && !key.time;
    let tied = figure_counts && likely_tied(rows, key.size, n);
    let mut probes = if draw.rng.chance(12) || tied && !breakable {
        let (probes, extra) = with_ties(draw, &mut query, n);
        ties = extra;
        probes
    } else if breakable && (tied || draw.rng.chance(if figure.counts && n > 2 { 60 } else { 25 })) {
        query.order.push(Order { by: key.group[0].clone(), descending: false, nulls_last: false });
        ties = Some(broken(draw, if key.entity { "name" } else { &key.one }));
        cut(&mut query, n)
    } else {
        cut(&mut query, n)
    };
    probes.extend(filter_probes(&query, &conditions));
    if having.is_some() {
        let mut without = query.clone();
        without.having.clear();
        probes.push(("having", without, Expect::Differs));
    }
    let rows = draw.rows_phrase(&conditions);
    let noun = figures::named(&figure, &rows);
    let top = if descending { "highest" } else { "lowest" };
    // "the most recent rentals" are others
    let clear = !["recent ", "early ", "late "].iter().any(|w| rows.starts_with(w));
    let top =
        if figure.counts && clear && draw.rng.chance(70) { if descending { "most" } else { "fewest" } } else { top };
    let measured = if top == "most" || top == "fewest" {
        format!("the {top} {rows}")
    } else if figure.counts {
        format!("the {top} {noun}")
    } else {
        format!("the {top} {noun} of {rows}")
    };
    let number = if n == 1 { String::new() } else { format!("{} ", literal_word(n)) };
    let keys = if n == 1 { key.one.clone() } else { key.many.clone() };
    let limit = having.as_ref().map_or(String::new(), |h| format!(", considering only {} with {}", key.many, h.words));
    let tail = if show {
        let number = ["and how many", "with the number for each", "and how many each has"];
        let figure = ["and what it is", "with the value for each", "with the figure"];
        let (number, figure) =
            if n == 1 { (&number[..1], &figure[..1]) } else { (&number[..2 + usize::from(key.entity)], &figure[1..]) };
        format!(", {}", draw.rng.word(if figure_counts { number } else { figure }))
    } else {
        String::new()
    };
    let verb = if n == 1 { "has" } else { "have" };
    let nominal = vec![format!("the {number}{keys} with {measured}{limit}{tail}")];
    // "and how many" is asked, "with the number" is given
    let asked = match (show, figure_counts) {
        (false, _) => "",
        (true, true) => ", and how many",
        (true, false) if n == 1 => ", and what is it",
        (true, false) => ", and what is it for each",
    };
    let beside = match (show, figure_counts) {
        (true, true) if n > 1 => ", with the number for each",
        (true, false) if n > 1 => ", with the value for each",
        _ => asked,
    };
    let who = if key.person { "who" } else { "what" };
    let questions = vec![
        format!("which {number}{keys} {verb} {measured}{limit}{asked}"),
        format!("{who} {} the {number}{keys} with {measured}{limit}{beside}", if n == 1 { "is" } else { "are" }),
    ];
    let extras = ties.into_iter().collect();
    Some(Draft { probes, ..Draft::new(query, Speech { nominal, questions, extras, lists: true }) })
}

fn literal_word(n: u64) -> String {
    if n <= 12 { grammar::number_word(n) } else { literal::number_words(n as f64, false) }
}
