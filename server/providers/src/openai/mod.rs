//! The OpenAI-compatible family: chat completions, streamed.

mod decode;
mod error;

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use evenkeel_engine::{
    Ask, Chunk, Chunks, ModelId, Observed, Opened, Overlay, Upstream, UpstreamError,
};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use http::{HeaderValue, Method, Request, header};

use crate::sse::SseDecoder;
use crate::{Body, Caller, Prompt, Reply, Secret, Wire};

pub(crate) struct OpenAiUpstream {
    pub(crate) wire: Wire,
    pub(crate) url: Arc<str>,
    pub(crate) key: Option<Secret>,
    pub(crate) model: ModelId,
    pub(crate) name: Arc<str>,
    /// Token counts have to be asked for.
    pub(crate) usage_option: bool,
    pub(crate) prompt: Arc<Prompt>,
    pub(crate) caller: Caller,
}

impl OpenAiUpstream {
    fn request(&self, ask: &Ask) -> Result<Request<Bytes>, UpstreamError> {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(&*self.url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "text/event-stream");
        if let Some(key) = &self.key {
            // A key that no header can hold is left out; the provider will say that it is missing.
            if let Ok(mut value) = HeaderValue::from_str(&format!("Bearer {}", key.reveal())) {
                value.set_sensitive(true);
                request = request.header(header::AUTHORIZATION, value);
            }
        }
        request
            .body(Bytes::from(self.prompt.openai_body(
                &self.name,
                self.usage_option,
                ask,
            )))
            .map_err(|error| UpstreamError {
                observed: Observed::Other(format!("the request cannot be built: {error}")),
                simulated: None,
            })
    }
}

impl Upstream for OpenAiUpstream {
    fn open(&self, ask: Ask) -> BoxFuture<'static, Result<Opened, UpstreamError>> {
        let request = self.request(&ask);
        let (wire, caller, model) = (self.wire.clone(), self.caller.clone(), self.model.clone());
        async move {
            let reply = wire.send(&caller, &model, request?).await?;
            if !reply.status.is_success() {
                return Err(error::read(reply).await);
            }
            Ok(Opened {
                simulated: reply.simulated.clone(),
                chunks: chunks(reply),
            })
        }
        .boxed()
    }
}

fn chunks(reply: Reply) -> Chunks {
    let json = reply.headers.get(header::CONTENT_TYPE).is_some_and(|kind| {
        kind.to_str()
            .is_ok_and(|kind| kind.trim_start().starts_with("application/json"))
    });
    if json {
        return decode::whole(reply).boxed();
    }
    let decoding = Decoding {
        body: reply.body,
        sse: SseDecoder::default(),
        ready: VecDeque::new(),
        simulated: reply.simulated,
        over: false,
    };
    stream::unfold(Some(decoding), |decoding| async move {
        let mut decoding = decoding?;
        match decoding.next().await? {
            Ok(chunk) => Some((Ok(chunk), Some(decoding))),
            // What follows an error cannot be trusted.
            Err(error) => Some((Err(error), None)),
        }
    })
    .boxed()
}

struct Decoding {
    body: Body,
    sse: SseDecoder,
    ready: VecDeque<Chunk>,
    simulated: Option<Overlay>,
    /// The body has ended.
    over: bool,
}

impl Decoding {
    async fn next(&mut self) -> Option<Result<Chunk, UpstreamError>> {
        loop {
            if let Some(chunk) = self.ready.pop_front() {
                return Some(Ok(chunk));
            }
            let failed = |observed| {
                Some(Err(UpstreamError {
                    observed,
                    simulated: self.simulated.clone(),
                }))
            };
            match self.sse.next_event() {
                Some(Ok(event)) => {
                    if let Err(observed) = decode::event(&event, &mut self.ready) {
                        return failed(observed);
                    }
                }
                Some(Err(error)) => return failed(Observed::Malformed(error.to_string())),
                None if self.over => return None,
                None => match self.body.next().await {
                    Some(Ok(bytes)) => self.sse.push(&bytes),
                    Some(Err(error)) => return Some(Err(error.into())),
                    None => {
                        self.over = true;
                        self.sse.finish();
                    }
                },
            }
        }
    }
}
