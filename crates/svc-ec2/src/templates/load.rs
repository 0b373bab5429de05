//! Templates and versions that requests name.

use super::errors::{no_such_name, no_such_version, one_of_both};
use crate::{
    records::{all, key},
    resource::Resource,
};
use front::{Answer, Cx};
use model::ec2::{LaunchTemplate, LaunchTemplateSpec, LaunchTemplateVersion, LaunchTemplateVersionSpec};
use spine::{Read, Scope};
use std::sync::Arc;

/// A template.
#[derive(Clone, Debug)]
pub struct Template {
    /// `lt-…`.
    pub id: String,
    /// What it is.
    pub spec: Arc<LaunchTemplateSpec>,
}

/// The key of a version.
pub fn version_id(template: &str, number: i64) -> String {
    format!("{template}/{number:010}")
}

/// The template with that id or that name, if there is one.
pub fn find(cx: &Cx, read: &impl Read, id: Option<&str>, name: Option<&str>) -> Answer<Option<Template>> {
    match (id, name) {
        (Some(id), _) => {
            let spec = read.spec(&key::<LaunchTemplate>(cx, id))?;
            Ok(spec.map(|spec| Template { id: id.into(), spec }))
        }
        (None, Some(name)) => {
            let found = all::<LaunchTemplate>(cx, read)?.into_iter().find(|(_, template)| template.name == name);
            Ok(found.map(|(id, spec)| Template { id, spec }))
        }
        (None, None) => Ok(None),
    }
}

/// The template with that id or that name, of which exactly one is given.
pub fn template(cx: &Cx, read: &impl Read, id: Option<&str>, name: Option<&str>) -> Answer<Template> {
    match (id, name) {
        (Some(id), None) => {
            Resource::LAUNCH_TEMPLATE.check(id)?;
            find(cx, read, Some(id), None)?.ok_or_else(|| Resource::LAUNCH_TEMPLATE.not_found(id))
        }
        (None, Some(name)) => find(cx, read, None, Some(name))?.ok_or_else(|| no_such_name(name)),
        _ => Err(one_of_both()),
    }
}

/// A version with its number.
pub type Version = (i64, Arc<LaunchTemplateVersionSpec>);

/// The version that a text names: a number, `$Latest` or `$Default`.
pub fn version(cx: &Cx, read: &impl Read, template: &Template, named: &str) -> Answer<Version> {
    let number = match named {
        "$Latest" => template.spec.latest_version,
        "$Default" | "" => template.spec.default_version,
        text => text.parse().map_err(|_| no_such_version(&template.id, text))?,
    };
    let spec = read.spec(&key::<LaunchTemplateVersion>(cx, version_id(&template.id, number)))?;
    spec.map(|spec| (number, spec)).ok_or_else(|| no_such_version(&template.id, named))
}

/// All versions of a template, in order.
pub fn versions(cx: &Cx, read: &impl Read, template: &str) -> Answer<Vec<Version>> {
    let prefix = format!("{template}/");
    let found = read.specs::<LaunchTemplateVersion>(Scope::Prefix(&cx.account, &cx.region, &prefix))?;
    let number = |id: &str| id.rsplit('/').next().and_then(|digits| digits.parse().ok());
    Ok(found.into_iter().filter_map(|(key, spec)| Some((number(&key.id)?, spec))).collect())
}
