//! The newest lines of the log, in two files of bounded size below the state directory: `NAME.log`, and `NAME.1.log` with what
//! was before. They are a convenience for whoever looks for a mistake later; where they cannot be written, nothing stops.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The folder below the state directory.
pub(super) const FOLDER: &str = "logs";
/// A file of this size is put aside.
const LARGE: u64 = 4 * 1024 * 1024;
/// What is kept in memory before it is known where the state lies.
const EARLY: usize = 256 * 1024;

static PLACE: Mutex<Place> = Mutex::new(Place::Nowhere);

enum Place {
    Nowhere,
    /// The program has not said yet where its state lies.
    Waiting(String),
    Files(Files),
}

/// The two files.
struct Files {
    folder: PathBuf,
    name: String,
    /// Opened anew after a failure.
    open: Option<(File, u64)>,
}

/// Lines are remembered from now on.
pub(super) fn begin() {
    *PLACE.lock().unwrap_or_else(PoisonError::into_inner) = Place::Waiting(String::new());
}

/// Lines go into files from now on, those that are remembered first.
pub(super) fn open(folder: &Path, name: &str) {
    let mut place = PLACE.lock().unwrap_or_else(PoisonError::into_inner);
    let Place::Waiting(early) = &mut *place else { return };
    let early = std::mem::take(early);
    let mut files = Files {
        folder: folder.to_owned(),
        name: name.to_owned(),
        open: None,
    };
    files.append(&early);
    *place = Place::Files(files);
}

/// One line. `coloured` says that it has escape sequences, which have no place in a file.
pub(super) fn append(line: &str, coloured: bool) {
    let mut place = PLACE.lock().unwrap_or_else(PoisonError::into_inner);
    let plain = |line: &str| match coloured {
        true => without_colours(line),
        false => line.to_owned(),
    };
    match &mut *place {
        Place::Nowhere => {}
        Place::Waiting(early) if early.len() + line.len() <= EARLY => *early += &plain(line),
        Place::Waiting(_) => {}
        Place::Files(files) => files.append(&plain(line)),
    }
}

/// The files of a state directory, the older first; not all of them need to be there.
pub(crate) fn files(state: &Path, name: &str) -> [PathBuf; 2] {
    let folder = state.join(FOLDER);
    [folder.join(format!("{name}.1.log")), folder.join(format!("{name}.log"))]
}

impl Files {
    /// A line that cannot be written is not, and the next one is tried again.
    fn append(&mut self, text: &str) {
        if self.write(text).is_err() {
            self.open = None;
        }
    }

    fn write(&mut self, text: &str) -> std::io::Result<()> {
        if self.open.as_ref().is_some_and(|(_, size)| *size >= LARGE) {
            self.open = None;
            let [old, new] = self.paths();
            std::fs::rename(new, old)?;
        }
        let (file, size) = match &mut self.open {
            Some(open) => open,
            None => {
                DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
                let [_, new] = self.paths();
                let file = OpenOptions::new().create(true).append(true).mode(0o600).open(new)?;
                let size = file.metadata()?.len();
                self.open.insert((file, size))
            }
        };
        file.write_all(text.as_bytes())?;
        *size += text.len() as u64;
        Ok(())
    }

    fn paths(&self) -> [PathBuf; 2] {
        let path = |ending: &str| self.folder.join(format!("{}{ending}", self.name));
        [path(".1.log"), path(".log")]
    }
}

/// Without the sequences that set a colour: `ESC [ .. m`.
fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("\u{1b}[") {
        plain += &rest[..at];
        let sequence = &rest[at + 2..];
        rest = sequence.find('m').map_or("", |end| &sequence[end + 1..]);
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_full_is_put_aside_and_the_one_before_goes() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = Files {
            folder: folder.path().join(FOLDER),
            name: "agent".to_owned(),
            open: None,
        };
        let [old, new] = self::files(folder.path(), "agent");
        let text = "x".repeat(1024 * 1024);
        for round in 0..11 {
            files.append(&format!("{round}{text}"));
        }
        let begins = |path: &Path| std::fs::read_to_string(path).unwrap()[..2].to_owned();
        assert_eq!((begins(&old), begins(&new)), ("4x".to_owned(), "8x".to_owned()));
        let size = |path: &Path| std::fs::metadata(path).unwrap().len();
        assert!(size(&old) <= LARGE + 2 * 1024 * 1024 && size(&new) <= LARGE + 2 * 1024 * 1024);
    }

    #[test]
    fn colours_stay_on_the_terminal() {
        assert_eq!(
            without_colours("\u{1b}[2m10:00\u{1b}[0m \u{1b}[32m INFO\u{1b}[0m a"),
            "10:00  INFO a"
        );
        assert_eq!(without_colours("a"), "a");
    }
}
