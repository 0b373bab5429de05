//! Health checks of target groups.

use crate::elbv2::errors::validation;
use api::elbv2::{Matcher, ProtocolEnum};
use model::elbv2::HealthCheck;
use wire::Fault;

/// What a request says about health checks; what it leaves out stays as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Given<'a> {
    /// `HealthCheckEnabled`.
    pub enabled: Option<bool>,
    /// `HealthCheckProtocol`.
    pub protocol: Option<ProtocolEnum>,
    /// `HealthCheckPort`: `traffic-port` or a number.
    pub port: Option<&'a str>,
    /// `HealthCheckPath`.
    pub path: Option<&'a str>,
    /// `HealthCheckIntervalSeconds`.
    pub interval: Option<i32>,
    /// `HealthCheckTimeoutSeconds`.
    pub timeout: Option<i32>,
    /// `HealthyThresholdCount`.
    pub healthy: Option<i32>,
    /// `UnhealthyThresholdCount`.
    pub unhealthy: Option<i32>,
    /// `Matcher`.
    pub matcher: Option<&'a Matcher>,
}

/// What groups of instances and addresses have by default.
pub fn usual() -> HealthCheck {
    HealthCheck {
        enabled: true,
        protocol: "HTTP".into(),
        port: None,
        path: "/".into(),
        interval_seconds: 30,
        timeout_seconds: 5,
        healthy_threshold: 5,
        unhealthy_threshold: 2,
        matcher: "200".into(),
    }
}

/// A health check with what the request says.
pub fn change(check: &HealthCheck, given: Given<'_>) -> Result<HealthCheck, Fault> {
    if given.enabled == Some(false) {
        return Err(validation("Health checks must be enabled for target groups with target type 'instance' or 'ip'"));
    }
    let check = HealthCheck {
        enabled: true,
        protocol: given.protocol.map_or(Ok(check.protocol.clone()), protocol)?,
        port: given.port.map_or(Ok(check.port), port)?,
        path: given.path.map_or(Ok(check.path.clone()), path)?,
        interval_seconds: number(given.interval, check.interval_seconds, 5..=300, "Health check interval")?,
        timeout_seconds: number(given.timeout, check.timeout_seconds, 2..=120, "Health check timeout")?,
        healthy_threshold: number(given.healthy, check.healthy_threshold, 2..=10, "Healthy threshold count")?,
        unhealthy_threshold: number(given.unhealthy, check.unhealthy_threshold, 2..=10, "Unhealthy threshold count")?,
        matcher: given.matcher.map_or(Ok(check.matcher.clone()), matcher)?,
    };
    if check.interval_seconds <= check.timeout_seconds {
        return Err(validation("Health check interval must be greater than the timeout."));
    }
    Ok(check)
}

fn protocol(given: ProtocolEnum) -> Result<String, Fault> {
    match given {
        ProtocolEnum::Http | ProtocolEnum::Https => Ok(given.as_str().into()),
        other => Err(validation(format!("Health check protocol '{}' must be HTTP or HTTPS", other.as_str()))),
    }
}

fn port(given: &str) -> Result<Option<u16>, Fault> {
    match given {
        "traffic-port" => Ok(None),
        number => match number.parse() {
            Ok(port) if port > 0 => Ok(Some(port)),
            _ => Err(validation(format!("Health check port '{number}' must be 'traffic-port' or a number between 1 and 65535"))),
        },
    }
}

fn path(given: &str) -> Result<String, Fault> {
    let valid = given.starts_with('/') && given.len() <= 1024 && given.bytes().all(|b| b.is_ascii_graphic());
    let message = format!(
        "Health check path '{given}' must begin with a '/' character, and can only contain printable ASCII characters, without spaces"
    );
    valid.then(|| given.to_owned()).ok_or_else(|| validation(message))
}

fn number(given: Option<i32>, current: u32, allowed: std::ops::RangeInclusive<u32>, what: &str) -> Result<u32, Fault> {
    let Some(given) = given else { return Ok(current) };
    let number = u32::try_from(given).ok().filter(|number| allowed.contains(number));
    let message = || format!("{what} must be between {} and {}", allowed.start(), allowed.end());
    number.ok_or_else(|| validation(message()))
}

fn matcher(given: &Matcher) -> Result<String, Fault> {
    if given.grpc_code.is_some() {
        return Err(Fault::not_implemented("The parameter Matcher.GrpcCode"));
    }
    let text = given.http_code.as_deref().unwrap_or("200");
    match ranges(text) {
        Some(_) => Ok(text.into()),
        None => Err(validation("HttpCode must be like 200 | 200-399 | 200,201 ...")),
    }
}

/// The status codes of a matcher as inclusive ranges within 200 to 499.
pub fn ranges(matcher: &str) -> Option<Vec<(u16, u16)>> {
    let code = |text: &str| text.parse().ok().filter(|code| (200..=499).contains(code));
    let range = |text: &str| {
        let (from, to) = text.split_once('-').unwrap_or((text, text));
        let (from, to): (u16, u16) = (code(from)?, code(to)?);
        (from <= to).then_some((from, to))
    };
    matcher.split(',').map(range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(given: Given<'_>) -> Result<HealthCheck, Fault> {
        change(&usual(), given)
    }

    #[test]
    fn what_is_left_out_stays() {
        let check = changed(Given { path: Some("/health"), port: Some("8080"), ..Given::default() }).unwrap();
        assert_eq!(check, HealthCheck { path: "/health".into(), port: Some(8080), ..usual() });
    }

    #[test]
    fn refuses_what_cannot_be() {
        for given in [
            Given { path: Some("health"), ..Given::default() },
            Given { port: Some("0"), ..Given::default() },
            Given { interval: Some(5), ..Given::default() },
            Given { timeout: Some(1), ..Given::default() },
            Given { healthy: Some(11), ..Given::default() },
            Given { protocol: Some(ProtocolEnum::Tcp), ..Given::default() },
            Given { enabled: Some(false), ..Given::default() },
        ] {
            assert_eq!(changed(given).unwrap_err().code, "ValidationError", "{given:?}");
        }
    }

    #[test]
    fn matchers_are_codes_and_ranges() {
        assert_eq!(ranges("200,300-302"), Some(vec![(200, 200), (300, 302)]));
        for bad in ["", "199", "500", "302-300", "200,", "2xx"] {
            assert_eq!(ranges(bad), None, "{bad}");
        }
    }
}
