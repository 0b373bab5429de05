//! What IAM demands of the resources in an identity's policy.

use super::draft::{Draft, Element};
use crate::policy::Malformed;

/// AWS's partitions.
const PARTITIONS: &[&str] = &["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc", "*"];

/// How the resource part of an ARN of IAM begins.
const IAM_PATHS: &[&str] = &[
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
];

/// What the outer result says, IAM finds at once; what the inner one says it keeps to itself until it has looked at the rest.
pub(super) fn formats(statements: &[Draft]) -> Result<Result<(), Malformed>, Malformed> {
    for Element { texts, .. } in statements.iter().filter_map(|statement| statement.resources.as_ref()) {
        let mut sorted: Vec<&String> = texts.iter().collect();
        sorted.sort_unstable();
        if let Some(fault) = sorted.iter().find_map(|text| format(text).err()) {
            return Ok(Err(fault));
        }
        sorted.iter().try_for_each(|text| legacy(text))?;
    }
    Ok(Ok(()))
}

fn format(resource: &str) -> Result<(), Malformed> {
    if resource == "*" {
        return Ok(());
    }
    let Some((_, rest)) = resource.split_once(':') else {
        return Err(Malformed::new(format!("Resource {resource} must be in ARN format or \"*\".")));
    };
    let (partition, rest) = rest.split_once(':').map_or((rest, None), |(partition, rest)| (partition, Some(rest)));
    if !PARTITIONS.contains(&partition) {
        return Err(bad_partition(partition, rest.unwrap_or_default()));
    }
    let Some(rest) = rest else {
        return Err(Malformed::new("Resource vendor must be fully qualified and cannot contain regexes."));
    };
    let mut parts = rest.splitn(4, ':');
    let service = parts.next().unwrap_or_default();
    let (region, _, path) = (parts.next(), parts.next(), parts.next());
    match service {
        "iam" => iam(resource, region.unwrap_or_default(), path),
        "s3" if region.is_some_and(|it| !it.is_empty() && it != "*")
            && !path.is_some_and(|it| it.starts_with("accesspoint/")) =>
        {
            Err(Malformed::new(format!("Resource {resource} can not contain region information.")))
        }
        _ => Ok(()),
    }
}

fn iam(resource: &str, region: &str, path: Option<&str>) -> Result<(), Malformed> {
    if !region.is_empty() && region != "*" {
        return Err(Malformed::new(format!("IAM resource {resource} cannot contain region information.")));
    }
    let known = path.is_none_or(|path| path == "*" || IAM_PATHS.iter().any(|start| path.starts_with(start)));
    if known {
        return Ok(());
    }
    Err(Malformed::new(format!("IAM resource path must either be \"*\" or start with {}.", IAM_PATHS.join(", "))))
}

fn bad_partition(partition: &str, rest: &str) -> Malformed {
    let mut parts = rest.splitn(4, ':');
    let first = match parts.next() {
        Some("") if !rest.contains(':') => "*",
        first => first.unwrap_or("*"),
    };
    let mut part = || parts.next().unwrap_or("*");
    let (second, third, fourth) = (part(), part(), part());
    Malformed::new(format!(
        "Partition \"{partition}\" is not valid for resource \"arn:{partition}:{first}:{second}:{third}:{fourth}\"."
    ))
}

/// An ARN whose region or account is left out has to have all its parts, and each has a service.
fn legacy(resource: &str) -> Result<(), Malformed> {
    let complete = resource.matches(':').count() >= 5 || !resource.contains("::");
    let service = resource.split(':').nth(2).is_some_and(|it| !it.is_empty());
    if resource == "*" || (complete && service) {
        return Ok(());
    }
    Err(Malformed::legacy(format!("{resource:?} is no complete ARN")))
}
