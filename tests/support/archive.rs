//! Archives that the binary wrote.

use std::io::Read;
use std::path::Path;

/// The files of a ZIP archive, by name.
#[track_caller]
pub fn unpacked(file: &Path) -> Vec<(String, Vec<u8>)> {
    let file = std::fs::File::open(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let mut archive = zip::ZipArchive::new(file).unwrap();
    let mut files = Vec::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        files.push((file.name().unwrap().into_owned(), bytes));
    }
    files
}
