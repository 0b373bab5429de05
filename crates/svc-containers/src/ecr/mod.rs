//! Elastic Container Registry: repositories, images and layers, and the OCI distribution protocol by which clients push and pull.
//!
//! Built: repositories with tags and tag mutability, images by digest and tag, layer uploads in both protocols, authorization
//! tokens, referrers. Not built: policies of repositories and registries, lifecycle policies, scanning, replication, pull-through
//! caches, encryption with KMS keys, image signing, archiving.
//!
//! How the rooms hang together:
//!
//! * `ops/`: the operations, by what they are about: read the input, check, one transaction, a view.
//! * [`views`]: from records to what the API shows. `errors`: every refusal, a constructor each.
//! * `manifest`, `mutability`, `page`, `token`: decisions that need nothing but their arguments.
//! * `images`, `layers`: what both protocols do to the records.
//! * [`blobs`]: the bytes.
//! * `registry/`: the OCI distribution protocol under `/v2/`.
//! * `reconcile/`: frees the bytes that nothing needs any more.

pub mod blobs;
mod errors;
mod find;
mod images;
mod layers;
mod manifest;
mod mutability;
mod ops;
mod page;
mod reconcile;
mod registry;
mod token;
mod views;

pub use blobs::Blobs;
pub use reconcile::Sweeper;
pub use registry::Registry;

use api::ecr as sdk;
use front::{Access, Cx, Service};
use model::{Arn, Key, ecr::Repository};
use ops::{images as image, layers as layer, registry as registries, repositories as repository, tags};
use spine::Store;
use std::sync::Arc;

/// What the operations that move bytes work with.
pub struct Ecr {
    /// The records.
    pub store: Store,
    /// The bytes.
    pub blobs: Blobs,
}

/// The service's table.
pub fn service(ecr: &Arc<Ecr>) -> Service {
    Service::new(&sdk::SERVICE)
        .op::<sdk::CreateRepository>(Access::on(|cx, i| named(cx, &i.repository_name)), repository::create)
        .op::<sdk::DescribeRepositories>(Access::on(|cx, i| listed(cx, &i.repository_names)), repository::describe)
        .op::<sdk::DeleteRepository>(Access::on(|cx, i| named(cx, &i.repository_name)), repository::delete)
        .op::<sdk::PutImageTagMutability>(Access::on(|cx, i| named(cx, &i.repository_name)), repository::put_mutability)
        .op::<sdk::PutImageScanningConfiguration>(Access::on(|cx, i| named(cx, &i.repository_name)), repository::put_scanning)
        .op_async::<sdk::PutImage, _, _>(Access::on(|cx, i| named(cx, &i.repository_name)), ecr, image::put)
        .op_async::<sdk::BatchGetImage, _, _>(Access::on(|cx, i| named(cx, &i.repository_name)), ecr, image::batch_get)
        .op::<sdk::BatchDeleteImage>(Access::on(|cx, i| named(cx, &i.repository_name)), image::batch_delete)
        .op::<sdk::DescribeImages>(Access::on(|cx, i| named(cx, &i.repository_name)), image::describe)
        .op::<sdk::ListImages>(Access::on(|cx, i| named(cx, &i.repository_name)), image::list)
        .op::<sdk::ListImageReferrers>(Access::on(|cx, i| named(cx, &i.repository_name)), image::list_referrers)
        .op::<sdk::BatchCheckLayerAvailability>(Access::on(|cx, i| named(cx, &i.repository_name)), layer::check)
        .op::<sdk::InitiateLayerUpload>(Access::on(|cx, i| named(cx, &i.repository_name)), layer::initiate)
        .op_async::<sdk::UploadLayerPart, _, _>(Access::on(|cx, i| named(cx, &i.repository_name)), ecr, layer::upload_part)
        .op_async::<sdk::CompleteLayerUpload, _, _>(Access::on(|cx, i| named(cx, &i.repository_name)), ecr, layer::complete)
        .op::<sdk::GetDownloadUrlForLayer>(Access::on(|cx, i| named(cx, &i.repository_name)), layer::download_url)
        .op::<sdk::GetAuthorizationToken>(Access::all(), registries::authorize)
        .op::<sdk::DescribeRegistry>(Access::all(), registries::describe)
        .op::<sdk::TagResource>(Access::on(|_, i| i.resource_arn.parse().into_iter().collect()), tags::tag)
        .op::<sdk::UntagResource>(Access::on(|_, i| i.resource_arn.parse().into_iter().collect()), tags::untag)
        .op::<sdk::ListTagsForResource>(Access::on(|_, i| i.resource_arn.parse().into_iter().collect()), tags::list)
}

fn named(cx: &Cx, repository: &str) -> Vec<Arn> {
    vec![Key::<Repository>::new(&cx.account, &cx.region, repository).arn()]
}

fn listed(cx: &Cx, repositories: &Option<Vec<String>>) -> Vec<Arn> {
    match repositories {
        Some(names) => names.iter().flat_map(|name| named(cx, name)).collect(),
        None => named(cx, "*"),
    }
}
