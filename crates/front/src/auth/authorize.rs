//! The point at which every operation is allowed or denied.
//!
//! The account's root may do everything in its account; policies, which would allow others anything, are not built yet.

use super::wording;
use crate::Cx;
use model::{Arn, iam::Principal};
use wire::Fault;

/// Whether the principal of the request may do the action on all of the resources; none stands for `*`.
pub(crate) fn check(cx: &Cx, service: &'static wire::Service, action: &str, resources: &[Arn]) -> Result<(), Fault> {
    match cx.principal {
        Principal::Root => Ok(()),
        _ => Err(wording::denied(service, &cx.principal.arn(&cx.account), action, resources.first())),
    }
}
