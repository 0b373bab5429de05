//! What is said of a file (section 5 of the draft).

use super::packet::{Reader, Writer};
use std::{fs::Metadata, os::unix::fs::MetadataExt};

const SIZE: u32 = 1;
const OWNER: u32 = 2;
const MODE: u32 = 4;
const TIMES: u32 = 8;
const EXTENDED: u32 = 0x8000_0000;

/// Whatever of it is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// In bytes.
    pub size: Option<u64>,
    /// Numbers of user and group.
    pub owner: Option<(u32, u32)>,
    /// Permissions, and in answers the file's type.
    pub mode: Option<u32>,
    /// Of the last access and change, in seconds since 1970.
    pub times: Option<(u32, u32)>,
}

impl Attributes {
    /// All that is known of a file.
    pub fn of(found: &Metadata) -> Self {
        Attributes {
            size: Some(found.len()),
            owner: Some((found.uid(), found.gid())),
            mode: Some(found.mode()),
            times: Some((found.atime() as u32, found.mtime() as u32)),
        }
    }

    pub(super) fn read(packet: &mut Reader) -> Option<Self> {
        let flags = packet.number()?;
        let pair = |packet: &mut Reader| Some((packet.number()?, packet.number()?));
        let mut attributes = Attributes::default();
        if flags & SIZE != 0 {
            attributes.size = Some(packet.long()?);
        }
        if flags & OWNER != 0 {
            attributes.owner = Some(pair(packet)?);
        }
        if flags & MODE != 0 {
            attributes.mode = Some(packet.number()?);
        }
        if flags & TIMES != 0 {
            attributes.times = Some(pair(packet)?);
        }
        if flags & EXTENDED != 0 {
            for _ in 0..packet.number()? {
                packet.bytes()?;
                packet.bytes()?;
            }
        }
        Some(attributes)
    }

    /// Adds them to an answer.
    pub fn write(&self, answer: Writer) -> Writer {
        let said = [
            (self.size.is_some(), SIZE),
            (self.owner.is_some(), OWNER),
            (self.mode.is_some(), MODE),
            (self.times.is_some(), TIMES),
        ];
        let mut answer = answer.number(said.iter().filter(|(said, _)| *said).map(|(_, flag)| flag).sum());
        if let Some(size) = self.size {
            answer = answer.long(size);
        }
        for (one, other) in [self.owner].into_iter().flatten() {
            answer = answer.number(one).number(other);
        }
        if let Some(mode) = self.mode {
            answer = answer.number(mode);
        }
        for (one, other) in [self.times].into_iter().flatten() {
            answer = answer.number(one).number(other);
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_read_as_they_are_written() {
        let some = Attributes { size: Some(7), owner: None, mode: Some(0o100_644), times: Some((1, 2)) };
        for attributes in [some, Attributes::default()] {
            let packet = attributes.write(Writer::new(0)).finish();
            assert_eq!(Attributes::read(&mut Reader::new(&packet[5..])), Some(attributes));
        }
        assert_eq!(Attributes::read(&mut Reader::new(&[0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff])), None);
    }
}
