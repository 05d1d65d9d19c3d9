//! Addresses of `sluice copy`: one line that names a store and a table or file in it.

use serde_json::{Value, json};
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
        "file" => file(rest.strip_prefix("//").unwrap_or(rest))
            .ok_or_else(|| usage("the file needs the ending .parquet or .csv")),
        "azblob" => azure(rest.trim_start_matches('/')),
        // A plain path, with or without a colon in it.
        _ if Path::new(text).extension().is_some() && !text.contains("://") => {
            file(text).ok_or_else(|| usage("the file needs the ending .parquet or .csv"))
        }
        _ => Err(usage("known are postgres:, mysql:, sqlite:, file: and azblob:")),
    }
}

/// A database server's words.
struct Server {
    port: u16,
    linked_service: &'static str,
    dataset: &'static str,
    source: &'static str,
    sink: &'static str,
    ssl_mode: &'static str,
    /// The dataset for what stands behind `table=`, and the table's own name.
    table: fn(&str) -> (Value, &str),
}

const POSTGRES: Server = Server {
    port: 5432,
    linked_service: "PostgreSqlV2",
    dataset: "PostgreSqlV2Table",
    source: "PostgreSqlV2Source",
    sink: "PostgreSqlV2Sink",
    ssl_mode: "prefer",
    table: |value| {
        let (schema, table) = value.split_once('.').unwrap_or(("public", value));
        (json!({ "schema": schema, "table": table }), table)
    },
};

const MYSQL: Server = Server {
    port: 3306,
    linked_service: "MySql",
    dataset: "MySqlTable",
    source: "MySqlSource",
    sink: "MySqlSink",
    ssl_mode: "preferred",
    table: |value| {
        let table = value.rsplit('.').next().unwrap_or(value);
        (json!({ "tableName": value }), table.trim_matches('`'))
    },
};

fn server(
    text: &str,
    words: &Server,
    password: impl FnOnce() -> Result<Option<Zeroizing<String>>, Fault>,
) -> Result<Place, Fault> {
    let usage = |what: &str| Fault::new(Code::Usage, format!("the address {:?}: {what}", shown(text)));
    let url = Url::parse(text).map_err(|e| usage(&e.to_string()))?;
    if url.password().is_some() {
        return Err(usage(
            "a password here would be seen in the list of processes; use PGPASSWORD or a password file",
        ));
    }
    let mut public = object(json!({
        "server": url.host_str().filter(|host| !host.is_empty()).unwrap_or("localhost"),
        "port": url.port().unwrap_or(words.port),
        "database": decode(url.path().trim_start_matches('/')),
        "username": if url.username().is_empty() { std::env::var("USER").unwrap_or_default() } else { decode(url.username()) },
    }));
    let (mut dataset, mut source, mut title) = (Object::new(), Object::new(), String::new());
    for (name, value) in url.query_pairs() {
        match &*name {
            "table" => {
                let (members, table) = (words.table)(&value);
                title = table.to_owned();
                dataset = object(members);
            }
            "query" => {
                title = "query".to_owned();
                source.insert("query".to_owned(), json!(value));
            }
            "sslmode" => {
                public.insert("sslMode".to_owned(), json!(value));
            }
            other => return Err(usage(&format!("the option {other:?} is not known"))),
        }
    }
    if title.is_empty() {
        return Err(usage("it needs ?table=NAME or ?query=SELECT .."));
    }
    public.entry("sslMode").or_insert(json!(words.ssl_mode));
    source.insert("type".to_owned(), json!(words.source));
    let mut store = StoreProperties {
        kind: words.linked_service.to_owned(),
        public,
        ..Default::default()
    };
    if let Some(password) = password()? {
        store.secrets.insert("password", password.as_str());
    }
    let sink = object(json!({ "type": words.sink }));
    Ok(Place {
        store,
        dataset_kind: words.dataset,
        dataset,
        source,
        sink,
        title,
    })
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

fn azure(rest: &str) -> Result<Place, Fault> {
    let usage = |what: &str| Fault::new(Code::Usage, format!("the address azblob://{rest}: {what}"));
    let (container, path) = rest
        .split_once('/')
        .ok_or_else(|| usage("it needs azblob://CONTAINER/PATH"))?;
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let (dataset_kind, source, sink, mut dataset) =
        format(name).ok_or_else(|| usage("the blob needs the ending .parquet or .csv"))?;
    let location =
        json!({ "type": "AzureBlobStorageLocation", "container": container, "folderPath": folder, "fileName": name });
    dataset.insert("location".to_owned(), location);
    let text = std::env::var("AZURE_STORAGE_CONNECTION_STRING")
        .map(Zeroizing::new)
        .map_err(|_| Fault::new(Code::PropertyMissing, "AZURE_STORAGE_CONNECTION_STRING is not set"))?;
    let mut store = StoreProperties {
        kind: "AzureBlobStorage".to_owned(),
        ..Default::default()
    };
    store.secrets.insert("connectionString", text.as_str());
    if let Ok(file) = std::env::var("SLUICE_AZURE_CA_FILE") {
        store
            .public
            .insert("caCertificate".to_owned(), json!(crate::api::read(Path::new(&file))?));
    }
    Ok(Place {
        store,
        dataset_kind,
        dataset,
        source,
        sink,
        title: stem(name),
    })
}

/// Dataset type, source, sink and the dataset's own members by the file's ending.
fn format(name: &str) -> Option<(&'static str, Object, Object, Object)> {
    let kind = |name: &str| object(json!({ "type": name }));
    match Path::new(name).extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "parquet" => Some(("Parquet", kind("ParquetSource"), kind("ParquetSink"), Object::new())),
        "csv" => {
            let dataset = object(
                json!({ "columnDelimiter": ",", "quoteChar": "\"", "escapeChar": "\"", "firstRowAsHeader": true }),
            );
            Some((
                "DelimitedText",
                kind("DelimitedTextSource"),
                kind("DelimitedTextSink"),
                dataset,
            ))
        }
        _ => None,
    }
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
    fn a_password_in_the_address_is_refused_and_not_repeated() {
        let fault = place("postgres://me:canary@db/shop?table=t").unwrap_err();
        assert_eq!(fault.code, Code::Usage);
        assert!(!fault.to_string().contains("canary"), "{fault}");
    }

    #[test]
    fn files_by_their_ending() {
        assert_eq!(place("file:/data/out.parquet").unwrap().dataset_kind, "Parquet");
        assert_eq!(place("out.csv").unwrap().dataset_kind, "DelimitedText");
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
