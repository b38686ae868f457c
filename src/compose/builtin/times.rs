//! Functions on dates and times.

use super::{Entry, On, Yields};

const fn value(name: &'static str, sql: &'static str, noun: &'static str) -> Entry {
    Entry::new(name, On::Time, Yields::Value, sql, noun)
}

const fn class(name: &'static str, sql: &'static str, noun: &'static str) -> Entry {
    Entry::new(name, On::Time, Yields::Class, sql, noun)
}

const fn stamp(name: &'static str, yields: Yields, sql: &'static str, noun: &'static str) -> Entry {
    Entry::new(name, On::Stamp, yields, sql, noun)
}

const fn pair(name: &'static str, yields: Yields, sql: &'static str, noun: &'static str) -> Entry {
    Entry::new(name, On::Dates, yields, sql, noun)
}

pub(super) const ENTRIES: &[Entry] = &[
    class("extract", "extract(year FROM {})", "year of the {}"),
    class("extract", "extract(month FROM {})", "calendar month of the {} (1 to 12, over all years)"),
    class("extract", "extract(isodow FROM {})", "day of the week of the {} (1 for Monday to 7 for Sunday)"),
    class("extract", "extract(quarter FROM {})", "quarter of the {} (1 to 4, over all years)"),
    class("date_part", "date_part('month', {})", "calendar month of the {} (1 to 12, over all years)"),
    class("date_part", "date_part('year', {})", "year of the {}"),
    class("date_part", "date_part('dow', {})", "weekday of the {} (0 for Sunday to 6 for Saturday)"),
    class("date_trunc", "date_trunc('month', {})", "month of the {}"),
    class("date_trunc", "date_trunc('year', {})", "year of the {}"),
    class("date_trunc", "date_trunc('quarter', {})", "quarter of the {}"),
    class("date_trunc", "date_trunc('week', {})", "week of the {}"),
    class("to_char", "to_char({}, 'YYYY-MM')", "month of the {} (YYYY-MM)"),
    class("to_char", "to_char({}, 'YYYY-\"Q\"Q')", "quarter of the {} (such as 2020-Q1)"),
    class("to_char", "to_char({}, 'FMMonth')", "month of the year (by name) of the {}"),
    class("to_char", "to_char({}, 'FMDay')", "weekday (by name) of the {}"),
    value("to_char", "to_char({}, 'DD.MM.YYYY')", "{} in the form DD.MM.YYYY"),
    value("to_char", "to_char({}, 'FMDD FMMonth YYYY')", "{} with the month written out, such as \"3 May 2020\"")
        .aim("for a letter"),
    class(
        "date_bin",
        "date_bin('14 days', {}::timestamp, timestamp '2000-01-03')",
        "two-week period of the {} (counted from Monday 3 January 2000, shown by its first day)",
    )
    .since(140000)
    .odd(),
    class("to_date", "to_date(to_char({}, 'YYYYMM') || '01', 'YYYYMMDD')", "month of the {} (given as its first day)"),
    value("make_interval", "{} + make_interval(days => {n})", "date {n} days after the {}")
        .with(&[14, 30, 90])
        .aim("as a reminder date"),
    value("age", "age(timestamp '{last}', {})", "time since the {} as of {last_words}"),
    Entry::new("generate_series", On::Time, Yields::Calendar, "", ""),
    Entry::new("date_part", On::Time, Yields::Test, "date_part('isodow', {}) >= 6", "falls on a Saturday or Sunday"),
    Entry::new("extract", On::Time, Yields::Test, "extract(month FROM {}) = {n}", "falls in {monthname} of any year")
        .with(&[1, 3, 5, 6, 7, 8, 10, 12])
        .odd(),
    Entry::new("extract", On::Time, Yields::Test, "extract(isodow FROM {}) = 1", "falls on a Monday").odd(),
    Entry::new(
        "extract",
        On::Time,
        Yields::Test,
        "extract(quarter FROM {}) = {n}",
        "falls in the {nth} quarter of any year",
    )
    .with(&[1, 2, 3, 4])
    .odd(),
    Entry::new("date_part", On::Time, Yields::Test, "date_part('day', {}) = 1", "is the first day of a month").odd(),
    Entry::new(
        "to_date",
        On::Time,
        Yields::Test,
        "{} >= to_date('{first}', 'DD.MM.YYYY')",
        "is on or after {month_first}",
    ),
    Entry::new("to_char", On::Time, Yields::Test, "to_char({}, 'FMDay') = 'Friday'", "falls on a Friday").odd(),
    Entry::new("make_date", On::Time, Yields::Test, "{} >= make_date({year}, 1, 1)", "lies in {year} or later"),
    Entry::new(
        "date_trunc",
        On::Time,
        Yields::Test,
        "date_trunc('month', {}) = date '{month}'",
        "lies in {month_words}",
    ),
    Entry::new(
        "daterange",
        On::Time,
        Yields::Test,
        "{}::date <@ daterange('{month}', '{next_month}')",
        "falls in {month_words}",
    ),
    stamp("extract", Yields::Class, "extract(hour FROM {})", "hour of the day of the {}"),
    stamp("date_part", Yields::Class, "date_part('hour', {})", "hour of the {}, from 0 to 23"),
    stamp(
        "timezone",
        Yields::Value,
        "{}::timestamp AT TIME ZONE 'UTC' AT TIME ZONE 'America/New_York'",
        "{} (taken as UTC) in New York time",
    ),
    stamp("date", Yields::Class, "date({})", "calendar day of the {}"),
    stamp("make_time", Yields::Test, "{}::time < make_time(9, 30, 0)", "is before 9:30 in the morning"),
    stamp("make_time", Yields::Test, "{}::time >= make_time(18, 0, 0)", "is at 6 in the evening or later"),
    stamp(
        "date_bin",
        Yields::Class,
        "date_bin('6 hours', {}::timestamp, timestamp '2000-01-01')",
        "six-hour stretch of the {}, by its beginning",
    )
    .since(140000)
    .odd(),
    pair("age", Yields::Value, "age({2}, {})", "time from the {} to the {2}"),
    pair(
        "extract",
        Yields::Figure,
        "extract(epoch FROM ({2}::timestamp - {}::timestamp)) / 86400",
        "number of days from the {} to the {2}",
    ),
    pair(
        "date_part",
        Yields::Figure,
        "date_part('day', {2}::timestamp - {}::timestamp)",
        "number of full days from the {} to the {2}",
    ),
    pair(
        "justify_days",
        Yields::Value,
        "justify_days({2}::timestamp - {}::timestamp)",
        "time from the {} to the {2} in months and days, a month taken as 30 days",
    ),
    pair(
        "justify_interval",
        Yields::Value,
        "justify_interval({2}::timestamp - {}::timestamp)",
        "time from the {} to the {2} in months, days and hours, a month taken as 30 days",
    ),
    pair(
        "justify_hours",
        Yields::Value,
        "justify_hours({2}::timestamp - {}::timestamp)",
        "time from the {} to the {2} in days and hours",
    ),
    pair(
        "daterange",
        Yields::Value,
        "daterange({}::date, {2}::date, '[]')",
        "range of days from the {} to the {2}, both included",
    )
    .odd(),
    pair("coalesce", Yields::Value, "coalesce({2}, {})", "{2} (the {} where there is none)").odd(),
    pair(
        "tsrange",
        Yields::Test,
        "tsrange({}::timestamp, {2}::timestamp, '[]') @> timestamp '{middle}'",
        "and {2} enclose the beginning of {middle_words}",
    )
    .odd(),
    pair(
        "overlaps",
        Yields::Test,
        "({}, {2}) OVERLAPS (date '{month}', date '{next_month}')",
        "and {2} span a time that overlaps {month_words}",
    )
    .odd(),
    pair("avg", Yields::Aggregate, "avg({2}::timestamp - {}::timestamp)", "average time from the {} to the {2}"),
    pair("max", Yields::Aggregate, "max({2}::timestamp - {}::timestamp)", "longest time from the {} to the {2}"),
    pair(
        "justify_hours",
        Yields::Aggregate,
        "justify_hours(avg({2}::timestamp - {}::timestamp))",
        "average time from the {} to the {2} in days and hours",
    ),
    pair(
        "percentile_cont",
        Yields::Aggregate,
        "percentile_cont(0.5) WITHIN GROUP (ORDER BY {2}::timestamp - {}::timestamp)",
        "median time from the {} to the {2}",
    ),
    pair(
        "make_interval",
        Yields::Test,
        "{2} > {} + make_interval(days => {n})",
        "lies more than {n} days before the {2}",
    )
    .with(&[2, 3, 5, 7, 14, 30]),
    pair("age", Yields::Test, "age({2}, {}) > interval '{n} days'", "lies more than {n} days before the {2}")
        // a month is as long as 30 days to an interval
        .with(&[3, 7, 10]),
];
