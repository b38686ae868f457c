//! The database as nlsql sees it: plain structs, read from the JSON that `sql/introspect.sql` returns and
//! completed by `profile`. No pgrx here.

use serde::{Deserialize, Serialize};

/// One readable database: relations in (schema, name) order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    pub database: String,
    /// `server_version_num`, such as 150020.
    pub server_version: i32,
    pub tables: Vec<Table>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableKind {
    Table,
    Partitioned,
    View,
    MaterializedView,
    ForeignTable,
}

/// How row security meets the role that looks: `Bypassed` tables are no subjects of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowSecurity {
    #[default]
    None,
    Applied,
    Bypassed,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Table {
    pub schema: String,
    pub name: String,
    pub kind: TableKind,
    #[serde(default)]
    pub comment: Option<String>,
    /// Planner's estimate of rows; -1 = never analysed.
    #[serde(default)]
    pub rows: f64,
    #[serde(default)]
    pub pages: i64,
    #[serde(default)]
    pub row_security: RowSecurity,
    /// `[schema, name]` of the partitioned parent.
    #[serde(default)]
    pub partition_of: Option<(String, String)>,
    /// Parents by plain inheritance.
    #[serde(default)]
    pub inherits: Option<Vec<(String, String)>>,
    #[serde(default)]
    pub partition_key: Option<String>,
    #[serde(default)]
    pub partition_bound: Option<String>,
    /// Body of a view.
    #[serde(default)]
    pub definition: Option<String>,
    pub columns: Vec<Column>,
    #[serde(default)]
    pub primary_key: Option<Vec<String>>,
    #[serde(default)]
    pub uniques: Vec<Vec<String>>,
    /// Unique indexes that no constraint declares.
    #[serde(default)]
    pub unique_indexes: Vec<Vec<String>>,
    /// Columns of unique indexes that hold for some rows only, or for expressions.
    #[serde(default)]
    pub partly_unique: Vec<String>,
    /// Columns that lead an index.
    #[serde(default)]
    pub indexed: Vec<String>,
    #[serde(default)]
    pub foreign_keys: Vec<ForeignKey>,
    #[serde(default)]
    pub checks: Vec<Check>,
    /// Rows that the profile saw; absent = not profiled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampled: Option<Sampled>,
    /// What the planner thinks that it costs to read all of it, of a view that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sampled {
    /// Rows looked at.
    pub rows: u64,
    /// The sample is the whole relation, so counts and distinct counts are exact.
    pub whole: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    pub number: i16,
    /// As `format_type` prints it, domains by their own name.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Name of the type under any domain: `int4`, `varchar`, `timestamptz`, `_text`, ...
    pub base: String,
    /// `pg_type.typcategory` of that type: N, S, D, T, B, E, A, U, R, I, ...
    pub category: char,
    #[serde(default)]
    pub element: Option<String>,
    #[serde(default)]
    pub element_category: Option<char>,
    /// Quoted qualified name of the domain.
    #[serde(default)]
    pub domain: Option<String>,
    /// Labels of an enum (or of an array of one), in their order.
    #[serde(default)]
    pub labels: Option<Vec<String>>,
    #[serde(default)]
    pub not_null: bool,
    /// `a` always, `d` by default.
    #[serde(default)]
    pub identity: Option<char>,
    #[serde(default)]
    pub generated: bool,
    #[serde(default)]
    pub default: Option<String>,
    #[serde(default)]
    pub comment: Option<String>,
    #[serde(default)]
    pub stats: Option<Stats>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
}

/// What `pg_stats` shows the role; values as text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stats {
    pub n_distinct: f64,
    pub null_share: f64,
    pub width: i32,
    #[serde(default)]
    pub common: Option<Vec<(String, f64)>>,
}

/// What a look at the data itself says of one column; values as text in ISO formats.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    pub nulls: u64,
    /// Different values; 0 where the type cannot be compared.
    #[serde(default)]
    pub distinct: u64,
    /// Most common values with their rows, by falling count then value (text, enum, boolean, number, date).
    #[serde(default)]
    pub common: Vec<(String, u64)>,
    /// For ordered types: minimum, 5 %, 10 %, 20 %, ... 90 %, 95 %, maximum (13 values), by `percentile_disc`.
    #[serde(default)]
    pub quantiles: Vec<String>,
    /// Mean length of the text form, in characters.
    #[serde(default)]
    pub length: f64,
    /// Text only: share of the values that hold a blank, and that hold a digit.
    #[serde(default)]
    pub spaced: f64,
    #[serde(default)]
    pub digits: f64,
    /// Arrays: common elements with their rows. Text: common words of four letters and more.
    #[serde(default)]
    pub elements: Vec<(String, u64)>,
    /// json objects: top-level keys with the type of the value and rows, by falling count then key.
    #[serde(default)]
    pub keys: Vec<(String, String, u64)>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ForeignKey {
    pub name: String,
    pub columns: Vec<String>,
    pub ref_schema: String,
    pub ref_table: String,
    pub ref_columns: Vec<String>,
    /// `pg_constraint.confupdtype` / `confdeltype`: a, r, c, n, d.
    #[serde(default)]
    pub on_update: Option<char>,
    #[serde(default)]
    pub on_delete: Option<char>,
    #[serde(default)]
    pub comment: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    pub name: String,
    pub columns: Vec<String>,
    pub definition: String,
    #[serde(default)]
    pub comment: Option<String>,
}

impl Schema {
    #[cfg(test)]
    pub fn from_json(text: &str) -> Result<Schema, serde_json::Error> {
        serde_json::from_str(text)
    }

    pub fn table(&self, schema: &str, name: &str) -> Option<&Table> {
        self.tables.iter().find(|t| t.schema == schema && t.name == name)
    }
}

impl Table {
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }

    /// `schema.table`, each part quoted where it needs to be: the form of `dataset.tables`.
    pub fn qualified(&self) -> String {
        format!("{}.{}", quote_ident(&self.schema), quote_ident(&self.name))
    }

    /// A partition or inheritance child, whose rows the parent shows already.
    pub fn is_child(&self) -> bool {
        self.partition_of.is_some() || self.inherits.as_ref().is_some_and(|p| !p.is_empty())
    }

    /// Primary key, unique constraints and unique indexes.
    pub fn keys(&self) -> impl Iterator<Item = &Vec<String>> {
        self.primary_key.iter().chain(&self.uniques).chain(&self.unique_indexes)
    }

    /// Whether the columns hold a key, so that no two rows share their values (nulls aside).
    pub fn is_unique(&self, columns: &[String]) -> bool {
        self.keys().any(|key| key.iter().all(|c| columns.contains(c)))
    }
}

/// Quotes an identifier where PostgreSQL's `quote_ident` would: anything but a plain lower-case word, and key words.
pub fn quote_ident(name: &str) -> String {
    let mut chars = name.chars();
    let plain = chars.next().is_some_and(|c| c.is_ascii_lowercase() || c == '_')
        && chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain && KEYWORDS.binary_search(&name).is_err() {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

/// Quotes a text as an SQL string constant.
pub fn quote_literal(text: &str) -> String {
    if text.contains('\\') {
        format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

include!("keywords.rs");
