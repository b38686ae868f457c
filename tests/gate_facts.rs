//! What the gate finds out about a statement and its result, and where it points to in what it refuses.

mod support;

use support::{Cluster, Session};

const TABLES: &str = "CREATE SCHEMA shop; SET search_path = shop;
CREATE TABLE customer (id int PRIMARY KEY, name text, city text);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int REFERENCES customer, total numeric, placed date);
CREATE TABLE item (order_id int REFERENCES orders, line int, product text, price numeric, PRIMARY KEY (order_id, line));
CREATE TABLE note (order_id int REFERENCES orders, words text);
INSERT INTO customer VALUES (1, 'Ann', 'Rome'), (2, 'Bob', 'Oslo');
INSERT INTO orders VALUES (1, 1, 10, '2024-01-01'), (2, 1, 20, '2024-02-01'), (3, 2, 30, '2024-03-01');
INSERT INTO item VALUES (1, 1, 'pen', 4), (1, 2, 'ink', 6), (2, 1, 'pen', 20), (3, 1, 'cup', 30);
INSERT INTO note VALUES (1, 'late'), (1, 'paid'), (3, 'gift');
ANALYZE";

fn session(cluster: &Cluster) -> Session {
    let demo = cluster.demo("demo");
    demo.run(TABLES);
    let mut session = demo.session();
    session.run("SET search_path = shop;");
    session
}

/// Statement, and whether an aggregate of it counts rows twice.
const FAN_OUTS: [(&str, bool); 29] = [
    ("SELECT sum(o.total) FROM orders o JOIN item i ON i.order_id = o.id", true),
    ("SELECT avg(o.total) FROM orders o JOIN item i ON i.order_id = o.id", true),
    ("SELECT count(o.id) FROM orders o JOIN item i ON i.order_id = o.id", true),
    ("SELECT count(DISTINCT o.id) FROM orders o JOIN item i ON i.order_id = o.id", false),
    ("SELECT count(*) FROM orders o JOIN item i ON i.order_id = o.id", false),
    ("SELECT max(o.total) FROM orders o JOIN item i ON i.order_id = o.id", false),
    ("SELECT sum(i.price) FROM orders o JOIN item i ON i.order_id = o.id", false),
    // one for each joined row is a count of those, and a total of one in some of them is not
    ("SELECT sum(CASE WHEN o.total > 15 THEN 1 ELSE 0 END) FROM orders o JOIN item i ON i.order_id = o.id", false),
    ("SELECT sum(CASE WHEN i.line = 1 THEN o.total END) FROM orders o JOIN item i ON i.order_id = o.id", true),
    ("SELECT c.name, sum(o.total) FROM customer c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id", false),
    ("SELECT sum(i.price) FROM orders o JOIN item i ON i.order_id = o.id JOIN note n ON n.order_id = o.id", true),
    ("SELECT sum(o.total) FROM orders o, item i WHERE i.order_id = o.id AND i.line = 1", false),
    ("SELECT sum(o.total) FROM orders o WHERE EXISTS (SELECT FROM item i WHERE i.order_id = o.id)", false),
    // through subqueries and CTEs that pass rows on
    ("SELECT sum(q.total) FROM (SELECT o.total, i.product FROM orders o JOIN item i ON i.order_id = o.id) q", true),
    ("SELECT avg(q.t) FROM (SELECT o.total * 2 AS t FROM orders o JOIN item i ON i.order_id = o.id) q", true),
    ("SELECT sum(q.price) FROM (SELECT o.total, i.price FROM orders o JOIN item i ON i.order_id = o.id) q", false),
    (
        "WITH j AS (SELECT o.total, i.product FROM orders o JOIN item i ON i.order_id = o.id) SELECT product, sum(total) FROM j GROUP BY product",
        true,
    ),
    (
        "WITH a AS (SELECT * FROM orders), b AS (SELECT * FROM item) SELECT sum(a.total) FROM a JOIN b ON b.order_id = a.id",
        true,
    ),
    (
        "WITH a AS (SELECT * FROM orders), b AS (SELECT * FROM item) SELECT sum(b.price) FROM a JOIN b ON b.order_id = a.id",
        false,
    ),
    ("SELECT sum(i.price) FROM item i JOIN (SELECT * FROM orders WHERE total > 5) o ON o.id = i.order_id", false),
    ("SELECT sum(i.price) FROM item i JOIN (SELECT id AS k FROM orders) o ON o.k = i.order_id", false),
    ("SELECT sum(o.total) FROM orders o JOIN (SELECT order_id FROM item) i ON i.order_id = o.id", true),
    // those that merge rows have keys, those that nothing is known of are not accused
    (
        "SELECT sum(o.total) FROM orders o JOIN (SELECT order_id, count(*) FROM item GROUP BY order_id) i ON i.order_id = o.id",
        false,
    ),
    ("SELECT sum(o.total) FROM orders o JOIN (SELECT DISTINCT order_id FROM item) i ON i.order_id = o.id", false),
    (
        "SELECT sum(t.s) FROM (SELECT order_id, sum(price) AS s FROM item GROUP BY order_id) t JOIN note n ON n.order_id = t.order_id",
        true,
    ),
    (
        "SELECT sum(o.total) FROM orders o JOIN (SELECT order_id FROM item UNION SELECT order_id FROM note) u ON u.order_id = o.id",
        false,
    ),
    ("SELECT sum(o.total), (SELECT max(price) FROM item) FROM orders o", false),
    ("SELECT sum(o.total * i.price) FROM orders o JOIN item i ON i.order_id = o.id", false),
    (
        "SELECT sum(o.total * i.price) FROM orders o JOIN item i ON i.order_id = o.id JOIN note n ON n.order_id = o.id",
        true,
    ),
];

#[test]
fn aggregates_that_count_rows_twice_are_marked() {
    let cluster = Cluster::new();
    let mut session = session(&cluster);
    let mut wrong = Vec::new();
    for (sql, expected) in FAN_OUTS {
        let found = session.run(&format!(
            "SELECT ok, details #> '{{result,fan_out}}' FROM nlsql.check_sql($q${sql}$q$, '{{\"details\": true}}');"
        ));
        if found != format!("t|{expected}") {
            wrong.push(format!("{sql}: {found}"));
        }
        let refused = session.run(&format!(
            "SELECT NOT ok AND stage = 'result' FROM nlsql.check_sql($q${sql}$q$, '{{\"refuse\": [\"fan_out\"]}}');"
        ));
        assert_eq!(refused, if found.ends_with("true") { "t" } else { "f" }, "{sql}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(cluster.alarms(), [""; 0]);
}

/// Statement, and facts of its result that hold: all_null, constant, duplicate_rows, whole_table.
const RESULTS: [(&str, &str); 14] = [
    ("SELECT * FROM orders", "whole_table"),
    ("SELECT id FROM orders ORDER BY id", "whole_table"),
    ("SELECT id FROM orders WHERE total > 0", "whole_table"),
    ("SELECT id FROM orders WHERE id > 0 AND placed < '2030-01-01' ORDER BY id DESC", "whole_table"),
    ("SELECT id FROM orders WHERE total > 10", ""),
    ("SELECT id FROM orders WHERE total >= 30", ""),
    ("SELECT id FROM orders LIMIT 2", ""),
    ("SELECT DISTINCT id FROM orders", ""),
    ("SELECT count(*) FROM orders WHERE total > 0", ""),
    ("SELECT o.id FROM orders o JOIN customer c ON c.id = o.customer_id WHERE o.total > 0", ""),
    ("SELECT customer_id FROM orders", "duplicate_rows,whole_table"),
    ("SELECT 1 FROM orders WHERE total > 10", "constant,duplicate_rows"),
    ("SELECT product FROM item WHERE product = 'pen'", "constant,duplicate_rows"),
    ("SELECT name FROM customer WHERE city = 'Rome'", ""),
];

#[test]
fn results_are_described() {
    let cluster = Cluster::new();
    let mut session = session(&cluster);
    let mut wrong = Vec::new();
    for (sql, expected) in RESULTS {
        let found = session.run(&format!(
            "SELECT string_agg(key, ',' ORDER BY key) FILTER (WHERE value = 'true') FROM nlsql.check_sql($q${sql}$q$, '{{\"details\": true}}'),
                 jsonb_each(details->'result') WHERE key <> 'fan_out';"
        ));
        if found != expected {
            wrong.push(format!("{sql}: {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let refused = "SELECT stage, message FROM nlsql.check_sql('SELECT id FROM orders WHERE total > 0', '{\"refuse\": [\"whole_table\"]}');";
    assert_eq!(session.run(refused), "result|result is a whole table");
    let sample = "SELECT details->>'joins', details->>'depth', details#>>'{plan,nodes,0}', (details#>>'{plan,cost}')::float > 0, (details#>>'{plan,rows}')::float > 0
        FROM nlsql.check_sql('SELECT c.name FROM customer c JOIN orders o ON o.customer_id = c.id WHERE o.total > (SELECT avg(total) FROM orders) LIMIT 1', '{\"details\": true}');";
    assert_eq!(session.run(sample), "1|2|Limit|t|t");
}

/// Statement; each literal's value, type and column; the template.
const LITERALS: [(&str, &str, &str); 9] = [
    ("SELECT id FROM orders WHERE total > 10", "10 integer shop.orders.total", "SELECT id FROM orders WHERE total > ?"),
    ("SELECT id FROM orders WHERE 10 < total", "10 integer shop.orders.total", ""),
    (
        "SELECT name FROM customer WHERE city IN ('Rome', 'Oslo')",
        "Rome text shop.customer.city; Oslo text shop.customer.city",
        "",
    ),
    ("SELECT name FROM customer WHERE city LIKE 'R%'", "R% text shop.customer.city", ""),
    (
        "SELECT id FROM orders WHERE placed BETWEEN '2024-01-15' AND '2024-02-15'",
        "2024-01-15 date shop.orders.placed; 2024-02-15 date shop.orders.placed",
        "",
    ),
    ("SELECT q.t FROM (SELECT total AS t FROM orders) q WHERE q.t = 20", "20 integer shop.orders.total", ""),
    (
        "WITH w AS (SELECT city AS place FROM customer) SELECT place FROM w WHERE place <> 'Oslo'",
        "Oslo text shop.customer.city",
        "",
    ),
    (
        "SELECT 'x' || name, total * 2 > 5 FROM customer JOIN orders USING (id) LIMIT 1",
        "x text -; 2 integer -; 5 integer -; 1 integer -",
        "",
    ),
    (
        "SELECT o.id FROM customer c JOIN orders o ON o.customer_id = c.id AND c.name = 'Ann'",
        "Ann text shop.customer.name",
        "",
    ),
];

#[test]
fn literals_stand_with_the_column_that_they_meet() {
    let cluster = Cluster::new();
    let mut session = session(&cluster);
    let mut wrong = Vec::new();
    for (sql, expected, template) in LITERALS {
        let found = session.run(&format!(
            "SELECT (SELECT string_agg(concat_ws(' ', l->>'value', l->>'type', coalesce(l->>'column', '-')), '; ' ORDER BY n)
                     FROM jsonb_array_elements(details->'literals') WITH ORDINALITY AS x(l, n)), details->>'template'
             FROM nlsql.check_sql($q${sql}$q$, '{{\"details\": true}}');"
        ));
        let (literals, masked) = found.split_once('|').expect("two columns");
        if literals != expected || (!template.is_empty() && !masked.eq_ignore_ascii_case(template)) {
            wrong.push(format!("{sql}: {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // masks: literals for the template, and tables, columns and aliases for the skeleton
    let same = "SELECT count(DISTINCT c.skeleton), count(DISTINCT c.details->>'template') FROM (VALUES
        ('SELECT o.id FROM orders AS o WHERE o.total > 10'), ('SELECT o.id FROM orders AS o WHERE o.total > 20'),
        ('select c.name from customer as c where c.id > 1')) AS v(sql), LATERAL nlsql.check_sql(v.sql, '{\"details\": true}') AS c;";
    assert_eq!(session.run(same), "1|2");
}

/// Statement; stage, SQLSTATE and position of the refusal.
const POSITIONS: [(&str, &str); 11] = [
    ("SELEC 1", "parse|42601|1"),
    ("SELECT id FROM orders WHERE", "parse|42601|28"),
    ("SELECT nope FROM orders", "analyze|42703|8"),
    ("SELECT 'äöü€', nope FROM orders", "analyze|42703|16"),
    ("SELECT id FROM nowhere", "analyze|42P01|16"),
    ("SELECT nofn(id) FROM orders", "analyze|42883|8"),
    ("SELECT id, sum(total) FROM orders", "analyze|42803|8"),
    ("SELECT id FROM orders WHERE placed > 'never'", "analyze|22007|38"),
    ("SELECT 'äöü€', pg_sleep(1)", "policy|42501|16"),
    ("SELECT id FROM orders WHERE id = $1", "parse|42P02|34"),
    ("WITH d AS (DELETE FROM orders RETURNING id) SELECT 1", "parse|0A000|6"),
];

#[test]
fn refusals_say_where() {
    let cluster = Cluster::new();
    let mut session = session(&cluster);
    for (sql, expected) in POSITIONS {
        let found = session.run(&format!(
            "SELECT concat_ws('|', stage, sqlstate, position) FROM nlsql.check_sql($q${sql}$q$) WHERE NOT ok AND message <> '';"
        ));
        assert_eq!(found, expected, "{sql}");
    }
}

#[test]
fn one_plain_query_checks_thousands() {
    let cluster = Cluster::new();
    let mut session = session(&cluster);
    let found = session.run(
        "SELECT count(*), count(*) FILTER (WHERE c.ok), count(DISTINCT c.stage), sum(c.rows) FROM
            (SELECT format(CASE n % 4 WHEN 0 THEN 'SELECT nope FROM orders WHERE id = %s' WHEN 1 THEN 'SELECT 1 / (id - id) + %s FROM orders'
                           WHEN 2 THEN 'DELETE FROM orders WHERE id = %s' ELSE 'SELECT name FROM customer WHERE id <> %s' END, n) AS sql
             FROM generate_series(1, 4000) AS n) AS candidates, LATERAL nlsql.check_sql(candidates.sql) AS c;",
    );
    assert_eq!(found, "4000|1000|4|2000");
    assert_eq!(session.run("SELECT count(*) FROM orders;"), "3");
    assert_eq!(cluster.alarms(), [""; 0]);
}

/// What a function catches of its own errors opens no way past the memory limit.
#[test]
fn a_caught_error_leaves_the_memory_limit() {
    let cluster = Cluster::new();
    let mut session = session(&cluster);
    let found = session.run(
        "SELECT stage, sqlstate, message FROM nlsql.check_sql('SELECT xml_is_well_formed(''<a'' || name),
            (SELECT cardinality(array_agg(g)) FROM (SELECT generate_series(1, 30000000) AS g) AS q) FROM customer',
            '{\"memory_mb\": 40, \"timeout_ms\": 5000}');",
    );
    assert_ne!(found.split('|').next(), Some("accepted"), "{found}");
    assert!(found.contains("53200") || found.contains("57014"), "{found}");
}

#[test]
fn what_lies_behind_views_and_policies_is_named() {
    let cluster = Cluster::new();
    let mut session = session(&cluster);
    session.run(
        "CREATE VIEW paid AS SELECT o.* FROM orders o WHERE EXISTS (SELECT FROM note n WHERE n.order_id = o.id);
         CREATE VIEW buyer AS SELECT c.name, p.total FROM customer c JOIN paid p ON p.customer_id = c.id;
         ALTER TABLE item ENABLE ROW LEVEL SECURITY;
         ALTER TABLE item FORCE ROW LEVEL SECURITY;
         CREATE POLICY own ON item USING (order_id IN (SELECT id FROM orders));",
    );
    for (sql, tables, behind) in [
        ("SELECT name FROM customer", "shop.customer", ""),
        ("SELECT id FROM paid", "shop.paid", "shop.note,shop.orders"),
        ("SELECT b.name FROM buyer b", "shop.buyer", "shop.customer,shop.note,shop.orders,shop.paid"),
        ("SELECT line FROM item", "shop.item", "shop.orders"),
    ] {
        let found = session.run(&format!(
            "SELECT array_to_string(tables, ','), (SELECT string_agg(b, ',') FROM jsonb_array_elements_text(details->'behind') b)
             FROM nlsql.check_sql($q${sql}$q$, '{{\"details\": true}}');"
        ));
        assert_eq!(found, format!("{tables}|{behind}"), "{sql}");
    }
}

/// An allowed function may take locks and forget them; the caller's own stay.
#[test]
fn forgotten_advisory_locks_are_released_however_often_they_were_taken() {
    let cluster = Cluster::new();
    let mut session = session(&cluster);
    cluster.database("demo").as_superuser().run(
        "CREATE FUNCTION shop.grab() RETURNS bigint LANGUAGE sql AS
             'SELECT count(pg_advisory_lock(g % 3)) + count(pg_advisory_lock_shared(g % 2, 8)) FROM generate_series(1, 3000) g';
         INSERT INTO nlsql.allowed_function VALUES ('shop.grab()')",
    );
    session.run("SELECT pg_advisory_lock(77);");
    assert_eq!(session.run("SELECT ok FROM nlsql.check_sql('SELECT shop.grab()');"), "t");
    let kept =
        "SELECT string_agg(objid::text, ',') FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();";
    assert_eq!(session.run(kept), "77");
}
