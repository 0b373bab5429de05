//! Images that are named by a parameter of Systems Manager: `resolve:ssm:NAME`, with `:VERSION` or `:LABEL` (EC2 user guide, "Use a Systems
//! Manager parameter to find an AMI").

use crate::resource::Resource;
use front::{Answer, Cx};
use logic::{
    parameter::{Reference, public, version},
    policy::Context,
};
use model::{Key, ec2::Image, ssm::Parameter};
use spine::Read;
use wire::Fault;

const PREFIX: &str = "resolve:ssm:";
/// The data type of parameters that name images.
const DATA_TYPE: &str = "aws:ec2:image";

/// The image that a name means which isn't an id; None if it says that it is one. The caller has to be allowed to read the parameter.
pub fn resolved(cx: &Cx, read: &impl Read, named: &str) -> Answer<Option<String>> {
    let Some(name) = named.strip_prefix(PREFIX) else { return Ok(None) };
    let reference = Reference::parse(name, &cx.account, &cx.region).ok_or_else(|| absent(name))?;
    cx.authorize("ssm:GetParameters", std::slice::from_ref(&reference.arn), &Context::default())?;
    if !reference.is_here(&cx.account, &cx.region) {
        return Err(absent(name));
    }
    let (value, data_type) = found(cx, read, &reference)?.ok_or_else(|| absent(name))?;
    if data_type != DATA_TYPE {
        let message = format!("Unsupported data type. The following parameter data types are supported: {DATA_TYPE}");
        return Err(Fault::client("SsmInvalidParameter", message));
    }
    Resource::IMAGE.check(&value)?;
    Ok(Some(value))
}

/// The value and the data type of a parameter.
fn found(cx: &Cx, read: &impl Read, reference: &Reference) -> Answer<Option<(String, String)>> {
    let quick_start = read.spec(&Key::<Image>::quick_start(&cx.region))?;
    if let Some(found) = public(&reference.names[0], quick_start.as_deref()) {
        return Ok(Some((found.value, found.data_type.to_owned())));
    }
    for name in &reference.names {
        let key = Key::<Parameter>::new(&cx.account, &cx.region, name);
        let Some(parameter) = read.spec(&key)? else { continue };
        let Some(number) = version(&parameter, reference.selector.as_deref()) else { return Ok(None) };
        return Ok(read.spec(&key.version(number))?.map(|it| (it.value.clone(), it.data_type.clone())));
    }
    Ok(None)
}

fn absent(name: &str) -> Fault {
    let message = format!("The Systems Manager parameter '{name}' could not be found. Verify its name, version or label.");
    Fault::client("SsmInvalidParameter", message)
}
