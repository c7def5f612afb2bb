//! Whom mail servers' certificates must be signed by.

use std::sync::Arc;

use lettre::transport::smtp::client::{Certificate, TlsParameters};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// The authorities that browsers know, and perhaps one of your own.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    own: Vec<CertificateDer<'static>>,
}

impl Trust {
    /// Trusts the certificates of a PEM file as well.
    pub fn also(pem: &[u8]) -> Result<Self, String> {
        let own: Vec<_> = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<_, _>>()
            .map_err(|_| "the file is not one of certificates in PEM".to_owned())?;
        if own.is_empty() {
            return Err("the file holds no certificate in PEM".to_owned());
        }
        Ok(Self { own })
    }

    pub(crate) fn for_imap(&self) -> Result<TlsConnector, String> {
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        for certificate in &self.own {
            roots.add(certificate.clone()).map_err(|_| "the own certificate authority is none".to_owned())?;
        }
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(TlsConnector::from(Arc::new(config)))
    }

    pub(crate) fn for_smtp(&self, host: &str) -> Result<TlsParameters, String> {
        let mut builder = TlsParameters::builder(host.to_owned());
        for certificate in &self.own {
            let certificate = Certificate::from_der(certificate.to_vec())
                .map_err(|_| "the own certificate authority is none".to_owned())?;
            builder = builder.add_root_certificate(certificate);
        }
        builder.build().map_err(|_| "TLS does not accept the host's name".to_owned())
    }
}
