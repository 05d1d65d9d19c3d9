//! What may be left out, and how it is written down.

use super::source::rows;
use super::support::Bench;
use crate::rejects::{AskedLogs, redirected, session_line};
use chrono::DateTime;
use serde_json::{Value, json};
use sluice_contract::{Code, Fault};
use sluice_store_core::{Allowed, Rejected, Side};

fn asked(settings: Value) -> Result<AskedLogs, Code> {
    AskedLogs::read(settings.as_object().unwrap()).map_err(|fault| fault.code)
}

#[test]
fn permissions_are_read_as_adf_writes_them() {
    let allowed = |settings| asked(settings).unwrap().allowed;
    assert_eq!(allowed(json!({})), None);
    assert_eq!(allowed(json!({"enableSkipIncompatibleRow": false})), None);
    let rows = Allowed {
        rows: true,
        ..Allowed::default()
    };
    assert_eq!(allowed(json!({"ENABLESKIPINCOMPATIBLEROW": "True"})), Some(rows));
    assert_eq!(allowed(json!({"skipErrorFile": {}})), None);
    let files = Allowed {
        missing_files: true,
        forbidden_files: true,
        ..Allowed::default()
    };
    assert_eq!(allowed(json!({"skipErrorFile": {"fileForbidden": true}})), Some(files));
    assert_eq!(
        allowed(
            json!({"skipErrorFile": {"fileMissing": false, "dataInconsistency": "true", "invalidFileName": true},
            "enableSkipIncompatibleRow": true})
        ),
        Some(Allowed {
            rows: true,
            inconsistent_files: true,
            invalid_names: true,
            ..Allowed::default()
        })
    );
    assert_eq!(asked(json!({"skipErrorFile": true})), Err(Code::DocumentInvalid));
}

#[test]
fn places_of_logs_are_read_in_every_form() {
    let session = |settings| asked(settings).unwrap().session;
    let place = json!({"linkedServiceName": {"referenceName": "lake"}, "path": "logs/a"});
    assert_eq!(
        session(json!({"logSettings": {"logLocationSettings": place}})),
        Some("logs/a".to_owned())
    );
    assert_eq!(session(json!({"logStorageSettings": place})), Some("logs/a".to_owned()));
    assert_eq!(
        session(json!({"logSettings": {"enableCopyActivityLog": false, "logLocationSettings": place}})),
        None
    );
    assert_eq!(
        session(json!({"logSettings": {"logLocationSettings": {"linkedServiceName": "lake"}}})),
        Some(String::new())
    );
    let redirect = |rows| asked(json!({"enableSkipIncompatibleRow": rows, "redirectIncompatibleRowSettings": place}));
    assert_eq!(redirect(true).unwrap().redirect, Some("logs/a".to_owned()));
    assert_eq!(redirect(false).unwrap().redirect, None);
    let info = |settings| asked(settings).map(|asked| asked.info);
    let level = |word: &str| json!({"logSettings": {"copyActivityLogSettings": {"logLevel": word}}});
    assert_eq!(info(level("Info")), Ok(true));
    assert_eq!(info(level("Warning")), Ok(false));
    assert_eq!(info(level("Everything")), Err(Code::DocumentInvalid));
    assert_eq!(info(json!({"logStorageSettings": {"logLevel": "info"}})), Ok(true));
    let wrong = json!({"logStorageSettings": {"path": 1}});
    assert_eq!(asked(wrong), Err(Code::DocumentInvalid));
}

#[test]
fn lines_are_those_of_adf() {
    let row = Rejected {
        side: Side::Copy,
        place: "orders.csv, line 7".to_owned(),
        record: "1,\"say \"\"no\"\"\",x\n".to_owned(),
        fault: Fault::new(Code::DataInvalid, "\"x\" is no number"),
    };
    let at = DateTime::from_timestamp(1_585_028_141, 20_994_299).unwrap();
    assert_eq!(
        session_line(at, &row),
        "2020-03-24 05:35:41.0209942,Warning,TabularRowSkip,\"1,\"\"say \"\"\"\"no\"\"\"\"\"\",x\n\",\
         \"SL6011: \"\"x\"\" is no number (orders.csv, line 7)\"\n"
    );
    assert_eq!(
        redirected(&row),
        "1,\"say \"\"no\"\"\",x,SL6011,\"\"\"x\"\" is no number\"\n"
    );
    let file = Rejected {
        record: String::new(),
        ..row
    };
    assert!(session_line(at, &file).contains(",FileSkip,\"orders.csv, line 7\",\"SL6011"));
}

#[tokio::test]
async fn the_permission_reaches_both_stores() {
    for (settings, given) in [
        (json!({"enableSkipIncompatibleRow": true}), true),
        (json!({"enableSkipIncompatibleRow": false}), false),
    ] {
        let mut bench = Bench::new(rows(100, 2, 10), &[]);
        bench.options.settings = settings.as_object().cloned().unwrap();
        let outcome = bench.run().await.unwrap();
        assert_eq!((outcome.rows_read, outcome.rows_skipped), (100, 0));
        assert_eq!(bench.store.permitted(), (given, given), "{settings}");
    }
}
