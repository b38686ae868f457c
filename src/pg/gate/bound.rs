//! Time between two looks for a cancel. Many functions of PostgreSQL never look for one, and nor does the server between
//! the parts of an expression: no timer stops them. So an argument that may be long (neither a column of a table nor a
//! constant of the statement, nor made of a few of them) passes through `nlsql.bounded_`, which looks, and refuses what
//! is too long for the function: a computed value, a number of repetitions, the rows of an aggregate that ends in a sort.

use super::ffi;
use super::origin::Origin;
use super::parse::{position, refuse};
use super::stored::called;
use super::walk::Walk;
use crate::candidate::{Refusal, Stage};
use pgrx::pg_sys;
use std::sync::atomic::{AtomicU32, Ordering};

/// What an argument is held to. The number is the second argument of `nlsql.bounded_`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum Bound {
    /// Bytes, for functions that take time of one length.
    Length = 0,
    /// Bytes, for those that take time of the product of two lengths: a search for one long text in another, a
    /// comparison of all with all.
    Product = 1,
    /// A number of repetitions, or an array of such numbers.
    Amount = 2,
    /// Rows that an aggregate sorts at its end.
    Rows = 3,
}

const LONGEST: usize = 2 << 20;
/// Two of them make some hundred million steps.
const LONGEST_OF_TWO: usize = 16 << 10;
const MOST_REPETITIONS: i64 = 1_000_000;
const MOST_ROWS: u32 = 200_000;
/// Digits of a numeric constant; float8 ends at 308.
const MOST_DIGITS: i32 = 400;

/// Rows that the aggregates of this check have taken.
static ROWS: AtomicU32 = AtomicU32::new(0);

/// At the start of each check.
pub(super) fn reset() {
    ROWS.store(0, Ordering::Relaxed);
}

/// Why a value may not go on to the function. `bytes` is none for types without a length of their own.
pub(crate) fn excess(bound: i32, bytes: Option<usize>, amount: Option<i64>) -> Option<String> {
    let long = |most: usize| {
        let bytes = bytes.filter(|bytes| *bytes > most)?;
        Some(format!("a computed value of {bytes} bytes is too long for a function that no time limit stops ({most})"))
    };
    if bound == Bound::Product as i32 {
        long(LONGEST_OF_TWO)
    } else if bound == Bound::Amount as i32 {
        let amount = amount.filter(|amount| *amount > MOST_REPETITIONS)?;
        Some(format!("{amount} repetitions are more than {MOST_REPETITIONS}"))
    } else if bound == Bound::Rows as i32 {
        let rows = ROWS.fetch_add(1, Ordering::Relaxed);
        (rows >= MOST_ROWS).then(|| format!("an aggregate that sorts at its end takes more than {MOST_ROWS} rows"))
    } else {
        long(LONGEST)
    }
}

const PRODUCT_OF_LENGTHS: [&str; 84] = [
    "arraycontained", "arraycontains", "arrayoverlap", "bitposition", "bpcharicnlike", "bpchariclike", "bpcharlike",
    "bpcharnlike", "btrim", "bytealike", "byteanlike", "byteapos", "byteatrim", "div", "exp", "factorial", "gcd",
    "jsonb_contained", "jsonb_contains", "jsonb_delete", "jsonb_exists_all", "jsonb_exists_any", "lcm", "like",
    "like_escape", "ln", "log", "log10", "ltrim", "mod", "nameicnlike", "nameiclike", "namelike", "namenlike",
    "notlike", "numeric_div", "numeric_mod", "numeric_mul", "numeric_power", "on_ppath", "path_distance", "path_inter",
    "poly_contain", "poly_contain_pt", "poly_contained", "poly_distance", "poly_overlap", "position", "pow", "power",
    "regexp_count", "regexp_instr", "regexp_like", "regexp_match", "regexp_matches", "regexp_replace",
    "regexp_split_to_array", "regexp_split_to_table", "regexp_substr", "replace", "rtrim", "split_part", "sqrt",
    "string_to_array", "string_to_table", "strpos", "textlike", "texticlike", "texticnlike", "texticregexeq",
    "texticregexne", "textnlike", "textregexeq", "textregexne", "translate", "ts_headline", "ts_rank", "ts_rank_cd",
    "width_bucket", "bpcharregexeq", "bpcharregexne", "bpcharicregexeq", "bpcharicregexne", "array_positions",
];

/// Make much out of a number.
const REPEATING: [&str; 5] = ["array_fill", "lpad", "polygon", "repeat", "rpad"];

/// Long numbers out of short ones: looked at each time.
const GROWING: [&str; 9] = ["exp", "factorial", "ln", "log", "log10", "numeric_power", "pow", "power", "sqrt"];

const SORTING: [&str; 3] = ["json_object_agg", "jsonb_object_agg", "range_agg"];

/// The bound of a function of pg_catalog by its name; none: any argument's length counts once.
pub(super) fn of(name: &str) -> Bound {
    if PRODUCT_OF_LENGTHS.contains(&name) {
        Bound::Product
    } else if REPEATING.contains(&name) {
        Bound::Amount
    } else if SORTING.contains(&name) {
        Bound::Rows
    } else {
        Bound::Length
    }
}

/// Puts bounds around the arguments of a node in the query on top of the stack.
///
/// # Safety
/// `node` is a node that has been walked.
pub(super) unsafe fn arguments(walk: &mut Walk<'_>, node: *mut pg_sys::Node) {
    use pg_sys::NodeTag as Tag;
    // SAFETY: cast by tag; the cells of the list belong to the tree, which is ours to plan.
    unsafe {
        let list = match ffi::tag(node) {
            Tag::T_FuncExpr => (*node.cast::<pg_sys::FuncExpr>()).args,
            Tag::T_OpExpr => (*node.cast::<pg_sys::OpExpr>()).args,
            Tag::T_ScalarArrayOpExpr => (*node.cast::<pg_sys::ScalarArrayOpExpr>()).args,
            Tag::T_Aggref => return rows(walk, node.cast()),
            // a long text read as an array, a number, a document
            Tag::T_CoerceViaIO => {
                return single(walk, &mut (*node.cast::<pg_sys::CoerceViaIO>()).arg, Bound::Product);
            }
            Tag::T_ArrayCoerceExpr => {
                return single(walk, &mut (*node.cast::<pg_sys::ArrayCoerceExpr>()).arg, Bound::Length);
            }
            Tag::T_NullTest => return single(walk, &mut (*node.cast::<pg_sys::NullTest>()).arg, Bound::Length),
            _ => return,
        };
        let (Some(function), Some(oid)) = (walk.functions.bound(), called(node)) else { return };
        let known = walk.functions.get(oid);
        if !known.in_catalog {
            return;
        }
        let (bound, growing) = (known.bound, GROWING.contains(&known.name.as_str()));
        for index in 0..ffi::length(list) {
            let cell = (*list).elements.add(index);
            let argument = (*cell).ptr_value.cast::<pg_sys::Node>();
            let wanted = match bound {
                Bound::Amount => is_amount(argument),
                _ => growing && pg_sys::exprType(argument) == pg_sys::NUMERICOID,
            };
            if wanted || !Origin::new(walk).is_plain(argument) {
                let bound = if bound == Bound::Amount && !wanted { Bound::Length } else { bound };
                (*cell).ptr_value = wrapped(argument, function, bound).cast();
            }
        }
    }
}

unsafe fn single(walk: &mut Walk<'_>, argument: &mut *mut pg_sys::Expr, bound: Bound) {
    // SAFETY: an expression of the tree.
    unsafe {
        if let Some(function) = walk.functions.bound()
            && !Origin::new(walk).is_plain((*argument).cast())
        {
            *argument = wrapped((*argument).cast(), function, bound).cast();
        }
    }
}

/// Counts the rows of an aggregate that sorts them at its end.
unsafe fn rows(walk: &mut Walk<'_>, aggregate: *mut pg_sys::Aggref) {
    // SAFETY: an aggregate's arguments are target entries.
    unsafe {
        let known = walk.functions.get((*aggregate).aggfnoid);
        let sorts = known.in_catalog && known.bound == Bound::Rows;
        if let (true, Some(function), Some(first)) =
            (sorts, walk.functions.bound(), ffi::nth::<pg_sys::TargetEntry>((*aggregate).args, 1))
        {
            (*first).expr = wrapped((*first).expr.cast(), function, Bound::Rows).cast();
        }
    }
}

unsafe fn is_amount(argument: *mut pg_sys::Node) -> bool {
    // SAFETY: an expression of the tree.
    matches!(unsafe { pg_sys::exprType(argument) }, pg_sys::INT4OID | pg_sys::INT4ARRAYOID)
}

unsafe fn wrapped(argument: *mut pg_sys::Node, function: pg_sys::Oid, bound: Bound) -> *mut pg_sys::FuncExpr {
    // SAFETY: nodes in the memory of the check.
    unsafe {
        let collation = pg_sys::exprCollation(argument);
        let kind = pg_sys::makeConst(
            pg_sys::INT4OID,
            -1,
            pg_sys::InvalidOid,
            4,
            pg_sys::Datum::from(bound as i32),
            false,
            true,
        );
        let list = pg_sys::lappend(std::ptr::null_mut(), argument.cast());
        pg_sys::makeFuncExpr(
            function,
            pg_sys::exprType(argument),
            pg_sys::lappend(list, kind.cast()),
            collation,
            collation,
            pg_sys::CoercionForm::COERCE_IMPLICIT_CAST,
        )
    }
}

/// Why a constant may not stand in a statement: `1e131000` is short, and what is computed with it is not.
///
/// # Safety
/// `constant` is part of the tree being walked.
pub(super) unsafe fn refusal(walk: &Walk<'_>, constant: *mut pg_sys::Const) -> Option<Refusal> {
    // SAFETY: a value of type numeric lies behind its length; its first two bytes say how the rest is laid out.
    unsafe {
        if (*constant).consttype != pg_sys::NUMERICOID || (*constant).constisnull {
            return None;
        }
        let value = pg_sys::pg_detoast_datum((*constant).constvalue.cast_mut_ptr()).cast::<u8>();
        let header = value.add(4).cast::<u16>().read_unaligned();
        // short numbers have neither many digits nor many behind the point
        if header & 0xC000 >= 0x8000 {
            return None;
        }
        let weight = i32::from(value.add(6).cast::<i16>().read_unaligned());
        let digits = 4 * weight.max(0) + i32::from(header & 0x3FFF);
        (digits > MOST_DIGITS).then(|| Refusal {
            position: position(walk.sql, (*constant).location),
            ..refuse(Stage::Policy, "54000", format!("a number of {digits} digits, more than {MOST_DIGITS}"))
        })
    }
}
