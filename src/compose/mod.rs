//! The offline engine: draws a query tree from the schema and its statistics, and prints it twice, as SQL and as a
//! question, so that the two cannot disagree. A candidate is a function of (seed, phase, slot, attempt) alone.

mod afar;
mod aggregate;
mod aside;
mod belonging;
mod blank;
mod bound;
mod builtin;
mod condition;
mod conditions;
mod dialogue;
mod draw;
mod estimate;
mod extreme;
mod figures;
mod flag;
mod form;
mod frames;
mod group;
mod having;
mod idle;
mod kinds;
mod learn;
mod literal;
mod measure;
mod memo;
mod moment;
mod naming;
mod notes;
mod pattern;
mod phrase;
mod polish;
mod probe;
mod random;
mod reference;
mod say;
mod scope;
mod sense;
mod shape;
mod spans;
mod spoken;
mod steer;
mod synonyms;
mod taste;
mod telling;
#[cfg(test)]
mod tests;
mod trace;
mod tree;
mod ways;
mod world;
mod worn;

pub(crate) use builtin::wanted as functions;
pub(crate) use say::Style;

use crate::candidate::Candidate;
use crate::error::{Code, Error, Result};
use crate::schema::model::Schema;
use crate::schema::relationships::Relationship;
use draw::{Draft, Draw};
use learn::{Crowd, Heat, Learned};
use random::{mix, rotate};
use shape::Hold;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use tree::Limit;
use world::World;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Phase {
    #[default]
    SingleTable,
    Joins,
    ComplexSqls,
    Builtins,
}

/// Which real values may stand in pairs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Values {
    None,
    #[default]
    Categorical,
    All,
}

#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub phase: Phase,
    pub seed: u64,
    pub values: Values,
    /// A value stands in a pair only where so many rows share it.
    pub values_min_rows: u32,
    /// Tables in a pair of `joins` or `complex_sqls` at least.
    pub min_joins: u32,
    /// Tables without rows are subjects too; nothing is proved by data.
    pub schema_only: bool,
    /// Weights of easy, medium, hard, extra; none = as they fall.
    pub difficulty: Option<[u32; 4]>,
    /// Empty = all.
    pub styles: Vec<Style>,
    /// `builtins`: the functions to show; none = the default thirty.
    pub functions: Option<Vec<String>>,
    /// The plan of each statement, in steps.
    pub reasoning: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            phase: Phase::SingleTable,
            seed: 0,
            values: Values::Categorical,
            values_min_rows: 5,
            min_joins: 2,
            schema_only: false,
            difficulty: None,
            styles: Vec::new(),
            functions: None,
            reasoning: false,
        }
    }
}

/// Texts of the data that pairs may show, each with the number of its table: no leak, wherever the audit finds them.
pub(crate) fn shown(schema: &Schema, links: &[Relationship], values_min_rows: u32) -> Vec<(usize, String)> {
    let world = World::new(schema, links, &Options { values_min_rows, ..Options::default() });
    let mut shown = Vec::new();
    for (table, entity) in world.entities.into_iter().enumerate() {
        let texts = entity.fields.into_iter().flat_map(|f| f.values.into_iter().chain(f.elements));
        shown.extend(texts.map(|(text, _)| (table, text)));
    }
    shown
}

/// Draws in one slot before the attempt is given up.
const TRIES: u64 = 60;
/// From this one on a plain question about the focus will do.
const PLAIN: u64 = 44;
/// Draws of kinds that there are enough of, after which an attempt is given up.
const WORN: usize = 12;
/// Rows that anyone would read.
const MOST_ROWS: f64 = 150.0;
const LEVELS: [&str; 4] = ["easy", "medium", "hard", "extra"];

/// Everything that drawing needs; holds no reference to the schema.
pub(crate) struct Composer {
    world: World,
    options: Options,
    styles: Vec<Style>,
    /// What pairs are to be about, each with how interesting it is; every one has a turn in the first round of slots,
    /// so many of interest before the others.
    focuses: Vec<(Focus, f64)>,
    leading: usize,
    /// What later slots are about; learned when the first of them is drawn.
    learned: OnceCell<Learned>,
    cold: Heat,
    /// Phase `builtins`: what each slot in turn is to show.
    plan: builtin::Plan,
    /// Other phases: everyday functions that suit the fields of each entity.
    tools: BTreeMap<usize, builtin::Tools>,
}

/// A column or a reference that a pair should use, so that all of them are used in time.
#[derive(Debug, Clone, Copy)]
enum Focus {
    Field { entity: usize, field: usize },
    Edge { edge: usize, field: Option<usize> },
    Function(builtin::Use),
}

impl Composer {
    pub(crate) fn new(schema: &Schema, relationships: &[Relationship], options: Options) -> Result<Composer> {
        let world = World::new(schema, relationships, &options);
        let styles = if options.styles.is_empty() { Style::ALL.to_vec() } else { options.styles.clone() };
        let plan = match options.phase {
            Phase::Builtins => {
                let names = builtin::wanted(options.functions.as_deref())?;
                let asked = options.functions.as_ref().is_some_and(|f| !f.is_empty());
                builtin::Plan::new(&world, &names, asked, schema.server_version)
            }
            _ => builtin::Plan::default(),
        };
        let tools = match options.phase {
            Phase::Builtins => BTreeMap::new(),
            _ => builtin::tools(&world, schema.server_version),
        };
        let mut focuses = steer::focuses(&world, options.phase, options.min_joins as usize);
        let idle = |focus: &(Focus, f64)| focus.1 < OF_INTEREST;
        focuses.sort_by_key(idle);
        // where nothing is of interest all is alike
        let leading = Some(focuses.iter().filter(|f| !idle(f)).count()).filter(|n| *n > 0).unwrap_or(focuses.len());
        if focuses.is_empty() && plan.is_empty() {
            return Err(Error::new(Code::ObjectNotInPrerequisiteState, "no table of this database can stand in pairs").hint(
                "Subjects are readable tables that hold rows (or any, with schema_only); joins need references between them.",
            ));
        }
        let cold = Heat::cold(&world);
        Ok(Composer { world, options, styles, focuses, leading, learned: OnceCell::new(), cold, plan, tools })
    }

    /// Learns what later slots are about, before the first of them is drawn. That may take seconds: `breathe` is called
    /// all along, and an error of it ends the learning.
    pub(crate) fn prepare(&self, slot: u64, breathe: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        if slot >= UNLEARNED && self.learned.get().is_none() {
            let learned = learn::learn(self, breathe)?;
            self.learned.get_or_init(|| learned);
        }
        Ok(())
    }

    /// Draws the candidate of one slot. `None` = nothing new to say here; the next attempt may have more luck.
    pub(crate) fn draw(&self, slot: u64, attempt: u32) -> Option<Candidate> {
        self.prepare(slot, &mut || Ok(())).ok()?;
        let salt = mix(&[self.options.seed, self.options.phase as u64]);
        let heat = self.learned(slot).map_or(&self.cold, |learned| &learned.heat);
        let crowd = Crowd::new(heat, salt, slot, attempt);
        let focus = self.focus(slot, attempt, salt, crowd)?;
        let style = self.styles[rotate(self.styles.len(), slot.wrapping_add(u64::from(attempt) * 5), mix(&[salt, 7]))];
        let target = self.options.difficulty.map(|weights| level(weights, slot, salt));
        // in the first round each focus has its pair, if there is one; later on kinds of statements matter more
        let due = match self.plan.is_empty() {
            true => self.own_focus(slot, attempt, salt).is_some(),
            false => self.plan.first(slot, salt),
        };
        // few conditions can be said inexactly: where none is found soon, another style will do
        let tries = if style == Style::Vague { TRIES / 2 } else { TRIES };
        let mut worn = 0;
        for attempt_in in 0..tries {
            let mut draw = Draw::new(self, crowd, &[salt, slot, u64::from(attempt), attempt_in], focus, style);
            let hold = hold(due, attempt, attempt_in, target.is_some());
            // a plain question about a reference has the two tables that it joins
            if due && hold == Hold::Plain {
                draw.least = draw.least.min(self.options.min_joins as usize);
            }
            let Some(draft) = self.draft(&mut draw, focus, slot, mix(&[salt, 13]), hold) else { continue };
            let difficulty = measure::hardness(&draft.query).difficulty();
            let strict = due || attempt_in < TRIES / 2 && !draw.elsewhere;
            if target.is_some_and(|t| t != difficulty) || !draw.complete(&draft.query, strict) {
                continue;
            }
            if draw.crowded(&draft.query, due) {
                continue;
            }
            // where a focus is due, a question that is often asked is better than none
            if !(due && attempt_in >= PLAIN + 8) && crowd.worn(&draft.query) {
                worn += 1;
                // there may be more to say of other things
                if worn > WORN && !due {
                    return None;
                }
                continue;
            }
            if !self.world.schema_only
                && (estimate::rows(&self.world, &draft.query, draw.passing) > MOST_ROWS
                    || estimate::indifferent(&self.world, &draft.query, draw.passing))
            {
                continue;
            }
            // people are brief; what takes more words is asked where nothing shorter was found
            let deep = matches!(self.options.phase, Phase::ComplexSqls | Phase::Builtins);
            let more = if deep { 3 } else { 0 } + 2 * attempt.min(8) as usize + draw.wordy();
            let most = more + (13 + attempt_in as usize / 2).min(24);
            let long = |question: &str| question.split(' ').count() > most || sense::awkward(question);
            match draw.finish(draft, difficulty) {
                Some(found) if !found.question.as_deref().is_some_and(long) => return Some(found),
                _ => continue,
            }
        }
        None
    }
}

impl Composer {
    fn draft(&self, draw: &mut Draw, focus: Focus, slot: u64, salt: u64, hold: Hold) -> Option<Draft> {
        if hold != Hold::Plain && self.options.phase == Phase::Joins && !draw.hopeful() {
            return None;
        }
        let mut draft = self.shape(draw, focus, slot, salt, hold)?;
        // nothing tells whether the first few tie where there are no rows
        if self.world.schema_only
            && let (Some(Limit::Rows(n)), [_]) = (&draft.query.limit, draft.query.order.as_slice())
        {
            draft.query.limit = Some(Limit::WithTies(*n));
            draft.speech.extras.push(shape::ranking::ties_too(draw));
        }
        // elsewhere the plain shapes, which draw with ease, would win from the deep ones
        if self.options.phase == Phase::Joins {
            draw.shed(&mut draft);
        }
        Some(draft)
    }

    fn shape(&self, draw: &mut Draw, focus: Focus, slot: u64, salt: u64, hold: Hold) -> Option<Draft> {
        match focus {
            Focus::Function(shown) => builtin::draw(draw, shown),
            // no row refers to anything: of that alone can be spoken
            Focus::Edge { edge, .. } if !self.world.graph.edges[edge].filled && !self.world.schema_only => {
                shape::draw(draw, self.options.phase, slot, salt, Hold::Plain)
            }
            _ => shape::draw(draw, self.options.phase, slot, salt, hold),
        }
    }

    fn learned(&self, slot: u64) -> Option<&Learned> {
        self.learned.get().filter(|_| slot >= UNLEARNED)
    }

    /// The focus that has its first turn in a slot: one of interest, and after those now and then one of the others,
    /// which nobody asks about one after the other.
    fn own_focus(&self, slot: u64, attempt: u32, salt: u64) -> Option<usize> {
        let Some(later) = slot.checked_sub(self.leading as u64) else {
            return (attempt < OWN).then(|| rotate(self.leading, slot, salt));
        };
        let others = self.focuses.len() - self.leading;
        // at first few; a long run is to use all there is
        let (turn, own) = match later.checked_sub(LOOK) {
            None => (later / APART, later % APART == APART - 1),
            Some(late) => (LOOK / APART + late / OFTEN, late % OFTEN == 0),
        };
        (own && turn < others as u64 && attempt < DULL).then(|| self.leading + rotate(others, turn, salt))
    }

    fn focus(&self, slot: u64, attempt: u32, salt: u64, crowd: Crowd) -> Option<Focus> {
        if !self.plan.is_empty() {
            return self.plan.at(&self.world, slot, u64::from(attempt), salt, crowd.heat).map(Focus::Function);
        }
        let count = self.leading as u64;
        if let Some(at) = self.own_focus(slot, attempt, salt) {
            return self.focuses.get(at).map(|(focus, _)| *focus);
        }
        // a slot that keeps failing on its focus goes elsewhere: soon, so that its kind of statement is found there;
        // and so does one without the patience for it
        let own = slot >= count && matches!(attempt, 0 | 1 | 4);
        let first = if own { slot - count } else { mix(&[salt, slot, u64::from(attempt / 2)]) };
        let round = |learned: &Learned| learned.round(slot.saturating_sub(count));
        let mut found = (0..16).filter_map(|other| {
            let turn = if other == 0 { first } else { mix(&[first, other, salt]) };
            let at = match self.learned(slot) {
                Some(learned) => learned.at(turn, round(learned), salt),
                // where nothing is found that people speak of, anything will do
                None if attempt > DULL => rotate(self.focuses.len().max(1), turn, salt),
                None => rotate(self.leading.max(1), turn, salt),
            };
            self.focuses.get(at).map(|(focus, _)| *focus)
        });
        let wanted = found.next();
        let bears = |focus: &Focus| crowd.bears_focus(&self.world, *focus);
        wanted.filter(bears).or_else(|| found.find(bears)).or(wanted)
    }
}

/// So many slots of a phase go without what has to be learned, which takes some time: enough for a look.
const UNLEARNED: u64 = 100;

/// From this interest on a focus has its first turn before those of less.
const OF_INTEREST: f64 = 0.4;

/// One in so many slots is about what is of little interest, until all of that has had its turn.
const APART: u64 = 24;
/// And one in so many, when so many slots have gone.
const OFTEN: u64 = 2;
const LOOK: u64 = 240;

/// Attempts of a slot of the first round that stay with its focus.
const OWN: u32 = 8;
/// And of one about what is of little interest.
const DULL: u32 = 5;

/// What is scarce goes first: a slot keeps to its kind of statement, on its own tables and then on others, before it
/// takes any. Where its level is given, kinds that have no such level must not hold it up; where a focus is due, a
/// plain question about it is better than none.
fn hold(due: bool, attempt: u32, attempt_in: u64, levelled: bool) -> Hold {
    match (attempt, attempt_in) {
        (_, PLAIN..) if due => Hold::Plain,
        (0..6, 0..16) => Hold::Shape,
        (0..6, 16..32) => Hold::Kin,
        (0..4, _) if !levelled && !due => Hold::Kin,
        _ => Hold::Free,
    }
}

/// The level that a slot is to have, so that any stretch of slots holds the mix.
fn level(weights: [u32; 4], slot: u64, salt: u64) -> &'static str {
    let total: u32 = weights.iter().sum::<u32>().max(1);
    let mut at = rotate(total as usize, slot, mix(&[salt, 11])) as u32;
    for (i, weight) in weights.iter().enumerate() {
        if at < *weight {
            return LEVELS[i];
        }
        at -= weight;
    }
    LEVELS[1]
}
