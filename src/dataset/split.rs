//! Which records go to train, dev and test: what is alike stays together, what is assigned stays where it is, and
//! each group goes where its kinds of records are missed most.

use super::near::Sets;
use super::options::parse_known;
use crate::error::{Error, Result};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;
use std::rc::Rc;

pub(crate) const SPLITS: [&str; 3] = ["train", "dev", "test"];

/// Options of nlsql.split().
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SplitOptions {
    pub train: f64,
    pub dev: f64,
    pub test: f64,
    /// Whose run, where a superuser sees several of that name.
    pub role: Option<String>,
    /// Further runs, split together with this one.
    pub runs: Vec<String>,
    /// Forget what is assigned and begin anew.
    pub reset: bool,
}

impl Default for SplitOptions {
    fn default() -> SplitOptions {
        SplitOptions { train: 0.8, dev: 0.1, test: 0.1, role: None, runs: Vec::new(), reset: false }
    }
}

impl SplitOptions {
    pub fn parse(value: &Value) -> Result<SplitOptions> {
        let options: SplitOptions = parse_known(value, &["train", "dev", "test", "role", "runs", "reset"], "reset")?;
        let shares = options.shares();
        if shares.iter().any(|s| !(0.0..=1.0).contains(s)) || (shares.iter().sum::<f64>() - 1.0).abs() > 1e-6 {
            return Err(Error::invalid(format!(
                "shares {} / {} / {} do not add up to 1",
                shares[0], shares[1], shares[2]
            ))
            .hint("For example options => '{\"train\": 0.7, \"dev\": 0.1, \"test\": 0.2}'."));
        }
        Ok(options)
    }

    pub fn shares(&self) -> [f64; 3] {
        [self.train, self.dev, self.test]
    }
}

/// A record as far as splitting goes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    pub id: i64,
    /// Index into [`SPLITS`], where it is assigned already.
    pub split: Option<usize>,
    /// Records with a key in common may not be in different splits: hashes of skeleton, template, ..
    pub keys: Vec<u64>,
    /// Hashes of the question's word 3-grams.
    pub grams: Vec<u64>,
    /// What is to be spread evenly: phase and difficulty. Records are many and strata few: those are shared.
    pub stratum: Rc<str>,
    /// Hash of the question in normal form, and of the rows that answer it.
    pub asks: Option<(u64, Option<u64>)>,
}

#[derive(Debug, Default, PartialEq)]
pub(crate) struct Assignment {
    /// New assignments only.
    pub assigned: Vec<(i64, usize)>,
    /// Records that touch two splits and so get none.
    pub bridges: Vec<i64>,
}

/// Records of several runs that ask what another one asks.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Repeats {
    /// With the same result.
    pub duplicates: Vec<i64>,
    /// With another result: at most one of the two can be right, and the one that came first stays.
    pub conflicts: Vec<i64>,
}

/// Takes out what asks again: of the records with one question an assigned one stays, else the first.
pub(crate) fn take_repeats(records: &mut Vec<Record>) -> Repeats {
    let mut kept: HashMap<u64, (i64, Option<u64>)> = HashMap::new();
    let assigned_first = records.iter().filter(|r| r.split.is_some()).chain(records.iter());
    for record in assigned_first {
        if let Some((question, result)) = record.asks {
            kept.entry(question).or_insert((record.id, result));
        }
    }
    let mut repeats = Repeats::default();
    records.retain(|record| {
        let Some((question, result)) = record.asks.filter(|_| record.split.is_none()) else { return true };
        match kept.get(&question) {
            Some((id, kept)) if *id != record.id => {
                let list = if *kept == result { &mut repeats.duplicates } else { &mut repeats.conflicts };
                list.push(record.id);
                false
            }
            _ => true,
        }
    });
    repeats
}

/// Disjoint sets of positions.
struct Groups(Vec<u32>);

impl Groups {
    fn root(&mut self, mut i: usize) -> usize {
        while self.0[i] as usize != i {
            self.0[i] = self.0[self.0[i] as usize];
            i = self.0[i] as usize;
        }
        i
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b) as u32;
    }
}

/// A set of splits as bits.
type Mask = u8;

fn single(mask: Mask) -> Option<usize> {
    (mask.count_ones() == 1).then(|| mask.trailing_zeros() as usize)
}

/// Splits the records in the given order; `shares` of train, dev and test add up to 1.
pub(crate) fn split(mut records: Vec<Record>, shares: [f64; 3]) -> Assignment {
    let grams = records.iter_mut().map(|r| std::mem::take(&mut r.grams)).collect();
    let sets = Sets::new(grams);
    let held = held_keys(&records);
    let touched = touched(&records, &sets, &held);
    let members = groups(&records, &sets, &held, &touched);

    let mut assignment = Assignment::default();
    let mut free: Vec<Vec<usize>> = Vec::new();
    let mut place = Placement::new(&records, shares);
    for (id, _) in records.iter().zip(&touched).filter(|(r, t)| r.split.is_none() && t.count_ones() > 1) {
        assignment.bridges.push(id.id);
    }
    for group in members {
        let mask = group.iter().fold(0, |mask, i| mask | touched[*i]);
        match single(mask) {
            Some(split) => place.put(&group, split, &mut assignment),
            None if mask == 0 => free.push(group),
            None => assignment.bridges.extend(group.iter().map(|i| records[*i].id)),
        }
    }
    // the largest first, so that the small ones can even out what those leave
    free.sort_by_key(|group| (std::cmp::Reverse(group.len()), group[0]));
    for group in free {
        let split = place.missed_most(&group);
        place.put(&group, split, &mut assignment);
    }
    assignment.assigned.sort_unstable();
    assignment.bridges.sort_unstable();
    assignment
}

/// Splits that each key is in already.
fn held_keys(records: &[Record]) -> HashMap<u64, Mask> {
    let mut held: HashMap<u64, Mask> = HashMap::new();
    for record in records {
        for (key, split) in record.keys.iter().zip(std::iter::repeat(record.split)) {
            *held.entry(*key).or_default() |= split.map_or(0, |s| 1 << s);
        }
    }
    held
}

/// For each new record the splits of the assigned ones that it is like.
fn touched(records: &[Record], sets: &Sets, held: &HashMap<u64, Mask>) -> Vec<Mask> {
    let of_keys = |r: &Record| r.keys.iter().fold(0, |mask, key| mask | held.get(key).copied().unwrap_or(0));
    let mut touched: Vec<Mask> = records.iter().map(|r| if r.split.is_none() { of_keys(r) } else { 0 }).collect();
    if records.iter().all(|r| r.split.is_none()) {
        return touched;
    }
    sets.pairs(
        &mut touched,
        |_, a, b| records[a].split.is_some() == records[b].split.is_some(),
        |touched, a, b| {
            let (new, old) = if records[a].split.is_none() { (a, b) } else { (b, a) };
            touched[new] |= records[old].split.map_or(0, |s| 1 << s);
        },
    );
    touched
}

/// Groups of new records that are alike, without those that touch two splits. A key that is in a split already joins
/// nobody: whoever has it goes there by itself.
fn groups(records: &[Record], sets: &Sets, held: &HashMap<u64, Mask>, touched: &[Mask]) -> Vec<Vec<usize>> {
    let fresh = |i: usize| records[i].split.is_none() && touched[i].count_ones() < 2;
    let mut groups = Groups((0..records.len() as u32).collect());
    let mut first: HashMap<u64, usize> = HashMap::new();
    for i in (0..records.len()).filter(|i| fresh(*i)) {
        for key in records[i].keys.iter().filter(|key| held.get(key) == Some(&0)) {
            groups.join(*first.entry(*key).or_insert(i), i);
        }
    }
    sets.pairs(
        &mut groups,
        |groups, a, b| {
            let settled = touched[a] != 0 && touched[a] == touched[b];
            !fresh(a) || !fresh(b) || settled || groups.root(a) == groups.root(b)
        },
        Groups::join,
    );
    let mut members: HashMap<usize, Vec<usize>> = HashMap::new();
    for i in (0..records.len()).filter(|i| fresh(*i)) {
        members.entry(groups.root(i)).or_default().push(i);
    }
    let mut members: Vec<Vec<usize>> = members.into_values().collect();
    members.sort_unstable_by_key(|group| group[0]);
    members
}

/// What each split has and should have, in all and by stratum.
struct Placement<'a> {
    records: &'a [Record],
    strata: Vec<usize>,
    /// Records by stratum; the last stratum is all of them.
    sizes: Vec<f64>,
    /// Records missing by split and stratum.
    missing: [Vec<f64>; 3],
    shares: [f64; 3],
}

impl<'a> Placement<'a> {
    fn new(records: &'a [Record], shares: [f64; 3]) -> Placement<'a> {
        let mut known: HashMap<&str, usize> = HashMap::new();
        let strata: Vec<usize> = records
            .iter()
            .map(|r| {
                let next = known.len();
                *known.entry(&r.stratum).or_insert(next)
            })
            .collect();
        let all = known.len();
        let mut sizes = vec![0.0; all + 1];
        let mut missing = shares.map(|_| vec![0.0; all + 1]);
        for (record, stratum) in records.iter().zip(&strata) {
            for at in [*stratum, all] {
                sizes[at] += 1.0;
                for (split, share) in shares.iter().enumerate() {
                    missing[split][at] += share - if record.split == Some(split) { 1.0 } else { 0.0 };
                }
            }
        }
        Placement { records, strata, sizes, missing, shares }
    }

    /// Records of a group by stratum, and in all.
    fn counts(&self, group: &[usize]) -> Vec<(usize, f64)> {
        let mut counts: HashMap<usize, f64> = HashMap::new();
        for i in group {
            *counts.entry(self.strata[*i]).or_default() += 1.0;
        }
        counts.insert(self.sizes.len() - 1, group.len() as f64);
        counts.into_iter().collect()
    }

    /// The split that comes nearest to its targets by this group, in all and in each of its strata: where the squared
    /// distances fall most, each as a share of its target. So small splits fill as fast as large ones, and a group that
    /// is too large for one goes elsewhere. A target below one record counts as one.
    fn missed_most(&self, group: &[usize]) -> usize {
        let counts = self.counts(group);
        let missed = |split: usize| match self.shares[split] {
            0.0 => f64::NEG_INFINITY,
            share => counts
                .iter()
                .map(|(at, n)| n * (2.0 * self.missing[split][*at] - n) / (share * self.sizes[*at]).max(1.0))
                .sum::<f64>(),
        };
        (1..SPLITS.len()).fold(0, |best, split| if missed(split) > missed(best) { split } else { best })
    }

    fn put(&mut self, group: &[usize], split: usize, assignment: &mut Assignment) {
        for (at, n) in self.counts(group) {
            self.missing[split][at] -= n;
        }
        assignment.assigned.extend(group.iter().map(|i| (self.records[*i].id, split)));
    }
}

#[cfg(test)]
#[path = "split_tests.rs"]
mod tests;
