//! Another default version, and the end of versions and templates.

use super::{
    load::{self, Template, version_id},
    views,
};
use crate::{
    errors::{dry_run, invalid_value, missing_parameter},
    records::key,
};
use api::ec2::{
    DeleteLaunchTemplateRequest, DeleteLaunchTemplateResult, DeleteLaunchTemplateVersionsRequest,
    DeleteLaunchTemplateVersionsResponseErrorItem, DeleteLaunchTemplateVersionsResponseSuccessItem,
    DeleteLaunchTemplateVersionsResult, LaunchTemplateErrorCode, ModifyLaunchTemplateRequest, ModifyLaunchTemplateResult,
    ResponseError,
};
use front::{Answer, Cx};
use model::ec2::{LaunchTemplate, LaunchTemplateSpec, LaunchTemplateVersion};
use spine::Tx;
use std::sync::Arc;

/// `ModifyLaunchTemplate`: another default version.
pub fn modify(cx: &Cx, tx: &mut Tx, input: &ModifyLaunchTemplateRequest) -> Answer<ModifyLaunchTemplateResult> {
    dry_run(input.dry_run)?;
    let found = load::template(cx, tx, input.launch_template_id.as_deref(), input.launch_template_name.as_deref())?;
    let named = input.default_version.as_deref().ok_or_else(|| missing_parameter("DefaultVersion"))?;
    let (number, _) = load::version(cx, tx, &found, named)?;
    let spec = LaunchTemplateSpec { default_version: number, ..LaunchTemplateSpec::clone(&found.spec) };
    tx.put_spec(&key::<LaunchTemplate>(cx, &found.id), &spec)?;
    let changed = Template { id: found.id, spec: Arc::new(spec) };
    Ok(ModifyLaunchTemplateResult { launch_template: Some(views::template(&changed)) })
}

/// `DeleteLaunchTemplate`, with all its versions.
pub fn delete(cx: &Cx, tx: &mut Tx, input: &DeleteLaunchTemplateRequest) -> Answer<DeleteLaunchTemplateResult> {
    dry_run(input.dry_run)?;
    let found = load::template(cx, tx, input.launch_template_id.as_deref(), input.launch_template_name.as_deref())?;
    for (number, _) in load::versions(cx, tx, &found.id)? {
        tx.delete(&key::<LaunchTemplateVersion>(cx, version_id(&found.id, number)))?;
    }
    tx.delete(&key::<LaunchTemplate>(cx, &found.id))?;
    Ok(DeleteLaunchTemplateResult { launch_template: Some(views::template(&found)) })
}

/// At most so many versions go with one request.
const MOST: usize = 200;

/// `DeleteLaunchTemplateVersions`: each that is there; never the default one.
pub fn delete_versions(
    cx: &Cx,
    tx: &mut Tx,
    input: &DeleteLaunchTemplateVersionsRequest,
) -> Answer<DeleteLaunchTemplateVersionsResult> {
    dry_run(input.dry_run)?;
    let found = load::template(cx, tx, input.launch_template_id.as_deref(), input.launch_template_name.as_deref())?;
    if input.versions.len() > MOST {
        return Err(invalid_value(format!("At most {MOST} versions can be deleted with one request")));
    }
    let (mut gone, mut kept) = (Vec::new(), Vec::new());
    for named in &input.versions {
        match remove(cx, tx, &found, named)? {
            Ok(number) => gone.push(success(&found, number)),
            Err(error) => kept.push(failure(&found, named, error)),
        }
    }
    Ok(DeleteLaunchTemplateVersionsResult {
        successfully_deleted_launch_template_versions: Some(gone),
        unsuccessfully_deleted_launch_template_versions: Some(kept),
    })
}

fn remove(cx: &Cx, tx: &mut Tx, template: &Template, named: &str) -> Answer<Result<i64, ResponseError>> {
    let error = |code, message: String| ResponseError { code: Some(code), message: Some(message) };
    let Ok((number, _)) = load::version(cx, tx, template, named) else {
        let message = format!("Could not find launch template version {named} for the launch template with ID {}.", template.id);
        return Ok(Err(error(LaunchTemplateErrorCode::LaunchTemplateVersionDoesNotExist, message)));
    };
    if number == template.spec.default_version {
        let message = "Default version of a launch template cannot be deleted.".to_owned();
        return Ok(Err(error(LaunchTemplateErrorCode::UnexpectedError, message)));
    }
    tx.delete(&key::<LaunchTemplateVersion>(cx, version_id(&template.id, number)))?;
    Ok(Ok(number))
}

fn success(template: &Template, number: i64) -> DeleteLaunchTemplateVersionsResponseSuccessItem {
    DeleteLaunchTemplateVersionsResponseSuccessItem {
        launch_template_id: Some(template.id.clone()),
        launch_template_name: Some(template.spec.name.clone()),
        version_number: Some(number),
    }
}

fn failure(template: &Template, named: &str, error: ResponseError) -> DeleteLaunchTemplateVersionsResponseErrorItem {
    DeleteLaunchTemplateVersionsResponseErrorItem {
        launch_template_id: Some(template.id.clone()),
        launch_template_name: Some(template.spec.name.clone()),
        version_number: named.parse().ok(),
        response_error: Some(error),
    }
}
