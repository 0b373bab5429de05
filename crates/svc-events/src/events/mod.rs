//! EventBridge: buses, rules and what they bring about.

use front::Service;

/// The service.
pub fn service() -> Service {
    Service::new(&api::events::SERVICE)
}
