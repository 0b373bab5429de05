//! Tokens of OpenID Connect providers, and whether these have signed them (OpenID Connect Core 1.0, section 2; RFC 7515, 7517, 7518, 7519).
//!
//! What a token says, and whether that is acceptable, is for whoever gets it to judge: STS for its sessions, API Gateway for its routes.
//!
//! * [`Token`]: a token's parts. * [`Providers`]: where the keys come from that have signed it; `keys`: a provider's keys; `fetch`: how they
//!   get here; `vouch`: which servers are believed.

mod fetch;
mod keys;
mod providers;
mod token;
mod vouch;

pub use providers::{Issuer, NotBelieved, Providers};
pub use token::Token;
