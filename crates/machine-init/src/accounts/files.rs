//! The lines of `passwd(5)`, `group(5)` and `shadow(5)`. Pure; lines that can't be understood are passed over and kept.

use std::ops::RangeInclusive;

/// The numbers that are given to people (`UID_MIN` and `UID_MAX` of `login.defs(5)`).
const NUMBERS: RangeInclusive<u32> = 1000..=60_000;

/// A line of `passwd(5)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Login name.
    pub name: String,
    /// Its number.
    pub uid: u32,
    /// Number of its own group.
    pub gid: u32,
    /// Who it is.
    pub comment: String,
    /// Home folder, as the machine sees it.
    pub home: String,
    /// Login shell; `/bin/sh` where the file says nothing.
    pub shell: String,
}

/// A line of `group(5)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Name.
    pub name: String,
    /// Its number.
    pub gid: u32,
    /// Users who are in it beside those whose own it is.
    pub members: Vec<String>,
}

/// The users of a `passwd` file.
pub fn users(text: &str) -> impl Iterator<Item = User> {
    text.lines().filter_map(|line| {
        let [name, _, uid, gid, comment, home, shell] = line.split(':').collect::<Vec<_>>().try_into().ok()?;
        let shell = if shell.is_empty() { "/bin/sh" } else { shell };
        Some(User {
            name: name.into(),
            uid: uid.parse().ok()?,
            gid: gid.parse().ok()?,
            comment: comment.into(),
            home: home.into(),
            shell: shell.into(),
        })
    })
}

/// The groups of a `group` file.
pub fn groups(text: &str) -> impl Iterator<Item = Group> {
    text.lines().filter_map(|line| {
        let [name, _, gid, members] = line.split(':').collect::<Vec<_>>().try_into().ok()?;
        let members = members.split(',').filter(|it| !it.is_empty()).map(str::to_owned).collect();
        Some(Group { name: name.into(), gid: gid.parse().ok()?, members })
    })
}

/// Whether a user or group may be called so (`useradd(8)`, CAVEATS).
pub fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    let first = bytes.next().is_some_and(|byte| byte.is_ascii_lowercase() || byte == b'_');
    first && name.len() <= 32 && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-$.".contains(&byte))
}

/// The first number for people that stands in no third field of a `passwd` or `group` file.
pub fn free_number(text: &str) -> u32 {
    let taken: Vec<u32> = text.lines().filter_map(|line| line.split(':').nth(2)?.parse().ok()).collect();
    let mut numbers = NUMBERS;
    numbers.find(|number| !taken.contains(number)).unwrap_or(*NUMBERS.end())
}

/// The `passwd` file with one more line.
pub fn with_user(text: &str, user: &User) -> String {
    let User { name, uid, gid, comment, home, shell } = user;
    with_line(text, &format!("{name}:x:{uid}:{gid}:{}:{home}:{shell}", comment.replace([':', '\n'], " ")))
}

/// The `group` file with one more line, unless the name is taken.
pub fn with_group(text: &str, group: &Group) -> String {
    match groups(text).any(|it| it.name == group.name) {
        true => text.to_owned(),
        false => with_line(text, &format!("{}:x:{}:{}", group.name, group.gid, group.members.join(","))),
    }
}

/// The `group` file with a user in a group, which is made if it doesn't exist.
pub fn with_member(text: &str, group: &str, user: &str) -> String {
    let Some(found) = groups(text).find(|it| it.name == group) else {
        return match is_name(group) {
            true => with_group(text, &Group { name: group.into(), gid: free_number(text), members: vec![user.into()] }),
            false => text.to_owned(),
        };
    };
    if found.members.iter().any(|it| it == user) {
        return text.to_owned();
    }
    let prefix = format!("{group}:");
    let joined = |line: &str| match line.starts_with(&prefix) {
        true if found.members.is_empty() => format!("{line}{user}\n"),
        true => format!("{line},{user}\n"),
        false => format!("{line}\n"),
    };
    text.lines().map(joined).collect()
}

/// The `shadow` file with a line by which no password lets the user in.
pub fn with_locked_password(text: &str, user: &str) -> String {
    match text.lines().any(|line| line.split(':').next() == Some(user)) {
        true => text.to_owned(),
        false => with_line(text, &format!("{user}:!:19000:0:99999:7:::")),
    }
}

fn with_line(text: &str, line: &str) -> String {
    let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    format!("{text}{gap}{line}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\nbroken\nada:x:1000:1000::/home/ada:\nbad:x:-1:0::/:/bin/sh\n";

    #[test]
    fn users_are_read_and_nonsense_is_passed_over() {
        let names: Vec<_> = users(PASSWD).map(|user| (user.name, user.shell)).collect();
        assert_eq!(names, [("root".into(), "/bin/bash".into()), ("ada".to_owned(), "/bin/sh".to_owned())]);
        assert_eq!(free_number(PASSWD), 1001);
        assert_eq!(free_number(""), 1000);
    }

    #[test]
    fn groups_get_members_once() {
        let text = "wheel:x:10:\nadm:x:4:root";
        let text = with_member(text, "adm", "ada");
        assert_eq!(text, "wheel:x:10:\nadm:x:4:root,ada\n");
        assert_eq!(with_member(&text, "adm", "ada"), text);
        assert!(with_member(&text, "wheel", "ada").contains("wheel:x:10:ada\n"));
        assert!(with_member(&text, "new", "ada").ends_with("new:x:1000:ada\n"));
        assert_eq!(with_member(&text, "n:w", "ada"), text);
    }

    #[test]
    fn a_comment_can_not_forge_a_field() {
        let user = User { comment: "a:b\nroot2:x:0:0".into(), ..users(PASSWD).next().unwrap() };
        assert_eq!(users(&with_user("", &user)).count(), 1);
    }

    #[test]
    fn names_keep_to_the_rules() {
        for good in ["ec2-user", "_apt", "a.b", "samba$"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "Ada", "1a", "a b", "a:b", "a/b", "-a", &"a".repeat(33)] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
