//! Condition keys that requests of many services tell in the same way (IAM user guide, "AWS global condition context keys").

use logic::policy::Context;

/// `aws:RequestTag/…` and `aws:TagKeys`: the tags that a request gives.
pub fn request_tags<K: AsRef<str>, V: Into<String>>(tags: impl IntoIterator<Item = (K, V)>) -> Context {
    let mut context = Context::new();
    let mut names = Vec::new();
    for (name, value) in tags {
        context.set(format!("aws:RequestTag/{}", name.as_ref()), value);
        names.push(name.as_ref().to_owned());
    }
    context.set_all("aws:TagKeys", names);
    context
}

/// `aws:TagKeys`: the tags that a request takes away.
pub fn tag_keys<K: Into<String>>(names: impl IntoIterator<Item = K>) -> Context {
    let mut context = Context::new();
    context.set_all("aws:TagKeys", names);
    context
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_told_one_by_one_and_together() {
        let told = request_tags([("team", "a"), ("stage", "b")]);
        assert_eq!(told.get("aws:RequestTag/team"), ["a"]);
        assert_eq!(told.get("aws:TagKeys"), ["team", "stage"]);
        assert!(request_tags(<[(&str, &str); 0]>::default()).get("aws:TagKeys").is_empty());
        assert_eq!(tag_keys(["team"]).get("aws:TagKeys"), ["team"]);
    }
}
