//! Layers.

use super::{
    functions::room_for_code,
    permissions::{append, take},
};
use crate::lambda::{
    Lambda,
    code::{self, Origin},
    errors, names,
    page::{Asked, by_number, page},
    views,
};
use api::lambda as sdk;
use front::{Answer, Cx};
use model::{
    Arn, Key,
    lambda::{Archive, Layer, LayerSpec, LayerVersion, LayerVersionSpec},
};
use serde_json::json;
use spine::{Read, Scope, Tx};
use std::{collections::BTreeMap, sync::Arc};

/// `PublishLayerVersion`.
pub async fn publish(
    cx: Cx,
    lambda: Arc<Lambda>,
    input: sdk::PublishLayerVersionRequest,
) -> Answer<sdk::PublishLayerVersionResponse> {
    let layer = names::parse_layer(&cx, &input.layer_name)?;
    if layer.account != cx.account {
        return Err(errors::invalid("Layers can be published in the account of the caller only."));
    }
    let content = &input.content;
    if content.s3_object_storage_mode.is_some() {
        return Err(errors::not_built("Content.S3ObjectStorageMode"));
    }
    let origin = Origin {
        zip: content.zip_file.as_ref(),
        bucket: content.s3_bucket.as_deref(),
        key: content.s3_key.as_deref(),
        version: content.s3_object_version.as_deref(),
    };
    let _kept = lambda.code.keep().await;
    let archive = code::taken(&cx, &lambda, origin, "PublishLayerVersion").await?;
    let made = lambda.store.transact(|tx| made(&cx, tx, &layer, &input, archive.clone())).await?;
    let (key, spec) = made;
    let sdk::GetLayerVersionResponse {
        content,
        layer_arn,
        layer_version_arn,
        description,
        created_date,
        version,
        compatible_architectures,
        compatible_runtimes,
        license_info,
    } = whole(&cx, &lambda, &key, &spec).await?;
    Ok(sdk::PublishLayerVersionResponse {
        content,
        layer_arn,
        layer_version_arn,
        description,
        created_date,
        version,
        compatible_architectures,
        compatible_runtimes,
        license_info,
    })
}

fn made(
    cx: &Cx,
    tx: &mut Tx,
    layer: &Key<Layer>,
    input: &sdk::PublishLayerVersionRequest,
    archive: Archive,
) -> Answer<(Key<LayerVersion>, LayerVersionSpec)> {
    let last = tx.spec(layer)?.map_or(0, |spec| spec.last_version);
    let runtimes = input.compatible_runtimes.iter().flatten().map(|runtime| runtime.as_str().to_owned());
    let architectures = input.compatible_architectures.iter().flatten().copied().map(views::read_architecture);
    let spec = LayerVersionSpec {
        created: cx.now,
        description: input.description.clone().unwrap_or_default(),
        license: input.license_info.clone(),
        archive,
        runtimes: runtimes.collect(),
        architectures: architectures.collect(),
    };
    let key = layer.version(last + 1);
    tx.set_spec(layer, &LayerSpec { last_version: last + 1 })?;
    tx.create(&key, &spec)?;
    room_for_code(tx, &layer.account, &layer.region)?;
    Ok((key, spec))
}

/// A version with what it holds.
async fn whole(
    cx: &Cx,
    lambda: &Lambda,
    key: &Key<LayerVersion>,
    spec: &LayerVersionSpec,
) -> Answer<sdk::GetLayerVersionResponse> {
    let archive = &spec.archive;
    let content = sdk::LayerVersionContentOutput {
        location: Some(code::location(cx, &lambda.store, &archive.sha256).await?),
        code_sha256: Some(views::base64_of(&archive.sha256)),
        code_size: Some(views::size(archive)),
        ..Default::default()
    };
    let item = item(key, spec);
    Ok(sdk::GetLayerVersionResponse {
        content: Some(content),
        layer_arn: Some(key.layer().arn().to_string()),
        layer_version_arn: item.layer_version_arn,
        description: item.description,
        created_date: item.created_date,
        version: item.version,
        compatible_architectures: item.compatible_architectures,
        compatible_runtimes: item.compatible_runtimes,
        license_info: item.license_info,
    })
}

/// A version in a list.
fn item(key: &Key<LayerVersion>, spec: &LayerVersionSpec) -> sdk::LayerVersionsListItem {
    let runtimes: Vec<_> = spec.runtimes.iter().filter_map(|runtime| sdk::Runtime::parse(runtime)).collect();
    let architectures: Vec<_> = spec.architectures.iter().copied().map(views::architecture).collect();
    sdk::LayerVersionsListItem {
        layer_version_arn: Some(key.arn().to_string()),
        version: i64::try_from(key.number()).ok(),
        description: Some(spec.description.clone()),
        created_date: Some(views::moment(spec.created)),
        compatible_runtimes: Some(runtimes).filter(|list| !list.is_empty()),
        license_info: spec.license.clone(),
        compatible_architectures: Some(architectures).filter(|list| !list.is_empty()),
    }
}

/// `GetLayerVersion`.
pub async fn get(cx: Cx, lambda: Arc<Lambda>, input: sdk::GetLayerVersionRequest) -> Answer<sdk::GetLayerVersionResponse> {
    let layer = names::parse_layer(&cx, &input.layer_name)?;
    shown(&cx, &lambda, &version(&layer, input.version_number)).await
}

/// `GetLayerVersionByArn`.
pub async fn get_by_arn(
    cx: Cx,
    lambda: Arc<Lambda>,
    input: sdk::GetLayerVersionByArnRequest,
) -> Answer<sdk::GetLayerVersionResponse> {
    let key = input.arn.parse::<Arn>().ok().as_ref().and_then(Key::<LayerVersion>::of_arn);
    let key = key.filter(|key| key.region == cx.region).ok_or_else(errors::nothing)?;
    shown(&cx, &lambda, &key).await
}

async fn shown(cx: &Cx, lambda: &Lambda, key: &Key<LayerVersion>) -> Answer<sdk::GetLayerVersionResponse> {
    let spec = lambda.store.snapshot().spec(key)?.ok_or_else(errors::nothing)?;
    whole(cx, lambda, key, &spec).await
}

/// A version that there can't be has the number 0.
fn version(layer: &Key<Layer>, number: i64) -> Key<LayerVersion> {
    layer.version(u64::try_from(number).unwrap_or_default())
}

/// `DeleteLayerVersion`. One that isn't there is no error.
pub fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteLayerVersionRequest) -> Answer<()> {
    let key = version(&names::parse_layer(cx, &input.layer_name)?, input.version_number);
    tx.delete(&key.policy())?;
    Ok(tx.delete(&key)?)
}

/// What a caller wants of a list: layers for a runtime, for an architecture.
#[derive(Clone, Copy)]
struct Wanted {
    runtime: Option<sdk::Runtime>,
    architecture: Option<sdk::Architecture>,
}

impl Wanted {
    /// A layer that says nothing of itself is for none in particular, and isn't found by either.
    fn is(self, spec: &LayerVersionSpec) -> bool {
        let runtime = self.runtime.is_none_or(|wanted| spec.runtimes.iter().any(|runtime| runtime == wanted.as_str()));
        let wanted = self.architecture.map(views::read_architecture);
        runtime && wanted.is_none_or(|wanted| spec.architectures.contains(&wanted))
    }
}

/// `ListLayerVersions`.
pub fn list_versions(cx: &Cx, tx: &mut Tx, input: &sdk::ListLayerVersionsRequest) -> Answer<sdk::ListLayerVersionsResponse> {
    let layer = names::parse_layer(cx, &input.layer_name)?;
    let wanted = Wanted { runtime: input.compatible_runtime, architecture: input.compatible_architecture };
    let mut versions = tx.specs::<LayerVersion>(Scope::Prefix(&layer.account, &layer.region, &layer.versions()))?;
    versions.retain(|(_, spec)| wanted.is(spec));
    // The newest first.
    let order = |key: &Key<LayerVersion>| by_number(&(u64::MAX - key.number()).to_string());
    versions.sort_by_cached_key(|(key, _)| order(key));
    let asked = Asked { most: input.max_items, marker: input.marker.as_deref() };
    let (page, next_marker) = page(versions, &asked, |(key, _)| order(key))?;
    let layer_versions = page.iter().map(|(key, spec)| item(key, spec)).collect();
    Ok(sdk::ListLayerVersionsResponse { layer_versions: Some(layer_versions), next_marker })
}

/// `ListLayers`: each with the newest of its versions that are wanted.
pub fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListLayersRequest) -> Answer<sdk::ListLayersResponse> {
    let wanted = Wanted { runtime: input.compatible_runtime, architecture: input.compatible_architecture };
    let mut newest = BTreeMap::new();
    for (key, spec) in tx.specs::<LayerVersion>(Scope::Region(&cx.account, &cx.region))? {
        let known = newest.get(&key.layer()).map_or(0, |(known, _): &(Key<LayerVersion>, _)| known.number());
        if wanted.is(&spec) && key.number() > known {
            newest.insert(key.layer(), (key, spec));
        }
    }
    let asked = Asked { most: input.max_items, marker: input.marker.as_deref() };
    let (page, next_marker) = page(newest.into_iter().collect(), &asked, |(layer, _)| layer.id.clone())?;
    let layers = page.iter().map(|(layer, (key, spec))| sdk::LayersListItem {
        layer_name: Some(layer.id.clone()),
        layer_arn: Some(layer.arn().to_string()),
        latest_matching_version: Some(item(key, spec)),
    });
    Ok(sdk::ListLayersResponse { layers: Some(layers.collect()), next_marker })
}

/// `AddLayerVersionPermission`.
pub fn add_permission(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::AddLayerVersionPermissionRequest,
) -> Answer<sdk::AddLayerVersionPermissionResponse> {
    let key = existing(cx, tx, &input.layer_name, input.version_number)?;
    let mut statement = json!({
        "Sid": input.statement_id,
        "Effect": "Allow",
        "Principal": super::permissions::principal(cx, &input.principal)?,
        "Action": input.action,
        "Resource": key.arn().to_string(),
    });
    if let Some(organization) = &input.organization_id {
        statement["Condition"] = json!({"StringEquals": {"aws:PrincipalOrgID": organization}});
    }
    let revision = append(cx, tx, &key.policy(), input.revision_id.as_ref(), &statement)?;
    Ok(sdk::AddLayerVersionPermissionResponse { statement: Some(statement.to_string()), revision_id: Some(revision) })
}

/// `RemoveLayerVersionPermission`.
pub fn remove_permission(cx: &Cx, tx: &mut Tx, input: &sdk::RemoveLayerVersionPermissionRequest) -> Answer<()> {
    let key = existing(cx, tx, &input.layer_name, input.version_number)?;
    take(cx, tx, &key.policy(), input.revision_id.as_ref(), &input.statement_id)
}

/// `GetLayerVersionPolicy`.
pub fn policy(cx: &Cx, tx: &mut Tx, input: &sdk::GetLayerVersionPolicyRequest) -> Answer<sdk::GetLayerVersionPolicyResponse> {
    let key = existing(cx, tx, &input.layer_name, input.version_number)?;
    let policy = tx.spec(&key.policy())?.ok_or_else(errors::no_policy)?;
    Ok(sdk::GetLayerVersionPolicyResponse { policy: Some(policy.document()), revision_id: Some(policy.revision.clone()) })
}

fn existing(cx: &Cx, read: &impl Read, name: &str, number: i64) -> Answer<Key<LayerVersion>> {
    let layer = names::parse_layer(cx, name)?;
    let key = version(&layer, number);
    if read.exists(&key)? { Ok(key) } else { Err(errors::no_layer(format_args!("{}:{number}", layer.arn()))) }
}
