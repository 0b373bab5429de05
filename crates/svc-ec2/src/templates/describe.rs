//! `DescribeLaunchTemplates` and `DescribeLaunchTemplateVersions`.

use super::{
    errors::no_such_name,
    load::{self, Template, Version},
    views,
};
use crate::{
    describe::{Query, matching, page, select},
    errors::{dry_run, invalid_combination, missing_parameter},
    images,
    records::all,
};
use api::ec2::{
    DescribeLaunchTemplateVersionsRequest, DescribeLaunchTemplateVersionsResult, DescribeLaunchTemplatesRequest,
    DescribeLaunchTemplatesResult,
};
use front::{Answer, Cx};
use model::ec2::LaunchTemplate;
use spine::Tx;

/// `DescribeLaunchTemplates`.
pub fn templates(cx: &Cx, tx: &mut Tx, input: &DescribeLaunchTemplatesRequest) -> Answer<DescribeLaunchTemplatesResult> {
    dry_run(input.dry_run)?;
    let names = input.launch_template_names.as_deref().filter(|names| !names.is_empty());
    let ids = input.launch_template_ids.as_deref().filter(|ids| !ids.is_empty());
    let mut found: Vec<Template> = match ids {
        Some(ids) => ids.iter().map(|id| load::template(cx, tx, Some(id), None)).collect::<Answer<_>>()?,
        None => all::<LaunchTemplate>(cx, tx)?.into_iter().map(|(id, spec)| Template { id, spec }).collect(),
    };
    if let Some(names) = names {
        if let Some(name) = names.iter().find(|name| !found.iter().any(|it| it.spec.name == **name)) {
            return Err(no_such_name(name));
        }
        found.retain(|it| names.contains(&it.spec.name));
    }
    let query = Query {
        filters: input.filters.as_deref(),
        max_results: input.max_results,
        next_token: input.next_token.as_deref(),
        ..Query::default()
    };
    let (templates, next_token) = select(found.iter().map(views::template).collect(), query)?;
    Ok(DescribeLaunchTemplatesResult { launch_templates: Some(templates), next_token })
}

/// `DescribeLaunchTemplateVersions`: those of one template, the newest first; or `$Latest` or `$Default` of all.
pub fn versions(
    cx: &Cx,
    tx: &mut Tx,
    input: &DescribeLaunchTemplateVersionsRequest,
) -> Answer<DescribeLaunchTemplateVersionsResult> {
    dry_run(input.dry_run)?;
    let named = input.versions.as_deref().filter(|versions| !versions.is_empty());
    if named.is_some() && (input.min_version.is_some() || input.max_version.is_some()) {
        return Err(invalid_combination("Specify either versions or a range of versions"));
    }
    let found = match (&input.launch_template_id, &input.launch_template_name) {
        (None, None) => of_all(cx, tx, named)?,
        (id, name) => of_one(cx, tx, &load::template(cx, tx, id.as_deref(), name.as_deref())?, input, named)?,
    };
    let shown = found.iter().map(|(template, version)| shown(cx, tx, template, version, input.resolve_alias));
    let shown = shown.collect::<Answer<Vec<_>>>()?;
    let shown = matching(shown, input.filters.as_deref().unwrap_or_default(), views::VERSION_FIELDS, None)?;
    let place = |it: &api::ec2::LaunchTemplateVersion| {
        let number = i64::MAX - it.version_number.unwrap_or_default();
        format!("{}/{number:020}", it.launch_template_id.as_deref().unwrap_or_default())
    };
    let (shown, next_token) = page(shown, place, input.max_results, input.next_token.as_deref())?;
    Ok(DescribeLaunchTemplateVersionsResult { launch_template_versions: Some(shown), next_token })
}

/// A version, with the image that a parameter names where that is asked for.
pub fn shown(
    cx: &Cx,
    tx: &Tx,
    template: &Template,
    version: &Version,
    resolve_alias: Option<bool>,
) -> Answer<api::ec2::LaunchTemplateVersion> {
    let mut shown = views::version(template, version)?;
    let image = shown.launch_template_data.as_mut().and_then(|data| data.image_id.as_mut());
    if let Some(image) = image.filter(|_| resolve_alias == Some(true))
        && let Some(id) = images::resolved(cx, tx, image)?
    {
        *image = id;
    }
    Ok(shown)
}

type Found = Vec<(Template, Version)>;

fn of_all(cx: &Cx, tx: &Tx, named: Option<&[String]>) -> Answer<Found> {
    let aliases = |names: &[String]| names.iter().all(|name| ["$Latest", "$Default"].contains(&name.as_str()));
    let named = named.filter(|names| aliases(names)).ok_or_else(|| missing_parameter("LaunchTemplateId"))?;
    let mut found = Found::new();
    for (id, spec) in all::<LaunchTemplate>(cx, tx)? {
        let template = Template { id, spec };
        found.extend(chosen(cx, tx, &template, named)?);
    }
    Ok(found)
}

fn of_one(
    cx: &Cx,
    tx: &Tx,
    template: &Template,
    input: &DescribeLaunchTemplateVersionsRequest,
    named: Option<&[String]>,
) -> Answer<Found> {
    if let Some(named) = named {
        return chosen(cx, tx, template, named);
    }
    let bound = |text: &Option<String>, open: i64| match text {
        Some(named) => load::version(cx, tx, template, named).map(|(number, _)| number),
        None => Ok(open),
    };
    let (from, to) = (bound(&input.min_version, 0)?, bound(&input.max_version, i64::MAX)?);
    let all = load::versions(cx, tx, &template.id)?.into_iter().rev();
    Ok(all.filter(|(number, _)| (from..=to).contains(number)).map(|version| (template.clone(), version)).collect())
}

/// Those that are named, each once, the newest first.
fn chosen(cx: &Cx, tx: &Tx, template: &Template, named: &[String]) -> Answer<Found> {
    let mut found = named.iter().map(|name| load::version(cx, tx, template, name)).collect::<Answer<Vec<_>>>()?;
    found.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    found.dedup_by_key(|(number, _)| *number);
    Ok(found.into_iter().map(|version| (template.clone(), version)).collect())
}
