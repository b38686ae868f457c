//! Windows over grouped figures: ranks, shares of the whole, running totals, change from one span to the next.

use super::super::draw::{Draft, Draw};
use super::super::say::{Extra, Speech};
use super::super::tree::{Expr, Order, Select, aggregate, fill, text};
use super::grouped::{self, By, Grouped, output, over};
use crate::candidate::Expect;
use crate::schema::grammar::{number_word, plural};

fn window(template: &str, parts: Vec<Expr>) -> Expr {
    Expr::Window(Box::new(fill(template, parts)))
}

/// "each customer's percentage of the total amount".
pub(super) fn share(draw: &mut Draw) -> Option<Draft> {
    let g = grouped::draw(draw, By::Any, 2)?;
    if !g.adds_up() {
        return None;
    }
    let raw = g.raw();
    let places = [0, 1, 1, 2, 2][draw.rng.below(5)];
    let with_figure = draw.rng.chance(40);
    let variant = draw.rng.below(3);
    let (order, mut extras) = grouped::reading_order(draw, &g);
    let order = order
        .into_iter()
        .map(|o| if o.by == g.value() && !with_figure { Order { by: output("share"), ..o } } else { o })
        .collect::<Vec<_>>();
    let whole = |inner: Select| {
        let percent =
            |value: Expr, total: Expr| fill(&format!("round(100.0 * {{}} / {{}}, {places})"), vec![value, total]);
        let figure = (g.value(), None);
        match variant {
            0 => {
                let mut query = inner;
                let total = window("sum({}) OVER ()", vec![raw.clone()]);
                if !with_figure {
                    query.columns.pop();
                }
                query.columns.push((percent(raw.clone(), total), Some("share".into())));
                query.order = order.clone();
                query
            }
            v => {
                let total = if v == 1 {
                    window("sum({}) OVER ()", vec![g.value()])
                } else {
                    let all =
                        Select { columns: vec![(aggregate("sum({})", vec![g.value()]), None)], ..Select::default() };
                    let all = Select {
                        from: Some(super::super::tree::Source::Table("figures".into(), "figures".into())),
                        ..all
                    };
                    Expr::Query(Box::new(all))
                };
                let mut columns = g.key_outputs();
                if with_figure {
                    columns.push(figure);
                }
                columns.push((percent(g.value(), total), Some("share".into())));
                over(true, "figures", inner, Select { columns, order: order.clone(), ..Select::default() })
            }
        }
    };
    let key = &g.key.one;
    let rounded = match places {
        0 => "rounded to whole percent".to_owned(),
        n => format!("rounded to {} decimal{}", number_word(n), if n == 1 { "" } else { "s" }),
    };
    let measure = &g.measure;
    if with_figure {
        extras.push(Extra::new(
            ", with the figure itself before the percentage",
            "Show the figure itself before the percentage",
        ));
    }
    let mut nominal = vec![
        format!("the percentage of {measure} that falls to each {key}, {rounded}"),
        format!("the share of each {key} in {measure}, as a percentage {rounded}"),
        format!("the percentage that each {key} contributes to {measure}, {rounded}"),
    ];
    if g.key.time {
        nominal.truncate(1);
    }
    let questions = if g.key.time {
        vec![
            format!("what percentage of {measure} falls in each {key}, {rounded}"),
            format!("how is {measure} spread over the {}, in percent {rounded}", g.key.many),
        ]
    } else {
        vec![
            format!("what percentage of {measure} does each {key} account for, {rounded}"),
            format!("how large is the share of each {key} in {measure}, in percent {rounded}"),
            format!("which percentage of {measure} comes from each {key}, {rounded}"),
        ]
    };
    Some(g.draft(Speech { nominal, questions, extras, lists: false }, whole))
}

/// "categories ranked by the number of films".
pub(super) fn rank(draw: &mut Draw) -> Option<Draft> {
    let g = grouped::draw(draw, By::Thing, 2)?;
    let dense = draw.rng.chance(40);
    let descending = draw.rng.chance(75);
    let function = if dense { "dense_rank" } else { "rank" };
    let direction = if descending { " DESC" } else { "" };
    let keep = draw.rng.chance(45).then(|| draw.rng.between(2, 5) as u64);
    let cte = draw.rng.chance(60);
    let raw = g.raw();
    let order = Order { by: output("position"), descending: false, nulls_last: false };
    let whole = |inner: Select| {
        let mut ranked = inner;
        ranked.columns.push((
            window(&format!("{function}() OVER (ORDER BY {{}}{direction})"), vec![raw.clone()]),
            Some("position".into()),
        ));
        match keep {
            None => Select { order: vec![order.clone()], ..ranked },
            Some(n) => {
                let mut columns = g.key_outputs();
                columns.push((g.value(), None));
                columns.push((output("position"), None));
                let filter = vec![fill("{} <= {}", vec![output("position"), text(n.to_string())])];
                over(cte, "ranked", ranked, Select { columns, filter, order: vec![order.clone()], ..Select::default() })
            }
        }
    };
    let ties = if dense { "ties share a rank and no rank is left out" } else { "ties share a rank" };
    let best = if descending { "highest" } else { "lowest" };
    let many = &g.key.many;
    let measure = &g.measure;
    let (nominal, questions) = match keep {
        None => (
            vec![
                format!("{many} ranked by {measure}, with that figure and the rank"),
                format!("a ranking of {many} by {measure}, showing the figure and the rank"),
                format!("the rank of each {} by {measure}, after the figure itself", g.key.one),
            ],
            vec![
                format!("how do {many} rank by {measure}, and what are the figure and the rank"),
                format!("what rank does each {} hold by {measure}, next to the figure itself", g.key.one),
            ],
        ),
        Some(n) => (
            vec![
                format!("{many} among the top {} ranks by {measure}, with that figure and the rank", number_word(n)),
                format!("the {many} that hold ranks 1 to {n} by {measure}, with the figure and the rank"),
            ],
            vec![format!(
                "which {many} hold the first {} ranks by {measure}, and what are the figure and the rank of each",
                number_word(n)
            )],
        ),
    };
    let extras =
        vec![Extra::new(format!(" (rank 1 for the {best}; {ties})"), format!("Rank 1 goes to the {best}, and {ties}"))];
    let mut draft = g.draft(Speech { nominal, questions, extras, lists: true }, whole);
    if keep.is_some() {
        let mut without = draft.query.clone();
        without.filter.clear();
        draft.probes.push(("filter", without, Expect::Differs));
    }
    Some(draft)
}

/// Change against the span before, running totals, moving averages.
pub(super) fn over_time(draw: &mut Draw) -> Option<Draft> {
    let g = grouped::draw(draw, By::Time, 2)?;
    let unit = g.names[0].clone();
    let span = g.key.one.clone();
    let by = output(&unit);
    let kind = draw.rng.weighted(&[40, if g.adds_up() { 30 } else { 0 }, 30, 20]);
    let size = [2usize, 3, 4][draw.rng.below(3)];
    let cte = draw.rng.chance(70);
    let raw = g.raw();
    let numeric = !g.figure.time;
    if !numeric {
        return None;
    }
    let (alias, what): (String, String) = match kind {
        0 => ("change".into(), format!("how it changed from the {unit} before")),
        1 => ("running_total".into(), "the running total up to then".into()),
        2 => (
            "moving_average".into(),
            format!(
                "the moving average over that {unit} and the {} before, rounded to two decimals",
                if size == 2 { unit.clone() } else { format!("{} {}", number_word(size as u64 - 1), plural(&unit)) }
            ),
        ),
        _ => ("previous".into(), format!("the figure of the {unit} before")),
    };
    let column = |value: Expr, by: Expr| match kind {
        0 => fill("{} - {}", vec![value.clone(), window("lag({}) OVER (ORDER BY {})", vec![value, by])]),
        1 => window("sum({}) OVER (ORDER BY {})", vec![value, by]),
        2 => fill(
            "round({}, 2)",
            vec![window(
                &format!("avg({{}}) OVER (ORDER BY {{}} ROWS BETWEEN {} PRECEDING AND CURRENT ROW)", size - 1),
                vec![value, by],
            )],
        ),
        _ => window("lag({}) OVER (ORDER BY {})", vec![value, by]),
    };
    if kind == 2 && matches!(g.figure.place.map(|p| draw.scope.field(p).base.as_str()), Some("float4" | "float8")) {
        return None;
    }
    let key_expr = g.key.group.first()?.clone();
    let whole = |inner: Select| {
        let order = vec![Order { by: by.clone(), descending: false, nulls_last: false }];
        if cte {
            let columns =
                vec![(by.clone(), None), (g.value(), None), (column(g.value(), by.clone()), Some(alias.clone()))];
            over(true, &format!("by_{unit}"), inner, Select { columns, order, ..Select::default() })
        } else {
            let mut query = inner;
            query.columns.push((column(raw.clone(), key_expr.clone()), Some(alias.clone())));
            query.order = order;
            query
        }
    };
    let measure = &g.measure;
    let extras = vec![Extra::new(
        draw.rng.word(&[", in chronological order", ", oldest first", ", from the earliest on", ", in order of time"]),
        "Put it in chronological order",
    )];
    let nominal = vec![
        format!("{measure} for each {span} and {what}"),
        format!("{measure} by {span}, together with {what}"),
        format!("{measure} per {span}, followed by {what}"),
    ];
    let questions = vec![
        if kind == 0 {
            format!("what is {measure} for each {span}, and how did it change from the {unit} before")
        } else {
            format!("what is {measure} for each {span}, and what is {what}")
        },
        format!("for each {span}, what are {measure} and {}", what.replacen("how it changed", "the change", 1)),
    ];
    Some(g.draft(Speech { nominal, questions, extras, lists: false }, whole))
}

/// The best of each group: "for each rating, the longest films".
pub(super) fn best_of_each(draw: &mut Draw) -> Option<Draft> {
    let subject = draw.scope.subject();
    if draw.fan.is_some() || subject.label.is_empty() || subject.key.is_empty() {
        return None;
    }
    let key = super::super::group::key(draw)?;
    let by = draw.choose(|scope, p| {
        p.node == 0 && scope.field(p).measurable() && scope.field(p).distinct > 8 && !scope.field(p).nullable
    })?;
    if key.time
        || key.places.iter().any(|p| p.node == 0 && subject.label.contains(&p.field))
        || key.group.len() > key.columns.len()
    {
        return None;
    }
    draw.use_place(by);
    let conditions = draw.conditions(0, 2)?;
    let rows = draw.rows_phrase(&conditions);
    let noun = draw.scope.noun(by);
    let descending = draw.rng.chance(70);
    let top = if descending { draw.rng.word(&["highest", "largest"]) } else { draw.rng.word(&["lowest", "smallest"]) };
    let direction = if descending { " DESC" } else { "" };
    let column = draw.scope.column(by);
    let label: Vec<(Expr, Option<String>)> = subject
        .label
        .iter()
        .map(|&field| (draw.scope.column(super::super::scope::Place { node: 0, field }), None))
        .collect();
    let mut inner = draw.scope.select();
    inner.columns = key.columns.iter().cloned().chain(label).chain([(column.clone(), None)]).collect();
    let names: Vec<String> = inner.columns.iter().map(grouped::output_name).collect();
    let mut sorted = names.clone();
    sorted.sort();
    sorted.dedup();
    if sorted.len() < names.len() {
        return None;
    }
    let g = Grouped {
        measure: String::new(),
        figure: super::super::aggregate::count(&draw.scope),
        query: Select { filter: conditions.iter().flat_map(|c| c.sql.clone()).collect(), ..inner },
        names,
        conditions,
        key,
    };
    let keys: Vec<Expr> = g.key.group.clone();
    let person = subject.person;
    if draw.rng.chance(35) {
        return Some(first_of_each(draw, &g, &rows, &noun, top, by, descending));
    }
    let n = [1, 1, 2, 3, 3][draw.rng.below(5)];
    let cte = draw.rng.chance(60);
    let partition = vec!["{}"; keys.len()].join(", ");
    let whole = |inner: Select| {
        let mut parts = keys.clone();
        parts.push(column.clone());
        let mut ranked = inner;
        let position = window(&format!("rank() OVER (PARTITION BY {partition} ORDER BY {{}}{direction})"), parts);
        ranked.columns.push((position, Some("position".into())));
        let columns = g.key_outputs();
        let filter =
            vec![fill(if n == 1 { "{} = {}" } else { "{} <= {}" }, vec![output("position"), text(n.to_string())])];
        over(cte, "ranked", ranked, Select { columns, filter, ..Select::default() })
    };
    let key = &g.key.one;
    let number = if n == 1 { String::new() } else { format!("{} ", number_word(n)) };
    let who = if person { "who have" } else { "that have" };
    let nominal = vec![
        format!("for each {key}, the {number}{rows} {who} the {top} {noun}, with that {noun}"),
        format!("the {number}{rows} with the {top} {noun} within each {key}, with {noun}"),
    ];
    let questions = vec![
        format!("which {number}{rows} have the {top} {noun} within each {key}, and what is it"),
        format!("for each {key}, which {number}{rows} have the {top} {noun}, and what is that {noun}"),
    ];
    let extras = vec![Extra::new(", ties included", "Keep ties")];
    let mut draft = g.draft(Speech { nominal, questions, extras, lists: true }, whole);
    let mut without = draft.query.clone();
    without.filter.clear();
    draft.probes.push(("filter", without, Expect::Differs));
    Some(draft)
}

/// DISTINCT ON: one row a group, proved to have no rival.
fn first_of_each(
    draw: &mut Draw,
    g: &Grouped,
    rows: &str,
    noun: &str,
    top: &str,
    by: super::super::scope::Place,
    descending: bool,
) -> Draft {
    let keys = g.key.group.clone();
    let subject = draw.scope.subject();
    let breakers: Vec<Expr> = subject.key.iter().map(|k| draw.scope.named(0, k)).collect();
    let column = draw.scope.column(by);
    let whole = |inner: Select| {
        let mut order: Vec<Order> =
            keys.iter().map(|k| Order { by: k.clone(), descending: false, nulls_last: false }).collect();
        order.push(Order { by: column.clone(), descending, nulls_last: false });
        Select { distinct: super::super::tree::Distinct::On(keys.clone()), order, ..inner }
    };
    let one = rows.replacen(&subject.many, &subject.one, 1);
    let key = &g.key.one;
    let nominal = vec![
        format!("for each {key}, the {one} with the {top} {noun}, showing that {noun}"),
        format!("the {one} with the {top} {noun} for every {key}, with the {noun} itself"),
    ];
    let questions = vec![format!("for each {key}, which {one} has the {top} {noun}, and what is that {noun}")];
    let extras = vec![Extra::new(format!(", in order of {key}"), format!("Sort by {key}"))];
    let mut draft = g.draft(Speech { nominal, questions, extras, lists: true }, whole);
    draft.probes.extend(super::super::draw::tie_probes(&draft.query, &breakers));
    draft
}
