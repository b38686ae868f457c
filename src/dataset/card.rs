//! The dataset card: what stands in README.md beside the data, by the template `card`.

use super::directory::{Written, size_category};
use super::format::Format;
use super::options::ExportOptions;
use crate::error::Result;
use crate::prompt::templates::Templates;
use minijinja::value::{Serde, Value as Given};
use serde_json::{Value, json};

pub(crate) struct Card<'a> {
    pub format: Format,
    pub layout: &'a str,
    pub db_id: &'a str,
    pub options: &'a ExportOptions,
    pub files: &'a [Written],
    /// What `sql/facts.sql` says of the runs.
    pub facts: &'a Value,
}

impl Card<'_> {
    pub fn render(&self, templates: &Templates) -> Result<String> {
        let context = json!({"card": self.context()});
        Ok(templates.render("card", &Given::from(Serde(&context)))? + "\n")
    }

    fn context(&self) -> Value {
        let data: Vec<&Written> = self.files.iter().filter(|f| f.split.is_some()).collect();
        let records: u64 = data.iter().map(|f| f.records).sum();
        let measures = &self.facts["measures"];
        let count = |key: &str| measures[key].as_u64().unwrap_or(0);
        let pairs = count("pairs");
        let percent = |n: u64| format!("{:.1} %", 100.0 * n as f64 / pairs.max(1) as f64);
        let title = self.options.title.clone().unwrap_or_else(|| format!("Text-to-SQL for {}", self.db_id));
        let quality = [
            ("pairs whose SQL ran", percent(count("pairs_executed"))),
            ("questions with two different results", count("questions_with_two_results").to_string()),
            ("SQL skeletons in more than one split", count("skeletons_in_two_splits").to_string()),
            ("SQL templates in more than one split", count("templates_in_two_splits").to_string()),
            ("different SQL skeletons", count("skeletons").to_string()),
            ("different SQL templates", count("templates").to_string()),
            ("tables used", count("tables").to_string()),
            ("columns used", count("columns").to_string()),
            ("functions used", count("functions").to_string()),
        ];
        json!({
            "title": plain(&title),
            "license": self.options.license.as_deref().unwrap_or("unknown"),
            "size": size_category(records),
            "version": env!("CARGO_PKG_VERSION"),
            "database": plain(self.db_id),
            "format": self.format.name(),
            "layout": self.layout,
            "files": data,
            "records": records,
            "left_out": count("records_without_split"),
            "pairs": pairs,
            "quality": quality,
            "difficulty": shares(&self.facts["difficulty"], usize::MAX),
            "features": shares(&self.facts["features"], 12),
            "runs": self.facts["runs"],
            "example": self.example(),
        })
    }

    /// Shown in fences: text that would close them is not shown.
    fn example(&self) -> Value {
        let example = &self.facts["example"];
        let safe = |key: &str| example[key].as_str().is_some_and(|t| !t.contains("```") && t.len() < 4_000);
        if safe("question") && safe("sql") { example.clone() } else { Value::Null }
    }
}

fn shares(counts: &Value, most: usize) -> Value {
    let Value::Object(counts) = counts else { return json!([]) };
    counts.iter().take(most).map(|(name, n)| json!([name, n])).collect()
}

/// On one line, and no markup: it stands in a heading.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || "<>|`[]".contains(c) { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_card_names_files_and_measures_and_breaks_on_no_text() {
        let files = [Written {
            file: "train.jsonl".to_owned(),
            split: Some("train"),
            records: 1500,
            bytes: 10,
            tokens: 3,
            sha256: String::new(),
        }];
        let facts = json!({
            "measures": {"pairs": 1500, "pairs_executed": 1497, "records_without_split": 3},
            "difficulty": {"easy": 900, "hard": 600}, "features": {"join": 10}, "runs": [{"name": "r", "seed": 7, "phases": [
                {"phase": "joins", "engine": "offline", "records": 1500}]}],
            "example": {"question": "What?", "sql": "SELECT ```"},
        });
        let options = ExportOptions { title: Some("A: \"b\"\n---\n# <script>".to_owned()), ..ExportOptions::default() };
        let card =
            Card { format: Format::Chat, layout: "", db_id: "shop", options: &options, files: &files, facts: &facts };
        let text = card.render(&Templates::new(&BTreeMap::new()).unwrap()).unwrap();
        let (yaml, body) = text.strip_prefix("---\n").unwrap().split_once("\n---\n").unwrap();
        assert!(yaml.contains("\"A: \\\"b\\\" --- #  script \""), "{yaml}");
        assert!(yaml.contains("- {split: train, path: \"train.jsonl\"}") && yaml.contains("1K<n<10K"), "{yaml}");
        for part in ["99.8 %", "| easy | 900 |", "| join | 10 |", "3 records"] {
            assert!(body.contains(part), "{part}: {body}");
        }
        assert!(!body.contains("SELECT ```"), "{body}");
    }
}
