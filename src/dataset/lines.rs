//! The query behind an export: all lines of some runs in order, as one SQL text without parameters, since COPY
//! of a table takes none. It is made of fixed text, numbers and quoted literals.

use super::directory::Container;
use super::format::{self, Format};
use super::options::{ExportOptions, unknown};
use super::prompt::Prompt;
use super::split::SPLITS;
use crate::error::Result;
use crate::schema::model::quote_literal;
use serde::Deserialize;

/// A run that the caller may read, with its phases in their order.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Source {
    pub id: i64,
    pub name: String,
    pub phases: Vec<String>,
}

pub(crate) fn check_split(split: Option<&str>) -> Result<()> {
    match split {
        Some(s) if !SPLITS.contains(&s) => Err(unknown("split", s, SPLITS.iter().copied())),
        _ => Ok(()),
    }
}

/// Which records of a source are wanted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Part<'a> {
    All,
    Split(&'a str),
}

/// One column `line`, ordered by (run, phase, slot). An Append of ordered branches keeps the order without sorting
/// the whole, as long as no worker processes take part: the caller sees to that.
pub(crate) fn query(
    sources: &[Source],
    format: Format,
    part: Part<'_>,
    options: &ExportOptions,
    prompt: &Prompt,
    db_id: &str,
) -> Result<String> {
    Ok(select(sources, format, part, options, &format::line(format, options, prompt, db_id)?))
}

/// The lines of a file: those of `query`, put together as its container wants them.
pub(crate) fn file(
    sources: &[Source],
    format: Format,
    (part, container): (Part<'_>, Container),
    options: &ExportOptions,
    prompt: &Prompt,
    db_id: &str,
) -> Result<String> {
    if container == Container::Gold {
        return Ok(select(sources, format, part, options, &format::gold(db_id)));
    }
    let lines = query(sources, format, part, options, prompt, db_id)?;
    if container != Container::Array {
        return Ok(lines);
    }
    let start = if format == Format::Bird { "'{\"question_id\":' || (q.n - 1) || ','" } else { "''" };
    Ok(format!(
        "SELECT CASE q.n WHEN 1 THEN '[' ELSE ',' END || {start} || q.line AS line \
         FROM (SELECT l.line, pg_catalog.row_number() OVER () AS n FROM ({lines}) l) q UNION ALL SELECT ']'"
    ))
}

fn select(sources: &[Source], format: Format, part: Part<'_>, options: &ExportOptions, what: &str) -> String {
    let kinds = kinds(format, options);
    let mut branches = Vec::new();
    for source in sources {
        for phase in &source.phases {
            if options.phases.as_ref().is_none_or(|wanted| wanted.contains(phase)) {
                branches.push(branch(format, source.id, phase, part, kinds.as_deref(), what));
            }
        }
    }
    if branches.is_empty() { "SELECT NULL::text AS line WHERE false".to_owned() } else { branches.join(" UNION ALL ") }
}

/// None = every kind that there is.
fn kinds(format: Format, options: &ExportOptions) -> Option<Vec<String>> {
    let possible = format.kinds();
    match &options.kinds {
        None if possible.len() == 4 => None,
        None => Some(possible.iter().map(|k| quote_literal(k)).collect()),
        Some(wanted) => {
            Some(wanted.iter().filter(|k| possible.contains(&k.as_str())).map(|k| quote_literal(k)).collect())
        }
    }
}

fn branch(format: Format, run_id: i64, phase: &str, part: Part<'_>, kinds: Option<&[String]>, what: &str) -> String {
    let mut conditions = vec![format!("i.run_id = {run_id}"), format!("i.phase = {}", quote_literal(phase))];
    if let Part::Split(split) = part {
        conditions.push(format!("i.split = {}", quote_literal(split)));
    }
    if let Some(kinds) = kinds {
        let of = if format == Format::Nlsql { "(i.line::json ->> 'kind')" } else { "i.kind" };
        conditions.push(match kinds {
            [] => "false".to_owned(),
            kinds => format!("{of} IN ({})", kinds.join(", ")),
        });
    }
    let conditions = conditions.join(" AND ");
    match format {
        Format::Nlsql => format!("(SELECT {what} FROM nlsql.item_line i WHERE {conditions} ORDER BY i.slot)"),
        Format::Preference => preference(&conditions, what),
        _ => format!("(SELECT {what} FROM nlsql.item i WHERE {conditions} ORDER BY i.slot)"),
    }
}

/// Each pair with every statement that is known to be worse: a mutant of it whose result differs, and refused
/// candidates for the same question or repaired into it.
fn preference(conditions: &str, what: &str) -> String {
    let sides = format!(
        "SELECT i.*, i.checks #>> '{{mutant,sql}}' AS rejected, 0::bigint AS turn FROM nlsql.item i WHERE {conditions} \
         UNION ALL SELECT i.*, x.sql, x.id FROM nlsql.item i JOIN nlsql.reject x ON x.run_id = i.run_id \
         AND x.question = i.question WHERE {conditions} \
         UNION ALL SELECT i.*, x.sql, x.id FROM nlsql.item i JOIN nlsql.reject x ON x.run_id = i.run_id \
         AND x.fix = i.sql WHERE x.question IS DISTINCT FROM i.question AND {conditions}"
    );
    format!("(SELECT {what} FROM ({sides}) i WHERE i.rejected <> i.sql ORDER BY i.slot, i.turn)")
}

#[cfg(test)]
mod tests {
    use super::super::prompt::SchemaText;
    use super::*;

    fn prompt() -> Prompt {
        Prompt { instruction: "Answer.".to_owned(), schema: SchemaText::None }
    }

    fn source() -> Source {
        Source { id: 7, name: "r".to_owned(), phases: vec!["joins".to_owned(), "o'dd".to_owned()] }
    }

    #[test]
    fn native_lines_are_read_as_they_are_in_the_order_of_the_phases() {
        let text =
            query(&[source()], Format::Nlsql, Part::Split("train"), &ExportOptions::default(), &prompt(), "d").unwrap();
        assert_eq!(
            text,
            "(SELECT i.line AS line FROM nlsql.item_line i WHERE i.run_id = 7 AND i.phase = 'joins' AND i.split = 'train' \
             ORDER BY i.slot) UNION ALL (SELECT i.line AS line FROM nlsql.item_line i WHERE i.run_id = 7 AND \
             i.phase = 'o''dd' AND i.split = 'train' ORDER BY i.slot)"
        );
    }

    #[test]
    fn kinds_that_a_format_cannot_hold_are_left_out() {
        let options = ExportOptions { kinds: Some(vec!["qa".into(), "row".into()]), ..ExportOptions::default() };
        let text = query(&[source()], Format::Chat, Part::All, &options, &prompt(), "d").unwrap();
        assert!(text.contains("i.kind IN ('qa') ORDER BY"), "{text}");
        let text = query(&[source()], Format::Eval, Part::All, &options, &prompt(), "d").unwrap();
        assert!(text.contains(" AND false ORDER BY"), "{text}");
    }

    #[test]
    fn no_phase_gives_an_empty_result() {
        let options = ExportOptions { phases: Some(vec!["builtins".into()]), ..ExportOptions::default() };
        let text = query(&[source()], Format::Nlsql, Part::All, &options, &prompt(), "d").unwrap();
        assert_eq!(text, "SELECT NULL::text AS line WHERE false");
    }

    #[test]
    fn splits_are_known_by_name() {
        assert_eq!(check_split(Some("dev")), Ok(()));
        assert!(check_split(Some("tests")).unwrap_err().hint.unwrap().starts_with("Did you mean \"test\"?"));
    }
}
