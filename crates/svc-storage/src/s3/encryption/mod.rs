//! Server-side encryption (Amazon S3 user guide, "Protecting data with encryption"): which kind a request or its bucket wants, and who
//! seals the key of a content.
//!
//! | room | what is in it |
//! |---|---|
//! | `method` | what requests and buckets ask for |
//! | `seal` | sealing and opening the key of a content |
//! | `kms` | SSE-KMS: the key, the caller's permissions on it, the encryption context |
//! | `customer` | SSE-C: the key that a request brings |
//!
//! How bytes are encrypted with a content's key is told in `blobs`.

mod customer;
mod kms;
mod method;
mod seal;

pub use customer::Headers;
pub use method::{Method, Wanted};
pub use seal::{etag, is_opaque, open, open_checksum, open_completion, open_upload};

use api::s3 as sdk;
use model::s3::Seal;

/// What a request says of encryption.
macro_rules! wanted {
    ($input:expr) => {
        crate::s3::encryption::Wanted {
            algorithm: $input.server_side_encryption,
            kms_key: $input.ssekms_key_id.as_deref(),
            context: $input.ssekms_encryption_context.as_deref(),
            bucket_key: $input.bucket_key_enabled,
            customer: crate::s3::encryption::own_key!($input),
        }
    };
}

/// The key that a request brings for its object.
macro_rules! own_key {
    ($input:expr) => {
        crate::s3::encryption::Headers {
            algorithm: $input.sse_customer_algorithm.as_deref(),
            key: $input.sse_customer_key.as_deref(),
            md5: $input.sse_customer_key_md5.as_deref(),
        }
    };
}

/// The key that a request brings for the object that it copies.
macro_rules! source_key {
    ($input:expr) => {
        crate::s3::encryption::Headers {
            algorithm: $input.copy_source_sse_customer_algorithm.as_deref(),
            key: $input.copy_source_sse_customer_key.as_deref(),
            md5: $input.copy_source_sse_customer_key_md5.as_deref(),
        }
    };
}

/// Shows in an output how a content is encrypted.
macro_rules! show {
    ($output:expr, $seal:expr) => {
        ($output.server_side_encryption, $output.ssekms_key_id, $output.bucket_key_enabled) = crate::s3::encryption::shown($seal)
    };
}

/// Shows in an output the key that the request has brought.
macro_rules! show_customer {
    ($output:expr, $customer:expr) => {
        if let Some(customer) = $customer {
            $output.sse_customer_algorithm = Some("AES256".into());
            $output.sse_customer_key_md5 = Some(customer.md5().to_owned());
        }
    };
}
pub(super) use {own_key, show, show_customer, source_key, wanted};

/// The algorithm, the KMS key and whether a bucket key is used, as outputs have them. Of SSE-C they say nothing, and nothing of what stands
/// in the clear.
pub fn shown(seal: Option<&Seal>) -> (Option<sdk::ServerSideEncryption>, Option<String>, Option<bool>) {
    match seal {
        Some(Seal::Store { .. }) => (Some(sdk::ServerSideEncryption::Aes256), None, None),
        Some(Seal::Kms { arn, bucket_key, .. }) => {
            (Some(sdk::ServerSideEncryption::AwsKms), Some(arn.clone()), bucket_key.then_some(true))
        }
        Some(Seal::Customer { .. }) | None => (None, None, None),
    }
}
