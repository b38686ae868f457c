//! Prompt templates: shipped ones, and rows of `nlsql.template` over them. They are data, so they run with fuel, and a
//! name that is not there is an error rather than an empty text.

use crate::error::{Code, Error, Result};
use minijinja::{Environment, UndefinedBehavior, Value};
use std::collections::BTreeMap;

/// Steps that a template may take: far more than a long prompt needs, far less than a minute.
const FUEL: u64 = 2_000_000;
/// Longer templates are refused.
const SOURCE_BYTES: usize = 64 * 1024;

const SHIPPED: [(&str, &str); 16] = [
    ("system", include_str!("../../templates/system.j2")),
    ("schema", include_str!("../../templates/schema.j2")),
    ("wish", include_str!("../../templates/wish.j2")),
    ("single_table", include_str!("../../templates/single_table.j2")),
    ("joins", include_str!("../../templates/joins.j2")),
    ("complex_sqls", include_str!("../../templates/complex_sqls.j2")),
    ("builtins", include_str!("../../templates/builtins.j2")),
    ("table_sets", include_str!("../../templates/table_sets.j2")),
    ("schema_docs", include_str!("../../templates/schema_docs.j2")),
    ("schema_relationship", include_str!("../../templates/schema_relationship.j2")),
    ("questions", include_str!("../../templates/questions.j2")),
    ("reword", include_str!("../../templates/reword.j2")),
    ("repair", include_str!("../../templates/repair.j2")),
    ("score", include_str!("../../templates/score.j2")),
    ("reasoning", include_str!("../../templates/reasoning.j2")),
    ("card", include_str!("../../templates/card.j2")),
];

/// Name and text of every shipped template, for the view `nlsql.templates`.
pub(crate) fn shipped() -> &'static [(&'static str, &'static str)] {
    &SHIPPED
}

pub(crate) struct Templates {
    environment: Environment<'static>,
}

impl Templates {
    /// The shipped templates with others over them.
    pub fn new(own: &BTreeMap<String, String>) -> Result<Templates> {
        let mut environment = empty();
        for (name, source) in SHIPPED {
            environment.add_template(name, source).map_err(|e| wrong(name, &e))?;
        }
        for (name, source) in own {
            environment.add_template_owned(name.clone(), source.clone()).map_err(|e| wrong(name, &e))?;
        }
        Ok(Templates { environment })
    }

    pub fn render(&self, name: &str, context: &Value) -> Result<String> {
        let template = self.environment.get_template(name).map_err(|e| wrong(name, &e))?;
        let mut text = template.render(context).map_err(|e| wrong(name, &e))?;
        text.truncate(text.trim_end().len());
        text.drain(..text.len() - text.trim_start().len());
        Ok(text)
    }
}

/// Puts the template `name` in the place of the phase's own.
pub(crate) fn take(own: &mut BTreeMap<String, String>, name: &str, phase: &str) -> Result<()> {
    let shipped = || SHIPPED.iter().find(|(n, _)| *n == name).map(|(_, body)| (*body).to_owned());
    let body = own.get(name).cloned().or_else(shipped).ok_or_else(|| {
        Error::new(Code::UndefinedObject, format!("template \"{name}\" does not exist"))
            .hint("SELECT name FROM nlsql.templates shows them; INSERT INTO nlsql.template adds one.")
    })?;
    own.insert(phase.to_owned(), body);
    Ok(())
}

fn empty() -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(20);
    // prompts are no HTML
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.add_filter("join", minijinja::filters::join);
    environment.add_filter("length", minijinja::filters::length);
    environment.add_filter("upper", minijinja::filters::upper);
    environment.add_filter("lower", minijinja::filters::lower);
    environment.add_filter("trim", minijinja::filters::trim);
    environment.add_filter("replace", minijinja::filters::replace);
    environment.add_filter("default", minijinja::filters::default);
    environment.add_filter("first", minijinja::filters::first);
    environment.add_filter("tojson", minijinja::filters::tojson);
    environment.add_test("defined", minijinja::tests::is_defined);
    environment.add_function("range", minijinja::functions::range);
    environment
}

/// Names that a template is given; `loop` and `range` come from the language.
const GIVEN: [&str; 22] = [
    "count", "min_tables", "max_tables", "seen", "difficulty", "style", "style_hint", "theme", "function", "question",
    "items", "candidates", "database", "version", "schema_text", "overview", "tables", "values_shown", "tools", "form",
    "card", "range",
];

/// Refuses a template that cannot be read, or names what it is not given, when it is written, with line and column.
/// A name that is not shipped is a template of one's own, for the option `template`.
pub(crate) fn check(name: &str, source: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || name.len() > 63 || !name.chars().all(plain) {
        let names: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
        return Err(Error::invalid(format!("\"{name}\" cannot be the name of a template")).hint(format!(
            "Shipped ones are {}; one of your own is called by letters, digits, _, - and .",
            names.join(", ")
        )));
    }
    if source.len() > SOURCE_BYTES || source.contains('\0') {
        return Err(Error::invalid(format!("template \"{name}\" is too long")));
    }
    let environment = empty();
    let template = environment.template_from_named_str(name, source).map_err(|e| located(name, source, &e))?;
    let mut unknown: Vec<String> =
        template.undeclared_variables(false).into_iter().filter(|v| !GIVEN.contains(&v.as_str())).collect();
    unknown.sort_unstable();
    match unknown.first() {
        Some(unknown) => {
            Err(Error::invalid(format!("template \"{name}\"{}: unknown name {unknown}", place(source, unknown)))
                .hint(format!("A template is given {}.", GIVEN[..GIVEN.len() - 1].join(", "))))
        }
        None => Ok(()),
    }
}

/// Line and column of a word's first occurrence within a tag.
fn place(source: &str, word: &str) -> String {
    let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let inside = |at: usize| {
        source[..at].rfind(['{', '}']).is_some_and(|b| source[b..].starts_with('{'))
            || source[..at].rfind("{%") > source[..at].rfind("%}")
    };
    let found = source.match_indices(word).map(|(at, _)| at).find(|at| {
        !part(source[..*at].chars().next_back()) && !part(source[at + word.len()..].chars().next()) && inside(*at)
    });
    found.map_or_else(String::new, |at| {
        let line = source[..at].matches('\n').count() + 1;
        let column = source[..at].chars().rev().take_while(|c| *c != '\n').count() + 1;
        format!(", line {line}, column {column}")
    })
}

fn wrong(name: &str, error: &minijinja::Error) -> Error {
    located(name, "", error)
}

fn located(name: &str, source: &str, error: &minijinja::Error) -> Error {
    // an error in an included template names that one
    let name = error.name().unwrap_or(name);
    let line = error.line().map(|l| format!(", line {l}")).unwrap_or_default();
    let column = error
        .range()
        .and_then(|range| source.get(..range.start))
        .map(|before| format!(", column {}", before.chars().rev().take_while(|c| *c != '\n').count() + 1))
        .unwrap_or_default();
    let what = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    Error::new(Code::InvalidParameterValue, format!("template \"{name}\"{line}{column}: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use minijinja::context;

    #[test]
    fn shipped_templates_are_sound() {
        for (name, source) in shipped() {
            assert_eq!(check(name, source), Ok(()), "{name}");
        }
        assert!(Templates::new(&BTreeMap::new()).is_ok());
    }

    #[test]
    fn a_bad_template_is_refused_with_its_place() {
        let message = |source| check("joins", source).unwrap_err().message;
        assert_eq!(
            message("fine\n  {% if x %}"),
            "template \"joins\", line 2, column 11: unexpected end of input, expected end of block"
        );
        assert_eq!(
            message("fine\n {{ count }} {{ cuont }}"),
            "template \"joins\", line 2, column 17: unknown name cuont"
        );
        assert_eq!(check("my_own.joins-2", "{% for i in items %}{{ loop.index }} {{ i.sql }}{% endfor %}"), Ok(()));
        assert!(check("no name", "x").unwrap_err().message.contains("\"no name\""));
        assert!(check("joins", &"x".repeat(70_000)).is_err());
    }

    #[test]
    fn own_templates_go_over_shipped_ones_in_includes_too() {
        let own = BTreeMap::from([("schema".to_owned(), "MINE {{ database }}".to_owned())]);
        let templates = Templates::new(&own).unwrap();
        let context = context! {
            database => "d", count => 1, tables => vec!["t"], difficulty => (), style => (), seen => Vec::<String>::new(),
        };
        let text = templates.render("single_table", &context).unwrap();
        assert!(text.starts_with("MINE d\n\nWrite 1 question with SQL about the table t alone"), "{text}");
    }

    #[test]
    fn unknown_names_and_endless_loops_are_errors() {
        let render = |source: &str| {
            let own = BTreeMap::from([("joins".to_owned(), source.to_owned())]);
            Templates::new(&own).unwrap().render("joins", &context! {}).map_err(|e| e.message)
        };
        assert!(render("{{ nosuch }}").unwrap_err().contains("line 1"));
        assert!(render("{% for a in range(10000) %}{% for b in range(10000) %}x{% endfor %}{% endfor %}").is_err());
        assert!(render("{% include 'joins' %}").is_err());
        assert_eq!(render("<b> & {{ '<i>' }}").unwrap(), "<b> & <i>");
    }
}
