//! The encodings that a sheet may be in, how a file shows which one it is, and how bytes become text. PURE.
//!
//! Deliberately absent: guessing among encodings whose bytes look alike. A mark at the start of the file or an option
//! decides; NUL bytes at every other place only tell which option to name.

use encoding_rs::WINDOWS_1252;

use super::error::Encoding;

/// An encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// UTF-8, which nearly every program writes today.
    Utf8,
    /// UTF-16, low byte first: Excel's "Unicode text".
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
    /// What older Windows programs of western Europe and India write.
    Windows1252,
}

/// Every encoding with the name that users type.
pub const CHARSETS: [(&str, Charset); 4] = [
    ("utf-8", Charset::Utf8),
    ("utf-16le", Charset::Utf16Le),
    ("utf-16be", Charset::Utf16Be),
    ("windows-1252", Charset::Windows1252),
];

/// Bytes that Windows-1252 leaves undefined.
const UNDEFINED: [u8; 5] = [0x81, 0x8d, 0x8f, 0x90, 0x9d];
/// So much of a file is looked at to see whether every other byte is NUL.
const LOOKED_AT_BYTES: usize = 4096;

/// What became of some bytes.
pub(super) struct Decoded {
    /// Bytes that became text.
    pub(super) used: usize,
    /// Whether what follows them, if anything, only waits for its other half.
    pub(super) whole: bool,
}

impl Charset {
    /// Its name, as an option.
    pub fn name(self) -> &'static str {
        let found = CHARSETS.iter().find(|(_, charset)| *charset == self);
        found.map_or("", |(name, _)| name)
    }

    /// Its name, for people.
    pub fn title(self) -> &'static str {
        match self {
            Charset::Utf8 => "UTF-8",
            Charset::Utf16Le => "UTF-16 LE",
            Charset::Utf16Be => "UTF-16 BE",
            Charset::Windows1252 => "Windows-1252",
        }
    }

    /// Appends the text of `bytes` to `text`, as far as it can be read. `last`: no more bytes follow.
    pub(super) fn decode(self, bytes: &[u8], last: bool, text: &mut String) -> Decoded {
        match self {
            Charset::Utf8 => decode_utf8(bytes, last, text),
            Charset::Utf16Le => decode_utf16(bytes, u16::from_le_bytes, last, text),
            Charset::Utf16Be => decode_utf16(bytes, u16::from_be_bytes, last, text),
            Charset::Windows1252 => decode_1252(bytes, text),
        }
    }

    /// How many bytes of the file a text took.
    pub(super) fn bytes_of(self, text: &str) -> u64 {
        let count = match self {
            Charset::Utf8 => text.len(),
            Charset::Utf16Le | Charset::Utf16Be => text.encode_utf16().count() * 2,
            Charset::Windows1252 => text.chars().count(),
        };
        u64::try_from(count).unwrap_or(u64::MAX)
    }
}

fn decode_utf8(bytes: &[u8], last: bool, text: &mut String) -> Decoded {
    let (good, whole) = match std::str::from_utf8(bytes) {
        Ok(good) => (good, true),
        Err(error) => {
            let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let good = std::str::from_utf8(valid).unwrap_or_default();
            (good, error.error_len().is_none() && !last)
        }
    };
    text.push_str(good);
    Decoded {
        used: good.len(),
        whole,
    }
}

fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16, last: bool, text: &mut String) -> Decoded {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let mut used = 0;
    for found in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        match found {
            Ok(c) => {
                text.push(c);
                used += c.len_utf16() * 2;
            }
            Err(alone) => {
                // The first half of a pair at the very end waits for the other one.
                let first_half = (0xd800..0xdc00).contains(&alone.unpaired_surrogate());
                let waits = first_half && used + 2 == pairs.len() * 2 && !last;
                return Decoded { used, whole: waits };
            }
        }
    }
    let whole = odd.is_empty() || !last;
    Decoded { used, whole }
}

fn decode_1252(bytes: &[u8], text: &mut String) -> Decoded {
    let undefined = bytes.iter().position(|byte| UNDEFINED.contains(byte));
    let used = undefined.unwrap_or(bytes.len());
    let good = bytes.get(..used).unwrap_or_default();
    let (decoded, _) = WINDOWS_1252.decode_without_bom_handling(good);
    text.push_str(&decoded);
    Decoded {
        used,
        whole: undefined.is_none(),
    }
}

/// The byte order mark at the start of a file: the encoding it means, and its length.
pub(super) fn mark_of(bytes: &[u8]) -> Option<(Charset, usize)> {
    match bytes {
        [0xef, 0xbb, 0xbf, ..] => Some((Charset::Utf8, 3)),
        [0xff, 0xfe, ..] => Some((Charset::Utf16Le, 2)),
        [0xfe, 0xff, ..] => Some((Charset::Utf16Be, 2)),
        _ => None,
    }
}

/// What a file that is not UTF-8 looks like; only its start can tell.
pub(super) fn looks_like(bytes: &[u8], start: bool) -> Encoding {
    if !start {
        return Encoding::Other;
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return Encoding::Workbook;
    }
    let head = bytes.get(..LOOKED_AT_BYTES).unwrap_or(bytes);
    let (pairs, _) = head.as_chunks::<2>();
    let (mut first, mut second) = (0, 0);
    for [one, other] in pairs {
        first += usize::from(*one == 0);
        second += usize::from(*other == 0);
    }
    // Of a sheet's characters the most by far are ASCII, so one side is NUL nearly always and the other never.
    let most = |count: usize| count * 4 > pairs.len() * 3;
    if first == 0 && most(second) {
        Encoding::Utf16(Charset::Utf16Le)
    } else if second == 0 && most(first) {
        Encoding::Utf16(Charset::Utf16Be)
    } else {
        Encoding::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_reads_what_it_should() {
        let utf16 = |text: &str, bytes: fn(u16) -> [u8; 2]| {
            text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>()
        };
        let text = "Asha,₹5\n😀";
        for (charset, bytes) in [
            (Charset::Utf8, text.as_bytes().to_vec()),
            (Charset::Utf16Le, utf16(text, u16::to_le_bytes)),
            (Charset::Utf16Be, utf16(text, u16::to_be_bytes)),
        ] {
            // Cut anywhere, the rest waits; whole, all of it is read.
            for cut in 0..bytes.len() {
                let mut out = String::new();
                let decoded = charset.decode(&bytes[..cut], false, &mut out);
                assert!(decoded.whole && text.starts_with(&out), "{charset:?} {cut}");
                assert_eq!(charset.bytes_of(&out), u64::try_from(decoded.used).unwrap());
            }
            let mut out = String::new();
            assert!(charset.decode(&bytes, true, &mut out).whole);
            assert_eq!(out, text);
            let mut out = String::new();
            assert!(
                !charset
                    .decode(&bytes[..bytes.len() - 1], true, &mut out)
                    .whole
            );
        }
        let mut out = String::new();
        let decoded = Charset::Windows1252.decode(b"caf\xe9 \x80 \x93", true, &mut out);
        assert!(decoded.whole);
        assert_eq!(out, "café € “");
        let decoded = Charset::Windows1252.decode(b"ab\x81c", true, &mut out);
        assert!(!decoded.whole);
        assert_eq!(decoded.used, 2);
    }

    #[test]
    fn halves_of_characters_are_refused() {
        for bytes in [&b"a\0\x00\xdc"[..], b"a\0\x00\xd8b\0"] {
            let mut out = String::new();
            let decoded = Charset::Utf16Le.decode(bytes, false, &mut out);
            assert_eq!((decoded.used, decoded.whole), (2, false));
        }
    }

    #[test]
    fn looks() {
        let table: [(&[u8], Encoding); 5] = [
            (b"n\0a\0m\0e\0", Encoding::Utf16(Charset::Utf16Le)),
            (b"\0n\0a\0m\0e", Encoding::Utf16(Charset::Utf16Be)),
            (b"name\0\0\0\0", Encoding::Other),
            (b"PK\x03\x04", Encoding::Workbook),
            (b"na\xe9me", Encoding::Other),
        ];
        for (bytes, wanted) in table {
            assert_eq!(looks_like(bytes, true), wanted, "{bytes:?}");
            assert_eq!(looks_like(bytes, false), Encoding::Other);
        }
    }
}
