//! The way to a model: which endpoint, with which key, at what price. The same for a run's worker, for ask() and for
//! the check at generate(). Callers bring a transaction.

use super::ledger::{self, Known};
use crate::error::{Code, Error, Result};
use crate::flow::driver::{Driver, Terms};
use crate::flow::learned::Worked;
use crate::llm::client::Client;
use crate::llm::endpoint::{ApiStyle, Endpoint, Structured};
use crate::llm::pool::THREADS_MAX;
use crate::llm::price::{Price, Usd};
use crate::llm::secret::{self, Secret};
use crate::plan::Options;
use crate::settings::Settings;
use std::time::Duration;

pub(crate) struct Line {
    pub endpoint: String,
    pub model: String,
    pub style: ApiStyle,
    pub structured: Structured,
    pub client: Client,
    pub timeout: Duration,
    pub terms: Terms,
    /// The key's mark.
    pub key: u32,
    pub known: Known,
}

/// Endpoint, model and key by the effective options; an error says what is missing.
fn reach(options: &Options, settings: &Settings) -> Result<(Endpoint, String, Option<Secret>)> {
    let name = options.endpoint.as_deref().unwrap_or(&settings.endpoint);
    let endpoint = ledger::endpoint(name)?;
    let model = options.model.as_ref().or(settings.model.as_ref()).unwrap_or(&endpoint.model).clone();
    if model.is_empty() {
        return Err(Error::invalid(format!("endpoint \"{name}\" names no model"))
            .hint("Set nlsql.model, the option model, or the endpoint's own."));
    }
    let secret = secret::read(&endpoint.key)?;
    Ok((endpoint, model, secret))
}

/// Whether a run with these options could begin: endpoint, model, key, and a price where there is a budget.
pub(crate) fn check(options: &Options, settings: &Settings) -> Result<()> {
    let (_, model, _) = reach(options, settings)?;
    budget(options, ledger::price(&model)?, Usd::ZERO).map(|_| ())
}

/// `spent`: what counts against the budget already.
pub(crate) fn open(options: &Options, settings: &Settings, spent: Usd) -> Result<Line> {
    let (endpoint, model, secret) = reach(options, settings)?;
    let asked = options.parallelism.unwrap_or(settings.parallelism).max(1) as usize;
    let most = endpoint.parallelism.map_or(THREADS_MAX, |p| p as usize);
    let parallelism = asked.min(most).clamp(1, THREADS_MAX);
    let price = ledger::price(&model)?;
    let known = ledger::known(&endpoint.name, &model)?;
    let key = secret::mark(&endpoint.base_url, secret.as_ref());
    let terms = Terms {
        parallelism,
        // of a few calls one should follow another in order, and many make it worth while
        spare: parallelism / 8,
        requests_per_minute: endpoint.requests_per_minute,
        tokens_per_minute: endpoint.tokens_per_minute,
        price,
        budget: budget(options, price, spent)?,
        proved: known.worked.is_some_and(|w| w.vouches(key, seconds())),
    };
    Ok(Line {
        client: Client::new(&endpoint, secret, parallelism)?,
        style: endpoint.api_style,
        structured: endpoint.structured,
        timeout: Duration::from_millis(settings.request_timeout_ms.max(1) as u64),
        terms,
        key,
        known,
        model,
        endpoint: endpoint.name,
    })
}

impl Line {
    /// What is known of the endpoint after the calls of `driver`. Only a call that succeeded makes trust younger.
    pub fn after(&self, driver: &Driver) -> Known {
        let worked = match (driver.proved(), driver.succeeded()) {
            (true, true) => Some(Worked { key: self.key, at: seconds() }),
            (true, false) => self.known.worked,
            (false, _) => None,
        };
        Known { lessons: driver.lessons(), worked }
    }
}

fn seconds() -> u64 {
    std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs())
}

/// What may still be spent.
fn budget(options: &Options, price: Option<Price>, spent: Usd) -> Result<Option<Usd>> {
    let Some(budget) = options.budget_usd.filter(|b| *b >= 0.0) else { return Ok(None) };
    if price.is_none() {
        return Err(Error::new(Code::InvalidParameterValue, "a budget needs a model whose price is known")
            .hint("Add the model to nlsql.price, or leave budget_usd out."));
    }
    let budget = Usd::parse(&format!("{budget:.12}")).ok_or_else(|| Error::invalid("budget_usd cannot be read"))?;
    Ok(Some(if budget > spent { budget - spent } else { Usd::ZERO }))
}
