//! What an account prefers of STS.

use super::super::settings;
use api::iam as sdk;
use front::{Access, Answer, Cx, Service};
use spine::Tx;

pub fn rows(service: Service) -> Service {
    service.op::<sdk::SetSecurityTokenServicePreferences>(Access::all(), set)
}

/// Tokens are valid in all regions anyway; what was set is shown by GetAccountSummary.
fn set(cx: &Cx, tx: &mut Tx, input: &sdk::SetSecurityTokenServicePreferencesRequest) -> Answer<()> {
    let version = match input.global_endpoint_token_version {
        sdk::GlobalEndpointTokenVersion::V1Token => 1,
        sdk::GlobalEndpointTokenVersion::V2Token => 2,
    };
    settings::change(cx, tx, |settings| settings.global_endpoint_token_version = Some(version))
}
