//! A noun with its conditions: "active films with a length above 120 whose rating is PG".

use super::condition::Condition;
use super::flag;
use super::moment;
use super::random::Rng;
use crate::schema::grammar;

/// The noun with its conditions: "active films with a length above 120 whose rating is PG".
pub(super) fn rows(rng: &mut Rng, many: &str, person: bool, conditions: &[Condition]) -> String {
    let prefer_with = rng.chance(65);
    let class = conditions.iter().position(|c| c.class.is_some());
    let many = class.and_then(|at| conditions[at].class.as_deref()).unwrap_or(many);
    // what hangs on something else's clause would be taken for its own
    let hanging = |c: &Condition| c.before.is_none() && c.post.is_none() && c.class.is_none();
    let apart = |c: &Condition, p: &str| {
        (has_clause(p) || p.starts_with("with "))
            && c.whose.is_some()
            && conditions.iter().any(|o| o.sql != c.sql && hanging(o))
    };
    let (mut before, mut post, mut with, mut that, mut whose) =
        (String::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (at, c) in conditions.iter().enumerate() {
        if class == Some(at) {
            continue;
        }
        if let Some(word) = c.before.as_ref().filter(|_| before.is_empty() && !many.contains(" of ")) {
            before = format!("{word} ");
        } else if let Some(word) =
            c.before.as_ref().filter(|w| !before.is_empty() && !before.trim_end().contains(' ') && !w.contains(' '))
        {
            // "married white patients"
            before = format!("{word} {before}");
        } else if let Some(p) = c.post.as_ref().filter(|p| post.len() < 2 && !apart(c, p)) {
            post.push(reason(conditions, c, p).unwrap_or_else(|| p.clone()));
        } else if let Some(t) = c.that.as_ref() {
            that.push(t.clone());
        } else if let Some(w) = c.with.as_ref().filter(|w| prefer_with && !recites(w) || c.whose.is_none()) {
            with.push(w.clone());
        } else if let Some(w) = &c.whose {
            whose.push(w.clone());
        }
    }
    // "invoices billed to Edinburgh in 2022": when is said last
    let when = |p: &str| {
        let (first, rest) = p.split_once(' ').unwrap_or((p, ""));
        let said = if first.ends_with("ed") { rest } else { p };
        ["in ", "from ", "since ", "before ", "on ", "between "].iter().any(|w| said.starts_with(w))
            && p.contains(|c: char| c.is_ascii_digit())
    };
    // and of how much first: "invoices of more than 2 billed to Germany"
    // "rentals from May by active customers", who are not from May
    let by = post.iter().any(|p| p.starts_with("by "));
    post.sort_by_key(|p| {
        let late = if by { p.starts_with("by ") } else { when(p) };
        (!p.starts_with("of "), late || p.contains(" after they "), p.starts_with("ever "))
    });
    let mut phrase = format!("{before}{many}");
    // "orders shipped to Campinas on or after 1 January 1998"
    let mut done = String::new();
    for p in post {
        match p.split_once(' ') {
            Some((verb, rest)) if verb == done && verb.ends_with("ed") => phrase.push_str(&format!(" {rest}")),
            _ => phrase.push_str(&format!(" {p}")),
        }
        done = p.split(' ').next().unwrap_or_default().to_owned();
    }
    if !with.is_empty() {
        phrase.push_str(&format!(" with {}", grammar::and_list(&with)));
    }
    let who = if person { "who" } else { "that" };
    if !that.is_empty() {
        phrase.push_str(&format!(" {who} {}", that.join(" and ")));
    }
    if !whose.is_empty() {
        let link = if that.is_empty() { " whose " } else { " and whose " };
        // an alternative goes last, or it would take the rest along
        whose.sort_by_key(|w| w.contains(" or whose "));
        // "whose name starts with M and utilization is below 5" stumbles
        let alike = whose.iter().all(|w| w.contains(" is ") || w.contains(" are "));
        let joined = if prefer_with || !alike || whose.iter().any(|w| w.contains(" or ") || w.contains(" and ")) {
            whose.join(" and whose ")
        } else {
            grammar::and_list(&whose)
        };
        phrase.push_str(&format!("{link}{joined}"));
    }
    phrase
}

/// "visits for neutered pets for an injury" are such visits because of it: their own reason, beside what they are for.
fn reason(conditions: &[Condition], own: &Condition, post: &str) -> Option<String> {
    let why = post.strip_prefix("for ").filter(|_| own.places.iter().all(|p| p.node == 0))?;
    let besides = |c: &Condition| c.sql != own.sql && c.post.as_ref().is_some_and(|p| p.starts_with("for "));
    conditions.iter().any(besides).then(|| format!("because of {why}"))
}

/// Whether a column and its value would be read out: "with contact title Owner".
pub(super) fn recites(with: &str) -> bool {
    let first = with.split(' ').next().unwrap_or(with);
    let thing = ["a", "an", "no", "the", "more", "fewer", "less", "at", "between", "from", "exactly"].contains(&first);
    !thing && !with.contains(" among ") && !first.starts_with(|c: char| c.is_ascii_digit())
}

/// Whether a noun phrase ends in a clause, so that another one needs "and".
pub(super) fn has_clause(rows: &str) -> bool {
    [" with ", " whose ", " that ", " who "].iter().any(|link| rows.contains(link))
}

/// "how many films are there with a length above 120": a long clause stands behind the verb.
pub(super) fn how_many(rows: &str, many: &str) -> String {
    let (head, rest) = rows.split_at(head(rows, many));
    // "how many rentals were returned in May"
    if let Some(did) = moment::told(rest.trim_start()).filter(|_| !has_clause(rest)) {
        return format!("how many {head} {did}");
    }
    // "how many members whose doctor is retired joined in May"
    let clause = [" with ", " whose ", " that ", " who "].iter().filter_map(|link| rest.find(link)).min();
    if let Some((when, clause)) = clause.map(|at| rest.split_at(at))
        && let Some(did) = moment::told(when.trim_start())
    {
        return format!("how many {head}{clause} {did}");
    }
    // "order items are there of customers" parts what belongs together
    let near = rest.is_empty() || rest.starts_with(" of ") && rest.split(' ').count() <= 7;
    if near { format!("how many {rows} are there") } else { format!("how many {head} are there{rest}") }
}

/// Where the noun of the rows ends, also where a class of them stands for it: "hospitals".
fn head(rows: &str, many: &str) -> usize {
    const LINKS: [&str; 9] = [" with ", " whose ", " that ", " who ", " in ", " from ", " of ", " for ", " at "];
    let links = |text: &str| LINKS.iter().filter_map(|link| text.find(link)).min().unwrap_or(text.len());
    let Some(mut at) = rows.find(many).map(|at| at + many.len()) else { return links(rows) };
    // "office visits and urgent care visits" are both of them
    while let rest = &rows[at..]
        && [" and ", " or ", ", "].iter().any(|joint| rest.starts_with(joint))
        && let Some(next) = rest.find(many).filter(|next| *next < links(rest))
    {
        at += next + many.len();
    }
    at
}

/// One of such rows: "film that is active with a length above 120".
pub(super) fn single(rows: &str, many: &str, one: &str) -> String {
    let mut said = if rows.contains(many) {
        rows.replacen(many, one, 1)
    } else {
        let (class, rest) = rows.split_at(head(rows, many));
        let each: Vec<String> = class.split(" and ").map(grammar::singular).collect();
        format!("{}{rest}", each.join(" or "))
    };
    // "a provider who speaks English"
    for (one, many) in flag::VERBS {
        for who in ["who", "that"] {
            said = said.replace(&format!(" {who} {many} "), &format!(" {who} {one} "));
        }
    }
    for (plural, singular) in [
        (" that are ", " that is "),
        (" who are ", " who is "),
        (" that do ", " that does "),
        (" who do ", " who does "),
    ] {
        said = said.replace(plural, singular);
    }
    said
}

#[cfg(test)]
mod tests {
    use super::super::scope::Place;
    use super::super::tree::text;
    use super::*;

    #[test]
    fn a_kind_stands_for_its_rows() {
        let class = Condition { class: Some("hospitals".into()), ..Condition::default() };
        let city = Condition { post: Some("in Austin".into()), sql: vec![text("city")], ..Condition::default() };
        let said = rows(&mut Rng::new(&[1]), "facilities", false, &[class, city]);
        assert_eq!(said, "hospitals in Austin");
        assert_eq!(single(&said, "facilities", "facility"), "hospital in Austin");
        assert_eq!(single("doctors who speak Thai", "doctors", "doctor"), "doctor who speaks Thai");
        assert_eq!(how_many("hospitals with a bed count above 120", "facilities"), {
            "how many hospitals are there with a bed count above 120"
        });
    }

    #[test]
    fn when_is_said_last_but_for_those_by_whom_it_was_done() {
        let told = |posts: [&str; 2]| {
            let post = |p: &str| Condition { post: Some(p.to_owned()), sql: vec![text(p)], ..Condition::default() };
            rows(&mut Rng::new(&[1]), "rentals", false, &posts.map(post))
        };
        assert_eq!(told(["from May 2005", "for the film ALIEN"]), "rentals for the film ALIEN from May 2005");
        assert_eq!(told(["by active customers", "from May 2005"]), "rentals from May 2005 by active customers");
    }

    #[test]
    fn what_rows_are_for_is_told_from_their_reason() {
        let told = |node: usize, post: &str| Condition {
            post: Some(post.to_owned()),
            whose: Some("reason is so".to_owned()),
            places: vec![Place { node, field: 0 }],
            sql: vec![text(post)],
            ..Condition::default()
        };
        let said = |conditions: &[Condition]| rows(&mut Rng::new(&[1]), "visits", false, conditions);
        let (pets, why) = (told(1, "for young pets"), told(0, "for an injury"));
        assert_eq!(said(&[pets.clone(), why.clone()]), "visits for young pets because of an injury");
        assert_eq!(said(&[why.clone(), pets]), "visits because of an injury for young pets");
        assert_eq!(said(&[why]), "visits for an injury");
    }

    #[test]
    fn two_adjectives_stand_before_their_noun() {
        let told = |word: &str| Condition {
            before: Some(word.to_owned()),
            that: Some(format!("are {word}")),
            sql: vec![text(word)],
            ..Condition::default()
        };
        let said = rows(&mut Rng::new(&[1]), "patients", true, &[told("white"), told("married")]);
        assert_eq!(said, "married white patients");
        let kinds = rows(&mut Rng::new(&[1]), "kinds of test", false, &[told("active")]);
        assert_eq!(kinds, "kinds of test that are active");
    }

    #[test]
    fn each_condition_hangs_on_its_own_thing() {
        let claim = Condition {
            post: Some("of claims whose status is denied".into()),
            whose: Some("claim's status is denied".into()),
            sql: vec![text("a")],
            ..Condition::default()
        };
        let price =
            Condition { whose: Some("unit price is above 5".into()), sql: vec![text("b")], ..Condition::default() };
        let said = |conditions: &[Condition]| rows(&mut Rng::new(&[1]), "lines", false, conditions);
        assert_eq!(said(std::slice::from_ref(&claim)), "lines of claims whose status is denied");
        let both = said(&[claim, price]);
        assert!(both.contains("whose claim's status is denied") && !both.contains("of claims"), "{both}");
    }

    #[test]
    fn what_happened_is_asked_for_by_its_verb() {
        assert_eq!(how_many("rentals returned in May", "rentals"), "how many rentals were returned in May");
        assert_eq!(how_many("visits starting in 2024", "visits"), "how many visits started in 2024");
        assert_eq!(
            how_many("members joining in May whose doctor is new", "members"),
            "how many members whose doctor is new joined in May"
        );
        assert_eq!(
            how_many("order items of customers from the USA", "order items"),
            "how many order items of customers from the USA are there"
        );
        assert_eq!(how_many("films from May", "films"), "how many films are there from May");
        assert_eq!(
            how_many("office visits and urgent visits whose diagnosis is not chronic", "visits"),
            "how many office visits and urgent visits are there whose diagnosis is not chronic"
        );
    }
}
