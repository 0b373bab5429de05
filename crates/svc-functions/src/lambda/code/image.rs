//! Images: which one a function's `ImageUri` names.

use crate::lambda::errors;
use front::{Answer, Cx};
use logic::{
    image_reference::{OwnImage, Version, own_registry},
    policy::Context,
};
use model::{
    Key,
    ecr::{ImageSpec, Repository},
    lambda::ImageCode,
};
use spine::Read;

/// The media types of manifests of one image (Lambda developer guide, "Container image formats").
const MANIFESTS: &[&str] =
    &["application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"];

/// What the caller needs to be allowed to run an image of a registry.
const PULLS: &[&str] = &["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];

/// The image in one of the cloud's registries that a reference names now.
///
/// # Errors
/// If it names another registry, nothing, an index of images, or something that the caller may not pull.
pub fn resolve(cx: &Cx, read: &impl Read, uri: &str) -> Answer<ImageCode> {
    let invalid = |what: &str| errors::invalid(format!("Source image {uri} {what}. Provide a valid source image."));
    let own = own_registry(uri, &cx.endpoint, &cx.account, &cx.region).ok_or_else(|| invalid("is not valid"))?;
    if own.region != cx.region {
        return Err(invalid("is not in the function's region"));
    }
    let repository = Key::<Repository>::new(&own.account, &own.region, own.repository.clone());
    for action in PULLS {
        cx.authorize(action, &[repository.arn()], &Context::new())?;
    }
    let digest = digest(read, &repository, &own)?.ok_or_else(|| invalid("does not exist"))?;
    let image = read.spec(&repository.image(&digest))?.ok_or_else(|| invalid("does not exist"))?;
    if !is_one_image(&image) {
        let text = format!("The image manifest, config or layer media type for the source image {uri} is not supported.");
        return Err(errors::invalid(text));
    }
    let OwnImage { account, region, repository, .. } = own;
    Ok(ImageCode { uri: uri.to_owned(), account, region, repository, digest })
}

fn digest(read: &impl Read, repository: &Key<Repository>, own: &OwnImage) -> Answer<Option<String>> {
    Ok(match &own.version {
        Version::Digest(digest) => Some(digest.clone()),
        Version::Tag(tag) => read.spec(&repository.tag(tag))?.map(|tag| tag.digest.clone()),
    })
}

fn is_one_image(image: &ImageSpec) -> bool {
    MANIFESTS.contains(&image.media_type.as_str())
}
