//! The same before the tests' own TDS peer: what only a real SQL Server could show is not shown here.

use super::Desk;
use serde_json::json;
use sluice_contract::Code;
use sluice_contract::job::Task;
use sluice_tests::tds::{DATABASE, PASSWORD, TdsPeer, USER};

async fn desk(peer: &TdsPeer) -> Desk {
    let properties = json!({ "server": format!("127.0.0.1,{}", peer.port), "database": DATABASE, "userName": USER,
        "caCertificate": peer.identity.ca_pem });
    let connector = sluice_store_sqlserver::connector();
    let dataset = json!({ "schema": "dbo", "table": "marks" });
    Desk::open(connector, "SqlServer", properties, PASSWORD, "SqlServerTable", dataset).await
}

#[tokio::test(flavor = "multi_thread")]
async fn lookups_and_scripts() {
    let peer = TdsPeer::start();
    peer.sql("CREATE TABLE dbo.marks (name nvarchar(50), value bigint, price decimal(12,2))");
    peer.sql("INSERT INTO dbo.marks VALUES (N'a', 9223372036854775807, 1.50)");
    let desk = desk(&peer).await;
    let row = json!({ "name": "a", "value": i64::MAX, "price": 1.5 });
    assert_eq!(desk.lookup(json!({}), true).await.unwrap(), json!({ "firstRow": row }));
    let query = json!({ "sqlReaderQuery": "SELECT name, value FROM dbo.marks" });
    let all = json!({ "count": 1, "value": [{ "name": "a", "value": i64::MAX }] });
    assert_eq!(desk.lookup(query, false).await.unwrap(), all);
    let output = desk
        .script(json!([
            { "type": "NonQuery", "text": "INSERT INTO dbo.marks VALUES (N'b', 2, NULL)" },
            { "type": "Query", "text": "SELECT name FROM dbo.marks WHERE value = 2" },
        ]))
        .await
        .unwrap();
    assert_eq!(output["recordsAffected"], 1, "{output}");
    assert_eq!(
        output["resultSets"],
        json!([{ "rowCount": 1, "rows": [{ "name": "b" }] }])
    );
    let nowhere = json!({ "sqlReaderQuery": "SELECT * FROM dbo.nowhere" });
    assert_eq!(desk.lookup(nowhere, true).await.unwrap_err().code, Code::TableNotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn procedures_are_called_by_name_with_their_parameters() {
    let peer = TdsPeer::start();
    peer.sql("CREATE TABLE dbo.marks (name nvarchar(50), value bigint, price decimal(12,2))");
    peer.procedure("dbo.put", "INSERT INTO dbo.marks VALUES (@name, 1, NULL)");
    let desk = desk(&peer).await;
    let call = json!({ "storedProcedureName": "[dbo].[put]", "storedProcedureParameters": {
        "name": { "value": "it's", "type": "String" } } });
    desk.run(Task::SqlServerStoredProcedure, json!({}), call).await.unwrap();
    assert_eq!(peer.column("SELECT name FROM dbo.marks"), ["it's"]);
    let missing = desk
        .run(
            Task::SqlServerStoredProcedure,
            json!({}),
            json!({ "storedProcedureName": "nobody" }),
        )
        .await;
    assert!(missing.is_err());
}
