//! Derived tables as the fan-out rule sees them: what stands behind a FROM item, and which of its rows may come twice.

use super::fanout::Keys;
use super::ffi;
use pgrx::pg_sys;
use std::ffi::CStr;

/// The query of a derived table, behind the queries around it; none for other items and what recurs.
pub(super) unsafe fn derived(
    queries: &[*mut pg_sys::Query],
    entry: *mut pg_sys::RangeTblEntry,
) -> Option<Vec<*mut pg_sys::Query>> {
    use pg_sys::RTEKind as R;
    // SAFETY: a FROM item of the last query.
    unsafe {
        let (mut around, query) = match (*entry).rtekind {
            R::RTE_SUBQUERY => (queries.to_vec(), (*entry).subquery),
            R::RTE_CTE => {
                let outside = queries.get(..queries.len().checked_sub((*entry).ctelevelsup as usize)?)?;
                let cte = ffi::pointers::<pg_sys::CommonTableExpr>((**outside.last()?).cteList)
                    .find(|cte| CStr::from_ptr((**cte).ctename) == CStr::from_ptr((*entry).ctename))?;
                if (*cte).cterecursive {
                    return None;
                }
                (outside.to_vec(), (*cte).ctequery.cast())
            }
            _ => return None,
        };
        around.push(query);
        Some(around)
    }
}

/// Whether a subquery gives the rows of its join, each once.
pub(super) unsafe fn keeps_rows(query: Option<*mut pg_sys::Query>) -> bool {
    // SAFETY: an analysed subquery.
    query.is_some_and(|query| unsafe {
        let q = &*query;
        q.setOperations.is_null()
            && q.groupClause.is_null()
            && q.groupingSets.is_null()
            && q.distinctClause.is_null()
            && q.limitCount.is_null()
            && q.limitOffset.is_null()
            && !q.hasAggs
            && !q.hasTargetSRFs
    })
}

/// Keys of a derived table: its grouping or DISTINCT columns, or no column at all where it has one row.
pub(super) unsafe fn derived_keys(query: *mut pg_sys::Query) -> Keys {
    // SAFETY: an analysed subquery.
    unsafe {
        let q = &*query;
        if !q.setOperations.is_null() || !q.groupingSets.is_null() || q.hasTargetSRFs {
            return None;
        }
        let clause = if q.groupClause.is_null() { q.distinctClause } else { q.groupClause };
        if clause.is_null() {
            return q.hasAggs.then(|| vec![Vec::new()]);
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
        Some(if key.len() == ffi::length(clause) { vec![key] } else { Vec::new() })
    }
}
