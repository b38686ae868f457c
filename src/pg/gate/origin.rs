//! Whether a value can be longer than the author and the data made it: the question behind [`super::bound`].

use super::ffi;
use super::functions::Functions;
use super::stored::called;
use super::walk::Walk;
use pgrx::pg_sys;
use std::ffi::CStr;

/// Nodes that are looked at for one value. What is made of more is taken for long.
const MOST_NODES: u32 = 24;

/// What these give is hardly longer than what they get, all together.
const TAME: [&str; 91] = [
    "abs",
    "array_append",
    "array_cat",
    "array_prepend",
    "array_remove",
    "array_replace",
    "array_subscript_handler",
    "array_to_string",
    "btrim",
    "ceil",
    "ceiling",
    "char",
    "chr",
    "concat",
    "concat_ws",
    "date_part",
    "daterange",
    "extract",
    "floor",
    "host",
    "initcap",
    "int4range",
    "int8range",
    "json_array_element",
    "json_array_element_text",
    "json_build_array",
    "json_build_object",
    "json_extract_path",
    "json_extract_path_text",
    "json_object_field",
    "json_object_field_text",
    "jsonb_array_element",
    "jsonb_array_element_text",
    "jsonb_build_array",
    "jsonb_build_object",
    "jsonb_concat",
    "jsonb_delete",
    "jsonb_delete_path",
    "jsonb_extract_path",
    "jsonb_extract_path_text",
    "jsonb_object_field",
    "jsonb_object_field_text",
    "jsonb_path_query_first",
    "jsonb_set",
    "jsonb_strip_nulls",
    "left",
    "lower",
    "ltrim",
    "md5",
    "mod",
    "numeric",
    "numeric_abs",
    "numeric_add",
    "numeric_div",
    "numeric_mod",
    "numeric_mul",
    "numeric_sub",
    "numeric_uminus",
    "numeric_uplus",
    "numrange",
    "phraseto_tsquery",
    "plainto_tsquery",
    "quote_ident",
    "regexp_substr",
    "reverse",
    "right",
    "round",
    "row_to_json",
    "rtrim",
    "setweight",
    "sha256",
    "sign",
    "split_part",
    "string_to_array",
    "substr",
    "substring",
    "text",
    "textcat",
    "to_char",
    "to_hex",
    "to_json",
    "to_jsonb",
    "to_number",
    "to_tsquery",
    "to_tsvector",
    "trunc",
    "tsrange",
    "tstzrange",
    "upper",
    "varchar",
    "websearch_to_tsquery",
];

/// Whether a function of pg_catalog is one of them.
pub(super) fn is_tame(name: &str) -> bool {
    TAME.contains(&name)
}

pub(super) struct Origin<'a> {
    functions: &'a mut Functions,
    queries: Vec<*mut pg_sys::Query>,
    left: u32,
}

impl<'a> Origin<'a> {
    pub fn new(walk: &'a mut Walk<'_>) -> Origin<'a> {
        let queries = walk.levels.iter().map(|level| level.query).collect();
        Origin { functions: walk.functions, queries, left: MOST_NODES }
    }

    /// Whether a value of the query on top of the stack is as long as the author or the data made it: a constant, a
    /// column of a table, or made of a few of them by what makes nothing long; through subqueries and CTEs, too.
    ///
    /// # Safety
    /// `node` is an expression of that query.
    pub unsafe fn is_plain(&mut self, node: *mut pg_sys::Node) -> bool {
        let queries = std::mem::take(&mut self.queries);
        // SAFETY: contract of this function.
        unsafe { self.plain(&queries, node) }
    }

    unsafe fn plain(&mut self, queries: &[*mut pg_sys::Query], node: *mut pg_sys::Node) -> bool {
        use pg_sys::NodeTag as Tag;
        // SAFETY: cast by tag; parts of the node are expressions of the same query.
        unsafe {
            let tag = ffi::tag(node);
            if matches!(tag, Tag::T_Const | Tag::T_Param | Tag::T_Invalid) {
                return true;
            }
            let Some(left) = self.left.checked_sub(1) else { return false };
            self.left = left;
            if tag != Tag::T_Var && pg_sys::get_typlen(pg_sys::exprType(node)) != -1 {
                return true;
            }
            let parts = match tag {
                Tag::T_Var => return self.column(queries, node.cast()),
                Tag::T_RelabelType => return self.plain(queries, (*node.cast::<pg_sys::RelabelType>()).arg.cast()),
                Tag::T_CoerceViaIO => return self.plain(queries, (*node.cast::<pg_sys::CoerceViaIO>()).arg.cast()),
                Tag::T_CoerceToDomain => {
                    return self.plain(queries, (*node.cast::<pg_sys::CoerceToDomain>()).arg.cast());
                }
                Tag::T_SubscriptingRef => {
                    return self.plain(queries, (*node.cast::<pg_sys::SubscriptingRef>()).refexpr.cast());
                }
                Tag::T_FieldSelect => return self.plain(queries, (*node.cast::<pg_sys::FieldSelect>()).arg.cast()),
                Tag::T_CaseExpr => return self.case(queries, node.cast()),
                Tag::T_Aggref => return self.aggregate(queries, node.cast()),
                Tag::T_WindowFunc => (*node.cast::<pg_sys::WindowFunc>()).args,
                Tag::T_ArrayExpr => (*node.cast::<pg_sys::ArrayExpr>()).elements,
                Tag::T_RowExpr => (*node.cast::<pg_sys::RowExpr>()).args,
                Tag::T_CoalesceExpr => (*node.cast::<pg_sys::CoalesceExpr>()).args,
                Tag::T_MinMaxExpr => (*node.cast::<pg_sys::MinMaxExpr>()).args,
                Tag::T_NullIfExpr | Tag::T_OpExpr => (*node.cast::<pg_sys::OpExpr>()).args,
                Tag::T_FuncExpr => (*node.cast::<pg_sys::FuncExpr>()).args,
                _ => return false,
            };
            if let Some(oid) = called(node).filter(|_| tag != Tag::T_NullIfExpr) {
                if self.functions.bound() == Some(oid) {
                    return true;
                }
                let function = self.functions.get(oid);
                let keeps = if tag == Tag::T_WindowFunc { !collects(&function.name) } else { function.tame };
                if !function.in_catalog || !keeps {
                    return false;
                }
            }
            ffi::pointers::<pg_sys::Node>(parts).all(|part| self.plain(queries, part))
        }
    }

    unsafe fn case(&mut self, queries: &[*mut pg_sys::Query], case: *mut pg_sys::CaseExpr) -> bool {
        // SAFETY: as `plain`; the branches are CaseWhen nodes.
        unsafe {
            self.plain(queries, (*case).defresult.cast())
                && ffi::pointers::<pg_sys::CaseWhen>((*case).args)
                    .all(|branch| self.plain(queries, (*branch).result.cast()))
        }
    }

    unsafe fn aggregate(&mut self, queries: &[*mut pg_sys::Query], aggregate: *mut pg_sys::Aggref) -> bool {
        // SAFETY: as `plain`; the arguments are target entries of the aggregate's own level.
        unsafe {
            let function = self.functions.get((*aggregate).aggfnoid);
            function.in_catalog
                && !collects(&function.name)
                && ffi::pointers::<pg_sys::TargetEntry>((*aggregate).args)
                    .all(|entry| self.plain(queries, (*entry).expr.cast()))
        }
    }

    unsafe fn column(&mut self, queries: &[*mut pg_sys::Query], var: *mut pg_sys::Var) -> bool {
        use pg_sys::RTEKind as R;
        // SAFETY: a Var points into the range table of a query on the stack.
        unsafe {
            let level = queries.len().checked_sub((*var).varlevelsup as usize + 1);
            let Some(levels) = level.and_then(|level| queries.get(..=level)) else { return false };
            let Some(query) = levels.last() else { return false };
            let Ok(number) = usize::try_from((*var).varno) else { return false };
            let Some(entry) = ffi::nth::<pg_sys::RangeTblEntry>((**query).rtable, number) else { return false };
            let attribute = (*var).varattno;
            let of = |list: *mut pg_sys::List| usize::try_from(attribute).ok().and_then(|n| ffi::nth(list, n));
            match (*entry).rtekind {
                R::RTE_RELATION => true,
                R::RTE_JOIN => of((*entry).joinaliasvars).is_some_and(|source| self.plain(levels, source)),
                #[cfg(feature = "pg18")]
                R::RTE_GROUP => of((*entry).groupexprs).is_some_and(|source| self.plain(levels, source)),
                R::RTE_VALUES => ffi::pointers::<pg_sys::List>((*entry).values_lists)
                    .all(|row| of(row).is_some_and(|source| self.plain(levels, source))),
                R::RTE_SUBQUERY => self.output(levels, (*entry).subquery, attribute),
                R::RTE_CTE if !(*entry).self_reference => {
                    let owner = levels.len().checked_sub((*entry).ctelevelsup as usize + 1);
                    let Some(outside) = owner.and_then(|owner| levels.get(..=owner)) else { return false };
                    let cte = outside.last().and_then(|query| {
                        ffi::pointers::<pg_sys::CommonTableExpr>((**query).cteList)
                            .find(|cte| CStr::from_ptr((**cte).ctename) == CStr::from_ptr((*entry).ctename))
                    });
                    cte.is_some_and(|cte| {
                        !(*cte).cterecursive && self.output(outside, (*cte).ctequery.cast(), attribute)
                    })
                }
                _ => false,
            }
        }
    }

    /// An output column of a subquery; all of them where the whole row is meant.
    unsafe fn output(&mut self, outside: &[*mut pg_sys::Query], query: *mut pg_sys::Query, attribute: i16) -> bool {
        if query.is_null() {
            return false;
        }
        let mut levels = outside.to_vec();
        levels.push(query);
        // SAFETY: a subquery of the tree being walked; the sides of a set operation are subqueries of it.
        unsafe {
            if !(*query).setOperations.is_null() {
                return ffi::pointers::<pg_sys::RangeTblEntry>((*query).rtable)
                    .filter(|entry| (**entry).rtekind == pg_sys::RTEKind::RTE_SUBQUERY)
                    .all(|entry| self.output(&levels, (*entry).subquery, attribute));
            }
            ffi::pointers::<pg_sys::TargetEntry>((*query).targetList)
                .filter(|entry| !(**entry).resjunk && (attribute == 0 || (**entry).resno == attribute))
                .all(|entry| self.plain(&levels, (*entry).expr.cast()))
        }
    }
}

/// Whether an aggregate makes one long value out of many.
fn collects(name: &str) -> bool {
    name.ends_with("agg")
}
