//! One draw: the tables that were picked, what has been used of them, and the helpers that shapes share.

use super::aggregate::Figure;
use super::builtin::Tool;
use super::condition::Condition;
use super::dialogue::dialogue;
use super::flag;
use super::group::Key;
use super::learn::Crowd;
use super::notes;
use super::polish::{PART, polish};
use super::probe::{expected_rows, filled_probe, mutant, never_probe, one_group};
use super::random::{Rng, mix};
use super::say::{Speech, Style, utter};
use super::scope::{Place, Scope};
use super::shape::grouped::output_name;
use super::steer;
use super::telling::telling;
use super::trace::trace;
use super::tree::{Expr, Select};
use super::ways::joined;
use super::world::World;
use super::{Composer, Focus, Phase};
use crate::candidate::{Asked, Candidate, Expect, Kind, Probe};
use crate::schema::roles::Role;

/// Draws of an attempt that keep to one turn.
const SAME: u64 = 12;

/// A drawn pair before it is put into words.
pub(super) struct Draft {
    pub query: Select,
    pub speech: Speech,
    /// Name, variant of the query, what its rows must be.
    pub probes: Vec<(&'static str, Select, Expect)>,
    pub evidence: Option<String>,
}

impl Draft {
    pub(super) fn new(query: Select, speech: Speech) -> Draft {
        Draft { query, speech, probes: Vec::new(), evidence: None }
    }
}

pub(super) struct Draw<'w> {
    pub rng: Rng,
    pub world: &'w World,
    pub scope: Scope<'w>,
    pub style: Style,
    pub used: Vec<Place>,
    pub schema_only: bool,
    /// The far side of a bridge: rows repeat unless they are grouped by it or one of it is picked.
    pub fan: Option<usize>,
    /// Joined things that groups stand for.
    pub keyed: Vec<usize>,
    /// Tables whose fields are grouped by.
    pub classed: Vec<usize>,
    /// What groups are to be made by; none = any.
    pub given: Option<Key>,
    /// And the first figure of them.
    pub figure: Option<Figure>,
    /// Words in texts may be looked for: rows are listed or counted.
    pub searching: bool,
    /// A figure of one field is asked for.
    pub measuring: bool,
    /// True of no row that is meant: that it ends before it begins.
    pub never: Option<Expr>,
    /// A time is asked about already; another one would fight with it.
    pub timed: bool,
    /// So many have been drawn that what is asked for seldom has its turn, too.
    pub late: bool,
    /// Functions that suit the subject's fields.
    pub tools: &'w [Tool],
    /// Goes on about other things than those in focus, which will have other turns.
    pub elsewhere: bool,
    /// The reference in focus.
    pub edge: Option<usize>,
    /// About the share of the rows that the drawn conditions let through.
    pub passing: f64,
    /// What the first draws of an attempt have in common, so that what is hard to draw keeps its turn.
    pub turn: Option<u64>,
    crowd: Crowd<'w>,
    /// Tables and columns that the query has to read for the focus to be met.
    due: Vec<(&'w str, &'w str)>,
    pub prefer: Option<Place>,
    /// Definitions that the wording leans on.
    pub evidence: Vec<String>,
    /// Tables that the query must use.
    pub least: usize,
    reasoning: bool,
    /// Joined tables that were left out again.
    pub idle: Vec<usize>,
}

/// In how many of a hundred draws bounds are as fine as the data: where the round ones have been asked for.
fn fineness(slot: u64, attempt: u64) -> usize {
    let attempt = attempt.min(8) as usize;
    match (slot / 4000).checked_ilog2() {
        // what was said before in an attempt of a late slot is said of another bound
        Some(rounds) => (25 + 15 * rounds as usize + 35 * attempt).min(90),
        None if slot < 400 => 0,
        None => 10 * attempt.saturating_sub(4),
    }
}

/// So many slots of a phase are a look at what can be asked.
pub(super) const LATE: u64 = 300;

impl<'w> Draw<'w> {
    pub(super) fn new(composer: &'w Composer, crowd: Crowd<'w>, seed: &[u64], focus: Focus, style: Style) -> Draw<'w> {
        let world = &composer.world;
        let mut rng = Rng::new(seed);
        let wide = composer.options.phase == Phase::Joins;
        let least = steer::tables(world, &composer.options, composer.leading as u64, seed);
        let crowd = if wide && least > composer.options.min_joins as usize { crowd.borne() } else { crowd };
        let (mut scope, prefer, fan) = match focus {
            Focus::Field { entity, field } => (Scope::new(world, entity), Some(Place { node: 0, field }), None),
            Focus::Function(shown) => (Scope::new(world, shown.entity), None, None),
            Focus::Edge { edge, field } => joined(&mut rng, world, crowd, edge, field, least, wide),
        };
        scope.fine = rng.chance(fineness(seed[1], seed[2]));
        let tools = composer.tools.get(&scope.nodes[0].entity).map_or(&[][..], Vec::as_slice);
        Draw {
            rng,
            world,
            scope,
            style,
            used: Vec::new(),
            schema_only: world.schema_only,
            fan,
            given: None,
            figure: None,
            keyed: Vec::new(),
            classed: Vec::new(),
            searching: false,
            measuring: false,
            never: None,
            timed: false,
            late: seed[1] >= LATE,
            elsewhere: false,
            tools,
            edge: match focus {
                Focus::Edge { edge, .. } => Some(edge),
                _ => None,
            },
            passing: 1.0,
            turn: (seed[3] < SAME).then(|| mix(&seed[..3])),
            crowd,
            due: steer::due(world, focus),
            prefer,
            evidence: Vec::new(),
            least,
            reasoning: composer.options.reasoning,
            idle: Vec::new(),
        }
    }

    /// Everything joined is used, and the focus with it.
    pub(super) fn complete(&self, query: &Select, strict: bool) -> bool {
        let kept = || (1..self.scope.nodes.len()).filter(|n| !self.idle.contains(n));
        let onward = |n: usize| kept().any(|o| self.scope.nodes[o].via.is_some_and(|v| v.0 == n));
        let joins_used = kept().filter(|&n| !onward(n)).all(|n| self.used.iter().any(|p| p.node == n));
        let focused = || self.prefer.is_none_or(|p| self.used.contains(&p)) && steer::reads(query, &self.due);
        let mut names: Vec<String> = query.columns.iter().map(output_name).collect();
        names.sort_unstable();
        let told_apart = names.windows(2).all(|w| w[0] != w[1]);
        let defined = self.style != Style::Vague || !self.evidence.is_empty();
        told_apart && defined && query.tables().len() >= self.least && joins_used && (!strict || focused())
    }

    /// Whether a query leans on columns that everything leans on; where its focus is due, beyond the tables of that.
    pub(super) fn crowded(&self, query: &Select, due: bool) -> bool {
        if due && self.due.is_empty() {
            return false;
        }
        let counts = |table: &str| !(due && self.due.iter().any(|d| d.0 == table));
        self.crowd.heat.toll(self.world, query, counts) > self.crowd.patience
    }

    /// Words beyond one each that the names of its tables take.
    pub(super) fn wordy(&self) -> usize {
        (0..self.scope.nodes.len()).map(|n| self.scope.entity(n).one.split(' ').count() - 1).sum()
    }

    /// A leaf of the join tree that nothing uses yet.
    pub(super) fn idle_leaf(&self) -> Option<usize> {
        let leaf = |n: usize| !self.scope.nodes.iter().any(|o| o.via.is_some_and(|v| v.0 == n));
        (1..self.scope.nodes.len()).find(|&n| leaf(n) && !self.used.iter().any(|p| p.node == n))
    }

    /// An unused field that fits: the focus first, then tables that wait to be used.
    pub(super) fn choose(&mut self, fits: impl Fn(&Scope<'w>, Place) -> bool) -> Option<Place> {
        let mut found: Vec<Place> = Vec::new();
        for node in 0..self.scope.nodes.len() {
            if self.scope.entity(node).bridge {
                continue;
            }
            for field in 0..self.scope.entity(node).fields.len() {
                let place = Place { node, field };
                if !self.used.contains(&place) && fits(&self.scope, place) {
                    found.push(place);
                }
            }
        }
        if let Some(prefer) = self.prefer.filter(|p| found.contains(p))
            && self.rng.chance(90)
        {
            return Some(prefer);
        }
        if let Some(leaf) = self.idle_leaf()
            && found.iter().any(|p| p.node == leaf)
        {
            found.retain(|p| p.node == leaf);
        }
        let weights: Vec<usize> = found
            .iter()
            .map(|&p| {
                let field = self.scope.field(p);
                let entity = self.scope.nodes[p.node].entity;
                let interest = if !field.varied {
                    return 0;
                } else if field.traits.audit || field.raw {
                    1.0
                } else if field.traits.personal || field.role() == Role::FreeText {
                    2.0
                } else if p.node != 0 && self.scope.entity(p.node).label.contains(&p.field) {
                    // what is joined is of interest for what it is, before any detail of it
                    24.0
                } else {
                    8.0
                };
                // what is used everywhere may stay away here
                let bears = if self.crowd.bears(entity, p.field) { 10.0 } else { 0.1 };
                (bears * interest / self.crowd.heat[entity][p.field]).max(1.0) as usize
            })
            .collect();
        if weights.iter().sum::<usize>() == 0 { None } else { found.get(self.rng.weighted(&weights)).copied() }
    }

    /// Makes a field the first to be chosen.
    pub(super) fn focus(&mut self, place: Place) {
        self.prefer = Some(place);
    }

    /// The field in focus, while nothing uses it.
    pub(super) fn waiting(&self) -> Option<Place> {
        self.prefer.filter(|p| !self.used.contains(p))
    }

    /// The field in focus, where it is one of an entity's.
    pub(super) fn waiting_in(&self, entity: usize) -> Option<usize> {
        self.waiting().filter(|p| self.scope.nodes[p.node].entity == entity).map(|p| p.field)
    }

    /// Lets go of the field in focus.
    pub(super) fn unfocus(&mut self) {
        self.prefer = None;
    }

    /// Goes on with the subject's own table alone.
    pub(super) fn alone(&mut self) {
        self.scope.nodes.truncate(1);
        self.used.clear();
        self.keyed.clear();
        self.fan = None;
        self.prefer = self.prefer.filter(|p| p.node == 0);
    }

    /// Lets go of joined tables that nothing uses, from the last one on.
    pub(super) fn prune(&mut self) {
        while let Some(last) = self.scope.nodes.len().checked_sub(1).filter(|&l| l > 0)
            && !self.used.iter().any(|p| p.node == last)
        {
            self.scope.nodes.truncate(last);
        }
        let left = self.scope.nodes.len();
        self.prefer = self.prefer.filter(|p| p.node < left);
    }

    /// Goes on with other tables.
    pub(super) fn turn_to(&mut self, scope: Scope<'w>) {
        self.scope = scope;
        self.used.clear();
        self.keyed.clear();
        self.fan = None;
        self.prefer = None;
    }

    pub(super) fn use_place(&mut self, place: Place) {
        if !self.used.contains(&place) {
            self.used.push(place);
        }
    }

    pub(super) fn finish(mut self, draft: Draft, difficulty: &str) -> Option<Candidate> {
        let mut notes = Vec::new();
        let question = notes::apart(&utter(&mut self.rng, self.style, &draft.speech), &mut notes);
        let mut dialogue = if self.style == Style::MultiTurn { Some(dialogue(&mut self.rng, &draft)?) } else { None };
        for said in dialogue.iter_mut().flat_map(|d| [&mut d.first, &mut d.then]) {
            *said = notes::apart(said, &mut notes);
        }
        let said = std::mem::take(&mut self.evidence);
        let told = self.used.iter().filter(|p| p.node < self.scope.nodes.len());
        let told = told.filter_map(|&p| flag::told_by(self.scope.entity(p.node), self.scope.field(p)));
        let said: Vec<String> = said.into_iter().chain(notes).chain(told).collect();
        let evidence = draft.evidence.into_iter().chain(said).reduce(|all, one| format!("{all}. {one}"));
        // what is defined, or said in two turns, has to be called the same in all of it
        let (first, then) = dialogue.as_ref().map_or(("", ""), |d| (&d.first, &d.then));
        let all = [question.as_str(), evidence.as_deref().unwrap_or(""), first, then].join(&PART.to_string());
        let all = polish(&mut self.rng, &short(&self.scope, all), &self.world.words);
        let mut parts = all.split(PART);
        let mut part = || parts.next().unwrap_or("").to_owned();
        let (question, meaning, first, then) = (part(), part(), part(), part());
        let mut probes = if self.schema_only { Vec::new() } else { draft.probes };
        if let Some(never) = self.never.filter(|_| !self.schema_only) {
            probes.push(never_probe(&draft.query, &never)?);
        }
        probes.extend(filled_probe(&draft.query).filter(|_| !self.schema_only));
        let mutant = mutant(&draft.query, &probes).map(|m| m.sql());
        // that nothing refers to something is all that there is to tell of it
        let idle = self.edge.is_some_and(|edge| !self.world.graph.edges[edge].filled);
        let least_rows = if self.schema_only { 0 } else { expected_rows(&draft.query) };
        Some(Candidate {
            least_rows,
            telling: if self.schema_only || idle { Vec::new() } else { telling(&draft.query) },
            kind: Kind::Pair,
            question: Some(question),
            turns: dialogue.map(|d| d.turns(&first, &then)),
            sql: Some(draft.query.sql()),
            style: Some(self.style.name().to_owned()),
            reasoning: self.reasoning.then(|| trace(&draft.query)),
            evidence: evidence.map(|_| meaning),
            asked: Asked { difficulty: Some(difficulty.to_owned()), features: Vec::new() },
            mutant,
            probes: probes
                .into_iter()
                .map(|(name, query, expect)| {
                    let part = if expect == Expect::Differs { one_group(&draft.query, &query) } else { None };
                    Probe { name: name.to_owned(), sql: query.sql(), part: part.map(|p| p.sql()), expect }
                })
                .collect(),
            ..Candidate::default()
        })
    }
}

/// "browse axis authority field maps" of browse axes that are spoken of anyway are authority field maps.
fn short(scope: &Scope, said: String) -> String {
    let mut said = said;
    for child in (0..scope.nodes.len()).map(|n| scope.entity(n)) {
        for parent in (0..scope.nodes.len()).map(|n| scope.entity(n)) {
            let rest = |noun: &str| noun.strip_prefix(&format!("{} ", parent.one)).map(str::to_owned);
            let (Some(one), Some(many)) = (rest(&child.one), rest(&child.many)) else { continue };
            let bare = said.replace(&child.many, &many).replace(&child.one, &one);
            // a word alone might be anything: visit treatments are not the treatments that there are
            if one.contains(' ') && [&parent.one, &parent.many].iter().any(|noun| bare.contains(noun.as_str())) {
                said = bare;
            }
        }
    }
    said
}

/// Adds a condition's predicates, and a probe that leaves them out.
pub(super) fn apply(query: &mut Select, conditions: &[Condition]) {
    query.filter.extend(conditions.iter().flat_map(|c| c.sql.clone()));
}
