//! Running statements in a store, outside of copies: what Lookup, Script and stored procedures ask for.

mod gather;
mod words;

pub use gather::{Gather, Limits, RowSet};
pub use words::{Dialect, single, split, substitute};

use async_trait::async_trait;
use serde_json::Value;
use sluice_contract::{Code, Fault, Object};

/// Where a parameter's value goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// To the statement.
    #[default]
    Input,
    /// From the statement.
    Output,
    /// Both.
    InputOutput,
}

/// A parameter of a statement or procedure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parameter {
    /// Its name, without the sign that the store puts before it.
    pub name: String,
    /// Its type by ADF's names, in lower case; empty when it was not said.
    pub kind: String,
    /// Its value; null for an output.
    pub value: Value,
    /// Where it goes.
    pub direction: Direction,
    /// Characters or bytes that an output may have.
    pub size: Option<u32>,
}

/// One block of statements.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Block {
    /// The text.
    pub text: String,
    /// Whether its results are wanted; else only how many rows were changed.
    pub query: bool,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
}

/// What is to be run.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// Blocks of statements, one behind another in one session. Each statement commits by itself, unless the text says
    /// otherwise.
    Blocks(Vec<Block>),
    /// All rows of the table that a dataset's `typeProperties` name.
    Table(Object),
    /// A stored procedure.
    Procedure {
        /// Its name, as written.
        name: String,
        /// What it is given.
        parameters: Vec<Parameter>,
    },
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ran {
    /// The results, in order.
    pub sets: Vec<RowSet>,
    /// How many rows were changed, as far as the store says.
    pub affected: Option<u64>,
    /// The values of output parameters.
    pub outputs: Object,
    /// What the store said besides (`PRINT`, `RAISE NOTICE`).
    pub messages: Vec<String>,
}

/// A store that runs statements.
///
/// Dropping the future stops what is running, on the server as well.
#[async_trait]
pub trait Statements: Send + Sync + 'static {
    /// Runs it once; nothing is tried again.
    ///
    /// # Errors
    /// `SL60xx`; what ran before stays done. `SL6022` for what the store does not have.
    async fn run(&self, asked: Asked, limits: Limits) -> Result<Ran, Fault>;
}

/// The store does not have this.
pub fn not_served(what: &str) -> Fault {
    Fault::new(Code::TaskUnsupported, what)
}
