//! What a VPC comes with lets IPv6 pass as soon as it speaks it, unless somebody has changed it.

use model::{
    Cidr,
    ec2::{AclEntry, AclPeer, NetworkAclSpec, Peer, SecurityGroupRule, SecurityGroupSpec},
};

/// All addresses of IPv6, as rules have them.
const EVERYWHERE: &str = "::/0";

/// The group with a rule that lets everything of IPv6 out, if it lets everything of IPv4 out and says no more about that.
pub fn open_group(group: &SecurityGroupSpec, id: impl FnOnce() -> String) -> Option<SecurityGroupSpec> {
    let mut egress = group.rules.iter().filter(|rule| rule.egress);
    let (only, None) = (egress.next()?, egress.next()) else { return None };
    if only.permission.protocol != "-1" || only.permission.peer != Peer::Ipv4(Cidr::ANY) {
        return None;
    }
    let mut rule = SecurityGroupRule { id: id(), description: None, ..only.clone() };
    rule.permission.peer = Peer::Ipv6(EVERYWHERE.into());
    let mut open = group.clone();
    open.rules.push(rule);
    Some(open)
}

/// The ACL with an entry each way that lets everything of IPv6 pass, if its only entries let everything of IPv4 pass.
pub fn open_acl(acl: &NetworkAclSpec) -> Option<NetworkAclSpec> {
    let is_open = |it: &AclEntry| it.allow && it.protocol.is_none() && it.peer == AclPeer::Ipv4(Cidr::ANY) && it.number == 100;
    if acl.entries.len() != 2 || !acl.entries.iter().all(is_open) {
        return None;
    }
    let added =
        acl.entries.iter().map(|it| AclEntry { number: it.number + 1, peer: AclPeer::Ipv6(EVERYWHERE.into()), ..it.clone() });
    let mut open = acl.clone();
    open.entries.extend(added.collect::<Vec<_>>());
    Some(open)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vpc::standard;

    #[test]
    fn what_is_as_it_was_is_opened_once() {
        let made = standard("vpc-1", &|prefix, what| format!("{prefix}-{what}"));
        let group = open_group(&made.group.1, || "sgr-6".into()).unwrap();
        assert_eq!(group.rules.last().unwrap().permission.peer, Peer::Ipv6("::/0".into()));
        assert_eq!(open_group(&group, || "sgr-7".into()), None);
        let acl = open_acl(&made.acl.1).unwrap();
        assert_eq!(acl.entries.iter().map(|it| it.number).collect::<Vec<_>>(), [100, 100, 101, 101]);
        assert_eq!(open_acl(&acl), None);
    }

    #[test]
    fn what_was_changed_stays() {
        let mut made = standard("vpc-1", &|prefix, what| format!("{prefix}-{what}"));
        made.group.1.rules.iter_mut().for_each(|rule| rule.permission.protocol = "tcp".into());
        made.acl.1.entries[0].allow = false;
        assert_eq!((open_group(&made.group.1, String::new), open_acl(&made.acl.1)), (None, None));
    }
}
