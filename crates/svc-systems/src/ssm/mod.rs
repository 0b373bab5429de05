//! Parameter Store.
//!
//! **Built:** parameters of the three types with their versions, labels, tags, tiers, allowed patterns and the data type `aws:ec2:image`; by
//! name, by ARN, by path, by filters; their history. Those that AWS has for everybody stand in `logic::parameter`.
//!
//! **Not built:** policies of parameters (expiration and its notices), sharing with other accounts, the data
//! type `aws:ssm:integration`, and all of Systems Manager that isn't Parameter Store.

mod access;
mod errors;
mod filters;
mod load;
mod names;
mod ops;
mod page;
mod secret;
mod values;
mod views;

use access::{named, on_all_of, on_path, on_tagged, overwrite, recursive, tags_of};
use api::ssm as sdk;
use front::{Access, Service, Tagging, keys};
use ops::{delete, describe, get, history, labels, path, put, tags};

/// The service's table.
pub fn service() -> Service {
    of_tags(changing(reading(Service::new(&sdk::SERVICE).resources(access::facts))))
}

fn reading(service: Service) -> Service {
    service
        .op::<sdk::GetParameter>(Access::on(|cx, i| named(cx, &i.name)), get::one)
        .op::<sdk::GetParameters>(Access::on(|cx, i| on_all_of(cx, &i.names)), get::several)
        .op::<sdk::GetParametersByPath>(
            Access::on(|cx, i: &sdk::GetParametersByPathRequest| on_path(cx, &i.path)).keys(|_, i| recursive(i.recursive)),
            path::get,
        )
        .op::<sdk::GetParameterHistory>(Access::on(|cx, i| named(cx, &i.name)), history::get)
        .op::<sdk::DescribeParameters>(Access::on(|cx, _| vec![cx.arn("ssm", "*")]), describe::describe)
}

fn changing(service: Service) -> Service {
    service
        .op::<sdk::PutParameter>(
            Access::on(|cx, i: &sdk::PutParameterRequest| named(cx, &i.name)).keys(|_, i| overwrite(i.overwrite)).tagging(
                "ssm:AddTagsToResource",
                |cx, i| Tagging { resources: named(cx, &i.name), tags: tags_of(i.tags.as_deref().unwrap_or_default()) },
            ),
            put::put,
        )
        .op::<sdk::DeleteParameter>(Access::on(|cx, i| named(cx, &i.name)), delete::one)
        .op::<sdk::DeleteParameters>(Access::on(|cx, i| on_all_of(cx, &i.names)), delete::several)
        .op::<sdk::LabelParameterVersion>(Access::on(|cx, i| named(cx, &i.name)), labels::add)
        .op::<sdk::UnlabelParameterVersion>(Access::on(|cx, i| named(cx, &i.name)), labels::remove)
}

fn of_tags(service: Service) -> Service {
    service
        .op::<sdk::AddTagsToResource>(
            Access::on(|cx, i: &sdk::AddTagsToResourceRequest| on_tagged(cx, i.resource_type, &i.resource_id))
                .keys(|_, i| keys::request_tags(tags_of(&i.tags))),
            tags::add,
        )
        .op::<sdk::RemoveTagsFromResource>(
            Access::on(|cx, i: &sdk::RemoveTagsFromResourceRequest| on_tagged(cx, i.resource_type, &i.resource_id))
                .keys(|_, i| keys::tag_keys(&i.tag_keys)),
            tags::remove,
        )
        .op::<sdk::ListTagsForResource>(Access::on(|cx, i| on_tagged(cx, i.resource_type, &i.resource_id)), tags::list)
}
