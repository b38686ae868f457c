//! Documents: json leaves are faked one by one, by their keys and by what they look like; hstore the same way.

use super::class::Kind;
use super::detect::classify_leaf;
use super::key::Domain;
use super::{moment, number, patterns};
use serde_json::{Map, Value};

/// A text inside a document: what it is, and itself.
pub(super) type Leaf<'a> = (Kind, &'a str);

/// Kind of a leaf: by its key, then by its own look.
fn kind_of(key: &str, text: &str, person: bool) -> Kind {
    match classify_leaf(key, text, person).kind {
        // the name says category, but nothing says that others share the value
        Kind::Category | Kind::Vocabulary | Kind::Unknown | Kind::Json | Kind::Number => {
            if text.contains(' ') {
                Kind::Label
            } else {
                Kind::Code
            }
        }
        Kind::BirthDate | Kind::Date | Kind::Time => Kind::Code,
        kind => kind,
    }
}

/// Keys are part of the schema, unless they look like values.
fn is_plain_key(key: &str) -> bool {
    let digits = key.bytes().filter(u8::is_ascii_digit).count();
    key.len() <= 40 && digits <= 4 && !key.contains('@') && !key.contains("://") && !patterns::is_token(key)
}

/// Walks over each text of a document, in order.
pub(super) fn visit<'a>(value: &'a Value, key: &str, person: bool, see: &mut dyn FnMut(Leaf<'a>)) {
    match value {
        Value::String(text) if moment::is_moment(text) || text.is_empty() => {}
        Value::String(text) => see((kind_of(key, text, person), text)),
        Value::Array(list) => list.iter().for_each(|v| visit(v, key, person, see)),
        Value::Object(map) => {
            for (k, v) in map {
                if !is_plain_key(k) {
                    see((Kind::Code, k));
                }
                visit(v, k, person, see);
            }
        }
        _ => {}
    }
}

/// The document with each leaf replaced; `text` gives the fake of a text.
pub(super) fn replace(
    value: &Value,
    key: &str,
    person: bool,
    domain: &Domain,
    text: &mut dyn FnMut(Leaf<'_>) -> String,
) -> Value {
    match value {
        Value::String(t) if t.is_empty() => value.clone(),
        Value::String(t) if moment::is_moment(t) => match moment::fake(domain, t, None, false, 0) {
            Some(fake) => Value::String(fake),
            None => Value::String("***".to_owned()),
        },
        Value::String(t) => Value::String(text((kind_of(key, t, person), t))),
        Value::Number(n) => {
            let fake = number::fake(domain, &n.to_string(), None, false);
            fake.and_then(|f| serde_json::from_str(&f).ok()).unwrap_or(Value::Null)
        }
        Value::Array(list) => Value::Array(list.iter().map(|v| replace(v, key, person, domain, text)).collect()),
        Value::Object(map) => {
            let mut out = Map::new();
            for (k, v) in map {
                let name = if is_plain_key(k) { k.clone() } else { text((Kind::Code, k)) };
                out.insert(name, replace(v, k, person, domain, text));
            }
            Value::Object(out)
        }
        Value::Bool(_) | Value::Null => value.clone(),
    }
}

/// The text form of hstore, from the object that json has for it.
pub(super) fn hstore(value: &Value) -> String {
    let quote = |t: &str| format!("\"{}\"", t.replace('\\', "\\\\").replace('"', "\\\""));
    let pair = |(k, v): (&String, &Value)| match v {
        Value::Null => format!("{}=>NULL", quote(k)),
        Value::String(t) => format!("{}=>{}", quote(k), quote(t)),
        other => format!("{}=>{}", quote(k), quote(&other.to_string())),
    };
    value.as_object().map(|m| m.iter().map(pair).collect::<Vec<_>>().join(", ")).unwrap_or_default()
}
