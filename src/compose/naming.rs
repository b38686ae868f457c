//! What rows are called by, what time they are about, and names of their own for tables that would share one.

use super::world::{Entity, Field, World};
use crate::schema::grammar;
use crate::schema::model::Schema;
use crate::schema::roles::Role;
use crate::schema::words::Words;
use std::collections::BTreeMap;

/// The name column, or first and last name, in speaking order.
pub(super) fn label(fields: &[Field]) -> Vec<usize> {
    let part = |f: &Field| ["middle", "second", "maiden"].iter().any(|w| f.noun.starts_with(w));
    let all: Vec<usize> = (0..fields.len()).filter(|&i| fields[i].role() == Role::Name).collect();
    let names: Vec<usize> = all.iter().copied().filter(|&i| fields[i].distinct != 1 && !part(&fields[i])).collect();
    let called = |part: &str| {
        all.iter().copied().find(|&i| {
            let noun = fields[i].noun.as_str();
            noun == part || noun == format!("{part} name") || noun == format!("{part} given name")
        })
    };
    if let (Some(first), Some(last)) = (called("first"), called("last").or_else(|| called("family"))) {
        return vec![first, last];
    }
    let best = names.iter().copied().max_by_key(|&i| {
        let noun = fields[i].noun.as_str();
        let own = if noun == "name" || noun == "title" { 4 } else { 0 };
        let company = if noun.ends_with("name") && !noun.contains("contact") { 2 } else { 0 };
        (own + company, fields[i].distinct, usize::MAX - i)
    });
    // what explains, here and there, is no name where there is a code for all
    let explains = |i: usize| fields[i].noun == "description" && fields[i].nulls > 0;
    let code = |f: &Field| f.noun == "code" && f.role() == Role::Code && !f.nullable && f.distinct != 1;
    let best = if best.is_some_and(explains) { fields.iter().position(code).or(best) } else { best };
    // a name that others refer by is a name still
    let key = |f: &Field| {
        f.role() == Role::Key && matches!(f.base.as_str(), "text" | "varchar" | "citext") && f.distinct != 1
    };
    let called_so = |f: &Field| f.noun == "name" || f.noun.ends_with(" name") || f.noun == "label";
    let best = best.or_else(|| fields.iter().position(|f| key(f) && called_so(f)));
    best.or_else(|| term(fields)).into_iter().collect()
}

/// The one text of a list of terms, whose rows are a key and a word: "1, Good", "2, Barred".
fn term(fields: &[Field]) -> Option<usize> {
    let said = |f: &Field| matches!(f.noun.as_str(), "value" | "label" | "text" | "term");
    let [one, other] = fields else { return None };
    let told = |key: &Field, text: &Field| key.role() == Role::Key && text.spelled() && said(text) && !text.nullable;
    if told(one, other) { Some(1) } else { told(other, one).then_some(0) }
}

/// The time that the entity is about: named after it, or its only one.
pub(super) fn when(entity: &Entity) -> Option<usize> {
    let times: Vec<usize> = (0..entity.fields.len())
        .filter(|&i| {
            let f = &entity.fields[i];
            f.role() == Role::Time && !f.traits.audit && !f.traits.personal && (f.varied || entity.rows == 0)
        })
        .collect();
    let head = entity.one.rsplit(' ').next().unwrap_or("");
    // of two release dates it would have to be said which
    let alike = |i: usize| {
        let end = entity.fields[i].noun.split_once(' ').map_or("", |(_, end)| end);
        end.contains(' ') && times.iter().any(|&j| j != i && entity.fields[j].noun.ends_with(end))
    };
    // of what begins and ends it has to be said which
    let begins =
        |i: usize| times.len() > 1 && entity.fields[i].noun.split(' ').any(|w| matches!(w, "start" | "begin" | "end"));
    times.iter().copied().filter(|&i| !alike(i) && !begins(i)).find(|&i| {
        entity.fields[i].noun.starts_with(entity.one.as_str())
            || entity.fields[i].noun.ends_with(&format!(" of the {}", entity.one))
            || entity.fields[i].noun == "date"
            || entity.fields[i].noun.starts_with(head)
    })
}

impl World {
    /// The year in which things last happened.
    pub(super) fn latest_year(&self) -> Option<i32> {
        let last = |e: &Entity| Some(e.fields[e.when?].days.last()?.year);
        self.entities.iter().filter(|e| e.usable).filter_map(last).max()
    }
}

/// "day of the payment" of payments is the payment date: read before its rows, it would have them twice.
pub(super) fn own_first(entity: &mut Entity) {
    let end = format!(" of the {}", entity.one);
    for at in 0..entity.fields.len() {
        let field = &entity.fields[at];
        let Some(head) = field.noun.strip_suffix(&end).filter(|head| !head.contains(' ')) else { continue };
        let head = if head == "day" && field.role() == Role::Time { "date" } else { head };
        let said = format!("{} {head}", entity.one);
        if !entity.fields.iter().any(|f| f.noun == said) {
            entity.fields[at].noun = said;
        }
    }
}

/// "kind of encounter" of encounters, also where they are called visits, is their kind.
pub(super) fn own_kind(entity: &mut Entity, table: &str) {
    for word in ["kind", "type", "class"] {
        let said = [format!("{word} of {}", entity.one), format!("{word} of {table}")];
        if !entity.fields.iter().any(|f| f.noun == word)
            && let Some(field) = entity.fields.iter_mut().find(|f| said.contains(&f.noun))
        {
            field.noun = word.to_owned();
        }
    }
}

/// "drug exposure end date" of drug exposures is their end date, where that is another field's name not.
pub(super) fn shorten(entity: &mut Entity) {
    let prefix = format!("{} ", entity.one);
    for at in 0..entity.fields.len() {
        let Some(rest) = entity.fields[at].noun.strip_prefix(&prefix).map(str::to_owned) else { continue };
        // a visit occurrence is a visit
        let (rest, own) = match rest.as_str() {
            "occurrence ID" => ("ID".to_owned(), true),
            _ => (rest, false),
        };
        if (own || rest.contains(' ')) && !entity.fields.iter().any(|f| f.noun == rest) {
            entity.fields[at].noun = rest;
        }
    }
}

/// Who has visits and procedures is a patient.
pub(super) fn patients(entities: &mut [Entity]) {
    let of = |noun: &str| entities.iter().any(|e| e.one == noun);
    if (of("visit") || of("encounter")) && of("procedure") && !of("patient") {
        for entity in entities.iter_mut().filter(|e| e.one == "person") {
            (entity.one, entity.many) = grammar::countable("patient");
        }
    }
}

/// Gives tables that would share a noun (same name in several schemas, odd plurals) nouns of their own; a view goes by
/// that of the things that it shows.
pub(super) fn tell_apart(schema: &Schema, words: &Words, entities: &mut [Entity]) {
    let mut seen: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (i, e) in entities.iter().enumerate() {
        if !schema.tables[i].is_child() && !e.view {
            seen.entry(e.many.clone()).or_default().push(i);
        }
    }
    // a view that leaves some out shows those that are listed
    for i in (0..entities.len()).filter(|&i| entities[i].view).collect::<Vec<_>>() {
        let (many, rows) = (&entities[i].many, entities[i].rows);
        if seen.get(many).is_some_and(|of| of.iter().any(|&t| entities[t].rows != rows)) {
            let list = words.of(&schema.tables[i].name).join(" ");
            (entities[i].one, entities[i].many) = grammar::countable(&format!("{} in the {list}", entities[i].one));
        }
    }
    for group in seen.values().filter(|g| g.len() > 1) {
        for &i in group {
            let prefix = words.of(&schema.tables[i].schema).join(" ");
            let same = group.iter().filter(|&&j| schema.tables[j].schema == schema.tables[i].schema).count();
            let (one, many) = if same > 1 {
                let full = words.of(&schema.tables[i].name).join(" ");
                grammar::countable(&full)
            } else {
                (format!("{prefix} {}", entities[i].one), format!("{prefix} {}", entities[i].many))
            };
            entities[i].one = one;
            entities[i].many = many;
        }
    }
}
