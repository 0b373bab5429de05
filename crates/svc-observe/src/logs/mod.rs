//! CloudWatch Logs: groups, streams, events, and the pump that makes events of what containers write.
//!
//! Built: groups with retention and tags, streams, putting, getting and filtering events, filter patterns. Not built: metric and
//! subscription filters, Insights queries, Live Tail, exports, KMS keys, classes other than `STANDARD`, data protection.

mod errors;
mod ops;
mod reconcile;
pub mod store;
mod views;

pub use reconcile::{Pump, Retention};

use api::logs as sdk;
use front::{Access, Cx, Service};
use model::Arn;
use ops::{events, groups, streams, tags};
use spine::Store;
use std::sync::Arc;
use store::LogStore;

/// What the operations on events work with.
pub struct Logs {
    /// The records.
    pub store: Store,
    /// The events.
    pub events: Arc<LogStore>,
}

/// The service's table.
pub fn service(logs: &Arc<Logs>) -> Service {
    Service::new(&sdk::SERVICE)
        .op::<sdk::CreateLogGroup>(Access::on(|cx, i| vec![group_arn(cx, &i.log_group_name)]), groups::create)
        .op::<sdk::DeleteLogGroup>(Access::on(|cx, i| vec![group_arn(cx, &i.log_group_name)]), groups::delete)
        .op_async::<sdk::DescribeLogGroups, _, _>(Access::on(|cx, _| vec![group_arn(cx, "*")]), logs, groups::describe)
        .op::<sdk::PutRetentionPolicy>(Access::on(|cx, i| vec![group_arn(cx, &i.log_group_name)]), groups::put_retention)
        .op::<sdk::DeleteRetentionPolicy>(Access::on(|cx, i| vec![group_arn(cx, &i.log_group_name)]), groups::delete_retention)
        .op::<sdk::CreateLogStream>(Access::on(|cx, i| vec![group_arn(cx, &i.log_group_name)]), streams::create)
        .op::<sdk::DeleteLogStream>(
            Access::on(|cx, i| vec![stream_arn(cx, &i.log_group_name, &i.log_stream_name)]),
            streams::delete,
        )
        .op_async::<sdk::DescribeLogStreams, _, _>(
            Access::on(|cx, i| named_group_arn(cx, &i.log_group_name, &i.log_group_identifier)),
            logs,
            streams::describe,
        )
        .op_async::<sdk::PutLogEvents, _, _>(
            Access::on(|cx, i| vec![stream_arn(cx, &i.log_group_name, &i.log_stream_name)]),
            logs,
            events::put,
        )
        .op_async::<sdk::GetLogEvents, _, _>(
            Access::on(|cx, i| named_group_arn(cx, &i.log_group_name, &i.log_group_identifier)),
            logs,
            events::get,
        )
        .op_async::<sdk::FilterLogEvents, _, _>(
            Access::on(|cx, i| named_group_arn(cx, &i.log_group_name, &i.log_group_identifier)),
            logs,
            events::filter,
        )
        .op::<sdk::TagResource>(Access::on(|_, i| i.resource_arn.parse().into_iter().collect()), tags::tag)
        .op::<sdk::UntagResource>(Access::on(|_, i| i.resource_arn.parse().into_iter().collect()), tags::untag)
        .op::<sdk::ListTagsForResource>(Access::on(|_, i| i.resource_arn.parse().into_iter().collect()), tags::list)
        .op::<sdk::TagLogGroup>(Access::on(|cx, i| vec![group_arn(cx, &i.log_group_name)]), tags::tag_group)
        .op::<sdk::UntagLogGroup>(Access::on(|cx, i| vec![group_arn(cx, &i.log_group_name)]), tags::untag_group)
        .op::<sdk::ListTagsLogGroup>(Access::on(|cx, i| vec![group_arn(cx, &i.log_group_name)]), tags::list_group)
}

/// `arn:aws:logs:region:account:log-group:name`.
fn group_arn(cx: &Cx, group: &str) -> Arn {
    cx.arn("logs", format!("log-group:{group}"))
}

/// `arn:aws:logs:region:account:log-group:name:log-stream:stream`.
fn stream_arn(cx: &Cx, group: &str, stream: &str) -> Arn {
    cx.arn("logs", format!("log-group:{group}:log-stream:{stream}"))
}

/// The ARN of a group that is named by its name or by an identifier.
fn named_group_arn(cx: &Cx, name: &Option<String>, identifier: &Option<String>) -> Vec<Arn> {
    ops::group_name(cx, name, identifier).map(|group| group_arn(cx, &group)).into_iter().collect()
}
