//! What rows belong to, said by its name: "visits at Mount Adams Hospital", "songs by AC/DC".

use super::afar;
use super::kinds::GROUPS;
use super::scope::{Place, Scope};
use crate::schema::roles::Role;

/// What rows belong to, where it goes by its name: "visits at Mount Adams Hospital", "claims for the Gold Choice plan".
pub(super) fn belonging(scope: &Scope, place: Place, noun: &str, said: &str) -> Option<String> {
    const SITES: &[&str] = &[
        "facility", "hospital", "clinic", "store", "shop", "warehouse", "terminal", "branch", "office", "station",
        "location", "site", "school", "library", "campus", "depot", "plant", "port", "airport", "hotel", "venue",
        "organization",
    ];
    // called like a place rather than like a thing
    const NAMED: &[&str] =
        &["facility", "hospital", "clinic", "organization", "school", "library", "airport", "hotel", "venue"];
    const MAKERS: &[&str] = &["artist", "author", "composer", "director", "band", "writer"];
    const SOURCES: &[&str] = &["supplier", "vendor", "manufacturer", "brand", "publisher"];
    const OBJECTS: &[&str] =
        &["plan", "product", "project", "campaign", "course", "event", "procedure", "drug", "medication", "model"];
    let entity = scope.entity(place.node);
    // "film title" says which film
    let thing = [" title", " name"].into_iter().find_map(|end| noun.strip_suffix(end)).unwrap_or(noun);
    let noun = if thing == entity.one { thing } else { noun };
    if place.node == 0 || entity.label != [place.field] || noun.contains('\'') || noun != entity.one {
        return None;
    }
    let head = noun.rsplit(' ').next().unwrap_or(noun);
    // a terminal may be called like a district
    let small = said.to_lowercase();
    let site = NAMED.contains(&head) || SITES.iter().any(|site| small.contains(site));
    Some(if SITES.contains(&head) {
        if site { format!("at {said}") } else { format!("at the {said} {noun}") }
    } else if MAKERS.contains(&head) {
        format!("by {said}")
    } else if SOURCES.contains(&head) {
        format!("from the {noun} {said}")
    } else if scope.subject().person && matches!(head, "plan" | "tariff" | "project" | "course" | "event") {
        // "members on the Gold Choice plan"
        let at = if matches!(head, "plan" | "tariff" | "project") { "on" } else { "in" };
        // of what began and may have ended the past is asked about too
        let held = scope.nodes[place.node].via.map(|via| scope.entity(via.0)).filter(|held| held.bridge);
        let ended = held.is_some_and(|held| held.fields.iter().any(|f| f.role() == Role::Time && !f.traits.audit));
        let at = if ended { format!("ever {at}") } else { at.to_owned() };
        if said.contains(" or ") { format!("{at} {said}") } else { format!("{at} the {said} {noun}") }
    } else if matches!(head, "album" | "playlist") && matches!(scope.subject().one.as_str(), "track" | "song") {
        format!("on the {noun} {said}")
    } else if scope.subject().person && matches!(head, "film" | "movie" | "play" | "show") {
        format!("in the {noun} {said}")
    } else if matches!(head, "film" | "movie" | "album" | "book" | "song" | "track" | "game") {
        if said.contains(" or ") { format!("for {said}") } else { format!("for the {noun} {said}") }
    } else if OBJECTS.contains(&head) {
        // "for the Chai product", "for Chai or Chang"
        if said.contains(" or ") { format!("for {said}") } else { format!("for the {said} {noun}") }
    } else if matches!(head, "country" | "city") {
        format!("{} {said}", if scope.subject().person { "from" } else { "in" })
    } else if GROUPS.contains(&head) {
        return None;
    } else {
        // "cargos of the vessel Korea Wind", "visits with the provider Ada Cole"
        let link = afar::link(entity, scope.subject())?;
        // "waterings of Bed 12"
        if small.trim_start_matches('"').starts_with(noun) {
            format!("{link} {said}")
        } else {
            format!("{link} the {noun} {said}")
        }
    })
}
