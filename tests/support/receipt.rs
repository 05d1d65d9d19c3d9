//! What the receipt of a copy says.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// What the receipt in an activity's output says of the rows: their number, and the hash of all of them.
pub fn content(activity: &Value) -> Value {
    let payload = activity["output"]["receipt"]["payload"]
        .as_str()
        .unwrap_or_else(|| panic!("no receipt in {activity:#}"));
    let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).expect("a receipt is base64");
    let payload: Value = serde_json::from_slice(&payload).expect("a receipt is JSON");
    json!({ "rows": payload["rows"], "content": payload["content"] })
}
