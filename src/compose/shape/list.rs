//! The rows that meet some conditions, shown by name and a few of their fields; and the different values of fields.

use super::super::condition::{self, Condition};
use super::super::draw::{Draft, Draw, apply};
use super::super::probe::filter_probes;
use super::super::say::{Extra, Speech, Style};
use super::super::scope::{Place, Scope};
use super::super::sense;
use super::super::tree::{JoinKind, Order};
pub(super) use super::shown::showable;
pub(in crate::compose) use super::shown::{Shown, shown};
use super::{figure, kept};
use crate::schema::grammar;
use crate::schema::roles::Role;

/// Rows that a list may have, as far as its conditions tell.
const MOST_ROWS: f64 = 1_500.0;

pub(in crate::compose) fn draw(draw: &mut Draw) -> Option<Draft> {
    // rows that have no name are counted and summed up rather than read
    let subject = draw.scope.subject();
    if subject.label.is_empty() && (subject.when.is_none() || draw.waiting().is_none() && draw.rng.chance(30)) {
        return None;
    }
    let mut conditions = if let Some(fan) = draw.fan { vec![figure::one_of(draw, fan)?] } else { Vec::new() };
    let shown = shown(draw, 0, 2);
    if shown.columns.is_empty() {
        return None;
    }
    let large = usize::from(draw.scope.subject().rows > 3_000);
    draw.searching = true;
    draw.measuring = shown.places.iter().any(|&p| draw.scope.field(p).role() == Role::Measure);
    conditions.extend(draw.conditions((1 + large).saturating_sub(conditions.len()), 2)?);
    if sense::settled(&draw.scope, &shown.places, &conditions) {
        return None;
    }
    // nobody reads so many rows, nor picks out the only one by the way
    let rows = draw.scope.subject().rows as f64;
    let left = conditions.iter().map(Condition::passing).product::<f64>() * rows;
    if left > MOST_ROWS && draw.waiting().is_none() || rows > 0.0 && left < 4.0 && conditions.len() > 1 {
        return None;
    }
    kept::beside(draw, &shown);
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

pub(in crate::compose) fn order(draw: &mut Draw, order: &mut Vec<Order>, shown: &Shown) -> Option<Extra> {
    let sortable: Vec<usize> = (0..shown.places.len())
        .filter(|&i| {
            // nobody looks for a text that explains by its first letter
            let place = shown.places[i];
            let long =
                ["value", "description", "units", "address", "street"].iter().any(|end| shown.nouns[i].ends_with(end));
            (!long || draw.scope.entity(place.node).label == [place.field])
                && matches!(
                    draw.scope.field(place).role(),
                    Role::Measure | Role::Time | Role::Year | Role::Dimension | Role::Name
                )
        })
        .collect();
    if let Some(&i) = draw.rng.pick(&sortable) {
        let place = shown.places[i];
        let field = draw.scope.field(place);
        let role = field.role();
        let descending = matches!(role, Role::Measure | Role::Time | Role::Year) && draw.rng.chance(55);
        let nullable =
            !field.filled(draw.scope.entity(place.node).rows) || draw.scope.nodes[place.node].kind == JoinKind::Left;
        if nullable && descending {
            return None;
        }
        order.push(Order { by: draw.scope.column(place), descending, nulls_last: false });
        // a person is sorted by one of two names
        let whole = &draw.scope.entity(place.node).label;
        let noun = &match whole.len() == 2 && whole.contains(&place.field) && place.node != 0 {
            true => format!("the {} {}", grammar::possessive(&shown.nouns[i]), field.noun),
            false => shown.nouns[i].clone(),
        };
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
            _ if !field.spelled() => "in ascending order",
            _ => {
                let (inline, sentence) = match draw.rng.below(3) {
                    0 => ("sorted by {} from A to Z", "Sort by {} from A to Z"),
                    1 => ("in alphabetical order of {}", "Sort alphabetically by {}"),
                    _ => ("sorted alphabetically by {}", "Sort alphabetically by {}"),
                };
                let said = |form: &str| form.replace("{}", noun);
                return Some(Extra::new(format!(", {}", said(inline)), said(sentence)));
            }
        };
        let word = draw.rng.word(&["sorted by", "ordered by", "arranged by", "by"]);
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
    let name = if label.len() == 2 { "last name and first name".to_owned() } else { own_label(&draw.scope, label[0]) };
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
        // an address is no name of an address, and a message of a screen message none either
        [one] if itself(*one) || subject.one.ends_with(&format!(" {}", subject.fields[*one].noun)) => String::new(),
        [one] => own_label(&draw.scope, *one),
        [] => String::new(),
        _ => "name".to_owned(),
    };
    let labels = grammar::plural(&label);
    let heavy =
        rows.contains(" whose ") || rows.contains(" with ") || rows.contains(" that ") || rows.contains(" who ");
    // behind what is long itself nobody looks for the rows
    let long = nouns.iter().any(|n| n.split(' ').count() > 3);
    if !shown.named {
        let one = grammar::and_list(nouns);
        let all = several(draw, shown);
        let are = if nouns.len() > 1 || all.is_some() { "are" } else { condition::be(&one) };
        let many = all.unwrap_or_else(|| one.clone());
        questions.push(format!("for {rows}, what {are} the {many}"));
        nominal.push(match long && !rows.contains(',') {
            true => format!("for {rows}, the {many}"),
            false => format!("the {many} of {rows}"),
        });
        // rows that refer to nothing are left out
        if !long && !draw.scope.drops() {
            let every = singular_rows(&subject.many, &subject.one, rows);
            nominal.push(format!("the {many} of all {rows}"));
            nominal.push(format!("the {one} of every {every}"));
        }
        if !long {
            questions.push(format!("what {are} the {many} of {rows}"));
        }
    } else if nouns.is_empty() {
        nominal.push(format!("all {rows}"));
        if *rows != subject.many {
            nominal.push(rows.to_owned());
        }
        if rows == subject.many || rows.ends_with(&subject.many) {
            questions.push(format!("which {rows} are there"));
        }
        if !label.is_empty() {
            nominal.push(format!("the {labels} of {rows}"));
            questions.push(format!("what are the {labels} of {rows}"));
        }
        questions.push(which(subject.many.as_str(), rows, subject.person));
    } else {
        let and = if nouns.len() > 1 { "," } else { " and" };
        let theirs = theirs(nouns);
        if !label.is_empty() && !long {
            nominal.push(format!("the {label}{and} {list} of {rows}"));
            questions.push(format!("what are the {label}{and} {list} of {rows}"));
        }
        if !heavy {
            nominal.push(format!("{rows} with {theirs}"));
            nominal.push(format!("{rows} and {theirs}"));
        }
        nominal.push(format!("{rows}, {} {theirs}", draw.rng.word(&["along with", "with"])));
        // of many there are many
        let (are, theirs) = match several(draw, shown).filter(|_| *rows != subject.many) {
            Some(many) => ("are", format!("their {many}")),
            None if nouns.len() > 1 => ("are", theirs),
            None => (condition::be(&nouns[0]), theirs),
        };
        // "what are the payers, and what is their city" asks for what is known
        if *rows == subject.many {
            questions.push(format!("for each {}, what {are} the {list}", subject.one));
        } else {
            questions.push(format!("{}, and what {are} {theirs}", which(&subject.many, rows, subject.person)));
        }
        if nouns.len() == 1 {
            let ask = if grammar::is_person(&nouns[0]) { "who" } else { "what" };
            questions.push(format!("{ask} {} the {} of each of the {rows}", condition::be(&nouns[0]), nouns[0]));
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

/// "their city and state", "their city and the quarter in which they were hired", "the domain of their email address".
fn theirs(nouns: &[String]) -> String {
    let whole = |noun: &String| {
        let link = [" of the ", " since the "].into_iter().find(|link| noun.contains(link));
        match link {
            _ if noun.contains(" which they ") => Some(format!("the {noun}")),
            Some(link) => Some(format!("the {}", noun.replacen(link, &link.replace("the", "their"), 1))),
            None => None,
        }
    };
    // "their mentor's gender and tariff" might both be the mentor's
    let anothers = nouns.iter().rev().skip(1).any(|noun| noun.contains("'s "));
    if !anothers && nouns.iter().all(|noun| whole(noun).is_none()) {
        return format!("their {}", grammar::and_list(nouns));
    }
    let each: Vec<String> = nouns.iter().map(|n| whole(n).unwrap_or_else(|| format!("their {n}"))).collect();
    grammar::and_list(&each)
}

/// What is listed alone is as many as its rows: "the phone numbers of staff members".
fn several(draw: &Draw, shown: &Shown) -> Option<String> {
    let [noun] = shown.nouns.as_slice() else { return None };
    let form = [" trimmed ", " in ", " with ", " ("].iter().filter_map(|f| noun.find(f)).min().unwrap_or(noun.len());
    let (head, rest) = noun.split_at(form);
    let kind = |p: &Place| {
        matches!(draw.scope.field(*p).role(), Role::Name | Role::Dimension | Role::Code | Role::Time | Role::FreeText)
    };
    let counted = if shown.places.is_empty() { head.ends_with("name") } else { shown.places.iter().all(kind) };
    let plain = counted && !condition::is_plural(head) && !head.contains([',', '(']) && !head.contains(" of ");
    plain.then(|| format!("{}{rest}", grammar::plural(head)))
}

fn own_label(scope: &Scope, field: usize) -> String {
    let noun = &scope.subject().fields[field].noun;
    let rest = noun.strip_prefix(scope.subject().one.as_str());
    // an address is no name of an address
    let itself = scope.subject().fields[field].traits.personal && rest == Some("");
    // the category of film categories is their name
    let head = scope.subject().one.rsplit(' ').next() == Some(noun.as_str());
    if !itself && (head || rest.is_some_and(|rest| matches!(rest, "" | " name" | " description"))) {
        "name".to_owned()
    } else {
        noun.clone()
    }
}

fn singular_rows(many: &str, one: &str, rows: &str) -> String {
    super::super::phrase::single(rows, many, one)
}

/// "films with .." -> "which films have ..": the condition becomes the verb where it can.
fn which(many: &str, rows: &str, person: bool) -> String {
    let rest = rows.strip_prefix(many).map(str::trim).unwrap_or("");
    // "which employees have city Calgary" recites a column
    let thing = |with: &str| {
        ["a ", "an ", "no ", "the "].iter().any(|w| with.starts_with(w))
            || with.starts_with(|c: char| c.is_ascii_digit())
    };
    if let Some(with) = rest.strip_prefix("with ")
        && thing(with)
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
    // "which staff members were hired on a Monday"
    if rest.split(' ').next().is_some_and(|first| first.ends_with("ed")) {
        return format!("which {many} were {rest}");
    }
    format!("{} are the {rows}", if person { "who" } else { "what" })
}

/// How values of a field stand in ascending order, in words.
pub(in crate::compose) fn output_order(draw: &mut Draw, place: Place) -> &'static str {
    match draw.scope.field(place).role() {
        Role::Dimension | Role::Name if draw.scope.field(place).spelled() => {
            draw.rng.word(&["in alphabetical order", "from A to Z", "alphabetically"])
        }
        _ => draw.rng.word(&["in ascending order", "from the lowest to the highest"]),
    }
}

#[cfg(test)]
mod tests {
    use super::theirs;

    #[test]
    fn what_is_anothers_does_not_take_in_what_follows() {
        let said = |nouns: [&str; 2]| theirs(&nouns.map(str::to_owned));
        assert_eq!(said(["city", "state"]), "their city and state");
        assert_eq!(said(["tariff", "mentor's gender"]), "their tariff and mentor's gender");
        assert_eq!(said(["mentor's gender", "tariff"]), "their mentor's gender and their tariff");
    }
}
