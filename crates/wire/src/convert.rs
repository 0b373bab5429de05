//! Between [`Value`]s and the plain structures of generated code, in the one direction that each of them needs.

use crate::{Fault, Time, Value};
use bytes::Bytes;
use std::{borrow::Cow, collections::BTreeMap};

/// Made from the value of a request. Values come decoded by the same schema that the type was generated from and validated, so a
/// failure means that one of the two was left out.
pub trait FromValue: Sized {
    /// The value as this type.
    fn from_value(value: Value) -> Result<Self, Fault>;
}

/// Made into the value of an answer.
pub trait IntoValue {
    /// This as a value; [`Value::Null`] is left out of the answer.
    fn into_value(self) -> Value;
}

fn mismatch<T>(expected: &str, value: &Value) -> Result<T, Fault> {
    Err(Fault::serialization(format!("{expected} expected, {} found", value.kind())))
}

/// The members of a structure, to be taken out by name.
pub struct Members(Vec<(Cow<'static, str>, Value)>);

impl Members {
    /// Those of a value; none of null.
    pub fn of(value: Value) -> Result<Self, Fault> {
        match value {
            Value::Struct(members) => Ok(Self(members.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect())),
            // A structure that was kept has lost what tells it from a map.
            Value::Map(members) => Ok(Self(members.into_iter().map(|(name, value)| (Cow::Owned(name), value)).collect())),
            Value::Null => Ok(Self(Vec::new())),
            other => mismatch("structure", &other),
        }
    }
    /// The member of that name, which is null where there is none.
    pub fn take<T: FromValue>(&mut self, name: &str) -> Result<T, Fault> {
        let found = self.0.iter_mut().find(|(key, _)| *key == name);
        let value = found.map(|(_, value)| std::mem::take(value)).unwrap_or_default();
        T::from_value(value).map_err(|fault| Fault { message: format!("{name}: {}", fault.message), ..fault })
    }
}

macro_rules! scalar {
    ($type:ty, $expected:literal, $($pattern:pat => $from:expr),+; $this:ident => $into:expr) => {
        impl FromValue for $type {
            fn from_value(value: Value) -> Result<Self, Fault> {
                match value {
                    $($pattern => Ok($from),)+
                    other => mismatch($expected, &other),
                }
            }
        }
        impl IntoValue for $type {
            fn into_value($this) -> Value {
                $into
            }
        }
    };
}
scalar!(bool, "boolean", Value::Bool(it) => it; self => Value::Bool(self));
scalar!(i64, "integer", Value::Int(it) => it; self => Value::Int(self));
scalar!(f64, "number", Value::Float(it) => it, Value::Int(it) => it as f64; self => Value::Float(self));
scalar!(String, "string", Value::Str(it) => it; self => Value::Str(self));
scalar!(Bytes, "blob", Value::Blob(it) => it; self => Value::Blob(self));
scalar!(Time, "timestamp", Value::Time(it) => it; self => Value::Time(self));

impl FromValue for i32 {
    fn from_value(value: Value) -> Result<Self, Fault> {
        match value {
            Value::Int(it) => i32::try_from(it).or_else(|_| mismatch("32-bit integer", &value)),
            other => mismatch("integer", &other),
        }
    }
}
impl IntoValue for i32 {
    fn into_value(self) -> Value {
        Value::Int(self.into())
    }
}

impl FromValue for Value {
    fn from_value(value: Value) -> Result<Self, Fault> {
        Ok(value)
    }
}
impl IntoValue for Value {
    fn into_value(self) -> Value {
        self
    }
}

impl FromValue for () {
    fn from_value(_: Value) -> Result<Self, Fault> {
        Ok(())
    }
}
impl IntoValue for () {
    fn into_value(self) -> Value {
        Value::empty()
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Result<Self, Fault> {
        if value.is_null() { Ok(None) } else { T::from_value(value).map(Some) }
    }
}
impl<T: IntoValue> IntoValue for Option<T> {
    fn into_value(self) -> Value {
        self.map(T::into_value).unwrap_or_default()
    }
}

impl<T: FromValue> FromValue for Box<T> {
    fn from_value(value: Value) -> Result<Self, Fault> {
        T::from_value(value).map(Box::new)
    }
}
impl<T: IntoValue> IntoValue for Box<T> {
    fn into_value(self) -> Value {
        (*self).into_value()
    }
}

impl<T: FromValue> FromValue for Vec<T> {
    fn from_value(value: Value) -> Result<Self, Fault> {
        match value {
            Value::List(items) => items.into_iter().map(T::from_value).collect(),
            other => mismatch("list", &other),
        }
    }
}
impl<T: IntoValue> IntoValue for Vec<T> {
    fn into_value(self) -> Value {
        Value::List(self.into_iter().map(T::into_value).collect())
    }
}

impl<T: FromValue> FromValue for BTreeMap<String, T> {
    fn from_value(value: Value) -> Result<Self, Fault> {
        match value {
            Value::Map(entries) => entries.into_iter().map(|(key, value)| Ok((key, T::from_value(value)?))).collect(),
            other => mismatch("map", &other),
        }
    }
}
impl<T: IntoValue> IntoValue for BTreeMap<String, T> {
    fn into_value(self) -> Value {
        Value::Map(self.into_iter().map(|(key, value)| (key, value.into_value())).collect())
    }
}

/// What generated code says of a string shape with fixed values: a Rust `enum` with its texts and conversions.
#[macro_export]
macro_rules! string_enum {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`")] $variant,)+
        }
        impl $name {
            /// The text on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text,)+ }
            }
            /// The value of a text on the wire.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some($name::$variant),)+ _ => None }
            }
        }
        impl $crate::FromValue for $name {
            fn from_value(value: $crate::Value) -> Result<Self, $crate::Fault> {
                value.as_str().and_then(Self::parse).ok_or_else(|| $crate::convert::unknown_value(&value))
            }
        }
        impl $crate::IntoValue for $name {
            fn into_value(self) -> $crate::Value {
                $crate::Value::Str(self.as_str().into())
            }
        }
    };
}

/// The fault of a text that is none of an enumeration's values.
#[doc(hidden)]
pub fn unknown_value(value: &Value) -> Fault {
    Fault::serialization(format!("{value:?} is none of the enumeration's values"))
}

/// What generated code says of an operation: a type that ties its input and output to its row in the tables.
#[macro_export]
macro_rules! operations {
    ($($row:literal $name:ident($input:ty) -> $output:ty;)+) => {$(
        #[doc = concat!("The operation `", stringify!($name), "`.")]
        pub enum $name {}
        impl $crate::Api for $name {
            const NAME: &'static str = stringify!($name);
            type Input = $input;
            type Output = $output;
            fn service() -> &'static $crate::Service {
                &SERVICE
            }
            fn schema() -> &'static $crate::Operation {
                &SERVICE.operations[$row]
            }
        }
    )+};
}
