//! Where Ollama listens: its own variable, read as its own programs read it.

use url::Url;

/// Its usual port.
const PORT: u16 = 11434;

/// The address that `OLLAMA_HOST` means: a host, a host and a port, or a URL.
pub(super) fn address(host: &str) -> Option<Url> {
    let host = host.trim();
    if host.is_empty() {
        return Url::parse(&format!("http://localhost:{PORT}")).ok();
    }
    let with_scheme = if host.contains("://") {
        // A URL without a port means its scheme's.
        host.to_owned()
    } else {
        let (authority, path) = host.split_once('/').unwrap_or((host, ""));
        let (name, port) = split(authority)?;
        let name = if name.is_empty() { "localhost" } else { &*name };
        format!("http://{name}:{port}/{path}")
    };
    let mut url = Url::parse(&with_scheme).ok()?;
    let usable = matches!(url.scheme(), "http" | "https") && url.username().is_empty();
    // A server that listens everywhere is asked here.
    let here = match url.host_str() {
        Some("0.0.0.0") => Some("127.0.0.1"),
        Some("[::]") => Some("[::1]"),
        Some(_) | None => None,
    };
    if let Some(here) = here {
        url.set_host(Some(here)).ok()?;
    }
    (usable && url.password().is_none() && url.has_host()).then_some(url)
}

/// The host and the port of an authority, where an IPv6 address may stand with or without its brackets.
fn split(authority: &str) -> Option<(String, u16)> {
    if let Ok(ip) = authority
        .trim_matches(['[', ']'])
        .parse::<std::net::Ipv6Addr>()
    {
        return Some((format!("[{ip}]"), PORT));
    }
    match authority.rsplit_once(':') {
        Some((name, port)) => Some((name.to_owned(), port.parse().ok()?)),
        None => Some((authority.to_owned(), PORT)),
    }
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn a_host_is_read_as_ollama_reads_it() {
        for (host, expected) in [
            ("", Some("http://localhost:11434/")),
            ("gpu-box", Some("http://gpu-box:11434/")),
            ("gpu-box:8080", Some("http://gpu-box:8080/")),
            (":8080", Some("http://localhost:8080/")),
            ("0.0.0.0", Some("http://127.0.0.1:11434/")),
            ("0.0.0.0:8080", Some("http://127.0.0.1:8080/")),
            ("[::1]", Some("http://[::1]:11434/")),
            ("::1", Some("http://[::1]:11434/")),
            ("[::1]:8080", Some("http://[::1]:8080/")),
            ("http://gpu-box", Some("http://gpu-box/")),
            ("http://gpu-box:11434", Some("http://gpu-box:11434/")),
            (
                "https://gpu.example.org/ollama",
                Some("https://gpu.example.org/ollama"),
            ),
            ("gpu-box:port", None),
            ("ftp://gpu-box", None),
            ("http://user:secret@gpu-box", None),
        ] {
            let url = address(host).map(String::from);
            assert_eq!(url.as_deref(), expected, "{host}");
        }
    }
}
