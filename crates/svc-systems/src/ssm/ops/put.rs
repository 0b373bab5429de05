//! `PutParameter`.

use super::{
    super::{
        errors::{bad_image, exists, invalid, not_built, too_many_parameters, too_many_versions},
        load::{self, Own},
        names, secret, values, views,
    },
    tags,
};
use api::ssm::{ParameterTier, ParameterType, PutParameterRequest, PutParameterResult};
use front::{Answer, Cx, records::key};
use model::{
    Key,
    ec2::Image,
    ssm::{Parameter, ParameterKind, ParameterSpec, ParameterVersionSpec, Tier},
};
use spine::{Read, Scope, Tx};
use std::sync::Arc;

/// So many versions are kept.
const VERSIONS: u64 = 100;
/// So many parameters an account may have in a region: standard ones, and advanced ones.
const PARAMETERS: [usize; 2] = [10_000, 100_000];

/// `PutParameter`: a new parameter, or with `Overwrite` a new version of one.
pub fn put(cx: &Cx, tx: &mut Tx, input: &PutParameterRequest) -> Answer<PutParameterResult> {
    refuse(input)?;
    // Whoever overwrites may name the parameter by its ARN.
    let name = if input.name.starts_with("arn:") { load::own(cx, tx, &input.name)?.0.key.id } else { input.name.clone() };
    names::check(cx, &name)?;
    let key = key::<Parameter>(cx, &name);
    let before = tx.spec(&key)?.map(|spec| Own { key: key.clone(), spec });
    if before.is_some() && input.overwrite != Some(true) {
        return Err(exists());
    }
    let newest = before.as_ref().map(|own| load::read(tx, own, own.spec.latest)).transpose()?;
    let version = version(cx, input, newest.as_ref())?;
    if version.data_type == "aws:ec2:image" {
        check_image(cx, tx, &version.value)?;
    }
    let spec = match &before {
        Some(own) => next(tx, own, version.tier)?,
        None => first(cx, input, version.tier)?,
    };
    let version = sealed(cx, tx, &name, version)?;
    tx.create(&key.version(spec.latest), &version)?;
    tx.set_spec(&key, &spec)?;
    Ok(PutParameterResult { version: Some(views::shown(spec.latest)), tier: Some(views::tier(version.tier)) })
}

fn refuse(input: &PutParameterRequest) -> Answer<()> {
    if input.policies.is_some() {
        return Err(not_built("the parameter Policies"));
    }
    if input.value.is_empty() {
        let message = "1 validation error detected: Value '' at 'value' failed to satisfy constraint: \
                       Member must have length greater than or equal to 1.";
        return Err(invalid(message));
    }
    if input.overwrite == Some(true) && input.tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
        return Err(invalid(
            "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. \
             To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.",
        ));
    }
    Ok(())
}

/// What is asked for; what isn't said stays as it was in the version before.
fn version(cx: &Cx, input: &PutParameterRequest, before: Option<&Arc<ParameterVersionSpec>>) -> Answer<ParameterVersionSpec> {
    let kind = input.r#type.map(kind).or(before.map(|it| it.kind));
    let kind = kind.ok_or_else(|| invalid("A parameter type is required when you create a parameter."))?;
    let kept = |said: &Option<String>, of: fn(&ParameterVersionSpec) -> Option<String>| {
        said.clone().or_else(|| before.and_then(|it| of(it)))
    };
    let asked = match input.tier {
        Some(ParameterTier::Standard) => Some(Tier::Standard),
        Some(ParameterTier::Advanced) => Some(Tier::Advanced),
        Some(ParameterTier::IntelligentTiering) | None => None,
    };
    let intelligent = input.tier == Some(ParameterTier::IntelligentTiering);
    let allowed_pattern = kept(&input.allowed_pattern, |it| it.allowed_pattern.clone()).filter(|it| !it.is_empty());
    if let Some(allowed) = &allowed_pattern {
        values::check_pattern(kind, &input.value, allowed)?;
    }
    let before_type = before.filter(|it| it.kind == kind).map(|it| it.data_type.clone());
    let data_type = input.data_type.clone().or(before_type).unwrap_or_else(|| "text".to_owned());
    values::check_data_type(kind, &data_type, &input.value)?;
    Ok(ParameterVersionSpec {
        kind,
        value: input.value.clone(),
        key: key_of(input, kind)?,
        description: kept(&input.description, |it| it.description.clone()).filter(|it| !it.is_empty()),
        allowed_pattern,
        tier: values::tier(asked, before.map(|it| it.tier), intelligent, input.value.len())?,
        data_type,
        at: cx.now,
        by: cx.principal.arn(&cx.account).to_string(),
    })
}

fn kind(asked: ParameterType) -> ParameterKind {
    match asked {
        ParameterType::String => ParameterKind::Text,
        ParameterType::StringList => ParameterKind::List,
        ParameterType::SecureString => ParameterKind::Secret,
    }
}

/// The key of a secret; nothing else has one.
fn key_of(input: &PutParameterRequest, kind: ParameterKind) -> Answer<Option<String>> {
    match (kind, &input.key_id) {
        (ParameterKind::Secret, named) => Ok(Some(named.clone().unwrap_or_else(|| secret::OWN_KEY.to_owned()))),
        (_, Some(_)) => Err(invalid("KeyId is supported for parameters of the type SecureString only.")),
        (_, None) => Ok(None),
    }
}

/// Refuses an image that the account can't see.
fn check_image(cx: &Cx, tx: &Tx, id: &str) -> Answer<()> {
    if tx.exists(&key::<Image>(cx, id))? || tx.exists(&Key::<Image>::quick_start(&cx.region))? && id == Key::<Image>::QUICK_START
    {
        return Ok(());
    }
    let all = cx.snapshot().specs::<Image>(Scope::All)?.into_iter();
    let mut here = all.filter(|(key, _)| key.region == cx.region && key.id == id);
    let open = here.any(|(_, image)| image.public || image.launch_permissions.iter().any(|it| it == cx.account.as_str()));
    if open { Ok(()) } else { Err(bad_image(id)) }
}

fn sealed(cx: &Cx, tx: &mut Tx, name: &str, version: ParameterVersionSpec) -> Answer<ParameterVersionSpec> {
    match version.kind {
        ParameterKind::Secret => {
            let named = version.key.as_deref().unwrap_or(secret::OWN_KEY);
            Ok(ParameterVersionSpec { value: secret::seal(cx, tx, (name, named), &version.value)?, ..version })
        }
        _ => Ok(version),
    }
}

/// A parameter that is new.
fn first(cx: &Cx, input: &PutParameterRequest, tier: Tier) -> Answer<ParameterSpec> {
    // How many there are is looked up as of the moment at which the request came, so that requests needn't wait for each other.
    let all = cx.snapshot().specs::<Parameter>(Scope::Region(&cx.account, &cx.region))?;
    let same = all.iter().filter(|(_, spec)| spec.tier == tier).count();
    if same >= PARAMETERS[usize::from(tier == Tier::Advanced)] {
        return Err(too_many_parameters());
    }
    let tags = tags::with(&Default::default(), input.tags.as_deref().unwrap_or_default())?;
    Ok(ParameterSpec { latest: 1, oldest: 1, labels: Default::default(), tags, tier })
}

/// A parameter with one version more. The oldest goes when there are too many, unless it has a label.
fn next(tx: &mut Tx, own: &Own, tier: Tier) -> Answer<ParameterSpec> {
    let mut spec = ParameterSpec { latest: own.spec.latest + 1, tier, ..ParameterSpec::clone(&own.spec) };
    if spec.latest - spec.oldest >= VERSIONS {
        if spec.labels.values().any(|on| *on == spec.oldest) {
            return Err(too_many_versions(&own.key.id, spec.oldest));
        }
        tx.delete(&own.key.version(spec.oldest))?;
        spec.oldest += 1;
    }
    Ok(spec)
}
