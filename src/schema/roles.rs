//! What a column is for: told from keys, types, names and the data, so that nobody averages a key or adds up ages.

use super::model::{Column, Schema, Table};
use super::words::tokens;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// Keys and references: joined on, never shown.
    Key,
    /// Codes and numbers that name a thing (ISBN, postal code, SNOMED code): shown, not counted with.
    Code,
    /// Calls a row by name.
    Name,
    /// A few values that many rows share.
    Dimension,
    Flag,
    /// A number that can be averaged; [`Traits::additive`] says whether it can be summed.
    Measure,
    /// A point in time.
    Time,
    /// A time of the day, or a span.
    Clock,
    /// Long or unrepeated text.
    FreeText,
    /// A calendar year as a number.
    Year,
    Json,
    Array,
    Range,
    Search,
    /// Bytes, geometry, anything else: only present or missing.
    #[default]
    Opaque,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Traits {
    pub role: Role,
    /// Sums make sense.
    pub additive: bool,
    /// About a person: no literals from it.
    pub personal: bool,
    /// Written by the system (last update, create time with one value): rarely of interest.
    pub audit: bool,
    pub money: bool,
}

const ADDITIVE: &[&str] = &[
    "amount", "amt", "total", "cost", "costs", "quantity", "qty", "count", "cnt", "units", "sales", "revenue",
    "freight", "bytes", "milliseconds", "minutes", "payment", "payments", "paid", "fee", "fees", "tax", "balance",
    "duration", "expense", "expenses", "coverage", "income", "profit", "budget", "hours", "points", "volume",
    "population", "encounters", "procedures", "medications", "immunizations", "dispenses", "transfers", "outstanding",
    "covered", "uncovered", "charge", "charges", "price_total", "copies", "months", "members", "stock", "views",
    "clicks", "visits",
];
const MONEY: &[&str] = &[
    "amount", "amt", "price", "cost", "costs", "total", "revenue", "sales", "freight", "fee", "fees", "tax", "balance",
    "payment", "payments", "paid", "expense", "expenses", "income", "salary", "wage", "budget", "profit", "charge",
    "charges", "credit", "debit", "fine", "outstanding",
];
const AVERAGED: &[&str] = &[
    "price", "rate", "percent", "percentage", "pct", "ratio", "discount", "age", "score", "rating", "average", "avg",
    "temperature", "lat", "latitude", "lon", "lng", "longitude", "weight", "height", "rank", "level", "salary",
    "share", "utilization", "balance",
];
const CODES: &[&str] = &[
    "code", "cd", "codes", "zip", "postal", "postcode", "phone", "fax", "mobile", "isbn", "issn", "ssn", "sku", "ean",
    "upc", "npi", "number", "no", "num", "nbr", "uuid", "guid", "hash", "token", "key", "lat", "lon", "latitude",
    "longitude", "lng", "port", "fips", "version", "extension", "reference", "ref", "barcode", "ident", "oid",
    "format",
];
const PERSONAL: &[&str] = &[
    "email", "mail", "phone", "fax", "mobile", "ssn", "passport", "drivers", "license", "birth", "birthdate",
    "birthday", "born", "dob", "password", "passwd", "pwd", "iban", "address", "address2", "street", "firstname",
    "lastname", "surname", "maiden", "fname", "lname", "username", "usrname", "login", "ip", "photo", "salary", "zip",
    "postal", "lat", "lon", "mrn", "deathdate", "token", "pin",
];
const AUDIT: &[&str] =
    &["last_update", "last_updated", "updated_at", "modified_at", "created_at", "updated", "modified", "rowversion"];

fn has(words: &[String], list: &[&str]) -> bool {
    words.iter().any(|w| list.contains(&w.as_str()))
}

/// Whether the column is part of a declared reference or key, or is named as one.
fn is_key(table: &Table, column: &Column, words: &[String], referenced: bool) -> bool {
    let named = words
        .iter()
        .rev()
        .find(|w| !w.chars().all(|c| c.is_ascii_digit()))
        .is_some_and(|w| matches!(w.as_str(), "id" | "ids" | "sk" | "fk" | "pk" | "uuid" | "guid" | "oid" | "uid"))
        || column.name.to_lowercase().ends_with("_id")
        || (column.name.len() > 4
            && column.name.trim_end_matches(|c: char| c.is_ascii_digit()).ends_with("ID")
            && column.category != 'B')
        || matches!(column.name.to_lowercase().as_str(), "id" | "fid" | "sid");
    let declared = table.foreign_keys.iter().any(|key| key.columns.contains(&column.name));
    let primary = table.primary_key.as_ref().is_some_and(|key| key.contains(&column.name));
    let bare_number = column.category == 'N' && primary;
    column.base == "uuid"
        || column.identity.is_some()
        || declared
        || referenced
        || bare_number
        || (named && column.category != 'D')
}

pub(crate) fn traits(schema: &Schema, table: &Table, column: &Column, referenced: bool) -> Traits {
    let mut words = tokens(&column.name);
    if let Some(comment) = column.comment.as_deref().filter(|c| c.len() < 60) {
        words.extend(tokens(comment));
    }
    let about_person = person_table(table);
    // secrets are nobody's question
    let secret = has(&words, &["password", "passwd", "pwd", "secret", "salt", "token", "pin"]);
    let mut traits = Traits {
        role: if secret { Role::Opaque } else { role(schema, table, column, &words, referenced) },
        additive: false,
        personal: has(&words, PERSONAL),
        audit: AUDIT.contains(&column.name.to_lowercase().as_str()),
        money: false,
    };
    match traits.role {
        Role::Measure => {
            let last = words.iter().rev().find(|w| !w.chars().all(|c| c.is_ascii_digit()));
            let averaged = last.is_some_and(|w| AVERAGED.contains(&w.as_str()))
                || words.iter().any(|w| {
                    matches!(w.as_str(), "unit" | "avg" | "average" | "rate" | "percent" | "pct" | "max" | "min")
                });
            traits.additive =
                !averaged && (has(&words, ADDITIVE) || column.name.len() > 8 && additive_end(&column.name));
            traits.money = has(&words, MONEY) && !matches!(column.base.as_str(), "int2");
        }
        Role::Name => {
            traits.personal |=
                about_person || words.iter().any(|w| matches!(w.as_str(), "first" | "last" | "middle" | "contact"));
        }
        // "valid_start_date" tells of the row alone; until when a coupon is valid, one asks
        Role::Time => traits.audit |= constant(column) || has(&words, &["valid"]) && has(&words, &["start", "end"]),
        _ => {}
    }
    traits
}

/// Whether a column is called by a word for how much or how many there is.
pub(crate) fn measures(column: &Column) -> bool {
    const SIZES: &[&str] = &[
        "length", "size", "width", "distance", "speed", "capacity", "elevation", "area", "limit", "seats", "beds",
        "pages", "crew", "satisfaction", "supply", "refills", "dose", "interval", "value", "years", "stars", "factor",
    ];
    let words = tokens(&column.name);
    [ADDITIVE, MONEY, AVERAGED, SIZES].iter().any(|list| has(&words, list))
}

/// Glued names such as TOTALCLAIMCOST.
fn additive_end(name: &str) -> bool {
    let lower = name.to_lowercase();
    ["cost", "amount", "expenses", "coverage", "payments"].iter().any(|end| lower.ends_with(end))
}

fn constant(column: &Column) -> bool {
    column.profile.as_ref().is_some_and(|p| p.distinct == 1)
}

/// Rows that stand for people.
pub(crate) fn person_table(table: &Table) -> bool {
    let named = |parts: &[&str]| table.columns.iter().any(|c| parts.contains(&tokens(&c.name).concat().as_str()));
    (named(&["firstname", "fname", "first", "firstgivenname"])
        && named(&["lastname", "lname", "last", "familyname", "surname"]))
        || named(&["birthdate", "dateofbirth", "dob"])
        || super::grammar::is_person(&super::grammar::singular(&tokens(&table.name).join(" ")))
}

fn role(schema: &Schema, table: &Table, column: &Column, words: &[String], referenced: bool) -> Role {
    let profile = column.profile.as_ref();
    let rows = table.sampled.as_ref().map_or(0, |s| s.rows);
    if is_key(table, column, words, referenced) {
        return Role::Key;
    }
    match column.category {
        'B' => return Role::Flag,
        'D' => {
            return if column.base.starts_with("time") && !column.base.starts_with("timestamp") {
                Role::Clock
            } else {
                Role::Time
            };
        }
        'T' => return Role::Clock,
        'E' => return Role::Dimension,
        'A' => {
            return if matches!(column.element_category, Some('S' | 'E' | 'N')) { Role::Array } else { Role::Opaque };
        }
        'R' => return Role::Range,
        _ => {}
    }
    match column.base.as_str() {
        "json" | "jsonb" => return Role::Json,
        "tsvector" => return Role::Search,
        _ => {}
    }
    match column.category {
        'N' if names_a_table(schema, table, column) => Role::Key,
        'N' => number_role(column, words, rows),
        'S' => text_role(schema, table, column, words, rows),
        _ if profile.is_some_and(|p| p.distinct > 0 && p.length > 0.0) && column.base == "char" => Role::Dimension,
        _ => Role::Opaque,
    }
}

/// A whole number that is called after another table, as in a view over references.
fn names_a_table(schema: &Schema, table: &Table, column: &Column) -> bool {
    let own = tokens(&column.name);
    let named = |t: &Table| {
        let name = tokens(&t.name);
        name == own || own.len() > 1 && name.ends_with(&own)
    };
    matches!(column.base.as_str(), "int4" | "int8")
        && schema.tables.iter().any(|t| (t.name != table.name || t.schema != table.schema) && named(t))
}

fn number_role(column: &Column, words: &[String], rows: u64) -> Role {
    let profile = column.profile.as_ref();
    let distinct = profile.map_or(0, |p| p.distinct);
    let bound = |i: usize| profile.and_then(|p| p.quantiles.get(i)).and_then(|q| q.parse::<f64>().ok());
    let (low, high) = (bound(0), profile.and_then(|p| p.quantiles.last()).and_then(|q| q.parse::<f64>().ok()));
    let integer = matches!(column.base.as_str(), "int2" | "int4" | "int8") || matches!(column.base.as_str(), "numeric");
    if integer
        && words.iter().any(|w| w == "year" || w == "yr")
        && low.is_none_or(|l| l > 1000.0)
        && high.is_none_or(|h| h < 2200.0)
    {
        return Role::Year;
    }
    const FLAGS: &[&str] =
        &["is", "has", "flag", "active", "enabled", "deleted", "discontinued", "ind", "valid", "current", "visible"];
    let flagged = has(words, FLAGS);
    if integer && flagged && (distinct <= 2) && low.is_none_or(|l| l >= 0.0) && high.is_none_or(|h| h <= 1.0) {
        return Role::Flag;
    }
    if has(words, CODES) {
        return Role::Code;
    }
    // wide integers without a word of amount are codes (SNOMED, RxNorm, ..)
    let amount = has(words, ADDITIVE) || has(words, MONEY) || additive_end(&column.name);
    if column.base == "int8" && !amount && high.is_some_and(|h| h >= 1.0e7) {
        return Role::Code;
    }
    if integer && rows > 0 && distinct > 0 && distinct <= 2 && !amount && rows > 20 {
        return Role::Code;
    }
    if column.base.starts_with("reg") || column.base == "oid" {
        return Role::Code;
    }
    Role::Measure
}

fn text_role(_schema: &Schema, table: &Table, column: &Column, words: &[String], rows: u64) -> Role {
    let Some(profile) = column.profile.as_ref().filter(|_| rows > 0) else {
        return blank_text_role(words);
    };
    let distinct = profile.distinct;
    let filled = rows.saturating_sub(profile.nulls);
    let last = words.last().map_or("", String::as_str);
    // a sentence is no name, whatever it is called
    if profile.length > 60.0
        || (words.iter().any(|w| matches!(w.as_str(), "notes" | "note" | "comment" | "comments")) && distinct > 20)
    {
        return Role::FreeText;
    }
    if profile.digits > 0.9 && profile.spaced < 0.5 && distinct > 20 && !name_like(words, table) {
        return Role::Code;
    }
    if name_like(words, table) {
        return Role::Name;
    }
    if matches!(
        last,
        "url" | "path" | "link" | "uri" | "xml" | "html" | "query" | "expression" | "filename" | "template"
    ) {
        return Role::FreeText;
    }
    if filled > 0
        && distinct > 0
        && (distinct <= 60 && (distinct as f64) < filled as f64 * 0.7 || (distinct as f64) < filled as f64 * 0.2)
    {
        return Role::Dimension;
    }
    if has(words, CODES) || (profile.spaced < 0.05 && profile.digits > 0.5) {
        return Role::Code;
    }
    if profile.length > 40.0 || profile.spaced > 0.9 && profile.length > 30.0 {
        return Role::FreeText;
    }
    // many values, some shared: a place, a kind
    if words.iter().any(|w| {
        matches!(
            w.as_str(),
            "city"
                | "state"
                | "country"
                | "region"
                | "county"
                | "district"
                | "type"
                | "status"
                | "category"
                | "kind"
                | "group"
                | "class"
                | "title"
        )
    }) {
        return Role::Dimension;
    }
    if distinct == filled { Role::Code } else { Role::Dimension }
}

/// Without rows only the name speaks.
fn blank_text_role(words: &[String]) -> Role {
    let last = words.last().map_or("", String::as_str);
    match last {
        "name" | "title" | "label" => Role::Name,
        "description" | "desc" | "note" | "notes" | "comment" | "comments" | "text" | "url" | "query" | "syntax" => {
            Role::FreeText
        }
        "type" | "status" | "category" | "kind" | "class" | "state" | "country" | "city" | "county" | "region"
        | "gender" | "race" | "version" => Role::Dimension,
        _ => Role::Code,
    }
}

/// Columns that a row is called by.
fn name_like(words: &[String], table: &Table) -> bool {
    let text = words.join(" ");
    let last = words.last().map_or("", String::as_str);
    let relation = super::grammar::singular(&tokens(&table.name).join(" "));
    let own = |w: &str| text == w || text == format!("{relation} {w}");
    if own("name") || own("title") || own("label") || text == relation {
        return !(text == "title" && table.columns.iter().any(|c| tokens(&c.name).join(" ").ends_with("last name")));
    }
    if last == "name"
        && !matches!(
            words.first().map_or("", String::as_str),
            "user" | "file" | "column" | "table" | "ship" | "middle" | "maiden"
        )
    {
        return true;
    }
    let uniquely = table.uniques.iter().any(|u| u.len() == 1 && tokens(&u[0]) == words);
    let reference = table.columns.len() <= 4;
    (matches!(last, "label" | "description") && reference)
        || (uniquely && matches!(last, "label" | "name" | "title"))
        || (matches!(text.as_str(), "first" | "last" | "prefix first") && person_table(table))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(columns: &str) -> Schema {
        Schema::from_json(&format!(
            r#"{{"database":"d","server_version":150000,"tables":[{{"schema":"public","name":"film","kind":"table",
            "primary_key":["film_id"],"columns":[{columns}],"sampled":{{"rows":1000,"whole":true}}}}]}}"#
        ))
        .unwrap()
    }

    fn traits_of(name: &str, base: &str, category: char, profile: &str) -> Traits {
        let schema = schema(&format!(
            r#"{{"name":"{name}","number":1,"type":"{base}","base":"{base}","category":"{category}","profile":{profile}}}"#
        ));
        let table = &schema.tables[0];
        traits(&schema, table, &table.columns[0], false)
    }

    #[test]
    fn roles_are_told_from_names_types_and_data() {
        let numbers = r#"{"nulls":0,"distinct":140,"quantiles":["46","50","60","70","80","90","100","110","120","130","140","170","185"]}"#;
        assert_eq!(traits_of("film_id", "int4", 'N', numbers).role, Role::Key);
        assert_eq!(traits_of("length", "int2", 'N', numbers).role, Role::Measure);
        assert!(!traits_of("length", "int2", 'N', numbers).additive);
        assert!(traits_of("replacement_cost", "numeric", 'N', numbers).additive);
        assert!(!traits_of("unit_price", "numeric", 'N', numbers).additive);
        assert_eq!(traits_of("postal_code", "int4", 'N', numbers).role, Role::Code);
        let years = r#"{"nulls":0,"distinct":30,"quantiles":["1990","2001","2020"]}"#;
        assert_eq!(traits_of("release_year", "int4", 'N', years).role, Role::Year);
        let flags = r#"{"nulls":0,"distinct":2,"quantiles":["0","1","1"]}"#;
        assert_eq!(traits_of("active", "int4", 'N', flags).role, Role::Flag);
        let few = r#"{"nulls":0,"distinct":5,"length":3.0}"#;
        assert_eq!(traits_of("rating", "text", 'S', few).role, Role::Dimension);
        let many = r#"{"nulls":0,"distinct":1000,"length":14.0,"spaced":1.0}"#;
        assert_eq!(traits_of("title", "text", 'S', many).role, Role::Name);
        let long = r#"{"nulls":0,"distinct":1000,"length":94.0,"spaced":1.0}"#;
        assert_eq!(traits_of("description", "text", 'S', long).role, Role::FreeText);
        assert!(traits_of("email", "text", 'S', many).personal);
        assert_eq!(traits_of("last_update", "timestamp", 'D', few).role, Role::Time);
        assert!(traits_of("last_update", "timestamp", 'D', few).audit);
    }
}
