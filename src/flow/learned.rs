//! What a worker has found out about an endpoint: which parts of a request it refuses, and how its replies can be
//! made to have a form. Shared by all tasks of the worker, so that each lesson is paid for once.

use crate::llm::endpoint::Structured;
use crate::llm::fault::{Class, Fault, Part};
use crate::llm::wire::Quirks;
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// What is worth remembering beyond a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Lessons {
    pub quirks: Quirks,
    pub structured: Option<Structured>,
}

/// The key that last worked, by its mark, and when, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Worked {
    pub key: u32,
    pub at: u64,
}

impl Worked {
    /// A key that worked so long ago, in seconds, may have been taken back.
    const TRUST: u64 = 3600;

    /// Whether calls with this key need no trial.
    pub fn vouches(self, key: u32, now: u64) -> bool {
        self.key == key && (self.at..self.at + Worked::TRUST).contains(&now)
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Learned {
    pub quirks: Quirks,
    /// None until a step down was needed.
    stepped: Option<Structured>,
    /// A reply in the present form was read once, so faults are not the form's.
    proved: bool,
    /// Table sets that the model suggested and no task has taken, with their themes.
    pub sets: Vec<(Vec<usize>, String)>,
    /// All that it ever suggested.
    pub suggested: Vec<Rc<str>>,
    /// A task is asking for sets.
    pub suggesting: bool,
}

impl Learned {
    /// The form to ask for.
    pub fn structured(&self, configured: Structured) -> Structured {
        match (self.stepped, configured) {
            (Some(stepped), _) => stepped,
            (None, Structured::Auto) => Structured::JsonSchema,
            (None, other) => other,
        }
    }

    /// All that decides what a body looks like; calls made up before a change are made up again.
    pub fn lessons(&self) -> Lessons {
        Lessons { quirks: self.quirks, structured: self.stepped }
    }

    /// With what an earlier run has found out about the endpoint.
    pub fn knowing(lessons: Lessons) -> Learned {
        Learned { quirks: lessons.quirks, stepped: lessons.structured, ..Learned::default() }
    }

    pub fn read_one(&mut self) {
        self.proved = true;
    }

    /// Some task could use what the model said.
    pub fn answers(&self) -> bool {
        self.proved
    }

    /// Changes what is sent after a refusal; false where there is nothing to change. `used` is what was asked for
    /// in the refused call, with `sent` known: another task may have changed that since, and then it is enough to try
    /// again.
    pub fn adapt(&mut self, fault: &Fault, configured: Structured, used: Structured, sent: Lessons) -> bool {
        if self.lessons() != sent {
            return true;
        }
        let before = self.quirks;
        match fault.part {
            Some(Part::ResponseFormat) => return self.step_down(configured, used),
            // servers name the parameter that they know in the message about the one that they do not
            Some(Part::MaxCompletionTokens) => self.quirks.old_max_tokens = true,
            Some(Part::MaxTokens) if self.quirks.old_max_tokens => self.quirks.old_max_tokens = false,
            Some(Part::MaxTokens) => {}
            Some(Part::Temperature) => self.quirks.no_temperature = true,
            Some(Part::ParallelToolCalls) => self.quirks.no_parallel_switch = true,
            Some(Part::ToolChoice) => self.quirks.no_tool_choice = true,
            Some(Part::ReasoningEffort) => self.quirks.no_reasoning_effort = true,
            Some(Part::Strict) if used == Structured::Tools => self.quirks.no_strict_tools = true,
            Some(Part::Strict | Part::Tools) => return self.step_down(configured, used),
            // a refusal that names nothing may be of the form, as long as the form never worked
            None if !self.proved => return self.step_down(configured, used),
            None => {}
        }
        self.quirks != before
    }

    /// Whether a fault that looks temporary may be a refusal of the form: one server answers 500 to a schema.
    pub fn suspects_form(&self, fault: &Fault, tries: u32) -> bool {
        fault.class == Class::Server && fault.status == Some(500) && tries >= 2 && !self.proved
    }

    /// The next simpler form; only where none was prescribed.
    pub fn step_down(&mut self, configured: Structured, used: Structured) -> bool {
        let now = self.structured(configured);
        if now != used {
            return true;
        }
        if configured != Structured::Auto {
            return false;
        }
        let next = match now {
            Structured::Auto | Structured::JsonSchema | Structured::Tools => Structured::JsonObject,
            Structured::JsonObject => Structured::Text,
            Structured::Text => return false,
        };
        self.stepped = Some(next);
        self.proved = false;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(part: Option<Part>) -> Fault {
        Fault { part, ..Fault::new(Class::Parameter) }
    }

    #[test]
    fn steps_down_to_text_and_no_further() {
        let mut learned = Learned::default();
        let format = refusal(Some(Part::ResponseFormat));
        assert_eq!(learned.structured(Structured::Auto), Structured::JsonSchema);
        let first = learned.lessons();
        let now = |learned: &mut Learned, used| {
            let sent = learned.lessons();
            learned.adapt(&format, Structured::Auto, used, sent)
        };
        assert!(now(&mut learned, Structured::JsonSchema));
        assert_eq!(learned.structured(Structured::Auto), Structured::JsonObject);
        assert!(
            learned.adapt(&format, Structured::Auto, Structured::JsonSchema, first),
            "a call sent before the lesson"
        );
        assert_eq!(learned.structured(Structured::Auto), Structured::JsonObject);
        assert!(now(&mut learned, Structured::JsonObject));
        assert!(!now(&mut learned, Structured::Text));
        assert_eq!(Learned::knowing(learned.lessons()).structured(Structured::Auto), Structured::Text);
        let mut fixed = Learned::default();
        assert!(!fixed.adapt(&format, Structured::JsonSchema, Structured::JsonSchema, first), "prescribed");
    }

    #[test]
    fn parts_are_left_out_once() {
        let mut learned = Learned::default();
        learned.read_one();
        for part in [Part::MaxCompletionTokens, Part::Temperature, Part::ParallelToolCalls] {
            let sent = learned.lessons();
            assert!(learned.adapt(&refusal(Some(part)), Structured::Auto, Structured::JsonSchema, sent));
            let sent = learned.lessons();
            assert!(!learned.adapt(&refusal(Some(part)), Structured::Auto, Structured::JsonSchema, sent));
        }
        let sent = learned.lessons();
        assert!(!learned.adapt(&refusal(None), Structured::Auto, Structured::JsonSchema, sent), "the form has worked");
    }
}
