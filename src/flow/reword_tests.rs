use super::*;
use crate::candidate::Verdict;
use crate::flow::setup::{Knobs, Setup};
use crate::flow::tests::{Hand, body, checked, outcome, setup};
use crate::flow::{Action, End, Event};
use crate::plan::{Engine, Phase};
use crate::prompt::test_schema::shop;
use serde_json::json;

#[test]
fn constants() {
    assert_eq!(
        literals(r#"SELECT "a 1", t2.x FROM t2 WHERE y = 'O''Neil' AND z > 10.5 AND w LIKE '%ab%' LIMIT 5"#),
        ["O'Neil", "10.5", "ab", "5"]
    );
    assert!(literals("SELECT 'open").len() == 1);
}

#[test]
fn the_rule() {
    let draft = Candidate {
        sql: Some("SELECT name FROM shop.customer WHERE status = 'active' LIMIT 5".into()),
        question: Some("Which 5 customers are active?".into()),
        ..Candidate::default()
    };
    let schema = shop();
    let keeps = |q: &str, e: Option<&str>| keeps(&draft, q, e, &schema);
    assert!(keeps("Give me five customers who are still active.", None));
    assert!(keeps("Show 5 of our regulars.", Some("regulars = customers whose status is active")));
    assert!(!keeps("Give me five customers.", None), "active is missing");
    assert!(!keeps("Give me five active rows by customer_id.", None), "an identifier");
    assert!(!keeps("which 5 customers are active", None), "a copy");
    assert_eq!(tables_in(draft.sql.as_deref().unwrap(), &schema), [0]);
    assert_eq!(tables_in("SELECT 1 FROM shop.order_item", &schema), [3]);
}

#[test]
fn wordings_of_composed_statements() {
    let mut reword = setup(Phase::SingleTable, Knobs::default());
    reword.engine = Engine::Reword;
    let mut hand = Hand::new(reword, 1);
    hand.flow.spec.drafts = vec![Candidate {
        question: Some("Which customers are active?".into()),
        sql: Some("SELECT name FROM shop.customer WHERE status = 'active'".into()),
        ..Candidate::default()
    }];
    let told = body(&hand.on(Event::Start))["messages"][1]["content"].as_str().unwrap().to_owned();
    assert!(told.contains("Must be mentioned: active") && told.contains("CREATE TABLE shop.customer"), "{told}");
    let said = json!({"questions": [
        {"number": 1, "question": "Who are our customers?", "evidence": ""},
        {"number": 1, "question": "Who is still an active customer of ours?", "evidence": ""}
    ]});
    match hand.says(&said.to_string()) {
        Action::Check(list) => {
            assert_eq!(list.len(), 1);
            assert_eq!(list[0].question.as_deref(), Some("Who is still an active customer of ours?"));
            assert!(list[0].style.is_some());
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(outcome(hand.on(Event::Verdicts(vec![Verdict::default()]))).end, End::Done);
}

/// A statement of the composer's about customers with this status.
fn draft(status: &str) -> Candidate {
    Candidate {
        question: Some(format!("Which customers are {status}?")),
        sql: Some(format!("SELECT name FROM shop.customer WHERE status = '{status}'")),
        ..Candidate::default()
    }
}

fn wording(number: u32, question: &str) -> String {
    json!({"questions": [{"number": number, "question": question, "evidence": ""}]}).to_string()
}

#[test]
fn what_cannot_be_worded_gives_its_place_to_another_statement() {
    let reword = Setup { engine: Engine::Reword, ..setup(Phase::SingleTable, Knobs::default()) };
    let mut hand = Hand::new(reword, 2);
    hand.flow.spec.drafts = vec![draft("active"), draft("lapsed")];
    hand.on(Event::Start);
    checked(&hand.says(&wording(1, "Who is still an active customer of ours?")));
    // the second is asked for once more, alone, and then given up
    let again = body(&hand.on(Event::Verdicts(vec![Verdict::default()])))["messages"].to_string();
    assert!(again.contains("= 'lapsed'") && !again.contains("= 'active'"), "{again}");
    assert!(matches!(hand.says(&wording(1, "Who are they?")), Action::Draw { missing: 1, round: 1 }));
    let other = body(&hand.on(Event::Drafts(vec![draft("new")])))["messages"].to_string();
    assert!(other.contains("'new'") && !other.contains("'lapsed'"), "{other}");
    checked(&hand.says(&wording(1, "Who has become a new customer?")));
    let end = outcome(hand.on(Event::Verdicts(vec![Verdict::default()])));
    assert_eq!((end.end, end.accepted.len()), (End::Done, 2));
}

#[test]
fn other_statements_are_drawn_so_many_times_and_no_more() {
    let reword = || Setup { engine: Engine::Reword, ..setup(Phase::SingleTable, Knobs::default()) };
    let mut hand = Hand::new(reword(), 1);
    hand.flow.spec.drafts = vec![draft("active")];
    let (mut calls, mut draws) = (0, 0);
    let mut action = hand.on(Event::Start);
    let end = loop {
        action = match action {
            Action::Call(_) => {
                calls += 1;
                hand.says(&wording(1, "What?"))
            }
            Action::Draw { round, .. } => {
                draws += 1;
                assert_eq!(round, draws);
                hand.on(Event::Drafts(vec![draft(&format!("s{draws}"))]))
            }
            last => break outcome(last),
        }
    };
    assert!(matches!(end.end, End::Short(_)), "{:?}", end.end);
    assert_eq!((calls, draws), (10, 4));
    // where the composer has no more, neither
    let mut hand = Hand::new(reword(), 1);
    hand.flow.spec.drafts = vec![draft("active")];
    hand.on(Event::Start);
    hand.says(&wording(1, "What?"));
    assert!(matches!(hand.says(&wording(1, "What?")), Action::Draw { .. }));
    assert!(matches!(outcome(hand.on(Event::Drafts(Vec::new()))).end, End::Short(_)));
}
