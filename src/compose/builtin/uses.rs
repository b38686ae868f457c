//! Where a function can be shown: every entry of the list against every column of the schema.

use super::super::draw::LATE;
use super::super::learn::Heat;
use super::super::literal::{self, Day};
use super::super::random::{Rng, mix, rotate};
use super::super::world::{Entity, Field, World};
use super::suits::{applies, pairs};
use super::{Entry, On, Yields, entries};
use crate::schema::grammar;
use crate::schema::roles::Role;
use std::collections::BTreeMap;

/// One entry on one column.
#[derive(Debug, Clone, Copy)]
pub(in crate::compose) struct Use {
    pub entry: &'static Entry,
    pub entity: usize,
    pub field: usize,
    pub second: Option<usize>,
}

/// The functions to show, each with the places where it can be.
#[derive(Debug, Default)]
pub(in crate::compose) struct Plan {
    functions: Vec<Vec<Use>>,
    /// Whose turn it is, in the first round.
    turns: Vec<usize>,
    /// And later on, when those that hardly anybody would use have been shown.
    later: Vec<usize>,
    /// What takes over where nothing more is found: figures and classes, of which there is always another question.
    spare: Vec<usize>,
    /// Attempts that a later slot stays with its function.
    patience: u64,
}

/// Where all functions are asked for, turns of an everyday one for each turn of a rare one.
const EVERYDAY: usize = 4;

impl Plan {
    /// `asked`: somebody wants to see these very functions.
    pub(in crate::compose) fn new(world: &World, names: &[&'static str], asked: bool, version: i32) -> Plan {
        // who asks for these very functions wants no others
        let mut plan = Plan { patience: if asked { 30 } else { 8 }, ..Plan::default() };
        let all = names.len() > 100;
        // views repeat the tables behind them
        let tables = world.entities.iter().any(|e| e.usable && !e.view);
        for name in names {
            let mut uses = Vec::new();
            for entry in entries().filter(|e| e.name == *name && e.since <= version) {
                collect(world, entry, &mut uses);
            }
            // nor is a function of use where all that it has to work on are settings
            let spoken = world.entities.iter().any(|e| e.usable && e.spoken > 0.5);
            let dull = |e: &Entity| tables && e.view || spoken && e.spoken < 0.5;
            let poor = |u: &Use| u.entry.odd || dull(&world.entities[u.entity]);
            if uses.is_empty() || !asked && uses.iter().all(poor) {
                continue;
            }
            if !asked {
                uses.retain(|u| !u.entry.odd);
            }
            let rare = all && RARE.contains(name);
            let often = if all && !rare { EVERYDAY } else { 1 };
            let again = if rare && !SELDOM.contains(name) { 0 } else { often };
            plan.turns.extend(std::iter::repeat_n(plan.functions.len(), often));
            plan.later.extend(std::iter::repeat_n(plan.functions.len(), again));
            plan.functions.push(uses);
        }
        if plan.later.is_empty() {
            plan.later.clone_from(&plan.turns);
        }
        let figures = |at: &&usize| {
            plan.functions[**at].iter().any(|u| matches!(u.entry.yields, Yields::Aggregate | Yields::Class))
        };
        plan.spare = plan.later.iter().filter(figures).copied().collect();
        if plan.spare.is_empty() {
            plan.spare.clone_from(&plan.later);
        }
        plan
    }

    /// The function of a turn.
    fn function(&self, turn: u64, salt: u64) -> Option<usize> {
        let first = self.turns.len() as u64;
        let (turns, turn) = if turn < first { (&self.turns, turn) } else { (&self.later, turn - first) };
        turns.get(rotate(turns.len(), turn, mix(&[salt, 21]))).copied()
    }

    pub(in crate::compose) fn is_empty(&self) -> bool {
        self.functions.is_empty()
    }

    /// Whether the function of a slot has its first turn.
    pub(in crate::compose) fn first(&self, slot: u64, salt: u64) -> bool {
        let number = rotate(self.turns.len(), slot, mix(&[salt, 21]));
        slot < self.turns.len() as u64 && number.checked_sub(1).is_none_or(|n| self.turns[n] != self.turns[number])
    }

    /// The use of a slot: functions in turn, and of each its tables evenly, and those of their columns that little else
    /// uses; later attempts look elsewhere.
    pub(in crate::compose) fn at(&self, world: &World, slot: u64, attempt: u64, salt: u64, heat: &Heat) -> Option<Use> {
        // a function that nothing can be asked about here gives its slot to another in the end
        let own = if slot < self.turns.len() as u64 { 30 } else { self.patience };
        let other = || self.spare.get(mix(&[slot, attempt, salt]) as usize % self.spare.len().max(1)).copied();
        let uses = self.functions.get(if attempt < own { self.function(slot, salt) } else { other() }?)?;
        let mut places: BTreeMap<usize, usize> = BTreeMap::new();
        for one in uses {
            *places.entry(one.entity).or_default() += 1;
        }
        let weight = |one: &Use| {
            let heat = |field: usize| heat[one.entity][field];
            let crowd = one.second.map_or(0.5, heat).max(heat(one.field)).max(0.5);
            let entity = &world.entities[one.entity];
            // views repeat the tables behind them
            let own = if entity.view { 0.003 * entity.cheap } else { 1.0 };
            let wanted = if one.entry.odd { 0.001 } else { 1.0 };
            // at first of what people speak of
            let said = entity.spoken.powi(if slot < LATE { 3 } else { 1 });
            (10_000.0 * own * wanted * said / places[&one.entity] as f64 / crowd).max(1.0) as usize
        };
        let weights: Vec<usize> = uses.iter().map(weight).collect();
        uses.get(Rng::new(&[salt, slot, attempt, 23]).weighted(&weights)).copied()
    }
}

/// Functions for those who are asked to show them, and for nobody else.
const RARE: &[&str] = &[
    "acos", "array_agg", "array_append", "array_cat", "array_length", "array_position", "array_prepend",
    "array_remove", "array_replace", "array_lower", "array_positions", "array_to_json", "array_to_string",
    "array_upper", "btrim", "ceiling", "char_length", "covar_pop", "covar_samp", "concat_ws", "cume_dist", "date_bin",
    "div", "encode", "every", "exp", "first_value", "format", "generate_series", "isempty", "json_agg",
    "json_build_array", "json_object", "json_object_agg", "jsonb_agg", "jsonb_build_array", "jsonb_extract_path",
    "jsonb_object_agg", "jsonb_path_query_array", "jsonb_path_query_first", "jsonb_pretty", "jsonb_set",
    "jsonb_strip_nulls", "jsonb_typeof", "justify_days", "justify_hours", "justify_interval", "last_value", "ln",
    "log", "log10", "lower_inc", "lower_inf", "lpad", "ltrim", "make_date", "make_time", "md5", "mod", "nth_value",
    "ntile", "num_nonnulls", "num_nulls", "octet_length", "overlay", "percent_rank", "phraseto_tsquery",
    "plainto_tsquery", "range_agg", "range_intersect_agg", "regexp_count", "regexp_match", "regexp_split_to_array",
    "regexp_split_to_table", "regexp_substr", "regr_avgx", "regr_avgy", "regr_count", "regr_intercept", "regr_r2",
    "regr_slope", "regr_sxx", "regr_sxy", "regr_syy", "repeat", "reverse", "row_number", "row_to_json", "rpad",
    "rtrim", "sha256", "sign", "sqrt", "stddev_pop", "stddev_samp", "string_to_array", "string_to_table", "strpos",
    "substr", "timezone", "to_date", "to_json", "to_jsonb", "translate", "trim_array", "trunc", "ts_headline",
    "tsrange", "tsvector_to_array", "upper_inc", "var_pop", "var_samp", "variance", "websearch_to_tsquery",
    "width_bucket",
];

/// Of the rare ones, those that somebody may want without being asked to show them.
const SELDOM: &[&str] = &[
    "array_position", "char_length", "concat_ws", "cume_dist", "date_bin", "div", "every", "first_value",
    "justify_hours", "last_value", "make_date", "nth_value", "ntile", "num_nulls", "phraseto_tsquery",
    "plainto_tsquery", "regexp_count", "regr_slope", "row_number", "string_to_table", "strpos", "substr", "to_date",
    "trunc", "upper_inc", "websearch_to_tsquery",
];

/// Functions for other questions on each entity's fields.
pub(in crate::compose) fn tools(world: &World, version: i32) -> BTreeMap<usize, Tools> {
    let mut found: BTreeMap<usize, Tools> = BTreeMap::new();
    let open = |name: &str| !RARE.contains(&name) || SELDOM.contains(&name);
    // a value put into another form for some purpose is for those who are asked to show that
    let reshaped = |e: &Entry| {
        let printed = matches!(e.on, On::Row | On::Phone | On::Dialled | On::Card | On::Email);
        !e.aim.is_empty() || e.yields == Yields::Calendar || printed && e.yields == Yields::Value
    };
    let wanted: Vec<&Entry> = entries().filter(|e| e.since <= version && open(e.name) && !reshaped(e)).collect();
    let (odd, everyday): (Vec<&Entry>, Vec<&Entry>) = wanted.into_iter().partition(|e| e.odd);
    for entry in everyday.into_iter().chain(odd) {
        let mut uses = Vec::new();
        collect(world, entry, &mut uses);
        let seldom = entry.odd || RARE.contains(&entry.name);
        for one in uses {
            let tools = found.entry(one.entity).or_default();
            match tools.iter_mut().find(|t| t.name == entry.name) {
                // where the function is good for something else it is not for this
                Some(tool) if entry.odd && !tool.odd() => {}
                Some(tool) => tool.uses.push(one),
                None => tools.push(Tool { name: entry.name, often: TURNS[usize::from(seldom)], uses: vec![one] }),
            }
        }
    }
    found
}

/// Turns of an everyday function, and of one that is seldom wanted.
const TURNS: [usize; 2] = [8, 1];

/// A function with the places where it can be used.
#[derive(Debug)]
pub(in crate::compose) struct Tool {
    name: &'static str,
    pub often: usize,
    pub uses: Vec<Use>,
}

impl Tool {
    /// Good for nothing that people ask for: a long run shows it still, a short one does not.
    pub(in crate::compose) fn odd(&self) -> bool {
        self.uses.iter().all(|u| u.entry.odd)
    }
}

pub(in crate::compose) type Tools = Vec<Tool>;

fn collect(world: &World, entry: &'static Entry, uses: &mut Vec<Use>) {
    for (entity, e) in world.entities.iter().enumerate() {
        if !e.usable || e.bridge {
            continue;
        }
        for (field, f) in e.fields.iter().enumerate() {
            if !applies(e, field, f, entry) {
                continue;
            }
            if entry.sql.contains("{2}") {
                let seconds = (0..e.fields.len()).filter(|&s| s != field && pairs(e, entry, field, s));
                uses.extend(seconds.take(6).map(|s| Use { entry, entity, field, second: Some(s) }));
            } else {
                uses.push(Use { entry, entity, field, second: None });
            }
        }
    }
    // what is called by letters that say nothing only where there is nothing else
    let spoken = |u: &Use| !std::iter::once(u.field).chain(u.second).any(|f| world.entities[u.entity].fields[f].raw);
    if uses.iter().any(spoken) {
        uses.retain(spoken);
    }
}

/// What the placeholders stand for, in SQL and in words.
pub(super) type Filling = Vec<(&'static str, String, String)>;

/// Draws what the placeholders of an entry stand for; none where the data have nothing for one of them.
pub(super) fn filling(
    rng: &mut Rng,
    world: &World,
    entry: &Entry,
    field: &Field,
    second: Option<&Field>,
) -> Option<Filling> {
    let used = |name: &str| entry.sql.contains(name) || entry.noun.contains(name);
    let mut found: Filling = Vec::new();
    let mut same = |name, text: String| found.push((name, text.clone(), text));
    if !entry.numbers.is_empty() {
        let n = *rng.pick(entry.numbers)?;
        // a lot larger than the values fits into none of them
        let lots = entry.sql.contains("/ {n}") || entry.sql.starts_with("div(");
        if lots && field.numbers.get(6).is_none_or(|median| *median < 2.0 * n as f64) {
            return None;
        }
        same("{n}", n.to_string());
        same("{monthname}", literal::MONTHS[(n as usize).clamp(1, 12) - 1].to_owned());
        same("{N}", grammar::number_word(n as u64));
        same("{nth}", ordinal(n).to_owned());
        same("{over}", (n + 1).to_string());
    }
    same("{letter}", rng.word(&["A", "B", "C", "D", "M", "P", "S", "T"]).to_owned());
    if used("{lat}") {
        let at = rng.between(3, 9);
        // where exactly somebody is has no place in a question
        let degrees = |f: &Field| f.numbers.get(at).map(|n| format!("{n:.0}"));
        same("{lat}", degrees(field)?);
        same("{lon}", degrees(second?)?);
    }
    if used("{fit}") && field.length == 0.0 {
        same("{fit}", "40".to_owned());
    } else if used("{fit}") {
        // some are longer, most are not
        let fit = [8, 10, 12, 15, 20, 25, 30, 40].into_iter().find(|n| f64::from(*n) > field.length * 1.25)?;
        same("{fit}", fit.to_string());
    }
    if used("{value}") {
        let values: Vec<&str> = match field.role() {
            Role::Array => field.elements.iter().map(|(v, _)| v.as_str()).collect(),
            _ => field.values.iter().map(|(v, _)| v.as_str()).take(8).collect(),
        };
        let plain: Vec<&str> = values.into_iter().filter(|v| !v.contains(['\'', '\\', '{'])).collect();
        let value = *rng.pick(&plain)?;
        found.push(("{value}", value.to_owned(), literal::text_words(value, false)));
        if used("{upper}") || used("{small}") {
            let letters = value.is_ascii() && value.chars().any(|c| c.is_ascii_alphabetic());
            letters.then_some(())?;
            found.push(("{upper}", value.to_uppercase(), String::new()));
            found.push(("{small}", value.to_lowercase(), String::new()));
        }
    }
    if used("{word}") || used("{lower}") {
        // what stands in several cases would be found in one of them
        let once = |word: &str| {
            let same = |(w, _): &&(String, u64)| w.to_lowercase() == word.to_lowercase();
            used("{lower}") || field.elements.iter().filter(same).count() < 2
        };
        let words: Vec<&String> =
            field.elements.iter().map(|(w, _)| w).filter(|w| searched(w) && once(w)).take(10).collect();
        let at = rng.below(words.len());
        let word = (*words.get(at)?).clone();
        let other = (*words.get((at + 1) % words.len())?).clone();
        if !word.is_ascii() || !other.is_ascii() {
            return None;
        }
        let quoted = |w: &str| format!("\"{w}\"");
        found.push(("{word}", word.clone(), quoted(&word)));
        let (word, other) = (word.to_lowercase(), other.to_lowercase());
        found.push(("{lower}", word.clone(), quoted(&word)));
        found.push(("{other}", other.clone(), quoted(&other)));
    }
    if used("{key}") {
        let keys: Vec<&str> = field.keys.iter().map(|(k, ..)| k.as_str()).collect();
        let key = rng.pick(&keys).filter(|k| !k.contains(['\'', '"', '\\', '{']))?;
        found.push(("{key}", (*key).to_owned(), key.replace('_', " ")));
    }
    if used("{average")
        || ["{low}", "{low_whole}", "{step}"].iter().any(|n| used(n))
        || used("{high")
        || used("{spread}")
    {
        numbers(field, &mut found)?;
    }
    if ["{year}", "{month", "{last", "{middle", "{next", "{first"].iter().any(|n| used(n)) {
        days(rng, world, field, &mut found)?;
    }
    Some(found)
}

/// A word that people look for: neither a particle nor a scrap.
pub(in crate::compose) fn searched(word: &str) -> bool {
    const PARTICLES: &[&str] = &[
        "about", "after", "also", "based", "been", "before", "being", "both", "bunch", "each", "from", "includes",
        "including", "only", "such", "used", "using", "very", "were", "have", "into", "like", "must", "other", "over",
        "some", "than", "that", "their", "them", "then", "there", "these", "they", "this", "under", "what", "when",
        "where", "which", "while", "will", "with", "without", "your",
    ];
    let letters = word.chars().all(char::is_alphabetic);
    letters && word.chars().count() > 3 && !PARTICLES.contains(&word.to_lowercase().as_str())
}

fn numbers(field: &Field, found: &mut Filling) -> Option<()> {
    let at = |i: usize, whole: bool| field.numbers.get(i).map(|n| literal::round_number(*n, whole));
    let mut put = |name, value: f64| {
        found.push((name, literal::number_sql(value), literal::number_words(value, field.traits.money)));
    };
    put("{average}", at(6, field.whole())?);
    put("{average_whole}", at(6, true)?);
    put("{low}", at(2, field.whole())?);
    put("{low_whole}", at(2, true)?);
    let (low, high) = (at(2, field.whole())?, at(10, field.whole())?);
    put("{high}", high);
    put("{high_whole}", at(10, true)?);
    // some five of them over most of the values
    put("{step}", literal::round_step((high - low) / 5.0));
    put("{spread}", literal::round_number((high - low) / 2.0, field.whole()));
    (low < high && at(2, true)? < at(10, true)?).then_some(())
}

fn days(rng: &mut Rng, world: &World, field: &Field, found: &mut Filling) -> Option<()> {
    let day = *field.days.get(rng.between(3, 9))?;
    let bare = |d: Day| d.sql().trim_matches('\'').to_owned();
    // the day on which one may ask is after all that has happened
    let year = field.days.last()?.year.max(world.latest_year().unwrap_or_default());
    let last = Day { year: year + 1, month: 1, day: 1 };
    found.push(("{year}", day.year.to_string(), day.year.to_string()));
    found.push(("{month}", bare(day.month_start()), day.month_words()));
    found.push(("{month_words}", day.month_words(), day.month_words()));
    found.push(("{next_month}", bare(day.add_months(1)), day.add_months(1).month_words()));
    found.push(("{last}", bare(last), last.words()));
    found.push(("{last_words}", last.words(), last.words()));
    let first = day.month_start();
    found.push(("{first}", format!("{:02}.{:02}.{}", first.day, first.month, first.year), first.words()));
    found.push(("{month_first}", first.words(), first.words()));
    found.push(("{middle}", bare(day), day.words()));
    found.push(("{middle_words}", day.words(), day.words()));
    Some(())
}

fn ordinal(n: i64) -> &'static str {
    match n {
        1 => "first",
        2 => "second",
        3 => "third",
        4 => "fourth",
        5 => "fifth",
        _ => "next",
    }
}
