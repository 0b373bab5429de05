//! Finding an API and what belongs to it.

use super::{
    errors,
    page::{Page, page},
};
use front::{Answer, Cx, records::key};
use model::{
    Key, Record,
    apigatewayv2::{HttpApi, HttpApiSpec},
};
use spine::{Read, Scope};
use std::sync::Arc;

/// The key and the spec of an API of the caller's.
pub fn api(cx: &Cx, read: &impl Read, id: &str) -> Answer<(Key<HttpApi>, Arc<HttpApiSpec>)> {
    let key = key::<HttpApi>(cx, id);
    let spec = read.spec(&key)?.ok_or_else(|| errors::no_api(cx, id))?;
    Ok((key, spec))
}

/// Something that belongs to an API; `what` is what errors call it.
pub fn child<R: Record>(cx: &Cx, read: &impl Read, (api_id, id): (&str, &str), what: &str) -> Answer<(Key<R>, Arc<R::Spec>)> {
    let (api, _) = api(cx, read, api_id)?;
    let key = api.child::<R>(id);
    let spec = read.spec(&key)?.ok_or_else(|| errors::none(what, id))?;
    Ok((key, spec))
}

/// All of a kind that belong to an API, by their ids.
pub fn children<R: Record>(read: &impl Read, api: &Key<HttpApi>) -> Answer<Vec<(String, Arc<R::Spec>)>> {
    let prefix = format!("{}/", api.id);
    let found = read.specs::<R>(Scope::Prefix(&api.account, &api.region, &prefix))?;
    Ok(found.into_iter().map(|(key, spec)| (key.id[prefix.len()..].to_owned(), spec)).collect())
}

/// A page of what an API has of a kind.
pub fn listed<R: Record>(
    cx: &Cx,
    read: &impl Read,
    api: &str,
    max: Option<&str>,
    token: Option<&str>,
) -> Answer<Page<Arc<R::Spec>>> {
    let (api, _) = self::api(cx, read, api)?;
    page(children::<R>(read, &api)?, max, token)
}

/// A random id in the alphabet of API Gateway's.
pub fn fresh_id(cx: &Cx, length: usize) -> String {
    cx.env.pick(b"abcdefghijklmnopqrstuvwxyz0123456789", length)
}
