use crate::CopyOptions;
use serde_json::{Value, json};
use sluice_contract::Code;

fn parse(settings: Value) -> Result<CopyOptions, Code> {
    CopyOptions::from_settings(settings.as_object().unwrap(), 1_000).map_err(|fault| fault.code)
}

#[test]
fn settings_are_read_and_kept() {
    let plain = parse(json!({})).unwrap();
    assert_eq!(
        plain,
        CopyOptions {
            memory_budget: 1_000,
            ..CopyOptions::default()
        }
    );
    let other = json!({"parallelCopies": 8, "translator": {"type": "TabularTranslator"}});
    let read = parse(other.clone()).unwrap();
    assert_eq!((read.parallel, Some(&read.settings)), (8, other.as_object()));
    assert_eq!(parse(json!({"PARALLELCOPIES": 2.0})).unwrap().parallel, 2);
    assert_eq!(parse(json!({"parallelCopies": null})).unwrap().parallel, plain.parallel);
    assert_eq!(parse(json!({"parallelCopies": 1e9})).unwrap().parallel, 128);
}

#[test]
fn wrong_settings_are_refused() {
    for wrong in [
        json!(0),
        json!(-1),
        json!(1.5),
        json!("4"),
        json!(true),
        json!([1]),
        json!({}),
    ] {
        assert_eq!(
            parse(json!({"parallelCopies": wrong})),
            Err(Code::DocumentInvalid),
            "{wrong}"
        );
    }
    for expression in [
        json!("@pipeline().parameters.n"),
        json!({"type": "Expression", "value": "@x"}),
    ] {
        assert_eq!(
            parse(json!({"parallelCopies": expression})),
            Err(Code::ExpressionUnsupported)
        );
    }
}

#[test]
fn batches_fit_several_times_into_a_workers_share() {
    let size = |memory_budget, parallel| {
        CopyOptions {
            memory_budget,
            parallel,
            ..CopyOptions::default()
        }
        .batch_bytes()
    };
    assert_eq!(size(256 << 20, 4), 8 << 20);
    assert_eq!(size(64 << 20, 4), 4 << 20);
    assert_eq!(size(0, 0), 64 << 10);
}
