//! Sealing the key of a content and opening it again: AES-256-GCM under a key of the store's own or the customer's, or a ciphertext of KMS.

use super::{
    customer::{CustomerKey, Headers},
    kms,
};
use crate::s3::{blobs::ContentKey, errors};
use base64::{Engine, engine::general_purpose::STANDARD};
use front::{Answer, Cx};
use logic::sealer::Sealer;
use model::{
    Env,
    kms::Secret,
    s3::{self, Content, Seal, StoreKey, StoreKeySpec},
};
use spine::{Read, Tx};
use std::sync::Arc;
use wire::Fault;

/// The id of the key that the store seals with.
const CURRENT: &str = "1";
/// What is sealed, so that nothing else is taken for it.
const PURPOSE: &[u8] = b"the key of a content";

/// Seals by the store's own key, which is made when it is first needed.
///
/// # Errors
/// Those of the store.
pub fn by_store(cx: &Cx, tx: &mut Tx, content: &ContentKey) -> Answer<Seal> {
    let at = s3::key::<StoreKey>(CURRENT);
    let found = match tx.spec(&at)? {
        Some(found) => found,
        None => {
            let made = StoreKeySpec { created: cx.now, bytes: Secret::new(cx.env.bytes::<32>()) };
            tx.create(&at, &made)?;
            Arc::new(made)
        }
    };
    Ok(Seal::Store { by: CURRENT.into(), key: sealed(&of_store(&found)?, &cx.env, content) })
}

/// Seals by the key that a request has brought.
pub fn by_customer(env: &Env, customer: &CustomerKey, content: &ContentKey) -> Seal {
    Seal::Customer { key: sealed(&customer.sealer(), env, content) }
}

/// The key of a content that is read, with what the request says of it; none of one that stands in the clear.
///
/// # Errors
/// `InvalidRequest` without the customer's key, or with one where there is none; `AccessDenied` with another; what KMS says.
pub fn open(cx: &Cx, read: &impl Read, content: &Content, headers: Headers<'_>) -> Answer<Option<ContentKey>> {
    let customer = headers.key()?;
    match (&content.seal, &customer) {
        (Some(Seal::Customer { .. }), None) => Err(errors::invalid_request(
            "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.",
        )),
        (Some(Seal::Store { .. } | Seal::Kms { .. }) | None, Some(_)) => {
            Err(errors::invalid_request("The encryption parameters are not applicable to this object."))
        }
        (None, None) => Ok(None),
        (Some(seal), _) => opened(cx, read, seal, customer.as_ref()).map(Some),
    }
}

/// Looks at the key that the request has brought, and at KMS's only if the answer is to tell a checksum, for which the caller has to be
/// allowed to decrypt.
///
/// # Errors
/// As [`open`].
pub fn open_checksum(cx: &Cx, read: &impl Read, content: &Content, headers: Headers<'_>, checksum: bool) -> Answer<()> {
    match &content.seal {
        Some(Seal::Kms { .. }) if !checksum && headers.key()?.is_none() => Ok(()),
        _ => open(cx, read, content, headers).map(drop),
    }
}

/// The key of what an upload is to become, for one of its parts.
///
/// # Errors
/// `InvalidRequest` of another key than the upload was begun with; what KMS says.
pub fn open_upload(cx: &Cx, read: &impl Read, upload: &Content, headers: Headers<'_>) -> Answer<Option<ContentKey>> {
    let customer = headers.key()?;
    match (&upload.seal, &customer) {
        (Some(Seal::Customer { .. }), None) => Err(errors::invalid_request(
            "The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.",
        )),
        (Some(seal @ Seal::Customer { .. }), Some(_)) => opened(cx, read, seal, customer.as_ref()).map(Some).map_err(|fault| {
            if fault.code != "AccessDenied" {
                return fault;
            }
            errors::invalid_request("The provided encryption parameters did not match the ones used originally.")
        }),
        (_, Some(_)) => Err(errors::invalid_request(
            "The multipart upload initiate did not request encryption. Please resend the request without sending encryption parameters.",
        )),
        (Some(seal), None) => opened(cx, read, seal, None).map(Some),
        (None, None) => Ok(None),
    }
}

/// Looks at what a completion needs: that the caller may have the parts decrypted, and the customer's key if it brings one.
///
/// # Errors
/// As [`open_upload`].
pub fn open_completion(cx: &Cx, read: &impl Read, upload: &Content, headers: Headers<'_>) -> Answer<()> {
    match &upload.seal {
        Some(Seal::Customer { .. }) if headers.key()?.is_none() => Ok(()),
        _ => open_upload(cx, read, upload, headers).map(drop),
    }
}

fn opened(cx: &Cx, read: &impl Read, seal: &Seal, customer: Option<&CustomerKey>) -> Answer<ContentKey> {
    match seal {
        Seal::Store { by, key } => {
            let found = read.spec(&s3::key::<StoreKey>(by))?;
            let found = found.ok_or_else(|| Fault::internal(format_args!("the store's key {by} is gone")))?;
            let lost = || Fault::internal("a content's key isn't what the store has sealed");
            unsealed(&of_store(&found)?, key).ok_or_else(lost)
        }
        Seal::Kms { key, context, .. } => kms::open(cx, read, key, context),
        Seal::Customer { key } => {
            customer.and_then(|customer| unsealed(&customer.sealer(), key)).ok_or_else(errors::access_denied)
        }
    }
}

fn of_store(key: &StoreKeySpec) -> Answer<Sealer> {
    Sealer::of(key.bytes.bytes()).ok_or_else(|| Fault::internal("the store's key is none"))
}

fn sealed(with: &Sealer, env: &Env, content: &ContentKey) -> String {
    STANDARD.encode(with.seal_bytes(PURPOSE, content.bytes().to_vec(), env.bytes()))
}

fn unsealed(with: &Sealer, text: &str) -> Option<ContentKey> {
    ContentKey::of(&with.open_bytes(PURPOSE, STANDARD.decode(text).ok()?)?)
}

/// Whether the ETag of what is sealed so isn't the MD5 of its bytes.
pub fn is_opaque(seal: Option<&Seal>) -> bool {
    matches!(seal, Some(Seal::Kms { .. } | Seal::Customer { .. }))
}

/// The ETag of bytes with that MD5, or one that tells nothing of them.
pub fn etag(opaque: bool, env: &Env, md5: &[u8; 16]) -> String {
    if opaque { env.hex(32) } else { hex::encode(md5) }
}
