//! What a run's role can read: catalog and profiles, read once a worker.

use super::super::introspect;
use super::super::session;
use super::super::transaction::transaction;
use super::interrupts;
use crate::error::Result;
use crate::schema::model::Schema;
use crate::schema::profile;
use sha2::{Digest, Sha256};

pub(super) struct Subjects {
    pub schema: Schema,
    /// Of the catalog alone: the same for every worker, whatever the data.
    pub hash: String,
}

/// Reads the catalog and looks at each table's rows, one transaction a table: a view may fail in any way.
pub(super) fn read() -> Result<Subjects> {
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
    Ok(Subjects { schema, hash })
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
