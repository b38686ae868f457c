//! The classic wrong answer: an aggregate over a join that repeats the rows it measures.
//!
//! `sum(a.x)` counts a row of `a` twice where a joined relation `b` can meet it more than once, that is, where the
//! equalities of the query do not fix one row of `b` for each row of `a`. Only aggregates that repetition changes
//! are asked: not min, max, DISTINCT ones or `count(*)`, which says itself that it counts joined rows. Subqueries and
//! CTEs that neither merge, cut nor add rows are seen through: what they join is joined.

use super::derived::{derived, derived_keys, keeps_rows};
use super::features::join_leaves;
use super::ffi;
use super::walk::Walk;
use pgrx::pg_sys;
use std::collections::{BTreeMap, BTreeSet};

const REPEATABLE: [&str; 12] = [
    "sum", "avg", "count", "stddev", "stddev_samp", "stddev_pop", "variance", "var_samp", "var_pop", "array_agg",
    "string_agg", "percentile_cont",
];

/// Notes the columns that an aggregate measures.
///
/// # Safety
/// `aggregate` belongs to the query on top of the walk's stack.
pub(super) unsafe fn measure(walk: &mut Walk<'_>, aggregate: *mut pg_sys::Aggref) {
    // SAFETY: contract of this function.
    unsafe {
        if !(*aggregate).aggdistinct.is_null() || (*aggregate).aggstar {
            return;
        }
        let name = &walk.functions.get((*aggregate).aggfnoid).name;
        if !REPEATABLE.contains(&name.as_str()) {
            return;
        }
        let arguments = ffi::pointers::<pg_sys::TargetEntry>((*aggregate).args);
        let measured: BTreeSet<Column> = arguments.flat_map(|entry| measures((*entry).expr.cast())).collect();
        if let Some(level) = walk.levels.last_mut().filter(|_| !measured.is_empty()) {
            level.measured.push(measured);
        }
    }
}

/// What is measured by the argument of an aggregate: of a CASE its results, for a row that gives 1 is counted as such.
unsafe fn measures(argument: *mut pg_sys::Node) -> BTreeSet<Column> {
    // SAFETY: an analysed expression, cast by tag.
    unsafe {
        if ffi::tag(argument) != pg_sys::NodeTag::T_CaseExpr {
            return vars(argument);
        }
        let case = &*argument.cast::<pg_sys::CaseExpr>();
        let results = ffi::pointers::<pg_sys::CaseWhen>(case.args).map(|when| (*when).result);
        results.chain([case.defresult]).flat_map(|result| vars(result.cast())).collect()
    }
}

/// Columns of the expression's own query.
unsafe fn vars(node: *mut pg_sys::Node) -> BTreeSet<Column> {
    // SAFETY: an analysed expression; the list holds Vars.
    unsafe {
        ffi::pointers::<pg_sys::Var>(pg_sys::pull_vars_of_level(node, 0))
            .filter_map(|var| Some((u32::try_from((*var).varno).ok()?, (*var).varattno)))
            .collect()
    }
}

/// Whether an aggregate of the query on top of the stack counts rows twice.
///
/// # Safety
/// The stack's queries are the tree being walked.
pub(super) unsafe fn counts_twice(walk: &mut Walk<'_>) -> bool {
    let Some(level) = walk.levels.last().filter(|level| !level.measured.is_empty()) else { return false };
    let (query, measured) = (level.query, level.measured.clone());
    let queries: Vec<_> = walk.levels.iter().map(|level| level.query).collect();
    let mut joined = Joined::default();
    // SAFETY: contract of this function.
    unsafe {
        let items = joined.add(walk, &queries);
        joined.grouped(query, &items);
        if joined.keys.len() < 2 {
            return false;
        }
        measured.iter().any(|columns| {
            let start: BTreeSet<u32> = columns.iter().flat_map(|column| items.leaves(query, *column)).collect();
            let reached = reach(start.clone(), &joined.keys, &joined.equal, &joined.fixed);
            !start.is_empty() && reached.len() < joined.keys.len()
        })
    }
}

/// Number of a relation and of its column: in a range table, or among the leaves of a [`Joined`].
pub(super) type Column = (u32, i16);

/// Sets of columns that hold at most one row each; none where nothing can be said.
pub(super) type Keys = Option<Vec<Vec<i16>>>;

/// What a query joins, subqueries seen through.
#[derive(Default)]
struct Joined {
    /// By the number of the leaf.
    keys: Vec<Keys>,
    /// Equalities between columns, and columns fixed to one value, that hold for every row.
    equal: Vec<(Column, Column)>,
    fixed: BTreeSet<Column>,
}

/// An output column: where it is a column of a leaf as it is, and the leaves that it is made of.
#[derive(Clone, Default)]
struct Output {
    column: Option<Column>,
    leaves: BTreeSet<u32>,
}

enum Item {
    Leaf(u32),
    /// A subquery that was seen through: its outputs.
    Open(Vec<Output>),
}

/// FROM items of a query, by their range-table numbers.
#[derive(Default)]
struct Items(BTreeMap<u32, Item>);

impl Items {
    unsafe fn output(&self, query: *mut pg_sys::Query, (number, attribute): Column) -> Output {
        let nth = usize::try_from(attribute).ok().and_then(|n| n.checked_sub(1));
        match self.0.get(&number) {
            Some(Item::Leaf(leaf)) => {
                Output { column: nth.map(|_| (*leaf, attribute)), leaves: BTreeSet::from([*leaf]) }
            }
            Some(Item::Open(outputs)) => match nth {
                Some(n) => outputs.get(n).cloned().unwrap_or_default(),
                None => {
                    Output { column: None, leaves: outputs.iter().flat_map(|o| o.leaves.iter().copied()).collect() }
                }
            },
            // SAFETY: the query's range table; a merged column of a join stands for a column of one of its sides.
            None => unsafe {
                let entry = ffi::nth::<pg_sys::RangeTblEntry>((*query).rtable, number as usize);
                let join = entry.filter(|entry| (**entry).rtekind == pg_sys::RTEKind::RTE_JOIN);
                match join.and_then(|entry| ffi::nth((*entry).joinaliasvars, nth? + 1)) {
                    Some(source) => self.of(query, source),
                    None => Output::default(),
                }
            },
        }
    }

    /// What an expression of the query gives.
    unsafe fn of(&self, query: *mut pg_sys::Query, node: *mut pg_sys::Node) -> Output {
        // SAFETY: an expression of that query.
        unsafe {
            match column(node) {
                Some(column) => self.output(query, column),
                None => Output {
                    column: None,
                    leaves: vars(node).into_iter().flat_map(|column| self.leaves(query, column)).collect(),
                },
            }
        }
    }

    unsafe fn leaves(&self, query: *mut pg_sys::Query, column: Column) -> BTreeSet<u32> {
        // SAFETY: as above.
        unsafe { self.output(query, column).leaves }
    }
}

impl Joined {
    /// Takes in what the last of the queries joins.
    unsafe fn add(&mut self, walk: &mut Walk<'_>, queries: &[*mut pg_sys::Query]) -> Items {
        let mut items = Items::default();
        let Some(query) = queries.last().copied() else { return items };
        // SAFETY: queries of the tree being walked; numbers of FROM items point into the range table.
        unsafe {
            let mut leaves = Vec::new();
            join_leaves((*query).jointree.cast(), &mut leaves, &mut false);
            for leaf in leaves {
                let Some(entry) = ffi::nth::<pg_sys::RangeTblEntry>((*query).rtable, leaf) else { continue };
                let Ok(number) = u32::try_from(leaf) else { continue };
                let item = match derived(queries, entry) {
                    Some(inner) if keeps_rows(inner.last().copied()) => Item::Open(self.open(walk, &inner)),
                    Some(inner) => self.leaf(inner.last().and_then(|query| derived_keys(*query))),
                    None => self.leaf(keys(walk, entry)),
                };
                items.0.insert(number, item);
            }
            self.conditions(query, &items, (*query).jointree.cast());
        }
        items
    }

    fn leaf(&mut self, keys: Keys) -> Item {
        self.keys.push(keys);
        Item::Leaf(u32::try_from(self.keys.len() - 1).unwrap_or(u32::MAX))
    }

    /// Outputs of a subquery that is seen through.
    unsafe fn open(&mut self, walk: &mut Walk<'_>, queries: &[*mut pg_sys::Query]) -> Vec<Output> {
        // SAFETY: as `add`.
        unsafe {
            let items = self.add(walk, queries);
            let Some(query) = queries.last().copied() else { return Vec::new() };
            let entries = ffi::pointers::<pg_sys::TargetEntry>((*query).targetList);
            entries.map(|entry| items.of(query, (*entry).expr.cast())).collect()
        }
    }

    unsafe fn conditions(&mut self, query: *mut pg_sys::Query, items: &Items, node: *mut pg_sys::Node) {
        use pg_sys::NodeTag as Tag;
        // SAFETY: cast by tag; a join tree and its conditions.
        unsafe {
            match ffi::tag(node) {
                Tag::T_FromExpr => {
                    let from = node.cast::<pg_sys::FromExpr>();
                    for item in ffi::pointers::<pg_sys::Node>((*from).fromlist) {
                        self.conditions(query, items, item);
                    }
                    self.conditions(query, items, (*from).quals);
                }
                Tag::T_JoinExpr => {
                    let join = node.cast::<pg_sys::JoinExpr>();
                    self.conditions(query, items, (*join).larg);
                    self.conditions(query, items, (*join).rarg);
                    self.conditions(query, items, (*join).quals);
                }
                Tag::T_BoolExpr => {
                    let bool = node.cast::<pg_sys::BoolExpr>();
                    if (*bool).boolop == pg_sys::BoolExprType::AND_EXPR {
                        for argument in ffi::pointers::<pg_sys::Node>((*bool).args) {
                            self.conditions(query, items, argument);
                        }
                    }
                }
                Tag::T_OpExpr => {
                    let operator = node.cast::<pg_sys::OpExpr>();
                    let (left, right) = (ffi::nth((*operator).args, 1), ffi::nth((*operator).args, 2));
                    let (Some(left), Some(right)) = (left, right) else { return };
                    if is_equality((*operator).opno) {
                        self.equality(items.of(query, left), items.of(query, right));
                    }
                }
                _ => {}
            }
        }
    }

    fn equality(&mut self, left: Output, right: Output) {
        match (left.column, right.column) {
            (Some(left), Some(right)) => self.equal.push((left, right)),
            // a constant, or what is computed from other relations
            (Some(one), None) if !right.leaves.contains(&one.0) => drop(self.fixed.insert(one)),
            (None, Some(one)) if !left.leaves.contains(&one.0) => drop(self.fixed.insert(one)),
            _ => {}
        }
    }

    /// Grouping keys hold one value in each group.
    unsafe fn grouped(&mut self, query: *mut pg_sys::Query, items: &Items) {
        // SAFETY: sort-group references point into the target list.
        unsafe {
            for clause in ffi::pointers::<pg_sys::SortGroupClause>((*query).groupClause) {
                for entry in ffi::pointers::<pg_sys::TargetEntry>((*query).targetList) {
                    if (*entry).ressortgroupref == (*clause).tleSortGroupRef {
                        let expression = ungrouped(query, (*entry).expr.cast());
                        self.fixed.extend(items.of(query, expression).column);
                    }
                }
            }
        }
    }
}

/// Relations that have at most one row for each row of `reached`.
fn reach(
    mut reached: BTreeSet<u32>,
    keys: &[Keys],
    equalities: &[(Column, Column)],
    fixed: &BTreeSet<Column>,
) -> BTreeSet<u32> {
    let met = |column: Column, reached: &BTreeSet<u32>| {
        fixed.contains(&column)
            || equalities.iter().any(|(left, right)| {
                (*left == column && reached.contains(&right.0)) || (*right == column && reached.contains(&left.0))
            })
    };
    loop {
        let next = (0..).zip(keys).find(|(leaf, keys)| {
            !reached.contains(leaf)
                // nothing is known of its rows: say nothing
                && keys.as_ref().is_none_or(|keys| {
                    keys.iter().any(|key| key.iter().all(|number| met((*leaf, *number), &reached)))
                })
        });
        match next {
            Some((leaf, _)) => reached.insert(leaf),
            None => return reached,
        };
    }
}

/// # Safety
/// Must run inside a transaction.
pub(super) unsafe fn is_equality(operator: pg_sys::Oid) -> bool {
    // SAFETY: a catalog look-up.
    unsafe { ffi::owned(pg_sys::get_opname(operator)) == "=" }
}

/// The column of this query level that an operand is, under casts.
unsafe fn column(node: *mut pg_sys::Node) -> Option<Column> {
    // SAFETY: cast by tag.
    unsafe {
        match ffi::tag(node) {
            pg_sys::NodeTag::T_Var => {
                let var = node.cast::<pg_sys::Var>();
                if (*var).varlevelsup > 0 {
                    return None;
                }
                Some((u32::try_from((*var).varno).ok()?, (*var).varattno))
            }
            pg_sys::NodeTag::T_RelabelType => column((*node.cast::<pg_sys::RelabelType>()).arg.cast()),
            _ => None,
        }
    }
}

/// From 18 on a grouped expression is reached through an entry of its own.
#[cfg(feature = "pg18")]
unsafe fn ungrouped(query: *mut pg_sys::Query, node: *mut pg_sys::Node) -> *mut pg_sys::Node {
    // SAFETY: cast by tag.
    unsafe {
        if ffi::tag(node) != pg_sys::NodeTag::T_Var {
            return node;
        }
        let var = node.cast::<pg_sys::Var>();
        let number = usize::try_from((*var).varno).unwrap_or(0);
        match ffi::nth::<pg_sys::RangeTblEntry>((*query).rtable, number) {
            Some(entry) if (*entry).rtekind == pg_sys::RTEKind::RTE_GROUP => {
                usize::try_from((*var).varattno).ok().and_then(|n| ffi::nth((*entry).groupexprs, n)).unwrap_or(node)
            }
            _ => node,
        }
    }
}

#[cfg(not(feature = "pg18"))]
unsafe fn ungrouped(_: *mut pg_sys::Query, node: *mut pg_sys::Node) -> *mut pg_sys::Node {
    node
}

unsafe fn keys(walk: &mut Walk<'_>, entry: *mut pg_sys::RangeTblEntry) -> Keys {
    use pg_sys::RTEKind as R;
    // SAFETY: a FROM item of a query of the tree.
    unsafe {
        match (*entry).rtekind {
            R::RTE_RELATION => {
                let relation = walk.relations.get((*entry).relid, walk.functions);
                // of a view's rows nothing is known
                (relation.entries == 1).then(|| relation.unique.clone())
            }
            R::RTE_RESULT => Some(vec![Vec::new()]),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::reach;
    use std::collections::BTreeSet;

    /// 0 = payment, 1 = rental with key 1, 2 = a child of rental without a key that is met.
    #[test]
    fn follows_keys_only() {
        let keys = [Some(vec![vec![1]]), Some(vec![vec![1]]), Some(vec![vec![1]])];
        let equal = [((0, 2), (1, 1)), ((2, 2), (1, 1))];
        let none = BTreeSet::new();
        assert_eq!(reach(BTreeSet::from([0]), &keys[..2], &equal, &none), BTreeSet::from([0, 1]));
        assert_eq!(reach(BTreeSet::from([1]), &keys[..2], &equal, &none), BTreeSet::from([1]));
        assert_eq!(reach(BTreeSet::from([0]), &keys, &equal, &none), BTreeSet::from([0, 1]));
        let fixed = BTreeSet::from([(2, 1)]);
        assert_eq!(reach(BTreeSet::from([0]), &keys, &equal, &fixed), BTreeSet::from([0, 1, 2]));
    }
}
