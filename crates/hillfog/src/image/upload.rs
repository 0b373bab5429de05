//! Writes a disk to a snapshot, several blocks at a time, and registers the image.

use super::{progress::Progress, source::Disk};
use crate::aws::{
    Aws,
    ebs::{Checksum, checksum},
    ec2::NewImage,
};
use anyhow::{Context, Result, anyhow, bail, ensure};
use bytes::Bytes;
use disk_image::{BLOCK, Blocks, content::Content};
use serde_json::{Value, json};
use tokio::{signal::unix::Signal, sync::mpsc, task::JoinSet};

/// Blocks that are sent at once.
const AT_ONCE: usize = 8;

/// What an image is to be.
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// What people wrote.
    pub description: Option<String>,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// Instead of what the disk shows.
    pub boot_mode: Option<String>,
    /// Such as `/dev/xvda`.
    pub root_device: String,
    /// In GiB, where it is to be larger than the disk.
    pub gib: Option<u32>,
}

/// Refuses early what would be refused at the end.
///
/// # Errors
/// If the name is taken.
pub async fn check_name(aws: &Aws, name: &str) -> Result<()> {
    ensure!(!aws.has_image(name).await?, "There is an image named {name} already: give this one another name with --name");
    Ok(())
}

/// Makes the image: tells about it as a JSON object.
///
/// # Errors
/// If the disk can't be read, the cloud refuses, or somebody interrupts; then nothing is left of it.
pub async fn image(aws: &Aws, disk: Disk, wanted: &Wanted, progress: &Progress, interrupt: &mut Signal) -> Result<Value> {
    let Disk { blocks, content, work: _work } = disk;
    let boot_mode = boot_mode(content, wanted)?;
    let gib = gib(blocks.bytes(), wanted.gib)?;
    let snapshot = aws.start_snapshot(gib, &format!("Imported for {}", wanted.name)).await?;
    let made = tokio::select! {
        made = write_and_register(aws, blocks, &snapshot, boot_mode, wanted, progress) => made,
        _ = interrupt.recv() => Err(anyhow!("Interrupted: nothing was made")),
    };
    let (image, count) = match made {
        Ok(made) => made,
        Err(error) => {
            // Whether or not it can be deleted, the error that counts is the first. A snapshot that nobody completes is given up.
            let _ = aws.delete_snapshot(&snapshot).await;
            return Err(error);
        }
    };
    Ok(json!({
        "ImageId": image,
        "SnapshotId": snapshot,
        "Name": wanted.name,
        "Architecture": wanted.architecture,
        "BootMode": boot_mode,
        "Size": gib,
        "Bytes": count as u64 * BLOCK as u64,
    }))
}

/// A virtual machine's boot mode; none for a system container.
fn boot_mode(content: Content, wanted: &Wanted) -> Result<Option<&str>> {
    match (content, &wanted.boot_mode) {
        (Content::Bootable(mode), None) => Ok(Some(mode.name())),
        (Content::Bootable(_), Some(mode)) => Ok(Some(mode)),
        (Content::FileSystem(_), None) => Ok(None),
        (Content::FileSystem(found), Some(_)) => {
            bail!("It holds an {} and nothing to boot: leave out --boot-mode", found.kind)
        }
    }
}

fn gib(bytes: u64, wanted: Option<u32>) -> Result<u32> {
    let least = u32::try_from(bytes.div_ceil(1 << 30)).context("The disk is too large")?;
    match wanted {
        Some(wanted) if wanted < least => bail!("The disk has {least} GiB, so --size can't be {wanted}"),
        wanted => Ok(wanted.unwrap_or(least)),
    }
}

async fn write_and_register(
    aws: &Aws,
    blocks: Box<dyn Blocks + Send>,
    snapshot: &str,
    boot_mode: Option<&str>,
    wanted: &Wanted,
    progress: &Progress,
) -> Result<(String, usize)> {
    progress.step(format!("Writing {snapshot}"));
    progress.measure(blocks.bytes());
    let sums = write(aws, blocks, snapshot, progress).await?;
    aws.complete_snapshot(snapshot, &sums).await?;
    aws.snapshot_completed(snapshot).await?;
    let new = NewImage {
        name: &wanted.name,
        description: wanted.description.as_deref(),
        architecture: &wanted.architecture,
        boot_mode,
        root_device: &wanted.root_device,
        snapshot,
    };
    let image = aws.register_image(&new).await?;
    aws.image_available(&image).await?;
    progress.clear();
    Ok((image, sums.len()))
}

/// Sends the blocks as they are read; gives their checksums in their order.
async fn write(aws: &Aws, mut blocks: Box<dyn Blocks + Send>, snapshot: &str, progress: &Progress) -> Result<Vec<Checksum>> {
    let (sender, mut receiver) = mpsc::channel(AT_ONCE);
    let reader = tokio::task::spawn_blocking(move || {
        while let Some(block) = blocks.next()? {
            if sender.blocking_send(block).is_err() {
                break;
            }
        }
        Ok::<_, disk_image::Error>(())
    });
    let (mut sums, mut sending) = (Vec::new(), JoinSet::new());
    while let Some((index, block)) = receiver.recv().await {
        if sending.len() >= AT_ONCE {
            sent(&mut sending).await?;
        }
        let (aws, snapshot, sum) = (aws.clone(), snapshot.to_owned(), checksum(&block));
        sums.push(sum);
        sending.spawn(async move { aws.put_block(&snapshot, index, Bytes::from(block), sum).await });
        progress.reach(u64::from(index) * BLOCK as u64);
    }
    reader.await??;
    while !sending.is_empty() {
        sent(&mut sending).await?;
    }
    Ok(sums)
}

async fn sent(sending: &mut JoinSet<Result<()>>) -> Result<()> {
    sending.join_next().await.map_or(Ok(()), |done| done?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use disk_image::{content::FileSystem, partitions::BootMode};

    fn wanted(boot_mode: Option<&str>) -> Wanted {
        Wanted {
            name: "one".into(),
            description: None,
            architecture: "x86_64".into(),
            boot_mode: boot_mode.map(str::to_owned),
            root_device: "/dev/xvda".into(),
            gib: None,
        }
    }

    #[test]
    fn what_is_on_the_disk_says_how_it_boots_unless_somebody_knows_better() {
        let bootable = Content::Bootable(BootMode::UefiPreferred);
        assert_eq!(boot_mode(bootable, &wanted(None)).unwrap(), Some("uefi-preferred"));
        assert_eq!(boot_mode(bootable, &wanted(Some("legacy-bios"))).unwrap(), Some("legacy-bios"));
        let bare = Content::FileSystem(FileSystem { kind: "ext4", bytes: 1 });
        assert_eq!(boot_mode(bare, &wanted(None)).unwrap(), None);
        assert!(boot_mode(bare, &wanted(Some("uefi"))).is_err());
    }

    #[test]
    fn volumes_have_whole_gibibytes() {
        assert_eq!(gib(1, None).unwrap(), 1);
        assert_eq!(gib((1 << 30) + 1, None).unwrap(), 2);
        assert_eq!(gib(1, Some(8)).unwrap(), 8);
        assert!(gib(3 << 30, Some(2)).is_err());
    }
}
