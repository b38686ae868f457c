//! One task: what to send, what to make of the answer, and when to stop. See the module above for the words.

use super::history::History;
use super::learned::{Learned, Lessons};
use super::plan::{Plan, plan, themed};
use super::tools::Called;
use super::{Accepted, Action, End, Event, Outcome, Rejected, Setup, Spec};
use crate::candidate::{Candidate, Verdict};
use crate::llm::endpoint::Structured;
use crate::llm::fault::Fault;
use crate::llm::wire::{Finish, Message, Reply, Role};
use crate::plan::{Engine, Phase};
use crate::prompt::choice::Draw;
use crate::prompt::messages::{Turn, history_tokens};
use std::rc::Rc;

/// Candidates for each record asked for, before a task gives up.
const CANDIDATES_A_RECORD: u32 = 20;
/// Calls in a row that bring nothing new.
const BARREN_MAX: u32 = 8;
/// Calls for the wordings of a draft, and other drafts that may take the place of what the model cannot word.
const WORDINGS_MAX: u32 = 2;
const REDRAWS_MAX: u32 = 4;
/// Replies in a row that cannot be read.
pub(super) const MALFORMED_MAX: u32 = 2;

pub(crate) struct Flow {
    pub(super) setup: Rc<Setup>,
    pub(super) spec: Spec,
    pub(super) plan: Option<Plan>,
    /// Writing calls begun.
    pub(super) turn: u64,
    pub(super) messages: Vec<Message>,
    /// Place of the message that asked.
    pub(super) ask_at: usize,
    /// Turns in which the model used tools, since it was asked.
    pub(super) tool_turns: u32,
    /// Tool calls whose statements are at the gate.
    pub(super) trials: Vec<String>,
    /// Accepted pairs that were asked for a plan, from the first on.
    pub(super) reasoned: usize,
    /// Plans that wait for their statements, by the place of the pair.
    pub(super) reasoning: Vec<(usize, String)>,
    pub(super) purpose: Purpose,
    /// Form that the call in flight asked for.
    pub(super) used: Structured,
    /// What was known of the endpoint when it was made up.
    pub(super) sent: Lessons,
    pub(super) accepted: Vec<Accepted>,
    pub(super) rejected: Vec<Rejected>,
    /// Refused by the gate and waiting for the critic.
    pub(super) broken: Vec<Broken>,
    /// Candidates at the gate, each with the refused ones that it is to replace.
    pub(super) checking: Vec<(Candidate, Broken)>,
    pub(super) tries: u32,
    candidates: u32,
    pub(super) barren: u32,
    pub(super) malformed: u32,
    pub(super) refusals: u32,
    /// Draws given up.
    pub(super) lost_draws: u32,
    /// Engine `reword`: calls for the present drafts, and how often other drafts were asked for.
    worded: u32,
    redraws: u32,
    /// The limit of tokens was raised, or the prompt shortened, once.
    pub(super) widened: bool,
    pub(super) shrunk: bool,
    pub(super) fault: Option<Fault>,
    model: Option<String>,
    pub(super) draw: Draw,
}

/// What the call in flight is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Suggest,
    Write,
    Repair,
    Score,
    Reason,
}

/// A candidate with all that it was before, the oldest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Broken {
    pub chain: Vec<(Candidate, Verdict)>,
}

impl Flow {
    pub fn new(setup: Rc<Setup>, spec: Spec) -> Flow {
        let draw = Draw::new(setup.seed, "pauses", spec.number);
        Flow {
            setup,
            spec,
            plan: None,
            turn: 0,
            messages: Vec::new(),
            ask_at: 0,
            tool_turns: 0,
            trials: Vec::new(),
            reasoned: 0,
            reasoning: Vec::new(),
            purpose: Purpose::Write,
            used: Structured::Auto,
            sent: Lessons::default(),
            accepted: Vec::new(),
            rejected: Vec::new(),
            broken: Vec::new(),
            checking: Vec::new(),
            tries: 0,
            candidates: 0,
            barren: 0,
            malformed: 0,
            refusals: 0,
            lost_draws: 0,
            worded: 0,
            redraws: 0,
            widened: false,
            shrunk: false,
            fault: None,
            model: None,
            draw,
        }
    }

    /// The next step after an event. Each event has exactly one.
    pub fn on(&mut self, event: Event, learned: &mut Learned, lane: &mut History) -> Action {
        match event {
            Event::Start if self.setup.engine == Engine::Reword && self.spec.drafts.is_empty() => {
                self.finish(End::Short("the composer has no statement to word"), lane)
            }
            Event::Start => self.write(learned, lane),
            Event::Timer => self.call(learned),
            Event::Reply(reply) => self.reply(reply, learned, lane),
            Event::Fault(fault) => self.faulty(fault, learned, lane),
            Event::Verdicts(verdicts) => self.verdicts(verdicts, learned, lane),
            Event::Drafts(drafts) if drafts.is_empty() => {
                self.finish(End::Short("the composer has no other statement to word"), lane)
            }
            Event::Drafts(drafts) => {
                self.take_drafts(drafts);
                (self.worded, self.barren) = (0, 0);
                self.write(learned, lane)
            }
            Event::Cancelled => self.finish(End::Cancelled, lane),
            Event::Budget => self.finish(End::Budget, lane),
        }
    }

    /// Begins a writing call, or first asks which tables go together.
    pub(super) fn write(&mut self, learned: &mut Learned, lane: &mut History) -> Action {
        let Some(mut plan) = plan(&self.setup, &self.spec, self.turn) else {
            return self.finish(End::Short("no tables for it"), lane);
        };
        self.turn += 1;
        self.worded += 1;
        self.purpose = Purpose::Write;
        if self.setup.phase == Phase::ComplexSqls {
            match learned.sets.pop() {
                Some((tables, theme)) => themed(&mut plan, &tables, &theme),
                None if !learned.suggesting && self.turn == 1 => {
                    learned.suggesting = true;
                    return self.suggest(plan, learned, lane);
                }
                // the tables that the relationships give serve as well
                None => {}
            }
        }
        let missing = self.missing();
        // of wordings several, so that one can be chosen
        let answers = if self.spec.drafts.is_empty() { self.setup.knobs.answers.min(missing).max(1) } else { 2 };
        plan.ask.count = if self.widened { answers.div_ceil(2) } else { answers };
        plan.ask.seen = lane.questions(&plan.ask.shown[..plan.ask.needed.min(plan.ask.shown.len())]);
        plan.ask.seen.extend(self.accepted.iter().filter_map(|a| a.candidate.question.as_deref().map(Rc::from)));
        let turns = if self.shrunk { Vec::new() } else { lane.turns() };
        self.compose(plan, &turns, learned, lane)
    }

    fn suggest(&mut self, mut plan: Plan, learned: &mut Learned, lane: &mut History) -> Action {
        self.purpose = Purpose::Suggest;
        plan.template = "table_sets";
        plan.shape = crate::prompt::shapes::Shape::TableSets;
        plan.ask.count = 10;
        plan.ask.max_tables = plan.ask.min_tables + 3;
        plan.ask.seen = learned.suggested.clone();
        plan.ask.shown = Vec::new();
        self.compose(plan, &[], learned, lane)
    }

    /// Renders the messages of a plan and sends them.
    fn compose(&mut self, plan: Plan, turns: &[Rc<Turn>], learned: &mut Learned, lane: &mut History) -> Action {
        let most = self.setup.knobs.prompt_tokens_max;
        let subject = self.setup.subject(if self.shrunk { most / 2 } else { most });
        let structured = learned.structured(self.setup.structured);
        let drafts = self.draft_items();
        let mut ask = plan.ask.clone();
        ask.items = drafts;
        match subject.messages(plan.template, &ask, plan.shape, structured, turns) {
            Ok(messages) => {
                self.begin(messages);
                self.plan = Some(Plan { ask, ..plan });
                self.call(learned)
            }
            Err(error) => {
                let hint = "Correct the row of nlsql.template, or delete it.".to_owned();
                let _ = lane;
                Action::FailRun { reason: "config", message: error.message, hint }
            }
        }
    }

    pub(super) fn missing(&self) -> u32 {
        self.spec.quota.saturating_sub(self.accepted.len() as u32)
    }

    fn reply(&mut self, reply: Reply, learned: &mut Learned, lane: &mut History) -> Action {
        self.tries = 0;
        self.model = reply.model.clone().or(self.model.take());
        if self.purpose == Purpose::Suggest {
            learned.suggesting = false;
        }
        if reply.refused {
            return self.declined("refused", learned, lane);
        }
        match reply.finish {
            Finish::Filter => return self.declined("filter", learned, lane),
            Finish::Length if self.widened => return self.redraw("length", learned, lane),
            Finish::Length => {
                self.widened = true;
                return self.again(learned, lane);
            }
            _ => {}
        }
        let text = match self.called(&reply, learned) {
            Called::Text(text) => text,
            Called::Next(action) => return action,
        };
        match self.read(&text, learned) {
            Some(action) => {
                learned.read_one();
                self.malformed = 0;
                action.unwrap_or_else(|| self.next(learned, lane))
            }
            None => self.unreadable(learned, lane),
        }
    }

    /// What a reply holds: none = not what was asked for; `Some(None)` = nothing to check in it.
    fn read(&mut self, text: &str, learned: &mut Learned) -> Option<Option<Action>> {
        match self.purpose {
            Purpose::Suggest => {
                self.sets(text, learned)?;
                Some(None)
            }
            Purpose::Score => {
                self.scores(text)?;
                Some(None)
            }
            Purpose::Reason => self.plans(text),
            Purpose::Repair => {
                let fixed = self.fixed(text)?;
                Some(self.check(fixed))
            }
            Purpose::Write => {
                let found = self.written(text)?;
                Some(self.check(found))
            }
        }
    }

    /// Sends candidates to the gate; kinds without SQL are asked there whether they are new.
    fn check(&mut self, found: Vec<(Candidate, Broken)>) -> Option<Action> {
        let fresh: Vec<(Candidate, Broken)> = found.into_iter().filter(|(c, _)| !self.known(c)).collect();
        if fresh.is_empty() {
            self.barren += 1;
            return None;
        }
        self.candidates += fresh.len() as u32;
        self.checking = fresh;
        Some(Action::Check(self.checking.iter().map(|(c, _)| c.clone()).collect()))
    }

    /// Whether the task has this very statement or question already.
    fn known(&self, candidate: &Candidate) -> bool {
        let same = |other: &Candidate| match &candidate.sql {
            Some(_) => other.sql == candidate.sql,
            None => other.question == candidate.question,
        };
        self.accepted.iter().any(|a| same(&a.candidate)) || self.rejected.iter().any(|r| same(&r.candidate))
    }

    fn verdicts(&mut self, verdicts: Vec<Verdict>, learned: &mut Learned, lane: &mut History) -> Action {
        if !self.trials.is_empty() {
            return self.tried(&verdicts, learned);
        }
        match self.purpose {
            Purpose::Reason => self.reasoned(&verdicts),
            _ => self.settle(verdicts),
        }
        self.next(learned, lane)
    }

    /// After an answer was dealt with: repair, score, reason, write more, or end.
    pub(super) fn next(&mut self, learned: &mut Learned, lane: &mut History) -> Action {
        if self.purpose == Purpose::Suggest {
            self.turn = 0;
            return self.write_with_sets(learned, lane);
        }
        if self.missing() == 0 || self.broken.is_empty() {
            self.drop_broken();
        } else {
            return self.repair(learned, lane);
        }
        if self.wants_scores() {
            return self.score(learned, lane);
        }
        if self.wants_reasoning() {
            return self.reason(learned, lane);
        }
        if self.missing() == 0 {
            return self.finish(End::Done, lane);
        }
        if self.setup.phase == Phase::Questions {
            return self.finish(End::Short("the model has no answer that passes"), lane);
        }
        if self.setup.engine == Engine::Reword && (self.worded >= WORDINGS_MAX || self.open_drafts().is_empty()) {
            return self.other_drafts(lane);
        }
        if self.candidates >= CANDIDATES_A_RECORD * self.spec.quota {
            return self.finish(End::Short("candidates bring nothing new"), lane);
        }
        if self.barren >= BARREN_MAX {
            return self.finish(End::Short("the model has nothing new"), lane);
        }
        self.write(learned, lane)
    }

    /// What the model cannot word gives its place to another statement.
    fn other_drafts(&mut self, lane: &mut History) -> Action {
        if self.redraws >= REDRAWS_MAX {
            return self.finish(End::Short("the model has no wording that passes"), lane);
        }
        self.redraws += 1;
        Action::Draw { missing: self.missing(), round: self.redraws }
    }

    /// Writes without asking for sets again, whether or not there were any.
    fn write_with_sets(&mut self, learned: &mut Learned, lane: &mut History) -> Action {
        self.turn = 1;
        self.write(learned, lane)
    }

    /// The same ask once more, drawn up anew.
    pub(super) fn again(&mut self, learned: &mut Learned, lane: &mut History) -> Action {
        if self.purpose == Purpose::Write {
            self.turn = self.turn.saturating_sub(1);
            return self.write(learned, lane);
        }
        self.call(learned)
    }

    pub(super) fn finish(&mut self, end: End, lane: &mut History) -> Action {
        self.abandon();
        if let Some(plan) = &self.plan {
            let names: Vec<String> = plan
                .ask
                .shown
                .iter()
                .take(plan.ask.needed)
                .filter_map(|i| self.setup.schema.tables.get(*i))
                .map(|t| t.qualified())
                .collect();
            let wish = format!("Write {} about {}.", self.accepted.len(), names.join(", "));
            let tables = &plan.ask.shown[..plan.ask.needed.min(plan.ask.shown.len())];
            lane.remember(wish, tables, &self.accepted, history_tokens(self.setup.knobs.prompt_tokens_max));
        }
        Action::Finish(Outcome {
            end,
            accepted: std::mem::take(&mut self.accepted),
            rejected: std::mem::take(&mut self.rejected),
            fault: self.fault.as_ref().map(ToString::to_string),
            model: self.model.clone(),
        })
    }

    pub(super) fn user(&mut self, text: String) {
        self.messages.push(Message::new(Role::User, text));
    }
}
