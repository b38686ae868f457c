//! One walk of the analysed tree, before views are expanded: what it reads, calls and is made of.

use super::functions::Functions;
use super::parse::{hinted, position, refuse};
use super::relations::Relations;
use super::sizes::{MOST_EXPANDED, Sizes};
use super::{Limits, bound, domain, fanout, features, ffi, literals, stored};
use crate::candidate::{Refusal, Stage};
use pgrx::{pg_guard, pg_sys};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{CStr, c_void};

/// What kind of query a level of the stack is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Top,
    SubLink,
    From,
    /// One side of a set operation.
    Branch,
    Cte,
}

pub(super) struct Level {
    pub query: *mut pg_sys::Query,
    pub kind: Kind,
    /// Name and weight of each CTE, in order.
    ctes: Vec<(String, u32)>,
    /// Aggregates of this level: number, and the columns that each measures.
    pub aggregates: u32,
    pub measured: Vec<BTreeSet<fanout::Column>>,
    /// Range-table entries of this level and below it, CTEs counted at each use.
    weight: u32,
}

/// What the walk finds.
#[derive(Default)]
pub(super) struct Found {
    pub relations: BTreeSet<u32>,
    pub columns: BTreeSet<(u32, i16)>,
    pub functions: BTreeSet<u32>,
    /// Functions that the grammar has nodes of its own for: `coalesce`, `current_date`, ...
    pub special: BTreeSet<&'static str>,
    pub features: BTreeSet<&'static str>,
    pub joins: u32,
    pub depth: u32,
    pub weight: u32,
    /// Columns of tables after each column of a subquery or CTE is replaced by what it stands for.
    pub expanded: u64,
    /// With its place in the text.
    pub literals: Vec<(i32, crate::candidate::facts::Literal)>,
    /// Subqueries, CTEs, set operations and window clauses of all levels.
    pub nested: u32,
    /// Aggregates of the outermost query.
    pub top_aggregates: u32,
    pub fan_out: bool,
}

pub(super) struct Walk<'a> {
    pub functions: &'a mut Functions,
    pub relations: &'a mut Relations,
    pub sql: &'a str,
    pub limits: &'a Limits,
    pub levels: Vec<Level>,
    pub found: Found,
    pending: Kind,
    /// Constants met beside a column, with the column, before the walk reaches them.
    pub beside: BTreeMap<usize, (u32, i16)>,
    sizes: Sizes,
    refusal: Option<Refusal>,
}

impl<'a> Walk<'a> {
    pub fn new(functions: &'a mut Functions, relations: &'a mut Relations, sql: &'a str, limits: &'a Limits) -> Self {
        Walk {
            functions,
            relations,
            sql,
            limits,
            levels: Vec::new(),
            found: Found::default(),
            pending: Kind::Top,
            beside: BTreeMap::new(),
            sizes: Sizes::default(),
            refusal: None,
        }
    }

    /// # Safety
    /// `query` comes from parse analysis, in the sandbox.
    pub unsafe fn run(mut self, query: *mut pg_sys::Query) -> Result<Found, Refusal> {
        // SAFETY: contract of this function; `self` outlives the walk.
        unsafe { enter(query.cast(), (&raw mut self).cast()) };
        match self.refusal {
            Some(refusal) => Err(refusal),
            None => Ok(self.found),
        }
    }

    fn stop(&mut self, refusal: Refusal) -> bool {
        self.refusal.get_or_insert(refusal);
        true
    }

    pub fn feature(&mut self, name: &'static str) {
        self.found.features.insert(name);
    }

    /// The function rule for one node. True stops.
    unsafe fn function(&mut self, oid: pg_sys::Oid, node: *mut pg_sys::Node) -> bool {
        let function = self.functions.get(oid);
        // SAFETY: a node of the tree being walked.
        let (tag, location) = unsafe { (ffi::tag(node), pg_sys::exprLocation(node)) };
        let machinery =
            function.machinery.then(|| format!("function {} is a part of the server's machinery", function.name));
        if let Some(reason) = function.refusal.clone().or(machinery) {
            let mut refusal = refuse(Stage::Policy, "42501", reason);
            refusal.position = position(self.sql, location);
            return self.stop(hinted(refusal, "A superuser can list the function in nlsql.allowed_function."));
        }
        // SAFETY: cast by tag.
        let called = unsafe { explicit_call(node) };
        let operator = matches!(tag, pg_sys::NodeTag::T_OpExpr | pg_sys::NodeTag::T_ScalarArrayOpExpr);
        for name in &function.traits {
            let date = *name == "date_fn";
            let counts = if date { tag == pg_sys::NodeTag::T_FuncExpr && called } else { called || operator };
            if counts && !(tag == pg_sys::NodeTag::T_ScalarArrayOpExpr && *name == "array") {
                self.found.features.insert(name);
            }
        }
        if called {
            self.found.functions.insert(oid.to_u32());
        }
        false
    }

    unsafe fn range_table_entry(&mut self, entry: *mut pg_sys::RangeTblEntry) -> bool {
        use pg_sys::RTEKind as R;
        // SAFETY: an entry of the query on top of the stack.
        unsafe {
            let mut weight = 1;
            if (*entry).lateral {
                self.feature("lateral");
            }
            match (*entry).rtekind {
                R::RTE_RELATION => {
                    let relation = self.relations.get((*entry).relid, self.functions);
                    if let Some((sqlstate, message, hint)) = &relation.refusal {
                        let message = format!("{message}: {}", relation.qualified);
                        return self.stop(hinted(refuse(Stage::Policy, sqlstate, message), *hint));
                    }
                    self.found.relations.insert((*entry).relid.to_u32());
                    weight = relation.entries;
                    let sample = (*entry).tablesample;
                    if !sample.is_null() && (*sample).tsmhandler.to_u32() >= 16384 {
                        return self.stop(refuse(Stage::Policy, "42501", "this table sampling method is not allowed"));
                    }
                }
                R::RTE_SUBQUERY => {
                    weight = 0; // its own entries count
                    let set_operation = self.levels.last().is_some_and(|level| !(*level.query).setOperations.is_null());
                    self.pending = if set_operation { Kind::Branch } else { Kind::From };
                    if self.pending == Kind::From && !features::is_values((*entry).subquery) {
                        self.feature("subq_from");
                        self.found.nested += 1;
                    }
                }
                R::RTE_VALUES => self.feature("values"),
                R::RTE_CTE => weight = self.cte_weight(entry),
                R::RTE_JOIN => weight = 0,
                _ => {}
            }
            if let Some(level) = self.levels.last_mut() {
                level.weight = level.weight.saturating_add(weight);
            }
            false
        }
    }

    unsafe fn cte_weight(&self, entry: *mut pg_sys::RangeTblEntry) -> u32 {
        // SAFETY: an entry that refers to a CTE has its name.
        let (name, up) = unsafe { (CStr::from_ptr((*entry).ctename), (*entry).ctelevelsup as usize) };
        let level = self.levels.len().checked_sub(up + 1).and_then(|index| self.levels.get(index));
        level
            .and_then(|level| level.ctes.iter().find(|(known, _)| known.as_bytes() == name.to_bytes()))
            .map_or(1, |(_, weight)| *weight)
    }

    unsafe fn var(&mut self, node: *mut pg_sys::Node) {
        let mut columns = BTreeSet::new();
        let queries: Vec<_> = self.levels.iter().map(|level| level.query).collect();
        // SAFETY: a Var of the query on top of the stack.
        unsafe {
            let up = (*node.cast::<pg_sys::Var>()).varlevelsup as usize;
            if up > 0 {
                let crossed = self.levels.len().checked_sub(up).and_then(|index| self.levels.get(index));
                if crossed.is_some_and(|level| level.kind == Kind::SubLink) {
                    self.found.features.insert("subq_correlated");
                }
            }
            literals::sources(&queries, node, &mut columns);
        }
        // SAFETY: as above.
        self.found.expanded = self.found.expanded.saturating_add(unsafe { self.sizes.of(&queries, node) });
        for (relation, number) in columns {
            if number > 0 {
                self.found.columns.insert((relation, number));
            } else if number == 0 {
                let all = self.relations.get(pg_sys::Oid::from(relation), self.functions);
                let live = all.columns.iter().enumerate().filter(|(_, name)| name.is_some());
                self.found.columns.extend(live.filter_map(|(at, _)| Some((relation, i16::try_from(at + 1).ok()?))));
            }
        }
    }
}

/// Whether the author wrote a function call, and not a cast or an operator.
unsafe fn explicit_call(node: *mut pg_sys::Node) -> bool {
    use pg_sys::CoercionForm as C;
    // SAFETY: cast by tag.
    unsafe {
        match ffi::tag(node) {
            pg_sys::NodeTag::T_FuncExpr => {
                matches!((*node.cast::<pg_sys::FuncExpr>()).funcformat, C::COERCE_EXPLICIT_CALL | C::COERCE_SQL_SYNTAX)
            }
            pg_sys::NodeTag::T_Aggref | pg_sys::NodeTag::T_WindowFunc => true,
            _ => false,
        }
    }
}

/// For the server alone, as in `parse`.
#[pg_guard]
unsafe extern "C-unwind" fn visit(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    // SAFETY: handed through.
    unsafe { enter(node, context) }
}

/// True stops the walk.
unsafe fn enter(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    use pg_sys::NodeTag as Tag;
    if node.is_null() {
        return false;
    }
    let walk = context.cast::<Walk<'_>>();
    // SAFETY: nodes of the type that their tags say; `run` hands its state down, and no reference to it is alive
    // while the walk goes on.
    unsafe {
        if let Some(oid) = stored::called(node)
            && (*walk).function(oid, node)
        {
            return true;
        }
        match ffi::tag(node) {
            Tag::T_Query => return query(node.cast(), walk),
            Tag::T_RangeTblEntry => return (*walk).range_table_entry(node.cast()),
            Tag::T_Var => (*walk).var(node),
            Tag::T_Const => match bound::refusal(&*walk, node.cast()) {
                Some(refusal) => return (*walk).stop(refusal),
                None => literals::constant(&mut *walk, node.cast()),
            },
            Tag::T_SubLink => return sublink(node.cast(), walk),
            Tag::T_Aggref => aggregate(&mut *walk, node.cast()),
            Tag::T_WindowFunc if !(*node.cast::<pg_sys::WindowFunc>()).aggfilter.is_null() => (*walk).feature("filter"),
            Tag::T_NextValueExpr | Tag::T_CurrentOfExpr => {
                return (*walk).stop(refuse(Stage::Policy, "0A000", "this expression is not allowed"));
            }
            Tag::T_CoerceToDomain => {
                if let Some(refusal) = domain::refusal(&mut *walk, node.cast()) {
                    return (*walk).stop(refusal);
                }
            }
            Tag::T_TableFunc => {
                let message = "XMLTABLE is not allowed: no time limit reaches XPath";
                return (*walk).stop(refuse(Stage::Policy, "0A000", message));
            }
            _ => features::shape(&mut *walk, node),
        }
        if ffi::walk_expression(node, Some(visit), context) {
            return true;
        }
        // last, since what it puts in is not the statement's
        bound::arguments(&mut *walk, node);
        false
    }
}

/// One query level: its CTEs first, so that their weights are known where they are used.
unsafe fn query(query: *mut pg_sys::Query, walk: *mut Walk<'_>) -> bool {
    // SAFETY: as `enter`.
    unsafe {
        let kind = std::mem::replace(&mut (*walk).pending, Kind::From);
        if (*query).commandType != pg_sys::CmdType::CMD_SELECT
            || !(*query).utilityStmt.is_null()
            || (*query).hasModifyingCTE
            || (*query).hasForUpdate
            || !(*query).rowMarks.is_null()
        {
            return (*walk).stop(refuse(Stage::Policy, "0A000", "only reading is allowed"));
        }
        ffi::check_permissions(query);
        if let Some(refusal) = features::too_many_sets(query) {
            return (*walk).stop(refusal);
        }
        (*walk).levels.push(Level { query, kind, ctes: Vec::new(), aggregates: 0, measured: Vec::new(), weight: 0 });
        let depth = (*walk).levels.iter().filter(|level| level.kind != Kind::Branch).count();
        (*walk).found.depth = (*walk).found.depth.max(u32::try_from(depth).unwrap_or(u32::MAX));
        for cte in ffi::pointers::<pg_sys::CommonTableExpr>((*query).cteList) {
            (*walk).found.nested += 1;
            (*walk).pending = Kind::Cte;
            let before = (*walk).found.weight;
            if enter((*cte).ctequery, walk.cast()) {
                return true;
            }
            let weight = (*walk).found.weight;
            (*walk).found.weight = before;
            if let Some(level) = (*walk).levels.last_mut() {
                level.ctes.push((ffi::owned((*cte).ctename), weight.max(1)));
            }
        }
        features::clauses(&mut *walk, query, kind);
        let flags =
            pg_sys::QTW_EXAMINE_RTES_BEFORE | pg_sys::QTW_IGNORE_JOINALIASES | pg_sys::QTW_IGNORE_CTE_SUBQUERIES;
        if ffi::walk_query(query, Some(visit), walk.cast(), flags) {
            return true;
        }
        close(&mut *walk)
    }
}

/// Takes the level off the stack and adds it up.
fn close(walk: &mut Walk<'_>) -> bool {
    let Some(weight) = walk.levels.last().map(|level| level.weight) else { return false };
    if weight > walk.limits.range_table {
        let message = format!("statement reads {weight} relations, more than {}", walk.limits.range_table);
        return walk.stop(refuse(Stage::Policy, "54000", message));
    }
    // SAFETY: the level's query is still the tree being walked.
    walk.found.fan_out |= unsafe { fanout::counts_twice(walk) };
    let Some(level) = walk.levels.pop() else { return false };
    match walk.levels.last_mut() {
        Some(parent) if level.kind != Kind::Cte => parent.weight = parent.weight.saturating_add(level.weight),
        Some(_) => walk.found.weight = level.weight,
        None => {
            walk.found.weight = level.weight;
            walk.found.top_aggregates = level.aggregates;
        }
    }
    if walk.found.expanded > MOST_EXPANDED {
        let message = "subqueries that build on each other make too large an expression";
        return walk.stop(refuse(Stage::Policy, "54001", message));
    }
    if walk.found.joins > walk.limits.joins {
        let message = format!("statement has {} joins, more than {}", walk.found.joins, walk.limits.joins);
        return walk.stop(refuse(Stage::Policy, "54000", message));
    }
    false
}

unsafe fn sublink(link: *mut pg_sys::SubLink, walk: *mut Walk<'_>) -> bool {
    use pg_sys::SubLinkType as S;
    // SAFETY: as `enter`.
    unsafe {
        (*walk).feature(match (*link).subLinkType {
            S::EXISTS_SUBLINK => "subq_exists",
            S::ANY_SUBLINK | S::ALL_SUBLINK => "subq_in",
            _ => "subq_scalar",
        });
        if (*link).subLinkType == S::ARRAY_SUBLINK {
            (*walk).feature("array");
        }
        (*walk).found.nested += 1;
        if enter((*link).testexpr, walk.cast()) {
            return true;
        }
        (*walk).pending = Kind::SubLink;
        enter((*link).subselect, walk.cast())
    }
}

unsafe fn aggregate(walk: &mut Walk<'_>, aggregate: *mut pg_sys::Aggref) {
    // SAFETY: as `enter`.
    unsafe {
        walk.feature("aggregate");
        if !(*aggregate).aggfilter.is_null() {
            walk.feature("filter");
        }
        if (*aggregate).aggkind as u8 != b'n' {
            walk.feature("ordered_set_agg");
        }
        let up = (*aggregate).agglevelsup as usize;
        let index = walk.levels.len().checked_sub(up + 1);
        if let Some(level) = index.and_then(|index| walk.levels.get_mut(index)) {
            level.aggregates += 1;
        }
        if up == 0 {
            fanout::measure(walk, aggregate);
        }
    }
}
