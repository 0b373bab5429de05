//! Which permission a request needs: that of the API's operation that does the same (Amazon ECR user guide, "IAM permissions for pushing
//! an image").

use super::route::Route;
use http::Method;

/// Reading a layer.
pub const READ_LAYER: &str = "ecr:GetDownloadUrlForLayer";
/// Sending a part of a layer.
pub const WRITE_LAYER: &str = "ecr:UploadLayerPart";
/// Making a layer of what was sent.
pub const COMPLETE_LAYER: &str = "ecr:CompleteLayerUpload";

/// The name of the repository that a request is about, `*` for all of the registry, and the actions that its sender has to be allowed.
///
/// Not all of them: a request that sends parts of a layer besides, or reads one of another repository, needs to be allowed that too.
pub fn needed<'a>(route: &'a Route, method: &Method) -> (&'a str, &'static [&'static str]) {
    match (route, method.as_str()) {
        (Route::Base, _) => ("*", &[]),
        (Route::Catalog, _) => ("*", &["ecr:DescribeRepositories"]),
        (Route::Tags { name }, _) => (name, &["ecr:ListImages"]),
        (Route::Referrers { name, .. }, _) => (name, &["ecr:ListImageReferrers"]),
        (Route::Manifest { name, .. }, "PUT") => (name, &["ecr:PutImage"]),
        (Route::Manifest { name, .. }, "DELETE") => (name, &["ecr:BatchDeleteImage"]),
        (Route::Manifest { name, .. }, _) => (name, &["ecr:BatchGetImage"]),
        (Route::Blob { name, .. }, "HEAD") => (name, &["ecr:BatchCheckLayerAvailability"]),
        (Route::Blob { name, .. }, _) => (name, &[READ_LAYER]),
        (Route::Uploads { name }, _) => (name, &["ecr:InitiateLayerUpload"]),
        (Route::Upload { name, .. }, "PUT") => (name, &[COMPLETE_LAYER]),
        (Route::Upload { name, .. }, "DELETE") => (name, &["ecr:InitiateLayerUpload"]),
        (Route::Upload { name, .. }, _) => (name, &[WRITE_LAYER]),
    }
}
