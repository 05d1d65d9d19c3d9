//! Links between the pages lead somewhere.

use sluice_tests::root;
use std::path::{Path, PathBuf};

fn pages() -> Vec<PathBuf> {
    let mut found = vec![root().join("README.md"), root().join("deploy/README.md")];
    for entry in std::fs::read_dir(root().join("docs")).unwrap().flatten() {
        if entry.path().extension().is_some_and(|ext| ext == "md") {
            found.push(entry.path());
        }
    }
    found
}

#[test]
fn links_lead_somewhere() {
    let mut seen = 0;
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        for part in text.split("](").skip(1) {
            let target = part.split([')', '#']).next().unwrap();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            let path = page.parent().unwrap().join(target);
            assert!(
                path.exists(),
                "{} links to {target}, which is not there",
                page.display()
            );
            seen += 1;
        }
    }
    assert!(seen > 5, "no links were found");
}

/// What an error's next step names has to be there to be read.
#[test]
fn pages_named_by_errors_are_there() {
    for code in sluice_contract::codes::ALL {
        let text = format!("{} {}", code.page().cause, code.page().next);
        for part in text.split("docs/").skip(1) {
            let name: String = part
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || "-_/.".contains(*c))
                .collect();
            let name = name.trim_end_matches('.');
            assert!(
                Path::new(&root()).join("docs").join(name).exists(),
                "{code} names docs/{name}, which is not there"
            );
        }
    }
}
