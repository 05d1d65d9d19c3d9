//! Files that are not what their dataset says: the fault names the file, the place and what to do.

use super::bench::{Copy, Folder};
use serde_json::{Value, json};
use sluice_contract::{Code, Fault};

async fn fault(kind: &'static str, content: &[u8], dataset: Value) -> Fault {
    let folder = Folder::new();
    folder.put("in.txt", content);
    let mut job = Copy::new(&folder.end("").file("in.txt").dataset(dataset), &folder.end("out"));
    job.kinds = (kind, "DelimitedText");
    job.run().await.unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_name_the_file_the_place_and_what_to_do() {
    let headed = json!({ "firstRowAsHeader": true });
    let gzip = json!({ "firstRowAsHeader": true, "compressionCodec": "gzip" });
    let bzip2 = json!({ "compression": { "type": "BZip2" } });
    let listed = json!({ "firstRowAsHeader": true, "schema": [{ "name": "id" }, { "name": "nmae" }] });
    let utf16 = |text: &str, big: bool| -> Vec<u8> {
        let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
        units
            .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect()
    };
    for (kind, content, dataset, code, words) in [
        (
            "Json",
            b"{\"a\":1}\n{\"b\":{\"a\":1,\"a\":2}}".to_vec(),
            &json!({}),
            Code::DataInvalid,
            ["line 2", "\"a\" stands twice", "byte 6", "enableSkipIncompatibleRow"],
        ),
        (
            "Json",
            b"{\"a\":1,\"a\":2}".to_vec(),
            &json!({}),
            Code::DataInvalid,
            ["line 1", "\"a\" stands twice", "byte 1", "another name"],
        ),
        (
            "Json",
            utf16("{\"a\":1}", false),
            &json!({}),
            Code::DataInvalid,
            ["byte 1", "UTF-16", "read as UTF-8", "`encodingName` to UTF-16"],
        ),
        (
            "DelimitedText",
            utf16("id\n1\n", true),
            &headed,
            Code::DataInvalid,
            ["byte 1", "UTF-16BE", "read as UTF-8", "`encodingName` to UTF-16BE"],
        ),
        (
            "DelimitedText",
            b"id,name\n1,a\n".to_vec(),
            &gzip,
            Code::DataInvalid,
            [
                "byte 1",
                "not compressed with gzip",
                "69 64 2c 6e",
                "Take the compression out",
            ],
        ),
        (
            "DelimitedText",
            b"x".to_vec(),
            &gzip,
            Code::DataInvalid,
            ["byte 1", "not compressed with gzip", "78", "Take the compression out"],
        ),
        (
            "Json",
            b"{\"a\":1}".to_vec(),
            &bzip2,
            Code::DataInvalid,
            [
                "byte 1",
                "not compressed with bzip2",
                "42 5a 68",
                "Take the compression out",
            ],
        ),
        (
            "DelimitedText",
            b"id,name\n1,a\n".to_vec(),
            &listed,
            Code::SchemaMismatch,
            ["\"nmae\"", "`schema` lists", "it has id, name", "Correct the name"],
        ),
    ] {
        let fault = fault(kind, &content, dataset.clone()).await;
        assert_eq!(fault.code, code, "{fault}");
        for word in ["in.txt"].iter().chain(&words) {
            assert!(fault.message.contains(word), "{word:?}: {fault}");
        }
    }
}
