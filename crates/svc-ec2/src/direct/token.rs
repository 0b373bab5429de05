//! Tokens: of blocks, which say what a block's content is and are good for a week, and of pages. Sealed, so that none can be made up.

use front::{Cx, encoded};
use logic::sealer::Sealer;
use model::Timestamp;
use spine::{Store, StoreError};
use std::time::Duration;

/// How long tokens are good.
const VALID: Duration = Duration::from_secs(7 * 24 * 60 * 60);
const BLOCK: &str = "ebs/block";
const PAGE: &str = "ebs/page";

/// Makes and reads tokens.
pub struct Tokens<'a> {
    sealer: Sealer,
    cx: &'a Cx,
}

impl<'a> Tokens<'a> {
    /// Those of the cloud.
    pub async fn new(cx: &'a Cx, store: &Store) -> Result<Self, StoreError> {
        let key = encoded::key(store, &cx.env).await?;
        Ok(Self { sealer: Sealer::new(&key.key), cx })
    }

    /// When tokens that are made now stop being good.
    pub fn expiry(&self) -> Timestamp {
        self.cx.now + VALID
    }

    /// The token of a block of a snapshot.
    pub fn block(&self, snapshot: &str, index: u32, content: blocks::BlockId) -> String {
        self.seal(BLOCK, &format!("{snapshot} {index} {content}"))
    }

    /// The content that a token means for a block of a snapshot; `None` if it isn't that block's, or isn't good any more.
    pub fn content(&self, token: &str, snapshot: &str, index: u32) -> Option<blocks::BlockId> {
        let text = self.sealer.open(BLOCK, token, self.cx.now)?;
        let content = text.strip_prefix(&format!("{snapshot} {index} "))?;
        content.parse().ok()
    }

    /// The token of the page of `of` that begins with a block.
    pub fn page(&self, of: &str, from: u32) -> String {
        self.seal(PAGE, &format!("{of} {from}"))
    }

    /// The block that a page of `of` begins with.
    pub fn from(&self, token: &str, of: &str) -> Option<u32> {
        let text = self.sealer.open(PAGE, token, self.cx.now)?;
        text.strip_prefix(&format!("{of} "))?.parse().ok()
    }

    fn seal(&self, purpose: &'static str, text: &str) -> String {
        self.sealer.seal(purpose, text, self.expiry(), self.cx.env.bytes())
    }
}
