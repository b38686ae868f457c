//! One question, answered in the caller's own backend: the same prompt, client, gate and critic as a run's. A thread
//! does the HTTP; the backend waits on its latch, so that a cancel is heeded at once.

use super::anonymize::{self, Anonymiser};
use super::gate::{self, Gate, Mode};
use super::ledger::{self, Known};
use super::line::{self, Line};
use super::owner::as_owner;
use super::spi::{self, Arg};
use super::{guc, introspect, relationships, session};
use crate::candidate::{Candidate, ResultFacts, Verdict};
use crate::error::{Code, Error, Result};
use crate::flow::history::History;
use crate::flow::learned::Learned;
use crate::flow::machine::Flow;
use crate::flow::setup::Knobs;
use crate::flow::{Accepted, Action, Call, Event, Outcome, Setup, Spec};
use crate::llm::client::Answer;
use crate::llm::pool::{Job, Pool};
use crate::llm::price::Usd;
use crate::plan::{Engine, Options, Phase};
use crate::prompt::describe::Notes;
use crate::prompt::templates::Templates;
use crate::schema::model::{Schema, quote_ident};
use crate::schema::relationships::Relationship;
use pgrx::pg_sys;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Rows of the answer that are given back.
const ROWS: usize = 100;

/// Which rows the caller wants to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Without what the statement reads from personal columns.
    Anonymised,
    Real,
    None,
}

pub(crate) struct Reply {
    pub sql: Option<String>,
    pub rows: Option<Value>,
    pub checks: Value,
}

pub(crate) fn ask(question: &str, options: &Options, shown: Shown) -> Result<Reply> {
    let settings = guc::settings();
    let deadline = Instant::now() + Duration::from_millis(settings.request_timeout_ms.max(1) as u64);
    let listed = match &options.tables {
        None => None,
        Some(names) => Some(names.iter().map(|n| session::relation(n)).collect::<Result<Vec<_>>>()?),
    };
    let mut schema = introspect::catalog(listed.as_deref())?;
    let bypassed = introspect::keep_subjects(&mut schema);
    if schema.tables.is_empty() {
        return Err(introspect::nothing_to_read(&session::role()?, &bypassed));
    }
    let edges = relationships::of_session(&schema)?;
    let line = line::open(&Options { parallelism: Some(1), ..options.clone() }, &settings, Usd::ZERO)?;
    let setup = Rc::new(Setup {
        phase: Phase::Questions,
        engine: Engine::Openai,
        seed: options.seed.unwrap_or(0) as u64,
        schema: schema.clone(),
        edges: edges.clone(),
        notes: Notes::default(),
        templates: Templates::new(&ledger::templates(&session::role()?)?)?,
        model: line.model.clone(),
        style: line.style,
        structured: line.structured,
        knobs: Knobs::new(Phase::Questions, options, settings.max_retries.max(0) as u32, false),
    });
    let limits = gate::Limits::of(&settings);
    let gate = Gate::new(session::role_oid(), gate::Options { head: ROWS, limits, ..gate::Options::default() })?;
    let spec = Spec { quota: 1, question: Some(question.to_owned()), ..Spec::default() };
    let pool = Pool::new(line.client.clone(), 1)?;
    let mut asking = Asking { line, pool, gate, deadline, records: Vec::new(), spent: Usd::ZERO };
    let outcome = asking.run(Flow::new(setup, spec))?;
    asking.write_down()?;
    match outcome.accepted.into_iter().next() {
        Some(accepted) => answered(accepted, &schema, &edges, shown),
        None => Ok(unanswered(&outcome.rejected.last().map(|r| r.verdict.clone()), outcome.fault)),
    }
}

struct Asking {
    line: Line,
    pool: Pool,
    gate: Gate,
    deadline: Instant,
    /// Rows of the ledger.
    records: Vec<Value>,
    spent: Usd,
}

impl Asking {
    fn run(&mut self, mut flow: Flow) -> Result<Outcome> {
        let mut learned = Learned::knowing(self.line.known.lessons);
        let mut lane = History::default();
        let mut event = Event::Start;
        loop {
            event = match flow.on(event, &mut learned, &mut lane) {
                Action::Call(call) => self.call(call)?,
                Action::Wait(pause) => {
                    self.wait(Some(pause))?;
                    Event::Timer
                }
                Action::Check(candidates) => Event::Verdicts(self.check(&candidates)?),
                // only a run's worker has a composer
                Action::Draw { .. } => Event::Drafts(Vec::new()),
                Action::Finish(outcome) => {
                    let lessons = learned.lessons();
                    if lessons != self.line.known.lessons {
                        let known = Known { lessons, ..self.line.known };
                        ledger::learn(&self.line.endpoint, &self.line.model, known)?;
                    }
                    return Ok(outcome);
                }
                Action::Park(_, fault) => return Err(Error::new(Code::ConnectionFailure, fault.to_string())),
                Action::FailRun { message, hint, .. } => {
                    return Err(Error::new(Code::ObjectNotInPrerequisiteState, message).hint(hint));
                }
            };
        }
    }

    fn check(&mut self, candidates: &[Candidate]) -> Result<Vec<Verdict>> {
        candidates.iter().map(|c| self.gate.check_candidate(c, Mode::Executed)).collect()
    }

    fn call(&mut self, call: Call) -> Result<Event> {
        let reserved = self.line.terms.price.map(|p| p.reserve(call.body.len(), call.max_tokens));
        if let (Some(budget), Some(reserved)) = (self.line.terms.budget, reserved)
            && self.spent + reserved > budget
        {
            return Ok(Event::Budget);
        }
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(self.late());
        }
        self.pool.send([Job { id: 1, style: call.style, body: call.body, timeout: left }]);
        let answer = loop {
            if let Some(done) = self.pool.take().into_iter().next() {
                break done.answer;
            }
            self.wait(None)?;
        };
        self.record(&answer, reserved);
        match answer.result {
            Ok(reply) => Ok(Event::Reply(reply)),
            Err(_) if Instant::now() >= self.deadline => Err(self.late()),
            Err(fault) => Ok(Event::Fault(fault)),
        }
    }

    fn late(&self) -> Error {
        Error::new(Code::QueryCanceled, "the endpoint did not answer in time")
            .hint("nlsql.request_timeout is the time that ask() may take.")
    }

    /// Until the pool has an answer, or for so long; a cancel ends the wait with an error.
    fn wait(&self, pause: Option<Duration>) -> Result<()> {
        let until = pause.map_or(self.deadline + Duration::from_secs(1), |p| self.deadline.min(Instant::now() + p));
        let left = until.saturating_duration_since(Instant::now()).as_millis() as i64;
        let events = pg_sys::WL_LATCH_SET | pg_sys::WL_TIMEOUT | pg_sys::WL_EXIT_ON_PM_DEATH;
        let (fd, readable) = if pause.is_some() { (-1, 0) } else { (self.pool.fd(), pg_sys::WL_SOCKET_READABLE) };
        loop {
            // SAFETY: MyLatch is this process's own; the pool holds the descriptor open.
            let woken = unsafe {
                let woken = pg_sys::WaitLatchOrSocket(
                    pg_sys::MyLatch,
                    (events | readable) as i32,
                    fd,
                    left,
                    pg_sys::PG_WAIT_EXTENSION,
                );
                pg_sys::ResetLatch(pg_sys::MyLatch);
                woken as u32
            };
            session::check_for_interrupts();
            let over = Instant::now() >= until || woken & pg_sys::WL_SOCKET_READABLE != 0;
            if over {
                return Ok(());
            }
        }
    }

    fn record(&mut self, answer: &Answer, reserved: Option<Usd>) {
        let usage = answer.result.as_ref().map(|r| r.usage).unwrap_or_default();
        let usd = self.line.terms.price.and_then(|p| p.cost(&usage)).or(reserved.filter(|_| answer.status.is_none()));
        self.spent += usd.unwrap_or(Usd::ZERO);
        self.records.push(json!({
            "number": self.records.len() + 1, "status": if answer.result.is_ok() { "ok" } else { "error" },
            "error": answer.result.as_ref().err().map(ToString::to_string), "http_status": answer.status,
            "prompt_tokens": usage.prompt, "cached_tokens": usage.cached, "completion_tokens": usage.completion,
            "reasoning_tokens": usage.reasoning, "usd": usd.map(|u| u.to_string()),
            "latency_ms": answer.latency.as_millis() as u64, "request_id": answer.request_id,
        }));
    }

    fn write_down(&self) -> Result<()> {
        let (role, ended) = (session::role()?, Value::Array(self.records.clone()).to_string());
        as_owner(|| {
            spi::execute(
                "SELECT nlsql.asked_($1::name, $2, $3, $4::jsonb)",
                &[Arg::Text(&role), Arg::Text(&self.line.endpoint), Arg::Text(&self.line.model), Arg::Text(&ended)],
            )
        })
        .map(|_| ())
    }
}

fn answered(accepted: Accepted, schema: &Schema, edges: &[Relationship], shown: Shown) -> Result<Reply> {
    let Accepted { candidate, verdict, .. } = accepted;
    let facts = verdict.facts.unwrap_or_default();
    let result = verdict.result.unwrap_or_default();
    let hidden = match shown {
        Shown::Anonymised => personal(&facts.columns, schema, edges)?,
        _ => Vec::new(),
    };
    let rows = match shown {
        Shown::None => None,
        _ => Some(rows(&result, !hidden.is_empty())),
    };
    let checks = json!({
        "answered": true, "evidence": candidate.evidence, "rows": result.rows, "capped": result.capped || result.rows as usize > ROWS,
        "tables": facts.tables, "columns": facts.columns, "functions": facts.functions,
        "difficulty": facts.hardness.difficulty(), "plan": verdict.plan, "hidden": hidden,
    });
    Ok(Reply { sql: candidate.sql, rows, checks })
}

fn unanswered(verdict: &Option<Verdict>, fault: Option<String>) -> Reply {
    let refusal = verdict.as_ref().and_then(|v| v.refusal.as_ref());
    let problem = refusal.filter(|r| r.sqlstate == "P0002" && r.stage == crate::candidate::Stage::Text);
    let reason = match (problem, refusal, fault) {
        (Some(problem), ..) => problem.message.clone(),
        (None, Some(refusal), _) => format!("no statement passed the gate: {}", refusal.message),
        (None, None, Some(fault)) => fault,
        (None, None, None) => "the model has no answer".to_owned(),
    };
    pgrx::notice!("the question was not answered: {reason}");
    let checks = json!({"answered": false, "reason": reason, "stage": refusal.map(|r| r.stage), "sqlstate": refusal.map(|r| r.sqlstate.as_str())});
    Reply { sql: None, rows: None, checks }
}

/// The columns among these that hold personal data.
fn personal(columns: &[String], schema: &Schema, edges: &[Relationship]) -> Result<Vec<String>> {
    let key = anonymize::call_key(&session::role()?, 0)?;
    let mut anonymiser = Anonymiser::new(key, schema, edges, None)?;
    let used: BTreeSet<&str> = columns.iter().map(String::as_str).collect();
    let mut found = Vec::new();
    for table in &schema.tables {
        let full = |name: &str| format!("{}.{}", table.qualified(), quote_ident(name));
        if !table.columns.iter().any(|c| used.contains(full(&c.name).as_str())) {
            continue;
        }
        let rules = anonymiser.plan(schema, table)?.rules;
        found.extend(
            rules.iter().filter(|r| r.class.personal).map(|r| full(&r.name)).filter(|n| used.contains(n.as_str())),
        );
    }
    Ok(found)
}

/// The first rows as objects. Where a personal column was read, no one can say which value of the result came of it:
/// all of them are hidden.
fn rows(result: &ResultFacts, hidden: bool) -> Value {
    let row = |values: &Vec<Option<String>>| -> Value {
        let fields = result.columns.iter().zip(values).map(|(name, value)| {
            let value = match value {
                Some(_) if hidden => json!("***"),
                Some(text) => json!(text),
                None => Value::Null,
            };
            (name.clone(), value)
        });
        Value::Object(fields.collect::<Map<String, Value>>())
    };
    Value::Array(result.head.iter().map(row).collect())
}
