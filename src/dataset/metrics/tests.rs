use super::*;

fn pair(slot: i64, question: &str, sql: &str) -> Record {
    Record {
        phase: "joins".into(),
        slot,
        kind: "pair".into(),
        question: Some(question.into()),
        sql: Some(sql.into()),
        evidence: None,
        style: Some("direct".into()),
        difficulty: Some(LEVELS[slot as usize % 4].into()),
        asked: Some("easy".into()),
        tables: Vec::new(),
        columns: Vec::new(),
        functions: vec!["count".into()],
        features: vec!["join".into()],
        skeleton: Some(crate::candidate::text::skeleton(sql)),
        literals: None,
        joins: Some(slot as u32 % 3),
        rows: Some(1),
        split: None,
    }
}

fn tallied(schema: &Schema, records: Vec<Record>) -> Measures {
    let mut tally = Tally::new(schema, None);
    records.into_iter().for_each(|r| tally.add(r));
    tally.finish()
}

#[test]
fn a_handful_of_pairs_is_measured() {
    let mut records = vec![
        pair(1, "How many films are there?", "SELECT count(*) FROM film"),
        pair(2, "How many actors by last_name are there?", "SELECT count(*) FROM actor"),
        pair(3, "List every film.", "SELECT title, length FROM film"),
    ];
    records.push(Record { kind: "qa".into(), sql: None, ..pair(4, "Which key has film?", "") });
    let m = tallied(&Schema::default(), records);
    assert_eq!(m.pairs, 3);
    assert_eq!((m.asked, m.as_asked, m.snake_case), (3, 0, 1));
    assert_eq!(m.functions["count"], 3);
    assert_eq!(m.openings["how many"], 2);
    assert_eq!((m.words.max(), m.words.percentile(0.5)), (8, 5));
    assert!((m.words.mean().unwrap() - 16.0 / 3.0).abs() < 1e-9);
    assert_eq!((m.skeletons_in_few, m.skeletons_in_many, m.collapsed_in_few), (2, 2, 2));
    assert_eq!((m.joins.mean(), m.joins.max()), (Some(1.0), 2));
    assert_eq!((m.few, m.many, m.compared, m.near), (3, 3, 4, 0));
    assert_eq!(m.samples.len(), 3);
}

#[test]
fn samples_show_every_difficulty() {
    let records = (1..400).map(|i| pair(i, &format!("Question {i}?"), "SELECT 1")).collect();
    let m = tallied(&Schema::default(), records);
    let of = |level: &str| m.samples.iter().filter(|s| s.difficulty.as_deref() == Some(level)).count();
    assert_eq!(m.samples.len(), 10);
    assert!(LEVELS.iter().all(|level| of(level) >= 2));
}

#[test]
fn near_duplicates_across_splits_are_counted() {
    let long = "For each store, list the customers who rented more than five films in May and have not returned";
    let mut records = vec![pair(1, &format!("{long} one"), ""), pair(2, &format!("{long} them"), "")];
    records.push(pair(3, "How many films are there?", ""));
    assert_eq!((tallied(&Schema::default(), records.clone()).near, 0), (2, 0));
    for (splits, crossing) in [(["train", "test"], 2), (["train", "train"], 0)] {
        for (record, split) in records.iter_mut().zip(splits) {
            record.split = Some(split.to_owned());
        }
        assert_eq!(tallied(&Schema::default(), records.clone()).crossing, crossing, "{splits:?}");
    }
}

#[test]
fn sizes_have_a_spread() {
    let mut sizes = Sizes::default();
    assert_eq!((sizes.mean(), sizes.deviation(), sizes.percentile(0.95), sizes.max()), (None, None, 0, 0));
    (1..=20).for_each(|n| sizes.add(n));
    assert_eq!((sizes.mean(), sizes.percentile(0.95), sizes.percentile(0.5), sizes.max()), (Some(10.5), 19, 10, 20));
    assert!((sizes.deviation().unwrap() - 33.25_f64.sqrt()).abs() < 1e-9);
}

#[test]
fn coverage_goes_by_columns_and_keys() {
    let schema = crate::prompt::test_schema::shop();
    let table = schema.tables.iter().find(|t| !t.foreign_keys.is_empty()).unwrap();
    let key = &table.foreign_keys[0];
    let parent = schema.table(&key.ref_schema, &key.ref_table).unwrap();
    let column = |t: &crate::schema::model::Table, c: &str| format!("{}.{c}", t.qualified());
    let with = |columns: Vec<String>| Record {
        tables: vec![parent.qualified(), table.qualified()],
        columns,
        ..pair(1, "How many?", "SELECT 1")
    };
    // both relations stand in the pair, but it does not join along the key
    let m = tallied(&schema, vec![with(vec![])]);
    assert_eq!((m.coverage.tables().used, m.coverage.edges().used, m.coverage.columns().used), (2, 0, 0));
    assert_eq!(m.coverage.column_use(), coverage::ColumnUse::default());

    let joined = || with(vec![column(table, &key.columns[0]), column(parent, &key.ref_columns[0])]);
    let other = with(vec![column(table, &key.columns[0])]);
    let m = tallied(&schema, vec![joined(), other]);
    let (tables, columns, edges) = (m.coverage.tables(), m.coverage.columns(), m.coverage.edges());
    assert_eq!((tables.used, tables.missing.len()), (2, tables.of - 2));
    assert_eq!((columns.used, columns.missing.len()), (2, columns.of - 2));
    assert!(columns.missing.iter().all(|c| *c != column(table, &key.columns[0])));
    assert_eq!(edges.used, 1);
    let usage = m.coverage.column_use();
    assert_eq!(usage.most, Some((column(table, &key.columns[0]), 2)));
    assert_eq!(usage.median, 2);
    assert!(usage.gini > 0.5, "{}", usage.gini);

    // a run told to use one relation is measured on that one
    let only = Coverage::new(&schema, Some(std::slice::from_ref(&table.name)));
    assert_eq!(only.tables().of, 1);
}
