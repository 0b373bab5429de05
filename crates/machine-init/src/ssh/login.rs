//! A program in somebody's name: what `sshd` does between the client's request and the user's shell.

use super::keys::Grant;
use crate::{
    accounts::User,
    layout,
    switch::{self, Place},
};
use std::{fs, io, net::SocketAddr, os::unix::process::CommandExt, path::Path, process::Command};

/// What a client wants to have run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// The login shell.
    Shell,
    /// A line for the shell.
    Command(String),
    /// The server of SFTP.
    Sftp,
}

/// Who wants it, from where.
pub struct Login<'a> {
    /// The user.
    pub user: &'a User,
    /// What the key allows.
    pub grant: &'a Grant,
    /// The client's address.
    pub peer: SocketAddr,
    /// The address that it called.
    pub local: SocketAddr,
    /// Variables that it sent and that were accepted.
    pub variables: &'a [(String, String)],
}

/// Variables that clients may set (`AcceptEnv` of `sshd_config(5)`, as distributions have it).
pub fn is_accepted(name: &str) -> bool {
    name == "LANG"
        || name.strip_prefix("LC_").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'))
}

/// The command of a request. The terminal, if there is one, is its `terminal` name and is to be on its standard input by the time that it is started.
pub fn command(login: &Login, request: &Request, terminal: Option<(&str, &str)>) -> io::Result<Command> {
    let user = login.user;
    let mut command = match (&login.grant.forced, request) {
        (Some(forced), _) => line(user, forced),
        (None, Request::Command(text)) => line(user, text),
        (None, Request::Sftp) => {
            let words = layout::again();
            let mut command = Command::new(&words[0]);
            command.args(&words[1..]).args(["init", "sftp"]);
            command
        }
        (None, Request::Shell) => {
            let mut command = Command::new(&user.shell);
            command.arg0(format!("-{}", base(&user.shell)));
            command
        }
    };
    command.env_clear().envs(environment(login, terminal));
    if let (Some(_), Request::Command(original)) = (&login.grant.forced, request) {
        command.env("SSH_ORIGINAL_COMMAND", original);
    }
    let steps = switch::to(user, terminal.is_some(), Place::Home)?;
    // SAFETY: nothing in it takes memory or a lock.
    unsafe { command.pre_exec(steps) };
    Ok(command)
}

/// The day's message, for those who come to a shell and have no `.hushlogin`.
pub fn greeting(user: &User, request: &Request) -> Option<Vec<u8>> {
    let hushed = Path::new(&user.home).join(".hushlogin").exists();
    let text = (*request == Request::Shell && !hushed).then(|| fs::read("/etc/motd").ok()).flatten()?;
    Some(String::from_utf8_lossy(&text).replace('\n', "\r\n").into_bytes())
}

fn line(user: &User, text: &str) -> Command {
    let mut command = Command::new(&user.shell);
    command.arg0(base(&user.shell)).arg("-c").arg(text);
    command
}

fn base(shell: &str) -> &str {
    shell.rsplit('/').next().unwrap_or(shell)
}

fn environment(login: &Login, terminal: Option<(&str, &str)>) -> Vec<(String, String)> {
    let Login { user, peer, local, .. } = login;
    let mut variables = vec![("PATH".into(), layout::PATH.into())];
    variables.extend(defaults(&fs::read_to_string("/etc/environment").unwrap_or_default()));
    variables.extend(login.variables.iter().cloned());
    let (from, to) = (peer.ip().to_canonical(), local.ip().to_canonical());
    let own = [
        ("USER", user.name.clone()),
        ("LOGNAME", user.name.clone()),
        ("HOME", user.home.clone()),
        ("SHELL", user.shell.clone()),
        ("SSH_CLIENT", format!("{from} {} {}", peer.port(), local.port())),
        ("SSH_CONNECTION", format!("{from} {} {to} {}", peer.port(), local.port())),
    ];
    variables.extend(own.map(|(name, value)| (name.to_owned(), value)));
    if let Some((name, kind)) = terminal {
        variables.extend([("SSH_TTY".into(), name.into()), ("TERM".into(), kind.into())]);
    }
    variables
}

/// Lines of `/etc/environment` (`pam_env(8)`): a name, a value, perhaps in quotes.
fn defaults(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().map(|line| line.trim().trim_start_matches("export ")).filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once('='));
    pairs
        .map(|(name, value)| (name.trim().to_owned(), value.trim().trim_matches('"').to_owned()))
        .filter(|(name, _)| !name.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_languages_are_taken_from_clients() {
        for name in ["LANG", "LC_ALL", "LC_TIME"] {
            assert!(is_accepted(name), "{name}");
        }
        for name in ["LD_PRELOAD", "PATH", "LANGUAGE", "LC_ALL=x", ""] {
            assert!(!is_accepted(name), "{name}");
        }
    }

    #[test]
    fn defaults_are_read() {
        let found = defaults("# x=y\nPATH=\"/usr/bin\"\n\nexport A=b\nnonsense\n=c\n");
        assert_eq!(found, [("PATH".into(), "/usr/bin".into()), ("A".to_owned(), "b".to_owned())]);
    }
}
