//! The tests' HTTP client. It holds every response against `/api/openapi.json`: its path, its status, its media type,
//! and what is JSON against its schema, which may hold nothing that the document does not name.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::Validator;
use reqwest::{Method, Request, RequestBuilder, Response};
use serde_json::{Map, Value, json};

/// Makes requests like [`reqwest::Client`].
#[derive(Clone)]
pub struct Http {
    client: reqwest::Client,
}

/// A request that is being put together.
pub struct Call {
    client: reqwest::Client,
    request: RequestBuilder,
}

impl Http {
    pub fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { client }
    }

    pub fn request(&self, method: Method, url: impl reqwest::IntoUrl) -> Call {
        Call {
            client: self.client.clone(),
            request: self.client.request(method, url),
        }
    }

    pub fn get(&self, url: impl reqwest::IntoUrl) -> Call {
        self.request(Method::GET, url)
    }

    pub fn post(&self, url: impl reqwest::IntoUrl) -> Call {
        self.request(Method::POST, url)
    }

    pub fn put(&self, url: impl reqwest::IntoUrl) -> Call {
        self.request(Method::PUT, url)
    }

    pub fn patch(&self, url: impl reqwest::IntoUrl) -> Call {
        self.request(Method::PATCH, url)
    }

    pub fn delete(&self, url: impl reqwest::IntoUrl) -> Call {
        self.request(Method::DELETE, url)
    }
}

impl Call {
    fn with(self, change: impl FnOnce(RequestBuilder) -> RequestBuilder) -> Self {
        Self {
            request: change(self.request),
            ..self
        }
    }

    pub fn header(self, name: &str, value: impl AsRef<str>) -> Self {
        self.with(|request| request.header(name, value.as_ref()))
    }

    pub fn json(self, body: &(impl serde::Serialize + ?Sized)) -> Self {
        self.with(|request| request.json(body))
    }

    pub fn body(self, body: impl Into<reqwest::Body>) -> Self {
        self.with(|request| request.body(body))
    }

    /// Sends it. JSON is read to its end before anything is given back.
    pub async fn send(self) -> reqwest::Result<Response> {
        let request = self.request.build()?;
        let asked = Asked::of(&request);
        let response = self.client.execute(request).await?;
        let kind = response.headers().get("content-type");
        let kind = kind.map_or("", |kind| kind.to_str().unwrap());
        let kind = kind.split(';').next().unwrap_or_default().to_owned();
        let status = response.status().as_u16();
        if kind != "application/json" && !kind.ends_with("+json") {
            asked.held(status, &kind, None);
            return Ok(response);
        }
        let mut whole = http::Response::builder().status(response.status());
        if let Some(headers) = whole.headers_mut() {
            headers.clone_from(response.headers());
        }
        let bytes = response.bytes().await?;
        let body = if asked.method == Method::HEAD {
            None
        } else {
            serde_json::from_slice(&bytes).ok()
        };
        asked.held(status, &kind, body.as_ref());
        Ok(whole.body(bytes).unwrap().into())
    }
}

/// What was asked, for the look into the document.
struct Asked {
    method: Method,
    path: String,
}

impl Asked {
    fn of(request: &Request) -> Self {
        Self {
            method: request.method().clone(),
            path: request.url().path().to_owned(),
        }
    }

    fn held(&self, status: u16, kind: &str, body: Option<&Value>) {
        if let Err(complaint) = self.check(status, kind, body) {
            panic!("{complaint}");
        }
    }

    /// Where the response is not as it is described, says in what.
    fn check(&self, status: u16, kind: &str, body: Option<&Value>) -> Result<(), String> {
        let said = |what: &str| {
            Err(format!(
                "{} {} {status} {kind}: {what}",
                self.method, self.path
            ))
        };
        let Some((path, operations)) = find(&self.path) else {
            // Files of the pages have no description, and neither has what is not there.
            let api = ["/api/", "/v1/"]
                .iter()
                .any(|root| self.path.starts_with(root));
            return if api && status < 400 {
                said("the path is not described")
            } else {
                Ok(())
            };
        };
        let method = match self.method.as_str() {
            "HEAD" => "get".to_owned(),
            method => method.to_lowercase(),
        };
        let Some(operation) = operations.get(&method) else {
            return if status == 405 {
                Ok(())
            } else {
                said("the method is not described")
            };
        };
        let responses = &operation["responses"];
        let key = [status.to_string(), format!("{}XX", status / 100)]
            .into_iter()
            .find(|key| responses.get(key).is_some());
        let Some(key) = key else {
            return said("the status is not described");
        };
        let pointer = match responses[&key]["$ref"].as_str() {
            Some(reference) => reference.trim_start_matches('#').to_owned(),
            None => format!("/paths/{}/{method}/responses/{key}", escape(&path)),
        };
        let content = DOCUMENT.pointer(&format!("{pointer}/content"));
        let Some(content) = content.and_then(Value::as_object) else {
            return if kind.is_empty() || self.path == "/ws" {
                Ok(())
            } else {
                said("no content is described")
            };
        };
        if content.contains_key("*/*") || self.method == Method::HEAD {
            return Ok(());
        }
        if !content.contains_key(kind) {
            return said("the media type is not described");
        }
        let Some(body) = body else {
            return Ok(());
        };
        let pointer = format!("{pointer}/content/{}/schema", escape(kind));
        let errors: Vec<_> = validator(&pointer)
            .iter_errors(body)
            .map(|error| format!("{error} at {}", error.instance_path()))
            .collect();
        if errors.is_empty() {
            Ok(())
        } else {
            said(&format!("{errors:#?}\nin {body:#}"))
        }
    }
}

/// In what a response that the server might give is not as it is described.
pub fn complaint(
    method: Method,
    path: &str,
    status: u16,
    kind: &str,
    body: &Value,
) -> Option<String> {
    let path = path.to_owned();
    let asked = Asked { method, path };
    asked.check(status, kind, Some(body)).err()
}

/// The path of the document that a path of a request is one of.
fn find(path: &str) -> Option<(String, Map<String, Value>)> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    if let Some(operations) = paths.get(path) {
        return Some((path.to_owned(), operations.as_object().unwrap().clone()));
    }
    let parts: Vec<_> = path.split('/').collect();
    let fits = |template: &str| {
        let wanted: Vec<_> = template.split('/').collect();
        // The id of a model may hold slashes.
        let whole = template == "/v1/models/{id}" && parts.len() > wanted.len();
        (whole || wanted.len() == parts.len())
            && wanted
                .iter()
                .zip(&parts)
                .all(|(wanted, part)| wanted.starts_with('{') || wanted == part)
    };
    // Those with the fewest parameters first.
    let mut found: Vec<_> = paths
        .iter()
        .filter(|(template, _)| fits(template))
        .collect();
    found.sort_by_key(|(template, _)| template.matches('{').count());
    let (template, operations) = found.first()?;
    Some(((*template).clone(), operations.as_object().unwrap().clone()))
}

fn escape(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

/// The document as it stands beside the server's source; a test holds the served one against it.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/api/openapi");
    let read = |file: &str| -> Value {
        serde_json::from_str(&std::fs::read_to_string(folder.join(file)).unwrap()).unwrap()
    };
    let mut document = read("head.json");
    document["info"]["version"] = json!(env!("CARGO_PKG_VERSION"));
    for entry in std::fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !name.ends_with(".json") || name == "head.json" {
            continue;
        }
        let part = read(&name);
        for (path, operations) in part["paths"].as_object().unwrap() {
            document["paths"][path] = operations.clone();
        }
        for (schema, content) in part["schemas"].as_object().unwrap() {
            document["components"]["schemas"][schema] = content.clone();
        }
    }
    document
});

/// The same, where an object holds nothing that is not named.
static STRICT: LazyLock<Value> = LazyLock::new(|| {
    let mut document = DOCUMENT.clone();
    close(&mut document);
    document
});

fn close(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.values_mut().for_each(close);
            let described = object.get("type") == Some(&json!("object"))
                && object.get("properties").is_some_and(Value::is_object);
            if described {
                object
                    .entry("additionalProperties")
                    .or_insert(Value::Bool(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

fn validator(pointer: &str) -> Arc<Validator> {
    let mut known = VALIDATORS
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let validator = known.entry(pointer.to_owned()).or_insert_with(|| {
        let mut schema = STRICT.pointer(pointer).unwrap().clone();
        if schema.get("$ref").is_none() && schema.as_object().is_none() {
            schema = json!({});
        }
        // References of the document are those of its components.
        let root = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "allOf": [schema],
            "components": STRICT["components"],
        });
        let options = jsonschema::options().should_validate_formats(true);
        Arc::new(options.build(&root).unwrap())
    });
    validator.clone()
}
