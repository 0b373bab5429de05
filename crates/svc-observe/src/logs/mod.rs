//! CloudWatch Logs: groups, streams, events, and the pump that makes events of what containers write.
//!
//! Built: groups with retention and tags, streams, putting, getting and filtering events, filter patterns, the account's resource
//! policies. Not built: metric and subscription filters, Insights queries, Live Tail, exports, KMS keys, classes other than `STANDARD`,
//! data protection, resource policies of single groups.

mod arns;
mod errors;
mod ops;
mod reconcile;
mod services;
pub mod store;
mod views;

pub use reconcile::{Flows, Pump, Retention};

use api::logs as sdk;
use arns::{on_all, on_group, on_named, on_stream_of, on_tagged, stream};
use front::{Access, Service, keys};
use ops::{events, groups, policies, streams, tags};
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
    let service = Service::new(&sdk::SERVICE).resources(arns::facts);
    let service = of_events(of_streams(of_groups(service, logs), logs), logs);
    of_policies(of_tags(service))
}

fn of_groups(service: Service, logs: &Arc<Logs>) -> Service {
    service
        .op::<sdk::CreateLogGroup>(
            Access::on(|cx, i: &sdk::CreateLogGroupRequest| on_group(cx, &i.log_group_name))
                .keys(|_, i| i.tags.as_ref().map(keys::request_tags).unwrap_or_default()),
            groups::create,
        )
        .op::<sdk::DeleteLogGroup>(Access::on(|cx, i| on_group(cx, &i.log_group_name)), groups::delete)
        .op_async::<sdk::DescribeLogGroups, _, _>(Access::on(|cx, _| on_all(cx)), logs, groups::describe)
        .op::<sdk::PutRetentionPolicy>(Access::on(|cx, i| on_group(cx, &i.log_group_name)), groups::put_retention)
        .op::<sdk::DeleteRetentionPolicy>(Access::on(|cx, i| on_group(cx, &i.log_group_name)), groups::delete_retention)
}

fn of_streams(service: Service, logs: &Arc<Logs>) -> Service {
    service
        .op::<sdk::CreateLogStream>(Access::on(|cx, i| vec![stream(cx, &i.log_group_name, &i.log_stream_name)]), streams::create)
        .op::<sdk::DeleteLogStream>(Access::on(|cx, i| vec![stream(cx, &i.log_group_name, &i.log_stream_name)]), streams::delete)
        .op_async::<sdk::DescribeLogStreams, _, _>(
            Access::on(|cx, i| on_named(cx, &i.log_group_name, &i.log_group_identifier)),
            logs,
            streams::describe,
        )
}

fn of_events(service: Service, logs: &Arc<Logs>) -> Service {
    service
        .op_async::<sdk::PutLogEvents, _, _>(
            Access::on(|cx, i| vec![stream(cx, &i.log_group_name, &i.log_stream_name)]),
            logs,
            events::put,
        )
        .op_async::<sdk::GetLogEvents, _, _>(
            Access::on(|cx, i| on_stream_of(cx, &i.log_group_name, &i.log_group_identifier, &i.log_stream_name)),
            logs,
            events::get,
        )
        .op_async::<sdk::FilterLogEvents, _, _>(
            Access::on(|cx, i| on_named(cx, &i.log_group_name, &i.log_group_identifier)),
            logs,
            events::filter,
        )
}

fn of_tags(service: Service) -> Service {
    service
        .op::<sdk::TagResource>(
            Access::on(|cx, i: &sdk::TagResourceRequest| on_tagged(cx, &i.resource_arn)).keys(|_, i| keys::request_tags(&i.tags)),
            tags::tag,
        )
        .op::<sdk::UntagResource>(
            Access::on(|cx, i: &sdk::UntagResourceRequest| on_tagged(cx, &i.resource_arn))
                .keys(|_, i| keys::tag_keys(&i.tag_keys)),
            tags::untag,
        )
        .op::<sdk::ListTagsForResource>(Access::on(|cx, i| on_tagged(cx, &i.resource_arn)), tags::list)
        .op::<sdk::TagLogGroup>(
            Access::on(|cx, i: &sdk::TagLogGroupRequest| on_group(cx, &i.log_group_name))
                .keys(|_, i| keys::request_tags(&i.tags)),
            tags::tag_group,
        )
        .op::<sdk::UntagLogGroup>(
            Access::on(|cx, i: &sdk::UntagLogGroupRequest| on_group(cx, &i.log_group_name)).keys(|_, i| keys::tag_keys(&i.tags)),
            tags::untag_group,
        )
        .op::<sdk::ListTagsLogGroup>(Access::on(|cx, i| on_group(cx, &i.log_group_name)), tags::list_group)
}

fn of_policies(service: Service) -> Service {
    service
        .op::<sdk::PutResourcePolicy>(Access::on(|cx, _| on_all(cx)), policies::put)
        .op::<sdk::DescribeResourcePolicies>(Access::on(|cx, _| on_all(cx)), policies::describe)
        .op::<sdk::DeleteResourcePolicy>(Access::on(|cx, _| on_all(cx)), policies::delete)
}
