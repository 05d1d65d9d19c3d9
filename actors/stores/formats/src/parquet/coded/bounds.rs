//! The least and the greatest value of pages and of a chunk, and what is written of them.

use parquet::basic::{BoundaryOrder, Type};
use parquet::data_type::ByteArray;
use parquet::errors::Result;
use parquet::file::metadata::{ColumnIndexBuilder, LevelHistogram};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::statistics::{Statistics, ValueStatistics};

/// Longer texts are not written as bounds.
const LONGEST: usize = 64;

/// A value that others are compared with: texts by their bytes, as Parquet says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Bound {
    Number(i64),
    Text(Vec<u8>),
}

impl Bound {
    fn bytes(&self, kind: Type) -> Vec<u8> {
        match self {
            Self::Number(number) if kind == Type::INT32 => (*number as i32).to_le_bytes().to_vec(),
            Self::Number(number) => number.to_le_bytes().to_vec(),
            Self::Text(text) => text.clone(),
        }
    }

    fn is_short(&self) -> bool {
        !matches!(self, Self::Text(text) if text.len() > LONGEST)
    }
}

/// The bounds of a chunk, and of each of its pages.
pub(super) struct Bounds {
    kind: Type,
    least: Option<Bound>,
    greatest: Option<Bound>,
    nulls: u64,
    index: ColumnIndexBuilder,
    /// Those of the page before.
    last: Option<(Bound, Bound)>,
    ascending: bool,
    descending: bool,
}

impl Bounds {
    pub(super) fn new(kind: Type) -> Self {
        Self {
            kind,
            least: None,
            greatest: None,
            nulls: 0,
            index: ColumnIndexBuilder::new(kind),
            last: None,
            ascending: true,
            descending: true,
        }
    }

    /// A page: its least and greatest value, none when all of it is NULL.
    pub(super) fn page(&mut self, bounds: Option<(Bound, Bound)>, nulls: usize, levels: &Option<LevelHistogram>) {
        self.nulls += nulls as u64;
        let nulls = nulls as i64;
        match bounds {
            None => self.index.append(true, Vec::new(), Vec::new(), nulls, None),
            Some((least, greatest)) => {
                if least.is_short() && greatest.is_short() {
                    let (least, greatest) = (least.bytes(self.kind), greatest.bytes(self.kind));
                    self.index.append(false, least, greatest, nulls, None);
                } else {
                    self.index.to_invalid();
                }
                if let Some((before, after)) = &self.last {
                    self.ascending &= *before <= least && *after <= greatest;
                    self.descending &= *before >= least && *after >= greatest;
                }
                if self.least.as_ref().is_none_or(|known| least < *known) {
                    self.least = Some(least.clone());
                }
                if self.greatest.as_ref().is_none_or(|known| greatest > *known) {
                    self.greatest = Some(greatest.clone());
                }
                self.last = Some((least, greatest));
            }
        }
        self.index.append_histograms(&None, levels);
    }

    /// The bounds of the chunk.
    pub(super) fn statistics(&self) -> Statistics {
        let nulls = Some(self.nulls);
        let bounds = self.least.as_ref().zip(self.greatest.as_ref());
        let bounds = bounds.filter(|(least, greatest)| least.is_short() && greatest.is_short());
        match (self.kind, bounds) {
            (Type::INT32, Some((Bound::Number(least), Bound::Number(greatest)))) => {
                let (least, greatest) = (*least as i32, *greatest as i32);
                let bounds = ValueStatistics::new(Some(least), Some(greatest), None, nulls, false);
                // Old readers know the bounds of signed numbers by other names, too.
                bounds.with_backwards_compatible_min_max(true).into()
            }
            (Type::INT32, _) => {
                let none = ValueStatistics::<i32>::new(None, None, None, nulls, false);
                none.with_backwards_compatible_min_max(true).into()
            }
            (Type::INT64, Some((Bound::Number(least), Bound::Number(greatest)))) => {
                let bounds = ValueStatistics::new(Some(*least), Some(*greatest), None, nulls, false);
                bounds.with_backwards_compatible_min_max(true).into()
            }
            (Type::INT64, _) => {
                let none = ValueStatistics::<i64>::new(None, None, None, nulls, false);
                none.with_backwards_compatible_min_max(true).into()
            }
            (_, Some((Bound::Text(least), Bound::Text(greatest)))) => {
                let (least, greatest) = (ByteArray::from(least.clone()), ByteArray::from(greatest.clone()));
                ValueStatistics::new(Some(least), Some(greatest), None, nulls, false).into()
            }
            _ => ValueStatistics::<ByteArray>::new(None, None, None, nulls, false).into(),
        }
    }

    /// The bounds of the pages.
    ///
    /// # Errors
    /// The library's.
    pub(super) fn index(mut self) -> Result<Option<ColumnIndexMetaData>> {
        self.index.set_boundary_order(match (self.ascending, self.descending) {
            (true, _) => BoundaryOrder::ASCENDING,
            (_, true) => BoundaryOrder::DESCENDING,
            _ => BoundaryOrder::UNORDERED,
        });
        match self.index.valid() {
            true => self.index.build().map(Some),
            false => Ok(None),
        }
    }
}
