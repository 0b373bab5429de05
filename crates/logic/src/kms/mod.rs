//! What the Key Management Service decides and how it seals: everything of it that is a function of its arguments.
//!
//! Not here: asymmetric keys, which the library draws randomness for, and records in transactions (`front::kms`, `svc-secrets`).

mod ciphertext;
mod grants;
mod policies;
mod rotation;
mod state;

pub use ciphertext::{Ciphertext, EncryptionContext, LARGEST_PLAINTEXT, seal};
pub use grants::{SATISFIED, permits_subset, satisfied};
pub use policies::{default_policy, managed_policy, with_grants};
pub use rotation::{Due, due, next_automatic};
pub use state::{State, current_material, state};
