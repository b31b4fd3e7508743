//! One message on its way to the webhook: where it may go, and how it is signed.
//!
//! The form is that of Standard Webhooks: `webhook-id`, `webhook-timestamp` (seconds since 1970) and
//! `webhook-signature`, which is `v1,` and the base64 of an HMAC-SHA256 over `{id}.{timestamp}.{body}`. The key is the
//! secret as it stands, or, where it begins with `whsec_`, the base64 after that.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use evenkeel_protocol::Timestamp;
use evenkeel_store::AlertMessage;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::net::lookup_host;
use tokio::time::timeout;
use url::{Host, Url};

use super::address::is_public;
use crate::config::AlertsConfig;

/// A receiver gets so long, from the look-up of its name to its answer.
const LIMIT: Duration = Duration::from_secs(10);

/// Why a message did not arrive.
#[derive(Debug, thiserror::Error)]
pub(super) enum Undelivered {
    #[error("alerts.webhook_url is not set")]
    Nowhere,
    #[error("the name {0} is not known: {1}")]
    Unknown(String, std::io::Error),
    #[error("the name {0} has no address")]
    NoAddress(String),
    #[error(
        "{0} is an address of a private network; webhooks go to public addresses alone, unless alerts.webhook_allow_private = true"
    )]
    Private(IpAddr),
    #[error("the receiver cannot be reached: {0}")]
    Unreachable(String),
    #[error("the receiver answered with status {0}")]
    Refused(u16),
    #[error("the receiver took longer than 10 s")]
    TooSlow,
}

/// Sends a message once. Returns the status of the answer.
pub(super) async fn send(
    config: &AlertsConfig,
    message: &AlertMessage,
    now: Timestamp,
) -> Result<u16, Undelivered> {
    let url = config.webhook_url.as_ref().ok_or(Undelivered::Nowhere)?;
    let sent = timeout(LIMIT, send_to(url, config, message, now)).await;
    sent.unwrap_or(Err(Undelivered::TooSlow))
}

async fn send_to(
    url: &Url,
    config: &AlertsConfig,
    message: &AlertMessage,
    now: Timestamp,
) -> Result<u16, Undelivered> {
    // Resolved once, and that address is connected to: a name that is looked up twice can be two hosts.
    let addresses = resolve(url, config.webhook_allow_private).await?;
    // Fails only where another provider was installed before, and then that one holds.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut client = reqwest::Client::builder()
        // A proxy would look the name up by itself.
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("evenkeel/", env!("CARGO_PKG_VERSION")));
    if let Some(Host::Domain(name)) = url.host() {
        client = client.resolve_to_addrs(name, &addresses);
    }
    let client = client.build().map_err(unreachable)?;
    let timestamp = now.as_second();
    let mut request = client
        .post(url.clone())
        .header("content-type", "application/json")
        .header("webhook-id", &message.id)
        .header("webhook-timestamp", timestamp);
    if let Some(secret) = &config.webhook_secret {
        let signature = sign(secret.reveal(), &message.id, timestamp, &message.body);
        request = request.header("webhook-signature", signature);
    }
    let response = request.body(message.body.clone()).send().await;
    let status = response.map_err(unreachable)?.status();
    if status.is_success() {
        Ok(status.as_u16())
    } else {
        Err(Undelivered::Refused(status.as_u16()))
    }
}

/// The innermost cause says what happened; the URL may hold a secret in its path.
fn unreachable(error: reqwest::Error) -> Undelivered {
    let error = error.without_url();
    let mut cause: &dyn Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    Undelivered::Unreachable(cause.to_string())
}

async fn resolve(url: &Url, allow_private: bool) -> Result<Vec<SocketAddr>, Undelivered> {
    let port = url.port_or_known_default().unwrap_or(443);
    let found: Vec<SocketAddr> = match url.host() {
        Some(Host::Ipv4(address)) => vec![(address, port).into()],
        Some(Host::Ipv6(address)) => vec![(address, port).into()],
        Some(Host::Domain(name)) => {
            let unknown = |error| Undelivered::Unknown(name.to_owned(), error);
            lookup_host((name, port)).await.map_err(unknown)?.collect()
        }
        None => return Err(Undelivered::Nowhere),
    };
    let Some(first) = found.first().map(SocketAddr::ip) else {
        let name = url.host_str().unwrap_or_default();
        return Err(Undelivered::NoAddress(name.to_owned()));
    };
    let usable = |address: &SocketAddr| allow_private || is_public(address.ip());
    let usable: Vec<_> = found.into_iter().filter(usable).collect();
    if usable.is_empty() {
        return Err(Undelivered::Private(first));
    }
    Ok(usable)
}

fn sign(secret: &str, id: &str, timestamp: i64, body: &str) -> String {
    let decoded = secret
        .strip_prefix("whsec_")
        .and_then(|rest| STANDARD.decode(rest).ok());
    let key = decoded.as_deref().unwrap_or(secret.as_bytes());
    // A key of any length will do.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return String::new();
    };
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_standards() {
        // The example of the standard's own documentation.
        let signature = sign(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            "{\"test\": 2432232314}",
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let plain = sign("a secret", "id", 1, "{}");
        assert_ne!(plain, sign("another", "id", 1, "{}"));
    }

    #[tokio::test]
    async fn a_private_address_is_refused_under_every_name() {
        for url in [
            "http://127.0.0.1/hook",
            "http://localhost/hook",
            "http://[::1]/hook",
            "http://10.0.0.1/",
            "http://169.254.169.254/latest/meta-data",
            "http://2130706433/",
            "http://0x7f.1/",
        ] {
            let url = Url::parse(url).unwrap();
            let refused = resolve(&url, false).await.unwrap_err();
            let said = refused.to_string();
            assert!(matches!(refused, Undelivered::Private(_)), "{url}: {said}");
            assert!(said.contains("alerts.webhook_allow_private"), "{said}");
        }
        let url = Url::parse("http://localhost:8080/hook").unwrap();
        let found = resolve(&url, true).await.unwrap();
        assert!(found.iter().all(|address| address.port() == 8080));
        let url = Url::parse("http://8.8.8.8/").unwrap();
        assert_eq!(resolve(&url, false).await.unwrap().len(), 1);
    }
}
