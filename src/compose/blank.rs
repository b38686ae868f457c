//! What is assumed of tables without rows, so that they can be asked about.

use super::literal::Day;
use super::world::{Entity, Field};
use crate::schema::roles::Role;

/// Of texts in tables without rows nothing is known but what people write about here: what happens.
pub(super) fn spoken_of(entities: &mut [Entity]) {
    let word = |e: &&Entity| e.when.is_some() && e.one.len() > 3 && e.one.chars().all(|c| c.is_ascii_lowercase());
    let events: Vec<String> = entities.iter().filter(word).map(|e| e.one.clone()).collect();
    for entity in entities.iter_mut().filter(|e| e.rows == 0) {
        let others = events.iter().filter(|w| **w != entity.one).take(8).map(|w| (w.clone(), 1));
        let prose = |f: &&mut Field| f.role() == Role::FreeText && !f.traits.personal && !f.raw && f.base != "tsvector";
        for field in entity.fields.iter_mut().filter(prose) {
            field.elements = others.clone().collect();
        }
    }
}

pub(super) fn plausible_numbers(role: Role, noun: &str) -> Vec<f64> {
    match role {
        // patients and doctors alike
        Role::Year if noun.contains("birth") => (0..13).map(|i| f64::from(1940 + 4 * i)).collect(),
        Role::Measure => vec![0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 75.0, 100.0, 150.0, 200.0, 500.0, 1000.0],
        Role::Year => (0..13).map(|i| f64::from(1990 + 2 * i)).collect(),
        _ => Vec::new(),
    }
}

/// One day each half year.
pub(super) fn plausible_days() -> Vec<Day> {
    (0..13).map(|i| Day { year: 2018 + i / 2, month: if i % 2 == 0 { 1 } else { 7 }, day: 15 }).collect()
}
