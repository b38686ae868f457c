//! How often people speak of things: of what data are about more than of what a program is set up by.

use super::taste;
use super::world::Entity;
use crate::schema::grammar;
use std::collections::BTreeSet;

/// Weighs each entity by its name.
pub(super) fn weigh(entities: &mut [Entity]) {
    let all: BTreeSet<String> = entities.iter().filter_map(|e| module(&e.sql)).collect();
    for entity in entities {
        let own = module(&entity.sql);
        // what is called after another part of the program serves that part
        let serves = |w: &str| all.contains(w) && own.as_deref() != Some(w);
        let part = entity.one.split(' ').any(serves);
        let said = said(&entity.one);
        entity.spoken = if part { said.min(0.35) } else { said };
    }
}

/// The schema of a table, which may be a part of the program.
fn module(sql: &str) -> Option<String> {
    Some(sql.split_once('.')?.0.trim_matches('"').to_lowercase())
}

/// By the words that it takes: what needs three and more is a matter of configuration, and known to few.
pub(super) fn said(one: &str) -> f64 {
    const SETUP: &[&str] = &[
        "map", "mapping", "definition", "setting", "parameter", "attribute", "configuration", "matchpoint", "hook",
        "handler", "flag", "field", "subfield", "index", "normalizer", "schema", "endpoint", "trigger", "environment",
        "format", "metadata", "ancestor", "synonym", "weight", "validator", "reactor", "datatype", "expression",
        "alias", "transform", "config", "upgrade", "template",
    ];
    if one.split(' ').any(|w| SETUP.contains(&grammar::singular(w).as_str())) {
        return 0.35;
    }
    if one.split(' ').any(taste::cryptic) {
        return 0.35;
    }
    match one.split(' ').count() {
        ..3 => 1.0,
        3 => 0.6,
        _ => 0.3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_is_set_up_by_is_spoken_of_less() {
        let entity = |sql: &str, one: &str| Entity { sql: sql.into(), one: one.into(), ..Entity::default() };
        let mut entities = vec![
            entity("config.copy_status", "copy status"),
            entity("config.metabib_class", "metabib class"),
            entity("metabib.record", "metabib record"),
            entity("config.rule_setting", "rule setting"),
            entity("film", "film"),
        ];
        weigh(&mut entities);
        let weights: Vec<f64> = entities.iter().map(|e| e.spoken).collect();
        assert_eq!(weights, [1.0, 0.35, 1.0, 0.35, 1.0]);
    }
}
