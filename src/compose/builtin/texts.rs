//! Functions on text.

use super::{Entry, On, Yields};

const fn value(name: &'static str, sql: &'static str, noun: &'static str) -> Entry {
    Entry::new(name, On::Text, Yields::Value, sql, noun)
}

const fn coded(name: &'static str, sql: &'static str, noun: &'static str) -> Entry {
    Entry::new(name, On::Coded, Yields::Value, sql, noun)
}

const fn figure(name: &'static str, sql: &'static str, noun: &'static str) -> Entry {
    Entry::new(name, On::Text, Yields::Figure, sql, noun)
}

const fn class(name: &'static str, sql: &'static str, noun: &'static str) -> Entry {
    Entry::new(name, On::Named, Yields::Class, sql, noun)
}

const fn test(name: &'static str, on: On, sql: &'static str, verb: &'static str) -> Entry {
    Entry::new(name, on, Yields::Test, sql, verb)
}

const fn spaced(name: &'static str, yields: Yields, sql: &'static str, noun: &'static str) -> Entry {
    Entry::new(name, On::Spaced, yields, sql, noun)
}

pub(super) const ENTRIES: &[Entry] = &[
    value("upper", "upper({})", "{} in capital letters"),
    value("upper", "upper({})", "{} in upper case"),
    value("lower", "lower({})", "{} in small letters"),
    value("lower", "lower({})", "{} in lower case"),
    value("initcap", "initcap({})", "{} with each word capitalized"),
    value("btrim", "btrim({}, ' .')", "{} without blanks and full stops at its ends"),
    value("rtrim", "rtrim({}, '.')", "{} without a full stop at its end"),
    spaced("reverse", Yields::Value, "reverse(split_part(reverse({}), ' ', 1))", "last word of the {}"),
    value("md5", "md5({})", "MD5 hash of the {}"),
    value("trim", "trim(left({}, {n}))", "first {n} characters of the {}, trimmed").with(&[5, 8, 10]),
    value("ltrim", "ltrim(right({}, {n}))", "last {n} characters of the {}, trimmed on the left").with(&[5, 8, 10]),
    value("rtrim", "rtrim(left({}, {n}))", "first {n} characters of the {}, trimmed on the right").with(&[5, 8, 10]),
    coded("left", "left({}, {n})", "first {N} characters of the {}").with(&[2, 3, 4]),
    coded("ltrim", "ltrim({}, '0')", "{} without leading zeros"),
    coded("lpad", "lpad({}, {n}, '0')", "{} filled up with zeros on the left to {n} characters").with(&[12, 16, 20]),
    class("left", "left({}, 1)", "first letter of the {}"),
    coded("right", "right({}, {n})", "last {N} characters of the {}").with(&[2, 3, 4]),
    value("substring", "substring({} FROM 1 FOR {n})", "first {N} characters of the {}").with(&[3, 5, 8]),
    class("substring", "substring({} FROM 1 FOR 1)", "initial letter of the {}"),
    value("substr", "substr({}, 1, {n})", "opening {N} characters of the {}").with(&[4, 6, 10]),
    value("overlay", "overlay({} PLACING '***' FROM 2 FOR 3)", "{} with its second to fourth character masked by ***"),
    value("lpad", "lpad({}, {n})", "{} right-aligned to {n} characters").with(&[20, 30]),
    value("rpad", "rpad({}, {n})", "{} padded to {n} characters for a fixed-width file").with(&[20, 30]),
    value("repeat", "left({}, 1) || repeat('*', length({}) - 1)", "{} masked with asterisks after its first letter"),
    value("translate", "translate({}, ' -', '__')", "{} with underscores for blanks and hyphens"),
    value("quote_literal", "quote_literal({})", "{} as a quoted SQL string"),
    value("regexp_replace", "regexp_replace({}, '[^[:alnum:]]', '', 'g')", "{} with letters and digits only"),
    value("encode", "encode(convert_to({}, 'UTF8'), 'hex')", "{} as hexadecimal bytes"),
    value("convert_to", "encode(convert_to({}, 'UTF8'), 'base64')", "{} encoded in base 64"),
    value("sha256", "encode(sha256(convert_to({}, 'UTF8')), 'hex')", "SHA-256 hash of the {} in hexadecimal"),
    value("sha512", "encode(sha512(convert_to({}, 'UTF8')), 'hex')", "SHA-512 hash of the {} in hexadecimal"),
    coded("regexp_count", "regexp_count({}, '[0-9]')", "number of digits in the {}").since(150000),
    coded("regexp_replace", "regexp_replace({}, '[^0-9]', '', 'g')", "{} reduced to its digits"),
    value("to_json", "to_json({})", "{} as a JSON string"),
    spaced("replace", Yields::Value, "lower(replace({}, ' ', '-'))", "{} as a URL slug, in lower case with hyphens"),
    spaced("replace", Yields::Value, "replace({}, ' ', '_')", "{} as a file name with underscores for blanks"),
    coded("replace", "replace({}, '-', '')", "{} without hyphens"),
    spaced("split_part", Yields::Value, "split_part({}, ' ', 1)", "first word of the {}"),
    spaced("split_part", Yields::Value, "split_part({}, ' ', 2)", "second word of the {}"),
    spaced("split_part", Yields::Value, "split_part({}, ' ', -1)", "last word of the {}").since(140000),
    spaced("regexp_substr", Yields::Value, "regexp_substr({}, '[^ ]+$')", "last word of the {}").since(150000),
    spaced("string_to_array", Yields::Value, "string_to_array({}, ' ')", "{} as an array of its words"),
    spaced(
        "regexp_split_to_array",
        Yields::Value,
        "regexp_split_to_array({}, '\\s+')",
        "{} split at blanks into an array",
    ),
    spaced("regexp_match", Yields::Value, "(regexp_match({}, '^[^ ]+'))[1]", "leading word of the {}"),
    spaced("array_length", Yields::Figure, "array_length(string_to_array({}, ' '), 1)", "number of words in the {}"),
    spaced("cardinality", Yields::Figure, "cardinality(string_to_array({}, ' '))", "word count of the {}"),
    spaced(
        "array_upper",
        Yields::Value,
        "(string_to_array({}, ' '))[array_upper(string_to_array({}, ' '), 1)]",
        "final word of the {}",
    ),
    spaced(
        "trim_array",
        Yields::Value,
        "array_to_string(trim_array(string_to_array({}, ' '), 1), ' ')",
        "{} without its last word",
    )
    .since(140000),
    spaced("regexp_count", Yields::Figure, "regexp_count({}, '[^ ]+')", "number of words in the {}").since(150000),
    spaced("regexp_split_to_table", Yields::Rows, "regexp_split_to_table({}, '\\s+')", "single words of the {}"),
    spaced("string_to_table", Yields::Rows, "string_to_table({}, ' ')", "words of the {}").since(140000),
    spaced("unnest", Yields::Rows, "unnest(string_to_array({}, ' '))", "words of the {}"),
    figure("length", "length({})", "length of the {} in characters"),
    figure("length", "length({})", "number of characters in the {}"),
    figure("char_length", "char_length({})", "character count of the {}"),
    figure("octet_length", "octet_length({})", "size of the {} in bytes"),
    figure("bit_length", "bit_length({})", "size of the {} in bits"),
    test("length", On::Text, "length({}) > {n}", "is longer than {n} characters").with(&[6, 8, 10, 12, 15]),
    test("starts_with", On::Named, "starts_with({}, '{letter}')", "starts with {letter}"),
    test("left", On::Named, "left({}, 1) = '{letter}'", "begins with {letter}"),
    test("position", On::Word, "position('{word}' IN {}) > 0", "contains {word}"),
    test("strpos", On::Word, "strpos({}, '{word}') > 0", "has {word} in it"),
    test("lower", On::Word, "lower({}) LIKE '%{lower}%'", "contains {lower} whatever the case"),
    test(
        "regexp_like",
        On::Word,
        "regexp_like({}, '\\m{lower}\\M', 'i')",
        "contains {lower} as a whole word in any case",
    )
    .since(150000),
    test(
        "to_tsvector",
        On::Word,
        "to_tsvector('simple', {}) @@ plainto_tsquery('simple', '{lower}')",
        "contains {lower} by full-text search without stemming",
    ),
    test(
        "plainto_tsquery",
        On::Word,
        "to_tsvector('english', {}) @@ plainto_tsquery('english', '{lower}')",
        "matches {lower} in an English full-text search",
    ),
    test(
        "to_tsquery",
        On::Word,
        "to_tsvector('english', {}) @@ to_tsquery('english', '{lower}')",
        "matches {lower} by English full-text search",
    ),
    test(
        "websearch_to_tsquery",
        On::Word,
        "to_tsvector('english', {}) @@ websearch_to_tsquery('english', '{lower} -{other}')",
        "matches the English web search {lower} without {other}",
    ),
    Entry::new(
        "ts_headline",
        On::Word,
        Yields::Value,
        "ts_headline('simple', {}, plainto_tsquery('simple', '{lower}'))",
        "{} with the word {lower} highlighted by full-text search",
    ),
    Entry::new("concat", On::Row, Yields::Value, "concat({}, ' (', {2}, ')')", "{} followed by the {2} in parentheses"),
    Entry::new(
        "concat",
        On::Row,
        Yields::Value,
        "concat({}, ': ', {2})",
        "{} and {2} in one text with a colon between them",
    ),
    Entry::new("concat_ws", On::Row, Yields::Value, "concat_ws(', ', {}, {2})", "{} and {2} joined by a comma"),
    Entry::new("format", On::Row, Yields::Value, "format('%s - %s', {}, {2})", "{} and {2} in the form name - value"),
    Entry::new("coalesce", On::Gappy, Yields::Value, "coalesce({}, 'unknown')", "{} (unknown where there is none)"),
    Entry::new("coalesce", On::Gappy, Yields::Class, "coalesce({}, 'none')", "{} (none where it is missing)"),
    Entry::new("num_nulls", On::Gappy, Yields::Value, "num_nulls({}, {2})", "count of missing values among {} and {2}"),
    Entry::new(
        "num_nonnulls",
        On::Gappy,
        Yields::Value,
        "num_nonnulls({}, {2})",
        "count of filled values among {} and {2}",
    ),
    Entry::new(
        "quote_nullable",
        On::Gappy,
        Yields::Value,
        "quote_nullable({})",
        "{} as an SQL string, NULL where it is missing",
    ),
];
