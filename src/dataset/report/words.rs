//! Rows on the wording of questions, the shapes of statements, and what is alike among them.

use super::stored::Stored;
use super::{Row, rounded, share};
use crate::dataset::metrics::{FEW, MANY, Measures, Sizes};
use serde_json::{Value, json};

pub(super) fn questions(m: &Measures) -> Vec<Row> {
    let section = "questions";
    let row = |metric: &str, value: Option<f64>, meaning: &str| Row::new(section, metric, value, meaning);
    let mut openings: Vec<(&String, &u64)> = m.openings.iter().collect();
    openings.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    let first = |n: usize| openings.iter().take(n).map(|(_, n)| **n).sum::<u64>();
    let list: Vec<Value> = openings.iter().take(12).map(|(words, n)| json!({"words": words, "questions": n})).collect();
    let mut rows = vec![
        row(
            "templates_in_200",
            Some(m.templates_in_few as f64),
            "Different forms among 200 drawn questions once values and the schema's words are masked; 200 is best.",
        )
        .with("drawn", m.few),
        row(
            "distinct_2_in_200",
            m.distinct_2_in_few,
            "Different pairs of neighbouring words by all such pairs in 200 drawn questions; higher is more varied.",
        )
        .with("drawn", m.few),
        row(
            "top_4_openings",
            share(first(4) as f64, m.pairs),
            "Share of the questions that begin with one of the four commonest pairs of words; lower is more varied.",
        )
        .with("different", m.openings.len())
        .with("openings", list),
        size("words", section, &m.words, "Words in a question, on average."),
        row(
            "snake_case",
            share(m.snake_case as f64, m.pairs),
            "Share of the questions that quote an identifier such as film_id; people do not.",
        ),
    ];
    for (style, n) in &m.styles {
        rows.push(Row::new("style", style, Some(*n as f64), "").share_of(m.pairs));
    }
    rows
}

fn size(metric: &str, section: &'static str, sizes: &Sizes, meaning: &str) -> Row {
    Row::new(section, metric, sizes.mean(), meaning)
        .with("deviation", sizes.deviation().map(rounded))
        .with("median", sizes.percentile(0.5))
        .with("p95", sizes.percentile(0.95))
        .with("most", sizes.max())
}

pub(super) fn statements(stored: &Stored, m: &Measures) -> Vec<Row> {
    let row = |metric: &str, value: f64, meaning: &str| Row::new("statements", metric, Some(value), meaning);
    let top: u64 = stored.top_skeletons.iter().map(|s| s.n).sum();
    let list: Vec<Value> = stored
        .top_skeletons
        .iter()
        .map(|s| json!({"skeleton": s.skeleton, "pairs": s.n, "example": s.example}))
        .collect();
    vec![
        row(
            "skeletons",
            stored.skeletons as f64,
            "Different shapes: statements with values, tables, columns and aliases masked.",
        )
        .share_of(stored.pairs()),
        row("skeletons_in_200", m.skeletons_in_few as f64, "Different shapes among 200 drawn pairs.")
            .with("drawn", m.few)
            .with("of", FEW),
        row(
            "collapsed_in_200",
            m.collapsed_in_few as f64,
            "The same, where a list of equal items counts as one item: a further plain column makes no new shape.",
        )
        .with("drawn", m.few)
        .with("of", FEW),
        row("skeletons_in_1000", m.skeletons_in_many as f64, "Different shapes among 1,000 drawn pairs.")
            .with("drawn", m.many)
            .with("of", MANY),
        Row::new(
            "statements",
            "top_10_skeletons",
            share(top as f64, stored.pairs()),
            "Share of the pairs that have one of the ten commonest shapes; lower is more varied.",
        )
        .with("skeletons", list),
        row("templates", stored.templates as f64, "Different statements once their values are masked.")
            .share_of(stored.pairs()),
        size("tokens", "statements", &m.tokens, "Words, numbers and signs in a statement, on average."),
    ]
}

pub(super) fn duplicates(stored: &Stored, m: &Measures) -> Vec<Row> {
    let row = |metric: &str, value: Option<f64>, meaning: &str| Row::new("duplicates", metric, value, meaning);
    vec![
        row("questions", Some(stored.duplicates as f64), "Questions that stand twice, but for case, spaces and marks."),
        row("conflicts", Some(stored.conflicts as f64), "Questions that stand twice with different results."),
        row(
            "same_template",
            Some(stored.pairs().saturating_sub(stored.templates) as f64),
            "Pairs whose statement differs from another's in its values alone.",
        )
        .share_of(stored.pairs()),
        row(
            "near_duplicates",
            share(m.near as f64, m.compared as u64),
            "Share of the questions that share four fifths of their three-word runs with another question.",
        )
        .with("questions", m.near)
        .with("compared", m.compared),
        row(
            "alike_in_letters",
            Some(m.alike_in_letters),
            "The same by three-letter runs among 1,000 drawn questions: a stricter eye.",
        )
        .with("compared", m.many),
    ]
}

pub(super) fn splits(stored: &Stored, m: &Measures) -> Vec<Row> {
    let of = |split: &str| stored.splits.get(split).copied().unwrap_or_default();
    let split: u64 = ["train", "dev", "test"].map(of).iter().sum();
    if split == 0 {
        let hint =
            format!("Not split yet: SELECT * FROM nlsql.split({});", crate::schema::model::quote_literal(&stored.name));
        return vec![Row::new("splits", "assigned", Some(0.0), &hint)];
    }
    let sizes = [
        ("train", "Records to train on."),
        ("dev", "Records to choose a model by."),
        ("test", "Records to judge the model by, once."),
    ];
    let mut rows: Vec<Row> = sizes
        .iter()
        .map(|(name, meaning)| Row::new("splits", name, Some(of(name) as f64), meaning).share_of(stored.records()))
        .collect();
    rows.push(
        Row::new(
            "splits",
            "none",
            Some(of("none") as f64),
            "Records kept out, since they are like records of two splits, like a benchmark, or newer than the split.",
        )
        .share_of(stored.records()),
    );
    let leak = |metric: &str, n: u64, whole: u64, meaning: &str| {
        Row::new("leakage", metric, Some(n as f64), meaning).share_of(whole)
    };
    rows.extend([
        leak(
            "skeletons",
            stored.leaked_skeletons,
            stored.held_out,
            "Pairs of dev and test whose shape stands in train too.",
        ),
        leak(
            "templates",
            stored.leaked_templates,
            stored.held_out,
            "Pairs of dev and test whose statement differs from one of train in its values alone.",
        ),
        leak(
            "near_duplicates",
            m.crossing as u64,
            m.compared as u64,
            "Questions with a near-duplicate in another split.",
        )
        .with("compared", m.compared),
    ]);
    rows
}
