//! `nlsql.ddl()`: what it writes for all relations, run in an empty database, gives the same catalog, as pg_dump sees
//! both. Row security, privileges, owners, triggers and rules are no part of it, nor are functions, types, sequences
//! and schemas that no relation needs.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;
use support::{Cluster, Database};

/// Entries of a schema dump by their heading: `Name: film; Type: TABLE; Schema: public`.
fn entries(database: &Database) -> BTreeMap<String, String> {
    let dump = database.pg_dump(&["--schema-only", "--no-owner", "--no-privileges"]);
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let mut heading: Option<String> = None;
    for line in dump.lines() {
        if let Some(rest) = line.strip_prefix("-- Name: ") {
            let rest = rest.trim_end_matches("; Owner: -").to_owned();
            found.entry(rest.clone()).or_default();
            heading = Some(rest);
        } else if let Some(body) = heading.as_ref().and_then(|h| found.get_mut(h)) {
            let noise = line.is_empty() || line.starts_with("--") || line.starts_with("SET default_");
            if !noise && !line.starts_with("\\unrestrict") {
                body.push_str(line);
                body.push('\n');
            }
        }
    }
    // nlsql itself is not copied
    found.retain(|heading, _| !heading.contains("nlsql"));
    found
}

/// How the copy differs from the source, but for what it lacks.
fn differences(source: &Database, copy: &Database) -> Vec<String> {
    let (before, after) = (entries(&source.as_superuser()), entries(copy));
    assert!(after.len() > 20, "{} entries", after.len());
    let differs = |(heading, body): (&String, &String)| match before.get(heading) {
        None => Some(format!("only in the copy: {heading}\n{body}")),
        Some(b) if b != body => Some(format!("{heading}\nsource:\n{b}copy:\n{body}")),
        _ => None,
    };
    after.iter().filter_map(differs).collect()
}

/// Runs `nlsql.ddl()` of `source` in a new database; the headings of what that one lacks. All else must be equal.
fn round_trip(cluster: &Cluster, source: &Database, copy: &str) -> BTreeSet<String> {
    cluster.database("postgres").run(&format!("CREATE DATABASE \"{copy}\""));
    let target = cluster.database(copy);
    let text = source.run("SELECT nlsql.ddl()");
    target.try_run(&text).unwrap_or_else(|e| panic!("{copy}: {e}"));
    assert_eq!(differences(source, &target), Vec::<String>::new(), "{copy}");
    let (before, after) = (entries(&source.as_superuser()), entries(&target));
    println!("{copy}: {} entries equal", after.len());
    before.into_keys().filter(|h| !after.contains_key(h)).collect()
}

/// What stays behind may only be what no relation needs. That none of it was needed shows in that tables, views,
/// defaults, constraints and indexes are all there and equal.
fn assert_not_needed(missing: &BTreeSet<String>) {
    const KINDS: [&str; 10] = [
        "FUNCTION",
        "TRIGGER",
        "RULE",
        "TYPE",
        "DOMAIN",
        "SEQUENCE",
        "SCHEMA",
        "EXTENSION",
        "TEXT SEARCH CONFIGURATION",
        "TEXT SEARCH DICTIONARY",
    ];
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for heading in missing {
        let kind = heading.rsplit_once("; Type: ").map_or("", |(_, rest)| rest);
        let kind = kind.split_once(';').map_or(kind, |(kind, _)| kind);
        // a comment is headed by what it is on
        let kind = match kind {
            "COMMENT" => KINDS.into_iter().find(|k| heading.starts_with(&format!("{k} "))).unwrap_or("COMMENT"),
            kind => kind,
        };
        assert!(KINDS.contains(&kind), "lost: {heading}");
        *left.entry(kind).or_default() += 1;
    }
    println!("  left behind: {left:?}");
}

fn load(cluster: &Cluster, folder: &Path, name: &str) -> Database {
    let mut text = String::new();
    let file = std::fs::File::open(folder.join(format!("{name}.sql.gz"))).expect("the dump is there");
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("a gzip file of UTF-8");
    cluster.database("postgres").run(&format!("CREATE DATABASE {name}"));
    let database = cluster.database(name);
    database.run(&text);
    database.run("CREATE EXTENSION nlsql");
    database
}

#[test]
fn names_and_features_survive() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    assert_eq!(round_trip(&cluster, &demo, "demo_copy"), BTreeSet::new());

    cluster.database("postgres").run("CREATE DATABASE odd");
    let odd = cluster.database("odd");
    odd.run_file(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ddl/odd.sql"));
    odd.run("CREATE EXTENSION nlsql");
    let missing = round_trip(&cluster, &odd, "odd_copy");
    assert_eq!(missing.into_iter().collect::<Vec<_>>(), ["unused(); Type: FUNCTION; Schema: public"]);
    assert_eq!(odd.run("SELECT nlsql.ddl()"), odd.run("SET max_parallel_workers_per_gather = 2; SELECT nlsql.ddl()"));

    // the comparison sees what it should
    let copy = cluster.database("odd_copy");
    copy.run("ALTER TABLE a_grandchild ALTER d SET DEFAULT 1; COMMENT ON INDEX \"odd Index\" IS 'other'");
    assert_eq!(differences(&odd, &copy).len(), 2);
    assert_eq!(cluster.alarms(), Vec::<String>::new());
}

#[test]
fn public_databases_survive() {
    let Some(folder) = support::public_databases() else {
        println!("skipped: no public databases beside the repository");
        return;
    };
    let cluster = Cluster::new();
    for name in ["pagila", "sakila", "chinook", "northwind", "synthea", "omop_cdm54", "evergreen"] {
        let database = load(&cluster, &folder, name);
        let missing = round_trip(&cluster, &database, &format!("{name}_copy"));
        assert_not_needed(&missing);
    }
    assert_eq!(cluster.alarms(), Vec::<String>::new());
}

#[test]
fn one_table_with_what_it_needs() {
    let cluster = Cluster::new();
    cluster.create_role("reader");
    let reader = cluster.create_database("shop", "reader");
    let owner = reader.as_superuser();
    owner.run(
        "CREATE TYPE size AS ENUM ('small', 'large');
         CREATE TABLE kind (id int PRIMARY KEY, size size);
         CREATE TABLE item (id serial PRIMARY KEY, kind_id int REFERENCES kind, size size, secret text CHECK (secret > ''));
         CREATE INDEX ON item (secret);
         CREATE INDEX ON item (size);
         CREATE TABLE event (day date, what text) PARTITION BY RANGE (day);
         CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
         CREATE VIEW small_item AS SELECT id, secret FROM item WHERE size = 'small';
         GRANT SELECT ON kind, event TO reader;
         GRANT SELECT (id, kind_id, size) ON item TO reader;
         GRANT SELECT (id) ON small_item TO reader;
         CREATE TABLE private (id int);
         CREATE TEMPORARY TABLE passing (id int)",
    );
    let guard = |what: &str| format!("DO $$\nBEGIN\n    {what}\nEXCEPTION WHEN duplicate_object THEN NULL;\nEND\n$$;");
    let size = guard("CREATE TYPE public.size AS ENUM ('small', 'large');");
    assert_eq!(
        reader.run("SELECT nlsql.ddl('kind')"),
        format!(
            "{size}\n\nCREATE TABLE public.kind (\n    id integer NOT NULL,\n    size public.size,\n    \
             CONSTRAINT kind_pkey PRIMARY KEY (id)\n);"
        )
    );
    // columns that may not be read, with what is said of them, are left out
    assert_eq!(
        reader.run("SELECT nlsql.ddl('item')"),
        format!(
            "{size}\n\nCREATE SEQUENCE IF NOT EXISTS public.item_id_seq AS integer;\n\n\
             -- public.item: columns left out since they may not be read: 1\n\
             CREATE TABLE public.item (\n    id integer DEFAULT nextval('public.item_id_seq'::regclass) NOT NULL,\n    \
             kind_id integer,\n    size public.size,\n    CONSTRAINT item_pkey PRIMARY KEY (id)\n);\n\
             ALTER SEQUENCE public.item_id_seq OWNED BY public.item.id;\n\
             CREATE INDEX item_size_idx ON public.item USING btree (size);\n\n\
             ALTER TABLE ONLY public.item ADD CONSTRAINT item_kind_id_fkey FOREIGN KEY (kind_id) REFERENCES public.kind(id);"
        )
    );
    let event = reader.run("SELECT nlsql.ddl('event')");
    assert!(event.starts_with("-- public.event: partitions left out since they may not be read: 1\n"), "{event}");
    let event = owner.run("SELECT nlsql.ddl('event')");
    assert!(event.ends_with(
        "ALTER TABLE ONLY public.event ATTACH PARTITION public.event_1 FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');"
    ));
    let view = "-- public.small_item is left out: some of its columns may not be read";
    assert!(reader.run("SELECT nlsql.ddl('small_item')").ends_with(view));
    let all = reader.run("SELECT nlsql.ddl()");
    assert!(!all.contains("private") && !all.contains("secret") && all.contains("CREATE TABLE public.event"), "{all}");

    // definitions of several tables may follow each other
    cluster.database("postgres").run("CREATE DATABASE copy");
    let twice = owner.run("SELECT nlsql.ddl('kind'); SELECT nlsql.ddl('item')");
    cluster.database("copy").run(&twice);

    for (sql, sqlstate, message) in [
        ("SELECT nlsql.ddl('private')", "42501", "private"),
        ("SELECT nlsql.ddl('no_such')", "42P01", "no_such"),
        ("SELECT nlsql.ddl(1)", "42P01", "oid 1"),
        ("SELECT nlsql.ddl('kind_pkey')", "42809", "kind_pkey"),
        ("SELECT nlsql.ddl('pg_class')", "0A000", "system"),
        ("SELECT nlsql.ddl('nlsql.run')", "0A000", "extension"),
        ("CREATE TEMPORARY TABLE passing (id int); SELECT nlsql.ddl('passing')", "0A000", "temporary"),
    ] {
        let error = reader.error(sql);
        assert_eq!(error.sqlstate, sqlstate, "{sql}: {error}");
        assert!(error.message.contains(message), "{sql}: {error}");
    }
    assert_eq!(cluster.alarms(), Vec::<String>::new());
}
