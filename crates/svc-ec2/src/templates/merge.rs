//! What a launch template adds to a request to run instances: all that the request doesn't say itself (EC2 user guide, "Launch instances from
//! a launch template").

use super::load;
use crate::images;
use api::ec2::RunInstancesRequest;
use front::{Answer, Cx};
use spine::Read;
use std::{borrow::Cow, collections::BTreeMap};
use wire::{FromValue, IntoValue, Value, stored};

/// Members that a template and a request call by different names.
const RENAMED: [(&str, &str); 2] = [("RamDiskId", "RamdiskId"), ("ElasticGpuSpecifications", "ElasticGpuSpecification")];

/// The request with what its launch template says, and with the image that a parameter names.
pub fn merged<'a>(cx: &Cx, read: &impl Read, asked: &'a RunInstancesRequest) -> Answer<Cow<'a, RunInstancesRequest>> {
    let whole = with_template(cx, read, asked)?;
    let image = whole.image_id.as_deref().map(|named| images::resolved(cx, read, named)).transpose()?.flatten();
    Ok(match image {
        Some(id) => Cow::Owned(RunInstancesRequest { image_id: Some(id), ..whole.into_owned() }),
        None => whole,
    })
}

fn with_template<'a>(cx: &Cx, read: &impl Read, asked: &'a RunInstancesRequest) -> Answer<Cow<'a, RunInstancesRequest>> {
    let Some(named) = &asked.launch_template else { return Ok(Cow::Borrowed(asked)) };
    let template = load::template(cx, read, named.launch_template_id.as_deref(), named.launch_template_name.as_deref())?;
    let (_, version) = load::version(cx, read, &template, named.version.as_deref().unwrap_or("$Default"))?;
    let own = RunInstancesRequest { launch_template: None, ..asked.clone() }.into_value();
    let whole = over(renamed(stored::from_text(&version.data)?), own);
    Ok(Cow::Owned(RunInstancesRequest::from_value(whole)?))
}

/// The template and the version that a request names, if it names one.
pub fn origin(cx: &Cx, read: &impl Read, asked: &RunInstancesRequest) -> Answer<Option<(String, i64)>> {
    let Some(named) = &asked.launch_template else { return Ok(None) };
    let template = load::template(cx, read, named.launch_template_id.as_deref(), named.launch_template_name.as_deref())?;
    let (number, _) = load::version(cx, read, &template, named.version.as_deref().unwrap_or("$Default"))?;
    Ok(Some((template.id, number)))
}

fn renamed(data: Value) -> Value {
    let mut members = members(data);
    for (template, request) in RENAMED {
        if let Some(value) = members.remove(template) {
            members.insert(request.to_owned(), value);
        }
    }
    Value::Map(members)
}

/// The members of both; those of `upper` where both have one.
pub fn over(lower: Value, upper: Value) -> Value {
    let mut all = members(lower);
    all.extend(members(upper));
    Value::Map(all)
}

fn members(value: Value) -> BTreeMap<String, Value> {
    match value {
        Value::Struct(members) => members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        Value::Map(members) => members,
        _ => BTreeMap::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::ec2::RequestLaunchTemplateData;

    #[test]
    fn the_request_speaks_louder() {
        let data = RequestLaunchTemplateData {
            image_id: Some("ami-1".into()),
            instance_type: Some("t3.micro".into()),
            ram_disk_id: Some("ari-1".into()),
            ..RequestLaunchTemplateData::default()
        };
        let asked = RunInstancesRequest {
            instance_type: Some("t3.small".into()),
            min_count: 1,
            max_count: 2,
            ..RunInstancesRequest::default()
        };
        let kept = stored::from_text(&stored::to_text(&data.into_value())).unwrap();
        let whole = RunInstancesRequest::from_value(over(renamed(kept), asked.into_value())).unwrap();
        assert_eq!((whole.image_id.as_deref(), whole.instance_type.as_deref()), (Some("ami-1"), Some("t3.small")));
        assert_eq!((whole.ramdisk_id.as_deref(), whole.max_count), (Some("ari-1"), 2));
    }
}
