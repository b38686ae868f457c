//! Window functions over a figure by groups: `{}` is the figure, `{t}` what the groups are ordered by in time.

use super::{Entry, On, Yields};

const fn ranked(name: &'static str, sql: &'static str, noun: &'static str) -> Entry {
    Entry::new(name, On::Group, Yields::Window, sql, noun)
}

const fn timed(name: &'static str, sql: &'static str, noun: &'static str) -> Entry {
    Entry::new(name, On::Time, Yields::Window, sql, noun)
}

pub(super) const ENTRIES: &[Entry] = &[
    ranked("rank", "rank() OVER (ORDER BY {} DESC)", "rank by that figure, highest first"),
    ranked("dense_rank", "dense_rank() OVER (ORDER BY {} DESC)", "dense rank by that figure, highest first"),
    ranked(
        "percent_rank",
        "round(percent_rank() OVER (ORDER BY {})::numeric, 2)",
        "ascending percent rank of that figure, rounded to two decimals",
    ),
    ranked(
        "cume_dist",
        "round(cume_dist() OVER (ORDER BY {})::numeric, 2)",
        "cumulative distribution of that figure, rounded to two decimals",
    ),
    ranked("max", "max({}) OVER ()", "highest such figure of all"),
    ranked("min", "min({}) OVER ()", "lowest such figure of all"),
    ranked("avg", "round(avg({}) OVER (), 2)", "average of these figures, rounded to two decimals"),
    ranked("sum", "sum({}) OVER ()", "sum of these figures"),
    timed("row_number", "row_number() OVER (ORDER BY {t})", "running number in order of time"),
    timed("ntile", "ntile(4) OVER (ORDER BY {t})", "quarter of the timeline when it is cut into four tiles"),
    timed("lag", "lag({}) OVER (ORDER BY {t})", "one before it"),
    timed("lead", "lead({}) OVER (ORDER BY {t})", "one that follows"),
    timed("first_value", "first_value({}) OVER (ORDER BY {t})", "very first of these figures"),
    timed(
        "last_value",
        "last_value({}) OVER (ORDER BY {t} ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)",
        "very last of these figures",
    ),
    timed(
        "nth_value",
        "nth_value({}, 2) OVER (ORDER BY {t} ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)",
        "second of these figures",
    ),
    timed("sum", "sum({}) OVER (ORDER BY {t})", "running total"),
    timed("max", "max({}) OVER (ORDER BY {t})", "highest figure so far"),
    timed(
        "avg",
        "round(avg({}) OVER (ORDER BY {t} ROWS BETWEEN 2 PRECEDING AND CURRENT ROW), 2)",
        "average of it and the two before, rounded to two decimals",
    ),
    timed("count", "count(*) OVER (ORDER BY {t})", "number of entries so far"),
];
