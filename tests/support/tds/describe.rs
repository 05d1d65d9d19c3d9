//! What a statement returns.

use super::engine::{Engine, Params, bind, server_error};
use super::lexer;
use super::tokens::{Column, SqlError};
use super::translate::{self, Names, Translated};
use super::types::{COLLATION_NAME, SqlType};
use rusqlite::Connection;
use rusqlite::types::Value;

/// The columns of a result: by their casts, by the tables they come from, or by the first row.
pub(super) fn columns(
    db: &Connection,
    names: &[String],
    declared: &[Option<SqlType>],
    translated: &Translated,
    first: Option<&[Value]>,
) -> Vec<Column> {
    let only = match &translated.tables[..] {
        [table] => Some(table.as_str()),
        _ => None,
    };
    let one = |at: usize| {
        let said = translated
            .casts
            .get(at)
            .cloned()
            .flatten()
            .or_else(|| declared[at].clone());
        let guess = || match first.and_then(|row| row.get(at)) {
            Some(Value::Integer(number)) if i32::try_from(*number).is_ok() => SqlType::Int,
            Some(Value::Integer(_)) => SqlType::BigInt,
            Some(Value::Real(_)) => SqlType::Float,
            Some(Value::Blob(_)) => SqlType::VarBinary(None),
            Some(Value::Text(_)) | Some(Value::Null) | None => SqlType::NVarChar(Some(4000)),
        };
        let (nullable, identity) = match (only, &declared[at]) {
            (Some(table), Some(_)) => flags(db, table, &names[at]),
            _ => (true, false),
        };
        // A name that was not given is none.
        let unnamed = declared[at].is_none() && names[at].contains(['(', '\'', ' ', '+']);
        Column {
            name: if unnamed { String::new() } else { names[at].clone() },
            ty: said.unwrap_or_else(guess),
            nullable,
            identity,
        }
    };
    (0..names.len()).map(one).collect()
}

fn flags(db: &Connection, table: &str, column: &str) -> (bool, bool) {
    let query = "SELECT c.is_nullable, c.is_identity FROM \"sys.columns\" c JOIN \"sys.objects\" o USING (object_id) \
         WHERE o.qualified = ?1 AND c.name = ?2";
    db.query_row(query, [table, column], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap_or((true, false))
}

/// The rows of `sp_describe_first_result_set`.
///
/// # Errors
/// As the statement's own.
pub(super) fn first_result_set(engine: &Engine, sql: &str) -> Result<(Vec<Column>, Vec<Vec<Value>>), SqlError> {
    let statements = lexer::statements(lexer::words(sql)?);
    let mut rows = Vec::new();
    for words in &statements {
        if words[0].is("EXEC") || words[0].is("EXECUTE") {
            let name: Vec<&str> = words[1..]
                .iter()
                .take_while(|w| w.name().is_some() || w.is("."))
                .filter_map(|w| w.name())
                .collect();
            let body = super::procedures::find(&engine.shared, &name.join("."))?;
            return first_result_set(engine, &body);
        }
        if translate::sorts_inside(words) {
            let text = "The ORDER BY clause is invalid in views, inline functions, derived tables, subqueries, and common table expressions.";
            return Err(SqlError::new(1033, 15, text));
        }
        let schemas = engine.schemas()?;
        let names = Names {
            schemas: &schemas,
            database: &engine.shared.options.database,
            open: engine.transaction.is_some(),
        };
        let translated = translate::statement(words, &names);
        let mut statement = engine
            .db
            .prepare(&translated.sql)
            .map_err(|error| server_error(&error, sql))?;
        if statement.column_count() == 0 {
            continue;
        }
        let nothing: Params = (1..=statement.parameter_count())
            .filter_map(|index| {
                statement
                    .parameter_name(index)
                    .map(|name| (name.to_ascii_lowercase(), Value::Null))
            })
            .collect();
        bind(&mut statement, &nothing)?;
        let names: Vec<String> = statement.column_names().iter().map(|name| (*name).to_owned()).collect();
        let declared: Vec<Option<SqlType>> = statement
            .columns()
            .iter()
            .map(|column| column.decl_type().and_then(SqlType::of_declaration))
            .collect();
        let width = names.len();
        let mut found = statement.raw_query();
        let first: Option<Vec<Value>> = match found.next() {
            Ok(Some(row)) => (0..width).map(|at| row.get(at)).collect::<Result<_, _>>().ok(),
            _ => None,
        };
        let columns = columns(&engine.db, &names, &declared, &translated, first.as_deref());
        for (ordinal, column) in columns.iter().enumerate() {
            rows.push(row(engine, ordinal, column, &translated));
        }
        break;
    }
    Ok((head(), rows))
}

fn head() -> Vec<Column> {
    let column = |name: &str, ty| Column {
        name: name.to_owned(),
        ty,
        nullable: true,
        identity: false,
    };
    let text = || SqlType::NVarChar(Some(128));
    vec![
        column("is_hidden", SqlType::Bit),
        column("column_ordinal", SqlType::Int),
        column("name", text()),
        column("is_nullable", SqlType::Bit),
        column("system_type_id", SqlType::Int),
        column("system_type_name", SqlType::NVarChar(Some(256))),
        column("max_length", SqlType::SmallInt),
        column("precision", SqlType::TinyInt),
        column("scale", SqlType::TinyInt),
        column("collation_name", text()),
        column("user_type_name", text()),
        column("is_identity_column", SqlType::Bit),
        column("is_updateable", SqlType::Bit),
        column("is_computed_column", SqlType::Bit),
    ]
}

fn row(engine: &Engine, ordinal: usize, column: &Column, translated: &Translated) -> Vec<Value> {
    let computed = match &translated.tables[..] {
        [table] => {
            let query = "SELECT c.is_computed FROM \"sys.columns\" c JOIN \"sys.objects\" o USING (object_id) \
                 WHERE o.qualified = ?1 AND c.name = ?2";
            engine
                .db
                .query_row(query, [table, &column.name], |row| row.get(0))
                .unwrap_or(false)
        }
        _ => false,
    };
    let collated = matches!(
        column.ty,
        SqlType::Char(_) | SqlType::VarChar(_) | SqlType::NChar(_) | SqlType::NVarChar(_)
    );
    let clr = column.ty == SqlType::HierarchyId;
    let read_only = computed || column.identity || column.ty == SqlType::RowVersion;
    vec![
        Value::Integer(0),
        Value::Integer(ordinal as i64 + 1),
        if column.name.is_empty() {
            Value::Null
        } else {
            Value::Text(column.name.clone())
        },
        Value::Integer(column.nullable.into()),
        Value::Integer(0),
        // A CLR type has no system type, even the server's own.
        if clr {
            Value::Null
        } else {
            Value::Text(column.ty.name())
        },
        Value::Integer(0),
        Value::Integer(0),
        Value::Integer(0),
        if collated {
            Value::Text(COLLATION_NAME.into())
        } else {
            Value::Null
        },
        if clr {
            Value::Text(column.ty.name())
        } else {
            Value::Null
        },
        Value::Integer(column.identity.into()),
        Value::Integer((!read_only).into()),
        Value::Integer(computed.into()),
    ]
}
