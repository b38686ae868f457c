//! Properties that every set of documents must have, on a small schema with odd parts.

use super::*;
use crate::schema::relationships::declared;
use std::collections::BTreeSet;

fn column(name: &str, number: i16, base: &str, category: char, more: Value) -> Value {
    let mut column = json!({ "name": name, "number": number, "type": base, "base": base, "category": category });
    if let (Some(into), Some(from)) = (column.as_object_mut(), more.as_object()) {
        into.extend(from.clone());
    }
    column
}

fn shop() -> Schema {
    let film = json!({ "schema": "public", "name": "film", "kind": "table", "rows": 1000, "comment": "One row a film.",
        "primary_key": ["film_id"], "columns": [
            column("film_id", 1, "int4", 'N', json!({ "not_null": true, "identity": "a" })),
            column("title", 2, "text", 'S', json!({ "not_null": true, "comment": "As on the poster." })),
            column("rating", 3, "mpaa", 'E', json!({ "labels": ["G", "PG-13"] })),
            column("rental_rate", 4, "numeric", 'N', json!({ "type": "numeric(4,2)", "default": "4.99" })),
            column("last_update", 5, "timestamptz", 'D', json!({ "not_null": true, "default": "now()" }))] });
    let actor = json!({ "schema": "public", "name": "actor", "kind": "table", "rows": 200, "primary_key": ["actor_id"],
        "columns": [column("actor_id", 1, "int4", 'N', json!({ "not_null": true })),
            column("last_name", 2, "varchar", 'S', json!({ "type": "character varying(45)" }))] });
    let key = |name: &str, column: &str, parent: &str| {
        json!({ "name": name, "columns": [column], "ref_schema": "public", "ref_table": parent,
            "ref_columns": [column], "on_delete": "c" })
    };
    let cast = json!({ "schema": "public", "name": "film_actor", "kind": "table", "rows": -1,
        "primary_key": ["actor_id", "film_id"],
        "columns": [column("actor_id", 1, "int4", 'N', json!({ "not_null": true })),
            column("film_id", 2, "int4", 'N', json!({ "not_null": true }))],
        "foreign_keys": [key("a_fkey", "actor_id", "actor"), key("f_fkey", "film_id", "film")] });
    let odd = json!({ "schema": "Odd one", "name": "film", "kind": "view", "definition": " SELECT 1 AS \"a b\";",
        "columns": [column("a b", 1, "int4", 'N', json!({}))] });
    let json = json!({ "database": "shop", "server_version": 150_000, "tables": [odd, actor, film, cast] });
    Schema::from_json(&json.to_string()).unwrap()
}

fn all(docs: &Docs) -> Vec<Candidate> {
    (0..docs.len()).map(|slot| docs.get(slot).unwrap()).collect()
}

#[test]
fn questions_are_unique_and_whole() {
    let schema = shop();
    let edges = declared(&schema);
    let all = all(&Docs::new(&schema, &edges, 7));
    let questions: BTreeSet<&str> = all.iter().map(|c| c.question.as_deref().unwrap()).collect();
    assert_eq!(questions.len(), all.len());
    assert!(all.len() > 200, "{}", all.len());
    for candidate in &all {
        let (question, answer) = (candidate.question.as_deref().unwrap(), candidate.answer.as_deref().unwrap());
        assert!(!question.contains(['{', '}']) && question.ends_with(['?', '.', '”']), "{question}");
        assert!(!answer.is_empty() && !question.contains("  "), "{question} {answer}");
        assert_eq!(candidate.checks.as_ref().unwrap()["check"], "catalog");
    }
}

#[test]
fn the_seed_decides_the_order_and_nothing_else_does() {
    let schema = shop();
    let edges = declared(&schema);
    let (one, same, other) =
        (Docs::new(&schema, &edges, 1), Docs::new(&schema, &edges, 1), Docs::new(&schema, &edges, 2));
    assert_eq!(all(&one), all(&same));
    assert_ne!(all(&one), all(&other));
}

#[test]
fn answers_say_what_the_catalog_says() {
    let schema = shop();
    let edges = declared(&schema);
    let all = all(&Docs::new(&schema, &edges, 3));
    let answer =
        |question: &str| all.iter().find(|c| c.question.as_deref() == Some(question)).and_then(|c| c.answer.clone());
    let said = |question: &str, text: &str| assert_eq!(answer(question).as_deref(), Some(text), "{question}");
    said("Which values can public.film.rating take?", "In this order: G, PG-13.");
    said(
        "How many decimal places does public.film.rental_rate keep?",
        "public.film.rental_rate is numeric(4,2): 4 digits in all, 2 of them after the decimal point.",
    );
    said(
        "Which table connects actor with public.film?",
        "Through film_actor: join it to actor on film_actor.actor_id = actor.actor_id and to public.film on \
          film_actor.film_id = public.film.film_id.",
    );
    said(
        "Is \"Odd one\".film a base table, a view or something else?",
        "\"Odd one\".film is a view: it stores nothing and runs its query each time.",
    );
    said(
        "Which delete rule does the foreign key on film_actor.film_id have?",
        "They are deleted with it (ON DELETE CASCADE).",
    );
    assert_eq!(answer("About how many rows does film_actor have?"), None);
}

#[test]
fn topics_take_turns() {
    let schema = shop();
    let edges = declared(&schema);
    let docs = Docs::new(&schema, &edges, 11);
    let topics: BTreeSet<String> = (0..30).map(|s| docs.get(s).unwrap().checks.unwrap()["topic"].to_string()).collect();
    assert!(topics.len() >= 24, "{topics:?}");
}

#[test]
fn every_topic_has_enough_wordings() {
    let schema = shop();
    let edges = declared(&schema);
    let docs = Docs::new(&schema, &edges, 5);
    assert!(docs.get(docs.len()).is_none());
    assert!(docs.get(docs.len() - 1).is_some());
}
