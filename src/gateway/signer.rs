//! The second factor: `X-Cf-Signature`, for accounts that chose a public key over an IP whitelist.
//!
//! `clientId.unixSeconds`, encrypted to the gateway's RSA public key with OAEP (SHA-1, MGF1 with SHA-1, no label), in
//! standard base64 (cashgram-api.md 1.5). SHA-1 is their choice. Fresh for each authorize, since nobody documents how
//! long one lasts; sent with nothing else.
//!
//! Deliberately absent: decryption of password-protected key files. The hint says what to do instead.

use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPublicEncryptingKey, PublicEncryptingKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Largest key file that is read: a 4096-bit key is below 1 KiB.
const PEM_BYTES_MAX: usize = 64 * 1024;

const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";

/// Why a key file cannot be used. Says what to do, and nothing of what is in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignerError {
    /// Encrypted, as the production download is.
    #[error(
        "the public key file is protected by a password: open it with the e-mail address registered with Cashfree, \
         save the text from BEGIN PUBLIC KEY to END PUBLIC KEY as a plain file, and name that one"
    )]
    Encrypted,
    /// A private key.
    #[error(
        "the public key file holds a private key: name the public key downloaded from the Payouts dashboard, and keep the \
         private one to yourself"
    )]
    Private,
    /// Something else.
    #[error(
        "the public key file is not a PEM file with BEGIN PUBLIC KEY; if it opens only with a password, open it with the \
         e-mail address registered with Cashfree and save its text as a plain file"
    )]
    NotPem,
    /// PEM, but no RSA key that can be used.
    #[error(
        "the public key file holds no usable RSA key of 2048 bits or more: download it again from the Payouts dashboard"
    )]
    NotRsa,
    /// The encryption failed.
    #[error(
        "the signature could not be made with this public key: download it again from the Payouts dashboard"
    )]
    Failed,
}

/// Signs authorize requests. The key is public, but which key an account uses is nobody's business: it is not printed.
pub struct Signer(OaepPublicEncryptingKey);

impl std::fmt::Debug for Signer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Signer(..)")
    }
}

impl Signer {
    /// Reads a PEM file with a public key.
    ///
    /// # Errors
    /// [`SignerError`], which says what to do about the file.
    pub fn from_pem(pem: &[u8]) -> Result<Signer, SignerError> {
        let text = std::str::from_utf8(pem).map_err(|_| SignerError::NotPem)?;
        if text.len() > PEM_BYTES_MAX {
            return Err(SignerError::NotPem);
        }
        if text.contains("ENCRYPTED") {
            return Err(SignerError::Encrypted);
        }
        if text.contains("PRIVATE KEY-----") {
            return Err(SignerError::Private);
        }
        let (_, rest) = text.split_once(BEGIN).ok_or(SignerError::NotPem)?;
        let (lines, _) = rest.split_once(END).ok_or(SignerError::NotPem)?;
        let base64: String = lines.split_ascii_whitespace().collect();
        let der = STANDARD.decode(base64).map_err(|_| SignerError::NotPem)?;
        let key = PublicEncryptingKey::from_der(&der).map_err(|_| SignerError::NotRsa)?;
        Ok(Signer(
            OaepPublicEncryptingKey::new(key).map_err(|_| SignerError::NotRsa)?,
        ))
    }

    /// The signature for an authorize request sent at `unix_seconds`.
    ///
    /// # Errors
    /// [`SignerError::Failed`], for instance if the client id is longer than the key can take.
    pub fn sign(&self, client_id: &str, unix_seconds: i64) -> Result<String, SignerError> {
        let plain = format!("{client_id}.{unix_seconds}");
        let mut sealed = vec![0; self.0.ciphertext_size()];
        let sealed = self
            .0
            .encrypt(&OAEP_SHA1_MGF1SHA1, plain.as_bytes(), &mut sealed, None)
            .map_err(|_| SignerError::Failed)?;
        Ok(STANDARD.encode(sealed))
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
    use aws_lc_rs::rsa::{KeySize, OaepPrivateDecryptingKey, PrivateDecryptingKey};

    use super::*;

    fn pem(key: &PrivateDecryptingKey) -> String {
        let der: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
        let base64 = STANDARD.encode(der.as_ref());
        let lines: Vec<&str> = base64
            .as_bytes()
            .chunks(64)
            .map(|line| std::str::from_utf8(line).unwrap())
            .collect();
        format!("{BEGIN}\r\n{}\r\n{END}\r\n", lines.join("\r\n"))
    }

    #[test]
    fn the_gateway_can_open_a_signature_and_no_two_are_alike() {
        let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
        let signer = Signer::from_pem(pem(&key).as_bytes()).unwrap();
        let signature = signer.sign("CF1234", 1_791_802_531).unwrap();
        assert_ne!(signature, signer.sign("CF1234", 1_791_802_531).unwrap());
        let opener = OaepPrivateDecryptingKey::new(key).unwrap();
        let mut out = vec![0; opener.min_output_size()];
        let sealed = STANDARD.decode(&signature).unwrap();
        let plain = opener
            .decrypt(&OAEP_SHA1_MGF1SHA1, &sealed, &mut out, None)
            .unwrap();
        assert_eq!(plain, b"CF1234.1791802531");
        assert_eq!(signer.sign(&"x".repeat(300), 0), Err(SignerError::Failed));
    }

    #[test]
    fn other_files_get_a_hint() {
        for (pem, error) in [
            (&b""[..], SignerError::NotPem),
            (b"PK\x03\x04\xff\xfe", SignerError::NotPem),
            (
                b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA",
                SignerError::Encrypted,
            ),
            (
                b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n",
                SignerError::Encrypted,
            ),
            (b"-----BEGIN PRIVATE KEY-----\nAAAA", SignerError::Private),
            (b"-----BEGIN RSA PUBLIC KEY-----\nAAAA", SignerError::NotPem),
            (b"-----BEGIN PUBLIC KEY-----\nAAAA", SignerError::NotPem),
            (
                b"-----BEGIN PUBLIC KEY-----\n!!!!\n-----END PUBLIC KEY-----",
                SignerError::NotPem,
            ),
            (
                b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
                SignerError::NotRsa,
            ),
        ] {
            assert_eq!(
                Signer::from_pem(pem).unwrap_err(),
                error,
                "{}",
                pem.escape_ascii()
            );
        }
    }
}
