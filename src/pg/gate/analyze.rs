//! From the walk's findings to [`Facts`], and what the gate asks the catalog beside the statement.

use super::features::join_leaves;
use super::functions::{Functions, parts};
use super::relations::Relations;
use super::walk::{Found, Walk};
use super::{Limits, ffi};
use crate::candidate::facts::Hardness;
use crate::candidate::{Facts, Refusal, text};
use crate::error::Result;
use pgrx::pg_sys;
use std::collections::BTreeSet;
use std::ffi::CString;
use std::sync::atomic::{AtomicBool, Ordering};

pub(super) struct Analysis {
    pub facts: Facts,
    /// Called by the bodies of trusted views and policies, and not by the general rule.
    pub calls: BTreeSet<u32>,
    pub whole_table: bool,
    /// Rows that the one table has, where nothing but a condition leaves any out.
    pub filtered: Option<f32>,
    pub fan_out: bool,
}

/// # Safety
/// `query` comes from parse analysis of `sql`, in the sandbox.
pub(super) unsafe fn analyze(
    query: *mut pg_sys::Query,
    sql: &CString,
    limits: &Limits,
    functions: &mut Functions,
    relations: &mut Relations,
) -> std::result::Result<Analysis, Refusal> {
    let sql = sql.to_str().unwrap_or_default();
    // SAFETY: contract of this function.
    unsafe {
        let found = Walk::new(functions, relations, sql, limits).run(query)?;
        let hardness = hardness(query, &found);
        let table = one_table(query, &found).map(|oid| relations.get(pg_sys::Oid::from(oid), functions).rows);
        let whole_table = table.is_some() && (*(*query).jointree).quals.is_null();
        let filtered = table.filter(|_| !whole_table);
        let fan_out = found.fan_out;
        let mut calls = BTreeSet::new();
        for oid in &found.relations {
            calls.extend(&relations.get(pg_sys::Oid::from(*oid), functions).calls);
        }
        let facts = facts(found, hardness, sql, functions, relations);
        Ok(Analysis { facts, calls, whole_table, filtered, fan_out })
    }
}

fn facts(
    mut found: Found,
    hardness: Hardness,
    sql: &str,
    functions: &mut Functions,
    relations: &mut Relations,
) -> Facts {
    let (mut tables, mut behind) = (BTreeSet::new(), BTreeSet::new());
    for oid in &found.relations {
        let relation = relations.get(pg_sys::Oid::from(*oid), functions);
        tables.insert(relation.qualified.clone());
        // SAFETY: what stands behind a relation that has been opened is there as long as that is.
        behind.extend(relation.behind.iter().map(|oid| unsafe { super::relations::qualified(*oid) }));
    }
    let mut columns = BTreeSet::new();
    for (oid, number) in &found.columns {
        let relation = relations.get(pg_sys::Oid::from(*oid), functions);
        let name = usize::try_from(*number).ok().and_then(|n| relation.columns.get(n.checked_sub(1)?)).cloned();
        columns.extend(name.flatten().map(|name| format!("{}.{name}", relation.qualified)));
    }
    let mut names: BTreeSet<String> = found.special.iter().map(|name| (*name).to_owned()).collect();
    for oid in &found.functions {
        names.insert(functions.get(pg_sys::Oid::from(*oid)).name.clone());
    }
    found.literals.sort_by_key(|(location, _)| *location);
    Facts {
        tables: tables.into_iter().collect(),
        behind: behind.into_iter().collect(),
        columns: columns.into_iter().collect(),
        functions: names.into_iter().collect(),
        features: found.features.iter().map(|name| (*name).to_owned()).collect(),
        joins: found.joins,
        depth: found.depth,
        hardness,
        skeleton: text::skeleton(sql),
        template: text::template(sql),
        literals: found.literals.into_iter().map(|(_, literal)| literal).collect(),
    }
}

/// The counts of Spider's rule for the outermost query; of a set operation, for its first branch.
unsafe fn hardness(query: *mut pg_sys::Query, found: &Found) -> Hardness {
    // SAFETY: the analysed tree.
    unsafe {
        let outer = &*query;
        let first = &*first_branch(query);
        let mut leaves = Vec::new();
        join_leaves(first.jointree.cast(), &mut leaves, &mut false);
        let mut counts = Conditions::default();
        let mut all = Conditions::default();
        if !first.jointree.is_null() {
            counts.read((*first.jointree).quals);
            all.read((*first.jointree).quals);
            for item in ffi::pointers::<pg_sys::Node>((*first.jointree).fromlist) {
                all.read_join(item);
            }
        }
        all.read(first.havingQual);
        let clauses = [
            counts.conditions > 0,
            !first.groupClause.is_null() || !first.groupingSets.is_null(),
            !outer.sortClause.is_null(),
            !outer.limitCount.is_null(),
        ];
        let columns = ffi::pointers::<pg_sys::TargetEntry>(first.targetList).filter(|e| !(**e).resjunk).count();
        let others = [found.top_aggregates > 1, columns > 1, counts.conditions > 1, ffi::length(first.groupClause) > 1];
        Hardness {
            component1: count(&clauses)
                + u32::try_from(leaves.len().saturating_sub(1)).unwrap_or(u32::MAX)
                + all.alternatives
                + all.patterns,
            component2: found.nested,
            others: count(&others),
        }
    }
}

fn count(flags: &[bool]) -> u32 {
    flags.iter().map(|flag| u32::from(*flag)).sum()
}

unsafe fn first_branch(query: *mut pg_sys::Query) -> *mut pg_sys::Query {
    let mut current = query;
    // SAFETY: the leftmost leaf of a set operation is a subquery of its range table.
    unsafe {
        while !(*current).setOperations.is_null() {
            let mut node = (*current).setOperations;
            while ffi::tag(node) == pg_sys::NodeTag::T_SetOperationStmt {
                node = (*node.cast::<pg_sys::SetOperationStmt>()).larg;
            }
            let number = usize::try_from((*node.cast::<pg_sys::RangeTblRef>()).rtindex).unwrap_or(0);
            match ffi::nth::<pg_sys::RangeTblEntry>((*current).rtable, number) {
                Some(entry) if !(*entry).subquery.is_null() => current = (*entry).subquery,
                _ => return current,
            }
        }
    }
    current
}

/// Predicates of a condition, its ORs and its pattern matches.
#[derive(Default)]
struct Conditions {
    conditions: u32,
    alternatives: u32,
    patterns: u32,
}

impl Conditions {
    unsafe fn read_join(&mut self, node: *mut pg_sys::Node) {
        // SAFETY: a join tree.
        unsafe {
            if ffi::tag(node) == pg_sys::NodeTag::T_JoinExpr {
                let join = node.cast::<pg_sys::JoinExpr>();
                self.read((*join).quals);
                self.read_join((*join).larg);
                self.read_join((*join).rarg);
            }
        }
    }

    unsafe fn read(&mut self, node: *mut pg_sys::Node) {
        if node.is_null() {
            return;
        }
        // SAFETY: a condition; cast by tag.
        unsafe {
            if ffi::tag(node) != pg_sys::NodeTag::T_BoolExpr {
                self.conditions += 1;
                self.patterns += u32::from(is_pattern(node));
                return;
            }
            let bool = node.cast::<pg_sys::BoolExpr>();
            let arguments: Vec<*mut pg_sys::Node> = ffi::pointers((*bool).args).collect();
            // BETWEEN comes as an AND whose sides stand where it stands
            let between = (*bool).boolop == pg_sys::BoolExprType::AND_EXPR
                && arguments.iter().all(|side| {
                    ffi::tag(*side) == pg_sys::NodeTag::T_OpExpr
                        && (*side.cast::<pg_sys::OpExpr>()).location == (*bool).location
                });
            if between {
                self.conditions += 1;
                return;
            }
            if (*bool).boolop == pg_sys::BoolExprType::OR_EXPR {
                self.alternatives += u32::try_from(arguments.len().saturating_sub(1)).unwrap_or(0);
            }
            for argument in arguments {
                self.read(argument);
            }
        }
    }
}

unsafe fn is_pattern(node: *mut pg_sys::Node) -> bool {
    // SAFETY: cast by tag.
    unsafe {
        if ffi::tag(node) != pg_sys::NodeTag::T_OpExpr {
            return false;
        }
        let name = ffi::owned(pg_sys::get_opname((*node.cast::<pg_sys::OpExpr>()).opno));
        matches!(name.as_str(), "~~" | "!~~" | "~~*" | "!~~*" | "~" | "!~" | "~*" | "!~*")
    }
}

/// One table and nothing beside a condition that leaves a row out, merges rows or makes new ones.
unsafe fn one_table(query: *mut pg_sys::Query, found: &Found) -> Option<u32> {
    // SAFETY: the analysed tree.
    unsafe {
        let q = &*query;
        let mut leaves = Vec::new();
        join_leaves(q.jointree.cast(), &mut leaves, &mut false);
        let one_table = leaves
            .first()
            .filter(|_| leaves.len() == 1)
            .and_then(|leaf| ffi::nth::<pg_sys::RangeTblEntry>(q.rtable, *leaf));
        let table = one_table
            .is_some_and(|entry| (*entry).rtekind == pg_sys::RTEKind::RTE_RELATION && (*entry).tablesample.is_null());
        let whole = table
            && found.relations.len() == 1
            && !q.hasAggs
            && !q.hasTargetSRFs
            && q.groupClause.is_null()
            && q.groupingSets.is_null()
            && q.havingQual.is_null()
            && q.distinctClause.is_null()
            && q.limitCount.is_null()
            && q.limitOffset.is_null()
            && q.setOperations.is_null();
        found.relations.first().copied().filter(|_| whole)
    }
}

static CHANGED: AtomicBool = AtomicBool::new(false);
static WATCHED: AtomicBool = AtomicBool::new(false);

unsafe extern "C-unwind" fn relation_changed(_: pg_sys::Datum, _: pg_sys::Oid) {
    CHANGED.store(true, Ordering::Relaxed);
}

unsafe extern "C-unwind" fn row_changed(_: pg_sys::Datum, _: i32, _: u32) {
    CHANGED.store(true, Ordering::Relaxed);
}

/// Asks the server to say when the catalog changes; once a process.
pub(super) fn watch_catalog() {
    use pg_sys::SysCacheIdentifier as C;
    if WATCHED.swap(true, Ordering::Relaxed) {
        return;
    }
    let zero = pg_sys::Datum::from(0);
    // SAFETY: the callbacks only store a flag.
    unsafe {
        pg_sys::CacheRegisterRelcacheCallback(Some(relation_changed), zero);
        for cache in [C::PROCOID, C::NAMESPACEOID, C::AUTHOID, C::TYPEOID] {
            pg_sys::CacheRegisterSyscacheCallback(cache as i32, Some(row_changed), zero);
        }
    }
}

pub(super) fn catalog_changed() -> bool {
    CHANGED.swap(false, Ordering::Relaxed)
}

/// OIDs that `nlsql.allowed_function` names; a name that is not (or no more) a function is passed over.
pub(super) fn allowed_functions() -> Result<BTreeSet<u32>> {
    // SAFETY: catalog look-ups inside the caller's transaction.
    let there = unsafe {
        let schema = pg_sys::get_namespace_oid(c"nlsql".as_ptr(), true);
        schema != pg_sys::InvalidOid
            && pg_sys::get_relname_relid(c"allowed_function".as_ptr(), schema) != pg_sys::InvalidOid
    };
    if !there {
        return Ok(BTreeSet::new());
    }
    const QUERY: &str = "SELECT pg_catalog.to_regprocedure(f.function)::pg_catalog.oid FROM nlsql.allowed_function f";
    pgrx::Spi::connect(|client| {
        let mut oids = BTreeSet::new();
        for row in client.select(QUERY, None, &[])? {
            if let Some(oid) = row.get::<pg_sys::Oid>(1)? {
                oids.insert(oid.to_u32());
                oids.extend(parts(oid));
            }
        }
        Ok(oids)
    })
    .map_err(|error: pgrx::spi::Error| crate::error::Error::internal(format!("SPI: {error}")))
}
