//! Queries within queries: rows above an average, groups above the average group, figures of figures.

use super::super::draw::{Draft, Draw, apply};
use super::super::probe::filter_probes;
use super::super::say::{Extra, Speech};
use super::super::scope::Scope;
use super::super::tree::{Expr, Select, aggregate, fill};
use super::grouped::{self, By, output, over};
use super::{figure, list};
use crate::candidate::Expect;
use crate::schema::roles::Role;

/// "films longer than the average film", or than the average of their own rating.
pub(super) fn above_average(draw: &mut Draw) -> Option<Draft> {
    if draw.fan.is_some() {
        return None;
    }
    let by = draw.choose(|scope, p| p.node == 0 && scope.field(p).measurable() && scope.field(p).varied)?;
    draw.use_place(by);
    let counted = draw.rng.chance(40);
    let nothing = || list::Shown { columns: Vec::new(), nouns: Vec::new(), named: false, places: Vec::new() };
    let shown = if counted { nothing() } else { list::shown(draw, 0, 2) };
    let within = draw.choose(|scope, p| {
        let f = scope.field(p);
        p.node == 0
            && f.role() == Role::Dimension
            && f.groupable()
            && !f.nullable
            && f.distinct * 8 <= scope.subject().rows
    });
    let within = within.filter(|_| draw.rng.chance(50));
    let conditions = draw.conditions(usize::from(counted && draw.scope.nodes.len() > 1), 2)?;
    let noun = draw.scope.noun(by);
    let higher = draw.rng.chance(65);
    let mut inner_scope = Scope::new(draw.world, draw.scope.nodes[0].entity);
    inner_scope.nodes[0].alias = format!("{}_all", draw.scope.nodes[0].alias);
    let mut inner =
        Select { columns: vec![(aggregate("avg({})", vec![inner_scope.column(by)]), None)], ..inner_scope.select() };
    let mut query = draw.scope.select();
    let compared = match within {
        Some(place) => {
            draw.use_place(place);
            inner.filter = vec![fill("{} = {}", vec![inner_scope.column(place), draw.scope.column(place)])];
            inner.keep_alias = true;
            query.keep_alias = true;
            format!("the average for the same {}", draw.scope.noun(place))
        }
        None => draw
            .rng
            .word(&["the overall average", "the average of all {}", "the average over all {}", "average"])
            .replace("{}", &draw.scope.subject().many),
    };
    query.columns = if counted { vec![(aggregate("count(*)", vec![]), None)] } else { shown.columns.clone() };
    if query.columns.is_empty() {
        return None;
    }
    apply(&mut query, &conditions);
    let op = if higher { ">" } else { "<" };
    query.filter.push(fill(&format!("{{}} {op} {{}}"), vec![draw.scope.column(by), Expr::Query(Box::new(inner))]));
    let mut probes = filter_probes(&query, &conditions);
    let mut without = query.clone();
    without.filter.pop();
    probes.push(("filter", without, Expect::Differs));
    let word = if higher {
        draw.rng.word(&["above", "higher than", "greater than"])
    } else {
        draw.rng.word(&["below", "lower than", "less than"])
    };
    let clause = format!("{noun} {} {word} {compared}", super::super::condition::be(&noun));
    let rows = draw.rows_phrase(&conditions);
    let rows =
        if rows.contains(" whose ") { format!("{rows} and whose {clause}") } else { format!("{rows} whose {clause}") };
    let speech = if counted {
        Speech {
            nominal: vec![format!("the number of {rows}")],
            questions: figure::counting(draw, &rows),
            ..Speech::default()
        }
    } else {
        list::speech(draw, &shown, &rows)
    };
    Some(Draft { probes, ..Draft::new(query, speech) })
}

/// Groups whose figure is above the average over the groups.
pub(super) fn groups_above_average(draw: &mut Draw) -> Option<Draft> {
    let g = grouped::draw(draw, By::Any, 1)?;
    let different = g.figure.noun.starts_with("number of di") && !g.key.entity;
    // of a handful there is hardly an average
    let end = ["max_", "min_"].iter().any(|p| g.figure.alias.starts_with(p)) || g.figure.noun.contains("rounded");
    if g.figure.time || different || end || (1..6).contains(&g.key.size) {
        return None;
    }
    let higher = draw.rng.chance(70);
    let op = if higher { ">" } else { "<" };
    let (order, extras) = grouped::reading_order(draw, &g);
    let counted = draw.rng.chance(if g.key.entity && g.conditions.is_empty() { 25 } else { 0 });
    let windowed = draw.rng.chance(25);
    let average = || aggregate("avg({})", vec![g.value()]);
    let whole = |inner: Select| {
        let mut columns = g.key_outputs();
        columns.push((g.value(), None));
        let columns = if counted { vec![(aggregate("count(*)", vec![]), None)] } else { columns };
        let order = if counted { Vec::new() } else { order.clone() };
        if windowed {
            let mut marked = inner.clone();
            let mean = Expr::Window(Box::new(fill("avg({}) OVER ()", vec![g.raw()])));
            marked.columns.push((mean, Some("average".into())));
            let filter = vec![fill(&format!("{{}} {op} {{}}"), vec![g.value(), output("average")])];
            return over(false, "figures", marked, Select { columns, filter, order, ..Select::default() });
        }
        let all = Select {
            columns: vec![(average(), None)],
            from: Some(super::super::tree::Source::Table("figures".into(), "figures".into())),
            ..Select::default()
        };
        let filter = vec![fill(&format!("{{}} {op} {{}}"), vec![g.value(), Expr::Query(Box::new(all))])];
        over(true, "figures", inner, Select { columns, filter, order, ..Select::default() })
    };
    let measure = &g.measure;
    let many = &g.key.many;
    let word = if higher {
        draw.rng.word(&["above", "higher than", "greater than"])
    } else {
        draw.rng.word(&["below", "lower than"])
    };
    let whom = if g.key.person { "whom" } else { "which" };
    let bare = measure.strip_prefix("the ").unwrap_or(measure);
    let beyond = if higher { "an above-average" } else { "a below-average" };
    let which = match draw.rng.below(3) {
        // of what adds up, the average can be that of the groups alone
        0 if g.adds_up() => format!("with {beyond} {bare}"),
        1 => format!("whose {bare} is {word} the average of all {many}"),
        _ => format!("for {whom} {measure} is {word} the average over all {many}"),
    };
    let speech = if counted {
        Speech {
            nominal: vec![format!("the number of {many} {which}")],
            questions: vec![
                format!("for how many {many} is {measure} {word} the average over all of them"),
                format!("how many {many} are there {which}"),
            ],
            ..Speech::default()
        }
    } else {
        Speech {
            nominal: vec![
                format!("{many} {which}, with that figure"),
                format!("the {many} {which}, together with it"),
                format!("{many} {which}, figure included"),
            ],
            questions: std::iter::once(format!(
                "for which {many} is {measure} {word} the average over all of them, and what is it for each"
            ))
            .chain(g.adds_up().then(|| format!("which {many} have {beyond} {bare}, and what is it")))
            .collect(),
            extras,
            lists: true,
        }
    };
    let mut draft = g.draft(speech, whole);
    let mut without = draft.query.clone();
    without.filter.clear();
    draft.probes.push(("filter", without, Expect::Differs));
    Some(draft)
}

/// A figure of figures: "the average number of rentals per customer".
pub(super) fn figure_of_figures(draw: &mut Draw) -> Option<Draft> {
    let g = grouped::draw(draw, By::Any, 1)?;
    // of things and of spans one knows that each has its own
    let told = g.key.entity || g.key.time;
    let different = g.figure.noun.starts_with("number of di") && !g.key.entity;
    if g.figure.time || g.figure.noun.contains("rounded") || !told || different || (1..6).contains(&g.key.size) {
        return None;
    }
    let two = draw.rng.chance(35);
    let kinds = [("avg", "average"), ("max", "highest"), ("min", "lowest")];
    // the highest of the highest needs no groups
    let extreme = ["highest ", "lowest ", "largest ", "smallest ", "latest ", "earliest ", "maximum ", "minimum "];
    let odd = extreme.iter().any(|word| g.measure.contains(word));
    // groups of no rows at all would have the lowest count, and make the average lower
    let counts = g.figure.counts || g.figure.noun.starts_with("number ");
    let top_alone = counts && g.key.has_gaps(!g.conditions.is_empty());
    // the average of the highest is nobody's figure
    if odd || top_alone && (1..10).contains(&g.key.size) {
        return None;
    }
    let first = if top_alone { 1 } else { draw.rng.weighted(&[50, 30, 20]) };
    let two = two && !top_alone;
    // the average goes first, so that what the other is of is told
    let (first, second) = if two { (0, draw.rng.between(1, 2)) } else { (first, 0) };
    let cte = draw.rng.chance(50);
    let round = draw.rng.chance(60)
        && !matches!(g.figure.place.map(|p| draw.scope.field(p).base.as_str()), Some("float4" | "float8"));
    let make = |i: usize| {
        let call = aggregate(&format!("{}({{}})", kinds[i].0), vec![g.value()]);
        let call = if i == 0 && round { fill("round({}, 2)", vec![call]) } else { call };
        (call, Some(format!("{}_{}", kinds[i].1, g.figure.alias)))
    };
    let whole = |inner: Select| {
        let mut columns = vec![make(first)];
        if two {
            columns.push(make(second));
        }
        over(cte, "figures", inner, Select { columns, ..Select::default() })
    };
    let bare = g.measure.strip_prefix("the ").unwrap_or(&g.measure);
    let each = &g.key.one;
    let words: Vec<&str> = std::iter::once(kinds[first].1).chain(two.then_some(kinds[second].1)).collect();
    // "the highest number of rentals per customer" might be one for each of them
    let said = match (two, first) {
        (true, _) => format!("the average {bare} per {each}, and the {} of any {each}", words[1]),
        (false, 0) => format!("the average {bare} per {each}"),
        _ => format!("the {} {bare} of any {each}", words[0]),
    };
    let extras = if round && (first == 0 || two && second == 0) {
        vec![Extra::new(", average to two decimals", "Round the average to two decimals")]
    } else {
        Vec::new()
    };
    let is = if two { "are" } else { "is" };
    let questions = vec![
        format!("what {is} {said}"),
        format!("with {} taken per {each}, what {is} the {}", g.measure, crate::schema::grammar::and_list(&words)),
    ];
    let nominal = vec![said];
    Some(g.draft(Speech { nominal, questions, extras, lists: false }, whole))
}

/// Groups that hold more than a share of what the largest holds, as two steps of common table expressions.
pub(super) fn against_best(draw: &mut Draw) -> Option<Draft> {
    let g = grouped::draw(draw, By::Thing, 1)?;
    if !g.adds_up() {
        return None;
    }
    let percent = [50u32, 60, 75, 80, 90][draw.rng.below(5)];
    let (order, extras) = grouped::reading_order(draw, &g);
    let whole = |inner: Select| {
        let figures = super::super::tree::Source::Table("figures".into(), "figures".into());
        let best = Select {
            columns: vec![(aggregate("max({})", vec![g.value()]), Some("top".into()))],
            from: Some(figures),
            ..Select::default()
        };
        let mut columns = g.key_outputs();
        columns.push((g.value(), None));
        let filter =
            vec![fill(&format!("{{}} >= {} * {{}}", f64::from(percent) / 100.0), vec![g.value(), output("top")])];
        let mut query =
            over(true, "figures", inner, Select { columns, filter, order: order.clone(), ..Select::default() });
        query.with.push(super::super::tree::Cte { name: "best".into(), columns: Vec::new(), query: best });
        query.joins.push(super::super::tree::Join {
            kind: super::super::tree::JoinKind::Cross,
            source: super::super::tree::Source::Table("best".into(), "best".into()),
            on: None,
        });
        query.keep_alias = true;
        query
    };
    let (many, measure) = (&g.key.many, &g.measure);
    let whom = if g.key.person { "whom" } else { "which" };
    let which = match draw.rng.below(3) {
        0 => format!("for {whom} {measure} reaches at least {percent} % of the highest such figure"),
        1 => format!("that reach at least {percent} % of the top value in {measure}"),
        _ => format!(
            "that come to {percent} % or more of the leader's {}",
            measure.strip_prefix("the ").unwrap_or(measure)
        ),
    };
    let which = if g.key.person { which.replacen("that ", "who ", 1) } else { which };
    let speech = Speech {
        nominal: vec![
            format!("{many} {which}, with the figure"),
            format!("the {many} {which}, together with that figure"),
        ],
        questions: vec![
            format!(
                "for which {many} does {measure} reach at least {percent} % of the highest such figure, and what is it"
            ),
            format!("which {many} get to {percent} % or more of the maximum in {measure}, and with how much")
                .replace("with how much", if g.figure.counts { "with how many" } else { "with how much" }),
        ],
        extras,
        lists: true,
    };
    let mut draft = g.draft(speech, whole);
    let mut without = draft.query.clone();
    without.filter.clear();
    draft.probes.push(("filter", without, Expect::Differs));
    Some(draft)
}
