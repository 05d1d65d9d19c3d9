//! Replicas have the same keys: nodes trust one certificate authority, and each replica shows and verifies what another one
//! made. The files are copied by whoever sets a replica up; the database knows their digests, so that none starts with others.

use crate::pki::files::read_private;
use crate::state::{State, meta};
use crate::wire::sha256_hex;
use sluice_contract::{Code, Fault};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Files that are the same for all replicas, and whether a deployment without a broker has them.
const SHARED: [(&str, bool); 4] = [
    ("ca.key", true),
    ("ca.pem", true),
    ("wrapping.key", true),
    ("channel.key", false),
];
/// The administrator's token: a file of its own would revoke that of the others.
const TOKEN: &str = "admin.token";

/// The keys in a state directory, compared with those of the deployment.
pub(crate) struct Keys {
    dir: PathBuf,
    broker: bool,
}

impl Keys {
    /// Those of a directory.
    pub(crate) fn of(dir: &Path, broker: bool) -> Self {
        Self {
            dir: dir.to_owned(),
            broker,
        }
    }

    /// Before any key is made: those that the deployment has must be here already.
    ///
    /// # Errors
    /// `SL9013`.
    pub(crate) async fn check(&self, state: &State) -> Result<(), Fault> {
        let mut conn = state.read().await?;
        let mut known = false;
        for name in self.names() {
            let Some(wanted) = meta::get(&mut conn, &row(name)).await? else {
                continue;
            };
            known = true;
            match self.digest(name)? {
                Some(mine) if mine == wanted => {}
                Some(_) => return Err(differs(name, "is not that of the other factories on this database")),
                None => {
                    return Err(differs(
                        name,
                        "is missing, and other factories on this database have it",
                    ));
                }
            }
        }
        if known && !self.dir.join(TOKEN).exists() && !crate::state::replicas::running(&mut conn).await?.is_empty() {
            return Err(differs(
                TOKEN,
                "is missing, and a factory that runs on this database has it",
            ));
        }
        Ok(())
    }

    /// After the first start made them: they are the deployment's from now on.
    ///
    /// # Errors
    /// `SL9013` when another first start was quicker.
    pub(crate) async fn publish(&self, state: &State) -> Result<(), Fault> {
        let mut tx = state.write().await?;
        for name in self.names() {
            let Some(mine) = self.digest(name)? else { continue };
            if meta::get_or_set(&mut tx, &row(name), &mine).await? != mine {
                return Err(differs(name, "is not that of the other factories on this database"));
            }
        }
        tx.commit().await
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
        let broker = self.broker;
        SHARED
            .into_iter()
            .filter(move |(_, always)| *always || broker)
            .map(|(name, _)| name)
    }

    /// Of 256 random bits at least, so that it tells nothing of them.
    fn digest(&self, name: &str) -> Result<Option<String>, Fault> {
        let Some(content) = read_private(&self.dir.join(name))? else {
            return Ok(None);
        };
        let content = Zeroizing::new(content);
        let mut text = Zeroizing::new(format!("{name} of a replica:").into_bytes());
        text.extend_from_slice(&content);
        Ok(Some(sha256_hex(&text)))
    }
}

fn row(name: &str) -> String {
    format!("digest of {name}")
}

fn differs(name: &str, how: &str) -> Fault {
    Fault::new(Code::ReplicaDiffers, format!("{name} in the state directory {how}"))
}
