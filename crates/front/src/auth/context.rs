//! The global condition keys (IAM user guide, "AWS global condition context keys"): what is known of the caller and of the way that a request came.

use super::{facts::ResourcePolicy, policies::Compiled};
use logic::policy::{Attached, Context, Kind};
use model::{
    AccountId, Key, Timestamp,
    ec2::VpcEndpoint,
    iam::{AccessKeySpec, Principal, Session, Tags, User, base_name},
};
use spine::{Read, Scope, Snapshot};
use std::net::IpAddr;
use wire::{Fault, Time};

/// How a request came.
#[derive(Clone, Debug, Default)]
pub struct Circumstances {
    /// The address at the other end of the connection; none for one that came by a socket of this machine.
    pub source: Option<IpAddr>,
    /// What the client says of itself.
    pub user_agent: Option<String>,
    /// `Referer`.
    pub referer: Option<String>,
    /// The region that the request is addressed to.
    pub region: String,
    /// The VPC endpoint by way of which it came.
    pub endpoint: Option<ViaEndpoint>,
}

/// A VPC endpoint by way of which a request came.
#[derive(Clone, Debug)]
pub struct ViaEndpoint {
    /// `vpce-…`.
    pub id: String,
    /// Of whoever sent it, inside the VPC.
    pub source: IpAddr,
}

impl Circumstances {
    /// The keys that say nothing of the caller.
    pub(super) fn context(&self, now: Timestamp) -> Context {
        let mut context = Context::default();
        context.set("aws:CurrentTime", Time(now.0).to_the_second());
        context.set("aws:EpochTime", (now.0 / 1000).to_string());
        context.set("aws:RequestedRegion", &self.region);
        context.set("aws:SecureTransport", if self.stays_here() { "true" } else { "false" });
        context.set("aws:ViaAWSService", "false");
        for (key, value) in [("aws:UserAgent", &self.user_agent), ("aws:Referer", &self.referer)] {
            if let Some(value) = value {
                context.set(key, value);
            }
        }
        if let Some(source) = self.source {
            context.set("aws:SourceIp", source.to_string());
        }
        context
    }

    /// Whether it never left this machine. The front speaks no TLS of its own, but nobody listens to a loopback address or to a socket
    /// file, so such a way is as safe as TLS (W3C, "Secure Contexts", 3.1), and policies that demand TLS don't shut everybody out.
    fn stays_here(&self) -> bool {
        self.source.is_none_or(|source| source.to_canonical().is_loopback())
    }

    /// The endpoint by way of which it came, with its policy, which is compiled.
    ///
    /// # Errors
    /// An endpoint that is gone lets nothing pass.
    pub(super) fn passed(&self, snapshot: &Snapshot, compiled: &Compiled) -> Result<Option<Passed>, Fault> {
        let Some(via) = &self.endpoint else { return Ok(None) };
        let all = snapshot.specs::<VpcEndpoint>(Scope::All)?;
        let Some((_, endpoint)) = all.into_iter().find(|(key, _)| key.id == via.id) else {
            return Err(Fault::client("AccessDenied", format!("The VPC endpoint {} is gone", via.id)).status(403));
        };
        let (name, document) = (via.id.as_str().into(), endpoint.policy.clone());
        let policy = compiled.of_resource(&ResourcePolicy { name, document, kind: Kind::Resource })?;
        Ok(Some(Passed { via: via.clone(), vpc: endpoint.vpc.clone(), policy }))
    }
}

/// A VPC endpoint that has let a request pass, if its policy does.
pub(super) struct Passed {
    via: ViaEndpoint,
    vpc: String,
    pub(super) policy: Attached,
}

impl Passed {
    /// Sets the keys that say so.
    pub(super) fn describe(&self, context: &mut Context) {
        context.set("aws:SourceVpce", &self.via.id);
        context.set("aws:SourceVpc", &self.vpc);
        context.set("aws:VpcSourceIp", self.via.source.to_string());
    }
}

/// The keys that say who the holder of an access key is, and which tags it has ([`lasting_tags`]).
pub(super) fn of_key(context: &mut Context, key: &AccessKeySpec, lasting: &Tags) {
    of_principal(context, &key.account, &key.principal);
    tags(context, lasting);
    if let Some(session) = &key.session {
        of_session(context, session, key.created_at);
    }
}

/// The keys that follow from the principal alone.
pub(super) fn of_principal(context: &mut Context, account: &AccountId, principal: &Principal) {
    context.set("aws:PrincipalType", kind(principal));
    if *principal == Principal::Anonymous {
        // Nobody is in no account, whichever account it is that they ask something of.
        return;
    }
    if let Principal::Service { name } = principal {
        context.set("aws:PrincipalIsAWSService", "true");
        context.set("aws:PrincipalServiceName", name);
        return;
    }
    let arn = principal.role_arn(account).unwrap_or_else(|| principal.arn(account));
    context.set("aws:PrincipalArn", arn.to_string());
    context.set("aws:PrincipalAccount", account.as_str());
    context.set("aws:PrincipalIsAWSService", "false");
    context.set("aws:userid", principal.id(account));
    if let Principal::User { name, .. } = principal {
        context.set("aws:username", base_name(name));
    }
}

fn kind(principal: &Principal) -> &'static str {
    match principal {
        Principal::Root => "Account",
        Principal::Anonymous => "Anonymous",
        Principal::Service { .. } => "Service",
        Principal::User { .. } => "User",
        Principal::AssumedRole { .. } => "AssumedRole",
        Principal::FederatedUser { .. } => "FederatedUser",
    }
}

fn of_session(context: &mut Context, session: &Session, issued_at: Timestamp) {
    context.set("aws:TokenIssueTime", Time(issued_at.0).to_the_second());
    // There are no devices yet; temporary credentials always say whether one was used, lasting ones never do.
    context.set("aws:MultiFactorAuthPresent", "false");
    let terms = &session.terms;
    tags(context, &terms.tags);
    if let Some(identity) = &terms.source_identity {
        context.set("aws:SourceIdentity", identity);
    }
    if let Some(federation) = &terms.federation {
        context.set("aws:FederatedProvider", &federation.provider);
        for (key, value) in &federation.claims {
            context.set(key.clone(), value);
        }
    }
}

fn tags(context: &mut Context, tags: &Tags) {
    for (key, value) in tags {
        context.set(format!("aws:PrincipalTag/{key}"), value);
    }
}

/// The tags of a user; those of a role are copied into its sessions.
pub(super) fn lasting_tags(snapshot: &Snapshot, key: &AccessKeySpec) -> Result<Tags, Fault> {
    let Principal::User { name, .. } = &key.principal else { return Ok(Tags::new()) };
    let user = snapshot.spec(&Key::<User>::named(&key.account, base_name(name)))?;
    Ok(user.map(|user| user.tags.clone()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stays_on_this_machine_came_safely() {
        let secure = |source: Option<&str>| {
            let source = source.map(|source| source.parse().unwrap());
            let context = Circumstances { source, ..Circumstances::default() }.context(Timestamp(0));
            context.iter().any(|(key, values)| key.eq_ignore_ascii_case("aws:SecureTransport") && values == ["true"])
        };
        for here in [None, Some("127.0.0.1"), Some("127.0.0.53"), Some("::1"), Some("::ffff:127.0.0.1")] {
            assert!(secure(here), "{here:?}");
        }
        for elsewhere in ["10.0.0.1", "192.168.1.4", "2001:db8::1", "::ffff:10.0.0.1"] {
            assert!(!secure(Some(elsewhere)), "{elsewhere}");
        }
    }
}
