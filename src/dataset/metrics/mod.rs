//! The measures of a run's records that go by the record: taken in one pass, in memory that does not grow with their
//! number. What has to be grouped over all records is the server's (`sql/measures.sql`).

pub(crate) mod coverage;
pub(crate) mod draw;
pub(crate) mod words;

use super::near::{Sets, shingles};
use crate::candidate::facts::Literal;
use crate::candidate::text::collapsed;
use crate::schema::model::Schema;
use coverage::Coverage;
use draw::{Draw, key};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Questions compared with each other; of more, as many are drawn.
const COMPARED: usize = 50_000;
/// Draws at which public sets were measured, so that figures can be compared.
pub(crate) const FEW: usize = 200;
pub(crate) const MANY: usize = 1000;

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Record {
    pub phase: String,
    pub slot: i64,
    pub kind: String,
    pub question: Option<String>,
    pub sql: Option<String>,
    pub evidence: Option<String>,
    pub style: Option<String>,
    pub difficulty: Option<String>,
    /// The difficulty that was asked for.
    pub asked: Option<String>,
    pub tables: Vec<String>,
    pub columns: Vec<String>,
    pub functions: Vec<String>,
    pub features: Vec<String>,
    pub skeleton: Option<String>,
    pub literals: Option<Vec<Literal>>,
    pub joins: Option<u32>,
    pub rows: Option<u64>,
    pub split: Option<String>,
}

/// How often each value came, by value.
pub(crate) type Counts = BTreeMap<String, u64>;

fn count(counts: &mut Counts, value: &str) {
    match counts.get_mut(value) {
        Some(n) => *n += 1,
        None => drop(counts.insert(value.to_owned(), 1)),
    }
}

/// Mean, spread and a high percentile of whole numbers.
#[derive(Debug, Default)]
pub(crate) struct Sizes(BTreeMap<u32, u64>);

impl Sizes {
    pub fn add(&mut self, size: usize) {
        *self.0.entry(size as u32).or_default() += 1;
    }

    fn n(&self) -> f64 {
        self.0.values().sum::<u64>() as f64
    }

    pub fn mean(&self) -> Option<f64> {
        (!self.0.is_empty()).then(|| self.0.iter().map(|(s, n)| f64::from(*s) * *n as f64).sum::<f64>() / self.n())
    }

    /// Standard deviation of all of them.
    pub fn deviation(&self) -> Option<f64> {
        let mean = self.mean()?;
        let squares: f64 = self.0.iter().map(|(s, n)| (f64::from(*s) - mean).powi(2) * *n as f64).sum();
        Some((squares / self.n()).sqrt())
    }

    /// The least size that this share of all do not pass.
    pub fn percentile(&self, share: f64) -> u32 {
        let wanted = (self.n() * share).ceil() as u64;
        let mut seen = 0;
        for (size, n) in &self.0 {
            seen += n;
            if seen >= wanted {
                return *size;
            }
        }
        0
    }

    pub fn max(&self) -> u32 {
        self.0.last_key_value().map_or(0, |(size, _)| *size)
    }

    pub fn counts(&self) -> &BTreeMap<u32, u64> {
        &self.0
    }
}

struct Question {
    split: Option<String>,
    grams: Vec<u64>,
}

/// Takes in the records of a run.
pub(crate) struct Tally {
    names: HashSet<String>,
    pairs: Draw<Record>,
    questions: Draw<Question>,
    pub measures: Measures,
}

#[derive(Debug, Default)]
pub(crate) struct Measures {
    pub pairs: u64,
    pub difficulty: BTreeMap<String, Counts>,
    pub as_asked: u64,
    pub asked: u64,
    pub features: Counts,
    pub functions: Counts,
    pub joins: Sizes,
    pub styles: Counts,
    pub openings: Counts,
    pub words: Sizes,
    pub snake_case: u64,
    pub tokens: Sizes,
    pub characters: u64,
    pub coverage: Coverage,
    /// Different ones among drawn pairs.
    pub skeletons_in_few: usize,
    pub collapsed_in_few: usize,
    pub skeletons_in_many: usize,
    pub templates_in_few: usize,
    pub distinct_2_in_few: Option<f64>,
    /// Share of MANY drawn questions that are alike in their letters to another.
    pub alike_in_letters: f64,
    pub few: usize,
    pub many: usize,
    /// Questions compared, those with a near-duplicate, and near-duplicates in other splits.
    pub compared: usize,
    pub near: usize,
    pub crossing: usize,
    /// Ten pairs to look at.
    pub samples: Vec<Record>,
}

impl Tally {
    pub fn new(schema: &Schema, only: Option<&[String]>) -> Tally {
        let measures = Measures { coverage: Coverage::new(schema, only), ..Measures::default() };
        Tally { names: words::schema_words(schema), pairs: Draw::new(MANY), questions: Draw::new(COMPARED), measures }
    }

    pub fn add(&mut self, record: Record) {
        let key = key(&record.phase, record.slot);
        if let Some(question) = &record.question {
            let split = || record.split.clone();
            self.questions.offer(key, || Question { split: split(), grams: shingles(question) });
            self.measures.characters += question.chars().count() as u64;
        }
        if record.kind == "pair" {
            self.measures.pair(&record);
            self.pairs.offer(key, || record);
        }
    }

    pub fn finish(self) -> Measures {
        let Tally { names, pairs, questions, mut measures } = self;
        let drawn = pairs.into_vec();
        measures.drawn(&drawn, &names);
        measures.compare(questions.into_vec());
        measures.samples = samples(drawn);
        measures
    }
}

impl Measures {
    fn pair(&mut self, pair: &Record) {
        self.pairs += 1;
        if let Some(difficulty) = &pair.difficulty {
            count(self.difficulty.entry(difficulty.clone()).or_default(), &pair.phase);
            self.asked += u64::from(pair.asked.is_some());
            self.as_asked += u64::from(pair.asked.as_ref() == Some(difficulty));
        }
        pair.features.iter().for_each(|f| count(&mut self.features, f));
        pair.functions.iter().for_each(|f| count(&mut self.functions, f));
        pair.style.iter().for_each(|s| count(&mut self.styles, s));
        pair.joins.into_iter().for_each(|j| self.joins.add(j as usize));
        if let Some(question) = &pair.question {
            let words = words::words(question);
            count(&mut self.openings, &words[..words.len().min(2)].join(" "));
            self.words.add(words.len());
            self.snake_case += u64::from(words::has_snake_case(question));
        }
        if let Some(sql) = &pair.sql {
            self.tokens.add(super::keys::tokens(sql).len());
            self.characters += sql.chars().count() as u64;
        }
        self.coverage.add(pair);
    }

    fn drawn(&mut self, drawn: &[Record], names: &HashSet<String>) {
        let few = &drawn[..drawn.len().min(FEW)];
        let skeletons =
            |pairs: &[Record]| pairs.iter().filter_map(|p| p.skeleton.as_ref()).collect::<HashSet<_>>().len();
        let asked = |p: &Record| p.question.clone().unwrap_or_default();
        (self.few, self.many) = (few.len(), drawn.len());
        self.skeletons_in_few = skeletons(few);
        self.skeletons_in_many = skeletons(drawn);
        self.collapsed_in_few =
            few.iter().filter_map(|p| p.sql.as_deref()).map(collapsed).collect::<HashSet<_>>().len();
        self.distinct_2_in_few = words::distinct_2(few.iter().filter_map(|p| p.question.as_deref()));
        let template = |p: &Record| {
            let values: Vec<&str> = p.literals.iter().flatten().map(|l| l.value.as_str()).collect();
            words::template(&asked(p), &values, names)
        };
        self.templates_in_few = few.iter().map(template).collect::<HashSet<_>>().len();
        let letters = drawn.iter().map(|p| letters(&asked(p))).collect();
        let near = near(letters, |_, _| {});
        self.alike_in_letters = near as f64 / drawn.len().max(1) as f64;
    }

    fn compare(&mut self, mut questions: Vec<Question>) {
        self.compared = questions.len();
        let grams = questions.iter_mut().map(|q| std::mem::take(&mut q.grams)).collect();
        let mut crossing = HashSet::new();
        self.near = near(grams, |a, b| {
            let (of_a, of_b) = (&questions[a].split, &questions[b].split);
            if of_a.is_some() && of_b.is_some() && of_a != of_b {
                crossing.extend([a, b]);
            }
        });
        self.crossing = crossing.len();
    }
}

/// Sets that have one like them; `found` gets every two.
fn near(sets: Vec<Vec<u64>>, mut found: impl FnMut(usize, usize)) -> usize {
    let mut alike = vec![false; sets.len()];
    Sets::new(sets).pairs(
        &mut alike,
        |_, _, _| false,
        |alike, a, b| {
            (alike[a], alike[b]) = (true, true);
            found(a, b);
        },
    );
    alike.into_iter().filter(|near| *near).count()
}

/// Every three letters that follow each other, each once.
fn letters(text: &str) -> Vec<u64> {
    let letters: Vec<char> = text.to_lowercase().chars().collect();
    let number = |three: &[char]| three.iter().fold(0, |n, c| n << 21 | u64::from(*c));
    let mut grams: Vec<u64> = letters.windows(3).map(number).collect();
    grams.sort_unstable();
    grams.dedup();
    grams
}

/// Ten of the drawn pairs: the first of every difficulty, then the second of every, ..
fn samples(drawn: Vec<Record>) -> Vec<Record> {
    let mut seen: HashMap<Option<String>, usize> = HashMap::new();
    let mut ranked: Vec<(usize, Record)> = Vec::new();
    for pair in drawn {
        let rank = seen.entry(pair.difficulty.clone()).or_default();
        *rank += 1;
        ranked.push((*rank, pair));
    }
    ranked.sort_by_key(|(rank, _)| *rank);
    let mut samples: Vec<Record> = ranked.into_iter().take(10).map(|(_, pair)| pair).collect();
    let level = |p: &Record| LEVELS.iter().position(|l| p.difficulty.as_deref() == Some(l));
    samples.sort_by_key(level);
    samples
}

pub(crate) const LEVELS: [&str; 4] = ["easy", "medium", "hard", "extra"];

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
