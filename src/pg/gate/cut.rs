//! The proof that a cut cuts and has no tie, from the run of the statement itself: its plan goes on for one row more than
//! its LIMIT, with what it sorts by in sight, and no two rows that follow each other may be equal in that. Where ties are
//! kept it goes on for one row more than those.

use super::ffi;
use pgrx::pg_sys;

/// What the rows of a statement are sorted by, as its Query says before it is planned.
pub(super) struct Keys {
    keys: Vec<Key>,
}

struct Key {
    /// From 1 on.
    column: i16,
    equal: pg_sys::FmgrInfo,
    collation: pg_sys::Oid,
    by_value: bool,
    length: i16,
    before: pg_sys::NullableDatum,
}

impl Keys {
    /// None where nothing is sorted, or what is only sorted by stands in front of a column of the result.
    ///
    /// # Safety
    /// `query` is an analysed query.
    pub(super) unsafe fn of(query: *mut pg_sys::Query) -> Option<Keys> {
        // SAFETY: lists of nodes of a query, each of the type that its place says.
        unsafe {
            let entries: Vec<&pg_sys::TargetEntry> = ffi::pointers((*query).targetList).map(|e| &*e).collect();
            let columns = entries.iter().filter(|e| !e.resjunk).count() as i16;
            let in_front = entries.iter().all(|e| e.resjunk == (e.resno > columns));
            let mut keys = Vec::new();
            for clause in ffi::pointers::<pg_sys::SortGroupClause>((*query).sortClause) {
                let entry = entries.iter().find(|e| e.ressortgroupref == (*clause).tleSortGroupRef)?;
                let mut key = Key {
                    column: entry.resno,
                    equal: pg_sys::FmgrInfo::default(),
                    collation: pg_sys::exprCollation(entry.expr.cast()),
                    by_value: false,
                    length: 0,
                    before: pg_sys::NullableDatum::default(),
                };
                pg_sys::fmgr_info(pg_sys::get_opcode((*clause).eqop), &mut key.equal);
                pg_sys::get_typlenbyval(pg_sys::exprType(entry.expr.cast()), &mut key.length, &mut key.by_value);
                keys.push(key);
            }
            (in_front && !keys.is_empty()).then_some(Keys { keys })
        }
    }
}

/// A cut that is being watched.
pub(super) struct Cut {
    keys: Keys,
    /// Rows that it leaves.
    rows: u64,
    seen: u64,
    tied: bool,
    /// Two rows that it leaves differ in what they are sorted by first.
    parted: bool,
    /// Rows that are equal to the last one are left, too.
    keeps: bool,
    cuts: bool,
}

impl Cut {
    /// Moves the plan's limit by one row. None where it has no limit of its own that is a plain number.
    ///
    /// # Safety
    /// `planned` is the plan of the query that the keys are of, and nobody else's.
    pub(super) unsafe fn watch(planned: *mut pg_sys::PlannedStmt, keys: Keys) -> Option<Cut> {
        // SAFETY: nodes cast by tag; a count is an int8.
        unsafe {
            let top = (*planned).planTree;
            if ffi::tag(top) != pg_sys::NodeTag::T_Limit {
                return None;
            }
            let limit = &mut *top.cast::<pg_sys::Limit>();
            let count = limit.limitCount.cast::<pg_sys::Const>();
            if ffi::tag(count) != pg_sys::NodeTag::T_Const || (*count).constisnull {
                return None;
            }
            let rows = (*count).constvalue.value() as i64;
            let keeps = limit.limitOption == pg_sys::LimitOption::LIMIT_OPTION_WITH_TIES;
            if keeps {
                // the receiver ends the run
                limit.limitOption = pg_sys::LimitOption::LIMIT_OPTION_COUNT;
                (*count).constisnull = true;
            } else {
                (*count).constvalue = pg_sys::Datum::from(rows.checked_add(1)?);
            }
            Some(Cut { keys, rows: u64::try_from(rows).ok()?, seen: 0, tied: false, parted: false, keeps, cuts: false })
        }
    }

    /// Lets what is only sorted by through to the receiver.
    ///
    /// # Safety
    /// `descriptor` was started, and not run yet.
    pub(super) unsafe fn open(descriptor: *mut pg_sys::QueryDesc) {
        // SAFETY: contract of this function; the filter is only asked for while it runs.
        unsafe { (*(*descriptor).estate).es_junkFilter = std::ptr::null_mut() }
    }

    /// Looks at the next row; whether it is one of the result, and false as the second where nothing more is to be seen.
    ///
    /// # Safety
    /// The slot holds a row with all its columns taken apart.
    pub(super) unsafe fn next(&mut self, slot: *mut pg_sys::TupleTableSlot) -> (bool, bool) {
        let first = self.seen == 0;
        self.seen += 1;
        let mut same = !first;
        let mut leading = true;
        for (at, key) in self.keys.keys.iter_mut().enumerate() {
            // SAFETY: contract of this function; values of one type, of which the earlier one is a copy.
            unsafe {
                let column = usize::try_from(key.column - 1).unwrap_or(0);
                let (value, isnull) = (*(*slot).tts_values.add(column), *(*slot).tts_isnull.add(column));
                same = same
                    && match (key.before.isnull, isnull) {
                        (false, false) => {
                            let equal =
                                pg_sys::FunctionCall2Coll(&mut key.equal, key.collation, key.before.value, value);
                            equal.value() != 0
                        }
                        (one, other) => one == other,
                    };
                if at == 0 {
                    leading = same;
                }
                let value = if isnull { value } else { ffi::copy(value, key.by_value, key.length) };
                key.before = pg_sys::NullableDatum { value, isnull };
            }
        }
        self.tied |= same && !self.keeps;
        let left = self.seen <= self.rows || self.keeps && same;
        self.cuts |= !left;
        self.parted |= left && !first && !leading;
        (left, left && !self.tied)
    }

    /// There were more rows than it leaves, and no two of them equal that it does not keep. Of several rows that are all
    /// alike none is the first: what breaks their ties would be the answer, or all that tie.
    pub(super) fn holds(&self) -> bool {
        !self.tied && self.cuts && (self.parted || self.rows < 2)
    }
}
