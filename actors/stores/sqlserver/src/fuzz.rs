//! A door for the fuzzer in `tests/fuzz`; not there in any other build: a server that may send anything.

use crate::values::read::Rows;
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use futures::io::{AsyncRead, AsyncWrite};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use tiberius::{AuthMethod, Client, Config, EncryptionLevel};
use tokio::runtime::Runtime;

/// A packet of an answer, the last one of its message.
const ANSWER: u8 = 4;

/// What a server answers to a client that wants no encryption: version, NOT_SUPPORTED, and the rest empty.
const PRELOGIN: &[u8] = &[
    0, 0, 26, 0, 6, 1, 0, 32, 0, 1, 2, 0, 33, 0, 1, 3, 0, 34, 0, 0, 4, 0, 34, 0, 1, 0xff, 16, 0, 0x0f, 0xa1, 0, 0, 2,
    0, 0,
];
/// LOGINACK of TDS 7.4 by a server named "S", and DONE.
const WELCOME: &[u8] = &[
    0xad, 12, 0, 1, 0x74, 0, 0, 4, 1, b'S', 0, 16, 0, 0x0f, 0xa1, 0xfd, 0, 0, 0xc1, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

/// The first byte chooses what the rest is: all that comes, the answer to a login, the answer to a query, or a datagram of
/// SQL Server Browser.
pub fn answers(bytes: &[u8]) {
    let Some((which, rest)) = bytes.split_first() else {
        return;
    };
    let script = match which % 4 {
        0 => rest.to_vec(),
        1 => [packet(PRELOGIN), packet(rest)].concat(),
        2 => [packet(PRELOGIN), packet(WELCOME), packet(rest)].concat(),
        _ => {
            crate::browser::read(rest);
            return;
        }
    };
    runtime().block_on(talk(script));
}

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime")
    })
}

fn packet(body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 8).unwrap_or(u16::MAX);
    let body = &body[..body.len().min(usize::from(length) - 8)];
    [&[ANSWER, 1], &length.to_be_bytes()[..], &[0, 0, 1, 0], body].concat()
}

async fn talk(script: Vec<u8>) {
    let mut config = Config::new();
    config.authentication(AuthMethod::sql_server("u", "p"));
    config.encryption(EncryptionLevel::NotSupported);
    let Ok(mut client) = Client::connect(config, Script { bytes: script, at: 0 }).await else {
        return;
    };
    let Ok(answer) = client.simple_query("SELECT 1").await else {
        return;
    };
    let Ok(results) = answer.into_results().await else {
        return;
    };
    // Into columns of every kind that the first cell might be for: what does not fit is refused, not guessed.
    for row in results.iter().flatten().filter(|row| row.len() == 1) {
        for ty in types() {
            let schema = Arc::new(Schema::new(vec![Field::new("c", ty, true)]));
            let mut rows = Rows::new(schema).expect("columns of every type");
            if rows.push(row).is_ok() {
                let batch = rows.take().expect("a batch of one row");
                assert_eq!(batch.num_rows(), 1);
            }
        }
    }
}

fn types() -> Vec<DataType> {
    vec![
        DataType::Boolean,
        DataType::UInt8,
        DataType::Int16,
        DataType::Int32,
        DataType::Int64,
        DataType::Float32,
        DataType::Float64,
        DataType::Decimal128(19, 4),
        DataType::Utf8,
        DataType::Binary,
        DataType::Date32,
        DataType::Time64(TimeUnit::Nanosecond),
        DataType::Timestamp(TimeUnit::Microsecond, None),
        DataType::Timestamp(TimeUnit::Nanosecond, None),
    ]
}

/// A connection that takes whatever is sent, and answers by a script.
struct Script {
    bytes: Vec<u8>,
    at: usize,
}

impl AsyncRead for Script {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, out: &mut [u8]) -> Poll<io::Result<usize>> {
        let count = out.len().min(self.bytes.len() - self.at);
        out[..count].copy_from_slice(&self.bytes[self.at..self.at + count]);
        self.at += count;
        Poll::Ready(Ok(count))
    }
}

impl AsyncWrite for Script {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
