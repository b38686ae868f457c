//! How large a column of a subquery or CTE is once the planner has put in what it stands for: each step of
//! `SELECT x || x AS x FROM step` doubles it, and the planner looks for no cancel while it copies.

use super::ffi;
use super::literals::find_cte;
use pgrx::pg_sys;
use std::collections::BTreeMap;

/// Columns of tables in one statement, all replacements made.
pub(super) const MOST_EXPANDED: u64 = 50_000;

/// Sizes that are known, by query and output column.
#[derive(Default)]
pub(super) struct Sizes(BTreeMap<(usize, i16), u64>);

impl Sizes {
    /// Columns that the planner makes of a Var.
    ///
    /// # Safety
    /// `node` is a Var of the last of `queries`, which are the levels around it.
    pub unsafe fn of(&mut self, queries: &[*mut pg_sys::Query], node: *mut pg_sys::Node) -> u64 {
        use pg_sys::RTEKind as R;
        // SAFETY: contract of this function; cast by tag.
        unsafe {
            if ffi::tag(node) != pg_sys::NodeTag::T_Var {
                return 1;
            }
            let var = node.cast::<pg_sys::Var>();
            let level = queries.len().checked_sub((*var).varlevelsup as usize);
            let Some(levels) = level.and_then(|level| queries.get(..level)) else { return 1 };
            let Some(query) = levels.last() else { return 1 };
            let number = usize::try_from((*var).varno).unwrap_or(0);
            let Some(entry) = ffi::nth::<pg_sys::RangeTblEntry>((**query).rtable, number) else { return 1 };
            match (*entry).rtekind {
                R::RTE_SUBQUERY => self.output(levels, (*entry).subquery, (*var).varattno),
                R::RTE_CTE => {
                    let owner = levels.len().checked_sub((*entry).ctelevelsup as usize);
                    let Some(outside) = owner.and_then(|owner| levels.get(..owner)) else { return 1 };
                    let cte = outside.last().and_then(|query| find_cte(*query, (*entry).ctename));
                    cte.map_or(1, |cte| self.output(outside, cte, (*var).varattno))
                }
                _ => 1,
            }
        }
    }

    unsafe fn output(&mut self, outside: &[*mut pg_sys::Query], query: *mut pg_sys::Query, attribute: i16) -> u64 {
        if query.is_null() {
            return 1;
        }
        let place = (query.addr(), attribute);
        if let Some(size) = self.0.get(&place) {
            return *size;
        }
        // a recursive CTE meets itself: it is not replaced
        self.0.insert(place, 1);
        let mut levels = outside.to_vec();
        levels.push(query);
        let mut size = 1u64;
        // SAFETY: a subquery of the tree being walked. It may name columns of the queries around it; those of subqueries
        // within it are counted where they stand.
        unsafe {
            for entry in ffi::pointers::<pg_sys::TargetEntry>((*query).targetList) {
                for up in 0..levels.len() {
                    let up = if (*entry).resno == attribute { i32::try_from(up).unwrap_or(0) } else { continue };
                    for var in ffi::pointers::<pg_sys::Var>(pg_sys::pull_vars_of_level((*entry).expr.cast(), up)) {
                        if i32::try_from((*var).varlevelsup) == Ok(up) {
                            size = size.saturating_add(self.of(&levels, var.cast()));
                        }
                    }
                }
            }
        }
        self.0.insert(place, size);
        size
    }
}
