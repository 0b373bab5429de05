//! Who somebody is: the caller, the owner of a key, whoever was denied something.

use super::super::errors;
use api::sts as sdk;
use front::{Answer, Cx, encoded};
use model::{
    Key,
    iam::{AccessKey, SealingKey},
};
use spine::{Read, Tx};

/// Needs no permission: whoever has credentials may know whose they are.
pub fn identity(cx: &Cx, _: &mut Tx, _: &sdk::GetCallerIdentityRequest) -> Answer<sdk::GetCallerIdentityResponse> {
    Ok(sdk::GetCallerIdentityResponse {
        user_id: Some(cx.principal.id(&cx.account)),
        account: Some(cx.account.to_string()),
        arn: Some(cx.principal.arn(&cx.account).to_string()),
    })
}

/// Whose a key is, in whatever account, and whether or not it is good for anything.
pub fn key_info(cx: &Cx, tx: &mut Tx, input: &sdk::GetAccessKeyInfoRequest) -> Answer<sdk::GetAccessKeyInfoResponse> {
    not_of_a_user_session(cx, "GetAccessKeyInfo")?;
    let key = tx.spec(&Key::<AccessKey>::of_id(&input.access_key_id))?;
    let key = key.ok_or_else(|| errors::no_key(&input.access_key_id))?;
    Ok(sdk::GetAccessKeyInfoResponse { account: Some(key.account.to_string()) })
}

/// What stands in a message that came with a denial in this account.
pub fn decode(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::DecodeAuthorizationMessageRequest,
) -> Answer<sdk::DecodeAuthorizationMessageResponse> {
    not_of_a_user_session(cx, "DecodeAuthorizationMessage")?;
    let key = tx.spec(&Key::<SealingKey>::of_the_cloud())?;
    let decoded = key.and_then(|key| encoded::open(&key, &cx.account, &input.encoded_message));
    Ok(sdk::DecodeAuthorizationMessageResponse { decoded_message: Some(decoded.ok_or_else(errors::invalid_message)?) })
}

/// Refuses the sessions of users, which may do little here without a device (AWS STS API reference, `GetSessionToken`, "Permissions").
fn not_of_a_user_session(cx: &Cx, operation: &str) -> Answer<()> {
    if cx.is_session_of_user() { Err(errors::session_credentials(operation)) } else { Ok(()) }
}
