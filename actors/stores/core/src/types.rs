//! The type contract: what becomes of a store's types on the way through Arrow. `docs/types.md` is made from it.

use serde::Serialize;

/// How well values of a type are carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Fidelity {
    /// Every value is the same at the other end, and has the same type there.
    Exact,
    /// Every value is the same, in a type that also holds others.
    Widened,
    /// Some values are rounded or cut: only with the activity's `typeConversion`.
    Lossy,
    /// Not carried: the copy does not begin, and names the column.
    Refused,
}

/// One type of a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TypeRow {
    /// The store's type, as its users write it.
    pub store: &'static str,
    /// The Arrow type, as people write it; empty when refused.
    pub arrow: &'static str,
    /// How well it is carried in this direction.
    pub fidelity: Fidelity,
    /// What else there is to know: a range, a form, a way around.
    pub note: &'static str,
}

/// All types of a store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TypeTable {
    /// Reading: from the store's type to Arrow.
    pub reads: Vec<TypeRow>,
    /// Writing: from Arrow to the type that a new table gets. (A column that is there may have any type that holds the
    /// values; others are refused.)
    pub writes: Vec<TypeRow>,
}
