//! Anonymised rows end to end: nothing personal comes through, joins hold, rights are the caller's.

mod support;

use support::{Cluster, Database};

/// A shop with people, free text, documents and arrays, none of whose values may come through.
const SHOP: &str = "
CREATE SCHEMA shop;
CREATE TABLE shop.customer (
  customer_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  code        text NOT NULL UNIQUE,
  first_name  text NOT NULL,
  last_name   text NOT NULL,
  email       varchar(60) NOT NULL UNIQUE,
  phone       text,
  birth_date  date NOT NULL CHECK (birth_date < '2010-01-01'),
  iban        text,
  card        text,
  tier        text NOT NULL CHECK (tier IN ('basic', 'gold')),
  note        text,
  profile     jsonb NOT NULL,
  aliases     text[] NOT NULL,
  login_ip    inet,
  secret_key  uuid NOT NULL
);
CREATE TABLE shop.orders (
  order_id    int PRIMARY KEY,
  customer    text NOT NULL REFERENCES shop.customer (code),
  customer_id int NOT NULL REFERENCES shop.customer,
  ordered_at  timestamptz NOT NULL,
  shipped_at  timestamptz,
  amount      numeric(9,2) NOT NULL CHECK (amount > 0),
  CHECK (shipped_at >= ordered_at)
);
INSERT INTO shop.customer (code, first_name, last_name, email, phone, birth_date, iban, card, tier, note, profile, aliases, login_ip, secret_key)
SELECT 'C' || lpad((i * 37)::text, 5, '0'),
       (ARRAY['Wilhelmina','Octavian','Peregrine','Seraphina','Thaddeus'])[1 + i % 5],
       (ARRAY['Abernathy','Blackwood','Carmichael','Delacroix','Eisenhower','Fitzgerald','Gallagher'])[1 + i % 7],
       'person' || i || '@mail.test', '+49 30 ' || (4000000 + i), date '1950-01-01' + i * 50, NULL,
       CASE WHEN i % 3 = 0 THEN '4111111111111111' END, (ARRAY['basic','gold'])[1 + i % 2],
       'Customer number ' || i || ' called about the parcel and was very kind.',
       jsonb_build_object('contact', jsonb_build_object('email', 'private' || i || '@home.test'), 'visits', i, 'vip', true),
       ARRAY['Wil' || i, 'Okta' || i], ('85.10.' || i / 250 || '.' || i % 250)::inet, gen_random_uuid()
  FROM generate_series(1, 300) i;
INSERT INTO shop.orders
SELECT i, c.code, c.customer_id, timestamptz '2024-01-01 08:00+00' + i * interval '7 hours',
       CASE WHEN i % 4 > 0 THEN timestamptz '2024-01-01 08:00+00' + i * interval '7 hours' + interval '30 minutes' * i END,
       (i * 7 % 900) + 0.99
  FROM generate_series(1, 900) i JOIN shop.customer c ON c.customer_id = 1 + i % 300;
ANALYZE;
";

/// Every text of these columns, leaf by leaf, against every text of the anonymised rows: as whole words, since a short
/// code also turns up inside some drawn uuid.
const SURVIVORS: &str = "
WITH original AS (
  SELECT btrim(regexp_replace(lower(v), '\\W+', ' ', 'g')) AS v FROM shop.customer c,
    unnest(ARRAY[c.code, c.first_name, c.last_name, c.email, c.phone, c.note, c.card, host(c.login_ip), c.secret_key::text,
                 c.profile #>> '{contact,email}'] || c.aliases) v WHERE length(v) >= 3
), fake AS (
  SELECT regexp_replace(lower(a::text), '\\W+', ' ', 'g') AS line FROM nlsql.anonymize('shop.customer', 1000, 5) a
)
SELECT count(*) FROM (SELECT DISTINCT v FROM original WHERE length(v) >= 5) o
  JOIN fake ON position(format(' %s ', o.v) IN fake.line) > 0";

fn shop(cluster: &Cluster) -> Database {
    cluster.create_role("anna");
    let anna = cluster.create_database("shop", "anna");
    anna.run(SHOP);
    anna
}

#[test]
fn nothing_personal_comes_through_and_rows_fit_where_they_came_from() {
    let cluster = Cluster::new();
    let anna = shop(&cluster);
    assert_eq!(anna.number(SURVIVORS), 0);

    // every row fits into a clone with all constraints, and the joins give what they gave
    anna.run(
        "CREATE SCHEMA clone;
         CREATE TABLE clone.customer (LIKE shop.customer INCLUDING ALL);
         CREATE TABLE clone.orders (LIKE shop.orders INCLUDING ALL,
           FOREIGN KEY (customer) REFERENCES clone.customer (code), FOREIGN KEY (customer_id) REFERENCES clone.customer);
         INSERT INTO clone.customer OVERRIDING SYSTEM VALUE
         SELECT r.* FROM nlsql.anonymize('shop.customer', 1000, 5) a, jsonb_populate_record(NULL::clone.customer, a) r;
         INSERT INTO clone.orders
         SELECT r.* FROM nlsql.anonymize('shop.orders', 1000, 5) a, jsonb_populate_record(NULL::clone.orders, a) r;",
    );
    let shape = |schema: &str| {
        anna.run(&format!(
            "SELECT count(*), count(DISTINCT o.customer), count(shipped_at), count(DISTINCT ordered_at), count(card),
                    count(*) FILTER (WHERE c.code = o.customer)
               FROM {schema}.orders o JOIN {schema}.customer c USING (customer_id)"
        ))
    };
    assert_eq!(shape("clone"), shape("shop"));
    assert_eq!(anna.number("SELECT count(*) FROM clone.customer WHERE email !~ '^[^@ ]+@example\\.(com|org|net)$'"), 0);
    // equal names stay equal; two of the five may meet in one fake, once in some hundred secrets
    let names = anna.number("SELECT count(DISTINCT first_name) FROM clone.customer");
    assert!((4..=5).contains(&names), "{names}");
    // no key, date or amount keeps its own value
    let same = anna.number(
        "SELECT count(*) FROM shop.orders o JOIN clone.orders c USING (order_id, customer_id)
          WHERE o.ordered_at = c.ordered_at OR o.amount = c.amount",
    );
    assert_eq!(same, 0);
    assert_eq!(cluster.alarms(), [""; 0]);
}

/// What indexes hold unique in part, or through an expression, is unique among the fakes too.
#[test]
fn partial_unique_indexes_hold_and_lengths_of_keys_do_not_show() {
    let cluster = Cluster::new();
    let anna = shop(&cluster);
    anna.run(
        "CREATE TABLE shop.shelf (room int NOT NULL, letter char(1) NOT NULL, gone bool NOT NULL, code text);
         CREATE UNIQUE INDEX ON shop.shelf (room, letter) WHERE NOT gone;
         CREATE UNIQUE INDEX ON shop.shelf (coalesce(code, ''));
         INSERT INTO shop.shelf SELECT i / 26, chr(97 + i % 26), false, left(translate(md5(i::text), '0123456789', 'ghijklmnop'), 6 + i % 7)
           FROM generate_series(0, 2599) i;
         CREATE SCHEMA clone; CREATE TABLE clone.shelf (LIKE shop.shelf INCLUDING ALL); ANALYZE;
         INSERT INTO clone.shelf SELECT r.* FROM nlsql.anonymize('shop.shelf', 5000, 5) a, jsonb_populate_record(NULL::clone.shelf, a) r;",
    );
    let all = "SELECT count(*), count(DISTINCT letter), count(DISTINCT code) FROM";
    assert_eq!(anna.run(&format!("{all} clone.shelf")), anna.run(&format!("{all} shop.shelf")));
    assert_eq!(anna.number("SELECT count(DISTINCT length(code)) FROM clone.shelf"), 1);
    assert_eq!(cluster.alarms(), [""; 0]);
}

#[test]
fn a_role_and_a_seed_repeat_and_nothing_else_does() {
    let cluster = Cluster::new();
    let anna = shop(&cluster);
    let rows = |db: &Database, seed: &str| db.run(&format!("SELECT nlsql.anonymize('shop.customer', 5, {seed})"));
    assert_eq!(rows(&anna, "7"), rows(&anna, "7"));
    assert_ne!(rows(&anna, "7"), rows(&anna, "8"));
    assert_ne!(rows(&anna, "NULL"), rows(&anna, "NULL"));

    cluster.create_role("bert");
    let super_user = anna.as_superuser();
    super_user.run(&support::grants("bert"));
    anna.run("GRANT USAGE ON SCHEMA shop TO bert; GRANT SELECT ON shop.customer TO bert");
    let bert = anna.as_role("bert");
    assert_ne!(rows(&anna, "7"), rows(&bert, "7"));
    let denied = bert.error("SELECT nlsql.anonymize('shop.orders')");
    assert_eq!(denied.sqlstate, "42501", "{denied}");
    assert_eq!(bert.error("SELECT * FROM nlsql.secret").sqlstate, "42501");
    assert_eq!(anna.error("SELECT * FROM nlsql.secret").sqlstate, "42501");

    // another installation has another secret
    let before = rows(&anna, "7");
    super_user.run("DROP EXTENSION nlsql; CREATE EXTENSION nlsql");
    super_user.run(&support::grants("anna"));
    assert_ne!(before, rows(&anna, "7"));
}

#[test]
fn wrong_use_and_row_security() {
    let cluster = Cluster::new();
    let anna = shop(&cluster);
    assert_eq!(anna.run("SELECT count(*) FROM nlsql.anonymize('shop.customer', 0)"), "0");
    assert_eq!(anna.run("SELECT count(*) FROM nlsql.anonymize(NULL)"), "0");
    assert_eq!(anna.error("SELECT nlsql.anonymize('shop.customer', -1)").sqlstate, "22023");
    assert_eq!(anna.error("SELECT nlsql.anonymize('shop.no_such')").sqlstate, "42P01");
    assert_eq!(anna.error("SELECT nlsql.anonymize('pg_catalog.pg_class')").sqlstate, "42501");
    anna.run("ALTER TABLE shop.customer ENABLE ROW LEVEL SECURITY");
    let bypassed = anna.error("SELECT nlsql.anonymize('shop.customer')");
    assert_eq!(bypassed.sqlstate, "55000", "{bypassed}");
    assert!(bypassed.hint.contains("FORCE"), "{bypassed}");
    anna.run(
        "ALTER TABLE shop.customer FORCE ROW LEVEL SECURITY; CREATE POLICY gold ON shop.customer USING (tier = 'gold')",
    );
    assert_eq!(anna.run("SELECT count(*) FROM nlsql.anonymize('shop.customer', 1000)"), "150");
}

#[test]
fn a_run_keeps_sample_rows_of_every_table() {
    let cluster = Cluster::new();
    let anna = shop(&cluster);
    anna.run("CREATE VIEW shop.broken AS SELECT 1 / (order_id - order_id) AS x FROM shop.orders; CREATE TABLE shop.void (id int)");
    let run = anna.generate("'sample_data', run => 'rows', options => '{\"n_rows\": 4, \"seed\": 3}'");
    assert_eq!(
        anna.run("SELECT status, accepted FROM nlsql.progress WHERE run = 'rows'"),
        "done|8",
        "{}",
        anna.run("SELECT message FROM nlsql.event")
    );
    let shape = anna.run(
        "SELECT tables::text, count(*), min(kind), bool_and(jsonb_typeof(rows) = 'object') FROM nlsql.dataset
          WHERE run = 'rows' GROUP BY 1 ORDER BY 1",
    );
    assert_eq!(shape, "{shop.customer}|4|row|t\n{shop.orders}|4|row|t");
    assert!(anna.run("SELECT string_agg(message, ' ') FROM nlsql.event").contains("shop.broken"));
    // the same run made again gives the same rows, another one others
    let rows = |name: &str| anna.run(&format!("SELECT rows FROM nlsql.dataset WHERE run = '{name}' ORDER BY slot"));
    let first = rows(&run);
    anna.run("SELECT nlsql.drop_run('rows')");
    anna.generate("'sample_data', run => 'rows', options => '{\"n_rows\": 4, \"seed\": 3, \"workers\": 1}'");
    assert_eq!(rows("rows"), first);
    anna.generate("'sample_data', run => 'others', options => '{\"n_rows\": 4, \"seed\": 3}'");
    assert_ne!(rows("others"), first);
    assert_eq!(cluster.alarms(), [""; 0]);
}
