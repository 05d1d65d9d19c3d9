//! Addresses of `sluice copy`: one line that names a store and a table or file in it.

mod cloud;
mod format;
mod server;

use cloud::{azure, s3};
use format::{ENDING, format};
use serde_json::{Value, json};
use server::{MYSQL, POSTGRES, SQL_SERVER, server};
use sluice_contract::document::StoreProperties;
use sluice_contract::{Code, Fault, Object};
use std::path::Path;
use url::Url;
use zeroize::Zeroizing;

/// One end of a copy, in the words of linked service, dataset and activity.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) store: StoreProperties,
    pub(crate) dataset_kind: &'static str,
    pub(crate) dataset: Object,
    /// The activity's `source` object.
    pub(crate) source: Object,
    /// The activity's `sink` object.
    pub(crate) sink: Object,
    /// The table's or file's name, for a file that is given none.
    pub(crate) title: String,
}

/// Reads an address. `password` is asked for only when the store takes one.
pub(crate) fn parse(
    text: &str,
    password: impl FnOnce() -> Result<Option<Zeroizing<String>>, Fault>,
) -> Result<Place, Fault> {
    let usage = |what: &str| Fault::new(Code::Usage, format!("the address {:?}: {what}", shown(text)));
    let (scheme, rest) = text.split_once(':').unwrap_or(("file", text));
    match scheme {
        "postgres" | "postgresql" => server(text, &POSTGRES, password),
        "mysql" | "mariadb" => server(text, &MYSQL, password),
        "sqlite" => sqlite(rest).ok_or_else(|| usage("it needs sqlite:PATH?table=NAME or ?query=SELECT ..")),
        "file" => file(rest.strip_prefix("//").unwrap_or(rest)).ok_or_else(|| usage(ENDING)),
        "sqlserver" => server(text, &SQL_SERVER, password),
        "azblob" => azure(rest.trim_start_matches('/')),
        "s3" => s3(rest.trim_start_matches('/')),
        // A plain path, with or without a colon in it.
        _ if Path::new(text).extension().is_some() && !text.contains("://") => file(text).ok_or_else(|| usage(ENDING)),
        _ => Err(usage(
            "known are postgres:, mysql:, sqlserver:, sqlite:, file:, azblob: and s3:",
        )),
    }
}

fn sqlite(rest: &str) -> Option<Place> {
    let (path, query) = rest.split_once('?')?;
    let (name, value) = url::form_urlencoded::parse(query.as_bytes()).next()?;
    let mut source = object(json!({ "type": "SqliteSource" }));
    let (dataset, title) = match &*name {
        "table" => (object(json!({ "table": value })), value.into_owned()),
        "query" => {
            source.insert("query".to_owned(), json!(value));
            (Object::new(), "query".to_owned())
        }
        _ => return None,
    };
    let store = StoreProperties {
        kind: "Sqlite".to_owned(),
        public: object(json!({ "path": absolute(path.strip_prefix("//").unwrap_or(path)) })),
        ..Default::default()
    };
    let sink = object(json!({ "type": "SqliteSink" }));
    Some(Place {
        store,
        dataset_kind: "SqliteTable",
        dataset,
        source,
        sink,
        title,
    })
}

fn file(path: &str) -> Option<Place> {
    let path = absolute(path);
    let path = Path::new(&path);
    let name = path.file_name()?.to_str()?;
    let (dataset_kind, source, sink, mut dataset) = format(name)?;
    dataset.insert(
        "location".to_owned(),
        json!({ "type": "FileServerLocation", "fileName": name }),
    );
    let store = StoreProperties {
        kind: "FileServer".to_owned(),
        public: object(json!({ "host": path.parent()?.to_str()? })),
        ..Default::default()
    };
    Some(Place {
        store,
        dataset_kind,
        dataset,
        source,
        sink,
        title: stem(name),
    })
}

fn stem(name: &str) -> String {
    Path::new(name)
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_else(|| name.to_owned())
}

fn absolute(path: &str) -> String {
    std::path::absolute(path)
        .map(|path| path.to_string_lossy().into_owned())
        .unwrap_or_else(|_| path.to_owned())
}

fn decode(text: &str) -> String {
    // Query decoding would turn a plus into a space.
    let escaped = text.replace('+', "%2B");
    url::form_urlencoded::parse(format!("v={escaped}").as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// The address as it may be shown: without a password.
fn shown(text: &str) -> String {
    match Url::parse(text) {
        Ok(mut url) if url.password().is_some() => {
            let _ = url.set_password(Some("***"));
            url.into()
        }
        _ => text.to_owned(),
    }
}

fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        _ => Object::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Result<Place, Fault> {
        parse(text, || Ok(Some(Zeroizing::new("canary".to_owned()))))
    }

    #[test]
    fn a_table_of_a_database() {
        let place = place("postgres://me%40x@db:5433/shop?table=sales.orders&sslmode=disable").unwrap();
        assert_eq!(place.store.public["server"], "db");
        assert_eq!(place.store.public["port"], 5433);
        assert_eq!(place.store.public["username"], "me@x");
        assert_eq!(place.store.public["sslMode"], "disable");
        assert_eq!(place.dataset, object(json!({ "schema": "sales", "table": "orders" })));
        assert_eq!(place.store.secrets.get("password"), Some("canary"));
        assert!(!format!("{place:?}").contains("canary"));
    }

    #[test]
    fn a_table_of_mysql() {
        for scheme in ["mysql", "mariadb"] {
            let place = place(&format!("{scheme}://me@db/shop?table=sales.orders")).unwrap();
            assert_eq!(
                (&place.store.public["port"], place.dataset_kind),
                (&json!(3306), "MySqlTable")
            );
            assert_eq!(place.dataset, object(json!({ "tableName": "sales.orders" })));
            assert_eq!(
                (place.title.as_str(), &place.store.public["sslMode"]),
                ("orders", &json!("preferred"))
            );
        }
    }

    #[test]
    fn a_table_of_sql_server() {
        let place = place("sqlserver://me@db/shop?table=sales.orders&sslmode=optional").unwrap();
        assert_eq!(
            (&place.store.public["port"], place.dataset_kind),
            (&json!(1433), "SqlServerTable")
        );
        assert_eq!(
            (&place.store.public["userName"], &place.store.public["encrypt"]),
            (&json!("me"), &json!("optional"))
        );
        assert_eq!(place.dataset, object(json!({ "schema": "sales", "table": "orders" })));
    }

    #[test]
    fn a_password_in_the_address_is_refused_and_not_repeated() {
        let fault = place("postgres://me:canary@db/shop?table=t").unwrap_err();
        assert_eq!(fault.code, Code::Usage);
        assert!(!fault.to_string().contains("canary"), "{fault}");
    }

    #[test]
    fn files_by_their_ending() {
        assert_eq!(place("file:/data/out.parquet").unwrap().dataset_kind, "Parquet");
        for (file, kind) in [
            ("out.csv", "DelimitedText"),
            ("o.json", "Json"),
            ("o.jsonl", "Json"),
            ("o.avro", "Avro"),
            ("o.XLSX", "Excel"),
        ] {
            assert_eq!(place(file).unwrap().dataset_kind, kind);
        }
        let local = place("file:///data/x/out.parquet").unwrap();
        assert_eq!(local.store.public["host"], "/data/x");
        for wrong in [
            "out",
            "file:out.txt",
            "ftp://x/y.csv",
            "sqlite:x",
            "postgres://h/d",
            "postgres://h/d?tabel=x",
            "",
        ] {
            assert_eq!(place(wrong).unwrap_err().code, Code::Usage, "{wrong}");
        }
    }
}
