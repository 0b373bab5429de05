//! A service with one operation, whose input has members of all kinds in all places.

use wire::schema::{Kind, Location, Member, Operation, Protocol, Service, Shape, ValidationStyle};

/// A structure that holds itself, lists and maps of itself, and every scalar.
static SHAPES: &[Shape] = &[
    Shape::record(
        "Node",
        &[
            Member::new("text", 1),
            Member::new("node", 0),
            Member::new("nodes", 2),
            Member::new("byName", 3),
            Member::new("number", 4),
            Member::new("ratio", 5),
            Member::new("blob", 6),
            Member::new("at", 7),
            Member::new("on", 8),
            Member::new("any", 9),
            Member::new("label", 1).at(Location::Uri),
            Member::new("header", 10).at(Location::Header).wire("x-list"),
            Member::new("parameters", 11).at(Location::Query),
        ],
    ),
    Shape::new("Text", Kind::String).pattern("(a+)+b"),
    Shape::list("Nodes", Member::element(0)),
    Shape::map("ByName", Member::key(1), Member::value(0)),
    Shape::new("Number", Kind::Integer),
    Shape::new("Ratio", Kind::Float),
    Shape::new("Blob", Kind::Blob),
    Shape::new("At", Kind::Timestamp(None)),
    Shape::new("On", Kind::Boolean),
    Shape::new("Any", Kind::Document),
    Shape::list("Texts", Member::element(1)),
    Shape::map("Parameters", Member::key(1), Member::value(1)),
];

/// The operation.
pub static OPERATIONS: &[Operation] = &[Operation::rpc("Put", Some(0), Some(0)).at("POST", "/put/{label+}", 200)];

/// All of them.
pub const PROTOCOLS: [Protocol; 7] = [
    Protocol::AwsJson10,
    Protocol::AwsJson11,
    Protocol::AwsQuery,
    Protocol::Ec2Query,
    Protocol::RestJson,
    Protocol::RestXml,
    Protocol::RpcV2Cbor,
];

/// The service, which speaks every protocol.
pub static SERVICE: Service = Service {
    id: "hostile",
    service_id: "Hostile",
    protocols: &PROTOCOLS,
    target_prefix: "Hostile",
    signing_name: "hostile",
    endpoint_prefix: "hostile",
    xml_namespace: "",
    api_version: "1",
    query_compatible: true,
    bare_errors: false,
    validation: ValidationStyle::Listed("ValidationException"),
    shapes: SHAPES,
    operations: OPERATIONS,
    unbuilt: &[],
};
