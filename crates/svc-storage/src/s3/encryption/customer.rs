//! SSE-C: the key that a request brings (Amazon S3 user guide, "Using server-side encryption with customer-provided keys"). It is kept
//! nowhere: whether another request brings the same one is known by what it opens.

use crate::s3::errors;
use base64::{Engine, engine::general_purpose::STANDARD};
use front::Answer;
use logic::sealer::Sealer;
use md5::{Digest, Md5};
use std::fmt;
use wire::{Fault, Value};

/// The header that S3 names in errors about any of them.
const NAMED: &str = "x-amz-server-side-encryption";

/// The headers of a request.
#[derive(Clone, Copy, Default)]
pub struct Headers<'a> {
    /// `…-customer-algorithm`.
    pub algorithm: Option<&'a str>,
    /// `…-customer-key`, in base64.
    pub key: Option<&'a str>,
    /// `…-customer-key-MD5`, in base64.
    pub md5: Option<&'a str>,
}

/// A key.
#[derive(Clone)]
pub struct CustomerKey {
    bytes: [u8; 32],
    md5: String,
}

impl fmt::Debug for CustomerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomerKey")
    }
}

impl Headers<'_> {
    /// The key, if the request brings one.
    ///
    /// # Errors
    /// `InvalidArgument` of what isn't whole, or isn't what its MD5 says; `InvalidEncryptionAlgorithmError`.
    pub fn key(&self) -> Answer<Option<CustomerKey>> {
        let given = (self.algorithm, self.key, self.md5);
        if let (None, None, None) = given {
            return Ok(None);
        }
        let provide = |what: &str| {
            refused(format!("Requests specifying Server Side Encryption with Customer provided keys must provide {what}."))
        };
        let algorithm = self.algorithm.ok_or_else(|| provide("a valid encryption algorithm"))?;
        let key = self.key.ok_or_else(|| provide("an appropriate secret key"))?;
        let md5 = self.md5.ok_or_else(|| provide("the client calculated MD5 of the secret key"))?;
        if algorithm != "AES256" {
            let message = "The Encryption request you specified is not valid. Supported value: AES256.";
            let fault = Fault::client("InvalidEncryptionAlgorithmError", message);
            return Err(fault.with("ArgumentName", Value::Str(NAMED.into())).with("ArgumentValue", Value::Str(algorithm.into())));
        }
        let bytes = STANDARD.decode(key).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let bytes = bytes.ok_or_else(|| refused("The secret key was invalid for the specified algorithm."))?;
        if STANDARD.encode(Md5::digest(bytes)) != md5 {
            return Err(refused("The calculated MD5 hash of the key did not match the hash that was provided."));
        }
        Ok(Some(CustomerKey { bytes, md5: md5.to_owned() }))
    }
}

fn refused(message: impl Into<String>) -> Fault {
    errors::invalid_argument(message, NAMED, "null")
}

impl CustomerKey {
    /// The MD5 of the key, as the request has it.
    pub fn md5(&self) -> &str {
        &self.md5
    }

    /// What seals with it.
    pub(super) fn sealer(&self) -> Sealer {
        Sealer::new(&self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_whole_and_what_its_hash_says() {
        let key = STANDARD.encode([7; 32]);
        let md5 = STANDARD.encode(Md5::digest([7; 32]));
        let short = STANDARD.encode([7; 31]);
        let code = |algorithm, key, md5| {
            let headers = Headers { algorithm, key, md5 };
            headers.key().map(|key| key.is_some()).map_err(|fault| fault.code.into_owned())
        };
        assert_eq!(code(None, None, None), Ok(false));
        assert_eq!(code(Some("AES256"), Some(&key), Some(&md5)), Ok(true));
        for (algorithm, key, md5, expected) in [
            (None, Some(&key), Some(&md5), "InvalidArgument"),
            (Some("AES256"), None, Some(&md5), "InvalidArgument"),
            (Some("AES256"), Some(&key), None, "InvalidArgument"),
            (Some("AES128"), Some(&key), Some(&md5), "InvalidEncryptionAlgorithmError"),
            (Some("AES256"), Some(&short), Some(&md5), "InvalidArgument"),
            (Some("AES256"), Some(&key), Some(&key), "InvalidArgument"),
        ] {
            let found = code(algorithm, key.map(String::as_str), md5.map(String::as_str));
            assert_eq!(found, Err(expected.to_owned()), "{algorithm:?}");
        }
    }
}
