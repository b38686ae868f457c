//! What a lane of calls remembers: the exchanges that went well, and the questions that they brought.

use super::Accepted;
use serde_json::json;
use std::collections::VecDeque;

/// More exchanges than any prompt has room for.
const TURNS_MAX: usize = 12;
const QUESTIONS_MAX: usize = 400;

/// One of as many as calls can be in flight; a task takes a free one and gives it back.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    turns: VecDeque<(String, String)>,
    /// Tables and question of what was accepted.
    questions: VecDeque<(Vec<usize>, String)>,
}

impl History {
    /// Earlier exchanges, the oldest first.
    pub fn turns(&self) -> Vec<(String, String)> {
        self.turns.iter().cloned().collect()
    }

    /// Questions about any of these tables, the oldest first.
    pub fn questions(&self, tables: &[usize]) -> Vec<String> {
        self.questions.iter().filter(|(t, _)| t.iter().any(|n| tables.contains(n))).map(|(_, q)| q.clone()).collect()
    }

    /// Keeps what was accepted of a task; what was refused would only teach the model to repeat it.
    pub fn remember(&mut self, wish: String, tables: &[usize], accepted: &[Accepted]) {
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
        self.turns.push_back((wish, json!({name: pairs}).to_string()));
        for question in accepted.iter().filter_map(|a| a.candidate.question.clone()) {
            self.questions.push_back((tables.to_vec(), question));
        }
        while self.turns.len() > TURNS_MAX {
            self.turns.pop_front();
        }
        while self.questions.len() > QUESTIONS_MAX {
            self.questions.pop_front();
        }
    }
}
