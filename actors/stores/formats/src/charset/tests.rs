use super::*;
use std::io::Read;

fn charset(name: &str) -> Charset {
    Charset::of(serde_json::json!({ "encodingName": name }).as_object().unwrap()).unwrap()
}

/// A reader that gives a few bytes at a time.
struct Drops<'a>(&'a [u8]);

impl Read for Drops<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let taken = self.0.len().min(3).min(into.len());
        into[..taken].copy_from_slice(&self.0[..taken]);
        self.0 = &self.0[taken..];
        Ok(taken)
    }
}

fn decode(charset: &Charset, bytes: &[u8]) -> std::io::Result<String> {
    let mut decoded = Decoded::new(Box::new(Drops(bytes)), charset);
    let mut text = Vec::new();
    while decoded.read_into(&mut text)? {}
    Ok(String::from_utf8(text).unwrap())
}

#[test]
fn texts_come_back_from_every_encoding() {
    for (name, text) in [
        ("UTF-8", "a\u{1F9EA}ß\r\n"),
        ("UTF-8 with BOM", "a\u{1F9EA}ß\r\n"),
        ("UTF-16", "a\u{1F9EA}ß\u{10FFFF}"),
        ("UTF-16BE", "a\u{1F9EA}ß"),
        ("UTF-32", "a\u{1F9EA}ß"),
        ("UTF-32BE", "a\u{1F9EA}ß"),
        ("US-ASCII", "abc~\u{7f}"),
        ("ISO-8859-1", "äöü\u{80}\u{9f}ÿ"),
        ("ISO-8859-9", "ğış\u{81}"),
        ("ISO-8859-15", "€Šœ"),
        ("WINDOWS-1252", "€Šœ"),
        ("windows-1251", "Привет"),
        ("WINDOWS-874", "สวัสดี"),
        ("CP866", "Привет"),
        ("GB18030", "汉字\u{1F9EA}"),
        ("GB2312", "汉字"),
        ("BIG5", "漢字"),
        ("SHIFT-JIS", "日本語ｱ\\"),
        ("EUC-JP", "日本語"),
        ("ISO-2022-JP", "日本語 abc 日本"),
        ("EUC-KR", "한국어"),
    ] {
        let charset = charset(name);
        let mut bytes = charset.mark().to_vec();
        bytes.extend_from_slice(&charset.encode(text).unwrap());
        assert_eq!(decode(&charset, &bytes).unwrap(), text, "{name}");
    }
}

#[test]
fn what_an_encoding_does_not_have_is_refused() {
    for (name, text, char) in [
        ("US-ASCII", "aß", 'ß'),
        ("ISO-8859-1", "a€", '€'),
        ("WINDOWS-1252", "a\u{1F9EA}", '\u{1F9EA}'),
        ("SHIFT-JIS", "a\u{a5}", '\u{a5}'),
        ("BIG5", "é", 'é'),
    ] {
        assert_eq!(charset(name).encode(text), Err(char), "{name}");
    }
    for name in ["UTF-7", "IBM037", "JOHAB", "ISO-2022-KR", "nonsense"] {
        let dataset = serde_json::json!({ "encodingName": name });
        let refused = Charset::of(dataset.as_object().unwrap());
        assert_eq!(
            refused.unwrap_err().code,
            sluice_contract::Code::PropertyMissing,
            "{name}"
        );
    }
}

#[test]
fn bytes_that_are_no_characters_are_named() {
    for (name, bytes, place) in [
        ("US-ASCII", b"ab\xe4".as_slice(), "byte 3 "),
        ("UTF-16", b"\xff\xfea\0\0\xd8b\0", "byte 5 "),
        ("UTF-16", b"a\0b", "byte 3 "),
        ("UTF-32", b"a\0\0\0\0\0\x11\0", "byte 5 "),
        ("GB18030", b"a\xff", "byte 2 "),
        ("SHIFT-JIS", b"a\x82", "byte "),
    ] {
        let error = decode(&charset(name), bytes).unwrap_err();
        assert!(error.to_string().contains(place), "{name}: {error}");
    }
}

#[test]
fn a_mark_tells_the_order_of_bytes() {
    assert_eq!(decode(&charset("UTF-16"), b"\xfe\xff\0a").unwrap(), "a");
    assert_eq!(decode(&charset("UTF-16BE"), b"\xff\xfea\0").unwrap(), "a");
    assert_eq!(decode(&charset("UTF-32"), b"\0\0\xfe\xff\0\0\0a").unwrap(), "a");
    assert_eq!(decode(&charset(""), b"\xef\xbb\xbfa").unwrap(), "a");
    assert_eq!(decode(&charset(""), b"\xef\xbb\xbf").unwrap(), "");
    assert_eq!(decode(&charset(""), b"").unwrap(), "");
}
