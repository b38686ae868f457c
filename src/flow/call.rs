//! The present dialogue of a task as the body of a call, in the form that the endpoint is known to take.

use super::learned::Learned;
use super::machine::Flow;
use super::{Action, Call};
use crate::llm::endpoint::{ApiStyle, Structured};
use crate::llm::wire::{Message, Request};
use crate::llm::{chat, responses};
use crate::prompt::shapes::Shape;

impl Flow {
    /// Takes up a new dialogue, whose last message asks.
    pub(super) fn begin(&mut self, messages: Vec<Message>) {
        self.ask_at = messages.len().saturating_sub(1);
        self.messages = messages;
        self.tool_turns = 0;
    }

    /// Sends the present messages, in the form that the endpoint is known to take.
    pub(super) fn call(&mut self, learned: &mut Learned) -> Action {
        let structured = learned.structured(self.setup.structured);
        let shape = self.plan.as_ref().map_or(Shape::Pairs, |p| p.shape);
        if structured != self.used && self.used != Structured::Auto {
            // the form is told in words now, or no more
            self.retell(structured);
        }
        self.used = structured;
        let max_tokens = self.max_tokens();
        let request = Request {
            model: &self.setup.model,
            messages: &self.messages,
            format: shape.format(structured),
            tools: super::tools::tools(shape, structured, self.tool_turns),
            tool_required: true,
            max_tokens,
            temperature: self.setup.knobs.temperature,
            reasoning_effort: None,
        };
        let body = match self.setup.style {
            ApiStyle::Chat => chat::encode(&request, learned.quirks),
            ApiStyle::Responses => responses::encode(&request, learned.quirks),
        };
        self.sent = learned.lessons();
        Action::Call(Call { style: self.setup.style, body, max_tokens, lessons: self.sent })
    }

    /// Renders system message and ask again after the form of replies has changed.
    fn retell(&mut self, structured: Structured) {
        let Some(plan) = &self.plan else { return };
        let subject = self.setup.subject(self.setup.knobs.prompt_tokens_max);
        if let Ok(fresh) = subject.messages(plan.template, &plan.ask, plan.shape, structured, &[]) {
            if let (Some(system), Some(old)) = (fresh.first(), self.messages.first_mut()) {
                old.content.clone_from(&system.content);
            }
            if let (Some(ask), Some(old)) = (fresh.last(), self.messages.get_mut(self.ask_at)) {
                old.content.clone_from(&ask.content);
            }
        }
    }

    fn max_tokens(&self) -> u32 {
        let count = self.plan.as_ref().map_or(1, |p| p.ask.count.max(p.ask.items.len() as u32));
        let base = self.setup.knobs.max_tokens.unwrap_or(1024 + 512 * count);
        if self.widened { base.saturating_mul(2) } else { base }
    }
}
