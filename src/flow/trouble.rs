//! What a task does when a call fails, a reply cannot be read, or the model declines.

use super::history::History;
use super::learned::Learned;
use super::machine::{Flow, MALFORMED_MAX, Purpose};
use super::{Action, End};
use crate::llm::endpoint::Structured;
use crate::llm::fault::{Class, Fault};
use crate::llm::retry::{Decision, decide};
use crate::plan::Phase;

/// Draws of tables that may come to nothing before the task does: from a model that nobody had an answer of yet, and
/// from one that answers otherwise, where bad luck alone must not leave a run short.
const DRAWS_MAX: [u32; 2] = [3, 6];

impl Flow {
    pub(super) fn unreadable(&mut self, learned: &mut Learned, lane: &mut History) -> Action {
        self.malformed += 1;
        self.fault = Some(Fault::new(Class::Malformed).note("not in the asked form"));
        if self.malformed > MALFORMED_MAX {
            if self.purpose == Purpose::Repair || self.purpose == Purpose::Score {
                self.abandon();
                return self.next(learned, lane);
            }
            // a plan less is no pair less: redraw() knows
            return self.redraw("schema", learned, lane);
        }
        // some servers take a schema and ignore it: then the form has to be told in words
        let never_worked = learned.structured(self.setup.structured) == self.used;
        if never_worked && self.malformed == MALFORMED_MAX {
            learned.step_down(self.setup.structured, self.used);
        }
        self.tries += 1;
        self.call(learned)
    }

    /// The model declined: one more try with other tables, no more.
    pub(super) fn declined(&mut self, why: &'static str, learned: &mut Learned, lane: &mut History) -> Action {
        if self.purpose == Purpose::Reason {
            return self.redraw(why, learned, lane);
        }
        self.refusals += 1;
        self.abandon();
        if self.refusals > 1 || self.setup.phase == Phase::Questions {
            return self.redraw(why, learned, lane);
        }
        self.write(learned, lane)
    }

    /// What one ask does not bring another may: other tables, or the model in another mood.
    pub(super) fn redraw(&mut self, why: &'static str, learned: &mut Learned, lane: &mut History) -> Action {
        if self.purpose == Purpose::Reason {
            // the pairs stand without a plan
            (self.tries, self.malformed, self.purpose) = (0, 0, Purpose::Write);
            return self.next(learned, lane);
        }
        self.lost_draws += 1;
        if self.lost_draws >= DRAWS_MAX[usize::from(learned.answers())] || self.setup.phase == Phase::Questions {
            return self.give_up(why, lane);
        }
        self.abandon();
        (self.tries, self.malformed, self.refusals) = (0, 0, 0);
        (self.widened, self.shrunk) = (false, false);
        self.write(learned, lane)
    }

    pub(super) fn faulty(&mut self, fault: Fault, learned: &mut Learned, lane: &mut History) -> Action {
        self.tries += 1;
        self.fault = Some(fault.clone());
        if let Some(reason) = fault.permanent() {
            return Action::FailRun { reason, message: fault.to_string(), hint: fault.hint().to_owned() };
        }
        match fault.class {
            Class::Parameter | Class::Request => {
                if self.tries <= 8 && learned.adapt(&fault, self.setup.structured, self.used, self.sent) {
                    return self.call(learned);
                }
                if fault.class == Class::Request {
                    return self.redraw("request", learned, lane);
                }
                return Action::FailRun { reason: "config", message: fault.to_string(), hint: fault.hint().to_owned() };
            }
            Class::Context if !self.shrunk => {
                self.shrunk = true;
                return self.again(learned, lane);
            }
            Class::Context => return self.redraw("context", learned, lane),
            Class::Filter => return self.declined("filter", learned, lane),
            _ => {}
        }
        if learned.suspects_form(&fault, self.tries) && self.used != Structured::Text {
            learned.step_down(self.setup.structured, self.used);
        }
        let jitter = self.draw.next();
        match decide(&fault, self.tries, self.setup.knobs.max_retries, jitter) {
            Decision::Retry(pause) => Action::Wait(pause),
            Decision::Park(pause) if self.accepted.is_empty() => Action::Park(pause, fault),
            Decision::Park(_) | Decision::GiveUp => {
                if self.purpose == Purpose::Suggest {
                    learned.suggesting = false;
                }
                match fault.class {
                    Class::Malformed | Class::TooLarge => self.redraw(name(fault.class), learned, lane),
                    _ => self.give_up(name(fault.class), lane),
                }
            }
        }
    }

    /// Ends a task that cannot go on; what it has is kept.
    pub(super) fn give_up(&mut self, why: &'static str, lane: &mut History) -> Action {
        self.abandon();
        let end = match self.accepted.len() {
            0 => End::Failed(why),
            _ if self.missing() == 0 => End::Done,
            _ => End::Short(why),
        };
        self.finish(end, lane)
    }
}

/// The `reason` of a task that a fault ended.
fn name(class: Class) -> &'static str {
    match class {
        Class::RateLimit => "rate_limit",
        Class::Server => "server",
        Class::Transport => "transport",
        Class::Timeout => "timeout",
        Class::Context => "context",
        Class::Malformed => "schema",
        Class::TooLarge => "too_large",
        Class::Cancelled => "cancelled",
        _ => "request",
    }
}

#[cfg(test)]
#[path = "trouble_tests.rs"]
mod tests;
