//! From what is asked to how it is asked: the styles and their frames.

use super::random::Rng;
use crate::error::{Error, Result};
use crate::schema::grammar::capitalize;

/// How a person may put it. `Metaphor` is left to models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Style {
    Interrogative,
    Imperative,
    Formal,
    Colloquial,
    Descriptive,
    Concise,
    Keyword,
    Technical,
    /// Leans on a definition that stands in `evidence`.
    Vague,
    /// In two turns.
    MultiTurn,
}

impl Style {
    pub(crate) const ALL: [Style; 10] = [
        Style::Interrogative,
        Style::Imperative,
        Style::Formal,
        Style::Colloquial,
        Style::Descriptive,
        Style::Concise,
        Style::Keyword,
        Style::Technical,
        Style::Vague,
        Style::MultiTurn,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Style::Interrogative => "interrogative",
            Style::Imperative => "imperative",
            Style::Formal => "formal",
            Style::Colloquial => "colloquial",
            Style::Descriptive => "descriptive",
            Style::Concise => "concise",
            Style::Keyword => "keyword",
            Style::Technical => "technical",
            Style::Vague => "vague",
            Style::MultiTurn => "multi-turn",
        }
    }

    /// The style of that name; an unknown one is the caller's mistake.
    pub(crate) fn named(name: &str) -> Result<Style> {
        Style::ALL.into_iter().find(|s| s.name() == name).ok_or_else(|| {
            let error = Error::invalid(format!("option \"styles\" cannot hold \"{name}\" with engine \"offline\""));
            error.hint(format!("Possible are {}.", Style::ALL.map(Style::name).join(", ")))
        })
    }
}

/// What is asked for, as a noun phrase and as questions; and what is said besides, such as the order.
#[derive(Debug, Clone, Default)]
pub(super) struct Speech {
    /// "the number of films per rating".
    pub nominal: Vec<String>,
    /// "how many films are there per rating".
    pub questions: Vec<String>,
    pub extras: Vec<Extra>,
    /// The noun phrase stands for a list of things rather than for a figure.
    pub lists: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Extra {
    /// Goes on after the phrase: ", highest first".
    pub inline: String,
    /// Stands alone: "Start with the highest".
    pub sentence: String,
}

impl Extra {
    pub(super) fn new(inline: impl Into<String>, sentence: impl Into<String>) -> Extra {
        Extra { inline: inline.into(), sentence: sentence.into() }
    }
}

const SHOW: &[&str] = &[
    "Show", "List", "Show me", "Give me", "Return", "Find", "Display", "Get", "Name", "Look up", "Pull up", "Print",
    "Collect",
];
const TELL: &[&str] = &[
    "Show", "Give", "Report", "Calculate", "Work out", "Determine", "Compute", "Tell me", "Return", "Find", "Get",
    "Provide", "Show me", "State", "Present",
];
const FORMAL: &[&str] = &[
    "Please provide {}.",
    "Please report {}.",
    "Kindly list {}.",
    "We require {}.",
    "Please determine {}.",
    "Please state {}.",
    "For our records, provide {}.",
    "The management requests {}.",
    "Kindly supply {}.",
    "We request an overview of {}.",
    "Please compile {}.",
    "May we ask for {}?",
    "The board would like to see {}.",
    "Kindly prepare {}.",
    "Would you be so kind as to provide {}?",
    "For the report, please establish {}.",
];
const COLLOQUIAL: &[&str] = &[
    "Can you get me {}?",
    "I'd like to see {}.",
    "Could you show me {}?",
    "I want to know {}.",
    "Can you pull up {}?",
    "Hey, can I have {}?",
    "I'm curious about {}.",
    "Mind showing me {}?",
    "Let me see {}.",
    "Would you look up {}?",
    "Give me a quick look at {}.",
    "Can we get {}?",
    "So, {}, please.",
    "Quick one: {}?",
    "Any chance you can dig up {}?",
];
const DESCRIPTIVE: &[&str] = &[
    "I am looking for {}.",
    "The overview should show {}.",
    "We want to see {}.",
    "For a report, I need {}.",
    "What interests me is {}.",
    "On the agenda today: {}.",
    "Our monthly review covers {}.",
    "A colleague has asked for {}.",
    "My team is trying to find out {}.",
    "The dashboard has to present {}.",
    "For a presentation we need {}.",
    "The answer should give {}.",
    "Our analysis depends on {}.",
    "I am preparing a summary and need {}.",
];
const TECHNICAL: &[&str] = &[
    "Write a query that returns {}.",
    "Query {}.",
    "Retrieve {}.",
    "Select {}.",
    "Write SQL to obtain {}.",
    "Compose a query for {}.",
    "Fetch {}.",
    "Run a query for {}.",
    "Extract {}.",
    "From the database, return {}.",
    "Formulate a statement that yields {}.",
    "Output {}.",
];
/// Frames for a question within another sentence.
const IMPERATIVE_CLAUSE: &[&str] =
    &["Tell me {}.", "Find out {}.", "Check {}.", "Say {}.", "Work out {}.", "Look up {}.", "Let me know {}."];
const FORMAL_CLAUSE: &[&str] = &[
    "Please state {}.",
    "We would like to know {}.",
    "Kindly let us know {}.",
    "Please establish {}.",
    "Could you inform us {}?",
];
const COLLOQUIAL_CLAUSE: &[&str] =
    &["Do you know {}?", "Any idea {}?", "Can you tell me {}?", "I wonder {}.", "Remind me {}.", "Could you see {}?"];
const DESCRIPTIVE_CLAUSE: &[&str] = &[
    "We are trying to find out {}.",
    "The report should say {}.",
    "I need to know {}.",
    "My manager keeps asking {}.",
    "A customer wants to learn {}.",
    "Before the meeting I have to know {}.",
];

/// One wording of the request in the given style.
pub(super) fn utter(rng: &mut Rng, style: Style, speech: &Speech) -> String {
    let nominal = rng.pick(&speech.nominal).cloned().unwrap_or_default();
    let question = rng.pick(&speech.questions).cloned().unwrap_or_default();
    let one_sentence = rng.chance(60);
    let inline: String = speech.extras.iter().map(|e| e.inline.as_str()).collect();
    let sentences: String = speech.extras.iter().map(|e| format!(" {}.", e.sentence)).collect();
    let (tail, after) = if one_sentence { (inline.clone(), String::new()) } else { (String::new(), sentences) };
    let text = match style {
        _ if let Some(frames) = clauses(style)
            && let Some(asked) = indirect(&question)
            && rng.chance(45) =>
        {
            framed(rng, frames, &format!("{asked}{tail}")) + &after
        }
        Style::Interrogative | Style::MultiTurn if !question.is_empty() => {
            format!("{}{tail}?{after}", capitalize(&question))
        }
        Style::Interrogative | Style::MultiTurn | Style::Imperative => {
            format!("{} {nominal}{tail}.{after}", rng.word(if speech.lists { SHOW } else { TELL }))
        }
        Style::Formal => framed(rng, FORMAL, &format!("{nominal}{tail}")) + &after,
        Style::Colloquial | Style::Vague if !question.is_empty() && rng.chance(40) => {
            let lead =
                rng.word(&["", "So ", "Hey, ", "Just wondering: ", "Out of curiosity, ", "Quick question: ", "Hi, "]);
            let asked = if lead.is_empty() { capitalize(&question) } else { format!("{lead}{question}") };
            format!("{asked}{tail}?{after}")
        }
        Style::Colloquial | Style::Vague => framed(rng, COLLOQUIAL, &format!("{nominal}{tail}")) + &after,
        Style::Descriptive => framed(rng, DESCRIPTIVE, &format!("{nominal}{tail}")) + &after,
        Style::Concise => capitalize(without_article(&format!("{nominal}{inline}"))),
        Style::Keyword => keywords(&format!("{nominal}{inline}")),
        Style::Technical => framed(rng, TECHNICAL, &format!("{nominal}{tail}")) + &after,
    };
    tidy(&text)
}

fn clauses(style: Style) -> Option<&'static [&'static str]> {
    match style {
        Style::Imperative => Some(IMPERATIVE_CLAUSE),
        Style::Formal => Some(FORMAL_CLAUSE),
        Style::Colloquial | Style::Vague => Some(COLLOQUIAL_CLAUSE),
        Style::Descriptive => Some(DESCRIPTIVE_CLAUSE),
        _ => None,
    }
}

/// A question as it stands within another sentence: "how many films there are per rating". Only where its words can
/// keep their order.
fn indirect(question: &str) -> Option<String> {
    if [" and what ", " and which ", ", what ", ", which "].iter().any(|two| question.contains(two)) {
        return None;
    }
    if let Some(rest) = question.strip_prefix("how many ") {
        if let Some((rows, after)) = rest.split_once(" are there") {
            return Some(format!("how many {rows} there are{after}"));
        }
        if let Some(rows) = rest.strip_suffix(" do we have") {
            return Some(format!("how many {rows} we have"));
        }
        if let (Some((rows, owner)), false) = (rest.split_once(" does each "), rest.contains(" do ")) {
            return owner.strip_suffix(" have").map(|owner| format!("how many {rows} each {owner} has"));
        }
        return rest.ends_with(" are on record").then(|| question.to_owned());
    }
    let straight = question.starts_with("which ")
        && [" do ", " does ", " are there", "which are "].iter().all(|turned| !question.contains(turned));
    straight.then(|| question.to_owned())
}

fn framed(rng: &mut Rng, frames: &[&'static str], nominal: &str) -> String {
    let frame = rng.word(frames);
    // "a query for for every film"
    let doubled = |frame: &str| nominal.starts_with("for ") && frame.contains(" for {}");
    let other = frames.iter().find(|f| !doubled(f)).filter(|_| doubled(frame));
    other.unwrap_or(&frame).replacen("{}", nominal, 1)
}

fn without_article(text: &str) -> &str {
    text.strip_prefix("the ").unwrap_or(text)
}

/// The phrase as it is typed into a search box: clauses set apart by commas, without the words that carry no meaning.
/// Quoted values stay whole.
fn keywords(text: &str) -> String {
    const IDLE: &[&str] = &["the", "a", "an", "their", "its"];
    let mut out = String::new();
    for (i, part) in text.split('"').enumerate() {
        if i % 2 == 1 {
            out.push_str(&format!("\"{part}\""));
            continue;
        }
        let mut part = part.to_owned();
        for (from, to) in [
            (" are ones whose ", " where "),
            (" or whose ", " or "),
            (" and whose ", ", whose "),
            (" along with ", ", "),
            (" together with ", ", "),
            (", each with ", ", "),
            (" that are ", " "),
            (" who are ", " "),
            (" that is ", " "),
            (" who is ", " "),
        ] {
            part = part.replace(from, to);
        }
        // the verb of a clause goes with its pronoun
        let mut clauses = part.split(" whose ");
        let mut said = clauses.next().unwrap_or("").trim_end_matches(',').to_owned();
        for clause in clauses {
            let verb = [" is ", " are "].iter().filter_map(|v| Some((clause.find(v)?, v.len()))).min();
            let clause = match verb {
                Some((at, len)) => format!("{} {}", &clause[..at], &clause[at + len..]),
                None => clause.to_owned(),
            };
            said = format!("{}, {clause}", said.trim_end_matches(','));
        }
        // what comes after the clauses is a clause too
        if let Some(after) = part.rfind(" whose ") {
            for link in [" per ", " for each "] {
                if part[after..].contains(link) && !part[after..].contains("quantity per unit") {
                    said = said.replace(link, &format!(",{link}"));
                }
            }
        }
        let words: Vec<&str> = said.split(' ').filter(|w| !IDLE.contains(&w.trim_end_matches(','))).collect();
        out.push_str(&words.join(" "));
    }
    out
}

fn tidy(text: &str) -> String {
    text.replace("  ", " ")
        .replace(" ,", ",")
        .replace(",,", ",")
        .replace(" .", ".")
        .replace("..", ".")
        .replace(",?", "?")
        .replace(",.", ".")
        // whatever stands behind, the number is one
        .replace("hat are the number of ", "hat is the number of ")
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_frame_says_for_twice() {
        for seed in 0..200 {
            let mut rng = Rng::new(&[seed]);
            for frames in [FORMAL, COLLOQUIAL, DESCRIPTIVE, TECHNICAL] {
                assert!(!framed(&mut rng, frames, "for every film, the number of actors").contains(" for for "));
            }
        }
    }

    #[test]
    fn key_words_are_clauses_with_commas() {
        for (said, typed) in [
            (
                "the number of films whose rating is R and whose length is above 90 per category",
                "number of films, rating R, length above 90, per category",
            ),
            ("customers who are active, along with their \"the\" and a city", "customers active, \"the\" and city"),
            ("the films that are rated PG", "films rated PG"),
        ] {
            assert_eq!(keywords(said).replace(",,", ","), typed);
        }
    }

    #[test]
    fn a_question_turns_into_a_clause_where_it_can() {
        for (question, clause) in [
            ("how many films are there per rating", Some("how many films there are per rating")),
            ("how many rentals does each customer have", Some("how many rentals each customer has")),
            ("how many films do we have", Some("how many films we have")),
            ("which five films have the most actors", Some("which five films have the most actors")),
            ("which different cities do customers have", None),
            ("how many films are there, and what is their average length", None),
            ("what is the average length of films", None),
        ] {
            assert_eq!(indirect(question).as_deref(), clause, "{question}");
        }
    }

    #[test]
    fn every_style_says_the_request_and_its_order() {
        let speech = Speech {
            nominal: vec!["the number of films per rating".into()],
            questions: vec!["how many films are there per rating".into()],
            extras: vec![Extra::new(", highest first", "Start with the highest")],
            lists: false,
        };
        for style in Style::ALL {
            for seed in 0..20 {
                let text = utter(&mut Rng::new(&[seed]), style, &speech);
                assert!(
                    ["films per", "films are there per", "films there are per"]
                        .iter()
                        .any(|said| text.contains(&format!("{said} rating"))),
                    "{text}"
                );
                assert!(text.contains("highest"), "{text}");
                assert_eq!(Style::named(style.name()), Ok(style));
            }
        }
    }
}
