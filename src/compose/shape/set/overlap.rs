//! About how two sets of things overlap, by the statistics: nobody asks for a set operation that leaves nothing, or that
//! takes nothing away.

use super::super::super::condition::Condition;
use super::super::super::world::World;
use super::Kind;

/// Things that rows lead to by references, the one from those rows first, and the condition that is on the rows.
pub(in crate::compose) struct Side<'a> {
    pub way: &'a [usize],
    pub condition: Option<&'a Condition>,
}

/// Whether the operation on two such sets is likely to say what neither of them says.
pub(in crate::compose) fn tells(world: &World, target: usize, kind: Kind, one: &Side, two: &Side) -> bool {
    let within = |inner: &Side, outer: &Side| outer.condition.is_none() && inner.way.ends_with(outer.way);
    let (first, second) = (share(world, one), share(world, two));
    let (only_first, both, only_second) = if within(one, two) {
        (0.0, first, second - first)
    } else if within(two, one) {
        (first - second, second, 0.0)
    } else {
        (first * (1.0 - second), first * second, second * (1.0 - first))
    };
    // nothing is known of tables without rows
    let things = if world.schema_only { f64::INFINITY } else { world.entities[target].rows as f64 };
    let some = |share: f64| share > 0.0 && things * share >= 1.0;
    match kind {
        // what all of them have does not set any apart
        Kind::Except => some(only_first) && some(both) && (one.condition.is_some() || some(1.0 - first)),
        Kind::Intersect => some(only_first) && some(only_second) && some(both),
        Kind::Union => some(only_first) && some(only_second),
    }
}

/// The share of the things that have at least one such row.
fn share(world: &World, side: &Side) -> f64 {
    if world.schema_only {
        return 0.5;
    }
    let (mut reached, mut rows) = (1.0, 1.0);
    for edge in side.way.iter().map(|&edge| &world.graph.edges[edge]) {
        let (child, parents) = (&world.entities[edge.child], world.entities[edge.parent].rows.max(1) as f64);
        let column = match edge.child_columns.as_slice() {
            [column] => child.fields.iter().find(|f| f.name == *column),
            _ => None,
        };
        let used = column.map(|f| f.distinct as f64).filter(|used| *used > 0.0).unwrap_or(parents).min(parents);
        let referring = child.rows.saturating_sub(column.map_or(0, |f| f.nulls)) as f64;
        reached *= used / parents;
        rows *= (referring / used).max(1.0);
    }
    reached * side.condition.map_or(1.0, |c| 1.0 - (1.0 - c.passing().min(1.0)).powf(rows))
}

#[cfg(test)]
mod tests {
    use super::super::super::super::Options;
    use super::*;
    use crate::schema::model::Schema;

    /// A hundred towns: all have people, and half of them one of 50 shops.
    fn world() -> World {
        let column = |name: &str, distinct: u32| {
            let profile = format!(r#"{{"nulls":0,"distinct":{distinct},"quantiles":["1","{distinct}"]}}"#);
            format!(
                r#"{{"name":"{name}","number":1,"type":"int4","base":"int4","category":"N","not_null":true,"profile":{profile}}}"#
            )
        };
        let table = |name: &str, columns: &[String], rows: u32, keys: &str| {
            format!(
                r#"{{"schema":"public","name":"{name}","kind":"table","columns":[{}],"primary_key":["{name}_id"],
                "sampled":{{"rows":{rows},"whole":true}},"foreign_keys":[{keys}]}}"#,
                columns.join(",")
            )
        };
        let town =
            r#"{"name":"k","columns":["town_id"],"ref_schema":"public","ref_table":"town","ref_columns":["town_id"]}"#;
        let text = format!(
            r#"{{"database":"towns","server_version":150000,"tables":[{},{},{}]}}"#,
            table("town", &[column("town_id", 100)], 100, ""),
            table("shop", &[column("shop_id", 50), column("town_id", 50)], 50, town),
            table("person", &[column("person_id", 1000), column("town_id", 100)], 1000, town)
        );
        World::new(&Schema::from_json(&text).unwrap(), &[], &Options::default())
    }

    fn edge(world: &World, child: &str) -> usize {
        world.graph.edges.iter().position(|e| world.entities[e.child].sql == child).unwrap()
    }

    #[test]
    fn what_all_have_takes_nothing_away() {
        let world = world();
        let ways = ["shop", "person"].map(|child| [edge(&world, child)]);
        let [shops, people] = ways.each_ref().map(|way| Side { way, condition: None });
        let tells = |kind, one: &Side, two: &Side| tells(&world, 0, kind, one, two);
        assert!(!tells(Kind::Except, &people, &shops), "towns with people, as all of them are, but no shop");
        let old = Condition { share: 0.05, ..Condition::default() };
        let some = Side { way: &ways[1], condition: Some(&old) };
        assert!(tells(Kind::Except, &some, &shops), "towns with somebody of that age but no shop");
        assert!(!tells(Kind::Except, &shops, &people), "towns with a shop but no people: none");
        assert!(!tells(Kind::Intersect, &shops, &people), "that have both: all with a shop");
        assert!(!tells(Kind::Union, &shops, &shops));
    }

    #[test]
    fn rare_rows_tell_things_apart_that_all_have_some() {
        let world = world();
        let rare = Condition { share: 0.05, ..Condition::default() };
        let common = Condition { share: 0.9, ..Condition::default() };
        let way = [edge(&world, "person")];
        let some = |condition| Side { way: &way, condition: Some(condition) };
        assert!(tells(&world, 0, Kind::Intersect, &some(&rare), &some(&rare)));
        assert!(
            !tells(&world, 0, Kind::Except, &some(&rare), &some(&common)),
            "one of ten rows is nearly always common"
        );
    }
}
