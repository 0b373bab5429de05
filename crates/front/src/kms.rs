//! KMS keys as services use them: found by what a request calls them, asked whether they can be used, and what they seal.
//!
//! KMS's own operations are in `svc-secrets`; other services lean on its records, by way of this. Sealing and opening look at nobody's
//! permission: whoever does so in a caller's name asks [`authorize`] first.

mod find;
mod managed;

pub use find::{Found, Reference, arn, at, find, find_key, invalid_key_id, reference};
pub use managed::{managed, managed_service};

use crate::{Answer, Cx};
use logic::{
    kms::{Ciphertext, EncryptionContext, State, seal, state},
    policy::Context,
};
use model::{Env, Timestamp, kms::KeyUsage};
use spine::{Read, StoreError};
use wire::Fault;

/// Refuses a key that can't be used now, in KMS's words.
///
/// # Errors
/// `DisabledException`, or `KMSInvalidStateException` of a key that will be gone or has no material.
pub fn usable(found: &Found, now: Timestamp) -> Answer<()> {
    let arn = found.key.arn();
    let invalid = |what: &str| Fault::client("KMSInvalidStateException", format!("{arn} is {what}."));
    match state(&found.spec, now) {
        State::Enabled => Ok(()),
        State::Disabled => Err(Fault::client("DisabledException", format!("{arn} is disabled."))),
        State::PendingDeletion => Err(invalid("pending deletion")),
        State::PendingImport => Err(invalid("pending import")),
    }
}

/// Refuses a key that isn't for that, in KMS's words.
///
/// # Errors
/// `InvalidKeyUsageException`.
pub fn usage(found: &Found, wanted: KeyUsage, operation: &str) -> Answer<()> {
    let (arn, usage) = (found.key.arn(), found.spec.usage);
    let text = format!("{arn} key usage is {} which is not valid for {operation}.", usage.as_str());
    if usage == wanted { Ok(()) } else { Err(Fault::client("InvalidKeyUsageException", text)) }
}

/// Encrypts with a symmetric key as it stands, whatever its state is.
///
/// # Errors
/// If its material isn't there.
pub fn encrypt(env: &Env, read: &impl Read, found: &Found, plaintext: &[u8], context: &EncryptionContext) -> Answer<Vec<u8>> {
    let lost = || Fault::internal(format_args!("the key {} has no material", found.key.arn()));
    let id = found.material().ok_or_else(lost)?;
    let material = read.spec(&found.key.material(id))?.ok_or_else(lost)?;
    seal((&found.key, id), material.bytes.bytes(), plaintext, context, env.bytes()).ok_or_else(lost)
}

/// The plaintext of a ciphertext, whatever the state of its key is; none if its material is gone, or it isn't what was sealed
/// with this context.
pub fn decrypt(read: &impl Read, ciphertext: &Ciphertext, context: &EncryptionContext) -> Result<Option<Vec<u8>>, StoreError> {
    let material = read.spec(&ciphertext.key.material(&ciphertext.material))?;
    Ok(material.and_then(|material| ciphertext.open(material.bytes.bytes(), context)))
}

/// Refuses unless the caller may have the action done with the key by that service, such as `ec2`. A key that was made for this very
/// request is AWS's for the service, and anybody's in the account.
///
/// # Errors
/// That the caller may not, in the words of the caller's request's service.
pub fn authorize(cx: &Cx, found: &Found, action: &str, service: &str, context: &EncryptionContext) -> Answer<()> {
    if !cx.snapshot().exists(&found.key)? {
        return Ok(());
    }
    cx.authorize(action, &[found.key.arn()], &via(cx, service, context))
}

/// The condition keys of what a service asks of a key in its caller's name: `kms:ViaService`, the encryption context, and that it is
/// for the service itself.
fn via(cx: &Cx, service: &str, context: &EncryptionContext) -> Context {
    encryption_context(context)
        .with("kms:ViaService", format!("{service}.{}.amazonaws.com", cx.region))
        .with("kms:CallerAccount", cx.account.as_str())
        .with("kms:GrantIsForAWSResource", "true")
        .with("aws:ViaAWSService", "true")
}

/// `kms:EncryptionContext:…` and `kms:EncryptionContextKeys`.
pub fn encryption_context(context: &EncryptionContext) -> Context {
    let mut keys = Context::new();
    for (key, value) in context {
        keys.set(format!("kms:EncryptionContext:{key}"), value);
    }
    keys.set_all("kms:EncryptionContextKeys", context.keys());
    keys
}
