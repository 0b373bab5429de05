//! Who makes a request, and whom a policy names (IAM user guide, "AWS JSON policy elements: Principal" and "NotPrincipal").

use super::Effect;

/// Whoever makes a request, as far as policies can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller<'a> {
    /// Its ARN (of a session: the session's); of a service its name, such as `ecs-tasks.amazonaws.com`; of a web identity its provider's
    /// ARN.
    pub arn: &'a str,
    /// Its account; empty for whoever has none.
    pub account: &'a str,
    /// What it is.
    pub kind: CallerKind<'a>,
}

/// What makes a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerKind<'a> {
    /// An account itself.
    Root,
    /// A user.
    User,
    /// A session of a role.
    AssumedRole {
        /// The role's ARN, its path included.
        role_arn: &'a str,
    },
    /// A session that `GetFederationToken` has made.
    FederatedUser {
        /// The user that has made it; none stands for the account's root.
        user_arn: Option<&'a str>,
    },
    /// Somebody with a token of an identity provider: `AssumeRoleWithWebIdentity`.
    WebIdentity,
    /// A service, on its own behalf.
    Service,
    /// Nobody knows: the request isn't signed.
    Anonymous,
}

impl CallerKind<'_> {
    /// Whether it is of an account.
    pub(super) fn has_account(&self) -> bool {
        !matches!(self, CallerKind::WebIdentity | CallerKind::Service | CallerKind::Anonymous)
    }

    /// Whether policies can be attached to it, to its boundary or its session: not to a root, nor to who is of no account.
    pub(super) fn has_policies(&self) -> bool {
        self.has_account() && *self != CallerKind::Root
    }
}

/// How directly a statement names the caller, which says what its grant is limited by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grant {
    /// Its account, which may pass the permission on: an identity-based policy has to allow too.
    Account,
    /// The role or the user that a session is of: boundary and session policies still limit it.
    Entity,
    /// The caller, or everyone: nothing but an explicit deny limits it.
    Direct,
}

/// A `Principal` or `NotPrincipal` element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Principals {
    /// It is `NotPrincipal`.
    pub not: bool,
    /// `*` is among them.
    pub everyone: bool,
    pub named: Vec<Named>,
}

/// One that is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// The number.
    Account(String),
    Arn(String),
    /// A service's name, or `*`.
    Service(String),
    /// An identity provider, or `*`.
    Federated(String),
    /// Known to Amazon S3 only: no caller has one.
    CanonicalUser,
}

impl Named {
    /// An entry of `AWS`: a number, an ARN, or `None` if it is neither.
    pub fn aws(text: &str) -> Option<Self> {
        if is_account(text) {
            return Some(Named::Account(text.to_owned()));
        }
        let mut parts = text.splitn(6, ':');
        let mut part = || parts.next();
        let known = part() == Some("arn") && part().is_some_and(|it| !it.is_empty());
        let (service, region, account, resource) = (part()?, part()?, part()?, part()?);
        let shaped =
            known && matches!(service, "iam" | "sts") && region.is_empty() && is_account(account) && !resource.is_empty();
        match resource {
            _ if !shaped || resource.contains(['*', '?']) => None,
            "root" => Some(Named::Account(account.to_owned())),
            _ => Some(Named::Arn(text.to_owned())),
        }
    }

    fn grants(&self, caller: &Caller<'_>) -> Option<Grant> {
        let is = |name: &String, text: &str| name == "*" || name == text;
        match (self, caller.kind) {
            (Named::Service(name), CallerKind::Service) => is(name, caller.arn).then_some(Grant::Direct),
            (Named::Federated(name), CallerKind::WebIdentity) => is(name, caller.arn).then_some(Grant::Direct),
            (_, CallerKind::Service | CallerKind::WebIdentity | CallerKind::Anonymous) => None,
            (Named::Account(number), CallerKind::Root) => (number == caller.account).then_some(Grant::Direct),
            (Named::Account(number), _) => (number == caller.account).then_some(Grant::Account),
            (Named::Arn(arn), _) if arn == caller.arn => Some(Grant::Direct),
            (Named::Arn(arn), CallerKind::AssumedRole { role_arn }) => (arn == role_arn).then_some(Grant::Entity),
            (Named::Arn(arn), CallerKind::FederatedUser { user_arn }) => (Some(&**arn) == user_arn).then_some(Grant::Entity),
            _ => None,
        }
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl Principals {
    /// Whether a statement is about the caller, and how directly. `bounded`: the caller has a permissions boundary.
    pub fn grants(&self, caller: &Caller<'_>, effect: Effect, bounded: bool) -> Option<Grant> {
        if self.not {
            return (!self.excepts(caller, effect, bounded)).then_some(Grant::Direct);
        }
        if self.everyone {
            return Some(Grant::Direct);
        }
        self.named.iter().filter_map(|named| named.grants(caller)).max()
    }

    /// Whether `NotPrincipal` leaves the caller out.
    ///
    /// A deny leaves out only whose every link is named: the account, the role, the session. It leaves out none that has a permissions
    /// boundary (IAM user guide, "Permissions boundaries for IAM entities"). An allow leaves out whoever has one link that is named.
    fn excepts(&self, caller: &Caller<'_>, effect: Effect, bounded: bool) -> bool {
        if self.everyone {
            return true;
        }
        let named = |link: Link<'_>| self.named.iter().any(|named| link.is(named));
        let mut links = links(caller);
        match effect {
            Effect::Deny => !bounded && links.all(named) && caller.kind != CallerKind::Anonymous,
            Effect::Allow => links.any(named),
        }
    }
}

/// One of those that a caller is at once.
#[derive(Clone, Copy)]
enum Link<'a> {
    Account(&'a str),
    Arn(&'a str),
    Service(&'a str),
    Federated(&'a str),
}

impl Link<'_> {
    fn is(self, named: &Named) -> bool {
        match (self, named) {
            (Link::Account(link), Named::Account(name)) | (Link::Arn(link), Named::Arn(name)) => link == name,
            (Link::Service(link), Named::Service(name)) | (Link::Federated(link), Named::Federated(name)) => {
                name == "*" || link == name
            }
            _ => false,
        }
    }
}

fn links<'a>(caller: &Caller<'a>) -> impl Iterator<Item = Link<'a>> {
    let account = Some(Link::Account(caller.account));
    let own = Some(Link::Arn(caller.arn));
    let links = match caller.kind {
        CallerKind::Root => [account, None, None],
        CallerKind::User => [account, own, None],
        CallerKind::AssumedRole { role_arn } => [account, Some(Link::Arn(role_arn)), own],
        CallerKind::FederatedUser { user_arn } => [account, user_arn.map(Link::Arn), own],
        CallerKind::WebIdentity => [Some(Link::Federated(caller.arn)), None, None],
        CallerKind::Service => [Some(Link::Service(caller.arn)), None, None],
        CallerKind::Anonymous => [None, None, None],
    };
    links.into_iter().flatten()
}
