//! What a statement is made of: features of a query's clauses, and of the nodes that are a feature of their own.

use super::functions::type_family;
use super::parse::refuse;
use super::walk::{Kind, Walk};
use super::{ffi, literals};
use crate::candidate::{Refusal, Stage};
use pgrx::pg_sys;
use std::collections::BTreeSet;

/// Features of a query's clauses.
pub(super) unsafe fn clauses(walk: &mut Walk<'_>, query: *mut pg_sys::Query, kind: Kind) {
    // SAFETY: as `enter`.
    unsafe {
        let q = &*query;
        let recursive_body = kind == Kind::Cte
            && walk
                .levels
                .len()
                .checked_sub(2)
                .and_then(|i| walk.levels.get(i))
                .is_some_and(|l| (*l.query).hasRecursive);
        for (present, name) in [
            (!q.groupClause.is_null() || !q.groupingSets.is_null(), "group_by"),
            (!q.groupingSets.is_null(), "grouping_sets"),
            (!q.havingQual.is_null(), "having"),
            (!q.sortClause.is_null(), "order_by"),
            (!q.limitCount.is_null() || !q.limitOffset.is_null(), "limit"),
            (!q.distinctClause.is_null() && !q.hasDistinctOn, "distinct"),
            (q.hasDistinctOn, "distinct_on"),
            (!q.cteList.is_null(), "cte"),
            (
                q.hasRecursive && ffi::pointers::<pg_sys::CommonTableExpr>(q.cteList).any(|c| (*c).cterecursive),
                "cte_recursive",
            ),
            (q.hasWindowFuncs, "window"),
            (!q.setOperations.is_null() && !recursive_body, "set_op"),
        ] {
            if present {
                walk.feature(name);
            }
        }
        walk.found.nested += u32::try_from(ffi::length(q.windowClause)).unwrap_or(0);
        if !q.setOperations.is_null() {
            let sides = ffi::pointers::<pg_sys::RangeTblEntry>(q.rtable)
                .filter(|entry| (**entry).rtekind == pg_sys::RTEKind::RTE_SUBQUERY)
                .count();
            walk.found.nested += u32::try_from(sides.saturating_sub(1)).unwrap_or(0);
            return;
        }
        let mut leaves = Vec::new();
        let mut outer = false;
        join_leaves(q.jointree.cast(), &mut leaves, &mut outer);
        if leaves.len() > 1 {
            walk.feature("join");
            walk.found.joins += u32::try_from(leaves.len() - 1).unwrap_or(u32::MAX);
        }
        if outer {
            walk.feature("outer_join");
        }
        let mut seen = BTreeSet::new();
        for leaf in leaves {
            if let Some(entry) = ffi::nth::<pg_sys::RangeTblEntry>(q.rtable, leaf)
                && (*entry).rtekind == pg_sys::RTEKind::RTE_RELATION
                && !seen.insert((*entry).relid.to_u32())
            {
                walk.feature("self_join");
            }
        }
    }
}

/// Grouping sets of one query: the planner looks for no cancel while it sorts them.
const MOST_SETS: u64 = 256;

/// `CUBE` doubles the grouping sets with each column, and what stands beside it multiplies them.
pub(super) unsafe fn too_many_sets(query: *mut pg_sys::Query) -> Option<Refusal> {
    // SAFETY: an analysed query's grouping sets.
    let sets = unsafe {
        let clauses = ffi::pointers::<pg_sys::GroupingSet>((*query).groupingSets);
        clauses.fold(1, |product: u64, set| product.saturating_mul(width(set)))
    };
    let message = || format!("statement has {sets} grouping sets, more than {MOST_SETS}");
    (sets > MOST_SETS).then(|| refuse(Stage::Policy, "54000", message()))
}

unsafe fn width(set: *mut pg_sys::GroupingSet) -> u64 {
    use pg_sys::GroupingSetKind as K;
    // SAFETY: as above; the content of SETS are grouping sets, of the others columns or groups of columns.
    unsafe {
        let content = (*set).content;
        let columns = u32::try_from(ffi::length(content)).unwrap_or(u32::MAX);
        match (*set).kind {
            K::GROUPING_SET_ROLLUP => u64::from(columns) + 1,
            K::GROUPING_SET_CUBE => 1u64.checked_shl(columns).unwrap_or(u64::MAX),
            K::GROUPING_SET_SETS => ffi::pointers::<pg_sys::GroupingSet>(content).map(|inner| width(inner)).sum(),
            _ => 1,
        }
    }
}

/// Whether a subquery in FROM is a list of VALUES, which the parser makes a query of its own.
pub(super) unsafe fn is_values(query: *mut pg_sys::Query) -> bool {
    // SAFETY: an analysed subquery.
    unsafe {
        ffi::length((*query).rtable) == 1
            && (*query).setOperations.is_null()
            && ffi::nth::<pg_sys::RangeTblEntry>((*query).rtable, 1)
                .is_some_and(|entry| (*entry).rtekind == pg_sys::RTEKind::RTE_VALUES)
    }
}

/// Range-table numbers of the FROM items, and whether an outer join is among the joins.
pub(super) unsafe fn join_leaves(node: *mut pg_sys::Node, leaves: &mut Vec<usize>, outer: &mut bool) {
    // SAFETY: a join tree; its depth is bounded by the parser's own check of the text.
    unsafe {
        match ffi::tag(node) {
            pg_sys::NodeTag::T_FromExpr => {
                for item in ffi::pointers::<pg_sys::Node>((*node.cast::<pg_sys::FromExpr>()).fromlist) {
                    join_leaves(item, leaves, outer);
                }
            }
            pg_sys::NodeTag::T_JoinExpr => {
                let join = node.cast::<pg_sys::JoinExpr>();
                *outer |= (*join).jointype != pg_sys::JoinType::JOIN_INNER;
                join_leaves((*join).larg, leaves, outer);
                join_leaves((*join).rarg, leaves, outer);
            }
            pg_sys::NodeTag::T_RangeTblRef => {
                leaves.extend(usize::try_from((*node.cast::<pg_sys::RangeTblRef>()).rtindex));
            }
            _ => {}
        }
    }
}

/// Features that are a node of their own.
pub(super) unsafe fn shape(walk: &mut Walk<'_>, node: *mut pg_sys::Node) {
    use pg_sys::NodeTag as Tag;
    // SAFETY: cast by tag.
    unsafe {
        match ffi::tag(node) {
            Tag::T_OpExpr | Tag::T_DistinctExpr | Tag::T_NullIfExpr => {
                if ffi::tag(node) == Tag::T_NullIfExpr {
                    walk.found.special.insert("nullif");
                }
                // a comparison, not what computes a value
                if (*node.cast::<pg_sys::OpExpr>()).opresulttype == pg_sys::BOOLOID
                    || ffi::tag(node) == Tag::T_NullIfExpr
                {
                    literals::pair(walk, (*node.cast::<pg_sys::OpExpr>()).args);
                }
            }
            Tag::T_ScalarArrayOpExpr => {
                let operator = node.cast::<pg_sys::ScalarArrayOpExpr>();
                let list = ffi::nth::<pg_sys::Node>((*operator).args, 2);
                // `x IN (1, 2)` comes as an array without a place of its own
                let in_list = list.is_some_and(|list| {
                    ffi::tag(list) == Tag::T_ArrayExpr && (*list.cast::<pg_sys::ArrayExpr>()).location < 0
                });
                if !in_list {
                    walk.feature("array");
                }
                literals::pair(walk, (*operator).args);
            }
            Tag::T_ArrayExpr if (*node.cast::<pg_sys::ArrayExpr>()).location >= 0 => walk.feature("array"),
            Tag::T_SubscriptingRef => {
                let family = type_family((*node.cast::<pg_sys::SubscriptingRef>()).refcontainertype);
                if let Some(family @ ("jsonb" | "array")) = family {
                    walk.feature(family);
                }
            }
            Tag::T_CaseExpr => walk.feature("case"),
            Tag::T_CoalesceExpr => {
                walk.found.special.insert("coalesce");
            }
            Tag::T_MinMaxExpr => {
                let least = (*node.cast::<pg_sys::MinMaxExpr>()).op == pg_sys::MinMaxOp::IS_LEAST;
                walk.found.special.insert(if least { "least" } else { "greatest" });
            }
            Tag::T_GroupingFunc => {
                walk.found.special.insert("grouping");
            }
            Tag::T_SQLValueFunction => sql_value(walk, (*node.cast::<pg_sys::SQLValueFunction>()).op),
            _ => {}
        }
    }
}

fn sql_value(walk: &mut Walk<'_>, op: pg_sys::SQLValueFunctionOp::Type) {
    use pg_sys::SQLValueFunctionOp as V;
    let name = match op {
        V::SVFOP_CURRENT_DATE => "current_date",
        V::SVFOP_CURRENT_TIME | V::SVFOP_CURRENT_TIME_N => "current_time",
        V::SVFOP_CURRENT_TIMESTAMP | V::SVFOP_CURRENT_TIMESTAMP_N => "current_timestamp",
        V::SVFOP_LOCALTIME | V::SVFOP_LOCALTIME_N => "localtime",
        V::SVFOP_LOCALTIMESTAMP | V::SVFOP_LOCALTIMESTAMP_N => "localtimestamp",
        V::SVFOP_CURRENT_CATALOG => "current_catalog",
        V::SVFOP_CURRENT_SCHEMA => "current_schema",
        _ => "current_user",
    };
    walk.found.special.insert(name);
    if name.starts_with("current_t") || name.starts_with("local") || name == "current_date" {
        walk.feature("date_fn");
    }
}
