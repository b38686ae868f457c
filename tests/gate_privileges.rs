//! What a role may not see, and what others lay in its way: each refused by the gate, or harmless, which means that
//! the result is the one that the role gets by itself, that no code of others ran, and that nothing stays behind.

mod corpus;
mod support;

use corpus::state;
use support::{Cluster, Database};

/// In rows that no role but their owner may see.
const CANARY: &str = "canary-7f3a";

enum Ends {
    /// With this SQLSTATE, before anything is planned.
    Refused(&'static str),
    /// With as many rows as the role sees by itself.
    Accepted(i64),
}
use Ends::{Accepted, Refused};

struct Case {
    what: &'static str,
    /// In the session, before the check.
    before: &'static str,
    sql: &'static str,
    ends: Ends,
}

const fn case(what: &'static str, before: &'static str, sql: &'static str, ends: Ends) -> Case {
    Case { what, before, sql, ends }
}

const SHADOWED: &str = "SET search_path = mallory, public, pg_catalog;";
const TEMPORARY: &str = "CREATE TEMP TABLE ledger (id int, note text); INSERT INTO ledger VALUES (1, 'false');
    CREATE FUNCTION pg_temp.lower(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
        'BEGIN PERFORM pg_catalog.pg_advisory_lock(666); RETURN $1; END';
    CREATE FUNCTION pg_temp.mine() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';";

const CASES: [Case; 27] = [
    case("security definer function that reads", "", "SELECT public.peek()", Refused("42501")),
    case("security definer function, folded in planning", "", "SELECT public.peek_now()", Refused("42501")),
    case(
        "security definer function in a condition",
        "",
        "SELECT 1 FROM public.ledger WHERE note = public.peek()",
        Refused("42501"),
    ),
    case(
        "security definer function behind a view of another role",
        "",
        "SELECT * FROM mallory.bait_view_secret",
        Refused("42501"),
    ),
    case("hidden table", "", "SELECT secret FROM public.hidden", Refused("42501")),
    case(
        "superuser's view over a hidden table, not granted",
        "",
        "SELECT secret FROM public.closed_view",
        Refused("42501"),
    ),
    case("invoker's view over a hidden table", "", "SELECT secret FROM public.invoker_view", Refused("42501")),
    // whoever grants a view grants what it shows: the role reads it without the gate as well
    case("superuser's view over a hidden table, granted", "", "SELECT id FROM public.window_view", Accepted(1)),
    case(
        "hidden table joined to the view over it",
        "",
        "SELECT 1 FROM public.window_view JOIN public.hidden USING (id)",
        Refused("42501"),
    ),
    case("column without privilege", "", "SELECT secret FROM public.half", Refused("42501")),
    case(
        "column without privilege in a condition",
        "",
        "SELECT id FROM public.half WHERE secret LIKE 'c%'",
        Refused("42501"),
    ),
    case("column without privilege in an order", "", "SELECT id FROM public.half ORDER BY secret", Refused("42501")),
    case("column without privilege behind *", "", "SELECT * FROM public.half", Refused("42501")),
    case(
        "column without privilege behind the whole row",
        "",
        "SELECT to_jsonb(h) FROM public.half AS h",
        Refused("42501"),
    ),
    case("columns with privilege", "", "SELECT id, shown FROM public.half", Accepted(1)),
    case("row security", "", "SELECT * FROM public.tenant", Accepted(1)),
    case(
        "row security asked for the hidden row",
        "",
        "SELECT count(*) FROM public.tenant WHERE secret LIKE 'canary%'",
        Accepted(1),
    ),
    case("row security switched off", "SET row_security = off;", "SELECT * FROM public.tenant", Accepted(1)),
    case("policy of another role that calls a function", "", "SELECT * FROM mallory.bait_policy", Refused("42501")),
    case(
        "operator of public behind the system's own",
        "SET search_path = public;",
        "SELECT id FROM public.ledger WHERE id = 7",
        Accepted(1),
    ),
    case(
        "operator of public before the system's own",
        SHADOWED,
        "SELECT id FROM public.ledger WHERE id = 7",
        Refused("42501"),
    ),
    case("function before the system's own", SHADOWED, "SELECT lower(note) FROM public.ledger", Refused("42501")),
    case("temporary table before the permanent one", TEMPORARY, "SELECT note FROM ledger", Refused("42501")),
    case("permanent table behind a temporary one", TEMPORARY, "SELECT lower(note) FROM public.ledger", Accepted(100)),
    case("temporary function", TEMPORARY, "SELECT pg_temp.mine()", Refused("42501")),
    case("domain whose check has a side effect", "", "SELECT 'x'::mallory.trapped_text", Refused("42501")),
    case(
        "domain whose check has a side effect, in an array",
        "",
        "SELECT '{x}'::mallory.trapped_text[]",
        Refused("42501"),
    ),
];

/// ok, stage, SQLSTATE, rows; and the whole answer as text.
fn check(reader: &Database, case: &Case) -> (String, String) {
    let mut session = reader.session();
    if !case.before.is_empty() {
        session.run(case.before);
    }
    let seen = session.run(&format!(
        "SELECT ok, stage, sqlstate, rows FROM nlsql.check_sql($q${sql}$q$); SELECT c::text FROM nlsql.check_sql($q${sql}$q$) AS c;",
        sql = case.sql
    ));
    let locks = state::advisory_locks(&mut session);
    assert_eq!(locks, "0", "{} left a lock", case.what);
    let (verdict, whole) = seen.split_once('\n').expect("two rows");
    (verdict.to_owned(), whole.to_owned())
}

#[test]
fn what_is_hidden_stays_hidden_and_what_is_laid_does_not_run() {
    let cluster = Cluster::with("autovacuum = off");
    let admin = cluster.demo("trap").as_superuser();
    admin.run_file(&corpus::path("traps.sql"));
    admin.run("CREATE VIEW public.closed_view AS SELECT secret FROM public.hidden");
    let reader = admin.as_role("reader");
    let start = admin.run("SELECT pg_current_wal_insert_lsn()");

    for case in &CASES {
        let (verdict, whole) = check(&reader, case);
        let fields: Vec<&str> = verdict.split('|').collect();
        match case.ends {
            Refused(state) => {
                assert_eq!((fields[0], fields[2]), ("f", state), "{}: {whole}", case.what);
                // a domain's check stands between planning and execution wherever the constant is folded
                assert!(["policy", "analyze"].contains(&fields[1]), "{}: {whole}", case.what);
            }
            Accepted(rows) => {
                assert_eq!((fields[0], fields[3]), ("t", rows.to_string().as_str()), "{}: {whole}", case.what);
                assert_eq!(reader.run(&format!("SELECT count(*) FROM ({}) AS q", case.sql)), rows.to_string());
            }
        }
        assert!(!whole.contains(CANARY), "{}: {whole}", case.what);
    }
    assert_eq!(state::wal_messages(&cluster, &admin, &start), 0, "no trap was entered");
    assert_eq!(cluster.alarms(), [""; 0]);
}

#[test]
fn a_role_above_row_security_is_told_so() {
    let cluster = Cluster::new();
    let admin = cluster.demo("trap").as_superuser();
    admin.run_file(&corpus::path("traps.sql"));
    admin.run("CREATE ROLE above LOGIN BYPASSRLS; GRANT USAGE ON SCHEMA nlsql TO above; GRANT SELECT ON public.tenant TO above; GRANT EXECUTE ON FUNCTION nlsql.check_sql TO above");
    for role in ["postgres", "above"] {
        let verdict = admin
            .as_role(role)
            .run("SELECT stage, sqlstate, message FROM nlsql.check_sql('SELECT * FROM public.tenant')");
        assert!(
            verdict.starts_with("policy|42501|the role bypasses row security of public.tenant"),
            "{role}: {verdict}"
        );
    }
}

#[test]
fn a_grant_taken_back_counts_at_the_next_check() {
    let cluster = Cluster::new();
    let admin = cluster.demo("trap").as_superuser();
    admin.run_file(&corpus::path("traps.sql"));
    let mut session = admin.as_role("reader").session();
    let mut stage = || session.run("SELECT stage FROM nlsql.check_sql('SELECT note FROM public.ledger');");
    assert_eq!(stage(), "accepted");
    admin.run("REVOKE ALL ON public.ledger FROM reader");
    assert_eq!(stage(), "policy");
    admin.run("GRANT SELECT (note) ON public.ledger TO reader");
    assert_eq!(stage(), "accepted");
}
