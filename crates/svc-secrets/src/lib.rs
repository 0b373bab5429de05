//! The services that keep secrets: the Key Management Service.

pub mod kms;
