use super::*;

/// `table: column type, ..` a line; the first column is the primary key unless the line says `nokey`.
fn schema(lines: &[&str]) -> Schema {
    let tables = lines.iter().map(|line| {
        let (name, columns) = line.split_once(':').unwrap();
        let (name, keyed) = name.strip_suffix(" nokey").map_or((name, true), |n| (n, false));
        let (space, name) = name.split_once('.').unwrap_or(("s", name));
        let columns: Vec<(&str, &str)> = columns.split(',').map(|c| c.trim().split_once(' ').unwrap()).collect();
        let list = columns.iter().enumerate().map(|(i, (name, base))| {
            let category = if *base == "text" { 'S' } else { 'N' };
            json!({ "name": name, "number": i + 1, "type": base, "base": base, "category": category.to_string() })
        });
        let key = keyed.then(|| vec![columns[0].0]);
        json!({ "schema": space, "name": name, "kind": "table", "columns": list.collect::<Vec<_>>(), "primary_key": key })
    });
    let tables: Vec<Value> = tables.collect();
    Schema::from_json(&json!({ "database": "d", "server_version": 150000, "tables": tables }).to_string()).unwrap()
}

/// What the catalog alone speaks for.
fn inferred(schema: &Schema, least: f64) -> Vec<Relationship> {
    Inference::new(schema, &Joins::default()).edges(least, &Values::default())
}

/// `child.column -> parent.column` of each inferred edge.
fn edges(schema: &Schema) -> Vec<String> {
    let text = |e: Relationship| {
        format!("{}.{} -> {}.{}", e.child.1, e.child_columns.join(","), e.parent.1, e.parent_columns.join(","))
    };
    inferred(schema, LIKELY).into_iter().map(text).collect()
}

#[test]
fn names_lead_to_their_table() {
    for (tables, expected) in [
        // table and key word, singular and plural
        (vec!["customers: id int4", "orders: id int4, customer_id int4"], vec!["orders.customer_id -> customers.id"]),
        (vec!["Customer: Id int4", "Order: Id int4, CustomerId int4"], vec!["Order.CustomerId -> Customer.Id"]),
        // a part before the table's name
        (
            vec!["address: address_id int4", "customer: customer_id int4, billing_address_id int4"],
            vec!["customer.billing_address_id -> address.address_id"],
        ),
        // short forms and numbers at the end
        (vec!["department: id int4", "worker: id int4, dept_id int4"], vec!["worker.dept_id -> department.id"]),
        (
            vec!["team: team_id int4", "match: match_id int4, team_id_1 int4, team_id_2 int4"],
            vec!["match.team_id_1 -> team.team_id", "match.team_id_2 -> team.team_id"],
        ),
        // a marker before each name
        (
            vec!["t001_vendor: t001_id int4", "t002_order: t002_id int4, t002_vendor_id int4"],
            vec!["t002_order.t002_vendor_id -> t001_vendor.t001_id"],
        ),
        // a table that is called by a key word, and words in another order
        (vec!["call_number: id int4", "copy: id int4, call_number int4"], vec!["copy.call_number -> call_number.id"]),
        (
            vec!["rule_max_fine: id int4", "policy: id int4, max_fine_rule int4"],
            vec!["policy.max_fine_rule -> rule_max_fine.id"],
        ),
        // namesakes: the column says which, or nobody knows
        (
            vec!["a.entry: id int4", "b.entry: id int4", "c.copy: id int4, target_b_entry int4, entry_id int4"],
            vec!["copy.target_b_entry -> entry.id"],
        ),
        // a table and its extension share a key
        (
            vec!["pat_ext: pat_no int4", "pat: pat_no int4", "adm: adm_no int4, pat_no int4"],
            vec!["pat_ext.pat_no -> pat.pat_no", "adm.pat_no -> pat.pat_no"],
        ),
        // initials of a table's parts are not its own
        (vec!["station: id int4", "station_setting: id int4", "desk: id int4, last_ss int4"], vec![]),
        // a letter for what the own table says
        (
            vec!["billing_type: id int4", "booking_type: id int4", "billing: id int4, btype int4"],
            vec!["billing.btype -> billing_type.id"],
        ),
        // an end that names a table
        (vec!["ort: ort_id int4", "auftrag: id int4, ladeort_id int4"], vec!["auftrag.ladeort_id -> ort.ort_id"]),
        // the own table's name, said by nobody
        (
            vec!["copy_bucket: id int4", "copy_bucket_item: id int4, bucket int4"],
            vec!["copy_bucket_item.bucket -> copy_bucket.id"],
        ),
    ] {
        assert_eq!(edges(&schema(&tables)), expected, "{tables:?}");
    }
}

#[test]
fn parts_that_people_and_kin_play_lead_to_them() {
    let schema = schema(&[
        "users: id int4, name text",
        "ticket: id int4, author_id int4, resolved_by int4, parent_id int4",
        "employee: employee_id int4, manager_id int4, reports_to int4",
    ]);
    let found: std::collections::BTreeSet<String> = edges(&schema).into_iter().collect();
    let expected = [
        "employee.manager_id -> employee.employee_id",
        "employee.reports_to -> employee.employee_id",
        "ticket.author_id -> users.id",
        "ticket.parent_id -> ticket.id",
        "ticket.resolved_by -> users.id",
    ];
    assert_eq!(found, expected.map(str::to_owned).into());
}

#[test]
fn amounts_and_own_keys_lead_nowhere() {
    let schema = schema(&[
        "orders: order_id int4",
        "products: product_id int4, units_in_order int4, product_code text",
        "cost: cost_id int4, total_cost int4, order_count int4",
    ]);
    assert_eq!(edges(&schema), Vec::<String>::new());
}

#[test]
fn evidence_lists_the_votes_and_their_sum_is_the_confidence() {
    let schema = schema(&["customers: id int4", "orders: id int4, customer_id int4"]);
    let edge = &inferred(&schema, LIKELY)[0];
    let votes = edge.evidence.as_object().unwrap();
    let sum: f64 = votes.values().map(|v| v["weight"].as_f64().unwrap()).sum();
    assert!(votes.contains_key("name") && votes.contains_key("type"), "{votes:?}");
    assert!((edge.confidence - 1.0 / (1.0 + (-sum).exp())).abs() < 0.002);
    assert!(edge.confidence < 1.0 && !edge.declared);
}

#[test]
fn candidates_grow_with_the_columns() {
    let many = |n: usize| {
        let lines: Vec<String> =
            (0..n).map(|i| format!("thing_{i}: thing_{i}_id int4, thing_{}_id int4", (i + 1) % n)).collect();
        let schema = schema(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        Inference::new(&schema, &Joins::default()).0.candidates.len()
    };
    assert!(many(400) < 5 * many(100), "{} against {}", many(400), many(100));
}

/// What the rows say, as `table.column: hash, ..` lines.
fn values(schema: &Schema, lines: &[(&str, &[i64])]) -> Values {
    let mut values = Values::default();
    for (place, hashes) in lines {
        let (table, column) = place.split_once('.').unwrap();
        let number = schema.tables.iter().position(|t| t.name == table).unwrap();
        let at = schema.tables[number].columns.iter().position(|c| c.name == column).unwrap();
        values.add(number, &schema.tables[number], &[at], vec![Some(hashes.to_vec())]);
    }
    values
}

#[test]
fn values_decide_where_names_do_not() {
    let schema = schema(&[
        "customers: id int4, name text",
        "depots: id int4, name text",
        "orders: id int4, customer_id int4, gadget_id int4, other_id int4",
    ]);
    let edges = |lines: &[(&str, &[i64])]| {
        let found = Inference::new(&schema, &Joins::default()).edges(LIKELY, &values(&schema, lines));
        found.into_iter().map(|e| format!("{} -> {}", e.child_columns[0], e.parent.1)).collect::<Vec<_>>()
    };
    let keys: [(&str, &[i64]); 2] = [("customers.id", &[1, 2, 3, 4, 5]), ("depots.id", &[70, 71, 72])];
    let with = |more: &[(&'static str, &'static [i64])]| edges(&[&keys[..], more].concat());
    assert_eq!(with(&[]), ["customer_id -> customers"]);
    assert_eq!(with(&[("orders.customer_id", &[7, 8, 9])]), [""; 0], "none of them is a customer's");
    let opaque = [("orders.gadget_id", &[70, 71, 72][..]), ("orders.other_id", &[1, 70, 90])];
    assert_eq!(with(&opaque), ["customer_id -> customers", "gadget_id -> depots"]);
    // what both have says nothing, and two values say little
    let both = [("orders.gadget_id", &[70, 71][..]), ("orders.other_id", &[70])];
    assert_eq!(with(&both), ["customer_id -> customers"]);
}

#[test]
fn pairs_of_type_and_id_are_named_as_such_and_keys_of_several_columns_found() {
    let schema = schema(&[
        "articles: id int4",
        "comments: id int4, commentable_type text, commentable_id int4",
        "bed nokey: ward text, bed_no int4",
    ]);
    let inference = Inference::new(&schema, &Joins::default());
    assert!(inference.edges(LIKELY, &Values::default()).is_empty());
    let pairs: Vec<_> = inference.polymorphic().into_iter().map(|p| (p.child.1, p.columns.join(","))).collect();
    assert_eq!(pairs, [("comments".to_owned(), "commentable_type,commentable_id".to_owned())]);

    let mut schema =
        self::schema(&["wards: ward text", "bed: ward text, bed_no int4", "stay: id int4, ward text, bed_no int4"]);
    schema.tables[1].primary_key = Some(vec!["ward".into(), "bed_no".into()]);
    let wide: Vec<String> = edges(&schema).into_iter().filter(|e| e.contains(',')).collect();
    assert_eq!(wide, ["stay.ward,bed_no -> bed.ward,bed_no"]);
}

/// `child = parent` of each line is what a view of that name sets equal, as the catalog alone speaks.
fn joined(schema: &Schema, lines: &[(&str, &str)]) -> Vec<Relationship> {
    let mut joins = Joins::default();
    let place = |text: &str| {
        let (table, column) = text.split_once('.').unwrap();
        let number = schema.tables.iter().position(|t| t.name == table).unwrap();
        (number, schema.tables[number].columns.iter().position(|c| c.name == column).unwrap())
    };
    for (view, pair) in lines {
        let (left, right) = pair.split_once(" = ").unwrap();
        joins.add(place(left), place(right), schema.tables.iter().position(|t| t.name == *view).unwrap());
    }
    Inference::new(schema, &joins).edges(LIKELY, &Values::default())
}

fn ends(edges: &[Relationship]) -> Vec<String> {
    edges.iter().map(|e| format!("{}.{} -> {}", e.child.1, e.child_columns[0], e.parent.1)).collect()
}

#[test]
fn what_a_view_joins_needs_no_name() {
    let schema = schema(&[
        "gadget: id int4",
        "copy: id int4",
        "copy_more: id int4",
        "loan: id int4, gadget int4, what int4, note text",
        "v: x int4",
        "w: x int4",
    ]);
    let found = |lines: &[(&str, &str)]| ends(&joined(&schema, lines));
    assert_eq!(found(&[]), ["loan.gadget -> gadget"]);
    // either way round, and against the best of names
    assert_eq!(found(&[("v", "loan.what = copy.id")]), ["loan.gadget -> gadget", "loan.what -> copy"]);
    assert_eq!(found(&[("v", "copy.id = loan.gadget")]), ["loan.gadget -> copy"]);
    // keys of either side, no keys at all, and other types lead nowhere
    let nothing = [("v", "copy.id = copy_more.id"), ("v", "loan.what = loan.gadget"), ("v", "loan.note = copy.id")];
    assert_eq!(found(&nothing), ["loan.gadget -> gadget"]);
    let evidence = |lines: &[(&str, &str)]| {
        let edges = joined(&schema, lines);
        edges.iter().find(|e| e.child_columns[0] == "what").unwrap().evidence["view"].clone()
    };
    let twice = [("w", "loan.what = copy.id"), ("v", "loan.what = copy.id")];
    assert_eq!(evidence(&twice), json!({ "is": ["s.v", "s.w"], "weight": 4.3 }));
    assert_eq!(evidence(&twice[1..]), json!({ "is": ["s.v"], "weight": 4.0 }));
}

#[test]
fn columns_follow_what_their_namesakes_lead_to() {
    let tables = [
        "a.origin: id int4",
        "b.origin: id int4",
        "c.one: id int4, src int4",
        "c.two: id int4, src int4",
        "c.three: id int4, src int4, src_text text",
        "d.four: id int4, src int4, origin int4",
        "c.five: id int4, origin int4",
        "c.v: x int4",
    ];
    let mut schema = schema(&tables);
    let origin = |schema: &Schema, lines: &[(&str, &str)]| {
        let edges = joined(schema, lines);
        edges
            .iter()
            .map(|e| format!("{} -> {}.{}", ends(std::slice::from_ref(e))[0], e.parent.0, e.confidence > 0.5))
            .collect::<Vec<_>>()
    };
    let two = [("v", "one.src = origin.id"), ("v", "two.src = origin.id")];
    let there = |found: &[String], column: &str| found.iter().any(|f| f.starts_with(&format!("{column} -> ")));
    // two tables of the schema agree; a table of another schema does not follow, nor do two follow one
    let found = origin(&schema, &two);
    assert!(there(&found, "three.src") && !there(&found, "four.src"), "{found:?}");
    assert!(!there(&origin(&schema, &two[..1]), "three.src"));
    // it may be the key of its own table
    let mut extended = self::schema(&tables);
    extended.tables[4].primary_key = Some(vec!["src".to_owned()]);
    assert!(there(&origin(&extended, &two), "three.src"));
    // namesakes of a parent are told apart by one
    assert_eq!(origin(&schema, &[]), [""; 0]);
    let told = origin(&schema, &[("v", "five.origin = origin.id")]);
    assert!(told.contains(&"four.origin -> origin -> a.true".to_owned()), "{told:?}");
    // keys speak as views do
    for number in [2, 3] {
        let key =
            json!({ "name": "k", "columns": ["src"], "ref_schema": "b", "ref_table": "origin", "ref_columns": ["id"] });
        schema.tables[number].foreign_keys.push(serde_json::from_value(key).unwrap());
    }
    assert_eq!(origin(&schema, &[]), ["three.src -> origin -> b.true"]);
    schema.tables[3].foreign_keys[0].ref_schema = "a".to_owned();
    assert_eq!(origin(&schema, &[]), [""; 0], "they do not agree");
}

#[test]
fn an_owner_beside_a_place_is_a_person() {
    let tables = [
        "usr: id int4",
        "org_unit: id int4",
        "bucket: id int4, owner int4, owning_lib int4",
        "list: id int4, owner int4",
    ];
    let found = edges(&schema(&tables));
    assert!(found.contains(&"bucket.owner -> usr.id".to_owned()), "{found:?}");
    assert!(!found.iter().any(|e| e.starts_with("list.owner")), "nothing tells: {found:?}");
}

#[test]
fn more_of_a_table_name_said_by_the_place_is_better_and_an_amount_may_be_what_rows_are() {
    for (tables, expected) in [
        (
            ["claim_type: id int4", "claim_event_type: id int4", "claim_event: id int4, type int4"],
            vec!["claim_event.type -> claim_event_type.id"],
        ),
        (
            ["rate_limit_definition: id int4", "other: id int4", "endpoint: id int4, rate_limit int4"],
            vec!["endpoint.rate_limit -> rate_limit_definition.id"],
        ),
    ] {
        assert_eq!(edges(&schema(&tables)), expected);
    }
}
