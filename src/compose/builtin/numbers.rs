//! Functions on numbers.

use super::{Entry, On, Yields};

const fn value(name: &'static str, sql: &'static str, noun: &'static str) -> Entry {
    Entry::new(name, On::Number, Yields::Value, sql, noun)
}

const fn fraction(name: &'static str, sql: &'static str, noun: &'static str) -> Entry {
    Entry::new(name, On::Fraction, Yields::Value, sql, noun)
}

const fn class(name: &'static str, sql: &'static str, noun: &'static str) -> Entry {
    Entry::new(name, On::Number, Yields::Class, sql, noun)
}

const fn spread(name: &'static str, sql: &'static str, noun: &'static str) -> Entry {
    Entry::new(name, On::Spread, Yields::Class, sql, noun)
}

const fn tens(name: &'static str, sql: &'static str, noun: &'static str) -> Entry {
    Entry::new(name, On::Tens, Yields::Class, sql, noun)
}

pub(super) const ENTRIES: &[Entry] = &[
    fraction("round", "round({}::numeric, 1)", "{} rounded to one decimal"),
    fraction("round", "round({}::numeric)", "{} rounded to a whole number"),
    tens("round", "round({}::numeric, -1)", "{} rounded to tens"),
    fraction("ceil", "ceil({})", "{} rounded up to a whole number"),
    Entry::new("ceil", On::Quantity, Yields::Value, "ceil({} / {n}.0)", "number of boxes of {n} needed for the {}")
        .with(&[12, 20, 50]),
    fraction("ceiling", "ceiling({})", "{} raised to the next whole number"),
    fraction("floor", "floor({})", "{} rounded down to a whole number"),
    tens("floor", "floor({} / 10) * 10", "{} rounded down to tens"),
    fraction("trunc", "trunc({}::numeric, 1)", "{} cut off after the first decimal"),
    fraction("trunc", "trunc({})", "{} without its decimals"),
    value("abs", "abs({} - {average})", "absolute deviation of the {} from {average}"),
    value("sign", "sign({} - {average})", "position of the {} against {average} (-1 below, 0 at, 1 above)"),
    class("sign", "sign({} - {average})", "position of the {} against {average} (-1 below, 0 at, 1 above)"),
    value("cbrt", "round(cbrt({})::numeric, 2)", "cube root of the {} rounded to two decimals"),
    value("ln", "round(ln({} + 1)::numeric, 3)", "log-transformed {} (natural log of it plus one, three decimals)"),
    value("log", "round(log({} + 1)::numeric, 3)", "log10-transformed {} (log10 of it plus one, three decimals)"),
    spread("log10", "floor(log10({} + 1))", "order of magnitude of the {}, as floor of log10 of it plus one"),
    Entry::new("div", On::Quantity, Yields::Value, "div({}::numeric, {n})", "number of full boxes of {n} in the {}")
        .with(&[10, 12, 24]),
    fraction("to_char", "to_char({}, 'FM999,999,990.00')", "{} written with a thousands separator and two decimals"),
    fraction("scale", "scale({}::numeric)", "count of decimals that the {} is stored with"),
    fraction("trim_scale", "trim_scale({}::numeric)", "{} without trailing zeros"),
    fraction("min_scale", "min_scale({}::numeric)", "count of decimals that the {} needs"),
    value("to_jsonb", "to_jsonb({})", "{} as a JSON number"),
    spread(
        "width_bucket",
        "width_bucket({}, {low}, {high}, {n})",
        "bucket number of the {} ({N} equal buckets from {low} to {high})",
    )
    .with(&[4, 5, 10]),
    Entry::new(
        "mod",
        On::Quantity,
        Yields::Value,
        "mod({}, {n})",
        "number left over of the {} after filling boxes of {n}",
    )
    .with(&[10, 12, 20]),
    Entry::new("to_hex", On::Whole, Yields::Value, "to_hex({}::bigint)", "{} as a hexadecimal number"),
    // a sample of the rows
    Entry::new("mod", On::Id, Yields::Test, "mod({}, 10) = 0", "is divisible by 10"),
    Entry::new("mod", On::Id, Yields::Test, "mod({}, 100) = 0", "is divisible by 100"),
    Entry::new(
        "abs",
        On::Number,
        Yields::Test,
        "abs({} - {average}) < {spread}",
        "differs from {average} by less than {spread}",
    ),
    Entry::new(
        "round",
        On::Fraction,
        Yields::Test,
        "round({}::numeric) = {average_whole}",
        "rounds to {average_whole}",
    ),
    Entry::new(
        "int4range",
        On::Whole,
        Yields::Test,
        "{}::int <@ int4range({low_whole}, {high_whole})",
        "is at least {low_whole} but less than {high_whole}",
    ),
    Entry::new(
        "numrange",
        On::Number,
        Yields::Test,
        "{}::numeric <@ numrange({low}, {high})",
        "is at least {low} but less than {high}",
    ),
    Entry::new("greatest", On::Number, Yields::Value, "greatest({}, {average})", "{} with a floor of {average}"),
    Entry::new("least", On::Number, Yields::Value, "least({}, {average})", "{} with a cap of {average}"),
    Entry::new("greatest", On::Numbers, Yields::Value, "greatest({}, {2})", "greater one of {} and {2}"),
    Entry::new("least", On::Numbers, Yields::Value, "least({}, {2})", "smaller one of {} and {2}"),
    Entry::new(
        "nullif",
        On::Numbers,
        Yields::Value,
        "round(({} / nullif({2}, 0))::numeric, 2)",
        "{} divided by the {2}, rounded to two decimals (empty where the latter is 0)",
    ),
    Entry::new("abs", On::Numbers, Yields::Value, "abs({} - {2})", "absolute difference between {} and {2}"),
    Entry::new("coalesce", On::GappyNumber, Yields::Value, "coalesce({}, 0)", "{} (0 where it is missing)"),
    Entry::new("make_date", On::Year, Yields::Value, "make_date({}::int, 1, 1)", "first day of the {}"),
    Entry::new("floor", On::Year, Yields::Class, "floor({} / 10) * 10", "decade of the {}"),
];
