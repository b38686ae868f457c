//! Planning the very tree that was checked, and what EXPLAIN would show of the plan.

use super::parse::{hinted, refuse};
use super::{Limits, ffi};
use crate::candidate::{PlanFacts, Refusal, Stage};
use pgrx::{pg_guard, pg_sys};
use std::ffi::{CString, c_void};

/// The query with its views expanded, which the role may read all of: planning folds constants and reads statistics
/// before the server itself asks.
///
/// # Safety
/// `query` comes from parse analysis, in the sandbox; it is used up.
pub(super) unsafe fn rewrite(query: *mut pg_sys::Query) -> Result<*mut pg_sys::Query, Refusal> {
    // SAFETY: contract of this function.
    unsafe {
        let rewritten = pg_sys::pg_rewrite_query(query);
        let (1, Some(only)) = (ffi::length(rewritten), ffi::nth::<pg_sys::Query>(rewritten, 1)) else {
            return Err(refuse(Stage::Policy, "0A000", "a rule makes more than one statement of it"));
        };
        if (*only).commandType != pg_sys::CmdType::CMD_SELECT || (*only).hasModifyingCTE {
            return Err(refuse(Stage::Policy, "0A000", "a rule makes it a statement that writes"));
        }
        may_read(only.cast(), std::ptr::null_mut());
        Ok(only)
    }
}

/// For the server alone, as in `parse`.
#[pg_guard]
unsafe extern "C-unwind" fn visit(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    // SAFETY: handed through.
    unsafe { may_read(node, context) }
}

/// Raises 42501 unless every query level below may be read.
unsafe fn may_read(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    if node.is_null() {
        return false;
    }
    // SAFETY: a node of the rewritten tree, cast by tag.
    unsafe {
        if ffi::tag(node) == pg_sys::NodeTag::T_Query {
            ffi::check_permissions(node.cast());
            return ffi::walk_query(node.cast(), Some(visit), context, 0);
        }
        ffi::walk_expression(node, Some(visit), context)
    }
}

/// # Safety
/// `query` comes from [`rewrite`] of `text`.
pub(super) unsafe fn plan(query: *mut pg_sys::Query, text: &CString) -> *mut pg_sys::PlannedStmt {
    // SAFETY: contract of this function.
    unsafe { pg_sys::pg_plan_query(query, text.as_ptr(), 0, std::ptr::null_mut()) }
}

/// Cost, rows and node types; refuses a plan beyond the cost limit or one that reaches outside the server.
///
/// # Safety
/// `planned` comes from [`plan`].
pub(super) unsafe fn facts(planned: *mut pg_sys::PlannedStmt, limits: &Limits) -> Result<PlanFacts, Refusal> {
    // SAFETY: contract of this function.
    let (facts, foreign) = unsafe {
        let top = (*planned).planTree;
        let mut facts = PlanFacts { cost: (*top).total_cost, rows: (*top).plan_rows, nodes: Vec::new() };
        let mut foreign = false;
        nodes(planned, top, &mut facts.nodes, &mut foreign);
        (facts, foreign)
    };
    if foreign && !limits.foreign_tables {
        return Err(refuse(Stage::Plan, "0A000", "a table behind it lies outside the server"));
    }
    match limits.cost {
        Some(most) if facts.cost > most => {
            let message = format!("estimated cost {:.0} is above {most:.0}", facts.cost);
            Err(hinted(refuse(Stage::Plan, "54000", message), "Filter or join on indexed columns."))
        }
        _ => Ok(facts),
    }
}

/// Node types from the top down: a node, its init plans, its children, the plans of its subqueries.
unsafe fn nodes(
    planned: *mut pg_sys::PlannedStmt,
    plan: *mut pg_sys::Plan,
    names: &mut Vec<String>,
    foreign: &mut bool,
) {
    if plan.is_null() {
        return;
    }
    // SAFETY: nodes of a finished plan, cast by tag; its depth is bounded by the tree's.
    unsafe {
        let name = name(plan);
        *foreign |= name == "Foreign Scan";
        names.push(name);
        for sub in ffi::pointers::<pg_sys::SubPlan>((*plan).initPlan) {
            let number = usize::try_from((*sub).plan_id).unwrap_or(0);
            if let Some(init) = ffi::nth::<pg_sys::Plan>((*planned).subplans, number) {
                nodes(planned, init, names, foreign);
            }
        }
        nodes(planned, (*plan).lefttree, names, foreign);
        nodes(planned, (*plan).righttree, names, foreign);
        for child in children(plan) {
            nodes(planned, child, names, foreign);
        }
    }
}

unsafe fn children(plan: *mut pg_sys::Plan) -> Vec<*mut pg_sys::Plan> {
    use pg_sys::NodeTag as Tag;
    // SAFETY: cast by tag.
    unsafe {
        let list = match ffi::tag(plan) {
            Tag::T_Append => (*plan.cast::<pg_sys::Append>()).appendplans,
            Tag::T_MergeAppend => (*plan.cast::<pg_sys::MergeAppend>()).mergeplans,
            Tag::T_BitmapAnd => (*plan.cast::<pg_sys::BitmapAnd>()).bitmapplans,
            Tag::T_BitmapOr => (*plan.cast::<pg_sys::BitmapOr>()).bitmapplans,
            Tag::T_SubqueryScan => return vec![(*plan.cast::<pg_sys::SubqueryScan>()).subplan],
            _ => std::ptr::null_mut(),
        };
        ffi::pointers::<pg_sys::Plan>(list).collect()
    }
}

/// The name of EXPLAIN.
unsafe fn name(plan: *mut pg_sys::Plan) -> String {
    use pg_sys::NodeTag as Tag;
    // SAFETY: cast by tag.
    let name = unsafe {
        match ffi::tag(plan) {
            Tag::T_Result => "Result",
            Tag::T_ProjectSet => "ProjectSet",
            Tag::T_Append => "Append",
            Tag::T_MergeAppend => "Merge Append",
            Tag::T_RecursiveUnion => "Recursive Union",
            Tag::T_BitmapAnd => "BitmapAnd",
            Tag::T_BitmapOr => "BitmapOr",
            Tag::T_NestLoop => "Nested Loop",
            Tag::T_MergeJoin => "Merge Join",
            Tag::T_HashJoin => "Hash Join",
            Tag::T_SeqScan => "Seq Scan",
            Tag::T_SampleScan => "Sample Scan",
            Tag::T_IndexScan => "Index Scan",
            Tag::T_IndexOnlyScan => "Index Only Scan",
            Tag::T_BitmapIndexScan => "Bitmap Index Scan",
            Tag::T_BitmapHeapScan => "Bitmap Heap Scan",
            Tag::T_TidScan => "Tid Scan",
            Tag::T_TidRangeScan => "Tid Range Scan",
            Tag::T_SubqueryScan => "Subquery Scan",
            Tag::T_FunctionScan => "Function Scan",
            Tag::T_TableFuncScan => "Table Function Scan",
            Tag::T_ValuesScan => "Values Scan",
            Tag::T_CteScan => "CTE Scan",
            Tag::T_WorkTableScan => "WorkTable Scan",
            Tag::T_ForeignScan => "Foreign Scan",
            Tag::T_Material => "Materialize",
            Tag::T_Memoize => "Memoize",
            Tag::T_Sort => "Sort",
            Tag::T_IncrementalSort => "Incremental Sort",
            Tag::T_Group => "Group",
            Tag::T_Agg => match (*plan.cast::<pg_sys::Agg>()).aggstrategy {
                pg_sys::AggStrategy::AGG_SORTED => "GroupAggregate",
                pg_sys::AggStrategy::AGG_HASHED => "HashAggregate",
                pg_sys::AggStrategy::AGG_MIXED => "MixedAggregate",
                _ => "Aggregate",
            },
            Tag::T_WindowAgg => "WindowAgg",
            Tag::T_Unique => "Unique",
            Tag::T_SetOp if (*plan.cast::<pg_sys::SetOp>()).strategy == pg_sys::SetOpStrategy::SETOP_HASHED => {
                "HashSetOp"
            }
            Tag::T_SetOp => "SetOp",
            Tag::T_Limit => "Limit",
            Tag::T_Hash => "Hash",
            other => return format!("{other:?}").trim_start_matches("T_").to_owned(),
        }
    };
    name.to_owned()
}
