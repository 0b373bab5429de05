//! What containers have written, as it is kept on this host until it is safe elsewhere.
//!
//! A container's output is one sequence of records, `<milliseconds> <o|e> <text>\n`, cut into segments: files named after the
//! position of their first byte. Only the shim appends ([`Writer`]), only the agent reads and deletes ([`read`], [`release`]), and
//! neither needs to know whether the other is alive. Nothing here knows what becomes of the lines.

use agent_proto::workload::{LogLine, LogPosition};
use model::Timestamp;
use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// Bytes after which a segment is followed by a new one.
const SEGMENT_BYTES: u64 = 1 << 20;
/// Bytes of text in one line at most; longer ones come in parts.
pub const LINE_BYTES: usize = 256 << 10;
/// Bytes that one read looks at.
const READ_BYTES: u64 = 1 << 20;

/// Appends records.
pub struct Writer {
    folder: PathBuf,
    most: u64,
    file: Option<File>,
    start: u64,
    end: u64,
    oldest: u64,
}

impl Writer {
    /// Takes up the output of a container in a folder, which is made; at most about `most` bytes are kept there. What an earlier
    /// start of the container has written stays, in segments of its own.
    pub fn open(folder: PathBuf, most: u64) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        let segments = segments(&folder);
        let oldest = segments.first().map_or(0, |(start, _)| *start);
        let end = match segments.last() {
            Some((start, path)) => start + fs::metadata(path)?.len(),
            None => 0,
        };
        Ok(Self { folder, most, file: None, start: end, end, oldest })
    }

    /// Whether there is room for more; if not, some has to be released first.
    pub fn has_room(&mut self) -> bool {
        if self.end - self.oldest >= self.most {
            self.oldest = segments(&self.folder).first().map_or(self.end, |segment| segment.0);
        }
        self.end - self.oldest < self.most
    }

    /// Appends lines. Either all are written or none.
    pub fn append(&mut self, at: Timestamp, stderr: bool, lines: &[Vec<u8>]) -> io::Result<()> {
        let mut records = Vec::new();
        for line in lines {
            record(&mut records, at, stderr, &String::from_utf8_lossy(line));
        }
        let end = self.end - self.start;
        let file = self.segment()?;
        if let Err(error) = file.write_all(&records) {
            file.set_len(end)?;
            file.seek(SeekFrom::Start(end))?;
            return Err(error);
        }
        self.end += records.len() as u64;
        Ok(())
    }

    fn segment(&mut self) -> io::Result<&mut File> {
        if self.end - self.start >= SEGMENT_BYTES {
            self.file = None;
            self.start = self.end;
        }
        match &mut self.file {
            Some(file) => Ok(file),
            empty => Ok(empty.insert(File::create(self.folder.join(format!("{:020}", self.start)))?)),
        }
    }
}

fn record(records: &mut Vec<u8>, at: Timestamp, stderr: bool, mut text: &str) {
    let stream = if stderr { 'e' } else { 'o' };
    loop {
        let (part, rest) = text.split_at(text.floor_char_boundary(LINE_BYTES));
        records.extend_from_slice(format!("{} {stream} {part}\n", at.0).as_bytes());
        if rest.is_empty() {
            return;
        }
        text = rest;
    }
}

/// Cuts a stream of bytes into lines.
#[derive(Default)]
pub struct Lines {
    unfinished: Vec<u8>,
}

impl Lines {
    /// Takes bytes and gives the lines that they complete, without their line feeds.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|byte| *byte == b'\n') {
            self.unfinished.extend_from_slice(&rest[..at]);
            lines.push(std::mem::take(&mut self.unfinished));
            rest = &rest[at + 1..];
        }
        self.unfinished.extend_from_slice(rest);
        if self.unfinished.len() >= LINE_BYTES {
            lines.push(std::mem::take(&mut self.unfinished));
        }
        lines
    }

    /// The last line, if the stream ended without a line feed.
    pub fn finish(&mut self) -> Option<Vec<u8>> {
        (!self.unfinished.is_empty()).then(|| std::mem::take(&mut self.unfinished))
    }
}

/// Reads lines from a position on, some megabyte of them at most. The second value is where the next read goes on; it is the
/// given position if there is nothing more yet.
pub fn read(folder: &Path, from: LogPosition) -> io::Result<(Vec<LogLine>, LogPosition)> {
    let segments = segments(folder);
    let newest_before = segments.iter().rposition(|(start, _)| *start <= from.0);
    // What was before the oldest segment has been released.
    let (mut index, mut position) = match newest_before {
        Some(index) => (index, from.0),
        None => (0, segments.first().map_or(from.0, |(start, _)| *start)),
    };
    while let Some((start, path)) = segments.get(index) {
        let bytes = match read_segment(path, position - start) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            other => other?,
        };
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if whole > 0 {
            let lines = bytes[..whole].split_inclusive(|byte| *byte == b'\n').filter_map(parse).collect();
            return Ok((lines, LogPosition(position + whole as u64)));
        }
        index += 1;
        position = segments.get(index).map_or(position, |(start, _)| *start);
    }
    Ok((Vec::new(), LogPosition(position)))
}

fn read_segment(path: &Path, offset: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.take(READ_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn parse(record: &[u8]) -> Option<LogLine> {
    let text = std::str::from_utf8(record.strip_suffix(b"\n")?).ok()?;
    let (at, rest) = text.split_once(' ')?;
    let (stream, text) = rest.split_once(' ')?;
    Some(LogLine { at: Timestamp(at.parse().ok()?), stderr: stream == "e", text: text.to_owned() })
}

/// Deletes the segments that end before a position; the newest is kept, for it may still grow.
pub fn release(folder: &Path, to: LogPosition) -> io::Result<()> {
    let segments = segments(folder);
    for pair in segments.windows(2) {
        if pair[1].0 <= to.0 {
            fs::remove_file(&pair[0].1)?;
        }
    }
    Ok(())
}

/// Position of the first byte and path, the oldest first.
fn segments(folder: &Path) -> Vec<(u64, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut segments: Vec<_> =
        entries.filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path()))).collect();
    segments.sort();
    segments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(folder: &Path, mut from: LogPosition) -> (Vec<String>, LogPosition) {
        let mut texts = Vec::new();
        loop {
            let (lines, next) = read(folder, from).unwrap();
            if next == from {
                return (texts, next);
            }
            texts.extend(lines.into_iter().map(|line| line.text));
            from = next;
        }
    }

    #[test]
    fn lines_come_back_in_order_over_segments_without_gap_or_double() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::open(folder.path().into(), u64::MAX).unwrap();
        let mut expected = Vec::new();
        for n in 0..50_u8 {
            let line = vec![b'a' + n % 26; 100_000];
            writer.append(Timestamp(n.into()), n % 2 == 1, std::slice::from_ref(&line)).unwrap();
            expected.push(String::from_utf8(line).unwrap());
        }
        let (texts, end) = all(folder.path(), LogPosition(0));
        assert_eq!(texts, expected);
        assert_eq!(all(folder.path(), end), (vec![], end));
        release(folder.path(), end).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "only the newest segment is left");
        assert_eq!(all(folder.path(), end), (vec![], end));
        assert!(all(folder.path(), LogPosition(0)).0.len() < 50, "what was released is gone");
    }

    #[test]
    fn a_long_or_broken_line_comes_in_parts_and_as_text() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::open(folder.path().into(), u64::MAX).unwrap();
        let mut lines = Lines::default();
        let mut whole = lines.push(&vec![0xe2; LINE_BYTES + 10]);
        whole.extend(lines.push(b"tail\r\n\nlast"));
        whole.extend(lines.finish());
        writer.append(Timestamp(7), true, &whole).unwrap();
        let (texts, _) = all(folder.path(), LogPosition(0));
        assert!(texts.iter().all(|text| text.len() <= LINE_BYTES));
        assert_eq!(texts.iter().map(|text| text.matches('\u{fffd}').count()).sum::<usize>(), LINE_BYTES + 10);
        assert_eq!(texts[texts.len() - 3..], ["tail\r", "", "last"]);
    }

    #[test]
    fn a_writer_has_room_again_when_something_is_released() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::open(folder.path().into(), 3 << 20).unwrap();
        while writer.has_room() {
            writer.append(Timestamp(0), false, &[vec![b'x'; 200_000]]).unwrap();
        }
        release(folder.path(), LogPosition(2 << 20)).unwrap();
        assert!(writer.has_room());
    }

    #[test]
    fn a_second_start_goes_on_behind_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let start = |line: &[u8]| {
            let mut writer = Writer::open(folder.path().into(), u64::MAX).unwrap();
            writer.append(Timestamp(0), false, &[line.to_vec()]).unwrap();
        };
        start(b"first");
        // The machine crashed in the middle of a record.
        let segment = folder.path().join(format!("{:020}", 0));
        fs::write(&segment, [fs::read(&segment).unwrap(), b"0 o torn".to_vec()].concat()).unwrap();
        start(b"second");
        assert_eq!(all(folder.path(), LogPosition(0)).0, ["first", "second"]);
    }

    #[test]
    fn a_record_that_is_not_whole_yet_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(format!("{:020}", 0)), "1 o whole\n2 o ha").unwrap();
        let (lines, next) = read(folder.path(), LogPosition(0)).unwrap();
        assert_eq!((lines.len(), next), (1, LogPosition(10)));
        assert_eq!(read(folder.path(), next).unwrap(), (vec![], next));
    }
}
