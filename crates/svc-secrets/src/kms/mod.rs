//! The Key Management Service: keys, aliases, key policies, grants, and all that keys do.
//!
//! Built: symmetric keys, HMAC, RSA and elliptic curves; rotation, deletion, imported material; the keys that AWS manages. Not
//! built: multi-Region keys, custom key stores, key agreement and encapsulation, ML-DSA and ML-KEM, Ed25519ph, answers for enclaves.
//!
//! What is a function of its arguments is in `logic::kms`; what other services need of keys is in `front::kms`.

mod cipher;
mod crypto;
mod errors;
mod facts;
mod keys;
mod ops;
mod page;
mod reconcile;
mod table;
mod views;

pub use reconcile::Keys;
pub use table::service;
