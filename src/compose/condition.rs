//! Conditions on one field: the predicate and its wordings, drawn together.

use super::afar;
use super::bound;
use super::flag;
use super::kinds;
use super::literal::Day;
use super::moment;
use super::pattern::{letter, word};
use super::random::Rng;
use super::scope::{Place, Scope};
use super::sense;
use super::spoken::said;
use super::taste;
use super::tree::{Expr, fill};
use super::world::Field;
use crate::schema::grammar;
use crate::schema::roles::Role;
use crate::schema::units::measure_unit;

/// A year, a quarter or a month, by its first day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub months: i32,
    pub from: Day,
}

impl Span {
    /// Whether another one follows at once, or is the same of the year after: any two have nothing to do with each other.
    fn next(self, other: Span) -> bool {
        let after = |months: i32| self.from.add_months(months) == other.from;
        self.months == other.months && (after(self.months) || after(12))
    }
}

/// A condition with the places in a noun phrase where it may stand.
#[derive(Debug, Clone, Default)]
pub(super) struct Condition {
    /// Predicates that hold together.
    pub sql: Vec<Expr>,
    /// Stands for the rows' own noun: "hospitals".
    pub class: Option<String>,
    /// "active" films.
    pub before: Option<String>,
    /// films "from July 2005".
    pub post: Option<String>,
    /// films with "a length above 120".
    pub with: Option<String>,
    /// films that "are active".
    pub that: Option<String>,
    /// films whose "length is above 120".
    pub whose: Option<String>,
    /// As one types it into a search box: "length > 120".
    pub terse: Option<String>,
    /// Less than exact: how it is said then, and what is meant by it.
    pub vague: Option<(Vague, String)>,
    pub places: Vec<Place>,
    /// The two sides of an OR, each of which has to matter.
    pub either: Vec<Expr>,
    /// Exactly one value meets it.
    pub equal: bool,
    /// A stretch of time with two ends: a year, a quarter, a month.
    pub span: Option<Span>,
    /// About the share of the rows that meet it; 0 = unknown.
    pub share: f64,
}

/// An inexact wording.
#[derive(Debug, Clone)]
pub(super) enum Vague {
    /// "recent" payments.
    Adjective(&'static str),
    /// films with "a high rental rate".
    With(String),
}

impl Condition {
    /// The share of the rows that meet it, or a guess.
    pub(super) fn passing(&self) -> f64 {
        if self.share > 0.0 { self.share } else { 0.4 }
    }

    /// Whether another condition on the same field can be held against this one: two months, two kinds.
    pub(super) fn rivals(&self, other: &Condition) -> bool {
        let near = self.span.zip(other.span).is_some_and(|(one, other)| one.next(other) || other.next(one));
        let alike = near || self.equal && other.equal;
        // "products whose category is Condiments and products in the Seafood category"
        let forms = |c: &Condition| [&c.class, &c.before, &c.post, &c.that, &c.whose].map(Option::is_some);
        // one year may be told in two ways
        self.sql != other.sql && self.terse != other.terse && alike && forms(self) == forms(other)
    }

    /// Whether it says what is not: "whose rating is not PG", "that are not active".
    pub(super) fn denies(&self) -> bool {
        let not = |said: &Option<String>| {
            said.as_ref().is_some_and(|s| [" not ", " neither ", " no "].iter().any(|w| s.contains(w)))
        };
        not(&self.terse)
            || not(&self.that)
            || not(&self.whose)
            || self.before.as_deref().is_some_and(|b| b == "inactive")
    }

    /// "length > 120", "rating PG", "active": no more words than that.
    pub(super) fn key_words(&self) -> String {
        let plain = |said: &str| {
            let said = said.replace(" or whose ", " or ");
            ["are ", "a ", "an ", "the "].iter().find_map(|w| said.strip_prefix(w)).unwrap_or(&said).to_owned()
        };
        let unverbed = |whose: &str| whose.replacen(" is ", " ", 1).replacen(" are ", " ", 1);
        (self.terse.clone())
            .or_else(|| self.post.as_deref().map(plain))
            .or_else(|| self.that.as_deref().map(plain))
            .or_else(|| self.whose.as_deref().map(|w| plain(&unverbed(w))))
            .or_else(|| self.with.as_deref().map(plain))
            .unwrap_or_default()
    }

    /// The condition in its inexact wording, with the definition that it leans on.
    pub(super) fn blurred(&self) -> Option<(Condition, String)> {
        let (vague, meaning) = self.vague.clone()?;
        let plain = Condition {
            class: None,
            before: None,
            post: None,
            with: None,
            that: None,
            whose: None,
            terse: None,
            ..self.clone()
        };
        let said = match vague {
            Vague::Adjective(word) => {
                Condition { before: Some(word.to_owned()), that: Some(format!("are {word}")), ..plain }
            }
            Vague::With(phrase) => Condition { with: Some(phrase), ..plain },
        };
        Some((said, meaning))
    }
}

/// One or the other: "films whose length is above 120 or whose rating is PG".
pub(super) fn either(scope: &Scope, one: &Condition, other: &Condition) -> Option<Condition> {
    // a date or an amount have nothing in common
    let role = |c: &Condition| c.places.first().map(|&p| scope.field(p).role());
    let alike =
        role(one) == role(other) || [one, other].iter().all(|c| !matches!(role(c), Some(Role::Measure | Role::Time)));
    if !alike {
        return None;
    }
    let ([a], [b]) = (one.sql.as_slice(), other.sql.as_slice()) else { return None };
    let (said, also) = (one.whose.as_ref()?, other.whose.as_ref()?);
    let plain = |c: &Condition| c.either.is_empty() && !c.whose.as_ref().is_some_and(|w| w.contains(" or "));
    (plain(one) && plain(other)).then(|| Condition {
        sql: vec![fill("({} OR {})", vec![a.clone(), b.clone()])],
        whose: Some(format!("{said} or whose {also}")),
        terse: Some(format!("{} or {}", one.key_words(), other.key_words())),
        places: one.places.iter().chain(&other.places).copied().collect(),
        either: vec![a.clone(), b.clone()],
        share: 1.0 - (1.0 - one.passing()) * (1.0 - other.passing()),
        ..Condition::default()
    })
}

pub(super) fn is_plural(noun: &str) -> bool {
    const LINKS: [&str; 10] =
        [" of ", " in ", " on ", " per ", " by ", " for ", " excluding ", " including ", " without ", " before "];
    let end = LINKS.iter().filter_map(|link| noun.find(link)).min().unwrap_or(noun.len());
    let head = &noun[..end];
    let word = head.rsplit(' ').next().unwrap_or(head);
    grammar::singular(word) != word && !word.ends_with("ss")
}

/// Whether a field counts things: adults, stars, units in stock. One says how many of them there are.
pub(super) fn counts(field: &Field, noun: &str) -> bool {
    let head = noun.rsplit(' ').next().unwrap_or(noun);
    field.role() == Role::Measure
        && field.whole()
        && field.unit.is_none()
        && !field.traits.money
        && is_plural(noun)
        && measure_unit(head).is_none()
        && !sums(noun)
        && !is_limit(noun)
}

/// Whether a noun is a limit itself: "maximum renewals".
pub(super) fn is_limit(noun: &str) -> bool {
    ["maximum ", "minimum "].iter().any(|w| noun.starts_with(w))
}

/// Whether a plural is a sum of money: one says how high it is, and not how many there are.
pub(super) fn sums(noun: &str) -> bool {
    SUMS.contains(&noun.rsplit(' ').next().unwrap_or(noun))
}

/// Plurals that are sums of money and no numbers of things.
const SUMS: &[&str] = &[
    "adjustments", "charges", "costs", "credits", "debits", "deductions", "earnings", "expenses", "fees", "losses",
    "outstanding", "payments", "premiums", "proceeds", "profits", "refunds", "revenues", "sales", "savings", "taxes",
    "transfers", "wages",
];

/// What a figure of a field is a figure of: "number of adults", "rental rate".
pub(super) fn quantity(field: &Field, noun: &str) -> String {
    if counts(field, noun) { format!("number of {noun}") } else { noun.to_owned() }
}

pub(super) fn be(noun: &str) -> &'static str {
    if is_plural(noun) { "are" } else { "is" }
}

pub(super) fn article(noun: &str) -> String {
    if is_plural(noun) { noun.to_owned() } else { grammar::with_article(noun) }
}

/// A condition on the field at `place`, where its data allow one.
pub(super) fn draw(rng: &mut Rng, scope: &Scope, place: Place) -> Option<Condition> {
    let field = scope.field(place);
    if place.node != 0 {
        // that the doctor of a visit is a woman is no part of what the visit's bill is about
        let far = scope.nodes[place.node].via.is_some_and(|(from, ..)| from != 0);
        if far && afar::serves(scope.entity(place.node)) && taste::is_adjective(field) {
            return None;
        }
        // what can be said of the thing itself is not read out as a column of it
        if afar::told(scope, place) || afar::resident(scope, place.node).is_some() {
            return (0..3).find_map(|_| afar::draw(rng, scope, place));
        }
    }
    if field.nulls > 0
        && field.nullable
        && rng.chance(match field.role() {
            Role::Time | Role::Key => 30,
            _ => 5,
        })
        && !field.traits.personal
    {
        return missing(rng, scope, place);
    }
    // of what no value is known it can be asked whether there is one
    let unknown =
        matches!(field.role(), Role::Dimension | Role::Code) && field.values.is_empty() && field.elements.is_empty();
    if unknown && scope.entity(place.node).rows == 0 {
        return if rng.chance(40) { missing(rng, scope, place) } else { None };
    }
    // a column of a few values is asked for one of them, not for a word in it
    let worded = matches!(field.role(), Role::Name | Role::FreeText | Role::Search)
        || matches!(field.role(), Role::Dimension | Role::Code) && field.distinct > 25 && field.spaced > 0.5;
    if worded
        && place.node == 0
        // what goes into a box is no text that is searched
        && !field.noun.contains("quantity")
        && field.length < 400.0
        && !field.elements.is_empty()
        && (field.values.is_empty() || rng.chance(22) || own_label(scope, place))
    {
        return word(rng, scope, place);
    }
    if field.role() == Role::Name && field.base != "bool" && scope.entity(place.node).rows == 0 {
        return if place.node == 0 && rng.chance(8) { letter(rng, scope, place) } else { None };
    }
    let mut condition = match field.role() {
        Role::Flag => flag::draw(rng, scope, place),
        Role::Dimension | Role::Name | Role::Code => kinds::value(rng, scope, place),
        Role::Measure if field.mixed => return None,
        Role::Measure => bound::number(rng, scope, place),
        Role::Year => bound::year(rng, scope, place),
        Role::Time => moment::time(rng, scope, place),
        Role::Array => kinds::element(rng, scope, place),
        Role::Key | Role::FreeText | Role::Json | Role::Range | Role::Search | Role::Opaque | Role::Clock => {
            missing(rng, scope, place)
        }
    }?;
    condition.places = vec![place];
    // "the main diagnosis has the medical field X" rather than "the medical field of the main diagnosis is X"
    if place.node != 0
        && let Some(whose) = &condition.whose
        && let Some((noun, value)) = whose.split_once(&format!(" of the {} is ", scope.role_noun(place.node)))
    {
        condition.whose = Some(format!("{} has the {noun} {value}", scope.role_noun(place.node)));
    }
    // "with a film length above 120" of rentals is stiff
    if place.node != 0 && condition.whose.is_some() {
        condition.with = None;
        condition.post = condition.post.or_else(|| afar::owned(scope, condition.whose.as_deref()?));
        // a payment has no diagnosis: it is "for claims whose main diagnosis is chronic"
        if condition.post.is_none()
            && let Some(post) = afar::by_way_of(scope, place.node, condition.whose.as_deref().unwrap_or_default())
        {
            (condition.post, condition.that, condition.whose) = (Some(post), None, None);
        }
    }
    Some(condition)
}

fn own_label(scope: &Scope, place: Place) -> bool {
    place.node == 0 && scope.entity(place.node).label.contains(&place.field)
}

/// IS NULL and its opposite.
fn missing(rng: &mut Rng, scope: &Scope, place: Place) -> Option<Condition> {
    let field = scope.field(place);
    let rows = scope.entity(place.node).rows;
    // of what is joined one does not ask whether it is whole
    if place.node != 0 {
        return None;
    }
    if !field.nullable || (rows > 0 && (field.nulls == 0 || field.nulls >= rows)) {
        return None;
    }
    // whether a thing is there is no question where it is spoken of
    if scope.nodes.iter().any(|n| {
        n.via.is_some_and(|(from, edge, up)| {
            up && from == place.node && scope.world.graph.edges[edge].child_columns.contains(&field.name)
        })
    }) {
        return None;
    }
    let mut noun = scope.bare(place);
    let own = |&edge: &usize| scope.world.graph.edges[edge].child_columns.contains(&field.name);
    let refers = scope.world.graph.parents(scope.nodes[0].entity).iter().any(own);
    let reference = field.role() == Role::Key && refers;
    if reference {
        noun = noun.trim_end_matches(" ID").to_owned();
        // "without an event field concept": nobody misses what only a program needs
        if said(&noun) < 0.5 {
            return None;
        }
    }
    let column = scope.column(place);
    let bare = if is_plural(&noun) { noun.clone() } else { grammar::with_article(&noun) };
    let mut condition = Condition { places: vec![place], ..Condition::default() };
    let missing = field.nulls as f64 / rows.max(1) as f64;
    // what is missing is asked for, and what is there hardly: a customer has a region
    let odd = reference || sense::placed(field) || field.traits.personal;
    if odd || rng.chance(if field.role() == Role::Time { 70 } else { 92 }) {
        condition.share = missing;
        condition.sql = vec![fill("{} IS NULL", vec![column])];
        condition.with = Some(format!("no {noun}"));
        condition.whose = Some(format!("{noun} {} {}", be(&noun), rng.word(&["missing", "not recorded"])));
        condition.post = rng.chance(50).then(|| format!("without {bare}"));
        condition.terse = Some(format!("no {noun}"));
    } else {
        condition.sql = vec![fill("{} IS NOT NULL", vec![column])];
        condition.with = Some(format!("{bare} {}", rng.word(&["on record", "on file", "recorded"])));
        condition.whose = Some(format!("{noun} {} {}", be(&noun), rng.word(&["known", "recorded", "on record"])));
        condition.terse = Some(format!("with {noun}"));
    }
    // what has no day of its decision has not been decided yet
    if field.role() == Role::Time
        && condition.with.as_deref().is_some_and(|with| with.starts_with("no "))
        && let Some(ahead) = moment::ahead(&noun)
    {
        condition.that = Some(ahead);
        (condition.with, condition.post, condition.whose) = (None, None, None);
    }
    // nobody is without a gender
    if scope.subject().person && !reference {
        (condition.with, condition.post) = (None, None);
    }
    // a thing that is referred to is there or not
    if reference {
        condition.whose = None;
        condition.with =
            condition.with.map(|w| w.replace(" on record", "").replace(" on file", "").replace(" recorded", ""));
    }
    Some(condition)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_held_against_each_other_follow_each_other() {
        let span = |months, year, month| Condition {
            sql: vec![fill(&format!("{year} {month}"), Vec::new())],
            terse: Some(format!("{year} {month}")),
            span: Some(Span { months, from: Day { year, month, day: 1 } }),
            ..Condition::default()
        };
        assert!(span(12, 2022, 1).rivals(&span(12, 2023, 1)));
        assert!(span(1, 2022, 12).rivals(&span(1, 2022, 11)));
        assert!(span(1, 2022, 6).rivals(&span(1, 2023, 6)), "a year later");
        assert!(!span(1, 2022, 6).rivals(&span(1, 2022, 9)));
        assert!(!span(1, 2022, 6).rivals(&span(3, 2022, 7)));
    }
}
