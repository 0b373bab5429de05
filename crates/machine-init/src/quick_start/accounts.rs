//! The machine's accounts: root, the default user, and the host's system accounts, whose numbers own files in its `/usr`. Pure.

use crate::{
    accounts::{Group, User, groups, users},
    boot::DEFAULT_USER,
};

/// The number of the default user and of its group.
pub const NUMBER: u32 = 1000;

/// Groups that a machine needs, where the host has none of the name.
const NEEDED: &[(&str, u32)] = &[("adm", 4), ("tty", 5), ("wheel", 10)];

/// Everybody from here on is a person of the host's.
const FIRST_PERSON: u32 = 1000;
const NOBODY: u32 = 65_534;

/// The contents of the three files.
pub struct Files {
    /// `passwd(5)`.
    pub passwd: String,
    /// `group(5)`.
    pub group: String,
    /// `shadow(5)`: nobody has a password.
    pub shadow: String,
}

/// Makes them of the host's `passwd` and `group`.
pub fn files(passwd: &str, group: &str) -> Files {
    let mut people = vec![person("root", 0, "root", "/root"), person(DEFAULT_USER, NUMBER, "EC2 Default User", "/home/ec2-user")];
    people.extend(users(passwd).filter(|user| is_system(user.uid) && user.name != "root"));
    if !people.iter().any(|user| user.name == "sshd") {
        people.push(User { shell: "/usr/sbin/nologin".into(), ..person("sshd", 74, "Privilege-separated SSH", "/run/sshd") });
    }
    let line = |user: &User| format!("{}:x:{}:{}:{}:{}:{}\n", user.name, user.uid, user.gid, user.comment, user.home, user.shell);
    let locked = |user: &User| format!("{}:!:19000:0:99999:7:::\n", user.name);
    Files {
        passwd: people.iter().map(line).collect(),
        group: all_groups(group)
            .iter()
            .map(|group| format!("{}:x:{}:{}\n", group.name, group.gid, group.members.join(",")))
            .collect(),
        shadow: people.iter().map(locked).collect(),
    }
}

fn person(name: &str, number: u32, comment: &str, home: &str) -> User {
    User { name: name.into(), uid: number, gid: number, comment: comment.into(), home: home.into(), shell: "/bin/bash".into() }
}

fn all_groups(text: &str) -> Vec<Group> {
    let group = |name: &str, gid| Group { name: name.into(), gid, members: Vec::new() };
    let mut all = vec![group("root", 0), group(DEFAULT_USER, NUMBER)];
    all.extend(groups(text).filter(|it| is_system(it.gid) && it.name != "root").map(|it| group(&it.name, it.gid)));
    for (name, gid) in NEEDED {
        if !all.iter().any(|it| it.name == *name || it.gid == *gid) {
            all.push(group(name, *gid));
        }
    }
    all
}

fn is_system(number: u32) -> bool {
    number != 0 && (number < FIRST_PERSON || number == NOBODY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_of_the_host_stay_there() {
        let made = files(
            "root:x:0:0:root:/root:/bin/zsh\nwww-data:x:33:33::/var/www:/usr/sbin/nologin\nada:x:1000:1000::/home/ada:/bin/sh\n\
             nobody:x:65534:65534::/:/bin/false\n",
            "root:x:0:\ntty:x:5:\nwww-data:x:33:ada\nada:x:1000:\n",
        );
        let names: Vec<_> = users(&made.passwd).map(|user| user.name).collect();
        assert_eq!(names, ["root", "ec2-user", "www-data", "nobody", "sshd"]);
        assert!(made.passwd.starts_with("root:x:0:0:root:/root:/bin/bash\n"));
        assert!(!made.group.contains("ada"));
        assert_eq!(groups(&made.group).filter(|group| group.gid == 5).count(), 1);
        assert!(groups(&made.group).any(|group| group.name == "wheel"));
        assert!(made.shadow.lines().all(|line| line.contains(":!:")));
    }
}
