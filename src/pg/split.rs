//! Reads the records of some runs, has them split, and writes what changed.

use super::copy::Lines;
use super::owner::{as_owner, with_catalog_path};
use super::spi::{self, Arg};
use super::{dataset, session};
use crate::dataset::benchmark::{Benchmark, Entry};
use crate::dataset::lines::Source;
use crate::dataset::near::{hash, shingles};
use crate::dataset::split::{Assignment, Record, Repeats, SPLITS, SplitOptions, split, take_repeats};
use crate::error::{Code, Error, Result};
use serde::Deserialize;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// How the records stand after a split.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Records of train, dev and test, and how many of them are new there.
    pub records: [i64; 3],
    pub added: [i64; 3],
    pub bridges: i64,
    pub in_benchmark: i64,
    pub duplicates: i64,
    pub conflicts: i64,
}

pub(crate) fn assign(sources: &[Source], options: &SplitOptions) -> Result<Outcome> {
    require_own(sources)?;
    // one split at a time; what comes after sees what the one before wrote
    let lock = format!(
        "SELECT r.id::text FROM nlsql.run r WHERE r.id IN ({}) ORDER BY r.id FOR NO KEY UPDATE",
        dataset::ids(sources)
    );
    as_owner(|| spi::update(&lock, &[]))?;
    let benchmark = benchmark()?;
    let mut before: HashMap<i64, Option<usize>> = HashMap::new();
    let mut banned = HashSet::new();
    let mut records = Vec::new();
    let mut strata = HashSet::new();
    let mut lines = Lines::open(&query(sources))?;
    while let Some(line) = lines.next()? {
        let row: Row = spi::json(&line)?;
        let record = row.record(&mut strata);
        before.insert(record.id, record.split);
        if benchmark.holds(row.question.as_deref(), row.skeleton.as_deref()) {
            banned.insert(record.id);
        } else {
            records.push(Record { split: record.split.filter(|_| !options.reset), ..record });
        }
        session::check_for_interrupts();
    }
    // within a run no question stands twice
    let repeats = if sources.len() > 1 { take_repeats(&mut records) } else { Repeats::default() };
    let kept: HashMap<i64, usize> = records.iter().filter_map(|r| Some((r.id, r.split?))).collect();
    let assignment = split(records, options.shares());
    let outcome = outcome(&before, &kept, &assignment, (banned.len(), &repeats));
    write(&before, kept, assignment)?;
    Ok(outcome)
}

/// Reading is by row security; writing goes around it, so whose the runs are is asked here.
fn require_own(sources: &[Source]) -> Result<()> {
    let text = format!(
        "SELECT r.role::text FROM nlsql.run r WHERE r.id IN ({}) AND r.role <> current_user
            AND NOT (SELECT a.rolsuper FROM pg_catalog.pg_roles a WHERE a.rolname = current_user) LIMIT 1",
        dataset::ids(sources)
    );
    match spi::first(with_catalog_path(|| spi::select(&text, &[]))?) {
        None => Ok(()),
        Some(role) => Err(Error::new(Code::InsufficientPrivilege, format!("the run is of role \"{role}\""))
            .hint("A run is split by its own role, or by a superuser.")),
    }
}

fn benchmark() -> Result<Benchmark> {
    let mut benchmark = Benchmark::default();
    let mut lines =
        Lines::open("SELECT json_build_object('question', b.question, 'sql', b.sql)::text FROM nlsql.benchmark b")?;
    while let Some(line) = lines.next()? {
        benchmark.add(&spi::json::<Entry>(&line)?);
    }
    Ok(benchmark)
}

#[derive(Deserialize)]
struct Row {
    id: i64,
    split: Option<String>,
    kind: String,
    phase: String,
    difficulty: Option<String>,
    skeleton: Option<String>,
    template: Option<String>,
    question: Option<String>,
    tables: Vec<String>,
    question_key: Option<String>,
    result: Option<String>,
}

fn query(sources: &[Source]) -> String {
    let ids = dataset::ids(sources);
    format!(
        "SELECT json_build_object('id', i.id, 'split', i.split, 'kind', i.kind, 'phase', i.phase, 'difficulty', i.difficulty,
                'skeleton', i.skeleton, 'template', i.template, 'question', i.question, 'tables', i.tables,
                'question_key', i.question_key, 'result', i.result ->> 'hash')::text
           FROM nlsql.item i JOIN nlsql.run_phase p ON p.run_id = i.run_id AND p.phase = i.phase
          WHERE i.run_id IN ({ids}) ORDER BY array_position(ARRAY[{ids}]::bigint[], i.run_id), p.ordinal, i.slot"
    )
}

impl Row {
    fn record(&self, strata: &mut HashSet<Rc<str>>) -> Record {
        let mut keys = Vec::with_capacity(2);
        let mut key = |kind: &str, text: &str| keys.push(hash(format!("{kind} {text}").as_bytes()));
        self.skeleton.iter().for_each(|s| key("skeleton", s));
        self.template.iter().for_each(|t| key("template", t));
        if self.kind == "relationship" {
            // with its reverse
            let mut tables = self.tables.clone();
            tables.sort_unstable();
            key("relationship", &tables.join(" "));
        }
        let hashed = |text: &String| hash(text.as_bytes());
        Record {
            asks: self.question_key.as_ref().map(|q| (hashed(q), self.result.as_ref().map(hashed))),
            id: self.id,
            split: self.split.as_deref().and_then(|s| SPLITS.iter().position(|name| *name == s)),
            keys,
            grams: self.question.as_deref().map(shingles).unwrap_or_default(),
            stratum: self.stratum(strata),
        }
    }

    fn stratum(&self, strata: &mut HashSet<Rc<str>>) -> Rc<str> {
        let name: Rc<str> = format!("{} {}", self.phase, self.difficulty.as_deref().unwrap_or(&self.kind)).into();
        match strata.get(&name) {
            Some(known) => known.clone(),
            None => {
                strata.insert(name.clone());
                name
            }
        }
    }
}

fn outcome(
    before: &HashMap<i64, Option<usize>>,
    kept: &HashMap<i64, usize>,
    assignment: &Assignment,
    (banned, repeats): (usize, &Repeats),
) -> Outcome {
    let mut outcome = Outcome {
        bridges: assignment.bridges.len() as i64,
        in_benchmark: banned as i64,
        duplicates: repeats.duplicates.len() as i64,
        conflicts: repeats.conflicts.len() as i64,
        ..Outcome::default()
    };
    for split in kept.values() {
        outcome.records[*split] += 1;
    }
    for (id, split) in &assignment.assigned {
        outcome.records[*split] += 1;
        outcome.added[*split] += i64::from(before.get(id) != Some(&Some(*split)));
    }
    outcome
}

fn write(before: &HashMap<i64, Option<usize>>, mut after: HashMap<i64, usize>, assignment: Assignment) -> Result<()> {
    after.extend(assignment.assigned);
    let mut changed: [Vec<i64>; 4] = Default::default();
    for (id, old) in before {
        let new = after.get(id).copied();
        if new != *old {
            changed[new.unwrap_or(SPLITS.len())].push(*id);
        }
    }
    for (to, ids) in changed.iter_mut().enumerate() {
        // in the order in which the rows lie, so that the same pages are not visited again
        ids.sort_unstable();
        for batch in ids.chunks(10_000) {
            let list = batch.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
            as_owner(|| {
                spi::execute(
                    "UPDATE nlsql.item i SET split = $1 WHERE i.id = ANY ($2::bigint[])",
                    &[Arg::OptText(SPLITS.get(to).copied()), Arg::Text(&format!("{{{list}}}"))],
                )
            })?;
        }
    }
    Ok(())
}
