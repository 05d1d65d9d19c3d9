use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

const OPEN: [u8; 12] = [0, 0, 0, 12, 2, 0, 0, 0, 9, 9, 9, 9];

fn fed(chunks: &[&[u8]]) -> Boundary {
    let mut boundary = Boundary::default();
    chunks.iter().for_each(|chunk| boundary.feed(chunk));
    boundary
}

#[test]
fn a_boundary_is_found_however_the_bytes_are_cut() {
    let mut all = b"AMQP\x03\x01\x00\x00".to_vec();
    all.extend([0, 0, 0, 10, 2, 1, 0, 0, 1, 2]);
    all.extend(b"AMQP\x00\x01\x00\x00");
    assert!(!fed(&[&all]).at_frame(), "before the Open");
    all.extend(OPEN);
    for cut in 0..all.len() {
        assert!(fed(&[&all[..cut], &all[cut..]]).at_frame());
        assert!(!fed(&[&all[..cut]]).at_frame());
    }
    assert!(!fed(&[&all, &[0, 0, 0, 9, 2, 0, 0, 0]]).at_frame());
    assert!(fed(&[&all, &EMPTY_FRAME, &EMPTY_FRAME]).at_frame());
}

#[tokio::test]
async fn silence_is_bridged_with_empty_frames_and_then_ends_the_stream() {
    let (near, mut far) = duplex(1024);
    let silence = Duration::from_millis(400);
    let mut stream = Guarded::new(near, CancellationToken::new(), Duration::from_secs(5)).watching_for_silence(silence);
    far.write_all(b"AMQP\x00\x01\x00\x00").await.unwrap();
    far.write_all(&OPEN).await.unwrap();
    let mut opened = [0; 20];
    stream.read_exact(&mut opened).await.unwrap();
    let start = Instant::now();
    let mut bytes = Vec::new();
    let error = stream.read_to_end(&mut bytes).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert!(start.elapsed() > silence - Duration::from_millis(50));
    assert!(
        !bytes.is_empty() && bytes.chunks(8).all(|frame| frame == EMPTY_FRAME),
        "{bytes:?}"
    );
}

#[tokio::test]
async fn silence_within_a_frame_is_not_bridged() {
    let (near, mut far) = duplex(1024);
    let mut stream = Guarded::new(near, CancellationToken::new(), Duration::from_secs(5))
        .watching_for_silence(Duration::from_millis(200));
    far.write_all(b"AMQP\x00\x01\x00\x00").await.unwrap();
    far.write_all(&OPEN).await.unwrap();
    far.write_all(&OPEN[..9]).await.unwrap();
    let mut bytes = Vec::new();
    let error = stream.read_to_end(&mut bytes).await.unwrap_err();
    assert_eq!((error.kind(), bytes.len()), (io::ErrorKind::TimedOut, 8 + 12 + 9));
}

#[tokio::test]
async fn a_write_that_nobody_reads_fails() {
    let (near, _far) = duplex(16);
    let mut stream = Guarded::new(near, CancellationToken::new(), Duration::from_millis(100));
    let error = stream.write_all(&[0; 64]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
}

#[tokio::test]
async fn a_cut_ends_a_read_and_a_write() {
    for writing in [false, true] {
        let (near, _far) = duplex(16);
        let cut = CancellationToken::new();
        let mut stream = Guarded::new(near, cut.clone(), Duration::from_secs(60));
        let work = tokio::spawn(async move {
            let mut bytes = [0; 64];
            if writing {
                stream.write_all(&bytes).await
            } else {
                stream.read_exact(&mut bytes).await.map(|_| ())
            }
        });
        tokio::task::yield_now().await;
        cut.cancel();
        assert_eq!(
            work.await.unwrap().unwrap_err().kind(),
            io::ErrorKind::ConnectionAborted
        );
    }
}
