//! The first few rows by what happened to them: "the five facilities opened most recently".

use super::super::condition;
use super::super::draw::Draw;
use super::super::moment;
use super::super::phrase;
use super::super::say::Speech;
use super::breakdown::of_number;
use super::list;
use crate::schema::grammar;

/// "the five facilities opened most recently": by what happened to them, where their time tells it.
#[allow(clippy::too_many_arguments)]
pub(super) fn speech(
    draw: &mut Draw,
    shown: &list::Shown,
    (rows, one): (&str, &str),
    noun: &str,
    time: bool,
    descending: bool,
    n: u64,
    show_by: bool,
) -> Option<Speech> {
    if !time || phrase::has_clause(rows) || !shown.named && shown.nouns.is_empty() {
        return None;
    }
    let happened = moment::happened(noun)?;
    let done = happened.strip_prefix("were ").unwrap_or(happened);
    // "the three visits that started first"
    let person = draw.scope.subject().person;
    let that = if person { "who" } else { "that" };
    let done = if done == happened { format!("{that} {done}") } else { done.to_owned() };
    let when = if descending { draw.rng.word(&["most recently", "last"]) } else { "first" };
    let when = if done.starts_with("last ") && when == "last" { "most recently" } else { when };
    let (these, verb) = match n {
        1 => (one.to_owned(), happened.replacen("were ", "was ", 1)),
        n => (format!("{} {rows}", of_number(n)), happened.to_owned()),
    };
    let mut nouns = shown.nouns.clone();
    if show_by && !nouns.iter().any(|n| n == noun) {
        nouns.push(noun.to_owned());
    }
    let (list, its) = (grammar::and_list(&nouns), if n == 1 && !person { "its" } else { "their" });
    let (with, and) = match nouns.as_slice() {
        [] => (String::new(), String::new()),
        [only] => (format!(", with {its} {list}"), format!(", and what {} {its} {list}", condition::be(only))),
        _ => (format!(", with {its} {list}"), format!(", and what are {its} {list}")),
    };
    // who was born last is the youngest
    if happened == "were born" && person && shown.named {
        let age = if descending { "youngest" } else { "oldest" };
        let (these, is) = match n {
            1 => (format!("{age} {one}"), "is"),
            n => (format!("{} {age} {rows}", of_number(n)), "are"),
        };
        let (nominal, questions) = (format!("the {these}{with}"), format!("who {is} the {these}{and}"));
        return Some(Speech { nominal: vec![nominal], questions: vec![questions], extras: Vec::new(), lists: true });
    }
    let nominal = vec![if shown.named {
        format!("the {these} {done} {when}{with}")
    } else {
        format!("the {list} of the {these} {done} {when}")
    }];
    let questions = vec![format!("which {these} {verb} {when}{and}")];
    Some(Speech { nominal, questions, extras: Vec::new(), lists: true })
}
