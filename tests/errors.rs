//! Wrong use: every mistake is met by an error with its SQLSTATE and a hint, and none of them harms the server.

mod support;

use support::{Cluster, Database};

/// A statement, the SQLSTATE that it ends in, and words that its message and its hint must have.
type Case = (&'static str, &'static str, &'static str, &'static str);

const CASES: &[Case] = &[
    ("SELECT nlsql.generate('joinz', 5)", "22023", "joinz", "joins"),
    ("SELECT nlsql.generate(NULL, 5)", "22004", "phase", "default"),
    ("SELECT nlsql.generate('', 5)", "22023", "phase", "single_table"),
    ("SELECT nlsql.generate('joins', 0)", "22023", "count", "NULL"),
    ("SELECT nlsql.generate('joins', -3)", "22023", "count", "NULL"),
    ("SELECT nlsql.generate('joins', 5, run => 'a b')", "22023", "a b", "letters"),
    ("SELECT nlsql.generate('joins', 5, run => '')", "22023", "name of a run", "letters"),
    ("SELECT nlsql.generate('joins', 5, options => '{\"sead\": 1}')", "22023", "sead", "seed"),
    ("SELECT nlsql.generate('joins', 5, options => '{\"workers\": \"two\"}')", "22023", "workers", ""),
    ("SELECT nlsql.generate('joins', 5, options => '[1]')", "22023", "object", "seed"),
    (
        "SELECT nlsql.generate('joins', 5, options => '{\"tables\": [\"insurer.no_such\"]}')",
        "42P01",
        "no_such",
        "schema",
    ),
    ("SELECT nlsql.generate('joins', 5, options => '{\"styles\": [\"loud\"]}')", "22023", "\"loud\"", "interrogative"),
    ("SELECT nlsql.generate('builtins', 5, options => '{\"functions\": [\"uper\"]}')", "22023", "uper", "\"upper\""),
    ("SELECT nlsql.generate('sample_data', 5)", "22023", "count", "n_rows"),
    ("CALL nlsql.wait('no_such_run')", "42704", "no_such_run", "nlsql.run"),
    ("SELECT nlsql.cancel('no_such_run')", "42704", "no_such_run", "nlsql.run"),
    ("SELECT nlsql.resume('no_such_run')", "42704", "no_such_run", "nlsql.run"),
    ("SELECT nlsql.drop_run('no_such_run')", "42704", "no_such_run", "nlsql.run"),
    ("BEGIN; CALL nlsql.wait(); ROLLBACK;", "25001", "transaction block", "COMMIT"),
];

fn check(database: &Database, cases: &[Case]) {
    for (sql, sqlstate, message, hint) in cases {
        let error = database.error(sql);
        let right = error.sqlstate == *sqlstate && error.message.contains(message) && error.hint.contains(hint);
        assert!(right, "{sql}\nshould be {sqlstate} with {message:?} and the hint {hint:?}, but is\n{error}");
    }
}

#[test]
fn wrong_use_is_met_by_a_clear_error() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    check(&demo, CASES);
    assert_eq!(demo.number("SELECT count(*) FROM nlsql.run"), 0, "a refused call leaves no run");
    assert_eq!(demo.as_superuser().number("SELECT count(*) FROM nlsql.task"), 0, "and no task");
    assert_eq!(cluster.alarms(), [""; 0]);
}

/// Every function of the interface called with NULL for all arguments; `ok` or the SQLSTATE of the error.
const NULL_CALLS: &str = "
DO $$
DECLARE
    f record;
    state text;
BEGIN
    CREATE TEMPORARY TABLE null_call (name text, state text);
    FOR f IN
        SELECT p.proname, a.list
        FROM pg_proc AS p,
             LATERAL (SELECT string_agg('NULL::' || format_type(t, NULL), ', ') AS list
                      FROM unnest(p.proargtypes::oid[]) AS t) AS a
        WHERE p.pronamespace = 'nlsql'::regnamespace AND p.proname !~ '_$' AND p.prokind = 'f' AND p.pronargs > 0
    LOOP
        BEGIN
            EXECUTE format('SELECT count(*) FROM nlsql.%I(%s)', f.proname, f.list);
            state := 'ok';
        EXCEPTION WHEN OTHERS THEN
            state := SQLSTATE;
        END;
        INSERT INTO null_call VALUES (f.proname, state);
    END LOOP;
END $$;
SELECT name || ' ' || state FROM null_call WHERE state LIKE 'XX%' ORDER BY 1";

#[test]
fn null_arguments_are_no_internal_errors() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    assert_eq!(demo.as_superuser().run(NULL_CALLS), "");
}

#[test]
fn a_database_without_a_subject_is_refused() {
    let cluster = Cluster::new();
    cluster.create_role("reader");
    let reader = cluster.create_database("empty", "reader");
    let refused = || {
        for phase in ["single_table", "joins", "schema_docs", "sample_data"] {
            let error = reader.error(&format!("SELECT nlsql.generate('{phase}')"));
            assert_eq!(error.sqlstate, "55000", "{error}");
            assert!(error.message.contains("reader") && error.hint.contains("Grant SELECT"), "{error}");
        }
    };
    refused();
    // what somebody else keeps to himself is no subject
    reader
        .as_superuser()
        .run("CREATE SCHEMA other; CREATE TABLE other.thing (id int); INSERT INTO other.thing VALUES (1)");
    refused();
    // nor is a table without columns
    reader.run("CREATE SCHEMA own; CREATE TABLE own.bare ();");
    refused();
    assert_eq!(reader.number("SELECT count(*) FROM nlsql.run"), 0);
    assert_eq!(cluster.alarms(), [""; 0]);
}

#[test]
fn a_standby_refuses_runs_and_shows_them() {
    let primary = Cluster::new();
    let demo = primary.demo("demo");
    demo.generate("'schema_docs', 3, run => 'before'");
    let standby = Cluster::standby_of(&primary);
    let replica = standby.database("demo").as_role("demo");
    let error = replica.error("SELECT nlsql.generate('joins', 5)");
    assert_eq!(error.sqlstate, "25006", "{error}");
    assert!(error.hint.contains("primary"), "{error}");
    let state = "SELECT r.status, count(d.id) FROM nlsql.run r LEFT JOIN nlsql.dataset d ON d.run = r.name GROUP BY 1";
    assert_eq!(demo.run(state), "done|3");
    support::eventually("the standby has replayed the run", std::time::Duration::from_secs(10), || {
        replica.run(state) == "done|3"
    });
    assert_eq!(standby.alarms(), [""; 0]);
}
