//! The mutation proof: which one-step changes of a statement its result shows, and which it cannot.

mod support;

use support::Cluster;

const TABLES: &str = "CREATE TABLE shop (name text PRIMARY KEY);
    CREATE TABLE sale (id int PRIMARY KEY, shop text REFERENCES shop, amount int, sold date);
    INSERT INTO shop VALUES ('a'), ('b'), ('c');
    INSERT INTO sale VALUES (1, 'a', 10, '2024-01-10'), (2, 'a', 20, '2024-01-20'), (3, 'b', 30, '2024-01-30'), (4, 'b', 30, '2024-02-28');";

/// Statement; mutants that ran, those told apart, those that failed; kind and position of each that is alike.
const CASES: [(&str, &str); 21] = [
    ("SELECT id FROM sale WHERE amount > 10", "3|2|0|constant 36"),
    ("SELECT id FROM sale WHERE amount > 15", "3|1|0|comparison 34, constant 36"),
    ("SELECT id FROM sale WHERE amount >= 0", "3|0|0|condition 27, comparison 34, constant 37"),
    ("SELECT sum(amount) FROM sale", "1|1|0|"),
    ("SELECT max(amount) FROM sale WHERE shop = 'b'", "3|1|0|condition 36, aggregate 8"),
    ("SELECT count(shop) FROM sale", "1|1|0|"),
    ("SELECT count(id) FROM sale", "1|0|0|distinct 8"),
    ("SELECT count(DISTINCT shop) FROM sale", "1|1|0|"),
    ("SELECT DISTINCT shop FROM sale", "1|1|0|"),
    ("SELECT DISTINCT id FROM sale", "1|0|0|distinct"),
    ("SELECT s.name, x.id FROM shop s JOIN sale x ON x.shop = s.name", "1|1|0|"),
    ("SELECT s.name, x.id FROM sale x JOIN shop s ON x.shop = s.name", "1|0|0|join 38"),
    ("SELECT s.name, x.id FROM shop s LEFT JOIN sale x USING (id)", "-"),
    ("SELECT s.name, x.id FROM shop s LEFT JOIN sale x ON x.shop = s.name", "1|1|0|"),
    // the equality of two columns stays, wherever it stands
    ("SELECT s.name, x.id FROM shop s, sale x WHERE x.shop = s.name AND x.amount < 30", "3|3|0|"),
    ("SELECT shop, sum(amount) AS s FROM sale GROUP BY 1 ORDER BY 2", "2|2|0|"),
    ("SELECT id FROM sale ORDER BY amount, id LIMIT 2", "3|2|0|order 38"),
    ("SELECT id FROM sale WHERE sold BETWEEN '2024-01-15' AND '2024-01-20'", "4|2|0|constant 40, constant 57"),
    ("SELECT id, count(*) FILTER (WHERE amount IS NULL) FROM sale GROUP BY id", "2|2|0|"),
    ("SELECT shop FROM sale UNION SELECT name FROM shop", "1|1|0|"),
    ("SELECT 10 / (amount - 10) AS q FROM sale WHERE amount <> 10", "3|1|3|constant 8, constant 23"),
];

#[test]
fn the_proof_counts_what_the_result_shows() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    demo.run(&format!("CREATE SCHEMA proof; SET search_path = proof; {TABLES}"));
    let mut session = demo.session();
    session.run("SET search_path = proof;");
    let mut wrong = Vec::new();
    for (sql, expected) in CASES {
        let found = session.run(&format!(
            "SELECT CASE WHEN ok THEN concat_ws('|', mutation->>'mutants', mutation->>'told_apart', mutation->>'failed',
                 coalesce((SELECT string_agg(concat_ws(' ', a->>'kind', a->>'position'), ', ' ORDER BY n)
                           FROM jsonb_array_elements(mutation->'alike') WITH ORDINALITY AS x(a, n)), '')) ELSE '-' END
             FROM nlsql.check_sql($q${sql}$q$, '{{\"proof\": true}}');"
        ));
        if found != expected {
            wrong.push(format!("{sql}\n    {found}\n    {expected} was expected"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let unasked =
        session.run("SELECT ok, mutation IS NULL FROM nlsql.check_sql('SELECT id FROM sale WHERE amount > 10');");
    assert_eq!(unasked, "t|t");
    let refused = "SELECT ok, mutation IS NULL FROM nlsql.check_sql('SELECT id FROM sale WHERE amount > 99', '{\"proof\": true}');";
    assert_eq!(session.run(refused), "f|t");
    assert_eq!(cluster.alarms(), [""; 0]);
}

/// Whether the pairs of each split have a proof. How many a split has depends on which statements are alike.
const PROVED: &str = "SELECT string_agg(concat_ws(' ', coalesce(split, '-'), state), ', ' ORDER BY split) FROM
    (SELECT split, CASE WHEN bool_and(checks->>'mutation' IS NOT NULL) THEN 'proved'
                        WHEN bool_or(checks->>'mutation' IS NOT NULL) THEN 'some' ELSE 'plain' END AS state
     FROM nlsql.dataset WHERE run = 'r' AND kind = 'pair' GROUP BY split) AS s";

#[test]
fn evaluation_pairs_are_proved_on_their_way_out() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    let admin = demo.as_superuser();
    demo.generate(r#"'joins', 20, run => 'r', options => '{"seed": 1}'"#);
    demo.run("SELECT nlsql.jsonl('r')");
    assert_eq!(demo.run(PROVED), "- plain", "no pair is for evaluation yet");
    demo.run("SELECT nlsql.jsonl('r', 'eval', options => '{\"proof\": false}')");
    demo.run("BEGIN READ ONLY; SELECT nlsql.jsonl('r', 'eval'); COMMIT");
    assert_eq!(demo.run(PROVED), "- plain");

    demo.run("SELECT nlsql.split('r', '{\"train\": 0.5, \"dev\": 0.25, \"test\": 0.25}')");
    assert_eq!(demo.run(PROVED), "dev plain, test plain, train plain");
    demo.run("SELECT nlsql.jsonl('r', split => 'train')");
    assert_eq!(demo.run(PROVED), "dev plain, test plain, train plain");
    demo.run("SELECT nlsql.jsonl('r', split => 'test')");
    assert_eq!(demo.run(PROVED), "dev plain, test proved, train plain");
    // by a superuser, as the run's role
    admin.run("SELECT * FROM nlsql.export_dataset('r', 'd', 'bird')");
    assert_eq!(demo.run(PROVED), "dev proved, test proved, train plain");
    let told = "SELECT count(*) FROM (SELECT l::jsonb AS l FROM nlsql.jsonl('r', 'eval', 'test') AS l) AS x JOIN nlsql.dataset d
        ON d.sql = l->>'sql' AND l->'mutants' = d.checks#>'{mutation,mutants}' AND l->'told_apart' = d.checks#>'{mutation,told_apart}' AND (l->'mutants')::int > 0";
    let tested = demo.run("SELECT count(*) FROM nlsql.dataset WHERE run = 'r' AND split = 'test'");
    assert_eq!(demo.run(told), tested, "an evaluator reads how many changes the result tells apart");

    // what the gate refuses by now stays without
    admin.run("UPDATE nlsql.item SET checks = checks - 'mutation' WHERE split = 'test'");
    demo.run("ALTER TABLE insurer.claim RENAME TO was_claim");
    demo.run("SELECT nlsql.jsonl('r', split => 'test')");
    let about = "SELECT count(*) FROM nlsql.dataset WHERE split = 'test' AND checks->>'mutation' IS NOT NULL AND 'insurer.claim' = ANY (tables)";
    assert_eq!(demo.run(about), "0");
    assert_eq!(cluster.alarms(), [""; 0]);
}

#[test]
fn a_run_stores_its_proofs() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    demo.generate(r#"'joins', 30, run => 'proved', options => '{"proof": true, "seed": 1}'"#);
    demo.generate(r#"'joins', 5, run => 'plain', options => '{"seed": 1}'"#);
    let pairs = "SELECT run, count(*), bool_and((checks->'mutation'->>'mutants')::int > 0), bool_and(checks->'mutation' = 'null')
                 FROM nlsql.dataset GROUP BY run ORDER BY run";
    assert_eq!(demo.run(pairs), "plain|5||t\nproved|30|t|f");
    // the same pairs, whether or not they are proved
    let same = "SELECT count(*) FROM nlsql.dataset a JOIN nlsql.dataset b USING (slot, sql) WHERE a.run = 'plain' AND b.run = 'proved'";
    assert_eq!(demo.run(same), "5");
    println!(
        "mutants, told apart, failed: {}",
        demo.run("SELECT sum((checks->'mutation'->>'mutants')::int), sum((checks->'mutation'->>'told_apart')::int), sum((checks->'mutation'->>'failed')::int) FROM nlsql.dataset WHERE run = 'proved'")
    );
    assert_eq!(cluster.alarms(), [""; 0]);
}
