//! OpenID Connect providers: outsiders whose tokens an account's roles may trust.
//!
//! Where no thumbprint is given, AWS asks the provider's server for its certificate; nothing does here, and none is kept.

use super::super::{access, errors, keys, paging::asked, tags};
use crate::iam::views;
use api::iam as sdk;
use front::{Access, Answer, Cx, Service};
use model::{
    Arn, Key, Region,
    iam::{OidcProvider, OidcProviderSpec, global_arn},
};
use spine::{Read, Scope, Tx};
use std::{collections::BTreeSet, sync::Arc};

/// How many audiences and how many thumbprints a provider may have (IAM user guide, "IAM and AWS STS quotas"; IAM API reference,
/// `CreateOpenIDConnectProvider`).
const MOST_CLIENTS: usize = 100;
const MOST_THUMBPRINTS: usize = 5;

pub fn rows(service: Service) -> Service {
    service
        .op::<sdk::CreateOpenIDConnectProvider>(
            Access::on(|cx, i: &sdk::CreateOpenIDConnectProviderRequest| named(cx, &i.url))
                .tagging("iam:TagOpenIDConnectProvider", |cx, i| keys::tagging(named(cx, &i.url), &i.tags)),
            create,
        )
        .op::<sdk::GetOpenIDConnectProvider>(Access::on(|_, i| access::arn(&i.open_id_connect_provider_arn)), get)
        .op::<sdk::ListOpenIDConnectProviders>(Access::on(|cx, _| named(cx, "*")), list)
        .op::<sdk::DeleteOpenIDConnectProvider>(Access::on(|_, i| access::arn(&i.open_id_connect_provider_arn)), delete)
        .op::<sdk::AddClientIDToOpenIDConnectProvider>(
            Access::on(|_, i| access::arn(&i.open_id_connect_provider_arn)),
            add_client,
        )
        .op::<sdk::RemoveClientIDFromOpenIDConnectProvider>(
            Access::on(|_, i| access::arn(&i.open_id_connect_provider_arn)),
            remove_client,
        )
        .op::<sdk::UpdateOpenIDConnectProviderThumbprint>(
            Access::on(|_, i| access::arn(&i.open_id_connect_provider_arn)),
            update_thumbprints,
        )
        .op::<sdk::TagOpenIDConnectProvider>(
            Access::on(|_, i: &sdk::TagOpenIDConnectProviderRequest| access::arn(&i.open_id_connect_provider_arn))
                .keys(|_, i| keys::tags(&i.tags)),
            tag,
        )
        .op::<sdk::UntagOpenIDConnectProvider>(
            Access::on(|_, i: &sdk::UntagOpenIDConnectProviderRequest| access::arn(&i.open_id_connect_provider_arn))
                .keys(|_, i| keys::tag_keys(&i.tag_keys)),
            untag,
        )
        .op::<sdk::ListOpenIDConnectProviderTags>(Access::on(|_, i| access::arn(&i.open_id_connect_provider_arn)), list_tags)
}

fn named(cx: &Cx, url: &str) -> Vec<Arn> {
    vec![global_arn("iam", &cx.account, format!("oidc-provider/{}", bare(url).unwrap_or(url)))]
}

/// The URL without its scheme, which has to be `https`.
fn bare(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let plain = !rest.is_empty() && !rest.starts_with('/') && !rest.contains(['?', '#', '@', ' ', '*']);
    (scheme.eq_ignore_ascii_case("https") && plain).then_some(rest)
}

fn create(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::CreateOpenIDConnectProviderRequest,
) -> Answer<sdk::CreateOpenIDConnectProviderResponse> {
    let url = bare(&input.url).ok_or_else(|| errors::validation("Invalid Open ID Connect Provider URL"))?;
    let key = Key::<OidcProvider>::at(&cx.account, url);
    if tx.exists(&key)? {
        return Err(errors::already_exists(format!("Provider with url {} already exists.", input.url)));
    }
    let spec = OidcProviderSpec {
        url: url.to_owned(),
        client_ids: clients(input.client_id_list.iter().flatten().cloned().collect())?,
        thumbprints: thumbprints(input.thumbprint_list.as_deref().unwrap_or_default())?,
        tags: tags::new(&input.tags)?,
        created_at: cx.now,
    };
    tx.create(&key, &spec)?;
    Ok(sdk::CreateOpenIDConnectProviderResponse {
        open_id_connect_provider_arn: Some(key.arn().to_string()),
        tags: tags::shown(&spec.tags),
    })
}

fn get(cx: &Cx, tx: &mut Tx, input: &sdk::GetOpenIDConnectProviderRequest) -> Answer<sdk::GetOpenIDConnectProviderResponse> {
    let (_, spec) = find(cx, tx, &input.open_id_connect_provider_arn)?;
    Ok(sdk::GetOpenIDConnectProviderResponse {
        url: Some(spec.url.clone()),
        client_id_list: Some(spec.client_ids.iter().cloned().collect()),
        thumbprint_list: Some(spec.thumbprints.clone()),
        create_date: Some(views::time(spec.created_at)),
        tags: tags::shown(&spec.tags),
    })
}

fn list(cx: &Cx, tx: &mut Tx, _: &sdk::ListOpenIDConnectProvidersRequest) -> Answer<sdk::ListOpenIDConnectProvidersResponse> {
    let found = tx.specs::<OidcProvider>(Scope::Region(&cx.account, &Region::global()))?;
    let shown = found.iter().map(|(key, _)| sdk::OpenIDConnectProviderListEntry { arn: Some(key.arn().to_string()) });
    Ok(sdk::ListOpenIDConnectProvidersResponse { open_id_connect_provider_list: Some(shown.collect()) })
}

/// It is no error if there is none (IAM API reference, `DeleteOpenIDConnectProvider`).
fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteOpenIDConnectProviderRequest) -> Answer<()> {
    Ok(tx.delete(&key(cx, &input.open_id_connect_provider_arn)?)?)
}

fn add_client(cx: &Cx, tx: &mut Tx, input: &sdk::AddClientIDToOpenIDConnectProviderRequest) -> Answer<()> {
    let (key, spec) = find(cx, tx, &input.open_id_connect_provider_arn)?;
    let wanted = clients(spec.client_ids.iter().chain([&input.client_id]).cloned().collect())?;
    Ok(tx.update_spec(&key, |spec| spec.client_ids = wanted)?)
}

fn remove_client(cx: &Cx, tx: &mut Tx, input: &sdk::RemoveClientIDFromOpenIDConnectProviderRequest) -> Answer<()> {
    let (key, _) = find(cx, tx, &input.open_id_connect_provider_arn)?;
    Ok(tx.update_spec(&key, |spec| {
        spec.client_ids.remove(&input.client_id);
    })?)
}

fn update_thumbprints(cx: &Cx, tx: &mut Tx, input: &sdk::UpdateOpenIDConnectProviderThumbprintRequest) -> Answer<()> {
    let (key, _) = find(cx, tx, &input.open_id_connect_provider_arn)?;
    let wanted = thumbprints(&input.thumbprint_list)?;
    Ok(tx.update_spec(&key, |spec| spec.thumbprints = wanted)?)
}

fn tag(cx: &Cx, tx: &mut Tx, input: &sdk::TagOpenIDConnectProviderRequest) -> Answer<()> {
    let (key, spec) = find(cx, tx, &input.open_id_connect_provider_arn)?;
    let tags = tags::merge(&spec.tags, &input.tags)?;
    Ok(tx.update_spec(&key, |spec| spec.tags = tags)?)
}

fn untag(cx: &Cx, tx: &mut Tx, input: &sdk::UntagOpenIDConnectProviderRequest) -> Answer<()> {
    let (key, _) = find(cx, tx, &input.open_id_connect_provider_arn)?;
    Ok(tx.update_spec(&key, |spec| tags::remove(&mut spec.tags, &input.tag_keys))?)
}

fn list_tags(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::ListOpenIDConnectProviderTagsRequest,
) -> Answer<sdk::ListOpenIDConnectProviderTagsResponse> {
    let (_, spec) = find(cx, tx, &input.open_id_connect_provider_arn)?;
    let page = tags::paged(&spec.tags, asked(&input.marker, input.max_items))?;
    Ok(sdk::ListOpenIDConnectProviderTagsResponse { tags: page.shown, is_truncated: page.is_truncated, marker: page.marker })
}

fn find(cx: &Cx, store: &impl Read, arn: &str) -> Answer<(Key<OidcProvider>, Arc<OidcProviderSpec>)> {
    let key = key(cx, arn)?;
    let missing = || errors::no_such_entity(format!("OpenIDConnect Provider not found for arn {arn}"));
    let spec = store.spec(&key)?.filter(|_| key.arn().to_string() == arn).ok_or_else(missing)?;
    Ok((key, spec))
}

fn key(cx: &Cx, arn: &str) -> Answer<Key<OidcProvider>> {
    let parsed: Arn = arn.parse().map_err(|_| errors::invalid_arn(arn))?;
    let url = parsed.resource_id("iam", "oidc-provider").ok_or_else(|| errors::invalid_arn(arn))?;
    Ok(Key::<OidcProvider>::at(&cx.account, url))
}

fn clients(ids: BTreeSet<String>) -> Answer<BTreeSet<String>> {
    if ids.len() > MOST_CLIENTS {
        return Err(errors::quota("ClientIdsPerOpenIdConnectProvider", MOST_CLIENTS));
    }
    Ok(ids)
}

fn thumbprints(given: &[String]) -> Answer<Vec<String>> {
    if given.len() > MOST_THUMBPRINTS {
        return Err(errors::invalid_input("Thumbprint list must contain fewer than 5 entries."));
    }
    match given.iter().find(|print| !print.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        Some(bad) => Err(errors::invalid_input(format!("Thumbprint {bad} is not made of hexadecimal digits."))),
        None => Ok(given.to_vec()),
    }
}
