//! One relation with all that belongs to it but its foreign keys, which [`foreign_keys`] writes.

use super::catalog::{Column, Constraint, Index, Relation, Sequence};
use super::object::sequence_options;
use super::{comment, qualified};
use crate::schema::model::quote_ident;

pub(super) fn relation(r: &Relation, sequences: &[Sequence]) -> String {
    let name = qualified(&r.schema, &r.name);
    let mut lines = notes(r);
    match &r.view {
        Some(_) if r.hidden_columns > 0 => return lines.join("\n"),
        Some(body) => lines.push(view(r, &name, body)),
        None => lines.push(table(r, &name, sequences)),
    }
    lines.extend(column_settings(r, &name));
    lines.extend(r.constraints.iter().filter(|c| apart(c)).map(|c| add_constraint(&format!("ONLY {name}"), c)));
    let owned = sequences.iter().filter(|s| !s.identity && s.owner.as_ref() == Some(&r.oid));
    lines.extend(owned.filter_map(|s| {
        let column = quote_ident(s.owner_column.as_ref()?);
        Some(format!("ALTER SEQUENCE {} OWNED BY {name}.{column};", qualified(&s.schema, &s.name)))
    }));
    lines.extend(r.indexes.iter().flat_map(|i| index(r, i)));
    if let (Some(bound), Some((schema, parent))) = (&r.partition_bound, r.parents.first()) {
        lines.push(format!("ALTER TABLE ONLY {} ATTACH PARTITION {name} {bound};", qualified(schema, parent)));
    }
    lines.extend(r.indexes.iter().flat_map(|i| index_marks(&name, i)));
    lines.extend(match r.replica_identity {
        Some('n') => Some(format!("ALTER TABLE ONLY {name} REPLICA IDENTITY NOTHING;")),
        Some('f') => Some(format!("ALTER TABLE ONLY {name} REPLICA IDENTITY FULL;")),
        _ => None,
    });
    for s in &r.statistics {
        let name = qualified(&s.schema, &s.name);
        lines.push(format!("{};", s.definition));
        lines.extend(s.target.map(|t| format!("ALTER STATISTICS {name} SET STATISTICS {t};")));
        lines.extend(comment(&format!("STATISTICS {name}"), s.comment.as_ref()));
    }
    lines.extend(comments(r, &name, sequences));
    lines.join("\n")
}

/// The foreign keys of a table; they stand after all tables.
pub(super) fn foreign_keys(r: &Relation) -> String {
    let name = qualified(&r.schema, &r.name);
    // the keys of a partitioned table reach down to its partitions
    let target = if r.kind == 'p' { name.clone() } else { format!("ONLY {name}") };
    let mut lines = Vec::new();
    for key in r.constraints.iter().filter(|c| c.kind == 'f') {
        lines.push(add_constraint(&target, key));
        lines.extend(constraint_comment(&name, key));
    }
    lines.join("\n")
}

/// Written by a statement of its own: foreign keys, and checks that old rows may break.
fn apart(c: &Constraint) -> bool {
    c.kind == 'c' && !c.validated
}

/// What is missing, since the reader may not see it.
fn notes(r: &Relation) -> Vec<String> {
    let mut lines = Vec::new();
    let name = qualified(&r.schema, &r.name).replace(['\n', '\r'], " ");
    if r.view.is_some() && r.hidden_columns > 0 {
        lines.push(format!("-- {name} is left out: some of its columns may not be read"));
    } else if r.hidden_columns > 0 {
        lines.push(format!("-- {name}: columns left out since they may not be read: {}", r.hidden_columns));
    }
    if r.hidden_partitions > 0 {
        lines.push(format!("-- {name}: partitions left out since they may not be read: {}", r.hidden_partitions));
    }
    lines
}

fn view(r: &Relation, name: &str, body: &str) -> String {
    let options = r.options.as_ref().map_or_else(String::new, |o| format!(" WITH ({o})"));
    let method = r.method.as_ref().map_or_else(String::new, |m| format!(" USING {}", quote_ident(m)));
    match r.kind {
        'm' => {
            let body = body.trim_end().trim_end_matches(';');
            format!("CREATE MATERIALIZED VIEW {name}{method}{options} AS\n{body}\n  WITH NO DATA;")
        }
        _ => format!("CREATE VIEW {name}{options} AS\n{body}"),
    }
}

fn table(r: &Relation, name: &str, sequences: &[Sequence]) -> String {
    let own = r.columns.iter().filter(|c| c.inherited.is_none());
    let mut parts: Vec<String> = match r.of_type {
        Some(_) => own.filter_map(typed_column).collect(),
        None => own.map(|c| column(r, c, sequences)).collect(),
    };
    let inside = r.constraints.iter().filter(|c| c.kind != 'f' && !apart(c));
    parts.extend(inside.map(|c| format!("CONSTRAINT {} {}", quote_ident(&c.name), c.definition)));
    let mut text = match (r.kind, r.unlogged) {
        ('f', _) => format!("CREATE FOREIGN TABLE {name}"),
        (_, true) => format!("CREATE UNLOGGED TABLE {name}"),
        _ => format!("CREATE TABLE {name}"),
    };
    if let Some(of_type) = &r.of_type {
        text.push_str(&format!(" OF {of_type}"));
    }
    if !parts.is_empty() {
        text.push_str(&format!(" (\n    {}\n)", parts.join(",\n    ")));
    } else if r.of_type.is_none() {
        text.push_str(" (\n)");
    }
    if r.partition_bound.is_none() && !r.parents.is_empty() {
        let parents: Vec<String> = r.parents.iter().map(|(s, n)| qualified(s, n)).collect();
        text.push_str(&format!("\nINHERITS ({})", parents.join(", ")));
    }
    if let Some(key) = &r.partition_key {
        text.push_str(&format!("\nPARTITION BY {key}"));
    }
    if let Some(method) = &r.method {
        text.push_str(&format!("\nUSING {}", quote_ident(method)));
    }
    if let Some(server) = &r.server {
        text.push_str(&format!("\nSERVER {}", quote_ident(server)));
    }
    if let Some(options) = &r.fdw_options {
        text.push_str(&format!("\nOPTIONS ({options})"));
    }
    if let Some(options) = &r.options {
        text.push_str(&format!("\nWITH ({options})"));
    }
    text.push(';');
    text
}

fn column(r: &Relation, c: &Column, sequences: &[Sequence]) -> String {
    let mut text = format!("{} {}", quote_ident(&c.name), c.type_name);
    if let Some(method) = c.compression {
        text.push_str(if method == 'l' { " COMPRESSION lz4" } else { " COMPRESSION pglz" });
    }
    if let Some(options) = &c.fdw_options {
        text.push_str(&format!(" OPTIONS ({options})"));
    }
    if let Some(collation) = &c.collation {
        text.push_str(&format!(" COLLATE {collation}"));
    }
    match (c.generated, &c.default) {
        (Some(kind), Some(expression)) => {
            let kind = if kind == 's' { "STORED" } else { "VIRTUAL" };
            text.push_str(&format!(" GENERATED ALWAYS AS ({expression}) {kind}"));
        }
        (_, Some(default)) => text.push_str(&format!(" DEFAULT {default}")),
        _ => {}
    }
    if let Some(identity) = c.identity {
        text.push_str(&identity_clause(r, c, identity, sequences));
    }
    if c.not_null {
        text.push_str(" NOT NULL");
    }
    text
}

/// A column of a table of a type: only what the type does not say.
fn typed_column(c: &Column) -> Option<String> {
    let default = c.default.as_ref().map_or_else(String::new, |d| format!(" DEFAULT {d}"));
    let not_null = if c.not_null { " NOT NULL" } else { "" };
    let text = format!("{default}{not_null}");
    (!text.is_empty()).then(|| format!("{} WITH OPTIONS{text}", quote_ident(&c.name)))
}

fn identity_clause(r: &Relation, c: &Column, kind: char, sequences: &[Sequence]) -> String {
    let mut text = format!(" GENERATED {} AS IDENTITY", if kind == 'a' { "ALWAYS" } else { "BY DEFAULT" });
    let Some(sequence) = sequences.iter().find(|s| c.sequence.as_ref() == Some(&s.oid)) else { return text };
    let mut options = sequence_options(sequence);
    if sequence.schema != r.schema || sequence.name != format!("{}_{}_seq", r.name, c.name) {
        options.insert(0, format!("SEQUENCE NAME {}", qualified(&sequence.schema, &sequence.name)));
    }
    if !options.is_empty() {
        text.push_str(&format!(" ({})", options.join(" ")));
    }
    text
}

/// What a column definition cannot say.
fn column_settings(r: &Relation, name: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for c in &r.columns {
        let alter = format!("ALTER TABLE ONLY {name} ALTER COLUMN {}", quote_ident(&c.name));
        if let Some(inherited) = &c.inherited
            && c.generated.is_none()
        {
            if c.default != inherited.default {
                lines.push(format!("{alter} SET DEFAULT {};", c.default.as_deref().unwrap_or("NULL")));
            }
            if c.not_null && !inherited.not_null {
                lines.push(format!("{alter} SET NOT NULL;"));
            }
        }
        if let (true, Some(default)) = (r.view.is_some(), &c.default) {
            lines.push(format!("{alter} SET DEFAULT {default};"));
        }
        let storage = c.storage.map(|s| match s {
            'p' => "PLAIN",
            'e' => "EXTERNAL",
            'm' => "MAIN",
            _ => "EXTENDED",
        });
        lines.extend(storage.map(|s| format!("{alter} SET STORAGE {s};")));
        lines.extend(c.statistics.map(|s| format!("{alter} SET STATISTICS {s};")));
        lines.extend(c.options.as_ref().map(|o| format!("{alter} SET ({o});")));
    }
    lines
}

fn add_constraint(target: &str, c: &Constraint) -> String {
    format!("ALTER TABLE {target} ADD CONSTRAINT {} {};", quote_ident(&c.name), c.definition)
}

fn index(r: &Relation, i: &Index) -> Vec<String> {
    let name = qualified(&r.schema, &i.name);
    let mut lines: Vec<String> = i.definition.iter().map(|d| format!("{d};")).collect();
    lines.extend(i.options.as_ref().map(|o| format!("ALTER INDEX {name} SET ({o});")));
    let targets = i.statistics.iter();
    lines.extend(targets.map(|(column, t)| format!("ALTER INDEX {name} ALTER COLUMN {column} SET STATISTICS {t};")));
    lines
}

fn index_marks(name: &str, i: &Index) -> Vec<String> {
    let index = quote_ident(&i.name);
    let mut lines = Vec::new();
    lines.extend(i.clustered.then(|| format!("ALTER TABLE {name} CLUSTER ON {index};")));
    lines.extend(i.replica_identity.then(|| format!("ALTER TABLE ONLY {name} REPLICA IDENTITY USING INDEX {index};")));
    lines
}

fn constraint_comment(name: &str, c: &Constraint) -> Option<String> {
    comment(&format!("CONSTRAINT {} ON {name}", quote_ident(&c.name)), c.comment.as_ref())
}

fn comments(r: &Relation, name: &str, sequences: &[Sequence]) -> Vec<String> {
    let kind = match r.kind {
        'v' => "VIEW",
        'm' => "MATERIALIZED VIEW",
        'f' => "FOREIGN TABLE",
        _ => "TABLE",
    };
    let mut lines = Vec::new();
    lines.extend(comment(&format!("{kind} {name}"), r.comment.as_ref()));
    for c in &r.columns {
        lines.extend(comment(&format!("COLUMN {name}.{}", quote_ident(&c.name)), c.comment.as_ref()));
    }
    lines.extend(r.constraints.iter().filter(|c| c.kind != 'f').filter_map(|c| constraint_comment(name, c)));
    for i in &r.indexes {
        lines.extend(comment(&format!("INDEX {}", qualified(&r.schema, &i.name)), i.comment.as_ref()));
    }
    for s in sequences.iter().filter(|s| s.identity && s.owner.as_ref() == Some(&r.oid)) {
        lines.extend(comment(&format!("SEQUENCE {}", qualified(&s.schema, &s.name)), s.comment.as_ref()));
    }
    lines
}
