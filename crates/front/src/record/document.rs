//! From a request's input or an answer's output to the JSON that stands for it in an event: names in lowerCamelCase, no secrets, no bytes.

use serde_json::{Map, Value as Json, json};
use wire::{
    Service, Time, Value,
    schema::{Kind, Member, Shape, ShapeId},
};

/// Stands where a secret stood.
pub const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

/// The most bytes of `requestParameters` and of `responseElements` (CloudTrail user guide, "CloudTrail record contents").
const MOST_BYTES: usize = 100 * 1024;

/// Names of members that hold secrets, in lower case, whether or not the model marks them.
const SECRETS: &[&str] = &[
    "secretaccesskey",
    "sessiontoken",
    "securitytoken",
    "token",
    "authtoken",
    "authorizationtoken",
    "webidentitytoken",
    "accesstoken",
    "refreshtoken",
    "samlassertion",
    "secretstring",
    "secretbinary",
    "clientsecret",
    "privatekey",
    "keymaterial",
    "userdata",
];

/// The document of a value of that shape; none of a structure without members.
pub(super) fn of(service: &'static Service, shape: ShapeId, value: &Value, field: &str) -> Option<Json> {
    let mut writer = Writer { service, bytes: 0 };
    let document = writer.value(service.shape(shape), value);
    if writer.bytes > MOST_BYTES {
        return Some(json!({"omitted": true, "originalSize": writer.bytes, "reason": format!("{field} too large")}));
    }
    Some(document).filter(|document| document.as_object().is_none_or(|members| !members.is_empty()))
}

/// Writes until it is too much, and then only counts.
struct Writer {
    service: &'static Service,
    bytes: usize,
}

impl Writer {
    fn value(&mut self, shape: &Shape, value: &Value) -> Json {
        match (&shape.kind, value) {
            _ if shape.sensitive => self.text(HIDDEN),
            (Kind::Structure(structure), Value::Struct(members)) => {
                let named = |name: &str| structure.member(name);
                let known = members.iter().filter_map(|(name, value)| Some((named(name)?, value)));
                Json::Object(known.filter_map(|(member, value)| self.member(member, value)).collect())
            }
            (Kind::List(list), Value::List(items)) => {
                let shape = self.service.shape(list.member.shape);
                let mut written = Vec::new();
                for item in items {
                    let item = self.value(shape, item);
                    self.push(1, || written.push(item));
                }
                Json::Array(written)
            }
            (Kind::Map(map), Value::Map(entries)) => {
                let shape = self.service.shape(map.value.shape);
                let mut written = Map::new();
                for (key, value) in entries {
                    let value = self.value(shape, value);
                    self.push(key.len() + 4, || drop(written.insert(key.clone(), value)));
                }
                Json::Object(written)
            }
            (_, value) => self.scalar(value),
        }
    }

    /// A member that has a value to show: bytes are left out, being the matter of a call and not one of its parameters.
    fn member(&mut self, member: &Member, value: &Value) -> Option<(String, Json)> {
        let shape = self.service.shape(member.shape);
        let secret = is_secret(member.name) && matches!(value, Value::Str(_) | Value::Blob(_));
        if value.is_null() || (matches!(value, Value::Blob(_)) && !secret && !shape.sensitive) {
            return None;
        }
        let written = if secret { self.text(HIDDEN) } else { self.value(shape, value) };
        self.bytes += member.name.len() + 4;
        Some((lower_camel(member.name), written))
    }

    fn scalar(&mut self, value: &Value) -> Json {
        match value {
            Value::Bool(value) => self.number(json!(value)),
            Value::Int(value) => self.number(json!(value)),
            Value::Float(value) => self.number(json!(value)),
            Value::Str(text) => self.text(text),
            Value::Time(time) => self.text(&in_words(*time)),
            Value::List(items) => Json::Array(items.iter().map(|item| self.scalar(item)).collect()),
            Value::Map(entries) => entries.iter().map(|(key, value)| (key.clone(), self.scalar(value))).collect(),
            Value::Null | Value::Blob(_) | Value::Struct(_) => Json::Null,
        }
    }

    fn text(&mut self, text: &str) -> Json {
        self.bytes += text.len() + 2;
        if self.bytes > MOST_BYTES { Json::Null } else { Json::String(text.to_owned()) }
    }

    fn number(&mut self, number: Json) -> Json {
        self.bytes += 5;
        number
    }

    fn push(&mut self, bytes: usize, push: impl FnOnce()) {
        self.bytes += bytes;
        if self.bytes <= MOST_BYTES {
            push();
        }
    }
}

/// Whether a member of that name holds a secret. `nextToken` and `clientToken` are none.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with("password") || SECRETS.contains(&&*name)
}

/// `UserName` becomes `userName`.
fn lower_camel(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_lowercase().to_string() + letters.as_str())
}

/// `Jan 1, 2026, 12:00:00 AM`.
fn in_words(time: Time) -> String {
    let moment = jiff::Timestamp::from_millisecond(time.0);
    moment.map_or_else(|_| time.0.to_string(), |moment| moment.strftime("%b %-d, %Y, %-I:%M:%S %p").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(service: &'static str, operation: &str) -> (&'static Service, ShapeId) {
        let service = api::SERVICES.iter().find(|known| known.id == service).unwrap();
        (service, service.operation(operation).unwrap().input.unwrap())
    }

    fn text(text: &str) -> Value {
        Value::Str(text.into())
    }

    #[test]
    fn names_are_in_lower_camel_case_and_the_keys_of_maps_as_they_are() {
        let (service, shape) = input("logs", "CreateLogGroup");
        let tags = Value::Map([("Team".to_owned(), text("blue"))].into());
        let value = Value::Struct(vec![("logGroupName", text("/app")), ("tags", tags)]);
        assert_eq!(
            of(service, shape, &value, "requestParameters"),
            Some(json!({"logGroupName": "/app", "tags": {"Team": "blue"}}))
        );
        assert_eq!(lower_camel("RoleSessionName"), "roleSessionName");
        assert_eq!(of(service, shape, &Value::empty(), "requestParameters"), None);
    }

    #[test]
    fn bytes_are_left_out() {
        let (service, shape) = input("ecr", "UploadLayerPart");
        let value = Value::Struct(vec![("repositoryName", text("web")), ("layerPartBlob", Value::Blob("abc".into()))]);
        assert_eq!(of(service, shape, &value, "requestParameters"), Some(json!({"repositoryName": "web"})));
    }

    #[test]
    fn what_is_too_large_is_replaced_by_its_size() {
        let (service, shape) = input("ecr", "PutImage");
        let value = Value::Struct(vec![("imageManifest", text(&"m".repeat(200_000)))]);
        let document = of(service, shape, &value, "requestParameters").unwrap();
        assert_eq!(document["omitted"], true);
        assert_eq!(document["reason"], "requestParameters too large");
        assert!(document["originalSize"].as_u64().unwrap() > 200_000);
    }

    #[test]
    fn secrets_are_known_by_their_names() {
        for name in ["Password", "NewPassword", "SecretAccessKey", "SessionToken", "WebIdentityToken", "userData"] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["NextToken", "clientToken", "PasswordPolicy", "UserName", "secrets", "SerialNumber"] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn moments_are_in_words() {
        assert_eq!(in_words(Time(1_767_225_600_000)), "Jan 1, 2026, 12:00:00 AM");
    }
}
