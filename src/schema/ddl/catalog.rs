//! What `sql/ddl.sql` returns: keep the two in step.

use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Catalog {
    pub relations: Vec<Relation>,
    pub sequences: Vec<Sequence>,
    pub types: Vec<Type>,
    pub functions: Vec<Function>,
    pub schemas: Vec<Schema>,
    pub extensions: Vec<Extension>,
    pub servers: Vec<Server>,
    /// Needed, but not written.
    pub others: Vec<Other>,
    /// (object, what it leans on), by key.
    pub edges: Vec<(String, String)>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Relation {
    pub key: String,
    pub oid: String,
    pub schema: String,
    pub name: String,
    /// `pg_class.relkind`: r, p, f, v, m.
    pub kind: char,
    pub unlogged: bool,
    /// What the reader may not see.
    pub hidden_columns: u32,
    pub hidden_partitions: u32,
    pub of_type: Option<String>,
    pub parents: Vec<(String, String)>,
    pub partition_bound: Option<String>,
    pub partition_key: Option<String>,
    /// Body of a view.
    pub view: Option<String>,
    pub method: Option<String>,
    pub options: Option<String>,
    pub server: Option<String>,
    pub fdw_options: Option<String>,
    pub replica_identity: Option<char>,
    pub comment: Option<String>,
    pub columns: Vec<Column>,
    pub constraints: Vec<Constraint>,
    pub indexes: Vec<Index>,
    pub statistics: Vec<Statistics>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Column {
    pub name: String,
    #[serde(rename = "type")]
    pub type_name: String,
    /// Only where it is not the type's own.
    pub collation: Option<String>,
    pub not_null: bool,
    pub default: Option<String>,
    /// s = stored, v = virtual.
    pub generated: Option<char>,
    /// a = always, d = by default; with the oid of its sequence.
    pub identity: Option<char>,
    pub sequence: Option<String>,
    pub storage: Option<char>,
    pub compression: Option<char>,
    pub statistics: Option<i32>,
    pub options: Option<String>,
    pub fdw_options: Option<String>,
    /// Set where the column is a parent's and not declared here: what the parents say.
    pub inherited: Option<Inherited>,
    pub comment: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Inherited {
    pub not_null: bool,
    pub default: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Constraint {
    pub name: String,
    /// `pg_constraint.contype`: p, u, x, c, f.
    pub kind: char,
    pub definition: String,
    pub validated: bool,
    pub comment: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Index {
    pub name: String,
    /// None for the index of a constraint.
    pub definition: Option<String>,
    pub options: Option<String>,
    /// Column number and target.
    pub statistics: Vec<(i16, i32)>,
    pub clustered: bool,
    pub replica_identity: bool,
    pub comment: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Statistics {
    pub schema: String,
    pub name: String,
    pub definition: String,
    pub target: Option<i32>,
    pub comment: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sequence {
    pub key: String,
    pub oid: String,
    pub schema: String,
    pub name: String,
    #[serde(rename = "type")]
    pub type_name: String,
    pub start: i64,
    pub increment: i64,
    pub min: i64,
    pub max: i64,
    pub cache: i64,
    pub cycle: bool,
    /// oid of the table and name of the column that own it.
    pub owner: Option<String>,
    pub owner_column: Option<String>,
    pub identity: bool,
    pub comment: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Type {
    pub key: String,
    pub schema: String,
    pub name: String,
    /// `pg_type.typtype`: e, d, c, r.
    pub kind: char,
    pub labels: Vec<String>,
    pub base: Option<String>,
    pub collation: Option<String>,
    pub not_null: bool,
    pub default: Option<String>,
    pub constraints: Vec<Constraint>,
    pub attributes: Vec<Column>,
    pub range: Option<String>,
    pub comment: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Function {
    pub key: String,
    /// Qualified name with the types of the arguments.
    pub signature: String,
    pub aggregate: bool,
    /// The whole statement; of an aggregate the list in its parentheses.
    pub definition: String,
    pub comment: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Schema {
    pub key: String,
    pub name: String,
    pub comment: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Extension {
    pub key: String,
    pub name: String,
    pub schema: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Server {
    pub key: String,
    pub name: String,
    #[serde(rename = "type")]
    pub type_name: Option<String>,
    pub version: Option<String>,
    pub wrapper: String,
    pub options: Option<String>,
    pub comment: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Other {
    pub key: String,
    pub name: String,
}
