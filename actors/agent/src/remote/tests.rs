use super::exact::{parse, shown};

#[test]
fn fingerprints_are_read_as_they_are_shown() {
    let shown = shown(b"a certificate");
    assert_eq!(shown.len(), 95);
    let bytes = parse(&shown).unwrap();
    assert_eq!(parse(&shown.replace(':', "").to_lowercase()), Some(bytes));
    for wrong in [
        "",
        "00",
        &shown[1..],
        &format!("{shown}00"),
        &shown.replace('A', "G").replace('0', "x"),
    ] {
        assert_eq!(parse(wrong), None, "{wrong}");
    }
}
