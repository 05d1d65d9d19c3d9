//! The peer itself, before clients that are not Sluice's: what they see is the protocol, and not our idea of it.

use serde_json::json;
use sluice_tests::tds::{DATABASE, Encryption, PASSWORD, TdsPeer, USER};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const EVERY_TYPE: &str = "CREATE TABLE dbo.every (id int NOT NULL PRIMARY KEY, flag bit, tiny tinyint, small smallint, big bigint, \
     single real, wide float, amount decimal(38,10), price money, coin smallmoney, day date, clock time(3), old datetime, \
     minute smalldatetime, stamp datetime2(7), zoned datetimeoffset(3), fixed char(5), text varchar(50), nfixed nchar(5), \
     ntext nvarchar(max), raw binary(4), bytes varbinary(max), guid uniqueidentifier, doc xml)";
const EVERY_VALUE: &str = "INSERT INTO dbo.every VALUES (1, 1, 255, -32768, 9223372036854775807, 0.5, 1e300, \
     '1234567890123456789012345678.0123456789', '922337203685477.5807', '-214748.3648', '2024-02-29', '23:59:59.123', \
     '1753-01-01 00:00:00.003', '2079-06-06 23:59:00', '9999-12-31 23:59:59.9999999', '2024-02-29 12:00:00.500 +02:00', 'abc', \
     'é', 'x', '漢字 🦀', 0x00ff, 0x0102, '6F9619FF-8B86-D011-B42D-00C04FC964FF', '<a>1</a>')";

fn conf(dir: &Path, peer: &TdsPeer, encryption: &str) {
    let text = format!(
        "[global]\n tds version = 7.4\n client charset = UTF-8\n[peer]\n host = 127.0.0.1\n port = {}\n encryption = {encryption}\n",
        peer.port
    );
    std::fs::write(dir.join("freetds.conf"), text).unwrap();
}

fn freetds(dir: &Path, program: &str, args: &[&str], input: &str) -> Output {
    let mut child = Command::new(program)
        .args(args)
        .env("FREETDSCONF", dir.join("freetds.conf"))
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program} does not start: {error} (tests/env/setup.sh installs freetds-bin)"));
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn tsql(dir: &Path, password: &str, input: &str) -> String {
    let args = [
        "-S", "peer", "-U", USER, "-P", password, "-D", DATABASE, "-o", "q", "-t", "|",
    ];
    let output = freetds(dir, "tsql", &args, input);
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[test]
fn tsql_reads_every_type_with_and_without_tls() {
    for (offer, encryption) in [
        (Encryption::Offered, "off"),
        (Encryption::Offered, "require"),
        (Encryption::Required, "require"),
        (Encryption::Unsupported, "off"),
    ] {
        let peer = TdsPeer::with(|options| options.encryption = offer);
        peer.sql(EVERY_TYPE);
        peer.sql(EVERY_VALUE);
        peer.sql("INSERT INTO dbo.every (id) VALUES (2)");
        let dir = tempfile::tempdir().unwrap();
        conf(dir.path(), &peer, encryption);
        let said = tsql(
            dir.path(),
            PASSWORD,
            "SELECT * FROM every ORDER BY id\nGO\nSELECT COUNT(*) FROM nowhere\nGO\n",
        );
        for expected in [
            "1|1|255|-32768|9223372036854775807|0.5|1.0000000000000001e+300|1234567890123456789012345678.0123456789|922337203685477.5807|-214748.3648|",
            "abc  |é|x    |漢字 🦀|00ff0000|0102|6F9619FF-8B86-D011-B42D-00C04FC964FF|<a>1</a>",
            "2|NULL|NULL",
            "208",
            "Invalid object name 'dbo.nowhere'",
        ] {
            assert!(
                said.contains(expected),
                "{offer:?} {encryption}: no {expected:?} in\n{said}\n{:?}",
                peer.log()
            );
        }
        let said = tsql(dir.path(), "wrong", "SELECT 1\nGO\n");
        assert!(said.contains("18456"), "{said}");
    }
}

#[test]
fn freebcp_loads_and_unloads() {
    let peer = TdsPeer::start();
    peer.sql("CREATE TABLE dbo.loaded (id int NOT NULL, name nvarchar(50), amount decimal(10,2), day datetime)");
    let dir = tempfile::tempdir().unwrap();
    conf(dir.path(), &peer, "require");
    let (from, to) = (dir.path().join("in.tsv"), dir.path().join("out.tsv"));
    let rows: String = (0..3000)
        .map(|i| format!("{i}\tname {i} é\t{i}.25\t2024-02-29 12:00:00.003\n"))
        .collect();
    std::fs::write(&from, rows).unwrap();
    let bcp = |direction: &str, file: &Path| {
        let args = [
            "dbo.loaded",
            direction,
            file.to_str().unwrap(),
            "-S",
            "peer",
            "-U",
            USER,
            "-P",
            PASSWORD,
            "-D",
            DATABASE,
            "-c",
        ];
        let output = freetds(dir.path(), "freebcp", &args, "");
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "freebcp {direction}: {said}\n{:?}", peer.log());
    };
    bcp("in", &from);
    assert_eq!(peer.column("SELECT COUNT(*) FROM dbo.loaded"), ["3000"]);
    assert_eq!(
        peer.column("SELECT name FROM dbo.loaded WHERE id = 2999"),
        ["name 2999 é"]
    );
    bcp("out", &to);
    let text = std::fs::read_to_string(&to).unwrap();
    assert_eq!(text.lines().count(), 3000);
    assert!(
        text.contains("2999\tname 2999 é\t2999.25\t"),
        "{}",
        text.lines().last().unwrap()
    );
}

#[test]
fn python_tds_agrees() {
    let peer = TdsPeer::start();
    peer.sql(
        "CREATE TABLE dbo.py (id int NOT NULL PRIMARY KEY, big bigint, real8 float, text nvarchar(max), raw varbinary(max), \
         amount decimal(20,4), day date, moment datetime2(6), guid uniqueidentifier, flag bit, note varchar(10), short char(5))",
    );
    peer.sql("INSERT INTO dbo.py VALUES (1, 1, 0.5, 'a', 0x01, '1.5000', '2024-01-01', '2024-01-01 00:00:00', NULL, 0, 'é', 'x')");
    peer.procedure("dbo.above", "SELECT id FROM dbo.py WHERE id >= @least ORDER BY id");
    let port = peer.port.to_string();
    let found = sluice_tests::python::json("tds/client.py", &[&port, USER, PASSWORD, DATABASE]);
    assert_eq!(
        found["rows"],
        json!([[
            "1",
            "1",
            "0.5",
            "a",
            "b'\\x01'",
            "1.5",
            "2024-01-01",
            "2024-01-01 00:00:00",
            null,
            "False",
            "é",
            "x    "
        ]])
    );
    assert_eq!(
        found["kept"],
        json!([
            "1099511627776",
            "1.5",
            "Ünïcødé 🦀",
            "b'\\x00\\xff'",
            "123.45",
            "2024-02-29",
            "2024-02-29 12:30:15.123456",
            "00112233-4455-6677-8899-aabbccddeeff",
            "True",
            null
        ])
    );
    assert_eq!(found["count"], 2);
    for (what, number) in [("missing", 208), ("duplicate", 2627), ("null", 515), ("long", 2628)] {
        assert_eq!(found[what], number, "{what}: {found}");
    }
    assert_eq!((&found["called"], &found["callproc"]), (&json!([7]), &json!([7])));
    assert_eq!(found["loaded"], 500);
    assert_eq!(
        (&found["seen_before"], &found["seen_after"]),
        (&json!(0), &json!([5001]))
    );
    assert!(found["login"].as_str().unwrap().contains("Login failed"), "{found}");
}

#[test]
fn tedious_agrees() {
    let peer = TdsPeer::with(|options| options.encryption = Encryption::Required);
    peer.sql(
        "CREATE TABLE dbo.js (id int NOT NULL PRIMARY KEY, text nvarchar(max), raw varbinary(max), amount decimal(10,2), \
         moment datetime2(7), guid uniqueidentifier)",
    );
    peer.sql("INSERT INTO dbo.js VALUES (1, 'a', 0x01, '1.50', '2024-01-01 00:00:00', NULL)");
    peer.procedure("dbo.above", "SELECT id FROM dbo.js WHERE id >= @least ORDER BY id");
    let modules = sluice_tests::test_env("npm/node_modules");
    let (port, ca) = (
        peer.port.to_string(),
        peer.identity.ca_file.to_str().unwrap().to_owned(),
    );
    let script = sluice_tests::root().join("tests/tds/client.js");
    let output = Command::new("node")
        .arg(script)
        .arg(modules)
        .args([port.as_str(), USER, PASSWORD, DATABASE, ca.as_str()])
        .output()
        .expect("node starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{errors}\n{:?}", peer.log());
    let found: serde_json::Value = serde_json::from_str(said.trim().lines().next_back().unwrap()).unwrap();
    let bytes = |bytes: &[u8]| json!({ "type": "Buffer", "data": bytes });
    assert_eq!(
        found["rows"],
        json!([[1, "a", bytes(&[1]), 1.5, "2024-01-01T00:00:00.000Z", null]])
    );
    assert_eq!(
        found["kept"],
        json!([[
            "Ünïcødé 🦀",
            bytes(&[0, 255]),
            123.45,
            "2024-02-29T12:30:15.123Z",
            "00112233-4455-6677-8899-AABBCCDDEEFF"
        ]])
    );
    assert_eq!((&found["missing"], &found["duplicate"]), (&json!(208), &json!(2627)));
    assert_eq!((&found["prepared"], &found["procedure"]), (&json!([7]), &json!([[7]])));
    assert_eq!((&found["copied"], &found["loaded"]), (&json!(2000), &json!(2000)));
    assert_eq!((&found["cancelled"], &found["after"]), (&json!("ECANCEL"), &json!(1)));
    assert!(peer.attentions() > 0);
    assert_eq!(found["committed"], json!([9001]));
    assert_eq!(found["login"], json!("ELOGIN"));
}
