//! Which columns are personal, and of what kind: by name, comment, type, patterns in the values, statistics.

use super::class::{Class, Kind};
use super::names::{self, Words};
use super::patterns::{self, share};
use crate::schema::model::{Column, Table};

/// What of the table matters to each of its columns.
struct Context {
    person: bool,
    organisation: bool,
    rows: u64,
}

/// The values of a column that the profile shows, and how many different ones there are.
struct Seen<'a> {
    values: Vec<&'a str>,
    distinct: u64,
    /// Rows with a value.
    filled: u64,
    /// Rows of the rarest value shown.
    least: u64,
    length: f64,
    spaced: f64,
}

/// The class of one column: what it holds, whether that is personal, whether it narrows a person down.
///
/// Needs the catalog alone; where the column has a profile, its values vote as well. Costs some microseconds.
pub(crate) fn classify(table: &Table, column: &Column) -> Class {
    let table_name = Words::of(&table.name);
    let context = Context {
        person: names::is_person_table(&table_name),
        organisation: names::is_organisation_table(&table_name),
        rows: table.sampled.as_ref().map_or(0, |s| s.rows),
    };
    let name = Words::of(&column.name);
    let array = column.category == 'A';
    let seen = Seen::of(column, context.rows, array);
    let category = if array { column.element_category.unwrap_or('X') } else { column.category };
    let base = if array { column.element.as_deref().unwrap_or("") } else { column.base.as_str() };
    let keyed = is_key_column(table, column);
    let mut class = match category {
        'S' => text(&name, &context, &seen, keyed),
        'N' => number(&name, &context, &seen, keyed),
        'D' => date(&name, &context),
        'T' => Class::new(Kind::Time),
        'B' | 'E' => shared(Class::new(Kind::Category), &name, &context),
        'I' => Class::new(Kind::Ip),
        'G' if base == "point" => place(Kind::Coordinates, &context),
        _ => other(base, column, &name, &context),
    };
    comment(&mut class, column);
    class
}

/// The class of a leaf inside json by its key: `person` says whether the column's own table is about people.
pub(crate) fn classify_leaf(key: &str, value: &str, person: bool) -> Class {
    let name = Words::of(key);
    let context = Context { person, organisation: false, rows: 0 };
    let length = value.chars().count() as f64;
    let spaced = if value.contains(' ') { 1.0 } else { 0.0 };
    let seen = Seen { values: vec![value], distinct: 0, filled: 0, least: 0, length, spaced };
    text(&name, &context, &seen, false)
}

impl Seen<'_> {
    fn of(column: &Column, rows: u64, array: bool) -> Seen<'_> {
        let Some(profile) = &column.profile else {
            return Seen { values: Vec::new(), distinct: 0, filled: 0, least: 0, length: 0.0, spaced: 0.0 };
        };
        let list = if array { &profile.elements } else { &profile.common };
        let distinct = if array { list.len() as u64 } else { profile.distinct };
        let length = if array {
            list.iter().map(|(v, _)| v.chars().count() as f64).sum::<f64>() / list.len().max(1) as f64
        } else {
            profile.length
        };
        Seen {
            values: list.iter().map(|(v, _)| v.as_str()).filter(|v| !v.trim().is_empty()).collect(),
            distinct,
            filled: rows.saturating_sub(profile.nulls),
            least: list.last().map_or(0, |(_, n)| *n),
            length,
            spaced: profile.spaced,
        }
    }

    /// Few values, and each of many rows on the average.
    fn few(&self) -> bool {
        self.distinct > 0 && self.distinct <= 100 && self.filled >= self.distinct * 5
    }

    /// All values are shown, and even the rarest is that of five rows.
    fn all_shared(&self) -> bool {
        self.few() && self.distinct <= self.values.len() as u64 && self.least >= 5
    }
}

fn is_key_column(table: &Table, column: &Column) -> bool {
    table.keys().any(|key| key.len() == 1 && key[0] == column.name)
        || table.primary_key.as_ref().is_some_and(|key| key.contains(&column.name))
        || table.foreign_keys.iter().any(|key| key.columns.contains(&column.name))
}

type Test = fn(&str) -> bool;

/// What values give away whatever the column is called.
fn by_values(seen: &Seen) -> Option<Kind> {
    let values = &seen.values;
    if values.is_empty() {
        return None;
    }
    let most = |test: Test| share(values, test) >= 0.8;
    let tests: [(Test, Kind); 8] = [
        (patterns::is_email, Kind::Email),
        (patterns::is_ssn, Kind::NationalId),
        (patterns::is_iban, Kind::Iban),
        (patterns::is_mac, Kind::Mac),
        (patterns::is_ip, Kind::Ip),
        (patterns::is_url, Kind::Url),
        (patterns::is_token, Kind::Secret),
        (patterns::is_coordinates, Kind::Coordinates),
    ];
    if let Some((_, kind)) = tests.iter().find(|(test, _)| most(*test)) {
        return Some(*kind);
    }
    // one in ten numbers has a right check digit by chance
    (share(values, patterns::is_card) >= 0.95 && (values.len() >= 3 || values[0].len() == 16)).then_some(Kind::Card)
}

fn text(name: &Words, context: &Context, seen: &Seen, keyed: bool) -> Class {
    if let Some(kind) = by_values(seen) {
        return match kind {
            Kind::Url if context.person => Class::personal(kind),
            Kind::Coordinates => place(kind, context),
            _ => Class::new(kind),
        };
    }
    if let Some(kind) = names::personal_kind(name)
        && (kind != Kind::Phone || name.last() != "extension" || context.person)
    {
        return named(kind, name, context, seen);
    }
    if let Some(kind) = names::place_kind(name)
        && !(kind == Kind::City && names::is_vocabulary(name))
    {
        return place(kind, context);
    }
    if names::is_url(name) {
        return if context.person { Class::personal(Kind::Url) } else { Class::new(Kind::Url) };
    }
    if share(&seen.values, patterns::is_phone) >= 0.8 && !names::is_code(name) {
        return Class::new(Kind::Phone);
    }
    if !seen.values.is_empty() && share(&seen.values, patterns::is_uuid) >= 0.9 {
        return Class::new(Kind::OpaqueKey);
    }
    if let Some(class) = person_text(name, context, seen) {
        return class;
    }
    plain_text(name, context, seen, keyed)
}

/// A name that speaks of something personal; values that plainly say otherwise overrule it.
fn named(kind: Kind, name: &Words, context: &Context, seen: &Seen) -> Class {
    let values = &seen.values;
    match kind {
        // "login" may be a time or a flag as text, "phone" a yes or no
        Kind::Phone
            if !values.is_empty() && share(values, |v| v.bytes().filter(u8::is_ascii_digit).count() >= 3) < 0.3 =>
        {
            shared(Class::new(Kind::Category), name, context)
        }
        Kind::Secret | Kind::FirstName | Kind::UserName
            if seen.all_shared() && seen.distinct <= 10 && !context.person =>
        {
            Class::new(Kind::Category)
        }
        Kind::Latitude | Kind::Longitude | Kind::Coordinates => place(kind, context),
        _ => Class::new(kind),
    }
}

/// Names of people that neither the column's name alone nor a pattern gives away.
fn person_text(name: &Words, context: &Context, seen: &Seen) -> Option<Class> {
    let values = &seen.values;
    let full = share(values, patterns::is_full_name);
    let plain_name = name.joined == "name" || name.ends_in_name();
    if context.person && matches!(name.joined.as_str(), "name" | "nom" | "nombre" | "nome" | "naam" | "names") {
        // customers may be companies: their names are protected like people's
        return Some(Class::new(Kind::FullName));
    }
    let about_thing = name.has("company product category type title role group status department team code city country brand file table column field class store org organization");
    if !about_thing && names::names_somebody(name) {
        let shares = values.is_empty() || !seen.all_shared() || full >= 0.5;
        return shares.then(|| Class::new(if name.last() == "by" { Kind::UserName } else { Kind::FullName }));
    }
    if context.person && !about_thing && name.has("name names") {
        return Some(Class::new(Kind::FullName));
    }
    if name.joined.ends_with("sourcevalue") && name.words.first().is_some_and(|w| names::is_person_word(w)) {
        return Some(Class::new(Kind::NationalId));
    }
    if name.joined == "alias" || name.joined == "usr" {
        return context.person.then(|| Class::new(Kind::UserName));
    }
    if plain_name && name.has("ship bill billing shipping delivery emergency sip") {
        return Some(Class::new(Kind::FullName));
    }
    let enough = values.len() >= 5;
    if enough && full >= 0.6 && !about_thing {
        return Some(Class::new(Kind::FullName));
    }
    None
}

fn plain_text(name: &Words, context: &Context, seen: &Seen, keyed: bool) -> Class {
    let few = seen.few();
    if names::is_vocabulary(name) {
        return shared(Class::new(Kind::Vocabulary), name, context);
    }
    if keyed {
        return if few { shared(Class::new(Kind::Category), name, context) } else { Class::new(Kind::OpaqueKey) };
    }
    let long = seen.length >= 40.0 && seen.spaced >= 0.8;
    // a description that many rows share is a label by another name; a note may still speak of somebody
    let told = names::is_description(name) && !context.person && seen.distinct > 0 && seen.distinct * 2 <= seen.filled;
    if (names::is_prose(name) || long) && !few && !told {
        return Class::new(Kind::FreeText);
    }
    if few || seen.all_shared() {
        return shared(Class::new(Kind::Category), name, context);
    }
    if share(&seen.values, patterns::is_street) >= 0.8
        && seen.values.len() >= 5
        && name.has("line line1 line2 ship bill premise")
    {
        return place(Kind::Street, context);
    }
    if names::is_code(name) {
        let theirs = context.person || name.words.iter().any(|w| names::is_person_word(w));
        return if theirs { Class::personal(Kind::NationalId) } else { Class::new(Kind::Code) };
    }
    if names::is_label(name) {
        return Class::new(Kind::Label);
    }
    // text of a person with about as many values as people: theirs alone
    let own = context.person && seen.distinct >= 5 && seen.distinct * 2 >= seen.filled;
    if own { Class::personal(Kind::Label) } else { Class::new(Kind::Label) }
}

fn number(name: &Words, context: &Context, seen: &Seen, keyed: bool) -> Class {
    if keyed || (matches!(name.last(), "id" | "ids") && !name.has("tax national passport")) {
        return Class::new(Kind::IntegerKey);
    }
    match names::personal_kind(name) {
        Some(kind @ (Kind::Latitude | Kind::Longitude)) => return place(kind, context),
        Some(Kind::BirthDate) => return Class::personal(Kind::BirthDate),
        Some(kind @ (Kind::Phone | Kind::NationalId | Kind::Card | Kind::Account | Kind::Secret))
            if !seen.few() || seen.values.is_empty() =>
        {
            return Class::personal(kind);
        }
        _ => {}
    }
    if names::place_kind(name) == Some(Kind::PostalCode) {
        return place(Kind::PostalCode, context);
    }
    if seen.values.len() >= 3 && share(&seen.values, patterns::is_card) >= 0.95 {
        return Class::new(Kind::Card);
    }
    shared(Class::new(Kind::Number), name, context)
}

fn date(name: &Words, context: &Context) -> Class {
    if names::personal_kind(name) == Some(Kind::BirthDate) {
        return Class::personal(Kind::BirthDate);
    }
    if context.person && name.has("death died deceased") {
        return Class::personal(Kind::BirthDate);
    }
    Class::new(Kind::Date)
}

/// Types without a category of their own: by their names.
fn other(base: &str, column: &Column, name: &Words, context: &Context) -> Class {
    match base {
        "uuid" => Class::new(Kind::OpaqueKey),
        "inet" | "cidr" => Class::new(Kind::Ip),
        "macaddr" | "macaddr8" => Class::new(Kind::Mac),
        "bytea" => {
            let theirs = context.person || names::is_picture(name) || names::personal_kind(name).is_some();
            if theirs { Class::personal(Kind::Binary) } else { Class::new(Kind::Binary) }
        }
        "json" | "jsonb" | "hstore" | "xml" => json(column, context),
        _ => Class::new(Kind::Unknown),
    }
}

/// A document is personal unless all its keys are known and none of them is.
fn json(column: &Column, context: &Context) -> Class {
    let keys = column.profile.as_ref().map(|p| p.keys.as_slice()).unwrap_or_default();
    let harmless = |key: &(String, String, u64)| {
        let leaf = classify_leaf(&key.0, "", context.person);
        !leaf.personal && !matches!(key.1.as_str(), "object" | "array")
    };
    if keys.is_empty() || context.person || !keys.iter().all(harmless) {
        Class::personal(Kind::Json)
    } else {
        Class::new(Kind::Json)
    }
}

/// An address part: a person's is personal or nearly so, an organisation's is neither.
fn place(kind: Kind, context: &Context) -> Class {
    let exact = matches!(kind, Kind::Street | Kind::Latitude | Kind::Longitude | Kind::Coordinates);
    match (exact, context.organisation && !context.person) {
        (true, false) if kind == Kind::Street || context.person => Class::personal(kind),
        (_, true) => Class { kind, personal: false, quasi: false },
        _ => Class::quasi(kind),
    }
}

/// A shared value says little; of a person it still narrows down.
fn shared(mut class: Class, name: &Words, context: &Context) -> Class {
    class.quasi = context.person && names::is_trait(name);
    class
}

/// A comment may say what the name does not.
fn comment(class: &mut Class, column: &Column) {
    let Some(comment) = &column.comment else { return };
    let text = comment.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|w| text.contains(w));
    if says(&["not personal", "no personal", "not pii", "non-pii", "no pii"]) {
        return;
    }
    if says(&[
        "personal data", "personally identif", "pii", "gdpr", "confidential", "sensitive", "do not share", "encrypted",
    ]) {
        class.personal = true;
    }
    if class.kind == Kind::Label || class.kind == Kind::Code {
        let told = [
            ("e-mail", Kind::Email),
            ("email address", Kind::Email),
            ("phone number", Kind::Phone),
            ("social security", Kind::NationalId),
            ("passport", Kind::NationalId),
            ("password", Kind::Secret),
            ("full name", Kind::FullName),
            ("first name", Kind::FirstName),
            ("last name", Kind::LastName),
            ("surname", Kind::LastName),
            ("street address", Kind::Street),
            ("credit card", Kind::Card),
        ];
        if let Some((_, kind)) = told.iter().find(|(words, _)| text.contains(words)) {
            *class = Class::personal(*kind);
        }
    }
}

#[cfg(test)]
#[path = "detect_tests.rs"]
mod tests;
