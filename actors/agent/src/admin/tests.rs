use super::client::{parse, segment};
use super::status;
use sluice_contract::Code;

#[test]
fn only_whole_answers_are_taken() {
    assert_eq!(
        parse(b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\n{}"),
        Some((200, &b"{}"[..]))
    );
    assert_eq!(parse(b"HTTP/1.1 204 No Content\r\n\r\n"), Some((204, &b""[..])));
    for broken in [
        &b""[..],
        b"HTTP/1.0 200 OK\r\n",
        b"HTTP/1.0 200 OK\r\ncontent-length: 3\r\n\r\n{}",
        b"HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{}",
        b"HTTP/1.0 20 OK\r\n\r\n",
        b"SSH-2.0 200 x\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nno colon\r\n\r\n",
    ] {
        assert_eq!(parse(broken), None, "{}", String::from_utf8_lossy(broken));
    }
}

#[test]
fn without_an_agent_the_client_says_so() {
    crate::tests::on_runtime(async {
        let directory = tempfile::tempdir().unwrap();
        let fault = status(directory.path()).await.unwrap_err();
        assert_eq!(fault.code, Code::AdminUnreachable);
        assert!(fault.message.contains("admin.sock"), "{fault}");
    });
}

#[test]
fn a_name_is_one_segment_of_a_path() {
    assert_eq!(segment("JobScheduler"), "JobScheduler");
    assert_eq!(segment("connector/a b.ü"), "connector%2Fa%20b%2E%C3%BC");
    assert_eq!(segment("x HTTP/1.0\r\ny"), "x%20HTTP%2F1%2E0%0D%0Ay");
}
