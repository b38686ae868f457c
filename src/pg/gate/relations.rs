//! Which relations a statement may read, decided by OID, and what the walk needs to know of them.

use super::functions::Functions;
use super::stored::Stored;
use super::{Options, ffi};
use crate::schema::model::quote_ident;
use pgrx::pg_sys;
use std::collections::BTreeMap;
use std::rc::Rc;

pub(super) struct Relation {
    /// `schema.table`, quoted as needed.
    pub qualified: String,
    /// By attribute number - 1, quoted as needed; none for a dropped column.
    pub columns: Vec<Option<String>>,
    /// Attribute numbers of each unique index without predicate or expression.
    pub unique: Vec<Vec<i16>>,
    /// Why it may not be read: SQLSTATE, message, hint.
    pub refusal: Option<(&'static str, String, &'static str)>,
    /// Range-table entries that it stands for: 1, and a view's own.
    pub entries: u32,
    /// A view or policy calls functions that are not PostgreSQL's own.
    pub own_code: bool,
}

pub(super) struct Relations {
    known: BTreeMap<u32, Rc<Relation>>,
    role: pg_sys::Oid,
    options: Rc<Options>,
}

const SYSTEM: [&str; 4] = ["pg_catalog", "information_schema", "pg_toast", "nlsql"];

impl Relations {
    pub fn new(role: pg_sys::Oid, options: Rc<Options>) -> Relations {
        Relations { known: BTreeMap::new(), role, options }
    }

    pub fn forget(&mut self) {
        self.known.clear();
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
                qualified: format!("{}.{}", quote_ident(&schema), quote_ident(&name)),
                columns: columns((*open).rd_att),
                unique: unique_keys(open),
                refusal: self.kind_rule(oid, form, &schema),
                entries: 1,
                own_code: false,
            };
            if relation.refusal.is_none() {
                self.body_rules(open, &mut relation, functions);
            }
            pg_sys::relation_close(open, pg_sys::NoLock as i32);
            relation
        }
    }

    /// Rules by what the relation is and where it lies.
    unsafe fn kind_rule(
        &self,
        oid: pg_sys::Oid,
        form: pg_sys::Form_pg_class,
        schema: &str,
    ) -> Option<(&'static str, String, &'static str)> {
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
            b'f' => Some(("0A000", "foreign tables reach outside the server".to_owned(), "Use ordinary tables.")),
            _ => Some(("42809", "relation is not a table or view".to_owned(), "Use ordinary tables.")),
        }
    }

    /// Rules by what runs when the relation is read: row security and a view's body.
    unsafe fn body_rules(&mut self, open: pg_sys::Relation, relation: &mut Relation, functions: &mut Functions) {
        // SAFETY: an open relation; its rules and policies are analysed trees.
        unsafe {
            let owner = (*(*open).rd_rel).relowner;
            let trusted = owner == self.role || pg_sys::superuser_arg(owner);
            let mut stored = Stored::default();
            if (*(*open).rd_rel).relrowsecurity {
                let state = pg_sys::check_enable_rls((*open).rd_id, pg_sys::InvalidOid, true);
                if state != pg_sys::CheckEnableRlsResult::RLS_ENABLED as i32 {
                    relation.refusal = Some((
                        "42501",
                        format!("the role bypasses row security of {}", relation.qualified),
                        "Run as a role that the table's policies apply to.",
                    ));
                    return;
                }
                if !(*open).rd_rsdesc.is_null() {
                    for policy in ffi::pointers::<pg_sys::RowSecurityPolicy>((*(*open).rd_rsdesc).policies) {
                        stored.read((*policy).qual.cast());
                    }
                }
            }
            let view = (*(*open).rd_rel).relkind as u8 == b'v';
            if view && !(*open).rd_rules.is_null() {
                let rules =
                    std::slice::from_raw_parts((*(*open).rd_rules).rules, (*(*open).rd_rules).numLocks as usize);
                for rule in rules {
                    for action in ffi::pointers::<pg_sys::Query>((**rule).actions) {
                        stored.read(action.cast());
                    }
                }
            }
            // up to 15 a rule lists its own view, as old and new
            stored.relations.remove(&(*open).rd_id.to_u32());
            for oid in &stored.functions {
                let function = functions.get(pg_sys::Oid::from(*oid));
                relation.own_code |= !function.in_catalog;
                if !trusted && let Some(reason) = &function.refusal {
                    let message = format!("{} calls what is not allowed: {reason}", relation.qualified);
                    relation.refusal =
                        Some(("42501", message, "A superuser can list the function in nlsql.allowed_function."));
                }
            }
            relation.entries = relation.entries.saturating_add(stored.entries);
            self.behind(&stored, relation, functions);
        }
    }

    /// What lies behind a view need not be a subject, but what runs there counts.
    fn behind(&mut self, stored: &Stored, relation: &mut Relation, functions: &mut Functions) {
        for oid in &stored.relations {
            let oid = pg_sys::Oid::from(*oid);
            // SAFETY: a catalog look-up.
            let kind = unsafe { pg_sys::get_rel_relkind(oid) } as u8;
            if kind == b'v' {
                let inner = self.inner_view(oid, functions);
                relation.entries = relation.entries.saturating_add(inner.0);
                relation.own_code |= inner.1;
                if relation.refusal.is_none() {
                    relation.refusal = inner.2;
                }
            }
        }
    }

    /// Entries, own code and refusal of a view behind a view; views cannot be cyclic.
    fn inner_view(
        &mut self,
        oid: pg_sys::Oid,
        functions: &mut Functions,
    ) -> (u32, bool, Option<(&'static str, String, &'static str)>) {
        let mut inner = Relation {
            qualified: String::new(),
            columns: Vec::new(),
            unique: Vec::new(),
            refusal: None,
            entries: 0,
            own_code: false,
        };
        // SAFETY: as in `look_up`.
        unsafe {
            let open = pg_sys::relation_open(oid, pg_sys::AccessShareLock as i32);
            inner.qualified = ffi::owned((*(*open).rd_rel).relname.data.as_ptr());
            self.body_rules(open, &mut inner, functions);
            pg_sys::relation_close(open, pg_sys::NoLock as i32);
        }
        (inner.entries, inner.own_code, inner.refusal)
    }
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
