//! The client id and secret: from the environment or from a file that nobody else can read.
//!
//! The secret is wrapped the moment it is read and never prints, not even by `{:?}`. Deliberately absent: any way
//! to give them on the command line, and any check with the gateway.

use std::fmt;
use std::fs::{self, File, Metadata};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::domain::words::shell_word;

use super::exit::Ending;

/// The variable with the client id.
pub const ID_VARIABLE: &str = "CASHFREE_CLIENT_ID";
/// The variable with the client secret.
pub const SECRET_VARIABLE: &str = "CASHFREE_CLIENT_SECRET";
/// The variable with the secret before the present one, for events signed with it.
pub const PREVIOUS_VARIABLE: &str = "CASHFREE_PREVIOUS_CLIENT_SECRET";

/// Largest credentials file: a hundred times what the three keys take.
const FILE_BYTES_MAX: u64 = 64 * 1024;
/// Longest id or secret: it must fit a header line.
const VALUE_BYTES_MAX: usize = 1024;
/// Characters of the client id that may be shown.
const ID_SHOWN: usize = 4;
/// Permissions that others must not have.
const OTHERS: u32 = 0o077;

/// What authorizes us at the gateway.
#[derive(Clone)]
pub struct Credentials {
    id: String,
    secret: SecretString,
    previous: Option<SecretString>,
    public_key: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnDisk {
    client_id: String,
    client_secret: SecretText,
    previous_client_secret: Option<SecretText>,
    public_key: Option<PathBuf>,
}

/// Deserialises straight into its wrapping.
struct SecretText(SecretString);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(|text| SecretText(text.into()))
    }
}

impl Credentials {
    /// Both parts, if a header can carry them.
    ///
    /// # Errors
    ///
    /// A part that is blank, too long, or holds what no header can.
    pub fn new(id: String, secret: SecretString, from: &str) -> Result<Credentials, Ending> {
        let fits = |text: &str| {
            !text.is_empty()
                && text.len() <= VALUE_BYTES_MAX
                && text.bytes().all(|byte| byte.is_ascii_graphic())
        };
        for (part, fit) in [
            ("client id", fits(&id)),
            ("client secret", fits(secret.expose_secret())),
        ] {
            if !fit {
                return Err(Ending::stopped(
                    format!(
                        "the {part} in {from} is blank or holds spaces or other unusual characters"
                    ),
                    "copy it again from the Cashfree dashboard",
                ));
            }
        }
        Ok(Credentials {
            id,
            secret,
            previous: None,
            public_key: None,
        })
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// A file that is not there, not ours, not ours alone, or not in the documented form.
    pub fn from_file(path: &Path) -> Result<Credentials, Ending> {
        let shown = path.display();
        let text = read_private(path)?;
        let on_disk: OnDisk = toml::from_str(text.0.expose_secret()).map_err(|error| {
            // Neither the parser's message nor its excerpt is shown: either may quote the secret.
            let line = error.span().and_then(|span| {
                let before = text.0.expose_secret().get(..span.start)?;
                Some(before.matches('\n').count().saturating_add(1))
            });
            Ending::stopped(
                format!("{shown}:{}: not in the form of a credentials file", line.unwrap_or(1)),
                "it holds client_id = \"...\", client_secret = \"...\" and perhaps public_key = \"FILE\" and previous_client_secret = \"...\", nothing else",
            )
        })?;
        let read = Credentials::new(
            on_disk.client_id,
            on_disk.client_secret.0,
            &shown.to_string(),
        )?;
        let beside = path.parent().unwrap_or(Path::new(""));
        Ok(Credentials {
            previous: on_disk.previous_client_secret.map(|secret| secret.0),
            public_key: on_disk.public_key.map(|key| beside.join(key)),
            ..read
        })
    }

    /// The client id, whole: for the gateway and for its hash.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The secret.
    pub fn secret(&self) -> &SecretString {
        &self.secret
    }

    /// The secret before the present one, while keys are being changed.
    pub fn previous_secret(&self) -> Option<&SecretString> {
        self.previous.as_ref()
    }

    /// The public key that the credentials file names.
    pub fn public_key(&self) -> Option<&Path> {
        self.public_key.as_deref()
    }

    /// The client id for people: its first characters.
    pub fn shown(&self) -> String {
        mask(&self.id)
    }
}

/// The first characters of a client id, the rest left out.
pub fn mask(id: &str) -> String {
    let head: String = id.chars().take(ID_SHOWN).collect();
    format!("{head}…")
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({})", self.shown())
    }
}

/// Reads a file that only we can read.
fn read_private(path: &Path) -> Result<SecretText, Ending> {
    let shown = path.display();
    let cannot = |error: std::io::Error| {
        Ending::stopped(
            format!("cannot read the credentials file {shown}: {error}"),
            "see that it is there and yours",
        )
    };
    let named = fs::symlink_metadata(path).map_err(cannot)?;
    judge(&named, our_user().map_err(cannot)?).map_err(|why| {
        Ending::stopped(
            format!("the credentials file {shown} {why}"),
            format!(
                "make it a file of your own and run: chmod 600 {}",
                shell_word(&shown.to_string())
            ),
        )
    })?;
    let file = File::open(path).map_err(cannot)?;
    let opened = file.metadata().map_err(cannot)?;
    if (opened.dev(), opened.ino(), opened.mode()) != (named.dev(), named.ino(), named.mode()) {
        return Err(Ending::stopped(
            format!("the credentials file {shown} was replaced while it was opened"),
            "see who else writes there",
        ));
    }
    let mut text = String::new();
    file.take(FILE_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(cannot)?;
    Ok(SecretText(text.into()))
}

/// What is wrong with a file's kind, owner or mode.
fn judge(file: &Metadata, user: u32) -> Result<(), &'static str> {
    if file.file_type().is_symlink() {
        Err("is a symbolic link")
    } else if !file.is_file() {
        Err("is not a regular file")
    } else if file.uid() != user {
        Err("belongs to another user")
    } else if file.mode() & OTHERS != 0 {
        Err("can be read or changed by other users")
    } else {
        Ok(())
    }
}

/// The user that our files belong to. The standard library does not say; a file just made does.
fn our_user() -> std::io::Result<u32> {
    Ok(tempfile::tempfile()?.metadata()?.uid())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    const GOOD: &str =
        "client_id = 'CF10ABCD'\nclient_secret = 'hush-hush'\npublic_key = 'cf.pem'\n";

    fn file(folder: &Path, text: &str, mode: u32) -> PathBuf {
        let path = folder.join(format!("{mode:o}.toml"));
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn only_a_file_of_ours_alone_is_read() {
        let folder = tempfile::tempdir().unwrap();
        for mode in [0o600, 0o400] {
            let read = Credentials::from_file(&file(folder.path(), GOOD, mode)).unwrap();
            assert_eq!(read.id(), "CF10ABCD");
            assert_eq!(read.secret().expose_secret(), "hush-hush");
            assert_eq!(
                read.public_key(),
                Some(folder.path().join("cf.pem").as_path())
            );
        }
        for mode in [0o640, 0o604, 0o620, 0o601, 0o644] {
            let refused = Credentials::from_file(&file(folder.path(), GOOD, mode)).unwrap_err();
            assert!(
                refused.to_string().contains("by other users: make it"),
                "{refused}"
            );
        }
        let link = folder.path().join("link.toml");
        symlink(folder.path().join("600.toml"), &link).unwrap();
        let refused = Credentials::from_file(&link).unwrap_err().to_string();
        assert!(refused.contains("is a symbolic link"), "{refused}");
        assert!(Credentials::from_file(folder.path()).is_err());
        assert!(Credentials::from_file(&folder.path().join("none")).is_err());
        let meta = fs::metadata(folder.path().join("600.toml")).unwrap();
        assert_eq!(judge(&meta, meta.uid() + 1), Err("belongs to another user"));
    }

    #[test]
    fn nothing_printed_holds_the_secret() {
        let folder = tempfile::tempdir().unwrap();
        let read = Credentials::from_file(&file(folder.path(), GOOD, 0o600)).unwrap();
        assert_eq!(format!("{read:?}"), "Credentials(CF10…)");
        for text in [
            "client_secret = hush-hush",
            "client_id = 'a'\nclient_secret = ['hush-hush']",
            "hush-hush",
        ] {
            let refused = Credentials::from_file(&file(folder.path(), text, 0o600)).unwrap_err();
            assert!(!format!("{refused:?}").contains("hush"), "{refused}");
        }
    }

    #[test]
    fn parts_that_no_header_carries_are_refused() {
        for (id, secret) in [("", "s"), ("i", ""), ("i d", "s"), ("i", "s\n"), ("é", "s")] {
            assert!(
                Credentials::new(id.into(), secret.into(), "x").is_err(),
                "{id:?} {secret:?}"
            );
        }
    }
}
