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

/// The name of the repository that a request is about, `*` for all of the registry, and the action that its sender has to be allowed,
/// `ecr:` and the name of the operation. Nothing is needed to see whether the protocol is spoken here. A request that does more, such as
/// to send a layer at once, needs to be allowed that too.
pub fn needed<'a>(route: &'a Route, method: &Method) -> Option<(&'a str, &'static str)> {
    let action = match (route, method.as_str()) {
        (Route::Base, _) => return None,
        (Route::Catalog, _) => "ecr:DescribeRepositories",
        (Route::Tags { .. }, _) => "ecr:ListImages",
        (Route::Referrers { .. }, _) => "ecr:ListImageReferrers",
        (Route::Manifest { .. }, "PUT") => "ecr:PutImage",
        (Route::Manifest { .. }, "DELETE") => "ecr:BatchDeleteImage",
        (Route::Manifest { .. }, _) => "ecr:BatchGetImage",
        (Route::Blob { .. }, "HEAD") => "ecr:BatchCheckLayerAvailability",
        (Route::Blob { .. }, _) => READ_LAYER,
        (Route::Upload { .. }, "PUT") => COMPLETE_LAYER,
        (Route::Upload { .. }, "GET" | "PATCH") => WRITE_LAYER,
        (Route::Uploads { .. } | Route::Upload { .. }, _) => "ecr:InitiateLayerUpload",
    };
    Some((route.name().unwrap_or("*"), action))
}
