use super::bytes::{Bytes, put_counted};
use super::channel::Channel;
use super::greeting::Greeting;
use super::reply::{Done, done, end};
use super::{Definition, WireError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn packets_of_any_length_travel() {
    for length in [0, 1, 300_000, 0xff_ffff - 1, 0xff_ffff, 0xff_ffff + 5, 2 * 0xff_ffff] {
        let (near, far) = tokio::io::duplex(1 << 20);
        let mut packet = vec![7; length + 4];
        let sending = async {
            let mut channel = Channel::new(Box::new(near));
            channel.send(&mut packet).await.unwrap();
            channel.send(&mut [0, 0, 0, 0, 9]).await.unwrap();
            channel
        };
        let receiving = async {
            let mut channel = Channel::new(Box::new(far));
            let got = channel.receive().await.unwrap();
            assert_eq!(got.len(), length);
            assert!(got.iter().all(|byte| *byte == 7));
            assert_eq!(channel.receive().await.unwrap(), [9]);
            channel
        };
        let _ = futures::join!(sending, receiving);
    }
}

#[tokio::test]
async fn packets_are_found_in_pieces_and_in_heaps() {
    let (mut near, far) = tokio::io::duplex(64);
    let mut channel = Channel::new(Box::new(far));
    let sending = async {
        for byte in [2_u8, 0, 0, 0, 5] {
            near.write_all(&[byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
        near.write_all(&[6, 0, 0, 0, 1, 1, 0, 0, 2, 8]).await.unwrap();
        near
    };
    let receiving = async {
        assert_eq!(channel.receive().await.unwrap(), [5, 6]);
        assert!(channel.receive().await.unwrap().is_empty());
        assert_eq!(channel.receive().await.unwrap(), [8]);
        assert!(channel.ready().is_none());
    };
    let (mut near, ()) = futures::join!(sending, receiving);
    near.shutdown().await.unwrap();
    drop(near);
    assert!(matches!(channel.receive().await, Err(WireError::Io(_))));
}

#[tokio::test]
async fn what_is_sent_is_numbered() {
    let (near, mut far) = tokio::io::duplex(1024);
    let mut channel = Channel::new(Box::new(near));
    channel.send(&mut [0, 0, 0, 0, 1]).await.unwrap();
    channel.send(&mut [0, 0, 0, 0]).await.unwrap();
    channel.begin();
    channel.send(&mut [0, 0, 0, 0, 2]).await.unwrap();
    let mut bytes = [0; 14];
    far.read_exact(&mut bytes).await.unwrap();
    assert_eq!(bytes, [1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 2]);
}

#[test]
fn greetings_are_read() {
    let mut packet = vec![10];
    packet.extend(b"10.11.6-MariaDB\0");
    packet.extend(7_u32.to_le_bytes());
    packet.extend(b"abcdefgh\0");
    packet.extend([0xff, 0xf7, 45, 2, 0, 0xff, 0x81, 21]);
    packet.extend([0; 10]);
    packet.extend(b"ijklmnopqrst\0mysql_native_password\0");
    let greeting = Greeting::read(&packet).unwrap();
    assert_eq!((greeting.id, greeting.capabilities), (7, 0x81ff_f7ff));
    assert_eq!(greeting.nonce, b"abcdefghijklmnopqrst");
    assert_eq!(greeting.plugin, "mysql_native_password");
    for short in 0..packet.len() - 40 {
        assert!(Greeting::read(&packet[..short]).is_err());
    }
    let refused = [&[0xff, 0x10, 0x04][..], b"Too many connections"].concat();
    match Greeting::read(&refused).unwrap_err() {
        WireError::Server { code, message, .. } => assert_eq!((code, message.as_str()), (1040, "Too many connections")),
        other => panic!("{other}"),
    }
}

#[test]
fn answers_are_read() {
    let ok = [0, 3, 0, 2, 0, 5, 0];
    let expected = Done {
        affected: 3,
        warnings: 5,
        more: false,
    };
    assert_eq!(done(&ok).unwrap(), expected);
    assert_eq!(end(&[0xfe, 3, 0, 2, 0, 5, 0], true).unwrap(), Some(expected));
    assert_eq!(
        end(&[0xfe, 5, 0, 2, 0], false).unwrap().map(|done| done.warnings),
        Some(5)
    );
    assert_eq!(end(&[0, 1, 2], true).unwrap(), None);
    match end(b"\xff\x7a\x04#42S02no such table", true).unwrap_err() {
        WireError::Server { code, state, message } => {
            assert_eq!(
                (code, state.as_str(), message.as_str()),
                (1146, "42S02", "no such table")
            );
        }
        other => panic!("{other}"),
    }
}

#[test]
fn columns_are_read() {
    let mut packet = Vec::new();
    for text in ["def", "d", "t", "t", "näme", "c"] {
        put_counted(&mut packet, text.as_bytes());
    }
    packet.extend([12, 45, 0, 80, 0, 0, 0, 253, 0x20, 0, 6, 0, 0]);
    let column = Definition::read(&packet).unwrap();
    assert_eq!((column.name.as_str(), column.charset, column.length), ("näme", 45, 80));
    assert_eq!((column.kind, column.decimals, column.unsigned()), (253, 6, true));
    for short in 0..packet.len() - 2 {
        assert!(Definition::read(&packet[..short]).is_err());
    }
    for length in [0, 250, 251, 0xffff, 0x1_0000, 0x100_0000] {
        let mut out = Vec::new();
        put_counted(&mut out, &vec![1; length]);
        assert_eq!(Bytes(&out).counted().unwrap().len(), length);
    }
}
