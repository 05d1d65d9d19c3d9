//! No loop runs that nobody watches: what is started on the side is a task of a supervised component, or stands here.

use super::files::rust_files;
use std::path::Path;

/// What starts something on the side.
const STARTS: &[&str] = &[
    "tokio::spawn",
    "task::spawn(",
    "spawn_local",
    "thread::spawn",
    "thread::Builder",
    "actix::spawn",
    "JoinSet",
    "TaskTracker::new",
    ".spawn(",
    ".spawn_fn(",
];

/// File, how often, and who watches over it. A comment beside the place says the same to whoever reads the code.
const ALLOWED: &[(&str, usize, &str)] = &[
    (
        "actors/agent/src/scheduler/component.rs",
        2,
        "a copy, and the help with another node's copy, outlive the scheduler: their leases, time limits and places in the \
         lists of what runs watch them",
    ),
    (
        "actors/agent/src/connector/component.rs",
        1,
        "retires the component itself, once, within its policy's time; no loop",
    ),
    (
        "actors/factory/src/state/open.rs",
        1,
        "opens the database once and ends: it holds the lock of the state directory as long as a statement may run; no loop",
    ),
    (
        "actors/factory/src/state/writer.rs",
        1,
        "ends a transaction that many wait for, each of whom may be gone before it is over, and ends with it; no loop",
    ),
    (
        "actors/factory/src/rest/serve.rs",
        2,
        "a tracker and one task per connection, with deadlines, told by the token of the component RestServer",
    ),
];

/// Line numbers of what is started, in a text without its tests and comments.
fn starts(text: &str) -> Vec<usize> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let mut found = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let line = line.trim_start();
        let builds = line.contains("Command::new");
        if !line.starts_with("//") && !builds && STARTS.iter().any(|start| line.contains(start)) {
            found.push(number + 1);
        }
    }
    found
}

/// Whether a comment stands on the line or right above the statement it is part of.
fn has_reason(text: &str, line: usize) -> bool {
    let lines: Vec<&str> = text.lines().collect();
    let above = lines[line.saturating_sub(5)..line].iter();
    above.rev().any(|line| line.trim_start().starts_with("//"))
}

#[test]
fn nothing_runs_that_nobody_watches() {
    let root = sluice_tests::root();
    let mut complaints = Vec::new();
    let mut seen = 0;
    for file in rust_files(&["actors/agent/src", "actors/factory/src", "src"]) {
        let name = file.strip_prefix(&root).unwrap().display().to_string();
        let is_test = |part: &std::ffi::OsStr| part == "tests" || part == "tests.rs";
        if Path::new(&name).iter().any(is_test) {
            continue;
        }
        seen += 1;
        let text = std::fs::read_to_string(&file).unwrap();
        let found = starts(&text);
        let allowed = ALLOWED
            .iter()
            .find(|(known, ..)| *known == name)
            .map_or(0, |(_, count, _)| *count);
        if found.len() != allowed {
            complaints.push(format!(
                "{name}: {allowed} places are known, these are there: lines {found:?}"
            ));
        } else if let Some(line) = found.iter().find(|line| allowed > 0 && !has_reason(&text, **line)) {
            complaints.push(format!("{name}:{line} has no reason in a comment beside it"));
        }
    }
    assert!(seen > 100, "only {seen} files were found");
    assert!(
        complaints.is_empty(),
        "make it a component, or a task of one (Ctx::spawn_task):\n{complaints:#?}"
    );
    for (name, _, reason) in ALLOWED {
        assert!(root.join(name).exists(), "{name} is not there any more");
        assert!(reason.len() > 20, "{name} has no reason");
    }
}

/// The check itself: it has to see what it is there for.
#[test]
fn a_naked_loop_is_seen() {
    for line in [
        "    tokio::spawn(async move { loop {} });",
        "let t = std::thread::spawn(work);",
        "let mut set = tokio::task::JoinSet::new();",
        "        handle.spawn(work)",
        "tokio::task::spawn_local(work);",
        "actix::spawn(work);",
        "            .spawn(runner::run())",
    ] {
        assert_eq!(starts(&format!("fn f() {{\n{line}\n}}\n")), [2], "{line}");
    }
    for line in [
        "// tokio::spawn is not used",
        "ctx.spawn_task(\"x\", work);",
        "ctx.spawn_blocking(\"x\", work);",
    ] {
        assert!(starts(line).is_empty(), "{line}");
    }
    assert!(starts("#[cfg(test)]\nmod tests {\n tokio::spawn(x);\n}").is_empty());
    assert!(has_reason("// why\nlet x = a\n    .b()\n    .spawn(y);", 4));
    assert!(!has_reason("// why\na;\nb;\nc;\nd;\ne;\n.spawn(y);", 7));
}
