//! Every error has its place and its cause.

use super::error;

#[test]
fn errors_say_where_and_why() {
    for (text, at, why) in [
        ("@concat('a'", 11, "`)` is missing"),
        ("@concat('a", 8, "closing quote"),
        ("x @{item()", 2, "closing `}`"),
        ("@foo", 4, "`foo` is no value"),
        ("@foo()", 1, "no function `foo`"),
        ("@conkat('a')", 1, "did you mean `concat`"),
        ("@add(1)", 1, "add(number, number)"),
        ("@pipeline(1)", 1, "takes nothing"),
        ("@activity()", 1, "takes one name"),
        ("@activity(1)", 1, "takes a name, not an integer"),
        ("@activity('x').output", 1, "no activity \"x\""),
        ("@pipeline().parameters.missing", 22, "there are: n, Name"),
        ("@pipeline().parameters.none.x", 27, "null has no property"),
        ("@pipeline().parameters.list[3]", 27, "3 items"),
        ("@pipeline().parameters.list[-1]", 27, "no place"),
        ("@pipeline().parameters.n[0]", 24, "has no items"),
        ("@pipeline().parameters.list[true]", 27, "no index"),
        ("@add('x', 1)", 1, "argument 1"),
        ("@div(1, 0)", 1, "division by zero"),
        ("@mul(9223372036854775807, 2)", 1, "too large"),
        ("@int('12.5')", 1, "not an integer"),
        ("@bool('maybe')", 1, "not a boolean"),
        ("@json('{')", 1, "not JSON"),
        ("@substring('abc', 2, 5)", 1, "3 characters"),
        ("@if('maybe', 1, 2)", 4, "the condition is a text"),
        ("@greater('a', 1)", 1, "cannot be compared"),
        ("@formatDateTime('soon')", 1, "not a date"),
        ("@formatDateTime(utcNow(), 'yyyy''')", 1, "format"),
        ("@convertFromUtc(utcNow(), 'Mars')", 1, "no time zone"),
        ("@addToTime(utcNow(), 1, 'Fortnight')", 1, "none of Second"),
        ("@concat(\"a\")", 8, "single quotes"),
        ("@a.b}", 2, "no value"),
        ("@item()}", 7, "does not belong"),
        ("@item().", 8, "name of a member"),
        ("@item() item()", 8, "not expected"),
        ("@1.2.3", 1, "not a number"),
        ("@concat(@item())", 8, "no `@` within"),
        ("@range(0, 1000000)", 1, "no count"),
        ("@replace('a', '', 'b')", 1, "empty"),
        ("@xml('<a>')", 1, "not XML"),
        ("@xpath(xml('<a/>'), '//[')", 1, "XPath"),
        (
            "@convertToUtc('2024-03-31T02:30:00', 'Europe/Berlin')",
            1,
            "does not exist",
        ),
    ] {
        let (found, cause) = error(text);
        assert!(cause.contains(why), "{text}: {cause}");
        assert_eq!(found, at, "{text}: {cause}");
    }
}

#[test]
fn depth_is_bounded() {
    for (open, close) in [("(", ")"), ("not(", ")"), ("createArray(1,", ")")] {
        let text = format!("@{}true{}", open.repeat(5000), close.repeat(5000));
        assert!(error(&text).1.contains("nested deeper"), "{open}");
    }
    let text = format!("@item(){}", ".a".repeat(5000));
    assert!(error(&text).1.contains("nested deeper"));
    let text = format!("@item(){}", "[item()".repeat(5000));
    assert!(error(&text).1.contains("nested deeper"));
}
