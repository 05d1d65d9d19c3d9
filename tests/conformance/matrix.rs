//! The matrix of stores. `docs/stores.md` has its table from here: `SLUICE_UPDATE_DOCS=1` and the test `pages::stores`.

use super::rows::{Back, Row};

pub(super) fn row(place: &str) -> &'static Row {
    MATRIX
        .iter()
        .find(|row| row.place == place)
        .expect("a row of the matrix")
}

// place          store                format           reads back  partitions  tested against
conformance! {
    postgres        "PostgreSQL"         ""               Staged    true  "PostgreSQL 15";
    mariadb         "MySQL and MariaDB"  ""               Staged    true  "MariaDB 10.11; **not** against MySQL itself";
    sqlserver       "SQL Server and Azure SQL" ""         Staged    false "the tests' own TDS peer; **not** against SQL Server or Azure SQL";
    sqlite          "SQLite"             ""               Staged    true  "the library built in";
    file_parquet    "File system"        "Parquet"        Staged    true  "a local disk, and a full tmpfs";
    file_csv        "File system"        "DelimitedText"  Staged    false "a local disk, and a full tmpfs";
    file_json       "File system"        "Json, an array"       Staged false "a local disk";
    file_jsonlines  "File system"        "Json, a line a row"   Staged false "a local disk";
    file_avro       "File system"        "Avro"           Staged    false "a local disk, and fastavro";
    azurite_parquet "Azure Blob Storage" "Parquet"        Published true  "Azurite 3.35, over HTTP and HTTPS; **not** against Azure itself";
    azurite_csv     "Azure Blob Storage" "DelimitedText"  Published false "Azurite 3.35, over HTTP and HTTPS; **not** against Azure itself";
    adls            "Azure Data Lake Storage Gen2" "Parquet" Published true  "Azurite 3.35 by its blob endpoint; **not** against Azure itself";
    s3_parquet      "Amazon S3"          "Parquet"        Published true  "s3s-fs 0.14; **not** against Amazon itself";
    s3_csv          "Amazon S3"          "DelimitedText"  Published false "s3s-fs 0.14; **not** against Amazon itself";
}
