//! The house as it was planned: which crate may know which, what may not come in, how long a file may be.

mod arrows;
mod files;
mod forbidden;
mod named;
mod spawns;
mod supply;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::OnceLock;

/// What `cargo metadata` says for this machine, dependencies resolved with the workspace's one set of features.
fn metadata() -> &'static Value {
    static METADATA: OnceLock<Value> = OnceLock::new();
    METADATA.get_or_init(|| {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args([
                "metadata",
                "--format-version",
                "1",
                "--locked",
                "--offline",
                "--filter-platform",
            ])
            .arg(format!("{}-unknown-linux-gnu", std::env::consts::ARCH))
            .current_dir(sluice_tests::root())
            .output()
            .expect("cargo runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON")
    })
}

/// Package id to name.
fn names() -> BTreeMap<&'static str, &'static str> {
    let packages = metadata()["packages"].as_array().expect("packages");
    packages
        .iter()
        .map(|package| (package["id"].as_str().unwrap(), package["name"].as_str().unwrap()))
        .collect()
}

/// The names of the workspace's own packages.
fn members() -> BTreeSet<&'static str> {
    let names = names();
    let members = metadata()["workspace_members"].as_array().expect("workspace_members");
    members.iter().map(|id| names[id.as_str().unwrap()]).collect()
}

/// Everything a package is built from, itself left out; dev-dependencies left out.
fn closure(package: &str) -> BTreeSet<&'static str> {
    let names = names();
    let nodes = metadata()["resolve"]["nodes"].as_array().expect("resolve.nodes");
    let edges: BTreeMap<&str, Vec<&str>> = nodes
        .iter()
        .map(|node| {
            let deps = node["deps"].as_array().expect("deps").iter();
            let normal = deps.filter(|dep| {
                dep["dep_kinds"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|kind| kind["kind"] != "dev")
            });
            (
                node["id"].as_str().unwrap(),
                normal.map(|dep| dep["pkg"].as_str().unwrap()).collect(),
            )
        })
        .collect();
    let start = nodes
        .iter()
        .map(|node| node["id"].as_str().unwrap())
        .find(|id| names[id] == package);
    let mut todo = vec![start.unwrap_or_else(|| panic!("no package {package}"))];
    let mut seen = BTreeSet::new();
    while let Some(id) = todo.pop() {
        for dep in &edges[id] {
            if seen.insert(*dep) {
                todo.push(dep);
            }
        }
    }
    seen.into_iter().map(|id| names[id]).collect()
}
