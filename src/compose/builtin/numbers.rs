//! Functions on numbers: what prices would become, what fits into boxes and hours, bands to count by, what lies nearest.

use super::{Entry, On, Yields};

const fn value(name: &'static str, on: On, sql: &'static str, noun: &'static str) -> Entry {
    Entry::new(name, on, Yields::Value, sql, noun)
}

const fn class(name: &'static str, on: On, sql: &'static str, noun: &'static str) -> Entry {
    Entry::new(name, on, Yields::Class, sql, noun)
}

const fn over(name: &'static str, on: On, sql: &'static str, noun: &'static str) -> Entry {
    Entry::new(name, on, Yields::Aggregate, sql, noun)
}

const fn test(name: &'static str, on: On, sql: &'static str, verb: &'static str) -> Entry {
    Entry::new(name, on, Yields::Test, sql, verb)
}

pub(super) const ENTRIES: &[Entry] = &[
    // money
    value(
        "round",
        On::Charged,
        "round(({} * (100 - {n}) / 100.0)::numeric, 2)",
        "{} after a discount of {n} %, rounded to two decimals",
    )
    .with(&[5, 10, 15, 20]),
    value(
        "round",
        On::Charged,
        "round(({} * (100 + {n}) / 100.0)::numeric, 2)",
        "{} with {n} % tax added, rounded to two decimals",
    )
    .with(&[7, 8, 19, 20]),
    value(
        "ceil",
        On::Charged,
        "ceil({} * (100 + {n}) / 100.0)",
        "{} after an increase of {n} %, rounded up to the next whole amount",
    )
    .with(&[5, 10]),
    value("ceiling", On::Charged, "ceiling({})", "{} rounded up to the next whole amount")
        .aim("for a simpler price list"),
    value(
        "floor",
        On::Charged,
        "floor({} * (100 - {n}) / 100.0)",
        "sale {} at {n} % off, rounded down to a whole amount",
    )
    .with(&[10, 25])
    .odd(),
    value(
        "power",
        On::Charged,
        "round(({} * power(1 + {n} / 100.0, 3))::numeric, 2)",
        "{} in three years if it rises by {n} % a year, rounded to two decimals",
    )
    .with(&[2, 3, 5])
    .odd(),
    value(
        "exp",
        On::Charged,
        "round(({} * exp({n} / 100.0))::numeric, 2)",
        "{} after a year of {n} % continuous growth, rounded to two decimals",
    )
    .with(&[2, 3, 5])
    .odd(),
    over(
        "greatest",
        On::Revenue,
        "sum(greatest({}, {average}))",
        "total {} of {rows}, each counted as at least {average}",
    )
    .odd(),
    value(
        "greatest",
        On::Charged,
        "greatest(round(({} * (100 - {n}) / 100.0)::numeric, 2), {low})",
        "{} at {n} % off, rounded to two decimals, but never below {low}",
    )
    .with(&[10, 15, 20, 25])
    .odd(),
    value(
        "greatest",
        On::Stock,
        "greatest({n} - {}, 0)",
        "number of pieces missing to a stock of {n} (0 where none are)",
    )
    .with(&[20, 25, 50])
    .odd(),
    over("least", On::Revenue, "sum(least({}, {high}))", "total {} of {rows}, each counted as at most {high}").odd(),
    value("trunc", On::Price, "trunc({})", "{} with the decimals cut off").odd(),
    value(
        "to_char",
        On::Thousands,
        "to_char({}, 'FM999,999,999,990.00')",
        "{} with thousands separators and two decimals",
    )
    .aim("for a printed report"),
    // what fits
    value("ceil", On::Quantity, "ceil({} / {n}.0)", "boxes of {n} needed for the {}").with(&[12, 20, 50]),
    value("div", On::Quantity, "div({}::numeric, {n})", "full boxes of {n} that the {} make up").with(&[10, 12, 24]),
    class("div", On::Minutes, "div({}::numeric, 60)", "{} in full hours").odd(),
    class("ceil", On::Minutes, "ceil({} / 60.0)", "{} in hours, rounded up").odd(),
    class("floor", On::Minutes, "floor({} / 60)", "{} in full hours").odd(),
    value("make_interval", On::Minutes, "make_interval(mins => {}::int)", "{} in hours and minutes"),
    value("mod", On::Minutes, "floor({} / 60) || ' h ' || mod({}::int, 60) || ' min'", "{} in the form 1 h 30 min"),
    value("trunc", On::Minutes, "trunc({} / 60.0, 1)", "{} in hours, cut off after one decimal"),
    value("make_interval", On::Millis, "make_interval(secs => {} / 1000.0)", "length in minutes and seconds"),
    value("div", On::Millis, "div({}::numeric, 60000)", "length in full minutes"),
    class("floor", On::Millis, "floor({} / 60000)", "length in full minutes"),
    value("trunc", On::Millis, "trunc({} / 60000.0, 1)", "length in minutes, cut off after one decimal"),
    value(
        "mod",
        On::Millis,
        "({} / 60000) || ':' || lpad(mod({} / 1000, 60)::text, 2, '0')",
        "length as minutes and seconds (m:ss)",
    ),
    // bands
    class(
        "floor",
        On::Spread,
        "floor({} / {step}) * {step}",
        "{} range (in steps of {step}, each shown by its lower end)",
    ),
    class("floor", On::Year, "floor({} / 10) * 10", "decade of the {}"),
    class(
        "width_bucket",
        On::Spread,
        "width_bucket({}, {low}, {high}, {n})",
        "class of {} ({N} of equal width from {low} to {high}, 0 and {over} for what lies outside)",
    )
    .with(&[4, 5]),
    class(
        "log10",
        On::Spread,
        "floor(log10({} + 1))",
        "order of magnitude of the {}, as floor of log10 of it plus one,",
    ),
    class("sign", On::Number, "sign({} - {average})", "position of the {} against {average} (-1 below, 0 at, 1 above)"),
    value("ln", On::Spread, "round(ln({} + 1)::numeric, 3)", "natural logarithm of the {} plus one, to three decimals")
        .aim("for a regression"),
    value(
        "log",
        On::Spread,
        "round(log({} + 1)::numeric, 3)",
        "decimal logarithm of the {} plus one, to three decimals",
    )
    .aim("for a chart"),
    // nearness and difference
    Entry::new("abs", On::Near, Yields::Nearest, "abs({} - {average})", "{} closest to {average}").odd(),
    value(
        "acos",
        On::Located,
        "round((6371 * acos(least(1, sin(radians({lat})) * sin(radians({})) + cos(radians({lat})) * cos(radians({})) \
         * cos(radians({2} - {lon})))))::numeric, 1)",
        "great-circle distance in kilometers (radius 6371) from latitude {lat} and longitude {lon}, to one decimal",
    ),
    value(
        "nullif",
        On::Numbers,
        "round(({} / nullif({2}, 0))::numeric, 2)",
        "ratio of {} to {2}, rounded to two decimals (empty where the latter is 0)",
    )
    .odd(),
    test(
        "int4range",
        On::Whole,
        "{}::int <@ int4range({low_whole}, {high_whole})",
        "is at least {low_whole} but less than {high_whole}",
    )
    .odd(),
    test("numrange", On::Number, "{}::numeric <@ numrange({low}, {high})", "is at least {low} but less than {high}")
        .odd(),
    value("coalesce", On::GappyAmount, "coalesce({}, 0)", "{} (0 where it is missing)"),
    value("make_date", On::Year, "make_date({}::int, 1, 1)", "first day of the {}"),
];
