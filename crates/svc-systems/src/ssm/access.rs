//! What policies call parameters, and what is known of them when it is decided who may do what (Service Authorization Reference, "AWS
//! Systems Manager").

use api::ssm::{ResourceTypeForTagging, Tag};
use front::{Cx, Facts};
use logic::{parameter::Reference, policy::Context};
use model::{AccountId, Arn, Key, Region, ssm::Parameter};
use spine::{Read, Snapshot};
use wire::Fault;

/// The parameter that a request names, whichever version. None where the handler refuses the name.
pub fn named(cx: &Cx, name: &str) -> Vec<Arn> {
    Reference::parse(name, &cx.account, &cx.region).map(|reference| reference.arn).into_iter().collect()
}

/// The parameters that a request names.
pub fn on_all_of(cx: &Cx, names: &[String]) -> Vec<Arn> {
    names.iter().flat_map(|name| named(cx, name)).collect()
}

/// A path, as it is written: `parameter/a/*` covers `/a/`, and `parameter/a` covers `/a`.
pub fn on_path(cx: &Cx, path: &str) -> Vec<Arn> {
    named(cx, path)
}

/// What has tags; parameters alone, as yet.
pub fn on_tagged(cx: &Cx, kind: ResourceTypeForTagging, id: &str) -> Vec<Arn> {
    if kind == ResourceTypeForTagging::Parameter { named(cx, id) } else { Vec::new() }
}

/// The tags that a request gives, as they stand in it.
pub fn tags_of(tags: &[Tag]) -> Vec<(String, String)> {
    tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect()
}

/// `ssm:Overwrite`.
pub fn overwrite(asked: Option<bool>) -> Context {
    Context::new().with("ssm:Overwrite", asked.unwrap_or(false).to_string())
}

/// `ssm:Recursive`.
pub fn recursive(asked: Option<bool>) -> Context {
    Context::new().with("ssm:Recursive", asked.unwrap_or(false).to_string())
}

/// The tags of the parameter that an ARN names.
pub fn facts(cx: &Cx, snapshot: &Snapshot, arn: &Arn) -> Result<Facts, Fault> {
    let reference = Reference::parse(&arn.to_string(), &cx.account, &cx.region);
    let place = (AccountId::parse(&arn.account), Region::parse(&arn.region));
    let (Some(reference), (Ok(account), Ok(region))) = (reference, place) else { return Ok(Facts::default()) };
    for name in reference.names {
        if let Some(parameter) = snapshot.spec(&Key::<Parameter>::new(&account, &region, name))? {
            return Ok(Facts { tags: parameter.tags.clone(), ..Facts::default() });
        }
    }
    Ok(Facts::default())
}
