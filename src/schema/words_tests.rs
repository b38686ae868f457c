use super::*;
use crate::schema::comments::comment_noun;

fn words() -> Words {
    let table = |name: &str| format!(r#"{{"schema":"public","name":"{name}","kind":"table","columns":[]}}"#);
    let tables = ["patients", "claims_transactions", "payers"].map(table).join(",");
    let schema =
        Schema::from_json(&format!(r#"{{"database":"d","server_version":150000,"tables":[{tables}]}}"#)).unwrap();
    Words::new(&schema)
}

#[test]
fn names_become_words() {
    let words = words();
    for (name, text) in [
        ("ship_addr_postal_cd", "ship address postal code"),
        ("CustomerName", "customer name"),
        ("XMLFile", "XML file"),
        ("PATIENTID", "patient ID"),
        ("LASTBILLEDDATE1", "last billed date 1"),
        ("HEALTHCARECLAIMTYPEID1", "healthcare claim type ID 1"),
        ("address2", "address 2"),
        ("qty", "quantity"),
        ("membership", "membership"),
        ("zip code", "ZIP code"),
        ("Straße", "straße"),
    ] {
        let got = words.of(name).join(" ");
        assert_eq!(got, text, "{name}");
    }
}

#[test]
fn short_comments_are_nouns_and_long_ones_are_not() {
    assert_eq!(comment_noun("Postal code of the shipping address", 7).unwrap(), "postal code of the shipping address");
    assert_eq!(comment_noun("The member's plan.", 7).unwrap(), "member's plan");
    assert_eq!(comment_noun("ICD-10 code", 7).unwrap(), "ICD-10 code");
    assert_eq!(comment_noun("Full Text Config", 7).unwrap(), "full text config");
    assert_eq!(comment_noun("Z39.50 Sources\n\nEach row in this table", 7).unwrap(), "Z39.50 Sources");
    assert_eq!(comment_noun("Great-circle distance in km.", 7).unwrap(), "great-circle distance");
    assert_eq!(comment_noun("When does this unit open on Monday?", 7), None);
    assert_eq!(comment_noun("This is used by the nightly job", 7), None);
}

#[test]
fn a_comment_names_a_column_where_it_is_short_or_the_name_is_none() {
    let words = words();
    for (name, category, comment, noun) in [
        ("visit_fee", 'N', "Usual fee of a visit, in US dollars", "visit fee"),
        ("tier", 'E', "Level of cover", "level of cover"),
        ("hq_city", 'S', "City of the headquarters", "city of the headquarters"),
        ("works_since", 'D', "First working day at the facility", "first working day at the facility"),
        ("submitted_on", 'D', "Day on which the claim came in", "submission date"),
        ("price_per_night", 'N', "EUR", "price per night"),
        ("born", 'D', "", "birth date"),
        ("decided_on", 'D', "Day of the decision; empty while it is open", "day of the decision"),
        ("member_no", 'S', "Number printed on the member card", "member number"),
        ("offered_during", 'R', "Period in which new members could join the plan", "offered period"),
    ] {
        let json = format!(
            r#"{{"schema":"s","name":"t","kind":"table","columns":[{{"name":"{name}","number":1,"type":"date",
            "base":"date","category":"{category}","comment":"{comment}"}}]}}"#
        );
        let table: Table = serde_json::from_str(&json).unwrap();
        assert_eq!(words.column_noun(&table, &table.columns[0]), noun);
    }
}

#[test]
fn a_name_is_raw_where_letters_are_left_over() {
    let words = words();
    for (name, raw) in [
        ("statusp", true),
        ("lastbilleddatep", true),
        ("lastbilleddate1", false),
        ("status", false),
        ("categories", false),
        ("classification", false),
        ("customer_name", false),
    ] {
        assert_eq!(words.is_raw(name), raw, "{name}");
    }
}

#[test]
fn rows_of_lists_are_what_is_listed_and_compounds_have_one_of_each() {
    let words = words();
    for (name, one) in [
        ("customer_list", "customer"),
        ("actor_info", "actor"),
        ("store_report", "store report entry"),
        ("payers_transactions", "payer transaction"),
        ("sales_orders", "sales order"),
        ("sales_by_store", "store"),
        ("browse_axis_field_map", "browse axis field"),
        ("source_to_concept_map", "source to concept mapping"),
        ("language_map", "language map"),
    ] {
        let json = format!(r#"{{"schema":"s","name":"{name}","kind":"view","columns":[]}}"#);
        assert_eq!(words.table_noun(&serde_json::from_str(&json).unwrap()).0, one, "{name}");
    }
}

#[test]
fn a_description_is_called_as_its_code_and_a_year_after_what_happened() {
    let words = words();
    let columns = ["REASONCODE", "REASONDESCRIPTION", "built_year", "DESCRIPTION"]
        .map(|name| format!(r#"{{"name":"{name}","number":1,"type":"text","base":"text","category":"S"}}"#));
    let json = format!(r#"{{"schema":"s","name":"t","kind":"table","columns":[{}]}}"#, columns.join(","));
    let table: Table = serde_json::from_str(&json).unwrap();
    let nouns: Vec<String> = table.columns.iter().map(|c| words.column_noun(&table, c)).collect();
    assert_eq!(nouns[1..], ["reason", "construction year", "description"]);
}
