//! One-step changes of a statement, made in its raw parse tree: a condition dropped, a comparison turned, a constant
//! moved by one, another join, aggregate, order or set operation. What comes of it goes through the whole gate like any
//! statement. Where a change leaves the result as it is, nobody who looks at results can tell the two apart.
//!
//! Equalities between two columns are left alone: without them a join is a product, which is no near miss.

use super::ffi;
use super::parse::refuse;
use crate::candidate::{Refusal, Stage};
use pgrx::{pg_guard, pg_sys};
use std::ffi::{CStr, c_char, c_int, c_void};

/// Changes that are tried of one statement.
pub(super) const MOST: usize = 32;

/// A change that was made: its kind, and where in the text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    pub kind: &'static str,
    pub location: c_int,
}

/// Counts the places for a change, in the order of the tree, and makes the one that is wanted.
pub(super) struct Mutator {
    wanted: usize,
    places: usize,
    pub made: Option<Change>,
    /// Constants that are positions: `ORDER BY 2`.
    positions: Vec<*mut pg_sys::Node>,
}

impl Mutator {
    pub fn making(wanted: usize) -> Mutator {
        Mutator { wanted, places: 0, made: None, positions: Vec::new() }
    }

    /// Takes all conditions from the statement at once.
    pub fn unfiltering() -> Mutator {
        Mutator::making(usize::MAX)
    }

    /// # Safety
    /// `raw` comes from the parser, in the sandbox.
    pub unsafe fn run(&mut self, raw: *mut pg_sys::RawStmt) -> Result<(), Refusal> {
        // SAFETY: contract of this function; `self` outlives the walk; the statement is a SELECT.
        unsafe {
            if self.wanted == usize::MAX {
                (*(*raw).stmt.cast::<pg_sys::SelectStmt>()).whereClause = std::ptr::null_mut();
                return Ok(());
            }
            enter((*raw).stmt, (self as *mut Mutator).cast());
        }
        match self.made {
            Some(_) => Ok(()),
            None => Err(refuse(Stage::Parse, "02000", "there is nothing more to change")),
        }
    }

    /// A place for a change; true where it is the wanted one, and so to be made.
    fn place(&mut self, kind: &'static str, location: c_int) -> bool {
        let wanted = self.wanted == self.places;
        self.places += 1;
        if wanted {
            self.made = Some(Change { kind, location });
        }
        wanted
    }

    unsafe fn select(&mut self, select: &mut pg_sys::SelectStmt) {
        // SAFETY: a statement of the raw tree; lists of nodes.
        unsafe {
            for key in ffi::pointers::<pg_sys::Node>(select.groupClause) {
                self.positions.push(key);
            }
            self.conditions(&mut select.whereClause);
            self.conditions(&mut select.havingClause);
            // DISTINCT alone is a list of one NULL
            let plain = ffi::nth::<pg_sys::Node>(select.distinctClause, 1).is_some_and(|first| first.is_null());
            if plain && self.place("distinct", -1) {
                select.distinctClause = std::ptr::null_mut();
            }
            match select.op {
                pg_sys::SetOperation::SETOP_UNION if self.place("set_op", -1) => select.all = !select.all,
                pg_sys::SetOperation::SETOP_INTERSECT if self.place("set_op", -1) => {
                    select.op = pg_sys::SetOperation::SETOP_EXCEPT;
                }
                pg_sys::SetOperation::SETOP_EXCEPT if self.place("set_op", -1) => {
                    select.op = pg_sys::SetOperation::SETOP_INTERSECT;
                }
                _ => {}
            }
        }
    }

    /// Each condition of a WHERE or HAVING may be dropped.
    unsafe fn conditions(&mut self, clause: &mut *mut pg_sys::Node) {
        // SAFETY: an expression of the raw tree, cast by tag.
        unsafe {
            if clause.is_null() || is_key(*clause) {
                return;
            }
            if !is_conjunction(*clause) {
                if self.place("condition", pg_sys::exprLocation(*clause)) {
                    *clause = std::ptr::null_mut();
                }
                return;
            }
            let list = (*clause.cast::<pg_sys::BoolExpr>()).args;
            let arguments: Vec<*mut pg_sys::Node> = ffi::pointers(list).collect();
            for (index, argument) in arguments.into_iter().enumerate() {
                if !is_key(argument) && self.place("condition", pg_sys::exprLocation(argument)) {
                    (*clause.cast::<pg_sys::BoolExpr>()).args = pg_sys::list_delete_nth_cell(list, index as c_int);
                    return;
                }
            }
        }
    }

    unsafe fn expression(&mut self, expression: &mut pg_sys::A_Expr) {
        use pg_sys::A_Expr_Kind as K;
        // SAFETY: an expression of the raw tree; the last part of its name is a text.
        unsafe {
            if is_key((expression as *mut pg_sys::A_Expr).cast()) {
                return;
            }
            let turned = match expression.kind {
                K::AEXPR_BETWEEN if self.place("comparison", expression.location) => {
                    expression.kind = K::AEXPR_NOT_BETWEEN;
                    return;
                }
                K::AEXPR_NOT_BETWEEN if self.place("comparison", expression.location) => {
                    expression.kind = K::AEXPR_BETWEEN;
                    return;
                }
                K::AEXPR_OP | K::AEXPR_IN | K::AEXPR_LIKE | K::AEXPR_ILIKE => turned(&last_name(expression.name)),
                _ => None,
            };
            if let Some((kind, operator)) = turned
                && self.place(kind, expression.location)
            {
                rename(expression.name, operator);
            }
        }
    }

    unsafe fn call(&mut self, call: &mut pg_sys::FuncCall) {
        // SAFETY: a call of the raw tree.
        unsafe {
            let name = last_name(call.funcname);
            let other = match name.as_str() {
                "sum" => Some(c"avg"),
                "avg" => Some(c"sum"),
                "min" => Some(c"max"),
                "max" => Some(c"min"),
                "rank" => Some(c"dense_rank"),
                "dense_rank" | "row_number" => Some(c"rank"),
                "lag" => Some(c"lead"),
                "lead" => Some(c"lag"),
                _ => None,
            };
            if let Some(other) = other
                && self.place("aggregate", call.location)
            {
                return rename(call.funcname, other);
            }
            let distinct = call.agg_distinct || name == "count" && !call.agg_star && call.over.is_null();
            if distinct && self.place("distinct", call.location) {
                call.agg_distinct = !call.agg_distinct;
                return;
            }
            if !call.agg_filter.is_null() && self.place("condition", pg_sys::exprLocation(call.agg_filter)) {
                call.agg_filter = std::ptr::null_mut();
            }
        }
    }

    unsafe fn join(&mut self, join: &mut pg_sys::JoinExpr) {
        use pg_sys::JoinType as J;
        let product = join.quals.is_null() && join.usingClause.is_null() && !join.isNatural;
        let other = match join.jointype {
            J::JOIN_INNER if !product => J::JOIN_LEFT,
            J::JOIN_LEFT | J::JOIN_RIGHT => J::JOIN_INNER,
            J::JOIN_FULL => J::JOIN_LEFT,
            _ => return,
        };
        // SAFETY: the right side of a join is there, and is a node.
        if self.place("join", unsafe { pg_sys::exprLocation(join.rarg) }) {
            join.jointype = other;
        }
    }

    unsafe fn constant(&mut self, constant: &mut pg_sys::A_Const) {
        let node: *mut pg_sys::Node = (constant as *mut pg_sys::A_Const).cast();
        if constant.isnull || self.positions.contains(&node) {
            return;
        }
        // SAFETY: the member of the union that its tag says; texts end in NUL.
        unsafe {
            match constant.val.node.type_ {
                pg_sys::NodeTag::T_Integer if self.place("constant", constant.location) => {
                    let value = constant.val.ival.ival;
                    constant.val.ival.ival = value.checked_add(1).unwrap_or(value - 1);
                }
                pg_sys::NodeTag::T_Boolean if self.place("constant", constant.location) => {
                    constant.val.boolval.boolval = !constant.val.boolval.boolval;
                }
                pg_sys::NodeTag::T_Float => {
                    let text = ffi::owned(constant.val.fval.fval);
                    let fraction = text.contains('.') && !text.contains(['e', 'E']);
                    if fraction && self.place("constant", constant.location) {
                        constant.val.fval.fval = copied(&format!("{text}1"));
                    }
                }
                pg_sys::NodeTag::T_String => {
                    let day = next_day(&ffi::owned(constant.val.sval.sval));
                    if let Some(day) = day
                        && self.place("constant", constant.location)
                    {
                        constant.val.sval.sval = copied(&day);
                    }
                }
                _ => {}
            }
        }
    }
}

/// The nearest other operator, and the kind of that change.
fn turned(operator: &str) -> Option<(&'static str, &'static CStr)> {
    Some(match operator {
        "<" => ("comparison", c"<="),
        "<=" => ("comparison", c"<"),
        ">" => ("comparison", c">="),
        ">=" => ("comparison", c">"),
        "=" => ("comparison", c"<>"),
        "<>" => ("comparison", c"="),
        "~~" => ("comparison", c"!~~"),
        "!~~" => ("comparison", c"~~"),
        "~~*" => ("comparison", c"!~~*"),
        "!~~*" => ("comparison", c"~~*"),
        "+" => ("operator", c"-"),
        "-" => ("operator", c"+"),
        _ => return None,
    })
}

/// The day after a date, or before it at the end of a month, whatever follows the date.
fn next_day(text: &str) -> Option<String> {
    let day: u32 = text.get(8..10)?.parse().ok()?;
    let dated = text.bytes().take(10).enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    let other = if day < 28 { day + 1 } else { day - 1 };
    dated.then(|| format!("{}{other:02}{}", &text[..8], &text[10..]))
}

/// An equality between two columns.
unsafe fn is_key(node: *mut pg_sys::Node) -> bool {
    // SAFETY: an expression of the raw tree, cast by tag.
    unsafe {
        if ffi::tag(node) != pg_sys::NodeTag::T_A_Expr {
            return false;
        }
        let expression = &*node.cast::<pg_sys::A_Expr>();
        let column = |side| ffi::tag::<pg_sys::Node>(side) == pg_sys::NodeTag::T_ColumnRef;
        last_name(expression.name) == "=" && column(expression.lexpr) && column(expression.rexpr)
    }
}

unsafe fn is_conjunction(node: *mut pg_sys::Node) -> bool {
    // SAFETY: an expression of the raw tree, cast by tag.
    unsafe {
        ffi::tag(node) == pg_sys::NodeTag::T_BoolExpr
            && (*node.cast::<pg_sys::BoolExpr>()).boolop == pg_sys::BoolExprType::AND_EXPR
    }
}

unsafe fn last_name(name: *mut pg_sys::List) -> String {
    // SAFETY: names are lists of texts.
    unsafe {
        let last = ffi::nth::<pg_sys::String>(name, ffi::length(name));
        last.map(|text| ffi::owned((*text).sval)).unwrap_or_default()
    }
}

unsafe fn rename(name: *mut pg_sys::List, other: &'static CStr) {
    // SAFETY: as above; the new text lives as long as the program.
    unsafe {
        if let Some(text) = ffi::nth::<pg_sys::String>(name, ffi::length(name)) {
            (*text).sval = other.as_ptr().cast_mut();
        }
    }
}

/// In the memory of the check.
fn copied(text: &str) -> *mut c_char {
    let text = std::ffi::CString::new(text).unwrap_or_default();
    // SAFETY: a text that ends in NUL.
    unsafe { pg_sys::pstrdup(text.as_ptr()) }
}

/// For the server alone, as in `parse`.
#[pg_guard]
unsafe extern "C-unwind" fn visit(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    // SAFETY: handed through.
    unsafe { enter(node, context) }
}

/// True stops the walk: the change is made.
unsafe fn enter(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    use pg_sys::NodeTag as Tag;
    if node.is_null() {
        return false;
    }
    let mutator = context.cast::<Mutator>();
    // SAFETY: nodes of the type that their tags say; no reference to the state is alive while the walk goes on.
    unsafe {
        match ffi::tag(node) {
            Tag::T_TypeName => return false,
            Tag::T_SelectStmt => (*mutator).select(&mut *node.cast()),
            Tag::T_A_Expr => (*mutator).expression(&mut *node.cast()),
            Tag::T_FuncCall => (*mutator).call(&mut *node.cast()),
            Tag::T_JoinExpr => (*mutator).join(&mut *node.cast()),
            Tag::T_A_Const => (*mutator).constant(&mut *node.cast()),
            Tag::T_NullTest => {
                let test = &mut *node.cast::<pg_sys::NullTest>();
                if (*mutator).place("comparison", test.location) {
                    test.nulltesttype = match test.nulltesttype {
                        pg_sys::NullTestType::IS_NULL => pg_sys::NullTestType::IS_NOT_NULL,
                        _ => pg_sys::NullTestType::IS_NULL,
                    };
                }
            }
            Tag::T_BoolExpr => connective(&mut *mutator, &mut *node.cast()),
            Tag::T_SortBy => {
                let key = &mut *node.cast::<pg_sys::SortBy>();
                (*mutator).positions.push(key.node);
                if (*mutator).place("order", pg_sys::exprLocation(key.node)) {
                    key.sortby_dir = match key.sortby_dir {
                        pg_sys::SortByDir::SORTBY_DESC => pg_sys::SortByDir::SORTBY_ASC,
                        _ => pg_sys::SortByDir::SORTBY_DESC,
                    };
                }
            }
            _ => {}
        }
        (*mutator).made.is_some() || ffi::walk_raw(node, Some(visit), context)
    }
}

unsafe fn connective(mutator: &mut Mutator, bool: &mut pg_sys::BoolExpr) {
    // SAFETY: a list of expressions of the raw tree.
    let joins = unsafe { ffi::pointers::<pg_sys::Node>(bool.args).any(|argument| is_key(argument)) };
    let other = match bool.boolop {
        pg_sys::BoolExprType::AND_EXPR if !joins => pg_sys::BoolExprType::OR_EXPR,
        pg_sys::BoolExprType::OR_EXPR => pg_sys::BoolExprType::AND_EXPR,
        _ => return,
    };
    if mutator.place("connective", bool.location) {
        bool.boolop = other;
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn dates_move_by_a_day_within_their_month() {
        assert_eq!(super::next_day("2024-01-15").as_deref(), Some("2024-01-16"));
        assert_eq!(super::next_day("2024-02-29 10:00").as_deref(), Some("2024-02-28 10:00"));
        assert_eq!(super::next_day("2024-01-1"), None);
        assert_eq!(super::next_day("abcd-ef-15"), None);
        assert_eq!(super::next_day("über 2024-01-15"), None);
    }
}
