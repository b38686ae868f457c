use super::super::Event;
use super::super::setup::Knobs;
use super::super::tests::*;
use super::*;
use crate::llm::fault::Part;
use crate::llm::wire::{Finish, Reply};
use std::time::Duration;

#[test]
fn permanent_faults_stop_the_run() {
    for (class, expected) in
        [(Class::Auth, "auth"), (Class::Quota, "quota"), (Class::Config, "config"), (Class::Leak, "config")]
    {
        let mut hand = Hand::new(setup(Phase::Joins, Knobs::default()), 1);
        hand.on(Event::Start);
        match hand.fault(class) {
            Action::FailRun { reason, hint, .. } => {
                assert_eq!(reason, expected);
                assert!(!hint.is_empty());
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn temporary_faults_wait_and_try_again() {
    let mut hand = Hand::new(setup(Phase::Joins, Knobs { max_retries: 3, ..Knobs::default() }), 1);
    let first = body(&hand.on(Event::Start));
    for _ in 0..3 {
        assert!(matches!(hand.fault(Class::Transport), Action::Wait(_)));
        assert_eq!(body(&hand.on(Event::Timer)), first, "the same call again");
    }
    assert_eq!(outcome(hand.fault(Class::Transport)).end, End::Failed("transport"));
    let mut parked = Hand::new(setup(Phase::Joins, Knobs::default()), 1);
    parked.on(Event::Start);
    let fault = Fault { retry_after: Some(Duration::from_secs(3600)), ..Fault::new(Class::RateLimit) };
    assert!(matches!(parked.on(Event::Fault(fault)), Action::Park(d, _) if d.as_secs() == 3600));
}

#[test]
fn the_form_steps_down() {
    let mut hand = Hand::new(setup(Phase::Joins, Knobs::default()), 1);
    hand.on(Event::Start);
    let refusal = || Event::Fault(Fault { part: Some(Part::ResponseFormat), ..Fault::new(Class::Parameter) });
    let sent = body(&hand.on(refusal()));
    assert_eq!(sent["response_format"]["type"], "json_object");
    assert!(sent["messages"][0]["content"].as_str().unwrap().contains("Answer with JSON alone"));
    let sent = body(&hand.on(refusal()));
    assert!(sent.get("response_format").is_none());
    assert!(matches!(hand.on(refusal()), Action::FailRun { reason: "config", .. }));
}

#[test]
fn unreadable_replies_are_asked_for_again_and_then_no_more() {
    let mut hand = Hand::new(setup(Phase::Joins, Knobs::default()), 1);
    hand.on(Event::Start);
    // three draws of three tries each
    for _ in 0..8 {
        assert!(matches!(hand.says("no"), Action::Call(_)));
    }
    assert_eq!(outcome(hand.says("no")).end, End::Failed("schema"));
}

#[test]
fn a_model_that_answers_others_is_asked_more_often() {
    let mut hand = Hand::new(setup(Phase::Joins, Knobs::default()), 1);
    hand.learned.read_one();
    hand.on(Event::Start);
    let no = || Event::Reply(Reply { refused: true, ..reply("", Finish::Stop) });
    for _ in 0..11 {
        assert!(matches!(hand.on(no()), Action::Call(_)));
    }
    assert_eq!(outcome(hand.on(no())).end, End::Failed("refused"));
}

#[test]
fn cut_off_replies_get_more_room_once() {
    let mut hand = Hand::new(setup(Phase::Joins, Knobs::default()), 4);
    hand.on(Event::Start);
    let whole = pairs(0, 4);
    let sent = body(&hand.on(Event::Reply(reply(&whole, Finish::Length))));
    assert_eq!(sent["max_completion_tokens"], 2 * (1024 + 2 * 512), "twice the room for half the pairs");
    for _ in 0..4 {
        assert!(matches!(hand.on(Event::Reply(reply(&whole, Finish::Length))), Action::Call(_)));
    }
    assert_eq!(outcome(hand.on(Event::Reply(reply(&whole, Finish::Length)))).end, End::Failed("length"));
}

#[test]
fn long_prompts_are_shortened_once() {
    let mut hand = Hand::new(setup(Phase::Joins, Knobs { prompt_tokens_max: 1600, ..Knobs::default() }), 1);
    let long = body(&hand.on(Event::Start)).to_string().len();
    let short = body(&hand.fault(Class::Context)).to_string().len();
    assert!(short <= long);
    for _ in 0..4 {
        assert!(matches!(hand.fault(Class::Context), Action::Call(_)));
    }
    assert_eq!(outcome(hand.fault(Class::Context)).end, End::Failed("context"));
}

#[test]
fn a_model_that_declines_is_not_asked_for_ever() {
    let mut hand = Hand::new(setup(Phase::Joins, Knobs::default()), 1);
    hand.on(Event::Start);
    let no = || Event::Reply(Reply { refused: true, ..reply("", Finish::Stop) });
    for _ in 0..5 {
        assert!(matches!(hand.on(no()), Action::Call(_)));
    }
    assert_eq!(outcome(hand.on(no())).end, End::Failed("refused"));
    let mut filter = Hand::new(setup(Phase::Joins, Knobs::default()), 1);
    filter.on(Event::Start);
    for _ in 0..5 {
        assert!(matches!(filter.fault(Class::Filter), Action::Call(_)));
    }
    assert_eq!(outcome(filter.on(Event::Reply(reply("", Finish::Filter)))).end, End::Failed("filter"));
}
