//! Roles.

use front::Service;

pub fn rows(service: Service) -> Service {
    service
}
