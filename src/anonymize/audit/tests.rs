use super::*;
use crate::error::Result;
use std::collections::HashSet;

/// Columns and what they hold.
struct Data(Vec<(&'static str, &'static str)>);

impl Origins for Data {
    fn holds(&mut self, place: &str, text: &str) -> Result<bool> {
        Ok(self.0.iter().any(|(p, t)| *p == place && fold(t) == fold(text)))
    }

    fn shares(&mut self, place: &str, word: &str) -> Result<bool> {
        Ok(place == "s.film.title" && word == "Falls")
    }
}

fn text(form: Form, text: &str) -> Stored {
    Stored {
        found_in: "dataset".into(),
        id: 1,
        field: "x".into(),
        form,
        tables: [].into(),
        columns: [].into(),
        place: None,
        text: text.into(),
    }
}

fn of(place: &str, stored: Stored) -> Stored {
    let table = place.rsplit_once('.').map(|(t, _)| t.into());
    Stored { tables: table.into_iter().collect(), place: Some(place.into()), ..stored }
}

/// A record that reads s.film.title, and nothing of s.person.
fn about_films(stored: Stored) -> Stored {
    Stored { tables: ["s.film".into()].into(), columns: ["s.film.title".into()].into(), ..stored }
}

/// What of the texts leaks `value` of s.person.name.
fn leaks(texts: &[Stored], value: &str) -> Vec<(usize, Match)> {
    let stored = texts.iter().enumerate().map(|(i, t)| Stored { id: i as i64, ..t.clone() });
    let mut open = Open::default();
    open.add_words("price virginia");
    open.add_value("s.product", "Boston Crab Meat");
    open.add_value("s.film", "Bluebeard");
    let haystack = Haystack::new(stored.collect());
    let protected = HashSet::from(["s.person.name".to_owned(), "s.film.director".to_owned()]);
    let judge = Judge { haystack: &haystack, open: &open, protected: &protected };
    let mut data = Data(vec![("s.film.title", "Harker Falls"), ("s.film.title", "Wilhelmina")]);
    judge.leaks(&Protected { table: "s.person", place: "s.person.name", text: value }, &mut data).unwrap()
}

#[test]
fn values_are_found_whole_folded_and_as_parts() {
    let texts = [
        text(Form::Prose, "How many orders has Octavian Harker?"),
        text(Form::Value, "mary.smith@mail.test"),
        text(Form::Cell, "see MARY.SMITH@MAIL.TEST, urgent"),
        text(Form::Value, "Ann"),
        text(Form::Code, "SELECT 1 AS \"Octavian Harker\""),
        text(Form::Code, "SELECT 1 /* octavian harker */ FROM blackwood_sales"),
    ];
    assert_eq!(leaks(&texts, "Octavian Harker"), [(0, Match::Part), (4, Match::Part), (5, Match::Part)]);
    assert_eq!(leaks(&texts[..1], "octavian"), [(0, Match::Part)]);
    assert_eq!(leaks(&texts, "MARY.SMITH@mail.test"), [(1, Match::Folded), (2, Match::Part)]);
    assert_eq!(leaks(&texts, "mary.smith@mail.test")[0], (1, Match::Exact));
    assert_eq!(leaks(&texts, "Ann"), [(3, Match::Exact)]);
    for nothing in ["An", "Mina Harker", "Helmina", "Blackwood"] {
        assert_eq!(leaks(&texts, nothing), [], "{nothing}");
    }
}

#[test]
fn words_of_the_language_and_of_the_catalog_are_nobodys_name() {
    let texts = [
        text(Form::Prose, "What is the total price of young customers?"),
        text(Form::Prose, "Young members by month"),
        text(Form::Prose, "Which fields (and only fields) are power users?"),
        text(Form::Value, "day"),
        text(Form::Code, "SELECT Power(price, 2) AS power_price"),
        text(Form::Prose, "Orders of Miss Young"),
        text(Form::Prose, "Who are they? brown, blackwood"),
    ];
    for (name, found) in [
        ("Price", vec![]),
        ("VIRGINIA", vec![]),
        ("Young", vec![5]),
        ("FIELDS", vec![]),
        ("POWER", vec![]),
        ("Day", vec![]),
        ("Brown", vec![]),
        ("Blackwood", vec![6]),
    ] {
        assert_eq!(leaks(&texts, name).iter().map(|(at, _)| *at).collect::<Vec<_>>(), found, "{name}");
    }
    // where the column itself is read, a word is a value
    let reads = Stored { columns: ["s.person.name".into()].into(), ..text(Form::Value, "day") };
    assert_eq!(leaks(&[reads], "DAY"), [(0, Match::Folded)]);
    assert_eq!(leaks(&[of("s.person.name", text(Form::Value, "day"))], "DAY"), [(0, Match::Folded)]);
}

#[test]
fn what_an_open_column_shows_is_no_leak_where_it_is_read() {
    let texts = [
        text(Form::Value, "Boston Crab Meat"),
        text(Form::Prose, "Prices of Boston Crab Meat"),
        text(Form::Prose, "People of old Boston"),
        about_films(text(Form::Prose, "What of Bluebeard?")),
        about_films(text(Form::Prose, "Orders of Boston Crab Meat")),
        about_films(text(Form::Prose, "When did Wilhelmina run?")),
        text(Form::Prose, "When did Wilhelmina run?"),
        about_films(text(Form::Value, "Wilhelmina")),
        of("s.film.title", text(Form::Value, "Harker Falls")),
        of("s.film.title", text(Form::Value, "Mina Harker Falls")),
    ];
    let found = |value| leaks(&texts, value).iter().map(|(at, _)| *at).collect::<Vec<_>>();
    assert_eq!(found("Boston"), [2, 4]);
    assert_eq!(found("Bluebeard"), Vec::<usize>::new());
    assert_eq!(found("Wilhelmina"), [6]);
    assert_eq!(found("Harker Falls"), [9]);
}

#[test]
fn a_literal_of_the_record_is_judged_once() {
    let one = text(Form::Prose, "Films of Bluebeard the Pirate");
    let literal = of("s.film.title", text(Form::Value, "Bluebeard the Pirate"));
    // both of one record
    let haystack = Haystack::new(vec![one, literal]);
    let open = Open::default();
    let judge = Judge { haystack: &haystack, open: &open, protected: &HashSet::new() };
    let value = Protected { table: "s.person", place: "s.person.name", text: "Bluebeard" };
    let found = judge.leaks(&value, &mut Data(Vec::new())).unwrap();
    assert_eq!(found, [(1, Match::Part)], "the title is not one, so the literal has it from elsewhere");
    let found = judge.leaks(&value, &mut Data(vec![("s.film.title", "Bluebeard the Pirate")])).unwrap();
    assert_eq!(found, []);
}

#[test]
fn a_word_that_many_texts_of_a_column_have_is_nobodys() {
    let record = |column: &str, word: &str| {
        let literal = of(column, text(Form::Value, &format!("%{word}%")));
        let question = Stored { field: "question".into(), ..text(Form::Prose, &format!("Films called \"{word}\"")) };
        let haystack = Haystack::new(vec![question, literal]);
        let judge = Judge { haystack: &haystack, open: &Open::default(), protected: &HashSet::new() };
        let value = Protected { table: "s.person", place: "s.person.name", text: word };
        judge.leaks(&value, &mut Data(Vec::new())).unwrap().len()
    };
    assert_eq!(record("s.film.title", "Falls"), 0);
    assert_eq!(record("s.film.title", "Harker"), 1);
    assert_eq!(record("s.person.name", "Falls"), 1);
}

#[test]
fn a_fake_may_be_another_tables_name_but_not_its_own() {
    let cell = |place: &str, t: &str| of(place, text(Form::Cell, t));
    let texts = [
        cell("s.person.name", "Harker"),
        cell("s.person.town", "Harker"),
        cell("s.film.director", "Harker"),
        cell("s.film.director", "a@b.test x"),
        cell("s.film.title", "Wilhelmina"),
    ];
    let found = |value| leaks(&texts, value).iter().map(|(at, _)| *at).collect::<Vec<_>>();
    assert_eq!(found("Harker"), [0, 1]);
    assert_eq!(found("a@b.test"), [3]);
    assert_eq!(found("Wilhelmina"), Vec::<usize>::new());
}
