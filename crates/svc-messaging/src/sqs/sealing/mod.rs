//! What messages are sealed with on the disk: a data key for each sender and a while, which is kept beside what it seals, sealed itself by the
//! key that the queue names.
//!
//! That key is SQS's own ([`model::sqs::OwnedKey`]), or one of KMS's. A caller needs `kms:GenerateDataKey` and `kms:Decrypt` of KMS's to send,
//! and `kms:Decrypt` to receive; for as long as the queue says, a data key is used without asking again. A message stays as it was sealed,
//! wherever it is moved and whatever becomes of its queue's settings (developer guide, "Encryption at rest in Amazon SQS" and "Key management").
//!
//! Bodies and message attributes are sealed; ids, groups, moments and other things by which a queue finds its messages are not, as at AWS.

mod cache;
mod data_key;
mod keys;
mod named;
mod wrapped;

pub use data_key::SealingKey;
pub use keys::{DataKeys, REUSED};
