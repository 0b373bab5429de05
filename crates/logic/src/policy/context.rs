//! What is known of a request: the values of condition keys.

use std::borrow::Cow;

/// Condition keys and their values. Names are found regardless of case (IAM user guide, "Condition").
///
/// A request has some dozen keys, and few policies ask for more than one or two: a list that is looked through is faster to make and to
/// ask than a map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    entries: Vec<(Cow<'static, str>, Values)>,
}

/// The values of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Values {
    One(String),
    Many(Vec<String>),
}

impl Context {
    /// A context without keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a key with one value. A key that was there is replaced.
    pub fn set(&mut self, key: impl Into<Cow<'static, str>>, value: impl Into<String>) -> &mut Self {
        self.put(key.into(), Values::One(value.into()))
    }

    /// Sets a key that has any number of values, such as `aws:TagKeys`. A key without values counts as missing.
    pub fn set_all<V: Into<String>>(
        &mut self,
        key: impl Into<Cow<'static, str>>,
        values: impl IntoIterator<Item = V>,
    ) -> &mut Self {
        self.put(key.into(), Values::Many(values.into_iter().map(Into::into).collect()))
    }

    /// Sets every key of another context. Keys that were there are replaced.
    pub fn set_from(&mut self, other: &Context) -> &mut Self {
        for (key, values) in &other.entries {
            self.put(key.clone(), values.clone());
        }
        self
    }

    /// The same with the key set, for contexts that are written at once.
    pub fn with(mut self, key: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.set(key, value);
        self
    }

    /// The values of a key; none if it is missing.
    pub fn get(&self, key: &str) -> &[String] {
        match self.entries.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)) {
            Some((_, Values::One(value))) => std::slice::from_ref(value),
            Some((_, Values::Many(values))) => values,
            None => &[],
        }
    }

    /// The value of a key that has exactly one: what a policy variable stands for.
    pub fn single(&self, key: &str) -> Option<&str> {
        match self.get(key) {
            [value] => Some(value),
            _ => None,
        }
    }

    /// The keys and their values, in the order in which they were set.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.entries.iter().map(|(name, values)| match values {
            Values::One(value) => (&**name, std::slice::from_ref(value)),
            Values::Many(values) => (&**name, values.as_slice()),
        })
    }

    fn put(&mut self, key: Cow<'static, str>, values: Values) -> &mut Self {
        match self.entries.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case(&key)) {
            Some((_, old)) => *old = values,
            None => self.entries.push((key, values)),
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case_and_replaced() {
        let mut context = Context::new().with("aws:SourceIp", "10.0.0.1");
        context.set("AWS:sourceip", "10.0.0.2").set_all("aws:TagKeys", ["a", "b"]).set_all("aws:Empty", Vec::<String>::new());
        assert_eq!(context.get("aws:sourceIP"), ["10.0.0.2"]);
        assert_eq!(context.get("aws:tagkeys"), ["a", "b"]);
        assert_eq!((context.single("aws:SourceIp"), context.single("aws:TagKeys")), (Some("10.0.0.2"), None));
        assert!(context.get("aws:Empty").is_empty() && context.get("aws:Other").is_empty());
        assert_eq!(context.iter().count(), 3);
    }
}
