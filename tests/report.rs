//! The report on a run: the same numbers as the records themselves give, and a page that anyone can open.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use support::{Cluster, Database};

fn value(demo: &Database, run: &str, section: &str, metric: &str) -> String {
    demo.run(&format!("SELECT value FROM nlsql.report('{run}') WHERE section = '{section}' AND metric = '{metric}'"))
}

/// A query on the run's records that has to give what the report gives.
const SAME: &[(&str, &str, &str)] = &[
    ("run", "records", "SELECT count(*) FROM nlsql.dataset"),
    ("run", "pair", "SELECT count(*) FROM nlsql.dataset WHERE kind = 'pair'"),
    ("run", "qa", "SELECT count(*) FROM nlsql.dataset WHERE kind = 'qa'"),
    (
        "ladder",
        "candidates",
        "SELECT (SELECT count(*) FROM nlsql.dataset WHERE kind = 'pair') + (SELECT count(*) FROM nlsql.rejected)
              + (SELECT sum(v::bigint) FROM nlsql.task, jsonb_each_text(redraws) x(k, v) WHERE phase = 'joins')",
    ),
    ("ladder", "stored", "SELECT count(*) FROM nlsql.dataset WHERE kind = 'pair'"),
    ("rejected", "all", "SELECT count(*) FROM nlsql.rejected"),
    ("difficulty", "hard", "SELECT count(*) FROM nlsql.dataset WHERE difficulty = 'hard'"),
    ("feature", "group_by", "SELECT count(*) FROM nlsql.dataset WHERE 'group_by' = ANY (features)"),
    ("functions", "different", "SELECT count(DISTINCT f) FROM nlsql.dataset, unnest(functions) f WHERE kind = 'pair'"),
    ("function", "count", "SELECT count(*) FROM nlsql.dataset WHERE 'count' = ANY (functions)"),
    (
        "joins",
        "mean",
        "SELECT trim_scale(round(avg((checks ->> 'joins')::int), 4)) FROM nlsql.dataset WHERE kind = 'pair'",
    ),
    (
        "table",
        "insurer.member",
        "SELECT count(*) FROM nlsql.dataset WHERE kind = 'pair' AND 'insurer.member' = ANY (tables)",
    ),
    ("statements", "skeletons", "SELECT count(DISTINCT skeleton) FROM nlsql.dataset"),
    ("statements", "templates", "SELECT count(DISTINCT template) FROM nlsql.dataset"),
    ("questions", "snake_case", "SELECT 0"),
    ("duplicates", "questions", "SELECT 0"),
    ("duplicates", "conflicts", "SELECT 0"),
];

#[test]
fn the_report_counts_what_the_records_show() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    demo.generate("'joins', 60, run => 'r', options => '{\"seed\": 1}'");
    demo.generate("'schema_docs', 20, run => 'r', options => '{\"seed\": 1}'");
    for (section, metric, query) in SAME {
        assert_eq!(value(&demo, "r", section, metric), demo.run(query), "{section} {metric}");
    }
    // names of what is not covered: with those that are, they are all
    let names = "SELECT count(*) FROM (
        SELECT jsonb_array_elements_text(detail -> 'not_covered') FROM nlsql.report('r')
         WHERE section = 'coverage' AND metric = 'columns'
        UNION SELECT DISTINCT c FROM nlsql.dataset, unnest(columns) c WHERE kind = 'pair') n";
    let of = "SELECT detail ->> 'of' FROM nlsql.report('r') WHERE section = 'coverage' AND metric = 'columns'";
    assert_eq!(demo.run(names), demo.run(of));

    // not split, then split: nothing crosses
    assert_eq!(value(&demo, "r", "splits", "assigned"), "0");
    demo.run("SELECT nlsql.split('r')");
    for (metric, expected) in [("skeletons", "0"), ("templates", "0"), ("near_duplicates", "0")] {
        assert_eq!(value(&demo, "r", "leakage", metric), expected, "{metric}");
    }
    // two pairs of one shape on two sides, as no split leaves them
    demo.as_superuser().run(
        "UPDATE nlsql.item SET skeleton = 'one', split = CASE slot WHEN 1 THEN 'train' ELSE 'test' END
          WHERE phase = 'joins' AND slot IN (1, 2)",
    );
    assert_eq!(value(&demo, "r", "leakage", "skeletons"), "1");
    // twice the same: the report does not depend on the order in which rows lie
    let whole = "SELECT md5(string_agg(r::text, '')) FROM nlsql.report('r') r";
    assert_eq!(demo.run(whole), demo.run(whole));
    assert_eq!(cluster.alarms(), [""; 0]);
}

#[test]
fn only_the_roles_own_runs_are_reported() {
    let cluster = Cluster::new();
    let demo = cluster.create_database_of("demo", "reader");
    demo.generate("'single_table', 5, run => 'mine'");
    let error = demo.as_role("demo").error("SELECT nlsql.report('mine')");
    assert_eq!((error.sqlstate.as_str(), error.message.as_str()), ("42704", "run \"mine\" does not exist"));
    assert!(error.hint.contains("nlsql.run"), "{error}");
    cluster.create_role("nobody");
    let error = demo.as_role("nobody").error("SELECT nlsql.report('mine')");
    assert_eq!(error.sqlstate, "42501", "{error}");
    // a run that has nothing yet
    demo.as_superuser().run(
        "INSERT INTO nlsql.run (role, name, status, seed, settings, search_path) VALUES ('reader', 'empty', 'done', 1, '{}', '')",
    );
    assert_eq!(value(&demo, "empty", "run", "records"), "0");
    assert_eq!(value(&demo, "empty", "pace", "records_a_minute"), "");
    assert_eq!(cluster.alarms(), [""; 0]);
}

const TABLE: &str = "a</title><script>alert('x')</script>&amp;";
const QUESTION: &str = "</q><img src=x onerror=alert(1)> \"how\" & 'many' \u{1f600} \u{202e}\u{5d0}\u{5d1}?";

/// A run with names and texts that would break a page which does not escape them.
fn hostile(demo: &Database) {
    demo.run(&format!(
        "CREATE TABLE insurer.\"{TABLE}\" (\"c\"\"'>1\u{1f600}\" int, \"\u{627}\u{633}\u{645}\" text);
         INSERT INTO insurer.\"{TABLE}\" SELECT n, 'x' || n % 7 FROM generate_series(1, 100) n; ANALYZE insurer.\"{TABLE}\""
    ));
    demo.generate("'joins', 40, run => 'r', options => '{\"seed\": 1}'");
    let text = QUESTION.replace('\'', "''");
    demo.as_superuser().run(&format!(
        "UPDATE nlsql.item SET question = '{text}', question_key = NULL, evidence = '{text}', sql = 'SELECT ''<b>&amp;</b>''', style = '<i>';
         INSERT INTO nlsql.reject (run_id, phase, task, stage, sqlstate, message, engine)
         SELECT id, 'joins', 1, 'parse', '42601', '{text}', 'offline' FROM nlsql.run"
    ));
}

/// What a browser makes of the page in a frame as wide as a phone or a desk, where the page's own scripts may not run;
/// none without a browser.
fn looked_at(page: &str, width: u32, folder: &Path) -> Option<String> {
    let attribute = page.replace('&', "&amp;").replace('"', "&quot;");
    let frame = format!(
        "<!DOCTYPE html><meta charset=utf-8><iframe id=f sandbox=allow-same-origin style='width:{width}px;height:2000px;border:0' srcdoc=\"{attribute}\"></iframe>
         <pre id=\"out\"></pre><script>f.onload = () => {{
           const d = f.contentDocument, e = d.documentElement, all = s => d.querySelectorAll(s).length;
           out.textContent = JSON.stringify({{inner: e.clientWidth, wide: e.scrollWidth,
             foreign: all('script, img, iframe, link, object, embed, base, pre b, .tag i'),
             bars: all('svg.bar rect.fill'), cells: all('svg.cell'), headings: all('h2'),
             questions: [...d.querySelectorAll('q')].map(q => q.textContent)}});
           f.remove(); }};</script>"
    );
    let file = folder.join(format!("frame-{width}.html"));
    std::fs::write(&file, frame).expect("a file can be written");
    let output = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--dump-dom"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync", "--timeout=20000"])
        .args(["--window-size=1400,2200"])
        .arg(format!("--user-data-dir={}", folder.join("browser").display()))
        .arg(format!("file://{}", file.display()))
        .output()
        .ok()?;
    let dom = String::from_utf8_lossy(&output.stdout).into_owned();
    let out = dom.rsplit("<pre id=\"out\">").next().and_then(|rest| rest.split("</pre>").next());
    Some(out.unwrap_or_default().replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
}

fn scratch() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("nlsql-report-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    folder
}

#[test]
fn the_page_stands_alone_and_escapes_everything() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    hostile(&demo);
    let page = demo.raw("SELECT nlsql.report_html('r')");
    for (harmful, why) in [
        ("<script", "a script"),
        ("<img", "an element out of a question"),
        ("<b>&amp;", "an element out of a statement"),
        ("http:", "an address"),
        ("https:", "an address"),
        ("url(", "something to be fetched"),
        ("@import", "something to be fetched"),
        ("<link", "something to be fetched"),
    ] {
        assert!(!page.contains(harmful), "{why}: {harmful}");
    }
    for needed in ["width=device-width", "prefers-color-scheme: dark", "default-src 'none'", "&lt;img src"] {
        assert!(page.contains(needed), "{needed}");
    }
    assert_eq!(page, demo.raw("SELECT nlsql.report_html('r')"), "the same run gives the same page");
    let unused =
        page.split("Not used: ").nth(1).and_then(|rest| rest.split("</p>").next()).expect("a small run lacks much");
    assert!(unused.contains("WITH RECURSIVE") && !unused.contains('_'), "names for a reader: {unused}");

    let folder = scratch();
    for width in [375, 1200] {
        let Some(seen) = looked_at(&page, width, &folder) else {
            println!("skipped: the page is not looked at, for there is no chromium");
            break;
        };
        let seen: serde_json::Value = serde_json::from_str(&seen).unwrap_or_else(|e| panic!("{e}: {seen}"));
        assert_eq!((&seen["wide"], &seen["inner"]), (&seen["inner"], &seen["inner"]), "no sideways scrolling: {seen}");
        assert!(seen["inner"].as_u64() > Some(u64::from(width) - 30), "{seen}");
        assert_eq!(seen["foreign"], 0, "{seen}");
        assert!(seen["bars"].as_u64() > Some(20) && seen["cells"].as_u64() > Some(20), "{seen}");
        assert!(seen["headings"].as_u64() > Some(10), "{seen}");
        let questions = seen["questions"].as_array().unwrap();
        assert!(questions.len() == 10 && questions.iter().all(|q| q == QUESTION), "{seen}");
    }
    parses(&page, &folder);
    let _ = std::fs::remove_dir_all(folder);
    assert_eq!(cluster.alarms(), [""; 0]);
}

/// No parse error by the HTML standard, as html5lib in a folder of its own sees it.
fn parses(page: &str, folder: &Path) {
    let library = folder.join("python");
    let install = Command::new("python3")
        .args(["-m", "pip", "install", "-q", "--disable-pip-version-check", "--target"])
        .arg(&library)
        .arg("html5lib")
        .output();
    if !install.is_ok_and(|o| o.status.success()) {
        println!("skipped: html5lib could not be installed, so the page is not validated");
        return;
    }
    let file = folder.join("page.html");
    std::fs::write(&file, page).expect("a file can be written");
    let script =
        "import sys, html5lib; html5lib.HTMLParser(strict=True).parse(open(sys.argv[1], encoding='utf-8').read())";
    let parsed = Command::new("python3").env("PYTHONPATH", &library).args(["-c", script]).arg(&file).output();
    let parsed = parsed.expect("python3 starts");
    assert!(parsed.status.success(), "{}", String::from_utf8_lossy(&parsed.stderr));
}
