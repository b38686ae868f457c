//! Reasoning in a model's words: it answers the accepted questions once more, by itself, plan first. A plan is kept
//! where the SQL that it leads to gives the result that the pair has.

use super::history::History;
use super::learned::Learned;
use super::machine::{Flow, Purpose};
use super::{Accepted, Action};
use crate::candidate::{Candidate, Kind, ResultFacts, Verdict, reply};
use crate::plan::Engine;
use crate::prompt::shapes::Shape;
use serde_json::{Value, json};

/// Questions that go into one call.
const ITEMS_MAX: usize = 10;
const PLAN_BYTES: usize = 8 * 1024;

impl Flow {
    /// The composer's statements bring the plan of their own tree.
    pub(super) fn wants_reasoning(&self) -> bool {
        let pair = |a: &Accepted| a.candidate.kind == Kind::Pair;
        self.setup.knobs.reasoning
            && self.setup.engine == Engine::Openai
            && self.accepted.iter().skip(self.reasoned).any(pair)
    }

    /// Asks for a plan of every accepted pair that was not asked for one. Whatever comes of it: each is asked for once.
    pub(super) fn reason(&mut self, learned: &mut Learned, lane: &mut History) -> Action {
        let first = self.reasoned;
        let asked = self.accepted.iter().skip(first).take(ITEMS_MAX).map(|a| &a.candidate);
        let items: Vec<Value> = asked.map(|c| json!({"question": c.question, "evidence": c.evidence})).collect();
        self.reasoned += items.len();
        self.reasoning = (first..self.reasoned).map(|at| (at, String::new())).collect();
        self.ask_about("reasoning", Shape::Plans, items, Purpose::Reason, learned, lane)
    }

    /// Statements of the plans, to be run.
    pub(super) fn plans(&mut self, text: &str) -> Option<Option<Action>> {
        let value = reply::object(text)?;
        let list = value.get("plans")?.as_array()?;
        let field = |entry: &Value, name: &str| {
            let text = entry.get(name).and_then(Value::as_str)?.trim();
            (!text.is_empty() && text.len() <= PLAN_BYTES && !text.contains('\0')).then(|| text.to_owned())
        };
        let mut statements = Vec::new();
        let mut planned = Vec::new();
        for (number, (at, _)) in std::mem::take(&mut self.reasoning).into_iter().enumerate() {
            let entry = list.iter().find(|e| e.get("number").and_then(Value::as_u64) == Some(number as u64 + 1));
            let found = entry.and_then(|e| Some((field(e, "plan")?, reply::clean_sql(&field(e, "sql")?)?)));
            if let Some((plan, sql)) = found {
                planned.push((at, plan));
                statements.push(Candidate { sql: Some(sql), ..Candidate::default() });
            }
        }
        self.reasoning = planned;
        Some((!statements.is_empty()).then_some(Action::Check(statements)))
    }

    /// Keeps the plans whose statements prove right.
    pub(super) fn reasoned(&mut self, verdicts: &[Verdict]) {
        self.purpose = Purpose::Write;
        for ((at, plan), verdict) in std::mem::take(&mut self.reasoning).into_iter().zip(verdicts) {
            let Some(pair) = self.accepted.get_mut(at) else { continue };
            let ordered = |v: &Verdict| v.facts.as_ref().is_some_and(|f| f.features.iter().any(|f| f == "order_by"));
            let same = match (&pair.verdict.result, &verdict.result) {
                (Some(known), Some(found)) if verdict.ok() => same(known, found, ordered(&pair.verdict)),
                _ => false,
            };
            if same {
                pair.candidate.reasoning = Some(plan);
            }
        }
    }
}

/// The same rows; in the same order where the pair's statement sorts.
fn same(known: &ResultFacts, found: &ResultFacts, ordered: bool) -> bool {
    !known.capped
        && known.multiset_hash == found.multiset_hash
        && (!ordered || known.ordered_hash == found.ordered_hash)
}

#[cfg(test)]
mod tests {
    use super::super::setup::Knobs;
    use super::super::tests::{Hand, body, checked, outcome, pairs, refused, setup};
    use super::super::{End, Event};
    use super::*;
    use crate::candidate::Stage;
    use crate::llm::fault::Class;
    use crate::plan::Phase;

    fn hand() -> Hand {
        Hand::new(setup(Phase::Joins, Knobs { reasoning: true, ..Knobs::default() }), 3)
    }

    fn found(hash: &str) -> Verdict {
        let result = ResultFacts { multiset_hash: hash.into(), ordered_hash: hash.into(), ..ResultFacts::default() };
        Verdict { result: Some(result), ..Verdict::default() }
    }

    fn plans(list: &[(u64, &str, &str)]) -> String {
        let list: Vec<Value> =
            list.iter().map(|(n, plan, sql)| json!({"number": n, "plan": plan, "sql": sql})).collect();
        json!({ "plans": list }).to_string()
    }

    #[test]
    fn a_plan_is_kept_where_its_statement_gives_the_pairs_result() {
        let mut hand = hand();
        hand.on(Event::Start);
        hand.says(&pairs(0, 3));
        let sent = body(&hand.on(Event::Verdicts(vec![found("a"), found("b"), found("c")])));
        assert_eq!(sent["response_format"]["json_schema"]["name"], "plans");
        let asked = sent["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap().to_owned();
        assert!(asked.contains("1. What is number 0?") && asked.contains("3. What is number 2?"), "{asked}");
        assert!(!asked.contains("SELECT 0"), "the model has to find the statement by itself");
        let tried = hand.says(&plans(&[(2, "1. Wrong.", "SELECT 20"), (1, "1. Right.", "SELECT 10;")]));
        assert_eq!(checked(&tried), 2);
        let end = outcome(hand.on(Event::Verdicts(vec![found("a"), found("x")])));
        assert_eq!(end.end, End::Done);
        let kept: Vec<Option<&str>> = end.accepted.iter().map(|a| a.candidate.reasoning.as_deref()).collect();
        assert_eq!(kept, [Some("1. Right."), None, None]);
    }

    #[test]
    fn a_plan_that_comes_to_nothing_costs_no_pair() {
        for (name, play) in [
            ("nothing said", (|hand: &mut Hand| hand.says(r#"{"plans": []}"#)) as fn(&mut Hand) -> Action),
            ("refused by the gate", |hand| {
                hand.says(&plans(&[(1, "1. Look.", "SELECT nam")]));
                hand.on(Event::Verdicts(vec![refused(Stage::Analyze)]))
            }),
            ("unreadable", |hand| (0..3).map(|_| hand.says("no JSON")).last().unwrap()),
            ("declined", |hand| hand.fault(Class::Filter)),
            ("too long", |hand| {
                hand.fault(Class::Context);
                hand.fault(Class::Context)
            }),
        ] {
            let mut hand = hand();
            hand.on(Event::Start);
            hand.says(&pairs(0, 3));
            hand.on(Event::Verdicts(vec![found("a"), found("b"), found("c")]));
            let Action::Finish(end) = play(&mut hand) else { panic!("{name}: the task has all its pairs") };
            assert_eq!((end.end, end.accepted.len()), (End::Done, 3), "{name}");
            assert!(end.accepted.iter().all(|a| a.candidate.reasoning.is_none()), "{name}");
        }
    }
}
