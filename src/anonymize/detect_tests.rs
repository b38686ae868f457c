//! Detection on names, values, comments and documents.

use super::*;
use crate::schema::model::{Profile, Sampled};

fn column(name: &str, base: &str, category: char, values: &[(&str, u64)]) -> Column {
    let json = serde_json::json!({"name": name, "number": 1, "type": base, "base": base, "category": category});
    let mut column: Column = serde_json::from_value(json).unwrap();
    if !values.is_empty() {
        column.profile = Some(Profile {
            distinct: values.len() as u64,
            common: values.iter().map(|(v, n)| ((*v).to_owned(), *n)).collect(),
            length: 12.0,
            ..Profile::default()
        });
    }
    column
}

fn table(name: &str, rows: u64) -> Table {
    let json = serde_json::json!({"schema": "public", "name": name, "kind": "table", "columns": []});
    let mut table: Table = serde_json::from_value(json).unwrap();
    table.sampled = Some(Sampled { rows, whole: true });
    table
}

fn of(table_name: &str, name: &str, values: &[&str]) -> Class {
    let values: Vec<(&str, u64)> = values.iter().map(|v| (*v, 1)).collect();
    classify(&table(table_name, values.len() as u64), &column(name, "text", 'S', &values))
}

#[test]
fn names_alone_tell() {
    let cases = [
        ("customers", "first_name", Kind::FirstName),
        ("patients", "LAST", Kind::LastName),
        ("user_accounts", "emailAddress", Kind::Email),
        ("anything", "home_phone", Kind::Phone),
        ("employee", "name", Kind::FullName),
        ("usr_lifecycle", "name_keywords", Kind::FullName),
        ("orders", "ship_address", Kind::Street),
        ("orders", "ship_name", Kind::FullName),
        ("t", "ssn", Kind::NationalId),
        ("t", "cc_number", Kind::Card),
        ("t", "password_hash", Kind::Secret),
        ("t", "remote_addr_ip", Kind::Ip),
        ("kunden", "nachname", Kind::LastName),
        ("ticket", "internal_note", Kind::FreeText),
        ("post", "created_by", Kind::UserName),
    ];
    for (table_name, name, kind) in cases {
        let class = of(table_name, name, &[]);
        assert_eq!((class.kind, class.personal), (kind, true), "{table_name}.{name}");
    }
}

#[test]
fn things_are_not_people() {
    let cases = [
        ("film", "title"),
        ("product", "product_name"),
        ("company", "name"),
        ("country", "country"),
        ("category", "name"),
        ("store", "city"),
        ("warehouse", "address"),
        ("customer_type", "name"),
        ("patient_status", "name"),
        ("device", "phone_model"),
        ("campaign", "email_template"),
        ("invoice", "currency"),
        ("orders", "ship_country"),
        ("job", "hashtag_count"),
    ];
    for (table_name, name) in cases {
        let class = of(table_name, name, &[]);
        assert!(!class.personal, "{table_name}.{name} is {class:?}");
    }
}

#[test]
fn values_tell_where_names_do_not() {
    let cases: [(&[&str], Kind); 8] = [
        (&["a.b@example.org", "c@example.com", "d_e@example.net"], Kind::Email),
        (&["4111 1111 1111 1111", "5500 0000 0000 0004", "4012888888881881"], Kind::Card),
        (&["DE89370400440532013000", "GB29NWBK60161331926819", "FR1420041010050500013M02606"], Kind::Iban),
        (&["10.0.0.1", "192.168.3.77", "2001:db8::1"], Kind::Ip),
        (&["00:1B:44:11:3A:B7", "00-1b-44-11-3a-b8"], Kind::Mac),
        (&["123-45-6789", "987-65-4321"], Kind::NationalId),
        (&["+1 (204) 452-6452", "+49 30 1234567"], Kind::Phone),
        (&["Mary Smith", "John Brown", "Laura Jones", "Anna Berg", "Peter Hall", "Zork Blim"], Kind::FullName),
    ];
    for (values, kind) in cases {
        let class = of("t", "c7", values);
        assert_eq!((class.kind, class.personal), (kind, true), "{values:?}");
    }
}

#[test]
fn dates_versions_and_titles_are_left_alone() {
    for values in [
        &["2024-01-31", "2024-02-29", "1999-12-31"][..],
        &["1.0.0.12", "22.4.1.7", "9.9.9.300"],
        &["ACADEMY DINOSAUR", "ACE GOLDFINGER", "ADAPTATION HOLES", "AFFAIR PREJUDICE", "AFRICAN EGG"],
        &["SKU-10021-22", "SKU-10022-23", "SKU-10027-28"],
    ] {
        let class = of("t", "c7", values);
        assert!(!class.personal || class.kind == Kind::Ip, "{values:?} is {class:?}");
    }
    assert_eq!(of("t", "c7", &["1.0.0.12", "22.4.1.7", "9.9.9.300"]).kind, Kind::Label);
}

#[test]
fn what_many_share_is_a_category() {
    let shares = [("open", 40), ("closed", 30), ("held", 20)];
    let class = classify(&table("ticket", 90), &column("status", "text", 'S', &shares));
    assert_eq!((class.kind, class.personal, class.quasi), (Kind::Category, false, false));
    let sexes = [("F", 40), ("M", 30)];
    let class = classify(&table("patient", 70), &column("sex", "text", 'S', &sexes));
    assert!(class.quasi && !class.personal);
}

#[test]
fn a_comment_speaks_up() {
    let mut told = column("x1", "text", 'S', &[]);
    told.comment = Some("Passport as shown at the desk".to_owned());
    assert_eq!(classify(&table("t", 0), &told).kind, Kind::NationalId);
    told.comment = Some("personal data, GDPR art. 9".to_owned());
    assert!(classify(&table("t", 0), &told).personal);
}

#[test]
fn json_is_personal_unless_known_to_be_harmless() {
    let mut json = column("attributes", "jsonb", 'U', &[]);
    assert!(classify(&table("product", 9), &json).personal);
    let keys = vec![("colour".to_owned(), "string".to_owned(), 9), ("size".to_owned(), "number".to_owned(), 9)];
    json.profile = Some(Profile { keys, ..Profile::default() });
    assert!(!classify(&table("product", 9), &json).personal);
    assert!(classify(&table("customer", 9), &json).personal);
    json.profile.as_mut().unwrap().keys.push(("contact_email".to_owned(), "string".to_owned(), 2));
    assert!(classify(&table("product", 9), &json).personal);
    assert_eq!(classify_leaf("contact_email", "x", false).kind, Kind::Email);
}
