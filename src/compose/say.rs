//! From what is asked to how it is asked: the styles and their frames.

use super::builtin;
use super::frames::{self, Frames};
use super::moment::happening;
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

/// One wording of the request in the given style.
pub(super) fn utter(rng: &mut Rng, style: Style, speech: &Speech) -> String {
    let said = |text: String| if style == Style::Keyword { text } else { led(&text).unwrap_or(text) };
    let nominal = said(happening(&brief(rng, &speech.nominal)));
    let question = said(happening(&brief(rng, &speech.questions)));
    let one_sentence = rng.chance(70);
    let inline: String = speech.extras.iter().map(|e| e.inline.as_str()).collect();
    let sentences: String = speech.extras.iter().map(|e| format!(" {}.", e.sentence)).collect();
    let (tail, after) = if one_sentence { (inline.clone(), String::new()) } else { (String::new(), sentences) };
    let counted = nominal.strip_prefix("the number of ").filter(|rest| {
        const MORE: [&str; 12] = [
            " and their ", " and the ", " and what ", " and how ", " and for ", " plus ", " with the ", ", the ",
            "different ", "distinct ", " and of ", " and that ",
        ];
        !MORE.iter().any(|more| rest.contains(more))
    });
    let text = match style {
        Style::Imperative | Style::Formal | Style::Colloquial | Style::Technical
            if let Some(rows) = counted
                && rng.chance(65) =>
        {
            let frames = match style {
                Style::Imperative => frames::COUNT,
                Style::Formal => frames::COUNT_FORMAL,
                Style::Technical => frames::COUNT_TECHNICAL,
                _ => frames::COUNT_COLLOQUIAL,
            };
            framed(rng, frames, &format!("{rows}{tail}")) + &after
        }
        _ if nominal.starts_with("whether ")
            && let Some(frames) = checks(style) =>
        {
            framed(rng, frames, &format!("{nominal}{tail}")) + &after
        }
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
            let frames = if speech.lists { frames::SHOW } else { frames::TELL };
            framed(rng, frames, &format!("{nominal}{tail}")) + &after
        }
        Style::Formal => framed(rng, frames::FORMAL, &format!("{nominal}{tail}")) + &after,
        Style::Colloquial | Style::Vague if !question.is_empty() && rng.chance(40) => {
            let led = ["per ", "for ", "by "].iter().any(|link| question.starts_with(link));
            let lead = if led || question.split(' ').count() > 12 { "" } else { rng.word(frames::LEADS) };
            let asked = if lead.is_empty() { capitalize(&question) } else { format!("{lead}{question}") };
            format!("{asked}{tail}?{after}")
        }
        Style::Colloquial | Style::Vague => framed(rng, frames::COLLOQUIAL, &format!("{nominal}{tail}")) + &after,
        Style::Descriptive => framed(rng, frames::DESCRIPTIVE, &format!("{nominal}{tail}")) + &after,
        Style::Concise | Style::Keyword if nominal.starts_with("whether ") && !question.is_empty() => {
            format!("{}{tail}?{after}", capitalize(&question))
        }
        Style::Concise => capitalize(without_article(&format!("{nominal}{inline}"))),
        Style::Keyword => typed(&format!("{nominal}{inline}")),
        Style::Technical => framed(rng, frames::TECHNICAL, &format!("{nominal}{tail}")) + &after,
    };
    tidy(&text)
}

/// One of several wordings, a short one rather than a long one.
fn brief(rng: &mut Rng, wordings: &[String]) -> String {
    let words = |said: &String| said.split(' ').count();
    let straight: Vec<String> = wordings.iter().filter(|said| !backward(said)).cloned().collect();
    let wordings = if straight.is_empty() { wordings } else { straight.as_slice() };
    let one = rng.pick(wordings).cloned().unwrap_or_default();
    let other = rng.pick(wordings).cloned().unwrap_or_default();
    if words(&other) < words(&one) && rng.chance(75) { other } else { one }
}

/// "per category, the number of films whose rating is PG": groups go first where they would cling to a condition.
fn led(said: &str) -> Option<String> {
    const CLAUSES: [&str; 5] = [" whose ", " who ", " that ", " where the ", " with "];
    let (at, link) = [" per ", " for each ", " for every ", ", broken down by "]
        .into_iter()
        .filter_map(|link| said.rfind(link).map(|at| (at, link)))
        .max()?;
    let (head, key) = (&said[..at], said[at + link.len()..].trim_start_matches("the "));
    let quoted = head.matches('"').count() % 2 == 1;
    let clings = CLAUSES.iter().any(|c| head.contains(c));
    let whole = !key.contains([',', '('])
        && !["unit", "page"].iter().any(|w| key.starts_with(w))
        && !key.contains(" such ")
        && !key.contains("which they ")
        && key.split(' ').count() < 8;
    let open = ["how ", "what ", "the ", "a ", "all "].iter().any(|first| head.starts_with(first));
    // "per" leaves open whether all of them are there, and "for each" does not
    let link = if link == ", broken down by " { "per" } else { link.trim() };
    (clings && whole && open && !quoted && !head.contains(" and ")).then(|| format!("{link} {key}, {head}"))
}

fn clauses(style: Style) -> Option<Frames> {
    match style {
        Style::Imperative => Some(frames::IMPERATIVE_CLAUSE),
        Style::Formal => Some(frames::FORMAL_CLAUSE),
        Style::Colloquial | Style::Vague => Some(frames::COLLOQUIAL_CLAUSE),
        Style::Descriptive => Some(frames::DESCRIPTIVE_CLAUSE),
        _ => None,
    }
}

/// Before what is asked for with "whether".
fn checks(style: Style) -> Option<Frames> {
    if style == Style::Technical { Some(frames::CHECK_TECHNICAL) } else { clauses(style) }
}

/// A question as it stands within another sentence: "how many films there are per rating". Only where its words can
/// keep their order.
fn indirect(question: &str) -> Option<String> {
    if [" and what ", " and which ", " and how many ", ", what ", ", which "].iter().any(|two| question.contains(two)) {
        return None;
    }
    if let Some(rest) = question.strip_prefix("how many ") {
        // a long clause before "there are" is out of breath
        if let Some((rows, after)) =
            rest.split_once(" are there").filter(|(rows, after)| rows.split(' ').count() < 8 && !after.starts_with(','))
        {
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

/// How frames begin that say what it is wanted for.
const AUDIENCES: [&str; 4] = ["For ", "Our department", "My manager", "We "];

fn framed(rng: &mut Rng, frames: Frames, nominal: &str) -> String {
    let frame = rng.word(frames);
    // "a query for for every film"
    let long = nominal.split(' ').count() > 9;
    let doubled = |frame: &str| {
        // nor words behind what is long
        nominal.starts_with("for ") && frame.contains(" for {}")
            // nor is what has an aim of its own wanted for a meeting
            || builtin::aimed(nominal) && AUDIENCES.iter().any(|who| frame.starts_with(who))
            || (long || nominal.contains(','))
                && !frame.ends_with(['}'])
                && frame.split("{}").nth(1).is_some_and(|end| end.len() > 1)
    };
    let others: Vec<&'static str> = frames.iter().copied().filter(|f| !doubled(f)).collect();
    let frame = if doubled(frame) { rng.word(&others) } else { frame };
    // what is long itself has few words around it
    let few = |f: &&str| f.split(' ').count() < 4;
    let short: Vec<&'static str> = others.iter().copied().filter(few).collect();
    let frame = if long && !few(&frame) && !short.is_empty() && rng.chance(80) { rng.word(&short) } else { frame };
    // "for each customer, please give the number of rentals": what it is asked for leads
    let led = ["for ", "per "].iter().any(|lead| nominal.starts_with(lead));
    let figure = |rest: &str| ["the ", "a ", "an ", "one "].iter().any(|article| rest.starts_with(article));
    match nominal.split_once(", ").filter(|(_, rest)| led && figure(rest) && !frame.contains(':')) {
        Some((lead, rest)) => {
            // "per category, which query returns" has two heads
            let heads = ["Write ", "Run ", "Give me a query", "From ", "Pull "];
            let frame = if heads.iter().any(|h| frame.starts_with(h)) { "Return {}." } else { frame };
            let frame =
                if frame.starts_with("For ") { frame.split_once(", ").map_or(frame, |(_, rest)| rest) } else { frame };
            let own = frame.starts_with("I ") || frame.starts_with("I'");
            let first = frame.chars().next().map(|c| c.to_lowercase().to_string()).unwrap_or_default();
            let frame = if own { frame.to_owned() } else { format!("{first}{}", &frame[first.len()..]) };
            format!("{}, {}", capitalize(lead), frame.replacen("{}", rest, 1))
        }
        None => frame.replacen("{}", nominal, 1),
    }
}

fn without_article(text: &str) -> &str {
    text.strip_prefix("the ").or_else(|| text.strip_prefix("a ")).unwrap_or(text)
}

/// Whether what stands first speaks of rows that are named only behind it: "by year in which they started, how many".
fn backward(said: &str) -> bool {
    let led = ["by ", "per ", "for each ", "for every "].iter().any(|lead| said.starts_with(lead));
    led && said.split(',').next().is_some_and(|first| first.contains("which they "))
}

/// The phrase as it is typed into a search box: no article at its head, no verb where its participle will do. Quoted
/// values stay whole.
fn typed(text: &str) -> String {
    let mut out = String::new();
    for (i, part) in without_article(text).split('"').enumerate() {
        if i % 2 == 1 {
            out.push_str(&format!("\"{part}\""));
            continue;
        }
        let mut part = part.to_owned();
        for verb in [" that are ", " who are ", " that is ", " who is "] {
            let participle = |rest: &str| rest.split(' ').next().is_some_and(|w| w.ends_with("ed"));
            let one = |rest: &str| participle(rest) && !rest.contains(" and are ") && !rest.contains(" and is ");
            if let Some((head, rest)) = part.clone().split_once(verb).filter(|(_, rest)| one(rest)) {
                part = format!("{head} {rest}");
            }
        }
        out.push_str(&part);
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
            for frames in [frames::SHOW, frames::FORMAL, frames::COLLOQUIAL, frames::DESCRIPTIVE, frames::TECHNICAL] {
                assert!(!framed(&mut rng, frames, "for every film, the number of actors").contains(" for for "));
            }
        }
    }

    #[test]
    fn what_is_typed_has_no_article_at_its_head_and_no_idle_verb() {
        for (said, search) in [
            ("the number of films that are rated R per category", "number of films rated R per category"),
            ("a ranking of \"the\" customers who are active", "ranking of \"the\" customers who are active"),
            ("the films with the lowest rate", "films with the lowest rate"),
        ] {
            assert_eq!(typed(said), search);
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
