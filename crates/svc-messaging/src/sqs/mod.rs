//! SQS: queues.
//!
//! **Built:** standard and FIFO queues with their attributes, policies and tags; sending, receiving (long polling), deleting, batches, delays
//! and visibility; message attributes and their digests; deduplication, also by message group; the quotas of FIFO queues; fair turns for the
//! tenants of standard queues; dead letters, and moving them back; purging and retention; encryption on the disk, by SQS's own key or one of
//! KMS's. The JSON protocol and the query protocol.

mod content;
mod errors;
mod live;
pub mod mail;
mod names;
mod ops;
mod queues;
mod receipt;
mod reconcile;
mod sealing;
mod settings;
mod views;

pub use queues::Queues;
pub use reconcile::{Mover, Sweeper};

use api::sqs as sdk;
use front::{Access, Service, keys};
use names::{given, named, on, on_arn, tagging};
use ops::{attributes, delete, moves, permissions, queues as queue, receive, send, tags, visibility};
use std::sync::Arc;

/// The service's table.
pub fn service(queues: &Arc<Queues>) -> Service {
    let service = Service::new(&sdk::SERVICE).resources(names::facts);
    of_moves(of_messages(of_attributes(of_queues(service, queues), queues), queues), queues)
}

fn of_queues(service: Service, queues: &Arc<Queues>) -> Service {
    service
        .op::<sdk::CreateQueue>(
            Access::on(|cx, i: &sdk::CreateQueueRequest| named(cx, &i.queue_name))
                .tagging("sqs:TagQueue", |cx, i| tagging(cx, &i.queue_name, &i.tags)),
            queue::create,
        )
        .op_async::<sdk::DeleteQueue, _, _>(Access::on(|cx, i| on(cx, &i.queue_url)), queues, queue::delete)
        .op_async::<sdk::PurgeQueue, _, _>(Access::on(|cx, i| on(cx, &i.queue_url)), queues, queue::purge)
        .op::<sdk::GetQueueUrl>(
            Access::on(|cx, i| {
                let key = |account| model::Key::<model::sqs::Queue>::new(&account, &cx.region, &i.queue_name);
                queue::owner(cx, i).map(|account| key(account).arn()).into_iter().collect()
            }),
            queue::url,
        )
        .op::<sdk::ListQueues>(Access::all(), queue::list)
        .op::<sdk::ListDeadLetterSourceQueues>(Access::on(|cx, i| on(cx, &i.queue_url)), queue::sources)
}

fn of_attributes(service: Service, queues: &Arc<Queues>) -> Service {
    service
        .op_async::<sdk::GetQueueAttributes, _, _>(Access::on(|cx, i| on(cx, &i.queue_url)), queues, attributes::get)
        .op_async::<sdk::SetQueueAttributes, _, _>(Access::on(|cx, i| on(cx, &i.queue_url)), queues, attributes::set)
        .op::<sdk::AddPermission>(Access::on(|cx, i| on(cx, &i.queue_url)), permissions::add)
        .op::<sdk::RemovePermission>(Access::on(|cx, i| on(cx, &i.queue_url)), permissions::remove)
        .op::<sdk::TagQueue>(
            Access::on(|cx, i: &sdk::TagQueueRequest| on(cx, &i.queue_url)).keys(|_, i| given(&i.tags)),
            tags::tag,
        )
        .op::<sdk::UntagQueue>(
            Access::on(|cx, i: &sdk::UntagQueueRequest| on(cx, &i.queue_url)).keys(|_, i| keys::tag_keys(&i.tag_keys)),
            tags::untag,
        )
        .op::<sdk::ListQueueTags>(Access::on(|cx, i| on(cx, &i.queue_url)), tags::list)
}

/// Batches need the permission of the operation that they repeat.
fn of_messages(service: Service, queues: &Arc<Queues>) -> Service {
    service
        .op_async::<sdk::SendMessage, _, _>(Access::on(|cx, i| on(cx, &i.queue_url)), queues, send::one)
        .op_async::<sdk::SendMessageBatch, _, _>(
            Access::on(|cx, i: &sdk::SendMessageBatchRequest| on(cx, &i.queue_url)).action("sqs:SendMessage"),
            queues,
            send::several,
        )
        .op_async::<sdk::ReceiveMessage, _, _>(Access::on(|cx, i| on(cx, &i.queue_url)), queues, receive::receive)
        .op_async::<sdk::DeleteMessage, _, _>(Access::on(|cx, i| on(cx, &i.queue_url)), queues, delete::one)
        .op_async::<sdk::DeleteMessageBatch, _, _>(
            Access::on(|cx, i: &sdk::DeleteMessageBatchRequest| on(cx, &i.queue_url)).action("sqs:DeleteMessage"),
            queues,
            delete::several,
        )
        .op_async::<sdk::ChangeMessageVisibility, _, _>(Access::on(|cx, i| on(cx, &i.queue_url)), queues, visibility::one)
        .op_async::<sdk::ChangeMessageVisibilityBatch, _, _>(
            Access::on(|cx, i: &sdk::ChangeMessageVisibilityBatchRequest| on(cx, &i.queue_url))
                .action("sqs:ChangeMessageVisibility"),
            queues,
            visibility::several,
        )
}

fn of_moves(service: Service, queues: &Arc<Queues>) -> Service {
    service
        .op_async::<sdk::StartMessageMoveTask, _, _>(Access::on(|_, i| on_arn(&i.source_arn)), queues, moves::start)
        .op::<sdk::ListMessageMoveTasks>(Access::on(|_, i| on_arn(&i.source_arn)), moves::list)
        .op::<sdk::CancelMessageMoveTask>(Access::on(|_, i| moves::on_handle(&i.task_handle)), moves::cancel)
}
