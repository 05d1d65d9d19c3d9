//! The example of the README works, and is the one in the README.

#[allow(dead_code, unreachable_pub)]
mod example;

#[test]
fn the_example_works() {
    assert_eq!(example::program(), 0);
}

#[test]
fn the_example_is_the_readmes() {
    let readme = include_str!("../../../README.md");
    assert!(
        readme.contains(include_str!("example.rs")),
        "README.md differs from example.rs"
    );
}
