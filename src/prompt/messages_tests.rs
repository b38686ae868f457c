use super::*;
use crate::prompt::test_schema::shop;
use crate::schema::relationships::declared;
use std::collections::BTreeMap;

fn with<T>(tokens_max: usize, work: impl FnOnce(&Subject) -> T) -> T {
    let schema = shop();
    let edges = declared(&schema);
    let templates = Templates::new(&BTreeMap::new()).unwrap();
    let subject = Subject {
        schema: &schema,
        edges: &edges,
        notes: &Notes::default(),
        templates: &templates,
        values_shown: false,
        tokens_max,
    };
    work(&subject)
}

fn ask() -> Ask {
    Ask { count: 3, shown: vec![0, 2], needed: 2, min_tables: 2, ..Ask::default() }
}

#[test]
fn the_prompt_of_joins() {
    let ask = Ask { seen: vec!["How many\ncustomers left?".into()], difficulty: Some("easy".into()), ..ask() };
    let messages = with(4000, |s| s.messages("joins", &ask, Shape::Pairs, Structured::JsonSchema, &[])).unwrap();
    assert!(messages[0].content.starts_with("You are a data analyst who knows PostgreSQL 15 and"));
    assert!(!messages[0].content.contains("JSON"), "the server is given a schema");
    assert_eq!(
        messages[1].content,
        r#"Database "shop":

-- People who buy; about 120 rows
CREATE TABLE shop.customer (
  customer_id integer PRIMARY KEY,
  name text,  -- Full name of the customer
  status customer_status  -- one of 'active', 'left'
);

-- about 900 rows
CREATE TABLE shop."order" (
  order_id integer PRIMARY KEY,
  customer_id integer NOT NULL REFERENCES shop.customer (customer_id),
  "ordered on" date
);

Write 3 questions with SQL; each statement joins at least 2 of these tables along the relationships shown, and needs every table that it joins. Among several, vary inner and outer joins, aggregates over a join, absence (things without a counterpart), and self-joins where they mean something.

Difficulty: easy (one clause or two).

Asked before, so neither these again nor the same with other nouns:
- How many customers left?"#
    );
}

#[test]
fn the_form_is_told_where_no_schema_is_sent() {
    for structured in [Structured::JsonObject, Structured::Text] {
        let messages = with(4000, |s| s.messages("joins", &ask(), Shape::Pairs, structured, &[])).unwrap();
        assert!(messages[0].content.contains("JSON"), "json_object mode wants the word");
        assert!(messages[0].content.ends_with(Shape::Pairs.example()));
    }
}

#[test]
fn history_is_trimmed_from_its_old_end() {
    let history: Vec<Rc<Turn>> =
        (0..50).map(|n| Rc::new((format!("ask {n:02}"), format!("{n:02} {}", "word ".repeat(100))))).collect();
    let messages = with(8000, |s| s.messages("joins", &ask(), Shape::Pairs, Structured::Auto, &history)).unwrap();
    assert_eq!(messages.len(), 2 + 2 * 11);
    assert_eq!(messages[messages.len() - 3].content, "ask 49");
    assert!(messages.iter().map(|m| tokens(&m.content)).sum::<usize>() <= 8000);
}

#[test]
fn every_template_can_be_rendered() {
    let item = serde_json::json!({"question": "q", "sql": "s", "stage": "parse", "sqlstate": "42601", "message": "m",
        "position": 3, "hint": null, "evidence": "e", "literals": ["a"]});
    let candidate =
        serde_json::json!({"child": "a (b)", "parent": "c (d)", "declared": false, "confidence": 0.5, "evidence": "x"});
    let ask = Ask {
        items: vec![item.clone(), item],
        candidates: vec![candidate],
        question: Some("How many?".into()),
        function: Some("upper".into()),
        theme: Some("sales".into()),
        style: Some("formal".into()),
        style_hint: Some("as in a report".into()),
        max_tables: 5,
        seen: vec!["x".into()],
        ..ask()
    };
    // the card is no prompt
    for (template, _) in crate::prompt::templates::shipped().iter().filter(|(name, _)| *name != "card") {
        for structured in [Structured::Auto, Structured::Text] {
            let text = with(4000, |s| s.render(template, &ask, Shape::Pairs, structured, 1000));
            assert!(text.as_ref().is_ok_and(|t| !t.contains("{{") && !t.contains("{%")), "{template}: {text:?}");
        }
    }
    let text = with(4000, |s| s.render("table_sets", &ask, Shape::TableSets, Structured::Auto, 1000)).unwrap();
    assert!(
        text.contains("- shop.customer (customer_id, name, status), related to shop.\"order\": People who buy"),
        "{text}"
    );
    assert!(!text.contains("shop.empty"));
}
