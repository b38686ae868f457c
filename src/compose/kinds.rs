//! Conditions on kinds: one of a few values, several of them, all but one, an element of a list.

use super::belonging::belonging;
use super::condition::{Condition, be, is_plural};
use super::literal;
use super::polish::touches;
use super::random::Rng;
use super::scope::{Place, Scope};
use super::taste;
use super::tree::{Expr, fill, text};
use super::world::LOOKUP;
use crate::schema::grammar;

/// What things are in, by name.
pub(super) const GROUPS: &[&str] =
    &["category", "genre", "class", "group", "department", "region", "type", "status", "language"];

/// What one has of a kind: "readers with a student membership".
const HELD: &[&str] = &["membership", "subscription", "contract", "license", "ticket", "account"];

pub(super) fn value(rng: &mut Rng, scope: &Scope, place: Place) -> Option<Condition> {
    let field = scope.field(place);
    let entity = scope.entity(place.node);
    let rows = entity.rows.saturating_sub(field.nulls);
    // a row asked for by its own name is no set of rows
    if place.node == 0 && entity.label.contains(&place.field) {
        return None;
    }
    // what a code stands for is known to those alone who made it
    // what stands as a city, too, is no state
    let cities = || entity.fields.iter().filter(|f| matches!(f.noun.rsplit(' ').next(), Some("city" | "town")));
    let wide = matches!(field.noun.rsplit(' ').next(), Some("state" | "region" | "county" | "district"));
    let misplaced = |v: &str| wide && cities().any(|f| f.values.iter().any(|(city, _)| city == v));
    // one of several that share a name would have to be told from the others
    let named = place.node != 0 && entity.label.contains(&place.field) && !entity.label_unique && rows > 0;
    let single = |n: u64| !named || entity.label.len() == 1 && n == 1 && entity.rows <= LOOKUP;
    let told =
        |(v, n): &&(String, u64)| (*n < rows || rows <= 1) && single(*n) && taste::speaks(field, v) && !misplaced(v);
    let usable: Vec<&(String, u64)> = field.values.iter().filter(told).collect();
    if usable.is_empty() {
        return None;
    }
    let noun = scope.bare(place);
    let column = scope.column(place);
    let quoted = rng.chance(12);
    let said = |v: &str| literal::text_words(v, quoted);
    // what many rows have is asked for more than what a few have
    let weights: Vec<usize> = (0..usable.len()).map(|rank| 60 / (rank + 3) + 1).collect();
    let pick = |rng: &mut Rng| usable[rng.weighted(&weights)].0.clone();
    let first = pick(rng);
    let described_by_word = taste::adjective(field, &first).is_some();
    // all but one of many is hardly another set of rows
    // nor of what hardly every row has: nothing is not another kind
    let all_but =
        !field.nullable && !scope.optional(place.node) && (3..=20).contains(&usable.len()) && field.distinct <= 20;
    // values of all kinds of things have nothing in common, nor have any two of many
    let long = first.split(' ').count() > 2;
    let of_few = !taste::of_many(field) || super::sense::placed(field) && field.distinct <= 30;
    let several = usable.len() > 2 && !described_by_word && !noun.ends_with("value") && !long && of_few;
    // emergencies and check-ups are of interest to those alone who look at visits
    let near = if place.node == 0 { 2 } else { 1 };
    let kinds = [62, if several { 8 * near } else { 0 }, if all_but && !described_by_word { 5 * near } else { 0 }];
    let mut condition = Condition::default();
    let share =
        |v: &str| field.values.iter().find(|(o, _)| o == v).map_or(0.0, |(_, n)| *n as f64 / rows.max(1) as f64);
    match rng.weighted(&kinds) {
        0 => {
            condition.share = share(&first);
            condition.sql = vec![fill("{} = {}", vec![column, text(literal::text_sql(&first))])];
            condition.equal = true;
            condition.terse = Some(format!("{noun} {}", said(&first)));
            condition.whose = Some(format!("{noun} {} {}", be(&noun), said(&first)));
            if place.node == 0 && !is_plural(&noun) {
                condition.with = Some(format!("the {noun} {}", said(&first)));
            }
            match taste::adjective(field, &first) {
                Some(word) => described(scope, place, word, &mut condition),
                None => adjective(rng, scope, place, &noun, &first, &said(&first), &mut condition),
            }
        }
        1 => {
            let mut values = vec![first];
            for _ in 0..[1, 1, 1, 2][rng.below(4)] {
                let next = pick(rng);
                if !values.contains(&next) {
                    values.push(next);
                }
            }
            if values.len() < 2 || values.len() as u64 >= field.distinct {
                return None;
            }
            condition.share = values.iter().map(|v| share(v)).sum();
            let list = values.iter().map(|v| literal::text_sql(v)).collect::<Vec<_>>().join(", ");
            let words = alike(values.iter().map(|v| said(v)).collect(), &values);
            condition.sql = vec![Expr::Mix(vec![column, text(format!(" IN ({list})"))])];
            let either = if words.len() == 2 && rng.chance(40) { "either " } else { "" };
            condition.whose = Some(format!("{noun} {} {either}{}", be(&noun), grammar::or_list(&words)));
            condition.terse = Some(format!("{noun} {}", grammar::or_list(&words)));
            let either = grammar::or_list(&words);
            // "ambulatory or outpatient visits", "hospitals or clinics": together, and not one figure for each
            if values.iter().all(|v| classes(scope, place, &noun, v)) {
                let spaced: Vec<String> = values.iter().map(|v| v.replace('_', " ")).collect();
                let things = spaced.iter().filter(|v| is_thing(v)).count();
                if things == values.len() {
                    let many: Vec<String> = spaced.iter().map(|v| grammar::plural(v)).collect();
                    condition.class = Some(grammar::or_list(&many));
                    condition.that = Some(format!("are {}", grammar::or_list(&many)));
                } else if things == 0 {
                    condition.before = Some(grammar::or_list(&spaced));
                } else {
                    let many: Vec<String> = values.iter().map(|v| kind_of(scope, v)).collect();
                    condition.that = Some(format!("are {}", grammar::or_list(&many)));
                    condition.class = Some(grammar::or_list(&many));
                }
            }
            condition.post = belonging(scope, place, &noun, &either);
            if let Some(at) = whereabouts(scope, place, &noun) {
                let words: Vec<String> = values.iter().map(|v| grounded(&noun, v)).collect();
                condition.post = (!at.ends_with(" the")).then(|| format!("{at} {}", grammar::or_list(&words)));
            }
        }
        _ => {
            let other = pick(rng);
            if other != first && usable.len() > 3 && rng.chance(15) {
                let list = format!("{{}} NOT IN ({}, {})", literal::text_sql(&first), literal::text_sql(&other));
                condition.sql = vec![fill(&list, vec![column])];
                let both = alike(vec![said(&first), said(&other)], &[first.clone(), other.clone()]);
                let neither = format!("neither {} nor {}", both[0], both[1]);
                condition.whose = Some(format!("{noun} {} {neither}", be(&noun)));
                condition.terse = Some(format!("{noun} {neither}"));
                if [&first, &other].iter().all(|v| classes(scope, place, &noun, v)) {
                    let (one, two) = (kind_of(scope, &first), kind_of(scope, &other));
                    condition.that = Some(format!("are neither {one} nor {two}"));
                }
                condition.share = 1.0 - share(&first) - share(&other);
                return Some(condition);
            }
            // what hardly any has is nothing to leave out
            if share(&first) < 0.2 {
                return None;
            }
            condition.share = 1.0 - share(&first);
            condition.sql = vec![fill("{} <> {}", vec![column, text(literal::text_sql(&first))])];
            let not = rng.word(&["not", "other than", "anything but"]);
            condition.whose = Some(format!("{noun} {} {not} {}", be(&noun), said(&first)));
            condition.terse = Some(format!("{noun} not {}", said(&first)));
            if classes(scope, place, &noun, &first) {
                condition.that = Some(format!("are not {}", kind_of(scope, &first)));
            }
        }
    }
    Some(condition)
}

/// Values side by side are all in quotes, or none of them.
fn alike(said: Vec<String>, values: &[String]) -> Vec<String> {
    let quoted = said.iter().any(|v| v.starts_with('"'));
    if quoted { values.iter().map(|v| literal::text_words(v, true)).collect() } else { said }
}

/// "female patients", "claims whose patient is female".
fn described(scope: &Scope, place: Place, word: &str, condition: &mut Condition) {
    condition.with = None;
    if place.node == 0 {
        condition.before = Some(word.to_owned());
        condition.that = Some(format!("are {word}"));
        condition.whose = None;
        condition.terse = Some(word.to_owned());
    } else {
        let role = scope.role_noun(place.node);
        condition.whose = Some(format!("{role} is {word}"));
        condition.post =
            (!role.contains('\'')).then(|| format!("with {}", grammar::with_article(&format!("{word} {role}"))));
        condition.terse = Some(format!("{word} {role}"));
    }
}

/// How things are where a field says: people "from", shops "in", invoices "billed to", orders "shipped to" a place.
fn whereabouts(scope: &Scope, place: Place, noun: &str) -> Option<&'static str> {
    const PLACES: &[&str] = &["country", "city", "town", "state", "region", "county", "continent", "district"];
    let words: Vec<&str> = noun.split(' ').collect();
    let last = words.last()?;
    // the state of a machine is no place
    let others = || scope.entity(place.node).fields.iter().any(|f| f.noun != noun && super::sense::placed(f));
    if *last == "state" && words.len() == 1 && !others() {
        return None;
    }
    let address = || scope.role_noun(place.node) == "address" && scope.nodes[place.node].via.is_some_and(|v| v.0 == 0);
    if place.node != 0 && !address() || !PLACES.contains(last) {
        return None;
    }
    let person = scope.subject().person;
    Some(match (words.as_slice(), *last) {
        ([_], "state" | "region" | "county" | "district") if person => "from the",
        ([_], "state" | "region" | "county" | "district") => "in the",
        ([_], _) if person => "from",
        ([_], _) => "in",
        (["billing", _], _) => "billed to",
        (["ship" | "shipping" | "shipped" | "delivery", _], _) => "shipped to",
        (["birth", _], _) => "born in",
        _ => return None,
    })
}

/// A place as it stands in a sentence: "the USA", "the state of NSW"; quotes are for what would be taken for words.
fn grounded(noun: &str, value: &str) -> String {
    const THE: &[&str] = &[
        "usa",
        "us",
        "uk",
        "uae",
        "united states",
        "united kingdom",
        "united arab emirates",
        "netherlands",
        "philippines",
        "bahamas",
        "maldives",
        "gambia",
        "czech republic",
        "dominican republic",
        "united states of america",
        "russian federation",
        "congo",
    ];
    // as well the state of that name
    let both = ["new york", "washington", "mexico", "luxembourg", "panama", "guatemala"]
        .contains(&value.to_lowercase().as_str());
    if both && noun.ends_with("city") {
        return format!("the city of {value}");
    }
    let said = if touches(value) { literal::text_words(value, false) } else { value.to_owned() };
    let small = value.to_lowercase();
    match noun.rsplit(' ').next() {
        Some("country") if THE.contains(&small.as_str()) => format!("the {said}"),
        Some(kind @ ("state" | "region" | "county" | "district")) if noun.contains(' ') => {
            format!("the {kind} of {said}")
        }
        _ => said,
    }
}

/// Whether a kind stands before the rows themselves: "Horror films", "wellness encounters".
fn classes(scope: &Scope, place: Place, noun: &str, value: &str) -> bool {
    const KINDS: &[&str] = &["category", "genre", "type", "kind", "class", "color", "colour", "brand", "material"];
    let head = noun.rsplit(' ').next().unwrap_or(noun);
    let kind = KINDS.contains(&head) || noun.starts_with("kind of ") || noun.starts_with("type of ");
    let letters = value.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '-' | '_'));
    let short = value.split([' ', '_']).count() <= 2 && value.len() > 2 && value.chars().any(char::is_lowercase);
    let whole = place.node == 0 && !scope.subject().many.contains(' ');
    kind && letters && short && whole && !touches(&value.replace('_', " "))
}

/// What rows of a kind are: "hospitals", "urgent care visits".
fn kind_of(scope: &Scope, value: &str) -> String {
    let spaced = value.replace('_', " ");
    if is_thing(&spaced) { grammar::plural(&spaced) } else { format!("{spaced} {}", scope.subject().many) }
}

/// Whether a kind says what its rows are themselves: a hospital is no hospital facility, an inpatient stay no visit.
fn is_thing(value: &str) -> bool {
    const THINGS: &[&str] = &[
        "hospital", "clinic", "center", "centre", "school", "library", "museum", "hotel", "airport", "factory",
        "university", "college", "restaurant", "visit", "stay", "consultation", "appointment", "meeting", "call",
        "phone call", "trip", "inspection", "carrier", "ship", "boat", "truck", "bus", "car", "house", "apartment",
        "workshop", "conference", "seminar", "webinar", "lecture",
    ];
    value.rsplit(' ').next().is_some_and(|head| THINGS.contains(&head))
}

/// Shorter ways to say an equality: "PG-13 films", "customers from Canada", "films in the Action category".
fn adjective(
    rng: &mut Rng,
    scope: &Scope,
    place: Place,
    noun: &str,
    value: &str,
    said: &str,
    condition: &mut Condition,
) {
    let head = noun.rsplit(' ').next().unwrap_or(noun);
    let plain = !said.starts_with('"');
    // "Horror films", "wellness encounters"
    if classes(scope, place, noun, value) {
        let spaced = value.replace('_', " ");
        if is_thing(&spaced) {
            let many = grammar::plural(&spaced);
            condition.that = Some(format!("are {many}"));
            condition.class = Some(many);
        } else {
            condition.before = Some(spaced);
        }
        return;
    }
    let small = value.chars().all(|c| c.is_ascii_lowercase()) && !touches(value);
    // "denied claims", "claims in review", "payments by check"
    // every claim was submitted once, and is paid, denied or under review now
    let passing = ["submitted", "received", "created", "issued", "ordered"].contains(&value);
    let state = !passing && ["ed", "ing", "ive"].iter().any(|end| value.ends_with(end))
        || [
            "open", "new", "paid", "sent", "sold", "lost", "draft", "overdue", "due", "final", "current", "void",
            "full",
        ]
        .contains(&value);
    if head == "status" && place.node == 0 && small && state {
        condition.before = Some(value.to_owned());
        return;
    }
    let spaced = value.replace('_', " ");
    let words = spaced.chars().all(|c| c.is_ascii_lowercase() || c == ' ') && !touches(&spaced);
    if head == "status" && place.node == 0 && words && spaced.starts_with("in ") {
        condition.post = Some(spaced);
        return;
    }
    if matches!(noun, "method" | "payment method" | "shipping method" | "delivery method") && place.node == 0 && words {
        condition.post = Some(format!("by {spaced}"));
        return;
    }
    let named = if head == "country" { grounded(noun, value) } else { said.to_owned() };
    if let Some(said) = belonging(scope, place, noun, &named) {
        condition.post = Some(said);
        return;
    }
    if let Some(at) = whereabouts(scope, place, noun) {
        let said = grounded(noun, value);
        condition.post = Some(match (at, noun) {
            // "in the California district", "from the state of NSW"
            ("from the" | "in the", "state") => format!("{at} state of {said}"),
            ("from the" | "in the", kind) if said.to_lowercase().contains(kind) => {
                format!("{} {said}", &at[..at.len() - 4])
            }
            ("from the" | "in the", kind) => format!("{at} {said} {kind}"),
            _ => format!("{at} {said}"),
        });
    } else if GROUPS.contains(&head) && rng.chance(70) {
        // of what belongs to something else the whole name would be read out
        if noun.contains('\'') || place.node != 0 && noun.contains(' ') {
            return;
        }
        let link = match head {
            "type" => "of type",
            "status" => "in status",
            "language" => "in the language",
            _ => "",
        };
        condition.post = Some(if link.is_empty() { format!("in the {said} {noun}") } else { format!("{link} {said}") });
        if noun != head && !link.is_empty() {
            condition.post = None;
        }
    } else if noun == "reason" && place.node == 0 {
        condition.post = Some(format!("for {said}"));
    } else if noun.ends_with("description") && place.node == 0 {
        condition.post = Some(format!("described as {said}"));
        condition.that = Some(format!("are described as {said}"));
    } else if head == "condition" && place.node == 0 && small {
        condition.post = Some(format!("in {value} condition"));
    } else if HELD.contains(&head) && place.node == 0 && small {
        let held = grammar::with_article(&format!("{value} {noun}"));
        condition.post = Some(format!("with {held}"));
        condition.that = Some(format!("have {held}"));
    } else if head == "rating" && place.node == 0 && plain {
        condition.before = Some(said.to_owned());
        condition.that = Some(format!("are rated {said}"));
    }
}

pub(super) fn element(rng: &mut Rng, scope: &Scope, place: Place) -> Option<Condition> {
    let field = scope.field(place);
    let (value, n) = rng.pick(&field.elements)?;
    // what a number stands for is known to those alone who made it
    if value.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let noun = scope.bare(place);
    let column = scope.column(place);
    let said = literal::text_words(value, false);
    let many = if is_plural(&noun) { noun.clone() } else { grammar::plural(&noun) };
    // elements of a type of their own are no texts to the operator
    let plain = matches!(field.base.trim_start_matches('_').trim_end_matches("[]"), "text" | "varchar" | "bpchar");
    let sql = if !plain || rng.chance(50) {
        Expr::Mix(vec![text(format!("{} = ANY (", literal::text_sql(value))), column, text(")")])
    } else {
        Expr::Mix(vec![column, text(format!(" @> ARRAY[{}]", literal::text_sql(value)))])
    };
    // "providers who speak Spanish"
    let speaks = place.node == 0 && scope.subject().person && many == "languages";
    Some(Condition {
        sql: vec![sql],
        that: speaks.then(|| format!("speak {said}")),
        with: Some(format!("{said} among the {many}")),
        whose: Some(format!("{many} include {said}")),
        share: *n as f64 / scope.entity(place.node).rows.max(*n).max(1) as f64,
        ..Condition::default()
    })
}
