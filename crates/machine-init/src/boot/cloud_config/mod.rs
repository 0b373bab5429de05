//! `#cloud-config`: the subset that the small init knows ([cloud-init's modules](https://cloudinit.readthedocs.io/en/latest/reference/modules.html)). Pure.
//!
//! Whatever isn't known is kept as a sentence for the console, so that nobody waits for a package that nobody installs.

mod users;
mod write_files;
pub mod yaml;

pub use users::{Account, Accounts};
pub use write_files::WriteFile;

use yaml::Node;

/// A command line of `runcmd` or `bootcmd`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A string: for the shell.
    Shell(String),
    /// A list: the program and its arguments.
    Words(Vec<String>),
}

/// What a machine is to be like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CloudConfig {
    /// Run at every boot, before people may log in.
    pub bootcmd: Vec<Line>,
    /// Run at the first boot, last.
    pub runcmd: Vec<Line>,
    /// Written at the first boot.
    pub write_files: Vec<WriteFile>,
    /// Accounts.
    pub users: Accounts,
    /// The machine's name, if it isn't the one that the metadata give. `fqdn` before `hostname`.
    pub hostname: Option<String>,
    /// The name is left as the image has it.
    pub preserve_hostname: bool,
    /// More keys for the default user.
    pub ssh_authorized_keys: Vec<String>,
    /// Root may log in by the keys, too.
    pub root_may_log_in: bool,
    /// A name of the time zone data base.
    pub timezone: Option<String>,
    /// Said when all is done.
    pub final_message: Option<String>,
    /// What isn't built or wasn't understood.
    pub refused: Vec<String>,
}

impl CloudConfig {
    /// Reads one.
    pub fn parse(text: &str) -> Self {
        let mut config = CloudConfig::default();
        match yaml::parse(text) {
            Ok(Node::Map(map)) => map.iter().for_each(|(key, node)| config.take(key, node)),
            Ok(Node::Null) => {}
            Ok(_) => config.refused.push("a cloud-config has to be a mapping".into()),
            Err(error) => config.refused.push(format!("a cloud-config is no YAML: {error}")),
        }
        config
    }

    /// One after another: lists grow, single values are replaced.
    pub fn then(mut self, mut later: CloudConfig) -> Self {
        self.bootcmd.append(&mut later.bootcmd);
        self.runcmd.append(&mut later.runcmd);
        self.write_files.append(&mut later.write_files);
        self.users = self.users.then(later.users);
        self.ssh_authorized_keys.append(&mut later.ssh_authorized_keys);
        self.refused.append(&mut later.refused);
        self.hostname = later.hostname.or(self.hostname);
        self.timezone = later.timezone.or(self.timezone);
        self.final_message = later.final_message.or(self.final_message);
        self.preserve_hostname |= later.preserve_hostname;
        self.root_may_log_in |= later.root_may_log_in;
        self
    }

    fn take(&mut self, key: &str, node: &Node) {
        let understood = match key {
            "bootcmd" => lines(node).map(|lines| self.bootcmd = lines),
            "runcmd" => lines(node).map(|lines| self.runcmd = lines),
            "write_files" => write_files::parse(node, &mut self.refused).map(|files| self.write_files = files),
            "users" => Accounts::parse(node, &mut self.refused).map(|users| self.users = users),
            "fqdn" => node.text().map(|name| self.hostname = Some(name.to_owned())),
            "hostname" => node.text().map(|name| self.hostname = self.hostname.take().or(Some(name.to_owned()))),
            "preserve_hostname" => node.truth().map(|truth| self.preserve_hostname = truth),
            "ssh_authorized_keys" => node.texts().map(|keys| self.ssh_authorized_keys = keys),
            "disable_root" => node.truth().map(|truth| self.root_may_log_in = !truth),
            "timezone" => node.text().map(|zone| self.timezone = Some(zone.to_owned())),
            "final_message" => node.text().map(|text| self.final_message = Some(text.to_owned())),
            // What is so already, whatever it says.
            "ssh_pwauth" if node.truth() == Some(false) => Some(()),
            "ssh_deletekeys" | "manage_etc_hosts" if node.truth() == Some(true) => Some(()),
            "package_update" | "package_upgrade" | "package_reboot_if_required" if node.truth() == Some(false) => Some(()),
            _ => return self.refused.push(format!("cloud-config: {key} is not built, so it has no effect")),
        };
        if understood.is_none() {
            self.refused.push(format!("cloud-config: what {key} says is not understood, so it has no effect"));
        }
    }
}

fn lines(node: &Node) -> Option<Vec<Line>> {
    match node {
        Node::Null => Some(Vec::new()),
        Node::List(list) => list.iter().filter(|node| **node != Node::Null).map(line).collect(),
        _ => None,
    }
}

fn line(node: &Node) -> Option<Line> {
    match node {
        Node::Text(text) => Some(Line::Shell(text.clone())),
        Node::List(words) if !words.is_empty() => {
            words.iter().map(|word| word.text().map(str::to_owned)).collect::<Option<_>>().map(Line::Words)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subset_is_read() {
        let config = CloudConfig::parse(
            "#cloud-config\nhostname: web\nfqdn: web.example.com\nruncmd:\n - echo $HOME\n - [touch, /x, 010]\n - ~\nbootcmd: [ls]\n\
             disable_root: false\nssh_authorized_keys:\n - ssh-ed25519 AAAA me\ntimezone: Europe/Vienna\nssh_pwauth: no\n",
        );
        assert_eq!(config.refused, Vec::<String>::new());
        assert_eq!(config.hostname.as_deref(), Some("web.example.com"));
        assert_eq!(
            config.runcmd,
            [Line::Shell("echo $HOME".into()), Line::Words(vec!["touch".into(), "/x".into(), "010".into()])]
        );
        assert_eq!(config.bootcmd, [Line::Shell("ls".into())]);
        assert!(config.root_may_log_in);
        assert_eq!(config.ssh_authorized_keys, ["ssh-ed25519 AAAA me"]);
    }

    #[test]
    fn what_has_no_effect_is_said() {
        let config = CloudConfig::parse("packages: [nginx]\nssh_pwauth: true\nruncmd: 7\nhostname: [a]\n");
        assert_eq!(config.refused.len(), 4, "{:?}", config.refused);
        assert!(config.refused[0].contains("packages is not built"));
        assert_eq!(CloudConfig::parse("- a").refused.len(), 1);
        assert_eq!(CloudConfig::parse("a: [").refused.len(), 1);
    }

    #[test]
    fn a_later_one_adds_to_an_earlier() {
        let first = CloudConfig::parse("runcmd: [a]\nhostname: one\n");
        let both = first.then(CloudConfig::parse("runcmd: [b]\nhostname: two\n"));
        assert_eq!(both.runcmd.len(), 2);
        assert_eq!(both.hostname.as_deref(), Some("two"));
    }
}
