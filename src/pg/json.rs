//! jsonb given to the server as text: the numbers stay as they are written, and nothing is parsed twice.

use pgrx::callconv::{BoxRet, FcInfo};
use pgrx::datum::{Datum, IntoDatum};
use pgrx::pg_sys;
use pgrx::pgrx_sql_entity_graph::metadata::{
    ArgumentError, ReturnsError, ReturnsRef, SqlMappingRef, SqlTranslatable, TypeOrigin,
};
use std::ffi::CString;

/// JSON text without zero bytes.
pub(crate) struct JsonbText(CString);

impl JsonbText {
    /// Texts of the server have no zero byte; where there is one, it gets the empty text and refuses that.
    pub(crate) fn of(text: impl Into<Vec<u8>>) -> JsonbText {
        JsonbText(CString::new(text).unwrap_or_default())
    }
}

impl IntoDatum for JsonbText {
    fn into_datum(self) -> Option<pg_sys::Datum> {
        // SAFETY: jsonb_in takes one NUL-terminated text and returns a new value or an ERROR.
        unsafe { pgrx::direct_function_call_as_datum(pg_sys::jsonb_in, &[Some(self.0.as_ptr().into())]) }
    }

    fn type_oid() -> pg_sys::Oid {
        pg_sys::JSONBOID
    }
}

// SAFETY: the datum is a jsonb, as pgrx's own JsonB makes it.
unsafe impl BoxRet for JsonbText {
    unsafe fn box_into<'fcx>(self, fcinfo: &mut FcInfo<'fcx>) -> Datum<'fcx> {
        match self.into_datum() {
            // SAFETY: a fresh datum of the type that the function declares.
            Some(datum) => unsafe { fcinfo.return_raw_datum(datum) },
            None => fcinfo.return_null(),
        }
    }
}

// SAFETY: names the SQL type that the datum has.
unsafe impl SqlTranslatable for JsonbText {
    const TYPE_IDENT: &'static str = pgrx::pgrx_resolved_type!(JsonbText);
    const TYPE_ORIGIN: TypeOrigin = TypeOrigin::External;
    const ARGUMENT_SQL: Result<SqlMappingRef, ArgumentError> = Ok(SqlMappingRef::literal("jsonb"));
    const RETURN_SQL: Result<ReturnsRef, ReturnsError> = Ok(ReturnsRef::One(SqlMappingRef::literal("jsonb")));
}
