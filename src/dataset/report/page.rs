//! The report as one page that needs nothing else: no script, nothing from elsewhere, every text escaped.

use super::Row;
use super::stored::Stored;
use crate::dataset::metrics::{Measures, Record};
use crate::error::{Error, Result};
use minijinja::value::{Serde, Value as Given};
use minijinja::{AutoEscape, Environment};
use serde_json::{Map, Value, json};

const TEMPLATE: &str = include_str!("../../../templates/report.html.j2");
/// Rows of a chart, tables of the matrix and names of a list; what is beyond is counted.
const BARS: usize = 40;
const TABLES: usize = 120;
const NAMES: usize = 300;

pub(crate) fn page(stored: &Stored, measures: &Measures, rows: &[Row]) -> Result<String> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let failed = |e: minijinja::Error| Error::internal(format!("report page: {e:#}"));
    environment.add_template("report", TEMPLATE).map_err(failed)?;
    let template = environment.get_template("report").map_err(failed)?;
    template.render(Given::from(Serde(&context(stored, measures, rows)))).map_err(failed)
}

fn context(stored: &Stored, measures: &Measures, rows: &[Row]) -> Value {
    let mut sections: Map<String, Value> = Map::new();
    for row in rows {
        let list = sections.entry(row.section).or_insert_with(|| json!([]));
        if let Some(list) = list.as_array_mut() {
            list.push(shown(row));
        }
    }
    let mut more: Map<String, Value> = Map::new();
    for (section, most) in [("function", BARS), ("table", TABLES), ("rejected", BARS)] {
        if let Some(list) = sections.get_mut(section).and_then(Value::as_array_mut) {
            more.insert(section.to_owned(), json!(list.len().saturating_sub(most)));
            list.truncate(most);
        }
    }
    if let Some(features) = sections.get_mut("feature").and_then(Value::as_array_mut) {
        features.sort_by_key(|f| std::cmp::Reverse(f["number"].as_f64().unwrap_or(0.0) as u64));
    }
    let phases: Vec<&str> = stored.phases.iter().map(|p| p.phase.as_str()).collect();
    let tiles = tiles(rows);
    json!({
        "run": stored.name, "role": stored.role, "database": stored.database, "server": stored.server.split(' ').next(),
        "status": stored.status, "seed": stored.seed, "created": stored.created_at.get(..16).map(|t| t.replace('T', " ")),
        "engines": engines(stored), "phases": phases, "tiles": tiles, "s": sections, "more": more,
        "samples": measures.samples.iter().map(sample).collect::<Vec<_>>(),
    })
}

fn engines(stored: &Stored) -> Vec<&str> {
    let mut engines: Vec<&str> = stored.phases.iter().map(|p| p.engine.as_str()).collect();
    engines.sort_unstable();
    engines.dedup();
    engines
}

fn shown(row: &Row) -> Value {
    let mut detail = row.detail.clone();
    if let Some(names) = detail.get_mut("not_covered").and_then(Value::as_array_mut) {
        names.truncate(NAMES);
    }
    for name in detail.get_mut("not_used").and_then(Value::as_array_mut).into_iter().flatten() {
        *name = json!(label(name.as_str().unwrap_or_default()));
    }
    if let Some(columns) = detail.get_mut("columns").and_then(Value::as_array_mut) {
        columns.iter_mut().for_each(|c| c["level"] = json!(level(c["uses"].as_u64().unwrap_or(0))));
    }
    let share = row.detail.get("share").and_then(Value::as_f64);
    json!({
        "metric": row.metric, "label": if NAMED.contains(&row.section) { row.metric.clone() } else { label(&row.metric) }, "number": row.value, "value": text(row),
        "width": share.map(|s| (s * 1000.0).round() / 10.0), "share": share.map(percent), "d": detail,
    })
}

/// Shares as percent, counts with their thousands apart.
fn text(row: &Row) -> String {
    const SHARES: [&str; 8] = [
        "tables", "columns", "edges", "top_4_openings", "snake_case", "top_10_skeletons", "near_duplicates", "as_asked",
    ];
    let Some(value) = row.value else { return "\u{2013}".to_owned() };
    let of_a_share = SHARES.contains(&row.metric.as_str()) && row.section != "leakage";
    if of_a_share || row.metric == "alike_in_letters" { percent(value) } else { number(value) }
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent > 0.0 && percent < 10.0 { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
}

fn number(value: f64) -> String {
    if value.fract() != 0.0 && value.abs() < 100.0 {
        let digits = if value.abs() < 0.01 { 6 } else { 2 };
        return format!("{value:.digits$}").trim_end_matches('0').to_owned();
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            text.push(',');
        }
        text.push(c);
    }
    text
}

/// How dark a column's cell is: by tens, for uses differ by orders.
fn level(uses: u64) -> u8 {
    match uses {
        0 => 0,
        1..=9 => 1,
        10..=99 => 2,
        100..=999 => 3,
        _ => 4,
    }
}

/// What a reader wants to know first.
fn tiles(rows: &[Row]) -> Vec<Value> {
    let find = |section: &str, metric: &str| rows.iter().find(|r| r.section == section && r.metric == metric);
    let tile = |section: &str, metric: &str, name: &str, why: &str| {
        let row = find(section, metric)?;
        Some(json!({"name": name, "value": text(row), "why": why}))
    };
    let kept = find("ladder", "stored").and_then(|r| r.detail["share"].as_f64()).map(
        |share| json!({"name": "of the candidates kept", "value": percent(share), "why": "The rest failed a check or were drawn again; see the ladder."}),
    );
    [
        tile("run", "records", "records stored", "Each went through its own check."),
        kept,
        tile("coverage", "tables", "of the tables used", "How much of the database the questions reach."),
        tile("coverage", "columns", "of the columns used", "The same by column."),
        tile("statements", "skeletons_in_200", "shapes in 200 pairs", "Different statements, names and values aside."),
        tile("duplicates", "near_duplicates", "near-duplicate questions", "Less is better."),
        tile("leakage", "skeletons", "shapes leaked into test", "Zero means that the test is fair."),
        tile("pace", "records_a_minute", "records a minute", "How fast the run was."),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn sample(pair: &Record) -> Value {
    json!({
        "phase": pair.phase, "question": pair.question, "sql": pair.sql, "evidence": pair.evidence,
        "difficulty": pair.difficulty, "style": pair.style, "rows": pair.rows,
    })
}

/// Sections whose metrics are names of the database's own.
const NAMED: [&str; 4] = ["function", "table", "phase", "style"];

/// Names that do not speak for themselves.
const LABELS: [(&str, &str); 53] = [
    ("non_empty", "result has rows"),
    ("non_degenerate", "result is telling"),
    ("proved", "proved by probes"),
    ("stored", "stored as pairs"),
    ("as_asked", "as asked for"),
    ("group_by", "GROUP BY"),
    ("order_by", "ORDER BY"),
    ("limit", "LIMIT or FETCH"),
    ("having", "HAVING"),
    ("distinct", "DISTINCT"),
    ("distinct_on", "DISTINCT ON"),
    ("cte", "WITH (CTE)"),
    ("cte_recursive", "WITH RECURSIVE"),
    ("window", "window function"),
    ("subq_scalar", "scalar subquery"),
    ("subq_in", "IN subquery"),
    ("subq_exists", "EXISTS subquery"),
    ("subq_from", "subquery in FROM"),
    ("subq_correlated", "correlated subquery"),
    ("set_op", "UNION, INTERSECT, EXCEPT"),
    ("case", "CASE"),
    ("lateral", "LATERAL"),
    ("grouping_sets", "GROUPING SETS, ROLLUP"),
    ("filter", "FILTER"),
    ("ordered_set_agg", "ordered-set aggregate"),
    ("full_text", "full-text search"),
    ("regex", "regular expression"),
    ("like", "LIKE"),
    ("date_fn", "date function"),
    ("self_join", "self-join"),
    ("outer_join", "outer join"),
    ("values", "VALUES list"),
    ("range", "range type"),
    ("edges", "foreign keys"),
    ("most_used_column", "most used column, by the median"),
    ("column_gini", "unevenness of columns (Gini)"),
    ("templates_in_200", "question forms in 200"),
    ("distinct_2_in_200", "distinct word pairs in 200"),
    ("top_4_openings", "four commonest openings"),
    ("snake_case", "identifiers quoted"),
    ("skeletons", "shapes"),
    ("skeletons_in_200", "shapes in 200"),
    ("collapsed_in_200", "shapes in 200, lists as one"),
    ("skeletons_in_1000", "shapes in 1,000"),
    ("top_10_skeletons", "ten commonest shapes"),
    ("alike_in_letters", "alike in letters"),
    ("near_duplicates", "near-duplicates"),
    ("a_pair", "functions a pair"),
    ("qa", "questions and answers"),
    ("pair", "pairs"),
    ("row", "sample rows"),
    ("relationship", "relationships"),
    ("usd", "cost in USD"),
];

fn label(metric: &str) -> String {
    LABELS.iter().find(|(name, _)| *name == metric).map_or_else(|| metric.replace('_', " "), |(_, l)| (*l).to_owned())
}
