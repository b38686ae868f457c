//! Writes a run, its phases and tasks, in the caller's transaction.

use super::spi::{self, Arg};
use super::{guc, introspect, launch, owner, relationships, session};
use crate::compose::{self, Style};
use crate::error::{Code, Error, Result};
use crate::plan::phase::not_yet;
use crate::plan::{Engine, Options, Phase, tasks};
use crate::schema::model::Schema;
use crate::schema::relationships::Relationship;
use crate::settings::Settings;
use serde::Deserialize;
use serde_json::json;

/// A phase's settings in force, a row of the view nlsql.phases.
#[derive(Debug, Deserialize)]
struct PhaseRow {
    count: Option<i64>,
    parallelism: Option<i32>,
    api_answer_count: i32,
    min_joins: i32,
    n_rows: i32,
    engine: Option<String>,
    critic: Option<String>,
    budget_usd: Option<f64>,
    template: Option<String>,
    options: serde_json::Value,
}

pub(crate) struct Request<'a> {
    pub phase: Phase,
    pub count: Option<i64>,
    pub run: Option<&'a str>,
    pub options: Options,
}

/// Refuses what cannot work in this session, before anything is written.
pub(crate) fn check_session() -> Result<()> {
    session::writable()?;
    if cfg!(not(any(feature = "pg17", feature = "pg18"))) {
        let may = spi::first(spi::select(
            "SELECT r.rolcanlogin::pg_catalog.text FROM pg_catalog.pg_roles r WHERE r.oid OPERATOR(pg_catalog.=) $1::pg_catalog.int8::pg_catalog.oid",
            &[Arg::Int(i64::from(session::role_oid().to_u32()))],
        )?);
        if may.as_deref() != Some("true") {
            return Err(Error::new(
                Code::ObjectNotInPrerequisiteState,
                format!("role \"{}\" may not log in, so no worker can run as it", session::role()?),
            )
            .hint("Call generate() as a role with LOGIN, or use PostgreSQL 17 or newer."));
        }
    }
    Ok(())
}

fn phase_row(phase: Phase) -> Result<PhaseRow> {
    let text = spi::first(owner::with_catalog_path(|| {
        spi::select(
            "SELECT pg_catalog.to_jsonb(p)::text FROM nlsql.phases p WHERE p.name = $1",
            &[Arg::Text(phase.name())],
        )
    })?)
    .ok_or_else(|| Error::internal(format!("no shipped settings for phase {}", phase.name())))?;
    spi::json(&text)
}

/// The phases of `generate_all`, in the order in which they are shipped.
pub(crate) fn enabled_phases() -> Result<Vec<Phase>> {
    let names = owner::with_catalog_path(|| spi::select("SELECT p.name FROM nlsql.phases p WHERE p.enabled", &[]))?;
    let names: Vec<String> = names.into_iter().flatten().collect();
    Ok(crate::plan::phase::SHIPPED.iter().map(|s| s.phase).filter(|p| names.iter().any(|n| n == p.name())).collect())
}

/// Precedence: option of the call > session or role setting > the role's row > the shipped value. A setting counts
/// where it differs from its default only as far as the server can tell, so a row's engine gives way to `nlsql.engine`
/// when that was set.
fn effective(phase: Phase, given: &Options, row: PhaseRow, settings: &Settings) -> Result<(Options, Engine)> {
    let from_row = Options::parse(&row.options)?;
    let mut o = given.clone();
    let engine_set = session::setting_is_set("nlsql.engine");
    let engine = match (&o.engine, engine_set, &row.engine) {
        (Some(engine), _, _) => engine.clone(),
        (None, false, Some(engine)) => engine.clone(),
        _ => settings.engine.clone(),
    };
    let engine = Engine::parse(&engine)?;
    o.tables = o.tables.or(from_row.tables);
    o.functions = o.functions.or(from_row.functions);
    o.schema_only = o.schema_only.or(from_row.schema_only);
    o.proof = o.proof.or(from_row.proof);
    o.difficulty = o.difficulty.or(from_row.difficulty);
    o.styles = o.styles.or(from_row.styles);
    o.critic_rounds = o.critic_rounds.or(from_row.critic_rounds);
    o.critic_threshold = o.critic_threshold.or(from_row.critic_threshold);
    o.prompt_tokens_max = o.prompt_tokens_max.or(from_row.prompt_tokens_max);
    o.distractors = o.distractors.or(from_row.distractors);
    o.max_completion_tokens = o.max_completion_tokens.or(from_row.max_completion_tokens);
    o.temperature = o.temperature.or(from_row.temperature);
    o.critic = o.critic.or(row.critic);
    o.template = o.template.or(row.template);
    o.api_answer_count = Some(o.api_answer_count.unwrap_or(row.api_answer_count));
    o.parallelism = Some(o.parallelism.or(row.parallelism).unwrap_or(settings.parallelism));
    o.budget_usd = o.budget_usd.or(settings.budget_usd).or(row.budget_usd);
    if matches!(phase, Phase::Joins | Phase::ComplexSqls) {
        // the shipped value is a wish to models; the composer's deeper shapes need no third table
        let wished =
            engine == Engine::Offline && phase == Phase::ComplexSqls && row.min_joins == phase.shipped().min_joins;
        o.min_joins = o.min_joins.or((!wished).then_some(row.min_joins));
    }
    if phase == Phase::SampleData {
        o.n_rows = Some(o.n_rows.unwrap_or(row.n_rows));
    }
    o.values = o.values.or_else(|| settings.values.clone());
    o.values_min_rows = Some(o.values_min_rows.unwrap_or(settings.values_min_rows));
    o.endpoint = Some(o.endpoint.unwrap_or_else(|| settings.endpoint.clone()));
    o.model = o.model.or_else(|| settings.model.clone());
    o.workers = o.workers.or(settings.workers);
    Ok((o, engine))
}

/// `auto` becomes the engine that can be had; rows and relationships are drawn offline, whatever the engine of the other phases.
fn settle_engine(phase: Phase, engine: Engine, options: &mut Options, settings: &Settings) -> Result<Engine> {
    let engine = match engine {
        _ if matches!(phase, Phase::SampleData | Phase::SchemaRelationship) => Engine::Offline,
        Engine::Auto => match super::line::check(options, settings) {
            Ok(()) => Engine::Openai,
            Err(error) => {
                pgrx::notice!("engine offline, since the endpoint cannot be used: {}", error.message);
                Engine::Offline
            }
        },
        given => given,
    };
    if matches!(engine, Engine::Openai | Engine::Reword) {
        super::line::check(options, settings)?;
    }
    if engine != Engine::Offline {
        for style in options.styles.iter().flatten() {
            crate::flow::plan::check_style(style)?;
        }
        if let Some(name) = &options.template {
            let mut own = super::ledger::templates(&session::role()?)?;
            crate::prompt::templates::take(&mut own, name, phase.name())?;
        }
    }
    options.engine = Some(engine.name().to_owned());
    let values = if engine == Engine::Offline { "categorical" } else { "none" };
    options.values = Some(options.values.take().unwrap_or_else(|| values.to_owned()));
    Ok(engine)
}

/// Phases and engines that this version has.
fn available(phase: Phase, engine: Engine) -> Result<()> {
    use Phase as P;
    let there = match engine {
        Engine::Offline => phase != P::Questions,
        Engine::Reword => matches!(phase, P::Builtins | P::SingleTable | P::Joins | P::ComplexSqls),
        _ => true,
    };
    if there {
        return Ok(());
    }
    Err(not_yet(phase, engine).hint(
        "There are builtins, single_table, joins, complex_sqls, schema_docs, schema_relationship and sample_data, and questions with a model.",
    ))
}

/// Makes or extends the run; returns its name.
pub(crate) fn enqueue(request: Request<'_>) -> Result<String> {
    let Request { phase, count, run, options } = request;
    check_session()?;
    options.fit(phase)?;
    if let Some(n) = count.filter(|n| *n < 1) {
        return Err(Error::invalid(format!("count must be at least 1, not {n}"))
            .hint("NULL or no count takes the phase's own."));
    }
    let settings = guc::settings();
    let row = phase_row(phase)?;
    let default_count = row.count;
    let (mut options, engine) = effective(phase, &options, row, &settings)?;
    if phase == Phase::Questions && engine == Engine::Offline {
        return Err(not_yet(phase, engine).hint("A question of one's own needs a model: SET nlsql.engine = openai;"));
    }
    let engine = settle_engine(phase, engine, &mut options, &settings)?;
    available(phase, engine)?;
    if engine == Engine::Offline {
        for name in options.styles.iter().flatten() {
            Style::named(name)?;
        }
        if phase == Phase::Builtins {
            compose::functions(options.functions.as_deref())?;
        }
    }

    let role = session::role()?;
    let tables = subjects(&role, &mut options)?;
    let given_name = run.map(str::to_owned).or_else(guc::run);
    if let Some(name) = &given_name {
        check_name(name)?;
    }
    let counted = match phase {
        Phase::SchemaRelationship if count.or(default_count).is_none() => Some(Counted::read(given_name.as_deref())?),
        _ => None,
    };
    let all = counted.as_ref().map(|c| c.answers(&tables)).transpose()?;
    let (requested, quota) = quantities(phase, count, all.or(default_count), engine, &options, &tables)?;
    let seed = options.seed.or_else(guc::seed).unwrap_or_else(random_seed);
    let path = session::setting(c"search_path").unwrap_or_default();
    let payload = json!({
        "role": role, "name": given_name, "seed": seed, "seed_given": options.seed.is_some() || guc::seed().is_some(),
        "settings": settings, "search_path": path,
        "phase": phase.name(), "engine": engine.name(), "requested": requested, "quota": quota,
        "if_exists": options.if_exists.clone().unwrap_or_else(|| "add".to_owned()),
        "options": options,
    });
    let reply = owner::as_owner(|| write(&payload))?;
    if let Some(counted) = &counted {
        // the workers are to find as many
        relationships::store(reply.id, &counted.hash, &counted.inferred)?;
    }
    if reply.started {
        launch::start_at_commit(reply.id, session::role_oid(), reply.company);
    }
    Ok(reply.name)
}

/// The relations to use, by the option `tables` or all; refuses where there is none.
fn subjects(role: &str, options: &mut Options) -> Result<Vec<String>> {
    let listed = match &options.tables {
        None => None,
        Some(names) => Some(names.iter().map(|n| session::relation(n)).collect::<Result<Vec<_>>>()?),
    };
    let mut schema = introspect::catalog(listed.as_deref())?;
    let bypassed = introspect::keep_subjects(&mut schema);
    if schema.tables.is_empty() {
        return Err(introspect::nothing_to_read(role, &bypassed));
    }
    if !bypassed.is_empty() {
        pgrx::notice!("left out, since row security does not apply to role \"{role}\": {}", bypassed.join(", "));
    }
    let names: Vec<String> = schema.tables.iter().map(|t| t.qualified()).collect();
    if options.tables.is_some() {
        options.tables = Some(names.clone());
    }
    Ok(names)
}

/// What the phase is to yield, and in pieces of what size.
fn quantities(
    phase: Phase,
    count: Option<i64>,
    default_count: Option<i64>,
    engine: Engine,
    options: &Options,
    tables: &[String],
) -> Result<(i64, i64)> {
    let requested = match phase {
        Phase::SampleData => {
            if count.is_some() {
                return Err(Error::invalid("phase \"sample_data\" takes no count")
                    .hint("Rows of each table are set by options => '{\"n_rows\": 10}'."));
            }
            tables.len() as i64 * i64::from(options.n_rows.unwrap_or(10))
        }
        Phase::Questions => {
            if count.is_some() {
                return Err(Error::invalid("phase \"questions\" takes no count")
                    .hint("It answers each question of options => '{\"questions\": [\"..\"]}' once."));
            }
            questions(options)?
        }
        _ => count.or(default_count).unwrap_or(1),
    };
    let quota = match (phase, engine) {
        (Phase::SampleData, _) => i64::from(options.n_rows.unwrap_or(10)),
        (Phase::Questions, _) => 1,
        (_, Engine::Offline) => tasks::offline_quota(requested),
        _ => i64::from(options.api_answer_count.unwrap_or(1)),
    };
    Ok((requested, quota.max(1)))
}

/// The relationships of the run, looked for here where all that there are were asked for.
struct Counted {
    schema: Schema,
    hash: String,
    inferred: Vec<Relationship>,
}

impl Counted {
    /// A run that there is already keeps to what it found.
    fn read(run: Option<&str>) -> Result<Counted> {
        let mut schema = introspect::catalog(None)?;
        introspect::keep_subjects(&mut schema);
        let hash = introspect::hash(&schema);
        let inferred = match run.map(|name| relationships::stored_of(name, &hash)).transpose()?.flatten() {
            Some(found) => found,
            None => relationships::found()?,
        };
        Ok(Counted { schema, hash, inferred })
    }

    /// Two for each relationship between the tables: one from either end.
    fn answers(&self, tables: &[String]) -> Result<i64> {
        let edges = relationships::of_schema(&self.schema, self.inferred.clone());
        let named =
            |t: &(String, String)| self.schema.table(&t.0, &t.1).is_some_and(|t| tables.contains(&t.qualified()));
        match edges.iter().filter(|e| named(&e.child) && named(&e.parent)).count() {
            0 => Err(Error::new(Code::ObjectNotInPrerequisiteState, "no relationship between the tables was found")
                .hint("SELECT * FROM nlsql.relationships('{\"min_confidence\": 0}') shows what was thought of.")),
            found => Ok(2 * found as i64),
        }
    }
}

/// How many questions there are to answer.
fn questions(options: &Options) -> Result<i64> {
    let list = options.questions.as_deref().unwrap_or_default();
    let hint = "Give them as options => '{\"questions\": [\"How many members are there?\"]}'.";
    if list.is_empty() {
        return Err(Error::invalid("phase \"questions\" needs the option questions").hint(hint));
    }
    match list.iter().find(|q| q.trim().is_empty() || q.len() > 4000 || q.contains('\0')) {
        Some(_) => Err(Error::invalid("a question is empty or longer than 4000 bytes").hint(hint)),
        None => Ok(list.len() as i64),
    }
}

fn check_name(name: &str) -> Result<()> {
    let mut chars = name.chars();
    let head = chars.next().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
    let tail = chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
    if head && tail && name.len() <= 63 {
        return Ok(());
    }
    Err(Error::invalid(format!("\"{name}\" cannot be the name of a run"))
        .hint("At most 63 letters, digits, _, . and -, beginning with a letter, digit or _."))
}

/// 31 bits, so that the seed can be given back through nlsql.seed.
pub(crate) fn random_seed() -> i64 {
    let mut bytes = [0u8; 4];
    // SAFETY: fills the buffer that it is given.
    unsafe { pgrx::pg_sys::pg_strong_random(bytes.as_mut_ptr().cast(), bytes.len()) };
    i64::from(u32::from_le_bytes(bytes) >> 1)
}

#[derive(Deserialize)]
struct Written {
    id: i64,
    name: String,
    /// Whether there is work for a worker.
    started: bool,
    /// Whether other runs' workers are there.
    #[serde(default)]
    company: bool,
}

/// One call writes it all: sql/enqueue.sql holds the function, without which this would be six round trips.
fn write(payload: &serde_json::Value) -> Result<Written> {
    let text = payload.to_string();
    let reply = spi::first(spi::update("SELECT nlsql.enqueue_($1::pg_catalog.jsonb)::text", &[Arg::Text(&text)])?)
        .ok_or_else(|| Error::internal("enqueue returned nothing"))?;
    spi::json(&reply)
}
