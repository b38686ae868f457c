use super::*;

fn pairs(text: &str) -> Result<Vec<(String, String)>, Unusable> {
    candidates(text, Kind::Pair)
        .map(|p| p.candidates.into_iter().map(|c| (c.question.unwrap(), c.sql.unwrap())).collect())
}

fn one(text: &str) {
    assert_eq!(pairs(text), Ok(vec![("How many?".into(), "SELECT 1".into())]), "{text}");
}

#[test]
fn forms_of_one_pair() {
    let object = r#"{"question": "How many?", "sql": "SELECT 1;"}"#;
    one(object);
    one(&format!("[{object}]"));
    one(&format!(r#"{{"pairs":[{object}]}}"#));
    one(&format!(r#"{{"note":"x","n":[1,2],"pairs":[{object}]}}"#));
    one(&format!("\u{feff}{object}"));
    one(&format!("```json\n{{\"pairs\":[{object}]}}\n```"));
    one(&format!("<think>maybe [{{\"question\":\"a\",\"sql\":\"b\"}}]</think>\n{object}"));
    one(&format!("Sure! Here [1] it is {{ok}}:\n{object}\nI hope {{that}} helps."));
    one(r#"{"natural_language": " How many? ", "query": "```sql\nSELECT 1;\n```"}"#);
    one("Question: How many?\n```sql\nSELECT 1;\n```\nDone.");
    one("1. **How many?**\n\nSQL:\n```\nSELECT 1\n```");
    one("<think>\nwhat\n</think>## 2) Q: How many?\n```postgresql\nSELECT 1 ; \n```");
}

#[test]
fn many_pairs() {
    let lines = "{\"question\":\"How many?\",\"sql\":\"SELECT 1\"}\n{\"question\":\"How few?\",\"sql\":\"SELECT 2\"}";
    assert_eq!(pairs(lines).unwrap().len(), 2);
    let text = "How many?\n```sql\nSELECT 1\n```\nHow few then?\n```sql\nSELECT 2\n```";
    assert_eq!(pairs(text).unwrap()[1], ("How few then?".into(), "SELECT 2".into()));
    let long: Vec<_> = (0..500).map(|n| serde_json::json!({"question": format!("Q {n}"), "sql": "SELECT 1"})).collect();
    assert_eq!(pairs(&serde_json::to_string(&long).unwrap()).unwrap().len(), MANY);
}

#[test]
fn what_is_no_pair_is_dropped() {
    let parsed = candidates(
        r#"{"pairs":[{"question":"How many?","sql":"SELECT 1","extra":[1]},{"question":"","sql":"SELECT 1"},
            {"question":"A b","sql":" ; "},{"question":"A b"},{"question":5,"sql":"SELECT 1"},"text",null,
            {"question":"A\u0000b","sql":"SELECT 1"},{"question":"A b","sql":"SELECT '\u0000'"}]}"#,
        Kind::Pair,
    )
    .unwrap();
    assert_eq!((parsed.candidates.len(), parsed.dropped), (1, 8));
}

#[test]
fn unusable() {
    for text in [
        "",
        "I cannot do that.",
        "<think>on and on",
        "{\"question\": \"How many?\", \"sql\": \"SEL",
        "[1, 2]",
        "```python\nprint(1)\n```",
    ] {
        assert_eq!(pairs(text), Err(Unusable::NoForm), "{text}");
    }
    assert_eq!(pairs("[]"), Err(Unusable::Empty));
    assert_eq!(pairs(r#"{"pairs":[]}"#), Err(Unusable::Empty));
    assert_eq!(pairs(r#"{"a":1}"#), Err(Unusable::WrongFields));
    assert_eq!(pairs(r#"{"pairs":[{"q":1}]}"#), Err(Unusable::WrongFields));
    assert_eq!(pairs(r#"{"question":"How \ud800?","sql":"SELECT 1"}"#), Err(Unusable::NoForm), "a lone surrogate");
}

#[test]
fn a_truncated_list_gives_its_whole_entries_only() {
    let text = r#"{"pairs":[{"question":"How many?","sql":"SELECT 1"},{"question":"How few?","sql":"SELEC"#;
    // the outer object is broken; the entry inside is whole
    assert_eq!(pairs(text).unwrap(), vec![("How many?".into(), "SELECT 1".into())]);
}

#[test]
fn odd_texts_do_no_harm() {
    for text in [
        "{".repeat(100_000),
        "[".repeat(100_000),
        "```".repeat(10_000),
        "{\"a\":".repeat(50_000),
        "\u{1f600}```\n```".into(),
    ] {
        assert!(pairs(&text).is_err());
    }
}

#[test]
fn answers() {
    let parsed = candidates(r#"{"items":[{"question":"What is it?","answer":"A table."}]}"#, Kind::Qa).unwrap();
    assert_eq!(parsed.candidates[0].answer.as_deref(), Some("A table."));
    assert_eq!(parsed.candidates[0].sql, None);
    assert_eq!(candidates("What is it?\n```\nA\n```", Kind::Qa), Err(Unusable::NoForm));
}
