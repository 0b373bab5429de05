//! The layers that a function lies on.

use crate::lambda::errors;
use front::{Answer, Cx};
use function_code::LARGEST_UNZIPPED;
use logic::policy::Context;
use model::{
    Arn, Key,
    lambda::{Code, LayerUse, LayerVersion},
};
use spine::Read;
use std::collections::BTreeMap;

/// How many a function can have.
const MOST: usize = 5;

/// The versions of layers that a request names, which the caller may use.
///
/// # Errors
/// If there are too many, two are of the same layer, or one isn't there.
pub fn resolve(cx: &Cx, read: &impl Read, arns: &[String]) -> Answer<Vec<LayerUse>> {
    if arns.len() > MOST {
        return Err(errors::invalid(format!("Cannot reference more than {MOST} layers.")));
    }
    let found = arns.iter().map(|arn| one(cx, read, arn)).collect::<Answer<Vec<_>>>()?;
    let mut layers = BTreeMap::new();
    for (key, used) in &found {
        if let Some(other) = layers.insert(key.layer(), &used.arn) {
            return Err(errors::invalid(format!(
                "Two different versions of the same layer are not allowed to be referenced in the same function. \
                 {other} and {} are versions of the same layer.",
                used.arn
            )));
        }
    }
    Ok(found.into_iter().map(|(_, used)| used).collect())
}

fn one(cx: &Cx, read: &impl Read, text: &str) -> Answer<(Key<LayerVersion>, LayerUse)> {
    let missing = || errors::invalid(format!("Layer version {text} does not exist."));
    let arn: Arn = text.parse().map_err(|_| missing())?;
    let key = Key::<LayerVersion>::of_arn(&arn).ok_or_else(missing)?;
    if key.region != cx.region {
        return Err(errors::invalid(format!(
            "Layers are not in the same region as the function. Layers are expected to be in region {}.",
            cx.region
        )));
    }
    cx.authorize("lambda:GetLayerVersion", &[arn], &Context::new())?;
    let spec = read.spec(&key)?.ok_or_else(missing)?;
    let used = LayerUse { arn: key.arn().to_string(), archive: spec.archive.clone() };
    Ok((key, used))
}

/// Refuses code that is too large together with its layers.
///
/// # Errors
/// `InvalidParameterValueException`.
pub fn check_size(code: &Code, layers: &[LayerUse]) -> Answer<()> {
    let own = code.archive().map_or(0, |archive| archive.unzipped);
    let whole = own + layers.iter().map(|layer| layer.archive.unzipped).sum::<u64>();
    if whole <= LARGEST_UNZIPPED {
        return Ok(());
    }
    Err(errors::invalid(format!(
        "Function code combined with layers exceeds the maximum allowed size of {LARGEST_UNZIPPED} bytes. The actual size is {whole} bytes."
    )))
}
