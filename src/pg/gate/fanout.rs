//! The classic wrong answer: an aggregate over a join that repeats the rows it measures.
//!
//! `sum(a.x)` counts a row of `a` twice where a joined relation `b` can meet it more than once, that is, where the
//! equalities of the query do not fix one row of `b` for each row of `a`. Only aggregates that repetition changes
//! are asked: not min, max, DISTINCT ones or `count(*)`, which says itself that it counts joined rows.

use super::features::join_leaves;
use super::ffi;
use super::literals::find_cte;
use super::walk::Walk;
use pgrx::pg_sys;
use std::collections::{BTreeMap, BTreeSet};

const REPEATABLE: [&str; 12] = [
    "sum", "avg", "count", "stddev", "stddev_samp", "stddev_pop", "variance", "var_samp", "var_pop", "array_agg",
    "string_agg", "percentile_cont",
];

/// Notes the one relation that an aggregate measures.
///
/// # Safety
/// `aggregate` belongs to the query on top of the walk's stack.
pub(super) unsafe fn measure(walk: &mut Walk<'_>, aggregate: *mut pg_sys::Aggref) {
    // SAFETY: contract of this function.
    unsafe {
        if !(*aggregate).aggdistinct.is_null() || (*aggregate).aggstar {
            return;
        }
        let name = &walk.functions.get((*aggregate).aggfnoid).name;
        if !REPEATABLE.contains(&name.as_str()) {
            return;
        }
        let set = pg_sys::pull_varnos(std::ptr::null_mut(), (*aggregate).args.cast());
        let Some(level) = walk.levels.last_mut() else { return };
        let measured = members(level.query, set);
        // a product over two relations is meant to see every pair
        if measured.len() == 1 {
            level.measured.push(measured);
        }
    }
}

/// Range-table numbers of FROM items in a set; a merged join column stands for none of them.
unsafe fn members(query: *mut pg_sys::Query, set: *mut pg_sys::Bitmapset) -> BTreeSet<u32> {
    let mut numbers = BTreeSet::new();
    let mut last = -1;
    // SAFETY: a set of range-table numbers of this query.
    unsafe {
        loop {
            last = pg_sys::bms_next_member(set, last);
            let Ok(number) = u32::try_from(last) else { return numbers };
            let entry = ffi::nth::<pg_sys::RangeTblEntry>((*query).rtable, number as usize);
            if entry.is_some_and(|entry| (*entry).rtekind != pg_sys::RTEKind::RTE_JOIN) {
                numbers.insert(number);
            }
        }
    }
}

/// Whether an aggregate of the query on top of the stack counts rows twice.
///
/// # Safety
/// The stack's queries are the tree being walked.
pub(super) unsafe fn counts_twice(walk: &mut Walk<'_>) -> bool {
    let Some(level) = walk.levels.last() else { return false };
    if level.measured.is_empty() {
        return false;
    }
    let query = level.query;
    let measured = level.measured.clone();
    let queries: Vec<_> = walk.levels.iter().map(|level| level.query).collect();
    // SAFETY: contract of this function.
    unsafe {
        let mut leaves = Vec::new();
        join_leaves((*query).jointree.cast(), &mut leaves, &mut false);
        if leaves.len() < 2 {
            return false;
        }
        let leaves: Vec<u32> = leaves.into_iter().filter_map(|leaf| u32::try_from(leaf).ok()).collect();
        let mut equalities = Vec::new();
        let mut fixed = BTreeSet::new();
        conditions((*query).jointree.cast(), &mut equalities, &mut fixed);
        grouped(query, &mut fixed);
        let keys: BTreeMap<u32, Option<Vec<Vec<i16>>>> =
            leaves.iter().map(|leaf| (*leaf, keys(walk, &queries, *leaf))).collect();
        measured.iter().any(|start| {
            let reached = reach(start.clone(), &leaves, &keys, &equalities, &fixed);
            leaves.iter().any(|leaf| !reached.contains(leaf))
        })
    }
}

type Column = (u32, i16);

/// Relations that have at most one row for each row of `reached`.
fn reach(
    mut reached: BTreeSet<u32>,
    leaves: &[u32],
    keys: &BTreeMap<u32, Option<Vec<Vec<i16>>>>,
    equalities: &[(Column, Column)],
    fixed: &BTreeSet<Column>,
) -> BTreeSet<u32> {
    loop {
        let next = leaves.iter().find(|leaf| {
            !reached.contains(leaf)
                && match keys.get(leaf) {
                    Some(Some(keys)) => keys.iter().any(|key| {
                        key.iter().all(|number| {
                            let column = (**leaf, *number);
                            fixed.contains(&column)
                                || equalities.iter().any(|(left, right)| {
                                    (*left == column && reached.contains(&right.0))
                                        || (*right == column && reached.contains(&left.0))
                                })
                        })
                    }),
                    // nothing is known of its rows: say nothing
                    _ => true,
                }
        });
        match next {
            Some(leaf) => reached.insert(*leaf),
            None => return reached,
        };
    }
}

/// Equalities between columns, and columns fixed to a constant, that hold for every row of the join.
unsafe fn conditions(node: *mut pg_sys::Node, equal: &mut Vec<(Column, Column)>, fixed: &mut BTreeSet<Column>) {
    use pg_sys::NodeTag as Tag;
    // SAFETY: cast by tag; a join tree and its conditions.
    unsafe {
        match ffi::tag(node) {
            Tag::T_FromExpr => {
                let from = node.cast::<pg_sys::FromExpr>();
                for item in ffi::pointers::<pg_sys::Node>((*from).fromlist) {
                    conditions(item, equal, fixed);
                }
                conditions((*from).quals, equal, fixed);
            }
            Tag::T_JoinExpr => {
                let join = node.cast::<pg_sys::JoinExpr>();
                conditions((*join).larg, equal, fixed);
                conditions((*join).rarg, equal, fixed);
                conditions((*join).quals, equal, fixed);
            }
            Tag::T_BoolExpr => {
                let bool = node.cast::<pg_sys::BoolExpr>();
                if (*bool).boolop == pg_sys::BoolExprType::AND_EXPR {
                    for argument in ffi::pointers::<pg_sys::Node>((*bool).args) {
                        conditions(argument, equal, fixed);
                    }
                }
            }
            Tag::T_OpExpr => {
                let operator = node.cast::<pg_sys::OpExpr>();
                let (Some(left), Some(right)) = (ffi::nth((*operator).args, 1), ffi::nth((*operator).args, 2)) else {
                    return;
                };
                if !is_equality((*operator).opno) {
                    return;
                }
                match (column(left), column(right)) {
                    (Some(left), Some(right)) => equal.push((left, right)),
                    (Some(one), None) | (None, Some(one)) => {
                        fixed.insert(one);
                    }
                    (None, None) => {}
                }
            }
            _ => {}
        }
    }
}

unsafe fn is_equality(operator: pg_sys::Oid) -> bool {
    // SAFETY: a catalog look-up.
    unsafe { ffi::owned(pg_sys::get_opname(operator)) == "=" }
}

/// The column of this query level that an operand is, under casts.
unsafe fn column(node: *mut pg_sys::Node) -> Option<Column> {
    // SAFETY: cast by tag.
    unsafe {
        match ffi::tag(node) {
            pg_sys::NodeTag::T_Var => {
                let var = node.cast::<pg_sys::Var>();
                if (*var).varlevelsup > 0 {
                    return None;
                }
                Some((u32::try_from((*var).varno).ok()?, (*var).varattno))
            }
            pg_sys::NodeTag::T_RelabelType => column((*node.cast::<pg_sys::RelabelType>()).arg.cast()),
            _ => None,
        }
    }
}

/// Grouping keys hold one value in each group.
unsafe fn grouped(query: *mut pg_sys::Query, fixed: &mut BTreeSet<Column>) {
    // SAFETY: sort-group references point into the target list.
    unsafe {
        for clause in ffi::pointers::<pg_sys::SortGroupClause>((*query).groupClause) {
            for entry in ffi::pointers::<pg_sys::TargetEntry>((*query).targetList) {
                if (*entry).ressortgroupref == (*clause).tleSortGroupRef {
                    let expression = ungrouped(query, (*entry).expr.cast());
                    fixed.extend(column(expression));
                }
            }
        }
    }
}

/// From 18 on a grouped expression is reached through an entry of its own.
#[cfg(feature = "pg18")]
unsafe fn ungrouped(query: *mut pg_sys::Query, node: *mut pg_sys::Node) -> *mut pg_sys::Node {
    // SAFETY: cast by tag.
    unsafe {
        if ffi::tag(node) != pg_sys::NodeTag::T_Var {
            return node;
        }
        let var = node.cast::<pg_sys::Var>();
        let number = usize::try_from((*var).varno).unwrap_or(0);
        match ffi::nth::<pg_sys::RangeTblEntry>((*query).rtable, number) {
            Some(entry) if (*entry).rtekind == pg_sys::RTEKind::RTE_GROUP => {
                usize::try_from((*var).varattno).ok().and_then(|n| ffi::nth((*entry).groupexprs, n)).unwrap_or(node)
            }
            _ => node,
        }
    }
}

#[cfg(not(feature = "pg18"))]
unsafe fn ungrouped(_: *mut pg_sys::Query, node: *mut pg_sys::Node) -> *mut pg_sys::Node {
    node
}

/// Sets of columns that hold at most one row each; none where nothing can be said.
unsafe fn keys(walk: &mut Walk<'_>, queries: &[*mut pg_sys::Query], leaf: u32) -> Option<Vec<Vec<i16>>> {
    use pg_sys::RTEKind as R;
    // SAFETY: a FROM item of the query on top of the stack.
    unsafe {
        let query = *queries.last()?;
        let entry = ffi::nth::<pg_sys::RangeTblEntry>((*query).rtable, leaf as usize)?;
        match (*entry).rtekind {
            R::RTE_RELATION => {
                let relation = walk.relations.get((*entry).relid, walk.functions);
                // of a view's rows nothing is known
                (relation.entries == 1).then(|| relation.unique.clone())
            }
            R::RTE_SUBQUERY => Some(derived_keys((*entry).subquery)),
            R::RTE_CTE => {
                let owner = queries.len().checked_sub((*entry).ctelevelsup as usize + 1)?;
                Some(derived_keys(find_cte(*queries.get(owner)?, (*entry).ctename)?))
            }
            R::RTE_RESULT => Some(vec![Vec::new()]),
            _ => None,
        }
    }
}

/// Keys of a derived table: its grouping or DISTINCT columns, or no column at all where it has one row.
unsafe fn derived_keys(query: *mut pg_sys::Query) -> Vec<Vec<i16>> {
    // SAFETY: an analysed subquery.
    unsafe {
        let q = &*query;
        if !q.setOperations.is_null() || !q.groupingSets.is_null() {
            return Vec::new();
        }
        let clause = if q.groupClause.is_null() { q.distinctClause } else { q.groupClause };
        if clause.is_null() {
            return if q.hasAggs { vec![Vec::new()] } else { Vec::new() };
        }
        let mut key = Vec::new();
        for item in ffi::pointers::<pg_sys::SortGroupClause>(clause) {
            for entry in ffi::pointers::<pg_sys::TargetEntry>(q.targetList) {
                if (*entry).ressortgroupref == (*item).tleSortGroupRef && !(*entry).resjunk {
                    key.push((*entry).resno);
                }
            }
        }
        // a key column that is not put out cannot be met from outside
        if key.len() == ffi::length(clause) { vec![key] } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::reach;
    use std::collections::{BTreeMap, BTreeSet};

    /// 1 = payment, 2 = rental with key 1, 3 = a child of rental without a key that is met.
    #[test]
    fn follows_keys_only() {
        let keys = BTreeMap::from([(1, Some(vec![vec![1]])), (2, Some(vec![vec![1]])), (3, Some(vec![vec![1]]))]);
        let equal = [((1, 2), (2, 1)), ((3, 2), (2, 1))];
        let none = BTreeSet::new();
        assert_eq!(reach(BTreeSet::from([1]), &[1, 2], &keys, &equal, &none), BTreeSet::from([1, 2]));
        assert_eq!(reach(BTreeSet::from([2]), &[1, 2], &keys, &equal, &none), BTreeSet::from([2]));
        assert_eq!(reach(BTreeSet::from([1]), &[1, 2, 3], &keys, &equal, &none), BTreeSet::from([1, 2]));
        let fixed = BTreeSet::from([(3, 1)]);
        assert_eq!(reach(BTreeSet::from([1]), &[1, 2, 3], &keys, &equal, &fixed), BTreeSet::from([1, 2, 3]));
    }
}
