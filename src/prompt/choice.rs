//! Which tables a task is about: drawn by (seed, phase, task number), so that the number of workers changes nothing,
//! and dealt like cards, so that every table comes up before one comes up again.

use crate::schema::model::{RowSecurity, Schema, Table};
use crate::schema::relationships::Relationship;

/// A small generator of our own: the same everywhere and for ever.
#[derive(Debug, Clone)]
pub(crate) struct Draw(u64);

impl Draw {
    pub fn new(seed: u64, purpose: &str, number: u64) -> Draw {
        let mut state = seed ^ 0x9e37_79b9_7f4a_7c15;
        for byte in purpose.bytes() {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let mut draw = Draw(state ^ number.wrapping_mul(0xd134_2543_de82_ef95));
        draw.next();
        draw
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `n`; 0 where `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        if n == 0 { 0 } else { (self.next() % n as u64) as usize }
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

/// Whether a table is worth asking about: it has columns, rows are not known to be missing, and its rows are not
/// shown by a parent already.
pub(crate) fn is_subject(table: &Table) -> bool {
    let empty = table.sampled.as_ref().is_some_and(|s| s.rows == 0);
    !table.columns.is_empty() && !table.is_child() && !empty && table.row_security != RowSecurity::Bypassed
}

/// Numbers of the subjects, in the order of the schema.
pub(crate) fn subjects(schema: &Schema) -> Vec<usize> {
    (0..schema.tables.len()).filter(|i| is_subject(&schema.tables[*i])).collect()
}

/// For each table the tables that it is related to, each once, in order. Self-references do not count.
pub(crate) fn neighbours(schema: &Schema, edges: &[Relationship]) -> Vec<Vec<usize>> {
    let at = |name: &(String, String)| {
        schema.tables.iter().position(|t| t.schema == name.0 && t.name == name.1 && is_subject(t))
    };
    let mut near = vec![Vec::new(); schema.tables.len()];
    for edge in edges {
        if let (Some(child), Some(parent)) = (at(&edge.child), at(&edge.parent))
            && child != parent
        {
            near[child].push(parent);
            near[parent].push(child);
        }
    }
    for list in &mut near {
        list.sort_unstable();
        list.dedup();
    }
    near
}

/// The table of a task of one table.
pub(crate) fn single(schema: &Schema, seed: u64, number: u64) -> Option<usize> {
    deal(subjects(schema), "single_table", seed, number)
}

fn deal(mut cards: Vec<usize>, purpose: &str, seed: u64, number: u64) -> Option<usize> {
    let count = cards.len() as u64;
    if count == 0 {
        return None;
    }
    // each round is shuffled anew
    Draw::new(seed, purpose, number / count).shuffle(&mut cards);
    cards.get((number % count) as usize).copied()
}

/// A connected set of `min_joins` + 1 tables or up to two more, with the start dealt and the rest grown at random.
/// Where no set is that large, the largest that the start is part of.
pub(crate) fn connected(
    schema: &Schema,
    edges: &[Relationship],
    tables_min: usize,
    seed: u64,
    number: u64,
) -> Option<Vec<usize>> {
    let near = neighbours(schema, edges);
    let cards: Vec<usize> = large_enough(&near, tables_min);
    let start = deal(cards, "joins", seed, number)?;
    let mut draw = Draw::new(seed, "joins set", number);
    let size = tables_min + [0, 0, 0, 1, 1, 2][draw.below(6)];
    let mut chosen = vec![start];
    while chosen.len() < size {
        let mut open: Vec<usize> =
            chosen.iter().flat_map(|t| near[*t].iter().copied()).filter(|t| !chosen.contains(t)).collect();
        open.sort_unstable();
        open.dedup();
        if open.is_empty() {
            break;
        }
        chosen.push(open[draw.below(open.len())]);
    }
    chosen.sort_unstable();
    Some(chosen)
}

/// Tables in components of at least `size`; all related tables where there is no such component.
fn large_enough(near: &[Vec<usize>], size: usize) -> Vec<usize> {
    let mut component = vec![usize::MAX; near.len()];
    let mut sizes = Vec::new();
    for start in 0..near.len() {
        if component[start] != usize::MAX {
            continue;
        }
        let mut open = vec![start];
        component[start] = sizes.len();
        let mut count = 0;
        while let Some(table) = open.pop() {
            count += 1;
            for next in &near[table] {
                if component[*next] == usize::MAX {
                    component[*next] = sizes.len();
                    open.push(*next);
                }
            }
        }
        sizes.push(count);
    }
    let enough: Vec<usize> = (0..near.len()).filter(|t| sizes[component[*t]] >= size.max(2)).collect();
    if enough.is_empty() { (0..near.len()).filter(|t| !near[*t].is_empty()).collect() } else { enough }
}

/// Tables that are not needed, to teach a model to leave tables out: neighbours first.
pub(crate) fn distractors(
    schema: &Schema,
    edges: &[Relationship],
    chosen: &[usize],
    count: usize,
    draw: &mut Draw,
) -> Vec<usize> {
    let near = neighbours(schema, edges);
    let mut beside: Vec<usize> = chosen.iter().flat_map(|t| near[*t].iter().copied()).collect();
    beside.sort_unstable();
    beside.dedup();
    beside.retain(|t| !chosen.contains(t));
    draw.shuffle(&mut beside);
    let mut others: Vec<usize> =
        subjects(schema).into_iter().filter(|t| !chosen.contains(t) && !beside.contains(t)).collect();
    draw.shuffle(&mut others);
    beside.extend(others);
    beside.truncate(count);
    beside
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::test_schema::shop;
    use crate::schema::relationships::declared;
    use std::collections::BTreeSet;

    #[test]
    fn every_table_comes_up_once_a_round() {
        let schema = shop();
        let count = subjects(&schema).len() as u64;
        for round in 0..3 {
            let dealt: BTreeSet<_> = (0..count).filter_map(|n| single(&schema, 7, round * count + n)).collect();
            assert_eq!(dealt.len() as u64, count);
        }
        assert_eq!(single(&schema, 7, 3), single(&schema, 7, 3));
        let order = |seed| (0..count).filter_map(|n| single(&schema, seed, n)).collect::<Vec<_>>();
        assert!((0..20).any(|seed| order(seed) != order(seed + 1)), "the seed decides the order");
    }

    #[test]
    fn sets_are_connected_and_large_enough() {
        let schema = shop();
        let edges = declared(&schema);
        let near = neighbours(&schema, &edges);
        for number in 0..50 {
            let set = connected(&schema, &edges, 3, 1, number).unwrap();
            assert!((3..=5).contains(&set.len()), "{set:?}");
            assert!(set.iter().all(|t| near[*t].iter().any(|n| set.contains(n))), "{set:?}");
        }
        assert!(connected(&Schema::default(), &[], 2, 1, 0).is_none());
        assert!(connected(&schema, &[], 2, 1, 0).is_none(), "no relationship, no join");
    }

    #[test]
    fn empty_tables_and_partitions_are_no_subjects() {
        let schema = shop();
        let names: Vec<_> = subjects(&schema).iter().map(|i| schema.tables[*i].name.as_str()).collect();
        assert_eq!(names, ["customer", "order", "order_item", "product"]);
    }

    #[test]
    fn distractors_are_others() {
        let schema = shop();
        let edges = declared(&schema);
        let mut draw = Draw::new(1, "d", 0);
        let found = distractors(&schema, &edges, &[0], 9, &mut draw);
        assert_eq!(found.len(), 3);
        assert!(!found.contains(&0));
        assert_eq!(schema.tables[found[0]].name, "order", "a neighbour first");
    }
}
