use super::*;
use crate::prompt::test_schema::shop;
use crate::schema::relationships::declared;
use serde_json::json;

#[test]
fn a_table_with_all_that_is_known() {
    let schema = shop();
    let mut notes = Notes::default();
    notes.values.insert("shop.customer.name".into(), vec!["Ann".into(), "O'Neil".into()]);
    notes.samples.insert("shop.customer".into(), vec![json!({"customer_id": 7, "name": "Ann\nLee"})]);
    let text = describe(&schema, &declared(&schema), &[0, 2], 1, &notes, 1000);
    assert_eq!(
        text,
        r#"-- People who buy; about 120 rows
CREATE TABLE shop.customer (
  customer_id integer PRIMARY KEY,
  name text,  -- Full name of the customer; values 'Ann', 'O''Neil'
  status customer_status  -- one of 'active', 'left'
);
-- row, made up: {"customer_id":7,"name":"Ann\nLee"}

-- about 900 rows
CREATE TABLE shop."order" (
  order_id integer PRIMARY KEY,
  customer_id integer NOT NULL REFERENCES shop.customer (customer_id),
  "ordered on" date
);"#
    );
}

#[test]
fn composite_keys_checks_and_inferred_relationships() {
    let schema = shop();
    let mut edges = declared(&schema);
    let mut guessed = edges[0].clone();
    guessed.declared = false;
    edges.push(guessed);
    let text = describe(&schema, &edges, &[0, 2, 3], 3, &Notes::default(), 1000);
    assert!(text.contains("  PRIMARY KEY (order_id, product_id),\n  CHECK ((quantity > 0))\n);"), "{text}");
    assert!(text.contains(r#"-- shop."order" (customer_id) refers to shop.customer (customer_id)"#), "{text}");
}

#[test]
fn less_is_said_until_it_fits() {
    let mut schema = shop();
    for n in 0..200 {
        let mut column = schema.tables[0].columns[1].clone();
        column.name = format!("detail_{n:03}");
        column.comment = Some("A long explanation of what this column means to those who use it. ".repeat(5));
        schema.tables[0].columns.push(column);
    }
    let all = [0, 2, 3, 5];
    let edges = declared(&schema);
    let mut before = usize::MAX;
    for most in [20_000, 6000, 2000, 800, 300, 150] {
        let text = describe(&schema, &edges, &all, 1, &Notes::default(), most);
        assert!(tokens(&text) <= most, "{most}: {}", tokens(&text));
        assert!(text.len() <= before);
        assert!(text.contains("customer_id integer PRIMARY KEY"), "keys stay");
        before = text.len();
    }
    let text = describe(&schema, &edges, &all, 4, &Notes::default(), 10);
    assert!(text.contains("shop.product"), "what is needed is never left out");
}

#[test]
fn texts_from_the_database_stay_on_their_line() {
    assert_eq!(one_line(" a\n\tb\u{0}\r c ", 99), "a b c");
    assert_eq!(one_line("abcdef", 3), "abc..");
    assert_eq!(one_line("äöü", 3), "äöü");
}
