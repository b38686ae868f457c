//! Talking with tools: the model looks tables up, tries statements on the gate, and hands its work in. What it hands
//! in goes the way of every reply; its word alone ends nothing.

use super::Action;
use super::learned::Learned;
use super::machine::Flow;
use crate::candidate::{Candidate, Verdict};
use crate::llm::endpoint::Structured;
use crate::llm::wire::{Message, Reply, Role, Tool, ToolCall};
use crate::prompt::describe::{describe, one_line};
use crate::prompt::shapes::Shape;
use serde_json::{Value, json};
use std::sync::Arc;

/// Turns in which a model may look and try before it has to hand in.
const TURNS_MAX: u32 = 6;
/// Tokens of a table that a tool describes.
const TABLE_TOKENS: usize = 1500;
const ROWS: usize = 3;

/// What a reply comes to.
pub(super) enum Called {
    /// A text to be read, written or handed in.
    Text(String),
    Next(Action),
}

fn tool(name: &'static str, description: &'static str, field: &str) -> Tool {
    let parameters = json!({"type": "object", "properties": {field: {"type": "string"}}, "required": [field], "additionalProperties": false});
    Tool { name, description, parameters: Arc::new(parameters) }
}

/// The tools of a call; near the end of the turns handing in is all that is left.
pub(super) fn tools(shape: Shape, used: Structured, turns: u32) -> Vec<Tool> {
    if used != Structured::Tools {
        return Vec::new();
    }
    let submit = Tool { name: shape.tool(), description: "Hands in the finished work.", parameters: shape.schema() };
    if turns >= TURNS_MAX || !matches!(shape, Shape::Pairs | Shape::Sql) {
        return vec![submit];
    }
    vec![
        tool("describe_table", "Columns, types, keys and comments of a table, named as schema.table.", "table"),
        tool("sample_rows", "A few rows of a table, made up in the manner of the real ones.", "table"),
        tool("check_sql", "Whether a statement may run and what it yields; the error where it does not.", "sql"),
        submit,
    ]
}

impl Flow {
    /// Answers tool calls, or finds in them what was handed in.
    pub(super) fn called(&mut self, reply: &Reply, learned: &mut Learned) -> Called {
        let shape = self.plan.as_ref().map_or(Shape::Pairs, |p| p.shape);
        if let Some(submitted) = reply.tool_calls.iter().find(|c| c.name == shape.tool()) {
            return Called::Text(submitted.arguments.clone());
        }
        // a text without any call is as good as one that was handed in
        if reply.tool_calls.is_empty() || self.tool_turns >= TURNS_MAX {
            return Called::Text(reply.text.clone());
        }
        self.tool_turns += 1;
        let mut said = Message::new(Role::Assistant, reply.text.clone());
        said.tool_calls.clone_from(&reply.tool_calls);
        self.messages.push(said);
        let mut statements = Vec::new();
        for call in &reply.tool_calls {
            match (call.name.as_str(), argument(call, "sql")) {
                ("check_sql", Some(sql)) => {
                    self.trials.push(call.id.clone());
                    statements.push(Candidate { sql: Some(sql), ..Candidate::default() });
                }
                _ => {
                    let answer = self.look(call);
                    self.answer(&call.id, answer);
                }
            }
        }
        Called::Next(if statements.is_empty() { self.call(learned) } else { Action::Check(statements) })
    }

    /// What the gate says of statements that the model tries; nothing of them is kept.
    pub(super) fn tried(&mut self, verdicts: &[Verdict], learned: &mut Learned) -> Action {
        for (id, verdict) in std::mem::take(&mut self.trials).into_iter().zip(verdicts) {
            let answer = match &verdict.refusal {
                None => {
                    let rows = verdict.result.as_ref().map(|r| r.rows);
                    let columns = verdict.result.as_ref().map(|r| r.columns.clone());
                    json!({"ok": true, "rows": rows, "columns": columns})
                }
                Some(refusal) => json!({"ok": false, "stage": refusal.stage, "sqlstate": refusal.sqlstate,
                    "message": super::repair::words(refusal), "position": refusal.position}),
            };
            self.answer(&id, answer.to_string());
        }
        self.call(learned)
    }

    fn answer(&mut self, id: &str, text: String) {
        let mut message = Message::new(Role::Tool, text);
        message.tool_call_id = Some(id.to_owned());
        self.messages.push(message);
    }

    /// Tools without the gate. No tool does anything.
    fn look(&self, call: &ToolCall) -> String {
        let Some(name) = argument(call, "table") else {
            return "There is no such tool, or its argument is missing.".to_owned();
        };
        let Some(table) = self.table(&name) else {
            return format!("There is no table {} here.", one_line(&name, 80));
        };
        if call.name == "sample_rows" {
            let name = self.setup.schema.tables[table].qualified();
            let rows = self.setup.notes.samples.get(&name).map_or(&[][..], Vec::as_slice);
            let rows: Vec<String> =
                rows.iter().take(ROWS).map(|row| one_line(&row.to_string(), 600).into_owned()).collect();
            return if rows.is_empty() { "No rows are shown of this table.".to_owned() } else { rows.join("\n") };
        }
        describe(&self.setup.schema, &self.setup.edges, &[table], 1, &self.setup.notes, TABLE_TOKENS)
    }
}

fn argument(call: &ToolCall, name: &str) -> Option<String> {
    let arguments: Value = serde_json::from_str(&call.arguments).ok()?;
    let text = arguments.get(name)?.as_str()?;
    (text.len() <= 16 * 1024 && !text.contains('\0')).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Hand, body, checked, outcome, pairs, refused, reply, setup};
    use super::super::{End, Event};
    use super::*;
    use crate::candidate::{ResultFacts, Stage};
    use crate::flow::setup::Knobs;
    use crate::llm::wire::Finish;
    use crate::plan::Phase;

    fn calls(list: &[(&str, String)]) -> Event {
        let mut reply = reply("", Finish::ToolCalls);
        let call = |(i, (name, arguments)): (usize, &(&str, String))| ToolCall {
            id: format!("c{i}"),
            name: (*name).to_owned(),
            arguments: arguments.clone(),
        };
        reply.tool_calls = list.iter().enumerate().map(call).collect();
        Event::Reply(reply)
    }

    fn hand(quota: u32) -> Hand {
        let mut setup = setup(Phase::SingleTable, Knobs::default());
        setup.structured = Structured::Tools;
        Hand::new(setup, quota)
    }

    #[test]
    fn looking_trying_and_handing_in() {
        let mut hand = hand(1);
        let sent = body(&hand.on(Event::Start));
        assert_eq!((sent["tools"].as_array().unwrap().len(), sent["tool_choice"].as_str()), (4, Some("required")));
        assert!(sent.get("response_format").is_none());
        let look = calls(&[
            ("describe_table", r#"{"table": "shop.product"}"#.into()),
            ("describe_table", r#"{"table": "nosuch"}"#.into()),
            ("sample_rows", r#"{"table": "shop.product"}"#.into()),
            ("rm", "[".into()),
        ]);
        let sent = body(&hand.on(look));
        let messages = sent["messages"].as_array().unwrap();
        assert_eq!(messages.len(), 2 + 1 + 4);
        assert!(messages[3]["content"].as_str().unwrap().contains("CREATE TABLE shop.product"));
        assert!(messages[4]["content"].as_str().unwrap().contains("no table nosuch"));
        assert!(messages[6]["content"].as_str().unwrap().contains("no such tool"));
        assert_eq!(checked(&hand.on(calls(&[("check_sql", r#"{"sql": "SELECT nam"}"#.into())]))), 1);
        let told = body(&hand.on(Event::Verdicts(vec![refused(Stage::Analyze)])));
        let last = told["messages"].as_array().unwrap().last().unwrap().clone();
        assert!(last["content"].as_str().unwrap().contains("42703"), "{last}");
        hand.on(calls(&[("check_sql", r#"{"sql": "SELECT 1"}"#.into())]));
        let fine = Verdict { result: Some(ResultFacts { rows: 3, ..ResultFacts::default() }), ..Verdict::default() };
        assert!(body(&hand.on(Event::Verdicts(vec![fine])))["messages"].to_string().contains(r#"\"rows\":3"#));
        assert_eq!(checked(&hand.on(calls(&[("submit_pairs", pairs(0, 1))]))), 1);
        // what the gate refuses goes back, without the turns before
        let repair = body(&hand.on(Event::Verdicts(vec![refused(Stage::Analyze)])));
        assert_eq!(repair["messages"].as_array().unwrap().len(), 4);
        assert_eq!(checked(&hand.on(calls(&[("submit_pairs", pairs(5, 1))]))), 1);
        assert_eq!(outcome(hand.on(Event::Verdicts(vec![Verdict::default()]))).end, End::Done);
    }

    #[test]
    fn a_model_that_only_looks_comes_to_an_end() {
        let mut hand = hand(1);
        let mut action = hand.on(Event::Start);
        let mut sent = 0;
        while let Action::Call(_) = action {
            sent += 1;
            assert!(sent < 60, "it has to end");
            action = hand.on(calls(&[("describe_table", r#"{"table": "shop.product"}"#.into())]));
        }
        assert_eq!(outcome(action).end, End::Failed("schema"));
    }

    #[test]
    fn a_text_instead_of_a_call_is_read() {
        let mut hand = hand(1);
        hand.on(Event::Start);
        assert_eq!(checked(&hand.says(&pairs(0, 1))), 1);
    }
}
