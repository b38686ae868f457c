//! What a run's role can read: catalog and profiles, read once a worker.

use super::super::introspect;
use super::super::session;
use super::super::transaction::transaction;
use super::interrupts;
use crate::error::Result;
use crate::schema::model::{Schema, quote_ident};
use crate::schema::profile;
use crate::schema::relationships::{self, Relationship};
use sha2::{Digest, Sha256};

pub(super) struct Subjects {
    pub schema: Schema,
    /// Declared and inferred.
    pub relationships: Vec<Relationship>,
    /// Of the catalog alone: the same for every worker, whatever the data.
    pub hash: String,
}

impl Subjects {
    /// The named tables alone. A worker serves one run, so what it leaks here it needs to its end.
    pub fn only(&self, names: &[String]) -> &'static Subjects {
        let mut schema = self.schema.clone();
        schema.tables.retain(|t| names.contains(&t.qualified()));
        let kept = |t: &(String, String)| schema.table(&t.0, &t.1).is_some();
        let relationships = self.relationships.iter().filter(|r| kept(&r.child) && kept(&r.parent)).cloned().collect();
        for table in &mut schema.tables {
            table.foreign_keys.retain(|f| names.contains(&qualified(&f.ref_schema, &f.ref_table)));
        }
        Box::leak(Box::new(Subjects { schema, relationships, hash: self.hash.clone() }))
    }
}

fn qualified(schema: &str, table: &str) -> String {
    format!("{}.{}", quote_ident(schema), quote_ident(table))
}

/// Reads the catalog and looks at each table's rows, one transaction a table: a view may fail in any way.
pub(super) fn read() -> Result<&'static Subjects> {
    let mut schema = transaction(|| introspect::catalog(None))?;
    let bypassed = introspect::keep_subjects(&mut schema);
    if schema.tables.is_empty() {
        return Err(introspect::nothing_to_read(&transaction(session::role)?, &bypassed));
    }
    let hash = hash(&schema);
    for table in &mut schema.tables {
        interrupts()?;
        let Some(query) = profile::sql(table) else { continue };
        match transaction(|| introspect::profile(&query)) {
            Ok(Some(answer)) => {
                if let Err(error) = profile::apply(table, &answer) {
                    pgrx::debug1!("nlsql: profile of {}: {error}", table.qualified());
                }
            }
            Ok(None) => {}
            Err(error) if error.code.sqlstate() == "57014" => return Err(error),
            Err(error) => pgrx::debug1!("nlsql: cannot look at {}: {}", table.qualified(), error.message),
        }
    }
    let relationships = relationships::declared(&schema);
    Ok(Box::leak(Box::new(Subjects { schema, relationships, hash })))
}

/// 16 hexadecimal digits over names, types, keys and comments; estimates and statistics are no part of it.
fn hash(schema: &Schema) -> String {
    let mut bare = schema.clone();
    bare.server_version = 0;
    for table in &mut bare.tables {
        table.rows = 0.0;
        table.pages = 0;
        for column in &mut table.columns {
            column.stats = None;
            column.profile = None;
        }
    }
    let text = serde_json::to_string(&bare.tables).unwrap_or_default();
    Sha256::digest(text.as_bytes()).iter().take(8).map(|b| format!("{b:02x}")).collect()
}
