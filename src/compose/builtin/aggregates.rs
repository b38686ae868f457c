//! Aggregate functions: the noun goes before "of the rows".

use super::{Entry, On, Yields};

const fn number(name: &'static str, sql: &'static str, noun: &'static str) -> Entry {
    Entry::new(name, On::Number, Yields::Aggregate, sql, noun)
}

const fn two(name: &'static str, sql: &'static str, noun: &'static str) -> Entry {
    Entry::new(name, On::Numbers, Yields::Aggregate, sql, noun)
}

const fn of(name: &'static str, on: On, sql: &'static str, noun: &'static str) -> Entry {
    Entry::new(name, on, Yields::Aggregate, sql, noun)
}

pub(super) const ENTRIES: &[Entry] = &[
    of("count", On::Group, "count(DISTINCT {})", "number of different {s}"),
    of("count", On::Gappy, "count({})", "number of {rows} that have a {} filled in").odd(),
    of("count", On::GappyNumber, "count({})", "number of {rows} for which a {} is known").odd(),
    of("sum", On::Amount, "sum({})", "sum of the {s}"),
    of("sum", On::Amount, "sum({})", "total {}"),
    number("avg", "avg({})", "average {}"),
    number("avg", "round(avg({})::numeric, 2)", "average {}, rounded to two decimals,"),
    number("min", "min({})", "lowest {}"),
    number("max", "max({})", "highest {}"),
    of("min", On::Time, "min({})", "earliest {}"),
    of("max", On::Time, "max({})", "latest {}"),
    number("stddev", "round(stddev({})::numeric, 2)", "standard deviation of the {}, rounded to two decimals,"),
    number(
        "stddev_samp",
        "round(stddev_samp({})::numeric, 3)",
        "sample standard deviation of the {}, rounded to three decimals,",
    ),
    number(
        "stddev_pop",
        "round(stddev_pop({})::numeric, 2)",
        "population standard deviation of the {}, rounded to two decimals,",
    ),
    number("variance", "round(variance({})::numeric, 2)", "variance of the {}, rounded to two decimals,"),
    number("var_samp", "round(var_samp({})::numeric, 2)", "sample variance of the {}, rounded to two decimals,"),
    number("var_pop", "round(var_pop({})::numeric, 2)", "population variance of the {}, rounded to two decimals,"),
    number("sqrt", "round(sqrt(variance({}))::numeric, 2)", "standard deviation of the {}, rounded to two decimals,")
        .odd(),
    of("round", On::Number, "round(avg({})::numeric, 1)", "average {}, rounded to one decimal,"),
    of("round", On::Number, "round(avg({})::numeric)", "average {}, rounded to a whole number,"),
    of("round", On::Tens, "round(avg({})::numeric, -1)", "average {}, rounded to tens,").odd(),
    of(
        "nullif",
        On::Zeroed,
        "round(avg(nullif({}, 0))::numeric, 2)",
        "average {}, ignoring zeros and rounded to two decimals",
    )
    .odd(),
    number(
        "ln",
        "round(exp(avg(ln(nullif({}::numeric, 0))))::numeric, 2)",
        "geometric mean of the {} (zeros left out), rounded to two decimals,",
    ),
    number("percentile_cont", "percentile_cont(0.5) WITHIN GROUP (ORDER BY {})", "median {} (interpolated)"),
    number(
        "percentile_cont",
        "percentile_cont(0.95) WITHIN GROUP (ORDER BY {})",
        "95th percentile (interpolated) of the {}",
    ),
    number("percentile_disc", "percentile_disc(0.5) WITHIN GROUP (ORDER BY {})", "median {} (not interpolated)"),
    number(
        "percentile_disc",
        "percentile_disc(0.75) WITHIN GROUP (ORDER BY {})",
        "third quartile (not interpolated) of the {}",
    )
    .odd(),
    of("mode", On::Group, "mode() WITHIN GROUP (ORDER BY {})", "most frequent {} (the first one where tied)"),
    of(
        "string_agg",
        On::Group,
        "string_agg(DISTINCT {}::text, ', ' ORDER BY {}::text)",
        "different {s} as one comma-separated list in alphabetical order",
    ),
    of("array_agg", On::Group, "array_agg(DISTINCT {} ORDER BY {})", "different {s} as one sorted array"),
    of(
        "array_to_string",
        On::Group,
        "array_to_string(array_agg(DISTINCT {} ORDER BY {}), ' | ')",
        "different {s} as one sorted list with bars between them",
    ),
    of(
        "array_remove",
        On::Value,
        "array_remove(array_agg(DISTINCT {} ORDER BY {}), '{value}')",
        "sorted array of the different {s} without {value}",
    )
    .odd(),
    of(
        "array_append",
        On::Value,
        "array_append(array_agg(DISTINCT {} ORDER BY {}), 'other')",
        "pick list (an array) of the different {s} in order, with other added at the end,",
    ),
    of(
        "array_prepend",
        On::Value,
        "array_prepend('all', array_agg(DISTINCT {} ORDER BY {}))",
        "pick list (an array) of the different {s} in order, headed by the entry all,",
    ),
    of(
        "array_cat",
        On::Value,
        "array_cat(array_agg(DISTINCT {} ORDER BY {}), ARRAY['other', 'unknown'])",
        "pick list (an array) of the different {s} in order, followed by other and unknown,",
    ),
    of(
        "array_to_json",
        On::Group,
        "array_to_json(array_agg(DISTINCT {} ORDER BY {}))",
        "JSON array made of the sorted array of the different {s}",
    ),
    of("json_agg", On::Group, "json_agg(DISTINCT {})", "JSON array of the different {s}"),
    of("jsonb_agg", On::Group, "jsonb_agg(DISTINCT {})", "binary JSON array of the different {s}"),
    of(
        "jsonb_pretty",
        On::Group,
        "jsonb_pretty(jsonb_agg(DISTINCT {}))",
        "JSON array of the different {s}, printed over several lines,",
    ),
    of("jsonb_object_agg", On::Row, "jsonb_object_agg({}, {2})", "JSON object that maps each {} to its {2}"),
    of(
        "json_object_agg",
        On::Row,
        "json_object_agg({}, {2} ORDER BY {})",
        "JSON object with the {} as key and the {2} as value, in order of {},",
    ),
    of("bool_and", On::Flag, "bool_and({})", "whether {} is true for all {rows}"),
    of("bool_or", On::Flag, "bool_or({})", "whether {} is true for any {rows}"),
    of("every", On::Flag, "every({})", "whether {} is true for all {rows}"),
    of("bool_or", On::Number, "bool_or({} > {average})", "whether any {rows} have a {} above {average}").odd(),
    of("bool_and", On::Number, "bool_and({} > {low})", "whether all {rows} have a {} above {low}").odd(),
    of("every", On::Number, "every({} < {high})", "whether all {rows} have a {} below {high}").odd(),
    of(
        "range_agg",
        On::Dates,
        "range_agg(daterange({}::date, {2}::date, '[]'))",
        "union of the ranges of days from {} to {2}",
    )
    .since(140000),
    of(
        "range_intersect_agg",
        On::Dates,
        "range_intersect_agg(daterange({}::date, {2}::date, '[]'))",
        "intersection of the ranges of days from {} to {2}",
    )
    .since(140000),
    two("corr", "round(corr({}, {2})::numeric, 3)", "correlation of {} and {2}, rounded to three decimals,"),
    two(
        "covar_pop",
        "round(covar_pop({}, {2})::numeric, 2)",
        "population covariance of {} and {2}, rounded to two decimals,",
    )
    .odd(),
    two(
        "covar_samp",
        "round(covar_samp({}, {2})::numeric, 2)",
        "sample covariance of {} and {2}, rounded to two decimals,",
    )
    .odd(),
    two(
        "regr_slope",
        "round(regr_slope({}, {2})::numeric, 4)",
        "slope of the regression of {} on {2}, rounded to four decimals,",
    )
    .odd(),
    two(
        "regr_intercept",
        "round(regr_intercept({}, {2})::numeric, 3)",
        "intercept of the regression of {} on {2}, rounded to three decimals,",
    )
    .odd(),
    two(
        "regr_r2",
        "round(regr_r2({}, {2})::numeric, 3)",
        "coefficient of determination of the regression of {} on {2}, rounded to three decimals,",
    )
    .odd(),
    two("regr_count", "regr_count({}, {2})", "number of cases with both {} and {2}"),
    two(
        "regr_avgx",
        "round(regr_avgx({}, {2})::numeric, 2)",
        "average {2} over the cases that have a {} too, rounded to two decimals,",
    )
    .odd(),
    two(
        "regr_avgy",
        "round(regr_avgy({}, {2})::numeric, 2)",
        "average {} over the cases that have a {2} too, rounded to two decimals,",
    )
    .odd(),
    two(
        "regr_sxx",
        "round(regr_sxx({}, {2})::numeric, 2)",
        "sum of squared deviations of the {2} (where a {} is known), rounded to two decimals,",
    )
    .odd(),
    two(
        "regr_syy",
        "round(regr_syy({}, {2})::numeric, 2)",
        "sum of squared deviations of the {} (where a {2} is known), rounded to two decimals,",
    )
    .odd(),
    two(
        "regr_sxy",
        "round(regr_sxy({}, {2})::numeric, 2)",
        "sum of products of the deviations of {} and {2}, rounded to two decimals,",
    )
    .odd(),
];
