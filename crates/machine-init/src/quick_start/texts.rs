//! The words of the quick start's own files. Pure.

use crate::layout::PATH;

/// What people see when they come in.
pub const MOTD: &str = r"
                     .-~~~~-.
             .-~~~-./        \_        Hillfog quick start
        .-~~/          _.-~~-. \
   _.-~~   (   .-~~~-./       ~~-.     A machine of your own cloud: its disk, its network
  /         ~~~                   \    and its processes are its own; its programs are the
 (______________________________ __)   host's, under /usr, and what you change there stays
    ~   ~ ~~   ~  ~~~ ~   ~~  ~        on this machine's root volume.

";

/// How names are found.
pub const NSSWITCH: &str = "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nnetworks: files\nprotocols: files\nservices: files\nethers: files\nrpc: files\n";

/// The names before the boot adds the machine's.
pub const HOSTS: &str = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n";

/// Nothing is left to mount.
pub const FSTAB: &str = "# The root volume and /usr are mounted by the cloud.\n";

/// Rules of sudo; those for people are made at the first boot.
pub fn sudoers() -> String {
    format!("Defaults env_reset\nDefaults secure_path=\"{PATH}\"\nroot ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n")
}

/// For login shells of every kind.
pub fn profile() -> String {
    format!("# For login shells.\nPATH={PATH}\nexport PATH\n{PROFILE}")
}

const PROFILE: &str = r#": "${LANG:=C.UTF-8}"
export LANG
for script in /etc/profile.d/*.sh; do
    [ -r "$script" ] && . "$script"
done
unset script
if [ -n "${BASH_VERSION-}" ] && [ -n "${PS1-}" ]; then
    . /etc/bash.bashrc
elif [ -n "${PS1-}" ]; then
    PS1='$ '
    [ "$(id -u)" = 0 ] && PS1='# '
fi
"#;

/// For interactive shells.
pub const BASHRC: &str = r#"# For interactive shells.
[ -z "${PS1-}" ] && return
shopt -s checkwinsize
PS1='[\u@\h \W]\$ '
alias ls='ls --color=auto'
alias ll='ls -l'
alias grep='grep --color=auto'
[ -r /usr/share/bash-completion/bash_completion ] && ! shopt -oq posix && . /usr/share/bash-completion/bash_completion
"#;

/// In every home.
pub const BASH_PROFILE: &str = "[ -f ~/.bashrc ] && . ~/.bashrc\nPATH=\"$HOME/.local/bin:$HOME/bin:$PATH\"\nexport PATH\n";

/// In every home.
pub const USER_BASHRC: &str = "[ -f /etc/bashrc ] && . /etc/bashrc\n";

/// `os-release(5)`: the name is ours; what it is like is the host, whose programs it has.
pub fn os_release(host: &str) -> String {
    let field = |name: &str| {
        let value = host.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
        Some(value.trim().trim_matches('"').to_owned()).filter(|value| !value.is_empty())
    };
    let like: Vec<String> = [field("ID"), field("ID_LIKE")].into_iter().flatten().collect();
    let base = field("PRETTY_NAME").unwrap_or_else(|| "its host".into());
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "NAME=\"Hillfog\"\nPRETTY_NAME=\"Hillfog quick start on {base}\"\nID=hillfog\nID_LIKE=\"{}\"\nVERSION_ID=\"{version}\"\nVARIANT=\"Quick start\"\nVARIANT_ID=quick-start\n",
        like.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_shows_through() {
        let made = os_release("PRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\nVERSION_ID=\"12\"\n");
        assert!(made.contains("PRETTY_NAME=\"Hillfog quick start on Debian GNU/Linux 12\"\n"));
        assert!(made.contains("ID_LIKE=\"debian\"\n"));
        assert!(os_release("").contains("ID_LIKE=\"\"\n"));
    }

    #[test]
    fn the_greeting_fits_a_terminal() {
        assert!(MOTD.lines().all(|line| line.len() < 100 && line.is_ascii()));
    }
}
