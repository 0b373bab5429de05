//! Lambda: functions, and what invokes them.

use front::Service;

/// The service.
pub fn service() -> Service {
    Service::new(&api::lambda::SERVICE)
}
