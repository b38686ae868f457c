//! The conditions of one draw: which fields they are on, how many there are, and the rows under them in words.

use super::builtin;
use super::condition::{self, Condition};
use super::draw::Draw;
use super::phrase;
use super::say::Style;
use super::scope::{Place, Scope};
use super::sense;
use super::taste;
use super::world::Field;
use crate::schema::roles::Role;
use crate::schema::words::tokens;

impl Draw<'_> {
    /// Up to `most` conditions on different fields.
    pub(super) fn conditions(&mut self, least: usize, most: usize) -> Option<Vec<Condition>> {
        // one says what is meant, two where they belong together, and of groups hardly ever
        let drawn = self.rng.between(least.min(2), most.min(2));
        let fewer = if self.keyed.is_empty() && self.classed.is_empty() { 45 } else { 80 };
        let wanted = if drawn > least.max(1) && self.rng.chance(fewer) { drawn - 1 } else { drawn };
        // what is joined has to be spoken of
        let due = self.idle_leaf().is_some() || self.scope.fine;
        let wanted = if most > 0 && due { wanted.max(1) } else { wanted };
        // what has been asked of one condition has not of two
        let wanted = if most > 1 && self.scope.fine && self.rng.chance(50) { 2 } else { wanted };
        let mut found: Vec<Condition> = Vec::new();
        for turn in 0..wanted * 4 {
            if found.len() == wanted {
                break;
            }
            let fan = self.fan;
            let keyed = self.keyed.clone();
            let (timed, searching, measuring) = (self.timed, self.searching, self.measuring);
            let (used, prefer) = (self.used.clone(), self.prefer);
            let grouped = !self.keyed.is_empty() || !self.classed.is_empty();
            // there are as many questions as there are bounds
            let bounded = self.scope.fine && found.is_empty() && turn < 2;
            let conditioned: Vec<Place> = found.iter().flat_map(|c| c.places.clone()).collect();
            let fits = |scope: &Scope, p: Place| {
                // when a row was last written is asked for where that is what it is about
                if scope.field(p).traits.audit || scope.field(p).raw {
                    return false;
                }
                if bounded && !(scope.field(p).distinct > 12 && scope.field(p).ordered()) {
                    return false;
                }
                // amounts are spoken of with what has them
                let afar = p.node != 0 && matches!(scope.field(p).role(), Role::Measure | Role::Year);
                if !searching && taste::wordy(scope, p) {
                    return false;
                }
                // figures of one amount by the size of another
                if measuring && scope.field(p).role() == Role::Measure {
                    return false;
                }
                let aside = scope.field(p).role() == Role::Time && !taste::timely(scope.entity(p.node), p.field);
                if aside && prefer != Some(p) {
                    return false;
                }
                if afar && prefer != Some(p) || !conditioned.iter().all(|&c| taste::together(scope, c, p)) {
                    return false;
                }
                // a condition on what the groups stand for leaves groups out, and two on times of one thing clash
                sense::filterable(scope, p)
                    && sense::worth(scope, p)
                    && fan != Some(p.node)
                    && !scope.constant(p.node)
                    && !keyed.iter().any(|&k| sense::decides(scope, k, p.node))
                    && !(timed && scope.field(p).role() == Role::Time)
                    && !used.iter().any(|&u| sense::clash(scope, p, u, grouped))
            };
            let tested =
                if found.is_empty() && wanted == 1 && self.rng.chance(8) { builtin::condition(self) } else { None };
            // a name is shown everywhere and asked for by a word in it hardly ever, but for this
            let titled = searching && found.is_empty() && self.rng.chance(9);
            let place = match &tested {
                Some(c) => c.places.first().copied(),
                None => self.title().filter(|_| titled).or_else(|| self.choose(fits)),
            };
            let Some(place) = place else {
                if bounded {
                    continue;
                }
                break;
            };
            if let Some(c) = tested.or_else(|| condition::draw(&mut self.rng, &self.scope, place)) {
                let left: f64 = found.iter().chain([&c]).map(Condition::passing).product();
                // hardly a row would be left
                if self.scope.subject().rows > 0 && left * (self.scope.subject().rows as f64) < 4.0 {
                    continue;
                }
                self.use_place(place);
                self.timed |= self.scope.field(place).role() == Role::Time;
                self.passing *= c.passing();
                found.push(c);
            }
        }
        (found.len() >= least).then_some(found)
    }

    /// The name of the subject's rows, where words in it are known.
    fn title(&self) -> Option<Place> {
        let subject = self.scope.subject();
        let [field] = *subject.label.as_slice() else { return None };
        (!subject.fields[field].elements.is_empty()).then_some(Place { node: 0, field })
    }

    /// The subject's rows under the conditions, in words.
    pub(super) fn rows_phrase(&mut self, conditions: &[Condition]) -> String {
        let subject = self.scope.subject();
        let mut said = conditions.to_vec();
        // who has left the plan is counted, too
        let ever = said.iter().any(|c| c.post.as_ref().is_some_and(|post| post.starts_with("ever ")));
        if subject.person && !ever && self.fan.is_some_and(|far| ends(&self.scope, far)) {
            said.insert(0, Condition { before: Some("past and present".to_owned()), ..Condition::default() });
        }
        // "orders per month shipped to Spain" would be taken for the months in which they were shipped
        let timed = self.used.iter().any(|p| p.node == 0 && self.scope.field(*p).role() == Role::Time);
        for condition in said.iter_mut().filter(|c| timed && c.whose.is_some()) {
            condition.post = condition.post.take().map(|post| post.replacen("shipped to", "destined for", 1));
        }
        if self.style == Style::Vague
            && let Some((at, (blurred, meaning))) =
                conditions.iter().enumerate().find_map(|(at, c)| Some((at, c.blurred()?)))
        {
            said[at] = blurred;
            if !self.evidence.contains(&meaning) {
                self.evidence.push(meaning);
            }
        }
        phrase::rows(&mut self.rng, &subject.many, subject.person, &said)
    }
}

/// Whether a bridge to a thing says until when it led there.
pub(super) fn ends(scope: &Scope, far: usize) -> bool {
    let end = |f: &Field| {
        f.role() == Role::Time
            && f.nulls > 0
            && tokens(&f.name).iter().any(|w| matches!(w.as_str(), "end" | "ended" | "until" | "left"))
    };
    scope.nodes[far].via.is_some_and(|(bridge, ..)| scope.entity(bridge).fields.iter().any(end))
}
