//! Engine `reword`: statements of the composer in the words of a model, and what happens where it finds none.

mod support;

use serde_json::json;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use support::{Asked, Cluster, ModelServer, Play, endpoint};

/// Statement and plain question of each draft in a prompt, in the order of their numbers.
fn drafts(wish: &str) -> Vec<(String, String)> {
    let entries = wish.split("\nSQL: ").skip(1);
    let entry = |e: &str| {
        let (sql, rest) = e.split_once("\nQuestion: ")?;
        Some((sql.to_owned(), rest.lines().next().unwrap_or("").to_owned()))
    };
    entries.filter_map(entry).collect()
}

#[test]
fn another_statement_takes_the_place_of_what_cannot_be_worded() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    let unworded = Arc::new(Mutex::new(BTreeSet::new()));
    let given_up = unworded.clone();
    // for every third statement, whenever it is asked for, the model has only a copy of the plain question
    let server = ModelServer::with(move |asked: &Asked| {
        let mut list = Vec::new();
        for (number, (sql, question)) in (1..).zip(drafts(&asked.wish())) {
            let lame = sql.bytes().map(u64::from).sum::<u64>() % 3 == 0;
            if lame {
                given_up.lock().expect("no thread panicked").insert(sql);
            }
            let wording = if lame { question } else { format!("I would like to know this: {question}") };
            list.push(json!({"number": number, "question": wording, "evidence": ""}));
        }
        Play::Say(json!({ "questions": list }).to_string())
    });
    endpoint(&demo, "stand_in", &server, "");
    demo.generate(
        r#"'joins', 40, run => 'reword', options => '{"engine": "reword", "endpoint": "stand_in", "seed": 5, "parallelism": 8}'"#,
    );
    assert_eq!(demo.run("SELECT status, reason, last_error FROM nlsql.run"), "done||");
    let stored = "SELECT count(*) FROM nlsql.dataset WHERE question LIKE 'I would like to know this: %'";
    let unworded = unworded.lock().expect("no thread panicked");
    println!("40 wanted, {} statements given up, {} requests", unworded.len(), server.count());
    assert_eq!(demo.number(stored), 40);
    assert!(unworded.len() >= 5, "{} statements could not be worded", unworded.len());
    for sql in unworded.iter() {
        assert_eq!(demo.number(&format!("SELECT count(*) FROM nlsql.dataset WHERE sql = $q${sql}$q$")), 0, "{sql}");
    }
    assert_eq!(cluster.alarms(), [""; 0]);
}

#[test]
fn a_model_that_words_nothing_comes_to_an_end() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    let server = ModelServer::with(|_| Play::Say(json!({ "questions": [] }).to_string()));
    endpoint(&demo, "stand_in", &server, "");
    demo.generate(r#"'single_table', 4, run => 'dumb', options => '{"engine": "reword", "endpoint": "stand_in"}'"#);
    assert_eq!(demo.run("SELECT status, reason FROM nlsql.run"), "short|exhausted");
    assert!(demo.run("SELECT last_error FROM nlsql.run").contains("no wording that passes"));
    assert!(server.count() <= 40, "{} requests", server.count());
    assert_eq!(cluster.alarms(), [""; 0]);
}
