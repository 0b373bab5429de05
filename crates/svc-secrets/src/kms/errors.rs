//! KMS's errors, in its own words. Those of finding and using keys are `front::kms`'s.

use model::Arn;
use std::fmt::Display;
use wire::Fault;

pub(super) fn validation(message: impl Into<String>) -> Fault {
    Fault::client("ValidationException", message)
}

pub(super) fn not_built(what: impl Display) -> Fault {
    Fault::not_implemented(format_args!("KMS: {what}"))
}

pub(super) fn unsupported(message: impl Into<String>) -> Fault {
    Fault::client("UnsupportedOperationException", message)
}

pub(super) fn invalid_state(arn: &Arn, what: &str) -> Fault {
    Fault::client("KMSInvalidStateException", format!("{arn} is {what}."))
}

/// An algorithm that a key doesn't have.
pub(super) fn incompatible(algorithm: &str, key_spec: &str) -> Fault {
    let text = format!("Algorithm {algorithm} is incompatible with key spec {key_spec}.");
    Fault::client("InvalidKeyUsageException", text)
}

pub(super) fn malformed_policy(why: impl Into<String>) -> Fault {
    Fault::client("MalformedPolicyDocumentException", why)
}

pub(super) fn lockout() -> Fault {
    malformed_policy("The new key policy will not allow you to update the key policy in the future.")
}

pub(super) fn alias_exists(arn: &Arn) -> Fault {
    Fault::client("AlreadyExistsException", format!("An alias with the name {arn} already exists"))
}

pub(super) fn no_alias(arn: &Arn) -> Fault {
    Fault::client("NotFoundException", format!("Alias {arn} is not found."))
}

pub(super) fn invalid_alias() -> Fault {
    let text = "Alias must start with the prefix \"alias/\". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html";
    Fault::client("InvalidAliasNameException", text)
}

pub(super) fn reserved_alias() -> Fault {
    Fault::client("NotAuthorizedException", "")
}

pub(super) fn limit(what: impl Display) -> Fault {
    Fault::client("LimitExceededException", format!("The request was rejected because {what}."))
}

pub(super) fn too_many_tags() -> Fault {
    Fault::client("TagException", "Too many tags: a KMS key can have 50.")
}

pub(super) fn duplicate_tag() -> Fault {
    Fault::client("TagException", "Duplicate tag keys")
}

pub(super) fn reserved_tag() -> Fault {
    Fault::client("TagException", "aws: prefixed tag key names are not allowed for external use.")
}

pub(super) fn invalid_marker() -> Fault {
    Fault::client("InvalidMarkerException", "The marker that specifies where pagination should next begin is not valid.")
}

pub(super) fn invalid_ciphertext() -> Fault {
    Fault::client("InvalidCiphertextException", "")
}

/// A ciphertext of a key that isn't here.
pub(super) fn ciphertext_of_nobody() -> Fault {
    Fault::client(
        "AccessDeniedException",
        "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.",
    )
}

pub(super) fn incorrect_key() -> Fault {
    let text = "The key ID in the request does not identify a CMK that can perform this operation.";
    Fault::client("IncorrectKeyException", text)
}

pub(super) fn invalid_signature() -> Fault {
    Fault::client("KMSInvalidSignatureException", "")
}

pub(super) fn invalid_mac() -> Fault {
    Fault::client("KMSInvalidMacException", "")
}

pub(super) fn dry_run() -> Fault {
    Fault::client("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")
}

pub(super) fn invalid_grant_token() -> Fault {
    Fault::client("InvalidGrantTokenException", "The grant token is not valid.")
}

pub(super) fn no_grant(id: &str) -> Fault {
    Fault::client("NotFoundException", format!("Grant ID {id} not found"))
}

pub(super) fn invalid_principal(principal: &str) -> Fault {
    Fault::client("InvalidArnException", format!("ARN does not refer to a valid principal: {principal}"))
}

pub(super) fn invalid_import_token() -> Fault {
    Fault::client("InvalidImportTokenException", "The import token is not valid, or is for another KMS key.")
}

pub(super) fn expired_import_token() -> Fault {
    Fault::client("ExpiredImportTokenException", "The import token has expired. Get new import parameters.")
}

pub(super) fn wrong_material() -> Fault {
    Fault::client("IncorrectKeyMaterialException", "The key material is not that which was imported into this KMS key before.")
}
