//! What each check finds, and that good records pass.

use super::*;

fn checks(format: Format, lines: &[&str]) -> Vec<(u64, &'static str)> {
    let mut validator = Validator::new(format, ValidateOptions::default()).unwrap();
    lines.iter().zip(1..).for_each(|(line, number)| validator.line(number, line.as_bytes()));
    validator.finish().into_iter().filter_map(|f| Some((f.line?, f.check))).collect()
}

#[test]
fn good_records_pass_in_every_layout() {
    for (format, line) in [
        (Format::Nlsql, r#"{"phase":"joins","slot":1,"kind":"pair","question":"q","sql":"s","skeleton":"k"}"#),
        (Format::Nlsql, r#"{"phase":"sample_data","slot":1,"kind":"row","question":null,"rows":{"a":1}}"#),
        (
            Format::Chat,
            r#"{"messages":[{"role":"system","content":"a"},{"role":"user","content":"b"},{"role":"assistant","content":"c","weight":1}]}"#,
        ),
        (
            Format::Chat,
            r#"{"messages":[{"role":"system","content":"a"},{"role":"user","content":"b"},{"role":"assistant","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{\"sql\":\"s\"}"}}]}],"tools":[]}"#,
        ),
        (Format::PromptCompletion, r#"{"prompt":"a","completion":"b"}"#),
        (
            Format::PromptCompletion,
            r#"{"prompt":[{"role":"user","content":"a"}],"completion":[{"role":"assistant","content":"b"}]}"#,
        ),
        (Format::Preference, r#"{"prompt":"a","chosen":"b","rejected":"c"}"#),
        (Format::Preference, r#"{"instruction":"a","input":"","chosen":"b","rejected":"c","system":""}"#),
        (
            Format::Preference,
            r#"{"input":{"messages":[{"role":"user","content":"a"}],"tools":[]},"preferred_output":[{"role":"assistant","content":"b"}],"non_preferred_output":[{"role":"assistant","content":"c"}]}"#,
        ),
        (Format::Alpaca, r#"{"instruction":"a","input":"","output":"b","system":""}"#),
        (
            Format::Sharegpt,
            r#"{"conversations":[{"from":"human","value":"a"},{"from":"gpt","value":"b"}],"system":"","tools":""}"#,
        ),
        (Format::Eval, r#"{"id":"joins-1","db_id":"d","question":"q","sql":"s"}"#),
        (Format::Eval, r#"{"input":"q","expected_output":"s","context":[]}"#),
        (Format::Eval, r#"{"vars":{"question":"q"},"assert":[{"type":"equals","value":"s"}]}"#),
        (Format::Spider, r#"{"db_id":"d","question":"q","query":"s"}"#),
        (Format::Bird, r#"{"question_id":0,"db_id":"d","question":"q","evidence":"","SQL":"s","difficulty":"simple"}"#),
    ] {
        assert_eq!(checks(format, &[line]), [], "{line}");
    }
}

#[test]
fn every_fault_has_its_name() {
    for (format, line, check) in [
        (Format::Chat, "", "blank"),
        (Format::Chat, "{\"messages\":", "json"),
        (Format::Chat, "{\"a\":\"\u{1}\"}", "json"),
        (Format::Chat, "[]", "data_type"),
        (Format::Chat, r#"{"messages":[]}"#, "missing_messages_list"),
        (Format::Chat, r#"{"messages":[{"content":"a"}]}"#, "message_missing_key"),
        (Format::Chat, r#"{"messages":[{"role":"assistant","content":"a","x":1}]}"#, "message_unrecognized_key"),
        (Format::Chat, r#"{"messages":[{"role":"bot","content":"a"}]}"#, "unrecognized_role"),
        (Format::Chat, r#"{"messages":[{"role":"assistant","content":""}]}"#, "missing_content"),
        (Format::Chat, r#"{"messages":[{"role":"user","content":"a"}]}"#, "example_missing_assistant_message"),
        (Format::Chat, r#"{"messages":[{"role":"assistant","content":"a"}]}"#, "missing_system"),
        (Format::Chat, r#"{"messages":[{"role":"assistant","content":"a"}],"text":"b"}"#, "unrecognized_key"),
        (
            Format::Chat,
            r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"1","function":{"arguments":"{"}}]}]}"#,
            "tool_call",
        ),
        (Format::PromptCompletion, r#"{"prompt":"a","completion":[{"role":"assistant","content":"b"}]}"#, "mixed"),
        (Format::PromptCompletion, r#"{"prompt":"a","completion":""}"#, "missing_text"),
        (Format::Preference, r#"{"prompt":"a","chosen":"b","rejected":"b"}"#, "no_preference"),
        (Format::Sharegpt, r#"{"conversations":[{"from":"gpt","value":"a"}]}"#, "unrecognized_role"),
        (Format::Alpaca, r#"{"instruction":"a","input":1,"output":"b"}"#, "text_type"),
        (Format::Eval, r#"{"vars":{"question":"q"},"assert":[]}"#, "missing_assert"),
        (Format::Nlsql, r#"{"phase":"p","slot":1,"kind":"pear"}"#, "kind"),
        (Format::Nlsql, r#"{"phase":"p","slot":1,"kind":"row"}"#, "missing_rows"),
        (Format::Bird, r#"{"db_id":"d","question":"q","SQL":"","difficulty":"simple"}"#, "missing_text"),
    ] {
        assert!(checks(format, &[line]).contains(&(1, check)), "{check}: {:?} of {line}", checks(format, &[line]));
    }
    let good = r#"{"prompt":"a","completion":"b"}"#;
    assert_eq!(checks(Format::PromptCompletion, &[good, good]), [(2, "duplicate")]);
    assert!(Validator::new(Format::Csv, ValidateOptions::default()).is_err());
}

#[test]
fn sums_count_what_the_limit_hides() {
    let options = ValidateOptions { limit: 2, max_tokens: Some(1) };
    let mut validator = Validator::new(Format::PromptCompletion, options).unwrap();
    for number in 1..=5 {
        validator.line(number, format!(r#"{{"prompt":"abcdef{number}","completion":""}}"#).as_bytes());
    }
    let findings = validator.finish();
    assert_eq!(findings.iter().filter(|f| f.line.is_some()).count(), 2);
    let sums: Vec<String> =
        findings.iter().filter(|f| f.line.is_none()).map(|f| format!("{} {}", f.check, f.message)).collect();
    assert_eq!(sums, ["records 5", "errors 5", "warnings 5", "tokens 15", "tokens_longest 3"]);
}

#[test]
fn an_array_is_read_element_by_element() {
    let good = r#"{"db_id":"d","question":"q","query":"s"}"#;
    let other = r#"{"db_id":"d","question":"r","query":""}"#;
    for (text, expected, read) in [
        (format!("[{good}\n,{other}\n]\n"), vec![(2, "missing_text")], 2),
        (format!("[{good},{good}]"), vec![(2, "duplicate")], 2),
        (format!("[{good}\n,{{\"db_id\":"), vec![(2, "json")], 1),
        (format!("[{good}] x"), vec![(1, "json")], 1),
        ("[]".to_owned(), vec![], 0),
    ] {
        let mut validator = Validator::new(Format::Spider, ValidateOptions::default()).unwrap();
        let paused = std::cell::Cell::new(0);
        validator.array(text.as_bytes(), || paused.set(paused.get() + 1)).unwrap();
        assert_eq!(paused.get(), read, "{text}");
        let found: Vec<(u64, &str)> = validator.finish().into_iter().filter_map(|f| Some((f.line?, f.check))).collect();
        assert_eq!(found, expected, "{text}");
    }
}
