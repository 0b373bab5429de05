//! The registry as a whole: what it is, and how clients get into it.

use super::super::{
    find,
    token::{Opens, Pass, USER, VALID},
    views,
};
use api::ecr as sdk;
use base64::{Engine, engine::general_purpose::STANDARD};
use front::{Answer, Cx};
use model::{
    AccountId, Key,
    ecr::{TokenKey, TokenKeySpec},
};
use spine::{Read, Tx};

pub fn authorize(cx: &Cx, tx: &mut Tx, input: &sdk::GetAuthorizationTokenRequest) -> Answer<sdk::GetAuthorizationTokenResponse> {
    let secret = secret(cx, tx)?;
    let data = match input.registry_ids.as_deref() {
        None | Some([]) => vec![data(cx, cx.account.clone(), &secret)],
        Some(ids) => {
            let registries = ids.iter().map(|id| find::registry(cx, &Some(id.clone())));
            registries.map(|registry| Ok(data(cx, registry?, &secret))).collect::<Answer<_>>()?
        }
    };
    Ok(sdk::GetAuthorizationTokenResponse { authorization_data: Some(data) })
}

/// A password for the caller, as a client of that registry needs it. What it is good for there is decided when it is used.
fn data(cx: &Cx, registry: AccountId, secret: &str) -> sdk::AuthorizationData {
    let expires_at = cx.now + VALID;
    let proxy_endpoint = format!("http://{}", views::address(cx, &registry));
    let opens = cx.access_key_id().map_or_else(|| Opens::Root(cx.account.clone()), |id| Opens::Key(id.to_owned()));
    let password = Pass { registry, region: cx.region.clone(), expires_at, opens }.seal(secret);
    sdk::AuthorizationData {
        authorization_token: Some(STANDARD.encode(format!("{USER}:{password}"))),
        expires_at: Some(views::time(expires_at)),
        proxy_endpoint: Some(proxy_endpoint),
    }
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
