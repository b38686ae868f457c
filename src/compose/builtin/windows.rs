//! Window functions over a figure by groups: `{}` is the figure, `{t}` what the groups are ordered by in time.

use super::super::draw::{Draft, Draw};
use super::super::figures;
use super::super::say::{Extra, Speech};
use super::super::scope::Place;
use super::super::shape::grouped;
use super::super::spans;
use super::super::tree::{Expr, Order, Select};
use super::term::columns;
use super::{Entry, On, Use, Yields};

const fn ranked(name: &'static str, sql: &'static str, noun: &'static str) -> Entry {
    Entry::new(name, On::Group, Yields::Window, sql, noun)
}

const fn timed(name: &'static str, sql: &'static str, noun: &'static str) -> Entry {
    Entry::new(name, On::Time, Yields::Window, sql, noun)
}

pub(super) const ENTRIES: &[Entry] = &[
    ranked("rank", "rank() OVER (ORDER BY {} DESC)", "the rank (1 for the highest, ties share a rank)"),
    ranked("dense_rank", "dense_rank() OVER (ORDER BY {} DESC)", "the rank (1 for the highest, no gaps after ties)"),
    ranked(
        "percent_rank",
        "round(percent_rank() OVER (ORDER BY {})::numeric, 2)",
        "its percent rank, lowest first, rounded to two decimals",
    ),
    ranked(
        "cume_dist",
        "round(cume_dist() OVER (ORDER BY {})::numeric, 2)",
        "its cumulative distribution (from the lowest up), rounded to two decimals",
    )
    .odd(),
    ranked("avg", "round(avg({}) OVER (), 2)", "the average over these {keys}, rounded to two decimals"),
    ranked("sum", "sum({}) OVER ()", "the total over all of them"),
    timed("row_number", "row_number() OVER (ORDER BY {t})", "the running number of the {span}").odd(),
    ranked("ntile", "ntile(4) OVER (ORDER BY {}, {t})", "the quartile it falls into (1 for the lowest, ties by {key})"),
    timed("lag", "lag({}) OVER (ORDER BY {t})", "that of the previous {span}{listed}"),
    timed("lead", "lead({}) OVER (ORDER BY {t})", "the figure for the {span} after").odd(),
    timed("first_value", "first_value({}) OVER (ORDER BY {t})", "that of the first {span} for comparison"),
    timed(
        "last_value",
        "last_value({}) OVER (ORDER BY {t} ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)",
        "that of the last {span} for comparison",
    ),
    timed(
        "nth_value",
        "nth_value({}, 2) OVER (ORDER BY {t} ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)",
        "that of the second {span} for comparison",
    ),
    timed("sum", "sum({}) OVER (ORDER BY {t})", "the running total"),
    timed("max", "max({}) OVER (ORDER BY {t})", "the highest figure of any {span} so far").odd(),
    timed(
        "avg",
        "round(avg({}) OVER (ORDER BY {t} ROWS BETWEEN 2 PRECEDING AND CURRENT ROW), 2)",
        "the three-{span} moving average{listed}, rounded to two decimals",
    ),
];

/// A figure by groups, with the window function beside it.
pub(super) fn window(draw: &mut Draw, shown: Use) -> Option<Draft> {
    let timed = shown.entry.on == On::Time;
    draw.focus(Place { node: 0, field: shown.field });
    let g = grouped::draw(draw, if timed { grouped::By::Time } else { grouped::By::Thing }, 1)?;
    if g.figure.time || (shown.entry.name == "avg" || shown.entry.name == "sum") && !g.adds_up() {
        return None;
    }
    let template = shown.entry.sql.replace("{t}", "{2}");
    let value = grouped::output(&g.figure.alias);
    let by = grouped::output(&g.names[0]);
    let call = Expr::Window(Box::new(columns(&template, value, Some(by.clone()))));
    let alias = match (shown.entry.name, timed) {
        ("lag", _) => "previous",
        ("lead", _) => "next",
        ("first_value", _) => "first",
        ("last_value", _) => "last",
        ("nth_value", _) => "second",
        ("row_number", _) => "number",
        ("rank" | "dense_rank", _) => "position",
        ("ntile", _) => "quartile",
        ("max", _) => "highest_so_far",
        ("sum", true) => "running_total",
        ("sum", false) => "overall_total",
        ("avg", true) => "moving_average",
        ("avg", false) => "overall_average",
        (name, _) => name,
    }
    .to_owned();
    let cte = draw.rng.chance(50);
    let order = if timed {
        Order { by, descending: false, nulls_last: false }
    } else {
        Order { by: grouped::output(&g.figure.alias), descending: true, nulls_last: false }
    };
    let ordered = timed || draw.rng.chance(40);
    let whole = |inner: Select| {
        let mut columns = g.key_outputs();
        columns.push((g.value(), None));
        columns.push((call.clone(), Some(alias.clone())));
        let order = if ordered { vec![order.clone()] } else { Vec::new() };
        grouped::over(cte, "figures", inner, Select { columns, order, ..Select::default() })
    };
    let per = g.per(draw);
    let (measure, each) = (&g.measure, &g.key.one);
    let noun = shown.entry.noun.replace("{span}", &g.names[0]).replace("{keys}", &g.key.many).replace("{key}", each);
    let noun = noun.replace("{listed}", &if timed { spans::listed(draw, &g.key, &g.names[0]) } else { String::new() });
    let extras = match (timed, ordered) {
        (true, _) => {
            let word = draw.rng.word(grouped::OVER_TIME);
            vec![Extra::new(word, draw.rng.word(&["Sort chronologically", "Oldest first", "Earliest first"]))]
        }
        (false, true) if matches!(shown.entry.name, "rank" | "dense_rank") => {
            vec![Extra::new(", in order of that rank", "Sort by rank")]
        }
        (false, true) => vec![figures::largest_first(&g.figure)],
        _ => Vec::new(),
    };
    let nominal = vec![
        format!("{measure} per {each}, together with {noun}"),
        format!("{measure} {per} {each}, along with {noun}"),
    ];
    let questions = vec![format!("what is {measure} {per} {each}, and what is {noun}")];
    Some(g.draft(Speech { nominal, questions, extras, lists: false }, whole))
}
