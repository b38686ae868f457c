//! Order and quoting; the server's part is proved in `tests/ddl.rs`.

use super::Catalog;

fn text(json: &str) -> String {
    let catalog: Catalog = serde_json::from_str(json).unwrap();
    super::text(&catalog)
}

#[test]
fn each_stands_after_what_it_leans_on() {
    let text = text(
        r#"{"relations": [
              {"key": "1:1", "oid": "1", "schema": "public", "name": "b", "kind": "v", "view": " SELECT 1;"},
              {"key": "1:2", "oid": "2", "schema": "public", "name": "z", "kind": "v", "view": " SELECT 2;"},
              {"key": "1:3", "oid": "3", "schema": "s", "name": "t", "kind": "r",
               "constraints": [{"name": "k", "kind": "f", "definition": "FOREIGN KEY (a) REFERENCES s.t(b)"},
                               {"name": "c", "kind": "c", "definition": "CHECK (a) NOT VALID"}]}],
            "schemas": [{"key": "2:1", "name": "s"}],
            "edges": [["1:1", "7:7"], ["7:7", "1:2"], ["1:2", "1:3"], ["1:3", "2:1"], ["1:3", "1:1"]]}"#,
    );
    assert_eq!(
        text,
        "CREATE SCHEMA IF NOT EXISTS s;\n\n\
         CREATE TABLE s.t (\n);\nALTER TABLE ONLY s.t ADD CONSTRAINT c CHECK (a) NOT VALID;\n\n\
         CREATE VIEW public.z AS\n SELECT 2;\n\n\
         CREATE VIEW public.b AS\n SELECT 1;\n\n\
         ALTER TABLE ONLY s.t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES s.t(b);"
    );
}

#[test]
fn a_guard_takes_a_quote_that_the_text_does_not_hold() {
    let text = text(
        r#"{"types": [{"key": "1:1", "schema": "public", "name": "Odd", "kind": "e", "labels": ["$$", "it's", "$q1$"]}]}"#,
    );
    assert_eq!(
        text,
        "DO $q2$\nBEGIN\n    CREATE TYPE public.\"Odd\" AS ENUM ('$$', 'it''s', '$q1$');\n\
         EXCEPTION WHEN duplicate_object THEN NULL;\nEND\n$q2$;"
    );
}

#[test]
fn a_sequence_says_only_what_is_not_usual() {
    let sequence = |more: &str| {
        let usual = r#""key": "1:1", "schema": "s", "name": "q", "type": "integer", "cache": 1"#;
        text(&format!(r#"{{"sequences": [{{{usual}, {more}}}]}}"#))
    };
    assert_eq!(
        sequence(r#""start": 1, "increment": 1, "min": 1, "max": 2147483647"#),
        "CREATE SEQUENCE IF NOT EXISTS s.q AS integer;"
    );
    assert_eq!(
        sequence(r#""start": -1, "increment": -1, "min": -9, "max": -1, "cycle": true"#),
        "CREATE SEQUENCE IF NOT EXISTS s.q AS integer INCREMENT BY -1 MINVALUE -9 CYCLE;"
    );
}

#[test]
fn a_long_chain_is_no_deep_recursion() {
    let (mut relations, mut edges) = (Vec::new(), Vec::new());
    for i in 0..50_000 {
        relations.push(format!(
            r#"{{"key": "1:{i}", "oid": "{i}", "schema": "s", "name": "v{i}", "kind": "v", "view": " SELECT 1;"}}"#
        ));
        edges.push(format!(r#"["1:{i}", "1:{}"]"#, i + 1));
    }
    let json = format!(r#"{{"relations": [{}], "edges": [{}]}}"#, relations.join(","), edges.join(","));
    assert!(text(&json).starts_with("CREATE VIEW s.v49999 AS"));
}
