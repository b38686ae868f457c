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
}

impl Style {
    pub(crate) const ALL: [Style; 8] = [
        Style::Interrogative,
        Style::Imperative,
        Style::Formal,
        Style::Colloquial,
        Style::Descriptive,
        Style::Concise,
        Style::Keyword,
        Style::Technical,
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
    "An overview of {} is requested.",
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
    "Would you check {} for me?",
    "So, {}, please.",
    "Quick one: {}?",
    "Any chance you can dig up {}?",
];
const DESCRIPTIVE: &[&str] = &[
    "I am looking for {}.",
    "The overview should show {}.",
    "We want to see {}.",
    "I need {} for a report.",
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
        Style::Interrogative if !question.is_empty() => format!("{}{tail}?{after}", capitalize(&question)),
        Style::Interrogative | Style::Imperative => {
            format!("{} {nominal}{tail}.{after}", rng.word(if speech.lists { SHOW } else { TELL }))
        }
        Style::Formal => framed(rng, FORMAL, &format!("{nominal}{tail}")) + &after,
        Style::Colloquial if !question.is_empty() && rng.chance(40) => {
            let lead =
                rng.word(&["", "So ", "Hey, ", "Just wondering: ", "Out of curiosity, ", "Quick question: ", "Hi, "]);
            let asked = if lead.is_empty() { capitalize(&question) } else { format!("{lead}{question}") };
            format!("{asked}{tail}?{after}")
        }
        Style::Colloquial => framed(rng, COLLOQUIAL, &format!("{nominal}{tail}")) + &after,
        Style::Descriptive => framed(rng, DESCRIPTIVE, &format!("{nominal}{tail}")) + &after,
        Style::Concise => capitalize(without_article(&format!("{nominal}{inline}"))),
        Style::Keyword => keywords(&format!("{nominal}{inline}")),
        Style::Technical => framed(rng, TECHNICAL, &format!("{nominal}{tail}")) + &after,
    };
    tidy(&text)
}

fn framed(rng: &mut Rng, frames: &[&'static str], nominal: &str) -> String {
    rng.word(frames).replacen("{}", nominal, 1)
}

fn without_article(text: &str) -> &str {
    text.strip_prefix("the ").unwrap_or(text)
}

/// The phrase without the words that carry no meaning; quoted values stay whole.
fn keywords(text: &str) -> String {
    const IDLE: &[&str] = &["the", "a", "an", "is", "are", "their", "there", "its"];
    // what is left of a clause stays apart from the noun before it
    let text = text.replace(" and whose ", " and ").replace(" whose ", ", ");
    let mut out: Vec<String> = Vec::new();
    let mut quoted = false;
    for word in text.split(' ') {
        let quotes = word.matches('"').count();
        let bare = word.trim_end_matches(',');
        if !quoted && quotes == 0 && IDLE.contains(&bare) {
            continue;
        }
        if quotes % 2 == 1 {
            quoted = !quoted;
        }
        out.push(word.to_owned());
    }
    out.join(" ")
}

fn tidy(text: &str) -> String {
    text.replace("  ", " ")
        .replace(" ,", ",")
        .replace(",,", ",")
        .replace(" .", ".")
        .replace("..", ".")
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

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
                assert!(text.contains("films per rating") || text.contains("films are there per rating"), "{text}");
                assert!(text.contains("highest"), "{text}");
                assert_eq!(Style::named(style.name()), Ok(style));
            }
        }
    }
}
