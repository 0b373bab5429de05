//! Launch templates.
//!
//! **Built:** templates with their versions and the default one, `$Latest` and `$Default`; what a version says is merged under what a request
//! to run instances says ([`merged`]).
//!
//! **Not built:** operators.

mod change;
mod create;
mod describe;
mod errors;
mod load;
mod merge;
mod views;

pub use merge::{merged, origin};

use crate::{TAG, access, resource::Resource};
use api::ec2;
use front::{Answer, Cx, Service};
use model::Arn;
use spine::Snapshot;

/// The rows of launch templates.
pub fn rows(service: Service) -> Service {
    service
        .op::<ec2::CreateLaunchTemplate>(
            access::on(|cx, _: &ec2::CreateLaunchTemplateRequest| vec![access::one(cx, Resource::LAUNCH_TEMPLATE, "*")])
                .tagging(TAG, |cx, i| access::tagging(cx, Resource::LAUNCH_TEMPLATE, i.tag_specifications.as_deref())),
            create::template,
        )
        .op::<ec2::CreateLaunchTemplateVersion>(
            access::found(|cx, snapshot, i: &ec2::CreateLaunchTemplateVersionRequest| {
                named(cx, snapshot, i.launch_template_id.as_deref(), i.launch_template_name.as_deref())
            }),
            create::version,
        )
        .op::<ec2::ModifyLaunchTemplate>(
            access::found(|cx, snapshot, i: &ec2::ModifyLaunchTemplateRequest| {
                named(cx, snapshot, i.launch_template_id.as_deref(), i.launch_template_name.as_deref())
            }),
            change::modify,
        )
        .op::<ec2::DeleteLaunchTemplate>(
            access::found(|cx, snapshot, i: &ec2::DeleteLaunchTemplateRequest| {
                named(cx, snapshot, i.launch_template_id.as_deref(), i.launch_template_name.as_deref())
            }),
            change::delete,
        )
        .op::<ec2::DeleteLaunchTemplateVersions>(
            access::found(|cx, snapshot, i: &ec2::DeleteLaunchTemplateVersionsRequest| {
                named(cx, snapshot, i.launch_template_id.as_deref(), i.launch_template_name.as_deref())
            }),
            change::delete_versions,
        )
        .op::<ec2::DescribeLaunchTemplates>(access::all(), describe::templates)
        .op::<ec2::DescribeLaunchTemplateVersions>(access::all(), describe::versions)
}

/// The template with that id or that name; one that isn't there is any.
fn named(cx: &Cx, snapshot: &Snapshot, id: Option<&str>, name: Option<&str>) -> Answer<Vec<Arn>> {
    let found = load::find(cx, snapshot, id, name)?;
    let id = found.as_ref().map(|found| &*found.id).or(id).unwrap_or("*");
    Ok(vec![access::one(cx, Resource::LAUNCH_TEMPLATE, id)])
}
