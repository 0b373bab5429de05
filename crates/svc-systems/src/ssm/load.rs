//! Parameters that requests name.

use super::errors::{not_found, version_not_found};
use front::{Cx, records::key};
use logic::parameter::{Public, Reference, public, version};
use model::{
    Key,
    ec2::Image,
    ssm::{Parameter, ParameterSpec, ParameterVersionSpec},
};
use spine::{Read, Tx};
use std::sync::Arc;
use wire::Fault;

/// A parameter of the caller's own.
pub struct Own {
    /// Where it stands.
    pub key: Key<Parameter>,
    /// What it has besides its versions.
    pub spec: Arc<ParameterSpec>,
}

/// One version of a parameter.
pub struct Loaded {
    /// The parameter's name.
    pub name: String,
    /// What it is.
    pub what: What,
    /// How it was chosen, as it stood behind the name.
    pub selector: Option<String>,
}

/// What a parameter that can be read is.
pub enum What {
    /// A version of one's own, with its number.
    Own(u64, Arc<ParameterVersionSpec>),
    /// One that AWS has for everybody.
    Public(Public),
}

/// The caller's own parameter that a text names, and how it chooses a version.
pub fn own(cx: &Cx, tx: &Tx, text: &str) -> Result<(Own, Option<String>), Fault> {
    let reference = Reference::parse(text, &cx.account, &cx.region).ok_or_else(|| not_found(text))?;
    if reference.is_here(&cx.account, &cx.region) {
        for name in &reference.names {
            let key = key::<Parameter>(cx, name);
            if let Some(spec) = tx.spec(&key)? {
                return Ok((Own { key, spec }, reference.selector));
            }
        }
    }
    Err(not_found(text))
}

/// The parameter that a text names, in the version that it chooses.
pub fn one(cx: &Cx, tx: &Tx, text: &str) -> Result<Loaded, Fault> {
    if let Some(found) = everybodys(cx, tx, text)? {
        return Ok(found);
    }
    let (own, selector) = own(cx, tx, text)?;
    let name = &own.key.id;
    let chosen = version(&own.spec, selector.as_deref());
    let number = chosen.ok_or_else(|| version_not_found(name, selector.as_deref().unwrap_or_default()))?;
    Ok(Loaded { name: name.clone(), what: What::Own(number, read(tx, &own, number)?), selector })
}

/// A version of a parameter, which is kept.
pub fn read(tx: &Tx, own: &Own, number: u64) -> Result<Arc<ParameterVersionSpec>, Fault> {
    tx.spec(&own.key.version(number))?.ok_or_else(|| version_not_found(&own.key.id, number))
}

/// The newest version of a parameter, with its name.
pub fn newest(tx: &Tx, own: &Own) -> Result<Loaded, Fault> {
    let number = own.spec.latest;
    Ok(Loaded { name: own.key.id.clone(), what: What::Own(number, read(tx, own, number)?), selector: None })
}

/// The region's quick start image, which public parameters name.
pub fn quick_start(cx: &Cx, tx: &Tx) -> Result<Option<Arc<model::ec2::ImageSpec>>, Fault> {
    Ok(tx.spec(&Key::<Image>::quick_start(&cx.region))?)
}

/// The public parameter that a text names. They have one version.
fn everybodys(cx: &Cx, tx: &Tx, text: &str) -> Result<Option<Loaded>, Fault> {
    let reference = Reference::parse(text, &cx.account, &cx.region).filter(|it| it.is_here(&cx.account, &cx.region));
    let Some(Reference { names, selector, .. }) = reference else { return Ok(None) };
    let Some(found) = public(&names[0], quick_start(cx, tx)?.as_deref()) else { return Ok(None) };
    match selector.as_deref() {
        None | Some("1") => Ok(Some(Loaded { name: found.name.clone(), what: What::Public(found), selector })),
        Some(other) => Err(version_not_found(&found.name, other)),
    }
}
