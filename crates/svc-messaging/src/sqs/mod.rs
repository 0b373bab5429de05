//! SQS: queues.

use front::Service;

/// The service.
pub fn service() -> Service {
    Service::new(&api::sqs::SERVICE)
}
