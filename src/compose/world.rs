//! The schema as the composer sees it: entities with nouns, fields with roles, values that may be spoken of.

use super::aside::set_aside;
use super::blank::{plausible_days, plausible_numbers, spoken_of};
use super::condition::is_plural;
use super::form::Form;
use super::literal::Day;
use super::memo::Memo;
use super::naming::{label, own_first, own_kind, patients, shorten, tell_apart, when};
use super::scope;
use super::sense;
use super::spoken;
use super::taste;
use super::{Options, Values};
use crate::anonymize;
use crate::schema::grammar;
use crate::schema::graph::Graph;
use crate::schema::model::{Column, RowSecurity, Schema, Table, TableKind, quote_ident};
use crate::schema::relationships::Relationship;
use crate::schema::roles::{self, Role, Traits};
use crate::schema::words::{self, Words};
use std::collections::BTreeSet;

#[derive(Debug, Clone, Default)]
pub(super) struct Field {
    pub name: String,
    /// What a value is called: "rental rate".
    pub noun: String,
    pub traits: Traits,
    pub base: String,
    pub unit: Option<String>,
    /// Values that may stand in pairs, with their rows.
    pub values: Vec<(String, u64)>,
    /// Common elements of an array, or words of a text, that may stand in pairs.
    pub elements: Vec<(String, u64)>,
    pub keys: Vec<(String, String, u64)>,
    pub numbers: Vec<f64>,
    pub days: Vec<Day>,
    pub distinct: u64,
    /// Rows that share the lowest value and the highest, as far as it is known.
    pub ends: (u64, u64),
    pub nulls: u64,
    pub nullable: bool,
    /// Text: share of the values that hold a blank, and their mean length.
    pub spaced: f64,
    pub length: f64,
    pub form: Form,
    /// Text filled up with blanks to a fixed length.
    pub padded: bool,
    /// Named by letters that say nothing to a reader.
    pub raw: bool,
    /// A whole number that says neither how much nor how many, such as a position: nothing to average.
    pub ordinal: bool,
    /// Each row says in which unit it is: nothing to average or to hold against a bound.
    pub mixed: bool,
    /// Holds anything at all, and not the same everywhere.
    pub varied: bool,
    /// Of the noun: how large a place it names, and what it is without "code", "name" and the like.
    pub level: Option<usize>,
    pub stem: String,
}

impl Field {
    pub(super) fn role(&self) -> Role {
        self.traits.role
    }

    pub(super) fn whole(&self) -> bool {
        matches!(self.base.as_str(), "int2" | "int4" | "int8")
    }

    /// Every row has a value, as far as is known.
    pub(super) fn filled(&self, rows: u64) -> bool {
        self.nulls == 0 && !self.form.empty && !(rows == 0 && self.nullable)
    }

    /// A number to average or compare.
    pub(super) fn measurable(&self) -> bool {
        self.role() == Role::Measure && !self.traits.personal && !self.ordinal && !self.mixed
    }

    /// Values lie on a line, with bounds anywhere on it.
    pub(super) fn ordered(&self) -> bool {
        matches!(self.role(), Role::Measure | Role::Time)
    }

    /// A time at which something begins, by its name.
    pub(super) fn begins(&self) -> bool {
        ["start", "begin", "from"].iter().any(|w| self.noun.starts_with(w))
    }

    /// Sorted by its letters, as enumerations are not.
    pub(super) fn spelled(&self) -> bool {
        matches!(self.base.as_str(), "text" | "varchar" | "bpchar" | "citext" | "name")
    }

    /// Worth grouping by: few values, each shared by some rows.
    pub(super) fn groupable(&self) -> bool {
        matches!(self.role(), Role::Dimension | Role::Flag | Role::Year) && !self.traits.personal && self.varied
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct Entity {
    /// Quoted reference, with its schema where that is not `public`.
    pub sql: String,
    pub alias: String,
    pub one: String,
    pub many: String,
    pub person: bool,
    pub bridge: bool,
    pub fields: Vec<Field>,
    /// Fields that call a row by name, in speaking order.
    pub label: Vec<usize>,
    /// The label alone tells rows apart.
    pub label_unique: bool,
    /// A constraint says so.
    pub label_keyed: bool,
    /// Columns of a key; empty where none is known.
    pub key: Vec<String>,
    pub rows: u64,
    /// May stand in pairs.
    pub usable: bool,
    pub view: bool,
    /// Share of its turns that it is worth in spite of what it costs to read.
    pub cheap: f64,
    /// Field of the time that the entity is about, such as the payment date of a payment.
    pub when: Option<usize>,
    /// How often people speak of it.
    pub spoken: f64,
}

#[derive(Debug, Clone, Default)]
pub(super) struct World {
    pub entities: Vec<Entity>,
    pub graph: Graph,
    pub schema_only: bool,
    /// The words of all names, one and many: what else none of them may be called.
    pub words: BTreeSet<String>,
    pub memo: Memo,
}

impl World {
    /// The entity that a query refers to so.
    pub(super) fn named(&self, sql: &str) -> Option<&Entity> {
        self.entities.iter().find(|e| e.sql == sql)
    }

    pub(super) fn new(schema: &Schema, links: &[Relationship], options: &Options) -> World {
        let mut graph = Graph::new(schema, links);
        let words = Words::new(schema);
        let mut referenced: BTreeSet<(usize, &str)> = BTreeSet::new();
        for edge in &graph.edges {
            referenced.extend(edge.parent_columns.iter().map(|c| (edge.parent, c.as_str())));
            referenced.extend(edge.child_columns.iter().map(|c| (edge.child, c.as_str())));
        }
        let mut entities: Vec<Entity> = schema
            .tables
            .iter()
            .enumerate()
            .map(|(i, t)| {
                entity(
                    schema,
                    t,
                    &words,
                    options,
                    graph.is_bridge(i) || graph.pairs_up(schema, i),
                    lookup(schema, &graph, i, options),
                    &|c| referenced.contains(&(i, c)),
                )
            })
            .collect();
        // a row of a link table is none of what its name begins with, unless it is called a link itself
        let link =
            |one: &str| ["ment", "ship", "tion"].iter().any(|end| one.ends_with(end)) || one.contains(" in the ");
        for entity in entities.iter_mut().filter(|e| e.bridge && !link(&e.one)) {
            entity.one = format!("{} assignment", entity.one);
            entity.many = grammar::plural(&entity.one);
        }
        patients(&mut entities);
        tell_apart(schema, &words, &mut entities);
        spoken::weigh(&mut entities);
        // what a view shows of films are no films of films
        for edge in &mut graph.edges {
            let (child, parent) = (&entities[edge.child], &entities[edge.parent]);
            edge.filled &= !((child.view || parent.view) && child.one == parent.one);
        }
        if options.schema_only {
            spoken_of(&mut entities);
        }
        for field in entities.iter_mut().flat_map(|e| &mut e.fields) {
            field.level = sense::level_of(&field.noun);
            field.stem = sense::stem(&field.noun);
        }
        let names = schema.tables.iter().flat_map(|t| t.columns.iter().map(|c| &c.name).chain([&t.name]));
        let tokens: BTreeSet<String> = names.flat_map(|n| words::tokens(n)).collect();
        let words = tokens.into_iter().flat_map(|t| [grammar::plural(&t), grammar::singular(&t), t]).collect();
        World { entities, graph, schema_only: options.schema_only, words, memo: Memo::default() }
    }
}

/// So many rows a table of kinds has at most.
pub(super) const LOOKUP: u64 = 1000;

/// A table of kinds (categories, countries, payers): each row stands behind many rows of another table, and none is a
/// person or has an address of its own.
fn lookup(schema: &Schema, graph: &Graph, table: usize, options: &Options) -> bool {
    let t = &schema.tables[table];
    let rows = |t: &Table| t.sampled.as_ref().map_or(0, |s| s.rows);
    let own = rows(t);
    let shared = |edge: &usize| {
        let child = &schema.tables[graph.edges[*edge].child];
        rows(child) >= own * u64::from(options.values_min_rows.max(1))
    };
    let personal = roles::person_table(t) || t.columns.iter().any(|c| roles::traits(schema, t, c, false).personal);
    own > 0 && own <= LOOKUP && !personal && graph.children(table).iter().any(shared)
}

/// The planner's cost of a view that is worth half as much as others.
const DEAR: f64 = 5000.0;

fn entity(
    schema: &Schema,
    table: &Table,
    words: &Words,
    options: &Options,
    bridge: bool,
    lookup: bool,
    referenced: &dyn Fn(&str) -> bool,
) -> Entity {
    let rows = table.sampled.as_ref().map_or(0, |s| s.rows);
    let (one, many) = words.table_noun(table);
    let fields: Vec<Field> =
        table.columns.iter().map(|c| field(schema, table, c, words, options, referenced(&c.name), lookup)).collect();
    let readable = table.row_security != RowSecurity::Bypassed && !table.columns.is_empty() && !table.is_child();
    let mut found = Entity {
        sql: if table.schema == "public" { quote_ident(&table.name) } else { table.qualified() },
        alias: scope::alias(&table.name),
        person: is_person(&one),
        one,
        many,
        bridge,
        label: label(&fields),
        key: key(table, rows),
        rows,
        view: matches!(table.kind, TableKind::View | TableKind::MaterializedView),
        cheap: (DEAR / (DEAR + table.cost.unwrap_or_default())).max(0.03),
        usable: readable && (options.schema_only || rows > 0),
        fields,
        ..Entity::default()
    };
    // who has a first name and a last name is a person
    found.person |= found.label.len() == 2;
    if let [one] = found.label.as_slice() {
        let field = &found.fields[*one];
        let whole = table.sampled.as_ref().is_some_and(|s| s.whole);
        found.label_keyed = table.is_unique(std::slice::from_ref(&field.name)) && !field.nullable;
        found.label_unique = found.label_keyed || rows > 0 && field.distinct == rows && field.nulls == 0 && whole;
    }
    set_aside(&mut found.fields);
    own_first(&mut found);
    own_kind(&mut found, &grammar::singular(&words.of(&table.name).join(" ")));
    found.when = when(&found);
    shorten(&mut found);
    found
}

fn is_person(one: &str) -> bool {
    let head = one.split(" in the ").next().unwrap_or(one);
    grammar::is_person(head) || head == "staff member"
}

/// A key of the table, or a column whose values are all different.
fn key(table: &Table, rows: u64) -> Vec<String> {
    if let Some(key) = &table.primary_key {
        return key.clone();
    }
    let filled = |c: &String| table.column(c).is_some_and(|c| c.not_null);
    if let Some(key) = table.keys().find(|key| key.iter().all(filled)) {
        return key.clone();
    }
    let whole = table.sampled.as_ref().is_some_and(|s| s.whole);
    let single = |c: &&Column| {
        let keyed = c.base == "uuid" || c.name.to_lowercase().ends_with("id");
        keyed && c.profile.as_ref().is_some_and(|p| p.nulls == 0 && p.distinct == rows && rows > 1)
    };
    if whole { table.columns.iter().find(single).map(|c| vec![c.name.clone()]).unwrap_or_default() } else { Vec::new() }
}

fn field(
    schema: &Schema,
    table: &Table,
    column: &Column,
    words: &Words,
    options: &Options,
    referenced: bool,
    lookup: bool,
) -> Field {
    let traits = roles::traits(schema, table, column, referenced);
    let rows = table.sampled.as_ref().map_or(0, |s| s.rows);
    let profile = column.profile.clone().unwrap_or_default();
    let whole = table.sampled.as_ref().is_some_and(|s| s.whole);
    // the anonymiser's finding decides what may be shown, so that the leak audit and the composer agree
    let class = anonymize::classify(table, column);
    let told = traits.personal || class.personal;
    let open = !told && !matches!(traits.role, Role::Key | Role::FreeText) && options.values != Values::None;
    let prose = !told || class.kind == anonymize::Kind::FreeText;
    let free = matches!(traits.role, Role::FreeText | Role::Search)
        && !traits.personal
        && prose
        && options.values != Values::None;
    let shared = |n: u64| options.values == Values::All || n >= u64::from(options.values_min_rows);
    // a word of a long text is shared by a fair part of the rows, or it says too much of one
    let worded = open || (free && profile.elements.first().is_some_and(|(_, n)| *n * 50 >= rows));
    // names of a lookup table are shared by the rows that refer to them
    let name_list = traits.role == Role::Name && lookup && whole;
    let values: Vec<(String, u64)> = profile
        .common
        .iter()
        .filter(|(value, n)| open && !value.trim().is_empty() && (shared(*n) || name_list))
        .cloned()
        .collect();
    let numeric = column.category == 'N' && !profile.quantiles.iter().any(|q| q == "NaN");
    let missing = traits.role == Role::Measure && column.category == 'N' && !numeric;
    // nothing is known of tables without rows: labels of enums, and constants that any such column may meet
    let blank = options.schema_only && rows == 0;
    let labels = column.labels.iter().flatten().filter(|_| blank && open).map(|l| (l.clone(), 1));
    let values: Vec<(String, u64)> = values.into_iter().chain(labels).collect();
    let noun = words.column_noun(table, column);
    let form = Form::of(&profile);
    // days that something may take are no days that it took
    let allowed = profile.quantiles.last().and_then(|q| q.parse().ok()).is_some_and(|most: f64| most <= 31.0);
    let at_end = |end: Option<&String>| {
        end.and_then(|end| profile.common.iter().find(|(value, _)| value == end)).map_or(1, |(_, n)| *n)
    };
    let ends = (at_end(profile.quantiles.first()), at_end(profile.quantiles.last()));
    let additive = traits.additive && !(allowed && column.name.to_lowercase().contains("duration"));
    let whole_number = matches!(column.base.as_str(), "int2" | "int4" | "int8");
    let counted = is_plural(&noun) || words.unit(table, column).is_some() || roles::measures(column);
    let happens = table.columns.iter().any(|c| c.category == 'D');
    let numbers = || profile.quantiles.iter().filter_map(|q| q.parse().ok()).collect();
    Field {
        name: column.name.clone(),
        noun: noun.clone(),
        traits: if missing { Traits { role: Role::Opaque, ..traits } } else { Traits { additive, ..traits } },
        base: column.base.clone(),
        unit: words.unit(table, column),
        values: if open { values } else { Vec::new() },
        elements: profile.elements.iter().filter(|(_, n)| worded && shared(*n)).cloned().collect(),
        keys: profile.keys,
        numbers: if blank {
            plausible_numbers(traits.role, &noun)
        } else if numeric {
            numbers()
        } else {
            Vec::new()
        },
        days: if blank && column.category == 'D' {
            plausible_days()
        } else if column.category == 'D' {
            profile.quantiles.iter().filter_map(|q| Day::parse(q)).collect()
        } else {
            Vec::new()
        },
        spaced: profile.spaced,
        length: profile.length,
        form,
        padded: column.base == "bpchar" && fixed(&column.type_name).is_some_and(|n| n > profile.length + 0.5),
        raw: column.comment.is_none() && (words.is_raw(&column.name) || taste::cryptic(&noun))
            || TECHNICAL.iter().any(|end| noun.ends_with(end)),
        distinct: profile.distinct,
        ends,
        nulls: profile.nulls,
        nullable: if rows > 0 && whole { profile.nulls > 0 } else { !column.not_null },
        ordinal: traits.role == Role::Measure && whole_number && !counted && !happens,
        mixed: false,
        varied: rows == 0 || profile.distinct > 1,
        level: None,
        stem: String::new(),
    }
}

/// What only programs look at.
const TECHNICAL: &[&str] = &["path", "bytes", "latitude", "longitude", "URL", "hash", "checksum"];

/// The length in `character(20)`.
fn fixed(type_name: &str) -> Option<f64> {
    type_name.split_once('(')?.1.trim_end_matches(')').parse().ok()
}
