//! What a table's owner says of a column, and what stands for values that may not be shown or cannot be faked.

use super::class::{Class, Kind};
use super::group::Groups;
use super::rule::{self, Given, Method, Rule};
use crate::schema::model::{Column, Schema, Table};
use std::collections::HashMap;

/// A row of `nlsql.column_policy`.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
pub(crate) struct Policy {
    pub schema: String,
    pub table: String,
    pub column: String,
    pub policy: String,
    pub fake: Option<String>,
}

/// What stands for a value that nlsql cannot fake: NULL, or a bare value of the type; nothing where there is neither.
pub(super) fn masked(column: &Column) -> Method {
    if !column.not_null {
        return Method::Mask(None);
    }
    let value = match (column.base.as_str(), column.category) {
        ("tsvector" | "tsquery", _) => "",
        ("xml", _) => "<x/>",
        ("money", _) => "0",
        ("point", _) => "(0,0)",
        ("bytea", _) => "\\x",
        ("json" | "jsonb", _) => "null",
        ("uuid", _) => "00000000-0000-0000-0000-000000000000",
        ("hstore", _) => "",
        ("date" | "timestamp" | "timestamptz", _) => "2000-01-01",
        ("time" | "timetz", _) => "00:00:00",
        ("inet", _) => "0.0.0.0",
        ("cidr", _) => "0.0.0.0/32",
        ("bool", _) => "false",
        (_, 'T') => "0",
        (_, 'R') => "empty",
        (_, 'A') => "[]",
        (_, 'N') => "0",
        (_, 'S') => "***",
        (_, 'E') => match column.labels.as_ref().and_then(|l| l.first()) {
            Some(label) => return Method::Mask(Some(label.clone())),
            None => return Method::Drop,
        },
        _ => return Method::Drop,
    };
    Method::Mask(Some(value.to_owned()))
}

/// Puts the owner's word over what was found.
pub(super) fn apply(rule: &mut Rule, policy: &Policy, table: &Table, column: &Column) {
    match policy.policy.as_str() {
        "keep" => {
            rule.method = Method::Keep;
            rule.class.personal = false;
        }
        "drop" => rule.method = Method::Drop,
        "fake" => {
            let kind = policy.fake.as_deref().and_then(Kind::from_word).unwrap_or(rule.class.kind);
            rule.class = Class { personal: true, ..Class::new(kind) };
            let keyless = Given {
                schema: &Schema::default(),
                groups: &Groups::default(),
                policies: &[],
                spans: &HashMap::new(),
                shared_rows: None,
            };
            if !rule.domain.starts_with("key ") {
                rule.method = rule::method(table, column, rule.class, rule.unique, &keyless);
                rule.domain = rule::domain(table, rule);
                rule.guard = rule::guard(rule);
            }
        }
        // mask, and whatever a later version may write
        _ => {
            rule.class.personal = true;
            rule.method = match (column.not_null, column.category) {
                (_, 'S') => Method::Mask(Some("***".chars().take(rule.limit.unwrap_or(3)).collect())),
                _ => masked(column),
            };
        }
    }
}
