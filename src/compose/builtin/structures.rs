//! Functions on arrays, ranges, JSON, text search vectors, and on whole rows.

use super::{Entry, On, Yields};

const fn of(name: &'static str, on: On, yields: Yields, sql: &'static str, noun: &'static str) -> Entry {
    Entry::new(name, on, yields, sql, noun)
}

use On::{Array, Json, Range, Row, Search};
use Yields::{Class, Figure, Rows, Test, Value};

/// What programs ask for: rows as JSON.
const fn json(name: &'static str, sql: &'static str, noun: &'static str) -> Entry {
    Entry::new(name, Row, Value, sql, noun).aim("for the web API")
}

pub(super) const ENTRIES: &[Entry] = &[
    json("json_build_object", "json_build_object('{k}', {}, '{k2}', {2})", "JSON object of {} and {2}"),
    json("jsonb_build_object", "jsonb_build_object('{k}', {}, '{k2}', {2})", "binary JSON object of {} and {2}"),
    json("json_build_array", "json_build_array({}, {2})", "JSON array of {} and {2}"),
    json("jsonb_build_array", "jsonb_build_array({}, {2})", "binary JSON array of {} and {2}"),
    json(
        "jsonb_strip_nulls",
        "jsonb_strip_nulls(jsonb_build_object('{k}', {}, '{k2}', {2}))",
        "JSON object of {} and {2}, missing values left out",
    ),
    json(
        "jsonb_set",
        "jsonb_set(jsonb_build_object('{k}', {}), ARRAY['{k2}'], to_jsonb({2}))",
        "JSON object of {} with the {2} set in it",
    ),
    json(
        "json_object",
        "json_object(ARRAY['{k}', '{k2}'], ARRAY[{}::text, {2}::text])",
        "JSON object of {} and {2}, both as texts",
    ),
    json("to_json", "to_json({})", "{} as a JSON string"),
    json("row_to_json", "row_to_json(row({}, {2}))", "row of {} and {2} as JSON"),
    of("concat", Row, Value, "concat({}, ' (', {2}, ')')", "{} with the {2} in parentheses").odd(),
    of("format", Row, Value, "format('%s - %s', {}, {2})", "{} and {2} with a dash between them"),
    of("concat_ws", Row, Value, "concat_ws(', ', {}, {2})", "{} and {2} with a comma between them"),
    of("to_jsonb", Row, Value, "to_jsonb({2})", "{2} as a JSON value").aim("for the web API"),
    of("array_length", Array, Figure, "array_length({}, 1)", "number of {s}"),
    of("cardinality", Array, Figure, "cardinality({})", "number of {s}"),
    of("array_to_string", Array, Value, "array_to_string({}, ', ')", "{s} as one comma-separated text"),
    of("array_upper", Array, Value, "({})[array_upper({}, 1)]", "last one of the {s}"),
    of("array_position", Array, Value, "array_position({}, '{value}')", "place of {value} among the {s}"),
    of("array_position", Array, Test, "array_position({}, '{value}') IS NOT NULL", "have {value} among them"),
    of("array_remove", Array, Value, "array_remove({}, '{value}')", "{s} other than {value}"),
    of("array_replace", Array, Value, "array_replace({}, '{value}', 'n/a')", "{s} with n/a in place of {value}"),
    of("array_append", Array, Value, "array_append({}, 'other')", "{s} with other added at the end"),
    of("array_prepend", Array, Value, "array_prepend('any', {})", "{s} with any put in front"),
    of("array_to_json", Array, Value, "array_to_json({})", "{s} as a JSON array"),
    of("trim_array", Array, Value, "trim_array({}, 1)", "{s} without the last one").since(140000),
    of("array_lower", Array, Value, "({})[array_lower({}, 1)]", "first one of the {s}"),
    of("array_positions", Array, Value, "array_positions({}, '{value}')", "all places of {value} among the {s}"),
    of("unnest", Array, Rows, "unnest({})", "single {s}"),
    of("lower", Range, Value, "lower({})", "start of the {}"),
    of("upper", Range, Value, "upper({})", "end of the {}"),
    of("lower_inc", Range, Class, "lower_inc({})", "answer to whether the first day belongs to the {}").odd(),
    of("upper_inc", Range, Class, "upper_inc({})", "answer to whether the last day belongs to the {}").odd(),
    of("upper_inf", Range, Test, "upper_inf({})", "has no end"),
    of("upper_inf", Range, Class, "upper_inf({})", "answer to whether the {} has no end").odd(),
    of("lower_inf", Range, Class, "lower_inf({})", "answer to whether the {} has no beginning").odd(),
    of("isempty", Range, Class, "isempty({})", "answer to whether the {} is empty").odd(),
    of("jsonb_typeof", Json, Class, "jsonb_typeof({}::jsonb -> '{key}')", "JSON type of {key} in the {}"),
    of(
        "jsonb_extract_path_text",
        Json,
        Class,
        "jsonb_extract_path_text({}::jsonb, '{key}')",
        "value of {key} in the {}",
    ),
    of("jsonb_extract_path", Json, Value, "jsonb_extract_path({}::jsonb, '{key}')", "JSON value of {key} in the {}"),
    of("jsonb_path_exists", Json, Test, "jsonb_path_exists({}::jsonb, '$.\"{key}\"')", "have an entry for {key}"),
    of(
        "jsonb_path_query_first",
        Json,
        Value,
        "jsonb_path_query_first({}::jsonb, '$.\"{key}\"')",
        "first match of the path to {key} in the {}",
    ),
    of(
        "jsonb_path_query_array",
        Json,
        Value,
        "jsonb_path_query_array({}::jsonb, '$.\"{key}\"')",
        "array of all matches of the path to {key} in the {}",
    ),
    of("jsonb_object_keys", Json, Rows, "jsonb_object_keys({}::jsonb)", "keys found in the {}"),
    of("jsonb_pretty", Json, Value, "jsonb_pretty({}::jsonb)", "{} printed over several lines"),
    of("jsonb_strip_nulls", Json, Value, "jsonb_strip_nulls({}::jsonb)", "{} without empty entries"),
    of("tsvector_to_array", Search, Value, "tsvector_to_array({})", "words of the {} as an array"),
];
