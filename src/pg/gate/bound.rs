//! Functions of PostgreSQL that take time of the product of two lengths and never look for a cancel: a search for one
//! long text in another, a comparison of all with all. No timer stops them, so what they get is bounded: an argument
//! that is computed (neither a column of a table nor a constant of the statement) passes through `nlsql.bounded_`,
//! which refuses a long value.

use super::ffi;
use super::stored::called;
use super::walk::Walk;
use pgrx::pg_sys;

/// Bytes of one computed argument. Two of them make some hundred million steps.
pub(crate) const MOST_BYTES: usize = 16 << 10;

const PRODUCT_OF_LENGTHS: [&str; 83] = [
    "arraycontained", "arraycontains", "arrayoverlap", "bitposition", "bpcharicnlike", "bpchariclike", "bpcharlike",
    "bpcharnlike", "btrim", "bytealike", "byteanlike", "byteapos", "byteatrim", "div", "exp", "factorial", "gcd",
    "jsonb_contained", "jsonb_contains", "jsonb_delete", "jsonb_exists_all", "jsonb_exists_any", "lcm", "like",
    "like_escape", "ln", "log", "log10", "ltrim", "mod", "nameicnlike", "nameiclike", "namelike", "namenlike",
    "notlike", "numeric_div", "numeric_mod", "numeric_power", "on_ppath", "path_distance", "path_inter",
    "poly_contain", "poly_contain_pt", "poly_contained", "poly_distance", "poly_overlap", "position", "pow", "power",
    "regexp_count", "regexp_instr", "regexp_like", "regexp_match", "regexp_matches", "regexp_replace",
    "regexp_split_to_array", "regexp_split_to_table", "regexp_substr", "replace", "rtrim", "split_part", "sqrt",
    "string_to_array", "string_to_table", "strpos", "textlike", "texticlike", "texticnlike", "texticregexeq",
    "texticregexne", "textnlike", "textregexeq", "textregexne", "translate", "ts_headline", "ts_rank", "ts_rank_cd",
    "width_bucket", "bpcharregexeq", "bpcharregexne", "bpcharicregexeq", "bpcharicregexne", "array_positions",
];

/// What these give is hardly longer than what they get.
const TAME: [&str; 29] = [
    "array_subscript_handler",
    "bpchar",
    "btrim",
    "concat",
    "concat_ws",
    "initcap",
    "json_array_element",
    "json_array_element_text",
    "json_extract_path",
    "json_extract_path_text",
    "json_object_field",
    "json_object_field_text",
    "jsonb_array_element",
    "jsonb_array_element_text",
    "jsonb_extract_path",
    "jsonb_extract_path_text",
    "jsonb_object_field",
    "jsonb_object_field_text",
    "left",
    "lower",
    "ltrim",
    "numeric",
    "right",
    "rtrim",
    "split_part",
    "substr",
    "substring",
    "textcat",
    "upper",
];

/// Whether a function of pg_catalog is one of them.
pub(super) fn is_one(name: &str) -> bool {
    PRODUCT_OF_LENGTHS.contains(&name)
}

/// Puts the bound around the computed arguments of a call in the query on top of the stack.
///
/// # Safety
/// `node` is a node that calls such a function, and has been walked.
pub(super) unsafe fn arguments(walk: &mut Walk<'_>, node: *mut pg_sys::Node) {
    use pg_sys::NodeTag as Tag;
    let Some(bound) = walk.functions.bound() else { return };
    // SAFETY: cast by tag; the cells of the list belong to the tree, which is ours to plan.
    unsafe {
        let list = match ffi::tag(node) {
            Tag::T_FuncExpr => (*node.cast::<pg_sys::FuncExpr>()).args,
            Tag::T_OpExpr => (*node.cast::<pg_sys::OpExpr>()).args,
            Tag::T_ScalarArrayOpExpr => (*node.cast::<pg_sys::ScalarArrayOpExpr>()).args,
            // a long text read as an array, a number, a document
            Tag::T_CoerceViaIO => {
                let cast = node.cast::<pg_sys::CoerceViaIO>();
                let argument = (*cast).arg.cast::<pg_sys::Node>();
                if !plain(walk, argument) {
                    (*cast).arg = wrapped(argument, bound).cast();
                }
                return;
            }
            _ => return,
        };
        for index in 0..ffi::length(list) {
            let cell = (*list).elements.add(index);
            let argument = (*cell).ptr_value.cast::<pg_sys::Node>();
            if !plain(walk, argument) {
                (*cell).ptr_value = wrapped(argument, bound).cast();
            }
        }
    }
}

/// Made of constants of the statement and columns of tables by functions that make nothing long: as long as the author
/// or the data made it.
unsafe fn plain(walk: &mut Walk<'_>, node: *mut pg_sys::Node) -> bool {
    use pg_sys::NodeTag as Tag;
    // SAFETY: cast by tag; a Var points into the range table of a query on the stack.
    unsafe {
        if pg_sys::get_typlen(pg_sys::exprType(node)) != -1 {
            return true;
        }
        let parts = match ffi::tag(node) {
            Tag::T_Const => return true,
            Tag::T_Var => {
                let var = node.cast::<pg_sys::Var>();
                let level = walk.levels.len().checked_sub((*var).varlevelsup as usize + 1);
                let Some(level) = level.and_then(|index| walk.levels.get(index)) else { return false };
                let number = usize::try_from((*var).varno).unwrap_or(0);
                return ffi::nth::<pg_sys::RangeTblEntry>((*level.query).rtable, number)
                    .is_some_and(|entry| (*entry).rtekind == pg_sys::RTEKind::RTE_RELATION);
            }
            Tag::T_RelabelType => return plain(walk, (*node.cast::<pg_sys::RelabelType>()).arg.cast()),
            Tag::T_CoerceViaIO => return plain(walk, (*node.cast::<pg_sys::CoerceViaIO>()).arg.cast()),
            Tag::T_ArrayExpr => (*node.cast::<pg_sys::ArrayExpr>()).elements,
            Tag::T_CoalesceExpr => (*node.cast::<pg_sys::CoalesceExpr>()).args,
            Tag::T_FuncExpr => (*node.cast::<pg_sys::FuncExpr>()).args,
            Tag::T_OpExpr => (*node.cast::<pg_sys::OpExpr>()).args,
            _ => return false,
        };
        if let Some(oid) = called(node) {
            let function = walk.functions.get(oid);
            if !function.in_catalog || !TAME.contains(&function.name.as_str()) {
                return false;
            }
        }
        ffi::pointers::<pg_sys::Node>(parts).all(|part| plain(walk, part))
    }
}

unsafe fn wrapped(argument: *mut pg_sys::Node, bound: pg_sys::Oid) -> *mut pg_sys::FuncExpr {
    // SAFETY: nodes in the memory of the check.
    unsafe {
        let collation = pg_sys::exprCollation(argument);
        pg_sys::makeFuncExpr(
            bound,
            pg_sys::exprType(argument),
            pg_sys::lappend(std::ptr::null_mut(), argument.cast()),
            collation,
            collation,
            pg_sys::CoercionForm::COERCE_IMPLICIT_CAST,
        )
    }
}
