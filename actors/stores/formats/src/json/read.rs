//! Reading JSON.
//!
//! The columns are those of the first documents of every file: up to [`LOOK_DOCUMENTS`] of them, or [`LOOK_BYTES`]. The order
//! of members is that in which they were first seen.

use super::build::{self, Builder};
use super::node::Node;
use super::options::Options;
use super::scan::{Documents, Found};
use super::shape::Shape;
use crate::charset::Charset;
use crate::codec::{Compression, Input};
use crate::fault;
use crate::format::ReadFormat;
use crate::rows::Rows;
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use sluice_contract::Fault;
use sluice_store_core::SourceRequest;
use std::sync::Arc;

/// Documents at the beginning of a file that its columns are made of.
const LOOK_DOCUMENTS: usize = 100_000;
/// Bytes at the beginning of a file that its columns are made of.
const LOOK_BYTES: usize = 8 << 20;
/// Rows of one batch at most.
const BATCH_ROWS: usize = 16 << 10;

/// Files of JSON.
pub(super) struct JsonFiles {
    options: Options,
}

impl JsonFiles {
    pub(super) fn new(request: &SourceRequest) -> Result<Self, Fault> {
        Ok(Self {
            options: Options::read(request)?,
        })
    }

    /// Those whose documents are rows, and whose members are columns.
    pub(super) fn of(charset: Charset, compression: Compression) -> Self {
        Self {
            options: Options {
                charset,
                compression,
                declared: Vec::new(),
                wanted: None,
                collection: None,
                flat: false,
            },
        }
    }

    /// Calls `row` for every row of a document: itself, or the elements of its collection.
    fn each_row(
        &self,
        document: &Node<'_>,
        mut row: impl FnMut(&Node<'_>, &Node<'_>) -> Result<(), String>,
    ) -> Result<(), String> {
        match &self.options.collection {
            None => row(document, document),
            Some(path) => path
                .elements(document)?
                .into_iter()
                .try_for_each(|item| row(document, item)),
        }
    }
}

/// What the first documents of a file look like.
pub(super) struct Seen {
    /// Of the columns that are wanted; else of the rows.
    shapes: Vec<Shape>,
    /// How many rows they have.
    rows: u64,
    /// What is wrong with the first that is none.
    wrong: Option<Fault>,
}

impl ReadFormat for JsonFiles {
    type Look = Seen;

    fn compression(&self) -> &Compression {
        &self.options.compression
    }

    fn look(&self, input: Input<'_>) -> Result<Option<Seen>, Fault> {
        let mut documents = Documents::begin(input, &self.options.charset);
        let wanted = self.options.wanted.as_deref();
        let mut shapes = vec![Shape::Unknown; wanted.map_or(1, <[_]>::len)];
        let (mut number, mut bytes, mut rows, mut wrong) = (0, 0, 0, None);
        while number < LOOK_DOCUMENTS && bytes < LOOK_BYTES {
            match documents.next()? {
                Found::Document => {}
                Found::Wrong(why) => {
                    wrong.get_or_insert_with(|| documents.fault(why));
                    continue;
                }
                Found::End => break,
            }
            let document = match Node::parse(documents.document()) {
                Ok(document) => document,
                // It is said when it is read, unless there is nothing else that columns could be made of.
                Err(why) => {
                    wrong.get_or_insert_with(|| documents.fault(why));
                    continue;
                }
            };
            let seen = self.each_row(&document, |root, item| {
                rows += 1;
                match wanted {
                    None => shapes[0].add(item),
                    Some(wanted) => wanted.iter().zip(&mut shapes).try_for_each(|(wanted, shape)| {
                        wanted.path.find(root, item).map_or(Ok(()), |node| shape.add(node))
                    }),
                }
            });
            seen.map_err(|why| documents.fault(why))?;
            number += 1;
            bytes += documents.document().len();
        }
        Ok((number > 0 || wrong.is_some()).then_some(Seen { shapes, rows, wrong }))
    }

    fn schema(&self, files: Vec<(String, Option<Seen>)>) -> Result<SchemaRef, Fault> {
        let first = files.first().map(|(label, _)| label.clone()).unwrap_or_default();
        let (mut all, mut rows, mut wrong): (Option<Vec<Shape>>, _, _) = (None, 0, None);
        for seen in files.into_iter().filter_map(|(_, seen)| seen) {
            rows += seen.rows;
            wrong = wrong.or(seen.wrong);
            match &mut all {
                None => all = Some(seen.shapes),
                Some(all) => all.iter_mut().zip(seen.shapes).for_each(|(all, shape)| all.join(shape)),
            }
        }
        let fields = match &self.options.wanted {
            Some(wanted) => {
                let shapes = all.unwrap_or_else(|| vec![Shape::Unknown; wanted.len()]);
                let field = |(wanted, shape): (&super::options::Wanted, &Shape)| {
                    let data_type = wanted.data_type.clone();
                    let data_type = data_type.unwrap_or_else(|| shape.data_type(self.options.flat));
                    Field::new(&wanted.name, data_type, true)
                };
                wanted.iter().zip(&shapes).map(field).collect()
            }
            None => {
                let fields = self.members(all.and_then(|shapes| shapes.into_iter().next()), &first)?;
                match (fields.is_empty(), wrong) {
                    (true, Some(wrong)) => return Err(wrong),
                    (true, None) if rows > 0 => {
                        return Err(fault::data(
                            &first,
                            "there is no document with members, so that its columns are not known; name them in the dataset's \
                             `schema`",
                        ));
                    }
                    // Without rows it needs no columns.
                    _ => fields,
                }
            }
        };
        Ok(Arc::new(Schema::new(fields)))
    }

    fn rows(&self, input: Input<'_>, schema: &SchemaRef, rows: &Rows<'_>) -> Result<bool, Fault> {
        let mut documents = Documents::begin(input, &self.options.charset);
        let mut batch = Batch::new(schema);
        loop {
            let parsed = match documents.next()? {
                Found::Document => Node::parse(documents.document()),
                Found::Wrong(why) => Err(why.to_owned()),
                Found::End => break,
            };
            let read = parsed.and_then(|document| {
                let before = batch.rows;
                let read = self.each_row(&document, |root, item| match &self.options.wanted {
                    // The files began without any row.
                    None if batch.columns.is_empty() => {
                        Err("the columns are not known; name them in the dataset's `schema`".to_owned())
                    }
                    None => batch.append(item),
                    Some(wanted) => {
                        let node = |at: usize| wanted[at].path.find(root, item);
                        batch.append_each(|at, column| match node(at) {
                            Some(node) => column
                                .append(node)
                                .map_err(|why| format!("{:?}: {why}", wanted[at].name)),
                            None => {
                                column.append_null();
                                Ok(())
                            }
                        })
                    }
                });
                // A document is left out as a whole.
                read.inspect_err(|_| batch.truncate(before))
            });
            match read {
                Ok(()) => batch.bytes += documents.document().len() + batch.columns.len() * 8,
                Err(why) => {
                    let place = format!("{}, {}", documents.label(), documents.place());
                    let record = || String::from_utf8_lossy(documents.document()).into_owned();
                    rows.reject(place, record, documents.fault(why))?;
                }
            }
            if batch.rows >= BATCH_ROWS || batch.bytes >= rows.batch_bytes {
                let batch = batch.finish().map_err(|error| documents.fault(error))?;
                if !rows.push(batch) {
                    return Ok(false);
                }
            }
        }
        if batch.rows > 0 {
            let batch = batch.finish().map_err(|error| documents.fault(error))?;
            return Ok(rows.push(batch));
        }
        Ok(true)
    }
}

impl JsonFiles {
    /// The columns of objects: those of the dataset's `schema`, then the others; none where there are none.
    fn members(&self, shape: Option<Shape>, file: &str) -> Result<Vec<Field>, Fault> {
        let declared = &self.options.declared;
        let mut fields: Vec<Field> = declared
            .iter()
            .map(|column| Field::new(&column.name, column.data_type.clone(), true))
            .collect();
        match shape {
            Some(Shape::Object(members)) => {
                let others = members
                    .iter()
                    .filter(|(name, _)| !declared.iter().any(|column| column.name == *name));
                fields.extend(others.map(|(name, shape)| Field::new(name, shape.data_type(self.options.flat), true)));
            }
            None | Some(Shape::Unknown) => {}
            Some(_) => {
                return Err(fault::data(
                    file,
                    "its documents are no objects, so that they have no columns; name the array of rows as \
                     `collectionReference`, or the values as paths in `translator.mappings`",
                ));
            }
        }
        Ok(fields)
    }
}

/// Rows on their way into a batch.
struct Batch {
    schema: SchemaRef,
    fields: Fields,
    columns: Vec<Builder>,
    rows: usize,
    bytes: usize,
}

impl Batch {
    fn new(schema: &SchemaRef) -> Self {
        let types = schema.fields().iter().map(|field| field.data_type());
        Self {
            columns: types.map(|data_type: &DataType| Builder::new(data_type)).collect(),
            fields: schema.fields().clone(),
            schema: Arc::clone(schema),
            rows: 0,
            bytes: 0,
        }
    }

    /// Appends an object's members as a row.
    fn append(&mut self, node: &Node<'_>) -> Result<(), String> {
        build::append_members(&self.fields, &mut self.columns, node)?;
        self.rows += 1;
        Ok(())
    }

    fn append_each(&mut self, append: impl Fn(usize, &mut Builder) -> Result<(), String>) -> Result<(), String> {
        for (at, column) in self.columns.iter_mut().enumerate() {
            append(at, column)?;
        }
        self.rows += 1;
        Ok(())
    }

    fn truncate(&mut self, rows: usize) {
        self.rows = rows;
        self.columns.iter_mut().for_each(|column| column.truncate(rows));
    }

    fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let columns = self.columns.iter_mut().map(Builder::finish).collect::<Result<_, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        (self.rows, self.bytes) = (0, 0);
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
    }
}
