//! What must not be trained on: the questions and SQL of foreign benchmarks, found again by 13-grams of words, as is
//! common practice, and by the skeleton of the SQL.

use super::keys::question_key;
use super::near::{grams, hash};
use crate::candidate::text::skeleton;
use serde::Deserialize;
use std::collections::HashSet;

const GRAM: usize = 13;

#[derive(Debug, Deserialize)]
pub(crate) struct Entry {
    pub question: Option<String>,
    pub sql: Option<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Benchmark {
    /// 13-grams of questions, and shorter questions whole.
    grams: HashSet<u64>,
    skeletons: HashSet<u64>,
}

impl Benchmark {
    pub fn add(&mut self, entry: &Entry) {
        if let Some(question) = entry.question.as_deref().filter(|q| !question_key(q).is_empty()) {
            self.grams.extend(grams(question, GRAM));
        }
        if let Some(sql) = &entry.sql {
            self.skeletons.insert(hash(skeleton(sql).as_bytes()));
        }
    }

    pub fn is_empty(&self) -> bool {
        self.grams.is_empty() && self.skeletons.is_empty()
    }

    pub fn holds(&self, question: Option<&str>, skeleton: Option<&str>) -> bool {
        !self.is_empty()
            && (question.is_some_and(|q| grams(q, GRAM).iter().any(|g| self.grams.contains(g)))
                || skeleton.is_some_and(|s| self.skeletons.contains(&hash(s.as_bytes()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passages_and_shapes_of_a_benchmark_are_found() {
        let mut benchmark = Benchmark::default();
        assert!(!benchmark.holds(Some("How many singers do we have?"), None));
        let entry = |question: &str, sql: &str| Entry { question: Some(question.into()), sql: Some(sql.into()) };
        benchmark.add(&entry("How many singers do we have?", "SELECT count(*) FROM singer"));
        let long = "What are the names and the ages of all singers from France who were born after 1970";
        benchmark.add(&Entry { question: Some(format!("{long} or so?")), sql: None });
        assert!(benchmark.holds(Some("how many singers do we have"), None));
        assert!(benchmark.holds(Some(&format!("Tell me: {long}.")), None));
        assert!(!benchmark.holds(Some("How many singers do we have in France?"), None));
        assert!(benchmark.holds(None, Some(&skeleton("SELECT count(*) FROM film"))));
        assert!(!benchmark.holds(None, Some(&skeleton("SELECT max(x) FROM film"))));
    }
}
