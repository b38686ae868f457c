//! Which relations a statement may read, decided by OID, and what the walk needs to know of them.

use super::functions::{Functions, parts};
use super::stored::Stored;
use super::{Options, ffi};
use crate::schema::model::quote_ident;
use pgrx::pg_sys;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// SQLSTATE, message, hint.
type Refused = (&'static str, String, &'static str);

pub(super) struct Relation {
    /// `schema.table`, quoted as needed.
    pub qualified: String,
    /// By attribute number - 1, quoted as needed; none for a dropped column.
    pub columns: Vec<Option<String>>,
    /// Attribute numbers of each unique index without predicate or expression.
    pub unique: Vec<Vec<i16>>,
    /// Why it may not be read.
    pub refusal: Option<Refused>,
    /// Range-table entries that it stands for: 1, and a view's own.
    pub entries: u32,
    /// Functions that its trusted views and policies call, and that a statement may not.
    pub calls: BTreeSet<u32>,
    /// Relations that its view or policies read.
    pub behind: BTreeSet<u32>,
    /// By the server's last count; below 0 where there was none.
    pub rows: f32,
}

/// What runs when a relation is read, whoever reads it.
#[derive(Default)]
struct Body {
    entries: u32,
    calls: BTreeSet<u32>,
    behind: BTreeSet<u32>,
    refusal: Option<Refused>,
}

pub(super) struct Relations {
    known: BTreeMap<u32, Rc<Relation>>,
    /// Also of what lies behind views, where a relation may be reached by many ways.
    bodies: BTreeMap<u32, Rc<Body>>,
    role: pg_sys::Oid,
    options: Rc<Options>,
}

const SYSTEM: [&str; 4] = ["pg_catalog", "information_schema", "pg_toast", "nlsql"];

impl Relations {
    pub fn new(role: pg_sys::Oid, options: Rc<Options>) -> Relations {
        Relations { known: BTreeMap::new(), bodies: BTreeMap::new(), role, options }
    }

    pub fn forget(&mut self) {
        self.known.clear();
        self.bodies.clear();
    }

    /// Must run as the role, inside a transaction.
    pub fn get(&mut self, oid: pg_sys::Oid, functions: &mut Functions) -> Rc<Relation> {
        if let Some(relation) = self.known.get(&oid.to_u32()) {
            return Rc::clone(relation);
        }
        let relation = Rc::new(self.look_up(oid, functions));
        self.known.insert(oid.to_u32(), Rc::clone(&relation));
        relation
    }

    fn look_up(&mut self, oid: pg_sys::Oid, functions: &mut Functions) -> Relation {
        // SAFETY: opened under a lock that the sandbox's rollback releases, closed before return.
        unsafe {
            let open = pg_sys::relation_open(oid, pg_sys::AccessShareLock as i32);
            let form = (*open).rd_rel;
            let schema = ffi::owned(pg_sys::get_namespace_name((*form).relnamespace));
            let name = ffi::owned((*form).relname.data.as_ptr());
            let mut relation = Relation {
                qualified: join(&schema, &name),
                columns: columns((*open).rd_att),
                unique: unique_keys(open),
                refusal: self.kind_rule(oid, form, &schema),
                entries: 1,
                calls: BTreeSet::new(),
                behind: BTreeSet::new(),
                rows: (*form).reltuples,
            };
            if relation.refusal.is_none() && bypassed(open) {
                relation.refusal = Some((
                    "42501",
                    format!("the role bypasses row security of {}", relation.qualified),
                    "Run as a role that the table's policies apply to.",
                ));
            }
            if relation.refusal.is_none() {
                let body = self.body(oid, open, functions);
                relation.refusal = body.refusal.clone();
                relation.entries = relation.entries.saturating_add(body.entries);
                relation.calls = body.calls.clone();
                relation.behind = body.behind.clone();
            }
            pg_sys::relation_close(open, pg_sys::NoLock as i32);
            relation
        }
    }

    /// Rules by what the relation is and where it lies.
    unsafe fn kind_rule(&self, oid: pg_sys::Oid, form: pg_sys::Form_pg_class, schema: &str) -> Option<Refused> {
        // SAFETY: the row of an open relation.
        let (kind, temporary) = unsafe { ((*form).relkind as u8, (*form).relpersistence as u8 == b't') };
        let system = SYSTEM.contains(&schema);
        if system && (schema == "nlsql" || !self.options.catalogs) {
            return Some((
                "42501",
                format!("relations of schema {schema} are not a subject"),
                "Ask about your own tables.",
            ));
        }
        if temporary {
            return Some((
                "42501",
                "temporary relations are not a subject".to_owned(),
                "Name the table with its schema.",
            ));
        }
        if let Some(subjects) = &self.options.subjects
            && !subjects.contains(&oid.to_u32())
        {
            return Some((
                "42501",
                "relation is not one of the subjects".to_owned(),
                "Use only the tables that are given.",
            ));
        }
        match kind {
            b'r' | b'p' | b'v' | b'm' => None,
            b'f' if self.options.foreign_tables => None,
            b'f' => Some(foreign()),
            _ => Some(("42809", "relation is not a table or view".to_owned(), "Use ordinary tables.")),
        }
    }

    /// Rules by what runs when the relation is read: row security, a view's body, and what lies behind it. That need
    /// not be a subject, but what runs there counts.
    unsafe fn body(&mut self, oid: pg_sys::Oid, open: pg_sys::Relation, functions: &mut Functions) -> Rc<Body> {
        if let Some(body) = self.bodies.get(&oid.to_u32()) {
            return Rc::clone(body);
        }
        let mut body = Body::default();
        // SAFETY: an open relation.
        let (stored, trusted) = unsafe {
            if !self.options.foreign_tables && reaches_outside(oid, open) {
                body.refusal = Some(foreign());
            }
            let owner = (*(*open).rd_rel).relowner;
            (stored(open), owner == self.role || pg_sys::superuser_arg(owner))
        };
        body.entries = stored.entries;
        for called in &stored.functions {
            let Some(reason) = &functions.get(pg_sys::Oid::from(*called)).refusal else { continue };
            if trusted {
                body.calls.insert(*called);
                body.calls.extend(parts(pg_sys::Oid::from(*called)));
            } else if body.refusal.is_none() {
                // SAFETY: an open relation has a name.
                let name = unsafe { ffi::owned((*(*open).rd_rel).relname.data.as_ptr()) };
                let message = format!("{name} calls what is not allowed: {reason}");
                body.refusal = Some(("42501", message, "A superuser can list the function in nlsql.allowed_function."));
            }
        }
        for (behind, times) in stored.relations {
            // up to 15 a view's rule names the view itself, twice
            if behind == oid.to_u32() {
                continue;
            }
            // SAFETY: opened under a lock that the sandbox's rollback releases, closed before the next.
            let inner = unsafe {
                let open = pg_sys::relation_open(pg_sys::Oid::from(behind), pg_sys::AccessShareLock as i32);
                let inner = self.body(pg_sys::Oid::from(behind), open, functions);
                pg_sys::relation_close(open, pg_sys::NoLock as i32);
                inner
            };
            body.entries = body.entries.saturating_add(inner.entries.saturating_mul(times));
            body.calls.extend(&inner.calls);
            body.behind.insert(behind);
            body.behind.extend(&inner.behind);
            if body.refusal.is_none() {
                body.refusal = inner.refusal.clone();
            }
        }
        let body = Rc::new(body);
        self.bodies.insert(oid.to_u32(), Rc::clone(&body));
        body
    }
}

fn join(schema: &str, name: &str) -> String {
    format!("{}.{}", quote_ident(schema), quote_ident(name))
}

/// `schema.table` of a relation that is known by its OID alone.
///
/// # Safety
/// The relation exists and is locked.
pub(super) unsafe fn qualified(oid: u32) -> String {
    let oid = pg_sys::Oid::from(oid);
    // SAFETY: contract of this function.
    unsafe {
        let schema = ffi::owned(pg_sys::get_namespace_name(pg_sys::get_rel_namespace(oid)));
        join(&schema, &ffi::owned(pg_sys::get_rel_name(oid)))
    }
}

fn foreign() -> Refused {
    ("0A000", "foreign tables reach outside the server".to_owned(), "Use ordinary tables.")
}

/// Whether the relation is a foreign table or has one among its partitions and children: planning alone may already
/// call the other server.
unsafe fn reaches_outside(oid: pg_sys::Oid, open: pg_sys::Relation) -> bool {
    // SAFETY: an open relation; the list of its children holds OIDs.
    unsafe {
        let form = (*open).rd_rel;
        match (*form).relkind as u8 {
            b'f' => true,
            b'r' | b'p' if (*form).relhassubclass => {
                ffi::inheritors(oid).iter().any(|child| pg_sys::get_rel_relkind(*child) as u8 == b'f')
            }
            _ => false,
        }
    }
}

/// Whether the role reads past the policies that the table has.
unsafe fn bypassed(open: pg_sys::Relation) -> bool {
    // SAFETY: an open relation.
    unsafe {
        (*(*open).rd_rel).relrowsecurity
            && pg_sys::check_enable_rls((*open).rd_id, pg_sys::InvalidOid, true)
                != pg_sys::CheckEnableRlsResult::RLS_ENABLED as i32
    }
}

/// The trees that are stored with a relation and run when it is read.
unsafe fn stored(open: pg_sys::Relation) -> Stored {
    let mut stored = Stored::default();
    // SAFETY: an open relation; its rules and policies are analysed trees.
    unsafe {
        if (*(*open).rd_rel).relrowsecurity && !(*open).rd_rsdesc.is_null() {
            for policy in ffi::pointers::<pg_sys::RowSecurityPolicy>((*(*open).rd_rsdesc).policies) {
                stored.read((*policy).qual.cast());
            }
        }
        if (*(*open).rd_rel).relkind as u8 == b'v' && !(*open).rd_rules.is_null() {
            let rules = std::slice::from_raw_parts((*(*open).rd_rules).rules, (*(*open).rd_rules).numLocks as usize);
            for rule in rules {
                for action in ffi::pointers::<pg_sys::Query>((**rule).actions) {
                    stored.read(action.cast());
                }
            }
        }
    }
    stored
}

unsafe fn columns(descriptor: pg_sys::TupleDesc) -> Vec<Option<String>> {
    // SAFETY: a valid descriptor; attributes by pgrx's accessor, which knows each version's layout.
    unsafe {
        (0..(*descriptor).natts)
            .map(|index| {
                let attribute = attribute(descriptor, index);
                (!(*attribute).attisdropped).then(|| quote_ident(&ffi::owned((*attribute).attname.data.as_ptr())))
            })
            .collect()
    }
}

/// # Safety
/// `index` (from 0) is below the descriptor's number of attributes.
pub(super) unsafe fn attribute(descriptor: pg_sys::TupleDesc, index: i32) -> *const pg_sys::FormData_pg_attribute {
    let index = usize::try_from(index).unwrap_or(0);
    // SAFETY: contract of this function. From 18 on the attributes lie behind the array of their short forms.
    unsafe {
        #[cfg(not(feature = "pg18"))]
        return (*descriptor).attrs.as_ptr().add(index);
        #[cfg(feature = "pg18")]
        return (*descriptor)
            .compact_attrs
            .as_ptr()
            .add(usize::try_from((*descriptor).natts).unwrap_or(0))
            .cast::<pg_sys::FormData_pg_attribute>()
            .add(index);
    }
}

unsafe fn unique_keys(open: pg_sys::Relation) -> Vec<Vec<i16>> {
    let mut keys = Vec::new();
    // SAFETY: an open relation; index rows are read from the catalog cache and released.
    unsafe {
        let kind = (*(*open).rd_rel).relkind as u8;
        if !matches!(kind, b'r' | b'p' | b'm') {
            return keys;
        }
        let indexes = pg_sys::RelationGetIndexList(open);
        for position in 0..ffi::length(indexes) {
            let oid = (*(*indexes).elements.add(position)).oid_value;
            let cache = pg_sys::SysCacheIdentifier::INDEXRELID as i32;
            let tuple = pg_sys::SearchSysCache1(cache, pg_sys::Datum::from(oid));
            if tuple.is_null() {
                continue;
            }
            let form = pg_sys::heap_tuple_get_struct::<pg_sys::FormData_pg_index>(tuple);
            let count = usize::try_from((*form).indnkeyatts).unwrap_or(0);
            let key: Vec<i16> = (*form).indkey.values.as_slice(count).to_vec();
            let partial = !pg_sys::heap_attisnull(tuple, pg_sys::Anum_pg_index_indpred as i32, std::ptr::null_mut());
            if (*form).indisunique && (*form).indimmediate && !partial && key.iter().all(|number| *number > 0) {
                keys.push(key);
            }
            pg_sys::ReleaseSysCache(tuple);
        }
    }
    keys
}
