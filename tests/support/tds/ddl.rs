//! `CREATE TABLE`, and the catalog that knows what was created.

use super::lexer::Word;
use super::tokens::SqlError;
use super::translate::closing;
use super::types::SqlType;
use rusqlite::{Connection, params};

/// The catalog's tables, by SQL Server's names.
pub(super) const CATALOG: &str = r#"
CREATE TABLE "sys.schemas" (schema_id INTEGER PRIMARY KEY, name TEXT NOT NULL COLLATE NOCASE);
INSERT INTO "sys.schemas" VALUES (1, 'dbo'), (4, 'sys');
CREATE TABLE "sys.objects" (object_id INTEGER PRIMARY KEY, name TEXT, schema_id INTEGER, type TEXT,
    qualified TEXT COLLATE NOCASE UNIQUE);
CREATE VIEW "sys.tables" AS SELECT * FROM "sys.objects" WHERE type = 'U';
CREATE TABLE "sys.columns" (object_id INTEGER, name TEXT COLLATE NOCASE, column_id INTEGER, type_name TEXT,
    is_nullable INTEGER, is_identity INTEGER, is_computed INTEGER);
CREATE TABLE "sys.indexes" (object_id INTEGER, index_id INTEGER, name TEXT, is_primary_key INTEGER, data_space_id INTEGER);
CREATE TABLE "sys.index_columns" (object_id INTEGER, index_id INTEGER, column_id INTEGER, key_ordinal INTEGER,
    partition_ordinal INTEGER, is_included_column INTEGER DEFAULT 0);
CREATE TABLE "sys.partitions" (object_id INTEGER, index_id INTEGER, partition_number INTEGER, rows INTEGER);
CREATE TABLE "sys.partition_schemes" (name TEXT, data_space_id INTEGER, function_id INTEGER);
CREATE TABLE "sys.partition_functions" (name TEXT, function_id INTEGER);
CREATE TABLE "sys.databases" (name TEXT, database_id INTEGER, snapshot_isolation_state INTEGER,
    is_read_committed_snapshot_on INTEGER, is_read_only INTEGER, source_database_id INTEGER);
"#;

/// A column of a `CREATE TABLE`.
struct Declared {
    name: String,
    ty: SqlType,
    nullable: bool,
    identity: bool,
    computed: Option<String>,
    key: bool,
    unique: bool,
    default: Option<String>,
}

/// Makes a table of the words behind `CREATE TABLE name`, which begin with a bracket.
///
/// # Errors
/// As SQL Server says them.
pub(super) fn create_table(db: &Connection, name: &str, words: &[Word]) -> Result<(), SqlError> {
    let (schema, table) = name.split_once('.').unwrap_or(("dbo", name));
    let schema_id: i64 = db
        .query_row(
            "SELECT schema_id FROM \"sys.schemas\" WHERE name = ?1",
            [schema],
            |row| row.get(0),
        )
        .map_err(|_| {
            let text = format!(
                "The specified schema name \"{schema}\" either does not exist or you do not have permission to use it."
            );
            SqlError::new(2760, 16, text)
        })?;
    let there = "SELECT count(*) FROM \"sys.objects\" WHERE qualified = ?1";
    if db
        .query_row(there, [name], |row| row.get::<_, i64>(0))
        .map_err(internal)?
        > 0
    {
        return Err(SqlError::new(
            2714,
            16,
            format!("There is already an object named '{table}' in the database."),
        ));
    }
    let end = closing(words, 0);
    let mut columns: Vec<Declared> = Vec::new();
    let mut key: Vec<String> = Vec::new();
    for item in items(words.get(1..end).unwrap_or_default()) {
        let constraint = item.iter().position(|word| word.is("PRIMARY"));
        if item[0].is("CONSTRAINT") || item[0].is("PRIMARY") {
            if let Some(from) = constraint {
                let listed = item[from..].iter().filter(|word| {
                    !["PRIMARY", "KEY", "CLUSTERED", "NONCLUSTERED", "ASC", "DESC"]
                        .iter()
                        .any(|k| word.is(k))
                });
                key.extend(listed.filter_map(|word| word.name().map(str::to_owned)));
            }
            continue;
        }
        columns.push(column(&item)?);
    }
    key.extend(
        columns
            .iter()
            .filter(|column| column.key)
            .map(|column| column.name.clone()),
    );
    let quote = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let mut lines: Vec<String> = columns
        .iter()
        .map(|column| {
            let name = quote(&column.name);
            if let Some(expression) = &column.computed {
                return format!("{name} GENERATED ALWAYS AS ({expression})");
            }
            let nullable = column.nullable && !key.contains(&column.name);
            let default = column
                .default
                .as_ref()
                .map(|text| format!(" DEFAULT {text}"))
                .unwrap_or_default();
            format!(
                "{name} {}{}{default}{}{}",
                column.ty.declaration(),
                if nullable || column.identity { "" } else { " NOT NULL" },
                if column.unique { " UNIQUE" } else { "" },
                column
                    .ty
                    .check(&name)
                    .map(|check| format!(" {check}"))
                    .unwrap_or_default()
            )
        })
        .collect();
    if !key.is_empty() {
        lines.push(format!(
            "UNIQUE ({})",
            key.iter().map(|name| quote(name)).collect::<Vec<_>>().join(", ")
        ));
    }
    db.execute_batch(&format!("CREATE TABLE {} ({})", quote(name), lines.join(", ")))
        .map_err(internal)?;
    db.execute(
        "INSERT INTO \"sys.objects\" (name, schema_id, type, qualified) VALUES (?1, ?2, 'U', ?3)",
        params![table, schema_id, name],
    )
    .map_err(internal)?;
    let id = db.last_insert_rowid();
    for (ordinal, column) in columns.iter().enumerate() {
        let nullable = column.nullable && !column.identity && !key.contains(&column.name);
        db.execute(
            "INSERT INTO \"sys.columns\" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                id,
                column.name,
                ordinal as i64 + 1,
                column.ty.name(),
                nullable,
                column.identity,
                column.computed.is_some()
            ],
        )
        .map_err(internal)?;
        if column.identity {
            let (table, own) = (quote(name), quote(&column.name));
            let trigger = format!(
                "CREATE TRIGGER {} AFTER INSERT ON {table} WHEN NEW.{own} IS NULL BEGIN UPDATE {table} SET {own} = \
                 (SELECT coalesce(max({own}), 0) + 1 FROM {table}) WHERE rowid = NEW.rowid; END",
                quote(&format!("identity of {name}"))
            );
            db.execute_batch(&trigger).map_err(internal)?;
        }
    }
    let has_key = !key.is_empty();
    db.execute(
        "INSERT INTO \"sys.indexes\" VALUES (?1, ?2, ?3, ?4, 1)",
        params![id, i64::from(has_key), format!("PK_{table}"), has_key],
    )
    .map_err(internal)?;
    for (ordinal, name) in key.iter().enumerate() {
        let place = columns
            .iter()
            .position(|column| column.name.eq_ignore_ascii_case(name))
            .map_or(0, |at| at as i64 + 1);
        db.execute(
            "INSERT INTO \"sys.index_columns\" (object_id, index_id, column_id, key_ordinal, partition_ordinal) VALUES (?1, 1, ?2, ?3, 0)",
            params![id, place, ordinal as i64 + 1],
        )
        .map_err(internal)?;
    }
    Ok(())
}

/// Drops a table.
///
/// # Errors
/// 3701 when there is none.
pub(super) fn drop_table(db: &Connection, name: &str, if_exists: bool) -> Result<(), SqlError> {
    let id: Option<i64> = db
        .query_row(
            "SELECT object_id FROM \"sys.objects\" WHERE qualified = ?1",
            [name],
            |row| row.get(0),
        )
        .ok();
    let Some(id) = id else {
        let text = format!("Cannot drop the table '{name}', because it does not exist or you do not have permission.");
        return if if_exists {
            Ok(())
        } else {
            Err(SqlError::new(3701, 11, text))
        };
    };
    db.execute_batch(&format!("DROP TABLE \"{}\"", name.replace('"', "\"\"")))
        .map_err(internal)?;
    for table in ["objects", "columns", "indexes", "index_columns"] {
        db.execute(&format!("DELETE FROM \"sys.{table}\" WHERE object_id = ?1"), [id])
            .map_err(internal)?;
    }
    Ok(())
}

fn items(words: &[Word]) -> Vec<Vec<Word>> {
    let mut items = vec![Vec::new()];
    let mut depth = 0;
    for word in words {
        depth += i32::from(word.is("(")) - i32::from(word.is(")"));
        if depth == 0 && word.is(",") {
            items.push(Vec::new());
        } else if let Some(item) = items.last_mut() {
            item.push(word.clone());
        }
    }
    items.retain(|item| !item.is_empty());
    items
}

fn column(words: &[Word]) -> Result<Declared, SqlError> {
    let bad = || SqlError::new(102, 15, format!("Incorrect syntax near '{}'.", words[0].sqlite()));
    let name = words[0].name().ok_or_else(bad)?.to_owned();
    let mut declared = Declared {
        name,
        ty: SqlType::Int,
        nullable: true,
        identity: false,
        computed: None,
        key: false,
        unique: false,
        default: None,
    };
    if words.get(1).is_some_and(|word| word.is("AS")) {
        declared.computed = Some(words[2..].iter().map(Word::sqlite).collect::<Vec<_>>().join(" "));
        return Ok(declared);
    }
    let mut at = 2;
    let mut ty = words.get(1).and_then(Word::name).ok_or_else(bad)?.to_owned();
    if words.get(2).is_some_and(|word| word.is("(")) {
        at = closing(words, 2) + 1;
        ty.push_str(
            &words[2..at.min(words.len())]
                .iter()
                .map(Word::sqlite)
                .collect::<String>(),
        );
    }
    declared.ty = SqlType::parse(&ty).ok_or_else(|| {
        SqlError::new(
            2715,
            16,
            format!("Column, parameter, or variable #1: Cannot find data type {ty}."),
        )
    })?;
    while let Some(word) = words.get(at) {
        if word.is("NOT") {
            declared.nullable = false;
            at += 1;
        } else if word.is("IDENTITY") {
            declared.identity = true;
            if words.get(at + 1).is_some_and(|word| word.is("(")) {
                at = closing(words, at + 1);
            }
        } else if word.is("PRIMARY") {
            declared.key = true;
            declared.nullable = false;
        } else if word.is("UNIQUE") {
            declared.unique = true;
        } else if word.is("DEFAULT") {
            declared.default = words.get(at + 1).map(Word::sqlite);
            at += 1;
        } else if word.is("COLLATE") {
            at += 1;
        }
        at += 1;
    }
    Ok(declared)
}

pub(super) fn internal(error: rusqlite::Error) -> SqlError {
    SqlError::new(50000, 16, format!("the peer's SQLite: {error}"))
}
