//! Makes the machine what its key pair and its cloud-config say: users, keys, files.

use super::{
    DEFAULT_USER,
    cloud_config::{Account, CloudConfig, WriteFile},
    courtesy,
    log::{note, say},
};
use crate::accounts::{Accounts, NewUser, User};
use model::Env;
use std::{
    fs::{self, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt, chown, symlink},
    path::Path,
};

/// Groups of the default user, where the image has them.
const GROUPS: &[&str] = &["adm", "wheel", "sudo", "systemd-journal"];

/// Rules of `sudoers(5)` for those whom user data name, in a file that cloud-init calls so.
const SUDOERS: &str = "/etc/sudoers.d/90-cloud-init-users";

/// Makes the users and lets their keys in.
pub fn accounts(config: &CloudConfig, keys: &[String]) {
    let accounts = Accounts::here();
    let mut people = config.users.others.clone();
    let ours: Vec<String> = keys.iter().chain(&config.ssh_authorized_keys).cloned().collect();
    if config.users.default_user {
        people.insert(0, default_user(&ours));
    }
    for person in &people {
        note(&format!("{} can't be made", person.name), person_of(&accounts, person));
    }
    let roots = ours.iter().map(|key| match config.root_may_log_in {
        true => key.clone(),
        false => courtesy::line(key, DEFAULT_USER),
    });
    if let Ok(Some(root)) = accounts.user("root") {
        note("root's keys can't be written", authorize(&root, &roots.collect::<Vec<_>>()));
    }
    note("sudo rules can't be written", write_sudoers(&people));
}

fn default_user(keys: &[String]) -> Account {
    let exists = |group: &&str| {
        fs::read_to_string("/etc/group").is_ok_and(|text| text.lines().any(|line| line.starts_with(&format!("{group}:"))))
    };
    let groups = GROUPS.iter().copied().filter(exists).map(str::to_owned).collect();
    let new = NewUser { comment: "EC2 Default User".into(), groups, ..NewUser::default() };
    Account { name: DEFAULT_USER.into(), new, sudo: vec!["ALL=(ALL) NOPASSWD:ALL".into()], keys: keys.to_vec() }
}

fn person_of(accounts: &Accounts, person: &Account) -> io::Result<()> {
    let user = accounts.add(&person.name, &person.new)?;
    authorize(&user, &person.keys)
}

/// Adds keys to those that let a user in. Nothing is followed that the user could have laid there, since this is done as root.
fn authorize(user: &User, keys: &[String]) -> io::Result<()> {
    if keys.is_empty() {
        return Ok(());
    }
    let folder = Path::new(&user.home).join(".ssh");
    match fs::create_dir(&folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Err(_) if !folder.symlink_metadata()?.is_dir() => return Err(io::Error::other("~/.ssh is no folder")),
        _ => {}
    }
    fs::set_permissions(&folder, Permissions::from_mode(0o700))?;
    chown(&folder, Some(user.uid), Some(user.gid))?;
    let path = folder.join("authorized_keys");
    let there = match OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW).open(&path) {
        Ok(file) => io::read_to_string(file)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    let beside = folder.join(".authorized_keys.new");
    let _ = fs::remove_file(&beside);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all(with_keys(&there, keys).as_bytes())?;
    std::os::unix::fs::fchown(&file, Some(user.uid), Some(user.gid))?;
    fs::rename(beside, path)
}

/// The lines that were there, and those that weren't.
fn with_keys(there: &str, keys: &[String]) -> String {
    let mut lines: Vec<&str> = there.lines().collect();
    for key in keys.iter().map(|key| key.trim()).filter(|key| !key.contains('\n')) {
        if !lines.contains(&key) {
            lines.push(key);
        }
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn write_sudoers(people: &[Account]) -> io::Result<()> {
    let path = Path::new(SUDOERS);
    if !path.parent().is_some_and(Path::is_dir) {
        return Ok(()); // there is no sudo
    }
    let lines = people.iter().flat_map(|person| person.sudo.iter().map(|rule| format!("{} {rule}\n", person.name)));
    let _ = fs::remove_file(path);
    OpenOptions::new().write(true).create_new(true).mode(0o440).open(path)?.write_all(lines.collect::<String>().as_bytes())
}

/// Writes what `write_files` says.
pub fn files(files: &[WriteFile]) {
    for file in files {
        note(&format!("{} can't be written", file.path), write(file));
    }
}

fn write(wish: &WriteFile) -> io::Result<()> {
    let path = Path::new(&wish.path);
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    let mut options = OpenOptions::new();
    options.create(true).write(true).append(wish.append).truncate(!wish.append).mode(wish.mode);
    let mut file = options.open(path)?;
    file.write_all(&wish.content)?;
    file.set_permissions(Permissions::from_mode(wish.mode))?;
    if let Some((user, group)) = &wish.owner {
        let (uid, gid) = owner(user, group.as_deref())?;
        std::os::unix::fs::fchown(&file, Some(uid), Some(gid))?;
    }
    Ok(())
}

fn owner(user: &str, group: Option<&str>) -> io::Result<(u32, u32)> {
    let accounts = Accounts::here();
    let user = accounts.user(user)?.ok_or_else(|| io::Error::other(format!("there is no user {user}")))?;
    let gid = match group {
        None => user.gid,
        Some(group) => accounts.group(group)?.ok_or_else(|| io::Error::other(format!("there is no group {group}")))?.gid,
    };
    Ok((user.uid, gid))
}

/// Gives the machine an id of its own (`machine-id(5)`), where its image has the file: the one that its host has made for it, or a random one.
pub fn machine_id(env: &Env) {
    let path = Path::new("/etc/machine-id");
    if !path.exists() {
        return;
    }
    let given = std::env::var("container_uuid").unwrap_or_default().replace('-', "").to_ascii_lowercase();
    let is_id = given.len() == 32 && given.bytes().all(|byte| byte.is_ascii_hexdigit());
    note("the machine's id can't be written", fs::write(path, format!("{}\n", if is_id { given } else { env.hex(32) })));
}

/// Sets the time zone.
pub fn timezone(config: &CloudConfig) {
    let Some(zone) = &config.timezone else { return };
    let file = format!("/usr/share/zoneinfo/{zone}");
    if zone.contains("..") || !Path::new(&file).is_file() {
        return say(format!("the time zone {zone} is not known"));
    }
    let _ = fs::remove_file("/etc/localtime");
    note("the time zone can't be set", symlink(file, "/etc/localtime"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_added_once() {
        let keys = ["ssh-ed25519 A".to_owned(), "ssh-rsa B\n".to_owned(), "evil\nline".to_owned()];
        let once = with_keys("# mine\nssh-ed25519 A\n", &keys);
        assert_eq!(once, "# mine\nssh-ed25519 A\nssh-rsa B\n");
        assert_eq!(with_keys(&once, &keys), once);
    }
}
