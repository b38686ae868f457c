//! A small shop for the tests of prompts.

use crate::schema::model::Schema;

pub(crate) fn shop() -> Schema {
    let column = |n: i32, name: &str, ty: &str, category: &str, more: &str| {
        format!(r#"{{"name":"{name}","number":{n},"type":"{ty}","base":"{ty}","category":"{category}"{more}}}"#)
    };
    let key = r#","not_null":true"#;
    let customer = [
        column(1, "customer_id", "integer", "N", key),
        column(2, "name", "text", "S", r#","comment":"Full name\nof the customer""#),
        column(3, "status", "customer_status", "E", r#","labels":["active","left"]"#),
    ];
    let order = [
        column(1, "order_id", "integer", "N", key),
        column(2, "customer_id", "integer", "N", key),
        column(3, "ordered on", "date", "D", ""),
    ];
    let item = [
        column(1, "order_id", "integer", "N", key),
        column(2, "product_id", "integer", "N", key),
        column(3, "quantity", "integer", "N", r#","default":"1""#),
    ];
    let product = [column(1, "product_id", "integer", "N", key), column(2, "price", "numeric(8,2)", "N", "")];
    let table = |name: &str, columns: &[String], more: &str| {
        format!(r#"{{"schema":"shop","name":"{name}","kind":"table","columns":[{}]{more}}}"#, columns.join(","))
    };
    let fk = |column: &str, table: &str| {
        format!(
            r#"{{"name":"{table}_fk","columns":["{column}"],"ref_schema":"shop","ref_table":"{table}","ref_columns":["{column}"]}}"#
        )
    };
    let tables = [
        table("customer", &customer, r#","primary_key":["customer_id"],"comment":"People who buy","rows":120"#),
        table("empty", &product, r#","sampled":{"rows":0,"whole":true}"#),
        table(
            "order",
            &order,
            &format!(r#","primary_key":["order_id"],"rows":900,"foreign_keys":[{}]"#, fk("customer_id", "customer")),
        ),
        table(
            "order_item",
            &item,
            &format!(
                r#","primary_key":["order_id","product_id"],"rows":2500,"foreign_keys":[{},{}],
                    "checks":[{{"name":"c","columns":["quantity"],"definition":"CHECK ((quantity > 0))"}}]"#,
                fk("order_id", "order"),
                fk("product_id", "product")
            ),
        ),
        table("order_2024", &order, r#","partition_of":["shop","order"]"#),
        table("product", &product, r#","primary_key":["product_id"],"rows":60"#),
    ];
    let text = format!(r#"{{"database":"shop","server_version":150020,"tables":[{}]}}"#, tables.join(","));
    Schema::from_json(&text).unwrap()
}
