//! Columns that name a part somebody or something plays and no table: `author_id`, `resolved_by`, `home_branch`,
//! `parent`. They lead to the table of users, of places, or back to their own.

use super::link::{Link, Reader};
use super::names::{Named, unnumbered};
use super::parents::{Index, KeyKind};
use std::collections::BTreeSet;

/// Tables of people, those that act in a system first.
const PEOPLE: &[&str] = &[
    "user", "employee", "staff", "person", "member", "worker", "personnel", "agent", "account", "contact", "party",
    "customer", "profile", "people", "principal", "participant", "operator", "doctor", "mitarbeiter", "benutzer",
    "usuario", "empleado", "utilisateur", "employe",
];
/// So many of them have their managers among themselves.
const COLLEAGUES: usize = 8;
/// Parts that people play.
const ACTORS: &[&str] = &[
    "actor", "admin", "administrator", "agent", "allocator", "applicant", "approver", "assessor", "assignee",
    "assigner", "attendant", "attendee", "auditor", "author", "boss", "buyer", "cashier", "caller", "chair", "clerk",
    "closer", "coach", "collector", "commenter", "contact", "contributor", "coordinator", "creator", "delegate",
    "designer", "director", "driver", "editor", "employee", "examiner", "follower", "granter", "grantee", "host",
    "initiator", "inspector", "instructor", "invitee", "inviter", "issuer", "lead", "leader", "maintainer", "manager",
    "mentor", "moderator", "modifier", "observer", "officer", "operator", "opener", "originator", "owner", "patron",
    "performer", "person", "planner", "poster", "processor", "publisher", "reader", "receiver", "recipient",
    "recorder", "rep", "reporter", "representative", "requester", "requestor", "resolver", "responsible", "reviewer",
    "runner", "sales representative", "seller", "sender", "signer", "sponsor", "staff", "submitter", "subscriber",
    "supervisor", "teacher", "technician", "tester", "trainer", "updater", "uploader", "user", "verifier", "viewer",
    "voter", "watcher", "member", "who", "worker", "friend", "colleague", "physician", "nurse", "writer", "accessor",
    "selector", "responder", "dispatcher", // the same in other languages that tables are named in
    "autor", "bearbeiter", "besitzer", "betreuer", "empfänger", "ersteller", "fahrer", "inhaber", "kassierer",
    "käufer", "leiter", "prüfer", "verantwortlicher", "verfasser", "verkäufer", "vertreter", "auteur", "acheteur",
    "chauffeur", "créateur", "gérant", "responsable", "vendeur", "cajero", "comprador", "conductor", "creador",
    "encargado", "gerente", "medico", "médico", "propietario", "revisor", "vendedor",
];
/// Parts that a row of one's own kind plays. The second word is what is left of a name such as `merged_into`.
const KIN: &[&str] = &[
    "parent", "previous", "prior", "preceding", "predecessor", "successor", "next", "following", "root", "duplicate",
    "replace", "replaced", "replacement", "merged", "superseded", "supersede", "redirect", "ancestor", "superior",
    "original", "base", "master", "alias", "derived", "split", "cloned", "copied", "forked", "reversal", "reversed",
    "reply", "report", "linked", "related", "reversing",
];
/// Those over a person.
const OVER: &[&str] = &[
    "manager", "supervisor", "boss", "mentor", "lead", "leader", "referrer", "superior", "chief", "vorgesetzter",
    "chef", "leiter", "jefe", "superviseur",
];
/// Small words that close such a name: `reports_to`, `split_from`.
const CLOSERS: &[&str] = &["to", "of", "by", "from", "with", "into", "in"];
/// Tables of places in an organisation, and what their rows are called elsewhere.
const PLACES: &[&str] = &[
    "organization unit", "business unit", "branch", "office", "site", "facility", "location", "store", "department",
    "organization", "company",
];
const SITES: &[&str] = &[
    "branch", "office", "site", "facility", "location", "store", "organization", "ou", "lib", "library", "agency",
    "unit", "division", "depot", "plant", "shop", "dest", "destination",
];

/// The tables that such columns lead to, best first: numbers of parents.
pub(super) struct Hubs {
    people: Vec<usize>,
    places: Vec<usize>,
}

impl Hubs {
    pub(super) fn new(index: &Index) -> Hubs {
        Hubs { people: ranked(index, PEOPLE), places: ranked(index, PLACES) }
    }

    /// Parents that the column leads to by its part alone. `own` is its table.
    pub(super) fn find(&self, index: &Index, nouns: &[String], own: usize, found: &mut BTreeSet<usize>) {
        if plays(nouns) {
            found.extend(self.people.iter().take(3));
        }
        if nouns.last().is_some_and(|w| w == "owner") {
            found.extend(self.places.first());
        }
        if nouns.last().is_some_and(|w| SITES.contains(&w.as_str())) {
            found.extend(self.places.iter().take(2));
        }
        if is_kin(nouns) || is_over(nouns) {
            found.extend(index.by_table.get(&own).into_iter().flatten());
        }
    }

    /// The column names a place by its part or by its table.
    pub(super) fn is_place(&self, index: &Index, named: &Named) -> bool {
        let Some(place) = self.places.first() else { return false };
        let nouns = unnumbered(&named.nouns);
        nouns.last().is_some_and(|w| SITES.contains(&w.as_str())) || index.parents[*place].nouns == nouns
    }

    /// What the part says for this parent.
    pub(super) fn link(&self, index: &Index, reader: &Reader, parent: usize) -> Option<Link> {
        let (nouns, own) = (unnumbered(&reader.named.nouns), reader.own);
        let to = &index.parents[parent];
        let rank = |list: &[usize]| list.iter().position(|p| *p == parent);
        let colleagues = |p: &&usize| {
            let last = index.parents[**p].nouns.last();
            last.is_some_and(|w| PEOPLE[..COLLEAGUES].contains(&w.as_str()))
        };
        let person = self.people.iter().filter(colleagues).any(|p| index.parents[*p].table == own);
        if to.table == own {
            let first = to.kind != KeyKind::Unique;
            if first && (is_kin(nouns) || (person && is_over(nouns))) {
                // the parent expression of a branch is no branch
                let other = nouns.len() > 1 && nouns[0] == "parent" && !reader.table.contains(&nouns[nouns.len() - 1]);
                return Some(Link { rule: "own_kind", strength: if other { 0.56 } else { 0.86 } });
            }
            return None;
        }
        // units of an organisation own things as people do: rows may tell
        let unit = |p: &&usize| index.parents[**p].nouns.last().is_some_and(|w| w == "unit");
        if !reader.named.keyed
            && nouns.last().is_some_and(|w| w == "owner")
            && let Some(place) = self.places.first().filter(unit)
            && (rank(&self.people) == Some(0) || *place == parent)
        {
            // whose place is said beside is a person
            let person = reader.placed && *place != parent;
            return Some(Link { rule: "owner", strength: if person { 0.74 } else { 0.6 } });
        }
        if plays(nouns)
            && let Some(rank) = rank(&self.people)
        {
            return Some(Link { rule: "actor", strength: [0.74, 0.6, 0.52].get(rank).copied().unwrap_or(0.3) });
        }
        if nouns.last().is_some_and(|w| SITES.contains(&w.as_str()))
            && let Some(rank) = rank(&self.places)
        {
            return Some(Link { rule: "place", strength: if rank == 0 { 0.6 } else { 0.4 } });
        }
        None
    }
}

/// Parents whose table is called by a word of the list, in its order.
fn ranked(index: &Index, list: &[&str]) -> Vec<usize> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (number, parent) in index.parents.iter().enumerate() {
        let name = parent.nouns.join(" ");
        let last = parent.nouns.last().map_or("", String::as_str);
        let rank = list.iter().position(|w| *w == name || (parent.nouns.len() == 2 && *w == last));
        if let Some(rank) = rank
            && parent.kind != KeyKind::Unique
        {
            // a word more than needed costs two places
            let more = parent.nouns.len().saturating_sub(list[rank].split(' ').count());
            found.push((rank + 2 * more, number));
        }
    }
    found.sort_unstable();
    found.into_iter().map(|(_, number)| number).collect()
}

/// `author`, `created_by`, `assigned_to`.
pub(super) fn plays(nouns: &[String]) -> bool {
    let nouns = unnumbered(nouns);
    match nouns {
        [.., verb, by] if matches!(by.as_str(), "von" | "por" | "par") => verb.len() > 3,
        [.., verb, by] if matches!(by.as_str(), "by" | "to") => {
            verb.ends_with("ed")
                || (by == "by" && verb.len() > 3)
                || matches!(verb.as_str(), "sent" | "made" | "sold" | "given" | "run" | "set")
        }
        [.., last] => ACTORS.contains(&last.as_str()),
        [] => false,
    }
}

fn is_kin(nouns: &[String]) -> bool {
    match nouns {
        [one] => KIN.contains(&one.as_str()),
        [first, .., last] => KIN.contains(&first.as_str()) && (CLOSERS.contains(&last.as_str()) || first == "parent"),
        [] => false,
    }
}

fn is_over(nouns: &[String]) -> bool {
    nouns.last().is_some_and(|w| OVER.contains(&w.as_str()))
}
