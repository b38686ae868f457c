//! Splits: nothing alike crosses, nothing moves, sizes are met, benchmarks stay out.

mod support;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use support::{Cluster, Database};

const CROSSING: &str = "SELECT count(*) FROM (SELECT 1 FROM nlsql.dataset, unnest(ARRAY[skeleton, template]) k
     WHERE split IS NOT NULL AND k IS NOT NULL GROUP BY k HAVING count(DISTINCT split) > 1) x";

fn grams(question: &str) -> BTreeSet<String> {
    let words: String = question.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    let words: Vec<&str> = words.split_whitespace().collect();
    words.windows(3.min(words.len().max(1))).map(|w| w.join(" ")).collect()
}

/// Question, split and id of every record that has a split.
fn assigned(demo: &Database) -> Vec<(BTreeSet<String>, String, String)> {
    let rows = demo.run(
        "SELECT json_build_array(question, split, id) FROM nlsql.dataset WHERE split IS NOT NULL AND question IS NOT NULL ORDER BY id",
    );
    rows.lines()
        .map(|l| {
            let row: Value = serde_json::from_str(l).unwrap();
            (grams(row[0].as_str().unwrap()), row[1].as_str().unwrap().to_owned(), row[2].to_string())
        })
        .collect()
}

/// Pairs of near-duplicate questions in different splits, every two compared.
fn near_crossing(rows: &[(BTreeSet<String>, String, String)]) -> usize {
    let mut crossing = 0;
    for (i, (a, split, _)) in rows.iter().enumerate() {
        for (b, _, _) in rows[i + 1..].iter().filter(|r| r.1 != *split) {
            let shared = a.intersection(b).count();
            crossing += usize::from(5 * shared >= 4 * (a.len() + b.len() - shared));
        }
    }
    crossing
}

#[test]
fn a_real_run_splits_without_leakage_and_stays_split() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    let draw = |phase: &str, count, seed| {
        format!("SELECT nlsql.generate('{phase}', {count}, run => 'r', options => '{{\"seed\": {seed}}}');")
    };
    demo.run(&format!("BEGIN; {}{}COMMIT; CALL nlsql.wait('r')", draw("joins", 200, 1), draw("schema_docs", 50, 1)));
    let unsplit = demo.error("SELECT nlsql.jsonl('r', split => 'train')");
    assert_eq!(unsplit.sqlstate, "55000", "{unsplit}");
    assert!(unsplit.hint.contains("nlsql.split('r')"), "{unsplit}");

    let told = demo.run("SELECT split, records, added, reason FROM nlsql.split('r')");
    let sizes: Vec<i64> = ["train", "dev", "test"]
        .iter()
        .map(|s| demo.number(&format!("SELECT count(*) FROM nlsql.dataset WHERE split = '{s}'")))
        .collect();
    assert_eq!(told, format!("train|{0}|{0}|\ndev|{1}|{1}|\ntest|{2}|{2}|", sizes[0], sizes[1], sizes[2]));
    assert_eq!(sizes.iter().sum::<i64>(), 250, "each record has a split: {told}");
    assert!(sizes[1] >= 10 && sizes[2] >= 10, "{told}");
    assert_eq!(demo.number(CROSSING), 0);
    let before = assigned(&demo);
    assert_eq!(near_crossing(&before), 0);

    // lines follow, in every format
    for (split, size) in ["train", "dev", "test"].iter().zip(&sizes) {
        let lines = demo.raw(&format!("SELECT nlsql.jsonl('r', split => '{split}')"));
        assert_eq!(lines.lines().count() as i64, *size);
        assert!(lines.lines().all(|l| l.contains(&format!("\"split\":\"{split}\""))));
        let chat = demo.raw(&format!("SELECT nlsql.jsonl('r', 'chat', '{split}')"));
        assert_eq!(chat.lines().count() as i64, *size);
    }

    // more pairs of the same run: what is assigned stays
    demo.generate("'joins', 150, run => 'r'");
    assert_eq!(demo.number("SELECT count(*) FROM nlsql.dataset WHERE split IS NULL"), 150);
    let told = demo.run("SELECT COALESCE(split, reason), records, added FROM nlsql.split('r')");
    let after = assigned(&demo);
    let splits: BTreeMap<_, _> = after.iter().map(|(_, split, id)| (id, split)).collect();
    assert!(before.iter().all(|(_, split, id)| splits[id] == split), "nothing moved");
    assert!(after.len() > before.len() + 100, "{told}");
    assert_eq!(demo.number(CROSSING), 0);
    assert_eq!(near_crossing(&after), 0);
    let none = demo.number("SELECT count(*) FROM nlsql.dataset WHERE split IS NULL");
    let counted = told
        .lines()
        .find_map(|l| l.strip_prefix("like records of two splits|"))
        .map_or(0, |n| n.split('|').next().unwrap().parse::<i64>().unwrap());
    assert_eq!(none, counted, "{told}");
    // again changes nothing
    demo.run("SELECT nlsql.split('r')");
    assert_eq!(assigned(&demo), after);
    assert_eq!(cluster.alarms(), [""; 0]);
}

/// A run of plain pairs: skeletons in groups of ten, every question its own.
fn pairs(demo: &Database, run: &str, count: i64) {
    demo.as_superuser().run(&format!(
        "INSERT INTO nlsql.run (role, name, status, seed, settings, search_path) VALUES ('demo', '{run}', 'done', 1, '{{}}', '');
         INSERT INTO nlsql.run_phase (run_id, phase, ordinal, engine, status, seed, options)
         SELECT id, 'joins', 1, 'offline', 'done', 1, '{{}}' FROM nlsql.run WHERE name = '{run}';
         INSERT INTO nlsql.item (run_id, phase, slot, kind, question, sql, skeleton, template, checks, engine, seed, schema_hash, difficulty)
         SELECT r.id, 'joins', n, 'pair', 'What ' || md5(n::text) || ' and ' || md5('b' || n), 'SELECT ' || n, 's' || n / 10,
                't' || n / 5, '{{}}', 'offline', 1, '', CASE WHEN n % 20 < 10 THEN 'easy' ELSE 'hard' END
           FROM nlsql.run r, generate_series(1, {count}) n WHERE r.name = '{run}'"
    ));
}

#[test]
fn sizes_and_shares_and_several_runs() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    pairs(&demo, "a", 2000);
    pairs(&demo, "b", 1000);
    let told = demo.run("SELECT split, records FROM nlsql.split('a', '{\"train\": 0.5, \"dev\": 0.2, \"test\": 0.3}')");
    let sizes: Vec<i64> = told.lines().map(|l| l.split('|').nth(1).unwrap().parse().unwrap()).collect();
    for (size, target) in sizes.iter().zip([1000, 400, 600]) {
        assert!((size - target).abs() <= 10, "{told}");
    }
    let by_difficulty = demo.run(
        "SELECT max(abs(share - CASE split WHEN 'train' THEN 0.5 WHEN 'dev' THEN 0.2 ELSE 0.3 END)) < 0.02 FROM
           (SELECT split, count(*) / (sum(count(*)) OVER (PARTITION BY difficulty)) AS share FROM nlsql.dataset
             WHERE run = 'a' GROUP BY split, difficulty) x",
    );
    assert_eq!(by_difficulty, "t");
    // the other run has the same skeletons, and follows
    let told = demo.run("SELECT split, added FROM nlsql.split('b', '{\"runs\": [\"a\"]}')");
    assert_eq!(demo.number(CROSSING), 0, "{told}");
    assert_eq!(demo.number("SELECT count(*) FROM nlsql.dataset WHERE split IS NULL"), 0);
    // anew, with the shipped shares
    demo.run("SELECT nlsql.split('a', '{\"runs\": [\"b\"], \"reset\": true}')");
    let train = demo.number("SELECT count(*) FROM nlsql.dataset WHERE split = 'train'");
    assert!((train - 2400).abs() <= 30, "{train}");
    assert_eq!(demo.number(CROSSING), 0);

    // what stands in a benchmark leaves its split
    demo.as_superuser().run(
        "INSERT INTO nlsql.benchmark (name, question, sql)
         SELECT 'x', question, NULL FROM nlsql.dataset WHERE run = 'a' ORDER BY slot LIMIT 3",
    );
    let told = demo.run("SELECT reason, records FROM nlsql.split('a') WHERE split IS NULL");
    assert_eq!(told, "like an entry of nlsql.benchmark|3");
    assert_eq!(demo.run("SELECT slot FROM nlsql.dataset WHERE run = 'a' AND split IS NULL ORDER BY 1"), "1\n2\n3");
    assert!(!demo.raw("SELECT nlsql.jsonl('a', split => 'train')").contains("\"slot\":2,"));

    for (options, message, hint) in [
        ("{\"train\": 0.9}", "add up to 1", "0.7"),
        ("{\"train\": -1, \"dev\": 1, \"test\": 1}", "add up to 1", "0.7"),
        ("{\"trian\": 0.9}", "trian", "train"),
        ("{\"reset\": 1}", "reset", ""),
        ("[]", "object", "reset"),
    ] {
        let error = demo.error(&format!("SELECT nlsql.split('a', '{options}')"));
        let right = error.sqlstate == "22023" && error.message.contains(message) && error.hint.contains(hint);
        assert!(right, "{options}: {error}");
    }
    assert_eq!(demo.error("SELECT nlsql.split('no_such_run')").sqlstate, "42704");
    // who reads past row security may not write past it
    cluster.database("postgres").run("CREATE ROLE auditor LOGIN BYPASSRLS");
    demo.as_superuser().run(&support::grants("auditor"));
    let error = demo.as_role("auditor").error("SELECT nlsql.split('a')");
    assert_eq!(error.sqlstate, "42501", "{error}");
    demo.as_superuser().run("SELECT nlsql.split('a', '{\"role\": \"demo\"}')");
    assert_eq!(cluster.alarms(), [""; 0]);
}

#[test]
fn two_splits_at_once_agree() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    pairs(&demo, "a", 3000);
    let running: Vec<_> = (0..4).map(|_| demo.spawn("SELECT sum(added) FROM nlsql.split('a')")).collect();
    let added: Vec<String> = running.into_iter().map(|r| r.finish().unwrap()).collect();
    assert_eq!(added.iter().filter(|n| *n == "3000").count(), 1, "one assigns all, the others find it done: {added:?}");
    assert_eq!(added.iter().filter(|n| *n == "0").count(), 3, "{added:?}");
    assert_eq!(demo.number(CROSSING), 0);
    assert_eq!(cluster.alarms(), [""; 0]);
}

#[test]
fn several_runs_make_one_dataset_without_leakage_and_without_saying_things_twice() {
    let cluster = Cluster::new();
    let demo = cluster.writer("demo");
    demo.generate("'joins', 120, run => 'a', options => '{\"seed\": 1}'");
    demo.generate("'joins', 120, run => 'b', options => '{\"seed\": 1}'");
    demo.generate("'single_table', 40, run => 'c', options => '{\"seed\": 2}'");
    // run b says the same as a, and in one pair something else
    demo.as_superuser().run(
        "UPDATE nlsql.item i SET result = jsonb_set(i.result, '{hash}', '\"other\"') FROM nlsql.run r
          WHERE r.id = i.run_id AND r.name = 'b' AND i.slot = 1",
    );
    demo.run("SELECT nlsql.split('a')");
    let told =
        demo.run("SELECT reason, records FROM nlsql.split('a', '{\"runs\": [\"b\"]}') WHERE split IS NULL ORDER BY 2");
    assert_eq!(
        told,
        "asks what a record of another run asks, and has another result|1\nasks what a record of another run asks|119"
    );
    // a run that is not split yet joins those that are
    let lines = |dir: &str| -> Vec<Value> {
        let dir = cluster.export_dir().join(dir);
        let read = |file| fs::read_to_string(dir.join(file)).unwrap();
        ["train.jsonl", "validation.jsonl", "test.jsonl"]
            .map(read)
            .join("")
            .lines()
            .map(|l| serde_json::from_str(l).unwrap())
            .collect()
    };
    demo.run("SELECT nlsql.export_dataset('a', 'both', 'nlsql', '{\"runs\": [\"b\", \"c\"]}')");
    let both = lines("both");
    assert_eq!(both.len() as i64, demo.number("SELECT count(*) FROM nlsql.dataset WHERE split IS NOT NULL"));
    assert!(both.len() > 140, "{}", both.len());
    let questions: BTreeSet<String> = both.iter().map(|l| l["question"].to_string()).collect();
    assert_eq!(questions.len(), both.len(), "no question stands twice");

    // runs split each by itself stand on two sides of one line
    demo.generate("'joins', 120, run => 'd', options => '{\"seed\": 3}'");
    demo.run("SELECT nlsql.split('d')");
    demo.as_superuser().run(
        "UPDATE nlsql.item i SET skeleton = (SELECT min(skeleton) FROM nlsql.dataset WHERE run = 'a' AND split = 'train')
          WHERE i.id = (SELECT min(id) FROM nlsql.dataset WHERE run = 'd' AND split = 'test')",
    );
    let error = demo.error("SELECT nlsql.export_dataset('a', 'apart', 'nlsql', '{\"runs\": [\"d\"]}')");
    assert_eq!(error.sqlstate, "55000", "{error}");
    assert!(error.message.contains("stand in more than one split"), "{error}");
    assert_eq!(support::names(&cluster.export_dir()), ["both"], "nothing is left of it");
    demo.run(&error.hint);
    demo.run("SELECT nlsql.export_dataset('a', 'apart', 'nlsql', '{\"runs\": [\"d\"]}')");
    assert!(!lines("apart").is_empty());
    assert_eq!(cluster.alarms(), [""; 0]);
}
