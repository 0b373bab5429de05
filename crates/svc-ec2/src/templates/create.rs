//! New templates and new versions.

use super::{
    describe,
    errors::{malformed, taken},
    load::{self, Template, Version, version_id},
    merge, views,
};
use crate::{
    errors::{dry_run, refuse},
    records::{all, key},
    resource::Resource,
    tags,
    volumes::token,
};
use api::ec2::{
    CreateLaunchTemplateRequest, CreateLaunchTemplateResult, CreateLaunchTemplateVersionRequest,
    CreateLaunchTemplateVersionResult, RequestLaunchTemplateData,
};
use front::{Answer, Cx};
use model::ec2::{LaunchTemplate, LaunchTemplateSpec, LaunchTemplateVersion, LaunchTemplateVersionSpec, RequestToken};
use spine::Tx;
use std::sync::Arc;
use wire::{IntoValue, stored};

/// `CreateLaunchTemplate`. Under a token that was used, the template that was made with it.
pub fn template(cx: &Cx, tx: &mut Tx, input: &CreateLaunchTemplateRequest) -> Answer<CreateLaunchTemplateResult> {
    dry_run(input.dry_run)?;
    refuse(&[("Operator", input.operator.is_some())])?;
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

/// `CreateLaunchTemplateVersion`: what is given, over the source version where there is one. Under a token that was used, the version that
/// was made with it.
pub fn version(cx: &Cx, tx: &mut Tx, input: &CreateLaunchTemplateVersionRequest) -> Answer<CreateLaunchTemplateVersionResult> {
    dry_run(input.dry_run)?;
    let asked = CreateLaunchTemplateVersionRequest { dry_run: None, ..input.clone() };
    let client_token = token::read(input.client_token.as_deref(), &asked)?;
    let found = load::template(cx, tx, input.launch_template_id.as_deref(), input.launch_template_name.as_deref())?;
    if let Some(made) = repeated(cx, tx, &found, client_token.as_ref())? {
        return shown(cx, tx, &found, &made, input.resolve_alias);
    }
    let given = kept(&input.launch_template_data);
    let data = match &input.source_version {
        None => given,
        Some(named) => {
            let (_, source) = load::version(cx, tx, &found, named)?;
            stored::to_text(&merge::over(stored::from_text(&source.data)?, stored::from_text(&given)?))
        }
    };
    let number = found.spec.latest_version + 1;
    let made = LaunchTemplateVersionSpec { client_token, ..version_of(cx, input.version_description.clone(), data) };
    tx.create(&key::<LaunchTemplateVersion>(cx, version_id(&found.id, number)), &made)?;
    tx.update_spec(&key::<LaunchTemplate>(cx, &found.id), |spec| spec.latest_version = number)?;
    shown(cx, tx, &found, &(number, Arc::new(made)), input.resolve_alias)
}

/// The version of a template that was made with a token.
fn repeated(cx: &Cx, tx: &Tx, template: &Template, token: Option<&RequestToken>) -> Answer<Option<Version>> {
    let Some(token) = token else { return Ok(None) };
    let with_it = |spec: &LaunchTemplateVersionSpec| spec.client_token.as_ref().is_some_and(|used| used.token == token.token);
    let found = load::versions(cx, tx, &template.id)?.into_iter().find(|(_, spec)| with_it(spec));
    if let Some((_, spec)) = &found {
        token::same(spec.client_token.as_ref(), Some(token))?;
    }
    Ok(found)
}

fn shown(
    cx: &Cx,
    tx: &Tx,
    template: &Template,
    version: &Version,
    resolve_alias: Option<bool>,
) -> Answer<CreateLaunchTemplateVersionResult> {
    let shown = describe::shown(cx, tx, template, version, resolve_alias)?;
    Ok(CreateLaunchTemplateVersionResult { launch_template_version: Some(shown), warning: None })
}

fn kept(data: &RequestLaunchTemplateData) -> String {
    stored::to_text(&data.clone().into_value())
}

fn version_of(cx: &Cx, description: Option<String>, data: String) -> LaunchTemplateVersionSpec {
    LaunchTemplateVersionSpec { description, created_at: cx.now, created_by: creator(cx), data, client_token: None }
}

fn creator(cx: &Cx) -> String {
    cx.principal.arn(&cx.account).to_string()
}

fn check_name(name: &str) -> Answer<()> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-().,/_".contains(&byte);
    let valid = (3..=128).contains(&name.len()) && name.bytes().all(allowed);
    valid.then_some(()).ok_or_else(|| malformed(name))
}
