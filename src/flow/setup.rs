//! What all tasks of a phase have in common.

use crate::llm::endpoint::{ApiStyle, Structured};
use crate::plan::phase::BUILTINS;
use crate::plan::{Engine, Options, Phase};
use crate::prompt::describe::Notes;
use crate::prompt::messages::Subject;
use crate::prompt::templates::Templates;
use crate::schema::model::Schema;
use crate::schema::relationships::Relationship;

/// Built by the worker, once for each phase of its run.
pub(crate) struct Setup {
    pub phase: Phase,
    pub engine: Engine,
    pub seed: u64,
    pub schema: Schema,
    pub edges: Vec<Relationship>,
    pub notes: Notes,
    pub templates: Templates,
    pub model: String,
    pub style: ApiStyle,
    pub structured: Structured,
    pub knobs: Knobs,
}

/// Effective options of the phase.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Knobs {
    /// Pairs asked for in a call.
    pub answers: u32,
    /// Tables that a statement uses at least.
    pub min_tables: usize,
    /// Shares of the levels; empty = not asked for.
    pub difficulty: Vec<(String, f64)>,
    pub styles: Vec<String>,
    pub functions: Vec<String>,
    /// Rounds of repair; 0 = off.
    pub critic_rounds: u32,
    /// Accepted pairs are scored too, and kept from this on.
    pub score_threshold: Option<f64>,
    pub max_retries: u32,
    /// None = by the number of answers.
    pub max_tokens: Option<u32>,
    pub prompt_tokens_max: usize,
    pub distractors: usize,
    pub temperature: Option<f64>,
    /// Accepted pairs are asked for a plan.
    pub reasoning: bool,
    /// Real values may stand in pairs and prompts.
    pub values_shown: bool,
}

impl Default for Knobs {
    fn default() -> Knobs {
        Knobs {
            answers: 5,
            min_tables: 2,
            difficulty: Vec::new(),
            styles: Vec::new(),
            functions: BUILTINS.iter().map(|f| (*f).to_owned()).collect(),
            critic_rounds: 1,
            score_threshold: None,
            max_retries: 5,
            max_tokens: None,
            prompt_tokens_max: 6000,
            distractors: 0,
            temperature: None,
            reasoning: false,
            values_shown: false,
        }
    }
}

impl Knobs {
    /// From a phase's effective options; `max_retries` and whether values are shown come from the run's settings.
    pub fn new(phase: Phase, options: &Options, max_retries: u32, values_shown: bool) -> Knobs {
        let shipped = Knobs::default();
        let number = |value: Option<i32>, otherwise: i32| value.unwrap_or(otherwise).max(0) as u32;
        let critic = options.critic.as_deref().unwrap_or("repair");
        let difficulty = options.difficulty.iter().flatten();
        Knobs {
            answers: number(options.api_answer_count, phase.shipped().api_answer_count).max(1),
            min_tables: number(options.min_joins, phase.shipped().min_joins) as usize,
            difficulty: difficulty.filter_map(|(level, share)| Some((level.clone(), share.as_f64()?))).collect(),
            styles: options.styles.clone().unwrap_or_default(),
            functions: options.functions.clone().filter(|f| !f.is_empty()).unwrap_or(shipped.functions),
            critic_rounds: if critic == "off" { 0 } else { number(options.critic_rounds, 1) },
            score_threshold: (critic == "score").then(|| options.critic_threshold.unwrap_or(0.6)),
            max_retries,
            max_tokens: options.max_completion_tokens.map(|n| n.max(1) as u32),
            prompt_tokens_max: number(options.prompt_tokens_max, shipped.prompt_tokens_max as i32) as usize,
            distractors: number(options.distractors, 0) as usize,
            temperature: options.temperature,
            reasoning: options.reasoning == Some(true),
            values_shown,
        }
    }
}

impl Setup {
    pub fn subject(&self, tokens_max: usize) -> Subject<'_> {
        Subject {
            schema: &self.schema,
            edges: &self.edges,
            notes: &self.notes,
            templates: &self.templates,
            values_shown: self.knobs.values_shown,
            tokens_max,
        }
    }
}
