//! Windows over grouped figures: ranks, shares of the whole, running totals, change from one span to the next.

use super::super::aggregate::rounded as aggregate_rounded;
use super::super::draw::{Draft, Draw};
use super::super::group;
use super::super::moment;
use super::super::phrase;
use super::super::say::{Extra, Speech};
use super::super::spans;
use super::super::tree::{Expr, Order, Select, aggregate, fill, text};
use super::grouped::{self, By, output, over};
use crate::candidate::Expect;
use crate::schema::grammar::number_word;

pub(super) fn window(template: &str, parts: Vec<Expr>) -> Expr {
    Expr::Window(Box::new(fill(template, parts)))
}

/// "each customer's percentage of the total amount".
pub(super) fn share(draw: &mut Draw) -> Option<Draft> {
    // over a bridge the parts add up to more than the whole
    if draw.fan.is_some() {
        return None;
    }
    if draw.scope.drops() {
        return None;
    }
    let g = grouped::draw(draw, By::Any, 2)?;
    // the share of one in hundreds is next to nothing
    if !g.adds_up() || g.key.size > if g.key.person { 12 } else { 30 } {
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
        0 => draw.rng.word(&["rounded to whole percent", "in whole percent", "to the nearest percent"]),
        places => aggregate_rounded(places),
    };
    let percent_said = if rounded.contains("percent") { rounded.to_owned() } else { format!("in percent {rounded}") };
    // a part of things, and not of their number
    let (measure, is) = match g.measure.strip_prefix("the number of ") {
        Some(rows) => (&format!("all {rows}"), "are"),
        None => (&g.measure, "is"),
    };
    if with_figure {
        let it = g.it();
        let inline = [format!(", along with the {it}"), format!(", with the {it} as well"), format!(", with the {it}")];
        let sentence = [format!("Show the {it} as well"), format!("Give the {it} too")];
        let at = draw.rng.below(3);
        extras.push(Extra::new(inline[at].clone(), sentence[at % 2].clone()));
    }
    // "all episodes that are in each quarter in which they started"
    if g.key.one.contains("which they ") || g.key.time && g.key.places.iter().any(|p| p.node != 0) {
        return None;
    }
    let fall = if g.key.time { "falls in" } else { "falls to" };
    // "that started in each year"
    let then = key.rsplit_once(' ').filter(|_| g.key.time && is == "are");
    let did = then.and_then(|(did, span)| Some((moment::happened(&format!("{did} date"))?, span)));
    let fallen = match did {
        Some((happened, span)) => format!("{happened} in each {span}"),
        None => format!("{fall} each {key}"),
    };
    // a breakdown of payments might be one of their amounts
    let money = draw.scope.subject().fields.iter().any(|f| f.traits.money && f.traits.additive);
    let (of_what, split) = if money { (&g.measure, "is") } else { (measure, is) };
    let mut nominal = vec![
        format!("the percentage of {measure} that {fallen}, {rounded}"),
        format!("the percentage of {measure} that each {key} accounts for, {rounded}"),
        format!("the percentage breakdown of {of_what} by {key}, {rounded}"),
    ];
    // behind a clause the groups would cling to it
    if phrase::has_clause(measure) {
        nominal = vec![
            format!("for each {key}, the percentage of {measure} that it accounts for, {rounded}"),
            format!("per {key}, the percentage of {measure}, {rounded}"),
        ];
    }
    if g.key.time {
        nominal.truncate(1);
    }
    let questions = if g.key.time {
        vec![
            format!("what percentage of {measure} {fallen}, {rounded}"),
            format!("how {is} {measure} spread over the {}, {percent_said}", g.key.many),
        ]
    } else {
        vec![
            format!("what percentage of {measure} does each {key} account for, {rounded}"),
            format!("how {split} {of_what} split between the {}, {percent_said}", g.key.many),
        ]
    };
    Some(g.draft(Speech { nominal, questions, extras, lists: false }, whole))
}

/// "categories ranked by the number of films".
pub(super) fn rank(draw: &mut Draw) -> Option<Draft> {
    let g = grouped::draw(draw, By::Thing, 2)?;
    // nobody ranks by the end of a scale
    let end = ["min_", "max_"].iter().any(|end| g.figure.alias.starts_with(end));
    if g.figure.time || end {
        return None;
    }
    let backward = g.key.one.contains("which they ");
    if backward || (1..4).contains(&g.key.size) || !g.adds_up() && draw.rng.chance(60) {
        return None;
    }
    let dense = draw.rng.chance(40);
    let function = if dense { "dense_rank" } else { "rank" };
    let first = [3, 3, 5, 5, 10][draw.rng.below(5)];
    let keep = draw.rng.chance(45).then_some(if g.key.size > 0 && first >= g.key.size { 3 } else { first });
    let cte = draw.rng.chance(60);
    if keep.is_some() {
        group::all_told(draw);
    }
    // ranked by what is shown, so that ties are those that a reader sees
    let raw = g.figure.sql.clone();
    let order = Order { by: output("position"), descending: false, nulls_last: false };
    let whole = |inner: Select| {
        let mut ranked = inner;
        ranked.columns.push((
            window(&format!("{function}() OVER (ORDER BY {{}} DESC)"), vec![raw.clone()]),
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
    let ties = if dense {
        draw.rng.word(&[
            " (no gaps after ties)",
            " (without gaps after ties)",
            " (ties share a rank, and no rank is skipped)",
        ])
    } else {
        draw.rng.word(&[" (ties share a rank, leaving a gap)", " (ties share a rank, with gaps after them)"])
    };
    let best = match keep {
        Some(_) => draw.rng.word(&["in order of rank", "highest first"]),
        None => draw.rng.word(&["highest first", "from the highest down"]),
    };
    let many = &g.key.many;
    let measure = &g.measure;
    let it = g.it();
    let (nominal, questions) = match keep {
        None => (
            vec![
                format!("{many} ranked by {measure}, with the {it} and rank of each"),
                format!("a ranking of {many} by {measure}, with the {it} for each"),
            ],
            vec![
                format!("how do {many} rank by {measure}, and what is the {it} for each"),
                format!("where does each {} rank by {measure}, and what is the {it}", g.key.one),
            ],
        ),
        Some(n) => (
            vec![
                format!("the {many} in the top {n} by {measure}, with the {it} and rank of each"),
                format!("{many} that rank in the top {n} by {measure}, with the {it} and rank of each"),
            ],
            vec![
                format!("which {many} are in the top {n} by {measure}, and what are the {it} and rank of each"),
                format!("which {many} rank in the top {n} by {measure}, and what is the {it} of each"),
            ],
        ),
    };
    let extras = vec![Extra::new(
        format!(", {best}{ties}"),
        format!("Rank them {best}{ties}")
            .replace("Rank them in order of rank", "Sort by rank")
            .replace("Rank them best", "Best"),
    )];
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
    let listed = spans::listed(draw, &g.key, &unit);
    let (alias, what): (String, String) = match kind {
        0 => (
            "change".into(),
            match draw.rng.below(3) {
                0 => format!("how it changed from the {unit} before{listed}"),
                1 => format!("how it changed against the previous {unit}{listed}"),
                _ => format!("how it changed {unit} over {unit}{listed}"),
            },
        ),
        1 => (
            "running_total".into(),
            draw.rng
                .word(&["the running total", "the cumulative total", "the running total up to then", "the sum so far"])
                .into(),
        ),
        2 => (
            "moving_average".into(),
            format!(
                "the {}-{unit} {}{listed}, rounded to two decimals",
                number_word(size as u64),
                draw.rng.word(&["moving average", "rolling average"]),
            ),
        ),
        _ => (
            "previous".into(),
            match draw.rng.below(3) {
                0 => format!("that of the {unit} before{listed}"),
                1 => format!("that of the previous {unit}{listed}"),
                _ => format!("that of the preceding {unit}{listed}"),
            },
        ),
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
    let per = g.per(draw);
    let extras = vec![Extra::new(
        draw.rng.word(grouped::OVER_TIME),
        draw.rng.word(&["Sort chronologically", "Oldest first", "Earliest first"]),
    )];
    let nominal = vec![
        format!("{measure} {per} {span} and {what}"),
        format!("{measure} by {span}, together with {what}"),
        format!("{measure} per {span}, followed by {what}"),
    ];
    let questions = vec![
        if kind == 0 {
            format!("what is {measure} {per} {span}, and {}", what.replacen("it changed", "did it change", 1))
        } else {
            format!("what is {measure} {per} {span}, and what is {what}")
        },
        format!("for each {span}, what are {measure} and {}", what.replacen("how it changed", "the change", 1)),
    ];
    Some(g.draft(Speech { nominal, questions, extras, lists: false }, whole))
}
