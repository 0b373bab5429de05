//! Tags of trails, of which there are none (see [`super::trails`]).

use super::super::errors;
use api::cloudtrail as sdk;
use front::{Answer, Cx};
use model::Arn;
use spine::Tx;

pub(in super::super) fn add(_: &Cx, _: &mut Tx, input: &sdk::AddTagsRequest) -> Answer<sdk::AddTagsResponse> {
    none(&input.resource_id)
}

pub(in super::super) fn remove(_: &Cx, _: &mut Tx, input: &sdk::RemoveTagsRequest) -> Answer<sdk::RemoveTagsResponse> {
    none(&input.resource_id)
}

pub(in super::super) fn list(_: &Cx, _: &mut Tx, input: &sdk::ListTagsRequest) -> Answer<sdk::ListTagsResponse> {
    match input.resource_id_list.first() {
        Some(resource) => none(resource),
        None => Ok(sdk::ListTagsResponse { resource_tag_list: Some(Vec::new()), next_token: None }),
    }
}

fn none<T>(resource: &str) -> Answer<T> {
    let arn: Option<Arn> = resource.parse().ok();
    match arn.filter(|arn| arn.service == "cloudtrail") {
        Some(_) => Err(errors::no_such_resource(resource)),
        None => Err(errors::invalid_arn(format!("Got invalid ARN: {resource}"))),
    }
}
