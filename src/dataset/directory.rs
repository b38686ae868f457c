//! What a dataset's directory holds: one data file a split, named so that its readers find them, and what goes with
//! them. Writing is `pg/directory.rs`.

use super::format::Format;
use super::split::SPLITS;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// How the records stand in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    /// A JSON text a line.
    Lines,
    /// One JSON array.
    Array,
    Csv,
    /// `SQL<TAB>database` a line, as the evaluators of spider and bird read it.
    Gold,
}

/// A file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Planned {
    pub name: String,
    /// As nlsql calls it.
    pub split: &'static str,
    pub container: Container,
}

/// A file as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Written {
    pub file: String,
    /// As its readers call it; none for what is no split.
    pub split: Option<&'static str>,
    pub records: u64,
    pub bytes: u64,
    /// At most, by estimate.
    pub tokens: u64,
    pub sha256: String,
}

/// What Hugging Face calls a split.
pub(crate) fn public_split(split: &'static str) -> &'static str {
    if split == "dev" { "validation" } else { split }
}

pub(crate) fn plan(format: Format, layout: &str) -> Vec<Planned> {
    let container = match format {
        Format::Spider | Format::Bird => Container::Array,
        Format::Eval if layout == "goldens" => Container::Array,
        Format::Csv => Container::Csv,
        _ => Container::Lines,
    };
    let gold = matches!(format, Format::Spider | Format::Bird);
    let mut files = Vec::new();
    for split in SPLITS {
        // spider and bird have their own names
        let stem = if gold { split } else { public_split(split) };
        let end = match container {
            Container::Array => "json",
            Container::Csv => "csv",
            _ => "jsonl",
        };
        files.push(Planned { name: format!("{stem}.{end}"), split, container });
        if gold {
            files.push(Planned { name: format!("{stem}_gold.sql"), split, container: Container::Gold });
        }
    }
    files
}

/// LLaMA-Factory's description of the files, for the formats that it reads.
pub(crate) fn dataset_info(format: Format, layout: &str, name: &str, files: &[Written]) -> Option<Value> {
    let columns = match (format, layout) {
        (Format::Chat, _) => json!({"messages": "messages"}),
        (Format::Sharegpt, _) => json!({"messages": "conversations", "system": "system", "tools": "tools"}),
        (Format::Alpaca, _) => {
            json!({"prompt": "instruction", "query": "input", "response": "output", "system": "system"})
        }
        (Format::PromptCompletion, "text") => json!({"prompt": "prompt", "response": "completion"}),
        (Format::Preference, "text") => json!({"prompt": "prompt", "chosen": "chosen", "rejected": "rejected"}),
        (Format::Preference, "llamafactory") => json!({
            "prompt": "instruction", "query": "input", "chosen": "chosen", "rejected": "rejected", "system": "system"
        }),
        _ => return None,
    };
    let mut info = Map::new();
    for file in files {
        let Some(split) = file.split else { continue };
        let mut entry = json!({"file_name": file.file, "columns": columns});
        if matches!(format, Format::Chat | Format::Sharegpt) {
            entry["formatting"] = json!("sharegpt");
        }
        if format == Format::Chat {
            entry["tags"] = json!({
                "role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant",
                "system_tag": "system"
            });
        }
        if format == Format::Preference {
            entry["ranking"] = json!(true);
        }
        let key = if split == "train" { name.to_owned() } else { format!("{name}_{split}") };
        info.insert(key, entry);
    }
    Some(Value::Object(info))
}

/// Tokens of so many bytes: more than any usual tokeniser makes of English, SQL and JSON.
pub(crate) fn tokens(bytes: u64) -> u64 {
    bytes.div_ceil(3)
}

/// The class of sizes by which datasets are found.
pub(crate) fn size_category(records: u64) -> &'static str {
    match records {
        0..1_000 => "n<1K",
        1_000..10_000 => "1K<n<10K",
        10_000..100_000 => "10K<n<100K",
        100_000..1_000_000 => "100K<n<1M",
        1_000_000..10_000_000 => "1M<n<10M",
        _ => "n>10M",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(format: Format, layout: &str) -> Vec<String> {
        plan(format, layout).into_iter().map(|f| f.name).collect()
    }

    #[test]
    fn files_have_the_names_that_readers_look_for() {
        assert_eq!(names(Format::Chat, ""), ["train.jsonl", "validation.jsonl", "test.jsonl"]);
        assert_eq!(names(Format::Csv, ""), ["train.csv", "validation.csv", "test.csv"]);
        assert_eq!(names(Format::Eval, "goldens"), ["train.json", "validation.json", "test.json"]);
        assert_eq!(
            names(Format::Spider, ""),
            ["train.json", "train_gold.sql", "dev.json", "dev_gold.sql", "test.json", "test_gold.sql"]
        );
    }

    #[test]
    fn formats_are_described_to_llama_factory_by_their_columns() {
        let file = |name: &str, split| Written {
            file: name.to_owned(),
            split,
            records: 1,
            bytes: 1,
            tokens: 1,
            sha256: String::new(),
        };
        let files = [file("train.jsonl", Some("train")), file("test.jsonl", Some("test")), file("x", None)];
        let info = dataset_info(Format::Chat, "", "shop", &files).unwrap();
        assert_eq!(info["shop"]["formatting"], "sharegpt");
        assert_eq!(info["shop"]["tags"]["user_tag"], "user");
        assert_eq!(info["shop_test"]["file_name"], "test.jsonl");
        assert_eq!(info.as_object().unwrap().len(), 2);
        let info = dataset_info(Format::Preference, "llamafactory", "shop", &files).unwrap();
        assert_eq!(info["shop"]["ranking"], true);
        assert_eq!(dataset_info(Format::Spider, "", "shop", &files), None);
    }

    #[test]
    fn sizes_fall_into_classes() {
        assert_eq!(size_category(999), "n<1K");
        assert_eq!(size_category(1_000), "1K<n<10K");
        assert_eq!(size_category(20_000), "10K<n<100K");
        assert_eq!(size_category(1_000_000), "1M<n<10M");
    }
}
