//! Which columns a function is the natural tool for: by role, type, name and what the values look like.

use super::super::afar;
use super::super::bound;
use super::super::condition::is_plural;
use super::super::literal::{self, Day};
use super::super::spans;
use super::super::taste;
use super::super::world::{Entity, Field};
use super::{Entry, On, Yields};
use crate::schema::roles::Role;

fn is_text(f: &Field) -> bool {
    short_text(f)
        && matches!(f.role(), Role::Name | Role::Dimension | Role::Code | Role::FreeText)
        && !(f.role() == Role::Code && f.traits.personal)
}

fn short_text(f: &Field) -> bool {
    matches!(f.base.as_str(), "text" | "varchar" | "bpchar" | "citext") && f.length < 120.0 && f.varied
}

fn is_number(f: &Field) -> bool {
    f.measurable() && f.varied && f.numbers.len() >= 13 && f.numbers[0] >= 0.0 && f.base != "money"
}

/// Whether the noun of a field says that it is one of these.
fn called(f: &Field, words: &[&str]) -> bool {
    let noun = f.noun.to_lowercase();
    words.iter().any(|w| noun.contains(w))
}

/// Things that come in boxes.
fn goods(e: &Entity, f: &Field) -> bool {
    let sold = ["order", "invoice", "inventory", "product", "stock", "shipment", "purchase", "sale"];
    called(f, &["quantity"]) && sold.iter().any(|w| e.one.contains(w))
}

/// A kind of place: its name is what it is, however long and with whatever letter.
fn placed(one: &str) -> bool {
    ["country", "city", "town", "state", "region", "territory", "district", "county"].iter().any(|w| one.ends_with(w))
}

const EMAIL: &[&str] = &["email", "e-mail"];
const PHONE: &[&str] = &["phone", "fax", "mobile number"];
const POSTAL: &[&str] = &["postal code", "postcode", "zip"];
const CARD: &[&str] =
    &["card number", "account number", "ssn", "social security", "passport", "driver", "license number", "iban"];
const LATITUDE: &[&str] = &["latitude"];
const LONGITUDE: &[&str] = &["longitude"];
const PLACE: &[&str] = &["city", "town", "postal code", "zip code"];

/// Parts of a time that come again and again.
pub(super) const CYCLES: &[&str] =
    &["over all years", "hour", "weekday", "day of the week", "calendar month", "month of the year"];
const WEEKDAYS: &[&str] = &["Saturday", "Monday", "Friday", "first day of a month"];

/// Of people and things there are enough to look them up by a letter, or to count them by classes.
const MANY: u64 = 40;

pub(super) fn applies(e: &Entity, field: usize, f: &Field, entry: &Entry) -> bool {
    // of small numbers the whole part says little, and what describes things makes no list
    let least = [("whole number", 20.0), ("one decimal", 1.0)].into_iter().find(|(form, _)| entry.noun.contains(form));
    let small = e.rows > 0 && least.is_some_and(|(_, least)| bound::apart(f) < least);
    // nor does a hundredth of a byte
    let fine = ["decimal", "hundredth", "tenth"].iter().any(|form| entry.noun.contains(form));
    let small = small || fine && entry.yields == Yields::Aggregate && bound::apart(f) > 10_000.0;
    // of grades from 1 to 5 one takes no percentiles
    let small = small || entry.name.starts_with("percentile") && e.rows > 0 && f.distinct < 20;
    let wordy = entry.on == On::Group && entry.name != "mode" && taste::describes(f);
    if small || wordy {
        return false;
    }
    let time = f.role() == Role::Time
        && !f.noun.ends_with("year")
        && f.days.len() >= 13
        && !f.traits.personal
        && !f.traits.audit
        && f.varied;
    let stamp = f.base.starts_with("timestamp") && clocked(f);
    let text = is_text(f);
    let contact = short_text(f) && f.role() != Role::Opaque && f.distinct != 1;
    let missing = f.nulls > 0 && f.nulls < e.rows || e.rows == 0 && f.nullable;
    let many = e.rows >= MANY || e.rows == 0;
    let own = e.label.contains(&field);
    match entry.on {
        On::Named => {
            text && !called(f, &["address"])
                && f.role() == Role::Name
                && many
                && (!own || e.label.last() == Some(&field))
        }
        On::Index => {
            text && !called(f, &["address"])
                && many
                && e.label.last() == Some(&field)
                && (e.person || e.label.len() == 2 || e.rows >= 100 && !placed(&e.one))
        }
        On::Person => {
            let suits = match entry.name {
                "initcap" => f.form.capitals,
                "upper" => !f.form.capitals,
                _ => true,
            };
            e.label.len() == 2 && e.label[0] == field && text && suits
        }
        On::Capital => {
            text && f.form.capitals && matches!(f.role(), Role::Name | Role::FreeText) && (!own || e.label.len() == 1)
        }
        On::FullName => text && !own && f.traits.personal && f.noun.ends_with("name") && f.spaced > 0.9,
        On::Email => contact && called(f, EMAIL),
        // callers are people
        On::Phone => {
            contact
                && called(f, PHONE)
                && !called(f, EMAIL)
                && !called(f, &["fax"])
                && (e.person || entry.name != "right")
        }
        On::Dialled => contact && called(f, PHONE) && f.form.three_digits && many && !f.form.empty,
        On::Card => contact && called(f, CARD) && f.distinct > 5,
        On::Postal => contact && called(f, POSTAL) && many && !f.form.empty && (f.distinct > 10 || e.rows == 0),
        On::Street | On::Place => {
            let address = contact && called(f, &["address"]) && !called(f, EMAIL) && !called(f, &["address 2"]);
            address && (entry.on == On::Place || f.form.digit_first && f.spaced > 0.9)
        }
        On::Coded => text && f.role() == Role::Code,
        On::Slug => {
            let titled = text && own && e.label.len() == 1 && !f.traits.personal && !e.person;
            titled && f.spaced > 0.5 && f.length > 8.0
        }
        On::Padded => text && f.padded,
        On::Mixed | On::Blanked => {
            let prose = matches!(f.role(), Role::Dimension | Role::Name) && !own && !f.traits.personal;
            let typed = if entry.on == On::Mixed { f.form.mixed } else { f.form.blanked };
            let kinds = f.length > 3.0 && f.distinct > 8 && f.distinct * 2 < e.rows;
            text && prose && (typed && many && kinds || e.rows == 0)
        }
        On::Fitted => {
            text && own
                && !placed(&e.one)
                && e.label.len() == 1
                && !f.traits.personal
                && !e.person
                && many
                && (f.length > 6.0 || e.rows == 0)
        }
        On::Bytes => f.base == "bytea" && f.nulls < e.rows,
        On::Spaced => {
            let prose = matches!(f.role(), Role::Name | Role::FreeText) && !f.traits.personal && !e.person;
            text && (f.spaced > 0.6 || e.rows == 0) && prose && many
        }
        On::Value => {
            // in whatever case: where there are several
            let cased = entry.yields != Yields::Test || f.form.mixed || e.rows == 0;
            let listed = !entry.sql.contains("array_agg(") || f.filled(e.rows);
            text && f.values.len() > 2 && e.label != [field] && cased && listed
        }
        // of a kind by one word it is asked which it is
        On::Word => {
            // what is read is searched by words, what is called by parts of it
            let part = matches!(entry.name, "position" | "strpos" | "lower") && f.role() == Role::FreeText;
            let prose =
                !part && matches!(f.role(), Role::Name | Role::FreeText) || !part && f.spaced > 0.6 && f.distinct > 40;
            text && f.elements.len() > 2 && prose
        }
        On::Found => text && f.elements.len() > 2 && matches!(f.role(), Role::Name | Role::FreeText),
        // a name is what rows are told by
        // a kind, and no explanation
        On::Gappy
            if entry.yields == Yields::Class
                && (is_plural(&f.noun)
                    || f.role() != Role::Dimension
                    || f.distinct > 30
                    || f.noun == "description") =>
        {
            false
        }
        On::Gappy | On::Gaps => text && missing && !f.traits.personal && !own,
        On::GappyNumber => is_number(f) && missing && !is_plural(&f.noun),
        On::GappyAmount => is_number(f) && missing && f.traits.additive,
        On::Near => {
            let price = f.traits.money && !f.traits.additive;
            is_number(f)
                && f.numbers[2] < f.numbers[10]
                && (price
                    || !f.unit.as_deref().is_some_and(|u| u.starts_with("millisecond"))
                        && called(
                            f,
                            &["length", "weight", "height", "size", "minutes", "millisecond", "duration", "distance"],
                        ))
        }
        // an end that many share is no news
        On::Number if entry.name == "min" && e.rows > 0 && f.ends.0 * 10 > e.rows => false,
        On::Number if entry.name == "max" && e.rows > 0 && f.ends.1 * 10 > e.rows => false,
        // the decimals of a million are none
        On::Number => {
            let decimals = entry.sql.ends_with("numeric, 2)") || entry.sql.ends_with("numeric, 1)");
            // nor are there any wholes below ten
            let whole =
                entry.sql.ends_with("numeric)") && e.rows > 0 && f.numbers.get(6).is_some_and(|middle| *middle < 10.0);
            is_number(f)
                && (f.distinct > 2 || e.rows == 0)
                && f.numbers[2] < f.numbers[10]
                && !whole
                && !(decimals && f.whole() && f.numbers[6] >= 1000.0)
        }
        On::Zeroed => is_number(f) && f.numbers[0] == 0.0 && f.numbers[4] > 0.0 || is_number(f) && e.rows == 0,
        On::Tens => is_number(f) && many && f.distinct > 12 && (30.0..600.0).contains(&(f.numbers[12] - f.numbers[0])),
        On::Spread => {
            let banded = entry.name != "floor"
                || !is_plural(&f.noun) && f.filled(e.rows) && even(f) && f.unit.as_deref().is_none_or(|u| u == "%");
            is_number(f) && (f.distinct >= 40 || e.rows == 0) && many && banded
        }
        On::Amount => is_number(f) && f.traits.additive,
        On::Revenue => {
            is_number(f)
                && f.traits.additive
                && f.traits.money
                && many
                && e.label.is_empty()
                && !f.noun.ends_with("value")
        }
        On::Price => is_number(f) && f.traits.money && !e.label.is_empty() && !e.person,
        On::Charged => {
            let charged =
                called(f, &["price", "rate", "fee", "fare", "premium", "tariff"]) && !called(f, &["replacement"]);
            // a doctor is no article
            charged && is_number(f) && f.traits.money && !e.label.is_empty() && !e.person && !afar::serves(e)
        }
        On::Stock => is_number(f) && f.whole() && called(f, &["in stock"]) && !e.label.is_empty(),
        On::Thousands => is_number(f) && f.traits.money && (f.numbers[6] >= 1000.0 || e.rows == 0),
        On::Quantity => is_number(f) && f.traits.additive && !f.traits.money && f.whole() && goods(e, f),
        On::Minutes => {
            let minutes = f.unit.as_deref().is_some_and(|u| u.starts_with("minute")) || called(f, &["minute"]);
            is_number(f) && (minutes || f.noun == "length" && f.whole() && f.numbers[6] > 60.0 && f.numbers[12] < 400.0)
        }
        On::Millis => {
            let unit = f.unit.as_deref().is_some_and(|u| u.starts_with("millisecond"));
            is_number(f) && f.whole() && (unit || called(f, &["millisecond"])) && f.numbers[6] > 60_000.0
        }
        On::Located => called(f, LATITUDE) && f.numbers.len() >= 13 && f.nulls == 0 && !e.person && !e.label.is_empty(),
        On::Whole => is_number(f) && f.whole(),
        On::Id => f.whole() && f.role() == Role::Key && e.key == [f.name.clone()] && many && !e.label.is_empty(),
        On::Numbers => is_number(f),
        On::Year => f.role() == Role::Year && f.varied,
        // on what day of the week people were hired is nobody's question
        // what is due or ends has not happened yet
        On::Time if entry.sql.starts_with("age(timestamp") => {
            time && !e.label.is_empty()
                && !called(f, &["due", "requir", "end", "expir", "valid", "until", "schedul", "deadline", "to date"])
        }
        // rows without a time would be a class of their own
        On::Time | On::Stamp if entry.yields == Yields::Class && (f.nulls > 0 || e.rows == 0 && f.nullable) => false,
        // of what happens once in a while nobody asks by the month
        On::Time if entry.yields == Yields::Test && entry.sql.contains("{month") && !often(e, f) => false,
        // a week or a month of hardly a row is no class
        On::Time if entry.yields == Yields::Class && !dense(e, f, entry.sql) => false,
        // what is all of one year is not all of several
        On::Time if entry.noun.contains("over all years") && years(f) < 2 => false,
        On::Time if entry.yields == Yields::Aggregate => time && taste::timely(e, field),
        // what ends on a Friday is nobody's question
        On::Time if entry.yields == Yields::Test && WEEKDAYS.iter().any(|w| entry.noun.contains(w)) => {
            time && !e.person && (e.when == Some(field) || f.begins())
        }
        // by weekdays and months of the year one looks at what happens, and hardly at when it ends
        On::Time if entry.yields == Yields::Class && CYCLES.iter().any(|w| entry.noun.contains(w)) => {
            time && e.when.is_none_or(|when| when == field) && !e.person && often(e, f)
        }
        On::Time => time && !(e.person && ["isodow", "FMDay", "'day'"].iter().any(|part| entry.sql.contains(part))),
        On::Stamp => time && stamp,
        On::Dates => time,
        On::Flag => f.base == "bool" && f.varied && !f.traits.personal,
        On::Array => f.role() == Role::Array && !f.elements.is_empty() && f.base.trim_start_matches('_') == "text",
        On::Range => f.role() == Role::Range,
        On::Json => f.role() == Role::Json && !f.keys.is_empty(),
        On::Search => f.role() == Role::Search,
        On::Row => own && e.label.len() == 1 && text,
        On::Group => {
            let rows = e.rows.max(1);
            let few = f.filled(e.rows) && f.distinct > 3 && f.distinct <= 40 && f.distinct * 3 <= rows;
            f.groupable() && (few || e.rows == 0 && !f.nullable) || entry.yields == Yields::Window && f.groupable()
        }
    }
}

/// Whether bands of one width part the values: where most lie in one, those of the others are without end.
fn even(f: &Field) -> bool {
    let (Some(low), Some(high)) = (f.numbers.first(), f.numbers.get(12)) else { return false };
    let step = literal::round_step((f.numbers[10] - f.numbers[2]) / 5.0);
    step > 0.0 && (high - low) / step <= 25.0 && f.numbers[5] >= (low / step).floor() * step + step
}

/// Whether a month holds several rows; of none nothing is known.
fn often(e: &Entity, f: &Field) -> bool {
    let days = f.days.first().zip(f.days.last()).map_or(0, |(low, high)| high.number() - low.number());
    e.rows == 0 || e.rows as i64 * 30 >= 3 * days
}

/// Whether the spans that a time is put into hold some rows each; of none nothing is known.
fn dense(e: &Entity, f: &Field, sql: &str) -> bool {
    const UNITS: [(&str, &str); 6] = [
        ("'week'", "week"),
        ("14 days", "week"),
        ("'month'", "month"),
        ("YYYY-MM", "month"),
        ("YYYYMM", "month"),
        ("quarter", "quarter"),
    ];
    let unit = UNITS.iter().find(|(part, _)| sql.contains(part)).map_or("year", |(_, unit)| unit);
    e.rows == 0 || e.rows >= 10 && !spans::sparse(e.rows, f, unit)
}

/// How many years the values of a time are apart; of none nothing is known.
fn years(f: &Field) -> i32 {
    f.days.first().zip(f.days.last()).map_or(9, |(low, high)| high.year - low.year)
}

/// Times of the day differ from row to row.
fn clocked(f: &Field) -> bool {
    let (Some(low), Some(high)) = (f.days.first(), f.days.last()) else { return false };
    (f.distinct as i64) > (high.number() - low.number()).max(1) || f.distinct > 400
}

pub(super) fn pairs(e: &Entity, entry: &Entry, from: usize, at: usize) -> bool {
    let (first, second) = (&e.fields[from], &e.fields[at]);
    if first.noun == second.noun {
        return false;
    }
    match entry.on {
        On::Person => e.label.len() == 2 && e.label[1] == at,
        On::Place => {
            short_text(second) && called(second, PLACE) && second.nulls == 0 && second.traits.role != Role::Key
        }
        On::Located => called(second, LONGITUDE) && second.numbers.len() >= 13 && second.nulls == 0,
        On::Numbers => {
            let alike = first.traits.money && second.traits.money || first.unit.is_some() && first.unit == second.unit;
            is_number(second) && (alike || entry.yields == Yields::Aggregate)
        }
        On::Dates => {
            // of what has no end yet the days tell nothing; which comes first is proved by the rows
            let open = second.nulls > 0;
            let time = second.role() == Role::Time && second.days.len() >= 13 && second.varied;
            let later = || {
                let at = |f: &Field, i: usize| f.days.get(i).map_or(0, |d: &Day| d.number());
                [1, 6, 11].into_iter().all(|i| at(first, i) <= at(second, i))
            };
            // where the time of day is known, too, the days alone are not what one means
            let precise = |f: &Field| {
                let stem = |f: &Field| f.name.to_lowercase().split("_date").next().map(str::to_owned);
                f.base != "date"
                    || !e.fields.iter().any(|o| o.role() == Role::Time && o.base != "date" && stem(o) == stem(f))
            };
            let kin = first.base == second.base && precise(first) && precise(second);
            // what is always there needs nothing in its place
            let gap = entry.name != "coalesce" || second.nulls > 0 || e.rows == 0 && second.nullable;
            // where the days do not say which comes first, the names have to
            let same = first.days.iter().zip(&second.days).all(|(a, b)| a.number() == b.number());
            let named = !same
                || called(first, &["start", "begin", "from", "birth", "order"])
                    && called(second, &["end", "stop", "to ", "death", "ship", "due"]);
            let listed = from < at || entry.name == "coalesce";
            time && kin
                && gap
                && named
                && listed
                && !second.traits.personal
                && !second.traits.audit
                && (open || later())
        }
        On::Row => {
            let joined = entry.name.starts_with("concat") || entry.name == "format";
            let shown = matches!(second.role(), Role::Dimension | Role::Year)
                || matches!(second.role(), Role::Measure | Role::Time | Role::Code) && !joined;
            shown && second.varied && !second.traits.audit && !second.traits.personal
        }
        On::Gaps => {
            let missing = second.nulls > 0 && second.nulls < e.rows || e.rows == 0;
            second.nullable && missing && !matches!(second.role(), Role::Key | Role::Opaque) && !second.traits.audit
        }
        _ => false,
    }
}
