//! `[telemetry]`: where spans and metrics are sent.

use url::Url;

use super::reader::Reader;

/// Where spans and metrics are sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TelemetryConfig {
    /// The root of an OTLP/HTTP receiver, to which `/v1/traces` and `/v1/metrics` are added; none where nothing is sent.
    pub otlp_endpoint: Option<Url>,
}

pub(super) fn read(mut section: Reader<'_>) -> TelemetryConfig {
    let text = section.text("otlp_endpoint");
    let url = text.as_ref().and_then(|text| {
        let url = Url::parse(text.value.trim()).ok();
        let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if url.is_none() {
            let mend = "must be a URL such as http://localhost:4318";
            section.complain(text, mend.into());
        }
        url
    });
    section.finish();
    TelemetryConfig { otlp_endpoint: url }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Environment};

    #[test]
    fn an_endpoint_is_a_url() {
        let read = |text: &str| Config::parse(text, &Environment::new());
        let (config, _) = read("").unwrap();
        assert_eq!(config.telemetry.otlp_endpoint, None);
        let (config, _) = read("[telemetry]\notlp_endpoint = \"http://localhost:4318\"").unwrap();
        let url = config.telemetry.otlp_endpoint.unwrap();
        assert_eq!(url.as_str(), "http://localhost:4318/");
        let problems = read("[telemetry]\notlp_endpoint = \"localhost:4318\"").unwrap_err();
        let said = problems[0].to_string();
        assert!(
            said.contains("telemetry.otlp_endpoint") && said.contains("http://"),
            "{said}"
        );
    }
}
