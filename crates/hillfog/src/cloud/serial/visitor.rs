//! Somebody who comes to sit at a console: one connection, one session.

use super::Desk;
use agent_proto::{ConsoleStream, Host, HostError};
use model::{Key, ec2::Instance};
use russh::{
    Channel, ChannelId, ChannelOpenFailure, Pty,
    keys::PublicKey,
    server::{Auth, ChannelOpenHandle, Handler, Msg, PublicKeyOffer, Session, VerifiedPublicKey},
};
use svc_ec2::connect::serial;
use tokio::io::{copy, split};

/// What is said to somebody whose seat is taken.
const TAKEN: &str = "The instance currently has 1 active serial console session. Only 1 session is supported at a time.\r\n";

/// A connection.
pub struct Visitor {
    desk: Desk,
    /// The console that the key opens, once somebody has logged in.
    console: Option<Key<Instance>>,
    /// The session's channel, until it is asked for a shell.
    channel: Option<Channel<Msg>>,
}

impl Visitor {
    /// Nobody has said anything yet.
    pub fn new(desk: Desk) -> Self {
        Self { desk, console: None, channel: None }
    }

    /// The console that a key opens under a name.
    fn look_up(&self, name: &str, key: &PublicKey) -> Option<Key<Instance>> {
        let line = key.to_openssh().ok()?;
        let found = serial::console_of(&self.desk.store.snapshot(), name, &line, self.desk.env.now());
        found.inspect_err(|error| tracing::error!(%error, "who may sit at a console can't be read")).ok().flatten()
    }

    /// Sits down at the console, in words where that can't be.
    async fn sit_down(&self) -> Result<(Key<Instance>, ConsoleStream), String> {
        let console = self.console.clone().ok_or("Nobody has logged in.\r\n")?;
        let (store, now) = (&self.desk.store, self.desk.env.now());
        match serial::sit_down(store, &console, now).await {
            Ok(true) => {}
            Ok(false) => return Err(TAKEN.to_owned()),
            Err(error) => return Err(format!("{error}\r\n")),
        }
        match self.desk.host.open_console(&console.id).await {
            Ok(stream) => Ok((console, stream)),
            Err(error) => {
                stand_up(&self.desk, &console).await;
                Err(reason(&error))
            }
        }
    }
}

fn reason(error: &HostError) -> String {
    format!("Unable to start a serial console session. Please try again. ({error})\r\n")
}

async fn stand_up(desk: &Desk, console: &Key<Instance>) {
    if let Err(error) = serial::stand_up(&desk.store, console).await {
        tracing::error!(%error, instance = console.id, "the seat at a console can't be cleared");
    }
}

/// Passes bytes on until either end goes, or the visitor has nothing more to type.
async fn sit(desk: Desk, console: Key<Instance>, channel: Channel<Msg>, stream: ConsoleStream) {
    let (mut shown, mut typed) = split(stream);
    let (mut from, mut to) = split(channel.into_stream());
    tokio::select! {
        _ = copy(&mut shown, &mut to) => {}
        _ = copy(&mut from, &mut typed) => {}
    }
    // The seat is free before the visitor knows that the session is over.
    stand_up(&desk, &console).await;
    let _ = tokio::io::AsyncWriteExt::shutdown(&mut to).await;
}

impl Handler for Visitor {
    type Error = russh::Error;

    async fn auth_publickey_offered(&mut self, name: &str, offer: PublicKeyOffer<'_>) -> Result<Auth, Self::Error> {
        Ok(self.look_up(name, offer.public_key).map_or_else(Auth::reject, |_| Auth::Accept))
    }

    async fn auth_publickey(&mut self, name: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        self.console = self.look_up(name, key.public_key);
        Ok(if self.console.is_some() { Auth::Accept } else { Auth::reject() })
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        if self.console.is_none() || self.channel.is_some() {
            reply.reject(ChannelOpenFailure::ResourceShortage).await;
            return Ok(());
        }
        self.channel = Some(channel);
        reply.accept().await;
        Ok(())
    }

    /// The terminal is the machine's.
    async fn pty_request(
        &mut self,
        channel: ChannelId,
        _: &str,
        _: u32,
        _: u32,
        _: u32,
        _: u32,
        _: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_success(channel)
    }

    async fn shell_request(&mut self, id: ChannelId, session: &mut Session) -> Result<(), Self::Error> {
        let Some(channel) = self.channel.take() else { return session.channel_failure(id) };
        match self.sit_down().await {
            Ok((console, stream)) => {
                session.channel_success(id)?;
                tokio::spawn(sit(self.desk.clone(), console, channel, stream));
                Ok(())
            }
            Err(words) => {
                session.channel_success(id)?;
                session.data(id, words.into_bytes())?;
                session.close(id)
            }
        }
    }

    /// There is nothing to run here.
    async fn exec_request(&mut self, id: ChannelId, _: &[u8], session: &mut Session) -> Result<(), Self::Error> {
        session.channel_failure(id)
    }
}
