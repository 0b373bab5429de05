//! `users` of a cloud-config.

use super::yaml::Node;
use crate::accounts::NewUser;

/// Who is to have an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accounts {
    /// The default user, which a list of users has to name if it wants it.
    pub default_user: bool,
    /// The others.
    pub others: Vec<Account>,
}

impl Default for Accounts {
    fn default() -> Self {
        Accounts { default_user: true, others: Vec::new() }
    }
}

/// One account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Login name.
    pub name: String,
    /// What it is like.
    pub new: NewUser,
    /// Rules for `sudoers(5)`, without the name.
    pub sudo: Vec<String>,
    /// Keys that let it in.
    pub keys: Vec<String>,
}

impl Accounts {
    /// Reads the list. Elements that aren't understood are told of in `refused`.
    pub(super) fn parse(node: &Node, refused: &mut Vec<String>) -> Option<Self> {
        let Node::List(list) = node else { return None };
        let mut accounts = Accounts { default_user: false, others: Vec::new() };
        for node in list {
            match node {
                Node::Text(name) if name == "default" => accounts.default_user = true,
                Node::Text(name) => accounts.others.push(Account { name: name.clone(), ..Account::default() }),
                Node::Map(map) => accounts.others.extend(account(map, refused)),
                _ => refused.push("cloud-config: an element of users is neither a name nor a mapping".into()),
            }
        }
        Some(accounts)
    }

    /// Those of two configurations.
    pub(super) fn then(mut self, mut later: Accounts) -> Self {
        self.default_user &= later.default_user;
        self.others.append(&mut later.others);
        self
    }
}

fn account(map: &[(String, Node)], refused: &mut Vec<String>) -> Option<Account> {
    let mut account = Account::default();
    for (key, node) in map {
        if take(&mut account, key, node).is_none() {
            refused.push(format!("cloud-config: {key} of a user is not built or not understood, so it has no effect"));
        }
    }
    if account.name.is_empty() {
        refused.push("cloud-config: a user has no name".into());
        return None;
    }
    Some(account)
}

fn take(account: &mut Account, key: &str, node: &Node) -> Option<()> {
    match key {
        "name" => account.name = node.text()?.to_owned(),
        "gecos" => account.new.comment = node.text()?.to_owned(),
        "shell" => account.new.shell = Some(path(node)?),
        "homedir" => account.new.home = Some(path(node)?),
        "uid" => account.new.uid = Some(node.text()?.parse().ok()?),
        "groups" => account.new.groups = groups(node)?,
        "sudo" if node.truth() == Some(false) => {}
        "sudo" => account.sudo = node.texts()?.into_iter().map(|rule| one_line(&rule)).collect::<Option<_>>()?,
        "ssh_authorized_keys" | "ssh-authorized-keys" => account.keys = node.texts()?,
        // No password of ours lets anybody in.
        "lock_passwd" if node.truth() == Some(true) => {}
        _ => return None,
    }
    Some(())
}

fn groups(node: &Node) -> Option<Vec<String>> {
    let words = node.texts()?;
    Some(
        words
            .iter()
            .flat_map(|word| word.split(','))
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty())
            .collect(),
    )
}

/// An absolute path that doesn't break the lines of `passwd(5)`.
fn path(node: &Node) -> Option<String> {
    node.text().filter(|path| path.starts_with('/') && !path.contains([':', '\n'])).map(str::to_owned)
}

fn one_line(text: &str) -> Option<String> {
    (!text.contains('\n')).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::CloudConfig;

    #[test]
    fn users_are_read() {
        let config = CloudConfig::parse(
            "users:\n - default\n - name: ada\n   gecos: Ada L.\n   groups: wheel, adm\n   sudo: ALL=(ALL) NOPASSWD:ALL\n   shell: /bin/bash\n   \
             ssh_authorized_keys: [ssh-ed25519 AAAA]\n   lock_passwd: true\n - bob\n",
        );
        assert_eq!(config.refused, Vec::<String>::new());
        assert!(config.users.default_user);
        let [ada, bob] = &config.users.others[..] else { panic!() };
        assert_eq!(ada.new.groups, ["wheel", "adm"]);
        assert_eq!(ada.sudo, ["ALL=(ALL) NOPASSWD:ALL"]);
        assert_eq!(bob.name, "bob");
        assert!(!CloudConfig::parse("users: []").users.default_user);
    }

    #[test]
    fn what_a_user_can_not_have_is_said() {
        let config = CloudConfig::parse("users:\n - name: ada\n   passwd: secret\n   shell: 'a:b'\n - gecos: nobody\n");
        assert_eq!(config.refused.len(), 3, "{:?}", config.refused);
        assert_eq!(config.users.others.len(), 1);
    }
}
