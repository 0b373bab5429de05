//! Signing keys, derived from a secret for one day, region and service (IAM user guide, "Derive a signing key").

use super::scope::{Scope, TERMINATOR};
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, PoisonError},
};

/// How many derived keys are remembered: five HMACs are saved for each request of a busy client.
const CAPACITY: usize = 1024;

/// A key that signs in one scope.
#[derive(Clone)]
pub struct SigningKey(hmac::Key);

impl SigningKey {
    /// Derives the key from the secret.
    pub fn derive(secret: &str, scope: &Scope) -> Self {
        let steps = [&scope.date, &scope.region, &scope.service, TERMINATOR];
        let first = hmac::Key::new(HMAC_SHA256, format!("AWS4{secret}").as_bytes());
        Self(steps.into_iter().fold(first, |key, step| hmac::Key::new(HMAC_SHA256, hmac::sign(&key, step.as_bytes()).as_ref())))
    }

    /// Whether `signature` is that of `text`; takes the same time for every wrong one.
    pub fn verifies(&self, text: &[u8], signature: &[u8]) -> bool {
        hmac::verify(&self.0, text, signature).is_ok()
    }

    /// The signature of `text`, in hex.
    pub fn sign(&self, text: &[u8]) -> String {
        hex::encode(hmac::sign(&self.0, text))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

/// The derived keys that were used lately, with the secrets that they were derived from.
#[derive(Default)]
pub struct Keys(Mutex<HashMap<Scope, (String, SigningKey)>>);

impl Keys {
    /// The key for the scope, derived if it wasn't used lately. A full memory is emptied: it fills again at once with what is in use.
    pub fn derive(&self, secret: &str, scope: &Scope) -> SigningKey {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, key)) = known.get(scope)
            && of == secret
        {
            return key.clone();
        }
        if known.len() >= CAPACITY {
            known.clear();
        }
        let key = SigningKey::derive(secret, scope);
        known.insert(scope.clone(), (secret.to_owned(), key.clone()));
        key
    }
}
