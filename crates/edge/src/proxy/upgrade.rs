//! Connections that change to another protocol (WebSocket): after the target's `101` bytes go both ways, unread.

use crate::{
    quiet::{Activity, Watched},
    shared::Shared,
    target::InFlight,
};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use std::{sync::Arc, time::Duration};
use tokio::io::copy_bidirectional;

/// Passes bytes between the client and the target until one of them ends, or both are silent for too long.
pub(super) fn relay(shared: Arc<Shared>, client: OnUpgrade, target: OnUpgrade, idle: Duration, in_flight: InFlight) {
    tokio::spawn(async move {
        let _in_flight = in_flight;
        let _connection = shared.connection();
        let (Ok(client), Ok(target)) = tokio::join!(client, target) else { return };
        let activity = Activity::new(shared.env.clone());
        let mut client = Watched::new(TokioIo::new(client), activity.clone());
        let mut target = Watched::new(TokioIo::new(target), activity.clone());
        tokio::select! {
            // An end without farewell is the clients' business; there is nobody to tell.
            _ = copy_bidirectional(&mut client, &mut target) => {}
            () = activity.silence(idle) => {}
        }
    });
}
