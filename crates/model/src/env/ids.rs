//! Random bytes, and identifiers in the alphabets that AWS makes its own from.

use super::Env;

const HEX: &[u8] = b"0123456789abcdef";
const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

impl Env {
    /// So many random bytes: a key, a nonce, a seed.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.dice.fill(&mut bytes);
        bytes
    }

    /// `length` lower-case hexadecimal digits.
    pub fn hex(&self, length: usize) -> String {
        self.pick(HEX, length)
    }

    /// `length` decimal digits.
    pub fn digits(&self, length: usize) -> String {
        self.pick(&HEX[..10], length)
    }

    /// `length` ASCII letters of either case and digits.
    pub fn alnum(&self, length: usize) -> String {
        self.pick(ALPHANUMERIC, length)
    }

    /// `length` characters, each drawn with equal chances from `alphabet`, which is ASCII and not empty.
    pub fn pick(&self, alphabet: &[u8], length: usize) -> String {
        assert!(!alphabet.is_empty() && alphabet.is_ascii() && alphabet.len() <= 128);
        // Bytes at and beyond the largest multiple of the alphabet's length would favour its first letters.
        let fair = 256 - 256 % alphabet.len();
        let mut text = String::with_capacity(length);
        let mut bytes = [0; 64];
        while text.len() < length {
            self.dice.fill(&mut bytes);
            let drawn = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < fair);
            text.extend(drawn.take(length - text.len()).map(|byte| char::from(alphabet[byte % alphabet.len()])));
        }
        text
    }

    /// A random (version 4) UUID as text (RFC 9562, section 5.4).
    pub fn uuid(&self) -> String {
        let mut bytes: [u8; 16] = self.bytes();
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let mut text = String::with_capacity(36);
        for (at, byte) in bytes.into_iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            text.extend([byte >> 4, byte & 0xf].map(|digit| char::from(HEX[usize::from(digit)])));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use crate::{Env, Timestamp};

    #[test]
    fn identifiers_have_the_length_and_the_letters_asked_for() {
        let (env, _) = Env::manual(Timestamp(0), 1);
        for length in [0, 1, 17, 200] {
            assert_eq!(env.hex(length).len(), length);
            assert!(env.digits(length).bytes().all(|b| b.is_ascii_digit()));
            assert!(env.alnum(length).bytes().all(|b| b.is_ascii_alphanumeric()));
        }
        assert_ne!(env.hex(32), env.hex(32));
    }

    #[test]
    fn a_uuid_says_its_version_and_variant() {
        let uuid = Env::system().uuid();
        let lengths: Vec<_> = uuid.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(&uuid[14..15], "4");
        assert!("89ab".contains(&uuid[19..20]));
    }
}
