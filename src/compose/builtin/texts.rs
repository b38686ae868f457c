//! Functions on text, each where people reach for it: contact data taken apart, names put together, searches that do not
//! look at case, lengths that have to fit.

use super::{Entry, On, Yields};

const fn value(name: &'static str, on: On, sql: &'static str, noun: &'static str) -> Entry {
    Entry::new(name, on, Yields::Value, sql, noun)
}

const fn class(name: &'static str, on: On, sql: &'static str, noun: &'static str) -> Entry {
    Entry::new(name, on, Yields::Class, sql, noun)
}

const fn test(name: &'static str, on: On, sql: &'static str, verb: &'static str) -> Entry {
    Entry::new(name, on, Yields::Test, sql, verb)
}

const fn spaced(name: &'static str, yields: Yields, sql: &'static str, noun: &'static str) -> Entry {
    Entry::new(name, On::Spaced, yields, sql, noun)
}

const fn over(name: &'static str, on: On, sql: &'static str, noun: &'static str) -> Entry {
    Entry::new(name, on, Yields::Aggregate, sql, noun)
}

pub(super) const ENTRIES: &[Entry] = &[
    // names
    value("concat", On::Person, "concat({}, ' ', {2})", "full name"),
    value("concat", On::Person, "concat({2}, ', ', {})", "name in the form \"last name, first name\""),
    value("concat_ws", On::Person, "concat_ws(' ', {}, {2})", "full name"),
    value("upper", On::Person, "upper({2}) || ', ' || {}", "name in the form \"LAST NAME, first name\"")
        .aim("for the register"),
    value("initcap", On::Person, "initcap({} || ' ' || {2})", "full name in title case instead of capitals"),
    value("initcap", On::Capital, "initcap({})", "{} in title case instead of all capitals"),
    value("left", On::Person, "left({}, 1) || left({2}, 1)", "initials").odd(),
    value("format", On::Person, "format('%s. %s', left({}, 1), {2})", "name with the first name cut to an initial"),
    value("split_part", On::FullName, "split_part({}, ' ', 1)", "first word of the {}").aim("to address them by it"),
    value(
        "substr",
        On::Person,
        "substr({}, 1, 1) || substr({2}, 1, 3)",
        "short code of the name (first initial and three letters of the last name)",
    )
    .odd(),
    value(
        "repeat",
        On::Person,
        "{} || ' ' || left({2}, 1) || repeat('*', 4)",
        "first name with the initial of the last name and four asterisks",
    )
    .aim("to publish the winners of a draw"),
    value("reverse", On::Spaced, "reverse(split_part(reverse({}), ' ', 1))", "last word of the {}"),
    value(
        "overlay",
        On::Phone,
        "overlay({} PLACING '****' FROM 3 FOR 4)",
        "{} with its third to sixth character masked by asterisks",
    )
    .aim("so that it can be shown on screen"),
    value(
        "overlay",
        On::Card,
        "overlay({} PLACING '****' FROM 1 FOR 4)",
        "{} with its first four characters masked by asterisks",
    )
    .aim("so that it can be shown on screen"),
    value("md5", On::Email, "md5({})", "MD5 hash of the {}").aim("as a pseudonym"),
    value("md5", On::Card, "md5({})", "MD5 hash of the {}").aim("as a pseudonym"),
    value(
        "sha256",
        On::Email,
        "encode(sha256(convert_to({}, 'UTF8')), 'hex')",
        "SHA-256 hash of the {} in hexadecimal",
    )
    .aim("as a pseudonym"),
    value(
        "sha256",
        On::Phone,
        "encode(sha256(convert_to({}, 'UTF8')), 'hex')",
        "SHA-256 hash of the {} in hexadecimal",
    )
    .aim("as a pseudonym"),
    // looked up from A to Z
    test("substring", On::Index, "substring({} FROM 1 FOR 1) = '{letter}'", "begins with {letter}").odd(),
    // contact data
    class("split_part", On::Email, "split_part({}, '@', 2)", "{} domain"),
    value("split_part", On::Email, "split_part({}, '@', 1)", "{} user name (the part before the @)").odd(),
    value("position", On::Email, "left({}, position('@' IN {}) - 1)", "{} user name (the part before the @)").odd(),
    value("replace", On::Email, "replace({}, '@', '(at)')", "{} with (at) in place of the @")
        .aim("so that robots do not collect them")
        .odd(),
    value("strpos", On::Email, "substr({}, strpos({}, '@') + 1)", "{} domain"),
    test("right", On::Email, "right({}, 4) = '.com'", "ends in \".com\"").odd(),
    test("right", On::Email, "right({}, 4) = '.org'", "ends in \".org\"").odd(),
    value("right", On::Phone, "right(regexp_replace({}, '[^0-9]', '', 'g'), 4)", "{} (last four digits only)")
        .aim("to verify callers"),
    value("right", On::Card, "right({}, 4)", "{} (last four characters only)").aim("to check identities"),
    value("replace", On::Phone, "replace({}, '-', '')", "{} without hyphens").odd(),
    value("translate", On::Phone, "translate({}, '()- .', '')", "{} (brackets, blanks, dots and hyphens removed)"),
    value("regexp_replace", On::Phone, "regexp_replace({}, '[^0-9]', '', 'g')", "{} with nothing but its digits")
        .aim("for the dialling software"),
    class("substring", On::Dialled, "substring({} FROM 1 FOR 3)", "area code (first three digits) of the {}"),
    class("left", On::Postal, "left({}, 2)", "{} area (first two characters)"),
    class("substring", On::Postal, "substring({} FROM 1 FOR 3)", "{} prefix (first three characters)"),
    value("replace", On::Postal, "replace({}, ' ', '')", "{} (blanks removed)").aim("for the label printer").odd(),
    value("regexp_match", On::Street, "(regexp_match({}, '^[0-9]+'))[1]", "house number from the {}"),
    value("regexp_substr", On::Street, "regexp_substr({}, '^[0-9]+')", "house number out of the {}").since(150000),
    value("concat_ws", On::Place, "concat_ws(', ', {}, {2})", "{} and {2} in one line").aim("for address labels"),
    // codes
    value("ltrim", On::Coded, "ltrim({}, '0')", "{} (leading zeros removed)"),
    Entry::new("lpad", On::Id, Yields::Value, "lpad({}::text, 8, '0')", "{} with leading zeros to eight digits")
        .aim("for the barcodes"),
    // titles
    value("replace", On::Slug, "lower(replace({}, ' ', '-'))", "{} as a URL slug (lower case, hyphens for blanks)")
        .aim("for the website")
        .odd(),
    value("rpad", On::Slug, "rpad({}, {n})", "{} padded to {n} characters")
        .with(&[30, 40])
        .aim("for a fixed-width file"),
    value("trim", On::Padded, "trim({})", "{} trimmed of surrounding spaces").odd(),
    value("rtrim", On::Padded, "rtrim({})", "{} trimmed of trailing spaces").odd(),
    over("trim", On::Blanked, "count(DISTINCT trim({}))", "number of different {s} (blanks around them ignored)"),
    over(
        "btrim",
        On::Blanked,
        "count(DISTINCT btrim({}, ' .'))",
        "number of different {s} (blanks and full stops around them ignored)",
    ),
    over("lower", On::Mixed, "count(DISTINCT lower({}))", "number of different {s} (ignoring case)").odd(),
    over(
        "upper",
        On::Mixed,
        "count(DISTINCT upper({}))",
        "number of different {s}, upper and lower case taken as the same,",
    )
    .odd(),
    over("initcap", On::Mixed, "count(DISTINCT initcap({}))", "number of different {s} whatever their capitals").odd(),
    test("upper", On::Value, "upper({}) = '{upper}'", "is {value} in upper or lower case"),
    test("lower", On::Value, "lower({}) = '{small}'", "is {value} (ignoring case)"),
    test("length", On::Fitted, "length({}) > {fit}", "is longer than {fit} characters").odd(),
    Entry::new("length", On::Fitted, Yields::Figure, "length({})", "{} length in characters").odd(),
    test("char_length", On::Fitted, "char_length({}) > {fit}", "has more than {fit} characters").odd(),
    Entry::new("array_length", On::Spaced, Yields::Figure, "array_length(string_to_array({}, ' '), 1)", "{} in words")
        .odd(),
    Entry::new("regexp_count", On::Spaced, Yields::Figure, "regexp_count({}, '[^ ]+')", "{} by number of words")
        .since(150000)
        .odd(),
    spaced("string_to_array", Yields::Value, "string_to_array({}, ' ')", "{} as an array of its words")
        .aim("for a search index"),
    spaced(
        "regexp_split_to_array",
        Yields::Value,
        "regexp_split_to_array({}, '\\s+')",
        "{} split at blanks into an array",
    )
    .aim("for a search index"),
    spaced(
        "trim_array",
        Yields::Value,
        "array_to_string(trim_array(string_to_array({}, ' '), 1), ' ')",
        "{} (last word cut off)",
    )
    .since(140000),
    spaced("regexp_split_to_table", Yields::Rows, "regexp_split_to_table({}, '\\s+')", "single words of the {}").odd(),
    spaced("string_to_table", Yields::Rows, "string_to_table({}, ' ')", "words of the {}").since(140000).odd(),
    spaced("unnest", Yields::Rows, "unnest(string_to_array({}, ' '))", "words of the {}").odd(),
    Entry::new("octet_length", On::Bytes, Yields::Value, "octet_length({})", "size of the {} in bytes"),
    Entry::new(
        "encode",
        On::Bytes,
        Yields::Value,
        "left(encode({}, 'hex'), 8)",
        "first four bytes of the {} in hexadecimal",
    )
    .aim("to tell the file format"),
    Entry::new("sum", On::Bytes, Yields::Aggregate, "sum(length({}))", "total size in bytes of the {s}"),
    // searches
    test("starts_with", On::Named, "starts_with({}, '{letter}')", "starts with {letter}").odd(),
    test("left", On::Named, "left({}, 1) = '{letter}'", "begins with {letter}").odd(),
    test("left", On::Named, "upper(left({}, 1)) BETWEEN 'A' AND 'F'", "begins with a letter from A to F").odd(),
    test("upper", On::Named, "upper(left({}, 1)) BETWEEN 'N' AND 'Z'", "begins with a letter from N to Z").odd(),
    test("position", On::Word, "position('{word}' IN {}) > 0", "contains {word} (case matters)").odd(),
    test("strpos", On::Word, "strpos({}, '{word}') > 0", "has {word} in it (case matters)").odd(),
    test("lower", On::Word, "lower({}) LIKE '%{lower}%'", "contains {lower} (ignoring case)").odd(),
    test(
        "regexp_like",
        On::Word,
        "regexp_like({}, '\\m{lower}\\M', 'i')",
        "contains {lower} as a whole word in upper or lower case",
    )
    .since(150000)
    .odd(),
    test(
        "to_tsvector",
        On::Word,
        "to_tsvector('english', {}) @@ to_tsquery('english', '{lower}')",
        "contains {lower} in any of its forms",
    )
    .odd(),
    test(
        "plainto_tsquery",
        On::Word,
        "to_tsvector('english', {}) @@ plainto_tsquery('english', '{lower}')",
        "contains some form of the word {lower}",
    )
    .odd(),
    test(
        "to_tsquery",
        On::Word,
        "to_tsvector('english', {}) @@ to_tsquery('english', '{lower}')",
        "contains the word {lower} or another form of it",
    )
    .odd(),
    test(
        "phraseto_tsquery",
        On::Word,
        "to_tsvector('english', {}) @@ phraseto_tsquery('english', '{lower}')",
        "matches the phrase {lower} by English full-text search",
    )
    .odd(),
    test(
        "websearch_to_tsquery",
        On::Word,
        "to_tsvector('english', {}) @@ websearch_to_tsquery('english', '{lower} -{other}')",
        "matches the English web search {lower} without {other}",
    )
    .odd(),
    Entry::new(
        "ts_rank",
        On::Found,
        Yields::Nearest,
        "ts_rank(to_tsvector('english', {}), plainto_tsquery('english', '{lower}'))",
        "{} most relevant to an English full-text search for {lower}",
    )
    .odd(),
    value(
        "ts_headline",
        On::Found,
        "ts_headline('simple', {}, plainto_tsquery('simple', '{lower}'))",
        "{} with the word {lower} highlighted as in search results",
    ),
    // gaps
    value("coalesce", On::Gappy, "coalesce({}, 'unknown')", "{} (\"unknown\" for a missing {})"),
    class("coalesce", On::Gappy, "coalesce({}, 'none')", "{} (shown as 'none' where it is missing)"),
    over("nullif", On::Value, "count(nullif({}, '{value}'))", "number of {rows} with a {} other than {value}").odd(),
    class("num_nulls", On::Gaps, "num_nulls({}, {2})", "number of values missing among {} and {2}"),
    class("num_nonnulls", On::Gaps, "num_nonnulls({}, {2})", "number of values known among {} and {2}"),
];
