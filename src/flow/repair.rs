//! The critic: what the gate refused goes back to the model with the reason, and accepted pairs can be scored.

use super::history::History;
use super::learned::Learned;
use super::machine::{Broken, Flow, Purpose};
use super::{Action, Rejected};
use crate::candidate::reply;
use crate::candidate::{Candidate, Kind, Refusal, Stage, Verdict};
use crate::llm::wire::{Message, Role};
use crate::prompt::messages::Ask;
use crate::prompt::shapes::Shape;
use serde_json::{Value, json};

/// Refused candidates that go into one call.
const ITEMS_MAX: usize = 10;

/// What the model is told of a refusal. A message of the execution can carry data, so it is put in words of our own.
pub(super) fn words(refusal: &Refusal) -> String {
    if refusal.stage != Stage::Execute {
        return crate::prompt::describe::one_line(&refusal.message, 400).into_owned();
    }
    let text = match refusal.sqlstate.as_str() {
        "22012" => "it divides by zero for some row",
        "22P02" | "22007" | "22008" => "a value of some row cannot be read as the type that it is cast to",
        "22003" => "a number is out of the range of its type",
        "21000" => "a subquery that is used as one value returns more than one row",
        "57014" => "it takes too long",
        "53200" | "53400" => "it needs too much memory",
        _ => "it fails while it runs",
    };
    text.to_owned()
}

/// Whether another wording of the SQL can help.
fn repairable(verdict: &Verdict) -> bool {
    verdict.refusal.as_ref().is_some_and(|r| !matches!(r.stage, Stage::Duplicate | Stage::Probe | Stage::Accepted))
}

impl Flow {
    /// Refused candidates that still have a round left, and room to be needed.
    fn take_repairable(&mut self) -> Vec<Broken> {
        let rounds = self.setup.knobs.critic_rounds as usize;
        let all = std::mem::take(&mut self.broken);
        let (mut good, bad): (Vec<_>, Vec<_>) = all.into_iter().partition(|b| {
            let pair = b.chain.last().is_some_and(|(c, v)| c.kind == Kind::Pair && repairable(v));
            pair && b.chain.len() <= rounds
        });
        let rest = good.split_off(good.len().min(ITEMS_MAX));
        self.broken = bad.into_iter().chain(rest).collect();
        self.drop_broken();
        good
    }

    /// Gives up on what waits for the critic.
    pub(super) fn drop_broken(&mut self) {
        let broken = std::mem::take(&mut self.broken);
        let lost = broken.into_iter().flat_map(|b| b.chain);
        self.rejected.extend(lost.map(|(candidate, verdict)| Rejected { candidate, verdict, fix: None, score: None }));
    }

    /// Gives up on everything that is under way in the task.
    pub(super) fn abandon(&mut self) {
        self.drop_broken();
        let checking = std::mem::take(&mut self.checking);
        for (_, before) in checking {
            self.broken.push(before);
        }
        self.drop_broken();
    }

    pub(super) fn repair(&mut self, learned: &mut Learned, lane: &mut History) -> Action {
        let items = self.take_repairable();
        if items.is_empty() {
            return self.next(learned, lane);
        }
        let last = |b: &Broken| b.chain.last().cloned().unwrap_or_default();
        let shape = self.plan.as_ref().map_or(Shape::Pairs, |p| p.shape);
        let listed: Vec<Value> = items
            .iter()
            .map(|b| {
                let (candidate, verdict) = last(b);
                let refusal = verdict.refusal.as_ref();
                json!({
                    "question": candidate.question, "sql": candidate.sql,
                    "stage": refusal.map(|r| r.stage), "sqlstate": refusal.map(|r| r.sqlstate.as_str()),
                    "message": refusal.map(words),
                    "position": refusal.and_then(|r| r.position),
                    "hint": refusal.filter(|r| r.stage != Stage::Execute).and_then(|r| r.hint.clone()),
                })
            })
            .collect();
        let ask = Ask { items: listed, ..Ask::default() };
        let subject = self.setup.subject(self.setup.knobs.prompt_tokens_max);
        let text = match subject.render("repair", &ask, shape, self.used, 0) {
            Ok(text) => text,
            Err(error) => {
                let hint = "Correct the row of nlsql.template, or delete it.".to_owned();
                return Action::FailRun { reason: "config", message: error.message, hint };
            }
        };
        // the dialogue goes on: what the model wrote, as far as it was refused, then the reasons
        self.messages.truncate(self.ask_at + 1);
        let said: Vec<Value> = items
            .iter()
            .map(|b| {
                let (candidate, _) = last(b);
                let evidence = candidate.evidence.unwrap_or_default();
                match shape {
                    Shape::Sql => json!({"sql": candidate.sql, "evidence": evidence, "problem": ""}),
                    _ => json!({"question": candidate.question, "evidence": evidence, "sql": candidate.sql}),
                }
            })
            .collect();
        self.messages.push(Message::new(Role::Assistant, json!({shape.name(): said}).to_string()));
        self.user(text);
        self.purpose = Purpose::Repair;
        self.broken = items;
        self.call(learned)
    }

    /// Corrected candidates, each tied to what it replaces: by order where the numbers agree, else by question.
    pub(super) fn fixed(&mut self, text: &str) -> Option<Vec<(Candidate, Broken)>> {
        let found: Vec<Candidate> = self.written(text)?.into_iter().map(|(c, _)| c).collect();
        let mut broken: Vec<Option<Broken>> = std::mem::take(&mut self.broken).into_iter().map(Some).collect();
        let in_order = found.len() == broken.len();
        let mut fixed = Vec::new();
        for (i, candidate) in found.into_iter().enumerate() {
            let same = |b: &Option<Broken>| {
                b.as_ref().and_then(|b| b.chain.last()).is_some_and(|(c, _)| c.question == candidate.question)
            };
            let at = if in_order { Some(i) } else { broken.iter().position(same) };
            // a text that was not changed would be refused again
            let unchanged = |b: &Broken| b.chain.iter().any(|(c, _)| c.sql == candidate.sql);
            let before = at.and_then(|at| broken[at].take_if(|b| !unchanged(b)));
            if at.is_none() || before.is_some() {
                fixed.push((candidate, before.unwrap_or_default()));
            }
        }
        self.broken = broken.into_iter().flatten().collect();
        self.drop_broken();
        Some(fixed)
    }

    pub(super) fn wants_scores(&self) -> bool {
        self.setup.knobs.score_threshold.is_some()
            && self.accepted.iter().any(|a| a.score.is_none() && a.candidate.kind == Kind::Pair)
    }

    /// Asks for a score of every accepted pair that has none.
    pub(super) fn score(&mut self, learned: &mut Learned, lane: &mut History) -> Action {
        let unscored: Vec<&Candidate> =
            self.accepted.iter().filter(|a| a.score.is_none()).map(|a| &a.candidate).take(ITEMS_MAX).collect();
        let items =
            unscored.iter().map(|c| json!({"question": c.question, "sql": c.sql, "evidence": c.evidence})).collect();
        self.ask_about("score", Shape::Scores, items, Purpose::Score, learned, lane)
    }

    /// Asks something about accepted pairs, in a dialogue of its own that shows the tables of the present one.
    pub(super) fn ask_about(
        &mut self,
        template: &'static str,
        shape: Shape,
        items: Vec<Value>,
        purpose: Purpose,
        learned: &mut Learned,
        lane: &mut History,
    ) -> Action {
        let Some(mut plan) = self.plan.clone() else { return self.finish(super::End::Done, lane) };
        (plan.template, plan.shape, plan.ask.items) = (template, shape, items);
        let subject = self.setup.subject(self.setup.knobs.prompt_tokens_max);
        match subject.messages(plan.template, &plan.ask, plan.shape, learned.structured(self.setup.structured), &[]) {
            Ok(messages) => self.begin(messages),
            Err(error) => {
                let hint = "Correct the row of nlsql.template, or delete it.".to_owned();
                return Action::FailRun { reason: "config", message: error.message, hint };
            }
        }
        self.purpose = purpose;
        self.plan = Some(plan);
        self.call(learned)
    }

    /// Takes in scores; pairs below the threshold leave. Pairs that the reply does not name count as 1.
    pub(super) fn scores(&mut self, text: &str) -> Option<()> {
        let value = reply::object(text)?;
        let list = value.get("scores")?.as_array()?;
        let threshold = self.setup.knobs.score_threshold.unwrap_or(0.0);
        let open: Vec<usize> =
            (0..self.accepted.len()).filter(|i| self.accepted[*i].score.is_none()).take(ITEMS_MAX).collect();
        for (number, at) in open.iter().enumerate() {
            let entry = list.iter().find(|e| e.get("number").and_then(Value::as_u64) == Some(number as u64 + 1));
            let score = entry.and_then(|e| e.get("score")).and_then(Value::as_f64).unwrap_or(1.0).clamp(0.0, 1.0);
            self.accepted[*at].score = Some(score);
        }
        let (good, bad): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.accepted).into_iter().partition(|a| a.score.is_none_or(|s| s >= threshold));
        self.accepted = good;
        for pair in bad {
            let refusal = Refusal {
                stage: Stage::Result,
                sqlstate: "22000".into(),
                message: "the critic's score is below the threshold".into(),
                detail: None,
                hint: None,
                position: None,
            };
            let verdict = Verdict { refusal: Some(refusal), ..pair.verdict };
            self.rejected.push(Rejected { candidate: pair.candidate, verdict, fix: None, score: pair.score });
        }
        self.purpose = Purpose::Write;
        Some(())
    }

    /// What the composer drew, as the wording call lists it.
    pub(super) fn draft_items(&self) -> Vec<Value> {
        let literals = |c: &Candidate| super::reword::literals(c.sql.as_deref().unwrap_or(""));
        let drafts = self.open_drafts().into_iter();
        drafts.map(|c| json!({"sql": c.sql, "question": c.question, "literals": literals(c)})).collect()
    }
}
