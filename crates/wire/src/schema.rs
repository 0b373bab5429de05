//! What a service is, as data: its operations, its shapes, and what each protocol needs to know of them.
//!
//! Everything here is `const`-constructible, so that generated code is tables and nothing else. Shapes name each other by their
//! place in [`Service::shapes`], which is how recursive shapes are possible. The terms are those of the service models
//! (`locationName`, `flattened`, `payload`, …); nothing here knows how any protocol uses them.

use crate::Fault;

/// One of the protocols that AWS services speak (<https://smithy.io/2.0/aws/protocols/index.html>).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Protocol {
    /// awsJson1_0: `X-Amz-Target`, `application/x-amz-json-1.0`.
    AwsJson10,
    /// awsJson1_1: the same with `application/x-amz-json-1.1`.
    AwsJson11,
    /// awsQuery: a form with `Action`, answered in XML.
    AwsQuery,
    /// ec2Query: EC2's own variant of awsQuery.
    Ec2Query,
    /// restJson1: HTTP bindings with JSON bodies.
    RestJson,
    /// restXml: HTTP bindings with XML bodies.
    RestXml,
    /// smithy-rpc-v2-cbor: `/service/…/operation/…` with CBOR bodies.
    RpcV2Cbor,
}

impl Protocol {
    /// Whether operations are found by method and path instead of by name.
    pub const fn is_rest(self) -> bool {
        matches!(self, Protocol::RestJson | Protocol::RestXml)
    }
    /// Whether the body is JSON.
    pub const fn is_json(self) -> bool {
        matches!(self, Protocol::AwsJson10 | Protocol::AwsJson11 | Protocol::RestJson)
    }
    /// Whether answers are XML.
    pub const fn answers_xml(self) -> bool {
        matches!(self, Protocol::AwsQuery | Protocol::Ec2Query | Protocol::RestXml)
    }
}

/// A service: its names, the protocols it speaks, its operations and shapes.
#[derive(Debug)]
pub struct Service {
    /// The name that SDKs use for the service's model, such as `elbv2`.
    pub id: &'static str,
    /// The model's `serviceId`, such as `Elastic Load Balancing v2`.
    pub service_id: &'static str,
    /// The protocols it answers, the preferred one first; never empty.
    pub protocols: &'static [Protocol],
    /// What stands before the operation's name in `X-Amz-Target`; for rpc-v2-cbor the service's name in the path. May be empty.
    pub target_prefix: &'static str,
    /// The service in a SigV4 credential scope, such as `elasticloadbalancing`.
    pub signing_name: &'static str,
    /// The first part of the service's host name, such as `api.ecr`.
    pub endpoint_prefix: &'static str,
    /// The namespace of XML answers; empty where there is none.
    pub xml_namespace: &'static str,
    /// The version of the API, such as `2015-12-01`.
    pub api_version: &'static str,
    /// Whether errors also carry the code of the query protocol that the service spoke before (`x-amzn-query-error`).
    pub query_compatible: bool,
    /// Whether XML errors stand alone, without `ErrorResponse` around them (Smithy's `noErrorWrapping`; S3).
    pub bare_errors: bool,
    /// How it words the refusal of invalid input.
    pub validation: ValidationStyle,
    /// Every shape that a built operation reaches; errors too.
    pub shapes: &'static [Shape],
    /// The operations that are built.
    pub operations: &'static [Operation],
    /// Every other operation of the service: known by name, answered `501`.
    pub unbuilt: &'static [Unbuilt],
}

impl Service {
    /// Whether a name before an operation's means this service: its prefix, or the last part of a prefix with dots, which is
    /// all that SDKs made from Smithy models send (`CloudTrail_20131101`).
    pub fn is_target(&self, name: &str) -> bool {
        let last = self.target_prefix.rsplit('.').next();
        !name.is_empty() && (name == self.target_prefix || last == Some(name))
    }
    /// The shape at a place in the table.
    pub fn shape(&self, id: ShapeId) -> &Shape {
        &self.shapes[id as usize]
    }
    /// The built operation of that name.
    pub fn operation(&self, name: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.name == name)
    }
    /// The error shape that a fault's code means: by the shape's name, else by the code that it has on the wire.
    pub fn error(&self, code: &str) -> Option<(&Shape, &ErrorTrait)> {
        let errors = || self.shapes.iter().filter_map(|shape| Some((shape, shape.structure()?.error.as_ref()?)));
        errors().find(|(shape, _)| shape.name == code).or_else(|| errors().find(|(_, error)| error.code == Some(code)))
    }
}

/// A place in [`Service::shapes`].
pub type ShapeId = u16;

/// An operation that is built.
#[derive(Debug)]
pub struct Operation {
    /// Its name, such as `CreateRepository`.
    pub name: &'static str,
    /// The HTTP method; `POST` for the protocols that are not REST.
    pub method: &'static str,
    /// The URI pattern, such as `/{Bucket}/{Key+}?tagging`; `/` for the protocols that are not REST.
    pub uri: &'static str,
    /// The status of success.
    pub status: u16,
    /// The structure that it takes.
    pub input: Option<ShapeId>,
    /// The structure that it answers.
    pub output: Option<ShapeId>,
    /// The element that wraps the output in awsQuery; empty for `<name>Result`.
    pub result_wrapper: &'static str,
    /// Whether whoever calls it needs no signature (Smithy's `optionalAuth` and `noAuth`).
    pub unsigned: bool,
}

impl Operation {
    /// An operation of a protocol that isn't REST.
    pub const fn rpc(name: &'static str, input: Option<ShapeId>, output: Option<ShapeId>) -> Self {
        Self { name, method: "POST", uri: "/", status: 200, input, output, result_wrapper: "", unsigned: false }
    }
    /// The same operation, found at a method and a URI pattern.
    pub const fn at(mut self, method: &'static str, uri: &'static str, status: u16) -> Self {
        self.method = method;
        self.uri = uri;
        self.status = status;
        self
    }
    /// The same operation, with the name of the element that wraps its output.
    pub const fn wrapped(mut self, wrapper: &'static str) -> Self {
        self.result_wrapper = wrapper;
        self
    }
    /// The same operation, which needs no signature.
    pub const fn unsigned(mut self) -> Self {
        self.unsigned = true;
        self
    }
}

/// The name of an operation that is not built, with its method and URI pattern where the protocol is REST (else empty).
#[derive(Clone, Copy, Debug)]
pub struct Unbuilt(pub &'static str, pub &'static str, pub &'static str);

/// A named type of the model.
#[derive(Debug)]
pub struct Shape {
    /// The model's name for it.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// The least length (strings, blobs, lists, maps) or value (numbers).
    pub min: Option<f64>,
    /// The greatest length or value.
    pub max: Option<f64>,
    /// What the whole of a string has to match, in the model's (Java's) syntax.
    pub pattern: Option<&'static str>,
    /// The values that a string may have; empty for any.
    pub values: &'static [&'static str],
    /// Never to be shown in a log or an error.
    pub sensitive: bool,
}

/// What a shape is.
#[derive(Debug)]
pub enum Kind {
    /// `true` or `false`.
    Boolean,
    /// A whole number of 32 bits.
    Integer,
    /// A whole number of 64 bits.
    Long,
    /// A floating-point number, of single or double precision.
    Float,
    /// Text.
    String,
    /// Bytes.
    Blob,
    /// A moment, with the format that the shape asks for.
    Timestamp(Option<TimestampFormat>),
    /// Any JSON.
    Document,
    /// Many of one shape.
    List(List),
    /// From text to one shape.
    Map(Map),
    /// Named members.
    Structure(Structure),
}

/// A list shape.
#[derive(Debug)]
pub struct List {
    /// The elements.
    pub member: Member,
    /// Whether elements may be null.
    pub sparse: bool,
    /// No element around the elements.
    pub flattened: bool,
}

/// A map shape.
#[derive(Debug)]
pub struct Map {
    /// The keys; always strings.
    pub key: Member,
    /// The values.
    pub value: Member,
    /// Whether values may be null.
    pub sparse: bool,
    /// No element around the entries.
    pub flattened: bool,
}

/// A structure, a union, or an error.
#[derive(Debug)]
pub struct Structure {
    /// The members, in the model's order.
    pub members: &'static [Member],
    /// The member that is the whole body, if one is.
    pub payload: Option<&'static str>,
    /// Exactly one member has to be set.
    pub union: bool,
    /// What makes it an error.
    pub error: Option<ErrorTrait>,
    /// The name of the XML element, where it isn't the context's.
    pub wire: Option<&'static str>,
    /// The namespace of the XML element.
    pub namespace: Option<Namespace>,
}

impl Structure {
    /// The member of that name in the model.
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }
}

/// What makes a structure an error.
#[derive(Debug)]
pub struct ErrorTrait {
    /// The code on the wire, where it isn't the shape's name.
    pub code: Option<&'static str>,
    /// The HTTP status, where the model gives one.
    pub status: Option<u16>,
    /// Whether the sender is at fault, and not the service.
    pub sender: bool,
}

/// A reference to a shape from a structure, a list or a map, with what the place adds to it.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// The model's name for the member; `member`, `key` or `value` in lists and maps.
    pub name: &'static str,
    /// The shape that it has.
    pub shape: ShapeId,
    /// The model's `locationName`, where there is one.
    pub wire: Option<&'static str>,
    /// ec2Query's name for it in requests, or awsQuery's for a flattened map, where it has one of its own.
    pub query_name: Option<&'static str>,
    /// Which part of the message it is in.
    pub location: Location,
    /// Has to be there.
    pub required: bool,
    /// See [`List::flattened`].
    pub flattened: bool,
    /// An XML attribute instead of an element.
    pub xml_attribute: bool,
    /// A string of JSON; in a header it is in base64.
    pub json_value: bool,
    /// A body that may be too large to be held.
    pub streaming: bool,
    /// Made up by SDKs where the caller gives none.
    pub idempotency_token: bool,
    /// A stream of events.
    pub event_stream: bool,
    /// The namespace of the XML element.
    pub namespace: Option<Namespace>,
    /// The format of a moment at this place.
    pub timestamp: Option<TimestampFormat>,
}

/// An XML namespace with its prefix, which is empty for the default one.
#[derive(Clone, Copy, Debug)]
pub struct Namespace {
    /// As in `xmlns:prefix`.
    pub prefix: &'static str,
    /// What it stands for.
    pub uri: &'static str,
}

/// The part of an HTTP message that a member is in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Location {
    /// The body.
    Body,
    /// A label of the URI pattern.
    Uri,
    /// A parameter of the query string; for a map, every parameter.
    Query,
    /// A header.
    Header,
    /// All headers that begin with a prefix.
    Headers,
    /// The status of the response.
    Status,
}

impl Location {
    /// Whether the member is in the body of a response: labels and query strings are parts of requests only.
    pub const fn is_body_of_response(self) -> bool {
        matches!(self, Location::Body | Location::Uri | Location::Query)
    }
}

/// How a moment is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TimestampFormat {
    /// `2024-05-01T00:00:00Z` (RFC 3339).
    Iso8601,
    /// Seconds since 1970, with milliseconds as the fraction.
    Unix,
    /// `Wed, 01 May 2024 00:00:00 GMT` (RFC 9110's IMF-fixdate).
    Http,
}

/// How a service words the refusal of input that the model forbids.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ValidationStyle {
    /// All violations in one message, under this code.
    Listed(&'static str),
    /// ECR's: the first violation, under this code, as `Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must …'`.
    Single(&'static str),
    /// EC2's: the first violation, `MissingParameter` or `InvalidParameterValue`.
    Ec2,
}

impl Shape {
    /// A shape without constraints.
    pub const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, min: None, max: None, pattern: None, values: &[], sensitive: false }
    }
    /// A list of a shape.
    pub const fn list(name: &'static str, member: Member) -> Self {
        Self::new(name, Kind::List(List { member, sparse: false, flattened: false }))
    }
    /// A map from a string shape to a shape.
    pub const fn map(name: &'static str, key: Member, value: Member) -> Self {
        Self::new(name, Kind::Map(Map { key, value, sparse: false, flattened: false }))
    }
    /// A structure.
    pub const fn record(name: &'static str, members: &'static [Member]) -> Self {
        let structure = Structure { members, payload: None, union: false, error: None, wire: None, namespace: None };
        Self::new(name, Kind::Structure(structure))
    }
    /// A string with the values that it may have.
    pub const fn choice(name: &'static str, values: &'static [&'static str]) -> Self {
        let mut shape = Self::new(name, Kind::String);
        shape.values = values;
        shape
    }
    /// The least length or value.
    pub const fn min(mut self, min: f64) -> Self {
        self.min = Some(min);
        self
    }
    /// The greatest length or value.
    pub const fn max(mut self, max: f64) -> Self {
        self.max = Some(max);
        self
    }
    /// What the whole of the string has to match.
    pub const fn pattern(mut self, pattern: &'static str) -> Self {
        self.pattern = Some(pattern);
        self
    }
    /// Not to be shown.
    pub const fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }
    /// The structure, if it is one.
    pub const fn structure(&self) -> Option<&Structure> {
        match &self.kind {
            Kind::Structure(structure) => Some(structure),
            _ => None,
        }
    }
}

/// Changes the innards of one kind of shape in a `const` chain; a no-op for other kinds.
macro_rules! shape_setter {
    ($(#[$doc:meta])* $name:ident($($arg:ident: $type:ty)?) on $($kind:ident)|+ sets $field:ident = $value:expr) => {
        impl Shape {
            $(#[$doc])*
            pub const fn $name(mut self $(, $arg: $type)?) -> Self {
                match &mut self.kind {
                    $(Kind::$kind(inner) => inner.$field = $value,)+
                    _ => {}
                }
                self
            }
        }
    };
}
shape_setter!(/// Elements (or values) may be null.
    sparse() on List | Map sets sparse = true);
shape_setter!(/// No element around the elements (or entries).
    flattened() on List | Map sets flattened = true);
shape_setter!(/// Exactly one member has to be set.
    union() on Structure sets union = true);
shape_setter!(/// The member that is the whole body.
    payload(name: &'static str) on Structure sets payload = Some(name));
shape_setter!(/// The name of the XML element.
    wire(name: &'static str) on Structure sets wire = Some(name));
shape_setter!(/// The namespace of the XML element.
    namespace(namespace: Namespace) on Structure sets namespace = Some(namespace));
shape_setter!(/// It is an error.
    error(error: ErrorTrait) on Structure sets error = Some(error));

impl Member {
    /// A member in the body, without anything that is peculiar to it.
    pub const fn new(name: &'static str, shape: ShapeId) -> Self {
        Self {
            name,
            shape,
            wire: None,
            query_name: None,
            location: Location::Body,
            required: false,
            flattened: false,
            xml_attribute: false,
            json_value: false,
            streaming: false,
            idempotency_token: false,
            event_stream: false,
            namespace: None,
            timestamp: None,
        }
    }
    /// The elements of a list.
    pub const fn element(shape: ShapeId) -> Self {
        Self::new("member", shape)
    }
    /// The keys of a map.
    pub const fn key(shape: ShapeId) -> Self {
        Self::new("key", shape)
    }
    /// The values of a map.
    pub const fn value(shape: ShapeId) -> Self {
        Self::new("value", shape)
    }
    /// The name on the wire: the `locationName`, else the model's own.
    pub const fn wire_name(&self) -> &'static str {
        match self.wire {
            Some(name) => name,
            None => self.name,
        }
    }
}

/// A setter of one field in a `const` chain.
macro_rules! member_setter {
    ($(#[$doc:meta])* $name:ident($($arg:ident: $type:ty)?) sets $field:ident = $value:expr) => {
        impl Member {
            $(#[$doc])*
            pub const fn $name(mut self $(, $arg: $type)?) -> Self {
                self.$field = $value;
                self
            }
        }
    };
}
member_setter!(/// Its `locationName`.
    wire(name: &'static str) sets wire = Some(name));
member_setter!(/// Its `queryName`.
    query(name: &'static str) sets query_name = Some(name));
member_setter!(/// The part of the message that it is in.
    at(location: Location) sets location = location);
member_setter!(/// Has to be there.
    required() sets required = true);
member_setter!(/// No element around the elements.
    flattened() sets flattened = true);
member_setter!(/// An XML attribute.
    attribute() sets xml_attribute = true);
member_setter!(/// A string of JSON.
    json() sets json_value = true);
member_setter!(/// A body that may be too large to be held.
    streaming() sets streaming = true);
member_setter!(/// Made up by SDKs.
    token() sets idempotency_token = true);
member_setter!(/// A stream of events.
    events() sets event_stream = true);
member_setter!(/// The namespace of the XML element.
    namespace(namespace: Namespace) sets namespace = Some(namespace));
member_setter!(/// The format of a moment at this place.
    format(format: TimestampFormat) sets timestamp = Some(format));

/// An operation as a type: what ties a handler's arguments to the tables. Implemented by generated code only.
pub trait Api: 'static {
    /// The operation's name.
    const NAME: &'static str;
    /// What it takes.
    type Input: crate::FromValue + Send + 'static;
    /// What it answers.
    type Output: crate::IntoValue + Send + 'static;
    /// The service that it belongs to.
    fn service() -> &'static Service;
    /// Its row in the service's table.
    fn schema() -> &'static Operation;
    /// The operation's input from a decoded and validated value.
    fn input(value: crate::Value) -> Result<Self::Input, Fault> {
        crate::FromValue::from_value(value)
    }
    /// The value of the operation's output.
    fn output(output: Self::Output) -> crate::Value {
        crate::IntoValue::into_value(output)
    }
}
