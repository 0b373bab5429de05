//! EventBridge Scheduler: calls at their time.

use front::Service;

/// The service.
pub fn service() -> Service {
    Service::new(&api::scheduler::SERVICE)
}
