//! What somebody has named as an image's source, and the disk that comes of it.

use super::{pack, progress::Progress, work::Work};
use crate::aws::Aws;
use anyhow::{Context, Result, bail};
use disk_image::{
    BLOCK, Blocks,
    content::{self, Content, Format},
    jail::Jailed,
    raw::Raw,
};
use std::{
    fs::File,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::Command,
};

/// What an image is to be made of.
#[derive(Debug, PartialEq, Eq)]
pub enum Source {
    /// A file: a disk, or an archive.
    File(PathBuf),
    /// A root file system.
    Folder(PathBuf),
    /// An image in a registry.
    Reference(String),
}

impl Source {
    /// What is there under that name; what isn't is an image in a registry.
    ///
    /// # Errors
    /// If it can be neither.
    pub fn of(name: &str) -> Result<Self> {
        let path = Path::new(name);
        match path.metadata() {
            Ok(about) if about.is_dir() => Ok(Self::Folder(path.into())),
            Ok(about) if about.is_file() => Ok(Self::File(path.into())),
            Ok(_) => bail!("{name} is neither a file nor a folder: copy the disk into a file, with `dd conv=sparse`"),
            Err(error) if name.starts_with(['/', '.']) => Err(error).with_context(|| name.to_owned()),
            Err(_) => match logic::image_reference::parse(name) {
                Ok(_) => Ok(Self::Reference(name.into())),
                Err(_) => bail!("There is no file {name}, and no image in a registry has such a name"),
            },
        }
    }

    /// A name for the image, made of the source's.
    pub fn suggested_name(&self) -> String {
        let base = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = match self {
            Self::File(path) | Self::Folder(path) => {
                base(&path.canonicalize().unwrap_or_else(|_| path.clone())).unwrap_or_default()
            }
            Self::Reference(name) => name.rsplit('/').next().unwrap_or_default().replace([':', '@'], "-"),
        };
        let name = [".qcow2", ".img", ".raw", ".tar.gz", ".tar.zst", ".tgz", ".tar"]
            .iter()
            .find_map(|end| name.strip_suffix(end))
            .unwrap_or(&name);
        let allowed = |c: char| if c.is_ascii_alphanumeric() || "()[]./-'@_".contains(c) { c } else { '-' };
        let name: String = name.chars().map(allowed).take(100).collect();
        if name.chars().count() < 3 { format!("image-{name}") } else { name }
    }
}

/// A disk, ready to be written to a snapshot.
pub struct Disk {
    /// Its blocks.
    pub blocks: Box<dyn Blocks + Send>,
    /// What is on it.
    pub content: Content,
    /// What it needs until it is written.
    pub work: Option<Work>,
}

impl Disk {
    /// Brings a source in. `gib` is the size that somebody wants.
    ///
    /// # Errors
    /// If the source is refused; says why, and what to do.
    pub async fn of(source: &Source, gib: Option<u32>, aws: &Aws, progress: &Progress) -> Result<Self> {
        match source {
            Source::Folder(path) => {
                let work = Work::new(aws.env())?;
                let image = pack::folder(path, gib, &work, progress)?;
                Self::of_raw(image, Some(work))
            }
            Source::Reference(name) => {
                let work = Work::new(aws.env())?;
                let image = pack::container_image(name, gib, &work, aws, progress).await?;
                Self::of_raw(image, Some(work))
            }
            Source::File(path) => {
                let file = File::open(path).with_context(|| path.display().to_string())?;
                Self::of_file(file, gib, aws, progress).with_context(|| path.display().to_string())
            }
        }
    }

    fn of_file(file: File, gib: Option<u32>, aws: &Aws, progress: &Progress) -> Result<Self> {
        let mut first = vec![0; BLOCK];
        let count = file.read_at(&mut first, 0)?;
        match content::format(&first[..count])? {
            Format::Raw => Self::of_raw(file, None),
            Format::Qcow2 => {
                let mut reader = Command::new(std::env::current_exe()?);
                reader.arg("disk-reader");
                Self::looked_at(Box::new(Jailed::open(&file, reader)?), None)
            }
            Format::Archive => {
                let work = Work::new(aws.env())?;
                let image = pack::archive(file, gib, &work, progress)?;
                Self::of_raw(image, Some(work))
            }
        }
    }

    /// A disk that is a file.
    ///
    /// # Errors
    /// If no machine can be made of it.
    pub fn of_raw(file: File, work: Option<Work>) -> Result<Self> {
        Self::looked_at(Box::new(Raw::open(file)?), work)
    }

    fn looked_at(mut blocks: Box<dyn Blocks + Send>, work: Option<Work>) -> Result<Self> {
        let first = blocks.next()?;
        let begins = first.as_ref().filter(|(index, _)| *index == 0).map_or(&[][..], |(_, block)| block);
        let content = content::content(begins, blocks.bytes())?;
        Ok(Self { blocks: Box::new(Peeked { first, rest: blocks }), content, work })
    }
}

/// Blocks of which the first was looked at already.
struct Peeked {
    first: Option<(u32, Vec<u8>)>,
    rest: Box<dyn Blocks + Send>,
}

impl Blocks for Peeked {
    fn bytes(&self) -> u64 {
        self.rest.bytes()
    }

    fn next(&mut self) -> Result<Option<(u32, Vec<u8>)>, disk_image::Error> {
        match self.first.take() {
            Some(first) => Ok(Some(first)),
            None => self.rest.next(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_file_a_folder_or_an_image_in_a_registry() {
        let folder = tempfile::tempdir().unwrap();
        let name = |path: &Path| path.to_str().unwrap().to_owned();
        std::fs::write(folder.path().join("disk.img"), "").unwrap();
        assert_eq!(Source::of(&name(folder.path())).unwrap(), Source::Folder(folder.path().into()));
        let file = Source::of(&name(&folder.path().join("disk.img"))).unwrap();
        assert_eq!(file.suggested_name(), "disk");
        assert!(Source::of(&name(&folder.path().join("nothing"))).is_err());
        assert!(Source::of("/dev/null").unwrap_err().to_string().contains("neither"));
        let image = Source::of("127.0.0.1:4566/web:v1").unwrap();
        assert_eq!((image.suggested_name().as_str(), &image), ("web-v1", &Source::Reference("127.0.0.1:4566/web:v1".into())));
        assert!(Source::of("NO SUCH THING").is_err());
    }
}
