//! The scripted gateway behind TLS, with whatever is wrong with it: who it says it is, until when, and how old its TLS.
//!
//! Deliberately absent: requests; behind the handshake `raw` answers.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, crypto};

use super::gate::{Booked, Gateway};
use super::raw::Raw;
use super::world::World;

/// What is wrong with a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// Nothing.
    None,
    /// Its certificate has expired.
    Expired,
    /// Its certificate is for another name.
    WrongHost,
    /// It has signed its certificate itself.
    SelfSigned,
    /// It agrees to no TLS that is still safe, and says so.
    Old,
    /// It answers in TLS 1.1 whatever it is offered.
    Stubborn,
    /// It speaks HTTP on the port.
    PlainText,
}

/// Served at `https://localhost`, its authority in the world's `ca.pem`.
pub(crate) struct Tls {
    address: SocketAddr,
    pub(crate) raw: Raw,
    connections: Arc<AtomicUsize>,
}

impl Tls {
    pub(crate) fn start(flaw: Flaw, world: &World) -> Tls {
        let raw = Raw::honest();
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        let behind = raw.address();
        match flaw {
            Flaw::Old | Flaw::Stubborn | Flaw::PlainText => {
                certified(Flaw::None, world);
                std::thread::spawn(move || {
                    for socket in listener.incoming() {
                        count.fetch_add(1, Ordering::SeqCst);
                        let mut socket = socket.expect("a connection");
                        let _ = socket.read(&mut [0; 16 * 1024]);
                        let _ = socket.write_all(&old_answer(flaw));
                    }
                });
            }
            Flaw::None | Flaw::Expired | Flaw::WrongHost | Flaw::SelfSigned => {
                let acceptor = certified(flaw, world);
                std::thread::spawn(move || serve(listener, &acceptor, behind, &count));
            }
        }
        Tls {
            address,
            raw,
            connections,
        }
    }

    /// Connections that were tried.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Gateway for Tls {
    fn url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    fn booked(&self) -> Vec<Booked> {
        self.raw.booked()
    }

    fn asked(&self) -> usize {
        self.raw.asked()
    }
}

/// An alert that no version will do, a greeting in TLS 1.1, or words of HTTP.
fn old_answer(flaw: Flaw) -> Vec<u8> {
    match flaw {
        Flaw::Old => return vec![21, 3, 1, 0, 2, 2, 70],
        Flaw::PlainText => return b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
        _ => {}
    }
    // Version, 32 bytes of chance, no session, AES-128-SHA, no compression.
    let mut hello = vec![3, 2];
    hello.extend([7; 32]);
    hello.extend([0, 0, 0x2f, 0]);
    let length = u8::try_from(hello.len()).expect("a short greeting");
    let mut record = vec![22, 3, 2, 0, length + 4, 2, 0, 0, length];
    record.extend(hello);
    record
}

fn serve(listener: TcpListener, acceptor: &TlsAcceptor, behind: SocketAddr, count: &AtomicUsize) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        listener.set_nonblocking(true).expect("a socket");
        let listener = tokio::net::TcpListener::from_std(listener).expect("a socket");
        while let Ok((socket, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut open) = acceptor.accept(socket).await else {
                    return;
                };
                if let Ok(mut plain) = TcpStream::connect(behind).await {
                    let _ = tokio::io::copy_bidirectional(&mut open, &mut plain).await;
                }
            });
        }
    });
}

/// An authority, written to `ca.pem`, and a certificate of it or not.
fn certified(flaw: Flaw, world: &World) -> TlsAcceptor {
    let mut authority = CertificateParams::new(Vec::new()).expect("no names");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let pem = authority.self_signed(&key).expect("an authority").pem();
    let _: PathBuf = world.sheet("ca.pem", pem);
    let issuer = Issuer::new(authority, key);

    let name = match flaw {
        Flaw::WrongHost => "other.invalid",
        _ => "localhost",
    };
    let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    if flaw == Flaw::Expired {
        params.not_before = rcgen::date_time_ymd(2019, 1, 1);
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    }
    let key = KeyPair::generate().expect("a key");
    let leaf = match flaw {
        Flaw::SelfSigned => params.self_signed(&key),
        _ => params.signed_by(&key, &issuer),
    };
    let chain = vec![leaf.expect("a certificate").der().clone()];
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let config =
        ServerConfig::builder_with_provider(Arc::new(crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a certificate and its key");
    TlsAcceptor::from(Arc::new(config))
}
