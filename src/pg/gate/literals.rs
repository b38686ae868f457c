//! Where a value comes from: columns behind a Var, and constants with the column that they meet.

use super::ffi;
use super::walk::Walk;
use crate::candidate::facts::Literal;
use pgrx::pg_sys;
use std::collections::BTreeSet;
use std::ffi::CStr;

/// Deepest chain of joins, subqueries and CTEs that is followed.
const MAX_STEPS: u32 = 64;

/// Table columns behind a Var: through the merged columns of a join, a subquery's output, a CTE's output. `queries`
/// are the levels from the outermost to the one that holds the node. Number 0 stands for a whole row.
///
/// # Safety
/// `node` is part of the last query's tree.
pub(super) unsafe fn sources(
    queries: &[*mut pg_sys::Query],
    node: *mut pg_sys::Node,
    found: &mut BTreeSet<(u32, i16)>,
) {
    // SAFETY: contract of this function.
    unsafe { trace(queries, node, 0, &mut Trace { found, seen: BTreeSet::new() }) }
}

struct Trace<'a> {
    found: &'a mut BTreeSet<(u32, i16)>,
    /// Columns of queries that were followed: a chain of CTEs may name each many times over.
    seen: BTreeSet<(usize, i16, i16)>,
}

unsafe fn trace(queries: &[*mut pg_sys::Query], node: *mut pg_sys::Node, step: u32, found: &mut Trace<'_>) {
    use pg_sys::{NodeTag as Tag, RTEKind as R};
    if step > MAX_STEPS {
        return;
    }
    // SAFETY: contract of this function; cast by tag.
    unsafe {
        match ffi::tag(node) {
            Tag::T_Var => {}
            Tag::T_RelabelType => {
                return trace(queries, (*node.cast::<pg_sys::RelabelType>()).arg.cast(), step, found);
            }
            Tag::T_CoalesceExpr => {
                for argument in ffi::pointers::<pg_sys::Node>((*node.cast::<pg_sys::CoalesceExpr>()).args) {
                    trace(queries, argument, step + 1, found);
                }
                return;
            }
            Tag::T_FuncExpr => {
                // an implicit cast, as of a merged column
                let call = node.cast::<pg_sys::FuncExpr>();
                if (*call).funcformat != pg_sys::CoercionForm::COERCE_EXPLICIT_CALL
                    && let Some(first) = ffi::nth::<pg_sys::Node>((*call).args, 1)
                {
                    trace(queries, first, step + 1, found);
                }
                return;
            }
            _ => return,
        }
        let var = node.cast::<pg_sys::Var>();
        let Some(level) = queries.len().checked_sub((*var).varlevelsup as usize + 1) else { return };
        let Some(levels) = queries.get(..=level) else { return };
        let Some(query) = levels.last() else { return };
        let Ok(number) = usize::try_from((*var).varno) else { return };
        let Some(entry) = ffi::nth::<pg_sys::RangeTblEntry>((**query).rtable, number) else { return };
        let attribute = (*var).varattno;
        let place = (query.addr(), i16::try_from(number).unwrap_or(i16::MAX), attribute);
        if !found.seen.insert(place) {
            return;
        }
        match (*entry).rtekind {
            R::RTE_RELATION => {
                found.found.insert(((*entry).relid.to_u32(), attribute));
            }
            R::RTE_JOIN => {
                let column = usize::try_from(attribute).ok().and_then(|n| ffi::nth((*entry).joinaliasvars, n));
                if let Some(column) = column {
                    trace(levels, column, step + 1, found);
                }
            }
            #[cfg(feature = "pg18")]
            R::RTE_GROUP => {
                let column = usize::try_from(attribute).ok().and_then(|n| ffi::nth((*entry).groupexprs, n));
                if let Some(column) = column {
                    trace(levels, column, step + 1, found);
                }
            }
            R::RTE_SUBQUERY => output(levels, (*entry).subquery, attribute, step, found),
            R::RTE_CTE => {
                let Some(owner) = levels.len().checked_sub((*entry).ctelevelsup as usize + 1) else { return };
                let Some(outside) = levels.get(..=owner) else { return };
                if let Some(cte) = outside.last().and_then(|query| find_cte(*query, (*entry).ctename)) {
                    output(outside, cte, attribute, step, found);
                }
            }
            _ => {}
        }
    }
}

/// # Safety
/// `query` is an analysed query, `name` its CTE's name.
pub(super) unsafe fn find_cte(query: *mut pg_sys::Query, name: *const std::ffi::c_char) -> Option<*mut pg_sys::Query> {
    // SAFETY: contract of this function.
    unsafe {
        ffi::pointers::<pg_sys::CommonTableExpr>((*query).cteList)
            .find(|cte| CStr::from_ptr((**cte).ctename) == CStr::from_ptr(name))
            .map(|cte| (*cte).ctequery.cast::<pg_sys::Query>())
    }
}

/// Columns behind output column `attribute` of `query`.
unsafe fn output(
    outside: &[*mut pg_sys::Query],
    query: *mut pg_sys::Query,
    attribute: i16,
    step: u32,
    found: &mut Trace<'_>,
) {
    // SAFETY: a subquery of the tree being walked.
    unsafe {
        if query.is_null() {
            return;
        }
        let mut levels = outside.to_vec();
        levels.push(query);
        for entry in ffi::pointers::<pg_sys::TargetEntry>((*query).targetList) {
            if (*entry).resno == attribute && !(*entry).resjunk {
                trace(&levels, (*entry).expr.cast(), step + 1, found);
            }
        }
    }
}

/// Remembers for `column <operator> constant` (either way round) that the constant meets the column.
///
/// # Safety
/// `arguments` are an operator's in the query on top of the stack.
pub(super) unsafe fn pair(walk: &mut Walk<'_>, arguments: *mut pg_sys::List) {
    // SAFETY: contract of this function.
    unsafe {
        if ffi::length(arguments) != 2 {
            return;
        }
        let (Some(left), Some(right)) = (ffi::nth(arguments, 1), ffi::nth(arguments, 2)) else { return };
        let queries: Vec<_> = walk.levels.iter().map(|level| level.query).collect();
        for (column, other) in [(left, right), (right, left)] {
            let constants = constants_of(other);
            if constants.is_empty() {
                continue;
            }
            let mut found = BTreeSet::new();
            sources(&queries, column, &mut found);
            if let Some(source) = found.into_iter().next().filter(|(_, number)| *number > 0) {
                walk.beside.extend(constants.into_iter().map(|constant| (constant.addr(), source)));
            }
        }
    }
}

/// The constants that an operand consists of: itself, under casts, or an IN list's.
unsafe fn constants_of(node: *mut pg_sys::Node) -> Vec<*mut pg_sys::Node> {
    use pg_sys::NodeTag as Tag;
    // SAFETY: cast by tag.
    unsafe {
        match ffi::tag(node) {
            Tag::T_Const => vec![node],
            Tag::T_RelabelType => constants_of((*node.cast::<pg_sys::RelabelType>()).arg.cast()),
            Tag::T_ArrayExpr => ffi::pointers::<pg_sys::Node>((*node.cast::<pg_sys::ArrayExpr>()).elements)
                .flat_map(|element| constants_of(element))
                .collect(),
            Tag::T_FuncExpr
                if (*node.cast::<pg_sys::FuncExpr>()).funcformat != pg_sys::CoercionForm::COERCE_EXPLICIT_CALL =>
            {
                ffi::nth::<pg_sys::Node>((*node.cast::<pg_sys::FuncExpr>()).args, 1)
                    .map(|first| constants_of(first))
                    .unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }
}

/// Keeps a constant that the author wrote: those that analysis made have no place in the text.
///
/// # Safety
/// `constant` is part of the tree being walked.
pub(super) unsafe fn constant(walk: &mut Walk<'_>, constant: *mut pg_sys::Const) {
    // SAFETY: contract of this function; the value is of the type beside it.
    unsafe {
        if (*constant).constisnull || (*constant).location < 0 {
            return;
        }
        let beside = walk.beside.get(&constant.addr()).copied();
        let column = beside.and_then(|(relation, number)| {
            let relation = walk.relations.get(pg_sys::Oid::from(relation), walk.functions);
            let name = relation.columns.get(usize::try_from(number).ok()?.checked_sub(1)?)?.clone()?;
            Some(format!("{}.{name}", relation.qualified))
        });
        let mut output = pg_sys::InvalidOid;
        let mut varlena = false;
        pg_sys::getTypeOutputInfo((*constant).consttype, &mut output, &mut varlena);
        let value = ffi::owned(pg_sys::OidOutputFunctionCall(output, (*constant).constvalue));
        let type_name = ffi::owned(pg_sys::format_type_be((*constant).consttype));
        walk.found.literals.push(((*constant).location, Literal { value, type_name, column }));
    }
}
