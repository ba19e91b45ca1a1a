//! Bytes as they stand in real files, and as they never should.

use super::*;

/// All of the text, read in windows of which all but the last byte or so is let go.
fn read(bytes: &[u8], asked: Option<Charset>) -> Result<String, Broken> {
    let mut text = Text::new(bytes, false);
    text.ask(asked);
    let (mut out, mut from) = (String::new(), 0);
    while !text.ended() {
        text.read_on(from)?;
        out.push_str(text.window());
        from = text.window().len();
    }
    Ok(out)
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

#[test]
fn text_passes_in_every_encoding() {
    let long = format!("a{}", "₹😀".repeat(CHUNK_BYTES));
    for text in ["", "a,₹", &long] {
        let marked = format!("\u{feff}{text}");
        assert_eq!(read(text.as_bytes(), None).unwrap(), text);
        assert_eq!(read(marked.as_bytes(), None).unwrap(), text);
        assert_eq!(read(&utf16(&marked, u16::to_le_bytes), None).unwrap(), text);
        assert_eq!(read(&utf16(&marked, u16::to_be_bytes), None).unwrap(), text);
        let asked = Some(Charset::Utf16Be);
        assert_eq!(read(&utf16(text, u16::to_be_bytes), asked).unwrap(), text);
    }
    let asked = Some(Charset::Windows1252);
    assert_eq!(read(b"Ren\xe9e \x80", asked).unwrap(), "Renée €");
}

#[track_caller]
fn refused(bytes: &[u8], asked: Option<Charset>, wanted: (u64, u64, Charset, Encoding)) {
    match read(bytes, asked) {
        Err(Broken::Undecodable {
            ends,
            byte,
            charset,
            looks,
        }) => assert_eq!((ends, byte, charset, looks), wanted),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_not_text_is_refused_at_its_place() {
    use Charset as C;
    use Encoding as E;
    refused(b"a\nb\xe9c", None, (1, 3, C::Utf8, E::Other));
    refused(b"a\xe2\x82", None, (0, 1, C::Utf8, E::Other));
    refused(b"\xef\xbb\xbfa\xe2", None, (0, 4, C::Utf8, E::Other));
    refused(b"PK\x03\x04\0\0", None, (0, 4, C::Utf8, E::Workbook));
    let plain = utf16("name,phone", u16::to_le_bytes);
    refused(&plain, None, (0, 1, C::Utf8, E::Utf16(C::Utf16Le)));
    let asked = Some(C::Windows1252);
    refused(b"ab\n\x81", asked, (1, 3, C::Windows1252, E::Other));
    refused(b"\xff\xfea\0\n\0b", None, (1, 6, C::Utf16Le, E::Other));
    // The lines of the chunks before were let go.
    let far = [b"x\n".repeat(CHUNK_BYTES * 2), b"y\xe9".to_vec()].concat();
    let place = u64::try_from(CHUNK_BYTES).unwrap() * 4 + 1;
    refused(&far, None, (0, place, C::Utf8, E::Other));
}

#[test]
fn nul_is_refused_at_its_place() {
    for (bytes, wanted) in [
        (&b"a\n\0"[..], (1, 2)),
        (b"\xef\xbb\xbf\0", (0, 3)),
        (b"\xff\xfea\0\0\0b\0", (0, 4)),
    ] {
        match read(bytes, None) {
            Err(Broken::Nul { ends, byte }) => assert_eq!((ends, byte), wanted),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_mark_and_an_option_must_agree() {
    let error = read(b"\xff\xfea\0", Some(Charset::Windows1252)).unwrap_err();
    assert!(matches!(error, Broken::Mark { .. }), "{error:?}");
    assert_eq!(read(b"\xff\xfea\0", Some(Charset::Utf16Le)).unwrap(), "a");
}

#[test]
fn the_fingerprint_is_of_the_files_bytes() {
    for bytes in [&b"abc"[..], b"\xff\xfea\0"] {
        let mut text = Text::new(bytes, true);
        assert_eq!(text.fingerprint(), None);
        while !text.ended() {
            text.read_on(text.window().len()).unwrap();
        }
        let wanted = aws_lc_rs::digest::digest(&SHA256, bytes);
        assert_eq!(text.fingerprint().unwrap().as_slice(), wanted.as_ref());
    }
}
