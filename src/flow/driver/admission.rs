//! Which calls may begin, which are taken back, and when to look again.

use super::{Driver, InFlight, Send, Stop, ahead};
use crate::flow::{Action, Call, Event};
use crate::llm::price::Usd;

/// Faults in a row, over all tasks, after which calls go one at a time until one succeeds.
const BREAKER: u32 = 10;

impl Driver {
    /// Whether calls that have not begun had better not: the run ended, a limit was met, or nobody answers.
    pub fn holds_back(&self, now: u64) -> bool {
        self.stopped || self.calls.len() > self.most() || self.limits.is_paused(now)
    }

    /// A call that was taken back before it began; it is made again when it may start.
    pub fn recalled(&mut self, call: u64) {
        let Some(flight) = self.calls.remove(&call) else { return };
        self.limits.settle(flight.tokens, 0);
        self.batch.recalled.push(call);
        if let Some(held) = self.tasks.get_mut(&flight.task)
            && let Action::Call(fresh) = held.flow.call(&mut self.learned)
        {
            self.ready.push_front((flight.task, fresh));
        }
    }

    /// Whether the next batch can wait for what comes meanwhile: no call has to start now, the run goes on, and a call
    /// is in flight whose answer will take along what is to be written.
    pub fn can_wait(&mut self, now: u64) -> bool {
        let timer = self.waiting.first_key_value().is_some_and(|((at, _), ())| *at <= now);
        // half of the spare ones may begin before others have to follow
        let slot = !self.stopped && self.calls.len() < self.most().saturating_sub(self.terms.spare / 2).max(1);
        let call = self.ready.front().filter(|_| slot).map(|(_, call)| estimate(call));
        let starts = call.is_some_and(|tokens| self.limits.ready_at(tokens, now) <= now);
        !(timer || starts || self.calls.is_empty() || self.batch.stop.is_some())
    }

    /// A call waits for a place.
    pub fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Whether calls that end will soon be followed by none, unless there are further tasks.
    pub fn is_hungry(&self) -> bool {
        self.room() > 0 && 2 * self.ready.len() < ahead(self.terms.parallelism) - self.terms.parallelism.max(1)
    }

    /// When to look again if nothing happens before; none = only an answer can bring something new.
    pub fn wake_at(&mut self, now: u64) -> Option<u64> {
        let timer = self.waiting.first_key_value().map(|((at, _), ())| *at);
        let slot = match self.ready.front() {
            Some((_, call)) if !self.stopped && self.calls.len() < self.most() => {
                Some(self.limits.ready_at(estimate(call), now))
            }
            _ => None,
        };
        // a budget that is held back waits for an answer, not for a time
        let slot = slot.filter(|at| *at > now);
        [timer, slot].into_iter().flatten().min()
    }

    /// Calls that may be in flight now.
    pub(super) fn most(&self) -> usize {
        let alone = !self.proved || self.faults_in_a_row >= BREAKER;
        if alone { 1 } else { self.terms.parallelism.max(1) + self.terms.spare }
    }

    /// A call that was made up before the last lesson is made up again.
    pub(super) fn renew(&mut self) {
        let Some((task, call)) = self.ready.front_mut() else { return };
        if call.lessons == self.learned.lessons() {
            return;
        }
        if let Some(held) = self.tasks.get_mut(task)
            && let Action::Call(fresh) = held.flow.call(&mut self.learned)
        {
            *call = fresh;
        }
    }

    /// The next call that may start, if one may.
    pub(super) fn admit(&mut self, now: u64) -> Option<Send> {
        self.renew();
        let (_, call) = self.ready.front()?;
        let tokens = estimate(call);
        let reserved = self.terms.price.map(|p| p.reserve(call.body.len(), call.max_tokens));
        if self.calls.len() >= self.most() || self.limits.ready_at(tokens, now) > now {
            return None;
        }
        if let (Some(budget), Some(reserved)) = (self.terms.budget, reserved) {
            let held: Usd = self.calls.values().filter_map(|c| c.reserved).fold(Usd::ZERO, |a, b| a + b);
            if self.spent + held + reserved > budget {
                // what is in flight may cost less than was set aside for it
                if self.calls.is_empty() {
                    self.batch.stop = Some(Stop::Budget);
                    self.end_all(|| Event::Budget, now);
                }
                return None;
            }
        }
        let (task, call) = self.ready.pop_front()?;
        self.limits.take(tokens, now);
        let number = self.next_call;
        self.next_call += 1;
        self.calls.insert(number, InFlight { task, reserved, tokens });
        Some(Send { call: number, task, style: call.style, body: call.body, reserved })
    }
}

/// Tokens that a call is counted with before its answer says how many they were.
fn estimate(call: &Call) -> u64 {
    call.body.len() as u64 / 4 + u64::from(call.max_tokens)
}
