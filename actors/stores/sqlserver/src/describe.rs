//! What a statement's columns are, as the server says without running it.

use crate::errors;
use crate::session::{Session, value};
use crate::types::SqlType;
use sluice_contract::{Code, Fault};
use tiberius::{Collation, FixedLenType, MetaDataColumn, Row, TypeInfo, VarLenType};

/// A column of a table or of a query's result.
#[derive(Clone, Debug)]
pub(crate) struct Described {
    /// Empty where the query gives none.
    pub(crate) name: String,
    pub(crate) ty: SqlType,
    pub(crate) nullable: bool,
    pub(crate) identity: bool,
    /// Computed, or otherwise never written.
    pub(crate) computed: bool,
    pub(crate) collation: Option<String>,
    /// Of a column of `char`, `varchar` or `text` that is to be written.
    pub(crate) code_page: Option<CodePage>,
}

/// In which bytes texts lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodePage {
    /// UTF-8, which the driver does not read as such.
    Utf8,
    /// The collation's.
    Of(Collation),
}

impl Described {
    /// Whether its code page is UTF-8, which the driver does not read as such.
    pub(crate) fn is_utf8(&self) -> bool {
        self.collation
            .as_ref()
            .is_some_and(|name| name.to_ascii_uppercase().ends_with("_UTF8"))
    }
}

/// Has the server say what a statement's first result is.
///
/// # Errors
/// `SL6004`, `SL6010` when the statement is not understood, or its result depends on its run; other `SL60xx`.
pub(crate) async fn describe(session: &mut Session, doing: &str, statement: &str) -> Result<Vec<Described>, Fault> {
    let call = "EXEC sp_describe_first_result_set @tsql = @P1";
    let rows = session.query(doing, call, &[&statement]).await?;
    let shown = rows.iter().filter(|row| !truth(row, "is_hidden"));
    shown.map(|row| column(row, doing)).collect()
}

fn column(row: &Row, doing: &str) -> Result<Described, Fault> {
    let text = |name: &str| {
        let found = row.try_get::<&str, _>(name);
        found.ok().flatten().map(str::to_owned)
    };
    // A CLR type, even the server's own, has no system type.
    let ty = text("system_type_name")
        .or_else(|| text("user_type_name"))
        .ok_or_else(|| {
            let text = format!(
                "{doing}: the server names no type for the column {:?}",
                text("name").unwrap_or_default()
            );
            Fault::new(Code::StoreFailed, text)
        })?;
    let identity = truth(row, "is_identity_column");
    let ty = SqlType::parse(&ty);
    Ok(Described {
        name: text("name").unwrap_or_default(),
        computed: truth(row, "is_computed_column") || ty == SqlType::RowVersion,
        ty,
        nullable: row.try_get::<bool, _>("is_nullable").ok().flatten().unwrap_or(true),
        identity,
        collation: text("collation_name"),
        code_page: None,
    })
}

fn truth(row: &Row, name: &str) -> bool {
    row.try_get::<bool, _>(name).ok().flatten().unwrap_or(false)
}

/// The columns of a table, from the head of an empty result where the server does not describe statements.
///
/// # Errors
/// `SL6004`; other `SL60xx`.
pub(crate) async fn table(session: &mut Session, doing: &str, quoted: &str) -> Result<Vec<Described>, Fault> {
    match describe(session, doing, &format!("SELECT * FROM {quoted}")).await {
        Err(fault) if fault.code == Code::QueryFailed && fault.message.contains("sp_describe_first_result_set") => {}
        outcome => return outcome,
    }
    tracing::debug!("The server has no sp_describe_first_result_set; columns are read from the head of a result");
    let found = session.client().column_metadata(quoted, &["*"]).await;
    let found = found.map_err(|error| errors::fault(doing, &error))?;
    Ok(found.iter().map(of_metadata).collect())
}

/// Finds out the code pages of a table's columns, where there are any.
///
/// # Errors
/// `SL60xx`.
pub(crate) async fn code_pages(
    session: &mut Session,
    doing: &str,
    quoted: &str,
    columns: &mut [Described],
) -> Result<(), Fault> {
    for column in columns
        .iter_mut()
        .filter(|column| column.ty.in_code_page() && column.is_utf8())
    {
        column.code_page = Some(CodePage::Utf8);
    }
    if !columns
        .iter()
        .any(|column| column.ty.in_code_page() && column.code_page.is_none())
    {
        return Ok(());
    }
    // The number of a collation is in the head of a result only.
    let found = session.client().column_metadata(quoted, &["*"]).await;
    let found = found.map_err(|error| errors::fault(doing, &error))?;
    for column in columns
        .iter_mut()
        .filter(|column| column.ty.in_code_page() && column.code_page.is_none())
    {
        let head = found.iter().find(|head| head.col_name() == column.name);
        column.code_page = head.and_then(|head| match head.base().ty() {
            TypeInfo::VarLenSized(sized) => sized.collation().map(CodePage::Of),
            _ => None,
        });
    }
    Ok(())
}

fn of_metadata(column: &MetaDataColumn<'_>) -> Described {
    let base = column.base();
    let limit =
        |length: usize, unit: usize| (length < 0xffff).then(|| u16::try_from(length / unit).unwrap_or(u16::MAX));
    let ty = match base.ty() {
        TypeInfo::FixedLen(fixed) => match fixed {
            FixedLenType::Bit => SqlType::Bit,
            FixedLenType::Int1 => SqlType::TinyInt,
            FixedLenType::Int2 => SqlType::SmallInt,
            FixedLenType::Int8 => SqlType::BigInt,
            FixedLenType::Float4 => SqlType::Real,
            FixedLenType::Float8 => SqlType::Float,
            FixedLenType::Money => SqlType::Money,
            FixedLenType::Money4 => SqlType::SmallMoney,
            FixedLenType::Datetime => SqlType::DateTime,
            FixedLenType::Datetime4 => SqlType::SmallDateTime,
            FixedLenType::Int4 | FixedLenType::Null => SqlType::Int,
        },
        TypeInfo::VarLenSizedPrecision { precision, scale, .. } => SqlType::Decimal(*precision, *scale),
        TypeInfo::Xml { .. } => SqlType::Xml,
        TypeInfo::Udt(info) => SqlType::parse(&info.type_name),
        TypeInfo::VarLenSized(sized) => {
            let length = sized.len();
            let small = u8::try_from(length).unwrap_or(7);
            match (sized.r#type(), length) {
                (VarLenType::Bitn, _) => SqlType::Bit,
                (VarLenType::Intn, 1) => SqlType::TinyInt,
                (VarLenType::Intn, 2) => SqlType::SmallInt,
                (VarLenType::Intn, 4) => SqlType::Int,
                (VarLenType::Intn, _) => SqlType::BigInt,
                (VarLenType::Floatn, 4) => SqlType::Real,
                (VarLenType::Floatn, _) => SqlType::Float,
                (VarLenType::Money, 4) => SqlType::SmallMoney,
                (VarLenType::Money, _) => SqlType::Money,
                (VarLenType::Datetimen, 4) => SqlType::SmallDateTime,
                (VarLenType::Datetimen, _) => SqlType::DateTime,
                (VarLenType::Daten, _) => SqlType::Date,
                (VarLenType::Timen, _) => SqlType::Time(small),
                (VarLenType::Datetime2, _) => SqlType::DateTime2(small),
                (VarLenType::DatetimeOffsetn, _) => SqlType::DateTimeOffset(small),
                (VarLenType::Guid, _) => SqlType::UniqueIdentifier,
                (VarLenType::BigChar, n) => SqlType::Char(limit(n, 1).unwrap_or(u16::MAX)),
                (VarLenType::BigVarChar, n) => SqlType::VarChar(limit(n, 1)),
                (VarLenType::NChar, n) => SqlType::NChar(limit(n, 2).unwrap_or(u16::MAX)),
                (VarLenType::NVarchar, n) => SqlType::NVarChar(limit(n, 2)),
                (VarLenType::BigBinary, n) => SqlType::Binary(limit(n, 1).unwrap_or(u16::MAX)),
                (VarLenType::BigVarBin, n) => SqlType::VarBinary(limit(n, 1)),
                (VarLenType::Text, _) => SqlType::Text,
                (VarLenType::NText, _) => SqlType::NText,
                (VarLenType::Image, _) => SqlType::Image,
                (other, _) => SqlType::Other(format!("{other:?}")),
            }
        }
    };
    Described {
        name: column.col_name().to_owned(),
        ty,
        nullable: base.is_nullable(),
        identity: base.is_identity(),
        computed: !base.is_updateable() && !base.is_identity(),
        collation: None,
        code_page: None,
    }
}

/// Whether there is something of this name that a statement can read.
///
/// # Errors
/// `SL60xx`.
pub(crate) async fn exists(session: &mut Session, quoted: &str) -> Result<bool, Fault> {
    let doing = format!("looking for {quoted}");
    let rows = session.query(&doing, "SELECT OBJECT_ID(@P1)", &[&quoted]).await?;
    match rows.first() {
        Some(row) => Ok(value::<i32>(row, 0, &doing)?.is_some()),
        None => Ok(false),
    }
}

/// The columns of a table's primary key, in their order; none when it has no key, or the login may not know.
///
/// # Errors
/// `SL60xx`.
pub(crate) async fn primary_key(session: &mut Session, quoted: &str) -> Result<Vec<String>, Fault> {
    const QUERY: &str = "SELECT c.name FROM sys.indexes AS i \
         INNER JOIN sys.index_columns AS ic ON ic.object_id = i.object_id AND ic.index_id = i.index_id \
         INNER JOIN sys.columns AS c ON c.object_id = ic.object_id AND c.column_id = ic.column_id \
         WHERE i.is_primary_key = 1 AND ic.key_ordinal > 0 AND i.object_id = OBJECT_ID(@P1) ORDER BY ic.key_ordinal";
    let doing = format!("looking for the primary key of {quoted}");
    let rows = session.query(&doing, QUERY, &[&quoted]).await?;
    rows.iter()
        .map(|row| Ok(value::<&str>(row, 0, &doing)?.unwrap_or_default().to_owned()))
        .collect()
}
