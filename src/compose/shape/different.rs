//! The different values that fields take: SELECT DISTINCT.

use super::super::draw::{Draft, Draw, apply};
use super::super::flag;
use super::super::group;
use super::super::probe::filter_probes;
use super::super::say::{Extra, Speech};
use super::super::scope::{Place, Scope};
use super::super::tree::{Distinct, Order};
use super::super::world::Field;
use crate::candidate::Expect;
use crate::schema::grammar;
use crate::schema::roles::Role;

/// Whether rows say in words what a code of theirs stands for.
fn described(scope: &Scope, place: Place) -> bool {
    scope.entity(place.node).fields.iter().any(|f| matches!(f.noun.as_str(), "description" | "name"))
}

/// SELECT DISTINCT of one or two fields.
pub(in crate::compose) fn distinct(draw: &mut Draw) -> Option<Draft> {
    // what two fields hold together is seldom asked for
    let wanted = if draw.rng.chance(25) { 2 } else { 1 };
    let mut places = Vec::new();
    for _ in 0..wanted {
        let place = draw.choose(|scope, p| {
            let field = scope.field(p);
            let rows = scope.entity(p.node).rows;
            let repeated = field.distinct < rows || rows == 0;
            repeated
                && field.filled(rows)
                // a code says little where there are words for it
                && (field.groupable()
                    || (field.role() == Role::Name || field.role() == Role::Code && !described(scope, p))
                        && field.varied
                        && !field.traits.personal)
        });
        places.extend(place.inspect(|&p| draw.use_place(p)));
    }
    // yes and no are no news, and what things do is no kind of them
    let (flag, verb) = (|f: &Field| f.role() == Role::Flag, |f: &Field| f.role() == Role::Flag && flag::is_verb(f));
    let fields: Vec<&Field> = places.iter().map(|&p| draw.scope.field(p)).collect();
    if fields.iter().all(|f| flag(f)) || fields.iter().any(|f| verb(f)) {
        return None;
    }
    let least = usize::from(draw.rng.chance(75));
    let conditions = draw.conditions(least, 2)?;
    let rows = draw.rows_phrase(&conditions);
    let mut query = draw.scope.select();
    query.distinct = Distinct::Yes;
    query.columns = places.iter().map(|&p| (draw.scope.column(p), None)).collect();
    apply(&mut query, &conditions);
    let nouns: Vec<String> =
        places.iter().map(|&p| group::kind(&draw.scope, p).unwrap_or_else(|| draw.scope.shown(p))).collect();
    let mut extras = Vec::new();
    if draw.rng.chance(45) {
        query.order =
            places.iter().map(|&p| Order { by: draw.scope.column(p), descending: false, nulls_last: false }).collect();
        let word = draw.rng.word(&["in ascending order", "sorted in ascending order", "in order"]);
        extras.push(Extra::new(format!(", {word}"), "Sort them in ascending order"));
    }
    let mut probes = filter_probes(&query, &conditions);
    let mut all = query.clone();
    all.distinct = Distinct::No;
    probes.push(("distinct", all, Expect::Differs));
    let different = draw.rng.word(&["different", "distinct", "unique"]);
    let what = if nouns.len() == 1 {
        format!("{different} {}", grammar::plural(&nouns[0]))
    } else {
        format!("{different} combinations of {}", grammar::and_list(&nouns))
    };
    let nominal = vec![format!("the {what} of {rows}"), format!("the {what} that {rows} have")];
    // a kind of medication is one already
    if places.iter().any(|&p| group::kind(&draw.scope, p).is_some()) {
        // "kinds of procedure for Asthma" are those of procedures for it
        let rest = rows.strip_prefix(&draw.scope.subject().many);
        let plain = |rest: &str| [" for ", " in ", " from "].iter().any(|link| rest.starts_with(link));
        let among = match rest {
            Some("") => String::new(),
            Some(rest) if plain(rest) => rest.to_owned(),
            _ => format!(" among {rows}"),
        };
        let nominal = vec![format!("all {what}{among}"), format!("the {what}{among}")];
        let questions = vec![format!("what {what} are there{among}")];
        return Some(Draft { probes, ..Draft::new(query, Speech { nominal, questions, extras, lists: true }) });
    }
    let mut questions = vec![format!("what are the {what} of {rows}"), format!("what {what} are there among {rows}")];
    if rows.split(' ').count() < 5 {
        questions.push(format!("which {what} do {rows} have"));
    }
    Some(Draft { probes, ..Draft::new(query, Speech { nominal, questions, extras, lists: true }) })
}
