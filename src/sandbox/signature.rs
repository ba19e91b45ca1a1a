//! The optional second factor: `X-Cf-Signature` on authorize, checked with the private half of the account's key.
//!
//! The caller encrypts `clientId.unixSeconds` with RSAES-OAEP (SHA-1, MGF1 with SHA-1, empty label) and sends it in
//! base64. How old a signature may be is not published; ±300 s is what other simulators allow.
//! Deliberately absent: encrypted key files. The sandbox is handed a plain PKCS#8 PEM.

use super::time::Moment;
use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::sync::Arc;

/// Seconds by which a signature's time may differ from the sandbox's.
const AGE_MAX_S: u64 = 300;

/// The private key that reads signatures.
#[derive(Clone)]
pub struct SignatureKey(Arc<OaepPrivateDecryptingKey>);

impl std::fmt::Debug for SignatureKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignatureKey(..)")
    }
}

impl SignatureKey {
    /// Reads a PKCS#8 key from PEM text (`BEGIN PRIVATE KEY`).
    pub fn from_pem(pem: &str) -> Result<Self, String> {
        let body = pem
            .split_once("-----BEGIN PRIVATE KEY-----")
            .and_then(|(_, rest)| {
                let (body, _) = rest.split_once("-----END PRIVATE KEY-----")?;
                Some(body.split_whitespace().collect::<String>())
            });
        let body =
            body.ok_or("not a plain PKCS#8 key: it must begin with `-----BEGIN PRIVATE KEY-----`")?;
        let der = STANDARD
            .decode(body)
            .map_err(|e| format!("the key's base64 is damaged: {e}"))?;
        Self::from_pkcs8(&der)
    }

    /// Reads a PKCS#8 key in DER.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, String> {
        let refused = |_| "not an RSA private key that can be used".to_owned();
        let key = PrivateDecryptingKey::from_pkcs8(der)
            .map_err(|e| format!("not an RSA private key: {e}"))?;
        OaepPrivateDecryptingKey::new(key)
            .map(|key| Self(Arc::new(key)))
            .map_err(refused)
    }

    /// Whether `signature` was made for `client_id` around `now`.
    pub(super) fn accepts(&self, signature: &str, client_id: &str, now: Moment) -> bool {
        let Some(plain) = self.plain(signature) else {
            return false;
        };
        let seconds = plain
            .strip_prefix(client_id)
            .and_then(|rest| rest.strip_prefix('.'));
        // One published client sends fractions of a second.
        let whole = seconds.and_then(|text| text.split('.').next());
        let made = whole.and_then(|text| text.parse::<i64>().ok());
        made.is_some_and(|made| made.abs_diff(now.seconds()) <= AGE_MAX_S)
    }

    fn plain(&self, signature: &str) -> Option<String> {
        let sealed = STANDARD.decode(signature.trim()).ok()?;
        let mut space = vec![0; self.0.min_output_size()];
        let opened = self
            .0
            .decrypt(&OAEP_SHA1_MGF1SHA1, &sealed, &mut space, None)
            .ok()?;
        String::from_utf8(opened.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    use aws_lc_rs::rsa::{KeySize, OaepPublicEncryptingKey};

    const NOW: Moment = Moment::from_micros(1_791_802_531_000_000);

    fn sign(key: &OaepPublicEncryptingKey, plain: &str) -> String {
        let mut space = vec![0; key.ciphertext_size()];
        let sealed = key
            .encrypt(&OAEP_SHA1_MGF1SHA1, plain.as_bytes(), &mut space, None)
            .unwrap();
        STANDARD.encode(sealed)
    }

    #[test]
    fn a_fresh_signature_of_this_client_opens_and_nothing_else() {
        let private = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
        let public = OaepPublicEncryptingKey::new(private.public_key()).unwrap();
        let der: Pkcs8V1Der<'static> = private.as_der().unwrap();
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            STANDARD.encode(der.as_ref())
        );
        let key = SignatureKey::from_pem(&pem).unwrap();
        let accepts = |plain: &str| key.accepts(&sign(&public, plain), "CF1", NOW);
        assert!(accepts("CF1.1791802531"));
        assert!(accepts("CF1.1791802531.482"));
        assert!(accepts("CF1.1791802831"));
        assert!(!accepts("CF1.1791802832"));
        assert!(!accepts("CF2.1791802531"));
        assert!(!accepts("CF1"));
        assert!(!key.accepts("not base64", "CF1", NOW));
        assert!(!key.accepts("AAAA", "CF1", NOW));
    }

    #[test]
    fn a_key_that_is_none_is_refused_with_its_reason() {
        assert!(
            SignatureKey::from_pem("-----BEGIN ENCRYPTED PRIVATE KEY-----")
                .unwrap_err()
                .contains("plain")
        );
        let damaged = "-----BEGIN PRIVATE KEY-----\n!!\n-----END PRIVATE KEY-----";
        assert!(
            SignatureKey::from_pem(damaged)
                .unwrap_err()
                .contains("damaged")
        );
    }
}
