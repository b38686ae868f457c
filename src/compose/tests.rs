//! Draws over a small shop made by hand.

use super::*;
use std::collections::BTreeSet;

fn column(name: &str, base: &str, category: char, profile: &str) -> String {
    format!(
        r#"{{"name":"{name}","number":1,"type":"{base}","base":"{base}","category":"{category}","not_null":true,"profile":{profile}}}"#
    )
}

fn key(rows: u64) -> String {
    format!(r#"{{"nulls":0,"distinct":{rows},"quantiles":["1","{rows}"]}}"#)
}

const NUMBERS: &str =
    r#"{"nulls":0,"distinct":90,"quantiles":["1","5","10","20","30","40","50","60","70","80","90","95","100"]}"#;
const NAMES: &str = r#"{"nulls":0,"distinct":100,"length":9.0,"spaced":0.5}"#;
const KINDS: &str = r#"{"nulls":0,"distinct":3,"length":4.0,"common":[["Novel",50],["Poetry",30],["Essay",20]]}"#;
const DAYS: &str = r#"{"nulls":0,"distinct":300,"quantiles":["2020-01-03","2020-02-01","2020-04-01","2020-07-01","2020-10-01","2021-01-05",
    "2021-04-01","2021-07-01","2021-10-01","2022-01-01","2022-04-01","2022-08-01","2022-12-30"]}"#;

fn shop() -> Schema {
    let book = [
        column("book_id", "int4", 'N', &key(100)),
        column("title", "text", 'S', NAMES),
        column("genre", "text", 'S', KINDS),
        column("page_count", "int4", 'N', NUMBERS),
    ];
    let sale = [
        column("sale_id", "int4", 'N', &key(1000)),
        column("book_id", "int4", 'N', &key(100)),
        column("sale_date", "date", 'D', DAYS),
        column("sale_amount", "numeric", 'N', NUMBERS),
    ];
    let table = |name: &str, columns: &[String], rows: u32, keys: &str| {
        format!(
            r#"{{"schema":"public","name":"{name}","kind":"table","columns":[{}],"primary_key":["{name}_id"],
            "sampled":{{"rows":{rows},"whole":true}},"foreign_keys":[{keys}]}}"#,
            columns.join(",")
        )
    };
    let reference =
        r#"{"name":"k","columns":["book_id"],"ref_schema":"public","ref_table":"book","ref_columns":["book_id"]}"#;
    let text = format!(
        r#"{{"database":"shop","server_version":150000,"tables":[{},{}]}}"#,
        table("book", &book, 100, ""),
        table("sale", &sale, 1000, reference)
    );
    Schema::from_json(&text).unwrap()
}

fn composer(phase: Phase, difficulty: Option<[u32; 4]>) -> Composer {
    Composer::new(&shop(), &[], Options { phase, seed: 7, difficulty, ..Options::default() }).unwrap()
}

#[test]
fn a_slot_and_an_attempt_say_it_all() {
    let (one, other) = (composer(Phase::Joins, None), composer(Phase::Joins, None));
    for slot in (0..40).rev() {
        assert_eq!(one.draw(slot, 1), other.draw(slot, 1));
    }
}

#[test]
fn questions_hold_no_identifiers_and_statements_no_keys_that_are_not_asked_for() {
    for phase in [Phase::SingleTable, Phase::Joins] {
        let composer = composer(phase, None);
        let drawn: Vec<Candidate> = (0..300).filter_map(|slot| composer.draw(slot, 0)).collect();
        assert!(drawn.len() > 150, "{}", drawn.len());
        for candidate in drawn {
            let (question, sql) = (candidate.question.unwrap(), candidate.sql.unwrap());
            assert!(!question.contains('_') && !question.contains("{}"), "{question}");
            let shown = sql.split("FROM").next().unwrap();
            assert!(
                !shown.contains("_id") || shown.contains("count(") || question.contains(" ID"),
                "{question}\n{sql}"
            );
        }
    }
}

#[test]
fn every_condition_has_a_probe() {
    let composer = composer(Phase::SingleTable, None);
    for candidate in (0..200).filter_map(|slot| composer.draw(slot, 0)) {
        let sql = candidate.sql.unwrap();
        assert_eq!(
            sql.replace("(WHERE ", "").contains("WHERE"),
            candidate.probes.iter().any(|p| p.name == "filter"),
            "{sql}"
        );
        if sql.contains(" LIMIT ") || sql.contains("\nLIMIT") {
            assert_eq!(candidate.probes.iter().filter(|p| p.name == "tie").count(), 1, "{sql}");
        }
    }
}

#[test]
fn the_asked_mix_is_the_drawn_mix() {
    let composer = composer(Phase::Joins, Some([0, 1, 1, 0]));
    let mut counts = [0; 2];
    for candidate in (0..100).filter_map(|slot| composer.draw(slot, 0)) {
        match candidate.asked.difficulty.as_deref() {
            Some("medium") => counts[0] += 1,
            Some("hard") => counts[1] += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(counts[0] > 30 && counts[1] > 30, "{counts:?}");
}

#[test]
fn nothing_to_ask_is_an_error_with_a_hint() {
    let mut schema = shop();
    for table in &mut schema.tables {
        table.sampled = None;
    }
    let error = Composer::new(&schema, &[], Options::default()).err().unwrap();
    assert!(error.hint.is_some());
    assert!(Composer::new(&schema, &[], Options { schema_only: true, ..Options::default() }).is_ok());
}

#[test]
fn a_plan_names_all_that_its_statement_holds() {
    for phase in [Phase::SingleTable, Phase::Joins, Phase::ComplexSqls, Phase::Builtins] {
        let options = Options { phase, seed: 7, reasoning: true, ..Options::default() };
        let composer = Composer::new(&shop(), &[], options).unwrap();
        let drawn: Vec<Candidate> = (0..300).filter_map(|slot| composer.draw(slot, 0)).collect();
        assert!(drawn.len() > 100, "{}", drawn.len());
        for candidate in drawn {
            let (sql, plan) = (candidate.sql.unwrap(), candidate.reasoning.unwrap());
            for table in ["book", "sale"] {
                let read = [format!("FROM {table}"), format!("JOIN {table}")]
                    .iter()
                    .any(|r| sql.match_indices(r.as_str()).any(|(at, _)| !sql[at + r.len()..].starts_with(['_', 's'])));
                assert!(!read || plan.contains(table), "{sql}\n{plan}");
            }
            let steps: String = plan.lines().filter_map(|l| Some(l.split_once(". ")?.1.to_owned() + "\n")).collect();
            let tokens = crate::dataset::keys::tokens(&sql);
            for literal in tokens.iter().filter(|t| t.starts_with(|c: char| c == '\'' || c.is_ascii_digit())) {
                // a row that is only asked for, or the first row, needs no number
                assert!(literal == "1" || steps.contains(literal.as_str()), "{literal}\n{sql}\n{plan}");
            }
            for (word, step) in [("\nORDER BY", "Sort"), ("\nGROUP BY", "Group"), ("SELECT DISTINCT", "ifferent")] {
                assert!(!sql.contains(word) || plan.contains(step), "{sql}\n{plan}");
            }
        }
    }
}

#[test]
fn no_fewest_where_groups_of_none_are_left_out() {
    let composer = composer(Phase::Joins, None);
    let mut most = 0;
    for sql in (0..1500).filter_map(|slot| composer.draw(slot, 0)?.sql) {
        let cut = sql.contains("LIMIT ") || sql.contains("FETCH FIRST");
        let Some((before, order)) = sql.split_once("ORDER BY ").filter(|_| cut) else { continue };
        if before.contains("WHERE ") && before.contains("GROUP BY ") && order.starts_with(['c', 's']) {
            let by = order.split([',', '\n']).next().unwrap_or("");
            let counted = by.starts_with("count(") || by.contains("sale_count");
            assert!(!counted || by.contains(" DESC"), "{sql}");
            most += usize::from(counted);
        }
    }
    assert!(most > 5, "{most} have the most");
}

#[test]
fn rows_stay_whose_parent_is_only_shown_or_marks_them() {
    let mut schema = shop();
    let sale = schema.tables.iter_mut().find(|t| t.name == "sale").unwrap();
    let book = sale.columns.iter_mut().find(|c| c.name == "book_id").unwrap();
    book.not_null = false;
    book.profile.as_mut().unwrap().nulls = 200;
    let composer = Composer::new(&schema, &[], Options { phase: Phase::Joins, seed: 7, ..Options::default() }).unwrap();
    let mut kept = 0;
    for sql in (0..1500).filter_map(|slot| composer.draw(slot, 0)?.sql).filter(|sql| sql.contains("\nFROM sale AS s\n"))
    {
        let (what, joined) = sql.split_once("\nFROM sale AS s\n").unwrap();
        // two marks side by side, without what they are parts of, need no others
        let apart = what.contains("first_count");
        let marked = !apart && (what.contains("FILTER (WHERE b.") || what.contains("CASE WHEN b."));
        let plain = !what.contains('(') && !what.contains("DISTINCT") && !what.contains("WITH");
        if !(marked || plain)
            || joined.contains("GROUP BY b.")
            || joined.contains("WHERE b.")
            || joined.contains("AND b.")
        {
            continue;
        }
        assert!(!joined.starts_with("JOIN book AS b "), "{sql}");
        kept += usize::from(joined.starts_with("LEFT JOIN book AS b "));
    }
    assert!(kept > 10, "{kept}");
}

#[test]
fn what_rows_refer_to_is_said_of_the_things_and_groups_lead() {
    let composer = composer(Phase::Joins, None);
    let (mut afar, mut led) = (0, 0);
    for candidate in (0..600).filter_map(|slot| composer.draw(slot, 0)) {
        let (question, sql) = (candidate.question.unwrap(), candidate.sql.unwrap());
        // "sales for Poetry books": the condition is one on the book
        for genre in ["Novel", "Poetry", "Essay"] {
            let said = [format!("sales for {genre} books"), format!("sales for books whose genre is {genre}.")];
            if said.iter().any(|said| question.contains(said)) {
                assert!(sql.contains(&format!("b.genre = '{genre}'")), "{question}\n{sql}");
                afar += 1;
            }
        }
        if question.starts_with("Per ") {
            assert!(sql.contains("GROUP BY"), "{question}\n{sql}");
            led += 1;
        }
    }
    assert!(afar > 3 && led > 3, "{afar} {led}");
}

#[test]
fn conditions_that_would_leave_the_result_as_it_is_are_told_from_the_statistics() {
    let world = World::new(&shop(), &[], &Options::default());
    let column = |name: &str| tree::Expr::Column("b".into(), name.into());
    let asked = |distinct, shown| tree::Select {
        distinct,
        columns: vec![(shown, None)],
        from: Some(tree::Source::Table("book".into(), "b".into())),
        filter: vec![tree::fill("{} > 50", vec![column("page_count")])],
        ..tree::Select::default()
    };
    let indifferent = |query: &tree::Select, passing| estimate::indifferent(&world, query, passing);
    let genres = asked(tree::Distinct::Yes, column("genre"));
    assert!(indifferent(&genres, 0.5), "three genres among fifty books");
    assert!(!indifferent(&genres, 0.05), "among five books");
    let number = |call: &str| asked(tree::Distinct::No, tree::aggregate(call, vec![column("genre")]));
    assert!(indifferent(&number("count(DISTINCT {})"), 0.5));
    assert!(!indifferent(&number("count({})"), 0.5));
    let every = tree::Select { filter: Vec::new(), ..genres };
    assert!(!indifferent(&every, 1.0), "there is no condition");
}

#[test]
fn where_the_round_bounds_are_used_up_there_are_others() {
    let composer = composer(Phase::SingleTable, None);
    // days in the middle of a month, and numbers that are no fives
    let odd = |bound: &str| match bound.strip_prefix('\'') {
        Some(day) => day.get(8..10).is_some_and(|day| day != "01"),
        None => bound.parse::<f64>().is_ok_and(|number| number % 5.0 != 0.0),
    };
    let fine = |from: u64| {
        let drawn: Vec<String> = (from..from + 400).filter_map(|slot| composer.draw(slot, 0)?.sql).collect();
        let bounds = |sql: &str| {
            let words: Vec<&str> = sql.split_whitespace().collect();
            words.windows(2).any(|w| matches!(w[0], ">" | ">=" | "<" | "<=" | "BETWEEN") && odd(w[1]))
        };
        (drawn.iter().filter(|sql| bounds(sql)).count(), drawn.len())
    };
    let ((early, drawn), (late, drawn_late)) = (fine(500), fine(1_000_000));
    assert!(late > 30 && late > 2 * early, "{early} fine bounds in {drawn} early, {late} in {drawn_late} late");
    assert!(drawn_late * 5 > drawn * 4, "{drawn} drawn early, {drawn_late} late");
}

#[test]
fn a_whole_number_that_tells_no_amount_is_not_averaged() {
    let rule = [
        column("rule_id", "int4", 'N', &key(100)),
        column("label", "text", 'S', NAMES),
        column("cut", "int4", 'N', NUMBERS),
        column("page_count", "int4", 'N', NUMBERS),
        column("fine", "numeric", 'N', NUMBERS),
    ];
    let text = format!(
        r#"{{"database":"shop","server_version":150000,"tables":[{{"schema":"public","name":"rule","kind":"table",
        "columns":[{}],"primary_key":["rule_id"],"sampled":{{"rows":100,"whole":true}}}}]}}"#,
        rule.join(",")
    );
    let schema = Schema::from_json(&text).unwrap();
    let world = World::new(&schema, &[], &Options::default());
    let averaged: Vec<&str> =
        world.entities[0].fields.iter().filter(|f| f.measurable()).map(|f| f.name.as_str()).collect();
    assert_eq!(averaged, ["page_count", "fine"]);
}

#[test]
fn what_is_of_little_interest_waits_and_has_its_turn() {
    let composer = composer(Phase::SingleTable, None);
    let (leading, all) = (composer.leading, composer.focuses.len());
    assert!(0 < leading && leading < all, "{leading} of {all}");
    let own = |slot: usize| composer.own_focus(slot as u64, 0, 3);
    let first: BTreeSet<usize> = (0..leading).filter_map(own).collect();
    assert_eq!(first, (0..leading).collect());
    let later: Vec<usize> = (leading..leading + 2000).filter(|&slot| own(slot).is_some()).collect();
    assert!(later.windows(2).all(|w| w[1] - w[0] >= OFTEN as usize), "one after the other: {later:?}");
    assert!(later[0] - leading >= APART as usize - 1, "at once: {later:?}");
    let others: BTreeSet<usize> = later.iter().filter_map(|&slot| own(slot)).collect();
    assert_eq!(others, (leading..all).collect());
    assert_eq!(composer.own_focus(leading as u64 + APART - 1, DULL, 3), None, "it gives way to something else");
}

#[test]
fn where_nothing_is_of_interest_all_has_its_turn() {
    let mut schema = shop();
    schema.tables.truncate(1);
    schema.tables[0].columns.truncate(1);
    let keys =
        Composer::new(&schema, &[], Options { phase: Phase::SingleTable, seed: 7, ..Options::default() }).unwrap();
    assert!(keys.focuses.iter().all(|(_, interest)| *interest < OF_INTEREST));
    assert_eq!((keys.leading, keys.own_focus(0, 0, 3)), (1, Some(0)));
}

#[test]
fn where_there_are_settings_alone_they_are_asked_about() {
    let mut schema = shop();
    for table in &mut schema.tables {
        table.foreign_keys.clear();
        table.name = format!("{}_setting", table.name);
    }
    let options = || Options { phase: Phase::SingleTable, seed: 7, ..Options::default() };
    let settings = Composer::new(&schema, &[], options()).unwrap();
    assert_eq!(settings.leading, composer(Phase::SingleTable, None).leading);
    // beside enough of what data are about they wait
    for _ in 0..4 {
        schema.tables.extend(shop().tables);
    }
    for (number, table) in schema.tables.iter_mut().enumerate().skip(2) {
        table.foreign_keys.clear();
        table.name = format!("{}{}", table.name, ["", "let", "shelf", "rack", "case"][number / 2]);
    }
    let both = Composer::new(&schema, &[], options()).unwrap();
    let waits = |focus: &Focus| matches!(focus, Focus::Field { entity: 0 | 1, .. });
    assert!(both.focuses[..both.leading].iter().all(|(focus, _)| !waits(focus)));
    assert!(both.focuses.iter().any(|(focus, _)| waits(focus)));
}

#[test]
fn which_values_stand_in_pairs_is_set() {
    let mut schema = shop();
    let genre = schema.tables[0].columns[2].profile.as_mut().unwrap();
    genre.common = vec![("Novel".into(), 50), ("Haiku".into(), 2)];
    let of = |values| {
        let composer = Composer::new(&schema, &[], Options { values, ..Options::default() }).unwrap();
        composer.world.entities[0].fields[2].values.iter().map(|(value, _)| value.clone()).collect::<Vec<_>>()
    };
    assert_eq!(of(Values::Categorical), ["Novel"], "shared by five rows and more");
    assert_eq!(of(Values::All), ["Novel", "Haiku"]);
    assert_eq!(of(Values::None), Vec::<String>::new());
}

#[test]
fn what_is_counted_is_not_what_it_is_counted_by() {
    assert!(group::circular("physical characteristic subfield", "subfield"));
    assert!(group::circular("permission set permission", "permission set"));
    for (rows, by) in [("order item", "order"), ("group permission", "group"), ("rental", "rental year")] {
        assert!(!group::circular(rows, by), "{rows} by {by}");
    }
}

#[test]
fn groups_that_a_condition_may_empty_are_told() {
    let schema = shop();
    let composer = Composer::new(&schema, &[], Options { phase: Phase::Joins, seed: 7, ..Options::default() }).unwrap();
    let mut told = 0;
    for candidate in (0..200).filter_map(|slot| composer.draw(slot, 0)) {
        let sql = candidate.sql.clone().unwrap_or_default();
        // the books of one day's sales are few of a hundred
        if sql.contains("GROUP BY") && sql.contains("b.title") && sql.contains("\nWHERE s.sale_date >=") {
            let all =
                !sql.contains("HAVING") && !sql.contains("LIMIT") && !sql.contains("FETCH") && !sql.contains("WITH");
            let evidence = candidate.evidence.unwrap_or_default();
            assert!(!all || evidence.contains("Books without such sales are left out"), "{sql}: {evidence}");
            told += usize::from(all);
        }
    }
    assert!(told > 0);
}

#[test]
fn of_things_that_share_a_name_those_with_a_name_of_their_own_are_asked_for() {
    let mut schema = shop();
    let title = schema.tables[0].columns[1].profile.as_mut().unwrap();
    (title.distinct, title.common) = (99, vec![("Twins".into(), 2), ("Alone".into(), 1)]);
    let composer = Composer::new(&schema, &[], Options { phase: Phase::Joins, seed: 7, ..Options::default() }).unwrap();
    let drawn = (0..400).filter_map(|slot| composer.draw(slot, 0)?.sql).collect::<Vec<_>>();
    assert!(drawn.iter().any(|sql| sql.contains("b.title = 'Alone'")));
    assert!(!drawn.iter().any(|sql| sql.contains("'Twins'")));
}

#[test]
fn what_a_function_makes_is_grouped_and_ranked_like_other_things() {
    let composer = composer(Phase::Builtins, None);
    let drawn = (0..400).filter_map(|slot| composer.draw(slot, 0)?.sql).collect::<Vec<_>>();
    let first = |sql: &String| sql.contains("\nLIMIT ") && sql.contains("GROUP BY date_trunc(");
    assert!(drawn.iter().any(first));
    // what is sorted by is not rounded
    let by_average = |sql: &String| sql.contains("GROUP BY") && sql.contains("ORDER BY avg(page_count)");
    assert!(drawn.iter().any(by_average));
}
