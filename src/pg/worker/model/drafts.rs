//! Engine `reword`: the composer's statements of a task, each through the gate before a model is paid to word it.

use super::super::super::store::Task;
use super::super::source::Draw;
use super::check::Checker;
use crate::candidate::Candidate;
use crate::error::Result;

/// Draws for one slot.
const DRAWS: u32 = 20;

/// One statement for each open slot of the task, as far as there are any.
pub(super) fn drafts(checker: &mut Checker, draw: &mut Draw, task: &Task) -> Result<Vec<Candidate>> {
    let mut found: Vec<Candidate> = Vec::new();
    for slot in task.slot + task.accepted..task.slot + task.quota {
        for attempt in 0..DRAWS {
            let Some(candidate) = draw(slot, attempt)? else { continue };
            if found.iter().all(|f| f.sql != candidate.sql) && checker.passes(&candidate)? {
                found.push(candidate);
                break;
            }
        }
    }
    Ok(found)
}
