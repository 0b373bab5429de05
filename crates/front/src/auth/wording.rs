//! How each family of services words that a request is not signed well, or is not allowed (IAM user guide, "Troubleshoot Signature
//! Version 4"; Amazon EC2 API reference and Amazon S3 API reference, "Error codes").

use super::authenticate::Unknown;
use model::Arn;
use wire::{
    Fault, Time,
    schema::{Protocol, Service},
    sigv4::{Refusal, SKEW_MS, basic_format},
};

const TUTORIAL_KEY: &str = "Keys such as `test` and account numbers are accepted only while Hillfog is bound to a loopback address. Use a key that this cloud has issued: run `hillfog env` on its machine.";
const WRONG_SIGNATURE: &str = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";
const INVALID_TOKEN: &str = "The security token included in the request is invalid.";

/// EC2's code for what no policy allows.
pub(crate) const UNAUTHORIZED: &str = "UnauthorizedOperation";

/// Services whose errors have the same codes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Json,
    Query,
    Ec2,
    S3,
}

impl Family {
    fn of(service: &Service) -> Self {
        match service.protocols.first() {
            _ if service.signing_name == "s3" => Family::S3,
            Some(Protocol::Ec2Query) => Family::Ec2,
            Some(Protocol::AwsQuery | Protocol::RestXml) => Family::Query,
            _ => Family::Json,
        }
    }
}

/// REST and XML services say `403`, and so do those that are still as clients of the query protocol know them (SQS, CloudWatch); the other
/// JSON ones, whose errors are all in the body, `400`.
fn status(service: &Service) -> u16 {
    let in_body = matches!(service.protocols.first(), Some(Protocol::AwsJson10 | Protocol::AwsJson11));
    if in_body && !service.query_compatible { 400 } else { 403 }
}

/// The answer to a request that nobody is known to have made.
pub(crate) fn unknown(service: &Service, why: Unknown, now: Time) -> Fault {
    let family = Family::of(service);
    let fault = match why {
        Unknown::Unsigned => unsigned(family),
        Unknown::NoSuchKey => no_such_key(family, None),
        Unknown::TutorialKey => no_such_key(family, Some(TUTORIAL_KEY)),
        Unknown::Expired => expired(family),
        Unknown::BadRegion(region) => {
            incomplete(family, format!("Credential should be scoped to a valid region, got '{region}'."))
        }
        Unknown::Refused(refusal) => refused(family, refusal, now),
        Unknown::Store(error) => return Fault::from(error),
    };
    let by_service = fault.status == 400 && matches!(family, Family::Json | Family::Query);
    if by_service { fault.status(status(service)) } else { fault }
}

fn unsigned(family: Family) -> Fault {
    match family {
        Family::Json => Fault::client("MissingAuthenticationTokenException", "Missing Authentication Token"),
        Family::Query | Family::Ec2 => {
            Fault::client("MissingAuthenticationToken", "Request is missing Authentication Token").status(403)
        }
        Family::S3 => Fault::client("AccessDenied", "Access Denied").status(403),
    }
}

fn no_such_key(family: Family, message: Option<&str>) -> Fault {
    let (code, text) = match family {
        Family::Json => ("UnrecognizedClientException", INVALID_TOKEN),
        Family::Query => ("InvalidClientTokenId", INVALID_TOKEN),
        Family::Ec2 => ("AuthFailure", "AWS was not able to validate the provided access credentials"),
        Family::S3 => ("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."),
    };
    Fault::client(code, message.unwrap_or(text)).status(if family == Family::Ec2 { 401 } else { 400 })
}

fn expired(family: Family) -> Fault {
    let (code, text) = match family {
        Family::Json => ("ExpiredTokenException", "The security token included in the request is expired"),
        Family::Query => ("ExpiredToken", "The security token included in the request is expired"),
        Family::Ec2 => ("RequestExpired", "Request has expired."),
        Family::S3 => ("ExpiredToken", "The provided token has expired."),
    };
    Fault::client(code, text)
}

fn refused(family: Family, refusal: Refusal, now: Time) -> Fault {
    match refusal {
        Refusal::Incomplete(text) => incomplete(family, text),
        Refusal::UnsupportedAlgorithm(name) => unsupported(family, &name),
        Refusal::Skewed { signed, now } => skewed(family, signed, now),
        Refusal::Expired { at, expires_s } => link_expired(family, Time(at.0 + expires_s * 1000), now),
        Refusal::HeadersNotSigned(names) => {
            Fault::client("AccessDenied", format!("There were headers present in the request which were not signed: {names}"))
                .status(403)
        }
        Refusal::PayloadMismatch { .. } if family == Family::S3 => Fault::client(
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        ),
        Refusal::PayloadMismatch { .. } => mismatch(family, ""),
        Refusal::Mismatch { canonical_request, string_to_sign } => mismatch(
            family,
            &format!(
                "\n\nThe Canonical String for this request should have been\n'{canonical_request}'\n\nThe String-to-Sign should have been\n'{string_to_sign}'\n"
            ),
        ),
    }
}

fn incomplete(family: Family, text: String) -> Fault {
    match family {
        Family::Json => Fault::client("IncompleteSignatureException", text),
        Family::Query | Family::Ec2 => Fault::client("IncompleteSignature", text),
        Family::S3 => Fault::client("AuthorizationHeaderMalformed", text),
    }
}

fn unsupported(family: Family, name: &str) -> Fault {
    let text = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.";
    match family {
        Family::S3 => Fault::client("InvalidRequest", text),
        _ => incomplete(family, format!("Unsupported AWS 'algorithm': '{name}'. {text}")),
    }
}

fn skewed(family: Family, signed: Time, now: Time) -> Fault {
    let minutes = SKEW_MS / 60_000;
    let (at, seen) = (basic_format(signed), basic_format(now));
    let text = if signed < now {
        format!("Signature expired: {at} is now earlier than {} ({seen} - {minutes} min.)", basic_format(Time(now.0 - SKEW_MS)))
    } else {
        format!(
            "Signature not yet current: {at} is still later than {} ({seen} + {minutes} min.)",
            basic_format(Time(now.0 + SKEW_MS))
        )
    };
    match family {
        Family::Json => Fault::client("InvalidSignatureException", text),
        Family::Query => Fault::client("SignatureDoesNotMatch", text).status(403),
        Family::Ec2 => Fault::client("RequestExpired", "Request has expired."),
        Family::S3 => {
            Fault::client("RequestTimeTooSkewed", "The difference between the request time and the current time is too large.")
                .status(403)
        }
    }
}

fn link_expired(family: Family, end: Time, now: Time) -> Fault {
    match family {
        Family::Json => Fault::client(
            "InvalidSignatureException",
            format!("Signature expired: {} is now earlier than {}", basic_format(end), basic_format(now)),
        ),
        Family::Ec2 => Fault::client("RequestExpired", "Request has expired."),
        Family::Query | Family::S3 => Fault::client("AccessDenied", "Request has expired").status(403),
    }
}

fn mismatch(family: Family, detail: &str) -> Fault {
    match family {
        Family::Json => Fault::client("InvalidSignatureException", format!("{WRONG_SIGNATURE}{detail}")),
        Family::Query => Fault::client("SignatureDoesNotMatch", format!("{WRONG_SIGNATURE}{detail}")).status(403),
        Family::Ec2 => no_such_key(family, None),
        Family::S3 => Fault::client(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
        )
        .status(403),
    }
}

/// The answer to a principal that no policy allows the action (IAM user guide, "Troubleshoot access denied error messages").
pub(crate) fn denied(service: &Service, principal: &Arn, action: &str, resource: Option<&Arn>, reason: &str) -> Fault {
    let text = sentence(principal, action, resource, reason);
    match Family::of(service) {
        Family::Json => Fault::client("AccessDeniedException", text).status(status(service)),
        Family::Query => Fault::client("AccessDenied", text).status(403),
        Family::Ec2 => {
            Fault::client(UNAUTHORIZED, format!("You are not authorized to perform this operation. {text}")).status(403)
        }
        Family::S3 => Fault::client("AccessDenied", text).status(403),
    }
}

/// What every service says of a denial: who may not do what on which resource (none stands for `*`), and why.
pub(crate) fn sentence(principal: &Arn, action: &str, resource: Option<&Arn>, reason: &str) -> String {
    let on = resource.map_or_else(|| "*".to_owned(), Arn::to_string);
    format!("User: {principal} is not authorized to perform: {action} on resource: {on} {reason}")
}
