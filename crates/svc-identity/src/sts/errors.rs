//! Everything that STS refuses, in its words (AWS STS API reference, "Common Errors" and the errors of each action).

use model::{Arn, Timestamp};
use oidc::NotBelieved;
use wire::Fault;

/// A parameter that would have no effect.
pub fn not_built(parameter: &str) -> Fault {
    Fault::not_implemented(format_args!("The parameter {parameter} of STS"))
}

pub fn validation(text: impl Into<String>) -> Fault {
    Fault::client("ValidationError", text)
}

/// What names no role at all.
pub fn invalid_arn() -> Fault {
    validation("Request ARN is invalid")
}

pub fn too_long(member: &str, most: usize) -> Fault {
    validation(format!(
        "1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must have length less than or equal to {most}"
    ))
}

pub fn longer_than_role_allows() -> Fault {
    validation("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
}

pub fn longer_than_chain_allows() -> Fault {
    validation("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
}

pub fn access_denied(text: impl Into<String>) -> Fault {
    Fault::client("AccessDenied", text).status(403)
}

/// What the caller may not do, be it that there is no such role: who may not assume a role isn't told whether it exists.
pub fn denied(caller: &Arn, action: &str, resource: &Arn) -> Fault {
    access_denied(format!("User: {caller} is not authorized to perform: {action} on resource: {resource}"))
}

pub fn root_assumes() -> Fault {
    access_denied("Roles may not be assumed by root accounts.")
}

/// Operations that want lasting credentials.
pub fn session_credentials(operation: &str) -> Fault {
    access_denied(format!("Cannot call {operation} with session credentials"))
}

pub fn source_identity_changed() -> Fault {
    access_denied("The source identity of a session cannot be changed when another role is assumed with it.")
}

pub fn duplicate_tags() -> Fault {
    invalid_parameter("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
}

pub fn reserved_tag() -> Fault {
    invalid_parameter("Tag keys that begin with 'aws:' are reserved for AWS use and cannot be passed.")
}

pub fn transitive_tag_missing() -> Fault {
    invalid_parameter("The specified transitive tag key must be included in the requested tags.")
}

pub fn transitive_tag_inherited() -> Fault {
    invalid_parameter(
        "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
    )
}

fn invalid_parameter(text: &str) -> Fault {
    Fault::client("InvalidParameterValue", text)
}

pub fn malformed_policy(text: impl Into<String>) -> Fault {
    Fault::client("MalformedPolicyDocument", text)
}

pub fn no_policy(arn: &str) -> Fault {
    validation(format!("Policy {arn} does not exist or is not attachable."))
}

/// How full the session would be, in percent.
pub fn packed_policy(percent: u64) -> Fault {
    let text = format!("Packed policy consumes {percent}% of allotted space, please use smaller policy.");
    Fault::client("PackedPolicyTooLarge", text)
}

pub fn packed_tags(percent: u64) -> Fault {
    Fault::client("PackedPolicyTooLarge", format!("Packed size of session tags consumes {percent}% of allotted space."))
}

pub fn invalid_message() -> Fault {
    Fault::client("InvalidAuthorizationMessageException", "The specified message is not valid.")
}

pub fn no_key(id: &str) -> Fault {
    validation(format!("The access key ID {id} does not exist."))
}

/// Whatever is wrong with an identity provider's token.
pub fn invalid_token(text: impl Into<String>) -> Fault {
    Fault::client("InvalidIdentityToken", text)
}

pub fn not_a_token() -> Fault {
    invalid_token("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
}

pub fn claim_missing(claim: &str) -> Fault {
    invalid_token(format!("Missing a required claim: {claim}"))
}

pub fn no_provider(issuer: &str) -> Fault {
    invalid_token(format!("No OpenIDConnect provider found in your account for {issuer}"))
}

pub fn wrong_audience() -> Fault {
    invalid_token("Incorrect token audience")
}

/// Why a token isn't believed to be its issuer's.
pub fn not_believed(why: NotBelieved) -> Fault {
    match why {
        NotBelieved::Away => provider_away(),
        NotBelieved::NoKey => no_verification_key(),
        NotBelieved::Algorithm => invalid_token("The token must be signed with RS256, RS384, RS512, ES256, ES384 or ES512."),
        NotBelieved::Wrong => invalid_token("The signature of the token is invalid."),
    }
}

fn no_verification_key() -> Fault {
    invalid_token(
        "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
    )
}

fn provider_away() -> Fault {
    Fault::client(
        "IDPCommunicationError",
        "The identity provider that was asked to verify the incoming identity token could not be reached.",
    )
}

/// A token that has been withdrawn, or that its provider would say no to.
pub fn rejected_claim(text: impl Into<String>) -> Fault {
    Fault::client("IDPRejectedClaim", text).status(403)
}

pub fn token_expired(now: Timestamp, expired_s: i64) -> Fault {
    let text = format!(
        "Token expired: current date/time {} must be before the expiration date/time {expired_s}",
        now.0.div_euclid(1000)
    );
    Fault::client("ExpiredTokenException", text)
}

/// No trust policy lets the bearer of the token in; whether the role exists isn't told.
pub fn web_identity_denied(action: &str) -> Fault {
    access_denied(format!("Not authorized to perform {action}"))
}
