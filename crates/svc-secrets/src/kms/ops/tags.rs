//! Tags of keys.

use super::super::{errors, page, views};
use super::{own, own_alive};
use api::kms as sdk;
use front::{Answer, Cx};
use model::kms::Tags;
use page::{Asked, page};
use spine::Tx;
use std::collections::BTreeSet;

const MOST: usize = 50;

/// `TagResource`.
pub fn tag(cx: &Cx, tx: &mut Tx, input: &sdk::TagResourceRequest) -> Answer<()> {
    let found = own_alive(cx, tx, &input.key_id)?;
    let tags = added(&found.spec.tags, &input.tags)?;
    Ok(tx.update_spec(&found.key, |spec| spec.tags = tags)?)
}

/// `UntagResource`.
pub fn untag(cx: &Cx, tx: &mut Tx, input: &sdk::UntagResourceRequest) -> Answer<()> {
    let found = own_alive(cx, tx, &input.key_id)?;
    Ok(tx.update_spec(&found.key, |spec| spec.tags.retain(|key, _| !input.tag_keys.contains(key)))?)
}

/// `ListResourceTags`.
pub fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListResourceTagsRequest) -> Answer<sdk::ListResourceTagsResponse> {
    let found = own(cx, tx, &input.key_id)?;
    let asked = Asked { limit: input.limit, marker: input.marker.as_deref(), default: 50 };
    let page = page(views::tags(&found.spec.tags), |tag| &tag.tag_key, &asked)?;
    Ok(sdk::ListResourceTagsResponse { tags: Some(page.things), next_marker: page.next_marker, truncated: page.truncated })
}

/// The tags of a key that gets more of them.
pub(super) fn added(tags: &Tags, more: &[sdk::Tag]) -> Answer<Tags> {
    let names: BTreeSet<&String> = more.iter().map(|tag| &tag.tag_key).collect();
    if names.len() != more.len() {
        return Err(errors::duplicate_tag());
    }
    if names.iter().any(|name| name.to_ascii_lowercase().starts_with("aws:")) {
        return Err(errors::reserved_tag());
    }
    let mut all = tags.clone();
    all.extend(more.iter().map(|tag| (tag.tag_key.clone(), tag.tag_value.clone())));
    if all.len() > MOST { Err(errors::too_many_tags()) } else { Ok(all) }
}
