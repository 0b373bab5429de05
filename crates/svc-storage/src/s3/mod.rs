//! S3: buckets and objects.

use front::Service;

/// The service.
pub fn service() -> Service {
    Service::new(&api::s3::SERVICE)
}
