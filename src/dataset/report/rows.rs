//! All rows of a report in their order.

use super::stored::Stored;
use super::{Row, ladder, rounded, share, words};
use crate::dataset::metrics::coverage::Share;
use crate::dataset::metrics::{LEVELS, Measures};
use serde_json::{Value, json};

/// What a statement can be made of, in the gate's names.
const FEATURES: [&str; 32] = [
    "join", "outer_join", "self_join", "lateral", "aggregate", "group_by", "having", "filter", "grouping_sets",
    "ordered_set_agg", "window", "order_by", "limit", "distinct", "distinct_on", "cte", "cte_recursive", "set_op",
    "subq_from", "subq_in", "subq_exists", "subq_scalar", "subq_correlated", "values", "case", "like", "regex",
    "date_fn", "array", "jsonb", "range", "full_text",
];

pub(crate) fn rows(stored: &Stored, measures: &Measures) -> Vec<Row> {
    let mut rows = run(stored);
    rows.extend(ladder::rows(stored));
    rows.extend(ladder::refusals(stored));
    if measures.pairs > 0 {
        rows.extend(difficulty(measures));
        rows.extend(features(measures));
        rows.extend(functions(measures));
        rows.extend(joins(measures));
        rows.extend(coverage(measures));
        rows.extend(words::questions(measures));
        rows.extend(words::statements(stored, measures));
    }
    if stored.records() > 0 {
        rows.extend(words::duplicates(stored, measures));
        rows.extend(words::splits(stored, measures));
    }
    rows.extend(cost(stored, measures));
    rows.extend(pace(stored));
    rows
}

fn run(stored: &Stored) -> Vec<Row> {
    let row = |metric: &str, n: u64, meaning: &str| Row::new("run", metric, Some(n as f64), meaning);
    let phases: Vec<Value> = stored
        .phases
        .iter()
        .map(|p| json!({"phase": p.phase, "engine": p.engine, "status": p.status, "requested": p.requested, "accepted": p.accepted, "rejected": p.rejected}))
        .collect();
    let mut rows = vec![
        row("records", stored.records(), "Everything that the run stored, each through its own check.")
            .with("run", stored.name.clone())
            .with("role", stored.role.clone())
            .with("status", stored.status.clone())
            .with("seed", stored.seed)
            .with("database", stored.database.clone())
            .with("server", stored.server.clone())
            .with("created_at", stored.created_at.clone())
            .with("phases", phases),
    ];
    for (kind, meaning) in [
        ("pair", "Questions with the SQL that answers them."),
        ("qa", "Questions about the schema with their answers."),
        ("row", "Anonymised rows."),
        ("relationship", "Relationships between tables with their evidence."),
    ] {
        rows.extend(stored.kinds.get(kind).map(|n| row(kind, *n, meaning)));
    }
    rows
}

fn difficulty(m: &Measures) -> Vec<Row> {
    const MEANINGS: [&str; 4] = [
        "One thing at a time: a condition, a count or a sort.",
        "Two or three things together.",
        "A join more, several conditions, or one nested query.",
        "Nested queries, windows or set operations beside all that.",
    ];
    let mut rows = Vec::new();
    for (level, meaning) in LEVELS.iter().zip(MEANINGS) {
        let by_phase = m.difficulty.get(*level);
        let n: u64 = by_phase.map_or(0, |phases| phases.values().sum());
        rows.push(
            Row::new("difficulty", level, Some(n as f64), meaning).share_of(m.pairs).with("phases", json!(by_phase)),
        );
    }
    if m.asked > 0 {
        rows.push(
            Row::new(
                "difficulty",
                "as_asked",
                share(m.as_asked as f64, m.asked),
                "Share of the pairs whose measured difficulty is the one that was asked for.",
            )
            .with("asked", m.asked),
        );
    }
    rows
}

fn features(m: &Measures) -> Vec<Row> {
    let mut names: Vec<(&str, u64)> = FEATURES.iter().map(|f| (*f, m.features.get(*f).copied().unwrap_or(0))).collect();
    names.extend(m.features.iter().filter(|(f, _)| !FEATURES.contains(&f.as_str())).map(|(f, n)| (f.as_str(), *n)));
    let missing: Vec<&str> = names.iter().filter(|(_, n)| *n == 0).map(|(f, _)| *f).collect();
    let used = names.len() - missing.len();
    let mut rows = vec![
        Row::new("features", "used", Some(used as f64), "Kinds of SQL construct that the pairs use at least once.")
            .with("of", names.len())
            .with("not_used", json!(missing)),
    ];
    rows.extend(names.into_iter().map(|(name, n)| Row::new("feature", name, Some(n as f64), "").share_of(m.pairs)));
    rows
}

fn functions(m: &Measures) -> Vec<Row> {
    let uses: u64 = m.functions.values().sum();
    let mut by_use: Vec<(&String, &u64)> = m.functions.iter().collect();
    by_use.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    let mut rows = vec![
        Row::new(
            "functions",
            "different",
            Some(m.functions.len() as f64),
            "SQL functions that the pairs use at least once.",
        ),
        Row::new("functions", "a_pair", share(uses as f64, m.pairs), "Different functions in a pair, on average."),
    ];
    rows.extend(by_use.into_iter().map(|(f, n)| Row::new("function", f, Some(*n as f64), "").share_of(m.pairs)));
    rows
}

fn joins(m: &Measures) -> Vec<Row> {
    let mut rows =
        vec![Row::new("joins", "mean", m.joins.mean(), "Joins in a pair, on average.").with("most", m.joins.max())];
    for (joins, n) in m.joins.counts() {
        rows.push(Row::new("joins", &joins.to_string(), Some(*n as f64), "").share_of(m.pairs));
    }
    rows
}

fn coverage(m: &Measures) -> Vec<Row> {
    let row = |metric: &str, found: Share, meaning: &str| {
        Row::new("coverage", metric, share(found.used as f64, found.of as u64), meaning)
            .with("used", found.used)
            .with("of", found.of)
            .with("not_covered", found.missing)
    };
    let columns = m.coverage.column_use();
    let (name, most) = columns.most.unwrap_or_default();
    let mut rows = vec![
        row(
            "tables",
            m.coverage.tables(),
            "Share of the tables and views that the role may read which occur in a pair.",
        ),
        row("columns", m.coverage.columns(), "Share of their columns which occur in a pair."),
        row("edges", m.coverage.edges(), "Share of the foreign keys along which a pair joins."),
        Row::new(
            "coverage",
            "most_used_column",
            share(most as f64, columns.median),
            "Uses of the most used column by those of the median one; 1 would be perfectly even.",
        )
        .with("column", name)
        .with("uses", most)
        .with("median", columns.median),
        Row::new(
            "coverage",
            "column_gini",
            Some(rounded(columns.gini)),
            "How unevenly columns are used: 0 is perfectly even, 1 is one column alone.",
        ),
    ];
    for (table, uses, columns) in m.coverage.by_table() {
        rows.push(Row::new("table", &table, Some(uses as f64), "").share_of(m.pairs).with("columns", columns));
    }
    rows
}

fn cost(stored: &Stored, m: &Measures) -> Vec<Row> {
    let row = |metric: &str, value: Option<f64>, meaning: &str| Row::new("cost", metric, value, meaning);
    let calls: u64 = stored.calls.iter().map(|c| c.calls).sum();
    let estimate = row(
        "estimated_tokens",
        Some((m.characters as f64 / 4.0).ceil()),
        "Tokens of all questions and statements, estimated at four characters each.",
    );
    let mut rows = vec![estimate, row("calls", Some(calls as f64), "Requests to a model.")];
    if calls == 0 {
        return rows;
    }
    let models: Vec<Value> = stored
        .calls
        .iter()
        .map(|c| json!({"model": c.model, "calls": c.calls, "ok": c.ok, "prompt_tokens": c.prompt_tokens, "completion_tokens": c.completion_tokens, "usd": c.usd, "unpriced": c.unpriced}))
        .collect();
    rows[1].detail["models"] = Value::from(models);
    let prompt: u64 = stored.calls.iter().filter_map(|c| c.prompt_tokens).sum();
    let completion: u64 = stored.calls.iter().filter_map(|c| c.completion_tokens).sum();
    let usd: Option<f64> = stored.calls.iter().filter_map(|c| c.usd).reduce(|a, b| a + b);
    let records = stored.records();
    let each = |n: f64| (records > 0).then(|| n / records as f64);
    rows.extend([
        row("calls_a_record", each(calls as f64), "Requests for one stored record."),
        row("prompt_tokens", Some(prompt as f64), "Tokens that were sent."),
        row("completion_tokens", Some(completion as f64), "Tokens that came back."),
        row("tokens_a_record", each((prompt + completion) as f64), "Tokens, sent and received, for one stored record."),
        row("usd", usd, "What the calls cost, by the prices in nlsql.prices.")
            .with("unpriced", stored.calls.iter().map(|c| c.unpriced).sum::<u64>()),
        row("usd_a_record", usd.and_then(each), "Cost of one stored record."),
    ]);
    rows
}

fn pace(stored: &Stored) -> Vec<Row> {
    let minute = |n: u64, seconds: Option<f64>| seconds.filter(|s| *s > 0.0).map(|s| n as f64 * 60.0 / s);
    let mut rows = vec![
        Row::new("pace", "seconds", stored.seconds, "From the start of the run to its end, pauses included."),
        Row::new(
            "pace",
            "records_a_minute",
            minute(stored.records(), stored.seconds),
            "Records stored in a minute of that time.",
        ),
    ];
    for phase in &stored.phases {
        rows.push(
            Row::new("phase", &phase.phase, minute(phase.accepted, phase.seconds), "")
                .with("records", phase.accepted)
                .with("seconds", phase.seconds.map(rounded)),
        );
    }
    rows
}
