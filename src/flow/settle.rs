//! What a reply holds and what becomes of it: candidates read, verdicts taken in, kinds without SQL judged.

use super::learned::Learned;
use super::machine::{Broken, Flow};
use super::{Accepted, Rejected, Setup};
use crate::candidate::reply::{self, Unusable};
use crate::candidate::{Asked, Candidate, Facts, Kind, Refusal, Stage, Verdict};
use crate::plan::Phase;
use crate::prompt::messages::Ask;
use crate::prompt::shapes::Shape;
use serde_json::{Value, json};

impl Flow {
    /// Candidates of a writing call's reply; none where it is not in the asked form.
    pub(super) fn written(&mut self, text: &str) -> Option<Vec<(Candidate, Broken)>> {
        let shape = self.plan.as_ref()?.shape;
        let list = match shape {
            Shape::Sql => self.answered(text)?,
            Shape::Questions => self.reworded(text)?,
            Shape::Answers => parsed(text, Kind::Qa)?,
            _ => parsed(text, Kind::Pair)?,
        };
        let ask = &self.plan.as_ref()?.ask;
        let asked = Asked { difficulty: ask.difficulty.clone(), features: Vec::new() };
        let tables: Vec<String> =
            ask.shown.iter().filter_map(|i| self.setup.schema.tables.get(*i)).map(|t| t.qualified()).collect();
        let style = ask.style.clone();
        Some(
            list.into_iter()
                .map(|mut candidate| {
                    if candidate.kind == Kind::Qa {
                        candidate.tables.clone_from(&tables);
                    }
                    if candidate.style.is_none() {
                        candidate.style.clone_from(&style);
                    }
                    if shape != Shape::Questions {
                        candidate.asked = asked.clone();
                    }
                    (candidate, Broken::default())
                })
                .collect(),
        )
    }

    /// The statement for a user's own question; nothing where the model says that there is none.
    fn answered(&mut self, text: &str) -> Option<Vec<Candidate>> {
        let value = reply::object(text)?;
        let entry = value.get("answers").and_then(|a| a.get(0)).unwrap_or(&value);
        let field = |name: &str| entry.get(name).and_then(Value::as_str).map(str::trim).filter(|t| !t.is_empty());
        let sql = field("sql").and_then(reply::clean_sql);
        if let (None, Some(problem)) = (&sql, field("problem")) {
            let problem = problem.to_owned();
            self.problem(&problem);
            return Some(Vec::new());
        }
        Some(vec![Candidate {
            question: self.spec.question.clone(),
            sql: Some(sql.filter(|s| !s.contains('\0'))?),
            evidence: field("evidence").map(str::to_owned),
            ..Candidate::default()
        }])
    }

    /// The model says that the tables cannot answer: kept as a refusal, so that the caller can say so.
    fn problem(&mut self, problem: &str) {
        let refusal = Refusal {
            stage: Stage::Text,
            sqlstate: "P0002".into(),
            message: crate::prompt::describe::one_line(problem, 300).into_owned(),
            detail: None,
            hint: None,
            position: None,
        };
        self.rejected.push(Rejected {
            candidate: Candidate { question: self.spec.question.clone(), ..Candidate::default() },
            verdict: Verdict { refusal: Some(refusal), ..Verdict::default() },
            fix: None,
            score: None,
        });
    }

    /// Table sets of a suggestion: those that exist, are connected and large enough.
    pub(super) fn sets(&mut self, text: &str, learned: &mut Learned) -> Option<()> {
        let value = reply::object(text)?;
        let sets = value.get("sets")?.as_array()?;
        let near = crate::prompt::choice::neighbours(&self.setup.schema, &self.setup.edges);
        let least = self.setup.knobs.min_tables.max(2);
        for set in sets.iter().take(50) {
            let names = set.get("tables").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
            let mut tables: Vec<usize> = names.filter_map(|name| self.table(name)).collect();
            tables.sort_unstable();
            tables.dedup();
            let joined = tables.iter().all(|t| near[*t].iter().any(|n| tables.contains(n)));
            if tables.len() >= least && tables.len() <= 12 && joined {
                let theme = set.get("theme").and_then(Value::as_str).unwrap_or("");
                let theme = crate::prompt::describe::one_line(theme, 100);
                let names: Vec<String> = tables.iter().map(|t| self.setup.schema.tables[*t].qualified()).collect();
                learned.suggested.push(names.join(", ").into());
                learned.sets.push((tables, theme.into_owned()));
            }
        }
        // taken from the end
        learned.sets.reverse();
        Some(())
    }

    /// A table by the name that a model gives it.
    pub(super) fn table(&self, name: &str) -> Option<usize> {
        let tables = &self.setup.schema.tables;
        tables.iter().position(|t| t.qualified() == name).or_else(|| {
            let bare = name.replace('"', "");
            let mut same =
                tables.iter().enumerate().filter(|(_, t)| t.name == bare || format!("{}.{}", t.schema, t.name) == bare);
            let first = same.next()?;
            same.next().is_none().then_some(first.0)
        })
    }

    /// Takes in the verdicts of [`Flow::checking`], in order.
    pub(super) fn settle(&mut self, verdicts: Vec<Verdict>) {
        let checked = std::mem::take(&mut self.checking);
        let before = self.accepted.len();
        for ((mut candidate, mut before), verdict) in checked.into_iter().zip(verdicts) {
            let verdict = self.suited(&mut candidate, verdict);
            if verdict.ok() && self.missing() > 0 {
                let fix = candidate.sql.clone();
                self.rejected.extend(before.chain.into_iter().map(|(candidate, verdict)| Rejected {
                    candidate,
                    verdict,
                    fix: fix.clone(),
                    score: None,
                }));
                self.accepted.push(Accepted { candidate, verdict, score: None });
            } else if !verdict.ok() {
                before.chain.push((candidate, verdict));
                self.broken.push(before);
            }
        }
        self.barren = if self.accepted.len() > before { 0 } else { self.barren + 1 };
    }
}

impl Flow {
    /// What the gate let through has to be what the phase is about, too.
    fn suited(&self, candidate: &mut Candidate, verdict: Verdict) -> Verdict {
        if !verdict.ok() {
            return verdict;
        }
        if candidate.kind != Kind::Pair {
            return judge(&self.setup, candidate);
        }
        let ask = self.plan.as_ref().map(|p| &p.ask);
        let misfit = verdict.facts.as_ref().and_then(|facts| misfit(&self.setup, ask, facts));
        match misfit {
            Some(message) => Verdict { refusal: refused("22000", message).refusal, ..verdict },
            None => verdict,
        }
    }
}

/// A refusal that another wording of the record can mend.
fn refused(sqlstate: &str, message: String) -> Verdict {
    let refusal =
        Refusal { stage: Stage::Policy, sqlstate: sqlstate.into(), message, detail: None, hint: None, position: None };
    Verdict { refusal: Some(refusal), ..Verdict::default() }
}

/// Why a sound pair is none of the phase's.
fn misfit(setup: &Setup, ask: Option<&Ask>, facts: &Facts) -> Option<String> {
    // a table that is joined to itself counts as often as it stands there
    let used = facts.tables.len().max(facts.joins as usize + 1);
    let least = ask.map_or(setup.knobs.min_tables, |a| a.min_tables as usize).max(1);
    match setup.phase {
        Phase::SingleTable | Phase::Builtins if facts.tables.len() > 1 => {
            return Some("the statement has to use one table alone".into());
        }
        Phase::Joins | Phase::ComplexSqls if used < least => {
            return Some(format!("the statement has to use at least {least} tables"));
        }
        _ => {}
    }
    let function = ask.and_then(|a| a.function.as_deref()).filter(|_| setup.phase == Phase::Builtins)?;
    let bare = |name: &str| name.rsplit('.').next().unwrap_or(name).to_lowercase();
    let wanted = bare(function);
    let shown = facts.functions.iter().any(|f| bare(f) == wanted || other_names(&wanted).contains(&bare(f).as_str()));
    (!shown).then(|| format!("the statement has to use the function {function}"))
}

/// Names that the server gives to what is written as this function.
fn other_names(function: &str) -> &'static [&'static str] {
    match function {
        "trim" => &["btrim", "ltrim", "rtrim"],
        "substring" => &["substr"],
        "ceil" => &["ceiling"],
        "power" => &["pow"],
        "position" => &["strpos"],
        "extract" => &["date_part"],
        _ => &[],
    }
}

fn parsed(text: &str, kind: Kind) -> Option<Vec<Candidate>> {
    match reply::candidates(text, kind) {
        Ok(parsed) => Some(parsed.candidates),
        Err(Unusable::Empty) => Some(Vec::new()),
        Err(_) => None,
    }
}

/// The check of a kind without SQL. A statement about the schema may name only what is there.
pub(super) fn judge(setup: &Setup, candidate: &mut Candidate) -> Verdict {
    if setup.phase != Phase::SchemaDocs {
        return Verdict::default();
    }
    let texts = [candidate.question.as_deref().unwrap_or(""), candidate.answer.as_deref().unwrap_or("")];
    let named: Vec<&str> = texts.iter().flat_map(|t| identifiers(t)).collect();
    if let Some(unknown) = named.iter().find(|name| !is_known(setup, name)) {
        return refused(
            "42703",
            format!("the schema has nothing called {}", crate::prompt::describe::one_line(unknown, 80)),
        );
    }
    let about: Vec<String> = setup
        .schema
        .tables
        .iter()
        .filter(|t| candidate.tables.contains(&t.qualified()))
        .filter(|t| texts.iter().any(|text| mentions(text, &t.name)))
        .map(|t| t.qualified())
        .collect();
    if about.is_empty() {
        return refused("42703", "it names no table of the schema".into());
    }
    candidate.tables = about;
    candidate.checks = Some(json!({"names": {"ok": true, "named": named.len()}, "written_by": "model"}));
    Verdict::default()
}

/// Words that can only be identifiers: with an underscore or a dot inside.
fn identifiers(text: &str) -> Vec<&str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'))
        .map(|w| w.trim_matches('.'))
        .filter(|w| {
            w.contains('_')
                || (w.contains('.') && w.split('.').all(|p| p.len() > 1 && p.chars().all(|c| c.is_ascii_lowercase())))
        })
        .filter(|w| !w.chars().all(|c| c.is_ascii_digit() || c == '.' || c == '_'))
        .collect()
}

fn is_known(setup: &Setup, name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    setup.schema.tables.iter().any(|t| {
        t.name == last
            || t.schema == last
            || t.columns.iter().any(|c| {
                c.name == last
                    || c.type_name.contains(last)
                    || c.labels.iter().flatten().any(|l| l == last)
                    || c.default.as_deref().is_some_and(|d| d.contains(last))
            })
            || t.checks.iter().any(|c| c.definition.contains(last) || c.name == last)
            || t.foreign_keys.iter().any(|k| k.name == last)
    })
}

fn mentions(text: &str, name: &str) -> bool {
    let text = text.to_lowercase();
    let name = name.to_lowercase();
    text.contains(&name) || text.contains(&name.replace('_', " "))
}
