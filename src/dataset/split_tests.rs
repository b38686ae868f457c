//! Splits of made-up records.

use super::super::near::shingles;
use super::*;

const SHARES: [f64; 3] = [0.8, 0.1, 0.1];

fn record(id: i64, key: u64, question: &str, stratum: &str) -> Record {
    Record { id, split: None, keys: vec![key], grams: shingles(question), stratum: stratum.into(), asks: None }
}

/// Records whose keys come in groups of up to 21 in 10,000.
fn many(n: i64) -> Vec<Record> {
    (0..n)
        .map(|i| {
            let key = (i * i % 997) as u64;
            record(i, key, &format!("{i} is one question and no other {i}"), ["easy", "hard"][(i % 3 / 2) as usize])
        })
        .collect()
}

fn sizes(assignment: &Assignment) -> [usize; 3] {
    let mut sizes = [0; 3];
    for (_, split) in &assignment.assigned {
        sizes[*split] += 1;
    }
    sizes
}

#[test]
fn sizes_meet_their_targets_in_all_and_by_stratum() {
    let records = many(10_000);
    let done = split(records.clone(), SHARES);
    assert_eq!(done.bridges, [0_i64; 0]);
    for (size, target) in sizes(&done).iter().zip([8000, 1000, 1000]) {
        assert!(size.abs_diff(target) <= 21, "{size} of {target}");
    }
    let hard = |split: usize| done.assigned.iter().filter(|(id, s)| *s == split && id % 3 == 2).count();
    for (split, target) in [(0, 2667_usize), (1, 333), (2, 333)] {
        assert!(hard(split).abs_diff(target) <= 35, "{} of {target}", hard(split));
    }
    let mut of_key: HashMap<u64, usize> = HashMap::new();
    for (id, split) in &done.assigned {
        assert_eq!(*of_key.entry(records[*id as usize].keys[0]).or_insert(*split), *split);
    }
}

#[test]
fn what_is_assigned_never_moves_and_new_records_join_it() {
    let mut records = many(3000);
    let before = split(records.clone(), SHARES);
    for (id, split) in &before.assigned {
        records[*id as usize].split = Some(*split);
    }
    records.extend(many(4000).into_iter().skip(3000));
    let after = split(records.clone(), SHARES);
    assert!(after.assigned.iter().all(|(id, _)| *id >= 3000), "only new ones are assigned");
    assert_eq!(after.assigned.len() + after.bridges.len(), 1000);
    let mut of_key: HashMap<u64, usize> = HashMap::new();
    for (id, split) in before.assigned.iter().chain(&after.assigned) {
        assert_eq!(*of_key.entry(records[*id as usize].keys[0]).or_insert(*split), *split);
    }
}

#[test]
fn near_duplicates_stay_together_over_any_distance() {
    let long = |n: usize| (n..n + 30).map(|w| format!("w{w}")).collect::<Vec<_>>().join(" ");
    // each is alike to the next, the first and the last are not
    let records: Vec<Record> = (0..40).map(|i| record(i as i64, i as u64, &long(i), "")).collect();
    let done = split(records, [0.4, 0.3, 0.3]);
    assert_eq!(sizes(&done), [40, 0, 0]);
}

#[test]
fn a_record_between_two_splits_gets_none_and_pulls_nobody_along() {
    let old = |id, key, split| Record { split: Some(split), ..record(id, key, &format!("old {id} {id}"), "") };
    let new = |id, keys: &[u64]| Record { keys: keys.to_vec(), ..record(id, 0, &format!("new {id} {id}"), "") };
    let records = vec![
        old(1, 1, 0),
        old(2, 2, 2),
        new(3, &[1, 2]),  // touches both
        new(4, &[1, 9]),  // like 3, but touches train alone
        new(5, &[2]),     // touches test
        new(6, &[7]),     // free
        new(7, &[1, 8]),  // a chain ..
        new(8, &[8, 10]), // .. whose middle touches nothing ..
        new(9, &[10, 2]), // .. from train to test
    ];
    let done = split(records, SHARES);
    assert_eq!(done.bridges, [3, 7, 8, 9]);
    let of = |id| done.assigned.iter().find(|(i, _)| *i == id).map(|(_, s)| *s);
    assert_eq!((of(4), of(5)), (Some(0), Some(2)));
    assert!(of(6).is_some());
}

#[test]
fn a_split_without_a_share_gets_nothing() {
    let done = split(many(500), [0.5, 0.0, 0.5]);
    assert_eq!(sizes(&done)[1], 0);
    assert_eq!(split(Vec::new(), SHARES), Assignment::default());
}

#[test]
fn every_stratum_is_spread_whatever_comes_first() {
    // phases follow one another, and the last is much larger
    let stratum = |i: i64| {
        if i < 60 {
            "pairs"
        } else if i < 90 {
            "docs"
        } else {
            "rows"
        }
    };
    let records: Vec<Record> =
        (0..370).map(|i| record(i, i as u64, &format!("{i} is one question and no other {i}"), stratum(i))).collect();
    let done = split(records, SHARES);
    for (name, size) in [("pairs", 60), ("docs", 30), ("rows", 280)] {
        for (split, share) in SHARES.iter().enumerate() {
            let found = done.assigned.iter().filter(|(id, s)| *s == split && stratum(*id) == name).count();
            let target = (f64::from(size) * share).round() as usize;
            assert!(found.abs_diff(target) <= 1, "{name} in {split}: {found} of {target}");
        }
    }
}

#[test]
fn of_records_with_one_question_one_stays() {
    let asking =
        |id, split, question, result| Record { id, split, asks: Some((question, result)), ..Record::default() };
    let mut records = vec![
        asking(1, None, 10, Some(5)),
        asking(2, None, 11, Some(5)),
        asking(3, None, 10, Some(5)),
        asking(4, None, 11, Some(6)),
        asking(5, None, 12, None),
        asking(6, Some(0), 12, Some(1)),
        Record { id: 7, ..Record::default() },
    ];
    let repeats = take_repeats(&mut records);
    assert_eq!(repeats, Repeats { duplicates: vec![3], conflicts: vec![4, 5] });
    assert_eq!(records.iter().map(|r| r.id).collect::<Vec<_>>(), [1, 2, 6, 7]);
}
