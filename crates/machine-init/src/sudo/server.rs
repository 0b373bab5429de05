//! The service: a process of root's that runs what it is asked to, for those who may. Each caller is served by a process of its own.

use super::{
    policy,
    wire::{Answer, Heard, Question, Shell, receive, send},
};
use crate::{
    accounts::{Accounts, User},
    console::say,
    layout::{PATH, SUDO_SOCKET},
    switch::{self, Place},
};
use nix::{
    pty::{Winsize, openpty},
    sys::{
        signal::{SigHandler, Signal, killpg, signal},
        socket::{getsockopt, sockopt::PeerCredentials},
    },
    unistd::{ForkResult, Pid, fork},
};
use std::{
    fs::{self, Permissions},
    io,
    os::{
        fd::{AsFd, AsRawFd, OwnedFd},
        unix::{
            fs::PermissionsExt,
            net::{UnixListener, UnixStream},
            process::{CommandExt, ExitStatusExt},
        },
    },
    path::Path,
    process::{Command, Stdio, exit},
    thread,
};

/// Serves until the process is killed. The result is its exit code if it can't.
pub fn serve() -> i32 {
    match accept() {
        Ok(()) => 0,
        Err(error) => {
            say(format!("sudo: {error}"));
            1
        }
    }
}

fn accept() -> io::Result<()> {
    let _ = fs::remove_file(SUDO_SOCKET);
    let listener = UnixListener::bind(SUDO_SOCKET)?;
    fs::set_permissions(SUDO_SOCKET, Permissions::from_mode(0o666))?;
    // Nobody asks how the callers' processes have ended.
    // SAFETY: no handler of ours runs.
    unsafe { signal(Signal::SIGCHLD, SigHandler::SigIgn) }?;
    loop {
        let Ok((stream, _)) = listener.accept() else { continue };
        // SAFETY: this process has one thread.
        if let Ok(ForkResult::Child) = unsafe { fork() } {
            drop(listener);
            // SAFETY: no handler of ours runs.
            let _ = unsafe { signal(Signal::SIGCHLD, SigHandler::SigDfl) };
            attend(&stream);
            exit(0);
        }
    }
}

fn attend(stream: &UnixStream) {
    if let Err(error) = run(stream) {
        let _ = send(stream, &Answer::Refused(error.to_string()), &[]);
    }
}

fn run(stream: &UnixStream) -> io::Result<()> {
    let caller = caller(stream)?;
    let Some((question, descriptors)) = receive::<Question>(stream)? else { return Ok(()) };
    if !may(&caller)? {
        return Err(io::Error::other(format!("{} is not in the sudoers file.", caller.name)));
    }
    let user =
        Accounts::here().user(&question.user)?.ok_or_else(|| io::Error::other(format!("unknown user {}", question.user)))?;
    let [stdin, stdout, stderr, folder] =
        <[OwnedFd; 4]>::try_from(descriptors).map_err(|_| io::Error::other("there are no streams"))?;
    let mut command = command(&question, &user, &caller);
    let place = if question.shell == Some(Shell::Login) { Place::Home } else { Place::Folder(folder.as_raw_fd()) };
    let steps = switch::to(&user, question.terminal.is_some(), place)?;
    // SAFETY: nothing in it takes memory or a lock.
    unsafe { command.pre_exec(steps) };
    let master = match question.terminal {
        None => {
            command.stdin(stdin).stdout(stdout).stderr(stderr);
            None
        }
        Some((rows, columns)) => Some(new_terminal(&mut command, rows, columns)?),
    };
    let started = command.spawn();
    // The copies that the command holds would keep the streams open.
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = started.map_err(|error| not_started(&question, &error))?;
    send(stream, &Answer::Runs, &master.iter().map(AsFd::as_fd).collect::<Vec<_>>())?;
    drop(master);
    listen(stream.try_clone()?, Pid::from_raw(child.id() as i32));
    let status = child.wait()?;
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default());
    send(stream, &Answer::Ended(code), &[])
}

/// Who asks, as the kernel knows it.
fn caller(stream: &UnixStream) -> io::Result<User> {
    let uid = getsockopt(stream, PeerCredentials)?.uid();
    let user = Accounts::here().users()?.into_iter().find(|user| user.uid == uid);
    user.ok_or_else(|| io::Error::other(format!("you do not exist in the passwd database: {uid}")))
}

fn may(caller: &User) -> io::Result<bool> {
    if caller.uid == 0 {
        return Ok(true);
    }
    let accounts = Accounts::here();
    let numbers = accounts.groups_of(caller)?;
    let groups: Vec<String> = accounts.groups()?.into_iter().filter(|it| numbers.contains(&it.gid)).map(|it| it.name).collect();
    let mut rules = fs::read_to_string("/etc/sudoers").unwrap_or_default();
    for entry in fs::read_dir("/etc/sudoers.d").into_iter().flatten().flatten() {
        rules.push_str(&fs::read_to_string(entry.path()).unwrap_or_default());
        rules.push('\n');
    }
    Ok(policy::allows(&rules, &caller.name, &groups))
}

fn command(question: &Question, user: &User, caller: &User) -> Command {
    let name = Path::new(&user.shell).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut command = match (question.shell, question.words.split_first()) {
        (None, Some((program, words))) => {
            let mut command = Command::new(program);
            command.args(words);
            command
        }
        (shell, words) => {
            let mut command = Command::new(&user.shell);
            command.arg0(if shell == Some(Shell::Login) { format!("-{name}") } else { name });
            if words.is_some() {
                command.arg("-c").arg(question.words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "));
            }
            command
        }
    };
    let own = [("PATH", PATH), ("HOME", &user.home), ("USER", &user.name), ("LOGNAME", &user.name), ("SHELL", &user.shell)];
    command.env_clear().envs(own).envs(question.variables.iter().cloned());
    command.env("SUDO_USER", &caller.name).env("SUDO_UID", caller.uid.to_string()).env("SUDO_GID", caller.gid.to_string());
    command.env("SUDO_COMMAND", question.words.join(" "));
    command
}

/// As `sudo(8)` passes words on to a shell: what isn't plain is escaped.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "_-$".contains(letter);
    word.chars().flat_map(|letter| (!is_plain(letter)).then_some('\\').into_iter().chain([letter])).collect()
}

fn new_terminal(command: &mut Command, rows: u16, columns: u16) -> io::Result<OwnedFd> {
    let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    let pair = openpty(&size, None)?;
    for end in [&pair.master, &pair.slave] {
        nix::fcntl::fcntl(end, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC))?;
    }
    command.stdin(pair.slave.try_clone()?).stdout(pair.slave.try_clone()?).stderr(pair.slave);
    Ok(pair.master)
}

fn not_started(question: &Question, error: &io::Error) -> io::Error {
    let name = question.words.first().map_or("the shell", String::as_str);
    match error.kind() {
        io::ErrorKind::NotFound => io::Error::other(format!("{name}: command not found")),
        _ => io::Error::other(format!("unable to execute {name}: {error}")),
    }
}

/// Passes on what signals the caller gets, and its end.
fn listen(stream: UnixStream, group: Pid) {
    thread::spawn(move || {
        while let Ok(Some((number, _))) = receive::<Heard>(&stream) {
            if let Ok(signal) = Signal::try_from(number) {
                let _ = killpg(group, signal);
            }
        }
        let _ = killpg(group, Signal::SIGHUP);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_reach_the_shell_as_they_are() {
        assert_eq!(quoted("a-b_c"), "a-b_c");
        assert_eq!(quoted("it's; rm *"), "it\\'s\\;\\ rm\\ \\*");
    }
}
