//! The leak audit: what is planted is found wherever a run keeps texts, and clean runs are clean.

mod support;

use support::{Cluster, Database, ModelServer, endpoint};

const PEOPLE: &str = "
CREATE SCHEMA hr;
CREATE TABLE hr.employee (employee_id int PRIMARY KEY, full_name text, email text, note text, extra jsonb, dept text);
INSERT INTO hr.employee
SELECT i, (ARRAY['Wilhelmina','Octavian','Peregrine','Seraphina'])[1 + i % 4] || ' ' ||
          (ARRAY['Abernathy','Blackwood','Carmichael','Delacroix','Eisenhower'])[1 + i % 5] ,
       'e' || i || '@corp.test', 'Salary talk number ' || i || ' went well, she will stay.',
       jsonb_build_object('badge', 'BX-' || (90000 + i), 'home', jsonb_build_object('phone', '+49 30 77' || (1000 + i))),
       (ARRAY['sales','stock','lab'])[1 + i % 3]
  FROM generate_series(1, 60) i;
CREATE TABLE hr.sale (sale_id int PRIMARY KEY, employee_id int NOT NULL REFERENCES hr.employee, amount numeric(8,2), channel text);
INSERT INTO hr.sale SELECT i, 1 + i % 60, i * 3.5, (ARRAY['web','shop'])[1 + i % 2] FROM generate_series(1, 400) i;
ANALYZE;
";

fn findings(db: &Database, run: &str) -> String {
    db.run(&format!(
        "SELECT source, \"column\", found_in, field, match FROM nlsql.audit('{run}') ORDER BY 1, 2, 3, 4, 5"
    ))
}

#[test]
fn what_is_planted_is_found_and_clean_runs_are_clean() {
    let cluster = Cluster::new();
    cluster.create_role("anna");
    let anna = cluster.create_database("hr", "anna");
    anna.run(PEOPLE);
    anna.generate("'single_table', 12, run => 'r', options => '{\"seed\": 1}'");
    anna.generate("'schema_docs', 10, run => 'r'");
    anna.generate("'sample_data', run => 'r', options => '{\"n_rows\": 40}'");
    assert_eq!(findings(&anna, "r"), "");

    // no user can plant anything: the owner of the extension does it for the test, one place at a time
    let owner = anna.as_superuser();
    let plant = |set: &str, wanted: &str| {
        owner.run(&format!("CREATE TABLE keep AS SELECT * FROM nlsql.item; UPDATE nlsql.item SET {set}"));
        assert_eq!(findings(&anna, "r"), wanted, "{set}");
        owner.run(
            "UPDATE nlsql.item i SET question = k.question, sql = k.sql, rows = k.rows, answer = k.answer, literals = k.literals
               FROM keep k WHERE k.id = i.id; DROP TABLE keep",
        );
        assert_eq!(findings(&anna, "r"), "");
    };
    let first = |kind: &str| format!("WHERE id = (SELECT min(id) FROM nlsql.item WHERE kind = '{kind}')");
    plant(
        &format!("question = 'What did Octavian Blackwood sell?' {}", first("pair")),
        "hr.employee|full_name|dataset|question|part",
    );
    plant(
        &format!("question = 'what did OCTAVIAN BLACKWOOD sell' {}", first("pair")),
        "hr.employee|full_name|dataset|question|part",
    );
    plant(
        &format!("sql = 'SELECT 1 WHERE ''x'' = ''E7@corp.test''' {}", first("pair")),
        "hr.employee|email|dataset|sql|folded",
    );
    plant(&format!("answer = 'Write to e9@corp.test.' {}", first("qa")), "hr.employee|email|dataset|answer|part");
    plant(
        &format!("rows = jsonb_set(rows, '{{full_name}}', '\"Seraphina Delacroix\"') {}", first("row")),
        "hr.employee|full_name|dataset|rows.full_name|exact",
    );
    plant(
        &format!("rows = jsonb_set(rows, '{{extra,home,phone}}', '\"call +49 30 771007 now\"') {}", first("row")),
        "hr.employee|extra|dataset|rows.extra.home.phone|part",
    );
    plant(
        &format!("rows = jsonb_set(rows, '{{extra,tags}}', '[\"a\", \"BX-90011\"]') {}", first("row")),
        "hr.employee|extra|dataset|rows.extra.tags[]|exact",
    );
    plant(
        &format!("literals = '[{{\"value\": \"e12@corp.test\"}}]' {}", first("pair")),
        "hr.employee|email|dataset|literals[].value|exact",
    );
    owner.run(
        "INSERT INTO nlsql.reject (run_id, phase, task, question, stage, message, engine)
         SELECT id, 'joins', 1, 'Ask Peregrine Carmichael', 'parse', 'syntax error', 'offline' FROM nlsql.run",
    );
    assert_eq!(findings(&anna, "r"), "hr.employee|full_name|rejected|question|part");

    // a value that the owner of the table keeps is no finding
    anna.run("INSERT INTO nlsql.column_policy VALUES ('hr', 'employee', 'full_name', 'keep')");
    assert_eq!(findings(&anna, "r"), "");
    let missing = anna.error("SELECT * FROM nlsql.audit('no_such')");
    assert_eq!(missing.sqlstate, "42704", "{missing}");
    assert_eq!(cluster.alarms(), [""; 0]);
}

#[test]
fn owners_decide_and_new_columns_do_not_come_through() {
    let cluster = Cluster::new();
    cluster.create_role("anna");
    cluster.create_role("bert");
    let anna = cluster.create_database("hr", "anna");
    anna.run(PEOPLE);
    anna.as_superuser().run(&support::grants("bert"));
    anna.run("GRANT USAGE ON SCHEMA hr TO bert; GRANT SELECT ON ALL TABLES IN SCHEMA hr TO bert");
    let bert = anna.as_role("bert");
    let row = |column: &str| {
        anna.run(&format!("SELECT count(*), count(a -> '{column}'), count(DISTINCT a ->> '{column}'), min(a ->> '{column}') FROM nlsql.anonymize('hr.employee', 100, 1) a"))
    };
    // who does not own the table has no say in it
    let denied = bert.error("INSERT INTO nlsql.column_policy VALUES ('hr', 'employee', 'email', 'keep')");
    assert_eq!(denied.sqlstate, "42501", "{denied}");
    anna.run("INSERT INTO nlsql.column_policy VALUES ('hr', 'employee', 'email', 'drop')");
    assert_eq!(bert.run("DELETE FROM nlsql.column_policy RETURNING 1"), "");
    assert_eq!(row("email"), "60|0|0|");
    anna.run("UPDATE nlsql.column_policy SET policy = 'mask'");
    assert_eq!(row("email"), "60|60|1|***");
    anna.run("UPDATE nlsql.column_policy SET policy = 'keep'");
    assert_eq!(row("email"), "60|60|60|e10@corp.test");
    anna.run("UPDATE nlsql.column_policy SET policy = 'fake', fake = 'full_name'");
    assert!(!row("email").contains('@'), "{}", row("email"));
    anna.run("DELETE FROM nlsql.column_policy");

    // a column that comes while a run is going is either not there or not itself, whatever it is called
    anna.run("SELECT nlsql.generate('sample_data', run => 'r', options => '{\"n_rows\": 60, \"workers\": 1}')");
    anna.run("ALTER TABLE hr.employee ADD COLUMN quirk text; UPDATE hr.employee SET quirk = 'odd habit of number ' || employee_id");
    anna.run("CALL nlsql.wait('r')");
    anna.generate("'sample_data', run => 'after', options => '{\"n_rows\": 60}'");
    assert_eq!(anna.number("SELECT count(*) FROM nlsql.dataset WHERE rows::text LIKE '%odd habit%'"), 0);
    assert_eq!(findings(&anna, "after"), "");
    // a type that nlsql knows nothing of is not passed on
    anna.run("CREATE TYPE hr.pair AS (a text, b int); ALTER TABLE hr.employee ADD COLUMN p hr.pair; UPDATE hr.employee SET p = ('private', 1)");
    assert_eq!(row("p"), "60|60|0|");
    assert_eq!(cluster.alarms(), [""; 0]);
}

/// Every phase, a little of each.
fn generate_each(db: &Database, more: &str) {
    for (phase, count) in [
        ("single_table", "40"),
        ("joins", "30"),
        ("complex_sqls", "20"),
        ("builtins", "30"),
        ("schema_docs", "40"),
        ("schema_relationship", "20"),
    ] {
        db.generate(&format!("'{phase}', {count}, run => 'r', options => '{{\"seed\": 5{more}}}'"));
    }
}

#[test]
fn runs_on_public_databases_are_clean() {
    let cluster = Cluster::new();
    for name in ["sakila", "pagila", "chinook", "northwind", "synthea"] {
        let Some(db) = cluster.public(name) else { return };
        generate_each(&db, "");
        db.generate("'sample_data', run => 'r', options => '{\"n_rows\": 8}'");
        assert_eq!(findings(&db, "r"), "", "{name}");
    }
    assert_eq!(cluster.alarms(), [""; 0]);
}

#[test]
fn what_an_honest_model_writes_is_clean() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    let server = ModelServer::new();
    endpoint(&demo, "stand_in", &server, "");
    let tables = r#", "tables": ["insurer.payer", "insurer.plan", "insurer.member", "insurer.provider", "insurer.encounter", "insurer.claim"]"#;
    for (engine, phases) in [("openai", &["single_table", "joins", "schema_docs"][..]), ("reword", &["single_table"])] {
        for phase in phases {
            demo.generate(&format!(
                r#"'{phase}', 20, run => '{engine}', options => '{{"seed": 3, "engine": "{engine}", "endpoint": "stand_in"{tables}}}'"#
            ));
        }
        assert_eq!(findings(&demo, engine), "", "{engine}");
        assert!(demo.number(&format!("SELECT count(*) FROM nlsql.dataset WHERE run = '{engine}'")) >= 20);
    }
    // a question of one's own goes to the model as it is
    let asked = r#""questions": ["What did Gertrude Blackwood-Okonkwo pay?"]"#;
    demo.as_superuser().run("UPDATE insurer.member SET first_name = 'Gertrude', last_name = 'Blackwood-Okonkwo' WHERE member_id = (SELECT min(member_id) FROM insurer.member)");
    demo.generate(&format!(
        r#"'questions', run => 'asked', options => '{{"engine": "openai", "endpoint": "stand_in", {asked}{tables}}}'"#
    ));
    let found = findings(&demo, "asked");
    assert!(found.contains("insurer.member|last_name|run_phase|options.questions[]|part"), "{found}");
}
