//! Near-duplicate questions: sets of word 3-grams that share at least 0.8 of their union (Jaccard). Found exactly,
//! by a join over rare grams, so that "none crosses a split" is a fact and no probability.

use super::keys::question_key;
use std::collections::{HashMap, HashSet};

/// FNV-1a: the same on every machine and in every version, unlike the standard library's.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3))
}

/// Hashes of the n-grams of the words of a question in normal form, each once. A question of fewer words is one gram.
pub(crate) fn grams(question: &str, n: usize) -> Vec<u64> {
    let key = question_key(question);
    let words: Vec<&str> = key.split(' ').collect();
    let mut grams: Vec<u64> = match words.len() {
        short if short < n => vec![hash(key.as_bytes())],
        _ => words.windows(n).map(|w| hash(w.join(" ").as_bytes())).collect(),
    };
    grams.sort_unstable();
    grams.dedup();
    grams
}

pub(crate) fn shingles(question: &str) -> Vec<u64> {
    grams(question, 3)
}

/// Whether `shared` of two sets of these sizes is 0.8 of their union: 5 shared >= 4 union.
fn alike(shared: usize, a: usize, b: usize) -> bool {
    9 * shared >= 4 * (a + b)
}

/// A template as it is kept here.
pub(crate) fn mark(template: &str) -> u64 {
    hash(template.as_bytes())
}

/// Questions by the [`mark`] of the template of their SQL, to tell whether a new pair only says again what another one does: its
/// statement differs in values alone, and its question is a near-duplicate. Whose a question is decides how long it stays.
#[derive(Debug, Default)]
pub(crate) struct Kin(HashMap<u64, Vec<(i64, Vec<u64>)>>);

impl Kin {
    pub fn holds(&self, template: u64, question: &str) -> bool {
        let Some(others) = self.0.get(&template) else { return false };
        let grams = shingles(question);
        others.iter().any(|(_, other)| alike(shared(&grams, other), grams.len(), other.len()))
    }

    pub fn add(&mut self, template: u64, question: &str, holder: i64) {
        self.0.entry(template).or_default().push((holder, shingles(question)));
    }

    pub fn release(&mut self, holders: &HashSet<i64>) {
        self.0.retain(|_, questions| {
            questions.retain(|(by, _)| !holders.contains(by));
            !questions.is_empty()
        });
    }
}

/// The stored questions of a run, as far as they were asked for: of each template it is known up to which record, so
/// that nothing is read twice however long the run is.
#[derive(Debug, Default)]
pub(crate) struct Met {
    templates: HashMap<u64, Questions>,
    grams: usize,
}

/// On one template. A worker holds many of them, so their grams stand in one row, in half the room: a chance likeness
/// within one template is still out of the question.
#[derive(Debug, Default)]
struct Questions {
    /// The last record.
    last: i64,
    grams: Vec<u32>,
    /// Where the grams of each question end.
    ends: Vec<u32>,
}

impl Met {
    /// Grams to be held, of a question about ten; beyond that it begins anew.
    const MOST: usize = 2_000_000;

    /// The last record of a template that is known here; 0 = none.
    pub fn last(&self, template: &str) -> i64 {
        self.templates.get(&hash(template.as_bytes())).map_or(0, |questions| questions.last)
    }

    pub fn make_room(&mut self) {
        if self.grams > Self::MOST {
            *self = Met::default();
        }
    }

    pub fn add(&mut self, template: &str, question: &str, record: i64) {
        let questions = self.templates.entry(hash(template.as_bytes())).or_default();
        let grams = compact(question);
        self.grams += grams.len();
        questions.last = record.max(questions.last);
        questions.grams.extend(grams);
        questions.ends.push(questions.grams.len() as u32);
    }

    pub fn holds(&self, template: &str, question: &str) -> bool {
        let Some(questions) = self.templates.get(&hash(template.as_bytes())) else { return false };
        let grams = compact(question);
        let mut start = 0;
        questions.ends.iter().any(|end| {
            let other = &questions.grams[start..*end as usize];
            start = *end as usize;
            alike(shared(&grams, other), grams.len(), other.len())
        })
    }
}

fn compact(question: &str) -> Vec<u32> {
    let mut grams: Vec<u32> = shingles(question).into_iter().map(|gram| (gram >> 32) as u32).collect();
    grams.dedup();
    grams
}

/// Sets of grams made ready for the join. No other set can share what one has alone: of such grams, which are most of
/// them where questions differ, only the number is kept.
pub(crate) struct Sets {
    /// The other grams as ranks, rare ones first.
    sets: Vec<Box<[u32]>>,
    /// Sizes of the whole sets.
    sizes: Vec<u32>,
    /// Members by the size of their set.
    by_size: Vec<u32>,
}

impl Sets {
    pub fn new(grams: Vec<Vec<u64>>) -> Sets {
        let ranks = ranks(&grams);
        let sizes: Vec<u32> = grams.iter().map(|set| set.len() as u32).collect();
        let ranked = |set: Vec<u64>| {
            let mut set: Vec<u32> = set.iter().filter_map(|g| ranks.get(g).copied()).collect();
            set.sort_unstable();
            set.into_boxed_slice()
        };
        let sets: Vec<Box<[u32]>> = grams.into_iter().map(ranked).collect();
        let mut by_size: Vec<u32> = (0..sets.len() as u32).filter(|i| !sets[*i as usize].is_empty()).collect();
        by_size.sort_by_key(|i| sizes[*i as usize]);
        Sets { sets, sizes, by_size }
    }

    /// Calls `found` for every two members that are near-duplicates, but for those that `skip` has no interest in.
    /// Two such sets share one of their rarest grams: of n grams, one of the first n - ceil(0.8 n) + 1.
    pub fn pairs<S>(
        &self,
        state: &mut S,
        skip: impl Fn(&mut S, usize, usize) -> bool,
        mut found: impl FnMut(&mut S, usize, usize),
    ) {
        let mut index: HashMap<u32, Vec<u32>> = HashMap::new();
        let mut met = vec![u32::MAX; self.sets.len()];
        for &a in &self.by_size {
            let (set, size) = (&self.sets[a as usize], self.sizes[a as usize] as usize);
            let alone = size - set.len();
            let prefix = (size - (4 * size).div_ceil(5) + 1).saturating_sub(alone);
            for gram in &set[..prefix] {
                let list = index.entry(*gram).or_default();
                for &b in list.iter() {
                    let (other, of_other) = (&self.sets[b as usize], self.sizes[b as usize] as usize);
                    if met[b as usize] == a || 5 * of_other < 4 * size {
                        continue;
                    }
                    met[b as usize] = a;
                    let (a, b) = (a as usize, b as usize);
                    if !skip(state, a, b) && alike(shared(set, other), size, of_other) {
                        found(state, a, b);
                    }
                }
                list.push(a);
            }
        }
    }
}

/// The grams that stand in several sets, numbered from the rarest. Sorted, not counted in a map, which would hold each
/// of the many that stand in one.
fn ranks(grams: &[Vec<u64>]) -> HashMap<u64, u32> {
    let mut all: Vec<u64> = grams.iter().flatten().copied().collect();
    all.sort_unstable();
    let several = all.chunk_by(|a, b| a == b).filter(|same| same.len() > 1);
    let mut order: Vec<(usize, u64)> = several.map(|same| (same.len(), same[0])).collect();
    drop(all);
    order.sort_unstable();
    order.into_iter().zip(0..).map(|((_, gram), rank)| (gram, rank)).collect()
}

/// Of two sorted sets.
fn shared<T: Ord>(a: &[T], b: &[T]) -> usize {
    let (mut i, mut j, mut shared) = (0, 0, 0);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        shared += usize::from(x == y);
        i += usize::from(x <= y);
        j += usize::from(y <= x);
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(questions: &[&str]) -> Vec<(usize, usize)> {
        let sets = Sets::new(questions.iter().map(|q| shingles(q)).collect());
        let mut pairs = Vec::new();
        sets.pairs(&mut pairs, |_, _, _| false, |pairs, a, b| pairs.push((a.min(b), a.max(b))));
        pairs.sort_unstable();
        pairs
    }

    #[test]
    fn questions_alike_but_for_a_word_at_the_end_of_many() {
        let long = "For each store, list the customers who rented more than five films in May and have not returned";
        assert_eq!(near(&[&format!("{long} one"), &format!("{long} them"), "How many films are there?"]), [(0, 1)]);
        assert_eq!(near(&["How many films?", "how many FILMS", "How many actors?"]), [(0, 1)]);
        assert_eq!(near(&["", "", "a"]), [(0, 1)]);
        assert_eq!(near(&["How many films cost 5?", "How many films cost 6?"]), []);
    }

    #[test]
    fn a_pair_that_only_says_again_what_another_does_is_kin() {
        let long = "For each store, list the customers who rented more than five films in May and have not returned";
        let mut kin = Kin::default();
        kin.add(1, &format!("{long} one"), 7);
        kin.add(2, "How many films are there?", 8);
        assert!(kin.holds(1, &format!("{long} them")));
        assert!(!kin.holds(2, &format!("{long} them")), "another statement");
        assert!(!kin.holds(2, "How many actors are there?"), "another question");
        kin.release(&HashSet::from([7]));
        assert!(!kin.holds(1, &format!("{long} one")));
        assert!(kin.holds(2, "how many films are there"));
    }

    #[test]
    fn what_was_met_is_known_up_to_its_last_record() {
        let mut met = Met::default();
        assert_eq!(met.last("SELECT 1"), 0);
        met.add("SELECT 1", "How many films are there?", 12);
        met.add("SELECT 1", "How many actors are there?", 7);
        assert_eq!((met.last("SELECT 1"), met.last("SELECT 2")), (12, 0));
        assert!(
            met.holds("SELECT 1", "how many films are there") && met.holds("SELECT 1", "How many actors are there?")
        );
        assert!(
            !met.holds("SELECT 1", "How many shops are there?") && !met.holds("SELECT 2", "how many films are there")
        );
        met.grams = Met::MOST + 1;
        met.make_room();
        assert_eq!((met.last("SELECT 1"), met.holds("SELECT 1", "how many films are there")), (0, false));
    }

    #[test]
    fn the_join_finds_what_comparing_all_finds() {
        // a small alphabet makes sets of every degree of likeness
        let mut seed = 1_u64;
        let mut next = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            seed >> 33
        };
        let sets: Vec<Vec<u64>> = (0..300)
            .map(|_| {
                let start = next() % 4;
                let mut set: Vec<u64> =
                    (0..3 + next() % 12).map(|i| start * 3 + i).filter(|_| next() % 8 > 0).collect();
                set.dedup();
                set
            })
            .collect();
        let mut all = Vec::new();
        for (a, x) in sets.iter().enumerate() {
            for (b, y) in sets.iter().enumerate().skip(a + 1) {
                let shared = x.iter().filter(|g| y.contains(g)).count();
                if shared as f64 / (x.len() + y.len() - shared) as f64 >= 0.8 - 1e-9 {
                    all.push((a, b));
                }
            }
        }
        let mut joined = Vec::new();
        Sets::new(sets).pairs(&mut joined, |_, _, _| false, |joined, a, b| joined.push((a.min(b), a.max(b))));
        joined.sort_unstable();
        assert!(all.len() > 100, "{}", all.len());
        assert_eq!(joined, all);
    }
}
