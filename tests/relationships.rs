//! `nlsql.relationships()`: foreign keys first, then what names, types and keys speak for; and what lives off it.

mod support;

use std::collections::BTreeSet;
use std::time::Duration;
use support::{Cluster, Database, eventually};

const SHOP: &str = "
CREATE TABLE app_user (id int PRIMARY KEY, email text);
CREATE TABLE customer (customer_id int PRIMARY KEY, name text, account_manager_id int);
CREATE TABLE purchase (purchase_id int PRIMARY KEY, customer_id int REFERENCES customer, created_by int, total_cost int);
CREATE TABLE purchase_line (purchase_id int, line_no int, note text, PRIMARY KEY (purchase_id, line_no));
CREATE TABLE \"Odd Name\" (\"Id\" int PRIMARY KEY, \"PurchaseId\" int);";

const EDGES: &str = "SELECT child || '.' || array_to_string(child_columns, ',') || ' -> ' || parent || '.' ||
                            array_to_string(parent_columns, ',') FROM nlsql.relationships";

fn lines(text: &str) -> BTreeSet<String> {
    text.lines().map(str::to_owned).collect()
}

fn shop(cluster: &Cluster) -> Database {
    cluster.create_role("shop");
    let shop = cluster.create_database("shop", "shop");
    shop.run(SHOP);
    shop
}

#[test]
fn declared_edges_stand_first_and_inferred_ones_bring_their_votes() {
    let cluster = Cluster::new();
    let shop = shop(&cluster);
    let all = shop.run(&format!("{EDGES}()"));
    assert_eq!(all.lines().next(), Some("purchase.customer_id -> customer.customer_id"));
    let expected = [
        "\"Odd Name\".PurchaseId -> purchase.purchase_id",
        "customer.account_manager_id -> app_user.id",
        "purchase.created_by -> app_user.id",
        "purchase.customer_id -> customer.customer_id",
        "purchase_line.purchase_id -> purchase.purchase_id",
    ];
    assert_eq!(lines(&all), expected.map(str::to_owned).into());
    let wrong = "SELECT count(*) FROM nlsql.relationships() WHERE declared <> (confidence = 1)
                    OR (NOT declared AND (evidence -> 'name' ->> 'is') IS NULL) OR confidence < 0.5";
    assert_eq!(shop.number(wrong), 0);
    let one = shop.run(&format!("{EDGES}('{{\"tables\": [\"purchase_line\"], \"declared\": false}}')"));
    assert_eq!(one, "purchase_line.purchase_id -> purchase.purchase_id");
    assert_eq!(shop.number("SELECT count(*) FROM nlsql.relationships('{\"min_confidence\": 1}')"), 1);
}

#[test]
fn rows_decide_and_pairs_of_type_and_id_have_no_parent() {
    let cluster = Cluster::new();
    let shop = shop(&cluster);
    shop.run(
        "CREATE TABLE depot (id int PRIMARY KEY);
         CREATE TABLE parcel (id int PRIMARY KEY, customer_id int, gadget_id int, held_type text, held_id int);
         INSERT INTO customer SELECT i, 'c' || i FROM generate_series(1, 20) i;
         INSERT INTO depot SELECT 500 + i FROM generate_series(1, 9) i;
         INSERT INTO parcel SELECT i, 9000 + i, 501 + i % 9, 'depot', 501 FROM generate_series(1, 50) i;
         ANALYZE",
    );
    let of = |options: &str| {
        let options = format!("'{{\"tables\": [\"parcel\"]{options}}}'");
        lines(&shop.run(&format!(
            "SELECT array_to_string(child_columns, ',') || ' -> ' || coalesce(parent::text, '?') FROM nlsql.relationships({options})"
        )))
    };
    let expected = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<BTreeSet<String>>();
    assert_eq!(of(""), expected(&["gadget_id -> depot", "held_type,held_id -> ?"]));
    assert_eq!(of(", \"values\": false"), expected(&["customer_id -> customer", "held_type,held_id -> ?"]));
    let evidence = "SELECT evidence -> 'values' -> 'is' ->> 'found', confidence > 0.5 FROM nlsql.relationships() WHERE child_columns = '{gadget_id}'";
    assert_eq!(shop.run(evidence), "1.0|t");
}

/// Joins of views as the server keeps them: each way of writing one, and what is none.
#[test]
fn views_say_what_belongs_together() {
    let cluster = Cluster::new();
    let shop = shop(&cluster);
    shop.run(
        "CREATE TABLE lot (lot_no int PRIMARY KEY, a int, b int, c int, d int, e int, f int, g int, h int, i int);
         CREATE TABLE pen (pen_no int PRIMARY KEY, t text);
         CREATE TABLE dip (h int PRIMARY KEY);
         CREATE VIEW by_on AS SELECT 1 AS x FROM lot LEFT JOIN pen ON lot.a = pen.pen_no AND pen.t <> 'x';
         CREATE VIEW by_where AS SELECT 1 AS x FROM lot, pen WHERE pen.pen_no = lot.b AND lot.lot_no > 3;
         CREATE MATERIALIZED VIEW by_subquery AS
           SELECT 1 AS x FROM pen JOIN (SELECT c AS q FROM lot ORDER BY 1 LIMIT 5) s ON s.q = pen.pen_no;
         CREATE VIEW lots AS SELECT d AS dd, e + 0 AS ee, f AS ff FROM lot;
         CREATE VIEW by_view AS SELECT 1 AS x FROM lots l JOIN pen ON pen.pen_no = l.dd AND pen.pen_no = l.ee;
         CREATE VIEW by_cte AS WITH w AS (SELECT ff FROM lots)
           SELECT 1 AS x FROM pen p WHERE EXISTS (SELECT FROM w WHERE w.ff = p.pen_no);
         CREATE VIEW by_or AS SELECT 1 AS x FROM lot, pen WHERE lot.g = pen.pen_no OR pen.t = 'all';
         CREATE VIEW by_using AS SELECT 1 AS x FROM lot JOIN dip USING (h);
         CREATE VIEW by_other AS SELECT 1 AS x FROM lot JOIN pen ON lot.i < pen.pen_no",
    );
    let votes = "SELECT child_columns[1] || ' ' || parent || ' ' || (evidence -> 'view' -> 'is')::text || ' ' || (confidence > 0.5)
                   FROM nlsql.relationships('{\"tables\": [\"lot\"], \"min_confidence\": 0}') WHERE evidence ? 'view'";
    let expected = [
        "a pen [\"public.by_on\"] true",
        "b pen [\"public.by_where\"] true",
        "c pen [\"public.by_subquery\"] true",
        "d pen [\"public.by_view\"] true",
        "f pen [\"public.by_cte\"] true",
        "h dip [\"public.by_using\"] true",
    ];
    assert_eq!(lines(&shop.run(votes)), expected.map(str::to_owned).into());
    // a run goes by them too
    let run = shop.generate("'schema_relationship', run => 'views'");
    let edges = "SELECT DISTINCT checks -> 'relationship' -> 'child_columns' ->> 0 FROM nlsql.dataset
                  WHERE run = 'views' AND checks -> 'relationship' ->> 'child' = 'public.lot'";
    assert_eq!(lines(&shop.run(edges)), ["a", "b", "c", "d", "f", "h"].map(str::to_owned).into(), "{run}");
    // what a role may not read says nothing to it
    cluster.create_role("clerk");
    let root = shop.as_superuser();
    root.run("GRANT USAGE ON SCHEMA nlsql TO clerk; GRANT EXECUTE ON FUNCTION nlsql.relationships TO clerk");
    root.run("GRANT SELECT ON lot, pen, by_on TO clerk");
    assert_eq!(shop.as_role("clerk").run(votes), expected[0]);
    assert_eq!(cluster.alarms(), [""; 0]);
}

#[test]
fn a_role_is_shown_what_it_may_read() {
    let cluster = Cluster::new();
    let shop = shop(&cluster);
    cluster.create_role("clerk");
    let root = shop.as_superuser();
    assert_eq!(shop.as_role("clerk").error("SELECT * FROM nlsql.relationships()").sqlstate, "42501");
    root.run("GRANT USAGE ON SCHEMA nlsql TO clerk; GRANT EXECUTE ON FUNCTION nlsql.relationships TO clerk");
    root.run("GRANT SELECT ON purchase_line, purchase TO clerk");
    let clerk = shop.as_role("clerk");
    assert_eq!(clerk.run(&format!("{EDGES}()")), "purchase_line.purchase_id -> purchase.purchase_id");
    let error = clerk.error("SELECT * FROM nlsql.relationships('{\"min_confidense\": 1}')");
    assert!(error.sqlstate == "22023" && error.hint.contains("min_confidence"), "{error}");
    let error = clerk.error("SELECT * FROM nlsql.relationships('{\"tables\": [\"nothing\"]}')");
    assert_eq!(error.sqlstate, "42P01");
    assert_eq!(cluster.alarms(), Vec::<String>::new());
}

#[test]
fn the_phase_asks_for_each_edge_from_both_ends() {
    let cluster = Cluster::new();
    let shop = shop(&cluster);
    let edges = shop.number("SELECT count(*) FROM nlsql.relationships()");
    let run = shop.generate("'schema_relationship', options => '{\"workers\": 1}'");
    let rows = format!("FROM nlsql.dataset WHERE run = '{run}' AND kind = 'relationship'");
    assert_eq!(shop.number(&format!("SELECT count(*) {rows}")), 2 * edges, "NULL is all that were found");
    let unpaired = format!(
        "SELECT count(*) FROM (SELECT checks -> 'relationship' ->> 'child', checks -> 'relationship' -> 'child_columns'
           {rows} GROUP BY 1, 2 HAVING count(DISTINCT checks -> 'relationship' ->> 'direction') <> 2) q"
    );
    assert_eq!(shop.number(&unpaired), 0, "each edge has its reverse");
    let wrong = format!(
        "SELECT count(*) {rows} AND (answer !~ 'customer_id' OR (checks -> 'relationship' ->> 'confidence')::float8 <> 1)
            AND (checks -> 'relationship' ->> 'declared')::bool"
    );
    assert_eq!(shop.number(&wrong), 0);
    let few = shop.generate("'schema_relationship', 3, run => 'few'");
    assert_eq!(shop.number(&format!("SELECT count(*) FROM nlsql.dataset WHERE run = '{few}'")), 3);
}

#[test]
fn joins_and_documents_live_off_edges_that_nobody_declared() {
    let cluster = Cluster::new();
    let Some(synthea) = cluster.public("synthea") else { return };
    assert_eq!(
        synthea
            .number("SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace"),
        0
    );
    assert!(synthea.number("SELECT count(*) FROM nlsql.relationships()") >= 30);
    for workers in [1, 2] {
        let run = format!("joined_{workers}");
        let options = format!("{{\"seed\": 7, \"workers\": {workers}}}");
        synthea.generate(&format!("'joins', 40, run => '{run}', options => '{options}'"));
        let pairs = format!("SELECT count(*) FROM nlsql.dataset WHERE run = '{run}' AND cardinality(tables) > 1");
        assert_eq!(synthea.number(&pairs), 40);
    }
    let texts = |run: &str| synthea.run(&format!("SELECT nlsql.jsonl('{run}')")).replace(run, "");
    assert_eq!(texts("joined_1"), texts("joined_2"));
}

/// Edges that only rows tell are those of a run too: its documents, its joins and its fakes go by them.
#[test]
fn a_run_goes_by_the_edges_that_rows_tell() {
    let cluster = Cluster::new();
    let shop = shop(&cluster);
    shop.run(
        "CREATE TABLE depot (id int PRIMARY KEY, town text);
         CREATE TABLE parcel (id int PRIMARY KEY, customer_id int, gadget_id int, weight numeric);
         INSERT INTO customer SELECT i, 'c' || i FROM generate_series(1, 20) i;
         INSERT INTO depot SELECT 500 + i, 'Town ' || i % 3 FROM generate_series(1, 9) i;
         INSERT INTO parcel SELECT i, 9000 + i, 501 + i % 9, i / 7.0 FROM generate_series(1, 50) i;
         ANALYZE",
    );
    let edge = |run: &str| {
        lines(&shop.run(&format!(
            "SELECT DISTINCT (checks -> 'relationship' ->> 'child') || '.' || (checks -> 'relationship' -> 'child_columns' ->> 0)
               FROM nlsql.dataset WHERE run = '{run}' AND checks -> 'relationship' ->> 'child' = 'public.parcel'"
        )))
    };
    let gadget = BTreeSet::from(["public.parcel.gadget_id".to_owned()]);
    assert_eq!(edge(&shop.generate("'schema_relationship', run => 'all'")), gadget);
    // what the rows become does not change what the run goes by, and another run looks anew
    shop.run("UPDATE parcel SET gadget_id = 7000 + id, customer_id = 1 + id % 20");
    assert_eq!(edge(&shop.generate("'schema_relationship', run => 'all'")), gadget);
    let now = BTreeSet::from(["public.parcel.customer_id".to_owned()]);
    assert_eq!(edge(&shop.generate("'schema_relationship', run => 'new'")), now);
    shop.run("UPDATE parcel SET gadget_id = 501 + id % 9, customer_id = 9000 + id");
    shop.generate(
        "'joins', 10, run => 'all', options => '{\"tables\": [\"parcel\", \"depot\", \"customer\"], \"seed\": 1}'",
    );
    let joined = "SELECT DISTINCT tables FROM nlsql.dataset WHERE run = 'all' AND phase = 'joins'";
    assert_eq!(shop.run(joined), "{public.depot,public.parcel}");
    // a call without a run goes by them too: keys and what points to them are faked alike
    let meet = "SELECT (SELECT array_agg(DISTINCT a -> 'id') FROM nlsql.anonymize('depot', 100, 5) a)
                     = (SELECT array_agg(DISTINCT a -> 'gadget_id') FROM nlsql.anonymize('parcel', 100, 5) a)";
    assert_eq!(shop.run(&format!("DO 'BEGIN END'; {meet}")), "t");
    assert_eq!(cluster.alarms(), [""; 0]);
}

/// Profiles of all tables took most of the time of schema documents, and nothing of them is said there.
#[test]
fn schema_documents_read_no_rows() {
    let cluster = Cluster::new();
    cluster.create_role("shop");
    let shop = cluster.create_database("shop", "shop");
    shop.run(
        "CREATE TABLE price_list (label text, amount numeric, valid_on date);
         INSERT INTO price_list SELECT 'l' || i % 9, i, date '2024-01-01' + i FROM generate_series(1, 200) i; ANALYZE",
    );
    let scans = || shop.number("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'price_list'");
    let read = |phase: &str| {
        let before = scans();
        shop.generate(&format!("'{phase}', 5, run => '{phase}'"));
        // what a worker has read is counted when it leaves
        eventually("no worker is left", Duration::from_secs(20), || shop.workers().is_empty());
        scans() - before
    };
    assert_eq!(read("schema_docs"), 0);
    assert!(read("single_table") > 0, "the counter does not count");
}
