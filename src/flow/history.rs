//! What calls are told of earlier ones: exchanges that went well, and questions that were accepted.

use super::Accepted;
use crate::prompt::describe::tokens;
use crate::prompt::messages::Turn;
use serde_json::json;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

/// Questions kept of a table.
const QUESTIONS_MAX: usize = 30;

/// A lane of calls, one of as many as can be in flight; a task takes a free one and gives it back. The exchanges are
/// its own, the questions are those of all lanes.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    turns: VecDeque<Rc<Turn>>,
    asked: Rc<RefCell<Asked>>,
}

/// The newest questions of each table, in the order of their numbers.
#[derive(Debug, Default)]
struct Asked {
    next: u64,
    tables: BTreeMap<usize, VecDeque<(u64, Rc<str>)>>,
}

impl History {
    /// So many lanes, of which each knows what was asked in the others.
    pub fn lanes(count: usize) -> VecDeque<History> {
        let first = History::default();
        (0..count).map(|_| first.clone()).collect()
    }

    /// Earlier exchanges, the oldest first.
    pub fn turns(&self) -> Vec<Rc<Turn>> {
        self.turns.iter().cloned().collect()
    }

    /// Questions about any of these tables, the oldest first.
    pub fn questions(&self, tables: &[usize]) -> Vec<Rc<str>> {
        let asked = self.asked.borrow();
        let mut found: Vec<&(u64, Rc<str>)> = tables.iter().filter_map(|t| asked.tables.get(t)).flatten().collect();
        found.sort_unstable_by_key(|(number, _)| *number);
        found.dedup_by_key(|(number, _)| *number);
        found.into_iter().map(|(_, question)| question.clone()).collect()
    }

    /// Keeps what was accepted of a task; what was refused would only teach the model to repeat it. Of exchanges it
    /// keeps as many as `tokens_max` has room for: no prompt shows more.
    pub fn remember(&mut self, wish: String, tables: &[usize], accepted: &[Accepted], tokens_max: usize) {
        if accepted.is_empty() {
            return;
        }
        let pairs: Vec<_> = accepted
            .iter()
            .map(|a| match &a.candidate.sql {
                Some(sql) => json!({"question": a.candidate.question, "evidence": a.candidate.evidence.as_deref().unwrap_or(""), "sql": sql}),
                None => json!({"question": a.candidate.question, "answer": a.candidate.answer}),
            })
            .collect();
        let name = if accepted[0].candidate.sql.is_some() { "pairs" } else { "items" };
        self.turns.push_back(Rc::new((wish, json!({name: pairs}).to_string())));
        let mut room = tokens_max;
        let fits = self.turns.iter().rev().take_while(|turn| {
            let cost = cost(turn);
            let fits = cost <= room;
            room = room.saturating_sub(cost);
            fits
        });
        let extra = self.turns.len() - fits.count();
        self.turns.drain(..extra);
        let mut asked = self.asked.borrow_mut();
        for question in accepted.iter().filter_map(|a| a.candidate.question.as_deref()) {
            asked.add(tables, question.into());
        }
    }
}

/// Tokens of an exchange.
pub(crate) fn cost(turn: &Turn) -> usize {
    tokens(&turn.0) + tokens(&turn.1)
}

impl Asked {
    fn add(&mut self, tables: &[usize], question: Rc<str>) {
        self.next += 1;
        for table in tables {
            let list = self.tables.entry(*table).or_default();
            list.push_back((self.next, question.clone()));
            if list.len() > QUESTIONS_MAX {
                list.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidate::{Candidate, Verdict};

    fn accepted(question: &str) -> Vec<Accepted> {
        let candidate =
            Candidate { question: Some(question.into()), sql: Some("SELECT 1".into()), ..Candidate::default() };
        vec![Accepted { candidate, verdict: Verdict::default(), score: None }]
    }

    #[test]
    fn lanes_share_questions_and_keep_their_exchanges() {
        let mut lanes = History::lanes(2);
        lanes[0].remember("w".into(), &[1, 2], &accepted("first?"), 1000);
        lanes[1].remember("w".into(), &[2, 3], &accepted("second?"), 1000);
        assert_eq!(lanes[1].questions(&[1, 2]).join(" "), "first? second?", "each once");
        assert_eq!(lanes[0].questions(&[3]).join(" "), "second?");
        assert_eq!((lanes[0].turns().len(), lanes[0].questions(&[4]).len()), (1, 0));
    }

    #[test]
    fn neither_grows_without_end() {
        let mut lane = History::default();
        for n in 0..5_000 {
            lane.remember("w".into(), &[n % 3], &accepted(&format!("question {n}?")), 100);
        }
        assert!(lane.turns().iter().map(|turn| cost(turn)).sum::<usize>() <= 100 && lane.turns().len() > 1);
        assert_eq!(lane.questions(&[0, 1, 2]).len(), 3 * QUESTIONS_MAX);
        assert_eq!(lane.questions(&[0, 1, 2]).last().map(|q| &**q), Some("question 4999?"));
        lane.remember("w".into(), &[0], &accepted(&"long ".repeat(100)), 100);
        assert!(lane.turns().is_empty(), "one that no prompt has room for");
    }
}
