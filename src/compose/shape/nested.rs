//! Queries within queries: rows above an average, groups above the average group, figures of figures.

use super::super::condition::{Condition, is_plural};
use super::super::draw::{Draft, Draw, apply};
use super::super::group;
use super::super::phrase::has_clause;
use super::super::probe::filter_probes;
use super::super::say::{Extra, Speech};
use super::super::taste;
use super::super::tree::{Expr, Select, aggregate, fill};
use super::grouped::{self, By, output, over};
use super::{figure, kept, list};
use crate::candidate::Expect;
use crate::schema::roles::Role;

/// "films longer than the average film", or than the average of their own rating.
pub(super) fn above_average(draw: &mut Draw) -> Option<Draft> {
    if draw.fan.is_some() {
        return None;
    }
    let by = draw.choose(|scope, p| {
        p.node == 0 && scope.field(p).measurable() && taste::plain(scope.field(p)) && scope.field(p).varied
    })?;
    draw.use_place(by);
    // rows that have no name are counted
    let counted = draw.scope.subject().label.is_empty() || draw.rng.chance(40);
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
    let wanted = usize::from(counted && draw.scope.nodes.len() > 1);
    let most = wanted.max(usize::from(draw.rng.chance(40)));
    let conditions = draw.conditions(wanted, most)?;
    kept::beside(draw, &shown);
    let noun = draw.scope.noun(by);
    let higher = draw.rng.chance(65);
    let mut inner_scope = draw.scope.anew(draw.scope.nodes[0].entity);
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
        // whose average it is has to be told from that of the rows that are meant
        None if !conditions.is_empty() || draw.scope.nodes.len() > 1 => draw
            .rng
            .word(&["the average of all {}", "the average across all {}"])
            .replace("{}", &draw.scope.subject().many),
        None => draw.rng.word(&["the average of all {}", "average"]).replace("{}", &draw.scope.subject().many),
    };
    query.columns = if counted { vec![(aggregate("count(*)", vec![]), None)] } else { shown.columns.clone() };
    if query.columns.is_empty() {
        return None;
    }
    apply(&mut query, &conditions);
    let op = if higher { ">" } else { "<" };
    // the average apart, as a step of its own
    let apart = within.is_none() && draw.rng.chance(35);
    let compared_with = if apart {
        inner.columns[0].1 = Some("mean".to_owned());
        query.with.push(super::super::tree::Cte { name: "average".into(), columns: Vec::new(), query: inner });
        query.joins.push(super::super::tree::Join {
            kind: super::super::tree::JoinKind::Cross,
            source: super::super::tree::Source::Table("average".into(), "average".into()),
            on: None,
        });
        query.keep_alias = true;
        Expr::Column("average".to_owned(), "mean".to_owned())
    } else {
        Expr::Query(Box::new(inner))
    };
    query.filter.push(fill(&format!("{{}} {op} {{}}"), vec![draw.scope.column(by), compared_with]));
    let mut probes = filter_probes(&query, &conditions);
    let mut without = query.clone();
    without.filter.pop();
    probes.push(("filter", without, Expect::Differs));
    let word = if higher {
        draw.rng.word(&["above", "higher than", "greater than"])
    } else {
        draw.rng.word(&["below", "lower than", "less than"])
    };
    let is = super::super::condition::be(&noun);
    let own = Condition {
        // "an above-average line amount", where no other average could be meant
        with: (compared == "average" && !is_plural(&noun))
            .then(|| format!("{} {noun}", if higher { "an above-average" } else { "a below-average" })),
        whose: Some(match compared.as_str() {
            "average" => format!("{noun} {is} {} average", if higher { "above" } else { "below" }),
            _ => format!("{noun} {is} {word} {compared}"),
        }),
        places: vec![by],
        ..Condition::default()
    };
    let said: Vec<Condition> = conditions.iter().cloned().chain([own]).collect();
    let rows = draw.rows_phrase(&said);
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
    let backward = g.key.one.contains("which they ");
    if g.figure.time || different || end || backward || (1..6).contains(&g.key.size) {
        return None;
    }
    // those without any would have to be counted in or out
    let counts = g.figure.counts || g.adds_up() || g.figure.noun.starts_with("number ");
    if counts && g.key.has_gaps(!g.conditions.is_empty()) {
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
    // "countries with more cities than the average country"
    let brief = bare.strip_prefix("number of ").filter(|rows| g.figure.counts && g.key.entity && !has_clause(rows));
    if let Some(rows) = brief {
        let (more, each) = (if higher { "more" } else { "fewer" }, &g.key.one);
        let speech = if counted {
            Speech {
                nominal: vec![format!("the number of {many} with {more} {rows} than the average {each}")],
                questions: vec![format!("how many {many} have {more} {rows} than the average {each}")],
                ..Speech::default()
            }
        } else {
            Speech {
                nominal: vec![format!("the {many} with {more} {rows} than the average {each}, and how many each has")],
                questions: vec![format!("which {many} have {more} {rows} than the average {each}, and how many")],
                extras,
                lists: true,
            }
        };
        return Some(g.narrowed(speech, whole));
    }
    // of averages it is another average than that of the rows
    let (all, over) = match g.figure.alias.starts_with("avg_") {
        true => (format!("the average of the averages of all {many}"), "the average of their averages".to_owned()),
        false => (format!("the average of all {many}"), "the average across all of them".to_owned()),
    };
    let it = g.it();
    let beyond = if higher { "an above-average" } else { "a below-average" };
    let which = match draw.rng.below(3) {
        // of what adds up, the average can be that of the groups alone
        0 if g.adds_up() && !is_plural(bare) => format!("with {beyond} {bare}"),
        1 => format!("whose {bare} is {word} {all}"),
        _ => format!("for {whom} {measure} is {word} {over}").replace("all of them", &format!("all {many}")),
    };
    let speech = if counted {
        Speech {
            nominal: vec![format!("the number of {many} {which}")],
            questions: vec![
                format!("for how many {many} is {measure} {word} {over}"),
                format!("how many {many} are there {which}"),
            ],
            ..Speech::default()
        }
    } else {
        Speech {
            nominal: vec![format!("{many} {which}, with the {it} for each")],
            questions: std::iter::once(format!("for which {many} is {measure} {word} {over}, and what is it for each"))
                .chain(
                    (g.adds_up() && !is_plural(bare))
                        .then(|| format!("which {many} have {beyond} {bare}, and what is it")),
                )
                .collect(),
            extras,
            lists: true,
        }
    };
    Some(g.narrowed(speech, whole))
}

/// A figure of figures: "the average number of rentals per customer".
pub(super) fn figure_of_figures(draw: &mut Draw) -> Option<Draft> {
    let most = usize::from(draw.rng.chance(30));
    let g = grouped::draw(draw, By::Any, most)?;
    // of things and of spans one knows that each has its own
    let told = g.key.entity || g.key.time;
    let different = g.figure.noun.starts_with("number of di") && !g.key.entity;
    if !g.adds_up() || g.figure.noun.contains("rounded") || !told || different || (1..6).contains(&g.key.size) {
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
    // and of the most alone one asks whose it is
    if odd || top_alone {
        return None;
    }
    // the average goes first, so that what the other is of is told
    let second = draw.rng.between(1, 2);
    let cte = draw.rng.chance(50);
    let round = draw.rng.chance(60)
        && !matches!(g.figure.place.map(|p| draw.scope.field(p).base.as_str()), Some("float4" | "float8"));
    let make = |i: usize| {
        let call = aggregate(&format!("{}({{}})", kinds[i].0), vec![g.value()]);
        let call = if i == 0 && round { fill("round({}, 2)", vec![call]) } else { call };
        (call, Some(format!("{}_{}", kinds[i].1, g.figure.alias)))
    };
    let whole = |inner: Select| {
        let mut columns = vec![make(0)];
        if two {
            columns.push(make(second));
        }
        over(cte, "figures", inner, Select { columns, ..Select::default() })
    };
    let bare = g.measure.strip_prefix("the ").unwrap_or(&g.measure);
    let each = &g.key.one;
    let words: Vec<&str> = std::iter::once(kinds[0].1).chain(two.then_some(kinds[second].1)).collect();
    // "the highest number of rentals per customer" might be one for each of them
    let said = match two {
        true => format!("the average {bare} per {each}, and the {} for any one {each}", words[1]),
        false => format!("the average {bare} per {each}"),
    };
    let extras = if round {
        vec![Extra::new(", average to two decimals", "Round the average to two decimals")]
    } else {
        Vec::new()
    };
    let is = if two { "are" } else { "is" };
    let questions = vec![
        format!("what is {}", said.replacen(", and the ", ", and what is the ", 1)),
        format!("with {} taken per {each}, what {is} the {}", g.measure, crate::schema::grammar::and_list(&words)),
    ];
    let nominal = vec![said];
    Some(g.draft(Speech { nominal, questions, extras, lists: false }, whole))
}

/// Groups that make up more than a share of the whole: "customers who account for more than 5 % of all payments".
pub(super) fn over_share(draw: &mut Draw) -> Option<Draft> {
    // over a bridge the parts add up to more than the whole
    if draw.fan.is_some() || draw.scope.drops() {
        return None;
    }
    let g = grouped::draw(draw, By::Thing, 1)?;
    if !g.adds_up() || !(4..=60).contains(&g.key.size) && !draw.schema_only {
        return None;
    }
    // who makes up a part of the whole is not one of those that have none
    group::all_told(draw);
    // about the share of each, and somewhat more
    let even = 100.0 / g.key.size.max(5) as f64;
    let percent = [5u32, 10, 15, 20, 25, 30, 40].into_iter().find(|p| f64::from(*p) >= even * 0.9)?;
    let (order, extras) = grouped::reading_order(draw, &g);
    let with_share = draw.rng.chance(40);
    let in_cte = draw.rng.chance(50);
    let whole = |inner: Select| {
        let source = |name: &str| super::super::tree::Source::Table(name.into(), name.into());
        let total = Select {
            columns: vec![(aggregate("sum({})", vec![g.value()]), in_cte.then(|| "total".into()))],
            from: Some(source("figures")),
            ..Select::default()
        };
        let all = if in_cte { output("total") } else { Expr::Query(Box::new(total.clone())) };
        let mut columns = g.key_outputs();
        columns.push((g.value(), None));
        if with_share {
            let share = fill("round(100.0 * {} / {}, 1)", vec![g.value(), all.clone()]);
            columns.push((share, Some("percentage".into())));
        }
        let filter = vec![fill(&format!("{{}} > {} * {{}}", f64::from(percent) / 100.0), vec![g.value(), all])];
        let mut query =
            over(true, "figures", inner, Select { columns, filter, order: order.clone(), ..Select::default() });
        if in_cte {
            query.with.push(super::super::tree::Cte { name: "overall".into(), columns: Vec::new(), query: total });
            query.joins.push(super::super::tree::Join {
                kind: super::super::tree::JoinKind::Cross,
                source: source("overall"),
                on: None,
            });
            query.keep_alias = true;
        }
        query
    };
    // a part of things, and not of their number
    let measure = g.measure.strip_prefix("the number of ").map_or(g.measure.clone(), |rows| format!("all {rows}"));
    let many = &g.key.many;
    // "days of the week on which they ended account for": whose they are is told too late
    if many.contains("which they ") {
        return None;
    }
    let that = if g.key.person { "who" } else { "that" };
    let it = g.it();
    let shown = if with_share {
        format!("with the {it} and the percentage for each (one decimal)")
    } else {
        format!("with the {it} for each")
    };
    let speech = Speech {
        nominal: vec![
            format!("{many} {that} account for more than {percent} % of {measure}, {shown}"),
            format!("the {many} {that} account for over {percent} % of {measure}, {shown}"),
        ],
        questions: vec![format!("which {many} account for more than {percent} % of {measure}, {shown}")],
        extras,
        lists: true,
    };
    Some(g.narrowed(speech, whole))
}
