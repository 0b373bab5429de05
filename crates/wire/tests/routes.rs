//! Which operation a REST request means, where several patterns fit.

use http::{HeaderMap, Method};
use wire::schema::{Kind, Location, Member, Operation, Protocol, Service, Shape, Unbuilt, ValidationStyle};
use wire::{Dialect, Request};

static SHAPES: &[Shape] = &[
    Shape::new("Text", Kind::String),
    Shape::record("Object", &[BUCKET, KEY]),
    Shape::record("Part", &[BUCKET, KEY, Member::new("UploadId", 0).at(Location::Query).wire("uploadId").required()]),
    Shape::record("Copy", &[BUCKET, KEY, Member::new("Source", 0).at(Location::Header).wire("x-copy-source").required()]),
];
const BUCKET: Member = Member::new("Bucket", 0).at(Location::Uri).required();
const KEY: Member = Member::new("Key", 0).at(Location::Uri).required();

static SERVICE: Service = Service {
    id: "routes",
    service_id: "Routes",
    protocols: &[Protocol::RestXml],
    target_prefix: "",
    signing_name: "routes",
    endpoint_prefix: "routes",
    xml_namespace: "",
    api_version: "1",
    query_compatible: false,
    bare_errors: true,
    validation: ValidationStyle::Listed("ValidationException"),
    shapes: SHAPES,
    operations: &[
        Operation::rpc("CopyObject", Some(3), None).at("PUT", "/{Bucket}/{Key+}", 200),
        Operation::rpc("PutObject", Some(1), None).at("PUT", "/{Bucket}/{Key+}", 200),
        Operation::rpc("UploadPart", Some(2), None).at("PUT", "/{Bucket}/{Key+}", 200),
    ],
    unbuilt: &[
        Unbuilt("DeleteObject", "DELETE", "/{Bucket}/{Key+}"),
        Unbuilt("ListBuckets", "GET", "/"),
        Unbuilt("PutObjectTagging", "PUT", "/{Bucket}/{Key+}?tagging"),
    ],
};

fn matched(method: Method, uri: &str, header: Option<&'static str>) -> Result<&'static str, (u16, String)> {
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    let headers: HeaderMap = header.into_iter().map(|name| (name.parse().unwrap(), "x".parse().unwrap())).collect();
    let request = Request { method, path: path.into(), query: query.into(), headers, body: Default::default() };
    let operation = Dialect::of(&SERVICE, &request).match_operation(&request);
    operation.map(|operation| operation.name).map_err(|fault| (fault.status, fault.message))
}

#[test]
fn required_members_decide_between_equal_patterns() {
    assert_eq!(matched(Method::PUT, "/b/k", None), Ok("PutObject"));
    assert_eq!(matched(Method::PUT, "/b/k/1?uploadId=u", None), Ok("UploadPart"));
    assert_eq!(matched(Method::PUT, "/b/k", Some("x-copy-source")), Ok("CopyObject"));
}

#[test]
fn a_closer_pattern_that_is_not_built_wins() {
    let tagging = matched(Method::PUT, "/b/k?tagging", None);
    assert_eq!(tagging, Err((501, "Routes PutObjectTagging is not implemented.".into())));
}

#[test]
fn methods_and_paths_that_nobody_has_are_unknown() {
    assert_eq!(matched(Method::DELETE, "/b/k", None).unwrap_err().0, 501);
    assert_eq!(matched(Method::GET, "/", None).unwrap_err().0, 501);
    assert_eq!(matched(Method::PATCH, "/b/k", None).unwrap_err().0, 404);
    assert_eq!(matched(Method::PUT, "/b", None).unwrap_err().0, 404);
    assert_eq!(matched(Method::PUT, "/b/k?%ff", None).unwrap_err().0, 404);
}

static DOTTED: Service = Service {
    protocols: &[Protocol::AwsJson11],
    target_prefix: "com.amazonaws.trail.v1.Trail_1",
    operations: &[Operation::rpc("Look", None, None)],
    unbuilt: &[],
    ..SERVICE
};

#[test]
fn a_target_may_leave_out_what_stands_before_the_last_dot_of_its_prefix() {
    let matched = |target: &'static str| {
        let headers = [("x-amz-target".parse().unwrap(), target.parse().unwrap())].into_iter().collect::<HeaderMap>();
        let request = Request { method: Method::POST, path: "/".into(), query: String::new(), headers, body: Default::default() };
        Dialect::of(&DOTTED, &request).match_operation(&request).map(|operation| operation.name).map_err(|fault| fault.code)
    };
    assert_eq!(matched("com.amazonaws.trail.v1.Trail_1.Look"), Ok("Look"));
    assert_eq!(matched("Trail_1.Look"), Ok("Look"));
    for target in ["Trail_2.Look", "v1.Trail_1.Look", ".Look", "Trail_1.See"] {
        assert_eq!(matched(target).unwrap_err(), "UnknownOperationException", "{target}");
    }
}
