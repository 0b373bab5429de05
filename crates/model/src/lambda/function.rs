//! Functions: what all versions of one have in common.

use super::{Alias, EventInvoke, LATEST, Policy, Provisioned, Tags, Url, Version, qualified_id};
use crate::{AccountId, Arn, Key, Record, Region, Timestamp};
use serde::{Deserialize, Serialize};

/// A function, under its name.
pub enum Function {}

impl Record for Function {
    const KIND: &'static str = "lambda/function";
    type Spec = FunctionSpec;
    type Plan = ();
    type Observed = ();
}

/// What a [`Function`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionSpec {
    /// When it was made.
    pub created: Timestamp,
    /// Another one than that of a function of the same name which was deleted.
    pub id: String,
    /// The number of the version that was published last; 0 before the first. Numbers aren't used again.
    pub last_version: u64,
    /// So many invocations at a time, and no more, are for this function; none shares what nobody has reserved.
    pub reserved_concurrency: Option<u32>,
    /// What is done where it calls itself again and again.
    pub recursion: RecursiveLoop,
    /// Its tags.
    pub tags: Tags,
}

/// `RecursiveLoop`: what is done where a function calls itself again and again by way of queues.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecursiveLoop {
    /// It is stopped.
    #[default]
    Terminate,
    /// It goes on.
    Allow,
}

impl Key<Function> {
    /// The function of an ARN, with or without a qualifier, which is given as well.
    pub fn of_arn(arn: &Arn) -> Option<(Self, Option<&str>)> {
        let name = arn.resource.strip_prefix("function:").filter(|_| arn.service == "lambda")?;
        let (name, qualifier) = name.split_once(':').map_or((name, None), |(name, qualifier)| (name, Some(qualifier)));
        let (account, region) = (AccountId::parse(&arn.account).ok()?, Region::parse(&arn.region).ok()?);
        (arn.partition == region.partition() && !name.is_empty()).then(|| (Self::new(&account, &region, name), qualifier))
    }

    /// The ARN without a qualifier.
    pub fn arn(&self) -> Arn {
        Arn::new("lambda", &self.region, &self.account, format!("function:{}", self.id))
    }

    /// The ARN of a version or an alias.
    pub fn qualified(&self, qualifier: &str) -> Arn {
        Arn::new("lambda", &self.region, &self.account, format!("function:{}:{qualifier}", self.id))
    }

    /// The ARN with the qualifier that there is.
    pub fn arn_of(&self, qualifier: Option<&str>) -> Arn {
        qualifier.map_or_else(|| self.arn(), |qualifier| self.qualified(qualifier))
    }

    /// The version that can be changed.
    pub fn latest(&self) -> Key<Version> {
        self.version(LATEST)
    }

    /// A version: `$LATEST` or a number.
    pub fn version(&self, version: &str) -> Key<Version> {
        self.child(version)
    }

    /// An alias.
    pub fn alias(&self, name: &str) -> Key<Alias> {
        self.child(name)
    }

    /// The policy of the function or one of its versions or aliases.
    pub fn policy(&self, qualifier: Option<&str>) -> Key<Policy> {
        Key::new(&self.account, &self.region, qualified_id(&self.id, qualifier))
    }

    /// The URL of `$LATEST` or an alias.
    pub fn url(&self, qualifier: Option<&str>) -> Key<Url> {
        self.child(qualifier.unwrap_or(LATEST))
    }

    /// How events for it are treated.
    pub fn event_invoke(&self, qualifier: Option<&str>) -> Key<EventInvoke> {
        self.child(qualifier.unwrap_or(LATEST))
    }

    /// The environments that are kept ready for a version or an alias.
    pub fn provisioned(&self, qualifier: &str) -> Key<Provisioned> {
        self.child(qualifier)
    }

    /// What the ids of all that belongs to it begin with.
    pub fn children(&self) -> String {
        format!("{}:", self.id)
    }

    fn child<R: Record>(&self, own: &str) -> Key<R> {
        Key::new(&self.account, &self.region, format!("{}:{own}", self.id))
    }
}

macro_rules! of_a_function {
    ($($record:ident)+) => {$(
        impl Key<$record> {
            /// The function that it belongs to.
            pub fn function(&self) -> Key<Function> {
                Key::new(&self.account, &self.region, super::parent(&self.id))
            }
        }
    )+};
}
of_a_function!(Version Alias Policy Url EventInvoke Provisioned);

macro_rules! qualified {
    ($($record:ident)+) => {$(
        impl Key<$record> {
            /// What it is of: `$LATEST`, a version's number, or an alias.
            pub fn qualifier(&self) -> &str {
                super::own_id(&self.id)
            }

            /// The ARN of what it is of.
            pub fn target(&self) -> Arn {
                self.function().qualified(self.qualifier())
            }
        }
    )+};
}
qualified!(Url EventInvoke Provisioned);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_found_by_their_arns() {
        let arn = |text: &str| text.parse::<Arn>().unwrap();
        let plain = arn("arn:aws:lambda:eu-west-1:111122223333:function:f");
        let (key, qualifier) = Key::<Function>::of_arn(&plain).unwrap();
        assert_eq!((&key.arn(), qualifier), (&plain, None));
        let alias = arn("arn:aws:lambda:eu-west-1:111122223333:function:f:live");
        let (key, qualifier) = Key::<Function>::of_arn(&alias).unwrap();
        assert_eq!((key.id.as_str(), qualifier, key.qualified("live")), ("f", Some("live"), Arn::clone(&alias)));
        for other in [
            "arn:aws:lambda:eu-west-1:111122223333:layer:f",
            "arn:aws-cn:lambda:eu-west-1:111122223333:function:f",
            "arn:aws:lambda:eu-west-1:1:function:f",
            "arn:aws:sqs:eu-west-1:111122223333:function:f",
        ] {
            assert_eq!(Key::<Function>::of_arn(&arn(other)), None, "{other}");
        }
    }

    #[test]
    fn children_know_their_function() {
        let function: Key<Function> =
            Key::new(&AccountId::parse("111122223333").unwrap(), &Region::parse("eu-west-1").unwrap(), "f");
        assert_eq!(function.latest().function(), function);
        assert_eq!(function.url(None).qualifier(), LATEST);
        assert_eq!(function.policy(None).function(), function);
        assert_eq!(function.event_invoke(Some("live")).target(), function.qualified("live"));
    }
}
