//! Waiting for what may never become due.

use model::{Timestamp, env::Clock};
use std::sync::Arc;

/// Ends at that moment; never, if there is none.
pub(crate) async fn due(clock: &Arc<dyn Clock>, at: Option<Timestamp>) {
    match at {
        Some(at) => clock.sleep_until(at).await,
        None => std::future::pending().await,
    }
}
