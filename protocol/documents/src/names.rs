//! Data Factory's own names of types, as its SDK (azure-mgmt-datafactory 9.3.0) lists them: a type that is in none of these
//! lists is a slip of the pen, one that is may be stored.

use sluice_contract::Object;
use sluice_contract::document::text;

/// Activities.
const ACTIVITIES: &str = "
    AppendVariable AzureDataExplorerCommand AzureFunctionActivity AzureMLBatchExecution AzureMLExecutePipeline
    AzureMLUpdateResource Copy Custom DatabricksJob DatabricksNotebook DatabricksSparkJar DatabricksSparkPython
    DataLakeAnalyticsU-SQL Delete ExecuteDataFlow ExecutePipeline ExecuteSSISPackage ExecuteWranglingDataflow Fail
    Filter ForEach GetMetadata HDInsightHive HDInsightMapReduce HDInsightPig HDInsightSpark HDInsightStreaming
    IfCondition Lookup Script SetVariable SparkJob SqlPoolStoredProcedure SqlServerStoredProcedure Switch
    SynapseNotebook TridentNotebook Until Validation Wait WebActivity WebHook
";

/// Linked services.
const LINKED_SERVICES: &str = "
    AmazonMWS AmazonRdsForOracle AmazonRdsForSqlServer AmazonRedshift AmazonS3 AmazonS3Compatible AppFigures Asana
    AzureBatch AzureBlobFS AzureBlobStorage AzureDatabricks AzureDatabricksDeltaLake AzureDataExplorer
    AzureDataLakeAnalytics AzureDataLakeStore AzureFileStorage AzureFunction AzureKeyVault AzureMariaDB AzureML
    AzureMLService AzureMySql AzurePostgreSql AzureSearch AzureSqlDatabase AzureSqlDW AzureSqlMI AzureStorage
    AzureSynapseArtifacts AzureTableStorage Cassandra CommonDataServiceForApps Concur CosmosDb CosmosDbMongoDbApi
    Couchbase CustomDataSource Dataworld Db2 Drill Dynamics DynamicsAX DynamicsCrm Eloqua FileServer FtpServer
    GoogleAdWords GoogleBigQuery GoogleBigQueryV2 GoogleCloudStorage GoogleSheets Greenplum HBase Hdfs HDInsight
    HDInsightOnDemand Hive HttpServer Hubspot Impala Informix Jira Lakehouse Magento MariaDB Marketo MicrosoftAccess
    MongoDb MongoDbAtlas MongoDbV2 MySql Netezza OData Odbc Office365 Oracle OracleCloudStorage OracleServiceCloud
    Paypal Phoenix PostgreSql PostgreSqlV2 Presto Quickbase QuickBooks Responsys RestService Salesforce
    SalesforceMarketingCloud SalesforceServiceCloud SalesforceServiceCloudV2 SalesforceV2 SapBW SapCloudForCustomer
    SapEcc SapHana SapOdp SapOpenHub SapTable ServiceNow ServiceNowV2 Sftp SharePointOnlineList Shopify Smartsheet
    Snowflake SnowflakeV2 Spark Sqlite SqlServer Square Sybase TeamDesk Teradata Twilio Vertica Warehouse Web Xero
    Zendesk Zoho
";

/// Datasets.
const DATASETS: &str = "
    AmazonMWSObject AmazonRdsForOracleTable AmazonRdsForSqlServerTable AmazonRedshiftTable AmazonS3Object Avro
    AzureBlob AzureBlobFSDataset AzureBlobFSFile AzureDatabricksDeltaLakeDataset AzureDataExplorerTable
    AzureDataLakeStoreFile AzureFile AzureMariaDBTable AzureMySqlTable AzurePostgreSqlTable AzureSearchIndex
    AzureSqlDWTable AzureSqlMITable AzureSqlTable AzureTable Binary CassandraTable CommonDataServiceForAppsEntity
    ConcurObject CosmosDbMongoDbApiCollection CosmosDbSqlApiCollection CouchbaseTable CustomDataset Db2Table
    DelimitedText DocumentDbCollection DrillTable DynamicsAXResource DynamicsCrmEntity DynamicsEntity EloquaObject
    Excel FileShare GoogleAdWordsObject GoogleBigQueryObject GoogleBigQueryV2Object GreenplumTable HBaseObject
    HiveObject HttpFile HubspotObject Iceberg ImpalaObject InformixTable JiraObject Json LakehouseTable MagentoObject
    MariaDBTable MarketoObject MicrosoftAccessTable MongoDbAtlasCollection MongoDbCollection MongoDbV2Collection
    MySqlTable NetezzaTable ODataResource OdbcTable Office365Table OracleServiceCloudObject OracleTable Orc Parquet
    PaypalObject PhoenixObject PostgreSqlTable PostgreSqlV2Table PrestoObject QuickBooksObject RelationalTable
    ResponsysObject RestResource SalesforceMarketingCloudObject SalesforceObject SalesforceServiceCloudObject
    SalesforceServiceCloudV2Object SalesforceV2Object SapBwCube SapCloudForCustomerResource SapEccResource
    SapHanaTable SapOdpResource SapOpenHubTable SapTableResource ServiceNowObject ServiceNowV2Object
    SharePointOnlineListResource ShopifyObject SnowflakeTable SnowflakeV2Table SparkObject SqliteTable SqlPoolTable
    SqlServerTable SquareObject SybaseTable TeradataTable VerticaTable WarehouseTable WebTable XeroObject Xml
    ZohoObject
";

/// Sources of copies.
const SOURCES: &str = "
    AmazonMWSSource AmazonRdsForOracleSource AmazonRdsForSqlServerSource AmazonRedshiftSource AvroSource
    AzureBlobFSSource AzureDatabricksDeltaLakeSource AzureDataExplorerSource AzureDataLakeStoreSource
    AzureMariaDBSource AzureMySqlSource AzurePostgreSqlSource AzureSqlSource AzureTableSource BinarySource BlobSource
    CassandraSource CommonDataServiceForAppsSource ConcurSource CosmosDbMongoDbApiSource CosmosDbSqlApiSource
    CouchbaseSource Db2Source DelimitedTextSource DocumentDbCollectionSource DrillSource DynamicsAXSource
    DynamicsCrmSource DynamicsSource EloquaSource ExcelSource FileSystemSource GoogleAdWordsSource
    GoogleBigQuerySource GoogleBigQueryV2Source GreenplumSource HBaseSource HdfsSource HiveSource HttpSource
    HubspotSource ImpalaSource InformixSource JiraSource JsonSource LakeHouseTableSource MagentoSource MariaDBSource
    MarketoSource MicrosoftAccessSource MongoDbAtlasSource MongoDbSource MongoDbV2Source MySqlSource NetezzaSource
    ODataSource OdbcSource Office365Source OracleServiceCloudSource OracleSource OrcSource ParquetSource PaypalSource
    PhoenixSource PostgreSqlSource PostgreSqlV2Source PrestoSource QuickBooksSource RelationalSource ResponsysSource
    RestSource SalesforceMarketingCloudSource SalesforceServiceCloudSource SalesforceServiceCloudV2Source
    SalesforceSource SalesforceV2Source SapBwSource SapCloudForCustomerSource SapEccSource SapHanaSource SapOdpSource
    SapOpenHubSource SapTableSource ServiceNowSource ServiceNowV2Source SharePointOnlineListSource
    SharePointOnlineListSource ShopifySource SnowflakeSource SnowflakeV2Source SparkSource SqlDWSource SqliteSource
    SqlMISource SqlServerSource SqlSource SquareSource SybaseSource TeradataSource VerticaSource WarehouseSource
    WebSource XeroSource XmlSource ZohoSource
";

/// Sinks of copies.
const SINKS: &str = "
    AvroSink AzureBlobFSSink AzureDatabricksDeltaLakeSink AzureDataExplorerSink AzureDataLakeStoreSink AzureMySqlSink
    AzurePostgreSqlSink AzureQueueSink AzureSearchIndexSink AzureSqlSink AzureTableSink BinarySink BlobSink
    CommonDataServiceForAppsSink CosmosDbMongoDbApiSink CosmosDbSqlApiSink DelimitedTextSink DocumentDbCollectionSink
    DynamicsCrmSink DynamicsSink FileSystemSink IcebergSink InformixSink JsonSink LakeHouseTableSink
    MicrosoftAccessSink MongoDbAtlasSink MongoDbV2Sink OdbcSink OracleSink OrcSink ParquetSink RestSink
    SalesforceServiceCloudSink SalesforceServiceCloudV2Sink SalesforceSink SalesforceV2Sink SapCloudForCustomerSink
    SnowflakeSink SnowflakeV2Sink SqlDWSink SqliteSink SqlMISink SqlPoolSink SqlServerSink SqlSink TeradataSink
    WarehouseSink
";

/// Triggers.
const TRIGGERS: &str = "
    BlobEventsTrigger BlobTrigger ChainingTrigger CustomEventsTrigger FileArrivalTrigger RerunTumblingWindowTrigger
    ScheduleTrigger TumblingWindowTrigger
";

/// A list of names.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Names {
    Activities,
    LinkedServices,
    Datasets,
    Sources,
    Sinks,
    Triggers,
}

impl Names {
    fn list(self) -> impl Iterator<Item = &'static str> {
        let text = match self {
            Names::Activities => ACTIVITIES,
            Names::LinkedServices => LINKED_SERVICES,
            Names::Datasets => DATASETS,
            Names::Sources => SOURCES,
            Names::Sinks => SINKS,
            Names::Triggers => TRIGGERS,
        };
        text.split_whitespace()
    }

    /// Whether Data Factory has a type of this name.
    pub(crate) fn has(self, name: &str) -> bool {
        self.list().any(|other| other.eq_ignore_ascii_case(name))
    }

    /// The name that was probably meant.
    pub(crate) fn nearest(self, name: &str) -> Option<&'static str> {
        let lower = name.to_lowercase();
        let far = |other: &&str| distance(&lower, &other.to_lowercase());
        self.list()
            .min_by_key(far)
            // Of a very short name everything is near.
            .filter(|other| name.len() >= 4 && far(other) <= (name.len() / 4).max(2))
    }
}

/// How many letters differ.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let change = before + usize::from(letter != *other);
            before = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(before + 1);
        }
    }
    row[b.len()]
}

/// The `type` of an object.
pub(crate) fn kind_of(object: &Object) -> &str {
    text(object, "type").unwrap_or_default()
}
