//! What the stored query of a view says of columns: which it sets equal, and which it hands on as they are. Nothing is
//! executed, looked up by name or locked: the tree is read as the catalog has it.

use super::fanout::is_equality;
use super::{ffi, literals};
use pgrx::{pg_guard, pg_sys};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{CStr, c_void};

/// A column by the number of its relation and its own.
pub(crate) type Place = (u32, i16);

#[derive(Debug, Default, PartialEq)]
pub(crate) struct Body {
    /// Pairs that hold for all rows of the query or of one of its subqueries.
    pub equal: BTreeSet<(Place, Place)>,
    /// Output columns that are a column of another relation and nothing else.
    pub outputs: BTreeMap<i16, Place>,
}

struct Reader {
    queries: Vec<*mut pg_sys::Query>,
    body: Body,
}

/// Reads `pg_rewrite.ev_action` of a view.
///
/// # Safety
/// `tree` comes from this database's catalog. Must run inside a transaction.
pub(crate) unsafe fn body(tree: &CStr) -> Body {
    let mut reader = Reader { queries: Vec::new(), body: Body::default() };
    // SAFETY: contract of this function; `reader` outlives the walk. After an error the context goes with its parent.
    unsafe {
        let parent = pg_sys::CurrentMemoryContext;
        let name = c"nlsql view".as_ptr();
        let own = pg_sys::AllocSetContextCreateInternal(parent, name, 0, 8 << 10, 8 << 20);
        pg_sys::CurrentMemoryContext = own;
        for query in ffi::pointers::<pg_sys::Node>(pg_sys::stringToNode(tree.as_ptr()).cast()) {
            enter(query, (&raw mut reader).cast());
        }
        pg_sys::CurrentMemoryContext = parent;
        pg_sys::MemoryContextDelete(own);
    }
    reader.body
}

/// For the server alone, as in `parse`.
#[pg_guard]
unsafe extern "C-unwind" fn visit(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    // SAFETY: handed through.
    unsafe { enter(node, context) }
}

unsafe fn enter(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    if node.is_null() {
        return false;
    }
    // SAFETY: nodes of the type that their tags say; no reference to the state is alive across the recursion.
    unsafe {
        let reader = context.cast::<Reader>();
        if ffi::tag(node) != pg_sys::NodeTag::T_Query {
            return ffi::walk_expression(node, Some(visit), context);
        }
        let query = node.cast::<pg_sys::Query>();
        (*reader).queries.push(query);
        (*reader).conditions((*query).jointree.cast());
        // of a union each branch has its own columns
        if (*reader).queries.len() == 1 && (*query).setOperations.is_null() {
            (*reader).outputs(query);
        }
        let stop = ffi::walk_query(query, Some(visit), context, pg_sys::QTW_IGNORE_JOINALIASES);
        (*reader).queries.pop();
        stop
    }
}

impl Reader {
    /// What the join tree of the query on top of the stack sets equal, whatever else holds.
    unsafe fn conditions(&mut self, node: *mut pg_sys::Node) {
        use pg_sys::NodeTag as Tag;
        // SAFETY: cast by tag; a join tree and its conditions.
        unsafe {
            match ffi::tag(node) {
                Tag::T_FromExpr => {
                    let from = node.cast::<pg_sys::FromExpr>();
                    self.all((*from).fromlist);
                    self.conditions((*from).quals);
                }
                Tag::T_JoinExpr => {
                    let join = node.cast::<pg_sys::JoinExpr>();
                    self.conditions((*join).larg);
                    self.conditions((*join).rarg);
                    self.conditions((*join).quals);
                }
                Tag::T_BoolExpr => {
                    let bool = node.cast::<pg_sys::BoolExpr>();
                    if (*bool).boolop == pg_sys::BoolExprType::AND_EXPR {
                        self.all((*bool).args);
                    }
                }
                Tag::T_List => self.all(node.cast()),
                Tag::T_OpExpr => {
                    let operator = node.cast::<pg_sys::OpExpr>();
                    let (left, right) = (ffi::nth((*operator).args, 1), ffi::nth((*operator).args, 2));
                    if let (Some(left), Some(right)) = (left, right)
                        && is_equality((*operator).opno)
                        && let (Some(left), Some(right)) = (self.place(left), self.place(right))
                        && left != right
                    {
                        self.body.equal.insert((left.min(right), left.max(right)));
                    }
                }
                _ => {}
            }
        }
    }

    unsafe fn all(&mut self, list: *mut pg_sys::List) {
        // SAFETY: a list of nodes.
        unsafe { ffi::pointers::<pg_sys::Node>(list).for_each(|node| self.conditions(node)) }
    }

    unsafe fn outputs(&mut self, query: *mut pg_sys::Query) {
        // SAFETY: the query on top of the stack.
        unsafe {
            for entry in ffi::pointers::<pg_sys::TargetEntry>((*query).targetList) {
                if let Some(place) = self.place((*entry).expr.cast()).filter(|_| !(*entry).resjunk) {
                    self.body.outputs.insert((*entry).resno, place);
                }
            }
        }
    }

    /// The one column that an expression stands for.
    unsafe fn place(&self, node: *mut pg_sys::Node) -> Option<Place> {
        let mut found = BTreeSet::new();
        // SAFETY: a part of the query on top of the stack.
        unsafe { literals::sources(&self.queries, node, &mut found) };
        let place = found.pop_first().filter(|_| found.is_empty());
        place.filter(|(_, number)| *number > 0)
    }
}
