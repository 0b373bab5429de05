//! Message authentication codes.

use api::kms::MacAlgorithmSpec;
use aws_lc_rs::hmac::{self, HMAC_SHA224, HMAC_SHA256, HMAC_SHA384, HMAC_SHA512};

/// The code of a message.
pub fn mac(algorithm: MacAlgorithmSpec, key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&of(algorithm, key), message).as_ref().to_vec()
}

/// Whether the code is that of the message.
pub fn verify_mac(algorithm: MacAlgorithmSpec, key: &[u8], message: &[u8], mac: &[u8]) -> bool {
    hmac::verify(&of(algorithm, key), message, mac).is_ok()
}

fn of(algorithm: MacAlgorithmSpec, key: &[u8]) -> hmac::Key {
    let algorithm = match algorithm {
        MacAlgorithmSpec::HmacSha224 => HMAC_SHA224,
        MacAlgorithmSpec::HmacSha256 => HMAC_SHA256,
        MacAlgorithmSpec::HmacSha384 => HMAC_SHA384,
        MacAlgorithmSpec::HmacSha512 => HMAC_SHA512,
    };
    hmac::Key::new(algorithm, key)
}
