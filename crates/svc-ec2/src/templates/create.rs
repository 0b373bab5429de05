//! New templates and new versions.

use super::{
    errors::{malformed, taken},
    load::{self, Template, version_id},
    merge, views,
};
use crate::{
    errors::dry_run,
    records::{all, key},
    resource::Resource,
    tags,
};
use api::ec2::{
    CreateLaunchTemplateRequest, CreateLaunchTemplateResult, CreateLaunchTemplateVersionRequest,
    CreateLaunchTemplateVersionResult, RequestLaunchTemplateData,
};
use front::{Answer, Cx};
use model::ec2::{LaunchTemplate, LaunchTemplateSpec, LaunchTemplateVersion, LaunchTemplateVersionSpec};
use spine::Tx;
use std::sync::Arc;
use wire::{Fault, IntoValue, stored};

/// `CreateLaunchTemplate`. Under a token that was used, the template that was made with it.
pub fn template(cx: &Cx, tx: &mut Tx, input: &CreateLaunchTemplateRequest) -> Answer<CreateLaunchTemplateResult> {
    dry_run(input.dry_run)?;
    refuse(input.operator.is_some(), "Operator")?;
    let name = &input.launch_template_name;
    check_name(name)?;
    let there = all::<LaunchTemplate>(cx, tx)?;
    let repeated = |spec: &LaunchTemplateSpec| input.client_token.is_some() && spec.client_token == input.client_token;
    if let Some((id, spec)) = there.iter().find(|(_, spec)| repeated(spec) && spec.name == *name) {
        return Ok(answer(&Template { id: id.clone(), spec: spec.clone() }));
    }
    if there.iter().any(|(_, spec)| spec.name == *name) {
        return Err(taken(name));
    }
    let spec = LaunchTemplateSpec {
        name: name.clone(),
        created_at: cx.now,
        created_by: creator(cx),
        default_version: 1,
        latest_version: 1,
        client_token: input.client_token.clone(),
        tags: tags::on_create(input.tag_specifications.as_deref(), Resource::LAUNCH_TEMPLATE)?,
    };
    let id = format!("lt-{}", cx.env.hex(17));
    tx.create(&key::<LaunchTemplate>(cx, &id), &spec)?;
    let first = version_of(cx, input.version_description.clone(), kept(&input.launch_template_data));
    tx.create(&key::<LaunchTemplateVersion>(cx, version_id(&id, 1)), &first)?;
    Ok(answer(&Template { id, spec: Arc::new(spec) }))
}

fn answer(template: &Template) -> CreateLaunchTemplateResult {
    CreateLaunchTemplateResult { launch_template: Some(views::template(template)), warning: None }
}

/// `CreateLaunchTemplateVersion`: what is given, over the source version where there is one.
pub fn version(cx: &Cx, tx: &mut Tx, input: &CreateLaunchTemplateVersionRequest) -> Answer<CreateLaunchTemplateVersionResult> {
    dry_run(input.dry_run)?;
    refuse(input.resolve_alias == Some(true), "ResolveAlias")?;
    refuse(input.client_token.is_some(), "ClientToken")?;
    let found = load::template(cx, tx, input.launch_template_id.as_deref(), input.launch_template_name.as_deref())?;
    let given = kept(&input.launch_template_data);
    let data = match &input.source_version {
        None => given,
        Some(named) => {
            let (_, source) = load::version(cx, tx, &found, named)?;
            stored::to_text(&merge::over(stored::from_text(&source.data)?, stored::from_text(&given)?))
        }
    };
    let number = found.spec.latest_version + 1;
    let made = version_of(cx, input.version_description.clone(), data);
    tx.create(&key::<LaunchTemplateVersion>(cx, version_id(&found.id, number)), &made)?;
    tx.update_spec(&key::<LaunchTemplate>(cx, &found.id), |spec| spec.latest_version = number)?;
    let shown = views::version(&found, &(number, Arc::new(made)))?;
    Ok(CreateLaunchTemplateVersionResult { launch_template_version: Some(shown), warning: None })
}

fn kept(data: &RequestLaunchTemplateData) -> String {
    stored::to_text(&data.clone().into_value())
}

fn version_of(cx: &Cx, description: Option<String>, data: String) -> LaunchTemplateVersionSpec {
    LaunchTemplateVersionSpec { description, created_at: cx.now, created_by: creator(cx), data }
}

fn creator(cx: &Cx) -> String {
    cx.principal.arn(&cx.account).to_string()
}

fn check_name(name: &str) -> Answer<()> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-().,/_".contains(&byte);
    let valid = (3..=128).contains(&name.len()) && name.bytes().all(allowed);
    valid.then_some(()).ok_or_else(|| malformed(name))
}

fn refuse(given: bool, name: &str) -> Answer<()> {
    if given { Err(Fault::not_implemented(format!("The parameter {name}"))) } else { Ok(()) }
}
