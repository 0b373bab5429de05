//! What requests and buckets ask for, and what comes of both: the request's headers, or else the bucket's default.

use super::{
    customer::{CustomerKey, Headers},
    kms::Wish,
    seal,
};
use crate::s3::{blobs::ContentKey, errors, settings};
use api::s3 as sdk;
use front::{Answer, Cx};
use model::{
    Env,
    s3::{BucketSpec, Seal, setting},
};
use sdk::ServerSideEncryption as Sse;
use spine::{Read, Tx};

/// What a request says of the encryption of what it writes.
#[derive(Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// `x-amz-server-side-encryption`.
    pub algorithm: Option<Sse>,
    /// `…-aws-kms-key-id`.
    pub kms_key: Option<&'a str>,
    /// `…-context`.
    pub context: Option<&'a str>,
    /// `…-bucket-key-enabled`.
    pub bucket_key: Option<bool>,
    /// A key of its own.
    pub customer: Headers<'a>,
}

/// Who seals the key of a content that is written.
#[derive(Clone, Debug)]
pub enum Method {
    /// The store: SSE-S3.
    Store,
    /// A key of KMS: SSE-KMS.
    Kms(Wish),
    /// A key that the request brings: SSE-C.
    Customer(CustomerKey),
}

impl Wanted<'_> {
    /// Whether the request says anything.
    pub fn is_some(&self) -> bool {
        let customer = self.customer.algorithm.or(self.customer.key).or(self.customer.md5);
        self.algorithm.is_some() || self.kms_key.or(self.context).or(customer).is_some() || self.bucket_key.is_some()
    }

    /// What holds for an object of that bucket and key, if the caller may have it so.
    ///
    /// # Errors
    /// `InvalidArgument` of what doesn't go together; `AccessDenied`; what KMS says of the key.
    pub fn choose(&self, cx: &Cx, read: &impl Read, bucket: &BucketSpec, place: (&str, &str)) -> Answer<Method> {
        let rule = default(bucket)?;
        if let Some(key) = self.customer.key()? {
            if let Some(algorithm) = self.algorithm {
                let message =
                    "Server Side Encryption with Customer provided key is incompatible with the encryption method specified";
                return Err(errors::invalid_argument(message, HEADER, algorithm.as_str()));
            }
            return if blocks_customers(&rule) { Err(errors::access_denied()) } else { Ok(Method::Customer(key)) };
        }
        let own = rule.apply_server_side_encryption_by_default.as_ref();
        let (algorithm, key) = match self.algorithm {
            Some(algorithm) => (algorithm, self.kms_key),
            None => (
                own.map_or(Sse::Aes256, |own| own.sse_algorithm),
                self.kms_key.or_else(|| own.and_then(|own| own.kms_master_key_id.as_deref())),
            ),
        };
        match algorithm {
            Sse::Aes256 if self.kms_key.is_some() || self.context.is_some() => Err(needs_kms(self.algorithm)),
            Sse::Aes256 => Ok(Method::Store),
            Sse::AwsKms => {
                let bucket_key = self.bucket_key.or(rule.bucket_key_enabled).unwrap_or_default();
                let wish = Wish::new(key, self.context, bucket_key, place)?;
                wish.check(cx, read)?;
                Ok(Method::Kms(wish))
            }
            other => Err(errors::not_built(format_args!("encryption with {}", other.as_str()))),
        }
    }
}

const HEADER: &str = "x-amz-server-side-encryption";

fn needs_kms(algorithm: Option<Sse>) -> wire::Fault {
    let message = "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms";
    errors::invalid_argument(message, HEADER, algorithm.map_or("null", |algorithm| algorithm.as_str()))
}

/// What the bucket does with what says nothing.
fn default(bucket: &BucketSpec) -> Answer<sdk::ServerSideEncryptionRule> {
    let set = settings::get::<sdk::ServerSideEncryptionConfiguration>(bucket, setting::ENCRYPTION)?;
    Ok(set.and_then(|set| set.rules.into_iter().next()).unwrap_or_default())
}

/// Whether the bucket takes nothing with keys of customers (Amazon S3 user guide, "Blocking or unblocking SSE-C for a general purpose
/// bucket").
fn blocks_customers(rule: &sdk::ServerSideEncryptionRule) -> bool {
    let types = rule.blocked_encryption_types.as_ref().and_then(|blocked| blocked.encryption_type.as_ref());
    types.is_some_and(|types| types.iter().any(|kind| kind.as_str() == "SSE-C"))
}

impl Method {
    /// Seals the key of a content.
    ///
    /// # Errors
    /// `AccessDenied`; what KMS says of the key.
    pub fn seal(&self, cx: &Cx, tx: &mut Tx, key: &ContentKey) -> Answer<Seal> {
        match self {
            Self::Store => seal::by_store(cx, tx, key),
            Self::Kms(wish) => wish.seal(cx, tx, key),
            Self::Customer(customer) => Ok(seal::by_customer(&cx.env, customer, key)),
        }
    }

    /// Whether the ETag isn't the MD5 of the bytes.
    pub fn is_opaque(&self) -> bool {
        !matches!(self, Self::Store)
    }

    /// The ETag of bytes with that MD5 (Amazon S3 API reference, "Object").
    pub fn etag(&self, env: &Env, md5: &[u8; 16]) -> String {
        seal::etag(self.is_opaque(), env, md5)
    }

    /// The key that the request has brought.
    pub fn customer(&self) -> Option<&CustomerKey> {
        match self {
            Self::Customer(key) => Some(key),
            Self::Store | Self::Kms(_) => None,
        }
    }
}
