//! What stores share that speak a server's own protocol: TLS as the server's modes ask for it, and the values of Arrow arrays,
//! one by one.

pub mod cell;
mod roots;
pub mod tls;
mod verify;
