//! Columns that nobody asks about as they stand: a time beside its day, amounts of which each row has its own unit.

use super::world::Field;
use crate::schema::roles::Role;

pub(super) fn set_aside(fields: &mut [Field]) {
    let unit =
        |f: &Field| f.role() != Role::Measure && f.noun.split(' ').any(|w| w == "unit") && !f.noun.contains(" per ");
    if fields.iter().any(unit) {
        for field in fields.iter_mut().filter(|f| f.role() == Role::Measure) {
            field.mixed = !field.traits.money && field.unit.is_none();
        }
    }
    for at in 0..fields.len() {
        let Some(stem) = fields[at].name.to_lowercase().strip_suffix("datetime").map(str::to_owned) else { continue };
        fields[at].raw |= fields.iter().any(|f| f.name.to_lowercase() == format!("{stem}date"));
    }
}
