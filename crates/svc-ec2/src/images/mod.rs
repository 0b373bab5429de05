//! AMIs.
//!
//! **Built:** registering snapshots, making images of instances, copying them (between regions, too), who may launch them, deprecation,
//! disabling, names by parameters of Systems Manager, deregistration with and without their snapshots, blocking of public access; the quick start images, which the cloud brings.
//!
//! **Not built:** instance store images and paravirtual ones, product codes, organizations, the recycle bin, store and restore in S3.

mod alias;
mod attributes;
mod copy;
mod create;
mod deregister;
mod describe;
mod devices;
mod errors;
mod lifecycle;
mod load;
mod names;
mod public_access;
mod quick_start;
mod reconcile;
mod register;
mod sharing;
mod views;

pub use alias::resolved;
pub use deregister::image_of;
pub use quick_start::{ImageMaker, MadeImage, QuickStart, SNAPSHOT as QUICK_START};
pub use reconcile::Images;

use crate::{TAG, access, resource::Resource};
use api::ec2;
use front::{Access, Cx, Service};
use model::Arn;

/// The rows of images.
pub fn rows(service: Service) -> Service {
    changing(service)
        .op::<ec2::DescribeImages>(access::all(), describe::describe)
        .op::<ec2::DescribeImageAttribute>(access::on(|cx, i| one(cx, &i.image_id)), attributes::describe)
        .op::<ec2::ModifyImageAttribute>(access::on(|cx, i| one(cx, &i.image_id)), attributes::modify)
        .op::<ec2::ResetImageAttribute>(access::on(|cx, i| one(cx, &i.image_id)), attributes::reset)
        .op::<ec2::EnableImageDeprecation>(access::on(|cx, i| one(cx, &i.image_id)), lifecycle::deprecate)
        .op::<ec2::DisableImageDeprecation>(access::on(|cx, i| one(cx, &i.image_id)), lifecycle::undeprecate)
        .op::<ec2::EnableImage>(access::on(|cx, i| one(cx, &i.image_id)), lifecycle::enable)
        .op::<ec2::DisableImage>(access::on(|cx, i| one(cx, &i.image_id)), lifecycle::disable)
        .op::<ec2::EnableImageDeregistrationProtection>(access::on(|cx, i| one(cx, &i.image_id)), lifecycle::protect)
        .op::<ec2::DisableImageDeregistrationProtection>(access::on(|cx, i| one(cx, &i.image_id)), lifecycle::unprotect)
        .op::<ec2::GetImageBlockPublicAccessState>(access::all(), public_access::get)
        .op::<ec2::EnableImageBlockPublicAccess>(access::all(), public_access::enable)
        .op::<ec2::DisableImageBlockPublicAccess>(access::all(), public_access::disable)
        .op::<ec2::ListImagesInRecycleBin>(
            access::on(|cx, i| access::some(cx, Resource::IMAGE, i.image_ids.as_deref())),
            describe::recycle_bin,
        )
}

fn changing(service: Service) -> Service {
    service
        .op::<ec2::RegisterImage>(
            access::on(|cx, i: &ec2::RegisterImageRequest| {
                let snapshots = i.block_device_mappings.iter().flatten().filter_map(|it| it.ebs.as_ref()?.snapshot_id.clone());
                one(cx, "*").into_iter().chain(snapshots.map(|id| access::one(cx, Resource::SNAPSHOT, &id))).collect()
            })
            .tagging(TAG, |cx, i| access::tagging(cx, Resource::IMAGE, i.tag_specifications.as_deref())),
            register::register,
        )
        .op::<ec2::CreateImage>(
            access::on(|cx, i: &ec2::CreateImageRequest| {
                vec![
                    access::one(cx, Resource::IMAGE, "*"),
                    access::one(cx, Resource::INSTANCE, &i.instance_id),
                    access::one(cx, Resource::SNAPSHOT, "*"),
                ]
            })
            .tagging(TAG, |cx, i| access::tagging(cx, Resource::IMAGE, i.tag_specifications.as_deref())),
            create::create,
        )
        .op::<ec2::CopyImage>(
            Access::on(|cx, _: &ec2::CopyImageRequest| one(cx, "*"))
                .keys(|cx, _| access::in_region(cx))
                .tagging(TAG, |cx, i| access::tagging(cx, Resource::IMAGE, i.tag_specifications.as_deref())),
            copy::copy,
        )
        .op::<ec2::DeregisterImage>(access::on(|cx, i| one(cx, &i.image_id)), deregister::deregister)
}

fn one(cx: &Cx, id: &str) -> Vec<Arn> {
    vec![access::one(cx, Resource::IMAGE, id)]
}
