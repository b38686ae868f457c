//! Definitions as SQL text, from the jsonb that `sql/ddl.sql` returns: relations, and what they need, each after what
//! it leans on; foreign keys last, so that tables may refer to each other in any way. No pgrx here.

mod catalog;
mod object;
mod relation;
#[cfg(test)]
mod tests;

pub(crate) use catalog::Catalog;
use std::collections::{HashMap, HashSet};

/// The statements that make the relations of `catalog` in a database that has none of them.
/// What may be there already (schemas, extensions, types, functions, sequences) is left as it is.
pub(crate) fn text(catalog: &Catalog) -> String {
    let mut blocks: Vec<String> = Vec::new();
    if !catalog.functions.is_empty() {
        // a body may name what comes later
        blocks.push("SET check_function_bodies = off;".to_owned());
    }
    let objects = written(catalog);
    for key in ordered(catalog, &objects) {
        blocks.extend(objects.get(key).filter(|text| !text.is_empty()).cloned());
    }
    let keys: Vec<String> = catalog.relations.iter().map(relation::foreign_keys).filter(|k| !k.is_empty()).collect();
    if !keys.is_empty() {
        blocks.push(keys.join("\n"));
    }
    blocks.join("\n\n")
}

/// Text of each object by its key.
fn written(catalog: &Catalog) -> HashMap<&str, String> {
    let mut texts = HashMap::new();
    texts.extend(catalog.schemas.iter().map(|s| (s.key.as_str(), object::schema(s))));
    texts.extend(catalog.extensions.iter().map(|e| (e.key.as_str(), object::extension(e))));
    texts.extend(catalog.types.iter().map(|t| (t.key.as_str(), object::type_(t))));
    texts.extend(catalog.functions.iter().map(|f| (f.key.as_str(), object::function(f))));
    texts.extend(catalog.servers.iter().map(|s| (s.key.as_str(), object::server(s))));
    texts.extend(catalog.others.iter().map(|o| (o.key.as_str(), object::other(o))));
    let free = catalog.sequences.iter().filter(|s| !s.identity);
    texts.extend(free.map(|s| (s.key.as_str(), object::sequence(s))));
    texts.extend(catalog.relations.iter().map(|r| (r.key.as_str(), relation::relation(r, &catalog.sequences))));
    texts
}

/// Keys in the catalog's order, but each after what it leans on. Where objects lean on each other in a circle, the
/// one that comes first in that order stands last.
fn ordered<'a>(catalog: &'a Catalog, objects: &HashMap<&'a str, String>) -> Vec<&'a str> {
    let mut lean: HashMap<&str, Vec<&str>> = HashMap::new();
    for (from, to) in &catalog.edges {
        lean.entry(from).or_default().push(to);
    }
    let first = (catalog.schemas.iter().map(|s| &s.key))
        .chain(catalog.extensions.iter().map(|e| &e.key))
        .chain(catalog.others.iter().map(|o| &o.key))
        .chain(catalog.types.iter().map(|t| &t.key))
        .chain(catalog.functions.iter().map(|f| &f.key))
        .chain(catalog.servers.iter().map(|s| &s.key))
        .chain(catalog.sequences.iter().map(|s| &s.key))
        .chain(catalog.relations.iter().map(|r| &r.key));
    let (mut seen, mut order) = (HashSet::new(), Vec::new());
    for key in first {
        // depth first, by hand: a chain of views may be long. `true` = what it leans on has been handled
        let mut open = vec![(key.as_str(), false)];
        while let Some((key, handled)) = open.pop() {
            if handled {
                order.extend(objects.get_key_value(key).map(|(key, _)| *key));
            } else if seen.insert(key) {
                open.push((key, true));
                open.extend(lean.get(key).into_iter().flatten().rev().map(|to| (*to, false)));
            }
        }
    }
    order
}

/// `schema.name`, quoted where needed.
fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", super::model::quote_ident(schema), super::model::quote_ident(name))
}

/// `COMMENT ON what IS ..`, where there is one.
fn comment(what: &str, comment: Option<&String>) -> Option<String> {
    comment.map(|text| format!("COMMENT ON {what} IS {};", super::model::quote_literal(text)))
}
