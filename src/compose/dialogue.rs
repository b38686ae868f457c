//! Dialogues: what is wanted comes first, how it is to be put comes in a second turn.

use super::draw::Draft;
use super::random::Rng;
use super::say::{Speech, Style, utter};
use super::tree::{Distinct, Select};
use serde_json::{Value, json};

/// A first question, its statement, and what is asked of the answer then.
pub(super) struct Dialogue {
    pub first: String,
    sql: String,
    pub then: String,
}

/// The turns of a draft whose order was asked for besides; none where it has no such order.
pub(super) fn dialogue(rng: &mut Rng, draft: &Draft) -> Option<Dialogue> {
    let [extra] = draft.speech.extras.as_slice() else { return None };
    let query = &draft.query;
    let ordered = !query.order.is_empty() && query.limit.is_none() && !matches!(query.distinct, Distinct::On(_));
    if !ordered || extra.sentence.starts_with("Rank ") {
        return None;
    }
    let plain = Select { order: Vec::new(), ..query.clone() };
    let speech = Speech { extras: Vec::new(), ..draft.speech.clone() };
    let style = [Style::Interrogative, Style::Colloquial, Style::Imperative][rng.below(3)];
    let first = utter(rng, style, &speech);
    let lead = rng.word(&["", "Good. ", "Thanks. ", "Now please: ", "And one more thing: "]);
    Some(Dialogue { first, sql: plain.sql(), then: format!("{lead}{}.", extra.sentence) })
}

impl Dialogue {
    /// As messages, in the words given for the two questions.
    pub(super) fn turns(&self, first: &str, then: &str) -> Value {
        json!([
            {"role": "user", "content": first},
            {"role": "assistant", "content": self.sql},
            {"role": "user", "content": then},
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::super::say::Extra;
    use super::super::tree::{Expr, Limit, Order, Source};
    use super::*;

    fn draft() -> Draft {
        let by = Expr::Column("f".into(), "title".into());
        let query = Select {
            columns: vec![(by.clone(), None)],
            from: Some(Source::Table("film".into(), "f".into())),
            order: vec![Order { by, descending: false, nulls_last: false }],
            ..Select::default()
        };
        let speech = Speech {
            nominal: vec!["the titles of films".into()],
            questions: vec!["what are the titles of films".into()],
            extras: vec![Extra::new(", from A to Z", "Sort them from A to Z")],
            lists: true,
        };
        Draft::new(query, speech)
    }

    #[test]
    fn the_order_is_asked_for_in_a_turn_of_its_own() {
        let found = dialogue(&mut Rng::new(&[1]), &draft()).unwrap();
        assert!(found.then.ends_with("Sort them from A to Z."));
        assert!(found.first.contains("titles of films") && !found.first.contains("A to Z"));
        let turns = found.turns("a", "b");
        assert_eq!(turns[1]["content"], "SELECT title FROM film");
        assert_eq!((&turns[0]["content"], &turns[2]["content"]), (&json!("a"), &json!("b")));
        let mut cut = draft();
        cut.query.limit = Some(Limit::Rows(3));
        assert!(dialogue(&mut Rng::new(&[1]), &cut).is_none());
    }
}
