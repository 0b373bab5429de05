//! Security Token Service.
//!
//! Built: who the caller is. Not built: everything that makes temporary credentials.

use api::sts as sdk;
use front::{Access, Answer, Cx, Service};
use spine::Tx;

/// The service's table.
pub fn service() -> Service {
    Service::new(&sdk::SERVICE).op::<sdk::GetCallerIdentity>(Access::all(), get_caller_identity)
}

fn get_caller_identity(cx: &Cx, _: &mut Tx, _: &sdk::GetCallerIdentityRequest) -> Answer<sdk::GetCallerIdentityResponse> {
    Ok(sdk::GetCallerIdentityResponse {
        user_id: Some(cx.principal.id(&cx.account)),
        account: Some(cx.account.to_string()),
        arn: Some(cx.principal.arn(&cx.account).to_string()),
    })
}
