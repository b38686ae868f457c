//! What a phase needs before its first call: the endpoint with its key, price and limits, and what prompts are made of.

use super::super::super::store::{Run, RunPhase};
use super::super::super::transaction::transaction;
use super::super::super::{ledger, session};
use super::super::subjects::Subjects;
use crate::error::{Error, Result};
use crate::flow::Setup;
use crate::flow::driver::Terms;
use crate::flow::setup::Knobs;
use crate::llm::client::Client;
use crate::llm::endpoint::{ApiStyle, Endpoint, Structured};
use crate::llm::pool::THREADS_MAX;
use crate::llm::price::{Price, Usd};
use crate::llm::secret;
use crate::plan::Options;
use crate::prompt::describe::Notes;
use crate::prompt::templates::Templates;
use std::time::Duration;

/// The way to a model.
pub(super) struct Line {
    pub endpoint: String,
    pub model: String,
    pub style: ApiStyle,
    pub structured: Structured,
    pub client: Client,
    pub timeout: Duration,
    pub terms: Terms,
}

pub(super) fn line(run: &Run, phase: &RunPhase) -> Result<Line> {
    let options = &phase.options;
    let name = options.endpoint.as_deref().unwrap_or(&run.settings.endpoint);
    let endpoint = transaction(|| ledger::endpoint(name))?;
    let model = options.model.clone().unwrap_or_else(|| endpoint.model.clone());
    if model.is_empty() {
        return Err(Error::invalid(format!("endpoint \"{name}\" names no model")).hint("Set option model."));
    }
    let parallelism = parallelism(run, options, &endpoint);
    let client = Client::new(&endpoint, secret::read(&endpoint.key)?, parallelism)?;
    let price = transaction(|| ledger::price(&model))?;
    let budget = budget(run, options, price)?;
    Ok(Line {
        endpoint: name.to_owned(),
        style: endpoint.api_style,
        structured: endpoint.structured,
        client,
        timeout: Duration::from_millis(run.settings.request_timeout_ms.max(1) as u64),
        terms: Terms {
            parallelism,
            requests_per_minute: endpoint.requests_per_minute,
            tokens_per_minute: endpoint.tokens_per_minute,
            price,
            budget,
            proved: false,
        },
        model,
    })
}

fn parallelism(run: &Run, options: &Options, endpoint: &Endpoint) -> usize {
    let asked = options.parallelism.unwrap_or(run.settings.parallelism).max(1) as usize;
    let most = endpoint.parallelism.map_or(THREADS_MAX, |p| p as usize);
    asked.min(most).clamp(1, THREADS_MAX)
}

/// What may still be spent.
fn budget(run: &Run, options: &Options, price: Option<Price>) -> Result<Option<Usd>> {
    let Some(budget) = options.budget_usd.filter(|b| *b >= 0.0) else { return Ok(None) };
    if price.is_none() {
        return Err(Error::invalid("a budget needs a model whose price is known")
            .hint("Add the model to nlsql.price, or leave budget_usd out."));
    }
    let budget = Usd::parse(&format!("{budget:.12}")).ok_or_else(|| Error::invalid("budget_usd cannot be read"))?;
    let spent = transaction(|| ledger::spent(run.id))?;
    Ok(Some(if budget > spent { budget - spent } else { Usd::ZERO }))
}

pub(super) fn setup(run: &Run, phase: &RunPhase, subjects: &Subjects, line: &Line) -> Result<Setup> {
    let own = transaction(|| ledger::templates(&session::role()?))?;
    let values_shown = phase.options.values.as_deref().is_some_and(|v| v != "none");
    Ok(Setup {
        phase: phase.phase,
        engine: phase.engine,
        seed: phase.seed as u64,
        schema: subjects.schema.clone(),
        edges: subjects.relationships.clone(),
        notes: Notes::default(),
        templates: Templates::new(&own)?,
        model: line.model.clone(),
        style: line.style,
        structured: line.structured,
        knobs: Knobs::new(phase.phase, &phase.options, run.settings.max_retries.max(0) as u32, values_shown),
    })
}
