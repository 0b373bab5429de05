//! The registry as a whole: what it is, and how clients get into it.

use super::super::{
    find,
    token::{Pass, USER, VALID},
    views,
};
use api::ecr as sdk;
use base64::{Engine, engine::general_purpose::STANDARD};
use front::{Answer, Cx};
use model::{
    Key,
    ecr::{TokenKey, TokenKeySpec},
};
use spine::{Read, Tx};

pub fn authorize(cx: &Cx, tx: &mut Tx, input: &sdk::GetAuthorizationTokenRequest) -> Answer<sdk::GetAuthorizationTokenResponse> {
    for id in input.registry_ids.iter().flatten() {
        find::own_registry(cx, &Some(id.clone()))?;
    }
    let expires_at = cx.now + VALID;
    let pass = Pass { account: cx.account.clone(), region: cx.region.clone(), expires_at };
    let password = pass.seal(&secret(cx, tx)?);
    let data = sdk::AuthorizationData {
        authorization_token: Some(STANDARD.encode(format!("{USER}:{password}"))),
        expires_at: Some(views::time(expires_at)),
        proxy_endpoint: Some(format!("http://{}", cx.endpoint)),
    };
    Ok(sdk::GetAuthorizationTokenResponse { authorization_data: Some(vec![data]) })
}

/// What signs passwords; made when the first one is.
pub fn secret(cx: &Cx, tx: &mut Tx) -> Answer<String> {
    let key = Key::<TokenKey>::current();
    if let Some(spec) = tx.spec(&key)? {
        return Ok(spec.secret.clone());
    }
    let secret = cx.env.hex(64);
    tx.create(&key, &TokenKeySpec { secret: secret.clone() })?;
    Ok(secret)
}

pub fn describe(cx: &Cx, _: &mut Tx, _: &sdk::DescribeRegistryRequest) -> Answer<sdk::DescribeRegistryResponse> {
    Ok(sdk::DescribeRegistryResponse {
        registry_id: Some(cx.account.to_string()),
        replication_configuration: Some(sdk::ReplicationConfiguration { rules: Vec::new() }),
    })
}
