//! Runs a plan into a receiver of our own that counts, caps and hashes; nothing of the result leaves the process.

use super::cut::Cut;
use super::relations::attribute;
use super::{Options, ffi};
use crate::candidate::ResultFacts;
use crate::dataset::near;
use pgrx::{pg_guard, pg_sys};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use std::ffi::{CString, c_int};

/// A row's hash, as numbers.
pub(super) type RowHash = [u64; 4];

/// A run to its end, or to the row that told what was asked.
pub(super) struct Ran {
    pub facts: ResultFacts,
    pub rows: Vec<RowHash>,
    /// Held against a list or a bag: the rows are its rows.
    pub same: bool,
    /// Of a cut that was watched: it holds.
    pub cut: bool,
    /// The first row has a number other than zero.
    pub figure: bool,
    /// A column is NULL in all rows.
    pub hollow: bool,
    /// The rows that were looked at for values that come again, and of each column those with its most frequent value.
    pub looked_at: u64,
    pub most_frequent: Vec<u64>,
}

/// What the rows of a probe are held against. The run stops at the first row that tells: a result that differs mostly
/// differs early.
pub(super) enum Against {
    /// Rows in order.
    List(Vec<RowHash>),
    /// Rows in any order, each with the times that it may still come.
    Bag(HashMap<RowHash, u32>),
    /// Rows that are to be among these, however many.
    Among(HashSet<RowHash>),
    /// Whether there is a row at all.
    Any,
}

impl Against {
    pub(super) fn rows(rows: &[RowHash], ordered: bool) -> Against {
        if ordered {
            return Against::List(rows.to_vec());
        }
        let mut bag = HashMap::new();
        for row in rows {
            *bag.entry(*row).or_insert(0) += 1;
        }
        Against::Bag(bag)
    }

    /// Takes the row of that number; false where it has no place.
    fn take(&mut self, number: usize, row: &RowHash) -> bool {
        match self {
            Against::List(rows) => rows.get(number) == Some(row),
            Against::Bag(bag) => match bag.get_mut(row) {
                Some(left) if *left > 0 => {
                    *left -= 1;
                    true
                }
                _ => false,
            },
            Against::Among(rows) => rows.contains(row),
            Against::Any => true,
        }
    }

    /// Every row came that had to.
    fn spent(&self, count: usize) -> bool {
        match self {
            Against::List(rows) => rows.len() == count,
            Against::Bag(bag) => bag.values().all(|left| *left == 0),
            Against::Among(_) | Against::Any => true,
        }
    }
}

/// What the server calls for each row. The server's struct comes first.
#[repr(C)]
struct Receiver {
    base: pg_sys::DestReceiver,
    state: *mut State,
}

struct State {
    outputs: Vec<Output>,
    row_memory: pg_sys::MemoryContext,
    limits: Caps,
    facts: ResultFacts,
    bytes: usize,
    in_order: Sha256,
    /// Sum of the rows' hashes: the same for every order.
    sum: [u64; 4],
    rows: Vec<RowHash>,
    /// Rows seen so far, where the first that comes again is the end.
    seen: Option<HashSet<RowHash>>,
    against: Option<Against>,
    cut: Option<Cut>,
    differs: bool,
    any_value: bool,
    figure: bool,
}

/// How a column is written.
struct Output {
    function: pg_sys::FmgrInfo,
    /// Of variable length.
    variable: bool,
    number: bool,
    /// Some row has a value in it.
    filled: bool,
    /// How often which value came; NULL is 0.
    often: HashMap<u64, u64>,
}

/// Rows that are looked at for values that come again.
const LOOKED_AT: u64 = 1000;

const NUMBERS: [pg_sys::Oid; 6] =
    [pg_sys::INT2OID, pg_sys::INT4OID, pg_sys::INT8OID, pg_sys::NUMERICOID, pg_sys::FLOAT4OID, pg_sys::FLOAT8OID];

struct Caps {
    rows: u64,
    bytes: usize,
    head: usize,
}

/// # Safety
/// `planned` is the plan of `text`, in the sandbox.
pub(super) unsafe fn execute(
    planned: *mut pg_sys::PlannedStmt,
    text: &CString,
    options: &Options,
    against: Option<Against>,
    cut: Option<Cut>,
) -> Ran {
    let limits = &options.limits;
    let rows = if matches!(against, Some(Against::Any)) { 1 } else { limits.rows };
    let mut state = State {
        outputs: Vec::new(),
        row_memory: std::ptr::null_mut(),
        limits: Caps { rows, bytes: limits.bytes, head: options.head },
        facts: ResultFacts::default(),
        bytes: 0,
        in_order: Sha256::new(),
        sum: [0; 4],
        rows: Vec::new(),
        seen: (options.refuse_duplicates && against.is_none()).then(HashSet::new),
        against,
        cut,
        differs: false,
        any_value: false,
        figure: false,
    };
    let mut receiver = Receiver {
        base: pg_sys::DestReceiver {
            receiveSlot: Some(receive),
            rStartup: Some(startup),
            rShutdown: Some(nothing),
            rDestroy: Some(nothing),
            mydest: pg_sys::CommandDest::DestNone,
        },
        state: &raw mut state,
    };
    // SAFETY: contract of this function; state and receiver outlive the run, and an ERROR unwinds past it to the
    // sandbox, whose rollback frees what the executor holds.
    unsafe {
        let descriptor = pg_sys::CreateQueryDesc(
            planned,
            text.as_ptr(),
            pg_sys::GetActiveSnapshot(),
            std::ptr::null_mut(),
            (&raw mut receiver).cast(),
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            0,
        );
        pg_sys::ExecutorStart(descriptor, 0);
        if state.cut.is_some() {
            Cut::open(descriptor);
        }
        ffi::run(descriptor);
        pg_sys::ExecutorFinish(descriptor);
        pg_sys::ExecutorEnd(descriptor);
    }
    state.finish()
}

impl State {
    fn finish(mut self) -> Ran {
        let rows = self.facts.rows;
        self.facts.all_null = rows > 0 && !self.any_value;
        let mut different = self.rows.clone();
        different.sort_unstable();
        different.dedup();
        self.facts.constant = rows > 1 && different.len() == 1;
        self.facts.duplicate_rows = different.len() < self.rows.len();
        self.facts.ordered_hash = hexadecimal(&self.in_order.finalize());
        let mut whole = Sha256::new();
        whole.update(rows.to_le_bytes());
        for part in self.sum {
            whole.update(part.to_le_bytes());
        }
        self.facts.multiset_hash = hexadecimal(&whole.finalize());
        let same = !self.differs && self.against.as_ref().is_none_or(|a| a.spent(self.rows.len()));
        let cut = self.cut.is_some_and(|cut| cut.holds());
        let hollow = rows > 0 && self.outputs.iter().any(|output| !output.filled);
        let most = |output: &Output| output.often.values().copied().max().unwrap_or(0);
        let most_frequent = self.outputs.iter().map(most).collect();
        let looked_at = rows.min(LOOKED_AT);
        Ran { facts: self.facts, rows: self.rows, same, cut, figure: self.figure, hollow, looked_at, most_frequent }
    }

    /// False stops the executor.
    ///
    /// # Safety
    /// `slot` holds a row of the result.
    unsafe fn row(&mut self, slot: *mut pg_sys::TupleTableSlot) -> bool {
        if self.facts.rows >= self.limits.rows || self.bytes > self.limits.bytes {
            self.facts.capped = true;
            return false;
        }
        // SAFETY: contract of this function; the row's texts live in a context that is emptied after each row.
        unsafe {
            let natts = (*(*slot).tts_tupleDescriptor).natts;
            if i32::from((*slot).tts_nvalid) < natts {
                pg_sys::slot_getsomeattrs_int(slot, natts);
            }
            let (counts, more) = self.cut.as_mut().map_or((true, true), |cut| cut.next(slot));
            if !counts {
                return false;
            }
            let outer = pg_sys::CurrentMemoryContext;
            pg_sys::CurrentMemoryContext = self.row_memory;
            let mut hash = Sha256::new();
            let mut kept = Vec::new();
            let keep = (self.facts.rows as usize) < self.limits.head;
            let counts = self.against.is_none() && self.facts.rows < LOOKED_AT;
            for (index, output) in self.outputs.iter_mut().enumerate() {
                if *(*slot).tts_isnull.add(index) {
                    hash.update([0]);
                    if counts {
                        *output.often.entry(0).or_default() += 1;
                    }
                    if keep {
                        kept.push(None);
                    }
                    continue;
                }
                self.any_value = true;
                output.filled = true;
                pgrx::check_for_interrupts!();
                let datum = *(*slot).tts_values.add(index);
                // what is beyond the cap is not written out: that alone may take long
                let bytes = if output.variable { pg_sys::toast_raw_datum_size(datum) } else { 0 };
                if self.bytes.saturating_add(bytes) > self.limits.bytes.saturating_mul(2) {
                    self.bytes = self.bytes.saturating_add(bytes);
                    self.facts.capped = true;
                    if keep {
                        kept.push(None);
                    }
                    continue;
                }
                let value = pg_sys::OutputFunctionCall(&mut output.function, datum);
                let value = std::ffi::CStr::from_ptr(value).to_bytes();
                self.bytes = self.bytes.saturating_add(value.len());
                if output.number && self.facts.rows == 0 {
                    self.figure |= value.iter().any(|byte| (b'1'..=b'9').contains(byte));
                }
                if counts {
                    *output.often.entry(near::hash(value)).or_default() += 1;
                }
                hash.update([1]);
                hash.update((value.len() as u64).to_le_bytes());
                hash.update(value);
                if keep {
                    kept.push(Some(String::from_utf8_lossy(value).into_owned()));
                }
            }
            pg_sys::CurrentMemoryContext = outer;
            pg_sys::MemoryContextReset(self.row_memory);
            if keep {
                self.facts.head.push(kept);
            }
            self.add(&hash.finalize()) && more
        }
    }

    /// False where the row tells all: that the result is another, or that rows repeat.
    fn add(&mut self, hash: &[u8]) -> bool {
        self.facts.rows += 1;
        self.in_order.update(hash);
        let mut parts = [0; 4];
        for (part, bytes) in parts.iter_mut().zip(hash.chunks_exact(8)) {
            *part = bytes.iter().rev().fold(0u64, |value, byte| (value << 8) | u64::from(*byte));
        }
        for (sum, part) in self.sum.iter_mut().zip(parts) {
            *sum = sum.wrapping_add(part);
        }
        let number = self.rows.len();
        self.rows.push(parts);
        self.differs = self.against.as_mut().is_some_and(|a| !a.take(number, &parts));
        let again = self.seen.as_mut().is_some_and(|seen| !seen.insert(parts));
        !self.differs && !again
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[pg_guard]
unsafe extern "C-unwind" fn startup(
    receiver: *mut pg_sys::DestReceiver,
    _operation: c_int,
    descriptor: pg_sys::TupleDesc,
) {
    // SAFETY: the receiver is ours and its state alive; the descriptor is the result's.
    unsafe {
        let state = &mut *(*receiver.cast::<Receiver>()).state;
        state.row_memory = pg_sys::AllocSetContextCreateInternal(
            pg_sys::CurrentMemoryContext,
            c"nlsql row".as_ptr(),
            0,
            8 << 10,
            8 << 20,
        );
        for index in 0..(*descriptor).natts {
            let column = attribute(descriptor, index);
            state.facts.columns.push(ffi::owned((*column).attname.data.as_ptr()));
            let mut output = pg_sys::InvalidOid;
            let mut varlena = false;
            pg_sys::getTypeOutputInfo((*column).atttypid, &mut output, &mut varlena);
            let mut info = pg_sys::FmgrInfo::default();
            pg_sys::fmgr_info(output, &mut info);
            let number = NUMBERS.contains(&(*column).atttypid);
            let variable = (*column).attlen == -1;
            state.outputs.push(Output { function: info, variable, number, filled: false, often: HashMap::new() });
        }
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn receive(slot: *mut pg_sys::TupleTableSlot, receiver: *mut pg_sys::DestReceiver) -> bool {
    // SAFETY: as `startup`.
    unsafe { (*(*receiver.cast::<Receiver>()).state).row(slot) }
}

#[pg_guard]
unsafe extern "C-unwind" fn nothing(_receiver: *mut pg_sys::DestReceiver) {}
