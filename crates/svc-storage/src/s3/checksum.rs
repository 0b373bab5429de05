//! Checksums of contents (Amazon S3 user guide, "Checking object integrity"): which there are, how they are computed as bytes come, and
//! how those of parts become that of the whole.

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::STANDARD};
use md5::Digest as _;
use model::s3::Checksum;
use std::hash::Hasher as _;
use twox_hash::{XxHash3_64, XxHash3_128, XxHash64};

/// An algorithm for checksums.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Algorithm {
    /// CRC-32 of IEEE 802.3.
    Crc32,
    /// CRC-32C (Castagnoli).
    Crc32C,
    /// CRC-64 of the NVM Express base specification: what S3 computes where nobody asks.
    Crc64Nvme,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
    /// MD5.
    Md5,
    /// XXH64, of seed 0.
    Xxh64,
    /// XXH3 of 64 bits, of seed 0.
    Xxh3,
    /// XXH3 of 128 bits, of seed 0.
    Xxh128,
}

impl Algorithm {
    /// All that there are.
    pub const ALL: [Self; 10] = [
        Self::Crc32,
        Self::Crc32C,
        Self::Crc64Nvme,
        Self::Sha1,
        Self::Sha256,
        Self::Sha512,
        Self::Md5,
        Self::Xxh64,
        Self::Xxh3,
        Self::Xxh128,
    ];

    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32C => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
            Self::Md5 => "MD5",
            Self::Xxh64 => "XXHASH64",
            Self::Xxh3 => "XXHASH3",
            Self::Xxh128 => "XXHASH128",
        }
    }

    /// The one of that name, in any case.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name().eq_ignore_ascii_case(name))
    }

    /// How many bytes a checksum has.
    pub fn length(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32C => 4,
            Self::Crc64Nvme | Self::Xxh64 | Self::Xxh3 => 8,
            Self::Md5 | Self::Xxh128 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    /// Whether the checksum of a whole follows from those of its parts.
    pub fn is_linear(self) -> bool {
        matches!(self, Self::Crc32 | Self::Crc32C | Self::Crc64Nvme)
    }

    /// Whether a checksum of parts' checksums can be made with it.
    pub fn composes(self) -> bool {
        self != Self::Crc64Nvme
    }
}

/// Computes a checksum.
pub enum Hasher {
    /// Of this kind.
    Crc32(crc32fast::Hasher),
    /// Of this kind.
    Crc32C(u32),
    /// Of this kind.
    Crc64(crc64fast_nvme::Digest),
    /// Any of the SHA family.
    Sha(digest::Context),
    /// Of this kind.
    Md5(md5::Md5),
    /// Of this kind.
    Xxh64(XxHash64),
    /// Of this kind.
    Xxh3(Box<XxHash3_64>),
    /// Of this kind.
    Xxh128(Box<XxHash3_128>),
}

impl Hasher {
    /// Begins one.
    pub fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Crc32 => Self::Crc32(crc32fast::Hasher::new()),
            Algorithm::Crc32C => Self::Crc32C(0),
            Algorithm::Crc64Nvme => Self::Crc64(crc64fast_nvme::Digest::new()),
            Algorithm::Sha1 => Self::Sha(digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY)),
            Algorithm::Sha256 => Self::Sha(digest::Context::new(&digest::SHA256)),
            Algorithm::Sha512 => Self::Sha(digest::Context::new(&digest::SHA512)),
            Algorithm::Md5 => Self::Md5(md5::Md5::new()),
            Algorithm::Xxh64 => Self::Xxh64(XxHash64::with_seed(0)),
            Algorithm::Xxh3 => Self::Xxh3(Box::new(XxHash3_64::new())),
            Algorithm::Xxh128 => Self::Xxh128(Box::new(XxHash3_128::new())),
        }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Crc32(hasher) => hasher.update(bytes),
            Self::Crc32C(sum) => *sum = crc32c::crc32c_append(*sum, bytes),
            Self::Crc64(hasher) => hasher.write(bytes),
            Self::Sha(context) => context.update(bytes),
            Self::Md5(hasher) => hasher.update(bytes),
            Self::Xxh64(hasher) => hasher.write(bytes),
            Self::Xxh3(hasher) => hasher.write(bytes),
            Self::Xxh128(hasher) => hasher.write(bytes),
        }
    }

    /// The checksum, in network byte order.
    pub fn finish(self) -> Vec<u8> {
        match self {
            Self::Crc32(hasher) => hasher.finalize().to_be_bytes().to_vec(),
            Self::Crc32C(sum) => sum.to_be_bytes().to_vec(),
            Self::Crc64(hasher) => hasher.sum64().to_be_bytes().to_vec(),
            Self::Sha(context) => context.finish().as_ref().to_vec(),
            Self::Md5(hasher) => hasher.finalize().to_vec(),
            Self::Xxh64(hasher) => hasher.finish().to_be_bytes().to_vec(),
            Self::Xxh3(hasher) => hasher.finish().to_be_bytes().to_vec(),
            Self::Xxh128(hasher) => hasher.finish_128().to_be_bytes().to_vec(),
        }
    }
}

/// The checksum of bytes.
pub fn of(algorithm: Algorithm, bytes: &[u8]) -> Vec<u8> {
    let mut hasher = Hasher::new(algorithm);
    hasher.update(bytes);
    hasher.finish()
}

/// A checksum of a whole, as records have it.
pub fn full(algorithm: Algorithm, bytes: &[u8]) -> Checksum {
    Checksum { algorithm: algorithm.name().into(), value: STANDARD.encode(bytes), composite: false }
}

/// The checksum of the parts' checksums, with their number behind it.
pub fn composite(algorithm: Algorithm, parts: &[Vec<u8>]) -> Checksum {
    let value = format!("{}-{}", STANDARD.encode(of(algorithm, &parts.concat())), parts.len());
    Checksum { algorithm: algorithm.name().into(), value, composite: true }
}

/// The checksum of the whole out of those of its parts with their lengths; none where it doesn't follow from them.
pub fn joined(algorithm: Algorithm, parts: &[(Vec<u8>, u64)]) -> Option<Checksum> {
    let (polynomial, bits) = match algorithm {
        Algorithm::Crc32 => (0xEDB8_8320, 32),
        Algorithm::Crc32C => (0x82F6_3B78, 32),
        Algorithm::Crc64Nvme => (0x9A6C_9329_AC4B_C9B5, 64),
        _ => return None,
    };
    let number = |bytes: &[u8]| bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    let whole = parts.iter().fold(0, |sum, (part, length)| shifted(sum, *length, polynomial, bits) ^ number(part));
    let bytes = whole.to_be_bytes();
    Some(full(algorithm, &bytes[8 - algorithm.length()..]))
}

/// A CRC (reflected, as all three are) after so many zero bytes: the polynomial's arithmetic as matrices over GF(2), squared for each
/// bit of the length (the method of zlib's `crc32_combine`).
fn shifted(mut crc: u64, length: u64, polynomial: u64, bits: usize) -> u64 {
    let mut matrix: Vec<u64> = (0..bits).map(|bit| if bit == 0 { polynomial } else { 1 << (bit - 1) }).collect();
    // One zero bit, then two, four, eight: a byte.
    for _ in 0..3 {
        matrix = squared(&matrix);
    }
    let mut left = length;
    while left > 0 {
        if left & 1 == 1 {
            crc = times(&matrix, crc);
        }
        matrix = squared(&matrix);
        left >>= 1;
    }
    crc
}

fn times(matrix: &[u64], vector: u64) -> u64 {
    matrix.iter().enumerate().filter(|(bit, _)| vector >> bit & 1 == 1).fold(0, |sum, (_, row)| sum ^ row)
}

fn squared(matrix: &[u64]) -> Vec<u64> {
    matrix.iter().map(|row| times(matrix, *row)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_values_of_the_catalogue() {
        let sum = |algorithm| hex::encode(of(algorithm, b"123456789"));
        assert_eq!(sum(Algorithm::Crc32), "cbf43926");
        assert_eq!(sum(Algorithm::Crc32C), "e3069283");
        assert_eq!(sum(Algorithm::Crc64Nvme), "ae8b14860a799888");
    }

    #[test]
    fn the_sum_of_a_whole_follows_from_its_parts() {
        let text: Vec<u8> = (0..100_000_u32).map(|number| (number * 31 % 251) as u8).collect();
        for algorithm in Algorithm::ALL {
            let parts: Vec<_> = text.chunks(33_333).map(|part| (of(algorithm, part), part.len() as u64)).collect();
            let expected = algorithm.is_linear().then(|| full(algorithm, &of(algorithm, &text)));
            assert_eq!(joined(algorithm, &parts), expected, "{algorithm:?}");
        }
    }

    #[test]
    fn a_composite_counts_its_parts() {
        let parts = [of(Algorithm::Sha256, b"a"), of(Algorithm::Sha256, b"b")];
        let sum = composite(Algorithm::Sha256, &parts);
        assert!(sum.composite && sum.value.ends_with("=-2"), "{}", sum.value);
    }
}
