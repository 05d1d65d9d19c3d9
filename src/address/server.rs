//! Addresses of database servers: `postgres://user@host:port/database?table=NAME`.

use super::{Place, decode, object, shown};
use serde_json::{Value, json};
use sluice_contract::document::StoreProperties;
use sluice_contract::{Code, Fault, Object};
use url::Url;
use zeroize::Zeroizing;

/// A database server's words.
pub(super) struct Server {
    port: u16,
    linked_service: &'static str,
    dataset: &'static str,
    source: &'static str,
    sink: &'static str,
    /// Its property for the login's name.
    user: &'static str,
    /// Its property for TLS, and what it has unless `sslmode=` says otherwise.
    ssl: (&'static str, &'static str),
    /// The dataset for what stands behind `table=`, and the table's own name.
    table: fn(&str) -> (Value, &str),
}

pub(super) const POSTGRES: Server = Server {
    port: 5432,
    linked_service: "PostgreSqlV2",
    dataset: "PostgreSqlV2Table",
    source: "PostgreSqlV2Source",
    sink: "PostgreSqlV2Sink",
    user: "username",
    ssl: ("sslMode", "prefer"),
    table: |value| {
        let (schema, table) = value.split_once('.').unwrap_or(("public", value));
        (json!({ "schema": schema, "table": table }), table)
    },
};

pub(super) const MYSQL: Server = Server {
    port: 3306,
    linked_service: "MySql",
    dataset: "MySqlTable",
    source: "MySqlSource",
    sink: "MySqlSink",
    user: "username",
    ssl: ("sslMode", "preferred"),
    table: |value| {
        let table = value.rsplit('.').next().unwrap_or(value);
        (json!({ "tableName": value }), table.trim_matches('`'))
    },
};

pub(super) const SQL_SERVER: Server = Server {
    port: 1433,
    linked_service: "SqlServer",
    dataset: "SqlServerTable",
    source: "SqlServerSource",
    sink: "SqlServerSink",
    user: "userName",
    ssl: ("encrypt", "mandatory"),
    table: |value| {
        let (schema, table) = value.split_once('.').unwrap_or(("dbo", value));
        (json!({ "schema": schema, "table": table }), table)
    },
};

pub(super) fn server(
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
        words.user: if url.username().is_empty() { std::env::var("USER").unwrap_or_default() } else { decode(url.username()) },
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
                public.insert(words.ssl.0.to_owned(), json!(value));
            }
            other => return Err(usage(&format!("the option {other:?} is not known"))),
        }
    }
    if title.is_empty() {
        return Err(usage("it needs ?table=NAME or ?query=SELECT .."));
    }
    public.entry(words.ssl.0).or_insert(json!(words.ssl.1));
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
