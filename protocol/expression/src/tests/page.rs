//! The page of the documentation is made from the table of functions.

use crate::described;
use std::fmt::Write;
use std::path::PathBuf;

const INTRODUCTION: &str = "\
# Expressions

Azure Data Factory's expressions, as documents have them: `@expression` keeps the type of its value, a text with `@{expression}` in it
is a text, `@@` at the beginning stands for `@`, and `@@{` for `@{`. Both forms are read anywhere: a plain text, and
`{\"type\": \"Expression\", \"value\": \"@...\"}`.

`sluice expression TEXT` evaluates one, and says at which character it is wrong:

```
$ sluice expression \"@concat('year=', formatDateTime(pipeline().parameters.day, 'yyyy'))\" --parameters '{\"day\": \"2024-05-31\"}'
year=2024
```

What expressions refer to: `pipeline().parameters.x`, `.globalParameters.x`, `.RunId`, `.Pipeline`, `.DataFactory`, `.TriggerName`,
`.TriggerTime` ...; `activity('name').output`, `.status`, `.error`; `variables('name')`; `item()` in a loop; `dataset().x` and
`linkedService().x` in documents with parameters; `trigger()` and `triggerBody()`. `a.b`, `a['b']` and `a[0]` reach into values; with `?`
before them (`a?.b`) what is missing is null and no error. Names of functions and properties are found in any case. When a run
evaluates what, and what is there then: [pipelines](pipelines.md#expressions).

Where .NET's ways matter, they are followed: `string(true)` is `True`, places and lengths of texts are counted in UTF-16 units, formats of
dates are .NET's in the culture en-US, and time zones have their Windows names or those of the IANA database. Different from Data Factory:
`if`, `and`, `or` and `coalesce` compute only the arguments that they need; integers that do not fit into 64 bits are an error.

This page is made from the functions' own table: `SLUICE_WRITE_DOCS=1 cargo test -p sluice-expression page`.
";

#[test]
fn the_page_lists_every_function() {
    let mut page = INTRODUCTION.to_owned();
    let mut group = "";
    for function in described() {
        if group != function.group {
            group = function.group;
            let _ = write!(page, "\n## {group}\n\n| function | gives |\n|---|---|\n");
        }
        let _ = writeln!(page, "| `{}` | {} |", function.form, function.about);
    }
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/expressions.md");
    if std::env::var_os("SLUICE_WRITE_DOCS").is_some_and(|value| value == "1") {
        std::fs::write(&path, &page).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == page,
        "docs/expressions.md: SLUICE_WRITE_DOCS=1 cargo test -p sluice-expression page"
    );
}
