//! What came back, as the activity's `output`.

use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::Value;
use sluice_contract::{Code, Fault, Object};

/// Bytes of an answer; as in ADF more fails.
const MAX_BYTES: usize = 4 << 20;
/// Characters of an answer that an error quotes.
const QUOTED: usize = 500;

/// Reads an answer to its end.
///
/// # Errors
/// `SL6024` for a status of 400 and above, or an answer that breaks off; `SL6020` when it is too large.
pub(crate) async fn read(mut response: Response) -> Result<Object, Fault> {
    let status = response.status();
    let headers = response.headers().clone();
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|error| broken(&error.without_url()))? {
        if body.len() + piece.len() > MAX_BYTES {
            let text = format!("the answer is larger than {} MiB", MAX_BYTES >> 20);
            return Err(Fault::new(Code::OutputTooLarge, text));
        }
        body.extend_from_slice(&piece);
    }
    let text = String::from_utf8_lossy(&body);
    if status.is_client_error() || status.is_server_error() {
        let quoted: String = text.trim().chars().take(QUOTED).collect();
        let message = format!("the answer was {status}: {quoted}");
        let passes = status.is_server_error() || matches!(status.as_u16(), 408 | 429);
        return Err(Fault::new(Code::WebCallFailed, message).retryable(passes));
    }
    let mut output = of_body(&text, &headers);
    output.insert("ADFWebActivityResponseHeaders".to_owned(), shown(&headers));
    Ok(output)
}

/// An object is the output itself; anything else is its `Response`.
fn of_body(text: &str, headers: &HeaderMap) -> Object {
    let mut output = match serde_json::from_str(text) {
        Ok(Value::Object(object)) => return object,
        Ok(other) if is_json(headers) => Object::from_iter([("Response".to_owned(), other)]),
        _ if text.is_empty() => Object::new(),
        _ => Object::from_iter([("Response".to_owned(), Value::from(text))]),
    };
    output.retain(|_, value| !value.is_null());
    output
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.to_ascii_lowercase().contains("json"))
}

fn shown(headers: &HeaderMap) -> Value {
    let mut shown = Object::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        // Several of one name stand in a row.
        match shown.get_mut(name.as_str()) {
            Some(Value::String(earlier)) => *earlier = format!("{earlier}, {value}"),
            _ => drop(shown.insert(name.as_str().to_owned(), Value::from(value))),
        }
    }
    Value::Object(shown)
}

fn broken(error: &reqwest::Error) -> Fault {
    Fault::new(Code::WebCallFailed, format!("the answer broke off: {error}")).retryable(true)
}
