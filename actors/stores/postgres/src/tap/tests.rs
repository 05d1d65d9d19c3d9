//! What passes, and what is drawn off, however the stream is cut.

use super::*;
use std::collections::VecDeque;
use tokio::io::AsyncReadExt;

/// A stream of pieces.
struct Pieces(VecDeque<Vec<u8>>);

impl AsyncRead for Pieces {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if let Some(mut piece) = self.0.pop_front() {
            let rest = piece.split_off(piece.len().min(out.remaining()));
            out.put_slice(&piece);
            if !rest.is_empty() {
                self.0.push_front(rest);
            }
        }
        Poll::Ready(Ok(()))
    }
}

fn message(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut message = vec![tag];
    message.extend_from_slice(&(content.len() as u32 + 4).to_be_bytes());
    message.extend_from_slice(content);
    message
}

/// What the driver and the reader get of a stream in pieces of a size.
async fn run(stream: &[u8], size: usize, open: bool) -> (Vec<u8>, Vec<u8>) {
    let (mut tap, valve) = Tap::new(Pieces(stream.chunks(size).map(<[u8]>::to_vec).collect()));
    let bytes = Arc::new(AtomicU64::new(0));
    let pieces = open.then(|| valve.open(bytes));
    let reader = async {
        let mut all = Vec::new();
        if let Some(mut pieces) = pieces {
            while let Some(piece) = pieces.recv().await {
                all.extend_from_slice(&piece);
            }
        }
        all
    };
    let driver = async {
        let mut all = Vec::new();
        tap.read_to_end(&mut all).await.unwrap();
        all
    };
    tokio::join!(driver, reader)
}

#[tokio::test]
async fn data_are_drawn_off_and_everything_else_passes() {
    let before = [message(b'1', b""), message(b'2', b""), message(b'H', b"\x01\0\0")].concat();
    let data: Vec<u8> = (0..300).flat_map(|i| message(b'd', &vec![i as u8; i * 7])).collect();
    let notice = message(b'N', b"a notice between rows\0");
    let after = [message(b'c', b""), message(b'C', b"COPY 600\0"), message(b'Z', b"I")].concat();
    let later = [message(b'd', b"of another kind of exchange"), message(b'Z', b"I")].concat();
    let stream = [&before[..], &data, &notice, &data, &after, &later].concat();
    for size in [1, 3, 4, 5, 6, 1000, 70_000, usize::MAX >> 1] {
        let (driver, reader) = run(&stream, size, true).await;
        assert_eq!(
            driver,
            [&before[..], &notice, &after, &later].concat(),
            "pieces of {size}"
        );
        assert_eq!(reader, [&data[..], &data].concat(), "pieces of {size}");
        let (driver, _) = run(&stream, size, false).await;
        assert_eq!(driver, stream, "closed, pieces of {size}");
    }
}

#[tokio::test]
async fn an_error_ends_the_data() {
    let start = [message(b'H', b"\x01\0\0"), message(b'd', b"row")].concat();
    let end = message(b'E', b"SERROR\0\0");
    let (driver, reader) = run(&[start, end.clone()].concat(), 2, true).await;
    assert_eq!(driver, [message(b'H', b"\x01\0\0"), end].concat());
    assert_eq!(reader, message(b'd', b"row"));
    // Refused before it began.
    let refused = message(b'E', b"SERROR\0\0");
    let (driver, reader) = run(&refused, 4, true).await;
    assert_eq!((driver, reader), (refused, Vec::new()));
}

#[tokio::test]
async fn a_stream_that_breaks_off_ends_for_both() {
    let stream = [message(b'H', b"\x01\0\0"), message(b'd', b"row"), message(b'd', b"row")].concat();
    for cut in 1..stream.len() {
        let (driver, reader) = run(&stream[..cut], 3, true).await;
        assert!(stream.starts_with(&driver));
        assert!(message(b'd', b"row").repeat(2).starts_with(&reader));
    }
    // A length of less than itself: all of it is the driver's to complain about.
    let damaged = [b'd', 0, 0, 0, 1, 2, 3].to_vec();
    assert_eq!(run(&damaged, 2, true).await.0, damaged);
}
