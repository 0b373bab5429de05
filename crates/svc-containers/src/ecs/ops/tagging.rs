//! Tags of clusters, services, tasks and task definitions.

use crate::ecs::{errors::invalid, tagged::Tagged, tags};
use api::ecs as aws;
use front::{Answer, Cx};
use spine::Tx;

/// `TagResource`.
pub fn tag(cx: &Cx, tx: &mut Tx, input: &aws::TagResourceRequest) -> Answer<aws::TagResourceResponse> {
    let new = tags::parse(&Some(input.tags.clone()))?;
    Tagged::find(cx, &input.resource_arn)?.change(tx, |tags| tags.extend(new))?;
    Ok(aws::TagResourceResponse::default())
}

/// `UntagResource`.
pub fn untag(cx: &Cx, tx: &mut Tx, input: &aws::UntagResourceRequest) -> Answer<aws::UntagResourceResponse> {
    Tagged::find(cx, &input.resource_arn)?.change(tx, |tags| tags.retain(|key, _| !input.tag_keys.contains(key)))?;
    Ok(aws::UntagResourceResponse::default())
}

/// `ListTagsForResource`.
pub fn list(cx: &Cx, tx: &mut Tx, input: &aws::ListTagsForResourceRequest) -> Answer<aws::ListTagsForResourceResponse> {
    let tags = Tagged::find(cx, &input.resource_arn)?.tags(tx)?;
    let tags = tags.ok_or_else(|| invalid("The specified resource wasn't found."))?;
    Ok(aws::ListTagsForResourceResponse { tags: Some(tags::show(&tags)) })
}
