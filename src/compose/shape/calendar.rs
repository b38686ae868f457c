//! Calendars and ladders: every month of a year, empty ones included; the spans in which nothing happened; how many
//! rows reach each of several thresholds.

use super::super::bound;
use super::super::condition::{self, Condition};
use super::super::draw::{Draft, Draw};
use super::super::literal::{self, Day};
use super::super::moment;
use super::super::phrase;
use super::super::say::{Extra, Speech};
use super::super::scope::Place;
use super::super::spans;
use super::super::taste;
use super::super::tree::{Cte, Expr, Join, JoinKind, Order, Select, Source, aggregate, fill, text};
use super::grouped::output;
use crate::candidate::Expect;
use crate::schema::grammar;
use crate::schema::roles::Role;

/// A stretch of days cut into spans of one unit.
struct Calendar {
    unit: &'static str,
    plural: &'static str,
    from: Day,
    to: Day,
    words: String,
}

fn calendar(draw: &mut Draw, place: Place) -> Option<Calendar> {
    let field = draw.scope.field(place);
    // years have no months
    if field.noun.ends_with("year") {
        return None;
    }
    let (low, high) = (*field.days.first()?, *field.days.last()?);
    let day = field.days[draw.rng.between(0, field.days.len() - 1)];
    let days = high.number() - low.number();
    let from = day.year_start();
    // of a year of which much is missing one does not ask for each month
    let covered = high.number().min(from.number() + 365) - low.number().max(from.number());
    if covered > 200 && !spans::holes(field, "month") && draw.rng.chance(65) {
        let to = Day { month: 12, day: 1, ..from };
        let words = day.year.to_string();
        return Some(Calendar { unit: "month", plural: "months", from, to, words });
    }
    if !(20..=4000).contains(&days) {
        return None;
    }
    let from = day.month_start();
    let to = from.add_months(1).day_before();
    Some(Calendar { unit: "day", plural: "days", from, to, words: day.month_words() })
}

/// A calendar of one time and a condition on another would fight.
fn timeless(draw: &Draw, conditions: &[Condition]) -> bool {
    conditions.iter().flat_map(|c| &c.places).all(|&p| draw.scope.field(p).role() != Role::Time)
}

/// A point in time of the subject, itself or its main one.
fn moment(draw: &mut Draw) -> Option<Place> {
    if draw.fan.is_some() {
        return None;
    }
    draw.alone();
    let place = draw.choose(|scope, p| {
        let field = scope.field(p);
        // a handful of rows fills no calendar
        let many = scope.subject().rows >= 60 || scope.world.schema_only;
        p.node == 0
            && many
            && field.role() == Role::Time
            && field.days.len() >= 13
            && !field.traits.personal
            && taste::plain(field)
            && taste::timely(scope.subject(), p.field)
    })?;
    draw.use_place(place);
    Some(place)
}

impl Calendar {
    fn series(&self) -> Expr {
        text(format!(
            "generate_series(date {}, date {}, interval '1 {}')::date",
            self.from.sql(),
            self.to.sql(),
            self.unit
        ))
    }

    /// The spans as a common table expression: a series, or one span after the other.
    fn spans(&self, recursive: bool) -> Cte {
        let unit = self.unit.to_owned();
        if !recursive {
            let query = Select { columns: vec![(self.series(), Some(unit))], ..Select::default() };
            return Cte { name: self.plural.to_owned(), columns: Vec::new(), query };
        }
        let next = match self.unit {
            "day" => "{} + 1".to_owned(),
            unit => format!("({{}} + interval '1 {unit}')::date"),
        };
        let step = Select {
            columns: vec![(fill(&next, vec![output(&unit)]), None)],
            from: Some(Source::Table(self.plural.to_owned(), self.plural.to_owned())),
            filter: vec![fill(&format!("{{}} < date {}", self.to.sql()), vec![output(&unit)])],
            ..Select::default()
        };
        let query = Select {
            columns: vec![(text(format!("date {}", self.from.sql())), Some(unit))],
            set: Some(("UNION ALL", Box::new(step))),
            ..Select::default()
        };
        Cte { name: self.plural.to_owned(), columns: Vec::new(), query }
    }

    /// The span that a value falls into.
    fn of(&self, column: Expr) -> Expr {
        match self.unit {
            "day" => fill("{}::date", vec![column]),
            unit => fill(&format!("date_trunc('{unit}', {{}})::date"), vec![column]),
        }
    }
}

/// "the number of rentals in each month of 2005, months without any included".
pub(super) fn filled(draw: &mut Draw) -> Option<Draft> {
    let recursive = draw.rng.chance(40);
    every_span(draw, recursive)
}

/// The same by generate_series.
pub(in crate::compose) fn series(draw: &mut Draw) -> Option<Draft> {
    every_span(draw, false)
}

fn every_span(draw: &mut Draw, recursive: bool) -> Option<Draft> {
    let place = moment(draw)?;
    let calendar = calendar(draw, place)?;
    let subject = draw.scope.subject();
    let unit = calendar.unit;
    let conditions = draw.conditions(0, 1).filter(|c| timeless(draw, c))?;
    let span = calendar.of(draw.scope.column(place));
    let of_spans = |table: &str, name: &str| Expr::Column(table.to_owned(), name.to_owned());
    // counted before they are joined, so that no row is counted for two spans
    let make = |conditions: &[Condition]| {
        let counted = Select {
            columns: vec![
                (span.clone(), Some(unit.to_owned())),
                (aggregate("count(*)", vec![]), Some("number".into())),
            ],
            from: Some(Source::Table(subject.sql.clone(), draw.scope.nodes[0].alias.clone())),
            filter: conditions.iter().flat_map(|c| c.sql.clone()).collect(),
            group: vec![span.clone()],
            ..Select::default()
        };
        let alias = format!("{}_count", super::super::aggregate::snake(&subject.one));
        let number = fill("coalesce({}, 0)", vec![of_spans("counted", "number")]);
        Select {
            with: vec![
                calendar.spans(recursive),
                Cte { name: "counted".to_owned(), columns: Vec::new(), query: counted },
            ],
            recursive,
            columns: vec![(of_spans(calendar.plural, unit), None), (number, Some(alias))],
            from: Some(Source::Table(calendar.plural.to_owned(), calendar.plural.to_owned())),
            joins: vec![Join {
                kind: JoinKind::Left,
                source: Source::Table("counted".to_owned(), "counted".to_owned()),
                on: Some(fill("{} = {}", vec![of_spans("counted", unit), of_spans(calendar.plural, unit)])),
            }],
            order: vec![Order { by: of_spans(calendar.plural, unit), descending: false, nulls_last: false }],
            ..Select::default()
        }
    };
    let query = make(&conditions);
    let mut inner = query.clone();
    inner.joins[0].kind = JoinKind::Inner;
    let mut probes = vec![("outer join", inner, Expect::Differs)];
    if !conditions.is_empty() {
        probes.push(("condition", make(&[]), Expect::Differs));
    }
    let rows = draw.rows_phrase(&conditions);
    let When { dated, verb, by } = by_words(draw, place, &rows);
    let (plural, span) = (calendar.plural, &calendar.words);
    let on = if unit == "day" { "on" } else { "in" };
    let nominal = vec![
        format!("the number of {dated} {on} each {unit} of {span}{by}, with zero for {plural} that have none"),
        format!("the number of {dated} {on} each {unit} of {span}{by}, including {plural} that have none"),
    ];
    let questions = vec![
        format!("how many {rows} {verb} {on} each {unit} of {span}{by}, counting zero where there were none"),
        format!("for every {unit} of {span}, empty ones included, how many {rows} {verb}{by}"),
    ];
    let order = draw.rng.word(&[", in chronological order", ", in order", ", from the first to the last"]);
    let extras = vec![Extra::new(order, "Sort by date")];
    Some(Draft { probes, ..Draft::new(query, Speech { nominal, questions, extras, lists: false }) })
}

/// How rows are told by a time: "rentals returned", which "were returned", or " by due date" behind all else.
struct When {
    dated: String,
    verb: &'static str,
    by: String,
}

fn by_words(draw: &Draw, place: Place, rows: &str) -> When {
    let plain = |by: String| When { dated: rows.to_owned(), verb: "were there", by };
    if draw.scope.subject().when == Some(place.field) {
        return plain(String::new());
    }
    let noun = draw.scope.noun(place);
    match (moment::done(&noun), moment::happened(&noun)) {
        (Some(done), Some(verb)) if !phrase::has_clause(rows) => {
            When { dated: format!("{rows} {done}"), verb, by: String::new() }
        }
        _ => plain(format!(" by {noun}")),
    }
}

/// "the days of July 2005 on which no film was rented".
pub(super) fn gaps(draw: &mut Draw) -> Option<Draft> {
    let place = moment(draw)?;
    let calendar = calendar(draw, place)?;
    let subject = draw.scope.subject();
    let unit = calendar.unit;
    draw.measuring = true;
    let conditions = draw.conditions(usize::from(draw.scope.subject().rows > 2000), 1).filter(|c| timeless(draw, c))?;
    let spans = Source::Query(
        Box::new(Select { columns: vec![(calendar.series(), Some(unit.to_owned()))], ..Select::default() }),
        calendar.plural.to_owned(),
    );
    let mut filter = vec![fill("{} = {}", vec![calendar.of(draw.scope.column(place)), output(unit)])];
    filter.extend(conditions.iter().flat_map(|c| c.sql.clone()));
    let inner = Select {
        columns: vec![(text("1"), None)],
        from: Some(Source::Table(subject.sql.clone(), draw.scope.nodes[0].alias.clone())),
        filter,
        keep_alias: true,
        ..Select::default()
    };
    let counted = draw.rng.chance(30);
    let mut query = Select {
        columns: vec![(output(unit), None)],
        from: Some(spans),
        filter: vec![fill("NOT EXISTS {}", vec![Expr::Query(Box::new(inner))])],
        ..Select::default()
    };
    let mut extras = Vec::new();
    if counted {
        query.columns = vec![(aggregate("count(*)", vec![]), None)];
    } else {
        query.order = vec![Order { by: output(unit), descending: false, nulls_last: false }];
        extras.push(Extra::new(", earliest first", "Begin with the earliest"));
    }
    let mut without = query.clone();
    without.filter.clear();
    let probes = vec![("filter", without, Expect::Differs)];
    let rows = draw.rows_phrase(&conditions);
    let When { dated: rows, by, .. } = by_words(draw, place, &rows);
    let (plural, span) = (calendar.plural, &calendar.words);
    let (nominal, questions) = if counted {
        (
            vec![
                format!("the number of {plural} in {span} without any {rows}{by}"),
                format!("the number of {plural} of {span} for which there are no {rows}{by}"),
            ],
            vec![
                format!("on how many {plural} of {span} were there no {rows}{by}")
                    .replace("on how many months", "in how many months"),
                format!("how many {plural} of {span} passed without any {rows}{by}"),
            ],
        )
    } else {
        (
            vec![
                format!("the {plural} of {span} without any {rows}{by}"),
                format!("all {plural} in {span} for which there are no {rows}{by}"),
            ],
            vec![
                format!("which {plural} of {span} have no {rows}{by}"),
                format!("on which {plural} of {span} were there no {rows}{by}")
                    .replace("on which months", "in which months"),
            ],
        )
    };
    Some(Draft { probes, ..Draft::new(query, Speech { nominal, questions, extras, lists: true }) })
}

/// VALUES: "for each of the lengths 60, 90 and 120, how many films are at least as long".
pub(super) fn ladder(draw: &mut Draw) -> Option<Draft> {
    if draw.fan.is_some() {
        return None;
    }
    draw.alone();
    let place = draw.choose(|scope, p| {
        let f = scope.field(p);
        p.node == 0 && f.measurable() && f.varied && f.numbers.len() >= 13 && taste::plain(f)
    })?;
    draw.use_place(place);
    let field = draw.scope.field(place);
    let picks: &[usize] = if draw.rng.chance(50) { &[3, 6, 9] } else { &[2, 5, 7, 10] };
    let mut bounds: Vec<f64> =
        picks.iter().map(|&q| literal::round_near(field.numbers[q], bound::apart(field), field.whole())).collect();
    bounds.dedup();
    // levels are round numbers, and bytes have none
    if field.traits.money && bounds[0] < 1.0 || bound::apart(field) > 100_000.0 {
        return None;
    }
    // a level that all reach, or none, is no level
    if bounds.iter().any(|b| *b <= field.numbers[0] || *b >= field.numbers[12]) {
        return None;
    }
    if bounds.len() < 3 || bounds.windows(2).any(|w| w[0] >= w[1]) {
        return None;
    }
    let (op, word) = [(">=", "at least"), (">", "more than")][draw.rng.below(2)];
    let subject = draw.scope.subject();
    let values = bounds.iter().map(|b| literal::bound_sql(*b, &field.base)).collect();
    let step = Expr::Column("levels".to_owned(), "bound".to_owned());
    let mut query = Select {
        from: Some(Source::Values(values, "levels".to_owned(), "bound".to_owned())),
        joins: vec![Join {
            // a level that nothing reaches has a row, too
            kind: JoinKind::Left,
            source: Source::Table(subject.sql.clone(), draw.scope.nodes[0].alias.clone()),
            on: Some(fill(&format!("{{}} {op} {{}}"), vec![draw.scope.column(place), step.clone()])),
        }],
        group: vec![step.clone()],
        ..Select::default()
    };
    let alias = format!("{}_count", super::super::aggregate::snake(&subject.one));
    query.columns = vec![(step.clone(), None), (aggregate("count({})", vec![draw.scope.column(place)]), Some(alias))];
    query.order = vec![Order { by: step, descending: false, nulls_last: false }];
    let rows = draw.rows_phrase(&[]);
    let noun = draw.scope.noun(place);
    let said: Vec<String> = bounds.iter().map(|b| literal::number_words(*b, field.traits.money)).collect();
    let unit = field.unit.clone().map(|u| format!(" {u}")).unwrap_or_default();
    let a = condition::article(&noun);
    let levels = grammar::and_list(&said);
    let nominal = vec![
        format!("for each of the levels {levels}{unit}, the number of {rows} with {a} of {word} that much"),
        format!("the number of {rows} with {a} of {word} {levels}{unit}, each counted by itself"),
    ];
    let questions = vec![
        format!("for each of the levels {levels}{unit}, how many {rows} have {a} of {word} that much"),
        format!("how many {rows} have {a} of {word} {levels}{unit}, each counted by itself"),
    ];
    // the levels have just been told in their order
    let extras = Vec::new();
    Some(Draft::new(query, Speech { nominal, questions, extras, lists: false }))
}
