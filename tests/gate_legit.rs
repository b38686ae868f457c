//! The legitimate corpus against a real server: accepted, and described rightly. Tables and columns are compared with
//! what the server records for a view of the same statement; features, functions and difficulty with what the corpus
//! states. `cargo test --test gate_legit -- --nocapture` prints what is refused or described otherwise.

mod corpus;
mod support;

use std::collections::BTreeSet;
use support::{Cluster, Database, Session};

struct Item {
    difficulty: String,
    features: String,
    functions: String,
    sql: String,
}

fn items() -> Vec<Item> {
    let mut found = Vec::new();
    for line in corpus::read("legit.txt").lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let fields: Vec<&str> = line.splitn(4, " | ").collect();
        let [difficulty, features, functions, sql] = fields[..] else { panic!("no item: {line}") };
        let sorted = |names: &str| {
            let mut names: Vec<&str> = names.split(',').filter(|name| *name != "-").collect();
            names.sort_unstable();
            names.join(",")
        };
        found.push(Item {
            difficulty: difficulty.to_owned(),
            features: sorted(features),
            functions: sorted(functions),
            sql: sql.to_owned(),
        });
    }
    found
}

/// Tables and columns that a view of the statement depends on; none where it makes no view.
fn by_the_server(admin: &Database, sql: &str) -> Option<(BTreeSet<String>, BTreeSet<String>)> {
    let said = admin.try_run(&format!(
        "BEGIN; SET LOCAL search_path = insurer, zoo; SET LOCAL client_min_messages = error;
         CREATE VIEW public.oracle_ AS SELECT 1 AS one FROM ({}) AS q;
         SELECT DISTINCT format('%I.%I', n.nspname, c.relname), CASE WHEN d.refobjsubid > 0 THEN
             format('%I.%I.%I', n.nspname, c.relname, a.attname) END
         FROM pg_rewrite AS r JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
         JOIN pg_class AS c ON d.refclassid = 'pg_class'::regclass AND c.oid = d.refobjid
         JOIN pg_namespace AS n ON n.oid = c.relnamespace
         LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
         WHERE r.ev_class = 'public.oracle_'::regclass AND c.oid <> r.ev_class AND c.relkind <> 'c'; ROLLBACK;",
        sql.trim_end().trim_end_matches(';').to_owned() + "\n"
    ));
    let said = said.ok()?;
    let mut tables = BTreeSet::new();
    let mut columns = BTreeSet::new();
    for line in said.lines() {
        let (table, column) = line.split_once('|').unwrap_or((line, ""));
        tables.insert(table.to_owned());
        columns.extend((!column.is_empty()).then(|| column.to_owned()));
    }
    Some((tables, columns))
}

fn set(list: &str) -> BTreeSet<String> {
    list.split('~').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

struct Verdict {
    ok: bool,
    reason: String,
    tables: BTreeSet<String>,
    columns: BTreeSet<String>,
    features: String,
    functions: String,
    difficulty: String,
}

fn check(session: &mut Session, sql: &str) -> Verdict {
    let said = session.run(&format!(
        "SELECT concat_ws('|', ok, stage || ' ' || coalesce(sqlstate || ' ' || message, ''), array_to_string(tables, '~'), \
         array_to_string(columns, '~'), array_to_string(features, ','), array_to_string(functions, ','), coalesce(difficulty, '')) \
         FROM nlsql.check_sql($legit${sql}$legit$);"
    ));
    let fields: Vec<&str> = said.split('|').collect();
    let [ok, reason, tables, columns, features, functions, difficulty] = fields[..] else { panic!("{said}\nof {sql}") };
    Verdict {
        ok: ok == "t",
        reason: reason.to_owned(),
        tables: set(tables),
        columns: set(columns),
        features: features.to_owned(),
        functions: functions.to_owned(),
        difficulty: difficulty.to_owned(),
    }
}

#[test]
fn what_is_legitimate_is_accepted_and_described() {
    let cluster = Cluster::with("autovacuum = off");
    let demo = cluster.demo("legit");
    let admin = demo.as_superuser();
    demo.run_file(&corpus::path("zoo.sql"));
    admin.run("GRANT EXECUTE ON FUNCTION nlsql.check_sql TO demo");
    let mut session = demo.session();
    session.run("SET search_path = insurer, zoo;");

    let items = items();
    let (mut refused, mut wrong) = (Vec::new(), Vec::new());
    let (mut accepted, mut stated_features, mut stated_functions, mut stated_difficulties, mut described) =
        (0, 0, 0, 0, 0);
    for item in &items {
        let verdict = check(&mut session, &item.sql);
        if !verdict.ok {
            refused.push(format!("{}: {}", verdict.reason, item.sql));
            continue;
        }
        accepted += 1;
        let mut compare = |what: &str, stated: &str, found: &str, counter: &mut i32| {
            if stated != "*" {
                *counter += 1;
                if stated != found {
                    wrong.push(format!("{what} {found:?}, not {stated:?}: {}", item.sql));
                }
            }
        };
        compare("features", &item.features, &verdict.features, &mut stated_features);
        compare("functions", &item.functions, &verdict.functions, &mut stated_functions);
        compare("difficulty", &item.difficulty, &verdict.difficulty, &mut stated_difficulties);
        if let Some((tables, columns)) = by_the_server(&admin, &item.sql) {
            described += 1;
            // the server records nothing of a whole row: then every column of the table is read
            let whole = |table: &str| !columns.iter().any(|column| column.starts_with(&format!("{table}.")));
            let found: BTreeSet<_> =
                verdict.tables.iter().filter(|table| !whole(table) || tables.contains(*table)).collect();
            let read: BTreeSet<_> =
                verdict.columns.iter().filter(|c| !whole(c.rsplit_once('.').map_or("", |(table, _)| table))).collect();
            if tables.iter().collect::<BTreeSet<_>>() != found || columns.iter().collect::<BTreeSet<_>>() != read {
                let difference: Vec<_> = tables.symmetric_difference(&verdict.tables).collect();
                let columns: Vec<_> = columns.symmetric_difference(&verdict.columns).collect();
                wrong.push(format!("tables {difference:?} columns {columns:?} differ from the server's: {}", item.sql));
            }
        }
    }
    println!(
        "legitimate: {} texts, {accepted} accepted ({:.1} %); stated and compared: {stated_features} features, {stated_functions} functions, \
         {stated_difficulties} difficulties, {described} tables and columns; wrong: {}",
        items.len(),
        100.0 * f64::from(accepted) / items.len() as f64,
        wrong.len()
    );
    println!("refused:\n  {}", refused.join("\n  "));
    println!("described otherwise:\n  {}", wrong.join("\n  "));
    assert!(items.len() >= 300, "{} texts", items.len());
    assert!(f64::from(accepted) >= 0.99 * items.len() as f64, "{} refused", refused.len());
    assert!(wrong.is_empty(), "{} described otherwise", wrong.len());
}
