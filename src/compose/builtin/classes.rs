//! Rows counted by what a function makes of a column: by weekdays, by the first letter, by steps of an amount.

use super::super::aggregate;
use super::super::draw::{Draft, Draw, apply};
use super::super::figures;
use super::super::group::Key;
use super::super::phrase;
use super::super::probe::filter_probes;
use super::super::say::{Extra, Speech};
use super::super::scope::Scope;
use super::super::shape::{self, breakdown, figure};
use super::super::tree::{Expr, Order};
use super::term::Term;
use crate::schema::roles::Role;

/// In so many of a hundred draws the classes are groups like others: the first few of them, those with more than so
/// many, part of each.
pub(super) const OTHERWISE: usize = 50;

/// "the number of films by first letter of the title".
pub(super) fn by_class(draw: &mut Draw, term: &Term) -> Option<Draft> {
    draw.timed |= draw.scope.field(term.place).role() == Role::Time;
    draw.classed.push(0);
    // groups are asked about in other ways, too; letters are for looking up alone
    if !term.index && !term.noun.contains(" which they ") && draw.rng.chance(OTHERWISE) {
        draw.given = Some(key(&draw.scope, term));
        return shape::of_groups(draw);
    }
    let figures = if term.index || draw.rng.chance(55) {
        vec![aggregate::count(&draw.scope)]
    } else {
        figure::figures(draw, 1, 2)
    };
    let conditions = draw.conditions(0, 1)?;
    let rows = draw.rows_phrase(&conditions);
    let mut query = draw.scope.select();
    query.columns = vec![(term.sql.clone(), Some(term.alias.clone()))];
    query.columns.extend(breakdown::named_columns(&figures));
    apply(&mut query, &conditions);
    query.group = vec![term.sql.clone()];
    let mut extras = Vec::new();
    // names of days and months have an order of their own
    // and numbers in a document none
    let sortable = draw.scope.field(term.place).role() != Role::Json && !term.noun.contains("(by name)");
    if sortable && draw.rng.chance(45) {
        query.order =
            vec![Order { by: Expr::Column(String::new(), term.alias.clone()), descending: false, nulls_last: false }];
        extras.push(term.in_order(&draw.scope));
    } else if figures.len() == 1 && draw.rng.chance(25) {
        query.order = vec![Order {
            by: Expr::Column(String::new(), figures[0].alias.clone()),
            descending: true,
            nulls_last: false,
        }];
        // "by year, highest first" might be the latest year
        extras.push(match draw.scope.field(term.place).role() {
            Role::Measure | Role::Time | Role::Year | Role::Clock | Role::Range => figures::largest_first(&figures[0]),
            _ => Extra::new(", highest first", "Start with the highest"),
        });
    }
    let said = figures::of_rows(draw, &figures, &rows);
    let is = if figures.len() > 1 { "are" } else { "is" };
    let noun = &term.noun;
    // "by year", "by the first letter of the title"
    let the = if noun.split(" (").next().is_some_and(|bare| bare.contains(' ')) { "the " } else { "" };
    let mut nominal = match phrase::has_clause(&rows) {
        true => vec![format!("for each {noun}, {said}")],
        false => vec![format!("{said} for each {noun}")],
    };
    if !rows.contains(" by ") {
        nominal.push(format!("{said}, broken down by {the}{noun}"));
        nominal.extend((!phrase::has_clause(&rows)).then(|| format!("{said} by {the}{noun}")));
    }
    let mut questions =
        vec![format!("what {is} {said} for each {noun}"), format!("for every {noun}, what {is} {said}")];
    if figures.len() == 1 && figures[0].counts {
        questions.push(format!("for each {noun}, {}", phrase::how_many(&rows, &draw.scope.subject().many)));
    }
    let probes = filter_probes(&query, &conditions);
    Some(Draft { probes, ..Draft::new(query, Speech { nominal, questions, extras, lists: false }) })
}

/// The classes as what figures are broken down by.
fn key(scope: &Scope, term: &Term) -> Key {
    let time = scope.field(term.place).role() == Role::Time && !term.recurs();
    let kinds = [("hour", 24), ("month", 12), ("quarter", 4), ("day", 7)];
    let size = kinds.iter().find(|(part, _)| term.recurs() && term.noun.contains(part)).map_or(0, |(_, size)| *size);
    Key { time, size, complete: true, ..Key::of(term.sql.clone(), Some(&term.alias), term.noun.clone(), term.place) }
}
