//! `GetTags`, `TagResource`, `UntagResource`.

use super::{
    super::{
        access::{Tagged, tagged},
        errors, load,
    },
    apis,
};
use api::apigatewayv2 as sdk;
use front::{Answer, Cx};
use model::apigatewayv2::Stage;
use spine::Tx;
use std::collections::BTreeMap;

type Tags = BTreeMap<String, String>;

pub fn get(cx: &Cx, tx: &mut Tx, input: &sdk::GetTagsRequest) -> Answer<sdk::GetTagsResponse> {
    let tags = match named(cx, &input.resource_arn)? {
        Tagged::Api(id) => load::api(cx, tx, &id)?.1.tags.clone(),
        Tagged::Stage(api, name) => load::child::<Stage>(cx, tx, (&api, &name), "stage")?.1.tags.clone(),
    };
    Ok(sdk::GetTagsResponse { tags: Some(tags) })
}

pub fn tag(cx: &Cx, tx: &mut Tx, input: &sdk::TagResourceRequest) -> Answer<sdk::TagResourceResponse> {
    let given = input.tags.clone().unwrap_or_default();
    change(cx, tx, &input.resource_arn, |tags| tags.extend(given))?;
    Ok(sdk::TagResourceResponse {})
}

pub fn untag(cx: &Cx, tx: &mut Tx, input: &sdk::UntagResourceRequest) -> Answer<()> {
    change(cx, tx, &input.resource_arn, |tags| tags.retain(|key, _| !input.tag_keys.contains(key)))
}

fn change(cx: &Cx, tx: &mut Tx, arn: &str, change: impl FnOnce(&mut Tags)) -> Answer<()> {
    match named(cx, arn)? {
        Tagged::Api(id) => {
            let (key, spec) = load::api(cx, tx, &id)?;
            let tags = changed(&spec.tags, change)?;
            tx.update_spec(&key, |spec| spec.tags = tags)?;
        }
        Tagged::Stage(api, name) => {
            let (key, spec) = load::child::<Stage>(cx, tx, (&api, &name), "stage")?;
            let tags = changed(&spec.tags, change)?;
            tx.update_spec(&key, |spec| spec.tags = tags)?;
        }
    }
    Ok(())
}

fn changed(before: &Tags, change: impl FnOnce(&mut Tags)) -> Answer<Tags> {
    let mut tags = before.clone();
    change(&mut tags);
    apis::tags(Some(tags))
}

fn named(cx: &Cx, arn: &str) -> Answer<Tagged> {
    tagged(&cx.region, arn).ok_or_else(errors::bad_arn)
}
