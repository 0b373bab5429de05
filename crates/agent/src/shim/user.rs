//! Who a container runs as: `user`, `user:group`, `uid`, `uid:gid`, by the image's own `/etc/passwd` and `/etc/group`. Pure.

/// A user as the kernel knows one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Numeric user id.
    pub uid: u32,
    /// Numeric id of the first group.
    pub gid: u32,
    /// Ids of all groups, the first included: without any, the shim's own groups would stay.
    pub groups: Vec<u32>,
    /// The home folder, where the image names one.
    pub home: Option<String>,
}

struct Account<'a> {
    name: &'a str,
    uid: u32,
    gid: u32,
    home: &'a str,
}

/// Finds who is meant; an empty text is root.
///
/// # Errors
/// In Docker's words: `unable to find user nobody: no matching entries in passwd file`.
pub fn identify(user: &str, passwd: &str, group: &str) -> Result<Identity, String> {
    let (user, wanted_group) = match user.split_once(':') {
        Some((user, group)) => (user, Some(group)),
        None => (user, None),
    };
    let user = if user.is_empty() { "0" } else { user };
    let account = accounts(passwd).find(|account| account.name == user);
    let account = account.or_else(|| accounts(passwd).find(|account| Some(account.uid) == user.parse().ok()));
    let (uid, gid) = match &account {
        Some(account) => (account.uid, account.gid),
        None => (number(user).ok_or_else(|| format!("unable to find user {user}: no matching entries in passwd file"))?, 0),
    };
    let Some(wanted) = wanted_group.filter(|wanted| !wanted.is_empty()) else {
        let name = account.as_ref().map(|account| account.name);
        let mut groups = vec![gid];
        groups.extend(memberships(group, name).filter(|id| *id != gid));
        return Ok(Identity { uid, gid, groups, home: account.map(|account| account.home.to_owned()) });
    };
    let gid =
        group_id(group, wanted).ok_or_else(|| format!("unable to find group {wanted}: no matching entries in group file"))?;
    Ok(Identity { uid, gid, groups: vec![gid], home: account.map(|account| account.home.to_owned()) })
}

/// `name:password:uid:gid:comment:home:shell`, passwd(5).
fn accounts(passwd: &str) -> impl Iterator<Item = Account<'_>> {
    passwd.lines().filter_map(|line| {
        let fields: Vec<&str> = line.trim().split(':').collect();
        let [name, _, uid, gid, _, home, ..] = fields[..] else { return None };
        Some(Account { name, uid: number(uid)?, gid: number(gid)?, home })
    })
}

/// `name:password:gid:members`, group(5).
fn group_lines(group: &str) -> impl Iterator<Item = (&str, u32, &str)> {
    group.lines().filter_map(|line| {
        let fields: Vec<&str> = line.trim().split(':').collect();
        let [name, _, gid, members, ..] = fields[..] else { return None };
        Some((name, number(gid)?, members))
    })
}

fn memberships<'a>(group: &'a str, user: Option<&'a str>) -> impl Iterator<Item = u32> + 'a {
    group_lines(group).filter(move |(_, _, members)| members.split(',').any(|member| Some(member) == user)).map(|(_, gid, _)| gid)
}

fn group_id(group: &str, wanted: &str) -> Option<u32> {
    group_lines(group).find(|(name, _, _)| *name == wanted).map(|(_, gid, _)| gid).or_else(|| number(wanted))
}

/// The kernel takes 4294967295 for "no change": nobody can be that.
fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|id| *id <= i32::MAX as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33:www:/var/www:/bin/false\nbroken\n7:x:70:71::/seven:\n";
    const GROUP: &str = "root:x:0:\nwww-data:x:33:\nadm:x:4:syslog,www-data\nssl:x:112:www-data\n";

    fn ids(user: &str) -> Result<(u32, u32, Vec<u32>), String> {
        identify(user, PASSWD, GROUP).map(|who| (who.uid, who.gid, who.groups))
    }

    #[test]
    fn names_and_numbers_are_found() {
        assert_eq!(ids(""), Ok((0, 0, vec![0])));
        assert_eq!(ids("www-data"), Ok((33, 33, vec![33, 4, 112])));
        assert_eq!(ids("33"), Ok((33, 33, vec![33, 4, 112])));
        assert_eq!(ids("1000"), Ok((1000, 0, vec![0])));
        assert_eq!(ids("1000:1001"), Ok((1000, 1001, vec![1001])));
        assert_eq!(ids("www-data:adm"), Ok((33, 4, vec![4])));
        assert_eq!(ids("7"), Ok((70, 71, vec![71])), "a name wins over a number");
        assert_eq!(identify("www-data", PASSWD, GROUP).unwrap().home.as_deref(), Some("/var/www"));
    }

    #[test]
    fn the_unknown_is_said() {
        assert_eq!(ids("nobody").unwrap_err(), "unable to find user nobody: no matching entries in passwd file");
        assert_eq!(ids("0:wheel").unwrap_err(), "unable to find group wheel: no matching entries in group file");
        assert!(ids("4294967295").is_err());
        assert!(ids("-1").is_err());
    }
}
