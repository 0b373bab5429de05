//! Conditions of rules.

use crate::elbv2::errors::{parameter_not_built, validation};
use api::elbv2::RuleCondition as Given;
use model::{Cidr, elbv2::Condition};
use std::net::Ipv6Addr;
use wire::Fault;

/// Values of all conditions of a rule together.
const MOST_VALUES: usize = 5;
/// Wildcards in all values of a rule together.
const MOST_WILDCARDS: usize = 6;

const FIELDS: &str = "path-pattern, host-header, http-header, http-request-method, query-string, source-ip";

/// The conditions of a rule, at least one.
pub fn conditions(given: &[Given]) -> Result<Vec<Condition>, Fault> {
    if given.is_empty() {
        return Err(validation("A condition must be specified"));
    }
    let conditions = given.iter().map(condition).collect::<Result<Vec<_>, Fault>>()?;
    once_each(given)?;
    let values: Vec<&str> = conditions.iter().flat_map(values).collect();
    if values.len() > MOST_VALUES {
        return Err(validation(format!("Rules cannot contain more than {MOST_VALUES} condition values")));
    }
    let wildcards = values.iter().flat_map(|value| value.chars()).filter(|it| matches!(it, '*' | '?')).count();
    if wildcards > MOST_WILDCARDS {
        return Err(validation(format!("Rules cannot contain more than {MOST_WILDCARDS} wildcards")));
    }
    Ok(conditions)
}

/// Only headers and query strings may be asked about several times.
fn once_each(given: &[Given]) -> Result<(), Fault> {
    for (place, condition) in given.iter().enumerate() {
        let field = condition.field.as_deref().unwrap_or_default();
        let again = given[..place].iter().any(|earlier| earlier.field.as_deref() == Some(field));
        if again && !matches!(field, "http-header" | "query-string") {
            return Err(validation(format!("A rule can have only one condition with the field '{field}'")));
        }
    }
    Ok(())
}

/// The values that count towards a rule's limits.
fn values(condition: &Condition) -> Vec<&str> {
    match condition {
        Condition::HostHeader(values) | Condition::PathPattern(values) | Condition::HttpRequestMethod(values) => {
            values.iter().map(String::as_str).collect()
        }
        Condition::HttpHeader { values, .. } => values.iter().map(String::as_str).collect(),
        Condition::QueryString(pairs) => pairs.iter().map(|(_, value)| value.as_str()).collect(),
        Condition::SourceIp(blocks) => blocks.iter().map(|_| "").collect(),
    }
}

fn condition(given: &Given) -> Result<Condition, Fault> {
    refuse_expressions(given)?;
    let plain = given.values.as_deref().unwrap_or_default();
    match given.field.as_deref().unwrap_or_default() {
        "host-header" => {
            let configured = given.host_header_config.as_ref().and_then(|config| config.values.as_deref());
            Ok(Condition::HostHeader(texts(configured.unwrap_or(plain), "host-header", is_host)?))
        }
        "path-pattern" => {
            let configured = given.path_pattern_config.as_ref().and_then(|config| config.values.as_deref());
            Ok(Condition::PathPattern(texts(configured.unwrap_or(plain), "path-pattern", is_path)?))
        }
        "http-header" => http_header(given),
        "http-request-method" => {
            let configured = given.http_request_method_config.as_ref().and_then(|config| config.values.as_deref());
            Ok(Condition::HttpRequestMethod(texts(configured.unwrap_or(plain), "http-request-method", is_method)?))
        }
        "query-string" => query_string(given),
        "source-ip" => {
            let configured = given.source_ip_config.as_ref().and_then(|config| config.values.as_deref());
            let blocks = texts(configured.unwrap_or(plain), "source-ip", |_| true)?;
            Ok(Condition::SourceIp(blocks.iter().map(|text| block(text)).collect::<Result<_, Fault>>()?))
        }
        other => Err(validation(format!("Condition field '{other}' must be one of '[{FIELDS}]'"))),
    }
}

fn refuse_expressions(given: &Given) -> Result<(), Fault> {
    let expressions = [
        &given.regex_values,
        &given.host_header_config.as_ref().and_then(|config| config.regex_values.clone()),
        &given.path_pattern_config.as_ref().and_then(|config| config.regex_values.clone()),
        &given.http_header_config.as_ref().and_then(|config| config.regex_values.clone()),
    ];
    let any = expressions.into_iter().flatten().any(|values| !values.is_empty());
    if any { Err(parameter_not_built("RegexValues")) } else { Ok(()) }
}

fn texts(given: &[String], field: &str, is_valid: fn(&str) -> bool) -> Result<Vec<String>, Fault> {
    if given.is_empty() {
        return Err(validation("A condition value must be specified"));
    }
    match given.iter().find(|value| value.is_empty() || value.len() > 128 || !is_valid(value)) {
        Some(value) => Err(validation(format!("The {field} value '{value}' is not valid"))),
        None => Ok(given.to_vec()),
    }
}

/// Letters, digits, hyphens, dots and wildcards.
fn is_host(value: &str) -> bool {
    value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.*?".contains(&b))
}

/// What a path may be made of (user guide, "Path conditions"), with wildcards.
fn is_path(value: &str) -> bool {
    value.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.$/~\"'@:+&*?()!,;=%#{}[]|^".contains(&b))
}

fn is_method(value: &str) -> bool {
    value.len() <= 40 && value.bytes().all(|b| b.is_ascii_uppercase() || b == b'-' || b == b'_')
}

/// A field name of HTTP (RFC 9110, section 5.1) but `Host`, for which there is a condition of its own.
fn is_header_name(name: &str) -> bool {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    (1..=40).contains(&name.len()) && name.bytes().all(token) && !name.eq_ignore_ascii_case("host")
}

fn http_header(given: &Given) -> Result<Condition, Fault> {
    let config = given.http_header_config.as_ref().ok_or_else(|| validation("An HttpHeaderConfig must be specified"))?;
    let name = config.http_header_name.clone().unwrap_or_default();
    if !is_header_name(&name) {
        return Err(validation(format!("The http-header name '{name}' is not valid")));
    }
    let values = texts(config.values.as_deref().unwrap_or_default(), "http-header", |_| true)?;
    Ok(Condition::HttpHeader { name, values })
}

fn query_string(given: &Given) -> Result<Condition, Fault> {
    let config = given.query_string_config.as_ref().ok_or_else(|| validation("A QueryStringConfig must be specified"))?;
    let pairs = config.values.as_deref().unwrap_or_default();
    let pair = |given: &api::elbv2::QueryStringKeyValuePair| {
        let value = given.value.clone().filter(|value| (1..=128).contains(&value.len()));
        let value = value.ok_or_else(|| validation("A query-string value must have between 1 and 128 characters"))?;
        Ok((given.key.clone().filter(|key| !key.is_empty()), value))
    };
    if pairs.is_empty() {
        return Err(validation("A condition value must be specified"));
    }
    Ok(Condition::QueryString(pairs.iter().map(pair).collect::<Result<_, Fault>>()?))
}

/// A block of addresses. IPv6 is known, and has no effect where no client comes by it.
fn block(text: &str) -> Result<Cidr, Fault> {
    if text.split('/').next().is_some_and(|address| address.parse::<Ipv6Addr>().is_ok()) {
        return Err(Fault::not_implemented("An IPv6 address in a source-ip condition"));
    }
    text.parse().map_err(|_| validation(format!("The source-ip value '{text}' must be a CIDR block")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::elbv2::{
        HttpHeaderConditionConfig, PathPatternConditionConfig, QueryStringConditionConfig, QueryStringKeyValuePair,
    };

    fn plain(field: &str, values: &[&str]) -> Given {
        let values = values.iter().map(|it| it.to_string()).collect();
        Given { field: Some(field.into()), values: Some(values), ..Given::default() }
    }

    fn message(given: &[Given]) -> String {
        conditions(given).unwrap_err().message
    }

    #[test]
    fn reads_each_field() {
        let header = Given {
            http_header_config: Some(HttpHeaderConditionConfig {
                http_header_name: Some("X-A".into()),
                values: Some(vec!["b*".into()]),
                regex_values: None,
            }),
            ..plain("http-header", &[])
        };
        let query = Given {
            query_string_config: Some(QueryStringConditionConfig {
                values: Some(vec![QueryStringKeyValuePair { key: None, value: Some("v".into()) }]),
            }),
            ..plain("query-string", &[])
        };
        let read = conditions(&[plain("path-pattern", &["/a/*"]), plain("source-ip", &["10.0.0.0/8"]), header, query]).unwrap();
        assert_eq!(
            read,
            [
                Condition::PathPattern(vec!["/a/*".into()]),
                Condition::SourceIp(vec!["10.0.0.0/8".parse().unwrap()]),
                Condition::HttpHeader { name: "X-A".into(), values: vec!["b*".into()] },
                Condition::QueryString(vec![(None, "v".into())]),
            ]
        );
    }

    #[test]
    fn the_configuration_goes_before_plain_values() {
        let config = PathPatternConditionConfig { values: Some(vec!["/b".into()]), regex_values: None };
        let given = Given { path_pattern_config: Some(config), ..plain("path-pattern", &["/a"]) };
        assert_eq!(conditions(&[given]).unwrap(), [Condition::PathPattern(vec!["/b".into()])]);
    }

    #[test]
    fn refuses_what_cannot_be() {
        assert_eq!(message(&[]), "A condition must be specified");
        assert_eq!(message(&[plain("path-pattern", &[])]), "A condition value must be specified");
        assert!(message(&[plain("colour", &["red"])]).starts_with("Condition field 'colour' must be one of"));
        assert!(message(&[plain("host-header", &["a b"])]).contains("not valid"));
        assert!(message(&[plain("http-request-method", &["get"])]).contains("not valid"));
        assert!(message(&[plain("source-ip", &["10.0.0.1"])]).contains("CIDR"));
        assert!(message(&[plain("host-header", &["a"]), plain("host-header", &["b"])]).contains("only one"));
        assert!(message(&[plain("path-pattern", &["/a", "/b", "/c", "/d", "/e", "/f"])]).contains("condition values"));
        assert!(message(&[plain("path-pattern", &["/*******"])]).contains("wildcards"));
    }

    #[test]
    fn what_is_not_built_says_so() {
        let given = Given { regex_values: Some(vec!["a+".into()]), ..plain("path-pattern", &[]) };
        assert_eq!(conditions(&[given]).unwrap_err().status, 501);
        assert_eq!(conditions(&[plain("source-ip", &["::/0"])]).unwrap_err().status, 501);
    }
}
