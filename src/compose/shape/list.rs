//! The rows that meet some conditions, shown by name and a few of their fields; and the different values of fields.

use super::super::condition::{self, Condition};
use super::super::draw::{Draft, Draw, apply};
use super::super::probe::filter_probes;
use super::super::say::{Extra, Speech, Style};
use super::super::scope::{Place, Scope};
use super::super::sense;
use super::super::tree::{Expr, JoinKind, Order};
use super::figure;
use crate::schema::grammar;
use crate::schema::roles::Role;

/// Shown columns and what they are called; `named` where the rows' own name comes first.
pub(in crate::compose) struct Shown {
    pub columns: Vec<(Expr, Option<String>)>,
    pub nouns: Vec<String>,
    pub named: bool,
    pub places: Vec<Place>,
}

pub(super) fn showable(scope: &Scope, place: Place) -> bool {
    let field = scope.field(place);
    let entity = scope.entity(place.node);
    match field.role() {
        Role::Key | Role::Opaque | Role::Search | Role::Json => false,
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
        || entity.fields[place.field].role() == Role::Dimension && sense::worth(scope, place)
}

fn constant(scope: &Scope, place: Place) -> bool {
    let field = scope.field(place);
    let filled = field.nulls < scope.entity(place.node).rows || scope.entity(place.node).rows == 0;
    let open = !matches!(field.role(), Role::Key | Role::Opaque | Role::Search | Role::Json);
    open && filled && !field.varied && !field.traits.audit
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
            found.columns.push((super::super::tree::fill(form, columns), Some("name".to_owned())));
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
            Some(field) => {
                let place = Place { node: 0, field };
                draw.use_place(place);
                found.columns.push((draw.scope.column(place), None));
                found.nouns.push(draw.scope.bare(place));
                found.places.push(place);
            }
            // they would come out alike
            None if draw.scope.subject().rows > 0 => return found,
            None => {}
        }
    }
    let floor = if found.named { 0 } else { 2 - found.columns.len() };
    let wanted = draw.rng.between(least.max(floor), most.max(floor));
    for _ in 0..wanted {
        let fan = draw.fan;
        // a column in focus is shown even where all its values are the same
        let constant = draw.waiting().filter(|&p| constant(&draw.scope, p) && fan != Some(p.node));
        let waiting = draw.waiting();
        let chosen = constant.or_else(|| {
            draw.choose(|scope, p| {
                showable(scope, p)
                    && fan != Some(p.node)
                    && !scope.constant(p.node)
                    && (waiting == Some(p) || related(scope, p))
            })
        });
        let Some(place) = chosen else { break };
        draw.use_place(place);
        let noun = draw.scope.bare(place);
        let name = &draw.scope.field(place).name;
        let taken = found
            .columns
            .iter()
            .any(|(e, a)| a.as_deref() == Some(name) || matches!(e, Expr::Column(_, n) if n == name));
        let renamed = super::super::aggregate::snake(&noun);
        let twice = found.columns.iter().any(|(_, a)| a.as_deref() == Some(&renamed));
        if taken && (renamed == *name || twice) {
            continue;
        }
        let alias = (taken || place.node != 0 && draw.rng.chance(40)).then_some(renamed).filter(|a| a != name);
        found.columns.push((draw.scope.column(place), alias));
        found.nouns.push(noun);
        found.places.push(place);
    }
    found
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
    // what has no name has a number
    let number = |f: &usize| subject.fields[*f].whole() && subject.key == [subject.fields[*f].name.clone()];
    if let Some(key) = (0..subject.fields.len()).find(number).filter(|_| draw.rng.chance(65)) {
        return Some(key);
    }
    subject.when.filter(|w| fields.contains(w)).or_else(|| draw.rng.pick(&fields).copied())
}

/// Rows that a list may have, as far as its conditions tell.
const MOST_ROWS: f64 = 1_500.0;

pub(in crate::compose) fn draw(draw: &mut Draw) -> Option<Draft> {
    let mut conditions = if let Some(fan) = draw.fan { vec![figure::one_of(draw, fan)?] } else { Vec::new() };
    let shown = shown(draw, 0, 2);
    if shown.columns.is_empty() {
        return None;
    }
    let large = usize::from(draw.scope.subject().rows > 3_000);
    conditions.extend(draw.conditions((1 + large).saturating_sub(conditions.len()), 3)?);
    // nobody reads so many rows
    let left = conditions.iter().map(Condition::passing).product::<f64>() * draw.scope.subject().rows as f64;
    if left > MOST_ROWS && draw.waiting().is_none() {
        return None;
    }
    keep_childless(draw, &shown);
    let rows = draw.rows_phrase(&conditions);
    let mut query = draw.scope.select();
    query.columns = shown.columns.clone();
    apply(&mut query, &conditions);
    let mut extras = Vec::new();
    if draw.rng.chance(28) || draw.style == Style::MultiTurn {
        extras.extend(order(draw, &mut query.order, &shown));
    }
    let probes = filter_probes(&query, &conditions);
    let speech = Speech { extras, ..speech(draw, &shown, &rows) };
    Some(Draft { probes, ..Draft::new(query, speech) })
}

/// Parents that may be missing and are only shown: their children are kept.
fn keep_childless(draw: &mut Draw, shown: &Shown) {
    for node in 1..draw.scope.nodes.len() {
        let Some((from, edge, true)) = draw.scope.nodes[node].via else { continue };
        let optional = draw.world.graph.edges[edge].optional;
        let only_shown = draw.used.iter().filter(|p| p.node == node).all(|p| shown.places.contains(p));
        let end = !draw.scope.nodes.iter().any(|n| n.via.is_some_and(|v| v.0 == node));
        let seen = draw.used.iter().any(|p| p.node == node);
        if optional && only_shown && end && seen && draw.scope.nodes[from].kind == JoinKind::Inner {
            draw.scope.nodes[node].kind = JoinKind::Left;
        }
    }
}

pub(super) fn order(draw: &mut Draw, order: &mut Vec<Order>, shown: &Shown) -> Option<Extra> {
    let sortable: Vec<usize> = (0..shown.places.len())
        .filter(|&i| {
            matches!(
                draw.scope.field(shown.places[i]).role(),
                Role::Measure | Role::Time | Role::Year | Role::Dimension | Role::Name
            )
        })
        .collect();
    if let Some(&i) = draw.rng.pick(&sortable) {
        let place = shown.places[i];
        let field = draw.scope.field(place);
        let role = field.role();
        let descending = matches!(role, Role::Measure | Role::Time | Role::Year) && draw.rng.chance(55);
        let nullable = field.nullable && field.nulls > 0 || draw.scope.nodes[place.node].kind == JoinKind::Left;
        if nullable && descending {
            return None;
        }
        order.push(Order { by: draw.scope.column(place), descending, nulls_last: false });
        let noun = &shown.nouns[i];
        let name = &draw.scope.subject().label;
        if let (Role::Dimension, [label], true) = (role, name.as_slice(), draw.rng.chance(45)) {
            let own = Place { node: 0, field: *label };
            order.push(Order { by: draw.scope.column(own), descending: false, nulls_last: false });
            let also = own_label(&draw.scope, *label);
            let word = draw.rng.word(&["sorted by", "ordered by", "arranged by"]);
            return Some(Extra::new(
                format!(", {word} {noun} and then {also}"),
                format!("Sort by {noun}, then by {also}"),
            ));
        }
        let how = match (role, descending) {
            (Role::Time | Role::Year, true) => draw.rng.word(&["newest first", "latest first", "most recent first"]),
            (Role::Time | Role::Year, false) => draw.rng.word(&["oldest first", "earliest first"]),
            (Role::Measure, true) => draw.rng.word(&["highest first", "from highest to lowest", "in descending order"]),
            (Role::Measure, false) => draw.rng.word(&["lowest first", "from lowest to highest", "in ascending order"]),
            _ => draw.rng.word(&["alphabetically", "from A to Z"]),
        };
        let word = draw.rng.word(&["sorted by", "ordered by", "arranged by", "by"]);
        // what is shown alone is what they are sorted by
        let amount = matches!(role, Role::Measure | Role::Time | Role::Year);
        if amount && shown.nouns.len() == 1 && !noun.contains(' ') && draw.rng.chance(40) {
            return Some(Extra::new(format!(", {how}"), format!("Sort {how}").replace("Sort in", "Sort it in")));
        }
        return Some(Extra::new(format!(", {word} {noun}, {how}"), format!("Sort by {noun}, {how}")));
    }
    if !shown.named {
        return None;
    }
    let label = draw.scope.subject().label.clone();
    let by: Vec<usize> = if label.len() == 2 { vec![label[1], label[0]] } else { label.clone() };
    order.extend(by.iter().map(|&field| Order {
        by: draw.scope.column(Place { node: 0, field }),
        descending: false,
        nulls_last: false,
    }));
    let name = if label.len() == 2 {
        "last name and first name".to_owned()
    } else {
        draw.scope.field(Place { node: 0, field: label[0] }).noun.clone()
    };
    let word = draw.rng.word(&["in alphabetical order of", "sorted alphabetically by", "ordered by"]);
    Some(Extra::new(format!(", {word} {name}"), format!("Sort by {name}")))
}

/// "films with .. and their length": what is asked of the rows.
pub(in crate::compose) fn speech(draw: &mut Draw, shown: &Shown, rows: &str) -> Speech {
    let nouns = &shown.nouns;
    let left = draw.scope.nodes.iter().any(|n| n.kind == JoinKind::Left);
    let mut nominal = Vec::new();
    let mut questions = Vec::new();
    let list = grammar::and_list(nouns);
    let subject = draw.scope.subject();
    let itself = |field: usize| subject.fields[field].traits.personal && subject.fields[field].noun == subject.one;
    let label = match subject.label.as_slice() {
        // an address is no name of an address
        [one] if itself(*one) => String::new(),
        [one] => own_label(&draw.scope, *one),
        [] => String::new(),
        _ => "name".to_owned(),
    };
    let labels = grammar::plural(&label);
    let heavy =
        rows.contains(" whose ") || rows.contains(" with ") || rows.contains(" that ") || rows.contains(" who ");
    let that = if subject.person { "who" } else { "which" };
    if !shown.named {
        let many = grammar::and_list(nouns);
        let are = if nouns.len() > 1 { "are" } else { condition::be(&nouns[0]) };
        nominal.push(format!("the {many}, for {rows}"));
        questions.push(format!("for {rows}, what {are} the {many}"));
        // what is long itself leaves no place behind it
        if nouns.iter().all(|n| n.split(' ').count() < 6) {
            let every = singular_rows(&subject.many, &subject.one, rows);
            nominal.push(format!("the {many} of {rows}"));
            nominal.push(format!("the {many} of all {rows}"));
            nominal.push(format!("the {many} of every {every}"));
            questions.push(format!("what {are} the {many} of {rows}"));
        }
    } else if nouns.is_empty() {
        nominal.push(format!("all {rows}"));
        nominal.push(rows.to_owned());
        questions.push(format!("{that} {rows} are there").replace("who ", "which "));
        if !label.is_empty() {
            nominal.push(format!("the {labels} of {rows}"));
            questions.push(format!("what are the {labels} of {rows}"));
        }
        questions.push(which(subject.many.as_str(), rows, subject.person));
    } else {
        let and = if nouns.len() > 1 { "," } else { " and" };
        if !label.is_empty() {
            nominal.push(format!("the {label}{and} {list} of {rows}"));
            questions.push(format!("what are the {label}{and} {list} of {rows}"));
        }
        if !heavy {
            nominal.push(format!("{rows} with their {list}"));
            nominal.push(format!("{rows} and their {list}"));
        }
        nominal.push(format!("{rows}, {} {list}", draw.rng.word(&["along with their", "with", "showing", "plus"])));
        // what is said of them goes before them
        if nouns.iter().all(|n| n.split(' ').count() < 4) {
            nominal.push(format!("{list} for {rows}"));
            nominal.push(format!("the {list} of {rows}"));
        }
        questions.push(format!(
            "{}, and what {} their {list}",
            which(&subject.many, rows, subject.person),
            if nouns.len() > 1 { "are" } else { condition::be(&nouns[0]) }
        ));
        if nouns.len() == 1 {
            questions.push(
                format!("what {} the {} of {} of {rows}", condition::be(&nouns[0]), nouns[0], "each")
                    .replace("of each of", "of each of the"),
            );
        }
    }
    let mut extras = Vec::new();
    if left && let Some(node) = draw.scope.nodes.iter().position(|n| n.kind == JoinKind::Left) {
        let role = draw.scope.role_noun(node);
        extras.push(Extra::new(
            format!(", including those without {}", grammar::with_article(&role)),
            format!("Keep those that have no {role}"),
        ));
    }
    Speech { nominal, questions, extras, lists: true }
}

fn own_label(scope: &Scope, field: usize) -> String {
    let noun = &scope.subject().fields[field].noun;
    if *noun == scope.subject().one { "name".to_owned() } else { noun.clone() }
}

fn singular_rows(many: &str, one: &str, rows: &str) -> String {
    super::super::phrase::single(rows, many, one)
}

/// "films with .." -> "which films have ..": the condition becomes the verb where it can.
fn which(many: &str, rows: &str, person: bool) -> String {
    let rest = rows.strip_prefix(many).map(str::trim).unwrap_or("");
    if let Some(with) = rest.strip_prefix("with ")
        && !with.contains(" whose ")
        && !with.contains(" who ")
        && !with.contains(" that ")
    {
        return format!("which {many} have {with}");
    }
    let that = if person { "who are " } else { "that are " };
    if let Some(adjective) = rest.strip_prefix(that)
        && !adjective.contains(" whose ")
    {
        return format!("which {many} are {adjective}");
    }
    format!("which are the {rows}")
}

/// How values of a field stand in ascending order, in words.
pub(in crate::compose) fn output_order(draw: &mut Draw, place: Place) -> &'static str {
    match draw.scope.field(place).role() {
        Role::Dimension | Role::Name if !draw.scope.field(place).whole() => {
            draw.rng.word(&["in alphabetical order", "from A to Z", "alphabetically"])
        }
        _ => draw.rng.word(&["in ascending order", "from the lowest to the highest"]),
    }
}
