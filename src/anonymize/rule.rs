//! What is done with each column of a table: decided once by its class, its type, its constraints and its policy.

use super::class::{Class, Kind};
use super::detect::classify;
use super::group::{self, Groups, Place};
use super::names::{self, Words};
use super::number;
use super::permute::Range;
use super::policy::{self, Policy, masked};
use super::shape;
use super::words::Locale;
use crate::schema::model::{Check, Column, Schema, Table};
use std::collections::{HashMap, HashSet};

/// What a table's rules are made from.
pub(crate) struct Given<'a> {
    pub schema: &'a Schema,
    pub groups: &'a Groups,
    pub policies: &'a [Policy],
    /// Least and greatest value of keys of whole numbers, by the root of their group.
    pub spans: &'a HashMap<Place, (i128, i128)>,
    /// Values that at least so many rows share may stand; none = no real value may.
    pub shared_rows: Option<u64>,
}

/// How a value is written in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Number,
    Bool,
    Text,
    Json,
    Hstore,
}

/// Where the originals stand that a fake must not meet.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Guard {
    /// In no column at all: too many texts of that shape, or nothing personal.
    Free,
    /// In the protected columns of the table.
    Table,
    /// In the root of a group, which is the same for each of its members.
    Root(Place),
}

/// Least and greatest value of a column, as text, and whether a constraint speaks of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Span {
    pub ends: Option<(String, String)>,
    pub tied: bool,
}

impl Span {
    pub(super) fn ends(&self) -> Option<(&str, &str)> {
        self.ends.as_ref().map(|(a, b)| (a.as_str(), b.as_str()))
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Method {
    Keep,
    Drop,
    /// One value for all, or NULL.
    Mask(Option<String>),
    /// Kept where it is one of these, else one of these; codes of the same shape where there is none.
    Shared(Vec<String>),
    /// One of these by their weight, drawn for the row whatever the value.
    Trait(Vec<(String, u64)>),
    Key(Option<Range>),
    Number(Span),
    Moment(Span),
    Clock,
    Interval,
    /// Letters for letters, digits for digits.
    Shape,
    /// A made-up text of the kind.
    Text(Kind),
    /// A date that must not be another row's.
    BirthDate(Span),
    Document {
        person: bool,
    },
    Elements(Box<Method>),
}

impl Method {
    /// The word for it in `nlsql.anonymize_plan`.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Method::Keep => "kept",
            Method::Drop => "dropped",
            Method::Mask(_) => "masked",
            Method::Shared(_) => "shared values kept",
            Method::Trait(_) => "drawn from shared values",
            Method::Key(_) | Method::Number(_) | Method::Moment(_) | Method::Clock | Method::Interval => "permuted",
            Method::Shape | Method::Text(_) | Method::BirthDate(_) | Method::Document { .. } => "faked",
            Method::Elements(inner) => inner.word(),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rule {
    pub name: String,
    pub class: Class,
    pub form: Form,
    pub method: Method,
    /// Name of the key domain: columns of one domain fake equal values alike.
    pub domain: String,
    pub guard: Guard,
    /// Part of a key: different values get different fakes.
    pub unique: bool,
    /// Hardly any two rows have the same value.
    pub fleeting: bool,
    pub limit: Option<usize>,
    /// Mean length of the column's texts.
    pub length: usize,
    /// Formats that its texts have.
    pub formats: Vec<String>,
    /// Keys whose shape would tell which one it was, or leave no room for all of them.
    pub token: bool,
}

/// The rules of a table and the language of its people.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    pub rules: Vec<Rule>,
    pub locale: Locale,
}

impl Plan {
    pub(crate) fn of(table: &Table, given: &Given<'_>) -> Plan {
        let rules: Vec<Rule> = table.columns.iter().map(|c| rule(table, c, given)).collect();
        let named = |r: &Rule| matches!(r.class.kind, Kind::FirstName | Kind::LastName | Kind::FullName);
        let names = table.columns.iter().zip(&rules).filter(|(_, r)| named(r)).flat_map(|(c, _)| common(c));
        Plan { locale: Locale::of_names(names.map(|(v, _)| v.as_str())), rules }
    }
}

fn common(column: &Column) -> impl Iterator<Item = &(String, u64)> {
    column.profile.iter().flat_map(|p| &p.common)
}

fn rule(table: &Table, column: &Column, given: &Given<'_>) -> Rule {
    let class = classify(table, column);
    let keyed = table.keys().any(|k| k.contains(&column.name))
        || table.partly_unique.contains(&column.name)
        || table.foreign_keys.iter().any(|k| k.columns.contains(&column.name));
    let mut rule = Rule {
        name: column.name.clone(),
        class,
        form: form(column),
        method: Method::Keep,
        domain: String::new(),
        guard: Guard::Free,
        unique: keyed,
        fleeting: column.stats.as_ref().is_some_and(|s| s.n_distinct < -0.5),
        limit: group::limit(column),
        length: column.profile.as_ref().map_or(60.0, |p| p.length.max(1.0)) as usize,
        formats: common(column).map(|(v, _)| shape::format(v)).collect(),
        token: is_token(table, column, false),
    };
    match given.groups.get(&table.schema, &table.name, &column.name) {
        Some(group) => in_group(&mut rule, column, group, given),
        None => {
            rule.method = method(table, column, class, keyed, given);
            rule.domain = domain(table, &rule);
            rule.guard = guard(&rule);
        }
    }
    if let Some(policy) =
        given.policies.iter().find(|p| p.schema == table.schema && p.table == table.name && p.column == column.name)
    {
        policy::apply(&mut rule, policy, table, column);
    }
    rule
}

fn form(column: &Column) -> Form {
    match column.base.as_str() {
        "int2" | "int4" | "int8" | "numeric" | "float4" | "float8" | "oid" => Form::Number,
        "bool" => Form::Bool,
        "json" | "jsonb" => Form::Json,
        "hstore" => Form::Hstore,
        _ if column.category == 'A' => Form::Json,
        _ => Form::Text,
    }
}

/// A column that shares its values with others is faked as the column at the root is, whatever it looks like itself.
fn in_group(rule: &mut Rule, column: &Column, group: &group::Group, given: &Given<'_>) {
    let root = &group.root;
    let at_root = given.schema.table(&root.0, &root.1).and_then(|t| Some((t, t.column(&root.2)?)));
    let (table, source) = match at_root {
        Some((table, source)) => (Some(table), source),
        None => (None, column),
    };
    let class = table.map_or(rule.class, |t| classify(t, source));
    rule.domain = format!("key {root:?}");
    rule.unique = true;
    rule.limit = group.limit;
    rule.token = table.is_some_and(|t| is_token(t, source, true));
    rule.method = match (group.most, source.category) {
        (Some(most), _) => {
            Method::Key(given.spans.get(root).and_then(|(low, high)| number::key_range(*low, *high, most)))
        }
        (None, 'N') => Method::Number(Span::default()),
        (None, 'D') if source.base.starts_with("time") && !source.base.starts_with("timestamp") => Method::Clock,
        (None, 'D') => Method::Moment(span(table, source)),
        (None, 'B' | 'E') => Method::Keep,
        (None, 'S') if shown(class, given) => Method::Keep,
        (None, 'S') => Method::Shape,
        (None, _) if source.base == "uuid" => Method::Shape,
        _ => masked(column),
    };
    if rule.method == Method::Shape && at_root.is_some() {
        rule.guard = Guard::Root(root.clone());
    }
    rule.class = Class { personal: rule.class.personal || class.personal, ..class };
}

/// Bits that the shape of a shared key leaves at least: where fakes are redrawn, tables that hold some of the keys alone
/// would redraw others.
const ROOM: f64 = 24.0;

/// Words and codes of several lengths, and shared ones of few letters, whose form no constraint fixes. (Numbers held as
/// text stay numbers, and so do those of which few end in a letter.)
fn is_token(table: &Table, column: &Column, shared: bool) -> bool {
    let values = || common(column).map(|(v, _)| v);
    let lengths: HashSet<usize> = values().map(|v| v.chars().count()).collect();
    let lettered = values().filter(|v| v.chars().any(char::is_alphabetic)).count();
    let tight = shared && values().any(|v| shape::bits(v) < ROOM);
    // a token is of the letters and digits that such a check asks for
    let fixed = |c: &Check| c.columns == [column.name.clone()] && !c.definition.contains(r"~ '^\w+$'");
    let free = column.domain.is_none() && !table.checks.iter().any(fixed);
    (lengths.len() > 1 || tight) && lettered * 10 > values().count() && free
}

/// Words that everybody shares, such as countries, may stand even as keys.
fn shown(class: Class, given: &Given<'_>) -> bool {
    given.shared_rows.is_some() && class.kind == Kind::Vocabulary && !class.personal
}

pub(super) fn method(table: &Table, column: &Column, class: Class, keyed: bool, given: &Given<'_>) -> Method {
    let base = column.base.as_str();
    match column.category {
        'A' => return elements(table, column, class, given),
        'N' if base == "money" || base.starts_with("reg") => return masked(column),
        'N' => return of_number(table, column, class),
        'D' if base == "time" || base == "timetz" => return Method::Clock,
        'D' if class.kind == Kind::BirthDate => return Method::BirthDate(span(Some(table), column)),
        'D' => return Method::Moment(span(Some(table), column)),
        'T' => return Method::Interval,
        'B' | 'E' if class.quasi && !keyed => return drawn(column, given).unwrap_or(Method::Keep),
        'B' | 'E' => return Method::Keep,
        'S' | 'I' => {}
        'G' if base != "point" => return masked(column),
        _ if matches!(base, "uuid" | "macaddr" | "macaddr8" | "bytea" | "json" | "jsonb" | "hstore" | "point") => {}
        _ => return masked(column),
    }
    let allowed = if column.category == 'S' { allowed(table, column) } else { Vec::new() };
    if !allowed.is_empty() {
        return Method::Shared(allowed);
    }
    match class.kind {
        Kind::Json if matches!(base, "json" | "jsonb" | "hstore") => {
            Method::Document { person: names::is_person_table(&Words::of(&table.name)) }
        }
        Kind::Category | Kind::Vocabulary => of_category(column, class, keyed, given),
        Kind::OpaqueKey | Kind::Code | Kind::NationalId | Kind::Account | Kind::IntegerKey => Method::Shape,
        Kind::BirthDate => Method::BirthDate(span(Some(table), column)),
        Kind::Unknown | Kind::Json | Kind::Number | Kind::Date | Kind::Time => masked(column),
        kind => Method::Text(kind),
    }
}

fn of_number(table: &Table, column: &Column, class: Class) -> Method {
    let span = span(Some(table), column);
    if is_flag(column) && !class.personal {
        return Method::Keep;
    }
    if class.kind != Kind::IntegerKey {
        return Method::Number(span);
    }
    let (Some(most), Some((low, high))) = (group::most(column), span.ends()) else { return Method::Number(span) };
    match (low.parse(), high.parse()) {
        (Ok(low), Ok(high)) => Method::Key(number::key_range(low, high, most)),
        _ => Method::Number(span),
    }
}

/// A yes or no held as a number.
fn is_flag(column: &Column) -> bool {
    let mut seen = common(column).peekable();
    seen.peek().is_some() && seen.all(|(v, _)| v == "0" || v == "1")
}

fn of_category(column: &Column, class: Class, keyed: bool, given: &Given<'_>) -> Method {
    if keyed {
        return if shown(class, given) { Method::Keep } else { Method::Shape };
    }
    let Some(rows) = given.shared_rows else { return Method::Text(Kind::Label) };
    if class.quasi {
        return drawn(column, given).unwrap_or(Method::Shape);
    }
    let shared: Vec<String> = common(column).filter(|(_, n)| *n >= rows).map(|(v, _)| v.clone()).collect();
    if shared.is_empty() { Method::Shape } else { Method::Shared(shared) }
}

fn drawn(column: &Column, given: &Given<'_>) -> Option<Method> {
    let rows = given.shared_rows.unwrap_or(1);
    let list: Vec<(String, u64)> = common(column).filter(|(_, n)| *n >= rows).cloned().collect();
    (!list.is_empty()).then_some(Method::Trait(list))
}

/// The values that a CHECK lists; the schema shows them to everybody.
fn allowed(table: &Table, column: &Column) -> Vec<String> {
    let lists = |c: &&Check| {
        let lists = c.definition.contains("ANY (") || c.definition.contains(" = '");
        c.columns == [column.name.clone()] && lists && !c.definition.contains(['~', '<', '>'])
    };
    let mut values = Vec::new();
    for check in table.checks.iter().filter(lists) {
        for (i, piece) in check.definition.split('\'').enumerate() {
            if i % 2 == 1 {
                values.push(piece.to_owned());
            }
        }
    }
    values
}

fn elements(table: &Table, column: &Column, class: Class, given: &Given<'_>) -> Method {
    let inner = match (column.element_category, column.element.as_deref().unwrap_or("")) {
        (Some('N'), base) if base != "money" => Method::Number(Span::default()),
        (Some('D'), "time" | "timetz") => Method::Clock,
        (Some('D'), _) => Method::Moment(Span::default()),
        (Some('B' | 'E'), _) => Method::Keep,
        (Some('S'), _) => match class.kind {
            Kind::OpaqueKey | Kind::Code | Kind::NationalId | Kind::Account => Method::Shape,
            Kind::Category | Kind::Vocabulary => {
                let few = column.profile.as_ref().map(|p| p.elements.as_slice()).unwrap_or_default();
                let rows = given.shared_rows.unwrap_or(u64::MAX);
                let list: Vec<String> = few.iter().filter(|(_, n)| *n >= rows).map(|(v, _)| v.clone()).collect();
                if list.is_empty() { Method::Text(Kind::Label) } else { Method::Shared(list) }
            }
            Kind::Unknown | Kind::Json => Method::Text(Kind::Label),
            kind => Method::Text(kind),
        },
        (_, "uuid") => Method::Shape,
        (_, "inet" | "cidr") => Method::Text(Kind::Ip),
        (_, "json" | "jsonb") => Method::Document { person: names::is_person_table(&Words::of(&table.name)) },
        _ => return Method::Mask((column.not_null).then(|| "[]".to_owned())),
    };
    Method::Elements(Box::new(inner))
}

/// Least and greatest value that the profile saw; a CHECK, a partition's bound or its key ties the column to them.
fn span(table: Option<&Table>, column: &Column) -> Span {
    let quantiles = column.profile.as_ref().map(|p| p.quantiles.as_slice()).unwrap_or_default();
    let ends = quantiles.first().cloned().zip(quantiles.last().cloned());
    let tied = column.domain.is_some()
        || table.is_some_and(|t| {
            let name = column.name.as_str();
            t.checks.iter().any(|c| c.columns.len() == 1 && c.columns[0] == name)
                || t.partition_key.as_deref().is_some_and(|k| k.contains(name))
                || (t.is_child() && matches!(column.category, 'D' | 'N'))
        });
    Span { ends, tied }
}

/// Values of one kind are faked alike wherever they stand; other columns each for themselves.
pub(super) fn domain(table: &Table, rule: &Rule) -> String {
    match (&rule.method, rule.class.kind) {
        (Method::Text(kind), _) if *kind != Kind::Label => format!("kind {}", kind.word()),
        (Method::Shape, kind @ (Kind::OpaqueKey | Kind::NationalId | Kind::Account)) => format!("kind {}", kind.word()),
        (Method::Document { .. }, _) => "document".to_owned(),
        _ => format!("column {}.{}", table.qualified(), rule.name),
    }
}

pub(super) fn guard(rule: &Rule) -> Guard {
    match rule.method {
        Method::Text(_) | Method::Shape | Method::BirthDate(_) | Method::Elements(_) | Method::Document { .. } => {
            Guard::Table
        }
        _ => Guard::Free,
    }
}
