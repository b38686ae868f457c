//! The report on a run: the same numbers as the records themselves give, and a page that anyone can open.

mod support;

use support::{Cluster, Database};

fn value(demo: &Database, run: &str, section: &str, metric: &str) -> String {
    demo.run(&format!("SELECT value FROM nlsql.report('{run}') WHERE section = '{section}' AND metric = '{metric}'"))
}

/// A query on the run's records that has to give what the report gives.
const SAME: &[(&str, &str, &str)] = &[
    ("run", "records", "SELECT count(*) FROM nlsql.dataset"),
    ("run", "pair", "SELECT count(*) FROM nlsql.dataset WHERE kind = 'pair'"),
    ("run", "qa", "SELECT count(*) FROM nlsql.dataset WHERE kind = 'qa'"),
    (
        "ladder",
        "candidates",
        "SELECT (SELECT count(*) FROM nlsql.dataset WHERE kind = 'pair') + (SELECT count(*) FROM nlsql.rejected)",
    ),
    ("ladder", "stored", "SELECT count(*) FROM nlsql.dataset WHERE kind = 'pair'"),
    ("rejected", "all", "SELECT count(*) FROM nlsql.rejected"),
    ("difficulty", "hard", "SELECT count(*) FROM nlsql.dataset WHERE difficulty = 'hard'"),
    ("feature", "group_by", "SELECT count(*) FROM nlsql.dataset WHERE 'group_by' = ANY (features)"),
    ("functions", "different", "SELECT count(DISTINCT f) FROM nlsql.dataset, unnest(functions) f WHERE kind = 'pair'"),
    ("function", "count", "SELECT count(*) FROM nlsql.dataset WHERE 'count' = ANY (functions)"),
    (
        "joins",
        "mean",
        "SELECT trim_scale(round(avg((checks ->> 'joins')::int), 4)) FROM nlsql.dataset WHERE kind = 'pair'",
    ),
    (
        "table",
        "insurer.member",
        "SELECT count(*) FROM nlsql.dataset WHERE kind = 'pair' AND 'insurer.member' = ANY (tables)",
    ),
    ("statements", "skeletons", "SELECT count(DISTINCT skeleton) FROM nlsql.dataset"),
    ("statements", "templates", "SELECT count(DISTINCT template) FROM nlsql.dataset"),
    ("questions", "snake_case", "SELECT 0"),
    ("duplicates", "questions", "SELECT 0"),
    ("duplicates", "conflicts", "SELECT 0"),
];

#[test]
fn the_report_counts_what_the_records_show() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    demo.generate("'joins', 60, run => 'r', options => '{\"seed\": 1}'");
    demo.generate("'schema_docs', 20, run => 'r', options => '{\"seed\": 1}'");
    for (section, metric, query) in SAME {
        assert_eq!(value(&demo, "r", section, metric), demo.run(query), "{section} {metric}");
    }
    // names of what is not covered: with those that are, they are all
    let names = "SELECT count(*) FROM (
        SELECT jsonb_array_elements_text(detail -> 'not_covered') FROM nlsql.report('r')
         WHERE section = 'coverage' AND metric = 'columns'
        UNION SELECT DISTINCT c FROM nlsql.dataset, unnest(columns) c WHERE kind = 'pair') n";
    let of = "SELECT detail ->> 'of' FROM nlsql.report('r') WHERE section = 'coverage' AND metric = 'columns'";
    assert_eq!(demo.run(names), demo.run(of));

    // not split, then split: nothing crosses
    assert_eq!(value(&demo, "r", "splits", "assigned"), "0");
    demo.run("SELECT nlsql.split('r')");
    for (metric, expected) in [("skeletons", "0"), ("templates", "0"), ("near_duplicates", "0")] {
        assert_eq!(value(&demo, "r", "leakage", metric), expected, "{metric}");
    }
    // two pairs of one shape on two sides, as no split leaves them
    demo.as_superuser().run(
        "UPDATE nlsql.item SET skeleton = 'one', split = CASE slot WHEN 1 THEN 'train' ELSE 'test' END
          WHERE phase = 'joins' AND slot IN (1, 2)",
    );
    assert_eq!(value(&demo, "r", "leakage", "skeletons"), "1");
    // twice the same: the report does not depend on the order in which rows lie
    let whole = "SELECT md5(string_agg(r::text, '')) FROM nlsql.report('r') r";
    assert_eq!(demo.run(whole), demo.run(whole));
    assert_eq!(cluster.alarms(), [""; 0]);
}

#[test]
fn only_the_roles_own_runs_are_reported() {
    let cluster = Cluster::new();
    let demo = cluster.create_database_of("demo", "reader");
    demo.generate("'single_table', 5, run => 'mine'");
    let error = demo.as_role("demo").error("SELECT nlsql.report('mine')");
    assert_eq!((error.sqlstate.as_str(), error.message.as_str()), ("42704", "run \"mine\" does not exist"));
    assert!(error.hint.contains("nlsql.run"), "{error}");
    cluster.create_role("nobody");
    let error = demo.as_role("nobody").error("SELECT nlsql.report('mine')");
    assert_eq!(error.sqlstate, "42501", "{error}");
    // a run that has nothing yet
    demo.as_superuser().run(
        "INSERT INTO nlsql.run (role, name, status, seed, settings, search_path) VALUES ('reader', 'empty', 'done', 1, '{}', '')",
    );
    assert_eq!(value(&demo, "empty", "run", "records"), "0");
    assert_eq!(value(&demo, "empty", "pace", "records_a_minute"), "");
    assert_eq!(cluster.alarms(), [""; 0]);
}
