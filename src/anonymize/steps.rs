//! Moments of one row together: the first is faked by itself, each later one by its distance from the one before, so
//! that what came later still does.

use super::key::Domain;
use super::moment::{self, Moment};
use super::permute;
use super::rule::{Method, Rule};

/// Columns of moments that are faked together: those that neither a key nor a constraint of their own ties.
pub(super) fn columns(rules: &[Rule]) -> Vec<usize> {
    let free = |r: &Rule| matches!(&r.method, Method::Moment(span) if !span.tied) && !r.unique;
    let list: Vec<usize> = rules.iter().enumerate().filter(|(_, r)| free(r)).map(|(i, _)| i).collect();
    if list.len() < 2 { Vec::new() } else { list }
}

/// A moment as days and seconds.
#[derive(Clone, Copy)]
struct Point {
    day: i64,
    second: i64,
    timed: bool,
}

impl Point {
    fn of(moment: &Moment<'_>) -> Point {
        Point { day: moment.day, second: moment.second, timed: moment.has_time() }
    }
}

/// The fakes of the moments that can be read, by column.
pub(super) fn fakes<'a>(
    columns: &[usize],
    row: &[Option<&'a str>],
    rules: &[Rule],
    domains: &[Domain],
) -> Vec<(usize, String)> {
    let read = |at: &usize| Some((*at, Moment::parse((*row.get(*at)?)?)?));
    let mut moments: Vec<(usize, Moment<'a>)> = columns.iter().filter_map(read).collect();
    moments.sort_by_key(|(at, m)| (m.day, m.second, *at));
    let mut out: Vec<(usize, String)> = Vec::with_capacity(moments.len());
    // original and fake of the one before
    let mut before: Option<(Point, Point)> = None;
    for (at, moment) in moments {
        let domain = &domains[at];
        let fake = match (&before, &rules[at].method) {
            (Some((real, fake)), _) => Some(after(domain, *real, *fake, &moment)),
            (None, Method::Moment(span)) => moment::fake(domain, moment.text, span.ends(), span.tied, 0),
            (None, _) => None,
        };
        let Some(fake) = fake else { continue };
        before = Moment::parse(&fake).map(|m| (Point::of(&moment), Point::of(&m)));
        out.push((at, fake));
    }
    out
}

/// As far after the fake as is like the distance of the originals.
fn after(domain: &Domain, real: Point, fake: Point, moment: &Moment<'_>) -> String {
    let days = permute::alike(domain, None, false, i128::from(moment.day - real.day)) as i64;
    if days == 0 && moment.has_time() && real.timed {
        let apart = permute::alike(domain, None, false, i128::from(moment.second - real.second)) as i64;
        return moment.at(fake.day, (fake.second + apart).min(86_399));
    }
    match moment.clock().and_then(|c| moment::time(domain, c)) {
        Some(clock) => moment.with_clock(fake.day + days, &clock),
        None => moment.at(fake.day + days, moment.second),
    }
}
