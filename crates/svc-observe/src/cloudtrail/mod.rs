//! CloudTrail: the event history of the last 90 days, and what a principal was really allowed.
//!
//! Built: a record of each management event of every service (reads and errors included, secrets hidden), LookupEvents. What each principal
//! was allowed is kept beside, of data events too: `hillfog iam observed` makes a policy of it. Trails deliver to a bucket, and no bucket
//! can exist before S3 is built: CreateTrail says so in CloudTrail's words, and every other operation on trails tells the truth about an
//! account that has none. Not built: event data stores (CloudTrail Lake), Insights, channels, dashboards, imports.

mod category;
mod early;
mod errors;
mod event;
mod identity;
mod ops;
mod recorder;
mod resources;
mod retention;
mod store;

pub use recorder::{Trail, noted_name};
pub use retention::Retention;
pub use store::{Noted, TrailError, TrailStore};

use api::cloudtrail as sdk;
use front::{Access, Cx, Service, Tagging, keys};
use model::Arn;
use ops::{lookup, tags, trails};
use std::sync::Arc;

/// The service's table.
pub fn service(events: &Arc<TrailStore>) -> Service {
    Service::new(&sdk::SERVICE)
        .op_async::<sdk::LookupEvents, _, _>(Access::all(), events, lookup::events)
        .op::<sdk::CreateTrail>(
            Access::on(|cx, i: &sdk::CreateTrailRequest| vec![trail_arn(cx, &i.name)]).tagging("cloudtrail:AddTags", |cx, i| {
                Tagging { resources: vec![trail_arn(cx, &i.name)], tags: given(i.tags_list.as_deref().unwrap_or_default()) }
            }),
            trails::create,
        )
        .op::<sdk::DescribeTrails>(Access::all(), trails::describe)
        .op::<sdk::ListTrails>(Access::all(), trails::list)
        .op::<sdk::GetTrail>(Access::on(|cx, i| vec![trail_arn(cx, &i.name)]), trails::get)
        .op::<sdk::GetTrailStatus>(Access::on(|cx, i| vec![trail_arn(cx, &i.name)]), trails::get_status)
        .op::<sdk::UpdateTrail>(Access::on(|cx, i| vec![trail_arn(cx, &i.name)]), trails::update)
        .op::<sdk::DeleteTrail>(Access::on(|cx, i| vec![trail_arn(cx, &i.name)]), trails::delete)
        .op::<sdk::StartLogging>(Access::on(|cx, i| vec![trail_arn(cx, &i.name)]), trails::start_logging)
        .op::<sdk::StopLogging>(Access::on(|cx, i| vec![trail_arn(cx, &i.name)]), trails::stop_logging)
        .op::<sdk::PutEventSelectors>(Access::on(|cx, i| vec![trail_arn(cx, &i.trail_name)]), trails::put_selectors)
        .op::<sdk::GetEventSelectors>(Access::on(|cx, i| vec![trail_arn(cx, &i.trail_name)]), trails::get_selectors)
        .op::<sdk::AddTags>(
            Access::on(|_, i: &sdk::AddTagsRequest| i.resource_id.parse().into_iter().collect())
                .keys(|_, i| keys::request_tags(given(&i.tags_list))),
            tags::add,
        )
        .op::<sdk::RemoveTags>(
            Access::on(|_, i: &sdk::RemoveTagsRequest| i.resource_id.parse().into_iter().collect())
                .keys(|_, i| keys::tag_keys(i.tags_list.iter().map(|tag| &tag.key))),
            tags::remove,
        )
        .op::<sdk::ListTags>(Access::on(|_, i| i.resource_id_list.iter().flat_map(|arn| arn.parse()).collect()), tags::list)
}

/// `arn:aws:cloudtrail:region:account:trail/name`; trails are named by their ARN as well.
fn trail_arn(cx: &Cx, name: &str) -> Arn {
    name.parse().unwrap_or_else(|_| cx.arn("cloudtrail", format!("trail/{name}")))
}

/// The tags that a request gives, as they stand in it.
fn given(tags: &[sdk::Tag]) -> Vec<(String, String)> {
    tags.iter().map(|tag| (tag.key.clone(), tag.value.clone().unwrap_or_default())).collect()
}
