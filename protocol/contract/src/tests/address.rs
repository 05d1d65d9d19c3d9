//! Connection strings, in the dialects that clients write.

use crate::document::ConnectionString;

fn value(text: &str, name: &str) -> Option<String> {
    ConnectionString::parse(text).get(&[name]).map(str::to_owned)
}

#[test]
fn quotes_are_taken_off_and_doubled_ones_made_single() {
    for (text, expected) in [
        (r#"p="a;b""#, "a;b"),
        (r#"p="a""b";q=1"#, "a\"b"),
        ("p='it''s';q=1", "it's"),
        (r#"p='a"b'"#, "a\"b"),
        (r#"p=" spaces ""#, " spaces "),
        (r#"p="";q=1"#, ""),
        ("p=a'b", "a'b"),
        ("p=a=b==", "a=b=="),
        ("p= a b ;q=1", "a b"),
        ("p={a;b=c};q=1", "{a;b=c}"),
        ("p={a}};b};q=1", "{a}};b}"),
        ("p={a}b;q=1", "{a}b"),
        ("p={a;q=1", "{a"),
    ] {
        assert_eq!(value(text, "p").as_deref(), Some(expected), "{text}");
        if text.ends_with(";q=1") {
            assert_eq!(value(text, "q").as_deref(), Some("1"), "{text}");
        }
    }
}

#[test]
fn a_quote_that_is_never_closed_takes_the_rest() {
    let parsed = ConnectionString::parse("a=1;p=\"x;y=z;q=2");
    assert_eq!(parsed.names().collect::<Vec<_>>(), ["a", "p"]);
    assert_eq!(parsed.get(&["p"]), Some("\"x;y=z;q=2"));
}

#[test]
fn what_is_written_out_is_read_the_same() {
    let text = r#"Host=db;A="x;y";B='"q"';C={o;dbc};D=" s "; E=plain =x"#;
    let parsed = ConnectionString::parse(text);
    assert_eq!(
        parsed.without(|name| name == "Host"),
        r#"A="x;y";B="""q""";C={o;dbc};D=" s ";E=plain =x"#
    );
}
