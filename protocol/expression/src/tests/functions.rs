//! Every function of the table.

use super::{all, value};
use crate::described;
use serde_json::json;

#[test]
fn texts() {
    all(&[
        ("concat('a', 1, true, null, 1.5)", json!("a1True1.5")),
        ("concat(createArray(1), createArray(2, 3))", json!([1, 2, 3])),
        ("CONCAT('a','b')", json!("ab")),
        ("endsWith('Hello', 'LLO')", json!(true)),
        ("startsWith('Hello', 'hE')", json!(true)),
        ("startsWith('Hello', 'x')", json!(false)),
        ("indexOf('Hello', 'L')", json!(2)),
        ("indexOf('😀x', 'x')", json!(2)),
        ("indexOf('abc', 'z')", json!(-1)),
        ("lastIndexOf('banana', 'A')", json!(5)),
        ("replace('a.b.c', '.', '')", json!("abc")),
        ("replace('Aa', 'a', 'b')", json!("Ab")),
        ("split('a;b;', ';')", json!(["a", "b", ""])),
        ("split('ab', '')", json!(["ab"])),
        ("substring('hello', 1, 3)", json!("ell")),
        ("substring('hello', 5)", json!("")),
        ("substring('😀x', 2, 1)", json!("x")),
        ("toLower('ÄB')", json!("äb")),
        ("toUpper('äb')", json!("ÄB")),
        ("trim('  a b ')", json!("a b")),
        ("length(guid())", json!(36)),
        ("guid('N')", json!("0123456789ab4def8123456789abcdef")),
        ("startsWith(guid('P'), '(')", json!(true)),
    ]);
}

#[test]
fn collections() {
    all(&[
        ("contains('abc', 'b')", json!(true)),
        ("contains('abc', 'B')", json!(false)),
        ("contains(createArray(1, 2), 2.0)", json!(true)),
        ("contains(pipeline().parameters.table, 'schema')", json!(true)),
        ("empty('')", json!(true)),
        ("empty(pipeline().parameters.none)", json!(true)),
        ("empty(createArray())", json!(true)),
        ("empty(pipeline().parameters.table)", json!(false)),
        ("first(pipeline().parameters.list)", json!(1)),
        ("first('')", json!("")),
        ("last('äb')", json!("b")),
        ("last(pipeline().parameters.list)", json!(3)),
        ("first(createArray())", json!(null)),
        (
            "intersection(createArray(1, 2, 2, 3), createArray(2, 3, 4), createArray(2))",
            json!([2]),
        ),
        (
            "intersection(json('{\"a\":1,\"b\":2}'), json('{\"a\":1,\"b\":3}'))",
            json!({"a": 1}),
        ),
        ("join(createArray('a', 1, true), '-')", json!("a-1-True")),
        ("length('😀')", json!(2)),
        ("length(pipeline().parameters.list)", json!(3)),
        ("skip(pipeline().parameters.list, 1)", json!([2, 3])),
        ("skip('abc', 9)", json!("")),
        ("take(pipeline().parameters.list, 2)", json!([1, 2])),
        ("take('abc', 2)", json!("ab")),
        ("union(createArray(1, 2), createArray(2, 3))", json!([1, 2, 3])),
        (
            "union(json('{\"a\":1}'), json('{\"a\":2,\"b\":3}'))",
            json!({"a": 2, "b": 3}),
        ),
    ]);
}

#[test]
fn logic_computes_only_what_is_needed() {
    all(&[
        ("and(true, equals(1, 1.0))", json!(true)),
        ("and(false, div(1, 0))", json!(false)),
        ("or(true, div(1, 0))", json!(true)),
        ("or(false, 'True')", json!(true)),
        ("if(equals(1, 2), div(1, 0), 'else')", json!("else")),
        ("not(bool('False'))", json!(true)),
        ("equals('a', 'A')", json!(false)),
        ("equals(json('{\"a\":[1]}'), json('{\"a\":[1.0]}'))", json!(true)),
        ("equals(1, '1')", json!(false)),
        ("greater(2, 1)", json!(true)),
        ("greater('b', 'a')", json!(true)),
        ("greater(10, '9')", json!(true)),
        ("greaterOrEquals(1, 1)", json!(true)),
        ("less(1, 1.5)", json!(true)),
        ("lessOrEquals(9007199254740993, 9007199254740992)", json!(false)),
    ]);
}

#[test]
fn conversions() {
    all(&[
        ("array('a')", json!(["a"])),
        ("array(createArray(1))", json!([1])),
        ("base64('hé')", json!("aMOp")),
        ("base64ToString('aMOp')", json!("hé")),
        ("decodeBase64('aMOp')", json!("hé")),
        ("base64(base64ToBinary('aMOp'))", json!("aMOp")),
        (
            "base64ToBinary('aMOp')",
            json!({"$content-type": "application/octet-stream", "$content": "aMOp"}),
        ),
        (
            "binary('hé')",
            json!({"$content-type": "application/octet-stream", "$content": "aMOp"}),
        ),
        ("bool(1)", json!(true)),
        ("bool('FALSE')", json!(false)),
        ("coalesce(null, pipeline().parameters.none, 'x', div(1, 0))", json!("x")),
        ("coalesce(null)", json!(null)),
        ("createArray(1, 'a', null)", json!([1, "a", null])),
        ("dataUri('hé')", json!("data:text/plain;charset=utf-8;base64,aMOp")),
        (
            "dataUriToString('data:text/plain;charset=utf-8;base64,aMOp')",
            json!("hé"),
        ),
        ("dataUriToString('data:,a%20b')", json!("a b")),
        (
            "decodeDataUri('data:text/plain;charset=utf-8;base64,aMOp')",
            json!({"$content-type": "text/plain;charset=utf-8", "$content": "aMOp"}),
        ),
        ("base64ToString(dataUriToBinary('data:,x').$content)", json!("data:,x")),
        ("encodeUriComponent('a b/é')", json!("a%20b%2F%C3%A9")),
        ("uriComponent('a&b')", json!("a%26b")),
        ("decodeUriComponent('a%20b%2F%C3%A9')", json!("a b/é")),
        ("uriComponentToString('%41')", json!("A")),
        ("base64(uriComponentToBinary('h%C3%A9'))", json!("aMOp")),
        ("float('1.5')", json!(1.5)),
        ("int(' 12 ')", json!(12)),
        ("int(12.0)", json!(12)),
        ("int(true)", json!(1)),
        ("json('[1,{\"a\":null}]')", json!([1, {"a": null}])),
        ("json('1')", json!(1)),
        (
            "string(pipeline().parameters.table)",
            json!("{\"schema\":\"dbo\",\"cols\":[\"a\",\"b\"]}"),
        ),
        ("string(false)", json!("False")),
        ("string(1)", json!("1")),
    ]);
}

#[test]
fn xml_is_searched_and_becomes_json() {
    let xml = "xml('<p><i n=\"1\">a&amp;b</i><i>c</i><e/></p>')";
    all(&[
        (&format!("xpath({xml}, 'count(/p/i)')"), json!(2)),
        (&format!("xpath({xml}, 'string(/p/i[1])')"), json!("a&b")),
        (&format!("xpath({xml}, '/p/i/text()')"), json!(["a&b", "c"])),
        (&format!("xpath({xml}, '/p/i/@n')"), json!(["1"])),
        (
            &format!("base64ToString(xpath({xml}, '/p/i')[0].$content)"),
            json!("<i n=\"1\">a&amp;b</i>"),
        ),
        (&format!("xpath({xml}, '/p/i[1] = ''c''')"), json!(false)),
        (
            &format!("json({xml})"),
            json!({"p": {"i": [{"@n": "1", "#text": "a&b"}, "c"], "e": null}}),
        ),
        (&format!("json(xml(json({xml}))).p.i[1]"), json!("c")),
    ]);
}

#[test]
fn numbers() {
    all(&[
        ("add(1, 2)", json!(3)),
        ("add('1', 2)", json!(3)),
        ("add(1, 0.5)", json!(1.5)),
        ("sub(1, 2)", json!(-1)),
        ("mul(3, 4)", json!(12)),
        ("div(7, 2)", json!(3)),
        ("div(-7, 2)", json!(-3)),
        ("div(7, 2.0)", json!(3.5)),
        ("mod(7, 3)", json!(1)),
        ("mod(-7, 3)", json!(-1)),
        ("max(1, 3, 2)", json!(3)),
        ("min(createArray(4, 2, 2.5))", json!(2)),
        (
            "max(9007199254740992, 9007199254740993)",
            json!(9_007_199_254_740_993_i64),
        ),
        (
            "min(9007199254740993, 9007199254740992)",
            json!(9_007_199_254_740_992_i64),
        ),
        ("range(1, 3)", json!([1, 2, 3])),
        ("range(5, 0)", json!([])),
        ("rand(5, 6)", json!(5)),
    ]);
    let drawn = value("@rand(-2, 3)").as_i64().unwrap();
    assert!((-2..3).contains(&drawn));
}

#[test]
fn every_function_is_tested_and_described() {
    let here = [include_str!("functions.rs"), include_str!("dates.rs")]
        .concat()
        .to_lowercase();
    let mut names: Vec<_> = described().map(|function| function.name).collect();
    for function in described() {
        let name = function.name.to_lowercase();
        assert!(here.contains(&format!("{name}(")), "{name} is tested nowhere");
        assert!(
            function.form.starts_with(&format!("{}(", function.name)),
            "{}",
            function.form
        );
        assert!(!function.about.is_empty());
    }
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!((names.len(), count), (count, 84));
}
