//! What a task asks for: tables, difficulty, style and function, drawn by (seed, phase, task number, turn) alone.

use super::{Setup, Spec};
use crate::error::{Error, Result};
use crate::plan::{Engine, Phase};
use crate::prompt::choice::{Draw, connected, distractors, single};
use crate::prompt::messages::Ask;
use crate::prompt::shapes::Shape;

/// What is asked for, and how the model is addressed.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub template: &'static str,
    pub shape: Shape,
    pub ask: Ask,
}

/// Styles of wording with a hint of what is meant.
pub(crate) const STYLES: [(&str, &str); 10] = [
    ("formal", "complete, polished sentences, as in a report."),
    ("colloquial", "everyday words, as to a colleague at the next desk."),
    ("imperative", "a request that begins with a verb: show, list, find, tell me."),
    ("interrogative", "a question that begins with a question word and ends in a question mark."),
    ("descriptive", "a sentence or two that say what is wanted and in which situation."),
    ("concise", "as few words as possible without losing a condition."),
    ("vague", "with a word that needs a definition, such as recent or large, and its definition in evidence."),
    ("metaphorical", "with one image or figure of speech that stays plain to understand."),
    ("keyword", "search-engine words, no sentence."),
    ("multi-turn", "a short dialogue of a user whose last message completes the question; earlier ones set the scene."),
];

pub(crate) fn style_hint(style: &str) -> &'static str {
    STYLES.iter().find(|(name, _)| *name == style).map_or("in your own way.", |(_, hint)| hint)
}

/// Refuses a style that no one knows.
pub(crate) fn check_style(style: &str) -> Result<()> {
    if STYLES.iter().any(|(name, _)| *name == style) {
        return Ok(());
    }
    let names: Vec<&str> = STYLES.iter().map(|(name, _)| *name).collect();
    Err(Error::invalid(format!("unknown style \"{style}\"")).hint(format!("Styles are {}.", names.join(", "))))
}

/// The plan of a task's `turn`-th writing call; none where no table serves.
pub(crate) fn plan(setup: &Setup, spec: &Spec, turn: u64) -> Option<Plan> {
    // later turns of a task and later lives of it draw from far beyond the numbers of any run
    let number = spec.number + (turn + spec.attempt * 1000) * 1_000_003;
    let mut draw = Draw::new(setup.seed, setup.phase.name(), number);
    let mut ask = Ask { difficulty: difficulty(setup, &mut draw), ..Ask::default() };
    ask.style = pick(&setup.knobs.styles, &mut draw);
    ask.style_hint = ask.style.as_deref().map(|s| style_hint(s).to_owned());
    if setup.engine == Engine::Reword {
        return reword(setup, spec, ask, &mut draw);
    }
    let minimum = setup.knobs.min_tables.max(2);
    let template = match setup.phase {
        Phase::SingleTable | Phase::SchemaDocs | Phase::Builtins => {
            ask.shown = vec![single(&setup.schema, setup.seed, number)?];
            setup.phase.name()
        }
        Phase::Joins | Phase::ComplexSqls => {
            ask.shown = connected(&setup.schema, &setup.edges, minimum, setup.seed, number)?;
            setup.phase.name()
        }
        Phase::Questions => {
            ask.question = spec.question.clone();
            ask.shown = relevant(setup, spec.question.as_deref().unwrap_or(""));
            "questions"
        }
        Phase::SampleData | Phase::SchemaRelationship => return None,
    };
    if setup.phase == Phase::SchemaDocs {
        // a second table gives the model relationships to ask about
        let others = distractors(&setup.schema, &setup.edges, &ask.shown, 2, &mut draw);
        ask.shown.extend(others);
    }
    if setup.phase == Phase::Builtins {
        let functions = &setup.knobs.functions;
        ask.function = functions.get((spec.number % functions.len().max(1) as u64) as usize).cloned();
    }
    ask.needed = ask.shown.len();
    ask.min_tables = minimum.min(ask.shown.len()) as u32;
    let more = distractors(&setup.schema, &setup.edges, &ask.shown, setup.knobs.distractors, &mut draw);
    ask.shown.extend(more);
    let shape = match setup.phase {
        Phase::SchemaDocs => Shape::Answers,
        Phase::Questions => Shape::Sql,
        _ => Shape::Pairs,
    };
    Some(Plan { template, shape, ask })
}

/// The tables of a set that the model suggested.
pub(crate) fn themed(plan: &mut Plan, tables: &[usize], theme: &str) {
    plan.ask.shown = tables.to_vec();
    plan.ask.needed = tables.len();
    plan.ask.min_tables = plan.ask.min_tables.min(tables.len() as u32);
    plan.ask.theme = (!theme.is_empty()).then(|| theme.to_owned());
}

fn reword(setup: &Setup, spec: &Spec, mut ask: Ask, draw: &mut Draw) -> Option<Plan> {
    // dialogues have a form of their own and have to be asked for
    if ask.style.is_none() {
        let (name, hint) = STYLES[draw.below(STYLES.len() - 1)];
        ask.style = Some(name.to_owned());
        ask.style_hint = Some(hint.to_owned());
    }
    let mut shown: Vec<usize> = spec
        .drafts
        .iter()
        .flat_map(|d| super::reword::tables_in(d.sql.as_deref().unwrap_or(""), &setup.schema))
        .collect();
    shown.sort_unstable();
    shown.dedup();
    ask.shown = shown;
    ask.needed = ask.shown.len();
    Some(Plan { template: "reword", shape: Shape::Questions, ask })
}

/// A level by its share.
fn difficulty(setup: &Setup, draw: &mut Draw) -> Option<String> {
    let total: f64 = setup.knobs.difficulty.iter().map(|(_, share)| share).sum();
    if total <= 0.0 {
        return None;
    }
    let mut at = draw.below(1_000_000) as f64 / 1_000_000.0 * total;
    for (level, share) in &setup.knobs.difficulty {
        at -= share;
        if at < 0.0 {
            return Some(level.clone());
        }
    }
    setup.knobs.difficulty.iter().rev().find(|(_, share)| *share > 0.0).map(|(level, _)| level.clone())
}

fn pick(list: &[String], draw: &mut Draw) -> Option<String> {
    list.get(draw.below(list.len())).cloned()
}

/// Tables for a question of a user's own: those whose names, comments and columns share words with it, then what
/// they are related to, then the rest. What does not fit the prompt falls off the end.
fn relevant(setup: &Setup, question: &str) -> Vec<usize> {
    let wanted = words(question);
    let subjects = crate::prompt::choice::subjects(&setup.schema);
    let near = crate::prompt::choice::neighbours(&setup.schema, &setup.edges);
    let own: Vec<usize> = subjects.iter().map(|i| score(&setup.schema.tables[*i], &wanted)).collect();
    let of = |table: usize| subjects.iter().position(|s| *s == table).map_or(0, |at| own[at]);
    let mut scored: Vec<(usize, usize)> =
        subjects.iter().map(|i| (of(*i) * 4 + near[*i].iter().map(|n| of(*n)).max().unwrap_or(0), *i)).collect();
    scored.sort_by_key(|(score, table)| (std::cmp::Reverse(*score), *table));
    scored.into_iter().map(|(_, table)| table).collect()
}

fn score(table: &crate::schema::model::Table, wanted: &[String]) -> usize {
    let mut score = 0;
    let mut add = |text: &str, weight: usize| {
        score += weight * words(text).iter().filter(|w| wanted.contains(w)).count();
    };
    add(&table.name, 3);
    add(table.comment.as_deref().unwrap_or(""), 2);
    for column in &table.columns {
        add(&column.name, 1);
        add(column.comment.as_deref().unwrap_or(""), 1);
        column.labels.iter().flatten().for_each(|label| add(label, 2));
    }
    score
}

/// Lower-case words without a plural's ending, short ones left out.
fn words(text: &str) -> Vec<String> {
    let mut list: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .map(str::to_lowercase)
        .filter(|w| {
            w.chars().count() > 2
                && !matches!(
                    w.as_str(),
                    "the"
                        | "and"
                        | "for"
                        | "has"
                        | "have"
                        | "how"
                        | "many"
                        | "what"
                        | "which"
                        | "who"
                        | "are"
                        | "was"
                        | "were"
                        | "that"
                        | "with"
                        | "from"
                        | "all"
                )
        })
        .map(|w| match w.strip_suffix("ies") {
            Some(stem) => format!("{stem}y"),
            None => w.strip_suffix('s').unwrap_or(&w).to_owned(),
        })
        .collect();
    list.sort_unstable();
    list.dedup();
    list
}
