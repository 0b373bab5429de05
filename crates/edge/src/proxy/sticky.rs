//! Clients that stay with a target, or with a target group.

use crate::{
    routes::{Group, Target},
    shared::Shared,
};
use http::{HeaderMap, HeaderValue, header};
use logic::balancer::cookie::{self, Kind};
use model::Timestamp;
use std::{sync::Arc, time::Duration};

/// To what a client sticks by its cookie of a kind.
pub(super) fn sticks_to(shared: &Shared, kind: Kind, headers: &HeaderMap) -> Option<String> {
    let now = shared.env.now();
    let fields = headers.get_all(header::COOKIE).iter().filter_map(|field| field.to_str().ok());
    fields.flat_map(|field| cookie::values(kind, field)).find_map(|value| shared.sealer.open(kind.purpose(), value, now))
}

/// The name of a target in a cookie.
pub(super) fn target_name(group: &Group, target: &Target) -> String {
    format!("{} {}", group.arn, target.label())
}

/// The cookies by which the client comes back to where it was served.
pub(super) fn set_cookies(
    shared: &Shared,
    headers: &mut HeaderMap,
    group: &Arc<Group>,
    target: &Target,
    group_stickiness: Option<Duration>,
    https: bool,
) {
    let now = shared.env.now();
    if let Some(time) = group.stickiness {
        add(shared, headers, Kind::Target, &target_name(group, target), now + time, https);
    }
    if let Some(time) = group_stickiness {
        add(shared, headers, Kind::Group, &group.arn, now + time, https);
    }
}

fn add(shared: &Shared, headers: &mut HeaderMap, kind: Kind, to: &str, until: Timestamp, https: bool) {
    let value = shared.sealer.seal(kind.purpose(), to, until, shared.env.bytes());
    for field in cookie::set_cookie(kind, &value, shared.env.now(), https) {
        if let Ok(field) = HeaderValue::try_from(field) {
            headers.append(header::SET_COOKIE, field);
        }
    }
}
