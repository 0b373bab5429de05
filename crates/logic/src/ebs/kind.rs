//! The types of volumes: what may be asked of each, and what each gives (EBS user guide, "Amazon EBS volume types"; the bounds are those of
//! the API reference, `CreateVolume`).

use agent_proto::volume::IoLimits;
use model::ec2::Performance;

/// A type of volumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VolumeKind {
    /// `gp3` and its like.
    pub name: &'static str,
    /// The least and the largest size, in GiB.
    sizes: (u32, u32),
    /// What may be provisioned of I/O operations a second.
    iops: Option<Provisioned>,
    /// The bounds of the throughput that may be provisioned, in MiB a second; the first is the default.
    throughput: Option<(u32, u32)>,
}

/// What may be provisioned of I/O operations a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Provisioned {
    least: u32,
    most: u32,
    /// For each GiB of the volume.
    per_gib: u32,
    /// Where nothing is said.
    default: Option<u32>,
}

const fn provisioned(least: u32, most: u32, per_gib: u32, default: Option<u32>) -> Option<Provisioned> {
    Some(Provisioned { least, most, per_gib, default })
}

const KINDS: [VolumeKind; 7] = [
    VolumeKind { name: "standard", sizes: (1, 1024), iops: None, throughput: None },
    VolumeKind { name: "io1", sizes: (4, 16_384), iops: provisioned(100, 64_000, 50, None), throughput: None },
    VolumeKind { name: "io2", sizes: (4, 65_536), iops: provisioned(100, 256_000, 1000, None), throughput: None },
    VolumeKind { name: "gp2", sizes: (1, 16_384), iops: None, throughput: None },
    VolumeKind {
        name: "gp3",
        sizes: (1, 65_536),
        iops: provisioned(3000, 80_000, 500, Some(3000)),
        throughput: Some((125, 2000)),
    },
    VolumeKind { name: "st1", sizes: (125, 16_384), iops: None, throughput: None },
    VolumeKind { name: "sc1", sizes: (125, 16_384), iops: None, throughput: None },
];

/// Of a gp3 volume: I/O operations a second for each MiB a second.
const IOPS_PER_MIB: u32 = 4;

impl VolumeKind {
    /// The type of that name.
    pub fn of(name: &str) -> Option<Self> {
        KINDS.into_iter().find(|kind| kind.name == name)
    }

    /// It can be attached to several instances at a time.
    pub fn multi_attach(&self) -> bool {
        matches!(self.name, "io1" | "io2")
    }

    /// An instance can boot from it.
    pub fn bootable(&self) -> bool {
        !matches!(self.name, "st1" | "sc1")
    }
}

/// Why a volume can't be as it is asked for. Each says it in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A value is out of bounds.
    Value(String),
    /// Parameters don't go together.
    Combination(String),
}

/// What a volume of a type and size gives, with what is provisioned of it; defaults where nothing is said.
pub fn provision(kind: VolumeKind, size: u32, iops: Option<u32>, throughput: Option<u32>) -> Result<Performance, Refusal> {
    check_size(kind, size)?;
    let iops = provisioned_iops(kind, size, iops)?;
    let throughput = provisioned_throughput(kind, iops, throughput)?;
    Ok(Performance { volume_type: kind.name.into(), iops, throughput })
}

fn check_size(kind: VolumeKind, size: u32) -> Result<(), Refusal> {
    let ((least, most), name) = (kind.sizes, kind.name);
    let wrong = |which: &str, bound: &str, limit: u32| {
        Err(Refusal::Value(format!("Volume of {size}GiB is too {which} for volume type {name}; {bound} is {limit}GiB.")))
    };
    match size {
        size if size < least => wrong("small", "minimum", least),
        size if size > most => wrong("large", "maximum", most),
        _ => Ok(()),
    }
}

fn provisioned_iops(kind: VolumeKind, size: u32, asked: Option<u32>) -> Result<Option<u32>, Refusal> {
    let Some(bounds) = kind.iops else {
        return if asked.is_some() { Err(unsupported("iops", kind)) } else { Ok(None) };
    };
    let missing = || Refusal::Combination(format!("The parameter iops must be specified for {} volumes.", kind.name));
    let iops = asked.or(bounds.default).ok_or_else(missing)?;
    if iops < bounds.least {
        return Err(Refusal::Value(format!("Volume iops of {iops} is too low; minimum is {}.", bounds.least)));
    }
    if iops > bounds.most {
        return Err(Refusal::Value(format!("Volume iops of {iops} is too high; maximum is {}.", bounds.most)));
    }
    // The default needs no size that earns it.
    if Some(iops) != bounds.default && iops > size.saturating_mul(bounds.per_gib) {
        let (ratio, most) = (f64::from(iops) / f64::from(size), f64::from(bounds.per_gib));
        return Err(Refusal::Value(format!("Iops to volume size ratio of {ratio:.6} is too high; maximum is {most:.6}.")));
    }
    Ok(Some(iops))
}

fn provisioned_throughput(kind: VolumeKind, iops: Option<u32>, asked: Option<u32>) -> Result<Option<u32>, Refusal> {
    let Some((least, most)) = kind.throughput else {
        return if asked.is_some() { Err(unsupported("throughput", kind)) } else { Ok(None) };
    };
    let throughput = asked.unwrap_or(least);
    if throughput < least {
        return Err(Refusal::Value(format!("Volume throughput of {throughput} MiBps is too low; minimum is {least} MiBps.")));
    }
    if throughput > most {
        return Err(Refusal::Value(format!("Volume throughput of {throughput} MiBps is too high; maximum is {most} MiBps.")));
    }
    let iops = iops.unwrap_or_default();
    if throughput.saturating_mul(IOPS_PER_MIB) > iops {
        let ratio = f64::from(throughput) / f64::from(iops);
        let message = format!("Throughput (MiBps) to iops ratio of {ratio:.6} is too high; maximum is 0.250000 MiBps per iops.");
        return Err(Refusal::Value(message));
    }
    Ok(Some(throughput))
}

fn unsupported(parameter: &str, kind: VolumeKind) -> Refusal {
    Refusal::Combination(format!("The parameter {parameter} is not supported for {} volumes.", kind.name))
}

/// The I/O operations a second that a volume is shown with: what was provisioned, and the baseline of gp2.
pub fn shown_iops(size: u32, given: &Performance) -> Option<u32> {
    if given.volume_type == "gp2" { Some(gp2_baseline(size)) } else { given.iops }
}

/// 3 for each GiB, at least 100 and at most 16,000.
fn gp2_baseline(size: u32) -> u32 {
    size.saturating_mul(3).clamp(100, 16_000)
}

/// What a host lets a volume do. Where a type has a baseline and bursts above it, this is the burst: the credits for it aren't counted.
pub fn limits(size: u32, given: &Performance) -> IoLimits {
    let iops = given.iops.unwrap_or_default();
    let (iops, throughput) = match given.volume_type.as_str() {
        "gp3" => (iops, given.throughput.unwrap_or_default()),
        "gp2" => (gp2_baseline(size).max(3000), if size <= 170 { 128 } else { 250 }),
        "io1" => (iops, io1_throughput(iops)),
        // 0.256 MiB for each operation.
        "io2" => (iops, (u64::from(iops) * 256 / 1000).clamp(1, 4000) as u32),
        "st1" => (500, per_tib(size, 250).min(500)),
        "sc1" => (250, per_tib(size, 80).min(250)),
        _ => (200, 90),
    };
    IoLimits { iops: Some(iops), throughput_mib: Some(throughput) }
}

/// 256 KiB for each operation up to 500 MiB, then 16 KiB for each up to 1000 MiB.
fn io1_throughput(iops: u32) -> u32 {
    if iops <= 32_000 { (iops / 4).clamp(1, 500) } else { (iops / 64).clamp(500, 1000) }
}

fn per_tib(size: u32, each: u32) -> u32 {
    u32::try_from(u64::from(size) * u64::from(each) / 1024).unwrap_or(u32::MAX).max(1)
}
