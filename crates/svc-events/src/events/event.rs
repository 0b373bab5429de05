//! An event, as it is matched and delivered (EventBridge user guide, "Events in Amazon EventBridge").

use crate::moment::shown;
use model::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// An event. Its members are written in the order in which EventBridge has them.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Event {
    version: &'static str,
    /// Its id.
    pub id: String,
    /// What it is about, with `source`.
    pub detail_type: String,
    /// Who says so.
    pub source: String,
    /// Whose it is.
    pub account: String,
    time: String,
    /// Where it was put.
    pub region: String,
    /// ARNs of what it concerns.
    pub resources: Vec<String>,
    /// An object.
    pub detail: Value,
    #[serde(skip)]
    at: Timestamp,
}

/// What happened, and to what.
pub struct Happening {
    /// Who says so.
    pub source: String,
    /// What kind of thing it is.
    pub detail_type: String,
    /// ARNs of what it concerns.
    pub resources: Vec<String>,
    /// An object.
    pub detail: Value,
}

impl Event {
    /// An event of an account and region.
    pub fn new(id: String, (account, region): (&str, &str), at: Timestamp, it: Happening) -> Self {
        Self {
            version: "0",
            id,
            detail_type: it.detail_type,
            source: it.source,
            account: account.to_owned(),
            time: shown(at),
            region: region.to_owned(),
            resources: it.resources,
            detail: it.detail,
            at,
        }
    }

    /// When it happened, to the second.
    pub fn time(&self) -> &str {
        &self.time
    }

    /// When it happened, in seconds since the epoch.
    pub fn moment(&self) -> f64 {
        self.at.as_secs_f64()
    }

    /// As JSON.
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
