//! What the stand-in writes: it reads tables, columns and keys from the prompt and writes pairs about them that are
//! valid, and all different.

use super::model_server::{Asked, shape};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a reply is to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Pairs,
    Items,
    Sets,
    Relationships,
    Answers,
    Questions,
    Scores,
    Plans,
}

impl Shape {
    pub fn named(name: &str) -> Option<Shape> {
        Some(match name {
            "pairs" => Shape::Pairs,
            "items" => Shape::Items,
            "sets" => Shape::Sets,
            "relationships" => Shape::Relationships,
            "answers" => Shape::Answers,
            "questions" => Shape::Questions,
            "scores" => Shape::Scores,
            "plans" => Shape::Plans,
            _ => return None,
        })
    }
}

/// A table as the prompt shows it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shown {
    pub name: String,
    /// Name and type.
    pub columns: Vec<(String, String)>,
    /// Column, parent table, parent column.
    pub keys: Vec<(String, String, String)>,
}

#[derive(Default)]
pub struct Author {
    next: AtomicU64,
    /// Statements by the question that they were written for.
    known: Mutex<HashMap<String, String>>,
}

impl Author {
    /// Text, or calls of tools.
    pub fn answer(&self, asked: &Asked) -> (String, Vec<(String, String)>) {
        let tools = asked.tools();
        // looks first, tries then, as a model would
        let turns = asked
            .texts()
            .iter()
            .rev()
            .take_while(|(role, _)| role != "user")
            .filter(|(role, _)| role == "tool")
            .count();
        if tools.len() > 1 && turns < 2 {
            let tables = shown(&asked.wish());
            let name = tables.first().map_or("no.table", |t| t.name.as_str());
            let (tool, argument) = if turns == 0 {
                ("describe_table", json!({"table": name}))
            } else {
                ("check_sql", json!({"sql": "SELECT 1 AS one"}))
            };
            return (String::new(), vec![(tool.to_owned(), argument.to_string())]);
        }
        let written = self.write(asked, shape(asked)).to_string();
        if let Some(submit) = tools.iter().find(|t| t.starts_with("submit_")) {
            return (String::new(), vec![(submit.clone(), written)]);
        }
        match asked.form() {
            "text" => (format!("Here you are:\n```json\n{written}\n```\nAnything else?"), Vec::new()),
            _ => (written, Vec::new()),
        }
    }

    fn write(&self, asked: &Asked, shape: Shape) -> Value {
        let wish = asked.wish();
        let numbers = || -> Vec<u64> {
            let lines = wish.lines().filter_map(|l| l.split_once('.')).filter_map(|(n, _)| n.trim().parse().ok());
            lines.collect()
        };
        match shape {
            Shape::Pairs => {
                // a repair has no tables of its own: they were shown earlier
                let text: String = asked.texts().into_iter().map(|(_, t)| t + "\n").collect();
                let count = if wish.contains("refused th") { numbers().len().max(1) } else { count(&wish) };
                json!({"pairs": (0..count).map(|_| self.pair(&wish, &text)).collect::<Vec<_>>()})
            }
            Shape::Items => json!({"items": (0..count(&wish)).map(|_| self.item(&wish)).collect::<Vec<_>>()}),
            Shape::Sets => json!({"sets": sets(&wish, count(&wish))}),
            Shape::Relationships => {
                let list = numbers().into_iter().map(|n| self.relationship(n, &wish));
                json!({"relationships": list.collect::<Vec<_>>()})
            }
            Shape::Answers => {
                let text: String = asked.texts().into_iter().map(|(_, t)| t + "\n").collect();
                let pair = self.pair(&wish, &text);
                json!({"answers": [{"sql": pair["sql"], "evidence": "", "problem": ""}]})
            }
            Shape::Questions => json!({"questions": self.wordings(&wish)}),
            Shape::Scores => {
                let list = numbers().into_iter().map(|n| json!({"number": n, "score": 0.9, "reason": "It fits."}));
                json!({"scores": list.collect::<Vec<_>>()})
            }
            Shape::Plans => json!({"plans": self.plans(&wish)}),
        }
    }

    fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// A pair about the tables that the wish shows: a join where it asks for one.
    fn pair(&self, wish: &str, text: &str) -> Value {
        let mut tables = shown(wish);
        if tables.is_empty() {
            tables = shown(text);
        }
        let n = self.number();
        if let Some(function) = between(wish, "uses the function ", ",") {
            return builtin(&tables, function, n);
        }
        let joined = wish.contains("joins at least") || wish.contains("uses at least");
        let pair = if joined { join(&tables, wish, n) } else { None };
        let (sql, about) = pair.unwrap_or_else(|| single(&tables, n));
        let question = format!("How many {about} have a label longer than minus {n} characters?");
        self.known.lock().expect("no panic holds it").insert(question.clone(), sql.clone());
        json!({"question": question, "evidence": "", "sql": sql})
    }

    /// A plan for each numbered question; that of every third leads astray.
    fn plans(&self, wish: &str) -> Vec<Value> {
        let known = self.known.lock().expect("no panic holds it");
        let asked = wish.lines().filter_map(|l| l.split_once(". ")).filter_map(|(n, q)| Some((n.parse().ok()?, q)));
        asked
            .map(|(n, question): (u64, &str)| {
                let right = known.get(question).filter(|_| n % 3 != 0);
                let sql =
                    right.map_or_else(|| "SELECT -1 AS number".to_owned(), |sql| format!("SELECT * FROM ({sql}) AS q"));
                json!({"number": n, "plan": format!("1. Think of \"{question}\".\n2. Count."), "sql": sql})
            })
            .collect()
    }

    fn item(&self, wish: &str) -> Value {
        let tables = shown(wish);
        let n = self.number() as usize;
        let Some(table) = tables.get(n % tables.len().max(1)) else { return json!({}) };
        let Some((column, kind)) = table.columns.get((n / tables.len()) % table.columns.len().max(1)) else {
            return json!({});
        };
        json!({"question": format!("What is the type of {column} in {}, asked in way {n}?", table.name),
               "answer": format!("The column {column} of {} has the type {kind}.", table.name)})
    }

    fn relationship(&self, number: u64, wish: &str) -> Value {
        let line = wish.lines().find(|l| l.starts_with(&format!("{number}. "))).unwrap_or("");
        let (child, parent) = line.split_once(". ").map_or("", |(_, r)| r).split_once(" -> ").unwrap_or(("", ""));
        let parent = parent.split(" (declared").next().unwrap_or("").split(" (inferred").next().unwrap_or("");
        json!({"number": number, "sound": true,
            "question": format!("What does {child} refer to?"), "answer": format!("{child} refers to {parent}."),
            "reverse_question": format!("What refers to {parent}, as seen from {child}?"),
            "reverse_answer": format!("{parent} is referred to by {child}.")})
    }

    /// Two wordings for each numbered draft, with all that must be mentioned.
    fn wordings(&self, wish: &str) -> Vec<Value> {
        let mut list = Vec::new();
        let lines: Vec<&str> = wish.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let Some(number) = line.strip_suffix('.').and_then(|n| n.parse::<u64>().ok()) else { continue };
            let question = lines[at..].iter().find_map(|l| l.strip_prefix("Question: ")).unwrap_or("");
            for opening in ["I would like to know this:", "Could you tell me the following, please:"] {
                list.push(json!({"number": number, "question": format!("{opening} {question}"), "evidence": ""}));
            }
        }
        list
    }
}

/// The first whole number after "Write" or "Suggest".
fn count(wish: &str) -> usize {
    let at = wish.rfind("\nWrite ").map(|a| a + 7).or_else(|| wish.rfind("Suggest ").map(|a| a + 8));
    let digits = at.map(|a| wish[a..].chars().take_while(char::is_ascii_digit).collect::<String>());
    digits.and_then(|d| d.parse().ok()).unwrap_or(1)
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let start = text.find(before)? + before.len();
    Some(&text[start..start + text[start..].find(after)?])
}

/// Every CREATE TABLE or VIEW of a text.
pub fn shown(text: &str) -> Vec<Shown> {
    let mut tables: Vec<Shown> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        let head = line.strip_prefix("CREATE TABLE ").or_else(|| line.strip_prefix("CREATE VIEW "));
        if let Some(name) = head.and_then(|h| h.strip_suffix(" (")) {
            tables.push(Shown { name: name.to_owned(), ..Shown::default() });
            inside = true;
        } else if line.starts_with(')') {
            inside = false;
        } else if let (true, Some(table)) = (inside, tables.last_mut()) {
            column(table, line);
        }
    }
    tables
}

fn column(table: &mut Shown, line: &str) {
    let line = line.trim().split("  -- ").next().unwrap_or("").trim_end_matches(',');
    if ["PRIMARY KEY", "UNIQUE (", "FOREIGN KEY", "CHECK", "--"].iter().any(|k| line.starts_with(k)) {
        return;
    }
    let name = match line.strip_prefix('"').and_then(|rest| rest.find('"')) {
        Some(end) => &line[..end + 2],
        None => line.split(' ').next().unwrap_or(""),
    };
    let rest = line[name.len()..].trim();
    let kind = [" PRIMARY KEY", " UNIQUE", " NOT NULL", " REFERENCES"].iter().filter_map(|k| rest.find(k)).min();
    table.columns.push((name.to_owned(), rest[..kind.unwrap_or(rest.len())].to_owned()));
    if let Some(at) = rest.find("REFERENCES ") {
        let target = &rest[at + 11..];
        if let Some((parent, columns)) = target.split_once(" (") {
            let parent_column = columns.split(')').next().unwrap_or("");
            table.keys.push((name.to_owned(), parent.trim().to_owned(), parent_column.to_owned()));
        }
    }
}

fn single(tables: &[Shown], n: u64) -> (String, String) {
    let Some(table) = tables.first() else { return ("SELECT 1".into(), "things".into()) };
    let column = &table.columns[n as usize % table.columns.len().max(1)].0;
    (
        format!(
            "SELECT count(*) AS number FROM {} AS t WHERE coalesce(length(t.{column}::text), 0) > -{n} - 1",
            table.name
        ),
        format!("{} by {column}", table.name.rsplit('.').next().unwrap_or("rows").replace('"', "")),
    )
}

/// Along keys, from one table to as many as are asked for.
fn join(tables: &[Shown], wish: &str, n: u64) -> Option<(String, String)> {
    let least: usize = between(wish, " at least ", " of").and_then(|t| t.parse().ok()).unwrap_or(2);
    let mut order: Vec<&Shown> = vec![tables.first()?];
    let mut clauses = Vec::new();
    let at = |order: &[&Shown], name: &str| order.iter().position(|t| t.name == name);
    while order.len() < tables.len().min(least.max(2)) {
        let next = tables.iter().filter(|t| at(&order, &t.name).is_none()).find_map(|t| {
            let up = t.keys.iter().find_map(|(c, p, k)| Some((at(&order, p)?, k.clone(), c.clone())));
            let down = || {
                order.iter().enumerate().find_map(|(i, o)| {
                    o.keys.iter().find(|(_, p, _)| *p == t.name).map(|(c, _, k)| (i, c.clone(), k.clone()))
                })
            };
            up.or_else(down).map(|link| (t, link))
        });
        let (table, (other, theirs, mine)) = next?;
        let i = order.len();
        clauses.push(format!("JOIN {} AS t{i} ON t{i}.{mine} = t{other}.{theirs}", table.name));
        order.push(table);
    }
    let column = &order[0].columns.first()?.0;
    let names: Vec<String> =
        order.iter().map(|t| t.name.rsplit('.').next().unwrap_or("rows").replace('"', "")).collect();
    let sql = format!(
        "SELECT count(*) AS number FROM {} AS t0 {} WHERE coalesce(length(t0.{column}::text), 0) > -{n} - 1",
        order[0].name,
        clauses.join(" ")
    );
    Some((sql, names.join(" with ")))
}

/// A statement that uses the function on whatever suits it.
fn builtin(tables: &[Shown], function: &str, n: u64) -> Value {
    let (_, about) = single(tables, n);
    let Some(table) = tables.first() else { return json!({}) };
    let column = format!("t.{}::text", table.columns[n as usize % table.columns.len().max(1)].0);
    let number = format!("(length({column}) + {n})::numeric");
    let call = match function {
        "substring" => format!("substring(max({column}) from 1 for 3)"),
        "replace" => format!("replace(max({column}), 'a', 'b')"),
        "concat" => format!("concat(max({column}), 'x')"),
        "position" => format!("position('a' in max({column}))"),
        "left" | "right" => format!("{function}(max({column}), 3)"),
        "round" | "ceil" | "floor" | "abs" | "sqrt" => format!("{function}(max({number}))"),
        "mod" => format!("mod(max({number}), 7)"),
        "power" => format!("power(max({number}), 2)"),
        "count" | "min" | "max" => format!("{function}({column})"),
        "sum" | "avg" => format!("{function}({number})"),
        "string_agg" => format!("left(string_agg({column}, ','), 5)"),
        "date_trunc" => {
            format!("date_trunc('month', timestamp '2024-01-15' + max(length({column})) * interval '1 day')")
        }
        "extract" => format!("extract(year from timestamp '2024-01-15' + max(length({column})) * interval '1 day')"),
        "age" => {
            format!("age(timestamp '2024-01-15' + max(length({column})) * interval '1 day', timestamp '2020-01-01')")
        }
        "to_char" => format!("to_char(max({number}), '999')"),
        "coalesce" => format!("coalesce(max({column}), 'none')"),
        "nullif" => format!("nullif(max({number}), -1)"),
        "greatest" => format!("greatest(max({number}), 1)"),
        other => format!("{other}(max({column}))"),
    };
    let sql = format!("SELECT {call} AS figure, {n} AS number FROM {} AS t", table.name);
    json!({"question": format!("What figure do {about} give in way {n}?"), "evidence": "", "sql": sql})
}

/// Sets along the lines "- schema.table (columns), related to a, b".
fn sets(wish: &str, count: usize) -> Vec<Value> {
    let lines: Vec<(&str, Vec<&str>)> = wish
        .lines()
        .filter_map(|l| l.strip_prefix("- "))
        .filter_map(|l| {
            let name = l.split([' ', ',', ':']).next()?;
            let near = l.split_once("related to ")?.1.split(':').next()?.split(", ").collect();
            Some((name, near))
        })
        .collect();
    let least: usize = between(wish, "at least ", " and").and_then(|t| t.parse().ok()).unwrap_or(2);
    let mut found = Vec::new();
    for (name, _) in lines.iter().take(count) {
        let mut set = vec![*name];
        while set.len() < least {
            let next = lines.iter().find(|(n, near)| !set.contains(n) && near.iter().any(|x| set.contains(x)));
            match next {
                Some((n, _)) => set.push(n),
                None => break,
            }
        }
        found.push(json!({"tables": set, "theme": format!("what belongs to {name}")}));
    }
    found
}
