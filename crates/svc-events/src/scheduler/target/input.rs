//! What a target gets: the words that stand for what is known only when it runs.

use super::call::Execution;

/// The input with its context attributes filled in (Scheduler user guide, "Adding context attributes"), but for the number of the attempt,
/// which the courier knows.
pub fn fill(input: &str, execution: &Execution<'_>) -> String {
    input
        .replace("<aws.scheduler.schedule-arn>", execution.schedule_arn)
        .replace("<aws.scheduler.scheduled-time>", execution.scheduled_time)
        .replace("<aws.scheduler.execution-id>", execution.id)
}

/// What a target gets where its schedule gives no input.
pub fn usual(execution: &Execution<'_>) -> String {
    serde_json::json!({
        "version": "0", "id": execution.id, "detail-type": "Scheduled Event", "source": "aws.scheduler", "account": execution.account,
        "time": execution.scheduled_time, "region": execution.region, "resources": [execution.schedule_arn], "detail": "{}",
    })
    .to_string()
}
