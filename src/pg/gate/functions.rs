//! Which functions a statement may call, decided by OID.
//!
//! Allowed: functions of `pg_catalog` that are not volatile, not SECURITY DEFINER and not on the list below; a few
//! volatile ones that do no harm; what a superuser put into `nlsql.allowed_function`. An extension's function marked
//! IMMUTABLE proves nothing (it would run while planning), so it has to be listed.

use super::bound::{self, Bound};
use super::{ffi, origin};
use pgrx::pg_sys;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// First OID that initdb does not use for its own objects.
const FIRST_NORMAL: u32 = 16384;

/// Volatile, and harmless: they read a clock or a random source.
const HARMLESS: [&str; 9] = [
    "clock_timestamp", "gen_random_uuid", "random", "random_normal", "statement_timestamp", "timeofday",
    "transaction_timestamp", "uuidv4", "uuidv7",
];

/// Not volatile, and still refused: they run SQL text, read the catalog or the session instead of the data, or
/// have no place in a question about data, or run without end where no timer reaches (XPath).
const DENIED: [&str; 26] = [
    "acldefault",
    "aclexplode",
    "col_description",
    "current_setting",
    "currtid2",
    "format_type",
    "getdatabaseencoding",
    "has_parameter_privilege",
    "inet_client_addr",
    "inet_client_port",
    "inet_server_addr",
    "inet_server_port",
    "makeaclitem",
    "obj_description",
    "row_security_active",
    "satisfies_hash_partition",
    "schema_to_xmlschema",
    "shobj_description",
    "ts_stat",
    "ts_rewrite",
    "unknownin",
    "unknownout",
    "version",
    "xmlexists",
    "xpath",
    "xpath_exists",
];

/// Families, by the beginning of the name.
const DENIED_PREFIXES: [&str; 8] = ["pg_", "txid_", "lo_", "binary_upgrade_", "currtid", "fmgr_", "has_", "to_reg"];

/// Exceptions from the families: about values, not about the server.
const NOT_DENIED: [&str; 3] = ["pg_typeof", "pg_column_size", "pg_collation_for"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Function {
    pub name: String,
    pub in_catalog: bool,
    /// Why it may not be called; none = it may.
    pub refusal: Option<String>,
    /// Takes or gives what only the server itself can hold: an input function, a part of an aggregate.
    pub machinery: bool,
    /// What its arguments are held to, where they may be long.
    pub bound: Bound,
    /// What it gives is hardly longer than what it gets.
    pub tame: bool,
    /// Features that a call of it stands for.
    pub traits: Vec<&'static str>,
}

pub(super) struct Functions {
    known: BTreeMap<u32, Function>,
    allowed: Rc<BTreeSet<u32>>,
    /// `nlsql.bounded_`.
    bound: Option<pg_sys::Oid>,
}

impl Functions {
    pub fn new(allowed: Rc<BTreeSet<u32>>) -> Functions {
        Functions { known: BTreeMap::new(), allowed, bound: bound_function() }
    }

    pub fn allow(&mut self, allowed: &Rc<BTreeSet<u32>>) {
        if !Rc::ptr_eq(&self.allowed, allowed) {
            if self.allowed != *allowed {
                self.known.clear();
            }
            self.allowed = Rc::clone(allowed);
        }
    }

    pub fn bound(&self) -> Option<pg_sys::Oid> {
        self.bound
    }

    pub fn allowed(&self) -> Rc<BTreeSet<u32>> {
        Rc::clone(&self.allowed)
    }

    pub fn forget(&mut self) {
        self.bound = bound_function();
        self.known.clear();
    }

    /// Must run inside a transaction.
    pub fn get(&mut self, oid: pg_sys::Oid) -> &Function {
        let Functions { known, allowed, bound } = self;
        let listed = allowed.contains(&oid.to_u32()) || *bound == Some(oid);
        known.entry(oid.to_u32()).or_insert_with(|| look_up(oid, listed))
    }
}

/// The rule for functions of pg_catalog by name alone.
fn denied_name(name: &str) -> bool {
    DENIED.contains(&name)
        || name.contains("_to_xml")
        || (DENIED_PREFIXES.iter().any(|p| name.starts_with(p)) && !NOT_DENIED.contains(&name))
}

fn look_up(oid: pg_sys::Oid, allowed: bool) -> Function {
    let mut types = Vec::new();
    // SAFETY: a catalog look-up; the tuple is read before it is released.
    let (name, namespace, volatile, definer) = unsafe {
        let cache = pg_sys::SysCacheIdentifier::PROCOID as i32;
        let tuple = pg_sys::SearchSysCache1(cache, pg_sys::Datum::from(oid));
        if tuple.is_null() {
            let refusal = Some(format!("function with OID {} does not exist", oid.to_u32()));
            return Function {
                name: String::new(),
                in_catalog: false,
                refusal,
                machinery: false,
                bound: Bound::Length,
                tame: false,
                traits: Vec::new(),
            };
        }
        let form = pg_sys::heap_tuple_get_struct::<pg_sys::FormData_pg_proc>(tuple);
        let name = ffi::owned((*form).proname.data.as_ptr());
        let count = usize::try_from((*form).pronargs).unwrap_or(0);
        types.extend_from_slice((*form).proargtypes.values.as_slice(count));
        types.push((*form).prorettype);
        let facts = (name, (*form).pronamespace, (*form).provolatile as u8 == b'v', (*form).prosecdef);
        pg_sys::ReleaseSysCache(tuple);
        facts
    };
    let traits = traits(&name, &types);
    let in_catalog = namespace.to_u32() == pg_sys::PG_CATALOG_NAMESPACE && oid.to_u32() < FIRST_NORMAL;
    let refusal = if allowed {
        None
    } else if definer {
        Some(format!("function {name} runs with its owner's rights"))
    } else if !in_catalog {
        Some(format!("function {name} is not one of PostgreSQL's own"))
    } else if denied_name(&name) {
        Some(format!("function {name} is about the server, not about data"))
    } else if volatile && !HARMLESS.contains(&name.as_str()) {
        Some(format!("function {name} is volatile"))
    } else {
        None
    };
    let machinery = types.iter().any(|t| matches!(*t, pg_sys::CSTRINGOID | pg_sys::INTERNALOID));
    let (bound, tame) = (bound::of(&name), origin::is_tame(&name));
    Function { name, in_catalog, refusal, machinery, bound, tame, traits }
}

/// `nlsql.bounded_(anyelement, int)`, if the extension is there.
fn bound_function() -> Option<pg_sys::Oid> {
    // SAFETY: catalog look-ups inside a transaction.
    let oid = unsafe {
        let names = [c"nlsql", c"bounded_"].into_iter().fold(std::ptr::null_mut(), |list, name| {
            pg_sys::lappend(list, pg_sys::makeString(name.as_ptr().cast_mut()).cast())
        });
        let arguments = [pg_sys::ANYELEMENTOID, pg_sys::INT4OID];
        pg_sys::LookupFuncName(names, 2, arguments.as_ptr(), true)
    };
    (oid != pg_sys::InvalidOid).then_some(oid)
}

/// The functions that an aggregate consists of; none for other functions.
pub(super) fn parts(oid: pg_sys::Oid) -> Vec<u32> {
    // SAFETY: a catalog look-up inside a transaction; the tuple is read before it is released.
    unsafe {
        let cache = pg_sys::SysCacheIdentifier::AGGFNOID as i32;
        let tuple = pg_sys::SearchSysCache1(cache, pg_sys::Datum::from(oid));
        if tuple.is_null() {
            return Vec::new();
        }
        // aggtransfn to aggmfinalfn: the same columns in every version
        let mut parts = Vec::new();
        for number in 4..=11 {
            let mut null = true;
            let value = pg_sys::SysCacheGetAttr(cache, tuple, number, &mut null);
            parts.extend((!null).then(|| value.value() as u32).filter(|part| *part != 0));
        }
        pg_sys::ReleaseSysCache(tuple);
        parts
    }
}

/// Features by a function's name and the types that it takes and gives.
fn traits(name: &str, types: &[pg_sys::Oid]) -> Vec<&'static str> {
    let mut found = Vec::new();
    if name.ends_with("like") && !name.starts_with("regexp") {
        found.push("like");
    }
    if name.contains("regex") || name.starts_with("similar_") {
        found.push("regex");
    }
    for oid in types {
        if let Some(family) = type_family(*oid)
            && !found.contains(&family)
        {
            found.push(family);
        }
    }
    // a path into a document is written as an array, the bounds of a range as dates
    if found.contains(&"jsonb") {
        found.retain(|family| *family != "array");
    }
    if found.contains(&"range") {
        found.retain(|family| *family != "date_fn");
    }
    found
}

/// The feature that a value of this type stands for; `date_fn` where a function of it is one.
pub(super) fn type_family(oid: pg_sys::Oid) -> Option<&'static str> {
    match oid {
        pg_sys::JSONOID | pg_sys::JSONBOID | pg_sys::JSONPATHOID => Some("jsonb"),
        pg_sys::TSVECTOROID | pg_sys::TSQUERYOID => Some("full_text"),
        pg_sys::ANYARRAYOID | pg_sys::ANYCOMPATIBLEARRAYOID => Some("array"),
        pg_sys::ANYRANGEOID
        | pg_sys::ANYMULTIRANGEOID
        | pg_sys::ANYCOMPATIBLERANGEOID
        | pg_sys::ANYCOMPATIBLEMULTIRANGEOID => Some("range"),
        pg_sys::DATEOID
        | pg_sys::TIMEOID
        | pg_sys::TIMETZOID
        | pg_sys::TIMESTAMPOID
        | pg_sys::TIMESTAMPTZOID
        | pg_sys::INTERVALOID => Some("date_fn"),
        other => {
            // SAFETY: catalog look-ups.
            let (kind, element) = unsafe { (pg_sys::get_typtype(other) as u8, pg_sys::get_element_type(other)) };
            match kind {
                b'r' | b'm' => Some("range"),
                _ if element != pg_sys::InvalidOid => Some("array"),
                _ => None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::denied_name;

    #[test]
    fn names() {
        for name in ["query_to_xml", "table_to_xml_and_xmlschema", "pg_read_file", "ts_stat", "current_setting"] {
            assert!(denied_name(name), "{name}");
        }
        for name in ["pg_typeof", "count", "lower", "ts_rank", "to_char", "format", "xmlparse"] {
            assert!(!denied_name(name), "{name}");
        }
    }
}
