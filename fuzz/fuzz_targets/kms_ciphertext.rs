//! KMS ciphertexts: whatever comes is refused or read, and nothing that we didn't seal is opened.
#![no_main]

use libfuzzer_sys::fuzz_target;
use logic::kms::{Ciphertext, EncryptionContext};

fuzz_target!(|data: &[u8]| {
    if let Some(read) = Ciphertext::parse(data) {
        assert_eq!(read.material.len(), 64);
        assert_eq!(read.open(&[7; 32], &EncryptionContext::new()), None);
    }
});
