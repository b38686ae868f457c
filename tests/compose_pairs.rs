//! Composed pairs end to end: the same whoever works, right for odd schemas, complete in every phase.

mod support;

use support::{Cluster, Database};

const PHASES: [&str; 4] = ["single_table", "joins", "complex_sqls", "builtins"];

/// Makes one run over the phases and gives its lines.
fn lines(database: &Database, run: &str, count: u32, options: &str) -> String {
    for phase in PHASES {
        database.run(&format!("SELECT nlsql.generate('{phase}', {count}, '{run}', '{options}')"));
    }
    database.run(&format!("CALL nlsql.wait('{run}')"));
    database.raw(&format!("SELECT * FROM nlsql.jsonl('{run}')"))
}

#[test]
fn the_same_seed_gives_the_same_bytes_with_one_worker_or_three() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    let one = lines(&demo, "one", 60, r#"{"seed": 11, "workers": 1}"#);
    let three = lines(&demo, "three", 60, r#"{"seed": 11, "workers": 3}"#);
    let bare = |text: &str| text.replace("\"three\"", "\"one\"");
    assert!(one.lines().count() == 240, "{}", one.lines().count());
    for (a, b) in one.lines().zip(three.lines()) {
        assert_eq!(a, bare(b));
    }
    assert_eq!(one.len(), bare(&three).len());
    let other = lines(&demo, "other", 10, r#"{"seed": 12}"#);
    assert_ne!(one.lines().next(), other.lines().next(), "another seed gives other pairs");
    assert_eq!(cluster.alarms(), [""; 0]);
}

#[test]
fn every_pair_is_as_asked() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    lines(&demo, "r", 80, r#"{"seed": 5, "difficulty": {"medium": 1, "hard": 1}, "styles": ["formal", "keyword"]}"#);
    let wrong = "SELECT count(*) FROM nlsql.dataset WHERE NOT (checks ->> 'executed')::bool \
                 OR difficulty IS DISTINCT FROM checks #>> '{asked,difficulty}' \
                 OR difficulty NOT IN ('medium', 'hard') OR style NOT IN ('formal', 'keyword') OR question ~ '[a-z]_[a-z]'";
    assert_eq!(demo.number(wrong), 0);
    let total = demo.number("SELECT count(*) FROM nlsql.dataset");
    assert!(total > 300, "{total}");
    // three tables and more in complex_sqls and joins where asked
    for phase in ["joins", "complex_sqls"] {
        demo.run(&format!(r#"SELECT nlsql.generate('{phase}', 40, 'wide', '{{"seed": 5, "min_joins": 3}}')"#));
    }
    demo.run("CALL nlsql.wait('wide')");
    assert!(demo.number("SELECT count(*) FROM nlsql.dataset WHERE run = 'wide'") >= 70);
    assert_eq!(demo.number("SELECT count(*) FROM nlsql.dataset WHERE run = 'wide' AND cardinality(tables) < 3"), 0);
    // a vague question leans on a definition, any other stands alone
    demo.run(r#"SELECT nlsql.generate('single_table', 40, 'vague', '{"seed": 5, "styles": ["vague"]}'); CALL nlsql.wait('vague')"#);
    assert_eq!(demo.number("SELECT count(*) FROM nlsql.dataset WHERE run = 'vague' AND evidence IS NULL"), 0);
    assert_eq!(demo.number("SELECT count(*) FROM nlsql.dataset WHERE run = 'vague' AND style = 'vague'"), 40);
    // each function of the list, in turn
    let options = r#"{"seed": 5, "functions": ["string_agg", "date_trunc", "percentile_cont", "lag"]}"#;
    demo.run(&format!("SELECT nlsql.generate('builtins', 40, 'shown', '{options}'); CALL nlsql.wait('shown')"));
    for function in ["string_agg", "date_trunc", "percentile_cont", "lag"] {
        let count = demo.number(&format!(
            "SELECT count(*) FROM nlsql.dataset WHERE run = 'shown' AND '{function}' = ANY (functions)"
        ));
        assert!(count >= 8, "{function}: {count}");
    }
}

#[test]
fn every_column_of_a_result_has_something_to_tell() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    lines(&demo, "r", 150, r#"{"seed": 7}"#);
    // columns that hold one value in three rows and more; a total beside each part is meant to
    demo.run(
        "CREATE FUNCTION dull(query text) RETURNS bool LANGUAGE plpgsql AS $$ DECLARE found bool; BEGIN \
         EXECUTE format('SELECT coalesce(bool_or(r > 2 AND d = 1), false) FROM (SELECT count(*) r, count(DISTINCT value) d \
         FROM (%s) q, jsonb_each(to_jsonb(q)) GROUP BY key) c', query) INTO found; RETURN found; END $$",
    );
    let plain = "FROM nlsql.dataset WHERE sql !~ ' OVER |UNION|EXCEPT|INTERSECT' AND sql !~ '^SELECT.*\\(SELECT'";
    let dull = demo.raw(&format!("SELECT sql {plain} AND dull(sql)"));
    assert_eq!(dull, "");
    assert!(demo.number(&format!("SELECT count(*) {plain}")) > 300);
    assert_eq!(
        demo.raw("SELECT dull('SELECT n, 1 FROM generate_series(1, 3) n')").trim(),
        "t",
        "what is looked for is found"
    );
}

/// The features that the contract names.
const FEATURES: &str = "aggregate, group_by, having, order_by, limit, distinct, distinct_on, cte, cte_recursive, window, \
    subq_scalar, subq_in, subq_exists, subq_from, subq_correlated, set_op, case, lateral, grouping_sets, filter, \
    ordered_set_agg, jsonb, array, range, full_text, regex, like, date_fn, self_join, outer_join, values, join";

#[test]
fn every_feature_is_drawn_and_none_is_rare() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    // beside it the demo has a column of every type that a feature needs
    demo.run(
        "CREATE TABLE leaflet (leaflet_id int PRIMARY KEY, title text NOT NULL, words tsvector NOT NULL);
         INSERT INTO leaflet SELECT g, t, to_tsvector('simple', t) FROM generate_series(1, 120) g, concat_ws(' ', 'Leaflet', g,
             (ARRAY['sleep', 'diet', 'smoking', 'travel'])[1 + g % 4], (ARRAY['heart', 'blood', 'vision'])[1 + g % 3]) t",
    );
    // those who are still there shift what the statistics say of the others' departures
    demo.run(
        "CREATE TABLE stay (stay_id int PRIMARY KEY, departed_at timestamp, arrived_at timestamp NOT NULL, room text NOT NULL);
         INSERT INTO stay SELECT g, CASE WHEN g < 360 THEN t + interval '30 hours' END, t, 'Room ' || g % 40
           FROM generate_series(1, 400) g, LATERAL (SELECT timestamp '2023-01-02 14:00' + g * interval '9 hours' AS t) a;
         ANALYZE stay",
    );
    // of plain fittings nothing links anywhere
    demo.run(
        "CREATE TABLE fitting (fitting_id int PRIMARY KEY, label text NOT NULL, kind text NOT NULL, link text, size int);
         INSERT INTO fitting SELECT g, 'Fitting ' || g, k, CASE k WHEN 'link' THEN 'page ' || g % 7 END, CASE k WHEN 'size' THEN g END
           FROM generate_series(1, 90) g, LATERAL (SELECT (ARRAY['plain', 'link', 'size'])[1 + g % 3] AS k) x;
         ANALYZE fitting",
    );
    for phase in PHASES {
        let functions = if phase == "builtins" { r#", "functions": ["all"]"# } else { "" };
        demo.run(&format!(r#"SELECT nlsql.generate('{phase}', 300, 'r', '{{"seed": 9{functions}}}')"#));
    }
    demo.run("CALL nlsql.wait('r')");
    assert!(demo.number("SELECT count(*) FROM nlsql.dataset") >= 1_150);
    let missing = format!(
        "SELECT concat_ws(', ', VARIADIC array_agg(f)) FROM unnest(string_to_array('{FEATURES}', ', ')) f
          WHERE NOT EXISTS (SELECT FROM nlsql.dataset d WHERE f = ANY (d.features))"
    );
    assert_eq!(demo.raw(&missing).trim(), "", "features that no pair has");
    // a name is said as it is written, whatever other words are put into a question
    let unsaid = "SELECT count(*) FROM nlsql.dataset d, jsonb_array_elements(d.literals) l
        WHERE d.phase <> 'builtins' AND l ->> 'column' LIKE '%.name' AND l ->> 'type' = 'text' AND l ->> 'value' ~ '^[^%^\\\\]+$'
          AND position(l ->> 'value' IN d.question || coalesce(d.evidence, '')) = 0";
    assert_eq!(demo.number(unsaid), 0, "names that their questions do not say");
    let backwards =
        "SELECT count(*) FROM nlsql.dataset WHERE question ~* 'from (the )?(departed|departure).* to (the )?arriv'";
    assert_eq!(demo.number(backwards), 0, "stays that end before they begin");
    // a cut that keeps ties leaves something out, and where several are asked for not all of them tie
    let kept = r"sql ~ 'FETCH FIRST \d+ ROWS WITH TIES\s*$'";
    assert!(demo.number(&format!("SELECT count(*) FROM nlsql.dataset WHERE {kept}")) > 10);
    demo.run(&format!(
        r"DO $$ DECLARE statement text; kept bigint; whole bigint; first bigint; BEGIN
            FOR statement IN SELECT sql FROM nlsql.dataset WHERE {kept} LOOP
                EXECUTE format('SELECT count(*) FROM (%s) x', statement) INTO kept;
                EXECUTE format('SELECT count(*) FROM (%s) x', regexp_replace(statement, 'FETCH FIRST \d+ ROWS WITH TIES\s*$', '')) INTO whole;
                IF kept >= whole THEN RAISE EXCEPTION 'cuts nothing off: %', statement; END IF;
                EXECUTE format('SELECT count(*) FROM (%s) x', regexp_replace(statement, 'FIRST \d+ ROWS WITH TIES\s*$', 'FIRST 1 ROWS WITH TIES')) INTO first;
                IF kept = first AND statement !~ 'FIRST 1 ROWS' THEN RAISE EXCEPTION 'all that it leaves ties: %', statement; END IF;
            END LOOP; END $$"
    ));
    demo.run(
        "DO $$ DECLARE statement text; hollow text; BEGIN
            FOR statement IN SELECT sql FROM nlsql.dataset WHERE sql ~ 'fitting' LOOP
                EXECUTE format('SELECT min(k) FROM (SELECT e.key AS k FROM (%s) x, jsonb_each(to_jsonb(x)) e
                                 GROUP BY e.key HAVING bool_and(e.value = ''null'')) y', statement) INTO hollow;
                IF hollow IS NOT NULL THEN RAISE EXCEPTION '% is NULL throughout: %', hollow, statement; END IF;
            END LOOP; END $$",
    );
    let fittings = demo.number("SELECT count(*) FROM nlsql.dataset WHERE sql ~ 'fitting'");
    assert!(fittings > 15, "{fittings}");
    // one row has no order
    let sorted = r"sql ~ '\nORDER BY [^\n]+$|ORDER BY [^)\n]+$' AND sql !~ 'LIMIT|FETCH'";
    assert!(demo.number(&format!("SELECT count(*) FROM nlsql.dataset WHERE {sorted}")) > 50);
    demo.run(&format!(
        "DO $$ DECLARE statement text; rows bigint; BEGIN
            FOR statement IN SELECT sql FROM nlsql.dataset WHERE {sorted} LOOP
                EXECUTE format('SELECT count(*) FROM (%s) x', statement) INTO rows;
                IF rows < 2 THEN RAISE EXCEPTION 'one row is sorted: %', statement; END IF;
            END LOOP; END $$"
    ));
    // what makes a pair complex is in a tenth of them
    for features in ["cte", "window", "subq_scalar,subq_in,subq_exists,subq_from", "set_op"] {
        let share = demo.number(&format!(
            "SELECT round(100 * avg((features && '{{{features}}}')::int))::int FROM nlsql.dataset WHERE phase = 'complex_sqls'"
        ));
        assert!(share >= 10, "{features}: {share} %");
    }
}

/// A schema of one kind each, and the phases that it can yield.
const ODD: [(&str, &str, &[&str]); 6] = [
    (
        "one_table",
        "CREATE TABLE \"Messwert\" (\"Nr\" int PRIMARY KEY, \"Straße\" text NOT NULL, \"Größe\" numeric NOT NULL, \"Erfasst am\" date NOT NULL);
         INSERT INTO \"Messwert\" SELECT g, (ARRAY['Hauptstraße','Am Markt','Ring'])[1 + g % 3], (g * 37) % 101 + 0.5, date '2021-01-01' + (g * 17) % 700 FROM generate_series(1, 400) g",
        &["single_table", "complex_sqls", "builtins"],
    ),
    (
        "only_views",
        "CREATE SCHEMA hidden; CREATE TABLE hidden.t AS SELECT g AS id, (ARRAY['red','green','blue'])[1 + g % 3] AS colour, (g * 31) % 97 AS weight FROM generate_series(1, 300) g;
         CREATE VIEW tbl_stones AS SELECT * FROM hidden.t; GRANT SELECT ON tbl_stones TO odd",
        &["single_table", "builtins"],
    ),
    (
        "composite_keys",
        "CREATE TABLE dim_plant (country text, code int, \"plantName\" text NOT NULL, PRIMARY KEY (country, code));
         CREATE TABLE fact_output (country text, code int, day date, units_made int NOT NULL, PRIMARY KEY (country, code, day), FOREIGN KEY (country, code) REFERENCES dim_plant);
         INSERT INTO dim_plant SELECT c, n, 'Plant ' || c || n FROM unnest(ARRAY['DE','FR','IT']) c, generate_series(1, 4) n;
         INSERT INTO fact_output SELECT country, code, date '2022-01-01' + g, (g * 53 + code * 7) % 211 FROM dim_plant, generate_series(0, 59) g",
        &PHASES,
    ),
    (
        "partitions",
        "CREATE TABLE orders (order_id int, placed_on date NOT NULL, amount numeric NOT NULL, channel text NOT NULL) PARTITION BY RANGE (placed_on);
         CREATE TABLE orders_2021 PARTITION OF orders FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
         CREATE TABLE orders_2022 PARTITION OF orders FOR VALUES FROM ('2022-01-01') TO ('2023-01-01');
         INSERT INTO orders SELECT g, date '2021-01-01' + g % 720, (g * 7919 % 10000) / 100.0, (ARRAY['web','shop'])[1 + g % 2] FROM generate_series(1, 1500) g",
        &["single_table", "builtins"],
    ),
    (
        "other_scripts",
        "CREATE TABLE клиенты (код int PRIMARY KEY, имя text NOT NULL, город text NOT NULL);
         CREATE TABLE 注文 (番号 int PRIMARY KEY, клиент int NOT NULL REFERENCES клиенты, 金額 numeric NOT NULL, 日付 date NOT NULL);
         INSERT INTO клиенты SELECT g, 'Клиент ' || g, (ARRAY['Москва','Казань','Омск'])[1 + g % 3] FROM generate_series(1, 30) g;
         INSERT INTO 注文 SELECT g, 1 + g % 30, (g * 7919 % 9973) / 10.0, date '2020-01-01' + g % 900 FROM generate_series(1, 900) g",
        &PHASES,
    ),
    (
        "empty",
        "CREATE TABLE \"OrderHeaders\" (\"OrderHeaderId\" int PRIMARY KEY, \"PlacedAt\" timestamp NOT NULL, \"TotalAmt\" numeric NOT NULL);
         CREATE TABLE \"OrderLines\" (\"OrderLineId\" int PRIMARY KEY, \"OrderHeaderId\" int NOT NULL REFERENCES \"OrderHeaders\", \"Qty\" int NOT NULL, \"ItemName\" text)",
        &["single_table", "joins", "complex_sqls"],
    ),
];

#[test]
fn odd_schemas_yield_pairs() {
    let cluster = Cluster::new();
    cluster.create_role("odd");
    for (name, schema, phases) in ODD {
        let database = cluster.create_database(name, "odd");
        // a view's owner may read what lies behind it, the run's role need not
        if name == "only_views" {
            database.as_superuser().run(schema)
        } else {
            database.run(schema)
        };
        let empty = if name == "empty" { r#", "schema_only": true"# } else { "" };
        for phase in phases {
            database.run(&format!("SELECT nlsql.generate('{phase}', 20, 'r', '{{\"seed\": 3{empty}}}')"));
        }
        database.run("CALL nlsql.wait('r')");
        for phase in phases {
            let stored = database.number(&format!("SELECT count(*) FROM nlsql.dataset WHERE phase = '{phase}'"));
            assert_eq!(stored, 20, "{name}, {phase}");
        }
        let executed = database.number("SELECT count(*) FROM nlsql.dataset WHERE (checks ->> 'executed')::bool");
        assert_eq!(executed, if name == "empty" { 0 } else { 20 * phases.len() as i64 }, "{name}");
        let parts =
            database.number("SELECT count(*) FROM nlsql.dataset WHERE array_to_string(tables, ' ') ~ 'orders_20'");
        assert_eq!(parts, 0, "partitions are no subjects of their own");
    }
    assert_eq!(cluster.alarms(), [""; 0]);
}
