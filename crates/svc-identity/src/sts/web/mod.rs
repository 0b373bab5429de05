//! Web identities: tokens of OpenID Connect providers, and what becomes of them (AWS STS API reference, `AssumeRoleWithWebIdentity`;
//! OpenID Connect Core 1.0, section 2; RFC 7515, 7517, 7518, 7519).
//!
//! * [`token`]: a token's parts. * [`keys`]: a provider's keys, and whether one of them signed. * [`claims`]: what a token says, and whether
//!   that is acceptable now. All of these need nothing but their arguments.
//! * [`providers`]: where the keys come from; `fetch`: how they get here; `vouch`: which servers are believed.

mod claims;
mod fetch;
mod keys;
mod providers;
mod token;
mod vouch;

pub use claims::{Identity, identify, issuer};
pub use providers::{Issuer, Providers};
pub use token::Token;
