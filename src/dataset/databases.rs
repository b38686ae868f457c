//! The schema as evaluation tools want it beside their questions: `tables.json` of spider and bird, `metadata.json`
//! of sql-eval.

use crate::schema::model::{Column, Schema, Table};
use crate::schema::words;
use serde_json::{Map, Value, json};

/// One entry a database: tables and columns by number, column 0 standing for all.
pub(crate) fn tables(schema: &Schema, db_id: &str) -> Value {
    let mut columns: Vec<(i64, String)> = vec![(-1, "*".to_owned())];
    let mut types = vec!["text"];
    let mut first = Vec::new();
    for (number, table) in schema.tables.iter().enumerate() {
        first.push(columns.len());
        for column in &table.columns {
            columns.push((number as i64, column.name.clone()));
            types.push(spider_type(column));
        }
    }
    let at = |number: usize, name: &str| {
        schema.tables[number].columns.iter().position(|c| c.name == name).map(|i| first[number] + i)
    };
    let mut primary_keys = Vec::new();
    let mut foreign_keys = Vec::new();
    for (number, table) in schema.tables.iter().enumerate() {
        primary_keys.extend(table.primary_key.iter().flatten().filter_map(|name| at(number, name)));
        for key in &table.foreign_keys {
            let Some(parent) = schema.tables.iter().position(|t| t.schema == key.ref_schema && t.name == key.ref_table)
            else {
                continue;
            };
            for (child, referred) in key.columns.iter().zip(&key.ref_columns) {
                if let (Some(child), Some(referred)) = (at(number, child), at(parent, referred)) {
                    foreign_keys.push([child, referred]);
                }
            }
        }
    }
    let spoken: Vec<(i64, String)> = columns.iter().map(|(t, name)| (*t, plain(name))).collect();
    json!([{
        "db_id": db_id,
        "table_names_original": schema.tables.iter().map(|t| name(schema, t)).collect::<Vec<_>>(),
        "table_names": schema.tables.iter().map(|t| plain(&t.name)).collect::<Vec<_>>(),
        "column_names_original": columns,
        "column_names": spoken,
        "column_types": types,
        "primary_keys": primary_keys,
        "foreign_keys": foreign_keys,
    }])
}

/// `{"table_metadata": {table: [{column_name, data_type, column_description}]}}`.
pub(crate) fn metadata(schema: &Schema) -> Value {
    let tables: Map<String, Value> = schema
        .tables
        .iter()
        .map(|table| {
            let columns: Vec<Value> = table
                .columns
                .iter()
                .map(|c| {
                    json!({"column_name": c.name, "data_type": c.type_name,
                           "column_description": c.comment.as_deref().unwrap_or_default()})
                })
                .collect();
            (name(schema, table), Value::Array(columns))
        })
        .collect();
    json!({"table_metadata": tables})
}

/// With its schema where another table has the same name.
fn name(schema: &Schema, table: &Table) -> String {
    match schema.tables.iter().filter(|t| t.name == table.name).count() {
        1 => table.name.clone(),
        _ => format!("{}.{}", table.schema, table.name),
    }
}

fn plain(name: &str) -> String {
    if name == "*" { name.to_owned() } else { words::tokens(name).join(" ") }
}

fn spider_type(column: &Column) -> &'static str {
    match column.category {
        'N' => "number",
        'D' | 'T' => "time",
        'B' => "boolean",
        'S' | 'E' => "text",
        _ => "others",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::test_schema::shop;

    #[test]
    fn keys_are_numbers_of_columns() {
        let schema = shop();
        let all = tables(&schema, "shop");
        let db = &all[0];
        assert_eq!(db["db_id"], "shop");
        assert_eq!(db["column_names_original"][0], json!([-1, "*"]));
        let columns = db["column_names_original"].as_array().unwrap();
        assert_eq!(columns.len(), db["column_types"].as_array().unwrap().len());
        let named = |number: &Value| {
            let column = &columns[number.as_u64().unwrap() as usize];
            let table = column[0].as_u64().unwrap() as usize;
            format!("{}.{}", db["table_names_original"][table].as_str().unwrap(), column[1].as_str().unwrap())
        };
        let keys: Vec<String> = db["foreign_keys"]
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| format!("{} -> {}", named(&pair[0]), named(&pair[1])))
            .collect();
        assert!(keys.contains(&"order.customer_id -> customer.customer_id".to_owned()), "{keys:?}");
        let primary: Vec<String> = db["primary_keys"].as_array().unwrap().iter().map(named).collect();
        assert!(primary.contains(&"order_item.product_id".to_owned()), "{primary:?}");
        let order_item = schema.tables.iter().position(|t| t.name == "order_item").unwrap();
        assert_eq!(db["table_names"][order_item], "order item");
    }

    #[test]
    fn every_table_is_described() {
        let schema = shop();
        let described = metadata(&schema);
        let tables = described["table_metadata"].as_object().unwrap();
        assert_eq!(tables.len(), schema.tables.len());
        assert!(tables["order"].as_array().unwrap().iter().all(|c| c["data_type"].is_string()));
    }
}
