//! One client's connection: who it is, and what it asks for.

use super::{
    agent::Agent,
    authorize::authorize,
    forward::{self, Target},
    inbox::{Inbox, Outlet, inbox},
    keys::Grant,
    login::{self, Login, Request},
    relay::{self, Client},
    terminal::{self, Terminal},
};
use crate::{accounts::User, console::say};
use model::Env;
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use russh::{
    Channel, ChannelId, ChannelOpenFailure, ChannelWriteHalf, Pty, Sig,
    keys::{Algorithm, PublicKey},
    server::{Auth, ChannelOpenHandle, Handler, Msg, PublicKeyOffer, Session, VerifiedPublicKey},
};
use std::{collections::HashMap, io, net::SocketAddr, process::Stdio, sync::Arc};
use tokio::sync::{Semaphore, oneshot};

/// Sessions in a connection (`MaxSessions` of `sshd_config(5)`).
const SESSIONS: usize = 10;

/// Forwarded connections at once.
const FORWARDED: usize = 128;

/// What is kept for a connection.
pub struct Connection {
    env: Env,
    peer: SocketAddr,
    local: SocketAddr,
    /// Told when somebody has logged in.
    known: Option<oneshot::Sender<()>>,
    asked: Option<Asked>,
    /// Who has logged in.
    user: Option<Known>,
    /// The client's agent, if it lets the machine ask it.
    agent: Option<Agent>,
    sessions: HashMap<ChannelId, State>,
    /// What comes for each channel, of either kind.
    inboxes: HashMap<ChannelId, Inbox>,
    forwarded: Arc<Semaphore>,
}

/// Somebody whose key is right, and what it allows.
type Known = (User, Grant);

/// The last key that was looked for, under which name, and what was found.
struct Asked {
    name: String,
    key: PublicKey,
    found: Option<Known>,
}

/// A session channel.
enum State {
    /// Nothing has been started yet.
    Open(Box<Prepared>),
    /// A program runs: its process group, and its terminal.
    Running(Pid, Option<terminal::Master>),
}

struct Prepared {
    read: Outlet,
    write: ChannelWriteHalf<Msg>,
    terminal: Option<Terminal>,
    variables: Vec<(String, String)>,
}

impl Connection {
    /// A connection between two addresses; `known` is told when somebody has logged in.
    pub fn new(env: Env, peer: SocketAddr, local: SocketAddr, known: oneshot::Sender<()>) -> Self {
        Connection {
            env,
            peer,
            local,
            known: Some(known),
            asked: None,
            user: None,
            agent: None,
            sessions: HashMap::new(),
            inboxes: HashMap::new(),
            forwarded: Arc::new(Semaphore::new(FORWARDED)),
        }
    }

    /// Looks a key up, once for the offer and the signature that follows it.
    async fn look_up(&mut self, name: &str, key: &PublicKey) -> Option<Known> {
        if let Some(asked) = self.asked.as_ref().filter(|it| it.name == name && it.key.key_data() == key.key_data()) {
            return asked.found.clone();
        }
        let (user, wanted, peer) = (name.to_owned(), key.clone(), self.peer.ip());
        let found = tokio::task::spawn_blocking(move || authorize(&user, &wanted, peer)).await.ok().flatten();
        self.asked = Some(Asked { name: name.to_owned(), key: key.clone(), found: found.clone() });
        found
    }

    /// Takes a channel over: what comes for it goes to its inbox and not to the library's queue, which is full one day.
    fn adopt(&mut self, channel: Channel<Msg>) -> (Outlet, ChannelWriteHalf<Msg>) {
        let (inbox, read) = inbox();
        self.inboxes.retain(|_, inbox| inbox.is_open());
        self.inboxes.insert(channel.id(), inbox);
        (read, channel.split().1)
    }

    fn prepared(&mut self, channel: ChannelId) -> Option<&mut Prepared> {
        match self.sessions.get_mut(&channel)? {
            State::Open(prepared) => Some(prepared),
            State::Running(..) => None,
        }
    }

    /// Starts what was asked for, and tells the client whether it runs.
    fn run(&mut self, id: ChannelId, request: Request, session: &mut Session) -> Result<(), russh::Error> {
        let Some(State::Open(prepared)) = self.sessions.remove(&id) else { return session.channel_failure(id) };
        match self.start(*prepared, &request, session) {
            Ok(state) => {
                self.sessions.insert(id, state);
                session.channel_success(id)
            }
            Err(error) => {
                say(format!("sshd: {request:?} can't be started: {error}"));
                session.channel_failure(id)?;
                session.close(id)
            }
        }
    }

    fn start(&self, prepared: Prepared, request: &Request, session: &Session) -> io::Result<State> {
        let (user, grant) = self.user.as_ref().ok_or_else(|| io::Error::other("nobody has logged in"))?;
        let login = Login { user, grant, peer: self.peer, local: self.local, variables: &prepared.variables };
        let client = Client { read: prepared.read, write: prepared.write, handle: session.handle() };
        let named = prepared.terminal.as_ref().map(|it| (it.name.as_str(), it.kind.as_str()));
        let mut command = login::command(&login, request, named)?;
        command.envs(self.agent.iter().map(|agent| ("SSH_AUTH_SOCK", agent.socket())));
        let Some(terminal) = prepared.terminal else {
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let (pid, mut child) = spawn(command)?;
            let io = child.stdin.take().zip(child.stdout.take()).zip(child.stderr.take());
            let ((stdin, stdout), stderr) = io.ok_or_else(|| io::Error::other("there are no pipes"))?;
            tokio::spawn(relay::pipes(client, child, (stdin, stdout, stderr)));
            return Ok(State::Running(pid, None));
        };
        command.stdin(terminal.slave.try_clone()?).stdout(terminal.slave.try_clone()?).stderr(terminal.slave);
        let (pid, child) = spawn(command)?;
        let greeting = login::greeting(user, request).filter(|_| grant.forced.is_none());
        tokio::spawn(relay::terminal(client, child, terminal.master.clone(), greeting));
        Ok(State::Running(pid, Some(terminal.master)))
    }
}

/// The process leads a session, so its number is that of its process group. The command goes with its copies of the terminal's end.
fn spawn(command: std::process::Command) -> io::Result<(Pid, tokio::process::Child)> {
    let child = tokio::process::Command::from(command).spawn()?;
    let pid = child.id().ok_or_else(|| io::Error::other("it has ended already"))?;
    Ok((Pid::from_raw(pid as i32), child))
}

impl Handler for Connection {
    type Error = russh::Error;

    async fn auth_publickey_offered(&mut self, name: &str, offer: PublicKeyOffer<'_>) -> Result<Auth, Self::Error> {
        // Signatures by SHA-1 can be forged.
        if *offer.algorithm == (Algorithm::Rsa { hash: None }) {
            return Ok(Auth::reject());
        }
        Ok(self.look_up(name, offer.public_key).await.map_or_else(Auth::reject, |_| Auth::Accept))
    }

    async fn auth_publickey(&mut self, name: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        self.user = self.look_up(name, key.public_key).await;
        Ok(if self.user.is_some() { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_succeeded(&mut self, _session: &mut Session) -> Result<(), Self::Error> {
        self.known.take().map(|known| known.send(()));
        Ok(())
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        if self.user.is_none() || self.sessions.len() >= SESSIONS {
            reply.reject(ChannelOpenFailure::ResourceShortage).await;
            return Ok(());
        }
        let id = channel.id();
        let (read, write) = self.adopt(channel);
        let prepared = Prepared { read, write, terminal: None, variables: Vec::new() };
        self.sessions.insert(id, State::Open(Box::new(prepared)));
        reply.accept().await;
        Ok(())
    }

    async fn channel_open_direct_tcpip(
        &mut self,
        channel: Channel<Msg>,
        host: &str,
        port: u32,
        _from: &str,
        _from_port: u32,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        if !self.user.as_ref().is_some_and(|(_, grant)| grant.forwarding) {
            reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await;
            return Ok(());
        }
        match self.forwarded.clone().try_acquire_owned() {
            Err(_) => reply.reject(ChannelOpenFailure::ResourceShortage).await,
            Ok(permit) => {
                let (read, write) = self.adopt(channel);
                tokio::spawn(forward::direct(Target { host: host.to_owned(), port, permit }, read, write, reply));
            }
        }
        Ok(())
    }

    async fn data(&mut self, channel: ChannelId, data: &[u8], _session: &mut Session) -> Result<(), Self::Error> {
        let Some(inbox) = self.inboxes.get(&channel) else { return Ok(()) };
        let pause = inbox.put(data);
        if !pause.is_zero() {
            tokio::select! {
                () = inbox.taken() => {}
                () = self.env.sleep(pause) => {}
            }
        }
        Ok(())
    }

    async fn channel_eof(&mut self, channel: ChannelId, _session: &mut Session) -> Result<(), Self::Error> {
        if let Some(inbox) = self.inboxes.get(&channel) {
            inbox.end();
        }
        Ok(())
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        kind: &str,
        columns: u32,
        rows: u32,
        width: u32,
        height: u32,
        modes: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let user = self.user.as_ref().filter(|(_, grant)| grant.terminal).map(|(user, _)| user.uid);
        let opened = user.and_then(|uid| Terminal::open(kind, terminal::size(columns, rows, width, height), modes, uid).ok());
        match (self.prepared(channel), opened) {
            (Some(prepared), Some(opened)) => {
                prepared.terminal = Some(opened);
                session.channel_success(channel)
            }
            _ => session.channel_failure(channel),
        }
    }

    async fn env_request(
        &mut self,
        channel: ChannelId,
        name: &str,
        value: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        match self.prepared(channel) {
            Some(prepared) if login::is_accepted(name) && !value.contains('\0') && prepared.variables.len() < 64 => {
                prepared.variables.push((name.to_owned(), value.to_owned()));
                session.channel_success(channel)
            }
            _ => session.channel_failure(channel),
        }
    }

    async fn shell_request(&mut self, channel: ChannelId, session: &mut Session) -> Result<(), Self::Error> {
        self.run(channel, Request::Shell, session)
    }

    async fn exec_request(&mut self, channel: ChannelId, data: &[u8], session: &mut Session) -> Result<(), Self::Error> {
        self.run(channel, Request::Command(String::from_utf8_lossy(data).into_owned()), session)
    }

    async fn subsystem_request(&mut self, channel: ChannelId, name: &str, session: &mut Session) -> Result<(), Self::Error> {
        match name {
            "sftp" => self.run(channel, Request::Sftp, session),
            _ => session.channel_failure(channel),
        }
    }

    async fn agent_request(&mut self, _channel: ChannelId, session: &mut Session) -> Result<bool, Self::Error> {
        let allowed = self.user.as_ref().filter(|(_, grant)| grant.agent).map(|(user, _)| user);
        if let (Some(user), None) = (allowed, &self.agent) {
            self.agent = Agent::listen(&self.env, user, session.handle()).ok();
        }
        Ok(self.agent.is_some())
    }

    async fn window_change_request(
        &mut self,
        channel: ChannelId,
        columns: u32,
        rows: u32,
        width: u32,
        height: u32,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        if let Some(State::Running(_, Some(master))) = self.sessions.get(&channel) {
            master.resize(terminal::size(columns, rows, width, height));
        }
        Ok(())
    }

    async fn signal(&mut self, channel: ChannelId, signal: Sig, _session: &mut Session) -> Result<(), Self::Error> {
        let signal = relay::signal_number(&signal).and_then(|number| Signal::try_from(number).ok());
        if let (Some(State::Running(group, _)), Some(signal)) = (self.sessions.get(&channel), signal) {
            let _ = killpg(*group, signal);
        }
        Ok(())
    }

    async fn channel_close(&mut self, channel: ChannelId, _session: &mut Session) -> Result<(), Self::Error> {
        self.sessions.remove(&channel);
        self.inboxes.remove(&channel);
        Ok(())
    }
}
