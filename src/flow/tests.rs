use super::history::History;
use super::learned::Learned;
use super::machine::Flow;
use super::setup::Knobs;
use super::*;
use crate::candidate::{Refusal, Stage};
use crate::llm::endpoint::Structured;
use crate::llm::fault::Class;
use crate::llm::wire::{Finish, Usage};
use crate::plan::{Engine, Phase};
use crate::prompt::describe::Notes;
use crate::prompt::templates::Templates;
use crate::prompt::test_schema::shop;
use crate::schema::relationships::declared;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::rc::Rc;

pub(super) fn setup(phase: Phase, knobs: Knobs) -> Setup {
    let schema = shop();
    Setup {
        phase,
        engine: Engine::Openai,
        seed: 7,
        edges: declared(&schema),
        schema,
        notes: Notes::default(),
        templates: Templates::new(&BTreeMap::new()).unwrap(),
        model: "m".into(),
        style: ApiStyle::Chat,
        structured: Structured::Auto,
        knobs,
    }
}

/// A task with what it shares, driven by hand.
pub(super) struct Hand {
    pub flow: Flow,
    pub learned: Learned,
    pub lane: History,
}

impl Hand {
    pub fn new(setup: Setup, quota: u32) -> Hand {
        let spec = Spec { quota, ..Spec::default() };
        Hand { flow: Flow::new(Rc::new(setup), spec), learned: Learned::default(), lane: History::default() }
    }

    pub fn on(&mut self, event: Event) -> Action {
        self.flow.on(event, &mut self.learned, &mut self.lane)
    }

    pub fn says(&mut self, text: &str) -> Action {
        self.on(Event::Reply(reply(text, Finish::Stop)))
    }

    pub fn fault(&mut self, class: Class) -> Action {
        self.on(Event::Fault(Fault::new(class)))
    }
}

pub(super) fn reply(text: &str, finish: Finish) -> Reply {
    Reply { text: text.into(), tool_calls: Vec::new(), finish, refused: false, usage: Usage::default(), model: None }
}

pub(super) fn pairs(from: usize, count: usize) -> String {
    let list: Vec<Value> = (from..from + count)
        .map(|n| json!({"question": format!("What is number {n}?"), "sql": format!("SELECT {n}"), "evidence": ""}))
        .collect();
    json!({ "pairs": list }).to_string()
}

pub(super) fn refused(stage: Stage) -> Verdict {
    let refusal = Refusal {
        stage,
        sqlstate: "42703".into(),
        message: "column \"nam\" does not exist".into(),
        detail: None,
        hint: Some("Perhaps name.".into()),
        position: Some(8),
    };
    Verdict { refusal: Some(refusal), ..Verdict::default() }
}

pub(super) fn body(action: &Action) -> Value {
    match action {
        Action::Call(call) => serde_json::from_slice(&call.body).unwrap(),
        other => panic!("{other:?}"),
    }
}

pub(super) fn outcome(action: Action) -> Outcome {
    match action {
        Action::Finish(outcome) => outcome,
        other => panic!("{other:?}"),
    }
}

pub(super) fn checked(action: &Action) -> usize {
    match action {
        Action::Check(candidates) => candidates.len(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_task_goes_well() {
    let mut hand = Hand::new(setup(Phase::Joins, Knobs::default()), 3);
    let sent = body(&hand.on(Event::Start));
    assert_eq!(sent["model"], "m");
    assert_eq!(sent["max_completion_tokens"], 1024 + 3 * 512);
    assert_eq!(sent["response_format"]["json_schema"]["name"], "pairs");
    assert!(sent["messages"][1]["content"].as_str().unwrap().contains("Write 3 questions with SQL"));
    assert_eq!(checked(&hand.says(&pairs(0, 3))), 3);
    let end = outcome(hand.on(Event::Verdicts(vec![Verdict::default(); 3])));
    assert_eq!((end.end, end.accepted.len(), end.rejected.len()), (End::Done, 3, 0));
    assert_eq!(hand.lane.turns().len(), 1);
    // the next task of the lane is told what was asked before
    let setup = hand.flow.setup.clone();
    hand.flow = Flow::new(setup, Spec { quota: 1, ..Spec::default() });
    let sent = body(&hand.on(Event::Start));
    assert_eq!(sent["messages"].as_array().unwrap().len(), 4);
    assert!(sent["messages"][3]["content"].as_str().unwrap().contains("- What is number 2?"));
}

#[test]
fn what_is_missing_is_asked_for_again() {
    let mut hand = Hand::new(setup(Phase::SingleTable, Knobs { critic_rounds: 0, ..Knobs::default() }), 3);
    hand.on(Event::Start);
    assert_eq!(checked(&hand.says(&pairs(0, 2))), 2);
    let again = hand.on(Event::Verdicts(vec![Verdict::default(), refused(Stage::Analyze)]));
    assert!(body(&again)["messages"].to_string().contains("Write 2 questions"));
    // a pair that the task has already is not checked twice
    assert_eq!(checked(&hand.says(&pairs(0, 4))), 2);
    let end = outcome(hand.on(Event::Verdicts(vec![Verdict::default(); 2])));
    assert_eq!((end.end, end.accepted.len(), end.rejected.len()), (End::Done, 3, 1));
}

#[test]
fn a_task_that_brings_nothing_new_ends_short() {
    let mut hand = Hand::new(setup(Phase::Joins, Knobs { critic_rounds: 0, ..Knobs::default() }), 2);
    let mut action = hand.on(Event::Start);
    let mut calls = 0;
    let end = loop {
        action = match action {
            Action::Call(_) => {
                calls += 1;
                assert!(calls < 50, "it has to end");
                hand.says(&pairs(calls * 10, 2))
            }
            Action::Check(c) => hand.on(Event::Verdicts(vec![refused(Stage::Duplicate); c.len()])),
            Action::Finish(end) => break end,
            other => panic!("{other:?}"),
        }
    };
    assert!(matches!(end.end, End::Short(_)));
    assert_eq!(end.rejected.len(), calls * 2);
    let mut empty = Hand::new(setup(Phase::Joins, Knobs::default()), 2);
    let mut action = empty.on(Event::Start);
    while let Action::Call(_) = action {
        action = empty.says(r#"{"pairs":[]}"#);
    }
    assert!(matches!(outcome(action).end, End::Short(_)));
}

#[test]
fn the_critic_repairs() {
    let mut hand = Hand::new(setup(Phase::Joins, Knobs::default()), 2);
    hand.on(Event::Start);
    hand.says(&pairs(0, 2));
    let repair = hand.on(Event::Verdicts(vec![Verdict::default(), refused(Stage::Analyze)]));
    let sent = body(&repair);
    let messages = sent["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 4);
    assert!(messages[2]["content"].as_str().unwrap().contains("SELECT 1"));
    let told = messages[3]["content"].as_str().unwrap();
    assert!(
        told.contains(
            "Problem (analyze, SQLSTATE 42703): column \"nam\" does not exist at character 8\nHint: Perhaps name."
        ),
        "{told}"
    );
    assert_eq!(
        checked(&hand.says(r#"{"pairs":[{"question":"What is number 1?","sql":"SELECT 1 + 0","evidence":""}]}"#)),
        1
    );
    let end = outcome(hand.on(Event::Verdicts(vec![Verdict::default()])));
    assert_eq!(end.end, End::Done);
    assert_eq!(end.rejected.len(), 1);
    assert_eq!(end.rejected[0].candidate.sql.as_deref(), Some("SELECT 1"));
    assert_eq!(end.rejected[0].fix.as_deref(), Some("SELECT 1 + 0"));
}

#[test]
fn the_critic_ends() {
    let mut hand = Hand::new(setup(Phase::Joins, Knobs { critic_rounds: 2, ..Knobs::default() }), 1);
    hand.on(Event::Start);
    hand.says(&pairs(0, 1));
    let mut rounds = 0;
    let mut action = hand.on(Event::Verdicts(vec![refused(Stage::Parse)]));
    while body(&action)["messages"].to_string().contains("refused this pair") {
        rounds += 1;
        assert!(rounds < 9);
        hand.says(&pairs(rounds, 1));
        action = hand.on(Event::Verdicts(vec![refused(Stage::Parse)]));
    }
    assert_eq!(rounds, 2);
    let end = outcome(hand.on(Event::Cancelled));
    assert_eq!(end.rejected.len(), 3);
    assert!(end.rejected.iter().all(|r| r.fix.is_none()));
}

#[test]
fn the_message_of_an_execution_stays_here() {
    let mut hand = Hand::new(setup(Phase::Joins, Knobs::default()), 1);
    hand.on(Event::Start);
    hand.says(&pairs(0, 1));
    let mut verdict = refused(Stage::Execute);
    verdict.refusal.as_mut().unwrap().message = "invalid input syntax: \"SECRET\"".into();
    verdict.refusal.as_mut().unwrap().sqlstate = "22P02".into();
    let sent = body(&hand.on(Event::Verdicts(vec![verdict]))).to_string();
    assert!(!sent.contains("SECRET") && sent.contains("22P02"));
}

#[test]
fn complex_statements_over_suggested_sets() {
    let mut hand = Hand::new(setup(Phase::ComplexSqls, Knobs { min_tables: 3, ..Knobs::default() }), 1);
    let sent = body(&hand.on(Event::Start));
    assert_eq!(sent["response_format"]["json_schema"]["name"], "sets");
    assert!(sent["messages"][1]["content"].as_str().unwrap().contains("Suggest 10 sets of at least 3"));
    let sets = json!({"sets": [
        {"tables": ["shop.order_item", "shop.product", "shop.order"], "theme": "sales"},
        {"tables": ["shop.customer", "shop.product", "nosuch"], "theme": "not joined"},
        {"tables": ["shop.customer", "order", "shop.order_item", "shop.product"], "theme": "who buys what"}
    ]});
    let sent = body(&hand.says(&sets.to_string()));
    let told = sent["messages"][1]["content"].as_str().unwrap();
    assert!(told.contains("on the theme \"sales\"") && told.contains("at least 3 of them"), "{told}");
    assert_eq!(hand.learned.sets.len(), 1, "a set for the next task");
    checked(&hand.says(&pairs(0, 1)));
    assert_eq!(outcome(hand.on(Event::Verdicts(vec![Verdict::default()]))).end, End::Done);
}

#[test]
fn answers_about_the_schema_are_checked_against_it() {
    let mut hand = Hand::new(setup(Phase::SchemaDocs, Knobs { critic_rounds: 0, ..Knobs::default() }), 1);
    let sent = body(&hand.on(Event::Start));
    let text = sent["messages"][1]["content"].as_str().unwrap();
    let table = text.split("CREATE TABLE shop.").nth(1).unwrap().split(' ').next().unwrap().replace('"', "");
    let items = json!({"items": [
        {"question": format!("What is the key of {table}?"), "answer": "It is customer_numero."},
        {"question": format!("What is {table} for?"), "answer": format!("{table} is a table of the schema shop.")},
    ]});
    assert_eq!(checked(&hand.says(&items.to_string())), 2);
    let end = outcome(hand.on(Event::Verdicts(vec![Verdict::default(); 2])));
    assert_eq!((end.end, end.accepted.len()), (End::Done, 1));
    assert_eq!(end.accepted[0].candidate.tables.len(), 1);
    assert!(end.rejected[0].verdict.refusal.as_ref().unwrap().message.contains("customer_numero"));
}

#[test]
fn a_pair_has_to_be_of_its_phase() {
    use crate::candidate::Facts;
    let passed = |tables: &[&str], functions: &[&str]| {
        let owned = |list: &[&str]| list.iter().map(|t| (*t).to_owned()).collect();
        let facts = Facts { tables: owned(tables), functions: owned(functions), ..Facts::default() };
        Verdict { facts: Some(facts), ..Verdict::default() }
    };
    let refusal = |phase, knobs, verdict| {
        let mut hand = Hand::new(setup(phase, Knobs { critic_rounds: 0, ..knobs }), 1);
        hand.on(Event::Start);
        hand.says(&pairs(0, 1));
        hand.on(Event::Verdicts(vec![verdict]));
        hand.flow.rejected.first().and_then(|r| r.verdict.refusal.clone()).map(|r| r.message)
    };
    let three = || Knobs { min_tables: 3, ..Knobs::default() };
    assert!(refusal(Phase::Joins, three(), passed(&["a", "b"], &[])).unwrap().contains("at least 3 tables"));
    assert_eq!(refusal(Phase::Joins, three(), passed(&["a", "b", "c"], &[])), None);
    assert!(refusal(Phase::SingleTable, Knobs::default(), passed(&["a", "b"], &[])).unwrap().contains("one table"));
    let trim = || Knobs { functions: vec!["trim".into()], ..Knobs::default() };
    assert!(refusal(Phase::Builtins, trim(), passed(&["a"], &["upper"])).unwrap().contains("function trim"));
    assert_eq!(refusal(Phase::Builtins, trim(), passed(&["a"], &["btrim"])), None);
}

#[test]
fn a_users_own_question() {
    let mut hand = Hand::new(setup(Phase::Questions, Knobs::default()), 1);
    hand.flow.spec.question = Some("Which products were ordered most?".into());
    let sent = body(&hand.on(Event::Start));
    let told = sent["messages"][1]["content"].as_str().unwrap();
    assert!(told.contains("Which products were ordered most?"));
    assert!(told.find("shop.product (").unwrap() < told.find("shop.customer (").unwrap(), "what matters comes first");
    assert_eq!(checked(&hand.says(r#"{"answers":[{"sql":"SELECT 1;","evidence":"","problem":""}]}"#)), 1);
    let repair = hand.on(Event::Verdicts(vec![refused(Stage::Analyze)]));
    assert!(body(&repair)["messages"].to_string().contains("refused this pair"));
    checked(&hand.says(r#"{"answers":[{"sql":"SELECT 2","evidence":"","problem":""}]}"#));
    let end = outcome(hand.on(Event::Verdicts(vec![Verdict::default()])));
    assert_eq!(end.accepted[0].candidate.question.as_deref(), Some("Which products were ordered most?"));

    let mut cannot = Hand::new(setup(Phase::Questions, Knobs::default()), 1);
    cannot.flow.spec.question = Some("What is the weather?".into());
    cannot.on(Event::Start);
    let end = outcome(cannot.says(r#"{"answers":[{"sql":"","evidence":"","problem":"No table holds weather."}]}"#));
    assert!(matches!(end.end, End::Short(_)));
    assert_eq!(end.rejected[0].verdict.refusal.as_ref().unwrap().message, "No table holds weather.");
}

#[test]
fn scores_decide() {
    let mut hand = Hand::new(setup(Phase::Joins, Knobs { score_threshold: Some(0.5), ..Knobs::default() }), 2);
    hand.on(Event::Start);
    hand.says(&pairs(0, 2));
    let sent = body(&hand.on(Event::Verdicts(vec![Verdict::default(); 2])));
    assert_eq!(sent["response_format"]["json_schema"]["name"], "scores");
    let again = hand.says(r#"{"scores":[{"number":1,"score":0.9,"reason":""},{"number":2,"score":0.2,"reason":"x"}]}"#);
    assert!(body(&again)["messages"].to_string().contains("Write 1 question"));
    checked(&hand.says(&pairs(5, 1)));
    hand.on(Event::Verdicts(vec![Verdict::default()]));
    let end = outcome(hand.says(r#"{"scores":[{"number":1,"score":0.7,"reason":""}]}"#));
    assert_eq!((end.end, end.accepted.len()), (End::Done, 2));
    assert_eq!(end.accepted[0].score, Some(0.9));
    assert_eq!(end.rejected[0].score, Some(0.2));
}
