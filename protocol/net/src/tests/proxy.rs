use super::{GOOD, network};
use crate::{Proxy, ProxyState, Route};
use sluice_contract::Code;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

#[test]
fn addresses_of_proxies_are_read_and_logins_in_them_refused() {
    for (text, place) in [
        ("http://proxy.corp:3128", "proxy.corp:3128"),
        (" http://10.0.0.1/ ", "10.0.0.1:80"),
        ("http://[::1]:8080", "[::1]:8080"),
    ] {
        assert_eq!(Proxy::new(text).unwrap().place(), place);
    }
    for text in [
        "proxy.corp:3128",
        "https://proxy.corp",
        "socks5://proxy.corp",
        "http://u:canary@proxy.corp",
        "http://proxy.corp/path",
        "",
    ] {
        let fault = Proxy::new(text).unwrap_err();
        assert_eq!(fault.code, Code::ProxyInvalid, "{text}");
        assert!(!fault.message.contains("canary"), "{fault}");
    }
    let proxy = Proxy::new("http://p").unwrap();
    assert!(proxy.clone().with_login("a:b", "x").is_err());
    let proxy = proxy.with_login("user", "canary:@/").unwrap();
    assert!(!format!("{proxy:?}").contains("canary"));
    assert_eq!(proxy.url().unwrap().as_str(), "http://user:canary%3A%40%2F@p/");
}

#[test]
fn hosts_go_through_the_proxy_unless_they_are_named() {
    let rules = [".corp.local", "*.lake.test", "db", "10.0.0.0/8", "::1"].map(str::to_owned);
    let proxy = Proxy::new("http://proxy.corp.local:1").unwrap().without(&rules);
    let state = ProxyState::default();
    assert!(matches!(state.route("x").unwrap(), Route::Direct));
    state.set(Ok(Some(proxy)));
    for (host, through) in [
        ("a.corp.local", false),
        ("A.CORP.LOCAL.", false),
        ("corp.local", false),
        ("evilcorp.local", true),
        ("x.lake.test", false),
        ("db", false),
        ("db.elsewhere", true),
        ("10.1.2.3", false),
        ("11.1.2.3", true),
        ("[::1]", false),
        // The proxy itself, for its name is not judged.
        ("proxy.corp.local", true),
    ] {
        assert_eq!(matches!(state.route(host).unwrap(), Route::Via(_)), through, "{host}");
    }
}

/// A proxy that hears one request, and answers.
async fn proxy(answer: &'static str) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(head).unwrap()
    });
    (address, heard)
}

#[tokio::test]
async fn a_tunnel_says_who_it_is_and_leaves_every_byte_behind_the_head() {
    let (address, heard) = proxy("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\nhello").await;
    let state = ProxyState::default();
    let login = Proxy::new(&address).unwrap().with_login("u", "p").unwrap();
    state.set(Ok(Some(login)));
    let (network, judge, _) = network(GOOD, state);
    let mut stream = network.tunnel("factory.test", 5671).await.unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).await.unwrap();
    assert_eq!(rest, "hello");
    let head = heard.await.unwrap();
    assert!(head.starts_with("CONNECT factory.test:5671 HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("\r\nProxy-Authorization: Basic dTpw\r\n"), "{head}");
    // The name is the proxy's to look up; here it is judged by itself.
    assert_eq!(
        *judge.asked.lock().unwrap(),
        [("factory.test".to_owned(), Some(5671), None)]
    );
}

#[tokio::test]
async fn what_a_proxy_refuses_has_a_code_of_its_own() {
    for (answer, code) in [
        ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", Code::ProxyLogin),
        ("HTTP/1.1 403 Forbidden\r\n\r\n", Code::ProxyFailed),
        ("SSH-2.0-OpenSSH_9.2\r\n\r\n", Code::ProxyFailed),
        ("", Code::ProxyFailed),
    ] {
        let (address, _heard) = proxy(answer).await;
        let state = ProxyState::default();
        state.set(Ok(Some(
            Proxy::new(&address).unwrap().with_login("u", "canary").unwrap(),
        )));
        let (network, ..) = network(GOOD, state);
        let fault = network.tunnel("factory.test", 1).await.unwrap_err();
        assert_eq!(fault.code, code, "{answer}: {fault}");
        assert!(!fault.message.contains("canary"), "{fault}");
        // Refused before the proxy hears of it.
        let refused = network.tunnel("refused.test", 1).await.unwrap_err();
        assert_eq!(refused.code, Code::PolicyRefused);
    }
}
