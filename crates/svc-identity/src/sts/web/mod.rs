//! Web identities: what becomes of the tokens of OpenID Connect providers (AWS STS API reference, `AssumeRoleWithWebIdentity`).
//!
//! [`claims`]: what a token says, and whether that is acceptable now. Whether its provider has signed it is [`oidc`]'s to say.

mod claims;

pub use claims::{Identity, identify, issuer};
