//! The corpora of the gate: their file format, and what a database looks like from outside (`state`).
#![allow(dead_code)] // each test file uses its part

pub mod state;

use std::path::{Path, PathBuf};

pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name)
}

pub fn read(name: &str) -> String {
    let path = path(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

pub struct Section {
    pub name: String,
    /// The roles that its texts are tried as.
    pub roles: Vec<String>,
    pub texts: Vec<Text>,
}

pub struct Text {
    /// Name of a stage, `refused` or `harmless`.
    pub expected: String,
    pub sql: String,
}

/// Sections of hostile.txt; its head describes the format.
pub fn hostile() -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for line in read("hostile.txt").lines() {
        if let Some(title) = line.strip_prefix("## ") {
            let (name, roles) = title.split_once(" [").expect("a section names its roles");
            let roles = roles.trim_end_matches(']').split(' ').map(str::to_owned).collect();
            sections.push(Section { name: name.to_owned(), roles, texts: Vec::new() });
        } else if let Some((expected, sql)) = line.split_once(": ").filter(|_| !line.starts_with('#')) {
            let section = sections.last_mut().expect("a text stands in a section");
            section.texts.push(Text { expected: expected.to_owned(), sql: expand(&sql.replace(" \\n", "\n")) });
        }
    }
    sections
}

/// `{{n|x}}` becomes n times x, in which `#i` is the number from 1 and `#j` the one before it.
fn expand(text: &str) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        expanded.push_str(before);
        let parts = after.split_once('|').and_then(|(n, tail)| Some((n.parse::<usize>().ok()?, tail)));
        let Some((times, (unit, tail))) = parts.and_then(|(n, tail)| Some((n, split_unit(tail)?))) else {
            expanded.push_str("{{");
            rest = after;
            continue;
        };
        for number in 1..=times {
            expanded.push_str(&unit.replace("#i", &number.to_string()).replace("#j", &(number - 1).to_string()));
        }
        rest = tail;
    }
    expanded + rest
}

/// The unit may end in a brace of its own.
fn split_unit(text: &str) -> Option<(&str, &str)> {
    let mut end = text.find("}}")?;
    while text[end + 2..].starts_with('}') {
        end += 1;
    }
    Some((&text[..end], &text[end + 2..]))
}

/// A text dressed up: other spaces, comments, letters, brackets; or as a part of another statement.
pub fn variations(sql: &str) -> Vec<String> {
    let mut found = vec![
        format!("  \n\t{sql}  ;\n"),
        format!("/* one */ {sql} -- two"),
        format!("-- one\n{sql}"),
        format!("/*+ /* nested */ ; */{sql}"),
        format!("({sql})"),
        format!("SELECT * FROM ({sql}) AS q"),
        format!("SELECT * FROM ({sql}\n) AS q LIMIT 1"),
        format!("WITH q AS ({sql}) SELECT * FROM q"),
        format!("WITH q AS MATERIALIZED ({sql}) SELECT 1"),
        format!("SELECT ({sql})"),
        format!("SELECT 1 WHERE EXISTS ({sql})"),
        format!("SELECT 1 IN ({sql})"),
        format!("SELECT ARRAY({sql})"),
        format!("SELECT NULL UNION ALL {sql}"),
        format!("({sql}) UNION (SELECT NULL)"),
        format!("SELECT x.* FROM (SELECT 1) AS one, LATERAL ({sql}) AS x"),
        format!("VALUES (({sql}))"),
        format!("EXPLAIN {sql}"),
        format!("SELECT 1; {sql}"),
        format!("{sql}; SELECT 1"),
    ];
    // nothing quoted: its letters and spaces may change
    if !sql.contains(['\'', '"', '$', '\\']) {
        found.push(sql.to_uppercase());
        found.push(sql.replace(' ', "/**/"));
        found.push(sql.replace(' ', "\n"));
        found.push(sql.replace(' ', "\u{a0}"));
        found.push(sql.replace('(', " (  "));
        found.push(format!("SELECT '{sql}'"));
        found.push(format!("SELECT $x${sql}$x$"));
    }
    found
}
