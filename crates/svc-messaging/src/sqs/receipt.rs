//! Receipt handles: which message of which queue, received for which time.

use base64::{Engine, engine::general_purpose::STANDARD};
use logic::queue::Number;

/// What a receipt handle says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The mailbox that the message was in.
    pub mailbox: u64,
    /// The message's number.
    pub number: Number,
    /// How often it had been received then.
    pub count: u32,
}

/// The form of the bytes.
const VERSION: u8 = 1;

impl Receipt {
    /// As it is given to receivers. A checksum tells handles from other texts; it keeps nobody from making one up, who needs the
    /// permission to delete messages then as well.
    pub fn handle(self) -> String {
        let body = self.bytes();
        STANDARD.encode([&body[..], &crc32fast::hash(&body).to_be_bytes()].concat())
    }

    /// What a handle says; none if it isn't one.
    pub fn parse(handle: &str) -> Option<Self> {
        let bytes = STANDARD.decode(handle).ok()?;
        let (body, check) = bytes.split_last_chunk::<4>()?;
        let ([VERSION], rest) = body.split_first_chunk::<1>()? else { return None };
        let (mailbox, rest) = rest.split_first_chunk()?;
        let (number, count) = rest.split_first_chunk()?;
        let count = u32::from_be_bytes(count.try_into().ok()?);
        let receipt = Self { mailbox: u64::from_be_bytes(*mailbox), number: Number(u64::from_be_bytes(*number)), count };
        (u32::from_be_bytes(*check) == crc32fast::hash(body)).then_some(receipt)
    }

    fn bytes(self) -> Vec<u8> {
        [&[VERSION][..], &self.mailbox.to_be_bytes(), &self.number.0.to_be_bytes(), &self.count.to_be_bytes()].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_says_what_it_was_made_of_and_nothing_else_is_one() {
        let receipt = Receipt { mailbox: 7, number: Number(1 << 60), count: 3 };
        assert_eq!(Receipt::parse(&receipt.handle()), Some(receipt));
        let changed = receipt.handle().replacen('A', "B", 1);
        for junk in ["", "x", "AAAA", changed.as_str()] {
            assert_eq!(Receipt::parse(junk), None, "{junk}");
        }
    }
}
