//! Repositories.

use super::super::{
    errors, find, mutability,
    page::{self, Asked, page},
    views,
};
use super::tags;
use api::ecr as sdk;
use front::{Answer, Cx};
use model::ecr::{Image, ImageTag, Layer, Repository, RepositorySpec, Upload};
use spine::{Read, Scope, Tx};
use wire::Fault;

pub fn create(cx: &Cx, tx: &mut Tx, input: &sdk::CreateRepositoryRequest) -> Answer<sdk::CreateRepositoryResponse> {
    refuse_scanning(input.image_scanning_configuration.as_ref())?;
    refuse_encryption(input.encryption_configuration.as_ref())?;
    let key = find::key(cx, &input.registry_id, &input.repository_name)?;
    if tx.exists(&key)? {
        return Err(errors::repository_exists(&key));
    }
    let spec = RepositorySpec {
        created_at: cx.now,
        mutability: mutability::read(input.image_tag_mutability, input.image_tag_mutability_exclusion_filters.as_deref())?,
        tags: tags::merge(Default::default(), input.tags.as_deref().unwrap_or_default())?,
        policy: None,
    };
    tx.create(&key, &spec)?;
    Ok(sdk::CreateRepositoryResponse { repository: Some(views::repository(cx, &key, &spec)) })
}

pub fn describe(cx: &Cx, tx: &mut Tx, input: &sdk::DescribeRepositoriesRequest) -> Answer<sdk::DescribeRepositoriesResponse> {
    let registry = find::registry(cx, &input.registry_id)?;
    let asked = Asked { token: input.next_token.as_deref(), max: input.max_results };
    page::refuse_both(asked, input.repository_names.is_some(), "repositoryNames")?;
    let found = match &input.repository_names {
        Some(names) => names.iter().map(|name| find::repository(cx, tx, &input.registry_id, name)).collect::<Answer<_>>()?,
        None => tx.specs::<Repository>(Scope::Region(&registry, &cx.region))?,
    };
    let paged = input.repository_names.is_none();
    let (shown, next_token) = if paged { page(found, asked, |(key, _)| key.id.clone())? } else { (found, None) };
    let repositories = shown.iter().map(|(key, spec)| views::repository(cx, key, spec)).collect();
    Ok(sdk::DescribeRepositoriesResponse { repositories: Some(repositories), next_token })
}

/// The bytes of its images are freed by [`super::super::Sweeper`], where no other repository needs them.
pub fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteRepositoryRequest) -> Answer<sdk::DeleteRepositoryResponse> {
    let (key, spec) = find::repository(cx, tx, &input.registry_id, &input.repository_name)?;
    let images = tx.specs::<Image>(Scope::Prefix(&key.account, &key.region, &key.children()))?;
    if !images.is_empty() && input.force != Some(true) {
        return Err(errors::repository_not_empty(&key));
    }
    for (image, _) in images {
        tx.delete(&image)?;
    }
    for (tag, _) in tx.specs::<ImageTag>(Scope::Prefix(&key.account, &key.region, &key.tags()))? {
        tx.delete(&tag)?;
    }
    for (layer, _) in tx.specs::<Layer>(Scope::Prefix(&key.account, &key.region, &key.children()))? {
        tx.delete(&layer)?;
    }
    for (upload, _) in tx.specs::<Upload>(Scope::Prefix(&key.account, &key.region, &key.children()))? {
        tx.delete(&upload)?;
    }
    tx.delete(&key)?;
    Ok(sdk::DeleteRepositoryResponse { repository: Some(views::repository(cx, &key, &spec)) })
}

pub fn put_mutability(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::PutImageTagMutabilityRequest,
) -> Answer<sdk::PutImageTagMutabilityResponse> {
    let (key, _) = find::repository(cx, tx, &input.registry_id, &input.repository_name)?;
    let wanted = mutability::read(Some(input.image_tag_mutability), input.image_tag_mutability_exclusion_filters.as_deref())?;
    tx.update_spec(&key, |spec| spec.mutability = wanted.clone())?;
    Ok(sdk::PutImageTagMutabilityResponse {
        registry_id: Some(key.account.to_string()),
        repository_name: Some(key.id),
        image_tag_mutability: Some(mutability::setting(&wanted)),
        image_tag_mutability_exclusion_filters: mutability::filters(&wanted),
    })
}

/// Only what is so already can be set: nothing scans images yet.
pub fn put_scanning(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::PutImageScanningConfigurationRequest,
) -> Answer<sdk::PutImageScanningConfigurationResponse> {
    let (key, _) = find::repository(cx, tx, &input.registry_id, &input.repository_name)?;
    refuse_scanning(Some(&input.image_scanning_configuration))?;
    Ok(sdk::PutImageScanningConfigurationResponse {
        registry_id: Some(key.account.to_string()),
        repository_name: Some(key.id),
        image_scanning_configuration: Some(sdk::ImageScanningConfiguration { scan_on_push: Some(false) }),
    })
}

fn refuse_scanning(wanted: Option<&sdk::ImageScanningConfiguration>) -> Result<(), Fault> {
    if wanted.is_some_and(|wanted| wanted.scan_on_push == Some(true)) {
        return Err(errors::not_built("imageScanningConfiguration.scanOnPush=true"));
    }
    Ok(())
}

fn refuse_encryption(wanted: Option<&sdk::EncryptionConfiguration>) -> Result<(), Fault> {
    match wanted {
        Some(wanted) if wanted.encryption_type != sdk::EncryptionType::Aes256 => {
            Err(errors::not_built("encryptionConfiguration.encryptionType other than AES256"))
        }
        Some(wanted) if wanted.kms_key.is_some() => Err(errors::invalid(
            "Invalid parameter at 'encryptionConfiguration' failed to satisfy constraint: 'KMS key cannot be specified with AES256 encryption'",
        )),
        _ => Ok(()),
    }
}
