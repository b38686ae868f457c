//! Engine `reword`: the composer's statements of a task, each through the gate before a model is paid to word it.

use super::super::super::store::Task;
use super::super::source::Draw;
use super::check::Checker;
use crate::candidate::Candidate;
use crate::error::Result;

/// Draws for one slot.
const DRAWS: u32 = 20;

/// One statement for each open slot of the task, as far as there are any. In a later round, of which the task wants
/// `missing`, others than before.
pub(super) fn drafts(
    checker: &mut Checker,
    draw: &mut Draw,
    task: &Task,
    missing: i64,
    round: u32,
) -> Result<Vec<Candidate>> {
    let mut found = Vec::new();
    let end = task.slot + task.quota;
    for slot in end - missing..end {
        for attempt in round * DRAWS..(round + 1) * DRAWS {
            let Some(candidate) = draw(slot, attempt)? else { continue };
            if checker.reserves(&candidate, i64::from(task.number))? {
                found.push(candidate);
                break;
            }
        }
    }
    Ok(found)
}
