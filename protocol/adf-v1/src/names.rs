//! v1's names of types, and what they are called today.

/// Linked services whose name changed.
const LINKED_SERVICES: &[(&str, &str)] = &[
    ("AzureStorageLinkedService", "AzureStorage"),
    ("AzureStorageSas", "AzureBlobStorage"),
    ("OnPremisesSqlServer", "SqlServer"),
    ("OnPremisesSqlLinkedService", "SqlServer"),
    ("AzureSqlLinkedService", "AzureSqlDatabase"),
    ("OnPremisesFileServer", "FileServer"),
    ("OnPremisesFileSystemLinkedService", "FileServer"),
    ("OnPremisesOracle", "Oracle"),
    ("OnPremisesMySql", "MySql"),
    ("OnPremisesPostgreSql", "PostgreSql"),
    ("OnPremisesDb2", "Db2"),
    ("OnPremisesSybase", "Sybase"),
    ("OnPremisesTeradata", "Teradata"),
    ("OnPremisesOdbc", "Odbc"),
    ("OnPremisesCassandra", "Cassandra"),
    ("OnPremisesMongoDb", "MongoDb"),
    ("HDInsightBYOCLinkedService", "HDInsight"),
    ("HDInsightOnDemandLinkedService", "HDInsightOnDemand"),
];

/// Datasets whose name changed: the locations of 2014.
const DATASETS: &[(&str, &str)] = &[
    ("AzureBlobLocation", "AzureBlob"),
    ("AzureSqlTableLocation", "AzureSqlTable"),
    ("OnPremisesSqlServerTableLocation", "SqlServerTable"),
    ("AzureTableLocation", "AzureTable"),
    ("OnPremisesFileSystemLocation", "FileShare"),
];

/// Activities whose name changed.
const ACTIVITIES: &[(&str, &str)] = &[
    ("CopyActivity", "Copy"),
    ("DotNetActivity", "Custom"),
    ("CustomActivity", "Custom"),
    ("StoredProcedureActivity", "SqlServerStoredProcedure"),
    ("AzureMLBatchScoring", "AzureMLBatchExecution"),
];

fn today<'a>(table: &[(&str, &'static str)], name: &'a str) -> &'a str {
    let found = table.iter().find(|(old, _)| old.eq_ignore_ascii_case(name));
    found.map_or(name, |(_, new)| new)
}

/// A linked service's type of today.
pub(crate) fn linked_service(old: &str) -> &str {
    today(LINKED_SERVICES, old)
}

/// A dataset's type, in the words of 2015.
pub(crate) fn dataset(old: &str) -> &str {
    today(DATASETS, old)
}

/// An activity's type of today; `HDInsightActivity` says in its settings which one it is.
pub(crate) fn activity(old: &str) -> &str {
    today(ACTIVITIES, old)
}

/// The stem of the names of a file store's location and settings: `AzureBlobStorage` of `AzureBlobStorageLocation`.
pub(crate) fn files(dataset: &str) -> Option<&'static str> {
    match dataset.to_ascii_lowercase().as_str() {
        "azureblob" => Some("AzureBlobStorage"),
        "fileshare" => Some("FileServer"),
        "azuredatalakestore" => Some("AzureDataLakeStore"),
        "amazons3" => Some("AmazonS3"),
        "http" => Some("HttpServer"),
        _ => None,
    }
}

/// The type of a table of today: `RelationalTable` is any database's.
pub(crate) fn table(dataset: &str, service: Option<&str>) -> String {
    if !dataset.eq_ignore_ascii_case("RelationalTable") {
        return dataset.to_owned();
    }
    match service {
        Some(service) => format!("{service}Table"),
        None => dataset.to_owned(),
    }
}

/// The source or sink of a table of today: `SqlSource` of a `SqlServerTable` is a `SqlServerSource`.
pub(crate) fn end_of_table(old: &str, table: &str, side: &str) -> String {
    let generic = ["SqlSource", "SqlSink", "RelationalSource"]
        .iter()
        .any(|name| old.eq_ignore_ascii_case(name));
    let stem = match table {
        "AzureSqlDWTable" => "SqlDW",
        other => other.strip_suffix("Table").unwrap_or(other),
    };
    match generic && !stem.is_empty() && table.ends_with("Table") {
        true => format!("{stem}{side}"),
        false => old.to_owned(),
    }
}
