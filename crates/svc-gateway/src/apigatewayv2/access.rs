//! What policies call APIs, and what is known of them when it is decided who may do what (Service Authorization Reference, "Amazon API Gateway
//! Management V2"): actions are HTTP's methods, and resources the paths of the API.

use front::{Cx, Facts};
use logic::policy::Context;
use model::{
    Arn, Key, Region,
    apigatewayv2::{HttpApi, Stage},
};
use spine::{Read, Snapshot};
use std::collections::BTreeMap;
use wire::Fault;

pub const GET: &str = "apigateway:GET";
pub const PUT: &str = "apigateway:PUT";
pub const POST: &str = "apigateway:POST";
pub const PATCH: &str = "apigateway:PATCH";
pub const DELETE: &str = "apigateway:DELETE";

/// `arn:aws:apigateway:<region>::/apis/…`: these ARNs name no account.
pub fn arn(cx: &Cx, path: &str) -> Arn {
    Arn {
        partition: cx.region.partition().into(),
        service: "apigateway".into(),
        region: cx.region.to_string(),
        account: String::new(),
        resource: path.into(),
    }
}

/// All APIs.
pub fn apis(cx: &Cx) -> Vec<Arn> {
    vec![arn(cx, "/apis")]
}

/// An API, or with a path behind it what belongs to it.
pub fn api(cx: &Cx, id: &str, path: &str) -> Vec<Arn> {
    vec![arn(cx, &format!("/apis/{id}{path}"))]
}

/// The tags of what an ARN names.
pub fn tags_of(cx: &Cx, named: &str) -> Vec<Arn> {
    vec![arn(cx, &format!("/tags/{named}"))]
}

/// The condition keys of the tags that a request gives.
pub fn given(tags: &Option<BTreeMap<String, String>>) -> Context {
    front::keys::request_tags(tags.iter().flatten())
}

/// What an ARN of ours names.
#[derive(Debug, PartialEq, Eq)]
pub enum Tagged {
    /// An API, by its id.
    Api(String),
    /// A stage, by its API's id and its name.
    Stage(String, String),
}

/// What has tags, by its ARN; none if that is another region's, or of something without tags.
pub fn tagged(region: &Region, arn: &str) -> Option<Tagged> {
    let arn: Arn = arn.parse().ok()?;
    let ours = arn.service == "apigateway" && arn.region == region.as_str() && arn.account.is_empty();
    let parts: Vec<&str> = arn.resource.strip_prefix("/apis/").filter(|_| ours)?.split('/').collect();
    match *parts {
        [api] if !api.is_empty() => Some(Tagged::Api(api.to_owned())),
        [api, "stages", name] => Some(Tagged::Stage(api.to_owned(), name.to_owned())),
        _ => None,
    }
}

/// The tags of a stage, or of the API that something belongs to.
pub fn facts(cx: &Cx, snapshot: &Snapshot, arn: &Arn) -> Result<Facts, Fault> {
    let path = arn.resource.strip_prefix("/tags/").and_then(|named| named.parse::<Arn>().ok());
    let path = path.map_or_else(|| arn.resource.clone(), |named| named.resource);
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let tags = match *parts {
        ["apis", id, "stages", name, ..] => {
            let stage = snapshot.spec(&Key::<HttpApi>::new(&cx.account, &cx.region, id).child::<Stage>(name))?;
            stage.map(|stage| stage.tags.clone())
        }
        ["apis", id, ..] => snapshot.spec(&Key::<HttpApi>::new(&cx.account, &cx.region, id))?.map(|api| api.tags.clone()),
        _ => None,
    };
    Ok(Facts { tags: tags.unwrap_or_default(), ..Facts::default() })
}
