//! AES-256-XTS (IEEE 1619) over sectors: how a volume's local data are encrypted at rest.
//!
//! XTS keeps the length and lets any sector be rewritten by itself. Within a sector every 16 bytes are encrypted on their own, so a
//! sector of which only a part reached the disk has old and new bytes, like one that isn't encrypted, and no third kind. The cipher is
//! AWS-LC's, whose safe wrapper doesn't offer this mode.

use crate::SECTOR;
use aws_lc_sys as lc;
use std::{io, ptr};
use zeroize::Zeroizing;

/// A volume's cipher: two AES-256 keys, one of them for the sectors' tweaks.
pub struct Xts(Zeroizing<[u8; 64]>);

#[derive(Clone, Copy)]
enum Direction {
    Decrypt = 0,
    Encrypt = 1,
}

impl Xts {
    /// The cipher of these keys.
    pub fn new(keys: Zeroizing<[u8; 64]>) -> Xts {
        Xts(keys)
    }

    /// Encrypts whole sectors in place, of which the first has this number.
    pub fn encrypt(&self, first: u64, data: &mut [u8]) -> io::Result<()> {
        self.run(Direction::Encrypt, first, data)
    }

    /// Decrypts whole sectors in place. A sector of zeros was never written, and stays one: no other sector encrypts to it but with a
    /// chance of 1 in 2^32768.
    pub fn decrypt(&self, first: u64, data: &mut [u8]) -> io::Result<()> {
        self.run(Direction::Decrypt, first, data)
    }

    fn run(&self, direction: Direction, first: u64, data: &mut [u8]) -> io::Result<()> {
        debug_assert!(data.len().is_multiple_of(SECTOR));
        let context = Context::new(direction, &self.0)?;
        for (number, sector) in (first..).zip(data.chunks_exact_mut(SECTOR)) {
            if matches!(direction, Direction::Decrypt) && is_zero(sector) {
                continue;
            }
            context.sector(number, sector)?;
        }
        Ok(())
    }
}

/// Whether all bytes are zero.
pub fn is_zero(data: &[u8]) -> bool {
    // SAFETY: any 16 bytes are a `u128`.
    let (head, middle, tail) = unsafe { data.align_to::<u128>() };
    head.iter().chain(tail).all(|byte| *byte == 0) && middle.iter().all(|word| *word == 0)
}

/// AWS-LC's state of a cipher with its keys set up.
struct Context(*mut lc::EVP_CIPHER_CTX);

impl Context {
    fn new(direction: Direction, keys: &[u8; 64]) -> io::Result<Context> {
        // SAFETY: gives a new context or null.
        let context = Context(unsafe { lc::EVP_CIPHER_CTX_new() });
        if context.0.is_null() {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        // SAFETY: the context is ours; AES-256-XTS reads 64 bytes of keys.
        let done = unsafe {
            lc::EVP_CipherInit_ex(context.0, lc::EVP_aes_256_xts(), ptr::null_mut(), keys.as_ptr(), ptr::null(), direction as i32)
        };
        context.check(done)
    }

    fn sector(&self, number: u64, sector: &mut [u8]) -> io::Result<()> {
        let tweak = u128::from(number).to_le_bytes();
        // SAFETY: a null cipher and null keys leave those that are set; the tweak has the 16 bytes that are read.
        let set = unsafe { lc::EVP_CipherInit_ex(self.0, ptr::null(), ptr::null_mut(), ptr::null(), tweak.as_ptr(), -1) };
        let mut written = 0;
        let data = sector.as_mut_ptr();
        // SAFETY: XTS writes as many bytes as it reads, and may do it in place.
        let done = set & unsafe { lc::EVP_CipherUpdate(self.0, data, &mut written, data, sector.len() as i32) };
        if done == 1 && written as usize == sector.len() { Ok(()) } else { Err(failed()) }
    }

    fn check(self, done: i32) -> io::Result<Context> {
        if done == 1 { Ok(self) } else { Err(failed()) }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: the context is ours, and null is let be. Its keys are wiped.
        unsafe { lc::EVP_CIPHER_CTX_free(self.0) }
    }
}

fn failed() -> io::Error {
    io::Error::other("AES-256-XTS failed")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn xts() -> Xts {
        let mut keys = [0; 64];
        keys.iter_mut().zip(0..).for_each(|(byte, number)| *byte = number);
        Xts::new(Zeroizing::new(keys))
    }

    /// IEEE 1619-2007, annex B, vector 10: AES-256, data unit ff, 512 bytes. It is checked on the first bytes of a longer sector,
    /// which XTS encrypts independently of what follows.
    #[test]
    fn the_standards_vector() {
        let mut keys = [0; 64];
        hex::decode_to_slice("2718281828459045235360287471352662497757247093699959574966967627", &mut keys[..32]).unwrap();
        hex::decode_to_slice("3141592653589793238462643383279502884197169399375105820974944592", &mut keys[32..]).unwrap();
        let mut data: Vec<u8> = (0..SECTOR).map(|at| at as u8).collect();
        Xts::new(Zeroizing::new(keys)).encrypt(0xff, &mut data).unwrap();
        assert_eq!(hex::encode(&data[..32]), "1c3b3a102f770386e4836c99e370cf9bea00803f5e482357a4ae12d414a3e63b");
    }

    #[test]
    fn what_was_encrypted_is_read_again() {
        let plain: Vec<u8> = (0..3 * SECTOR).map(|at| (at * 7) as u8).collect();
        let mut data = plain.clone();
        xts().encrypt(5, &mut data).unwrap();
        assert_ne!(data[..SECTOR], plain[..SECTOR]);
        xts().decrypt(5, &mut data).unwrap();
        assert_eq!(data, plain);
    }

    #[test]
    fn sectors_differ_and_holes_stay() {
        let mut data = vec![0; 2 * SECTOR];
        xts().decrypt(9, &mut data).unwrap();
        assert!(is_zero(&data));
        xts().encrypt(9, &mut data).unwrap();
        assert_ne!(data[..SECTOR], data[SECTOR..]);
    }

    #[test]
    fn a_zero_is_found_wherever_it_stands() {
        let data = [0; 100];
        assert!((0..20).all(|from| is_zero(&data[from..])));
        assert!((0..100).all(|at| {
            let mut data = data;
            data[at] = 1;
            !is_zero(&data[..])
        }));
    }
}
