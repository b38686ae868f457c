//! What each slot is to be about, so that all of a schema is used, and evenly: every column and every reference once in
//! each round, and more often what little else leads to. How often a column is used beside others is not known before
//! pairs are drawn, so some are drawn for that; they depend on the schema and the options alone.

use super::random::{mix, rotate};
use super::sense;
use super::shape::{self, Hold, plain};
use super::tree::{Expr, Select, Source};
use super::world::{Field, World};
use super::{Composer, Focus, Phase};
use crate::compose::draw::Draw;
use crate::schema::roles::Role;
use std::collections::{BTreeMap, HashMap};

/// How much more than its share each column is used, by entity and field; below 1 for less.
pub(super) type Heat = Vec<Vec<f64>>;

/// Draws made to learn how often what is used, and how often that is done over.
const TRIAL: usize = 700;
const ROUNDS: u64 = 3;
/// Turns that one focus has in a round at most.
const TURNS: f64 = 7.0;

/// Even use, as far as nothing is known.
pub(super) fn cold(world: &World) -> Heat {
    world.entities.iter().map(|e| vec![1.0; e.fields.len()]).collect()
}

/// What the pairs of a phase are about, each with how interesting it is.
pub(super) fn focuses(world: &World, phase: Phase, least: usize) -> Vec<(Focus, f64)> {
    match phase {
        Phase::Builtins => Vec::new(),
        Phase::SingleTable => fields(world),
        Phase::Joins => edges(world),
        Phase::ComplexSqls if least > 1 => edges(world),
        // the deeper shapes have one table to work on, too, and without references no other
        Phase::ComplexSqls => {
            let alone = fields(world).into_iter().filter(|(_, interest)| *interest > 0.4);
            edges(world).into_iter().chain(alone.map(|(focus, interest)| (focus, 0.3 * interest))).collect()
        }
    }
}

fn fields(world: &World) -> Vec<(Focus, f64)> {
    let mut found = Vec::new();
    // where there are tables, views repeat them
    let behind = world.entities.iter().any(|e| e.usable && !e.view);
    for (entity, e) in world.entities.iter().enumerate().filter(|(_, e)| e.usable) {
        for (field, f) in e.fields.iter().enumerate() {
            // of a bridge the references say it all, and a few rows show several columns at once
            let first = &e.fields[field - field % plain::AT_ONCE];
            let legible = !plain::illegible(f) && !plain::illegible(first);
            let shown = e.rows > 0 && e.rows <= plain::HANDFUL && field % plain::AT_ONCE != 0 && legible;
            if e.bridge && f.role() == Role::Key || shown {
                continue;
            }
            // of a single row hardly anything is asked, and of a view less than of the tables behind it
            let weight = match e {
                _ if e.rows > 0 && e.rows < 4 => interest(f).min(0.25),
                e if e.view && behind => 0.1 * interest(f),
                _ => interest(f),
            };
            found.push((Focus::Field { entity, field }, weight));
        }
    }
    found
}

/// How often a column is asked for: what says something more often than keys and stamps.
fn interest(field: &Field) -> f64 {
    if field.traits.audit || field.raw || !field.varied {
        return 0.12;
    }
    match field.role() {
        Role::Measure | Role::Dimension | Role::Time | Role::Array | Role::Range | Role::Json | Role::Year => 1.0,
        Role::Name | Role::Flag | Role::Search => 1.0,
        Role::Code | Role::FreeText | Role::Clock => 0.8,
        Role::Key | Role::Opaque => 0.2,
    }
}

/// Every reference, and every column of what is referred to, beside one of the references to it.
fn edges(world: &World) -> Vec<(Focus, f64)> {
    let usable = |edge: usize| {
        let e = &world.graph.edges[edge];
        world.entities[e.child].usable && world.entities[e.parent].usable && (e.filled || world.schema_only)
    };
    // what no row refers to can be said to have none
    let idle = |&edge: &usize| {
        let e = &world.graph.edges[edge];
        !usable(edge) && e.declared && world.entities[e.child].usable && world.entities[e.parent].usable
    };
    let idle = (0..world.graph.edges.len()).filter(idle).map(|edge| (Focus::Edge { edge, field: None }, 0.1));
    let mut found: Vec<(Focus, f64)> = idle.collect();
    for (parent, entity) in world.entities.iter().enumerate() {
        let edges: Vec<usize> = world.graph.children(parent).iter().copied().filter(|&e| usable(e)).collect();
        if edges.is_empty() {
            continue;
        }
        // the rest is asked of in its own table
        let afar = (0..entity.fields.len()).filter(|&field| sense::from_afar(world, parent, field, 1));
        for (turn, field) in afar.enumerate() {
            let focus = Focus::Edge { edge: edges[turn % edges.len()], field: Some(field) };
            found.push((focus, interest(&entity.fields[field])));
        }
        // of tables that lead no further there is less to ask
        let further = |edge: usize| {
            let child = world.graph.edges[edge].child;
            let ways = world.graph.parents(child).len() + world.graph.parents(parent).len();
            if ways > 1 || !world.graph.children(child).is_empty() { 1.0 } else { 0.5 }
        };
        found.extend(edges.iter().map(|&edge| (Focus::Edge { edge, field: None }, further(edge))));
    }
    found
}

/// What trial draws tell.
pub(super) struct Learned {
    /// The turns of a round, numbers of focuses.
    turns: Vec<usize>,
    /// Rounds after which there is hardly anything new to ask about a focus.
    rounds: Vec<u64>,
    pub heat: Heat,
}

impl Learned {
    /// The focus of a turn in a round: where the one whose turn it is has been asked enough, another one.
    pub(super) fn at(&self, turn: u64, round: u64, salt: u64) -> usize {
        let pick = |turn: u64| self.turns.get(rotate(self.turns.len(), turn, salt)).copied().unwrap_or_default();
        let open = |at: &usize| self.rounds.get(*at).is_none_or(|rounds| round < *rounds);
        let others = (1..12).map(|other| pick(mix(&[salt, turn, other])));
        let first = pick(turn);
        std::iter::once(first).chain(others).find(open).unwrap_or(first)
    }

    /// The round that a slot belongs to.
    pub(super) fn round(&self, slot: u64) -> u64 {
        slot / self.turns.len().max(1) as u64
    }
}

/// About how many rounds of questions the tables of a focus are good for, by what may be said of their columns.
fn rounds(world: &World, focus: Focus) -> u64 {
    let said = |entity: usize| {
        let of = |f: &Field| match f.role() {
            Role::Measure | Role::Time | Role::Year if f.varied && !f.traits.audit => 20,
            _ => (f.values.len() + f.elements.len()).min(20) + 1,
        };
        world.entities[entity].fields.iter().map(of).sum::<usize>() as u64
    };
    let (all, both) = match focus {
        Focus::Field { entity, .. } => (said(entity), false),
        Focus::Edge { edge, .. } => (said(world.graph.edges[edge].child) + said(world.graph.edges[edge].parent), true),
        Focus::Function(_) => (0, false),
    };
    1 + all.pow(3) / if both { 2000 } else { 4000 }
}

pub(super) fn learn(composer: &Composer) -> Learned {
    let mut weights: Vec<f64> = composer.focuses.iter().map(|(_, interest)| *interest).collect();
    let mut heat = cold(&composer.world);
    for round in 0..ROUNDS {
        let uses = trial(composer, &heat, &weights, round);
        let found = measured(&composer.world, &uses);
        // what leads to crowded places has fewer turns than what leads elsewhere
        let crowds = uses.by_focus.iter().map(|(at, draws)| {
            let crowd = |draw: &Vec<(usize, usize)>| draw.iter().map(|(e, f)| found[*e][*f]).fold(0.1, f64::max).ln();
            (*at, draws.iter().map(crowd).sum::<f64>() / draws.len() as f64)
        });
        let crowds: BTreeMap<usize, f64> = crowds.collect();
        let mean = crowds.values().sum::<f64>() / crowds.len().max(1) as f64;
        for (at, (weight, (_, interest))) in weights.iter_mut().zip(&composer.focuses).enumerate() {
            let less = crowds.get(&at).map_or(1.0, |crowd| (1.2 * (mean - crowd)).exp());
            let most = if *interest > 0.4 { interest * TURNS } else { interest * 2.0 };
            *weight = (*weight * less).clamp(interest / TURNS, most);
        }
        for (own, new) in heat.iter_mut().flatten().zip(found.iter().flatten()) {
            *own = (*own * new.powf(0.7)).clamp(0.1, 40.0);
        }
    }
    let unit = weights.iter().sum::<f64>() / weights.len().max(1) as f64;
    // a stamp has had its question in the first round
    let least = |interest: f64| if interest < 0.15 { 0.0 } else { 1.0 };
    let turns = weights.iter().zip(&composer.focuses).enumerate().flat_map(|(at, (weight, (_, interest)))| {
        std::iter::repeat_n(at, (4.0 * weight / unit).round().clamp(least(*interest), 4.0 * TURNS) as usize)
    });
    let rounds = composer.focuses.iter().map(|(focus, _)| rounds(&composer.world, *focus)).collect();
    Learned { turns: turns.collect(), rounds, heat }
}

#[derive(Default)]
struct Uses {
    /// Places used by each draw of a focus.
    by_focus: BTreeMap<usize, Vec<Vec<(usize, usize)>>>,
    counts: BTreeMap<(usize, usize), f64>,
}

fn trial(composer: &Composer, heat: &Heat, weights: &[f64], round: u64) -> Uses {
    let index: HashMap<&str, usize> =
        composer.world.entities.iter().enumerate().map(|(i, e)| (e.sql.as_str(), i)).collect();
    let mut uses = Uses::default();
    let salt = mix(&[composer.options.seed, composer.options.phase as u64, 31, round]);
    let count = composer.focuses.len();
    let total: f64 = weights.iter().sum();
    for number in 0..TRIAL.max(count.min(2 * TRIAL)) {
        let at = rotate(count, number as u64, salt);
        let share = weights[at] / total * count as f64;
        let focus = composer.focuses[at].0;
        let style = composer.styles[number % composer.styles.len()];
        let drawn = (0..8).find_map(|attempt| {
            let mut draw = Draw::new(composer, heat, &[salt, number as u64, attempt], focus, style);
            let hold = if attempt < 6 { Hold::Shape } else { Hold::Plain };
            let draft = shape::draw(&mut draw, composer.options.phase, number as u64, salt, hold)?;
            draw.complete(&draft.query, attempt < 7).then_some(draft)
        });
        let Some(draft) = drawn else { continue };
        let mut places = Vec::new();
        columns(&draft.query, &mut HashMap::new(), &mut |table, column| {
            let Some(&entity) = index.get(table) else { return };
            let Some(field) = composer.world.entities[entity].fields.iter().position(|f| f.name == column) else {
                return;
            };
            if !places.contains(&(entity, field)) {
                places.push((entity, field));
            }
        });
        for place in &places {
            *uses.counts.entry(*place).or_default() += share;
        }
        uses.by_focus.entry(at).or_default().push(places);
    }
    uses
}

/// Uses of each column by the mean use.
fn measured(world: &World, uses: &Uses) -> Heat {
    let mean = uses.counts.values().sum::<f64>() / uses.counts.len().max(1) as f64;
    let of = |entity: usize, field: usize| match uses.counts.get(&(entity, field)) {
        Some(count) => (count / mean).max(0.1),
        None => 0.3,
    };
    world.entities.iter().enumerate().map(|(e, entity)| (0..entity.fields.len()).map(|f| of(e, f)).collect()).collect()
}

/// Whether a query reads all of these columns, each given with its table.
pub(super) fn reads(query: &Select, wanted: &[(&str, &str)]) -> bool {
    let mut left = wanted.to_vec();
    columns(query, &mut HashMap::new(), &mut |table, column| left.retain(|w| *w != (table, column)));
    left.is_empty()
}

/// The columns that a query reads, at any depth, each with its table.
fn columns<'q>(query: &'q Select, tables: &mut HashMap<&'q str, &'q str>, see: &mut dyn FnMut(&str, &str)) {
    let sources = || query.from.iter().chain(query.joins.iter().map(|j| &j.source));
    for cte in &query.with {
        columns(&cte.query, tables, see);
    }
    for source in sources() {
        match source {
            Source::Table(table, alias) => drop(tables.insert(alias, table)),
            Source::Query(inner, _) => columns(inner, tables, see),
            Source::Values(..) | Source::Other(..) => {}
        }
    }
    let mut exprs: Vec<&'q Expr> = query.columns.iter().map(|(e, _)| e).collect();
    exprs.extend(query.joins.iter().filter_map(|j| j.on.as_ref()));
    exprs.extend(query.filter.iter().chain(&query.group).chain(&query.having));
    exprs.extend(query.order.iter().map(|o| &o.by));
    while let Some(expr) = exprs.pop() {
        match expr {
            Expr::Column(alias, name) => {
                if let Some(table) = tables.get(alias.as_str()) {
                    see(table, name);
                }
            }
            Expr::Text(_) => {}
            Expr::Mix(parts) => exprs.extend(parts),
            Expr::Aggregate(inner) | Expr::Window(inner) | Expr::Pattern(inner) => exprs.push(inner),
            Expr::Query(inner) => columns(inner, tables, see),
        }
    }
    if let Some((_, other)) = &query.set {
        columns(other, tables, see);
    }
}
