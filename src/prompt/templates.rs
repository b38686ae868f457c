//! Prompt templates: shipped ones, and rows of `nlsql.template` over them. They are data, so they run with fuel, and a
//! name that is not there is an error rather than an empty text.

use crate::error::{Code, Error, Result};
use minijinja::{Environment, UndefinedBehavior, Value};
use std::collections::BTreeMap;

/// Steps that a template may take: far more than a long prompt needs, far less than a minute.
const FUEL: u64 = 2_000_000;
/// Longer templates are refused.
const SOURCE_BYTES: usize = 64 * 1024;

const SHIPPED: [(&str, &str); 14] = [
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
        let text = template.render(context).map_err(|e| wrong(name, &e))?;
        Ok(text.trim().to_owned())
    }
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

/// Refuses a template that cannot be read, when it is written, with line and column.
pub(crate) fn check(name: &str, source: &str) -> Result<()> {
    if !SHIPPED.iter().any(|(shipped, _)| *shipped == name) {
        let names: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
        let hint = format!("Templates are {}.", names.join(", "));
        return Err(Error::invalid(format!("there is no template \"{name}\" to replace")).hint(hint));
    }
    if source.len() > SOURCE_BYTES || source.contains('\0') {
        return Err(Error::invalid(format!("template \"{name}\" is too long")));
    }
    empty().template_from_named_str(name, source).map(|_| ()).map_err(|e| located(name, source, &e))
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
        assert!(check("nosuch", "x").unwrap_err().message.contains("no template \"nosuch\""));
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
