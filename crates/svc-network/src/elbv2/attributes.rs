//! The attributes of load balancers, target groups and listeners: which there are, what they are by default, and which values have
//! an effect here. Pure.
//!
//! Records keep only what differs from the defaults. A value that AWS knows but that would have no effect here is refused by name; the
//! default of every attribute is accepted, since tools set all of them.

use super::errors::validation;
use model::elbv2::Attributes;
use wire::Fault;

/// An attribute.
#[derive(Clone, Copy, Debug)]
pub struct Attribute {
    /// Its key.
    pub key: &'static str,
    /// Its value where none was set.
    pub default: &'static str,
    /// Which values it may have.
    pub values: Values,
}

/// Which values an attribute may have.
#[derive(Clone, Copy, Debug)]
pub enum Values {
    /// `true` and `false`.
    Boolean,
    /// Numbers between two, both included.
    Number(u32, u32),
    /// Zero, and numbers between two.
    ZeroOr(u32, u32),
    /// One of these.
    OneOf(&'static [&'static str]),
    /// One of the first; the others are AWS's too, and not built.
    Partly(&'static [&'static str], &'static [&'static str]),
    /// The default alone: nothing else would have an effect.
    Fixed,
}

const fn attribute(key: &'static str, default: &'static str, values: Values) -> Attribute {
    Attribute { key, default, values }
}

/// Those of an application load balancer.
pub const BALANCER: &[Attribute] = &[
    attribute("access_logs.s3.enabled", "false", Values::Fixed),
    attribute("access_logs.s3.bucket", "", Values::Fixed),
    attribute("access_logs.s3.prefix", "", Values::Fixed),
    attribute("client_keep_alive.seconds", "3600", Values::Fixed),
    attribute("connection_logs.s3.enabled", "false", Values::Fixed),
    attribute("connection_logs.s3.bucket", "", Values::Fixed),
    attribute("connection_logs.s3.prefix", "", Values::Fixed),
    attribute(DELETION_PROTECTION, "false", Values::Boolean),
    attribute("health_check_logs.s3.enabled", "false", Values::Fixed),
    attribute("health_check_logs.s3.bucket", "", Values::Fixed),
    attribute("health_check_logs.s3.prefix", "", Values::Fixed),
    attribute(IDLE_TIMEOUT, "60", Values::Number(1, 4000)),
    attribute("ipv6.deny_all_igw_traffic", "false", Values::Fixed),
    attribute("load_balancing.cross_zone.enabled", "true", Values::Fixed),
    attribute("routing.http.desync_mitigation_mode", "defensive", Values::Fixed),
    attribute(DROP_INVALID_HEADERS, "false", Values::Boolean),
    attribute(PRESERVE_HOST, "false", Values::Boolean),
    attribute("routing.http.x_amzn_tls_version_and_cipher_suite.enabled", "false", Values::Fixed),
    attribute(FORWARDED_CLIENT_PORT, "false", Values::Boolean),
    attribute(FORWARDED_FOR, "append", Values::OneOf(&["append", "preserve", "remove"])),
    attribute(HTTP2, "true", Values::Boolean),
    attribute("waf.fail_open.enabled", "false", Values::Fixed),
    attribute("zonal_shift.config.enabled", "false", Values::Fixed),
];

/// The balancer can't be deleted.
pub const DELETION_PROTECTION: &str = "deletion_protection.enabled";
/// In seconds.
pub const IDLE_TIMEOUT: &str = "idle_timeout.timeout_seconds";
/// Headers that HTTP doesn't allow are removed.
pub const DROP_INVALID_HEADERS: &str = "routing.http.drop_invalid_header_fields.enabled";
/// Targets see the client's `Host`.
pub const PRESERVE_HOST: &str = "routing.http.preserve_host_header.enabled";
/// `X-Forwarded-For` holds the client's port also.
pub const FORWARDED_CLIENT_PORT: &str = "routing.http.xff_client_port.enabled";
/// What is done with `X-Forwarded-For`.
pub const FORWARDED_FOR: &str = "routing.http.xff_header_processing.mode";
/// Clients may speak HTTP/2.
pub const HTTP2: &str = "routing.http2.enabled";

/// Those of a target group of instances or addresses behind an application load balancer.
pub const GROUP: &[Attribute] = &[
    attribute(DEREGISTRATION_DELAY, "300", Values::Number(0, 3600)),
    attribute("load_balancing.algorithm.anomaly_mitigation", "off", Values::Fixed),
    attribute(ALGORITHM, "round_robin", Values::OneOf(&["round_robin", "least_outstanding_requests", "weighted_random"])),
    // A balancer spreads over all zones; the two values mean the same.
    attribute(
        CROSS_ZONE,
        "use_load_balancer_configuration",
        Values::Partly(&["use_load_balancer_configuration", "true"], &["false"]),
    ),
    attribute(SLOW_START, "0", Values::ZeroOr(30, 900)),
    attribute(STICKINESS, "false", Values::Boolean),
    attribute("stickiness.app_cookie.cookie_name", "", Values::Fixed),
    attribute("stickiness.app_cookie.duration_seconds", "86400", Values::Fixed),
    attribute(STICKINESS_DURATION, "86400", Values::Number(1, 604_800)),
    attribute("stickiness.type", "lb_cookie", Values::Fixed),
    attribute("target_group_health.dns_failover.minimum_healthy_targets.count", "1", Values::Fixed),
    attribute("target_group_health.dns_failover.minimum_healthy_targets.percentage", "off", Values::Fixed),
    attribute("target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", "1", Values::Fixed),
    attribute("target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage", "off", Values::Fixed),
];

/// How long a target drains, in seconds.
pub const DEREGISTRATION_DELAY: &str = "deregistration_delay.timeout_seconds";
/// How a target is chosen.
pub const ALGORITHM: &str = "load_balancing.algorithm.type";
/// Whether each node of a balancer spreads over the targets of all zones.
const CROSS_ZONE: &str = "load_balancing.cross_zone.enabled";
/// For how many seconds a new target gets less.
pub const SLOW_START: &str = "slow_start.duration_seconds";
/// Clients stay with a target.
pub const STICKINESS: &str = "stickiness.enabled";
/// For how many seconds they do.
pub const STICKINESS_DURATION: &str = "stickiness.lb_cookie.duration_seconds";

/// Those of an HTTP listener, none of which can have another value yet.
pub const LISTENER: &[Attribute] = &[
    attribute("routing.http.response.access_control_allow_credentials.header_value", "", Values::Fixed),
    attribute("routing.http.response.access_control_allow_headers.header_value", "", Values::Fixed),
    attribute("routing.http.response.access_control_allow_methods.header_value", "", Values::Fixed),
    attribute("routing.http.response.access_control_allow_origin.header_value", "", Values::Fixed),
    attribute("routing.http.response.access_control_expose_headers.header_value", "", Values::Fixed),
    attribute("routing.http.response.access_control_max_age.header_value", "", Values::Fixed),
    attribute("routing.http.response.content_security_policy.header_value", "", Values::Fixed),
    attribute("routing.http.response.server.enabled", "true", Values::Fixed),
    attribute("routing.http.response.strict_transport_security.header_value", "", Values::Fixed),
    attribute("routing.http.response.x_content_type_options.header_value", "", Values::Fixed),
    attribute("routing.http.response.x_frame_options.header_value", "", Values::Fixed),
];

/// An attribute's value, set or by default.
pub fn value<'a>(table: &[Attribute], set: &'a Attributes, key: &str) -> &'a str {
    let default = || table.iter().find(|attribute| attribute.key == key).map_or("", |attribute| attribute.default);
    set.get(key).map_or_else(default, String::as_str)
}

/// A boolean attribute.
pub fn is_on(table: &[Attribute], set: &Attributes, key: &str) -> bool {
    value(table, set, key) == "true"
}

/// An attribute that is a number.
pub fn number(table: &[Attribute], set: &Attributes, key: &str) -> u32 {
    value(table, set, key).parse().unwrap_or_default()
}

/// All attributes with their values.
pub fn all(table: &'static [Attribute], set: &Attributes) -> Vec<(String, String)> {
    table.iter().map(|attribute| (attribute.key.into(), value(table, set, attribute.key).into())).collect()
}

/// Sets attributes, or refuses all of them.
pub fn set<'a>(
    table: &'static [Attribute],
    attributes: &mut Attributes,
    given: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<(), Fault> {
    for (key, value) in given {
        let attribute = table.iter().find(|attribute| attribute.key == key);
        let attribute = attribute.ok_or_else(|| validation(format!("Attribute key '{key}' is not recognized")))?;
        attribute.check(value)?;
        attributes.remove(key);
        if value != attribute.default {
            attributes.insert(key.into(), value.into());
        }
    }
    Ok(())
}

impl Attribute {
    fn check(&self, value: &str) -> Result<(), Fault> {
        let wrong = |expected: String| {
            Err(validation(format!("'{value}' is not a valid value for the attribute '{}': {expected}", self.key)))
        };
        let between = |least: u32, most: u32| value.parse().is_ok_and(|it: u32| (least..=most).contains(&it));
        let not_built = || Err(Fault::not_implemented(format_args!("The value '{value}' of the attribute {}", self.key)));
        match self.values {
            _ if value == self.default => Ok(()),
            Values::Fixed => not_built(),
            Values::Partly(_, known) if known.contains(&value) => not_built(),
            Values::Partly(built, known) if !built.contains(&value) => {
                wrong(format!("must be one of {}", [built, known].concat().join(", ")))
            }
            Values::Boolean if !matches!(value, "true" | "false") => wrong("must be true or false".into()),
            Values::Number(least, most) if !between(least, most) => wrong(format!("must be between {least} and {most}")),
            Values::ZeroOr(least, most) if value != "0" && !between(least, most) => {
                wrong(format!("must be 0 or between {least} and {most}"))
            }
            Values::OneOf(known) if !known.contains(&value) => wrong(format!("must be one of {}", known.join(", "))),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set_one(table: &'static [Attribute], key: &str, value: &str) -> Result<Attributes, Fault> {
        let mut attributes = Attributes::new();
        set(table, &mut attributes, [(key, value)]).map(|()| attributes)
    }

    #[test]
    fn every_default_is_accepted_and_kept_nowhere() {
        for table in [BALANCER, GROUP, LISTENER] {
            for attribute in table {
                assert!(set_one(table, attribute.key, attribute.default).unwrap().is_empty(), "{}", attribute.key);
            }
        }
    }

    #[test]
    fn what_has_an_effect_is_kept_until_it_is_the_default_again() {
        let mut attributes = set_one(BALANCER, IDLE_TIMEOUT, "120").unwrap();
        assert_eq!(number(BALANCER, &attributes, IDLE_TIMEOUT), 120);
        set(BALANCER, &mut attributes, [(IDLE_TIMEOUT, "60")]).unwrap();
        assert!(attributes.is_empty());
    }

    #[test]
    fn what_would_have_no_effect_is_refused_by_name() {
        let fault = set_one(BALANCER, "access_logs.s3.enabled", "true").unwrap_err();
        assert_eq!(fault.status, 501);
        assert!(fault.message.contains("access_logs.s3.enabled"));
        assert_eq!(set_one(GROUP, CROSS_ZONE, "false").unwrap_err().status, 501);
        assert_eq!(set_one(GROUP, CROSS_ZONE, "off").unwrap_err().code, "ValidationError");
        assert!(set_one(GROUP, CROSS_ZONE, "true").is_ok());
    }

    #[test]
    fn what_cannot_be_is_a_validation_error() {
        for (key, value) in
            [(DEREGISTRATION_DELAY, "3601"), (SLOW_START, "10"), (STICKINESS, "yes"), (ALGORITHM, "magic"), ("colour", "red")]
        {
            assert_eq!(set_one(GROUP, key, value).unwrap_err().code, "ValidationError", "{key}");
        }
        assert!(set_one(GROUP, SLOW_START, "30").is_ok());
    }
}
