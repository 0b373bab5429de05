//! What requests call functions and layers by (Lambda API reference, "FunctionName": a name, a partial ARN, an ARN, each with or without a
//! qualifier).

use super::errors;
use front::{Answer, Cx};
use model::{
    AccountId, Arn, Key, Region,
    lambda::{Function, LATEST, Layer},
};

/// The longest name of a function.
const LONGEST: usize = 64;

/// A function, and which of its versions or aliases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The function.
    pub key: Key<Function>,
    /// The version or alias, if one was named.
    pub qualifier: Option<String>,
}

impl Named {
    /// The ARN with the qualifier that was named.
    pub fn arn(&self) -> Arn {
        self.key.arn_of(self.qualifier.as_deref())
    }

    /// The alias or the published version that was named; `$LATEST` is none.
    pub fn published(&self) -> Option<&str> {
        self.qualifier.as_deref().filter(|qualifier| *qualifier != LATEST)
    }
}

/// A function by its name and a qualifier, which can be in the name.
///
/// # Errors
/// If it is in another region, its name is too long, or both name different qualifiers.
pub fn parse(cx: &Cx, name: &str, qualifier: Option<&str>) -> Answer<Named> {
    let parts = Parts::of(name);
    if parts.region.is_some_and(|region| region != cx.region.as_str()) {
        let region = parts.region.unwrap_or_default();
        return Err(errors::not_found(format!("Functions from '{region}' are not reachable in this region ('{}')", cx.region)));
    }
    let account = parts.account.map(AccountId::parse).transpose().map_err(|_| unreadable(name))?;
    if parts.name.is_empty() {
        return Err(unreadable(name));
    }
    if parts.name.len() > LONGEST {
        let limit = format_args!("Member must have length less than or equal to {LONGEST}");
        return Err(errors::constraint(name, "functionName", limit));
    }
    let qualifier = qualifier.filter(|qualifier| !qualifier.is_empty());
    if let (Some(within), Some(beside)) = (parts.qualifier, qualifier)
        && within != beside
    {
        return Err(errors::invalid("The derived qualifier from the function name does not match the specified qualifier."));
    }
    let key = Key::new(account.as_ref().unwrap_or(&cx.account), &cx.region, parts.name);
    Ok(Named { key, qualifier: qualifier.or(parts.qualifier).map(str::to_owned) })
}

/// A function by its name, in a request that is about all of its versions.
///
/// # Errors
/// As those of [`parse`], and if the name has a qualifier.
pub fn parse_whole(cx: &Cx, name: &str) -> Answer<Key<Function>> {
    let named = parse(cx, name, None)?;
    match named.published() {
        None => Ok(named.key),
        Some(qualifier) => {
            Err(errors::invalid(format!("The function name has the qualifier {qualifier}, which is not allowed here.")))
        }
    }
}

fn unreadable(name: &str) -> wire::Fault {
    errors::constraint(name, "functionName", "Member must be a function's name or ARN")
}

#[derive(Debug, PartialEq)]
struct Parts<'a> {
    region: Option<&'a str>,
    account: Option<&'a str>,
    name: &'a str,
    qualifier: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// The model has checked the form: `[arn:partition:lambda:][region:][account:][function:]name[:qualifier]`.
    fn of(text: &'a str) -> Self {
        let text = if text.starts_with("arn:") { text.splitn(4, ':').nth(3).unwrap_or_default() } else { text };
        let mut parts = text.split(':').peekable();
        let is_region = |part: &&str| Region::parse(part).is_ok() && part.matches('-').count() >= 2 && !part.ends_with('-');
        let more = text.contains(':');
        let region = parts.next_if(|part| more && is_region(part) && text.contains(":function:"));
        let account = parts.next_if(|part| more && AccountId::parse(part).is_ok());
        let _kind = parts.next_if(|part| more && *part == "function");
        let name = parts.next().unwrap_or_default();
        Self { region, account, name, qualifier: parts.next() }
    }
}

/// A layer by its name or its ARN.
///
/// # Errors
/// If it is in another region.
pub fn parse_layer(cx: &Cx, name: &str) -> Answer<Key<Layer>> {
    let Ok(arn) = name.parse::<Arn>() else { return Ok(Key::new(&cx.account, &cx.region, name)) };
    let account = AccountId::parse(&arn.account).map_err(|_| errors::nothing())?;
    let layer = arn.resource.strip_prefix("layer:").ok_or_else(errors::nothing)?;
    if arn.region != cx.region.as_str() {
        let text = format!("Layers from '{}' are not reachable in this region ('{}')", arn.region, cx.region);
        return Err(errors::not_found(text));
    }
    Ok(Key::new(&account, &cx.region, layer))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (Option<&str>, Option<&str>, &str, Option<&str>) {
        let Parts { region, account, name, qualifier } = Parts::of(text);
        (region, account, name, qualifier)
    }

    #[test]
    fn functions_have_many_names() {
        let (region, account) = (Some("eu-west-1"), Some("111122223333"));
        assert_eq!(parts("f"), (None, None, "f", None));
        assert_eq!(parts("f:live"), (None, None, "f", Some("live")));
        assert_eq!(parts("f:$LATEST"), (None, None, "f", Some("$LATEST")));
        assert_eq!(parts("function"), (None, None, "function", None));
        assert_eq!(parts("function:f"), (None, None, "f", None));
        assert_eq!(parts("111122223333:function:f"), (None, account, "f", None));
        assert_eq!(parts("111122223333:f:1"), (None, account, "f", Some("1")));
        assert_eq!(parts("arn:aws:lambda:eu-west-1:111122223333:function:f"), (region, account, "f", None));
        assert_eq!(parts("arn:aws:lambda:eu-west-1:111122223333:function:f:1"), (region, account, "f", Some("1")));
        assert_eq!(parts("us-east-1a"), (None, None, "us-east-1a", None));
        assert_eq!(parts("my-own-function:live"), (None, None, "my-own-function", Some("live")));
    }
}
