//! SSE-KMS: the KMS key of a content's key, what the caller needs of it, and the encryption context (Amazon S3 user guide, "Using
//! server-side encryption with AWS KMS keys").
//!
//! With an S3 Bucket Key the context is the bucket's ARN and not the object's. It is no key of its own here: KMS is in this process, so
//! there are no calls to be saved.

use crate::s3::{blobs::ContentKey, errors, find};
use base64::{Engine, engine::general_purpose::STANDARD};
use front::{
    Answer, Cx, Principal,
    kms::{self, Found},
};
use logic::kms::{Ciphertext, EncryptionContext};
use model::{
    kms::{KeyKind, KeyUsage},
    s3::Seal,
};
use spine::{Read, Tx};
use wire::Fault;

/// By what the key that AWS manages for S3 is known.
const MANAGED: &str = "alias/aws/s3";
/// The pair that S3 puts into each context.
const ARN: &str = "aws:s3:arn";

/// What a request or a bucket wants.
#[derive(Clone, Debug)]
pub struct Wish {
    /// What the key is called; the one that AWS manages where nothing is said.
    pub key: Option<String>,
    /// The encryption context.
    pub context: EncryptionContext,
    /// Whether a bucket key is used.
    pub bucket_key: bool,
}

impl Wish {
    /// A wish for what is to stand under that key of a bucket; `context` is the header.
    ///
    /// # Errors
    /// `InvalidArgument` of a context that isn't one.
    pub fn new(key: Option<&str>, context: Option<&str>, bucket_key: bool, (bucket, name): (&str, &str)) -> Answer<Self> {
        let mut context = context.map(parse).transpose()?.unwrap_or_default();
        let arn = if bucket_key { find::bucket_arn(bucket) } else { find::object_arn(bucket, name) };
        if context.get(ARN).is_some_and(|stated| *stated != arn.to_string()) {
            return Err(invalid_context());
        }
        context.insert(ARN.into(), arn.to_string());
        Ok(Self { key: key.map(str::to_owned), context, bucket_key })
    }

    /// Refuses what can't be sealed so: before the bytes come. A managed key that isn't there yet is made when it is needed.
    ///
    /// # Errors
    /// `AccessDenied`; KMS's own, behind `KMS.`.
    pub fn check(&self, cx: &Cx, read: &impl Read) -> Answer<()> {
        match kms::find(cx, read, self.key.as_deref().unwrap_or(MANAGED)) {
            Ok(found) => usable(cx, &found, "kms:GenerateDataKey", &self.context),
            Err(fault) if fault.sender && self.is_managed(cx) => signed(cx),
            Err(fault) => Err(of_kms(fault)),
        }
    }

    /// Seals the key of a content.
    ///
    /// # Errors
    /// As [`Wish::check`].
    pub fn seal(&self, cx: &Cx, tx: &mut Tx, content: &ContentKey) -> Answer<Seal> {
        let found = match (&self.key, self.is_managed(cx)) {
            (Some(named), false) => kms::find(cx, tx, named).map_err(of_kms)?,
            _ => kms::managed(cx, tx, "s3")?,
        };
        usable(cx, &found, "kms:GenerateDataKey", &self.context)?;
        let sealed = kms::encrypt(&cx.env, tx, &found, content.bytes(), &self.context)?;
        Ok(Seal::Kms {
            arn: found.key.arn().to_string(),
            key: STANDARD.encode(sealed),
            context: self.context.clone(),
            bucket_key: self.bucket_key,
        })
    }

    fn is_managed(&self, cx: &Cx) -> bool {
        self.key.as_deref().is_none_or(|named| named == MANAGED || named == cx.arn("kms", MANAGED).to_string())
    }
}

/// Opens what a key of KMS has sealed; the caller needs `kms:Decrypt`.
///
/// # Errors
/// As [`Wish::check`].
pub fn open(cx: &Cx, read: &impl Read, sealed: &str, context: &EncryptionContext) -> Answer<ContentKey> {
    let lost = || Fault::internal("the sealed key of a content can't be read");
    let bytes = STANDARD.decode(sealed).map_err(Fault::internal)?;
    let ciphertext = Ciphertext::parse(&bytes).ok_or_else(lost)?;
    let gone = || of_kms(Fault::client("NotFoundException", format!("Key '{}' does not exist", ciphertext.key.arn())));
    let found = kms::at(read, &ciphertext.key)?.ok_or_else(gone)?;
    usable(cx, &found, "kms:Decrypt", context)?;
    kms::decrypt(read, &ciphertext, context)?.and_then(|key| ContentKey::of(&key)).ok_or_else(lost)
}

/// Refuses a key that can't be used now, or not by this caller by way of S3.
fn usable(cx: &Cx, found: &Found, action: &str, context: &EncryptionContext) -> Answer<()> {
    signed(cx)?;
    kms::authorize(cx, found, action, "s3", context)?;
    kms::usage(found, KeyUsage::EncryptDecrypt, "GenerateDataKey").map_err(of_kms)?;
    if found.spec.kind != KeyKind::Symmetric {
        let message = format!("{} is not a symmetric encryption key.", found.key.arn());
        return Err(of_kms(Fault::client("InvalidKeyUsageException", message)));
    }
    kms::usable(found, cx.now).map_err(of_kms)
}

/// Nobody who isn't known uses a key.
fn signed(cx: &Cx) -> Answer<()> {
    if cx.principal != Principal::Anonymous {
        return Ok(());
    }
    let message = "Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature Version 4.";
    Err(errors::invalid_argument(message, "Authorization", "null"))
}

/// An error of KMS as S3 passes it on.
fn of_kms(fault: Fault) -> Fault {
    if fault.sender { Fault { code: format!("KMS.{}", fault.code).into(), ..fault } } else { fault }
}

/// `x-amz-server-side-encryption-context`: JSON in base64.
fn parse(header: &str) -> Answer<EncryptionContext> {
    let bytes = STANDARD.decode(header).map_err(|_| invalid_context())?;
    serde_json::from_slice(&bytes).map_err(|_| invalid_context())
}

fn invalid_context() -> Fault {
    errors::invalid_argument(
        "The header 'x-amz-server-side-encryption-context' shall be Base64-encoded UTF-8 string holding JSON which represents a string-string map",
        "x-amz-server-side-encryption-context",
        "",
    )
}
