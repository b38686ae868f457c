//! What trial draws tell of a schema: which columns everything leads to, so that queries keep away from them, and which
//! little leads to, so that they have more turns.

use super::draw::Draw;
use super::random::{mix, rotate, unit};
use super::shape::Hold;
use super::steer::columns;
use super::tree::Select;
use super::world::{Field, World};
use super::{Composer, Focus, worn};
use crate::error::Result;
use crate::schema::roles::Role;
use std::collections::{BTreeMap, HashMap};
use std::ops::Index;

/// How much more than its share each column is used; below 1 for less.
#[derive(Debug)]
pub(super) struct Heat {
    of: Vec<Vec<f64>>,
    /// Numbers of entities by what queries call them.
    entities: HashMap<String, usize>,
    /// How much patience a query with a column takes: what nearly all queries lean on takes more.
    toll: Vec<Vec<f64>>,
    /// And a kind of statement that came up again and again.
    worn: HashMap<u64, f64>,
}

impl Index<usize> for Heat {
    type Output = Vec<f64>;

    fn index(&self, entity: usize) -> &Vec<f64> {
        &self.of[entity]
    }
}

impl Heat {
    /// Even use, as far as nothing is known.
    pub(super) fn cold(world: &World) -> Heat {
        let of: Vec<Vec<f64>> = world.entities.iter().map(|e| vec![1.0; e.fields.len()]).collect();
        let entities = world.entities.iter().enumerate().map(|(i, e)| (e.sql.clone(), i)).collect();
        Heat { toll: of.clone(), of, entities, worn: HashMap::new() }
    }

    fn places(&self, world: &World, query: &Select) -> Vec<(usize, usize)> {
        let mut places = Vec::new();
        columns(query, &mut HashMap::new(), &mut |table, column| {
            if let Some(place) = self.place(world, table, column).filter(|p| !places.contains(p)) {
                places.push(place);
            }
        });
        places
    }

    /// The patience that a query takes for the most crowded of its columns in tables that count.
    pub(super) fn toll(&self, world: &World, query: &Select, counts: impl Fn(&str) -> bool) -> f64 {
        let mut most = 1.0_f64;
        columns(query, &mut HashMap::new(), &mut |table, column| {
            if let Some((entity, field)) = self.place(world, table, column).filter(|_| counts(table)) {
                most = most.max(self.toll[entity][field]);
            }
        });
        most
    }

    /// The entity and the field that a query calls so.
    fn place(&self, world: &World, table: &str, column: &str) -> Option<(usize, usize)> {
        let entity = *self.entities.get(table)?;
        Some((entity, world.entities[entity].fields.iter().position(|f| f.name == column)?))
    }
}

/// What a slot knows of crowds, and how much of one it puts up with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Crowd<'w> {
    pub heat: &'w Heat,
    pub patience: f64,
    /// How much more than its share a kind of statement may have come up.
    again: f64,
}

impl<'w> Crowd<'w> {
    /// The coin of a slot, which gets more patient from attempt to attempt.
    pub(super) fn new(heat: &'w Heat, salt: u64, slot: u64, attempt: u32) -> Crowd<'w> {
        let coin = |which: u64, attempt: u32| (1.0 + f64::from(attempt) / 3.0) / unit(mix(&[salt, slot, which]));
        // what is asked again and again runs into duplicates, which are no reason to ask it once more
        Crowd { heat, patience: coin(29, attempt), again: coin(37, attempt.saturating_sub(8)) }
    }

    /// The same on a way over three tables, which would hardly be gone where every way leads through a crowd.
    pub(super) fn borne(self) -> Crowd<'w> {
        Crowd { patience: 5.0 * self.patience, ..self }
    }

    /// Whether a statement is of a kind that there are enough of.
    pub(super) fn worn(&self, query: &Select) -> bool {
        self.heat.worn.get(&worn::kind(query)).is_some_and(|toll| *toll > self.again)
    }

    pub(super) fn bears(&self, entity: usize, field: usize) -> bool {
        self.heat.toll[entity][field] <= self.patience
    }

    pub(super) fn bears_edge(&self, world: &World, edge: usize) -> bool {
        let e = &world.graph.edges[edge];
        let of = |entity: usize, columns: &[String]| {
            let fields = &world.entities[entity].fields;
            (0..fields.len()).all(|f| !columns.contains(&fields[f].name) || self.bears(entity, f))
        };
        of(e.child, &e.child_columns) && of(e.parent, &e.parent_columns)
    }

    pub(super) fn bears_focus(&self, world: &World, focus: Focus) -> bool {
        match focus {
            Focus::Field { entity, field } => self.bears(entity, field),
            Focus::Edge { edge, field } => {
                let parent = world.graph.edges[edge].parent;
                self.bears_edge(world, edge) && field.is_none_or(|f| self.bears(parent, f))
            }
            Focus::Function(_) => true,
        }
    }
}

/// Draws made to learn how often what is used, and how often that is done over.
const TRIAL: usize = 400;
const ROUNDS: u64 = 5;
/// Turns that one focus has in a round at most.
const TURNS: f64 = 7.0;
/// Draws of one kind of statement in a trial that are no repetition yet.
const ENOUGH: f64 = 1.0;
/// How strongly what came up again keeps a kind of statement away: more gives more kinds, and takes more draws.
const EVENLY: f64 = 2.2;
/// How strongly in a round the turns of a focus follow from its own use.
const OWN_USE: f64 = 0.5;

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
            // bounds lie anywhere between the least and the most
            Role::Time if f.varied && !f.traits.audit => (days(f) / 4).clamp(20, 60) as usize,
            Role::Measure if f.varied => (f.distinct / 4).clamp(10, 40) as usize,
            Role::Year if f.varied => 20,
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

/// Days from the first one to the last one.
fn days(field: &Field) -> i64 {
    match (field.days.first(), field.days.last()) {
        (Some(first), Some(last)) => last.number() - first.number(),
        _ => 0,
    }
}

pub(super) fn learn(composer: &Composer, breathe: &mut dyn FnMut() -> Result<()>) -> Result<Learned> {
    let mut weights: Vec<f64> = composer.focuses.iter().map(|(_, interest)| *interest).collect();
    let mut heat = Heat::cold(&composer.world);
    for round in 0..ROUNDS {
        let uses = trial(composer, &heat, &weights, round, breathe)?;
        let found = measured(&composer.world, &uses);
        // what is found last counts for less, or crowds would go back and forth between the same places
        let gain = 1.0 / (1.0 + 0.5 * round as f64);
        // what leads to crowded places, or to the same few kinds of statements, has fewer turns than what leads elsewhere
        let crowds = uses.by_focus.iter().map(|(at, draws)| {
            let crowd = |draw: &Drawn| {
                let places = draw.places.iter().map(|(e, f)| found[*e][*f]).fold(0.1, f64::max).ln();
                places + (uses.kinds[&draw.kind] / ENOUGH).max(1.0).ln()
            };
            (*at, draws.iter().map(crowd).sum::<f64>() / draws.len() as f64)
        });
        let crowds: BTreeMap<usize, f64> = crowds.collect();
        let mean = crowds.values().sum::<f64>() / crowds.len().max(1) as f64;
        for (at, (weight, (focus, interest))) in weights.iter_mut().zip(&composer.focuses).enumerate() {
            let less = crowds.get(&at).map_or(1.0, |crowd| (0.7 * (mean - crowd)).exp());
            // and what is read beside other things already fewer than what has its own turns alone
            let due = (3.0 * interest).min(1.0);
            let own = (own_use(&composer.world, &found, *focus) / due).powf(-OWN_USE);
            let most = if *interest > 0.2 { interest * TURNS } else { interest * 1.2 };
            *weight = (*weight * (less * own).powf(gain)).clamp(interest / TURNS, most);
        }
        for (own, new) in heat.of.iter_mut().flatten().zip(found.iter().flatten()) {
            *own = (*own * new.powf(0.8 * gain)).clamp(0.1, 40.0);
        }
        let most = |draft: &Drawn| draft.places.iter().map(|(e, f)| found[*e][*f]).fold(0.0, f64::max);
        let mut crowds: Vec<f64> = uses.by_focus.values().flatten().map(most).collect();
        crowds.sort_by(f64::total_cmp);
        // columns as crowded as those that most queries cannot do without
        let calm = crowds.get(crowds.len() / 4).copied().unwrap_or(1.0).max(1.0);
        for (own, new) in heat.toll.iter_mut().flatten().zip(found.iter().flatten()) {
            *own = (*own * (new / calm).powf(0.7 * gain)).clamp(1.0, 50.0);
        }
        for (&kind, draws) in &uses.kinds {
            let own = heat.worn.entry(kind).or_insert(1.0);
            *own = (*own * (draws / ENOUGH).powf(EVENLY * gain)).clamp(1.0, 50.0);
        }
    }
    let unit = weights.iter().sum::<f64>() / weights.len().max(1) as f64;
    // a stamp has had its question in the first round, and so has what leads to crowded places alone
    let least = |interest: f64, weight: f64| if interest < 0.15 || weight < 0.3 * interest { 0.0 } else { 1.0 };
    let rounds: Vec<u64> = composer.focuses.iter().map(|(focus, _)| rounds(&composer.world, *focus)).collect();
    let turns = weights.iter().zip(&composer.focuses).enumerate().flat_map(|(at, (weight, (_, interest)))| {
        // what is soon asked up has no long turn either
        let most = if rounds[at] > 1 { 4.0 * TURNS } else { 3.0 };
        std::iter::repeat_n(at, (4.0 * weight / unit).round().clamp(least(*interest, *weight), most) as usize)
    });
    let turns = turns.collect();
    Ok(Learned { turns, rounds, heat })
}

/// How much more than the mean the thing in focus itself is used.
fn own_use(world: &World, found: &[Vec<f64>], focus: Focus) -> f64 {
    match focus {
        Focus::Field { entity, field } => found[entity][field],
        Focus::Edge { edge, field: Some(field) } => found[world.graph.edges[edge].parent][field],
        Focus::Edge { edge, field: None } => {
            let e = &world.graph.edges[edge];
            let place = world.entities[e.child].fields.iter().position(|f| e.child_columns.first() == Some(&f.name));
            place.map_or(1.0, |field| found[e.child][field])
        }
        Focus::Function(_) => 1.0,
    }
}

/// One draw: the places that it uses, and its kind of statement.
struct Drawn {
    places: Vec<(usize, usize)>,
    kind: u64,
}

#[derive(Default)]
struct Uses {
    by_focus: BTreeMap<usize, Vec<Drawn>>,
    counts: BTreeMap<(usize, usize), f64>,
    /// Draws of each kind of statement.
    kinds: BTreeMap<u64, f64>,
}

fn trial(
    composer: &Composer,
    heat: &Heat,
    weights: &[f64],
    round: u64,
    breathe: &mut dyn FnMut() -> Result<()>,
) -> Result<Uses> {
    let mut uses = Uses::default();
    let salt = mix(&[composer.options.seed, composer.options.phase as u64, 31, round]);
    let count = composer.focuses.len();
    let total: f64 = weights.iter().sum();
    for number in 0..TRIAL.max(count.min(2 * TRIAL)) {
        breathe()?;
        // where functions are shown each turn counts the same
        let shown = composer.plan.at(&composer.world, number as u64, 0, salt, heat).map(Focus::Function);
        let at = rotate(count, number as u64, salt);
        let share = if shown.is_some() { 1.0 } else { weights[at] / total * count as f64 };
        let Some(focus) = shown.or_else(|| composer.focuses.get(at).map(|f| f.0)) else { continue };
        let style = composer.styles[number % composer.styles.len()];
        let drawn = (0..8).find_map(|attempt| {
            let seed = [salt, number as u64, 0, attempt];
            let crowd = Crowd::new(heat, salt, number as u64, 0);
            let mut draw = Draw::new(composer, crowd, &seed, focus, style);
            let hold = if attempt < 6 { Hold::Shape } else { Hold::Plain };
            let draft = composer.draft(&mut draw, focus, number as u64, salt, hold)?;
            let fit = draw.complete(&draft.query, attempt < 7) && !draw.crowded(&draft.query, false);
            (fit && !crowd.worn(&draft.query)).then_some(draft)
        });
        let Some(draft) = drawn else { continue };
        // in the first round of slots each focus has one
        let kind = worn::kind(&draft.query);
        *uses.kinds.entry(kind).or_default() += share.max(1.0);
        let places = heat.places(&composer.world, &draft.query);
        for place in &places {
            *uses.counts.entry(*place).or_default() += share;
        }
        uses.by_focus.entry(at).or_default().push(Drawn { places, kind });
    }
    Ok(uses)
}

/// Uses of each column by the mean use.
fn measured(world: &World, uses: &Uses) -> Vec<Vec<f64>> {
    let mean = uses.counts.values().sum::<f64>() / uses.counts.len().max(1) as f64;
    let of = |entity: usize, field: usize| match uses.counts.get(&(entity, field)) {
        Some(count) => (count / mean).max(0.1),
        None => 0.3,
    };
    world.entities.iter().enumerate().map(|(e, entity)| (0..entity.fields.len()).map(|f| of(e, f)).collect()).collect()
}
