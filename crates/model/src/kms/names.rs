//! What KMS has fixed names for. In the store they are those names.

use serde::{Deserialize, Serialize};

/// An `enum` whose values are known by AWS's names.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$of])* #[serde(rename = $text)] $variant,)+
        }
        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// AWS's name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// What AWS calls so.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|it| it.as_str() == text)
            }
        }
    };
}

named! {
    /// `KeySpec`: what kind of key it is.
    KeyKind {
        /// AES-256 in Galois counter mode.
        Symmetric = "SYMMETRIC_DEFAULT",
        /// 28 bytes for HMAC.
        Hmac224 = "HMAC_224",
        /// 32 bytes for HMAC.
        Hmac256 = "HMAC_256",
        /// 48 bytes for HMAC.
        Hmac384 = "HMAC_384",
        /// 64 bytes for HMAC.
        Hmac512 = "HMAC_512",
        /// RSA of 2048 bits.
        Rsa2048 = "RSA_2048",
        /// RSA of 3072 bits.
        Rsa3072 = "RSA_3072",
        /// RSA of 4096 bits.
        Rsa4096 = "RSA_4096",
        /// NIST's P-256.
        P256 = "ECC_NIST_P256",
        /// NIST's P-384.
        P384 = "ECC_NIST_P384",
        /// NIST's P-521.
        P521 = "ECC_NIST_P521",
        /// SECG's secp256k1.
        P256K1 = "ECC_SECG_P256K1",
        /// Ed25519 (RFC 8032).
        Ed25519 = "ECC_NIST_EDWARDS25519",
    }
}

impl KeyKind {
    /// How many bytes a symmetric key has; none of an asymmetric one.
    pub const fn symmetric_bytes(self) -> Option<usize> {
        match self {
            Self::Symmetric | Self::Hmac256 => Some(32),
            Self::Hmac224 => Some(28),
            Self::Hmac384 => Some(48),
            Self::Hmac512 => Some(64),
            _ => None,
        }
    }

    /// Whether it is RSA.
    pub const fn is_rsa(self) -> bool {
        matches!(self, Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096)
    }

    /// What a key of the kind can be for.
    pub const fn usages(self) -> &'static [KeyUsage] {
        match self {
            Self::Symmetric => &[KeyUsage::EncryptDecrypt],
            Self::Hmac224 | Self::Hmac256 | Self::Hmac384 | Self::Hmac512 => &[KeyUsage::GenerateVerifyMac],
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => &[KeyUsage::EncryptDecrypt, KeyUsage::SignVerify],
            Self::P256 | Self::P384 | Self::P521 | Self::P256K1 | Self::Ed25519 => &[KeyUsage::SignVerify],
        }
    }
}

named! {
    /// `KeyUsage`: what a key is for.
    KeyUsage {
        /// To encrypt and decrypt.
        EncryptDecrypt = "ENCRYPT_DECRYPT",
        /// To sign and verify.
        SignVerify = "SIGN_VERIFY",
        /// To make and verify message authentication codes.
        GenerateVerifyMac = "GENERATE_VERIFY_MAC",
    }
}

named! {
    /// `Origin`: where a key's material comes from.
    KeyOrigin {
        /// The cloud makes it.
        Kms = "AWS_KMS",
        /// It is imported.
        External = "EXTERNAL",
    }
}

named! {
    /// What a grant can be for.
    GrantOperation {
        /// `kms:Decrypt`.
        Decrypt = "Decrypt",
        /// `kms:Encrypt`.
        Encrypt = "Encrypt",
        /// `kms:GenerateDataKey`.
        GenerateDataKey = "GenerateDataKey",
        /// `kms:GenerateDataKeyWithoutPlaintext`.
        GenerateDataKeyWithoutPlaintext = "GenerateDataKeyWithoutPlaintext",
        /// `kms:ReEncryptFrom`.
        ReEncryptFrom = "ReEncryptFrom",
        /// `kms:ReEncryptTo`.
        ReEncryptTo = "ReEncryptTo",
        /// `kms:Sign`.
        Sign = "Sign",
        /// `kms:Verify`.
        Verify = "Verify",
        /// `kms:GetPublicKey`.
        GetPublicKey = "GetPublicKey",
        /// `kms:CreateGrant`, of what the grant itself has, and no more.
        CreateGrant = "CreateGrant",
        /// `kms:RetireGrant`.
        RetireGrant = "RetireGrant",
        /// `kms:DescribeKey`.
        DescribeKey = "DescribeKey",
        /// `kms:GenerateDataKeyPair`.
        GenerateDataKeyPair = "GenerateDataKeyPair",
        /// `kms:GenerateDataKeyPairWithoutPlaintext`.
        GenerateDataKeyPairWithoutPlaintext = "GenerateDataKeyPairWithoutPlaintext",
        /// `kms:GenerateMac`.
        GenerateMac = "GenerateMac",
        /// `kms:VerifyMac`.
        VerifyMac = "VerifyMac",
    }
}

impl GrantOperation {
    /// Whether it takes an encryption context of a symmetric key, which is all that constraints are about.
    pub const fn takes_context(self) -> bool {
        matches!(
            self,
            Self::Decrypt
                | Self::Encrypt
                | Self::GenerateDataKey
                | Self::GenerateDataKeyWithoutPlaintext
                | Self::GenerateDataKeyPair
                | Self::GenerateDataKeyPairWithoutPlaintext
                | Self::ReEncryptFrom
                | Self::ReEncryptTo
        )
    }

    /// Whether a key of that usage can do it at all.
    pub const fn fits(self, usage: KeyUsage) -> bool {
        match self {
            Self::Sign | Self::Verify => matches!(usage, KeyUsage::SignVerify),
            Self::GenerateMac | Self::VerifyMac => matches!(usage, KeyUsage::GenerateVerifyMac),
            Self::CreateGrant | Self::RetireGrant | Self::DescribeKey => true,
            Self::GetPublicKey => !matches!(usage, KeyUsage::GenerateVerifyMac),
            _ => matches!(usage, KeyUsage::EncryptDecrypt),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for kind in KeyKind::ALL {
            assert_eq!(KeyKind::parse(kind.as_str()), Some(*kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        assert_eq!(KeyKind::parse("SM2"), None);
    }
}
