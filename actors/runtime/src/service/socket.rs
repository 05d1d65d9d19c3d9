//! The datagram socket of a service manager.

use std::ffi::OsStr;
use std::io;

#[cfg(unix)]
pub(super) struct Socket(std::os::unix::net::UnixDatagram);

#[cfg(unix)]
impl Socket {
    pub(super) fn connect(address: &OsStr) -> io::Result<Self> {
        use std::os::unix::ffi::OsStrExt as _;
        use std::os::unix::net::UnixDatagram;

        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        match address.as_bytes() {
            [b'@', name @ ..] => connect_abstract(&socket, name)?,
            [b'/', ..] => socket.connect(address)?,
            _ => {
                return Err(io::Error::new(
                    io::ErrorKind::Unsupported,
                    "neither a path nor an abstract name",
                ));
            }
        }
        Ok(Self(socket))
    }

    pub(super) fn send(&self, datagram: &[u8]) -> io::Result<()> {
        self.0.send(datagram).map(|_| ())
    }
}

#[cfg(target_os = "linux")]
fn connect_abstract(socket: &std::os::unix::net::UnixDatagram, name: &[u8]) -> io::Result<()> {
    use std::os::linux::net::SocketAddrExt as _;
    socket.connect_addr(&std::os::unix::net::SocketAddr::from_abstract_name(name)?)
}

#[cfg(all(unix, not(target_os = "linux")))]
fn connect_abstract(_: &std::os::unix::net::UnixDatagram, _: &[u8]) -> io::Result<()> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "only Linux has an abstract namespace",
    ))
}

#[cfg(not(unix))]
pub(super) struct Socket;

#[cfg(not(unix))]
impl Socket {
    pub(super) fn connect(_: &OsStr) -> io::Result<Self> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "no unix sockets here"))
    }

    pub(super) fn send(&self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
}
