//! The few things that go over HTTP instead of the socket.

pub(crate) mod admin;

use evenkeel_protocol::{
    Conversation, ConversationId, FaultSpec, MessageId, Receipt, ReplayRequest, SearchResults,
    Suggestions, Transcript,
};
use gloo_net::http::{Request, Response};
use serde::{Deserialize, Serialize};

/// Why a request was refused: the server's problem document, or what stood in the way of reaching it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Problem {
    title: String,
    #[serde(default)]
    detail: Option<String>,
    #[serde(default)]
    pub(crate) status: Option<u16>,
}

impl Problem {
    fn unreachable() -> Self {
        let detail = Some("The server could not be reached.".to_owned());
        Self {
            title: "No connection".to_owned(),
            detail,
            status: None,
        }
    }

    /// It in a sentence.
    pub(crate) fn sentence(&self) -> String {
        match &self.detail {
            Some(detail) if !detail.is_empty() => format!("{}: {detail}", self.title),
            Some(_) | None => self.title.clone(),
        }
    }
}

async fn checked(response: Result<Response, gloo_net::Error>) -> Result<Response, Problem> {
    let response = response.map_err(|_| Problem::unreachable())?;
    if response.ok() {
        return Ok(response);
    }
    let status = response.status();
    let problem = response
        .json::<Problem>()
        .await
        .unwrap_or_else(|_| Problem {
            title: format!("The server answered with {status}"),
            detail: None,
            status: None,
        });
    Err(Problem {
        status: Some(status),
        ..problem
    })
}

async fn post(path: &str, body: &impl Serialize) -> Result<(), Problem> {
    let request = Request::post(path)
        .json(body)
        .map_err(|_| Problem::unreachable())?;
    checked(request.send().await).await.map(drop)
}

/// A conversation with its messages.
pub(crate) async fn transcript(id: &ConversationId) -> Result<Transcript, Problem> {
    let path = format!("/api/conversations/{}", escape(id.as_str()));
    let response = checked(Request::get(&path).send().await).await?;
    response.json().await.map_err(|_| Problem::unreachable())
}

/// Changes what every model of a conversation is told first.
pub(crate) async fn instruct(id: &ConversationId, text: Option<&str>) -> Result<(), Problem> {
    let path = format!("/api/conversations/{}", escape(id.as_str()));
    let request = Request::patch(&path)
        .json(&serde_json::json!({ "system_prompt": text }))
        .map_err(|_| Problem::unreachable())?;
    checked(request.send().await).await.map(drop)
}

/// Gives a conversation another title.
pub(crate) async fn retitle(id: &ConversationId, title: &str) -> Result<Conversation, Problem> {
    let path = format!("/api/conversations/{}", escape(id.as_str()));
    let request = Request::patch(&path)
        .json(&serde_json::json!({ "title": title }))
        .map_err(|_| Problem::unreachable())?;
    read(checked(request.send().await).await?).await
}

/// Deletes a conversation.
pub(crate) async fn delete(id: &ConversationId) -> Result<(), Problem> {
    let path = format!("/api/conversations/{}", escape(id.as_str()));
    checked(Request::delete(&path).send().await).await.map(drop)
}

/// Brings a deleted conversation back.
pub(crate) async fn restore(id: &ConversationId) -> Result<Conversation, Problem> {
    let path = format!("/api/conversations/{}/restore", escape(id.as_str()));
    read(checked(Request::post(&path).send().await).await?).await
}

/// Where a conversation can be fetched as a file; `format` is `md` or `json`.
pub(crate) fn export_address(id: &ConversationId, format: &str) -> String {
    format!("/api/conversations/{id}/export?format={format}")
}

/// Takes a conversation in that was exported before.
pub(crate) async fn import(file: &web_sys::File) -> Result<Conversation, Problem> {
    let request = Request::post("/api/conversations/import")
        .header("content-type", "application/json")
        .body(file)
        .map_err(|_| Problem::unreachable())?;
    read(checked(request.send().await).await?).await
}

/// Conversations in which these words stand.
pub(crate) async fn search(words: &str) -> Result<SearchResults, Problem> {
    let path = format!("/api/search?q={}", escape(words));
    read(checked(Request::get(&path).send().await).await?).await
}

/// What the engine has done for this reader.
pub(crate) async fn receipt() -> Result<Receipt, Problem> {
    read(checked(Request::get("/api/receipt").send().await).await?).await
}

async fn read<T: serde::de::DeserializeOwned>(response: Response) -> Result<T, Problem> {
    response.json().await.map_err(|_| Problem {
        title: "The server's answer was not understood".to_owned(),
        detail: None,
        status: None,
    })
}

/// Asks for what could be asked after an answer.
pub(crate) async fn suggestions(id: &MessageId) -> Result<Vec<String>, Problem> {
    let path = format!("/api/messages/{}/suggestions", escape(id.as_str()));
    let request = Request::post(&path)
        .json(&serde_json::json!({}))
        .map_err(|_| Problem::unreachable())?;
    let told: Suggestions = read(checked(request.send().await).await?).await?;
    Ok(told.suggestions)
}

/// Asks a model for the title of a conversation.
pub(crate) async fn title(id: &ConversationId) -> Result<(), Problem> {
    let path = format!("/api/conversations/{}/title", escape(id.as_str()));
    post(&path, &serde_json::json!({})).await
}

/// Arms a fault.
pub(crate) async fn arm(fault: &FaultSpec) -> Result<(), Problem> {
    post("/api/debug/faults", fault).await
}

/// Ends an armed fault.
pub(crate) async fn end_fault(id: &str) -> Result<(), Problem> {
    let path = format!("/api/debug/faults/{}", escape(id));
    checked(
        Request::delete(&path)
            .header("content-type", "application/json")
            .send()
            .await,
    )
    .await
    .map(drop)
}

/// Ends every armed fault.
pub(crate) async fn halt() -> Result<(), Problem> {
    post("/api/debug/faults/halt", &serde_json::json!({})).await
}

/// Runs a stored turn again under a fault: a line for each thing that happens.
pub(crate) async fn replay(request: &ReplayRequest) -> Result<Response, Problem> {
    let request = Request::post("/api/debug/replay")
        .json(request)
        .map_err(|_| Problem::unreachable())?;
    checked(request.send().await).await
}

fn escape(id: &str) -> String {
    js_sys::encode_uri_component(id).into()
}
