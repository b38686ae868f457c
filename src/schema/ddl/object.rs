//! What relations need: schemas, extensions, types, functions, sequences, servers. Each statement leaves alone what
//! is there already, so that the definitions of several tables can follow each other.

use super::catalog::{Extension, Function, Other, Schema, Sequence, Server, Type};
use super::{comment, qualified};
use crate::schema::model::{quote_ident, quote_literal};

pub(super) fn schema(schema: &Schema) -> String {
    let name = quote_ident(&schema.name);
    let mut lines = vec![format!("CREATE SCHEMA IF NOT EXISTS {name};")];
    lines.extend(comment(&format!("SCHEMA {name}"), schema.comment.as_ref()));
    lines.join("\n")
}

pub(super) fn extension(extension: &Extension) -> String {
    let (name, schema) = (quote_ident(&extension.name), quote_ident(&extension.schema));
    // a schema of its own is made by the extension itself
    match extension.schema.as_str() {
        "pg_catalog" => format!("CREATE EXTENSION IF NOT EXISTS {name};"),
        _ => format!("CREATE EXTENSION IF NOT EXISTS {name} WITH SCHEMA {schema};"),
    }
}

pub(super) fn other(other: &Other) -> String {
    format!("-- not written here, but needed below: {}", other.name.replace(['\n', '\r'], " "))
}

pub(super) fn server(server: &Server) -> String {
    let name = quote_ident(&server.name);
    let mut text = format!("CREATE SERVER IF NOT EXISTS {name}");
    for (word, value) in [("TYPE", &server.type_name), ("VERSION", &server.version)] {
        if let Some(value) = value {
            text.push_str(&format!(" {word} {}", quote_literal(value)));
        }
    }
    text.push_str(&format!(" FOREIGN DATA WRAPPER {}", quote_ident(&server.wrapper)));
    if let Some(options) = &server.options {
        text.push_str(&format!(" OPTIONS ({options})"));
    }
    text.push(';');
    let mut lines = vec![text];
    lines.extend(comment(&format!("SERVER {name}"), server.comment.as_ref()));
    lines.join("\n")
}

pub(super) fn function(function: &Function) -> String {
    let (kind, text) = match function.aggregate {
        true => ("AGGREGATE", format!("CREATE OR REPLACE AGGREGATE {} ({});", function.signature, function.definition)),
        false => ("FUNCTION", format!("{};", function.definition.trim_end())),
    };
    let mut lines = vec![text];
    lines.extend(comment(&format!("{kind} {}", function.signature), function.comment.as_ref()));
    lines.join("\n")
}

pub(super) fn sequence(sequence: &Sequence) -> String {
    let name = qualified(&sequence.schema, &sequence.name);
    let mut text = format!("CREATE SEQUENCE IF NOT EXISTS {name}");
    if sequence.type_name != "bigint" {
        text.push_str(&format!(" AS {}", sequence.type_name));
    }
    for option in sequence_options(sequence) {
        text.push_str(&format!(" {option}"));
    }
    text.push(';');
    let mut lines = vec![text];
    lines.extend(comment(&format!("SEQUENCE {name}"), sequence.comment.as_ref()));
    lines.join("\n")
}

/// The options that differ from what the server would choose.
pub(super) fn sequence_options(sequence: &Sequence) -> Vec<String> {
    let (least, most) = match sequence.type_name.as_str() {
        "smallint" => (i64::from(i16::MIN), i64::from(i16::MAX)),
        "integer" => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    };
    let rising = sequence.increment > 0;
    let (min, max) = if rising { (1, most) } else { (least, -1) };
    let start = if rising { sequence.min } else { sequence.max };
    let all = [
        (sequence.increment, 1, "INCREMENT BY"),
        (sequence.min, min, "MINVALUE"),
        (sequence.max, max, "MAXVALUE"),
        (sequence.start, start, "START WITH"),
        (sequence.cache, 1, "CACHE"),
    ];
    let differ = all.iter().filter(|(value, usual, _)| value != usual);
    let mut options: Vec<String> = differ.map(|(value, _, word)| format!("{word} {value}")).collect();
    options.extend(sequence.cycle.then(|| "CYCLE".to_owned()));
    options
}

pub(super) fn type_(t: &Type) -> String {
    let name = qualified(&t.schema, &t.name);
    let (kind, body) = match t.kind {
        'e' => {
            let labels: Vec<String> = t.labels.iter().map(|l| quote_literal(l)).collect();
            ("TYPE", format!("CREATE TYPE {name} AS ENUM ({});", labels.join(", ")))
        }
        'd' => ("DOMAIN", domain(&name, t)),
        'r' => ("TYPE", format!("CREATE TYPE {name} AS RANGE ({});", t.range.as_deref().unwrap_or_default())),
        _ => ("TYPE", composite(&name, t)),
    };
    let tag = free_tag(&body);
    let mut lines =
        vec![format!("DO {tag}\nBEGIN\n    {body}\nEXCEPTION WHEN duplicate_object THEN NULL;\nEND\n{tag};")];
    lines.extend(comment(&format!("{kind} {name}"), t.comment.as_ref()));
    for attribute in &t.attributes {
        let column = format!("COLUMN {name}.{}", quote_ident(&attribute.name));
        lines.extend(comment(&column, attribute.comment.as_ref()));
    }
    for constraint in &t.constraints {
        let what = format!("CONSTRAINT {} ON DOMAIN {name}", quote_ident(&constraint.name));
        lines.extend(comment(&what, constraint.comment.as_ref()));
    }
    lines.join("\n")
}

fn domain(name: &str, t: &Type) -> String {
    let mut text = format!("CREATE DOMAIN {name} AS {}", t.base.as_deref().unwrap_or_default());
    if let Some(collation) = &t.collation {
        text.push_str(&format!(" COLLATE {collation}"));
    }
    if let Some(default) = &t.default {
        text.push_str(&format!(" DEFAULT {default}"));
    }
    if t.not_null {
        text.push_str(" NOT NULL");
    }
    for constraint in t.constraints.iter().filter(|c| c.validated) {
        text.push_str(&format!(" CONSTRAINT {} {}", quote_ident(&constraint.name), constraint.definition));
    }
    text.push(';');
    for c in t.constraints.iter().filter(|c| !c.validated) {
        text.push_str(&format!("\n    ALTER DOMAIN {name} ADD CONSTRAINT {} {};", quote_ident(&c.name), c.definition));
    }
    text
}

fn composite(name: &str, t: &Type) -> String {
    let attributes: Vec<String> = t
        .attributes
        .iter()
        .map(|a| {
            let collation = a.collation.as_ref().map_or_else(String::new, |c| format!(" COLLATE {c}"));
            format!("{} {}{collation}", quote_ident(&a.name), a.type_name)
        })
        .collect();
    format!("CREATE TYPE {name} AS ({});", attributes.join(", "))
}

/// A dollar quote that the text does not hold.
fn free_tag(text: &str) -> String {
    let mut tag = "$$".to_owned();
    let mut number = 0;
    while text.contains(&tag) {
        number += 1;
        tag = format!("$q{number}$");
    }
    tag
}
