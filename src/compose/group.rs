//! What figures are broken down by: a field, an entity by its name, a span of time.

use super::aggregate::snake;
use super::condition::Condition;
use super::draw::Draw;
use super::moment;
use super::scope::{Place, Scope};
use super::sense;
use super::spans::{coarser, span, sparse};
use super::taste;
use super::tree::{Expr, fill};
use super::world::Field;
use crate::schema::grammar;
use crate::schema::roles::Role;

/// A grouping key: how it is selected, grouped and called.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub columns: Vec<(Expr, Option<String>)>,
    pub group: Vec<Expr>,
    /// "rating", "month of the return date".
    pub one: String,
    pub many: String,
    pub places: Vec<Place>,
    /// Things that can be said to have something: entities.
    pub entity: bool,
    pub person: bool,
    pub time: bool,
    /// About how many groups there are; 0 = unknown.
    pub size: u64,
    /// Every one there is has rows: "for every customer" says no more than the query does.
    pub complete: bool,
}

/// Draws one key that fits the tables.
pub(super) fn key(draw: &mut Draw) -> Option<Key> {
    if let Some(given) = draw.given.take() {
        return Some(given);
    }
    drawn(draw).filter(|key| !circular(&draw.scope.subject().one, &key.one))
}

/// "subfields per subfield", "permission set permissions per permission set": one word for what is counted and for what
/// it is counted by.
pub(super) fn circular(rows: &str, by: &str) -> bool {
    rows.split(' ').all(|w| by.split(' ').any(|b| b == w)) && by.split(' ').count() <= rows.split(' ').count()
        || rows.strip_suffix(by).is_some_and(|before| before.ends_with(' '))
}

/// A key, whatever it is called.
fn drawn(draw: &mut Draw) -> Option<Key> {
    if let Some(fan) = draw.fan {
        return entity(draw, fan);
    }
    if draw.scope.nodes.len() > 1 && draw.rng.chance(55) {
        let nodes: Vec<usize> =
            (1..draw.scope.nodes.len()).filter(|&n| !draw.scope.entity(n).label.is_empty()).collect();
        // what else nothing would be said of goes first
        let leaf = draw.idle_leaf().filter(|n| nodes.contains(n) && draw.rng.chance(70));
        if let Some(node) = leaf.or_else(|| draw.rng.pick(&nodes).copied())
            && let Some(found) = entity(draw, node)
        {
            return Some(found);
        }
    }
    let (keyed, used, waiting, timed) = (draw.keyed.clone(), draw.used.clone(), draw.waiting(), draw.timed);
    let place = draw.choose(|scope, p| {
        let field = scope.field(p);
        if !taste::plain(field) && waiting != Some(p) {
            return false;
        }
        if used.iter().any(|&u| sense::placed(scope.field(u)) && sense::placed(field)) {
            return false;
        }
        if !sense::worth(scope, p) || keyed.iter().any(|&k| sense::decides(scope, k, p.node)) {
            return false;
        }
        let rows = scope.entity(p.node).rows;
        // "per supervising provider's gender", "per appointment's class": by way of another's role
        if p.node != 0 && scope.noun(p).contains("'s ") && scope.role_noun(p.node) != scope.entity(p.node).one {
            return false;
        }
        let several = field.distinct.max(1) * 2 <= rows || rows == 0;
        // a group of rows without a value would have to be spoken of
        let filled = field.filled(rows);
        let dimension = field.groupable() && several && filled && field.role() != Role::Flag && !scope.constant(p.node);
        dimension
            || (filled
                && field.role() == Role::Time
                // the rows are of one time already
                && !timed
                && sense::dated(scope, p)
                && (waiting == Some(p) || taste::timely(scope.entity(p.node), p.field))
                && span(field).is_some()
                && !field.traits.personal
                && !field.traits.audit)
    })?;
    draw.use_place(place);
    draw.classed.push(place.node);
    if draw.scope.field(place).role() == Role::Time { bucket(draw, place) } else { Some(field(&draw.scope, place)) }
}

fn field(scope: &Scope, place: Place) -> Key {
    let noun = kind(scope, place).unwrap_or_else(|| scope.noun(place));
    let column = scope.column(place);
    let field = scope.field(place);
    Key { size: field.distinct, complete: place.node == 0, ..Key::of(column, None, noun, place) }
}

/// Rows without a name are of the kinds that their descriptions say: "kind of medication".
pub(super) fn kind(scope: &Scope, place: Place) -> Option<String> {
    let (field, entity) = (scope.field(place), scope.subject());
    let classed = |f: &Field| f.noun.split(' ').any(|w| matches!(w, "kind" | "type" | "category" | "class"));
    let fits = place.node == 0
        && field.noun == "description"
        && field.groupable()
        && entity.label.is_empty()
        && field.distinct * 3 <= entity.rows
        && !entity.fields.iter().any(classed);
    fits.then(|| format!("kind of {}", entity.one))
}

/// The rows of a joined table, by name: grouped by their key where names repeat.
pub(super) fn entity(draw: &mut Draw, node: usize) -> Option<Key> {
    let scope = &draw.scope;
    let target = scope.entity(node);
    if target.label.is_empty()
        || (target.key.is_empty() && !target.label_unique)
        || lonely(scope, node)
        || scope.constant(node)
        || draw.keyed.iter().any(|&k| sense::decides(scope, k, node) || sense::decides(scope, node, k))
        || draw.classed.iter().any(|&k| sense::decides(scope, node, k))
    {
        return None;
    }
    // an address or a phone number is no kind of thing
    let personal = target.fields[target.label[0]].traits.personal;
    if personal && !target.person && target.label.len() < 2 && node != 0 {
        return None;
    }
    let one = scope.role_noun(node);
    // the supervisor's department is not what one speaks of
    if one.contains("'s ") && draw.waiting().is_none_or(|p| p.node != node) {
        return None;
    }
    let places: Vec<Place> = target.label.iter().map(|&field| Place { node, field }).collect();
    let columns: Vec<Expr> = places.iter().map(|&p| scope.column(p)).collect();
    let mut group = columns.clone();
    // two of one name are two, unless a constraint says that there are none
    if !target.label_keyed && !target.key.is_empty() {
        let keys = target.key.iter().map(|k| scope.named(node, k)).filter(|k| !columns.contains(k)).collect::<Vec<_>>();
        group = keys.into_iter().chain(columns.iter().cloned()).collect();
    }
    let mut shown: Vec<(Expr, Option<String>)> = columns.iter().map(|c| (c.clone(), None)).collect();
    if columns.len() == 2 && draw.rng.chance(35) {
        shown = vec![(fill("{} || ' ' || {}", columns.clone()), Some(snake(&one)))];
    } else if let [(_, alias)] = shown.as_mut_slice() {
        let name = snake(&one);
        *alias = (target.fields[target.label[0]].name != name).then_some(name);
    }
    let person = target.person || columns.len() == 2 || grammar::is_person(&one);
    let size = target.rows;
    let many = grammar::plural(&one);
    let complete = everyone(&draw.scope, node);
    draw.keyed.push(node);
    for &p in &places {
        draw.use_place(p);
    }
    Some(Key { columns: shown, group, one, many, places, entity: true, person, time: false, size, complete })
}

/// Whether each row of a joined table has rows of the subject.
fn everyone(scope: &Scope, node: usize) -> bool {
    let Some((0, edge, true)) = scope.nodes[node].via else { return node == 0 };
    let e = &scope.world.graph.edges[edge];
    let [column] = e.child_columns.as_slice() else { return false };
    let used = scope.subject().fields.iter().find(|f| f.name == *column).map_or(0, |f| f.distinct);
    let all = scope.entity(node).rows;
    all > 0 && used >= all
}

/// So many rows each, and none of the groups is likely to be empty: rows are spread unevenly.
const MANY_EACH: f64 = 25.0;

/// Says what a breakdown leaves out: rows that belong to nothing, and, of a lone key, things without rows.
pub(super) fn left_out(draw: &mut Draw, keys: &[Key], conditions: &[Condition]) {
    if draw.fan.is_some() {
        return;
    }
    for key in keys {
        let Some((node, via)) = key.places.first().and_then(|p| Some((p.node, draw.scope.nodes[p.node].via?))) else {
            continue;
        };
        let rows = &draw.scope.subject().many;
        let direct = via.0 == 0 && via.2;
        let mut way = std::iter::successors(Some(via), |v| draw.scope.nodes[v.0].via);
        if way.any(|(_, edge, up)| up && draw.world.graph.edges[edge].optional) {
            let one = if key.entity { key.one.clone() } else { draw.scope.role_noun(node) };
            let (rows, one) = (grammar::capitalize(rows), grammar::with_article(&one));
            draw.evidence.push(format!("{rows} without {one} are left out"));
        }
        // where each has many, hardly any has none that meet the conditions; but of some the share is not known, and
        // what holds for the parents of rows may hold for all of one group and none of another
        let own = |c: &Condition| c.places.iter().all(|p| p.node == 0);
        let share = |c: &Condition| if direct || own(c) { c.share } else { 0.0 };
        let left = conditions.iter().map(share).product::<f64>() * draw.scope.subject().rows as f64;
        let few = left < MANY_EACH * key.size as f64;
        let some = if direct && conditions.is_empty() { !key.complete } else { few || left == 0.0 };
        if keys.len() == 1 && some && key.entity {
            let such = if conditions.is_empty() { "" } else { "such " };
            // "insurers" of the visits' insurers
            let many = key.many.rsplit(['\'']).next().unwrap_or(&key.many).trim_start_matches("s ").trim_start();
            draw.evidence.push(format!("{} without {such}{rows} are left out", grammar::capitalize(many)));
        }
    }
}

/// Takes back that groups without rows are left out: they would not be among the first anyway.
pub(super) fn all_told(draw: &mut Draw) {
    let rows = grammar::capitalize(&draw.scope.subject().many);
    draw.evidence.retain(|note| note.starts_with(&format!("{rows} without")) || !note.ends_with("are left out"));
}

/// Hardly any two rows refer to the same parent: groups of one are no groups.
fn lonely(scope: &Scope, node: usize) -> bool {
    let Some((_, edge, true)) = scope.nodes[node].via else { return false };
    let e = &scope.world.graph.edges[edge];
    let child = &scope.world.entities[e.child];
    let [column] = e.child_columns.as_slice() else { return false };
    let distinct = child.fields.iter().find(|f| f.name == *column).map_or(0, |f| f.distinct);
    child.rows > 0 && distinct * 10 >= child.rows * 8
}

fn bucket(draw: &mut Draw, place: Place) -> Option<Key> {
    draw.timed = true;
    let field = draw.scope.field(place);
    let mut unit = span(field)?;
    unit = match unit {
        "week" if draw.rng.chance(25) => "month",
        "quarter" if draw.rng.chance(25) => "year",
        other => other,
    };
    // where a week has hardly a row of its own one looks at months
    while sparse(draw.scope.subject().rows, field, unit) {
        unit = coarser(unit)?;
    }
    let column = draw.scope.column(place);
    let noun = draw.scope.noun(place);
    let main = place.node == 0 && draw.scope.subject().when == Some(place.field);
    let sql = match unit {
        "year" if draw.rng.chance(60) => fill(
            draw.rng.word(&["extract(year FROM {})", "extract(year FROM {})", "date_part('year', {})"]),
            vec![column],
        ),
        "month" if draw.rng.chance(18) => fill("to_char({}, 'YYYY-MM')", vec![column]),
        _ => fill(&format!("date_trunc('{unit}', {{}})"), vec![column]),
    };
    if let Some(found) = recurring(draw, place, unit) {
        return Some(found);
    }
    // the month of the rental date is the rental month
    let stem = [" date", " time", " day"].iter().find_map(|end| noun.strip_suffix(end));
    let short =
        stem.filter(|s| !s.contains(" of ") && s.split(' ').count() < 3 && !s.ends_with("ed") && !s.ends_with("en"));
    let short = short.filter(|s| !["begin", "beginning", "start", "end", "stop", "from", "to"].contains(s));
    let one = match short {
        _ if main || borrowed(&draw.scope, place) => unit.to_owned(),
        Some(stem) => format!("{stem} {unit}"),
        _ => match moment::happened(&noun).filter(|_| place.node == 0) {
            Some(happened) => format!("{unit} in which they {happened}"),
            // "per quarter of the start date of the plan period" nobody asks
            None if place.node != 0 && noun.contains(" of the ") => return None,
            None => format!("{unit} of the {noun}"),
        },
    };
    Some(Key { time: true, complete: true, ..Key::of(sql, Some(unit), one, place) })
}

/// The time of what rows directly belong to is theirs where they have none: the month of order lines is that of the order.
fn borrowed(scope: &Scope, place: Place) -> bool {
    let time = |f: &&Field| f.role() == Role::Time && !f.traits.audit && !f.traits.personal;
    let times = |fields: &[Field]| fields.iter().filter(time).count();
    matches!(scope.nodes[place.node].via, Some((0, _, true)))
        && scope.entity(place.node).when == Some(place.field)
        && times(&scope.entity(place.node).fields) == 1
        && times(&scope.subject().fields) == 0
}

/// Days of the week, months and hours over all years, now and then, where the time covers several of them.
fn recurring(draw: &mut Draw, place: Place, unit: &str) -> Option<Key> {
    let field = draw.scope.field(place);
    let clock = field.base.starts_with("timestamp") && field.distinct > 400;
    let weeks = matches!(unit, "week" | "month" | "quarter" | "year");
    let years = matches!(unit, "quarter" | "year");
    let kinds: [(usize, &str, &str, &str, u64); 6] = [
        (7, "to_char({}, 'FMDay')", "weekday", "day of the week", 7),
        (5, "extract(isodow FROM {})", "weekday", "day of the week (1 = Monday to 7 = Sunday)", 7),
        (5, "to_char({}, 'FMMonth')", "month_name", "calendar month by name", 12),
        (5, "extract(month FROM {})", "calendar_month", "calendar month (1 to 12, all years together)", 12),
        (4, "extract(quarter FROM {})", "quarter_number", "quarter of the year (1 to 4)", 4),
        (5, "date_part('hour', {})", "hour", "hour of the day", 24),
    ];
    let open = |i: usize| match i {
        0 | 1 => weeks,
        5 => clock,
        _ => years,
    };
    // of what happens often, by the time at which it does
    let often = draw.scope.subject().rows >= 300 || draw.schema_only;
    let own = place.node == 0 && draw.scope.subject().when.is_none_or(|w| w == place.field);
    if field.noun.ends_with("year") || !often || !own || !draw.rng.chance(22) {
        return None;
    }
    let weights: Vec<usize> = (0..6).map(|i| if open(i) { kinds[i].0 } else { 0 }).collect();
    if weights.iter().sum::<usize>() == 0 {
        return None;
    }
    let (_, template, alias, said, size) = kinds[draw.rng.weighted(&weights)];
    let sql = fill(template, vec![draw.scope.column(place)]);
    let main = place.node == 0 && draw.scope.subject().when == Some(place.field);
    let one = match moment::happened(&draw.scope.noun(place)) {
        _ if main => said.to_owned(),
        Some(happened) => {
            let at = if alias == "weekday" { "on" } else { "in" };
            format!("{said} {at} which they {happened}")
        }
        None => format!("{said} of the {}", draw.scope.noun(place)),
    };
    Some(Key { size, ..Key::of(sql, Some(alias), one, place) })
}

impl Key {
    /// The values of an expression over one column.
    pub(super) fn of(sql: Expr, alias: Option<&str>, one: String, place: Place) -> Key {
        Key {
            columns: vec![(sql.clone(), alias.map(str::to_owned))],
            group: vec![sql],
            many: grammar::plural(&one),
            one,
            places: vec![place],
            entity: false,
            person: false,
            time: false,
            size: 0,
            complete: false,
        }
    }

    /// Weekdays, hours and the like: the same ones over and over.
    pub(super) fn recurs(&self) -> bool {
        const CYCLES: [&str; 5] = ["weekday", "month_name", "calendar_month", "quarter_number", "hour"];
        self.columns.iter().any(|(_, alias)| alias.as_deref().is_some_and(|alias| CYCLES.contains(&alias)))
    }

    /// Months and weekdays by their names, which are not in the order of the alphabet.
    pub(super) fn spelled(&self) -> bool {
        let mut found = false;
        for (sql, _) in &self.columns {
            sql.visit(&mut |e| found |= matches!(e, Expr::Text(text) if text.contains("'FM")));
        }
        found
    }

    /// Whether groups have an order of their own: times and amounts.
    pub(super) fn ordered(&self, scope: &Scope) -> bool {
        let ranked = |&p: &Place| matches!(scope.field(p).role(), Role::Measure | Role::Year);
        self.time || self.places.iter().any(ranked)
    }

    /// Whether a group may be left out for want of rows: it is not there to have the fewest of them.
    pub fn has_gaps(&self, conditioned: bool) -> bool {
        conditioned || !self.complete && self.places.iter().any(|p| p.node != 0)
    }

    /// "for every customer", or "per customer" where some have no rows, or none that meet the conditions.
    pub(super) fn per(&self, rng: &mut super::random::Rng, conditional: bool) -> &'static str {
        let all = self.complete && !conditional;
        if all { rng.word(&["per", "for each", "for every"]) } else { "per" }
    }

    /// What is asked for by groups: as noun phrases, and as questions with the verb given.
    pub(super) fn asked(
        &self,
        rng: &mut super::random::Rng,
        what: &str,
        verb: &str,
        conditional: bool,
    ) -> (Vec<String>, Vec<String>) {
        let (one, per) = (&self.one, self.per(rng, conditional));
        let nominal =
            vec![format!("{what} per {one}"), format!("{what} {per} {one}"), format!("{what}, broken down by {one}")];
        (nominal, vec![format!("what {verb} {what} per {one}"), format!("by {one}, what {verb} {what}")])
    }
}
