//! Text limits and the raw parse tree: exactly one statement, a SELECT that neither writes, locks nor nests too deep.

use super::{Limits, ffi};
use crate::candidate::{Refusal, Stage};
use pgrx::{pg_guard, pg_sys};
use std::ffi::{CString, c_int, c_void};

pub(super) fn refuse(stage: Stage, sqlstate: &str, message: impl Into<String>) -> Refusal {
    Refusal { stage, sqlstate: sqlstate.to_owned(), message: message.into(), detail: None, hint: None, position: None }
}

pub(super) fn hinted(mut refusal: Refusal, hint: impl Into<String>) -> Refusal {
    refusal.hint = Some(hint.into());
    refusal
}

/// 1-based position in characters of a byte offset that the parser gave.
pub(super) fn position(sql: &str, location: c_int) -> Option<u32> {
    let offset = usize::try_from(location).ok()?;
    let characters = sql.char_indices().take_while(|(at, _)| *at < offset).count();
    u32::try_from(characters).ok()?.checked_add(1)
}

/// The text for the parser: within limits, without NUL, without one trailing semicolon.
pub(super) fn text(sql: &str, limits: &Limits) -> Result<CString, Refusal> {
    if sql.len() > limits.text_bytes {
        let message = format!("statement has {} bytes, more than {}", sql.len(), limits.text_bytes);
        return Err(refuse(Stage::Text, "54000", message));
    }
    let body = sql.trim_end();
    let body = body.strip_suffix(';').unwrap_or(body);
    if body.trim().is_empty() {
        return Err(refuse(Stage::Text, "42601", "statement is empty"));
    }
    CString::new(body).map_err(|_| refuse(Stage::Text, "22021", "statement holds a NUL character"))
}

/// The one statement of the text. Must run in the sandbox: the parser may raise an ERROR.
pub(super) fn parse(text: &CString, limits: &Limits) -> Result<*mut pg_sys::RawStmt, Refusal> {
    // SAFETY: the text is NUL-terminated and outlives the tree; the list holds RawStmt nodes.
    let (count, first) = unsafe {
        let list = pg_sys::raw_parser(text.as_ptr(), pg_sys::RawParseMode::RAW_PARSE_DEFAULT);
        (ffi::length(list), ffi::nth::<pg_sys::RawStmt>(list, 1))
    };
    let (1, Some(statement)) = (count, first) else {
        let message = if count == 0 { "there is no statement" } else { "there is more than one statement" };
        return Err(hinted(refuse(Stage::Parse, "42601", message), "Give exactly one SELECT."));
    };
    // SAFETY: a RawStmt holds a statement.
    let node = unsafe { (*statement).stmt };
    if unsafe_statement(node) {
        return Err(not_a_select(0, text));
    }
    inspect(node, text, limits)?;
    Ok(statement)
}

fn unsafe_statement(node: *mut pg_sys::Node) -> bool {
    // SAFETY: a node or NULL.
    unsafe { ffi::tag(node) != pg_sys::NodeTag::T_SelectStmt }
}

fn not_a_select(location: c_int, text: &CString) -> Refusal {
    let mut refusal = refuse(Stage::Parse, "0A000", "only SELECT is allowed");
    refusal.hint = Some("Ask for rows; nothing can be changed, locked, called or set here.".to_owned());
    refusal.position = text.to_str().ok().and_then(|t| position(t, location)).filter(|p| *p > 1);
    refusal
}

/// State of the walk over the raw tree.
struct Inspection<'a> {
    text: &'a CString,
    limit: u32,
    depth: u32,
    refusal: Option<Refusal>,
}

fn inspect(node: *mut pg_sys::Node, text: &CString, limits: &Limits) -> Result<(), Refusal> {
    let mut state = Inspection { text, limit: limits.tree_depth, depth: 0, refusal: None };
    // SAFETY: the state outlives the walk; a raw tree straight from the parser.
    unsafe { enter(node, (&raw mut state).cast()) };
    state.refusal.map_or(Ok(()), Err)
}

/// What the server calls for each node. Rust calls [`enter`]: a guard turns a panic into a jump to the server's own
/// handler, which lies outside the sandbox where no call of the server is between.
#[pg_guard]
unsafe extern "C-unwind" fn visit(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    // SAFETY: handed through.
    unsafe { enter(node, context) }
}

/// True stops the walk. Bounded depth also bounds the recursion here and in the server's later steps.
unsafe fn enter(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    if node.is_null() {
        return false;
    }
    // SAFETY: `inspect` hands its state down; no reference to it is alive across the recursion.
    let state = unsafe { &mut *context.cast::<Inspection<'_>>() };
    // SAFETY: a node of the raw tree, of the type that its tag says.
    let (tag, refusal) = unsafe { (ffi::tag(node), forbidden(node, state.text)) };
    if refusal.is_some() {
        state.refusal = refusal;
        return true;
    }
    let step = u32::from(tag != pg_sys::NodeTag::T_List);
    state.depth += step;
    if state.depth > state.limit {
        let message = format!("statement is nested more than {} levels deep", state.limit);
        state.refusal = Some(refuse(Stage::Parse, "54001", message));
        return true;
    }
    // SAFETY: as above.
    let stop = unsafe { ffi::walk_raw(node, Some(visit), context) };
    // SAFETY: as above.
    unsafe { (*context.cast::<Inspection<'_>>()).depth -= step };
    stop
}

/// # Safety
/// `node` is a node of a raw tree.
unsafe fn forbidden(node: *mut pg_sys::Node, text: &CString) -> Option<Refusal> {
    use pg_sys::NodeTag as Tag;
    // SAFETY: cast by tag.
    unsafe {
        match ffi::tag(node) {
            Tag::T_SelectStmt => {
                let select = node.cast::<pg_sys::SelectStmt>();
                if !(*select).intoClause.is_null() {
                    return Some(refuse(Stage::Parse, "0A000", "SELECT INTO makes a table; only reading is allowed"));
                }
                let locking = !(*select).lockingClause.is_null();
                locking.then(|| refuse(Stage::Parse, "0A000", "row locks (FOR UPDATE, FOR SHARE) are not allowed"))
            }
            Tag::T_CommonTableExpr => {
                let query = (*node.cast::<pg_sys::CommonTableExpr>()).ctequery;
                let location = (*node.cast::<pg_sys::CommonTableExpr>()).location;
                unsafe_statement(query).then(|| not_a_select(location, text))
            }
            Tag::T_InsertStmt | Tag::T_UpdateStmt | Tag::T_DeleteStmt | Tag::T_MergeStmt => Some(not_a_select(0, text)),
            Tag::T_ParamRef => {
                let location = (*node.cast::<pg_sys::ParamRef>()).location;
                let mut refusal = refuse(Stage::Parse, "42P02", "parameters ($1) are not allowed");
                refusal.hint = Some("Write the value as a literal.".to_owned());
                refusal.position = text.to_str().ok().and_then(|t| position(t, location));
                Some(refusal)
            }
            _ => None,
        }
    }
}
