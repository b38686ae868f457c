//! Settings in force for a run, copied into its row when it is made: a worker does not see the caller's SET.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub engine: String,
    pub endpoint: String,
    pub model: Option<String>,
    /// HTTP requests in flight for a run.
    pub parallelism: i32,
    /// Worker processes of a run; none = 1 with a model, 2 offline.
    pub workers: Option<i32>,
    pub request_timeout_ms: i32,
    pub max_retries: i32,
    /// None = no budget.
    pub budget_usd: Option<f64>,
    pub values: Option<String>,
    pub values_min_rows: i32,
    pub check_timeout_ms: i32,
    pub check_memory_mb: i32,
    pub db_sessions_max: i32,
}
